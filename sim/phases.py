"""Process 8, phase: plan, co-create, validated, scaled and recognised, renewal; one phase at a time."""

from __future__ import annotations

import numpy as np

from agents.columns import Bools
from sim.world import PpsWorld


def phases(world: PpsWorld) -> None:
    """Let partnerships mature or slip back, at most one phase a quarter.

    Phase 4 takes four to five years on average; shared history shortens it (LC-02), lost regie reverses it.
    """
    pps, p, now = world.pps, world.p, world.quarter
    if not len(pps):
        return
    content, form, place, *_, network = pps.blocks.T
    work = ((content + form) / 2.0 + network) / 2.0
    pace = p.phase_rate * (1.0 + p.history_speeds * pps.history) * (p.phase_base + work) * pps.adequacy
    slip = p.phase_slip * (1.0 - pps.adequacy)
    moving = pps.network_alive & (pps.stopped < 0)
    pps.development[:] = np.minimum(np.maximum(pps.development + (pace - slip) * moving, 1.0), 5.0)
    validated = np.minimum(content, form) >= p.phase_3_blocks
    scaled = ((content + form + place) / 3.0 >= p.phase_4_blocks) & (pps.core >= p.phase_4_core)
    highest = 2 + validated * (1 + scaled)
    target = np.minimum(np.floor(pps.development).astype(np.int64), highest)
    target = np.where(_renews(world), 5, np.minimum(target, 4))
    step = np.sign(target - pps.phase) * moving
    for row in step.nonzero()[0]:
        pps.phase[row] += step[row]
        phase = int(pps.phase[row])
        if pps.phase_since[row, phase] < 0:
            pps.phase_since[row, phase] = now
            world.tell(int(row), "phase", phase=phase)


def _renews(world: PpsWorld) -> Bools:
    """Say which partnerships choose renewal: after some years in phase 4, by choice and not of necessity (LC-01)."""
    pps, p, now = world.pps, world.p, world.quarter
    fourth = pps.phase_since[:, 4]
    ripe = (pps.phase == 4) & (fourth >= 0) & (now - fourth >= 4 * p.renewal_years)
    steady = (pps.development >= 4.0) & pps.network_alive
    first_try = ripe & steady & (pps.phase_five_tried < 0)
    pps.phase_five_tried[first_try] = now
    chosen = first_try & (world.chance("renewal") < p.renewal_chance)
    renews: Bools = (chosen | (pps.phase == 5)) & steady
    return renews
