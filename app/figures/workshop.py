"""What the workshop shows of a recording: the picture that plays in the browser, and its course as a figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from agents.partnership import Kind
from app.figures.figure import Figure
from app.recording import LINGERS, SHOWN, Happening, Hub, Link, Node, Recording
from app.story import Story, partner_name
from app.words import Words
from sim.outcomes import outcome_table

INK, MUTED, TEAL, ORANGE = "#14243B", "#56657A", "#0F766E", "#B4500B"
LINES: Mapping[str, str] = {"pps_active": INK, "networks_alive": TEAL, "pps_subsidised": ORANGE}
"""The outcomes whose course is drawn, and their colours: what stays in schools, what lives, and what is paid for."""
BEFORE = "networks_alive"
"""The outcome that is also drawn as it went without the measures."""


MOST_REGIONS = 12
"""Regions that can be drawn side by side; of more, one province is drawn at a time."""


def too_wide(recording: Recording) -> bool:
    """Say whether a recording has more regions than can be drawn side by side."""
    return len(recording.regions) > MOST_REGIONS


def picture(whole: Recording, words: Words, province: int = 0) -> dict[str, Any]:
    """Return a recording as the browser plays it: columns of numbers, and texts in one language.

    Args:
        whole: The run.
        words: The language.
        province: Which is drawn if there are too many regions.
    """
    recording, hub_numbers, node_numbers = whole, list(range(len(whole.hubs))), list(range(len(whole.nodes)))
    if too_wide(whole):
        recording, hub_numbers, node_numbers = whole.within(province)
    nodes = {**_columns(Node, recording.nodes), "number": node_numbers}
    nodes["name"] = [
        partner_name(Kind(node.kind).name.lower(), node.name, words) if node.name else "" for node in recording.nodes
    ]
    return {
        "quarters": list(recording.quarters),
        "regions": list(recording.regions),
        "lingers": LINGERS,
        "hubs": {**_columns(Hub, recording.hubs), "number": hub_numbers},
        "nodes": nodes,
        "links": _columns(Link, recording.links),
        "series": recording.series,
        "captions": [[one.frame, one.hub, one.what, text] for one, text in _captions(recording, words)],
    }


def _columns(kind: type[Any], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {each.name: [getattr(row, each.name) for row in rows] for each in fields(kind)}


def _captions(recording: Recording, words: Words) -> Iterator[tuple[Happening, str]]:
    for one in recording.happenings:
        pps, partners = recording.hubs[one.hub].name, words.count("partners.all", one.number)
        match one.what:
            case "founded":
                yield one, words("workshop.caption.founded", pps=pps, partners=partners)
            case "granted":
                scheme, euros = words(f"scheme.{one.detail}"), words.euros(one.number)
                yield one, words("workshop.caption.granted", pps=pps, scheme=scheme, euros=euros)
            case "decided":
                yield one, words(f"workshop.decided.{one.detail}", pps=pps)
            case "network_ended" if one.detail != "stopped":  # else the decision to stop has just told it
                yield one, words(f"workshop.ended.{one.detail}", pps=pps, partners=partners)


def labels(words: Words) -> list[dict[str, str]]:
    """Return what stands beside the network: names of outcomes, how they are called and what they mean."""
    table = outcome_table()
    return [
        {"name": name, "label": words(f"workshop.count.{name}"), "meaning": words.pick(table[name], "meaning")}
        for name in SHOWN
    ]


def story(told: Story) -> dict[str, Any]:
    """Return a story as the page shows it."""
    return {
        "title": told.title,
        "about": told.about,
        "lines": [[line.when, line.text] for line in told.lines],
        "now": [told.now.when, told.now.text],
    }


def course(recording: Recording, before: Recording | None, words: Words, sub: str) -> Figure:
    """Return the course of a whole run, to take along from the workshop.

    Args:
        recording: The run.
        before: The same run without the measures that were switched on, if any were.
        words: The language.
        sub: Which run it is.
    """
    table = outcome_table()
    names = {name: words.pick(table[name], "label") for name in SHOWN}
    without = words("workshop.without")
    lines = [_line(words(f"workshop.line.{name}"), colour, recording.series[name]) for name, colour in LINES.items()]
    head, columns = [words("workshop.quarter"), *names.values()], [recording.series[name] for name in SHOWN]
    if before is not None:
        lines.append({**_line(without, MUTED, before.series[BEFORE]), "lineStyle": {"type": "dashed", "width": 2}})
        head += [f"{label} ({without})" for label in names.values()]
        columns += [before.series[name] for name in SHOWN]
    return Figure(
        words("workshop.course"),
        sub,
        {
            "animation": False,
            "textStyle": {"fontFamily": "Roboto, sans-serif"},
            "grid": {"left": 44, "right": 150, "top": 16, "bottom": 28},
            "tooltip": {"trigger": "axis"},
            "xAxis": {"type": "category", "data": list(recording.quarters), "axisTick": {"show": False}},
            "yAxis": {"type": "value", "minInterval": 1},
            "series": lines,
        },
        head,
        [
            [quarter, *(math.nan if value is None else value for value in row)]
            for quarter, *row in zip(recording.quarters, *columns, strict=True)
        ],
        _summary(recording, before, words),
        "werksessie" if words.language == "nl" else "workshop",
        note=words("workshop.one_future"),
    )


def _line(name: str, colour: str, values: Sequence[float | None]) -> dict[str, Any]:
    return {
        "type": "line",
        "name": name,
        "data": list(values),
        "showSymbol": False,
        "color": colour,
        "lineStyle": {"width": 2.5},
        "endLabel": {"show": True, "formatter": "{a}", "color": colour, "fontSize": 12},
        "labelLayout": {"moveOverlap": "shiftY"},
    }


def _summary(recording: Recording, before: Recording | None, words: Words) -> str:
    ends = {name: words.number(recording.series[name][-1] or 0.0) for name in LINES}
    text = words("workshop.summary", quarter=recording.quarters[-1], **ends)
    if before is None:
        return text
    return f"{text} {words('workshop.summary_without', n=words.number(before.series[BEFORE][-1] or 0.0))}"
