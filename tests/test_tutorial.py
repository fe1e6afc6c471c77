"""What the documents on bulk runs say can be done, can be done."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from experiments.plan import Plan
from experiments.plan_file import list_plans, read_plan

DOCS = Path(__file__).resolve().parent.parent / "docs"


def blocks(document: str, language: str) -> list[str]:
    text = (DOCS / document).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_tutorial_and_the_example_of_lazy_reading_run_from_top_to_bottom(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {}
    for number, example in enumerate([*blocks("tutorial.md", "python"), *blocks("bulk.md", "python")]):
        exec(compile(example, f"example {number}", "exec"), names)
    told = capsys.readouterr().out
    assert "networks_alive" in told
    assert (empty / "store" / "manifest.json").exists()
    assert os.listdir(empty / "results") == ["compare"]


def test_the_plan_in_the_document_is_a_plan(empty: Path) -> None:
    (plan,) = blocks("bulk.md", "toml")
    (empty / "plan.toml").write_text(plan, encoding="utf-8")
    asked, _ = read_plan("plan.toml", Plan)
    told = {line.partition(" =")[0] for line in plan.splitlines() if " = " in line}
    assert told >= Plan.model_fields.keys() - {"draws"}
    assert asked.name


def test_the_named_plans_in_the_document_exist() -> None:
    text = (DOCS / "bulk.md").read_text(encoding="utf-8")
    assert set(re.findall(r"pps batch ([a-z-]+)\s", text)) == set(list_plans("batch"))
