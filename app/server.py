"""The server of the page: Solara, on this machine or for a room, without a request to anywhere else."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from agents.errors import InputError

HIGHEST_PORT = 65_535
NOWHERE = "http://127.0.0.1:9"
"""The CDN that Solara would ask for a file that is not on disk: nobody answers there."""
SETTINGS = {
    "SOLARA_APP": "app.pages",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false",
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "false",
    "SOLARA_ASSETS_EXTRA_LOCATIONS": str(Path(__file__).parent / "pages" / "assets"),
    "SOLARA_ASSETS_CDN": NOWHERE,
    "SOLARA_ASSETS_PROXY": "true",
    "SOLARA_KERNEL_CULL_TIMEOUT": "2h",
    "SOLARA_STATE_AUTO_REMOUNT": "true",  # all state is in the link, so a restart loses nothing
    "SOLARA_THEME_LOADER": "plain",
    "SOLARA_THEME_SHOW_BANNER": "false",
    "SOLARA_THEME_TITLE": "PPS-verkenner",
}


def prepare() -> None:
    """Set Solara up before it is imported.

    Raises:
        InputError: If libraries or bundles are missing.
    """
    if find_spec("solara") is None:
        raise InputError("the page needs libraries that are not installed", "pps app", "to run `make setup-app` once")
    from app.assets import FOLDER, check

    check()
    os.environ.update(SETTINGS)
    os.environ["SOLARA_ASSETS_PROXY_CACHE_DIR"] = str(FOLDER)
    os.environ.setdefault("SOLARA_SESSION_SECRET_KEY", secrets.token_hex(32))


def serve(host: str, port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Serve the page until Ctrl-C.

    Args:
        host: Address to listen on; `0.0.0.0` for a room.
        port: Port to listen on.
        ready: Called when all that it needs is there.

    Raises:
        InputError: If something is missing, or nobody can listen there.
    """
    if not 1 <= port <= HIGHEST_PORT:
        raise InputError(f"cannot listen on port {port}", "--port", f"1 to {HIGHEST_PORT}")
    _check_free(host, port)
    prepare()
    import uvicorn

    from app.live import live
    from app.state import State

    live().warm(State())  # who comes first then finds the processes started
    os.environ["SERVER_NAME"], os.environ["SERVER_PORT"] = host, str(port)
    ready()
    uvicorn.run("solara.server.starlette:app", host=host, port=port, log_level="warning")


def _check_free(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        allowed = "an address of this machine, and a port that nobody uses (--port)"
        raise InputError(f"cannot listen on {host}:{port} ({reason})", "--host", allowed) from None
