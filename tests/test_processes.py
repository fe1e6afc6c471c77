"""What no process may do, in any world: after every quarter all columns are in range and all rules of life hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given

from agents.columns import Table
from agents.partnership import (
    EDUCATION_KINDS,
    FIELD_KINDS,
    Block,
    Decision,
    Kind,
    Leaving,
    Location,
    Position,
    Role,
    Status,
)
from sim.contact import contact_and_joining
from sim.engagement import value_and_engagement
from sim.model import PpsModel
from sim.outcomes import outcome_table
from sim.phases import phases
from sim.reach import reach
from tests.worlds import (
    HTSM,
    Case,
    cases,
    examples,
    founded,
    in_range,
    known,
    live,
    own,
    province_row,
    region_row,
    school_row,
    small_model,
    small_pack,
)

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # nothing may become NaN unseen


@dataclass
class Quarter:
    """A model after a quarter, and what its tables held before it."""

    model: PpsModel
    pps: dict[str, npt.NDArray[Any]]
    memberships: dict[str, npt.NDArray[Any]]


def copied(table: Table) -> dict[str, npt.NDArray[Any]]:
    return {name: getattr(table, name).copy() for name in table.names()}


# ── ranges ──────────────────────────────────────────────────────────────────────────────────────────────

ZERO_ONE_PPS = (
    "leader", "history", "demand", "practice", "blocks", "hardware", "software", "results", "adequacy", "chance",
)  # fmt: skip
ZERO_ONE_FIRMS = (
    "learning_culture", "innovation_need", "belief_staff", "belief_llo", "belief_innovation", "motive_staff",
    "motive_llo", "motive_innovation",
)  # fmt: skip
ZERO_ONE_SCHOOL = ("portfolio_management", "not_invented_here", "llo_experience", "willing_to_fund")
NOT_NEGATIVE_PPS = (
    "target_students", "cost", "founders", "regie_fte", "effort", "income", "due_national", "due_provincial",
    "firms", "large", "field", "core", "owners", "partners", "branches", "municipalities", "vmbo", "hogescholen",
    "students_direct", "students_indirect", "teachers", "professionals", "llo",
)  # fmt: skip


def all_numbers_are_finite(now: Quarter) -> None:
    model = now.model
    for table in (model.pps, model.firms, model.memberships):
        for name in table.names():
            assert np.isfinite(getattr(table, name)).all(), name


def within_zero_and_one(now: Quarter) -> None:
    model = now.model
    for table, names in ((model.pps, ZERO_ONE_PPS), (model.firms, ZERO_ONE_FIRMS)):
        for name in names:
            column = getattr(table, name)
            assert not column.size or 0 <= column.min() <= column.max() <= 1, name
    for school in model.schools:
        for name in ZERO_ONE_SCHOOL:
            assert 0 <= getattr(school, name) <= 1, name
    for hbo in model.hogescholen:
        assert 0 <= hbo.value_of_mbo <= 1
        assert 0 <= hbo.large_firm_links <= 1
    assert all(0 <= province.orchestration <= 1 for province in model.provinces)
    assert 0 <= model.climate.tightness <= 1
    motives = model.firms.motive_staff + model.firms.motive_llo + model.firms.motive_innovation
    assert np.allclose(motives, 1.0)


def value_is_within_zero_and_one(now: Quarter) -> None:
    value = now.model.memberships.value
    assert not len(value) or 0 <= value.min() <= value.max() <= 1


def nothing_is_negative(now: Quarter) -> None:
    pps, firms, table = now.model.pps, now.model.firms, now.model.memberships
    for name in NOT_NEGATIVE_PPS:
        column = getattr(pps, name)
        assert not column.size or column.min() >= 0, name
    for name in ("employees", "vacancies", "patience", "bbl_places", "memberships"):
        assert getattr(firms, name).min() >= 0, name
    assert firms.weight.min() >= 1
    assert not len(table) or table.clock.min() >= 0


def codes_have_a_meaning(now: Quarter) -> None:
    pps, table = now.model.pps, now.model.memberships
    for row in range(len(pps)):
        Status(pps.status[row]), Decision(pps.decision[row]), Position(pps.position[row]), Location(pps.location[row])
        assert 1 <= pps.phase[row] <= 5
        assert 1 <= pps.llo_type[row] <= 4
    assert set(table.role) <= set(Role) - {Role.GEEN}
    assert set(table.kind) <= set(Kind)
    assert set(table.why) <= set(Leaving)


# ── who takes part ──────────────────────────────────────────────────────────────────────────────────────


def nobody_has_two_roles(now: Quarter) -> None:
    """A partner is in a PPS once; a sampled firm as often as there are firms that it stands for."""
    model, table = now.model, now.model.memberships
    rows = table.active()
    rows = rows[(table.kind[rows] > Kind.GROOTBEDRIJF) | (model.firms.weight[table.member[rows] * _firm(now)] <= 1.0)]
    who = list(zip(table.pps[rows], table.kind[rows], table.member[rows], strict=True))
    assert len(who) == len(set(who))


def _firm(now: Quarter) -> npt.NDArray[np.int64]:
    """1 for rows of firms, 0 for others, so that a member number is safe to look up among firms."""
    table = now.model.memberships
    rows = table.active()
    return (table.kind[rows] <= Kind.GROOTBEDRIJF).astype(np.int64)


def firms_keep_to_their_most(now: Quarter) -> None:
    """An mkb firm is in one PPS, a large one in a few; a sampled firm has the room of all that it stands for."""
    firms, p = now.model.firms, now.model.p
    most = np.where(firms.large, np.floor(p.most_pps_large), 1.0) * firms.weight
    whole = firms.weight == 1.0
    assert np.all(firms.memberships[whole] <= most[whole])
    assert np.all(firms.memberships[~whole] < np.ceil(p.most_pps_large) * firms.weight[~whole] + 1)


def kinds_fit_the_members(now: Quarter) -> None:
    model, table = now.model, now.model.memberships
    firm = table.kind <= Kind.GROOTBEDRIJF
    assert np.array_equal(model.firms.large[table.member[firm]], table.kind[firm] == Kind.GROOTBEDRIJF)
    for row in table.active():
        assert model.organisation(table.kind[row], table.member[row]) is not None
    hbo = table.active()[table.kind[table.active()] == Kind.HOGESCHOOL]
    for row in hbo:
        assert model.pps.sector[table.pps[row]] in model.hogescholen[table.member[row]].sectors


def counts_are_those_of_the_memberships(now: Quarter) -> None:
    table, pps = now.model.memberships, now.model.pps
    rows = table.active()
    for number in range(len(pps)):
        mine = rows[table.pps[rows] == number]
        kind, role = table.kind[mine], table.role[mine]
        firm, field = kind <= Kind.GROOTBEDRIJF, np.isin(kind, FIELD_KINDS)
        counted = {
            "partners": len(mine),
            "firms": firm.sum(),
            "large": (kind == Kind.GROOTBEDRIJF).sum(),
            "field": field.sum(),
            "core": (field & (role >= Role.ADVISEUR)).sum(),
            "owners": (firm & (role == Role.MEDE_EIGENAAR)).sum(),
            "branches": (kind == Kind.BRANCHEORGANISATIE).sum(),
            "municipalities": (kind == Kind.GEMEENTE).sum(),
            "vmbo": (kind == Kind.VMBO).sum(),
            "hogescholen": (kind == Kind.HOGESCHOOL).sum(),
        }
        assert {name: getattr(pps, name)[number] for name in counted} == counted
        assert pps.firms[number] + np.isin(kind, EDUCATION_KINDS).sum() <= pps.partners[number]


def firms_know_their_memberships(now: Quarter) -> None:
    model, table = now.model, now.model.memberships
    rows = table.active()
    rows = rows[table.kind[rows] <= Kind.GROOTBEDRIJF]
    counted = np.bincount(table.member[rows], minlength=len(model.firms))
    assert np.array_equal(model.firms.memberships, counted)


def memberships_stay_as_they_ended(now: Quarter) -> None:
    table, before = now.model.memberships, now.memberships
    old = len(before["pps"])
    for name in ("pps", "kind", "member", "since", "founder"):
        assert np.array_equal(getattr(table, name)[:old], before[name]), name
    over = before["until"] >= 0
    for name in ("until", "why", "role", "value"):
        assert np.array_equal(getattr(table, name)[:old][over], before[name][over]), name
    left = table.until >= 0
    assert np.all((table.why > 0) == left)
    assert np.all(table.until[left] >= table.since[left])
    assert np.all(table.since[old:] == now.model.quarter)


def roles_move_by_one_or_fall_to_adviser(now: Quarter) -> None:
    table, before = now.model.memberships, now.memberships
    old = len(before["role"])
    moved = table.role[:old] - before["role"]
    embedded = now.model.pps.decided[table.pps[:old]] == now.model.quarter
    assert np.all((np.abs(moved) <= 1) | (embedded & (table.role[:old] == Role.ADVISEUR)))


# ── the life of a partnership ───────────────────────────────────────────────────────────────────────────


def phase_moves_by_one(now: Quarter) -> None:
    pps, old = now.model.pps, len(now.pps["phase"])
    assert np.all(np.abs(pps.phase[:old] - now.pps["phase"]) <= 1)
    assert np.all(np.abs(pps.phase[old:] - 1) <= 1)
    reached = pps.phase_since[np.arange(len(pps)), pps.phase]
    assert np.all(reached >= pps.born)
    assert np.array_equal(pps.phase_since[:old][now.pps["phase_since"] >= 0], _set(now.pps["phase_since"]))


def _set(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return column[column >= 0]


def a_decided_pps_never_undecides(now: Quarter) -> None:
    pps, old = now.model.pps, len(now.pps["decision"])
    decided = now.pps["decision"] > 0
    for name in ("decision", "decided"):
        assert np.array_equal(getattr(pps, name)[:old][decided], now.pps[name][decided]), name
    assert np.array_equal(pps.decision > 0, pps.decided >= 0)
    over = (pps.subsidy_end <= now.model.quarter) & (pps.decision == Decision.NONE)
    assert not over.any(), "subsidy ended without a decision"


def the_dead_stay_dead(now: Quarter) -> None:
    pps, old = now.model.pps, len(now.pps["phase"])
    dead = ~now.pps["network_alive"]
    assert not pps.network_alive[:old][dead].any()
    assert np.array_equal(pps.network_death[:old][dead], now.pps["network_death"][dead])
    assert np.array_equal(pps.network_alive, pps.network_death < 0)
    assert not pps.partners[~pps.network_alive].any()
    assert not pps.regie_fte[~pps.network_alive].any()
    assert not pps.blocks[~pps.network_alive, 6].any()


def the_stopped_stay_stopped(now: Quarter) -> None:
    pps, old = now.model.pps, len(now.pps["phase"])
    before = now.pps["status"] == Status.STOPPED
    assert np.all(pps.status[:old][before] == Status.STOPPED)
    stopped = pps.status == Status.STOPPED
    assert np.array_equal(stopped, pps.stopped >= 0)
    assert np.array_equal(stopped, pps.decision == Decision.STOP)
    assert not pps.network_alive[stopped].any()
    assert not pps.students_direct[:old][before].any()


def status_follows_the_decision(now: Quarter) -> None:
    pps = now.model.pps
    assert np.array_equal(pps.status == Status.SUBSIDISED, pps.decision == Decision.NONE)
    assert np.all(pps.status[pps.decision == Decision.A_EMBED] == Status.EMBEDDED)
    independent = pps.status == Status.INDEPENDENT
    assert np.all(np.isin(pps.decision[independent], (Decision.B_CONTINUE_ENTITY, Decision.C_NEW_ENTITY)))
    assert pps.network_alive[independent].all()


def what_was_founded_stays(now: Quarter) -> None:
    pps, old = now.model.pps, len(now.pps["phase"])
    for name in ("school", "sector", "region", "province", "born", "account", "history", "first_position", "cost",
                 "target_students", "founders", "chance", "subsidy_start"):  # fmt: skip
        assert np.array_equal(getattr(pps, name)[:old], now.pps[name]), name
    assert len(now.model.pps_ids) == len(set(now.model.pps_ids)) == len(pps)
    assert len(set(now.model.pps_names)) == len(pps)


def students_reached_are_students_of_the_school(now: Quarter) -> None:
    model, pps = now.model, now.model.pps
    assert np.all(pps.students_direct <= pps.target_students + 1e-9)
    assert [pps.row for pps in model.partnerships] == list(range(len(pps)))


SHARES = tuple(name for name, outcome in outcome_table().items() if outcome.unit in ("share", "0-1"))


def outcomes_are_in_range(now: Quarter) -> None:
    recorder = now.model.recorder
    assert recorder is not None
    values = recorder.values[now.model.quarter]
    assert not np.isinf(values).any()
    assert np.nanmin(values) >= 0
    for name in SHARES:
        share = values[:, recorder.numbers[name]]
        assert np.all(np.isnan(share) | (share <= 1 + 1e-12)), name
    adds = [recorder.numbers[name] for name in ("pps_started", "students", "euros_cash", "regie_fte", "partners")]
    assert np.allclose(values[:-1, adds].sum(axis=0), values[-1, adds])


CHECKS: tuple[Callable[[Quarter], None], ...] = (
    all_numbers_are_finite,
    within_zero_and_one,
    value_is_within_zero_and_one,
    nothing_is_negative,
    codes_have_a_meaning,
    nobody_has_two_roles,
    firms_keep_to_their_most,
    kinds_fit_the_members,
    counts_are_those_of_the_memberships,
    firms_know_their_memberships,
    memberships_stay_as_they_ended,
    roles_move_by_one_or_fall_to_adviser,
    phase_moves_by_one,
    a_decided_pps_never_undecides,
    the_dead_stay_dead,
    the_stopped_stay_stopped,
    status_follows_the_decision,
    what_was_founded_stays,
    students_reached_are_students_of_the_school,
    outcomes_are_in_range,
)


def check_all(case: Case) -> None:
    model = case.model()
    for _ in range(model.calendar.quarters):
        pps, memberships = copied(model.pps), copied(model.memberships)
        live(model, 1)
        now = Quarter(model, pps, memberships)
        for check in CHECKS:
            check(now)


@given(cases())
@examples(120)
def test_every_quarter_of_a_short_run(case: Case) -> None:
    check_all(case)


@given(cases(scale=1.0))
@examples(60)
def test_every_quarter_with_all_firms(case: Case) -> None:
    check_all(case)


@pytest.mark.slow
@given(cases(quarters=None))
@examples(10)
def test_every_quarter_of_a_full_run(case: Case) -> None:
    check_all(case)


# ── by hand: corners that a random world seldom meets ───────────────────────────────────────────────────


def test_an_owner_in_a_perfect_partnership_experiences_at_most_one() -> None:
    model = small_model(calls=(), parameters={"value_eigenaar": 1.4, "innovation_need": 0.8})
    live(model, 1)
    row = founded(model, firms=range(8), position=4)
    own(model, row, 8)
    for _ in range(8):
        model.pps.blocks[row] = 1.0
        value_and_engagement(model)
    assert 0.9 < model.memberships.value.max() <= 1.0


def test_a_firm_that_expects_the_most_joins_with_at_most_one() -> None:
    model = small_model(calls=(), parameters={"vacancies_motivate": 1.0, "contacts_per_fte": 20.0})
    model.run_until(model.calendar.step_of("2022-Q1"))
    row = founded(model, firms=range(4))
    model.pps.blocks[row], model.pps.regie_fte[row] = 1.0, 5.0
    model.firms.motive_staff[:], model.firms.belief_staff[:] = 0.9, 1.0
    before = len(model.memberships)
    contact_and_joining(model)
    assert len(model.memberships) > before, "somebody joined"
    assert model.memberships.value[before:].max() <= 1.0


@pytest.mark.parametrize("most", [1.0, 2.5, 3.0])
def test_a_large_employer_keeps_to_its_most(most: float) -> None:
    """Though every partnership of the world seeks it, every quarter."""
    model = small_model(calls=(), parameters={"most_pps_large": most, "contacts_per_fte": 20.0, "pull_groot": 30.0})
    live(model, 1)
    rows = [founded(model, firms=range(i, i + 1)) for i in range(6)]
    for _ in range(40):
        model.pps.blocks[rows], model.pps.regie_fte[rows], model.pps.network_alive[rows] = 1.0, 5.0, True
        model.firms.belief_staff[:] = 1.0
        model.quarter += 1
        contact_and_joining(model)
    large = model.firms.memberships[model.firms.large]
    assert large.max() == int(most)
    assert model.firms.memberships[~model.firms.large].max() == 1


def test_reach_is_not_negative_whatever_the_weights() -> None:
    """Content and form may weigh the most that they can; a place without them reaches nobody, not less."""
    model = small_model(calls=(), parameters={"reach_content": in_range("reach_content", 1.0),
                                              "reach_form": in_range("reach_form", 1.0)})  # fmt: skip
    live(model, 1)
    row = founded(model)
    model.pps.blocks[row] = 0.0
    model.pps.blocks[row, Block.C_PLACE] = 1.0
    reach(model)
    assert model.pps.students_direct[row] >= 0


def test_partnerships_together_reach_no_more_students_than_there_are() -> None:
    model = small_model(calls=(), parameters={"reach_most": 1.0})
    live(model, 1)
    rows = [founded(model, firms=range(i, i + 1), target_students=4000.0) for i in range(4)]
    model.pps.blocks[rows] = 1.0
    reach(model)
    taught = model.enrolment.stock[0, HTSM].sum()
    assert taught > 0
    assert model.pps.students_direct[rows].sum() <= taught + 1e-6


def test_reach_in_another_province_is_a_share_of_the_students_there() -> None:
    """The lead school sits in a province full of students, the partnership in one with hardly any."""
    far = known("over de grens", "school-0", "region-1", start_from="2012-Q1", start_to="2012-Q1")
    pack = small_pack(
        provinces=(province_row(0), province_row(1)),
        regions=(region_row(0), region_row(1, province=1)),
        schools=(school_row(0, students=40_000), school_row(1, region=1, students=3), school_row(2)),
        known_pps=(far,),
    )
    model = small_model(pack, calls=(), until="2015-Q4").run()
    assert model.recorder is not None
    share = model.recorder.values[:, :, model.recorder.numbers["reach_share"]]
    assert np.nanmax(share[:, -1]) > 0
    assert np.nanmax(share) <= 1


def test_firms_without_any_belief_still_found_partnerships() -> None:
    """Weights of nobody are all low, never zero: choosing among them divides by them."""
    nobody = {"belief_base": in_range("belief_base", 0.0), "belief_staff": 0.3, "trait_spread": 0.5}
    model = small_model(calls=(), parameters=nobody, seed=4, until="2015-Q4").run()
    assert len(model.pps) == 2
    assert model.pps.founders.min() > 5


def test_phases_move_by_one_even_when_everything_is_lost_or_won() -> None:
    model = small_model(calls=(), parameters={"phase_rate": 0.5})
    live(model, 1)
    row = founded(model)
    pps, seen = model.pps, [1]
    for strength in (1.0,) * 8 + (0.0,) * 8:
        pps.blocks[row], pps.adequacy[row], pps.core[row] = strength, 1.0, 20
        pps.development[row] = 5.0 if strength else 1.0
        model.quarter += 1
        phases(model)
        seen.append(int(pps.phase[row]))
    assert max(seen) >= 4
    assert seen[-1] <= 2
    assert all(abs(later - sooner) <= 1 for sooner, later in pairwise(seen))


def test_patience_of_an_mkb_firm_is_about_two_years() -> None:
    """A partnership that gives nothing loses its mkb firms after their patience, and not before."""
    model = small_model(calls=(), parameters={"leaves_rather": 1.0, "drift_without_regie": 0.0})
    live(model, 1)
    row = founded(model, firms=range(8))
    table = model.memberships
    mkb = np.flatnonzero((table.pps == row) & (table.kind == Kind.MKB))
    patience = model.firms.patience[table.member[mkb]]
    for _ in range(20):
        model.pps.blocks[row], model.pps.adequacy[row] = 0.0, 1.0
        model.quarter += 1
        value_and_engagement(model)
    stayed = table.until[mkb] - table.since[mkb]
    assert np.all(table.until[mkb] >= 0)
    assert np.all(table.why[mkb] == Leaving.NO_RESULTS)
    assert np.all(stayed >= patience)
    assert np.all(stayed <= patience + 8)  # what was promised is forgotten first
