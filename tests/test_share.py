"""The link, the scenario file, the snippet and the command: all say the same and give the same numbers."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from app.live import Live
from app.share import scenario_file, shared
from app.state import ON, Chosen, Page, State, changed, choose, from_query, scenario_of, to_query
from experiments.comparison import Comparison
from scenarios.scenario import load_scenario
from tests.test_live import until
from tests.test_state import states

ROOT = Path(__file__).resolve().parent.parent
SMALL = State(parameters="default", replicates=2, scale=0.01)


def some() -> State:
    """A state with all that is hard to say in a file."""
    regie, _ = choose(
        "regiefonds", 'Ons "fonds" \\ """', [("regie-fund", "budget_euro_year", None), ("regie-fund", "years", 5)]
    )
    both, _ = choose(
        "aanbevelingen-2026",
        "",
        [("multilevel", ON, False), ("peloton", ON, True), ("consortia", "euro_year", 12_345.6)],
    )
    return replace(SMALL, scenarios=(Chosen("portfolio"), regie, both))


@given(states())
def test_a_scenario_file_is_the_scenario(tmp_path_factory: pytest.TempPathFactory, state: State) -> None:
    for chosen in state.scenarios:
        scenario = scenario_of(chosen)
        path = tmp_path_factory.getbasetemp() / f"{scenario.name}.toml"
        path.write_text(scenario_file(scenario, chosen.base), encoding="utf-8")
        assert load_scenario(str(path)) == scenario
        assert load_scenario(str(path)).digest() == scenario.digest()


def test_a_file_says_no_more_than_what_differs() -> None:
    chosen, _ = choose("regiefonds", "Ons fonds", [("regie-fund", "years", 5)])
    text = scenario_file(scenario_of(chosen), "regiefonds")
    assert text.splitlines()[1] == 'extends = "regiefonds"'
    assert text.endswith("\n[policies.regie-fund]\nyears = 5\n")


def test_scenarios_that_come_with_the_project_need_no_file() -> None:
    forms = shared(State(scenarios=(Chosen("regiefonds"), Chosen("portfolio"))))
    assert forms.files == ()
    assert forms.command == (
        "pps compare baseline regiefonds portfolio --region noord-brabant --parameters posterior --seed 1"
        " --replicates 64 --scale 0.05"
    )


def test_current_policy_alone_is_run() -> None:
    forms = shared(State(scenarios=(Chosen("baseline"),)))
    assert forms.command.startswith("pps run baseline --region")
    assert 'experiments.run("baseline", region=' in forms.python


def told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The differences as JSON has them, where what is not defined is null."""
    without = [{key: value for key, value in row.items() if key != "shown"} for row in rows]
    return [{key: None if value != value else value for key, value in row.items()} for row in without]


TELL = """
import dataclasses, json, sys
print(json.dumps([dataclasses.asdict(one) for one in found.differences]))
sys.argv = json.loads(sys.stdin.read())
from app.cli import main
main()
"""


def test_link_file_snippet_and_command_give_the_same_numbers(tmp_path: Path) -> None:
    state, problems = from_query(to_query(some()))
    assert (state, problems) == (some(), ())
    page = on_the_page(state, tmp_path / "results" / "replicates")
    forms = shared(state)
    assert len(forms.files) == 2
    (tmp_path / "snippet.py").write_text(forms.python + TELL, encoding="utf-8")
    line = json.dumps([*shlex.split(forms.command), "--workers", "1", "--json"])
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    asked: dict[str, Any] = {"cwd": tmp_path, "env": env, "input": line, "capture_output": True, "text": True}
    snippet, _, command = subprocess.run([sys.executable, "snippet.py"], check=True, **asked).stdout.partition("\n{")
    *_, differences = snippet.splitlines()
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.toml")}
    assert written == {file.name: file.text for file in forms.files}  # by the snippet
    expected = told([asdict(one) for one in page.differences])
    assert told(json.loads(differences)) == expected
    assert told(json.loads("{" + command)["differences"]) == expected


def on_the_page(state: State, folder: Path) -> Comparison:
    live = Live(1, folder)
    try:
        ask = live.ask(state)
        until(lambda: not ask.running)
        assert ask.comparison is not None
        return ask.comparison
    finally:
        live.close()


def test_the_workshop_shares_the_run_that_it_plays(tmp_path: Path) -> None:
    """A measure that was switched on during play starts in that quarter; the last replicate is the one played."""
    on, _ = changed(Chosen("baseline"), "regie-fund", ON, True)
    late, _ = changed(on, "regie-fund", "starts", "2029-Q3")
    forms = shared(replace(SMALL, page=Page.WORKSHOP, played=late, future=3, seed=5))
    (file,) = forms.files
    assert 'starts = "2029-Q3"' in file.text
    assert (tmp_path / file.name).write_text(file.text, encoding="utf-8")
    assert load_scenario(str(tmp_path / file.name)) == scenario_of(late)
    assert forms.command == (
        f"pps run {file.name} --region noord-brabant --parameters default --seed 5 --replicates 4 --scale 0.01"
    )
    assert not forms.compares
    assert "experiments.run(" in forms.python
