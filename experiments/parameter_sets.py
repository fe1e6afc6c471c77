"""Which replicate has which parameters: one set for all, or draws from a posterior, each for a pair of replicates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.parameter_fields import Parameters
from agents.parameters import as_dict

SEEDS_PER_DRAW = 2
"""Replicates with one draw. They have other seeds: within a draw only chance differs, between draws ignorance too."""


@dataclass(frozen=True)
class ParameterSets:
    """The parameters of the replicates: the first pair has the first set, and after the last set comes the first.

    Attributes:
        sets: One set, or one for each draw.
        draws: Numbers of the draws in the posterior; empty if the sets are none.
        posterior: Digest of the posterior; empty if the sets are no draws.
    """

    sets: tuple[Parameters, ...]
    draws: tuple[int, ...] = ()
    posterior: str = ""

    def of(self, replicate: int) -> Parameters:
        """Return the parameters of a replicate."""
        return self.sets[_pair(replicate) % len(self.sets)]

    def draw(self, replicate: int) -> int:
        """Return the number of the draw that a replicate has."""
        return self.draws[_pair(replicate) % len(self.draws)]

    def used(self, replicates: int) -> tuple[Parameters, ...]:
        """Return the sets that so many replicates need."""
        return self.sets[: _pair(replicates - 1) + 1]


def draw_numbers(seed: int, replicates: int, available: int) -> tuple[int, ...]:
    """Return which draws of a posterior an experiment takes.

    They follow from the seed and not from what is asked, so that replicate r of two scenarios has the same draw. The
    next seed begins one draw further.

    Args:
        seed: Seed of the experiment.
        replicates: How many are run.
        available: Draws in the posterior.
    """
    needed = min(_pair(replicates - 1) + 1, available)
    return tuple((seed - 1 + number) % available for number in range(needed))


def shared_values(sets: tuple[Parameters, ...]) -> Mapping[str, float]:
    """Return the parameters that have the same value in all sets."""
    first, *others = map(as_dict, sets)
    return {name: value for name, value in first.items() if all(other[name] == value for other in others)}


def _pair(replicate: int) -> int:
    return replicate // SEEDS_PER_DRAW
