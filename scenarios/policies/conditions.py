"""Conditions: what has to be shown before money is given, and when money is stopped.

A condition on national money holds for the whole country: also for the applicants from elsewhere against whom a round
is won. One that is meant for some regions or sectors holds for the plans there alone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from agents.partnership import Block, Location
from scenarios.policy import Policy

type Money = Literal["national", "provincial", "both"]

FOR_NEW = ("sip", "rif")
NEVER = float("inf")
"""Points that an application loses that can get nothing."""


class Multilevel(Policy):
    """Keeps money for partnerships of mbo and hbo together (P-P15, P-F05, HB-01).

    Plans without a hogeschool ask the hogescholen of their sector once more, the more urgently the more money is tied
    to it; these join as far as they see value in the mbo and have room.

    Attributes:
        money: Whether the condition holds for national money, for what the province adds, or for both.
        strictness: Share of the money that only partnerships with a hogeschool can get.
    """

    kind: ClassVar[str] = "multilevel"

    money: Money = "both"
    strictness: float = Field(default=1.0, ge=0, le=1, allow_inf_nan=False)

    def on_call(self, world: Any, call: Any) -> None:
        """Keep a part of the ceiling for partnerships with a hogeschool."""
        if self.everywhere and self.money != "provincial":
            call.multilevel = self.strictness

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Let a plan without a hogeschool look for one; without, it gets less."""
        if plan.has_hogeschool or not self.strictness or not world.act.meant_for(self, plan):
            return
        province = world.p.province_share
        tied = {"national": call.share, "provincial": province, "both": call.share + province}[self.money]
        at_stake = self.strictness * tied / (call.share + province)
        world.act.ask_hogescholen(plan, 1.0 + world.p.policy_multilevel_urges * at_stake)
        if self.money != "provincial":
            call.multilevel = self.strictness
        if self.money != "national" and not plan.has_hogeschool:
            plan.province_adds *= 1.0 - self.strictness


class BuildOnExisting(Policy):
    """Gives money only to plans that build on a partnership that lives near by in a related sector (P-P02, P-P16).

    Who builds on one takes over part of the trust that grew there. The payer's staff keep a library of modules, from
    which partnerships gain more by the material of others; schools that want only what they made themselves do not.

    Attributes:
        money: As in `Multilevel`.
        required: Whether a plan that builds on nothing gets no money; if not, it loses points.
        points: Points of score that it loses then.
    """

    kind: ClassVar[str] = "build-on-existing"

    staff_euro_year: float = Field(default=75_000, ge=0, le=1e9, allow_inf_nan=False)
    money: Money = "both"
    required: bool = True
    points: float = Field(default=0.3, ge=0, le=2, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Open the library, as long as somebody keeps it."""
        if self.staff_euro_year:
            world.pps.reuse[world.act.eligible(self)] *= world.p.policy_library_reuse

    def on_call(self, world: Any, call: Any) -> None:
        """Demand it of applicants from elsewhere too."""
        if self.everywhere and self.money != "provincial" and call.scheme in FOR_NEW:
            loses = NEVER if self.required else self.points
            call.demands[self.kind] = (world.p.policy_outside_builds, loses)

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Hand over trust to a plan that builds on a partnership, or turn it down."""
        if not world.act.meant_for(self, plan):
            return
        trust = world.act.trust(world.act.predecessors(plan))
        if len(trust):
            inherited = max(plan.history, world.p.policy_trust_inherited * float(trust.max()))
            plan.score += world.p.score_history * (inherited - plan.history)
            plan.history = inherited
        elif self.required:
            _turn_down(plan, self.money)
        elif self.money != "provincial":
            plan.score -= self.points


class DemandCondition(Policy):
    """Asks plans to show demand: a shared purpose and what firms ask, instead of supply (P-S02, P-P01, MV-04).

    Plans below it talk with firms once more and come part of the way; who prepares is paid for it as far as the budget
    reaches. Those that are still below get nothing.

    Attributes:
        money: As in `Multilevel`.
        demand: Least orientation on demand.
        preparation_euro: What the preparation costs for each plan that is below it.
    """

    kind: ClassVar[str] = "demand-condition"

    money: Money = "both"
    demand: float = Field(default=0.4, ge=0, le=1, allow_inf_nan=False)
    preparation_euro: float = Field(default=15_000, ge=0, le=1e6, allow_inf_nan=False)

    def on_call(self, world: Any, call: Any) -> None:
        """Demand it of applicants from elsewhere, who start where plans here start and prepare as well."""
        if not self.everywhere or self.money == "provincial" or call.scheme not in FOR_NEW:
            return
        p = world.p
        gains = p.policy_demand_response
        enough = (self.demand - gains) / (1.0 - gains)  # demand before the preparation that is enough after it
        share = np.clip((p.demand_at_start + p.trait_spread - enough) / (2.0 * p.trait_spread), 0.0, 1.0)
        call.demands[self.kind] = (1.0 if enough <= 0 else float(share), NEVER)

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Let a plan below the demand prepare; turn it down if that is not enough."""
        if plan.demand >= self.demand or not world.act.meant_for(self, plan):
            return
        if world.act.help_plan(self, plan, self.preparation_euro):
            plan.demand += world.p.policy_demand_response * (1.0 - plan.demand)
        if plan.demand < self.demand:
            _turn_down(plan, self.money)


class SoftwareFirst(Policy):
    """Puts people and programme before buildings in what is subsidised (P-S08, P-P19, IN-01).

    Partnerships that start put less of their effort on the place into hardware. Plans that ask for a location of their
    own score lower.

    Attributes:
        hardware_share: Share of the effort on the place that may go to hardware.
        points: Points of score that an own location costs.
    """

    kind: ClassVar[str] = "software-first"

    hardware_share: float = Field(default=0.4, ge=0, le=1, allow_inf_nan=False)
    points: float = Field(default=0.2, ge=0, le=2, allow_inf_nan=False)

    def on_call(self, world: Any, call: Any) -> None:
        """Let applicants from elsewhere with an own location score lower too."""
        if self.everywhere and call.scheme in FOR_NEW:
            call.demands[self.kind] = (1.0 - world.p.location_own, self.points)

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Let a plan with an own location score lower."""
        if plan.location == Location.OWN and world.act.meant_for(self, plan):
            plan.score -= self.points

    def on_start(self, world: Any, plan: Any, row: int) -> None:
        """Put less into hardware."""
        if world.act.meant_for(self, plan):
            world.pps.hardware_share[row] = min(world.pps.hardware_share[row], self.hardware_share)


class StopRule(Policy):
    """Ends partnerships that have shown neither results nor a network for years (P-P03, P-P04, LC-12).

    Once a year all are reviewed. Subsidy that was not paid yet stays with who granted it, cash in hand goes back, and
    the school pays no more upkeep.

    Attributes:
        grace_years: Years after the start in which nobody is reviewed.
        years: Reviews on end that a partnership must fail.
        results: Least results kept by the school.
        network: Least strength of the network; one that has died has none.
    """

    kind: ClassVar[str] = "stop-rule"

    staff_euro_year: float = Field(default=40_000, ge=0, le=1e9, allow_inf_nan=False)
    grace_years: int = Field(default=3, ge=0, le=20)
    years: int = Field(default=2, ge=1, le=20)
    results: float = Field(default=0.65, ge=0, le=1, allow_inf_nan=False)
    network: float = Field(default=0.3, ge=0, le=1, allow_inf_nan=False)

    def on_money(self, world: Any) -> None:
        """Review in the last quarter of a year, after that quarter's subsidy was paid."""
        if world.calendar.season(world.quarter) != 4:
            return
        pps = world.pps
        reviewed = world.act.eligible(self) & (world.quarter - pps.born >= 4 * self.grace_years)
        weak = reviewed & (pps.results < self.results) & (pps.blocks[:, Block.G_NETWORK] < self.network)
        for row in np.flatnonzero(world.act.weak_for(self, weak) >= self.years).tolist():
            world.act.stop(row, self)


def _turn_down(plan: Any, money: Money) -> None:
    """Keep the money to which a condition is tied from a plan that does not meet it."""
    if money != "provincial":
        plan.barred = True
    if money != "national":
        plan.province_adds = 0.0
