"""The dialog that shares what is on the page: forms are copied and saved, and what is saved is what it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.share import shared
from app.state import from_query
from scenarios.scenario import load_scenario
from tests.browser.test_page import RULES

Open = Callable[..., Any]
LINK = "?v=1&s=regiefonds~regie-fund.years.5~title.Ons+fonds&set=default&n=2&scale=0.02"


def opened(open_page: Open, *size: int) -> Any:
    page = open_page(LINK, *size)
    page.get_by_role("button", name="Delen").click()
    page.get_by_role("dialog", name="Deel wat u ziet").wait_for()
    return page


def saved(page: Any, name: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=name).click()
    path = folder / str(download.value.suggested_filename)
    download.value.save_as(path)
    return path


def test_every_form_is_there_and_is_what_it_should_be(open_page: Open, tmp_path: Path) -> None:
    page = opened(open_page)
    forms = shared(from_query(LINK)[0])
    assert page.get_by_label("Opdracht", exact=True).inner_text() == forms.command
    assert page.get_by_label("Python", exact=True).inner_text().strip() == forms.python.strip()
    link = page.get_by_label("Link", exact=True).input_value()
    assert from_query(urlsplit(link).query) == from_query(LINK)
    (file,) = forms.files
    assert load_scenario(str(saved(page, f"Bewaar: {file.name}", tmp_path))).title_nl == "Ons fonds"
    assert saved(page, "Bewaar: Python", tmp_path).read_text(encoding="utf-8") == forms.python


def test_the_report_is_made_from_the_runs_of_the_page(open_page: Open, tmp_path: Path) -> None:
    page = opened(open_page)
    page.get_by_role("button", name="Maak het rapport").click()
    page.get_by_role("button", name="Bewaar het rapport").wait_for()
    path = saved(page, "Bewaar het rapport", tmp_path)
    assert path.name == "vergelijking.html"
    assert "Ons fonds" in path.read_text(encoding="utf-8")


@pytest.mark.thorough
def test_it_is_used_by_keyboard_and_by_ear(open_page: Open) -> None:
    page = opened(open_page, 390, 844)
    results = Axe().run(page, context="dialog", options=RULES)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Kopieer: Link").press("Enter")
    page.get_by_role("status").filter(has_text="Gekopieerd: Link").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.innerText").strip() == "Delen"
