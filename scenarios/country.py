"""What holds for the country on average, and filling in with it what a region pack leaves out.

A pack needs its provinces, labour-market regions and schools. Of everything else there is as much as the country has,
in proportion to inhabitants or students, where the pack has no file or column for it. Every such thing is an assumption
about the region, and is kept as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from scenarios.national import NATIONAL_DIR, National
from scenarios.pack_files import (
    ROWS,
    SIZES,
    AdjacencyRow,
    EmploymentRow,
    EnrolmentRow,
    FirmsRow,
    HogeschoolRow,
    KnownPps,
    OtherPartnersRow,
    PackTables,
    SchoolSectorRow,
)
from scenarios.tables import Allowed, Count, Folder, Quarter, Refers, Row, Share, Slug, Table, grid

SOURCE = "assumed: national share, this region may differ"
"""What stands as the source of everything that was filled in. A row of a pack that says so counts as filled in too."""

type Floats = npt.NDArray[np.float64]


# --- the files ----------------------------------------------------------------------------------------------


class _Mean(Row):
    """One number about the country."""

    FILE: ClassVar[str] = "means.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Literal["inhabitants", "students", "lectoraten", "budget_euro_year", "orchestration"]
    value: Annotated[float, Field(ge=0, allow_inf_nan=False), Allowed("a number, 0 or more")]


class _Employment(Row):
    """Share of employment in a sector."""

    FILE: ClassVar[str] = "employment.csv"
    KEY: ClassVar[tuple[str, ...]] = ("sector",)

    sector: Annotated[Slug, Refers("sector")]
    share: Share


class _Programme(Row):
    """Share of the students of a kind of school in a sector, without entree."""

    FILE: ClassVar[str] = "programmes.csv"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "sector")

    kind: Literal["roc", "aoc", "vakschool"]
    sector: Annotated[Slug, Refers("sector")]
    share: Share


class _Firms(Row):
    """Accredited training companies of a sector and size."""

    FILE: ClassVar[str] = "firms.csv"
    KEY: ClassVar[tuple[str, ...]] = ("sector", "size")

    sector: Annotated[Slug, Refers("sector")]
    size: Literal["micro", "klein", "middel", "groot"]
    count: Count


class _OtherPartners(Row):
    """Possible partners of another kind."""

    FILE: ClassVar[str] = "other_partners.csv"
    KEY: ClassVar[tuple[str, ...]] = ("kind",)

    kind: Literal["gemeente", "zorginstelling", "brancheorganisatie", "vmbo", "kennisinstelling", "overig"]
    count: Count


class _Starts(Row):
    """Partnerships that started in a window."""

    FILE: ClassVar[str] = "starts.csv"
    KEY: ClassVar[tuple[str, ...]] = ("start_from", "start_to")

    start_from: Quarter
    start_to: Quarter
    count: Count


@dataclass(frozen=True, eq=False)
class Country:
    """The country as a whole.

    Attributes:
        means: Inhabitants, students and lectoraten (number), budget for PPS policy (euro a year), orchestration (0-1).
        employment: Share of employment by sector.
        programmes: Share of the students by sector, for each kind of school.
        enrolment: Share of all students at the start in a level and track.
        firms: Accredited training companies by sector and size.
        other_partners: Possible partners by kind.
        starts: Partnerships that started, by window.
    """

    means: dict[str, float]
    employment: Table[_Employment]
    programmes: Table[_Programme]
    enrolment: Table[EnrolmentRow]
    firms: Table[_Firms]
    other_partners: Table[_OtherPartners]
    starts: Table[_Starts]


@cache
def load_country() -> Country:
    """Return the numbers of the country that come with the project."""
    folder = Folder(NATIONAL_DIR / "country")
    means = folder.table(_Mean)
    country = Country(
        {row.id: row.value for row in means.rows},
        folder.table(_Employment),
        folder.table(_Programme),
        folder.table(EnrolmentRow),
        folder.table(_Firms),
        folder.table(_OtherPartners),
        folder.table(_Starts),
    )
    if folder.problems:
        raise folder.problems[0]
    return country


# --- filling in ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assumption:
    """Something of a region that was filled in from the country.

    Attributes:
        file: File of the pack.
        column: The column that is left out; empty if it is the file, or some of its rows.
        rows: How many rows of the file say that they hold what the country has; 0 if file or column are left out.
    """

    file: str
    column: str = ""
    rows: int = 0


def complete(tables: PackTables, national: National) -> tuple[PackTables, tuple[Assumption, ...]]:
    """Fill in what a pack leaves out.

    Args:
        tables: A pack in which nothing is wrong.
        national: Data of the country, for its sectors.

    Returns:
        The pack with all its files and columns, and what was filled in.
    """
    assumed = tuple(_assumptions(tables))
    if not assumed:
        return tables, ()
    country = load_country()
    tables = _with_columns(tables, country)
    for name, make in _MAKERS.items():
        table = getattr(tables, name)
        if not table.is_there:
            rows = tuple(make(tables, national, country))
            filled: dict[str, Any] = {name: Table(table.where, rows, (0,) * len(rows))}
            tables = replace(tables, **filled)
    return tables, assumed


def _assumptions(tables: PackTables) -> Iterator[Assumption]:
    """Yield what a pack leaves out, in the order of its files."""
    spread = any(not table.is_there for table in (tables.firms, tables.other_partners, tables.hogescholen))
    alone = len(tables.regions.rows) == len(tables.provinces.rows)
    for row, table in zip(ROWS, tables.all(), strict=True):
        if not table.is_there:
            yield Assumption(row.FILE)
        for column in row.columns():
            # inhabitants only matter where something is spread over the regions of a province
            if column in table.left_out and (column != "inhabitants" or (spread and not alone)):
                yield Assumption(row.FILE, column)
        if rows := sum(SOURCE in each.source for each in table.rows):
            yield Assumption(row.FILE, rows=rows)


def _with_columns(tables: PackTables, country: Country) -> PackTables:
    """Fill in the columns of provinces that are left out; those of other tables have a default that holds as it is."""
    provinces, place = tables.provinces, {region.id: region.province for region in tables.regions.rows}
    students = {province.id: 0 for province in provinces.rows}
    for school in tables.schools.rows:
        students[place[school.region]] += school.students
    rows = []
    for province in provinces.rows:
        means = {
            "mbo_share": round(min(1.0, students[province.id] / country.means["students"]), 4),
            "budget_euro_year": round(province.population_share * country.means["budget_euro_year"]),
            "orchestration": country.means["orchestration"],
        }
        rows.append(province.model_copy(update={name: means[name] for name in provinces.left_out & means.keys()}))
    return replace(tables, provinces=replace(provinces, rows=tuple(rows)))


def _weights(tables: PackTables) -> Floats:
    """Return the share of the inhabitants of the country in each region: those of the province, spread over it."""
    regions = tables.regions.rows
    inside = {province.id: 0 for province in tables.provinces.rows}
    for region in regions:
        inside[region.province] += region.inhabitants
    share = {province.id: province.population_share for province in tables.provinces.rows}
    return np.array([share[region.province] * region.inhabitants / inside[region.province] for region in regions])


def _adjacency(tables: PackTables, _national: National, _country: Country) -> Iterator[AdjacencyRow]:
    """Let all regions of a province border on each other."""
    for left, right in combinations(tables.regions.rows, 2):
        if left.province == right.province:
            yield AdjacencyRow.model_construct(region_a=left.id, region_b=right.id, source=SOURCE)


def _employment(tables: PackTables, _national: National, country: Country) -> Iterator[EmploymentRow]:
    """Give each region the employment of the country."""
    for region in tables.regions.rows:
        for row in country.employment.rows:
            yield EmploymentRow.model_construct(
                region=region.id, sector=row.sector, share=row.share, inflow_trend=0.0, source=SOURCE
            )


def _school_sectors(tables: PackTables, _national: National, country: Country) -> Iterator[SchoolSectorRow]:
    """Give each school the sectors of the schools of its kind."""
    for school in tables.schools.rows:
        for row in country.programmes.rows:
            if row.kind == school.kind:
                yield SchoolSectorRow.model_construct(
                    school=school.id, sector=row.sector, share=row.share, source=SOURCE
                )


def _hogescholen(tables: PackTables, national: National, country: Country) -> Iterator[HogeschoolRow]:
    """Give each province one hogeschool, in its largest region and in all sectors, with its part of the lectoraten."""
    sectors, weights = tuple(sector.id for sector in national.sectors if sector.has_firms), _weights(tables)
    for province in tables.provinces.rows:
        lectoraten = round(province.population_share * country.means["lectoraten"])
        there = [row for row, region in enumerate(tables.regions.rows) if region.province == province.id]
        seat = tables.regions.rows[max(there, key=lambda row: weights[row])].id
        if lectoraten:
            yield HogeschoolRow.model_construct(
                id=f"hogeschool-{province.id}", name=f"Hogeschool {province.name}", region=seat, lectoraten=lectoraten,
                sectors=sectors, source=SOURCE,
            )  # fmt: skip


def _enrolment(_tables: PackTables, _national: National, country: Country) -> Iterator[EnrolmentRow]:
    """Give all students the levels and tracks of the country."""
    for row in country.enrolment.rows:
        yield row.model_copy(update={"source": SOURCE})


def _firms(tables: PackTables, national: National, country: Country) -> Iterator[FirmsRow]:
    """Give each region as many firms for each inhabitant as the country has; sectors follow employment."""
    ids = [sector.id for sector in national.sectors]
    regions, axes = [region.id for region in tables.regions.rows], {"sector": ids}
    total = grid(country.firms, axes | {"size": SIZES}, "count").astype(np.float64)
    usual = grid(country.employment, axes, "share")
    local = grid(tables.employment, {"region": regions} | axes, "share")
    quotient = np.divide(local, usual, out=np.zeros_like(local), where=usual > 0)
    firms = quotient[:, :, None] * total
    firms *= (_weights(tables) * total.sum() / np.maximum(firms.sum(axis=(1, 2)), 1.0))[:, None, None]
    counts = np.stack([_whole(firms[:, :, size]) for size in range(len(SIZES))], axis=2)
    for employer in tables.large_employers.rows:  # they are not counted twice
        cell = regions.index(employer.region), ids.index(employer.sector), len(SIZES) - 1
        counts[cell] = max(0, counts[cell] - 1)
    for (region, sector, size), count in np.ndenumerate(counts):
        yield FirmsRow.model_construct(
            region=regions[region], sector=ids[sector], size=SIZES[size], count=int(count), source=SOURCE
        )


def _known_pps(tables: PackTables, national: National, country: Country) -> Iterator[KnownPps]:
    """Let as many partnerships have started as the students ask for, where most of them are taught."""
    leading = [school for school in tables.schools.rows if school.leads]
    axes = {"school": [school.id for school in leading], "sector": [sector.id for sector in national.sectors]}
    students = np.array([school.students for school in leading], dtype=np.float64)
    taught = grid(tables.school_sectors, axes, "share") * students[:, None]
    here, number = sum(province.mbo_share for province in tables.provinces.rows), 0
    for window in country.starts.rows:
        counts = _whole(taught * (here * window.count / max(taught.sum(), 1.0)))
        for school, sector in np.argwhere(counts).tolist():
            for _ in range(counts[school, sector]):
                number += 1
                yield KnownPps.model_construct(
                    id=f"onbekend-{number}", name=f"Onbekende PPS {number} ({national.sectors[sector].name_nl})",
                    lead_school=leading[school].id, region=leading[school].region, sector=axes["sector"][sector],
                    start_from=window.start_from, start_to=window.start_to, location="unknown", form="unknown",
                    source=SOURCE,
                )  # fmt: skip


def _other_partners(tables: PackTables, _national: National, country: Country) -> Iterator[OtherPartnersRow]:
    """Give each region as many possible partners for each inhabitant as the country has."""
    for row in country.other_partners.rows:
        counts = _whole(_weights(tables) * row.count)
        for region, count in zip(tables.regions.rows, counts.tolist(), strict=True):
            yield OtherPartnersRow.model_construct(kind=row.kind, region=region.id, count=count, source=SOURCE)


def _none(_tables: PackTables, _national: National, _country: Country) -> Iterator[Row]:
    """Give the region no large employer of its own: they are among the firms."""
    return iter(())


def _whole(values: Floats) -> npt.NDArray[np.int64]:
    """Return whole numbers with the rounded sum of the values, by largest remainder; ties go to the earlier one."""
    flat = values.ravel()
    down = np.floor(flat).astype(np.int64)
    order = np.argsort(down - flat, kind="stable")
    down[order[: round(float(flat.sum())) - int(down.sum())]] += 1
    return down.reshape(values.shape)


type _Maker = Callable[[PackTables, National, Country], Iterator[Row]]

_MAKERS: Mapping[str, _Maker] = {
    "adjacency": _adjacency,
    "employment": _employment,
    "school_sectors": _school_sectors,
    "hogescholen": _hogescholen,
    "enrolment": _enrolment,
    "large_employers": _none,
    "firms": _firms,
    "known_pps": _known_pps,
    "other_partners": _other_partners,
}
"""What makes the rows of each table that may be left out; each may build on those before it."""
