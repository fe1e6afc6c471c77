"""The page as a whole in a real browser: it loads, speaks two languages, keeps its link, asks nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import SMALL

Open = Callable[..., Any]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def said(page: Any) -> dict[str, str]:
    """Return what the link says."""
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


def test_it_opens_in_dutch_and_the_link_says_all(open_page: Open) -> None:
    page = open_page(f"?{SMALL}")
    assert page.get_attribute("html", "lang") == "nl"
    page.get_by_role("button", name="Verkennen").wait_for()
    page.wait_for_function("location.search.includes('region=')")
    assert {"page", "lang", "region", "seed"} <= set(said(page))


def test_every_page_is_reached_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(f"?{SMALL}")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText") == "Werksessie":
            break
    page.keyboard.press("Enter")
    page.wait_for_function("location.search.includes('page=workshop')")
    assert page.get_attribute("nav button.here", "aria-current") == "page"


def test_the_language_is_switched_and_kept(open_page: Open) -> None:
    page = open_page(f"?lang=nl&{SMALL}")
    page.get_by_role("button", name="English").click()
    page.get_by_role("button", name="Explore").wait_for()
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.reload()
    page.get_by_role("button", name="Explore").wait_for()


@pytest.mark.parametrize("query", ["?v=99&page=evidence&scale=1e99&seed=-1&%00=%ff", f"?page=evidence&s={'x' * 9000}"])
def test_a_bad_link_is_told_and_opens(open_page: Open, query: str) -> None:
    page = open_page(query)
    page.get_by_role("button", name="Verkennen").wait_for()


@pytest.mark.thorough
def test_evidence_does_not_stick_out_on_a_phone(open_page: Open) -> None:
    page = open_page("?page=evidence", 390, 844)
    page.wait_for_selector(".fit .tile")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["nl", "en"])
def test_evidence_can_be_used_by_all(open_page: Open, language: str) -> None:
    """The other pages are looked at so where they are used."""
    page = open_page(f"?page=evidence&lang={language}")
    page.wait_for_selector(".fit .tile")
    found = Axe().run(page, options=RULES)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found.response["violations"]] == []
