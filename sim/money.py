"""Process 9, money: partnerships collect, pay the programme first and the regie with what is left.

Firms readily give in kind and hardly pay the regie (FU-03); a shortage therefore cuts the regie first (RE-07).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Bools, Floats, Ints, limited
from agents.partnership import Decision, Kind, LloType, Payer, Position, Role, Status
from sim.calls import subsidised
from sim.ledger import CENTS, STREAMS, cents, whole_cents
from sim.world import PpsWorld

GIVERS = ("overige-partners", "grootbedrijf", "mkb")
"""Accounts from which partners give; schools and hogescholen have their own."""
SOURCES = (
    *(("firm_in_kind", giver) for giver in GIVERS),
    *(("firm_cash", giver) for giver in GIVERS),
    *(("membership_fees", giver) for giver in GIVERS),
    ("municipal_contribution", "gemeenten"),
    ("oo_fund", "oo-fondsen"),
    ("llo_fees", "mkb"),
    ("llo_fees", "grootbedrijf"),
)
"""Streams that come from outside, and the accounts that pay them."""


@dataclass(frozen=True)
class Contributions:
    """What partners give this quarter, in euros, shape (givers, partnerships)."""

    in_kind: Floats
    cash: Floats
    fees: Floats


def money(world: PpsWorld) -> None:
    """Collect the income of all partnerships, let policies pay, and spend."""
    pps = world.pps
    if not len(pps):
        return
    in_kind = _collect_from_outside(world)
    _collect_from_schools(world)
    _collect_from_hogescholen(world)
    world.ledger.pay(pps.account, world.accounts["uitvoering"], "in_kind_work", in_kind)  # used up in the quarter
    for policy in world.policies_in_force():
        policy.on_money(world)
    _spend(world, in_kind / CENTS)
    _remember_income(world)


def contributions(world: PpsWorld, paid: Bools) -> Contributions:
    """Return what the active partners give this quarter, by their role and size; cash to those that are subsidised."""
    p, table, pps = world.p, world.memberships, world.pps
    rows = table.active()
    kind, role = table.kind[rows], table.role[rows]
    generous = np.array([1.0, p.large_gives, 0.0, 0.0, *[1.0] * (len(Kind) - Kind.GEMEENTE)]) / 4.0
    rates = np.array([0.0, p.in_kind_klant, p.in_kind_adviseur, p.in_kind_partner, p.in_kind_eigenaar])
    in_kind = rates[role] * generous[kind]
    firm = kind <= Kind.GROOTBEDRIJF
    cash = (p.cash_partner * generous)[kind] * (firm & (role >= Role.PARTNER))
    fee = np.array([p.fee_mkb, p.fee_large, *[0.0] * (len(Kind) - Kind.SCHOOL)]) / 4.0
    fees = fee[kind] * ((role >= Role.ADVISEUR) & (table.value[rows] >= p.fee_value))
    cell = np.maximum(len(GIVERS) - 1 - kind, 0) * len(pps) + table.pps[rows]  # by giver and partnership
    size = (len(GIVERS), len(pps))
    given = (np.bincount(cell, euros, size[0] * size[1]).reshape(size) for euros in (in_kind, cash, fees))
    pays = pps.network_alive, paid, fee_paying(world)
    return Contributions(*(euros * yes for euros, yes in zip(given, pays, strict=True)))


def fee_paying(world: PpsWorld) -> Bools:
    """Say which partnerships have members that pay a fee: those with an entity between the partners."""
    pps = world.pps
    entity: Bools = (pps.position == Position.BETWEEN_PARTNERS) & pps.network_alive
    return entity


def _collect_from_outside(world: PpsWorld) -> Ints:
    """Collect what comes from outside the world, the streams of `SOURCES`; returns what is given in kind, in cents.

    The margin on LLO is paid by large and mkb firms; in sectors with such a fund, O&O money is paid per participant
    (FU-05, FU-06).
    """
    p, pps = world.p, world.pps
    paid = subsidised(world)
    given = contributions(world, paid)
    municipal = np.where(paid, p.municipal_cash, p.municipal_cash * p.municipal_after) / 4.0
    participants = pps.llo / 4.0 * (pps.stopped < 0)
    single = [
        municipal * pps.municipalities * pps.network_alive,
        participants * p.oo_per_participant * world.oo_fund[pps.sector],
        participants * p.llo_price * llo_margin(world),
    ]
    amounts = cents(np.concatenate([given.in_kind, given.cash, given.fees, single]))
    of_large = np.floor(amounts[-1] * pps.large / np.maximum(pps.firms, 1)).astype(np.int64)
    amounts[-1] -= of_large
    payers = np.array([[world.accounts[name]] for _, name in SOURCES])
    streams = tuple(stream for stream, _ in SOURCES)
    world.ledger.pay(payers, pps.account, streams, np.concatenate([amounts, [of_large]]))
    in_kind: Ints = amounts[: len(GIVERS)].sum(axis=0)
    return in_kind


def llo_margin(world: PpsWorld) -> Floats:
    """Return the margin on LLO that each partnership keeps: more where firms share the direction (types 3 and 4)."""
    p = world.p
    margin: Floats = np.where(world.pps.llo_type >= LloType.KATALYSATOR, p.llo_margin_outside, p.llo_margin_inside)
    return margin


def _collect_from_hogescholen(world: PpsWorld) -> None:
    """Let hogescholen pay for the research hours of their lectoraten, while their budget lasts."""
    p, table, pps = world.p, world.memberships, world.pps
    rows = table.active()
    rows = rows[table.kind[rows] == Kind.HOGESCHOOL]
    if not len(rows):
        return
    member = table.member[rows]
    accounts = np.array([hbo.account for hbo in world.hogescholen])
    share = world.ledger.balance[accounts] // np.maximum(np.bincount(member, minlength=len(accounts)), 1)
    each = np.minimum(share, whole_cents(p.hbo_pays / 4.0))[member]
    world.ledger.pay(accounts[member], pps.account[table.pps[rows]], "hogeschool_contribution", each)


def _collect_from_schools(world: PpsWorld) -> None:
    """Let lead schools pay their share of the project, afterwards the upkeep of results and a little regie.

    A school that runs short pays all its partnerships the same share of what it planned.
    """
    pps, p = world.pps, world.p
    running = pps.stopped < 0
    project = p.school_share * pps.own_share * pps.planned[:, world.quarter] * running
    kept = upkeep(world) * ((pps.decision > 0) & running)
    willing = np.array([school.willing_to_fund for school in world.schools])[pps.school]
    embedded = (pps.decision == Decision.A_EMBED) & running & pps.network_alive
    regie = p.residual_regie_fte * willing * p.fte_cost / 4.0 * embedded
    plan = cents(np.array([project + kept, regie]))
    wanted = np.bincount(pps.school, weights=plan[0] + plan[1], minlength=len(world.schools))
    reserve = np.array([school.reserve for school in world.schools], dtype=np.float64)
    share = np.minimum(1.0, np.divide(reserve, wanted, out=np.ones_like(reserve), where=wanted > 0))[pps.school]
    payer = np.array([school.account for school in world.schools])[pps.school]
    paid = np.floor(plan * share).astype(np.int64)
    world.ledger.pay(payer, pps.account, ("school_contribution", "school_regie"), paid)


def upkeep(world: PpsWorld) -> Floats:
    """Return what it costs to keep the results up, in euros a quarter."""
    pps = world.pps
    cost: Floats = world.p.upkeep_share * pps.results * pps.cost / pps.span
    return cost


def regie_need(world: PpsWorld) -> Floats:
    """Return the regie, in fte, that a partnership of its size needs; a consortium shares part of it."""
    p, pps = world.p, world.pps
    alone = p.regie_base + p.regie_per_partner * pps.partners.astype(np.float64)
    need: Floats = alone * np.where(pps.consortium, 1.0 - p.consortium_shares, 1.0)
    return need


def _spend(world: PpsWorld, in_kind: Floats) -> None:
    pps, p, ledger = world.pps, world.p, world.ledger
    cash = ledger.balance[pps.account]
    running = (pps.stopped < 0) & (cash > 0)
    paid = subsidised(world)
    planned = pps.planned[:, world.quarter]
    regie_only = paid & (world.quarter >= pps.regie_from) & (pps.regie_from >= 0)
    project = paid & ~regie_only
    committed = cents(np.where(project, p.programme_share * planned, upkeep(world)))
    programme = np.minimum(cash - pps.earmarked, committed) * running
    need = regie_need(world)
    most = np.where(project, p.regie_share * planned + pps.earmarked / CENTS, np.inf)
    wanted = np.minimum(np.minimum(need, p.regie_most) * p.fte_cost / 4.0, most)
    regie = np.minimum(cash - programme, cents(wanted)) * (running & pps.network_alive)
    spare = cash - programme - regie
    grows = running & (
        project | (pps.status == Status.INDEPENDENT)
    )  # a project or an entity puts what is spare to work
    programme += np.floor(p.spare_spent * spare).astype(np.int64) * grows
    ledger.pay(pps.account, world.accounts["uitvoering"], ("programme", "regie"), np.array([programme, regie]))
    pps.earmarked[:] = 0
    pps.regie_fte[:] = regie / CENTS * 4.0 / p.fte_cost
    pps.adequacy[:] = limited(pps.regie_fte / need)
    pps.effort[:] = (programme / CENTS + in_kind) / p.effort_unit


PAYERS: dict[str, Payer] = {
    "national_subsidy": Payer.RIJK,
    "provincial_subsidy": Payer.PROVINCIE,
    "regie_funding": Payer.PROVINCIE,
    "school_contribution": Payer.SCHOOL,
    "school_regie": Payer.SCHOOL,
    "hogeschool_contribution": Payer.SCHOOL,
    "firm_cash": Payer.BEDRIJVEN,
    "membership_fees": Payer.BEDRIJVEN,
    "llo_fees": Payer.LLO,
    "oo_fund": Payer.LLO,
    "municipal_contribution": Payer.GEMEENTE,
}
INCOME = (*PAYERS, "firm_in_kind")
_PAYER_OF_ROW: Ints = np.array(list(PAYERS.values()))
_INCOME_ROW: Ints = np.array([INCOME.index(name) if name in INCOME else len(INCOME) for name in STREAMS])


def _remember_income(world: PpsWorld) -> None:
    """Smooth the cash income by payer: from it follow who pays the regie and what can be counted on."""
    pps = world.pps
    world.income = income_by_stream(world)
    cash = world.income[: len(PAYERS)]
    cell = np.arange(len(pps)) + _PAYER_OF_ROW[:, None] * len(pps)
    now = np.bincount(cell.ravel(), cash.ravel(), len(Payer) * len(pps)).reshape(len(Payer), len(pps)).T
    pps.income += world.p.income_memory * (now - pps.income)


def income_by_stream(world: PpsWorld) -> Floats:
    """Return this quarter's income of all partnerships in euros, shape (streams of `INCOME`, partnerships)."""
    stream, payee, amount = world.ledger.this_quarter()
    size = (len(INCOME) + 1, len(world.pps) + 1)  # the last for other streams, the first for who is no partnership
    cell = _INCOME_ROW[stream] * size[1] + world.pps_of_account[payee] + 1
    return np.bincount(cell, amount / CENTS, size[0] * size[1]).reshape(size)[:-1, 1:]


def promised_regie(world: PpsWorld, row: int) -> float:
    """Return the yearly money for regie that policies promise a partnership, in euros."""
    return sum(policy.on_decision(world, row) for policy in world.policies_in_force())
