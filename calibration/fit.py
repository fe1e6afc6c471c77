"""The fit: an ensemble of worlds is moved, in a few steps, from the ranges to where the reports are met.

Ensemble smoother with multiple data assimilation (Emerick and Reynolds 2013; dageo). Every member is a full set of
parameters. In each step all members are run and observed, and each is moved along the ensemble's own covariances of
parameters and targets, with a part of the weight of the reports. What moves no target is left where it is: it keeps
its range and is sampled, never frozen.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import dageo
import numpy as np
from scipy.stats import norm

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from calibration.scores import TOLERANCE_SD, score
from calibration.screening import Screening, screen
from calibration.simulate import Advance, Observed, Simulator, Stage, run_stage
from experiments.priors import Prior

PAIRS = 4
"""One member in so many is run twice in each step, to tell chance from ignorance."""
MOST_FAILED = 0.05
"""Share of the runs of an ensemble that may fail."""
APART = 1000
"""Between the seeds of two worlds, so that none shares the reports' error with another."""
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
        """Runs that a fit takes: a member once in each step and at the end, and some twice."""
        return self.members * (self.steps + 1) + self.steps * (self.members // PAIRS)


@dataclass(frozen=True)
class Ensemble:
    """Worlds and what was observed of them.

    Attributes:
        unit: All uncertain parameters as shares of their ranges, shape (members, parameters).
        observed: What was observed.
        numbers: Which of the members that were asked these are; the runs of the others failed.
    """

    unit: Floats
    observed: Observed
    numbers: Ints


@dataclass(frozen=True)
class Fit:
    """What was learnt.

    Attributes:
        prior: What was uncertain.
        screening: What moves what, in the ensemble spread over the ranges.
        ensembles: Where the ensemble was before the first step, after each, and at the end.
    """

    prior: Prior
    screening: Screening
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
        expect: Called with the number of runs that only now turn out to be needed.
    """

    simulator: Simulator
    prior: Prior
    folder: Path
    workers: int
    advance: Advance
    expect: Advance = lambda runs: None

    def run(self, name: str, unit: Floats, seeds: Ints) -> Ensemble:
        """Run and observe every member of an ensemble; a member whose run fails is no member any more.

        Raises:
            InputError: If more than one run in twenty fails.
        """
        stage = Stage(name, self.prior.names, self.prior.values(unit), seeds)
        observed = run_stage(self.simulator, stage, self.folder, self.workers, self.advance)
        if len(observed.failed) > MOST_FAILED * len(unit):
            first = next(iter(observed.failed.values()))
            raise InputError(f"{len(observed.failed)} of {len(unit)} runs failed: {first}", name, "a model that runs")
        good = np.setdiff1d(np.arange(len(unit)), list(observed.failed))
        return Ensemble(unit[good], replace(observed, values=observed.values[good]), good)

    def run_all(self, name: str, units: Sequence[Floats], seed: int, stage: int) -> list[Ensemble]:
        """Run the ensembles of several worlds in one go: to start processes for each would take longer than to run."""
        ends = np.cumsum([len(unit) for unit in units])
        together = self.run(name, np.concatenate(units), seeds_of(seed, stage, int(ends[-1])))
        world = np.searchsorted(ends, together.numbers, side="right")
        return [
            Ensemble(
                together.unit[world == number],
                replace(together.observed, values=together.observed.values[world == number]),
                together.numbers[world == number] - (ends[number] - len(unit)),
            )
            for number, unit in enumerate(units)
        ]

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
    first = engine.run("step-0", engine.prior.design(budget.members, seed), seeds_of(seed, 0, budget.members))
    screening = screen(first.unit, engine.scores(first))
    as_reported = np.zeros((1, len(engine.simulator.targets)))
    before, (unit,) = assimilate(engine, first, screening.learnable, as_reported, budget, seed)
    last = engine.run("end", unit, seeds_of(seed, 2 * budget.steps, budget.members))
    return Fit(engine.prior, screening, (*(ensemble for (ensemble,) in before), last))


def assimilate(
    engine: Engine, first: Ensemble, learnable: Bools, seen: Floats, budget: Budget, seed: int
) -> tuple[list[list[Ensemble]], list[Floats]]:
    """Move an ensemble from the ranges to where the targets are met, for one or more worlds in step.

    Args:
        engine: Runs the ensembles.
        first: The ensemble spread over the ranges, with which all worlds start.
        learnable: Which parameters may move.
        seen: Scores of what was seen in each world, shape (worlds, targets); what the reports say has score 0.
        budget: How much work each world may take.
        seed: Seed of the runs and of the reports' error.

    Returns:
        For each step the ensembles of all worlds, and for each world the parameters after the last step as shares
        of their ranges.
    """
    before: list[list[Ensemble]] = []
    units: list[Floats] = []
    for step, inflation in enumerate(inflations(budget.steps)):
        now = engine.run_all(f"step-{step}", units, seed, 2 * step) if step else [first] * len(seen)
        chances = chance_of(engine, now, seed, 2 * step + 1)
        units = [
            _move(world.unit, engine.scores(world), chance, off, learnable, inflation, seed + step + APART * number)
            for number, (world, chance, off) in enumerate(zip(now, chances, seen, strict=True))
        ]
        before.append(now)
    return before, units


def inflations(steps: int) -> Floats:
    """Return by how much errors are inflated in each step; half as much in each as in the one before.

    The inverses sum to 1, so that all steps together weigh the reports once. The first steps, far from the targets
    where straight lines are crude, count least.
    """
    return np.array([(2.0**steps - 1) / 2.0**step for step in range(steps)])


def chance_of(engine: Engine, ensembles: Sequence[Ensemble], seed: int, stage: int) -> list[Floats]:
    """Return the covariance of scores over seeds in each ensemble, shape (targets, targets), from running some again.

    Args:
        engine: Runs the ensembles.
        ensembles: One in each world.
        seed: Seed of the runs.
        stage: Number of the stage, so that no two share seeds.
    """
    some = [ensemble.unit[: len(ensemble.unit) // PAIRS] for ensemble in ensembles]
    chances: list[Floats] = []
    for ensemble, again in zip(ensembles, engine.run_all("again", some, seed, stage), strict=True):
        off = engine.scores(ensemble)[again.numbers] - engine.scores(again)
        chances.append(np.atleast_2d(np.cov(off.T) / 2).astype(np.float64))
    return chances


def _move(
    unit: Floats, scores: Floats, chance: Floats, seen: Floats, learnable: Bools, inflation: float, seed: int
) -> Floats:
    """Move the members by one step.

    Along its principal axes chance is independent over targets, as the reports' error is along any. Both are
    inflated; of chance one part is in the runs themselves.
    """
    strength, axes = np.linalg.eigh(chance)
    error = np.sqrt(TOLERANCE_SD**2 + (1 - 1 / inflation) * np.maximum(strength, 0.0))
    moves = np.repeat(learnable[:, None].astype(np.float64), len(seen), axis=1)
    # dageo prints the step, and warns that one step alone does not weigh the reports once
    with redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        normal = dageo.esmda(
            norm.ppf(np.clip(unit, EDGE, 1 - EDGE)),
            None,  # the members have been run
            seen @ axes,
            error,
            alphas=np.array([inflation]),
            data_prior=scores @ axes,
            localization_matrix=moves,
            return_post_data=False,
            random=np.random.default_rng([seed, len(unit)]),
        )
    moved: Floats = norm.cdf(normal)
    return moved


def seeds_of(seed: int, stage: int, runs: int) -> Ints:
    """Return the seed of every run of a stage."""
    seeds: Ints = np.random.default_rng([seed, stage, runs]).integers(0, 2**32, runs)
    return seeds
