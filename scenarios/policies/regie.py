"""Regie: who pays the coordination when the subsidy ends, and between whom it sits from the start."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.policy import Policy

POSITIONS = {"in_school": 1, "with_school": 2, "shared": 3, "between_partners": 4}


class RegieFund(Policy):
    """Pays the regie of partnerships whose subsidy has ended and whose network lives (P-P11, P-N06, P-F01).

    Money that is promised counts when a partnership decides how to go on; the payment keeps partners in contact as far
    as it is needed for regie. It may ask for a place of the regie between the partners, and for firms that pay along.

    Attributes:
        euro_year: Most that one partnership gets in a year.
        years: How long after the end of its subsidy.
        taper: Share by which the most falls every year.
        position: Least position of the regie.
        firm_match: Euros of fees and margins of its firms that every euro asks for.
    """

    kind: ClassVar[str] = "regie-fund"

    staff_euro_year: float = Field(default=50_000, ge=0, le=1e9, allow_inf_nan=False)
    euro_year: float = Field(default=80_000, ge=0, le=1e6, allow_inf_nan=False)
    years: float = Field(default=8.0, ge=0, le=30, allow_inf_nan=False)
    taper: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    position: Literal["in_school", "with_school", "shared", "between_partners"] = "in_school"
    firm_match: float = Field(default=0.0, ge=0, le=2, allow_inf_nan=False)

    def on_money(self, world: Any) -> None:
        """Pay what the regie needs, at most, to those who qualify; the first whose subsidy ended come first."""
        pps = world.pps
        since = (world.quarter - 1 - pps.decided) / 4.0  # years; the decision falls in the last quarter with subsidy
        qualifies = world.act.eligible(self) & pps.network_alive & (pps.decision > 0) & (since < self.years)
        qualifies &= (pps.position >= POSITIONS[self.position]) & (pps.due_national[:, world.quarter] == 0)
        rows = np.flatnonzero(qualifies)
        rows = rows[np.argsort(pps.decided[rows], kind="stable")]
        most = self._most(world)[rows] * (1.0 - self.taper) ** since[rows]
        world.act.pay(self, rows, np.floor(100 * most).astype(np.int64), regie=True, goes_on=True)

    def on_decision(self, world: Any, pps: int) -> float:
        """Promise the first year's money to those who would qualify as an entity and still fit in the budget."""
        if not world.act.eligible(self)[pps] or not self.years:
            return 0.0
        euro_year = 4.0 * float(self._most(world)[pps])
        return euro_year if world.act.promise(self, pps, euro_year) else 0.0

    def _most(self, world: Any) -> Any:
        """Return what each partnership can get in its first quarter, in euros."""
        most = np.minimum(self.euro_year / 4.0, world.act.regie_cost())
        return np.minimum(most, world.act.paid_by_firms() / self.firm_match) if self.firm_match else most


class OwnershipRule(Policy):
    """Places the regie between the partners from the first day, as a condition for a start (P-S01, P-N01).

    It holds for plans that are drawn up while it is in force. Setting up shared ownership takes legal and organising
    work before anybody signs, which the payer bears for every plan that does not have it already, granted or not. A
    plan for which no money is left goes on as it was.

    Attributes:
        position: Least position of the regie at the start.
        set_up_euro: What setting it up costs for each plan.
    """

    kind: ClassVar[str] = "ownership-rule"

    position: Literal["shared", "between_partners"] = "between_partners"
    set_up_euro: float = Field(default=25_000, ge=0, le=1e6, allow_inf_nan=False)

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Pay for setting up the ownership, and raise the position of the regie in the plan."""
        least = POSITIONS[self.position]
        if plan.position >= least or not world.act.meant_for(self, plan):
            return
        if world.act.help_plan(self, plan, self.set_up_euro):
            plan.position = least
