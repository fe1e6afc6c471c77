"""`pps scenarios` and `pps scenario`: what can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import AsJson, Lang
from app.commands.terminal import new_console, print_json, print_parts
from app.words import Language, Words

scenario_commands = typer.Typer(help="Show, check or begin a scenario.")


def scenarios(lang: Lang = Language.EN, as_json: AsJson = False) -> None:
    """List the scenarios that come with the project."""
    from app import scenarios as pages

    words, named = Words(lang), pages.all_named()
    if as_json:
        print_json({"scenarios": [pages.scenario_json(asked) for asked in named]})
        return
    print_parts(pages.scenarios_table(named, words), "", words("scenario.next"))


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
        print_json(pages.scenario_json(asked))
        return
    print_parts(pages.scenario_page(asked, Words(lang)))


@scenario_commands.command("check")
def scenario_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A scenario file (.toml).")],
    lang: Lang = Language.EN,
) -> None:
    """Check a scenario file, and tell what it does if it is right."""
    from app import scenarios as pages

    console = new_console()
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

    words, console = Words(lang), new_console()
    path = pages.write_new(name, parent, Path(f"{name}.toml" if out is None else out))
    for line in pages.new_lines(path, words):
        console.print(line, soft_wrap=True)
