"""The evidence for people: a list of all that was reported, and one row with its target and what cites it."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

import scenarios
from agents.errors import InputError
from agents.parameters import parameter_table
from app.words import Words
from calibration.evidence import PUBLIC, Evidence, Reported, cited, load_evidence, load_public_facts
from calibration.held_back import held_back_targets, load_held_back
from calibration.targets import Target, calibration_targets, citations

INPUTS = Path(scenarios.__file__).parent


@cache
def all_rows() -> Mapping[str, Reported]:
    """Return every row by what cites it: the reports, the public facts, and then what is kept for validation."""
    public = {PUBLIC + id: fact for id, fact in load_public_facts().items()}
    return {**load_evidence(), **public, **load_held_back()}


def find_row(id: str) -> tuple[str, Reported]:
    """Return a row and what cites it.

    Raises:
        InputError: If there is none, with the nearest ids.
    """
    rows = all_rows()
    if id in rows:
        return id, rows[id]
    near = difflib.get_close_matches(id, rows, n=3) or [other for other in rows if id and id in other][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else "an id that `pps evidence` lists"
    raise InputError(f"unknown evidence {id!r}", "evidence", hint)


@cache
def targets_of(citation: str) -> tuple[Target, ...]:
    """Return the targets that cite a row."""
    both = (*calibration_targets(), *held_back_targets())
    return tuple(target for target in both if citation in citations(target.evidence))


def cited_by(citation: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parameters and the input files that cite a row."""
    parameters = tuple(row.name for row in parameter_table().values() if citation in cited(row.source))
    return parameters, tuple(name for name, sources in _inputs().items() if citation in sources)


@cache
def _inputs() -> Mapping[str, frozenset[str]]:
    """Return the citations in each input file, by its path within the folder of scenarios."""
    found = {}
    for path in sorted(INPUTS.rglob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            citations_ = {citation for row in csv.DictReader(file) for citation in cited(row["source"])}
        found[path.relative_to(INPUTS).as_posix()] = frozenset(citations_)
    return found


def evidence_table(words: Words) -> Table:
    """Return the list of all rows: where and when, the number, what it may be used for, and what it is."""
    table = Table.grid()
    for citation, row in all_rows().items():
        line = words(
            "evidence.line",
            region=row.region,
            period=row.period,
            value=f"{row.value:g}",
            unit=row.unit,
            role=words(f"role.{row.role}"),
        )
        used = ", ".join(target.id for target in targets_of(citation))
        line += words("evidence.used", targets=used) if used else ""
        table.add_row(Text(citation, style="bold cyan"))
        table.add_row(Padding(f"{line}\n{row.quantity}", (0, 0, 0, 2)))
    return table


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(ratio=1)
    return table


def evidence_page(citation: str, row: Reported, words: Words) -> Table:
    """Return all there is to know of one row."""
    table = _grid()
    table.add_row(words("evidence.id"), Text(citation, style="bold"))
    table.add_row(words("evidence.quantity"), row.quantity)
    table.add_row(words("evidence.value"), f"{row.value:g} {row.unit}")
    table.add_row(words("evidence.about"), f"{row.region}, {row.period}")
    if isinstance(row, Evidence):
        table.add_row(words("evidence.quote"), Text(f"“{row.quote}”", style="italic"))
        table.add_row(words("evidence.source"), words("parameters.report", report=row.report, section=row.section))
    else:
        source = words("parameters.report", report=row.source_title, section=row.source_address)
        table.add_row(words("evidence.source"), source)
    if row.note:
        table.add_row(words("evidence.note"), row.note)
    table.add_row(words("evidence.role"), words(f"role.{row.role}"))
    for number, lines in enumerate(_uses(citation, row, words)):
        table.add_row(words("evidence.target") if number == 0 else "", Text("\n").join(lines))
    for key, names in zip(("evidence.parameters", "evidence.inputs"), cited_by(citation), strict=True):
        if names:
            table.add_row(words(key), ", ".join(names))
    return table


def _uses(citation: str, row: Reported, words: Words) -> Iterator[list[Text]]:
    """Yield each target in a few lines, or why there is none."""
    for target in targets_of(citation):
        yield _target(target, words)
    if row.no_target:
        yield [Text(words("evidence.no_target", why=words(f"no_target.{row.no_target}")))]


def _target(target: Target, words: Words) -> list[Text]:
    arguments = ", ".join(f"{name}={_plain(value)}" for name, value in target.arguments.items())
    operator = f"{target.operator}({arguments})"
    looked = words("evidence.observed_by", operator=operator, when=target.when, pack=target.pack)
    interval = words(
        "evidence.interval", value=f"{target.observed:g}", tolerance=f"{target.tolerance:g}", unit=target.unit
    )
    title = words("evidence.of_pattern", id=target.id, pattern=target.pattern)
    return [Text(title, style="bold"), Text(looked), Text(interval), Text(target.why, style="dim")]


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def evidence_list_json() -> list[dict[str, Any]]:
    """Return all rows as data, each with the ids of its targets."""
    return [
        {
            "id": citation,
            "region": row.region,
            "period": row.period,
            "quantity": row.quantity,
            "value": row.value,
            "unit": row.unit,
            "role": row.role,
            "targets": [target.id for target in targets_of(citation)],
            "no_target": row.no_target,
        }
        for citation, row in all_rows().items()
    ]


def evidence_json(citation: str, row: Reported) -> dict[str, Any]:
    """Return one row as data, with its targets and what cites it."""
    parameters, inputs = cited_by(citation)
    targets = [vars(target) | {"arguments": dict(target.arguments)} for target in targets_of(citation)]
    return asdict(row) | {"id": citation, "targets": targets, "parameters": parameters, "inputs": inputs}
