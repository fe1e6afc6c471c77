"""How far a run is from what was reported, on one scale for all targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.columns import Floats
from calibration.targets import Target

TOLERANCE_SD = 1 / 1.96
"""A tolerance is where 95 percent of what a report could as well have said lies: this many standard deviations."""
MODEL_ERROR = 0.02
"""How far the model may be off by itself (assumption): this share of a value, or of 1 for shares and changes.

Some reports are exact to half a percent; a model of this kind is not, and would bend everything to meet them.
"""
BEND = 5.0
"""Tolerances up to which the score of a share or a change is nearly a straight line."""
SHARES = ("fraction", "ratio")
"""Units of shares and changes, which add up; what is counted grows by factors."""


def score(simulated: Floats, targets: Sequence[Target]) -> Floats:
    """Return how far off simulated values are, in tolerances of report and model.

    One tolerance off is 1 on every scale. Counts are scored by their logarithm (nearly: they may be 0), as what
    moves them multiplies. Shares and changes are scored as they are, bent beyond `BEND` so that a world that is ten
    times too large does not outweigh all others. A quantity that is not defined, such as the mean over no
    partnership, counts as 0: there is nothing.

    Args:
        simulated: Shape (runs, targets), in the units of the targets.
        targets: What was reported.
    """
    values = np.nan_to_num(simulated, nan=0.0)
    return np.column_stack([_score(column, target) for column, target in zip(values.T, targets, strict=True)])


def error_of(target: Target) -> float:
    """Return the tolerance of a target with the error of the model itself, in the unit of the target."""
    return float(np.hypot(target.tolerance, MODEL_ERROR * max(abs(target.observed), 1.0)))


def _score(values: Floats, target: Target) -> Floats:
    tolerance = error_of(target)
    if target.unit in SHARES:
        bent: Floats = BEND * np.arcsinh((values - target.observed) / (BEND * tolerance))
        return bent
    known = target.observed / tolerance
    factors: Floats = (np.arcsinh(values / tolerance) - np.arcsinh(known)) * np.hypot(1.0, known)
    return factors
