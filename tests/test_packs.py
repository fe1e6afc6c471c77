"""Every shipped pack: what it holds, runs that keep the books and the students, and what provinces add up to."""

from __future__ import annotations

from functools import cache

import networkx as nx
import numpy as np
import pytest

from agents.columns import Floats
from agents.partnership import Kind
from scenarios.region import SIZES, list_regions, load_region
from scenarios.scenario import START, load_scenario
from sim import record
from sim.model import PpsModel
from sim.outcomes import OUTCOMES
from tests.test_conservation import CHECKS, quarters

PACKS = ("nederland", "noord-brabant", "noord-holland-flevoland")
SCALE = 0.005
STUDENTS = 162_275 + 357_687  # BBL and BOL of October 2011
NO_SUM = {"companies_unique", "partners_unique"}  # who takes part in two provinces counts once in the country
MEANS_OF_MKB = {"mkb_reached_share", "learning_culture", "belief_llo", "belief_innovation"}
RATIOS = MEANS_OF_MKB | {name for name, _, _ in record.RATIOS}

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def run(name: str, scenario: str, until: str, scale: float = SCALE, seed: int = 1) -> PpsModel:
    asked = load_scenario(scenario).model_copy(update={"until": until})
    return PpsModel(load_region(name), asked, seed=seed, scale=scale)


@cache
def lived(name: str) -> PpsModel:
    return run(name, "baseline", "2024-Q4").run()


def by_place(model: PpsModel) -> dict[str, Floats]:
    """Return every outcome by quarter and place, the last of which is all."""
    assert model.recorder is not None
    return {name: model.recorder.values[:, :, i] for name, i in model.recorder.numbers.items()}


# ── what a pack holds ───────────────────────────────────────────────────────────────────────────────────


def test_these_are_the_shipped_packs() -> None:
    assert list_regions() == PACKS


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_holds_together(name: str) -> None:
    pack = load_region(name)
    assert nx.is_connected(nx.from_numpy_array(pack.adjacency))
    np.testing.assert_array_equal(pack.adjacency, pack.adjacency.T)
    np.testing.assert_allclose(pack.enrolment.sum(axis=0), np.array([162_275, 357_687]) / STUDENTS, atol=2e-6)
    np.testing.assert_allclose(pack.school_sectors.sum(axis=1), 1.0)
    in_firms = np.delete(np.arange(pack.firms.shape[1]), -1)  # all but entree
    assert pack.firms[:, in_firms].sum(axis=2).min() > 0
    assert len(pack.large_employers) == 20 * len(pack.provinces)
    province_of = {region.id: region.province for region in pack.regions}
    for province in pack.provinces:
        students = sum(s.students for s in pack.schools if province_of[s.region] == province.id)
        assert students / STUDENTS == pytest.approx(province.mbo_share, abs=1e-4)
        assert sum(province_of[e.region] == province.id for e in pack.large_employers) == 20


@pytest.mark.parametrize("name", PACKS)
def test_known_pps_start_while_history_is_replayed(name: str) -> None:
    pack = load_region(name)
    assert all(START <= pps.start_from <= pps.start_to < pack.known_until for pps in pack.known_pps)
    assert len({pps.name for pps in pack.known_pps}) == len(pack.known_pps)


def test_the_country_has_what_is_counted() -> None:
    pack = load_region("nederland")
    assert (len(pack.provinces), len(pack.regions)) == (12, 35)
    assert sum(school.students for school in pack.schools) == STUDENTS
    assert sum(province.mbo_share for province in pack.provinces) == pytest.approx(1.0, abs=1e-9)
    assert sum(province.population_share for province in pack.provinces) == pytest.approx(1.0, abs=1e-9)
    assert int(pack.firms.sum()) + len(pack.large_employers) == 237_000
    assert int(pack.firms[:, :, SIZES.index("groot")].sum()) + len(pack.large_employers) == 3_620
    assert len(pack.known_pps) == 152


def test_noord_holland_and_flevoland_have_the_named_pps() -> None:
    pack = load_region("noord-holland-flevoland")
    assert len(pack.known_pps) == 33
    assert [province.id for province in pack.provinces] == ["flevoland", "noord-holland"]
    assert {"House of Logistics", "PurmerValley", "Techport mbo"} <= {pps.name for pps in pack.known_pps}


def test_the_country_is_made_of_the_other_packs() -> None:
    """Schools of Brabant have their size, the two provinces their regions, and named PPS are the same ones."""
    country = load_region("nederland")
    schools = {school.id: school.students for school in country.schools}
    assert all(schools[school.id] == school.students for school in load_region("noord-brabant").schools)
    north = load_region("noord-holland-flevoland")
    cells = {region.id: country.firms[i] for i, region in enumerate(country.regions)}
    np.testing.assert_array_equal(north.firms, [cells[region.id] for region in north.regions])
    named = {pps.id for pps in country.known_pps if not pps.id.startswith("naamloos")}
    elsewhere = {pps.id for name in PACKS[1:] for pps in load_region(name).known_pps}
    assert len(named) == 50
    assert named <= elsewhere


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", PACKS)
def test_books_and_students_are_kept(name: str) -> None:
    model = lived(name)
    for check in CHECKS:
        check(model)


@pytest.mark.parametrize("name", PACKS[::2])
def test_books_and_students_are_kept_with_a_policy(name: str) -> None:
    for model in quarters(run(name, "regiefonds", "2028-Q2")):
        if model.quarter % 40 == 27:
            for check in CHECKS:
                check(model)
    assert np.all((model.policy_cents.sum(axis=1) > 0) == (np.bincount(model.pps.province) > 3))


@pytest.mark.parametrize("name", PACKS)
def test_the_pack_decides_what_history_replays(name: str) -> None:
    """Until its list ends, the known partnerships start and no others; then others do."""
    model = lived(name)
    known = np.array([identity.startswith("known/") for identity in model.pps_ids])
    until = model.calendar.step_of(model.pack.known_until)
    assert known.sum() == len(model.pack.known_pps)
    assert model.pps.born[known].max() < until <= model.pps.born[~known].min()


@pytest.mark.parametrize("name", PACKS)
def test_every_outcome_is_there_in_every_province(name: str) -> None:
    for outcome, values in by_place(lived(name)).items():
        assert not np.isnan(values[-1]).any() or outcome in RATIOS, outcome
        assert not np.isnan(values[-1]).all(), outcome


@pytest.mark.parametrize("name", PACKS)
def test_provinces_add_up_to_the_whole(name: str) -> None:
    outcomes = by_place(lived(name))
    for outcome in set(OUTCOMES) - RATIOS - NO_SUM:
        values = outcomes[outcome]
        np.testing.assert_allclose(values[:, :-1].sum(axis=1), values[:, -1], rtol=1e-9, atol=1e-9, err_msg=outcome)
    for outcome in NO_SUM:
        values = outcomes[outcome]
        assert np.all(values[:, -1] <= values[:, :-1].sum(axis=1) + 1e-9)
        assert np.all(values[:, -1] >= values[:, :-1].max(axis=1) - 1e-9)
    for outcome, above, below in record.RATIOS:
        one, other = (outcomes[name][:, :-1].sum(axis=1) for name in (above, below))
        some = other > 0
        np.testing.assert_allclose(outcomes[outcome][some, -1], one[some] / other[some], rtol=1e-9, err_msg=outcome)
        assert np.isnan(outcomes[outcome][~some, -1]).all()
    for outcome in MEANS_OF_MKB:
        values = outcomes[outcome]
        assert np.all(values[:, :-1].min(axis=1) <= values[:, -1] + 1e-9)
        assert np.all(values[:, -1] <= values[:, :-1].max(axis=1) + 1e-9)


@pytest.mark.parametrize("name", PACKS)
def test_hogescholen_take_part_near_their_seat(name: str) -> None:
    model = lived(name)
    table = model.memberships
    rows = np.flatnonzero(table.kind == Kind.HOGESCHOOL)
    assert len(rows) > 3
    seats = np.array([hbo.region for hbo in model.hogescholen])[table.member[rows]]
    where = model.pps.region[table.pps[rows]]
    assert np.all((model.province_of[seats] == model.province_of[where]) | model.pack.adjacency[seats, where])


# ── the scale of a country ──────────────────────────────────────────────────────────────────────────────

WITHIN = {
    "pps_started": 0.05, "pps_active": 0.05, "networks_alive": 0.15, "students_direct": 0.1, "regie_fte": 0.15,
    "partners_per_pps": 0.1, "companies_unique": 0.12, "mkb_reached_share": 0.12, "students_bbl": 0.005,
    "learning_culture": 0.02, "belief_llo": 0.02,
}  # fmt: skip
"""Relative distance of docs/regions.md within which a sample of the country stays of a larger one."""


@pytest.mark.statistical
def test_a_sample_of_the_country_stays_near_the_larger_one() -> None:
    small, large = (by_place(run("nederland", "baseline", "2021-Q4", scale).run()) for scale in (0.02, 0.1))
    far = {
        name: (float(small[name][-1, -1]), float(large[name][-1, -1]))
        for name, tolerance in WITHIN.items()
        if abs(small[name][-1, -1] / large[name][-1, -1] - 1.0) > tolerance
    }
    assert not far
