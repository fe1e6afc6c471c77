"""What the workshop plays: from a state to the replicate behind it, and the measures that a room can switch on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from app.figures.workshop import story
from app.live import live
from app.partner_story import one_of_several, tell_partner
from app.presets import Preset, load_presets, offered_measures
from app.recording import Moment, Recording, moment, record
from app.state import MOST_REPLICATES, ON, Chosen, Problem, State, changed, policies_of, scenario_of
from app.story import tell
from app.words import Words
from experiments.draws import make_experiment
from experiments.runner import Replicate
from scenarios.policies import policy_texts

MOST_FUTURES = MOST_REPLICATES
OWN = "own-"
"""What the choice of a scenario of the page begins with, followed by its number; all others are settings of the kit."""


@dataclass(frozen=True)
class Asked:
    """Which run is played: all that its numbers follow from.

    Attributes:
        played: What is played.
        region: Name of a region pack.
        parameters: `posterior` or `default`.
        seed: Seed of the first future.
        scale: Share of the firms that is simulated.
        future: Number of the replicate.
        owner: For which session; what it asks is shared with all others.
    """

    played: Chosen
    region: str
    parameters: str
    seed: int
    scale: float
    future: int
    owner: str = field(default="", compare=False)

    def replicate(self) -> Replicate:
        """Return the run: the replicate of this number of a comparison with the same settings."""
        experiment = make_experiment(
            scenario_of(self.played), self.region, self.parameters, self.seed, self.future + 1, None, self.scale
        )
        return experiment.replicate(self.future)


def asked(state: State, owner: str = "") -> Asked:
    """Return which run a state plays, for a session."""
    return Asked(state.played, state.region, state.parameters, state.seed, state.scale, state.future, owner)


def preset_of(state: State) -> Preset | None:
    """Return the first setting of the kit in which the scenario of a state is played, if there is one."""
    base = origin_of(state)
    if base.changes or base.title:
        return None
    return next((one for one in load_presets() if (one.scenario, one.region) == (base.base, state.region)), None)


def origin_of(state: State) -> Chosen:
    """Return what is played without the measures of the room: a scenario of the page itself, or a named one."""
    return state.played if state.played in state.scenarios else Chosen(state.played.base)


def kit(state: State, words: Words) -> list[dict[str, Any]]:
    """Return what can be played: the settings of the kit, and the scenarios that are on the page."""
    settings = [
        {"id": one.id, "title": words.pick(one, "title"), "minutes": str(one.minutes)} for one in load_presets()
    ]
    own = [
        {"id": f"{OWN}{number}", "title": words.pick(scenario_of(chosen), "title"), "minutes": ""}
        for number, chosen in enumerate(state.scenarios)
    ]
    return [*settings, *own]


def with_setting(state: State, setting: str) -> tuple[State, Preset | None]:
    """Return the state in which something that `kit` names is played from its start, and the setting if it is one."""
    preset = next((one for one in load_presets() if one.id == setting), None)
    if preset:
        return replace(state, played=Chosen(preset.scenario), region=preset.region, quarter=""), preset
    number = setting.removeprefix(OWN)
    chosen = state.scenarios[min(int(number), len(state.scenarios) - 1)] if number.isdecimal() else state.played
    return replace(state, played=chosen, quarter=""), None


def switched_on(played: Chosen, kind: str, quarter: str, region: str) -> tuple[Chosen, tuple[Problem, ...]]:
    """Return what is played with a measure in force from a quarter; unchanged if that cannot be."""
    name = _name(played, kind)
    on, problems = changed(played, name, ON, True, region)
    if problems:
        return played, problems
    started, problems = changed(on, name, "starts", quarter, region)
    return (played, problems) if problems else (started, ())


def switched_off(played: Chosen, kind: str, origin: Chosen) -> Chosen:
    """Return what is played with a measure as it was in the beginning."""
    name = _name(played, kind)
    others = [change for change in played.changes if change[0] != name]
    before = [change for change in origin.changes if change[0] == name]
    return replace(played, changes=tuple(sorted([*others, *before], key=lambda change: change[:2])))


def _name(played: Chosen, kind: str) -> str:
    return next(name for name, (policy, _) in policies_of(played).items() if policy.kind == kind)


def measures(played: Chosen, origin: Chosen, words: Words) -> list[dict[str, Any]]:
    """Return the measures on offer: what they are called, from when they are in force, and whether by the room."""
    before, now = ({one.kind: (one, on) for one, on in policies_of(each).values()} for each in (origin, played))
    found = []
    for kind in offered_measures():
        policy, on = now[kind]
        texts = policy_texts()[kind]
        found.append(
            {
                "id": kind,
                "title": words.pick(texts, "title"),
                "purpose": words.pick(texts, "purpose"),
                "starts": policy.starts if on else "",
                "own": on and now[kind] != before[kind],
            }
        )
    return found


def in_force(played: Chosen, words: Words) -> Iterator[tuple[str, str]]:
    """Yield the measures of what is played: first quarter in force, and what each is called."""
    for policy in scenario_of(played).policies:
        yield policy.starts, words.pick(policy_texts()[policy.kind], "title")


# ── runs: done by the processes of the server, while the caller waits in a thread of its own ────────────
@lru_cache(32)
def recording_of(run: Asked) -> Recording:
    """Return a run as frames."""
    done: Recording = live().do(record, run.replicate(), owner=run.owner).result()
    return done


@lru_cache(16)
def moment_of(run: Asked, quarter: str) -> Moment:
    """Return what can be told of a run at a quarter."""
    done: Moment = live().do(moment, run.replicate(), quarter, owner=run.owner).result()
    return done


def story_of(run: Asked, target: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Return the story so far of a partnership or a partner.

    Args:
        run: The run.
        target: What was clicked: the number of a `hub` or of a `node` in the recording, and the `quarter` of the story.
        words: The language.
    """
    recording, then = recording_of(run), moment_of(run, target["quarter"])
    if "hub" in target:
        return story(tell(then.partnerships[target["hub"]], then.about, words))
    node = recording.nodes[target["node"]]
    partner = then.partners[node.kind, node.member]
    if partner.get("weight", 1.0) > 1.0:
        link = next(one for one in recording.links if one.node == target["node"])
        partner = one_of_several(partner, recording.hubs[link.hub].name, recording.quarters[link.since])
    return story(tell_partner(partner, then.about, words))
