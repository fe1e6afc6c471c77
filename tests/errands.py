"""What tests have processes do; apart, so that a process that starts need not import the tests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any


def said(text: str) -> str:
    return text


def die() -> None:
    os._exit(1)


def stumble() -> None:
    raise ValueError("no")


def linger(folder: str) -> None:
    """Leave the number of this process in a folder, and stay."""
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


def broken(replicate: Any, key: str, folder: str) -> Any:
    from experiments.runner import Failed

    return Failed(replicate.number, replicate.seed, "ValueError", "broken")
