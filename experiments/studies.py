"""Studies over many runs: a plan says what is varied and looked at, the runs go through the common store.

Every scenario of a study is run on the same rows: the same parameters, the same future of the drivers and the same
seed. The results follow from the plan alone, whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from agents.columns import Floats
from agents.errors import InputError
from agents.parameter_fields import Parameters
from agents.parameters import make_parameters
from experiments.batches import OnResult, missing, run_cases
from experiments.cases import Batch, Case, Keep, Setting
from experiments.draws import POSTERIOR, load_draws
from experiments.plan_file import PlanFile, beside, read_plan
from experiments.priors import Prior, uncertain
from experiments.results import Results
from experiments.robustness import FEWEST, Criterion, Robustness, robustness
from experiments.runner import MOST_SEED
from experiments.sensitivity import Design, Sensitivity, morris_design, sensitivity, sobol_design
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import Scenario, load_scenario
from sim.calendar import last_quarter
from sim.outcomes import find_outcome

MOST_SCENARIOS = 40
FEWEST_BASE = 16
"""Base samples of Sobol without which indices are arbitrary, whatever their intervals say."""
MOST_FUTURES = 100_000

type Branch = Literal["base", "low", "high"]
BRANCHES: tuple[Branch, ...] = ("base", "low", "high")


class StudyPlan(PlanFile):
    """What all studies have in common.

    Attributes:
        scenarios: Names of scenarios, or files beside the plan; the first is the reference.
        outcomes: What is looked at, at the end of a run; a flow is summed over it.
        region: Name or folder of the region pack.
        until: Last quarter; by default that of each scenario.
        seed: Seed of the design and of all runs.
        scale: Share of the firms that is simulated.
    """

    size: ClassVar[str]
    """Which of its settings says how much is run."""

    scenarios: tuple[str, ...] = Field(min_length=1, max_length=MOST_SCENARIOS, strict=False)
    outcomes: tuple[str, ...] = Field(min_length=1, max_length=20, strict=False)
    region: str = "noord-brabant"
    until: str | None = None
    seed: int = Field(default=1, ge=0, le=MOST_SEED)
    scale: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)

    def changed(self, **asked: Any) -> Self:
        """Return the plan with other settings; None leaves one as planned.

        Raises:
            InputError: If one of them cannot be.
        """
        changes = {key: value for key, value in asked.items() if value is not None}
        try:
            return self.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            said = first["msg"].replace("Input should be ", "")
            raise InputError(f"cannot be {first['input']}", key, said) from None


class SensitivityPlan(StudyPlan):
    """What moves the outcomes.

    Attributes:
        method: `morris` screens all uncertain parameters, `sobol` divides the variance among them.
        samples: Trajectories of Morris, or base samples of Sobol, a power of two.
        apart: With Sobol the parameters that are told apart, all others being one factor; by default all are.
    """

    size: ClassVar[str] = "samples"

    kind: Literal["sensitivity"]
    method: Literal["morris", "sobol"]
    samples: int = Field(ge=2, le=2**20)
    apart: tuple[str, ...] = Field(default=(), strict=False)

    def design(self) -> Design:
        """Return what is run.

        Raises:
            InputError: If the samples are too many or no power of two, or a parameter that stands apart has no range.
        """
        if self.method == "sobol":
            if self.samples < FEWEST_BASE:
                raise InputError(f"{self.samples} base samples say nothing", "samples", f"{FEWEST_BASE} or more")
            return sobol_design(uncertain(), self.samples, self.seed, self.apart)
        if self.apart:
            raise InputError("apart does not belong to morris", self.name, "method = 'sobol', or no apart")
        return morris_design(uncertain(), self.samples, self.seed)


class RobustnessPlan(StudyPlan):
    """Futures for all policies: how many, from what, and when a policy is good enough.

    Attributes:
        futures: How many.
        draws: `posterior` takes draws that fit what was reported; `ranges` spreads over all that is possible.
        branches: Which futures of the drivers there are, each as often.
        criteria: When a policy is good enough: all of them are met.
    """

    size: ClassVar[str] = "futures"

    kind: Literal["robustness"]
    futures: int = Field(ge=FEWEST, le=MOST_FUTURES)
    draws: Literal["posterior", "ranges"] = "posterior"
    branches: tuple[Branch, ...] = Field(default=BRANCHES, min_length=1, strict=False)
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=10, strict=False)

    @model_validator(mode="after")
    def _looked_at(self) -> Self:
        for one in self.criteria:
            if one.outcome not in self.outcomes:
                raise ValueError(f"a criterion asks for {one.outcome}, which is not among the outcomes")
        if len(self.scenarios) < 2:
            raise ValueError("robustness compares: the reference and one or more others are allowed")
        return self


def load_study[Plan: StudyPlan](name_or_file: str, kind: type[Plan]) -> Plan:
    """Load a named plan or a plan file.

    Raises:
        InputError: If it is unknown, of another kind, cannot be read, or says something that is not allowed.
    """
    plan, path = read_plan(name_or_file, kind)
    for name in plan.outcomes:
        find_outcome(name, f"{path.name}, outcomes")
    return plan.model_copy(update={"scenarios": tuple(beside(path, name) for name in plan.scenarios)})


# ── what is run ─────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Row:
    """What all scenarios have in common in one run of each.

    Attributes:
        values: Values of uncertain parameters.
        branch: Future of the drivers; None leaves it to the scenario.
        seed: Seed of the runs.
    """

    values: Mapping[str, float]
    branch: Branch | None
    seed: int


@dataclass(frozen=True)
class Study:
    """A plan with the runs that it asks for.

    Attributes:
        plan: The plan.
        scenarios: The scenarios, the reference first.
        rows: What each of them is run on.
        batch: All runs: those of the first scenario, then those of the second and so on.
    """

    plan: StudyPlan
    scenarios: tuple[Scenario, ...]
    rows: tuple[Row, ...]
    batch: Batch

    def missing(self, folder: Path) -> int:
        """Return how many runs a store does not have yet.

        Raises:
            InputError: If the folder holds something else.
        """
        return missing(self.batch, folder)

    def run(
        self, folder: Path, workers: int = 1, dask: str | None = None, on_result: OnResult = lambda _: None
    ) -> dict[str, dict[str, Floats]]:
        """Run what a store does not have yet, and return the outcomes by scenario and name, a value per row.

        Args:
            folder: The store.
            workers: Processes.
            dask: Address of a Dask scheduler that does it instead.
            on_result: Called with each result that was computed.

        Raises:
            InputError: If the folder or the cluster cannot be used.
        """
        return self._ends(run_cases(self.batch, folder, workers, dask, on_result))

    def _ends(self, results: Results) -> dict[str, dict[str, Floats]]:
        blocks = results.values(self.plan.outcomes).reshape(len(self.scenarios), len(self.rows), -1)
        return {
            scenario.name: {name: block[:, place] for place, name in enumerate(self.plan.outcomes)}
            for scenario, block in zip(self.scenarios, blocks, strict=True)
        }


def make_study(plan: StudyPlan, rows: Sequence[Row]) -> Study:
    """Return the runs of a plan on these rows.

    Raises:
        InputError: If a scenario or the region is not there, or two scenarios are the same.
    """
    scenarios = tuple(_until(load_scenario(name), plan.until) for name in plan.scenarios)
    names = [scenario.name for scenario in scenarios]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two scenarios are called {twice}", plan.name, "each scenario once")
    setting = Setting(load_region(plan.region), load_national(), plan.scale, Keep(plan.outcomes, "end"))
    shared = [make_parameters(row.values, plan.name) for row in rows]
    cases = [case for scenario in scenarios for case in _cases(scenario, rows, shared)]
    return Study(plan, scenarios, tuple(rows), Batch(plan.name, setting, tuple(cases)))


def _until(scenario: Scenario, until: str | None) -> Scenario:
    return scenario if until is None else scenario.model_copy(update={"until": last_quarter(until, "until")})


def _cases(scenario: Scenario, rows: Sequence[Row], shared: Sequence[Parameters]) -> list[Case]:
    """Return the runs of a scenario; values that it sets itself are not drawn."""
    variants: dict[Branch | None, Scenario] = {
        branch: scenario.model_copy(update={"branch": branch, "name": f"{scenario.name}:{branch}"})
        for branch in BRANCHES
    }
    variants[None] = scenario
    return [
        Case(
            variants[row.branch],
            number,
            row.seed,
            replace(parameters, **make_changes(scenario)) if scenario.parameters else parameters,
        )
        for number, (row, parameters) in enumerate(zip(rows, shared, strict=True))
    ]


def make_changes(scenario: Scenario) -> dict[str, Any]:
    """Return the parameters that a scenario sets itself, as the fields of the parameters hold them."""
    whole = make_parameters(scenario.parameters, scenario.name)
    return {name: getattr(whole, name) for name in scenario.parameters}


def sensitivity_study(plan: SensitivityPlan) -> tuple[Design, Study]:
    """Return the design of a plan and its runs.

    Raises:
        InputError: If something that the plan asks for is not there.
    """
    design, prior = plan.design(), uncertain()
    values = prior.values(design.unit)
    rows = [
        Row(dict(zip(design.names, row, strict=True)), None, seed)
        for row, seed in zip(values.tolist(), design.seeds.tolist(), strict=True)
    ]
    return design, make_study(plan, rows)


def find_sensitivity(design: Design, study: Study, ends: Mapping[str, Mapping[str, Floats]]) -> Sensitivity:
    """Return what moves the outcomes of a study and its differences."""
    return sensitivity(design, ends, study.plan.seed)


def robustness_study(plan: RobustnessPlan) -> Study:
    """Return the runs of a plan: each future is a draw, a future of the drivers and a seed.

    Raises:
        InputError: If something that the plan asks for is not there.
    """
    seeds = np.random.default_rng([plan.seed, plan.futures]).integers(0, MOST_SEED, plan.futures).tolist()
    draws = load_draws(POSTERIOR, plan.futures, "futures") if plan.draws == "posterior" else _from_ranges(plan)
    order = np.random.default_rng([plan.seed, len(plan.branches)]).permutation(plan.futures).tolist()
    branches = [plan.branches[place % len(plan.branches)] for place in order]
    return make_study(plan, [Row(*each) for each in zip(draws, branches, seeds, strict=True)])


def _from_ranges(plan: RobustnessPlan) -> list[dict[str, float]]:
    prior = uncertain()
    values = prior.values(prior.design(plan.futures, plan.seed))
    return [dict(zip(prior.names, row, strict=True)) for row in values.tolist()]


def find_robustness(study: Study, folder: Path, workers: int, dask: str | None, on_result: OnResult) -> Robustness:
    """Run a study through the EMA workbench, and return how its policies do over the futures.

    Raises:
        InputError: If the folder or the cluster cannot be used, or too few futures came to their end.
    """
    from experiments import exploration  # here: the workbench takes seconds to load

    plan = study.plan
    assert isinstance(plan, RobustnessPlan)
    names = tuple(scenario.name for scenario in study.scenarios)
    futures = [exploration.Future(number, row.values, str(row.branch)) for number, row in enumerate(study.rows)]

    def run(asked: Sequence[tuple[exploration.Future, str]]) -> list[dict[str, float]]:
        ends = study.run(folder, workers, dask, on_result)
        return [
            {outcome: float(values[future.number]) for outcome, values in ends[name].items()} for future, name in asked
        ]

    model = exploration.declare(_varied(study.rows), names, plan.outcomes, plan.branches)
    conditions, ends = exploration.explore(model, futures, run)
    return robustness(conditions, ends, plan.criteria, exploration.find_boxes)


def _varied(rows: Sequence[Row]) -> Prior:
    """Return the prior of the parameters that differ between rows."""
    prior = uncertain()
    same = {name for name in prior.names if len({row.values.get(name) for row in rows}) == 1}
    return prior.without(same)
