"""A check of the inference itself: does it find parameters that are known, because we made the data with them?

Worlds are drawn from the ranges, run, and reported with the reports' error on top; the fit then looks for their
parameters as it does for those of the real world. If it is honest, a 90 percent interval holds the truth in 90
percent of the cases (Cook, Gelman and Rubin 2006; Talts et al. 2018).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from agents.columns import Bools, Floats
from agents.errors import InputError
from calibration.fit import Budget, Engine, Ensemble, Fit, assimilate
from calibration.scores import TOLERANCE_SD, error_of

LEVELS = (0.5, 0.9)


@dataclass(frozen=True)
class SelfCheck:
    """How well known parameters were found.

    Attributes:
        rank: Share of the posterior below the truth, shape (worlds, parameters).
        width: Width of the 90 percent interval as a share of that of the range, shape (worlds, parameters).
        met: Whether the median of the fitted runs is within the tolerance of the report, shape (worlds, targets). What
            the fit to the real world misses beyond this is not missed for lack of a true model.
        members: Worlds in the ensemble of each fit.
    """

    rank: Floats
    width: Floats
    met: Bools
    members: int

    def inside(self, level: float) -> Bools:
        """Say where the central interval of a level holds the truth, shape (worlds, parameters)."""
        held: Bools = np.abs(self.rank - 0.5) <= level / 2
        return held


def relative_width(sample: Floats) -> Floats:
    """Return the width of the 90 percent interval of each parameter as a share of that of its range."""
    low, high = np.quantile(sample, (0.05, 0.95), axis=0)
    width: Floats = (high - low) / 0.9
    return width


def check_size(members: int, worlds: int, budget: Budget) -> None:
    """Check that an ensemble is large enough to take the worlds and the start of their fits from.

    Raises:
        InputError: If it is not.
    """
    if worlds < 0 or budget.members + worlds > members:
        raise InputError(
            f"cannot take {worlds} worlds, and {budget.members} members to fit them, from {members} members",
            "--worlds",
            f"0 to {max(0, members - budget.members)}",
        )


def self_check(engine: Engine, fit: Fit, worlds: int, budget: Budget, seed: int) -> SelfCheck:
    """Recover the parameters of synthetic worlds.

    The first ensemble of the fit serves twice: its last members are the worlds, and others the start of each fit.

    Args:
        engine: What the fit was made with.
        fit: The fit whose inference is checked.
        worlds: How many synthetic worlds.
        budget: How much work the fit of each may take.
        seed: Seed of the reports' error and of the runs.

    Raises:
        InputError: If the first ensemble is too small.
    """
    first = fit.ensembles[0]
    total = len(first.unit)
    check_size(total, worlds, budget)
    scores = engine.scores(first)
    few = slice(budget.members)
    start = Ensemble(first.unit[few], replace(first.observed, values=first.observed.values[few]), first.numbers[few])
    rng = np.random.default_rng([seed, worlds])
    seen = scores[-worlds:] + TOLERANCE_SD * rng.standard_normal((worlds, scores.shape[1]))
    _, found = assimilate(engine, start, fit.learnable, seen, budget, seed + 1)
    rank = [(unit < truth).mean(axis=0) for unit, truth in zip(found, first.unit[-worlds:], strict=True)]
    width = [relative_width(unit) for unit in found]
    ended = engine.run_all("found", found, seed + 1, 2 * budget.steps)
    medians = np.array([np.median(engine.scores(world), axis=0) for world in ended])
    tolerance = np.array([target.tolerance / error_of(target) for target in engine.simulator.targets])
    return SelfCheck(np.array(rank), np.array(width), np.abs(medians - seen) <= tolerance, budget.members)
