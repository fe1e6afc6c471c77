"""The scenarios for people: a list of all, one in full, and a file to begin one of your own."""

from __future__ import annotations

import json
import os
import re
import shlex
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agents.errors import InputError
from agents.parameters import parameter_table
from app.words import Language, Words
from scenarios.policies import policy_kinds, policy_texts, recommendations
from scenarios.policy import Policy
from scenarios.scenario import LATEST, SCHEMA_VERSION, Scenario, lineage, list_scenarios, load_scenario

BASELINE = "baseline"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
WIDTH = 110  # of the comments in a new file
SPELLED = (Language.NL, Language.EN)
"""The languages of the comments in a new file, in their order."""

type Setting = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A scenario and how it was asked for.

    Attributes:
        as_given: Name or file, as on the command line.
        scenario: What it says, with all it inherits.
        extends: What it extends, the nearest first.
    """

    as_given: str
    scenario: Scenario
    extends: tuple[str, ...]

    @property
    def group(self) -> str:
        """Where it stands in the list: current policy, one measure, or a package of several."""
        return ("current", "one", "package")[min(len(self.scenario.policies), 2)]

    @property
    def command(self) -> str:
        """What compares it with current policy, or runs it where that is what it is."""
        words = ["run", BASELINE] if self.as_given == BASELINE else ["compare", BASELINE, self.as_given]
        return shlex.join(["pps", *words])


def load(name_or_file: str) -> Asked:
    """Return a scenario with how it was asked for.

    Raises:
        InputError: If it is unknown or says something that is not allowed.
    """
    return Asked(name_or_file, load_scenario(name_or_file), lineage(name_or_file))


def all_named() -> list[Asked]:
    """Return all that come with the project: current policy, then single measures, then packages."""
    order = {"current": 0, "one": 1, "package": 2}
    named = [load(name) for name in list_scenarios()]
    return sorted(named, key=lambda asked: (order[asked.group], asked.as_given != BASELINE, asked.as_given))


# ── a list ──────────────────────────────────────────────────────────────────────────────────────────────
def scenarios_table(named: Iterable[Asked], words: Words) -> Table:
    """Return the list: under each group the names, each with its title and purpose."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    before = None
    for asked in named:
        if asked.group != before:
            if before is not None:
                table.add_row("", "")
            table.add_row(Text(words(f"scenario.group.{asked.group}"), style="bold"), "")
        before = asked.group
        title, purpose = (words.pick(asked.scenario, what) for what in ("title", "purpose"))
        table.add_row(Text(f"  {asked.scenario.name}", style="bold cyan"), Text(title))
        table.add_row("", Text(purpose, style="dim"))
    return table


def scenario_json(asked: Asked) -> dict[str, Any]:
    """Return a scenario as data, in both languages."""
    scenario = asked.scenario
    told = scenario.model_dump(exclude={"policies", "parameters"})
    return {
        **told,
        "extends": list(asked.extends),
        "group": asked.group,
        "policies": [_policy_json(policy) for policy in scenario.policies],
        "parameters": [_parameter_json(name, value) for name, value in scenario.parameters.items()],
        "command": asked.command,
    }


def _policy_json(policy: Policy) -> dict[str, Any]:
    texts = policy_texts().get(policy.kind, {})
    parts = ("title", "purpose", "background")
    said = {f"{part}_{lang}": flow(texts.get(f"{part}_{lang}", "")) for part in parts for lang in ("nl", "en")}
    return {**policy.model_dump(), **said, "source": texts.get("source", ""), "settings": settings_of(policy)}


def _parameter_json(name: str, value: float) -> dict[str, Any]:
    row = parameter_table()[name]
    meaning = {"meaning_nl": row.meaning_nl, "meaning_en": row.meaning_en}
    return {"name": name, "value": value, "default": row.value, "unit": row.unit, "status": row.status, **meaning}


def settings_of(policy: Policy) -> list[Setting]:
    """Return the settings that are the policy's own, each with its unit and what it means."""
    fields, values = policy_texts().get(policy.kind, {}).get("fields", {}), policy.model_dump()
    return [
        {
            "name": name,
            "value": values[name],
            **{key: fields.get(name, {}).get(key, "") for key in ("unit", "nl", "en")},
        }
        for name in _own(type(policy))
    ]


def _own(kind: type[Policy]) -> list[str]:
    return [name for name in kind.model_fields if name not in Policy.model_fields]


# ── one in full ─────────────────────────────────────────────────────────────────────────────────────────
_WORLD = {"history": "scenario.history_is", "branch": "scenario.branch_is"}
"""What a scenario can say of the world around its policies, each with the family of its texts."""


def scenario_page(asked: Asked, words: Words) -> Group:
    """Return all there is to know of one scenario."""
    scenario = asked.scenario
    about = _grid()
    if asked.extends:
        about.add_row(words("scenario.row.extends"), " ← ".join(asked.extends))
    about.add_row(words("scenario.row.until"), scenario.until)
    for key, family in _WORLD.items():
        if (value := getattr(scenario, key)) != Scenario.model_fields[key].default:
            about.add_row(words(f"scenario.row.{key}"), words(f"{family}.{value}"))
    if not scenario.policies:
        about.add_row(words("scenario.row.policies"), words("scenario.no_policies"))
    parts: list[Any] = [
        Text(words.pick(scenario, "title"), style="bold"),
        Text(words.pick(scenario, "purpose")),
        Text(),
        about,
    ]
    for policy in scenario.policies:
        parts += [Text(), *_policy_page(policy, words)]
    if scenario.parameters:
        parts += [Text(), Text(words("scenario.parameters"), style="bold"), _parameters(scenario.parameters, words)]
    return Group(*parts, Text(), Text(words("scenario.compare", command=asked.command)))


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(ratio=1)
    return table


def _policy_page(policy: Policy, words: Words) -> Iterator[Any]:
    texts = policy_texts()[policy.kind]
    yield Text(words.pick(texts, "title"), style="bold cyan")
    yield Text(words.pick(texts, "purpose"), style="italic")
    yield Text(flow(words.pick(texts, "background")))
    table = _grid()
    name = policy.kind if policy.name == policy.kind else f"{policy.kind} ({policy.name})"
    table.add_row(words("scenario.row.kind"), name)
    for key, told in terms(policy, words):
        table.add_row(words(f"scenario.row.{key}"), told)
    for setting in settings_of(policy):
        table.add_row(Text(setting["name"], style="none"), _setting(setting, words))
    table.add_row(words("scenario.row.source"), source_words(policy, words))
    yield Padding(table, (0, 0, 0, 2))


def terms(policy: Policy, words: Words) -> Iterator[tuple[str, str]]:
    """Yield what all policies have: the period, who pays and how much, and for whom."""
    yield "period", period(policy, words)
    yield "payer", words(f"scenario.payer_is.{policy.payer}")
    yield "budget", budget_words(policy, words)
    if policy.staff_euro_year:
        yield "staff", words("scenario.staff_is", euros=words.euros(policy.staff_euro_year))
    for key in ("provinces", "regions", "sectors"):
        among: tuple[str, ...] | None = getattr(policy, key)
        if among is not None:
            yield key, ", ".join(among) or words("scenario.nobody")


def period(policy: Policy, words: Words) -> str:
    """Return from when and until when a policy is in force."""
    key = "scenario.from" if policy.ends is None else "scenario.from_to"
    return words(key, starts=policy.starts, ends=policy.ends)


def budget_words(policy: Policy, words: Words) -> str:
    """Return what it may cost a payer in a year."""
    if policy.budget_euro_year is None:
        return words("scenario.budget_none")
    return words("scenario.budget_is", euros=words.euros(policy.budget_euro_year))


def _setting(setting: Setting, words: Words) -> Text:
    """Return the value with its unit, and what it means."""
    return Text.assemble((show_setting(setting, words), "bold"), f"  {setting[str(words.language)]}")


def show_setting(setting: Setting, words: Words) -> str:
    """Return the value of a setting with its unit; a word as scenario files write it."""
    value, unit = setting["value"], setting["unit"]
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _word(value, words)
    first, *rest = unit.split("/", 1)
    if first == "share":
        return words("scenario.per").join(
            [_number(100.0 * value, words, "%"), *(unit_words(each, words) for each in rest)]
        )
    if first == "1":  # a rate is so many a quarter, not so many ones
        return words("scenario.per").join([_number(value, words), *(unit_words(each, words) for each in rest)])
    return _number(value, words) + (f" {unit_words(unit, words)}" if unit else "")


def _word(value: Any, words: Words) -> str:
    """Return a setting that is no number as files write it, with what a word of the model means before it."""
    if value is None:
        return words("scenario.unlimited")
    if isinstance(value, bool):
        return words("scenario.yes" if value else "scenario.no")
    meaning = words.texts.get(f"position.{value}") or words.texts.get(f"scenario.word.{value}")
    return f"{meaning} ({toml_value(value)})" if meaning else toml_value(value)


def source_words(policy: Policy, words: Words) -> str:
    """Return what a policy rests on: recommendations with their reports, and codes of mechanisms."""
    codes, _, mechanisms = policy_texts()[policy.kind]["source"].partition("; mechanisms ")
    rows = [recommendations()[code] for code in codes.split(", ")]
    said = [f"{row.code}, {words.pick(vars(row), 'what')} ({row.report})" for row in rows]
    return "; ".join([*said, f"{words('scenario.mechanisms')} {mechanisms}"])


def _number(value: float, words: Words, after: str = "") -> str:
    digits = next((digits for digits in range(4) if abs(round(value, digits) - value) < 1e-9), 4)
    return words.number(value, digits) + after


def unit_words(unit: str, words: Words) -> str:
    """Return a unit of the policies in a language: `euro/year` is euro per year."""
    parts = [words.texts.get(f"scenario.unit.{part}", part) for part in unit.split("/")]
    return words("scenario.per").join(parts)


def _parameters(values: Mapping[str, float], words: Words) -> Table:
    table = _grid()
    for name, value in values.items():
        row = parameter_table()[name]
        change = words("scenario.instead", value=f"{value:g}", unit=row.unit, default=f"{row.value:g}")
        table.add_row(name, Text(f"{change}\n{words.pick(row, 'meaning')}"))
    return table


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """Return the policy whose settings a run keeps, with its `type`."""
    return policy_kinds()[settings["type"]].model_validate({key: settings[key] for key in settings if key != "type"})


def flow(text: str) -> str:
    """Undo the lines of the file that a text stands in."""
    return " ".join(text.split())


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────
def check_lines(asked: Asked, words: Words) -> Iterator[str]:
    """Yield what a file that is right does."""
    scenario = asked.scenario
    title = words.pick(scenario, "title")
    yield words("scenario.good", file=asked.as_given, title=title)
    if asked.extends:
        yield words("scenario.good_extends", parents=" ← ".join(asked.extends))
    for policy in scenario.policies:
        policy_title = words.pick(policy_texts()[policy.kind], "title")
        key = "scenario.good_idle" if policy.idle else "scenario.good_policy"
        yield words(key, title=policy_title, period=period(policy, words), budget=budget_words(policy, words))
    if not scenario.policies:
        yield words("scenario.good_none")
    if scenario.parameters:
        yield words.count("scenario.good_parameters", len(scenario.parameters), names=", ".join(scenario.parameters))
    yield words("scenario.compare", command=asked.command)


# ── new ─────────────────────────────────────────────────────────────────────────────────────────────────
def write_new(name: str, parent: str, path: Path) -> Path:
    """Write a scenario file to begin with and return its path.

    Args:
        name: What the scenario is called.
        parent: What it extends: a named scenario, or a file.
        path: The file.

    Raises:
        InputError: If the name is not allowed or taken, the parent does not load, or the file is there already.
    """
    _check_name(name)
    if path.suffix != ".toml":
        raise InputError(f"{str(path)!r} is no scenario file", "--out", "a name that ends in .toml")
    asked = load(parent)
    if parent.endswith(".toml"):  # a parent is looked for beside its child
        parent = Path(os.path.relpath(parent, path.parent)).as_posix()
    text = new_text(name, parent, asked.scenario.policies)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{str(path)!r} is there already", "scenario new", "another --out or name") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot write {str(path)!r} ({why})", "scenario new", "a folder to write in") from None
    return path


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        allowed = "1 to 60 small letters, digits and hyphens, such as mijn-fonds"
        raise InputError(f"{name[:60]!r} cannot be the name of a scenario", "scenario new", allowed)
    if name in list_scenarios():
        raise InputError(f"{name} comes with the project already", "scenario new", f"another name, such as mijn-{name}")


def new_lines(path: Path, words: Words) -> Iterator[str]:
    """Yield what can be done with a file that was just written."""
    yield words("scenario.written", file=path)
    yield words("scenario.then", command=shlex.join(["pps", "scenario", "check", str(path)]))


def new_text(name: str, parent: str, inherited: Sequence[Policy]) -> str:
    """Return a scenario file with every policy in it, commented out and explained in both languages."""
    head = [
        *_comment("scenario.new.about"),
        "",
        f"schema_version = {SCHEMA_VERSION}",
        f"extends = {toml_value(parent)}",
        f"name = {toml_value(name)}",
        *(f"title_{words.language} = {toml_value(name)}" for words in _languages()),
        *(f"purpose_{words.language} = {toml_value(words('scenario.new.purpose'))}" for words in _languages()),
        "",
        *_comment("scenario.new.until"),
        f"# until = {toml_value(LATEST)}",
        *_comment("scenario.new.branch"),
        '# branch = "base"',
        "",
        *_comment("scenario.new.parameters"),
        "# [parameters]",
        "",
        *_comment("scenario.new.policies"),
        *(f"#   {key}: {told}" for key in _SHARED for told in _shared(key)),
    ]
    lines = [*head, *_inherited(inherited, parent)]
    there = {policy.kind: policy for policy in inherited}
    for name, kind in policy_kinds().items():
        lines += ["", *_offered(kind, there.get(name))]
    return "\n".join(lines) + "\n"


_SHARED = ("starts", "ends", "payer", "budget_euro_year", "staff_euro_year", "provinces", "regions", "sectors")


def _shared(key: str) -> list[str]:
    return [" / ".join(words(f"scenario.new.{key}") for words in _languages())]


def _languages() -> Iterator[Words]:
    return map(Words, SPELLED)


def _comment(key: str) -> Iterator[str]:
    """Yield a text in both languages as comments."""
    for words in _languages():
        yield from _wrapped(words(key))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _inherited(policies: Sequence[Policy], parent: str) -> Iterator[str]:
    """Yield what the parent does already and how to leave it out."""
    if not policies:
        return
    yield ""
    for words in _languages():
        names = ", ".join(policy.name for policy in policies)
        yield from _wrapped(words("scenario.new.inherited", parent=parent, names=names))
    yield "# [policies]"
    yield from (f"# {toml_key(policy.name)} = false" for policy in policies)


def _offered(kind: type[Policy], inherited: Policy | None) -> Iterator[str]:
    """Yield one kind of policy: what it is, and its settings as they are if the file does not change them."""
    texts, schema = policy_texts()[kind.kind], kind.model_json_schema()
    values = _values(kind) if inherited is None else inherited.model_dump()
    for language in SPELLED:
        yield from _wrapped(f"{texts[f'title_{language}']}. {texts[f'purpose_{language}']}")
    yield f"# [policies.{kind.kind if inherited is None else toml_key(inherited.name)}]"
    yield f"# starts = {toml_value(values['starts'])}"
    for name in ("budget_euro_year", "staff_euro_year"):
        if values[name] is not None:
            yield _line(name, values[name], "euro/year", schema, "")
    for name in _own(kind):
        field = texts.get("fields", {}).get(name, {})
        label = " / ".join(filter(None, (field.get(language) for language in SPELLED)))
        yield _line(name, values[name], field.get("unit", ""), schema, label)


def _values(kind: type[Policy]) -> dict[str, Any]:
    return {name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()}


def toml_key(name: str) -> str:
    """Return a key as TOML writes it."""
    return name if NAME.fullmatch(name) else toml_value(name)


def _line(name: str, value: Any, unit: str, schema: Mapping[str, Any], label: str) -> str:
    said = "; ".join(
        filter(
            None, (", ".join(filter(None, (unit, _range(schema["properties"][name], schema.get("$defs", {}))))), label)
        )
    )
    if value is None or isinstance(value, dict):  # TOML has no word for nothing
        return f"#   {name}: {said}"
    return f"# {name} = {toml_value(value)}  # {said}"


def _range(field: Mapping[str, Any], names: Mapping[str, Any]) -> str:
    """Return what pydantic allows: the words, or the lowest and highest number.

    Args:
        field: JSON schema of the field.
        names: What it may refer to by name.
    """
    options = [_named(option, names) for option in (field, *field.get("anyOf", ()))]
    options += [_named(option["items"], names) for option in options if "items" in option]
    one_of = [value for option in options for value in option.get("enum", ())]
    if one_of:
        return " | ".join(map(str, one_of))
    bounds = [
        (option[low], option[high])
        for option in options
        for low in ("minimum", "exclusiveMinimum")
        for high in ("maximum", "exclusiveMaximum")
        if low in option and high in option
    ]
    return "".join(f"{toml_value(low)} … {toml_value(high)}" for low, high in bounds[:1])


def _named(option: Mapping[str, Any], names: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = names.get(str(option.get("$ref", "")).rpartition("/")[2], option)
    return found


def toml_value(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
