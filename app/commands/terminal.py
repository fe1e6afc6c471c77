"""What commands print: text, JSON, how far they are, and how they end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from app.words import Words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
FAILURES_TOLD = 3  # replicates; run.json holds all
LASTS = 1.0  # seconds after which a progress bar is shown


class Stopped(Exception):
    """Ctrl-C was pressed; the message says what is saved."""


def new_console() -> Console:
    """Return where people read: what is printed is text as it stands, without markup or colours guessed at."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    """Print data as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def print_parts(*parts: RenderableType) -> None:
    """Print text, tables and empty lines, each on a line of its own."""
    console = new_console()
    for part in parts:
        console.print(part)


def print_page(title: str, *parts: RenderableType) -> None:
    """Print a title, and below it each part on a line of its own."""
    from rich.text import Text

    print_parts(Text(title, style="bold"), *parts)


def headed(tables: Iterable[tuple[str, *tuple[RenderableType, ...]]]) -> Iterator[RenderableType]:
    """Yield what stands below each heading, after an empty line and the heading itself."""
    from rich.text import Text

    for heading, *below in tables:
        yield from ("", Text(heading, style="bold cyan"), *below)


@contextmanager
def progress(
    title: str, total: int, words: Words, quiet: bool, failed: str = "run.failed"
) -> Iterator[Callable[[object], None]]:
    """Show how far a run is: on a terminal, when it lasts, and what failed in any case.

    Yields:
        What to call with each result.
    """
    from experiments.runner import Failed

    bar = _bar(quiet)
    task = bar.add_task(words("run.running", name=title), total=total)
    delay = threading.Timer(LASTS, bar.start)
    delay.daemon = True
    delay.start()

    failures = 0

    def advance(result: object) -> None:
        nonlocal failures
        bar.advance(task)
        if isinstance(result, Failed):
            failures += 1
            if failures <= FAILURES_TOLD:
                bar.console.print(words(failed, **vars(result)), markup=False, highlight=False, soft_wrap=True)

    try:
        yield advance
    finally:
        delay.cancel()
        delay.join()
        bar.stop()


class Count:
    """How far a long piece of work is: call it with the number of pieces that are done since the last call."""

    def __init__(self, bar: Progress, title: str, total: int) -> None:
        self._bar, self._total = bar, total
        self._task = bar.add_task(title, total=total)

    def __call__(self, pieces: int) -> None:
        """Count pieces that are done."""
        self._bar.advance(self._task, pieces)

    def expect(self, pieces: int) -> None:
        """Count pieces that only now turn out to be needed."""
        self._total += pieces
        self._bar.update(self._task, total=self._total)


@contextmanager
def counting(title: str, total: int, quiet: bool) -> Iterator[Count]:
    """Show how far a long piece of work is, on a terminal."""
    with _bar(quiet) as bar:
        yield Count(bar, title, total)


def _bar(quiet: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
