"""Process 6, value and engagement: partners experience value, rise, fall back or leave; beliefs spread to peers."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Ints
from agents.firm import BELIEFS
from agents.partnership import Block, Kind, Leaving, Position, Role
from sim.contact import offer
from sim.draws import shifted
from sim.network import count_partners, leave
from sim.world import PpsWorld


def value_and_engagement(world: PpsWorld) -> None:
    """Let all partners of living networks experience value and act on it, and let beliefs spread."""
    table = world.memberships
    rows = table.active()
    if len(rows):
        firms = table.of_firms()
        _experience(world, firms)
        _act(world, firms)
        _others_drift(world, rows[table.kind[rows] >= Kind.SCHOOL])
        count_partners(world)
    spread_beliefs(world)


def _experience(world: PpsWorld, rows: Ints) -> None:
    """Update the value that firms experience, their clock without results, and what they learn."""
    p, table, firms = world.p, world.memberships, world.firms
    pps, member = table.pps[rows], table.member[rows]
    offers = offer(world)
    contact = p.value_without_contact + (1.0 - p.value_without_contact) * world.pps.blocks[:, Block.G_NETWORK]
    commitment = np.array([0.0, p.value_klant, p.value_adviseur, p.value_partner, p.value_eigenaar])[table.role[rows]]
    motives = firms.motives.take(member, axis=1)
    motives[-1] *= firms.innovation_need[member]
    value = table.value[rows]
    value += p.value_learning * (experienced(offers.take(pps, axis=1), motives, contact[pps] * commitment) - value)
    table.value[rows] = value
    demanding = np.where(firms.large[member], p.satisfied_large, p.satisfied_mkb)
    table.clock[rows] = (table.clock[rows] + 1) * (value < demanding)
    _learn(world, rows, offers, contact)


def experienced(offers: Floats, motives: Floats, felt: Floats) -> Floats:
    """Return the value of one quarter in a partnership, 0-1 (kernel over memberships).

    Args:
        offers: What the partnership offers to each motive: staff, llo and innovation.
        motives: Weights of these for the firm, that of innovation by its need for it.
        felt: Share of the offer that reaches it, by contact and role.
    """
    staff, llo, innovation = motives * offers
    value: Floats = felt * (staff + llo + innovation)
    return np.minimum(value, 1.0)


def held_by_members(world: PpsWorld, rows: Ints, which: slice = slice(None)) -> Floats:
    """Return the traits of the firms behind memberships, 0-1, shape (traits, memberships).

    With a sample, the firm that takes part is ahead of the mean of those that the sampled firm stands for.
    """
    table = world.memberships
    held: Floats = world.firms.traits[which].take(table.member[rows], axis=1)
    held += table.ahead[which].take(rows, axis=1)
    return np.minimum(held, 1.0, out=held)


def _learn(world: PpsWorld, rows: Ints, offers: Floats, contact: Floats) -> None:
    """Raise members' beliefs by what they see at work, and their learning culture by LLO (FI-09, P-S12).

    A sampled firm moves for the one of its kind that takes part; what that one is ahead of the others stays with
    its membership.
    """
    p, table, firms = world.p, world.memberships, world.firms
    member = table.member[rows]
    own = 1.0 / firms.weight[member]
    _, llo, _ = offers
    in_llo = p.culture_learning * world.pps.culture_gain * llo
    lessons = np.concatenate([p.belief_learning * offers, [in_llo]]) * contact
    moves = lessons.take(table.pps[rows], axis=1) * (1.0 - held_by_members(world, rows))
    for trait, ahead, of_all, of_one in zip(firms.traits, table.ahead, own * moves, (1.0 - own) * moves, strict=True):
        np.add.at(trait, member, of_all)
        np.minimum.at(trait, member, 1.0)
        ahead[rows] += of_one


def _act(world: PpsWorld, rows: Ints) -> None:
    """Let firms leave or fall back when patience runs out, drift away without regie, and rise with value.

    Mechanisms FI-01, FI-14 and RE-09.
    """
    p, table, firms, pps = world.p, world.memberships, world.firms, world.pps
    member, of, role = table.member[rows], table.pps[rows], table.role[rows]
    draws = world.firm_chance(member, world.chance("engagement")[of])
    impatient = table.clock[rows] > firms.patience[member]
    leaves = impatient & ((draws < p.leaves_rather) | (role == Role.KLANT))
    drift = p.leaves_at_random + p.drift_without_regie * (1.0 - pps.adequacy)
    drifts = (draws < drift[of]) & (table.since[rows] + 1 < world.quarter) & ~impatient
    ceiling = np.where(pps.position >= Position.SHARED, Role.MEDE_EIGENAAR, Role.PARTNER)
    rises = (draws > 1.0 - p.promotion) & (table.value[rows] >= p.promote_value) & (role < ceiling[of]) & ~impatient
    faded = (pps.adequacy < p.fading_adequacy)[of]
    without_results = leaves & ~faded
    leave(world, rows[without_results], Leaving.NO_RESULTS)
    if without_results.any():
        _disappoint(world, member[without_results])
    leave(world, rows[(leaves & faded) | drifts], Leaving.CONTACT_FADED)
    falls = rows[impatient & ~leaves]
    table.role[falls] -= 1
    table.clock[falls] = 0
    table.role[rows[rises]] += 1


def _disappoint(world: PpsWorld, member: Ints) -> None:
    """Lower the beliefs of firms that left without results; a sampled firm is lowered for the one that left."""
    firms = world.firms
    kept = 1.0 - world.p.disappointment / firms.weight[member]
    *beliefs, _ = firms.traits
    for belief in beliefs:
        np.multiply.at(belief, member, kept)


def _others_drift(world: PpsWorld, rows: Ints) -> None:
    """Let schools, municipalities and the like drift away where nobody keeps the contact; the lead school stays."""
    p, table, pps = world.p, world.memberships, world.pps
    of, kind, member = table.pps[rows], table.kind[rows], table.member[rows]
    draws = world.draws.uniforms("others drift", world.quarter, int(world.first_of_kind[-1]))
    turned = shifted(draws[world.first_of_kind[kind] + member], world.chance("engagement")[of])
    leads = (kind == Kind.SCHOOL) & (member == pps.school[of])
    settled = table.since[rows] + 1 < world.quarter  # a new partnership has no regie before its first money
    leaves = (turned < p.drift_without_regie * (1.0 - pps.adequacy[of])) & ~leads & settled
    leave(world, rows[leaves], Leaving.CONTACT_FADED)


def spread_beliefs(world: PpsWorld) -> None:
    """Spread the beliefs of members to firms of the same sector and region, slowly (adoption chain, FI-04)."""
    p, firms, table = world.p, world.firms, world.memberships
    rows = table.of_firms()
    if not len(rows):
        return
    cells = world.n_regions * world.n_sectors
    cell = firms.cell[table.member[rows]]
    members = np.bincount(cell, minlength=cells)
    share = members / np.maximum(world.firms_in_cell, 1.0)  # where there are firms, they stand for one at least
    rate = world.to_firms(p.belief_spread * np.minimum(share, 1.0))
    held = held_by_members(world, rows, BELIEFS)
    believers = np.maximum(members, 1)
    distant = 1.0 - rate[table.member[rows]]
    for belief, ahead, of_members in zip(firms.traits, table.ahead, held, strict=False):
        signal = np.bincount(cell, weights=of_members, minlength=cells) / believers
        spread_kernel(belief, rate, world.to_firms(signal))
        ahead[rows] *= distant  # in a sample: who takes part hears the same as those that its firm stands for


def spread_kernel(belief: Floats, rate: Floats, signal: Floats) -> None:
    """Move the belief of every firm towards what it hears, in place (kernel over all firms).

    Args:
        belief: Belief of each firm, 0-1.
        rate: Share of the distance that each firm covers this quarter.
        signal: Mean belief of the members in its cell.
    """
    signal -= belief
    signal *= rate
    belief += signal
