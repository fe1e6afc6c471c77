"""State in columns: one array per attribute, one row per organisation, and agents that are views on a row.

Organisations can be many (a country has a quarter of a million training companies), so the processes work on
whole columns. An agent's attributes are descriptors into its row: `firm.learning_culture` reads and writes
`firms.learning_culture[firm.row]`. Rows are only appended, never reordered: a row number is a permanent id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]
type Bools = npt.NDArray[np.bool_]
type Copied = dict[type, npt.NDArray[Any]]


def limited(values: Floats) -> Floats:
    """Return values kept within 0-1; for the few values of a quarter twice as fast as `np.clip`."""
    kept: Floats = np.minimum(np.maximum(values, 0.0), 1.0)
    return kept


@dataclass(frozen=True)
class _Spec:
    dtype: type
    fill: Any
    width: tuple[int, ...] | str | None


def column(dtype: type, fill: Any = 0, width: tuple[int, ...] | str | None = None) -> Any:
    """Declare one column of a `Table`.

    Args:
        dtype: `float`, `int` or `bool`.
        fill: Value of a new row that does not give its own.
        width: Shape of one row's value (None for a scalar), or the name of a size given to the table.
    """
    return _Spec(dtype, fill, width)


def rows_of(copy: Copied) -> int:
    """Return the number of rows of a copy of a table."""
    return len(next(iter(copy.values())).T)


class Table:
    """Columns of equal length; a row is an organisation and its number a permanent id.

    Columns of one type stand in one block of memory, in the order in which they are declared: so a quarter of all of
    them is copied at once, and neighbours can be worked on together. A column whose width is named stands alone.
    """

    _specs: ClassVar[dict[str, _Spec]] = {}
    _place: ClassVar[dict[str, slice]] = {}  # of a column in the block of its type
    _lines: ClassVar[dict[type, int]] = {}  # of each block

    def __init_subclass__(cls) -> None:
        """Collect the declared columns."""
        declared = {name: spec for name, spec in vars(cls).items() if isinstance(spec, _Spec)}
        cls._specs = {**cls._specs, **declared}
        cls._place, cls._lines = {}, {}
        for name, spec in cls._specs.items():
            if not isinstance(spec.width, str):
                first = cls._lines.get(spec.dtype, 0)
                cls._lines[spec.dtype] = first + (spec.width[0] if spec.width else 1)
                cls._place[name] = slice(first, cls._lines[spec.dtype])
        for name in declared:
            delattr(cls, name)

    def __init__(self, capacity: int = 16, **sizes: int) -> None:
        """Make an empty table.

        Args:
            capacity: Rows to reserve; more are reserved when needed.
            sizes: The sizes that columns name as their width.
        """
        self.n = 0
        self._sizes = sizes
        self._allocate(max(capacity, 1))
        self._show()

    def __len__(self) -> int:
        return self.n

    def names(self) -> Iterator[str]:
        """Yield the names of the columns."""
        return iter(self._specs)

    def append(self, count: int = 1, **values: Any) -> int:
        """Append rows and return the number of the first.

        Args:
            count: Rows to append.
            values: Per column one value for all rows, or `count` values.
        """
        first, last = self.n, self.n + count
        self._reserve(last)
        for name, value in values.items():
            self._store[name][first:last] = value
        self.n = last
        self._show()
        return first

    def together(self, first: str, last: str) -> npt.NDArray[Any]:
        """Return neighbouring columns of one type, from `first` to `last`, as the rows of one array."""
        if (first, last) not in self._neighbours:
            block = self._blocks[self._specs[first].dtype]
            self._neighbours[first, last] = block[self._place[first].start : self._place[last].stop, : self.n]
        return self._neighbours[first, last]

    def copied(self) -> Copied:
        """Return a copy of all columns but those whose width is named."""
        return {kind: block[:, : self.n].copy() for kind, block in self._blocks.items()}

    def append_copied(self, copies: Sequence[Copied]) -> None:
        """Append the rows of copies of tables, whose columns are the first of each type of this table."""
        first, last = self.n, self.n + sum(rows_of(copy) for copy in copies)
        self._reserve(last)
        for kind in copies[0] if copies else ():
            blocks = [copy[kind] for copy in copies]
            np.concatenate(blocks, axis=1, out=self._blocks[kind][: len(blocks[0]), first:last])
        self.n = last
        self._show()

    def _allocate(self, capacity: int) -> None:
        self._capacity = capacity
        self._blocks: Copied = {kind: np.empty((n, capacity), dtype=kind) for kind, n in self._lines.items()}
        self._wide: dict[str, npt.NDArray[Any]] = {
            name: np.empty((capacity, self._sizes[spec.width]), dtype=spec.dtype)
            for name, spec in self._specs.items()
            if isinstance(spec.width, str)
        }
        self._divide()
        for name, spec in self._specs.items():
            self._store[name][:] = spec.fill

    def _divide(self) -> None:
        """Give every column its part of the block of its type."""
        self._store: dict[str, npt.NDArray[Any]] = dict(self._wide)
        for name, place in self._place.items():
            spec = self._specs[name]
            block = self._blocks[spec.dtype][place]
            self._store[name] = block.T if spec.width else block[0]

    def _reserve(self, rows: int) -> None:
        if rows <= self._capacity:
            return
        before = self._store
        self._allocate(max(rows, 2 * self._capacity))
        for name, store in self._store.items():
            store[: self.n] = before[name][: self.n]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what only shows part of a block: copied apart, the two would drift apart."""
        apart = {"_store", "_neighbours", *self._specs}
        return {name: value for name, value in vars(self).items() if name not in apart}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._divide()
        self._show()

    def _show(self) -> None:
        vars(self).update({name: store[: self.n] for name, store in self._store.items()})
        self._neighbours: dict[tuple[str, str], npt.NDArray[Any]] = {}  # those that were asked for


class _OnARow(Protocol):
    table: Table
    row: int


class Cell:
    """An agent's attribute that lives in a column of its table.

    Args:
        meaning: The enumeration of a coded column; then the attribute reads as its member.
    """

    def __init__(self, meaning: type[IntEnum] | None = None) -> None:
        self.meaning = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, agent: _OnARow | None, owner: type) -> Any:
        if agent is None:
            return self
        value = getattr(agent.table, self.name)[agent.row]
        if value.ndim:
            return value
        return self.meaning(int(value)) if self.meaning else value.item()

    def __set__(self, agent: _OnARow, value: Any) -> None:
        getattr(agent.table, self.name)[agent.row] = value
