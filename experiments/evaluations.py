"""Many scenarios, of which only the outcomes at the end are kept: what a search or a grid asks for.

A whole run takes about 250 kB a replicate on disk, its outcomes 2 kB; and a search asks for hundreds. Each scenario has
a file of its own, named after its identity and written when its last replicate is done: who asks the same again, after
Ctrl-C or a power cut, goes on where it was.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import t

from agents.columns import Floats
from agents.errors import InputError
from experiments.identity import describe, digest
from experiments.runner import Experiment, Failed, Replicate
from experiments.work import Work
from sim.outcomes import OUTCOMES, Outcome, outcome_table

if TYPE_CHECKING:
    from sim.model import PpsModel

CONFIDENCE = 0.95
SCHEMA_VERSION = 1
WRITABLE = "a folder that can be written, on a disk with room"

type Advance = Callable[[int], object]
type Result = tuple[int, list[float]] | Failed


@dataclass(frozen=True)
class Evaluation:
    """The outcomes of a scenario at the end of its replicates.

    Attributes:
        identity: Hash of all that they follow from.
        values: Shape (replicates, outcomes), the outcomes as in `OUTCOMES`: a stock at the end, a flow summed over the
            run. NaN where an outcome is not defined, and in the whole row of a replicate that failed.
        draws: The draw of parameters of each replicate; all the same if there are no draws.
        failed: What went wrong, by replicate.
    """

    identity: str
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
    """Return the outcomes of each experiment; what is not on disk yet is run, all together in one pool.

    Args:
        experiments: What is run; the same experiment is run once.
        folder: Where outcomes are kept.
        workers: Processes.
        advance: Called with the number of replicates done since the last call.

    Raises:
        InputError: If the folder cannot be used.
    """
    _make(folder)
    identities = [_identity(experiment) for experiment in experiments]
    found = {identity: _read(folder, identity) for identity in identities}
    advance(sum(one.replicates for one, i in zip(experiments, identities, strict=True) if found[i] is not None))
    todo = {i: one for i, one in zip(identities, experiments, strict=True) if found[i] is None}
    replicates = [
        experiment.replicate(number) for experiment in todo.values() for number in range(experiment.replicates)
    ]
    results = iter(Work(_run, replicates, _lost, workers)) if replicates else iter(())
    for identity, experiment in todo.items():
        came = []
        for _ in range(experiment.replicates):
            came.append(next(results))
            advance(identities.count(identity))
        found[identity] = _keep(folder, identity, experiment, came)
    return [one for one in (found[identity] for identity in identities) if one is not None]


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


def at_the_end(model: PpsModel) -> list[float]:
    """Return every outcome of a finished run, all provinces together: a stock at the end, a flow summed."""
    assert model.recorder is not None
    series = model.recorder.values[:, -1, :]
    flows = [outcome.level == "flow" for outcome in outcome_table().values()]
    values: list[float] = np.where(flows, np.nansum(series, axis=0), series[-1]).tolist()
    return values


def _run(replicate: Replicate) -> Result:
    from sim.model import PpsModel  # here: whoever starts workers need not import Mesa

    try:
        model = PpsModel(
            replicate.pack,
            replicate.scenario,
            replicate.parameters,
            seed=replicate.seed,
            scale=replicate.scale,
            national=replicate.national,
        ).run()
        return replicate.number, at_the_end(model)
    except Exception as error:  # any bug in one replicate; the others go on, and it is told
        return _lost(replicate, error)


def _lost(replicate: Replicate, error: Exception) -> Failed:
    return Failed(replicate.number, replicate.seed, type(error).__name__, " ".join(str(error).split()))


# ── on disk ─────────────────────────────────────────────────────────────────────────────────────────────
def _identity(experiment: Experiment) -> str:
    return digest({"run": describe(experiment)["identity"], "schema_version": SCHEMA_VERSION})


def _keep(folder: Path, identity: str, experiment: Experiment, came: Sequence[Result]) -> Evaluation:
    sets = experiment.parameters
    failed = {one.replicate: f"{one.error}: {one.message}" for one in came if isinstance(one, Failed)}
    empty = [math.nan] * len(OUTCOMES)
    values = [empty if isinstance(one, Failed) else one[1] for one in came]
    draws = [sets.draw(number) if sets.posterior else 0 for number in range(experiment.replicates)]
    if not failed:  # what failed may go well another time
        content = {
            "identity": identity,
            "outcomes": OUTCOMES,
            "draws": draws,
            "values": [_plain(row) for row in values],
        }
        _write(folder / f"{identity}.json", content)
    return Evaluation(identity, np.array(values, dtype=np.float64), tuple(draws), failed)


def _plain(row: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in row]


def _read(folder: Path, identity: str) -> Evaluation | None:
    """Return what is on disk; None if it is not there, or is not what we wrote."""
    try:
        content: Any = json.loads((folder / f"{identity}.json").read_text(encoding="utf-8"))
        if (content["identity"], content["outcomes"]) != (identity, list(OUTCOMES)):
            return None
        values = np.array(content["values"], dtype=np.float64)  # None becomes NaN
        draws = tuple(content["draws"])
        return Evaluation(identity, values, draws, {}) if values.shape == (len(draws), len(OUTCOMES)) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make(folder: Path) -> None:
    """Make a folder before anything that takes long."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be made ({reason})", str(folder), WRITABLE) from None


def _write(path: Path, content: Any) -> None:
    """Write a file completely or not at all."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_text(f"{text}\n", encoding="utf-8")
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", str(path.parent), WRITABLE) from None
