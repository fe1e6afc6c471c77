"""The life of one partnership in sentences, told from its row in the results."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from agents.errors import InputError
from agents.partnership import FIRM_KINDS, Kind, Leaving, Position
from app.words import Words

type Row = Mapping[str, Any]

MOST_LINES = 26
"""Printed lines of a story, without what stands above and below it, on a page that is not too narrow."""
PAGE = 88  # characters in such a line
YEARS_TOGETHER = (1, 2, 3, 5, 10, 25)
"""Years whose comings and goings are told together: the fewest with which the story is short enough."""
NAMED = 3  # partners that are called by name in one line
HAVE_NAMES = (Kind.SCHOOL.name.lower(), Kind.HOGESCHOOL.name.lower())
FIRMS = tuple(kind.name.lower() for kind in FIRM_KINDS)
NUMBERED = re.compile(r"bedrijf \d+")  # a firm without a name of its own
PREFERENCE = "BCA"  # the order in which the ways to go on are weighed
IN_KIND = "firm_in_kind"
SOURCES = 3  # streams of money that are named
SHOWN = 8  # names in an error


@dataclass(frozen=True)
class Line:
    """What happened at a moment or in some years."""

    when: str
    text: str


@dataclass(frozen=True)
class Story:
    """A life story, ready to be shown.

    Attributes:
        title: Name of the partnership.
        about: What it is and where it was simulated.
        lines: What happened, in order of time.
        now: How it stands at the end of the run.
    """

    title: str
    about: list[str]
    lines: list[Line]
    now: Line


def find(rows: Sequence[Row], asked: str) -> Row:
    """Return the partnership with this id, name or unambiguous part of it.

    Raises:
        InputError: If none or several fit.
    """
    text = asked.strip().casefold()
    exact = [row for row in rows if text in (row["id"].casefold(), row["name"].casefold())]
    found = exact or [row for row in rows if text in row["name"].casefold() or text in row["id"].casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        names = [row["name"] for row in found[:SHOWN]] + ["..."] * (len(found) > SHOWN)
        raise InputError(f"{asked!r} fits {len(found)} partnerships", "PPS", f"one of {', '.join(names)}")
    known = {name.casefold(): row["name"] for row in rows for name in (row["name"], row["id"].rpartition("/")[2])}
    near = [known[name] for name in difflib.get_close_matches(text, known, n=3)]
    hint = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else "a name that `pps story RUN` lists"
    raise InputError(f"no partnership {asked!r} in this run", "PPS", hint)


def tell(row: Row, about: Mapping[str, Any], words: Words) -> Story:
    """Tell the life of one partnership.

    Args:
        row: Its row in the table `partnerships`.
        about: The run.json of its run.
        words: The language.
    """
    return Story(row["name"], _about(row, about, words), _lines(row, words), _now(row, about, words))


def _about(row: Row, about: Mapping[str, Any], words: Words) -> list[str]:
    region, scenario = about["region"], about["scenario"]
    return [
        words(
            "story.about",
            school=row["school"],
            region=region["regions"].get(row["region"], row["region"]),
            sector=region[f"sectors_{words.language}"].get(row["sector"], row["sector"]),
        ),
        words(
            "story.run",
            scenario=words.pick(scenario, "title"),
            replicate=row["replicate"],
            seed=about["seed"] + row["replicate"],
        ),
    ]


def _lines(row: Row, words: Words) -> list[Line]:
    milestones = _milestones(row, words)
    for years in YEARS_TOGETHER:
        entries = sorted(milestones + _turnover(row, words, years), key=lambda entry: entry[0])
        if sum(1 + len(line.text) // PAGE for _, line in entries) <= MOST_LINES:
            break
    return [line for _, line in entries]


def _milestones(row: Row, words: Words) -> list[tuple[str, Line]]:
    """Return what happened on one day, as it were: a line per quarter, each with its quarter."""
    told = [(event["quarter"], sentence) for event in row["story"] for sentence in _sentences(event, row, words)]
    return [
        (quarter, Line(quarter, " ".join(sentence for _, sentence in group)))
        for quarter, group in groupby(told, key=lambda one: one[0])
    ]


def _sentences(event: Row, row: Row, words: Words) -> Iterator[str]:
    match event["event"]:
        case "founded":
            yield from _founding(event, row, words)
        case "granted":
            yield _grant(event, words)
        case "phase":
            yield words(f"story.phase.{event['detail']}")
        case "decided":
            yield from _decision(row, words)
        case "stopped":
            yield words("story.stopped")
        case "network_ended":
            partners = words.count("partners.all", event["number"])
            yield words(f"story.network_ended.{event['detail']}", partners=partners)
        case "co_founded" | "joined" | "left":
            return
        case other:
            yield words("story.event", event=other, detail=event["detail"])


def _founding(event: Row, row: Row, words: Words) -> Iterator[str]:
    partners = [other for other in row["story"] if other["event"] == "co_founded"]
    if partners:
        yield words("story.founded", school=row["school"], partners=_partners(partners, words))
    else:
        yield words("story.founded_alone", school=row["school"])
    yield _grant(event, words)
    yield words(
        "story.start",
        position=words(f"position.{row['first_position']}"),
        location=words(f"location.{row['location']}"),
        students=words.number(row["target_students"]),
    )


def _grant(event: Row, words: Words) -> str:
    return words("story.grant", scheme=words(f"scheme.{event['detail']}"), euros=words.euros(event["number"]))


def _decision(row: Row, words: Words) -> Iterator[str]:
    """Say what was decided, and why not what comes before it in preference."""
    decision, conditions = row["decision"], row["conditions"]
    early = decision == "STOP" and not conditions
    yield words(f"story.decided.{'early' if early else decision}")
    for option in PREFERENCE:
        if decision.startswith(f"{option}_"):
            return
        failed = [_condition(each, words) for each in conditions if each["option"] == option and not each["met"]]
        if failed:
            yield words(f"story.could_not.{option}", reasons="; ".join(failed))


def _condition(condition: Row, words: Words) -> str:
    name, value, needed = condition["name"], condition["value"], condition["needed"]
    show: Callable[[float], str] = words.number
    match name:
        case "entity_from_the_start":
            position = Position(round(value)).name.lower()
            return words(f"condition.{name}", value=words(f"position.{position}"))
        case "school_lets_go":  # what was needed is the luck of the draw
            return words(f"condition.{name}", value=words.percent(value))
        case "results_worth_keeping" | "school_willing_to_fund":
            show = words.percent
        case "structural_money_euro_year":
            show = words.euros
        case "owning_firms":
            pass
        case _:
            return words("condition.other", name=name, value=words.number(value, 2), needed=words.number(needed, 2))
    return words(f"condition.{name}", value=show(value), needed=show(needed))


def _turnover(row: Row, words: Words, years: int) -> list[tuple[str, Line]]:
    """Return who came and went, a line per so many years, each with the quarter of the last.

    Who leaves as the network ends is told there.
    """
    moves = [
        event
        for event in row["story"]
        if event["event"] == "joined" or (event["event"] == "left" and event["quarter"] != row["network_death"])
    ]
    start = int(row["born"][:4])
    lines = []
    for _, group in groupby(moves, key=lambda event: (int(event["quarter"][:4]) - start) // years):
        events = list(group)
        first, last = events[0]["quarter"][:4], events[-1]["quarter"][:4]
        text = " ".join((*_joined(events, words), *_left(events, words)))
        lines.append((events[-1]["quarter"], Line(first if first == last else f"{first}–{last}", text)))
    return lines


def _joined(events: Sequence[Row], words: Words) -> Iterator[str]:
    joined = [event for event in events if event["event"] == "joined"]
    if joined:
        yield words("story.joined", partners=_partners(joined, words))


def _left(events: Sequence[Row], words: Words) -> Iterator[str]:
    left = [event for event in events if event["event"] == "left"]
    if left:
        counts = Counter(event["detail"] for event in left)
        why = [words(f"left.{reason}") for reason in _ordered(Leaving, counts)]
        if len(why) > 1:
            why = [f"{counts[reason]} {text}" for reason, text in zip(_ordered(Leaving, counts), why, strict=True)]
        yield words("story.left", partners=_partners(left, words), reasons=words.among(why))


def _partners(events: Sequence[Row], words: Words) -> str:
    """Return how many partners of each kind, and who: those whose names say something first."""
    counts = Counter(event["kind"] for event in events)
    kinds = words.among([words.count(f"partners.{kind}", counts[kind]) for kind in _ordered(Kind, counts)])
    names = list(dict.fromkeys(event["who"] for event in sorted(events, key=_is_number)))
    key = "story.who" if len(names) <= NAMED else "story.among"
    return words(key, partners=kinds, names=words.among(names[:NAMED]))


def _ordered(enumeration: Any, counts: Counter[str]) -> Iterator[str]:
    return (member.name.lower() for member in enumeration if member.name.lower() in counts)


def _is_number(event: Row) -> bool:
    """Say whether the name of a partner is no more than a number."""
    named = event["kind"] in HAVE_NAMES or (event["kind"] in FIRMS and not NUMBERED.fullmatch(event["who"]))
    return not named


def _now(row: Row, about: Mapping[str, Any], words: Words) -> Line:
    told = (_state(row, words), *_size(row, words), *_kept(row, words), *_cash(row, words))
    return Line(about["until"], " ".join(told))


def _state(row: Row, words: Words) -> str:
    if row["network_alive"]:
        moves = Counter(event["event"] for event in row["story"])
        partners = 1 + moves["co_founded"] + moves["joined"] - moves["left"]  # with the school that leads it
        position = words(f"position.{row['position']}")
        return words("story.now_alive", partners=words.count("partners.all", partners), position=position)
    return words("story.now_stopped" if row["status"] == "stopped" else "story.now_dead")


def _size(row: Row, words: Words) -> Iterator[str]:
    if row["partners_by_year"]:
        largest = max(row["partners_by_year"], key=lambda year: year["partners"])
        yield words(
            "story.largest",
            year=largest["year"],
            partners=words.count("partners.all", largest["partners"]),
            firms=words.count("partners.firms", largest["firms"]),
        )


def _kept(row: Row, words: Words) -> Iterator[str]:
    if row["status"] != "stopped":
        students = words.number(row["students_direct"])
        yield words("story.kept", results=words.percent(row["results"]), students=students)


def _cash(row: Row, words: Words) -> Iterator[str]:
    cents = {each["stream"]: each["amount_cents"] for each in row["money"]}
    in_kind = cents.pop(IN_KIND, 0)
    largest = sorted(cents, key=lambda stream: -cents[stream])[:SOURCES]
    streams = [words("story.from", euros=words.euros(cents[s] / 100), stream=words(f"stream.{s}")) for s in largest]
    if streams:
        yield words(
            "story.money",
            cash=words.euros(sum(cents.values()) / 100),
            streams=words.among(streams),
            in_kind=words.euros(in_kind / 100),
        )
