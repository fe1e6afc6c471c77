"""The life of one partnership in sentences, told from its row in the results."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from agents.errors import InputError
from agents.partnership import FIRM_KINDS, Kind, Leaving, Position
from app.words import Words

type Row = Mapping[str, Any]

MOST_LINES = 30
"""Printed lines of a story, without what stands above and below it, on a page that is not too narrow."""
PAGE = 82  # characters in such a line
NAMED = 3  # partners that are called by name in one line
TOGETHER = ((1, NAMED), (2, NAMED), (3, NAMED), (5, NAMED), (25, NAMED), (25, 1), (25, 0))
"""Years whose comings and goings are told together, and partners that are named: the first that is short enough."""
HAVE_NAMES = (Kind.SCHOOL.name.lower(), Kind.HOGESCHOOL.name.lower())
FIRMS = tuple(kind.name.lower() for kind in FIRM_KINDS)
NUMBERED = re.compile(r"bedrijf (\d+)")  # a firm without a name of its own
PLACED = re.compile(r"\w+ (.+) (\d+)")  # any other partner without one: what it is, its region and a number
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
    for years, named in TOGETHER:
        lines = list(_in_order(milestones, row, words, years, named))
        if sum(1 + len(line.text) // PAGE for line in lines) <= MOST_LINES:
            break
    return lines


def _milestones(row: Row, words: Words) -> list[Line]:
    """Return what happened on one day, as it were: a line per quarter."""
    told = [(event["quarter"], sentence) for event in row["story"] for sentence in _sentences(event, row, words)]
    return [
        Line(quarter, " ".join(sentence for _, sentence in group))
        for quarter, group in groupby(told, key=lambda one: one[0])
    ]


def _in_order(milestones: Sequence[Line], row: Row, words: Words, years: int, named: int) -> Iterator[Line]:
    """Yield the milestones, the first of which is the founding, and between them who came and went.

    Who moves in the quarter of a milestone comes before it, so that time never runs back.
    """
    quarters = [line.when for line in milestones[1:]]
    between: dict[int, list[Row]] = {}
    for event in _moves(row):
        between.setdefault(bisect_left(quarters, event["quarter"]), []).append(event)
    for number, milestone in enumerate(milestones):
        yield milestone
        yield from _turnover(between.get(number, []), int(row["born"][:4]), words, years, named)


def _sentences(event: Row, row: Row, words: Words) -> Iterator[str]:
    match event["event"]:
        case "founded":
            yield from _founding(event, row, words)
        case "granted":
            yield _grant(event, words)
            if _embedded_by(row, event["quarter"]):
                yield words("story.embedded_grant")
        case "phase":
            yield words(f"story.phase.{event['detail']}")
        case "decided":
            yield from _decision(row, words)
        case "stopped":
            yield words("story.stopped")
        case "network_ended":
            partners = words.count("partners.all", event["number"])
            yield words(f"story.network_ended.{event['detail']}", partners=partners, regie=_regie(event, words))
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


def _embedded_by(row: Row, quarter: str) -> bool:
    """Say whether the partnership was embedded before this quarter."""
    decided = [event["quarter"] for event in row["story"] if event["event"] == "decided"]
    return row["decision"] == "A_EMBED" and bool(decided) and decided[0] < quarter


def _regie(event: Row, words: Words) -> str:
    """Say how much regie there was as the network ended, and how much it needed; nothing if that is not known."""
    had, needed = event.get("regie_fte"), event.get("regie_need")
    if had is None or needed is None:
        return ""
    texts = words.apart(lambda fte, more: words.number(fte, 1 + more), had, needed)
    return words("story.regie.short" if had < needed else "story.regie.enough", had=texts[0], needed=texts[1])


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
    show: Callable[[float, int], str] = words.number
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
            seen, asked = words.apart(lambda number, more: words.number(number, 2 + more), value, needed)
            return words("condition.other", name=name, value=seen, needed=asked)
    seen, asked = words.apart(show, value, needed)
    return words(f"condition.{name}", value=seen, needed=asked)


def _moves(row: Row) -> list[Row]:
    """Return who came and went later; who leaves as the network ends is told there."""
    return [
        event
        for event in row["story"]
        if event["event"] == "joined" or (event["event"] == "left" and event["quarter"] != row["network_death"])
    ]


def _turnover(moves: Sequence[Row], start: int, words: Words, years: int, named: int) -> Iterator[Line]:
    """Yield who came and went, a line per so many years since the start."""
    for _, group in groupby(moves, key=lambda event: (int(event["quarter"][:4]) - start) // years):
        events = list(group)
        text = " ".join((*_joined(events, words, named), *_left(events, words, named)))
        yield Line(_period(events[0]["quarter"], events[-1]["quarter"]), text)


def _period(first: str, last: str) -> str:
    """Return from when to when: `2015-Q2`, `2015-Q2–Q4` or `2015-Q2–2016-Q1`."""
    if first == last:
        return first
    return f"{first}–{last.removeprefix(first[:5])}"


def _joined(events: Sequence[Row], words: Words, named: int) -> Iterator[str]:
    joined = [event for event in events if event["event"] == "joined"]
    if joined:
        yield words("story.joined", partners=_partners(joined, words, named))


def _left(events: Sequence[Row], words: Words, named: int) -> Iterator[str]:
    left = [event for event in events if event["event"] == "left"]
    if left:
        counts = Counter(event["detail"] for event in left)
        why = [words(f"left.{reason}") for reason in _ordered(Leaving, counts)]
        if len(why) > 1:
            why = [f"{counts[reason]} {text}" for reason, text in zip(_ordered(Leaving, counts), why, strict=True)]
        yield words("story.left", partners=_partners(left, words, named), reasons=words.among(why))


def _partners(events: Sequence[Row], words: Words, named: int = NAMED) -> str:
    """Return how many partners of each kind, and who, up to so many: those whose names say something first."""
    counts = Counter(event["kind"] for event in events)
    kinds = words.among([words.count(f"partners.{kind}", counts[kind]) for kind in _ordered(Kind, counts)])
    if not named:
        return kinds
    names = list(
        dict.fromkeys(partner_name(event["kind"], str(event["who"]), words) for event in sorted(events, key=_is_number))
    )
    key = "story.who" if len(names) <= named else "story.among"
    return words(key, partners=kinds, names=words.among(names[:named]))


def partner_name(kind: str, who: str, words: Words) -> str:
    """Return the name of a partner; one that was made from its kind and a number, in the language."""
    if kind in FIRMS:
        numbered = NUMBERED.fullmatch(who)
        return words("name.firm", number=numbered[1]) if numbered else who
    placed = PLACED.fullmatch(who)
    if placed and kind not in HAVE_NAMES and who.startswith(f"{kind} "):
        return words(f"name.{kind}", place=placed[1], number=placed[2])
    return who


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
        position = words(f"position.{row['position']}")
        return words("story.now_alive", partners=words.count("partners.all", _alive(row)), position=position)
    return words("story.now_stopped" if row["status"] == "stopped" else "story.now_dead")


def _alive(row: Row) -> int:
    """Return how many partners there are, with the school that leads."""
    moves = Counter(event["event"] for event in row["story"])
    return 1 + moves["co_founded"] + moves["joined"] - moves["left"]


def _size(row: Row, words: Words) -> Iterator[str]:
    """Say how large the network was at most: at the end of a year, or as it ended."""
    if row["partners_by_year"]:
        largest = max(row["partners_by_year"], key=lambda year: year["partners"])
        ends = [event for event in row["story"] if event["event"] == "network_ended"]
        if ends and ends[0]["number"] > largest["partners"]:
            partners = words.count("partners.all", ends[0]["number"])
            yield words("story.largest_in", quarter=ends[0]["quarter"], partners=partners)
            return
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
