"""Policies for some provinces: they act and pay there alone, and each province may have its own."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from agents.errors import InputError
from experiments.tables import tables_of
from scenarios.national import load_national
from scenarios.policies import make_policies, policy_kinds
from scenarios.policy import Policy
from scenarios.region import RegionPack, check_places
from sim.acts import STATE
from sim.model import PpsModel
from tests.worlds import (
    call_row,
    employer_row,
    hogeschool_row,
    known,
    province_row,
    region_row,
    school_row,
    small_model,
    small_pack,
)

KINDS = tuple(policy_kinds())
HERE, THERE = 0, 1  # the two provinces
CALLS = tuple(call_row(f"{year}-Q{season}", 12_000_000) for year in range(2012, 2017) for season in (1, 3))
BUSY = {"initiation_rate": 1.0, "organised_floor": 0.5, "pps_per_10000_students": 8.0, "least_score": 0.6}
APART = {"local_elsewhere": 0.0, "reuse_gain": 0.0}


def two_provinces() -> RegionPack:
    """Two provinces of one region each that do not border on each other, with everything in both."""
    return small_pack(
        provinces=(province_row(0), province_row(1)),
        regions=(region_row(0, 0), region_row(1, 1)),
        adjacency=np.zeros((2, 2), dtype=bool),
        schools=(school_row(0, 0), school_row(1, 1), school_row(2, 1)),
        hogescholen=(hogeschool_row(0, 0), hogeschool_row(1, 1)),
        large_employers=(employer_row(0), employer_row(1, region=1)),
        known_pps=tuple(
            known(f"pps-{region}-{sector}", f"school-{region}", f"region-{region}", sector, start_to="2012-Q3")
            for region in (HERE, THERE)
            for sector in ("htsm", "zorg_welzijn", "logistiek")
        ),
    )  # fmt: skip


def policy(kind: str, name: str | None = None, **more: Any) -> Policy:
    settings = {"type": kind, "starts": "2014-Q1", "provinces": ["province-0"], **more}
    return make_policies({name or kind: settings}, "test")[0]


def apart(*policies: Policy) -> PpsModel:
    """A world in which nothing crosses the border: no national round, no firm from elsewhere, no material reused."""
    return small_model(
        two_provinces(), parameters=APART, policies=policies, calls=(), until="2018-Q4", history_until="2018-Q4"
    ).run()


@cache
def baseline() -> PpsModel:
    return apart()


def series(model: PpsModel, province: int) -> Any:
    assert model.recorder is not None
    return model.recorder.values[:, province]


@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_for_one_province_leaves_the_other_as_it_was(kind: str) -> None:
    with_policy = apart(policy(kind))
    np.testing.assert_array_equal(series(with_policy, THERE), series(baseline(), THERE))
    one, other = (tables_of(model, 0)["partnerships"].to_pandas() for model in (with_policy, baseline()))
    there = one["province"] == "province-1"
    assert there.any()
    assert one[there].astype(str).equals(other[other["province"] == "province-1"].astype(str))


def test_such_a_policy_does_something_where_it_is_meant() -> None:
    with_policy = apart(policy("regie-fund"))
    assert not np.array_equal(series(with_policy, HERE), series(baseline(), HERE), equal_nan=True)
    assert with_policy.policy_cents[HERE].sum() > 0


@pytest.mark.parametrize(
    ("kind", "payer"), [*((kind, "province") for kind in KINDS), ("orchestration", "rijk"), ("regie-fund", "rijk")]
)
def test_a_policy_for_one_province_is_paid_for_there_alone(kind: str, payer: str) -> None:
    """In a world with national rounds, where others may feel it; nobody pays for it but who is asked to."""
    given = policy(kind, payer=payer, staff_euro_year=100_000.0)
    model = small_model(
        two_provinces(), parameters=BUSY, policies=(given,), calls=CALLS, history="emergent", until="2016-Q4"
    ).run()
    assert model.policy_cents[HERE].sum() > 0
    assert not model.policy_cents[THERE].any()
    assert {fund.province for fund in model.act.funds.values()} == {HERE if payer == "province" else STATE}
    assert model.provinces[HERE].instruments == [given.name]
    assert model.provinces[THERE].instruments == []


def test_provinces_may_have_the_same_policy_on_other_terms() -> None:
    first, second = make_policies(
        {
            name: {"type": "regie-fund", "starts": "2014-Q1", "provinces": [province], "budget_euro_year": budget}
            for name, province, budget in (("een", "province-0", 300_000.0), ("twee", "province-1", 120_000.0))
        },
        "test",
    )
    both = apart(first, second)
    np.testing.assert_array_equal(series(both, HERE), series(apart(first), HERE))
    np.testing.assert_array_equal(series(both, THERE), series(apart(second), THERE))
    by_year = {(fund.policy, fund.province): fund.budget for fund in both.act.funds.values()}
    assert by_year == {("een", HERE): 30_000_000, ("twee", THERE): 12_000_000}


@pytest.mark.parametrize("provinces", [["province-0", "province-1"], None])
def test_the_same_policy_twice_in_a_province_is_refused(provinces: list[str] | None) -> None:
    settings = {"type": "regie-fund", "provinces": ["province-0"]}
    with pytest.raises(InputError, match="cannot be in force together"):
        make_policies({"een": settings, "twee": {**settings, "provinces": provinces}}, "test")


def test_for_nobody_is_idle() -> None:
    assert policy("regie-fund", provinces=[]).idle
    assert not policy("regie-fund").everywhere


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"provinces": ["province-2"]}, "provinces has 'province-2'"),
        ({"regions": ["region-1"]}, "regions has 'region-1'"),  # lies in the other province
    ],
)
def test_places_that_are_not_there_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        check_places([policy("regie-fund", **settings)], two_provinces(), load_national())
    check_places([policy("regie-fund", regions=["region-0"])], two_provinces(), load_national())
