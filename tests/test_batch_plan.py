"""Plans of batches: what they ask, and what is told of one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from agents.errors import InputError
from agents.parameters import make_parameters, parameter_table
from experiments.cases import Keep
from experiments.draws import POSTERIOR, parameter_sets
from experiments.plan import DrawsAsked, load_plan, make_draws
from experiments.plan_file import list_plans
from experiments.priors import uncertain
from tests.batches import PLAN, broken

# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def put(text: str) -> str:
        path = tmp_path / "plan.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return put


def test_a_plan_crosses_scenarios_draws_and_seeds(write: Callable[[str], str]) -> None:
    batch = load_plan(write(PLAN))
    labels = [(case.draw, case.seed, case.scenario.name) for case in batch.cases]
    assert labels == [(d, s, name) for d in (0, 1) for s in (3, 4, 5) for name in ("baseline", "emergent")]
    assert {case.scenario.until for case in batch.cases} == {"2012-Q4"}
    assert batch.setting.keep == Keep(("pps_started", "networks_alive", "euros_cash"), "end")
    assert batch.setting.scale == 0.02
    ranges = uncertain()
    for draw in (0, 1):
        values = np.array([getattr(batch.cases[6 * draw].parameters, name) for name in ranges.names])
        shares = ranges.unit(values)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert abs(shares.mean() - 0.5) < 0.2
    assert batch.cases[0].parameters != batch.cases[6].parameters


def test_what_a_scenario_sets_is_not_drawn(write: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "eigen.toml").write_text(
        'schema_version = 1\nextends = "baseline"\nname = "eigen"\n[parameters]\nfte_cost = 77777\n'
    )
    batch = load_plan(write(PLAN.replace('"emergent"', '"eigen.toml"')))
    own = {case.parameters.fte_cost for case in batch.cases if case.scenario.name == "eigen"}
    others = {case.parameters.fte_cost for case in batch.cases if case.scenario.name == "baseline"}
    assert own == {77_777.0}
    assert len(others) == 2


def draws(**asked: Any) -> list[dict[str, float]]:
    return [dict(draw) for draw in make_draws(DrawsAsked.model_validate(asked), Path("plan.toml"))]


def test_draws_of_the_posterior_are_those_of_a_run() -> None:
    sets = parameter_sets(POSTERIOR, {}, 1, 6).sets
    assert [make_parameters(draw) for draw in draws(source="posterior", count=3)] == list(sets)


def test_spread_draws_cover_their_ranges_and_repeat() -> None:
    names = ("fte_cost", "initiation_rate")
    for source in ("lhs", "sobol"):
        found = draws(source=source, count=16, parameters=names, seed=5)
        assert found == draws(source=source, count=16, parameters=names, seed=5)
        assert found != draws(source=source, count=16, parameters=names, seed=6)
        for name in names:
            row = parameter_table()[name]
            values = [draw[name] for draw in found]
            assert set(found[0]) == set(names)
            if row.high / row.low < 10:
                strata = {int(16 * (value - row.low) / (row.high - row.low)) for value in values}
                assert len(strata) == 16  # one in each sixteenth of the range


def test_draws_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "draws.csv").write_text("fte_cost,vacancy_rate\n80000,0.03\n90000,0.04\n")
    asked = DrawsAsked(source="table", file="draws.csv")
    assert make_draws(asked, tmp_path / "plan.toml") == [
        {"fte_cost": 80_000.0, "vacancy_rate": 0.03},
        {"fte_cost": 90_000.0, "vacancy_rate": 0.04},
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "holds no draws"),
        ("fte_cost\n", "holds no draws"),
        ("fte_cost,fte_cost\n1,2\n", "holds no draws"),
        ("fte_cost\n80000,1\n", "draws.csv, line 2: has '80000, 1'; allowed: 1 numbers"),
        ("fte_cost\n80000\nmuch\n", "draws.csv, line 3"),
        ("fte_cost\n1e99\n", "draws.csv, line 2: fte_cost is 1e+99"),
        ("fte_cots\n80000\n", "did you mean fte_cost"),
        ("fte_cost\n\xff\n", "draws.csv, line 2"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(tmp_path: Path, table: str | None, said: str) -> None:
    if table is not None:
        (tmp_path / "draws.csv").write_text(table, encoding="utf-8")
    with pytest.raises(InputError) as error:
        make_draws(DrawsAsked(source="table", file="draws.csv"), tmp_path / "plan.toml")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "batch"', 'kind = "grid"', "is a plan of the kind 'grid'"),
        ('kind = "batch"', "", "key 'kind' is missing"),
        ("schema_version = 1", "schema_version = 2", "schema_version is 2"),
        ('"emergent"', '"emergentt"', "did you mean emergent"),
        ('"emergent"', '"baseline"', "two scenarios with the name baseline"),
        ('["baseline", "emergent"]', "[]", "scenarios"),
        ('region = "noord-brabant"', 'region = "brabant"', "no region pack"),
        ('until = "2012-Q4"', 'until = "2012"', "plan.toml, until: '2012' is not a quarter"),
        ('until = "2012-Q4"', 'until = "1999-Q1"', "outside the run"),
        ("scale = 0.02", "scale = 0.0", "scale is 0.0"),
        ("scale = 0.02", "scale = nan", "scale is nan"),
        ("seeds = 3", "seeds = 0", "seeds is 0"),
        ("seeds = 3", "seeds = 999999", "asks for 3,999,996 runs"),
        ("seed = 3", "seed = 4294967295", "the last seed is 4294967297"),
        ('"networks_alive"', '"networks_alive", "pps_started"', "the same outcome twice"),
        ('"networks_alive"', '"networks_aliv"', "did you mean networks_alive"),
        ('frequency = "end"', 'frequency = "month"', "frequency is 'month'"),
        ('frequency = "end"', 'frequencyy = "end"', "did you mean frequency"),
        ('source = "lhs"', 'source = "lsh"', "draws.source is 'lsh'"),
        ('source = "lhs"', 'source = "default"', "count does not belong to draws from default"),
        ('source = "lhs"', 'source = "lhs"\nfile = "a.csv"', "file does not belong to draws from lhs"),
        ('source = "lhs"', 'source = "table"', "count does not belong"),
        ("count = 2", "count = 2\nparameters = ['fte_cots']", "'fte_cots' is not uncertain"),
        ("count = 2", "cuont = 2", "did you mean count"),
        ('source = "lhs"\ncount = 2', 'source = "sobol"\ncount = 3', "a power of two"),
        ('source = "lhs"\ncount = 2', 'source = "posterior"\ncount = 99999', "the posterior has"),
        ('source = "lhs"\ncount = 2', 'source = "posterior"\nfolder = "no"', "no readable posterior"),
        ('source = "lhs"\ncount = 2', 'source = "table"', "file is missing"),
        ("[draws]", "[draws", "is not TOML"),
    ],
)
def test_a_wrong_plan_is_told_in_one_sentence(write: Callable[[str], str], before: str, after: str, said: str) -> None:
    assert before in PLAN
    with pytest.raises(InputError) as error:
        load_plan(write(PLAN.replace(before, after)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["quic", "nowhere.toml", "a\0.toml", "", "regie-hoogte-duur"])
def test_a_plan_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(InputError, match=r"^plan: "):
        load_plan(name)


def test_the_plans_that_come_along_can_be_run() -> None:
    assert "quick" in list_plans("batch")
    for name in list_plans("batch"):
        assert load_plan(name).name == name


@settings(max_examples=150)
@given(text=broken(PLAN))
def test_a_broken_plan_never_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with suppress(InputError):
        load_plan(str(path))
