"""Figures of how differences are spread: over regions and sectors, over those who pay and those who gain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from app.compare_parts import PAYERS, Mark, marks_of, place_names
from app.compare_words import bare, interval, number, outcome_label, quarter_words
from app.figures.courses import name_at_end
from app.figures.figure import INK, MUTED, ROOM, WHITE, Cell, Figure, Option, axis, described, rounded, values_axis
from app.words import Words
from experiments.comparison import Comparison, Gain, Paid, Place

WORSE, SAME, BETTER = "#E89A5B", "#F4F6F9", "#5FB8AC"
"""Ends and middle of the scale of a map; ink can be read on each."""
DIMENSIONS = ("province", "region", "sector")
GAINED = "students_direct"


# ── where it helps ──────────────────────────────────────────────────────────────────────────────────────
def places(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return where there are more living networks or fewer, by region and sector; None if there are none."""
    here = [one for one in found.places if one.scenario == focus]
    if not here:
        return None
    names, title = place_names(found.about, words), marks_of(found, words)[focus].title
    regions = [id_ for id_ in found.about["region"]["regions"] if any(one.region == id_ for one in here)]
    sectors = [id_ for id_ in found.about["region"]["sectors_en"] if any(one.sector == id_ for one in here)]
    tall = len(regions) > len(sectors)  # the longer side runs down
    across, down = (sectors, regions) if tall else (regions, sectors)
    most = max(abs(one.difference) for one in here) or 1.0
    cells = [
        _cell(one, (across.index(_side(one, not tall)), down.index(_side(one, tall))), names, words) for one in here
    ]
    alt = words("explore.alt.places", title=title)
    option = {
        "grid": {**ROOM, "right": 8, "bottom": 44},
        "tooltip": {},
        "xAxis": axis(type="category", data=[names[id_] for id_ in across], position="top",
                      axisLabel={"color": MUTED, "interval": 0, "width": 88, "overflow": "break", "fontSize": 11}),
        "yAxis": axis(type="category", data=[names[id_] for id_ in down], inverse=True,
                      axisLabel={"color": MUTED, "interval": 0, "fontSize": 11}),
        "visualMap": {"min": -most, "max": most, "calculable": False, "orient": "horizontal", "left": "center",
                      "bottom": 0, "itemHeight": 140, "itemWidth": 12, "inRange": {"color": [WORSE, SAME, BETTER]},
                      "text": [number(most, 1, words, True), number(-most, 1, words, True)],
                      "textStyle": {"color": MUTED}},
        "series": [{"type": "heatmap", "data": cells, "label": {"show": True, "formatter": "{b}", "color": INK},
                    "itemStyle": {"borderColor": WHITE, "borderWidth": 3, "borderRadius": 5}}],
    }  # fmt: skip
    columns = tuple(words(f"explore.table.{key}") for key in _PLACE_COLUMNS)
    rows = tuple(
        (
            names[one.region],
            names[one.sector],
            *map(rounded, (one.baseline, one.value, one.difference, one.low, one.high)),
        )
        for one in here
    )
    sub = words("explore.sub.places", title=title, quarter=quarter_words(str(found.about["until"]), words))
    note = words("explore.note.many", n=len(here))
    return Figure("places", words("explore.question.places"), sub, alt, described(option, alt), columns, rows, note)


_PLACE_COLUMNS = ("region", "sector", "before", "after", "difference", "interval_low", "interval_high")


def _side(one: Place, region: bool) -> str:
    return one.region if region else one.sector


def _cell(one: Place, where: tuple[int, int], names: Mapping[str, str], words: Words) -> Option:
    """Return a cell of the map: the difference, bold where it is shown, and what is pointed at in full."""
    text, shown = number(one.difference, 1, words, True), one.low > 0 or one.high < 0
    full = words(
        "explore.chart.cell",
        region=names[one.region],
        sector=names[one.sector],
        difference=text,
        interval=interval(one.low, one.high, "networks", words) if math.isfinite(one.low) else "–",
        before=number(one.baseline, 1, words),
        after=number(one.value, 1, words),
    )
    return {
        "name": text,
        "value": [*where, rounded(one.difference)],
        "label": {"fontWeight": "bold" if shown else "normal", "color": INK if shown else MUTED},
        "tooltip": {"formatter": full},
    }


# ── who pays ────────────────────────────────────────────────────────────────────────────────────────────
def payers(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return who pays how much money a year since the first policy; None if nobody does."""
    marks = marks_of(found, words)
    paid = {asked.name: [one for one in found.paid if one.scenario == asked.name] for asked in found.scenarios}
    if not paid[focus]:
        return None
    before = {(one.group, one.in_kind): one.baseline for one in paid[focus]}
    after = {(name, one.group, one.in_kind): one.value for name, ones in paid.items() for one in ones}
    groups = [group for group in PAYERS if any(not kind and group == each for each, kind in before)]
    names = [found.baseline.name, *paid]

    def euros(name: str, group: str) -> float:
        return before.get((group, False), 0.0) if name == found.baseline.name else after.get((name, group, False), 0.0)

    bars = [
        {
            "type": "bar",
            "stack": "paid",
            "name": words(f"compare.payer.{group}"),
            "barMaxWidth": 30,
            "itemStyle": {"color": PAYERS[group], "borderColor": WHITE, "borderWidth": 1},
            "data": [rounded(euros(name, group) / 1e6) for name in names],
        }
        for group in groups
    ]
    totals = {name: sum(euros(name, group) for group in groups) / 1e6 for name in names}
    heads = [
        words("explore.chart.total", name=name_at_end(marks[name], found, words), total=number(totals[name], 1, words))
        for name in names
    ]
    alt = words("explore.alt.payers", title=marks[focus].title)
    option = {
        "grid": {**ROOM, "top": 8, "right": 16, "bottom": 84},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"bottom": 0, "left": 0, "icon": "roundRect", "itemWidth": 12, "itemHeight": 12,
                   "textStyle": {"color": INK}},
        "xAxis": values_axis(),
        "yAxis": axis(type="category", data=heads, inverse=True, axisLabel={"color": INK, "fontWeight": 600}),
        "series": bars,
    }  # fmt: skip
    columns = tuple(words(f"explore.table.{key}") for key in _PAID_COLUMNS)
    rows = tuple(_paid_row(one, marks, words) for ones in paid.values() for one in ones)
    sub, note = words("explore.sub.payers"), words("explore.note.payers")
    return Figure("payers", words("explore.question.payers"), sub, alt, described(option, alt), columns, rows, note)


_PAID_COLUMNS = ("scenario", "payer", "kind", "before", "after", "difference", "interval_low", "interval_high")


def _paid_row(one: Paid, marks: Mapping[str, Mark], words: Words) -> tuple[Cell, ...]:
    kind = words(f"explore.table.{'in_kind' if one.in_kind else 'in_cash'}")
    values = (one.baseline, one.value, one.difference, one.low, one.high)
    return marks[one.scenario].title, words(f"compare.payer.{one.group}"), kind, *map(rounded, values)


# ── who gains ───────────────────────────────────────────────────────────────────────────────────────────
def gains(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return which regions and sectors reach more students or fewer; None if none does."""
    marks, names = marks_of(found, words), place_names(found.about, words)
    of = [one for one in found.gains if one.outcome == GAINED]
    here = [one for dimension in DIMENSIONS for one in of if (one.scenario, one.dimension) == (focus, dimension)]
    if not here:
        return None
    groups = [(one.dimension, one.group) for one in here]
    beside = {(one.scenario, one.dimension, one.group): one for one in of}
    label, alt = outcome_label(GAINED, words), words("explore.alt.gains", title=marks[focus].title)
    option = {
        "grid": {**ROOM, "top": 8, "right": 24},
        "tooltip": {},
        "xAxis": values_axis(),
        "yAxis": axis(type="category", data=[names[group] for _, group in groups], inverse=True,
                      axisLabel={"color": INK, "interval": 0, "fontSize": 12}),
        "series": [*_whiskers(here, marks[focus]), *_dots(found, groups, beside, focus, marks, words)],
    }  # fmt: skip
    columns = tuple(words(f"explore.table.{key}") for key in _GAIN_COLUMNS)
    rows = tuple(
        (
            marks[one.scenario].title, words(f"compare_page.dimension.{one.dimension}"), names[one.group],
            *map(rounded, (one.baseline, one.value, one.difference, one.low, one.high)),
        )
        for one in of
    )  # fmt: skip
    sub = words("explore.sub.gains", label=label, title=marks[focus].title)
    note = words("explore.note.many", n=len(here))
    return Figure("gains", words("explore.question.gains"), sub, alt, described(option, alt), columns, rows, note)


_GAIN_COLUMNS = ("scenario", "by", "group", "before", "after", "difference", "interval_low", "interval_high")


def _whiskers(here: Sequence[Gain], mark: Mark) -> list[Option]:
    """Return the intervals as thin bars that start at their lower end."""
    known = [one if math.isfinite(one.low) else None for one in here]
    shared: Option = {"type": "bar", "stack": "interval", "stackStrategy": "all", "barWidth": 6, "silent": True}
    low = [None if one is None else rounded(one.low) for one in known]
    wide = [None if one is None else rounded(one.high - one.low) for one in known]
    return [
        {**shared, "data": low, "itemStyle": {"color": "transparent"}},
        {**shared, "data": wide, "itemStyle": {"color": mark.colour, "opacity": 0.3, "borderRadius": 3}},
    ]


def _dots(
    found: Comparison,
    groups: Sequence[tuple[str, str]],
    beside: Mapping[tuple[str, str, str], Gain],
    focus: str,
    marks: Mapping[str, Mark],
    words: Words,
) -> Iterator[Option]:
    """Yield a series of dots for each scenario, the one in focus last and on top."""
    for asked in sorted(found.scenarios, key=lambda asked: asked.name == focus):
        mark = marks[asked.name]
        points = [
            _dot(beside[asked.name, *group], place, mark, words)
            for place, group in enumerate(groups)
            if (asked.name, *group) in beside
        ]
        size = 11 if asked.name == focus else 8
        yield {"type": "scatter", "name": mark.title, "symbolSize": size, "data": points,
               "itemStyle": {"color": mark.colour}}  # fmt: skip


def _dot(one: Gain, place: int, mark: Mark, words: Words) -> Option:
    full = words(
        "explore.chart.gain",
        title=mark.title,
        difference=bare(one.difference, "", words, True, (one.low, one.high)),
        interval=interval(one.low, one.high, "", words) if math.isfinite(one.low) else "–",
    )
    return {"value": [rounded(one.difference), place], "tooltip": {"formatter": full}}
