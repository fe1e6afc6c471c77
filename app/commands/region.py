"""`pps region`: a region pack of your own."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.options import AsJson, Lang
from app.commands.terminal import BAD_INPUT, new_console, print_json
from app.words import Language, Words

AVERAGE = 0.0833
"""Share of the inhabitants of the country in one of its twelve provinces, if they were the same."""

region_commands = typer.Typer(help="Begin or check a region of your own.")


@region_commands.callback(invoke_without_command=True)
def region(context: typer.Context) -> None:
    """Begin or check a region of your own."""
    if context.invoked_subcommand is None:
        print(context.get_help(), end="")
        raise typer.Exit


@region_commands.command("new")
def region_new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits and hyphens.")],
    regions: Annotated[
        str | None, typer.Option(metavar="ID,ID", help="Its labour-market regions; by default one, called NAME.")
    ] = None,
    share: Annotated[float, typer.Option(help="Share of the inhabitants of the Netherlands.")] = AVERAGE,
    lang: Lang = Language.EN,
) -> None:
    """Begin a region pack in a folder NAME: complete, with national shares and explained in Dutch and English.

    With --lang nl the tables are written as a Dutch spreadsheet opens and saves them.
    """
    from app import regions as pages

    console = new_console()
    for line in pages.new_lines(pages.write_new(name, regions, share, lang), Words(lang)):
        console.print(line, soft_wrap=True)


@region_commands.command("check")
def region_check(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The folder of a region pack.")],
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Tell all that is wrong in a region pack, each with file and line, or what it holds and assumes."""
    from app import regions as pages
    from scenarios.region import check_region, load_region

    words, console = Words(lang), new_console()
    problems = check_region(folder)
    pack = None if problems else load_region(folder)
    if as_json:
        print_json(pages.check_json(folder, problems, pack))
    elif pack is None:
        for line in pages.problem_lines(folder, problems, words):
            console.print(line, soft_wrap=True)
    else:
        for line in pages.check_lines(folder, pack, words):
            console.print(line, soft_wrap=True)
    if problems:
        raise typer.Exit(BAD_INPUT)
