"""Robustness: how policies do over many futures that nobody can rule out, and under which conditions they fail.

A future is a draw of everything that is uncertain, with its chance. Every policy lives through the same futures. Three
questions are asked. In how many futures is a policy good enough (satisficing; Starr 1963)? How much is lost in a future
by not having chosen what turns out best there (regret; Savage 1951)? And what do the futures have in common in which a
policy fails (boxes found by PRIM; Friedman and Fisher 1999, Bryant and Lempert 2010)? A box is found in one half of
the futures and counts only if the other half confirms it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.stats import binomtest, fisher_exact

from agents.columns import Bools, Floats
from agents.errors import InputError
from experiments.pairs import CONFIDENCE
from sim.outcomes import outcome_table

FEWEST = 20
"""Futures below which nothing is said."""
FEWEST_FAILURES = 8
"""Failures, and successes, without which no box is looked for in half of the futures."""
CHANCE = 0.05
"""A box counts if so strong a pattern in the other half would come by chance less often than this."""

type Find = Callable[[pd.DataFrame, Bools], Sequence[Mapping[str, "Limit"]]]
"""Finds boxes: takes the conditions of futures, and in which of them a policy failed."""


class Criterion(BaseModel):
    """When an outcome is good enough.

    Attributes:
        outcome: Name of the outcome, at the end of the run; a flow is summed over it.
        change: Whether it is the difference from the reference in the same future; otherwise it is the outcome itself.
        at_least: The least that is good enough, in the unit of the outcome.
        at_most: The most that is good enough. One of both is given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    outcome: str
    change: bool = False
    at_least: float | None = Field(default=None, allow_inf_nan=False)
    at_most: float | None = Field(default=None, allow_inf_nan=False)

    @model_validator(mode="after")
    def _one_end(self) -> Criterion:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a criterion has at_least or at_most, and not both")
        if self.outcome not in outcome_table():
            raise ValueError(f"{self.outcome} is no outcome; one of those of `pps run --json` is allowed")
        return self

    def met(self, values: Floats) -> Bools:
        """Say where a value is good enough."""
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return np.asarray((values >= low) & (values <= high), dtype=np.bool_)


@dataclass(frozen=True)
class Limit:
    """What a box asks of one condition.

    Attributes:
        low: Lowest value in the box; None if it has no lower end.
        high: Highest value in the box; None if it has no upper end.
        among: What a condition may be that is no number; empty for a number.
        chance: How likely it is that the restriction is by chance (quasi-p of Bryant and Lempert 2010), the smaller of
            its ends; 0 for a condition that is no number.
    """

    low: float | None = None
    high: float | None = None
    among: tuple[str, ...] = ()
    chance: float = 0.0

    def holds(self, values: pd.Series[float]) -> Bools:
        """Say where a condition is within the limit."""
        if self.among:
            return np.asarray(values.isin(self.among), dtype=np.bool_)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return np.asarray((values >= low) & (values <= high), dtype=np.bool_)


@dataclass(frozen=True)
class Box:
    """Conditions under which a policy fails more often, and how far that holds in the half that did not find them.

    Attributes:
        scenario: Name of the scenario.
        limits: What it asks, by condition.
        futures: Futures of the other half.
        inside: How many of these are in the box.
        failed_inside: How many of these failed.
        failed: Failures in the other half.
        chance: How likely it is that failures crowd together so by chance (Fisher's exact test, one-sided).
    """

    scenario: str
    limits: Mapping[str, Limit]
    futures: int
    inside: int
    failed_inside: int
    failed: int
    chance: float

    @property
    def confirmed(self) -> bool:
        """Whether the other half shows the same."""
        return self.chance < CHANCE

    @property
    def density(self) -> float:
        """Share of the futures in the box in which the policy fails."""
        return self.failed_inside / self.inside if self.inside else math.nan

    @property
    def coverage(self) -> float:
        """Share of all failures that are in the box."""
        return self.failed_inside / self.failed if self.failed else math.nan

    @property
    def outside(self) -> int:
        """Futures that are not in the box."""
        return self.futures - self.inside

    @property
    def failed_outside(self) -> int:
        """How many of these failed."""
        return self.failed - self.failed_inside


@dataclass(frozen=True)
class Satisficing:
    """In how many futures a policy is good enough.

    Attributes:
        scenario: Name of the scenario.
        share: Share of the futures in which all criteria are met.
        low: Lower end of its 95% interval (Wilson).
        high: Upper end.
        by_criterion: Share in which each criterion is met.
    """

    scenario: str
    share: float
    low: float
    high: float
    by_criterion: tuple[float, ...]


@dataclass(frozen=True)
class Regret:
    """What is lost by a policy in one outcome, compared with what turns out best in each future.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        mean: Mean of the outcome itself over the futures.
        median: Median regret, in the unit of the outcome.
        ninety: Regret that is not exceeded in 90% of the futures.
        largest: Largest regret.
        best: Share of the futures in which it is the best, or as good as the best.
    """

    scenario: str
    outcome: str
    mean: float
    median: float
    ninety: float
    largest: float
    best: float


@dataclass(frozen=True)
class Robustness:
    """How policies do over the futures.

    Attributes:
        scenarios: Names of the scenarios, the reference first.
        futures: Futures that were asked.
        counted: Those that count: every run finished and defined the outcomes.
        criteria: When a policy is good enough.
        satisficing: Of every scenario.
        regrets: Of every scenario and outcome that has a direction.
        boxes: Boxes of every scenario, confirmed or not.
    """

    scenarios: tuple[str, ...]
    futures: int
    counted: int
    criteria: tuple[Criterion, ...]
    satisficing: tuple[Satisficing, ...]
    regrets: tuple[Regret, ...]
    boxes: tuple[Box, ...]

    @property
    def safest(self) -> str:
        """The scenario that is good enough in most futures; of equals the first."""
        return max(self.satisficing, key=lambda one: one.share).scenario


def robustness(
    conditions: pd.DataFrame, ends: Mapping[str, Mapping[str, Floats]], criteria: Sequence[Criterion], find: Find
) -> Robustness:
    """Return how policies do over the futures.

    Args:
        conditions: What is uncertain, a row per future.
        ends: Outcomes by scenario and name, one value per future; NaN where a run failed or it is not defined. The
            first scenario is the reference.
        criteria: When a policy is good enough.
        find: Looks for boxes.

    Raises:
        InputError: If there are too few futures.
    """
    whole = np.all([np.isfinite(values) for of in ends.values() for values in of.values()], axis=0)
    if whole.sum() < FEWEST:
        what = f"{int(whole.sum())} of {len(conditions)} futures have all outcomes"
        raise InputError(what, "futures", f"{FEWEST} or more, to say anything of them")
    kept = {name: {outcome: values[whole] for outcome, values in of.items()} for name, of in ends.items()}
    reference = next(iter(kept))
    met = {name: _met(of, kept[reference], criteria) for name, of in kept.items()}
    rows = conditions[whole].reset_index(drop=True)
    return Robustness(
        scenarios=tuple(ends),
        futures=len(conditions),
        counted=len(rows),
        criteria=tuple(criteria),
        satisficing=tuple(_satisficing(name, good) for name, good in met.items()),
        regrets=tuple(regrets(kept)),
        boxes=tuple(box for name, good in met.items() for box in boxes(name, rows, ~good.all(axis=0), find)),
    )


def _met(of: Mapping[str, Floats], reference: Mapping[str, Floats], criteria: Sequence[Criterion]) -> Bools:
    """Return where each criterion is met, shape (criteria, futures)."""
    return np.array(
        [one.met(of[one.outcome] - reference[one.outcome] if one.change else of[one.outcome]) for one in criteria]
    )


def _satisficing(scenario: str, met: Bools) -> Satisficing:
    good = met.all(axis=0)
    interval = binomtest(int(good.sum()), len(good)).proportion_ci(CONFIDENCE, "wilson")
    by_criterion: list[float] = met.mean(axis=1).tolist()
    return Satisficing(scenario, float(good.mean()), float(interval.low), float(interval.high), tuple(by_criterion))


def regrets(ends: Mapping[str, Mapping[str, Floats]]) -> list[Regret]:
    """Return the regret of each scenario in each outcome of which more or less is better."""
    found = []
    for outcome in next(iter(ends.values())):
        sign = {"more": 1.0, "less": -1.0}.get(outcome_table()[outcome].direction)
        if sign is None:
            continue
        best = np.max([sign * of[outcome] for of in ends.values()], axis=0)
        for name, of in ends.items():
            lost = best - sign * of[outcome]
            found.append(
                Regret(
                    scenario=name,
                    outcome=outcome,
                    mean=float(of[outcome].mean()),
                    median=float(np.median(lost)),
                    ninety=float(np.quantile(lost, 0.9)),
                    largest=float(lost.max()),
                    best=float((lost == 0.0).mean()),
                )
            )
    return found


def boxes(scenario: str, conditions: pd.DataFrame, failed: Bools, find: Find) -> list[Box]:
    """Return the boxes of a scenario: found in the futures with an even number, checked in the others."""
    even = np.arange(len(failed)) % 2 == 0
    if min(failed[even].sum(), (~failed[even]).sum()) < FEWEST_FAILURES:
        return []
    found = find(conditions[even].reset_index(drop=True), failed[even])
    return [check(scenario, limits, conditions[~even], failed[~even]) for limits in found]


def check(scenario: str, limits: Mapping[str, Limit], conditions: pd.DataFrame, failed: Bools) -> Box:
    """Return a box with how far it holds in futures that did not find it."""
    inside = np.all([limit.holds(conditions[name]) for name, limit in limits.items()], axis=0)
    counts = [[int((of & where).sum()) for of in (failed, ~failed)] for where in (inside, ~inside)]
    return Box(
        scenario=scenario,
        limits=dict(limits),
        futures=len(failed),
        inside=int(inside.sum()),
        failed_inside=counts[0][0],
        failed=int(failed.sum()),
        chance=float(fisher_exact(counts, alternative="greater").pvalue),
    )
