"""The search for the best trade-offs: what is best, mixes, common random numbers, luck, and going on after Ctrl-C."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rich.console import Console

from agents.columns import Floats
from agents.errors import InputError
from agents.parameters import make_parameters
from app import frontier as pages
from app.words import Language, Words
from experiments import frontier
from experiments.budget import cents_of
from experiments.evaluations import Evaluation
from experiments.frontier import Search, fell_back, find_frontier, first_mixes, non_dominated, spread, with_policies
from experiments.parameter_sets import ParameterSets
from experiments.runner import Experiment
from experiments.shelf import read_shelf
from scenarios.national import load_national
from scenarios.policies.regie import OwnershipRule, RegieFund
from scenarios.policy import Policy
from scenarios.scenario import Scenario
from sim.outcomes import OUTCOMES, outcome_table
from tests.commands import Pps
from tests.worlds import contents, scenario, small_pack

OBJECTIVES = tuple(outcome_table()[name] for name in ("networks_sustained", "students_direct", "public_euros"))
SUSTAINED, STUDENTS, EUROS = (OUTCOMES.index(one.name) for one in OBJECTIVES)


class Rule(Policy):
    """A policy without money."""


FUND = RegieFund(name="fund", starts="2014-Q1", staff_euro_year=100_000)
OWNERSHIP = OwnershipRule(name="ownership", starts="2012-Q1")
MIXED = scenario(until="2018-Q4", policies=(FUND, OWNERSHIP, Rule(name="rule")))


def search(**changes: Any) -> Search:
    sizes = {"replicates": 1, "check_replicates": 2, "population": 4, "generations": 2, "keep": 3}
    return Search(**{"scenario": MIXED, "budget_euro_year": 1e6, "objectives": OBJECTIVES, **sizes, **changes})


def make(asked: Scenario, seed: int, replicates: int) -> Experiment:
    central = ParameterSets((make_parameters(),))
    return Experiment(small_pack(), load_national(), asked, central, seed, replicates)


# ── which are best ──────────────────────────────────────────────────────────────────────────────────────

rows = arrays.arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(-2, 2).map(float))


@given(rows)
def test_what_is_kept_is_not_dominated_and_what_is_left_out_is(values: Floats) -> None:
    best = non_dominated(values)
    for number, row in enumerate(values):
        beaten = [(other >= row).all() and (other > row).any() for other in values]
        assert best[number] != any(beaten)


@given(rows)
def test_it_is_the_front_of_the_library(values: Floats) -> None:
    study = optuna.create_study(directions=["maximize"] * 3)
    for row in values.tolist():
        study.add_trial(optuna.trial.create_trial(values=row))
    assert [one.number for one in study.best_trials] == np.flatnonzero(non_dominated(values)).tolist()


@given(rows, st.integers(1, 14))
def test_those_far_apart_are_kept_with_the_best_of_each(values: Floats, most: int) -> None:
    chosen = spread(values, most)
    assert len(set(chosen.tolist())) == len(chosen) == min(most, len(values))
    if most >= 3:
        np.testing.assert_array_equal(values[chosen].max(axis=0), values.max(axis=0))


# ── mixes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_search_starts_with_nothing_each_alone_and_all() -> None:
    asked = search()
    mixes = [frontier._mix(asked, genes) for genes in first_mixes(asked)]
    found = [(dict(mix.budgets), mix.rules) for mix in mixes]
    most = 100_000_000
    assert found[:4] == [({}, ()), ({"fund": most}, ()), ({"ownership": most}, ()), ({}, ("rule",))]
    assert found[4][0] == {"fund": 55_000_000, "ownership": 45_000_000}
    assert found[5] == (found[4][0], ("rule",))


genes = st.fixed_dictionaries(
    {
        "total": st.integers(1, frontier.STEPS),
        "weight fund": st.integers(frontier.LEAST, frontier.STEPS),
        "weight ownership": st.integers(frontier.LEAST, frontier.STEPS),
        "rule rule": st.integers(0, 1),
    }
)


@given(genes, st.integers(1, 5_000_000))
def test_a_mix_never_asks_more_than_the_budget_and_pays_its_staff(turned: dict[str, int], euro_year: int) -> None:
    asked = search(budget_euro_year=float(euro_year))
    mix = frontier._mix(asked, turned)
    assert mix.euro_year <= euro_year * turned["total"] / frontier.STEPS + 1e-9
    assert sorted(mix.budgets) + list(mix.rules) == sorted(one.name for one in mix.scenario.policies)
    for one in mix.scenario.policies:
        if one.name in mix.budgets:
            assert mix.budgets[one.name] == cents_of(one.budget_euro_year or 0.0) > 0
            assert one.budget_euro_year is not None
            assert one.budget_euro_year >= one.staff_euro_year
    assert ("rule" in mix.rules) == bool(turned["rule rule"])


def test_policies_are_added_by_kind() -> None:
    both = with_policies(
        scenario(policies=(RegieFund(name="regie-fund", years=3.0),)), ["regie-fund", "ownership-rule"]
    )
    assert [(one.name, one.kind) for one in both.policies] == [
        ("ownership-rule", "ownership-rule"),
        ("regie-fund", "regie-fund"),
    ]
    assert both.policies[1].years == 3.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"scenario": scenario()}, "policies"),
        ({"objectives": OBJECTIVES[:1]}, "outcomes"),
        ({"objectives": (*OBJECTIVES, OBJECTIVES[0])}, "outcomes"),
        ({"objectives": (*OBJECTIVES, outcome_table()["students"])}, "outcomes"),
        ({"replicates": 0}, "replicates"),
        ({"check_replicates": 0}, "check_replicates"),
        ({"population": 1}, "population"),
        ({"generations": 0}, "generations"),
        ({"keep": 0}, "keep"),
    ],
)
def test_what_cannot_be_searched_is_told(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(InputError) as error:
        search(**changes)
    assert error.value.where == where


# ── the search, on a toy ────────────────────────────────────────────────────────────────────────────────


class Toy:
    """Stands for the model: outcomes that follow from the budgets, and chance that is the same for every mix."""

    def __init__(self, noise: float = 0.0, own_noise: float = 0.0, effect: float = 1.0) -> None:
        self.noise, self.own_noise, self.effect = noise, own_noise, effect
        self.asked: list[tuple[str, int, int]] = []

    def make(self, asked: Scenario, seed: int, replicates: int) -> Any:
        self.asked.append((asked.digest(), seed, replicates))
        return asked, seed, replicates

    def evaluate(self, experiments: Sequence[Any], *_: Any) -> list[Evaluation]:
        return [self.one(*experiment) for experiment in experiments]

    def one(self, asked: Scenario, seed: int, replicates: int) -> Evaluation:
        euros = {one.name: (one.budget_euro_year or 0.0) / 1e6 for one in asked.policies}
        numbers = [seed + number for number in range(replicates)]
        values: Floats = np.zeros((replicates, len(OUTCOMES)))
        shared = np.array([np.random.default_rng(number).normal() for number in numbers])
        digest = int(asked.digest()[:8], 16)
        own = np.array([np.random.default_rng([number, digest]).normal() for number in numbers])
        chance = self.noise * shared + self.own_noise * own * bool(euros)
        values[:, SUSTAINED] = self.effect * math.sqrt(euros.get("fund", 0.0)) + chance
        values[:, STUDENTS] = 10.0 * euros.get("ownership", 0.0) + 3.0 * ("rule" in euros)
        values[:, EUROS] = 1e6 * (euros.get("fund", 0.0) + euros.get("ownership", 0.0))
        return Evaluation(values, (0,) * replicates, {})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Toy]:
    def install(**chance: float) -> Toy:
        model = Toy(**chance)
        monkeypatch.setattr(frontier, "evaluate", model.evaluate)
        return model

    return install


LARGE: dict[str, int] = {"replicates": 4, "check_replicates": 16, "population": 12, "generations": 8, "keep": 12}


def test_every_mix_has_the_same_seeds_and_what_is_found_gets_others(toy: Callable[..., Toy]) -> None:
    model = toy(noise=1.0)
    find_frontier(search(**LARGE, seed=7), model.make, Path())
    assert {(seed, count) for _, seed, count in model.asked} == {(7, 4), (11, 16)}, "7-10, and then 11-26"


def test_chance_that_is_shared_does_not_mislead(toy: Callable[..., Toy]) -> None:
    quiet = find_frontier(search(**LARGE), toy().make, Path())
    noisy = find_frontier(search(**LARGE), toy(noise=100.0).make, Path())
    assert [mix.scenario for mix, _ in quiet.searched] == [mix.scenario for mix, _ in noisy.searched]
    assert [point.mix.budgets for point in quiet.points] == [point.mix.budgets for point in noisy.points]


def test_the_best_trade_offs_are_found(toy: Callable[..., Toy]) -> None:
    found = find_frontier(search(**LARGE), toy().make, Path())
    values = {OBJECTIVES[i].name: [point.again[i].mean for point in found.points] for i in range(3)}
    assert max(values["networks_sustained"]) == pytest.approx(1.0), "all for the fund"
    assert max(values["students_direct"]) > 0.9 * 13.0, "nearly all for ownership, and the rule: not one of the first"
    assert min(values["public_euros"]) == 0.0
    with_rule = [bool(point.mix.rules) for point in found.points]
    assert np.mean(with_rule) > 0.5, "the rule costs nothing, and students like it"
    assert all(point.stands for point in found.points)
    again = np.array([[one.mean for one in point.again] for point in found.points]) * [1, 1, -1]
    assert non_dominated(again).all()


def test_of_mixes_that_come_to_the_same_the_one_that_asks_least_is_kept() -> None:
    values = np.array([[1.0, 0.0], [1.0, -0.0], [0.0, 1.0], [0.0, 0.0]])
    assert frontier._front(values, [3.0, 2.0, 1.0, 0.0]).tolist() == [1, 2]


def test_luck_falls_back_and_is_told(toy: Callable[..., Toy]) -> None:
    """Where nothing matters but chance of each mix's own, the best was lucky and nothing is left of it."""
    found = find_frontier(search(**LARGE), toy(own_noise=1.0, effect=0.0).make, Path())
    sustained = fell_back(found)[0]
    assert sustained.best_found > 0.5
    assert abs(sustained.best_again) < 0.5 * sustained.best_found
    assert sustained.best_found == max(point.found[0].mean for point in found.points)
    for point in found.points:
        beaten = [
            all(
                sign * (one.mean - two.mean) >= 0
                for sign, one, two in zip((1, 1, -1), b.again, point.again, strict=True)
            )
            and [one.mean for one in b.again] != [one.mean for one in point.again]
            for b in found.points
        ]
        assert point.stands != any(beaten)


def test_a_mix_that_fails_is_left_out(toy: Callable[..., Toy], monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy()

    def broken(experiments: Sequence[Any], *_: Any) -> list[Evaluation]:
        done = model.evaluate(experiments)
        for (asked, *_), one in zip(experiments, done, strict=True):
            if any(policy.name == "rule" for policy in asked.policies):
                one.values[0] = np.nan
        return done

    monkeypatch.setattr(frontier, "evaluate", broken)
    found = find_frontier(search(**LARGE), model.make, Path())
    assert found.failed > 0
    assert not any(mix.rules for mix, _ in found.searched)
    assert not any(point.mix.rules for point in found.points)


# ── the search, on the model ────────────────────────────────────────────────────────────────────────────


def written(found: frontier.Frontier) -> str:
    return json.dumps(pages.frontier_json(found), allow_nan=False) + pages.frontier_csv(found)


@pytest.mark.slow
@pytest.mark.thorough
def test_one_process_after_an_interruption_gives_the_bytes_of_two(tmp_path: Path) -> None:
    asked = search(scenario=MIXED.model_copy(update={"until": "2015-Q2"}))
    whole = find_frontier(asked, make, tmp_path / "two", 2)
    count = 0

    def stop(replicates: int) -> None:
        nonlocal count
        count += replicates
        if count >= 6:  # in the second generation
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_frontier(asked, make, tmp_path / "one", 1, stop)
    assert len(read_shelf(tmp_path / "one").done()) < len(read_shelf(tmp_path / "two").done())
    resumed = find_frontier(asked, make, tmp_path / "one", 1)
    assert written(resumed) == written(whole)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    nothing = next(differences for mix, differences in whole.searched if not mix.scenario.policies)
    assert all(one.mean == 0 for one in nothing)


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", list(Language))
def test_the_tables_say_what_a_mix_is_and_how_far_it_fell_back(language: Language, toy: Callable[..., Toy]) -> None:
    found = find_frontier(search(**LARGE), toy(own_noise=1.0).make, Path())
    words, console = Words(language), Console(width=120)
    with console.capture() as capture:
        for line in pages.heading(found, words):
            console.print(line)
        console.print(pages.front_table(found, words))
        console.print(pages.fell_back_table(found, words))
    text = capture.get()
    for part in {Language.NL: ("Regiefonds", "opnieuw", "Publiek geld"), Language.EN: ("Regie fund", "again")}[
        language
    ]:
        assert part in text
    lines = pages.frontier_csv(found).splitlines()
    assert len(lines) == 1 + len(found.points)
    assert lines[0].startswith("stands,budget_euro_year,fund,ownership,rule,networks_sustained_found")


def test_the_command(pps: Pps) -> None:
    short = ["--scale", "0.02", "--until", "2012-Q1", "--parameters", "default", "--workers", "1"]
    few = ["--replicates", "1", "--check-replicates", "1", "--population", "3", "--generations", "1", "--keep", "2"]
    ask = ["frontier", "--policies", "regie-fund, ownership-rule", "--budget", "2,5M/jr", *short, *few]
    code, out, err = pps(*ask, "--lang", "nl", "--csv", "front.csv")
    assert (code, err) == (0, "")
    assert "€ 2,5 miljoen" in out.replace("\u00a0", " ")
    assert Path("front.csv").read_text().count("\n") == 2
    code, out, _ = pps(*ask, "--json")
    assert code == 0
    assert json.loads(out)["budget_euro_year"] == 2_500_000


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--budget", "2.5M"], "--budget: '2.5M' is no budget"),
        (
            ["--budget", "1M/yr", "--policies", "regie-fnd"],
            "--policies: unknown policy 'regie-fnd'; did you mean regie-fund?",
        ),
        (["--budget", "1M/yr", "--policies", "regie-fund,"], "--policies"),
        (["--budget", "1M/yr"], "--policies: there is no policy to mix"),
        (["regiefonds", "--budget", "1M/yr", "--outcomes", "students_direct"], "--outcomes: one objective"),
        (["regiefonds", "--budget", "1M/yr", "--outcomes", "students_direct,x"], "--outcomes: unknown outcome 'x'"),
        (["regiefonds", "--budget", "1M/yr", "--population", "1"], "--population"),
        (["regiefonds", "--budget", "1M/yr", "--check-replicates", "0"], "--check-replicates"),
        (["regiefonds"], "Missing option '--budget'"),
    ],
)
def test_wrong_options_are_refused(pps: Pps, args: list[str], said: str) -> None:
    code, out, err = pps("frontier", *args)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {said}")
    assert err.count("\n") == 1
