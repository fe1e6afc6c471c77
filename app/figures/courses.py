"""Figures of what goes on in time: survival after the subsidy, and outcomes by quarter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.compare_parts import FEW_FOLLOWED, Mark, first_policy, leaves, marks_of
from app.compare_words import amount, digits_for, interval, number, outcome_label, quarter_words, unit_label
from app.figures.drawing import (
    MUTED,
    ORANGE,
    ROOM,
    Course,
    Ends,
    Option,
    apart,
    axis,
    numbers,
    option_of,
    series,
    upright,
    values_axis,
)
from app.figures.figure import Figure
from app.words import Words
from experiments.comparison import Band, Comparison, Survival
from experiments.survival import Curve
from sim.calendar import quarter_number
from sim.outcomes import outcome_table

YEARS_BEFORE = 8
"""Years before the first policy that the course in time shows."""
NORMAL = 1.645
"""Standard deviations from the mean to the 5th and 95th percentile of a normal distribution."""
WHOLE = 8.0
"""From here an axis of numbers needs no decimals."""
END_LABEL = 92
"""Pixels for what stands at the end of a line."""

type Row = list[str | float]


def name_at_end(mark: Mark, found: Comparison, words: Words) -> str:
    """Return what stands at the end of a line: there is room for a word, so that several scenarios get letters."""
    if mark.letter == "R":
        return words("explore.chart.reference")
    return words("explore.chart.scenario") if len(found.scenarios) == 1 else mark.letter


# ── survival ────────────────────────────────────────────────────────────────────────────────────────────
def survival(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return how networks outlive the end of their subsidy; None if there is nobody to follow.

    Args:
        found: What came out.
        focus: Name of the scenario of which the band is shown.
        words: The language.
    """
    one = next(
        (one for one in found.survival if one.scenario == focus and one.value.lives and one.baseline.lives), None
    )
    if one is None:
        return None
    marks, reference = marks_of(found, words), found.baseline.name
    shown = {other.scenario: other.value for other in found.survival if other.whom == one.whom and other.value.lives}
    curves = {reference: one.baseline, **{name: shown[name] for name in sorted(shown, key=lambda name: name == focus)}}
    until = max(map(_followed, (one.baseline, one.value)))
    times = [time for time in max((curve.times for curve in curves.values()), key=len) if time <= until]
    lines = [
        _survival_line(curve, name_at_end(marks[name], found, words), marks[name], until, name in (reference, focus))
        for name, curve in curves.items()
    ]
    head, rows = _survival_table(curves, marks, until, words)
    return Figure(
        title=words("explore.question.survival"),
        sub=words(f"explore.sub.survival_{one.whom}", since=quarter_words(one.since, words) if one.since else ""),
        option=_survival_option(lines, times, words),
        head=head,
        rows=rows,
        summary=words("explore.alt.survival", title=marks[focus].title),
        file="survival",
        note=_survival_note(one, words),
        digits=0,
    )


def _followed(curve: Curve) -> float:
    """Return until when there are enough networks to say something, in whole years; a year at least."""
    enough = [time for time, at in zip(curve.times, curve.at_risk, strict=True) if at >= FEW_FOLLOWED]
    return float(max(1, math.floor(max(enough, default=1.0))))


def _survival_line(curve: Curve, name: str, mark: Mark, until: float, band: bool) -> Course:
    kept = slice(0, sum(time <= until for time in curve.times))
    share, low, high = ([100.0 * value for value in ends[kept]] for ends in (curve.survival, curve.low, curve.high))
    bands = [(low, high)] if band and all(map(math.isfinite, low)) else []
    return Course(name, mark.colour, mark.letter == "R", share, bands)


def _survival_option(lines: Sequence[Course], times: Sequence[float], words: Words) -> Option:
    drawn = [each for place, line in enumerate(apart(lines, 100.0)) for each in series(line, place, step=True)]
    drawn[-1]["markLine"] = upright(words("explore.chart.end_of_subsidy"), times.index(0.0), ORANGE)
    percent = numbers(0, "%")
    return option_of(
        grid={**ROOM, "right": END_LABEL, "bottom": 26},
        tooltip={"trigger": "axis", "valueFormatter": percent},
        xAxis=axis(
            type="category", data=[number(time, 0 if time.is_integer() else 2, words) for time in times],
            boundaryGap=False, axisLabel={"interval": 3, "color": MUTED}, name=words("explore.chart.years"),
            nameLocation="middle", nameGap=28,
        ),
        yAxis=values_axis(percent, min=0, max=100),
        series=drawn,
    )  # fmt: skip


def _survival_table(
    curves: Mapping[str, Curve], marks: Mapping[str, Mark], until: float, words: Words
) -> tuple[list[str], list[Row]]:
    head = [words("explore.chart.years")]
    for name in curves:
        title = marks[name].title
        head += [words("explore.table.percent", title=title)]
        head += [words(f"explore.table.{key}", title=title) for key in ("low", "high", "followed")]
    longest = max(curves.values(), key=lambda curve: len(curve.times))
    rows: list[Row] = []
    for place, time in enumerate(longest.times):
        if time <= until and time.is_integer():
            row: Row = [f"{time:+.0f}" if time else "0"]
            for curve in curves.values():
                there = place < len(curve.times)
                row += [100.0 * ends[place] if there else math.nan for ends in (curve.survival, curve.low, curve.high)]
                row.append(float(curve.at_risk[place]) if there else math.nan)
            rows.append(row)
    return head, rows


def _survival_note(one: Survival, words: Words) -> str:
    before, after = (words.number(curve.lives) for curve in (one.baseline, one.value))
    return words("explore.note.survival", before=before, after=after)


# ── the course in time ──────────────────────────────────────────────────────────────────────────────────
def course(found: Comparison, outcome: str, focus: str, words: Words) -> Figure | None:
    """Return how an outcome goes through the years, with chance and ignorance apart; None if it was not kept.

    Args:
        found: What came out.
        outcome: Name of the outcome.
        focus: Name of the scenario of which the bands are shown.
        words: The language.
    """
    bands = {band.scenario: band for band in found.bands if band.outcome == outcome}
    if focus not in bands:
        return None
    marks, unit, reference = marks_of(found, words), outcome_table()[outcome].unit, found.baseline.name
    times = 100.0 if unit == "share" else 1.0
    first = _first_shown(bands[focus], found)
    ends = {name: name_at_end(marks[name], found, words) for name in (reference, *bands)}
    lines = [_reference_line(bands[focus], first, times, marks[reference], ends[reference])]
    for name in sorted(bands, key=lambda name: name == focus):
        lines.append(_scenario_line(bands[name], first, times, marks[name], ends[name], name == focus))
    largest = max((value for line in lines for value in line.values if value is not None), default=0.0)
    digits, label = digits_for(largest), outcome_label(outcome, words)
    written = numbers(digits, "%" if unit == "share" else "")
    head, rows = _course_table(bands, first, times, marks, reference, words)
    measured = unit_label(unit, words) or words("explore.chart.percent")
    return Figure(
        title=words(f"explore.question.{outcome}"),
        sub=words("explore.sub.course", label=label, unit=measured),
        option=_course_option(bands[focus], lines, first, first_policy(found), written, words),
        head=head,
        rows=rows,
        summary=words("explore.alt.course", label=label, title=marks[focus].title),
        file=outcome.replace("_", "-"),
        note=_course_note(bands[focus], unit, words),
        about=outcome,
        digits=digits,
    )


def _first_shown(band: Band, found: Comparison) -> int:
    """Return the first place that is shown: a first quarter, so that all years are whole."""
    start = quarter_number(band.quarters[0])
    first = max(0, round(4 * (first_policy(found) - YEARS_BEFORE)) - start)
    return first + -(start + first) % 4


def _reference_line(band: Band, first: int, times: float, mark: Mark, name: str) -> Course:
    value, low, high = (_times(ends, first, times) for ends in (band.baseline, band.baseline_low, band.baseline_high))
    bands = [(low, high), *_by_chance(value, _times(band.baseline_chance, first, times))]
    return Course(name, mark.colour, True, value, bands, width=2.0)


def _scenario_line(band: Band, first: int, times: float, mark: Mark, name: str, focus: bool) -> Course:
    """Return the line of a scenario from where it leaves that of the reference."""
    own = max(0, leaves(band) - first)
    before: list[float | None] = [None] * own
    value, low, high, chance = (
        before + _times(part, first, times)[own:] for part in (band.value, band.low, band.high, band.chance)
    )
    bands = [(low, high), *_by_chance(value, chance)] if focus else []
    return Course(name, mark.colour, False, value, bands, width=2.5 if focus else 2.0)


def _times(values: Sequence[float], first: int, times: float) -> list[float | None]:
    return [times * value if math.isfinite(value) else None for value in values[first:]]


def _by_chance(mean: Sequence[float | None], chance: Sequence[float | None]) -> list[Ends]:
    """Return the band that holds 90% of the runs by chance alone; none if chance cannot be estimated."""
    both = [(value, spread) for value, spread in zip(mean, chance, strict=True)]
    if all(spread is None for _, spread in both):
        return []
    known = [None if value is None or spread is None else (value, NORMAL * spread) for value, spread in both]
    low = [None if one is None else max(0.0, one[0] - one[1]) for one in known]
    return [(low, [None if one is None else one[0] + one[1] for one in known])]


def _course_option(
    band: Band, lines: Sequence[Course], first: int, starts: float, written: Option, words: Words
) -> Option:
    highest = max((value or 0.0 for line in lines for _, high in [*line.bands, ((), line.values)] for value in high))
    drawn = [each for place, line in enumerate(apart(lines, highest)) for each in series(line, place)]
    quarters = band.quarters[first:]
    place = round(4 * starts) - quarter_number(quarters[0])
    if 0 <= place < len(quarters):
        drawn[-1]["markLine"] = upright(words("explore.chart.policy_starts"), place, MUTED)
    # years stand under bands of four quarters; the quarters themselves are what is pointed at
    below = axis(
        type="category", data=[quarter_words(quarter, words) for quarter in quarters], axisLabel={"show": False}
    )
    years = axis(
        type="category", data=list(dict.fromkeys(quarter[:4] for quarter in quarters)), position="bottom",
        axisPointer={"show": False}, axisLabel={"color": MUTED, "hideOverlap": True},
    )  # fmt: skip
    return option_of(
        grid={**ROOM, "right": END_LABEL},
        tooltip={"trigger": "axis", "valueFormatter": written},
        xAxis=[below, years],
        yAxis=values_axis(written if highest < WHOLE else {"$number": {**written["$number"], "digits": 0}}, min=0),
        series=drawn,
    )


def _course_note(band: Band, unit: str, words: Words) -> str:
    low, high = band.difference_low[-1], band.difference_high[-1]
    return words(
        "explore.note.course",
        quarter=quarter_words(band.quarters[-1], words),
        difference=amount(band.difference[-1], unit, words, True, (low, high)),
        interval=interval(low, high, unit, words),
    )


def _course_table(
    bands: Mapping[str, Band], first: int, times: float, marks: Mapping[str, Mark], reference: str, words: Words
) -> tuple[list[str], list[Row]]:
    one = next(iter(bands.values()))
    parts = {reference: (one.baseline, one.baseline_low, one.baseline_high)}
    parts |= {name: (band.value, band.low, band.high) for name, band in bands.items()}
    head = [words("explore.table.quarter")]
    for name in parts:
        head += [marks[name].title, *(words(f"explore.table.{key}", title=marks[name].title) for key in ("p5", "p95"))]
    rows: list[Row] = [
        [quarter, *(times * part[first + place] for three in parts.values() for part in three)]
        for place, quarter in enumerate(one.quarters[first:])
    ]
    return head, rows
