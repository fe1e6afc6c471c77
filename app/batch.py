"""What the command line shows of a batch: how many runs there are, what they come to, and what is wrong."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table

from app.measures import level, unit
from app.tables import new_table
from app.words import Words
from experiments.results import Results
from sim.outcomes import Outcome, outcome_table

MOST_SCENARIOS, MOST_OUTCOMES, MOST_TOLD = 6, 20, 5


def heading(results: Results, title: str, words: Words) -> list[str]:
    """Return what was run, and how much of it is there."""
    cases = results.cases
    counts = {
        "scenarios": words.count("batch.scenarios", cases["scenario"].nunique()),
        "draws": words.count("run.draws", cases["draw"].nunique()),
        "seeds": words.count("run.of_seeds", cases["seed"].nunique()),
    }
    return [title, words.count("batch.runs", len(cases), **counts)]


def means_table(results: Results, words: Words) -> Table:
    """Return the mean of each outcome by scenario, at the end of the runs; of the first of many."""
    ends = results.ends()
    scenarios = list(dict.fromkeys(ends["scenario"]))[:MOST_SCENARIOS]
    outcomes = [outcome_table()[name] for name in results.outcomes[:MOST_OUTCOMES]]
    means = ends.groupby("scenario", observed=True)[[outcome.name for outcome in outcomes]].mean().to_dict()
    table = new_table()
    table.add_column(words("batch.outcome"), ratio=1)
    for scenario in scenarios:
        table.add_column(scenario, justify="right")
    table.add_column(words("run.unit"), no_wrap=True)
    for outcome in outcomes:
        values = (means[outcome.name].get(scenario, math.nan) for scenario in scenarios)
        table.add_row(words.pick(outcome, "label"), *_shown(outcome, values, words))
    return table


def _shown(outcome: Outcome, values: Iterable[float], words: Words) -> Iterator[str]:
    """Yield values as people read them, and their unit."""
    share = outcome.unit == "share"  # its unit stands with the number
    for value in values:
        yield words.percent(value) if share and math.isfinite(value) else level(value, outcome, words)
    yield "" if share else unit(outcome, words)


def footing(results: Results, words: Words) -> Iterator[str]:
    """Yield where results are and how to go on."""
    folder = str(results.shelf.folder)
    scenarios, outcomes = results.cases["scenario"].nunique(), len(results.outcomes)
    if scenarios > MOST_SCENARIOS or outcomes > MOST_OUTCOMES:
        yield words("batch.more", scenarios=words.number(scenarios), outcomes=words.number(outcomes))
    yield words("batch.kept", folder=folder)
    yield words("batch.next", folder=folder)


def wrong(results: Results, words: Words) -> Iterator[str]:
    """Yield what is wrong, if anything: runs that failed or are missing, and files that do not belong there."""
    failed = results.failed_cases
    if len(failed):
        yield words.count("batch.failed", len(failed), error=failed["error"].iloc[0])
    if results.missing:
        yield words.count("batch.missing", results.missing)
    for strange in results.strange[:MOST_TOLD]:
        yield words("batch.changed" if strange.changed else "batch.foreign", path=shlex.quote(strange.path))
    if (more := len(results.strange) - MOST_TOLD) > 0:
        yield words.count("batch.more_strange", more)


def batch_json(results: Results) -> dict[str, Any]:
    """Return the same as JSON can hold it."""
    cases = results.cases
    means = results.ends().groupby("scenario", observed=True)[list(results.outcomes)].mean()
    return {
        "store": str(results.shelf.folder),
        "batch": results.batch.name,
        "digest": results.batch.digest,
        "runs": len(cases),
        "done": int(cases["done"].sum()),
        "missing": results.missing,
        "failed": results.failed_cases[["run", "scenario", "draw", "seed", "error"]].to_dict("records"),
        "strange": [vars(strange) for strange in results.strange],
        "means": {
            str(scenario): {str(name): value if value == value else None for name, value in row.items()}
            for scenario, row in means.to_dict("index").items()
        },
    }
