"""Policies for schools, firms and the region: each acts through its mechanism, and on nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.errors import InputError
from agents.partnership import Kind, Leaving, Location
from scenarios.policies import make_policies
from scenarios.policies.firms import LloMoney, MkbPeloton, NonFormalLearning
from scenarios.policies.region import BridgeBuilders, Consortia, Orchestration, PhysicalPlace, RiskSignal
from scenarios.policies.schools import HybridTeachers, Portfolio, PractoraatLectoraat
from scenarios.policy import Policy
from scenarios.scenario import load_scenario
from sim.contact import contacts_of
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from sim.money import regie_need
from sim.valley import structural_money
from tests.worlds import (
    HTSM,
    SECTORS,
    founded,
    hogeschool_row,
    live,
    own,
    province_row,
    region_row,
    small_model,
    small_pack,
)

CARE = SECTORS.index("zorg_welzijn")
HERE, ELSEWHERE = 0, 1  # rows of the partnerships that every world here has
TWO_PROVINCES = small_pack(
    known_pps=(),
    provinces=(province_row(0), province_row(1)),
    regions=(region_row(0), region_row(1, province=1)),
    adjacency=np.zeros((2, 2), dtype=bool),  # with `local_elsewhere` at zero nothing spills from one to the other
    hogescholen=(hogeschool_row(0), hogeschool_row(1, region=1)),
)
KINDS: tuple[type[Policy], ...] = (
    Portfolio, HybridTeachers, PractoraatLectoraat, MkbPeloton, LloMoney, NonFormalLearning, Orchestration,
    BridgeBuilders, Consortia, PhysicalPlace, RiskSignal,
)  # fmt: skip
EAGER = {"policy_practoraat_links": 2.0, "hbo_links": 0.0, "hip_phase": 2, "local_elsewhere": 0.0}
"""Hogescholen come through a policy alone, and soon; partnerships are soon ready for a consortium."""


def policy(kind: type[Policy], **settings: Any) -> Any:
    """A policy that is in force from the first quarter."""
    return kind.model_validate({"name": kind.kind, "starts": "2011-Q3", **settings})


def world(*policies: Policy, **more: Any) -> PpsModel:
    """A world of two provinces with one partnership in each, whose first quarter is over."""
    pack = more.pop("pack", TWO_PROVINCES)
    model = live(small_model(pack, policies=policies, calls=(), **{"parameters": EAGER, **more}), 1)
    founded(model, firms=small_firms(model, HTSM, 0), leader=0.3, practice=0.2)
    founded(model, firms=small_firms(model, CARE, 1), sector=CARE, region=1, school=1, leader=0.3, practice=0.2)
    return model


def small_firms(model: PpsModel, sector: int, region: int) -> list[int]:
    """Eight mkb firms of a sector and region."""
    firms = model.firms
    rows = np.flatnonzero((firms.sector == sector) & (firms.region == region) & ~firms.large)
    return [int(row) for row in rows[:8]]


def row_of(model: PpsModel, row: int) -> dict[str, Any]:
    """All that is known of a partnership and its members."""
    pps, table = model.pps, model.memberships
    mine = table.pps == row
    return {
        **{name: getattr(pps, name)[row].tolist() for name in pps.names()},
        **{f"member {name}": getattr(table, name)[mine].tolist() for name in table.names()},
    }


def spent(model: PpsModel) -> int:
    """Cents that policies spent beside their staff."""
    flows = model.ledger.flows()
    return int(model.policy_cents.sum() - flows.amount[flows.stream == STREAM_NUMBER["policy_staff"]].sum())


def helped(model: PpsModel) -> set[str]:
    return {name for fund in model.act.funds.values() for name in fund.served}


# ── what holds for all ──────────────────────────────────────────────────────────────────────────────────


def eventful(*policies: Policy) -> PpsModel:
    """A world in which every policy here finds somebody: more partnerships, hogescholen that want, and time."""
    model = world(*policies)
    founded(model, firms=small_firms(model, CARE, 1), sector=CARE, region=1, school=1)
    for hbo in model.hogescholen:
        hbo.value_of_mbo = 1.0
    live(model, 4)
    assert model.act.link_hogeschool(2, 0)
    model.pps.development[:], model.pps.phase[:] = 3.0, 2
    return live(model, 14)


@pytest.fixture(scope="module")
def without() -> PpsModel:
    return eventful()


@pytest.mark.parametrize("kind", KINDS)
def test_it_acts_where_it_is_meant_and_leaves_the_rest_as_it_was(kind: type[Policy], without: PpsModel) -> None:
    model = eventful(policy(kind, regions=["region-1"]))
    assert model.policy_cents[1].sum() > 0
    assert not model.policy_cents[0].any()
    assert row_of(model, HERE) == row_of(without, HERE)
    assert model.provinces[0].orchestration == without.provinces[0].orchestration
    for trait in ("portfolio_management", "not_invented_here", "llo_experience", "willing_to_fund"):
        assert getattr(model.schools[0], trait) == getattr(without.schools[0], trait)
    if kind is not Orchestration:
        assert spent(model) > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (Orchestration, LloMoney)])
def test_a_budget_that_pays_only_the_staff_helps_nobody(kind: type[Policy], without: PpsModel) -> None:
    staff = 80_000
    model = eventful(policy(kind, budget_euro_year=staff, staff_euro_year=staff, starts="2012-Q1"))
    assert not spent(model)
    assert [row_of(model, row) for row in range(3)] == [row_of(without, row) for row in range(3)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_ended_is_no_longer_paid_and_rules_nothing(kind: type[Policy]) -> None:
    model = eventful(policy(kind, ends="2013-Q1"))
    ended = model.calendar.step_of("2013-Q1")
    assert model.policy_cents[:, :ended].any()
    assert not model.policy_cents[:, ended:].any()
    assert (model.pps.llo_uptake == 1).all()
    assert (model.pps.culture_gain == 1).all()


# ── schools ─────────────────────────────────────────────────────────────────────────────────────────────


def with_two(*policies: Policy) -> PpsModel:
    """A world in which the first school leads two partnerships and the second one."""
    model = world(*policies)
    founded(model)
    return live(model, 6)


def test_an_innovation_manager_builds_a_portfolio_that_wears_down_not_invented_here() -> None:
    plain, paid = with_two(), with_two(policy(Portfolio))
    before, after = plain.schools[0], paid.schools[0]
    assert after.portfolio_management > before.portfolio_management
    assert after.not_invented_here < before.not_invented_here
    assert helped(paid) == {"school:school-0"}


def test_a_school_with_one_partnership_gets_no_manager() -> None:
    plain, paid = with_two(), with_two(policy(Portfolio))
    assert paid.schools[1].portfolio_management == plain.schools[1].portfolio_management
    assert "school:school-1" in helped(with_two(policy(Portfolio, least_pps=1)))


def test_hybrid_teachers_bring_practice_and_experience_with_llo() -> None:
    plain, paid = live(world(), 4), live(world(policy(HybridTeachers)), 4)
    assert paid.pps.practice[HERE] > plain.pps.practice[HERE]
    assert paid.schools[0].llo_experience > plain.schools[0].llo_experience


def test_hybrid_teachers_do_not_come_where_the_network_is_gone() -> None:
    def gone(model: PpsModel) -> PpsModel:
        model.pps.network_alive[HERE] = False
        return live(model, 4)

    plain, paid = gone(world()), gone(world(policy(HybridTeachers)))
    assert row_of(paid, HERE) == row_of(plain, HERE)
    assert paid.schools[0].llo_experience == plain.schools[0].llo_experience
    assert paid.pps.practice[ELSEWHERE] > plain.pps.practice[ELSEWHERE]


def sought(*policies: Policy, lectoraten: int = 20) -> PpsModel:
    """A world in which the hogeschool sees full value in the mbo, after some years."""
    rows = tuple(row.model_copy(update={"lectoraten": lectoraten}) for row in TWO_PROVINCES.hogescholen)
    model = world(*policies, pack=replace(TWO_PROVINCES, hogescholen=rows))
    for hbo in model.hogescholen:
        hbo.value_of_mbo = 1.0
    return live(model, 14)


def test_a_paid_practoraat_brings_a_lectoraat_and_with_it_research() -> None:
    plain, paid = sought(), sought(policy(PractoraatLectoraat))
    assert not plain.pps.hogescholen.any()
    assert paid.pps.hogescholen.all()
    assert (paid.pps.blocks[:, 4] > plain.pps.blocks[:, 4]).all()


def test_nothing_is_paid_for_a_practoraat_without_a_lectoraat_that_has_room() -> None:
    plain, paid = sought(lectoraten=0), sought(policy(PractoraatLectoraat), lectoraten=0)
    assert not spent(paid)
    assert row_of(paid, HERE) == row_of(plain, HERE)


def test_a_partnership_that_had_a_hogeschool_itself_gets_no_practoraat() -> None:
    model = world(policy(PractoraatLectoraat))
    assert model.act.link_hogeschool(HERE, 0)
    live(model, 8)
    assert f"pps:{model.pps_ids[HERE]}" not in helped(model)


# ── firms ───────────────────────────────────────────────────────────────────────────────────────────────


def extra_contacts(model: PpsModel, measure: Policy) -> list[float]:
    """The contacts that a policy adds for each partnership this quarter."""
    before = contacts_of(model)
    contacts = before.copy()
    measure.on_contact(model, contacts)
    return [round(float(added), 9) for added in contacts - before]


def test_outreach_buys_contacts_for_living_networks_only() -> None:
    measure = policy(MkbPeloton, contacts_year=8)
    model = live(world(measure), 1)
    assert extra_contacts(model, measure) == [2, 2]
    model.pps.network_alive[ELSEWHERE] = False
    assert extra_contacts(model, measure) == [2, 0]


def test_vouchers_make_learning_normal_in_mkb_firms_and_no_others() -> None:
    measure = policy(MkbPeloton, contacts_year=0, vouchers_year=40, sectors=["htsm"])
    model = live(world(measure), 1)
    before = model.firms.learning_culture.copy()
    measure.on_money(model)
    gain = model.firms.learning_culture - before
    meant = ~model.firms.large & (model.firms.sector == HTSM)
    assert 0 < (gain > 0).sum() < meant.sum()
    assert not gain[~meant].any()


def test_as_many_vouchers_are_handed_out_when_firms_are_sampled() -> None:
    pack = replace(TWO_PROVINCES, firms=10 * TWO_PROVINCES.firms)
    given, learnt = [], []
    for scale in (1.0, 0.2):
        measure = policy(MkbPeloton, contacts_year=0, vouchers_year=400, euro_voucher=100)
        model = small_model(pack, policies=[measure], calls=(), scale=scale)
        before = model.firms.learning_culture.copy()
        founded(model)
        live(model, 12)
        given.append(spent(model) / 100 / 100)
        learnt.append(float((model.firms.weight * (model.firms.learning_culture - before)).sum()))
    assert given == pytest.approx([2 * 12 * 100] * 2, rel=0.05)  # two provinces, three years
    assert learnt[1] == pytest.approx(learnt[0], rel=0.1)


def teaching(*policies: Policy) -> PpsModel:
    """A world in which the partnerships offer LLO and firms are keen on it."""
    model = world(*policies)
    model.pps.blocks[:, :4] = 0.9
    model.firms.belief_llo[:] = model.firms.learning_culture[:] = 0.8
    return live(model, 2)


def test_one_front_office_brings_more_employees_to_llo() -> None:
    measure = policy(LloMoney, sectors=["htsm"])
    plain, paid = teaching(), teaching(measure)
    factor = paid.pps.llo / plain.pps.llo
    assert factor[HERE] == pytest.approx(1 + paid.p.policy_desk_uptake, rel=1e-3)
    assert factor[ELSEWHERE] == 1.0


def test_half_a_front_office_brings_half_as_many() -> None:
    model = teaching(policy(LloMoney, staff_euro_year=47_500))
    assert model.pps.llo_uptake.tolist() == pytest.approx([1 + model.p.policy_desk_uptake / 2] * 2)


def test_money_per_participant_counts_as_structural_money_for_those_who_get_it() -> None:
    model = teaching(policy(LloMoney, euro_participant=300, sectors=["htsm"]))
    with_money = [structural_money(model, row) for row in (HERE, ELSEWHERE)]
    model.policies = ()
    bare = [structural_money(model, row) for row in (HERE, ELSEWHERE)]
    assert with_money[HERE] - bare[HERE] == pytest.approx(300 * model.pps.llo[HERE])
    assert with_money[ELSEWHERE] == bare[ELSEWHERE]


def test_money_that_no_longer_reached_a_partnership_is_not_counted_on() -> None:
    model = teaching(policy(LloMoney, budget_euro_year=1_000, staff_euro_year=1_000))
    assert model.policies[0].on_decision(model, HERE) == 0.0


def test_recognition_lets_member_firms_learn_to_learn_faster() -> None:
    measure = policy(NonFormalLearning, sectors=["htsm"])
    plain, paid = live(teaching(), 4), live(teaching(measure), 4)
    members = {row: plain.memberships.member[(plain.memberships.pps == row)][:5] for row in (HERE, ELSEWHERE)}
    gain = paid.firms.learning_culture - plain.firms.learning_culture
    assert (gain[members[HERE]] > 0).all()
    assert not gain[members[ELSEWHERE]].any()


# ── the region ──────────────────────────────────────────────────────────────────────────────────────────


def test_hired_staff_raise_orchestration_and_more_staff_raise_it_more() -> None:
    heights = [
        live(world(policy(Orchestration, regions=["region-0"], staff_euro_year=euros)), 8).provinces
        for euros in (0, 95_000, 380_000)
    ]
    assert heights[0][0].orchestration < heights[1][0].orchestration < heights[2][0].orchestration < 1
    assert heights[0][1].orchestration == heights[2][1].orchestration


def test_orchestration_brings_contacts() -> None:
    plain, paid = live(world(), 4), live(world(policy(Orchestration)), 4)
    assert (contacts_of(paid) > contacts_of(plain)).all()


def test_orchestration_wears_off_to_what_the_province_does_itself() -> None:
    plain, paid = live(world(), 40), world(policy(Orchestration, ends="2013-Q1"))
    live(paid, 6)
    high = paid.provinces[0].orchestration
    live(paid, 34)
    itself = plain.provinces[0].orchestration
    assert itself < paid.provinces[0].orchestration < high
    assert paid.provinces[0].own_orchestration == itself


def test_orchestration_cannot_be_kept_to_a_sector() -> None:
    with pytest.raises(InputError, match="works for all"):
        make_policies({"orchestration": {"sectors": ["htsm"]}}, "mijn.toml")


def test_bridge_builders_make_contacts_and_stand_beside_the_leader() -> None:
    measure = policy(BridgeBuilders, fte=0.5)
    plain, paid = live(world(), 4), live(world(measure), 4)
    assert (paid.pps.leader > plain.pps.leader).all()
    assert extra_contacts(paid, measure) == pytest.approx([0.5 * paid.p.contacts_per_fte] * 2)


def test_bridge_builders_do_not_come_where_the_network_is_gone() -> None:
    measure = policy(BridgeBuilders)
    model = live(world(measure), 1)
    model.pps.network_alive[HERE] = False
    leader = model.pps.leader.copy()
    assert extra_contacts(model, measure)[HERE] == 0
    assert model.pps.leader[HERE] == leader[HERE]
    assert model.pps.leader[ELSEWHERE] > leader[ELSEWHERE]


def mature(*policies: Policy) -> PpsModel:
    """A world with two mature partnerships of one sector, one with a hogeschool, just before a year begins."""
    model = world(*policies, parameters={"hip_phase": 3})
    twin = founded(model, firms=range(8, 14))
    live(model, 1)
    assert model.calendar.season(model.quarter) == 4
    for row in (HERE, twin):
        model.pps.phase[row] = 3
        model.pps.development[row] = 3.5
        model.pps.blocks[row, :] = 0.9
    model.act.link_hogeschool(HERE, 0)
    model.pps.planned[:, model.quarter + 1 :] *= 0.3  # regie runs short
    return model


def test_mature_related_partnerships_share_their_regie_in_a_consortium() -> None:
    plain, paid = live(mature(), 1), live(mature(policy(Consortia)), 1)
    assert plain.pps.consortium.tolist() == [False, False, False]
    assert paid.pps.consortium.tolist() == [True, False, True]
    assert (regie_need(paid) < regie_need(plain)).tolist() == [True, False, True]
    assert (paid.pps.adequacy > plain.pps.adequacy).tolist() == [True, False, True]
    assert row_of(paid, ELSEWHERE) == row_of(plain, ELSEWHERE)


def test_a_consortium_is_paid_for_its_years_and_shares_on() -> None:
    paid = live(mature(policy(Consortia, years=1)), 8)
    quarters = np.flatnonzero(paid.policy_cents_elsewhere[0] < paid.policy_cents[0])
    assert len(quarters) == 4
    assert paid.pps.consortium[HERE]


def test_no_consortium_is_formed_that_cannot_be_paid_as_a_whole() -> None:
    short = live(mature(policy(Consortia, budget_euro_year=100_000, staff_euro_year=30_000)), 1)
    enough = live(mature(policy(Consortia, budget_euro_year=110_000, staff_euro_year=30_000)), 1)
    assert not short.pps.consortium.any()
    assert not spent(short)
    assert enough.pps.consortium.sum() == 2


def test_no_consortium_without_a_hogeschool() -> None:
    model = mature(policy(Consortia))
    table = model.memberships
    table.end(np.flatnonzero(table.kind == Kind.HOGESCHOOL), model.quarter, Leaving.CONTACT_FADED)
    model.pps.hogescholen[:] = 0
    assert not live(model, 1).pps.consortium.any()


def placed(*policies: Policy) -> PpsModel:
    """A world in which the first partnership works in the school and the second has a place of its own."""
    model = world(*policies)
    model.pps.location[:] = (Location.SCHOOL, Location.OWN)
    return live(model, 1)


def test_money_for_a_place_brings_hardware_and_some_software_once() -> None:
    plain, paid = placed(), placed(policy(PhysicalPlace, euro=300_000))
    more = [getattr(paid.pps, name)[HERE] - getattr(plain.pps, name)[HERE] for name in ("hardware", "software")]
    assert more[0] > more[1] > 0
    assert paid.pps.location[HERE] == Location.OWN
    assert spent(live(paid, 8)) == 300_000 * 100


def test_nobody_pays_a_second_place() -> None:
    plain, paid = placed(), placed(policy(PhysicalPlace))
    assert row_of(paid, ELSEWHERE) == row_of(plain, ELSEWHERE)


def near_the_end(*policies: Policy, quarters_left: int = 6, at_risk: bool = True) -> PpsModel:
    """A world at the first quarter of a year, whose firms wait; the second partnership is at no risk at all."""
    model = world(*policies)
    live(model, 1)
    pps, table = model.pps, model.memberships
    pps.subsidy_end[:] = model.quarter + 1 + quarters_left
    for row in (HERE, ELSEWHERE):
        own(model, row, 3)
    model.act.link_hogeschool(ELSEWHERE, 0)
    if not at_risk:
        model.act.link_hogeschool(HERE, 0)
    pps.due_national[:, model.quarter + 1 :] *= 4  # regie is paid in full
    pps.planned[:, model.quarter + 1 :] *= 4
    if at_risk:
        pps.planned[HERE] *= 0.05
    table.clock[:] = np.where((table.pps == HERE) & at_risk, 5, 0)
    model.firms.patience[:] = 8.0
    return live(model, 1)


def test_who_is_at_risk_gets_regie_and_firms_that_wait_are_visited() -> None:
    plain, paid = near_the_end(), near_the_end(policy(RiskSignal))
    firms = (paid.memberships.pps == HERE) & (paid.memberships.kind <= Kind.GROOTBEDRIJF)
    assert paid.memberships.clock[firms].sum() < plain.memberships.clock[firms].sum()
    assert paid.pps.regie_fte[HERE] > plain.pps.regie_fte[HERE]
    assert helped(paid) == {f"pps:{paid.pps_ids[HERE]}"}


def test_help_in_time_lasts_as_long_as_it_was_meant() -> None:
    paid = live(near_the_end(policy(RiskSignal, years=0.5)), 3)
    quarters = np.flatnonzero(paid.policy_cents_elsewhere[0] < paid.policy_cents[0])
    assert len(quarters) == 2


def test_who_is_at_no_risk_gets_nothing() -> None:
    plain, paid = near_the_end(at_risk=False), near_the_end(policy(RiskSignal), at_risk=False)
    assert not spent(paid)
    assert row_of(paid, ELSEWHERE) == row_of(plain, ELSEWHERE)


def test_nobody_looks_long_before_the_end() -> None:
    assert not spent(near_the_end(policy(RiskSignal), quarters_left=12))
    assert spent(near_the_end(policy(RiskSignal, years_before=4), quarters_left=12)) > 0


# ── the scenarios ───────────────────────────────────────────────────────────────────────────────────────


def test_more_starts_cost_as_much_as_the_recommendations() -> None:
    budgets = [
        sum(one.budget_euro_year or 0 for one in load_scenario(name).policies)
        for name in ("aanbevelingen-2026", "meer-starts-zelfde-geld")
    ]
    assert budgets[0] == budgets[1] > 0
