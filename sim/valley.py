"""Process 10, the end of the subsidy: the valley between project money and structural embedding.

(A) the school embeds the results and the regie nearly ends; (B) an entity that stood between the partners from
the start goes on; (C) a new entity is founded; (S) the partnership stops. What can be done follows from where
the regie sits, whether firms own it, and who pays it. The conditions are kept as data, so that everybody can
read why. The decision is about the partnership; whether its network lives is seen afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.partnership import Block, Decision, Kind, Leaving, Payer, Position, Role, Status, llo_type
from sim.money import promised_regie, regie_need
from sim.network import count_partners, leave
from sim.world import PpsWorld


@dataclass(frozen=True)
class Condition:
    """One condition for one way to go on: what was seen and what was needed."""

    option: str  # A, B or C
    name: str
    value: float
    needed: float
    met: bool


def end_of_subsidy(world: PpsWorld) -> None:
    """Decide for partnerships in their last quarter with subsidy, and see which networks have died."""
    pps = world.pps
    ending = ((pps.subsidy_end <= world.quarter + 1) & (pps.decision == Decision.NONE)).nonzero()[0]
    for row in ending:
        decide(world, int(row))
    if len(ending):
        count_partners(world)
    if _network_deaths(world):
        count_partners(world)


def decide(world: PpsWorld, row: int) -> None:
    """Take the decision for one partnership and keep the conditions it rested on."""
    conditions = conditions_of(world, row)
    feasible = {option for option in "ABC" if all(c.met for c in conditions if c.option == option)}
    decision = next(
        (choice for option, choice in ORDER if option in feasible),
        Decision.STOP,
    )
    world.conditions[row] = [dict(vars(condition)) for condition in conditions]
    world.pps.decision[row] = decision
    world.pps.decided[row] = world.quarter
    world.tell(row, "decided", decision=Decision(decision).name)
    {
        Decision.A_EMBED: _embed,
        Decision.B_CONTINUE_ENTITY: _become_independent,
        Decision.C_NEW_ENTITY: _become_independent,
        Decision.STOP: stop,
    }[decision](world, row)


ORDER = (("B", Decision.B_CONTINUE_ENTITY), ("C", Decision.C_NEW_ENTITY), ("A", Decision.A_EMBED))


def conditions_of(world: PpsWorld, row: int) -> list[Condition]:
    """Return the conditions of the options A, B and C for one partnership, as they stand now."""
    pps, p = world.pps, world.p
    school = world.schools[int(pps.school[row])]
    owners = float(pps.owners[row])
    euros = structural_money(world, row)
    needed = float(regie_need(world)[row] * p.fte_cost * p.viable_share)
    late = late_move_chance(world, row)
    results = float(pps.results[row])
    return [
        _at_least("A", "results_worth_keeping", results, p.results_worth_keeping),
        _at_least("A", "school_willing_to_fund", school.willing_to_fund, p.school_willing),
        _at_least("B", "entity_from_the_start", float(pps.first_position[row]), float(Position.BETWEEN_PARTNERS)),
        _at_least("B", "owning_firms", owners, p.owners_to_continue),
        _at_least("B", "structural_money_euro_year", euros, needed),
        _at_least("C", "owning_firms", owners, p.owners_to_found),
        _at_least("C", "structural_money_euro_year", euros, needed),
        _at_least("C", "school_lets_go", late, float(world.chance("late_move")[row])),
    ]


def _at_least(option: str, name: str, value: float, needed: float) -> Condition:
    return Condition(option, name, value, needed, value >= needed)


def late_move_chance(world: PpsWorld, row: int) -> float:
    """Return the chance that the regie can still move between the partners (RE-04: late is hard).

    It falls with the years that the partnership sat in the school; a shared regie moves more easily, and so
    does one whose school manages its partnerships as a portfolio.
    """
    pps, p = world.pps, world.p
    years = (world.quarter - int(pps.born[row])) / 4.0
    school = world.schools[int(pps.school[row])]
    shared = p.late_move_shared if pps.first_position[row] >= Position.SHARED else 1.0
    chance = p.late_move * np.exp(-p.late_move_fades * years) * shared
    return float(min(1.0, chance * (1.0 + p.late_move_portfolio * school.portfolio_management)))


def structural_money(world: PpsWorld, row: int) -> float:
    """Return the yearly money for regie that an entity could count on without project subsidy, in euros.

    Fees that its satisfied firms would pay, the LLO margin from outside the school, O&O money, municipalities after the
    project, and what policies promise.
    """
    pps, p, table = world.pps, world.p, world.memberships
    rows = table.of_firms()
    rows = rows[table.pps[rows] == row]
    rows = rows[(table.role[rows] >= Role.ADVISEUR) & (table.value[rows] >= p.fee_value)]
    fees = np.where(table.kind[rows] == Kind.GROOTBEDRIJF, p.fee_large, p.fee_mkb).sum()
    llo = pps.llo[row] * (p.llo_price * p.llo_margin_outside + p.oo_per_participant * world.oo_fund[pps.sector[row]])
    municipal = pps.municipalities[row] * p.municipal_cash * p.municipal_after
    return float(fees + llo + municipal + promised_regie(world, row))


def _embed(world: PpsWorld, row: int) -> None:
    """(A) Pull the partnership into the school: firms fall back to advising, the leader goes (RE-02, RE-06)."""
    pps, table = world.pps, world.memberships
    pps.status[row] = Status.EMBEDDED
    _move_regie(world, row, Position.WITH_SCHOOL)
    pps.leader[row] *= world.p.leader_after
    rows = table.of_firms()
    rows = rows[table.pps[rows] == row]
    table.role[rows] = np.minimum(table.role[rows], Role.ADVISEUR)


def _become_independent(world: PpsWorld, row: int) -> None:
    """(B, C) Go on as an entity between the partners."""
    world.pps.status[row] = Status.INDEPENDENT
    _move_regie(world, row, Position.BETWEEN_PARTNERS)


def _move_regie(world: PpsWorld, row: int, position: Position) -> None:
    """Move the regie; who leads LLO moves with it."""
    pps = world.pps
    pps.position[row] = position
    pps.llo_type[row] = llo_type(position, bool(pps.demand[row] < world.p.llo_formal_below))


def stop(world: PpsWorld, row: int) -> None:
    """(S) End the partnership: no more subsidy, cash returned to those who subsidised it, partners gone."""
    pps, now = world.pps, world.quarter
    pps.status[row] = Status.STOPPED
    pps.stopped[row] = now
    _release_promises(world, row)
    pps.due_national[row, now + 1 :] = 0
    pps.due_provincial[row, now + 1 :] = 0
    pps.due_policy[row, now + 1 :] = 0
    _refund(world, row)
    world.tell(row, "stopped")
    if pps.network_alive[row]:
        _end_network(world, row, Leaving.PPS_STOPPED)
    pps.regie_fte[row] = pps.adequacy[row] = pps.effort[row] = 0.0


def _refund(world: PpsWorld, row: int) -> None:
    """Return the cash that is left to the state and the province, in the proportion in which they paid lately."""
    pps, ledger = world.pps, world.ledger
    left = int(ledger.balance[pps.account[row]])
    state, province = pps.income[row, Payer.RIJK], pps.income[row, Payer.PROVINCIE]
    to_province = int(left * province / (state + province)) if province > 0 else 0
    ledger.pay(pps.account[row], world.provinces[int(pps.province[row])].account, "refund", to_province)
    ledger.pay(pps.account[row], world.accounts["rijk"], "refund", left - to_province)


def _release_promises(world: PpsWorld, row: int) -> None:
    province = world.provinces[int(world.pps.province[row])]
    province.promised -= int(world.pps.due_provincial[row, world.quarter + 1 :].sum())


def _network_deaths(world: PpsWorld) -> int:
    """End networks whose contact has faded or that have too few partners from the field left.

    A partnership that loses its network while it is subsidised stops; afterwards the school keeps the results.
    """
    pps, p = world.pps, world.p
    old_enough = world.quarter - pps.born >= p.network_grace
    faded = pps.blocks[:, Block.G_NETWORK] < p.network_dead
    alone = pps.field < p.network_least_partners
    dying = (pps.network_alive & old_enough & (faded | alone)).nonzero()[0]
    for row in dying:
        why = "contact_faded" if faded[row] else "too_few_partners"
        _end_network(world, int(row), Leaving.CONTACT_FADED, why)
        if pps.decision[row] == Decision.NONE:
            pps.decision[row], pps.decided[row] = Decision.STOP, world.quarter
            world.tell(int(row), "decided", decision=Decision.STOP.name, early=True)
            stop(world, int(row))
        elif pps.status[row] == Status.INDEPENDENT:
            pps.status[row] = Status.EMBEDDED
            _move_regie(world, int(row), Position.WITH_SCHOOL)
    return len(dying)


def _end_network(world: PpsWorld, row: int, leaving: Leaving, why: str = "stopped") -> None:
    pps, table = world.pps, world.memberships
    had, needed = float(pps.regie_fte[row]), float(regie_need(world)[row])
    pps.network_alive[row] = False
    pps.network_death[row] = world.quarter
    pps.blocks[row, Block.G_NETWORK] = 0.0
    pps.regie_fte[row] = pps.adequacy[row] = 0.0
    rows = table.active()
    rows = rows[table.pps[rows] == row]
    world.tell(row, "network_ended", why=why, partners=len(rows), regie_fte=had, regie_need=needed)
    leave(world, rows, leaving)
