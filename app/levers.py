"""The policies as something to set by hand: six families, each setting with its unit, its bounds and a control."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from app.glossary import parts
from app.scenarios import all_named, flow, source_words, unit_words
from app.words import Words
from scenarios.policies import FAMILIES, policy_kinds, policy_texts
from scenarios.policy import Policy
from scenarios.scenario import LATEST

type Cells = dict[str, Any]

BUDGET = (50_000, 5_000_000, 50_000)
"""Least, most and step of the slider of a yearly budget; one stop further it has no limit."""
FIRST_YEAR, LAST_YEAR = 2027, int(LATEST[:4]) - 1
"""Years in which a policy can start on the page; a scenario file can say any quarter."""
STEPS = 20
"""Stops of a slider for a fraction of which nothing else is said."""


def levers(words: Words) -> list[Cells]:
    """Return all kinds of policies by family, each with what it is for and its controls; of no scenario."""
    return [
        {
            "id": _family(module),
            "title": words(f"explore.family.{_family(module)}"),
            "policies": [
                _policy(kind, words) for kind in policy_kinds().values() if kind.__module__ == module.__name__
            ],
        }
        for module in FAMILIES
    ]


def presets(words: Words) -> list[Cells]:
    """Return the named scenarios to begin with, in their groups."""
    named = all_named()
    return [
        {
            "group": words(f"scenario.group.{group}"),
            "scenarios": [
                {
                    "name": asked.scenario.name,
                    "title": words.pick(asked.scenario, "title"),
                    "purpose": words.pick(asked.scenario, "purpose"),
                }
                for asked in named
                if asked.group == group
            ],
        }
        for group in dict.fromkeys(asked.group for asked in named)
    ]


def _family(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _policy(kind: type[Policy], words: Words) -> Cells:
    texts = policy_texts()[kind.kind]
    first = kind.model_validate({"name": kind.kind})
    return {
        "kind": kind.kind,
        "title": words.pick(texts, "title"),
        "purpose": words.pick(texts, "purpose"),
        "background": parts(flow(words.pick(texts, "background")), words.language),
        "source": source_words(first, words),
        "conflicts": sorted(kind.conflicts),
        "staff": _staff(first, words),
        "controls": list(controls(kind, words)),
    }


def controls(kind: type[Policy], words: Words) -> Iterator[Cells]:
    """Yield a control for each setting of a kind: its budget first, its own settings, then start and payer."""
    fields = policy_texts()[kind.kind].get("fields", {})
    if spends(kind):
        yield _budget(kind, words)
    for name, field in kind.model_fields.items():
        if name not in Policy.model_fields:
            yield {"name": name, "label": fields[name][str(words.language)], **_control(field, fields[name], words)}
    yield {
        "name": "starts",
        "label": words("explore.setting.starts"),
        "control": "choice",
        "options": [{"value": f"{year}-Q1", "text": str(year)} for year in range(FIRST_YEAR, LAST_YEAR + 1)],
    }
    if spends(kind):
        payers = ("province", "rijk")
        options = [{"value": payer, "text": words(f"scenario.payer_is.{payer}")} for payer in payers]
        yield {
            "name": "payer",
            "label": words("scenario.row.payer"),
            "control": "choice",
            "options": options,
        }


def _staff(policy: Policy, words: Words) -> str:
    """Return what the payer's own people for it cost; nothing if it takes none."""
    euros = policy.staff_euro_year
    return words("scenario.staff_is", euros=words.euros(euros)) if euros else ""


def spends(kind: type[Policy]) -> bool:
    """Say whether a kind pays anything itself; the others change the rules of money that is there."""
    fields = policy_texts()[kind.kind].get("fields", {})
    priced = any(field["unit"].startswith(("euro", "fte")) for field in fields.values())
    return priced or bool(kind.model_fields["staff_euro_year"].default)


def _budget(kind: type[Policy], words: Words) -> Cells:
    """Return the slider of a budget, which starts where it pays its own staff."""
    least, most, step = BUDGET
    staff = kind.model_fields["staff_euro_year"].default
    return {
        "name": "budget_euro_year",
        "label": words("explore.setting.budget"),
        "control": "slider",
        "low": max(least, step * math.ceil(staff / step)),
        "high": most,
        "step": step,
        "times": 1.0,
        "unit": unit_words("euro/year", words),
        "none": words("scenario.unlimited"),
    }


def _control(field: FieldInfo, text: Mapping[str, Any], words: Words) -> Cells:
    """Return how a setting is chosen: on or off, one of some words, several of them, or a number on a slider."""
    annotation = getattr(field.annotation, "__value__", field.annotation)
    if annotation is bool:
        return {"control": "switch"}
    if get_origin(annotation) is Literal:
        return {"control": "choice", "options": [_option(value, words) for value in get_args(annotation)]}
    if get_origin(annotation) is tuple:
        return {"control": "several", "options": [_option(value, words) for value in get_args(get_args(annotation)[0])]}
    low, high, step = slider(field, text)
    times = 100.0 if text["unit"].startswith("share") else 1.0
    unit = unit_text(text["unit"], words)
    return {"control": "slider", "low": low, "high": high, "step": step, "times": times, "unit": unit}


def unit_text(unit: str, words: Words) -> str:
    """Return what stands behind a number: a share as a percentage, and nothing for a number from 0 to 1."""
    if unit == "0-1":
        return ""
    parts = ("%" if part == "share" else unit_words(part, words) for part in unit.split("/"))
    return words("scenario.per").join(parts)


def slider(field: FieldInfo, text: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the ends and the step of a slider: what the texts say, or all that is allowed.

    Args:
        field: What pydantic knows of it.
        text: What the file of texts says of it.
    """
    if "slider" in text:
        low, high, step = text["slider"]
        return low, high, step
    low, high = (next(getattr(each, end) for each in field.metadata if hasattr(each, end)) for end in ("ge", "le"))
    return low, high, 1 if field.annotation is int else (high - low) / STEPS


def _option(value: str, words: Words) -> Cells:
    """Return a word of the model with what it means."""
    for family in ("position", "scenario.word", "scheme"):
        if text := words.texts.get(f"{family}.{value}"):
            return {"value": value, "text": text}
    return {"value": value, "text": value}
