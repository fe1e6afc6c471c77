"""`pps app`: serve the page."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

EVERYWHERE = ("0.0.0.0", "::")


def app(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets a room in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
) -> None:
    """Serve the page on which policies are compared, played and accounted for, until Ctrl-C."""
    from app.server import serve

    shown = "localhost" if host in EVERYWHERE else host
    serve(host, port, lambda: print(f"The page is at http://{shown}:{port}/ (Ctrl-C stops it)", file=sys.stderr))
