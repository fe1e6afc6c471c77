"""Results on disk: what the tables say, that files are whole, and that nothing earlier is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from agents.errors import InputError
from agents.parameters import as_dict, make_parameters
from agents.partnership import Kind
from experiments.identity import describe
from experiments.parameter_sets import ParameterSets
from experiments.runner import Experiment, Finished, run_replicate
from experiments.store import FILES, RUN, TABLES, Interrupted, RunWriter, read_run, store_run
from experiments.summary import sources, summarise, summarise_run
from experiments.tables import SCHEMAS, tables_of
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import load_scenario
from sim.ledger import STREAMS
from sim.model import PpsModel
from sim.outcomes import OUTCOMES
from tests import worlds


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    """Two replicates of a small and short run."""
    asked = load_scenario("baseline").model_copy(update={"until": "2014-Q4"})
    central = ParameterSets((make_parameters(),))
    return Experiment(load_region("noord-brabant"), load_national(), asked, central, 3, 2, 0.05)


@pytest.fixture(scope="module")
def drawn(experiment: Experiment) -> Experiment:
    """Three replicates with two draws that differ in two parameters."""
    changes = [{"fte_cost": 80_000.0, "bbl_exit": 1.1}, {"fte_cost": 100_000.0, "bbl_exit": 1.2}]
    sets = ParameterSets(tuple(make_parameters(change) for change in changes), (6, 0), "digest of a posterior")
    return replace(experiment, parameters=sets, replicates=3)


@pytest.fixture(scope="module")
def finished(experiment: Experiment) -> tuple[Finished, Finished]:
    first, second = (run_replicate(experiment.replicate(number)) for number in range(2))
    assert isinstance(first, Finished)
    assert isinstance(second, Finished)
    return first, second


@pytest.fixture
def folder(tmp_path: Path, experiment: Experiment, finished: tuple[Finished, Finished]) -> Path:
    """A run on disk."""
    write(tmp_path / "run", experiment, *finished)
    return tmp_path / "run"


def write(folder: Path, experiment: Experiment, *results: Finished) -> None:
    with RunWriter(folder, experiment) as writer:
        for result in results:
            writer.add(result)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# ── the tables ──────────────────────────────────────────────────────────────────────────────────────────


def check_tables(model: PpsModel) -> None:
    """Check all tables of a finished model against the model itself."""
    tables = tables_of(model, 7)
    for name, table in tables.items():
        table.validate(full=True)
        assert table.schema == SCHEMAS[name]
        assert set(table["replicate"].to_pylist()) <= {7}
    check_series(model, tables["series"].to_pandas())
    check_ledger(model, tables["ledger"].to_pandas())
    check_enrolment(model, tables["enrolment"].to_pandas())
    for row, partnership in enumerate(tables["partnerships"].to_pylist()):
        check_partnership(model, row, partnership)


def check_series(model: PpsModel, series: pd.DataFrame) -> None:
    assert model.recorder is not None
    provinces = [province.id for province in model.provinces]
    assert len(series) == model.calendar.quarters * (len(provinces) + 1) * len(OUTCOMES)
    wide = series.pivot_table(index="quarter", columns="outcome", values="value", aggfunc="sum", observed=False)
    assert list(wide.index) == model.calendar.labels()
    for quarter, place, outcome in ((0, 0, 0), (-1, -1, 3), (-1, 0, len(OUTCOMES) - 1)):
        where = (
            (series["quarter"] == model.calendar.labels()[quarter])
            & (series["province"] == [*provinces, "all"][place])
            & (series["outcome"] == OUTCOMES[outcome])
        )
        np.testing.assert_equal(series[where]["value"].to_numpy(), model.recorder.values[quarter, place, outcome])


def check_ledger(model: PpsModel, ledger: pd.DataFrame) -> None:
    flows = model.ledger.flows()
    assert ledger["amount_cents"].sum() == flows.amount.sum()
    assert not ledger.duplicated(["quarter", "payer", "payee", "stream"]).any()
    for number, stream in enumerate(STREAMS):
        paid = ledger.loc[ledger["stream"] == stream, "amount_cents"].sum()
        assert paid == flows.amount[flows.stream == number].sum()
    into = ledger.groupby("payee", observed=True)["amount_cents"].sum()
    out = ledger.groupby("payer", observed=True)["amount_cents"].sum()
    balance = into.sub(out, fill_value=0).reindex(model.ledger.names, fill_value=0)
    assert balance.tolist() == model.ledger.balance.tolist()


def check_enrolment(model: PpsModel, enrolment: pd.DataFrame) -> None:
    years = model.enrolment.years
    by_year = enrolment.groupby("year")[["students", "inflow", "graduates"]].sum()
    assert by_year["students"].tolist() == [year.stock.sum() for year in years]
    assert by_year["inflow"].tolist() == [year.inflow.sum() for year in years]
    assert by_year["graduates"].tolist() == [year.graduates.sum() for year in years]
    if years:
        last = enrolment[enrolment["year"] == enrolment["year"].max()]
        by_track = last.groupby("track", observed=True)["students"].sum()
        assert [by_track["bbl"], by_track["bol"]] == years[-1].stock.sum(axis=(0, 1, 2)).tolist()


def check_partnership(model: PpsModel, row: int, told: dict[str, Any]) -> None:
    pps, table = model.pps, model.memberships
    mine = np.flatnonzero(table.pps == row)
    story = told["story"]
    assert story[0]["event"] == "founded"
    assert [event["quarter"] for event in story] == sorted(event["quarter"] for event in story)
    counts = {word: sum(event["event"] == word for event in story) for word in ("co_founded", "joined", "left")}
    assert counts["co_founded"] + counts["joined"] + 1 == len(mine)  # all but the school that leads it
    lead_left = bool((table.until[mine[(table.kind[mine] == Kind.SCHOOL)]] >= 0).any()) and not told["network_alive"]
    assert counts["left"] + lead_left == (table.until[mine] >= 0).sum()
    if told["partners_by_year"] and model.calendar.season(model.calendar.quarters - 1) == 4:
        assert told["partners_by_year"][-1]["partners"] == pps.partners[row]
        assert told["partners_by_year"][-1]["firms"] == pps.firms[row]
    flows, account = model.ledger.flows(), pps.account[row]
    assert sum(each["amount_cents"] for each in told["money"]) == flows.amount[flows.payee == account].sum()
    assert (told["decided"] is None) == (told["decision"] == "NONE")
    assert (told["network_death"] is None) == told["network_alive"]
    assert told["conditions"] == model.conditions.get(row, [])
    assert told["phase_1"] == told["born"] == model.calendar.label(int(pps.born[row]))


def test_the_tables_say_what_the_model_holds(brabant_run: PpsModel) -> None:
    check_tables(brabant_run)


@given(case=worlds.cases())
@worlds.examples(15)
def test_the_tables_of_any_world_say_what_it_holds(case: worlds.Case) -> None:
    check_tables(case.model().run())


def test_a_run_without_partnerships_or_school_years_has_tables_too(make_model: Callable[..., PpsModel]) -> None:
    model = make_model(history="emergent", until="2011-Q3", calls=()).run()
    tables = tables_of(model, 0)
    assert tables["partnerships"].num_rows == tables["enrolment"].num_rows == 0
    check_tables(model)


# ── on disk ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_can_be_read_back(folder: Path, experiment: Experiment, finished: tuple[Finished, Finished]) -> None:
    assert set(content(folder)) == {*FILES, RUN}
    run = read_run(folder)
    assert run.done == [0, 1]
    assert run.about["scenario"] == experiment.scenario.model_dump(mode="json")
    assert run.about["replicates_failed"] == []
    for name in set(TABLES) - {"parameters"}:
        assert run.table(name).num_rows == sum(result.tables[name].num_rows for result in finished)
        if not run.table(name).num_rows:
            continue  # without policies nobody pays for them; an empty file has no words
        assert_frame_equal(run.frame(name, replicate=1), finished[1].tables[name].to_pandas())
        columns = pq.ParquetFile(folder / f"{name}.parquet").metadata.row_group(0)
        assert {columns.column(i).compression for i in range(columns.num_columns)} == {"ZSTD"}


def test_equal_runs_are_equal_bytes_wherever_they_are(
    folder: Path, tmp_path: Path, experiment: Experiment, finished: tuple[Finished, Finished]
) -> None:
    write(tmp_path / "deep" / "elsewhere", experiment, *finished)
    assert content(folder) == content(tmp_path / "deep" / "elsewhere")


def test_two_processes_write_the_same_bytes(tmp_path: Path, drawn: Experiment) -> None:
    for workers in (1, 2):
        store_run(drawn, tmp_path / str(workers), workers)
    assert content(tmp_path / "1") == content(tmp_path / "2")


# ── the parameters of a run ─────────────────────────────────────────────────────────────────────────────


def test_a_run_says_where_its_parameters_come_from(folder: Path, drawn: Experiment) -> None:
    central, told = read_run(folder).about["parameters"], describe(drawn)["parameters"]
    assert central == {"source": "default", "values": as_dict(make_parameters())}
    assert {"fte_cost", "bbl_exit"} == set(central["values"]) - set(told.pop("values"))
    assert told == {"source": "posterior", "digest": "digest of a posterior", "draws": [6, 6, 0]}


def test_parameters_that_differ_are_in_a_table_in_order(tmp_path: Path, folder: Path, drawn: Experiment) -> None:
    run = store_run(drawn, tmp_path / "drawn")
    assert run is not None
    rows = [tuple(row.values()) for row in run.table("parameters").to_pylist()]
    assert rows == [
        (replicate, name, value)
        for replicate, values in enumerate([(1.1, 80_000.0), (1.1, 80_000.0), (1.2, 100_000.0)])
        for name, value in zip(("bbl_exit", "fte_cost"), values, strict=True)
    ]
    assert run.draws == {0: 6, 1: 6, 2: 0}
    central = read_run(folder)
    assert central.table("parameters").num_rows == 0
    assert central.draws == {0: 0, 1: 0}


def test_a_run_can_be_repeated_from_its_folder(tmp_path: Path, drawn: Experiment) -> None:
    run = store_run(drawn, tmp_path / "drawn")
    assert run is not None
    for number in run.done:
        again = replace(drawn.replicate(number), parameters=run.parameters(number), seed=run.about["seed"] + number)
        result = run_replicate(again)
        assert isinstance(result, Finished)
        assert_frame_equal(run.frame("series", replicate=number), result.tables["series"].to_pandas())


def test_one_replicate_has_all_its_parameters_in_run_json(tmp_path: Path, drawn: Experiment) -> None:
    run = store_run(replace(drawn, replicates=1), tmp_path / "one")
    assert run is not None
    assert run.about["parameters"]["draws"] == [6]
    assert run.table("parameters").num_rows == 0
    assert run.parameters(0) == drawn.parameters.sets[0]


def test_the_parameters_of_a_failed_replicate_are_kept(
    tmp_path: Path, drawn: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = PpsModel.step
    monkeypatch.setattr(PpsModel, "step", lambda model: 1 / 0 if model.draws.seed == 4 else step(model))
    run = store_run(drawn, tmp_path / "run")
    assert run is not None
    assert run.done == [0, 2]
    assert run.draws == {0: 6, 2: 0}
    assert run.parameters(1) == drawn.parameters.sets[0]


def test_nothing_of_this_machine_or_day_is_in_the_results(folder: Path) -> None:
    told = (folder / RUN).read_text(encoding="utf-8")
    for secret in (str(folder), os.getcwd(), "unfinished"):
        assert secret not in told
        assert all(secret.encode() not in data for name, data in content(folder).items() if name != RUN)


def test_the_identity_follows_from_what_is_run(experiment: Experiment, drawn: Experiment) -> None:
    same = describe(experiment)["identity"]
    assert describe(replace(experiment))["identity"] == same
    others = (
        {"seed": 4},
        {"replicates": 3},
        {"scale": 0.06},
        {"parameters": ParameterSets((make_parameters({"fte_cost": 100_000}),))},
        {"parameters": replace(drawn.parameters, sets=drawn.parameters.sets[:1])},
        {"parameters": replace(drawn.parameters, posterior="another")},
        {"parameters": drawn.parameters, "replicates": 3},
        {"parameters": replace(drawn.parameters, draws=(0, 6)), "replicates": 3},
        {"parameters": replace(drawn.parameters, sets=drawn.parameters.sets[::-1]), "replicates": 3},
        {"scenario": experiment.scenario.model_copy(update={"until": "2015-Q1"})},
    )
    identities = [describe(replace(experiment, **other))["identity"] for other in others]
    assert len({same, *identities}) == 1 + len(others)


def test_a_later_run_replaces_an_earlier_one(
    folder: Path, experiment: Experiment, finished: tuple[Finished, Finished]
) -> None:
    (folder / "notes.txt").write_text("mine")
    write(folder, experiment, finished[0])
    assert read_run(folder).done == [0]
    assert set(content(folder)) == {*FILES, RUN, "notes.txt"}


# ── what can go wrong ───────────────────────────────────────────────────────────────────────────────────


def test_a_file_is_no_folder(tmp_path: Path, experiment: Experiment) -> None:
    for name in ("file", "file/below"):
        (tmp_path / "file").write_text("mine")
        with pytest.raises(InputError, match="file"):
            RunWriter(tmp_path / name, experiment)
        assert content(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("about", [None, "{}", '{"kind": "comparison"}', "[]", "not json", "\udcff"])
def test_results_of_another_kind_are_not_overwritten(tmp_path: Path, experiment: Experiment, about: str | None) -> None:
    (tmp_path / "series.parquet").write_text("mine")
    if about is not None:
        (tmp_path / RUN).write_text(about, encoding="utf-8", errors="surrogateescape")
    before = content(tmp_path)
    with pytest.raises(InputError, match="no run wrote"):
        RunWriter(tmp_path, experiment)
    assert content(tmp_path) == before


def fail(number: int) -> Callable[..., Any]:
    def failing(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize(
    ("what", "broken", "number"),
    [
        ("pyarrow.parquet.ParquetWriter.write_table", "No space left", errno.ENOSPC),
        ("pyarrow.parquet.ParquetWriter.close", "No space left", errno.ENOSPC),
        ("os.replace", "Permission denied", errno.EACCES),
        ("tempfile.mkdtemp", "Read-only file system", errno.EROFS),
    ],
)
def test_a_disk_that_fails_leaves_what_was_there(
    folder: Path,
    tmp_path: Path,
    experiment: Experiment,
    finished: tuple[Finished, Finished],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    broken: str,
    number: int,
) -> None:
    before = content(folder)
    new = tmp_path / "new" / "run"
    with monkeypatch.context() as patch:
        patch.setattr(what, fail(number))
        for place in (folder, new):
            with pytest.raises(InputError, match=broken):
                write(place, experiment, finished[0])
    assert content(folder) == before
    assert not new.exists()
    assert read_run(folder).done == [0, 1]


def test_a_bug_while_writing_leaves_nothing(tmp_path: Path, experiment: Experiment) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store_run(experiment, tmp_path / "run", on_result=broken)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_keeps_what_had_finished(tmp_path: Path, experiment: Experiment) -> None:
    def interrupt(result: object) -> None:
        if isinstance(result, Finished) and result.replicate == 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        store_run(replace(experiment, replicates=4), tmp_path / "run", on_result=interrupt)
    assert stop.value.done == 2
    run = read_run(tmp_path / "run")
    assert run.done == [0, 1]
    assert run.about["replicates"] == 4
    assert run.frame("series")["replicate"].unique().tolist() == [0, 1]


def test_ctrl_c_waits_while_a_file_is_written(
    tmp_path: Path, experiment: Experiment, finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table = pq.ParquetWriter.write_table

    def interrupted(writer: Any, table: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        write_table(writer, table)

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", interrupted)
    with RunWriter(tmp_path / "run", experiment) as writer:
        with pytest.raises(KeyboardInterrupt):
            writer.add(finished[0])
        writer.add(finished[0])  # left over, and known
    assert read_run(tmp_path / "run").done == [0]


@pytest.mark.parametrize("time", [1, 2])
def test_ctrl_c_at_the_moment_a_folder_is_made_leaves_no_folder(
    tmp_path: Path, experiment: Experiment, monkeypatch: pytest.MonkeyPatch, time: int
) -> None:
    """It is made once to see whether it can be, and once to write in."""
    make, made = RunWriter.__init__, []

    def interrupted(writer: RunWriter, folder: Path, asked: Experiment) -> None:
        make(writer, folder, asked)
        made.append(folder)
        if len(made) == time:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(RunWriter, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store_run(experiment, tmp_path / "run")
    assert len(made) == time
    assert list(tmp_path.iterdir()) == []


def test_without_any_finished_replicate_nothing_is_written(
    tmp_path: Path, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PpsModel, "step", lambda _: 1 / 0)
    assert store_run(experiment, tmp_path / "run") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("about", "what"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[1]", "does not describe a run"),
        ('{"kind": "comparison"}', "does not describe a run"),
        ('{"kind": "run"}', "schema version None"),
        ('{"kind": "run", "schema_version": 99}', "schema version 99"),
        ('{"kind": "run", "schema_version": 1}', "schema version 1"),
        ('{"kind": "run", "schema_version": 3}', "not complete"),
    ],
)
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, about: str, what: str) -> None:
    (tmp_path / RUN).write_text(about)
    with pytest.raises(InputError, match=what):
        read_run(tmp_path)


def test_a_folder_without_run_json_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / ("long" * 100)):
        with pytest.raises(InputError, match="run"):
            read_run(place)


def test_a_changed_or_missing_table_is_told(folder: Path) -> None:
    (folder / "series.parquet").write_bytes(b"PAR1")
    (folder / "ledger.parquet").unlink()
    run = read_run(folder)
    with pytest.raises(InputError, match=r"not the file that run\.json describes"):
        run.table("series")
    with pytest.raises(InputError, match="gone"):
        run.table("ledger")
    assert run.table("partnerships").num_rows


# ── the summary ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_summary_takes_the_end_and_sums_flows() -> None:
    rows = [
        (replicate, quarter, province, outcome, value)
        for replicate, factor in ((0, 1.0), (1, 3.0))
        for quarter, last in (("2035-Q3", False), ("2035-Q4", True))
        for province in ("noord-brabant", "all")
        for outcome, value in (
            ("pps_active", 10 * factor if last else 99.0),
            ("euros_cash", 5 * factor),
            ("valley_share", np.nan if factor == 1.0 else 0.5),
        )
    ]
    series = pd.DataFrame(rows, columns=["replicate", "quarter", "province", "outcome", "value"])
    summary = summarise(series, "2035-Q4", {0: 4, 1: 4})
    assert summary.index.tolist() == [name for name in OUTCOMES if name in set(series["outcome"])]
    assert summary.columns.tolist() == ["mean", "low", "high", "chance", "ignorance", "n"]
    sd = 200**0.5
    for outcome in ("pps_active", "euros_cash"):
        np.testing.assert_allclose(summary.loc[outcome].astype(float), [20, 11, 29, sd, np.nan, 2])
    np.testing.assert_allclose(summary.loc["valley_share"].astype(float), [0.5, 0.5, 0.5, np.nan, np.nan, 1])


def test_the_summary_of_a_run_has_every_outcome(folder: Path) -> None:
    summary = summarise_run(read_run(folder))
    assert summary.index.tolist() == list(OUTCOMES)
    assert (summary["n"] <= 2).all()
    assert json.dumps(summary["mean"].fillna(0).to_dict())


# ── chance and ignorance ────────────────────────────────────────────────────────────────────────────────


def told_apart(*draws: list[float]) -> tuple[float, float]:
    """Return chance and ignorance of the values of an outcome, a list for each draw."""
    numbered = [(number, value) for number, draw in enumerate(draws) for value in draw]
    index = pd.MultiIndex.from_product([["outcome"], range(len(numbered))], names=["outcome", "replicate"])
    values = pd.Series([value for _, value in numbered], index, name="value")
    found = sources(values, dict(enumerate(number for number, _ in numbered)))
    return found["chance"].iloc[0], found["ignorance"].iloc[0]


def test_chance_and_ignorance_of_cases_done_by_hand() -> None:
    # means 2, 6, 10; within 2 + 2 + 2 = 6 over 3; between 2 x (16 + 0 + 16) = 64 over 2; (32 - 2) / 2 = 15
    np.testing.assert_allclose(told_apart([1, 3], [5, 7], [9, 11]), np.sqrt([2, 15]))
    # sizes 2 and 1, so 3 - 5 / 3 = 4 / 3 a draw; within 2 over 1; grand mean 4, between 2 x 4 + 16 = 24; 22 / (4 / 3)
    np.testing.assert_allclose(told_apart([1, 3], [8]), np.sqrt([2, 16.5]))
    # draws that differ less than their seeds: 0, not below
    np.testing.assert_allclose(told_apart([0, 10], [1, 9]), [np.sqrt(41), 0])
    np.testing.assert_allclose(told_apart([4, 4], [4, 4]), [0, 0])


def test_what_cannot_be_told_apart_is_not_told() -> None:
    np.testing.assert_equal(told_apart([3.0]), (np.nan, np.nan))
    np.testing.assert_equal(told_apart([3.0], [4.0]), (np.nan, np.nan))
    np.testing.assert_allclose(told_apart([1.0, 3.0]), (np.sqrt(2), np.nan))
    np.testing.assert_allclose(told_apart([1.0, 3.0], [np.nan]), (np.sqrt(2), np.nan))


@given(
    values=st.lists(st.lists(st.integers(-1000, 1000), min_size=3, max_size=3), min_size=2, max_size=20),
    shift=st.integers(-1000, 1000),
)
def test_chance_and_ignorance_make_up_the_variance(values: list[list[float]], shift: int) -> None:
    chance, ignorance = told_apart(*values)
    assert chance >= 0
    assert ignorance >= 0
    np.testing.assert_allclose(chance**2, np.var(values, axis=1, ddof=1).mean(), atol=1e-6)
    if (
        ignorance > 0
    ):  # the mean of a draw varies by both; for all values together that differs by the degrees of freedom
        between = np.var(np.mean(values, axis=1), ddof=1)
        np.testing.assert_allclose(ignorance**2 + chance**2 / 3, between, atol=1e-6)
        total = np.sum((np.array(values) - np.mean(values)) ** 2)
        n, draws = 3 * len(values), len(values)
        np.testing.assert_allclose(total, (n - 1) * chance**2 + 3 * (draws - 1) * ignorance**2, atol=1e-3)
    moved = told_apart(*([value + shift for value in draw] for draw in values))
    np.testing.assert_allclose(moved, (chance, ignorance), atol=1e-4)


def test_both_sources_are_found_where_they_are_known() -> None:
    random = np.random.default_rng(1)
    values = random.normal(0, 3, (4000, 1)) + random.normal(0, 2, (4000, 2))
    np.testing.assert_allclose(told_apart(*values.tolist()), [2, 3], rtol=0.05)
    np.testing.assert_allclose(np.hypot(*told_apart(*values.tolist())), values.std(), rtol=0.01)
