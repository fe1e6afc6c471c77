"""Batches of runs: what is kept, the store and what it survives, plans, and the command."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import InputError
from agents.parameters import as_dict, make_parameters, parameter_table
from app import cli
from experiments import batches
from experiments.batches import Store, missing, run_cases
from experiments.cases import Batch, Case, CaseResult, Keep, Kept, Setting, Task, kept_of, run_task
from experiments.draws import POSTERIOR, parameter_sets
from experiments.plan import DrawsAsked, load_plan, make_draws
from experiments.plan_file import list_plans
from experiments.priors import uncertain
from experiments.results import load
from experiments.runner import Failed
from experiments.shelf import FINISHED, MANIFEST, PARTS
from experiments.store import Interrupted
from scenarios.national import load_national
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from sim.outcomes import OUTCOMES, outcome_table
from tests.worlds import small_pack

ROOT = Path(__file__).resolve().parent.parent
KEEP = Keep(("pps_started", "networks_alive", "euros_cash"), "year")
PLAN = """
kind = "batch"
schema_version = 1
name = "klein"
title_nl = "Klein"
title_en = "Small"
region = "noord-brabant"
scenarios = ["baseline", "emergent"]
until = "2012-Q4"
scale = 0.02
seed = 3
seeds = 3
outcomes = ["pps_started", "networks_alive", "euros_cash"]
frequency = "end"

[draws]
source = "lhs"
count = 2
"""


def made(name: str = "test", draws: int = 2, seeds: int = 3, keep: Keep = KEEP) -> Batch:
    """Two scenarios in a small world."""
    setting = Setting(small_pack(), load_national(), 1.0, keep)
    scenarios = [load_scenario(one).model_copy(update={"until": "2013-Q1"}) for one in ("baseline", "emergent")]
    sets = [make_parameters({"fte_cost": 80_000.0 + 1_000.0 * draw}) for draw in range(draws)]
    cases = (
        Case(scenario, draw, seed, sets[draw])
        for draw in range(draws)
        for seed in range(seeds)
        for scenario in scenarios
    )
    return Batch(name, setting, tuple(cases))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let runs take no time; return the numbers of those that were done."""
    numbers: list[int] = []

    def fake(task: Task) -> CaseResult:
        numbers.append(task.number)
        case = task.case
        value = 100.0 * case.seed + case.draw + case.parameters.fte_cost / 1e6
        values = np.full((2, 1, 3), value) + np.arange(6.0).reshape(2, 1, 3)
        values[0, 0, 1] = np.nan
        return Kept(("2012-Q4", "2013-Q1"), ("all",), values)

    monkeypatch.setattr(batches, "run_task", fake)
    monkeypatch.setattr("experiments.shelf.PART", 5)
    return numbers


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


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


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────


def test_results_come_back_as_a_tidy_frame(tmp_path: Path, ran: list[int]) -> None:
    batch = made()
    results = run_cases(batch, tmp_path / "store")
    assert sorted(ran) == list(range(12))
    series = results.series
    assert list(series.columns) == ["case", "scenario", "draw", "seed", "quarter", "province", "outcome", "value"]
    assert len(series) == 12 * 2 * 3
    for number, case in enumerate(batch.cases):
        own = series[series["case"] == number]
        assert set(own["scenario"]) == {case.scenario.name}
        assert set(zip(own["draw"], own["seed"], strict=True)) == {(case.draw, case.seed)}
        value = 100.0 * case.seed + case.draw + case.parameters.fte_cost / 1e6
        np.testing.assert_allclose(own["value"], value + np.array([0, np.nan, 2, 3, 4, 5]))
    assert results.missing == 0
    assert not results.strange
    assert results.cases["done"].all()


def test_ends_sum_flows_and_only_what_is_asked_is_read(tmp_path: Path, ran: list[int]) -> None:
    results = run_cases(made(), tmp_path / "store")
    ends = results.ends(["pps_started", "euros_cash"])
    first = 0.08  # draw 0, seed 0
    np.testing.assert_allclose(ends.loc[0, ["pps_started", "euros_cash"]].astype(float), [first + 3, 2 * first + 7])
    assert len(ends) == 12
    assert "networks_alive" not in results.wide(["pps_started"])
    with pytest.raises(InputError, match="students is not kept"):
        results.wide(["students"])


def test_parameters_with_which_a_run_can_be_repeated_are_kept(tmp_path: Path, ran: list[int]) -> None:
    batch = made()
    results = run_cases(batch, tmp_path / "store")
    assert len(results.parameters) == 2
    for row, case in zip(results.cases.to_dict("records"), batch.cases, strict=True):
        assert results.parameters.loc[row["parameters"]].to_dict() == as_dict(case.parameters)


def test_many_runs_are_read_lazily(tmp_path: Path, ran: list[int]) -> None:
    results = run_cases(made(), tmp_path / "store")
    parts = ds.dataset(tmp_path / "store" / PARTS)
    assert parts.count_rows(ds.field("quarter") == "2013-Q1") == 12
    assert len(list((tmp_path / "store" / PARTS).iterdir())) == 3
    assert parts.to_table(columns=["pps_started"]).num_columns == 1
    assert results.outcomes == KEEP.outcomes


class Shuffled:
    """Stands in for an engine that is done with runs in another order."""

    def __init__(self, tasks: list[Task], order: Callable[[list[int]], list[int]], stop: int = 10**9) -> None:
        self.tasks, self.order, self.stop = tasks, order, stop

    def as_done(self) -> Iterator[tuple[int, CaseResult]]:
        for count, place in enumerate(self.order(list(range(len(self.tasks))))):
            if count == self.stop:
                raise KeyboardInterrupt
            yield place, vars(batches)["run_task"](self.tasks[place])

    def leftover(self) -> list[tuple[int, CaseResult]]:
        return []


@pytest.fixture
def whole(tmp_path: Path, ran: list[int]) -> dict[str, bytes]:
    """The bytes of a store that nothing happened to."""
    run_cases(made(), tmp_path / "whole")
    ran.clear()
    return content(tmp_path / "whole")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)), stop=st.integers(0, 12))
def test_order_and_ctrl_c_change_no_byte_and_nothing_is_run_twice(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    whole: dict[str, bytes],
    ran: list[int],
    order: list[int],
    stop: int,
) -> None:
    folder = tmp_path_factory.mktemp("store")
    ran.clear()

    def ordered(places: list[int]) -> list[int]:
        return [place for place in order if place in places]

    with monkeypatch.context() as patch:
        patch.setattr(batches, "_work", lambda tasks, *_: Shuffled(tasks, ordered, stop))
        if stop < 12:
            with pytest.raises(Interrupted) as interrupted:
                run_cases(made(), folder)
            assert interrupted.value.done == stop
            assert missing(made(), folder) == 12 - stop
            assert load(folder).missing == 12 - stop
    run_cases(made(), folder)
    assert sorted(ran) == list(range(12))
    assert content(folder) == whole


class PowerCut(BaseException):
    """Ends the program where it is raised, as SIGKILL does: nobody tidies up."""


def crashing(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the program end just before a change of the disk."""
    left = [after]

    def crash_at(name: str, module: Any) -> None:
        real = getattr(module, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise PowerCut
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, counted)

    crash_at("replace", os)
    crash_at("unlink", Path)


def test_a_crash_at_any_moment_costs_no_more_than_the_run_in_flight(
    tmp_path: Path, whole: dict[str, bytes], ran: list[int]
) -> None:
    crashes = 0
    for after in range(0, 1000):
        folder = tmp_path / f"crash-{after}"
        ran.clear()
        with pytest.MonkeyPatch.context() as patch:
            crashing(patch, after)
            try:
                run_cases(made(), folder)
            except PowerCut:
                crashes += 1
            else:
                break
        told = len(ran)
        assert missing(made(), folder) <= 12 - max(0, told - 1)
        run_cases(made(), folder)
        assert len(ran) <= 13
        assert content(folder) == whole
    assert crashes > 30  # 5 files that say what is asked, 12 runs and 3 parts, and what is removed then


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path, whole: dict[str, bytes], ran: list[int]) -> None:
    folder = tmp_path / "store"
    for after in (0, 2, 5, 5, 3):
        with pytest.MonkeyPatch.context() as patch:
            left, real = [after], os.replace

            def full(*args: Any, left: list[int] = left, real: Any = real) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                real(*args)

            patch.setattr(os, "replace", full)
            before = content(folder)
            with pytest.raises(InputError, match="No space left"):
                run_cases(made(), folder)
            after_it = content(folder)
            assert not [name for name in after_it if "unfinished" in name]
            kept = {name for name in before if name.startswith((PARTS, "batches"))}
            assert all(after_it[name] == before[name] for name in kept)
    run_cases(made(), folder)
    assert set(ran) == set(range(12))
    assert content(folder) == whole


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    with pytest.raises(InputError, match="Permission denied"):
        run_cases(made(), tmp_path / "store")
    assert not ran


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path: Path, ran: list[int]) -> None:
    folder = tmp_path / "store"
    with Store(folder, made()):
        with pytest.raises(InputError, match="another program is writing there"):
            run_cases(made(), folder)
        assert load(folder).missing == 12
    assert not ran
    run_cases(made(), folder)


def test_files_that_are_cut_off_changed_or_foreign_are_told_and_left_alone(tmp_path: Path, ran: list[int]) -> None:
    folder = tmp_path / "store"
    other = run_cases(replace(made(), cases=made(seeds=9).cases[-12:]), tmp_path / "other")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_work", lambda tasks, *_: Shuffled(tasks, lambda places: places, 8))
        with pytest.raises(Interrupted):
            run_cases(made(), folder)
    (part,) = (folder / PARTS).iterdir()
    cut, changed, _ = sorted((folder / FINISHED).iterdir())
    part.write_bytes(part.read_bytes()[:-10])
    cut.write_bytes(cut.read_bytes()[:30])
    changed.write_bytes(changed.read_bytes()[:-1] + b"\x01")
    (folder / "notes.txt").write_text("mine")
    (folder / PARTS / "mine.parquet").write_text("mine")
    (folder / FINISHED / "sub").mkdir()
    foreign = folder / PARTS / next((tmp_path / "other" / PARTS).iterdir()).name
    foreign.write_bytes((tmp_path / "other" / PARTS / foreign.name).read_bytes())
    there = content(folder)
    assert not other.strange

    broken = load(folder)
    told = {(strange.path, strange.changed) for strange in broken.strange}
    assert told == {
        (part.relative_to(folder).as_posix(), True),
        (cut.relative_to(folder).as_posix(), True),
        (changed.relative_to(folder).as_posix(), True),
        (foreign.relative_to(folder).as_posix(), False),
        ("notes.txt", False),
        ("parts/mine.parquet", False),
        ("finished/sub", False),
    }
    assert broken.missing == 11
    ran.clear()
    mended = run_cases(made(), folder)
    assert len(ran) == 11
    assert mended.missing == 0
    np.testing.assert_array_equal(mended.series["value"], run_cases(made(), tmp_path / "new").series["value"])
    strange = [folder / path for path, _ in told if (folder / path).is_file()]
    assert all(path.read_bytes() == there[path.relative_to(folder).as_posix()] for path in strange)


def test_a_run_that_fails_is_kept_with_its_error_and_the_rest_goes_on(
    tmp_path: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: Callable[[Task], CaseResult] = vars(batches)["run_task"]

    def failing(task: Task) -> CaseResult:
        result = fake(task)
        return Failed(task.number, task.case.seed, "ZeroDivisionError", "no", "a.py:1") if task.number == 3 else result

    monkeypatch.setattr(batches, "run_task", failing)
    results = run_cases(made(), tmp_path / "store")
    assert list(results.cases.loc[results.cases["error"] != "", "run"]) == [3]
    assert results.cases["error"][3] == "ZeroDivisionError: no"
    assert results.missing == 0
    assert set(results.series["case"]) == set(range(12)) - {3}
    ran.clear()
    run_cases(made(), tmp_path / "store")
    assert not ran  # it would fail again


def test_a_run_whose_process_was_ended_is_tried_again(
    tmp_path: Path, ran: list[int], whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: Callable[[Task], CaseResult] = vars(batches)["run_task"]

    def ending(task: Task) -> CaseResult:
        result = fake(task)
        return Failed(task.number, task.case.seed, "BrokenProcessPool", "ended") if task.number == 3 else result

    with monkeypatch.context() as patch:
        patch.setattr(batches, "run_task", ending)
        results = run_cases(made(), tmp_path / "store")
        assert results.missing == 1
        assert results.cases["error"][3] == "BrokenProcessPool: ended"
        run_cases(made(), tmp_path / "store")  # lost again
        assert load(tmp_path / "store").missing == 1
    ran.clear()
    run_cases(made(), tmp_path / "store")
    assert ran == [3]
    assert content(tmp_path / "store") == whole


def test_another_batch_in_the_store_runs_only_what_is_new(tmp_path: Path, ran: list[int]) -> None:
    folder = tmp_path / "store"
    first = run_cases(made("first"), folder).series
    ran.clear()
    run_cases(made("second", draws=3, seeds=4), folder)
    assert len(ran) == 24 - 12
    both = load(folder).series
    alone = run_cases(made("second", draws=3, seeds=4), tmp_path / "alone").series
    pd.testing.assert_frame_equal(both, alone)
    pd.testing.assert_frame_equal(load(folder, "first").series, first)
    ran.clear()
    run_cases(made("first"), folder)
    assert not ran
    with pytest.raises(InputError, match="no batch third; allowed: first, second"):
        load(folder, "third")


def test_what_is_asked_twice_is_run_once_and_told_twice(tmp_path: Path, ran: list[int]) -> None:
    batch = made()
    double = replace(batch, cases=(*batch.cases, replace(batch.cases[0], draw=7)))
    results = run_cases(double, tmp_path / "store")
    assert len(ran) == 12
    series = results.series
    one, other = (series.loc[series["case"] == case, "value"].to_numpy() for case in (0, 12))
    np.testing.assert_array_equal(one, other)
    assert len(one) == 6


def test_a_store_that_keeps_something_else_is_refused(tmp_path: Path, ran: list[int]) -> None:
    run_cases(made(), tmp_path / "store")
    with pytest.raises(InputError, match="asks for something else"):
        run_cases(made(keep=replace(KEEP, frequency="end")), tmp_path / "store")


def test_other_things_are_not_overwritten(tmp_path: Path, ran: list[int]) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis.txt, and no store"):
        run_cases(made(), tmp_path)
    with pytest.raises(InputError, match="is a file"):
        run_cases(made(), tmp_path / "thesis.txt")
    assert content(tmp_path) == {"thesis.txt": b"mine"}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("", "is not the manifest of a store"),
        ("{}", "is not the manifest of a store"),
        ("[1]", "is not the manifest of a store"),
        ('{"kind": "store", "schema_version": 99}', "has schema version 99; allowed: version 1"),
        ('{"kind": "store", "schema_version": 1, "batches": 3}', "is not the manifest of a store"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_told_and_stays(
    tmp_path: Path, ran: list[int], manifest: str, said: str
) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    for do in (lambda: load(tmp_path), lambda: run_cases(made(), tmp_path)):
        with pytest.raises(InputError, match=said):
            do()
    assert (tmp_path / MANIFEST).read_text() == manifest
    with pytest.raises(InputError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_a_changed_list_of_cases_is_told(tmp_path: Path, ran: list[int]) -> None:
    run_cases(made(), tmp_path / "store")
    (cases,) = (tmp_path / "store").glob("batches/*/cases.parquet")
    cases.write_bytes(cases.read_bytes()[:-5])
    with pytest.raises(InputError, match="is not the file that"):
        load(tmp_path / "store")


# ── real runs ───────────────────────────────────────────────────────────────────────────────────────────


def test_processes_give_the_bytes_of_one_process_and_a_run_is_what_the_model_says(tmp_path: Path) -> None:
    batch = made(draws=1, seeds=2)
    alone, spread = run_cases(batch, tmp_path / "one"), run_cases(batch, tmp_path / "two", workers=2)
    assert content(tmp_path / "one") == content(tmp_path / "two")
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
    assert content(folder) == content(tmp_path / "whole")


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def put(text: str) -> str:
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return put


def test_a_plan_crosses_scenarios_draws_and_seeds(write: Callable[[str], str]) -> None:
    batch = load_plan(write(PLAN))
    labels = [(case.draw, case.seed, case.scenario.name) for case in batch.cases]
    assert labels == [(d, s, name) for d in (0, 1) for s in (3, 4, 5) for name in ("baseline", "emergent")]
    assert {case.scenario.until for case in batch.cases} == {"2012-Q4"}
    assert batch.setting.keep == Keep(("pps_started", "networks_alive", "euros_cash"), "end")
    assert batch.setting.scale == 0.02
    ranges = uncertain()
    for draw in (0, 1):
        values = np.array([getattr(batch.cases[6 * draw].parameters, name) for name in ranges.names])
        shares = ranges.unit(values)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert abs(shares.mean() - 0.5) < 0.2
    assert batch.cases[0].parameters != batch.cases[6].parameters


def test_what_a_scenario_sets_is_not_drawn(write: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "eigen.toml").write_text(
        'schema_version = 1\nextends = "baseline"\nname = "eigen"\n[parameters]\nfte_cost = 77777\n'
    )
    batch = load_plan(write(PLAN.replace('"emergent"', '"eigen.toml"')))
    own = {case.parameters.fte_cost for case in batch.cases if case.scenario.name == "eigen"}
    others = {case.parameters.fte_cost for case in batch.cases if case.scenario.name == "baseline"}
    assert own == {77_777.0}
    assert len(others) == 2


def draws(**asked: Any) -> list[dict[str, float]]:
    return [dict(draw) for draw in make_draws(DrawsAsked.model_validate(asked), Path("plan.toml"))]


def test_draws_of_the_posterior_are_those_of_a_run() -> None:
    sets = parameter_sets(POSTERIOR, {}, 1, 6).sets
    assert [make_parameters(draw) for draw in draws(source="posterior", count=3)] == list(sets)


def test_spread_draws_cover_their_ranges_and_repeat() -> None:
    names = ("fte_cost", "initiation_rate")
    for source in ("lhs", "sobol"):
        found = draws(source=source, count=16, parameters=names, seed=5)
        assert found == draws(source=source, count=16, parameters=names, seed=5)
        assert found != draws(source=source, count=16, parameters=names, seed=6)
        for name in names:
            row = parameter_table()[name]
            values = [draw[name] for draw in found]
            assert set(found[0]) == set(names)
            if row.high / row.low < 10:
                strata = {int(16 * (value - row.low) / (row.high - row.low)) for value in values}
                assert len(strata) == 16  # one in each sixteenth of the range


def test_draws_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text("fte_cost,vacancy_rate\n80000,0.03\n90000,0.04\n")
    asked = DrawsAsked(source="table", file="draws.csv")
    assert make_draws(asked, tmp_path / "plan.toml") == [
        {"fte_cost": 80_000.0, "vacancy_rate": 0.03},
        {"fte_cost": 90_000.0, "vacancy_rate": 0.04},
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "holds no draws"),
        ("fte_cost\n", "holds no draws"),
        ("fte_cost,fte_cost\n1,2\n", "holds no draws"),
        ("fte_cost\n80000,1\n", "draws.csv, line 2: has '80000, 1'; allowed: 1 numbers"),
        ("fte_cost\n80000\nmuch\n", "draws.csv, line 3"),
        ("fte_cost\n1e99\n", "draws.csv, line 2: fte_cost is 1e+99"),
        ("fte_cots\n80000\n", "did you mean fte_cost"),
        ("fte_cost\n\xff\n", "draws.csv, line 2"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(tmp_path: Path, table: str | None, said: str) -> None:
    if table is not None:
        (tmp_path / "draws.csv").write_text(table, encoding="utf-8")
    with pytest.raises(InputError) as error:
        make_draws(DrawsAsked(source="table", file="draws.csv"), tmp_path / "plan.toml")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "batch"', 'kind = "grid"', "is a plan of the kind 'grid'"),
        ('kind = "batch"', "", "key 'kind' is missing"),
        ("schema_version = 1", "schema_version = 2", "schema_version is 2"),
        ('"emergent"', '"emergentt"', "did you mean emergent"),
        ('"emergent"', '"baseline"', "two scenarios with the name baseline"),
        ('["baseline", "emergent"]', "[]", "scenarios"),
        ('region = "noord-brabant"', 'region = "brabant"', "no region pack"),
        ('until = "2012-Q4"', 'until = "2012"', "plan.toml, until: '2012' is not a quarter"),
        ('until = "2012-Q4"', 'until = "1999-Q1"', "outside the run"),
        ("scale = 0.02", "scale = 0.0", "scale is 0.0"),
        ("scale = 0.02", "scale = nan", "scale is nan"),
        ("seeds = 3", "seeds = 0", "seeds is 0"),
        ("seeds = 3", "seeds = 999999", "asks for 3,999,996 runs"),
        ("seed = 3", "seed = 4294967295", "the last seed is 4294967297"),
        ('"networks_alive"', '"networks_alive", "pps_started"', "the same outcome twice"),
        ('"networks_alive"', '"networks_aliv"', "did you mean networks_alive"),
        ('frequency = "end"', 'frequency = "month"', "frequency is 'month'"),
        ('frequency = "end"', 'frequencyy = "end"', "did you mean frequency"),
        ('source = "lhs"', 'source = "lsh"', "draws.source is 'lsh'"),
        ('source = "lhs"', 'source = "default"', "count does not belong to draws from default"),
        ('source = "lhs"', 'source = "lhs"\nfile = "a.csv"', "file does not belong to draws from lhs"),
        ('source = "lhs"', 'source = "table"', "count does not belong"),
        ("count = 2", "count = 2\nparameters = ['fte_cots']", "'fte_cots' is not uncertain"),
        ("count = 2", "cuont = 2", "did you mean count"),
        ('source = "lhs"\ncount = 2', 'source = "sobol"\ncount = 3', "a power of two"),
        ('source = "lhs"\ncount = 2', 'source = "posterior"\ncount = 99999', "the posterior has"),
        ('source = "lhs"\ncount = 2', 'source = "posterior"\nfolder = "no"', "no readable posterior"),
        ('source = "lhs"\ncount = 2', 'source = "table"', "file is missing"),
        ("[draws]", "[draws", "is not TOML"),
    ],
)
def test_a_wrong_plan_is_told_in_one_sentence(write: Callable[[str], str], before: str, after: str, said: str) -> None:
    assert before in PLAN
    with pytest.raises(InputError) as error:
        load_plan(write(PLAN.replace(before, after)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["quic", "nowhere.toml", "a\0.toml", "", "regie-hoogte-duur"])
def test_a_plan_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(InputError, match=r"^plan: "):
        load_plan(name)


def test_the_plans_that_come_along_can_be_run() -> None:
    assert "quick" in list_plans("batch")
    for name in list_plans("batch"):
        assert load_plan(name).name == name


LINES = PLAN.splitlines()
values = st.one_of(
    st.integers(), st.floats(), st.text(max_size=8), st.booleans(), st.lists(st.integers(0, 3), max_size=3), st.none()
)


def as_toml(value: Any) -> str:
    if value is None:
        return "{ a = 1 }"
    return str(value).lower() if isinstance(value, bool | float) else json.dumps(value)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), values, st.booleans()), min_size=1, max_size=4), st.text())
def test_a_broken_plan_never_gives_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, Any, bool]], tail: str
) -> None:
    lines = list(LINES)
    for number, value, whole in changes:
        key = lines[number].partition(" = ")[0]
        lines[number] = as_toml(value) if whole else f"{key} = {as_toml(value)}"
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text("\n".join(lines) + ("" if len(tail) < 3 else tail), encoding="utf-8", errors="surrogateescape")
    with suppress(InputError):
        load_plan(str(path))


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")

    def say(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["pps", "batch", *args])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capfd.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return say


def test_the_command_runs_tells_and_goes_on_only_if_asked(pps: Callable[..., Any], ran: list[int]) -> None:
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


def test_the_command_as_json(pps: Callable[..., Any], ran: list[int]) -> None:
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


def test_the_command_tells_what_is_wrong(pps: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_wrong_option_is_told_in_one_line(pps: Callable[..., Any], args: tuple[str, ...], said: str) -> None:
    code, out, err = pps(*args)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_ctrl_c_says_what_is_kept(pps: Callable[..., Any], ran: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_work", lambda tasks, *_: Shuffled(tasks, lambda places: places, 4))
        code, _, err = pps("plan.toml")
    assert code == 130
    assert "4 of 12 runs are kept in results/batch/klein" in err
    assert pps("plan.toml", "--resume", "--workers", "1")[0] == 0
    assert sorted(ran) == list(range(12))
