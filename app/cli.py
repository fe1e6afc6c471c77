"""The command line: `pps`.

Each command is a file of `app.commands`; here they are put together.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from agents.errors import InputError
from app.commands.batch import batch
from app.commands.calibrate import calibrate
from app.commands.compare import compare
from app.commands.frontier import frontier
from app.commands.grid import grid
from app.commands.lists import evidence, parameters, regions
from app.commands.page import app as page
from app.commands.region import region_commands
from app.commands.replicates import replicates
from app.commands.run import run
from app.commands.scenarios import scenario_commands, scenarios
from app.commands.story import story
from app.commands.studies import robustness, sensitivity
from app.commands.terminal import BAD_INPUT, FAILURE, INTERRUPTED, Stopped
from app.commands.validate import validate

PROJECT = "pps-ecosystem"
IN_ORDER = (run, compare, story, calibrate, validate, frontier, grid, batch, replicates, sensitivity, robustness, page)
LISTS = (parameters, evidence, regions, scenarios)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
for command in (*IN_ORDER, *LISTS):
    app.command()(command)
app.add_typer(scenario_commands, name="scenario")
app.add_typer(region_commands, name="region")


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


if __name__ == "__main__":
    main()
