"""Results on disk: a folder with five Parquet files and `run.json`, which says what they are.

Files are written in a folder of their own inside the results folder and moved into place when all is done,
`run.json` last: a run is there completely or not at all, and what was there before stays until then.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agents.errors import InputError
from agents.parameter_fields import Parameters
from agents.parameters import as_dict, make_parameters
from experiments.identity import KIND, SCHEMA_VERSION, describe
from experiments.kept import Sought, find_or_run, keys_of, lost
from experiments.runner import Experiment, Failed, Finished, Replicate, Replicates, Result
from experiments.work import Work, undisturbed

if TYPE_CHECKING:
    import pandas as pd

RUN = "run.json"
TABLES = ("series", "partnerships", "ledger", "enrolment", "policies", "parameters")
RESULTS = tuple(name for name in TABLES if name != "parameters")  # of a replicate, as `Finished` holds them
FILES = tuple(f"{name}.parquet" for name in TABLES)
PARAMETERS = pa.schema(
    [("replicate", pa.int32()), ("parameter", pa.dictionary(pa.int32(), pa.string())), ("value", pa.float64())]
)
IDENTITY_SHOWN = 16
"""Characters of the identity of an experiment in the name of its folder."""
RUN_FOLDER = "the folder of a run, as `pps run` writes it"


class RunWriter:
    """Writes the results of one experiment as they come.

    Use it as a context: when the block ends well, or `keep` was called, what was added is moved into place;
    otherwise it is removed and the folder is as it was. Ctrl-C waits while files are written.

    Args:
        folder: Where the results go; made if it is not there.
        experiment: What is run.

    Raises:
        InputError: If the folder cannot be used, or holds results of another kind.
    """

    def __init__(self, folder: Path, experiment: Experiment) -> None:
        self.folder = folder
        self.about = describe(experiment)
        self._sets = experiment.parameters
        self._shared = self.about["parameters"]["values"]
        self.done: list[int] = []
        self.failed: list[Failed] = []
        self._added: set[int] = set()
        self._writers: dict[str, pq.ParquetWriter] = {}
        with told(folder):
            self._made = [path for path in (folder, *folder.parents) if not path.exists()]
            _refuse_other_results(folder)
            try:
                folder.mkdir(parents=True, exist_ok=True)
                self._unfinished = tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder)
            except OSError:
                self._remove_made()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self.keep()
        finally:
            self.discard()

    def add(self, result: Result) -> None:
        """Add the result of a replicate, if it was not added before.

        Raises:
            InputError: If the disk is full or the folder cannot be written any more.
        """
        if result.replicate in self._added:
            return
        with undisturbed(), told(self.folder):
            self._append({"parameters": self._parameters(result.replicate)})
            if isinstance(result, Finished):
                self._append(result.tables)
                self.done.append(result.replicate)
            else:
                self.failed.append(result)
            self._added.add(result.replicate)

    def _parameters(self, replicate: int) -> pa.Table:
        """Return the parameters of a replicate, without those that all replicates share."""
        own = sorted(item for item in as_dict(self._sets.of(replicate)).items() if item[0] not in self._shared)
        names = pa.array([name for name, _ in own], pa.string())
        columns = [[replicate] * len(own), names.dictionary_encode(), [value for _, value in own]]
        return pa.table(columns, schema=PARAMETERS)

    def _append(self, tables: Mapping[str, pa.Table]) -> None:
        for name, table in tables.items():
            if name not in self._writers:
                path = Path(self._unfinished.name, f"{name}.parquet")
                self._writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
            self._writers[name].write_table(table)

    def keep(self) -> None:
        """Move what was added into place. Without any finished replicate nothing is written.

        Raises:
            InputError: If the disk is full or the folder cannot be written any more.
        """
        if not self.done:
            return
        with undisturbed(), told(self.folder):
            unfinished = Path(self._unfinished.name)
            self._close()
            text = json.dumps(self._run(unfinished), indent=2, ensure_ascii=False, allow_nan=False)
            (unfinished / RUN).write_text(text + "\n", encoding="utf-8")
            for name in (*FILES, RUN):
                os.replace(unfinished / name, self.folder / name)

    def discard(self) -> None:
        """Remove what was not moved into place, and the folder if it was made for nothing."""
        with undisturbed(), told(self.folder):
            try:
                self._close()
            finally:
                self._unfinished.cleanup()
                self._remove_made()

    def _remove_made(self) -> None:
        """Remove the folders that were made for the results, if nothing is in them."""
        for path in self._made:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()

    def _run(self, unfinished: Path) -> dict[str, Any]:
        return {
            **self.about,
            "replicates_done": self.done,
            "replicates_failed": [asdict(failed) for failed in self.failed],
            "files": {name: _sha256(unfinished / name) for name in FILES},
        }


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came while replicates ran; those that had finished are kept.

    Attributes:
        done: How many these are.
    """

    def __init__(self, done: int) -> None:
        super().__init__()
        self.done = done


def store_run(
    experiment: Experiment, folder: Path, workers: int = 1, on_result: Callable[[Result], object] = lambda _: None
) -> Run | None:
    """Run an experiment anew and keep its results in a folder.

    Args:
        experiment: What is run.
        folder: Where the results go.
        workers: Processes.
        on_result: Called with each result when it has been added, in order of the replicates.

    Returns:
        The run on disk, or None if no replicate finished.

    Raises:
        InputError: If the results cannot be written.
        Interrupted: After Ctrl-C.
    """
    return _store(_Shelf([experiment], [folder], [None]), workers, on_result)[0]


def store_runs(
    experiments: Sequence[Experiment],
    folders: Sequence[Path],
    workers: int = 1,
    on_result: Callable[[Result], object] = lambda _: None,
    replicates: Path | None = None,
) -> list[Run | None]:
    """Run several experiments in one pool of processes, and keep the results of each in a folder of its own.

    What a folder holds of an earlier run with the same identity is used again: only replicates that are not there, or
    that failed, are run; those that the page ran are found.

    Args:
        experiments: What is run.
        folders: Where the results go, one for each.
        workers: Processes.
        on_result: Called with each result of a replicate that was run, when it has been added; experiment by
            experiment, in order of the replicates.
        replicates: Where the page keeps replicates (`experiments.kept`).

    Returns:
        The runs on disk in the order of the experiments; None where no replicate finished.

    Raises:
        InputError: If results cannot be written.
        Interrupted: After Ctrl-C; what had finished is kept.
    """
    kept = [kept_run(experiment, folder) for experiment, folder in zip(experiments, folders, strict=True)]
    return _store(_Shelf(experiments, folders, kept), workers, on_result, replicates)


def kept_run(experiment: Experiment, folder: Path) -> Run | None:
    """Return the run of this very experiment that a folder holds, whole or in part, if its files are as written."""
    try:
        run = read_run(folder)
        if run.about.get("identity") != describe(experiment)["identity"]:
            return None
        for name in TABLES:
            run.check(name)
    except InputError:
        return None
    return run


def missing(experiments: Sequence[Experiment], folders: Sequence[Path]) -> int:
    """Return how many replicates `store_runs` would run."""
    kept = [kept_run(experiment, folder) for experiment, folder in zip(experiments, folders, strict=True)]
    return sum(one.replicates - (len(run.done) if run else 0) for one, run in zip(experiments, kept, strict=True))


def folder_of(experiment: Experiment, within: Path) -> Path:
    """Return the folder in which the same experiment is found again."""
    return within / str(describe(experiment)["identity"])[:IDENTITY_SHOWN]


class _Shelf:
    """Writes results of several experiments, one after the other, beside what is there of each.

    Use it as a context: what was not closed is removed.

    Args:
        experiments: What is run.
        folders: Where the results go.
        kept: The run of each experiment that is there, whole or in part.
    """

    def __init__(self, experiments: Sequence[Experiment], folders: Sequence[Path], kept: Sequence[Run | None]) -> None:
        self.experiments, self.folders, self.kept = experiments, folders, kept
        self.stored: dict[int, int] = {number: len(run.done) for number, run in enumerate(kept) if run}
        self._open: RunWriter | None = None
        self._number = -1
        self._there: deque[int] = deque()
        self._tables: dict[str, pa.Table] = {}
        for number, folder in enumerate(folders):
            if self.missing(number):
                with undisturbed():  # else Ctrl-C may leave a folder that was made for nothing
                    RunWriter(folder, experiments[number]).discard()  # what is wrong with it is told before work

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open is not None:
            self._open.discard()

    def missing(self, number: int) -> list[int]:
        """Return the replicates of an experiment that have to be run."""
        run = self.kept[number]
        done = set(run.done) if run else set()
        return [replicate for replicate in range(self.experiments[number].replicates) if replicate not in done]

    def open(self, number: int) -> None:
        """Begin to write the results of an experiment."""
        from experiments.tables import SCHEMAS  # imported here: it brings Mesa along, which reading results need not

        run = self.kept[number]
        self._there = deque(sorted(run.done)) if run else deque()
        # Parquet calls the elements of a list otherwise; with our names resumed files have the bytes of others
        self._tables = {name: run.table(name).cast(SCHEMAS[name]) for name in RESULTS} if run else {}
        with undisturbed():
            self._open, self._number = RunWriter(self.folders[number], self.experiments[number]), number

    def add(self, number: int, result: Result) -> None:
        """Add a result; those of an experiment come together and in order of the replicates."""
        if number != self._number:
            self.close()
            self.open(number)
        self._carry_over(result.replicate)
        assert self._open is not None
        self._open.add(result)

    def close(self) -> None:
        """Move what was added into place."""
        if self._open is None:
            return
        self._carry_over(self.experiments[self._number].replicates)
        writer, self._open = self._open, None  # before it is kept: Ctrl-C that came meanwhile is told right after
        try:
            writer.keep()
        finally:
            if writer.done:
                self.stored[self._number] = len(writer.done)
            writer.discard()

    def runs(self) -> list[Run | None]:
        """Return the runs that are there now."""
        numbered = enumerate(self.folders)
        return [read_run(folder) if number in self.stored else None for number, folder in numbered]

    def _carry_over(self, before: int) -> None:
        """Add the replicates that are there and come before one that is added."""
        while self._there and self._there[0] < before:
            replicate = self._there[0]
            tables = {name: one.filter(pc.field("replicate") == replicate) for name, one in self._tables.items()}
            assert self._open is not None
            self._open.add(Finished(replicate, tables))
            self._there.popleft()  # only now: Ctrl-C may have come, and what is added twice is added once


def _store(
    shelf: _Shelf, workers: int, on_result: Callable[[Result], object], replicates: Path | None = None
) -> list[Run | None]:
    items = [(number, replicate) for number in range(len(shelf.experiments)) for replicate in shelf.missing(number)]
    work = _work(shelf.experiments, items, workers, replicates)
    with shelf:
        try:
            if items:
                shelf.open(items[0][0])
            for (number, _), result in zip(items, work, strict=True):
                shelf.add(number, result)
                on_result(result)
        except KeyboardInterrupt:
            for item, result in work.leftover():
                shelf.add(items[item][0], result)
            shelf.close()
            raise Interrupted(sum(shelf.stored.values())) from None
        shelf.close()
    return shelf.runs()


def _work(
    experiments: Sequence[Experiment], items: Sequence[tuple[int, int]], workers: int, replicates: Path | None
) -> Work[Replicate, Result] | Work[Sought, Result]:
    """Return the work on replicates, each given by its experiment and its number."""
    wanted = [experiments[number].replicate(replicate) for number, replicate in items]
    if replicates is None:
        return Replicates(wanted, workers)
    keys = [keys_of(experiment) for experiment in experiments]
    sought = [Sought(one, keys[number][one.number], replicates) for one, (number, _) in zip(wanted, items, strict=True)]
    return Work(find_or_run, sought, lost, workers)


@dataclass(frozen=True)
class Run:
    """A run on disk.

    Attributes:
        folder: Where it is.
        about: What its run.json says.
    """

    folder: Path
    about: Mapping[str, Any]

    @property
    def done(self) -> list[int]:
        """The replicates that finished."""
        return list(self.about["replicates_done"])

    @property
    def draws(self) -> dict[int, int]:
        """The draw of the posterior that each replicate has that finished; without a posterior all have 0."""
        draws = self.about["parameters"].get("draws")
        return {replicate: draws[replicate] if draws else 0 for replicate in self.done}

    def parameters(self, replicate: int) -> Parameters:
        """Return the parameters of a replicate, with which it can be repeated.

        Raises:
            InputError: As `table`, or if the parameter table is another one now.
        """
        own = {row["parameter"]: row["value"] for row in self.table("parameters", replicate=replicate).to_pylist()}
        return make_parameters({**self.about["parameters"]["values"], **own}, str(self.folder))

    @property
    def series(self) -> pd.DataFrame:
        """The tidy frame: one row a replicate, quarter, province and outcome, with its value."""
        return self.frame("series")

    def table(self, name: str, **only: Any) -> pa.Table:
        """Return one of the tables.

        Args:
            name: One of `TABLES`.
            only: Values that a column must have, such as `replicate=0`.

        Raises:
            InputError: If the file is gone, or is not the one that the run wrote.
        """
        path = self.check(name)
        with told(path, "read"):
            filters = [(column, "=", value) for column, value in only.items()] or None
            return pq.read_table(path, filters=filters)

    def check(self, name: str) -> Path:
        """Return the file of a table.

        Raises:
            InputError: As `table`.
        """
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            raise InputError("the file is gone", str(path), RUN_FOLDER)
        with told(path, "read"):
            if _sha256(path) != self.about["files"][path.name]:
                raise InputError(f"is not the file that {RUN} describes", str(path), "results as they were written")
        return path

    def frame(self, name: str, **only: Any) -> pd.DataFrame:
        """Return one of the tables as a data frame; as `table`."""
        frame: pd.DataFrame = self.table(name, **only).to_pandas()
        return frame


def read_run(folder: Path) -> Run:
    """Read what a run is; its tables are read when they are asked for.

    Raises:
        InputError: If the folder holds no run that this version can read.
    """
    path = folder / RUN
    if not os.path.isdir(folder):  # unlike Path's, it is False for a name that cannot be
        raise InputError("there is no such folder", str(folder), RUN_FOLDER)
    if not path.is_file():
        raise InputError(f"holds no run: there is no {RUN}", str(folder), RUN_FOLDER)
    about = _json(path)
    if about.get("kind") != KIND:
        raise InputError("does not describe a run", str(path), RUN_FOLDER)
    if about.get("schema_version") != SCHEMA_VERSION:
        what = f"has schema version {about.get('schema_version')}"
        raise InputError(what, str(path), f"version {SCHEMA_VERSION}, which this program reads")
    missing = [
        key for key in ("replicates_done", "files", "scenario", "region", "seed", "parameters") if key not in about
    ]
    if missing or set(FILES) - set(about["files"]):
        raise InputError("is not complete", str(path), RUN_FOLDER)
    return Run(folder, about)


def _json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; an empty one if it holds something else."""
    with told(path, "read"):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise InputError("is not readable as JSON", str(path), RUN_FOLDER) from None
    return content if isinstance(content, dict) else {}


def _refuse_other_results(folder: Path) -> None:
    """Refuse a folder in which a file of our names is not from an earlier run."""
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file", str(folder), "a folder, new or of an earlier run")
    present = [name for name in (*FILES, RUN) if (folder / name).exists()]
    try:
        earlier = not present or _json(folder / RUN).get("kind") == KIND
    except InputError:
        earlier = False
    if not earlier:
        what = f"holds {', '.join(present)} that no run wrote"
        raise InputError(what, str(folder), "a folder that is new, empty or of an earlier run")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def told(path: Path, verb: str = "written", readable: str = RUN_FOLDER) -> Iterator[None]:
    """Turn what the system says of a disk or folder into a sentence for a person."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).rpartition("] ")[2]  # pyarrow puts more before it
        allowed = "a folder that can be written, on a disk with room" if verb == "written" else readable
        raise InputError(f"cannot be {verb} ({reason})", str(path), allowed) from None
