"""What the page Explore says of a comparison: the answer in large numbers, all differences, and a number explained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from app.compare import difference_rows
from app.compare_parts import MAIN, cards, cautions, forest, marks_of, parameters_told, setting, title
from app.compare_words import cost_sentence, digits_for, number, outcome_label, sentence, unit_label
from app.figures.figure import Figure, csv_text
from app.glossary import parts
from app.words import Words
from experiments.comparison import Comparison, Ends
from sim.outcomes import outcome_table

type Cells = dict[str, Any]

OF_A_DIFFERENCE = (
    "scenario", "outcome", "unit", "direction", "baseline", "value", "difference", "low", "high", "share_better",
    "spread_low", "spread_high", "n", "units",
)  # fmt: skip
"""What the file of all differences holds of each, under the names that `pps compare --csv` uses."""


def answer(found: Comparison, words: Words) -> Cells:
    """Return the headline, the main outcomes in large numbers, the price, and what makes all this less sure."""
    marks = marks_of(found, words)
    several = len(found.scenarios) > 1
    prices = [
        (f"{marks[cost.scenario].letter}: " if several else "") + cost_sentence(cost, words) for cost in found.costs
    ]
    return {
        "title": title(found, words),
        "setting": setting(found.about, words),
        "cautions": list(cautions(found, words)),
        "cards": [_marked(card) for card in cards(found, marks, words)],
        "price": [words("compare_page.costs.title"), *prices],
    }


def differences(found: Comparison, words: Words) -> Cells:
    """Return the differences in all outcomes that are shown, the main ones first, and how many those are."""
    outcomes = [_marked(outcome) for outcome in forest(found, marks_of(found, words), words)]
    return {"outcomes": outcomes, "main": sum(outcome["id"] in MAIN for outcome in outcomes)}


def _marked(outcome: Cells) -> Cells:
    """Return an outcome with the marks of its rows as data."""
    return {**outcome, "rows": [{**row, "mark": vars(row["mark"])} for row in outcome["rows"]]}


def differences_csv(found: Comparison, words: Words) -> str:
    """Return the differences in all outcomes as CSV, in the form of the language."""
    rows = [[row[name] for name in OF_A_DIFFERENCE] for row in difference_rows(found)]
    return csv_text(Figure("", "", {}, OF_A_DIFFERENCE, rows, "", ""), words.language)


# ── one number ──────────────────────────────────────────────────────────────────────────────────────────
def explained(found: Comparison, outcome: str, focus: str, words: Words) -> Cells:
    """Return what a number means, what was found, what it rests on, and the runs behind it.

    Args:
        found: What came out.
        outcome: Name of the outcome.
        focus: Name of the scenario whose runs are shown.
        words: The language.
    """
    what, marks = outcome_table()[outcome], marks_of(found, words)
    ones = [one for one in found.differences if one.outcome == outcome]
    ends = next(one for one in found.ends if (one.scenario, one.outcome) == (focus, outcome))
    reference = words("explore.chart.reference")
    head = [words(f"explore.runs.{key}") for key in ("number", "seed", "draw")]
    return {
        "title": outcome_label(outcome, words),
        "meaning": parts(words.pick(what, "meaning"), words.language),
        "facts": [
            (words("explore.fact.unit"), _unit(ones[0].unit, words)),
            (words("explore.fact.better"), words(f"compare_page.direction.{what.direction}")),
            (words("explore.fact.taken"), words(f"explore.taken.{what.level}")),
        ],
        "sentences": [{**vars(marks[one.scenario]), "text": sentence(one, words)} for one in ones],
        "sources": list(_sources(found, words)),
        "head": [*head, reference, marks[focus].title, words("explore.table.difference")],
        "rows": list(_runs(ends, ones[0].unit, int(found.about["seed"]), words)),
    }  # fmt: skip


def _unit(unit: str, words: Words) -> str:
    """Return a unit in words, also where numbers carry it themselves."""
    if unit == "share":
        return words("explore.chart.percent")
    return words("scenario.unit.euro") if unit.startswith("euro") else unit_label(unit, words)


def _sources(found: Comparison, words: Words) -> Iterator[tuple[str, str]]:
    about = found.about
    first, last = about["seed"], about["seed"] + found.replicates - 1
    yield words("compare_page.again.seeds"), words("compare_page.again.seeds_told", first=first, last=last)
    yield words("compare_page.again.parameters"), parameters_told(about, words)
    for asked in (found.baseline, *found.scenarios):
        yield words("compare_page.again.identity", name=words.pick(asked, "title")), asked.identity
    yield words("compare_page.digest.code"), str(about["digests"]["code"])


def _runs(ends: Ends, unit: str, seed: int, words: Words) -> Iterator[list[str]]:
    """Yield a run of both worlds in each row: which it is, both values, and how they differ."""
    known = [value for value in (*ends.baseline, *ends.value) if math.isfinite(value)]
    digits = digits_for(max(map(abs, known), default=0.0) * (100.0 if unit == "share" else 1.0))
    for replicate, draw, before, after in zip(ends.replicates, ends.draws, ends.baseline, ends.value, strict=True):
        numbers = (_run_number(value, unit, digits, words, False) for value in (before, after))
        change = _run_number(after - before, unit, digits, words, True)
        yield [words.number(replicate + 1), str(seed + replicate), words.number(draw + 1), *numbers, change]


def _run_number(value: float, unit: str, digits: int, words: Words, signed: bool) -> str:
    if unit == "share" and math.isfinite(value):
        key = "compare_page.points" if signed else "number.percent"
        return words(key, number=number(100.0 * value, digits, words, signed))
    return number(value, digits, words, signed)
