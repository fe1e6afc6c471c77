"""Batches of runs: many cases, run in processes or on a cluster, each kept on disk before the next is counted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, Self

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from agents.errors import InputError
from agents.parameters import as_dict
from experiments.cases import Batch, CaseResult, Task, lost, run_task
from experiments.identity import versions
from experiments.results import Results, load
from experiments.shelf import (
    ABOUT,
    BATCHES,
    CASES,
    FINISHED,
    HASH,
    LOCK,
    MANIFEST,
    PARAMETERS,
    PARTS,
    UNFINISHED,
    BatchRow,
    Manifest,
    Shelf,
    free_path,
    hash_of,
    pack,
    read_shelf,
    table_of,
    unpack,
)
from experiments.store import Interrupted, told
from experiments.work import Work, undisturbed

type OnResult = Callable[[CaseResult], object]


class Running(Protocol):
    """Tasks that are being done, wherever that is."""

    def as_done(self) -> Iterator[tuple[int, CaseResult]]:
        """Yield each result as soon as it is there, with the place of its task."""

    def leftover(self) -> list[tuple[int, CaseResult]]:
        """Return what was done and not yielded, or yielded last, when the work was broken off."""


def run_cases(
    batch: Batch,
    folder: Path,
    workers: int = 1,
    dask: str | None = None,
    on_result: OnResult = lambda _: None,
) -> Results:
    """Run what a store does not have yet of a batch, and return all of it.

    Args:
        batch: What is run.
        folder: The store; made if it is not there.
        workers: Processes on this machine; see `Work`.
        dask: Address of a Dask scheduler, such as `tcp://127.0.0.1:8786`, whose workers do it instead.
        on_result: Called with each result that was computed, when it is on disk.

    Raises:
        InputError: If the folder cannot be used, or the cluster cannot.
        Interrupted: After Ctrl-C; what had finished is kept.
    """
    with Store(folder, batch) as store:
        tasks = store.missing()
        if tasks:
            _run(store, tasks, _work(tasks, workers, dask), on_result)
    return load(folder, batch.digest)


def _work(tasks: Sequence[Task], workers: int, dask: str | None) -> Running:
    if dask is None:
        return Work(run_task, tasks, lost, workers)
    from experiments.dask import DaskWork  # here: the library is in an extra

    return DaskWork(tasks, dask)


def _run(store: Store, tasks: Sequence[Task], work: Running, on_result: OnResult) -> None:
    done = 0
    try:
        with closing(work.as_done()) as results:  # type: ignore[type-var]  # a generator
            for place, result in results:
                store.add(tasks[place].number, result)
                done += 1
                on_result(result)
    except KeyboardInterrupt:
        for place, result in work.leftover():
            store.add(tasks[place].number, result)
        raise Interrupted(len(store.shelf.done().intersection(store.runs))) from None


def missing(batch: Batch, folder: Path) -> int:
    """Return how many runs of a batch a store does not have yet.

    Raises:
        InputError: If the folder holds something else.
    """
    keys = set(batch.keys)
    if not (folder / MANIFEST).exists():
        return len(keys)
    shelf = read_shelf(folder)
    return len(keys - {shelf.keys[run] for run in shelf.done()})


class Store:
    """A store that is open for writing, with the batch that is run.

    Use it as a context. Nobody else can write meanwhile; whoever reads sees what is there.

    Args:
        folder: Where it is; made if it is not there.
        batch: What is run; it is added if the store does not have it.

    Raises:
        InputError: If the folder cannot be used, holds something else, or is being written already.
    """

    def __init__(self, folder: Path, batch: Batch) -> None:
        self.folder, self.batch = folder, batch
        self.lock = FileLock(folder / LOCK, timeout=0)

    def __enter__(self) -> Self:
        with undisturbed(), told(self.folder):
            _refuse_other_things(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self.lock.acquire()
            except Timeout:
                allowed = "one writer at a time: wait until it is done, or use another folder"
                raise InputError("another program is writing there", str(self.folder), allowed) from None
            try:
                self._open()
            except BaseException:
                self.lock.release()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def _open(self) -> None:
        for folder in (self.folder, *(self.folder / name for name in (BATCHES, PARTS, FINISHED))):
            folder.mkdir(exist_ok=True)
            for path in folder.glob(f"{UNFINISHED}*"):
                path.unlink()
        if not (self.folder / MANIFEST).exists():
            self._write_manifest(Manifest(kept=self.batch.setting.keep))
        self.shelf: Shelf = read_shelf(self.folder)
        self._add_batch()
        self._done = self.shelf.done()
        for first in {self.shelf.part_of(run).start for run in self.shelf.finished}:
            self._complete(first)

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────
    def _add_batch(self) -> None:
        """Add the batch, if the store does not have it: first its files, then its line in the manifest."""
        batch, manifest = self.batch, self.shelf.manifest
        if manifest.kept != batch.setting.keep:
            what = f"keeps {_kept(manifest)} of a run, and {batch.name} asks for something else"
            raise InputError(what, str(self.folder), "another folder for other outcomes, frequency or provinces")
        numbers = {key: number for number, key in enumerate(self.shelf.keys)}
        first = len(numbers)
        for key in batch.keys:
            numbers.setdefault(key, len(numbers))
        self.runs = [numbers[key] for key in batch.keys]
        if any(row.digest == batch.digest for row in manifest.batches):
            return
        place = self.folder / BATCHES / batch.digest[:HASH]
        place.mkdir(exist_ok=True)
        files = {name: self._write(place / name, content) for name, content in _asked(batch, self.runs).items()}
        row = BatchRow(name=batch.name, digest=batch.digest, first=first, runs=len(numbers) - first, files=files)
        self._write_manifest(manifest.model_copy(update={"batches": (*manifest.batches, row)}))
        self.shelf = read_shelf(self.folder)

    def _write_manifest(self, manifest: Manifest) -> None:
        text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
        self._write(self.folder / MANIFEST, f"{text}\n".encode())

    def missing(self) -> list[Task]:
        """Return what has to be run, in order; what is asked twice is run once."""
        setting, cases = self.batch.setting.packed, self.batch.cases
        first_case = {run: case for case, run in reversed(list(enumerate(self.runs)))}
        return [Task(run, cases[first_case[run]], setting) for run in sorted(first_case.keys() - self._done)]

    # ── what came ────────────────────────────────────────────────────────────────────────────────────────
    def add(self, run: int, result: CaseResult) -> None:
        """Write the result of a run, unless it is there. Ctrl-C waits meanwhile.

        Raises:
            InputError: If the disk is full or the folder cannot be written any more.
        """
        if run in self._done:
            return
        with undisturbed(), told(self.folder):
            content = pack(self.shelf.keys[run], result)
            earlier = self.shelf.finished.get(run)  # of a run that was lost, and now went well or was lost again
            path = free_path(self.folder / FINISHED, run, content, ".run")
            self._write(path, content, safe=False)
            if earlier is not None:
                earlier.unlink()
            self.shelf.note(run, path, result)
            if run not in self.shelf.lost:
                self._done.add(run)
                self._complete(self.shelf.part_of(run).start)

    def _complete(self, first: int) -> None:
        """Put the results of a part together, if all are there."""
        runs = self.shelf.part_of(first)
        if not self._done.issuperset(runs):
            return
        if first not in self.shelf.parts:
            results = {run: unpack(self.shelf.finished[run].read_bytes())[1] for run in runs}
            table = table_of(results, self.shelf.keys[runs.start : runs.stop], self.batch.setting.keep.outcomes)
            content = _parquet(table)
            path = free_path(self.folder / PARTS, first, content, ".parquet")
            self._write(path, content)
            self.shelf.parts[first] = path
        for run in runs:
            if (path_of_run := self.shelf.finished.pop(run, None)) is not None:
                path_of_run.unlink()

    def _write(self, path: Path, content: bytes, safe: bool = True) -> str:
        """Write a file completely or not at all.

        Args:
            path: Where.
            content: What.
            safe: Whether it has to survive a power cut too. That takes a while; single runs can be run again.

        Returns:
            The SHA-256 of the content.
        """
        unfinished = path.with_name(f"{UNFINISHED}{path.name}")
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                if safe:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(unfinished, path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        return hash_of(content)


def _refuse_other_things(folder: Path) -> None:
    """Refuse a folder that is no store and not empty."""
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", str(folder), "a folder: a store, or one that is new or empty")
    if not folder.exists() or (folder / MANIFEST).exists():
        return
    ours = {LOCK, BATCHES, PARTS, FINISHED}  # a program that was killed may have come no further
    others = [path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith(UNFINISHED)]
    if others:
        raise InputError(f"holds {sorted(others)[0]}, and no store", str(folder), "a store, or a new or empty folder")


def _kept(manifest: Manifest) -> str:
    kept = manifest.kept
    return f"{len(kept.outcomes)} outcomes by {kept.frequency}, {'with' if kept.provinces else 'without'} provinces,"


def _asked(batch: Batch, runs: Sequence[int]) -> Mapping[str, bytes]:
    """Return the files that say what a batch asked."""
    sets = {one: number for number, one in enumerate(dict.fromkeys(batch.parameter_digests))}
    cases = pa.table(
        {
            "case": pa.array(range(len(batch.cases)), pa.int32()),
            "run": pa.array(runs, pa.int32()),
            "scenario": pa.array([case.scenario.name for case in batch.cases], pa.string()),
            "draw": pa.array([case.draw for case in batch.cases], pa.int32()),
            "seed": pa.array([case.seed for case in batch.cases], pa.int64()),
            "parameters": pa.array([sets[one] for one in batch.parameter_digests], pa.int32()),
            "key": pa.array(batch.keys, pa.string()),
        }
    )
    distinct = {sets[one]: case.parameters for one, case in zip(batch.parameter_digests, batch.cases, strict=True)}
    values = [as_dict(distinct[number]) for number in range(len(sets))]
    setting = batch.setting
    about = {
        "name": batch.name,
        "region": {"name": setting.pack.name, "digest": setting.pack.digest},
        "national": {"digest": setting.national.digest},
        "scale": setting.scale,
        "keep": asdict(setting.keep),
        "scenarios": [scenario.model_dump(mode="json") for scenario in batch.scenarios],
        "versions": versions(),
    }
    text = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False)
    return {
        ABOUT: f"{text}\n".encode(),
        CASES: _parquet(cases),
        PARAMETERS: _parquet(pa.table({name: [row[name] for row in values] for name in values[0]})),
    }


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content
