"""What tests have processes do; apart, so that a process that starts need not import the tests."""

from __future__ import annotations

import os
from typing import Any


def said(text: str) -> str:
    return text


def die() -> None:
    os._exit(1)


def stumble() -> None:
    raise ValueError("no")


def broken(replicate: Any, key: str, folder: str) -> Any:
    from experiments.runner import Failed

    return Failed(replicate.number, replicate.seed, "ValueError", "broken")
