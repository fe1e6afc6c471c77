"""Policies: small typed objects that act through named points of the schedule.

A policy has one life cycle: it starts, acts at the points it overrides, and ends. It reads the world and changes it
through the same functions as the processes (`world.act`, see `sim.acts`) and through rules that are set anew every
quarter (calls, and columns such as `world.pps.llo_uptake`), so that a policy that has ended leaves no rule behind. A
process never asks which policy is on.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

QUARTER = r"^\d{4}-Q[1-4]$"
MOST_EUROS = 1e9
"""Largest yearly budget that is believed; the whole RIF is about 25 million a year."""


class Policy(BaseModel):
    """A measure that does nothing until a subclass overrides a point of the schedule.

    Attributes:
        kind: How scenario files call this kind of policy.
        conflicts: Kinds that cannot be in force together with this one.
        name: What this one is called in its scenario.
        starts: First quarter in force.
        ends: First quarter no longer in force; None for never.
        budget_euro_year: Most that each payer may spend on it in a calendar year, staff included; None for as much as
            the eligible ask.
        payer: Who pays: each province for its own partnerships, or the state.
        staff_euro_year: What the payer's own staff for it costs each payer a year.
        provinces: Ids of the provinces in which partnerships are eligible; None for all.
        regions: Ids of the labour-market regions in which partnerships are eligible; None for all.
        sectors: Ids of the sectors in which partnerships are eligible; None for all.
    """

    # defaults are validated, so that a number is the same whether a file gives it or leaves it out
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)

    kind: ClassVar[str] = "policy"
    conflicts: ClassVar[frozenset[str]] = frozenset()

    name: str = Field(min_length=1, max_length=60)
    starts: str = Field(default="2027-Q1", pattern=QUARTER)
    ends: str | None = Field(default=None, pattern=QUARTER)
    budget_euro_year: float | None = Field(default=None, ge=0, le=MOST_EUROS, allow_inf_nan=False)
    payer: Literal["province", "rijk"] = "province"
    staff_euro_year: float = Field(default=0.0, ge=0, le=MOST_EUROS, allow_inf_nan=False)
    provinces: tuple[str, ...] | None = Field(default=None, strict=False)
    regions: tuple[str, ...] | None = Field(default=None, strict=False)
    sectors: tuple[str, ...] | None = Field(default=None, strict=False)

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError(
                f"ends ({self.ends}) comes no later than starts ({self.starts}); a later quarter is allowed"
            )
        if self.budget_euro_year and self.budget_euro_year < self.staff_euro_year:
            raise ValueError(
                f"budget_euro_year ({self.budget_euro_year:.0f}) does not pay its staff; "
                f"0, or {self.staff_euro_year:.0f} (staff_euro_year) and more is allowed"
            )
        return self

    @model_serializer(mode="wrap")
    def _with_type(self, settings: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"type": self.kind, **settings(self)}

    @property
    def idle(self) -> bool:
        """Whether it can do nothing to anybody: no money, or nobody who is eligible."""
        return self.budget_euro_year == 0 or () in (self.provinces, self.regions, self.sectors)

    @property
    def everywhere(self) -> bool:
        """Whether it is meant for all places and sectors: rules on national money then hold for all the country."""
        return self.provinces is None and self.regions is None and self.sectors is None

    def on_quarter(self, world: Any) -> None:
        """Set the terms of this quarter, or spend, after budgets were given and before anybody applies."""

    def on_call(self, world: Any, call: Any) -> None:
        """Change the terms of an open call (`sim.calls.OpenCall`) before anyone applies."""

    def on_founding(self, world: Any, plan: Any, call: Any) -> None:
        """Change a plan (`sim.initiation.Plan`) before it is submitted, or the terms of the call for it alone."""

    def on_award(self, world: Any, call: Any, refused: Any) -> None:
        """Act on the plans that met the terms of a call and got no money, in the order of their score."""

    def on_start(self, world: Any, plan: Any, row: int) -> None:
        """Act on a partnership that was founded by a granted plan just now."""

    def on_contact(self, world: Any, contacts: Any) -> None:
        """Change the contacts (one number per partnership) that are bought this quarter."""

    def on_money(self, world: Any) -> None:
        """Pay partnerships (`world.act.pay`), after their own income and before they spend."""

    def on_decision(self, world: Any, pps: int) -> float:
        """Return the yearly money for regie, in euros, promised to a partnership whose subsidy ends."""
        return 0.0
