"""The best trade-offs for people: the mixes with their intervals, how far they fell back, and the same as data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from app.measures import (
    change,
    difference_json,
    interval,
    number_or_none,
    outcome_json,
    policy_title,
    unit,
)
from app.tables import new_table
from app.words import Words
from experiments.frontier import Frontier, Mix, Point, fell_back
from sim.ledger import CENTS

COST = "public_euros"


def heading(frontier: Frontier, words: Words) -> list[str]:
    """Return what was searched, and what came of it."""
    search = frontier.search
    return [
        words("frontier.title", scenario=words.pick(search.scenario, "title")),
        words(
            "frontier.about",
            budget=words.euros(search.budget_euro_year),
            mixes=len(frontier.searched),
            n=search.replicates,
        ),
        words(
            "frontier.again",
            front=frontier.front,
            points=len(frontier.points),
            n=search.check_replicates,
            stands=sum(point.stands for point in frontier.points),
        ),
    ]


def in_order(frontier: Frontier) -> list[Point]:
    """Return the mixes that were run again, from cheap to dear."""
    objectives = frontier.search.objectives
    cost = next((i for i, one in enumerate(objectives) if one.name == COST), None)
    return sorted(frontier.points, key=lambda one: one.mix.euro_year if cost is None else one.again[cost].mean)


def front_table(frontier: Frontier, words: Words) -> Table:
    """Return the mixes that were run again, each with its differences and their intervals."""
    table = new_table()
    table.add_column(words("frontier.mix"), ratio=1)
    for what in frontier.search.objectives:
        table.add_column(f"{words.pick(what, 'label')}\n({unit(what, words)})", justify="right")
    for number, point in enumerate(in_order(frontier)):
        if number:
            table.add_row()  # mixes take several lines
        cells = [
            f"{change(one.mean, what, words)}\n{interval(one, what, words)}"
            for what, one in zip(frontier.search.objectives, point.again, strict=True)
        ]
        name = mix_text(point.mix, words) + ("" if point.stands else f" ({words('frontier.falls')})")
        table.add_row(Text(name), *cells, style="" if point.stands else "dim")
    return table


def mix_text(mix: Mix, words: Words) -> str:
    """Return what a mix consists of."""
    kinds = {one.name: one.kind for one in mix.scenario.policies}
    money = [
        words("frontier.part", policy=policy_title(kinds[name], words), budget=words.euros(cents / CENTS))
        for name, cents in mix.budgets.items()
    ]
    rules = [policy_title(kinds[name], words) for name in mix.rules]
    return "\n".join([*money, *rules]) or words("frontier.nothing")


def fell_back_table(frontier: Frontier, words: Words) -> Table:
    """Return how much of what the search found was luck with its seeds."""
    table = new_table()
    table.add_column(words("frontier.objective"), ratio=1)
    for key in ("best_found", "best_again", "mean_found", "mean_again"):
        table.add_column(words(f"frontier.column.{key}"), justify="right")
    for row in fell_back(frontier):
        values = (row.best_found, row.best_again, row.mean_found, row.mean_again)
        name = f"{words.pick(row.objective, 'label')} ({unit(row.objective, words)})"
        table.add_row(name, *(change(value, row.objective, words) for value in values))
    return table


def footing(frontier: Frontier, words: Words) -> list[str]:
    """Return how to read it."""
    lines = [words("frontier.legend")]
    if frontier.failed:
        lines.append(words.count("frontier.failed", frontier.failed))
    return lines


# ── as data ─────────────────────────────────────────────────────────────────────────────────────────────
def frontier_json(frontier: Frontier) -> dict[str, Any]:
    """Return the front as data from which a chart can be drawn, with every mix of the search as its cloud."""
    search = frontier.search
    asked = ("budget_euro_year", "replicates", "check_replicates", "population", "generations", "keep", "seed")
    return {
        "scenario": search.scenario.name,
        **{key: getattr(search, key) for key in asked},
        "objectives": [outcome_json(what) for what in search.objectives],
        "front_in_search": frontier.front,
        "failed": frontier.failed,
        "points": [_point_json(point, frontier) for point in in_order(frontier)],
        "fell_back": [
            {"outcome": row.objective.name, **{key: value for key, value in vars(row).items() if key != "objective"}}
            for row in fell_back(frontier)
        ],
        "searched": [
            {**_mix_json(mix), "found": dict(zip(_names(frontier), (one.mean for one in found), strict=True))}
            for mix, found in frontier.searched
        ],
    }


def _names(frontier: Frontier) -> Iterator[str]:
    return (what.name for what in frontier.search.objectives)


def _mix_json(mix: Mix) -> dict[str, Any]:
    budgets = {name: cents / CENTS for name, cents in mix.budgets.items()}
    return {"budget_euro_year": mix.euro_year, "budgets": budgets, "rules": list(mix.rules)}


def _point_json(point: Point, frontier: Frontier) -> dict[str, Any]:
    outcomes = {
        name: {"found": number_or_none(one.mean), **difference_json(other)}
        for name, one, other in zip(_names(frontier), point.found, point.again, strict=True)
    }
    return {**_mix_json(point.mix), "stands": point.stands, "outcomes": outcomes}


def frontier_csv(frontier: Frontier) -> str:
    """Return the front with a line for each mix: its budgets, its rules, and each objective with its interval."""
    search, file = frontier.search, io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    money, rules = [one.name for one in search.money], [one.name for one in search.rules]
    ends = [f"{name}_{key}" for name in _names(frontier) for key in ("found", "difference", "low", "high")]
    writer.writerow(["stands", "budget_euro_year", *money, *rules, *ends])
    for point in in_order(frontier):
        mix = point.mix
        budgets = [mix.budgets.get(name, 0) / CENTS for name in money]
        values = [
            number_or_none(value)
            for one, other in zip(point.found, point.again, strict=True)
            for value in (one.mean, other.mean, other.low, other.high)
        ]
        writer.writerow([point.stands, mix.euro_year, *budgets, *(name in mix.rules for name in rules), *values])
    return file.getvalue()
