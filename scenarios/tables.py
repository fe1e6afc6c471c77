"""Reading small tables that people edit: CSV files checked cell by cell, with errors that say what to change.

A table is declared once, as a `Row` class: its fields are the columns, in order, and their types say what a
cell may hold and how that is told to a person. Nothing here stops at the first mistake: problems are
collected in a list, so that a caller can raise the first or show them all.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agents.errors import InputError

MAX_BYTES = 5_000_000
SUM_TOLERANCE = 1e-6
"""How far a sum of printed shares may be from 1."""

MAX_PROBLEMS = 50
"""Mistakes in one file after which reading it stops: the rest is of the same kind."""

_SHOWN = 12
"""Names shown in an error before the list is cut."""


# --- what a cell may hold -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Allowed:
    """The words that tell a person what a cell may hold."""

    text: str


@dataclass(frozen=True)
class Refers:
    """A cell (or each item of a list) must be an id that exists: `to` names the set of ids."""

    to: str


def _matching(pattern: str) -> BeforeValidator:
    """Refuse text of another form before pydantic reads it, which would take '1_000', ' 1' and the like."""
    compiled = re.compile(pattern)

    def check(cell: object) -> object:
        if not isinstance(cell, str) or not compiled.fullmatch(cell):
            raise ValueError
        return cell

    return BeforeValidator(check)


def _items(cell: object) -> object:
    """Split a semicolon list."""
    return tuple(item.strip() for item in cell.split(";")) if isinstance(cell, str) else cell


def _yes_no(cell: object) -> object:
    """Read yes and no."""
    return {"yes": True, "no": False}[cell] if cell in ("yes", "no") else None


_WHOLE = _matching(r"-?[0-9]{1,15}")
_DECIMAL = _matching(r"-?[0-9]{1,15}(\.[0-9]{1,20})?([eE]-?[0-9]{1,2})?")
_SLUG = r"[a-z0-9]+([_-][a-z0-9]+)*"
_REFERENCE = rf"((assumed|derived): [^;\x00-\x1f]*[^;\s]|public:{_SLUG}|(?!(assumed|derived|public)\b){_SLUG})"

Slug = Annotated[
    str,
    Field(pattern=f"^{_SLUG}$", max_length=60),
    Allowed("an id: lower-case letters, digits, - and _, at most 60"),
]
Name = Annotated[
    str,
    Field(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*\S)?$", max_length=500),
    Allowed("a text of one line"),
]
Source = Annotated[
    str,
    _matching(rf"{_REFERENCE}(; {_REFERENCE})*"),
    Field(max_length=1000),
    Allowed("its origin: evidence id, public:ID, pps_list, 'assumed: why' or 'derived: how', joined by '; '"),
]
Quarter = Annotated[str, Field(pattern=r"^20[0-9]{2}-Q[1-4]$"), Allowed("a quarter like 2014-Q3")]
Year = Annotated[int, _WHOLE, Field(ge=2000, le=2100), Allowed("a year from 2000 to 2100")]
Count = Annotated[int, _WHOLE, Field(ge=0, le=1_000_000_000), Allowed("a whole number, 0 or more")]
Euro = Annotated[int, _WHOLE, Field(ge=0, le=1_000_000_000_000), Allowed("whole euros, 0 or more")]
Share = Annotated[
    float,
    _DECIMAL,
    Field(ge=0, le=1, allow_inf_nan=False),
    Allowed("a number from 0 to 1 with a decimal point"),
]
Trend = Annotated[
    float,
    _DECIMAL,
    Field(ge=-1, le=1, allow_inf_nan=False),
    Allowed("a yearly change from -1 to 1, 0.02 is +2%"),
]
Ratio = Annotated[
    float,
    _DECIMAL,
    Field(gt=0, le=100, allow_inf_nan=False),
    Allowed("a number above 0 with a decimal point"),
]
ShareOrUnknown = Annotated[
    float | None,
    BeforeValidator(lambda cell: None if cell == "" else cell),
    Allowed("a number from 0 to 1 with a decimal point, or nothing if it is not known"),
]
YesNo = Annotated[bool, BeforeValidator(_yes_no), Allowed("yes or no")]
ZeroOne = Annotated[bool, _matching("[01]"), Allowed("0 or 1")]
Slugs = Annotated[
    tuple[Annotated[str, Field(pattern=f"^{_SLUG}$", max_length=60)], ...],
    BeforeValidator(_items),
    Allowed("ids joined by ';'"),
]


class Row(BaseModel):
    """One line of a table. Fields are the columns; every table ends with where its numbers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    FILE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    """Columns that together may occur only once."""
    MAY_BE_EMPTY: ClassVar[bool] = False
    """Whether a file with only the column names is fine."""

    source: Source

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the columns in the order of the file: as declared, `source` last."""
        return (*(name for name in cls.model_fields if name != "source"), "source")


@dataclass(frozen=True)
class Table[R: Row]:
    """The rows of one file, with the line each stands on."""

    where: str
    """How errors name the file: folder/file."""
    rows: tuple[R, ...]
    lines: tuple[int, ...]

    def numbered(self) -> Iterator[tuple[str, R]]:
        """Yield each row with the words that say where it stands."""
        for line, row in zip(self.lines, self.rows, strict=True):
            yield f"{self.where}, line {line}", row


# --- words of errors ----------------------------------------------------------------------------------------


def quote(value: object) -> str:
    """Return a value as shown in an error: printable and short."""
    shown = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return shown if len(shown) <= 60 else shown[:56] + "...'"


def one_of(names: Iterable[str], given: str = "") -> str:
    """Return the names a person may choose from, the ones nearest to what was given first."""
    known = list(names)
    near = difflib.get_close_matches(given[:100], known, n=3, cutoff=0.6)
    ordered = near + [name for name in known if name not in near]
    shown = ordered[:_SHOWN]
    if near:
        shown[0] += " (did you mean this?)"
    if len(ordered) > _SHOWN:
        shown.append(f"and {len(ordered) - _SHOWN} more")
    return ", ".join(shown) or "none, as there are none"


def allowed_words(model: type[BaseModel], column: str) -> str:
    """Return what a column may hold, in words."""
    field = model.model_fields[column]
    words = [extra.text for extra in field.metadata if isinstance(extra, Allowed)]
    if words:
        return words[-1]  # a narrower type adds its own words
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(value) for value in get_args(field.annotation))
    return str(field.annotation)


# --- reading ------------------------------------------------------------------------------------------------


class Folder:
    """A folder of data files: reads them, collects what is wrong and knows the digest of what it read.

    Attributes:
        path: The folder.
        problems: One InputError for each mistake found so far, in the order of reading.
    """

    def __init__(self, path: Path) -> None:
        """Start without having read anything."""
        self.path = path
        self.problems: list[InputError] = []
        self._read: dict[str, bytes] = {}

    def where(self, name: str) -> str:
        """Return how errors name a file."""
        return f"{self.path.name}/{name}"

    def digest(self) -> str:
        """Return the sha256 over the bytes read, sorted by file name, wherever the folder lies."""
        total = hashlib.sha256()
        for name, data in sorted(self._read.items()):
            total.update(f"{name} {len(data)}\n".encode() + data)
        return total.hexdigest()

    def text(self, name: str) -> str | None:
        """Return the text of a file, or None with the problem noted."""
        try:
            data = self._bytes(name)
            self._read[name] = data
            return data.decode("utf-8-sig")  # spreadsheets put a byte-order mark first
        except InputError as problem:
            self.problems.append(problem)
        except OSError as error:
            self._note(f"the file cannot be read ({error.strerror})", self.where(name), "a readable file")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            self._note("the text is not UTF-8", f"{self.where(name)}, line {line}", "a file saved as UTF-8")
        return None

    def table[R: Row](self, model: type[R]) -> Table[R]:
        """Read and check one file against its declaration; rows that are wrong are noted and left out.

        Args:
            model: The declaration, which knows the file name, the columns and the key.

        Returns:
            The rows that could be read, in the order of the file.
        """
        where = self.where(model.FILE)
        rows: list[R] = []
        lines: list[int] = []
        text = self.text(model.FILE)
        if text is not None:
            for line, row in self._rows(model, text, where):
                rows.append(row)
                lines.append(line)
        table = Table(where, tuple(rows), tuple(lines))
        _check_unique(table, model.KEY, self.problems)
        return table

    def _note(self, what: str, where: str, allowed: str) -> None:
        self.problems.append(InputError(what, where, allowed))

    def _bytes(self, name: str) -> bytes:
        """Return the bytes of a file that is there and small."""
        path = self.path / name
        if not os.path.isfile(path):
            near = difflib.get_close_matches(name, os.listdir(self.path), n=1, cutoff=0.7)
            hint = f"this file; perhaps {near[0]} should have this name" if near else "this file in the folder"
            raise InputError("the file is missing", self.where(name), hint)
        if path.stat().st_size > MAX_BYTES:
            raise InputError("the file is too large", self.where(name), f"at most {MAX_BYTES // 1_000_000} MB")
        return path.read_bytes()

    def _rows[R: Row](self, model: type[R], text: str, where: str) -> Iterator[tuple[int, R]]:
        """Yield the good rows of a file with their line; stop after very many mistakes."""
        records = self._records(text, where)
        first = next(records, None)
        if first is None:
            if not self.problems or not self.problems[-1].where.startswith(where):
                self._note("the file is empty", where, "a line with the columns " + ", ".join(model.columns()))
            return
        header = first[1]
        if not self._header_fits(model, header, f"{where}, line {first[0]}"):
            return
        line, before = 0, len(self.problems)
        for line, cells in records:
            here = f"{where}, line {line}"
            if len(cells) != len(header):
                self._note(f"{len(cells)} cells", here, f"{len(header)} cells, one for each column")
            elif (row := self._row(model, dict(zip(header, cells, strict=True)), here)) is not None:
                yield line, row
            if len(self.problems) - before >= MAX_PROBLEMS:
                return
        if line == 0 and len(self.problems) == before and not model.MAY_BE_EMPTY:
            self._note("the file has no rows", where, "one line or more below the column names")

    def _records(self, text: str, where: str) -> Iterator[tuple[int, list[str]]]:
        """Split CSV text into records with the line they start on; blank lines are passed over."""
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._note(f"not readable as CSV ({error})", f"{where}, line {line}", "cells with , between them")
                return
            if any(cell.strip() for cell in cells):
                yield line, cells

    def _header_fits(self, model: type[Row], header: list[str], where: str) -> bool:
        """Note what is wrong with the column names; return whether the table can be read."""
        expected, before = model.columns(), len(self.problems)
        every = "the columns " + ", ".join(expected)
        if len(header) == 1 and ";" in header[0]:
            self._note("the cells are separated by ;", where, "cells separated by , and decimals with a point")
            return False
        if len(header) > 2 * len(expected):
            self._note(f"{len(header)} columns", where, every)
            return False
        for name in expected:
            if name not in header:
                self._note(f"column {name} is missing", where, every)
        for position, name in enumerate(header):
            if name not in expected:
                self._note(f"unknown column {quote(name)}", where, one_of(expected, name))
            elif name in header[:position]:
                self._note(f"column {name} is there twice", where, "each column once")
        return len(self.problems) == before

    def _row[R: Row](self, model: type[R], cells: dict[str, str], where: str) -> R | None:
        """Read one line, or note every cell that is wrong."""
        try:
            return model.model_validate(cells)
        except ValidationError as error:
            # One problem a column: pydantic names each item of a list apart.
            for column in dict.fromkeys(str(detail["loc"][0]) for detail in error.errors()):
                value = cells[column]
                what = f"{column} is {quote(value)}" if value.strip() else f"{column} is empty"
                self._note(what, f"{where}, column {column}", allowed_words(model, column))
            return None


def _check_unique[R: Row](table: Table[R], key: Sequence[str], problems: list[InputError]) -> None:
    """Note every row whose key stands on an earlier line."""
    seen: dict[tuple[object, ...], int] = {}
    for (where, row), line in zip(table.numbered(), table.lines, strict=True):
        values = tuple(getattr(row, column) for column in key)
        if values in seen:
            what = f"duplicate {', '.join(key)}: {', '.join(map(str, values))}"
            problems.append(InputError(what, where, f"each once; the first is on line {seen[values]}"))
        seen.setdefault(values, line)


# --- checks over tables -------------------------------------------------------------------------------------


def check_references[R: Row](table: Table[R], known: Mapping[str, Sequence[str]], problems: list[InputError]) -> None:
    """Note every cell that refers to an id that does not exist.

    Args:
        table: The rows.
        known: For each name used in `Refers`, the ids there are.
        problems: Receives the problems.
    """
    for where, row in table.numbered():
        for column, field in type(row).model_fields.items():
            for refers in (extra for extra in field.metadata if isinstance(extra, Refers)):
                cell = getattr(row, column)
                for value in cell if isinstance(cell, tuple) else (cell,):
                    if value not in known[refers.to]:
                        what = f"unknown {refers.to} {quote(value)}"
                        problems.append(InputError(what, f"{where}, column {column}", one_of(known[refers.to], value)))


def grid[R: Row](
    table: Table[R],
    axes: Mapping[str, Sequence[Any]],
    value: str,
    problems: list[InputError],
    *,
    complete: bool = True,
) -> npt.NDArray[Any]:
    """Turn rows into an array with one axis for each key column.

    Args:
        table: Rows that passed their own checks.
        axes: For each key column, the values along that axis, in order.
        value: The column that fills the array.
        problems: Receives a problem for every combination without a row, if `complete`.
        complete: Whether each combination must have a row; otherwise one without a row is 0.

    Returns:
        A read-only array, of whole numbers if the column holds them.
    """
    found = {tuple(getattr(row, column) for column in axes): getattr(row, value) for row in table.rows}
    numbers = []
    for names in product(*axes.values()):
        if names not in found and complete:
            missing = ", ".join(f"{column} {name}" for column, name in zip(axes, names, strict=True))
            allowed = "a row for each combination, 0 if there is none"
            problems.append(InputError(f"no row for {missing}", table.where, allowed))
        numbers.append(found.get(names, 0))
    return read_only(np.array(numbers).reshape([len(names) for names in axes.values()]))


def check_sum(total: float, where: str, problems: list[InputError], *, at_most: bool = False) -> None:
    """Note shares that do not sum to 1 (or sum to more, if `at_most`)."""
    if total > 1 + SUM_TOLERANCE or (not at_most and total < 1 - SUM_TOLERANCE):
        limit = f"a sum of {'at most ' if at_most else ''}1, within {SUM_TOLERANCE:g}"
        problems.append(InputError(f"the shares sum to {total:.6g}", where, limit))


def read_only[D: np.generic](array: npt.NDArray[D]) -> npt.NDArray[D]:
    """Return the array, closed for writing."""
    array.flags.writeable = False
    return array
