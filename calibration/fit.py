"""The fit: waves of runs, an emulator over what can be learnt, and a posterior by Markov chains on it.

Wave 1 spreads runs over all that is uncertain. What moves no target stays at its range and is sampled, never
frozen; what moves some is learnt. Each further wave runs where the last emulator, only half believed, expects
the reported values, so that the surface is good where it matters. The chains then run on the last emulator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import emcee
import numpy as np

from agents.columns import Bools, Floats
from agents.errors import InputError
from calibration.emulator import Emulator, fit_emulator, score
from calibration.priors import Prior
from calibration.screening import Screening, screen
from calibration.simulate import Advance, Observed, Simulator, Stage, run_stage

type LogDensity = Callable[[Floats], Floats]

HALF = 0.5
"""How far an emulator is believed when it chooses the runs of the next wave: its likelihood to this power."""
WALKERS_PER_PARAMETER = 4
MOMENTS = 100
"""Moments at which the trace of the chains is kept."""
LEAST_PER_TERM = 1.0
"""Runs in a wave for each term of the surface, at least: fewer, and the ridge has to invent."""


@dataclass(frozen=True)
class Budget:
    """How much work a fit may take.

    Attributes:
        runs: Runs in each wave.
        waves: Waves, 2 or more.
        steps: Steps of each chain, of which the first half is thrown away.
        draws: Draws in the posterior sample.
    """

    runs: int = 4000
    waves: int = 3
    steps: int = 4000
    draws: int = 512

    def __post_init__(self) -> None:
        if self.runs < 50 or self.waves < 2 or self.steps < 20 or self.draws < 8:
            raise InputError("the budget is too small to fit anything", "budget", "50 runs, 2 waves, 20 steps, 8 draws")


@dataclass(frozen=True)
class Wave:
    """One wave of runs and what was made of it.

    Attributes:
        unit: All uncertain parameters as shares of their ranges, shape (runs, parameters).
        observed: What was observed of the runs.
        screening: What moved what in it.
        emulator: Fitted to it, over the learnable parameters.
    """

    unit: Floats
    observed: Observed
    screening: Screening
    emulator: Emulator


@dataclass(frozen=True)
class Fit:
    """What was learnt.

    Attributes:
        prior: What was uncertain.
        learnable: Which parameters were learnt; the others keep their ranges.
        waves: The waves, first to last.
        sample: Posterior draws of all uncertain parameters as shares of their ranges, shape (draws, parameters).
        acceptance: Mean share of accepted steps in the chains.
        autocorrelation: Mean steps after which a chain has forgotten where it was, by learnable parameter.
        trace: Mean log-likelihood of the walkers at 100 moments from the first step to the last.
    """

    prior: Prior
    learnable: Bools
    waves: tuple[Wave, ...]
    sample: Floats
    acceptance: float
    autocorrelation: Floats
    trace: Floats


def observed_of(simulator: Simulator) -> tuple[Floats, Floats]:
    """Return the reported values and their tolerances, each of shape (targets,)."""
    targets = simulator.targets
    return np.array([t.observed for t in targets]), np.array([t.tolerance for t in targets])


def fit(
    simulator: Simulator, prior: Prior, budget: Budget, seed: int, folder: Path, workers: int, advance: Advance
) -> Fit:
    """Fit the uncertain parameters to the targets of the simulator.

    Args:
        simulator: Runs and observes one draw.
        prior: What is uncertain.
        budget: How much work it may take.
        seed: Seed of designs, runs and chains.
        folder: Where runs are kept, so that an interrupted fit goes on where it was.
        workers: Processes.
        advance: Called with the number of runs done since the last call.
    """
    reported, tolerance = observed_of(simulator)
    unit = prior.design(budget.runs, seed)
    waves: list[Wave] = []
    learnable = np.zeros(len(prior.names), dtype=bool)
    for number in range(1, budget.waves + 1):
        stage = Stage(f"wave-{number}", prior.names, prior.values(unit), seeds_of(seed, number, len(unit)))
        observed = run_stage(simulator, stage, folder, workers, advance)
        scores = score(observed.values, reported, tolerance)
        screening = screen(unit, scores)
        if number == 1:
            learnable = most_telling(screening, budget.runs)
        waves.append(Wave(unit, observed, screening, fit_emulator(unit[:, learnable], scores, seed)))
        if number < budget.waves:
            rng = np.random.default_rng([seed, number])
            chain = run_chains(_tempered(waves[-1].emulator, HALF), int(learnable.sum()), budget.steps, rng)
            unit = prior.design(budget.runs, seed + number)
            unit[:, learnable] = chain.pick(budget.runs, rng)
    rng = np.random.default_rng([seed, budget.waves])
    chain = run_chains(waves[-1].emulator.log_likelihood, int(learnable.sum()), budget.steps, rng)
    sample = prior.design(budget.draws, seed + budget.waves)
    sample[:, learnable] = chain.pick(budget.draws, rng)
    return Fit(prior, learnable, tuple(waves), sample, chain.acceptance, chain.autocorrelation, chain.trace)


def seeds_of(seed: int, wave: int, runs: int) -> np.ndarray:
    """Return the seed of every run of a wave; no two waves share one."""
    return np.random.default_rng([seed, wave, runs]).integers(0, 2**32, runs)


def most_telling(screening: Screening, runs: int) -> Bools:
    """Return the learnable parameters, or as many of those that move most as the runs of a wave can carry.

    A second-order surface over k parameters has k (k + 3) / 2 terms.
    """
    most = 1
    while LEAST_PER_TERM * (most + 1) * (most + 4) / 2 <= runs:
        most += 1
    effect = np.where(screening.moves, screening.share, 0.0).max(axis=1)
    chosen = np.zeros(len(effect), dtype=bool)
    chosen[np.argsort(-effect, kind="stable")[:most]] = True
    return chosen & screening.learnable


@dataclass(frozen=True)
class Chain:
    """What the chains left behind.

    Attributes:
        states: States after the first half, shape (steps, walkers, parameters).
        acceptance: Mean share of accepted steps.
        autocorrelation: Integrated autocorrelation time in steps, by parameter.
        trace: Mean log-density of the walkers at `MOMENTS` moments from the first step to the last.
    """

    states: Floats
    acceptance: float
    autocorrelation: Floats
    trace: Floats

    def pick(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return states spread evenly over all steps and walkers, in random order, shape (draws, parameters)."""
        flat = self.states.reshape(-1, self.states.shape[-1])
        chosen = np.linspace(0, len(flat) - 1, draws).round().astype(int)
        picked: Floats = flat[rng.permutation(chosen)]
        return picked


def run_chains(log_density: LogDensity, parameters: int, steps: int, rng: np.random.Generator) -> Chain:
    """Sample a density on the unit cube with an ensemble of walkers (emcee; differential-evolution moves).

    Args:
        log_density: Log-density inside the cube, up to a constant, of draws of shape (draws, parameters).
        parameters: Dimension of the cube.
        steps: Steps of each walker; the first half is thrown away.
        rng: Source of chance.
    """
    walkers = max(32, 2 * ((WALKERS_PER_PARAMETER * parameters + 1) // 2))
    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.1), (emcee.moves.StretchMove(), 0.1)]
    sampler = emcee.EnsembleSampler(walkers, parameters, _inside_cube(log_density), moves=moves, vectorize=True)
    sampler.random_state = np.random.RandomState(rng.integers(0, 2**32, 8)).get_state()
    sampler.run_mcmc(_best_starts(log_density, walkers, parameters, rng), steps)
    late = sampler.get_chain(discard=steps // 2)
    moments = np.linspace(0, steps - 1, min(steps, MOMENTS)).round().astype(int)
    return Chain(
        late,
        float(np.mean(sampler.acceptance_fraction)),
        emcee.autocorr.integrated_time(late, tol=0),  # without its warning: the number is reported
        sampler.get_log_prob()[moments].mean(axis=1),
    )


def _best_starts(log_density: LogDensity, walkers: int, parameters: int, rng: np.random.Generator) -> Floats:
    """Return the likeliest of many random places, so that no walker starts far off."""
    places = rng.random((walkers * 50, parameters))
    starts: Floats = places[np.argsort(-log_density(places), kind="stable")[:walkers]]
    return starts


def _inside_cube(log_density: LogDensity) -> LogDensity:
    def density(unit: Floats) -> Floats:
        inside = ((unit >= 0.0) & (unit <= 1.0)).all(axis=1)
        value = np.full(len(unit), -np.inf)
        if inside.any():
            value[inside] = log_density(unit[inside])
        return value

    return density


def _tempered(emulator: Emulator, power: float) -> LogDensity:
    return lambda unit: power * emulator.log_likelihood(unit)
