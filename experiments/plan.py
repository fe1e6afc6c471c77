"""Plans of batches: which scenarios, with which parameters and seeds, and what is kept of the runs."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from scipy.stats import qmc

from agents.columns import Floats
from agents.errors import InputError
from agents.parameters import make_parameters
from experiments.cases import MOST_CASES, Batch, Case, Frequency, Keep, Setting
from experiments.draws import POSTERIOR, load_draws
from experiments.plan_file import PlanFile, PlanPart, beside, read_plan
from experiments.priors import Prior, uncertain
from experiments.runner import MOST_SEED
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import Scenario, load_scenario
from sim.calendar import last_quarter
from sim.outcomes import OUTCOMES, find_outcome

MOST_DRAWS = 100_000
SOURCES = {
    "default": (),
    "posterior": ("count", "folder"),
    "lhs": ("count", "seed", "parameters"),
    "sobol": ("count", "seed", "parameters"),
    "table": ("file",),
}
"""Where draws come from, and the settings that belong to it."""

type Draws = Sequence[Mapping[str, float]]


class DrawsAsked(PlanPart):
    """Which values the parameters get.

    Attributes:
        source: `default` is one draw, the central set. `posterior` takes the first draws of the fitted posterior.
            `lhs` (Latin hypercube) and `sobol` (a scrambled Sobol sequence) spread parameters over their ranges.
            `table` takes the rows of a CSV file.
        count: How many draws.
        folder: Of a posterior that is not the one of this project.
        seed: Of the spread over the ranges.
        parameters: Which are spread; by default all that are uncertain. The others have their default.
        file: CSV file beside the plan, with names of parameters in its first line.
    """

    source: Literal["default", "posterior", "lhs", "sobol", "table"]
    count: int = Field(default=1, ge=1, le=MOST_DRAWS)
    folder: str | None = None
    seed: int = Field(default=1, ge=0, le=MOST_SEED)
    parameters: tuple[str, ...] | None = Field(default=None, min_length=1, strict=False)
    file: str | None = None


class Plan(PlanFile):
    """A batch that can be run: every scenario with every draw and every seed.

    Attributes:
        region: A named region, or the folder of a region pack.
        scenarios: Named scenarios, or files beside the plan.
        until: Last quarter; by default that of each scenario.
        scale: Share of the firms that is simulated.
        seed: The first seed.
        seeds: How many; the next has seed + 1. All scenarios and draws have the same.
        draws: Which values the parameters get; what a scenario sets stays as it sets it.
        outcomes: What is kept; by default every outcome.
        frequency: How often; see `experiments.cases.Keep`.
        provinces: Whether every province is kept, or only all together.
    """

    kind: Literal["batch"]
    region: str = "noord-brabant"
    scenarios: tuple[str, ...] = Field(min_length=1, max_length=10_000, strict=False)
    until: str | None = None
    scale: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)
    seed: int = Field(default=1, ge=0, le=MOST_SEED)
    seeds: int = Field(default=1, ge=1, le=MOST_CASES)
    draws: DrawsAsked = DrawsAsked(source="default")
    outcomes: tuple[str, ...] = Field(default=OUTCOMES, min_length=1, strict=False)
    frequency: Frequency = "year"
    provinces: bool = False


def load_plan(name_or_file: str) -> Batch:
    """Load a named plan or a plan file, and make its cases.

    Raises:
        InputError: If it is unknown, cannot be read, or says something that is not allowed.
    """
    plan, path = read_plan(name_or_file, Plan)
    return make_batch(plan, path)


def make_batch(plan: Plan, path: Path) -> Batch:
    """Make the cases of a plan: for each draw and each seed all scenarios, so that they can be compared early on.

    Args:
        plan: The plan.
        path: Its file; files that it names are looked for beside it.

    Raises:
        InputError: If the plan names something that is not there, or is too large.
    """
    where = path.name
    if plan.seed + plan.seeds - 1 > MOST_SEED:
        raise InputError(f"the last seed is {plan.seed + plan.seeds - 1}", where, f"at most {MOST_SEED}")
    keep = Keep(
        tuple(find_outcome(name, f"{where}, outcomes").name for name in plan.outcomes), plan.frequency, plan.provinces
    )
    if len(set(keep.outcomes)) < len(keep.outcomes):
        raise InputError("outcomes has the same outcome twice", where, "outcomes that differ")
    pack, national = load_region(plan.region), load_national()
    scenarios = [_scenario(name, plan, path) for name in plan.scenarios]
    draws = make_draws(plan.draws, path)
    size = len(scenarios) * len(draws) * plan.seeds
    if size > MOST_CASES:
        raise InputError(f"asks for {size:,} runs", where, f"{MOST_CASES:,} runs at most")
    sets = {
        (number, scenario.name): make_parameters({**draw, **scenario.parameters}, f"{where}, draw {number}")
        for number, draw in enumerate(draws)
        for scenario in scenarios
    }
    cases = tuple(
        Case(scenario, number, seed, sets[number, scenario.name])
        for number in range(len(draws))
        for seed in range(plan.seed, plan.seed + plan.seeds)
        for scenario in scenarios
    )
    return Batch(plan.name, Setting(pack, national, plan.scale, keep), cases)


def _scenario(name: str, plan: Plan, path: Path) -> Scenario:
    scenario = load_scenario(beside(path, name))
    if plan.until is None:
        return scenario
    return scenario.model_copy(update={"until": last_quarter(plan.until, f"{path.name}, until")})


def make_draws(asked: DrawsAsked, path: Path) -> Draws:
    """Return the values of the parameters of every draw, by name; what is not named has its default.

    Args:
        asked: What is asked.
        path: File of the plan.

    Raises:
        InputError: If settings do not belong together, or name something that is not there.
    """
    where = f"{path.name}, draws"
    if alien := asked.model_fields_set - {"source", *SOURCES[asked.source]}:
        allowed = ", ".join(SOURCES[asked.source]) or "nothing else"
        raise InputError(f"{min(alien)} does not belong to draws from {asked.source}", where, allowed)
    match asked.source:
        case "default":
            return [{}]
        case "posterior":
            return load_draws(asked.folder or POSTERIOR, asked.count, where)
        case "table":
            return _table(asked, path, where)
    ranges = _ranges(asked, where)
    values = ranges.values(_spread(asked, len(ranges.names), where))
    return [dict(zip(ranges.names, row, strict=True)) for row in values.tolist()]


def _ranges(asked: DrawsAsked, where: str) -> Prior:
    ranges = uncertain()
    if asked.parameters is None:
        return ranges
    if unknown := [name for name in asked.parameters if name not in ranges.names]:
        raise InputError(
            f"parameter {unknown[0]!r} is not uncertain",
            where,
            "parameters with a range, as `pps parameters` lists them",
        )
    return ranges.without(set(ranges.names) - set(asked.parameters))


def _spread(asked: DrawsAsked, width: int, where: str) -> Floats:
    """Return shares of the ranges, shape (draws, parameters)."""
    rng = np.random.default_rng(asked.seed)
    if asked.source == "lhs":
        shares: Floats = qmc.LatinHypercube(width, rng=rng).random(asked.count)
        return shares
    power = asked.count.bit_length() - 1
    if asked.count != 2**power:
        raise InputError(f"count is {asked.count}", where, "a power of two for sobol: 2, 4, 8, 16 and so on")
    balanced: Floats = qmc.Sobol(width, rng=rng).random_base2(power)
    return balanced


def _table(asked: DrawsAsked, path: Path, where: str) -> Draws:
    """Return the rows of a table."""
    if asked.file is None:
        raise InputError("file is missing", where, "a CSV file with names of parameters in its first line")
    file = path.parent / asked.file
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            names, *rows = list(csv.reader(lines)) or [[]]
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"file {asked.file!r} cannot be read ({reason})", where, "a CSV file beside the plan"
        ) from None
    if not names or not rows or len(set(names)) < len(names):
        raise InputError(
            "holds no draws", asked.file, "names of parameters, each once, and a line of values for each draw"
        )
    return [_row(names, row, f"{asked.file}, line {number}") for number, row in enumerate(rows, start=2)]


def _row(names: Sequence[str], row: Sequence[str], where: str) -> dict[str, float]:
    try:
        values = dict(zip(names, map(float, row), strict=True))
    except ValueError:
        raise InputError(f"has {', '.join(row)[:80]!r}", where, f"{len(names)} numbers") from None
    make_parameters(values, where)
    return values
