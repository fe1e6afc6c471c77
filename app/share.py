"""What is on the page in forms to take along, all with its numbers: scenario files, a snippet of Python, a command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.scenarios import toml_key, toml_value
from app.state import BASELINE, Page, State, load_named, scenario_of
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
        compares: Whether it is a comparison; otherwise it is the run of one scenario.
        files: Scenarios that do not come with the project; the two others need them.
        python: Gives it in Python; it writes the files itself.
        command: Gives it on the command line, in the folder of the files.
    """

    compares: bool
    files: tuple[File, ...]
    python: str
    command: str


def shared(state: State) -> Shared:
    """Return all forms of a state: the comparison of Explore, or the run that the workshop plays.

    What is the same as current policy has nothing to compare and is left out; if nothing else is left, it is run.
    """
    playing = state.page is Page.WORKSHOP
    chosen = (state.played,) if playing else state.scenarios
    scenarios = [(one.base, scenario_of(one)) for one in chosen]
    asked = [(base, one) for base, one in scenarios if playing or one.name != BASELINE]
    files = tuple(File(f"{one.name}.toml", scenario_file(one, base)) for base, one in asked if one.name != base)
    names = [one.name if one.name == base else f"{one.name}.toml" for base, one in asked]
    compares = bool(names) and not playing
    words = ["compare", BASELINE, *names] if compares else ["run", *(names or [BASELINE])]
    options = {key: getattr(state, key) for key in ("region", "parameters", "seed", "replicates", "scale")}
    if playing:
        options["replicates"] = state.future + 1  # the last of them is the one that is played
    return Shared(compares, files, _python(words, options, files), _command(words, options))


def _command(words: Sequence[str], options: Mapping[str, Any]) -> str:
    return shlex.join(["pps", *words, *(part for key, value in options.items() for part in (f"--{key}", str(value)))])


def _python(words: Sequence[str], options: Mapping[str, Any], files: Sequence[File]) -> str:
    """Return a snippet that stands alone."""
    verb, *scenarios = words
    given = [*map(toml_value, scenarios), *(f"{key}={toml_value(value)}" for key, value in options.items())]
    lines = [*(["from pathlib import Path", ""] if files else []), "import experiments", ""]
    for file in files:
        text = file.text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        lines += [f'Path({toml_value(file.name)}).write_text("""\\', f'{text}""", encoding="utf-8")', ""]
    if verb == "run":
        lines += [f"found = experiments.run({', '.join(given)})", "print(found.series)", ""]
        return "\n".join(lines)
    lines += [
        f"found = experiments.compare({', '.join(given)})",
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
