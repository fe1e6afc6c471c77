"""What the command line shows of results: tables for people and the same as JSON."""

from __future__ import annotations

import math
import shlex
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from app.regions import assumed_name
from app.story import Row, Story
from app.tables import new_table
from app.words import Words
from experiments import REPLICATES_OF_A_RUN
from experiments.store import FILES, RUN, Run
from sim.ledger import CENTS
from sim.outcomes import Outcome, outcome_table

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.containers import Lines

NO_BREAK, STAND_IN = "\u00a0", "\ue000"  # the second is in no text, and as wide

GROUPS: Mapping[str, tuple[str, ...]] = {
    "partnerships": (
        "pps_started",
        "pps_active",
        "pps_subsidised",
        "pps_post_subsidy",
        "pps_embedded",
        "pps_independent",
        "pps_stopped",
    ),
    "networks": (
        "networks_alive",
        "networks_sustained",
        "valley_share",
        "network_years_after_subsidy",
        "regie_fte",
        "learning_communities",
    ),
    "reach": ("students_direct", "reach_share", "students_indirect", "llo_participants"),
    "partners": (
        "partners_unique",
        "companies_unique",
        "partners_per_pps",
        "largest_employers_in_pps",
        "mkb_reached_share",
        "pps_with_hbo",
    ),
    "money": (
        *(name for name, outcome in outcome_table().items() if outcome.unit == "euro/quarter"),
        "public_euros_per_network_year",
    ),
}
"""The outcomes that the table at the end of a run shows; the files hold all of them."""


def run_table(summary: pd.DataFrame, run: Run, words: Words) -> Table:
    """Return the table at the end of a run: each outcome with mean, spread, the sources of that, and unit."""
    table = new_table()
    table.add_column(words("run.outcome", until=run.about["until"]), ratio=1)
    table.add_column(words("run.mean"), justify="right", no_wrap=True)
    if len(run.done) > 1:
        table.add_column(words("run.spread"), justify="right", no_wrap=True)
    for source in (sources := _sources(run)):
        table.add_column(words(f"source.{source}"), justify="right", no_wrap=True)
    table.add_column(words("run.unit"), no_wrap=True)
    outcomes, values = outcome_table(), summary.to_dict("index")
    for group, names in GROUPS.items():
        table.add_row(Text(words(f"group.{group}"), style="bold cyan"))
        for name in names:
            if name in values and not _never_paid(outcomes[name], values[name]):
                table.add_row(*_cells(outcomes[name], values[name], run, sources, words))
        table.add_section()
    return table


def _sources(run: Run) -> tuple[str, ...]:
    """Return where the spread comes from, as far as the run can tell it apart: with one draw it is chance only."""
    return ("chance", "ignorance") if _draws(run) > 1 else ()


def _draws(run: Run) -> int:
    return len(set(run.draws.values()))


def _never_paid(outcome: Outcome, values: Mapping[Hashable, float]) -> bool:
    return outcome.unit == "euro/quarter" and values["mean"] == 0.0


def _cells(
    outcome: Outcome, values: Mapping[Hashable, float], run: Run, sources: Sequence[str], words: Words
) -> Iterator[str]:
    yield f"  {words.pick(outcome, 'label')}"
    digits = 0 if len(run.done) == 1 and values["mean"].is_integer() else 1
    yield show(outcome, values["mean"], words, digits)
    if len(run.done) > 1:
        fewer = f" ({words('run.defined', n=int(values['n']))})" if values["n"] < len(run.done) else ""
        low, high = (show(outcome, values[end], words, digits) for end in ("low", "high"))
        yield f"{low} – {high}{fewer}"
    for source in sources:
        yield show(outcome, values[source], words, digits)
    yield words.texts.get(f"unit.{outcome.unit}", "")


def show(outcome: Outcome, value: float, words: Words, digits: int = 1) -> str:
    """Return the value of an outcome as people read it; money in the millions or thousands that its unit says.

    Args:
        outcome: What it is.
        value: Its value.
        words: The language.
        digits: Decimals of a number below 100 that is neither money nor a share.
    """
    if not math.isfinite(value):
        return words.number(value)
    if outcome.unit == "share":
        return words.percent(value)
    if outcome.unit == "euro/quarter":
        return words.number(value / 1e6, 1)
    if outcome.unit.startswith("euro"):
        return words.number(value / 1e3)
    return words.number(value, digits if abs(value) < 99.95 or outcome.unit == "fte" else 0)


def run_heading(run: Run, words: Words) -> list[str]:
    """Return what the table is about: region and scenario; period, replicates and seeds; parameters."""
    about, done = run.about, run.done
    scenario, seed = about["scenario"], about["seed"]
    first, last = seed + done[0], seed + done[-1]
    lines = [
        words("run.title", region=words.pick(about["region"], "title"), scenario=words.pick(scenario, "title")),
        words(
            "run.period",
            start=about["start"],
            until=about["until"],
            replicates=words.count("run.replicates", len(done)),
            seeds=words("run.seed", first=first) if first == last else words("run.seeds", first=first, last=last),
        ),
        _parameters(run, words),
    ]
    if about["scale"] < 1.0:
        lines.append(words("run.scale", share=words.percent(about["scale"])))
    return lines


def _parameters(run: Run, words: Words) -> str:
    if run.about["parameters"]["source"] == "default":
        return words("run.central")
    draws, seeds = words.count("run.draws", _draws(run)), words.count("run.of_seeds", len(run.done))
    return words("run.drawn", draws=draws, seeds=seeds)


def run_footing(run: Run, words: Words) -> list[str]:
    """Return what the columns mean, where the files are and what to look at next."""
    names = ", ".join((*FILES, RUN))
    return [
        *_what_columns_mean(run, words),
        *_policies(run, words),
        *_assumed(run, words),
        words("run.files", folder=run.folder, files=names),
        words("run.next", command=story_command(run.folder)),
    ]


def _policies(run: Run, words: Words) -> Iterator[str]:
    """Say of every policy what it spent, who asked for help and who went without, in a mean year of a replicate."""
    table = run.frame("policies")
    if table.empty:
        return
    table["without"] = table["asked"] - table["helped"]
    years = table.groupby(["replicate", "policy", "year"], observed=True).sum(numeric_only=True)
    for policy, mean in years.groupby("policy", observed=True).mean().iterrows():
        yield words(
            "run.policy",
            policy=policy,
            spent=words.euros(mean["spent_cents"] / CENTS),
            asked=words.number(mean["asked"], 1),
            without=words.number(mean["without"], 1),
        )


def _assumed(run: Run, words: Words) -> Iterator[str]:
    """Say what the region pack does not know of its region, so that the means of the country stand there."""
    names = dict.fromkeys(assumed_name(assumption, words) for assumption in run.about["region"]["assumed"])
    if names:
        yield words("region.assumed_in_run", what=words.among(list(names)))


def _what_columns_mean(run: Run, words: Words) -> list[str]:
    if len(run.done) == 1:
        return [words("run.no_spread")]
    if not _sources(run):
        return [f"{words('run.spread_means')} {words('run.only_chance')}"]
    few = [words("run.few", settled=REPLICATES_OF_A_RUN)] if len(run.done) < REPLICATES_OF_A_RUN else []
    return [words("run.spread_means"), words("run.sources_mean"), *few]


def story_command(folder: Path, pps: str = "") -> str:
    """Return the command that lists the partnerships of a run, or tells the life of one."""
    return shlex.join(["pps", "story", str(folder), *([pps] if pps else [])])


def run_json(summary: pd.DataFrame, run: Run) -> dict[str, Any]:
    """Return the table at the end of a run, and all other outcomes, as data."""
    about = run.about
    outcomes = outcome_table()
    return {
        "region": about["region"]["name"],
        "scenario": about["scenario"]["name"],
        "start": about["start"],
        "until": about["until"],
        "scale": about["scale"],
        "seed": about["seed"],
        "replicates": about["replicates"],
        "replicates_done": len(run.done),
        "parameters": {
            "source": about["parameters"]["source"],
            "digest": about["parameters"].get("digest"),
            "draws": _draws(run),
        },
        "replicates_failed": about["replicates_failed"],
        "assumed_of_region": about["region"]["assumed"],
        "identity": about["identity"],
        "folder": str(run.folder),
        "files": [*FILES, RUN],
        "outcomes": {
            str(name): {
                "label": outcomes[str(name)].label_en,
                "unit": outcomes[str(name)].unit.replace("euro/quarter", "euro"),
                **{key: _number(row[key]) for key in ("mean", "low", "high", "chance", "ignorance")},
                "n": int(row["n"]),
            }
            for name, row in summary.iterrows()
        },
    }


def _number(value: float) -> float | None:
    """Return a number, or None where JSON has none."""
    return float(value) if math.isfinite(value) else None


def partnerships_table(rows: Sequence[Row], words: Words) -> Table:
    """Return the list of the partnerships of one replicate."""
    table = new_table()
    for key in ("name", "born", "decision", "network"):
        table.add_column(words(f"stories.{key}"), overflow="fold")
    for row in rows:
        dead = row["network_death"]
        network = words("stories.ended", quarter=dead) if dead else words("stories.alive")
        table.add_row(row["name"], row["born"], words(f"decision.{row['decision']}"), network)
    return table


def partnerships_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the list of the partnerships of one replicate as data."""
    keys = ("id", "name", "school", "sector", "region", "born", "decision", "decided", "status", "network_death")
    return [{key: row[key] for key in keys} for row in rows]


def story_table(story: Story) -> Table:
    """Return the lines of a story, each with its moment before it."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(ratio=1)
    for line in (*story.lines, story.now):
        table.add_row(line.when, _Unbroken(line.text))
    return table


class _Unbroken(Text):
    """Text that is not broken at no-break spaces, where Rich breaks it."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        lines = Text(self.plain.replace(NO_BREAK, STAND_IN)).wrap(console, width, **options)
        for line in lines:
            line.plain = line.plain.replace(STAND_IN, NO_BREAK)
        return lines


def story_json(story: Story, row: Row) -> dict[str, Any]:
    """Return a story and the data it is told from."""
    return {"told": asdict(story), "partnership": dict(row)}
