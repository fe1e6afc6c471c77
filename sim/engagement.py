"""Process 6, value and engagement: partners experience value, rise, fall back or leave; beliefs spread to peers."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Ints
from agents.partnership import Block, Kind, Leaving, Position, Role
from sim.contact import offer
from sim.draws import shifted
from sim.network import count_partners, leave
from sim.world import PpsWorld

TRAITS = {
    "staff": "belief_staff",
    "llo": "belief_llo",
    "innovation": "belief_innovation",
    "culture": "learning_culture",
}
"""What firms learn in a partnership, and the column in which it is kept."""


def value_and_engagement(world: PpsWorld) -> None:
    """Let all partners of living networks experience value and act on it, and let beliefs spread."""
    table = world.memberships
    rows = table.active()
    if len(rows):
        firms = rows[table.kind[rows] <= Kind.GROOTBEDRIJF]
        _experience(world, firms)
        _act(world, firms)
        _others_drift(world, rows[table.kind[rows] >= Kind.SCHOOL])
        count_partners(world)
    spread_beliefs(world)


def _experience(world: PpsWorld, rows: Ints) -> None:
    """Update the value that firms experience, their clock without results, and what they learn."""
    p, table, firms = world.p, world.memberships, world.firms
    pps, member = table.pps[rows], table.member[rows]
    offers = {name: values[pps] for name, values in offer(world).items()}
    motive = (firms.motive_staff[member], firms.motive_llo[member], firms.motive_innovation[member])
    need = firms.innovation_need[member]
    contact = p.value_without_contact + (1.0 - p.value_without_contact) * world.pps.blocks[pps, Block.G_NETWORK]
    commitment = np.array([0.0, p.value_klant, p.value_adviseur, p.value_partner, p.value_eigenaar])[table.role[rows]]
    value = experienced(offers, motive, need, contact * commitment)
    table.value[rows] += p.value_learning * (value - table.value[rows])
    demanding = np.where(firms.large[member], p.satisfied_large, p.satisfied_mkb)
    table.clock[rows] = np.where(table.value[rows] >= demanding, 0, table.clock[rows] + 1)
    _learn(world, rows, offers, contact)


def experienced(offers: dict[str, Floats], motive: tuple[Floats, Floats, Floats], need: Floats, felt: Floats) -> Floats:
    """Return the value of one quarter in a partnership, 0-1 (kernel over memberships).

    Args:
        offers: What the partnership offers to each motive.
        motive: Weights of staff, llo and innovation of the firm.
        need: Its need for innovation.
        felt: Share of the offer that reaches it, by contact and role.
    """
    staff, llo, innovation = motive
    value: Floats = felt * (staff * offers["staff"] + llo * offers["llo"] + innovation * need * offers["innovation"])
    return np.minimum(value, 1.0)


def held_by_members(world: PpsWorld, rows: Ints, trait: str) -> Floats:
    """Return a belief or the learning culture of the firms behind memberships, 0-1.

    With a sample, the firm that takes part is ahead of the mean of those that the sampled firm stands for.
    """
    table, firms = world.memberships, world.firms
    ahead = getattr(table, f"ahead_{trait}")[rows]
    mean = getattr(firms, TRAITS[trait])[table.member[rows]]
    held: Floats = np.minimum(mean + ahead, 1.0)
    return held


def _learn(world: PpsWorld, rows: Ints, offers: dict[str, Floats], contact: Floats) -> None:
    """Raise members' beliefs by what they see at work, and their learning culture by LLO (FI-09, P-S12).

    A sampled firm moves for the one of its kind that takes part; what that one is ahead of the others stays with
    its membership.
    """
    p, table, firms = world.p, world.memberships, world.firms
    member = table.member[rows]
    own = 1.0 / firms.weight[member]
    shown = {**offers, "culture": offers["llo"]}
    for trait, name in TRAITS.items():
        gain = world.pps.culture_gain[table.pps[rows]]
        rate = p.culture_learning * gain if trait == "culture" else p.belief_learning
        move = rate * shown[trait] * contact * (1.0 - held_by_members(world, rows, trait))
        column = getattr(firms, name)
        np.add.at(column, member, own * move)
        column[member] = np.minimum(column[member], 1.0)
        getattr(table, f"ahead_{trait}")[rows] += (1.0 - own) * move


def _act(world: PpsWorld, rows: Ints) -> None:
    """Let firms leave or fall back when patience runs out, drift away without regie, and rise with value.

    Mechanisms FI-01, FI-14 and RE-09.
    """
    p, table, firms, pps = world.p, world.memberships, world.firms, world.pps
    member, of = table.member[rows], table.pps[rows]
    draws = world.firm_chance(member, world.chance("engagement")[of])
    impatient = table.clock[rows] > firms.patience[member]
    leaves = impatient & ((draws < p.leaves_rather) | (table.role[rows] == Role.KLANT))
    falls = impatient & ~leaves
    settled = table.since[rows] + 1 < world.quarter
    drift = p.leaves_at_random + p.drift_without_regie * (1.0 - pps.adequacy[of])
    drifts = ~impatient & settled & (draws < drift)
    ceiling = np.where(pps.position[of] >= Position.SHARED, Role.MEDE_EIGENAAR, Role.PARTNER)
    content = (table.value[rows] >= p.promote_value) & ~impatient
    rises = content & (draws > 1.0 - p.promotion) & (table.role[rows] < ceiling)
    faded = pps.adequacy[of] < p.fading_adequacy
    leave(world, rows[leaves & ~faded], Leaving.NO_RESULTS)
    _disappoint(world, member[leaves & ~faded])
    leave(world, rows[(leaves & faded) | drifts], Leaving.CONTACT_FADED)
    table.role[rows[falls]] -= 1
    table.clock[rows[falls]] = 0
    table.role[rows[rises]] += 1


def _disappoint(world: PpsWorld, member: Ints) -> None:
    """Lower the beliefs of firms that left without results; a sampled firm is lowered for the one that left."""
    firms = world.firms
    kept = 1.0 - world.p.disappointment / firms.weight[member]
    for belief in (firms.belief_staff, firms.belief_llo, firms.belief_innovation):
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
    rows = table.active()
    rows = rows[table.kind[rows] <= Kind.GROOTBEDRIJF]
    if not len(rows):
        return
    cells = world.n_regions * world.n_sectors
    cell = firms.cell[table.member[rows]]
    members = np.bincount(cell, minlength=cells)
    share = np.divide(members, world.firms_in_cell, out=np.zeros(cells), where=world.firms_in_cell > 0)
    rate = (p.belief_spread * np.minimum(share, 1.0)).take(firms.cell)
    for trait in ("staff", "llo", "innovation"):
        held = held_by_members(world, rows, trait)
        signal = np.bincount(cell, weights=held, minlength=cells) / np.maximum(members, 1)
        spread_kernel(getattr(firms, TRAITS[trait]), rate, signal.take(firms.cell))


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
