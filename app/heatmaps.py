"""The heat maps of a grid as one SVG file, the same for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.charts import MUTED, STYLE
from app.grid import UNSURE, cell_text, colour, largest
from app.grid import axes as axes_text
from app.measures import better, setting_title, unit, value_text
from app.words import Words
from experiments.grid import Grid

CELL, SIDE = (0.85, 0.42), (2.2, 1.5)  # inches: a cell, and what stands around the cells


def heatmaps_svg(grid: Grid, words: Words) -> str:
    """Draw a heat map of each outcome, one below the other."""
    plan, count = grid.design.plan, len(grid.design.outcomes)
    width = SIDE[0] + CELL[0] * len(plan.columns.values)
    height = SIDE[1] + CELL[1] * len(plan.rows.values)
    with rc_context({**STYLE, "axes.grid": False, "svg.hashsalt": axes_text(grid, words)}):
        figure = Figure((width, height * count), layout="constrained")
        figure.suptitle(words.pick(plan, "title"), fontweight="bold")
        for number in range(count):
            _draw(figure.add_subplot(count, 1, number + 1), grid, number, words)
        figure.supxlabel(words("grid.mark", mark=UNSURE), fontsize=9, color=MUTED)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None}, facecolor="white")
    return file.getvalue()


def _draw(axes: Axes, grid: Grid, number: int, words: Words) -> None:
    design, plan = grid.design, grid.design.plan
    what, most = design.outcomes[number], largest(grid, number)
    shades = np.array(
        [[colour(better(cell[number].mean, what) / most) for cell in row] for row in grid.cells], dtype=np.uint8
    )
    axes.imshow(shades, aspect="auto")
    for y, row in enumerate(grid.cells):
        for x, cell in enumerate(row):
            text = cell_text(cell[number], what, words).strip()
            axes.text(x, y, text, ha="center", va="center", fontsize=9)
    axes.set_title(
        words("grid.chart", label=words.pick(what, "label"), unit=unit(what, words)), loc="left", fontsize=11
    )
    axes.set_xticks(range(len(plan.columns.values)), _values(plan.columns.values, words))
    axes.set_yticks(range(len(plan.rows.values)), _values(plan.rows.values, words))
    axes.set_xlabel(setting_title(design.kind, plan.columns.setting, words))
    axes.set_ylabel(setting_title(design.kind, plan.rows.setting, words))
    for spine in axes.spines.values():
        spine.set_visible(False)


def _values(values: Sequence[object], words: Words) -> list[str]:
    return [value_text(value, words) for value in values]
