"""The house: floors import only from below, files in no circle, no hidden chance, no clock, Mesa in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("agents", "scenarios", "sim", "experiments", "calibration", "app")  # from the ground up
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for floor in FLOORS
    for path in sorted((ROOT / floor).rglob("*.py"))
}
MODEL = {name: path for name, path in FILES.items() if name.split(".")[0] in ("agents", "scenarios", "sim")}


def imports(path: Path, typing_only: bool = True) -> Iterator[str]:
    """Yield the modules that a file imports; those for type checking only where asked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not typing_only and id(node) in hidden:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("name", FILES)
def test_a_floor_imports_only_from_floors_below(name: str) -> None:
    own = FLOORS.index(name.split(".")[0])
    above = {module for module in imports(FILES[name]) if module.split(".")[0] in FLOORS[own + 1 :]}
    assert not above


def test_no_circle_between_files() -> None:
    graph = {name: {m for m in imports(path, typing_only=False) if m in FILES} for name, path in FILES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", MODEL)
def test_no_hidden_chance_and_no_clock_in_the_model(name: str) -> None:
    forbidden = {"random", "time", "datetime", "secrets", "uuid"}
    assert not forbidden & set(imports(MODEL[name]))
    source = MODEL[name].read_text(encoding="utf-8")
    if name != "sim.draws":
        assert "np.random" not in source, "chance comes from sim.draws"


def test_mesa_is_touched_in_one_module() -> None:
    assert [name for name, path in FILES.items() if any(m.split(".")[0] == "mesa" for m in imports(path))] == [
        "agents.base"
    ]


def test_the_step_calls_the_processes_in_the_order_of_the_specification() -> None:
    """The order is part of the model: docs/odd.md, section 3."""
    tree = ast.parse((ROOT / "sim" / "model.py").read_text(encoding="utf-8"))
    step = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "step")
    calls = [node.value for node in step.body if isinstance(node, ast.Expr)]
    called = [ast.unparse(call.func) for call in calls if isinstance(call, ast.Call)]
    assert called == [
        "drivers",
        "calls",
        "initiation",
        "contact_and_joining",
        "activity",
        "value_and_engagement",
        "reach",
        "phases",
        "money",
        "end_of_subsidy",
        "students",
        "decisions",
        "record",
    ]
