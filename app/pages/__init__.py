"""The page: a shell with navigation and language, and in it one of the pages. All state is in the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara

from app.figures.figure import Figure
from app.pages.chart import chart
from app.words import Language, Words


@solara.component
def Layout(children: list[Any]) -> None:
    """Leave out the frame that Solara puts around pages: the shell is one."""
    solara.v.Html(tag="div", children=children)


@solara.component
def Page() -> None:
    """Show what the link asks for."""
    language, set_language = solara.use_state(Language.NL)
    page, set_page = solara.use_state("explore")
    words = Words(language)
    figure = Figure(
        "Wie overleeft het einde van de subsidie?",
        "Aandeel",
        {
            "grid": {"left": 50, "right": 90, "top": 20, "bottom": 30},
            "xAxis": {"type": "value"},
            "yAxis": {"type": "value", "axisLabel": {"formatter": {"$number": {"digits": 1, "unit": "%"}}}},
            "series": [{"type": "line", "data": [[0, 1], [1, 3.5], [2, 2]]}],
        },
        ("x", "y"),
        ((0.0, 1.0), (1.0, 3.5)),
        "stijgt",
        "proef",
    )
    with _shell(
        language=str(language),
        languages=[{"id": one, "title": title} for one, title in words.under("app.languages").items()],
        here=page,
        pages=[{"id": one, "title": title} for one, title in words.under("app.page").items()],
        link=f"lang={language}&page={page}",
        messages=[],
        words=words.under("app.shell"),
        event_go=set_page,
        event_speak=lambda one: set_language(Language(one)),
        event_dismiss=lambda text: None,
    ):
        chart(figure, words, "credit")


@solara.component_vue("shell.vue", vuetify=False)
def _shell(
    language: str,
    languages: list[dict[str, str]],
    here: str,
    pages: list[dict[str, str]],
    link: str,
    messages: list[str],
    words: dict[str, str],
    event_go: Callable[[str], None],
    event_speak: Callable[[str], None],
    event_dismiss: Callable[[str], None],
    children: list[Any] | None = None,
) -> None: ...
