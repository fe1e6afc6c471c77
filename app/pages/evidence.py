"""The page Evidence."""

from __future__ import annotations

from collections.abc import Callable

import solara

from app.state import State
from app.words import Words


@solara.component
def Evidence(state: State, change: Callable[[State], None], words: Words) -> None:
    """Show it."""
    solara.Text("evidence")
