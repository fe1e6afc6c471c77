"""Process 12, decisions: once a year schools, hogescholen and provinces look back and learn."""

from __future__ import annotations

import numpy as np

from agents.partnership import Block, Kind, Role
from sim.draws import shifted
from sim.network import carried_by, join
from sim.world import PpsWorld


def decisions(world: PpsWorld) -> None:
    """Let schools, hogescholen and provinces decide, in the last quarter of a year."""
    if world.calendar.season(world.quarter) != 4:
        return
    _schools_review(world)
    _hogescholen_review(world)
    _hogescholen_link(world)
    _provinces_review(world)


def _schools_review(world: PpsWorld) -> None:
    pps, p, n = world.pps, world.p, len(world.schools)
    led = np.bincount(pps.school, minlength=n)
    decided = pps.decision > 0
    ended = np.bincount(pps.school, weights=decided, minlength=n)
    results = np.bincount(pps.school, weights=pps.results * decided, minlength=n)
    llo = np.bincount(pps.school, weights=pps.blocks[:, Block.D_LLO], minlength=n)
    for school in world.schools:
        k = school.row
        mean_results = float(results[k] / ended[k]) if ended[k] else None
        mean_llo = float(llo[k] / led[k]) if led[k] else 0.0
        school.review(int(led[k]), mean_results, mean_llo, p.school_learning, p.portfolio_half_way)
        school.teachers = school.students / p.students_per_teacher


def _hogescholen_review(world: PpsWorld) -> None:
    table, pps = world.memberships, world.pps
    rows = table.active()
    rows = rows[table.kind[rows] == Kind.HOGESCHOOL]
    research = (pps.blocks[:, Block.E_RESEARCH] + pps.blocks[:, Block.F_INNOVATION]) / 2.0
    for hbo in world.hogescholen:
        mine = table.pps[rows[table.member[rows] == hbo.row]]
        hbo.review(float(research[mine].mean()) if len(mine) else 0.0, len(mine), world.p.hbo_learning)


def _hogescholen_link(world: PpsWorld) -> None:
    """Let hogescholen with room and interest link a lectoraat to living partnerships of their sectors (HB-04)."""
    p, pps = world.p, world.pps
    carried = [carried_by(world, hbo.row) for hbo in world.hogescholen]
    draws = world.draws.uniforms("lectoraat", world.quarter, len(world.hogescholen))
    rows = (pps.network_alive & (pps.hogescholen == 0)).nonzero()[0]
    turned = shifted(draws, world.chance("lectoraat")[rows, None])
    values = np.array([hbo.value_of_mbo for hbo in world.hogescholen])
    links = np.array([hbo.large_firm_links for hbo in world.hogescholen])
    pull = p.hbo_links * values * (p.hbo_base + pps.practice[rows, None])
    pull *= 1.0 + p.hbo_large_pull * links * (pps.large[rows, None] > 0)
    drawn = (turned < pull) & world.near_hogeschool[:, pps.region[rows]].T
    for number, row_of_hbo in np.argwhere(drawn).tolist():
        row, hbo = rows[number], world.hogescholen[row_of_hbo]
        if pps.sector[row] in hbo.sectors and hbo.has_room(carried[hbo.row], p.pps_per_lectoraat):
            join(world, row, Kind.HOGESCHOOL, np.array([hbo.row]), Role.PARTNER, p.value_at_start)
            carried[hbo.row] += 1


def _provinces_review(world: PpsWorld) -> None:
    """Let provinces grow into orchestrating from the year in which they were seen to start (WA-07).

    What hired staff add wears off unless it is kept up.
    """
    p = world.p
    in_force = [(policy.name, world.act.provinces(policy)) for policy in world.policies_in_force()]
    for province in world.provinces:
        province.instruments = [name for name, places in in_force if places[province.row]]
        if world.calendar.year(world.quarter) >= p.orchestration_from:
            province.own_orchestration += p.orchestration_growth * (1.0 - province.own_orchestration)
        province.added_orchestration *= 1.0 - p.policy_orchestration_fades
