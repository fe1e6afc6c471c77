"""Validation: intervals, counts and curves by hand; table, JSON and page complete; one sentence where it cannot."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from agents.errors import InputError
from app.validate import footing, reported, show, validation_json, validation_table
from app.words import Language, Words
from calibration import predictive as runs_module
from calibration.predictive import (
    FOLLOWED,
    TRACKS,
    Predictive,
    key_of,
    make_predictor,
    store_predictive,
    survival_column,
)
from calibration.targets import Target
from calibration.validate import (
    STEPS,
    Comparison,
    Spread,
    Validation,
    all_targets,
    load_reasons,
    spread,
    summarise,
    validate,
)
from experiments.posterior import Posterior, write_posterior
from experiments.priors import load_prior
from tests.commands import Pps, Said

EN, NL = Words(Language.EN), Words(Language.NL)
BY_ID = {target.id: target for target in all_targets()}
RUNS = 40


def invented(change: Mapping[str, float] = {}) -> Predictive:  # read only
    """Runs that nobody ran: every target lies around its report, unless it is changed."""
    columns = make_predictor(all_targets()).columns
    rng = np.random.default_rng(1)
    middle = [change.get(name, BY_ID[name].observed if name in BY_ID else 12.0) for name in columns]
    width = [BY_ID[name].tolerance / 2 if name in BY_ID else 3.0 for name in columns]
    width = [
        0.0 if name in BY_ID and BY_ID[name].unit == "yes/no" else w for name, w in zip(columns, width, strict=True)
    ]
    posterior, prior = (rng.normal(middle, [wider * w for w in width], (RUNS, len(columns))) for wider in (1.0, 3.0))
    counts = [column for column, name in enumerate(columns) if name.startswith("networks ")]
    for values in (posterior, prior):
        values[:, counts] = rng.integers(0, 3, (RUNS, len(counts)))
    about = {"posterior": "a1", "observed": "b2", "code": "c3", "fingerprint": "d4", "scale": 0.1, "failed": [0, 0]}
    return Predictive(columns, posterior, prior, about)


MISSED = {"partners-unique": 900.0, "teachers-2021": 2000.0, "supply-driven-2025": 0.0}


@pytest.fixture(scope="module")
def found() -> Validation:
    return validate(invented(MISSED), all_targets(), load_reasons())


# ── intervals ───────────────────────────────────────────────────────────────────────────────────────────
def test_a_spread_is_made_of_quantiles() -> None:
    assert spread(np.arange(101.0)) == Spread(5.0, 25.0, 50.0, 75.0, 95.0)
    assert spread(np.array([np.nan, 1.0, np.nan, 3.0])).median == 2.0
    assert math.isnan(spread(np.array([np.nan])).median)
    assert spread(np.arange(101.0)).width == 90.0


def test_the_error_of_a_report_widens_it_as_a_normal_does() -> None:
    told = spread(np.full(10, 100.0), tolerance=19.6)
    assert told.median == pytest.approx(100.0)
    assert told.high_90 - 100.0 == pytest.approx(1.645 * 10.0, rel=0.02)
    assert 100.0 - told.low_50 == pytest.approx(0.674 * 10.0, rel=0.02)
    assert spread(np.full(10, 1.0), 19.6, (0.0, np.inf)).low_90 == 0.0


def compared(target: Target, values: list[float], prior: list[float]) -> Comparison:
    posterior, before = np.array(values), np.array(prior)
    near = np.abs(posterior - target.observed) <= target.tolerance
    shown = spread(posterior), spread(posterior), spread(before), spread(before)
    return Comparison(target, *shown, 1.0, float(near.mean()), {})


def test_what_is_met_depends_on_the_role() -> None:
    fitted, kept = replace(BY_ID["reach-mean"], observed=10.0, tolerance=1.0), BY_ID["employers"]
    kept = replace(kept, observed=10.0, tolerance=1.0)
    wide, off = [0.0, 5.0, 7.0, 9.0, 20.0], [11.5, 12.0, 12.5]
    assert not compared(fitted, wide, wide).met
    assert compared(kept, wide, wide).met
    assert not compared(kept, off, wide).met
    assert compared(fitted, [10.9], wide).met
    assert not compared(fitted, [11.1], wide).met


def test_a_direction_is_met_in_most_runs_and_counted_apart() -> None:
    target = BY_ID["shift-hybrid"]
    most, few = compared(target, [1.0, 1.0, 0.0], [0.0, 1.0]), compared(target, [1.0, 0.0, 0.0], [0.0, 1.0])
    assert (most.met, few.met) == (True, False)
    told = summarise([most, few, compared(BY_ID["employers"], [8.0, 9.0, 7.0], [0.0, 20.0])])
    assert (told.ordinal, told.ordinal_met) == (2, 1)
    assert (told.validate, told.inside_90, told.inside_and_narrower) == (1, 1, 1)
    assert told.median_relative_width == pytest.approx(0.1)
    assert (told.calibrate, told.within_tolerance) == (0, 0)


def test_a_width_without_a_prior_width_is_not_defined() -> None:
    assert math.isnan(compared(BY_ID["employers"], [8.0, 9.0], [8.0]).relative_width)


def test_all_targets_are_compared_fitted_first(found: Validation) -> None:
    assert [one.target for one in found.comparisons] == list(all_targets())
    summary = found.summary
    assert summary.calibrate + summary.validate + summary.ordinal == len(all_targets())
    assert [one.target.id for one in found.comparisons if not one.met] == list(MISSED)
    assert summary.median_relative_width < 1.0
    assert summary.ordinal_met == summary.ordinal - 1


def test_what_is_not_defined_in_any_run_is_not_met() -> None:
    runs = invented()
    runs.posterior[:, runs.columns.index("llo-2021")] = np.nan
    told = validate(runs, all_targets(), {})
    one = next(one for one in told.comparisons if one.target.id == "llo-2021")
    assert (one.met, one.inside_90, one.within_tolerance, one.defined, one.agrees) == (False, False, False, 0.0, 0.0)
    assert _row(validation_json(told), "llo-2021")["median"] is None
    assert "not defined" in text_of(told, EN)


def test_no_report_goes_below_nothing_or_above_all(found: Validation) -> None:
    for one in found.comparisons:
        if "change" not in one.target.operator:
            assert one.predicted.low_90 >= 0.0
            assert one.target.unit != "fraction" or one.predicted.high_90 <= 1.0


# ── curves ──────────────────────────────────────────────────────────────────────────────────────────────
def test_survival_is_that_of_kaplan_and_meier() -> None:
    """Of four, one dies at once; one is lost sight of after half a year; of the two left one dies after a year."""
    runs = invented()
    counts = [column for column, name in enumerate(runs.columns) if name.startswith("networks ")]
    runs.posterior[:, counts] = 0.0
    for end, quarters in (("died", 0), ("followed", 2), ("died", 4), ("followed", FOLLOWED)):
        runs.posterior[:, runs.columns.index(survival_column(end, quarters))] = 1.0
    survival = validate(runs, all_targets(), {}).survival
    told = dict(zip(STEPS, survival.draws.median.tolist(), strict=True))
    assert (told[0.0], told[0.5], told[1.0], told[8.0]) == (0.75, 0.75, 0.375, 0.375)
    assert np.array_equal(survival.draws.low_90, survival.draws.high_90)
    assert survival.pooled == pytest.approx(survival.draws.median)
    assert (survival.pooled_low_95 <= survival.pooled).all()
    assert survival.partnerships == 4.0


def test_survival_of_nobody_is_not_defined() -> None:
    runs = invented()
    counts = [column for column, name in enumerate(runs.columns) if name.startswith("networks ")]
    runs.posterior[:5, counts] = 0.0
    assert np.isfinite(validate(runs, all_targets(), {}).survival.draws.median).all()


def test_the_country_is_relative_to_2012(found: Validation) -> None:
    for track in TRACKS:
        band = found.students["country", track]
        assert band.median[band.years.index(2012)] == band.low_90[band.years.index(2012)] == 1.0
        assert (band.low_90 <= band.median).all()


# ── reasons ─────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no-such,Een reden.,A reason.", "there is no target no-such"),
        ("inflow,Een reden,A reason.", "line 2, column reason_nl"),
        ("inflow,Een reden.,A reason.\ninflow,Een reden.,A reason.", "duplicate id: inflow"),
    ],
)
def test_a_mistake_in_the_reasons_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "misses.csv").write_text(f"id,reason_nl,reason_en\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=told):
        load_reasons(tmp_path)


# ── table and JSON ──────────────────────────────────────────────────────────────────────────────────────
def text_of(found: Validation, words: Words, width: int = 160) -> str:
    console = Console(width=width, no_color=True, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(validation_table(found, words))
        console.print("\n".join(footing(found, words)))
    return captured.get()


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_the_table_shows_every_target(found: Validation, words: Words) -> None:
    text = text_of(found, words)
    for target in all_targets():
        assert words(f"target.{target.id}") in text
    assert words("validate.survival.no_source") in " ".join(text.split())


def test_numbers_are_as_exact_as_their_tolerance() -> None:
    bol, partners = BY_ID["national-bol-2013"], BY_ID["partners-unique"]
    assert (show(1.0294, bol, EN), show(1.0294, bol, NL)) == ("102.9%", "102,9%")
    assert show(1234.56, partners, NL) == "1.235"
    assert (reported(partners, NL), reported(BY_ID["shift-hybrid"], NL)) == ("357 ± 31", "ja")
    assert reported(BY_ID["inflow-bbl-west"], EN) == "-64% ± 6%"


def _row(data: Mapping[str, list[dict[str, object]]], id: str) -> dict[str, object]:
    return next(row for row in data["targets"] if row["id"] == id)


def test_json_has_every_target_with_its_intervals(found: Validation) -> None:
    data = json.loads(json.dumps(validation_json(found), allow_nan=False))
    assert [row["id"] for row in data["targets"]] == [target.id for target in all_targets()]
    for row in data["targets"]:
        assert row["role"] in ("calibrate", "validate")
        assert row["low_90"] <= row["low_50"] <= row["median"] <= row["high_50"] <= row["high_90"]
        assert row["inside_90"] == (row["low_90"] <= row["observed"] <= row["high_90"])
    assert _row(data, "partners-unique")["within_tolerance"] is False
    assert _row(data, "teachers-2021")["reason_nl"]
    assert _row(data, "partners-mkb-share")["reason_nl"] is None
    assert data["summary"]["validate"] == found.summary.validate
    assert len(data["survival"]["median"]) == len(data["survival"]["years"]) == len(STEPS)
    assert data["survival"]["reported"] is None
    assert set(data["students"]) == {"province-bbl", "province-bol", "country-bbl", "country-bol"}


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def render() -> Callable[[Validation, Words], str]:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.page import render

    return lambda found, words: render(found, ["pps", "validate"], words)


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_the_page_stands_alone_and_is_complete(found: Validation, words: Words, render: Callable[..., str]) -> None:
    page = render(found, words)
    assert not re.findall(r"https?:|//[a-z]|@import|url\((?!#)|<script|<link", page)
    assert f'<html lang="{words.language}">' in page
    plain = page.replace("&#39;", "'")
    for target in all_targets():
        assert f'id="{target.id}"' in page
        assert words(f"target.{target.id}") in plain
    for key, text in words.texts.items():
        if key.startswith(("pattern.", "validate.never.")):
            assert text in plain, key
    assert words("validate.survival.no_source") in plain
    assert page.count("<figure>") == page.count("</svg></figure>") + page.count("</svg>\n</figure>") == 4
    assert not re.search(r"\bnan\b|None|Undefined", page)


def test_the_page_tells_what_is_missed_and_why(found: Validation, render: Callable[..., str]) -> None:
    misses = render(found, EN).partition(EN("validate.misses.title"))[2]
    for id in MISSED:
        assert f'href="#{id}"' in misses
    assert load_reasons()["teachers-2021"]["en"] in misses.replace("&#39;", "'")


def test_the_same_numbers_make_the_same_page(found: Validation, render: Callable[..., str]) -> None:
    page = render(found, NL)
    assert page == render(found, NL)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_page_without_misses_says_so(render: Callable[..., str]) -> None:
    calm = validate(invented(), all_targets(), {})
    assert EN("validate.misses.none") in render(calm, EN)


def test_intervals_are_drawn_inside_their_frame(found: Validation) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from app.page import glyph

    for one in found.comparisons:
        drawn = glyph(one)
        assert (drawn is None) == one.ordinal
        if drawn is not None:
            for start, width in (drawn.prior, drawn.ninety, drawn.fifty, drawn.tolerance):
                assert 0 <= start <= start + width <= 100.01
            assert drawn.ninety[0] <= drawn.fifty[0] <= drawn.median


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def pps(pps: Pps) -> Pps:
    """Run `pps validate`."""
    return lambda *args: pps("validate", *args)


@pytest.fixture
def toy(tmp_path: Path) -> Posterior:
    """A posterior of two draws in the folder `toy`."""
    prior = load_prior()
    return write_posterior(prior.names, prior.values(prior.design(2, 1)), {}, tmp_path / "toy")


@pytest.fixture
def stored(toy: Posterior, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predictive:
    """Runs that nobody ran, stored with the toy as if they were its own."""
    about = {**key_of(toy, make_predictor(all_targets())), "failed": [0, 0]}
    monkeypatch.setattr(runs_module, "DRAWS", 1)  # if they are not used, that should not take minutes
    runs = replace(invented(MISSED), about=about)
    store_predictive(runs, tmp_path / "toy")
    return runs


@pytest.mark.usefixtures("stored")
def test_stored_runs_are_used(pps: Pps, tmp_path: Path) -> None:
    said = pps("--posterior", "toy", "--json")
    assert (said.code, said.err) == (0, "")
    assert len(json.loads(said.out)["targets"]) == len(all_targets())
    assert not (tmp_path / "results").exists()
    said = pps("--posterior", "toy", "--lang", "nl")
    assert said.code == 0
    assert NL("validate.page_hint") in said.out


@pytest.mark.usefixtures("stored")
def test_a_page_is_written(pps: Pps, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    said = pps("--posterior", "toy", "--out", "new/page", "--lang", "nl")
    assert (said.code, said.err) == (0, "")
    page = (tmp_path / "new" / "page" / "validation.html").read_text(encoding="utf-8")
    assert "pps validate --posterior toy --out new/page --lang nl" in page
    assert str(tmp_path) not in page


@pytest.mark.usefixtures("toy")
def test_without_stored_runs_they_are_done_and_kept(pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_module, "DRAWS", 1)
    said = pps("--posterior", "toy", "--json", "--workers", "1")
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out)["about"]["runs"] == {"posterior": 1, "prior": 1}
    assert len(list((tmp_path / "results" / "validate").glob("*/*.parquet"))) == 2
    monkeypatch.setattr(runs_module.Predictor, "__call__", None)
    assert pps("--posterior", "toy", "--json", "--workers", "1") == said


def is_refused(said: Said, *words: str) -> None:
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    for word in words:
        assert word in said.err


@pytest.mark.usefixtures("stored")
def test_what_cannot_be_is_told_in_one_sentence(pps: Pps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_refused(pps("--posterior", "absent"), "there is no readable posterior", "absent")
    is_refused(pps("--posterior", "toy", "--workers", "0"), "--workers")
    about = tmp_path / "toy" / "about.json"
    text = about.read_text(encoding="utf-8")
    about.write_text(text.replace('"digest": "', '"digest": "0'), encoding="utf-8")
    is_refused(pps("--posterior", "toy"), "the draws are not those that about.json describes")
    changed = json.loads(text) | {"code": "another", "fingerprint": "another"}
    about.write_text(json.dumps(changed), encoding="utf-8")
    is_refused(pps("--posterior", "toy"), "fitted with another version of the model")


@pytest.mark.usefixtures("stored")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_run(pps: Pps, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    (tmp_path / "file").touch()
    is_refused(pps("--posterior", "toy", "--out", "file/folder"), "--out file/folder")
    is_refused(pps("--posterior", "toy", "--out", "file"), "--out file")
    is_refused(pps("--posterior", "toy", "--out", " "), "the name of the folder is empty")


@pytest.mark.usefixtures("stored")
def test_without_the_libraries_of_the_page_only_the_page_is_refused(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    is_refused(pps("--posterior", "toy", "--out", "page"), "jinja2 and matplotlib", "make setup-analysis")
    assert pps("--posterior", "toy", "--json").code == 0
