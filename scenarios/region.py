"""Region packs: the data of one region as a folder of small files, checked and loaded.

A pack is a folder with `region.toml` and the CSV files declared below. Packs shipped with the project are
known by name; any other folder is given as a path.
"""

from __future__ import annotations

import difflib
import os
import reprlib
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import InputError
from scenarios.national import ENTREE, National, load_national
from scenarios.policy import Policy
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
    check_references,
    check_sum,
    grid,
    one_of,
    quote,
    read_only,
)

SIZES = ("micro", "klein", "middel", "groot")
"""Firm sizes: 2-9, 10-49, 50-249 and 250 or more working persons."""
TRACKS = ("bbl", "bol")
LEVELS = (1, 2, 3, 4)
MOST_IN_ALL = 5_000_000
"""Firms, and students, that a pack may have: more than the country has."""
OTHER_KINDS = ("gemeente", "zorginstelling", "brancheorganisatie", "vmbo", "kennisinstelling", "overig")
SCHEMA_VERSION = 1

_PACKS_DIR = Path(__file__).parent / "regions"
_TOML = "region.toml"


# --- the files ----------------------------------------------------------------------------------------------


class _RegionToml(BaseModel):
    """What region.toml says."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Annotated[Literal[1], Allowed(f"{SCHEMA_VERSION}, the version this program reads")]
    name: Slug
    title_nl: Name
    title_en: Name
    about_nl: Name
    about_en: Name
    known_until: Quarter = "2018-Q3"


class ProvinceRow(Row):
    """A province.

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
    mbo_share: Share
    budget_euro_year: Euro
    orchestration: Share


class LabourMarketRegion(Row):
    """A labour-market region (arbeidsmarktregio).

    Attributes:
        id: Permanent id.
        name: Name.
        province: Id of its province.
        inflow_trend: Relative change of mbo inflow a year, beyond the national one.
        bbl_start: Share of the students at the start that is in BBL; None if nothing is reported: then that of all.
        bbl_decline: Share of the BBL places lost in 2012-2017 beyond the business cycle; None if nothing is
            reported: then that of the country, a parameter, holds.
    """

    FILE: ClassVar[str] = "labour_market_regions.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name: Name
    province: Annotated[Slug, Refers("province")]
    inflow_trend: Trend
    bbl_start: ShareOrUnknown
    bbl_decline: ShareOrUnknown


class _AdjacencyRow(Row):
    """Two regions that border on each other; one row a pair."""

    FILE: ClassVar[str] = "adjacency.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region_a", "region_b")
    MAY_BE_EMPTY: ClassVar[bool] = True

    region_a: Annotated[Slug, Refers("region")]
    region_b: Annotated[Slug, Refers("region")]


class _EmploymentRow(Row):
    """Share of a region's employment that is in a sector."""

    FILE: ClassVar[str] = "employment.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region", "sector")

    region: Annotated[Slug, Refers("region")]
    sector: Annotated[Slug, Refers("sector")]
    share: Share


class SchoolRow(Row):
    """An mbo school: ROC, AOC or vakschool.

    Attributes:
        id: Permanent id.
        name: Name.
        kind: roc, aoc or vakschool.
        region: Id of the labour-market region of its seat.
        students: mbo students at the start, October 2011.
        leads: Whether it leads partnerships (penvoerder).
    """

    FILE: ClassVar[str] = "schools.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name: Name
    kind: Literal["roc", "aoc", "vakschool"]
    region: Annotated[Slug, Refers("region")]
    students: Count
    leads: YesNo


class _SchoolSectorRow(Row):
    """Share of a school's students in a sector, without entree."""

    FILE: ClassVar[str] = "school_sectors.csv"
    KEY: ClassVar[tuple[str, ...]] = ("school", "sector")

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
    MAY_BE_EMPTY: ClassVar[bool] = True

    id: Slug
    name: Name
    region: Annotated[Slug, Refers("region")]
    lectoraten: Count
    sectors: Annotated[Slugs, Refers("sector")]


class _EnrolmentRow(Row):
    """Share of all students at the start in a level and track."""

    FILE: ClassVar[str] = "enrolment.csv"
    KEY: ClassVar[tuple[str, ...]] = ("level", "track")

    level: Annotated[Count, Field(ge=1, le=4), Allowed("a level from 1 to 4")]
    track: Literal["bbl", "bol"]
    share: Share


class _FirmsRow(Row):
    """Accredited training companies of one size, without the large employers."""

    FILE: ClassVar[str] = "firms.csv"
    KEY: ClassVar[tuple[str, ...]] = ("region", "sector", "size")

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


class _OtherPartnersRow(Row):
    """How many possible partners of another kind there are in a region."""

    FILE: ClassVar[str] = "other_partners.csv"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "region")

    kind: Literal["gemeente", "zorginstelling", "brancheorganisatie", "vmbo", "kennisinstelling", "overig"]
    region: Annotated[Slug, Refers("region")]
    count: Count


# --- what a pack holds --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RegionPack:
    """The data of one region. Rows stand in the order of the files, which is permanent; arrays are read-only.

    Attributes:
        name: Short name.
        title_nl: Title, Dutch.
        title_en: Title, English.
        about_nl: One or two sentences, Dutch.
        about_en: One or two sentences, English.
        known_until: First quarter of which the known partnerships do not tell who started.
        provinces: Provinces.
        regions: Labour-market regions (R of them).
        adjacency: (R, R) whether two regions border on each other.
        employment: (R, S) share of employment by region and sector, sectors in national order.
        schools: Schools.
        school_sectors: (schools, S) share of students by sector, without entree; rows sum to 1.
        hogescholen: Hogescholen.
        enrolment: (4, 2) share of all students at the start by level and track; sums to 1.
        firms: (R, S, 4) training companies by region, sector and size.
        large_employers: The largest employers, not counted in `firms`.
        known_pps: Partnerships known to have started.
        other_partners: (R, K) possible partners of each of OTHER_KINDS.
        digest: sha256 over the files of the pack.
    """

    name: str
    title_nl: str
    title_en: str
    about_nl: str
    about_en: str
    known_until: str
    provinces: tuple[ProvinceRow, ...]
    regions: tuple[LabourMarketRegion, ...]
    adjacency: npt.NDArray[np.bool_]
    employment: npt.NDArray[np.float64]
    schools: tuple[SchoolRow, ...]
    school_sectors: npt.NDArray[np.float64]
    hogescholen: tuple[HogeschoolRow, ...]
    enrolment: npt.NDArray[np.float64]
    firms: npt.NDArray[np.int64]
    large_employers: tuple[LargeEmployerRow, ...]
    known_pps: tuple[KnownPps, ...]
    other_partners: npt.NDArray[np.int64]
    digest: str


def list_regions() -> tuple[str, ...]:
    """Return the names of the packs shipped with the project."""
    return tuple(sorted(path.parent.name for path in _PACKS_DIR.glob(f"*/{_TOML}")))


def load_region(name_or_dir: str | Path) -> RegionPack:
    """Load a region pack.

    Args:
        name_or_dir: The name of a shipped pack, or a folder. A name goes before a folder of that name.

    Returns:
        The pack, checked.

    Raises:
        InputError: The first mistake, in one sentence.
    """
    loader = _Loader(_find(name_or_dir), load_national())
    pack = loader.load()
    if pack is None:
        raise loader.problems[0]
    return pack


def check_region(name_or_dir: str | Path) -> tuple[InputError, ...]:
    """Return the mistakes in a pack, all at once.

    Mistakes between files are looked for when the files themselves are right, because a broken row would make
    other files seem wrong too.

    Args:
        name_or_dir: As in `load_region`.

    Returns:
        One InputError a mistake; empty if the pack loads.
    """
    try:
        loader = _Loader(_find(name_or_dir), load_national())
    except InputError as problem:
        return (problem,)
    loader.load()
    return tuple(loader.problems)


def _find(name_or_dir: str | Path) -> Path:
    """Return the folder of a pack."""
    given = str(name_or_dir)
    if isinstance(name_or_dir, str) and name_or_dir in list_regions():
        return _PACKS_DIR / name_or_dir
    if not given.strip() or not os.path.exists(given):
        raise InputError(f"no region pack {quote(given)}", "region", one_of(list_regions(), given) + ", or a folder")
    if not os.path.isdir(given):
        raise InputError(f"{quote(given)} is not a folder", "region", f"a folder with {_TOML}")
    if not os.path.isfile(os.path.join(given, _TOML)):
        raise InputError(f"{quote(given)} is not a region pack: it has no {_TOML}", "region", f"a folder with {_TOML}")
    return Path(given).resolve()


class _Loader:
    """Reads one pack; the checks go from cells to references to what must hold between rows."""

    def __init__(self, directory: Path, national: National) -> None:
        self.folder = Folder(directory)
        self.problems = self.folder.problems
        self.sectors = [sector.id for sector in national.sectors]
        self.without_firms = {sector.id for sector in national.sectors if not sector.has_firms}

    def load(self) -> RegionPack | None:
        """Return the pack, or None if there are problems."""
        self._read()
        if not self.problems:
            self._check_references()
        if self.problems:
            return None
        pack = self._build()
        self.problems.extend(self._rules(pack))
        return None if self.problems else pack

    def _read(self) -> None:
        """Read every file: cells, columns and keys."""
        read = self.folder.table
        self.about = _read_toml(self.folder)
        self.provinces = read(ProvinceRow)
        self.regions = read(LabourMarketRegion)
        self.adjacency = read(_AdjacencyRow)
        self.employment = read(_EmploymentRow)
        self.schools = read(SchoolRow)
        self.school_sectors = read(_SchoolSectorRow)
        self.hogescholen = read(HogeschoolRow)
        self.enrolment = read(_EnrolmentRow)
        self.firms = read(_FirmsRow)
        self.large_employers = read(LargeEmployerRow)
        self.known_pps = read(KnownPps)
        self.other_partners = read(_OtherPartnersRow)

    def _check_references(self) -> None:
        """Check that every id a row refers to exists."""
        self.region_ids = [region.id for region in self.regions.rows]
        self.school_ids = [school.id for school in self.schools.rows]
        known = {
            "province": [province.id for province in self.provinces.rows],
            "region": self.region_ids,
            "school": self.school_ids,
            "sector": self.sectors,
        }
        tables: tuple[Table[Any], ...] = (
            self.regions, self.adjacency, self.employment, self.schools, self.school_sectors,
            self.hogescholen, self.firms, self.large_employers, self.known_pps, self.other_partners,
        )  # fmt: skip
        for table in tables:
            check_references(table, known, self.problems)

    def _build(self) -> RegionPack:
        """Put rows and arrays together; a combination without a row is a problem."""
        by_region, by_sector = {"region": self.region_ids}, {"sector": self.sectors}
        assert self.about is not None  # no problems so far
        return RegionPack(
            **self.about.model_dump(exclude={"schema_version"}),
            provinces=self.provinces.rows,
            regions=self.regions.rows,
            adjacency=self._neighbours(),
            employment=grid(self.employment, by_region | by_sector, "share", self.problems),
            schools=self.schools.rows,
            school_sectors=grid(
                self.school_sectors,
                {"school": self.school_ids} | by_sector,
                "share",
                self.problems,
                complete=False,
            ),
            hogescholen=self.hogescholen.rows,
            enrolment=grid(self.enrolment, {"level": LEVELS, "track": TRACKS}, "share", self.problems),
            firms=grid(self.firms, by_region | by_sector | {"size": SIZES}, "count", self.problems),
            large_employers=self.large_employers.rows,
            known_pps=self.known_pps.rows,
            other_partners=grid(self.other_partners, by_region | {"kind": OTHER_KINDS}, "count", self.problems),
            digest=self.folder.digest(),
        )

    def _neighbours(self) -> npt.NDArray[np.bool_]:
        """Return which regions border on each other; the file names each pair once."""
        place = {region: position for position, region in enumerate(self.region_ids)}
        adjacency = np.zeros((len(place), len(place)), dtype=np.bool_)
        for where, row in self.adjacency.numbered():
            left, right = place[row.region_a], place[row.region_b]
            if left == right:
                self.problems.append(InputError(f"{row.region_a} borders on itself", where, "two different regions"))
            elif adjacency[left, right]:
                what = f"duplicate pair {row.region_a}, {row.region_b}"
                self.problems.append(InputError(what, where, "each pair once, in either order"))
            else:
                adjacency[left, right] = adjacency[right, left] = True
        return read_only(adjacency)

    def _rules(self, pack: RegionPack) -> Iterator[InputError]:
        """Yield what is wrong between rows."""
        yield from self._share_problems(pack)
        yield from self._sector_problems()
        yield from self._pps_problems()
        used = {region.province for region in pack.regions}
        for where, province in self.provinces.numbered():
            if province.id not in used:
                yield InputError(
                    f"province {province.id} has no region", where, f"a region in {LabourMarketRegion.FILE}"
                )
        students, firms = sum(school.students for school in pack.schools), int(pack.firms.sum())
        yield from _total_problems("student", students, f"{self.schools.where}, column students")
        yield from _total_problems("firm", firms, f"{self.firms.where}, column count")

    def _share_problems(self, pack: RegionPack) -> Iterator[InputError]:
        """Yield shares that do not add up."""
        found: list[InputError] = []
        for region, total in zip(self.region_ids, pack.employment.sum(axis=1), strict=True):
            check_sum(total, f"{self.employment.where}, region {region}", found, at_most=True)
        for school, total in zip(self.school_ids, pack.school_sectors.sum(axis=1), strict=True):
            check_sum(total, f"{self.school_sectors.where}, school {school}", found)
        check_sum(float(pack.enrolment.sum()), self.enrolment.where, found)
        yield from found

    def _sector_problems(self) -> Iterator[InputError]:
        """Yield rows about entree, or about firms in a sector that has none."""
        for where, row in self.school_sectors.numbered():
            if row.sector == ENTREE:
                yield InputError("sector entree", where, "other sectors: entree students follow from level 1")
        for where, firms in self.firms.numbered():
            if firms.count and firms.sector in self.without_firms:
                yield InputError(
                    f"{firms.count} firms in {firms.sector}", where, "0: the sector has no firms of its own"
                )
        for where, employer in self.large_employers.numbered():
            if employer.sector in self.without_firms:
                yield InputError(f"sector {employer.sector}", where, "a sector that has firms of its own")

    def _pps_problems(self) -> Iterator[InputError]:
        """Yield known partnerships that cannot be."""
        leads = {school.id for school in self.schools.rows if school.leads}
        for where, pps in self.known_pps.numbered():
            if pps.start_from > pps.start_to:  # quarters sort as text
                what = f"start_from {pps.start_from} is after start_to {pps.start_to}"
                yield InputError(what, where, "a window that does not end before it starts")
            if pps.lead_school not in leads:
                what = f"lead_school {pps.lead_school} has leads = no"
                yield InputError(what, where, f"a school with leads = yes in {SchoolRow.FILE}")


def _total_problems(thing: str, total: int, where: str) -> Iterator[InputError]:
    """Yield a total that no region has; too many would fill the memory long before a run begins."""
    if not total:
        yield InputError(f"no {thing}s in total", where, f"one {thing} or more")
    if total > MOST_IN_ALL:
        yield InputError(f"{total} {thing}s in total", where, f"{MOST_IN_ALL} at most")


def _read_toml(folder: Folder) -> _RegionToml | None:
    """Read region.toml, or note what is wrong with it."""
    text, where = folder.text(_TOML), folder.where(_TOML)
    if text is None:
        return None
    try:
        return _RegionToml.model_validate(tomllib.loads(text))
    except ValidationError as error:
        kinds = {str(detail["loc"][0]): detail["type"] for detail in error.errors()}
        # A misspelled key is unknown and leaves its right name missing: the first says more.
        for key in sorted(kinds, key=lambda key: kinds[key] != "extra_forbidden"):
            folder.problems.append(_toml_problem(key, kinds[key], where))
    except (
        ValueError,
        RecursionError,
    ) as error:  # TOMLDecodeError, numbers too long to read, nesting too deep
        folder.problems.append(InputError(f"not readable as TOML ({error})", where, 'lines like name = "zeeland"'))
    return None


def _toml_problem(key: str, kind: str, where: str) -> InputError:
    """Say what is wrong with one key."""
    keys = tuple(_RegionToml.model_fields)
    if kind == "missing":
        return InputError(f"key {key} is missing", where, "the keys " + ", ".join(keys))
    if kind == "extra_forbidden":
        return InputError(f"unknown key {quote(key)}", where, one_of(keys, key))
    return InputError(f"the value of {key} is wrong", f"{where}, key {key}", allowed_words(_RegionToml, key))


def check_places(policies: Iterable[Policy], pack: RegionPack, national: National) -> None:
    """Check that the provinces, regions and sectors that policies name are there.

    Raises:
        InputError: If one is not.
    """
    known = {
        "provinces": [province.id for province in pack.provinces],
        "regions": [region.id for region in pack.regions],
        "sectors": [sector.id for sector in national.sectors],
    }
    for policy in policies:
        inside = [region.id for region in pack.regions if region.province in (policy.provinces or known["provinces"])]
        for key, names in {**known, "regions": inside}.items():
            unknown = [name for name in getattr(policy, key) or () if name not in names]
            if unknown:
                near = difflib.get_close_matches(unknown[0][:60], names, n=1)
                allowed = f"did you mean {near[0]}?" if near else ", ".join(names)
                raise InputError(f"{key} has {reprlib.repr(unknown[0])}", f"policy {policy.name}", allowed)
