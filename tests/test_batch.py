"""Batches of runs: what is kept, which runs are the same, engines, and the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agents.errors import InputError
from experiments import batches
from experiments.batches import run_cases
from experiments.cases import Keep, Task, kept_of, run_task
from experiments.plan import load_plan
from experiments.runner import Failed
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from sim.outcomes import OUTCOMES, outcome_table
from tests.batches import KEEP, PLAN, Shuffled, made
from tests.commands import Pps
from tests.worlds import contents, small_pack

ROOT = Path(__file__).resolve().parent.parent


# ── what is kept of a run ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def lived() -> PpsModel:
    scenario = load_scenario("baseline").model_copy(update={"until": "2014-Q2"})
    return PpsModel(small_pack(), scenario, seed=1).run()


def test_quarters_are_kept_as_they_are(lived: PpsModel) -> None:
    kept = kept_of(lived, Keep(frequency="quarter", provinces=True))
    assert lived.recorder is not None
    np.testing.assert_array_equal(kept.values, lived.recorder.values)
    assert kept.quarters == tuple(lived.calendar.labels())
    assert kept.provinces == (*(province.id for province in lived.provinces), "all")


@pytest.mark.parametrize(
    ("frequency", "quarters"), [("year", ("2011-Q4", "2012-Q4", "2013-Q4", "2014-Q2")), ("end", ("2014-Q2",))]
)
def test_a_flow_is_summed_and_a_stock_taken_at_the_end(
    lived: PpsModel, frequency: Any, quarters: tuple[str, ...]
) -> None:
    flow, stock = "euros_cash", "partners"
    assert (outcome_table()[flow].level, outcome_table()[stock].level) == ("flow", "stock")
    kept = kept_of(lived, Keep((stock, flow), frequency))
    assert lived.recorder is not None
    series = pd.DataFrame(lived.recorder.values[:, -1, :], lived.calendar.labels(), list(OUTCOMES))
    first = "2011-Q3"
    for row, last in zip(kept.values[:, 0, :], quarters, strict=True):
        np.testing.assert_allclose(row, [float(series[stock][last]), series.loc[first:last, flow].sum()])
        first = f"{int(last[:4]) + 1}-Q1"
    assert kept.quarters == quarters
    assert kept.provinces == ("all",)
    assert kept.values[:, 0, 1].sum() > 0


# ── the same run has the same hash ──────────────────────────────────────────────────────────────────────


def test_the_same_run_has_the_same_hash_and_another_run_another() -> None:
    batch, again = made(), made("other name")
    assert batch.keys == again.keys
    assert len(set(batch.keys)) == len(batch.keys)
    setting = batch.setting
    for other in (
        replace(setting, scale=0.5),
        replace(setting, keep=replace(KEEP, frequency="end")),
        replace(setting, keep=replace(KEEP, provinces=True)),
        replace(setting, keep=replace(KEEP, outcomes=("networks_alive", "pps_started", "euros_cash"))),
    ):
        assert not set(replace(batch, setting=other).keys) & set(batch.keys)


@pytest.mark.parametrize("cases", [(), None])
def test_a_batch_without_runs_or_with_a_name_twice_is_refused(cases: Any) -> None:
    batch = made()
    twice = (batch.cases[0], replace(batch.cases[0], scenario=batch.cases[0].scenario.model_copy()))
    with pytest.raises(InputError):
        replace(batch, cases=twice if cases is None else cases)


# ── real runs ───────────────────────────────────────────────────────────────────────────────────────────


def test_processes_give_the_bytes_of_one_process_and_a_run_is_what_the_model_says(tmp_path: Path) -> None:
    batch = made(draws=1, seeds=2)
    alone, spread = run_cases(batch, tmp_path / "one"), run_cases(batch, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    case = batch.cases[1]
    model = PpsModel(batch.setting.pack, case.scenario, case.parameters, seed=case.seed).run()
    own = spread.wide()[spread.wide()["case"] == 1]
    expected = kept_of(model, KEEP)
    np.testing.assert_array_equal(own[list(KEEP.outcomes)].to_numpy(), expected.values[:, 0, :])
    assert alone.missing == 0


def test_a_bug_in_a_run_is_told_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: PpsModel) -> None:
        raise ZeroDivisionError("no\nlight")

    monkeypatch.setattr(PpsModel, "step", broken)
    batch = made()
    result = run_task(Task(5, batch.cases[0], batch.setting.packed))
    assert isinstance(result, Failed)
    assert (result.replicate, result.error, result.message) == (5, "ZeroDivisionError", "no light")


@pytest.mark.slow
def test_a_program_that_is_killed_is_gone_on_with(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.replace("seeds = 3", "seeds = 4"), encoding="utf-8")
    command = [sys.executable, "-m", "app.cli", "batch", str(plan), "--workers", "2", "--quiet", "--out"]
    folder = tmp_path / "store"
    for count in (2, 7):
        extra = ["--resume"] if folder.exists() else []
        with subprocess.Popen([*command, str(folder), *extra], cwd=ROOT, start_new_session=True) as process:
            while process.poll() is None and len(list(folder.glob("finished/*.run"))) < count:
                time.sleep(0.002)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    before = {path.name for path in folder.glob("finished/*.run")}
    assert 7 <= len(before) < 16
    run_cases(load_plan(str(plan)), folder)
    run_cases(load_plan(str(plan)), tmp_path / "whole")
    assert contents(folder) == contents(tmp_path / "whole")


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pps(pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pps:
    """Run `pps batch` beside a plan."""
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return lambda *args: pps("batch", *args)


def test_the_command_runs_tells_and_goes_on_only_if_asked(pps: Pps, ran: list[int]) -> None:
    code, out, err = pps("plan.toml", "--workers", "1")
    assert (code, err) == (0, "")
    assert "Small\n12 runs: 2 scenarios, 2 draws, 3 seeds" in out
    assert "results/batch/klein" in out
    code, out, err = pps("plan.toml", "--workers", "1")
    assert (code, out) == (2, "")
    assert "holds results already; allowed: --resume" in err
    ran.clear()
    code, out, err = pps("plan.toml", "--workers", "1", "--resume", "--lang", "nl")
    assert code == 0
    assert "12 doorrekeningen: 2 scenario's, 2 trekkingen, 3 startwaarden" in out
    assert not ran


def test_the_command_as_json(pps: Pps, ran: list[int]) -> None:
    code, out, _ = pps("plan.toml", "--workers", "1", "--json", "--out", "here")
    told = json.loads(out)
    assert code == 0
    assert {key: told[key] for key in ("store", "runs", "done", "missing", "failed")} == {
        "store": "here",
        "runs": 12,
        "done": 12,
        "missing": 0,
        "failed": [],
    }
    assert told["means"].keys() == {"baseline", "emergent"}


def test_the_command_tells_what_is_wrong(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "run_task", lambda task: Failed(task.number, task.case.seed, "ValueError", "no", ""))
    code, _, err = pps("plan.toml", "--workers", "1", "--quiet")
    assert code == 1
    assert "12 runs failed; the first: ValueError: no" in err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("plan.toml", "--workers", "0"), "--workers: cannot run with 0"),
        (("plan.toml", "--workers", "2", "--dask", "tcp://127.0.0.1:1"), "one of the two"),
        (("plan.toml", "--out", " "), "--out: the name of the folder is empty"),
        (("plan.toml", "--out", "plan.toml"), "is a file"),
        (("other",), "unknown plan 'other'"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(pps: Pps, args: tuple[str, ...], said: str) -> None:
    code, out, err = pps(*args)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_ctrl_c_says_what_is_kept(pps: Pps, ran: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_work", lambda tasks, *_: Shuffled(tasks, lambda places: places, 4))
        code, _, err = pps("plan.toml")
    assert code == 130
    assert "4 of 12 runs are kept in results/batch/klein" in err
    assert pps("plan.toml", "--resume", "--workers", "1")[0] == 0
    assert sorted(ran) == list(range(12))
