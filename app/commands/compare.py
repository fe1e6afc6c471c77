"""`pps compare`: what differs between scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.errors import InputError
from app.commands.checks import needs, new_files, write_files
from app.commands.options import (
    BUDGET,
    AsJson,
    Html,
    Lang,
    Parameters,
    Quiet,
    Region,
    Scale,
    Seed,
    Until,
    Workers,
    options_named,
    typed,
)
from app.commands.runs import compared, processes
from app.commands.terminal import FAILURE, new_console, print_json
from app.words import Language, Words
from experiments import PAIRS_OF_A_COMPARISON

if TYPE_CHECKING:
    from experiments.comparison import Comparison


def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(metavar="BASELINE SCENARIO...", help="Named scenarios or files; the first is the reference."),
    ],
    region: Region = "noord-brabant",
    seed: Seed = 1,
    replicates: Annotated[
        int,
        typer.Option(
            help="How many pairs are run; in twos with the same parameters. By default enough for most differences "
            "(docs/studies.md)."
        ),
    ] = PAIRS_OF_A_COMPARISON,
    parameters: Parameters = "posterior",
    until: Until = None,
    scale: Scale = 1.0,
    workers: Workers = None,
    budget: Annotated[str | None, BUDGET] = None,
    why: Annotated[bool, typer.Option("--why", help="Tell which mechanisms made networks end otherwise.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="MECHANISM", help="Compare without a mechanism as well; may be given more than once."),
    ] = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Write the differences as CSV.")] = None,
    html: Html = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare scenarios with a reference, pair by pair with the same chance and parameters."""
    words = Words(lang)
    from dataclasses import replace

    from app.compare import comparison_csv, comparison_json
    from experiments.budget import budget_neutral
    from experiments.comparison import check_scenarios
    from experiments.comparison import compare as found_in
    from experiments.draws import make_experiment
    from experiments.mechanisms import find_mechanism
    from experiments.mechanisms import without as leave_out

    files = new_files({"--csv": csv, "--html": html})
    if html is not None:
        needs("jinja2", "matplotlib")
    if replicates < 2:
        raise InputError(f"cannot compare with {replicates}", "--replicates", "2 or more")
    left_out = [find_mechanism(name, "--without") for name in dict.fromkeys(without or [])]
    with options_named():
        plain = [make_experiment(name, region, parameters, seed, replicates, until, scale) for name in scenarios]
        if budget is not None:
            spread = budget_neutral([one.scenario for one in plain], budget)
            plain = [replace(one, scenario=scenario) for one, scenario in zip(plain, spread, strict=True)]
        check_scenarios([experiment.scenario for experiment in plain])
        asked = [*plain, *(leave_out(one, mechanism) for mechanism in left_out for one in plain)]
        runs = compared(asked, processes(workers), words, quiet)
    size = len(plain)
    ablated = {
        mechanism.name: runs[size * number : size * (number + 1)] for number, mechanism in enumerate(left_out, start=1)
    }
    found = found_in(runs[:size], why, ablated)
    write_files(files, {"--csv": lambda: comparison_csv(found)})
    if html is not None:
        from app.compare_page import write_compare_page

        options = {"region": region, "seed": seed, "replicates": replicates, "parameters": parameters, "until": until}
        again = [*scenarios, *typed({**options, "scale": scale, "budget": budget}), *(["--why"] if why else [])]
        again += [part for mechanism in left_out for part in ("--without", mechanism.name)]
        again += ["--html", str(files["--html"]), "--lang", lang]
        write_compare_page(found, files["--html"], ["pps", "compare", *again], words)
    if as_json:
        print_json(comparison_json(found))
    elif not quiet:
        _show(found, list(files.values()), words)
    if any(run.about["replicates_failed"] for run in runs):
        raise typer.Exit(FAILURE)


def _show(found: Comparison, written: list[Path], words: Words) -> None:
    from app.compare import parts

    console = new_console()
    for part in parts(found, console.width, words):
        console.print(part)
    for file in written:
        console.print(words("compare.written", path=file))
    if not found.why:
        console.print(words("compare.next"))
