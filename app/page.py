"""The page of the validation: one file that asks for nothing from elsewhere."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app import validate as pages
from app.charts import Point, band_chart, two_bands_chart, whole_share
from app.html import fill, write
from app.words import Words
from calibration.predictive import TRACKS
from calibration.validate import MAJORITY, Comparison, Validation
from experiments.identity import versions

FILE = "validation.html"
ROOM = 0.25
"""Room beside what is drawn of an interval, as a share of it."""
MOSTLY = 0.95
"""Share of the runs above which it is not said in how many a quantity is defined."""


@dataclass(frozen=True)
class Glyph:
    """An interval as it is drawn: places from 0 to 100 from left to right.

    Each but the last is left end and width.
    """

    prior: tuple[float, float]
    ninety: tuple[float, float]
    fifty: tuple[float, float]
    tolerance: tuple[float, float]
    median: float
    observed: float


def glyph(one: Comparison) -> Glyph | None:
    """Return how a comparison is drawn, or None for a direction or where nothing is defined.

    The scale holds the posterior and the report; a prior that is wider runs off the edge.
    """
    target, spread, prior = one.target, one.predicted, one.prior
    if one.ordinal or not math.isfinite(spread.median + prior.median):
        return None
    near, far = target.observed - target.tolerance, target.observed + target.tolerance
    low, high = min(spread.low_90, near), max(spread.high_90, far)
    low, size = low - ROOM * (high - low), (1 + 2 * ROOM) * (high - low)

    def place(value: float) -> float:
        return round(min(max(100.0 * (value - low) / size, 0.0), 100.0), 2)

    def bar(start: float, end: float) -> tuple[float, float]:
        return place(start), round(place(end) - place(start), 2)

    return Glyph(
        prior=bar(prior.low_90, prior.high_90),
        ninety=bar(spread.low_90, spread.high_90),
        fifty=bar(spread.low_50, spread.high_50),
        tolerance=bar(near, far),
        median=place(spread.median),
        observed=place(target.observed),
    )


def write_page(validation: Validation, folder: Path, command: list[str], words: Words) -> Path:
    """Write the page and return its path.

    Args:
        validation: What came out.
        folder: Where to.
        command: What makes it again.
        words: The language.

    Raises:
        InputError: If it cannot be written.
    """
    return write(render(validation, command, words), folder / FILE)


def render(validation: Validation, command: list[str], words: Words) -> str:
    """Return the page as text."""
    return fill(
        FILE,
        words,
        majority=round(100.0 * MAJORITY, 2),
        tiles=list(tiles(validation, words)),
        patterns=list(patterns(validation, words)),
        charts=list(_charts(validation, words)),
        survival=_survival(validation, words),
        last_year=max(point.year for track in TRACKS for point in points_of(validation, track)),
        with_error=words("validate.with_error", runs=validation.runs[0]),
        summary=pages.summary_lines(validation, words),
        misses=[target_row(one, words) for one in validation.comparisons if not one.met],
        never=[text for key, text in words.texts.items() if key.startswith("validate.never.")],
        again=list(_again(validation, command, words)),
    )


def tiles(validation: Validation, words: Words) -> Iterator[tuple[str, str]]:
    """Yield the numbers at the top, each with what it says."""
    found = validation.summary
    counts = {
        "calibrate": (found.within_tolerance, found.calibrate),
        "validate": (found.inside_90, found.validate),
        "ordinal": (found.ordinal_met, found.ordinal),
    }
    for key in ("calibrate", "validate", "width", "ordinal"):
        if key == "width":
            number = words.percent(found.median_relative_width)
        else:
            number = words("validate.tile.of", met=counts[key][0], of=counts[key][1])
        yield number, words(f"validate.tile.{key}")


def patterns(validation: Validation, words: Words) -> Iterator[dict[str, Any]]:
    """Yield every pattern with its targets as rows, those that were fitted to first."""
    for pattern, compared in pages.by_pattern(validation):
        rows = [target_row(one, words) for one in compared]
        yield {
            "id": pattern,
            "title": words(f"pattern.{pattern}"),
            "roles": [
                (words(said), [row for row in rows if row["role"] == role]) for role, said in pages.ROLES.items()
            ],
            "empty": not rows,
        }


def target_row(one: Comparison, words: Words) -> dict[str, Any]:
    """Return what is shown of a target."""
    target = one.target
    return {
        "id": target.id,
        "role": target.role,
        "label": words(f"target.{target.id}"),
        "unit": pages.unit(target, words),
        "reported": pages.reported(target, words),
        "predicted": pages.predicted(one, words),
        "interval": "" if one.ordinal else pages.interval(one.predicted, target, words),
        "width": "" if one.ordinal else words.percent(one.relative_width),
        "defined": "" if one.defined > MOSTLY else words("validate.defined", share=words.percent(one.defined)),
        "met": one.met,
        "glyph": glyph(one),
        "agrees": None if not one.ordinal else round(100.0 * one.agrees, 2),
        "missed": _missed(one, words),
        "reason": words.pick({f"reason_{lang}": one.reasons.get(lang, "") for lang in ("nl", "en")}, "reason"),
    }


def _missed(one: Comparison, words: Words) -> str:
    """Return the numbers of a miss in a sentence."""
    if one.ordinal:
        return words("validate.misses.direction", share=words.percent(one.agrees))
    target, spread = one.target, one.predicted
    low, high = (pages.show(end, target, words) for end in (spread.low_90, spread.high_90))
    median = pages.show(spread.median, target, words)
    return words("validate.misses.told", reported=pages.reported(target, words), median=median, low=low, high=high)


# ── charts ──────────────────────────────────────────────────────────────────────────────────────────────
def points_of(validation: Validation, track: str) -> list[Point]:
    """Return what was reported of the country."""
    return [
        Point(float(target.arguments["year"]), target.observed, target.tolerance, target.role == "validate")
        for target in (one.target for one in validation.comparisons)
        if target.operator == f"national_{track}"
    ]


def _charts(validation: Validation, words: Words) -> Iterator[tuple[str, Markup]]:
    """Yield the charts of students, each with its title."""
    for track in TRACKS:
        band, points = validation.students["country", track], points_of(validation, track)
        chart = band_chart(f"country-{track}", band, points, whole_share(words))
        yield words(f"validate.students.country_{track}"), Markup(chart)
    bands = [(words(f"validate.chart.{track}"), validation.students["province", track]) for track in TRACKS]
    yield words("validate.students.province"), Markup(two_bands_chart("province", bands, words.number))


def _survival(validation: Validation, words: Words) -> dict[str, Any]:
    survival = validation.survival
    chart = band_chart("survival", survival.draws, (), whole_share(words), words("validate.survival.axis"))
    return {
        "chart": Markup(chart),
        "told": pages.survival_line(validation, words),
        "about": words("validate.survival.about", partnerships=words.number(survival.partnerships)),
    }


def _again(validation: Validation, command: list[str], words: Words) -> Iterator[tuple[str, str]]:
    """Yield what somebody needs who wants the same page."""
    about = validation.about
    runs = words(
        "validate.again.runs_told",
        posterior=validation.runs[0],
        prior=validation.runs[1],
        failed=sum(about["failed"]),
        scale=words.percent(about["scale"]),
    )
    yield words("validate.again.command"), shlex.join(command)
    yield words("validate.again.runs"), runs
    for key in ("posterior", "observed", "code"):
        yield words(f"validate.again.{key}"), about[key]
    yield words("validate.again.versions"), ", ".join(f"{name} {number}" for name, number in versions().items())
