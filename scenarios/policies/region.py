"""The region: orchestration, consortia, bridge builders, places, and signals in time."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from agents.partnership import FIRM_KINDS, Location
from scenarios.policy import Policy


class Orchestration(Policy):
    """Pays staff at the province who link partnerships, schools and firms (P-P08, CO-01, CO-02, CO-03).

    Orchestration above what the province does by itself grows with the staff, every quarter a share of what is still
    missing, and wears off every year, so that its height follows from the staff and fades when they go. An
    orchestrating province helps all partnerships to contacts and draws them towards demand and practice. It is there
    for a whole province, so that it cannot be kept to some sectors.
    """

    kind: ClassVar[str] = "orchestration"

    staff_euro_year: float = Field(default=190_000, ge=0, le=1e9, allow_inf_nan=False)

    @model_validator(mode="after")
    def _for_all_sectors(self) -> Self:
        if self.sectors:
            raise ValueError("sectors are given, but orchestration works for all; leaving them out is allowed")
        return self

    def on_quarter(self, world: Any) -> None:
        """Let the staff build orchestration in the provinces in which they work."""
        built = -np.expm1(-world.p.policy_orchestration_per_fte * world.act.staff_fte(self) / 4.0)
        for row in np.flatnonzero(world.act.provinces(self)):
            province = world.provinces[row]
            province.added_orchestration += float(built) * (1.0 - province.added_orchestration)


class BridgeBuilders(Policy):
    """Pays bridge builders who know education and firms, for partnerships whose network lives (P-P07, CO-03, LC-08).

    They make contacts as regie does and stand beside the leader, who comes to know both networks. Contacts end with the
    money; what the leader learnt stays.

    Attributes:
        fte: Bridge builder for each partnership; paid at the cost of an fte of regie.
    """

    kind: ClassVar[str] = "bridge-builders"

    fte: float = Field(default=0.25, ge=0, le=5, allow_inf_nan=False)

    def on_contact(self, world: Any, contacts: Any) -> None:
        """Pay bridge builders, first where the leader has least of both networks."""
        pps, p = world.pps, world.p
        rows = np.flatnonzero(world.act.eligible(self) & pps.network_alive)
        rows = rows[np.argsort(pps.leader[rows], kind="stable")]
        amount = np.full(len(rows), round(25 * self.fte * p.fte_cost))
        rows = rows[world.act.provide(self, rows, amount, goes_on=True)]
        contacts[rows] += p.contacts_per_fte * self.fte
        pps.leader[rows] += -np.expm1(-p.policy_bridge_leader * self.fte / 4.0) * (1.0 - pps.leader[rows])


class Consortia(Policy):
    """Pays groups of mature, related partnerships in a province that share their regie (P-P09, WA-07).

    Once a year partnerships join forces as in the national HIP: led by the most developed one with a hogeschool. Every
    member gets money for its regie, at most what that costs, for some years; a group is paid as a whole or not formed.
    Members share part of the regie from then on, also when the money has ended.

    Attributes:
        euro_year: Most that each member gets in a year.
        years: How long.
    """

    kind: ClassVar[str] = "consortia"

    staff_euro_year: float = Field(default=50_000, ge=0, le=1e9, allow_inf_nan=False)
    euro_year: float = Field(default=40_000, ge=0, le=1e6, allow_inf_nan=False)
    years: float = Field(default=4.0, ge=0.25, le=30, allow_inf_nan=False)

    def on_money(self, world: Any) -> None:
        """Pay the members there are, then form groups with what is left."""
        first = world.act.first_helped(self)
        able = world.act.eligible(self) & world.pps.network_alive
        members = able & (first >= 0) & (world.quarter - first < 4 * self.years)
        self._pay(world, np.flatnonzero(members))
        if world.calendar.season(world.quarter) == 1 and self.euro_year:
            for group in world.act.consortia(able & (first < 0)):
                self._form(world, np.array(group))

    def _form(self, world: Any, group: Any) -> None:
        """Form a group if a year's money for all of its members is left."""
        most = 4 * len(group) * round(25 * self.euro_year)
        if most <= world.act.free(self, int(world.pps.province[group[0]])):
            world.pps.consortium[group[self._pay(world, group)]] = True

    def _pay(self, world: Any, rows: Any) -> Any:
        most = np.minimum(self.euro_year / 4.0, world.act.regie_cost()[rows])
        return world.act.pay(self, rows, np.floor(100 * most).astype(np.int64), regie=True, goes_on=True)


class PhysicalPlace(Policy):
    """Pays, once, for a place of its own for living partnerships without one (P-P15, LC-11, IN-01, CO-09).

    Most of it is buildings and equipment, some of it programme and staffing; the place works only as far as there are
    both. Both wear down afterwards like all that a partnership has.

    Attributes:
        euro: What a place costs.
    """

    kind: ClassVar[str] = "physical-place"

    euro: float = Field(default=500_000, ge=0, le=1e8, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Pay for places, the most developed partnerships first."""
        pps, p = world.pps, world.p
        may = world.act.eligible(self) & pps.network_alive & (pps.location != Location.OWN)
        rows = np.flatnonzero(may)
        rows = rows[np.argsort(-pps.development[rows], kind="stable")]
        rows = rows[world.act.provide(self, rows, np.full(len(rows), round(100 * self.euro)))]
        pps.location[rows] = Location.OWN
        pps.hardware[rows] += p.policy_place_hardware * (1.0 - pps.hardware[rows])
        pps.software[rows] += p.policy_place_software * (1.0 - pps.software[rows])


class RiskSignal(Policy):
    """Looks once a year at subsidised partnerships near the end for risks that are noticed too late (P-S14, P-P14).

    Two risks are looked for (MV-03): that innovation cannot succeed, for want of a hogeschool or of owning firms, and
    that the field does not follow, for want of regie or because many firms wait too long for results. Who is at risk
    gets money for regie for a while, and account management visits the firms that wait: these give it more time.

    Attributes:
        years_before: How long before the end of the subsidy.
        least_adequacy: Share of the regie that is needed below which there is a risk.
        waiting_share: Share of the firms that wait too long as of which there is a risk.
        euro_year: Most that one partnership gets for regie in a year.
        years: How long.
        euro_visit: What a visit costs.
    """

    kind: ClassVar[str] = "risk-signal"

    staff_euro_year: float = Field(default=95_000, ge=0, le=1e9, allow_inf_nan=False)
    years_before: float = Field(default=2.0, ge=0, le=10, allow_inf_nan=False)
    least_adequacy: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    waiting_share: float = Field(default=0.25, ge=0, le=1, allow_inf_nan=False)
    euro_year: float = Field(default=40_000, ge=0, le=1e6, allow_inf_nan=False)
    years: float = Field(default=1.0, ge=0.25, le=10, allow_inf_nan=False)
    euro_visit: float = Field(default=1_000, ge=0, le=1e5, allow_inf_nan=False)

    def on_money(self, world: Any) -> None:
        """Pay those who were found at risk before, and look for others in the first quarter of a year."""
        first = world.act.first_helped(self)
        able = world.act.eligible(self) & world.pps.network_alive
        self._pay(world, np.flatnonzero(able & (first >= 0) & (world.quarter - first < 4 * self.years)))
        if world.calendar.season(world.quarter) == 1:
            waiting = self._waiting(world)
            found = np.flatnonzero(able & (first < 0) & self._at_risk(world, waiting))
            soonest = found[np.argsort(world.pps.subsidy_end[found], kind="stable")]
            self._visit(world, soonest[self._pay(world, soonest)], waiting)

    def _waiting(self, world: Any) -> Any:
        """Return the memberships of firms that have used more than half of their patience."""
        table, firms = world.memberships, world.firms
        rows = table.active()
        rows = rows[np.isin(table.kind[rows], FIRM_KINDS)]
        return rows[table.clock[rows] > firms.patience[table.member[rows]] / 2.0]

    def _at_risk(self, world: Any, waiting: Any) -> Any:
        """Say which partnerships near the end of their subsidy are at risk."""
        pps = world.pps
        left = pps.subsidy_end - world.quarter
        near = (pps.decision == 0) & (left > 0) & (left <= 4 * self.years_before)
        impatient = np.bincount(world.memberships.pps[waiting], minlength=len(pps))
        innovates = (pps.hogescholen > 0) & (pps.owners > 0)
        adopts = (pps.adequacy >= self.least_adequacy) & (impatient < self.waiting_share * np.maximum(pps.firms, 1))
        return near & ~(innovates & adopts)

    def _pay(self, world: Any, rows: Any) -> Any:
        most = np.minimum(self.euro_year / 4.0, world.act.regie_cost()[rows])
        return world.act.pay(self, rows, np.floor(100 * most).astype(np.int64), regie=True, goes_on=True)

    def _visit(self, world: Any, found: Any, waiting: Any) -> None:
        """Visit the firms that wait in partnerships that were found at risk: part of their waiting is forgiven."""
        table = world.memberships
        visits = np.bincount(table.pps[waiting], minlength=len(world.pps))
        amount = (visits[found] * round(100 * self.euro_visit)).astype(np.int64)
        visited = found[world.act.provide(self, found, amount)]
        rows = waiting[np.isin(table.pps[waiting], visited)]
        table.clock[rows] = np.floor((1.0 - world.p.policy_visit_resets) * table.clock[rows]).astype(np.int64)
