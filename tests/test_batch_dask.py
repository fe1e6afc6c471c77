"""Batches on a real Dask scheduler with two workers, each a process on this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import KilledWorker

from agents.errors import InputError
from experiments import dask as module
from experiments.batches import run_cases
from experiments.cases import CaseResult, Kept, Task
from experiments.identity import code_digest
from experiments.results import load
from experiments.runner import Failed
from experiments.shelf import LOST
from tests.batches import made
from tests.worlds import contents

ROOT = Path(__file__).resolve().parent.parent
HERE = {**os.environ, "PYTHONPATH": str(ROOT)}
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start_scheduler() -> tuple[subprocess.Popen[str], str]:
    """Start a scheduler on a free port, and return it with its address."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen([*command, "--no-dashboard"], stderr=subprocess.PIPE, text=True, env=HERE, cwd=ROOT)
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"Scheduler at:\s+(tcp://\S+)", line):
            return process, found[1]
    raise AssertionError("the scheduler did not start")


def start_worker(address: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    return subprocess.Popen([*command, "--no-dashboard"], env=HERE, cwd=ROOT, **QUIET)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]], subprocess.Popen[str]]]:
    scheduler, address = start_scheduler()
    workers = [start_worker(address) for _ in range(2)]
    try:
        yield address, workers, scheduler
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        scheduler.kill()
        scheduler.wait()


def test_a_cluster_gives_the_bytes_of_this_machine_even_if_a_worker_is_killed(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]], subprocess.Popen[str]]
) -> None:
    address, workers, _ = cluster
    batch = made(seeds=6)
    came: list[CaseResult] = []

    def kill_one(result: CaseResult) -> None:
        came.append(result)
        if len(came) == 3:
            workers[0].send_signal(signal.SIGKILL)

    results = run_cases(batch, tmp_path / "cluster", dask=address, on_result=kill_one)
    assert workers[0].wait() == -signal.SIGKILL
    assert all(isinstance(result, Kept) for result in came)
    assert len(came) == 24
    assert results.missing == 0
    run_cases(batch, tmp_path / "here")
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")


def test_a_scheduler_that_goes_away_costs_only_what_was_not_there_yet(
    tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]], subprocess.Popen[str]]
) -> None:
    address, _, scheduler = cluster
    batch = made(seeds=6)
    came: list[CaseResult] = []

    def kill(result: CaseResult) -> None:
        came.append(result)
        if len(came) == 3:
            scheduler.kill()

    with pytest.raises(InputError, match="the Dask scheduler went away"):
        run_cases(batch, tmp_path / "store", dask=address, on_result=kill)
    assert load(tmp_path / "store").missing == 24 - len(came)
    run_cases(batch, tmp_path / "store", on_result=came.append)
    assert len(came) == 24
    run_cases(batch, tmp_path / "here")
    assert contents(tmp_path / "store") == contents(tmp_path / "here")


def test_no_scheduler_and_no_workers_are_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 1.0)
    for address in ("tcp://127.0.0.1:1", "nonsense", "", "x://y", "127.0.0.1:99999"):
        with pytest.raises(InputError, match="--dask: no Dask scheduler answers"):
            run_cases(made(), tmp_path / "store", dask=address)
    scheduler, address = start_scheduler()
    try:
        with pytest.raises(InputError, match="the Dask scheduler has no workers; allowed: start some first"):
            run_cases(made(), tmp_path / "store", dask=address)
    finally:
        scheduler.kill()
        scheduler.wait()


def test_workers_with_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="the workers have another version of the model"):
        module._run(b"", "another", {})
    with pytest.raises(InputError, match="the workers have another version of numpy"):
        module._run(b"", code_digest(), {"numpy": "0.1"})


def test_a_case_that_ends_its_worker_each_time_is_told_when_it_runs_alone() -> None:
    batch = made()
    work = module.DaskWork.__new__(module.DaskWork)
    work.tasks = [Task(number, case, batch.setting.packed) for number, case in enumerate(batch.cases)]
    work._ready = {}

    class Killed:
        def result(self) -> None:
            raise KilledWorker("task", None, 3)  # type: ignore[arg-type]

    assert work._take(Killed(), [0, 1]) == [[0], [1]]  # type: ignore[arg-type]
    assert work._take(Killed(), [1]) == []  # type: ignore[arg-type]
    result = work._ready[1]
    assert isinstance(result, Failed)
    assert result.error in LOST


def test_chunks_hold_every_case_once_and_are_small_enough_to_share() -> None:
    for count, threads in ((1, 1), (7, 2), (1000, 2), (100_000, 1000)):
        chunks = module._chunks(count, threads)
        assert [number for chunk in chunks for number in chunk] == list(range(count))
        assert max(map(len, chunks)) <= module.CHUNK
        assert len(chunks) >= min(count, threads * module.ROUNDS)
