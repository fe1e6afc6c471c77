"""Runs that more than one command makes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from app.commands.options import RESULTS
from app.commands.terminal import FAILURE, Stopped, progress
from app.words import Words
from experiments import REPLICATES

if TYPE_CHECKING:
    from experiments.runner import Experiment
    from experiments.store import Run
    from scenarios.scenario import Scenario


def processes(workers: int | None) -> int:
    """Return how many processes are used: as asked, or one per core."""
    from experiments.work import cores

    return cores() if workers is None else workers


def compared(experiments: list[Experiment], workers: int, words: Words, quiet: bool) -> list[Run]:
    """Run what is not there yet, in one pool, and return all runs."""
    from experiments.store import folder_of, missing, store_runs

    folder = RESULTS / "compare"
    folders = [folder_of(experiment, folder) for experiment in experiments]
    names = words.among(list(dict.fromkeys(words.pick(one.scenario, "title") for one in experiments)))
    total = sum(experiment.replicates for experiment in experiments)
    try:
        with progress(names, missing(experiments, folders), words, quiet) as advance:
            runs = store_runs(experiments, folders, workers, advance, REPLICATES)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        key = "compare.stopped" if done else "compare.stopped_empty"
        raise Stopped(words(key, done=done, asked=total, folder=folder)) from None
    for experiment, run in zip(experiments, runs, strict=True):
        if run is None:
            print(words("compare.all_failed", scenario=words.pick(experiment.scenario, "title")), file=sys.stderr)
            raise typer.Exit(FAILURE)
    return [run for run in runs if run is not None]


def maker(region: str, parameters: str, until: str | None, scale: float) -> Callable[[Scenario, int, int], Experiment]:
    """Return what makes experiments of scenarios that set the same parameters: with the same draws for a seed."""
    from functools import cache

    from experiments.draws import parameter_sets
    from experiments.parameter_sets import ParameterSets
    from experiments.runner import Experiment
    from scenarios.national import load_national
    from scenarios.region import load_region
    from sim.calendar import last_quarter

    pack, national = load_region(region), load_national()
    last = None if until is None else last_quarter(until, "--until")

    @cache
    def draws(changes: tuple[tuple[str, float], ...], seed: int, replicates: int) -> ParameterSets:
        return parameter_sets(parameters, dict(changes), seed, replicates)

    def make(scenario: Scenario, seed: int, replicates: int) -> Experiment:
        asked = scenario if last is None else scenario.model_copy(update={"until": last})
        sets = draws(tuple(sorted(asked.parameters.items())), seed, replicates)
        return Experiment(pack, national, asked, sets, seed, replicates, scale)

    return make
