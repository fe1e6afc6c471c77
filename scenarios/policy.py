"""Policies: small typed objects that act through named points of the schedule.

A policy has one life cycle: it starts, acts at the points it overrides, and ends. It reads and changes the
world through the same functions as the processes; a process never asks which policy is on.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

QUARTER = r"^\d{4}-Q[1-4]$"


class Policy(BaseModel):
    """A measure that does nothing until a subclass overrides a point of the schedule.

    Attributes:
        name: What it is called in a scenario.
        starts: First quarter in force.
        ends: First quarter no longer in force; None for never.
        budget_euro_year: Most it may spend in a calendar year; None for no limit of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    starts: str = Field(default="2027-Q1", pattern=QUARTER)
    ends: str | None = Field(default=None, pattern=QUARTER)
    budget_euro_year: float | None = Field(default=None, ge=0)

    def on_year(self, world: Any) -> None:
        """Act at the start of a budget year, after the provinces received their money."""

    def on_call(self, world: Any, call: Any) -> None:
        """Change the terms of an open call (`sim.calls.OpenCall`) before anyone applies."""

    def on_founding(self, world: Any, plan: Any) -> None:
        """Change a plan (`sim.initiation.Plan`) before it is scored."""

    def on_contact(self, world: Any, contacts: Any) -> None:
        """Change the contacts (one number per partnership) that are bought this quarter."""

    def on_money(self, world: Any) -> None:
        """Pay partnerships through the ledger, after their own income and before they spend."""

    def on_decision(self, world: Any, pps: int) -> float:
        """Return the yearly money for regie, in euros, promised to a partnership whose subsidy ends."""
        return 0.0
