"""Process 2, calls and payments: budgets are given, schemes open a call, granted money is paid quarter by quarter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agents.columns import Bools, Floats, Ints
from scenarios.national import Call
from sim.ledger import cents, whole_cents
from sim.world import PpsWorld

SCHEMES = ("sip", "rif", "opschaler", "hip", "policy")
"""Who grants the project subsidy: the schemes of the state, or a policy of the scenario."""
FOR_NEW = ("sip", "rif")


@dataclass
class OpenCall:
    """A call that is open this quarter, with terms that policies may change.

    Attributes:
        scheme: One of `SCHEMES`.
        round: Its quarter, such as `2021-Q1`.
        ceiling: Cents that can be granted.
        share: Subsidy as a share of project cost at most.
        least: Cents per application at least.
        most: Cents per application at most.
        years: Duration.
        profile: Share of the subsidy paid in each quarter; sums to one. Flat unless a policy tapers it.
        usual_share: `share` before policies changed it.
        open_to: Regions and sectors from which can be applied.
        multilevel: Share of the ceiling that only partnerships with a hogeschool can get.
        regie_from: Quarter of the subsidy, from its start, as of which it pays regie alone; None for never.
        least_firms: Firms that an application must have.
        demands: What is demanded of applicants from elsewhere: by what it is about, the share of them that meet it,
            and the points that the others lose.
    """

    scheme: str
    round: str
    ceiling: int
    share: float
    least: int
    most: int
    years: int
    profile: Floats
    usual_share: float
    open_to: Bools
    multilevel: float = 0.0
    regie_from: int | None = None
    least_firms: int = 0
    demands: dict[str, tuple[float, float]] = field(default_factory=dict)


def calls(world: PpsWorld) -> None:
    """Pay the year's budgets, open this quarter's calls and pay the subsidies that are due."""
    if world.calendar.is_year_start(world.quarter):
        pay_budgets(world)
    _set_terms(world)
    quarter = world.calendar.label(world.quarter)
    world.open_calls = [_open(world, call) for call in world.national.calls if call.quarter == quarter]
    for call in world.open_calls:
        if world.calendar.season(world.quarter) == 3:
            call.ceiling += world.unspent.pop(call.scheme, 0)  # unspent money moves to the second round
        for policy in world.policies_in_force():
            policy.on_call(world, call)
    if world.calendar.season(world.quarter) == 1:
        world.unspent.clear()
    pay_subsidies(world)


def _set_terms(world: PpsWorld) -> None:
    """Set the rules of this quarter anew, and let policies change them."""
    pps = world.pps
    pps.llo_uptake[:] = pps.culture_gain[:] = pps.reuse[:] = 1.0
    world.act.pay_staff()
    for policy in world.policies_in_force():
        policy.on_quarter(world)


def _open(world: PpsWorld, call: Call) -> OpenCall:
    quarters = call.years * 4
    return OpenCall(
        call.scheme,
        call.quarter,
        whole_cents(call.ceiling_euro),
        call.share_max,
        whole_cents(call.subsidy_min_euro),
        whole_cents(call.subsidy_max_euro),
        call.years,
        np.full(quarters, 1.0 / quarters),
        call.share_max,
        np.ones((world.n_regions, world.n_sectors), dtype=bool),
    )


def pay_budgets(world: PpsWorld) -> None:
    """Give schools, hogescholen and provinces their money for the year; what is unspent counts towards it."""
    p, ledger, rijk = world.p, world.ledger, world.accounts["rijk"]
    students = world.enrolment.by_sector.sum(axis=1)
    schools = np.array([school.account for school in world.schools])
    room = np.maximum(cents(p.reserve_most_per_student * students) - ledger.balance[schools], 0)
    ledger.pay(rijk, schools, "budget", np.minimum(room, cents(p.innovation_per_student * students)))
    hogescholen = np.array([hbo.account for hbo in world.hogescholen], dtype=np.int64)
    fresh = cents([p.hbo_budget_per_lectoraat * hbo.lectoraten for hbo in world.hogescholen])
    ledger.pay(rijk, hogescholen, "budget", np.maximum(fresh - ledger.balance[hogescholen], 0))
    for province in world.provinces:
        unpromised = max(0, province.budget - province.promised)
        ledger.pay(rijk, province.account, "budget", max(0, whole_cents(province.budget_euro_year) - unpromised))


def pay_subsidies(world: PpsWorld) -> None:
    """Pay the subsidies that are due this quarter."""
    pps, ledger, now = world.pps, world.ledger, world.quarter
    if not len(pps):
        return
    due = pps.due_national[:, now]
    ledger.pay(world.accounts["rijk"], pps.account, "national_subsidy", due)
    provincial = pps.due_provincial[:, now]
    if provincial.any():
        payers = np.array([province.account for province in world.provinces])[pps.province]
        ledger.pay(payers, pps.account, "provincial_subsidy", provincial)
        for province in world.provinces:
            province.promised -= int(provincial[pps.province == province.row].sum())
    world.act.pay_commitments()
    pps.last_paid[subsidised(world)] = now


def subsidised(world: PpsWorld) -> Bools:
    """Say which partnerships receive project subsidy this quarter."""
    due: Bools = (world.pps.due_national[:, world.quarter] > 0) | (world.pps.due_policy[:, world.quarter] > 0)
    return due


def schedule(total: int, profile: Floats, start: int, quarters: int) -> Ints:
    """Spread an amount over quarters by a profile, in whole cents that sum to the amount.

    Args:
        total: Cents.
        profile: Share per quarter, sums to one.
        start: Step of the first payment.
        quarters: Length of the run; what falls after it is left out of the result.

    Returns:
        Cents per quarter of the run, shape (quarters,).
    """
    due = np.zeros(max(quarters, start + len(profile)), dtype=np.int64)
    ends = np.rint(profile.cumsum() * total).astype(np.int64)
    due[start : start + len(profile)] = ends
    due[start + 1 : start + len(profile)] -= ends[:-1]
    return due[:quarters]


def award(
    requests: Ints, scores: Floats, ceiling: int, least_score: float, bounded: Bools | None = None, bound: int = 0
) -> Bools:
    """Grant applications in the order of their score until the ceiling is reached.

    The first application that no longer fits ends the round: nobody below it is granted, however small. Equal
    scores are granted in the order of the applications. Applications that are bounded may take a part of the ceiling
    together; the first of them that no longer fits in it ends the round for them alone.

    Args:
        requests: Cents asked, one per application.
        scores: Quality of each application.
        ceiling: Cents that can be granted.
        least_score: Applications that score less are refused whatever money is left.
        bounded: Which applications are bounded; by default none.
        bound: Cents that these can be granted together.

    Returns:
        Whether each application is granted.
    """
    granted = np.zeros(len(requests), dtype=bool)
    left = ceiling
    asked, scored = requests.tolist(), scores.tolist()
    for i in np.argsort(-scores, kind="stable").tolist():
        is_bounded = bounded is not None and bool(bounded[i])
        if is_bounded and bound < min(left, asked[i]):
            bound = 0
            continue
        if scored[i] < least_score or asked[i] > left:
            break
        granted[i] = True
        left -= asked[i]
        bound -= asked[i] if is_bounded else 0
    return granted
