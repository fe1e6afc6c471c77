"""Observation operators: each looks at a run as one report looked at the field.

An operator is a function of a survey (the run, and what was noted of it on the way) and its arguments. It returns
one number in the unit of the report, or NaN where that number is not defined, such as a mean over no partnership.
`observe` lives a fresh model quarter by quarter and calls each operator at the end of its quarter.

Reports on other regions than the one that is simulated are observed in the one that is; see README.md.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAliasType, get_args, get_type_hints

import numpy as np

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from agents.partnership import EDUCATION_KINDS, FIRM_KINDS, Block, Kind, Location, Role
from scenarios.tables import one_of
from sim.calendar import QUARTER, quarter_number
from sim.drivers import drivers
from sim.enrolment import BBL, BOL, SchoolYear
from sim.model import PpsModel
from sim.outcomes import OUTCOMES
from sim.record import PpsHistory, after_subsidy, waves
from sim.students import students
from sim.world import PpsWorld

if TYPE_CHECKING:
    from calibration.targets import Target

type Operator = Callable[..., float]
type Statistic = Literal["min", "median", "mean", "max"]
type PartnerKind = Literal["all", "companies", "education", "government", "care", "branch"]
type Reach = Literal["direct", "indirect"]
type Circle = Literal["core", "field", "all"]
type Flow = Literal["inflow", "graduates"]
type Track = Literal["all", "bbl", "bol"]
type Field = Literal["all", "techniek", "zorg_welzijn"]
type FirmRole = Literal["klant", "adviseur", "partner", "mede_eigenaar"]
type Site = Literal["school", "company", "own"]
type Year = int
type Quarter = str
type Region = str
type Measure = str
type Count = int
type Level = Literal[0, 1, 2, 3, 4]

YEARS = (2000, 2100)
PARTNERS: Mapping[str, tuple[Kind, ...]] = {
    "education": EDUCATION_KINDS,
    "government": (Kind.GEMEENTE,),
    "care": (Kind.ZORGINSTELLING,),
    "branch": (Kind.BRANCHEORGANISATIE,),
}
SECTORS: Mapping[str, tuple[str, ...]] = {
    "techniek": ("htsm", "gebouwde_omgeving", "maintenance"),
    "zorg_welzijn": ("zorg_welzijn",),
}
"""Sectors of the model that make up a field of the report; those that its own trends in the data cover."""

STATISTICS: Mapping[str, Callable[[Floats | Ints], float]] = {
    "min": np.min,
    "median": np.median,
    "mean": np.mean,
    "max": np.max,
}
OPERATORS: dict[str, Operator] = {}
"""All operators by name."""


def operator[F: Operator](function: F) -> F:
    """Register an operator by its name."""
    OPERATORS[function.__name__] = function
    return function


BLOCKS: Mapping[str, Block] = {
    "forms_of_learning": Block.B_FORM,
    "place": Block.C_PLACE,
    "practice_research": Block.E_RESEARCH,
    "innovation_of_practice": Block.F_INNOVATION,
}
ORIENTATIONS = ("demand", "practice")
MEASURES = (*OUTCOMES, *BLOCKS, *ORIENTATIONS)
"""What the operators of change look at: an outcome, or a mean over living networks of a block or an orientation."""


@dataclass
class Survey:
    """A run and what an observer noted of it on the way.

    Attributes:
        world: The run, at the end of a quarter.
        until: Last quarter that is asked.
        wanted: Measures to be noted, each with its quarter.
        reached: Students reached since its birth, by partnership (students).
        noted: What was noted.
    """

    world: PpsModel
    until: int
    wanted: frozenset[tuple[str, int]] = frozenset()
    reached: Floats = field(default_factory=lambda: np.zeros(0))
    noted: dict[tuple[str, int], float] = field(default_factory=dict)

    def look(self) -> None:
        """Note what this quarter must be remembered for."""
        world = self.world
        grown = np.zeros(len(world.pps))
        grown[: len(self.reached)] = self.reached
        self.reached = grown + world.pps.students_direct / 4.0
        for name, quarter in self.wanted:
            if quarter == world.quarter:
                self.noted[name, quarter] = self.measure(name)

    def measure(self, name: str) -> float:
        """Return a measure of `MEASURES` as it is now."""
        world = self.world
        if name in OUTCOMES and world.recorder is not None:
            return float(world.recorder.values[world.quarter, -1, world.recorder.numbers[name]])
        pps = world.pps
        values = pps.blocks[:, BLOCKS[name]] if name in BLOCKS else getattr(pps, name)
        return _statistic(values[pps.network_alive], "mean")

    def before(self, name: str, quarter: str) -> float:
        """Return a measure as it was noted in an earlier quarter."""
        return self.noted.get((name, self.world.calendar.step_of(quarter)), np.nan)

    @cached_property
    def country(self) -> Mapping[int, Floats]:
        """Students in BBL and in BOL of the stand-in for the country, by year."""
        return _country(self.world, self.until)


def observe(model: PpsModel, targets: Sequence[Target]) -> Floats:
    """Live a fresh model as far as the targets ask and observe each at the end of its quarter.

    Args:
        model: A model that has not lived a quarter; afterwards it stands at the last quarter asked.
        targets: What to observe.

    Returns:
        One number for each target, NaN where it is not defined.

    Raises:
        InputError: If a target asks for a quarter, or names a region, that the model does not have.
        ValueError: If the model is not fresh.
    """
    if model.time:
        raise ValueError("observe asks for a model that has not lived yet")
    values = np.full(len(targets), np.nan)
    due: dict[int, list[int]] = {}
    for number, target in enumerate(targets):
        due.setdefault(_step(model, target), []).append(number)
    survey = Survey(model, max(due, default=-1), frozenset(_wanted(model, targets)))
    for step in range(survey.until + 1):
        model.step()
        survey.look()
        for number in due.get(step, ()):
            values[number] = OPERATORS[targets[number].operator](survey, **targets[number].arguments)
    return values


def _step(model: PpsModel, target: Target) -> int:
    step = model.calendar.step_of(target.when)
    if not 0 <= step < model.calendar.quarters:
        labels = model.calendar.labels()
        raise InputError(f"{target.when} is not in the run", f"target {target.id}", f"{labels[0]} to {labels[-1]}")
    return step


def _wanted(model: PpsModel, targets: Sequence[Target]) -> Iterator[tuple[str, int]]:
    for target in targets:
        if "measure" in target.arguments and "since" in target.arguments:
            yield str(target.arguments["measure"]), model.calendar.step_of(str(target.arguments["since"]))


# ── helpers ─────────────────────────────────────────────────────────────────────────────────────────────
def _statistic(values: Floats | Ints, statistic: str) -> float:
    """Return a statistic, NaN of nothing."""
    if not len(values):
        return np.nan
    return float(STATISTICS[statistic](values))


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else np.nan


def _active(world: PpsWorld) -> Bools:
    """Say which partnerships have not stopped; what was embedded counts."""
    active: Bools = world.pps.stopped < 0
    return active


def _now(world: PpsWorld) -> PpsHistory:
    """Return what the recorder keeps of partnerships, of this quarter."""
    return PpsHistory.of({world.quarter: world.pps.copied()})


def _of_firms(world: PpsWorld) -> Ints:
    """Return the rows of the memberships of firms that last."""
    table = world.memberships
    rows = table.active()
    return rows[np.isin(table.kind[rows], FIRM_KINDS)]


def _unique_firms(world: PpsWorld, rows: Ints) -> float:
    """Count the firms behind memberships; a sampled firm counts for as many of its kind as take part."""
    members, times = np.unique(world.memberships.member[rows], return_counts=True)
    return float(np.minimum(times, np.maximum(world.firms.weight[members], 1.0)).sum())


# ── P1, P2: reach ───────────────────────────────────────────────────────────────────────────────────────
@operator
def reach_per_pps(survey: Survey, statistic: Statistic) -> float:
    """Observe students reached per PPS a year, as the Brabant report of 2018 does.

    All students that a PPS reached in regular education since it started, over the years it has run (the report:
    totals interpolated to a year over the run time so far). Over PPS that have not stopped and reached anybody.
    Unit: students/year.
    """
    pps, world = survey.world.pps, survey.world
    a_year = survey.reached / np.maximum((world.quarter - pps.born + 1) / 4.0, 1.0 / 4.0)
    return _statistic(a_year[_active(world) & (survey.reached >= 1.0)], statistic)


@operator
def students_per_pps(survey: Survey, statistic: Statistic, reach: Reach = "direct") -> float:
    """Observe students reached per PPS a year now, as the impact measurement does.

    Over PPS that have not stopped. Direct: who take part in regular education; indirect: through material.
    Unit: students/year.
    """
    values = survey.world.pps.students_direct if reach == "direct" else survey.world.pps.students_indirect
    return _statistic(values[_active(survey.world)], statistic)


@operator
def teachers_per_pps(survey: Survey, statistic: Statistic) -> float:
    """Observe teachers who take part directly, per PPS that has not stopped. Unit: persons/year."""
    return _statistic(survey.world.pps.teachers[_active(survey.world)], statistic)


@operator
def professionals_per_pps(survey: Survey, statistic: Statistic) -> float:
    """Observe professionals of the field who are involved, per living network. Unit: persons/year."""
    return _statistic(survey.world.pps.professionals[survey.world.pps.network_alive], statistic)


@operator
def llo_per_pps(survey: Survey, statistic: Statistic) -> float:
    """Observe professionals who are clients of LLO, per living network. Unit: persons/year."""
    return _statistic(survey.world.pps.llo[survey.world.pps.network_alive], statistic)


# ── P3 to P5: partners ──────────────────────────────────────────────────────────────────────────────────
@operator
def partners_unique(survey: Survey, kind: PartnerKind) -> float:
    """Observe unique partners in all networks together, lead schools included. Unit: partners.

    Education: schools, hogescholen, vmbo and knowledge institutions. Government: municipalities (the model has no
    province as a partner). A sampled firm counts for as many of its kind as take part.
    """
    world = survey.world
    table, rows = world.memberships, world.memberships.active()
    companies = _unique_firms(world, _of_firms(world)) if kind in ("all", "companies") else 0.0
    kinds = tuple(set(Kind) - set(FIRM_KINDS)) if kind == "all" else PARTNERS.get(kind, ())
    rows = rows[np.isin(table.kind[rows], kinds)]
    return companies + len({*zip(table.kind[rows].tolist(), table.member[rows].tolist(), strict=True)})


@operator
def mkb_share_of_firms(survey: Survey) -> float:
    """Observe the share of mkb among the unique firms in all networks. Unit: fraction."""
    world, rows = survey.world, _of_firms(survey.world)
    small = rows[world.memberships.kind[rows] == Kind.MKB]
    return _share(_unique_firms(world, small), _unique_firms(world, rows))


@operator
def most_pps_of_a_firm(survey: Survey) -> float:
    """Observe the largest number of PPS that one firm takes part in. Unit: PPS.

    Of the firms that a sampled firm stands for, memberships are spread over as many as there are.
    """
    world = survey.world
    members, times = np.unique(world.memberships.member[_of_firms(world)], return_counts=True)
    return _statistic(np.ceil(times / np.maximum(world.firms.weight[members], 1.0)), "max")


@operator
def partners_per_pps(survey: Survey, statistic: Statistic, circle: Circle) -> float:
    """Observe partners per living network. Unit: partners.

    Core: partners from the field (firms, care institutions, branch organisations, others) with the role of adviser
    or more. Field: all of these, clients too. All: partners of all kinds, the lead school included.
    """
    pps = survey.world.pps
    counts = {"core": pps.core, "field": pps.field, "all": pps.partners}[circle]
    return _statistic(counts[pps.network_alive], statistic)


@operator
def municipalities_per_pps(survey: Survey) -> float:
    """Observe the mean number of municipalities per living network that has any. Unit: municipalities."""
    pps = survey.world.pps
    return _statistic(pps.municipalities[pps.network_alive & (pps.municipalities > 0)], "mean")


@operator
def local_share(survey: Survey) -> float:
    """Observe the share of partners from the PPS's own labour-market region or one that borders on it.

    Over memberships of living networks, in the regions of the pack. Unit: fraction.
    """
    world, table = survey.world, survey.world.memberships
    rows = table.active()
    own = world.pps.region[table.pps[rows]]
    home = np.array([_home(world, int(table.kind[row]), int(table.member[row])) for row in rows], dtype=np.int64)
    near = world.pack.adjacency[own, home] | (own == home)
    return _statistic(near.astype(np.float64), "mean")


def _home(world: PpsWorld, kind: int, member: int) -> int:
    if kind in FIRM_KINDS:
        return int(world.firms.region[member])
    return int(world.organisation(kind, member).region)  # type: ignore[attr-defined]  # each has one


@operator
def largest_employers(survey: Survey) -> float:
    """Observe how many of the region's largest employers (20 in the report) take part in a PPS. Unit: firms."""
    firms = survey.world.firms
    return float((firms.top & (firms.memberships > 0)).sum())


# ── P6, P7: starts and phases ───────────────────────────────────────────────────────────────────────────
@operator
def pps_active(survey: Survey) -> float:
    """Observe PPS that started and have not stopped. Unit: PPS."""
    return float(_active(survey.world).sum())


@operator
def phase_of_cohort(survey: Survey, first: Year, last: Year, statistic: Statistic) -> float:
    """Observe the phase of the living networks that started in some years, both included. Unit: phase."""
    world = survey.world
    year = np.array([world.calendar.year(int(born)) for born in world.pps.born])
    chosen = world.pps.network_alive & (year >= first) & (year <= last) if len(year) else np.zeros(0, dtype=bool)
    return _statistic(world.pps.phase[chosen], statistic)


@operator
def founding_partners(survey: Survey, since: Quarter) -> float:
    """Observe business and care partners at the founding, mean over the PPS that were granted since a quarter.

    The subsidy office counts firms and care institutions per granted project. Unit: partners/applications.
    """
    world, table = survey.world, survey.world.memberships
    new = np.flatnonzero(world.pps.born >= world.calendar.step_of(since))
    counted = table.founder & np.isin(table.kind, (*FIRM_KINDS, Kind.ZORGINSTELLING))
    founders = np.bincount(table.pps[counted], minlength=len(world.pps))
    return _statistic(founders[new], "mean")


@operator
def project_cost(survey: Survey, since: Quarter) -> float:
    """Observe the mean planned cost, in cash and in kind, of the PPS granted since a quarter.

    Unit: million euro/applications.
    """
    world = survey.world
    return _statistic(world.pps.cost[world.pps.born >= world.calendar.step_of(since)], "mean") / 1e6


@operator
def award_rate(survey: Survey, since: Quarter) -> float:
    """Observe which share of the region's applications for a new PPS since a quarter was granted. Unit: ratio."""
    world = survey.world
    rounds = slice(world.calendar.step_of(since), world.quarter + 1)
    asked, granted = (world.applications[key][:, rounds].sum() for key in ("asked", "granted"))
    return _share(float(granted), float(asked))


# ── P8: students ────────────────────────────────────────────────────────────────────────────────────────
@operator
def flow_change(
    survey: Survey,
    flow: Flow,
    since: Year,
    region: Region = "all",
    sector: Field = "all",
    level: Level = 0,
    track: Track = "all",
) -> float:
    """Observe the change of students who start (or graduate) from 1 October of a year to the last 1 October.

    Students count where their school stands. Level 0 is all levels. Unit: fraction, -0.12 is a fall of 12 percent.
    """
    heads = _heads(survey.world, flow, region, sector, level, track)
    return _share(heads(_last_year(survey.world)), heads(_year(survey.world, since))) - 1.0


@operator
def flow_share(survey: Survey, flow: Flow, region: Region = "all", level: Level = 0, track: Track = "all") -> float:
    """Observe the share of a level or track in all who started (or graduated) on the last 1 October.

    Unit: fraction.
    """
    year = _last_year(survey.world)
    part, whole = (_heads(survey.world, flow, region, "all", *which)(year) for which in ((level, track), (0, "all")))
    return _share(part, whole)


@operator
def bbl_graduates_change(survey: Survey, since: Year, regions: Count) -> float:
    """Observe the mean change of BBL graduates since a year in as many regions, those where it fell most.

    Unit: fraction.
    """
    world = survey.world
    changes = sorted(flow_change(survey, "graduates", since, place.id, track="bbl") for place in world.pack.regions)
    return _statistic(np.array(changes[: int(regions)]), "mean")


@operator
def national_bbl(survey: Survey, year: Year) -> float:
    """Observe BBL students on 1 October of a year relative to 2012, in a stand-in for the country. Unit: ratio.

    The stand-in has the schools of the region without what is reported of its labour-market regions: no trend of
    inflow of their own, and the share of BBL and its structural loss that hold where nothing is reported.
    """
    return _national(survey, year, BBL)


@operator
def national_bol(survey: Survey, year: Year) -> float:
    """Observe BOL students on 1 October of a year relative to 2012, in the stand-in of `national_bbl`. Unit: ratio."""
    return _national(survey, year, BOL)


BASE_YEAR = 2012
NOT_REPORTED = {"inflow_trend": 0.0, "trend_before": 0.0, "bbl_start": None, "bbl_decline": None}
"""A region of which nothing is reported: what holds in the country holds there."""


def _national(survey: Survey, year: int, track: int) -> float:
    nothing = np.full(2, np.nan)
    return float((survey.country.get(int(year), nothing) / survey.country.get(BASE_YEAR, nothing))[track])


def _country(model: PpsModel, until: int) -> Mapping[int, Floats]:
    """Live only the drivers and the students of the stand-in up to a quarter; a tiny sample of firms will do."""
    pack = model.pack
    bare = replace(
        pack,
        regions=tuple(region.model_copy(update=NOT_REPORTED) for region in pack.regions),
        field_trends=np.zeros_like(pack.field_trends),
    )
    country = PpsWorld(bare, model.national, model.asked, model.p, seed=0, scale=np.finfo(float).tiny)
    counted: dict[int, Floats] = {}
    for country.quarter in range(until + 1):
        if country.calendar.is_school_start(country.quarter):
            drivers(country)
            students(country)
            heads = country.enrolment.stock.sum(axis=(0, 1, 2)).astype(np.float64)
            counted[country.calendar.year(country.quarter)] = heads
    return counted


def _heads(
    world: PpsWorld, flow: str, region: str, sector: str, level: float, track: str
) -> Callable[[SchoolYear | None], float]:
    """Return what counts heads of a flow in a school year."""
    if region != "all" and region not in world.region_number:
        raise InputError(f"the region {region!r} is not in the pack", "target", one_of(world.region_number, region))
    here = np.flatnonzero((region == "all") | (world.school_region == world.region_number.get(region, -1)))
    there = [world.sector_number[name] for name in SECTORS.get(sector, world.sector_number)]
    levels = [int(level) - 1] if level else list(range(4))
    tracks = {"all": [BBL, BOL], "bbl": [BBL], "bol": [BOL]}[track]

    def count(year: SchoolYear | None) -> float:
        return np.nan if year is None else float(getattr(year, flow)[np.ix_(here, there, levels, tracks)].sum())

    return count


def _year(world: PpsWorld, year: float) -> SchoolYear | None:
    return next((one for one in world.enrolment.years if world.calendar.year(one.step) == year), None)


def _last_year(world: PpsWorld) -> SchoolYear | None:
    return world.enrolment.years[-1] if world.enrolment.years else None


# ── P9: roles and places ────────────────────────────────────────────────────────────────────────────────
@operator
def pps_by_firm_role(survey: Survey, role: FirmRole, of: Count) -> float:
    """Observe PPS in which a role is the dominant one of firms, out of a number of PPS. Unit: PPS.

    Dominant is the role that most firms in the network have; networks with a tie are shared evenly. Over living
    networks with firms, scaled to the number of PPS that the report tells of.
    """
    world, table = survey.world, survey.world.memberships
    rows = _of_firms(world)
    counts = np.zeros((len(world.pps), len(Role)))
    np.add.at(counts, (table.pps[rows], table.role[rows]), 1.0)
    counts = counts[counts.sum(axis=1) > 0]
    top = counts == counts.max(axis=1, keepdims=True)
    dominant = top / top.sum(axis=1, keepdims=True)
    return of * _statistic(dominant[:, Role[role.upper()]], "mean")


@operator
def pps_at_location(survey: Survey, location: Site) -> float:
    """Observe PPS that have not stopped and work at the school, at firms or at a place of their own. Unit: PPS."""
    world = survey.world
    return float((_active(world) & (world.pps.location == Location[location.upper()])).sum())


# ── P10 to P13: after the subsidy, waves and shifts ─────────────────────────────────────────────────────
@operator
def post_subsidy_share(survey: Survey) -> float:
    """Observe the share of PPS, of those that have not stopped, that are past their national subsidy.

    Unit: fraction.
    """
    active = _active(survey.world)
    return _share(float((after_subsidy(_now(survey.world)) & active).sum()), float(active.sum()))


@operator
def wave(survey: Survey, statistic: Statistic) -> float:
    """Observe the wave (golf, 0 to 4) that PPS have reached, over those that have not stopped. Unit: wave."""
    return _statistic(waves(_now(survey.world), survey.world.p)[_active(survey.world)], statistic)


@operator
def context_rich_share(survey: Survey) -> float:
    """Observe the share of living networks with a context-rich place: block C as a third wave asks. Unit: fraction."""
    world = survey.world
    rich = world.pps.blocks[:, Block.C_PLACE] >= world.p.wave_block
    return _statistic(rich[world.pps.network_alive].astype(np.float64), "mean")


@operator
def no_hbo_share(survey: Survey) -> float:
    """Observe the share of living networks without a hogeschool. Unit: fraction."""
    pps = survey.world.pps
    return _statistic((pps.hogescholen == 0)[pps.network_alive].astype(np.float64), "mean")


@operator
def change(survey: Survey, measure: Measure, since: Quarter) -> float:
    """Observe the relative change of a measure since a quarter. Unit: fraction."""
    return _share(survey.measure(measure), survey.before(measure, since)) - 1.0


@operator
def rises(survey: Survey, measure: Measure, since: Quarter) -> float:
    """Observe whether a measure is higher than it was in a quarter: 1 or 0. Unit: yes/no."""
    now, then = survey.measure(measure), survey.before(measure, since)
    return float(now > then) if np.isfinite(now - then) else np.nan


@operator
def below_half(survey: Survey, measure: Measure) -> float:
    """Observe whether a measure of 0-1 is in its lower half: 1 or 0. Unit: yes/no.

    Demand: 0 is supply-driven, 1 demand-driven. Practice: 0 is education, 1 is practice.
    """
    now = survey.measure(measure)
    return float(now < 0.5) if np.isfinite(now) else np.nan


@operator
def fewer(survey: Survey, measure: Measure, than: Measure) -> float:
    """Observe whether a measure is smaller than another of the same unit: 1 or 0. Unit: yes/no."""
    now, other = survey.measure(measure), survey.measure(than)
    return float(now < other) if np.isfinite(now - other) else np.nan


# ── arguments ───────────────────────────────────────────────────────────────────────────────────────────
def argument_problem(operator: str, arguments: Mapping[str, str | float]) -> tuple[str, str] | None:
    """Return what is wrong with the arguments of an operator and what would be right, or None."""
    function = OPERATORS[operator]
    parameters = list(inspect.signature(function).parameters.values())[1:]
    names = [parameter.name for parameter in parameters]
    for name in arguments:
        if name not in names:
            return f"{operator} has no argument {name!r}", one_of(names, name)
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in arguments:
            return f"{operator} lacks the argument {parameter.name}", ", ".join(names)
    hints = get_type_hints(function)
    for name, value in arguments.items():
        allowed = _not_allowed(hints[name], value)
        if allowed:
            return f"{name} of {operator} is {value!r}", allowed
    return None


def _not_allowed(kind: TypeAliasType, value: str | float) -> str:
    """Return what an argument of a kind may be, if this value is not; otherwise nothing."""
    if kind is Measure:
        return "" if value in MEASURES else one_of(MEASURES, str(value))
    if kind is Quarter:
        return "" if isinstance(value, str) and QUARTER.fullmatch(value) else "a quarter such as 2021-Q2"
    if kind is Year:
        return "" if isinstance(value, float) and YEARS[0] <= value <= YEARS[1] else "a year such as 2012"
    if kind is Count:
        return "" if isinstance(value, float) and value >= 1 else "a number of 1 or more"
    if kind is Region:
        return "" if isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9_-]*", value) else "the id of a region"
    choices = get_args(kind.__value__)
    return "" if value in choices else ", ".join(map(str, choices))


def moments(arguments: Mapping[str, str | float]) -> Iterator[int]:
    """Yield the quarters that arguments look back at, as absolute numbers; a year stands for its October."""
    for name in ("since", "year", "first", "last"):
        if name in arguments:
            value = arguments[name]
            yield quarter_number(value) if isinstance(value, str) else 4 * int(value) + 3
