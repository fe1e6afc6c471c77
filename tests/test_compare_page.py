"""The page of a comparison: stands alone, holds every part in both languages, and says no more than was found."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agents.errors import InputError
from agents.parameters import parameter_table
from app.compare_words import amount, cost_sentence, inside, interval, sentence, verdict
from app.words import Language, Words
from experiments.comparison import (
    Asked,
    Band,
    Carried,
    Comparison,
    Cost,
    Difference,
    Gain,
    Paid,
    Spent,
    Survival,
    Verdict,
)
from experiments.survival import Curve
from experiments.why import Example, Why
from scenarios.scenario import load_scenario
from sim.outcomes import outcome_table

EN, NL = Words(Language.EN), Words(Language.NL)
NAN = math.nan
COMMAND = ("pps", "compare", "baseline", "regiefonds", "--html", "mijn pagina.html")
QUARTERS = ("2026-Q3", "2026-Q4", "2027-Q1", "2027-Q2")


# ── a comparison by hand ────────────────────────────────────────────────────────────────────────────────


def asked(name: str) -> Asked:
    scenario = load_scenario(name)
    texts = {key: getattr(scenario, key) for key in ("name", "title_nl", "title_en", "purpose_nl", "purpose_en")}
    policies = tuple(scenario.model_dump()["policies"])
    return Asked(
        **texts, policies=policies, parameters={}, identity=f"hash-of-{name}", folder=Path("x"), replicates=6, failed=()
    )


def difference(scenario: str = "regiefonds", outcome: str = "networks_sustained", **changes: Any) -> Difference:
    row = outcome_table()[outcome]
    values: dict[str, Any] = {
        "unit": row.unit.removesuffix("/quarter"), "direction": row.direction, "baseline": 3.7, "value": 8.0,
        "difference": 4.3, "low": 3.2, "high": 5.4, "share_better": 1.0, "share_equal": 0.0, "spread_low": 2.5,
        "spread_high": 6.1, "variance_factor": 3.0, "n": 64, "units": 32,
    }  # fmt: skip
    return Difference(scenario=scenario, outcome=outcome, **{**values, **changes})


EXAMPLE = Example(0, "a", "ROC 1")
CURVE = Curve((0.0, 1.0, 4.0), (0.9, 0.6, 0.3), (0.8, 0.5, 0.1), (0.97, 0.7, 0.5), (100, 60, 8), 100, 70)


def band(scenario: str, outcome: str) -> Band:
    same, low, high = (1.0, 2.0, 3.0, 4.0), (0.5, 1.5, 2.5, 3.5), (2.0, 3.0, 4.0, 5.0)
    more, zero = (1.0, 2.0, 3.5, 6.0), (0.0, 0.0, 0.5, 2.0)
    chance = ((0.2,) * 4,) * 3
    return Band(scenario, outcome, QUARTERS, same, low, high, more, low, high, zero, zero, zero, *chance)


def compared(*names: str, **changes: Any) -> Comparison:
    about: Mapping[str, Any] = {
        "start": "2011-Q3", "until": "2035-Q4", "seed": 1, "scale": 1.0,
        "region": {
            "title_nl": "Noord-Brabant", "title_en": "Noord-Brabant", "regions": {"west": "West-Brabant"},
            "provinces": {"nb": "Noord-Brabant"}, "sectors_nl": {"ict": "ICT"}, "sectors_en": {"ict": "ICT"},
        },
        "parameters": {"source": "posterior", "digest": "d" * 64, "draws": [3, 3, 5, 5]},
        "digests": {"code": "c0de" * 16, "region": "4e91" * 16},
        "versions": {"python": "3.13.1", "mesa": "3.3.0"},
    }  # fmt: skip
    names = names or ("regiefonds", "eigenaarschap")
    outcomes = ("networks_sustained", "students_direct", "mkb_reached_share", "public_euros", "euros_policy")
    found: dict[str, Any] = {
        "about": about,
        "baseline": asked("baseline"),
        "scenarios": tuple(map(asked, names)),
        "replicates": 64,
        "pairs": dict.fromkeys(names, 64),
        "unit": "draws",
        "differences": tuple(difference(name, outcome) for name in names for outcome in outcomes),
        "costs": tuple(Cost(name, 4e6, 38.0, 105_263.0, 59_600.0, 190_000.0, "price") for name in names),
        "paid": tuple(
            Paid(name, group, kind, 2.5e6, 2.7e6, 2e5, 1e5, 3e5)
            for name in names
            for group, kind in (("rijk", False), ("firms_mkb", False), ("firms_mkb", True))
        ),
        "paid_by_year": (),
        "gains": tuple(
            Gain(name, dimension, group, "students_direct", 300.0, 320.0, 20.0, -5.0, 45.0)
            for name in names
            for dimension, group in (("region", "west"), ("sector", "ict"), ("province", "nb"))
        ),
        "spent": tuple(Spent(name, "regie-fund", "nb", 9, 2e6, 1.9e6, 12.0, 9.0, 3.0, 0.5) for name in names[:1]),
        "places": (),
        "ends": (),
        "survival": tuple(Survival(name, "since_policy", "2027-Q1", CURVE, CURVE) for name in names),
        "bands": tuple(band(name, outcome) for name in names for outcome in ("students_direct", "mkb_reached_share")),
        "why": (
            Why("regiefonds", "lives", "contact_faded", 30, 0.6, 0.5, (), (("regie-fund", 30),), (EXAMPLE,)),
        ),
        "carried": (
            Carried("regiefonds", "patience", "networks_sustained", "networks", 4.3, 3.0, 2.0, 4.0, 1.3, 0.2, 2.4, 64),
        ),
    }  # fmt: skip
    return Comparison(**{**found, **changes})


NO_CHARTS: Any = {"paid": (), "survival": (), "bands": ()}
"""For a test of words: charts take most of the time."""


def rendered(comparison: Comparison, words: Words = NL, command: Sequence[str] = COMMAND) -> str:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.compare_page import render

    return render(comparison, command, words).replace("&#39;", "'").replace("&amp;", "&")


@cache
def whole(language: Language) -> str:
    """The page of the comparison by hand, made once."""
    return rendered(compared(), Words(language))


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_the_page_stands_alone_and_is_complete(words: Words) -> None:
    page = whole(words.language)
    assert not re.findall(r"https?:|\"//|@import|url\((?!#)|<script|<link|<img|<iframe|\ssrc=", page)
    assert not re.search(r"\bnan\b|None|Undefined|\binf\b", page)
    assert f'<html lang="{words.language}">' in page
    places = [page.index(f'<section id="{part}"') for part in (
        "question", "answer", "differences", "survival", "series", "money", "gains", "why", "assumptions", "meanings",
        "again",
    )]  # fmt: skip
    assert places == sorted(places)
    for key in ("question", "answer", "forest", "survival", "series", "money", "costs", "spent", "gains", "because",
                "assumptions", "again"):  # fmt: skip
        assert words(f"compare_page.{key}.title") in page, key
    assert words("compare_page.survival.no_source") in page
    for scenario in map(load_scenario, ("baseline", "regiefonds", "eigenaarschap")):
        assert words.pick(scenario, "title") in page
        assert words.pick(scenario, "purpose") in page
    for text in (text for key, text in words.texts.items() if key.startswith("validate.never.")):
        assert text in page


def test_links_lead_to_a_place_in_the_page_and_names_are_unique() -> None:
    page = whole(Language.NL)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    links = re.findall(r'href="([^"]+)"', page)
    assert {link[1:] for link in links if link.startswith("#")} == {link[1:] for link in links} <= set(ids)


def test_charts_and_tables_can_be_read_without_eyes() -> None:
    page = whole(Language.NL)
    charts = [svg for svg in re.findall(r"<svg[^>]*>", page) if "glyph" not in svg]
    assert len(charts) == 5  # survival twice, two outcomes over the years, money
    assert all('role="img"' in svg and re.search(r'aria-label="[^"]{30,}"', svg) for svg in charts)
    assert all('aria-hidden="true"' in svg for svg in re.findall(r'<svg class="glyph[^>]*>', page))
    tables = re.findall(r"<table.*?</table>", page, re.DOTALL)
    assert tables
    for table in tables:
        assert "<caption>" in table
        assert not re.search(r"<th(?![^>]*scope=)[ >]", table)


def test_the_same_numbers_make_the_same_page() -> None:
    assert rendered(compared()) == whole(Language.NL)


def test_how_to_make_it_again_is_told_to_the_letter() -> None:
    page = whole(Language.NL)
    told = ("--html 'mijn pagina.html'", "hash-of-baseline", "hash-of-eigenaarschap", "c0de" * 16, "python 3.13.1")
    for part in (*told, "1 tot en met 64", "2 trekkingen uit de posterior"):
        assert part in page, part


def test_what_a_policy_rests_on_is_told() -> None:
    page = whole(Language.NL)
    for part in (
        "Geen bron noemt een bedrag",
        "80.000 euro per jaar",
        "P-P11",
        "policy_outside_multilevel",
        "in de school",
    ):
        assert part in page, part


def test_what_a_kind_of_policy_rests_on_is_told_once() -> None:
    twin = replace(asked("regiefonds"), name="ruim-fonds")
    page = rendered(compared(scenarios=(asked("regiefonds"), twin), **_no_rows()))
    assert page.count("Geen bron noemt een bedrag") == 1
    assert page.count("80.000 euro per jaar") == 2


def _no_rows() -> dict[str, Any]:
    return {**NO_CHARTS, "differences": (), "costs": (), "spent": (), "gains": (), "why": (), "carried": ()}


def test_parameters_that_a_scenario_sets_are_told() -> None:
    own = replace(asked("regiefonds"), parameters={"fee_mkb": 300})
    page = rendered(compared("regiefonds", scenarios=(own,), **NO_CHARTS))
    assert "300 euro per jaar, in plaats van 1.500 euro per jaar" in page
    assert parameter_table()["fee_mkb"].meaning_nl in page


def test_numbers_are_written_as_the_language_does() -> None:
    rows = compared(
        **NO_CHARTS, differences=(difference(outcome="students_direct", difference=1234.5, low=1100.0, high=1300.0),)
    )
    assert "1.234 meer (95%-interval 1.100 tot 1.300)" in rendered(rows)
    assert "up 1,234 (95% interval 1,100 to 1,300)" in rendered(rows, EN)
    assert "1e kwartaal 2027" in whole(Language.NL)
    assert "Q1 2027" in whole(Language.EN)


def test_titles_are_text_and_not_a_page() -> None:
    evil = replace(asked("regiefonds"), title_nl='<b>"x"</b>', title_en="x")
    assert "<b>&#34;x" not in (page := rendered(compared("regiefonds", scenarios=(evil,), **NO_CHARTS)))
    assert '<b>"x' not in page


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.compare_page import write_compare_page

    path = tmp_path / "page.html"
    assert write_compare_page(compared(**NO_CHARTS), path, COMMAND, NL) == path
    assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot write the page"):
        write_compare_page(compared(**NO_CHARTS), tmp_path / "nowhere" / "page.html", COMMAND, NL)


# ── what may be missing or much ─────────────────────────────────────────────────────────────────────────


def test_parts_that_nobody_asked_for_are_left_out() -> None:
    page = rendered(compared(why=(), carried=(), spent=(), **NO_CHARTS))
    assert 'id="why"' not in page
    assert "#why" not in page
    assert NL("compare_page.spent.none") in page


def test_many_scenarios_are_all_drawn() -> None:
    names = [f"plan-{number}" for number in range(30)]
    one = replace(asked("regiefonds"), policies=())
    page = rendered(compared(**_many(one, names)))
    assert NL("compare_page.title_many", n="30", reference="huidig beleid") in page
    for name in names:
        assert page.count(f"Titel van {name}<") >= 3, name
    charts = re.findall(r"Lijngrafiek van Studenten direct bereikt", page)
    assert len(charts) == 10  # three in a chart


def _many(one: Asked, names: Sequence[str]) -> dict[str, Any]:
    return {
        "scenarios": tuple(replace(one, name=name, title_nl=f"Titel van {name}") for name in names),
        "pairs": dict.fromkeys(names, 64),
        "differences": tuple(difference(name) for name in names),
        "costs": (),
        "paid": (),
        "gains": (),
        "spent": (),
        "survival": (),
        "bands": tuple(band(name, "students_direct") for name in names),
        "why": (),
        "carried": (),
    }


def test_payers_are_shown_apart_if_policies_start_at_different_times() -> None:
    paid = (
        Paid("regiefonds", "rijk", False, 2.5e6, 2.7e6, 2e5, 1e5, 3e5),
        Paid("eigenaarschap", "rijk", False, 3.5e6, 3.6e6, 1e5, 0.0, 2e5),
    )
    caption = f"<caption>{NL('compare_page.money.caption')}</caption>"
    assert rendered(compared(**{**NO_CHARTS, "paid": paid})).count(caption) == 2
    assert whole(Language.NL).count(caption) == 1


def test_where_no_subsidy_ended_the_page_says_so() -> None:
    empty = Curve((), (), (), (), (), 0, 0)
    page = rendered(
        compared(**{**NO_CHARTS, "survival": (Survival("regiefonds", "since_policy", "2027-Q1", empty, empty),)})
    )
    assert NL("compare_page.survival.nobody") in page


def test_who_went_without_is_told() -> None:
    page = whole(Language.NL)
    assert NL("compare_page.spent.some") in page
    helped = tuple(replace(one, without_year=0.0) for one in compared().spent)
    assert NL("compare_page.spent.nobody") in rendered(compared(spent=helped, **NO_CHARTS))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"unit": "replicates"}, "compare_page.only_chance"),
        ({"unit": "draws"}, "compare_page.by_draw"),
    ],
)
def test_what_the_intervals_hold_is_told(changes: dict[str, Any], key: str) -> None:
    assert NL(key) in rendered(compared(**changes, **NO_CHARTS))


def test_few_and_failed_futures_are_told() -> None:
    few = compared(pairs={"regiefonds": 64, "eigenaarschap": 6}, **NO_CHARTS)
    assert NL("compare_page.few", n=6) in rendered(few)
    assert NL("compare_page.few", n=64) not in whole(Language.NL)
    failed = replace(asked("regiefonds"), failed=(3, 9))
    assert NL("compare_page.failed", n=2) in rendered(compared("regiefonds", scenarios=(failed,), **NO_CHARTS))


# ── sentences ───────────────────────────────────────────────────────────────────────────────────────────


OF_INTERVAL = "(95%-interval 3,2 tot 5,4)"


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({}, "better", f"4,3 meer {OF_INTERVAL}, van 3,7 naar 8,0. Beter in 100% van de 64 toekomsten."),
        (
            {"difference": -4.3, "low": -5.4, "high": -3.2, "value": 0.5, "baseline": 4.8, "share_better": 0.0},
            "worse",
            "4,3 minder (95%-interval 3,2 tot 5,4), van 4,8 naar 0,5. Beter in 0% van de 64 toekomsten.",
        ),
        (
            {"difference": 0.4, "low": -0.2, "high": 1.0, "share_better": 0.58},
            "not_shown",
            "geen verschil aangetoond. Gemiddeld +0,4, maar het 95%-interval (−0,2 tot +1,0) bevat nul. "
            "Beter in 58% van de 64 toekomsten.",
        ),
        ({"difference": 1.0, "low": 0.0, "high": 2.0}, "not_shown", "geen verschil aangetoond"),  # zero is in it
        (
            {"difference": 0.0, "low": 0.0, "high": 0.0, "share_equal": 1.0, "share_better": 0.5},
            "equal",
            "geen enkel verschil; in alle 64 toekomsten precies gelijk.",
        ),
        ({"low": NAN, "high": NAN, "n": 1}, "no_interval", "gemiddeld +4,3, maar met zo weinig toekomsten (1)"),
        ({"direction": "neither", "share_better": NAN}, "more", f"4,3 meer {OF_INTERVAL}, van 3,7 naar 8,0."),
        (
            {"direction": "less", "unit": "euro", "difference": 4.3e6, "low": 2e6, "high": 6e6},
            "dearer",
            "€ 4,3 miljoen meer",
        ),
    ],
)  # fmt: skip
def test_a_difference_is_told_with_its_numbers_and_no_more(changes: dict[str, Any], kind: str, said: str) -> None:
    one = difference(**changes)
    assert verdict(one) == kind
    assert said in sentence(one, NL).replace("\u00a0", " ")


def test_no_difference_is_claimed_anywhere_where_none_is_shown() -> None:
    unsure = {"difference": 0.4, "low": -0.2, "high": 1.0, "share_better": 0.6}
    outcomes = ("networks_sustained", "students_direct", "public_euros")
    page = rendered(
        compared("regiefonds", differences=tuple(difference("regiefonds", each, **unsure) for each in outcomes))
    )
    assert page.count("geen verschil aangetoond. Gemiddeld +") == 3
    assert NL("compare_page.summary", of=3, better=0, worse=0, rest=3) in page
    for kind in ("better", "worse", "cheaper", "dearer"):
        assert f'class="tag {kind}"' not in page


def test_shares_differ_by_percentage_points() -> None:
    one = difference(
        outcome="mkb_reached_share", baseline=0.009, value=0.015, difference=0.0054, low=0.0041, high=0.0068
    )
    assert sentence(one, NL).startswith(
        "0,54 procentpunt meer (95%-interval 0,41 tot 0,68 procentpunt), van 0,9% naar 1,5%."
    )
    assert interval(-0.05, 0.021, "share", EN) == "−5.0 to +2.1 percentage points"


@pytest.mark.parametrize(
    ("value", "unit", "signed", "told"),
    [
        (4.26, "networks", True, "+4,3"),
        (-1220.4, "students/year", True, "−1.220"),
        (0.0, "networks", True, "0"),
        (0.001, "networks", True, "0,00"),
        (0.123, "fte", False, "0,12"),
        (374_469.0, "euro", False, "€ 374.000"),
        (-4_100_000.0, "euro", True, "−€ 4,1 miljoen"),
        (12.0, "euro", False, "€ 12"),
        (NAN, "networks", True, "–"),
    ],
)
def test_amounts_are_no_more_exact_than_they_can_be(value: float, unit: str, signed: bool, told: str) -> None:
    assert amount(value, unit, NL, signed).replace("\u00a0", " ").replace("\u2060", "") == told


@pytest.mark.parametrize("kind", Verdict.__value__.__args__)
def test_every_verdict_on_the_cost_has_its_sentence(kind: Verdict) -> None:
    ratio = 105_263.0 if kind == "price" else NAN
    cost = Cost("regiefonds", 4e6, -38.0 if kind == "dominated" else 38.0, ratio, 59_600.0, 190_000.0, kind)
    for words in (NL, EN):
        told = cost_sentence(cost, words)
        assert not re.search(r"nan|–$", told)
        assert ("105" in told) == (kind == "price")


def test_a_price_without_an_upper_end_says_so() -> None:
    for low, high in ((NAN, NAN), (20_000.0, math.inf)):
        told = cost_sentence(Cost("x", 4e6, 38.0, 105_263.0, low, high, "price"), NL)
        assert "onbepaald" in told
        assert "∞" not in told


def test_titles_inside_a_sentence_lose_their_capital() -> None:
    titles = ("Regiefonds na de subsidie", "LLO per deelnemer", "Eén loket")
    assert [inside(title) for title in titles] == ["regiefonds na de subsidie", "LLO per deelnemer", "eén loket"]


# ── drawings ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "changes", [{}, {"low": NAN, "high": NAN}, {"difference": 0.0, "spread_low": 0.0, "spread_high": 0.0}]
)
def test_a_difference_is_drawn_inside_its_frame_with_zero(changes: dict[str, Any]) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.compare_parts import glyph

    one = difference(**changes)
    drawn = glyph(one, [one.low, one.high, one.spread_low, one.spread_high, one.difference])
    assert 0 <= drawn["zero"] <= drawn["dot"] <= 100
    assert (drawn["interval"] is None) == math.isnan(one.low)
    for start, width in filter(None, (drawn["interval"], drawn["spread"])):
        assert 0 <= start <= start + width <= 100.01


def test_a_scenario_is_drawn_from_where_it_leaves_the_reference() -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.compare_page import _Page

    line = _Page(compared(), NL)._line(band("regiefonds", "students_direct"))
    assert (list(line.places), list(line.values)) == ([2026.75, 2027.0, 2027.25], [2.0, 3.5, 6.0])
