"""What is not known before anything is fitted: every parameter that has a range, and how it is spread over it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from agents.columns import Bools, Floats
from agents.parameters import ParameterRow, parameter_table

KNOWN = {
    "leaves_at_random": "only a rival submodel uses it",
    "sample_floor": "a device of sampling firms, not of the world",
    "trends_from": "the years of the report that gives the trends",
    "trends_to": "the years of the report that gives the trends",
    "demography_from": "the last year that was counted",
}
"""Parameters that are not uncertain, although they have a range in which a person may set them; and why."""
OF_POLICIES = "policy_"
"""How the names of parameters start that act through policies alone: no report tells of a world with such policies, so
that a fit cannot know of them. A run spreads them over their range (see `policy_prior`)."""
WIDE = 10.0
"""A range whose ends differ by this factor or more is spread evenly in logarithms: the order of size is unknown."""


@dataclass(frozen=True)
class Prior:
    """Independent ranges, spread evenly (in logarithms where they are wide).

    Attributes:
        names: Names of the parameters.
        low: Lower ends, in each parameter's unit.
        high: Upper ends.
        log: Which are spread evenly in logarithms.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    log: Bools

    def values(self, unit: Floats) -> Floats:
        """Turn shares of the ranges, shape (..., parameters) in 0-1, into values of the parameters."""
        even = self.low + unit * (self.high - self.low)
        ratio = np.where(self.log, self.high / np.where(self.log, self.low, 1.0), 1.0)
        return np.clip(np.where(self.log, self.low * ratio**unit, even), self.low, self.high)

    def unit(self, values: Floats) -> Floats:
        """Turn values of the parameters into shares of their ranges."""
        even = (values - self.low) / (self.high - self.low)
        low, high = np.where(self.log, self.low, 1.0), np.where(self.log, self.high, np.e)
        logs = np.log(np.where(self.log, values, 1.0) / low) / np.log(high / low)
        return np.clip(np.where(self.log, logs, even), 0.0, 1.0)

    def without(self, names: Collection[str]) -> Prior:
        """Return the prior of the parameters that are not named."""
        kept = np.array([name not in names for name in self.names])
        return Prior(
            tuple(name for name in self.names if name not in names), self.low[kept], self.high[kept], self.log[kept]
        )

    def digest(self, names: Collection[str]) -> str:
        """Return the SHA-256 of the ranges of some parameters; those that are not uncertain count as such."""
        ends = zip(self.names, self.low.tolist(), self.high.tolist(), self.log.tolist(), strict=True)
        return hashlib.sha256(repr([end for end in ends if end[0] in names]).encode()).hexdigest()

    def design(self, draws: int, seed: int) -> Floats:
        """Return a Latin hypercube over the ranges, as shares, shape (draws, parameters)."""
        sampler = qmc.LatinHypercube(len(self.names), rng=np.random.default_rng(seed))
        sample: Floats = sampler.random(draws)
        return sample


def policy_prior() -> Prior:
    """Return the prior of the parameters that act through policies alone."""
    return _prior([row for row in parameter_table().values() if row.name.startswith(OF_POLICIES)])


def uncertain() -> Prior:
    """Return the prior of every parameter that is uncertain, those that act through policies alone included."""
    rows = parameter_table().values()
    return _prior([row for row in rows if row.low < row.high and row.name not in KNOWN])


def load_prior(also: Collection[str] = ()) -> Prior:
    """Return the prior of every uncertain parameter of the table.

    Args:
        also: Parameters of `KNOWN` that are to be uncertain nevertheless.
    """
    known = KNOWN.keys() - set(also)
    rows = [row for row in parameter_table().values() if row.low < row.high and row.name not in known]
    rows = [row for row in rows if not row.name.startswith(OF_POLICIES)]
    return _prior(rows)


def _prior(rows: list[ParameterRow]) -> Prior:
    low, high = (np.array([getattr(row, end) for row in rows]) for end in ("low", "high"))
    return Prior(tuple(row.name for row in rows), low, high, np.array([_is_wide(row) for row in rows]))


def _is_wide(row: ParameterRow) -> bool:
    return row.low > 0 and row.high / row.low >= WIDE
