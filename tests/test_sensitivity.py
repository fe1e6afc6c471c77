"""Sensitivity: designs, known functions, chance as a factor, plans, and what people see."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from agents.columns import Floats
from agents.errors import InputError
from app import sensitivity as pages
from app.compare_words import inside
from app.study import tables, write_study
from app.words import Language, Words
from experiments import studies
from experiments.plan_file import list_plans
from experiments.priors import Prior, uncertain
from experiments.sensitivity import (
    CHANCE,
    OTHERS,
    Answer,
    Design,
    Effect,
    Index,
    Sensitivity,
    answer,
    morris_design,
    sensitivity,
    sobol_design,
)
from experiments.studies import SensitivityPlan, Study, find_sensitivity, load_study, sensitivity_study
from scenarios.national import load_national
from sim.model import PpsModel
from sim.outcomes import OUTCOMES
from tests import worlds

WORDS = [Words(Language.EN), Words(Language.NL)]
NAMES = ("late_move", "policy_portfolio_growth", "policy_desk_uptake")


def prior(names: tuple[str, ...] = ("a", "b", "c")) -> Prior:
    size = len(names)
    return Prior(names, np.zeros(size), np.ones(size), np.zeros(size, dtype=np.bool_))


def by_name(one: Answer) -> dict[str, Effect | Index]:
    return {factor.factor: factor for factor in one.factors}


# ── designs ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_step_of_morris_changes_one_parameter_and_no_seed() -> None:
    design = morris_design(prior(), 5, 1)
    rows, seeds = design.unit.reshape(5, 4, 3), design.seeds.reshape(5, 4)
    assert ((np.diff(rows, axis=1) != 0).sum(axis=2) == 1).all()
    assert (seeds == seeds[:, :1]).all()
    assert len(set(seeds[:, 0].tolist())) == 5


def test_sobol_tells_apart_what_is_asked_and_leaves_nothing_out() -> None:
    design = sobol_design(prior(), 8, 1, ("b",))
    assert design.factors == (OTHERS, "b", CHANCE)
    base, *exchanged = design.unit.reshape(8, 5, 3).swapaxes(0, 1)
    others, b, chance = exchanged[:3]
    assert ((others != base) == [True, False, True]).all()
    assert ((b != base) == [False, True, False]).all()
    assert (chance == base).all()
    seeds = design.seeds.reshape(8, 5)
    assert (seeds[:, 0] == seeds[:, 2]).all()
    assert (seeds[:, 0] != seeds[:, 3]).all()


@pytest.mark.parametrize(
    "make", [lambda seed: morris_design(prior(), 4, seed), lambda seed: sobol_design(prior(), 4, seed)]
)
def test_a_design_follows_from_its_seed(make: object) -> None:
    assert callable(make)
    one, again, other = make(1), make(1), make(2)
    assert (one.unit == again.unit).all()
    assert (one.seeds == again.seeds).all()
    assert (one.unit != other.unit).any()
    assert (one.seeds != other.seeds).any()


@pytest.mark.parametrize(("base", "apart"), [(3, ()), (1, ()), (8, ("z",)), (2**24, ())])
def test_a_design_that_cannot_be_is_refused(base: int, apart: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        sobol_design(prior(), base, 1, apart)


# ── known functions ─────────────────────────────────────────────────────────────────────────────────────
def test_morris_finds_the_slopes_of_a_plane() -> None:
    design = morris_design(prior(), 6, 1)
    found = by_name(answer(design, "s", "o", False, 3.0 * design.unit[:, 0] - 2.0 * design.unit[:, 1], 1))
    effects = {name: (one.strength, one.mean) for name, one in found.items() if isinstance(one, Effect)}
    assert effects["a"] == pytest.approx((3.0, 3.0))
    assert effects["b"] == pytest.approx((2.0, -2.0))
    assert effects["c"] == pytest.approx((0.0, 0.0))
    assert [name for name, one in found.items() if one.shown] == ["a", "b"]


def test_chance_of_a_run_is_the_same_along_a_trajectory() -> None:
    """A large shift by the seed alone leaves no trace in what Morris says."""
    design = morris_design(prior(), 6, 1)
    shift = design.seeds.astype(np.float64) / 2**32
    with_chance, without = (
        answer(design, "s", "o", False, design.unit[:, 0] + 1000.0 * size * shift, 1) for size in (1.0, 0.0)
    )
    one, other = by_name(with_chance)["a"], by_name(without)["a"]
    assert one.strength == pytest.approx(other.strength, abs=1e-9)


def ishigami(unit: Floats) -> Floats:
    x = math.pi * (2.0 * unit - 1.0)
    values: Floats = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return values


def test_sobol_finds_the_indices_of_ishigami() -> None:
    """Analytic values (Ishigami and Homma 1990)."""
    design = sobol_design(prior(), 1024, 1)
    found = by_name(answer(design, "s", "o", False, ishigami(design.unit), 1))
    for name, first, total in (("a", 0.314, 0.558), ("b", 0.442, 0.442), ("c", 0.0, 0.244), (CHANCE, 0.0, 0.0)):
        one = found[name]
        assert isinstance(one, Index)
        assert one.first == pytest.approx(first, abs=0.06)
        assert one.total == pytest.approx(total, abs=0.06)
        assert one.low <= total <= one.high or one.total == pytest.approx(total, abs=0.03)


def test_chance_gets_the_share_that_it_has() -> None:
    design = sobol_design(prior(), 512, 1, ("a",))
    chance = design.seeds / 2**32
    found = by_name(answer(design, "s", "o", False, design.unit[:, 0] + 2.0 * chance + 0.0 * design.unit[:, 1], 1))
    assert found[CHANCE].strength == pytest.approx(0.8, abs=0.05)
    assert found["a"].strength == pytest.approx(0.2, abs=0.05)
    assert found[OTHERS].strength == pytest.approx(0.0, abs=0.01)


# ── gaps and differences ────────────────────────────────────────────────────────────────────────────────
def test_a_gap_takes_its_block_out_and_no_more() -> None:
    design = morris_design(prior(), 6, 1)
    values = 3.0 * design.unit[:, 0]
    values[5] = math.nan
    found = answer(design, "s", "o", False, values, 1)
    assert found.blocks == 5
    assert by_name(found)["a"].strength == pytest.approx(3.0)


@pytest.mark.parametrize("values", [np.ones(16), np.full(16, math.nan)])
def test_what_never_moves_or_never_is_has_no_factors(values: Floats) -> None:
    assert answer(morris_design(prior(), 4, 1), "s", "o", False, values, 1).factors == ()


def test_a_difference_is_taken_row_by_row() -> None:
    design = morris_design(prior(), 6, 1)
    common = 100.0 * design.unit[:, 2]
    ends = {"reference": {"o": common}, "policy": {"o": common + design.unit[:, 1]}}
    found = sensitivity(design, ends, 1)
    assert found.answer("policy", "o", True).factors[0].factor == "b"
    assert by_name(found.answer("policy", "o", True))["c"].strength == pytest.approx(0.0, abs=1e-9)
    assert found.answer("policy", "o", False).factors[0].factor == "c"


# ── plans and runs ──────────────────────────────────────────────────────────────────────────────────────
PLAN = """
schema_version = 1
kind = "sensitivity"
method = "{method}"
name = "klein"
title_nl = "Klein"
title_en = "Small"
scenarios = ["baseline", "regiefonds"]
outcomes = ["networks_alive", "public_euros"]
until = "2014-Q4"
samples = 2
"""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three uncertain parameters, and a small region."""
    whole = uncertain()
    few = whole.without(set(whole.names) - set(NAMES))
    monkeypatch.setattr(studies, "uncertain", lambda: few)
    monkeypatch.setattr(studies, "load_region", lambda name: worlds.small_pack())


def planned(tmp_path: Path, method: str = "morris") -> SensitivityPlan:
    path = tmp_path / "plan.toml"
    text = PLAN.format(method=method)
    path.write_text(text.replace("= 2", "= 16") if method == "sobol" else text, encoding="utf-8")
    return load_study(str(path), SensitivityPlan)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_all_scenarios_are_run_on_the_same_rows(tmp_path: Path, method: str) -> None:
    design, study = sensitivity_study(planned(tmp_path, method))
    cases, rows = study.batch.cases, len(design)
    assert len(cases) == 2 * rows
    for one, other, row in zip(cases[:rows], cases[rows:], design.unit, strict=True):
        assert (one.seed, one.parameters, one.draw) == (other.seed, other.parameters, other.draw)
        assert one.scenario.name != other.scenario.name
        value = uncertain().without(set(uncertain().names) - set(NAMES)).values(row)[design.names.index("late_move")]
        assert one.parameters.late_move == pytest.approx(value)


@pytest.mark.usefixtures("small")
def test_runs_come_back_in_their_rows_and_are_kept(tmp_path: Path) -> None:
    design, study = sensitivity_study(planned(tmp_path))
    ends = study.run(tmp_path / "store")
    assert study.missing(tmp_path / "store") == 0
    again = study.run(tmp_path / "store", on_result=lambda _: pytest.fail("it was run already"))
    for place in (0, len(design) - 1):
        case = study.batch.cases[len(design) + place]
        model = PpsModel(
            study.batch.setting.pack, case.scenario, case.parameters, seed=case.seed, national=load_national()
        ).run()
        assert model.recorder is not None
        alive = model.recorder.values[-1, -1, OUTCOMES.index("networks_alive")]
        assert ends["regiefonds"]["networks_alive"][place] == alive
    for name, of in ends.items():
        for outcome, values in of.items():
            assert np.array_equal(values, again[name][outcome], equal_nan=True)


@pytest.mark.parametrize(
    "change",
    [
        ('"morris"', '"fast"'),
        ("samples = 2", "samples = 1"),
        ("samples = 2", ""),
        ('"public_euros"', '"publick_euros"'),
        ('"morris"', '"sobol"'),
        ("samples = 2", 'samples = 2\napart = ["late_move"]'),
        ('until = "2014-Q4"', 'until = "2014-Q5"'),
        ('"regiefonds"', '"baseline"'),
        ('"regiefonds"', '"regie fonds"'),
        ("samples = 2", "samples = 2\nsampels = 2"),
    ],
    ids=lambda change: change[1][:24] or "missing",
)
def test_a_broken_plan_is_told_in_a_sentence(tmp_path: Path, change: tuple[str, str], small: None) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(method="morris").replace(*change), encoding="utf-8")
    with pytest.raises(InputError):
        sensitivity_study(load_study(str(path), SensitivityPlan))


@pytest.mark.parametrize("name", list_plans("sensitivity"))
def test_the_plans_of_the_project_can_be_run(name: str) -> None:
    plan = load_study(name, SensitivityPlan)
    assert plan.name == name
    design, study = sensitivity_study(plan.changed(samples=2 if plan.method == "morris" else 16))
    assert len(study.batch.cases) == len(design) * len(plan.scenarios)


def test_a_size_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="samples"):
        load_study("morris", SensitivityPlan).changed(samples=0)


# ── what people see ─────────────────────────────────────────────────────────────────────────────────────
def test_people_are_told_what_never_moves_and_which_shares_say_little(tmp_path: Path, small: None) -> None:
    design, study = sensitivity_study(planned(tmp_path, "sobol"))
    still, wild = np.ones(len(design)), np.random.default_rng(1).normal(size=len(design))
    values = {name: {"networks_alive": still, "public_euros": wild} for name in ("baseline", "regiefonds")}
    result = find_sensitivity(design, study, values)
    for words in WORDS:
        assert next(iter(pages.answers(result, study, words))).endswith(words("sensitivity.same", what=""))
        assert words("sensitivity.wide") in list(pages.cautions(result, study, words))


@pytest.fixture
def found(tmp_path: Path, small: None) -> tuple[Design, Study, Sensitivity]:
    design, study = sensitivity_study(planned(tmp_path))
    values = {
        "baseline": {"networks_alive": design.unit[:, 0], "public_euros": np.ones(len(design))},
        "regiefonds": {"networks_alive": 3.0 * design.unit[:, 1], "public_euros": 1e6 * design.unit[:, 2]},
    }
    return design, study, find_sensitivity(design, study, values)


@pytest.mark.parametrize("words", WORDS, ids=("en", "nl"))
def test_people_read_what_differences_depend_on(found: tuple[Design, Study, Sensitivity], words: Words) -> None:
    _, study, result = found
    sentences = list(pages.answers(result, study, words))
    assert len(sentences) == 2
    strongest = result.answer("regiefonds", "networks_alive", True).factors[0].factor
    assert inside(pages.factor_label(strongest, words)) in sentences[0]
    text = " ".join([*sentences, *pages.cautions(result, study, words), pages.setting(result, study, words)])
    assert "{" not in text
    page = pages.page(result, study, ["pps", "sensitivity"], words)
    assert [len(table.rows) for _, table in tables(page, 2)] == [min(len(one.rows), 2) for one in page.sections]
    assert len(page.sections) == len(result.answers)


def test_the_page_and_the_data_hold_all_answers(found: tuple[Design, Study, Sensitivity], tmp_path: Path) -> None:
    _, study, result = found
    data = json.loads(json.dumps(pages.sensitivity_json(result, study), allow_nan=False))
    assert len(data["answers"]) == len(result.answers)
    page = pages.page(result, study, ["pps", "sensitivity"], WORDS[1])
    text = write_study(page, tmp_path / "page.html", WORDS[1]).read_text(encoding="utf-8")
    assert text.count('<svg class="glyph"') == sum(len(one.factors) for one in result.answers)
    assert "http" not in text
