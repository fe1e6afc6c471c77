"""What was reported: rows of five reports (evidence) and of public statistics and rules (public facts).

The two tables hold every row that a parameter, a scenario file or a calibration target cites. A citation is an
evidence id or `public:` and the id of a public fact. Rows that are kept for validation stand in other files, which
this module does not know.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType

from agents.errors import InputError

EVIDENCE = Path(__file__).with_name("evidence.csv")
PUBLIC_FACTS = Path(__file__).with_name("public_facts.csv")
ROLES = ("calibrate", "initial", "parameter", "context")
PUBLIC = "public:"

NO_TARGET = {
    "put-in": "the model is given it, so that showing it again is no evidence",
    "dependent": "follows from other targets, or says the same in other words",
    "benchmark": "stands beside a target as the number of the country, and is part of its tolerance",
    "no-concept": "the model has no such thing",
    "other-definition": "counts something else, or does not say what",
    "other-region": "about a region that is not simulated, or without a year",
    "one-case": "about one organisation or partnership, or the most extreme one",
    "hbo": "about Centres of Expertise of the hbo, which the model does not have",
    "opinion": "a judgement of respondents",
    "no-measure": "a date, or words that set no limit",
}
"""Why a row of role calibrate or validate has no target."""

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
        role: What it may be used for: `calibrate` to fit, `initial` and `parameter` to set up, `context` for
            neither, `validate` only to test what was fitted to others.
        quote: The words of the report, a citation.
        note: What to know before using it.
        no_target: Why it has no target, a key of `NO_TARGET`; empty if it has one or is not to be compared with.
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
    no_target: str


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
        role: What it may be used for, as of `Evidence`.
        source_title: Who published it.
        source_address: Where, without the scheme of the address.
        note: What to know before using it.
        no_target: Why it has no target, as of `Evidence`.
    """

    id: str
    region: str
    period: str
    quantity: str
    unit: str
    value: float
    role: str
    source_title: str
    source_address: str
    note: str
    no_target: str


type Reported = Evidence | PublicFact


@cache
def load_evidence() -> Mapping[str, Evidence]:
    """Return the evidence by id, in the order of the file.

    Raises:
        InputError: If an id stands twice, a value is no number or a role is unknown.
    """
    return load_rows(EVIDENCE, ROLES, lambda cells, value: make_row(Evidence, cells, value))


@cache
def load_public_facts() -> Mapping[str, PublicFact]:
    """Return the public facts by id, in the order of the file.

    Raises:
        InputError: If an id stands twice, a value is no number or a role is unknown.
    """
    return load_rows(PUBLIC_FACTS, ROLES, lambda cells, value: make_row(PublicFact, cells, value))


def cited(source: str) -> tuple[str, ...]:
    """Return the citations in a source cell, without remarks and the words that stand for a guess.

    Args:
        source: Items joined by `; `, such as `nb-mbo-enrolled; public:bbl-2016; assumed: even over regions`.
    """
    items = source.split("; ")
    return tuple(item for item in items if item not in _WORDS and not item.startswith(_REMARKS))


def find(citation: str) -> Reported | None:
    """Return the row that a citation names, or None if there is none or it is kept for validation."""
    if citation.startswith(PUBLIC):
        return load_public_facts().get(citation.removeprefix(PUBLIC))
    return load_evidence().get(citation)


def make_row[R: (Evidence, PublicFact)](kind: type[R], cells: Mapping[str, str], value: float) -> R:
    """Return a row of a kind from cells, of which it takes those that it has."""
    return kind(**{field.name: cells[field.name] for field in fields(kind) if field.name != "value"}, value=value)


def load_rows[R](path: Path, roles: tuple[str, ...], make: Callable[[dict[str, str], float], R]) -> Mapping[str, R]:
    """Return the rows of a table by id, in the order of the file.

    Args:
        path: The table.
        roles: Roles that its rows may have.
        make: Makes a row of its cells (without the value) and its value.

    Raises:
        InputError: If an id stands twice, a value is no number, or a role or a reason is unknown.
    """
    rows: dict[str, R] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for cells in reader:
            where = f"{path.name}, line {reader.line_num}"
            if cells["id"] in rows:
                raise InputError(f"id {cells['id']} stands twice", where, "each id once")
            if cells["role"] not in roles:
                raise InputError(f"{cells['id']} has the role {cells['role']!r}", where, ", ".join(roles))
            if cells["no_target"] and cells["no_target"] not in NO_TARGET:
                raise InputError(f"no_target of {cells['id']} is {cells['no_target']!r}", where, ", ".join(NO_TARGET))
            try:
                value = float(cells.pop("value"))
            except ValueError:
                raise InputError(f"the value of {cells['id']} is no number", where, "a decimal number") from None
            rows[cells["id"]] = make(cells, value)
    return MappingProxyType(rows)
