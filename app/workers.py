"""Processes that work for everybody who has the page open: each gets a turn, and one that dies is replaced.

A process takes one task at a time from a queue of its own, so that a task that takes its process down takes nobody else
along. What has not begun can be called back.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from enum import IntEnum
from queue import SimpleQueue
from typing import Any

from experiments.work import leave_with_parent

TRIES = 2
"""How often a task may take its process down before that counts as its result."""

POLITE = 5
"""How far the processes stand back behind the server and the browser, where these share the machine."""


class Turn(IntEnum):
    """Which tasks go first."""

    FIRST = 0  # somebody waits to see anything at all
    MORE = 1  # somebody sees something and waits for more of it
    SPARE = 2  # nobody waits


@dataclass(eq=False)
class Task:
    """Something that is to be done, with its result as a future.

    Attributes:
        owner: For whom; owners take turns.
        turn: How soon.
        do: What is done, in another process.
        args: With what.
            near: A number that tasks share which the same process does fastest.
        result: What comes of it.
        tries: How often it took its process down.
    """

    owner: str
    turn: Turn
    do: Callable[..., Any]
    args: tuple[Any, ...] = ()
    near: int = 0
    result: Future[Any] = field(default_factory=Future)
    tries: int = 0


class Workers:
    """A number of processes that are started once.

    Args:
        count: How many.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Turn, OrderedDict[str, deque[Task]]] = {turn: OrderedDict() for turn in Turn}
        self._doing: dict[int, Task | None] = dict.fromkeys(range(count))
        self._processes = [self._process() for _ in range(count)]
        self._closed = False
        # a process that is found dead calls back with a lock held, so that what follows is done in a thread of its own
        self._ends: SimpleQueue[tuple[int, Task, Future[Any]] | None] = SimpleQueue()
        threading.Thread(target=self._follow, name="turns", daemon=True).start()

    @property
    def count(self) -> int:
        """How many processes there are."""
        return len(self._processes)

    def do(self, task: Task) -> Future[Any]:
        """Have a task done; its future can be cancelled until it begins."""
        with self._lock:
            self._put(task)
        self._fill()
        return task.result

    def close(self) -> None:
        """Stop: what has not begun is cancelled, what runs is ended."""
        with self._lock:
            self._closed = True
            waiting = [task for queues in self._waiting.values() for queue in queues.values() for task in queue]
            doing = [task for task in self._doing.values() if task]
        self._ends.put(None)
        for task in [*waiting, *doing]:
            task.result.cancel()
        for process in self._processes:
            for child in list((process._processes or {}).values()):
                child.terminate()
            process.shutdown(wait=False, cancel_futures=True)

    def _process(self) -> ProcessPoolExecutor:
        # 'spawn' is the one way to start a process that is safe with threads and the same on every system
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _settle_in)

    def _put(self, task: Task, before: bool = False) -> None:
        queue = self._waiting[task.turn].setdefault(task.owner, deque())
        (queue.appendleft if before else queue.append)(task)

    def _fill(self) -> None:
        """Give every idle process a task."""
        for number in self._doing:
            with self._lock:
                if self._doing[number] is not None or self._closed:
                    continue
                task = self._doing[number] = self._next(number)
            if task is not None:
                self._begin(number, task)

    def _next(self, number: int) -> Task | None:
        """Take the task that a process does next: of the owner who had a turn longest ago."""
        for queues in self._waiting.values():
            for owner in list(queues):
                task = _best(queues[owner], number, self.count)
                if queues[owner]:
                    queues.move_to_end(owner)
                else:
                    del queues[owner]
                if task is not None:
                    return task
        return None

    def _begin(self, number: int, task: Task) -> None:
        try:
            done = self._processes[number].submit(task.do, *task.args)
        except BrokenProcessPool as error:  # it died while it was idle
            done = Future()
            done.set_exception(error)
        done.add_done_callback(lambda done: self._ends.put((number, task, done)))

    def _follow(self) -> None:
        while (end := self._ends.get()) is not None:
            self._ended(*end)

    def _ended(self, number: int, task: Task, done: Future[Any]) -> None:
        error = None if done.cancelled() else done.exception()
        again = False
        with self._lock:
            if self._closed:
                return
            self._doing[number] = None
            if isinstance(error, BrokenProcessPool):
                self._processes[number].shutdown(wait=False)
                self._processes[number] = self._process()
                task.tries += 1
                again = task.tries < TRIES
                if again:
                    self._put(task, before=True)
        self._fill()  # first: who is told of the result may draw a page before coming back
        if not again:
            if error is None:
                task.result.set_result(done.result())
            else:
                task.result.set_exception(error)


def _best(queue: deque[Task], number: int, count: int) -> Task | None:
    """Take the first task that a process does fastest, or else the first; those that were called back are dropped."""
    for task in [task for task in queue if task.result.cancelled()]:
        queue.remove(task)
    if not queue:
        return None
    task = next((task for task in queue if task.near % count == number), queue[0])
    queue.remove(task)
    if task.tries == 0 and not task.result.set_running_or_notify_cancel():
        return _best(queue, number, count)  # called back this very moment
    return task


def _settle_in() -> None:
    """Leave Ctrl-C to the parent, as a terminal sends it to all; give way to who draws; go when the parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(POLITE)
    leave_with_parent()
