"""Time: steps are quarters, counted from the first one of the run."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.errors import InputError
from scenarios.scenario import LATEST, START

QUARTER = re.compile(r"(\d{4})-Q([1-4])")


def quarter_number(text: str, where: str = "quarter") -> int:
    """Return the absolute number of a quarter such as `2014-Q3` (four times the year plus 0 to 3).

    Raises:
        InputError: If the text is not a quarter.
    """
    match = QUARTER.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{text!r} is not a quarter", where, "a quarter such as 2014-Q3")
    return 4 * int(match[1]) + int(match[2]) - 1


@dataclass(frozen=True)
class Calendar:
    """Turns steps into quarters, school years and years.

    Attributes:
        first: Absolute number of the quarter of step 0.
        last: Absolute number of the last quarter that is simulated.
    """

    first: int
    last: int

    @classmethod
    def between(cls, first: str, last: str) -> Calendar:
        """Make the calendar from one quarter to another, both simulated.

        Raises:
            InputError: If the last comes before the first.
        """
        calendar = cls(quarter_number(first, "from"), quarter_number(last, "until"))
        if calendar.last < calendar.first:
            raise InputError(f"{last} comes before the start of the run", "until", f"{first} or later")
        return calendar

    @property
    def quarters(self) -> int:
        """Number of quarters that are simulated."""
        return self.last - self.first + 1

    def step_of(self, quarter: str) -> int:
        """Return the step of a quarter; negative before the start, beyond `quarters` after the end."""
        return quarter_number(quarter) - self.first

    def year(self, step: int) -> int:
        """Return the calendar year of a step."""
        return (self.first + step) // 4

    def season(self, step: int) -> int:
        """Return the quarter within the year of a step, 1-4."""
        return (self.first + step) % 4 + 1

    def label(self, step: int) -> str:
        """Return the quarter of a step as text, such as `2014-Q3`."""
        return f"{self.year(step)}-Q{self.season(step)}"

    def labels(self) -> list[str]:
        """Return the quarters of all steps as text."""
        return [self.label(step) for step in range(self.quarters)]

    def is_school_start(self, step: int) -> bool:
        """Say whether students are enrolled in this quarter (1 October)."""
        return self.season(step) == 4

    def is_year_start(self, step: int) -> bool:
        """Say whether a budget year starts in this quarter; the first step of a run also starts one."""
        return self.season(step) == 1 or step == 0


def last_quarter(until: str, where: str) -> str:
    """Return the last quarter of a run as it is written in a scenario.

    Raises:
        InputError: If the text is not a quarter, or lies outside what a run can be.
    """
    if not quarter_number(START) <= quarter_number(until, where) <= quarter_number(LATEST):
        raise InputError(f"{until} is outside the run", where, f"{START} to {LATEST}")
    return Calendar.between(until, until).label(0)
