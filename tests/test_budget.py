"""One budget for a mix: how it is written, and that its parts are the whole, to the cent."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.errors import InputError
from experiments.budget import budget_neutral, cents_of, parse_budget, staff_cents, takes_money, with_budget
from scenarios.policies import policy_kinds
from scenarios.policies.regie import OwnershipRule, RegieFund
from scenarios.policy import MOST_EUROS, Policy
from scenarios.scenario import Scenario
from tests.worlds import scenario, small_model


@pytest.mark.parametrize(
    ("text", "euros"),
    [
        ("2.5M/yr", 2_500_000),
        ("2,5M/jr", 2_500_000),
        ("2500000/yr", 2_500_000),
        ("750k/yr", 750_000),
        ("0.25M/jr", 250_000),
        (" 1/yr ", 1),
        ("1000000000/yr", MOST_EUROS),
    ],
)
def test_a_budget_is_read(text: str, euros: float) -> None:
    assert parse_budget(text) == euros


WRONG = [
    "",
    "2.5M",
    "M/yr",
    "2.500/yr",
    "2.500k/yr",
    "2.5.1M/yr",
    "-1/yr",
    "0/yr",
    "0k/yr",
    "1e6/yr",
    "nan/yr",
    "2M/month",
]


@pytest.mark.parametrize("text", [*WRONG, "1000000001/yr", "2,5 M/jr", "٣/yr", "9" * 5000 + "/yr", "2M/yr\n2M/yr"])
def test_anything_else_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_budget(text)
    assert error.value.where == "--budget"
    assert "2.5M/yr" in str(error.value) or "1000000000/yr" in str(error.value)


@given(st.text(max_size=20))
def test_no_text_gives_a_traceback(text: str) -> None:
    with suppress(InputError):
        assert 0 < parse_budget(text) <= MOST_EUROS


def fund(name: str, **settings: object) -> RegieFund:
    return RegieFund.model_validate({"name": name, **settings})


class Rule(Policy):
    """A policy without money."""


def test_who_takes_money_of_the_province() -> None:
    assert takes_money(fund("a"))
    assert takes_money(OwnershipRule(name="b"))  # it sets ownership up, at a price
    assert takes_money(Rule(name="c", budget_euro_year=1e5))
    assert not takes_money(Rule(name="d"))
    assert not takes_money(fund("e", payer="rijk"))
    assert not takes_money(fund("f", budget_euro_year=0.0))
    assert not takes_money(fund("g", regions=()))


def test_who_takes_no_money_spends_none() -> None:
    rules = [kind(name=name, starts="2012-Q1") for name, kind in policy_kinds().items()]
    for rule in (one for one in rules if not takes_money(one)):
        model = small_model(policies=[rule], until="2019-Q4").run()
        assert model.policy_cents.sum() == 0, rule.kind
    fund = RegieFund(name="regie-fund", starts="2012-Q1")
    assert small_model(policies=[fund], until="2012-Q4").run().policy_cents.sum() > 0, "it would be noticed"


def parts(asked: Scenario) -> dict[str, float | None]:
    return {one.name: one.budget_euro_year for one in asked.policies}


def test_staff_comes_first_and_the_rest_follows_the_own_budgets() -> None:
    one, other = fund("one", budget_euro_year=300_000.0), fund("other", budget_euro_year=100_000.0, staff_euro_year=0.0)
    asked = scenario(policies=(one, other, Rule(name="rule")))
    assert parts(with_budget(asked, 250_000)) == {"one": 200_000, "other": 50_000, "rule": None}


def test_who_has_no_limit_gets_an_equal_share() -> None:
    limits = (None, 300_000.0, 100_000.0)
    funds = tuple(
        fund(name, budget_euro_year=limit, staff_euro_year=0.0) for name, limit in zip("abc", limits, strict=True)
    )
    assert parts(with_budget(scenario(policies=funds), 900_000)) == {"a": 300_000, "b": 450_000, "c": 150_000}


def test_shares_replace_the_own_budgets_and_who_has_none_is_off() -> None:
    asked = scenario(policies=(fund("a"), fund("b"), OwnershipRule(name="c")))
    spread = with_budget(asked, 500_000, {"a": 3, "c": 1})
    assert parts(spread) == {"a": 50_000 + 337_500, "b": 0, "c": 112_500}
    assert [one.idle for one in spread.policies] == [False, True, False]


@pytest.mark.parametrize(
    ("shares", "said"),
    [({"aa": 1}, "did you mean a"), ({"a": -1}, "0 or more"), ({"a": math.nan}, "0 or more"), ({"a": 0}, "above 0")],
)
def test_wrong_shares_are_told(shares: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        with_budget(scenario(policies=(fund("a"),)), 1e6, shares)


def test_too_little_for_the_staff_is_told() -> None:
    with pytest.raises(InputError, match=r"--budget: 60000 euros a year do not pay the staff.*100000/yr or more"):
        with_budget(scenario(policies=(fund("a"), fund("b"))), 60_000)


def test_nothing_to_spread_it_over_is_told() -> None:
    with pytest.raises(InputError, match="no policy that takes money"):
        with_budget(scenario(policies=(Rule(name="a"),)), 60_000)


def test_scenarios_get_the_same_budget_and_those_without_money_stay() -> None:
    rule, one = scenario(policies=(Rule(name="a"),)), scenario(policies=(fund("a"),))
    assert budget_neutral([rule, one], "1M/yr") == [rule, with_budget(one, 1_000_000)]
    with pytest.raises(InputError, match="no policy of test takes money"):
        budget_neutral([rule], "1M/yr")


euros = st.floats(0, 3e5) | st.sampled_from([0.0, 0.01, 0.07, 50_000.1, 1000.04, 33_333.333])
limits = st.none() | st.floats(3e5, 1e8)


@given(
    st.lists(st.tuples(euros, limits, st.integers(0, 20)), min_size=1, max_size=8),
    st.floats(1, MOST_EUROS),
    st.booleans(),
)
def test_the_parts_are_the_whole_to_the_cent(
    asked: list[tuple[float, float | None, int]], budget: float, weighed: bool
) -> None:
    funds = tuple(
        fund(f"f{i}", staff_euro_year=staff, budget_euro_year=limit) for i, (staff, limit, _) in enumerate(asked)
    )
    shares = {f"f{i}": float(share) for i, (*_, share) in enumerate(asked)} if weighed else None
    assume(shares is None or any(shares.values()))
    try:
        spread = with_budget(scenario(policies=funds), budget, shares)
    except InputError:
        least = sum(staff_cents(one) for one in funds if shares is None or shares[one.name])
        assert least > cents_of(budget)
        return
    given_out = [one.budget_euro_year for one in spread.policies]
    assert None not in given_out
    assert sum(cents_of(part or 0.0) for part in given_out) == cents_of(budget)
    for one in spread.policies:
        type(one).model_validate({key: value for key, value in one.model_dump().items() if key != "type"})
