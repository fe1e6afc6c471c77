"""`pps sensitivity` and `pps robustness`: what moves the outcomes, and when a policy fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.checks import needs, needs_cluster, new_files
from app.commands.options import (
    RESULTS,
    AsJson,
    Dask,
    Html,
    Kept,
    Lang,
    Plan,
    PlannedRegion,
    PlannedScale,
    PlannedSeed,
    PlannedUntil,
    Quiet,
    Workers,
    options_named,
    typed,
)
from app.commands.runs import processes
from app.commands.terminal import Stopped, headed, print_json, print_page, progress
from app.words import Language, Words

if TYPE_CHECKING:
    from app.study import Page
    from experiments.batches import OnResult
    from experiments.studies import Study

SHOWN = 6
"""Rows of a table in the terminal; the page and the data have more."""


def sensitivity(
    plan: Plan = "morris",
    samples: Annotated[
        int | None, typer.Option(help="Trajectories of Morris, or base samples of Sobol; by default as planned.")
    ] = None,
    seed: PlannedSeed = None,
    scale: PlannedScale = None,
    region: PlannedRegion = None,
    until: PlannedUntil = None,
    out: Kept = RESULTS / "sensitivity",
    workers: Workers = None,
    dask: Dask = None,
    html: Html = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show which uncertain parameters move the outcomes, and what a policy changes."""
    words = Words(lang)
    needs("SALib", *(["jinja2"] if html else []))
    from app import sensitivity as pages
    from experiments.studies import SensitivityPlan, find_sensitivity, load_study, sensitivity_study

    asked = {"samples": samples, "seed": seed, "scale": scale, "region": region, "until": until}
    files = new_files({"--html": html})
    with options_named("samples", "until"):
        design, study = sensitivity_study(load_study(plan, SensitivityPlan).changed(**asked))
    with _runs(study, out, dask, words, quiet) as on_result:
        ends = study.run(out, processes(workers), dask, on_result)
    found = find_sensitivity(design, study, ends)
    again = ["pps", "sensitivity", plan, *typed({**asked, "html": files.get("--html")}), "--lang", lang]
    told = pages.page(found, study, again, words)
    _tell(told, lambda: pages.sensitivity_json(found, study), files, words, as_json, quiet)


def robustness(
    plan: Plan = "robustness",
    futures: Annotated[int | None, typer.Option(help="How many futures; by default as planned.")] = None,
    seed: PlannedSeed = None,
    scale: PlannedScale = None,
    region: PlannedRegion = None,
    until: PlannedUntil = None,
    out: Kept = RESULTS / "robustness",
    workers: Workers = None,
    dask: Dask = None,
    html: Html = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how policies do over many futures, and under which conditions they fail."""
    words = Words(lang)
    needs("ema_workbench", how="run `make setup-robustness` first")
    from app import robustness as pages
    from experiments.studies import RobustnessPlan, find_robustness, load_study, robustness_study

    asked = {"futures": futures, "seed": seed, "scale": scale, "region": region, "until": until}
    files = new_files({"--html": html})
    with options_named("futures", "until"):
        study = robustness_study(load_study(plan, RobustnessPlan).changed(**asked))
    with _runs(study, out, dask, words, quiet) as on_result:
        found = find_robustness(study, out, processes(workers), dask, on_result)
    again = ["pps", "robustness", plan, *typed({**asked, "html": files.get("--html")}), "--lang", lang]
    told = pages.page(found, study, again, words)
    _tell(told, lambda: pages.robustness_json(found, study), files, words, as_json, quiet)


@contextmanager
def _runs(study: Study, out: Path, dask: str | None, words: Words, quiet: bool) -> Iterator[OnResult]:
    """Show how far the runs of a study are.

    Yields:
        What to call with each result.
    """
    if dask is not None:
        needs_cluster()
    title = words.pick(study.plan, "title")
    try:
        with options_named(), progress(title, study.missing(out), words, quiet, "batch.run_failed") as advance:
            yield advance
    except KeyboardInterrupt:
        raise Stopped(words("sensitivity.stopped", folder=out)) from None


def _tell(
    told: Page, data: Callable[[], dict[str, Any]], files: dict[str, Path], words: Words, as_json: bool, quiet: bool
) -> None:
    from app.study import points, tables, write_study

    for file in files.values():
        write_study(told, file, words)
    if as_json:
        print_json(data())
    elif not quiet:
        lists = [line for heading, sentences in points(told) for line in ("", heading, *sentences)]
        lines = [*told.answers, *lists, *([""] if lists else []), *told.cautions]
        written = (words("sensitivity.file", path=file) for file in files.values())
        print_page(told.title, told.setting, *headed(tables(told, SHOWN)), "", *lines, *written)
