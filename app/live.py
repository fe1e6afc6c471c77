"""Runs behind the page: a first answer from one pair at once, then more pairs, for everybody who has the page open.

All share the processes and what was run: in memory small extracts (`experiments.extracts`), on disk whole replicates
(`experiments.kept`), which `pps compare` finds too. The numbers are those of `pps compare` with the same region,
parameters, seed, scale and replicates.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from agents.errors import InputError
from app.state import BASELINE, State, load_named, pack_of, scenario_of
from app.words import Words
from app.workers import Task, Turn, Workers
from experiments import REPLICATES, RESULTS
from experiments.comparison import Comparison, World, compare_worlds
from experiments.draws import parameter_sets
from experiments.extracts import Extract, extracts_of
from experiments.identity import describe
from experiments.kept import Shelf, keys_of
from experiments.parameter_sets import ParameterSets
from experiments.runner import Experiment, Failed, Replicate, failed
from experiments.store import IDENTITY_SHOWN
from experiments.work import cores
from scenarios.national import load_national
from scenarios.scenario import START, Scenario
from sim.calendar import Calendar

if TYPE_CHECKING:
    from experiments.pasts import Pasts

STEPS = (1, 2, 8, 24, 64, 128)
"""After so many pairs there is a new answer; the last is after all."""
MOST_EXTRACTS = 4_000  # of about 25 kB
MOST_LIVES = 64  # tables of partnerships and other things, of less than 1 MB
MOST_COMPARISONS = 64
WARM = 8
"""Replicates of current policy that are run before anybody asks."""
PAUSE = 0.5  # seconds between two messages of progress


@dataclass(frozen=True)
class Came:
    """What comes of a replicate.

    Attributes:
        extract: What a comparison needs of it.
        partnerships: The whole table of its partnerships, with their stories; of replicate 0 alone.
    """

    extract: Extract
    partnerships: pa.Table | None


type Result = Came | Failed


class Live:
    """The runs of one server.

    Args:
        processes: How many; by default one per core.
        folder: Where replicates are kept on disk.
    """

    def __init__(self, processes: int | None = None, folder: Path = REPLICATES) -> None:
        self.folder = folder
        self.workers = Workers(processes or cores())
        self._lock = threading.RLock()
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._lives: OrderedDict[str, pa.Table | pd.DataFrame] = OrderedDict()
        self._comparisons: OrderedDict[tuple[str, ...], Comparison] = OrderedDict()
        self._done: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._coming: dict[str, _Coming] = {}
        self._reckoners = ThreadPoolExecutor(2, "reckon")

    def warm(self, state: State) -> None:
        """Start the processes, remove what is old, and run the first replicates of current policy."""
        experiment = experiment_of(state, load_named(BASELINE), WARM)
        for number in range(self.workers.count):
            self.workers.do(Task("", Turn.FIRST, _prepare, (experiment.replicate(0), str(self.folder)), near=number))
        Ask(self, [experiment], "", lambda: None, Turn.SPARE).begin()

    def ask(
        self, state: State, on_change: Callable[[], object] = lambda: None, *, owner: str = "", replicates: int = 0
    ) -> Ask:
        """Compare the scenarios of a state with current policy; it goes on behind, and can be cancelled.

        Args:
            state: What the page shows.
            on_change: Called, in another thread, when there is more progress or a new comparison.
            owner: For which session; sessions take turns.
            replicates: How many pairs, 1 or more; by default as many as the state says.
        """
        try:
            experiments = _experiments(state, replicates or state.replicates)
        except InputError as error:
            asked = Ask(self, [], owner, on_change)
            asked.error = str(error)
            return asked
        return Ask(self, experiments, owner, on_change, words=Words(state.language)).begin()

    def foresee(self, state: State, *, owner: str = "") -> Ask:
        """Run the first pair of what a session may ask for next, such as where a slider is held; it can be cancelled.

        What cannot be run is told when it is asked for.
        """
        try:
            experiments = _experiments(state, 1)
        except InputError:
            experiments = []
        return Ask(self, experiments, owner, lambda: None).foresee()

    def do(self, do: Callable[..., Any], *args: Any, owner: str = "", key: Hashable = None) -> Future[Any]:
        """Have something else done by the processes, such as a recording.

        Args:
            do: What is done; a function of a module.
            args: With what.
            owner: For which session.
            key: What the result follows from; who asks for the same key gets the same result, which is done once.

        Returns:
            The result, or the error that came of it.
        """
        with self._lock:
            known = self._done.get(key) if key is not None else None
            if known is None or known.cancelled() or (known.done() and known.exception()):
                known = self.workers.do(Task(owner, Turn.FIRST, do, args))
                if key is not None:
                    _remember(self._done, key, known, MOST_LIVES)
        return known

    def close(self) -> None:
        """Stop all work and end the processes."""
        self._reckoners.shutdown(wait=False, cancel_futures=True)
        self.workers.close()

    # ── what was run, is run and will be run ────────────────────────────────────────────────────────
    def fetch(self, key: str, replicate: Replicate, asked: Ask, turn: Turn) -> None:
        """Give an ask the result of a replicate: at once if it is known, else when it has come."""
        with self._lock:
            known = self._results.get(key)
            if known is not None:
                self._results.move_to_end(key)
            else:
                coming = self._coming.get(key)
                if coming is None or (turn < coming.task.turn and coming.task.result.cancel()):
                    waiting = coming.waiting if coming else []
                    coming = self._coming[key] = self._submit(key, replicate, asked.owner, turn)
                    coming.waiting += waiting
                coming.waiting.append(asked)
        if known is not None:
            asked.take(key, known)

    def _submit(self, key: str, replicate: Replicate, owner: str, turn: Turn) -> _Coming:
        task = Task(owner, turn, run_kept, (replicate, key, str(self.folder)), near=replicate.number)
        coming = _Coming(task)
        task.result.add_done_callback(lambda done: self._arrived(key, coming, replicate, done))
        self.workers.do(task)
        return coming

    def _arrived(self, key: str, coming: _Coming, replicate: Replicate, done: Future[Result]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        result = done.result() if error is None else failed(replicate, _plain(error))
        with self._lock:
            if isinstance(result, Came):  # what failed may go well another time
                _remember(self._results, key, Came(result.extract, None), MOST_EXTRACTS)
                if result.partnerships is not None:
                    _remember(self._lives, key, result.partnerships, MOST_LIVES)
            if self._coming.get(key) is coming:
                del self._coming[key]
            waiting = list(coming.waiting)
        for asked in waiting:
            asked.take(key, result)

    def forget(self, asked: Ask, keys: Sequence[str]) -> None:
        """Call back what an ask waits for, unless somebody else waits for it too."""
        with self._lock:
            for key in keys:
                coming = self._coming.get(key)
                if coming is None or asked not in coming.waiting:
                    continue
                coming.waiting.remove(asked)
                if not coming.waiting and coming.task.result.cancel():
                    del self._coming[key]

    def lives(self, key: str) -> pd.DataFrame | None:
        """Return the table of partnerships of a replicate, if it is known or on disk."""
        with self._lock:
            known = self._lives.get(key)
        if known is None and (tables := Shelf(self.folder).find(key)):
            known = tables["partnerships"]
        if isinstance(known, pa.Table):  # turned into a frame when somebody asks: stories make that slow
            known = known.to_pandas()
            with self._lock:
                _remember(self._lives, key, known, MOST_LIVES)
        return known

    def later(self, do: Callable[..., object], *args: Any) -> None:
        """Do something in another thread, such as drawing: whoever brings a result goes on with the next."""
        with suppress(RuntimeError):  # closed meanwhile
            self._reckoners.submit(do, *args)

    def compared(self, worlds: Sequence[World]) -> Comparison:
        """Return a comparison, which is worked out once."""
        known = self.known(worlds)
        if known is None:
            known = compare_worlds(worlds)
            if not any(world.about["replicates_failed"] for world in worlds):
                with self._lock:
                    _remember(self._comparisons, _identities(worlds), known, MOST_COMPARISONS)
        return known

    def known(self, worlds: Sequence[World]) -> Comparison | None:
        """Return a comparison if it was worked out before."""
        with self._lock:
            return self._comparisons.get(_identities(worlds))


@dataclass(eq=False)
class _Coming:
    """A replicate that is run or will be, and who waits for it."""

    task: Task
    waiting: list[Ask] = field(default_factory=list)


class Ask:
    """A comparison that was asked for, and how far it is.

    Args:
        live: The runs of the server.
        experiments: Current policy and the scenarios, with the same seed and parameters.
        owner: For which session.
        on_change: Called when something below changed.
        turn: How soon the first pair is wanted.
        words: The language of errors.

    Attributes:
        comparison: Of the pairs so far; None until the first pair has come.
        pairs: On how many pairs it rests.
        done: Runs that are there.
        asked: Runs in all.
        running: Whether more is to come.
        error: One sentence if no comparison can be made; else empty.
    """

    def __init__(
        self,
        live: Live,
        experiments: Sequence[Experiment],
        owner: str,
        on_change: Callable[[], object],
        turn: Turn = Turn.FIRST,
        words: Words | None = None,
    ) -> None:
        self.comparison: Comparison | None = None
        self.pairs = 0
        self.error = ""
        self.owner = owner
        self._live, self._experiments, self._on_change, self._turn, self._words = (
            live,
            experiments,
            on_change,
            turn,
            words,
        )
        self._keys = [keys_of(experiment) for experiment in experiments]
        self._wanted = {key for keys in self._keys for key in keys}
        self._results: dict[str, Result] = {}
        self._count = experiments[0].replicates if experiments else 0
        self._steps = sorted({min(step, self._count) for step in (*STEPS, self._count)})
        self._others = range(1, self._count)  # pairs that nobody was asked for yet
        self._reckoned = 0  # pairs of the comparison that was begun last
        self._begun = self._cancelled = False
        self._told = 0.0
        self._lock = threading.Lock()

    @property
    def done(self) -> int:
        """Runs that are there."""
        return len(self._results)

    @property
    def asked(self) -> int:
        """Runs in all; a scenario that does the same as another is run once."""
        return len(self._wanted)

    @property
    def running(self) -> bool:
        """Whether more is to come."""
        return not (self._cancelled or self.error or self.pairs == self._count)

    def partnerships(self, scenario: str) -> pd.DataFrame | None:
        """Return the table of partnerships of a scenario in the first future, with their stories."""
        names = [experiment.scenario.name for experiment in self._experiments]
        return self._live.lives(self._keys[names.index(scenario)][0])

    def cancel(self) -> None:
        """Stop; what there is stays."""
        with self._lock:
            self._cancelled = True
            left = list(self._wanted - self._results.keys())
        self._live.forget(self, left)

    def begin(self) -> Ask:
        """Ask for the first pair, and for the others when its answer is shown: nothing that can wait slows it down.

        What was compared before is there at once.
        """
        self._fetch(range(1), self._turn)
        if self._has(0):
            self._fetch_others()
        with self._lock:
            self._begun = True
            step = self._next_step()
            if step:
                self.comparison = self._live.known(self._worlds(step))
                self.pairs = step if self.comparison else 0
        if step and self.comparison is None:
            self._live.later(self.reckon, step)
        return self

    def foresee(self) -> Ask:
        """Run the first pair, without an answer."""
        self._fetch(range(1), self._turn)
        return self

    def _fetch_others(self) -> None:
        with self._lock:
            others, self._others = self._others, range(0)
        if not self._cancelled:
            self._fetch(others, max(self._turn, Turn.MORE))

    def _fetch(self, numbers: Iterable[int], turn: Turn) -> None:
        for number in numbers:
            pair = {keys[number]: experiment for experiment, keys in self._numbered()}
            for key, experiment in pair.items():
                self._live.fetch(key, experiment.replicate(number), self, turn)

    def take(self, key: str, result: Result) -> None:
        """Take in the result of a run."""
        with self._lock:
            if self._cancelled or key in self._results:
                return
            self._results[key] = result
            step = self._next_step() if self._begun else 0
        if step:
            self._live.later(self.reckon, step)
        elif self._begun and time.monotonic() - self._told > PAUSE:
            self._told = time.monotonic()
            self._live.later(self._tell)

    def _next_step(self) -> int:
        """Return how many pairs can be compared now, and note that; 0 if no step further."""
        whole = next((n for n in range(self._count) if not self._has(n)), self._count)
        step = max((step for step in self._steps if step <= whole), default=0)
        if step <= self._reckoned:
            return 0
        self._reckoned = step
        return step

    def _has(self, number: int) -> bool:
        return all(keys[number] in self._results for keys in self._keys)

    def reckon(self, pairs: int) -> None:
        """Compare the first pairs and tell it; a step that was overtaken is left out."""
        if self._cancelled or pairs < self._reckoned:
            return
        found, error = None, ""
        try:
            found = self._compare(pairs)
            if found is None and pairs == self._count:
                error = self._sentence()
        except Exception as bug:  # the page tells it and lives on
            error = f"{type(bug).__name__}: {bug}"
        with self._lock:
            if pairs > self.pairs:
                self.comparison, self.pairs, self.error = found or self.comparison, pairs, error
        try:
            self._tell()
        finally:
            self._fetch_others()

    def _compare(self, pairs: int) -> Comparison | None:
        """Return the comparison of the first pairs; None if there is a scenario without any pair."""
        worlds = self._worlds(pairs)
        shared = [worlds[0].extracts.keys() & world.extracts.keys() for world in worlds[1:]]
        return self._live.compared(worlds) if shared and all(shared) else None

    def _worlds(self, pairs: int) -> list[World]:
        return [self._world(experiment, keys, pairs) for experiment, keys in self._numbered()]

    def _numbered(self) -> list[tuple[Experiment, list[str]]]:
        return list(zip(self._experiments, self._keys, strict=True))

    def _world(self, experiment: Experiment, keys: Sequence[str], pairs: int) -> World:
        first = replace(experiment, replicates=pairs)
        results = {number: self._results[keys[number]] for number in range(pairs)}
        extracts = {number: one.extract for number, one in results.items() if isinstance(one, Came)}
        broken = [{"replicate": number} for number, one in results.items() if isinstance(one, Failed)]
        sets = experiment.parameters
        draws = {number: sets.draw(number) if sets.posterior else 0 for number in extracts}
        about = {**describe(first), "replicates_done": list(extracts), "replicates_failed": broken}
        return World(about, RESULTS / "compare" / str(about["identity"])[:IDENTITY_SHOWN], extracts, draws)

    def _sentence(self) -> str:
        broken = [one for one in self._results.values() if isinstance(one, Failed)]
        if not broken or self._words is None:  # current policy alone: nothing to compare
            return ""
        return self._words("live.failed", error=broken[0].error, message=broken[0].message)

    def _tell(self) -> None:
        self._told = time.monotonic()
        if not self._cancelled:
            self._on_change()


def _experiments(state: State, replicates: int) -> list[Experiment]:
    """Return what is run for a state: current policy and its scenarios."""
    scenarios = [load_named(BASELINE), *(scenario_of(chosen) for chosen in state.scenarios)]
    return [experiment_of(state, scenario, replicates) for scenario in scenarios]


def experiment_of(state: State, scenario: Scenario, replicates: int) -> Experiment:
    """Return what is run for a scenario of a state, as `pps compare` would."""
    most = max(state.replicates, replicates)  # the first of many sets are those of few
    sets = _sets(state.parameters, tuple(scenario.parameters.items()), state.seed, most)
    return Experiment(pack_of(state.region), load_national(), scenario, sets, state.seed, replicates, state.scale)


@lru_cache(maxsize=32)
def _sets(asked: str, changes: tuple[tuple[str, float], ...], seed: int, replicates: int) -> ParameterSets:
    return parameter_sets(asked, dict(changes), seed, replicates)


def _identities(worlds: Sequence[World]) -> tuple[str, ...]:
    return tuple(str(world.about["identity"]) for world in worlds)


def _remember[Thing](known: OrderedDict[Any, Thing], key: Any, thing: Thing, most: int) -> None:
    """Keep a thing, and forget the one that was used longest ago if there are too many."""
    known[key] = thing
    known.move_to_end(key)
    if len(known) > most:
        known.popitem(last=False)


def _plain(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(str(error))


@cache
def live() -> Live:
    """Return the runs of this server; its processes start with the first call, and `PPS_STORE` says where it keeps."""
    return Live(folder=Path(os.environ.get("PPS_STORE") or REPLICATES))


# ── in the processes ────────────────────────────────────────────────────────────────────────────────────
def run_kept(replicate: Replicate, key: str, folder: str) -> Result:
    """Return what comes of a replicate: from disk, or else by running it, which is then kept on disk."""
    from experiments.tables import tables_of  # here and below: the server itself need not import Mesa

    try:
        tables = Shelf(Path(folder)).find(key)
        if tables is None:
            tables = tables_of(_pasts().live(replicate), replicate.number)
            _writer().submit(Shelf(Path(folder)).keep, key, tables)
        calendar = Calendar.between(START, replicate.scenario.until)
        (extract,) = extracts_of(tables, calendar.labels())
        return Came(extract, None if replicate.number else tables["partnerships"])
    except Exception as error:  # any bug in one replicate; the others go on, and it is told
        return failed(replicate, error)


@cache
def _pasts() -> Pasts:
    from experiments.pasts import Pasts

    return Pasts()


@cache
def _writer() -> ThreadPoolExecutor:
    """Return the thread of a process that writes to disk, so that nobody waits for it."""
    return ThreadPoolExecutor(1, "write")


def _prepare(replicate: Replicate, folder: str) -> None:
    """Live the past from which most first answers go on, and remove replicates that were kept too long ago."""
    _pasts().prepare(replicate)
    Shelf(Path(folder)).prune()
