"""A second estimate, without ensemble and covariances: of the first it takes only what to look for.

Differential evolution (Storn and Price 1997, in scipy) looks for the values of the best identified parameters that
bring runs of the model itself nearest to the targets; all else is drawn from its range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import differential_evolution

from agents.columns import Bools, Floats
from calibration.fit import Engine, Fit, seeds_of
from calibration.selfcheck import relative_width

IDENTIFIED = 0.6
"""A parameter counts as identified if its 90 percent interval is at most this share of that of its range."""
WORLDS = 16
"""Runs that each candidate is judged by, with other chance and other values of all that is not identified."""
CANDIDATES = 4
"""Candidates in a generation, for each parameter that is looked for."""


@dataclass(frozen=True)
class CrossCheck:
    """Where the second estimate lies.

    Attributes:
        parameters: Which of the uncertain parameters were looked for.
        best: Where they were found, as shares of their ranges, shape (parameters looked for,).
        inside: Whether the posterior's 90 percent interval holds that, one per parameter looked for.
        off: Mean squared score of the targets there.
    """

    parameters: Bools
    best: Floats
    inside: Bools
    off: float


def cross_check(engine: Engine, fit: Fit, generations: int, seed: int) -> CrossCheck:
    """Look for the best values of the identified parameters on the model itself.

    Args:
        engine: What the fit was made with.
        fit: The first estimate; only which parameters it identifies is used of it.
        generations: Generations of candidates.
        seed: Seed of the search, and of the chance in the runs.
    """
    looked_for = fit.learnable & (relative_width(fit.sample) <= IDENTIFIED)
    if not looked_for.any():
        return CrossCheck(looked_for, np.zeros(0), np.zeros(0, dtype=bool), float("nan"))
    others = engine.prior.design(WORLDS, seed)
    chance = seeds_of(seed, 0, WORLDS)

    def distance(candidates: Floats) -> Floats:
        """Return the mean squared score of candidates, shape (parameters, candidates), as scipy hands them over."""
        number = candidates.shape[1]
        unit = np.tile(others, (number, 1))
        unit[:, looked_for] = np.repeat(candidates.T, WORLDS, axis=0)
        engine.expect(len(unit))  # how many parameters are looked for is known only now
        scores = engine.scores(engine.run("search", unit, np.tile(chance, number)))
        off: Floats = (scores**2).reshape(number, WORLDS, -1).mean(axis=(1, 2))
        return off

    found = differential_evolution(  # type: ignore[call-overload]  # its stubs do not know `vectorized`
        distance,
        [(0.0, 1.0)] * int(looked_for.sum()),
        init="sobol",
        popsize=CANDIDATES,
        maxiter=generations,
        rng=np.random.default_rng(seed),
        vectorized=True,
        updating="deferred",
        polish=False,
    )
    low, high = np.quantile(fit.sample[:, looked_for], (0.05, 0.95), axis=0)
    return CrossCheck(looked_for, found.x, (found.x >= low) & (found.x <= high), float(found.fun))
