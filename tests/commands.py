"""What tests of the command `pps` share: what it said, and who runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from app import cli


class Said(NamedTuple):
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


type Pps = Callable[..., Said]


def run_here(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Said:
    """Run a command in this process."""
    monkeypatch.setattr(sys, "argv", ["pps", *args])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    said = capfd.readouterr()
    return Said(int(stop.value.code or 0), said.out, said.err)
