"""What was reported: rows of five reports (evidence) and of public statistics and rules (public facts).

The two tables hold every row that a parameter or a scenario file cites as its source. A citation is an evidence
id or `public:` and the id of a public fact.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from agents.errors import InputError

EVIDENCE = Path(__file__).with_name("evidence.csv")
PUBLIC_FACTS = Path(__file__).with_name("public_facts.csv")
ROLES = ("initial-condition", "parameter", "calibration-target", "validation-target", "context")
PUBLIC = "public:"

# What may stand in a source cell beside citations.
_WORDS = ("assumption", "pps_list")
_REMARKS = ("assumed: ", "derived: ")


@dataclass(frozen=True)
class Evidence:
    """One number that a report prints.

    Attributes:
        id: Permanent id.
        report: Title, publisher and year of the report.
        section: Where in the report it stands.
        region: Region that it is about.
        period: Year or years that it is about; `-` if it holds in general.
        quantity: What was counted or measured.
        unit: Unit of the value.
        value: The number.
        statistic: What kind of number: count, share, mean, median, min, max, relative-change and the like.
        role: What it may be used for, one of `ROLES`. A validation target may set no parameter.
        quote: The words of the report, a citation.
        note: What to know before using it.
    """

    id: str
    report: str
    section: str
    region: str
    period: str
    quantity: str
    unit: str
    value: float
    statistic: str
    role: str
    quote: str
    note: str


@dataclass(frozen=True)
class PublicFact:
    """One number of public statistics or of a published rule.

    Attributes:
        id: Permanent id, cited as `public:` and this id.
        region: Region that it is about.
        period: Year, round or years that it is about.
        quantity: What was counted or set.
        unit: Unit of the value.
        value: The number.
        source_title: Who published it.
        source_address: Where, without the scheme of the address.
        note: What to know before using it.
    """

    id: str
    region: str
    period: str
    quantity: str
    unit: str
    value: float
    source_title: str
    source_address: str
    note: str


@cache
def load_evidence() -> Mapping[str, Evidence]:
    """Return the evidence by id, in the order of the file.

    Raises:
        InputError: If an id stands twice or a value is no number.
    """
    return _load(EVIDENCE, lambda cells, value: Evidence(**cells, value=value))


@cache
def load_public_facts() -> Mapping[str, PublicFact]:
    """Return the public facts by id, in the order of the file.

    Raises:
        InputError: If an id stands twice or a value is no number.
    """
    return _load(PUBLIC_FACTS, lambda cells, value: PublicFact(**cells, value=value))


def cited(source: str) -> tuple[str, ...]:
    """Return the citations in a source cell, without remarks and the words that stand for a guess.

    Args:
        source: Items joined by `; `, such as `nb-mbo-enrolled; public:bbl-2016; assumed: even over regions`.
    """
    items = source.split("; ")
    return tuple(item for item in items if item not in _WORDS and not item.startswith(_REMARKS))


def find(citation: str) -> Evidence | PublicFact | None:
    """Return the row that a citation names, or None if there is none."""
    if citation.startswith(PUBLIC):
        return load_public_facts().get(citation.removeprefix(PUBLIC))
    return load_evidence().get(citation)


def _load[R](path: Path, make: Callable[[dict[str, str], float], R]) -> Mapping[str, R]:
    rows: dict[str, R] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for cells in reader:
            where = f"{path.name}, line {reader.line_num}"
            if cells["id"] in rows:
                raise InputError(f"id {cells['id']} stands twice", where, "each id once")
            try:
                value = float(cells.pop("value"))
            except ValueError:
                raise InputError(f"the value of {cells['id']} is no number", where, "a decimal number") from None
            rows[cells["id"]] = make(cells, value)
    return MappingProxyType(rows)
