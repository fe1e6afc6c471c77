"""Measure speed and memory, show it and keep it: `python -m benchmarks [--quick]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import batches
from benchmarks.firm_level import Activity, compare

RESULTS = Path(__file__).with_name("results.json")
FIRMS = (4_000, 10_000, 40_000, 100_000, 250_000)
SAMPLE = 0.102  # share of Noord-Brabant's firms that makes about 4,000
PROVINCES = (3, 7)
BUSY = 0.5  # load above which a measurement says more about the neighbours
PACKAGES = ("mesa", "numpy", "scipy", "pandas")

console = Console(width=120 if not sys.stdout.isatty() else None)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a first look in a few seconds; results are not kept")
    quick = parser.parse_args().quick
    firms, quarters, repeats = (2_000, 20, 3) if quick else (10_000, 60, 7)
    with console.status("") as status:

        def tell(what: str) -> None:
            status.update(what)

        results: dict[str, Any] = {"machine": machine()}
        results["firm_level"] = compare(firms, quarters, repeats, tell)
        tell("whole runs")
        few = 1 if quick else 3
        results["sample"] = one_run("scale", SAMPLE, few * 3)
        results["province"] = one_run("scale", 1.0, few * 3)
        results["firms"] = []
        for size in FIRMS[:2] if quick else FIRMS:
            tell(f"whole runs, {size:,} firms")
            results["firms"].append(one_run("firms", size, few))
        results["provinces"] = [results["province"]]
        for count in () if quick else PROVINCES:
            tell(f"whole runs, {count} provinces")
            results["provinces"].append(one_run("provinces", count, few))
        tell("batches of runs")
        results["batches"] = batches.measure(20, 500) if quick else batches.measure(60)
    show(results)
    if not quick:
        RESULTS.write_text(json.dumps(tidy(results), indent=1) + "\n", encoding="utf-8")
        console.print(f"Kept in benchmarks/{RESULTS.name}.")


def one_run(kind: str, size: float, repeats: int) -> dict[str, Any]:
    """Measure a world in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.one_run", kind, str(size), str(repeats)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=RESULTS.parent.parent)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def machine() -> dict[str, Any]:
    """Say on what was measured, without telling whose machine it is."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def tidy(value: Any) -> Any:
    """Round to four significant digits, so that the kept file reads well."""
    if isinstance(value, dict):
        return {key: tidy(each) for key, each in value.items()}
    if isinstance(value, list):
        return [tidy(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


# ── showing ─────────────────────────────────────────────────────────────────────────────────────────


def show(results: dict[str, Any]) -> None:
    facts = results["machine"]
    packages = ", ".join(f"{name} {facts[name]}" for name in ("python", *PACKAGES))
    console.print(f"\n{facts['cpu']}, {facts['cores']} cores, {facts['system']}; {packages}")
    if facts["load_before"] > BUSY:
        console.print(
            f"Others were at work (load {facts['load_before']:.1f} before the start): times are somewhat too long."
        )
    show_firm_level(results["firm_level"])
    show_runs(results)
    show_processes(results["sample"], results["province"])
    show_scaling("Whole runs, more firms in one province", results["firms"])
    show_batches(results["batches"])
    if len(results["provinces"]) > 1:
        show_scaling("Whole runs, more provinces (firms, schools and partnerships alike)", results["provinces"])


def show_batches(found: dict[str, Any]) -> None:
    console.print()
    for line in batches.lines(found):
        console.print(line, highlight=False)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for number, column in enumerate(columns):
        made.add_column(column, justify="left" if number == 0 else "right")
    return made


NAMES = {
    "columns": "columns, as shipped",
    "mesa": "Mesa, an object per firm, shuffle_do",
    "mesa_unshuffled": "the same without shuffling firms",
}


def show_firm_level(level: dict[str, Any]) -> None:
    about = f"{level['firms']:,} firms, {level['networks_alive']} networks, {level['quarters']} quarters"
    made = table(f"\nFirm-level processes: {about}, median of {level['repeats']}", "", *NAMES.values())
    made.add_row("milliseconds", *(f"{level[name]['seconds'] * 1e3:.1f}" for name in NAMES))
    made.add_row("times as slow (target 30)", "1", *(f"{level[name]['ratio']:.1f}" for name in list(NAMES)[1:]))
    for key in Activity.__dataclass_fields__:
        made.add_row(
            key.replace("_", " "),
            *(f"{level[name]['activity'][key]:.{4 if key.startswith('belief') else 0}f}" for name in NAMES),
        )
    console.print(made)


def show_runs(results: dict[str, Any]) -> None:
    made = table("\nWhole runs of the baseline", "", "firms", "build ms", "run ms", "target ms", "import ms", "peak MB")
    for name, label, target in (("sample", "a sample", "150"), ("province", "a province, full scale", "1000-2000")):
        run = results[name]
        made.add_row(
            label,
            f"{run['firms']:,}",
            f"{run['build_seconds'] * 1e3:.1f}",
            f"{run['run_seconds'] * 1e3:.0f}",
            target,
            f"{run['import_seconds'] * 1e3:.0f}",
            f"{run['peak_mb']:.0f}",
        )
    console.print(made)
    console.print("Target for the peak at full scale: 500 MB.")


def show_processes(small: dict[str, Any], large: dict[str, Any]) -> None:
    made = table("\nWhere the time of a run goes", "process", *(f"ms, {r['firms']:,} firms" for r in (small, large)))
    for name in small["processes"]:
        made.add_row(name, *(f"{run['processes'][name] * 1e3:.1f}" for run in (small, large)))
    console.print(made)


def show_scaling(title: str, runs: list[dict[str, Any]]) -> None:
    made = table(f"\n{title}", "firms", "provinces", "PPS", "quarters", "seconds", "ns per firm-quarter", "peak MB")
    for run in runs:
        made.add_row(
            f"{run['firms']:,}",
            str(run["provinces"]),
            str(run["partnerships"]),
            str(run["quarters"]),
            f"{run['run_seconds']:.3f}",
            f"{run['ns_per_firm_quarter']:.0f}",
            f"{run['peak_mb']:.0f}",
        )
    console.print(made)
    first, last = runs[0], runs[-1]
    growth = last["ns_per_firm_quarter"] / first["ns_per_firm_quarter"]
    console.print(
        f"From {first['firms']:,} to {last['firms']:,} firms the time per firm-quarter becomes {growth:.2f}x."
    )


if __name__ == "__main__":
    main()
