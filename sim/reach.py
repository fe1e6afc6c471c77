"""Process 7, reach: whom partnerships reach in a year, by the definitions of the impact measurement.

Direct reach is students who take part in regular education with the partnership; indirect reach is through
material and electives that others use. Both follow from what the school keeps, also when the network is gone.
"""

from __future__ import annotations

import numpy as np

from agents.columns import Floats
from agents.firm import LLO_AND_CULTURE
from agents.partnership import FIELD_KINDS, Kind
from sim.engagement import held_by_members
from sim.world import PpsWorld

IS_FIELD = np.isin(np.arange(len(Kind)), FIELD_KINDS)


def reach(world: PpsWorld) -> None:
    """Set the yearly reach of all partnerships."""
    pps, p = world.pps, world.p
    if not len(pps):
        return
    a, b, c, llo, *_ = pps.blocks.T
    progress = p.reach_content * a + p.reach_form * b + (1.0 - p.reach_content - p.reach_form) * c
    kept = np.where(pps.decision > 0, np.minimum(1.0, pps.results / np.maximum((a + b) / 2.0, 1e-9)), 1.0)
    kept *= pps.stopped < 0
    in_sector = world.enrolment.by_sector[pps.school, pps.sector]
    alone = np.minimum(pps.target_students * progress * kept, p.reach_most * in_sector)
    place = pps.school * world.n_sectors + pps.sector
    together = np.bincount(place, weights=alone)[place]
    crowding = np.divide(in_sector, together, out=np.ones(len(pps)), where=together > in_sector)
    pps.students_direct[:] = alone * crowding  # partnerships cannot reach more than all students of the sector
    pps.students_indirect[:] = pps.students_direct * p.indirect_per_direct * (p.indirect_base + a)
    pps.teachers[:] = pps.students_direct / p.students_per_involved_teacher
    _field(world, llo)


def _field(world: PpsWorld, llo: Floats) -> None:
    """Set professionals and LLO participants: employees of the partners that take part."""
    pps, p, table, firms = world.pps, world.p, world.memberships, world.firms
    rows = table.active()
    n = len(pps)
    per_role = np.array(
        [0.0, p.professionals_klant, p.professionals_adviseur, p.professionals_partner, p.professionals_partner]
    )
    involved = per_role[table.role[rows]] * IS_FIELD[table.kind[rows]]
    pps.professionals[:] = np.bincount(table.pps[rows], weights=involved, minlength=n)
    firms_in = table.of_firms()
    llo_belief, culture = held_by_members(world, firms_in, LLO_AND_CULTURE)
    staff = np.minimum(firms.employees[table.member[firms_in]], p.llo_most_employees) * p.llo_share_of_staff
    takes_part = np.bincount(table.pps[firms_in], weights=culture * llo_belief * staff, minlength=n)
    pps.llo[:] = pps.llo_uptake * llo * takes_part
