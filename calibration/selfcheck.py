"""A check of the inference itself: does it find parameters that are known, because we made the data with them?

Simulation-based calibration (Cook, Gelman and Rubin 2006; Talts et al. 2018): runs of the last wave are left out of
the emulator and play the world one by one, with the reports' error on top. The prior of the check is what those
runs were drawn from. If the inference is honest, a 90 percent interval holds the truth in 90 percent of the worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from agents.columns import Bools, Floats
from agents.errors import InputError
from calibration.emulator import TOLERANCE_SD, Emulator, fit_emulator, score
from calibration.fit import HALF, Fit, Wave, observed_of, run_chains
from calibration.simulate import Advance, Simulator
from experiments.work import Work

LEVELS = (0.5, 0.9)
DRAWS = 400


@dataclass(frozen=True)
class SelfCheck:
    """How well known parameters were found.

    Attributes:
        rank: Share of the posterior below the truth, shape (worlds, learnable parameters).
        width: Width of the 90 percent interval as a share of the range, shape (worlds, learnable parameters).
    """

    rank: Floats
    width: Floats

    def inside(self, level: float) -> Bools:
        """Say where the central interval of a level holds the truth, shape (worlds, learnable parameters)."""
        held: Bools = np.abs(self.rank - 0.5) <= level / 2
        return held


@dataclass(frozen=True)
class _World:
    """One synthetic world: what it was made with, what was seen of it, and the seed of its chains."""

    truth: Floats
    seen: Floats
    seed: int


def self_check(
    simulator: Simulator, fit: Fit, worlds: int, steps: int, seed: int, workers: int, advance: Advance
) -> SelfCheck:
    """Recover the parameters of synthetic worlds.

    Args:
        simulator: What the fit was made with.
        fit: The fit whose inference is checked.
        worlds: How many synthetic worlds.
        steps: Steps of each chain.
        seed: Seed of the choice of worlds, of the reports' error and of the chains.
        workers: Processes.
        advance: Called with 1 after each world.

    Raises:
        InputError: If the last wave has too few runs to leave so many out.
    """
    last = fit.waves[-1]
    scores = score(last.observed.values, *observed_of(simulator))
    known = np.flatnonzero(np.isfinite(scores).all(axis=1))
    if len(known) < 4 * worlds:
        raise InputError(f"cannot leave {worlds} worlds out of {len(known)} runs", "worlds", "a quarter at most")
    rng = np.random.default_rng([seed, worlds])
    chosen = rng.choice(known, worlds, replace=False)
    rest = np.setdiff1d(known, chosen)
    unit = last.unit[:, fit.learnable]
    emulator = fit_emulator(unit[rest], scores[rest], seed)
    error = TOLERANCE_SD * rng.standard_normal((worlds, scores.shape[1]))
    made = [
        _World(unit[run], scores[run] + off, seed + number)
        for number, (run, off) in enumerate(zip(chosen, error, strict=True))
    ]
    found = []
    for result in Work(partial(_recover, fit.waves[-2], emulator, steps), made, _gone, workers):
        found.append(result)
        advance(1)
    rank, width = (np.array(part) for part in zip(*found, strict=True))
    return SelfCheck(rank, width)


def _recover(before: Wave, emulator: Emulator, steps: int, world: _World) -> tuple[Floats, Floats]:
    def density(unit: Floats) -> Floats:
        return HALF * before.emulator.log_likelihood(unit) + emulator.log_likelihood(unit, world.seen)

    rng = np.random.default_rng(world.seed)
    sample = run_chains(density, len(world.truth), steps, rng).pick(DRAWS, rng)
    low, high = np.quantile(sample, (0.05, 0.95), axis=0)
    return (sample < world.truth).mean(axis=0), high - low


def _gone(world: _World, error: Exception) -> tuple[Floats, Floats]:
    unknown = np.full(len(world.truth), np.nan)
    return unknown, unknown
