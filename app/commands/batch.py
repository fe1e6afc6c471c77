"""`pps batch`: a plan of many runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agents.errors import InputError
from app.commands.checks import named_folder, needs_cluster
from app.commands.options import RESULTS, AsJson, Dask, Lang, Plan, Quiet, Workers, options_named
from app.commands.runs import processes
from app.commands.terminal import FAILURE, Stopped, print_json, print_page, progress
from app.words import Language, Words

if TYPE_CHECKING:
    from experiments.results import Results


def batch(
    plan: Plan,
    workers: Workers = None,
    dask: Dask = None,
    out: Annotated[
        str | None, typer.Option(metavar="STORE", help="Folder for the results; by default results/batch/PLAN.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in a store that has results: only what is missing is run.")
    ] = False,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a plan of many runs, in processes or on a cluster, and keep what it asks for."""
    words = Words(lang)
    if workers is not None and dask is not None:
        raise InputError("--workers and --dask are both given", "pps batch", "one of the two")
    if dask is not None:
        needs_cluster()
    given = None if out is None else named_folder(out, "a folder, new or a store")
    from experiments.batches import missing, run_cases
    from experiments.plan import Plan as BatchPlan
    from experiments.plan import make_batch
    from experiments.plan_file import read_plan
    from experiments.shelf import holds_batches, store_of

    asked, file = read_plan(plan, BatchPlan)
    cases = make_batch(asked, file)
    folder = given or store_of(cases.name, RESULTS)
    if holds_batches(folder) and not resume:
        raise InputError("holds results already", str(folder), "--resume, to add what is missing, or another --out")
    title, total = words.pick(asked, "title"), len(set(cases.keys))
    try:
        with options_named(), progress(title, missing(cases, folder), words, quiet, "batch.run_failed") as advance:
            results = run_cases(cases, folder, processes(workers), dask, advance)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        raise Stopped(words("batch.stopped", done=done, asked=total, folder=folder)) from None
    _show(results, title, words, as_json, quiet)


def _show(results: Results, title: str, words: Words, as_json: bool, quiet: bool) -> None:
    from app import batch as pages

    if as_json:
        print_json(pages.batch_json(results))
    elif not quiet:
        table, footing = pages.means_table(results, words), pages.footing(results, words)
        print_page(*pages.heading(results, title, words), "", table, "", *footing)
    for line in pages.wrong(results, words):
        print(line, file=sys.stderr)
    if results.missing or len(results.failed_cases):
        raise typer.Exit(FAILURE)
