"""What the command line shows of a comparison: tables for people, and the same as JSON and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from app.measures import plain
from app.tables import new_table
from app.words import Words
from experiments.comparison import Asked, Comparison, Cost, Difference
from experiments.mechanisms import mechanisms
from experiments.why import Why
from scenarios.policies import policy_texts
from sim.outcomes import outcome_table

SHOWN: Mapping[str, tuple[str, ...]] = {
    "networks": ("networks_alive", "networks_sustained", "network_years_after_subsidy", "valley_share", "regie_fte"),
    "partnerships": ("pps_started", "pps_active", "pps_independent", "learning_communities"),
    "reach": ("students_direct", "reach_share", "llo_participants"),
    "partners": ("companies_unique", "mkb_reached_share", "largest_employers_in_pps", "pps_with_hbo"),
    "money": ("public_euros", "euros_policy"),
}
"""The outcomes that the table of differences shows; JSON and CSV hold all of them."""
CARRIED = ("networks_alive", "network_years_after_subsidy", "students_direct", "mkb_reached_share")
"""The outcomes of which the table shows what a mechanism carries."""
WIDE = 100
"""Columns from which there is room for a column with units, and for both means."""
COUNTED = ("PPS", "networks", "network-years", "firms")
"""Units that the label of an outcome says already."""
EXAMPLES = 2
MOST_DIGITS = 3
_SCALE = {"share": 100.0, "euro": 1e-6, "euro/network-year": 1e-3}
"""By what a value is multiplied to have the unit that people read: percentage points, millions, thousands."""


def parts(found: Comparison, width: int, words: Words) -> Iterator[Table | Text | str]:
    """Yield all that is printed, with an empty line between the parts.

    Args:
        found: What is shown.
        width: Columns of the terminal.
        words: The language.
    """
    title, *rest = heading(found, words)
    yield Text(title, style="bold")
    yield "\n".join([*rest, ""])
    for scenario in found.scenarios:
        yield Text(words.pick(scenario, "title"), style="bold")
        yield differences_table(found, scenario, width, words)
    yield "\n".join(["", *notes(found, words), ""])
    yield Text(words("compare.cost_title"), style="bold")
    yield "\n".join([*cost_lines(found, words), ""])
    for scenario in found.scenarios:
        yield Text(words("compare.paid.title", scenario=words.pick(scenario, "title")), style="bold")
        yield paid_table(found, scenario, words)
        yield ""
    if found.spent:
        yield Text(words("compare.spent.title"), style="bold")
        yield spent_table(found, words)
        yield ""
    if found.why:
        for scenario in found.scenarios:
            yield Text(words("compare.why.title", scenario=words.pick(scenario, "title")), style="bold")
            yield why_table(found, scenario, words)
    if found.carried:
        yield Text(words("compare.carried.title"), style="bold")
        yield carried_table(found, words)
        yield ""


def heading(found: Comparison, words: Words) -> list[str]:
    """Return what is compared with what, in how many pairs, and what the parameters are."""
    about, titles = found.about, [words.pick(one, "title") for one in found.scenarios]
    least = min(found.pairs.values())
    first, last = about["seed"], about["seed"] + found.replicates - 1
    key = "drawn" if found.unit == "draws" else "one_draw"
    lines = [
        words("compare.title", baseline=words.pick(found.baseline, "title"), scenarios=words.among(titles)),
        words(
            "compare.period",
            region=words.pick(about["region"], "title"),
            start=about["start"],
            until=about["until"],
            pairs=words.count("compare.pairs", least),
            first=first,
            last=last,
        ),
        words(f"compare.parameters.{key}"),
    ]
    if about["scale"] < 1.0:
        lines.append(words("run.scale", share=words.percent(about["scale"])))
    if dropped := found.replicates - least:
        lines.append(words.count("compare.dropped", dropped))
    return lines


# ── differences ─────────────────────────────────────────────────────────────────────────────────────
def differences_table(found: Comparison, scenario: Asked, width: int, words: Words) -> Table:
    """Return the differences of one scenario, those that count most for the valley first."""
    table, wide = new_table(), width >= WIDE
    table.add_column(words("compare.column.outcome"), ratio=1)
    for key in ("difference", "interval"):
        table.add_column(words(f"compare.column.{key}"), justify="right", no_wrap=True)
    if wide:
        table.add_column(words("compare.column.unit"), no_wrap=True)
    table.add_column(words("compare.column.share_better"), justify="right", no_wrap=True)
    table.add_column(words("compare.column.reading"), no_wrap=True)
    if wide:
        table.add_column(words("compare.column.from_to"), justify="right", no_wrap=True)
    for group, names in SHOWN.items():
        table.add_row(Text(words(f"group.{group}" if group != "money" else "compare.money"), style="bold cyan"))
        for name in names:
            one = found.difference(scenario.name, name)
            table.add_row(*_cells(one, words, wide), style="" if one.shown else "dim")
        table.add_section()
    return table


def _cells(one: Difference, words: Words, wide: bool) -> Iterator[str]:
    difference, low, high = figures((one.difference, one.low, one.high), one.unit, words, signed=True)
    label, unit = words.pick(outcome_table()[one.outcome], "label"), words(f"compare.units.{one.unit}")
    yield f"  {label}" if wide or one.unit in COUNTED else f"  {label} ({unit})"
    yield difference
    yield _between(low, high, one.low)
    if wide:
        yield unit
    yield words.percent(one.share_better) if math.isfinite(one.share_better) else ""
    yield words(f"compare.reading.{reading(one)}")
    if wide:
        before, after = figures((one.baseline, one.value), one.unit, words)
        yield words("compare.arrow", before=before, after=after)


def reading(one: Difference) -> str:
    """Return what a difference says, as the key of a text: `better`, `worse`, `more`, `less` or `not_shown`."""
    if not one.shown:
        return "same" if one.share_equal == 1.0 else "not_shown"
    if one.better is None:
        return "more" if one.difference > 0 else "less"
    return "better" if one.better else "worse"


def figures(values: Sequence[float], unit: str, words: Words, signed: bool = False) -> list[str]:
    """Return values in the unit that people read, with as many decimals as the largest needs for two figures.

    None that is not zero is shown as zero, if a few more decimals prevent that: it may be the end of an interval.

    Args:
        values: What belongs together, such as a difference and the ends of its interval.
        unit: Unit of the outcome.
        words: The language.
        signed: Whether more than zero gets a plus sign.
    """
    scaled = [value * _SCALE.get(unit, 1.0) for value in values]
    most = max((abs(value) for value in scaled if math.isfinite(value)), default=0.0)
    digits = min(MOST_DIGITS, max(0, 1 - math.floor(math.log10(most)))) if most > 0 else 0
    while digits < MOST_DIGITS and any(value and math.isfinite(value) and not round(value, digits) for value in scaled):
        digits += 1
    texts = [words.number(value, digits) for value in scaled]
    return [f"+{text}" if signed and value > 0 else text for text, value in zip(texts, scaled, strict=True)]


def _between(low: str, high: str, value: float) -> str:
    return f"{low} … {high}" if math.isfinite(value) else "–"


def notes(found: Comparison, words: Words) -> list[str]:
    """Return what the columns of the table of differences mean, and how much pairing brought."""
    factors = [
        one.variance_factor
        for one in found.differences
        if one.outcome == "network_years_after_subsidy" and math.isfinite(one.variance_factor)
    ]
    lines = [words("compare.columns_mean"), words("compare.no_effect_means")]
    if factors:
        lines.append(words("compare.pairing", factor=words.number(min(factors), 1)))
    return lines


# ── money ───────────────────────────────────────────────────────────────────────────────────────────
def cost_lines(found: Comparison, words: Words) -> list[str]:
    """Return a sentence for every scenario on what an extra network-year costs in public money."""
    titles = {one.name: words.pick(one, "title") for one in found.scenarios}
    return [_cost_line(one, titles[one.scenario], words) for one in found.costs]


def _cost_line(one: Cost, title: str, words: Words) -> str:
    return words(
        f"compare.cost.{one.verdict}",
        scenario=title,
        euros=words.euros(abs(one.euros)),
        years=words.number(abs(one.network_years), 1),
        ratio=words.euros(one.ratio) if one.verdict == "price" else "",
        low=words.euros(one.low) if one.verdict == "price" else "",
        high=words.euros(one.high) if one.verdict == "price" else "",
    )


def paid_table(found: Comparison, scenario: Asked, words: Words) -> Table:
    """Return who pays more and who less under a scenario, in thousands of euros a year."""
    table = new_table()
    table.add_column(words("compare.column.group"), ratio=1)
    for key in ("difference", "interval"):
        table.add_column(words(f"compare.column.{key}"), justify="right", no_wrap=True)
    table.add_column(words("compare.column.from_to"), justify="right", no_wrap=True)
    for one in found.paid:
        if one.scenario != scenario.name:
            continue
        change, low, high, before, after = (
            words.number(value / 1e3) for value in (one.difference, one.low, one.high, one.baseline, one.value)
        )
        group = words.texts.get(f"compare.payer.{one.group}", one.group)
        name = words("compare.paid.in_kind", group=group) if one.in_kind else group
        sign = "+" if one.difference >= 500 else ""
        shown = one.low > 0 or one.high < 0
        row = (name, sign + change, _between(low, high, one.low), words("compare.arrow", before=before, after=after))
        table.add_row(*row, style="" if shown else "dim")
    return table


def spent_table(found: Comparison, words: Words) -> Table:
    """Return what policies cost a year, in thousands of euros, and how many went without."""
    table = new_table()
    table.add_column(words("compare.column.policy"), ratio=1)
    for key in ("spent", "budget", "helped", "without", "years_short"):
        table.add_column(words(f"compare.column.{key}"), justify="right")
    payers = {"rijk": words("compare.payer.rijk"), **found.about["region"]["provinces"]}
    for scenario in (found.baseline, *found.scenarios):
        rows = [one for one in found.spent if one.scenario == scenario.name]
        if rows:
            table.add_row(Text(words.pick(scenario, "title"), style="bold cyan"))
        kinds = {policy["name"]: policy["type"] for policy in scenario.policies}
        for one in rows:
            title = words.pick(policy_texts()[kinds[one.policy]], "title")
            payer = payers.get(one.payer, one.payer)
            limited = math.isfinite(one.budget_euro_year)
            table.add_row(
                words("compare.spent.who", policy=title, payer=payer),
                words.number(one.spent_euro_year / 1e3),
                words.number(one.budget_euro_year / 1e3) if limited else words("compare.spent.unlimited"),
                words.number(one.helped_year, 1),
                words.number(one.without_year, 1),
                words.percent(one.years_short),
            )
    return table


# ── why ─────────────────────────────────────────────────────────────────────────────────────────────
def why_table(found: Comparison, scenario: Asked, words: Words) -> Table:
    """Return which mechanisms made networks live in a scenario or die in it."""
    table = new_table()
    table.add_column(words("compare.column.mechanism"), ratio=3)
    table.add_column(words("compare.column.per_pair"), justify="right", no_wrap=True)
    table.add_column(words("compare.column.share"), justify="right", no_wrap=True)
    table.add_column(words("compare.column.examples"), ratio=2)
    for side in ("lives", "dies"):
        rows = [one for one in found.why if (one.scenario, one.side) == (scenario.name, side)]
        total = words.number(sum(one.per_pair for one in rows), 1)
        table.add_row(Text(words(f"compare.side.{side}", total=total), style="bold cyan"))
        for one in rows:
            table.add_row(*_why_cells(one, words))
        table.add_section()
    return table


def _why_cells(one: Why, words: Words) -> Iterator[str]:
    text = words(f"compare.mechanism.{one.mechanism}")
    if one.mechanism == "several_conditions":
        among = [words(f"compare.condition.{name}") for name, _ in one.conditions]
        text = words("compare.why.several", text=text, conditions=words.among(among))
    yield f"  {text}"
    yield words.number(one.per_pair, 1 if one.per_pair >= 1 else 2)
    yield words.percent(one.share)
    yield ", ".join(example.name for example in one.examples[:EXAMPLES])


def carried_table(found: Comparison, words: Words) -> Table:
    """Return which part of an effect is left without a mechanism."""
    table = new_table()
    table.add_column(words("compare.column.outcome"), ratio=1)
    for key in ("with", "left", "carried", "interval"):
        table.add_column(words(f"compare.column.{key}"), justify="right", no_wrap=True)
    titles = {one.name: words.pick(one, "title") for one in found.scenarios}
    headed: tuple[str, str] | None = None
    for one in found.carried:
        if one.outcome not in CARRIED:
            continue
        if headed != (headed := (one.mechanism, one.scenario)):
            title = words.pick(mechanisms()[one.mechanism], "title")
            text = words("compare.carried.group", mechanism=title, scenario=titles[one.scenario])
            table.add_row(Text(text, style="bold cyan"))
        values = (one.difference, one.without, one.carried, one.carried_low, one.carried_high)
        kept, left, carried, low, high = figures(values, one.unit, words, signed=True)
        label = words.pick(outcome_table()[one.outcome], "label")
        table.add_row(f"  {label}", kept, left, carried, _between(low, high, one.carried_low))
    return table


# ── data ────────────────────────────────────────────────────────────────────────────────────────────
def comparison_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison as data: what JSON cannot hold, such as a number that is not defined, is null."""
    about = found.about
    content = {
        "region": about["region"]["name"],
        "start": about["start"],
        "until": about["until"],
        "scale": about["scale"],
        "seed": about["seed"],
        "replicates": found.replicates,
        "parameters": {"source": about["parameters"]["source"], "digest": about["parameters"].get("digest")},
        "pairs": dict(found.pairs),
        "unit": found.unit,
        "baseline": asdict(found.baseline),
        "scenarios": [asdict(one) for one in found.scenarios],
        "differences": difference_rows(found),
        "cost_effectiveness": [asdict(one) for one in found.costs],
        "paid": [asdict(one) for one in found.paid],
        "paid_by_year": [asdict(one) for one in found.paid_by_year],
        "gains": [asdict(one) for one in found.gains],
        "places": [asdict(one) for one in found.places],
        "spent": [asdict(one) for one in found.spent],
        "survival": [asdict(one) for one in found.survival],
        "series": [asdict(one) for one in found.bands],
        "why": [asdict(one) for one in found.why],
        "without": [asdict(one) for one in found.carried],
    }
    return {key: plain(value) for key, value in content.items()}


def difference_rows(found: Comparison) -> list[dict[str, Any]]:
    """Return all differences as flat rows, with whether they are shown."""
    return [{**asdict(one), "shown": one.shown} for one in found.differences]


def comparison_csv(found: Comparison) -> str:
    """Return the differences as a table with a row for each scenario and outcome; what is not defined is empty."""
    rows = [plain(row) for row in difference_rows(found)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
