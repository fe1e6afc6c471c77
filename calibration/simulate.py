"""Runs of the model for a fit: many parameter draws, each observed as the reports did, kept on disk as they come.

A stage of a fit (a step, a check) is a list of draws. Its runs are kept in parts, in a folder whose name follows
from all that determines them: who starts the same stage again, after Ctrl-C or a power cut, goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.columns import Floats, Ints
from agents.errors import InputError
from agents.parameters import make_parameters
from calibration import observe as observing
from calibration.observe import observe
from calibration.targets import Target
from experiments.identity import code_digest
from experiments.work import Work
from scenarios.national import National
from scenarios.region import RegionPack, load_region
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from sim.model import PpsModel

PART = 200
"""Runs in a part: what a power cut costs at most."""

SCALE = 0.1
"""Share of the firms in runs that are compared with reports: outcomes do not drift with it (docs/odd.md)."""

LOST = "its process was ended"

type Advance = Callable[[int], None]
type Draw = tuple[dict[str, float], int]


@dataclass(frozen=True)
class Simulator:
    """Runs the model with one draw of parameters and observes it.

    Attributes:
        pack: Region pack.
        national: Data of the country.
        scenario: What is run.
        targets: What is observed.
        scale: Share of the firms that is simulated.
        fixed: Parameters of a rival submodel, by name; they may lie outside their range.
        elsewhere: What runs and observes the same draw in other regions.
    """

    pack: RegionPack
    national: National
    scenario: Scenario
    targets: tuple[Target, ...]
    scale: float
    fixed: Mapping[str, float] = field(default_factory=dict)
    elsewhere: tuple[Simulator, ...] = ()

    def __call__(self, parameters: dict[str, float], seed: int) -> Floats:
        """Return what is observed, shape (columns,)."""
        here = observe(self.model(parameters, seed), self.targets)
        return np.concatenate([here, *(other(parameters, seed) for other in self.elsewhere)])

    def model(self, parameters: dict[str, float], seed: int) -> PpsModel:
        """Return the model of a draw, which has not lived yet."""
        from sim.model import PpsModel  # here: whoever starts workers need not import Mesa

        values = replace(make_parameters(parameters, "draw"), **self.fixed)
        return PpsModel(self.pack, self.scenario, values, (), seed, self.scale, self.national)

    @property
    def observed(self) -> tuple[Target, ...]:
        """All targets that are observed, in the order of the columns: first those of the own region."""
        return (*self.targets, *(target for other in self.elsewhere for target in other.observed))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of what is observed of a run."""
        return tuple(target.id for target in self.observed)

    @property
    def inputs(self) -> tuple[str, ...]:
        """What determines the results of a draw, besides the code of the model."""
        return (
            hashlib.sha256(Path(observing.__file__).read_bytes()).hexdigest(),
            self.pack.digest,
            self.national.digest,
            self.scenario.digest(),
            json.dumps([self.scale, dict(self.fixed)], sort_keys=True),
            *(json.dumps([t.id, t.operator, dict(t.arguments), t.when], sort_keys=True) for t in self.targets),
            *(text for other in self.elsewhere for text in other.inputs),
        )

    @cached_property
    def digest(self) -> str:
        """What determines the results of a draw, as one hash."""
        return hashlib.sha256("\n".join([code_digest(), *self.inputs]).encode()).hexdigest()


def observing_all(simulator: Simulator, targets: Iterable[Target]) -> Simulator:
    """Return a simulator that observes targets, each in the region pack that it names."""
    asked: dict[str, list[Target]] = {simulator.pack.name: []}
    for target in targets:
        asked.setdefault(target.pack, []).append(target)
    here, *others = asked.items()
    elsewhere = (replace(simulator, pack=load_region(pack), targets=tuple(own)) for pack, own in others)
    return replace(simulator, targets=tuple(here[1]), elsewhere=tuple(elsewhere))


@dataclass(frozen=True)
class Stage:
    """A list of draws to be run.

    Attributes:
        name: What it is for, such as `step-1`.
        names: Names of the parameters.
        values: Their values, shape (draws, parameters).
        seeds: Seed of each draw's run.
    """

    name: str
    names: tuple[str, ...]
    values: Floats
    seeds: Ints

    def draw(self, number: int) -> Draw:
        """Return one draw: the parameters by name, and the seed."""
        return dict(zip(self.names, self.values[number].tolist(), strict=True)), int(self.seeds[number])


@dataclass(frozen=True)
class Observed:
    """What was observed of each draw of a stage.

    Attributes:
        values: Shape (draws, columns); NaN where a quantity is not defined, and in the whole row of a failed run.
        failed: Number of the draw and error of each failed run.
    """

    values: Floats
    failed: dict[int, str]


def run_stage(simulator: Simulator, stage: Stage, folder: Path, workers: int, advance: Advance) -> Observed:
    """Run what is not on disk yet of a stage and return all of it.

    Args:
        simulator: Runs one draw.
        stage: What is run.
        folder: Where runs are kept.
        workers: Processes.
        advance: Called with the number of runs that are done since the last call.

    Raises:
        InputError: If the folder cannot be used.
    """
    place = folder / f"{stage.name}-{_key(simulator, stage)[:16]}"
    with _told(place):  # before anything that takes long
        place.mkdir(parents=True, exist_ok=True)
    columns = list(simulator.columns)
    tables = []
    for start in range(0, len(stage.values), PART):
        numbers = range(start, min(start + PART, len(stage.values)))
        path = place / f"{start:06}.parquet"
        table = _read(path, columns, len(numbers))
        if table is None:
            table = _run(simulator, stage, numbers, columns, workers, advance)
            if LOST not in table["error"].to_pylist():  # its process was ended: next time it may not be
                _write(table, path)
        else:
            advance(len(numbers))
        tables.append(table)
    whole = pa.concat_tables(tables)
    errors = whole["error"].to_pylist()
    return Observed(
        np.column_stack([whole[name].to_numpy() for name in columns]),
        {number: error for number, error in enumerate(errors) if error},
    )


def _run(
    simulator: Simulator, stage: Stage, numbers: Sequence[int], columns: list[str], workers: int, advance: Advance
) -> pa.Table:
    rows: list[tuple[list[float], str]] = []
    draws = [stage.draw(number) for number in numbers]
    for row in Work(partial(_one, simulator), draws, partial(_lost, len(columns)), workers):
        rows.append(row)
        advance(1)
    values = np.array([row for row, _ in rows]).reshape(len(rows), len(columns))
    data = {name: values[:, i] for i, name in enumerate(columns)}
    return pa.table({**data, "error": pa.array([error for _, error in rows], pa.string())})


def _one(simulator: Simulator, draw: Draw) -> tuple[list[float], str]:
    try:
        return simulator(*draw).tolist(), ""
    except Exception as error:  # any bug in one run; the others go on, and it is told
        return _lost(len(simulator.columns), draw, error)


def _lost(width: int, draw: Draw, error: Exception) -> tuple[list[float], str]:
    message = LOST if isinstance(error, BrokenProcessPool) else f"{type(error).__name__}: {error}"
    return [float("nan")] * width, message


def _key(simulator: Simulator, stage: Stage) -> str:
    text = "\n".join([simulator.digest, stage.name, *stage.names])
    arrays = np.ascontiguousarray(stage.values).tobytes() + np.ascontiguousarray(stage.seeds).tobytes()
    return hashlib.sha256(text.encode() + arrays).hexdigest()


def _read(path: Path, columns: list[str], rows: int) -> pa.Table | None:
    """Return a part that is on disk; None if it is not there, or broken off."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return None
    return table if table.column_names == [*columns, "error"] and len(table) == rows else None


def _write(table: pa.Table, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    with _told(path.parent):
        pq.write_table(table, unfinished, compression="zstd")
        os.replace(unfinished, path)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot keep runs: {error.strerror}", str(folder), "a folder to write in") from None
