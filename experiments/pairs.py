"""Statistics of paired differences, with replicates that share a draw of the parameters as one unit.

Two replicates with one draw are not independent: they share what nobody knows. Intervals therefore rest on the means
per draw. Where all replicates have the same parameters, each is a unit and an interval tells of chance alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from agents.columns import Floats, Ints

CONFIDENCE = 0.95
LOW, HIGH = 0.05, 0.95
"""Quantiles over pairs that are shown as the spread."""


class Estimate(NamedTuple):
    """A mean with the ends of its 95% interval; NaN where one unit is all there is."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Units:
    """Which replicates count as one.

    Attributes:
        of: Number of the unit of each pair, from 0.
        drawn: Whether a unit is a draw of the parameters; otherwise it is a replicate.
    """

    of: Ints
    drawn: bool

    @cached_property
    def count(self) -> int:
        """How many units there are."""
        return int(self.of.max(initial=-1)) + 1

    def only(self, which: Sequence[bool] | np.ndarray) -> Units:
        """Return the units of some pairs."""
        counts = np.asarray(which)
        if counts.all():
            return self
        return Units(np.unique(self.of[counts], return_inverse=True)[1], self.drawn)

    def means(self, values: Floats) -> Floats:
        """Return the mean of each unit; along the first axis, one value per pair."""
        sums = np.zeros((self.count, *values.shape[1:]))
        np.add.at(sums, self.of, values)
        sizes = np.bincount(self.of, minlength=self.count)
        means: Floats = sums / sizes.reshape(-1, *[1] * (values.ndim - 1))
        return means


def units_of(draws: Sequence[int]) -> Units:
    """Return the units of replicates with these draws: the draws, or each replicate if there is but one draw."""
    drawn = len(set(draws)) > 1
    return Units(np.unique(draws if drawn else range(len(draws)), return_inverse=True)[1], drawn)


def estimate(values: Floats, units: Units) -> Estimate:
    """Return the mean over units and its 95% interval by Student's t."""
    return interval(units.means(values))


def interval(means: Floats) -> Estimate:
    """Return the mean of independent values with its 95% interval by Student's t."""
    return Estimate(*intervals(means[:, None])[:, 0].tolist())


def intervals(means: Floats) -> Floats:
    """Return what `interval` does for each of several quantities.

    Args:
        means: Shape (independent values, quantities).

    Returns:
        Mean, low and high, shape (3, quantities).
    """
    count, several = means.shape
    if not count:
        return np.full((3, several), np.nan)
    rows = np.ascontiguousarray(means.T)  # numpy then adds up each as if it were alone, so that the bits are the same
    mean = rows.mean(axis=1)
    reach = _t(count) * rows.std(axis=1, ddof=1) / math.sqrt(count) if count > 1 else np.full(several, np.nan)
    return np.array([mean, mean - reach, mean + reach])


def ratio_interval(above: Floats, below: Floats) -> tuple[float, float]:
    """Return the 95% interval of a ratio of means by Fieller's theorem (Fieller 1954).

    Args:
        above: Independent values of the numerator.
        below: Those of the denominator, paired with them.

    Returns:
        Both ends; NaN if the interval of the denominator holds zero, as then no ratio can be ruled out.
    """
    count = len(below)
    if count < 2:
        return math.nan, math.nan
    square = _t(count) ** 2 / count
    (var_above, both), (_, var_below) = np.cov(above, below)
    a = below.mean() ** 2 - square * var_below
    b = above.mean() * below.mean() - square * both
    c = above.mean() ** 2 - square * var_above
    if a <= 0:
        return math.nan, math.nan
    root = math.sqrt(max(0.0, b * b - a * c))
    return float((b - root) / a), float((b + root) / a)


def jackknife(of: Callable[[np.ndarray], Floats], units: Units, whole: Floats) -> Floats:
    """Return the standard error of a statistic that is worked out from all pairs together, leaving out unit by unit.

    Args:
        of: Gives the statistic for the pairs of which an array of booleans says whether they count.
        units: Units of the pairs.
        whole: Only gives the shape.
    """
    if units.count < 2:
        return np.full_like(whole, np.nan)
    without = np.array([of(units.of != unit) for unit in range(units.count)])
    squares = ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    error: Floats = np.sqrt(squares * (units.count - 1) / units.count)
    return error


def share_better(differences: Floats, direction: str) -> float:
    """Return the share of pairs in which a scenario is better, ties counted half; NaN without a direction."""
    if direction == "neither" or not len(differences):
        return math.nan
    wins = differences > 0 if direction == "more" else differences < 0
    return float(wins.mean() + (differences == 0).mean() / 2.0)


def variance_factor(baseline: Floats, value: Floats) -> float:
    """Return how many times larger the variance of the mean difference would be if the pairs were none."""
    if len(value) < 2:
        return math.nan
    paired = float((value - baseline).var(ddof=1))
    return float(baseline.var(ddof=1) + value.var(ddof=1)) / paired if paired > 0 else math.nan


@cache
def _t(count: int) -> float:
    return float(student.ppf((1.0 + CONFIDENCE) / 2.0, count - 1))
