"""The fit itself: ranges, runs on disk, screening, moving an ensemble, its checks, and the files it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.columns import Floats
from agents.errors import InputError
from agents.parameters import make_parameters, parameter_table
from calibration import crosscheck, rivals, simulate
from calibration.crosscheck import cross_check
from calibration.fit import Budget, Engine, chance_of, fit, inflations, seeds_of
from calibration.held_back import held_back_targets
from calibration.rivals import contrast, ranked_score
from calibration.scores import BEND, MODEL_ERROR, TOLERANCE_SD, score
from calibration.screening import screen
from calibration.selfcheck import relative_width, self_check
from calibration.simulate import Simulator, Stage, run_stage
from calibration.targets import Target
from experiments.posterior import ABOUT, DRAWS, load_posterior, write_posterior
from experiments.priors import KNOWN, OF_POLICIES, Prior, load_prior, uncertain

NAMES = ("a", "b", "c", "d")


def target(number: int, observed: float, tolerance: float) -> Target:
    return Target(
        f"t{number}",
        "x",
        "P1",
        "toy",
        {},
        "2018-Q2",
        "noord-brabant",
        observed,
        "fraction",
        "x",
        "2018",
        tolerance,
        "A toy.",
        "calibrate",
    )


@dataclass(frozen=True)
class Toy:
    """A world in which t0 = 10 a + noise, t1 = 10 (a - b) + noise, t2 = noise; c and d do nothing."""

    targets: tuple[Target, ...]
    scale: float = 1.0
    digest: str = "toy"
    fails_on: float = 2.0

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(target.id for target in self.targets)

    def __call__(self, parameters: dict[str, float], seed: int) -> Floats:
        a, b = parameters["a"], parameters["b"]
        if a > self.fails_on:
            raise RuntimeError("a world that cannot be")
        noise = np.random.default_rng(seed).standard_normal(3)
        return np.array([10 * a, 10 * (a - b), 0.0]) + 0.5 * noise


TOY = Toy((target(0, 6.0, 1.0), target(1, 2.0, 1.0), target(2, 0.0, 2.0)))
PRIOR = Prior(NAMES, np.zeros(4), np.ones(4), np.zeros(4, dtype=bool))


def engine(folder: Path, toy: Toy = TOY) -> Engine:
    return Engine(toy, PRIOR, folder, 1, lambda done: None)  # type: ignore[arg-type]


# ── ranges ──────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 2**31))
def test_shares_of_ranges_and_values_are_two_ways_to_say_the_same(seed: int) -> None:
    prior = load_prior()
    unit = np.random.default_rng(seed).random((3, len(prior.names)))
    values = prior.values(unit)
    assert ((values >= prior.low) & (values <= prior.high)).all()
    np.testing.assert_allclose(prior.unit(values), unit, atol=1e-9)


def test_every_uncertain_parameter_is_in_the_prior_and_every_draw_is_allowed() -> None:
    prior, table = load_prior(), parameter_table()
    assert set(uncertain().names) == {name for name, row in table.items() if row.low < row.high} - KNOWN.keys()
    assert set(prior.names) == {name for name in uncertain().names if not name.startswith(OF_POLICIES)}
    for row in prior.values(prior.design(20, 3)):
        make_parameters(dict(zip(prior.names, row.tolist(), strict=True)))


def test_wide_ranges_are_even_in_logarithms() -> None:
    prior = Prior(("even", "wide"), np.array([0.0, 1.0]), np.array([10.0, 100.0]), np.array([False, True]))
    np.testing.assert_allclose(prior.values(np.array([0.5, 0.5])), [5.0, 10.0])


def test_a_design_fills_every_range_evenly() -> None:
    unit = PRIOR.design(100, 1)
    assert (np.sort((unit * 100).astype(int), axis=0) == np.arange(100)[:, None]).all()
    assert not np.array_equal(unit, PRIOR.design(100, 2))


# ── runs on disk ────────────────────────────────────────────────────────────────────────────────────────


def stage(draws: int, seed: int = 1) -> Stage:
    return Stage("stage", NAMES, PRIOR.values(PRIOR.design(draws, seed)), seeds_of(seed, 0, draws))


def run(toy: Toy, what: Stage, folder: Path) -> tuple[Floats, int]:
    """Run a stage; return what was observed, and how many parts were not on disk yet."""
    made: list[int] = []
    before = simulate._run

    def counted(*arguments: object) -> object:
        made.append(1)
        return before(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "_run", counted)
        seen = run_stage(toy, what, folder, 1, lambda done: None)  # type: ignore[arg-type]
    return seen.values, len(made)


def test_an_interrupted_stage_goes_on_where_it_was(tmp_path: Path) -> None:
    what, whole = stage(3 * simulate.PART), tmp_path / "whole"
    values, parts = run(TOY, what, whole)
    assert parts == 3
    again, parts = run(TOY, what, whole)
    assert parts == 0
    np.testing.assert_array_equal(again, values)
    kept = sorted(whole.rglob("*.parquet"))
    kept[1].unlink()  # was not reached
    kept[2].write_bytes(kept[2].read_bytes()[:100])  # the power went off
    again, parts = run(TOY, what, whole)
    assert parts == 2
    np.testing.assert_array_equal(again, values)


def test_another_draw_or_model_is_another_stage(tmp_path: Path) -> None:
    run(TOY, stage(10), tmp_path)
    for toy, what in ((TOY, stage(10, 2)), (replace(TOY, digest="changed"), stage(10))):
        assert run(toy, what, tmp_path)[1] == 1


def test_a_failed_run_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    seen = run_stage(replace(TOY, fails_on=0.5), stage(40), tmp_path, 1, lambda done: None)  # type: ignore[arg-type]
    failed = stage(40).values[:, 0] > 0.5
    assert sorted(seen.failed) == np.flatnonzero(failed).tolist()
    assert set(seen.failed.values()) == {"RuntimeError: a world that cannot be"}
    np.testing.assert_array_equal(np.isnan(seen.values).all(axis=1), failed)


def test_progress_counts_every_run_once(tmp_path: Path) -> None:
    for _ in range(2):  # run, and read back
        done: list[int] = []
        run_stage(TOY, stage(250), tmp_path, 1, done.append)  # type: ignore[arg-type]
        assert sum(done) == 250


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot keep runs"):
        run_stage(TOY, stage(5), tmp_path / "file", 1, lambda done: None)  # type: ignore[arg-type]


# ── scores and screening ────────────────────────────────────────────────────────────────────────────────


def test_one_tolerance_off_is_one() -> None:
    wide = np.hypot(10.0, MODEL_ERROR * 100.0)
    near = np.array([[100.0], [100.0 + wide / 10], [100.0 - wide / 10]])
    for unit in ("students/year", "fraction"):
        scores = score(near, (replace(target(0, 100.0, 10.0), unit=unit),))[:, 0]
        np.testing.assert_allclose(scores, [0.0, 0.1, -0.1], atol=1e-3)


def test_counts_are_scored_by_factors_and_nothing_counts_as_none() -> None:
    counts = (replace(target(0, 100.0, 2.0), unit="partners"),)
    scores = score(np.array([[200.0], [50.0], [0.0], [np.nan]]), counts)[:, 0]
    assert scores[0] == pytest.approx(-scores[1], rel=0.01)
    assert scores[2] == scores[3] < 2 * scores[1]


def test_shares_are_scored_by_distance_bent_far_away() -> None:
    share = target(0, 0.1, 1e-9)
    scores = score(np.array([[0.1 + MODEL_ERROR], [0.1 - MODEL_ERROR], [0.1 + 1000 * MODEL_ERROR]]), (share,))[:, 0]
    np.testing.assert_allclose(scores[:2], [1.0, -1.0], atol=0.01)
    assert scores[2] == pytest.approx(BEND * np.log(2000 / BEND), rel=0.01)


def test_screening_finds_what_moves_what() -> None:
    unit = PRIOR.design(400, 1)
    noise = np.random.default_rng(0).standard_normal((400, 3))
    found = screen(unit, np.column_stack([unit[:, 0], unit[:, 0] - unit[:, 1], 0 * unit[:, 0]]) + 0.2 * noise)
    assert found.moves.tolist() == [[True, True, False], [False, True, False], [False] * 3, [False] * 3]
    assert found.learnable.tolist() == [True, True, False, False]


# ── fit ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory):
    made = engine(tmp_path_factory.mktemp("fit"))
    return made, fit(made, Budget(600, 3), 1)


def test_the_fit_finds_a_linear_world(fitted) -> None:
    """The posterior of the linear toy is known: a = 0.6, b = 0.4, with the error of the reports and of chance."""
    _, found = fitted
    error = np.hypot(TOLERANCE_SD, 0.5) / 10
    low, high = np.quantile(found.sample, (0.16, 0.84), axis=0)
    np.testing.assert_allclose(found.sample[:, :2].mean(axis=0), [0.6, 0.4], atol=0.02)
    assert (high - low)[0] / 2 == pytest.approx(error, rel=0.35)
    assert (high - low)[1] / 2 == pytest.approx(error * np.sqrt(2), rel=0.35)


def test_what_moves_nothing_keeps_its_range(fitted) -> None:
    _, found = fitted
    assert found.learnable.tolist() == [True, True, False, False]
    np.testing.assert_allclose(found.sample[:, 2:], found.ensembles[0].unit[:, 2:], atol=1e-9)


def test_chance_is_told_from_ignorance(fitted) -> None:
    made, found = fitted
    (chance,) = chance_of(made, found.ensembles[-1:], 9, 9)
    assert np.diag(chance) == pytest.approx([0.2, 0.2, 0.0625], rel=0.35)  # 0.25 without the bend, and 0.5 of 2


def test_all_steps_together_weigh_the_reports_once() -> None:
    for steps in range(1, 10):
        assert (1 / inflations(steps)).sum() == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_fit(fitted, tmp_path: Path) -> None:
    made, found = fitted
    again = fit(replace(made, folder=tmp_path), Budget(600, 3), 1)
    np.testing.assert_array_equal(again.sample, found.sample)
    other = fit(replace(made, folder=tmp_path), Budget(600, 3), 2)
    assert not np.array_equal(other.sample, found.sample)


@pytest.mark.statistical
def test_the_self_check_holds_on_a_world_that_is_linear(fitted) -> None:
    made, found = fitted
    check = self_check(made, found, 40, Budget(300, 3), 1)
    assert check.met.shape == (40, 3)
    assert check.met.mean() > 0.85  # these figures have little chance in them
    ninety, fifty = (check.inside(level)[:, found.learnable].mean() for level in (0.9, 0.5))
    assert 0.8 <= ninety <= 1.0
    assert 0.35 <= fifty <= 0.68
    assert check.width[:, 0].mean() < 0.5 < check.width[:, 2].mean()


def test_a_self_check_needs_worlds_to_take(fitted) -> None:
    made, found = fitted
    with pytest.raises(InputError, match="cannot take 400 worlds, and 300 members"):
        self_check(made, found, 400, Budget(300, 3), 1)


def test_the_second_estimate_agrees_on_what_is_identified(fitted) -> None:
    made, found = fitted
    done: list[int] = []
    expected: list[int] = []
    search = cross_check(replace(made, advance=done.append, expect=expected.append), found, 20, 2)
    assert sum(expected) == sum(done) > 0, "what is run is told before"
    assert search.parameters.tolist() == [True, True, False, False]
    np.testing.assert_allclose(search.best, [0.6, 0.4], atol=0.1)


@pytest.mark.parametrize(("members", "steps"), [(10, 4), (100, 1), (10**6, 4), (100, 99)])
def test_a_budget_that_fits_nothing_is_refused(members: int, steps: int) -> None:
    with pytest.raises(InputError, match="cannot fit"):
        Budget(members, steps)


def test_widths_are_relative_to_the_range() -> None:
    assert relative_width(np.linspace(0, 1, 1001)[:, None])[0] == pytest.approx(1.0)


def test_the_ranked_score_is_that_of_a_normal() -> None:
    """Of a standard normal at its middle it is 2 phi(0) - 1 / sqrt(pi); report error is a known addition."""
    sample = np.random.default_rng(1).standard_normal(20_000)
    exact = 2 / np.sqrt(2 * np.pi) - 1 / np.sqrt(np.pi)
    assert ranked_score(sample, target(0, 0.0, 1e-9)) * 1e-9 == pytest.approx(exact, rel=0.02)
    missing = ranked_score(np.array([np.nan, np.nan]), target(0, 5.0, 1.0))
    assert missing == pytest.approx(5.0, abs=1.0)  # nothing, where 5 was reported


# ── the posterior as files ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def written(tmp_path: Path) -> Path:
    prior = load_prior()
    write_posterior(prior.names, prior.values(prior.design(8, 1)), {"seed": 1}, tmp_path)
    return tmp_path


def test_a_posterior_is_read_as_it_was_written(written: Path) -> None:
    posterior, prior = load_posterior(written), load_prior()
    np.testing.assert_array_equal(posterior.values, prior.values(prior.design(8, 1)))
    assert len(posterior) == 8
    assert posterior.draw(8) == posterior.draw(0) != posterior.draw(1)
    assert posterior.about["seed"] == 1


def change(**changes: object) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        about = json.loads((folder / ABOUT).read_text()) | changes
        (folder / ABOUT).write_text(json.dumps(about))

    return act


BROKEN: MappingProxyType[str, tuple[Callable[[Path], object], str]] = MappingProxyType(
    {
        "missing": (lambda folder: (folder / DRAWS).unlink(), "no readable posterior"),
        "cut off": (lambda folder: (folder / DRAWS).write_bytes(b"PAR1"), "no readable posterior"),
        "garbage": (lambda folder: (folder / ABOUT).write_text("{"), "no readable posterior"),
        "a list": (lambda folder: (folder / ABOUT).write_text("[]"), "no readable posterior"),
        "other draws": (change(digest="x"), "not those that about.json describes"),
        "a newer schema": (change(schema_version=99), "not those that about.json describes"),
        "no code": (lambda folder: (folder / ABOUT).write_text('{"schema_version": 1, "digest": "x"}'), "no readable"),
        "another model": (change(code="x", fingerprint="x"), "another version of the model"),
    }
)


@pytest.mark.parametrize("name", BROKEN)
def test_a_posterior_that_does_not_fit_is_refused(name: str, written: Path) -> None:
    act, message = BROKEN[name]
    act(written)
    with pytest.raises(InputError, match=message):
        load_posterior(written)


def test_code_changed_without_effect_keeps_the_posterior(written: Path) -> None:
    change(code="of another commit")(written)
    assert len(load_posterior(written)) == 8


@pytest.mark.parametrize(
    ("names", "message"), [(("gone",), "no longer there"), (("patience_mkb",), "outside the range")]
)
def test_a_posterior_of_other_parameters_is_refused(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    write_posterior(names, np.full((3, 1), 1e6), {}, tmp_path)
    with pytest.raises(InputError, match=message):
        load_posterior(tmp_path)


# ── the model in it ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.thorough
def test_the_whole_pipeline_runs_on_the_model_with_a_tiny_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A self-check of the pipeline, not of its result."""
    from calibration.calibrate import calibrate, simulator

    monkeypatch.setattr(crosscheck, "WORLDS", 2)
    monkeypatch.setattr(crosscheck, "CANDIDATES", 1)
    made = Engine(simulator(0.02), load_prior(), tmp_path / "runs", 2, lambda done: None)
    posterior = calibrate(made, Budget(60, 2), Budget(50, 2), 1, 1, 1, tmp_path / "out")
    again = calibrate(replace(made, workers=1), Budget(60, 2), Budget(50, 2), 1, 1, 1, tmp_path / "again")
    assert (tmp_path / "out" / DRAWS).read_bytes() == (tmp_path / "again" / DRAWS).read_bytes()
    assert posterior.digest == again.digest == load_posterior(tmp_path / "out").digest
    assert {row["id"] for row in posterior.about["targets"]} == {one.id for one in simulator().targets}
    assert posterior.about["failed_runs"] == 0


def test_a_rival_is_run_with_what_it_fixes() -> None:
    from calibration.calibrate import simulator

    plain: Simulator = replace(simulator(0.02), targets=simulator().targets[:4])
    rival = replace(plain, fixed={"patience_mkb": 1000.0})
    assert rival.digest != plain.digest
    assert not np.array_equal(plain({}, 1), rival({"patience_mkb": 1.0}, 1))


def test_rivals_are_scored_where_each_target_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from calibration.calibrate import simulator

    kept = tuple(one for one in held_back_targets() if one.id in ("active-2018", "students-2021"))
    monkeypatch.setattr(rivals, "held_back_targets", lambda: kept)
    monkeypatch.setattr(rivals, "RIVALS", rivals.RIVALS[:2])
    monkeypatch.setattr(rivals, "DRAWS", 2)
    monkeypatch.setattr(rivals, "fit", lambda engine, *_: SimpleNamespace(sample=engine.prior.design(2, 1)))
    plain: Simulator = replace(simulator(0.02), targets=simulator().targets[:3])
    shipped, rival = contrast(plain, Budget(), 1, tmp_path, 1, lambda done: None)
    assert (shipped.id, rival.id) == ("as-shipped", "leave-at-random")
    for one in (shipped, rival):
        assert (one.fitted.shape, one.unseen.shape) == ((3,), (2,))
        assert np.isfinite([*one.fitted, *one.unseen]).all()
    assert not np.array_equal(shipped.unseen, rival.unseen)
    (there,) = simulate.observing_all(plain, kept).elsewhere
    prior, seeds = load_prior(), seeds_of(1, 0, 2).tolist()
    draws = [dict(zip(prior.names, row, strict=True)) for row in prior.values(prior.design(2, 1)).tolist()]
    seen = np.array([there(draw, seed)[0] for draw, seed in zip(draws, seeds, strict=True)])
    assert shipped.unseen[1] == pytest.approx(ranked_score(seen, kept[1])), "as seen in its own region"
