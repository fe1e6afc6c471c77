"""What every view of a comparison shares: which outcomes it shows, how it marks scenarios, and parts of its figures."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.compare_words import (
    amount,
    bare,
    inside,
    interval,
    outcome_label,
    quarter_words,
    unit_label,
    verdict,
    whole_percent,
)
from app.words import Words
from experiments.comparison import Band, Comparison, Difference
from experiments.survival import Curve
from sim.calendar import quarter_number

MAIN = (
    "networks_sustained",
    "network_years_after_subsidy",
    "valley_share",
    "students_direct",
    "llo_participants",
    "mkb_reached_share",
    "public_euros",
)
"""What the answer is about, a sentence each."""
CARDS = ("networks_sustained", "students_direct", "mkb_reached_share", "public_euros")
BESIDE = (
    "networks_after_subsidy",
    "pps_independent",
    "pps_started",
    "pps_stopped",
    "regie_fte",
    "learning_communities",
    "pps_with_hbo",
    "companies_unique",
    "euros_policy",
    "euros_policy_elsewhere",
)
"""What the chart of differences shows besides."""
SERIES = ("networks_after_subsidy", "students_direct", "mkb_reached_share", "regie_fte")
YEARS_SHOWN = (0, 2, 4, 6, 8)
"""Years after the subsidy of which the table of survival tells."""
FEW_PAIRS = 30
"""Pairs below which intervals are wide."""
FEW_FOLLOWED = 10
"""Networks below which a share says little."""
IN_A_CHART = 3
"""Scenarios beside the reference in one chart or title."""
GOOD, BAD = ("better", "cheaper"), ("worse", "dearer")

REFERENCE = "#5B6B80"
COLOURS = ("#0F766E", "#3730A3", "#C026A0", "#8A6D00", "#C2570C", "#A23B4A")
"""The first four can be told apart without seeing red, green or blue (Machado and others 2009: 8 or more in CIELAB)."""
LETTERS = string.ascii_uppercase.replace("R", "")
"""R is the reference."""
PAYERS = {
    "rijk": "#2B5FA8",
    "province": "#0F766E",
    "municipalities": "#79B5A8",
    "schools": "#B98900",
    "hogescholen": "#E3C25B",
    "firms_mkb": "#C2570C",
    "firms_large": "#EBA36F",
    "funds": "#7A4F8F",
    "other_partners": "#BFA5CC",
}


type Cells = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """How a scenario is known in the whole page: a letter and a colour."""

    letter: str
    colour: str
    title: str


def marks_of(comparison: Comparison, words: Words) -> Mapping[str, Mark]:
    """Return the marks of the reference and the scenarios, by name."""
    marks = {comparison.baseline.name: Mark("R", REFERENCE, words.pick(comparison.baseline, "title"))}
    for place, asked in enumerate(comparison.scenarios):
        letter = LETTERS[place] if place < len(LETTERS) else str(place + 1)
        marks[asked.name] = Mark(letter, COLOURS[place % len(COLOURS)], words.pick(asked, "title"))
    return marks


def found(comparison: Comparison, names: Sequence[str]) -> Iterator[tuple[str, list[Difference]]]:
    """Yield outcomes with their differences, those that the comparison has."""
    for name in names:
        if differences := [one for one in comparison.differences if one.outcome == name]:
            yield name, differences


def cards(comparison: Comparison, marks: Mapping[str, Mark], words: Words) -> Iterator[Cells]:
    """Yield the main outcomes in large numbers: the reference, and the difference of each scenario."""
    for name, differences in found(comparison, CARDS):
        yield {
            "id": name,
            "label": outcome_label(name, words),
            "before": _before(differences[0], words),
            "rows": [
                {
                    "mark": marks[one.scenario],
                    "value": amount(one.value, one.unit, words, False, (one.baseline,)),
                    "unit": unit_label(one.unit, words),
                    "number": amount(one.difference, one.unit, words, True, (one.low, one.high))
                    if one.unit != "share"
                    else bare(one.difference, one.unit, words, True, (one.low, one.high)),
                    "points": words("compare_page.points", number="").strip() if one.unit == "share" else "",
                    "interval": interval_of(one, words),
                    "kind": verdict(one),
                    "said": words(f"compare_page.verdict.{verdict(one)}"),
                }
                for one in differences
            ],
        }


def forest(comparison: Comparison, marks: Mapping[str, Mark], words: Words) -> Iterator[Cells]:
    """Yield the differences in main outcomes and others, each drawn as an interval."""
    for name, differences in found(comparison, (*MAIN, *BESIDE)):
        first = differences[0]
        ends = [end for one in differences for end in (one.low, one.high, one.spread_low, one.spread_high)]
        yield {
            "id": name,
            "label": outcome_label(name, words),
            "better": words(f"compare_page.direction.{first.direction}"),
            "unit": unit_label(first.unit, words),
            "before": _before(first, words),
            "reference": amount(first.baseline, first.unit, words, False, (first.value,)),
            "rows": [
                {
                    "mark": marks[one.scenario],
                    "glyph": glyph(one, [*ends, one.difference]),
                    "value": amount(one.value, one.unit, words, False, (one.baseline,)),
                    "difference": amount(one.difference, one.unit, words, True, (one.low, one.high)),
                    "interval": interval_of(one, words),
                    "share": whole_percent(one.share_better, words),
                    "kind": verdict(one),
                    "said": words(f"compare_page.verdict.{verdict(one)}"),
                }
                for one in differences
            ],
        }


def cautions(comparison: Comparison, words: Words) -> Iterator[str]:
    """Yield what makes the numbers less sure than they look."""
    fewest = min(comparison.pairs.values())
    yield words("compare_page.pairs_mean", n=words.number(fewest))
    if comparison.unit == "replicates":
        yield words("compare_page.only_chance")
    else:
        yield words("compare_page.by_draw")
    if fewest < FEW_PAIRS:
        yield words("compare_page.few", n=words.number(fewest))
    if comparison.about["scale"] < 1.0:
        yield words("run.scale", share=words.percent(comparison.about["scale"])) + "."
    failed = {*comparison.baseline.failed, *(r for asked in comparison.scenarios for r in asked.failed)}
    if failed:
        yield words("compare_page.failed", n=words.number(len(failed)))


def title(comparison: Comparison, words: Words) -> str:
    """Return what a comparison is about, in one line."""
    titles = [words.pick(asked, "title") for asked in comparison.scenarios]
    reference = inside(words.pick(comparison.baseline, "title"))
    if len(titles) > IN_A_CHART:
        return words("compare_page.title_many", n=words.number(len(titles)), reference=reference)
    return words(
        "compare_page.title", scenarios=words.among([titles[0], *map(inside, titles[1:])]), reference=reference
    )


def setting(about: Mapping[str, Any], words: Words) -> str:
    """Return where and when a comparison takes place."""
    start, until = (quarter_words(about[key], words) for key in ("start", "until"))
    return words("compare_page.setting", region=words.pick(about["region"], "title"), start=start, until=until)


def parameters_told(about: Mapping[str, Any], words: Words) -> str:
    """Return where the parameters come from."""
    parameters = about["parameters"]
    if parameters["source"] == "default":
        return words("compare_page.again.central")
    draws = words.number(len(set(parameters["draws"])))
    return words("compare_page.again.drawn", n=draws, digest=str(parameters["digest"])[:12])


def _before(one: Difference, words: Words) -> str:
    """Return the value in the reference with its unit."""
    before = amount(one.baseline, one.unit, words, False, (one.value,))
    return words("compare_page.before", value=f"{before} {unit_label(one.unit, words)}".strip())


def interval_of(one: Difference, words: Words) -> str:
    """Return the interval of a difference; nothing where nothing is unsure or known."""
    if not math.isfinite(one.low) or one.low == one.high:
        return ""
    return interval(one.low, one.high, one.unit, words)


def glyph(one: Difference, ends: Sequence[float]) -> Cells:
    """Return how a difference is drawn: places from 0 to 100 from left to right, zero always among them."""
    finite = [0.0, *(end for end in ends if math.isfinite(end))]
    low, high = min(finite), max(finite)
    room = 0.08 * (high - low) or 1.0
    low, size = low - room, high - low + 2 * room

    def place(value: float) -> float:
        return round(100.0 * (value - low) / size, 2)

    def bar(start: float, end: float) -> tuple[float, float] | None:
        known = math.isfinite(start) and math.isfinite(end)
        return (place(start), round(place(end) - place(start), 2)) if known else None

    return {
        "zero": place(0.0),
        "dot": place(one.difference),
        "interval": bar(one.low, one.high),
        "spread": bar(one.spread_low, one.spread_high),
    }


def survivors(curve: Curve, year: int, words: Words) -> Cells:
    """Return the share that lives a number of years after the subsidy, and how many were followed then."""
    if not curve.times or year > curve.times[-1]:
        return {"share": "–", "interval": "", "followed": 0}
    place = max(step for step, time in enumerate(curve.times) if time <= year)
    followed = next(at for time, at in zip(curve.times, curve.at_risk, strict=True) if time >= year)
    low, high = (words.number(100 * end) for end in (curve.low[place], curve.high[place]))
    told = words("number.percent", number=f"{low}–{high}")
    return {"share": whole_percent(curve.survival[place], words), "interval": told, "followed": followed}


def leaves(band: Band) -> int:
    """Return the last place at which a scenario has the line of the reference, which it would cover until then."""
    both = zip(
        zip(band.value, band.low, band.high, strict=True),
        zip(band.baseline, band.baseline_low, band.baseline_high, strict=True),
        strict=True,
    )
    first = next((place for place, (one, other) in enumerate(both) if one != other), 1)
    return max(first - 1, 0)


def place_names(about: Mapping[str, Any], words: Words) -> Mapping[str, str]:
    """Return the names of regions, provinces and sectors by their ids."""
    region = about["region"]
    return {**region["regions"], **region["provinces"], **region[f"sectors_{words.language}"]}


def first_policy(comparison: Comparison) -> float:
    """Return when the first policy of any scenario starts, in years; the end of the run if there is none."""
    policies = [policy for asked in comparison.scenarios for policy in asked.policies]
    starts = [str(policy["starts"]) for policy in policies] or [str(comparison.about["until"])]
    return min(map(quarter_number, starts)) / 4
