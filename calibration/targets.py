"""Targets: what a run is compared with, by which observation, and how far it may be off.

A target cites what was reported (no number is copied), names an observation operator with its arguments and the
quarter in which to look, and gives a tolerance that follows from the report. Those of role calibrate stand in
`targets.csv`; those kept for validation in a file that this module does not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from agents.errors import InputError
from calibration.evidence import NO_TARGET, Reported, find
from calibration.observe import OPERATORS, argument_problem, moments
from scenarios.region import list_regions
from scenarios.scenario import LATEST, START
from scenarios.tables import Allowed, Folder, Row, Slug, one_of
from sim.calendar import quarter_number

FOLDER = Path(__file__).parent
PATTERNS = tuple(f"P{number}" for number in range(1, 14))
RATIO = " / "

type Pattern = Literal["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13"]
type Role = Literal["calibrate", "validate"]

_ID = r"(public:)?[a-z0-9]+(-[a-z0-9]+)*"
_PAIR = r"[a-z_]+=[A-Za-z0-9_.-]+"

Citations = Annotated[
    str,
    Field(pattern=f"^{_ID}( / {_ID})?$"),
    Allowed("an evidence id or public:ID, or two of them with ' / ' between for their ratio"),
]
Arguments = Annotated[
    str, Field(pattern=f"^({_PAIR}(; {_PAIR})*)?$"), Allowed("name=value, joined by '; ', or nothing")
]
Number = Annotated[str, Field(pattern=r"^-?[0-9.eE+-]+$"), Allowed("a number above 0 with a decimal point")]
Sentence = Annotated[str, Field(pattern=r"^\S.*\.$", max_length=400), Allowed("a sentence that ends with a full stop")]


class TargetRow(Row):
    """One line of a table of targets."""

    FILE: ClassVar[str] = "targets.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    evidence: Citations
    pattern: Annotated[str, Field(pattern=f"^({'|'.join(PATTERNS)})$"), Allowed("P1 to P13")]
    operator: Annotated[str, Allowed("the name of an observation operator")]
    arguments: Arguments
    when: Annotated[str, Allowed("a quarter such as 2018-Q2")]
    pack: Slug
    tolerance: Number
    why: Sentence
    source: str = ""  # stands in `evidence`

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the columns in the order of the file."""
        return tuple(name for name in cls.model_fields if name != "source")


@dataclass(frozen=True)
class Target:
    """What a run is compared with.

    Attributes:
        id: Permanent id.
        evidence: What it cites: an evidence id, `public:` and an id, or two of these for their ratio.
        pattern: Pattern of the model that it is of, P1 to P13.
        operator: Name of the operator that observes it in a run.
        arguments: Arguments of the operator.
        when: Quarter at the end of which to look.
        pack: Region pack in which to look.
        observed: The number reported, or the ratio of two.
        unit: Its unit.
        region: Region that the report is about.
        period: Year or years that the report is about.
        tolerance: Half the width of the interval around `observed` in which a run agrees with the report.
        why: Why the tolerance is what it is.
        role: What it may be used for.
    """

    id: str
    evidence: str
    pattern: Pattern
    operator: str
    arguments: Mapping[str, str | float]
    when: str
    pack: str
    observed: float
    unit: str
    region: str
    period: str
    tolerance: float
    why: str
    role: Role


@cache
def calibration_targets() -> tuple[Target, ...]:
    """Return the targets to fit, in the order of the file.

    Raises:
        InputError: If the file has a mistake.
    """
    return read_targets(FOLDER, TargetRow, "calibrate", find)


def read_targets(
    folder: Path, kind: type[TargetRow], role: Role, lookup: Callable[[str], Reported | None]
) -> tuple[Target, ...]:
    """Read and check a table of targets.

    Args:
        folder: Where the file stands.
        kind: Its declaration.
        role: Role of its targets; one row at least that a target cites has this role.
        lookup: Returns the row that a citation names.

    Raises:
        InputError: The first mistake, with file and line.
    """
    files = Folder(folder)
    table = files.table(kind)
    if files.problems:
        raise files.problems[0]
    targets = {where: _make(row, role, lookup, where) for where, row in table.numbered()}
    check_targets(targets.values(), targets)
    return tuple(targets.values())


def citations(evidence: str) -> tuple[str, ...]:
    """Return the one or two rows that a target cites."""
    return tuple(evidence.split(RATIO))


def _make(row: TargetRow, role: Role, lookup: Callable[[str], Reported | None], where: str) -> Target:
    found = [_cited(citation, lookup, where) for citation in citations(row.evidence)]
    if role not in [one.role for one in found] or found[0].no_target:
        why = f": {NO_TARGET[found[0].no_target]}" if found[0].no_target else f", its role is {found[0].role}"
        raise InputError(f"{row.evidence} is not for a target of role {role}{why}", where, f"a row of role {role}")
    observed, unit = found[0].value, found[0].unit
    if len(found) > 1:
        if not found[1].value:
            raise InputError(f"{row.evidence} divides by 0", where, "a row that is not 0 below the line")
        observed, unit = observed / found[1].value, _unit(unit, found[1].unit)
    return Target(
        id=row.id,
        evidence=row.evidence,
        pattern=row.pattern,  # type: ignore[arg-type]  # one of PATTERNS, as checked
        operator=row.operator,
        arguments=dict(_arguments(row.arguments)),
        when=row.when,
        pack=row.pack,
        observed=observed,
        unit=unit,
        region=found[0].region,
        period=found[0].period,
        tolerance=_number(row.tolerance),
        why=row.why,
        role=role,
    )


def _cited(citation: str, lookup: Callable[[str], Reported | None], where: str) -> Reported:
    found = lookup(citation)
    if found is None:
        raise InputError(f"{citation} is in no table of evidence", where, "an id that `pps evidence` lists")
    return found


def _unit(above: str, below: str) -> str:
    return "ratio" if above == below else f"{above}/{below}"


def _arguments(cell: str) -> Iterator[tuple[str, str | float]]:
    for pair in filter(None, cell.split("; ")):
        name, _, value = pair.partition("=")
        yield name, float(value) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else value


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def check_targets(targets: Iterable[Target], where: Iterable[str] = ()) -> None:
    """Check targets by themselves and against each other.

    Args:
        targets: The targets.
        where: How an error names each, such as its file and line; by default its id.

    Raises:
        InputError: The first mistake: an id twice, an impossible tolerance, an unknown operator or argument, a
            quarter that does not fit, or two targets that no run can meet together.
    """
    targets = tuple(targets)
    places = tuple(where) or tuple(target.id for target in targets)
    seen: dict[str, str] = {}
    for target, place in zip(targets, places, strict=True):
        if target.id in seen:
            raise InputError(f"the id {target.id} stands twice", place, f"each id once; the first is {seen[target.id]}")
        seen[target.id] = place
        _check_one(target, place)
    for (one, _), (other, place) in combinations(zip(targets, places, strict=True), 2):
        _check_pair(one, other, place)


def _check_one(target: Target, where: str) -> None:
    if not (math.isfinite(target.tolerance) and target.tolerance > 0):
        raise InputError(f"the tolerance of {target.id} is not a number above 0", where, "a number above 0")
    if target.operator not in OPERATORS:
        raise InputError(f"unknown operator {target.operator!r}", where, one_of(OPERATORS, target.operator))
    if target.pack not in list_regions():
        raise InputError(f"unknown region pack {target.pack!r}", where, one_of(list_regions(), target.pack))
    problem = argument_problem(target.operator, target.arguments)
    if problem is not None:
        raise InputError(problem[0], where, problem[1])
    _check_quarter(target, where)


def _check_quarter(target: Target, where: str) -> None:
    """Check that the quarter lies in the time simulated, in the period reported, and after what it looks back at."""
    number = quarter_number(target.when, where)
    if not quarter_number(START) <= number <= quarter_number(LATEST):
        raise InputError(f"{target.when} is outside what can be simulated", where, f"{START} to {LATEST}")
    years = [int(year) for year in re.findall(r"20[0-9]{2}", target.period)]
    if years and not max(years) <= number // 4 <= max(years) + 1:
        allowed = f"a quarter of {max(years)} or the year after"
        raise InputError(f"{target.when} does not fit the period reported, {target.period}", where, allowed)
    for moment in moments(target.arguments):
        if moment > number:
            what = f"{target.id} looks back from {target.when} at a later moment"
            raise InputError(what, where, "arguments of years and quarters before it")


def _check_pair(one: Target, other: Target, where: str) -> None:
    same = _observed(one) == _observed(other)
    if same and abs(one.observed - other.observed) > one.tolerance + other.tolerance:
        what = f"{one.id} and {other.id} contradict: the same observation, and no value within both tolerances"
        raise InputError(what, where, "intervals that overlap, or only one of the two")


def _observed(target: Target) -> tuple[object, ...]:
    return target.operator, dict(target.arguments), target.when, target.pack
