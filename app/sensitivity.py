"""What moves the outcomes, for people: tables, a page and data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from agents.parameters import parameter_table
from app.compare_words import amount, inside, interval, outcome_label
from app.measures import number_or_none, plain_unit
from app.words import Words
from experiments.sensitivity import CHANCE, OTHERS, Answer, Effect, Index, Sensitivity
from experiments.studies import Study
from sim.outcomes import outcome_table

SHOWN, ON_PAGE, NAMED = 6, 15, 3
"""How many factors are shown in the terminal, on the page and in a sentence."""
WIDE = 0.5
"""Width of an interval of a share above which it is said that more base samples are needed."""

type Factor = Effect | Index


def title(study: Study, words: Words) -> str:
    """Return what was asked."""
    return words.pick(study.plan, "title")


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


def tables(found: Sensitivity, study: Study, words: Words) -> Iterator[tuple[str, Table]]:
    """Yield the strongest factors of every answer as a table, with its heading."""
    for one in found.answers:
        shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for place, head in enumerate(heads(found, words)):
            shown.add_column(head, justify="right" if place else "left", ratio=None if place else 1)
        for factor in one.factors[:SHOWN]:
            shown.add_row(*cells(one, factor, words), style="" if factor.shown else "dim")
        yield heading(one, study, words), shown


def sensitivity_json(found: Sensitivity, study: Study) -> dict[str, Any]:
    """Return all of it as data; what is not defined is null."""
    plan = study.plan.model_dump(mode="json")
    rows = [
        {**asdict(one), "factors": [{**asdict(factor), "shown": factor.shown} for factor in one.factors]}
        for one in found.answers
    ]
    return {"plan": plan, "identity": study.batch.digest, "method": found.method, "rows": found.rows, **_plain(rows)}


def _plain(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [plain(inner) for inner in value]
        return number_or_none(value) if isinstance(value, float) else value

    return {"answers": plain(list(rows))}


def write_page(found: Sensitivity, study: Study, path: Path, command: Sequence[str], words: Words) -> Path:
    """Write the page and return its path.

    Raises:
        InputError: If it cannot be written.
    """
    from app.study import Section, Study, write_study

    differences_first = sorted(found.answers, key=lambda one: not one.difference)
    sections = [
        Section(
            title=heading(one, study, words),
            lines=[_mean(one, words)],
            heads=heads(found, words),
            drawn=words("sensitivity.head.drawn"),
            rows=list(_rows(one, words)),
            note=words(f"sensitivity.columns.{found.method}"),
        )
        for one in differences_first
    ]
    page = Study(
        setting=setting(found, study, words),
        title=title(study, words),
        answers=list(answers(found, study, words)),
        cautions=list(cautions(found, study, words)),
        sections=sections,
        command=command,
        again=[
            (words("sensitivity.plan"), study.batch.digest),
            (words("replicates.method"), words("sensitivity.sources")),
        ],
        digests=digests(study),
    )
    return write_study(page, path, words)


def digests(study: Study) -> dict[str, str]:
    """Return the hashes of what a study was made from."""
    from agents.parameters import table_digest
    from experiments.identity import code_digest

    setting = study.batch.setting
    return {
        "region": setting.pack.digest,
        "national": setting.national.digest,
        "parameter_table": table_digest(),
        "code": code_digest(),
    }


def _rows(one: Answer, words: Words) -> Iterator[Any]:
    from app.study import Row, glyphs

    factors = one.factors[:ON_PAGE]
    drawn = glyphs([(factor.strength, factor.low, factor.high) for factor in factors])
    for factor, glyph in zip(factors, drawn, strict=True):
        yield Row(cells(one, factor, words), factor.shown, glyph)


def _mean(one: Answer, words: Words) -> str:
    unit = plain_unit(outcome_table()[one.outcome])
    if not math.isfinite(one.mean):
        return words("sensitivity.undefined")
    mean, deviation = (amount(value, unit, words, one.difference) for value in (one.mean, one.deviation))
    return words("sensitivity.mean", mean=mean, deviation=deviation.lstrip("+"))
