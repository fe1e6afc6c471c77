"""National data that hold for every region: sectors, yearly drivers, calls of the subsidy schemes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from agents.errors import InputError
from scenarios.tables import (
    Allowed,
    Count,
    Euro,
    Folder,
    Name,
    Quarter,
    Ratio,
    Refers,
    Row,
    Share,
    Slug,
    Slugs,
    Table,
    Trend,
    Year,
    ZeroOne,
    check_references,
)

NATIONAL_DIR = Path(__file__).parent / "national"
ENTREE = "entree"
"""The sector of entry-level students: its students follow from level 1, and it has no firms of its own."""


class Sector(Row):
    """A sector (cluster) of partnerships, programmes and firms.

    Attributes:
        id: Permanent id.
        name_nl: Dutch name.
        name_en: English name.
        recruits_from: Sectors whose firms a PPS of this sector recruits, its own first.
        organised: Degree of organisation of the firms, 0-1.
        oo_fund: Whether an O&O fund pays for each LLO participant.
        bbl_affinity: Propensity to learn in BBL relative to the mean of about 1.
        inflow_trend: Relative change of mbo inflow a year in 2012-2017, beyond that of all sectors.
        trend_before: The same of students before 2012, by what graduates did in the years after.
    """

    FILE: ClassVar[str] = "sectors.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    name_nl: Name
    name_en: Name
    recruits_from: Annotated[Slugs, Refers("sector")]
    organised: Share
    oo_fund: ZeroOne
    bbl_affinity: Ratio
    inflow_trend: Trend
    trend_before: Trend

    @property
    def has_firms(self) -> bool:
        """Whether there are firms in this sector, which its PPS then recruit first."""
        return self.id in self.recruits_from


class Driver(Row):
    """The state of the country in one year.

    Attributes:
        year: Calendar year.
        branch: `history` to the last known year, then one of three futures.
        unemployment: Unemployed as a fraction of the labour force, 15-75 years, ILO definition, yearly mean.
        students_index: All mbo students on 1 October, 2011 = 1.
    """

    FILE: ClassVar[str] = "drivers.csv"
    KEY: ClassVar[tuple[str, ...]] = ("year", "branch")

    year: Year
    branch: Literal["history", "base", "low", "high"]
    unemployment: Share
    students_index: Ratio


class Call(Row):
    """One round of a subsidy scheme.

    Attributes:
        scheme: sip, rif, opschaler (scale-up within the RIF) or hip.
        quarter: Quarter in which applications are ranked and granted.
        ceiling_euro: Money for the whole country, euro.
        share_max: Subsidy as a fraction of the total cost at most.
        subsidy_min_euro: Smallest subsidy, euro.
        subsidy_max_euro: Largest subsidy, euro.
        years: Duration of the project, years.
    """

    FILE: ClassVar[str] = "calls.csv"
    KEY: ClassVar[tuple[str, ...]] = ("scheme", "quarter")

    scheme: Literal["sip", "rif", "opschaler", "hip"]
    quarter: Quarter
    ceiling_euro: Euro
    share_max: Share
    subsidy_min_euro: Euro
    subsidy_max_euro: Euro
    years: Annotated[Count, Allowed("a whole number of years")]


@dataclass(frozen=True, eq=False)
class National:
    """What holds for the whole country; rows stand in the order of the files, which is permanent.

    Attributes:
        sectors: All sectors.
        drivers: Yearly drivers by branch.
        calls: Rounds of the schemes.
        digest: sha256 over the bytes of the files.
    """

    sectors: tuple[Sector, ...]
    drivers: tuple[Driver, ...]
    calls: tuple[Call, ...]
    digest: str


def load_national(directory: Path | None = None) -> National:
    """Load the national data.

    Args:
        directory: Another folder of national data than the one shipped with the project.

    Returns:
        The national data, checked.

    Raises:
        InputError: The first mistake in the files.
    """
    return _shipped() if directory is None else _load(directory)


@cache
def _shipped() -> National:
    return _load(NATIONAL_DIR)


def _load(directory: Path) -> National:
    """Read and check the three files; raise the first problem."""
    folder = Folder(directory)
    sectors, drivers, calls = folder.table(Sector), folder.table(Driver), folder.table(Call)
    check_references(sectors, {"sector": [sector.id for sector in sectors.rows]}, folder.problems)
    if not folder.problems:
        folder.problems += [*_sector_problems(sectors), *_driver_problems(drivers), *_call_problems(calls)]
    if folder.problems:
        raise folder.problems[0]
    return National(sectors.rows, drivers.rows, calls.rows, folder.digest())


def _sector_problems(sectors: Table[Sector]) -> Iterator[InputError]:
    """Yield what is wrong between the cells of a sector."""
    for where, sector in sectors.numbered():
        if sector.has_firms and sector.recruits_from[0] != sector.id:
            yield InputError("the own sector is not first", f"{where}, column recruits_from", f"{sector.id};...")
        if len(set(sector.recruits_from)) != len(sector.recruits_from):
            yield InputError("a sector stands twice", f"{where}, column recruits_from", "each sector once")


def _driver_problems(drivers: Table[Driver]) -> Iterator[InputError]:
    """Yield gaps in the years: history runs on year by year, and each branch goes on where it ends."""
    last: dict[str, int] = {}
    for where, driver in drivers.numbered():
        before = last.get(driver.branch) or (last.get("history") if driver.branch != "history" else None)
        if before is not None and driver.year != before + 1:
            yield InputError(f"branch {driver.branch} goes from {before} to {driver.year}", where, f"{before + 1} next")
        elif before is None and driver.branch != "history":
            yield InputError(f"branch {driver.branch} comes before any history", where, "history first")
        last[driver.branch] = driver.year
    for branch in ("history", "base", "low", "high"):
        if branch not in last:
            yield InputError(f"no rows of branch {branch}", drivers.where, "history, base, low and high")
    for left, right in pairwise(("base", "low", "high")):
        if left in last and right in last and last[left] != last[right]:
            what = f"branch {left} ends in {last[left]} and {right} in {last[right]}"
            yield InputError(what, drivers.where, "branches that end in the same year")


def _call_problems(calls: Table[Call]) -> Iterator[InputError]:
    """Yield what is wrong between the cells of a call."""
    for where, call in calls.numbered():
        if call.subsidy_min_euro > call.subsidy_max_euro:
            what = f"subsidy_min_euro {call.subsidy_min_euro} is above subsidy_max_euro {call.subsidy_max_euro}"
            yield InputError(what, where, "a smallest subsidy that is not above the largest")
        if not 1 <= call.years <= 20:
            yield InputError(f"years is {call.years}", f"{where}, column years", "1 to 20 years")
