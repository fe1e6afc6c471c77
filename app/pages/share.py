"""What a person takes along: the link and the same as a file, a snippet and a command."""

from __future__ import annotations

from collections.abc import Callable

import solara

from app.state import State
from app.words import Words


@solara.component
def Share(state: State, words: Words, close: Callable[[], None]) -> None:
    """Show the four forms of what is on the page."""
    solara.Text("share")
