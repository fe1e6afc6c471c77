"""Firms: training companies (leerbedrijven) as columns, and their agents as views on a row."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from agents.base import RowAgent
from agents.columns import Bools, Cell, Floats, Ints, Table, column
from agents.partnership import Role


class Size(IntEnum):
    """Size class by working persons: 2-9, 10-49, 50-249, 250 and more."""

    MICRO = 0
    KLEIN = 1
    MIDDEL = 2
    GROOT = 3


BELIEFS, LLO_AND_CULTURE = slice(-1), slice(1, None, 2)
"""Which of the traits of `Firms.traits`: all beliefs; the belief in LLO with the learning culture."""


class Firms(Table):
    """All firms of the world. A sampled firm stands for `weight` firms."""

    region: Ints = column(int)
    sector: Ints = column(int)
    cell: Ints = column(int)  # region x sector, the neighbourhood in which beliefs spread
    size: Ints = column(int)
    stratum: Ints = column(int)  # cell x size: firms that are equally often contacted
    employees: Floats = column(float)
    weight: Floats = column(float, 1.0)
    large: Bools = column(bool, False)
    top: Bools = column(bool, False)  # one of the region's largest employers
    capacity: Floats = column(float, 1.0)  # memberships that the firms it stands for can have together
    innovation_need: Floats = column(float)
    vacancies: Floats = column(float)
    # beliefs about the mbo: 0 not seen as such, 1 trusted
    belief_staff: Floats = column(float)
    belief_llo: Floats = column(float)
    belief_innovation: Floats = column(float)
    learning_culture: Floats = column(float)
    # why it would take part; the three sum to one
    motive_staff: Floats = column(float)
    motive_llo: Floats = column(float)
    motive_innovation: Floats = column(float)
    patience: Floats = column(float)  # quarters without results
    bbl_places: Floats = column(float)
    memberships: Ints = column(int)  # refreshed when a membership starts or ends

    @property
    def traits(self) -> Floats:
        """Beliefs about staff, llo and innovation and the learning culture, shape (traits, firms)."""
        return self.together("belief_staff", "learning_culture")

    @property
    def motives(self) -> Floats:
        """Motives staff, llo and innovation, shape (motives, firms)."""
        return self.together("motive_staff", "motive_innovation")


class Firm(RowAgent):
    """A firm, as an agent: a readable view on its row."""

    size = Cell(Size)
    employees = Cell()
    weight = Cell()
    learning_culture = Cell()
    innovation_need = Cell()
    vacancies = Cell()
    belief_staff = Cell()
    belief_llo = Cell()
    belief_innovation = Cell()
    motive_staff = Cell()
    motive_llo = Cell()
    motive_innovation = Cell()
    patience = Cell()
    bbl_places = Cell()

    @property
    def region(self) -> str:
        """Id of the labour-market region."""
        return str(self.model.pack.regions[int(self.model.firms.region[self.row])].id)

    @property
    def sector(self) -> str:
        """Id of the sector."""
        return str(self.model.national.sectors[int(self.model.firms.sector[self.row])].id)

    @property
    def pps(self) -> list[Any]:
        """The partnerships it takes part in now."""
        return [self.model.partnerships[int(k)] for k in self.model.memberships.pps[self._memberships]]

    @property
    def role(self) -> Role:
        """The most committed role that it has now."""
        return Role(int(self.model.memberships.role[self._memberships].max(initial=Role.GEEN)))

    @property
    def experienced_value(self) -> float:
        """Value it experiences in the partnership it joined last, 0-1; 0 when in none."""
        mine = self._memberships
        return float(self.model.memberships.value[mine[-1]]) if len(mine) else 0.0

    @property
    def _memberships(self) -> Ints:
        rows: Ints = self.model.memberships.of_firms()
        mine: Ints = rows[self.model.memberships.member[rows] == self.row]
        return mine


class MkbFirm(Firm):
    """A small or medium-sized firm (below 250 working persons): at most one partnership."""


class LargeEmployer(Firm):
    """A large firm: longer horizon, larger contributions, up to three partnerships, an anchor for others."""
