"""One figure: what a chart draws, the same as a table, and the same as a file."""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.words import Language, Words


@dataclass(frozen=True)
class Figure:
    """What a chart shows.

    Attributes:
        title: The question it answers.
        sub: What is drawn, in which unit, over which runs.
        option: What ECharts draws. `{"$number": {"digits": 1, "unit": "%", "sign": True, "times": 100}}` stands for a
            function that writes a number in the form of the language.
        head: Heads of the columns of the table.
        rows: Its cells: texts, and numbers as they are.
        summary: What a reader who cannot see the figure should know.
        file: Name of the files, without ending.
        note: What must be known to read it rightly.
        height: Pixels.
        width: Least width in pixels; on a narrower screen it is moved sideways.
        about: Name of an outcome that is explained on a click.
        digits: Decimals of the numbers in the table.
    """

    title: str
    sub: str
    option: Mapping[str, Any]
    head: Sequence[str]
    rows: Sequence[Sequence[str | float]]
    summary: str
    file: str
    note: str = ""
    height: int = 320
    width: int = 0
    about: str = ""
    digits: int = 1


def attempted(draw: Callable[[], Figure | None], words: Words) -> Figure | None:
    """Return a figure; one that breaks is a card that says so, and takes nothing else along."""
    try:
        return draw()
    except Exception as bug:  # any: the rest of the page is still right
        logging.getLogger(__name__).exception("a figure cannot be drawn")
        told = words("explore.broken.told", error=type(bug).__name__, message=str(bug))
        return Figure(words("explore.broken.title"), told, {}, (), (), told, "broken", height=0)


def written(figure: Figure, words: Words) -> list[list[str]]:
    """Return the cells of the table of a figure as people read them."""
    return [[one if isinstance(one, str) else words.number(one, figure.digits) for one in row] for row in figure.rows]


def csv_text(figure: Figure, language: Language) -> str:
    """Return the table of a figure as CSV: for a Dutch Excel with semicolons and decimal commas."""
    dutch = language is Language.NL
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if dutch else ",", lineterminator="\r\n")
    writer.writerow(figure.head)
    for row in figure.rows:
        cells = ["" if isinstance(one, float) and math.isnan(one) else one for one in row]
        writer.writerow([str(one).replace(".", ",") if dutch and isinstance(one, float) else one for one in cells])
    return text.getvalue()
