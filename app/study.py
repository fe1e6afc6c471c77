"""The page of a study over many runs: an answer, what it rests on, and how to make it again, in one file."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from app.html import fill, write
from app.words import Words
from experiments.identity import versions

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
class Study:
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


def write_study(study: Study, path: Path, words: Words) -> Path:
    """Write the page and return its path.

    Raises:
        InputError: If it cannot be written.
    """
    return write(render(study, words), path)


def render(study: Study, words: Words) -> str:
    """Return the page as text."""
    return fill(
        TEMPLATE,
        words,
        title=study.title,
        setting=study.setting,
        answers=list(study.answers),
        cautions=list(study.cautions),
        sections=[_section(one) for one in study.sections],
        never=[text for key, text in words.texts.items() if key.startswith("validate.never.")],
        again=list(_again(study, words)),
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
    return {**vars(section), "charts": [(caption, Markup(chart)) for caption, chart in section.charts]}


def _again(study: Study, words: Words) -> Iterator[tuple[str, str, bool]]:
    yield words("compare_page.again.command"), shlex.join(study.command), True
    for what, told in study.again:
        yield what, told, False
    for key in DIGESTS:
        if key in study.digests:
            yield words(f"compare_page.digest.{key}"), str(study.digests[key]), True
    told = ", ".join(f"{name} {each}" for name, each in versions().items())
    yield words("compare_page.again.versions"), told, False
