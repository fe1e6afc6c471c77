"""Sensitivity: which of the things that nobody knows move the outcomes, and the differences that policies make.

Two designs, both of SALib. Morris screens all uncertain parameters with few runs: how far an outcome moves when one
parameter moves over its range, at several places (Morris 1991; Campolongo, Cariboni and Saltelli 2007). Sobol divides
the variance of an outcome among parameters, alone and together with others (Saltelli and others 2010); there the chance
of a run counts as one factor, and parameters that are not asked for by name are one factor too, so that nothing that is
uncertain is left out.

Every row of a design is run in all scenarios with the same seed, so that a difference between them has no other cause
than the policy. Within a Morris trajectory all rows have the same seed: a step changes one parameter and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from experiments.priors import Prior

CHANCE, OTHERS = "chance", "others"
"""Factors that are no parameter: the seed of a run, and all parameters that do not stand apart."""
LEVELS = 4
"""Places in a range at which Morris looks; a step is two thirds of the range."""
RESAMPLES = 500
"""Bootstrap samples for an interval."""
MOST_ROWS = 1_000_000
SEEDS = 2**32

type Method = Literal["morris", "sobol"]


@dataclass(frozen=True)
class Design:
    """What is run: rows of parameters and a seed, in blocks that belong together.

    Attributes:
        method: `morris` or `sobol`.
        names: Names of the parameters.
        factors: What is told apart: parameters, and with Sobol `others` and `chance`.
        unit: Parameters as shares of their ranges, shape (rows, parameters).
        seeds: Seed of each row.
        problem: The same as SALib wants it.
        sample: What SALib drew, shape (rows, columns); with Sobol the last column gave the seeds.
    """

    method: Method
    names: tuple[str, ...]
    factors: tuple[str, ...]
    unit: Floats
    seeds: Ints
    problem: Mapping[str, Any]
    sample: Floats

    @property
    def block(self) -> int:
        """Rows that belong together: a trajectory, or a base sample with all its exchanges."""
        return len(self.factors) + (1 if self.method == "morris" else 2)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return len(self.unit) // self.block

    def __len__(self) -> int:
        return len(self.unit)


def morris_design(prior: Prior, trajectories: int, seed: int) -> Design:
    """Return trajectories through the ranges of all parameters, each with a seed of its own.

    Args:
        prior: The parameters and their ranges.
        trajectories: How many; each has one row more than there are parameters.
        seed: Seed of the design and of the runs.

    Raises:
        InputError: If there are too few or too many.
    """
    from SALib.sample import morris

    size = len(prior.names) + 1
    _check(trajectories, size, "trajectories")
    problem = _problem(prior.names)
    sample: Floats = morris.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    seeds = np.random.default_rng([seed, trajectories]).integers(0, SEEDS, trajectories)
    return Design("morris", prior.names, prior.names, sample, np.repeat(seeds, size), problem, sample)


def sobol_design(prior: Prior, base: int, seed: int, apart: Sequence[str] = ()) -> Design:
    """Return a design for Sobol indices of parameters that stand apart, of all others together, and of chance.

    Args:
        prior: The parameters and their ranges.
        base: Base samples, a power of two; each becomes a row for every factor, and two more.
        seed: Seed of the design and of the runs.
        apart: Parameters that are told apart; if none is named, all are.

    Raises:
        InputError: If base is no power of two, or a parameter is not uncertain.
    """
    from SALib.sample import sobol

    for name in apart:
        if name not in prior.names:
            raise InputError(f"{name} is not uncertain", "apart", "parameters with a range, as `pps parameters` tells")
    if base < 2 or base & (base - 1):
        raise InputError(f"{base} is no power of two", "base", "2, 4, 8, 16 and so on")
    asked = set(apart) or set(prior.names)
    groups = [name if name in asked else OTHERS for name in prior.names]
    factors = (*dict.fromkeys(groups), CHANCE)
    _check(base, len(factors) + 2, "base")
    problem = {**_problem((*prior.names, CHANCE)), "groups": [*groups, CHANCE]}
    sample: Floats = sobol.sample(problem, base, calc_second_order=False, seed=seed)
    seeds = np.minimum(sample[:, -1] * SEEDS, SEEDS - 1).astype(np.int64)
    return Design("sobol", prior.names, factors, sample[:, :-1], seeds, problem, sample)


def _problem(names: Sequence[str]) -> dict[str, Any]:
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def _check(blocks: int, size: int, where: str) -> None:
    if not 2 <= blocks <= MOST_ROWS // size:
        raise InputError(f"cannot take {blocks}", where, f"2 to {MOST_ROWS // size}, which make {size} rows each")


# ── what comes out ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Effect:
    """What Morris says of a parameter, in the unit of the outcome.

    Attributes:
        factor: Name of the parameter.
        strength: Mean size of an elementary effect, whatever its sign (mu*): how far the outcome moves per whole range.
        low: Lower end of its 95% interval (bootstrap over trajectories).
        high: Upper end.
        mean: Mean elementary effect with its sign (mu).
        spread: Standard deviation of the effects (sigma): how much they depend on the other parameters and on chance.
    """

    factor: str
    strength: float
    low: float
    high: float
    mean: float
    spread: float

    @property
    def shown(self) -> bool:
        """Whether an effect is shown: the interval leaves zero out."""
        return self.low > 0.0


@dataclass(frozen=True)
class Index:
    """What Sobol says of a factor: shares of the variance of the outcome.

    Attributes:
        factor: A parameter, `others` or `chance`.
        first: Share that the factor explains by itself.
        first_low: Lower end of its 95% interval (bootstrap over base samples).
        first_high: Upper end.
        total: Share in which the factor has a hand, by itself or together with others.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    factor: str
    first: float
    first_low: float
    first_high: float
    total: float
    low: float
    high: float

    @property
    def strength(self) -> float:
        """What factors are ordered by."""
        return self.total

    @property
    def shown(self) -> bool:
        """Whether a hand in the variance is shown: the interval leaves zero out."""
        return self.low > 0.0


@dataclass(frozen=True)
class Answer:
    """What moves one outcome of a scenario, or its difference from the reference.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        difference: Whether it is the difference from the reference, row by row.
        mean: Mean over the rows.
        deviation: Standard deviation over the rows.
        blocks: Blocks that counted: those in which every run finished and defined the outcome.
        factors: What is known of each factor, the strongest first; empty if the outcome is the same in all rows, or
            fewer than two blocks counted.
    """

    scenario: str
    outcome: str
    difference: bool
    mean: float
    deviation: float
    blocks: int
    factors: tuple[Effect | Index, ...]


@dataclass(frozen=True)
class Sensitivity:
    """What a design of runs says of all that was asked.

    Attributes:
        method: `morris` or `sobol`.
        names: The uncertain parameters.
        blocks: Trajectories or base samples.
        rows: Runs of each scenario.
        scenarios: Names of the scenarios, the reference first.
        seed: Seed of the design.
        answers: Of each scenario and outcome, and then of each difference.
    """

    method: Method
    names: tuple[str, ...]
    blocks: int
    rows: int
    scenarios: tuple[str, ...]
    seed: int
    answers: tuple[Answer, ...]

    def answer(self, scenario: str, outcome: str, difference: bool) -> Answer:
        """Return what moves one outcome or difference."""
        asked = (scenario, outcome, difference)
        return next(one for one in self.answers if (one.scenario, one.outcome, one.difference) == asked)


def sensitivity(design: Design, ends: Mapping[str, Mapping[str, Floats]], seed: int) -> Sensitivity:
    """Return what moves each outcome, and each difference from the first scenario.

    Args:
        design: What was run.
        ends: Outcomes at the end by scenario and name, one value per row; NaN where a run failed or the outcome is not
            defined. The first scenario is the reference.
        seed: Seed of the bootstrap.
    """
    reference, *others = ends
    asked = [(name, outcome, False, values) for name, of in ends.items() for outcome, values in of.items()]
    asked += [
        (name, outcome, True, values - ends[reference][outcome])
        for name in others
        for outcome, values in ends[name].items()
    ]
    answers = tuple(answer(design, *one, seed) for one in asked)
    return Sensitivity(design.method, design.names, design.blocks, len(design), tuple(ends), seed, answers)


def answer(design: Design, scenario: str, outcome: str, difference: bool, values: Floats, seed: int) -> Answer:
    """Return what moves one number that was seen in every row; blocks with a gap are left out as a whole."""
    whole = np.repeat(np.isfinite(values).reshape(-1, design.block).all(axis=1), design.block)
    kept = values[whole]
    factors: tuple[Effect | Index, ...] = ()
    blocks = int(whole.sum()) // design.block
    if blocks >= 2 and kept.min() < kept.max():
        found: Callable[..., Iterator[Effect | Index]] = _effects if design.method == "morris" else _indices
        factors = tuple(sorted(found(design, kept, whole, seed), key=lambda one: (-one.strength, one.factor)))
    mean, deviation = (float(kept.mean()), float(kept.std(ddof=1))) if blocks else (math.nan, math.nan)
    return Answer(scenario, outcome, difference, mean, deviation, blocks, factors)


def _effects(design: Design, values: Floats, whole: Bools, seed: int) -> Iterator[Effect]:
    from SALib.analyze import morris

    found = morris.analyze(
        dict(design.problem), design.sample[whole], values, num_resamples=RESAMPLES, num_levels=LEVELS, seed=seed
    )
    columns = (found[key] for key in ("mu_star", "mu_star_conf", "mu", "sigma"))
    for factor, strength, reach, mean, spread in zip(design.factors, *map(_list, columns), strict=True):
        yield Effect(factor, strength, max(0.0, strength - reach), strength + reach, mean, spread)


def _indices(design: Design, values: Floats, whole: Bools, seed: int) -> Iterator[Index]:
    from SALib.analyze import sobol

    found = sobol.analyze(dict(design.problem), values, calc_second_order=False, num_resamples=RESAMPLES, seed=seed)
    columns = (found[key] for key in ("S1", "S1_conf", "ST", "ST_conf"))
    for factor, first, first_reach, total, reach in zip(design.factors, *map(_list, columns), strict=True):
        yield Index(factor, first, first - first_reach, first + first_reach, total, total - reach, total + reach)


def _list(column: Any) -> list[float]:
    values: list[float] = np.asarray(column, dtype=np.float64).tolist()
    return values
