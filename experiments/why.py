"""Why a scenario ends otherwise: the networks that live in one world and not in the other, and what made it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Example:
    """A partnership that ended otherwise.

    Attributes:
        replicate: In which pair.
        id: Its id, the same in both worlds.
        name: Its name.
    """

    replicate: int
    id: str
    name: str


@dataclass(frozen=True)
class Why:
    """How many networks ended otherwise through one mechanism.

    Attributes:
        scenario: Name of the scenario.
        side: `lives`: the network lives at the end in the scenario and not in the reference; `dies`: the reverse.
        mechanism: What made the difference; texts `compare.mechanism.*`.
        count: Networks in all pairs together.
        share: Share of those of this side.
        per_pair: Mean number in a pair.
        policies: Names of the policies that paid a partnership of this kind, in the world in which it lives, with how
            many of them they paid.
        examples: A few of them.
    """

    scenario: str
    side: Literal["lives", "dies"]
    mechanism: str
    count: int
    share: float
    per_pair: float
    policies: tuple[tuple[str, int], ...]
    examples: tuple[Example, ...]
