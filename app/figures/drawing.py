"""How figures are drawn: lines with bands, axes and colours, as ECharts takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

INK, MUTED, HAIRLINE, ORANGE, WHITE = "#14243B", "#5B6B80", "#E7ECF2", "#C2570C", "#FFFFFF"
ROOM = {"left": 8, "top": 36, "bottom": 8, "containLabel": True}
"""Where a figure stands in its frame."""
PLOT, LINE = 240.0, 15.0
"""Height of what is drawn in a figure, about, and of a line of text; in pixels."""

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
        lift: Pixels that its name is moved down, so that names do not cover each other.
    """

    name: str
    colour: str
    dashed: bool
    values: Sequence[float | None]
    bands: Sequence[Ends] = ()
    width: float = 2.5
    lift: float = 0.0


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
        "data": list(map(rounded, course.values)),
        "showSymbol": False,
        "z": 3,
        "lineStyle": {"color": course.colour, "width": course.width, "type": "dashed" if course.dashed else "solid"},
        "itemStyle": {"color": course.colour},
        "endLabel": {
            "show": True,
            "formatter": "{a}",
            "color": course.colour,
            "fontWeight": 600,
            "offset": [6, course.lift],
        },
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
        {**shared, "name": f"{stack}-low", "data": list(map(rounded, low))},
        {**shared, "name": f"{stack}-high", "data": list(map(rounded, between)), "areaStyle": area},
    )


def apart(courses: Sequence[Course], top: float) -> list[Course]:
    """Return lines whose names do not cover each other: those that end at about the same height make room.

    Args:
        courses: The lines.
        top: The highest value of the figure.
    """
    height = [PLOT * (1.0 - (_last(one) or 0.0) / (top or 1.0)) for one in courses]
    groups: list[list[int]] = []
    for place in sorted(range(len(courses)), key=lambda place: height[place]):
        groups.append([place])
        while len(groups) > 1 and _cover(height, *groups[-2:]):
            groups[-2:] = [groups[-2] + groups[-1]]
    at = {place: _first_line(group, height) + LINE * rank for group in groups for rank, place in enumerate(group)}
    return [replace(one, lift=round(at[place] - height[place], 1)) for place, one in enumerate(courses)]


def _cover(height: Sequence[float], upper: Sequence[int], lower: Sequence[int]) -> bool:
    return _first_line(lower, height) < _first_line(upper, height) + LINE * len(upper)


def _first_line(group: Sequence[int], height: Sequence[float]) -> float:
    """Return where the first of some names stands that are put around the middle of their lines."""
    return sum(height[place] for place in group) / len(group) - LINE * (len(group) - 1) / 2.0


def _last(course: Course) -> float | None:
    return next((value for value in reversed(course.values) if value is not None), None)


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
    label = {"color": MUTED, "fontSize": 12, "formatter": written, "hideOverlap": True}
    return axis(type="value", splitLine={"lineStyle": {"color": HAIRLINE}}, axisLabel=label, **changes)


def option_of(**parts: Any) -> Option:
    """Return an option in the style of all figures."""
    return {"animation": False, "textStyle": {"color": INK, "fontFamily": "Roboto, sans-serif"}, **parts}
