"""Differential tests: each vectorised kernel against a plain loop with the same draws.

The loops are written to be read, one firm or partner at a time, with Python's own numbers and `math`. Equal means
to the bit for whole numbers and decisions, and to 1e-12 for amounts: `math.exp` and `np.exp` may round apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agents.columns import Floats, Ints, Table
from agents.parameters import parameter_table
from agents.partnership import FIELD_KINDS, FIRM_KINDS, Kind, Leaving, Position, Role
from sim import contact, engagement
from sim.calls import award, schedule
from sim.draws import poisson
from sim.enrolment import whole
from sim.initiation import role_of
from sim.model import PpsModel
from sim.network import count_partners, room
from tests.worlds import SECTORS, WITH_FIRMS, founded, live, small_model

BELIEFS = ("staff", "llo", "innovation")
shares = st.floats(0.0, 1.0)


# ── worlds in which much happens ────────────────────────────────────────────────────────────────────────


def lively(seed: int, scale: float = 1.0) -> PpsModel:
    """A small world that has lived a while, with its partnerships and memberships then thrown about at random."""
    rng = np.random.default_rng(seed)
    drifting = parameter_table()["drift_without_regie"].high
    model = small_model(seed=seed, scale=scale, parameters={"drift_without_regie": drifting}, until="2016-Q4")
    sectors = [SECTORS.index(sector) for sector in ("htsm", "zorg_welzijn") if sector in SECTORS]
    sectors += [int(sector) for sector in np.flatnonzero(WITH_FIRMS)[:2]]
    large = np.flatnonzero(model.firms.large)
    for _ in range(5):
        firms = np.union1d(rng.choice(len(model.firms), 15, replace=False), rng.choice(large, 4, replace=False))
        founded(
            model,
            firms=firms,
            region=int(rng.integers(2)),
            sector=int(rng.choice(sectors)),
            leader=float(rng.random()),
            position=int(rng.choice([1, 3, 4])),
            others=[(Kind.GEMEENTE, 0), (Kind.BRANCHEORGANISATIE, 1), (Kind.HOGESCHOOL, 0), (Kind.OVERIG, 2)],
        )
    live(model, int(rng.integers(1, 7)))
    shake(model, rng)
    model.quarter += 1
    return model


def shake(model: PpsModel, rng: np.random.Generator) -> None:
    pps, table, n = model.pps, model.memberships, len(model.pps)
    pps.blocks[:] = rng.random(pps.blocks.shape)
    pps.network_alive[:] = rng.random(n) < 0.8
    pps.adequacy[:] = rng.random(n)
    pps.regie_fte[:] = 2.0 * rng.random(n)
    pps.position[:] = rng.integers(1, 5, n)
    table.value[:] = rng.random(len(table))
    table.clock[:] = rng.integers(0, 30, len(table))
    table.role[:] = rng.integers(1, 5, len(table))
    for trait in ("staff", "llo", "innovation", "culture"):
        getattr(table, f"ahead_{trait}")[:] = rng.uniform(0.0, 0.8, len(table))
    count_partners(model)


@pytest.fixture(params=[(1, 1.0), (2, 1.0), (3, 0.3), (4, 0.01)], ids=lambda p: f"seed {p[0]}, scale {p[1]}")
def world(request: pytest.FixtureRequest) -> PpsModel:
    return lively(*request.param)


def close(found: Any, expected: Any, what: str = "") -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15, err_msg=what)


def snapshot(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name).tolist() for name in table.names()}


def active_rows(model: PpsModel) -> list[int]:
    return [row for row in range(len(model.memberships)) if model.memberships.until[row] < 0]


def offers_of(model: PpsModel, pps: int) -> dict[str, float]:
    p = model.p
    content, form, place, llo, research, innovation, _ = (float(block) for block in model.pps.blocks[pps])
    staff = p.staff_content * content + p.staff_form * form + (1.0 - p.staff_content - p.staff_form) * place
    return {"staff": staff, "llo": llo, "innovation": 0.5 * (research + innovation)}


def stream(model: PpsModel, purpose: str, count: int) -> list[float]:
    return [float(u) for u in model.draws.uniforms(purpose, model.quarter, count)]


# ── contact ─────────────────────────────────────────────────────────────────────────────────────────────


@given(
    chance=arrays.arrays(np.float64, 5, elements=st.floats(0.0, 1.0)),
    firms=st.lists(st.tuples(st.integers(0, 4), st.floats(0.0, 50.0)), max_size=30),
)
def test_contact_rate(chance: Floats, firms: list[tuple[int, float]]) -> None:
    stratum = np.array([firm[0] for firm in firms], dtype=np.int64)
    free = np.array([firm[1] for firm in firms], dtype=np.float64)
    expected = [min(float(chance[kind]) * room_left, 1.0) for kind, room_left in firms]
    assert contact.contact_rate(chance, stratum, free).tolist() == expected


def plain_room(model: PpsModel, firm: int) -> float:
    table = model.firms
    most = model.p.most_pps_large if table.large[firm] else 1.0
    return max(most * float(table.weight[firm]) - int(table.memberships[firm]), 0.0)


def test_room(world: PpsModel) -> None:
    expected = [plain_room(world, firm) for firm in range(len(world.firms))]
    close(room(world), expected)
    some = np.array([3, 0, 7])
    close(room(world, some), [expected[firm] for firm in some])


def plain_spread(model: PpsModel, origin: int, cell: int) -> float:
    """Contacts per firm of a cell for one contact from an origin (both region x sector)."""
    p, sectors = model.p, model.n_sectors

    def reach(target: int) -> float:
        here, there = origin // sectors, target // sectors
        bordering = p.local_neighbour if model.pack.adjacency[here, there] else p.local_elsewhere
        return (p.local_own if here == there else bordering) * bool(model.recruits[origin % sectors, target % sectors])

    firms = [0.0] * (model.n_regions * sectors)
    for c, weight in zip(model.firms.cell.tolist(), model.firms.weight.tolist(), strict=True):
        firms[c] += weight
    total = sum(reach(target) * firms[target] for target in range(len(firms)))
    return reach(cell) / total if total > 0 else 0.0


def test_contact_spread(world: PpsModel) -> None:
    cells = world.n_regions * world.n_sectors
    for origin in range(0, cells, 3):
        expected = [plain_spread(world, origin, cell) for cell in range(cells)]
        close(world.contact_spread[origin], expected)


def plain_contacts(model: PpsModel, pps: int) -> float:
    p, k = model.p, model.pps
    if not k.network_alive[pps]:
        return 0.0
    bought = p.contacts_per_fte * max(0.0, float(k.regie_fte[pps]) - p.regie_per_partner * int(k.partners[pps]))
    brought = (
        p.contacts_per_branch * int(k.branches[pps])
        + p.contacts_per_peer * int(k.firms[pps])
        + p.contacts_per_anchor * int(k.large[pps])
    )
    orchestration = model.provinces[int(k.province[pps])].orchestration
    total = bought * (p.leader_base + float(k.leader[pps])) + brought * float(k.blocks[pps, 6]) * float(k.adequacy[pps])
    return total * (1.0 + p.orchestration_contacts * orchestration)


def test_contacts_of(world: PpsModel) -> None:
    expected = [plain_contacts(world, pps) for pps in range(len(world.pps))]
    close(contact.contacts_of(world), expected)


def plain_contacted(model: PpsModel, contacts: list[float]) -> list[tuple[int, int]]:
    """Ask each firm whether it is contacted, and by whom."""
    k, met = model.pps, []
    draws = stream(model, "contact", len(model.firms))
    for firm in range(len(model.firms)):
        cell = int(model.firms.cell[firm])
        weights = [
            contacts[pps] * float(model.contact_spread[int(k.region[pps]) * model.n_sectors + int(k.sector[pps]), cell])
            for pps in range(len(k))
        ]
        pull = float(model.contact_pull[int(model.firms.size[firm])])
        chance = min((1.0 - math.exp(-sum(weights) * pull)) * plain_room(model, firm), 1.0)
        if draws[firm] >= chance:
            continue
        left = draws[firm] / chance * sum(weights)
        for pps, weight in enumerate(weights):
            left -= weight
            if weight > 0.0 and left <= 0.0:
                met.append((firm, pps))
                break
    return met


@pytest.mark.parametrize("busy", [0.05, 1.0, 30.0])
def test_who_is_contacted_and_by_whom(world: PpsModel, busy: float) -> None:
    contacts = np.random.default_rng(world.quarter).random(len(world.pps)) * busy * len(world.firms) / 40
    contacts[::3] = 0.0
    firms, pps = contact.contacted(world, contacts)
    assert list(zip(firms.tolist(), pps.tolist(), strict=True)) == plain_contacted(world, contacts.tolist())
    assert busy < 1.0 or len(firms)


def test_nobody_is_contacted_without_contacts(world: PpsModel) -> None:
    firms, pps = contact.contacted(world, np.zeros(len(world.pps)))
    assert len(firms) == len(pps) == 0


# ── joining ─────────────────────────────────────────────────────────────────────────────────────────────


def plain_expected(model: PpsModel, firm: int, pps: int) -> float:
    f, k = model.firms, model.pps
    age = model.quarter - int(k.born[pps])
    promise = math.exp(-age / (4.0 * model.p.promise_years)) * float(k.leader[pps])
    offers = {name: max(value, promise) for name, value in offers_of(model, pps).items()}
    wanted = float(f.motive_staff[firm]) * (1.0 + model.p.vacancies_motivate * model.climate.tightness)
    value = (
        wanted * float(f.belief_staff[firm]) * offers["staff"]
        + float(f.motive_llo[firm]) * float(f.belief_llo[firm]) * offers["llo"]
        + float(f.motive_innovation[firm])
        * float(f.belief_innovation[firm])
        * float(f.innovation_need[firm])
        * offers["innovation"]
    )
    return min(value, 1.0)


def plain_chance(model: PpsModel, firm: int, pps: int) -> float:
    p = model.p
    cost = (p.cost_micro, p.cost_klein, p.cost_middel, p.cost_groot)[int(model.firms.size[firm])]
    cost *= 1.0 - p.culture_eases * float(model.firms.learning_culture[firm])
    bonus = p.anchor_bonus if model.pps.large[pps] > 0 else 0.0
    return 1.0 / (1.0 + math.exp(-(plain_expected(model, firm, pps) + bonus - cost) / p.joining_temperature))


def plain_role(model: PpsModel, draw: float, pps: int, distance: float) -> int:
    p = model.p
    commitment = draw - distance + p.position_commits * (int(model.pps.position[pps]) - 1) / 3.0
    for role, upto in (
        (Role.KLANT, p.role_klant),
        (Role.ADVISEUR, p.role_klant + p.role_adviseur),
        (Role.PARTNER, p.role_klant + p.role_adviseur + p.role_partner),
    ):
        if commitment < upto:
            return role
    return Role.MEDE_EIGENAAR


def test_expected_value_and_joining_chance(world: PpsModel) -> None:
    rng = np.random.default_rng(world.quarter)
    firms, pps = rng.integers(0, len(world.firms), 300), rng.integers(0, len(world.pps), 300)
    world.pps.large[:] = rng.integers(0, 3, len(world.pps))
    pairs = list(zip(firms.tolist(), pps.tolist(), strict=True))
    value = contact.expected_value(world, firms, pps)
    close(value, [plain_expected(world, *pair) for pair in pairs])
    chance = contact.joining_chance(world, firms, pps, value)
    close(chance, [plain_chance(world, *pair) for pair in pairs])


def test_role_of(world: PpsModel) -> None:
    rng = np.random.default_rng(world.quarter)
    draws, pps = rng.random(300), rng.integers(0, len(world.pps), 300)
    for distance in (0.0, world.p.later_distance, 0.9):
        roles = role_of(world, draws, world.pps.position[pps], distance)
        plain = [plain_role(world, u, k, distance) for u, k in zip(draws.tolist(), pps.tolist(), strict=True)]
        assert roles.tolist() == plain
    edge = role_of(world, np.array([world.p.role_klant]), np.array([Position.IN_SCHOOL]))
    assert edge.tolist() == [Role.ADVISEUR]


def plain_joining(model: PpsModel, met: list[tuple[int, int]]) -> list[tuple[int, int, int, int, float]]:
    """Let each contacted firm weigh whether it joins; return pps, kind, firm, role and value."""
    table, joined = model.memberships, []
    pairs = [(int(table.pps[row]), int(table.member[row])) for row in active_rows(model) if table.kind[row] in (0, 1)]
    draws = stream(model, "firm decides", len(model.firms))
    shift = model.chance("joining")
    for firm, pps in met:
        others = (model.p.most_pps_large if model.firms.large[firm] else 1.0) - 1.0
        in_it = min(1.0, pairs.count((pps, firm)) * others / plain_room(model, firm))
        draw = (draws[firm] + float(shift[pps])) % 1.0
        chance = plain_chance(model, firm, pps) * (1.0 - in_it)
        if draw < chance:
            role = plain_role(model, draw / chance, pps, model.p.later_distance)
            kind = Kind.GROOTBEDRIJF if model.firms.large[firm] else Kind.MKB
            joined.append((pps, int(kind), firm, role, plain_expected(model, firm, pps)))
    return joined


def test_contact_and_joining(world: PpsModel) -> None:
    world.pps.regie_fte[:] += 5.0
    world.firms.learning_culture[:] = 1.0
    contacts = [plain_contacts(world, pps) for pps in range(len(world.pps))]
    expected = plain_joining(world, plain_contacted(world, contacts))
    table, before = world.memberships, len(world.memberships)
    contact.contact_and_joining(world)
    new = range(before, len(table))
    whom = [(int(table.pps[i]), int(table.kind[i]), int(table.member[i]), int(table.role[i])) for i in new]
    assert whom == [join[:4] for join in expected]
    close(table.value[before:], [join[4] for join in expected])
    assert all(table.since[i] == world.quarter and table.until[i] < 0 for i in new)


def test_joining_happens_in_these_worlds() -> None:
    joined = 0
    for seed in (1, 2):
        model = lively(seed)
        model.pps.regie_fte[:] += 5.0
        before = len(model.memberships)
        contact.contact_and_joining(model)
        joined += len(model.memberships) - before
    assert joined


# ── value and engagement ────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(*[shares] * 8), max_size=20))
def test_experienced(partners: list[tuple[float, ...]]) -> None:
    columns = np.array(partners, dtype=np.float64).reshape(-1, 8).T
    motives = np.array([columns[3], columns[4], columns[5] * columns[6]])
    value = engagement.experienced(columns[:3], motives, columns[7])
    expected = [
        min(felt * (m_staff * staff + m_llo * llo + m_innovation * need * innovation), 1.0)
        for staff, llo, innovation, m_staff, m_llo, m_innovation, need, felt in partners
    ]
    close(value, expected)


def plain_experience(model: PpsModel, members: dict[str, Any], firms: dict[str, Any]) -> None:
    """Let each member firm experience value, look at its clock, and learn; changes the two snapshots."""
    p, before = model.p, {name: list(firms[name]) for name in FIRM_BELIEFS}
    commitment = (0.0, p.value_klant, p.value_adviseur, p.value_partner, p.value_eigenaar)
    for row in active_rows(model):
        if members["kind"][row] > Kind.GROOTBEDRIJF:
            continue
        pps, firm = members["pps"][row], members["member"][row]
        offers = offers_of(model, pps)
        contact_felt = p.value_without_contact + (1.0 - p.value_without_contact) * float(model.pps.blocks[pps, 6])
        value = (
            contact_felt
            * commitment[members["role"][row]]
            * (
                firms["motive_staff"][firm] * offers["staff"]
                + firms["motive_llo"][firm] * offers["llo"]
                + firms["motive_innovation"][firm] * firms["innovation_need"][firm] * offers["innovation"]
            )
        )
        members["value"][row] += p.value_learning * (min(value, 1.0) - members["value"][row])
        satisfied = p.satisfied_large if firms["large"][firm] else p.satisfied_mkb
        members["clock"][row] = 0 if members["value"][row] >= satisfied else members["clock"][row] + 1
        own = 1.0 / firms["weight"][firm]
        for trait, (name, shown, rate) in {
            "staff": ("belief_staff", offers["staff"], p.belief_learning),
            "llo": ("belief_llo", offers["llo"], p.belief_learning),
            "innovation": ("belief_innovation", offers["innovation"], p.belief_learning),
            "culture": ("learning_culture", offers["llo"], p.culture_learning),
        }.items():
            held = min(before[name][firm] + members[f"ahead_{trait}"][row], 1.0)
            move = rate * shown * contact_felt * (1.0 - held)
            firms[name][firm] += own * move
            members[f"ahead_{trait}"][row] += (1.0 - own) * move


FIRM_BELIEFS = ("belief_staff", "belief_llo", "belief_innovation", "learning_culture")


def plain_act(model: PpsModel, members: dict[str, Any], firms: dict[str, Any]) -> None:
    """Let each member firm leave (some disappointed), fall back or rise; changes the two snapshots."""
    p, pps = model.p, model.pps
    draws = stream(model, "firm decides", len(model.firms))
    shift = model.chance("engagement")
    for row in active_rows(model):
        if members["kind"][row] > Kind.GROOTBEDRIJF:
            continue
        of, firm, role = members["pps"][row], members["member"][row], members["role"][row]
        draw = (draws[firm] + float(shift[of])) % 1.0
        highest = Role.MEDE_EIGENAAR if pps.position[of] >= Position.SHARED else Role.PARTNER
        if members["clock"][row] > firms["patience"][firm]:
            if draw < p.leaves_rather or role == Role.KLANT:
                members["until"][row] = model.quarter
                faded = pps.adequacy[of] < p.fading_adequacy
                members["why"][row] = int(Leaving.CONTACT_FADED if faded else Leaving.NO_RESULTS)
                for name in BELIEFS if not faded else ():
                    firms[f"belief_{name}"][firm] *= 1.0 - p.disappointment / firms["weight"][firm]
            else:
                members["role"][row], members["clock"][row] = role - 1, 0
        elif members["since"][row] + 1 < model.quarter and draw < drift_of(model, of):
            members["until"][row], members["why"][row] = model.quarter, int(Leaving.CONTACT_FADED)
        elif members["value"][row] >= p.promote_value and draw > 1.0 - p.promotion and role < highest:
            members["role"][row] = role + 1


def assert_equal(table: Table, expected: dict[str, Any]) -> None:
    for name in table.names():
        column = getattr(table, name)
        if column.dtype.kind == "f":
            close(column, expected[name], name)
        else:
            assert column.tolist() == expected[name], name


def firm_rows(model: PpsModel) -> Ints:
    rows = model.memberships.active()
    return rows[np.isin(model.memberships.kind[rows], FIRM_KINDS)]


def test_experience_and_act(world: PpsModel) -> None:
    members, firms = snapshot(world.memberships), snapshot(world.firms)
    plain_experience(world, members, firms)
    engagement._experience(world, firm_rows(world))
    assert_equal(world.memberships, members)
    assert_equal(world.firms, firms)
    plain_act(world, members, firms)
    engagement._act(world, firm_rows(world))
    assert_equal(world.memberships, members)
    assert_equal(world.firms, firms)
    assert len(set(members["why"])) > 1  # some left
    assert max(np.bincount(world.memberships.member[firm_rows(world)])) > 1  # and some take part twice


def test_others_drift(world: PpsModel) -> None:
    table = world.memberships
    world.pps.adequacy[:] = 0.0
    world.p = replace(world.p, drift_without_regie=0.6)
    table.since[:] = world.quarter - np.arange(len(table)) % 4  # some joined only now, or a quarter ago
    members = snapshot(table)
    organisations = [len(world.schools), len(world.hogescholen), *(len(pool) for pool in world.partners.values())]
    draws = stream(world, "others drift", sum(organisations))
    shift = world.chance("engagement")
    rows = [row for row in active_rows(world) if members["kind"][row] >= Kind.SCHOOL]
    left = 0
    for row in rows:
        of, kind, member = members["pps"][row], members["kind"][row], members["member"][row]
        if kind == Kind.SCHOOL and member == world.pps.school[of]:
            continue  # the lead school stays
        draw = (draws[sum(organisations[: kind - Kind.SCHOOL]) + member] + float(shift[of])) % 1.0
        if members["since"][row] < world.quarter - 1 and draw < drift_of(world, of):
            members["until"][row], members["why"][row] = world.quarter, int(Leaving.CONTACT_FADED)
            left += 1
    engagement._others_drift(world, np.array(rows, dtype=np.int64))
    assert_equal(table, members)
    assert 0 < left < len(rows)


def drift_of(model: PpsModel, pps: int) -> float:
    return model.p.drift_without_regie * (1.0 - float(model.pps.adequacy[pps]))


@given(
    cells=st.lists(st.tuples(shares, shares), min_size=1, max_size=6),
    firms=st.lists(st.tuples(shares, st.integers(0, 5)), max_size=30),
)
def test_spread_kernel(cells: list[tuple[float, float]], firms: list[tuple[float, int]]) -> None:
    rate, signal = np.array(cells).T
    belief = np.array([firm[0] for firm in firms])
    cell = np.array([firm[1] % len(cells) for firm in firms], dtype=np.int64)
    expected = [b + cells[c][0] * (cells[c][1] - b) for b, c in zip(belief.tolist(), cell.tolist(), strict=True)]
    engagement.spread_kernel(belief, rate[cell], signal[cell])
    assert belief.tolist() == expected


def plain_belief_spread(model: PpsModel, firms: dict[str, Any]) -> None:
    """Let each firm hear what the members in its region and sector believe; changes the snapshot."""
    table = model.memberships
    rows = [row for row in active_rows(model) if table.kind[row] <= Kind.GROOTBEDRIJF]
    heard: dict[str, list[float]] = {}
    for name in BELIEFS:
        belief = firms[f"belief_{name}"]
        ahead = getattr(table, f"ahead_{name}")
        held = {row: min(belief[int(table.member[row])] + float(ahead[row]), 1.0) for row in rows}
        heard[name] = list(belief)
        for firm, cell in enumerate(firms["cell"]):
            peers = [held[row] for row in rows if firms["cell"][int(table.member[row])] == cell]
            if peers:
                there = sum(w for w, c in zip(firms["weight"], firms["cell"], strict=True) if c == cell)
                rate = model.p.belief_spread * min(1.0, len(peers) / there)
                heard[name][firm] += rate * (sum(peers) / len(peers) - belief[firm])
    firms.update({f"belief_{name}": values for name, values in heard.items()})


def test_spread_beliefs(world: PpsModel) -> None:
    firms = snapshot(world.firms)
    plain_belief_spread(world, firms)
    engagement.spread_beliefs(world)
    assert_equal(world.firms, firms)


def test_who_takes_part_in_a_sample_hears_what_its_firm_hears(world: PpsModel) -> None:
    table = world.memberships
    rows = table.of_firms()
    assert len(rows)
    table.ahead[:, rows] = 0.1
    cell = world.firms.cell[table.member[rows]]
    members = np.bincount(cell, minlength=len(world.firms_in_cell))[cell]
    engagement.spread_beliefs(world)
    kept = 1.0 - world.p.belief_spread * np.minimum(members / world.firms_in_cell[cell], 1.0)
    assert table.ahead[:3, rows] == pytest.approx(np.tile(0.1 * kept, (3, 1)))
    assert table.ahead[3, rows] == pytest.approx(0.1)  # learning culture does not spread


# ── counting ────────────────────────────────────────────────────────────────────────────────────────────

COUNTS: dict[str, Callable[[int, int], bool]] = {
    "firms": lambda kind, role: kind in FIRM_KINDS,
    "large": lambda kind, role: kind == Kind.GROOTBEDRIJF,
    "field": lambda kind, role: kind in FIELD_KINDS,
    "core": lambda kind, role: kind in FIELD_KINDS and role >= Role.ADVISEUR,
    "owners": lambda kind, role: kind in FIRM_KINDS and role == Role.MEDE_EIGENAAR,
    "branches": lambda kind, role: kind == Kind.BRANCHEORGANISATIE,
    "municipalities": lambda kind, role: kind == Kind.GEMEENTE,
    "vmbo": lambda kind, role: kind == Kind.VMBO,
    "hogescholen": lambda kind, role: kind == Kind.HOGESCHOOL,
    "partners": lambda kind, role: True,
}


def test_count_partners(world: PpsModel) -> None:
    rng = np.random.default_rng(world.quarter)
    table, pps, firms = world.memberships, world.pps, world.firms
    for _ in range(3):  # some leave and some change their role between two counts
        gone = rng.random(len(table)) < 0.2
        table.end(np.flatnonzero(gone & (table.until < 0)), world.quarter, Leaving.CONTACT_FADED)
        table.role[:] = rng.integers(1, 5, len(table))
        count_partners(world)
        counted = {name: [0] * len(pps) for name in COUNTS}
        memberships, role, where = [0] * len(firms), [0] * len(firms), [set[int]() for _ in range(len(firms))]
        for row in active_rows(world):
            of, kind, as_role = int(table.pps[row]), int(table.kind[row]), int(table.role[row])
            for name, counts in COUNTS.items():
                counted[name][of] += counts(kind, as_role)
            if kind in FIRM_KINDS:
                firm = int(table.member[row])
                memberships[firm] += 1
                role[firm] = max(role[firm], as_role)
                where[firm].add(of)
        assert {name: getattr(pps, name).tolist() for name in COUNTS} == counted
        assert firms.memberships.tolist() == memberships
        for firm in rng.integers(len(firms), size=20).tolist():
            view: Any = world.organisation(Kind.MKB, firm)
            assert (view.role, {pps.row for pps in view.pps}) == (role[firm], where[firm])


# ── award, payment schedule, whole heads ────────────────────────────────────────────────────────────────

applications = st.lists(
    st.tuples(st.integers(0, 10**9), st.one_of(st.sampled_from([0.2, 0.5, 0.8]), shares)), max_size=25
)


@given(applications, st.integers(0, 4 * 10**9), shares)
@example([(60, 0.9), (50, 0.8), (10, 0.7)], 100, 0.0)  # the second does not fit, so the third gets nothing either
@example([(50, 0.5), (50, 0.5), (50, 0.5)], 100, 0.5)  # equal scores: who applied first
def test_award(asked: list[tuple[int, float]], ceiling: int, least: float) -> None:
    requests = np.array([amount for amount, _ in asked], dtype=np.int64)
    scores = np.array([score for _, score in asked], dtype=np.float64)
    expected, left = [False] * len(asked), ceiling
    for i in sorted(range(len(asked)), key=lambda i: (-asked[i][1], i)):
        amount, score = asked[i]
        if score < least or amount > left:
            break
        expected[i], left = True, left - amount
    assert award(requests, scores, ceiling, least).tolist() == expected


@given(arrays.arrays(np.float64, st.integers(0, 40), elements=st.floats(0.0, 5000.0)))
def test_whole(amounts: Floats) -> None:
    heads, running, before = [], 0.0, 0
    for amount in amounts.tolist():
        running += amount
        heads.append(math.floor(running + 0.5) - before)
        before = math.floor(running + 0.5)
    assert whole(amounts).tolist() == heads
    assert whole(amounts.reshape(1, -1)).shape == (1, len(amounts))


@given(
    total=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 9), min_size=1, max_size=24),
    start=st.integers(0, 40),
    quarters=st.integers(1, 98),
)
@example(total=100, weights=[1, 1, 1], start=0, quarters=10)
def test_schedule(total: int, weights: list[int], start: int, quarters: int) -> None:
    assume(sum(weights) > 0)
    profile = np.array(weights) / sum(weights)
    due, share, paid = [0] * (quarters + start + len(weights)), 0.0, 0
    for i, part in enumerate(profile.tolist()):
        share += part
        due[start + i] = round(share * total) - paid
        paid += due[start + i]
    assert schedule(total, profile, start, quarters).tolist() == due[:quarters]
    assert paid == total


# ── chance ──────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=200)
@given(st.floats(1e-6, 1 - 1e-6), st.floats(0.001, 60.0))
def test_poisson(u: float, mean: float) -> None:
    """The count is the least one at which the distribution function reaches the uniform."""
    count, part = 0, math.exp(-mean)
    reached = part
    while reached < u:
        count += 1
        part *= mean / count
        reached += part
    assume(abs(reached - u) > 1e-8 and abs(reached - part - u) > 1e-8)  # at an edge both neighbours are right
    assert poisson(np.array([u]), mean).tolist() == [count]
