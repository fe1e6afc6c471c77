"""How many replicates are enough: how mean and spread settle as replicates are added.

Two questions are asked of every outcome, after what the field asks of a simulation that rests on chance. Is the mean
known well enough: does its 95% interval reach no further than a share of the reference (Hoad, Robinson and Davies
2010)? And does the spread stay where it is when replicates are added (Lorscheid, Heine and Meyer 2012; Lee and others
2015)? The mean of a difference between scenarios is judged on the scale of the reference, as it may itself be zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from agents.columns import Bools, Floats
from agents.errors import InputError
from experiments.comparison import unit_of
from experiments.pairs import CONFIDENCE, Units, estimate, jackknife, units_of
from experiments.parameter_sets import SEEDS_PER_DRAW
from experiments.store import Run
from experiments.summary import TOTAL, end_values
from sim.outcomes import outcome_table

OUTCOMES = (
    "networks_sustained",
    "network_years_after_subsidy",
    "valley_share",
    "students_direct",
    "mkb_reached_share",
    "public_euros",
)
"""Outcomes that matter most: what is left after the subsidy, whom it reaches and what it costs the public."""
FEWEST = 16
"""Replicates without which nothing can be said of how a spread settles."""
FIRST = 8
"""Replicates in the first step; every next step has twice as many."""
PRECISION = 0.05
"""How far the interval of a mean may reach to either side, as a share of the mean in the reference."""
SETTLED = 0.1
"""How far the spread may still be from that of all replicates, as a share of it."""
MOST = 1_000_000
"""Replicates above which it is said that no number will do."""


@dataclass(frozen=True)
class Step:
    """What the first replicates say.

    Attributes:
        n: How many they are.
        mean: Their mean.
        low: Lower end of its 95% interval; NaN if it cannot be estimated.
        high: Upper end.
        deviation: Standard deviation over them.
        deviation_low: Lower end of its 95% interval (jackknife over units).
        deviation_high: Upper end.
    """

    n: int
    mean: float
    low: float
    high: float
    deviation: float
    deviation_low: float
    deviation_high: float


@dataclass(frozen=True)
class Stability:
    """How one outcome of a scenario, or its difference from the reference, settles.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        unit: Its unit; for a flow that of its sum over the run.
        difference: Whether it is the paired difference from the reference.
        scale: What precision is a share of: the mean in the reference, without its sign.
        steps: What the first 8, 16, 32 ... replicates say, and all of them.
        for_mean: Replicates from which the interval of the mean is narrow enough, from the spread of all; None if it
            cannot be estimated, or no number will do.
        for_spread: First step from which the standard deviation stays near that of all; None if it has not settled
            before the last step.
    """

    scenario: str
    outcome: str
    unit: str
    difference: bool
    scale: float
    steps: tuple[Step, ...]
    for_mean: int | None
    for_spread: int | None

    @property
    def enough(self) -> int | None:
        """Replicates from which mean and spread are both known well enough; None if that is not known."""
        if self.for_mean is None or self.for_spread is None:
            return None
        return max(self.for_mean, self.for_spread)


@dataclass(frozen=True)
class Replication:
    """How many replicates are enough, and what that rests on.

    Attributes:
        about: What run.json says of the run of the reference.
        replicates: How many were run.
        precision: How far an interval may reach, as a share of the reference.
        drawn: Whether the parameters were drawn too; otherwise all of it is chance.
        titles_nl: Dutch titles of the scenarios by name, the reference first.
        titles_en: English titles.
        stabilities: Of every scenario and outcome, and then of every difference.
    """

    about: Mapping[str, Any]
    replicates: int
    precision: float
    drawn: bool
    titles_nl: Mapping[str, str]
    titles_en: Mapping[str, str]
    stabilities: tuple[Stability, ...]

    def enough(self, difference: bool) -> int | None:
        """Return how many replicates all outcomes, or all differences, need; None if one of them is not known."""
        needed = [one.enough for one in self.stabilities if one.difference is difference]
        return None if not needed or None in needed else next_step(max(filter(None, needed)))


def check_asked(replicates: int, precision: float) -> None:
    """Refuse what cannot be told, before anything is run.

    Raises:
        InputError: If there are too few replicates, or the precision is no share.
    """
    if replicates < FEWEST:
        raise InputError(f"cannot tell from {replicates}", "replicates", f"{FEWEST} or more, to see a spread settle")
    if not (math.isfinite(precision) and 0.0 < precision < 1.0):
        raise InputError(f"{precision:g} is no precision", "precision", "above 0 and below 1, such as 0.05")


def replication(runs: Sequence[Run], outcomes: Sequence[str] = OUTCOMES, precision: float = PRECISION) -> Replication:
    """Return how mean and spread settle in runs with the same seed and parameters, the first of them the reference.

    Raises:
        InputError: If too few replicates finished, or the precision is no share.
    """
    worlds = [_World(run) for run in runs]
    reference = worlds[0]
    for world in worlds:
        check_asked(len(world.run.done), precision)
    asked = [outcome_table()[name] for name in outcomes]
    return Replication(
        about=reference.run.about,
        replicates=int(reference.run.about["replicates"]),
        precision=precision,
        drawn=len(set(reference.run.draws.values())) > 1,
        titles_nl={world.name: world.run.about["scenario"]["title_nl"] for world in worlds},
        titles_en={world.name: world.run.about["scenario"]["title_en"] for world in worlds},
        stabilities=(
            *(_level(world, reference, one.name, precision) for world in worlds for one in asked),
            *(_difference(world, reference, one.name, precision) for world in worlds[1:] for one in asked),
        ),
    )


class _World:
    """A run with its outcomes, read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.name: str = run.about["scenario"]["name"]

    @cached_property
    def ends(self) -> pd.DataFrame:
        series = self.run.frame("series")
        return end_values(series[series["province"] == TOTAL], self.run.about["until"]).unstack("outcome")

    def of(self, outcome: str) -> pd.Series[float]:
        """Return an outcome by replicate, where it is defined."""
        values: pd.Series[float] = self.ends[outcome].reindex(self.run.done).dropna()
        return values


def _level(world: _World, reference: _World, outcome: str, precision: float) -> Stability:
    return _stability(world, reference, outcome, precision, world.of(outcome), difference=False)


def _difference(world: _World, reference: _World, outcome: str, precision: float) -> Stability:
    values = (world.of(outcome) - reference.of(outcome)).dropna()
    return _stability(world, reference, outcome, precision, values, difference=True)


def _stability(
    world: _World, reference: _World, outcome: str, precision: float, values: pd.Series[float], difference: bool
) -> Stability:
    draws = world.run.draws
    units = units_of([draws[replicate] for replicate in values.index])
    scale = abs(float(reference.of(outcome).mean()))
    numbers = np.asarray(values, dtype=np.float64)
    found = tuple(steps(numbers, units))
    return Stability(
        scenario=world.name,
        outcome=outcome,
        unit=unit_of(outcome_table()[outcome]),
        difference=difference,
        scale=scale,
        steps=found,
        for_mean=needed_for_mean(numbers, units, precision * scale),
        for_spread=settled_from(found),
    )


def ladder(n: int) -> tuple[int, ...]:
    """Return the steps up to so many replicates: 8, 16, 32 ... and all of them."""
    sizes = [FIRST * 2**power for power in range(n.bit_length()) if FIRST * 2**power < n]
    return (*sizes, n)


def next_step(n: int) -> int:
    """Return the first of 8, 16, 32 ... that is not below a number of replicates."""
    return max(FIRST, 1 << (n - 1).bit_length())


def steps(values: Floats, units: Units) -> Iterator[Step]:
    """Yield what the first of the replicates say, step by step.

    Args:
        values: One value per replicate, in the order of the replicates.
        units: Which of them count as one.
    """
    for n in ladder(len(values)) if len(values) >= 2 else ():
        first, own = values[:n], units.only(np.arange(len(values)) < n)
        mean, low, high = estimate(first, own)
        deviation = float(first.std(ddof=1))
        reach = _t(own.count) * float(jackknife(_deviation_of(first), own, np.array(deviation)))
        yield Step(n, mean, low, high, deviation, max(0.0, deviation - reach), deviation + reach)


def needed_for_mean(values: Floats, units: Units, reach: float) -> int | None:
    """Return how many replicates make the 95% interval of the mean reach no further than this to either side.

    Replicates that share a draw are added together, so that the number is one of whole draws.
    """
    means = units.means(values)
    if len(means) < 2:
        return None
    together, deviation = SEEDS_PER_DRAW if units.drawn else 1, float(means.std(ddof=1))
    if deviation == 0.0:
        return 2 * together
    most = MOST // together
    if reach <= 0.0 or _t(most) * deviation / math.sqrt(most) > reach:
        return None
    low, high = 1, most  # too few, and enough
    while high - low > 1:
        middle = (low + high) // 2
        enough = _t(middle) * deviation / math.sqrt(middle) <= reach
        low, high = (low, middle) if enough else (middle, high)
    return high * together


def settled_from(found: Sequence[Step]) -> int | None:
    """Return the first step from which the standard deviation stays near that of all replicates.

    The last step agrees with itself and proves nothing: one before it has to agree as well.
    """
    settled = None
    for step in reversed(found[:-1]):
        if abs(step.deviation - found[-1].deviation) > SETTLED * found[-1].deviation:
            break
        settled = step.n
    return settled


def _deviation_of(values: Floats) -> Any:
    def deviation(which: Bools) -> Floats:
        return np.array(values[which].std(ddof=1) if which.sum() > 1 else math.nan)

    return deviation


def _t(count: int) -> float:
    return float(student.ppf((1.0 + CONFIDENCE) / 2.0, count - 1)) if count > 1 else math.nan
