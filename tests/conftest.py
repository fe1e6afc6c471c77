"""What all tests share: profiles of hypothesis, small worlds, and a report of how the seeds of a run did."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that a bare `pytest` finds tests.worlds too

from scenarios.region import RegionPack, load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from tests import worlds

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
