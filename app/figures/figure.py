"""One figure: what a chart draws, the same as a table, and the same as a file."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
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
    about: str = ""
    digits: int = 1


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
