"""The settings that come with the workshop kit, and the measures that a room can switch on."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Preset:
    """A setting of the workshop.

    Attributes:
        id: Its name in links and in the workshop kit.
        scenario: Named scenario that is played.
        region: Region pack.
        start: Quarter that is shown first.
        minutes: How long it takes with the talk that belongs to it.
        title_nl: What it is called, Dutch.
        title_en: The same, English.
        purpose_nl: What to look at, Dutch.
        purpose_en: The same, English.
    """

    id: str
    scenario: str
    region: str
    start: str
    minutes: int
    title_nl: str
    title_en: str
    purpose_nl: str
    purpose_en: str


@cache
def load_presets() -> tuple[Preset, ...]:
    """Return all settings, in the order in which the kit names them."""
    rows = _table()["presets"]
    return tuple(Preset(id=name, **row) for name, row in rows.items())


@cache
def offered_measures() -> tuple[str, ...]:
    """Return the kinds of policies that can be switched on while a run is played."""
    return tuple(_table()["measures"])


def _table() -> dict[str, Any]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
