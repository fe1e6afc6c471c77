"""Figures of how differences are spread: over regions and sectors, over those who pay and those who gain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from app.compare_parts import PAYERS, Mark, marks_of, place_names
from app.compare_words import bare, inside, interval, number, outcome_label, quarter_words
from app.figures.courses import Row, name_at_end
from app.figures.drawing import INK, MUTED, ROOM, WHITE, Option, axis, numbers, option_of, rounded, values_axis
from app.figures.figure import Figure
from app.words import Words
from experiments.comparison import Comparison, Gain, Paid, Place

WORSE, SAME, BETTER = "#E89A5B", "#F4F6F9", "#5FB8AC"
"""Ends and middle of the scale of a map; ink can be read on each."""
DIMENSIONS = ("province", "region", "sector")
GAINED = "students_direct"
ROW = 26
"""Pixels for a row of names."""


# ── where it helps ──────────────────────────────────────────────────────────────────────────────────────
def places(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return where there are more living networks or fewer, by region and sector; None if there are none.

    Args:
        found: What came out.
        focus: Name of the scenario that is shown.
        words: The language.
    """
    here = [one for one in found.places if one.scenario == focus]
    if not here:
        return None
    names, title = place_names(found.about, words), marks_of(found, words)[focus].title
    regions = [id_ for id_ in found.about["region"]["regions"] if any(one.region == id_ for one in here)]
    sectors = [id_ for id_ in found.about["region"]["sectors_en"] if any(one.sector == id_ for one in here)]
    rows: list[Row] = [
        [names[one.region], names[one.sector], one.baseline, one.value, one.difference, one.low, one.high]
        for one in here
    ]
    columns = ("region", "sector", "before", "after", "difference", "interval_low", "interval_high")
    return Figure(
        title=words("explore.question.places"),
        sub=words("explore.sub.places", title=title, quarter=quarter_words(str(found.about["until"]), words)),
        option=_map(here, regions, sectors, names, words),
        head=[words(f"explore.table.{key}") for key in columns],
        rows=rows,
        summary=words("explore.alt.places", title=title),
        file="where",
        note=words("explore.note.many", n=len(here)),
        height=110 + ROW * max(len(regions), len(sectors)),
        about="networks_alive",
    )


def _map(
    here: Sequence[Place], regions: Sequence[str], sectors: Sequence[str], names: Mapping[str, str], words: Words
) -> Option:
    """Return a grid of cells; the longer side runs down."""
    tall = len(regions) > len(sectors)
    across, down = (sectors, regions) if tall else (regions, sectors)
    most = max(abs(one.difference) for one in here) or 1.0

    def where(one: Place) -> tuple[int, int]:
        pair = (one.sector, one.region) if tall else (one.region, one.sector)
        return across.index(pair[0]), down.index(pair[1])

    return option_of(
        grid={**ROOM, "right": 8, "bottom": 40},
        tooltip={},
        xAxis=axis(
            type="category", data=[names[id_] for id_ in across], position="top",
            axisLabel={"color": MUTED, "interval": 0, "rotate": 30, "fontSize": 11},
        ),
        yAxis=axis(
            type="category", data=[names[id_] for id_ in down], inverse=True,
            axisLabel={"color": MUTED, "interval": 0, "fontSize": 12},
        ),
        visualMap={
            "min": -most, "max": most, "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0,
            "itemHeight": 140, "itemWidth": 12, "inRange": {"color": [WORSE, SAME, BETTER]},
            "text": [number(most, 1, words, True), number(-most, 1, words, True)], "textStyle": {"color": MUTED},
        },
        series=[{
            "type": "heatmap", "data": [_cell(one, where(one), names, words) for one in here],
            "label": {"show": True, "formatter": "{b}"},
            "itemStyle": {"borderColor": WHITE, "borderWidth": 3, "borderRadius": 5},
        }],
    )  # fmt: skip


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
    label = {"fontWeight": "bold" if shown else "normal", "color": INK}
    return {"name": text, "value": [*where, rounded(one.difference)], "label": label, "tooltip": {"formatter": full}}


# ── who pays ────────────────────────────────────────────────────────────────────────────────────────────
def payers(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return who pays how much money a year since the first policy; None if nobody does.

    Args:
        found: What came out.
        focus: Name of the scenario whose years count for the reference.
        words: The language.
    """
    marks = marks_of(found, words)
    paid = {asked.name: [one for one in found.paid if one.scenario == asked.name] for asked in found.scenarios}
    if not paid[focus]:
        return None
    money = {(found.baseline.name, one.group): one.baseline for one in paid[focus] if not one.in_kind}
    money |= {(name, one.group): one.value for name, ones in paid.items() for one in ones if not one.in_kind}
    columns = ("scenario", "payer", "kind", "before", "after", "difference", "interval_low", "interval_high")
    return Figure(
        title=words("explore.question.payers"),
        sub=words("explore.sub.payers"),
        option=_bars(found, money, marks, words),
        head=[words(f"explore.table.{key}") for key in columns],
        rows=[_paid_row(one, marks, words) for ones in paid.values() for one in ones],
        summary=words("explore.alt.payers", title=marks[focus].title),
        file="who-pays",
        note=words("explore.note.payers"),
        about="public_euros",
        digits=2,
    )


def _bars(found: Comparison, money: Mapping[tuple[str, str], float], marks: Mapping[str, Mark], words: Words) -> Option:
    names = [found.baseline.name, *(asked.name for asked in found.scenarios)]
    groups = [group for group in PAYERS if any(group == paying for _, paying in money)]
    heads = [
        words(
            "explore.chart.total",
            name=name_at_end(marks[name], found, words),
            total=number(sum(money.get((name, group), 0.0) for group in groups) / 1e6, 1, words),
        )
        for name in names
    ]
    return option_of(
        grid={**ROOM, "top": 8, "right": 16, "bottom": 84},
        tooltip={"trigger": "axis", "axisPointer": {"type": "shadow"}, "valueFormatter": numbers(2)},
        legend={
            "bottom": 0, "left": 0, "icon": "roundRect", "itemWidth": 12, "itemHeight": 12, "textStyle": {"color": INK},
        },
        xAxis=values_axis(numbers(0)),
        yAxis=axis(type="category", data=heads, inverse=True, axisLabel={"color": INK, "fontWeight": 600}),
        series=[
            {
                "type": "bar", "stack": "paid", "name": words(f"compare.payer.{group}"), "barMaxWidth": 30,
                "itemStyle": {"color": PAYERS[group], "borderColor": WHITE, "borderWidth": 1},
                "data": [rounded(money.get((name, group), 0.0) / 1e6) for name in names],
            }
            for group in groups
        ],
    )  # fmt: skip


def _paid_row(one: Paid, marks: Mapping[str, Mark], words: Words) -> Row:
    kind = words("explore.table.in_kind" if one.in_kind else "explore.table.in_cash")
    values = (one.baseline, one.value, one.difference, one.low, one.high)
    return [marks[one.scenario].title, words(f"compare.payer.{one.group}"), kind, *(value / 1e6 for value in values)]


# ── who gains ───────────────────────────────────────────────────────────────────────────────────────────
def gains(found: Comparison, focus: str, words: Words) -> Figure | None:
    """Return which regions and sectors reach more students or fewer; None if none does.

    Args:
        found: What came out.
        focus: Name of the scenario of which intervals are shown.
        words: The language.
    """
    marks, names = marks_of(found, words), place_names(found.about, words)
    of = [one for one in found.gains if one.outcome == GAINED]
    here = [one for dimension in DIMENSIONS for one in of if (one.scenario, one.dimension) == (focus, dimension)]
    if not here:
        return None
    columns = ("scenario", "by", "group", "before", "after", "difference", "interval_low", "interval_high")
    title = marks[focus].title
    return Figure(
        title=words("explore.question.gains"),
        sub=words("explore.sub.gains", label=inside(outcome_label(GAINED, words)), title=title),
        option=option_of(
            grid={**ROOM, "top": 8, "right": 24},
            tooltip={},
            xAxis=values_axis(numbers(0, sign=True)),
            yAxis=axis(type="category", data=[names[one.group] for one in here], inverse=True,
                       axisLabel={"color": INK, "interval": 0, "fontSize": 12}),
            series=[*_whiskers(here, marks[focus]), *_dots(found, here, of, focus, marks, words)],
        ),
        head=[words(f"explore.table.{key}") for key in columns],
        rows=[_gain_row(one, marks, names, words) for one in of],
        summary=words("explore.alt.gains", title=title),
        file="who-gains",
        note=words("explore.note.many", n=len(here)),
        height=60 + ROW * len(here),
        about=GAINED,
        digits=0,
    )  # fmt: skip


def _gain_row(one: Gain, marks: Mapping[str, Mark], names: Mapping[str, str], words: Words) -> Row:
    by, values = words(f"compare_page.dimension.{one.dimension}"), (one.baseline, one.value, one.difference)
    return [marks[one.scenario].title, by, names[one.group], *values, one.low, one.high]


def _whiskers(here: Sequence[Gain], mark: Mark) -> list[Option]:
    """Return the intervals as thin bars that start at their lower end."""
    shared: Option = {"type": "bar", "stack": "interval", "stackStrategy": "all", "barWidth": 6, "silent": True}
    known = [one if math.isfinite(one.low) else None for one in here]
    low = [None if one is None else rounded(one.low) for one in known]
    wide = [None if one is None else rounded(one.high - one.low) for one in known]
    return [
        {**shared, "data": low, "itemStyle": {"color": "transparent"}},
        {**shared, "data": wide, "itemStyle": {"color": mark.colour, "opacity": 0.3, "borderRadius": 3}},
    ]


def _dots(
    found: Comparison, here: Sequence[Gain], of: Sequence[Gain], focus: str, marks: Mapping[str, Mark], words: Words
) -> Iterator[Option]:
    """Yield a series of dots for each scenario, the one in focus last and on top."""
    rows = {(one.dimension, one.group): place for place, one in enumerate(here)}
    for asked in sorted(found.scenarios, key=lambda asked: asked.name == focus):
        mine = [one for one in of if one.scenario == asked.name and (one.dimension, one.group) in rows]
        mark = marks[asked.name]
        yield {
            "type": "scatter",
            "name": mark.title,
            "symbolSize": 11 if asked.name == focus else 8,
            "itemStyle": {"color": mark.colour},
            "data": [_dot(one, rows[one.dimension, one.group], mark, words) for one in mine],
        }


def _dot(one: Gain, row: int, mark: Mark, words: Words) -> Option:
    full = words(
        "explore.chart.gain",
        title=mark.title,
        difference=bare(one.difference, "", words, True, (one.low, one.high)),
        interval=interval(one.low, one.high, "", words) if math.isfinite(one.low) else "–",
    )
    return {"value": [rounded(one.difference), row], "tooltip": {"formatter": full}}
