"""Runs behind the page: the same numbers as `pps compare`, a past that is lived once, and turns for everybody."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from agents.parameters import make_parameters
from app.live import Came, Live, experiment_of, run_kept
from app.state import ON, Chosen, State, changed, load_named, scenario_of
from app.workers import Task, Turn, Workers
from experiments import kept
from experiments.comparison import Comparison, compare
from experiments.identity import describe
from experiments.kept import Shelf, keys_of
from experiments.parameter_sets import ParameterSets
from experiments.pasts import Pasts
from experiments.runner import Experiment, Finished, Replicate, Result, lived, run_replicate
from experiments.store import FILES, store_runs
from experiments.tables import tables_of
from scenarios.national import load_national
from scenarios.policies import policy_kinds
from scenarios.scenario import load_scenario
from sim.drivers import drivers
from sim.model import PpsModel
from tests.errands import broken, die, said, stumble
from tests.worlds import scenario, small_pack

PATIENCE = 120.0  # seconds: the machine may be busy


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def experiment(name: str = "baseline", until: str = "2030-Q4") -> Experiment:
    """Two replicates of a named scenario in a small world."""
    asked = load_scenario(name).model_copy(update={"until": until})
    return Experiment(small_pack(), load_national(), asked, ParameterSets((make_parameters(),)), 1, 2)


# ── a common past ───────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def pasts() -> Pasts:
    return Pasts()


@pytest.mark.parametrize(
    "name",
    [
        "aanbevelingen-2026",
        "geen-subsidie",
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("baseline", "cofinanciering", "portfolio")),
    ],
)
def test_a_scenario_that_goes_on_from_the_past_gives_the_same_to_the_bit(name: str, pasts: Pasts) -> None:
    replicate = experiment(name).replicate(0)
    whole, continued = tables_of(lived(replicate), 0), tables_of(pasts.live(replicate), 0)
    for table, rows in whole.items():
        assert str(rows.to_pylist()) == str(continued[table].to_pylist()), table
    assert whole["series"]["value"].to_numpy().tobytes() == continued["series"]["value"].to_numpy().tobytes()


def test_the_past_is_lived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    quarters: list[int] = []

    def listen(world: PpsModel) -> None:
        quarters.append(world.quarter)
        drivers(world)

    monkeypatch.setattr("sim.model.drivers", listen)
    own, replicate = Pasts(), experiment().replicate(0)

    def lived_quarters(starts: str) -> list[int]:
        quarters.clear()
        fund = policy_kinds()["regie-fund"](name="regie-fund", starts=starts)
        own.live(replace(replicate, scenario=scenario(until="2028-Q4", policies=(fund,))))
        return quarters

    assert lived_quarters("2016-Q1") == list(range(70))
    assert lived_quarters("2020-Q1") == list(range(18, 70))  # goes on from 2016, where nothing was in force yet
    assert lived_quarters("2020-Q1") == list(range(34, 70))
    assert lived_quarters("2014-Q1") == list(range(70))
    own.prepare(replace(replicate, seed=9, scenario=scenario(until="2028-Q4")))
    quarters.clear()
    own.live(replace(replicate, seed=9, scenario=scenario(until="2028-Q4")))
    assert quarters == list(range(62, 70))  # the past of a scenario without policies ends where most begin


def test_a_small_memory_keeps_the_last_past_alone() -> None:
    own = Pasts(most_bytes=1)
    for number in (0, 1):
        own.live(replace(experiment().replicate(number), scenario=scenario(until="2012-Q4")))
    assert len(own._kept) == 1


# ── on disk ─────────────────────────────────────────────────────────────────────────────────────────────
def finished(replicate: Replicate) -> Finished:
    result = run_replicate(replicate)
    assert isinstance(result, Finished)
    return result


def test_what_is_kept_is_found_by_what_it_follows_from(tmp_path: Path) -> None:
    one = experiment(until="2012-Q4")
    other = replace(one, scenario=one.scenario.model_copy(update={"name": "other", "title_nl": "anders"}))
    assert keys_of(one) == keys_of(other)
    assert len({*keys_of(one), *keys_of(replace(one, seed=9)), *keys_of(replace(one, scale=0.5))}) == 6
    assert not set(keys_of(one)) & set(keys_of(experiment("regiefonds", "2012-Q4")))
    assert keys_of(replace(one, replicates=1)) == keys_of(one)[:1]
    shelf, key, tables = Shelf(tmp_path), keys_of(one)[0], finished(one.replicate(0)).tables
    assert shelf.find(key) is None
    shelf.keep(key, tables)
    found = shelf.find(key)
    assert found is not None
    assert all(found[name].schema == tables[name].schema for name in tables)


@pytest.mark.parametrize(
    "harm", [lambda content: content[:-100], lambda content: content.replace(b"PAR1", b"PAR2"), lambda _: b""]
)
def test_a_file_that_is_not_whole_counts_as_missing(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    shelf, key = Shelf(tmp_path), "0" * 64
    shelf.keep(key, finished(experiment(until="2012-Q4").replicate(0)).tables)
    (path,) = tmp_path.rglob("*.zip")
    path.write_bytes(harm(path.read_bytes()))
    assert shelf.find(key) is None


def test_a_disk_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    shelf = Shelf(tmp_path / "file")
    shelf.keep("0" * 64, {})
    shelf.prune()
    assert shelf.find("0" * 64) is None


def test_the_oldest_go_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for age, name in enumerate("abc"):
        shelf.keep(name * 64, {})
        os.utime(shelf._path(name * 64), (-age + 1e9, -age + 1e9))
    size = shelf._path("a" * 64).stat().st_size
    shelf.prune(2 * size)
    assert [shelf._path(name * 64).exists() for name in "abc"] == [True, True, False]


def test_compare_finds_what_the_page_ran_and_writes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = experiment(until="2020-Q4")
    store_runs([asked], [tmp_path / "run"])
    key = keys_of(asked)[1]
    assert isinstance(run_kept(asked.replicate(1), key, str(tmp_path / "kept")), Came)
    until(lambda: Shelf(tmp_path / "kept").find(key) is not None)
    ran: list[int] = []

    def listen(one: Replicate) -> Result:
        ran.append(one.number)
        return run_replicate(one)

    monkeypatch.setattr(kept, "run_replicate", listen)
    store_runs([asked], [tmp_path / "found"], replicates=tmp_path / "kept")
    assert ran == [0]
    for name in FILES:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "found" / name).read_bytes()


# ── processes ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    made = Workers(1)
    yield made
    made.close()


def blocked(workers: Workers) -> threading.Event:
    """Keep the only process busy until the event is set, without a clock."""
    gate = threading.Event()
    begin = workers._begin
    held: list[tuple[int, Task]] = []

    def hold(number: int, task: Task) -> None:
        held.append((number, task))
        workers._begin = begin  # type: ignore[method-assign]
        threading.Thread(target=lambda: (gate.wait(), begin(number, task))).start()

    workers._begin = hold  # type: ignore[method-assign]
    workers.do(Task("gate", Turn.FIRST, said, ("gate",)))
    return gate


def test_owners_take_turns_and_first_answers_go_first(workers: Workers) -> None:
    order: list[str] = []
    gate = blocked(workers)
    tasks = [Task(owner, turn, said, (f"{owner}{number}",)) for owner, turn, number in [
        ("a", Turn.MORE, 0), ("a", Turn.MORE, 1), ("a", Turn.MORE, 2), ("b", Turn.MORE, 0), ("b", Turn.MORE, 1),
        ("c", Turn.FIRST, 0), ("d", Turn.SPARE, 0),
    ]]  # fmt: skip
    futures = [workers.do(task) for task in tasks]
    for future in futures:
        future.add_done_callback(lambda done: order.append(done.result()))
    gate.set()
    until(lambda: len(order) == len(tasks))
    assert order == ["c0", "a0", "b0", "a1", "b1", "a2", "d0"]


def test_what_is_called_back_is_not_done(workers: Workers) -> None:
    gate = blocked(workers)
    one, other = (workers.do(Task("a", Turn.MORE, said, (text,))) for text in ("one", "other"))
    assert one.cancel()
    gate.set()
    assert other.result(PATIENCE) == "other"
    assert one.cancelled()


def test_a_process_that_dies_is_replaced_and_takes_nobody_along(workers: Workers) -> None:
    gate = blocked(workers)
    bad, good = workers.do(Task("a", Turn.MORE, die)), workers.do(Task("b", Turn.MORE, said, ("good",)))
    gate.set()
    assert good.result(PATIENCE) == "good"
    assert "terminated abruptly" in str(bad.exception(PATIENCE))
    assert isinstance(workers.do(Task("a", Turn.MORE, stumble)).exception(PATIENCE), ValueError)


# ── asks ────────────────────────────────────────────────────────────────────────────────────────────────
STATE = State(parameters="default", scale=0.02, replicates=2, scenarios=(Chosen("regiefonds"),))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(1, tmp_path_factory.mktemp("replicates"))
    yield made
    made.close()


def numbers(found: Comparison) -> dict[str, object]:
    """All that a comparison says but where its runs are."""
    told = asdict(found)
    for one in (told["baseline"], *told["scenarios"]):
        del one["folder"]
    del told["about"]
    return told


def test_the_answer_is_that_of_compare(runs: Live, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    ask = runs.ask(STATE, lambda: steps.append((ask.pairs, ask.done)))
    until(lambda: not ask.running)
    assert (ask.error, ask.pairs, ask.done, ask.asked) == ("", 2, 4, 4)
    assert steps[-1] == (2, 4)
    experiments = [experiment_of(STATE, load_named(name), 2) for name in ("baseline", "regiefonds")]
    stored = [run for run in store_runs(experiments, [tmp_path / "a", tmp_path / "b"]) if run]
    assert ask.comparison is not None
    assert repr(numbers(ask.comparison)) == repr(numbers(compare(stored)))
    stories = ask.partnerships("regiefonds")
    assert stories is not None
    assert stories.equals(stored[1].frame("partnerships", replicate=0))
    assert ask.comparison.baseline.folder.name == str(describe(experiments[0])["identity"])[:16]
    again = runs.ask(STATE)
    assert (again.comparison, again.pairs, again.running) == (ask.comparison, 2, False)  # at once, and worked out once


def test_a_scenario_without_changes_is_run_once(runs: Live) -> None:
    ask = runs.ask(replace(STATE, scenarios=(Chosen("baseline"), Chosen("regiefonds"))), replicates=1)
    until(lambda: not ask.running)
    assert (ask.asked, ask.error) == (2, "")
    assert ask.comparison is not None
    assert ask.comparison.difference("baseline", "networks_alive").difference == 0.0


def test_what_is_cancelled_leaves_the_queue_unless_others_wait_for_it(runs: Live) -> None:
    chosen, _ = changed(Chosen("regiefonds"), "regie-fund", "years", 3)
    state = STATE.with_chosen(chosen)
    gate = blocked(runs.workers)
    one, other = runs.ask(state, owner="one"), runs.ask(state, owner="other")
    waiting = dict(runs._coming)
    one.cancel()
    assert runs._coming == waiting  # the other waits for the same
    other.cancel()
    assert not runs._coming
    gate.set()
    assert (one.running, other.running, one.error) == (False, False, "")
    assert one.comparison is None


def test_what_was_foreseen_is_run_once_and_goes_when_nobody_asks_for_it(runs: Live) -> None:
    def state(years: int) -> State:
        return STATE.with_chosen(changed(Chosen("regiefonds"), "regie-fund", "years", years)[0])

    gate = blocked(runs.workers)
    seen = [runs.foresee(state(years), owner="one") for years in (5, 6)]
    of = [{key for keys in one._keys for key in keys} - runs._results.keys() for one in seen]
    assert set(runs._coming) == of[0] | of[1]
    ask = runs.ask(state(6), owner="one", replicates=1)
    for one in seen:
        one.cancel()
    assert set(runs._coming) == of[1]  # somebody has asked for it meanwhile
    gate.set()
    until(lambda: not ask.running)
    assert (ask.error, ask.pairs) == ("", 1)
    assert [one.comparison for one in seen] == [None, None]


def test_other_pairs_wait_for_the_first_answer(runs: Live) -> None:
    chosen, _ = changed(Chosen("regiefonds"), "regie-fund", "years", 4)
    state = replace(STATE.with_chosen(chosen), seed=55)
    shown: list[set[str]] = []
    gate = blocked(runs.workers)
    ask = runs.ask(state, lambda: shown.append(set(runs._coming)) if ask.pairs else None)
    first, others = ({keys[number] for keys in ask._keys} for number in (0, 1))
    waiting = set(runs._coming)
    gate.set()
    until(lambda: not ask.running)
    assert waiting == first
    assert not shown[0] & others  # when the first answer was told, nobody had been asked for the others
    assert (ask.pairs, ask.done) == (2, 4)


def test_a_run_that_breaks_is_told_in_one_sentence(runs: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    from app import live as of_live

    monkeypatch.setattr(of_live, "run_kept", broken)
    on, _ = changed(Chosen("baseline"), "orchestration", ON, True)
    ask = runs.ask(replace(STATE, seed=77, scenarios=(on,)), replicates=1)
    until(lambda: not ask.running)
    assert (
        ask.error
        == "Geen enkele toekomst is tot het einde doorgerekend, dus er valt niets te vergelijken (ValueError: broken)."
    )
    assert scenario_of(on).name.startswith("baseline-")
