"""Small batches, and plans that are broken at random."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from agents.parameters import make_parameters
from experiments import batches
from experiments.cases import Batch, Case, CaseResult, Keep, Setting, Task
from scenarios.national import load_national
from scenarios.scenario import load_scenario
from tests.worlds import small_pack

KEEP = Keep(("pps_started", "networks_alive", "euros_cash"), "year")
PLAN = """
kind = "batch"
schema_version = 1
name = "klein"
title_nl = "Klein"
title_en = "Small"
region = "noord-brabant"
scenarios = ["baseline", "emergent"]
until = "2012-Q4"
scale = 0.02
seed = 3
seeds = 3
outcomes = ["pps_started", "networks_alive", "euros_cash"]
frequency = "end"

[draws]
source = "lhs"
count = 2
"""


def made(name: str = "test", draws: int = 2, seeds: int = 3, keep: Keep = KEEP) -> Batch:
    """Two scenarios in a small world."""
    setting = Setting(small_pack(), load_national(), 1.0, keep)
    scenarios = [load_scenario(one).model_copy(update={"until": "2013-Q1"}) for one in ("baseline", "emergent")]
    sets = [make_parameters({"fte_cost": 80_000.0 + 1_000.0 * draw}) for draw in range(draws)]
    cases = (
        Case(scenario, draw, seed, sets[draw])
        for draw in range(draws)
        for seed in range(seeds)
        for scenario in scenarios
    )
    return Batch(name, setting, tuple(cases))


class Shuffled:
    """Stands in for an engine that is done with runs in another order."""

    def __init__(self, tasks: list[Task], order: Callable[[list[int]], list[int]], stop: int = 10**9) -> None:
        self.tasks, self.order, self.stop = tasks, order, stop

    def as_done(self) -> Iterator[tuple[int, CaseResult]]:
        for count, place in enumerate(self.order(list(range(len(self.tasks))))):
            if count == self.stop:
                raise KeyboardInterrupt
            yield place, vars(batches)["run_task"](self.tasks[place])

    def leftover(self) -> list[tuple[int, CaseResult]]:
        return []


# ── plans ───────────────────────────────────────────────────────────────────────────────────────────────
values = st.one_of(
    st.integers(), st.floats(), st.text(max_size=8), st.booleans(), st.lists(st.integers(0, 3), max_size=3), st.none()
)


@st.composite
def broken(draw: st.DrawFn, plan: str) -> str:
    """Draw a plan in which some lines have another value or are one, with something after its end."""
    lines = plan.splitlines()
    changes = st.tuples(st.integers(0, len(lines) - 1), values, st.booleans())
    for number, value, whole in draw(st.lists(changes, min_size=1, max_size=4)):
        key = lines[number].partition(" = ")[0]
        lines[number] = as_toml(value) if whole else f"{key} = {as_toml(value)}"
    tail = draw(st.text())
    return "\n".join(lines) + ("" if len(tail) < 3 else tail)


def as_toml(value: Any) -> str:
    """Return a value as TOML has it."""
    if value is None:
        return "{ a = 1 }"
    return str(value).lower() if isinstance(value, bool | float) else json.dumps(value)
