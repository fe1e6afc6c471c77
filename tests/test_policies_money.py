"""Policies on regie, subsidy and conditions: each acts through its mechanism, and leaves alone who is not eligible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.partnership import Block, Decision, Kind, Location, Position, Status
from scenarios.policies import make_policies
from scenarios.policy import Policy
from sim.calls import OpenCall, _open, subsidised
from sim.initiation import Plan, _outside_alone, _outside_applications
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from tests.test_common_random_numbers import assert_equal_runs
from tests.worlds import HTSM, SECTORS, call_row, founded, hogeschool_row, in_euros, live, small_model, small_pack

CARE = SECTORS.index("zorg_welzijn")
MANY: dict[str, Any] = {"hogescholen": 8, "hbo_founds": 0.4}
"""Settings with which some plans have a hogeschool and others have none."""
ROUND = "2014-Q1"


def policy(kind: str, **more: Any) -> Any:
    """A policy that is in force from the start of the run."""
    return make_policies({kind: {"starts": "2011-Q3", **more}}, "test")[0]


def alone(*policies: Policy, **more: Any) -> PpsModel:
    """A world without partnerships and calls."""
    return small_model(small_pack(known_pps=()), calls=(), policies=policies, **more)


def eager(*policies: Policy, ceiling: int = 90_000_000, hogescholen: int = 1, **parameters: float) -> PpsModel:
    """A world just before a round in which schools take many initiatives and nobody from elsewhere applies."""
    pack = small_pack(hogescholen=tuple(hogeschool_row(i, sectors=SECTORS) for i in range(hogescholen)))
    whole = tuple(province.model_copy(update={"mbo_share": 1.0}) for province in pack.provinces)
    large = tuple(school.model_copy(update={"students": 40_000}) for school in pack.schools)
    generous = {"initiation_rate": 1.0, "pps_per_10000_students": 8.0, "least_score": 0.3, "least_firms": 1.0}
    model = small_model(
        replace(pack, known_pps=(), provinces=whole, schools=large),
        parameters={**generous, "slack_pull": 1.5, "organised_floor": 1.0, **parameters},
        policies=policies,
        calls=(call_row(ROUND, ceiling),),
        history="emergent",
        seed=2,
    )
    return live(model, model.calendar.step_of(ROUND))


def after_round(*policies: Policy, **more: Any) -> PpsModel:
    """That world in the quarter after the round."""
    return live(eager(*policies, **more), 2)


def open_call(model: PpsModel, **more: Any) -> OpenCall:
    return _open(model, call_row(ROUND, **more))


def a_plan(model: PpsModel, **more: Any) -> Plan:
    plan = {"identity": "plan", "name": "plan", "school": 0, "sector": HTSM, "region": 0, "cost": 3e6, "leader": 0.5}
    return Plan(**{**plan, **more, "terms": open_call(model)})


def proposed(model: PpsModel, one: Policy, **more: Any) -> Plan:
    """A plan after a policy saw it."""
    plan = a_plan(model, **more)
    one.on_founding(model, plan, plan.terms)
    return plan


def spent(model: PpsModel) -> int:
    return sum(fund.spent for fund in model.act.funds.values())


def received(model: PpsModel, row: int, stream: str) -> dict[int, int]:
    """Cents that a partnership received in a stream, by quarter."""
    flows = model.ledger.flows()
    mine = (flows.payee == model.pps.account[row]) & (flows.stream == STREAM_NUMBER[stream])
    return {int(q): int(a) for q, a in zip(flows.quarter[mine], flows.amount[mine], strict=True)}


# ── regie fund ──────────────────────────────────────────────────────────────────────────────────────────


def ended(model: PpsModel, **plan: Any) -> int:
    """A partnership whose subsidy has ended now and that its school embeds."""
    live(model, 1)
    row = founded(model, request=0, **plan)
    model.pps.subsidy_end[row] = model.quarter
    model.pps.decision[row], model.pps.decided[row] = Decision.A_EMBED, model.quarter
    model.pps.status[row] = Status.EMBEDDED
    model.pps.blocks[row, Block.G_NETWORK] = 0.6
    model.pps.planned[row] = 0.0
    return row


def test_the_regie_fund_keeps_the_contact_of_a_network_that_lost_its_subsidy() -> None:
    strength = {}
    for euros in (0, 200_000):
        model = alone(policy("regie-fund", euro_year=euros, budget_euro_year=10_000_000))
        row = ended(model)
        live(model, 4)
        strength[euros] = model.pps.blocks[row, Block.G_NETWORK]
        assert (model.pps.regie_fte[row] > 0.5) == (euros > 0)
    assert strength[200_000] > strength[0] + 0.1


def test_the_regie_fund_pays_no_more_than_the_regie_costs_and_all_of_it_goes_to_regie() -> None:
    model = alone(policy("regie-fund", euro_year=900_000), parameters={"residual_regie_fte": 0.0})
    row = ended(model)
    live(model, 1)
    (paid,) = received(model, row, "regie_funding").values()
    cost = float(model.act.regie_cost()[row])
    assert paid == pytest.approx(100 * cost, rel=0.2)
    flows = model.ledger.flows()
    regie = (flows.payer == model.pps.account[row]) & (flows.stream == STREAM_NUMBER["regie"])
    assert flows.amount[regie].sum() >= paid


def test_the_regie_fund_pays_for_as_many_quarters_as_it_says_and_less_every_year() -> None:
    fund = policy("regie-fund", euro_year=10_000, years=2, taper=0.5)
    model = alone(fund, parameters={"network_grace": 12.0, "network_fade": 0.03})
    row = ended(model)
    first = model.quarter + 1
    live(model, 10)
    paid = received(model, row, "regie_funding")
    assert sorted(paid) == list(range(first, first + 8))
    assert paid[first] == 250_000
    assert paid[first + 4] == 125_000


@pytest.mark.parametrize(
    ("settings", "plan"),
    [
        pytest.param({"sectors": ["zorg_welzijn"]}, {}, id="another sector"),
        pytest.param({"regions": ["region-1"]}, {}, id="another region"),
        pytest.param({"position": "between_partners"}, {"position": Position.SHARED}, id="regie in the school"),
        pytest.param({"firm_match": 1.0}, {}, id="firms pay nothing"),
    ],
)
def test_the_regie_fund_pays_nobody_who_does_not_meet_its_conditions(
    settings: dict[str, Any], plan: dict[str, Any]
) -> None:
    model = alone(policy("regie-fund", staff_euro_year=0, **settings))
    row = ended(model, **plan)
    live(model, 1)
    assert not received(model, row, "regie_funding")
    assert spent(model) == 0


def test_the_regie_fund_pays_nobody_during_the_subsidy_or_without_a_network() -> None:
    model = alone(policy("regie-fund", staff_euro_year=0))
    dead = ended(model)
    model.pps.network_alive[dead] = False
    running = founded(model)
    live(model, 2)
    assert not received(model, dead, "regie_funding")
    assert not received(model, running, "regie_funding")


def test_a_promise_of_the_regie_fund_is_what_it_would_pay_and_fits_in_its_budget() -> None:
    fund = policy("regie-fund", euro_year=30_000, staff_euro_year=0, budget_euro_year=70_000)
    model = live(alone(fund), 1)
    rows = [founded(model) for _ in range(3)]
    assert [fund.on_decision(model, row) for row in rows] == [30_000, 30_000, 0.0]
    assert fund.on_decision(model, rows[0]) == 30_000  # asked again, still the same money


@pytest.mark.parametrize("matched", [False, True])
def test_a_promise_is_no_more_than_the_regie_costs_and_the_firms_match(matched: bool) -> None:
    fund = policy("regie-fund", euro_year=900_000, firm_match=float(matched))
    model = live(alone(fund), 1)
    row = founded(model)
    cost = 0.0 if matched else 4 * float(model.act.regie_cost()[row])  # firms have paid nothing yet
    assert fund.on_decision(model, row) == pytest.approx(cost)


# ── ownership ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_ownership_rule_puts_the_regie_between_the_partners_at_a_price() -> None:
    rule = policy("ownership-rule", set_up_euro=20_000)
    without, with_rule = after_round(), after_round(rule)
    assert without.pps.first_position.min() < Position.BETWEEN_PARTNERS
    assert len(with_rule.pps) > 0
    assert with_rule.pps.first_position.min() == Position.BETWEEN_PARTNERS
    assert spent(with_rule) > 0
    assert spent(with_rule) % 2_000_000 == 0
    assert with_rule.pps.owners.mean() > without.pps.owners.mean()  # firms commit more where they own


def test_the_ownership_rule_reaches_as_far_as_its_budget() -> None:
    rule = policy("ownership-rule", set_up_euro=20_000, budget_euro_year=50_000)
    model = live(alone(rule), 1)
    positions = [proposed(model, rule, identity=f"plan {i}", position=1).position for i in range(4)]
    assert positions == [4, 4, 1, 1]
    assert spent(model) == in_euros(40_000)


def test_the_ownership_rule_leaves_alone_who_has_it_or_is_elsewhere() -> None:
    rule = policy("ownership-rule", sectors=["htsm"])
    model = live(alone(rule), 1)
    assert proposed(model, rule, sector=CARE, position=1).position == 1
    assert proposed(model, rule, position=4).position == 4
    assert spent(model) == 0


# ── tapered subsidy ─────────────────────────────────────────────────────────────────────────────────────


def test_a_tapered_subsidy_pays_the_same_over_more_years_down_to_the_regie() -> None:
    flat, tapered = after_round(), after_round(policy("tapered-subsidy", full_years=2, decline_years=1, regie_years=3))
    assert flat.pps_ids == tapered.pps_ids
    first, due = int(tapered.pps.subsidy_start[0]), tapered.pps.due_national[0]
    assert np.array_equal(flat.pps.due_national.sum(axis=1), tapered.pps.due_national.sum(axis=1))
    assert tapered.pps.subsidy_end[0] == first + 24
    assert np.all(np.abs(np.diff(due[first : first + 8])) <= 1)
    assert np.all(np.diff(due[first + 7 : first + 13]) < 0)
    assert np.all(np.abs(np.diff(due[first + 12 : first + 24])) <= 1)
    assert due[first + 20] == pytest.approx(0.3 * due[first], abs=2)
    assert tapered.pps.regie_from[0] == first + 12
    assert np.array_equal(flat.pps.span, tapered.pps.span)  # the same work is as dear to keep up


def test_at_the_floor_a_tapered_subsidy_pays_no_project() -> None:
    model = alone()
    live(model, 1)
    row = founded(model)
    model.pps.regie_from[row] = model.quarter + 3
    live(model, 4)
    flows = model.ledger.flows()
    out = (flows.payer == model.pps.account[row]) & (flows.stream == STREAM_NUMBER["programme"])
    by_quarter = np.bincount(flows.quarter[out], weights=flows.amount[out], minlength=model.quarter + 1)
    assert by_quarter[model.quarter] < 0.1 * by_quarter[model.quarter - 2]
    assert model.pps.regie_fte[row] > 0


def test_a_tapered_subsidy_leaves_grants_that_run_and_other_sectors_alone() -> None:
    late = after_round(policy("tapered-subsidy", starts="2014-Q2"))
    assert_equal_runs(after_round(), late)
    care = after_round(policy("tapered-subsidy", sectors=["zorg_welzijn"]))
    span = care.pps.subsidy_end - care.pps.subsidy_start
    assert set(span[care.pps.sector == CARE].tolist()) == {32}
    assert set(span[care.pps.sector != CARE].tolist()) == {16}


# ── co-financing ────────────────────────────────────────────────────────────────────────────────────────


def test_a_larger_share_raises_the_subsidy_and_lowers_what_the_school_pays() -> None:
    usual, more = after_round(), after_round(policy("cofinancing-ratio", share=0.5))
    assert usual.pps_ids == more.pps_ids
    asked, before = more.pps.due_national.sum(axis=1), usual.pps.due_national.sum(axis=1)
    assert np.all((asked > before) | (before == in_euros(2_000_000)))
    assert np.all(asked <= in_euros(2_000_000))
    cost = 100 * more.pps.cost
    assert more.pps.own_share == pytest.approx((cost - asked) / (cost - before))
    assert np.all(usual.pps.own_share == 1.0)
    contribution = [sum(sum(received(m, r, "school_contribution").values()) for r in range(len(m.pps)))
                    for m in (usual, more)]  # fmt: skip
    assert 0 < contribution[1] < contribution[0]


def test_a_larger_share_lets_fewer_projects_fit_under_the_ceiling() -> None:
    counts = [len(after_round(*policies, ceiling=8_000_000).pps)
              for policies in ((), (policy("cofinancing-ratio", share=0.7),))]  # fmt: skip
    assert 0 < counts[1] < counts[0]


def test_a_larger_share_for_care_leaves_other_sectors_alone() -> None:
    usual, more = after_round(), after_round(policy("cofinancing-ratio", share=0.5, sectors=["zorg_welzijn"]))
    care = usual.pps.sector == CARE
    asked, before = more.pps.due_national.sum(axis=1), usual.pps.due_national.sum(axis=1)
    assert np.array_equal(asked[~care], before[~care])
    assert np.all(more.pps.own_share[~care] == 1.0)
    assert np.all(asked[care] > before[care])


# ── more starts ─────────────────────────────────────────────────────────────────────────────────────────


def test_more_starts_pays_refused_plans_over_the_years_of_the_scheme() -> None:
    few, more = after_round(ceiling=3_000_000), after_round(policy("more-starts"), ceiling=3_000_000)
    extra = [row for row, name in enumerate(more.pps_ids) if name not in few.pps_ids]
    assert set(few.pps_ids) < set(more.pps_ids)
    pps = more.pps
    assert np.all(pps.due_national[extra] == 0)
    assert np.all(pps.due_provincial[extra] == 0)  # the province does not add to what it pays itself
    asked = {event.pps: event.detail["euros"] for event in more.events if event.what == "founded"}
    for row in extra:
        start, end = int(pps.subsidy_start[row]), int(pps.subsidy_end[row])
        assert end - start == 16
        assert pps.due_policy[row].sum() // 100 == asked[row] > 0
        assert np.all(pps.due_policy[row, start:end] > 0)
        assert received(more, row, "provincial_subsidy") == {more.quarter: pps.due_policy[row, more.quarter]}
        assert pps.last_paid[row] == more.quarter
    assert np.all(subsidised(more)[extra])


def test_more_starts_goes_by_score_and_stops_at_the_line() -> None:
    strict, mild = (after_round(policy("more-starts", milder=milder), ceiling=3_000_000, least_score=0.9)
                    for milder in (0.0, 0.3))  # fmt: skip
    assert len(strict.pps) < len(mild.pps)


def test_more_starts_is_paid_to_the_end_after_the_policy_has_ended_within_every_years_budget() -> None:
    budget = 900_000
    model = after_round(
        policy("more-starts", budget_euro_year=budget, ends="2014-Q2", staff_euro_year=10_000.03), ceiling=3_000_000
    )
    extra = np.flatnonzero(model.pps.due_policy.any(axis=1))
    granted = model.pps.due_policy.sum()
    assert len(extra) > 1
    live(model, 18)
    running = extra[model.pps.stopped[extra] < 0]
    assert len(running)
    for row in running:
        assert sum(received(model, int(row), "provincial_subsidy").values()) == model.pps.due_policy[row].sum()
    funds = list(model.act.funds.values())
    assert max(fund.spent for fund in funds) <= in_euros(budget)
    assert max(fund.spent for fund in funds) > 0.5 * in_euros(budget)
    assert sum(len(fund.asked) for fund in funds) > sum(len(fund.served) for fund in funds) == len(extra)
    assert granted >= spent(model) - 5_000_000
    model.check()


def test_more_starts_leaves_other_sectors_and_all_grants_of_the_state_alone() -> None:
    few = after_round(ceiling=3_000_000)
    care = after_round(policy("more-starts", sectors=["zorg_welzijn"]), ceiling=3_000_000)
    extra = [row for row, name in enumerate(care.pps_ids) if name not in few.pps_ids]
    assert {int(care.pps.sector[row]) for row in extra} == {CARE}
    kept = [care.pps_ids.index(name) for name in few.pps_ids]
    assert np.array_equal(care.pps.due_national[kept], few.pps.due_national)


def test_a_province_keeps_to_the_conditions_on_its_own_money() -> None:
    """A plan without a hogeschool that the state refused is not paid by a province that asks for one."""
    both = (policy("more-starts"), policy("multilevel", money="provincial"))
    few, more = after_round(ceiling=3_000_000, **MANY), after_round(*both, ceiling=3_000_000, **MANY)
    extra = [row for row, name in enumerate(more.pps_ids) if name not in few.pps_ids]
    assert extra
    assert more.pps.hogescholen[extra].min() > 0


# ── no subsidy ──────────────────────────────────────────────────────────────────────────────────────────


def test_without_subsidy_nothing_starts_and_what_was_granted_is_paid() -> None:
    rule = policy("no-subsidy")
    assert len(after_round(rule).pps) == 0
    model = live(alone(rule), 1)
    row = founded(model)
    granted = model.pps.due_national[row].sum()
    live(model, 17)
    assert sum(received(model, row, "national_subsidy").values()) == granted


def test_without_subsidy_for_care_other_sectors_start_as_they_did() -> None:
    usual, other = after_round(), after_round(policy("no-subsidy", sectors=["zorg_welzijn"]))
    care = usual.pps.sector == CARE
    assert care.any()
    assert other.pps_ids == [name for name, yes in zip(usual.pps_ids, care, strict=True) if not yes]


def test_without_the_money_of_the_province_alone_the_state_pays_on() -> None:
    usual = after_round(province_share=0.05)
    other = after_round(policy("no-subsidy", schemes=[]), province_share=0.05)
    assert usual.pps_ids == other.pps_ids
    assert usual.pps.due_provincial.sum() > 0
    assert other.pps.due_provincial.sum() == 0


def test_without_subsidy_for_care_no_partnership_there_scales_up() -> None:
    rows = {}
    for closed in ([], ["zorg_welzijn"]):
        rule = policy("no-subsidy", sectors=closed)
        scale_up = (call_row(ROUND, 90_000_000, "opschaler"),)
        eager_to_grow = {"scale_up_applies": 0.5, "least_score": 0.3, "score_noise": 0.0}
        model = small_model(small_pack(known_pps=()), calls=scale_up, policies=(rule,), parameters=eager_to_grow)
        live(model, model.calendar.step_of(ROUND))
        founders = [founded(model, sector=(HTSM, CARE)[i % 2], firms=[i]) for i in range(40)]
        model.pps.phase[founders], model.pps.subsidy_end[founders] = 4, model.quarter + 3
        live(model, 1)
        rows[len(closed)] = set(np.flatnonzero(model.pps.scaled_up >= 0).tolist())
    care = {row for row in rows[0] if model.pps.sector[row] == CARE}
    assert care
    assert rows[1] == rows[0] - care
    assert rows[1]


def test_without_subsidy_for_care_no_consortium_forms_there() -> None:
    joined = {}
    for closed in ([], ["zorg_welzijn"]):
        rule = policy("no-subsidy", sectors=closed)
        hip = (call_row(ROUND, 900_000_000, "hip", subsidy_max_euro=9_000_000),)
        model = small_model(small_pack(known_pps=()), calls=hip, policies=(rule,), parameters={"least_score": 0.3})
        live(model, model.calendar.step_of(ROUND))
        hbo = [(Kind.HOGESCHOOL, 0)]
        rows = [founded(model, sector=(HTSM, CARE)[i % 2], firms=[i], others=hbo) for i in range(4)]
        model.pps.phase[rows] = 4
        live(model, 1)
        joined[len(closed)] = model.pps.consortium[rows].tolist()
    assert joined[0] == [True] * 4
    assert joined[1] == [True, False, True, False]


# ── multilevel ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_strict_multilevel_condition_makes_plans_look_for_a_hogeschool_and_refuses_those_without() -> None:
    scarce = {**MANY, "hbo_founds": 0.2}
    usual, strict = after_round(**scarce), after_round(policy("multilevel"), **scarce)
    with_hbo = {name for name, count in zip(usual.pps_ids, usual.pps.hogescholen, strict=True) if count}
    assert 0 < len(with_hbo) < len(usual.pps)
    assert strict.pps.hogescholen.min() > 0
    assert with_hbo < set(strict.pps_ids) < set(usual.pps_ids)  # some found one, others did not


def test_hogescholen_that_are_urged_keep_to_their_room_and_sectors() -> None:
    rule = policy("multilevel")
    pack = small_pack(known_pps=(), hogescholen=(hogeschool_row(0, lectoraten=0), hogeschool_row(1, sectors=["ict"])))
    model = live(small_model(pack, calls=(), policies=(rule,), parameters={"policy_multilevel_urges": 5.0}), 1)
    for number in range(30):
        assert not proposed(model, rule, identity=f"plan {number}").has_hogeschool


def test_half_a_multilevel_condition_keeps_half_of_the_ceiling() -> None:
    model = after_round(policy("multilevel", strictness=0.5), ceiling=12_000_000, policy_multilevel_urges=0.2)
    granted = model.pps.due_national.sum(axis=1)
    without = model.pps.hogescholen == 0
    assert 0 < granted[without].sum() <= in_euros(6_000_000)
    usual = after_round(ceiling=12_000_000)
    assert usual.pps.due_national.sum(axis=1)[usual.pps.hogescholen == 0].sum() > in_euros(6_000_000)


def test_applicants_from_elsewhere_meet_the_national_condition_too() -> None:
    model = live(small_model(calls=()), 1)
    call = open_call(model)
    shares = []
    for strictness in (0.0, 0.5, 1.0):
        call.multilevel = strictness
        shares.append(_outside_alone(model, call, 4000).mean())
    p = model.p
    assert shares[0] == 0.0  # nobody asks
    assert shares[2] == pytest.approx((1 - p.policy_outside_multilevel) ** (1 + p.policy_multilevel_urges), abs=0.03)
    assert shares[2] < shares[1]  # the stricter, the more find one


def test_on_provincial_money_the_condition_takes_only_that() -> None:
    usual = after_round(province_share=0.01, **MANY)
    rule = policy("multilevel", money="provincial", strictness=1.0)
    strict = after_round(rule, province_share=0.01, policy_multilevel_urges=0.2, **MANY)
    assert strict.pps_ids == usual.pps_ids
    adds = strict.pps.due_provincial.sum(axis=1)
    assert usual.pps.due_provincial.sum(axis=1).min() > 0
    assert np.array_equal(adds > 0, strict.pps.hogescholen > 0)


def test_the_multilevel_condition_leaves_other_sectors_alone_and_does_nothing_at_zero() -> None:
    usual = after_round(**MANY)
    care = after_round(policy("multilevel", sectors=["zorg_welzijn"]), **MANY)
    others = [name for name, sector in zip(usual.pps_ids, usual.pps.sector, strict=True) if sector != CARE]
    assert [name for name, s in zip(care.pps_ids, care.pps.sector, strict=True) if s != CARE] == others
    assert care.pps.hogescholen[care.pps.sector == CARE].all()
    assert_equal_runs(usual, after_round(policy("multilevel", strictness=0.0), **MANY))


# ── building on what exists ─────────────────────────────────────────────────────────────────────────────


def test_a_plan_that_builds_on_a_partnership_takes_over_its_trust() -> None:
    rule = policy("build-on-existing")
    model = live(alone(rule), 1)
    assert proposed(model, rule).barred
    row = founded(model, region=1, history=0.4)
    live(model, 8)
    plan = proposed(model, rule, history=0.1, score=1.0)
    trust = float(model.act.trust(np.array([row]))[0])
    assert not plan.barred
    assert trust > 0.4
    assert plan.history == pytest.approx(model.p.policy_trust_inherited * trust)
    assert plan.score == pytest.approx(1.0 + model.p.score_history * (plan.history - 0.1))
    assert proposed(model, rule, history=0.9).history == 0.9  # what it had is more
    model.pps.network_alive[row] = False
    assert proposed(model, rule).barred


def test_only_a_related_sector_near_by_counts() -> None:
    rule = policy("build-on-existing")
    model = live(small_model(small_pack(known_pps=(), adjacency=np.zeros((2, 2), dtype=bool)), calls=()), 1)
    founded(model, region=1)
    unrelated = next(s for s in range(len(SECTORS)) if not model.recruits[s, HTSM] and not model.recruits[HTSM, s])
    assert proposed(model, rule, region=0).barred
    assert not proposed(model, rule, region=1).barred
    assert proposed(model, rule, region=1, sector=unrelated).barred


def test_a_milder_rule_costs_points_and_one_on_provincial_money_costs_that() -> None:
    model = live(alone(), 1)
    mild = proposed(model, policy("build-on-existing", required=False, points=0.2), score=1.0)
    assert mild.score == pytest.approx(0.8)
    assert not mild.barred
    provincial = proposed(model, policy("build-on-existing", money="provincial"))
    assert (provincial.barred, provincial.province_adds) == (False, 0.0)
    national = proposed(model, policy("build-on-existing", money="national"))
    assert (national.barred, national.province_adds) == (True, 1.0)


def test_the_library_lets_partnerships_gain_more_by_the_work_of_others() -> None:
    content = {}
    for staff in (0, 75_000):
        library = policy("build-on-existing", staff_euro_year=staff, sectors=["htsm"])
        model = alone(
            library, parameters={"roc_not_invented_here": 0.2, "reuse_gain": 3.0, "policy_library_reuse": 3.0}
        )
        live(model, 1)
        ahead, behind, care = founded(model), founded(model, region=1), founded(model, sector=CARE)
        model.pps.blocks[ahead, Block.A_CONTENT] = 0.9
        live(model, 4)
        content[staff] = model.pps.blocks[behind, Block.A_CONTENT]
        assert model.pps.reuse[care] == 1.0
    assert content[75_000] > content[0]
    assert model.provinces[0].budget >= 0


@pytest.mark.parametrize(
    ("settings", "demanded"),
    [
        ({}, (0.6, np.inf)),
        ({"required": False, "points": 0.2}, (0.6, 0.2)),
        ({"money": "provincial"}, None),
        ({"sectors": ["htsm"]}, None),
    ],
)
def test_applicants_from_elsewhere_have_to_build_on_something_as_well(settings: dict[str, Any], demanded: Any) -> None:
    model = live(alone(parameters={"policy_outside_builds": 0.6}), 1)
    rule, call = policy("build-on-existing", **settings), open_call(model)
    rule.on_call(model, call)
    assert call.demands.get("build-on-existing") == demanded


def test_building_on_what_exists_leaves_other_sectors_alone() -> None:
    rule = policy("build-on-existing", sectors=["zorg_welzijn"])
    plan = proposed(live(alone(rule), 1), rule, history=0.1, score=1.0)
    assert (plan.barred, plan.history, plan.score, plan.province_adds) == (False, 0.1, 1.0, 1.0)


# ── demand ──────────────────────────────────────────────────────────────────────────────────────────────


def test_plans_below_the_demand_prepare_for_money_and_drop_out_if_that_is_not_enough() -> None:
    rule = policy("demand-condition", demand=0.4, preparation_euro=10_000)
    model = live(alone(rule, parameters={"policy_demand_response": 0.2}), 1)
    near, far = (proposed(model, rule, identity=name, demand=d) for name, d in (("near", 0.3), ("far", 0.1)))
    assert [near.demand, far.demand] == pytest.approx([0.44, 0.28])
    assert [near.barred, far.barred] == [False, True]
    assert spent(model) == in_euros(20_000)


def test_who_is_not_paid_does_not_prepare() -> None:
    rule = policy("demand-condition", demand=0.4, preparation_euro=10_000, budget_euro_year=10_000)
    model = live(alone(rule, parameters={"policy_demand_response": 0.2}), 1)
    first, second = (proposed(model, rule, identity=name, demand=0.3) for name in ("first", "second"))
    assert (first.barred, second.barred) == (False, True)
    assert second.demand == 0.3
    (fund,) = model.act.funds.values()
    assert (len(fund.asked), len(fund.served)) == (2, 1)


def test_partnerships_start_with_more_demand() -> None:
    usual, asked = after_round(), after_round(policy("demand-condition"))
    assert asked.pps.demand.min() >= 0.4 > usual.pps.demand.min()
    assert set(asked.pps_ids) < set(usual.pps_ids)


@pytest.mark.parametrize(("demand", "share"), [(0.1, 1.0), (0.4, 0.5), (0.8, 0.0)])
def test_applicants_from_elsewhere_have_to_show_demand_as_well(demand: float, share: float) -> None:
    """With means of 0.25 and a half-width of 0.25, half start above (0.4 - 0.2) / 0.8 = 0.25."""
    rule = policy("demand-condition", demand=demand)
    parameters = {"demand_at_start": 0.25, "trait_spread": 0.25, "policy_demand_response": 0.2}
    model = live(alone(rule, parameters={**parameters, "national_applicants": 25.0}), 1)
    call = open_call(model)
    rule.on_call(model, call)
    meets, loses = call.demands["demand-condition"]
    assert meets == pytest.approx(share)
    assert loses == np.inf
    _, scores = _outside_applications(model, call)
    out = np.isinf(scores)
    assert out.any() == (share < 1.0)
    assert out.all() == (share == 0.0)


def test_the_demand_condition_leaves_alone_who_meets_it_or_is_elsewhere() -> None:
    rule = policy("demand-condition", sectors=["htsm"])
    model = live(alone(rule), 1)
    meets, elsewhere = proposed(model, rule, demand=0.5), proposed(model, rule, sector=CARE, demand=0.0)
    assert (meets.barred, meets.demand) == (False, 0.5)
    assert (elsewhere.barred, elsewhere.demand) == (False, 0.0)
    assert spent(model) == 0
    call = open_call(model)
    rule.on_call(model, call)
    assert call.demands == {}  # a rule for one sector here is no rule for the country


# ── software first ──────────────────────────────────────────────────────────────────────────────────────


def test_software_first_makes_the_place_work_sooner_with_less_hardware() -> None:
    usual, soft = (live(after_round(*policies), 8) for policies in ((), (policy("software-first", points=0.0),)))
    assert usual.pps_ids == soft.pps_ids
    assert np.all(soft.pps.hardware_share == 0.4)
    assert soft.pps.hardware.mean() < usual.pps.hardware.mean()
    assert soft.pps.software.mean() > usual.pps.software.mean()
    assert soft.pps.blocks[:, Block.C_PLACE].mean() > usual.pps.blocks[:, Block.C_PLACE].mean()


def test_software_first_lowers_the_score_of_a_plan_with_its_own_location() -> None:
    rule = policy("software-first", points=0.2)
    model = live(alone(rule), 1)
    own, school = (proposed(model, rule, location=place, score=1.0) for place in (Location.OWN, Location.SCHOOL))
    assert [own.score, school.score] == pytest.approx([0.8, 1.0])


def test_software_first_leaves_running_partnerships_and_other_sectors_alone() -> None:
    rule = policy("software-first", sectors=["zorg_welzijn"])
    model = eager(rule)
    running = founded(model, sector=CARE)
    share = float(model.pps.hardware_share[running])
    live(model, 2)
    assert model.pps.hardware_share[running] == share > 0.4
    new = np.arange(len(model.pps)) != running
    care = model.pps.sector == CARE
    assert (new & care).any()
    assert np.all(model.pps.hardware_share[new & care] == 0.4)
    assert np.all(model.pps.hardware_share[~care] == share)
    assert proposed(model, rule, location=Location.OWN, score=1.0).score == 1.0


# ── stop rule ───────────────────────────────────────────────────────────────────────────────────────────


def weak(model: PpsModel, **plan: Any) -> int:
    """A subsidised partnership without results or network, old enough to be reviewed."""
    row = founded(model, **plan)
    model.pps.born[row] = -8
    model.pps.blocks[row, Block.G_NETWORK] = 0.3
    return row


NO_GROWTH = {"block_rate": 0.03, "network_gain": 0.04, "network_fade": 0.03, "network_dead": 0.05}


def test_the_stop_rule_ends_what_stays_weak_and_releases_what_is_due() -> None:
    rule = policy("stop-rule", years=2, grace_years=2, results=0.9, network=0.9, staff_euro_year=0)
    model = live(alone(rule, parameters={**NO_GROWTH, "province_share": 0.1}), 1)
    row = weak(model)
    due = [int(model.pps.due_national[row].sum()), int(model.pps.due_provincial[row].sum())]
    live(model, 1)  # the first review
    assert model.pps.stopped[row] < 0
    live(model, 4)
    assert model.calendar.season(model.quarter) == 4
    assert model.pps.stopped[row] == model.quarter
    assert (model.pps.decision[row], model.pps.status[row]) == (Decision.STOP, Status.STOPPED)
    paid = sum(sum(received(model, row, f"{who}_subsidy").values()) for who in ("national", "provincial"))
    (told,) = [event for event in model.events if event.what == "stop_rule"]
    assert told.detail["euros"] == (sum(due) - paid) // 100 > 0
    assert model.provinces[0].promised == 0
    live(model, 20)
    assert model.pps.status[row] == Status.STOPPED  # nothing is decided any more
    assert sum(sum(received(model, row, f"{who}_subsidy").values()) for who in ("national", "provincial")) == paid
    model.check()


@pytest.mark.parametrize(
    ("settings", "plan"),
    [
        pytest.param({"sectors": ["zorg_welzijn"]}, {}, id="another sector"),
        pytest.param({"regions": ["region-1"]}, {}, id="another region"),
        pytest.param({"grace_years": 20}, {}, id="too young"),
        pytest.param({"years": 4}, {}, id="not often enough"),
        pytest.param({"results": 0.0}, {}, id="results that are enough"),
        pytest.param({"network": 0.0}, {}, id="a network that is enough"),
    ],
)
def test_the_stop_rule_leaves_others_alone(settings: dict[str, Any], plan: dict[str, Any]) -> None:
    rule = {"years": 2, "grace_years": 2, "results": 0.9, "network": 0.9, "staff_euro_year": 0, **settings}
    model = live(alone(policy("stop-rule", **rule), parameters=NO_GROWTH), 1)
    row = weak(model, **plan)
    live(model, 6)
    assert model.pps.stopped[row] < 0
    assert model.pps.network_alive[row]


def test_a_year_above_the_limits_starts_the_count_anew() -> None:
    rule = policy("stop-rule", years=2, grace_years=2, results=0.9, network=0.9, staff_euro_year=0)
    model = live(alone(rule, parameters=NO_GROWTH), 1)
    row = weak(model)
    live(model, 1)
    live(model, 3)
    model.pps.blocks[row, Block.G_NETWORK] = 1.0
    model.pps.results[row] = 1.0
    live(model, 1)
    model.pps.blocks[row, Block.G_NETWORK] = 0.3
    model.pps.results[row] = 0.1
    live(model, 4)
    assert model.pps.stopped[row] < 0
    live(model, 4)
    assert model.pps.stopped[row] == model.quarter
