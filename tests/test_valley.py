"""The end of the subsidy: each way to go on, each condition that closes it, and results apart from the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from agents.partnership import Block, Decision, Kind, Leaving, Position, Role, Status
from sim.activity import activity
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from sim.money import money, regie_need
from sim.reach import reach
from sim.valley import Condition, conditions_of, decide, end_of_subsidy, late_move_chance, stop, structural_money
from tests.worlds import founded, live, own, small_model, small_pack

ALONE = small_pack(known_pps=())
NOW = 20  # the step at which the subsidy of what is built here has ended


@dataclass
class Built:
    """A partnership whose subsidy has ended and that meets the conditions of A, B and C; tests take some away."""

    model: PpsModel
    row: int

    def conditions(self) -> dict[tuple[str, str], Condition]:
        return {(c.option, c.name): c for c in conditions_of(self.model, self.row)}

    def decide(self) -> Decision:
        decide(self.model, self.row)
        return Decision(self.model.pps.decision[self.row])


def at_the_end(**plan: int) -> Built:
    model = small_model(ALONE, calls=(), parameters={"late_move": 0.3, "late_move_fades": 0.05})
    live(model, 1)
    row = founded(model, firms=range(10), position=4, **plan)
    live(model, 2)
    model.quarter = model.ledger.quarter = NOW
    pps = model.pps
    pps.subsidy_end[row] = NOW
    pps.born[row] = NOW - 4
    pps.results[row] = 0.6
    pps.llo[row] = 2000.0  # pays the regie many times over
    pps.blocks[row, :] = 0.6
    pps.chance[row, :] = 0.01  # luck in everything
    model.schools[0].willing_to_fund = 0.9
    own(model, row, 5)
    pps.owners[row] = 5
    return Built(model, row)


def without_entity(built: Built) -> None:
    built.model.pps.first_position[built.row] = Position.IN_SCHOOL


def without_owners(built: Built) -> None:
    built.model.pps.owners[built.row] = 0


def without_money(built: Built) -> None:
    built.model.pps.llo[built.row] = 0.0
    built.model.memberships.value[:] = 0.0
    built.model.pps.municipalities[built.row] = 0


def without_luck(built: Built) -> None:
    built.model.pps.chance[built.row, :] = 1.0


def without_results(built: Built) -> None:
    built.model.pps.results[built.row] = 0.0


def without_will(built: Built) -> None:
    built.model.schools[0].willing_to_fund = 0.0


A, B, C, S = Decision.A_EMBED, Decision.B_CONTINUE_ENTITY, Decision.C_NEW_ENTITY, Decision.STOP


@pytest.mark.parametrize(
    ("taken_away", "chosen"),
    [
        ((), B),
        ((without_results, without_will), B),
        ((without_luck,), B),
        ((without_entity,), C),
        ((without_entity, without_results), C),
        ((without_entity, without_luck), A),
        ((without_owners,), A),
        ((without_money,), A),
        ((without_entity, without_owners), A),
        ((without_entity, without_luck, without_results), S),
        ((without_entity, without_luck, without_will), S),
        ((without_owners, without_results), S),
        ((without_money, without_will), S),
    ],
    ids=lambda value: "+".join(f.__name__ for f in value) or "all" if isinstance(value, tuple) else value.name,
)
def test_the_choice_follows_from_what_is_there(
    taken_away: tuple[Callable[[Built], None], ...], chosen: Decision
) -> None:
    built = at_the_end()
    for take in taken_away:
        take(built)
    assert built.decide() == chosen


@pytest.mark.parametrize(
    ("take", "failed"),
    [
        (without_entity, {("B", "entity_from_the_start")}),
        (without_owners, {("B", "owning_firms"), ("C", "owning_firms")}),
        (without_money, {("B", "structural_money_euro_year"), ("C", "structural_money_euro_year")}),
        (without_luck, {("C", "school_lets_go")}),
        (without_results, {("A", "results_worth_keeping")}),
        (without_will, {("A", "school_willing_to_fund")}),
    ],
)
def test_each_condition_fails_alone(take: Callable[[Built], None], failed: set[tuple[str, str]]) -> None:
    built = at_the_end()
    assert all(condition.met for condition in built.conditions().values())
    take(built)
    assert {key for key, condition in built.conditions().items() if not condition.met} == failed


def test_a_condition_is_met_at_exactly_what_is_needed() -> None:
    built, p = at_the_end(), at_the_end().model.p
    built.model.pps.owners[built.row] = p.owners_to_continue
    built.model.pps.results[built.row] = p.results_worth_keeping
    built.model.schools[0].willing_to_fund = p.school_willing
    met = built.conditions()
    assert met["B", "owning_firms"].met
    assert met["A", "results_worth_keeping"].met
    assert met["A", "school_willing_to_fund"].met
    built.model.pps.owners[built.row] -= 1
    assert not built.conditions()["B", "owning_firms"].met


def test_the_conditions_are_kept_as_data() -> None:
    built = at_the_end()
    without_owners(built)
    built.decide()
    kept = built.model.conditions[built.row]
    assert all(set(entry) == {"option", "name", "value", "needed", "met"} for entry in kept)
    assert all(entry["met"] == (entry["value"] >= entry["needed"]) for entry in kept)
    owners = [entry for entry in kept if entry["name"] == "owning_firms"]
    assert [(entry["option"], entry["value"], entry["met"]) for entry in owners] == [
        ("B", 0.0, False),
        ("C", 0.0, False),
    ]
    last = [event for event in built.model.events if event.what == "decided"][-1]
    assert last.detail["decision"] == "A_EMBED"
    assert built.model.pps.decided[built.row] == NOW


def test_late_is_hard() -> None:
    built = at_the_end()
    built.model.pps.first_position[built.row] = Position.IN_SCHOOL
    chances = []
    for years in range(8):
        built.model.pps.born[built.row] = NOW - 4 * years
        chances.append(late_move_chance(built.model, built.row))
    assert all(later < sooner or sooner == 1.0 for sooner, later in pairwise(chances))
    assert chances[-1] < chances[0]
    built.model.pps.first_position[built.row] = Position.SHARED
    assert late_move_chance(built.model, built.row) > chances[-1]


def test_the_money_that_is_needed_is_the_regie_of_that_network() -> None:
    built = at_the_end()
    p, needed = built.model.p, built.conditions()["B", "structural_money_euro_year"].needed
    fte = min(p.regie_base + p.regie_per_partner * built.model.pps.partners[built.row], p.regie_most)
    assert needed == pytest.approx(fte * p.fte_cost * p.viable_share)
    assert regie_need(built.model)[built.row] == pytest.approx(fte)


def test_structural_money_by_hand() -> None:
    """Three content mkb advisers, one content client, one discontent partner, 40 LLO participants, 2 municipalities."""
    model = small_model(ALONE, calls=())
    live(model, 1)
    row, p, table = founded(model, firms=range(5)), model.p, model.memberships
    mine = np.flatnonzero((table.pps == row) & (table.kind <= Kind.GROOTBEDRIJF))
    table.kind[mine] = Kind.MKB
    table.role[mine] = [Role.ADVISEUR, Role.PARTNER, Role.MEDE_EIGENAAR, Role.KLANT, Role.PARTNER]
    table.value[mine] = [0.9, 0.9, 0.9, 0.9, 0.0]
    model.pps.llo[row], model.pps.llo_type[row], model.pps.municipalities[row] = 40.0, 1, 2
    model.pps.due_national[row, :] = 0
    fund = p.oo_per_participant * model.oo_fund[model.pps.sector[row]]
    llo = 40 * (p.llo_price * p.llo_margin_outside + fund)  # an entity would earn the margin from outside the school
    by_hand = 3 * p.fee_mkb + llo + 2 * p.municipal_cash * p.municipal_after
    assert structural_money(model, row) == pytest.approx(by_hand)


# ── what follows from the choice ────────────────────────────────────────────────────────────────────────


def test_embedding_pulls_it_into_the_school() -> None:
    built = at_the_end()
    without_owners(built)
    leader = built.model.pps.leader[built.row]
    assert built.decide() == A
    pps, table = built.model.pps, built.model.memberships
    assert pps.status[built.row] == Status.EMBEDDED
    assert pps.position[built.row] == Position.WITH_SCHOOL
    assert pps.leader[built.row] == pytest.approx(leader * built.model.p.leader_after)
    firms = table.active()[(table.pps[table.active()] == built.row) & (table.kind[table.active()] <= 1)]
    assert table.role[firms].max() == Role.ADVISEUR
    assert pps.network_alive[built.row], "the network is not ended by the decision"


@pytest.mark.parametrize(("take", "chosen"), [((), B), ((without_entity,), C)])
def test_an_entity_stands_between_the_partners(take: tuple[Callable[[Built], None], ...], chosen: Decision) -> None:
    built = at_the_end()
    for each in take:
        each(built)
    assert built.decide() == chosen
    assert built.model.pps.status[built.row] == Status.INDEPENDENT
    assert built.model.pps.position[built.row] == Position.BETWEEN_PARTNERS
    assert built.model.pps.network_alive[built.row]


def test_stopping_ends_network_subsidy_and_cash() -> None:
    built = at_the_end()
    model, row = built.model, built.row
    model.pps.due_national[row, NOW + 1 : NOW + 4] = 5_000
    model.pps.due_provincial[row, NOW + 1 : NOW + 4] = 500
    model.provinces[0].promised = 1_500
    cash = model.partnerships[row].cash
    assert cash > 0
    stop(model, row)
    pps, table, flows = model.pps, model.memberships, model.ledger.flows()
    assert (pps.status[row], pps.stopped[row]) == (Status.STOPPED, NOW)
    assert not pps.due_national[row, NOW + 1 :].any()
    assert not pps.due_provincial[row, NOW + 1 :].any()
    assert model.provinces[0].promised == 0
    assert model.partnerships[row].cash == 0
    refund = flows.stream == STREAM_NUMBER["refund"]
    assert flows.amount[refund].sum() == cash
    assert set(flows.payee[refund]) <= {model.accounts["rijk"], model.provinces[0].account}
    assert (pps.network_alive[row], pps.network_death[row]) == (False, NOW)
    ended = table.pps == row
    assert np.all(table.until[ended] >= 0)
    assert np.all(table.why[ended & (table.until == NOW)] == Leaving.PPS_STOPPED)
    model.check()


def test_a_network_lost_during_the_subsidy_stops_it_and_cancels_the_rest() -> None:
    model = small_model(ALONE, calls=())
    live(model, 1)
    row = founded(model, request=160_000_000)
    live(model, 9)
    due = model.pps.due_national[row].copy()
    model.pps.blocks[row, Block.G_NETWORK] = 0.0
    end_of_subsidy(model)
    pps, now = model.pps, model.quarter
    assert pps.decision[row] == Decision.STOP
    assert pps.status[row] == Status.STOPPED
    assert pps.subsidy_end[row] > now
    assert np.array_equal(pps.due_national[row, : now + 1], due[: now + 1])
    assert not pps.due_national[row, now + 1 :].any()
    assert due[now + 1 :].sum() > 0
    assert model.partnerships[row].cash == 0
    before = model.ledger.flows().amount.sum()
    live(model, 4)
    account, flows = pps.account[row], model.ledger.flows()
    assert not ((flows.payee == account) & (flows.quarter > now)).any()
    assert flows.amount.sum() >= before


# ── results and network are kept apart ──────────────────────────────────────────────────────────────────


def ended(**state: float) -> Built:
    """An embedded partnership, one year after the decision."""
    built = at_the_end()
    without_owners(built)
    built.decide()
    built.model.quarter = built.model.ledger.quarter = NOW + 4
    return built


def test_a_network_dies_while_results_stay_and_still_reach_students() -> None:
    built = ended()
    model, row = built.model, built.row
    model.pps.blocks[row, Block.G_NETWORK] = 0.01
    results = model.pps.results[row]
    end_of_subsidy(model)
    assert not model.pps.network_alive[row]
    assert model.pps.network_death[row] == NOW + 4
    assert model.pps.partners[row] == 0
    assert model.pps.results[row] == results
    assert model.pps.status[row] == Status.EMBEDDED
    reach(model)
    assert model.pps.students_direct[row] > 0
    assert model.pps.teachers[row] > 0
    assert model.pps.professionals[row] == 0
    assert model.pps.llo[row] == 0


def test_results_fade_away_while_the_network_lives() -> None:
    built = ended()
    model, row = built.model, built.row
    model.pps.results[row] = 0.0
    end_of_subsidy(model)
    reach(model)
    assert model.pps.network_alive[row]
    assert model.pps.partners[row] > 0
    assert model.pps.students_direct[row] == 0
    assert model.pps.professionals[row] > 0


@pytest.mark.parametrize(
    ("field", "strength", "why"), [(9, 0.05, "contact_faded"), (1, 0.9, "too_few_partners"), (1, 0.05, "contact_faded")]
)
def test_what_a_network_dies_of_is_kept(field: int, strength: float, why: str) -> None:
    built = ended()
    built.model.pps.blocks[built.row, Block.G_NETWORK] = strength
    built.model.pps.field[built.row] = field
    end_of_subsidy(built.model)
    (event,) = [event for event in built.model.events if event.what == "network_ended" and event.pps == built.row]
    assert event.detail["why"] == why


def test_a_young_network_gets_time() -> None:
    model = small_model(ALONE, calls=(), parameters={"network_grace": 6.0})
    live(model, 1)
    row = founded(model)
    model.pps.blocks[row, Block.G_NETWORK] = 0.0
    model.quarter += 5
    end_of_subsidy(model)
    assert model.pps.network_alive[row]
    model.quarter += 1
    end_of_subsidy(model)
    assert not model.pps.network_alive[row]


def test_an_independent_partnership_that_loses_its_network_is_left_to_the_school() -> None:
    built = at_the_end()
    assert built.decide() == B
    built.model.quarter = NOW + 4
    built.model.pps.blocks[built.row, Block.G_NETWORK] = 0.0
    end_of_subsidy(built.model)
    assert built.model.pps.status[built.row] == Status.EMBEDDED
    assert built.model.pps.decision[built.row] == B, "what was decided stays"
    assert built.model.pps.results[built.row] > 0


def test_the_network_lives_on_regie_and_fades_without() -> None:
    built = ended()
    model, row = built.model, built.row
    for adequacy, goes in ((1.0, 1), (0.0, -1)):
        model.pps.blocks[row, Block.G_NETWORK] = 0.5
        model.pps.adequacy[row] = adequacy
        activity(model)
        assert np.sign(model.pps.blocks[row, Block.G_NETWORK] - 0.5) == goes


# ── money ───────────────────────────────────────────────────────────────────────────────────────────────


def spent(cash: int) -> tuple[float, float]:
    """Programme and regie (cents) that an embedded partnership pays out of its cash, when nobody else pays."""
    built = ended()
    model, row, p = built.model, built.row, built.model.p
    for school in model.schools:  # empty the schools
        model.ledger.pay(school.account, model.accounts["rijk"], "refund", school.reserve)
    model.pps.llo[:] = 0.0
    model.pps.municipalities[:] = 0
    model.ledger.pay(model.pps.account[row], model.accounts["rijk"], "refund", model.partnerships[row].cash)
    model.ledger.pay(model.accounts["rijk"], model.pps.account[row], "regie_funding", cash)
    model.ledger.quarter = model.quarter = NOW + 5
    money(model)
    flows = model.ledger.flows()
    mine = (flows.payer == model.pps.account[row]) & (flows.quarter == NOW + 5)
    paid = {
        name: int(flows.amount[mine & (flows.stream == STREAM_NUMBER[name])].sum()) for name in ("programme", "regie")
    }
    upkeep = 100 * p.upkeep_share * model.pps.results[row] * model.pps.cost[row] / (4 * p.project_years)
    assert paid["programme"] == pytest.approx(min(cash, upkeep), abs=1)
    return paid["programme"], paid["regie"]


def test_regie_is_cut_first_when_money_is_short() -> None:
    rich = spent(100_000_000)
    assert rich[1] > 0
    short = spent(int(rich[0]) + int(rich[1]) // 2)
    assert short[0] == rich[0], "the programme is paid in full"
    assert short[1] == pytest.approx(rich[1] / 2, abs=2), "the regie bears the whole shortage"
    poor = spent(int(rich[0]) // 2)
    assert poor == (int(rich[0]) // 2, 0)


def test_regie_is_never_more_than_is_needed() -> None:
    built = ended()
    model = built.model
    model.ledger.pay(model.accounts["rijk"], model.pps.account[built.row], "regie_funding", 10**10)
    money(model)
    assert model.pps.adequacy[built.row] == 1.0
    assert model.pps.regie_fte[built.row] == pytest.approx(regie_need(model)[built.row], rel=1e-6)


def test_a_dead_network_pays_no_regie() -> None:
    built = ended()
    model = built.model
    model.pps.network_alive[built.row] = False
    model.ledger.pay(model.accounts["rijk"], model.pps.account[built.row], "regie_funding", 10**9)
    money(model)
    assert model.pps.regie_fte[built.row] == 0
