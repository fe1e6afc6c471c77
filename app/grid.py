"""A grid for people: heat maps in the terminal and as SVG, and the same as data."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from rich.color import Color
from rich.style import Style
from rich.table import Table
from rich.text import Text

from app.measures import (
    better,
    change,
    difference_json,
    level,
    number_or_none,
    outcome_json,
    plain_unit,
    policy_title,
    setting_title,
    unit,
    value_text,
)
from app.words import Words
from experiments.evaluations import Difference
from experiments.grid import Grid
from sim.outcomes import Outcome

WHITE, BETTER, WORSE, INK = (255, 255, 255), (15, 118, 110), (194, 87, 12), (20, 36, 59)
UNSURE = "○"
DARKEST = 0.75  # of a colour: letters on it can still be read

type Colour = tuple[int, int, int]


def heading(grid: Grid, words: Words) -> list[str]:
    """Return what the grid is about."""
    design, plan = grid.design, grid.design.plan
    policy, scenario = policy_title(design.kind, words), words.pick(design.reference, "title")
    return [
        words.pick(plan, "title"),
        words("grid.about", policy=policy, scenario=scenario),
        words("grid.pairs", n=words.number(grid.replicates), share=words.percent(plan.scale)),
        axes(grid, words),
    ]


def tables(grid: Grid, words: Words) -> Iterator[tuple[str, Table, str]]:
    """Yield a heat map of each outcome: what it is of, the cells, and how many of them show a difference."""
    for number, what in enumerate(grid.design.outcomes):
        reference = level(grid.reference[number], what, words)
        title = words("grid.outcome", label=words.pick(what, "label"), unit=unit(what, words), reference=reference)
        cells = [cell[number] for row in grid.cells for cell in row]
        shown = words("grid.shown", shown=sum(cell.shown for cell in cells), cells=len(cells))
        yield title, _table(grid, number, words), shown


def _table(grid: Grid, number: int, words: Words) -> Table:
    design, plan = grid.design, grid.design.plan
    table = Table(box=None, pad_edge=False, padding=(0, 0), header_style="bold")
    table.add_column("")
    for value in plan.columns.values:
        table.add_column(f" {value_text(value, words)} ", justify="right", no_wrap=True)
    what, most = design.outcomes[number], largest(grid, number)
    for value, row in zip(plan.rows.values, grid.cells, strict=True):
        cells = [_cell(cell[number], what, most, words) for cell in row]
        table.add_row(Text(value_text(value, words), style="bold"), *cells)
    return table


def _cell(one: Difference, what: Outcome, most: float, words: Words) -> Text:
    text = f" {cell_text(one, what, words)} "
    if not one.mean or not math.isfinite(one.mean):
        return Text(text)
    shade = Color.from_rgb(*colour(better(one.mean, what) / most))
    return Text(text, style=Style(color=Color.from_rgb(*INK), bgcolor=shade))


def cell_text(one: Difference, what: Outcome, words: Words) -> str:
    """Return a difference, marked if its interval includes zero."""
    return change(one.mean, what, words) + (f" {UNSURE}" if not one.shown else "  ")


def axes(grid: Grid, words: Words) -> str:
    """Return what stands down the side and along the top."""
    design, plan = grid.design, grid.design.plan
    rows, columns = (setting_title(design.kind, lever.setting, words) for lever in (plan.rows, plan.columns))
    return words("grid.axes", rows=rows, columns=columns)


def largest(grid: Grid, number: int) -> float:
    """Return the largest difference of an outcome, which gets the darkest colour, whether it is shown or not.

    A colour for what is shown alone would give the smallest the darkest where larger ones are less sure.
    """
    means = (cell[number].mean for row in grid.cells for cell in row)
    return max((abs(mean) for mean in means if math.isfinite(mean)), default=0.0) or 1.0


def colour(part: float) -> Colour:
    """Return a colour for a part of the largest difference, from -1 (worse) to 1 (better); white if undefined."""
    if not math.isfinite(part):
        return WHITE
    end = BETTER if part > 0 else WORSE
    red, green, blue = (round(w + DARKEST * min(abs(part), 1.0) * (e - w)) for w, e in zip(WHITE, end, strict=True))
    return red, green, blue


def footing(grid: Grid, words: Words) -> list[str]:
    """Return how to read it."""
    lines = [words("grid.legend", mark=UNSURE), words("grid.many")]
    if grid.failed:
        lines.append(words.count("grid.failed", grid.failed))
    return lines


# ── as data ─────────────────────────────────────────────────────────────────────────────────────────────
def grid_json(grid: Grid) -> dict[str, Any]:
    """Return a grid as data from which a chart can be drawn."""
    design, plan = grid.design, grid.design.plan
    return {
        "plan": plan.model_dump(),
        "identity": plan.digest(),
        "policy": design.kind,
        "replicates": grid.replicates,
        "failed": grid.failed,
        "rows": {"setting": plan.rows.setting, "values": plan.rows.values},
        "columns": {"setting": plan.columns.setting, "values": plan.columns.values},
        "outcomes": [
            {
                **outcome_json(what),
                "reference": number_or_none(grid.reference[number]),
                "cells": [[difference_json(cell[number]) for cell in row] for row in grid.cells],
            }
            for number, what in enumerate(design.outcomes)
        ],
    }


def grid_csv(grid: Grid) -> str:
    """Return a grid with a line for each cell and outcome."""
    plan, file = grid.design.plan, io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    ends = ("difference", "low", "high", "shown", "reference")
    writer.writerow(["outcome", "unit", plan.rows.setting, plan.columns.setting, *ends])
    for number, what in enumerate(grid.design.outcomes):
        for row_value, row in zip(plan.rows.values, grid.cells, strict=True):
            for column_value, cell in zip(plan.columns.values, row, strict=True):
                values = difference_json(cell[number]).values()
                reference = number_or_none(grid.reference[number])
                writer.writerow([what.name, plain_unit(what), row_value, column_value, *values, reference])
    return file.getvalue()
