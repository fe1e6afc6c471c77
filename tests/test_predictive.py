"""Predictive runs: draws of posterior and prior, observed; kept small, and used only for what they were made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from agents.columns import Floats
from agents.errors import InputError
from calibration import predictive as module
from calibration.predictive import (
    FILE,
    FOLLOWED,
    Predictive,
    Predictor,
    load_predictive,
    make_predictor,
    predictive_of,
    store_predictive,
    students_column,
    survival,
    survival_column,
)
from calibration.simulate import PART
from calibration.targets import calibration_targets
from calibration.validate import all_targets
from experiments.posterior import SHIPPED, Posterior, load_posterior
from experiments.priors import load_prior
from sim.world import PpsWorld

DRAWS, SCALE = 3, 0.02
TARGETS = tuple(target for target in calibration_targets() if target.id in ("reach-mean", "national-bbl-2015"))
PRIOR = load_prior()


@pytest.fixture(scope="module")
def posterior() -> Posterior:
    return Posterior(PRIOR.names, PRIOR.values(PRIOR.design(2, 1)), {})


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return make_predictor(TARGETS, SCALE)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def made(posterior: Posterior, predictor: Predictor, kept: Path) -> Predictive:
    return predictive_of(posterior, PRIOR, predictor, kept, 1, lambda _: None, DRAWS)


def test_every_draw_is_observed_on_targets_students_and_survival(made: Predictive, predictor: Predictor) -> None:
    assert made.posterior.shape == made.prior.shape == (DRAWS, len(predictor.columns))
    assert made.columns[:2] == tuple(target.id for target in TARGETS)
    assert predictor.years == tuple(range(2011, 2036))
    assert len(set(made.columns)) == len(made.columns) == 2 + 4 * 25 + 2 * (FOLLOWED + 1)
    assert np.isfinite(made.posterior[:, 2:]).all()
    assert made.about["failed"] == [0, 0]


def test_a_draw_is_observed_in_every_region_in_which_a_target_looks() -> None:
    away = next(target for target in all_targets() if target.id == "students-2021")
    both, home, alone = (make_predictor(targets, SCALE) for targets in ((*TARGETS, away), TARGETS, (away,)))
    assert [one.pack.name for one in both.elsewhere] == [away.pack] == ["noord-holland-flevoland"]
    assert not home.elsewhere
    draw = dict(zip(PRIOR.names, PRIOR.values(PRIOR.design(1, 3))[0].tolist(), strict=True))
    seen, seen_at_home = both(draw, 5), home(draw, 5)
    assert np.array_equal(np.delete(seen, len(TARGETS)), seen_at_home, equal_nan=True)
    assert both.columns[: len(TARGETS) + 1] == (*home.columns[: len(TARGETS)], "students-2021")
    (there,) = alone.elsewhere
    assert seen[len(TARGETS)] == there(draw, 5)[0] > 0
    assert len({one.digest for one in (both, home, alone)}) == 3


def test_the_country_is_the_one_that_targets_look_at(made: Predictive) -> None:
    base, later = (students_column("country", "bbl", year) for year in (2012, 2015))
    for values in made.of([base, later, "national-bbl-2015"]):
        assert values[:, 1] / values[:, 0] == pytest.approx(values[:, 2], rel=1e-5)


def test_after_the_last_draw_comes_the_first_with_other_chance(made: Predictive) -> None:
    country = students_column("country", "bol", 2030)  # it knows no chance
    first, _, third = made.of([country])[0][:, 0]
    assert first == third
    assert not np.array_equal(made.posterior[0], made.posterior[2], equal_nan=True)


def test_runs_are_kept_and_not_done_twice(
    posterior: Posterior, predictor: Predictor, kept: Path, made: Predictive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Predictor, "__call__", None)
    done: list[int] = []
    again = predictive_of(posterior, PRIOR, predictor, kept, 1, done.append, DRAWS)
    assert np.array_equal(again.posterior, made.posterior, equal_nan=True)
    assert sum(done) == 2 * DRAWS <= PART


@dataclass(frozen=True)
class Fragile(Predictor):
    """Fails for every seed that can be divided by a number."""

    divisor: int = 1

    def __call__(self, parameters: dict[str, float], seed: int) -> Floats:
        if seed % self.divisor == 0:
            raise ArithmeticError("too fragile")
        return np.full(len(self.columns), float(seed % 100))


def fragile(divisor: int) -> Fragile:
    whole = make_predictor(TARGETS, SCALE)
    return Fragile(whole.pack, whole.national, whole.scenario, TARGETS, SCALE, divisor=divisor)


def test_runs_that_fail_are_left_out_and_counted(posterior: Posterior, tmp_path: Path) -> None:
    some = predictive_of(posterior, PRIOR, fragile(2), tmp_path / "some", 1, lambda _: None, 20)
    assert len(some.posterior) + some.about["failed"][0] == 20
    assert 0 < some.about["failed"][0] < 20
    assert np.isfinite(some.posterior).all()
    with pytest.raises(InputError, match="every predictive run failed: ArithmeticError: too fragile"):
        predictive_of(posterior, PRIOR, fragile(1), tmp_path / "all", 1, lambda _: None, 2)


# ── survival ────────────────────────────────────────────────────────────────────────────────────────────
def test_networks_are_counted_by_quarters_after_the_decision() -> None:
    #                      undecided, stopped at once, died after 3, lives on, died late, died before it was followed
    pps = SimpleNamespace(
        decided=np.array([-1, 10, 10, 90, 10, 10]), network_death=np.array([-1, 10, 13, -1, 10 + FOLLOWED + 5, 10 + 32])
    )
    died, followed = survival(cast(PpsWorld, SimpleNamespace(pps=pps, quarter=97)))
    assert {quarter: died[quarter] for quarter in np.flatnonzero(died)} == {0: 1, 3: 1, FOLLOWED: 1}
    assert {quarter: followed[quarter] for quarter in np.flatnonzero(followed)} == {7: 1, FOLLOWED: 1}


def test_everybody_who_decided_is_followed(made: Predictive) -> None:
    columns = [survival_column(end, quarters) for end in ("died", "followed") for quarters in range(FOLLOWED + 1)]
    for values in made.of(columns):
        assert (values >= 0).all()
        assert (values.sum(axis=1) > 5).all()


# ── the stored file ─────────────────────────────────────────────────────────────────────────────────────
def test_what_is_stored_is_small_and_comes_back(
    made: Predictive, posterior: Posterior, predictor: Predictor, tmp_path: Path
) -> None:
    path = store_predictive(made, tmp_path / "new")
    assert path.name == FILE
    assert path.stat().st_size < 200_000
    back = load_predictive(posterior, predictor, tmp_path / "new")
    assert back is not None
    assert (back.columns, back.about) == (made.columns, made.about)
    assert np.array_equal(back.posterior, made.posterior, equal_nan=True)
    assert np.array_equal(back.prior, made.prior, equal_nan=True)


def test_it_is_not_used_for_anything_else(
    made: Predictive, posterior: Posterior, predictor: Predictor, tmp_path: Path
) -> None:
    store_predictive(made, tmp_path)
    other = Posterior(posterior.names, posterior.values[::-1], {})
    later = (replace(TARGETS[0], when="2018-Q1"), *TARGETS[1:])
    softer = (replace(TARGETS[0], tolerance=99.0, observed=1.0), *TARGETS[1:])
    assert load_predictive(other, predictor, tmp_path) is None
    assert load_predictive(posterior, make_predictor(TARGETS, 0.03), tmp_path) is None
    assert load_predictive(posterior, make_predictor(TARGETS[:1], SCALE), tmp_path) is None
    assert load_predictive(posterior, make_predictor(later, SCALE), tmp_path) is None
    assert load_predictive(posterior, make_predictor(softer, SCALE), tmp_path) is not None, "what was run is the same"


def test_it_outlives_a_change_of_code_without_effect_only(
    made: Predictive, posterior: Posterior, predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_predictive(made, tmp_path)
    monkeypatch.setattr(module, "code_digest", lambda: "another")
    assert load_predictive(posterior, predictor, tmp_path) is not None
    monkeypatch.setattr(module, "fingerprint", lambda: "another")
    assert load_predictive(posterior, predictor, tmp_path) is None


@pytest.mark.parametrize("content", [None, b"", b"PAR1 broken"])
def test_a_broken_file_is_as_good_as_none(
    posterior: Posterior, predictor: Predictor, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    assert load_predictive(posterior, predictor, tmp_path) is None


def test_a_folder_that_cannot_be_written_is_told(made: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot keep runs"):
        store_predictive(made, tmp_path / "file" / "folder")


def test_the_runs_that_come_with_the_project_match_its_code() -> None:
    """Otherwise `pps validate` would run them all again before it answers."""
    assert load_predictive(load_posterior(), make_predictor(all_targets()), SHIPPED) is not None
