"""Replicates: order, seeds, failures and processes."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from agents.errors import InputError
from agents.parameters import as_dict, make_parameters
from experiments import runner, work
from experiments.parameter_sets import ParameterSets, draw_numbers, shared_values
from experiments.runner import Experiment, Failed, Finished, Replicate, Replicates, Result, run_replicate
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from tests.test_live import until

SHORT = load_scenario("baseline").model_copy(update={"until": "2013-Q4"})


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    """Two replicates of a small and short run."""
    pack, national = load_region("noord-brabant"), load_national()
    central = ParameterSets((make_parameters(),))
    return Experiment(pack, national, SHORT, central, seed=5, replicates=2, scale=0.05)


@pytest.fixture(scope="module")
def drawn(experiment: Experiment) -> Experiment:
    """Five replicates with three draws, that is an odd number: the last has a draw for itself."""
    return replace(experiment, parameters=some_draws(3), replicates=5)


def some_draws(count: int) -> ParameterSets:
    costs = [80_000.0 + 1_000.0 * number for number in range(count)]
    sets = tuple(make_parameters({"fte_cost": cost}) for cost in costs)
    return ParameterSets(sets, tuple(range(count)), "digest")


def tables(result: Result) -> dict[str, pa.Table]:
    assert isinstance(result, Finished), result
    return dict(result.tables)


def test_one_and_two_processes_give_the_same_in_the_same_order(experiment: Experiment) -> None:
    here, spread = list(Replicates(experiment.every())), list(Replicates(experiment.every(), workers=2))
    assert [result.replicate for result in here] == [result.replicate for result in spread] == [0, 1]
    for one, other in zip(here, spread, strict=True):
        assert tables(one).keys() == tables(other).keys()
        for name, table in tables(one).items():
            assert_frame_equal(table.to_pandas(), tables(other)[name].to_pandas(), obj=name)


def test_replicate_r_has_the_seed_plus_r(experiment: Experiment) -> None:
    second = tables(run_replicate(experiment.replicate(1)))["series"]
    alone = tables(run_replicate(replace(experiment, seed=experiment.seed + 1).replicate(0)))["series"]
    assert second["replicate"].unique().to_pylist() == [1]
    assert_frame_equal(*(table.drop_columns("replicate").to_pandas() for table in (second, alone)))


def test_two_replicates_share_a_draw_and_have_their_own_seed(drawn: Experiment) -> None:
    replicates = [drawn.replicate(number) for number in range(5)]
    assert [each.parameters.fte_cost for each in replicates] == [80_000, 80_000, 81_000, 81_000, 82_000]
    assert [each.seed for each in replicates] == [5, 6, 7, 8, 9]
    assert [drawn.parameters.draw(number) for number in range(8)] == [0, 0, 1, 1, 2, 2, 0, 0]


def test_whatever_is_asked_a_replicate_has_the_same_draw_and_seed(drawn: Experiment) -> None:
    other = replace(drawn, scenario=load_scenario("emergent"), scale=0.1, replicates=3)
    for number in range(3):
        one, same = drawn.replicate(number), other.replicate(number)
        assert (one.seed, one.parameters) == (same.seed, same.parameters)
        assert one.scenario != same.scenario


def test_a_replicate_alone_gives_what_it_gives_in_the_run(drawn: Experiment) -> None:
    for result in Replicates(drawn.every(), workers=2):
        alone = tables(run_replicate(drawn.replicate(result.replicate)))
        for name, table in tables(result).items():
            assert_frame_equal(table.to_pandas(), alone[name].to_pandas(), obj=name)


def test_the_parameters_reach_the_model(drawn: Experiment, experiment: Experiment) -> None:
    costs = replace(drawn, seed=experiment.seed, replicates=4).replicate(2)
    central = replace(costs, parameters=make_parameters())
    assert not tables(run_replicate(costs))["ledger"].equals(tables(run_replicate(central))["ledger"])


def test_what_goes_to_a_process_does_not_grow_with_the_draws(experiment: Experiment) -> None:
    few, many = (replace(experiment, parameters=some_draws(count), replicates=8) for count in (2, 20))
    assert len(pickle.dumps(many.replicate(0))) == len(pickle.dumps(few.replicate(0)))


@given(
    seed=st.integers(0, 2**32 - 1),
    replicates=st.integers(-3, 300),
    more=st.integers(1, 99),
    available=st.integers(1, 99),
)
def test_draws_follow_from_the_seed_and_go_on_where_more_are_asked(
    seed: int, replicates: int, more: int, available: int
) -> None:
    numbers = draw_numbers(seed, replicates, available)
    longer = draw_numbers(seed, replicates + more, available)
    assert longer[: len(numbers)] == numbers
    assert len(set(numbers)) == len(numbers) == max(0, min((replicates + 1) // 2, available))
    if numbers:
        assert numbers[0] == (seed - 1) % available
        assert draw_numbers(seed + 1, replicates, available)[0] == seed % available


def test_shared_values_are_equal_in_all_sets() -> None:
    two = some_draws(2).sets
    assert set(as_dict(two[0])) - set(shared_values(two)) == {"fte_cost"}
    assert shared_values(two[:1]) == as_dict(two[0])


def test_a_failed_replicate_is_told_and_the_rest_goes_on(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = PpsModel.step

    def broken(model: PpsModel) -> None:
        if model.draws.seed == experiment.seed + 1 and model.time > 3:
            raise ZeroDivisionError("no\nlight")
        step(model)

    monkeypatch.setattr(PpsModel, "step", broken)
    first, second, third = Replicates(replace(experiment, replicates=3).every())
    assert isinstance(first, Finished)
    assert isinstance(third, Finished)
    assert isinstance(second, Failed)
    assert second == Failed(1, experiment.seed + 1, "ZeroDivisionError", "no light", second.where)
    assert second.where.startswith("test_runner.py:")


def kills_its_process(job: Replicate) -> Result:
    """Stands in for a replicate that is ended from outside: always the second, the fourth once."""
    marker = Path(os.environ["TEST_RUNNER_MARKER"])
    if job.number == 1 or (job.number == 3 and not marker.exists()):
        marker.touch()
        os._exit(9)
    return Finished(job.number, {})


def test_a_process_that_dies_takes_only_its_own_replicate(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TEST_RUNNER_MARKER", str(tmp_path / "marker"))
    monkeypatch.setattr(runner, "run_replicate", kills_its_process)
    results = list(Replicates(replace(experiment, replicates=5).every(), workers=2))
    assert [result.replicate for result in results] == [0, 1, 2, 3, 4]
    failed = [result for result in results if isinstance(result, Failed)]
    assert [(each.replicate, each.error) for each in failed] == [(1, "BrokenProcessPool")]


def test_what_was_yielded_last_and_not_taken_is_left_over(experiment: Experiment) -> None:
    replicates = Replicates(experiment.every())
    first = next(iter(replicates))
    assert replicates.leftover() == [(0, first)]


def test_leaving_early_leaves_no_processes(experiment: Experiment) -> None:
    before = set(multiprocessing.active_children())  # other tests share processes of the page
    replicates = Replicates(replace(experiment, replicates=50).every(), workers=2)
    for result in replicates:
        assert result.replicate == 0
        break
    numbers = [result.replicate for _, result in replicates.leftover()]
    assert numbers == sorted(numbers)
    assert len(numbers) < 50
    assert set(multiprocessing.active_children()) <= before


def test_a_second_ctrl_c_while_stopping_is_quiet(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    ignored: list[Any] = []
    before = set(multiprocessing.active_children())
    monkeypatch.setattr(sys, "unraisablehook", ignored.append)
    running = Replicates(replace(experiment, replicates=50).every(), workers=2)._in_processes()
    next(running)
    monkeypatch.setattr(work, "wait", interrupted)
    running.close()  # type: ignore[attr-defined]  # a generator
    assert not ignored
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize(
    "wrong",
    [
        {"replicates": 0},
        {"replicates": 100_001},
        {"seed": -1},
        {"seed": 2**32},
        {"scale": 0.0},
        {"scale": -0.5},
        {"scale": 1.0001},
        {"scale": math.nan},
        {"scale": math.inf},
    ],
)
def test_what_cannot_be_run_is_refused(experiment: Experiment, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        replace(experiment, **wrong)
    assert refused.value.where in wrong
    assert refused.value.allowed


@given(scale=st.floats(allow_nan=True, allow_infinity=True))
def test_a_scale_is_a_share_or_refused(experiment: Experiment, scale: float) -> None:
    if 0.0 < scale <= 1.0:
        assert replace(experiment, scale=scale).scale == scale
    else:
        with pytest.raises(InputError):
            replace(experiment, scale=scale)


def test_no_workers_is_refused(experiment: Experiment) -> None:
    with pytest.raises(InputError, match="workers"):
        Replicates(experiment.every(), workers=0)


TWO_THAT_LINGER = """
import sys
from experiments.work import Work
from tests.errands import linger
if __name__ == "__main__":
    list(Work(linger, [sys.argv[1]] * 2, lambda item, error: None, 2))
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up where Linux lists them")
def test_no_worker_outlives_a_program_that_is_killed(tmp_path: Path) -> None:
    def alive(pid: str) -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"  # that one waits for somebody to notice

    script, folder = tmp_path / "program.py", tmp_path / "pids"
    script.write_text(TWO_THAT_LINGER, encoding="utf-8")
    folder.mkdir()
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, str(script), str(folder)], env={**os.environ, "PYTHONPATH": str(root)}
    ) as one:
        until(lambda: len(list(folder.iterdir())) == 2)
        one.kill()
    workers = [path.name for path in folder.iterdir()]
    try:
        until(lambda: not any(map(alive, workers)))
    finally:
        for pid in filter(alive, workers):
            os.kill(int(pid), signal.SIGKILL)
