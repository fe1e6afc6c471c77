"""Studies over many runs: a plan says what is varied and looked at, the runs go through the common store.

Every scenario of a study is run on the same rows: the same parameters, the same future of the drivers and the same
seed. The results follow from the plan alone, whatever the number of processes.
"""

from __future__ import annotations

import difflib
import reprlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agents.columns import Floats
from agents.errors import InputError
from agents.parameter_fields import Parameters
from agents.parameters import as_dict, make_parameters
from experiments.batches import OnResult, missing, run_cases
from experiments.cases import Batch, Case, Keep, Setting
from experiments.draws import parameter_sets
from experiments.evaluations import outcome_of
from experiments.parameter_sets import SEEDS_PER_DRAW
from experiments.priors import Prior, whole_prior
from experiments.results import Results
from experiments.robustness import FEWEST, Criterion, Robustness, robustness
from experiments.runner import MOST_SEED
from experiments.sensitivity import Design, Sensitivity, morris_design, sensitivity, sobol_design
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import LARGEST_FILE, LATEST, START, Scenario, load_scenario
from sim.calendar import quarter_number

PLANS = Path(__file__).with_name("plans") / "studies"
MOST_SCENARIOS = 40
MOST_FUTURES = 100_000

type Branch = Literal["base", "low", "high"]
BRANCHES: tuple[Branch, ...] = ("base", "low", "high")


class StudyPlan(BaseModel):
    """What all studies have in common.

    Attributes:
        scenarios: Names or files of the scenarios; the first is the reference.
        outcomes: What is looked at, at the end of a run; a flow is summed over it.
        region: Name or folder of the region pack.
        until: Last quarter; by default that of each scenario.
        seed: Seed of the design and of all runs.
        scale: Share of the firms that is simulated.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sizes: ClassVar[str] = ""
    """Which of its settings says how much is run."""

    schema_version: Literal[1]
    name: str = Field(min_length=1, max_length=60)
    title_nl: str
    title_en: str
    scenarios: tuple[str, ...] = Field(min_length=1, max_length=MOST_SCENARIOS, strict=False)
    outcomes: tuple[str, ...] = Field(min_length=1, max_length=20, strict=False)
    region: str = "noord-brabant"
    until: str | None = None
    seed: int = Field(default=1, ge=0, le=MOST_SEED)
    scale: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)

    def changed(self, size: int | None = None, **others: Any) -> Self:
        """Return the plan with another size, seed, scale, region or last quarter; None leaves one as planned.

        Raises:
            InputError: If one of them cannot be.
        """
        asked = {key: value for key, value in {self.sizes: size, **others}.items() if value is not None}
        return _valid(type(self), {**self.model_dump(), **asked}, self.name)


class MorrisPlan(StudyPlan):
    """Screening of all uncertain parameters: how many trajectories."""

    sizes: ClassVar[str] = "trajectories"

    kind: Literal["morris"]
    trajectories: int = Field(ge=2, le=10_000)

    def design(self) -> Design:
        """Return what is run."""
        return morris_design(whole_prior(), self.trajectories, self.seed)


class SobolPlan(StudyPlan):
    """Sobol indices: how many base samples, and which parameters are told apart from all others."""

    sizes: ClassVar[str] = "base"

    kind: Literal["sobol"]
    base: int = Field(ge=2, le=2**20)
    apart: tuple[str, ...] = Field(default=(), strict=False)

    def design(self) -> Design:
        """Return what is run."""
        return sobol_design(whole_prior(), self.base, self.seed, self.apart)


class RobustnessPlan(StudyPlan):
    """Futures for all policies: how many, from what, and when a policy is good enough.

    Attributes:
        futures: How many.
        draws: `posterior` takes draws that fit what was reported; `ranges` spreads over all that is possible.
        branches: Which futures of the drivers there are, in turn.
        criteria: When a policy is good enough: all of them are met.
    """

    sizes: ClassVar[str] = "futures"

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


KINDS: Mapping[str, type[StudyPlan]] = {"morris": MorrisPlan, "sobol": SobolPlan, "robustness": RobustnessPlan}


def list_studies(*kinds: str) -> tuple[str, ...]:
    """Return the names of the plans of these kinds that come with the project."""
    return tuple(sorted(path.stem for path in PLANS.glob("*.toml") if _read(path).get("kind") in kinds))


def load_study(name_or_file: str, *kinds: str) -> StudyPlan:
    """Load a named plan or a plan file.

    Args:
        name_or_file: Which.
        kinds: Kinds that are asked for.

    Raises:
        InputError: If it is unknown, of another kind, cannot be read, or says something that is not allowed.
    """
    path = _find(name_or_file, kinds)
    content = _read(path)
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise InputError(f"kind is {reprlib.repr(kind)}", path.name, " or ".join(kinds))
    plan = _valid(KINDS[kind], content, path.name)
    beside = [str(path.parent / name) if name.endswith(".toml") else name for name in plan.scenarios]
    return plan.model_copy(update={"scenarios": tuple(beside)})


def _valid[Plan: StudyPlan](kind: type[Plan], content: Mapping[str, Any], where: str) -> Plan:
    try:
        plan = kind.model_validate(content)
    except ValidationError as error:
        raise _plain(error, kind, where) from None
    for name in plan.outcomes:
        outcome_of(name, f"{where}, outcomes")
    return plan


def _find(name_or_file: str, kinds: Sequence[str]) -> Path:
    if name_or_file.endswith(".toml"):
        try:
            if (path := Path(name_or_file)).is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            pass
        raise InputError(f"there is no file {reprlib.repr(name_or_file)}", "plan", "a plan file (.toml) that exists")
    names = list_studies(*kinds)
    if name_or_file in names:
        return PLANS / f"{name_or_file}.toml"
    near = difflib.get_close_matches(name_or_file[:60], names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"unknown plan {reprlib.repr(name_or_file)}", "plan", f"{hint}{', '.join(names)}, or a .toml file")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError("is too large for a plan", path.name, "a file below 1 MB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", path.name, "a TOML file in UTF-8") from None
    except (ValueError, RecursionError) as error:  # tomllib: not TOML, a number or nesting beyond all bounds
        raise InputError(f"is not TOML: {error}", path.name, "a TOML file") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path.name, "a readable file") from None


def _plain(error: ValidationError, kind: type[BaseModel], where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence."""
    errors = error.errors()
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])  # a typing error, not a gap
    place = [str(part) for part in first["loc"]]
    key = ".".join(place)
    keys = tuple(Criterion.model_fields if place[:1] == ["criteria"] and len(place) > 1 else kind.model_fields)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(place[-1][:60], keys, n=1)
        told = f"did you mean {near[0]}?" if near else ", ".join(keys)
        return InputError(f"unknown key {reprlib.repr(key)}", where, told)
    if first["type"] == "missing":
        return InputError(f"key {reprlib.repr(key)} is missing", where, ", ".join(keys))
    said = first["msg"].removeprefix("Value error, ").replace("Input should be ", "")
    return InputError(f"{key} is {reprlib.repr(first.get('input'))}" if key else "cannot be", where, said)


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
        wide = results.wide(self.plan.outcomes).set_index("case").reindex(range(len(self.batch.cases)))
        values = wide[list(self.plan.outcomes)].to_numpy(np.float64)
        blocks = values.reshape(len(self.scenarios), len(self.rows), -1)
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
    if until is None:
        return scenario
    if not quarter_number(START) <= quarter_number(until, "until") <= quarter_number(LATEST):
        raise InputError(f"{until} is outside the run", "until", f"a quarter from {START} to {LATEST}")
    return scenario.model_copy(update={"until": until})


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


def sensitivity_study(plan: MorrisPlan | SobolPlan) -> tuple[Design, Study]:
    """Return the design of a plan and its runs.

    Raises:
        InputError: If something that the plan asks for is not there.
    """
    design, prior = plan.design(), whole_prior()
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
    draws = _from_ranges(plan) if plan.draws == "ranges" else _from_posterior(plan)
    order = np.random.default_rng([plan.seed, len(plan.branches)]).permutation(plan.futures).tolist()
    branches = [plan.branches[place % len(plan.branches)] for place in order]
    return make_study(plan, [Row(*each) for each in zip(draws, branches, seeds, strict=True)])


def _from_ranges(plan: RobustnessPlan) -> list[dict[str, float]]:
    prior = whole_prior()
    values = prior.values(prior.design(plan.futures, plan.seed))
    return [dict(zip(prior.names, row, strict=True)) for row in values.tolist()]


def _from_posterior(plan: RobustnessPlan) -> list[dict[str, float]]:
    """Return draws of the posterior, with parameters that act through policies alone spread over their ranges."""
    sets = parameter_sets("posterior", {}, plan.seed, SEEDS_PER_DRAW * plan.futures).sets
    names = whole_prior().names
    values = [as_dict(one) for one in sets]
    drawn = [{name: one[name] for name in names} for one in values]
    return [drawn[number % len(drawn)] for number in range(plan.futures)]


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
    prior = whole_prior()
    same = {name for name in prior.names if len({row.values[name] for row in rows}) == 1}
    return prior.without(same)
