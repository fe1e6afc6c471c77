"""Process 4, contact and joining: regie buys contacts, and a contacted firm weighs what it expects."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Ints, limited
from agents.partnership import Block
from sim.initiation import role_of
from sim.network import firm_kind, join, room
from sim.world import PpsWorld


def contact_and_joining(world: PpsWorld) -> None:
    """Contact firms for all partnerships whose network lives, and let them decide to join."""
    if not world.pps.network_alive.any():
        return
    contacts = contacts_of(world)
    for policy in world.policies_in_force():
        policy.on_contact(world, contacts)
    firms, pps = contacted(world, contacts)
    if len(firms):
        _decide(world, firms, pps)


def contacts_of(world: PpsWorld) -> Floats:
    """Return the firms that each partnership contacts this quarter.

    Regie that is not taken up by account management of the partners there are, and a leader with both networks,
    buy contacts; branch organisations, members (peers) and large members (anchors) add to them as far as somebody
    receives who they bring; an orchestrating province helps all (LC-05, LC-08, RE-11, FI-16, CO-01).
    """
    p, pps = world.p, world.pps
    free_fte = np.maximum(0.0, pps.regie_fte - p.regie_per_partner * pps.partners)
    bought = p.contacts_per_fte * free_fte * (p.leader_base + pps.leader)
    brought = p.contacts_per_branch * pps.branches + p.contacts_per_peer * pps.firms + p.contacts_per_anchor * pps.large
    orchestration = np.array([province.orchestration for province in world.provinces])[pps.province]
    contacts: Floats = (bought + brought * pps.blocks[:, Block.G_NETWORK] * pps.adequacy) * (
        1.0 + p.orchestration_contacts * orchestration
    )
    return contacts * pps.network_alive


def contacted(world: PpsWorld, contacts: Floats) -> tuple[Ints, Ints]:
    """Return the firms that are contacted and the partnership that contacts each.

    Contacts spread over the cells (region x sector) from which a partnership recruits. One uniform per firm
    decides whether it is contacted, and what is left of that uniform says by whom.

    Args:
        world: The world.
        contacts: Contacts per partnership this quarter.

    Returns:
        Rows of the firms and rows of the partnerships, of equal length.
    """
    firms, pps = world.firms, world.pps
    cells = pps.region * world.n_sectors + pps.sector
    by_origin = np.bincount(cells, weights=contacts)
    origins = by_origin.nonzero()[0]
    rate = (by_origin[origins, None] * world.contact_spread[origins]).sum(axis=0)  # contacts per firm of each cell
    chance = -np.expm1(-rate[:, None] * world.contact_pull).ravel()
    hit_rate = contact_rate(chance, *world.alike).repeat(world.stretches)
    taken = world.counted_firms  # all others have the room of those alike
    hit_rate[taken] = contact_rate(chance, firms.stratum[taken], room(world, taken))
    draws = world.draws.uniforms("contact", world.quarter, len(firms))
    reached = (draws < hit_rate).nonzero()[0]
    by = _by_whom(world, contacts, cells, reached, draws[reached] / hit_rate[reached])
    return reached, by


def contact_rate(chance: Floats, stratum: Ints, free: Floats) -> Floats:
    """Return the chance of firms to be contacted this quarter (kernel).

    With a sample, the chance that one of those that the firm stands for is contacted: their expected number, so
    that as many are contacted as when all are simulated.

    Args:
        chance: Chance that a firm with one free place is contacted, by stratum (region x sector x size).
        stratum: Stratum of each firm, or of all that are alike.
        free: Memberships that the firm, or each of those alike, can still take.
    """
    each: Floats = chance.take(stratum)
    each *= free
    return np.minimum(each, 1.0, out=each)


def _by_whom(world: PpsWorld, contacts: Floats, cells: Ints, reached: Ints, left: Floats) -> Ints:
    seeking = (contacts > 0).nonzero()[0]
    spread = world.contact_spread.take(world.firms.cell[reached], axis=1).take(cells[seeking], axis=0)
    shares = contacts[seeking, None] * spread
    ends = np.cumsum(shares, axis=0)
    chosen = (left * ends[-1] > ends).sum(axis=0) if len(seeking) else np.zeros(0, dtype=np.int64)
    who: Ints = seeking[np.minimum(chosen, len(seeking) - 1)]
    return who


def _decide(world: PpsWorld, firms: Ints, pps: Ints) -> None:
    """Let contacted firms decide."""
    value = expected_value(world, firms, pps)
    chance = joining_chance(world, firms, pps, value) * not_yet_in(world, firms, pps)
    draws = world.firm_chance(firms, world.chance("joining")[pps])
    joins = draws < chance
    firms, pps, value = firms[joins], pps[joins], value[joins]
    role = role_of(world, draws[joins] / chance[joins], world.pps.position[pps], world.p.later_distance)
    join(world, pps, firm_kind(world, firms), firms, role, value)


def not_yet_in(world: PpsWorld, firms: Ints, pps: Ints) -> Floats:
    """Return the chance that the free place which was contacted is not of a firm that is in the partnership already.

    One or zero when every firm is simulated; with a sample, a share of the firms that the sampled one stands for.
    """
    table, free = world.memberships, np.ones(len(firms))
    some = world.firms.memberships[firms].nonzero()[0]
    if not len(some):
        return free
    members, rows = firms[some], table.of_firms()
    there = (table.member[rows] == members[:, None]) & (table.pps[rows] == pps[some, None])
    most = world.firms.capacity[members] / world.firms.weight[members]
    free[some] -= limited(there.sum(axis=1) * (most - 1.0) / room(world, members))
    return free


def expected_value(world: PpsWorld, firms: Ints, pps: Ints) -> Floats:
    """Return what each firm expects of a partnership, 0-1: motives x offer x belief in the mbo.

    A young partnership is judged by what it promises, which depends on its leader (LC-08); with age the
    promise gives way to what is there.
    """
    p, table, k = world.p, world.firms, world.pps
    age = world.quarter - k.born[pps]
    promise = np.exp(-age / (4.0 * p.promise_years)) * k.leader[pps]
    wanted = table.motives.take(firms, axis=1)
    wanted[0] *= 1.0 + p.vacancies_motivate * world.climate.tightness
    wanted *= table.traits[:-1].take(firms, axis=1)
    wanted[-1] *= table.innovation_need[firms]
    staff, llo, innovation = wanted * np.maximum(offer(world).take(pps, axis=1), promise)
    value: Floats = staff + llo + innovation
    return np.minimum(value, 1.0)


def joining_chance(world: PpsWorld, firms: Ints, pps: Ints, value: Floats) -> Floats:
    """Return the chance that a contacted firm joins: logistic in expected value minus cost for its size."""
    p, table = world.p, world.firms
    cost = np.array([p.cost_micro, p.cost_klein, p.cost_middel, p.cost_groot])[table.size[firms]]
    cost = cost * (1.0 - p.culture_eases * table.learning_culture[firms])
    bonus = p.anchor_bonus * (world.pps.large[pps] > 0)
    chance: Floats = 1.0 / (1.0 + np.exp(-(value + bonus - cost) / p.joining_temperature))
    return chance


def offer(world: PpsWorld) -> Floats:
    """Return what each partnership offers now, 0-1, from its building blocks: to staff, llo and innovation."""
    p, blocks = world.p, world.pps.blocks
    content, form, place, llo, research, innovation, _ = blocks.T
    staff = p.staff_content * content + p.staff_form * form + (1.0 - p.staff_content - p.staff_form) * place
    return np.array([staff, llo, (research + innovation) / 2.0])


def contact_spread(world: PpsWorld) -> Floats:
    """Return contacts per firm in each cell for one contact made from each cell, shape (cells, cells).

    Most contacts stay in the own region, then the neighbouring ones (40-95% of partners are local), within
    the sectors from which the partnership recruits, evenly over the firms there.
    """
    p = world.p
    near = np.where(world.pack.adjacency, p.local_neighbour, p.local_elsewhere)
    np.fill_diagonal(near, p.local_own)
    cells = world.n_regions * world.n_sectors
    reach = np.einsum("ab,st->asbt", near, world.recruits.astype(float)).reshape(cells, cells)
    firms = world.firms_in_cell
    total = (reach * firms).sum(axis=1)
    spread: Floats = np.divide(reach, total[:, None], out=np.zeros_like(reach), where=total[:, None] > 0)
    return spread


def contact_pull(world: PpsWorld) -> Floats:
    """Return how much firms of each size are sought in contacts, with a mean of one over all firms."""
    p, firms = world.p, world.firms
    pull = np.array([p.pull_micro, p.pull_klein, p.pull_middel, p.pull_groot])
    mean = (pull[firms.size] * firms.weight).sum() / firms.weight.sum()
    scaled: Floats = pull / mean
    return scaled
