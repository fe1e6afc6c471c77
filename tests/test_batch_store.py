"""The store of batches: what comes back, and what it survives."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
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
from agents.parameters import as_dict
from experiments import batches
from experiments.batches import Store, missing, run_cases
from experiments.cases import CaseResult, Task
from experiments.plan import load_plan
from experiments.results import load
from experiments.runner import Failed
from experiments.shelf import FINISHED, MANIFEST, PARTS
from experiments.store import Interrupted
from tests.batches import KEEP, PLAN, Shuffled, made
from tests.worlds import contents

ROOT = Path(__file__).resolve().parent.parent


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


@pytest.fixture
def whole(tmp_path: Path, ran: list[int]) -> dict[str, bytes]:
    """The bytes of a store that nothing happened to."""
    run_cases(made(), tmp_path / "whole")
    ran.clear()
    return contents(tmp_path / "whole")


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
    assert contents(folder) == whole


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
        assert contents(folder) == whole
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
            before = contents(folder)
            with pytest.raises(InputError, match="No space left"):
                run_cases(made(), folder)
            after_it = contents(folder)
            assert not [name for name in after_it if "unfinished" in name]
            kept = {name for name in before if name.startswith((PARTS, "batches"))}
            assert all(after_it[name] == before[name] for name in kept)
    run_cases(made(), folder)
    assert set(ran) == set(range(12))
    assert contents(folder) == whole


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
    there = contents(folder)
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
    assert contents(tmp_path / "store") == whole


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
    assert contents(tmp_path) == {"thesis.txt": b"mine"}


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


# ── a disk and a folder that are really like that ─────────────────────────────────────────────────────────
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))"
"""No file of this process can grow above 1 kB: enough for a run, too little for a part."""
POWERLESS = "import ctypes; ctypes.CDLL(None).capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())"
"""Gives up what lets root write in any folder (capset of Linux); nobody else has it."""


def told_by(prepare: str, *args: str) -> str:
    """Return the one line that `pps batch` tells in a process that was prepared so."""
    code = f"{prepare}\nimport sys\nfrom app.cli import main\nsys.argv[1:] = {['batch', *args]}\nmain()"
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr


def test_a_disk_that_is_full_costs_nothing_that_was_there(tmp_path: Path) -> None:
    plan, folder = tmp_path / "plan.toml", tmp_path / "store"
    plan.write_text(PLAN, encoding="utf-8")
    with Store(folder, load_plan(str(plan))):
        pass  # what is asked is written
    said = told_by(FULL, str(plan), "--out", str(folder), "--resume", "--workers", "1")
    assert "File too large" in said
    assert len(list((folder / FINISHED).glob("*.run"))) == 12
    assert not [name for name in contents(folder) if "unfinished" in name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "run_task", lambda task: pytest.fail("was there already"))
        assert run_cases(load_plan(str(plan)), folder).missing == 0
    assert len(contents(folder / PARTS)) == 1


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    said = told_by(POWERLESS, str(tmp_path / "plan.toml"), "--out", str(closed / "store"), "--workers", "1")
    assert "Permission denied" in said
    assert not list(closed.iterdir())
