"""The world: all organisations and tables of one run, built from a region pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.base import Organisation, World
from agents.columns import Bools, Floats, Ints
from agents.firm import Firms, LargeEmployer, MkbFirm, Size
from agents.hogeschool import Hogeschool
from agents.parameter_fields import Parameters
from agents.partner import LIGHT_PARTNERS, Partner
from agents.partnership import Kind, Memberships, Pps, PpsTable
from agents.province import Province
from agents.roc import Roc
from scenarios.national import National
from scenarios.policy import Policy
from scenarios.region import OTHER_KINDS, KnownPps, RegionPack
from scenarios.scenario import START, Scenario
from sim.calendar import Calendar
from sim.draws import Draws, around, shifted
from sim.enrolment import Enrolment, whole
from sim.ledger import Ledger

if TYPE_CHECKING:
    from sim.acts import Acts
    from sim.calls import OpenCall
    from sim.record import Recorder

OUTSIDE = ("rijk", "mkb", "grootbedrijf", "oo-fondsen", "gemeenten", "overige-partners", "uitvoering")


@dataclass
class Climate:
    """What all feel alike in a quarter: the drivers."""

    unemployment: float = 0.0  # share of the labour force
    tightness: float = 0.0  # 0 slack, 1 tight
    curriculum_decay: float = 0.0  # share of a block outdated per quarter


@dataclass(frozen=True)
class Event:
    """Something in the life of a partnership, kept as data."""

    step: int
    pps: int
    what: str
    detail: dict[str, Any] = field(default_factory=dict)


class PpsWorld(World):
    """State of one run; the processes in this folder change it.

    Args:
        pack: Region pack.
        national: Sectors, drivers and calls of the country.
        scenario: What is asked.
        parameters: Every domain number.
        policies: Policies of the scenario.
        seed: Seed of the run, 0 or more.
        scale: Share of the firms that is simulated, in (0, 1]; each stands for the rest of its kind.
    """

    def __init__(
        self,
        pack: RegionPack,
        national: National,
        scenario: Scenario,
        parameters: Parameters,
        policies: tuple[Policy, ...] = (),
        seed: int = 0,
        scale: float = 1.0,
    ) -> None:
        super().__init__(seed)
        self.pack, self.national, self.asked, self.p = pack, national, scenario, parameters
        self.policies, self.scale = policies, scale
        self.calendar = Calendar.between(START, scenario.until)
        self.draws = Draws(seed)
        self.ledger = Ledger()
        self.quarter = 0
        self.climate = Climate()
        self.known_starts: dict[int, list[KnownPps]] = {}
        self.contact_spread: Floats = np.zeros((0, 0))
        self.contact_pull: Floats = np.zeros(0)
        self._firm_draws: tuple[int, Floats] = (-1, np.zeros(0))
        self.open_calls: list[OpenCall] = []
        self.unspent: dict[str, int] = {}  # cents left in this year's first round, by scheme
        self.events: list[Event] = []
        self.recorder: Recorder | None = None
        self.act: Acts
        size = (len(pack.provinces), self.calendar.quarters)
        self.applications = {key: np.zeros(size, dtype=np.int64) for key in ("asked", "granted")}
        self.policy_cents = np.zeros(size, dtype=np.int64)  # all that policies spent, by province and quarter
        self.policy_cents_elsewhere = np.zeros(size, dtype=np.int64)  # of which not paid to partnerships
        self._index()
        self._remember_drivers()
        self._open_accounts()
        self._settle_schools()
        self._settle_partners()
        self._settle_firms()
        self.pps = PpsTable(64, quarters=self.calendar.quarters, chances=len(CHANCES) * self.calendar.quarters)
        self.pps_ids: list[str] = []
        self.pps_names: list[str] = []
        self.conditions: dict[int, list[dict[str, Any]]] = {}
        self.memberships = Memberships(1024)
        self.income: Floats = np.zeros((0, 0))  # this quarter's euros by stream and partnership
        self.partnerships: list[Pps] = []
        self.counted_firms: Ints = np.zeros(0, dtype=np.int64)

    # ── what a Mesa user expects ────────────────────────────────────────────────────────────────────
    def make_views(self) -> None:
        """Make an agent for every firm."""
        for row in range(len(self.firms)):
            self._view(row)

    def _view(self, row: int) -> MkbFirm | LargeEmployer:
        if row not in self._firm_views:
            kind = LargeEmployer if self.firms.large[row] else MkbFirm
            self._firm_views[row] = kind(self, f"firm:{row}", self.firm_name(row), self.firms, row)
        return self._firm_views[row]

    def firm_name(self, row: int) -> str:
        """Return what a firm is called: its own name if the pack has one, else its number."""
        return self._firm_names.get(row, f"bedrijf {row}")

    def organisation(self, kind: int, member: int) -> Organisation:
        """Return the agent of a partner by kind and number."""
        if kind in (Kind.MKB, Kind.GROOTBEDRIJF):
            return self._view(int(member))
        if kind == Kind.SCHOOL:
            return self.schools[int(member)]
        if kind == Kind.HOGESCHOOL:
            return self.hogescholen[int(member)]
        return self.partners[Kind(kind)][int(member)]

    # ── building ────────────────────────────────────────────────────────────────────────────────────
    def _index(self) -> None:
        pack, national = self.pack, self.national
        self.n_regions, self.n_sectors = len(pack.regions), len(national.sectors)
        self.sector_number = {sector.id: i for i, sector in enumerate(national.sectors)}
        self.region_number = {region.id: i for i, region in enumerate(pack.regions)}
        self.province_number = {province.id: i for i, province in enumerate(pack.provinces)}
        self.school_number = {school.id: i for i, school in enumerate(pack.schools)}
        self.province_of: Ints = np.array([self.province_number[r.province] for r in pack.regions])
        recruits = np.zeros((self.n_sectors, self.n_sectors), dtype=bool)
        for i, sector in enumerate(national.sectors):
            recruits[i, [self.sector_number[other] for other in sector.recruits_from]] = True
        self.recruits = recruits
        self.organised: Floats = np.array([sector.organised for sector in national.sectors])
        self.oo_fund: Floats = np.array([float(sector.oo_fund) for sector in national.sectors])

    def _remember_drivers(self) -> None:
        branches = ("history", self.asked.branch)
        points = sorted((d for d in self.national.drivers if d.branch in branches), key=lambda d: d.year)
        self.driver_years: Floats = np.array([point.year for point in points], dtype=np.float64)
        self.driver_values = {
            name: np.array([getattr(point, name) for point in points]) for name in ("unemployment", "students_index")
        }
        self.branch_starts = 1 + max(d.year for d in self.national.drivers if d.branch == "history")
        self.unemployment_at_start = self.driver("unemployment", self.calendar.year(0))
        self.inflow_at_start: Floats | None = None
        self.places_at_start: Floats | None = None
        self.bbl_at_start: Floats = np.zeros((self.n_regions, self.n_sectors))
        rounds = [self.calendar.step_of(call.quarter) for call in self.national.calls if call.scheme == "rif"]
        self.first_rif = min(rounds, default=0)

    def driver(self, name: str, moment: float) -> float:
        """Return a driver at a moment in time (a year with its fraction), in history or in the asked branch."""
        return float(np.interp(moment, self.driver_years, self.driver_values[name]))

    def _open_accounts(self) -> None:
        self.accounts = {name: self.ledger.open(name, inside=False) for name in OUTSIDE}

    def _settle_schools(self) -> None:
        p = self.p
        means = np.array([p.roc_portfolio, p.roc_not_invented_here, p.roc_llo_experience, p.roc_willing_to_fund])
        self.schools: list[Roc] = []
        for row, school in enumerate(self.pack.schools):
            traits = around(self.draws.uniforms("school", school.id, 4), means, p.trait_spread)
            region = self.region_number[school.region]
            roc = Roc(self, school.id, school.name, row, school.kind, region, school.leads, traits)
            roc.account = self.ledger.open(f"school:{school.id}", inside=True)
            self.schools.append(roc)
        self.school_region: Ints = np.array([school.region for school in self.schools])
        self.enrolment = Enrolment(self._students_at_start())
        for roc in self.schools:
            roc.teachers = roc.students / p.students_per_teacher
        self.hogescholen: list[Hogeschool] = []
        for row, hbo in enumerate(self.pack.hogescholen):
            trait = around(self.draws.uniforms("hogeschool", hbo.id, 2), p.hbo_value_of_mbo, p.trait_spread)
            sectors = tuple(self.sector_number[sector] for sector in hbo.sectors)
            region = self.region_number[hbo.region]
            agent = Hogeschool(
                self, hbo.id, hbo.name, row, region, hbo.lectoraten, sectors, float(trait[0]), float(trait[1])
            )
            agent.account = self.ledger.open(f"hogeschool:{hbo.id}", inside=True)
            self.hogescholen.append(agent)
        seats: Ints = np.array([hbo.region for hbo in self.hogescholen], dtype=np.int64)
        here = self.province_of[seats][:, None] == self.province_of
        self.near_hogeschool: Bools = here | self.pack.adjacency[seats]  # they work in their province and next door
        self.provinces: list[Province] = []
        for row, province in enumerate(self.pack.provinces):
            agent_p = Province(self, province.id, province.name, row, province.budget_euro_year, province.orchestration)
            agent_p.account = self.ledger.open(f"province:{province.id}", inside=True)
            self.provinces.append(agent_p)

    def _students_at_start(self) -> Ints:
        """Spread each school's students over sectors, levels and tracks; level 1 is the sector entree."""
        pack = self.pack
        entree = self.sector_number["entree"]
        affinity = np.array([sector.bbl_affinity for sector in self.national.sectors])
        shares = np.zeros((len(pack.schools), self.n_sectors, 4, 2))
        levels = pack.enrolment
        shares[:, :, 1:, :] = pack.school_sectors[:, :, None, None] * levels[None, None, 1:, :]
        shares[:, :, 1:, 0] *= affinity[None, :, None]
        shares[:, entree, 0, :] = levels[0]
        heads = np.array([school.students for school in pack.schools], dtype=np.float64)
        # affinities move BBL between sectors; the total of BBL and of BOL stays what was counted
        for track in range(2):
            total = (shares[..., track] * heads[:, None, None]).sum()
            shares[..., track] *= levels[:, track].sum() * heads.sum() / total if total > 0 else 0.0
        return whole(self._with_reported_bbl(shares) * heads[:, None, None, None])

    def _with_reported_bbl(self, shares: Floats) -> Floats:
        """Give the schools of a region the BBL share that is reported of it; each keeps its number of students."""
        reported = np.array([np.nan if r.bbl_start is None else r.bbl_start for r in self.pack.regions])
        wanted = reported[self.school_region]
        whole_school = shares.sum(axis=(1, 2, 3))
        bbl = np.divide(
            shares[..., 0].sum(axis=(1, 2)), whole_school, out=np.zeros_like(wanted), where=whole_school > 0
        )
        tilt = ~np.isnan(wanted) & (bbl > 0.0) & (bbl < 1.0)
        to_bbl = np.divide(wanted, bbl, out=np.ones_like(bbl), where=tilt)
        to_bol = np.divide(1.0 - wanted, 1.0 - bbl, out=np.ones_like(bbl), where=tilt)
        tilted: Floats = shares * np.stack([to_bbl, to_bol], axis=-1)[:, None, None, :]
        return tilted

    def _settle_partners(self) -> None:
        self.partners: dict[Kind, list[Partner]] = {kind: [] for kind in LIGHT_PARTNERS}
        self.partner_pool: dict[Kind, list[Ints]] = {kind: [] for kind in LIGHT_PARTNERS}
        for column_, name in enumerate(OTHER_KINDS):
            kind = Kind[name.upper()]
            for region, count in enumerate(self.pack.other_partners[:, column_]):
                first = len(self.partners[kind])
                for number in range(int(count)):
                    label = f"{name} {self.pack.regions[region].name} {number + 1}"
                    id_ = f"{name}:{self.pack.regions[region].id}:{number + 1}"
                    self.partners[kind].append(LIGHT_PARTNERS[kind](self, id_, label, region))
                self.partner_pool[kind].append(np.arange(first, first + int(count)))

        pools = [0, 0, len(self.schools), len(self.hogescholen), *(len(pool) for pool in self.partners.values())]
        # where the members of each kind stand in a row of all partners that are no firm
        self.first_of_kind: Ints = np.cumsum([0, *pools])

    def _settle_firms(self) -> None:
        p, pack = self.p, self.pack
        counts = pack.firms
        sampled = np.minimum(counts, np.maximum(np.rint(counts * self.scale), p.sample_floor)).astype(np.int64)
        region, sector, size = (np.repeat(index.ravel(), sampled.ravel()) for index in np.indices(counts.shape))
        weight = np.repeat((counts / np.maximum(sampled, 1)).ravel(), sampled.ravel())
        top = len(pack.large_employers)  # first, so that one more firm in the pack leaves their rows as they are
        region = np.append([self.region_number[e.region] for e in pack.large_employers], region).astype(np.int64)
        sector = np.append([self.sector_number[e.sector] for e in pack.large_employers], sector).astype(np.int64)
        size = np.append(np.full(top, Size.GROOT), size).astype(np.int64)
        typical = np.array([p.employees_micro, p.employees_klein, p.employees_middel, p.employees_groot])
        employees = typical[size]
        employees[:top] = [e.employees for e in pack.large_employers]
        n = len(size)
        self.firms = Firms(n)
        self.firms.append(
            n,
            region=region,
            sector=sector,
            cell=region * self.n_sectors + sector,
            size=size,
            stratum=(region * self.n_sectors + sector) * len(Size) + size,
            employees=employees,
            weight=np.append(np.ones(top), weight),
            capacity=np.append(np.ones(top), weight) * np.where(size == Size.GROOT, int(p.most_pps_large), 1),
            large=size == Size.GROOT,
            top=np.arange(n) < top,
        )
        self._firm_names = {row: employer.name for row, employer in enumerate(pack.large_employers)}
        self._firm_views: dict[int, MkbFirm | LargeEmployer] = {}
        self._give_firms_character()

    def _give_firms_character(self) -> None:
        p, firms, n = self.p, self.firms, len(self.firms)

        def chance(trait: str) -> Floats:
            return self.draws.uniforms("firm", trait, n)

        by_size = np.array([p.culture_micro, p.culture_klein, p.culture_middel, p.culture_groot])
        firms.learning_culture[:] = around(chance("culture"), by_size[firms.size], p.trait_spread)
        firms.innovation_need[:] = around(chance("need"), p.innovation_need, p.trait_spread)
        firms.belief_staff[:] = around(chance("staff"), p.belief_staff, p.trait_spread)
        firms.belief_llo[:] = around(chance("llo"), p.belief_llo, p.trait_spread)
        firms.belief_innovation[:] = around(chance("innovation"), p.belief_innovation, p.trait_spread)
        staff = p.motive_staff * (p.motive_base + chance("motive staff"))
        llo = p.motive_llo * (p.motive_base + chance("motive llo"))
        innovation = p.motive_innovation * (p.motive_base + chance("motive innovation"))
        total = staff + llo + innovation
        firms.motive_staff[:], firms.motive_llo[:] = staff / total, llo / total
        firms.motive_innovation[:] = innovation / total
        years = np.where(firms.large, p.patience_large, p.patience_mkb)
        firms.patience[:] = 4.0 * years * (1.0 + p.trait_spread * (2.0 * chance("patience") - 1.0))
        self.firms_in_cell: Floats = np.bincount(
            firms.cell, weights=firms.weight, minlength=self.n_regions * self.n_sectors
        )
        # rows of the firms from which partnerships of each sector recruit, so that no plan looks for them anew
        self.recruited: list[Ints] = [np.flatnonzero(sectors[firms.sector]) for sectors in self.recruits]

        # firms that are alike stand together, so that what they share is worked out once and repeated
        differs = (np.diff(firms.stratum, prepend=-1) != 0) | (np.diff(firms.capacity, prepend=0.0) != 0.0)
        starts = differs.nonzero()[0]
        self.alike = firms.stratum[starts], firms.capacity[starts]
        self.stretches: Ints = np.diff(starts, append=n)  # how many firms each stands for
        self._cell_of_stretch: Ints = firms.cell[starts]

    def to_firms(self, by_cell: Floats) -> Floats:
        """Return for each firm the value of its cell; quicker than to look it up firm by firm."""
        return by_cell[self._cell_of_stretch].repeat(self.stretches)

    # ── small helpers that many processes use ───────────────────────────────────────────────────────
    def tell(self, pps: int, what: str, **detail: Any) -> None:
        """Keep an event in the life of a partnership."""
        self.events.append(Event(self.quarter, int(pps), what, detail))

    def policies_in_force(self) -> Iterator[Policy]:
        """Yield the policies that act in this quarter."""
        for policy in self.policies:
            if policy.idle:
                continue
            starts = self.calendar.step_of(policy.starts)
            ends = self.calendar.step_of(policy.ends) if policy.ends else self.calendar.quarters
            if starts <= self.quarter < ends:
                yield policy

    def chance(self, purpose: str) -> Floats:
        """Return this quarter's uniform of every partnership for a purpose in `CHANCES`."""
        column: Floats = self.pps.chance[:, self.quarter * len(CHANCES) + CHANCES.index(purpose)]
        return column

    @property
    def pps_of_account(self) -> Ints:
        """Row of the partnership that holds each account, -1 for other accounts."""
        rows = np.full(len(self.ledger.names), -1)
        rows[self.pps.account] = np.arange(len(self.pps))
        return rows

    def firm_chance(self, firms: Ints, shift: Floats | float) -> Floats:
        """Return this quarter's uniform of firms for one decision.

        All decisions of a quarter turn the same uniform by a shift of their own, which belongs to a partnership and
        a purpose: so they are independent in pairs, and a quarter draws once for all firms.
        """
        if self._firm_draws[0] != self.quarter:
            self._firm_draws = (self.quarter, self.draws.uniforms("firm decides", self.quarter, len(self.firms)))
        return shifted(self._firm_draws[1][firms], shift)

    def check(self) -> None:
        """Check that no euro and no student was lost or invented."""
        self.ledger.check()
        self.enrolment.check()


CHANCES = ("engagement", "joining", "late_move", "renewal", "scale_up", "lectoraat")
