"""Why a scenario ends otherwise: the networks that live in one world and not in the other, and what made it so.

A partnership has the same id in both worlds of a pair. If its network lives at the end of the one run and not of the
other, its two lives are laid side by side, and the first thing that differs in this order counts:

1. it only started in the world in which it lives;
2. a stop rule ended the other;
3. the other stopped while it was subsidised;
4. the decision at the end of the subsidy went otherwise: the conditions that were met in the one world only;
5. the regie sat elsewhere from the start;
6. help that only the one got before the other was lost, whichever came first: a later subsidy, or help of a policy,
   while the contacts of the other faded or it lost its partners;
7. nothing of this, so that contacts or partners fell away for what happened around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from experiments.store import Run

type Row = Mapping[str, Any]

EXAMPLES = 5
"""How many partnerships are named for each mechanism."""
CONDITIONS = (
    "results_worth_keeping",
    "school_willing_to_fund",
    "entity_from_the_start",
    "owning_firms",
    "structural_money_euro_year",
    "school_lets_go",
)
MECHANISMS = (
    "only_started",
    "stop_rule",
    "stopped_during_subsidy",
    *CONDITIONS,
    "several_conditions",
    "other_start",
    "later_subsidy",
    "paid_contact_faded",
    "paid_too_few_partners",
    "contact_faded",
    "too_few_partners",
)
"""All that can have made the difference."""

_OPTION = {"A_EMBED": "A", "B_CONTINUE_ENTITY": "B", "C_NEW_ENTITY": "C"}
_COLUMNS = (
    "replicate",
    "id",
    "name",
    "first_position",
    "subsidy_end",
    "decision",
    "conditions",
    "network_alive",
    "story",
)


@dataclass(frozen=True)
class Example:
    """A partnership that ended otherwise.

    Attributes:
        replicate: In which pair.
        id: Its id, the same in both worlds.
        name: Its name.
    """

    replicate: int
    id: str
    name: str


@dataclass(frozen=True)
class Why:
    """How many networks ended otherwise through one mechanism.

    Attributes:
        scenario: Name of the scenario.
        side: `lives`: the network lives at the end in the scenario and not in the reference; `dies`: the reverse.
        mechanism: What made the difference, one of `MECHANISMS`.
        count: Networks in all pairs together.
        share: Share of those of this side.
        per_pair: Mean number in a pair.
        conditions: Conditions at the decision that were met in the world in which it lives alone, with for how many.
        policies: Names of the policies that helped a partnership of this kind, in the world in which it lives, with how
            many of them they helped.
        examples: A few of them.
    """

    scenario: str
    side: Literal["lives", "dies"]
    mechanism: str
    count: int
    share: float
    per_pair: float
    conditions: tuple[tuple[str, int], ...]
    policies: tuple[tuple[str, int], ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Case:
    """One network that lives in one world and not in the other."""

    where: Example
    mechanism: str
    conditions: tuple[str, ...]
    policies: tuple[str, ...]


def explain(baseline: Run, scenario: Run, replicates: Sequence[int]) -> tuple[Why, ...]:
    """Return why networks ended otherwise in a scenario than in the reference.

    Args:
        baseline: Run of the reference.
        scenario: Run of the scenario.
        replicates: Those that finished in both.

    Returns:
        First those that live in the scenario, then those that die in it; the most frequent mechanism first.
    """
    theirs, ours = (_rows(run, replicates) for run in (baseline, scenario))
    name = str(scenario.about["scenario"]["name"])
    return (
        *_counted(cases(ours, theirs), name, "lives", len(replicates)),
        *_counted(cases(theirs, ours), name, "dies", len(replicates)),
    )


def _rows(run: Run, replicates: Sequence[int]) -> dict[tuple[int, str], Row]:
    rows = run.table("partnerships").select(list(_COLUMNS)).to_pylist()
    wanted = set(replicates)
    return {(row["replicate"], row["id"]): row for row in rows if row["replicate"] in wanted}


def cases(living: Mapping[tuple[int, str], Row], other: Mapping[tuple[int, str], Row]) -> Iterator[Case]:
    """Yield the networks that live at the end of the one world and not of the other, with what made it so.

    Args:
        living: Partnerships of the one world by replicate and id, with the columns of the table `partnerships`.
        other: Those of the other.
    """
    for key, row in living.items():
        twin = other.get(key)
        if row["network_alive"] and not (twin and twin["network_alive"]):
            mechanism, conditions = what_made_it(row, twin)
            yield Case(Example(*key, name=row["name"]), mechanism, conditions, tuple(sorted(_paid_by(row))))


def what_made_it(row: Row, twin: Row | None) -> tuple[str, tuple[str, ...]]:
    """Return what made a network live whose twin in the other world does not, and the conditions met in its world only.

    Args:
        row: The partnership whose network lives.
        twin: The same partnership in the other world; None if it is not there.
    """
    if twin is None:
        return "only_started", ()
    if any(event["event"] == "stop_rule" for event in twin["story"]):
        return "stop_rule", ()
    if twin["decision"] == "STOP" and not twin["conditions"]:
        return "stopped_during_subsidy", ()
    if flipped := _flipped(row, twin):
        return (flipped[0] if len(flipped) == 1 else "several_conditions"), flipped
    if row["first_position"] != twin["first_position"]:
        return "other_start", ()
    ended = next(event for event in twin["story"] if event["event"] == "network_ended")
    match _helped_first(row, twin, ended["quarter"]):
        case "granted":
            return "later_subsidy", ()
        case "supported":
            return f"paid_{ended['detail']}", ()
        case _:
            return str(ended["detail"]), ()


def _flipped(row: Row, twin: Row) -> tuple[str, ...]:
    """Return the conditions for what the one decided that its twin, who decided otherwise, did not meet."""
    if row["decision"] == twin["decision"]:
        return ()
    option = _OPTION.get(row["decision"])
    return tuple(c["name"] for c in twin["conditions"] if c["option"] == option and not c["met"])


def _helped_first(row: Row, twin: Row, until: str) -> str:
    """Return the event by which the one was first helped and its twin was not; help after a death is no cause."""
    had = {(event["quarter"], event["event"], event["detail"]) for event in twin["story"]}
    for event in row["story"]:
        help_given = event["event"] in ("granted", "supported") and event["quarter"] <= until
        if help_given and (event["quarter"], event["event"], event["detail"]) not in had:
            return str(event["event"])
    return ""


def _paid_by(row: Row) -> set[str]:
    return {event["detail"] for event in row["story"] if event["event"] == "supported"}


def _counted(found: Iterable[Case], scenario: str, side: Literal["lives", "dies"], pairs: int) -> list[Why]:
    by: dict[str, list[Case]] = {}
    for case in found:
        by.setdefault(case.mechanism, []).append(case)
    total = sum(map(len, by.values()))
    order = sorted(by, key=lambda mechanism: (-len(by[mechanism]), MECHANISMS.index(mechanism)))
    return [
        Why(
            scenario,
            side,
            mechanism,
            count=len(by[mechanism]),
            share=len(by[mechanism]) / total,
            per_pair=len(by[mechanism]) / pairs,
            conditions=_tally(case.conditions for case in by[mechanism]),
            policies=_tally(case.policies for case in by[mechanism]),
            examples=tuple(case.where for case in by[mechanism][:EXAMPLES]),
        )
        for mechanism in order
    ]


def _tally(names: Iterable[tuple[str, ...]]) -> tuple[tuple[str, int], ...]:
    counts = Counter(name for some in names for name in some)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
