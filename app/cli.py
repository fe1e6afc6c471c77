"""The command line: `pps`.

Only what the help needs is imported here; each command imports the rest when it runs, so that `pps --help`
answers at once.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from agents.errors import InputError
from app.words import Language, Words

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from experiments.batches import OnResult
    from experiments.comparison import Comparison
    from experiments.results import Results
    from experiments.runner import Experiment
    from experiments.store import Run
    from experiments.studies import Study
    from scenarios.scenario import Scenario

PROJECT = "pps-ecosystem"
RESULTS = Path("results")
# as an error of what they ask for names them
OPTIONS = ("parameters", "region", "replicates", "scale", "seed", "until", "workers")
BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
FAILURES_TOLD = 3  # replicates; run.json holds all
LASTS = 1.0  # seconds after which a progress bar is shown

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")

Lang = Annotated[Language, typer.Option("--lang", help="Language: nl or en.")]
BUDGET = typer.Option("--budget", metavar="EUROS/yr", help="One provincial budget for the policies, such as 2.5M/yr.")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


class Stopped(Exception):
    """Ctrl-C was pressed; the message says what is saved."""


def main() -> None:
    """Run the command line; mistakes of the person who types are told in one line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may lack € or –
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # Ctrl-C, as typer tells it
            raise Stopped("Stopped.")
    except InputError as error:
        _fail(str(error), BAD_INPUT)
    except typer.TyperException as error:
        _fail(error.format_message(), BAD_INPUT)
    except Stopped as stop:
        print(stop, file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILURE)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    print(f"Error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def pps(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """Simulate public-private partnerships (PPS) in Dutch vocational education."""
    if show_version:
        print(f"pps {version(PROJECT)}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), end="")  # with rich it prints itself and returns nothing
        raise typer.Exit


# ── pps run ─────────────────────────────────────────────────────────────────────────────────────────
@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A named scenario, or a scenario file (.toml).")] = "baseline",
    region: Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")] = "noord-brabant",
    seed: Annotated[int, typer.Option(help="Seed of the first replicate; the next has seed + 1.")] = 1,
    replicates: Annotated[
        int, typer.Option(help="How often the same is run, with other chance; in pairs with the same parameters.")
    ] = 16,
    parameters: Annotated[
        str,
        typer.Option(
            metavar="posterior|default|FOLDER",
            help="Where parameters come from: draws of the posterior, the central set, or draws in FOLDER.",
        ),
    ] = "posterior",
    until: Annotated[
        str | None, typer.Option(help="Last quarter, such as 2030-Q4; by default that of the scenario.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Share of the firms that is simulated: above 0 to 1.")] = 1.0,
    out: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Folder for the results; by default results/SCENARIO.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Run a scenario, print what happened and keep the results."""
    words, asked = Words(lang), replicates
    if out is not None and not out.strip():  # as a path it would be this very folder
        raise InputError("the name of the folder is empty", "--out", "a folder, new or of an earlier run")
    folder = Path(out) if out else None
    try:
        from experiments.draws import make_experiment
        from experiments.store import store_run

        experiment = make_experiment(scenario, region, parameters, seed, replicates, until, scale)
        folder = folder or RESULTS / (re.sub(r"[^\w-]+", "-", experiment.scenario.name).strip("-") or "run")
        title = words.pick(experiment.scenario, "title")
        with _progress(title, replicates, words, quiet) as advance:
            stored = store_run(experiment, folder, _processes(workers), advance)
    except InputError as error:
        if error.where not in OPTIONS:
            raise
        raise InputError(error.what, f"--{error.where}", error.allowed) from None
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        key = "run.stopped" if done else "run.stopped_empty"
        raise Stopped(words(key, done=done, asked=asked, folder=folder)) from None
    if stored is None:
        print(words("run.all_failed"), file=sys.stderr)
        raise typer.Exit(FAILURE)
    _report(stored, words, as_json, quiet)
    if stored.about["replicates_failed"]:
        raise typer.Exit(FAILURE)


def _processes(workers: int | None) -> int:
    from experiments.work import cores

    return cores() if workers is None else workers


@contextmanager
def _progress(
    title: str, total: int, words: Words, quiet: bool, failed: str = "run.failed"
) -> Iterator[Callable[[object], None]]:
    """Show how far a run is: on a terminal, when it lasts, and what failed in any case.

    Yields:
        What to call with each result.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from experiments.runner import Failed

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    task = bar.add_task(words("run.running", name=title), total=total)
    delay = threading.Timer(LASTS, bar.start)
    delay.daemon = True
    delay.start()

    failures = 0

    def advance(result: object) -> None:
        nonlocal failures
        bar.advance(task)
        if isinstance(result, Failed):
            failures += 1
            if failures <= FAILURES_TOLD:
                console.print(words(failed, **vars(result)), markup=False, highlight=False, soft_wrap=True)

    try:
        yield advance
    finally:
        delay.cancel()
        delay.join()
        bar.stop()


def _report(stored: Run, words: Words, as_json: bool, quiet: bool) -> None:
    from app import report
    from experiments.summary import summarise_run

    if quiet and not as_json:
        return
    summary = summarise_run(stored)
    if as_json:
        _print_json(report.run_json(summary, stored))
        return
    heading, *rest = report.run_heading(stored, words)
    console = _console()
    console.print(heading, style="bold")
    for line in rest:
        console.print(line)
    console.print()
    console.print(report.run_table(summary, stored, words))
    console.print()
    for line in report.run_footing(stored, words):
        console.print(line)


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def _console() -> Console:
    """Return where people read: what is printed is text as it stands, without markup or colours guessed at."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


# ── pps compare ─────────────────────────────────────────────────────────────────────────────────────
@app.command()
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="BASELINE SCENARIO...", help="Named scenarios or files; the first is the reference."),
    ],
    region: Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")] = "noord-brabant",
    seed: Annotated[int, typer.Option(help="Seed of the first pair; the next has seed + 1.")] = 1,
    replicates: Annotated[int, typer.Option(help="How many pairs are run; in twos with the same parameters.")] = 64,
    parameters: Annotated[
        str,
        typer.Option(
            metavar="posterior|default|FOLDER",
            help="Where parameters come from: draws of the posterior, the central set, or draws in FOLDER.",
        ),
    ] = "posterior",
    until: Annotated[
        str | None, typer.Option(help="Last quarter, such as 2030-Q4; by default that of the scenarios.")
    ] = None,
    scale: Annotated[float, typer.Option(help="Share of the firms that is simulated: above 0 to 1.")] = 1.0,
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    budget: Annotated[str | None, BUDGET] = None,
    why: Annotated[bool, typer.Option("--why", help="Tell which mechanisms made networks end otherwise.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="MECHANISM", help="Compare without a mechanism as well; may be given more than once."),
    ] = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Write the differences as CSV.")] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that stands alone.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Compare scenarios with a reference, pair by pair with the same chance and parameters."""
    words = Words(lang)
    from dataclasses import replace

    from app.compare import writable, write_csv
    from experiments.budget import budget_neutral
    from experiments.comparison import check_scenarios
    from experiments.comparison import compare as found_in
    from experiments.draws import make_experiment
    from experiments.mechanisms import find_mechanism
    from experiments.mechanisms import without as leave_out

    csv_file, html_file = (
        None if file is None else writable(file, option) for file, option in ((csv, "--csv"), (html, "--html"))
    )
    if html_file is not None:
        _needs_analysis("jinja2", "matplotlib")
    if replicates < 2:
        raise InputError(f"cannot compare with {replicates}", "--replicates", "2 or more")
    left_out = [find_mechanism(name, "--without") for name in dict.fromkeys(without or [])]
    with _options_named():
        plain = [make_experiment(name, region, parameters, seed, replicates, until, scale) for name in scenarios]
        if budget is not None:
            spread = budget_neutral([one.scenario for one in plain], budget)
            plain = [replace(one, scenario=scenario) for one, scenario in zip(plain, spread, strict=True)]
        check_scenarios([experiment.scenario for experiment in plain])
        asked = [*plain, *(leave_out(one, mechanism) for mechanism in left_out for one in plain)]
        runs = _compared(asked, _processes(workers), words, quiet)
    size = len(plain)
    ablated = {
        mechanism.name: runs[size * number : size * (number + 1)] for number, mechanism in enumerate(left_out, start=1)
    }
    found = found_in(runs[:size], why, ablated)
    if csv_file is not None:
        write_csv(found, csv_file)
    if html_file is not None:
        from app.compare_page import write_compare_page

        options = {"region": region, "seed": seed, "replicates": replicates, "parameters": parameters, "until": until}
        again = [*scenarios, *_typed({**options, "scale": scale, "budget": budget}), *(["--why"] if why else [])]
        again += [part for mechanism in left_out for part in ("--without", mechanism.name)]
        write_compare_page(
            found, html_file, ["pps", "compare", *again, "--html", str(html_file), "--lang", lang], words
        )
    _show_comparison(found, words, as_json, quiet, [file for file in (csv_file, html_file) if file])
    if any(run.about["replicates_failed"] for run in runs):
        raise typer.Exit(FAILURE)


def _typed(options: Mapping[str, object]) -> list[str]:
    """Return options as they are typed, without those that were not given."""
    return [part for name, value in options.items() if value is not None for part in (f"--{name}", str(value))]


@contextmanager
def _options_named(*others: str) -> Iterator[None]:
    """Let an error of what an experiment asks for name the option that a person typed, and so for other options."""
    try:
        yield
    except InputError as error:
        if error.where not in (*OPTIONS, *others):
            raise
        raise InputError(error.what, f"--{error.where.replace('_', '-')}", error.allowed) from None


def _compared(experiments: list[Experiment], workers: int, words: Words, quiet: bool) -> list[Run]:
    """Run what is not there yet, in one pool, and return all runs."""
    from experiments.store import folder_of, missing, store_runs

    folder = RESULTS / "compare"
    folders = [folder_of(experiment, folder) for experiment in experiments]
    names = words.among(list(dict.fromkeys(words.pick(one.scenario, "title") for one in experiments)))
    total = sum(experiment.replicates for experiment in experiments)
    try:
        with _progress(names, missing(experiments, folders), words, quiet) as advance:
            runs = store_runs(experiments, folders, workers, advance)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        key = "compare.stopped" if done else "compare.stopped_empty"
        raise Stopped(words(key, done=done, asked=total, folder=folder)) from None
    for experiment, run in zip(experiments, runs, strict=True):
        if run is None:
            print(words("compare.all_failed", scenario=words.pick(experiment.scenario, "title")), file=sys.stderr)
            raise typer.Exit(FAILURE)
    return [run for run in runs if run is not None]


def _show_comparison(found: Comparison, words: Words, as_json: bool, quiet: bool, written: list[Path]) -> None:
    from app import compare as pages

    if as_json:
        _print_json(pages.comparison_json(found))
    if as_json or quiet:
        return
    console = _console()
    for part in pages.parts(found, console.width, words):
        console.print(part)
    for file in written:
        console.print(words("compare.written", path=file))
    if not found.why:
        console.print(words("compare.next"))


# ── pps story ───────────────────────────────────────────────────────────────────────────────────────
@app.command()
def story(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or its name under results/.")],
    pps: Annotated[str | None, typer.Argument(metavar="[PPS]", help="Id, name or part of the name.")] = None,
    replicate: Annotated[int, typer.Option(help="Which replicate of the run.")] = 0,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Tell the life of one partnership; without PPS, list the partnerships of a run."""
    from app import report
    from app.story import find, tell

    words = Words(lang)
    stored = _stored(run)
    if replicate not in stored.done:
        raise InputError(f"replicate {replicate} is not in the run", "--replicate", _numbers(stored.done))
    rows = stored.table("partnerships", replicate=replicate).to_pylist()
    if pps is None:
        _list(rows, stored, replicate, words, as_json)
        return
    row = find(rows, pps)
    told = tell(row, stored.about, words)
    if as_json:
        _print_json(report.story_json(told, row))
        return
    console = _console()
    console.print(told.title, style="bold")
    for line in told.about:
        console.print(line)
    console.print()
    console.print(report.story_table(told))


def _stored(run: str) -> Run:
    from experiments.store import read_run

    by_name = RESULTS / run
    return read_run(by_name if os.path.isdir(by_name) and not os.path.exists(run) else Path(run))


def _numbers(done: list[int]) -> str:
    """Return which replicates there are: `0 to 7`, or each if some are missing."""
    whole = done == list(range(done[-1] + 1))
    return f"0 to {done[-1]}" if whole and len(done) > 1 else ", ".join(map(str, done[:20]))


def _list(rows: list[dict[str, Any]], stored: Run, replicate: int, words: Words, as_json: bool) -> None:
    from app import report

    if as_json:
        _print_json({"replicate": replicate, "partnerships": report.partnerships_json(rows)})
        return
    console, about = _console(), stored.about
    region, scenario = words.pick(about["region"], "title"), words.pick(about["scenario"], "title")
    seed = about["seed"] + replicate
    title = words("stories.title", region=region, scenario=scenario, replicate=replicate, seed=seed)
    console.print(title, style="bold")
    console.print()
    if not rows:
        console.print(words("stories.none"))
        return
    console.print(report.partnerships_table(rows, words))
    console.print()
    console.print(words("stories.next", command=report.story_command(stored.folder, rows[0]["name"])))


# ── pps calibrate ───────────────────────────────────────────────────────────────────────────────────
@app.command()
def calibrate(
    members: Annotated[int, typer.Option(help="Worlds in the ensemble.")] = 2000,
    steps: Annotated[int, typer.Option(help="Steps in which they are moved.")] = 4,
    worlds: Annotated[int, typer.Option(min=0, help="Synthetic worlds of the self-check; 0 skips it.")] = 24,
    check_members: Annotated[int, typer.Option(help="Worlds in the ensemble of each self-check.")] = 400,
    generations: Annotated[int, typer.Option(min=0, help="Generations of the second estimate; 0 skips it.")] = 6,
    rivals: Annotated[bool, typer.Option("--rivals", help="Fit the rival submodels as well, and compare.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of designs and runs.")] = 1,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the posterior.")] = RESULTS / "calibration",
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Fit the model to what was reported of Noord-Brabant 2012-2018 and of BBL and BOL, and check the fit."""
    words = Words(lang)
    _needs_analysis("dageo", "sklearn")
    from app import calibrate as pages
    from calibration import calibrate as work
    from calibration import predictive
    from calibration.fit import Budget, Engine
    from calibration.rivals import contrast, write_contrasts
    from calibration.validate import all_targets
    from experiments.priors import load_prior

    budget, check = Budget(members, steps), Budget(check_members, steps)
    kept, processes = out / "runs", _processes(workers)
    total = budget.runs + worlds * (check.runs - 2 * check_members) + 2 * predictive.DRAWS
    try:
        with _counting(words("calibrate.running"), total, quiet) as advance:
            prior = load_prior()
            engine = Engine(work.simulator(), prior, kept, processes, advance)
            posterior = work.calibrate(engine, budget, check, worlds, generations, seed, out)
            predictor = predictive.make_predictor(all_targets())
            runs = predictive.predictive_of(posterior, prior, predictor, kept, processes, advance, predictive.DRAWS)
            predictive.store_predictive(runs, out)
            if rivals:
                contrasts = contrast(engine.simulator, check, seed, kept, processes, lambda done: None)
                write_contrasts(contrasts, out)
    except KeyboardInterrupt:
        raise Stopped(words("calibrate.stopped", folder=kept)) from None
    about = posterior.about
    if as_json:
        _print_json(about)
    elif not quiet:
        console, rows = _console(), about["parameters"]
        identified = sum(row["identified"] for row in rows)
        console.print(words("calibrate.title", identified=identified, learnable=len(rows)), style="bold")
        console.print()
        console.print(pages.learnt_table(about, words))
        for line in (words("calibrate.width_means"), *pages.checks(about, words), words("calibrate.files", folder=out)):
            console.print()
            console.print(line)


def _needs_analysis(*names: str, how: str = "run `make setup-analysis` first") -> None:
    """Say in one line what is missing, where the libraries of the analysis are not installed."""
    from importlib.util import find_spec

    if missing := [name for name in names if find_spec(name) is None]:
        raise InputError(f"{' and '.join(missing)} not installed", "this command", how)


@contextmanager
def _counting(title: str, total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how far a long piece of work is, on a terminal.

    Yields:
        What to call with the number of pieces that are done since the last call.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda pieces: bar.advance(task, pieces)


# ── pps validate ────────────────────────────────────────────────────────────────────────────────────
@app.command()
def validate(
    posterior: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="A posterior; by default the one that comes with the project.")
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Folder to write validation.html to.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Compare what the fitted model predicts with what was reported, fitted to and held back."""
    from app import validate as pages
    from calibration import predictive as work
    from calibration.validate import all_targets, load_reasons
    from calibration.validate import validate as compare
    from experiments.posterior import SHIPPED, load_posterior
    from experiments.priors import load_prior

    words, place = Words(lang), SHIPPED if posterior is None else Path(posterior)
    page_folder = None if out is None else _new_folder(out)
    fitted, predictor, reasons = load_posterior(place), work.make_predictor(all_targets()), load_reasons()
    runs = work.load_predictive(fitted, predictor, place)
    if runs is None:
        kept = RESULTS / "validate"
        try:
            with _counting(words("validate.running"), 2 * work.DRAWS, False) as advance:
                prior, processes = load_prior(), _processes(workers)
                runs = work.predictive_of(fitted, prior, predictor, kept, processes, advance, work.DRAWS)
        except KeyboardInterrupt:
            raise Stopped(words("validate.stopped", folder=kept)) from None
    found = compare(runs, all_targets(), reasons)
    page = None
    if page_folder is not None:
        from app.page import write_page

        again = ["pps", "validate", *(["--posterior", posterior] if posterior else []), "--out", str(page_folder)]
        page = write_page(found, page_folder, [*again, "--lang", lang], words)
    if as_json:
        _print_json(pages.validation_json(found))
        return
    console = _console()
    console.print(words("validate.title"), style="bold")
    console.print()
    console.print(pages.validation_table(found, words))
    for line in pages.footing(found, words):
        console.print(line)
    console.print()
    console.print(words("validate.page_hint") if page is None else words("validate.page", path=page))


def _new_folder(out: str) -> Path:
    """Make the folder of a page, before anything that takes long; what a page needs must be there as well."""
    _needs_analysis("jinja2", "matplotlib")
    if not out.strip():  # as a path it would be this very folder
        raise InputError("the name of the folder is empty", "--out", "a folder to write in")
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write there: {error.strerror}", f"--out {out}", "a folder to write in") from None
    if not os.access(folder, os.W_OK):
        raise InputError("cannot write there", f"--out {out}", "a folder to write in")
    return folder


# ── pps frontier ────────────────────────────────────────────────────────────────────────────────────
@app.command()
def frontier(
    budget: Annotated[str, BUDGET],
    scenario: Annotated[
        str, typer.Argument(help="A scenario, named or a file (.toml), whose policies are mixed.")
    ] = "baseline",
    policies: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Kinds of policies to mix beside those of the scenario.")
    ] = None,
    outcomes: Annotated[
        str, typer.Option(metavar="A,B,C", help="Outcomes that are made as good as they can be.")
    ] = "networks_sustained,mkb_reached_share,students_direct,public_euros",
    replicates: Annotated[int, typer.Option(help="Replicates of every mix in the search.")] = 8,
    check_replicates: Annotated[int, typer.Option(help="Replicates, with other seeds, of what was found.")] = 32,
    generations: Annotated[int, typer.Option(help="Generations of the search.")] = 8,
    population: Annotated[int, typer.Option(help="Mixes in a generation.")] = 16,
    keep: Annotated[int, typer.Option(help="Most mixes of the front that are run again.")] = 12,
    region: Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")] = "noord-brabant",
    seed: Annotated[int, typer.Option(help="Seed of the search and of the first replicate.")] = 1,
    parameters: Annotated[
        str, typer.Option(metavar="posterior|default|FOLDER", help="Where parameters come from, as with pps run.")
    ] = "posterior",
    until: Annotated[str | None, typer.Option(help="Last quarter; by default that of the scenario.")] = None,
    scale: Annotated[float, typer.Option(help="Share of the firms that is simulated: above 0 to 1.")] = 0.1,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Keeps what is run; the same command goes on from there.")
    ] = RESULTS / "evaluations",
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write the front to a CSV file.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Search for the mixes of policies with the best trade-offs within a budget."""
    words = Words(lang)
    _needs_analysis("optuna")
    from app import frontier as pages
    from app.measures import names
    from experiments.budget import parse_budget
    from experiments.frontier import Search, find_frontier, with_policies
    from scenarios.scenario import load_scenario
    from sim.outcomes import find_outcome

    files = _new_files({"--csv": csv})
    with _options_named("check_replicates", "generations", "population", "keep", "policies", "outcomes"):
        base = load_scenario(scenario)
        if policies is not None:
            base = with_policies(base, names(policies, "--policies"))
        objectives = tuple(find_outcome(name, "--outcomes") for name in names(outcomes, "--outcomes"))
        sizes = (replicates, check_replicates, population, generations, keep)
        search = Search(base, parse_budget(budget), objectives, *sizes, seed)
        make = _maker(region, parameters, until, scale)
        try:
            with _counting(words("frontier.running"), search.runs, quiet) as advance:
                found = find_frontier(search, make, out, _processes(workers), advance)
        except KeyboardInterrupt:
            raise Stopped(words("frontier.stopped", folder=out)) from None
    _write_files(files, {"--csv": lambda: pages.frontier_csv(found)})
    if as_json:
        _print_json(pages.frontier_json(found))
    elif not quiet:
        console = _console()
        first, *rest = pages.heading(found, words)
        console.print(first, style="bold")
        for line in (*rest, "", pages.front_table(found, words), "", *pages.footing(found, words), ""):
            console.print(line)
        console.print(words("frontier.fell_back"))
        console.print(pages.fell_back_table(found, words))
        for path in files.values():
            console.print(words("frontier.file", path=path))


def _maker(region: str, parameters: str, until: str | None, scale: float) -> Callable[[Scenario, int, int], Experiment]:
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


def _new_files(asked: dict[str, str | None]) -> dict[str, Path]:
    """Return the files that are asked for by option, before anything that takes long, if they can be written."""
    from app.compare import writable

    return {option: writable(name, option) for option, name in asked.items() if name is not None}


def _write_files(files: dict[str, Path], texts: dict[str, Callable[[], str]]) -> None:
    for option, path in files.items():
        try:
            path.write_text(texts[option](), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write '{path}': {error.strerror}", option, "a file to write") from None


# ── pps grid ────────────────────────────────────────────────────────────────────────────────────────
@app.command()
def grid(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A named plan, or a plan file (.toml).")],
    replicates: Annotated[int | None, typer.Option(help="Replicates of every cell; by default as planned.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the first replicate; by default as planned.")] = None,
    scale: Annotated[float | None, typer.Option(help="Share of the firms; by default as planned.")] = None,
    region: Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")] = "noord-brabant",
    parameters: Annotated[
        str, typer.Option(metavar="posterior|default|FOLDER", help="Where parameters come from, as with pps run.")
    ] = "posterior",
    until: Annotated[str | None, typer.Option(help="Last quarter; by default that of the scenario.")] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Keeps what is run; the same command goes on from there.")
    ] = RESULTS / "evaluations",
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write the cells to a CSV file.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the heat maps in an SVG file.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Run every combination of two settings of a policy, and show what each changes."""
    words = Words(lang)
    if svg is not None:
        _needs_analysis("matplotlib")
    from app import grid as pages
    from experiments.grid import load_grid, run_grid

    def drawing() -> str:
        from app.heatmaps import heatmaps_svg

        return heatmaps_svg(done, words)

    design = load_grid(plan).with_sizes(replicates, seed, scale)
    files = _new_files({"--csv": csv, "--svg": svg})
    with _options_named():
        make = _maker(region, parameters, until, design.plan.scale)
        try:
            title, total = words.pick(design.plan, "title"), design.size * design.plan.replicates
            with _counting(words("grid.running", name=title), total, quiet) as advance:
                done = run_grid(design, make, out, _processes(workers), advance)
        except KeyboardInterrupt:
            raise Stopped(words("grid.stopped", folder=out)) from None
    _write_files(files, {"--csv": lambda: pages.grid_csv(done), "--svg": drawing})
    if as_json:
        _print_json(pages.grid_json(done))
    elif not quiet:
        console = _console()
        first, *rest = pages.heading(done, words)
        console.print(first, style="bold")
        for line in rest:
            console.print(line)
        for name, table, shown in pages.tables(done, words):
            console.print()
            console.print(name, style="bold cyan")
            console.print(table)
            console.print(shown)
        for line in ("", *pages.footing(done, words), *(words("grid.file", path=path) for path in files.values())):
            console.print(line)


# ── pps batch ───────────────────────────────────────────────────────────────────────────────────────
@app.command()
def batch(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A named plan, or a plan file (.toml).")],
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    dask: Annotated[
        str | None, typer.Option("--dask", metavar="ADDRESS", help="Use the workers of this Dask scheduler instead.")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="STORE", help="Folder for the results; by default results/batch/PLAN.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in a store that has results: only what is missing is run.")
    ] = False,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Run a plan of many runs, in processes or on a cluster, and keep what it asks for."""
    words = Words(lang)
    if workers is not None and dask is not None:
        raise InputError("--workers and --dask are both given", "pps batch", "one of the two")
    if dask is not None:
        _needs_cluster()
    if out is not None and not out.strip():  # as a path it would be this very folder
        raise InputError("the name of the folder is empty", "--out", "a folder, new or a store")
    from experiments.batches import missing, run_cases
    from experiments.plan import Plan, make_batch
    from experiments.plan_file import read_plan
    from experiments.shelf import holds_batches, store_of

    asked, file = read_plan(plan, Plan)
    cases = make_batch(asked, file)
    folder = Path(out) if out else store_of(cases.name, RESULTS)
    if holds_batches(folder) and not resume:
        raise InputError("holds results already", str(folder), "--resume, to add what is missing, or another --out")
    title, total = words.pick(asked, "title"), len(set(cases.keys))
    processes = _processes(workers)
    try:
        with _options_named(), _progress(title, missing(cases, folder), words, quiet, "batch.run_failed") as advance:
            results = run_cases(cases, folder, processes, dask, advance)
    except KeyboardInterrupt as stop:
        done = getattr(stop, "done", 0)
        raise Stopped(words("batch.stopped", done=done, asked=total, folder=folder)) from None
    _show_batch(results, title, words, as_json, quiet)


def _needs_cluster() -> None:
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise InputError("distributed is not installed", "--dask", "run `make setup-cluster` first")


def _show_batch(results: Results, title: str, words: Words, as_json: bool, quiet: bool) -> None:
    from app import batch as pages

    if as_json:
        _print_json(pages.batch_json(results))
    elif not quiet:
        console = _console()
        first, *rest = pages.heading(results, title, words)
        console.print(first, style="bold")
        for line in rest:
            console.print(line)
        console.print()
        console.print(pages.means_table(results, words))
        console.print()
        for line in pages.footing(results, words):
            console.print(line)
    for line in pages.wrong(results, words):
        print(line, file=sys.stderr)
    if results.missing or len(results.failed_cases):
        raise typer.Exit(FAILURE)


# ── pps replicates ──────────────────────────────────────────────────────────────────────────────────
@app.command()
def replicates(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCENARIO...]", help="Named scenarios or files; the first is the reference."),
    ] = None,
    region: Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")] = "noord-brabant",
    seed: Annotated[int, typer.Option(help="Seed of the first replicate; the next has seed + 1.")] = 1,
    replicates: Annotated[int, typer.Option(help="How many are run to see what is enough.")] = 128,
    precision: Annotated[
        float, typer.Option(help="How far the interval of a mean may reach, as a share of the reference.")
    ] = 0.05,
    parameters: Annotated[
        str, typer.Option(metavar="posterior|default|FOLDER", help="Where parameters come from, as with pps run.")
    ] = "posterior",
    until: Annotated[str | None, typer.Option(help="Last quarter; by default that of the scenarios.")] = None,
    scale: Annotated[float, typer.Option(help="Share of the firms that is simulated: above 0 to 1.")] = 1.0,
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that stands alone.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Show how many replicates are enough: how mean and spread settle as more are run."""
    words = Words(lang)
    from app import replicates as pages
    from app.compare import writable
    from experiments.comparison import check_scenarios
    from experiments.draws import make_experiment
    from experiments.replicates import check_asked, replication

    asked = scenarios or ["baseline"]
    file = None if html is None else writable(html, "--html")
    if file is not None:
        _needs_analysis("jinja2", "matplotlib")
    with _options_named("precision"):
        check_asked(replicates, precision)
        experiments = [make_experiment(name, region, parameters, seed, replicates, until, scale) for name in asked]
        if len(experiments) > 1:
            check_scenarios([experiment.scenario for experiment in experiments])
        runs = _compared(experiments, _processes(workers), words, quiet)
        found = replication(runs, precision=precision)
    if file is not None:
        options = {"region": region, "seed": seed, "replicates": replicates, "precision": precision}
        options |= {"parameters": parameters, "until": until, "scale": scale}
        again = ["pps", "replicates", *asked, *_typed(options), "--html", str(file), "--lang", lang]
        pages.write_page(found, file, again, words)
    if as_json:
        _print_json(pages.replication_json(found))
    elif not quiet:
        console = _console()
        console.print(pages.title(found, words), style="bold")
        console.print(pages.setting(found, words))
        for heading, table in pages.tables(found, words):
            console.print()
            console.print(heading, style="bold cyan")
            console.print(table)
        for line in ("", pages.notes(found, words), ""):
            console.print(line)
        for line in (*pages.answers(found, words), *pages.cautions(found, words)):
            console.print(line)
        if file is not None:
            console.print(words("replicates.written", path=file))


# ── pps sensitivity, pps robustness ─────────────────────────────────────────────────────────────────
@app.command()
def sensitivity(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A named plan, or a plan file (.toml).")] = "morris",
    samples: Annotated[
        int | None, typer.Option(help="Trajectories of Morris, or base samples of Sobol; by default as planned.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the design and the runs; by default as planned.")] = None,
    scale: Annotated[float | None, typer.Option(help="Share of the firms; by default as planned.")] = None,
    region: Annotated[str | None, typer.Option(help="A region pack; by default as planned.")] = None,
    until: Annotated[str | None, typer.Option(help="Last quarter; by default as planned.")] = None,
    out: Annotated[
        Path, typer.Option(metavar="STORE", help="Keeps the runs; the same command goes on from there.")
    ] = RESULTS / "sensitivity",
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler that does it instead.")] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that stands alone.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Show which uncertain parameters move the outcomes, and what a policy changes."""
    words = Words(lang)
    _needs_analysis("SALib", *(["jinja2"] if html else []))
    from app import sensitivity as pages
    from experiments.studies import SensitivityPlan, find_sensitivity, load_study, sensitivity_study

    asked = {"samples": samples, "seed": seed, "scale": scale, "region": region, "until": until}
    file = _new_files({"--html": html}).get("--html")
    with _options_named("samples", "until"):
        design, study = sensitivity_study(load_study(plan, SensitivityPlan).changed(**asked))
    with _study_runs(study, out, dask, words, quiet) as on_result:
        ends = study.run(out, _processes(workers), dask, on_result)
    found = find_sensitivity(design, study, ends)
    if file is not None:
        again = ["pps", "sensitivity", plan, *_typed(asked), "--html", str(file), "--lang", lang]
        pages.write_page(found, study, file, again, words)
    if as_json:
        _print_json(pages.sensitivity_json(found, study))
    elif not quiet:
        tables = pages.tables(found, study, words)
        lines = [*pages.answers(found, study, words), *pages.cautions(found, study, words)]
        _print_study(pages.title(study, words), pages.setting(found, study, words), tables, lines, file, words)


@app.command()
def robustness(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A named plan, or a plan file (.toml).")] = "robustness",
    futures: Annotated[int | None, typer.Option(help="How many futures; by default as planned.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the futures; by default as planned.")] = None,
    scale: Annotated[float | None, typer.Option(help="Share of the firms; by default as planned.")] = None,
    region: Annotated[str | None, typer.Option(help="A region pack; by default as planned.")] = None,
    until: Annotated[str | None, typer.Option(help="Last quarter; by default as planned.")] = None,
    out: Annotated[
        Path, typer.Option(metavar="STORE", help="Keeps the runs; the same command goes on from there.")
    ] = RESULTS / "robustness",
    workers: Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler that does it instead.")] = None,
    html: Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that stands alone.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")] = False,
) -> None:
    """Show how policies do over many futures, and under which conditions they fail."""
    words = Words(lang)
    _needs_analysis("ema_workbench", how="run `make setup-robustness` first")
    from app import robustness as pages
    from experiments.studies import RobustnessPlan, find_robustness, load_study, robustness_study

    asked = {"futures": futures, "seed": seed, "scale": scale, "region": region, "until": until}
    file = _new_files({"--html": html}).get("--html")
    with _options_named("futures", "until"):
        study = robustness_study(load_study(plan, RobustnessPlan).changed(**asked))
    with _study_runs(study, out, dask, words, quiet) as on_result:
        found = find_robustness(study, out, _processes(workers), dask, on_result)
    if file is not None:
        again = ["pps", "robustness", plan, *_typed(asked), "--html", str(file), "--lang", lang]
        pages.write_page(found, study, file, again, words)
    if as_json:
        _print_json(pages.robustness_json(found, study))
    elif not quiet:
        tables = pages.tables(found, study, words)
        lines = [*pages.answers(found, study, words), ""]
        for name, sentences in pages.conditions(found, study, words):
            lines += [words("robustness.fails", scenario=name), *sentences, ""]
        lines += pages.cautions(found, study, words)
        _print_study(pages.title(study, words), pages.setting(found, study, words), tables, lines, file, words)


@contextmanager
def _study_runs(study: Study, out: Path, dask: str | None, words: Words, quiet: bool) -> Iterator[OnResult]:
    """Show how far the runs of a study are.

    Yields:
        What to call with each result.
    """
    if dask is not None:
        _needs_cluster()
    title = words.pick(study.plan, "title")
    try:
        with _options_named(), _progress(title, study.missing(out), words, quiet, "batch.run_failed") as advance:
            yield advance
    except KeyboardInterrupt:
        raise Stopped(words("sensitivity.stopped", folder=out)) from None


def _print_study(
    title: str, setting: str, tables: Iterator[tuple[str, Table]], lines: list[str], file: Path | None, words: Words
) -> None:
    console = _console()
    console.print(title, style="bold")
    console.print(setting)
    for heading, table in tables:
        console.print()
        console.print(heading, style="bold cyan")
        console.print(table)
    console.print()
    for line in lines:
        console.print(line)
    if file is not None:
        console.print(words("sensitivity.file", path=file))


# ── pps parameters, evidence, regions ───────────────────────────────────────────────────────────────
@app.command()
def parameters(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A parameter, to explain it.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List the parameters of the model, or explain one with the evidence behind it."""
    from agents.parameters import parameter_table
    from app import parameters as pages

    words, console = Words(lang), _console()
    if name is not None:
        row = pages.find_parameter(name)
        if as_json:
            _print_json(pages.parameter_json(row))
        else:
            console.print(pages.parameter_page(row, words))
        return
    rows = parameter_table().values()
    if as_json:
        _print_json({"parameters": [vars(row) for row in rows]})
        return
    console.print(pages.parameters_table(rows, words))
    console.print()
    console.print(words("parameters.next"))


@app.command()
def evidence(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A row of evidence, to explain it.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List what was reported, or explain one row: its words, what it is used for and what cites it."""
    from app import evidence as pages

    words, console = Words(lang), _console()
    if id is not None:
        citation, row = pages.find_row(id)
        if as_json:
            _print_json(pages.evidence_json(citation, row))
        else:
            console.print(pages.evidence_page(citation, row, words))
        return
    if as_json:
        _print_json({"evidence": pages.evidence_list_json()})
        return
    console.print(pages.evidence_table(words))
    console.print()
    console.print(words("evidence.next"))


@app.command()
def regions(lang: Lang = Language.EN, as_json: AsJson = False) -> None:
    """List the regions that come with the project."""
    from scenarios.region import list_regions, load_region

    keys = ("name", "title_nl", "title_en", "about_nl", "about_en")
    packs = [{key: getattr(pack, key) for key in keys} for pack in map(load_region, list_regions())]
    _packs(packs, Words(lang), as_json)


def _packs(packs: list[dict[str, str]], words: Words, as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        _print_json({"regions": packs})
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for key in ("name", "title", "about"):
        table.add_column(words(f"packs.{key}"), ratio=None if key == "name" else 1, no_wrap=key == "name")
    for pack in packs:
        table.add_row(pack["name"], words.pick(pack, "title"), words.pick(pack, "about"))
    _console().print(table)


# ── pps scenarios, scenario ──────────────────────────────────────────────────────────────────────────
scenario_commands = typer.Typer(help="Show, check or begin a scenario.")
app.add_typer(scenario_commands, name="scenario")


@app.command()
def scenarios(lang: Lang = Language.EN, as_json: AsJson = False) -> None:
    """List the scenarios that come with the project."""
    from app import scenarios as pages

    words, named = Words(lang), pages.all_named()
    if as_json:
        _print_json({"scenarios": [pages.scenario_json(asked) for asked in named]})
        return
    console = _console()
    console.print(pages.scenarios_table(named, words))
    console.print()
    console.print(words("scenario.next"))


@scenario_commands.callback(invoke_without_command=True)
def scenario(context: typer.Context) -> None:
    """Show, check or begin a scenario."""
    if context.invoked_subcommand is None:
        print(context.get_help(), end="")
        raise typer.Exit


@scenario_commands.command("show")
def scenario_show(
    scenario: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A named scenario, or a file (.toml).")],
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Tell what a scenario does: its policies with their settings and sources, and what it changes."""
    from app import scenarios as pages

    asked = pages.load(scenario)
    if as_json:
        _print_json(pages.scenario_json(asked))
        return
    _console().print(pages.scenario_page(asked, Words(lang)))


@scenario_commands.command("check")
def scenario_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A scenario file (.toml).")],
    lang: Lang = Language.EN,
) -> None:
    """Check a scenario file, and tell what it does if it is right."""
    from app import scenarios as pages

    console = _console()
    for line in pages.check_lines(pages.load(file), Words(lang)):
        console.print(line, soft_wrap=True)


@scenario_commands.command("new")
def scenario_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")],
    parent: Annotated[
        str, typer.Option("--from", metavar="PARENT", help="What it extends: a named scenario, or a file.")
    ] = "baseline",
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="File to write; by default NAME.toml in this folder.")
    ] = None,
    lang: Lang = Language.EN,
) -> None:
    """Begin a scenario file: with every policy in it, commented out and explained in Dutch and English."""
    from app import scenarios as pages

    words, console = Words(lang), _console()
    path = pages.write_new(name, parent, Path(f"{name}.toml" if out is None else out))
    for line in pages.new_lines(path, words):
        console.print(line, soft_wrap=True)


if __name__ == "__main__":
    main()
