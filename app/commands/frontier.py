"""`pps frontier`: the mixes of policies with the best trade-offs within a budget."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.checks import needs, new_files, write_files
from app.commands.options import (
    BUDGET,
    RESULTS,
    AsJson,
    Kept,
    Lang,
    Parameters,
    Quiet,
    Region,
    Scale,
    Until,
    Workers,
    options_named,
)
from app.commands.runs import maker, processes
from app.commands.terminal import Stopped, counting, print_json, print_page
from app.words import Language, Words


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
    region: Region = "noord-brabant",
    seed: Annotated[int, typer.Option(help="Seed of the search and of the first replicate.")] = 1,
    parameters: Parameters = "posterior",
    until: Until = None,
    scale: Scale = 0.1,
    out: Kept = RESULTS / "frontier",
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write the front to a CSV file.")] = None,
    workers: Workers = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Search for the mixes of policies with the best trade-offs within a budget."""
    words = Words(lang)
    needs("optuna")
    from app import frontier as pages
    from app.measures import names
    from experiments.budget import parse_budget
    from experiments.frontier import Search, find_frontier, with_policies
    from scenarios.scenario import load_scenario
    from sim.outcomes import find_outcome

    files = new_files({"--csv": csv})
    with options_named("check_replicates", "generations", "population", "keep", "policies", "outcomes"):
        base = load_scenario(scenario)
        if policies is not None:
            base = with_policies(base, names(policies, "--policies"))
        objectives = tuple(find_outcome(name, "--outcomes") for name in names(outcomes, "--outcomes"))
        sizes = (replicates, check_replicates, population, generations, keep)
        search = Search(base, parse_budget(budget), objectives, *sizes, seed)
        make = maker(region, parameters, until, scale)
        try:
            with counting(words("frontier.running"), search.runs, quiet) as advance:
                found = find_frontier(search, make, out, processes(workers), advance)
        except KeyboardInterrupt:
            raise Stopped(words("frontier.stopped", folder=out)) from None
    write_files(files, {"--csv": lambda: pages.frontier_csv(found)})
    if as_json:
        print_json(pages.frontier_json(found))
    elif not quiet:
        front, luck = pages.front_table(found, words), pages.fell_back_table(found, words)
        lines = *pages.footing(found, words), "", words("frontier.fell_back")
        written = (words("frontier.file", path=path) for path in files.values())
        print_page(*pages.heading(found, words), "", front, "", *lines, luck, *written)
