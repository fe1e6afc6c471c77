"""Hogescholen: research capacity, and how much they see in working with the mbo."""

from __future__ import annotations

from typing import Any

from agents.base import Organisation


class Hogeschool(Organisation):
    """A university of applied sciences.

    Attributes:
        lectoraten: Research groups; bounds how many partnerships it can take part in.
        value_of_mbo: 0-1, perceived value of working with the mbo (mechanism HB-02: low).
        large_firm_links: 0-1, how strongly it is tied to large firms (they look to hbo for concepts).
    """

    def __init__(
        self,
        model: Any,
        id: str,
        name: str,
        row: int,
        region: int,
        lectoraten: int,
        sectors: tuple[int, ...],
        value_of_mbo: float,
        large_firm_links: float,
    ) -> None:
        super().__init__(model, id, name)
        self.row = row
        self.region = region
        self.lectoraten = lectoraten
        self.sectors = sectors
        self.value_of_mbo = value_of_mbo
        self.large_firm_links = large_firm_links
        self.account = -1

    @property
    def budget(self) -> int:
        """Money for partnerships in hand, cents."""
        return int(self.model.ledger.balance[self.account])

    def has_room(self, taking_part: int, per_lectoraat: float) -> bool:
        """Say whether its lectoraten can carry one partnership more."""
        return taking_part < self.lectoraten * per_lectoraat

    def review(self, mean_research: float, taking_part: int, learning: float) -> None:
        """Revise the perceived value of the mbo by a year of joint research (HB-02, HB-03).

        Args:
            mean_research: Mean of the blocks practice research and innovation in its partnerships, 0-1.
            taking_part: Partnerships it takes part in.
            learning: Share of the distance that is learnt in a year.
        """
        if taking_part:
            self.value_of_mbo += learning * (mean_research - self.value_of_mbo)
