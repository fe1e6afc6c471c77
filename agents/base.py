"""The one place where Mesa is touched: its agent, its model and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

if TYPE_CHECKING:
    from agents.columns import Table


class Organisation(mesa.Agent):  # type: ignore[type-arg]  # mesa's generic model type adds nothing here
    """One organisation. `id` is permanent and unique within its kind."""

    def __init__(self, model: Any, id: str, name: str) -> None:
        super().__init__(model)
        self.id = id
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class RowAgent(Organisation):
    """An organisation whose state is a row of a table."""

    def __init__(self, model: Any, id: str, name: str, table: Table, row: int) -> None:
        super().__init__(model, id, name)
        self.table = table
        self.row = row


class World(mesa.Model):  # type: ignore[type-arg]
    """A Mesa model that makes the agents of its many firms only when somebody asks for them.

    Making an agent object per firm costs more than simulating it. All state is in columns, so results are
    identical whether the views exist or not.
    """

    def __init__(self, seed: int) -> None:
        self._views_made = False
        super().__init__(rng=seed)

    def make_views(self) -> None:
        """Make the agents that have not been made yet (once); a subclass says which."""

    @property  # type: ignore[misc]  # mesa declares a setter that only raises
    def agents(self) -> Any:
        """All agents, as an AgentSet."""
        self._ask_for_views()
        return super().agents

    @property
    def agents_by_type(self) -> Any:
        """All agents by their class."""
        self._ask_for_views()
        return super().agents_by_type

    @property
    def agent_types(self) -> list[type]:
        """The classes of agents in the world."""
        self._ask_for_views()
        return list(super().agent_types)

    def _ask_for_views(self) -> None:
        if not self._views_made:
            self._views_made = True
            self.make_views()
