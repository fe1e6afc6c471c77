"""A quick stand-in for the model: what is observed, as a second-order surface over the parameters that move it.

All else (chance, and the parameters that move nothing much) shows as scatter around the surface, whose covariance
over targets is kept: targets that scatter together, such as the mean and the median of the same thing, do not count
twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import cholesky
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from agents.columns import Floats

TOLERANCE_SD = 1 / 1.96
"""A tolerance is where 95 percent of what a report could as well have said lies: this many standard deviations."""
PENALTIES = np.logspace(-1, 5, 13)
"""Strengths of the ridge penalty to choose from, by generalised cross-validation."""


def score(simulated: Floats, observed: Floats, tolerance: Floats) -> Floats:
    """Return how far off simulated values are in tolerances, bent so that far is far enough.

    The inverse hyperbolic sine is a straight line near 0, where it matters, and a logarithm far away, where a
    surface would otherwise spend all its effort.
    """
    return np.arcsinh((simulated - observed) / tolerance)


@dataclass(frozen=True)
class Emulator:
    """The surface of every target, and the scatter around it.

    Attributes:
        level: Expected score where all parameters are 0, shape (targets,).
        slope: Shape (targets, parameters).
        bend: Shape (targets, parameters, parameters), upper triangles.
        scatter: Covariance of the scores around it, for a run not used in the fit, shape (targets, targets).
        explained: Share of the variance of each target that the surface explains in such runs.
    """

    level: Floats
    slope: Floats
    bend: Floats
    scatter: Floats
    explained: Floats

    @cached_property
    def _bends(self) -> Floats:
        return np.ascontiguousarray(np.moveaxis(self.bend, 0, 1).reshape(self.bend.shape[1], -1))

    @cached_property
    def _whitening(self) -> Floats:
        covariance = self.scatter + TOLERANCE_SD**2 * np.eye(len(self.scatter))
        inverse: Floats = np.linalg.inv(cholesky(covariance, lower=True)).T
        return inverse

    def mean(self, unit: Floats) -> Floats:
        """Return the expected scores of draws, shape (draws, parameters), as shape (draws, targets)."""
        bent = (unit @ self._bends).reshape(len(unit), len(self.level), unit.shape[1])
        expected: Floats = self.level + unit @ self.slope.T + (bent @ unit[:, :, None])[..., 0]
        return expected

    def log_likelihood(self, unit: Floats, seen: Floats | float = 0.0) -> Floats:
        """Return the log-likelihood of what was seen, up to a constant, shape (draws,).

        Normal, with the scatter of the model and the tolerance of the report (a synthetic likelihood, Wood 2010).

        Args:
            unit: Draws, shape (draws, parameters).
            seen: Scores of what was seen, shape (targets,); what the reports say has score 0.
        """
        half: Floats = -0.5 * (((self.mean(unit) - seen) @ self._whitening) ** 2).sum(axis=1)
        return half


def fit_emulator(unit: Floats, scores: Floats, seed: int) -> Emulator:
    """Fit the surface to a sample of runs.

    Args:
        unit: Learnable parameters as shares of their ranges, shape (runs, parameters).
        scores: Scores of the targets, shape (runs, targets); runs with an undefined one are left out.
        seed: Seed of the division into folds.
    """
    known = np.isfinite(scores).all(axis=1)
    unit, scores = unit[known], scores[known]
    terms = PolynomialFeatures(2, include_bias=False)
    surface = make_pipeline(terms, StandardScaler(), RidgeCV(PENALTIES))
    folds = KFold(5, shuffle=True, random_state=seed)
    off = scores - cross_val_predict(surface, unit, scores, cv=folds)
    explained = 1.0 - off.var(axis=0) / np.maximum(scores.var(axis=0), np.finfo(float).tiny)
    surface.fit(unit, scores)
    return Emulator(*_surface(surface), np.atleast_2d(np.cov(off.T)), explained)


def _surface(fitted: Pipeline) -> tuple[Floats, Floats, Floats]:
    """Return level, slope and bend of a fitted surface: as arrays it is some ten times quicker in the chains."""
    terms, scaler, ridge = (step for _, step in fitted.steps)
    weights = np.atleast_2d(ridge.coef_) / scaler.scale_
    level = np.atleast_1d(ridge.intercept_) - weights @ scaler.mean_
    powers = terms.powers_
    straight = powers.sum(axis=1) == 1
    k = powers.shape[1]
    bend = np.zeros((len(weights), k, k))
    for term in np.flatnonzero(~straight):
        first, *second = np.flatnonzero(powers[term])
        bend[:, first, second[0] if second else first] = weights[:, term]
    return level, weights[:, straight], bend
