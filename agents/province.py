"""The province: budget, instruments and orchestration."""

from __future__ import annotations

from typing import Any

from agents.base import Organisation


class Province(Organisation):
    """A province with money for partnerships and a capacity to bring them together.

    Attributes:
        own_orchestration: 0-1, how strongly it links partnerships, schools and firms by itself.
        added_orchestration: 0-1, share of what is missing that staff paid by a policy add.
        instruments: Names of the policies in force.
    """

    def __init__(self, model: Any, id: str, name: str, row: int, budget_euro_year: float, orchestration: float) -> None:
        super().__init__(model, id, name)
        self.row = row
        self.budget_euro_year = budget_euro_year
        self.own_orchestration = orchestration
        self.added_orchestration = 0.0
        self.instruments: list[str] = []
        self.account = -1
        self.promised = 0  # cents promised to partnerships and not yet paid

    @property
    def orchestration(self) -> float:
        """How strongly it links partnerships, schools and firms, 0-1 (mechanisms CO-01, CO-02)."""
        return self.own_orchestration + self.added_orchestration * (1.0 - self.own_orchestration)

    @property
    def budget(self) -> int:
        """Money left this year, cents."""
        return int(self.model.ledger.balance[self.account])

    def can_pay(self, cents: int) -> bool:
        """Say whether the amount is left, less what is promised already."""
        return cents <= self.budget - self.promised
