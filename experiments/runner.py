"""Replicates of one experiment, in this process or spread over several, always with the same results.

Replicate r has seed `experiment.seed + r`: whoever reads the results can repeat any of them alone.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING

from agents.errors import InputError
from agents.parameter_fields import Parameters
from scenarios.national import National
from scenarios.policy import Policy
from scenarios.region import RegionPack
from scenarios.scenario import Scenario

if TYPE_CHECKING:
    from experiments.tables import Tables

MOST_REPLICATES = 100_000
MOST_SEED = 2**32 - 1
TRIES_ALONE = 2
"""How often a replicate may take its own worker down before it counts as failed."""
GRACE = 3.0
"""Seconds that running replicates get to finish after Ctrl-C."""


@dataclass(frozen=True)
class Experiment:
    """What is run: everything that determines the results, and nothing else.

    Attributes:
        pack: Region pack.
        national: Data of the country.
        scenario: What is asked; its `until` is the last quarter.
        parameters: Every domain number.
        seed: Seed of replicate 0; replicate r has seed + r.
        replicates: How many are run.
        scale: Share of the firms that is simulated, in (0, 1].
        policies: Policies in the scenario.

    Raises:
        InputError: If replicates, seed or scale cannot be.
    """

    pack: RegionPack
    national: National
    scenario: Scenario
    parameters: Parameters
    seed: int = 1
    replicates: int = 8
    scale: float = 1.0
    policies: tuple[Policy, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.replicates <= MOST_REPLICATES:
            raise InputError(f"cannot run {self.replicates}", "replicates", f"1 to {MOST_REPLICATES}")
        if not 0 <= self.seed <= MOST_SEED:
            raise InputError(f"{self.seed} is out of range", "seed", f"0 to {MOST_SEED}")
        if not (math.isfinite(self.scale) and 0.0 < self.scale <= 1.0):
            raise InputError(f"{self.scale:g} is no share of the firms", "scale", "above 0, and 1 at most")


@dataclass(frozen=True)
class Finished:
    """A replicate that came to its end, as small tables."""

    replicate: int
    tables: Tables


@dataclass(frozen=True)
class Failed:
    """A replicate that broke, with what is needed to repeat it.

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


class Replicates:
    """Runs the replicates of an experiment and yields their results in order, as they come.

    With several processes a replicate may finish before an earlier one does. If iteration is broken off,
    `leftover` gives those that had finished and were not yielded yet, so that nothing finished is lost.

    Args:
        experiment: What is run.
        workers: Processes; with 1 all is run in this process. More than one starts new interpreters, so a
            script that uses it needs the usual `if __name__ == "__main__":`.

    Raises:
        InputError: If there are no workers.
    """

    def __init__(self, experiment: Experiment, workers: int = 1) -> None:
        if workers < 1:
            raise InputError(f"cannot run with {workers}", "workers", "1 or more")
        self.experiment = experiment
        self.workers = min(workers, experiment.replicates)
        self._ready: dict[int, Result] = {}
        self._running: dict[Future[Result], int] = {}

    def __iter__(self) -> Iterator[Result]:
        following = 0
        for _ in self._here() if self.workers == 1 else self._in_processes():
            while following in self._ready:
                yield self._ready[following]
                del self._ready[following]  # only now: if the reader was interrupted, it is left over
                following += 1

    def leftover(self) -> list[Result]:
        """Return, in order, what has finished and was not yielded, or was yielded last."""
        for future, replicate in self._running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._ready[replicate] = future.result()
        self._running.clear()
        return [self._ready[replicate] for replicate in sorted(self._ready)]

    # The generators below yield nothing but the moment: what came is in `_ready`.
    def _here(self) -> Iterator[None]:
        for replicate in range(self.experiment.replicates):
            self._ready[replicate] = run_replicate(self.experiment, replicate)
            yield

    def _in_processes(self) -> Iterator[None]:
        """Run in pools of workers; a pool that breaks is followed by a new one.

        A worker that dies (out of memory, say) takes all that runs in its pool along. Each of these is run
        again in a pool of its own, so that only the one to blame can fail.
        """
        todo = deque(range(self.experiment.replicates))
        while todo:
            for suspect in (yield from self._from_pool(todo, self.workers)):
                yield from self._alone(suspect)

    def _alone(self, replicate: int) -> Iterator[None]:
        for _ in range(TRIES_ALONE):
            if not (yield from self._from_pool(deque([replicate]), 1)):
                return
        self._ready[replicate] = _failed(self.experiment, replicate, BrokenProcessPool("its process was ended"))
        yield

    def _from_pool(self, todo: deque[int], workers: int) -> Generator[None, None, list[int]]:
        """Run replicates, taken from the left, until all are done or the pool breaks.

        Returns:
            The replicates that ran when the pool broke.
        """
        # 'spawn' is the one way to start a process that is safe with threads and the same on every system
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        broken: list[int] = []
        try:
            while self._running or (todo and not broken):
                while todo and not broken and len(self._running) <= workers:
                    broken += self._submit(pool, todo.popleft())
                for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        broken.append(self._running.pop(future))
                        continue
                    self._ready[self._running[future]] = future.result()
                    del self._running[future]
                    yield
        except BaseException:  # Ctrl-C, or nobody wants more
            self._give_up(pool)
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return sorted(broken)

    def _submit(self, pool: ProcessPoolExecutor, replicate: int) -> list[int]:
        """Hand a replicate to the pool; return it if the pool turns out to be broken."""
        try:
            with undisturbed(), _children_ignore_interrupt():
                future = pool.submit(run_replicate, self.experiment, replicate)
        except BrokenProcessPool:
            return [replicate]
        self._running[future] = replicate
        return []

    def _give_up(self, pool: ProcessPoolExecutor) -> None:
        """Let what runs finish if that is soon, and end the workers.

        Another Ctrl-C ends the waiting, and no more: we are stopping already.
        """
        with suppress(KeyboardInterrupt):
            wait([future for future in self._running if not future.cancel()], timeout=GRACE)
        with suppress(KeyboardInterrupt), undisturbed():
            # Python 3.14 has `terminate_workers` for this; before, there is only the private field
            for process in list((pool._processes or {}).values()):
                process.terminate()
            # a worker that ends halfway a result would let the pool wait for the rest for ever: we hold the pipe too
            pool._result_queue._writer.close()  # type: ignore[attr-defined]
            pool.shutdown(cancel_futures=True)


def run_replicate(experiment: Experiment, replicate: int) -> Result:
    """Run one replicate and return its tables, or what went wrong."""
    # imported here: whoever starts workers need not import Mesa and pandas
    from experiments.tables import tables_of
    from sim.model import PpsModel

    try:
        model = PpsModel(
            experiment.pack,
            experiment.scenario,
            experiment.parameters,
            experiment.policies,
            experiment.seed + replicate,
            experiment.scale,
            experiment.national,
        ).run()
        return Finished(replicate, tables_of(model, replicate))
    except Exception as error:  # any bug in one replicate; the others go on
        return _failed(experiment, replicate, error)


def _failed(experiment: Experiment, replicate: int, error: Exception) -> Failed:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    message = " ".join(str(error).split())
    return Failed(replicate, experiment.seed + replicate, type(error).__name__, message, where)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put Ctrl-C off until the block is done."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets it
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


@contextmanager
def _children_ignore_interrupt() -> Iterator[None]:
    """Let processes that start here be deaf to Ctrl-C, which a terminal sends to all: their parent sees to it.

    A blocked signal stays blocked in a child.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # it would start with the first child, and then unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
