"""What a person can type after more than one command, and the names of that in errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from agents.errors import InputError
from app.words import Language

RESULTS = Path("results")
# as an error of what they ask for names them
OPTIONS = ("parameters", "region", "replicates", "scale", "seed", "until", "workers")

Lang = Annotated[Language, typer.Option("--lang", help="Language: nl or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing unless something is wrong.")]
Workers = Annotated[int | None, typer.Option(help="Processes to use; by default one per core.")]
Dask = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler instead.")]
Html = Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page that stands alone.")]
Region = Annotated[str, typer.Option(help="A named region, or the folder of a region pack.")]
Seed = Annotated[int, typer.Option(help="Seed of the first replicate; the next has seed + 1.")]
Parameters = Annotated[
    str,
    typer.Option(
        metavar="posterior|default|FOLDER",
        help="Where parameters come from: draws of the posterior, the central set, or draws in FOLDER.",
    ),
]
Until = Annotated[str | None, typer.Option(help="Last quarter, such as 2030-Q4; by default that of the scenario.")]
Scale = Annotated[float, typer.Option(help="Share of the firms that is simulated: above 0 to 1.")]
Plan = Annotated[str, typer.Argument(metavar="PLAN", help="A named plan, or a plan file (.toml).")]
PlannedSeed = Annotated[int | None, typer.Option(help="Seed of the design and its runs; by default as planned.")]
PlannedScale = Annotated[float | None, typer.Option(help="Share of the firms; by default as planned.")]
PlannedRegion = Annotated[str | None, typer.Option(help="A region pack; by default as planned.")]
PlannedUntil = Annotated[str | None, typer.Option(help="Last quarter; by default as planned.")]
Kept = Annotated[Path, typer.Option(metavar="FOLDER", help="Keeps the runs; the same command goes on from there.")]
BUDGET = typer.Option("--budget", metavar="EUROS/yr", help="One provincial budget for the policies, such as 2.5M/yr.")


def typed(options: Mapping[str, object]) -> list[str]:
    """Return options as they are typed, without those that were not given."""
    given = {name.replace("_", "-"): value for name, value in options.items() if value is not None}
    return [part for name, value in given.items() for part in (f"--{name}", str(value))]


@contextmanager
def options_named(*others: str) -> Iterator[None]:
    """Let an error of what an experiment asks for name the option that a person typed, and so for other options."""
    try:
        yield
    except InputError as error:
        if error.where not in (*OPTIONS, *others):
            raise
        raise InputError(error.what, f"--{error.where.replace('_', '-')}", error.allowed) from None
