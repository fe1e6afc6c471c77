"""A study over many runs, for people: an answer, what it rests on, and how to make it again; printed, or as a page."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from agents.parameters import table_digest
from app.tables import table_of
from app.words import Words
from experiments.identity import code_digest, versions
from experiments.studies import Study

TEMPLATE = "study.html"
DIGESTS = ("region", "national", "parameter_table", "code")


@dataclass(frozen=True)
class Glyph:
    """An interval as it is drawn: places from 0 to 100 from left to right."""

    zero: float
    low: float
    high: float
    dot: float


@dataclass(frozen=True)
class Row:
    """A row of a table: the first cell is what it is about; one that is not sure is written in grey."""

    cells: Sequence[str]
    sure: bool = True
    glyph: Glyph | None = None


@dataclass(frozen=True)
class Section:
    """A part of the page: text, points, a table and charts, as far as they are there.

    Attributes:
        title: What it is about.
        lines: Paragraphs above the table.
        points: A list above the table.
        heads: Heads of the table.
        drawn: Head of the column with what is drawn; empty if nothing is.
        rows: Rows of the table.
        note: What the columns mean.
        charts: Charts as SVG, each with its caption.
    """

    title: str
    lines: Sequence[str] = ()
    points: Sequence[str] = ()
    heads: Sequence[str] = ()
    drawn: str = ""
    rows: Sequence[Row] = ()
    note: str = ""
    charts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Page:
    """What a page tells.

    Attributes:
        setting: Region and period, in one line.
        title: What was asked.
        answers: What came out, in sentences.
        cautions: What makes the numbers less sure than they look.
        sections: The parts.
        command: What makes the page again.
        again: What else somebody needs for that, as pairs of name and value.
        digests: Hashes of what it was made from, by name.
    """

    setting: str
    title: str
    answers: Sequence[str]
    cautions: Sequence[str]
    sections: Sequence[Section]
    command: Sequence[str]
    again: Sequence[tuple[str, str]]
    digests: Mapping[str, str]


def study_page(
    study: Study,
    setting: str,
    answers: Iterator[str],
    cautions: Iterator[str],
    sections: Iterator[Section],
    sources: str,
    command: Sequence[str],
    words: Words,
) -> Page:
    """Return what a planned study tells.

    Args:
        study: What was run.
        setting: As in `Page`; and so `answers`, `cautions`, `sections` and `command`.
        answers: What came out.
        cautions: What makes it less sure.
        sections: The parts.
        sources: Where the method comes from.
        command: What makes it again.
        words: The language.
    """
    asked = study.batch.setting
    return Page(
        setting=setting,
        title=words.pick(study.plan, "title"),
        answers=list(answers),
        cautions=list(cautions),
        sections=list(sections),
        command=command,
        again=[(words("sensitivity.plan"), study.batch.digest), (words("replicates.method"), sources)],
        digests={
            "region": asked.pack.digest,
            "national": asked.national.digest,
            "parameter_table": table_digest(),
            "code": code_digest(),
        },
    )


def tables(page: Page, most: int) -> Iterator[tuple[str, Table]]:
    """Yield the tables with their headings.

    Args:
        page: What is told.
        most: Rows of each that are shown.
    """
    for one in page.sections:
        if one.heads:
            yield one.title, table_of(one.heads, [(row.cells, row.sure) for row in one.rows[:most]])


def points(page: Page) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the lists with their headings."""
    for one in page.sections:
        if one.points:
            yield one.title, one.points


def write_study(page: Page, path: Path, words: Words) -> Path:
    """Write the page and return its path.

    Raises:
        InputError: If it cannot be written.
    """
    from app.html import write

    return write(render(page, words), path)


def render(page: Page, words: Words) -> str:
    """Return the page as text."""
    from app.html import fill

    return fill(
        TEMPLATE,
        words,
        title=page.title,
        setting=page.setting,
        answers=list(page.answers),
        cautions=list(page.cautions),
        sections=[_section(one) for one in page.sections],
        never=[text for key, text in words.texts.items() if key.startswith("validate.never.")],
        again=list(_again(page, words)),
    )


def glyphs(values: Sequence[tuple[float, float, float]]) -> list[Glyph | None]:
    """Return how numbers with their intervals are drawn on one scale, zero always on it; None where one is unknown.

    Args:
        values: Each number with the low and the high end of its interval.
    """
    ends = [0.0, *(each for value in values for each in value if math.isfinite(each))]
    low, size = min(ends), (max(ends) - min(ends)) or 1.0

    def place(value: float) -> float:
        return round(2.0 + 96.0 * (value - low) / size, 2)

    return [
        Glyph(place(0.0), place(start), place(end), place(value))
        if all(map(math.isfinite, (value, start, end)))
        else None
        for value, start, end in values
    ]


def _section(section: Section) -> dict[str, Any]:
    from markupsafe import Markup

    return {**vars(section), "charts": [(caption, Markup(chart)) for caption, chart in section.charts]}


def _again(page: Page, words: Words) -> Iterator[tuple[str, str, bool]]:
    yield words("compare_page.again.command"), shlex.join(page.command), True
    for what, told in page.again:
        yield what, told, False
    for key in DIGESTS:
        if key in page.digests:
            yield words(f"compare_page.digest.{key}"), str(page.digests[key]), True
    told = ", ".join(f"{name} {each}" for name, each in versions().items())
    yield words("compare_page.again.versions"), told, False
