"""Students: whole heads by school, sector, level and track; they move only here.

Every year on 1 October: last year's students plus the inflow, minus graduates and those who leave without a
diploma, are this year's students. Nobody appears or disappears otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Floats, Ints

BBL, BOL = 0, 1
LEVELS = 4


class EnrolmentError(RuntimeError):
    """A process lost or invented students; always a bug."""


def whole(amounts: Floats) -> Ints:
    """Round to whole heads so that the total is the rounded total (cumulative rounding in array order).

    Halves go up: rounding them to even could give a cell more than the next whole number.
    """
    ends = np.floor(np.cumsum(amounts.ravel()) + 0.5).astype(np.int64)
    heads = ends.copy()
    heads[1:] -= ends[:-1]
    return heads.reshape(amounts.shape)


@dataclass(frozen=True)
class SchoolYear:
    """What happened on one 1 October. Arrays are (schools, sectors, levels, tracks) in heads."""

    step: int
    stock: Ints
    inflow: Ints
    graduates: Ints
    leavers: Ints


class Enrolment:
    """All students of the world.

    Attributes:
        stock: Students now, (schools, sectors, levels, tracks).
        by_sector: The same by school and sector.
        years: What happened on each 1 October.
        turned_away: Applicants for BBL without a place who did not choose BOL, cumulative.
    """

    def __init__(self, start: Ints) -> None:
        self.start = start.copy()
        self._set(start.copy())
        self.years: list[SchoolYear] = []
        self.turned_away = 0

    def turn_year(self, step: int, inflow: Ints, graduates: Ints, leavers: Ints) -> None:
        """Move to a new school year.

        Raises:
            EnrolmentError: If a flow is negative or more leave than there are.
        """
        stock = self.stock + inflow - graduates - leavers
        if min(flow.min() for flow in (inflow, graduates, leavers, stock)) < 0:
            raise EnrolmentError("a flow or stock of students is negative")
        self._set(stock)
        self.years.append(SchoolYear(step, stock.copy(), inflow, graduates, leavers))

    def _set(self, stock: Ints) -> None:
        self.stock, self.by_sector = stock, stock.sum(axis=(2, 3))

    def check(self) -> None:
        """Check that all students are accounted for since the start.

        Raises:
            EnrolmentError: If a student was lost or invented.
        """
        moved = sum((y.inflow - y.graduates - y.leavers for y in self.years), np.zeros_like(self.start))
        if not np.array_equal(self.start + moved, self.stock):
            raise EnrolmentError("students were lost or invented")
