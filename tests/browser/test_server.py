"""The server of the page: it may go away and come back, and many may visit it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE, Server

SESSIONS = 10


@pytest.mark.thorough
def test_a_lost_connection_is_told_and_nothing_is_lost(open_page: Callable[..., Any], server: Server) -> None:
    page = open_page("?page=evidence&lang=en&seed=7&n=2")
    server.stop()
    try:
        page.get_by_role("alert").wait_for()
    finally:
        server.start()
    page.get_by_role("alert").wait_for(state="detached", timeout=2 * PATIENCE)
    page.get_by_role("button", name="Workshop").click()
    page.wait_for_function("location.search.includes('page=workshop') && location.search.includes('seed=7')")


def test_each_visitor_has_an_own_session(open_page: Callable[..., Any]) -> None:
    pages = [open_page(f"?page=evidence&lang=en&seed={number}") for number in range(SESSIONS)]
    for page in pages[::2]:
        page.get_by_role("button", name="Nederlands").click()
    for number, page in enumerate(pages):
        language = "en" if number % 2 else "nl"
        page.wait_for_function(
            f"location.search.includes('lang={language}') && location.search.includes('seed={number}')"
        )
