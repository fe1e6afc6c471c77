"""The validation for people: each figure of the reports beside what the model predicts of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from app.tables import new_table
from app.words import Words
from calibration.targets import PATTERNS, Target
from calibration.validate import Band, Comparison, Spread, Validation

if TYPE_CHECKING:
    from collections.abc import Sequence

AS_PERCENT = ("fraction", "ratio")
MARKS: Mapping[str, str] = {"calibrate": "●", "validate": "○"}
ROLES: Mapping[str, str] = {"calibrate": "validate.calibrate", "validate": "validate.validate"}
"""What is said of the role of a target."""


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────
def show(value: float, target: Target, words: Words, whole: bool = False) -> str:
    """Return a value of a target as people read it, as exact as its tolerance makes sense of.

    Args:
        value: The value.
        target: What it is a value of.
        words: The language.
        whole: Whether to leave decimals out.
    """
    if not math.isfinite(value):
        return words("validate.undefined")
    times = 100.0 if target.unit in AS_PERCENT else 1.0
    digits = 0 if whole or target.tolerance * times >= 10 or abs(value) >= 100 else 1
    text = words.number(times * value, digits)
    return words("number.percent", number=text) if times > 1 else text


def reported(target: Target, words: Words) -> str:
    """Return what was reported, with its tolerance."""
    if target.unit == "yes/no":
        return words("validate.yes")
    times = 100.0 if target.unit in AS_PERCENT else 1.0
    whole = all(abs(times * x - round(times * x)) < 1e-6 for x in (target.observed, target.tolerance))
    value, tolerance = (show(number, target, words, whole) for number in (target.observed, target.tolerance))
    return words("validate.plus_minus", value=value, tolerance=tolerance)


def unit(target: Target, words: Words) -> str:
    """Return the unit of a target; nothing for a share or a direction."""
    return words.texts.get(f"measure.{target.unit}", "")


def interval(spread: Spread, target: Target, words: Words) -> str:
    """Return the 90 percent interval of a target."""
    if not math.isfinite(spread.median):
        return words("validate.undefined")
    low, high = (show(end, target, words) for end in (spread.low_90, spread.high_90))
    return words("validate.from_to", low=low, high=high)


def predicted(one: Comparison, words: Words) -> str:
    """Return the median of what the model predicts, or in how many runs a direction came out."""
    if one.ordinal:
        return words("validate.direction", share=words.percent(one.agrees))
    return show(one.predicted.median, one.target, words)


def by_pattern(validation: Validation) -> Iterator[tuple[str, Sequence[Comparison]]]:
    """Yield every pattern with its targets, those that were fitted to first."""
    for pattern in PATTERNS:
        yield pattern, [one for one in validation.comparisons if one.target.pattern == pattern]


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────
def validation_table(validation: Validation, words: Words) -> Table:
    """Return the table of all targets by pattern."""
    table = new_table()
    table.add_column(words("validate.figure"), ratio=1)
    for key in ("validate.reported", "validate.predicted", "validate.interval", "validate.width"):
        table.add_column(words(key), justify="right", no_wrap=key != "validate.predicted")
    table.add_column(words("validate.met"), no_wrap=True)
    for pattern, compared in by_pattern(validation):
        table.add_row(Text(f"{pattern} {words(f'pattern.{pattern}')}", style="bold cyan"))
        for one in compared:
            table.add_row(*_cells(one, words))
        table.add_section()
    return table


def _cells(one: Comparison, words: Words) -> Iterator[Text | str]:
    target = one.target
    yield f"{MARKS[target.role]} {words(f'target.{target.id}')}"
    yield reported(target, words)
    yield predicted(one, words)
    yield "" if one.ordinal else interval(one.predicted, target, words)
    yield "" if one.ordinal else words.percent(one.relative_width)
    yield Text(words("validate.yes")) if one.met else Text(words("validate.no"), style="bold red")


def summary_lines(validation: Validation, words: Words) -> list[str]:
    """Return in sentences how many targets are met."""
    found = validation.summary
    share = words.percent(found.inside_90 / found.validate) if found.validate else "–"
    width = words.percent(found.median_relative_width)
    return [
        words("validate.sum.calibrate", met=found.within_tolerance, of=found.calibrate),
        words("validate.sum.validate", met=found.inside_90, of=found.validate, share=share),
        words("validate.sum.narrower", narrower=found.inside_and_narrower, width=width),
        words("validate.sum.ordinal", met=found.ordinal_met, of=found.ordinal),
    ]


def survival_line(validation: Validation, words: Words) -> str:
    """Return the survival of networks after two, four and eight years, with its width."""
    band, places = validation.survival.draws, {}
    for name, years in (("two", 2.0), ("four", 4.0), ("eight", 8.0)):
        i = band.years.index(years)
        places[f"at_{name}"] = words.percent(band.median[i])
        places[f"{name}_low"], places[f"{name}_high"] = words.percent(band.low_90[i]), words.percent(band.high_90[i])
    return words("validate.survival.told", **places)


def footing(validation: Validation, words: Words) -> list[str]:
    """Return what stands below the table."""
    return [
        *summary_lines(validation, words),
        words("validate.legend"),
        words("validate.with_error", runs=validation.runs[0]),
        survival_line(validation, words),
        words("validate.survival.no_source"),
    ]


# ── as data ─────────────────────────────────────────────────────────────────────────────────────────────
def validation_json(validation: Validation) -> dict[str, Any]:
    """Return all that came out as data; what is not defined is None."""
    survival = validation.survival
    return {
        "about": {**validation.about, "runs": {"posterior": validation.runs[0], "prior": validation.runs[1]}},
        "summary": {key: _number(value) for key, value in asdict(validation.summary).items()},
        "targets": [_target(one) for one in validation.comparisons],
        "students": {f"{place}-{track}": _band(band) for (place, track), band in validation.students.items()},
        "survival": {
            "reported": None,
            **_band(survival.draws),
            "pooled": _numbers(survival.pooled),
            "pooled_low_95": _numbers(survival.pooled_low_95),
            "pooled_high_95": _numbers(survival.pooled_high_95),
            "partnerships": _number(survival.partnerships),
        },
    }


def _target(one: Comparison) -> dict[str, Any]:
    target = one.target
    return {
        "id": target.id,
        "role": target.role,
        "pattern": target.pattern,
        "ordinal": one.ordinal,
        "observed": target.observed,
        "unit": target.unit,
        "tolerance": target.tolerance,
        **_spread(one.predicted),
        **{f"simulated_{key}": value for key, value in _spread(one.simulated).items()},
        **{f"prior_{key}": value for key, value in _spread(one.prior).items()},
        "within_tolerance": one.within_tolerance,
        "inside_90": one.inside_90,
        "met": one.met,
        "agrees": _number(one.agrees),
        "defined": _number(one.defined),
        "relative_width": _number(one.relative_width),
        "simulated_relative_width": _number(one.simulated_relative_width),
        "reason_nl": one.reasons.get("nl") if not one.met else None,
        "reason_en": one.reasons.get("en") if not one.met else None,
    }


def _spread(spread: Spread) -> dict[str, float | None]:
    return {key: _number(getattr(spread, key)) for key in ("median", "low_50", "high_50", "low_90", "high_90")}


def _band(band: Band) -> dict[str, Any]:
    return {key: _numbers(value) for key, value in vars(band).items()}


def _numbers(values: Any) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    """Return a number of six digits, or None where JSON has none; counts stay whole."""
    if isinstance(value, int):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None
