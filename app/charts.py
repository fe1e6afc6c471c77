"""Charts as SVG that stands in a page: no file beside it, the same for the same numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from app.words import Words
from calibration.validate import Band

INK, MUTED, HAIRLINE, TEAL, ORANGE = "#14243B", "#64748B", "#E7ECF2", "#0F766E", "#C2570C"
PRIOR = "#DDE5EC"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.edgecolor": HAIRLINE,
    "axes.labelcolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": HAIRLINE,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
}
SIZE = (4.8, 3.3)  # inches; small enough that letters can be read on a telephone

type Show = Callable[[float], str]


@dataclass(frozen=True)
class Point:
    """A reported number: when, how much, with what tolerance, and whether it was held back."""

    year: float
    value: float
    tolerance: float
    held_back: bool


def band_chart(name: str, band: Band, points: Sequence[Point], show: Show, axis: str = "") -> str:
    """Draw a band over years with what was reported.

    Args:
        name: Name of the chart, unique in the page.
        band: The band.
        points: What was reported.
        show: Writes a value of the vertical axis.
        axis: What stands under the horizontal axis.
    """

    def draw(axes: Axes) -> None:
        _band(axes, band, TEAL, prior=True)
        for point in points:
            _point(axes, point)
        ends = [*band.high_90, *(point.value + point.tolerance for point in points)]
        starts = [*band.low_90, *(point.value - point.tolerance for point in points)]
        axes.set_ylim(*_limits(starts, ends))
        axes.set_xlabel(axis)

    return _svg(name, draw, show)


def two_bands_chart(name: str, bands: Sequence[tuple[str, Band]], show: Show) -> str:
    """Draw two bands over years, each with its label at its end."""

    def draw(axes: Axes) -> None:
        for (label, band), colour in zip(bands, (TEAL, MUTED), strict=True):
            _band(axes, band, colour, prior=False)
            axes.annotate(
                label, (band.years[-1], band.median[-1]), (-2, 6), textcoords="offset points", color=colour, ha="right"
            )
        axes.set_ylim(0, None)

    return _svg(name, draw, show)


def whole_share(words: Words) -> Show:
    """Return what writes a share as a whole percentage."""
    return lambda share: words("number.percent", number=words.number(100.0 * share))


@dataclass(frozen=True)
class Line:
    """A line with its band, and the letter that stands at its end.

    Attributes:
        letter: What it is called in the whole page.
        colour: Its colour.
        dashed: Whether it is dashed, as the reference is.
        places: Where it is on the horizontal axis, in years.
        values: How high it is.
        low: Lower end of the band.
        high: Upper end of the band.
    """

    letter: str
    colour: str
    dashed: bool
    places: Sequence[float]
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def steps_chart(name: str, lines: Sequence[Line], show: Show, axis: str, alt: str) -> str:
    """Draw shares that fall in steps, from 100% at time 0, with what is not known of them.

    Args:
        name: Name of the chart, unique in the page.
        lines: The curves; each value holds until the next place.
        show: Writes a value of the vertical axis.
        axis: What stands under the horizontal axis.
        alt: What it shows, for those who cannot see it.
    """

    def draw(axes: Axes) -> None:
        for line in lines:
            axes.fill_between(line.places, line.low, line.high, step="post", color=line.colour, alpha=0.18, linewidth=0)
            axes.step(line.places, line.values, where="post", **_stroke(line))
        axes.set_ylim(0.0, 1.03)
        axes.set_xlim(0.0, None)
        axes.set_xlabel(axis)
        _letters(axes, lines)

    return _told(_svg(name, draw, show), alt)


def series_chart(name: str, lines: Sequence[Line], show: Show, since: float, alt: str) -> str:
    """Draw outcomes over the years with bands, and a hairline where the first policy starts."""

    def draw(axes: Axes) -> None:
        for line in lines:
            axes.fill_between(line.places, line.low, line.high, color=line.colour, alpha=0.15, linewidth=0)
            axes.plot(line.places, line.values, **_stroke(line))
        axes.axvline(since, color=MUTED, linewidth=1, dashes=(2, 2))
        axes.margins(x=0.01)
        axes.set_ylim(0.0, None)
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))  # 2.5 would need more decimals
        _letters(axes, lines)

    return _told(_svg(name, draw, show), alt)


@dataclass(frozen=True)
class Bar:
    """A bar of parts that are put one after the other: how large each is, and its colour."""

    letter: str
    colour: str
    parts: Sequence[tuple[float, str]]


def stacked_chart(name: str, bars: Sequence[Bar], show: Show, axis: str, alt: str) -> str:
    """Draw bars from left to right, the first on top, each with its letter before it and its total behind it."""

    def draw(axes: Axes) -> None:
        for place, bar in enumerate(bars):
            start = 0.0
            for size, colour in bar.parts:
                axes.barh(place, size, left=start, height=0.62, color=colour, edgecolor="white", linewidth=0.8)
                start += size
            axes.annotate(show(start), (start, place), (5, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(bars)), [bar.letter for bar in bars], fontweight="bold")
        for tick, bar in zip(axes.get_yticklabels(), bars, strict=True):
            tick.set_color(bar.colour)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.16)
        axes.set_xlim(0.0, None)
        axes.set_xlabel(axis)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))

    size = (SIZE[0], 0.95 + 0.42 * len(bars))
    return _told(_svg(name, draw, None, size), alt)


def _stroke(line: Line) -> dict[str, Any]:
    return {"color": line.colour, "linewidth": 2, "linestyle": (0, (4, 1.5)) if line.dashed else "solid"}


def _letters(axes: Axes, lines: Sequence[Line]) -> None:
    """Write the letter of each line at its end, moved apart where they would cover each other."""
    low, high = axes.get_ylim()
    gap, before = 0.07 * (high - low), -float("inf")
    for line in sorted(lines, key=lambda line: line.values[-1]):
        before = max(line.values[-1], before + gap)
        place = (line.places[-1], before)
        axes.annotate(
            line.letter, place, (5, 0), textcoords="offset points", color=line.colour, va="center", fontweight="bold",
            annotation_clip=False,
        )  # fmt: skip


def _told(svg: str, alt: str) -> str:
    """Say what a chart shows to those who cannot see it."""
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def _band(axes: Axes, band: Band, colour: str, prior: bool) -> None:
    if prior:
        axes.fill_between(band.years, band.prior_low_90, band.prior_high_90, color=PRIOR, linewidth=0)
    axes.fill_between(band.years, band.low_90, band.high_90, color=colour, alpha=0.3, linewidth=0)
    axes.plot(band.years, band.median, color=colour, linewidth=2)
    axes.margins(x=0.02)


def _point(axes: Axes, point: Point) -> None:
    axes.errorbar(
        point.year,
        point.value,
        point.tolerance,
        color=ORANGE,
        marker="o",
        markersize=6,
        markerfacecolor="white" if point.held_back else ORANGE,
        markeredgewidth=1.5,
        linewidth=1.5,
    )


def _limits(starts: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Return limits that hold what matters; a wider prior runs off the edge."""
    low, high = min(starts), max(ends)
    room = 0.15 * (high - low)
    return max(low - room, 0.0), high + room


def _svg(name: str, draw: Callable[[Axes], None], show: Show | None, size: tuple[float, float] = SIZE) -> str:
    with rc_context({**STYLE, "svg.hashsalt": name}):  # ids that differ between the charts of a page
        figure = Figure(size, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        if show is not None:  # the bars of a stack write their own
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    return _inline(file.getvalue())


def _inline(svg: str) -> str:
    """Leave out what only a file of its own needs, such as the addresses of its namespaces."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg).replace("xlink:href", "href")
    return re.sub(r'\s(width|height)="[\d.]+pt"', "", svg, count=2)
