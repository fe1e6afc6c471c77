"""Which mixes of policies give the best trade-offs within a budget: a search with common random numbers.

All mixes run with the same seeds and draws of the parameters, so that the search sees the same chance in each. What it
finds is still partly luck with those seeds (the winner's curse); what it hands over is therefore run again, with other
seeds and draws, and both are told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from experiments.budget import Cents, cents_of, staff_cents, takes_money, with_budget
from experiments.evaluations import Advance, Difference, Evaluation, difference, evaluate
from experiments.runner import Experiment
from scenarios.policies import make_policies, settings_of
from scenarios.policy import Policy
from scenarios.scenario import Scenario
from sim.ledger import CENTS
from sim.outcomes import Outcome

if TYPE_CHECKING:
    import optuna

STEPS = 20
"""Steps in which the total budget and the weights of policies go from nothing to all."""
LEAST = -STEPS // 2
"""Least weight; with 0 or less a policy is off, so that the search leaves out many."""

type Make = Callable[[Scenario, int, int], Experiment]
"""Makes an experiment of a scenario, a seed and a number of replicates."""

type Genes = Mapping[str, int]
"""What the search turns: `total` and the weight of each policy that takes money in steps, each rule 0 or 1."""


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        scenario: A scenario with every policy that a mix may have.
        budget_euro_year: Most that a mix may spend in a year, of each province.
        objectives: What is made as good as it can be; each has a direction.
        replicates: Of every mix in the search.
        check_replicates: Of every mix that is run again.
        population: Mixes in a generation.
        generations: How many.
        keep: Most mixes of the front that are run again.
        seed: Of the search and of replicate 0.

    Raises:
        InputError: If it cannot be searched.
    """

    scenario: Scenario
    budget_euro_year: float
    objectives: tuple[Outcome, ...]
    replicates: int = 8
    check_replicates: int = 32
    population: int = 16
    generations: int = 8
    keep: int = 12
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.money and not self.rules:
            raise InputError("there is no policy to mix", "policies", "a scenario with policies, or --policies")
        if len(self.objectives) < 2:
            raise InputError("one objective has no trade-offs", "outcomes", "two outcomes or more")
        if len({one.name for one in self.objectives}) < len(self.objectives):
            raise InputError("the same objective stands there twice", "outcomes", "outcomes that differ")
        for one in self.objectives:
            if one.direction == "neither":
                raise InputError(
                    f"of {one.name} neither more nor less is better", "outcomes", "outcomes with a direction"
                )
        for option in ("replicates", "check_replicates", "generations", "keep"):
            if getattr(self, option) < 1:
                raise InputError(f"{getattr(self, option)} is too few", option, "1 or more")
        if self.population < 2:
            raise InputError(f"{self.population} is too few", "population", "2 or more")

    @property
    def money(self) -> tuple[Policy, ...]:
        """The policies between which the budget is spread."""
        return tuple(policy for policy in self.scenario.policies if takes_money(policy))

    @property
    def rules(self) -> tuple[Policy, ...]:
        """The others, which are on or off."""
        return tuple(one for one in self.scenario.policies if not takes_money(one) and not one.idle)

    @property
    def runs(self) -> int:
        """Replicates that are run at most."""
        return self.population * self.generations * self.replicates + (self.keep + 1) * self.check_replicates


@dataclass(frozen=True)
class Mix:
    """A mix of policies.

    Attributes:
        budgets: Cents a year of each policy that gets money, by name.
        rules: Names of the rules that are on.
        scenario: The scenario that has these policies and no other.
    """

    budgets: Mapping[str, Cents]
    rules: tuple[str, ...]
    scenario: Scenario

    @property
    def euro_year(self) -> float:
        """What it may spend in a year."""
        return sum(self.budgets.values()) / CENTS


@dataclass(frozen=True)
class Point:
    """A mix and how it differs from the scenario without any of the policies.

    Attributes:
        mix: The mix.
        found: The difference in each objective in the search.
        again: The same with other seeds and draws, and more of them.
        stands: Whether none of the others that were run again is as good in everything and better in something.
    """

    mix: Mix
    found: tuple[Difference, ...]
    again: tuple[Difference, ...]
    stands: bool


@dataclass(frozen=True)
class Frontier:
    """What came of a search.

    Attributes:
        search: What was searched.
        searched: Every mix that was run and its difference in each objective, in the order of the search.
        front: How many of these are not dominated.
        points: Those of the front that were run again.
        failed: Mixes left out because a replicate failed, or an objective is not defined.
    """

    search: Search
    searched: tuple[tuple[Mix, tuple[Difference, ...]], ...]
    front: int
    points: tuple[Point, ...]
    failed: int


@dataclass(frozen=True)
class FellBack:
    """How far an objective fell back when it was run with other seeds, as mean differences to no policy.

    Attributes:
        objective: Which.
        best_found: In the search, of the mix that was best there.
        best_again: With other seeds, of the same mix.
        mean_found: In the search, of all mixes that were run again.
        mean_again: With other seeds.
    """

    objective: Outcome
    best_found: float
    best_again: float
    mean_found: float
    mean_again: float


def with_policies(scenario: Scenario, kinds: Sequence[str]) -> Scenario:
    """Return a scenario with policies added, as they are if nothing is said of them.

    Raises:
        InputError: If a kind is unknown, or two cannot go together.
    """
    own = {one.name: settings_of(one) for one in scenario.policies}
    policies = make_policies({**{kind: {} for kind in kinds}, **own}, "--policies")
    return scenario.model_copy(update={"policies": policies})


def find_frontier(
    search: Search, make: Make, folder: Path, workers: int = 1, advance: Advance = lambda _: None
) -> Frontier:
    """Search for the best trade-offs, and run what was found again.

    Everything that is run is kept in a folder: who asks the same again goes on where it was, with the same results.

    Args:
        search: What is searched.
        make: Makes experiments: with the same seed for every scenario the same seeds and draws of its replicates.
        folder: The store that keeps the runs.
        workers: Processes.
        advance: Called with the number of replicates done since the last call.

    Raises:
        InputError: If the folder cannot be used, or no mix can be run.
    """

    def run(mixes: Sequence[Mix], seed: int, replicates: int) -> list[tuple[Difference, ...]]:
        none = _mix(search, {})
        base, *others = evaluate(
            [make(mix.scenario, seed, replicates) for mix in (none, *mixes)], folder, workers, advance
        )
        return [_differences(one, base, search.objectives) for one in others]

    found = _searched(search, lambda mixes: run(mixes, search.seed, search.replicates))
    good = [(mix, differences) for mix, differences in found if _defined(differences)]
    if not good:
        raise InputError("not one mix could be run", "frontier", "policies with which the model can run")
    values = _oriented([differences for _, differences in good], search.objectives)
    front = _front(values, [mix.euro_year for mix, _ in good])
    chosen = [good[number] for number in front[spread(values[front], search.keep)]]
    again = run([mix for mix, _ in chosen], search.seed + search.replicates, search.check_replicates)
    checked = [(mix, one, other) for (mix, one), other in zip(chosen, again, strict=True) if _defined(other)]
    stands = non_dominated(_oriented([other for *_, other in checked], search.objectives))
    points = tuple(Point(mix, one, other, bool(yes)) for (mix, one, other), yes in zip(checked, stands, strict=True))
    failed = len(found) - len(good) + len(chosen) - len(checked)
    return Frontier(search, tuple(good), len(front), points, failed)


def fell_back(frontier: Frontier) -> tuple[FellBack, ...]:
    """Return how far each objective fell back."""
    rows = []
    for number, objective in enumerate(frontier.search.objectives):
        sign = 1.0 if objective.direction == "more" else -1.0
        found = np.array([point.found[number].mean for point in frontier.points])
        again = np.array([point.again[number].mean for point in frontier.points])
        best = int(np.argmax(sign * found))
        rows.append(FellBack(objective, *map(float, (found[best], again[best], found.mean(), again.mean()))))
    return tuple(rows)


# ── the search ──────────────────────────────────────────────────────────────────────────────────────────
def _searched(
    search: Search, run: Callable[[Sequence[Mix]], list[tuple[Difference, ...]]]
) -> list[tuple[Mix, tuple[Difference, ...]]]:
    """Return every mix that the search came upon, once."""
    study = _study(search)
    for genes in first_mixes(search):
        study.enqueue_trial(dict(genes))
    found: dict[str, tuple[Mix, tuple[Difference, ...]]] = {}
    for _ in range(search.generations):
        trials = [study.ask() for _ in range(search.population)]
        mixes = [_mix(search, _genes(search, trial)) for trial in trials]
        for trial, mix, differences in zip(trials, mixes, run(mixes), strict=True):
            found.setdefault(mix.scenario.digest(), (mix, differences))
            if _defined(differences):
                study.tell(trial, [one.mean for one in differences])
            else:
                study.tell(trial, state=_failed())
    return list(found.values())


def _study(search: Search) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    directions: list[Literal["maximize", "minimize"]] = [
        "maximize" if one.direction == "more" else "minimize" for one in search.objectives
    ]
    sampler = optuna.samplers.NSGAIISampler(population_size=search.population, seed=search.seed)
    return optuna.create_study(directions=directions, sampler=sampler)


def _failed() -> optuna.trial.TrialState:
    import optuna

    return optuna.trial.TrialState.FAIL


def _genes(search: Search, trial: optuna.Trial) -> Genes:
    genes = {
        f"weight {policy.name}": trial.suggest_int(f"weight {policy.name}", LEAST, STEPS) for policy in search.money
    }
    if search.money:
        genes["total"] = trial.suggest_int("total", 1, STEPS)
    return genes | {f"rule {one.name}": trial.suggest_int(f"rule {one.name}", 0, 1) for one in search.rules}


def first_mixes(search: Search) -> list[Genes]:
    """Return the mixes that the search starts with: nothing, each policy alone, all that take money, and all."""
    weights = {f"weight {policy.name}": STEPS for policy in search.money}
    rules = {f"rule {policy.name}": 1 for policy in search.rules}
    nothing: dict[str, int] = dict.fromkeys((*weights, *rules), 0) | ({"total": STEPS} if weights else {})
    mixes: list[Genes] = [nothing, *(nothing | {name: most} for name, most in (weights | rules).items())]
    for together in (nothing | weights, nothing | weights | rules):
        if together not in mixes:
            mixes.append(together)
    return mixes


def _mix(search: Search, genes: Genes) -> Mix:
    """Return a mix as it can be: who cannot pay its staff gets nothing, those with the least weight first."""
    budget = cents_of(search.budget_euro_year) * genes.get("total", STEPS) // STEPS
    weights = {one.name: genes.get(f"weight {one.name}", 0) for one in search.money}
    with_weight = sorted(
        (one for one in search.money if weights[one.name] > 0), key=lambda one: (weights[one.name], one.name)
    )
    while sum(map(staff_cents, with_weight)) >= budget and with_weight:
        with_weight.pop(0)
    rules = tuple(one.name for one in search.rules if genes.get(f"rule {one.name}", 0))
    shares = {one.name: float(weights[one.name]) for one in with_weight}
    on = tuple(one for one in search.scenario.policies if one.name in shares or one.name in rules)
    scenario = search.scenario.model_copy(update={"policies": on})
    if shares:
        scenario = with_budget(scenario, budget / CENTS, shares)
    budgets = {one.name: cents_of(one.budget_euro_year or 0.0) for one in scenario.policies if one.name in shares}
    return Mix(budgets, rules, scenario)


# ── which are best ──────────────────────────────────────────────────────────────────────────────────────
def _differences(one: Evaluation, base: Evaluation, objectives: Sequence[Outcome]) -> tuple[Difference, ...]:
    """Return the difference in each objective; undefined if it is not over the same replicates as that of others."""
    return tuple(
        difference(one, base, what)
        if np.isfinite(one.of(what) - base.of(what)).all()
        else Difference(math.nan, math.nan, math.nan)
        for what in objectives
    )


def _defined(differences: Sequence[Difference]) -> bool:
    return all(math.isfinite(one.mean) for one in differences)


def _oriented(rows: Sequence[Sequence[Difference]], objectives: Sequence[Outcome]) -> Floats:
    """Return mean differences so that more is better, shape (mixes, objectives)."""
    signs = np.array([1.0 if one.direction == "more" else -1.0 for one in objectives])
    values = np.array([[one.mean for one in row] for row in rows]).reshape(len(rows), len(objectives))
    oriented: Floats = values * signs
    return oriented


def _front(values: Floats, euro_year: Sequence[float]) -> Ints:
    """Return the rows that are not dominated; of mixes that come to the same, the one that asks least."""
    cheapest: dict[bytes, int] = {}
    for number in sorted(range(len(values)), key=lambda number: euro_year[number]):
        cheapest.setdefault((values[number] + 0.0).tobytes(), number)  # + 0.0: no minus before a zero
    rows = np.array(sorted(cheapest.values()), dtype=np.int64)
    best: Ints = rows[non_dominated(values[rows])]
    return best


def non_dominated(values: Floats) -> Bools:
    """Say which rows no other row equals or beats in everything and beats in something; more is better."""
    as_good = (values[:, None, :] >= values[None, :, :]).all(axis=2)
    better = (values[:, None, :] > values[None, :, :]).any(axis=2)
    best: Bools = ~(as_good & better).any(axis=0)
    return best


def spread(values: Floats, most: int) -> Ints:
    """Return rows that are far apart: the best of each column, then time and again the one farthest from all chosen.

    Columns count alike: each is measured by its range.
    """
    width = np.ptp(values, axis=0)
    scaled = values / np.where(width > 0, width, 1.0)
    chosen = list(dict.fromkeys(np.argmax(values, axis=0).tolist()))[:most]
    while len(chosen) < min(most, len(values)):
        gap = np.linalg.norm(scaled[:, None, :] - scaled[None, chosen, :], axis=2).min(axis=1)
        gap[chosen] = -1.0
        chosen.append(int(np.argmax(gap)))
    return np.array(sorted(chosen), dtype=np.int64)
