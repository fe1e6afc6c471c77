"""What must hold in a region pack beyond single cells: between cells, rows and files.

Each rule looks at what could be read, and leaves alone what it cannot know because of another mistake: a row with a
wrong cell does not make its school unknown, and shares of which one cannot be read are not added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from agents.errors import InputError
from scenarios.national import ENTREE, National
from scenarios.pack_files import (
    LEVELS,
    MOST_IN_ALL,
    OTHER_KINDS,
    SIZES,
    TRACKS,
    LabourMarketRegion,
    PackTables,
    SchoolRow,
)
from scenarios.scenario import LATEST, START
from scenarios.tables import SUM_TOLERANCE, Row, Table, check_references

type Problems = Iterator[InputError]


def broken_rules(tables: PackTables, national: National) -> list[InputError]:
    """Return what is wrong between cells, rows and files, all at once."""
    ids = {
        "province": tables.provinces.values("id"),
        "region": tables.regions.values("id"),
        "school": tables.schools.values("id"),
        "sector": [sector.id for sector in national.sectors],
    }
    problems: list[InputError] = []
    for table in tables.all():
        check_references(table, ids, problems)
    problems += _neighbours(tables)
    problems += _provinces(tables)
    problems += _sectors(tables, {sector.id for sector in national.sectors if not sector.has_firms})
    problems += _partnerships(tables)
    problems += _combinations(tables, ids)
    problems += _shares(tables, ids)
    problems += _total("student", tables.schools, "students")
    problems += _total("firm", tables.firms, "count")
    return problems


def _neighbours(tables: PackTables) -> Problems:
    """Yield pairs of one region, and pairs that are there twice."""
    table, seen = tables.adjacency, dict[tuple[str, str], int]()
    for line, row in table.having("region_a", "region_b"):
        pair, mirrored = (row.region_a, row.region_b), (row.region_b, row.region_a)
        if pair == mirrored:
            yield InputError(f"{row.region_a} borders on itself", table.at(line), "two different regions")
        elif mirrored in seen and pair not in seen:  # the same pair again is a duplicate key
            what = f"duplicate pair {row.region_a}, {row.region_b}"
            yield InputError(what, table.at(line), f"each pair once; the first is on line {seen[mirrored]}")
        seen.setdefault(pair, line)


def _provinces(tables: PackTables) -> Problems:
    """Yield provinces without a region."""
    used = tables.regions.values("province")
    for line, province in tables.provinces.having("id"):
        if used is not None and province.id not in used:
            allowed = f"a region of it in {LabourMarketRegion.FILE}"
            yield InputError(f"province {province.id} has no region", tables.provinces.at(line), allowed)


def _sectors(tables: PackTables, without_firms: set[str]) -> Problems:
    """Yield rows about entree, or about firms in a sector that has none."""
    for line, taught in tables.school_sectors.having("sector"):
        if taught.sector == ENTREE:
            allowed = "other sectors: entree students follow from level 1"
            yield InputError("sector entree", tables.school_sectors.at(line), allowed)
    for line, firms in tables.firms.having("sector", "count"):
        if firms.count and firms.sector in without_firms:
            allowed = "0: the sector has no firms of its own"
            yield InputError(f"{firms.count} firms in {firms.sector}", tables.firms.at(line), allowed)
    for line, employer in tables.large_employers.having("sector"):
        if employer.sector in without_firms:
            allowed = "a sector that has firms of its own"
            yield InputError(f"sector {employer.sector}", tables.large_employers.at(line), allowed)


def _partnerships(tables: PackTables) -> Problems:
    """Yield known partnerships that cannot be."""
    table = tables.known_pps
    for line, pps in table.having("start_from", "start_to"):
        if pps.start_from > pps.start_to:  # quarters sort as text
            what = f"start_from {pps.start_from} is after start_to {pps.start_to}"
            yield InputError(what, table.at(line), "a window that does not end before it starts")
        elif pps.start_from < START or pps.start_to > LATEST:
            what = f"the window is {pps.start_from} to {pps.start_to}"
            yield InputError(what, table.at(line), f"a window from {START} to {LATEST}, the time that is simulated")
    followers = {school.id for _, school in tables.schools.having("id", "leads") if not school.leads}
    for line, pps in table.having("lead_school"):
        if pps.lead_school in followers:
            what = f"lead_school {pps.lead_school} has leads = no"
            yield InputError(what, table.at(line), f"a school with leads = yes in {SchoolRow.FILE}")


def _combinations(tables: PackTables, ids: Mapping[str, Sequence[str] | None]) -> Problems:
    """Yield combinations without a row."""
    regions, sectors = ids["region"], ids["sector"]
    yield from _missing(tables.employment, {"region": regions, "sector": sectors})
    yield from _missing(tables.enrolment, {"level": LEVELS, "track": TRACKS})
    yield from _missing(tables.firms, {"region": regions, "sector": sectors, "size": SIZES})
    yield from _missing(tables.other_partners, {"region": regions, "kind": OTHER_KINDS})


def _missing[R: Row](table: Table[R], axes: Mapping[str, Sequence[Any] | None]) -> Problems:
    """Yield a problem for each value along the first axis that lacks combinations, at the last line about it."""
    columns = [table.values(column) for column in axes]
    if any(values is None for values in (*columns, *axes.values())):
        return
    known = [values for values in axes.values() if values is not None]
    if any(value not in allowed for column, allowed in zip(columns, known, strict=True) for value in column or ()):
        return  # a combination may be missing because it is misspelled
    found = {tuple(getattr(row, column) for column in axes): line for line, row in table.having(*axes)}
    end = max(found.values(), default=1)
    for first in known[0]:
        lines = [line for names, line in found.items() if names[0] == first]
        missing = [names for rest in product(*known[1:]) if (names := (first, *rest)) not in found]
        if missing:
            one = ", ".join(f"{column} {name}" for column, name in zip(axes, missing[0], strict=True))
            more = f" and {len(missing) - 1} more combinations" if len(missing) > 1 else ""
            allowed = "a row for each combination, 0 if there is none"
            yield InputError(f"no row for {one}{more}", table.at(max(lines, default=end)), allowed)


def _shares(tables: PackTables, ids: Mapping[str, Sequence[str] | None]) -> Problems:
    """Yield shares that do not add up, at the first line of those that are added."""
    yield from _sums(tables.employment, "region", ids["region"], at_most=True)
    yield from _sums(tables.school_sectors, "school", ids["school"])
    if tables.enrolment.whole:
        numbered = list(_once(tables.enrolment))
        yield from _sum(sum(row.share for _, row in numbered), tables.enrolment.at(numbered[0][0]))
    taught = tables.school_sectors.values("school")
    for line, school in tables.schools.having("id") if taught is not None else ():
        if school.id not in (taught or ()):
            allowed = f"rows with its sectors in {tables.school_sectors.where}"
            yield InputError(f"no students by sector of {school.id}", tables.schools.at(line), allowed)


def _sums(table: Table[Any], group: str, known: Sequence[str] | None, *, at_most: bool = False) -> Problems:
    """Yield groups of which the shares do not add up; not one of which a line cannot be read, or may be misspelled."""
    names = table.values(group)
    if names is None or known is None:
        return
    at_most = at_most or not set(names) <= set(known)
    unread = {getattr(row, group) for _, row in table.broken}
    shares: dict[str, list[float]] = defaultdict(list)
    first: dict[str, int] = {}
    for line, row in _once(table):
        shares[getattr(row, group)].append(row.share)
        first.setdefault(getattr(row, group), line)
    for name, parts in shares.items():
        if name in known and name not in unread:
            yield from _sum(sum(parts), f"{table.at(first[name])}, {group} {name}", at_most=at_most)


def _once[R: Row](table: Table[R]) -> Iterator[tuple[int, R]]:
    """Yield line and row of each key once: a duplicate is a mistake of its own."""
    seen: set[tuple[object, ...]] = set()
    for line, row in zip(table.lines, table.rows, strict=True):
        key = tuple(getattr(row, column) for column in row.KEY)
        if key not in seen:
            yield line, row
        seen.add(key)


def _sum(total: float, where: str, *, at_most: bool = False) -> Problems:
    """Yield shares that do not sum to 1 (or sum to more, if `at_most`)."""
    if total > 1 + SUM_TOLERANCE or (not at_most and total < 1 - SUM_TOLERANCE):
        limit = f"a sum of {'at most ' if at_most else ''}1, within {SUM_TOLERANCE:g}"
        yield InputError(f"the shares sum to {total:.6g}", where, limit)


def _total(thing: str, table: Table[Any], column: str) -> Problems:
    """Yield a total that no region has; too many would fill the memory long before a run begins."""
    if not table.whole:
        return
    total = sum(getattr(row, column) for row in table.rows)
    where = f"{table.at(min(table.lines, default=1))}, column {column}"
    if not total:
        yield InputError(f"no {thing}s in total", where, f"one {thing} or more")
    if total > MOST_IN_ALL:
        yield InputError(f"{total} {thing}s in total", where, f"{MOST_IN_ALL} at most")
