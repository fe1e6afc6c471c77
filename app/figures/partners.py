"""Who works with whom: the partnerships of one future and those who take part in them, with a policy and without."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app.compare_parts import Mark, marks_of, place_names
from app.compare_words import quarter_words
from app.figures.drawing import INK, MUTED, ORANGE, Option, option_of
from app.figures.figure import Figure
from app.words import Words
from experiments.comparison import Comparison

MOST_DOTS = 1_500
"""Partners that can be drawn; if there are more, those of one PPS alone are thinned evenly."""
GOLDEN = math.pi * (3.0 - math.sqrt(5.0))
"""The golden angle: points that turn by it fill a disc evenly."""
WIDE = 2.4
"""How many times wider than high the map is, about."""
USUAL_WIDTH, BELOW = 1000.0, 76
"""Width of the figure on a large screen, and what its edges and the names below it take; in pixels."""
LEAST_WIDTH = 640
"""Width below which names of regions would stand across each other, in pixels."""
APART, AROUND = 60.0, 15.0
"""Distance between PPS, and from a PPS to its nearest partners."""
STATES = ("both", "gained", "lost", "neither")
SYMBOLS = {"both": "diamond", "gained": "triangle", "lost": "rect", "neither": "diamond"}
FIRMS = ("mkb", "grootbedrijf")
OTHERS = "others"
"""Schools, hogescholen and other partners that are no firms."""
KINDS = {"mkb": "#7FB2E5", "grootbedrijf": "#1F3F8F", OTHERS: "#A24FA0"}
"""Colour of each kind of partner."""


@dataclass(frozen=True)
class Life:
    """A partnership at the end of a run.

    Attributes:
        name: Its name.
        school: Its lead school.
        sector: Id of its sector.
        region: Id of its region.
        alive: Whether its network lives.
        partners: Who takes part and what kind of partner each is; none if the network is gone.
    """

    name: str
    school: str
    sector: str
    region: str
    alive: bool
    partners: Mapping[str, str]


def partners(found: Comparison, focus: str, tables: tuple[pd.DataFrame, pd.DataFrame], words: Words) -> Figure | None:
    """Return the map of partnerships and partners; None if there are no partnerships.

    Args:
        found: What came out.
        focus: Name of the scenario.
        tables: The tables of partnerships of one future, in the reference and in the scenario.
        words: The language.
    """
    before, after = (lives(table) for table in tables)
    ids = sorted(before.keys() | after.keys())
    if not ids:
        return None
    marks, names = marks_of(found, words), place_names(found.about, words)
    states = {id_: state(before.get(id_), after.get(id_)) for id_ in ids}
    counts = {one: sum(each == one for each in states.values()) for one in STATES}
    told = {id_: after.get(id_) or before[id_] for id_ in ids}
    sampled = found.about["scale"] < 1.0
    option, thinned = _option(told, after, states, marks[focus], sampled, names, words)
    notes = [words("explore.note.partners"), *([words("explore.note.sampled")] if sampled else [])]
    notes += [words("explore.note.thinned", n=thinned)] if thinned > 1 else []
    return Figure(
        title=words("explore.question.partners"),
        sub=words(
            "explore.sub.partners", title=marks[focus].title, seed=found.about["seed"],
            quarter=quarter_words(str(found.about["until"]), words),
        ),
        option=option,
        head=[words(f"explore.table.{key}") for key in _COLUMNS],
        rows=[_row(told[id_], before.get(id_), after.get(id_), states[id_], names, words) for id_ in ids],
        summary=words("explore.alt.partners", pps=len(ids), title=marks[focus].title, **counts),
        file="who-works-with-whom",
        note=" ".join(notes),
        height=_height(_box(list(positions(told).values()))),
        width=LEAST_WIDTH,
        digits=0,
    )  # fmt: skip


_COLUMNS = ("pps", "school", "region", "sector", "state", "before", "after")


def lives(table: pd.DataFrame) -> dict[str, Life]:
    """Return the partnerships in a table by id."""
    columns = ("id", "name", "school", "sector", "region", "network_alive", "story")
    return {
        id_: Life(name, school, sector, region, bool(alive), members(story) if alive else {})
        for id_, name, school, sector, region, alive, story in zip(*(table[one] for one in columns), strict=True)
    }


def members(story: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return who takes part at the end of a story, with the kind of each."""
    there: dict[str, str] = {}
    for happening in story:
        if happening["event"] in ("co_founded", "joined"):
            there[happening["who"]] = happening["kind"]
        elif happening["event"] == "left":
            there.pop(happening["who"], None)
    return there


def state(before: Life | None, after: Life | None) -> str:
    """Return in which of both worlds a network lives."""
    alive = (before is not None and before.alive, after is not None and after.alive)
    return {(True, True): "both", (False, True): "gained", (True, False): "lost", (False, False): "neither"}[alive]


def _row(
    told: Life, before: Life | None, after: Life | None, where: str, names: Mapping[str, str], words: Words
) -> list[str | float]:
    counts = [math.nan if one is None else float(len(one.partners)) for one in (before, after)]
    place = (names.get(told.region, told.region), names.get(told.sector, told.sector))
    return [told.name, told.school, *place, words(f"explore.state.{where}"), *counts]


def _option(
    told: Mapping[str, Life],
    after: Mapping[str, Life],
    states: Mapping[str, str],
    mark: Mark,
    sampled: bool,
    names: Mapping[str, str],
    words: Words,
) -> tuple[Option, int]:
    """Return what is drawn, and of how many partners of one PPS one is drawn."""
    centres = positions(told)
    dots, lines, thinned = _dots(after, centres, sampled)
    looks = _looks(mark, words)
    pps: dict[str, list[Option]] = {one: [] for one in STATES}
    for id_, life in told.items():
        text = {"formatter": _pps_text(life, states[id_], names, words)}
        pps[states[id_]].append({"value": _rounded(centres[id_]), "name": life.name, "tooltip": text})
    dotted = [
        {**_scatter(*looks[kind], 5 if kind == "mkb" else 7), "data": dots[kind], "silent": True, "z": 2}
        for kind in KINDS
    ]
    drawn = [
        {**_scatter(*looks[one], 8 if one == "neither" else 15), "data": pps[one], "z": 3} for one in STATES if pps[one]
    ]
    box = _box(list(centres.values()))
    option = option_of(
        grid={"top": 14, "left": 14, "right": 14, "bottom": BELOW - 14},
        tooltip={},
        legend={"bottom": 0, "left": 0, "itemWidth": 14, "itemHeight": 12, "selectedMode": False,
                "textStyle": {"color": INK}},
        xAxis={"show": False, "type": "value", "min": box[0], "max": box[2]},
        yAxis={"show": False, "type": "value", "min": box[1], "max": box[3], "inverse": True},
        series=[{"type": "lines", "coordinateSystem": "cartesian2d", "data": lines, "silent": True, "z": 1,
                 "lineStyle": {"color": MUTED, "width": 0.8, "opacity": 0.5}}, *dotted, *drawn,
                _names(told, centres, names)],
    )  # fmt: skip
    return option, thinned


def _dots(
    after: Mapping[str, Life], centres: Mapping[str, tuple[float, float]], sampled: bool
) -> tuple[dict[str, list[list[float]]], list[Option], int]:
    """Return the partners by kind, lines from those that take part in several PPS, and how others were thinned.

    A firm of a sample stands for more of its kind: in two PPS it is not the same firm, and gets a dot at each.
    """
    of: dict[tuple[str, ...], list[str]] = {}
    for id_, life in after.items():
        for who, kind in life.partners.items():
            apart = (id_,) if sampled and kind in FIRMS else ()
            of.setdefault((kind, who, *apart), []).append(id_)
    alone = sum(len(ids) == 1 for ids in of.values())
    thinned = max(1, math.ceil(alone / max(1, MOST_DOTS - (len(of) - alone))))
    dots: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    lines: list[Option] = []
    turn: dict[str, int] = {}
    for (kind, *_), ids in of.items():
        turn[ids[0]] = turn.get(ids[0], 0) + 1
        if len(ids) == 1 and turn[ids[0]] % thinned:
            continue
        place = _rounded(_near([centres[each] for each in ids], turn[ids[0]] // thinned))
        dots[kind if kind in KINDS else OTHERS].append(place)
        lines += [{"coords": [place, _rounded(centres[each])]} for each in ids if len(ids) > 1]
    return dots, lines, thinned


def positions(told: Mapping[str, Life]) -> dict[str, tuple[float, float]]:
    """Return where each PPS is drawn: those of a region together in a disc, those of a sector side by side.

    The discs stand in rows; the same partnerships always stand at the same place.
    """
    regions = sorted({life.region for life in told.values()})
    widest = max(sum(life.region == region for life in told.values()) for region in regions)
    step = 2.0 * APART * math.sqrt(widest) * 0.62 + APART
    across = math.ceil(math.sqrt(len(regions) * WIDE))
    found = {}
    for number, region in enumerate(regions):
        own = sorted((life.sector, id_) for id_, life in told.items() if life.region == region)
        for place, (_, id_) in enumerate(own):
            far, turn = 0.62 * APART * math.sqrt(place + 0.5), GOLDEN * place
            x, y = step * (number % across), step * (number // across)
            found[id_] = (x + far * math.cos(turn), y + far * math.sin(turn))
    return found


def _box(places: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Return the left, upper, right and lower end of all that is drawn."""
    xs, ys = zip(*places, strict=True)
    return min(xs) - APART, min(ys) - 1.4 * APART, max(xs) + APART, max(ys) + APART


def _height(box: tuple[float, float, float, float]) -> int:
    """Return how high the figure is, so that circles are round on a page of the usual width."""
    shape = (box[3] - box[1]) / (box[2] - box[0])
    return round(min(max(USUAL_WIDTH * shape, 260.0), 620.0)) + BELOW


def _names(told: Mapping[str, Life], centres: Mapping[str, tuple[float, float]], names: Mapping[str, str]) -> Option:
    """Return the names of the regions, above their PPS."""
    labels = []
    for region in sorted({life.region for life in told.values()}):
        own = [centres[id_] for id_, life in told.items() if life.region == region]
        middle, top = sum(x for x, _ in own) / len(own), min(y for _, y in own) - 0.7 * APART
        labels.append({"value": _rounded((middle, top)), "name": names.get(region, region)})
    label = {"show": True, "formatter": "{b}", "color": INK, "fontWeight": 600, "fontSize": 13}
    return {
        "type": "scatter",
        "data": labels,
        "symbolSize": 0,
        "silent": True,
        "label": label,
        "z": 4,
        "labelLayout": {"hideOverlap": True},
    }


def _near(centres: Sequence[tuple[float, float]], place: int) -> tuple[float, float]:
    """Return a place around a PPS, or between several."""
    x, y = (sum(one[axis] for one in centres) / len(centres) for axis in (0, 1))
    far, turn = (AROUND if len(centres) == 1 else AROUND / 3.0) + 0.6 * math.sqrt(place), GOLDEN * place
    return x + far * math.cos(turn), y + far * math.sin(turn)


def _rounded(place: tuple[float, float]) -> list[float]:
    return [round(place[0], 1), round(place[1], 1)]


def _pps_text(life: Life, where: str, names: Mapping[str, str], words: Words) -> str:
    return words(
        "explore.chart.pps",
        name=life.name,
        sector=names.get(life.sector, life.sector),
        region=names.get(life.region, life.region),
        state=words(f"explore.state.{where}"),
        partners=words.count("explore.partners", len(life.partners)),
    )


def _looks(mark: Mark, words: Words) -> dict[str, tuple[str, str, str]]:
    """Return the name, the symbol and the colour of everything that is drawn."""
    colours = {"both": mark.colour, "gained": mark.colour, "lost": ORANGE, "neither": "#C3CCD6"}
    pps = {one: (words(f"explore.state.{one}"), SYMBOLS[one], colours[one]) for one in STATES}
    return pps | {kind: (words(f"explore.kind.{kind}"), "circle", colour) for kind, colour in KINDS.items()}


def _scatter(name: str, symbol: str, colour: str, size: int) -> Option:
    return {"type": "scatter", "name": name, "symbol": symbol, "symbolSize": size, "itemStyle": {"color": colour}}
