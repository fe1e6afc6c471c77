"""`pps story`: the life of one partnership."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.errors import InputError
from app.commands.options import RESULTS, AsJson, Lang
from app.commands.terminal import print_json, print_page
from app.words import Language, Words

if TYPE_CHECKING:
    from experiments.store import Run


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
        print_json(report.story_json(told, row))
        return
    print_page(told.title, *told.about, "", report.story_table(told))


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
        print_json({"replicate": replicate, "partnerships": report.partnerships_json(rows)})
        return
    about = stored.about
    region, scenario = words.pick(about["region"], "title"), words.pick(about["scenario"], "title")
    seed = about["seed"] + replicate
    title = words("stories.title", region=region, scenario=scenario, replicate=replicate, seed=seed)
    if not rows:
        print_page(title, "", words("stories.none"))
        return
    command = report.story_command(stored.folder, rows[0]["name"])
    print_page(title, "", report.partnerships_table(rows, words), "", words("stories.next", command=command))
