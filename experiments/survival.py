"""How long networks outlive their subsidy: Kaplan-Meier, by scipy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.stats import CensoredData, ecdf
from scipy.stats import t as student

from agents.columns import Bools, Floats, Ints
from experiments.pairs import CONFIDENCE, Units, jackknife
from sim.calendar import quarter_number

LEAD = 8
"""Quarters before the end of the subsidy from which networks are followed."""


@dataclass(frozen=True)
class Lives:
    """Networks followed around the end of their subsidy.

    Attributes:
        pair: Number of the pair that each belongs to.
        quarters: Quarters from the end of the subsidy until the network was lost, or the run ended; below 0 if it was
            lost before the subsidy ended, or by the decision taken in its last quarter, and -`LEAD` at least.
        lost: Whether it was lost; otherwise it is followed no longer (censored).
    """

    pair: Ints
    quarters: Floats
    lost: Bools


def lives(partnerships: Mapping[str, Iterable[Any]], replicates: list[int], until: str, since: str = "") -> Lives:
    """Return the lives of the networks whose subsidy ended in a run.

    Args:
        partnerships: The columns of the table `partnerships` of a run.
        replicates: Replicates that count, in the order of the pairs.
        until: Last quarter of the run.
        since: Only partnerships whose subsidy ended in this quarter or later, if given.
    """
    number = {replicate: pair for pair, replicate in enumerate(replicates)}
    columns = (partnerships[name] for name in ("replicate", "subsidy_end", "network_death"))
    rows = [
        (number[replicate], end, death if isinstance(death, str) else None)
        for replicate, end, death in zip(*columns, strict=True)
        if replicate in number and isinstance(end, str) and since <= end <= until
    ]
    at = cache(quarter_number)  # there are far more networks than quarters
    time = np.array([at(death or until) - at(end) for _, end, death in rows], dtype=np.float64)
    pair = np.array([pair for pair, _, _ in rows], dtype=np.int64)
    return Lives(pair, np.maximum(time, -LEAD), np.array([death is not None for *_, death in rows], dtype=bool))


@dataclass(frozen=True)
class Curve:
    """Survival of networks around the end of their subsidy, as steps: each value holds until the next time.

    Attributes:
        times: Years since the end of the subsidy; those before it are below 0. None if there is nobody to follow.
        survival: Share whose network lives (Kaplan-Meier).
        low: Lower end of the 95% interval.
        high: Upper end.
        at_risk: Networks that are still followed just before that time, of all pairs together.
        lives: Partnerships in all pairs together.
        lost: How many networks were lost.
    """

    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]
    lives: int
    lost: int


def curve(followed: Lives, units: Units) -> Curve:
    """Return the Kaplan-Meier curve of all lives together, with 95% intervals.

    Networks of one pair, and pairs with one draw, live in the same world: the usual interval (Greenwood) would take
    them for independent and be too narrow. The standard error is that of the jackknife over units, on the arcsine of
    the square root, which also holds near 0 and 1.
    """
    # the end of the subsidy is on the curve, also where no network lives to see it
    times = np.arange(-LEAD, max(followed.quarters.max(), 0) + 1.0) if len(followed.pair) else np.empty(0)
    share = kaplan_meier(followed, np.ones(len(followed.pair), dtype=bool), times)

    def bent(pairs: Bools) -> Floats:
        return np.arcsin(np.sqrt(kaplan_meier(followed, pairs[followed.pair], times)))

    centre = np.arcsin(np.sqrt(share))
    reach = student.ppf((1.0 + CONFIDENCE) / 2.0, max(units.count - 1, 1)) * jackknife(bent, units, share)
    low, high = (np.sin(np.clip(end, 0.0, np.pi / 2.0)) ** 2 for end in (centre - reach, centre + reach))
    at_risk = (followed.quarters[None, :] >= times[:, None]).sum(axis=1)
    return Curve(
        tuple((times / 4.0).tolist()),
        tuple(share.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        tuple(at_risk.tolist()),
        lives=len(followed.pair),
        lost=int(followed.lost.sum()),
    )


def kaplan_meier(followed: Lives, which: Bools, times: Floats) -> Floats:
    """Return the Kaplan-Meier estimate at some times, in quarters; 1 where there is nobody to follow."""
    if not which.any():
        return np.ones_like(times)
    quarters, lost = followed.quarters[which], followed.lost[which]
    sample = CensoredData(uncensored=quarters[lost], right=quarters[~lost])
    survival: Floats = np.asarray(ecdf(sample).sf.evaluate(times), dtype=np.float64)
    return survival
