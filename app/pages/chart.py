"""A chart on the page: a card with the figure, the same as a table, and files to take along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import solara

from app.figures.figure import Figure, csv_text, written
from app.words import Words


def chart(
    figure: Figure, words: Words, credit: str, explain: Callable[[str], None] | None = None, pick: Any = None
) -> solara.Element:
    """Return the card of a figure.

    Args:
        figure: What it shows.
        words: The language.
        credit: Which runs it is of: written under a picture that leaves the page.
        explain: Called with `figure.about` on a click.
        pick: Called with the `id` of what is clicked in the figure.
    """
    return _Card(figure, words, credit, explain, pick)


@solara.component
def _Card(figure: Figure, words: Words, credit: str, explain: Callable[[str], None] | None, pick: Any) -> None:
    """Show a figure; its table and file are sent to the browser when somebody asks for them."""
    asked, set_asked = solara.use_state(False)
    _chart(
        title=figure.title,
        sub=figure.sub,
        option=solara.use_memo(lambda: json.dumps(figure.option), [figure]),
        head=list(figure.head),
        rows=written(figure, words) if asked else [],
        csv=csv_text(figure, words.language) if asked else "",
        summary=figure.summary,
        file=figure.file,
        note=figure.note,
        height=figure.height,
        width=figure.width,
        about=figure.about if explain else "",
        clicks=pick is not None,
        credit=credit,
        language=str(words.language),
        words=words.under("app.chart"),
        event_explain=explain or _nothing,
        event_pick=pick or _nothing,
        event_fetch=lambda _: set_asked(True),
    )


def _nothing(what: str) -> None:
    """Do nothing on a click that nobody waits for."""


@solara.component_vue("chart.vue", vuetify=False)
def _chart(
    title: str,
    sub: str,
    option: str,
    head: list[str],
    rows: list[list[str]],
    csv: str,
    summary: str,
    file: str,
    note: str,
    height: int,
    width: int,
    about: str,
    clicks: bool,
    credit: str,
    language: str,
    words: dict[str, str],
    event_explain: Callable[[str], None],
    event_pick: Callable[[str], None],
    event_fetch: Callable[[Any], None],
) -> None: ...
