"""The patterns of model.md section 5 go the right way: means over seeds, within intervals wide enough to be true.

The intervals say what kind of world this is. They are not targets: calibration compares with the evidence itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from agents.columns import Floats
from agents.partnership import FIRM_KINDS, Decision, Kind, Role
from scenarios.region import RegionPack
from scenarios.scenario import Scenario, load_scenario
from sim.enrolment import BBL
from sim.model import PpsModel

pytestmark = [pytest.mark.statistical, pytest.mark.slow]

SEEDS = range(1, 17)
SCALE = 0.1


@dataclass
class Run:
    """One run and what was seen of it on the way."""

    model: PpsModel
    roles: list[int] = field(default_factory=list)  # of companies, 2018
    reach: list[float] = field(default_factory=list)  # students per PPS, end of 2017
    unique: dict[str, int] = field(default_factory=dict)  # partners by kind, 2018
    overlap: float = 0.0  # companies that take part in more than one PPS, 2018
    phases: list[tuple[int, int]] = field(default_factory=list)  # age in years and phase of living networks, 2018

    def value(self, outcome: str, quarter: str) -> float:
        recorder, step = self.model.recorder, self.model.calendar.step_of(quarter)
        assert recorder is not None
        return float(recorder.values[step, -1, recorder.numbers[outcome]])


def observe(run: Run) -> None:
    """Look at the partners, their roles and the phases as they are now."""
    model = run.model
    table, pps = model.memberships, model.pps
    rows = table.active()
    firms = np.isin(table.kind[rows], FIRM_KINDS)
    run.roles = table.role[rows[firms]].tolist()
    members, times = np.unique(table.member[rows[firms]], return_counts=True)
    places = np.minimum(times, model.firms.weight[members])
    run.overlap = 1.0 - float(places.sum() / times.sum())
    education = np.isin(table.kind[rows], (Kind.SCHOOL, Kind.HOGESCHOOL, Kind.VMBO, Kind.KENNISINSTELLING))
    for name, chosen in (("education", education), ("others", ~firms & ~education)):
        run.unique[name] = len({(int(table.kind[r]), int(table.member[r])) for r in rows[chosen]})
    run.unique["companies"] = round(float(places.sum()))
    alive = np.flatnonzero(pps.network_alive)
    run.phases = [((model.quarter - int(pps.born[k])) // 4, int(pps.phase[k])) for k in alive]


def live(pack: RegionPack, scenario: Scenario, seed: int, scale: float = SCALE) -> Run:
    model = PpsModel(pack, scenario, seed=seed, scale=scale)
    run = Run(model)
    model.run_until(model.calendar.step_of("2017-Q4") + 1)
    run.reach = model.pps.students_direct.tolist()
    model.run_until(model.calendar.step_of("2018-Q2") + 1)
    observe(run)
    model.run()
    return run


@pytest.fixture(scope="module")
def replayed(brabant: RegionPack) -> list[Run]:
    return [live(brabant, load_scenario("baseline"), seed) for seed in SEEDS]


@pytest.fixture(scope="module")
def emerged(brabant: RegionPack) -> list[Run]:
    return [live(brabant, load_scenario("emergent"), seed) for seed in SEEDS]


def mean(runs: list[Run], what: Callable[[Run], float]) -> float:
    return float(np.mean([what(run) for run in runs]))


def at(outcome: str, quarter: str) -> Callable[[Run], float]:
    return lambda run: run.value(outcome, quarter)


def kinds(name: str, run: Run) -> float:
    return run.unique[name]


def between(value: float, low: float, high: float) -> None:
    """Check an interval, and state the mean over seeds when it fails."""
    assert low <= value <= high, f"mean over {len(SEEDS)} seeds is {value:.4g}, expected {low:g} to {high:g}"


# ── P1-P5: reach and partners ───────────────────────────────────────────────────────────────────────────


def test_p1_reach_is_skewed(replayed: list[Run]) -> None:
    """Most PPS reach few students, a few reach many (reported: median 124, mean 207)."""
    median, average = (
        mean(replayed, lambda r: float(np.median(r.reach))),
        mean(replayed, lambda r: float(np.mean(r.reach))),
    )
    between(median, 70, 260)
    between(average, 120, 300)
    assert average > 1.1 * median
    assert mean(replayed, lambda r: max(r.reach)) > 3 * average


def test_p2_a_small_share_of_students_is_reached(replayed: list[Run]) -> None:
    between(mean(replayed, at("reach_share", "2017-Q4")), 0.03, 0.10)
    between(mean(replayed, at("reach_share", "2018-Q2")), 0.03, 0.10)


def test_p3_mostly_companies_then_education(replayed: list[Run]) -> None:
    companies, education, others = (
        mean(replayed, partial(kinds, name)) for name in ("companies", "education", "others")
    )
    total = companies + education + others
    assert companies > 0.4 * total
    assert companies > education
    between(education / total, 0.05, 0.40)


def test_p3_companies_hardly_overlap(replayed: list[Run]) -> None:
    between(mean(replayed, lambda r: r.overlap), 0.0, 0.15)


def test_p4_the_core_is_smaller_than_the_field_and_that_than_all(replayed: list[Run]) -> None:
    for quarter in ("2015-Q4", "2018-Q2", "2025-Q4"):
        core, fields, partners = (
            mean(replayed, at(f"{which}partners_per_pps", quarter)) for which in ("core_", "field_", "")
        )
        assert core < fields < partners
    between(mean(replayed, at("partners_per_pps", "2018-Q2")), 8, 40)


def test_p5_some_of_the_largest_employers_take_part(replayed: list[Run]) -> None:
    between(mean(replayed, at("largest_employers_in_pps", "2018-Q2")), 4, 13)


# ── P6-P7: cohorts and phases ───────────────────────────────────────────────────────────────────────────


def test_p6_replay_starts_the_known_cohorts(replayed: list[Run]) -> None:
    for run in replayed:
        started = {year: run.value("pps_started", f"{year}-Q4") for year in (2011, 2014, 2016)}
        assert started[2011] == 0
        assert 7 <= started[2014] <= 8
        assert 19 <= started[2016] <= 20
        assert run.value("pps_started", "2018-Q2") == 23


def test_p6_nearly_all_are_active_in_2018(replayed: list[Run]) -> None:
    between(mean(replayed, at("pps_active", "2018-Q2")), 20, 23)


def test_p6_initiation_starts_a_number_of_the_same_order(emerged: list[Run]) -> None:
    between(mean(emerged, at("pps_started", "2018-Q2")), 10, 35)
    assert min(run.value("pps_started", "2018-Q2") for run in emerged) > 3


def test_p6_partnerships_go_on_starting(replayed: list[Run]) -> None:
    between(mean(replayed, at("pps_started", "2025-Q4")) - 23, 5, 60)


def test_p7_phase_rises_with_age(replayed: list[Run]) -> None:
    by_age: dict[int, list[int]] = {}
    for run in replayed:
        for age, phase in run.phases:
            by_age.setdefault(min(age, 4), []).append(phase)
    means = [float(np.mean(by_age[age])) for age in sorted(by_age)]
    assert len(means) >= 4
    assert means == sorted(means), f"mean phase by age in years: {means}"
    assert means[-1] > means[0] + 0.8


def test_p7_few_are_recognised_within_three_years(replayed: list[Run]) -> None:
    """Phase 4 takes four to five years on average."""
    young = [phase for run in replayed for age, phase in run.phases if age < 3]
    old = [phase for run in replayed for age, phase in run.phases if age >= 4]
    assert np.mean(np.array(young) >= 4) < 0.25
    assert np.mean(np.array(old) >= 4) > np.mean(np.array(young) >= 4) + 0.2


# ── P8: students ────────────────────────────────────────────────────────────────────────────────────────


def bbl_by_region(run: Run, year: int) -> Floats:
    model = run.model
    heads = next(y.stock for y in model.enrolment.years if model.calendar.year(y.step) == year)
    return np.bincount(model.school_region, weights=heads[..., BBL].sum(axis=(1, 2)))


def test_p8_bbl_is_lowest_in_2015_and_rebounds(replayed: list[Run]) -> None:
    years = range(2011, 2024)
    bbl = [mean(replayed, at("students_bbl", f"{year}-Q4")) for year in years]
    assert years[int(np.argmin(bbl))] == 2015
    assert min(bbl) < 0.75 * bbl[0]
    assert bbl[list(years).index(2020)] > 1.1 * min(bbl)


def test_p8_west_loses_most_bbl(replayed: list[Run]) -> None:
    lost = np.mean([1 - bbl_by_region(run, 2017) / bbl_by_region(run, 2012) for run in replayed], axis=0)
    regions = [region.id for region in replayed[0].model.pack.regions]
    assert regions[int(np.argmax(lost))] == "west", dict(zip(regions, lost.round(3), strict=True))


def level_4_inflow(run: Run, year: int) -> float:
    model = run.model
    inflow = next(y.inflow for y in model.enrolment.years if model.calendar.year(y.step) == year)
    return float(inflow[:, :, 3].sum() / inflow.sum())


def test_p8_level_4_rises(replayed: list[Run]) -> None:
    before, after = mean(replayed, lambda r: level_4_inflow(r, 2012)), mean(replayed, lambda r: level_4_inflow(r, 2017))
    between(before, 0.33, 0.43)
    between(after, 0.43, 0.53)
    assert after > before + 0.06


# ── P9-P13: roles, the valley, and what is not reached ──────────────────────────────────────────────────


def test_p9_companies_are_mostly_advisers(replayed: list[Run]) -> None:
    counts = np.bincount([role for run in replayed for role in run.roles], minlength=5)
    assert int(np.argmax(counts)) == Role.ADVISEUR, counts.tolist()
    assert counts[Role.MEDE_EIGENAAR] < counts[Role.ADVISEUR]


def ended_by(run: Run, quarter: str, years: int) -> list[int]:
    """PPS that decided to go on at least some years before a quarter."""
    pps, now = run.model.pps, run.model.calendar.step_of(quarter)
    went_on = (pps.decision > 0) & (pps.decision != Decision.STOP)
    return np.flatnonzero(went_on & (pps.decided <= now - 4 * years)).tolist()


def test_p10_most_embed_in_the_school(replayed: list[Run]) -> None:
    decided = mean(replayed, lambda r: sum(r.value(f"pps_decided_{d}", "2024-Q4") for d in ("a", "b", "c", "stop")))
    embedded = mean(replayed, at("pps_decided_a", "2024-Q4"))
    assert embedded > 0.5 * decided
    assert embedded < decided, "and some find another way"


def test_p10_about_a_third_is_post_subsidy_in_2021(replayed: list[Run]) -> None:
    after, active = (mean(replayed, at(name, "2021-Q2")) for name in ("pps_post_subsidy", "pps_active"))
    between(after / active, 0.15, 0.75)


def test_p10_the_regie_falls_sharply_within_two_years(brabant: RegionPack) -> None:
    """Regie per PPS in the last year of the subsidy, and two years later (networks that died have none)."""
    before, after = [], []
    for seed in range(1, 5):
        model = PpsModel(brabant, load_scenario("baseline"), seed=seed, scale=SCALE)
        fte: list[Floats] = []
        for _ in range(model.calendar.step_of("2025-Q1")):
            model.run_until(model.time + 1)
            fte.append(model.pps.regie_fte.copy())
        pps = model.pps
        for k in np.flatnonzero((pps.decision > 0) & (pps.decision != Decision.STOP) & (pps.scaled_up < 0)):
            end = int(pps.subsidy_end[k])
            if end + 8 < len(fte):
                before.append(np.mean([fte[t][k] for t in range(end - 5, end - 1)]))
                after.append(fte[end + 8][k])
    assert len(before) > 40
    assert np.mean(after) < 0.5 * np.mean(before), (np.mean(before), np.mean(after))


def test_p10_most_networks_are_lost_while_results_stay(replayed: list[Run]) -> None:
    lost, kept = [], []
    for run in replayed:
        pps, now = run.model.pps, run.model.calendar.step_of("2025-Q4")
        for k in ended_by(run, "2025-Q4", 4):
            lost.append(0 <= pps.network_death[k] <= now)
            kept.append(pps.results[k])
    assert np.mean(lost) > 0.5
    assert np.mean(np.array(kept) > 0.1) > 0.6
    between(mean(replayed, at("valley_share", "2025-Q4")), 0.4, 1.0)


def test_p10_reach_outlives_the_network(replayed: list[Run]) -> None:
    share = []
    for run in replayed:
        pps = run.model.pps
        dead = (~pps.network_alive) & (pps.stopped < 0)
        share.append(pps.students_direct[dead].sum() / pps.students_direct.sum())
    assert np.mean(share) > 0.2


def test_p11_few_learning_communities(replayed: list[Run]) -> None:
    networks = mean(replayed, at("networks_alive", "2021-Q4"))
    assert mean(replayed, at("learning_communities", "2021-Q4")) < 0.35 * networks


def test_p11_llo_stays_below_ambition(replayed: list[Run]) -> None:
    """Fewer working adults than students, though most partnerships say to be there for both."""
    assert mean(replayed, at("llo_participants", "2018-Q2")) < mean(replayed, at("students_direct", "2018-Q2"))


def test_p12_hogescholen_take_part_in_some(replayed: list[Run]) -> None:
    with_hbo, networks = (mean(replayed, at(name, "2018-Q2")) for name in ("pps_with_hbo", "networks_alive"))
    between(with_hbo / networks, 0.05, 0.75)


def test_p13_the_peloton_of_mkb_is_not_reached(replayed: list[Run]) -> None:
    for quarter in ("2018-Q2", "2021-Q4", "2025-Q4"):
        between(mean(replayed, at("mkb_reached_share", quarter)), 0.0005, 0.04)


def test_p13_partnerships_become_more_demand_driven_slowly(replayed: list[Run]) -> None:
    drift = []
    for run in replayed:
        pps = run.model.pps
        alive = pps.network_alive & (pps.decision > 0)
        drift += (pps.demand[alive] > run.model.p.demand_at_start).tolist()
    assert np.mean(drift) > 0.5


# ── scale ───────────────────────────────────────────────────────────────────────────────────────────────

# outcome, quarter, relative tolerance: chance over eight seeds plus the sampling of firms
SCALED = (
    ("pps_active", "2018-Q2", 0.10),
    ("networks_alive", "2018-Q2", 0.10),
    ("partners_per_pps", "2018-Q2", 0.15),
    ("companies_unique", "2018-Q2", 0.15),
    ("students_direct", "2018-Q2", 0.15),
    ("students_bbl", "2017-Q4", 0.02),
    ("level_4_share", "2017-Q4", 0.01),
    ("learning_culture", "2018-Q2", 0.03),
    ("belief_llo", "2018-Q2", 0.05),
    ("euros_national_subsidy", "2017-Q4", 0.02),
    ("euros_cash", "2017-Q4", 0.10),
    ("regie_fte", "2017-Q4", 0.15),
    ("mkb_reached_share", "2018-Q2", 0.20),
    ("partners_per_pps", "2024-Q4", 0.25),
    ("students_direct", "2024-Q4", 0.20),
)


@pytest.fixture(scope="module")
def full(brabant: RegionPack) -> list[Run]:
    return [live(brabant, load_scenario("baseline"), seed, scale=1.0) for seed in SEEDS[:8]]


@pytest.mark.parametrize(("outcome", "quarter", "tolerance"), SCALED)
def test_a_sample_of_firms_tells_the_same(
    replayed: list[Run], full: list[Run], outcome: str, quarter: str, tolerance: float
) -> None:
    sampled, whole = mean(replayed[:8], at(outcome, quarter)), mean(full, at(outcome, quarter))
    assert sampled == pytest.approx(whole, rel=tolerance)
