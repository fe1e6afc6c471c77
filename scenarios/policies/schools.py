"""Schools: how they manage their partnerships, their teachers and their link with research."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from scenarios.policy import Policy


class Portfolio(Policy):
    """Pays an innovation manager at schools that lead several partnerships (P-R01, P-R02).

    The manager runs them as one portfolio: `portfolio_management` of the school moves towards 1. A portfolio wears
    down not-invented-here and lets the regie move more easily (RO-01, RO-02, RE-04). What was built stays afterwards.

    Attributes:
        euro_year: What a manager costs a school in a year.
        least_pps: Running partnerships that a school leads at least.
    """

    kind: ClassVar[str] = "portfolio"

    euro_year: float = Field(default=110_000, ge=0, le=1e6, allow_inf_nan=False)
    least_pps: int = Field(default=2, ge=1, le=50)

    def on_quarter(self, world: Any) -> None:
        """Pay a manager at the schools that qualify, those that lead most first."""
        pps = world.pps
        running = world.act.eligible(self) & ((pps.status == 0) | pps.network_alive)
        led = np.bincount(pps.school[running], minlength=len(world.schools))
        rows = np.flatnonzero(led >= self.least_pps)
        rows = rows[np.argsort(-led[rows], kind="stable")]
        who = [f"school:{world.schools[row].id}" for row in rows]
        province = world.province_of[world.school_region[rows]]
        amount = np.full(len(rows), round(25 * self.euro_year))  # cents a quarter
        for row in rows[world.act.buy(self, who, province, amount, goes_on=True)]:
            school = world.schools[row]
            school.portfolio_management += world.p.policy_portfolio_growth / 4.0 * (1.0 - school.portfolio_management)


class HybridTeachers(Policy):
    """Pays teachers who work in a firm as well, for partnerships whose network lives (P-R09, RO-11, LC-08).

    They move the orientation of the partnership towards practice, and give the lead school experience with teaching
    adults, which LLO needs (LL-02, LL-05). What was built stays afterwards.

    Attributes:
        euro_year: What the hybrid teachers of one partnership cost in a year.
    """

    kind: ClassVar[str] = "hybrid-teachers"

    euro_year: float = Field(default=40_000, ge=0, le=1e6, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Pay hybrid teachers, first where education is furthest from practice."""
        pps, p = world.pps, world.p
        rows = np.flatnonzero(world.act.eligible(self) & pps.network_alive)
        rows = rows[np.argsort(pps.practice[rows], kind="stable")]
        amount = np.full(len(rows), round(25 * self.euro_year))
        for row in rows[world.act.provide(self, rows, amount, goes_on=True)]:
            pps.practice[row] += p.policy_hybrid_practice / 4.0 * (1.0 - pps.practice[row])
            school = world.schools[pps.school[row]]
            school.llo_experience += p.policy_hybrid_llo / 4.0 * (1.0 - school.llo_experience)


class PractoraatLectoraat(Policy):
    """Pays a practoraat that is linked to a lectoraat, for living partnerships without a hogeschool (P-R06, HB-04).

    A hogeschool of the sector with room links up by chance, the sooner the more it sees in the mbo (HB-02). It is paid
    from the link on, as long as a hogeschool takes part; without a lectoraat there is nothing to pay (HB-04). The
    research and the innovation that need a hogeschool follow from the blocks.

    Attributes:
        euro_year: What the joint programme of one partnership costs in a year.
    """

    kind: ClassVar[str] = "practoraat-lectoraat"

    euro_year: float = Field(default=60_000, ge=0, le=1e6, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Pay the joint programmes there are, and seek a lectoraat for partnerships without one, mature ones first."""
        pps = world.pps
        may = world.act.eligible(self) & pps.network_alive
        linked = np.flatnonzero(may & (pps.hogescholen > 0) & (world.act.first_helped(self) >= 0))
        price = round(25 * self.euro_year)
        world.act.provide(self, linked, np.full(len(linked), price), goes_on=True)
        without = np.flatnonzero(may & (pps.hogescholen == 0))
        for row in without[np.argsort(-pps.development[without], kind="stable")].tolist():
            hogeschool = self._willing(world, row)
            if hogeschool is not None and world.act.provide(self, np.array([row]), np.array([price]), goes_on=True)[0]:
                world.act.link_hogeschool(row, hogeschool)

    def _willing(self, world: Any, row: int) -> int | None:
        """Return the first hogeschool with room that links a lectoraat to a partnership this quarter."""
        draws = world.draws.uniforms("practoraat", f"{world.pps_ids[row]}/{world.quarter}", len(world.hogescholen))
        near = world.near_hogeschool[:, world.pps.region[row]]
        for hbo, draw in zip(world.hogescholen, draws.tolist(), strict=True):
            rate = world.p.policy_practoraat_links * hbo.value_of_mbo / 4.0
            teaches = world.pps.sector[row] in hbo.sectors and near[hbo.row]
            if teaches and draw < -np.expm1(-rate) and world.act.has_room(hbo.row):
                return int(hbo.row)
        return None
