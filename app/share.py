"""What is on the page in forms to take along, all with its numbers: scenario files, a snippet of Python, a command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.scenarios import toml_key, toml_value
from app.state import BASELINE, State, load_named, scenario_of
from scenarios.policies import policy_kinds, settings_of
from scenarios.policy import Policy
from scenarios.scenario import SCHEMA_VERSION, Scenario

WORLD = ("until", "history", "history_until", "branch")
"""What a scenario says of the world around its policies."""
TEXTS = ("name", "title_nl", "title_en", "purpose_nl", "purpose_en")


@dataclass(frozen=True)
class File:
    """A scenario file.

    Attributes:
        name: Name of the file.
        text: What stands in it.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Shared:
    """The forms of what is on the page.

    Attributes:
        files: Scenarios that do not come with the project; the two others need them.
        python: Gives the comparison in Python; it writes the files itself.
        command: Gives the comparison on the command line, in the folder of the files.
    """

    files: tuple[File, ...]
    python: str
    command: str


def shared(state: State) -> Shared:
    """Return all forms of a state; what is the same as current policy has nothing to compare and is left out."""
    scenarios = [(chosen.base, scenario_of(chosen)) for chosen in state.scenarios]
    asked = [(base, one) for base, one in scenarios if one.name != BASELINE]
    files = tuple(File(f"{one.name}.toml", scenario_file(one, base)) for base, one in asked if one.name != base)
    names = [one.name if one.name == base else f"{one.name}.toml" for base, one in asked]
    return Shared(files, _python(state, names, files), shlex.join(_command(state, names)))


def _command(state: State, names: Sequence[str]) -> list[str]:
    what = ["compare", BASELINE, *names] if names else ["run", BASELINE]
    return ["pps", *what, *(part for key, value in _options(state).items() for part in (f"--{key}", str(value)))]


def _options(state: State) -> dict[str, Any]:
    keys = ("region", "parameters", "seed", "replicates", "scale")
    return {key: getattr(state, key) for key in keys}


def _python(state: State, names: Sequence[str], files: Sequence[File]) -> str:
    """Return a snippet that stands alone."""
    what = ", ".join(map(repr, [BASELINE, *names]))
    options = ", ".join(f"{key}={value!r}" for key, value in _options(state).items())
    lines = [*(["from pathlib import Path", ""] if files else []), "import experiments", ""]
    for file in files:
        text = file.text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        lines += [f'Path({file.name!r}).write_text("""\\', f'{text}""", encoding="utf-8")', ""]
    if not names:
        return "\n".join([*lines, f"run = experiments.run({what}, {options})", "print(run.series)", ""])
    lines += [
        f"found = experiments.compare({what}, {options})",
        "for one in found.differences:",
        "    print(one.scenario, one.outcome, one.difference, one.low, one.high)",
        "",
    ]
    return "\n".join(lines)


# ── a scenario as a file ────────────────────────────────────────────────────────────────────────────────
def scenario_file(scenario: Scenario, base: str) -> str:
    """Return a scenario as a file, with no more than what differs from the one that it extends.

    Args:
        scenario: The scenario.
        base: Name of the scenario that it extends, if a file can say how it differs: TOML has no word for nothing, so
            that a file cannot take away a limit. Then it extends current policy.
    """
    parent = load_named(base)
    if any(value is None for policy in scenario.policies for value in _new(policy, parent).values()):
        parent = load_named(BASELINE)
    lines = [f"schema_version = {SCHEMA_VERSION}", f"extends = {toml_value(parent.name)}"]
    lines += [f"{key} = {toml_value(getattr(scenario, key))}" for key in TEXTS]
    lines += [
        f"{key} = {toml_value(getattr(scenario, key))}"
        for key in WORLD
        if getattr(scenario, key) != getattr(parent, key)
    ]
    return "\n".join([*lines, *_parameters(scenario, parent), *_policies(scenario, parent)]) + "\n"


def _parameters(scenario: Scenario, parent: Scenario) -> Iterator[str]:
    new = {name: value for name, value in scenario.parameters.items() if parent.parameters.get(name) != value}
    if new:
        yield from ("", "[parameters]")
        yield from (f"{name} = {toml_value(value)}" for name, value in new.items())


def _policies(scenario: Scenario, parent: Scenario) -> Iterator[str]:
    there = {policy.name for policy in scenario.policies}
    gone = [policy.name for policy in parent.policies if policy.name not in there]
    if gone:
        yield from ("", "[policies]")
        yield from (f"{toml_key(name)} = false" for name in gone)
    before = {policy.name for policy in parent.policies}
    for policy in scenario.policies:
        new = _new(policy, parent)
        if new or policy.name not in before:
            yield from ("", f"[policies.{toml_key(policy.name)}]")
            yield from (f"{key} = {toml_value(value)}" for key, value in new.items())


def _new(policy: Policy, parent: Scenario) -> Mapping[str, Any]:
    """Return the settings of a policy that a file must give: those that are not as in its parent, or as usual."""
    same = next((one for one in parent.policies if one.name == policy.name), None)
    before = settings_of(same) if same else _usual(policy)
    return {key: value for key, value in settings_of(policy).items() if value != before.get(key)}


def _usual(policy: Policy) -> Mapping[str, Any]:
    """Return the settings of a policy of which a file says no more than its name."""
    usual = settings_of(policy_kinds()[policy.kind](name=policy.name))
    return usual if policy.name == policy.kind else {**usual, "type": ""}
