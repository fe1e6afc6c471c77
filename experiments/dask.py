"""Cases on a Dask cluster that somebody started: the workers run, and this program writes what comes back.

Nothing is kept on the cluster. A worker that dies costs what it was doing, which the scheduler gives to another; a
scheduler that dies costs what was not yet on disk here.
"""

from __future__ import annotations

import logging
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress

from distributed import CancelledError, Client, Future, KilledWorker, as_completed
from distributed.comm.core import CommClosedError

from agents.errors import InputError
from experiments.cases import CaseResult, Task, lost, run_task
from experiments.identity import code_digest, versions

PATIENCE = 30.0
"""Seconds in which the scheduler has to answer, and a worker to be there."""
CHUNK = 16
"""Most cases that a worker gets at once: one by one, sending costs 5 ms a case, in chunks 0.4 ms (measured)."""
ROUNDS = 8
"""How many chunks a worker gets at least, so that all are done at about the same time."""
AHEAD = 2
"""Chunks that wait for a worker beside the one that it does."""
ADDRESS = "the address that `dask scheduler` tells, such as tcp://127.0.0.1:8786"
SAME = "a scheduler and workers with the same code and libraries as here"
AGAIN = "what had finished is kept: start the cluster again and go on with --resume"


class WorkerLost(Exception):
    """The worker that ran a case was ended from outside, each time."""


class DaskWork:
    """Tasks that the workers of a Dask cluster do; see `experiments.batches.Running`.

    Args:
        tasks: What is done.
        address: Of the scheduler.

    Raises:
        InputError: If no scheduler answers there, or it has no workers.
    """

    def __init__(self, tasks: Sequence[Task], address: str) -> None:
        self.tasks, self.address = tasks, address
        self._ready: dict[int, CaseResult] = {}
        self._running: dict[Future[list[CaseResult]], list[int]] = {}
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is told in our own words
        try:
            self.client = Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError, RuntimeError):
            raise InputError(f"no Dask scheduler answers at '{address}'", "--dask", ADDRESS) from None
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            self.client.close()
            allowed = f"start some first: `dask worker {address} --nworkers 2 --nthreads 1`"
            raise InputError("the Dask scheduler has no workers", "--dask", allowed) from None

    def as_done(self) -> Iterator[tuple[int, CaseResult]]:
        """Yield each result as soon as it is there, with the place of its task.

        Raises:
            InputError: If the scheduler goes away, or workers have another version of the model.
        """
        threads = sum(self.client.nthreads().values())
        todo = deque(_chunks(len(self.tasks), threads))
        came = as_completed(loop=self.client.loop)
        try:
            while todo or self._running:
                while todo and len(self._running) < threads * (1 + AHEAD):
                    came.add(self._submit(todo.popleft()))
                future = next(came)
                numbers = self._running.pop(future)
                todo.extendleft(self._take(future, numbers))
                while self._ready:
                    number = next(iter(self._ready))
                    yield number, self._ready[number]
                    del self._ready[number]  # only now: if the reader was interrupted, it is left over
        finally:
            self._close()

    def leftover(self) -> list[tuple[int, CaseResult]]:
        """Return what was done and not yielded, or yielded last, when the work was broken off."""
        return sorted(self._ready.items())

    def _submit(self, numbers: list[int]) -> Future[list[CaseResult]]:
        packed = pickle.dumps([self.tasks[number] for number in numbers])  # the scheduler need not look inside
        try:
            future = self.client.submit(_run, packed, code_digest(), versions(), pure=False)
        except (CommClosedError, RuntimeError):
            raise self._gone() from None
        self._running[future] = numbers
        return future

    def _take(self, future: Future[list[CaseResult]], numbers: list[int]) -> list[list[int]]:
        """Take in the results of a chunk; return what has to be done again, one by one."""
        try:
            self._ready.update(zip(numbers, future.result(), strict=True))
        except KilledWorker:  # it took several workers down: whose fault that is, shows alone
            if len(numbers) > 1:
                return [[number] for number in numbers]
            self._ready[numbers[0]] = lost(self.tasks[numbers[0]], WorkerLost("its worker was ended, again and again"))
        except (CancelledError, CommClosedError):
            raise self._gone() from None
        except InputError:
            raise
        except Exception as error:  # not of a run, of which nothing comes through: of the cluster
            what = f"the cluster cannot run this ({type(error).__name__}: {str(error)[:120]})"
            raise InputError(what, f"--dask {self.address}", SAME) from None
        return []

    def _gone(self) -> InputError:
        return InputError("the Dask scheduler went away", f"--dask {self.address}", AGAIN)

    def _close(self) -> None:
        """Take in what is done, and leave the cluster as it was."""
        for future, numbers in self._running.items():
            if future.status == "finished":
                with suppress(Exception):  # we are stopping: what does not come, comes another time
                    self._ready.update(zip(numbers, future.result(timeout=1), strict=True))
        with suppress(Exception):
            self.client.cancel(list(self._running))
        self.client.close(timeout=5)


def _chunks(count: int, threads: int) -> list[list[int]]:
    size = max(1, min(CHUNK, count // (threads * ROUNDS)))
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


def _run(packed: bytes, code: str, expected: dict[str, str]) -> list[CaseResult]:
    """Run a chunk, on a worker.

    Raises:
        InputError: If the worker would not give the results that this program does.
    """
    there = {"the model": code_digest(), **versions()}
    for name, version in {"the model": code, **expected}.items():
        if there[name] != version:
            what = f"the workers have another version of {name}"
            raise InputError(what, "--dask", SAME)
    return [run_task(task) for task in pickle.loads(packed)]
