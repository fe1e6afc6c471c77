"""Many scenarios, of which only the outcomes at the end are kept: what a search or a grid asks for.

Their runs are kept in a store, as those of any batch: who asks the same again, after Ctrl-C or a power cut, goes on
where it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from scipy.stats import t

from agents.columns import Floats
from experiments.batches import missing, run_cases
from experiments.cases import Batch, Case, Keep, Setting
from experiments.runner import Experiment
from scenarios.scenario import Scenario
from sim.outcomes import OUTCOMES, Outcome

CONFIDENCE = 0.95

type Advance = Callable[[int], object]


@dataclass(frozen=True)
class Evaluation:
    """The outcomes of a scenario at the end of its replicates.

    Attributes:
        values: Shape (replicates, outcomes), the outcomes as in `OUTCOMES`: a stock at the end, a flow summed over the
            run. NaN where an outcome is not defined, and in the whole row of a replicate that failed.
        draws: The draw of parameters of each replicate; all the same if there are no draws.
        failed: What went wrong, by replicate.
    """

    values: Floats
    draws: tuple[int, ...]
    failed: Mapping[int, str]

    def of(self, outcome: Outcome) -> Floats:
        """Return an outcome in each replicate."""
        values: Floats = self.values[:, OUTCOMES.index(outcome.name)]
        return values


@dataclass(frozen=True)
class Difference:
    """A mean paired difference with its 95 percent interval; NaN where it cannot be estimated."""

    mean: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0.0 or self.high < 0.0


def evaluate(
    experiments: Sequence[Experiment], folder: Path, workers: int = 1, advance: Advance = lambda _: None
) -> list[Evaluation]:
    """Return the outcomes of each experiment; what a store does not have yet is run, all together in one pool.

    Args:
        experiments: What is run, in one region and at one scale; the same run is run once.
        folder: The store.
        workers: Processes.
        advance: Called with the number of replicates done since the last call.

    Raises:
        InputError: If the folder cannot be used.
    """
    first = experiments[0]
    setting = Setting(first.pack, first.national, first.scale, Keep(frequency="end"))
    batch = Batch(first.scenario.name, setting, tuple(_cases(experiments)))
    advance(len(batch.cases) - missing(batch, folder))
    results = run_cases(batch, folder, workers, on_result=lambda _: advance(1))
    values, errors = iter(results.values(OUTCOMES)), iter(results.cases["error"])
    return [
        _evaluation(one, list(islice(values, one.replicates)), islice(errors, one.replicates)) for one in experiments
    ]


def _cases(experiments: Sequence[Experiment]) -> Iterator[Case]:
    """Yield the replicates of experiments: mixes and cells all have the name of what they were made from."""
    named: dict[str, Scenario] = {}
    for experiment in experiments:
        asked, digest = experiment.scenario, experiment.scenario.digest()
        scenario = named.setdefault(digest, asked.model_copy(update={"name": f"{asked.name}:{digest[:12]}"}))
        for one in experiment.every():
            yield Case(scenario, _draw(experiment, one.number), one.seed, one.parameters)


def _draw(experiment: Experiment, replicate: int) -> int:
    return experiment.parameters.draw(replicate) if experiment.parameters.posterior else 0


def _evaluation(experiment: Experiment, values: Sequence[Floats], errors: Iterable[str]) -> Evaluation:
    draws = tuple(_draw(experiment, number) for number in range(experiment.replicates))
    return Evaluation(np.array(values), draws, {number: error for number, error in enumerate(errors) if error})


def difference(one: Evaluation, base: Evaluation, outcome: Outcome) -> Difference:
    """Return how a scenario differs from a reference, replicate by replicate.

    The interval is of Student's t. Replicates with the same draw of parameters differ alike, so that the draws count
    as independent and not the replicates (a cluster-robust variance); with one draw the replicates do.
    """
    pairs = one.of(outcome) - base.of(outcome)
    defined = np.isfinite(pairs)
    pairs, draws = pairs[defined], np.array(one.draws)[defined]
    if not len(pairs):
        return Difference(math.nan, math.nan, math.nan)
    mean = float(pairs.mean())
    units = np.unique(draws, return_inverse=True)[1] if len(set(one.draws)) > 1 else np.arange(len(pairs))
    count = int(units.max()) + 1
    if count < 2:
        return Difference(mean, math.nan, math.nan)
    off = np.bincount(units, pairs - mean)
    error = math.sqrt(count / (count - 1) * float((off**2).sum())) / len(pairs)
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, count - 1)) * error
    return Difference(mean, mean - reach, mean + reach)
