"""The page: a shell with navigation and language, and in it one of the pages. All state is in the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import solara

from app.pages.evidence import Evidence
from app.pages.explore import Explore
from app.pages.share import Share
from app.pages.workshop import Workshop
from app.state import Page as Place
from app.state import Problem, State, from_query, to_query
from app.words import Language, Words

type Change = Callable[[State], None]

PAGES: Mapping[Place, Callable[[State, Change, Words], solara.Element]] = {
    Place.EXPLORE: Explore,
    Place.WORKSHOP: Workshop,
    Place.EVIDENCE: Evidence,
}


@solara.component
def Layout(children: list[Any]) -> None:
    """Leave out the frame that Solara puts around pages: the shell is one."""
    solara.v.Html(tag="div", children=children)


@solara.component
def Page() -> None:
    """Show what the link asks for, and keep the link at what is shown."""
    asked = solara.use_router().search or ""
    (first, found) = solara.use_memo(lambda: from_query(asked), [])
    state, set_state = solara.use_state(first)
    problems, set_problems = solara.use_state(found)
    sharing, set_sharing = solara.use_state(False)
    words = Words(state.language)
    with _shell(
        language=str(state.language),
        languages=[{"id": one, "title": title} for one, title in words.under("app.languages").items()],
        here=str(state.page),
        pages=[{"id": one, "title": title} for one, title in words.under("app.page").items()],
        link=to_query(state),
        messages=_sentences(problems, words),
        words=words.under("app.shell"),
        event_go=lambda page: set_state(replace(state, page=Place(page))),
        event_speak=lambda language: set_state(replace(state, language=Language(language))),
        event_share=lambda _: set_sharing(True),
        event_dismiss=lambda _: set_problems(()),
    ):
        PAGES[state.page](state, set_state, words)
        if sharing:
            Share(state, words, lambda: set_sharing(False))


def _sentences(problems: tuple[Problem, ...], words: Words) -> list[str]:
    return list(dict.fromkeys(problem.text(words) for problem in problems))


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
    event_share: Callable[[Any], None],
    event_dismiss: Callable[[Any], None],
    children: list[Any] | None = None,
) -> None: ...
