"""The workshop in a real browser: it plays, steps, tells stories and takes measures; with mouse, keyboard and phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

Open = Callable[..., Any]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LINK = "?page=workshop&set=default&scale=0.01&at="
DRAWN = """() => { const canvas = document.querySelector('.workshop canvas');
  const dots = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0; for (let i = 3; i < dots.length; i += 4) inked += dots[i] > 0; return inked; }"""

NUMBERS = "[...document.querySelectorAll('.counts dd')].map((one) => one.firstChild.textContent.trim())"


def at(page: Any, quarter: str) -> None:
    """Wait until a quarter is shown."""
    page.wait_for_function(
        "asked => document.querySelector('.workshop .slider')?.getAttribute('aria-valuetext') === asked", arg=quarter
    )


def link(page: Any) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture
def workshop(open_page: Open) -> Any:
    page = open_page(f"{LINK}2018-Q2")
    at(page, "2018-Q2")
    return page


@pytest.mark.thorough
def test_it_plays_pauses_and_the_link_follows(workshop: Any) -> None:
    empty = workshop.evaluate(DRAWN)
    assert empty > 1000  # something is drawn
    workshop.get_by_role("button", name="5×").click()
    workshop.get_by_role("button", name="Afspelen").click()
    at(workshop, "2019-Q2")
    workshop.get_by_role("button", name="Pauze").click()
    workshop.wait_for_function("!location.search.includes('at=2018-Q2')")
    shown = workshop.get_attribute(".workshop .slider", "aria-valuetext")
    workshop.wait_for_function("asked => location.search.includes('at=' + asked)", arg=shown)
    workshop.reload()
    at(workshop, shown)


def test_it_is_played_by_keyboard_alone(workshop: Any) -> None:
    workshop.keyboard.press("ArrowRight")
    at(workshop, "2018-Q3")
    workshop.wait_for_function("document.querySelector('.workshop [aria-live]').textContent.startsWith('2018-Q3')")
    workshop.keyboard.press("ArrowLeft")
    workshop.keyboard.press("ArrowLeft")
    at(workshop, "2018-Q1")
    workshop.keyboard.press("+")
    assert workshop.get_attribute(".speeds button >> nth=1", "aria-pressed") == "true"
    workshop.keyboard.press(" ")
    workshop.get_by_role("button", name="Pauze").wait_for()
    workshop.keyboard.press(" ")
    workshop.get_by_role("button", name="Afspelen").wait_for()
    workshop.keyboard.press("Home")
    at(workshop, "2013-Q4")


def test_a_story_is_told_from_the_list_and_from_the_picture(workshop: Any) -> None:
    workshop.get_by_text("Alle PPS in dit kwartaal").click()
    workshop.get_by_role("button", name="Teclab", exact=True).click()
    workshop.get_by_role("heading", name="Teclab").wait_for()
    assert "2018-Q2" in workshop.inner_text(".so_far")
    workshop.locator(".story summary").click()
    partner = workshop.locator(".story details button").nth(3)
    name = partner.inner_text()
    partner.click()
    workshop.get_by_role("heading", name=name).wait_for()
    workshop.locator(".slider").focus()
    workshop.keyboard.press("ArrowRight")
    workshop.wait_for_function("document.querySelector('.so_far').textContent.includes('2018-Q3')")
    assert workshop.evaluate("document.activeElement.className") == "slider noprint"  # stepping keeps the focus
    workshop.keyboard.press("Escape")
    workshop.wait_for_selector(".story", state="detached")
    box = workshop.locator(".workshop canvas").bounding_box()
    for x in range(40, int(box["width"]), 18):  # somewhere in this row something is drawn
        workshop.locator(".workshop canvas").hover(position={"x": x, "y": 34})
        if workshop.locator(".tip").count():
            workshop.mouse.down()
            workshop.mouse.up()
            break
    workshop.locator(".story ol li").first.wait_for()


def test_a_measure_leaves_the_present_and_is_compared(workshop: Any) -> None:
    before = workshop.evaluate(NUMBERS)
    workshop.get_by_role("button", name="Zet aan vanaf 2018-Q3: Regiefonds").click()
    workshop.get_by_role("button", name="Haal weg").wait_for()
    workshop.locator(".counts .was").first.wait_for()
    assert "regie-fund.starts.2018-Q3" in link(workshop)["play"]
    at(workshop, "2018-Q2")
    assert workshop.evaluate(NUMBERS) == before
    workshop.get_by_role("button", name="Toon het hele verloop").click()
    workshop.get_by_role("img", name="Hoe liep deze toekomst").wait_for()
    workshop.get_by_role("button", name="Haal weg").click()
    workshop.wait_for_selector(".counts .was", state="detached")
    assert "play" not in link(workshop)


@pytest.mark.thorough
def test_another_setting_and_another_future(workshop: Any) -> None:
    workshop.get_by_label("Draaiboek").select_option("regie")
    at(workshop, "2026-Q3")
    workshop.get_by_role("button", name="Andere toekomst").click()
    workshop.get_by_text("Toekomst 2").wait_for()
    at(workshop, "2026-Q3")
    assert (link(workshop)["play"], link(workshop)["run"]) == ("regiefonds", "1")


@pytest.mark.parametrize("language", ["nl"])
def test_all_can_use_it_while_a_story_is_told(open_page: Open, language: str) -> None:
    page = open_page(f"{LINK}2021-Q1&lang={language}&play=baseline~regie-fund.on.true~regie-fund.starts.2020-Q1")
    at(page, "2021-Q1")
    page.locator(".list summary").click()
    page.locator(".list tbody button").first.click()
    page.locator(".story ol li").first.wait_for()
    found = Axe().run(page, options=RULES)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]] == []


def test_it_fits_on_a_phone(open_page: Open) -> None:
    page = open_page(f"{LINK}2021-Q1", 390, 844)
    at(page, "2021-Q1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(DRAWN) > 1000
    sizes = page.evaluate(
        """[...document.querySelectorAll('.workshop button, .workshop select, .workshop input, .workshop summary')]
        .map((one) => one.getBoundingClientRect()).map((box) => Math.min(box.width, box.height))"""
    )
    assert min(sizes) >= 24
