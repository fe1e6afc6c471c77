"""Reading small tables that people edit: CSV files checked cell by cell, with errors that say what to change.

A table is declared once, as a `Row` class: its fields are the columns, in order, and their types say what a
cell may hold and how that is told to a person. Nothing here stops at the first mistake: problems are
collected in a list, so that a caller can raise the first or show them all. A line with a mistake keeps the cells that
are right, so that what depends on those can be checked all the same.
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
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

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
_DUTCH_DECIMAL = re.compile(r"^(-?[0-9]{1,15}),([0-9]{1,20}([eE]-?[0-9]{1,2})?)$")
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
    """One line of a table. Fields are the columns; every table ends with where its numbers come from.

    A column whose field has a default may be left out of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    FILE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    """Columns that together may occur only once."""
    MAY_BE_EMPTY: ClassVar[bool] = False
    """Whether a file with only the column names is fine."""
    MAY_BE_LEFT_OUT: ClassVar[bool] = False
    """Whether the file need not be there."""

    source: Source

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the columns in the order of the file: as declared, `source` last."""
        return (*(name for name in cls.model_fields if name != "source"), "source")


@dataclass(frozen=True)
class Table[R: Row]:
    """The rows of one file, with the line each stands on.

    Attributes:
        where: How errors name the file: folder/file.
        rows: The rows that are right.
        lines: The line of each.
        broken: Line and right cells of each row in which a cell is wrong.
        sound: Whether every line of the file is a row, right or broken.
        left_out: Columns that may be left out and are.
        is_there: Whether there is a file; one that may be left out has no rows then.
    """

    where: str
    rows: tuple[R, ...]
    lines: tuple[int, ...]
    broken: tuple[tuple[int, R], ...] = ()
    sound: bool = True
    left_out: frozenset[str] = frozenset()
    is_there: bool = True

    @property
    def whole(self) -> bool:
        """Whether the file is there and without a wrong cell."""
        return self.is_there and self.sound and not self.broken

    def at(self, line: int) -> str:
        """Return how errors name a line."""
        return f"{self.where}, line {line}"

    def numbered(self) -> Iterator[tuple[str, R]]:
        """Yield each row that is right with the words that say where it stands."""
        for line, row in zip(self.lines, self.rows, strict=True):
            yield self.at(line), row

    def having(self, *columns: str) -> Iterator[tuple[int, R]]:
        """Yield line and row, by line, of all rows of which these cells are right; those of broken rows too."""
        right = zip(self.lines, self.rows, strict=True)
        needed = set(columns) - self.left_out
        partly = ((line, row) for line, row in self.broken if needed <= row.model_fields_set)
        yield from sorted((*right, *partly), key=lambda numbered: numbered[0])

    def values(self, column: str) -> list[Any] | None:
        """Return the cells of a column, or None if not all of them are known."""
        known = [getattr(row, column) for _, row in self.having(column)]
        return known if self.is_there and self.sound and len(known) == len(self.rows) + len(self.broken) else None


# --- words of errors ----------------------------------------------------------------------------------------


def quote(value: object) -> str:
    """Return a value as shown in an error: printable and short."""
    shown = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return shown if len(shown) <= 60 else shown[:56] + "...'"


def nearest(given: str, names: Iterable[str]) -> list[str]:
    """Return the names that may have been meant, the nearest first."""
    return difflib.get_close_matches(given[:100], list(names), n=3, cutoff=0.6)


def one_of(names: Iterable[str], given: str = "") -> str:
    """Return the names a person may choose from, the ones nearest to what was given first."""
    known = list(names)
    near = nearest(given, known)
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
        files: The files that may be in it, as far as they are known.
        problems: One InputError for each mistake found so far, in the order of reading.
    """

    def __init__(self, path: Path, files: Sequence[str] = ()) -> None:
        """Start without having read anything."""
        self.path = path
        self.files = files
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
        """Read and check one file against its declaration; what is wrong is noted.

        Args:
            model: The declaration, which knows the file name, the columns and the key.

        Returns:
            The rows that could be read, in the order of the file.
        """
        where = self.where(model.FILE)
        if model.MAY_BE_LEFT_OUT and self._left_out(model.FILE):
            return Table(where, (), (), is_there=False)
        text = self.text(model.FILE)
        table = Table[R](where, (), (), sound=False) if text is None else self._rows(model, text, where)
        _check_unique(table, model.KEY, self.problems)
        return table

    def _left_out(self, name: str) -> bool:
        """Return whether a file is not there, and none whose name seems to be meant for it."""
        return not os.path.lexists(self.path / name) and not self._near(name)

    def _near(self, name: str) -> list[str]:
        """Return the file in the folder that may have been meant, if there is one."""
        try:
            others = {other.lower(): other for other in os.listdir(self.path) if other not in self.files}
        except OSError:  # a folder that may not be listed; a file in it may still be read
            return []
        return [others[near] for near in difflib.get_close_matches(name, others, n=1, cutoff=0.7)]

    def _note(self, what: str, where: str, allowed: str) -> None:
        self.problems.append(InputError(what, where, allowed))

    def _bytes(self, name: str) -> bytes:
        """Return the bytes of a file that is there and small."""
        path = self.path / name
        if not os.path.isfile(path):
            near = self._near(name)
            hint = f"this file; perhaps {quote(near[0])} should have this name" if near else "this file in the folder"
            raise InputError("the file is missing", self.where(name), hint)
        if path.stat().st_size > MAX_BYTES:
            raise InputError("the file is too large", self.where(name), f"at most {MAX_BYTES // 1_000_000} MB")
        return path.read_bytes()

    def _rows[R: Row](self, model: type[R], text: str, where: str) -> Table[R]:
        """Read the lines of a file; stop after very many mistakes."""
        good: list[tuple[int, R]] = []
        broken: list[tuple[int, R]] = []
        header: list[str] = []
        sound, before = True, len(self.problems)
        try:
            for line, cells in self._records(text, where):
                here = f"{where}, line {line}"
                if not header:
                    if not self._header_fits(model, cells, here):
                        return Table(where, (), (), sound=False)
                    header = cells
                elif len(self.problems) - before >= MAX_PROBLEMS:
                    raise InputError(f"{MAX_PROBLEMS} mistakes or more above", here, "fewer, to check the rest")
                elif len(cells) != len(header):
                    self._note(f"{len(cells)} cells", here, f"{len(header)} cells, one for each column")
                    sound = False
                else:
                    row, is_right = self._row(model, dict(zip(header, cells, strict=True)), here)
                    (good if is_right else broken).append((line, row))
        except InputError as problem:
            self.problems.append(problem)
            sound = False
        if not header:
            if sound:
                self._note("the file is empty", where, "a line with the columns " + ", ".join(model.columns()))
            return Table(where, (), (), sound=False)
        if len(self.problems) == before and not good and not model.MAY_BE_EMPTY:
            self._note("the file has no rows", where, "one line or more below the column names")
        rows, lines = tuple(row for _, row in good), tuple(line for line, _ in good)
        left_out = frozenset(model.columns()) - set(header)
        return Table(where, rows, lines, tuple(broken), sound, left_out)

    def _records(self, text: str, where: str) -> Iterator[tuple[int, list[str]]]:
        """Split CSV text into records with the line they start on; blank lines and comments are passed over."""
        # A comment may hold any character, a quote too. A spreadsheet puts quotes around one that holds a comma.
        lines = ("\n" if line.startswith("#") else line for line in io.StringIO(text, newline=""))
        dutch = _is_dutch(text)
        reader = csv.reader(lines, strict=True, delimiter=";" if dutch else ",")
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                what = f"not readable as CSV ({error})"
                raise InputError(what, f"{where}, line {line}", "cells with , between them") from None
            if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
                yield line, [_DUTCH_DECIMAL.sub(r"\1.\2", cell) for cell in cells] if dutch else cells

    def _header_fits(self, model: type[Row], header: list[str], where: str) -> bool:
        """Note what is wrong with the column names; return whether the table can be read."""
        expected, before = model.columns(), len(self.problems)
        every = "the columns " + ", ".join(expected)
        if len(header) > 2 * len(expected):
            self._note(f"{len(header)} columns", where, every)
            return False
        for name in expected:
            if name not in header and model.model_fields[name].is_required():
                self._note(f"column {name} is missing", where, every)
        for position, name in enumerate(header):
            if name not in expected:
                self._note(f"unknown column {quote(name)}", where, one_of(expected, name))
            elif name in header[:position]:
                self._note(f"column {name} is there twice", where, "each column once")
        return len(self.problems) == before

    def _row[R: Row](self, model: type[R], cells: dict[str, str], where: str) -> tuple[R, bool]:
        """Return one line and whether it is right; of a broken one the cells that are right, the others noted."""
        try:
            return model.model_validate(cells), True
        except ValidationError as error:
            # One problem a column: pydantic names each item of a list apart.
            wrong = list(dict.fromkeys(str(detail["loc"][0]) for detail in error.errors()))
            for column in wrong:
                value = cells[column]
                what = f"{column} is {quote(value)}" if value.strip() else f"{column} is empty"
                self._note(what, f"{where}, column {column}", allowed_words(model, column))
            right = {name: _cell(model, name).validate_python(cells[name]) for name in cells if name not in wrong}
            return model.model_construct(set(right), **right), False


def _is_dutch(text: str) -> bool:
    """Return whether a Dutch spreadsheet wrote a file: with ; between cells and a comma in decimals."""
    lines = (line for line in io.StringIO(text) if line.strip() and not line.lstrip('"').startswith("#"))
    first = next(lines, "")
    return ";" in first and "," not in first


@cache
def _cell(model: type[Row], column: str) -> TypeAdapter[Any]:
    """Return what reads one cell of a column."""
    return TypeAdapter(model.model_fields[column].rebuild_annotation())


def _check_unique[R: Row](table: Table[R], key: Sequence[str], problems: list[InputError]) -> None:
    """Note every row whose key stands on an earlier line."""
    seen: dict[tuple[object, ...], int] = {}
    for line, row in table.having(*key):
        values = tuple(getattr(row, column) for column in key)
        if values in seen:
            what = f"duplicate {', '.join(key)}: {', '.join(map(str, values))}"
            problems.append(InputError(what, table.at(line), f"each once; the first is on line {seen[values]}"))
        seen.setdefault(values, line)


# --- checks over tables -------------------------------------------------------------------------------------


def check_references[R: Row](
    table: Table[R], known: Mapping[str, Sequence[str] | None], problems: list[InputError]
) -> None:
    """Note every cell that refers to an id that does not exist.

    Args:
        table: The rows.
        known: For each name used in `Refers`, the ids there are; None if not all are known, so that none is wrong.
        problems: Receives the problems.
    """
    for line, row in table.having():
        for column, to in _references(type(row)).items():
            ids = known[to]
            if ids is None or column not in row.model_fields_set:
                continue
            cell = getattr(row, column)
            for value in cell if isinstance(cell, tuple) else (cell,):
                if value not in ids:
                    what, where = f"unknown {to} {quote(value)}", f"{table.at(line)}, column {column}"
                    problems.append(InputError(what, where, one_of(ids, value)))


@cache
def _references(model: type[Row]) -> dict[str, str]:
    """Return the columns that refer to ids, each with the name of these ids."""
    fields = model.model_fields.items()
    return {column: extra.to for column, field in fields for extra in field.metadata if isinstance(extra, Refers)}


def grid[R: Row](table: Table[R], axes: Mapping[str, Sequence[Any]], value: str) -> npt.NDArray[Any]:
    """Turn rows into an array with one axis for each key column; a combination without a row is 0.

    Args:
        table: Rows that passed all checks.
        axes: For each key column, the values along that axis, in order.
        value: The column that fills the array.

    Returns:
        A read-only array, of whole numbers if the column holds them.
    """
    found = {tuple(getattr(row, column) for column in axes): getattr(row, value) for row in table.rows}
    numbers = [found.get(names, 0) for names in product(*axes.values())]
    return read_only(np.array(numbers).reshape([len(names) for names in axes.values()]))


def read_only[D: np.generic](array: npt.NDArray[D]) -> npt.NDArray[D]:
    """Return the array, closed for writing."""
    array.flags.writeable = False
    return array
