"""Grids: what is kept of a run, paired differences, plans, cells, and what people see of them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from rich.console import Console

from agents.columns import Floats
from agents.errors import InputError
from agents.parameters import make_parameters
from app import grid as pages
from app.heatmaps import heatmaps_svg
from app.measures import plain_unit
from app.words import Language, Words
from experiments.evaluations import Difference, Evaluation, difference, evaluate
from experiments.grid import Design, Grid, load_grid, run_grid
from experiments.parameter_sets import ParameterSets
from experiments.plan_file import list_plans
from experiments.runner import Experiment, Finished, run_replicate
from experiments.shelf import read_shelf
from experiments.summary import summarise
from scenarios.national import load_national
from scenarios.policies import policy_kinds
from scenarios.scenario import Scenario
from sim.model import PpsModel
from sim.outcomes import OUTCOMES, outcome_table
from tests.batches import broken
from tests.commands import Pps
from tests.worlds import contents, scenario, small_pack

PLAN = """
kind = "grid"
schema_version = 1
name = "klein"
title_nl = "Klein"
title_en = "Small"
policy = "regie-fund"
outcomes = ["regie_fte", "public_euros", "networks_alive"]
replicates = 2

[settings]
starts = "2014-Q1"
staff_euro_year = 1000

[rows]
setting = "euro_year"
values = [0, 80_000]

[columns]
setting = "years"
values = [0, 8.0]
"""


def make(asked: Scenario, seed: int, replicates: int) -> Experiment:
    """A small world in which subsidies have ended."""
    central = ParameterSets((make_parameters(),))
    asked = asked.model_copy(update={"until": "2017-Q4"})
    return Experiment(small_pack(), load_national(), asked, central, seed, replicates)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def put(text: str) -> str:
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return put


@pytest.fixture(scope="module")
def design(tmp_path_factory: pytest.TempPathFactory) -> Design:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    return load_grid(str(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluations")


@pytest.fixture(scope="module")
def done(design: Design, folder: Path) -> Grid:
    """The grid in two processes."""
    return run_grid(design, make, folder, 2, lambda _: None)


# ── what is kept of a run ───────────────────────────────────────────────────────────────────────────────


def test_what_is_kept_is_what_the_summary_of_a_whole_run_says(tmp_path: Path) -> None:
    experiment = make(scenario(), 1, 1)
    (one,) = evaluate([experiment], tmp_path)
    whole = run_replicate(experiment.replicate(0))
    assert isinstance(whole, Finished)
    summary = summarise(whole.tables["series"].to_pandas(), "2017-Q4", {0: 0})
    np.testing.assert_allclose(one.values[0], summary["mean"].reindex(list(OUTCOMES)), rtol=1e-12)


def test_a_flow_loses_the_quarter_from_its_unit() -> None:
    assert plain_unit(outcome_table()["euros_regie"]) == "euro"
    assert plain_unit(outcome_table()["students_direct"]) == "students/year"


def test_who_asks_again_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = [make(scenario(), seed, 1) for seed in (1, 2, 1)]
    counted: list[int] = []
    first = evaluate(experiments, tmp_path, advance=counted.append)
    assert sum(counted) == 3
    assert len(read_shelf(tmp_path).keys) == 2, "the same experiment is run once"
    monkeypatch.setattr(PpsModel, "run", lambda model: pytest.fail("was there already"))
    again = evaluate(experiments, tmp_path)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.values, other.values)


def test_a_replicate_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: PpsModel) -> PpsModel:
        raise ValueError("no")

    monkeypatch.setattr(PpsModel, "run", broken)
    (one,) = evaluate([make(scenario(), 1, 2)], tmp_path)
    assert one.failed == {0: "ValueError: no", 1: "ValueError: no"}
    assert np.isnan(one.values).all()


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        evaluate([make(scenario(), 1, 1)], tmp_path / "file")


# ── differences ─────────────────────────────────────────────────────────────────────────────────────────

ALIVE = outcome_table()["networks_alive"]


def world(values: list[float], draws: tuple[int, ...]) -> Evaluation:
    whole: Floats = np.zeros((len(values), len(OUTCOMES)))
    whole[:, OUTCOMES.index("networks_alive")] = values
    return Evaluation(whole, draws, {})


def test_replicates_that_are_independent_give_the_t_interval() -> None:
    one, base = world([3, 5, 4, 8], (0, 0, 0, 0)), world([1, 1, 1, 1], (0, 0, 0, 0))
    found = difference(one, base, ALIVE)
    reach = 3.182446305 * np.std([2, 4, 3, 7], ddof=1) / 2  # t of 3 degrees of freedom
    assert found.mean == 4
    np.testing.assert_allclose((found.low, found.high), (4 - reach, 4 + reach))


def test_draws_count_as_independent_and_not_their_replicates() -> None:
    base = world([0] * 6, (4, 4, 7, 7, 9, 9))
    found = difference(world([1, 1, 2, 2, 6, 6], (4, 4, 7, 7, 9, 9)), base, ALIVE)
    reach = 4.302652730 * np.std([1, 2, 6], ddof=1) / math.sqrt(3)  # of 3 draws, not 6 replicates
    np.testing.assert_allclose((found.mean, found.low, found.high), (3, 3 - reach, 3 + reach))


def test_what_cannot_be_estimated_is_undefined_and_not_shown() -> None:
    one = difference(world([3], (0,)), world([1], (0,)), ALIVE)
    none = difference(world([math.nan], (0,)), world([1], (0,)), ALIVE)
    assert one.mean == 2
    assert math.isnan(one.low)
    assert math.isnan(none.mean)
    assert not one.shown
    assert not none.shown
    same = difference(world([3, 3], (0, 0)), world([3, 3], (0, 0)), ALIVE)
    assert (same.mean, same.low, same.high, same.shown) == (0, 0, 0, False)


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_plans_that_come_with_the_project_can_be_run() -> None:
    assert "regie-hoogte-duur" in list_plans("grid")
    for name in list_plans("grid"):
        text = (Path(__file__).parents[1] / "experiments" / "plans" / f"{name}.toml").read_text(encoding="utf-8")
        if any(f'policy = "{kind}"' in text for kind in policy_kinds()):
            assert load_grid(name).plan.name == name


def test_every_cell_has_its_settings_and_the_reference_has_no_policy(design: Design) -> None:
    assert design.reference.policies == ()
    found = [[(one.policies[0].euro_year, one.policies[0].years) for one in row] for row in design.cells]  # type: ignore[attr-defined]
    assert found == [[(0, 0), (0, 8)], [(80_000, 0), (80_000, 8)]]
    assert {one.policies[0].starts for row in design.cells for one in row} == {"2014-Q1"}
    assert design.size == 5


def test_other_policies_of_the_scenario_stay(write: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "eigen.toml").write_text(
        'schema_version = 1\nextends = "regiefonds"\nname = "eigen"\n'
        '[policies.regie-fund]\nposition = "shared"\n[policies.ownership-rule]\n'
    )
    design = load_grid(write(PLAN.replace('policy = "regie', 'scenario = "eigen.toml"\npolicy = "regie')))
    assert [one.name for one in design.reference.policies] == ["ownership-rule"]
    for one in (one for row in design.cells for one in row):
        assert [policy.name for policy in one.policies] == ["ownership-rule", "regie-fund"]
        assert (one.policies[1].position, one.policies[1].budget_euro_year) == ("shared", 2_000_000)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version is 2; allowed: 1"),
        ("title_nl", "titel_nl", "did you mean title_nl"),
        ('name = "klein"', "", "key 'name' is missing"),
        ('policy = "regie-fund"', 'policy = "regie-fnd"', "did you mean regie-fund"),
        ('setting = "years"', 'setting = "year"', "did you mean years"),
        ('setting = "years"', 'settting = "years"', "did you mean setting"),
        ('setting = "years"', 'setting = "euro_year"', "two settings of the policy"),
        ('setting = "years"', 'setting = "name"', "columns.setting is name"),
        ("values = [0, 8.0]", "values = []", "columns.values"),
        ("values = [0, 8.0]", "values = [8, 8]", "values that differ"),
        ("values = [0, 8.0]", "values = [-1]", "policies.regie-fund.years is -1"),
        ("values = [0, 8.0]", "values = [nan]", "policies.regie-fund.years"),
        ("values = [0, 8.0]", 'values = ["long"]', "policies.regie-fund.years is 'long'"),
        ("values = [0, 8.0]", "values = 8", "columns.values is 8"),
        ('"regie_fte"', '"regie_fe"', "did you mean regie_fte"),
        ("replicates = 2", "replicates = 0", "replicates is 0"),
        ("replicates = 2", "scale = 0.0", "scale is 0.0"),
        ("replicates = 2", 'scenario = "baselin"', "did you mean baseline"),
        ("[settings]", "[settings]\nname = 'x'", "settings has a name"),
        ("[settings]", "[settings]\nregions = 3", "policies.regie-fund.regions"),
        ("[settings]", "[settings", "is not TOML"),
    ],
)
def test_a_wrong_plan_is_told_in_one_sentence(write: Callable[[str], str], before: str, after: str, said: str) -> None:
    assert before in PLAN
    with pytest.raises(InputError) as error:
        load_grid(write(PLAN.replace(before, after)))
    assert said in str(error.value)
    assert "plan.toml" in error.value.where or "scenario" in error.value.where
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["regie-hoogte", "nowhere.toml", "a\0.toml", "", "x" * 5000 + ".toml"])
def test_a_plan_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(InputError, match=r"^plan: "):
        load_grid(name)


@given(text=broken(PLAN))
def test_a_broken_plan_never_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with suppress(InputError):
        load_grid(str(path))


# ── the grid ────────────────────────────────────────────────────────────────────────────────────────────


def test_where_nothing_is_paid_nothing_differs_and_money_acts_as_it_should(done: Grid) -> None:
    nothing = Difference(0.0, 0.0, 0.0)
    for cell in (*done.cells[0], done.cells[1][0]):  # no euros, no years
        regie, cost, alive = cell
        assert (regie, alive) == (nothing, nothing)
        np.testing.assert_allclose((cost.mean, cost.low, cost.high), 4_000)  # four years of staff
    regie, cost, _ = done.cells[1][1]
    assert regie.mean > 0
    assert cost.mean > 4_000
    assert done.failed == 0


def test_one_process_after_an_interruption_gives_the_bytes_of_two(
    design: Design, done: Grid, folder: Path, tmp_path: Path
) -> None:
    count = 0

    def stop(replicates: int) -> None:
        nonlocal count
        count += replicates
        if count == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_grid(design, make, tmp_path, 1, stop)
    assert 0 < len(read_shelf(tmp_path).done()) < len(read_shelf(folder).done())
    assert run_grid(design, make, tmp_path, 1, lambda _: None) == done
    assert contents(tmp_path) == contents(folder)


# ── for people ──────────────────────────────────────────────────────────────────────────────────────────


def printed(grid: Grid, language: Language, colours: bool = False) -> str:
    console = Console(width=100, force_terminal=colours, color_system="truecolor" if colours else None, highlight=False)
    words = Words(language)
    with console.capture() as capture:
        for name, table, shown in pages.tables(grid, words):
            console.print(name)
            console.print(table)
            console.print(shown)
    return capture.get()


def test_cells_are_shaded_by_direction_and_marked_if_nothing_is_shown(done: Grid) -> None:
    cells = tuple(tuple((Difference(one, one - 1, one + 1),) * 3 for one in row) for row in ((0.5, 2.0), (-3.0, 4.0)))
    grid = Grid(done.design, (1.0, 2e6, 3.0), cells, 8, 0)
    plain = printed(grid, Language.NL)
    assert plain.count("○") == 3
    assert "+2,0" in plain
    assert "-3,0" in plain
    assert "in 3 van de 4 combinaties" in plain
    more, cost, _ = printed(grid, Language.EN, colours=True).split("A difference is shown in 3 of the 4")[:3]
    teal, orange = (f"48;2;{red};{green};{blue}" for red, green, blue in map(pages.colour, (1.0, -1.0)))
    assert teal in more.split("80,000")[1], "the largest gain is darkest"
    assert orange in cost.split("80,000")[1], "money that is spent is worse"
    assert more.count("48;2;") == 4, (
        "a large difference that is unsure has a colour too, so that small ones do not stand out"
    )


def test_csv_and_json_hold_every_cell(done: Grid) -> None:
    lines = pages.grid_csv(done).splitlines()
    assert lines[0] == "outcome,unit,euro_year,years,difference,low,high,shown,reference"
    assert len(lines) == 1 + 3 * 4
    data = json.loads(json.dumps(pages.grid_json(done), allow_nan=False))
    assert [one["name"] for one in data["outcomes"]] == ["regie_fte", "public_euros", "networks_alive"]
    assert data["outcomes"][0]["cells"][1][1]["difference"] == done.cells[1][1][0].mean


def test_the_drawing_is_the_same_for_the_same_numbers(done: Grid) -> None:
    one = heatmaps_svg(done, Words(Language.NL))
    assert one == heatmaps_svg(done, Words(Language.NL))
    assert one.startswith("<?xml")
    assert "Regiefunctie" in one
    assert "Hoogste bedrag per PPS per jaar" in one


# ── pps grid ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command(pps: Pps, write: Callable[[str], str]) -> None:
    short = ("--scale", "0.02", "--until", "2012-Q1", "--parameters", "default", "--workers", "1", "--replicates", "1")
    code, out, err = pps("grid", write(PLAN), *short, "--lang", "nl", "--csv", "grid.csv", "--svg", "grid.svg")
    assert (code, err) == (0, "")
    assert "Regiefonds na de subsidie" in out
    assert "○" in out
    assert Path("grid.csv").read_text().count("\n") == 13
    assert Path("grid.svg").stat().st_size > 1000
    assert len(read_shelf(Path("results/grid")).keys) == 5
    code, out, _ = pps("grid", write(PLAN), *short, "--json")
    assert code == 0
    assert json.loads(out)["replicates"] == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--scale", "2"], "--scale"),
        (["--replicates", "0"], "--replicates"),
        (["--workers", "0"], "--workers"),
        (["--csv", ""], "--csv"),
        (["--svg", "."], "--svg"),
        (["--until", "2050-Q1"], "--until"),
    ],
)
def test_wrong_options_are_refused(pps: Pps, write: Callable[[str], str], args: list[str], said: str) -> None:
    code, out, err = pps("grid", write(PLAN), "--parameters", "default", *args)
    assert (code, out) == (2, "")
    assert err.startswith(f"Error: {said}")
    assert err.count("\n") == 1
