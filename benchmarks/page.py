"""The page in a real browser: how soon it answers, what it loads, and what sessions cost: `python -m benchmarks.page`.

Server, browser and runs share the machine, and all that it does besides is measured too.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SESSIONS = 20
AGAIN = 5
PATIENCE = 300_000  # milliseconds
ANSWER = ".pps.answer .cards"
REPEATED = 400  # milliseconds after which the page takes a key for a new one, and not for one that is held
HELD = 300
"""Milliseconds that a hand rests on a slider before it lets go."""
WATCH = """answer => {
  const watched = window.watched = {}, text = () => document.querySelector(answer).innerText, before = text();
  document.addEventListener("change", () => { watched.begin = performance.now(); }, { once: true, capture: true });
  const look = new MutationObserver(() => {
    if (text() === before) return;
    look.disconnect();
    requestAnimationFrame(() => { watched.first = performance.now(); });
  });
  look.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
"""Notes in the browser when a control was released, and when there was another answer, without keeping it at work."""
OFTEN = 50  # milliseconds between two looks from outside; by default every frame, which is work for the browser
ASKED = "?v=1&page=explore&n=64&scale=0.05"
NAMES = {
    "cold_shell": ("first visit: the page stands", "s"),
    "cold_answer": ("first visit: the first answer", "s"),
    "cold_megabytes": ("first visit: loaded", "MB"),
    "warm_shell": ("next visit: the page stands", "s"),
    "warm_answer": ("next visit: the first answer", "s"),
    "warm_megabytes": ("next visit: loaded", "MB"),
    "held_first": ("slider dragged, held 0.3 s and released: first answer, nobody asked before (to reach: 0.3)", "s"),
    "key_first": ("slider moved a step by key: first answer, nobody asked before (to reach: 0.3)", "s"),
    "jump_first": ("slider clicked elsewhere: first answer, nobody asked before (to reach: 0.3)", "s"),
    "known_first": ("slider moved: first answer, asked before (to reach: 0.1)", "s"),
    "new_full": ("slider moved: all 64 pairs", "s"),
    "crowd_first": ("sessions that start together: the first has its answer", "s"),
    "crowd_last": ("sessions that start together: the last has its answer", "s"),
    "crowd_server": ("sessions that start together: processor of the server for each", "s"),
    "megabytes_per_session": ("memory of the server for a session", "MB"),
}


def main() -> None:
    """Measure, and show it."""
    found = measure()
    table = Table(title="The page", title_justify="left", title_style="bold", header_style="")
    for column, justify in (("", "left"), ("", "right"), ("", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for key, (label, unit) in NAMES.items():
        table.add_row(label, f"{found[key]:.2f}", unit)
    console = Console()
    console.print(table)
    console.print(json.dumps({key: round(value, 3) for key, value in found.items()}))


def measure(sessions: int = SESSIONS, again: int = AGAIN) -> dict[str, float]:
    """Return times in seconds and sizes in megabytes, by the names above."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import BROWSERS, FLAGS, Server

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        raise SystemExit(f"none of {', '.join(BROWSERS)} is installed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            assert server.process is not None
            return {
                **_visits(browser, server.address),
                **_slider(browser, server.address, again),
                **_crowd(browser, server.address, sessions, server.process.pid),
            }
        finally:
            browser.close()
            server.stop()


@contextmanager
def _visitor(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def _visits(browser: Any, address: str) -> dict[str, float]:
    """Measure the first visit of a browser and its next."""
    found: dict[str, float] = {}
    with _visitor(browser) as page:
        received: list[float] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda one: received.append(one["encodedDataLength"]))
        network.on("Network.webSocketFrameReceived", lambda one: received.append(len(one["response"]["payloadData"])))
        for name in ("cold", "warm"):
            received.clear()
            begin = time.perf_counter()
            page.goto(address + ASKED)
            page.wait_for_selector(".pps.shell")
            found[f"{name}_shell"] = time.perf_counter() - begin
            page.wait_for_selector(ANSWER)
            found[f"{name}_answer"] = time.perf_counter() - begin
            _complete(page)
            found[f"{name}_megabytes"] = sum(received) / 1e6
    return found


def _slider(browser: Any, address: str, again: int) -> dict[str, float]:
    """Measure how soon a slider is answered that is moved to where nobody was before, in three ways, and back again."""
    found: dict[str, list[float]] = {name: [] for name in ("held_first", "key_first", "jump_first", "known_first")}
    full = []
    with _visitor(browser) as page:
        page.goto(address + ASKED)
        _complete(page)
        slider = page.locator(".controls input[type=range]").nth(1)  # euros a network: a step of it moves the answer
        slider.scroll_into_view_if_needed()
        for _ in range(again):
            first, whole = _moved(page, lambda: slider.press("ArrowLeft"))
            found["key_first"].append(first)
            full.append(whole)
            found["known_first"].append(_moved(page, lambda: slider.press("ArrowRight"))[0])
            _moved(page, lambda: slider.press("ArrowLeft"))  # known by now: one step further for the next
        for number in range(again):
            found["held_first"].append(_moved(page, partial(_drag, page, slider, 0.95 - 0.04 * number, HELD))[0])
            found["jump_first"].append(_moved(page, partial(_drag, page, slider, 0.05 + 0.04 * number, 0))[0])
    return {"new_full": statistics.median(full), **{name: statistics.median(times) for name, times in found.items()}}


def _moved(page: Any, move: Callable[[], None]) -> tuple[float, float]:
    """Move the slider, and return how soon there was another answer and how soon it was of all pairs."""
    page.wait_for_timeout(REPEATED)
    page.evaluate(WATCH, ANSWER)
    move()
    page.wait_for_function("window.watched.first", polling=OFTEN)  # from here the progress is of what was asked now
    _complete(page)
    first, full = page.evaluate("[watched.first - watched.begin, performance.now() - watched.begin]")
    return first / 1000, full / 1000


def _drag(page: Any, slider: Any, share: float, held: int) -> None:
    """Drag the slider to a share of its length and release it after some milliseconds; at once it is a click there."""
    box = slider.bounding_box()
    across = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + share * box["width"] - (20 if held else 0), across)
    page.mouse.down()
    if held:
        page.mouse.move(box["x"] + share * box["width"], across, steps=5)
        page.wait_for_timeout(held)
    page.mouse.up()


def _complete(page: Any) -> None:
    """Wait until all pairs have come and are drawn."""
    bar = "document.querySelector('.controls [role=progressbar]')"
    whole = f"{bar} && {bar}.ariaValueNow === {bar}.ariaValueMax && {bar}.ariaValueMax !== '0'"
    page.wait_for_function(f"{whole} && !document.querySelector('.controls .run button')", polling=OFTEN)


def _crowd(browser: Any, address: str, sessions: int, server: int) -> dict[str, float]:
    """Measure what many sessions that start together wait for, and what the server needs for them.

    All ask for what was run before. Their browser tabs need far more of the machine than the server does, so that the
    clock tells of both and only the processor time tells of the server.
    """
    before, worked = _resident(server), _worked(server)
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(sessions)]
    pages = [context.new_page() for context in contexts]
    begin = time.perf_counter()
    for page in pages:
        page.goto(address + ASKED, wait_until="commit", timeout=PATIENCE)
    times = []
    for page in pages:
        page.wait_for_selector(ANSWER, timeout=PATIENCE)
        times.append(time.perf_counter() - begin)
    grown, worked = _resident(server) - before, _worked(server) - worked
    for context in contexts:
        context.close()
    return {
        "crowd_first": min(times),
        "crowd_last": max(times),
        "crowd_server": worked / sessions,
        "megabytes_per_session": grown / sessions,
    }


def _worked(process: int) -> float:
    """Return the processor seconds that a process has used; fields 14 and 15 of what Linux tells, in ticks."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(process: int) -> float:
    """Return the memory of a process in megabytes; Linux tells it in pages of 4 kB."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
