"""The page Explore in a real browser, with real runs: few pairs of a small share of the firms."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_page import RULES, said

Open = Callable[..., Any]
QUICK = "?v=1&page=explore&n=2&scale=0.02&set=default"


def answered(page: Any) -> None:
    """Wait until all pairs have come."""
    page.wait_for_selector(".pps.answer")
    page.get_by_text("Alle 2 toekomsten zijn doorgerekend.").wait_for()


@pytest.fixture
def page(open_page: Open) -> Any:
    one = open_page(QUICK)
    answered(one)
    return one


def test_the_answer_comes_with_all_its_figures(page: Any) -> None:
    page.get_by_role("heading", name="Regiefonds na de subsidie: wat verandert er").wait_for()
    assert page.locator(".pps.chart").count() == 9
    for plot in page.locator(".pps.chart .plot").all():  # each is drawn when somebody comes near it
        plot.scroll_into_view_if_needed()
        plot.locator("canvas").first.wait_for()
    assert page.locator(".answer .cards > button").count() == 4


def test_a_slider_moved_by_keyboard_changes_the_link_and_the_answer(page: Any) -> None:
    before = page.inner_text(".answer .cards")
    slider = page.get_by_role("slider", name="Hoogste bedrag per PPS per jaar")
    slider.focus()
    for _ in range(16):
        slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "0 euro per jaar"
    page.wait_for_function("location.search.includes('regie-fund.euro_year.0')")
    page.get_by_role("heading", name="Regiefonds na de subsidie, aangepast").wait_for()
    answered(page)
    assert page.inner_text(".answer .cards") != before
    page.get_by_role("button", name="Terug naar hoe dit scenario begint").click()
    page.wait_for_function("!location.search.includes('euro_year')")
    answered(page)
    page.wait_for_function("before => document.querySelector('.answer .cards').innerText === before", arg=before)


LISTEN = """() => {
  window.sent = [];
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) { window.sent.push(String(text)); return send.call(this, text); };
}"""


def test_a_slider_is_run_where_it_is_held_and_moved_when_it_is_released(page: Any) -> None:
    before = page.inner_text(".answer .cards")
    slider = page.get_by_role("slider", name="Hoogste bedrag per PPS per jaar")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    across = box["y"] + box["height"] / 2
    page.evaluate(LISTEN)
    page.mouse.move(box["x"] + box["width"] / 2, across)
    page.mouse.down()
    page.mouse.move(box["x"] + 1, across, steps=5)
    page.wait_for_function("sent.some((text) => text.includes('foresee'))")
    assert "euro_year" not in page.url
    page.mouse.up()
    page.wait_for_function("location.search.includes('regie-fund.euro_year.')")
    answered(page)
    assert page.inner_text(".answer .cards") != before


@pytest.mark.thorough
def test_a_measure_is_found_and_switched_on(page: Any) -> None:
    page.get_by_role("searchbox", name="Zoek een maatregel").fill("bruggen")
    switch = page.get_by_role("switch", name="Bruggenbouwers")
    switch.click()
    page.wait_for_function("location.search.includes('bridge-builders.on.true')")
    assert switch.get_attribute("aria-checked") == "true"
    page.get_by_role("slider", name="Bruggenbouwer per PPS").wait_for()


@pytest.mark.thorough
def test_scenarios_stand_side_by_side_and_survive_a_reload(page: Any) -> None:
    page.get_by_role("button", name="Scenario ernaast").click()
    page.wait_for_function("document.querySelectorAll('.answer .cards > button:first-child .line').length === 2")
    page.get_by_label("Naam").fill("Ons plan")
    page.get_by_label("Naam").press("Enter")
    page.locator(".controls .tabs").get_by_text("Ons plan").wait_for()
    page.wait_for_function("location.search.includes('title.Ons+plan')")
    page.reload()
    page.locator(".controls .tabs").get_by_text("Ons plan").wait_for()
    assert page.locator(".controls .tabs .letter").all_inner_texts() == ["A", "B"]


def test_a_number_opens_its_meaning_its_source_and_its_runs(page: Any) -> None:
    page.get_by_role("button", name="Studenten direct bereikt").first.click()
    told = page.get_by_role("dialog", name="Studenten direct bereikt")
    told.get_by_text("De doorrekeningen erachter").wait_for()
    assert told.locator("tbody tr").count() == 2
    assert Axe().run(page, options=RULES).violations_count == 0
    page.keyboard.press("Escape")
    told.wait_for(state="hidden")
    page.get_by_role("button", name="Publiek geld").first.click()
    page.get_by_role("dialog", name="Publiek geld").wait_for()


def test_files_can_be_opened_and_read(page: Any) -> None:
    with page.expect_download() as all_of_them:
        page.get_by_role("button", name="Alle uitkomsten (CSV)").click()
    text = Path(all_of_them.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert len({row["outcome"] for row in rows}) == len(rows) > 60
    with page.expect_download() as one_figure:
        page.get_by_role("button", name="Bewaar de cijfers (CSV): Wie betaalt?").click()
    text = Path(one_figure.value.path()).read_text(encoding="utf-8-sig")
    assert text.startswith("Scenario;Betaler;Soort;Huidig beleid")
    with page.expect_download() as picture:
        page.get_by_role("button", name="Bewaar als tekening (SVG): Overleeft het netwerk").click()
    assert Path(picture.value.path()).read_text(encoding="utf-8").startswith("<svg")


def test_what_runs_can_be_stopped_and_goes_on(open_page: Open) -> None:
    page = open_page("?v=1&page=explore&n=64&scale=0.02&set=default&seed=900")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Reken verder").wait_for()
    stopped = page.inner_text(".controls .run [role=status]")
    assert "Gestopt" in stopped
    page.get_by_role("button", name="Reken verder").click()
    page.get_by_role("button", name="Stop").wait_for()


@pytest.mark.thorough
def test_on_a_phone_measures_unfold_and_nothing_sticks_out(open_page: Open) -> None:
    page = open_page(QUICK, 390, 844)
    answered(page)
    fold = page.get_by_role("button", name="Maatregelen (1)")
    assert not page.get_by_role("switch", name="Regiefonds na de subsidie").is_visible()
    fold.click()
    page.get_by_role("switch", name="Regiefonds na de subsidie").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["nl"])
def test_all_that_can_be_set_can_be_set_by_all(open_page: Open, language: str) -> None:
    page = open_page(f"{QUICK}&lang={language}")
    page.wait_for_selector(".pps.answer")
    page.evaluate("document.querySelectorAll('.measures details').forEach((one) => (one.open = true))")
    found = Axe().run(page, options=RULES)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]] == []
    assert said(page)["lang"] == language
