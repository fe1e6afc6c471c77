"""A case: one run of many, of which only chosen outcomes are kept; and a batch: an ordered list of cases.

Whatever asks the model in bulk (a plan, a sensitivity analysis, a search) makes a batch; `experiments.batches` runs it.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from agents.columns import Floats
from agents.errors import InputError
from agents.parameter_fields import Parameters
from agents.parameters import as_dict
from experiments.identity import code_digest, digest
from experiments.runner import Failed, Replicate, failed, lived
from scenarios.national import National
from scenarios.region import RegionPack, check_places
from scenarios.scenario import Scenario
from sim.outcomes import OUTCOMES, outcome_table

if TYPE_CHECKING:
    from sim.model import PpsModel

SCHEMA_VERSION: Literal[1] = 1
MOST_CASES = 1_000_000
TOTAL = "all"
"""The province that stands for all provinces together."""

type Frequency = Literal["quarter", "year", "end"]


@dataclass(frozen=True)
class Keep:
    """What is kept of a run.

    Attributes:
        outcomes: Names of the outcomes.
        frequency: `quarter` keeps every quarter, `year` one value a calendar year and `end` one value a run. A stock
            or a sum is taken at the end of that time; a flow is summed over it.
        provinces: Whether every province is kept, or only all provinces together.
    """

    outcomes: tuple[str, ...] = OUTCOMES
    frequency: Frequency = "year"
    provinces: bool = False


@dataclass(frozen=True)
class Setting:
    """What all cases of a batch share.

    Attributes:
        pack: Region pack.
        national: Data of the country.
        scale: Share of the firms that is simulated, in (0, 1].
        keep: What is kept of a run.
    """

    pack: RegionPack
    national: National
    scale: float = 1.0
    keep: Keep = Keep()

    @cached_property
    def packed(self) -> bytes:
        """The setting as it goes to other processes: made once, not for every case."""
        return pickle.dumps(self)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of all that determines the results of a case besides the case, the code included."""
        return digest(
            {
                "schema_version": SCHEMA_VERSION,
                "code": code_digest(),
                "region": self.pack.digest,
                "national": self.national.digest,
                "scale": self.scale,
                "keep": asdict(self.keep),
            }
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One run: a scenario, parameters and a seed.

    Attributes:
        scenario: What is asked.
        draw: Which draw of the parameters it is, as whoever made the batch counts them.
        seed: Seed of the run.
        parameters: Every domain number, the changes of the scenario included.
    """

    scenario: Scenario
    draw: int
    seed: int
    parameters: Parameters


@dataclass(frozen=True)
class Batch:
    """Cases in an order of their own, which is the order in which results are kept.

    Attributes:
        name: Short name.
        setting: What the cases share.
        cases: What is run; two may be the same, which is then run once.

    Raises:
        InputError: If there are no cases or too many, two scenarios have one name, or a policy names places that are
            not there.
    """

    name: str
    setting: Setting
    cases: tuple[Case, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.cases) <= MOST_CASES:
            raise InputError(f"asks for {len(self.cases):,} runs", self.name, f"1 to {MOST_CASES:,} runs")
        names = [scenario.name for scenario in self.scenarios]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"has two scenarios with the name {twice[0]}", self.name, "names that differ")
        for scenario in self.scenarios:
            check_places(scenario.policies, self.setting.pack, self.setting.national)

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios, in the order in which they come first."""
        return tuple({id(case.scenario): case.scenario for case in self.cases}.values())

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """For every case the SHA-256 of all that determines its results: the same hash means the same run."""
        scenarios = {id(scenario): scenario.digest() for scenario in self.scenarios}
        texts = (
            f"{self.setting.digest} {scenarios[id(case.scenario)]} {parameters} {case.seed}"
            for case, parameters in zip(self.cases, self.parameter_digests, strict=True)
        )
        return tuple(hashlib.sha256(text.encode()).hexdigest() for text in texts)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the cases in their order, and of what they are called."""
        labels = [[case.scenario.name, case.draw, case.seed] for case in self.cases]
        return digest({"name": self.name, "keys": self.keys, "labels": labels})

    @cached_property
    def parameter_digests(self) -> tuple[str, ...]:
        """The SHA-256 of the parameters of every case."""
        distinct = {id(case.parameters): case.parameters for case in self.cases}
        digests = {key: digest(as_dict(parameters)) for key, parameters in distinct.items()}
        return tuple(digests[id(case.parameters)] for case in self.cases)


@dataclass(frozen=True)
class Kept:
    """What is kept of a run that came to its end.

    Attributes:
        quarters: The last quarter of each time that is kept.
        provinces: Ids of the provinces, and `all`.
        values: Shape (quarters, provinces, outcomes), the outcomes as asked; NaN where one is not defined.
    """

    quarters: tuple[str, ...]
    provinces: tuple[str, ...]
    values: Floats


type CaseResult = Kept | Failed


@dataclass(frozen=True, slots=True)
class Task:
    """A case on its way to another process.

    Attributes:
        number: Number of the run.
        case: What is run.
        packed: The setting of its batch.
    """

    number: int
    case: Case
    packed: bytes


def run_task(task: Task) -> CaseResult:
    """Run a case and return what is kept of it, or what went wrong."""
    setting = _unpacked(task.packed)
    replicate = _replicate(task, setting)
    try:
        return kept_of(lived(replicate), setting.keep)
    except Exception as error:  # any bug in one run; the others go on, and it is told
        return failed(replicate, error)


def lost(task: Task, error: Exception) -> Failed:
    """Return what is told of a case whose process was ended from outside."""
    return failed(_replicate(task, _unpacked(task.packed)), error)


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Setting:
    setting = pickle.loads(packed)
    assert isinstance(setting, Setting)
    return setting


def _replicate(task: Task, setting: Setting) -> Replicate:
    case = task.case
    return Replicate(
        task.number, case.seed, case.parameters, setting.pack, setting.national, case.scenario, setting.scale
    )


def kept_of(model: PpsModel, keep: Keep) -> Kept:
    """Return what is kept of a finished run."""
    assert model.recorder is not None
    labels = model.calendar.labels()
    chosen = [OUTCOMES.index(name) for name in keep.outcomes]
    first = 0 if keep.provinces else -1
    series = model.recorder.values[:, first:, :][:, :, chosen]
    provinces = (*(province.id for province in model.provinces), TOTAL)[first:]
    if keep.frequency == "quarter":
        return Kept(tuple(labels), provinces, series.copy())
    flows = np.array([outcome_table()[name].level == "flow" for name in keep.outcomes])
    values, quarters = [], []
    for start, end in _periods(labels, keep.frequency):
        values.append(np.where(flows, np.nansum(series[start:end], axis=0), series[end - 1]))
        quarters.append(labels[end - 1])
    return Kept(tuple(quarters), provinces, np.array(values))


def _periods(labels: Sequence[str], frequency: Frequency) -> Iterator[tuple[int, int]]:
    """Yield the first quarter of every period and the one after its last, as numbers."""
    years = [label[:4] for label in labels] if frequency == "year" else [""] * len(labels)
    starts = [number for number, year in enumerate(years) if number == 0 or year != years[number - 1]]
    yield from zip(starts, [*starts[1:], len(labels)], strict=True)
