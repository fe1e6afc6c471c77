"""What all tests share: profiles of hypothesis, small worlds, and a report of how the seeds of a run did."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that a bare `pytest` finds tests.worlds too

from experiments import batches
from experiments.cases import CaseResult, Kept, Task
from scenarios.region import RegionPack, load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from tests import worlds
from tests.commands import Pps, run_here

# A run of the tests is the same run everywhere; HYPOTHESIS_PROFILE=thorough looks further, at random.
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture
def pack() -> RegionPack:
    """Two regions of one province, three schools, a hogeschool, 280 firms and two known partnerships."""
    return worlds.small_pack()


@pytest.fixture
def make_model() -> Callable[..., PpsModel]:
    """Make a model of a small pack; see `tests.worlds.small_model`."""
    return worlds.small_model


@pytest.fixture(scope="session")
def brabant() -> RegionPack:
    """The shipped pack of Noord-Brabant."""
    return load_region("noord-brabant")


@pytest.fixture(scope="session")
def brabant_run(brabant: RegionPack) -> PpsModel:
    """A finished run of the baseline; look, do not change."""
    return PpsModel(brabant, load_scenario("baseline"), seed=1, scale=0.1).run()


@pytest.fixture
def pps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Pps:
    """Run a command in this process, in an empty folder and on a page of 100 characters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *args: run_here(args, monkeypatch, capfd)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let runs take no time; return the numbers of those that were done."""
    numbers: list[int] = []

    def fake(task: Task) -> CaseResult:
        numbers.append(task.number)
        case = task.case
        value = 100.0 * case.seed + case.draw + case.parameters.fte_cost / 1e6
        values = np.full((2, 1, 3), value) + np.arange(6.0).reshape(2, 1, 3)
        values[0, 0, 1] = np.nan
        return Kept(("2012-Q4", "2013-Q1"), ("all",), values)

    monkeypatch.setattr(batches, "run_task", fake)
    monkeypatch.setattr("experiments.shelf.PART", 5)
    return numbers
