"""What a person takes along: the link, and the same as files, a command, a snippet of Python and a report."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import solara
import solara.lab

from app.live import Ask, live
from app.share import Shared, shared
from app.state import Page, State, to_query
from app.words import Words

REPORT = ("jinja2", "matplotlib")
"""Libraries without which there is no report; they come with `make setup-analysis`."""


@solara.component
def Share(state: State, words: Words, close: Callable[[], None]) -> None:
    """Show the forms of what is on the page, in a dialog."""
    forms = solara.use_memo(lambda: shared(state), [state])
    ask, set_ask = solara.use_state(None)
    _, tick = solara.use_state(0)
    whole = ask is not None and not ask.running
    report = solara.lab.use_task(lambda: _report(ask, forms, words), dependencies=[ask, whole, words.language])

    def make(_: Any) -> None:
        set_ask(live().ask(state, lambda: tick(lambda count: count + 1), owner=solara.get_kernel_id()))

    def stop() -> Callable[[], None]:
        return lambda: ask.cancel() if ask is not None else None

    solara.use_effect(stop, [ask])
    _share(
        link=to_query(state),
        files=[{"name": file.name, "text": file.text} for file in forms.files],
        command=forms.command,
        python=forms.python,
        report=report.value or "",
        state=_progress(ask, words),
        can=forms.compares and all(find_spec(name) for name in REPORT),
        with_report=f"{forms.command} --html {words('app.share.file')}.html" if forms.compares else "",
        note=_note(state, words),
        words=words.under("app.share"),
        event_make=make,
        event_leave=lambda _: close(),
    )


def _note(state: State, words: Words) -> str:
    """Return which run the workshop plays; empty on another page."""
    if state.page is not Page.WORKSHOP:
        return ""
    return words("app.share_report.played", future=state.future + 1, replicate=state.future)


def _progress(ask: Ask | None, words: Words) -> str:
    """Return how far the runs of the report are, or what went wrong; empty if nobody asked for it."""
    if ask is None:
        return ""
    if ask.error:
        return ask.error
    key = "running" if ask.running else "ready"
    return words(f"app.share_report.{key}", done=words.number(ask.done), asked=words.number(ask.asked))


def _report(ask: Ask | None, forms: Shared, words: Words) -> str:
    """Return the report as a page that stands alone; empty until all runs are there."""
    if ask is None or ask.running or ask.comparison is None:
        return ""
    from app.compare_page import render  # here: it needs libraries that not everybody has

    return render(ask.comparison, shlex.split(forms.command), words)


@solara.component_vue("share.vue", vuetify=False)
def _share(
    link: str,
    files: list[dict[str, str]],
    command: str,
    python: str,
    report: str,
    state: str,
    can: bool,
    with_report: str,
    note: str,
    words: dict[str, str],
    event_make: Callable[[Any], None],
    event_leave: Callable[[Any], None],
) -> None: ...
