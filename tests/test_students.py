"""Students: whole heads, conserved; BBL follows places and the cycle, not the partnerships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agents.columns import Floats
from agents.parameters import make_parameters
from scenarios.national import load_national
from scenarios.region import RegionPack
from sim.drivers import drivers
from sim.enrolment import BBL, BOL, Enrolment, EnrolmentError, whole
from sim.model import PpsModel
from sim.students import applicants_of, exit_rates, inflow_at_start, places_of, students, students_ahead
from tests.worlds import SECTORS, live, scenario, school_row, small_model, small_pack

SHAPE = (2, 3, 4, 2)


# ── whole heads ─────────────────────────────────────────────────────────────────────────────────────────


@given(arrays.arrays(float, st.integers(0, 60), elements=st.floats(0, 1e4)))
def test_rounding_keeps_the_total(amounts: Floats) -> None:
    heads = whole(amounts)
    assert heads.dtype == np.int64
    assert abs(heads.sum() - amounts.sum()) <= 0.5 + 1e-6
    assert not len(heads) or np.abs(heads - amounts).max() < 1 + 1e-6
    assert not len(heads) or heads.min() >= 0


@given(arrays.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 2000)), st.floats(0, 1))
def test_a_share_of_whole_heads_never_exceeds_them(stock: npt.NDArray[np.int64], share: float) -> None:
    assert np.all(whole(stock.astype(np.float64) * share) <= stock)


def test_rounding_by_hand() -> None:
    assert whole(np.array([0.5, 0.5, 0.5, 0.5])).sum() == 2
    assert whole(np.array([[0.4, 0.4], [0.4, 0.8]])).tolist() == [[0, 1], [0, 1]]


# ── the register ────────────────────────────────────────────────────────────────────────────────────────


def register(heads: int = 10) -> Enrolment:
    return Enrolment(np.full(SHAPE, heads, dtype=np.int64))


def flow(heads: int) -> npt.NDArray[np.int64]:
    return np.full(SHAPE, heads, dtype=np.int64)


def test_a_school_year_adds_and_subtracts() -> None:
    book = register(10)
    book.turn_year(1, flow(4), flow(3), flow(2))
    book.turn_year(5, flow(0), flow(1), flow(0))
    assert np.all(book.stock == 8)
    assert [year.step for year in book.years] == [1, 5]
    book.check()


@pytest.mark.parametrize(
    ("inflow", "graduates", "leavers"), [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 6, 5), (0, 11, 0)]
)
def test_impossible_flows_are_refused(inflow: int, graduates: int, leavers: int) -> None:
    book = register(10)
    with pytest.raises(EnrolmentError, match="negative"):
        book.turn_year(1, flow(inflow), flow(graduates), flow(leavers))
    assert np.all(book.stock == 10)
    assert book.years == []


def test_check_sees_a_lost_student() -> None:
    book = register()
    book.turn_year(1, flow(1), flow(1), flow(0))
    book.stock[0, 0, 0, 0] -= 1
    with pytest.raises(EnrolmentError, match="lost or invented"):
        book.check()


def test_the_start_is_kept_apart() -> None:
    book = register()
    book.stock[:] = 0
    assert book.start.sum() == 10 * np.prod(SHAPE)


# ── at the start ────────────────────────────────────────────────────────────────────────────────────────


def test_the_start_has_the_counted_levels_and_tracks() -> None:
    pack = small_pack(schools=tuple(school_row(i, students=50_000) for i in range(3)))
    stock = small_model(pack).enrolment.stock
    shares = stock.sum(axis=(0, 1)) / stock.sum()
    assert np.abs(shares.sum(axis=0) - pack.enrolment.sum(axis=0)).max() < 0.002
    assert np.abs(shares - pack.enrolment).max() < 0.01


def test_level_1_is_the_sector_entree_and_nothing_else_is() -> None:
    stock = small_model().enrolment.stock
    entree = SECTORS.index("entree")
    assert stock[:, entree, 0].sum() == stock[:, :, 0].sum() > 0
    assert stock[:, entree].sum() == stock[:, entree, 0].sum()


@pytest.mark.parametrize("track", [BBL, BOL])
def test_a_region_may_have_one_track_only(track: int) -> None:
    levels = np.zeros((4, 2))
    levels[:, track] = 0.25
    model = live(small_model(small_pack(enrolment=levels), calls=()), 8)
    assert model.enrolment.start[..., track].sum() == 12_000
    assert model.enrolment.start.min() >= 0
    model.check()


# ── a school year ───────────────────────────────────────────────────────────────────────────────────────


def test_students_move_in_october_only() -> None:
    model = small_model(calls=(), until="2016-Q4").run()
    assert [model.calendar.season(year.step) for year in model.enrolment.years] == [4] * 6


def test_graduates_are_their_share_of_those_who_end() -> None:
    model = small_model(small_pack(schools=tuple(school_row(i, students=50_000) for i in range(3))), calls=())
    year = live(model, 2).enrolment.years[0]
    ended = year.graduates + year.leavers
    assert year.graduates.sum() / ended.sum() == pytest.approx(model.p.graduates_share, abs=0.001)
    rates = ended.sum(axis=(0, 1)) / model.enrolment.start.sum(axis=(0, 1))
    assert rates == pytest.approx(exit_rates(model), abs=0.002)


def test_nobody_leaves_twice() -> None:
    """Half a student of one programme and a whole one of the next must not round to two of the next."""
    model = small_model(calls=(), parameters={"exit_level_1": 1.0, "exit_level_2": 0.5})
    stock = model.enrolment.stock
    stock[:] = 0
    stock[0, 0, 1, BBL] = stock[0, SECTORS.index("entree"), 0, BBL] = 1
    live(model, 2)
    year = model.enrolment.years[0]
    assert np.all(year.graduates + year.leavers <= stock)


def at(model: PpsModel, quarter: str, unemployment: float | None = None) -> PpsModel:
    """Put a model at a quarter with the climate of then, or with another unemployment."""
    model.quarter = model.calendar.step_of(quarter)
    drivers(model)
    if unemployment is not None:
        model.climate.unemployment = unemployment
    return model


def bbl_inflow(quarter: str, unemployment: float | None = None) -> int:
    model = live(small_model(calls=()), 2)  # the first October fixes the places at the start
    students(at(model, quarter, unemployment))
    return int(model.enrolment.years[-1].inflow[..., BBL].sum())


def test_bbl_falls_with_unemployment() -> None:
    inflows = [bbl_inflow("2012-Q4", rate) for rate in (0.06, 0.07, 0.08, 0.09)]
    assert inflows == sorted(inflows, reverse=True)
    assert inflows[0] > inflows[-1]


def test_who_finds_no_place_goes_to_bol_or_is_turned_away() -> None:
    model = live(small_model(calls=()), 2)
    at(model, "2012-Q4", 0.12)
    asked = applicants_of(model)
    before = model.enrolment.turned_away
    students(model)
    year = model.enrolment.years[-1]
    unplaced = asked[..., BBL].sum() - year.inflow[..., BBL].sum()
    to_bol = year.inflow[..., BOL].sum() - asked[..., BOL].sum()
    assert unplaced > 0
    assert to_bol == pytest.approx(model.p.unplaced_to_bol * unplaced, abs=3)
    assert model.enrolment.turned_away - before == pytest.approx((1 - model.p.unplaced_to_bol) * unplaced, abs=3)


def test_no_more_bbl_than_places_in_each_region() -> None:
    model = live(small_model(calls=()), 2)
    at(model, "2013-Q4")
    places = places_of(model).sum(axis=1)
    students(model)
    by_school = model.enrolment.years[-1].inflow[..., BBL].sum(axis=(1, 2))
    placed = np.bincount(model.school_region, weights=by_school, minlength=2)
    assert np.all(placed <= places + 2)


def test_the_region_that_loses_most_places_loses_most_bbl() -> None:
    pack = small_pack()
    hit = tuple(r.model_copy(update={"bbl_decline": d}) for r, d in zip(pack.regions, (0.6, 0.0), strict=True))
    schools = tuple(school_row(i, region=i, students=20_000) for i in range(2))
    model = small_model(
        replace(pack, regions=hit, schools=schools, school_sectors=pack.school_sectors[:2], known_pps=()),
        calls=(),
        until="2017-Q4",
    ).run()
    left = model.enrolment.stock[..., BBL].sum(axis=(1, 2)) / model.enrolment.start[..., BBL].sum(axis=(1, 2))
    assert left[0] < 0.7 * left[1]


def test_learning_firms_and_members_offer_more_places() -> None:
    model = at(live(small_model(calls=()), 2), "2012-Q4")
    places_of(model)
    plain = model.firms.bbl_places.copy()
    model.firms.learning_culture[:] = 1.0
    places_of(model)
    assert np.all(model.firms.bbl_places > plain)
    culture = model.firms.bbl_places.copy()
    model.firms.memberships[:4] = 1
    places_of(model)
    assert np.all(model.firms.bbl_places[:4] > culture[:4])
    assert np.array_equal(model.firms.bbl_places[4:], culture[4:])


def test_partnerships_do_not_carry_bbl(brabant: RegionPack) -> None:
    """With every member offering the most that a member can, BBL hardly moves: the cycle explains it."""
    asked = scenario(until="2018-Q4")
    shares = (make_parameters({"bbl_members": share}) for share in (0.0, 0.5))
    weak, strong = (PpsModel(brabant, asked, parameters, seed=1, scale=0.1).run() for parameters in shares)
    bbl = [model.enrolment.stock[..., BBL].sum() for model in (weak, strong)]
    assert bbl[0] < bbl[1] < 1.02 * bbl[0]


def test_level_4_grows_and_only_within_its_track() -> None:
    model = live(small_model(calls=(), parameters={"level_4_shift": 0.2}), 2)
    early, late = applicants_of(at(model, "2012-Q4")), applicants_of(at(model, "2017-Q4"))
    share = [a[:, :, 3].sum() / a.sum() for a in (early, late)]
    assert share[1] > share[0] + 0.1
    assert applicants_of(at(model, "2025-Q4"))[:, :, 3].sum() / applicants_of(model).sum() == pytest.approx(share[1])


def test_a_sector_may_go_its_own_way_in_a_region() -> None:
    trends = np.zeros((2, len(SECTORS)))
    trends[1, 0] = 0.05
    usual, own = (live(small_model(pack, calls=()), 2) for pack in (small_pack(), small_pack(field_trends=trends)))
    factor = applicants_of(at(own, "2017-Q4")).sum(axis=(2, 3)) / applicants_of(at(usual, "2017-Q4")).sum(axis=(2, 3))
    here = np.flatnonzero(own.school_region == 1)
    assert factor[here, 0] == pytest.approx(1.05**5)
    factor[here, 0] = np.nan
    assert factor[np.isfinite(factor)] == pytest.approx(1.0)


def test_the_country_may_have_fewer_applicants_every_year() -> None:
    kept = []
    for trend in (0.0, -0.02):
        model = live(small_model(calls=(), parameters={"applicants_trend": trend, "level_4_shift": 0.0}), 2)
        kept.append(applicants_of(at(model, "2017-Q4")).sum() / applicants_of(at(model, "2012-Q4")).sum())
    assert kept[1] / kept[0] == pytest.approx(0.98**5, rel=1e-3)


def test_students_start_on_the_path_of_what_came_before() -> None:
    """Where students grew before 2012, more come than leave in the first year, and level 4 grows as it did."""
    rows = tuple(row.model_copy(update={"trend_before": 0.05}) for row in small_pack().regions)
    before = {"trends_before": 1.0, "level_4_before": 0.0, "applicants_trend": 0.0}
    grown = inflow_at_start(small_model(small_pack(regions=rows), calls=(), parameters=before))
    stable = inflow_at_start(small_model(calls=(), parameters=before))
    assert (grown - stable).sum() == pytest.approx(np.log(1.05) * small_model(calls=()).enrolment.start.sum())
    shifted = inflow_at_start(small_model(calls=(), parameters={**before, "level_4_before": 0.1}))
    assert shifted.sum() == pytest.approx(stable.sum())
    assert shifted[:, :, 3].sum() > stable[:, :, 3].sum()


@pytest.mark.parametrize("branch", ["base", "low", "high"])
def test_the_number_of_students_follows_the_branch(branch: str) -> None:
    model = small_model(calls=(), branch=branch)
    points: dict[tuple[str, int], float] = {(d.branch, d.year): d.students_index for d in load_national().drivers}
    assert students_ahead(model, 2015) == 1.0
    expected = points[branch, 2034] / points["history", 2019]
    assert model.p.demography_from == 2019
    assert students_ahead(model, 2034) == pytest.approx(expected)
