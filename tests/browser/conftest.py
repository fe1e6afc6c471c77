"""A server of the page of its own, and a real browser that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SMALL = "n=2&scale=0.02&set=default"
"""Settings with which a comparison is a matter of a second: a test of the page is no test of the model."""
PATIENCE = 120_000
"""Milliseconds that the page may take on a busy machine; no test says how quick it is."""
SHOTS = Path(os.environ.get("PPS_SCREENSHOTS", "build/screenshots"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server:
    """The page, served by a process that can be ended and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "app", "--port", str(self.port)]
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": str(root), "PPS_STORE": str(self.folder)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log, env=environment)
        self._wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(30)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        self.stop()
        raise AssertionError("the server does not answer")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("server"))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as the system has it; a test run that must have it sets PPS_BROWSER=1 (`.ci/run` does)."""
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        assert not os.environ.get("PPS_BROWSER"), f"none of {', '.join(BROWSERS)} is installed"
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield one
        one.close()


@pytest.fixture
def open_page(server: Server, browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Open the page at a link; what goes wrong in the browser, or leaves the machine, fails the test at its end."""
    contexts, wrong = [], []

    def opened(query: str = "", width: int = 1440, height: int = 900, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(f"error in the page: {error}"))
        page.on("request", lambda one: elsewhere(one.url))
        page.goto(server.address + query)
        page.wait_for_selector(".pps.shell")
        return page

    def elsewhere(url: str) -> None:
        if url.startswith(("http", "ws")) and f"//127.0.0.1:{server.port}/" not in url:
            wrong.append(f"a request left the machine: {url}")

    yield opened
    for context in contexts:
        for number, page in enumerate(context.pages):
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")
        context.close()
    assert not wrong
