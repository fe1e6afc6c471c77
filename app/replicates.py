"""How many replicates are enough, for people: the answer, a table and a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from app.compare_words import amount, bare, outcome_label, quarter_words
from app.measures import plain
from app.tables import table_of
from app.words import Words
from experiments.replicates import SETTLED, Replication, Stability


def title(found: Replication, words: Words) -> str:
    """Return what was asked."""
    return words("replicates.title", scenarios=words.among(list(_titles(found, words).values())))


def setting(found: Replication, words: Words) -> str:
    """Return region, period and how much was run."""
    about = found.about
    return words(
        "replicates.setting",
        region=words.pick(about["region"], "title"),
        start=quarter_words(about["start"], words),
        until=quarter_words(about["until"], words),
        n=words.number(found.replicates),
    )


def answers(found: Replication, words: Words) -> Iterator[str]:
    """Yield how many replicates all outcomes need, and all differences."""
    share = words.percent(found.precision)
    for difference in (False, True) if len(found.titles_en) > 1 else (False,):
        what, enough = "differences" if difference else "levels", found.enough(difference)
        if enough is None:
            yield words(f"replicates.answer.{what}_open", n=words.number(found.replicates), share=share)
        else:
            yield words(f"replicates.answer.{what}", n=words.number(enough), share=share)


def cautions(found: Replication, words: Words) -> Iterator[str]:
    """Yield what makes the answer less sure than it looks."""
    yield words("replicates.drawn" if found.drawn else "replicates.one_set")
    if found.about["scale"] < 1.0:
        yield words("run.scale", share=words.percent(found.about["scale"])) + "."
    if failed := len(found.about["replicates_failed"]):
        yield words("replicates.failed", n=words.number(failed))


def notes(found: Replication, words: Words) -> str:
    """Return what the columns mean."""
    return words("replicates.columns", share=words.percent(found.precision), settled=words.percent(SETTLED))


def parts(found: Replication, words: Words) -> Iterator[tuple[str, list[Stability]]]:
    """Yield what belongs together with its heading: a scenario, or its difference from the reference."""
    titles = _titles(found, words)
    for difference in (False, True):
        for name in titles:
            rows = [one for one in found.stabilities if (one.scenario, one.difference) == (name, difference)]
            if rows:
                key = "replicates.difference" if difference else "replicates.level"
                yield words(key, scenario=titles[name], reference=next(iter(titles.values()))), rows


def heads(words: Words) -> list[str]:
    """Return the heads of the columns."""
    return [words(f"replicates.head.{key}") for key in ("outcome", "mean", "reach", "for_mean", "for_spread")]


def cells(one: Stability, words: Words) -> list[str]:
    """Return what is told of one outcome."""
    label = outcome_label(one.outcome, words)
    if not one.steps:
        return [label, "–", "–", "–", "–"]
    last = one.steps[-1]
    reach = (last.high - last.low) / 2.0
    share = words.percent(reach / one.scale) if one.scale > 0 and math.isfinite(reach) else "–"
    return [
        label,
        amount(last.mean, one.unit, words, one.difference),
        share,
        _count(one.for_mean, words),
        _count(one.for_spread, words) if one.for_spread else words("replicates.not_settled", n=words.number(last.n)),
    ]


def tables(found: Replication, words: Words) -> Iterator[tuple[str, Table]]:
    """Yield what belongs together as a table, with its heading."""
    for heading, rows in parts(found, words):
        yield heading, table_of(heads(words), ((cells(one, words), one.enough is not None) for one in rows))


def replication_json(found: Replication) -> dict[str, Any]:
    """Return all of it as data; what is not known is null."""
    about = found.about
    return {
        "region": about["region"]["name"],
        "until": about["until"],
        "scale": about["scale"],
        "seed": about["seed"],
        "replicates": found.replicates,
        "parameters": about["parameters"]["source"],
        "precision": found.precision,
        "enough": {"outcomes": found.enough(False), "differences": found.enough(True)},
        "stabilities": [{**plain(asdict(one)), "enough": one.enough} for one in found.stabilities],
    }


def write_page(found: Replication, path: Path, command: Sequence[str], words: Words) -> Path:
    """Write the page and return its path.

    Raises:
        InputError: If it cannot be written.
    """
    from app.study import Page, Row, Section, write_study

    sections = [
        Section(
            title=heading,
            heads=heads(words),
            rows=[Row(cells(one, words), sure=one.enough is not None) for one in rows],
            note=notes(found, words),
            charts=list(_charts(found, rows, words)),
        )
        for heading, rows in parts(found, words)
    ]
    page = Page(
        setting=setting(found, words),
        title=title(found, words),
        answers=list(answers(found, words)),
        cautions=list(cautions(found, words)),
        sections=sections,
        command=command,
        again=[(words("replicates.method"), words("replicates.sources"))],
        digests=found.about["digests"],
    )
    return write_study(page, path, words)


def _charts(found: Replication, rows: Sequence[Stability], words: Words) -> Iterator[tuple[str, str]]:
    from app.charts import TEAL, Line, settling_chart

    for one in rows:
        label = outcome_label(one.outcome, words)
        steps = one.steps
        if not steps:
            continue
        last = steps[-1]
        drawn = (
            ("mean", "mean", "low", "high", last.mean, found.precision * one.scale),
            ("spread", "deviation", "deviation_low", "deviation_high", last.deviation, SETTLED * last.deviation),
        )
        for key, value, low, high, end, room in drawn:
            columns = ([getattr(step, column) for step in steps] for column in (value, low, high))
            line = Line("", TEAL, False, [step.n for step in steps], *columns)
            caption = words(f"replicates.chart.{key}", outcome=label)
            around = (end - room, end + room)
            name = f"{one.scenario}-{one.outcome}-{one.difference}-{key}"
            yield caption, settling_chart(name, line, around, _show(one, words), words("replicates.axis"), caption)


def _show(one: Stability, words: Words) -> Any:
    """Return what writes a value on an axis: money in millions, the rest in its unit."""
    if one.unit == "euro":
        return lambda value: words("number.long_millions", number=words.number(value / 1e6, 1))
    beside = tuple(step.high for step in one.steps)
    return lambda value: bare(value, one.unit, words, False, beside) + (" %" if one.unit == "share" else "")


def _titles(found: Replication, words: Words) -> dict[str, str]:
    return dict(found.titles_nl if words.language == "nl" else found.titles_en)


def _count(n: int | None, words: Words) -> str:
    return "–" if n is None else words.number(n)
