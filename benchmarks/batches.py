"""Many runs: how many a second, what they cost above the model itself, and how large they are on disk.

Batches and plain processes that do the same work take turns, each in new processes, and what counts is the median of
their shares: neighbours then take from both. One process is measured in seconds of the processor, so that neighbours do
not count at all; what a batch waits for the disk is in the overhead. Rates are taken between the first and the last
result, so that the start of processes does not count.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from agents.parameters import make_parameters
from benchmarks import packs
from experiments import batches
from experiments.cases import Batch, Case, CaseResult, Keep, Kept, Setting, Task, run_task
from experiments.results import load
from scenarios.national import load_national
from scenarios.scenario import load_scenario
from sim.outcomes import OUTCOMES

ROOT = Path(__file__).parents[1]
SCALE = 0.1
MANY = 10_000
YEARS = 25
ROUNDS = 5


def measure(runs: int, many: int = MANY) -> dict[str, Any]:
    """Measure batches of so many runs, and the reading of many."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return {
            "runs": runs,
            "one": beside(1, runs // ROUNDS),
            "two": beside(2, runs // ROUNDS),
            "overhead_ms": {str(workers): overhead(2_000, workers, place / f"o{workers}") for workers in (1, 2)},
            "bytes": {
                frequency: size(min(runs, 30), frequency, place / frequency) for frequency in ("end", "year", "quarter")
            },
            "reading": reading(many, place / "many"),
        }


def make(runs: int, keep: Keep | None = None) -> Batch:
    setting = Setting(packs.shipped(), load_national(), SCALE, keep or Keep())
    scenario, parameters = load_scenario("baseline"), make_parameters()
    return Batch("bench", setting, tuple(Case(scenario, 0, seed, parameters) for seed in range(runs)))


def beside(processes: int, runs: int) -> dict[str, float]:
    """Return runs per second of plain processes and of a batch on as many, and the share that the batch reaches."""
    rounds = []
    for _ in range(ROUNDS):
        plain = sum(_measured([["plain", str(runs // processes), str(processes)]] * processes))
        rounds.append((plain, *_measured([["batch", str(runs), str(processes)]])))
    plain, batch, share = np.median([(plain, batch, batch / plain) for plain, batch in rounds], axis=0).tolist()
    return {"plain": plain, "batch": batch, "share": share}


def _measured(commands: list[list[str]]) -> list[float]:
    """Return what new processes print that are started together."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.batches", *one], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for one in commands
    ]
    return [float(process.communicate()[0]) for process in started]


def rate(what: str, runs: int, processes: int) -> float:
    """Return runs per second of this process with nothing around the model, or of a batch on so many processes."""
    clock = time.process_time if processes == 1 else time.perf_counter
    batch, moments = make(runs), []
    if what == "plain":
        for number, case in enumerate(batch.cases):
            run_task(Task(number, case, batch.setting.packed))
            moments.append(clock())
        return (runs - 1) / (moments[-1] - moments[0])
    with tempfile.TemporaryDirectory() as folder:
        batches.run_cases(batch, Path(folder), processes, on_result=lambda _: moments.append(clock()))
    return (runs - processes) / (moments[-1] - moments[processes - 1])


def canned(task: Task) -> CaseResult:
    """Stand in for a run that takes no time: numbers as a run gives them, other in each."""
    rng = np.random.default_rng(task.case.seed)
    values = np.round(rng.gamma(2.0, 20.0, (YEARS, 1, len(OUTCOMES))), 0)
    values[..., ::3] *= 1.1
    return Kept(tuple(f"{2011 + year}-Q4" for year in range(YEARS)), ("all",), values)


def overhead(runs: int, workers: int, folder: Path) -> float:
    """Return milliseconds that a run costs above the model: sending, receiving, writing and putting together."""
    batches.run_task = canned  # type: ignore[attr-defined]
    moments: list[float] = []
    try:
        batches.run_cases(make(runs), folder, workers, on_result=lambda _: moments.append(time.perf_counter()))
    finally:
        batches.run_task = run_task  # type: ignore[attr-defined]
    return (moments[-1] - moments[0]) / (len(moments) - 1) * 1e3


def size(runs: int, frequency: Any, folder: Path) -> float:
    """Return bytes per run on disk, all outcomes kept, the provinces together."""
    batches.run_cases(make(runs, Keep(frequency=frequency)), folder)
    return sum(path.stat().st_size for path in folder.glob("parts/*")) / runs


def reading(runs: int, folder: Path) -> dict[str, float]:
    """Return seconds to read many runs: all of them tidy, and the means by year of one outcome, lazily."""
    import pyarrow.dataset as ds

    batches.run_task = canned  # type: ignore[attr-defined]
    try:
        batches.run_cases(make(runs), folder)
    finally:
        batches.run_task = run_task  # type: ignore[attr-defined]
    began = time.perf_counter()
    results = load(folder)
    opened = time.perf_counter()
    results.wide(["networks_sustained"])
    one = time.perf_counter()
    parts = ds.dataset(folder / "parts").to_table(columns=["quarter", "networks_sustained"])
    parts.group_by("quarter").aggregate([("networks_sustained", "mean")])
    lazily = time.perf_counter()
    rows = len(results.series)
    whole = time.perf_counter()
    return {
        "runs": runs,
        "rows": rows,
        "open_seconds": opened - began,
        "one_outcome_seconds": one - opened,
        "lazy_mean_seconds": lazily - one,
        "series_seconds": whole - lazily,
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Yield what was measured, in words."""
    one, two, reading = found["one"], found["two"], found["reading"]
    yield f"{found['runs']} runs in {ROUNDS} rounds, Noord-Brabant at scale {SCALE}:"
    yield f"  one process   {one['batch']:.2f} runs/s of the processor; plain {one['plain']:.2f} ({one['share']:.0%})"
    yield f"  two processes {two['batch']:.2f} runs/s; two plain processes {two['plain']:.2f} ({two['share']:.0%})"
    for workers, spent in found["overhead_ms"].items():
        yield f"  overhead with {workers} process(es): {spent:.2f} ms a run (below 10 ms is below 10% of a 0.1 s run)"
    yield "  bytes a run, all outcomes: " + ", ".join(f"{key} {value:,.0f}" for key, value in found["bytes"].items())
    yield (
        f"  {reading['runs']:,} runs: open and check {reading['open_seconds']:.2f} s, one outcome "
        f"{reading['one_outcome_seconds']:.2f} s, its mean lazily {reading['lazy_mean_seconds']:.2f} s, "
        f"all {reading['rows']:,} rows tidy {reading['series_seconds']:.2f} s"
    )


if __name__ == "__main__":
    print(rate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
