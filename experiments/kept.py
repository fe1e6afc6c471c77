"""Replicates on disk, one file each, found again by what they follow from: the page and `pps compare` share them.

A file is named after the hash of all that determines the results. It is a zip archive with the tables of one replicate
as Parquet; the archive has a checksum of each, so that a file that is truncated or changed is told from a whole one and
counts as missing.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from agents.parameter_fields import Parameters
from agents.parameters import as_dict
from experiments.identity import code_digest, digest
from experiments.runner import Experiment, Failed, Finished, Replicate, Result, failed, run_replicate

if TYPE_CHECKING:
    from experiments.tables import Tables

SCHEMA_VERSION = 1
TEXTS = ("name", "title_nl", "title_en", "purpose_nl", "purpose_en")
MOST_BYTES = 2 * 10**9
"""What `prune` leaves: some ten thousand replicates."""


def keys_of(experiment: Experiment) -> list[str]:
    """Return for every replicate the SHA-256 of all that its results follow from; names and titles have no part."""
    scenario = experiment.scenario.model_dump(mode="json", exclude=set(TEXTS))
    shared = digest(
        {
            "schema_version": SCHEMA_VERSION,
            "code": code_digest(),
            "region": experiment.pack.digest,
            "national": experiment.national.digest,
            "scenario": scenario,
            "scale": experiment.scale,
        }
    )
    own = [_digest(experiment.parameters.of(number)) for number in range(experiment.replicates)]
    texts = (f"{shared} {parameters} {number} {experiment.seed + number}" for number, parameters in enumerate(own))
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


@lru_cache(maxsize=1024)
def _digest(parameters: Parameters) -> str:
    return digest(as_dict(parameters))


class Shelf:
    """The replicates in a folder.

    Args:
        folder: Where they are; made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, key: str) -> Tables | None:
        """Return the tables of a replicate; None if they are not there or not whole."""
        from experiments.tables import SCHEMAS  # here: it brings Mesa along, which whoever looks need not import

        try:
            with zipfile.ZipFile(self._path(key)) as archive:
                if set(archive.namelist()) != set(SCHEMAS):
                    return None
                read = {name: pq.read_table(io.BytesIO(archive.read(name))) for name in SCHEMAS}
            # Parquet calls the elements of a list otherwise
            return {name: table.cast(SCHEMAS[name]) for name, table in read.items()}
        except (OSError, zipfile.BadZipFile, pa.ArrowException):
            return None

    def keep(self, key: str, tables: Tables) -> None:
        """Write the tables of a replicate, completely or not at all; a disk that cannot be written keeps nothing."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".unfinished-", delete=False) as file:
                with zipfile.ZipFile(file, "w") as archive:
                    for name, table in tables.items():
                        archive.writestr(name, _parquet(table))
                os.replace(file.name, path)
        except OSError:
            if "file" in locals():
                Path(file.name).unlink(missing_ok=True)

    def prune(self, most_bytes: int = MOST_BYTES) -> None:
        """Remove the files that were written longest ago until what is left is no larger than asked."""
        files = [path for path in self.folder.glob("*/*") if path.is_file()] if self.folder.is_dir() else []
        known = sorted(((path.stat(), path) for path in files), key=lambda one: -one[0].st_mtime)
        total = 0
        for about, path in known:
            total += about.st_size
            if total > most_bytes:
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.zip"


@dataclass(frozen=True, slots=True)
class Sought:
    """A replicate that may be on disk.

    Attributes:
        replicate: What is run if it is not.
        key: Its hash, as `keys_of` gives it.
        folder: Where it may be.
    """

    replicate: Replicate
    key: str
    folder: Path


def find_or_run(sought: Sought) -> Result:
    """Return the tables of a replicate that is on disk, or run it; what is run is not kept here."""
    tables = Shelf(sought.folder).find(sought.key)
    return run_replicate(sought.replicate) if tables is None else Finished(sought.replicate.number, tables)


def lost(sought: Sought, error: Exception) -> Failed:
    """Return what is told of a replicate whose process was ended."""
    return failed(sought.replicate, error)


def _parquet(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    return written.getvalue()
