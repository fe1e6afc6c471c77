"""The province: budget, instruments and orchestration."""

from __future__ import annotations

from typing import Any

from agents.base import Organisation


class Province(Organisation):
    """A province with money for partnerships and a capacity to bring them together.

    Attributes:
        orchestration: 0-1, how strongly it links partnerships, schools and firms (mechanisms CO-01, CO-02).
        instruments: Names of the policies in force.
    """

    def __init__(self, model: Any, id: str, name: str, row: int, budget_euro_year: float, orchestration: float) -> None:
        super().__init__(model, id, name)
        self.row = row
        self.budget_euro_year = budget_euro_year
        self.orchestration = orchestration
        self.instruments: list[str] = []
        self.account = -1
        self.promised = 0  # cents promised to partnerships and not yet paid

    @property
    def budget(self) -> int:
        """Money left this year, cents."""
        return int(self.model.ledger.balance[self.account])

    def can_pay(self, cents: int) -> bool:
        """Say whether the amount is left, less what is promised already."""
        return cents <= self.budget - self.promised
