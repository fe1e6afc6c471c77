"""What is kept for validation: rows and targets that nothing may be fitted to.

Only what validates, compares with rivals or shows the evidence may import this module, and no other module opens
its two files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import ClassVar

from calibration.evidence import PUBLIC, Evidence, PublicFact, Reported, find, load_rows, make_row
from calibration.targets import Target, TargetRow, read_targets

FOLDER = Path(__file__).parent
HELD_BACK = FOLDER / "held_back.csv"


class HeldBackRow(TargetRow):
    """One line of the table of targets that are kept for validation."""

    FILE: ClassVar[str] = "held_back_targets.csv"


@cache
def load_held_back() -> Mapping[str, Reported]:
    """Return the rows kept for validation by what cites them, in the order of the file.

    Raises:
        InputError: If an id stands twice, a value is no number or a role is not `validate`.
    """
    return load_rows(HELD_BACK, ("validate",), _make)


def _make(cells: dict[str, str], value: float) -> Reported:
    if cells["id"].startswith(PUBLIC):
        return make_row(PublicFact, cells | {"id": cells["id"].removeprefix(PUBLIC)}, value)
    return make_row(Evidence, cells, value)


def find_any(citation: str) -> Reported | None:
    """Return the row that a citation names, kept for validation or not; None if there is none."""
    return load_held_back().get(citation) or find(citation)


@cache
def held_back_targets() -> tuple[Target, ...]:
    """Return the targets that are kept for validation, in the order of the file.

    Raises:
        InputError: If the file has a mistake.
    """
    return read_targets(FOLDER, HeldBackRow, "validate", find_any)
