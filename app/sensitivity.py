"""What moves the outcomes, for people: what is printed and stands on the page, and data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from agents.parameters import parameter_table
from app.compare_words import amount, inside, interval, outcome_label
from app.measures import plain, plain_unit
from app.study import Page, Row, Section, glyphs, study_page
from app.words import Words
from experiments.sensitivity import CHANCE, OTHERS, Answer, Effect, Index, Sensitivity
from experiments.studies import Study
from sim.outcomes import outcome_table

ON_PAGE, NAMED = 15, 3
"""How many factors are shown on the page and in a sentence."""
WIDE = 0.5
"""Width of an interval of a share above which it is said that more base samples are needed."""

type Factor = Effect | Index


def page(found: Sensitivity, study: Study, command: Sequence[str], words: Words) -> Page:
    """Return all that is told: differences first."""
    differences_first = sorted(found.answers, key=lambda one: not one.difference)
    return study_page(
        study,
        setting(found, study, words),
        answers(found, study, words),
        cautions(found, study, words),
        (_section(one, found, study, words) for one in differences_first),
        words("sensitivity.sources"),
        command,
        words,
    )


def _section(one: Answer, found: Sensitivity, study: Study, words: Words) -> Section:
    factors = one.factors[:ON_PAGE]
    drawn = glyphs([(factor.strength, factor.low, factor.high) for factor in factors])
    return Section(
        title=heading(one, study, words),
        lines=[_mean(one, words)],
        heads=heads(found, words),
        drawn=words("sensitivity.head.drawn"),
        rows=[
            Row(cells(one, factor, words), factor.shown, glyph) for factor, glyph in zip(factors, drawn, strict=True)
        ],
        note=words(f"sensitivity.columns.{found.method}"),
    )


def setting(found: Sensitivity, study: Study, words: Words) -> str:
    """Return region, method and how much was run."""
    return words(
        f"sensitivity.setting.{found.method}",
        region=words.pick(study.batch.setting.pack, "title"),
        until=study.scenarios[0].until,
        blocks=words.number(found.blocks),
        runs=words.number(found.rows * len(found.scenarios)),
        parameters=words.number(len(found.names)),
    )


def answers(found: Sensitivity, study: Study, words: Words) -> Iterator[str]:
    """Yield a sentence for each difference, or for each outcome if there is one scenario: what moves it most."""
    of_differences = len(found.scenarios) > 1
    for one in found.answers:
        if one.difference is of_differences:
            yield _sentence(one, study, words)


def _sentence(one: Answer, study: Study, words: Words) -> str:
    what = heading(one, study, words)
    named = [factor for factor in one.factors if factor.shown][:NAMED]
    if one.deviation == 0.0:
        return words("sensitivity.same", what=what)
    if not named:
        return words("sensitivity.nothing", what=what)
    listed = "; ".join(inside(factor_label(factor.factor, words)) for factor in named)
    return words("sensitivity.most", what=what, factors=listed)


def heading(one: Answer, study: Study, words: Words) -> str:
    """Return what an answer is about."""
    titles = {scenario.name: words.pick(scenario, "title") for scenario in study.scenarios}
    key = "sensitivity.difference" if one.difference else "sensitivity.level"
    reference = titles[study.scenarios[0].name]
    return words(key, outcome=outcome_label(one.outcome, words), scenario=titles[one.scenario], reference=reference)


def cautions(found: Sensitivity, study: Study, words: Words) -> Iterator[str]:
    """Yield what makes the numbers less sure than they look."""
    yield words(f"sensitivity.means.{found.method}")
    yield words("sensitivity.ranges")
    if study.plan.scale < 1.0:
        yield words("run.scale", share=words.percent(study.plan.scale)) + "."
    if any(
        isinstance(factor, Index) and factor.high - factor.low > WIDE for one in found.answers for factor in one.factors
    ):
        yield words("sensitivity.wide")
    fewest = min(one.blocks for one in found.answers)
    if fewest < found.blocks:
        yield words("sensitivity.dropped", fewest=words.number(fewest), of=words.number(found.blocks))


def factor_label(name: str, words: Words) -> str:
    """Return what a factor is called."""
    if name in (OTHERS, CHANCE):
        return words(f"sensitivity.factor.{name}")
    return words.pick(parameter_table()[name], "meaning")


def heads(found: Sensitivity, words: Words) -> list[str]:
    """Return the heads of the columns."""
    keys = ("strength", "interval", "mean") if found.method == "morris" else ("total", "interval", "first")
    return [words("sensitivity.head.factor"), *(words(f"sensitivity.head.{key}") for key in keys)]


def cells(one: Answer, factor: Factor, words: Words) -> list[str]:
    """Return what is told of a factor."""
    label = factor_label(factor.factor, words)
    if isinstance(factor, Index):
        ends = words("compare_page.from_to", low=words.percent(factor.low), high=words.percent(factor.high))
        return [label, words.percent(factor.total), ends, words.percent(factor.first)]
    unit = plain_unit(outcome_table()[one.outcome])
    size = amount(factor.strength, unit, words, unit == "share").lstrip("+")
    ends = interval(factor.low, factor.high, unit, words, signed=unit == "share")
    return [label, size, ends, amount(factor.mean, unit, words, signed=True)]


def sensitivity_json(found: Sensitivity, study: Study) -> dict[str, Any]:
    """Return all of it as data; what is not defined is null."""
    rows = [
        {**asdict(one), "factors": [{**asdict(factor), "shown": factor.shown} for factor in one.factors]}
        for one in found.answers
    ]
    told = {
        "plan": study.plan.model_dump(mode="json"),
        "identity": study.batch.digest,
        "method": found.method,
        "rows": found.rows,
    }
    return {**told, "answers": plain(rows)}


def _mean(one: Answer, words: Words) -> str:
    unit = plain_unit(outcome_table()[one.outcome])
    if not math.isfinite(one.mean):
        return words("sensitivity.undefined")
    mean, deviation = (amount(value, unit, words, one.difference) for value in (one.mean, one.deviation))
    return words("sensitivity.mean", mean=mean, deviation=deviation.lstrip("+"))
