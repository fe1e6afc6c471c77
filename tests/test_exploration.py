"""The EMA workbench on our own runs: X, L and M from our tables, the right runs for each, and boxes by PRIM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agents.parameters import parameter_table
from experiments import studies
from experiments.exploration import BRANCH, LEVER, Future, declare, explore, find_boxes
from experiments.priors import uncertain
from experiments.robustness import Limit
from experiments.studies import RobustnessPlan, find_robustness, load_study, robustness_study
from sim.outcomes import outcome_table
from tests import worlds
from tests.test_robustness import PLAN

SCENARIOS = ("baseline", "regiefonds")
OUTCOMES = ("networks_alive", "public_euros", "pps_started")


def test_what_is_declared_is_what_our_tables_say() -> None:
    prior = uncertain()
    model = declare(prior, SCENARIOS, OUTCOMES, ("base", "low"))
    *numbers, branch = model.uncertainties
    for one in numbers:
        row = parameter_table()[one.name]
        assert (one.dist.ppf(0.0), one.dist.ppf(1.0)) == pytest.approx((row.low, row.high))
    for one, log in zip(numbers, prior.log, strict=True):
        middle = prior.values(np.full(len(prior.names), 0.5))[prior.names.index(one.name)]
        assert one.dist.ppf(0.5) == pytest.approx(middle), (one.name, log)
    assert (branch.name, [each.value for each in branch.categories]) == (BRANCH, ["base", "low"])
    assert [each.value for lever in model.levers for each in lever.categories] == list(SCENARIOS)
    signs = {"more": 1, "less": -1, "neither": 0}
    assert [one.kind for one in model.outcomes] == [signs[outcome_table()[name].direction] for name in OUTCOMES]


def test_every_future_gets_its_own_outcome_under_every_policy() -> None:
    prior = uncertain()
    values = prior.values(prior.design(30, 1))
    futures = [
        Future(number, dict(zip(prior.names, row.tolist(), strict=True)), ("base", "low")[number % 2])
        for number, row in enumerate(values)
    ]
    model = declare(prior, SCENARIOS, ("networks_alive",), ("base", "low"))

    def run(asked):
        return [{"networks_alive": future.number + 100.0 * (name == "regiefonds")} for future, name in asked]

    conditions, ends = explore(model, futures, run)
    assert np.allclose(conditions[list(prior.names)].to_numpy(np.float64), values)
    assert conditions[BRANCH].tolist() == [one.branch for one in futures]
    assert LEVER not in conditions
    assert ends["baseline"]["networks_alive"].tolist() == list(range(30))
    assert ends["regiefonds"]["networks_alive"].tolist() == [100.0 + n for n in range(30)]


def space(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.random((n, 12)), columns=[f"p{number}" for number in range(12)])
    frame[BRANCH] = rng.choice(["base", "low", "high"], n)
    return frame


def test_a_box_that_is_there_is_found_and_nothing_beside_it() -> None:
    frame = space()
    failed = ((frame["p3"] < 0.4) & (frame["p7"] > 0.5)).to_numpy()
    first = find_boxes(frame, failed)[0]
    assert set(first) == {"p3", "p7"}
    assert first["p3"].low is None
    assert first["p3"].high == pytest.approx(0.4, abs=0.05)
    assert first["p7"].low == pytest.approx(0.5, abs=0.05)
    assert first["p7"].high is None


def test_a_condition_that_is_no_number_can_make_a_box() -> None:
    frame = space()
    first = find_boxes(frame, (frame[BRANCH] == "low").to_numpy())[0]
    assert first == {BRANCH: Limit(among=("low",))}


def test_boxes_are_the_same_again() -> None:
    frame = space()
    failed = (frame["p1"] + frame["p2"] > 1.2).to_numpy()
    assert find_boxes(frame, failed) == find_boxes(frame, failed)


def test_a_study_goes_through_the_workbench_and_our_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "load_region", lambda name: worlds.small_pack())
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.replace("futures = 60", "futures = 20"), encoding="utf-8")
    study = robustness_study(load_study(str(path), RobustnessPlan))
    found = find_robustness(study, tmp_path / "store", 1, None, lambda _: None)
    assert found.counted == 20
    assert study.missing(tmp_path / "store") == 0
    ends = study.run(tmp_path / "store", on_result=lambda _: pytest.fail("it was run already"))
    means = {one.scenario: one.mean for one in found.regrets if one.outcome == "networks_alive"}
    assert means == {name: pytest.approx(of["networks_alive"].mean()) for name, of in ends.items()}
    assert find_robustness(study, tmp_path / "store", 1, None, lambda _: None) == found
