"""The parameter table: every domain number with value, range, unit, status, source and meaning.

`parameters.csv` is the one place where the numbers stand. `parameter_fields.py` is made from it, so that code
reads `p.contacts_per_fte` and mypy knows the name; `python -m agents.parameters` makes it anew.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.errors import InputError
from agents.parameter_fields import Parameters

TABLE = Path(__file__).with_name("parameters.csv")
FIELDS = Path(__file__).with_name("parameter_fields.py")
STATUSES = ("reported", "derived", "calibrated", "assumed")


@dataclass(frozen=True)
class ParameterRow:
    """One row of the table."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    status: str
    source: str
    meaning_nl: str
    meaning_en: str


@cache
def parameter_table() -> Mapping[str, ParameterRow]:
    """Return the rows of the table by name, in the order of the file."""
    rows = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            numbers = {key: float(row.pop(key)) for key in ("value", "low", "high")}
            rows[row["name"]] = ParameterRow(**row, **numbers)  # type: ignore[arg-type]
    return rows


def table_digest() -> str:
    """Return the SHA-256 of the table, so that a run knows its input."""
    return hashlib.sha256(TABLE.read_bytes()).hexdigest()


def make_parameters(changes: Mapping[str, float] | None = None, where: str = "parameters") -> Parameters:
    """Return the defaults with some values changed.

    Args:
        changes: New values by name.
        where: File or option that gives them, for the message.

    Raises:
        InputError: If a name is unknown or a value is no finite number within its range.
    """
    table = parameter_table()
    values = {name: row.value for name, row in table.items()}
    for name, value in (changes or {}).items():
        if name not in table:
            near = difflib.get_close_matches(name[:60], table, n=1)
            hint = f"did you mean {near[0]}?" if near else "a name that `pps parameters` lists"
            raise InputError(f"unknown parameter {reprlib.repr(name)}", where, hint)
        row = table[name]
        if isinstance(value, bool) or not row.low <= value <= row.high:
            raise InputError(
                f"{name} is {reprlib.repr(value)}", where, f"a number from {row.low:g} to {row.high:g} ({row.unit})"
            )
        values[name] = float(value)
    return Parameters(**values)


def as_dict(parameters: Parameters) -> dict[str, float]:
    """Return all values by name."""
    return dict(vars(parameters))


def fields_source() -> str:
    """Return the source of `parameter_fields.py` that fits the table."""
    lines = [
        '"""The parameters by name; made from parameters.csv by `python -m agents.parameters`, do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from dataclasses import dataclass",
        "",
        "",
        "@dataclass(frozen=True)",
        "class Parameters:",
        '    """Every domain number of the model; units and sources stand in parameters.csv."""',
        "",
    ]
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines += [f"    {row['name']}: float  # {row['unit']}" for row in csv.DictReader(file)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FIELDS.write_text(fields_source(), encoding="utf-8")
