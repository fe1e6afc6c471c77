"""Process 9, money: partnerships collect, pay the programme first and the regie with what is left.

Firms readily give in kind and hardly pay the regie (FU-03); a shortage therefore cuts the regie first (RE-07).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Bools, Floats, Ints, limited
from agents.partnership import Decision, Kind, LloType, Payer, Position, Role, Status
from sim.calls import subsidised
from sim.ledger import CENTS, cents
from sim.world import PpsWorld

GIVERS = ("overige-partners", "grootbedrijf", "mkb")
"""Accounts from which partners give; schools and hogescholen have their own."""


@dataclass(frozen=True)
class Contributions:
    """What partners give this quarter, in euros: one number per giver and partnership, all of a giver together."""

    payer: Ints
    payee: Ints
    in_kind: Floats
    cash: Floats
    fees: Floats


def money(world: PpsWorld) -> None:
    """Collect the income of all partnerships, let policies pay, and spend."""
    pps = world.pps
    if not len(pps):
        return
    given = contributions(world)
    _collect_from_firms(world, given)
    _collect_llo(world)
    _collect_municipalities(world)
    _collect_from_schools(world)
    _collect_from_hogescholen(world)
    in_kind = _work_in_kind(world, given)
    for policy in world.policies_in_force():
        policy.on_money(world)
    _spend(world, in_kind)
    _remember_income(world)


def contributions(world: PpsWorld) -> Contributions:
    """Return what the active partners give this quarter, by their role and size."""
    p, table, pps = world.p, world.memberships, world.pps
    rows = table.active()
    kind = table.kind[rows]
    rows = rows[(kind <= Kind.GROOTBEDRIJF) | (kind >= Kind.GEMEENTE)]
    of, kind, role = table.pps[rows], table.kind[rows], table.role[rows]
    large = kind == Kind.GROOTBEDRIJF
    firm = kind <= Kind.GROOTBEDRIJF
    generous = np.where(large, p.large_gives, 1.0) / 4.0
    rates = np.array([0.0, p.in_kind_klant, p.in_kind_adviseur, p.in_kind_partner, p.in_kind_eigenaar])
    in_kind = rates[role] * generous * pps.network_alive[of]
    cash = p.cash_partner * generous * (firm & (role >= Role.PARTNER) & subsidised(world)[of])
    paying = fee_paying(world)[of] & firm & (role >= Role.ADVISEUR) & (table.value[rows] >= p.fee_value)
    fee = np.where(large, p.fee_large, p.fee_mkb) / 4.0 * paying
    payer = np.array([world.accounts[name] for name in GIVERS]).repeat(len(pps))
    payee = np.concatenate([pps.account] * len(GIVERS))
    cell = np.maximum(len(GIVERS) - 1 - kind, 0) * len(pps) + of  # by giver and partnership
    totals = (np.bincount(cell, weights=euros, minlength=len(payer)) for euros in (in_kind, cash, fee))
    return Contributions(payer, payee, *totals)


def fee_paying(world: PpsWorld) -> Bools:
    """Say which partnerships have members that pay a fee: those with an entity between the partners."""
    pps = world.pps
    entity: Bools = (pps.position == Position.BETWEEN_PARTNERS) & pps.network_alive
    return entity


def _collect_from_firms(world: PpsWorld, given: Contributions) -> None:
    world.ledger.pay(given.payer, given.payee, "firm_cash", cents(given.cash))
    world.ledger.pay(given.payer, given.payee, "membership_fees", cents(given.fees))


def llo_margin(world: PpsWorld) -> Floats:
    """Return the margin on LLO that each partnership keeps: more where firms share the direction (types 3 and 4)."""
    p = world.p
    margin: Floats = np.where(world.pps.llo_type >= LloType.KATALYSATOR, p.llo_margin_outside, p.llo_margin_inside)
    return margin


def _collect_llo(world: PpsWorld) -> None:
    """Collect the margin on LLO and, in sectors with such a fund, its payment per participant (FU-05, FU-06)."""
    p, pps, ledger = world.p, world.pps, world.ledger
    participants = pps.llo / 4.0 * (pps.stopped < 0)
    fees = cents(participants * p.llo_price * llo_margin(world))
    of_large = np.floor(fees * pps.large / np.maximum(pps.firms, 1)).astype(np.int64)
    ledger.pay(world.accounts["grootbedrijf"], pps.account, "llo_fees", of_large)
    ledger.pay(world.accounts["mkb"], pps.account, "llo_fees", fees - of_large)
    fund = participants * p.oo_per_participant * world.oo_fund[pps.sector]
    ledger.pay(world.accounts["oo-fondsen"], pps.account, "oo_fund", cents(fund))


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
    each = np.minimum(share, cents(p.hbo_pays / 4.0))[member]
    world.ledger.pay(accounts[member], pps.account[table.pps[rows]], "hogeschool_contribution", each)


def _collect_municipalities(world: PpsWorld) -> None:
    p, pps = world.p, world.pps
    each = np.where(subsidised(world), p.municipal_cash, p.municipal_cash * p.municipal_after) / 4.0
    amount = cents(each * pps.municipalities * pps.network_alive)
    world.ledger.pay(world.accounts["gemeenten"], pps.account, "municipal_contribution", amount)


def _collect_from_schools(world: PpsWorld) -> None:
    """Let lead schools pay their share of the project, afterwards the upkeep of results and a little regie.

    A school that runs short pays all its partnerships the same share of what it planned.
    """
    pps, p = world.pps, world.p
    running = pps.stopped < 0
    project = np.where(running, p.school_share * pps.own_share * pps.planned[:, world.quarter], 0.0)
    kept = np.where((pps.decision > 0) & running, upkeep(world), 0.0)
    willing = np.array([school.willing_to_fund for school in world.schools])[pps.school]
    embedded = (pps.decision == Decision.A_EMBED) & running & pps.network_alive
    regie = np.where(embedded, p.residual_regie_fte * willing * p.fte_cost / 4.0, 0.0)
    plan = cents(project + kept)
    plan_regie = cents(regie)
    wanted = np.bincount(pps.school, weights=plan + plan_regie, minlength=len(world.schools))
    reserve = np.array([school.reserve for school in world.schools], dtype=np.float64)
    share = np.minimum(1.0, np.divide(reserve, wanted, out=np.ones_like(reserve), where=wanted > 0))[pps.school]
    payer = np.array([school.account for school in world.schools])[pps.school]
    world.ledger.pay(payer, pps.account, "school_contribution", np.floor(plan * share).astype(np.int64))
    world.ledger.pay(payer, pps.account, "school_regie", np.floor(plan_regie * share).astype(np.int64))


def _work_in_kind(world: PpsWorld, given: Contributions) -> Floats:
    """Book what partners do in kind: it comes in and is used up in the same quarter. Returns euros."""
    amounts = cents(given.in_kind)
    world.ledger.pay(given.payer, given.payee, "firm_in_kind", amounts)
    total: Ints = amounts.reshape(len(GIVERS), -1).sum(axis=0)
    world.ledger.pay(world.pps.account, world.accounts["uitvoering"], "in_kind_work", total)
    return total / CENTS


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
    programme = np.where(running, np.minimum(cash - pps.earmarked, committed), 0)
    need = regie_need(world)
    most = np.where(project, p.regie_share * planned + pps.earmarked / CENTS, np.inf)
    wanted = np.minimum(np.minimum(need, p.regie_most) * p.fte_cost / 4.0, most)
    regie = np.where(running & pps.network_alive, np.minimum(cash - programme, cents(wanted)), 0)
    spare = cash - programme - regie
    grows = running & (
        project | (pps.status == Status.INDEPENDENT)
    )  # a project or an entity puts what is spare to work
    extra = np.where(grows, np.floor(p.spare_spent * spare), 0).astype(np.int64)
    ledger.pay(pps.account, world.accounts["uitvoering"], "programme", programme + extra)
    ledger.pay(pps.account, world.accounts["uitvoering"], "regie", regie)
    pps.earmarked[:] = 0
    pps.regie_fte[:] = regie / CENTS * 4.0 / p.fte_cost
    pps.adequacy[:] = limited(pps.regie_fte / need)
    pps.effort[:] = ((programme + extra) / CENTS + in_kind) / p.effort_unit


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


def _remember_income(world: PpsWorld) -> None:
    """Smooth the cash income by payer: from it follow who pays the regie and what can be counted on."""
    pps = world.pps
    world.income = income_by_stream(world)
    now = np.zeros((len(pps), len(Payer)))
    for euros, payer in zip(world.income, PAYERS.values(), strict=False):
        now[:, payer] += euros
    pps.income += world.p.income_memory * (now - pps.income)


def income_by_stream(world: PpsWorld) -> Floats:
    """Return this quarter's income of all partnerships in euros, shape (streams of `INCOME`, partnerships)."""
    income = np.zeros((len(INCOME), len(world.pps) + 1))  # the last for who is no partnership: row -1
    row_of = world.pps_of_account
    for stream, payee, amount in world.ledger.this_quarter():
        if stream in INCOME:
            np.add.at(income[INCOME.index(stream)], row_of[payee], amount / CENTS)
    return income[:, :-1]


def promised_regie(world: PpsWorld, row: int) -> float:
    """Return the yearly money for regie that policies promise a partnership, in euros."""
    return sum(policy.on_decision(world, row) for policy in world.policies_in_force())
