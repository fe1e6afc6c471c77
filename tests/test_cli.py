"""The command line, as the person who types sees it: output, exit codes and one line when something is wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.progress import Progress

from agents.parameters import as_dict, parameter_table
from app.commands.terminal import Count
from app.evidence import all_rows, evidence_json, evidence_page, find_row
from app.words import Language, Words
from calibration import calibrate as calibration
from calibration import predictive, simulate
from experiments import posterior, store
from experiments.posterior import load_posterior, write_posterior
from experiments.priors import load_prior
from experiments.store import FILES, RUN, read_run
from sim.model import PpsModel
from tests.commands import Pps, Said

ROOT = Path(__file__).parents[1]
PPS = [sys.executable, "-m", "app.cli"]
CENTRAL = ("--parameters", "default")
FEW = ("--scale", "0.05", "--until", "2014-Q4", "--workers", "1")
SHORT = (*CENTRAL, *FEW, "--replicates", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run on disk, made once."""
    place = tmp_path_factory.mktemp("run") / "short"
    done = subprocess.run([*PPS, "run", *SHORT, "--quiet", "--out", place], cwd=ROOT, check=True, capture_output=True)
    assert done.stdout == done.stderr == b""
    return place


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A posterior of five draws in a folder: all that the ranges of the parameters allow."""
    prior, place = load_prior(), tmp_path_factory.mktemp("fitted")
    write_posterior(prior.names, prior.values(prior.design(5, 1)), {}, place)
    return place


def is_refused(said: Said, *words: str) -> None:
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("Error: ")
    assert said.err.endswith("\n")
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


# ── help ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("args", [["--help"], [], ["run", "--help"], ["--version"], ["run", "--nope"]])
def test_help_imports_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys\nfrom app.cli import main\n"
        f"sys.argv = ['pps', *{args}]\n"
        "try:\n    main()\nfinally:\n    print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    imported = {name.partition(".")[0] for name in done.stderr.split()}
    assert "app" in imported
    assert not imported & {"mesa", "numpy", "pandas", "pyarrow", "scipy", "networkx", "sim"}


def test_help_names_every_command(pps: Pps) -> None:
    said = pps("--help")
    assert said.code == 0
    for command in ("run", "story", "parameters", "evidence", "regions", "scenarios"):
        assert command in said.out
    assert pps().out.split() == said.out.split()


def test_version(pps: Pps) -> None:
    assert pps("--version").out.startswith("pps 0.")


# ── run ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_prints_a_table_and_keeps_its_results(pps: Pps, tmp_path: Path) -> None:
    said = pps("run", *SHORT, "--seed", "5")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(
        "Noord-Brabant: Current policy\n"
        "2011-Q3 to 2014-Q4, 2 replicates, seeds 5 to 6\n"
        "Parameters: the central set\n"
        "5.0% of the firms simulated"
    )  # fmt: skip
    for words in ("PPS started", "Share in the valley of death", "national subsidy", "pps story results/baseline"):
        assert words in said.out
    assert max(map(len, said.out.splitlines())) <= 100
    results = tmp_path / "results" / "baseline"
    assert {path.name for path in results.iterdir()} == {*FILES, RUN}
    assert read_run(results).about["seed"] == 5


def test_a_run_in_dutch_with_one_replicate_shows_no_spread(pps: Pps) -> None:
    said = pps("run", *SHORT, "--replicates", "1", "--lang", "nl")
    assert "Huidig beleid" in said.out
    assert "Spreiding" not in said.out
    assert "Eén herhaling geeft geen spreiding" in said.out


def test_a_run_tells_who_went_without(pps: Pps, tmp_path: Path) -> None:
    """The yearly budget pays the contacts of one partnership, and many ask."""
    lines = [
        "schema_version = 1",
        'extends = "baseline"',
        'name = "krap"',
        "[policies.mkb-peloton]",
        'starts = "2014-Q1"',
    ]
    lines += ["staff_euro_year = 0", "budget_euro_year = 25_000", "vouchers_year = 0"]
    (tmp_path / "krap.toml").write_text("\n".join(lines))
    told = " ".join(pps("run", "krap.toml", *SHORT).out.split())
    said = re.search(r"Policy mkb-peloton: €([\d,]+) spent in a mean year; ([\d.]+) asked for help and ([\d.]+)", told)
    assert said is not None
    spent, asked, without = (float(number.replace(",", "")) for number in said.groups())
    assert 0 < spent <= 25_000
    assert 0 < without == asked - 1


def test_json_is_one_object_and_nothing_else(pps: Pps) -> None:
    said = pps("run", *SHORT, "--json", "--out", "here")
    assert (said.code, said.err) == (0, "")
    told = json.loads(said.out, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert (told["replicates_done"], told["folder"], told["until"]) == (2, "here", "2014-Q4")
    started = told["outcomes"]["pps_started"]
    assert started["low"] <= started["mean"] <= started["high"]
    assert told["outcomes"]["valley_share"]["n"] in (0, 1, 2)


def test_a_scenario_file_and_a_region_folder_can_be_given(pps: Pps, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'schema_version = 1\nextends = "baseline"\nname = "../my plan"\n[parameters]\nfte_cost = 100000',
        encoding="utf-8",
    )
    region = ROOT / "scenarios" / "regions" / "noord-brabant"
    assert pps("run", "mine.toml", "--region", str(region), *SHORT, "--quiet") == Said(0, "", "")
    assert read_run(tmp_path / "results" / "my-plan").about["parameters"]["values"]["fte_cost"] == 100_000


def test_two_runs_and_two_processes_give_the_same_bytes(pps: Pps, folder: Path, tmp_path: Path) -> None:
    assert pps("run", *SHORT, "--workers", "2", "--quiet", "--out", "again").code == 0
    for name in (*FILES, RUN):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_failed_replicates_are_told_and_the_others_kept(
    pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: PpsModel) -> None:
        raise ValueError(f"seed {model.draws.seed}")

    step = PpsModel.step
    monkeypatch.setattr(PpsModel, "step", lambda model: (broken if model.draws.seed == 2 else step)(model))
    said = pps("run", *SHORT, "--quiet")
    assert said.code == 1
    assert said.err.startswith("Replicate 1 (seed 2) failed: ValueError in test_cli.py")
    assert read_run(tmp_path / "results" / "baseline").about["replicates_failed"][0]["seed"] == 2
    monkeypatch.setattr(PpsModel, "step", broken)
    said = pps("run", *SHORT, "--out", "nothing")
    assert said.code == 1
    assert said.out == ""
    assert said.err.splitlines()[-1] == "No replicate finished; nothing is saved."
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--replicates", "0"], ["--replicates: ", "1 to 100000"]),
        (["--replicates", "-3"], ["--replicates: "]),
        (["--replicates", "100001"], ["--replicates: "]),
        (["--replicates", "many"], ["--replicates"]),
        (["--seed", "-1"], ["--seed: ", "-1"]),
        (["--seed", "9" * 30], ["--seed: "]),
        (["--seed", "1.5"], ["--seed"]),
        (["--scale", "nan"], ["--scale: "]),
        (["--scale", "inf"], ["--scale: "]),
        (["--scale", "0"], ["--scale: "]),
        (["--scale", "-0.1"], ["--scale: "]),
        (["--scale", "1.01"], ["--scale: "]),
        (["--scale", "half"], ["--scale"]),
        (["--workers", "0"], ["--workers: ", "1 or more"]),
        (["--until", "2036-Q1"], ["--until", "2035-Q4"]),
        (["--until", "2011-Q2"], ["--until", "2011-Q3"]),
        (["--until", "2014-Q5"], ["--until", "2014-Q5"]),
        (["--until", ""], ["--until"]),
        (["--lang", "fr"], ["--lang", "en", "nl"]),
        (["--region", "brabant"], ["--region: ", "brabant", "noord-brabant"]),
        (["--region", "/"], ["region.toml"]),
        (["baselin"], ["baselin", "did you mean baseline?"]),
        (["absent.toml"], ["absent.toml"]),
        (["baseline", "emergent"], ["emergent"]),
        (["--nope"], ["--nope"]),
        (["--out", ""], ["--out: ", "empty"]),
        (["--out", "a" * 300], ["File name too long"]),
        (["--out", "/dev/null"], ["is a file"]),
        (["--out", "/dev/null/below"], ["/dev/null/below"]),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(
    pps: Pps, tmp_path: Path, args: list[str], words: list[str]
) -> None:
    is_refused(pps("run", *CENTRAL, *args), *words)
    assert list(tmp_path.iterdir()) == []


# ── pps calibrate ───────────────────────────────────────────────────────────────────────────────────────

TINY = ("--members", "50", "--steps", "2", "--worlds", "0", "--generations", "0", "--workers", "1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--members", "10"), ("--members", "50 to 100000")),
        (("--steps", "1"), ("--steps", "2 to 20")),
        (("--members", "300", "--worlds", "200"), ("--worlds", "cannot take 200 worlds", "0 to 100")),
        (("--worlds", "-1"), ("--worlds",)),
        (("--check-members", "7"), ("50 to 100000",)),
        (("--out", "/dev/null/x"), ("cannot keep runs", "a folder to write in")),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(pps: Pps, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    is_refused(pps("calibrate", *TINY, "--check-members", "200", *options), *words)


def test_a_calibration_needs_its_libraries(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    is_refused(pps("calibrate"), "dageo and sklearn not installed", "make setup-analysis")


def test_a_stopped_calibration_says_where_its_runs_are(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate, "_run", stop)
    said = pps("calibrate", *TINY, "--out", "fit")
    assert (said.code, said.out) == (130, "")
    assert said.err == "Stopped; what was run is kept in fit/runs, and the same command goes on from there.\n"


def test_a_calibration_leaves_a_posterior_to_run_and_to_validate(
    pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = calibration.simulator(0.02)
    monkeypatch.setattr(predictive, "DRAWS", 2)
    monkeypatch.setattr(calibration, "simulator", lambda: small)
    said = pps("calibrate", *TINY, "--out", "fit", "--json")
    assert (said.code, said.err) == (0, "")
    about = json.loads(said.out)
    assert about["budget"] == {"members": 50, "steps": 2}
    assert {path.name for path in (tmp_path / "fit").iterdir()} >= {"about.json", "draws.parquet", "predictive.parquet"}
    said = pps("calibrate", *TINY, "--out", "fit")  # all runs are there
    assert said.code == 0
    assert "What was learnt" in said.out
    assert pps("run", *FEW, "--replicates", "2", "--parameters", "fit", "--quiet").code == 0
    said = pps("validate", "--posterior", "fit", "--json")
    assert {row["id"] for row in json.loads(said.out)["targets"]} >= {row["id"] for row in about["targets"]}


# ── where parameters come from ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Parameters: 2 draws from the posterior, 3 seeds in all", "Chance", "It has two sources"]),
        ("nl", ["Parameters: 2 trekkingen uit de posterior", "Toeval", "Onzekerheid", "Die heeft twee bronnen"]),
    ],
)
def test_a_run_with_a_posterior_tells_chance_and_ignorance_apart(
    pps: Pps, fitted: Path, lang: str, words: list[str]
) -> None:
    said = pps("run", *FEW, "--parameters", str(fitted), "--replicates", "3", "--lang", lang)
    assert (said.code, said.err) == (0, "")
    assert all(word in said.out for word in words)
    assert max(map(len, said.out.splitlines())) <= 100
    assert "…" not in said.out


def test_one_draw_shows_chance_only(pps: Pps, fitted: Path) -> None:
    said = pps("run", *FEW, "--parameters", str(fitted), "--replicates", "2")
    assert "1 draw from the posterior, 2 seeds in all" in said.out
    assert "it is chance only" in " ".join(said.out.split())
    assert "two sources" not in said.out
    told = json.loads(pps("run", *FEW, "--parameters", str(fitted), "--replicates", "1", "--json").out)
    assert told["parameters"]["draws"] == 1
    assert {(row["chance"], row["ignorance"]) for row in told["outcomes"].values()} == {(None, None)}


def test_the_posterior_that_comes_with_the_project_is_the_default(
    pps: Pps, fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posterior, "SHIPPED", fitted)
    told = json.loads(pps("run", *FEW, "--json", "--replicates", "4", "--seed", "5", "--out", "shipped").out)
    assert told["parameters"] == {"source": "posterior", "digest": load_posterior(fitted).digest, "draws": 2}
    started = told["outcomes"]["euros_cash"]
    assert started["chance"] > 0
    assert started["ignorance"] >= 0
    kept = read_run(tmp_path / "shipped")
    assert kept.about["parameters"]["draws"] == [4, 4, 0, 0]  # the fifth seed begins with the fifth draw, of five
    assert as_dict(kept.parameters(3)) | load_posterior(fitted).draw(0) == as_dict(kept.parameters(3))
    assert pps("run", *FEW, "--quiet", "--replicates", "4", "--seed", "5", "--workers", "2", "--out", "again").code == 0
    for name in (*FILES, RUN):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "shipped" / name).read_bytes()


def test_what_a_scenario_sets_is_not_drawn(pps: Pps, fitted: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'schema_version = 1\nextends = "baseline"\nname = "mine"\n[parameters]\nfte_cost = 100000'
    )
    ask = (*FEW, "--parameters", str(fitted), "--replicates", "3", "--quiet")
    assert pps("run", "mine.toml", *ask) == pps("run", *ask) == Said(0, "", "")
    mine, baseline = (read_run(tmp_path / "results" / name) for name in ("mine", "baseline"))
    assert mine.about["parameters"]["values"]["fte_cost"] == 100_000
    for number in range(3):
        drawn = as_dict(baseline.parameters(number))
        assert as_dict(mine.parameters(number)) == drawn | {"fte_cost": 100_000.0}


@pytest.mark.parametrize("asked", ["nonsense", "", "Default", "x" * 300, "/dev/null", "posterior "])
def test_parameters_from_nowhere_are_refused(pps: Pps, asked: str) -> None:
    is_refused(pps("run", *FEW, "--parameters", asked), "--parameters: ", "default", "pps calibrate")


def test_a_posterior_that_does_not_fit_is_refused(
    pps: Pps, fitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "other"
    shutil.copytree(fitted, place)
    about = json.loads((place / posterior.ABOUT).read_text())
    (place / posterior.ABOUT).write_text(json.dumps(about | {"code": "another", "fingerprint": "another"}))
    is_refused(pps("run", *FEW, "--parameters", "other"), "--parameters: 'other'", "another version of the model")
    monkeypatch.setattr(posterior, "SHIPPED", place)
    is_refused(pps("run", *FEW), "the posterior of this project", "another version", "default", "pps calibrate")
    assert pps("run", *SHORT, "--quiet").code == 0
    (place / posterior.DRAWS).write_bytes(b"PAR1")
    is_refused(pps("run", *FEW, "--parameters", "other"), "no readable posterior")
    monkeypatch.setattr(posterior, "SHIPPED", tmp_path / "nowhere")
    is_refused(pps("run", *FEW), "no readable posterior", "default, for the central set")


@pytest.fixture
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run end before it starts, so that only the options count."""
    monkeypatch.setattr(store, "store_run", lambda *_: None)


words_and_numbers = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    st.floats().map(str),
    st.integers().map(str),
    st.from_regex(r"\d{4}-Q\d", fullmatch=True),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    option=st.sampled_from(["parameters", "replicates", "seed", "until", "scale", "workers", "region", "lang"]),
    value=words_and_numbers,
)
@pytest.mark.usefixtures("no_run")
def test_no_option_value_breaks_the_command(pps: Pps, option: str, value: str) -> None:
    said = pps("run", *CENTRAL, f"--{option}={value}", "--quiet")
    if said.code != 1:  # all is well, and the run ended before it started
        is_refused(said)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(args=st.lists(words_and_numbers, min_size=1, max_size=4))
@pytest.mark.usefixtures("no_run")
def test_no_words_break_the_command(pps: Pps, args: list[str]) -> None:
    for command in ([], ["run"], ["story"], ["parameters"]):
        said = pps(*command, *args)
        if said.code == 2:
            is_refused(said)
        assert said.code in (0, 1, 2)
        assert "Traceback" not in said.err


def test_results_of_another_kind_stay(pps: Pps, tmp_path: Path) -> None:
    (tmp_path / "series.parquet").write_text("mine")
    is_refused(pps("run", *SHORT, "--out", "."), "series.parquet that no run wrote")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


# ── Ctrl-C and pipes ────────────────────────────────────────────────────────────────────────────────────


def heed_interrupt() -> None:
    """Take Ctrl-C seriously, also where the tests run in the background of a shell, which has it ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(folder: Path, ready: Callable[[], bool], *args: str) -> Said:
    """Start a long run, press Ctrl-C (as a terminal does: for all its processes) when ready, and wait."""
    command = [*PPS, "run", *CENTRAL, "--scale", "0.05", "--replicates", "400", "--out", str(folder), *args]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupt,
    )
    deadline = time.monotonic() + 60
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return Said(process.returncode, out, err)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_keeps_what_has_finished(tmp_path: Path, workers: str) -> None:
    place = tmp_path / "run"

    def one_is_written() -> bool:
        return any(path.stat().st_size > 4 for path in place.glob(".unfinished-*/series.parquet"))

    said = interrupted(place, one_is_written, "--workers", workers)
    assert said.code == 130
    assert said.out == ""
    run = read_run(place)
    assert said.err == f"Stopped: {len(run.done)} of 400 replicates finished and are saved in {place}.\n"
    assert 1 <= len(run.done) < 400
    assert run.done == sorted(run.done)
    assert {path.name for path in place.iterdir()} == {*FILES, RUN}
    assert set(run.frame("partnerships")["replicate"]) == set(run.done)


def test_ctrl_c_before_anything_finished_leaves_nothing(tmp_path: Path) -> None:
    place = tmp_path / "run"
    said = interrupted(place, place.exists, "--workers", "1", "--scale", "1")
    assert said == Said(130, "", "Stopped before any replicate finished; nothing is saved.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    process = subprocess.Popen(
        [*PPS, "parameters", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(20) in (0, 1)


# ── story ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_story_is_told_and_listed(pps: Pps, folder: Path) -> None:
    listed = pps("story", str(folder))
    assert (listed.code, listed.err) == (0, "")
    told = json.loads(pps("story", str(folder), "--json").out)
    assert told["replicate"] == 0
    for row in told["partnerships"]:
        assert row["name"].split()[0] in listed.out
    name = told["partnerships"][0]["name"]
    story = pps("story", str(folder), name, "--lang", "nl", "--replicate", "0")
    assert story.code == 0
    assert story.out.startswith(f"{name}\nPenvoerder: ")
    assert "richt de PPS op" in story.out
    data = json.loads(pps("story", str(folder), name, "--json").out)
    assert data["partnership"]["name"] == name
    assert data["told"]["lines"][0]["when"] == data["partnership"]["born"]


def test_a_run_is_found_by_its_name(pps: Pps) -> None:
    assert pps("run", *SHORT, "--quiet").code == 0
    assert pps("story", "baseline").code == 0


def test_what_has_no_story_is_refused(pps: Pps, folder: Path) -> None:
    run = str(folder)
    is_refused(pps("story"), "RUN")
    is_refused(pps("story", "nowhere"), "nowhere", "pps run")
    is_refused(pps("story", "."), "no run.json")
    is_refused(pps("story", "x" * 300), "pps run")
    is_refused(pps("story", run, "nosuchthing"), "nosuchthing", "pps story RUN")
    is_refused(pps("story", run, "e"), "partnerships", "one of")
    is_refused(pps("story", run, "--replicate", "2"), "--replicate", "0 to 1")
    is_refused(pps("story", run, "--replicate", "-1"), "--replicate")


# ── parameters, evidence, regions, scenarios ──────────────────────────────────────────────────────────────


def test_parameters_are_listed(pps: Pps) -> None:
    said = pps("parameters", "--lang", "nl")
    assert said.code == 0
    assert all(name in said.out for name in parameter_table())
    told = json.loads(pps("parameters", "--json").out)["parameters"]
    assert [row["name"] for row in told] == list(parameter_table())


def test_a_parameter_is_explained_with_its_evidence(pps: Pps) -> None:
    said = pps("parameters", "patience_mkb")
    for words in ("patience_mkb", "reported", "firm-patience-years", "“", "PPS-analyse Noord-Brabant"):
        assert words in said.out
    assert "dus-i" in pps("parameters", "known_least").out.lower() or "public:" in pps("parameters", "known_least").out
    told = json.loads(pps("parameters", "patience_mkb", "--json").out)
    assert told["evidence"]["firm-patience-years"]["quote"]


@pytest.mark.parametrize("name", parameter_table())
def test_every_parameter_can_be_explained(pps: Pps, name: str) -> None:
    said = pps("parameters", name, "--lang", "nl")
    assert (said.code, said.err) == (0, "")
    assert "bewijstabellen" not in said.out  # every source is in the tables of evidence


def test_an_unknown_parameter_is_refused_with_the_nearest(pps: Pps) -> None:
    is_refused(pps("parameters", "patience_mbk"), "did you mean patience_mkb")
    is_refused(pps("parameters", "%%%"), "pps parameters")


def test_evidence_is_listed(pps: Pps) -> None:
    said = pps("evidence", "--lang", "nl")
    assert said.code == 0
    assert all(id in said.out for id in all_rows())
    assert "achtergehouden" in said.out
    told = json.loads(pps("evidence", "--json").out)["evidence"]
    assert [row["id"] for row in told] == list(all_rows())
    assert {"public:bbl-2018", "public:bbl-2017", "nb-partners-unique"} <= {row["id"] for row in told}
    (unique,) = [row for row in told if row["id"] == "nb-partners-unique"]
    assert (unique["value"], unique["unit"], unique["targets"]) == (357, "partners", ["partners-unique"])


def test_evidence_is_explained_with_its_target_and_what_cites_it(pps: Pps) -> None:
    said = pps("evidence", "nb-partners-unique")
    for words in ("“Alle netwerken", "357 ± 31 partners", "partners_unique(kind=all)", "2018-Q2", "founding_overig"):
        assert words in said.out
    assert "regions/noord-brabant/labour_market_regions.csv" in pps("evidence", "wb-bbl-inflow-change").out
    assert "follows from other targets" in " ".join(pps("evidence", "nb-role-firms-client").out.split())
    told = json.loads(pps("evidence", "public:bbl-2018", "--json").out)
    assert (told["id"], told["role"]) == ("public:bbl-2018", "validate")
    assert (told["parameters"], told["inputs"]) == ([], [])
    assert told["targets"][0]["arguments"] == {"year": 2018}
    assert "national/drivers.csv" in json.loads(pps("evidence", "public:mbo-students-2018", "--json").out)["inputs"]


@pytest.mark.parametrize("id", all_rows())
def test_every_row_of_evidence_can_be_explained(id: str) -> None:
    words = Words(Language.NL)
    citation, row = find_row(id)
    page = evidence_page(citation, row, words)
    assert page.row_count >= 6
    assert json.dumps(evidence_json(citation, row), allow_nan=False)


def test_unknown_evidence_is_refused_with_the_nearest(pps: Pps) -> None:
    is_refused(pps("evidence", "nb-partner-unique"), "did you mean nb-partners-unique")
    is_refused(pps("evidence", "bbl-2018"), "public:bbl-2018")
    is_refused(pps("evidence", "%%%"), "pps evidence")


@pytest.mark.parametrize(("command", "name"), [("regions", "noord-brabant"), ("scenarios", "emergent")])
def test_what_comes_with_the_project_is_listed(pps: Pps, command: str, name: str) -> None:
    dutch, english = pps(command, "--lang", "nl"), pps(command)
    assert name in dutch.out
    assert name in english.out
    assert dutch.out != english.out
    told: dict[str, Any] = json.loads(pps(command, "--json").out)
    assert name in [row["name"] for row in told[command]]


def test_pieces_that_turn_out_to_be_needed_make_the_whole_larger() -> None:
    with Progress(disable=True) as bar:
        count = Count(bar, "work", 10)
        count(4)
        count.expect(6)
        count(12)
        (task,) = bar.tasks
        assert (task.completed, task.total) == (16, 16)
