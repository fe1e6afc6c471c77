"""Whole runs of one world in a process of their own; prints times and peak memory as JSON.

Used by `python -m benchmarks`: a fresh process so that imports and memory are those of this world alone. Seconds
are of the processor, but for the import, which also waits for the disk.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any


def main(kind: str, size: float, repeats: int) -> dict[str, Any]:
    """Measure runs of the baseline.

    Args:
        kind: `firms` (a pack of about `size` firms), `scale` (the shipped pack, sampled) or `provinces` (copies).
        size: How many, or the share.
        repeats: Runs that are measured, after one to warm up.
    """
    began = time.perf_counter()
    from benchmarks import packs
    from scenarios.scenario import load_scenario
    from sim import model as schedule
    from sim.model import PpsModel

    imported = time.perf_counter() - began
    spent = watch(schedule)
    pack = packs.with_firms(int(size)) if kind == "firms" else packs.shipped()
    pack = packs.provinces(int(size)) if kind == "provinces" else pack
    scenario = load_scenario("baseline")
    scale = size if kind == "scale" else 1.0

    first, build, run, processes = 0.0, [], [], []
    for repeat in range(repeats + 1):
        spent.clear()
        began = time.process_time()
        model = PpsModel(pack, scenario, seed=1, scale=scale)
        built = time.process_time()
        recorder = model.run().recorder
        known = recorder is not None and recorder.values.size > 0  # outcomes are worked out when they are asked for
        done = time.process_time()
        assert known
        if repeat == 0:
            first = done - began
            continue
        build.append(built - began)
        run.append(done - built)
        processes.append(dict(spent))
    quarters = model.calendar.quarters
    seconds = median(run)
    return {
        "kind": kind,
        "size": size,
        "firms": len(model.firms),
        "provinces": len(model.provinces),
        "partnerships": len(model.pps),
        "memberships": len(model.memberships),
        "quarters": quarters,
        "repeats": repeats,
        "import_seconds": imported,
        "first_seconds": first,
        "build_seconds": median(build),
        "run_seconds": seconds,
        "run_seconds_all": run,
        "ns_per_firm_quarter": seconds / (len(model.firms) * quarters) * 1e9,
        "peak_mb": peak_memory() / 2**20,
        "processes": {name: median(each[name] for each in processes) for name in spent},
    }


def peak_memory() -> int:
    """Return the most memory that this process held, in bytes.

    On Linux `ru_maxrss` also counts what the parent held before this program was started in its place, so the
    kernel's own high-water mark is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


PROCESSES = (
    "drivers", "calls", "initiation", "contact_and_joining", "activity", "value_and_engagement", "reach", "phases",
    "money", "end_of_subsidy", "students", "decisions", "record",
)  # fmt: skip


def watch(schedule: Any) -> dict[str, float]:
    """Measure the processes of a quarter from now on (below 1 ms a run); return where their seconds are added up."""
    spent: dict[str, float] = {}

    def watched(name: str, process: Any) -> Any:
        def timed(world: Any) -> None:
            began = time.process_time()
            process(world)
            spent[name] = spent.get(name, 0.0) + time.process_time() - began

        return timed

    for name in PROCESSES:
        if hasattr(schedule, name):
            setattr(schedule, name, watched(name, getattr(schedule, name)))
    return spent


if __name__ == "__main__":
    kind, size, repeats = sys.argv[1:]
    print(json.dumps(main(kind, float(size), int(repeats))))
