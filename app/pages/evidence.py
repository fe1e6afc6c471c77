"""The page Evidence: what the model was tested on, what it rests on, and what it is not for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara
import solara.lab

from app.figures import evidence
from app.pages.chart import chart
from app.state import State
from app.words import Words


@solara.component
def Evidence(state: State, change: Callable[[State], None], words: Words) -> None:
    """Show the fit target by target, the parameters with their sources, and the limits."""
    asked = solara.lab.use_task(evidence.shipped_validation, dependencies=[])
    found = asked.value
    with solara.v.Html(tag="div", class_="pps stacked"):
        _fit(
            fit=evidence.fit(found, words) if found else None,
            busy=asked.pending,
            words=words.under("app.fit"),
        )
        if found:
            with solara.v.Html(tag="div", class_="pps columns"):
                for figure in evidence.curves(found, words):
                    chart(figure, words, words("evidence_page.credit", runs=found.runs[0]))
        _assumptions(
            parameters=evidence.parameters(words),
            limits=evidence.limits(words),
            words=words.under("app.assumptions"),
        )


@solara.component_vue("fit.vue", vuetify=False)
def _fit(fit: dict[str, Any] | None, busy: bool, words: dict[str, str]) -> None: ...


@solara.component_vue("assumptions.vue", vuetify=False)
def _assumptions(parameters: dict[str, Any], limits: list[list[dict[str, str]]], words: dict[str, str]) -> None: ...
