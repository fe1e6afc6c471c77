"""Differences in outcomes for people: labels, units and numbers with their sign."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.errors import InputError
from app.words import Words
from experiments.evaluations import Difference
from scenarios.policies import policy_texts
from sim.outcomes import Outcome

TIMES = {"share": 100.0, "0-1": 100.0, "euro": 1e-6, "euro/network-year": 1e-3}
"""What a value is multiplied by before it is shown, by unit: points of a hundred, millions, thousands."""


def plain_unit(what: Outcome) -> str:
    """Return the unit of an outcome at the end of a run: a flow is summed over its quarters."""
    return what.unit.removesuffix("/quarter") if what.level == "flow" else what.unit


def unit(what: Outcome, words: Words) -> str:
    """Return in what a difference is shown."""
    name = plain_unit(what)
    return words.texts.get(f"grid.unit.{name}", words.texts.get(f"unit.{name}", name))


def level(value: float, what: Outcome, words: Words) -> str:
    """Return the value of an outcome, the larger the fewer decimals."""
    shown = value * TIMES.get(plain_unit(what), 1.0)
    return words.number(shown, 0 if shown == 0.0 or abs(shown) >= 99.95 else 1 if abs(shown) >= 0.995 else 2)


def change(value: float, what: Outcome, words: Words) -> str:
    """Return a difference with its sign."""
    text = level(value, what, words)
    return f"+{text}" if value > 0.0 and math.isfinite(value) else text


def interval(one: Difference, what: Outcome, words: Words) -> str:
    """Return the ends of an interval; a dash if it cannot be estimated."""
    if not math.isfinite(one.low):
        return "–"
    return words("grid.interval", low=change(one.low, what, words), high=change(one.high, what, words))


def better(value: float, what: Outcome) -> float:
    """Return a difference so that more is better."""
    return -value if what.direction == "less" else value


def policy_title(kind: str, words: Words) -> str:
    """Return what a kind of policy is called."""
    return words.pick(policy_texts()[kind], "title") if kind in policy_texts() else kind


def setting_title(kind: str, setting: str, words: Words) -> str:
    """Return what a setting of a policy is called."""
    field = policy_texts().get(kind, {}).get("fields", {}).get(setting)
    return str(field[words.language]) if field else setting


def value_text(value: Any, words: Words) -> str:
    """Return the value of a setting as people read it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return words.number(value, 0 if float(value).is_integer() else 2)


def number_or_none(value: float) -> float | None:
    """Return a number, or None where JSON has none."""
    return float(value) if math.isfinite(value) else None


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: what is not a number is null."""
    if isinstance(value, float):
        return number_or_none(value)
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def difference_json(one: Difference) -> dict[str, float | bool | None]:
    """Return a difference as data."""
    ends = {key: number_or_none(getattr(one, key)) for key in ("low", "high")}
    return {"difference": number_or_none(one.mean), **ends, "shown": one.shown}


def outcome_json(what: Outcome) -> dict[str, Any]:
    """Return what an outcome is, as data."""
    labels = {"label_nl": what.label_nl, "label_en": what.label_en}
    return {"name": what.name, **labels, "unit": plain_unit(what), "direction": what.direction}


def names(given: str, option: str) -> Sequence[str]:
    """Return names that were given with commas between them.

    Raises:
        InputError: If one is empty or stands there twice.
    """
    found = [name.strip() for name in given.split(",")]
    if not all(found) or len(set(found)) < len(found):
        raise InputError(f"'{given}' names nothing, or something twice", option, "names with commas between them")
    return found
