"""The page Workshop."""

from __future__ import annotations

from collections.abc import Callable

import solara

from app.state import State
from app.words import Words


@solara.component
def Workshop(state: State, change: Callable[[State], None], words: Words) -> None:
    """Show it."""
    solara.Text("workshop")
