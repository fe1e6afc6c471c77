"""`pps run`: a scenario is run, and what happened is told and kept."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.checks import named_folder
from app.commands.options import (
    RESULTS,
    AsJson,
    Lang,
    Parameters,
    Quiet,
    Region,
    Scale,
    Seed,
    Until,
    Workers,
    options_named,
)
from app.commands.runs import processes
from app.commands.terminal import FAILURE, Stopped, print_json, print_page, progress
from app.words import Language, Words

if TYPE_CHECKING:
    from experiments.store import Run


def run(
    scenario: Annotated[str, typer.Argument(help="A named scenario, or a scenario file (.toml).")] = "baseline",
    region: Region = "noord-brabant",
    seed: Seed = 1,
    replicates: Annotated[
        int | None,
        typer.Option(
            help="How often the same is run, with other chance; in pairs with the same parameters. By default 64 for a "
            "province, enough for the spread of what happens to networks; fewer for more provinces (docs/studies.md)."
        ),
    ] = None,
    parameters: Parameters = "posterior",
    until: Until = None,
    scale: Scale = 1.0,
    out: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder for the results; by default results/SCENARIO.")
    ] = None,
    workers: Workers = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a scenario, print what happened and keep the results."""
    words = Words(lang)
    folder = None if out is None else named_folder(out, "a folder, new or of an earlier run")
    try:
        from experiments.draws import make_experiment
        from experiments.store import store_run

        with options_named():
            experiment = make_experiment(scenario, region, parameters, seed, replicates, until, scale)
            replicates = experiment.replicates
            folder = folder or RESULTS / (re.sub(r"[^\w-]+", "-", experiment.scenario.name).strip("-") or "run")
            title = words.pick(experiment.scenario, "title")
            with progress(title, replicates, words, quiet) as advance:
                stored = store_run(experiment, folder, processes(workers), advance)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        key = "run.stopped" if done else "run.stopped_empty"
        raise Stopped(words(key, done=done, asked=replicates, folder=folder)) from None
    if stored is None:
        print(words("run.all_failed"), file=sys.stderr)
        raise typer.Exit(FAILURE)
    if as_json or not quiet:
        _report(stored, words, as_json)
    if stored.about["replicates_failed"]:
        raise typer.Exit(FAILURE)


def _report(stored: Run, words: Words, as_json: bool) -> None:
    from app import report
    from experiments.summary import summarise_run

    summary = summarise_run(stored)
    if as_json:
        print_json(report.run_json(summary, stored))
        return
    table = report.run_table(summary, stored, words)
    print_page(*report.run_heading(stored, words), "", table, "", *report.run_footing(stored, words))
