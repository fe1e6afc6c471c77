"""Comparing scenarios: pairs, intervals by hand, survival, why, ablation, resuming, and the command."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import CensoredData, ecdf

from agents.errors import InputError
from agents.parameters import as_dict, make_parameters
from app.compare import comparison_json, figures, parts, reading
from app.words import Language, Words
from experiments import pairs, store
from experiments.comparison import Comparison, Difference, check_scenarios, compare, cost
from experiments.extracts import PAYERS
from experiments.mechanisms import find_mechanism, mechanisms, without
from experiments.parameter_sets import ParameterSets
from experiments.runner import Experiment, Failed
from experiments.store import FILES, RUN, Interrupted, Run, missing, store_run, store_runs
from experiments.survival import LEAD, Lives, curve, kaplan_meier, lives
from experiments.why import MECHANISMS, cases, what_made_it
from scenarios.national import load_national
from scenarios.policies import make_policies
from scenarios.scenario import Scenario
from sim.model import PpsModel
from sim.world import OUTSIDE
from tests import worlds
from tests.commands import Pps

FUND = {"regie-fund": {"type": "regie-fund", "starts": "2016-Q1"}}
IDLE = {"regie-fund": {**FUND["regie-fund"], "budget_euro_year": 0.0}}
EN, NL = Words(Language.EN), Words(Language.NL)


def experiment(name: str, policies: dict[str, Any] | None = None, until: str = "2022-Q4", n: int = 3) -> Experiment:
    """A small world; three replicates have two draws, so that one unit holds one replicate."""
    asked = worlds.scenario(until, policies=make_policies(policies or {}, "test"))
    sets = tuple(make_parameters({"late_move": value}) for value in (0.3, 0.7))
    drawn = ParameterSets(sets, (4, 5), "digest of a posterior")
    return Experiment(worlds.small_pack(), load_national(), asked.model_copy(update={"name": name}), drawn, 1, n)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """The reference, a regie fund, the same without money, and an ownership rule."""
    folder = tmp_path_factory.mktemp("runs")
    rule = {"rule": {"type": "ownership-rule", "starts": "2012-Q1"}}
    asked = {"baseline": None, "fund": FUND, "idle": IDLE, "rule": rule}
    made = store_runs([experiment(name, asked[name]) for name in asked], [folder / name for name in asked])
    return {name: run for name, run in zip(asked, made, strict=True) if run}


@pytest.fixture(scope="module")
def found(runs: dict[str, Run]) -> Comparison:
    return compare([runs["baseline"], runs["fund"], runs["idle"], runs["rule"]], why=True)


# ── pairs ───────────────────────────────────────────────────────────────────────────────────────────────


def test_pairing_reduces_the_variance(found: Comparison) -> None:
    one = found.difference("fund", "network_years_after_subsidy")
    assert one.variance_factor > 1.0
    assert (one.n, one.units) == (3, 2)


def test_equal_worlds_differ_in_nothing(found: Comparison) -> None:
    same = [one for one in found.differences if one.scenario == "idle" and one.n]
    assert len(same) > 60
    for one in same:
        assert one.difference == one.low == one.high == one.spread_low == one.spread_high == 0.0
        assert one.share_equal == 1.0
        assert math.isnan(one.share_better) if one.direction == "neither" else one.share_better == 0.5
        assert not one.shown
        assert reading(one) == "same"
    assert next(one for one in found.costs if one.scenario == "idle").verdict == "not_shown"
    assert not [one for one in found.why if one.scenario == "idle"]
    assert all(one.baseline == one.value for one in found.survival if one.scenario == "idle")


def test_the_order_of_scenarios_does_not_matter(runs: dict[str, Run], found: Comparison) -> None:
    other = compare([runs["baseline"], runs["rule"], runs["fund"]])
    for scenario in ("rule", "fund"):
        expected, told = ([one for one in each.differences if one.scenario == scenario] for each in (found, other))
        assert repr(told) == repr(expected)  # NaN is not equal to itself


def test_replicates_that_failed_make_no_pair(runs: dict[str, Run]) -> None:
    broken = replace(runs["fund"], about={**runs["fund"].about, "replicates_done": [0, 2]})
    found = compare([runs["baseline"], broken])
    assert found.pairs == {"fund": 2}
    assert max(one.n for one in found.differences) == 2


def test_differences_are_those_of_the_results(runs: dict[str, Run], found: Comparison) -> None:
    """Means give every draw the same weight: the second has one replicate only."""
    ends = {}
    for name in ("baseline", "fund"):
        series = runs[name].frame("series", province="all", outcome="networks_alive", quarter="2022-Q4")
        ends[name] = series.sort_values("replicate")["value"].to_numpy()
    change = ends["fund"] - ends["baseline"]
    one = found.difference("fund", "networks_alive")
    assert one.difference == pytest.approx((change[:2].mean() + change[2]) / 2)
    assert one.share_better == (change > 0).mean() + (change == 0).mean() / 2


def test_an_interval_by_hand() -> None:
    """Two draws with means 2 and 4: their mean is 3, its standard error 1, and t at 1 degree of freedom 12.706."""
    units = pairs.units_of([7, 7, 9, 9])
    told = pairs.estimate(np.array([1.0, 3.0, 2.0, 6.0]), units)
    assert told == pytest.approx((3.0, 3.0 - 12.706, 3.0 + 12.706), abs=1e-3)
    assert pairs.units_of([0, 0, 0]).count == 3  # one draw: every replicate is a unit
    assert math.isnan(pairs.interval(np.array([1.0])).low)


def test_shares_and_factors_by_hand() -> None:
    change = np.array([1.0, 0.0, -2.0, 3.0])
    assert pairs.share_better(change, "more") == 0.625
    assert pairs.share_better(change, "less") == 0.375
    assert math.isnan(pairs.share_better(change, "neither"))
    assert pairs.variance_factor(np.array([0.0, 2.0]), np.array([1.0, 4.0])) == pytest.approx((2.0 + 4.5) / 0.5)


def test_fieller_by_hand() -> None:
    """Without spread below it is the interval of the mean above, divided; with zero below there is none."""
    above = np.array([8.0, 12.0])  # mean 10, standard error 2
    low, high = pairs.ratio_interval(above, np.array([4.0, 4.0]))
    assert (low, high) == pytest.approx(((10 - 12.706 * 2) / 4, (10 + 12.706 * 2) / 4), abs=1e-3)
    assert all(math.isnan(end) for end in pairs.ratio_interval(above, np.array([-1.0, 3.0])))


def test_fieller_ends_are_where_the_ratio_is_just_not_ruled_out() -> None:
    rng = np.random.default_rng(1)
    below = rng.normal(5.0, 1.0, 12)
    above = 3.0 * below + rng.normal(0.0, 2.0, 12)
    for end in pairs.ratio_interval(above, below):
        told = pairs.interval(above - end * below)
        assert min(abs(told.low), abs(told.high)) < 1e-9


@pytest.mark.parametrize(
    ("euros", "years", "verdict"),
    [
        ((10.0, 12.0, 11.0), (5.0, 5.5, 6.0), "price"),
        ((-10.0, -12.0, -11.0), (5.0, 6.0, 5.5), "saves"),
        ((10.0, 12.0, 11.0), (-5.0, -6.0, -5.5), "dominated"),
        ((-10.0, -12.0, -11.0), (-5.0, -6.0, -5.5), "less_for_less"),
        ((10.0, 12.0, 11.0), (-5.0, 6.0, 0.5), "not_shown"),
    ],
)
def test_the_price_of_a_network_year_or_why_there_is_none(euros: Any, years: Any, verdict: str) -> None:
    class Pair:
        name = "scenario"

        def ends(self, outcome: str) -> Any:
            values = np.array(euros if outcome == "public_euros" else years)
            return np.zeros(3), values, pairs.units_of([1, 2, 3])

    told = cost(Pair())  # type: ignore[arg-type]
    assert told.verdict == verdict
    if verdict == "price":
        assert told.ratio == pytest.approx(2.0)
        assert told.low < 2.0 < told.high
    else:
        assert math.isnan(told.ratio)
    for words in (EN, NL):
        assert words(f"compare.cost.{verdict}", scenario="x", euros="e", years="y", ratio="r", low="l", high="h")


# ── money and gains ─────────────────────────────────────────────────────────────────────────────────────


def test_every_account_belongs_to_a_group() -> None:
    assert set(PAYERS) == {*OUTSIDE, "school", "hogeschool", "province"} - {"uitvoering"}


def test_who_pays_adds_up_to_the_ledger(runs: dict[str, Run], found: Comparison) -> None:
    series = runs["fund"].frame("series", province="all", outcome="euros_municipal_contribution")
    since = series[series["quarter"].astype(str) >= "2016-Q1"].groupby("replicate")["value"].sum().to_numpy()
    per_draw = (since[:2].mean() + since[2]) / 2
    paid = next(one for one in found.paid if (one.scenario, one.group) == ("fund", "municipalities"))
    assert paid.value == pytest.approx(per_draw / 7.0)  # seven years
    years = [one.value for one in found.paid_by_year if (one.scenario, one.group) == ("fund", "municipalities")]
    whole = series.groupby("replicate")["value"].sum().mean()
    assert sum(years) == pytest.approx(whole)


def test_the_province_pays_what_the_fund_spends(runs: dict[str, Run], found: Comparison) -> None:
    spent = next(one for one in found.spent if one.scenario == "fund")
    table = runs["fund"].frame("policies")
    assert spent.years == 7
    assert spent.spent_euro_year == pytest.approx(table["spent_cents"].sum() / 100 / 3 / 7)
    assert spent.without_year == pytest.approx(spent.asked_year - spent.helped_year)
    assert [one.scenario for one in found.spent if one.spent_euro_year] == ["fund", "rule"]


@pytest.mark.parametrize("dimension", ["region", "sector"])
def test_gains_add_up_to_the_difference(found: Comparison, dimension: str) -> None:
    for outcome in ("networks_alive", "students_direct"):
        rows = [
            one for one in found.gains if (one.scenario, one.dimension, one.outcome) == ("fund", dimension, outcome)
        ]
        assert sum(one.difference for one in rows) == pytest.approx(found.difference("fund", outcome).difference)


def test_bands_end_where_the_differences_are(found: Comparison) -> None:
    band = next(one for one in found.bands if (one.scenario, one.outcome) == ("fund", "networks_alive"))
    assert band.quarters[0] == "2011-Q3"
    assert band.quarters[-1] == "2022-Q4"
    assert set(band.difference[: band.quarters.index("2015-Q4")]) == {0.0}  # the fund starts in 2016
    assert band.difference_low[-1] <= band.difference[-1] <= band.difference_high[-1]


def test_chance_in_a_band_is_that_of_runs_with_the_same_draw(runs: dict[str, Run], found: Comparison) -> None:
    """Two of the three replicates have the same draw: their standard deviation is all there is."""
    band = next(one for one in found.bands if (one.scenario, one.outcome) == ("fund", "students_direct"))
    series = runs["fund"].frame("series", province="all", outcome="students_direct", quarter="2022-Q4")
    values = series.set_index("replicate")["value"]
    assert band.chance[-1] == pytest.approx(values.loc[[0, 1]].std())
    idle = next(one for one in found.bands if (one.scenario, one.outcome) == ("idle", "students_direct"))
    assert idle.chance == pytest.approx(idle.baseline_chance)
    assert set(idle.difference_chance) == {0.0}


def test_places_add_up_to_the_difference(found: Comparison) -> None:
    here = [one for one in found.places if one.scenario == "fund"]
    assert len({(one.region, one.sector) for one in here}) == len(here) > 1
    assert sum(one.difference for one in here) == pytest.approx(found.difference("fund", "networks_alive").difference)


def test_the_runs_behind_a_difference_give_it(found: Comparison) -> None:
    """Means give every draw the same weight: the first two replicates share one."""
    ends = next(one for one in found.ends if (one.scenario, one.outcome) == ("fund", "networks_alive"))
    assert (ends.replicates, len(set(ends.draws))) == ((0, 1, 2), 2)
    one, two, three = np.array(ends.value) - np.array(ends.baseline)
    assert ((one + two) / 2 + three) / 2 == pytest.approx(found.difference("fund", "networks_alive").difference)


# ── survival ────────────────────────────────────────────────────────────────────────────────────────────


def some_lives(*of: tuple[int, float, bool]) -> Lives:
    pair, quarters, lost = zip(*of, strict=True)
    return Lives(np.array(pair), np.array(quarters), np.array(lost))


SIX = some_lives((0, 0, True), (1, 1, True), (2, 1, True), (3, 2, False), (4, 3, True), (5, 4, False))


def test_kaplan_meier_by_hand() -> None:
    """Of six one is lost at 0, of five two at 1, one is followed no longer at 2, and of two one is lost at 3."""
    told = curve(SIX, pairs.units_of(range(6)))
    assert told.times[LEAD:] == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert told.survival[LEAD:] == pytest.approx((5 / 6, 1 / 2, 1 / 2, 1 / 4, 1 / 4))
    assert told.at_risk[LEAD:] == (6, 5, 3, 2, 1)
    assert (told.times[0], set(told.survival[:LEAD])) == (-2.0, {1.0})  # nobody is lost before the end
    assert (told.lives, told.lost) == (6, 4)
    assert all(low <= share <= high for low, share, high in zip(told.low, told.survival, told.high, strict=True))


def test_intervals_are_about_those_of_greenwood_where_all_lives_are_independent() -> None:
    rng = np.random.default_rng(2)
    quarters = rng.integers(0, 30, 400).astype(float)
    many = Lives(np.arange(400), quarters, rng.random(400) < 0.7)
    told = curve(many, pairs.units_of(range(400)))
    sample = CensoredData(uncensored=quarters[many.lost], right=quarters[~many.lost])
    usual = ecdf(sample).sf.confidence_interval(method="log-log")
    for end, name in ((told.low, "low"), (told.high, "high")):
        assert np.abs(np.array(end)[LEAD:][:25] - getattr(usual, name).evaluate(np.arange(25.0))).max() < 0.02


def test_a_curve_reaches_the_end_of_the_subsidy_where_no_network_does() -> None:
    gone = some_lives((0, -3, True), (1, -2, True), (2, -2, True))
    told = curve(gone, pairs.units_of(range(3)))
    assert told.times[-1] == 0.0
    assert (told.survival[-1], told.at_risk[-1]) == (0.0, 0)


def test_networks_of_one_world_do_not_count_as_independent() -> None:
    doubled = Lives(*(np.concatenate([column] * 2) for column in (SIX.pair, SIX.quarters, SIX.lost)))
    one, two = (curve(some, pairs.units_of(range(6))) for some in (SIX, doubled))
    assert two.low == pytest.approx(one.low)
    assert two.high == pytest.approx(one.high)


def test_lives_are_counted_from_the_end_of_the_subsidy() -> None:
    rows = [
        ("2020-Q1", "2019-Q4"),  # lost by the decision, in the last quarter with subsidy
        ("2020-Q1", "2014-Q4"),  # lost long before
        ("2020-Q1", "2021-Q1"),
        ("2020-Q1", None),
        ("2018-Q1", None),  # before what is asked
        ("2023-Q1", None),  # still subsidised
    ]
    ends, deaths = zip(*rows, strict=True)
    columns = {"replicate": [3] * len(rows), "subsidy_end": ends, "network_death": deaths}
    told = lives(columns, [3], "2022-Q4", since="2020-Q1")
    assert told.quarters.tolist() == [-1.0, -LEAD, 4.0, 11.0]
    assert told.lost.tolist() == [True, True, True, False]
    assert len(lives(columns, [3], "2022-Q4").pair) == 5
    assert kaplan_meier(told, np.zeros(4, dtype=bool), np.arange(3.0)).tolist() == [1.0, 1.0, 1.0]
    assert curve(told, pairs.units_of([3])).survival[:LEAD] == pytest.approx([3 / 4] * 7 + [1 / 2])


def test_survival_is_of_those_whose_subsidy_ended_under_the_policy(runs: dict[str, Run], found: Comparison) -> None:
    under, everyone = (one for one in found.survival if one.scenario == "fund")
    assert (under.whom, under.since, everyone.whom) == ("since_policy", "2016-Q1", "all")
    rows = runs["fund"].frame("partnerships")
    ended = rows[(rows["subsidy_end"] >= "2016-Q1") & (rows["subsidy_end"] <= "2022-Q4")]
    assert under.value.lives == len(ended) > 0
    assert under.value.lost == ended["network_death"].notna().sum()
    assert under.value.lives <= everyone.value.lives


# ── why ─────────────────────────────────────────────────────────────────────────────────────────────────


def pps_row(**changes: Any) -> dict[str, Any]:
    """A partnership that embeds in 2020 and lives."""
    row = {
        "name": "een",
        "first_position": "in_school",
        "subsidy_end": "2020-Q2",
        "decision": "A_EMBED",
        "conditions": conditions(True, True),
        "network_alive": True,
        "story": [],
    }
    return {**row, **changes}


def conditions(owners: bool, money: bool) -> list[dict[str, Any]]:
    met = {"owning_firms": owners, "structural_money_euro_year": money}
    return [{"option": option, "name": name, "met": yes} for option in "BC" for name, yes in met.items()]


def event(name: str, detail: str = "", quarter: str = "2021-Q1") -> dict[str, Any]:
    return {"event": name, "detail": detail, "quarter": quarter}


LOST = event("network_ended", "contact_faded", "2022-Q1")
DEAD = {"network_alive": False, "story": [LOST]}
ENTITY = {"decision": "B_CONTINUE_ENTITY"}


@pytest.mark.parametrize(
    ("row", "twin", "mechanism"),
    [
        ({}, None, "only_started"),
        ({}, {"story": [event("stop_rule", "rule"), LOST], "decision": "STOP", "conditions": []}, "stop_rule"),
        ({}, {"decision": "STOP", "conditions": []}, "stopped_during_subsidy"),
        (ENTITY, {"conditions": conditions(True, False)}, "structural_money_euro_year"),
        (ENTITY, {"conditions": conditions(False, True)}, "owning_firms"),
        (ENTITY, {"conditions": conditions(False, False)}, "several_conditions"),
        ({"first_position": "between_partners"}, {}, "other_start"),
        ({"story": [event("granted", "hip")]}, {}, "later_subsidy"),
        ({"story": [event("supported", "fund"), event("granted", "hip", "2021-Q2")]}, {}, "paid_contact_faded"),
        ({"story": [event("supported", "fund", "2023-Q1")]}, {}, "contact_faded"),  # help after the other was lost
        ({"story": [event("supported", "fund")]}, {"story": [event("supported", "fund"), LOST]}, "contact_faded"),
        ({}, {"story": [event("network_ended", "too_few_partners")]}, "too_few_partners"),
    ],
)
def test_what_made_a_network_live(row: dict[str, Any], twin: dict[str, Any] | None, mechanism: str) -> None:
    lives_there, other = pps_row(**row), None if twin is None else pps_row(**{**DEAD, **twin})
    assert what_made_it(lives_there, other)[0] == mechanism
    both = {(0, "een"): lives_there}, {(0, "een"): other} if other else {}
    assert [case.mechanism for case in cases(*both)] == [mechanism]
    assert list(cases(both[1], both[0])) == []


def test_why_accounts_for_the_whole_difference(found: Comparison, runs: dict[str, Run]) -> None:
    for scenario in ("fund", "rule"):
        sides = {
            side: sum(one.count for one in found.why if (one.scenario, one.side) == (scenario, side))
            for side in ("lives", "dies")
        }
        alive = [int(runs[name].frame("partnerships")["network_alive"].sum()) for name in ("baseline", scenario)]
        assert sides["lives"] - sides["dies"] == alive[1] - alive[0]
    assert {one.mechanism for one in found.why} <= set(MECHANISMS)


def test_who_was_paid_is_told(found: Comparison) -> None:
    for one in found.why:
        assert sum(count for _, count in one.policies) <= one.count
        if one.mechanism.startswith("paid_"):
            assert one.policies == (("regie-fund", one.count),)
            assert one.scenario == "fund"


# ── without a mechanism ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", mechanisms())
def test_every_mechanism_changes_parameters_that_are_there(name: str) -> None:
    asked = experiment("baseline")
    left = without(asked, mechanisms()[name])
    for before, after in zip(asked.parameters.sets, left.parameters.sets, strict=True):
        changed = {key for key, value in as_dict(after).items() if as_dict(before)[key] != value}
        assert changed == set(mechanisms()[name].parameters)
    assert left.parameters.draws == asked.parameters.draws


def test_an_unknown_mechanism_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean patience"):
        find_mechanism("patienc", "--without")


def test_what_a_mechanism_carries_is_the_difference_less_that_without(runs: dict[str, Run], tmp_path: Path) -> None:
    fees = find_mechanism("fees", "--without")
    left = [without(experiment(name, asked), fees) for name, asked in (("baseline", None), ("fund", FUND))]
    blank = [run for run in store_runs(left, [tmp_path / "one", tmp_path / "two"]) if run]
    found = compare([runs["baseline"], runs["fund"]], without={"fees": blank})
    told = {one.outcome: one for one in found.carried}
    assert {one.mechanism for one in found.carried} == {"fees"}
    alone = compare(blank)
    for outcome in ("networks_alive", "students_direct", "euros_membership_fees"):
        one = told[outcome]
        assert one.difference == pytest.approx(found.difference("fund", outcome).difference)
        assert one.without == pytest.approx(alone.difference("fund", outcome).difference)
        assert one.carried == pytest.approx(one.difference - one.without)
    assert told["euros_membership_fees"].without == 0.0  # without fees nobody pays any, in either world


# ── running several experiments ─────────────────────────────────────────────────────────────────────────


def short(name: str, n: int = 3) -> Experiment:
    return experiment(name, until="2013-Q4", n=n)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_experiments_together_give_what_each_gives_alone(tmp_path: Path) -> None:
    asked = [short("one"), short("two", 2)]
    store_runs(asked, [tmp_path / "a", tmp_path / "b"], workers=2)
    for one, folder in zip(asked, ("a", "b"), strict=True):
        store_run(one, tmp_path / "alone")
        assert content(tmp_path / folder) == content(tmp_path / "alone")


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_what_was_broken_off_goes_on_from_there(tmp_path: Path, after: int) -> None:
    asked, seen = [short("one"), short("two")], []
    whole, broken = ([tmp_path / f"{kind}-{number}" for number in range(2)] for kind in ("whole", "broken"))

    def interrupt(result: object) -> None:
        seen.append(result)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        store_runs(asked, broken, on_result=interrupt)
    assert stop.value.done == after
    assert missing(asked, broken) == 6 - after
    rest: list[object] = []
    assert all(store_runs(asked, broken, on_result=rest.append))
    assert len(rest) == 6 - after
    store_runs(asked, whole)
    for one, other in zip(whole, broken, strict=True):
        assert content(one) == content(other)


def test_only_a_whole_run_of_the_same_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = [tmp_path / "run"]
    step = PpsModel.step
    monkeypatch.setattr(PpsModel, "step", lambda model: 1 / 0 if model.draws.seed == 2 else step(model))
    results: list[Any] = []
    store_runs([short("one")], folder, on_result=results.append)
    assert [isinstance(one, Failed) for one in results] == [False, True, False]
    monkeypatch.undo()
    assert missing([short("one")], folder) == 1
    store_runs([short("one")], folder)
    assert missing([short("one")], folder) == 0
    assert missing([short("other")], folder) == 3
    (folder[0] / "series.parquet").write_bytes(b"damaged")
    assert missing([short("one")], folder) == 3


def test_a_folder_that_cannot_be_used_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    results: list[object] = []
    with pytest.raises(InputError, match="is a file"):
        store_runs([short("one"), short("two")], [tmp_path / "new", tmp_path / "file"], on_result=results.append)
    assert results == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ── what people see ─────────────────────────────────────────────────────────────────────────────────────


def shown(**changes: Any) -> Difference:
    row = dict.fromkeys(Difference.__annotations__, 0.0) | {"direction": "more", "low": 1.0, "high": 2.0}
    return Difference(**{**row, "difference": 1.5, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "better"),
        ({"direction": "less"}, "worse"),
        ({"direction": "neither"}, "more"),
        ({"low": -1.0}, "not_shown"),
        ({"low": math.nan, "high": math.nan}, "not_shown"),
        ({"low": 0.0, "high": 0.0, "difference": 0.0, "share_equal": 1.0}, "same"),
    ],
)
def test_a_difference_is_read_honestly(changes: dict[str, Any], expected: str) -> None:
    assert reading(shown(**changes)) == expected


def test_figures_that_belong_together_have_the_same_decimals() -> None:
    assert figures((0.0123, -0.001), "share", NL, signed=True) == ["+1,2", "-0,1"]
    assert figures((3_456_000.0, 120_000.0), "euro", EN, signed=True) == ["+3.5", "+0.1"]
    assert figures((32.0, -0.4, 64.4), "PPS", EN, signed=True) == ["+32.0", "-0.4", "+64.4"]
    assert figures((0.0, 0.0), "PPS", EN) == ["0", "0"]
    assert figures((12.4, math.nan), "fte", EN) == ["12", "–"]


@pytest.mark.parametrize("words", [EN, NL])
@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_and_say_when_nothing_is_shown(found: Comparison, words: Words, width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    for part in parts(found, width, words):
        console.print(part)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "…\n" not in text  # nothing is cut off
    assert words("compare.reading.same") in text


def test_json_holds_no_number_that_is_none(found: Comparison) -> None:
    told = comparison_json(found)
    text = json.dumps(told, allow_nan=False)
    row = json.loads(text)["differences"][0]
    assert {"scenario", "outcome", "unit", "difference", "low", "high", "share_better", "spread_low", "spread_high",
            "baseline", "value", "direction", "n"} <= set(row)  # fmt: skip
    assert len(told["differences"]) == 3 * len({one["outcome"] for one in told["differences"]})
    assert {"cost_effectiveness", "paid", "gains", "spent", "survival", "series", "why", "without"} <= set(told)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────

SHORT = ("--scale", "0.05", "--parameters", "default", "--until", "2013-Q4", "--workers", "1", "--replicates", "2")


@pytest.fixture
def pps(pps: Pps) -> Pps:
    """Run `pps compare`."""
    return lambda *args: pps("compare", *args)


def test_the_command_compares_and_does_not_run_twice(pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = pps("baseline", "regiefonds", *SHORT, "--csv", "out.csv", "--lang", "nl")
    assert (code, err) == (0, "")
    assert "Regiefonds na de subsidie vergeleken met Huidig beleid" in out
    assert "gelijk" in out  # the fund starts after the end of this run
    kept = {path.name for path in (tmp_path / "results" / "compare").iterdir()}
    assert len(kept) == 2
    assert all({*FILES, RUN} == {file.name for file in (tmp_path / "results/compare" / one).iterdir()} for one in kept)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["scenario"] for row in rows} == {"regiefonds"}
    assert {float(row["difference"]) for row in rows if row["difference"]} == {0.0}
    monkeypatch.setattr(PpsModel, "run", lambda _: 1 / 0)
    code, out, err = pps("baseline", "regiefonds", *SHORT, "--json", "--why")
    assert (code, err) == (0, "")
    assert {one["scenario"] for one in json.loads(out)["differences"]} == {"regiefonds"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("baseline",), "nothing to compare"),
        (("baseline", "baseline"), "called baseline"),
        (("baseline", "regiefond"), "did you mean regiefonds?"),
        (("baseline", "regiefonds", "--replicates", "1"), "2 or more"),
        (("baseline", "regiefonds", "--without", "patienc"), "did you mean patience?"),
        (("baseline", "regiefonds", "--csv", "no/such/folder.csv"), "cannot be written"),
        (("baseline", "regiefonds", "--html", "."), "is a folder"),
        (("baseline", "regiefonds", "--csv", ""), "names no file"),
        (("baseline", "regiefonds", "--workers", "0"), "--workers"),
        (("baseline", "regiefonds", "--seed", "-1"), "--seed"),
        (("baseline", "regiefonds", "--budget", "veel"), "--budget"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_runs(
    pps: Pps, tmp_path: Path, args: tuple[str, ...], words: str
) -> None:
    code, out, err = pps(*args, "--parameters", "default")
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_what_is_kept(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted(1)

    monkeypatch.setattr(store, "store_runs", interrupted)
    code, _, err = pps("baseline", "regiefonds", *SHORT)
    assert code == 130
    assert err == "Stopped: 1 of the 4 replicates are kept in results/compare; the same command goes on from there.\n"


def test_scenarios_must_end_in_the_same_quarter() -> None:
    def ends(name: str, until: str) -> Scenario:
        return worlds.scenario(until).model_copy(update={"name": name})

    with pytest.raises(InputError, match="--until"):
        check_scenarios([ends("one", "2030-Q4"), ends("two", "2031-Q4")])


def test_one_budget_for_all_that_is_compared(pps: Pps) -> None:
    """Scenarios with other budgets of their own are compared with the same money."""
    code, out, err = pps("baseline", "regiefonds", "regie-eigenaarschap", *SHORT, "--budget", "1M/yr", "--json")
    assert (code, err) == (0, "")
    asked = {one["name"]: one["policies"] for one in json.loads(out)["scenarios"]}
    budgets = {name: sum(one["budget_euro_year"] or 0 for one in policies) for name, policies in asked.items()}
    assert budgets == {"regiefonds": 1e6, "regie-eigenaarschap": 1e6}
