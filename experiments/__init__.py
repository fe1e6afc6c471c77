"""Runs, their storage and what they say; for notebooks and scripts: `run`, `compare`, `batch` and `load`.

    >>> import experiments
    >>> results = experiments.batch("quick", workers=2)  # doctest: +SKIP
    >>> results.series  # doctest: +SKIP

docs/tutorial.md shows all four at work. With more than one worker new interpreters are started, so a script needs the
usual `if __name__ == "__main__":`; a notebook does not.
"""

# Nothing of the model is imported until something is asked for: `pps --help` comes by here too.
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.cases import Batch
    from experiments.comparison import Comparison
    from experiments.results import Results
    from experiments.store import Run
    from scenarios.scenario import Scenario

__all__ = ["batch", "compare", "load", "run"]

REPLICATES_OF_A_RUN, PAIRS_OF_A_COMPARISON = 64, 128
"""How many of one province if nobody asks otherwise; docs/studies.md has what they rest on (`pps replicates`)."""
RESULTS = Path("results")
REPLICATES = RESULTS / "replicates"
"""Where the page keeps what it runs."""


def run(
    scenario: str | Scenario = "baseline",
    out: Path | str | None = None,
    *,
    region: str = "noord-brabant",
    parameters: str = "posterior",
    seed: int = 1,
    replicates: int | None = None,
    until: str | None = None,
    scale: float = 1.0,
    workers: int = 1,
) -> Run:
    """Run one scenario some times, keep everything that happened, and return it.

    Args:
        scenario: A scenario, or the name or file of one.
        out: Folder for the results; by default one of its own, in which the same run is found again.
        region: A named region, or the folder of a region pack.
        parameters: `posterior`, `default`, or the folder of a posterior.
        seed: Seed of the first replicate; the next has seed + 1.
        replicates: How many; two in a row have the same parameters. By default 64 for a province,
            and fewer for more provinces.
        until: Last quarter, such as `2030-Q4`; by default that of the scenario.
        scale: Share of the firms that is simulated, in (0, 1].
        workers: Processes.

    Returns:
        The run: `.series` is the tidy frame, `.frame("partnerships")` and others tell more.

    Raises:
        InputError: If something cannot be, or no replicate finished.
    """
    (stored,) = _stored([scenario], out, region, parameters, seed, replicates, until, scale, workers)
    return stored


def compare(
    baseline: str | Scenario,
    *scenarios: str | Scenario,
    region: str = "noord-brabant",
    parameters: str = "posterior",
    seed: int = 1,
    replicates: int = PAIRS_OF_A_COMPARISON,
    until: str | None = None,
    scale: float = 1.0,
    workers: int = 1,
    why: bool = False,
) -> Comparison:
    """Compare scenarios with a reference, pair by pair with the same chance and parameters.

    Args:
        baseline: The reference: a scenario, or the name or file of one.
        scenarios: What is compared with it.
        region: As in `run`; so are those below.
        parameters: Where parameters come from.
        seed: Seed of the first pair.
        replicates: How many pairs, 2 or more.
        until: Last quarter.
        scale: Share of the firms.
        workers: Processes.
        why: Whether to count which mechanisms made networks end otherwise.

    Returns:
        Differences with their intervals, costs and more.

    Raises:
        InputError: If something cannot be, or no replicate finished.
    """
    from agents.errors import InputError
    from experiments.comparison import check_scenarios
    from experiments.comparison import compare as found_in
    from scenarios.scenario import load_scenario

    asked = [load_scenario(one) if isinstance(one, str) else one for one in (baseline, *scenarios)]
    check_scenarios(asked)
    if replicates < 2:
        raise InputError(f"cannot compare with {replicates}", "replicates", "2 or more")
    return found_in(_stored(asked, None, region, parameters, seed, replicates, until, scale, workers), why)


def _stored(
    scenarios: Sequence[str | Scenario],
    out: Path | str | None,
    region: str,
    parameters: str,
    seed: int,
    replicates: int | None,
    until: str | None,
    scale: float,
    workers: int,
) -> list[Run]:
    """Return the runs of scenarios; what is on disk already is not run again."""
    from agents.errors import InputError
    from experiments.draws import make_experiment
    from experiments.store import folder_of, store_runs

    asked = [make_experiment(one, region, parameters, seed, replicates, until, scale) for one in scenarios]
    folders = [folder_of(one, RESULTS / "compare") if out is None else Path(out) for one in asked]
    runs = [one for one in store_runs(asked, folders, workers, replicates=REPLICATES) if one is not None]
    if len(runs) < len(asked):
        raise InputError("no replicate of a scenario finished", "experiments", "what `pps run` tells of the errors")
    return runs


def batch(
    plan: str | Path | Batch,
    out: Path | str | None = None,
    *,
    workers: int = 1,
    dask: str | None = None,
) -> Results:
    """Run what a store does not have yet of a plan of many runs, and return all of it.

    Args:
        plan: A named plan, a plan file (.toml), or a batch made in Python.
        out: The store; by default `results/batch/NAME`.
        workers: Processes on this machine.
        dask: Address of a Dask scheduler, such as `tcp://127.0.0.1:8786`, whose workers do it instead.

    Returns:
        The results: `.series` is the tidy frame.

    Raises:
        InputError: If the plan, the store or the cluster cannot be used.
    """
    from experiments.batches import run_cases
    from experiments.cases import Batch
    from experiments.plan import load_plan
    from experiments.shelf import store_of

    asked = plan if isinstance(plan, Batch) else load_plan(str(plan))
    folder = store_of(asked.name, RESULTS) if out is None else Path(out)
    return run_cases(asked, folder, workers, dask)


def load(folder: Path | str, batch: str | None = None) -> Results | Run:
    """Return the results in a folder; they are read when they are asked for.

    Args:
        folder: A store of batches, or the folder of one run.
        batch: Which batch of the store; by default the one that was added last.

    Returns:
        The results of a batch, or a run: `.series` of either is the tidy frame.

    Raises:
        InputError: If the folder holds neither.
    """
    from experiments.results import load as load_batch
    from experiments.store import RUN, read_run

    place = Path(folder)
    return read_run(place) if (place / RUN).is_file() else load_batch(place, batch)
