"""Observation operators: each gives what its report would have counted, in worlds small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.columns import Floats, Ints
from agents.errors import InputError
from agents.partnership import Block, Decision, Kind, Leaving, Location, Role
from calibration.held_back import held_back_targets
from calibration.observe import (
    MEASURES,
    OPERATORS,
    SECTORS,
    Survey,
    bbl_graduates_change,
    flow_change,
    flow_share,
    local_share,
    most_pps_of_a_firm,
    national_bbl,
    national_bol,
    observe,
    partners_unique,
    phase_of_cohort,
    pps_by_firm_role,
    reach_per_pps,
)
from calibration.targets import calibration_targets
from scenarios.region import RegionPack
from scenarios.scenario import load_scenario
from sim.enrolment import BBL, BOL
from sim.model import PpsModel
from sim.network import count_partners, join, leave
from tests import worlds

ALL = (*calibration_targets(), *held_back_targets())
BY_ID = {target.id: target for target in ALL}
SCALE = 0.1


def baseline(pack: RegionPack, seed: int = 1, scale: float = SCALE) -> PpsModel:
    return PpsModel(pack, load_scenario("baseline"), seed=seed, scale=scale)


@pytest.fixture(scope="module")
def seen(brabant: RegionPack) -> Floats:
    return observe(baseline(brabant), ALL)


# ── the baseline ────────────────────────────────────────────────────────────────────────────────────────


def test_every_target_is_observed_in_the_baseline(seen: Floats) -> None:
    missing = {target.id for target, value in zip(ALL, seen, strict=True) if not np.isfinite(value)}
    assert not missing & {target.id for target in calibration_targets()}
    assert all(id.startswith("rif-") for id in missing), "a round may grant the region nothing"


def test_shares_and_directions_are_such(seen: Floats) -> None:
    for target, value in zip(ALL, seen, strict=True):
        if target.unit == "fraction" and "change" not in target.operator:
            assert 0 <= value <= 1, target.id
        if target.unit == "yes/no":
            assert value in (0, 1), target.id
        if target.unit == "phase":
            assert 1 <= value <= 5, target.id


def test_the_same_run_is_observed_the_same(brabant: RegionPack) -> None:
    targets = calibration_targets()
    first, second = observe(baseline(brabant), targets), observe(baseline(brabant), targets)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, observe(baseline(brabant, seed=2), targets))


def test_observing_leaves_the_run_as_it_is(brabant: RegionPack) -> None:
    """The recorded outcomes are those of a run that nobody looks at, and the run can go on."""
    looked_at, alone = baseline(brabant), baseline(brabant)
    observe(looked_at, ALL)
    alone.run_until(looked_at.time)
    assert looked_at.recorder is not None
    assert alone.recorder is not None
    assert np.array_equal(looked_at.recorder.values, alone.recorder.values, equal_nan=True)
    looked_at.step()


def test_no_quarter_is_lived_beyond_the_last_asked(brabant: RegionPack) -> None:
    model = baseline(brabant)
    observe(model, calibration_targets())
    assert model.calendar.label(model.quarter) == max(target.when for target in calibration_targets())
    nothing = baseline(brabant)
    assert observe(nothing, ()).shape == (0,)
    assert nothing.time == 0


def test_the_order_of_targets_does_not_matter(brabant: RegionPack, seen: Floats) -> None:
    assert np.array_equal(observe(baseline(brabant), ALL[::-1])[::-1], seen)


def test_what_is_asked_alone_is_the_same(brabant: RegionPack, seen: Floats) -> None:
    for id in ("reach-mean", "shift-practice", "national-bbl-2014"):
        assert observe(baseline(brabant), [BY_ID[id]])[0] == seen[ALL.index(BY_ID[id])]


@pytest.mark.parametrize(
    ("id", "outcome", "over"),
    [
        ("partners-unique", "partners_unique", None),
        ("partners-companies", "companies_unique", None),
        ("employers", "largest_employers_in_pps", None),
        ("active-2018", "pps_active", None),
        ("students-2019", "students_per_pps", None),
        ("partners-2019", "partners_per_pps", None),
        ("post-rif-2021", "pps_post_subsidy", "pps_active"),
    ],
)
def test_where_an_outcome_has_the_same_definition_so_is_the_number(
    brabant: RegionPack, id: str, outcome: str, over: str | None
) -> None:
    model, target = baseline(brabant), BY_ID[id]
    (value,) = observe(model, [target])
    survey = Survey(model, model.quarter)
    expected = survey.measure(outcome) / (survey.measure(over) if over else 1.0)
    assert value == pytest.approx(expected, rel=1e-12)


def test_all_measures_can_be_read(brabant: RegionPack) -> None:
    model = baseline(brabant)
    model.run_until(model.calendar.step_of("2019-Q4") + 1)
    assert not [name for name in MEASURES if not np.isfinite(Survey(model, model.quarter).measure(name))]


def test_a_run_that_has_begun_is_refused(brabant: RegionPack) -> None:
    model = baseline(brabant)
    model.step()
    with pytest.raises(ValueError, match="not lived yet"):
        observe(model, ALL)


def test_a_quarter_that_the_run_does_not_have_is_refused(brabant: RegionPack) -> None:
    short = load_scenario("baseline").model_copy(update={"until": "2017-Q4"})
    with pytest.raises(InputError, match="target active-2018: 2018-Q2 is not in the run"):
        observe(PpsModel(brabant, short, scale=0.02), [BY_ID["active-2018"]])


def test_a_region_that_the_pack_does_not_have_is_refused(pack: RegionPack) -> None:
    with pytest.raises(InputError, match="the region 'west' is not in the pack"):
        observe(worlds.small_model(pack), [BY_ID["inflow-bbl-west"]])


# ── by hand ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world() -> PpsModel:
    """A world with two partnerships founded by hand and nothing else."""
    model = worlds.small_model(worlds.small_pack(known_pps=()), calls=())
    model.step()
    worlds.founded(model, firms=())
    worlds.founded(model, firms=(), region=1, school=1)
    leave(model, model.memberships.active(), Leaving.NO_RESULTS)  # whoever they were founded with has gone
    return model


def survey(model: PpsModel) -> Survey:
    return Survey(model, model.quarter)


def member(model: PpsModel, pps: int, kind: Kind, numbers: list[int], role: Role = Role.PARTNER) -> None:
    join(model, pps, kind, np.array(numbers), role)
    count_partners(model)


def test_partners_are_counted_once_over_networks(world: PpsModel) -> None:
    member(world, 0, Kind.MKB, [20, 21, 22])
    member(world, 0, Kind.SCHOOL, [0])
    member(world, 0, Kind.GEMEENTE, [0, 1])
    member(world, 1, Kind.GROOTBEDRIJF, [0])
    member(world, 1, Kind.SCHOOL, [0, 1])
    member(world, 1, Kind.VMBO, [0])
    member(world, 1, Kind.GEMEENTE, [1])
    member(world, 1, Kind.OVERIG, [0])
    counted = {kind: partners_unique(survey(world), kind) for kind in ("all", "companies", "education", "government")}
    assert counted == {"all": 10, "companies": 4, "education": 3, "government": 2}
    assert partners_unique(survey(world), "care") == partners_unique(survey(world), "branch") == 0
    assert OPERATORS["mkb_share_of_firms"](survey(world)) == 0.75
    assert OPERATORS["partners_per_pps"](survey(world), "mean", "all") == 6
    assert OPERATORS["partners_per_pps"](survey(world), "max", "core") == 3
    assert OPERATORS["municipalities_per_pps"](survey(world)) == 1.5
    assert OPERATORS["no_hbo_share"](survey(world)) == 1
    member(world, 1, Kind.HOGESCHOOL, [0])
    assert OPERATORS["no_hbo_share"](survey(world)) == 0.5


def test_a_firm_in_two_networks_is_noticed(world: PpsModel) -> None:
    assert np.isnan(most_pps_of_a_firm(survey(world)))
    member(world, 0, Kind.GROOTBEDRIJF, [0, 1])
    assert most_pps_of_a_firm(survey(world)) == 1
    member(world, 1, Kind.GROOTBEDRIJF, [1])
    assert most_pps_of_a_firm(survey(world)) == 2
    world.firms.weight[1] = 2.0  # two firms that share the two memberships
    assert most_pps_of_a_firm(survey(world)) == 1


def test_local_are_the_own_region_and_its_neighbours() -> None:
    pack = replace(worlds.small_pack(known_pps=()), adjacency=np.zeros((2, 2), dtype=bool))
    world = worlds.small_model(pack, calls=())
    world.step()
    worlds.founded(world, firms=())
    leave(world, world.memberships.active(), Leaving.NO_RESULTS)
    near, far = (np.flatnonzero(world.firms.region == region)[:3].tolist() for region in (0, 1))
    member(world, 0, Kind.MKB, [*near, far[0]])
    member(world, 0, Kind.SCHOOL, [0, 1])
    member(world, 0, Kind.HOGESCHOOL, [0])
    member(world, 0, Kind.GEMEENTE, [0])
    assert local_share(survey(world)) == 6 / 8


def test_the_dominant_role_of_firms_is_that_of_most(world: PpsModel) -> None:
    member(world, 0, Kind.MKB, [20, 21], Role.ADVISEUR)
    member(world, 0, Kind.MKB, [22], Role.PARTNER)
    member(world, 1, Kind.MKB, [23], Role.PARTNER)
    member(world, 1, Kind.MKB, [24], Role.MEDE_EIGENAAR)
    roles = {role: pps_by_firm_role(survey(world), role, 20) for role in ("klant", "adviseur", "partner")}
    assert roles == {"klant": 0, "adviseur": 10, "partner": 5}
    assert pps_by_firm_role(survey(world), "mede_eigenaar", 20) == 5


def test_reach_is_a_mean_over_the_years_that_a_pps_has_run(world: PpsModel) -> None:
    look = survey(world)
    for students in (0.0, 0.0, 100.0, 300.0):  # a year of 100, then half a year
        world.pps.students_direct[:] = (students, 0.0)
        look.look()
        world.quarter += 1
    world.quarter -= 1
    assert reach_per_pps(look, "mean") == 100  # the other reached nobody yet
    world.pps.stopped[0] = world.quarter
    assert np.isnan(reach_per_pps(look, "mean"))


def test_phases_are_those_of_a_cohort(world: PpsModel) -> None:
    world.pps.phase[:] = (2, 4)
    world.pps.born[:] = (0, world.calendar.step_of("2014-Q4"))
    assert phase_of_cohort(survey(world), 2012, 2014, "min") == 4
    assert phase_of_cohort(survey(world), 2011, 2014, "min") == 2
    assert np.isnan(phase_of_cohort(survey(world), 2015, 2016, "min"))
    world.pps.network_alive[1] = False
    assert np.isnan(phase_of_cohort(survey(world), 2012, 2014, "min"))


def test_locations_waves_and_the_end_of_the_subsidy(world: PpsModel) -> None:
    world.pps.location[:] = (Location.OWN, Location.SCHOOL)
    assert OPERATORS["pps_at_location"](survey(world), "own") == 1
    world.pps.blocks[0, Block.C_PLACE] = 1.0
    world.pps.blocks[1, Block.C_PLACE] = 0.0
    assert OPERATORS["context_rich_share"](survey(world)) == 0.5
    world.pps.blocks[:] = 0.0
    assert OPERATORS["wave"](survey(world), "median") == 0
    assert OPERATORS["post_subsidy_share"](survey(world)) == 0
    world.pps.decision[0], world.pps.last_paid[0] = Decision.A_EMBED, world.quarter - 1
    assert OPERATORS["post_subsidy_share"](survey(world)) == 0.5
    world.pps.stopped[1] = world.quarter
    assert OPERATORS["post_subsidy_share"](survey(world)) == 1
    assert OPERATORS["pps_active"](survey(world)) == 1


def test_projects_granted_since_a_quarter(world: PpsModel) -> None:
    member(world, 1, Kind.MKB, [20, 21, 22])
    member(world, 1, Kind.ZORGINSTELLING, [0])
    member(world, 1, Kind.GEMEENTE, [0])
    world.memberships.founder[-5:] = True
    world.pps.born[:] = (0, 5)
    world.pps.cost[:] = (1e6, 3e6)
    since = world.calendar.label(5)
    assert OPERATORS["founding_partners"](survey(world), since) == 4
    assert OPERATORS["project_cost"](survey(world), since) == 3
    assert np.isnan(OPERATORS["project_cost"](survey(world), world.calendar.label(6)))
    start = world.calendar.label(0)
    assert np.isnan(OPERATORS["award_rate"](survey(world), start))
    world.applications["asked"][0, 0], world.applications["granted"][0, 0] = 4, 3
    assert OPERATORS["award_rate"](survey(world), start) == 0.75


def test_people_reached_per_pps(world: PpsModel) -> None:
    pps = world.pps
    pps.students_direct[:], pps.students_indirect[:], pps.teachers[:] = (10, 30), (20, 40), (1, 3)
    pps.professionals[:], pps.llo[:] = (5, 9), (0, 6)
    assert OPERATORS["students_per_pps"](survey(world), "median") == 20
    assert OPERATORS["students_per_pps"](survey(world), "mean", "indirect") == 30
    assert OPERATORS["teachers_per_pps"](survey(world), "max") == 3
    pps.network_alive[0] = False
    assert OPERATORS["professionals_per_pps"](survey(world), "mean") == 9
    assert OPERATORS["llo_per_pps"](survey(world), "mean") == 6


def test_changes_are_told_from_what_was_noted(world: PpsModel) -> None:
    now = world.calendar.label(world.quarter)
    look = Survey(world, world.quarter, frozenset({("demand", world.quarter)}))
    world.pps.demand[:] = 0.4
    look.look()
    world.pps.demand[:] = 0.6
    assert OPERATORS["rises"](look, "demand", now) == 1
    assert OPERATORS["change"](look, "demand", now) == pytest.approx(0.5)
    assert OPERATORS["below_half"](look, "demand") == 0
    world.pps.demand[:] = 0.3
    assert OPERATORS["rises"](look, "demand", now) == 0
    assert OPERATORS["below_half"](look, "demand") == 1
    world.pps.practice[:] = 0.2
    assert OPERATORS["fewer"](look, "practice", "demand") == 1
    assert OPERATORS["fewer"](look, "demand", "practice") == 0
    assert np.isnan(OPERATORS["rises"](look, "practice", now))


# ── students ────────────────────────────────────────────────────────────────────────────────────────────


def turned(model: PpsModel, inflow: Ints, graduates: Ints) -> None:
    """Turn a school year by hand, with whoever graduates coming in at the same time."""
    start = model.enrolment.stock
    coming = np.zeros_like(start)
    going = np.zeros_like(start)
    coming[0, 0, 0, :], coming[1, 1, 3, :] = inflow[0], inflow[1]
    going[0, 0, 0, :], going[1, 1, 3, :] = graduates[0], graduates[1]
    model.enrolment.stock = start + going
    model.enrolment.turn_year(model.quarter, coming, going, np.zeros_like(start))


def test_flows_are_compared_between_two_octobers(world: PpsModel) -> None:
    look = survey(world)
    assert np.isnan(flow_change(look, "inflow", 2012))
    assert np.isnan(flow_share(look, "inflow", level=4))
    world.quarter = world.calendar.step_of("2012-Q4")
    turned(world, np.array([[100, 50], [10, 40]]), np.array([[40, 10], [20, 30]]))
    world.quarter = world.calendar.step_of("2017-Q4")
    turned(world, np.array([[50, 50], [20, 60]]), np.array([[10, 20], [15, 45]]))
    assert flow_change(look, "inflow", 2012) == pytest.approx(180 / 200 - 1)
    assert flow_change(look, "inflow", 2012, region="region-0") == pytest.approx(100 / 150 - 1)
    assert flow_change(look, "inflow", 2012, region="region-0", track="bbl") == -0.5
    assert flow_change(look, "inflow", 2012, level=4) == pytest.approx(80 / 50 - 1)
    assert flow_change(look, "graduates", 2012) == pytest.approx(90 / 100 - 1)
    assert flow_share(look, "inflow", level=4) == pytest.approx(80 / 180)
    assert flow_share(look, "graduates", region="region-1", track="bol") == 0.75
    assert bbl_graduates_change(look, 2012, 1) == -0.75
    assert bbl_graduates_change(look, 2012, 2) == -0.5
    assert np.isnan(flow_change(look, "inflow", 2013))


def test_fields_of_the_report_are_sectors_of_the_model(world: PpsModel) -> None:
    assert {sector for names in SECTORS.values() for sector in names} <= world.sector_number.keys()


def test_the_country_has_no_regions_of_its_own(brabant: RegionPack) -> None:
    """What is reported of regions does not move the country; the cycle and what holds elsewhere do."""

    def series(pack: RegionPack, **parameters: float) -> Floats:
        scenario = load_scenario("baseline").model_copy(update={"parameters": parameters})
        model = PpsModel(pack, scenario, seed=1, scale=0.02)
        look = Survey(model, model.calendar.step_of("2017-Q4"))
        return np.array(
            [[national(look, year) for year in range(2012, 2018)] for national in (national_bbl, national_bol)]
        )

    as_is = series(brabant)
    own = {"bbl_decline": 0.9, "bbl_start": 0.6, "inflow_trend": -0.1}
    lost = tuple(region.model_copy(update=own) for region in brabant.regions)
    assert np.array_equal(series(replace(brabant, regions=lost)), as_is)
    assert as_is[:, 0].tolist() == [1.0, 1.0]
    assert series(brabant, bbl_decline=0.6)[BBL, -1] < as_is[BBL, -1]
    assert series(brabant, bbl_cycle=5)[BBL, 2] > as_is[BBL, 2]
    assert not np.array_equal(series(brabant, level_4_shift=0.0)[BOL], as_is[BOL])


def test_a_year_that_the_run_does_not_reach_is_not_defined(brabant: RegionPack) -> None:
    model = baseline(brabant, scale=0.02)
    assert np.isnan(national_bbl(Survey(model, model.calendar.step_of("2014-Q4")), 2015))


# ── words ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_states_what_it_observes_and_its_unit(name: str) -> None:
    text = OPERATORS[name].__doc__ or ""
    assert text.startswith("Observe ")
    assert "Unit: " in text
    units = {target.unit for target in ALL if target.operator == name}
    stated = text.split("Unit: ")[1]
    assert all(unit in stated for unit in units), (units, stated)
