"""Schools for vocational education: roc, aoc and vakschool."""

from __future__ import annotations

from typing import Any

from agents.base import Organisation
from agents.columns import Floats, Ints


class Roc(Organisation):
    """A school that can lead partnerships; also an AOC or a vakschool (`kind`).

    Attributes:
        portfolio_management: 0-1, how far partnerships are run as one innovation function.
        not_invented_here: 0-1, how far material of others is refused.
        llo_experience: 0-1, history of teaching working adults.
        willing_to_fund: 0-1, willingness to keep paying when the subsidy has ended.
        teachers: Teachers employed, heads.
    """

    def __init__(
        self, model: Any, id: str, name: str, row: int, kind: str, region: int, leads: bool, traits: Floats
    ) -> None:
        super().__init__(model, id, name)
        self.row = row
        self.kind = kind
        self.region = region
        self.leads = leads
        self.portfolio_management, self.not_invented_here = float(traits[0]), float(traits[1])
        self.llo_experience, self.willing_to_fund = float(traits[2]), float(traits[3])
        self.teachers = 0.0
        self.account = -1

    @property
    def students(self) -> int:
        """Students enrolled now."""
        return int(self.model.enrolment.stock[self.row].sum())

    @property
    def enrolled(self) -> Ints:
        """Students by sector, level (1-4) and track (BBL, BOL)."""
        table: Ints = self.model.enrolment.stock[self.row]
        return table

    @property
    def reserve(self) -> int:
        """Innovation money in hand, cents."""
        return int(self.model.ledger.balance[self.account])

    @property
    def active_pps(self) -> int:
        """Partnerships it leads that are subsidised or whose network lives."""
        pps = self.model.pps
        return int(((pps.school == self.row) & ((pps.status == 0) | pps.network_alive)).sum())

    def review(self, led: int, mean_results: float | None, mean_llo: float, learning: float, half_way: float) -> None:
        """Learn from a year of leading partnerships (mechanisms RO-01, RO-02, RO-07, LL-05).

        More partnerships make a school manage them as a portfolio, slowly, and a portfolio wears down
        not-invented-here; good results make it willing to keep paying; LLO that works adds to experience with it.

        Args:
            led: Partnerships it ever led.
            mean_results: Mean results kept of those whose subsidy ended, 0-1; None when there are none.
            mean_llo: Mean of their block LLO, 0-1.
            learning: Share of the distance that is learnt in a year.
            half_way: Partnerships led at which portfolio management is half of what it can become.
        """
        experience = led / (led + half_way)
        self.portfolio_management += learning * max(0.0, experience - self.portfolio_management)
        self.not_invented_here *= 1.0 - learning * self.portfolio_management
        self.llo_experience += learning * max(0.0, mean_llo - self.llo_experience)
        if mean_results is not None:
            self.willing_to_fund += learning * (mean_results - self.willing_to_fund)
