"""Process 3, initiation: schools see an opportunity, gather founding partners and apply; the best are granted."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np

from agents.columns import Bools, Floats, Ints
from agents.partnership import Kind, Location, Position, Pps, Role, llo_type
from scenarios.region import KnownPps
from sim.calls import FOR_NEW, SCHEMES, OpenCall, award, schedule
from sim.draws import around, lognormal, poisson
from sim.ledger import CENTS, cents, whole_cents
from sim.network import carried_by, firm_kind, join, room
from sim.students import by_region, exit_rates
from sim.world import CHANCES, PpsWorld

LIGHT = (Kind.GEMEENTE, Kind.ZORGINSTELLING, Kind.BRANCHEORGANISATIE, Kind.VMBO, Kind.KENNISINSTELLING, Kind.OVERIG)

FORM_POSITION = {"network": Position.SHARED, "bv": Position.BETWEEN_PARTNERS}
"""Least position of the regie that a reported legal form implies (our reading)."""

TRAITS = (
    "leader", "history", "demand", "practice", "position", "by_firms", "location",
    "target", "cost", "firms", "score", "choice", "role",
)  # fmt: skip
"""What chance decides about a plan, one uniform each."""


@dataclass
class Plan:
    """A partnership on paper: what is asked for, by whom and with whom."""

    identity: str  # stable over runs: who, what and in which round
    name: str
    school: int
    sector: int
    region: int
    leader: float = 0.0
    history: float = 0.0
    demand: float = 0.0
    practice: float = 0.0
    position: int = 1
    location: int = 0
    by_firms: bool = False  # whether firms took the initiative
    target_students: float = 0.0
    cost: float = 0.0  # euro
    request: int = 0  # cents
    own_share: float = 1.0  # the school's part of the cost, as a factor of what is usual
    province_adds: float = 1.0  # what the province adds, as a factor of what it adds now
    barred: bool = False  # whether a condition keeps it from applying
    terms: OpenCall | None = None  # of the call for which it was drawn up, as they hold for this plan
    score: float = 0.0
    firms: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    others: list[tuple[Kind, int]] = field(default_factory=list)  # who else founds it
    shifts: Floats = field(default_factory=lambda: np.zeros(2))  # its turn of the firms' draws: choice, role

    @property
    def has_hogeschool(self) -> bool:
        """Whether a hogeschool is among those who found it."""
        return any(kind == Kind.HOGESCHOOL for kind, _ in self.others)


def initiation(world: PpsWorld) -> None:
    """Start the known partnerships of this quarter, and let new and existing ones apply for open calls."""
    _start_known(world)
    replaying = world.asked.history == "replay" and world.quarter < replayed_until(world)
    for call in world.open_calls:
        if call.scheme in FOR_NEW and not replaying:
            _new_partnerships(world, call)
        elif call.scheme == "opschaler":
            _scale_up(world, call)
        elif call.scheme == "hip":
            _consortia(world, call)


# ── the known partnerships ──────────────────────────────────────────────────────────────────────────
def replayed_until(world: PpsWorld) -> int:
    """Return the first step in which others than the known partnerships start: not before the pack knows no more."""
    return world.calendar.step_of(max(world.asked.history_until, world.pack.known_until))  # quarters sort as text


def known_starts(world: PpsWorld) -> dict[int, list[KnownPps]]:
    """Return the known partnerships by the step at which they start."""
    starts: dict[int, list[KnownPps]] = {}
    for known in world.pack.known_pps:
        starts.setdefault(_known_start(world, known), []).append(known)
    return starts


def _known_start(world: PpsWorld, known: KnownPps) -> int:
    """Return the start of a known partnership: a round in its reported window, by chance (yearly starts are lost)."""
    first, last = world.calendar.step_of(known.start_from), world.calendar.step_of(known.start_to)
    rounds = [step for step in range(first, last + 1) if world.calendar.season(step) in (1, 3)] or [first]
    draw = world.draws.uniforms("known start", known.id, 1)[0]
    return rounds[int(draw * len(rounds))]


def _start_known(world: PpsWorld) -> None:
    if world.asked.history != "replay":
        return
    for known in world.known_starts.get(world.quarter, ()):
        plan = _draw_up(
            world,
            f"known/{known.id}",
            known.name,
            world.school_number[known.lead_school],
            world.sector_number[known.sector],
            world.region_number[known.region],
        )
        if known.location != "unknown":
            plan.location = Location[known.location.upper()]
        plan.position = max(plan.position, FORM_POSITION.get(known.form, Position.IN_SCHOOL))
        scheme = "sip" if world.quarter < world.first_rif else "rif"
        asked = min(max(plan.cost * world.p.known_share, world.p.known_least), world.p.known_most)
        plan.request = whole_cents(asked)
        years = int(world.p.project_years)
        found(world, plan, scheme, np.full(4 * years, 1 / (4 * years)))


# ── new partnerships ────────────────────────────────────────────────────────────────────────────────
def _new_partnerships(world: PpsWorld, call: OpenCall) -> None:
    plans = []
    for school, sector in initiatives(world, call):
        roc = world.schools[school]
        if not call.open_to[roc.region, sector]:
            continue
        sector_id = world.national.sectors[sector].id
        identity = f"{roc.id}/{sector_id}/{call.round}"
        name = f"{world.national.sectors[sector].name_nl} {roc.name} {call.round[:4]}"
        plan = _draw_up(world, identity, name, school, sector, roc.region)
        plan.terms = own = copy(call)
        for policy in world.policies_in_force():
            policy.on_founding(world, plan, own)
        if _may_apply(world, plan, own):
            plans.append(plan)
    asked = np.array([plan.request for plan in plans], dtype=np.int64)
    scores = np.array([plan.score for plan in plans])
    strictness = [plan.terms.multilevel for plan in plans if plan.terms]
    bounded = np.array([not plan.has_hogeschool for plan in plans], dtype=bool) & (np.array(strictness) > 0)
    granted = _ranked(world, call, asked, scores, bounded, max([call.multilevel, *strictness]))
    for plan, yes in zip(plans, granted, strict=True):
        place = (world.province_of[plan.region], world.quarter)
        world.applications["asked"][place] += 1
        if yes:
            world.applications["granted"][place] += 1
            start(world, plan, call.scheme)
    refused = [plan for plan, yes in zip(plans, granted, strict=True) if not yes]
    for policy in world.policies_in_force():
        policy.on_award(world, call, sorted(refused, key=lambda plan: -plan.score))


def _ranked(world: PpsWorld, call: OpenCall, asked: Ints, scores: Floats, bounded: Bools, multilevel: float) -> Bools:
    """Rank applications against those from the rest of the country; says which of them are granted.

    Args:
        world: The world.
        call: The call.
        asked: Cents, one per application.
        scores: Quality of each application.
        bounded: Which applications cannot get what is kept for partnerships with a hogeschool.
        multilevel: Share of the ceiling that is kept for these.
    """
    requests, elsewhere = _outside_applications(world, call)
    everyone = np.concatenate([asked, requests])
    quality = np.concatenate([scores, elsewhere])
    alone = _outside_alone(world, call, len(requests))
    bound = int((1.0 - multilevel) * call.ceiling)
    granted = award(everyone, quality, call.ceiling, world.p.least_score, np.concatenate([bounded, alone]), bound)
    world.unspent[call.scheme] = call.ceiling - int(everyone[granted].sum())
    ours: Bools = granted[: len(asked)]
    return ours


def start(world: PpsWorld, plan: Plan, scheme: str) -> int:
    """Start a plan that one of `SCHEMES` grants, on the terms of the call it was drawn up for; returns its row."""
    terms = plan.terms
    assert terms is not None
    row = found(world, plan, scheme, terms.profile)
    if terms.regie_from is not None:
        world.pps.regie_from[row] = world.pps.subsidy_start[row] + terms.regie_from
    for policy in world.policies_in_force():
        policy.on_start(world, plan, row)
    return row


def initiatives(world: PpsWorld, call: OpenCall) -> list[tuple[int, int]]:
    """Return the (school, sector) pairs in which an initiative is taken in this round.

    The chance rises with the weight of the sector in the region, the school's share in it, how well its firms
    are organised and the shortage of staff there; it falls with the partnerships that cover the sector in
    the region and that the school carries already (mechanisms LC-17, LC-18, CO-01).
    """
    p, pps, pack = world.p, world.pps, world.pack
    region = world.school_region
    weight = np.sqrt(pack.employment / pack.employment.mean())[region]
    taught = np.sqrt(pack.school_sectors * world.n_sectors)
    active = ((pps.status == 0) | pps.network_alive).nonzero()[0]
    cells = (world.n_regions, world.n_sectors)
    coverage = np.bincount((pps.region * world.n_sectors + pps.sector)[active], minlength=cells[0] * cells[1])
    led = np.bincount(pps.school[active], minlength=len(world.schools))
    heads = np.maximum(world.enrolment.by_sector.sum(axis=1), 1)
    load = np.exp(-led / (p.pps_per_10000_students * heads / 10_000))
    leads = np.array([school.leads for school in world.schools], dtype=float)
    pull = weight * taught * (p.organised_floor + world.organised)[None, :] * (p.slack_pull + shortage(world)[region])
    rate = (
        p.initiation_rate * pull / (1.0 + coverage.reshape(cells)[region]) ** p.coverage_power * (load * leads)[:, None]
    )
    draws = world.draws.uniforms(f"initiation {call.scheme}", world.quarter, rate.size).reshape(rate.shape)
    taken = np.argwhere(draws < 1.0 - np.exp(-rate))
    return [(int(school), int(sector)) for school, sector in taken]


def shortage(world: PpsWorld) -> Floats:
    """Return the shortage of staff, 0-1, by region and sector: vacancies against these plus a year's graduates."""
    firms = world.firms
    cells = (world.n_regions, world.n_sectors)
    vacancies = np.bincount(firms.cell, weights=firms.vacancies * firms.weight, minlength=cells[0] * cells[1])
    open_ = vacancies.reshape(cells)
    leaving = world.enrolment.stock * exit_rates(world) * world.p.graduates_share
    supply = open_ + by_region(world, leaving.sum(axis=(2, 3)))
    short: Floats = np.divide(open_, supply, out=np.zeros(cells), where=supply > 0)
    return short


def _draw_up(world: PpsWorld, identity: str, name: str, school: int, sector: int, region: int) -> Plan:
    """Draw up a plan: who it is by chance, whom it gathers, and what it would score."""
    p, plan = world.p, Plan(identity, name, school, sector, region)
    u = dict(zip(TRAITS, world.draws.uniforms("plan", identity, len(TRAITS)).tolist(), strict=True))
    _give_character(world, plan, u)
    plan.firms = _founding_firms(world, plan, p.founding_firms * (1.0 + p.founding_spread * (2 * u["firms"] - 1)))
    plan.others = _other_founders(world, plan)
    plan.score = (
        p.score_leader * plan.leader
        + p.score_firms * min(1.0, len(plan.firms) / p.founding_firms)
        + p.score_history * plan.history
        + p.score_noise * (2 * u["score"] - 1)
    )
    return plan


def _give_character(world: PpsWorld, plan: Plan, u: dict[str, float]) -> None:
    p = world.p
    organised = float(world.organised[plan.sector])
    means = np.array(
        [p.leader, p.shared_history + p.history_organised * organised, p.demand_at_start, p.practice_at_start]
    )
    draws = np.array([u["leader"], u["history"], u["demand"], u["practice"]])
    plan.leader, plan.history, plan.demand, plan.practice = around(draws, means, p.trait_spread).tolist()
    positions = (Position.BETWEEN_PARTNERS, Position.SHARED, Position.IN_SCHOOL)
    plan.position = positions[_which(u["position"], p.start_between, p.start_shared)]
    plan.by_firms = bool(u["by_firms"] < p.firms_initiate * organised)
    if plan.by_firms:  # firms that unite make a say in the regie a condition (FI-13, RO-07)
        plan.position = max(plan.position, Position.SHARED)
    locations = (Location.OWN, Location.COMPANY, Location.SCHOOL)
    plan.location = locations[_which(u["location"], p.location_own, p.location_company)]
    students = world.enrolment.by_sector[plan.school, plan.sector]  # large schools aim at more
    medians = np.array([p.target_share * students, p.cost_median])
    sigmas = np.array([p.target_spread, p.cost_sigma])
    target, plan.cost = lognormal(np.array([u["target"], u["cost"]]), medians, sigmas).tolist()
    plan.target_students = min(max(target, p.target_min), p.target_max)
    plan.shifts = np.array([u["choice"], u["role"]])


def _which(draw: float, first: float, second: float) -> int:
    """Return 0, 1 or 2: the option in which a uniform falls, by the shares of the first two."""
    return int(draw >= first) + int(draw >= first + second)


def _founding_firms(world: PpsWorld, plan: Plan, wanted: float) -> Ints:
    """Choose founding firms by weight without replacement (exponential races: one uniform per firm)."""
    firms, p = world.firms, world.p
    near = np.where(world.pack.adjacency[plan.region], p.local_neighbour, p.local_elsewhere)
    near[plan.region] = p.local_own
    pull = np.array([p.pull_micro, p.pull_klein, p.pull_middel, p.pull_groot])
    sought = (near.repeat(world.n_sectors)[:, None] * pull).ravel()  # by stratum
    candidates = world.recruited[plan.sector]
    candidates = candidates[room(world, candidates) >= 1.0]
    weight = sought[firms.stratum[candidates]] * firms.weight[candidates]
    weight *= np.array([1.0, p.pull_top]).take(firms.top[candidates]) * (p.belief_base + firms.belief_staff[candidates])
    pulled = weight > 0
    candidates, weight = candidates[pulled], weight[pulled]
    draws = world.firm_chance(candidates, plan.shifts[0])
    race = -np.log(np.maximum(draws, 1e-300)) / weight
    count = min(round(wanted), len(candidates))
    first = np.argpartition(race, count)[:count] if count < len(race) else slice(None)
    chosen: Ints = np.sort(candidates[first])
    return chosen


def _other_founders(world: PpsWorld, plan: Plan) -> list[tuple[Kind, int]]:
    p = world.p
    others: list[tuple[Kind, int]] = []
    draws = world.draws.uniforms("school founds", plan.identity, len(world.schools))
    near = world.pack.adjacency[:, plan.region] | (np.arange(world.n_regions) == plan.region)
    founds = (draws < p.school_founds) & near[world.school_region] & (world.pack.school_sectors[:, plan.sector] > 0)
    others += [(Kind.SCHOOL, school) for school in founds.nonzero()[0].tolist() if school != plan.school]
    others += [(Kind.HOGESCHOOL, hbo) for hbo in willing_hogescholen(world, plan)]
    means = np.array(
        [
            p.founding_gemeente,
            p.founding_zorg,
            p.founding_branche,
            p.founding_vmbo,
            p.founding_kennis,
            p.founding_overig,
        ]
    )
    light = world.draws.uniforms("light founders", plan.identity, 2 * len(LIGHT))
    for kind, count, start in zip(LIGHT, poisson(light[: len(LIGHT)], means), light[len(LIGHT) :], strict=True):
        pool = world.partner_pool[kind][plan.region]
        take = min(int(count), len(pool))
        first = int(start * len(pool))
        others += [(kind, int(pool[(first + i) % len(pool)])) for i in range(take)]
    return others


def willing_hogescholen(world: PpsWorld, plan: Plan, urged: float = 1.0) -> list[int]:
    """Return the hogescholen with room that want to found a partnership along.

    Args:
        world: The world.
        plan: The plan.
        urged: Their chance as a factor of what it is when nobody demands a hogeschool.
    """
    p, willing = world.p, []
    draws = world.draws.uniforms("hogeschool founds", plan.identity, len(world.hogescholen))
    for hbo, draw in zip(world.hogescholen, draws.tolist(), strict=True):
        chance = urged * p.hbo_founds * hbo.value_of_mbo * (p.hbo_base + plan.practice)
        wants = plan.sector in hbo.sectors and world.near_hogeschool[hbo.row, plan.region] and draw < chance
        if wants and hbo.has_room(carried_by(world, hbo.row), p.pps_per_lectoraat):
            willing.append(hbo.row)
    return willing


def _may_apply(world: PpsWorld, plan: Plan, call: OpenCall) -> bool:
    """Say whether the plan meets the terms of the call, and set what it asks for and what the school pays itself."""
    if plan.barred:
        return False
    plan.request, usual = (max(0, min(whole_cents(plan.cost * s), call.most)) for s in (call.share, call.usual_share))
    whole = plan.cost * CENTS
    plan.own_share = (whole - plan.request) / (whole - usual)
    enough = plan.request >= call.least and len(plan.firms) >= max(world.p.least_firms, call.least_firms)
    return enough and (plan.has_hogeschool or call.multilevel < 1.0)


def _outside_applications(world: PpsWorld, call: OpenCall) -> tuple[Ints, Floats]:
    """Return what the rest of the country asks for in this round (cents) and how well it scores.

    National rounds are won against applicants from outside the region pack; a pack of the whole country has
    none.
    """
    p = world.p
    outside = max(0.0, 1.0 - sum(province.mbo_share for province in world.pack.provinces))
    rate = {"opschaler": p.scale_up_applicants, "hip": p.hip_applicants}.get(call.scheme, p.national_applicants)
    key = f"{call.scheme}/{call.round}"
    count = int(poisson(world.draws.uniforms("outside count", key, 1), rate * outside)[0])
    cost = lognormal(world.draws.uniforms("outside cost", key, count), p.cost_median, p.cost_sigma)
    size = cost * call.share if call.scheme in FOR_NEW else cost / p.cost_median * p.outside_asks * call.most / CENTS
    requests = np.minimum(np.maximum(cents(size), call.least), call.most)
    expected = p.score_leader * p.leader + p.score_firms + p.score_history * p.shared_history
    scores = expected + p.score_noise * (2.0 * world.draws.uniforms("outside score", key, count) - 1.0)
    for demand, (meets, loses) in sorted(call.demands.items()):
        scores -= np.where(world.draws.uniforms(f"outside {demand}", key, count) < meets, 0.0, loses)
    return requests, scores


def _outside_alone(world: PpsWorld, call: OpenCall, count: int) -> Bools:
    """Say which applications from the rest of the country have no hogeschool though the call asks for one.

    Applicants there ask hogescholen as urgently as those here.
    """
    if not call.multilevel:
        return np.zeros(count, dtype=bool)
    p = world.p
    draws = world.draws.uniforms("outside hogeschool", f"{call.scheme}/{call.round}", count)
    without = (1.0 - p.policy_outside_multilevel) ** (1.0 + p.policy_multilevel_urges * call.multilevel)
    alone: Bools = draws >= 1.0 - without
    return alone


def found(world: PpsWorld, plan: Plan, scheme: str, profile: Floats) -> int:
    """Start a granted partnership: its row, account, subsidy and founding members. Returns its row.

    What a policy grants it pays itself (`sim.acts`).
    """
    p, now, calendar = world.p, world.quarter, world.calendar
    request = 0 if scheme == "policy" else plan.request
    start = now + 1  # this quarter's payments were made before the award
    firms = plan.firms[room(world, plan.firms) >= 1.0]
    lead = world.schools[plan.school]
    name = _distinct(world, plan.name)
    row = world.pps.append(
        school=plan.school,
        sector=plan.sector,
        region=plan.region,
        province=world.province_of[plan.region],
        scheme=SCHEMES.index(scheme),
        born=now,
        account=world.ledger.open(f"pps:{plan.identity}", inside=True),
        leader=plan.leader,
        history=plan.history,
        demand=plan.demand,
        practice=plan.practice,
        location=plan.location,
        llo_type=llo_type(plan.position, plan.demand < p.llo_formal_below),
        first_position=plan.position,
        position=plan.position,
        target_students=plan.target_students,
        hardware_share=p.hardware_share,
        cost=max(plan.cost, plan.request / CENTS),
        own_share=plan.own_share,
        due_national=schedule(request, profile, start, calendar.quarters),
        subsidy_start=start,
        subsidy_end=start + len(profile),
        span=min(len(profile), int(4 * p.project_years)),  # a longer subsidy for the same work changes no upkeep
        chance=world.draws.uniforms("pps", plan.identity, len(CHANCES) * calendar.quarters),
    )
    span = world.pps.planned[row, start : start + len(profile)]
    span[:] = (world.pps.cost[row] * profile)[: len(span)]
    world.pps.phase_since[row, 1] = now
    world.pps.hardware[row] = p.place_at_start * (plan.location == Location.OWN)
    world.pps_ids.append(plan.identity)
    world.pps_names.append(name)
    world.partnerships.append(Pps(world, plan.identity, name, world.pps, row))
    _found_members(world, row, plan, firms)
    if request:
        _province_joins_in(world, row, plan.province_adds)
    world.pps.founders[row] = world.pps.partners[row]
    world.tell(
        row,
        "founded",
        school=lead.name,
        scheme=scheme,
        by_firms=plan.by_firms,
        firms=len(firms),
        partners=int(world.pps.partners[row]),
        euros=plan.request // CENTS,
    )
    return row


def _distinct(world: PpsWorld, name: str) -> str:
    """Return the name, numbered when another partnership has it already."""
    taken = sum(other == name or other.startswith(f"{name} (") for other in world.pps_names)
    return f"{name} ({taken + 1})" if taken else name


def _found_members(world: PpsWorld, row: int, plan: Plan, firms: Ints) -> None:
    p = world.p
    draws = world.firm_chance(firms, plan.shifts[1])
    role = role_of(world, draws, np.full(len(firms), plan.position))
    others = [(Kind.SCHOOL, plan.school), *plan.others]
    kinds, members = zip(*others, strict=True)
    close = (Kind.SCHOOL, Kind.HOGESCHOOL)
    role_others = [Role.PARTNER if kind in close else Role.ADVISEUR for kind in kinds]
    role_others[0] = Role.MEDE_EIGENAAR  # the lead school
    join(
        world,
        row,
        np.concatenate([firm_kind(world, firms), kinds]),
        np.concatenate([firms, members]),
        np.concatenate([role, role_others]),
        p.value_at_start,
        founder=True,
    )


def role_of(world: PpsWorld, draws: Floats, position: Ints, distance: float = 0.0) -> Ints:
    """Return the role that a firm takes: the more the regie sits between the partners, the more committed.

    Args:
        world: The world.
        draws: One uniform per firm.
        position: Position of the regie (1-4) of the partnership that each firm joins.
        distance: How much further off firms stand that were not there at the founding.
    """
    p = world.p
    cuts = np.cumsum([p.role_klant, p.role_adviseur, p.role_partner])
    commitment = draws - distance + p.position_commits * (position - 1) / 3.0
    role: Ints = 1 + np.searchsorted(cuts, commitment, side="right")
    return np.minimum(role, Role.MEDE_EIGENAAR)


def _province_joins_in(world: PpsWorld, row: int, adds: float) -> None:
    """Let the province add its share of the project cost to what the state pays, while its budget lasts."""
    province = world.provinces[int(world.pps.province[row])]
    amount = whole_cents(world.p.province_share * adds * world.pps.cost[row])
    if amount and province.can_pay(amount):
        span = int(world.pps.subsidy_end[row] - world.pps.subsidy_start[row])
        start = int(world.pps.subsidy_start[row])
        due = schedule(amount, np.full(span, 1 / span), start, world.calendar.quarters)
        world.pps.due_provincial[row] = due
        province.promised += int(due.sum())


# ── existing partnerships ───────────────────────────────────────────────────────────────────────────
def _scale_up(world: PpsWorld, call: OpenCall) -> None:
    """Let partnerships with a track record apply for scaling up (P-N03)."""
    pps, p = world.pps, world.p
    near_end = pps.subsidy_end - world.quarter <= p.scale_up_window
    able = pps.network_alive & (pps.phase >= p.scale_up_phase) & near_end & (pps.scaled_up < 0)
    able &= ((pps.hogescholen > 0) | (call.multilevel < 1.0)) & call.open_to[pps.region, pps.sector]
    rows = (able & (world.chance("scale_up") < p.scale_up_applies)).nonzero()[0]
    asked = cents(np.clip(p.scale_up_share * pps.cost[rows], call.least / CENTS, call.most / CENTS))
    _grant_existing(world, call, rows, asked, [[int(row)] for row in rows])


def _consortia(world: PpsWorld, call: OpenCall) -> None:
    """Let mature partnerships of related sectors in a province apply together (HIP, P-P09)."""
    pps, p = world.pps, world.p
    able = pps.network_alive & (pps.phase >= p.hip_phase) & ~pps.consortium & call.open_to[pps.region, pps.sector]
    members = consortium_members(world, able)
    leads = np.array([group[0] for group in members], dtype=np.int64)
    asked = np.array([min(call.most, whole_cents(p.hip_per_member) * len(group)) for group in members], dtype=np.int64)
    for group in _grant_existing(world, call, leads, asked, members):
        pps.consortium[group] = True


def consortium_members(world: PpsWorld, able: Bools) -> list[list[int]]:
    """Group able partnerships, each group led by the most developed one with a hogeschool; at least two each."""
    pps = world.pps
    free = set(np.flatnonzero(able).tolist())
    groups = []
    for lead in sorted(np.flatnonzero(able & (pps.hogescholen > 0)).tolist(), key=lambda k: -pps.development[k]):
        if lead not in free:
            continue
        related = world.recruits[pps.sector[lead]]
        others = [k for k in sorted(free - {lead}) if pps.province[k] == pps.province[lead] and related[pps.sector[k]]]
        if others:
            groups.append([lead, *others])
            free -= {lead, *others}
    return groups


def _grant_existing(
    world: PpsWorld, call: OpenCall, leads: Ints, asked: Ints, groups: list[list[int]]
) -> list[list[int]]:
    """Rank applications of existing partnerships against those from outside, pay the granted; return these."""
    pps, p = world.pps, world.p
    own = p.score_leader * pps.leader[leads] + p.score_firms * np.minimum(1.0, pps.firms[leads] / p.founding_firms)
    own = own + p.score_history * pps.results[leads]
    bounded = (pps.hogescholen[leads] == 0) & (call.multilevel > 0)
    granted = _ranked(world, call, asked, own, bounded, call.multilevel)
    winners = [(group, int(amount)) for group, amount, yes in zip(groups, asked, granted, strict=True) if yes]
    for group, amount in winners:
        for row, part in zip(group, schedule(amount, np.full(len(group), 1 / len(group)), 0, len(group)), strict=True):
            _extend(world, row, int(part), call)
    return [group for group, _ in winners]


def _extend(world: PpsWorld, row: int, amount: int, call: OpenCall) -> None:
    """Pay an existing partnership four years more; a decision that was taken stays taken."""
    pps, now = world.pps, world.quarter
    undecided = pps.decision[row] == 0
    start = max(now + 1, int(pps.subsidy_end[row])) if undecided else now + 1
    pps.due_national[row] += schedule(amount, call.profile, start, world.calendar.quarters)
    span = len(call.profile)
    pps.planned[row, start : start + span] += amount / CENTS / call.share / span
    if call.scheme == "opschaler":
        pps.scaled_up[row] = now
    if undecided:
        pps.subsidy_end[row] = start + span
    world.tell(row, "granted", scheme=call.scheme, euros=amount // CENTS)
