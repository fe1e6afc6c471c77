"""What can be asked: a scenario holds only what differs from its parent."""

from __future__ import annotations

import difflib
import hashlib
import json
import reprlib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError

from agents.errors import InputError
from agents.parameters import make_parameters
from scenarios.policies import make_policies
from scenarios.policy import QUARTER, Policy
from scenarios.versions import check_version

NAMED = Path(__file__).with_name("named")
SCHEMA_VERSION = 1
LARGEST_FILE = 1_000_000  # bytes; a scenario is a page of text
START, LATEST = "2011-Q3", "2035-Q4"
"""A region pack gives the state at the start, so that a run always starts there."""


class Scenario(BaseModel):
    """One question to the model.

    Attributes:
        name: Short name, as on the command line.
        until: Last quarter.
        history: `replay` starts the known partnerships when they did; `emergent` lets all starts come from
            the initiation process.
        history_until: With `replay`, the first quarter in which starts come from the initiation process.
        branch: Which future of the drivers after the last year of history.
        parameters: Values that differ from the parameter table.
        policies: What is done that is not done now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1, max_length=60)
    title_nl: str
    title_en: str
    purpose_nl: str
    purpose_en: str
    until: str = Field(default=LATEST, pattern=QUARTER)
    history: Literal["replay", "emergent"] = "replay"
    history_until: str = Field(default="2018-Q3", pattern=QUARTER)
    branch: Literal["base", "low", "high"] = "base"
    parameters: dict[str, float | int] = Field(default_factory=dict)
    policies: tuple[SerializeAsAny[Policy], ...] = ()

    def digest(self) -> str:
        """Return the SHA-256 of what is asked, whatever the file it came from."""
        text = json.dumps(self.model_dump(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def list_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the project."""
    return tuple(sorted(path.stem for path in NAMED.glob("*.toml")))


def lineage(name_or_file: str) -> tuple[str, ...]:
    """Return what a scenario extends, in its own words and the nearest first.

    Raises:
        InputError: If one of them is unknown or cannot be read.
    """
    parents: list[str] = []
    path = _find(name_or_file, None)
    while isinstance(parent := read_toml(path, "scenario").get("extends"), str) and parent not in parents:
        parents.append(parent)
        path = _find(parent, path)
    return tuple(parents)


def load_scenario(name_or_file: str) -> Scenario:
    """Load a named scenario or a scenario file, with all it inherits.

    Raises:
        InputError: If it is unknown, cannot be read, or says something that is not allowed.
    """
    asked = _with_parents(name_or_file, ())
    where = asked.pop("_file")
    asked["policies"] = make_policies(asked.get("policies", {}), where)
    try:
        scenario = Scenario.model_validate(asked)
    except ValidationError as error:
        raise _plain(error, where) from None
    make_parameters(scenario.parameters, f"{where}, parameters")
    _check_time(scenario, where)
    return scenario


def _check_time(scenario: Scenario, where: str) -> None:
    if not START <= scenario.until <= LATEST:
        raise InputError(f"until is {scenario.until}", where, f"a quarter from {START} to {LATEST}")


def _with_parents(name_or_file: str, below: tuple[str, ...]) -> dict[str, Any]:
    path = _find(name_or_file, Path(below[-1]) if below else None)
    if str(path) in below:
        raise InputError("extends itself in a circle", path.name, "a parent that does not lead back here")
    own = read_toml(path, "scenario")
    check_version(own, SCHEMA_VERSION, path.name)
    parent = own.pop("extends", None)
    if parent is None:
        return {**own, "policies": _table(own, "policies", path.name), "_file": path.name}
    if not isinstance(parent, str):
        raise InputError(f"extends is {reprlib.repr(parent)}", path.name, "the name of a scenario")
    inherited = _with_parents(parent, (*below, str(path)))
    inherited.pop("_file")
    parameters = {**inherited.get("parameters", {}), **_table(own, "parameters", path.name)}
    policies = _together(inherited["policies"], _table(own, "policies", path.name))
    return {**inherited, **own, "parameters": parameters, "policies": policies, "_file": path.name}


def _together(inherited: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the policies of a parent with what its child changes, setting by setting."""
    both = dict(inherited)
    for name, settings in own.items():
        before = both.get(name)
        both[name] = {**before, **settings} if isinstance(before, dict) and isinstance(settings, dict) else settings
    return both


def _table(own: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    table = own.get(key, {})
    if not isinstance(table, dict):
        allowed = "a table of names and numbers" if key == "parameters" else "a table with a table for each policy"
        raise InputError(f"{key} is {reprlib.repr(table)}", where, allowed)
    return table


def _find(name_or_file: str, child: Path | None) -> Path:
    """Return the file of a scenario; a parent is looked for beside the file that extends it."""
    where = child.name if child else "scenario"
    if name_or_file.endswith(".toml"):
        path = child.parent / name_or_file if child else Path(name_or_file)
        if _is_file(path):
            return path
        raise InputError(f"there is no file {reprlib.repr(name_or_file)}", where, "a scenario file (.toml) that exists")
    names = list_scenarios()
    if name_or_file in names:
        return NAMED / f"{name_or_file}.toml"
    near = difflib.get_close_matches(name_or_file[:60], names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    what = f"unknown scenario {reprlib.repr(name_or_file)}"
    raise InputError(what, where, f"{hint}{', '.join(names)}, or a .toml file")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return what stands in a TOML file.

    Args:
        path: The file.
        what: What it should hold, such as a scenario; named if it is too large for that.

    Raises:
        InputError: If it cannot be read, is no TOML or is too large.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise InputError(f"is too large for a {what}", path.name, "a file below 1 MB")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text", path.name, "a TOML file in UTF-8") from None
    except (ValueError, RecursionError) as error:  # tomllib: not TOML, a number or nesting beyond all bounds
        raise InputError(f"is not TOML: {error}", path.name, "a TOML file") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path.name, "a readable file") from None


def _plain(error: ValidationError, where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Scenario.model_fields, n=1)
        allowed = f"did you mean {near[0]}?" if near else ", ".join(Scenario.model_fields)
        return InputError(f"unknown key {reprlib.repr(key)}", where, allowed)
    if first["type"] == "missing":
        return InputError(f"key {reprlib.repr(key)} is missing", where, "extend baseline, or give every key")
    return InputError(
        f"{key} is {reprlib.repr(first.get('input'))}", where, first["msg"].replace("Input should be ", "")
    )
