"""How many replicates are enough: steps, what is needed, what people see."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t

from agents.errors import InputError
from agents.parameters import make_parameters
from app import cli
from app import replicates as pages
from app.words import Language, Words
from experiments.pairs import interval, units_of
from experiments.parameter_sets import ParameterSets
from experiments.replicates import (
    Replication,
    check_asked,
    ladder,
    needed_for_mean,
    next_step,
    replication,
    settled_from,
    steps,
)
from experiments.runner import Experiment
from experiments.store import Run, store_runs
from scenarios.national import load_national
from scenarios.policies import make_policies
from tests import worlds

FUND = {"regie-fund": {"type": "regie-fund", "starts": "2015-Q1"}}
WORDS = [Words(Language.EN), Words(Language.NL)]
N = 16


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("runs")
    sets = ParameterSets((make_parameters(),))
    asked = [
        worlds.scenario("2016-Q4", policies=make_policies(policies, "test")).model_copy(update={"name": name})
        for name, policies in (("baseline", {}), ("fund", FUND))
    ]
    experiments = [Experiment(worlds.small_pack(), load_national(), one, sets, 1, N) for one in asked]
    return [run for run in store_runs(experiments, [folder / one.name for one in asked]) if run]


@pytest.fixture(scope="module")
def found(runs: list[Run]) -> Replication:
    return replication(runs, ("networks_alive", "regie_fte", "public_euros"))


def test_steps_double_and_end_with_all() -> None:
    assert ladder(40) == (8, 16, 32, 40)
    assert ladder(16) == (8, 16)
    assert [next_step(n) for n in (1, 8, 9, 16, 100)] == [8, 8, 16, 16, 128]


def test_each_step_is_what_the_first_replicates_say() -> None:
    values = np.random.default_rng(1).normal(10.0, 2.0, 40)
    for step in steps(values, units_of([0] * 40)):
        assert (step.mean, step.low, step.high) == pytest.approx(interval(values[: step.n]))
        assert step.deviation == pytest.approx(values[: step.n].std(ddof=1))
        assert step.deviation_low < step.deviation < step.deviation_high


def test_the_number_for_the_mean_is_the_first_that_will_do() -> None:
    values = np.random.default_rng(2).normal(10.0, 2.0, 64)
    needed = needed_for_mean(values, units_of([0] * 64), 0.3)
    assert needed is not None

    def reach(n: int) -> float:
        return float(t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n))

    assert reach(needed) <= 0.3 < reach(needed - 1)


def test_replicates_that_share_a_draw_count_as_one() -> None:
    """All the spread is between draws: as many draws are needed as replicates would be of independent values."""
    values = np.random.default_rng(3).normal(10.0, 2.0, 32)
    alone = needed_for_mean(values, units_of([0] * 32), 0.5)
    assert alone is not None
    assert needed_for_mean(np.repeat(values, 2), units_of(np.repeat(np.arange(32), 2).tolist()), 0.5) == 2 * alone


@pytest.mark.parametrize(("values", "needed"), [([1.0] * 16, 2), ([0.0, 1.0] * 8, None)])
def test_what_never_differs_needs_two_and_what_has_no_scale_cannot_be_told(
    values: list[float], needed: int | None
) -> None:
    assert needed_for_mean(np.array(values), units_of([0] * 16), 0.0) == needed


def test_a_spread_settles_when_all_later_steps_agree() -> None:
    steady = np.tile([0.0, 1.0], 32)
    assert settled_from(tuple(steps(steady, units_of([0] * 64)))) == 8
    late = np.concatenate([np.zeros(32), np.tile([0.0, 1.0], 16)])
    assert settled_from(tuple(steps(late, units_of([0] * 64)))) is None


def test_differences_are_paired(found: Replication, runs: list[Run]) -> None:
    """The difference in regie is far less spread than either world: pairs share their chance."""
    level, difference = (
        next(one for one in found.stabilities if (one.scenario, one.outcome, one.difference) == asked)
        for asked in (("fund", "regie_fte", False), ("fund", "regie_fte", True))
    )
    reference = next(one for one in found.stabilities if one.scenario == "baseline" and one.outcome == "regie_fte")
    assert difference.steps[-1].mean == pytest.approx(level.steps[-1].mean - reference.steps[-1].mean)
    assert difference.scale == level.scale == pytest.approx(abs(reference.steps[-1].mean))
    assert difference.steps[-1].n == N


def test_enough_is_what_the_worst_outcome_needs(found: Replication) -> None:
    for difference in (False, True):
        needed = [one.enough for one in found.stabilities if one.difference is difference]
        known = [n for n in needed if n is not None]
        expected = next_step(max(known)) if len(known) == len(needed) else None
        assert found.enough(difference) == expected


@pytest.mark.parametrize(("replicates", "precision"), [(15, 0.05), (64, 0.0), (64, 1.0), (64, math.nan)])
def test_what_cannot_be_told_is_refused(replicates: int, precision: float) -> None:
    with pytest.raises(InputError):
        check_asked(replicates, precision)


@pytest.mark.parametrize("words", WORDS, ids=("en", "nl"))
def test_people_see_every_outcome_and_an_answer(found: Replication, words: Words) -> None:
    rows = [row for _, table in pages.tables(found, words) for row in table.rows]
    assert len(rows) == len(found.stabilities)
    assert len(list(pages.answers(found, words))) == 2
    assert "{" not in " ".join([*pages.answers(found, words), *pages.cautions(found, words), pages.notes(found, words)])


def test_data_hold_what_is_shown(found: Replication) -> None:
    data = json.loads(json.dumps(pages.replication_json(found), allow_nan=False))
    assert data["enough"] == {"outcomes": found.enough(False), "differences": found.enough(True)}
    assert [one["steps"][-1]["mean"] for one in data["stabilities"]] == [
        one.steps[-1].mean for one in found.stabilities
    ]


def test_the_page_stands_alone_and_is_the_same_again(runs: list[Run], tmp_path: Path) -> None:
    found = replication(runs[:1], ("networks_alive",))
    one, other = (
        pages.write_page(found, tmp_path / name, ["pps", "replicates"], WORDS[1]).read_text(encoding="utf-8")
        for name in ("a.html", "b.html")
    )
    assert one == other
    assert one.count("<figure>") == 2
    assert "http" not in one
    assert "src=" not in one


def test_the_command_line_refuses_too_few_before_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pps", "replicates", "--replicates", "8"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "--replicates" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
