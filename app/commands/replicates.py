"""`pps replicates`: how many replicates are enough."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.checks import needs, new_files
from app.commands.options import (
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
from app.commands.terminal import headed, print_json, print_page
from app.words import Language, Words


def replicates(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCENARIO...]", help="Named scenarios or files; the first is the reference."),
    ] = None,
    region: Region = "noord-brabant",
    seed: Seed = 1,
    replicates: Annotated[int, typer.Option(help="How many are run to see what is enough.")] = 128,
    precision: Annotated[
        float, typer.Option(help="How far the interval of a mean may reach, as a share of the reference.")
    ] = 0.05,
    parameters: Parameters = "posterior",
    until: Until = None,
    scale: Scale = 1.0,
    workers: Workers = None,
    html: Html = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show how many replicates are enough: how mean and spread settle as more are run."""
    words = Words(lang)
    from app import replicates as pages
    from experiments.comparison import check_scenarios
    from experiments.draws import make_experiment
    from experiments.replicates import check_asked, replication

    asked = scenarios or ["baseline"]
    files = new_files({"--html": html})
    if html is not None:
        needs("jinja2", "matplotlib")
    with options_named("precision"):
        check_asked(replicates, precision)
        experiments = [make_experiment(name, region, parameters, seed, replicates, until, scale) for name in asked]
        if len(experiments) > 1:
            check_scenarios([experiment.scenario for experiment in experiments])
        runs = compared(experiments, processes(workers), words, quiet)
        found = replication(runs, precision=precision)
    if file := files.get("--html"):
        options = {"region": region, "seed": seed, "replicates": replicates, "precision": precision}
        options |= {"parameters": parameters, "until": until, "scale": scale}
        again = ["pps", "replicates", *asked, *typed(options), "--html", str(file), "--lang", lang]
        pages.write_page(found, file, again, words)
    if as_json:
        print_json(pages.replication_json(found))
    elif not quiet:
        tables = headed(pages.tables(found, words))
        told = [*pages.answers(found, words), *pages.cautions(found, words)]
        written = (words("replicates.written", path=path) for path in files.values())
        notes = ("", pages.notes(found, words), "")
        print_page(pages.title(found, words), pages.setting(found, words), *tables, *notes, *told, *written)
