"""Robustness: criteria, satisficing, regret and boxes by hand, plans, and what people see."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom

from agents.columns import Bools, Floats
from agents.errors import InputError
from app import robustness as pages
from app.study import write_study
from app.words import Language, Words
from experiments import studies
from experiments.plan_file import list_plans
from experiments.priors import uncertain
from experiments.robustness import Box, Criterion, Limit, Robustness, boxes, check, regrets, robustness
from experiments.studies import RobustnessPlan, Study, load_study, robustness_study
from tests import worlds

WORDS = [Words(Language.EN), Words(Language.NL)]
N = 60
MORE = Criterion(outcome="networks_alive", change=True, at_least=2.0)
LOW = {"late_move": Limit(high=0.5, chance=0.01)}

type Ends = dict[str, dict[str, Floats]]


def conditions() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({"late_move": rng.random(N), "policy_portfolio_growth": rng.random(N)})


def ends() -> Ends:
    """The policy adds three networks where late_move is high, and costs a million everywhere."""
    helps = conditions()["late_move"].to_numpy() > 0.5
    return {
        "baseline": {"networks_alive": np.full(N, 10.0), "public_euros": np.full(N, 5e6)},
        "regiefonds": {"networks_alive": np.where(helps, 13.0, 10.0), "public_euros": np.full(N, 6e6)},
    }


def find_low(_: pd.DataFrame, failed: Bools) -> Sequence[Mapping[str, Limit]]:
    assert failed.any()
    return [LOW]


@pytest.fixture
def found() -> Robustness:
    return robustness(conditions(), ends(), [MORE], find_low)


# ── by hand ─────────────────────────────────────────────────────────────────────────────────────────────
def test_good_enough_is_counted_over_futures(found: Robustness) -> None:
    share = float((conditions()["late_move"] > 0.5).mean())
    baseline, fund = found.satisficing
    assert baseline.share == 0.0
    assert fund.share == pytest.approx(share)
    assert fund.low < share < fund.high
    assert found.safest == "regiefonds"


def test_all_criteria_have_to_be_met() -> None:
    cheap = Criterion(outcome="public_euros", at_most=5.5e6)
    found = robustness(conditions(), ends(), [MORE, cheap], find_low)
    assert [one.share for one in found.satisficing] == [0.0, 0.0]
    assert found.satisficing[0].by_criterion == (0.0, 1.0)


def test_regret_is_what_the_best_would_have_brought() -> None:
    fund, baseline = ({"networks_alive": np.array(values)} for values in ([13.0, 9.0, 10.0], [10.0, 10.0, 10.0]))
    one, other = regrets({"baseline": baseline, "fund": fund})
    assert (one.median, one.largest, other.median, other.largest) == (0.0, 3.0, 0.0, 1.0)
    assert one.best == other.best == pytest.approx(2 / 3)


def test_less_may_be_better_and_what_is_neither_has_no_regret(found: Robustness) -> None:
    money = {one.scenario: one for one in found.regrets if one.outcome == "public_euros"}
    assert money["baseline"].largest == 0.0
    assert money["regiefonds"].largest == 1e6
    assert regrets({"a": {"pps_started": np.arange(3.0)}, "b": {"pps_started": np.ones(3)}}) == []


def test_a_box_is_counted_in_the_half_that_did_not_find_it(found: Robustness) -> None:
    (box,) = [one for one in found.boxes if one.scenario == "regiefonds"]
    other = conditions()["late_move"].to_numpy()[1::2]
    failing = int((other <= 0.5).sum())
    assert (box.futures, box.inside, box.failed_inside, box.failed) == (N // 2, failing, failing, failing)
    assert (box.density, box.coverage) == (1.0, 1.0)
    assert box.confirmed


def test_the_chance_of_a_box_is_that_of_drawing_so_many_failures() -> None:
    values = pd.DataFrame({"late_move": np.linspace(0.0, 1.0, 20)})
    failed = np.zeros(20, dtype=np.bool_)
    failed[[0, 1, 2, 15]] = True
    box = check("s", {"late_move": Limit(high=0.3)}, values, failed)
    assert (box.inside, box.failed_inside) == (6, 3)
    assert box.chance == pytest.approx(float(hypergeom(20, 4, 6).sf(2)))


def test_a_box_made_of_chance_is_not_confirmed() -> None:
    rng = np.random.default_rng(5)
    values = pd.DataFrame({"late_move": rng.random(200)})
    failed = rng.random(200) < 0.5

    def greedy(x: pd.DataFrame, y: Bools) -> Sequence[Mapping[str, Limit]]:
        place = float(x["late_move"][y].iloc[0])
        return [{"late_move": Limit(place - 0.01, place + 0.01)}]

    assert [box.confirmed for box in boxes("s", values, failed, greedy)] == [False]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_box_is_looked_for_where_all_or_nothing_fails(share: float) -> None:
    def never(*_: object) -> Sequence[Mapping[str, Limit]]:
        raise AssertionError("nothing can be found here")

    assert boxes("s", conditions(), np.full(N, bool(share)), never) == []


def test_a_future_with_a_gap_counts_for_no_policy() -> None:
    values = ends()
    values["regiefonds"]["networks_alive"][3] = math.nan
    found = robustness(conditions(), values, [MORE], find_low)
    assert (found.futures, found.counted) == (N, N - 1)
    values["regiefonds"]["networks_alive"][:45] = math.nan
    with pytest.raises(InputError, match="15 of 60"):
        robustness(conditions(), values, [MORE], find_low)


@pytest.mark.parametrize("limit", [Limit(low=0.5), Limit(high=0.5), Limit(0.2, 0.8)])
def test_the_ends_of_a_limit_are_in_it(limit: Limit) -> None:
    values = pd.Series([0.0, 0.2, 0.5, 0.8, 1.0])
    low = -math.inf if limit.low is None else limit.low
    high = math.inf if limit.high is None else limit.high
    assert limit.holds(values).tolist() == [low <= value <= high for value in values]


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────
PLAN = """
schema_version = 1
kind = "robustness"
name = "klein"
title_nl = "Klein"
title_en = "Small"
scenarios = ["baseline", "regiefonds"]
outcomes = ["networks_alive", "public_euros"]
futures = 60
draws = "ranges"
until = "2012-Q4"

[[criteria]]
outcome = "networks_alive"
change = true
at_least = 2.0
"""


def planned(tmp_path: Path, old: str = "", new: str = "") -> RobustnessPlan:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace(old, new) if old else PLAN, encoding="utf-8")
    return load_study(str(path), RobustnessPlan)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(studies, "load_region", lambda name: worlds.small_pack())
    return robustness_study(planned(tmp_path))


def test_every_policy_lives_through_the_same_futures(study: Study) -> None:
    cases = study.batch.cases
    for one, other, row in zip(cases[:N], cases[N:], study.rows, strict=True):
        assert (one.seed, one.parameters, one.scenario.branch) == (other.seed, other.parameters, row.branch)
        assert other.scenario.branch == row.branch
    assert {row.branch: sum(one.branch == row.branch for one in study.rows) for row in study.rows} == {
        "base": 20, "low": 20, "high": 20,
    }  # fmt: skip
    assert len({row.seed for row in study.rows}) == N


def test_draws_of_the_posterior_fit_what_was_reported_and_spread_how_policies_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def drawn(source: str, count: int, where: str) -> list[dict[str, float]]:
        asked.append((source, count))
        return [{"late_move": 0.1 + 0.01 * number} for number in range(count)]

    monkeypatch.setattr(studies, "load_draws", drawn)
    monkeypatch.setattr(studies, "load_region", lambda name: worlds.small_pack())
    rows = robustness_study(planned(tmp_path, '"ranges"', '"posterior"')).rows
    assert asked == [("posterior", N)]
    assert [row.values for row in rows[:2]] == [{"late_move": 0.1}, {"late_move": 0.11}]


@pytest.mark.parametrize(
    "change",
    [
        ("at_least = 2.0", ""),
        ("at_least = 2.0", "at_least = 2.0\nat_most = 3.0"),
        ("at_least = 2.0", "at_least = nan"),
        ('"networks_alive"\nchange', '"network"\nchange'),
        ('"networks_alive"\nchange', '"students_direct"\nchange'),
        (', "regiefonds"', ""),
        ("futures = 60", "futures = 3"),
        ('"ranges"', '"guesses"'),
        ("futures = 60", 'futures = 60\nbranches = ["middle"]'),
    ],
    ids=range(9),
)
def test_a_broken_plan_is_told_in_a_sentence(tmp_path: Path, change: tuple[str, str]) -> None:
    with pytest.raises(InputError) as error:
        planned(tmp_path, *change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", list_plans("robustness"))
def test_the_plans_of_the_project_can_be_made(name: str) -> None:
    plan = load_study(name, RobustnessPlan)
    assert plan.name == name
    assert len(robustness_study(plan.changed(futures=20)).batch.cases) == 20 * len(plan.scenarios)


# ── what people see ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("words", WORDS, ids=("en", "nl"))
def test_people_read_when_a_policy_fails(found: Robustness, study: Study, words: Words) -> None:
    told = [sentence for _, sentences in pages.conditions(found, study, words) for sentence in sentences]
    assert len(told) == 1
    assert words.pick(studies_meaning("late_move"), "meaning") in told[0]
    assert "100%" in told[0]
    setting = pages.setting(found, study, words)
    text = " ".join([*told, *pages.answers(found, study, words), *pages.cautions(found, study, words), setting])
    assert "{" not in text


def studies_meaning(name: str) -> object:
    from agents.parameters import parameter_table

    assert name in uncertain().names
    return parameter_table()[name]


@pytest.mark.parametrize("words", WORDS, ids=("en", "nl"))
@pytest.mark.parametrize(
    "limits",
    [
        {"late_move": Limit(low=0.3)},
        {"late_move": Limit(0.3, 0.4)},
        {"branch": Limit(among=("high", "low"))},
        {"late_move": Limit(high=0.3), "branch": Limit(among=("low",))},
    ],
    ids=range(4),
)
def test_every_kind_of_limit_has_words(limits: Mapping[str, Limit], words: Words) -> None:
    values = conditions().assign(branch=["low", "base", "high"] * (N // 3))
    sentence = pages.box_sentence(check("s", limits, values, values["late_move"].to_numpy() < 0.3), words)
    assert "{" not in sentence
    assert sentence.endswith(".")


def test_a_box_is_told_beside_the_futures_outside_it() -> None:
    box = Box("s", {"late_move": Limit(high=0.3)}, futures=120, inside=93, failed_inside=63, failed=74, chance=0.01)
    sentence = pages.box_sentence(box, WORDS[0])
    assert "Of the 93 futures in which that is so, it fails in 63 (68%); of the 27 others in 11 (41%)." in sentence


def test_the_page_and_the_data_hold_what_was_found(found: Robustness, study: Study, tmp_path: Path) -> None:
    data = json.loads(json.dumps(pages.robustness_json(found, study), allow_nan=False))
    assert data["safest"] == "regiefonds"
    assert data["boxes"][-1]["confirmed"] is True
    assert data["boxes"][-1]["limits"]["late_move"]["low"] is None
    page = pages.page(found, study, ["pps", "robustness"], WORDS[1])
    text = write_study(page, tmp_path / "page.html", WORDS[1]).read_text(encoding="utf-8")
    assert text.count("<section>") == 1 + 1 + 2 + 2
    assert "http" not in text
