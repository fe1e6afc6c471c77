"""Charts as SVG that stands in a page: no file beside it, the same for the same numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def _svg(name: str, draw: Callable[[Axes], None], show: Show) -> str:
    with rc_context({**STYLE, "svg.hashsalt": name}):  # ids that differ between the charts of a page
        figure = Figure(SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show(value)))
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
