"""Predictive runs: what the model shows with draws of the posterior, and with as many of the prior beside them.

Each draw lives in the region to which the model is fitted, and in every other region in which a target looks. It is
observed there on these targets, and in the first on what no target asks: students by year, and how long networks
live after the decision at the end of their subsidy. The runs of the shipped posterior are kept in a small file with
it, which says what it was made from and is used only for that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.columns import Floats
from agents.errors import InputError
from calibration.observe import Survey, observe
from calibration.simulate import SCALE, Advance, Simulator, Stage, observing_all, run_stage
from calibration.targets import Target
from experiments.identity import code_digest
from experiments.posterior import Posterior, fingerprint
from experiments.priors import Prior, load_prior
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import START, load_scenario
from sim.calendar import Calendar
from sim.world import PpsWorld

if TYPE_CHECKING:
    from sim.model import PpsModel

FILE = "predictive.parquet"
DRAWS, SEED = 256, 20
PLACES = ("province", "country")
TRACKS = ("bbl", "bol")  # in the order of the model
FOLLOWED = 32
"""Quarters after the decision in which the deaths of networks are told apart."""
ENDS = ("died", "followed")
_POSTERIOR, _KEY = "of_posterior", b"pps"


class Predictor(Simulator):
    """Runs the model to its last quarter with one draw of parameters, and elsewhere as far as targets ask."""

    def __call__(self, parameters: dict[str, float], seed: int) -> Floats:
        """Return what is observed, shape (columns,)."""
        model = self.model(parameters, seed)
        seen = observe(model, self.targets)
        model.run()
        others = [other(parameters, seed) for other in self.elsewhere]
        return np.concatenate([seen, *others, _students(model).ravel(), survival(model).ravel()])

    @cached_property
    def years(self) -> tuple[int, ...]:
        """The years of which students on 1 October are observed."""
        calendar = Calendar.between(START, self.scenario.until)
        return tuple(calendar.year(step) for step in range(calendar.quarters) if calendar.is_school_start(step))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of what is observed of a run."""
        return (
            *super().columns,
            *(students_column(place, track, year) for place in PLACES for year in self.years for track in TRACKS),
            *(survival_column(end, quarters) for end in ENDS for quarters in range(FOLLOWED + 1)),
        )

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """What determines the results of a draw, besides the code of the model."""
        return (*super().inputs, *self.columns, hashlib.sha256(Path(__file__).read_bytes()).hexdigest())


def students_column(place: str, track: str, year: int) -> str:
    """Return the column of the students of a place and track on 1 October of a year."""
    return f"students {place} {track} {year}"


def survival_column(end: str, quarters: int) -> str:
    """Return the column of the networks that died, or were followed, so many quarters after the decision."""
    return f"networks {end} {quarters}"


def _students(model: PpsModel) -> Floats:
    """Return students on 1 October, shape (places, years, tracks): of the province and of the country's stand-in."""
    province = {model.calendar.year(one.step): one.stock.sum(axis=(0, 1, 2)) for one in model.enrolment.years}
    country = Survey(model, model.calendar.quarters - 1).country
    return np.array([list(province.values()), [country[year] for year in province]], dtype=np.float64)


def survival(world: PpsWorld) -> Floats:
    """Count partnerships by the quarters between the decision and the end of their network, shape (2, quarters).

    First those whose network died, then those whose network was alive when it was last seen: at the end of the run,
    or after `FOLLOWED` quarters. A partnership that stops, at the end of its subsidy or before, loses its network
    in the quarter of the decision.
    """
    pps = world.pps
    decided = np.flatnonzero(pps.decided >= 0)
    died = pps.network_death[decided] >= 0
    last = np.where(died, pps.network_death[decided], world.quarter)
    quarters = last - pps.decided[decided]
    died &= quarters <= FOLLOWED
    quarters = np.minimum(quarters, FOLLOWED)
    return np.array([np.bincount(quarters[which], minlength=FOLLOWED + 1) for which in (died, ~died)], dtype=np.float64)


@dataclass(frozen=True)
class Predictive:
    """What was observed of predictive runs.

    Attributes:
        columns: Names of what was observed.
        posterior: Runs with draws of the posterior, shape (runs, columns); NaN where a quantity is not defined.
        prior: Runs with draws of the prior.
        about: What they were made from, and how many runs failed and are left out.
    """

    columns: tuple[str, ...]
    posterior: Floats
    prior: Floats
    about: Mapping[str, Any]

    def of(self, columns: Sequence[str]) -> tuple[Floats, Floats]:
        """Return some columns of the runs of the posterior and of those of the prior."""
        number = {name: i for i, name in enumerate(self.columns)}
        places = [number[name] for name in columns]
        return self.posterior[:, places], self.prior[:, places]


def make_predictor(targets: tuple[Target, ...], scale: float = SCALE) -> Predictor:
    """Return what runs the baseline of the region to which the model is fitted, and of those of other targets."""
    home = Simulator(load_region("noord-brabant"), load_national(), load_scenario("baseline"), (), scale)
    return Predictor(**vars(observing_all(home, targets)))


def predictive_of(
    posterior: Posterior,
    prior: Prior,
    predictor: Predictor,
    folder: Path,
    workers: int,
    advance: Advance,
    draws: int = DRAWS,
) -> Predictive:
    """Run draws of the posterior, and as many of the prior.

    Args:
        posterior: Draws in random order; the first are taken, and from the start again if there are too few.
        prior: What was uncertain before the fit.
        predictor: Runs and observes one draw.
        folder: Where runs are kept, so that who stops and starts again goes on where it was.
        workers: Processes.
        advance: Called with the number of runs done since the last call: `2 * draws` in all.
        draws: Draws of each.

    Raises:
        InputError: If the folder cannot be used, or no run succeeds.
    """
    seeds = np.random.default_rng([SEED, draws]).integers(0, 2**32, (2, draws))
    chosen = posterior.values[np.arange(draws) % len(posterior)]
    stages = (
        Stage("predictive-posterior", posterior.names, chosen, seeds[0]),
        Stage("predictive-prior", prior.names, prior.values(prior.design(draws, SEED)), seeds[1]),
    )
    seen = [run_stage(predictor, stage, folder, workers, advance) for stage in stages]
    kept = [np.delete(one.values, list(one.failed), axis=0).astype(np.float32).astype(np.float64) for one in seen]
    if not all(map(len, kept)):
        error = next(error for one in seen for error in one.failed.values())
        raise InputError(f"every predictive run failed: {error}", "posterior", "draws that the model can run with")
    about = key_of(posterior, predictor) | {"failed": [len(one.failed) for one in seen]}
    return Predictive(predictor.columns, kept[0], kept[1], about)


def key_of(posterior: Posterior, predictor: Predictor) -> dict[str, Any]:
    """Return what determines predictive runs: posterior, ranges, what is observed, and the code of the model."""
    return _inputs(posterior, predictor) | {"code": code_digest(), "fingerprint": fingerprint()}


def _inputs(posterior: Posterior, predictor: Predictor) -> dict[str, Any]:
    return {
        "posterior": posterior.digest,
        "ranges": load_prior().digest(posterior.names),
        "observed": hashlib.sha256("\n".join(predictor.inputs).encode()).hexdigest(),
        "scale": predictor.scale,
    }


def store_predictive(predictive: Predictive, folder: Path) -> Path:
    """Keep predictive runs in a small file in a folder, such as that of the posterior, and return the file.

    Raises:
        InputError: If it cannot be written.
    """
    path = folder / FILE
    values = np.concatenate([predictive.posterior, predictive.prior]).astype(np.float32)
    data: dict[str, Any] = {name: values[:, i] for i, name in enumerate(predictive.columns)}
    data[_POSTERIOR] = np.arange(len(values)) < len(predictive.posterior)
    about = json.dumps(dict(predictive.about), sort_keys=True)
    table = pa.table(data).replace_schema_metadata({_KEY: about.encode()})
    unfinished = path.with_suffix(".unfinished")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, unfinished, compression="zstd")
        os.replace(unfinished, path)
    except OSError as error:
        raise InputError(f"cannot keep runs: {error.strerror}", str(folder), "a folder to write in") from None
    return path


def load_predictive(posterior: Posterior, predictor: Predictor, folder: Path) -> Predictive | None:
    """Return the predictive runs that are kept in a folder.

    Returns:
        None if there are none, or if they are of another posterior, other targets or another version of the model.
    """
    try:
        table = pq.read_table(folder / FILE)
        about = json.loads(table.schema.metadata[_KEY])
        known = {name: about[name] for name in ("posterior", "ranges", "observed", "scale", "code", "fingerprint")}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    if table.column_names != [*predictor.columns, _POSTERIOR] or not _same(known, posterior, predictor):
        return None
    values = np.column_stack([table[name].to_numpy() for name in predictor.columns]).astype(np.float64)
    first = table[_POSTERIOR].to_numpy()
    return Predictive(predictor.columns, values[first], values[~first], about)


def _same(known: Mapping[str, Any], posterior: Posterior, predictor: Predictor) -> bool:
    """Say whether runs were made from the same; like a posterior, they outlive changes of code without effect."""
    if not _inputs(posterior, predictor).items() <= known.items():
        return False
    return bool(known["code"] == code_digest() or known["fingerprint"] == fingerprint())
