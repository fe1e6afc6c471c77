"""Write the golden baseline anew, deliberately, and say what changed: `python -m tests.golden.update`.

Results of a scenario, a seed and a set of parameters are a promise. When they change on purpose, write in
CHANGELOG.md an entry that begins with **Results change.** and says which outcomes moved, by how much, and why.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from scenarios.region import load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel

GOLDEN = Path(__file__).with_name("baseline.json")
RUN = {"region": "noord-brabant", "scenario": "baseline", "seed": 1, "scale": 0.1}
DATES = ("2012-Q4", "2014-Q4", "2016-Q4", "2018-Q2", "2021-Q2", "2024-Q4", "2029-Q4", "2035-Q4")
OUTCOMES = (
    "pps_started", "pps_active", "pps_subsidised", "pps_embedded", "pps_independent", "pps_stopped", "networks_alive",
    "valley_share", "network_strength", "partners", "core_partners", "companies_unique", "partners_unique",
    "largest_employers_in_pps", "mkb_reached_share", "students_direct", "students_indirect", "reach_share",
    "llo_participants", "professionals_involved", "learning_culture", "belief_llo", "belief_innovation", "pps_with_hbo",
    "learning_communities", "regie_fte", "regie_fte_school", "students", "students_bbl", "students_bol",
    "level_4_share", "euros_national_subsidy", "euros_firm_in_kind", "euros_cash", "public_euros", "applications",
)  # fmt: skip
RELATIVE = 1e-9  # equal on every platform, though not to the last bit

type Measured = dict[str, dict[str, float | None]]


def measure() -> Measured:
    """Run the golden baseline and return what it gives, by date (or `counts`) and outcome."""
    model = PpsModel(load_region("noord-brabant"), load_scenario("baseline"), seed=1, scale=0.1).run()
    recorder = model.recorder
    assert recorder is not None
    found: Measured = {}
    for date in DATES:
        numbers = recorder.values[model.calendar.step_of(date), -1]
        values = {name: float(numbers[recorder.numbers[name]]) for name in OUTCOMES}
        found[date] = {name: None if math.isnan(value) else value for name, value in values.items()}
    flows = model.ledger.flows()
    found["counts"] = {
        "firms": len(model.firms),
        "partnerships": len(model.pps),
        "memberships": len(model.memberships),
        "memberships_active": len(model.memberships.active()),
        "events": len(model.events),
        "payments": len(flows.amount),
        "cents_paid": int(flows.amount.sum()),
        "students_turned_away": model.enrolment.turned_away,
        "phases_reached": int((model.pps.phase_since >= 0).sum()),
        "decided": int(np.count_nonzero(model.pps.decision)),
    }
    return found


def read() -> Measured:
    """Return what is kept, or nothing when there is no file yet."""
    if not GOLDEN.exists():
        return {}
    kept: Measured = json.loads(GOLDEN.read_text(encoding="utf-8"))["values"]
    return kept


def differences(old: Measured, new: Measured) -> list[str]:
    """Return one line for each value that is not what it was."""
    lines = []
    for when in sorted({*old, *new}):
        before, after = old.get(when, {}), new.get(when, {})
        for name in [*after, *(set(before) - set(after))]:
            one, other = before.get(name), after.get(name)
            if name not in before or name not in after or not _same(one, other):
                lines.append(f"{when:8} {name:28} {_show(one):>18} -> {_show(other):>18}{_change(one, other)}")
    return lines


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-12)


def _show(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}"


def _change(one: float | None, other: float | None) -> str:
    return f"  ({other / one - 1:+.2%})" if one and other else ""


def main() -> None:
    """Write the file anew and print what changed."""
    new = measure()
    lines = differences(read(), new)
    GOLDEN.write_text(json.dumps({"run": RUN, "values": new}, indent=1) + "\n", encoding="utf-8")
    print("\n".join(lines) or "Nothing changed.")
    if lines:
        print(f"\n{len(lines)} values changed. Write in CHANGELOG.md an entry that begins with **Results change.**")


if __name__ == "__main__":
    main()
