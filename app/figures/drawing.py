"""How figures are drawn: lines with bands, axes and colours, as ECharts takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

INK, MUTED, HAIRLINE, ORANGE, WHITE = "#14243B", "#5B6B80", "#E7ECF2", "#C2570C", "#FFFFFF"
ROOM = {"left": 8, "top": 36, "bottom": 8, "containLabel": True}
"""Where a figure stands in its frame."""

type Option = dict[str, Any]
type Ends = tuple[Sequence[float | None], Sequence[float | None]]
"""The lower and the upper end of a band."""


@dataclass(frozen=True)
class Course:
    """A line with its bands.

    Attributes:
        name: What stands at its end.
        colour: Its colour.
        dashed: Whether it is dashed, as the reference is.
        values: Its height; None where there is none.
        bands: Lower and upper ends of its bands, the widest first.
        width: How thick it is.
        places: Where its values are on the horizontal axis; not needed if that has categories.
    """

    name: str
    colour: str
    dashed: bool
    values: Sequence[float | None]
    bands: Sequence[Ends] = ()
    width: float = 2.5
    places: Sequence[float] = ()


def series(course: Course, number: int, step: bool = False) -> list[Option]:
    """Return a line and its bands, which lie behind it and tell nothing of themselves.

    Args:
        course: The line.
        number: Its place among the lines of the figure, as bands are stacked by name.
        step: Whether a value holds until the next place.
    """
    line: Option = {
        "type": "line",
        "name": course.name,
        "data": _data(course.places, course.values),
        "showSymbol": False,
        "z": 3,
        "lineStyle": {"color": course.colour, "width": course.width, "type": "dashed" if course.dashed else "solid"},
        "itemStyle": {"color": course.colour},
        "endLabel": {"show": True, "formatter": "{a}", "color": course.colour, "fontWeight": 600, "distance": 6},
        "labelLayout": {"moveOverlap": "shiftY"},
        "emphasis": {"disabled": True},
    }
    areas = [
        area
        for place, (low, high) in enumerate(course.bands)
        for area in _band(f"band-{number}-{place}", low, high, course)
    ]
    return [{**each, **({"step": "end"} if step else {})} for each in (*areas, line)]


def _band(
    stack: str, low: Sequence[float | None], high: Sequence[float | None], course: Course
) -> tuple[Option, Option]:
    """Return what ECharts stacks: the lower end, not drawn, and on it what is between the ends."""
    between = [None if a is None or b is None else b - a for a, b in zip(low, high, strict=True)]
    shared: Option = {
        "type": "line",
        "stack": stack,
        "stackStrategy": "all",
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
        "emphasis": {"disabled": True},
        "z": 1,
    }
    area = {"color": course.colour, "opacity": 0.16}
    return (
        {**shared, "name": f"{stack}-low", "data": _data(course.places, low)},
        {**shared, "name": f"{stack}-high", "data": _data(course.places, between), "areaStyle": area},
    )


def _data(places: Sequence[float], values: Sequence[float | None]) -> list[Any]:
    shown = [rounded(value) for value in values]
    return [list(pair) for pair in zip(places, shown, strict=True)] if places else shown


def numbers(digits: int = 0, unit: str = "", sign: bool = False) -> Option:
    """Return what stands for a function that writes a number in the language of the page."""
    return {"$number": {"digits": digits, "unit": unit, "sign": sign}}


def rounded(value: float | None, figures: int = 4) -> float | None:
    """Return a number with as many figures as can be seen; None where JSON has no number."""
    if value is None or not math.isfinite(value):
        return None
    if value == 0.0:
        return 0.0
    return round(value, figures - 1 - math.floor(math.log10(abs(value))))


def upright(text: str, at: Any, colour: str) -> Option:
    """Return a line over the height of a figure at one place of its horizontal axis, with what it is on top."""
    return {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"color": colour, "width": 1.5, "type": "solid"},
        "label": {"formatter": text, "color": colour, "fontWeight": 600, "position": "end"},
        "data": [{"xAxis": at}],
    }


def axis(**changes: Any) -> Option:
    """Return an axis in the style of all figures."""
    plain: Option = {
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {"color": MUTED, "fontSize": 12},
        "splitLine": {"show": False},
        "nameTextStyle": {"color": MUTED, "fontSize": 12},
    }
    return {**plain, **changes}


def values_axis(written: Option, **changes: Any) -> Option:
    """Return an axis of numbers, with hairlines and what writes them."""
    label = {"color": MUTED, "fontSize": 12, "formatter": written}
    return axis(type="value", splitLine={"lineStyle": {"color": HAIRLINE}}, axisLabel=label, **changes)


def option_of(**parts: Any) -> Option:
    """Return an option in the style of all figures."""
    return {"animationDuration": 300, "textStyle": {"color": INK, "fontFamily": "Roboto, sans-serif"}, **parts}
