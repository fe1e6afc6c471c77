"""The parameters for people: a list of all, and one with the evidence behind it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from agents.errors import InputError
from agents.parameters import ParameterRow, parameter_table
from app.words import Words
from calibration.evidence import Evidence, PublicFact, cited, find


def find_parameter(name: str) -> ParameterRow:
    """Return a parameter by name.

    Raises:
        InputError: If there is none, with the nearest names.
    """
    table = parameter_table()
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=3) or [other for other in table if name and name in other][:3]
    hint = f"did you mean {' or '.join(near)}?" if near else "a name that `pps parameters` lists"
    raise InputError(f"unknown parameter {name!r}", "parameters", hint)


def parameters_table(rows: Iterable[ParameterRow], words: Words) -> Table:
    """Return the list of all parameters: name, value, range and status, and below these the meaning."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(ratio=1)
    for row in rows:
        status = words(f"status.{row.status}")
        line = words("parameters.line", value=f"{row.value:g}", unit=row.unit, range=_range(row, words), status=status)
        table.add_row(row.name, f"{line}\n{words.pick(row, 'meaning')}")
    return table


def _range(row: ParameterRow, words: Words) -> str:
    return words("parameters.from_to", low=f"{row.low:g}", high=f"{row.high:g}")


def parameter_page(row: ParameterRow, words: Words) -> Table:
    """Return all there is to know of one parameter."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold cyan", no_wrap=True)
    table.add_column(ratio=1)
    table.add_row(words("parameters.name"), Text(row.name, style="bold"))
    table.add_row(words("parameters.meaning"), words.pick(row, "meaning"))
    table.add_row(words("parameters.value"), f"{row.value:g} {row.unit}")
    table.add_row(words("parameters.range"), _range(row, words))
    table.add_row(words("parameters.status"), words(f"status.{row.status}"))
    for number, lines in enumerate(sources(row, words)):
        table.add_row(words("parameters.source") if number == 0 else "", Text("\n").join(lines))
    return table


def sources(row: ParameterRow, words: Words) -> Iterator[list[Text]]:
    """Yield each source in a few lines."""
    citations = cited(row.source)
    for citation in citations:
        yield _source(citation, find(citation), words)
    if not citations:
        yield [Text(words("parameters.assumption"))]


def _source(citation: str, found: Evidence | PublicFact | None, words: Words) -> list[Text]:
    match found:
        case Evidence():
            quote = [Text(f"“{found.quote}”", style="italic")] if found.quote else []
            report = words("parameters.report", report=found.report, section=found.section)
            return [Text(citation, style="bold"), Text(_measured(found, words)), *quote, Text(report, style="dim")]
        case PublicFact():
            publisher = words("parameters.report", report=found.source_title, section=found.source_address)
            return [Text(citation, style="bold"), Text(_measured(found, words)), Text(publisher, style="dim")]
        case None:
            return [Text(words("parameters.not_loaded", id=citation))]


def _measured(found: Evidence | PublicFact, words: Words) -> str:
    return words(
        "parameters.measured",
        quantity=found.quantity,
        value=f"{found.value:g}",
        unit=found.unit,
        region=found.region,
        period=found.period,
    )


def parameter_json(row: ParameterRow) -> dict[str, Any]:
    """Return one parameter and its evidence as data."""
    found = {citation: find(citation) for citation in cited(row.source)}
    return {**asdict(row), "evidence": {key: asdict(value) if value else None for key, value in found.items()}}
