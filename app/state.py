"""What a link to the page says: which page, which region, which scenarios, with which chance.

A link comes from anybody and may be years old or cut off. Reading one never fails: what cannot be is left out or
brought into its range, and each time there is a sentence that says so.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

from pydantic.fields import FieldInfo

from agents.errors import InputError
from app.measures import policy_title, setting_title
from app.words import Language, Words
from experiments.draws import DEFAULT, POSTERIOR
from experiments.runner import MOST_SEED
from scenarios.national import load_national
from scenarios.policies import make_policies, policy_kinds, settings_of
from scenarios.policy import Policy
from scenarios.region import RegionPack, check_places, list_regions, load_region
from scenarios.scenario import LATEST, START, Scenario, list_scenarios, load_scenario

VERSION = 1
BASELINE = "baseline"
MOST_SCENARIOS = 4
LONGEST_LINK = 8_000  # characters; browsers and servers carry about as much
LONGEST_TITLE = 40
SETS = (POSTERIOR, DEFAULT)
FEWEST, MOST_REPLICATES = 2, 256
SMALLEST, LARGEST = 0.01, 1.0
ON = "on"
"""The setting of a policy that says whether it is in force; no policy has a setting of its own with this name."""
NOTHING = "none"

type Value = bool | int | float | str | tuple[str, ...] | None
type Change = tuple[str, str, Value]
"""Name of a policy in its scenario, name of a setting (or `ON`), and its value."""

type Fields = Sequence[tuple[str, str]]


class Page(StrEnum):
    """A page of the app."""

    EXPLORE = "explore"
    WORKSHOP = "workshop"
    EVIDENCE = "evidence"


@dataclass(frozen=True)
class Problem:
    """Something in a link that could not be as it was asked; `text` says what and what was done instead."""

    key: str
    places: Mapping[str, str] = field(default_factory=dict)

    def text(self, words: Words) -> str:
        """Return it as a sentence, with measures and settings as people call them."""
        places = dict(self.places)
        kind = places.get("policy", "")
        if "setting" in places:
            places["setting"] = setting_title(kind, places["setting"], words)
        if kind:
            places["policy"] = policy_title(kind, words)
        return words(f"link.{self.key}", **places)


@dataclass(frozen=True)
class Chosen:
    """A scenario on the page: a named one, with what a person changed.

    Attributes:
        base: Name of the scenario.
        title: What the person calls it; empty for the title of the base.
        changes: Settings that differ from the base, or from how a policy begins that the base does not have. Those of
            a policy that is off are remembered.
    """

    base: str = BASELINE
    title: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class State:
    """All that a link says.

    Attributes:
        page: The page.
        language: The language.
        region: Name of a region pack.
        scenarios: What is compared with current policy, one to four.
        shown: Number of the scenario that is being changed or played.
        parameters: `posterior` or `default`.
        replicates: Pairs in a full comparison.
        seed: Seed of the first pair.
        scale: Share of the firms that is simulated.
        played: What the workshop plays, apart from what is compared.
        quarter: Where the workshop is in time; empty for the start.
        future: Which replicate the workshop plays.
    """

    page: Page = Page.EXPLORE
    language: Language = Language.NL
    region: str = "noord-brabant"
    scenarios: tuple[Chosen, ...] = (Chosen("regiefonds"),)
    shown: int = 0
    parameters: str = POSTERIOR
    replicates: int = 64
    seed: int = 1
    scale: float = 0.05
    played: Chosen = Chosen()
    quarter: str = ""
    future: int = 0

    @property
    def chosen(self) -> Chosen:
        """The scenario that is being changed or played."""
        return self.scenarios[self.shown]

    def with_chosen(self, chosen: Chosen) -> State:
        """Return the state with another scenario in the place of the one that is being changed."""
        scenarios = (*self.scenarios[: self.shown], chosen, *self.scenarios[self.shown + 1 :])
        return replace(self, scenarios=scenarios)


# ── links ───────────────────────────────────────────────────────────────────────────────────────────────
def to_query(state: State) -> str:
    """Return the query string of a state; what determines numbers is always in it, so that a link keeps its meaning."""
    pairs = [
        ("v", str(VERSION)),
        ("page", str(state.page)),
        ("lang", str(state.language)),
        ("region", state.region),
        *(("s", _packed(chosen)) for chosen in state.scenarios),
        ("set", state.parameters),
        ("n", str(state.replicates)),
        ("seed", str(state.seed)),
        ("scale", _text(state.scale)),
    ]
    played = _packed(state.played) if state.played != State.played else ""
    more = {"show": state.shown, "play": played, "at": state.quarter, "run": state.future}
    return urlencode([*pairs, *((key, str(value)) for key, value in more.items() if value)])


def from_query(query: str) -> tuple[State, tuple[Problem, ...]]:
    """Read a query string; an empty one gives the state with which the page begins.

    Returns:
        A state that can be shown and run, and what of the link could not be.
    """
    problems: list[Problem] = []
    fields = _fields(query.removeprefix("?"), problems)
    region = _one_of(fields, "region", list_regions(), State.region, problems)
    asked = [text for key, text in fields if key == "s"]
    scenarios = tuple(_unpacked(text, region, problems) for text in asked[:MOST_SCENARIOS]) or State.scenarios
    scenarios = tuple(dict.fromkeys(scenarios))
    if len(asked) > MOST_SCENARIOS:
        problems.append(Problem("too_many", {"most": str(MOST_SCENARIOS)}))
    quarter = next((text for key, text in fields if key == "at"), "")
    state = State(
        page=Page(_one_of(fields, "page", [*Page], Page.EXPLORE, problems)),
        language=Language(_one_of(fields, "lang", [*Language], Language.NL, problems)),
        region=region,
        scenarios=scenarios,
        shown=_whole(fields, "show", 0, 0, len(scenarios) - 1, problems),
        parameters=_one_of(fields, "set", SETS, POSTERIOR, problems),
        replicates=_whole(fields, "n", State.replicates, FEWEST, MOST_REPLICATES, problems),
        seed=_whole(fields, "seed", State.seed, 0, MOST_SEED - MOST_REPLICATES, problems),
        scale=_number(fields, "scale", State.scale, SMALLEST, LARGEST, problems),
        played=next((_unpacked(text, region, problems) for key, text in fields if key == "play"), State.played),
        quarter=quarter if re.fullmatch(r"\d{4}-Q[1-4]", quarter) and START <= quarter <= LATEST else "",
        future=_whole(fields, "run", 0, 0, MOST_REPLICATES - 1, problems),
    )
    return state, tuple({problem.key + str(problem.places): problem for problem in problems}.values())


def settled(state: State) -> tuple[State, tuple[Problem, ...]]:
    """Return a state with all that cannot be left out, such as places of another region: as its link is read."""
    return from_query(to_query(state))


def _fields(query: str, problems: list[Problem]) -> Fields:
    """Return what a query string holds, or nothing if this version cannot read it."""
    if len(query) > LONGEST_LINK:
        problems.append(Problem("too_long", {"most": str(LONGEST_LINK)}))
        return []
    try:
        fields = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        problems.append(Problem("broken"))
        return []
    version = next((text for key, text in fields if key == "v"), str(VERSION))
    if version != str(VERSION):
        newer = version.isdecimal() and version.isascii() and int(version) > VERSION
        problems.append(Problem("newer" if newer else "broken"))
        return []
    return fields


def _one_of(fields: Fields, key: str, allowed: Sequence[str], usual: str, problems: list[Problem]) -> str:
    text = next((text for name, text in fields if name == key), usual)
    if text in allowed:
        return text
    problems.append(Problem("unknown", {"asked": _short(text), "used": usual}))
    return usual


def _number(fields: Fields, key: str, usual: float, low: float, high: float, problems: list[Problem]) -> float:
    text = next((text for name, text in fields if name == key), None)
    if text is None:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    used = usual if math.isnan(value) else min(max(value, low), high)
    if used != value:
        problems.append(Problem("out_of_range", {"name": key, "asked": _short(text), "used": _text(used)}))
    return used


def _whole(fields: Fields, key: str, usual: int, low: int, high: int, problems: list[Problem]) -> int:
    return int(_number(fields, key, usual, low, high, problems))


# A scenario in a link: `regiefonds~regie-fund.euro_year.100000~multilevel.on.true~title.Ons fonds`
_APART, _INSIDE, _TITLE = "~", ".", "title"


def _packed(chosen: Chosen) -> str:
    title = [f"{_TITLE}{_INSIDE}{chosen.title}"] if chosen.title else []
    changes = [_INSIDE.join((policy, setting, _text(value))) for policy, setting, value in chosen.changes]
    return _APART.join([chosen.base, *changes, *title])


def _unpacked(text: str, region: str, problems: list[Problem]) -> Chosen:
    base, *parts = text.split(_APART)
    title, changes = "", []
    for part in parts:
        policy, _, rest = part.partition(_INSIDE)
        setting, _, value = rest.partition(_INSIDE)
        if policy == _TITLE:
            title = rest
        else:
            changes.append((policy, setting, value))
    chosen, found = choose(base, title, changes, region)
    problems += found
    return chosen


def _text(value: Value) -> str:
    """Return a value as links write it; `_value` reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple):
        return _INSIDE.join(value)
    return NOTHING if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1]}…"


# ── scenarios ───────────────────────────────────────────────────────────────────────────────────────────
def choose(
    base: str, title: str = "", changes: Iterable[Change] = (), region: str = State.region
) -> tuple[Chosen, tuple[Problem, ...]]:
    """Return a scenario that can be run, as near as possible to what is asked.

    Args:
        base: Name of a scenario that comes with the project; another one gives current policy.
        title: What it is called.
        changes: Settings that differ; of a value outside its range the nearest is taken. What says nothing new is left
            out, so that a scenario that was changed back is the one that comes with the project.
        region: Region pack in which policies name places.

    Returns:
        The scenario, and what could not be as it was asked.
    """
    problems: list[Problem] = []
    if base not in list_scenarios():
        problems.append(Problem("unknown", {"asked": _short(base), "used": BASELINE}))
        base = BASELINE
    asked: dict[str, dict[str, Value]] = {}
    for policy, setting, value in changes:
        if policy in _begins(base):
            asked.setdefault(policy, {})[setting] = value
        else:
            problems.append(Problem("unknown_policy", {"asked": _short(policy)}))
    kept = [
        change
        for policy, settings in sorted(asked.items())
        for change in _changes_of(base, policy, settings, pack_of(region), problems)
    ]
    kept = _without_conflicts(base, kept, problems)
    return Chosen(base, _plain_title(title), tuple(sorted(kept, key=lambda change: change[:2]))), tuple(problems)


def changed(
    chosen: Chosen, policy: str, setting: str, value: Value, region: str = State.region
) -> tuple[Chosen, tuple[Problem, ...]]:
    """Return a scenario with one setting of a policy changed, or `ON` to switch it; as `choose`."""
    others = [change for change in chosen.changes if change[:2] != (policy, setting)]
    found, problems = choose(chosen.base, chosen.title, [*others, (policy, setting, value)], region)
    if any(problem.key == "conflict" for problem in problems):  # what was there already goes before
        return chosen, (Problem("conflict", {"policy": policy}),)
    return found, problems


def policies_of(chosen: Chosen) -> Mapping[str, tuple[Policy, bool]]:
    """Return every policy that can be chosen, by its name, with its settings as they stand and whether it is on."""
    begins, there = _begins(chosen.base), _there(chosen.base)
    switched = {policy: bool(value) for policy, setting, value in chosen.changes if setting == ON}
    found = {}
    for name, settings in begins.items():
        own = {setting: value for policy, setting, value in chosen.changes if policy == name and setting != ON}
        (policy,) = make_policies({name: {**settings, **own}}, name)
        found[name] = policy, switched.get(name, name in there)
    return found


@lru_cache(maxsize=256)
def scenario_of(chosen: Chosen) -> Scenario:
    """Return the scenario that is run: the one that comes with the project if nothing was changed."""
    base = load_named(chosen.base)
    if not chosen.changes and not chosen.title:
        return base
    policies = tuple(policy for name, (policy, on) in sorted(policies_of(chosen).items()) if on)
    if policies == base.policies and not chosen.title:
        return base
    texts = {}
    for language in Language:
        words = Words(language)
        texts[f"title_{language}"] = chosen.title or words("link.changed_title", title=words.pick(base, "title"))
        texts[f"purpose_{language}"] = words("link.changed_purpose", title=words.pick(base, "title"))
    return base.model_copy(update={"name": _name(chosen, policies), **texts, "policies": policies})


@cache
def load_named(name: str) -> Scenario:
    """Return a scenario that comes with the project."""
    return load_scenario(name)


def _name(chosen: Chosen, policies: Sequence[Policy]) -> str:
    """Return a name that differs wherever what is done differs."""
    settings = {policy.name: settings_of(policy) for policy in policies}
    digest = hashlib.sha256(json.dumps([chosen.base, settings], sort_keys=True).encode()).hexdigest()
    stem = re.sub(r"[^a-z0-9]+", "-", chosen.title.lower()).strip("-") or chosen.base
    return f"{stem}-{digest[:6]}"


def _plain_title(title: str) -> str:
    """Return a title on one line, without what cannot be seen or has a meaning in links."""
    seen = "".join(letter if letter.isprintable() and letter != _APART else " " for letter in title)
    return " ".join(seen.split())[:LONGEST_TITLE].strip()


@cache
def pack_of(region: str) -> RegionPack:
    """Return a region pack that comes with the project."""
    return load_region(region)


@cache
def _there(base: str) -> Mapping[str, Policy]:
    """Return the policies of a named scenario by name."""
    return {policy.name: policy for policy in load_named(base).policies}


@cache
def _begins(base: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the settings with which every policy begins, by its name: those of the scenario, and of all other kinds.

    A measure that is switched on begins as in the scenario of its own that comes with the project, with a budget that
    makes sense; a kind that has none begins with its own defaults.
    """
    kinds = {policy.kind for policy in _there(base).values()}
    begins = {name: settings_of(policy) for name, policy in _there(base).items()}
    return {**begins, **{kind: first for kind, first in _alone().items() if kind not in kinds}}


@cache
def _alone() -> Mapping[str, Mapping[str, Any]]:
    """Return for every kind of policy the settings in the first scenario that has this policy alone."""
    found: dict[str, Mapping[str, Any]] = {kind: {"type": kind} for kind in policy_kinds()}
    for name in reversed(list_scenarios()):
        if len(policies := load_named(name).policies) == 1:
            found[policies[0].kind] = settings_of(policies[0])
    return found


def _changes_of(
    base: str, name: str, asked: Mapping[str, Value], pack: RegionPack, problems: list[Problem]
) -> Iterator[Change]:
    """Yield the changes of one policy that can be, and that say something new."""
    begins = _begins(base)[name]
    kind = policy_kinds()[begins["type"]]
    there = name in _there(base)
    values: dict[str, Value] = {}
    for setting, value in asked.items():
        if setting == ON:
            on = value is True or value == "true"
            if on is not there:
                yield name, ON, on
        elif setting not in kind.model_fields or setting == "name":
            problems.append(Problem("unknown_setting", {"policy": name, "asked": _short(setting)}))
        else:
            try:
                values[setting] = _value(value, kind.model_fields[setting])
            except (ValueError, OverflowError):
                problems.append(_refused(name, setting, value))
                continue
            problems += _clipped(name, setting, value, values[setting])
    (start,) = make_policies({name: begins}, name)
    new = {setting: value for setting, value in values.items() if value != getattr(start, setting)}
    for setting in _possible(name, begins, new, pack, problems):
        yield name, setting, new[setting]


def _possible(
    name: str, begins: Mapping[str, Any], new: Mapping[str, Value], pack: RegionPack, problems: list[Problem]
) -> Sequence[str]:
    """Return the settings that can be together: all, or else each that can be with those before it."""
    if _can_be(name, {**begins, **new}, pack):
        return list(new)
    kept: dict[str, Value] = {}
    for setting, value in new.items():
        if _can_be(name, {**begins, **kept, setting: value}, pack):
            kept[setting] = value
        else:
            problems.append(_refused(name, setting, value))
    return list(kept)


def _can_be(name: str, settings: Mapping[str, Any], pack: RegionPack) -> bool:
    try:
        check_places(make_policies({name: settings}, name), pack, load_national())
    except InputError:
        return False
    return True


def _refused(name: str, setting: str, value: Value) -> Problem:
    return Problem("not_allowed", {"policy": name, "setting": setting, "asked": _short(_text(value))})


def _clipped(name: str, setting: str, asked: Value, used: Value) -> Iterator[Problem]:
    """Yield what to say of a number that was brought into its range."""
    if isinstance(used, bool) or not isinstance(used, int | float) or not isinstance(asked, int | float | str):
        return
    if abs(float(asked) - used) >= 1e-9:
        places = {"policy": name, "setting": setting, "asked": _short(_text(asked)), "used": _text(used)}
        yield Problem("clipped", places)


def _value(asked: Value, info: FieldInfo) -> Value:
    """Return a value as the setting holds it, brought into its range.

    Raises:
        ValueError: If it is none of its kind.
    """
    kinds = _kinds(info.annotation)
    if NoneType in kinds and asked in (None, NOTHING):
        return None
    if tuple in kinds:
        names = asked.split(_INSIDE) if isinstance(asked, str) else asked
        if not isinstance(names, list | tuple):
            raise ValueError(asked)
        return tuple(str(each) for each in names)
    if bool in kinds:
        if asked not in (True, False, "true", "false"):
            raise ValueError(asked)
        return asked in (True, "true")
    if kinds & {int, float}:
        if asked is None or isinstance(asked, bool | tuple):
            raise ValueError(asked)
        number = _within(float(asked), info)
        return number if float in kinds else round(number)
    return str(asked)


def _within(number: float, info: FieldInfo) -> float:
    low, high = bounds(info)
    within = min(max(number, low), high)
    if not math.isfinite(within):  # not a number, or no range to bring it into
        raise ValueError(number)
    return within


def bounds(info: FieldInfo) -> tuple[float, float]:
    """Return the least and the most that a setting of a policy may be."""
    low = [float(rule.ge) for rule in info.metadata if getattr(rule, "ge", None) is not None]
    high = [float(rule.le) for rule in info.metadata if getattr(rule, "le", None) is not None]
    return max(low, default=-math.inf), min(high, default=math.inf)


def _kinds(annotation: Any) -> set[Any]:
    """Return the types that a setting may have, without what is inside tuples."""
    if get_origin(annotation) in (Union, UnionType):
        return {kind for each in get_args(annotation) for kind in _kinds(each)}
    origin = get_origin(annotation)
    return {str if origin is Literal else origin or annotation}


def _without_conflicts(base: str, changes: Sequence[Change], problems: list[Problem]) -> list[Change]:
    """Leave out policies that cannot be in force beside others: those of the base go before, then the alphabet."""
    policies = policies_of(Chosen(base, "", tuple(changes)))
    on = [policy for policy, is_on in policies.values() if is_on]
    together: list[Policy] = []
    dropped: set[str] = set()
    for policy in sorted(on, key=lambda one: one.name not in _there(base)):
        try:
            make_policies({one.name: settings_of(one) for one in (*together, policy)}, base)
        except InputError:
            dropped.add(policy.name)
            problems.append(Problem("conflict", {"policy": policy.name}))
        else:
            together.append(policy)
    kept = [change for change in changes if not (change[0] in dropped and change[1] == ON)]
    return [*kept, *((name, ON, False) for name in sorted(dropped) if name in _there(base))]
