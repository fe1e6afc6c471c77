"""What a store of runs holds: which files, which of them are whole, and what each says.

    manifest.json               what the store is, and which batches it holds, in order
    batches/DIGEST/             what a batch asked: about.json, cases.parquet (a row a case) and parameters.parquet
    parts/FIRST-HASH.parquet    the results of PART runs, in order: a row for every run, quarter and province
    finished/RUN-HASH.run       the results of a run whose part is not complete yet

Runs are numbered when a batch is added: those that the store does not have yet get the next numbers, in the order of
the batch. Which part a run goes into follows from its number, so that the same batches give the same bytes, whatever
computed them, in whatever order and with whatever interruptions. Names of results carry the hash of what is in the
file: one that is truncated or changed is told from a whole one, it is left alone, and its runs count as missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field

from agents.errors import InputError
from experiments.cases import SCHEMA_VERSION, CaseResult, Keep, Kept
from experiments.runner import Failed
from experiments.store import told

KIND = "store"
MANIFEST, LOCK, UNFINISHED = "manifest.json", ".lock", ".unfinished-"
BATCHES, PARTS, FINISHED = "batches", "parts", "finished"
ABOUT, CASES, PARAMETERS = "about.json", "cases.parquet", "parameters.parquet"
BATCH_FILES = (ABOUT, CASES, PARAMETERS)
PART = 500
"""Runs in a part: large enough to be read fast, small enough that a program holds one with ease."""
HASH = 16
"""Characters of a SHA-256 in the name of a file."""
LOST = ("BrokenProcessPool", "WorkerLost")
"""Errors of runs whose process was ended from outside: they may go well another time, other runs would not."""
STORE = "the folder of a store, as `pps batch` writes it"
WORD = pa.dictionary(pa.int32(), pa.string())
META = b"pps"

_NAME = re.compile(r"(\d{9})-([0-9a-f]{16})(?:\.\d+)?\.(parquet|run)")


@dataclass(frozen=True)
class Strange:
    """A file in a store that is not one of its results.

    Attributes:
        path: Where it is, as seen from the store.
        changed: Whether it has the name of a result, but not the content that belongs to the name.
    """

    path: str
    changed: bool


class BatchRow(BaseModel):
    """A batch in the manifest.

    Attributes:
        name: Its name.
        digest: Hash of its cases and of what they are called.
        first: Number of the first run that it added.
        runs: How many it added; it may use earlier ones too.
        files: Hash of each of its files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    first: int = Field(ge=0)
    runs: int = Field(ge=0)
    files: dict[str, str]


class Manifest(BaseModel):
    """What a store says of itself.

    Attributes:
        kept: What is kept of a run, as `experiments.cases.Keep`; the same for all.
        batches: In the order in which they were added.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["store"] = "store"
    schema_version: Literal[1] = SCHEMA_VERSION
    kept: Keep
    batches: tuple[BatchRow, ...] = ()


@dataclass
class Shelf:
    """What a store holds.

    Attributes:
        folder: Where it is.
        manifest: What its manifest says.
        parts: The whole parts, by the number of their first run.
        finished: The whole results of single runs, by number.
        lost: Those among them of which the process was ended.
        strange: Files that are not ours, or not whole; they are left alone.
    """

    folder: Path
    manifest: Manifest
    parts: dict[int, Path] = field(default_factory=dict)
    finished: dict[int, Path] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    strange: list[Strange] = field(default_factory=list)

    @cached_property
    def keys(self) -> list[str]:
        """The hash of every run, by number."""
        keys: list[str] = []
        for batch in self.manifest.batches:
            cases = self.cases(batch)
            new = dict(zip(cases["run"].to_pylist(), cases["key"].to_pylist(), strict=True))
            keys += [new[run] for run in range(batch.first, batch.first + batch.runs)]
        return keys

    def cases(self, batch: BatchRow) -> pa.Table:
        """Return the cases of a batch.

        Raises:
            InputError: If the file is gone or is not the one that was written.
        """
        return pq.read_table(self.file(batch, CASES))

    def file(self, batch: BatchRow, name: str) -> Path:
        """Return a file of a batch; as `cases`."""
        path = self.folder / BATCHES / batch.digest[:HASH] / name
        with told(path, "read", STORE):
            if hash_of(path.read_bytes()) != batch.files.get(name):
                raise InputError(f"is not the file that {MANIFEST} describes", str(path), "the file as it was written")
        return path

    def note(self, run: int, path: Path, result: CaseResult) -> None:
        """Note that the result of a run is there."""
        self.finished[run] = path
        if isinstance(result, Failed) and result.error in LOST:
            self.lost.add(run)
        else:
            self.lost.discard(run)

    def part_of(self, run: int) -> range:
        """Return the runs of the part into which a run goes."""
        for batch in reversed(self.manifest.batches):
            if run >= batch.first:
                start = run - (run - batch.first) % PART
                return range(start, min(start + PART, batch.first + batch.runs))
        raise AssertionError(f"run {run} is of no batch")

    def done(self) -> set[int]:
        """Return the numbers of the runs that need not be run any more."""
        inside = {run for first in self.parts for run in self.part_of(first)}
        return inside | (self.finished.keys() - self.lost)


def read_shelf(folder: Path) -> Shelf:
    """Read what a store holds, and look whether its results are whole.

    Raises:
        InputError: If the folder holds no store that this version can read.
    """
    shelf = Shelf(folder, read_manifest(folder))
    for name, suffix, found in ((PARTS, "parquet", shelf.parts), (FINISHED, "run", shelf.finished)):
        with told(folder / name, "read", STORE):
            for path in sorted((folder / name).iterdir()) if (folder / name).is_dir() else []:
                if not path.name.startswith(UNFINISHED):
                    _take_in(shelf, path, suffix, found)
    known = {MANIFEST, LOCK, BATCHES, PARTS, FINISHED}
    others = sorted(path.name for path in folder.iterdir() if path.name not in known)
    shelf.strange += [Strange(name, changed=False) for name in others if not name.startswith(UNFINISHED)]
    return shelf


def _take_in(shelf: Shelf, path: Path, suffix: str, found: dict[int, Path]) -> None:
    """Add a file to what a store holds, or to what is strange there."""
    place = path.relative_to(shelf.folder).as_posix()
    match = _NAME.fullmatch(path.name)
    if match is None or match[3] != suffix or not path.is_file():
        shelf.strange.append(Strange(place, changed=False))
        return
    run = int(match[1])
    content = path.read_bytes()
    if hash_of(content)[:HASH] != match[2]:
        shelf.strange.append(Strange(place, changed=True))
    elif run in found or run >= len(shelf.keys) or not _belongs(shelf, path, run, content):
        shelf.strange.append(Strange(place, changed=False))
    else:
        found[run] = path


def _belongs(shelf: Shelf, path: Path, run: int, content: bytes) -> bool:
    """Say whether whole results are those of this store's runs, and not of another's."""
    try:
        if path.suffix == ".parquet":
            runs = shelf.part_of(run)
            return runs.start == run and part_about(path)["keys"] == keys_digest(shelf.keys[run : runs.stop])
        key, result = unpack(content)
    except (ValueError, KeyError, TypeError):
        return False
    if key == shelf.keys[run] and isinstance(result, Failed) and result.error in LOST:
        shelf.lost.add(run)
    return key == shelf.keys[run]


def read_manifest(folder: Path) -> Manifest:
    """Return what the manifest of a store says.

    Raises:
        InputError: As `read_shelf`.
    """
    path = folder / MANIFEST
    if not os.path.isdir(folder):  # unlike Path's, it is False for a name that cannot be
        raise InputError("there is no such folder", str(folder), STORE)
    with told(path, "read", STORE):
        if not path.is_file():
            raise InputError(f"holds no store: there is no {MANIFEST}", str(folder), STORE)
        content = path.read_bytes()
    try:
        about = json.loads(content)
        if isinstance(about, dict) and about.get("kind") == KIND and about.get("schema_version") != SCHEMA_VERSION:
            what = f"has schema version {reprlib.repr(about.get('schema_version'))}"
            raise InputError(what, str(path), f"version {SCHEMA_VERSION}, which this program reads")
        return Manifest.model_validate(about)
    except (ValueError, RecursionError):  # of pydantic too
        raise InputError("is not the manifest of a store", str(path), STORE) from None


def store_of(name: str, results: Path) -> Path:
    """Return the folder of the store that is used for a batch if nobody asks for another."""
    return results / "batch" / (re.sub(r"[^\w-]+", "-", name).strip("-") or "plan")


def holds_batches(folder: Path) -> bool:
    """Say whether a folder is a store to which a batch was added.

    Raises:
        InputError: If it is a store that this version cannot read.
    """
    with told(folder, "read", STORE):
        there = (folder / MANIFEST).exists()
    return there and bool(read_manifest(folder).batches)


# ── one run as bytes ─────────────────────────────────────────────────────────────────────────────────────
def pack(key: str, result: CaseResult) -> bytes:
    """Return the result of a run as it is written: a line that says what it is, and the numbers."""
    if isinstance(result, Failed):
        return json.dumps({"key": key, "failed": asdict(result)}, ensure_ascii=False).encode() + b"\n"
    about = {"key": key, "quarters": result.quarters, "provinces": result.provinces}
    return json.dumps(about).encode() + b"\n" + np.ascontiguousarray(result.values, dtype="<f8").tobytes()


def unpack(content: bytes) -> tuple[str, CaseResult]:
    """Return the hash of a run and its result.

    Raises:
        ValueError: If the bytes are no result; or a KeyError or TypeError.
    """
    line, _, numbers = content.partition(b"\n")
    about = json.loads(line)
    if "failed" in about:
        return about["key"], Failed(**about["failed"])
    shape = len(about["quarters"]), len(about["provinces"]), -1
    values = np.frombuffer(numbers, dtype="<f8").reshape(shape)
    return about["key"], Kept(tuple(about["quarters"]), tuple(about["provinces"]), values)


# ── many runs as a table ─────────────────────────────────────────────────────────────────────────────────
def table_of(results: Mapping[int, CaseResult], keys: Sequence[str], outcomes: Sequence[str]) -> pa.Table:
    """Return the results of runs as a table, with those that failed beside it.

    Args:
        results: By number, in order.
        keys: The hash of each run.
        outcomes: Names of the outcomes.
    """
    kept = {run: result for run, result in results.items() if isinstance(result, Kept)}
    failed = {run: asdict(result) for run, result in results.items() if isinstance(result, Failed)}
    rows = [(run, quarter, place) for run, one in kept.items() for quarter in one.quarters for place in one.provinces]
    run, quarter, place = zip(*rows, strict=True) if rows else ((), (), ())
    flat = [one.values.reshape(-1, len(outcomes)) for one in kept.values()]
    values = np.concatenate(flat) if flat else np.empty((0, len(outcomes)))
    about = {"schema_version": SCHEMA_VERSION, "keys": keys_digest(keys), "failed": failed}
    schema = pa.schema(
        [
            ("run", pa.int32()),
            ("quarter", pa.string()),
            ("province", pa.string()),
            *((name, pa.float64()) for name in outcomes),
        ],
        metadata={META: json.dumps(about, ensure_ascii=False).encode()},
    )
    columns = [pa.array(column, field.type) for column, field in zip((run, quarter, place), schema, strict=False)]
    return pa.table([*columns, *(pa.array(column) for column in values.T)], schema=schema)


def part_about(path: Path) -> dict[str, Any]:
    """Return what a part says of itself.

    Raises:
        ValueError: If it is no part.
    """
    metadata = pq.read_schema(path).metadata or {}
    about = json.loads(metadata.get(META, b"null"))
    if not isinstance(about, dict):
        raise ValueError(path)
    return about


def keys_digest(keys: Sequence[str]) -> str:
    """Return one hash for those of many runs."""
    return hash_of("\n".join(keys).encode())


def hash_of(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def free_path(folder: Path, run: int, content: bytes, suffix: str) -> Path:
    """Return where results are written: a name that no file has, so that one which is not whole stays as it is."""
    stem = f"{run:09}-{hash_of(content)[:HASH]}"
    names = _names(stem, suffix)
    return next(path for name in names if not (path := folder / name).exists())


def _names(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    number = 1
    while True:
        yield f"{stem}.{number}{suffix}"
        number += 1
