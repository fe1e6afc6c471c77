"""The fit: an ensemble of worlds is moved, in a few steps, from the ranges to where the reports are met.

Ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013; dageo). Every member is a full set of
parameters. In each step all members are run and observed, and each is moved along the ensemble's own covariances of
parameters and targets, with a part of the weight of the reports. What moves no target is left where it is: it keeps
its range and is sampled, never frozen.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import dageo
import numpy as np
from scipy.stats import norm

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from calibration.priors import Prior
from calibration.scores import TOLERANCE_SD, score
from calibration.screening import Screening, screen
from calibration.simulate import Advance, Observed, Simulator, Stage, run_stage

EDGE = 1e-6
"""A share of a range this near its end counts as this far from it: the normal scale has no ends."""


@dataclass(frozen=True)
class Budget:
    """How much work a fit may take.

    Attributes:
        members: Worlds in the ensemble.
        steps: Steps in which they are moved.
    """

    members: int = 2000
    steps: int = 4

    def __post_init__(self) -> None:
        if not 50 <= self.members <= 100_000:
            raise InputError(f"cannot fit with {self.members} members", "--members", "50 to 100000")
        if not 2 <= self.steps <= 20:
            raise InputError(f"cannot fit in {self.steps} steps", "--steps", "2 to 20")

    @property
    def runs(self) -> int:
        """Runs that a fit takes: one a member and step, half of them again for chance, and once at the end."""
        return self.members * (self.steps + 1) + self.members // 2


@dataclass(frozen=True)
class Ensemble:
    """Worlds and what was observed of them.

    Attributes:
        unit: All uncertain parameters as shares of their ranges, shape (members, parameters).
        observed: What was observed.
    """

    unit: Floats
    observed: Observed


@dataclass(frozen=True)
class Fit:
    """What was learnt.

    Attributes:
        prior: What was uncertain.
        screening: What moves what, in the ensemble spread over the ranges.
        chance: Covariance of the scores of the targets over seeds, shape (targets, targets).
        ensembles: Where the ensemble was before the first step, after each, and at the end.
    """

    prior: Prior
    screening: Screening
    chance: Floats
    ensembles: tuple[Ensemble, ...]

    @property
    def learnable(self) -> Bools:
        """Which parameters could be learnt; the others keep their ranges."""
        return self.screening.learnable

    @property
    def sample(self) -> Floats:
        """Posterior draws of all uncertain parameters as shares of their ranges, shape (members, parameters)."""
        return self.ensembles[-1].unit


@dataclass(frozen=True)
class Engine:
    """Runs an ensemble and keeps its runs on disk.

    Attributes:
        simulator: Runs and observes one draw.
        prior: What is uncertain.
        folder: Where runs are kept, so that an interrupted fit goes on where it was.
        workers: Processes.
        advance: Called with the number of runs done since the last call.
    """

    simulator: Simulator
    prior: Prior
    folder: Path
    workers: int
    advance: Advance

    def run(self, name: str, unit: Floats, seeds: Ints) -> Ensemble:
        """Run and observe every member of an ensemble."""
        stage = Stage(name, self.prior.names, self.prior.values(unit), seeds)
        return Ensemble(unit, run_stage(self.simulator, stage, self.folder, self.workers, self.advance))

    def scores(self, ensemble: Ensemble) -> Floats:
        """Return the scores of an ensemble, shape (members, targets)."""
        return score(ensemble.observed.values, self.simulator.targets)


def fit(engine: Engine, budget: Budget, seed: int) -> Fit:
    """Fit the uncertain parameters to the targets.

    Args:
        engine: Runs the ensembles.
        budget: How much work it may take.
        seed: Seed of the first ensemble, of all runs and of the reports' error.
    """
    first = engine.run("start", engine.prior.design(budget.members, seed), seeds_of(seed, 0, budget.members))
    scores = engine.scores(first)
    half = budget.members // 2
    again = engine.run("chance", first.unit[:half], seeds_of(seed, 1, half))
    chance = np.cov((scores[:half] - engine.scores(again)).T) / 2
    screening = screen(first.unit, scores)
    nothing_off = np.zeros(len(chance))
    between, unit = assimilate(engine, first, screening.learnable, chance, nothing_off, budget, seed)
    last = engine.run("end", unit, seeds_of(seed, 1 + budget.steps, budget.members))
    return Fit(engine.prior, screening, chance, (first, *between, last))


def assimilate(
    engine: Engine, first: Ensemble, learnable: Bools, chance: Floats, seen: Floats, budget: Budget, seed: int
) -> tuple[list[Ensemble], Floats]:
    """Move an ensemble from the ranges to where the targets are met.

    Args:
        engine: Runs the ensembles.
        first: The ensemble spread over the ranges.
        learnable: Which parameters may move.
        chance: Covariance of the scores over seeds.
        seen: Scores of what was seen; what the reports say has score 0.
        budget: How much work it may take.
        seed: Seed of the runs and of the reports' error.

    Returns:
        The ensembles after each step but the last, and the parameters after the last as shares of their ranges.
    """
    # Along its principal axes chance is independent over targets, as the reports' error is along any. Each step
    # weighs both down by the number of steps; of chance one part is in the runs themselves.
    strength, axes = np.linalg.eigh(chance)
    error = np.sqrt(TOLERANCE_SD**2 + (1 - 1 / budget.steps) * np.maximum(strength, 0.0))
    after: list[Ensemble] = []

    def forward(normal: Floats) -> Floats:
        number = len(after) + 1
        after.append(engine.run(f"step-{number}", norm.cdf(normal), seeds_of(seed, 1 + number, len(normal))))
        seen_now: Floats = engine.scores(after[-1]) @ axes
        return seen_now

    with redirect_stdout(io.StringIO()):  # dageo prints each step
        normal = dageo.esmda(
            norm.ppf(np.clip(first.unit, EDGE, 1 - EDGE)),
            forward,
            seen @ axes,
            error,
            alphas=budget.steps,
            data_prior=engine.scores(first) @ axes,
            localization_matrix=np.repeat(learnable[:, None].astype(np.float64), len(chance), axis=1),
            return_post_data=False,
            random=np.random.default_rng([seed, budget.steps]),
        )
    return after, norm.cdf(normal)


def seeds_of(seed: int, stage: int, runs: int) -> Ints:
    """Return the seed of every run of a stage."""
    seeds: Ints = np.random.default_rng([seed, stage, runs]).integers(0, 2**32, runs)
    return seeds
