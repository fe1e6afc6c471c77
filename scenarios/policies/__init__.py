"""The policies that a scenario can switch on, a file per family, and how a table of them becomes objects."""

from __future__ import annotations

import difflib
import re
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.errors import InputError
from scenarios.policies import conditions, firms, regie, region, schools, subsidy
from scenarios.policy import Policy

NAME = re.compile(r"[\w-]{1,60}")
RECOMMENDATIONS = Path(__file__).with_name("recommendations.toml")
FAMILIES = (regie, subsidy, conditions, schools, firms, region)


@cache
def policy_kinds() -> Mapping[str, type[Policy]]:
    """Return the classes of all policies by the name that scenario files use, in alphabetical order."""
    kinds = {
        value.kind: value
        for family in FAMILIES
        for value in vars(family).values()
        if isinstance(value, type) and issubclass(value, Policy) and value.__module__ == family.__name__
    }
    return dict(sorted(kinds.items()))


@cache
def policy_texts() -> Mapping[str, Any]:
    """Return what people read of every kind, in Dutch and English, from the file beside each family."""
    texts: dict[str, Any] = {}
    for family in FAMILIES:
        path = Path(str(family.__file__)).with_suffix(".toml")
        texts |= tomllib.loads(path.read_text(encoding="utf-8"))
    return texts


@dataclass(frozen=True)
class Recommendation:
    """What a report recommends or describes that a policy can do.

    Attributes:
        code: Permanent code, such as `P-P11`.
        what_nl: What it is, in our words, Dutch.
        what_en: What it is, English.
        standing: Whether it is wanted, exists or is under way.
        report: Reports that say so.
        place: Where in these.
    """

    code: str
    what_nl: str
    what_en: str
    standing: str
    report: str
    place: str


@cache
def recommendations() -> Mapping[str, Recommendation]:
    """Return the recommendations that policies rest on, by code."""
    rows = tomllib.loads(RECOMMENDATIONS.read_text(encoding="utf-8"))
    return {code: Recommendation(code, **row) for code, row in rows.items()}


def make_policies(asked: Mapping[str, Any], where: str) -> tuple[Policy, ...]:
    """Return the policies of a scenario, in the order of their names: that of a file does not matter.

    Args:
        asked: What the scenario says of each, by name; `false` leaves one of a parent out.
        where: File that says so, for the message.

    Raises:
        InputError: If a kind or setting is unknown or not allowed, or two policies conflict.
    """
    policies = tuple(_make(name, settings, where) for name, settings in sorted(asked.items()) if settings is not False)
    for one, other in combinations(policies, 2):
        _refuse_conflict(one, other, where)
    return policies


def settings_of(policy: Policy) -> dict[str, Any]:
    """Return what a scenario says of a policy, as `make_policies` takes it."""
    return {key: value for key, value in policy.model_dump().items() if key != "name"}


def _make(name: str, settings: Any, where: str) -> Policy:
    if NAME.fullmatch(name) is None:
        raise InputError(f"policy name {reprlib.repr(name)}", where, "1-60 letters, digits, hyphens and underscores")
    if not isinstance(settings, dict):
        raise InputError(f"policies.{name} is {reprlib.repr(settings)}", where, "a table of settings, or false")
    kind = settings.get("type", name)
    if not isinstance(kind, str) or kind not in policy_kinds():
        near = difflib.get_close_matches(str(kind)[:60], policy_kinds(), n=1)
        hint = f"did you mean {near[0]}?" if near else ", ".join(policy_kinds())
        raise InputError(f"unknown policy {reprlib.repr(kind)}", where, hint)
    given = {key: value for key, value in settings.items() if key != "type"}
    if "name" in given:
        raise InputError(
            f"unknown setting 'name' of policy {name}", where, "its name stands in the heading of its table"
        )
    try:
        return policy_kinds()[kind].model_validate({"name": name, **given})
    except ValidationError as error:
        raise _plain(error, name, policy_kinds()[kind], where) from None


def _plain(error: ValidationError, name: str, kind: type[Policy], where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key[:60], kind.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else ", ".join(sorted(set(kind.model_fields) - {"name"}))
        return InputError(f"unknown setting {reprlib.repr(key)} of policy {name}", where, hint)
    said = first["msg"].replace("Input should be ", "").replace("Value error, ", "")
    if not key:  # two settings together
        what, _, allowed = said.partition("; ")
        return InputError(f"policy {name}: {what}", where, allowed.removesuffix(" is allowed"))
    if first["type"] == "string_pattern_mismatch":
        said = "a quarter such as 2027-Q1"
    return InputError(f"policies.{name}.{key} is {reprlib.repr(first.get('input'))}", where, said)


def _refuse_conflict(one: Policy, other: Policy, where: str) -> None:
    same = one.kind == other.kind
    if not (same or other.kind in one.conflicts or one.kind in other.conflicts) or _apart(one, other):
        return
    last = "9999-Q4"
    if max(one.starts, other.starts) < min(one.ends or last, other.ends or last):
        why = f"policies {one.name} and {other.name} cannot be in force together"
        raise InputError(why, where, "one of them, or periods or provinces that do not overlap")


def _apart(one: Policy, other: Policy) -> bool:
    """Say whether two policies are meant for different provinces, so that neither touches what the other does."""
    return None not in (one.provinces, other.provinces) and not set(one.provinces or ()) & set(other.provinces or ())
