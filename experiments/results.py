"""What a store of runs says, as pandas frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from agents.columns import Floats, Ints
from agents.errors import InputError
from experiments.cases import TOTAL
from experiments.runner import Failed
from experiments.shelf import (
    CASES,
    PARAMETERS,
    STORE,
    BatchRow,
    Shelf,
    Strange,
    part_about,
    read_shelf,
    table_of,
    unpack,
)
from experiments.store import told
from sim.outcomes import outcome_table

LABELS = ["case", "scenario", "draw", "seed"]


@dataclass(frozen=True)
class Results:
    """The results of a batch in a store.

    Attributes:
        shelf: What the store holds.
        batch: Which batch it is.
    """

    shelf: Shelf
    batch: BatchRow

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are kept."""
        return self.shelf.manifest.kept.outcomes

    @property
    def strange(self) -> tuple[Strange, ...]:
        """Files in the store that are not ours, or not whole; they are not read."""
        return tuple(self.shelf.strange)

    @cached_property
    def cases(self) -> pd.DataFrame:
        """One row a case, in the order of the batch.

        The columns are case, run (its number in the store), scenario, draw, seed, parameters (row of `parameters`),
        key (what makes it the same as another), done, and error: what went wrong, empty if nothing did.
        """
        frame: pd.DataFrame = _read(self.shelf.file(self.batch, CASES)).to_pandas()
        errors = {run: f"{one.error}: {one.message}" for run, one in self.failed.items()}
        frame["done"] = frame["run"].isin(self.shelf.done())
        frame["error"] = [errors.get(run, "") for run in frame["run"].tolist()]
        return frame

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """One row for each set of parameters, one column a parameter; `cases` says which case has which."""
        frame: pd.DataFrame = _read(self.shelf.file(self.batch, PARAMETERS)).to_pandas()
        return frame

    @cached_property
    def failed(self) -> dict[int, Failed]:
        """What went wrong, by number of the run, in the whole store."""
        found = {
            int(run): Failed(**one)
            for path in self.shelf.parts.values()
            for run, one in part_about(path)["failed"].items()
        }
        for run, path in self.shelf.finished.items():
            result = unpack(path.read_bytes())[1]
            if isinstance(result, Failed):
                found[run] = result
        return found

    @property
    def failed_cases(self) -> pd.DataFrame:
        """The cases that went wrong."""
        return self.cases[self.cases["error"] != ""]

    @property
    def missing(self) -> int:
        """How many runs of the batch are not there yet."""
        return int(self.cases.loc[~self.cases["done"], "run"].nunique())

    @property
    def series(self) -> pd.DataFrame:
        """The tidy frame: one row a case, quarter, province and outcome, with its value."""
        wide = self.wide()
        rows, width = len(wide), len(self.outcomes)
        labels = [*LABELS, "quarter", "province"]
        frame = wide[labels].iloc[np.repeat(np.arange(rows), width)].reset_index(drop=True)
        codes: Ints = np.tile(np.arange(width), rows)
        frame["outcome"] = pd.Categorical.from_codes(codes, pd.Index(list(self.outcomes)))
        frame["value"] = wide[list(self.outcomes)].to_numpy(np.float64).ravel()
        return frame

    def wide(self, outcomes: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row a case, quarter and province, and one column an outcome.

        Args:
            outcomes: Which; by default all that are kept. Only these are read.

        Raises:
            InputError: If an outcome is not kept.
        """
        chosen = list(self.outcomes if outcomes is None else outcomes)
        if unknown := [name for name in chosen if name not in self.outcomes]:
            raise InputError(f"{unknown[0]} is not kept", str(self.shelf.folder), ", ".join(self.outcomes))
        values: pd.DataFrame = self._values(chosen).to_pandas()
        cases = self.cases[["run", *LABELS]].astype({"scenario": "category"})
        frame = cases.merge(values, on="run", sort=False).drop(columns="run")
        return frame

    def ends(self, outcomes: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row a case that came to its end: a stock as it is then, a flow summed over the run.

        Args:
            outcomes: Which, of all provinces together; by default all that are kept.

        Raises:
            InputError: If an outcome is not kept.
        """
        wide = self.wide(outcomes)
        runs = wide[wide["province"] == TOTAL].groupby("case", sort=False)
        names = [name for name in wide.columns if name in self.outcomes]
        flows = [name for name in names if outcome_table()[name].level == "flow"]
        frame = runs.tail(1).set_index("case").drop(columns=["quarter", "province"])
        frame[flows] = runs[flows].sum()
        return frame

    def values(self, outcomes: Sequence[str]) -> Floats:
        """Return outcomes of a store that keeps the end of a run only, without provinces, shape (cases, outcomes).

        What is not defined is NaN, and so is the whole row of a case that failed.
        """
        wide = self.wide(outcomes).set_index("case").reindex(range(len(self.cases)))
        values: Floats = wide[list(outcomes)].to_numpy(np.float64)
        return values

    def _values(self, outcomes: list[str]) -> pa.Table:
        """Return the results of the runs of this batch, in order of the runs."""
        runs = set(self.cases["run"].tolist())
        columns = ["run", "quarter", "province", *outcomes]
        tables: dict[int, pa.Table] = {}
        for first, path in self.shelf.parts.items():
            if not runs.isdisjoint(self.shelf.part_of(first)):
                tables[first] = _read(path, columns)
        single = {run: unpack(self.shelf.finished[run].read_bytes())[1] for run in runs & self.shelf.finished.keys()}
        for run, result in single.items():
            tables[run] = table_of({run: result}, [], self.outcomes).select(columns)
        if not tables:
            return table_of({}, [], self.outcomes).select(columns)
        words = [pa.field(name, pa.dictionary(pa.int32(), pa.string())) for name in ("quarter", "province")]
        whole = pa.concat_tables([tables[key].replace_schema_metadata(None) for key in sorted(tables)])
        for position, field in enumerate(words, start=1):
            whole = whole.set_column(position, field, whole[field.name].dictionary_encode())
        return whole


def load(folder: Path | str, batch: str | None = None) -> Results:
    """Return the results of a batch in a store; they are read when they are asked for.

    Args:
        folder: The store.
        batch: Name or digest of the batch; by default the one that was added last.

    Raises:
        InputError: If there is no store that this version can read, or no such batch in it.
    """
    shelf = read_shelf(Path(folder))
    found = [row for row in shelf.manifest.batches if batch in (None, row.name, row.digest)]
    if not found:
        names = ", ".join(dict.fromkeys(row.name for row in shelf.manifest.batches)) or STORE
        raise InputError("holds no batch" if batch is None else f"holds no batch {batch}", str(folder), names)
    return Results(shelf, found[-1])


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    with told(path, "read", STORE):
        return pq.read_table(path, columns=columns)
