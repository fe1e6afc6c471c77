"""`pps grid`: every combination of two settings of a policy."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.checks import needs, new_files, write_files
from app.commands.options import (
    RESULTS,
    AsJson,
    Kept,
    Lang,
    Parameters,
    Plan,
    PlannedScale,
    PlannedSeed,
    Quiet,
    Region,
    Until,
    Workers,
    options_named,
)
from app.commands.runs import maker, processes
from app.commands.terminal import Stopped, counting, headed, print_json, print_page
from app.words import Language, Words


def grid(
    plan: Plan,
    replicates: Annotated[int | None, typer.Option(help="Replicates of every cell; by default as planned.")] = None,
    seed: PlannedSeed = None,
    scale: PlannedScale = None,
    region: Region = "noord-brabant",
    parameters: Parameters = "posterior",
    until: Until = None,
    out: Kept = RESULTS / "grid",
    csv: Annotated[str | None, typer.Option(metavar="FILE", help="Write the cells to a CSV file.")] = None,
    svg: Annotated[str | None, typer.Option(metavar="FILE", help="Draw the heat maps in an SVG file.")] = None,
    workers: Workers = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run every combination of two settings of a policy, and show what each changes."""
    words = Words(lang)
    if svg is not None:
        needs("matplotlib")
    from app import grid as pages
    from experiments.grid import load_grid, run_grid

    def drawing() -> str:
        from app.heatmaps import heatmaps_svg

        return heatmaps_svg(done, words)

    design = load_grid(plan).with_sizes(replicates, seed, scale)
    files = new_files({"--csv": csv, "--svg": svg})
    with options_named():
        make = maker(region, parameters, until, design.plan.scale)
        try:
            title, total = words.pick(design.plan, "title"), design.size * design.plan.replicates
            with counting(words("grid.running", name=title), total, quiet) as advance:
                done = run_grid(design, make, out, processes(workers), advance)
        except KeyboardInterrupt:
            raise Stopped(words("grid.stopped", folder=out)) from None
    write_files(files, {"--csv": lambda: pages.grid_csv(done), "--svg": drawing})
    if as_json:
        print_json(pages.grid_json(done))
    elif not quiet:
        written = (words("grid.file", path=path) for path in files.values())
        tables = headed(pages.tables(done, words))
        print_page(*pages.heading(done, words), *tables, "", *pages.footing(done, words), *written)
