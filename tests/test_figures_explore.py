"""The figures and answers of the page Explore, from a comparison made by hand: no run, no browser."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from app.compare_parts import COLOURS, REFERENCE
from app.figures.answers import answer, differences, differences_csv, explained
from app.figures.courses import course, survival
from app.figures.drawing import LINE, PLOT, Course, apart
from app.figures.explore import figures
from app.figures.figure import written
from app.figures.partners import MOST_DOTS, members, partners
from app.figures.spread import gains, payers, places
from app.words import Language, Words
from experiments.comparison import Band, Comparison, Ends, Gain, Paid, Place, Survival
from experiments.survival import Curve
from sim.outcomes import outcome_table
from tests.test_compare_page import compared

EN, NL = Words(Language.EN), Words(Language.NL)
NAN = math.nan
QUARTERS = tuple(f"{year}-Q{quarter}" for year in range(2018, 2031) for quarter in range(1, 5))
STARTS = QUARTERS.index("2027-Q1")
TIMES = tuple(quarter / 4.0 for quarter in range(-8, 13))


def curve(after: float, lives: int = 200) -> Curve:
    """A curve that falls by the decision in the last quarter with subsidy."""
    share = tuple(1.0 if time < -0.25 else after for time in TIMES)
    low, high = tuple(each - 0.1 for each in share), tuple(min(1.0, each + 0.1) for each in share)
    return Curve(TIMES, share, low, high, (50,) * len(TIMES), lives, 20)


def band(scenario: str, outcome: str, chance: float = 0.5) -> Band:
    """The scenario has one more from the start of the policy."""
    base = tuple(10.0 for _ in QUARTERS)
    more = tuple(10.0 + (place >= STARTS) for place in range(len(QUARTERS)))
    low, high = (tuple(value + by for value in base) for by in (-4.0, 4.0))
    difference = tuple(b - a for a, b in zip(base, more, strict=True))
    own_low, own_high = (tuple(value + by for value in more) for by in (-4.0, 4.0))
    sds = ((chance,) * len(QUARTERS),) * 3
    return Band(
        scenario, outcome, QUARTERS, base, low, high, more, own_low, own_high, difference, difference, difference, *sds
    )


def found(*names: str, **changes: Any) -> Comparison:
    names = names or ("regiefonds",)
    outcomes = ("networks_after_subsidy", "students_direct", "mkb_reached_share", "regie_fte")
    shown = ("networks_sustained", "students_direct", "mkb_reached_share", "public_euros", "euros_policy")
    some = compared(*names)
    given: dict[str, Any] = {
        "survival": tuple(Survival(name, "since_policy", "2027-Q1", curve(0.3), curve(0.6)) for name in names),
        "bands": tuple(band(name, outcome) for name in names for outcome in outcomes),
        "places": tuple(
            Place(name, "west", sector, 2.0, 2.0 + more, more, low, 3.0)
            for name in names
            for sector, more, low in (("ict", 1.5, 0.5), ("zorg", 0.5, -1.0))
        ),
        "ends": tuple(
            Ends(name, outcome, (0, 1, 2), (4, 4, 5), (0.1, 0.2, NAN), (0.3, 0.1, 0.5))
            for name in names
            for outcome in shown
        ),
        "about": {
            **some.about,
            "region": {
                **some.about["region"],
                "sectors_nl": {"ict": "ICT", "zorg": "Zorg en welzijn"},
                "sectors_en": {"ict": "ICT", "zorg": "Care"},
            },
        },
    }
    return replace(some, **{**given, **changes})


def lines(option: Any) -> dict[str, Any]:
    return {one["name"]: one for one in option["series"] if one["type"] == "line"}


@pytest.mark.parametrize("words", [NL, EN])
@pytest.mark.parametrize("names", [("regiefonds",), ("regiefonds", "eigenaarschap", "multilevel", "afbouw")])
def test_every_figure_is_whole_in_both_languages(names: tuple[str, ...], words: Words) -> None:
    told = figures(found(*names), names[-1], words)
    assert [one.file for one in told] == [
        "survival", "networks-after-subsidy", "students-direct", "mkb-reached-share", "regie-fte", "where", "who-pays",
        "who-gains",
    ]  # fmt: skip
    for one in told:
        json.dumps(one.option, allow_nan=False)
        assert all((one.title, one.sub, one.summary, one.note))
        assert all(len(row) == len(one.head) for row in one.rows)
        assert written(one, words)
        assert one.about == "" or one.about in outcome_table()


def test_survival_falls_at_the_end_of_the_subsidy() -> None:
    one = survival(found(), "regiefonds", EN)
    assert one is not None
    drawn, axis = lines(one.option), one.option["xAxis"]["data"]
    assert axis[drawn["Scenario"]["markLine"]["data"][0]["xAxis"]] == "0"
    assert drawn["Scenario"]["data"][axis.index("−0.25")] == 60.0
    assert drawn["Current policy"]["data"][0] == 100.0
    assert drawn["Current policy"]["lineStyle"]["type"] == "dashed"
    row = next(row for row in one.rows if row[0] == "+2")
    assert row[1:5] == pytest.approx([30.0, 20.0, 40.0, 50.0])


def test_survival_stops_where_too_few_are_followed() -> None:
    few = replace(curve(0.6), at_risk=tuple(50 if time <= 1.0 else 4 for time in TIMES))
    other = found(survival=(Survival("regiefonds", "since_policy", "2027-Q1", few, few),))
    one = survival(other, "regiefonds", EN)
    assert one is not None
    assert one.option["xAxis"]["data"][-1] == "1"
    nobody = Curve((), (), (), (), (), 0, 0)
    assert survival(found(survival=(Survival("regiefonds", "all", "", nobody, nobody),)), "regiefonds", EN) is None


def test_bands_hold_what_they_should() -> None:
    """The wide band from 6 to 14 and from 7 to 15; the narrow one 1.645 times chance to either side."""
    one = course(found(), "regie_fte", "regiefonds", EN)
    assert one is not None
    drawn = lines(one.option)
    ends = {name: data["data"][-1] for name, data in drawn.items()}
    assert (ends["band-0-0-low"], ends["band-0-0-high"]) == (6.0, 8.0)
    assert (ends["band-1-0-low"], ends["band-1-0-high"]) == (7.0, 8.0)
    assert ends["band-1-1-low"] == pytest.approx(11 - 1.645 * 0.5, abs=0.01)
    assert ends["band-1-1-high"] == pytest.approx(2 * 1.645 * 0.5, abs=0.01)
    assert all(not data["tooltip"]["show"] for name, data in drawn.items() if name.startswith("band"))


def test_a_scenario_is_drawn_from_where_it_leaves_the_reference() -> None:
    one = course(found(), "regie_fte", "regiefonds", EN)
    assert one is not None
    quarters, line = one.option["xAxis"][0]["data"], lines(one.option)["Scenario"]
    at = quarters.index("Q4 2026")
    assert set(line["data"][:at]) == {None}
    assert line["data"][at : at + 2] == [10.0, 11.0]
    assert quarters[0] == "Q1 2019"  # eight years before, and whole years
    assert len(quarters) == 4 * len(one.option["xAxis"][1]["data"])
    assert quarters[line["markLine"]["data"][0]["xAxis"]] == "Q1 2027"


def test_only_the_scenario_in_focus_has_bands_and_without_two_runs_of_a_draw_no_chance() -> None:
    two = course(found("regiefonds", "afbouw"), "regie_fte", "regiefonds", EN)
    assert two is not None
    drawn = [one["name"] for one in two.option["series"]]
    assert drawn[-1] == "A"  # on top
    assert [name for name in drawn if name.startswith("band-1")] == []
    alone = found(bands=(band("regiefonds", "regie_fte", NAN),))
    one = course(alone, "regie_fte", "regiefonds", EN)
    assert one is not None
    assert not [name for name in lines(one.option) if name.endswith(("-1-low", "-1-high"))]


def test_names_at_the_ends_of_lines_do_not_cover_each_other() -> None:
    courses = [Course(name, "", False, [value]) for name, value in (("a", 50.0), ("b", 51.0), ("c", 52.0), ("d", 5.0))]
    at = {one.name: PLOT * (1.0 - one.values[-1] / 100.0) + one.lift for one in apart(courses, 100.0)}  # type: ignore[operator]
    order = sorted(at, key=lambda name: at[name])
    assert order == ["c", "b", "a", "d"]
    assert min(at[low] - at[high] for high, low in pairwise(order)) >= LINE - 0.2
    assert at["d"] == pytest.approx(PLOT * 0.95)  # far from the others, it stays


def test_a_map_tells_what_is_shown_from_what_is_not() -> None:
    one = places(found(), "regiefonds", NL)
    assert one is not None
    cells = {cell["name"]: cell for cell in one.option["series"][0]["data"]}
    assert cells["+1,5"]["label"]["fontWeight"] == "bold"
    assert cells["+0,5"]["label"]["fontWeight"] == "normal"
    assert one.option["yAxis"]["data"][cells["+1,5"]["value"][1]] == "ICT"
    assert "West-Brabant, ICT" in cells["+1,5"]["tooltip"]["formatter"]
    assert (one.option["visualMap"]["min"], one.option["visualMap"]["max"]) == (-1.5, 1.5)


def test_who_pays_adds_up_in_money_and_tells_goods_in_the_table() -> None:
    paid = (
        Paid("regiefonds", "rijk", False, 2e6, 2e6, 0.0, 0.0, 0.0),
        Paid("regiefonds", "province", False, 0.0, 1e6, 1e6, 5e5, 15e5),
        Paid("regiefonds", "firms_mkb", True, 4e6, 4e6, 0.0, 0.0, 0.0),
    )
    one = payers(found(paid=paid), "regiefonds", EN)
    assert one is not None
    assert one.option["yAxis"]["data"] == ["Current policy 2.0", "Scenario 3.0"]
    assert {bar["name"]: bar["data"] for bar in one.option["series"]} == {"State": [2.0, 2.0], "Province": [0.0, 1.0]}
    assert [row[2] for row in one.rows] == ["money", "money", "in kind"]


def test_who_gains_has_a_dot_and_an_interval_in_each_row() -> None:
    of = tuple(
        Gain(name, "region", "west", "students_direct", 100.0, 100.0 + more, more, more - 5.0, more + 5.0)
        for name, more in (("regiefonds", 20.0), ("afbouw", -30.0))
    )
    one = gains(found("regiefonds", "afbouw", gains=of), "afbouw", EN)
    assert one is not None
    low, wide, *dots = one.option["series"]
    assert (low["data"], wide["data"]) == ([-35.0], [10.0])
    assert [dot["data"][0]["value"] for dot in dots] == [[20.0, 0], [-30.0, 0]]  # the one in focus on top
    assert [dot["itemStyle"]["color"] for dot in dots] == list(COLOURS[:2])


# ── who works with whom ─────────────────────────────────────────────────────────────────────────────────
def happened(event: str, who: str, kind: str = "mkb") -> dict[str, str]:
    return {"event": event, "who": who, "kind": kind}


def lives_of(*rows: tuple[str, bool, list[dict[str, str]]]) -> pd.DataFrame:
    columns = ["id", "network_alive", "story"]
    return pd.DataFrame(rows, columns=columns).assign(name=lambda f: f["id"], school="ROC", sector="ict", region="west")


def test_who_takes_part_follows_from_the_story() -> None:
    story = [happened("co_founded", "a"), happened("joined", "b", "grootbedrijf"), happened("left", "a")]
    assert members(story) == {"b": "grootbedrijf"}
    assert members([*story, happened("joined", "a")]).keys() == {"a", "b"}


def drawn_of(tables: tuple[pd.DataFrame, pd.DataFrame], scale: float) -> tuple[dict[str, list[Any]], list[Any], Any]:
    here = found()
    one = partners(replace(here, about={**here.about, "scale": scale}), "regiefonds", tables, EN)
    assert one is not None
    json.dumps(one.option, allow_nan=False)
    named = {each["name"]: each["data"] for each in one.option["series"] if "name" in each}
    return named, one.option["series"][0]["data"], one


def test_a_map_of_partners_tells_both_worlds_apart() -> None:
    a, b = [happened("joined", "x")], [happened("joined", "x"), happened("joined", "gemeente", "gemeente")]
    before = lives_of(("p", True, a), ("q", False, a), ("r", True, a), ("s", False, a))
    after = lives_of(("p", True, a), ("q", True, b), ("r", False, a), ("s", False, a))
    named, shared, one = drawn_of((before, after), 1.0)
    assert [len(named[f"{name}"]) for name in ("Network lives in both", "Lives only in the scenario")] == [1, 1]
    assert [len(named[f"{name}"]) for name in ("Lives only under current policy", "Network gone")] == [1, 1]
    assert (len(named["Mkb firm"]), len(named["Other partner"])) == (1, 1)
    assert len(shared) == 2  # the firm takes part in p and q
    assert [row[-2:] for row in one.rows] == [[1.0, 1.0], [0.0, 2.0], [1.0, 0.0], [0.0, 0.0]]


def test_a_firm_of_a_sample_is_not_shared() -> None:
    both = lives_of(("p", True, [happened("joined", "x")]), ("q", True, [happened("joined", "x")]))
    named, shared, one = drawn_of((both, both), 0.05)
    assert (len(named["Mkb firm"]), shared) == (2, [])
    assert "A part of the firms" in one.note


def test_too_many_partners_are_thinned_and_it_is_told() -> None:
    crowd = [happened("joined", f"firm {number}") for number in range(2 * MOST_DOTS)]
    table = lives_of(("p", True, crowd))
    named, _, one = drawn_of((table, table), 1.0)
    assert len(named["Mkb firm"]) == MOST_DOTS
    assert "one in 2 is drawn" in one.note


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────
def test_the_answer_has_the_value_and_the_difference() -> None:
    told = answer(found(), NL)
    assert told["title"] == "Regiefonds na de subsidie: wat verandert er ten opzichte van huidig beleid?"
    card = told["cards"][0]
    assert (card["id"], card["rows"][0]["value"], card["rows"][0]["number"]) == ("networks_sustained", "8,0", "+4,3")
    assert card["rows"][0]["mark"] == {"letter": "A", "colour": COLOURS[0], "title": "Regiefonds na de subsidie"}
    assert len(told["price"]) == 2
    json.dumps(told, allow_nan=False)


def test_all_differences_can_be_explained_and_taken_along() -> None:
    here = found("regiefonds", "afbouw")
    told = differences(here, EN)
    assert told["main"] == 4
    assert [len(outcome["rows"]) for outcome in told["outcomes"]] == [2] * 5
    rows = list(csv.DictReader(io.StringIO(differences_csv(here, NL)), delimiter=";"))
    assert len(rows) == len(here.differences)
    assert rows[0]["difference"] == "4,3"
    assert rows[0]["outcome"] == "networks_sustained"


def test_a_number_is_explained_with_the_runs_behind_it() -> None:
    told = explained(found(), "mkb_reached_share", "regiefonds", NL)
    assert told["rows"][0] == ["1", "1", "5", "10,0%", "30,0%", "+20,0 procentpunt"]
    assert told["rows"][2][3:] == ["–", "50,0%", "–"]  # not defined in one of both worlds
    assert any("hash-of-regiefonds" in text for _, text in told["sources"])
    assert all(text for _, text in told["facts"])
    assert told["sentences"][0]["letter"] == "A"
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("colour", [*COLOURS[:4], REFERENCE])
def test_names_in_the_colour_of_a_scenario_can_be_read(colour: str) -> None:
    """WCAG 2.2 AA: a contrast of 4.5 with white."""
    parts = [int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    assert 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5
