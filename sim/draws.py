"""Chance: keyed streams, so that an extra agent or policy leaves the draws of all others untouched.

A stream is keyed by (run seed, purpose, when or who) through a cryptographic hash, and indexed by a permanent
id. No draw depends on how many were taken before it, on the order of the processes or on the state of the
world: one uniform per decision, turned into the decision through the inverse distribution function.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from scipy.special import ndtri, pdtrik

from agents.columns import Floats, limited

WORD = 16
"""Bytes of each of the two numbers, state and increment, that make a stream of PCG64DXSM."""


class Draws:
    """All chance of one run.

    Args:
        seed: The run's seed, 0 or more.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._bits = np.random.PCG64DXSM(0)
        self._generator = np.random.Generator(self._bits)
        self._state: Any = self._bits.state  # of a new stream, all but its key

    def uniforms(self, purpose: str, key: object, count: int) -> Floats:
        """Return `count` uniforms in [0, 1); element i is the same whatever the count.

        Args:
            purpose: What the draws decide, such as the name of a process.
            key: When (a quarter) or who (a stable identity).
            count: Number of ids to serve.
        """
        # setting the key of one generator costs a fraction of making a new one, and gives the same bits
        key_of_stream = blake2b(f"{self.seed}/{purpose}/{key}".encode(), digest_size=2 * WORD).digest()
        state, increment = (int.from_bytes(word, "little") for word in (key_of_stream[:WORD], key_of_stream[WORD:]))
        self._state["state"] = {"state": state, "inc": increment | 1}  # an odd increment gives the whole period
        self._bits.state = self._state
        draws: Floats = self._generator.random(count)
        return draws


def shifted(uniforms: Floats, shift: Floats | float) -> Floats:
    """Return uniforms moved around the circle, so that one draw of a firm serves several partnerships."""
    moved: Floats = uniforms + shift
    moved -= np.floor(moved)  # exact, and a third of the work of a remainder
    return moved


def poisson(uniforms: Floats, mean: Floats | float) -> Floats:
    """Return Poisson counts by the inverse distribution function (scipy's `pdtrik`, rounded up)."""
    mean = np.maximum(mean, 1e-12)
    some = uniforms > np.exp(-mean)  # the others count none, which need not be searched for
    counts: Floats = np.ceil(pdtrik(_inside(uniforms), mean, out=np.zeros(np.shape(some)), where=some) - 1e-9)
    return np.maximum(counts, 0.0)


def lognormal(uniforms: Floats, median: Floats | float, sigma: Floats | float) -> Floats:
    """Return lognormal values by the inverse distribution function."""
    values: Floats = median * np.exp(sigma * ndtri(_inside(uniforms)))
    return values


def _inside(uniforms: Floats) -> Floats:
    """Return uniforms as far from 0 and 1 as an inverse distribution function asks."""
    return np.minimum(np.maximum(uniforms, 1e-12), 1 - 1e-12)


def around(uniforms: Floats, mean: Floats | float, spread: float) -> Floats:
    """Return values spread evenly around a mean, kept within 0-1."""
    return limited(mean + spread * (2.0 * uniforms - 1.0))
