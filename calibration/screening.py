"""Which parameters move which targets: only these can be learnt from what was reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control
from sklearn.feature_selection import f_regression, r_regression

from agents.columns import Bools, Floats

LEAST_SHARE = 0.02
"""Share of a target's variance that a parameter must explain to count as moving it."""
FALSE_DISCOVERIES = 0.01
"""Expected share of parameters that are named by chance (Benjamini and Hochberg 1995)."""


@dataclass(frozen=True)
class Screening:
    """What a sample of runs says of the effect of each parameter on each target.

    Attributes:
        share: Share of the target's variance that the parameter explains, by a straight line or by a bend around
            the middle of its range, shape (parameters, targets).
        moves: Whether that is more than chance and more than a trifle.
    """

    share: Floats
    moves: Bools

    @property
    def learnable(self) -> Bools:
        """Which parameters move at least one target."""
        some: Bools = self.moves.any(axis=1)
        return some


def screen(unit: Floats, scores: Floats) -> Screening:
    """Screen the parameters on a sample of runs in which all vary independently.

    Args:
        unit: Parameters as shares of their ranges, shape (runs, parameters).
        scores: Targets, as `calibration.emulator.score` gives them, shape (runs, targets).
    """
    bend = np.abs(unit - 0.5)
    share, chance = np.empty((2, unit.shape[1], scores.shape[1]))
    for target, values in enumerate(scores.T):
        known = np.isfinite(values)
        shapes = [shape[known] for shape in (unit, bend)]
        share[:, target] = sum(r_regression(shape, values[known]) ** 2 for shape in shapes)
        chance[:, target] = 2 * np.minimum(*(f_regression(shape, values[known])[1] for shape in shapes))
    adjusted = false_discovery_control(np.clip(chance, 0.0, 1.0).ravel()).reshape(chance.shape)
    genuine = adjusted <= FALSE_DISCOVERIES
    return Screening(share, genuine & (share >= LEAST_SHARE))
