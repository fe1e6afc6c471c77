"""Process 1, drivers: the business cycle, the number of students and the ageing of curricula.

All are exogenous: the partnerships do not move them. History is public statistics, the future a branch.
"""

from __future__ import annotations

import numpy as np

from sim.world import PpsWorld


def drivers(world: PpsWorld) -> None:
    """Set the climate of this quarter and the vacancies of all firms."""
    p, climate, calendar = world.p, world.climate, world.calendar
    year = calendar.year(world.quarter)
    moment = year + (calendar.season(world.quarter) - 2.5) / 4  # yearly averages stand at mid-year
    climate.unemployment = world.driver("unemployment", moment)
    climate.tightness = min(max((p.slack_unemployment - climate.unemployment) / p.slack_span, 0.0), 1.0)
    faster = {"low": p.decay_low, "base": 1.0, "high": p.decay_high}[world.asked.branch]
    climate.curriculum_decay = p.curriculum_decay * (faster if year >= world.branch_starts else 1.0)
    np.multiply(world.firms.employees, p.vacancy_rate * climate.tightness, out=world.firms.vacancies)
