"""Work that consists of many alike pieces, done in this process or spread over several, in order or as it comes.

Processes that die, Ctrl-C and pieces that are never asked for are dealt with here, once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, resource_tracker
from operator import itemgetter

from agents.errors import InputError

TRIES_ALONE = 2
"""How often a piece may take its own worker down before it counts as failed."""
GRACE = 3.0
"""Seconds that running pieces get to finish after Ctrl-C."""


def cores() -> int:
    """Return the cores that this process may use; Python 3.12 knows only how many there are."""
    return getattr(os, "process_cpu_count", os.cpu_count)() or 1


class Work[Item, Result]:
    """Does the same to each of many items and yields the results in their order, as they come.

    With several processes an item may be done before an earlier one. If iteration is broken off, `leftover`
    gives what was done and not yielded yet, so that nothing is lost.

    Args:
        do: What is done to an item; it returns a result whatever happens, and can be pickled.
        items: What it is done to.
        lost: Gives the result for an item whose process ends each time.
        workers: Processes; with 1 all is done in this process. More than one starts new interpreters, so a
            script that uses it needs the usual `if __name__ == "__main__":`.

    Raises:
        InputError: If there are no workers.
    """

    def __init__(
        self,
        do: Callable[[Item], Result],
        items: Sequence[Item],
        lost: Callable[[Item, Exception], Result],
        workers: int = 1,
    ) -> None:
        if workers < 1:
            raise InputError(f"cannot run with {workers}", "workers", "1 or more")
        self.do = do
        self.items = items
        self.lost = lost
        self.workers = min(workers, len(items))
        self._ready: dict[int, Result] = {}
        self._running: dict[Future[Result], int] = {}

    def __iter__(self) -> Iterator[Result]:
        following = 0
        for _ in self._here() if self.workers <= 1 else self._in_processes():
            while following in self._ready:
                yield self._ready[following]
                del self._ready[following]  # only now: if the reader was interrupted, it is left over
                following += 1

    def as_done(self) -> Iterator[tuple[int, Result]]:
        """Yield each result as soon as it is there, with the number of its item, in no particular order."""
        for _ in self._here() if self.workers <= 1 else self._in_processes():
            while self._ready:
                number = next(iter(self._ready))
                yield number, self._ready[number]
                del self._ready[number]  # only now, as above

    def leftover(self) -> list[tuple[int, Result]]:
        """Return, in order, what has finished and was not yielded, or was yielded last, with the number of its item."""
        for future, number in self._running.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._ready[number] = future.result()
        self._running.clear()
        return sorted(self._ready.items(), key=itemgetter(0))

    # The generators below yield nothing but the moment: what came is in `_ready`.
    def _here(self) -> Iterator[None]:
        for number, item in enumerate(self.items):
            self._ready[number] = self.do(item)
            yield

    def _in_processes(self) -> Iterator[None]:
        """Run in pools of workers; a pool that breaks is followed by a new one.

        A worker that dies (out of memory, say) takes all that runs in its pool along. Each of these is run
        again in a pool of its own, so that only the one to blame can fail.
        """
        todo = deque(range(len(self.items)))
        while todo:
            for suspect in (yield from self._from_pool(todo, self.workers)):
                yield from self._alone(suspect)

    def _alone(self, number: int) -> Iterator[None]:
        for _ in range(TRIES_ALONE):
            if not (yield from self._from_pool(deque([number]), 1)):
                return
        self._ready[number] = self.lost(self.items[number], BrokenProcessPool("its process was ended"))
        yield

    def _from_pool(self, todo: deque[int], workers: int) -> Generator[None, None, list[int]]:
        """Do items, taken from the left, until all are done or the pool breaks.

        Returns:
            The items that were being done when the pool broke.
        """
        # 'spawn' is the one way to start a process that is safe with threads and the same on every system
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), leave_with_parent)
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

    def _submit(self, pool: ProcessPoolExecutor, number: int) -> list[int]:
        """Hand an item to the pool; return it if the pool turns out to be broken."""
        try:
            with undisturbed(), _children_ignore_interrupt():
                future = pool.submit(self.do, self.items[number])
        except BrokenProcessPool:
            return [number]
        self._running[future] = number
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


def leave_with_parent() -> None:
    """Let this process end when the one that started it is gone: a pool's worker would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_leave_after, args=(parent.sentinel,), daemon=True).start()


def _leave_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


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
