"""Process 5, activity: effort builds the blocks A-G; technology and missing upkeep wear them down."""

from __future__ import annotations

import numpy as np

from agents.columns import Bools, Floats, limited
from agents.partnership import Block, Decision, Location, Position
from sim.world import PpsWorld

SCHOOL_BLOCKS = slice(Block.A_CONTENT, Block.C_PLACE)  # A and B; the place wears by its hardware and software
FIELD_BLOCKS = slice(Block.D_LLO, Block.G_NETWORK)  # D, E and F


def activity(world: PpsWorld) -> None:
    """Build and decay the blocks of all partnerships that work or are kept by a school."""
    pps = world.pps
    if not len(pps):
        return
    working = (pps.effort > 0) & (pps.stopped < 0)
    growth = _growth(world, working)
    blocks, p = pps.blocks, world.p
    school_wear = _school_wear(world)
    _place(world, growth[Block.C_PLACE], school_wear)
    for built, wear in ((SCHOOL_BLOCKS, school_wear), (FIELD_BLOCKS, _field_wear(world))):
        block = blocks[:, built].T
        block += growth[built] * (1.0 - block)
        block *= 1.0 - wear
    blocks[:, Block.C_PLACE] = np.sqrt(pps.hardware * pps.software)
    _network(world)
    orchestrated = pps.network_alive & working
    pull = _pull_of_field(world)
    pps.demand += p.drift_demand * pull * (1.0 - pps.demand) * orchestrated
    pps.practice += p.drift_practice * pull * (1.0 - pps.practice) * orchestrated
    _keep_results(world)


def _growth(world: PpsWorld, working: Bools) -> Floats:
    """Return the growth of the blocks A-F this quarter as a share of what is still missing, shape (blocks, PPS)."""
    pps, p = world.pps, world.p
    practice = limited(pps.practice)
    of_school = np.array([[p.weight_a], [p.weight_b], [p.weight_c]]) * (1.0 - practice)
    of_field = np.array([[p.weight_d], [p.weight_e], [p.weight_f]]) * practice
    effect = 2.0 * pps.effort / (1.0 + pps.effort)  # diminishing returns; one at unit effort
    growth = p.block_rate * np.concatenate([of_school, of_field]) * (effect * (p.leader_base + pps.leader) * working)
    growth[FIELD_BLOCKS] *= _gates(world)
    reuse = 1.0 + _reuse(world)
    for block in (Block.A_CONTENT, Block.B_FORM, Block.D_LLO):
        growth[block] *= reuse
    growth[FIELD_BLOCKS] *= pps.network_alive
    return np.minimum(growth, 1.0)


def _gates(world: PpsWorld) -> Floats:
    """Return how far the prerequisites of D, E and F are met, 0-1 (mechanisms WA-05, CF-04, HB-01, LL-05).

    D needs A, B and C, and a school that has taught adults or firms that lead. E needs form, and a hogeschool
    (without one, a practor alone gets less far). F needs a hogeschool, owning firms, trust that grew over years,
    and A to C in order.
    """
    pps, p = world.pps, world.p
    content, form, place, *_ = pps.blocks.T
    ready = limited(np.minimum(np.minimum(content, form), place) / p.basis_needed)
    hbo = np.where(pps.hogescholen > 0, 1.0, p.without_hbo)
    between = pps.position >= Position.SHARED
    owned = limited((pps.owners + p.shared_owns * between) / p.owners_for_innovation)
    experience = np.array([school.llo_experience for school in world.schools])[pps.school]
    able = np.where(between, np.maximum(experience, p.llo_between), experience)
    llo = ready * able * (p.llo_supply + (1.0 - p.llo_supply) * pps.demand)
    research = limited(form / p.basis_needed) * hbo
    return np.array([llo, research, ready * hbo * owned * trust(world)])


def trust(world: PpsWorld) -> Floats:
    """Return the trust of the partners, 0-1: the history that they brought and the years that they work together."""
    p, pps = world.p, world.pps
    grown: Floats = limited((world.quarter - pps.born) / (4.0 * p.trust_years) + pps.history)
    return grown


def _reuse(world: PpsWorld) -> Floats:
    """Return the gain from material of other partnerships in the sector; not-invented-here blocks it (RO-02)."""
    pps, p = world.pps, world.p
    best = np.zeros(world.n_sectors)
    np.maximum.at(best, pps.sector, pps.blocks[:, Block.A_CONTENT])
    refused = np.array([school.not_invented_here for school in world.schools])[pps.school]
    ahead = np.maximum(0.0, best[pps.sector] - pps.blocks[:, Block.A_CONTENT])
    gain: Floats = p.reuse_gain * pps.reuse * ahead * (1.0 - refused)
    return gain


def _place(world: PpsWorld, growth: Floats, wear: Floats) -> None:
    """Build the context-rich place: mostly hardware, though it works only with software (IN-01)."""
    pps, p = world.pps, world.p
    on_site = np.where(pps.location == Location.SCHOOL, 1.0, p.place_outside)
    pps.hardware += 2.0 * pps.hardware_share * growth * on_site * (1.0 - pps.hardware)
    pps.software += 2.0 * (1.0 - pps.hardware_share) * growth * on_site * (1.0 - pps.software)
    np.minimum(pps.hardware, 1.0, out=pps.hardware)
    np.minimum(pps.software, 1.0, out=pps.software)
    pps.hardware *= 1.0 - wear
    pps.software *= 1.0 - wear


def _school_wear(world: PpsWorld) -> Floats:
    """Return the share of A-C that is lost this quarter; a school that keeps the results maintains them."""
    pps, p = world.pps, world.p
    kept = np.where(pps.decision > 0, pps.results, 1.0) * p.upkeep
    kept *= pps.stopped < 0
    return world.climate.curriculum_decay * (1.0 - kept)


def _field_wear(world: PpsWorld) -> Floats:
    """Return the share of D-F that is lost this quarter: more where the network is gone."""
    carried = np.where(world.pps.network_alive, 1.0, world.p.field_blocks_without_network)
    return world.climate.curriculum_decay * carried


def _network(world: PpsWorld) -> None:
    """Let the network (block G) grow with regie and fade without it (RE-09)."""
    pps, p = world.pps, world.p
    g = pps.blocks[:, Block.G_NETWORK]
    full = limited(pps.field / p.partners_for_network)
    led = 1.0 - p.network_leader * (1.0 - pps.leader)
    gain = p.network_gain * pps.adequacy * full * led * (1.0 - g)
    fade = p.network_fade * (1.0 - pps.adequacy) * g
    pps.blocks[:, Block.G_NETWORK] = np.where(pps.network_alive, limited(g + gain - fade), 0.0)


def _pull_of_field(world: PpsWorld) -> Floats:
    """Return how strongly a partnership is drawn to demand and practice: by committed firms and an orchestrator."""
    pps, p = world.pps, world.p
    shared = p.shared_owns * (pps.position >= Position.SHARED)
    committed = limited(pps.owners / p.owners_for_innovation) + shared
    orchestration = np.array([province.orchestration for province in world.provinces])[pps.province]
    pull: Floats = p.drift_base + committed + orchestration
    return pull


def _keep_results(world: PpsWorld) -> None:
    """Let the school embed the renewed curriculum while it works with it, and keep it when embedding was chosen."""
    pps, p = world.pps, world.p
    made = 0.5 * (pps.blocks[:, Block.A_CONTENT] + pps.blocks[:, Block.B_FORM])
    embeds = np.where(pps.decision == Decision.A_EMBED, p.embedding_after, p.embedding_during)
    rate = np.where(made > pps.results, embeds, world.climate.curriculum_decay)  # what was embedded ages slowly
    stopped = pps.stopped >= 0
    pps.results += rate * ~stopped * (made - pps.results)
    pps.results *= np.where(stopped, 1.0 - p.results_lost_when_stopped, 1.0)
