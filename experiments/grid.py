"""Full factorials of two settings of one policy: what each pair of values changes, on common random numbers."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from agents.errors import InputError
from experiments.evaluations import Advance, Difference, Evaluation, difference, evaluate
from experiments.plan_file import PlanFile, PlanPart, beside, read_plan
from experiments.runner import MOST_REPLICATES, MOST_SEED, Experiment
from scenarios.policies import make_policies, settings_of
from scenarios.scenario import Scenario, load_scenario
from sim.outcomes import Outcome, find_outcome

MOST_VALUES = 40  # of a lever: a heat map that can still be read

NO_SETTINGS = ("name", "type")

type Value = StrictBool | StrictInt | StrictFloat | StrictStr
type Make = Callable[[Scenario, int, int], Experiment]
"""Makes an experiment of a scenario, a seed and a number of replicates."""


class Lever(PlanPart):
    """A setting of the policy, and the values that it gets."""

    setting: str = Field(min_length=1, max_length=60)
    values: tuple[Value, ...] = Field(min_length=1, max_length=MOST_VALUES, strict=False)


class Plan(PlanFile):
    """A grid that can be run.

    Attributes:
        scenario: Name or file of the scenario in which the policy is set; without that policy it is the reference.
        policy: Name of the policy in the scenario, or the kind of one that it does not have.
        settings: Settings of the policy that every cell shares.
        rows: The lever down the side.
        columns: The lever along the top.
        outcomes: What is measured.
        replicates: Of every cell, if nobody asks for another number.
        seed: Of replicate 0; likewise.
        scale: Share of the firms that is simulated; likewise.
    """

    kind: Literal["grid"]
    scenario: str = "baseline"
    policy: str = Field(min_length=1, max_length=60)
    settings: dict[str, Any] = Field(default_factory=dict)
    rows: Lever
    columns: Lever
    outcomes: tuple[str, ...] = Field(min_length=1, max_length=20, strict=False)
    replicates: int = Field(default=16, ge=1, le=MOST_REPLICATES)
    seed: int = Field(default=1, ge=0, le=MOST_SEED)
    scale: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)

    def digest(self) -> str:
        """Return the SHA-256 of what is asked, whatever the file it came from."""
        text = json.dumps(self.model_dump(), sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Design:
    """A plan with the scenario of every cell.

    Attributes:
        plan: The plan.
        kind: Kind of the policy.
        outcomes: What is measured.
        reference: The scenario without the policy.
        cells: The scenarios, row by row.
    """

    plan: Plan
    kind: str
    outcomes: tuple[Outcome, ...]
    reference: Scenario
    cells: tuple[tuple[Scenario, ...], ...]

    def with_sizes(self, replicates: int | None, seed: int | None, scale: float | None) -> Design:
        """Return the design with other replicates, seed or scale than planned."""
        asked = {"replicates": replicates, "seed": seed, "scale": scale}
        plan = self.plan.model_copy(update={key: value for key, value in asked.items() if value is not None})
        return replace(self, plan=plan)

    @property
    def size(self) -> int:
        """How many scenarios it has, the reference included."""
        return 1 + len(self.plan.rows.values) * len(self.plan.columns.values)


@dataclass(frozen=True)
class Grid:
    """What came of a design.

    Attributes:
        design: The design.
        reference: Mean of each outcome without the policy.
        cells: Differences of each outcome, row by row.
        replicates: Replicates of every cell.
        failed: How many replicates failed, in all cells together.
    """

    design: Design
    reference: tuple[float, ...]
    cells: tuple[tuple[tuple[Difference, ...], ...], ...]
    replicates: int
    failed: int


def load_grid(name_or_file: str) -> Design:
    """Load a named plan or a plan file, and make the scenario of every cell.

    Raises:
        InputError: If it is unknown, cannot be read, or says something that is not allowed.
    """
    return _design(*read_plan(name_or_file, Plan))


def run_grid(design: Design, make: Make, folder: Path, workers: int, advance: Advance) -> Grid:
    """Run what is not on disk yet of a grid and return all of it.

    Args:
        design: What is run.
        make: Makes the experiments: with the same seed, so that all cells have the same chance and parameters.
        folder: The store that keeps the runs.
        workers: Processes.
        advance: Called with the number of replicates done since the last call.

    Raises:
        InputError: If the folder cannot be used.
    """
    plan = design.plan
    scenarios = [design.reference, *(cell for row in design.cells for cell in row)]
    experiments = [make(scenario, plan.seed, plan.replicates) for scenario in scenarios]
    base, *others = evaluate(experiments, folder, workers, advance)
    width = len(plan.columns.values)
    rows = [others[start : start + width] for start in range(0, len(others), width)]
    cells = tuple(tuple(_differences(cell, base, design.outcomes) for cell in row) for row in rows)
    means = tuple(float(base.of(what).mean()) for what in design.outcomes)
    failed = sum(len(one.failed) for one in (base, *others))
    return Grid(design, means, cells, plan.replicates, failed)


def _differences(cell: Evaluation, base: Evaluation, outcomes: Sequence[Outcome]) -> tuple[Difference, ...]:
    return tuple(difference(cell, base, what) for what in outcomes)


def _design(plan: Plan, path: Path) -> Design:
    where = path.name
    scenario = load_scenario(beside(path, plan.scenario))
    others = {one.name: settings_of(one) for one in scenario.policies}
    own = {**others.pop(plan.policy, {}), **plan.settings}
    outcomes = tuple(find_outcome(name, f"{where}, outcomes") for name in plan.outcomes)
    _check_levers(plan, where)

    def cell(row: Value, column: Value) -> Scenario:
        settings = {**own, plan.rows.setting: row, plan.columns.setting: column}
        policies = make_policies({**others, plan.policy: settings}, where)
        return scenario.model_copy(update={"policies": policies})

    cells = tuple(tuple(cell(row, column) for column in plan.columns.values) for row in plan.rows.values)
    reference = scenario.model_copy(update={"policies": make_policies(others, where)})
    kind = next(one.kind for one in cells[0][0].policies if one.name == plan.policy)
    return Design(plan, kind, outcomes, reference, cells)


def _check_levers(plan: Plan, where: str) -> None:
    rows, columns = plan.rows, plan.columns
    if rows.setting == columns.setting:
        raise InputError(f"rows and columns both set {reprlib.repr(rows.setting)}", where, "two settings of the policy")
    for key, lever in {"rows": rows, "columns": columns}.items():
        if lever.setting in NO_SETTINGS:
            raise InputError(f"{key}.setting is {lever.setting}", where, "a setting of the policy, such as its budget")
        if len(set(map(repr, lever.values))) < len(lever.values):
            raise InputError(f"{key}.values has the same value twice", where, "values that differ")
    if "name" in plan.settings:
        raise InputError("settings has a name", where, "policy, which names it")
