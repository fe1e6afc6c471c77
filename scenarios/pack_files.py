"""The files of a region pack: what each holds, column by column, and reading them as far as they can be read.

Four files a pack must have: `region.toml`, provinces, labour-market regions and schools. The others, and columns with a
default, may be left out; `scenarios/country.py` fills in what is not there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import InputError
from scenarios.tables import (
    Allowed,
    Count,
    Euro,
    Folder,
    Name,
    Quarter,
    Refers,
    Row,
    Share,
    ShareOrUnknown,
    Slug,
    Slugs,
    Table,
    Trend,
    YesNo,
    allowed_words,
    nearest,
    one_of,
    quote,
)
from scenarios.versions import check_version

SIZES = ("micro", "klein", "middel", "groot")
"""Firm sizes: 2-9, 10-49, 50-249 and 250 or more working persons."""
TRACKS = ("bbl", "bol")
LEVELS = (1, 2, 3, 4)
MOST_IN_ALL = 5_000_000
"""Firms, and students, that a pack may have: more than the country has."""
OTHER_KINDS = ("gemeente", "zorginstelling", "brancheorganisatie", "vmbo", "kennisinstelling", "overig")
SCHEMA_VERSION = 1

TOML = "region.toml"


# --- the files ----------------------------------------------------------------------------------------------


class RegionToml(BaseModel):
    """What region.toml says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1]
    name: Slug
    title_nl: Name
    title_en: Name
    about_nl: Name
    about_en: Name
    known_until: Quarter = "2018-Q3"


class ProvinceRow(Row):
    """A province. The last three columns may be left out.

    Attributes:
        id: Permanent id.
        name: Name.
        population_share: Share of the inhabitants of the Netherlands.
        mbo_share: Share of the mbo students (BBL + BOL) of the Netherlands.
        budget_euro_year: Money of the province for PPS policy, euro a year.
        orchestration: Capacity to bring partnerships together, 0-1.
    """

    FILE: ClassVar[str] = "provinces.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name: Name
    population_share: Share
    mbo_share: Share = 0.0
    budget_euro_year: Euro = 0
    orchestration: Share = 0.0


class LabourMarketRegion(Row):
    """A labour-market region (arbeidsmarktregio). The columns after `province` may be left out.

    Attributes:
        id: Permanent id.
        name: Name.
        province: Id of its province.
        inflow_trend: Relative change of mbo inflow a year in 2012-2017, beyond the national one.
        trend_before: The same of students before 2012, by what graduates did in the years after.
        bbl_start: Share of the students at the start that is in BBL; None if nothing is reported: then that of all.
        bbl_decline: Share of the BBL places lost in 2012-2017 beyond the business cycle; None if nothing is
            reported: then that of the country, a parameter, holds.
        inhabitants: Inhabitants around 2011. Only what is left out of the pack is spread by them.
    """

    FILE: ClassVar[str] = "labour_market_regions.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name: Name
    province: Annotated[Slug, Refers("province")]
    inflow_trend: Trend = 0.0
    trend_before: Trend = 0.0
    bbl_start: ShareOrUnknown = None
    bbl_decline: ShareOrUnknown = None
    inhabitants: Annotated[Count, Field(ge=1), Allowed("a whole number, 1 or more")] = 1


class AdjacencyRow(Row):
    """Two regions that border on each other; one row a pair."""

    FILE: ClassVar[str] = "adjacency.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region_a", "region_b")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True
    MAY_BE_EMPTY: ClassVar[bool] = True

    region_a: Annotated[Slug, Refers("region")]
    region_b: Annotated[Slug, Refers("region")]


class EmploymentRow(Row):
    """A sector in a region. The last column may be left out.

    Attributes:
        region: Id of the region.
        sector: Id of the sector.
        share: Share of the region's employment that is in the sector.
        inflow_trend: Relative change of mbo inflow a year in 2012-2017, beyond that of the region and of the sector.
    """

    FILE: ClassVar[str] = "employment.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region", "sector")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True

    region: Annotated[Slug, Refers("region")]
    sector: Annotated[Slug, Refers("sector")]
    share: Share
    inflow_trend: Trend = 0.0


class SchoolRow(Row):
    """An mbo school: ROC, AOC or vakschool.

    Attributes:
        id: Permanent id.
        name: Name.
        kind: roc, aoc or vakschool.
        region: Id of the labour-market region of its seat.
        students: mbo students at the start, October 2011.
        leads: Whether it leads partnerships (penvoerder). This column may be left out.
    """

    FILE: ClassVar[str] = "schools.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name: Name
    kind: Literal["roc", "aoc", "vakschool"]
    region: Annotated[Slug, Refers("region")]
    students: Count
    leads: YesNo = True


class SchoolSectorRow(Row):
    """Share of a school's students in a sector, without entree."""

    FILE: ClassVar[str] = "school_sectors.csv"
    KEY: ClassVar[tuple[str, ...]] = ("school", "sector")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True

    school: Annotated[Slug, Refers("school")]
    sector: Annotated[Slug, Refers("sector")]
    share: Share


class HogeschoolRow(Row):
    """A hogeschool.

    Attributes:
        id: Permanent id.
        name: Name.
        region: Id of the labour-market region of its seat.
        lectoraten: Number of lectoraten.
        sectors: Ids of the sectors in which it teaches.
    """

    FILE: ClassVar[str] = "hogescholen.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    MAY_BE_LEFT_OUT: ClassVar[bool] = True
    MAY_BE_EMPTY: ClassVar[bool] = True

    id: Slug
    name: Name
    region: Annotated[Slug, Refers("region")]
    lectoraten: Count
    sectors: Annotated[Slugs, Refers("sector")]


class EnrolmentRow(Row):
    """Share of all students at the start in a level and track."""

    FILE: ClassVar[str] = "enrolment.csv"
    KEY: ClassVar[tuple[str, ...]] = ("level", "track")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True

    level: Annotated[Count, Field(ge=1, le=4), Allowed("a level from 1 to 4")]
    track: Literal["bbl", "bol"]
    share: Share


class FirmsRow(Row):
    """Accredited training companies of one size, without the large employers."""

    FILE: ClassVar[str] = "firms.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region", "sector", "size")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True

    region: Annotated[Slug, Refers("region")]
    sector: Annotated[Slug, Refers("sector")]
    size: Literal["micro", "klein", "middel", "groot"]
    count: Count


class LargeEmployerRow(Row):
    """One of the largest employers, an agent of its own.

    Attributes:
        id: Permanent id.
        name: Name.
        region: Id of its labour-market region.
        sector: Id of its sector.
        employees: Working persons.
    """

    FILE: ClassVar[str] = "large_employers.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    MAY_BE_LEFT_OUT: ClassVar[bool] = True
    MAY_BE_EMPTY: ClassVar[bool] = True

    id: Slug
    name: Name
    region: Annotated[Slug, Refers("region")]
    sector: Annotated[Slug, Refers("sector")]
    employees: Annotated[Count, Field(ge=250), Allowed("250 working persons or more")]


class KnownPps(Row):
    """A partnership that is known to have started.

    Attributes:
        id: Permanent id.
        name: Name.
        lead_school: Id of the school that leads it.
        region: Id of its labour-market region.
        sector: Id of its sector.
        start_from: First quarter in which it can have started.
        start_to: Last quarter in which it can have started.
        location: Where it mostly works.
        form: Legal form.
    """

    FILE: ClassVar[str] = "known_pps.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    MAY_BE_LEFT_OUT: ClassVar[bool] = True
    MAY_BE_EMPTY: ClassVar[bool] = True

    id: Slug
    name: Name
    lead_school: Annotated[Slug, Refers("school")]
    region: Annotated[Slug, Refers("region")]
    sector: Annotated[Slug, Refers("sector")]
    start_from: Quarter
    start_to: Quarter
    location: Literal["school", "company", "own", "unknown"]
    form: Literal["agreement", "bv", "network", "unknown"]


class OtherPartnersRow(Row):
    """How many possible partners of another kind there are in a region."""

    FILE: ClassVar[str] = "other_partners.csv"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "region")
    MAY_BE_LEFT_OUT: ClassVar[bool] = True

    kind: Literal["gemeente", "zorginstelling", "brancheorganisatie", "vmbo", "kennisinstelling", "overig"]
    region: Annotated[Slug, Refers("region")]
    count: Count


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PackTables:
    """All that was read of a pack, right or wrong."""

    about: RegionToml | None
    provinces: Table[ProvinceRow]
    regions: Table[LabourMarketRegion]
    schools: Table[SchoolRow]
    adjacency: Table[AdjacencyRow]
    employment: Table[EmploymentRow]
    school_sectors: Table[SchoolSectorRow]
    hogescholen: Table[HogeschoolRow]
    enrolment: Table[EnrolmentRow]
    firms: Table[FirmsRow]
    large_employers: Table[LargeEmployerRow]
    known_pps: Table[KnownPps]
    other_partners: Table[OtherPartnersRow]

    def all(self) -> tuple[Table[Any], ...]:
        """Return the tables, in the order in which they are read."""
        return tuple(value for value in vars(self).values() if isinstance(value, Table))


ROWS: tuple[type[Row], ...] = (
    ProvinceRow, LabourMarketRegion, SchoolRow, AdjacencyRow, EmploymentRow, SchoolSectorRow, HogeschoolRow,
    EnrolmentRow, FirmsRow, LargeEmployerRow, KnownPps, OtherPartnersRow,
)  # fmt: skip
"""What the rows of each table are, in the order in which the tables are read."""
FILES = (TOML, *(row.FILE for row in ROWS))


def read_pack(folder: Folder) -> PackTables:
    """Read every file: cells, columns and keys. What is wrong is noted in the folder."""
    return PackTables(
        about=_read_toml(folder),
        provinces=folder.table(ProvinceRow),
        regions=folder.table(LabourMarketRegion),
        schools=folder.table(SchoolRow),
        adjacency=folder.table(AdjacencyRow),
        employment=folder.table(EmploymentRow),
        school_sectors=folder.table(SchoolSectorRow),
        hogescholen=folder.table(HogeschoolRow),
        enrolment=folder.table(EnrolmentRow),
        firms=folder.table(FirmsRow),
        large_employers=folder.table(LargeEmployerRow),
        known_pps=folder.table(KnownPps),
        other_partners=folder.table(OtherPartnersRow),
    )


def empty_tables(
    provinces: Sequence[ProvinceRow], regions: Sequence[LabourMarketRegion], schools: Sequence[SchoolRow]
) -> PackTables:
    """Return the tables of a pack with only the files it must have, without the means of provinces."""
    must_be_there: dict[type[Row], Sequence[Row]] = {
        ProvinceRow: provinces, LabourMarketRegion: regions, SchoolRow: schools
    }  # fmt: skip
    means = frozenset({"mbo_share", "budget_euro_year", "orchestration"})
    tables: list[Any] = [
        Table(row.FILE, tuple(rows), (0,) * len(rows), left_out=means if row is ProvinceRow else frozenset())
        if (rows := must_be_there.get(row))
        else Table[Any](row.FILE, (), (), is_there=False)
        for row in ROWS
    ]
    return PackTables(None, *tables)


def _read_toml(folder: Folder) -> RegionToml | None:
    """Read region.toml, or note what is wrong with it."""
    text, where = folder.text(TOML), folder.where(TOML)
    if text is None:
        return None
    try:
        said = tomllib.loads(text)
        check_version(said, SCHEMA_VERSION, _place("schema_version", text, where))
        return RegionToml.model_validate(said)
    except ValidationError as error:
        kinds = {str(detail["loc"][0]): detail["type"] for detail in error.errors()}
        # A misspelled key is unknown and leaves its right name missing: only the first is told.
        unknown = [key for key, kind in kinds.items() if kind == "extra_forbidden"]
        meant = {near for key in unknown for near in nearest(key, RegionToml.model_fields)[:1]}
        for key in (key for key in kinds if key not in meant):
            folder.problems.append(_toml_problem(key, kinds[key], _place(key, text, where)))
    except InputError as problem:
        folder.problems.append(problem)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, numbers too long to read, nesting too deep
        what, allowed = f"not readable as TOML ({error})", 'lines like name = "zeeland"'
        found = re.search(r"at line (\d+)", str(error))
        line = found[1] if found else text.count("\n") + 1  # tomllib says "at end of document"
        folder.problems.append(InputError(what, f"{where}, line {line}", allowed))
    return None


def _place(key: str, text: str, where: str) -> str:
    """Return how errors name the line on which a key stands; the last, where it can be added, if it is not there."""
    found = re.search(rf"^[ \t]*[\"'\[]*{re.escape(key)}\b", text, re.MULTILINE)
    line = text.count("\n", 0, found.start()) + 1 if found else max(1, len(text.splitlines()))
    return f"{where}, line {line}"


def _toml_problem(key: str, kind: str, where: str) -> InputError:
    """Say what is wrong with one key."""
    keys = tuple(RegionToml.model_fields)
    if kind == "missing":
        return InputError(f"key {key} is missing", where, "the keys " + ", ".join(keys))
    if kind == "extra_forbidden":
        return InputError(f"unknown key {quote(key)}", where, one_of(keys, key))
    return InputError(f"the value of {key} is wrong", where, allowed_words(RegionToml, key))
