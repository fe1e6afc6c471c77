"""The outcomes table: definition, unit, direction and Dutch and English label of everything that is measured."""

from __future__ import annotations

import csv
import difflib
import reprlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agents.errors import InputError

TABLE = Path(__file__).with_name("outcomes.csv")
DIRECTIONS = ("more", "less", "neither")


@dataclass(frozen=True)
class Outcome:
    """One outcome.

    Attributes:
        name: Its name in the results.
        unit: Unit, such as PPS, students/year or euro.
        direction: Whether more or less is better, or neither.
        level: `stock` (state at the end of the quarter), `flow` (in the quarter) or `sum` (since the start).
        label_nl: Short Dutch label.
        label_en: Short English label.
        meaning_nl: Definition in Dutch.
        meaning_en: Definition in English.
    """

    name: str
    unit: str
    direction: str
    level: str
    label_nl: str
    label_en: str
    meaning_nl: str
    meaning_en: str

    def label(self, language: str) -> str:
        """Return the label in `nl` or `en`."""
        return self.label_nl if language == "nl" else self.label_en


@cache
def outcome_table() -> dict[str, Outcome]:
    """Return all outcomes by name, in the order of the file."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Outcome(**row) for row in csv.DictReader(file)}


def find_outcome(name: str, where: str) -> Outcome:
    """Return an outcome by name.

    Raises:
        InputError: If there is none.
    """
    table = outcome_table()
    if name not in table:
        near = difflib.get_close_matches(name[:60], table, n=1)
        hint = f"did you mean {near[0]}?" if near else "an outcome, as `pps run --json` names them"
        raise InputError(f"unknown outcome {reprlib.repr(name)}", where, hint)
    return table[name]


OUTCOMES: tuple[str, ...] = tuple(outcome_table())
