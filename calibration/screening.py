"""Which parameters move which targets: only these can be learnt from what was reported."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import false_discovery_control
from sklearn.feature_selection import f_regression, r_regression

from agents.columns import Bools, Floats

FALSE_DISCOVERIES = 0.01
"""Expected share of the effects that are found by chance only (Benjamini and Hochberg 1995)."""


@dataclass(frozen=True)
class Screening:
    """What a sample of runs says of the effect of each parameter on each target.

    Attributes:
        share: Share of the target's variance that the parameter explains by itself, shape (parameters, targets).
        moves: Whether that is more than chance.
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
        scores: Scores of the targets, shape (runs, targets).
    """
    share = np.column_stack([r_regression(unit, target) ** 2 for target in scores.T])
    chance = np.column_stack([f_regression(unit, target)[1] for target in scores.T])
    return Screening(share, false_discovery_control(chance.ravel()).reshape(chance.shape) <= FALSE_DISCOVERIES)
