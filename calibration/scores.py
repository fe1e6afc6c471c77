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
"""Tolerances up to which a score is nearly a straight line."""


def score(simulated: Floats, targets: Sequence[Target]) -> Floats:
    """Return how far off simulated values are, in tolerances of report and model, bent so that far is far enough.

    The inverse hyperbolic sine is a straight line near 0, where it matters, and a logarithm beyond `BEND`, so that
    a world that is ten times too large does not outweigh all others. A quantity that is not defined, such as the mean
    over no partnership, counts as 0: there is nothing.

    Args:
        simulated: Shape (runs, targets), in the units of the targets.
        targets: What was reported.
    """
    observed = np.array([target.observed for target in targets])
    model = MODEL_ERROR * np.maximum(np.abs(observed), 1.0)
    tolerance = np.hypot(np.array([target.tolerance for target in targets]), model)
    scores: Floats = BEND * np.arcsinh((np.nan_to_num(simulated, nan=0.0) - observed) / (BEND * tolerance))
    return scores
