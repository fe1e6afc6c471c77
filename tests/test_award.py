"""The award round and the payment of grants, against cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from scenarios.policy import Policy
from sim.calls import award, calls, schedule
from sim.initiation import initiation
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from tests.worlds import call_row, known, province_row, region_row, small_model, small_pack

YES, NO = True, False


@pytest.mark.parametrize(
    ("requests", "scores", "ceiling", "granted"),
    [
        pytest.param([40, 30, 20], [3, 2, 1], 100, [YES, YES, YES], id="enough for all"),
        pytest.param([40, 30, 30], [3, 2, 1], 100, [YES, YES, YES], id="fits exactly"),
        pytest.param([40, 30, 31], [3, 2, 1], 100, [YES, YES, NO], id="one cent too much"),
        pytest.param([40, 30, 20], [1, 2, 3], 60, [NO, YES, YES], id="the best first, whatever the order"),
        pytest.param([60, 50, 10], [3, 2, 1], 100, [YES, NO, NO], id="the first that does not fit ends the round"),
        pytest.param([200, 10, 10], [3, 2, 1], 100, [NO, NO, NO], id="even when it is the very first"),
        pytest.param([50, 50, 50], [2, 2, 2], 100, [YES, YES, NO], id="equal scores in the order of application"),
        pytest.param([50, 50, 50], [1, 2, 2], 100, [NO, YES, YES], id="equal scores below a better one"),
        pytest.param([10, 10, 10], [0.9, 0.5, 0.49], 100, [YES, YES, NO], id="below the least score"),
        pytest.param([10, 10], [0.2, 0.1], 100, [NO, NO], id="all below the least score"),
        pytest.param([10, 10], [3, 2], 0, [NO, NO], id="no money"),
        pytest.param([], [], 100, [], id="no applications"),
        pytest.param([0, 10], [3, 2], 0, [YES, NO], id="asking nothing always fits"),
    ],
)
def test_award_by_hand(requests: list[int], scores: list[float], ceiling: int, granted: list[bool]) -> None:
    result = award(np.array(requests, dtype=np.int64), np.array(scores, dtype=np.float64), ceiling, 0.5)
    assert result.tolist() == granted


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([0.2, 0.5, 0.7, 0.7001, 1.0, 2.0])), max_size=12),
    st.integers(0, 800),
)
def test_award_equals_plain_ranking(applications: list[tuple[int, float]], ceiling: int) -> None:
    requests = np.array([request for request, _ in applications], dtype=np.int64)
    scores = np.array([score for _, score in applications])
    expected, left = [False] * len(applications), ceiling
    for i in sorted(range(len(applications)), key=lambda i: (-scores[i], i)):
        if scores[i] < 0.5 or requests[i] > left:
            break
        expected[i], left = True, left - requests[i]
    granted = award(requests, scores, ceiling, 0.5)
    assert granted.tolist() == expected
    assert requests[granted].sum() <= ceiling


# ── rounds ──────────────────────────────────────────────────────────────────────────────────────────────


def at(model: PpsModel, quarter: str) -> PpsModel:
    """Put a model at a quarter, before its processes."""
    model.quarter = model.ledger.quarter = model.calendar.step_of(quarter)
    return model


def test_unspent_money_of_january_moves_to_june() -> None:
    model = small_model(calls=(call_row("2021-Q1", 1000), call_row("2021-Q3", 500)))
    calls(at(model, "2021-Q1"))
    assert [call.ceiling for call in model.open_calls] == [100_000]
    model.unspent["rif"] = 30_000
    calls(at(model, "2021-Q2"))
    assert model.open_calls == []
    calls(at(model, "2021-Q3"))
    assert [call.ceiling for call in model.open_calls] == [80_000]


def test_unspent_money_does_not_move_to_another_scheme_or_the_next_year() -> None:
    rounds = (call_row("2021-Q3", 500, "opschaler"), call_row("2021-Q3", 500), call_row("2022-Q1", 1000))
    model = small_model(calls=(call_row("2021-Q1", 1000), *rounds, call_row("2022-Q3", 700)))
    calls(at(model, "2021-Q1"))
    model.unspent["rif"] = 30_000
    calls(at(model, "2021-Q3"))
    assert {call.scheme: call.ceiling for call in model.open_calls} == {"opschaler": 50_000, "rif": 80_000}
    model.unspent["rif"] = 10_000
    calls(at(model, "2022-Q1"))
    assert [call.ceiling for call in model.open_calls] == [100_000]
    calls(at(model, "2022-Q3"))
    assert [call.ceiling for call in model.open_calls] == [70_000]


def test_a_round_remembers_what_it_did_not_grant() -> None:
    """Nobody can win with a score that none reaches: the whole of January is there in June."""
    rounds = (call_row("2021-Q1", 9_000_000), call_row("2021-Q3", 1_000_000))
    model = small_model(calls=rounds, history="emergent", parameters={"least_score": 1.5, "score_leader": 0.0})
    for quarter in ("2021-Q1", "2021-Q3"):
        calls(at(model, quarter))
        initiation(model)
    assert model.open_calls[0].ceiling == 1_000_000_000
    assert len(model.pps) == 0


def eager(**more: Any) -> PpsModel:
    """A world in which large schools take many initiatives and nobody from outside applies."""
    pack = small_pack()
    whole = tuple(province.model_copy(update={"mbo_share": 1.0}) for province in pack.provinces)
    large = tuple(school.model_copy(update={"students": 40_000}) for school in pack.schools)
    parameters = {"initiation_rate": 1.0, "pps_per_10000_students": 8.0, "least_score": 0.3, "least_firms": 1.0}
    generous = {"hbo_founds": 1.5, "hbo_value_of_mbo": 0.5, "slack_pull": 1.5, "organised_floor": 1.0}
    return small_model(
        replace(pack, known_pps=(), provinces=whole, schools=large),
        history="emergent",
        parameters=parameters | generous,
        seed=2,
        **more,
    )


def granted_cents(model: PpsModel) -> int:
    return sum(100 * event.detail["euros"] for event in model.events if event.what == "founded")


def test_an_oversubscribed_round_grants_below_its_ceiling_and_refuses_others() -> None:
    model = eager(calls=(call_row("2021-Q1", 2_000_000),))
    at(model, "2021-Q1")
    calls(model)
    initiation(model)
    asked, won = (int(model.applications[key].sum()) for key in ("asked", "granted"))
    assert asked > won == len(model.pps) > 0
    assert 0 < granted_cents(model) <= 200_000_000
    assert model.unspent["rif"] == 200_000_000 - model.pps.due_national.sum()


def test_a_call_without_money_founds_nothing() -> None:
    model = eager(calls=(call_row("2021-Q1", 0),))
    calls(at(model, "2021-Q1"))
    initiation(model)
    assert int(model.applications["asked"].sum()) > 0
    assert len(model.pps) == 0


def test_each_request_keeps_to_the_terms_of_the_call() -> None:
    model = eager(calls=(call_row("2021-Q1", 90_000_000, subsidy_max_euro=500_000, subsidy_min_euro=400_000),))
    calls(at(model, "2021-Q1"))
    initiation(model)
    subsidy = model.pps.due_national.sum(axis=1)
    assert len(subsidy) > 3
    assert subsidy.min() >= 40_000_000
    assert subsidy.max() <= 50_000_000
    assert np.all(subsidy <= 100 * model.pps.cost * 0.3333 + 1)


class Strict(Policy):
    def on_call(self, world: Any, call: Any) -> None:
        call.multilevel = 1.0


def test_the_multilevel_condition_lets_only_partnerships_with_a_hogeschool_in() -> None:
    free, strict = (
        eager(calls=(call_row("2021-Q1", 90_000_000),), policies=policies)
        for policies in ((), (Strict(name="multilevel", starts="2020-Q1"),))
    )
    for model in (free, strict):
        calls(at(model, "2021-Q1"))
        initiation(model)
    assert 0 < len(strict.pps) < len(free.pps)
    assert strict.pps.hogescholen.min() > 0


# ── payments ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("total", "profile", "start", "quarters", "due"),
    [
        (100, [0.25, 0.25, 0.25, 0.25], 1, 6, [0, 25, 25, 25, 25, 0]),
        (100, [0.5, 0.3, 0.2], 0, 4, [50, 30, 20, 0]),
        (101, [0.5, 0.5], 0, 2, [50, 51]),
        (10, [1 / 3, 1 / 3, 1 / 3], 0, 3, [3, 4, 3]),
        (1, [0.25, 0.25, 0.25, 0.25], 0, 4, [0, 0, 1, 0]),
        (100, [0.25, 0.25, 0.25, 0.25], 3, 5, [0, 0, 0, 25, 25]),
        (0, [0.5, 0.5], 0, 3, [0, 0, 0]),
        (100, [1.0], 2, 3, [0, 0, 100]),
    ],
)
def test_schedule_by_hand(total: int, profile: list[float], start: int, quarters: int, due: list[int]) -> None:
    assert schedule(total, np.array(profile), start, quarters).tolist() == due


@given(st.integers(0, 10**12), st.integers(1, 40), st.integers(0, 20), st.integers(0, 2**16))
def test_a_schedule_pays_the_whole_amount(total: int, length: int, start: int, seed: int) -> None:
    profile = np.random.default_rng(seed).random(length)
    due = schedule(total, profile / profile.sum(), start, start + length + 3)
    assert due.sum() == total
    assert due.min() >= 0
    assert not due[:start].any()
    assert not due[start + length :].any()


def received(model: PpsModel, row: int, stream: str) -> list[tuple[str, int]]:
    """Quarter and cents of each payment to a partnership."""
    flows = model.ledger.flows()
    mine = (flows.payee == model.pps.account[row]) & (flows.stream == STREAM_NUMBER[stream])
    return [(model.calendar.label(q), int(a)) for q, a in zip(flows.quarter[mine], flows.amount[mine], strict=True)]


def test_a_known_partnership_receives_its_whole_subsidy_in_sixteen_payments() -> None:

    only = known("een", start_from="2014-Q3", start_to="2014-Q3")
    model = small_model(small_pack(known_pps=(only,)), calls=(call_row("2014-Q3"),), until="2020-Q4").run()
    payments = received(model, 0, "national_subsidy")
    request = model.events[0].detail["euros"]
    assert len(payments) == 16
    assert sum(cents for _, cents in payments) // 100 == request
    assert max(cents for _, cents in payments) - min(cents for _, cents in payments) <= 1
    assert payments[0][0] in ("2014-Q3", "2014-Q4")


def test_the_province_pays_all_it_promised() -> None:
    only = known("een", start_from="2014-Q3", start_to="2014-Q3")
    share = {"province_share": 0.1}
    model = small_model(small_pack(known_pps=(only,)), calls=(), parameters=share, until="2020-Q4").run()
    paid = sum(cents for _, cents in received(model, 0, "provincial_subsidy"))
    assert paid == model.pps.due_provincial[0].sum() > 0
    assert model.provinces[0].promised == 0
    if model.pps.stopped[0] < 0:
        assert paid == pytest.approx(10 * model.pps.cost[0], abs=1)


def test_the_province_that_promised_is_the_one_that_pays() -> None:
    """The lead school sits in one province, the partnership in another."""

    pack = small_pack(
        provinces=(province_row(0), province_row(1)),
        regions=(region_row(0), region_row(1, province=1)),
        known_pps=(known("over de grens", "school-0", "region-1"),),
    )
    model = small_model(pack, calls=(), parameters={"province_share": 0.1}, until="2020-Q4").run()
    assert [province.promised for province in model.provinces] == [0, 0]
    assert all(province.budget >= 0 for province in model.provinces)


class Quarterly(Policy):
    """Notes the quarters in which it acts."""

    noted: list[str] = Field(default_factory=list)

    def on_quarter(self, world: Any) -> None:
        self.noted.append(world.calendar.label(world.quarter))


def test_a_policy_acts_in_every_quarter_that_it_is_in_force() -> None:
    policy = Quarterly(name="quarterly", starts="2027-Q1", ends="2027-Q4")
    small_model(calls=(), policies=(policy,), until="2030-Q4").run()
    assert policy.noted == ["2027-Q1", "2027-Q2", "2027-Q3"]


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20), st.booleans()), max_size=12),
    st.integers(0, 60),
)
@example([(60, 20, True), (10, 10, False)], 50)  # the best does not fit and ends the round for all
def test_a_bound_of_the_whole_ceiling_bounds_nobody(rows: list[tuple[int, int, bool]], ceiling: int) -> None:
    """Without a multilevel condition a round is what it was, whoever has a hogeschool."""
    requests = np.array([row[0] for row in rows], dtype=np.int64)
    scores = np.array([row[1] / 10 for row in rows])
    bounded = np.array([row[2] for row in rows], dtype=bool)
    unbounded = award(requests, scores, ceiling, 0.3)
    assert np.array_equal(award(requests, scores, ceiling, 0.3, bounded, ceiling), unbounded)
