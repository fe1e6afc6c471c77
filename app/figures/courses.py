"""Figures of what goes on in time: survival after the subsidy, and outcomes by quarter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.compare_parts import FEW_FOLLOWED, Mark, first_policy, leaves, marks_of
from app.compare_words import amount, interval, outcome_label, quarter_words, unit_label
from app.figures.figure import (
    MUTED,
    ORANGE,
    ROOM,
    Cell,
    Course,
    Figure,
    axis,
    described,
    rounded,
    series,
    upright,
    values_axis,
)
from app.words import Words
from experiments.comparison import Band, Comparison, Survival
from experiments.survival import Curve
from sim.calendar import quarter_number
from sim.outcomes import outcome_table

YEARS_BEFORE = 8
"""Years before the first policy that the course in time shows."""
NORMAL = 1.645
"""Standard deviations from the mean to the 5th and 95th percentile of a normal distribution."""
TIMES = {"share": 100.0}
END_LABEL = 96
"""Pixels for what stands at the end of a line."""


def name_at_end(mark: Mark, found: Comparison, words: Words) -> str:
    """Return what stands at the end of a line: there is room for a word, so that several scenarios get letters."""
    if mark.letter == "R":
        return words("explore.chart.reference")
    return words("explore.chart.scenario") if len(found.scenarios) == 1 else mark.letter


# ── survival ────────────────────────────────────────────────────────────────────────────────────────────
def survival(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return how networks outlive the end of their subsidy; None if there is nobody to follow."""
    marks = marks_of(found, words)
    told = {one.scenario: one for one in found.survival if one.whom == "since_policy" and one.value.lives}
    if focus not in told or not told[focus].baseline.lives:
        told = {one.scenario: one for one in found.survival if one.whom == "all" and one.value.lives}
    if focus not in told or not told[focus].baseline.lives:
        return None
    one = told[focus]
    shown = {found.baseline.name: one.baseline, **{name: other.value for name, other in told.items()}}
    until = max(_followed(curve) for curve in (one.baseline, one.value))
    lines = [
        _survival_line(shown[name], marks[name], until, name in (found.baseline.name, focus), found, words)
        for name in sorted(shown, key=lambda name: name == focus)
    ]
    drawn = [each for place, line in enumerate(lines) for each in series(line, place, step=True)]
    drawn[-1]["markLine"] = upright(words("explore.chart.end_of_subsidy"), 0, ORANGE)
    title, alt = words("explore.question.survival"), words("explore.alt.survival", title=marks[focus].title)
    option = {
        "grid": {**ROOM, "right": END_LABEL, "bottom": 28},
        "tooltip": {"trigger": "axis"},
        "xAxis": axis(type="value", min=lines[0].places[0], max=until, minInterval=1, name=words("explore.chart.years"),
                      nameLocation="middle", nameGap=28),
        "yAxis": values_axis(min=0, max=100, axisLabel={"formatter": "{value}%", "color": MUTED}),
        "series": drawn,
    }  # fmt: skip
    columns, rows = _survival_table(shown, marks, until, words)
    sub = words(f"explore.sub.survival_{one.whom}", since=quarter_words(one.since, words) if one.since else "")
    return Figure("survival", title, sub, alt, described(option, alt), columns, rows, _survival_note(one, words))


def _followed(curve: Curve) -> float:
    """Return until when there are enough networks to say something, in years; a year at least."""
    enough = [time for time, at in zip(curve.times, curve.at_risk, strict=True) if at >= FEW_FOLLOWED]
    return max(1.0, math.floor(max(enough, default=1.0)))


def _survival_line(curve: Curve, mark: Mark, until: float, bands: bool, found: Comparison, words: Words) -> Course:
    kept = slice(0, sum(time <= until for time in curve.times))
    share, low, high = ([100.0 * value for value in ends[kept]] for ends in (curve.survival, curve.low, curve.high))
    known = bands and all(map(math.isfinite, low))
    return Course(
        name_at_end(mark, found, words), mark.colour, mark.letter == "R", share, [(low, high)] if known else (),
        places=curve.times[kept],
    )  # fmt: skip


def _survival_table(
    shown: Mapping[str, Curve], marks: Mapping[str, Mark], until: float, words: Words
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    columns = [words("explore.chart.years")]
    for name in shown:
        title = marks[name].title
        columns += [title, *(words(f"explore.table.{key}", title=title) for key in ("low", "high", "followed"))]
    longest = max(shown.values(), key=lambda curve: len(curve.times))
    rows = []
    for place, time in enumerate(longest.times):
        if time > until or not time.is_integer():
            continue
        row: list[Cell] = [time]
        for curve in shown.values():
            there = place < len(curve.times)
            three = (curve.survival, curve.low, curve.high)
            row += [rounded(ends[place]) if there else None for ends in three]
            row.append(curve.at_risk[place] if there else None)
        rows.append(tuple(row))
    return tuple(columns), tuple(rows)


def _survival_note(one: Survival, words: Words) -> str:
    lives = (words.number(curve.lives) for curve in (one.baseline, one.value))
    return words("explore.note.survival", before=next(lives), after=next(lives))


# ── the course in time ──────────────────────────────────────────────────────────────────────────────────
def course(found: Comparison, outcome: str, focus: str, words: Words) -> Figure | None:
    """Return how an outcome goes through the years; None if it was not kept."""
    bands = {band.scenario: band for band in found.bands if band.outcome == outcome}
    if focus not in bands:
        return None
    marks, unit, times = (
        marks_of(found, words),
        outcome_table()[outcome].unit,
        TIMES.get(outcome_table()[outcome].unit, 1.0),
    )
    band = bands[focus]
    first = max(0, round(4 * (first_policy(found) - YEARS_BEFORE)) - quarter_number(band.quarters[0]))
    first += -quarter_number(band.quarters[first]) % 4  # whole years
    kept = slice(first, None)
    lines = [_reference_line(band, kept, times, marks[found.baseline.name], found, words)]
    for name in sorted(bands, key=lambda name: name == focus):
        lines.append(_scenario_line(bands[name], kept, times, marks[name], name == focus, found, words))
    drawn = [each for place, line in enumerate(lines) for each in series(line, place)]
    quarters = [quarter_words(quarter, words) for quarter in band.quarters[kept]]
    years = list(dict.fromkeys(quarter[:4] for quarter in band.quarters[kept]))
    starts = round(4 * first_policy(found)) - quarter_number(band.quarters[0]) - first
    if 0 <= starts < len(quarters):
        drawn[-1]["markLine"] = upright(words("explore.chart.policy_starts"), starts, MUTED)
    label = outcome_label(outcome, words)
    alt = words("explore.alt.course", label=label, title=marks[focus].title)
    option = {
        "grid": {**ROOM, "right": END_LABEL},
        "tooltip": {"trigger": "axis"},
        # the years stand under bands of four quarters; the quarters themselves are what is pointed at
        "xAxis": [axis(type="category", data=quarters, axisLabel={"show": False}),
                  axis(type="category", data=years, position="bottom", axisPointer={"show": False},
                       axisLabel={"color": MUTED, "hideOverlap": True})],
        "yAxis": values_axis(min=0, axisLabel={"color": MUTED, **({"formatter": "{value}%"} if times > 1 else {})}),
        "series": drawn,
    }  # fmt: skip
    columns, rows = _course_table(bands, kept, marks, found.baseline.name, words)
    sub = words("explore.sub.course", unit=unit_label(unit, words) or words("explore.chart.percent"))
    note = words(
        "explore.note.course",
        quarter=quarter_words(band.quarters[-1], words),
        difference=amount(band.difference[-1], unit, words, True, (band.difference_low[-1], band.difference_high[-1])),
        interval=interval(band.difference_low[-1], band.difference_high[-1], unit, words),
    )
    return Figure(
        outcome,
        words(f"explore.question.{outcome}"),
        f"{label}; {sub}",
        alt,
        described(option, alt),
        columns,
        rows,
        note,
    )


def _reference_line(band: Band, kept: slice, times: float, mark: Mark, found: Comparison, words: Words) -> Course:
    three = (band.baseline, band.baseline_low, band.baseline_high)
    value, low, high = (_times(ends[kept], times) for ends in three)
    inner = _chance(band.baseline[kept], band.baseline_chance[kept], times)
    return Course(name_at_end(mark, found, words), mark.colour, True, value, [(low, high), *inner], 2.0)


def _scenario_line(
    band: Band, kept: slice, times: float, mark: Mark, focus: bool, found: Comparison, words: Words
) -> Course:
    """Return the line of a scenario from where it leaves that of the reference."""
    own = max(0, leaves(band) - kept.start)
    three = (band.value, band.low, band.high)
    value, low, high = ([None] * own + _times(ends[kept], times)[own:] for ends in three)
    inner = [
        tuple([None] * own + list(end)[own:] for end in ends)
        for ends in _chance(band.value[kept], band.chance[kept], times)
    ]
    bands = [(low, high), *((one, other) for one, other in inner)] if focus else ()
    return Course(name_at_end(mark, found, words), mark.colour, False, value, bands, 2.5 if focus else 2.0)


def _times(values: Sequence[float], times: float) -> list[float | None]:
    return [times * value if math.isfinite(value) else None for value in values]


def _chance(
    mean: Sequence[float], chance: Sequence[float], times: float
) -> list[tuple[list[float | None], list[float | None]]]:
    """Return the band in which 90% of the runs would be by chance alone; none if that cannot be estimated."""
    if not all(map(math.isfinite, chance)):
        return []
    both = list(zip(mean, chance, strict=True))
    low = [times * max(0.0, value - NORMAL * spread) if math.isfinite(value) else None for value, spread in both]
    high = [times * (value + NORMAL * spread) if math.isfinite(value) else None for value, spread in both]
    return [(low, high)]


def _course_table(
    bands: Mapping[str, Band], kept: slice, marks: Mapping[str, Mark], reference: str, words: Words
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    first = next(iter(bands.values()))
    columns = [words("explore.table.quarter")]
    parts: list[Sequence[float]] = []
    for name, three in (
        (reference, (first.baseline, first.baseline_low, first.baseline_high)),
        *((name, (band.value, band.low, band.high)) for name, band in bands.items()),
    ):
        columns += [
            marks[name].title,
            *(words(f"explore.table.{key}", title=marks[name].title) for key in ("p5", "p95")),
        ]
        parts += three
    rows = [
        (quarter, *(rounded(part[kept.start + place]) for part in parts))
        for place, quarter in enumerate(first.quarters[kept])
    ]
    return tuple(columns), tuple(rows)
