"""The firm-level processes, as shipped (columns) and in idiomatic Mesa (objects), side by side.

Both start from the same world, a Noord-Brabant with so many firms that has lived until partnerships abound, and
live the same number of quarters of contact, joining, value and engagement, and the spread of beliefs. Nothing
else moves: blocks, regie and drivers stay as they are.

Seconds are of the processor (nothing here uses a second core), so that neighbours on the machine count for less.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from statistics import mean, median
from typing import Any

import numpy as np

from agents.partnership import FIELD_KINDS, FIRM_KINDS
from benchmarks.mesa_firms import FirmsModel
from benchmarks.packs import with_firms
from scenarios.scenario import load_scenario
from sim.contact import contact_and_joining
from sim.draws import Draws
from sim.engagement import value_and_engagement
from sim.model import PpsModel

START = "2019-Q4"  # most networks live, so that there is much to do
BELIEFS = ("belief_staff", "belief_llo", "belief_innovation")


@dataclass(frozen=True)
class Activity:
    """What happened, so that both can be seen to do the same work."""

    joins: float
    leaves: float
    firm_members: float
    field_partners: float
    belief_staff: float
    belief_llo: float
    belief_innovation: float


def start(firms: int) -> PpsModel:
    """Return the world from which both start."""
    model = PpsModel(with_firms(firms), load_scenario("baseline"), seed=1)
    model.run_until(model.calendar.step_of(START))
    return model


def columns(firms: int, quarters: int, seed: int) -> tuple[float, Activity]:
    """Live the quarters as shipped; return seconds and what happened."""
    world = start(firms)
    world.draws = Draws(seed)
    first, before = world.quarter + 1, len(world.memberships)
    gc.collect()  # so that none pays for the objects that the one before it left
    began = time.process_time()
    for quarter in range(first, first + quarters):
        world.quarter = quarter
        contact_and_joining(world)
        value_and_engagement(world)
    seconds = time.process_time() - began
    table = world.memberships
    left = (table.until >= first) & np.isin(table.kind, FIRM_KINDS)
    active = table.kind[table.active()]
    return seconds, Activity(
        len(table) - before,
        int(left.sum()),
        int(np.isin(active, FIRM_KINDS).sum()),
        int(np.isin(active, FIELD_KINDS).sum()),
        *(float(getattr(world.firms, belief).mean()) for belief in BELIEFS),
    )


def objects(firms: int, quarters: int, seed: int, shuffled: bool = True) -> tuple[float, Activity]:
    """Live the quarters in Mesa; return seconds (without making the objects) and what happened."""
    model = FirmsModel(start(firms), seed, shuffled)
    gc.collect()  # so that none pays for the objects that the one before it left
    began = time.process_time()
    for _ in range(quarters):
        model.step()
    seconds = time.process_time() - began
    return seconds, Activity(
        model.joins,
        model.leaves,
        sum(len(partnership.members) for partnership in model.partnerships),
        model.field_partners(),
        *(mean(getattr(firm, belief) for firm in model.firms) for belief in BELIEFS),
    )


def compare(firms: int, quarters: int, repeats: int, tell: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Measure all in turn, after one quarter each to warm up."""
    kinds: dict[str, Callable[[int, int, int], tuple[float, Activity]]] = {
        "columns": columns,
        "mesa": objects,
        "mesa_unshuffled": partial(objects, shuffled=False),
    }
    for live in kinds.values():
        live(firms, 1, 0)
    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    seen: dict[str, list[Activity]] = {name: [] for name in kinds}
    for repeat in range(repeats):
        for name, live in kinds.items():
            tell(f"firm-level processes, {name}, {repeat + 1} of {repeats}")
            took, activity = live(firms, quarters, repeat + 1)
            seconds[name].append(took)
            seen[name].append(activity)
    world = start(firms)
    result: dict[str, Any] = {
        "firms": len(world.firms),
        "partnerships": len(world.pps),
        "networks_alive": int(world.pps.network_alive.sum()),
        "quarters": quarters,
        "repeats": repeats,
    }
    for name in kinds:
        runs = [asdict(activity) for activity in seen[name]]
        result[name] = {
            "seconds": median(seconds[name]),
            "seconds_all": seconds[name],
            "activity": {key: mean(run[key] for run in runs) for key in runs[0]},
        }
    for name in ("mesa", "mesa_unshuffled"):
        result[name]["ratio"] = result[name]["seconds"] / result["columns"]["seconds"]
        result[name]["ratio_all"] = [a / b for a, b in zip(seconds[name], seconds["columns"], strict=True)]
    return result
