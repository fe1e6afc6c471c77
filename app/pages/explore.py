"""The page Explore."""

from __future__ import annotations

from collections.abc import Callable

import solara

from app.state import State
from app.words import Words


@solara.component
def Explore(state: State, change: Callable[[State], None], words: Words) -> None:
    """Show it."""
    solara.Text("explore")
