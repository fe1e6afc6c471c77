"""Replicates of one experiment, in this process or spread over several, always with the same results.

Replicate r has seed `experiment.seed + r`, and draw r // 2 of those that the experiment takes: two experiments with the
same seed and parameters differ in nothing else than what is asked, replicate by replicate.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents.errors import InputError
from agents.parameter_fields import Parameters
from experiments.parameter_sets import ParameterSets
from experiments.work import Work
from scenarios.national import National
from scenarios.region import RegionPack, check_places
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from experiments.tables import Tables
    from sim.model import PpsModel

MOST_REPLICATES = 100_000
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Experiment:
    """What is run: everything that determines the results, and nothing else.

    Attributes:
        pack: Region pack.
        national: Data of the country.
        scenario: What is asked; its `until` is the last quarter.
        parameters: Every domain number, for each replicate.
        seed: Seed of replicate 0; replicate r has seed + r.
        replicates: How many are run.
        scale: Share of the firms that is simulated, in (0, 1].

    Raises:
        InputError: If replicates, seed or scale cannot be.
    """

    pack: RegionPack
    national: National
    scenario: Scenario
    parameters: ParameterSets
    seed: int = 1
    replicates: int = 16
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_places(self.scenario.policies, self.pack, self.national)
        if not 1 <= self.replicates <= MOST_REPLICATES:
            raise InputError(f"cannot run {self.replicates}", "replicates", f"1 to {MOST_REPLICATES}")
        if not 0 <= self.seed <= MOST_SEED:
            raise InputError(f"{self.seed} is out of range", "seed", f"0 to {MOST_SEED}")
        if not (math.isfinite(self.scale) and 0.0 < self.scale <= 1.0):
            raise InputError(f"{self.scale:g} is no share of the firms", "scale", "above 0, and 1 at most")

    def replicate(self, number: int) -> Replicate:
        """Return one of the replicates, to be run wherever it is."""
        return Replicate(
            number,
            self.seed + number,
            self.parameters.of(number),
            self.pack,
            self.national,
            self.scenario,
            self.scale,
        )

    def every(self) -> list[Replicate]:
        """Return all replicates."""
        return [self.replicate(number) for number in range(self.replicates)]


@dataclass(frozen=True, slots=True)
class Replicate:
    """One replicate with all that it needs, and nothing of the others: it is sent to another process.

    Attributes:
        number: Its number.
        seed: Its seed.
        parameters: Its parameters.
        pack: As in the experiment; so are those below.
        national: Data of the country.
        scenario: What is asked.
        scale: Share of the firms that is simulated.
    """

    number: int
    seed: int
    parameters: Parameters
    pack: RegionPack
    national: National
    scenario: Scenario
    scale: float


@dataclass(frozen=True)
class Finished:
    """A replicate that came to its end, as small tables."""

    replicate: int
    tables: Tables


@dataclass(frozen=True)
class Failed:
    """A replicate that broke; with its seed, and its parameters in the results, it can be repeated.

    Attributes:
        replicate: Its number.
        seed: Its seed.
        error: Type of the error.
        message: What the error says.
        where: File and line in which it arose.
    """

    replicate: int
    seed: int
    error: str
    message: str
    where: str = ""


type Result = Finished | Failed


class Replicates(Work[Replicate, Result]):
    """Runs replicates, of one experiment or of several, and yields their results in order, as they come.

    Args:
        replicates: What is run.
        workers: Processes; see `Work`.

    Raises:
        InputError: If there are no workers.
    """

    def __init__(self, replicates: Sequence[Replicate], workers: int = 1) -> None:
        super().__init__(run_replicate, replicates, failed, workers)


def run_replicate(replicate: Replicate) -> Result:
    """Run one replicate and return its tables, or what went wrong."""
    # imported here: whoever starts workers need not import Mesa and pandas
    from experiments.tables import tables_of

    try:
        return Finished(replicate.number, tables_of(lived(replicate), replicate.number))
    except Exception as error:  # any bug in one replicate; the others go on
        return failed(replicate, error)


def lived(replicate: Replicate) -> PpsModel:
    """Return the model of a replicate after its last quarter."""
    return begun(replicate).run()


def begun(replicate: Replicate) -> PpsModel:
    """Return the model of a replicate before its first quarter."""
    from sim.model import PpsModel

    return PpsModel(
        replicate.pack,
        replicate.scenario,
        replicate.parameters,
        seed=replicate.seed,
        scale=replicate.scale,
        national=replicate.national,
    )


def failed(replicate: Replicate, error: Exception) -> Failed:
    """Return what is told of a replicate that broke."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    message = " ".join(str(error).split())
    return Failed(replicate.number, replicate.seed, type(error).__name__, message, where)
