"""Region packs: the data of one region as a folder of small files, checked and loaded.

A pack is a folder with `region.toml` and the CSV files declared in `scenarios/pack_files.py`. Packs shipped with the
project are known by name; any other folder is given as a path.
"""

from __future__ import annotations

import difflib
import os
import re
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.errors import InputError
from scenarios.country import Assumption, complete
from scenarios.national import National, load_national
from scenarios.pack_files import (
    FILES,
    LEVELS,
    OTHER_KINDS,
    SIZES,
    TOML,
    TRACKS,
    AdjacencyRow,
    HogeschoolRow,
    KnownPps,
    LabourMarketRegion,
    LargeEmployerRow,
    PackTables,
    ProvinceRow,
    SchoolRow,
    read_pack,
)
from scenarios.pack_rules import broken_rules
from scenarios.policy import Policy
from scenarios.tables import Folder, Table, grid, one_of, quote, read_only

__all__ = [
    "OTHER_KINDS", "SIZES", "TRACKS", "HogeschoolRow", "KnownPps", "LabourMarketRegion", "LargeEmployerRow",
    "ProvinceRow", "RegionPack", "SchoolRow", "check_places", "check_region", "list_regions", "load_region",
]  # fmt: skip

_PACKS_DIR = Path(__file__).parent / "regions"


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
        field_trends: (R, S) relative change of mbo inflow a year beyond that of the region and of the sector.
        schools: Schools.
        school_sectors: (schools, S) share of students by sector, without entree; rows sum to 1.
        hogescholen: Hogescholen.
        enrolment: (4, 2) share of all students at the start by level and track; sums to 1.
        firms: (R, S, 4) training companies by region, sector and size.
        large_employers: The largest employers, not counted in `firms`.
        known_pps: Partnerships known to have started.
        other_partners: (R, K) possible partners of each of OTHER_KINDS.
        digest: sha256 over the files of the pack.
        assumed: What is not known of this region and was filled in from the country.
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
    field_trends: npt.NDArray[np.float64]
    schools: tuple[SchoolRow, ...]
    school_sectors: npt.NDArray[np.float64]
    hogescholen: tuple[HogeschoolRow, ...]
    enrolment: npt.NDArray[np.float64]
    firms: npt.NDArray[np.int64]
    large_employers: tuple[LargeEmployerRow, ...]
    known_pps: tuple[KnownPps, ...]
    other_partners: npt.NDArray[np.int64]
    digest: str
    assumed: tuple[Assumption, ...] = ()


def list_regions() -> tuple[str, ...]:
    """Return the names of the packs shipped with the project."""
    return tuple(sorted(path.parent.name for path in _PACKS_DIR.glob(f"*/{TOML}")))


def load_region(name_or_dir: str | Path) -> RegionPack:
    """Load a region pack.

    Args:
        name_or_dir: The name of a shipped pack, or a folder. A name goes before a folder of that name.

    Returns:
        The pack, checked.

    Raises:
        InputError: The first mistake, in one sentence.
    """
    folder = Folder(_find(name_or_dir), FILES)
    pack = _load(folder)
    if pack is None:
        raise _sorted(folder.problems)[0]
    return pack


def check_region(name_or_dir: str | Path) -> tuple[InputError, ...]:
    """Return the mistakes in a pack, all at once, by file and line.

    What only follows from another mistake is not among them.

    Args:
        name_or_dir: As in `load_region`.

    Returns:
        One InputError a mistake; empty if the pack loads.

    Raises:
        InputError: If there is no such pack.
    """
    folder = Folder(_find(name_or_dir), FILES)
    _load(folder)
    return tuple(_sorted(folder.problems))


def _sorted(problems: Iterable[InputError]) -> list[InputError]:
    """Return problems in the order of the files, and by line within each."""

    def place(problem: InputError) -> tuple[int, int]:
        line = re.search(r", line (\d+)", problem.where)
        file = problem.where.split(", ")[0].rpartition("/")[2]
        return FILES.index(file), int(line[1]) if line else 0

    return sorted(problems, key=place)


def _find(name_or_dir: str | Path) -> Path:
    """Return the folder of a pack."""
    given = str(name_or_dir)
    if isinstance(name_or_dir, str) and name_or_dir in list_regions():
        return _PACKS_DIR / name_or_dir
    if not given.strip() or not os.path.exists(given):
        raise InputError(f"no region pack {quote(given)}", "region", one_of(list_regions(), given) + ", or a folder")
    if not os.path.isdir(given):
        raise InputError(f"{quote(given)} is not a folder", "region", f"a folder with {TOML}")
    if not os.path.isfile(os.path.join(given, TOML)):
        raise InputError(f"{quote(given)} is not a region pack: it has no {TOML}", "region", f"a folder with {TOML}")
    return Path(given).resolve()


def _load(folder: Folder) -> RegionPack | None:
    """Return the pack, or None if there are problems, which the folder holds then."""
    national, tables = load_national(), read_pack(folder)
    folder.problems += broken_rules(tables, national)
    if folder.problems:
        return None
    whole, assumed = complete(tables, national)
    pack = _build(whole, national, folder.digest(), assumed)
    if not pack.firms.any():
        where = f"{tables.provinces.at(min(tables.provinces.lines))}, column population_share"
        folder.problems.append(InputError("too few inhabitants for one firm", where, "a larger share, or firms.csv"))
        return None
    return pack


def _build(tables: PackTables, national: National, digest: str, assumed: tuple[Assumption, ...]) -> RegionPack:
    """Put rows and arrays together."""
    assert tables.about is not None  # no problems
    regions = {"region": [region.id for region in tables.regions.rows]}
    sectors = {"sector": [sector.id for sector in national.sectors]}
    schools = {"school": [school.id for school in tables.schools.rows]}
    return RegionPack(
        **tables.about.model_dump(exclude={"schema_version"}),
        provinces=tables.provinces.rows,
        regions=tables.regions.rows,
        adjacency=_neighbours(tables.adjacency, regions["region"]),
        employment=grid(tables.employment, regions | sectors, "share"),
        field_trends=grid(tables.employment, regions | sectors, "inflow_trend"),
        schools=tables.schools.rows,
        school_sectors=grid(tables.school_sectors, schools | sectors, "share"),
        hogescholen=tables.hogescholen.rows,
        enrolment=grid(tables.enrolment, {"level": LEVELS, "track": TRACKS}, "share"),
        firms=grid(tables.firms, regions | sectors | {"size": SIZES}, "count"),
        large_employers=tables.large_employers.rows,
        known_pps=tables.known_pps.rows,
        other_partners=grid(tables.other_partners, regions | {"kind": OTHER_KINDS}, "count"),
        digest=digest,
        assumed=assumed,
    )


def _neighbours(table: Table[AdjacencyRow], regions: list[str]) -> npt.NDArray[np.bool_]:
    """Return which regions border on each other; the file names each pair once."""
    adjacency = np.zeros((len(regions), len(regions)), dtype=np.bool_)
    for row in table.rows:
        left, right = regions.index(row.region_a), regions.index(row.region_b)
        adjacency[left, right] = adjacency[right, left] = True
    return read_only(adjacency)


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
