"""Subsidy: how much, how long, in which shape, for whom, or none at all."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from scenarios.policy import Policy

FOR_NEW = ("sip", "rif")


class TaperedSubsidy(Policy):
    """Spreads the same subsidy over more years, down to a floor that pays the regie only (P-N06).

    A few years in full, then a straight decline, then the floor. The subsidy of a partnership stays what it was, and so
    does the work that it plans. It holds for grants that are given while it is in force.

    Attributes:
        full_years: Years of payment in full.
        decline_years: Years in which the payment falls to the floor.
        regie_years: Years in which the floor is paid, for regie alone.
        floor: The floor as a share of the payment in full.
    """

    kind: ClassVar[str] = "tapered-subsidy"

    full_years: int = Field(default=2, ge=1, le=10)
    decline_years: int = Field(default=2, ge=0, le=10)
    regie_years: int = Field(default=4, ge=0, le=15)
    floor: float = Field(default=0.3, ge=0.01, le=1, allow_inf_nan=False)

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Set the shape in which a plan is paid."""
        if not world.act.meant_for(self, plan):
            return
        falling = 1.0 - (1.0 - self.floor) * (np.arange(4 * self.decline_years) + 0.5) / max(1, 4 * self.decline_years)
        shape = np.concatenate([np.ones(4 * self.full_years), falling, np.full(4 * self.regie_years, self.floor)])
        call.years = self.full_years + self.decline_years + self.regie_years
        call.profile = shape / shape.sum()
        call.regie_from = 4 * (self.full_years + self.decline_years) if self.regie_years else None


class CofinancingRatio(Policy):
    """Changes which share of a project the national subsidy may pay (P-N11, FU-13).

    The ceiling of a round and the largest subsidy stay, so that a larger share means fewer projects. The lead school
    pays less of its own as far as the subsidy pays more; partners give what they give.

    Attributes:
        share: Share of the project cost that the subsidy pays at most.
    """

    kind: ClassVar[str] = "cofinancing-ratio"

    share: float = Field(default=0.7, ge=0.05, le=0.95, allow_inf_nan=False)

    def on_call(self, world: Any, call: Any) -> None:
        """Set the share of the call."""
        if self.everywhere and call.scheme in FOR_NEW:
            call.share = self.share

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Set the share for a plan."""
        if world.act.meant_for(self, plan):
            call.share = self.share


class MoreStarts(Policy):
    """Pays plans that a national round refused, best first, over the years of the scheme (the opposite of P-P02).

    A grant is given only if every year's budget holds it. The judgement can be milder than that of the national round.
    A province keeps to the conditions that are tied to its money.

    Attributes:
        milder: Points of score below the least of the national round that are accepted.
    """

    kind: ClassVar[str] = "more-starts"

    staff_euro_year: float = Field(default=50_000, ge=0, le=1e9, allow_inf_nan=False)
    milder: float = Field(default=0.25, ge=0, le=2, allow_inf_nan=False)

    def on_award(self, world: Any, call: Any, refused: Any) -> None:
        """Start the best of the refused plans, as far as the budgets of the coming years reach."""
        least = world.p.least_score - self.milder
        for plan in refused:
            allowed = plan.province_adds > 0 or self.payer == "rijk"
            if allowed and plan.score >= least and world.act.meant_for(self, plan):
                world.act.start(self, plan)


class NoSubsidy(Policy):
    """Gives no new project subsidy (the counterfactual to P-N02, P-N03 and P-P09).

    What was granted before is paid. Where it is meant for some regions or sectors, only these cannot apply.

    Attributes:
        schemes: National schemes that open no round.
        province: Whether the province stops adding money to new projects too.
    """

    kind: ClassVar[str] = "no-subsidy"
    conflicts: ClassVar[frozenset[str]] = frozenset(
        {
            "tapered-subsidy", "cofinancing-ratio", "more-starts", "ownership-rule",
            "multilevel", "build-on-existing", "demand-condition", "software-first",
        }
    )  # fmt: skip

    schemes: tuple[Literal["sip", "rif", "opschaler", "hip"], ...] = Field(
        default=("sip", "rif", "opschaler", "hip"), strict=False
    )
    province: bool = True

    def on_call(self, world: Any, call: Any) -> None:
        """Close the call to those for whom it is meant."""
        if call.scheme not in self.schemes:
            return
        call.open_to = call.open_to & ~np.outer(*world.act.places(self))
        if self.everywhere:
            call.ceiling = 0

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Let the province add nothing to a project that is granted nevertheless."""
        if self.province and world.act.meant_for(self, plan):
            plan.province_adds = 0.0
