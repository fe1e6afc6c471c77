"""What holds of every policy, whatever it does: idle, before and after, its budget, its texts, and bad input."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InputError
from experiments.tables import tables_of
from scenarios.national import load_national
from scenarios.policies import make_policies, policy_kinds, policy_texts, recommendations
from scenarios.policy import Policy
from scenarios.region import check_places, load_region
from scenarios.scenario import list_scenarios, load_scenario
from sim.calls import OpenCall, _open, calls
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from tests.test_common_random_numbers import assert_equal_runs
from tests.worlds import call_row, examples, founded, live, small_model, small_pack

ROOT = Path(__file__).resolve().parent.parent
KINDS = tuple(policy_kinds())
START, END = "2012-Q1", "2016-Q4"
CALLS = tuple(call_row(f"{year}-Q{season}", 12_000_000) for year in range(2012, 2017) for season in (1, 3))
BUSY = {"initiation_rate": 1.0, "organised_floor": 0.5, "pps_per_10000_students": 8.0, "least_score": 0.6}


def busy(*policies: Policy) -> PpsModel:
    """A small world with a round every half year, in which every policy finds something to do."""
    return small_model(parameters=BUSY, policies=policies, calls=CALLS, history="emergent", until=END, seed=3)


def policy(kind: str, **more: Any) -> Policy:
    return make_policies({kind: {"starts": START, **more}}, "test")[0]


@cache
def baseline() -> PpsModel:
    return busy().run()


def assert_same_tables(one: PpsModel, other: PpsModel) -> None:
    mine, theirs = tables_of(one, 0), tables_of(other, 0)
    for name in ("partnerships", "ledger", "enrolment", "policies"):
        assert mine[name].equals(theirs[name]), name


# ── a policy that can do nothing ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_acts_in_this_world(kind: str) -> None:
    """Or the tests below would show nothing."""
    other = busy(policy(kind)).run()
    with pytest.raises(AssertionError):
        assert_equal_runs(baseline(), other)


@pytest.mark.parametrize(
    "nothing",
    [
        pytest.param({"budget_euro_year": 0}, id="no budget"),
        pytest.param({"sectors": []}, id="no sector"),
        pytest.param({"regions": []}, id="no region"),
        pytest.param({"starts": "1999-Q1", "ends": "2011-Q3"}, id="ended before the run"),
        pytest.param({"starts": "2017-Q1"}, id="starts after the run"),
    ],
)
def test_policies_that_can_do_nothing_change_nothing(nothing: dict[str, Any]) -> None:
    other = busy(*(policy(kind, **nothing) for kind in KINDS)).run()
    assert_equal_runs(baseline(), other)
    assert_same_tables(baseline(), other)


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_changes_nothing_before_it_starts(kind: str) -> None:
    other = busy(policy(kind, starts="2014-Q1"))
    live(other, other.calendar.step_of("2014-Q1"))
    one, two = baseline().ledger.flows(), other.ledger.flows()
    early = one.quarter < other.calendar.step_of("2014-Q1")
    for name in ("quarter", "payer", "payee", "stream", "amount"):
        assert np.array_equal(getattr(one, name)[early], getattr(two, name)), name


# ── after its end ───────────────────────────────────────────────────────────────────────────────────────

SET_ANEW = ("reuse", "llo_uptake", "culture_gain")
"""Columns of partnerships that are rules of the quarter and no state."""


def rules(call: OpenCall) -> dict[str, Any]:
    plain = dict(vars(call))
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in plain.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_that_ended_leaves_no_rule(kind: str) -> None:
    model = busy(policy(kind, starts="2013-Q1", ends="2014-Q1"))
    end = model.calendar.step_of("2014-Q1")
    live(model, end)
    assert len(model.pps)
    assert any(fund.policy == kind for fund in model.act.funds.values())
    model.quarter = model.ledger.quarter = end
    calls(model)
    assert model.open_calls
    for call, row in zip(model.open_calls, (row for row in CALLS if row.quarter == "2014-Q1"), strict=True):
        assert rules(call) == rules(_open(model, row))
    for name in set(SET_ANEW) & set(model.pps.names()):
        assert np.all(getattr(model.pps, name) == 1.0), name
    flows = model.ledger.flows()
    assert not np.any((flows.stream == STREAM_NUMBER["policy_staff"]) & (flows.quarter >= end))


# ── budgets and books ───────────────────────────────────────────────────────────────────────────────────

STREAMS = ("policy_staff", "policy_work", "regie_funding", "provincial_subsidy", "national_subsidy")


def spent_by_books(model: PpsModel) -> dict[tuple[str, int], int]:
    """Cents that each payer spent in each year beside the subsidies that are given without policies."""
    flows, pps, quarters = model.ledger.flows(), model.pps, model.calendar.quarters
    spent: dict[tuple[str, int], int] = {}
    payers = {"rijk": model.accounts["rijk"], **{province.id: province.account for province in model.provinces}}
    for number, (name, account) in enumerate(payers.items()):
        mine = np.isin(flows.stream, [STREAM_NUMBER[stream] for stream in STREAMS]) & (flows.payer == account)
        out = np.bincount(flows.quarter[mine], weights=flows.amount[mine], minlength=quarters)
        usual = pps.due_national if name == "rijk" else pps.due_provincial[pps.province == number - 1]
        extra = out.astype(np.int64) - usual.sum(axis=0)
        for step in range(quarters):
            place = (name, model.calendar.year(step))
            spent[place] = spent.get(place, 0) + int(extra[step])
    return spent


def assert_within_budget(model: PpsModel) -> None:
    table = tables_of(model, 0)["policies"].to_pylist()
    in_table: dict[tuple[str, int], int] = {}
    for row in table:
        assert row["spent_cents"] >= 0
        assert row["budget_cents"] is None or row["spent_cents"] <= row["budget_cents"], row
        assert row["helped"] <= row["asked"]
        place = (row["payer"], row["year"])
        in_table[place] = in_table.get(place, 0) + row["spent_cents"]
    books = spent_by_books(model)
    assert {place: cents for place, cents in books.items() if cents} == {p: c for p, c in in_table.items() if c}
    assert model.policy_cents.sum() == sum(in_table.values())
    model.check()


class Plain(Policy):
    """Does nothing by itself; tests act on its behalf."""


def plain(euros: float, staff: float = 0.0, **more: Any) -> tuple[PpsModel, Policy, np.ndarray[Any, Any]]:
    """A model in the first quarter of 2012, the policy that it has, and the rows of three partnerships."""
    one = Plain(name="plain", starts=START, budget_euro_year=euros, staff_euro_year=staff, **more)
    model = small_model(small_pack(known_pps=()), calls=(), policies=(one,))
    live(model, model.calendar.step_of(START) + 1)
    return model, one, np.array([founded(model) for _ in range(3)])


@pytest.mark.parametrize("cents", [0, 1, 2, 3])
def test_a_year_of_staff_costs_what_it_says_to_the_cent(cents: int) -> None:
    euros = 10_000 + cents / 100
    model, _, _ = plain(euros, staff=euros)
    live(model, 7)
    assert [fund.spent for fund in model.act.funds.values()] == [1_000_000 + cents] * 2


@pytest.mark.parametrize(
    ("amounts", "goes_on", "paid"),
    [
        pytest.param([300, 300, 300], False, [True, True, True], id="fits exactly"),
        pytest.param([300, 300, 301], False, [True, True, False], id="one cent too much"),
        pytest.param([300, 601, 1], False, [True, False, False], id="who comes behind goes without"),
        pytest.param([75, 75, 75], True, [True, True, True], id="four quarters fit exactly"),
        pytest.param([75, 75, 76], True, [True, True, False], id="a later quarter does not fit"),
        pytest.param([0, 900, 0], False, [False, True, False], id="nothing asked, nothing paid"),
    ],
)
def test_pay_keeps_staff_and_later_quarters_free(amounts: list[int], goes_on: bool, paid: list[bool]) -> None:
    """Of 10.00 euros, staff takes 1.00 over the year, so that 9.00 can be given away."""
    model, one, rows = plain(10.0, staff=1.0)
    assert model.act.pay(one, rows, np.array(amounts), goes_on=goes_on).tolist() == paid


def test_who_was_helped_comes_first_the_next_time() -> None:
    model, one, rows = plain(5.0)
    assert model.act.pay(one, rows[2:], np.array([200])).tolist() == [True]
    assert model.act.pay(one, rows, np.array([200, 200, 200])).tolist() == [False, False, True]
    (fund,) = model.act.funds.values()
    assert (len(fund.asked), len(fund.served), fund.spent) == (3, 1, 400)


def test_grants_over_years_fit_in_every_year_beside_staff_and_each_other() -> None:
    model, one, rows = plain(10.0, staff=1.0)
    now = model.quarter

    def due(*cents: int) -> np.ndarray[Any, Any]:
        """Cents in each quarter from the next one: three more of this year, then a year."""
        amount = np.zeros(model.calendar.quarters, dtype=np.int64)
        amount[now + 1 : now + 1 + len(cents)] = cents
        return amount

    assert not model.act.commit(one, rows[0], due(301, 300, 300))  # this year
    assert not model.act.commit(one, rows[0], due(0, 0, 0, 901))  # the next
    assert model.act.commit(one, rows[0], due(300, 300, 299, 500))
    assert not model.act.commit(one, rows[1], due(2))
    assert not model.act.commit(one, rows[1], due(1, 0, 0, 401))
    assert model.act.commit(one, rows[1], due(1, 0, 0, 400))
    live(model, 7)
    assert [fund.spent for fund in model.act.funds.values()] == [1000, 1000]
    model.check()


def test_a_grant_of_one_policy_is_not_mixed_with_that_of_another() -> None:
    model, one, rows = plain(10.0)
    other = Plain(name="other", starts=START)
    due = np.full(model.calendar.quarters, 1)
    assert model.act.commit(one, rows[0], due)
    assert not model.act.commit(other, rows[0], due)
    assert model.act.commit(other, rows[1], due)


EUROS = (st.integers(1, 20_000_000) | st.integers(1, 300_000_000)).map(lambda cents: cents / 100)


@examples(25)
@given(kind=st.sampled_from(KINDS), euros=EUROS, staff=st.floats(0, 1), payer=st.sampled_from(["province", "rijk"]))
def test_no_budget_is_exceeded_and_every_cent_is_in_the_books(
    kind: str, euros: float, staff: float, payer: str
) -> None:
    staff_euro = round(staff * euros, 2)
    assert_within_budget(busy(policy(kind, budget_euro_year=euros, staff_euro_year=staff_euro, payer=payer)).run())


def together() -> dict[str, dict[str, Any]]:
    """All kinds that can be in force at the same time, each with a budget of its own."""
    kinds: list[str] = []
    for kind in KINDS:
        if not any(clash(kind, other) for other in kinds):
            kinds.append(kind)
    return {kind: {"starts": START, "budget_euro_year": 100_000.01 + 77_777 * i} for i, kind in enumerate(kinds)}


def clash(one: str, other: str) -> bool:
    return other in policy_kinds()[one].conflicts or one in policy_kinds()[other].conflicts


def test_all_policies_together_keep_to_their_budgets() -> None:
    model = busy(*make_policies(together(), "test")).run()
    assert {fund.policy for fund in model.act.funds.values()} == set(together())
    assert_within_budget(model)


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────

HEAD = 'schema_version = 1\nextends = "baseline"\nname = "proef"\n'


def scenario_file(folder: Path, text: str) -> str:
    path = folder / "proef.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return str(path)


def test_the_order_of_policies_in_a_file_does_not_matter(tmp_path: Path) -> None:
    blocks = [f"[policies.{kind}]\nbudget_euro_year = {200_000 + i}\n" for i, kind in enumerate(together())]
    one, other = (load_scenario(scenario_file(tmp_path, "".join(order))) for order in (blocks, blocks[::-1]))
    assert len(one.policies) == len(blocks)
    assert one.digest() == other.digest()
    assert one.policies == other.policies


def test_a_child_changes_one_setting_of_its_parent_or_leaves_a_policy_out(tmp_path: Path) -> None:
    (tmp_path / "ouder.toml").write_text(
        HEAD + "[policies.regie-fund]\neuro_year = 10_000\nyears = 3\n[policies.stop-rule]\n", encoding="utf-8"
    )
    text = (
        HEAD.replace('"baseline"', '"ouder.toml"') + "[policies]\nstop-rule = false\n[policies.regie-fund]\nyears = 5\n"
    )
    (tmp_path / "kind.toml").write_text(text, encoding="utf-8")
    (fund,) = load_scenario(str(tmp_path / "kind.toml")).policies
    settings = fund.model_dump()
    assert (settings["euro_year"], settings["years"]) == (10_000, 5)


@pytest.mark.parametrize("name", list_scenarios())
def test_a_named_scenario_loads_and_names_places_that_exist(name: str) -> None:
    scenario = load_scenario(name)
    check_places(scenario.policies, load_region("noord-brabant"), load_national())


@pytest.mark.parametrize("kind", KINDS)
def test_every_policy_has_a_named_scenario_of_its_own(kind: str) -> None:
    alone = [[one.kind for one in load_scenario(name).policies] == [kind] for name in list_scenarios()]
    assert any(alone)


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────


def test_there_are_texts_for_all_policies_and_for_nothing_else() -> None:
    assert sorted(policy_texts()) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_people_read_of_a_policy_is_there_and_short(kind: str, language: str) -> None:
    texts = policy_texts()[kind]
    assert texts[f"title_{language}"]
    assert 5 <= len(texts[f"purpose_{language}"].split()) <= 20
    assert 50 <= len(texts[f"background_{language}"].split()) <= 100
    assert texts["source"]
    own = set(policy_kinds()[kind].model_fields) - set(Policy.model_fields)
    assert set(texts.get("fields", {})) == own
    for name in own:
        assert texts["fields"][name][language], name
        assert "unit" in texts["fields"][name], name


def test_every_recommendation_that_a_policy_rests_on_can_be_looked_up() -> None:
    """And every code of a mechanism stands in the list of the model's description."""
    listed = (ROOT / "docs" / "odd.md").read_text(encoding="utf-8").partition("## 12 Mechanism codes")[2]
    used = set()
    for kind in KINDS:
        codes, _, mechanisms = policy_texts()[kind]["source"].partition("; mechanisms ")
        used |= set(codes.split(", "))
        for mechanism in mechanisms.split(", "):
            assert mechanism in listed, (kind, mechanism)
    assert used == set(recommendations())
    for row in recommendations().values():
        assert all(vars(row).values()), row.code


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("[policies.regie-fnd]", ["unknown policy 'regie-fnd'", "regie-fund"], id="unknown policy"),
        pytest.param("[policies.mine]\ntype = 'multilevl'", ["'multilevl'", "multilevel"], id="unknown type"),
        pytest.param("[policies.mine]\ntype = 7", ["unknown policy 7"], id="a type that is a number"),
        pytest.param("[policies.regie-fund]\nyaers = 4", ["'yaers'", "years"], id="unknown setting"),
        pytest.param("[policies.regie-fund]\nname = 'x'", ["'name'"], id="a name beside its heading"),
        pytest.param("[policies.regie-fund]\nqqqq = 4", ["'qqqq'", "euro_year"], id="unknown setting, unlike any"),
        pytest.param(
            "[policies.regie-fund]\nstarts = '2030-Q1'\nends = '2029-Q4'", ["2029-Q4", "2030-Q1"], id="end before start"
        ),
        pytest.param("[policies.regie-fund]\nstarts = '2030-Q1'\nends = '2030-Q1'", ["2030-Q1"], id="end at start"),
        pytest.param("[policies.regie-fund]\nstarts = '2030'", ["'2030'", "2027-Q1"], id="no quarter"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = -1", ["-1", "greater"], id="negative budget"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = 1e15", ["000000.0", "less"], id="absurd budget"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = nan", ["nan"], id="a budget that is no number"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = inf", ["inf"], id="an infinite budget"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = '2M'", ["'2M'", "number"], id="a budget in words"),
        pytest.param("[policies.regie-fund]\nbudget_euro_year = true", ["True", "number"], id="a budget that is true"),
        pytest.param(
            "[policies.regie-fund]\nbudget_euro_year = 1_000", ["1000", "staff", "50000"], id="budget below staff"
        ),
        pytest.param("[policies.regie-fund]\nposition = 'above'", ["'above'", "in_school"], id="unknown choice"),
        pytest.param("[policies.regie-fund]\nsectors = 'htsm'", ["'htsm'"], id="a sector that is no list"),
        pytest.param("[policies.regie-fund]\nregions = [4]", ["4"], id="a region that is a number"),
        pytest.param("[policies.stop-rule]\nyears = 1.5", ["1.5", "integer"], id="half a year"),
        pytest.param("[policies]\nregie-fund = 3", ["regie-fund is 3"], id="no table"),
        pytest.param("[policies]\nregie-fund = true", ["True", "table"], id="true"),
        pytest.param("policies = 3", ["policies is 3"], id="policies that are a number"),
        pytest.param("[policies.no-subsidy]\n[policies.tapered-subsidy]", ["subsidy and tapered-subsidy"], id="clash"),
        pytest.param("[policies.a]\ntype='stop-rule'\n[policies.b]\ntype='stop-rule'", ["a and b"], id="twice same"),
        pytest.param('[policies."a\\nb"]\ntype="stop-rule"', ["policy name"], id="a name of two lines"),
        pytest.param(f"[policies.{'x' * 200}]\ntype='stop-rule'", ["policy name"], id="a long name"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        load_scenario(scenario_file(tmp_path, text))
    for part in says:
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({"sectors": ["htms"]}, ["'htms'", "htsm"]),
        ({"regions": ["zuidoost-brabantt"]}, ["'zuidoost-brabantt'"]),
        ({"regions": ["htsm"]}, ["'htsm'"]),
    ],
)
def test_a_place_that_does_not_exist_is_refused(place: Mapping[str, Any], says: list[str]) -> None:
    policies = make_policies({"regie-fund": dict(place)}, "test")
    with pytest.raises(InputError) as refused:
        check_places(policies, load_region("noord-brabant"), load_national())
    for part in says:
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("one", "other"), [pair for pair in combinations(KINDS, 2) if clash(*pair)])
def test_policies_that_clash_may_follow_each_other(one: str, other: str) -> None:
    with pytest.raises(InputError):
        make_policies({one: {"starts": "2027-Q1"}, other: {"starts": "2028-Q1"}}, "test")
    both = make_policies({one: {"starts": "2027-Q1", "ends": "2028-Q1"}, other: {"starts": "2028-Q1"}}, "test")
    assert len(both) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_conflicts_only_with_kinds_that_exist(kind: str) -> None:
    assert policy_kinds()[kind].conflicts <= set(KINDS) - {kind}
