"""What the README says can be done, can be done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    assert "A_EMBED" in (out := capsys.readouterr().out) or "ENTITY" in out or "STOP" in out


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake ([a-z-]+)", README)
    assert targets
    assert not [target for target in targets if f"\n{target}:" not in makefile]


def test_the_commands_and_options_exist() -> None:
    run = CliRunner()
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {str(group.name) for group in app.registered_groups}
    named = set(re.findall(r"`pps ([a-z]+)", README))
    assert named == commands
    options = re.search(r"runs a scenario; `([^`]+)`", README)
    assert options is not None
    help_text = run.invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    assert not [option for option in options[1].split() if option not in help_text]


def test_the_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith(("http", "#"))]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
