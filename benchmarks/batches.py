"""Many runs: how many a second, what they cost above the model itself, and how large they are on disk.

Rates are taken between the first and the last result, so that the start of processes does not count; beside them stand
plain processes that do the same work, measured in the same minutes.
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


def measure(runs: int, many: int = MANY) -> dict[str, Any]:
    """Measure batches of so many runs, and the reading of many."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain_one, batch_one = plain(1, runs), rate(runs, 1, place / "one")
        plain_two, batch_two = plain(2, runs), rate(runs, 2, place / "two")
        return {
            "runs": runs,
            "plain_one": plain_one,
            "batch_one": batch_one,
            "plain_two": plain_two,
            "batch_two": batch_two,
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


def rate(runs: int, workers: int, folder: Path) -> float:
    """Return runs per second of a batch."""
    moments: list[float] = []
    batches.run_cases(make(runs), folder, workers, on_result=lambda _: moments.append(time.perf_counter()))
    return (len(moments) - workers) / (moments[-1] - moments[workers - 1])


def plain(processes: int, runs: int) -> float:
    """Return runs per second of so many plain processes together."""
    command = [sys.executable, "-m", "benchmarks.batches", str(runs // processes)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(processes)]
    return sum(float(process.communicate()[0]) for process in started)


def plain_rate(runs: int) -> float:
    """Return runs per second in this process, with nothing around the model."""
    batch, moments = make(runs), []
    for number, case in enumerate(batch.cases):
        run_task(Task(number, case, batch.setting.packed))
        moments.append(time.perf_counter())
    return (len(moments) - 1) / (moments[-1] - moments[0])


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
    share = found["batch_two"] / found["plain_two"]
    reading = found["reading"]
    yield f"Batches of {found['runs']} runs, Noord-Brabant at scale {SCALE}:"
    yield f"  one process   {found['batch_one']:.2f} runs/s; plain {found['plain_one']:.2f}"
    yield f"  two processes {found['batch_two']:.2f} runs/s; two plain processes {found['plain_two']:.2f} ({share:.0%})"
    for workers, spent in found["overhead_ms"].items():
        yield f"  overhead with {workers} process(es): {spent:.2f} ms a run (below 10 ms is below 10% of a 0.1 s run)"
    yield "  bytes a run, all outcomes: " + ", ".join(f"{key} {value:,.0f}" for key, value in found["bytes"].items())
    yield (
        f"  {reading['runs']:,} runs: open and check {reading['open_seconds']:.2f} s, one outcome "
        f"{reading['one_outcome_seconds']:.2f} s, its mean lazily {reading['lazy_mean_seconds']:.2f} s, "
        f"all {reading['rows']:,} rows tidy {reading['series_seconds']:.2f} s"
    )


if __name__ == "__main__":
    print(plain_rate(int(sys.argv[1])))
