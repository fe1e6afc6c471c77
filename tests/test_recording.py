"""The workshop's recording: frames that agree with the run, a past that measures leave alone, and stories so far."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from agents.partnership import FIRM_KINDS
from app import recording as work
from app.partner_story import one_of_several, tell_partner
from app.presets import Preset, load_presets, offered_measures
from app.recording import Hub, Recording, moment, record
from app.story import tell
from app.words import Language, Words
from experiments.draws import parameter_sets
from experiments.runner import Experiment, Replicate
from scenarios.national import load_national
from scenarios.policies import make_policies, policy_kinds, settings_of
from scenarios.region import load_region
from scenarios.scenario import Scenario, load_scenario

ALIVE = work.SUBSIDISED + work.EMBEDDED + work.INDEPENDENT
NOW = "2018-Q2"


def replicate(asked: Scenario, number: int = 0) -> Replicate:
    sets = parameter_sets("default", {}, 1, 1)
    return Experiment(load_region("noord-brabant"), load_national(), asked, sets, scale=0.02).replicate(number)


def until(quarter: str, name: str = "baseline") -> Scenario:
    return load_scenario(name).model_copy(update={"until": quarter})


@pytest.fixture(scope="module")
def played() -> Recording:
    return record(replicate(until("2026-Q4")))


def taking_part(one: Recording, hub: int, frame: int) -> Iterator[int]:
    for link in one.links:
        if link.hub == hub and link.since <= frame and not 0 <= link.until <= frame:
            yield link.node


def standing(one: Recording, frame: int) -> str:
    return "".join(hub.states[frame] for hub in one.hubs)


# ── frames ──────────────────────────────────────────────────────────────────────────────────────────────


def test_every_frame_counts_what_the_run_counts(played: Recording) -> None:
    assert len(played.quarters) == 62
    for frame in range(len(played.quarters)):
        states, now = standing(played, frame), {name: values[frame] for name, values in played.series.items()}
        assert states.count(work.STOPPED) == now["pps_stopped"]
        assert sum(states.count(letter) for letter in ALIVE) == now["networks_alive"]
        assert len(states.replace(work.NOT_YET, "").replace(work.STOPPED, "")) == now["pps_active"]
    shown = set("".join(hub.states for hub in played.hubs))
    assert {work.NOT_YET, work.RESULTS, work.STOPPED} < shown <= {*ALIVE, work.NOT_YET, work.RESULTS, work.STOPPED}


def test_the_links_of_a_frame_are_the_partners_of_its_partnerships(played: Recording) -> None:
    crowded = {node.hub for node in played.nodes if node.place == work.MOST_PLACES - 1}
    assert len(crowded) < 3
    for frame in (10, 26, 27, 61):
        for number, hub in enumerate(played.hubs):
            if hub.born <= frame:
                nodes = list(taking_part(played, number, frame))
                assert len(nodes) == len(set(nodes)) <= hub.partners[frame - hub.born]
                assert len(nodes) == hub.partners[frame - hub.born] or number in crowded
                if hub.states[frame] in ALIVE:
                    assert hub.school in nodes


def test_no_two_partners_stand_in_one_place(played: Recording) -> None:
    for frame in range(0, len(played.quarters), 5):
        drawn = {node for number in range(len(played.hubs)) for node in taking_part(played, number, frame)}
        places = [(played.nodes[node].hub, played.nodes[node].place) for node in drawn if played.nodes[node].hub >= 0]
        assert len(places) == len(set(places))
        gone = [0 <= hub.ended <= frame - work.LINGERS for hub in played.hubs]
        there = [hub for hub, left in zip(played.hubs, gone, strict=True) if hub.born <= frame and not left]
        assert len(there) == len({(hub.region, hub.place) for hub in there})
    assert max(hub.place for hub in played.hubs) < len(played.hubs) / len(played.regions)  # places are taken again


def test_partners_that_find_no_place_are_counted_and_not_drawn(
    played: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "MOST_PLACES", 6)
    crowded = record(replicate(until("2018-Q4")))
    assert max(node.place for node in crowded.nodes if node.hub >= 0) == 5
    assert len(crowded.links) < sum(link.since < len(crowded.quarters) for link in played.links)
    same = zip(crowded.hubs, played.hubs, strict=False)
    assert all(few.partners == many.partners[: len(few.partners)] for few, many in same)


def test_only_a_sampled_firm_is_drawn_once_for_every_membership(played: Recording) -> None:
    members = [(node.kind, node.member) for node in played.nodes]
    twice = {one for one in members if members.count(one) > 1}
    assert twice
    assert {kind for kind, _ in twice} <= set(FIRM_KINDS)


def test_a_recording_is_small(played: Recording) -> None:
    assert len(json.dumps(asdict(played), separators=(",", ":"))) < 400_000


# ── measures: only the future differs ───────────────────────────────────────────────────────────────────


def past(one: Recording, frame: int) -> list[object]:
    """All that can be seen up to a frame."""
    nodes = {link.node for link in one.links if link.since <= frame}
    return [
        [seen(hub, frame) for hub in one.hubs if hub.born <= frame],
        [(number, one.nodes[number]) for number in sorted(nodes)],
        [(link.hub, link.node, link.since, 0 <= link.until <= frame and link.until)
         for link in one.links if link.since <= frame],
        {name: values[: frame + 1] for name, values in one.series.items()},
        [happening for happening in one.happenings if happening.frame <= frame],
    ]  # fmt: skip


def seen(hub: Hub, frame: int) -> list[object]:
    signs = [signs[: frame + 1] for signs in (hub.states, hub.contact, hub.regie)]
    ended = 0 <= hub.ended <= frame and hub.ended
    partners = hub.partners[: frame + 1 - hub.born]
    return [hub.id, hub.name, hub.school, hub.region, hub.place, hub.born, ended, partners, *signs]


def with_policies(asked: Scenario, **starts: str) -> Scenario:
    """The scenario with the policies of named scenarios, each from its own quarter."""
    policies = {
        policy.name: {**settings_of(policy), "starts": quarter}
        for name, quarter in starts.items()
        for policy in load_scenario(name).policies
    }
    return asked.model_copy(update={"policies": make_policies(policies, "test")})


@pytest.mark.parametrize("name", ["regiefonds", "peloton", "eigenaarschap", "multilevel", "bruggenbouwers"])
def test_a_measure_changes_the_future_and_leaves_the_past_alone(name: str, played: Recording) -> None:
    frame = played.frame(NOW)
    asked = with_policies(until("2026-Q4"), **{name: played.quarters[frame + 1]})
    other = record(replicate(asked))
    assert past(other, frame) == past(played, frame)
    assert past(other, 61) != past(played, 61)


def test_measures_follow_each_other(played: Recording) -> None:
    starts = {"regiefonds": "2016-Q1", "peloton": "2018-Q3"}
    twice = record(replicate(with_policies(until("2019-Q4"), **starts)))
    once = record(replicate(with_policies(until("2019-Q4"), regiefonds="2016-Q1")))
    assert past(once, 27) == past(twice, 27) != past(played, 27)
    assert past(once, 33) != past(twice, 33)


def test_another_future_differs_from_the_start() -> None:
    one, other = (record(replicate(until("2017-Q4"), number)) for number in (0, 1))
    assert one.links != other.links


# ── stories so far ──────────────────────────────────────────────────────────────────────────────────────


def test_a_story_so_far_knows_nothing_of_what_comes(played: Recording) -> None:
    asked = replicate(until("2026-Q4"))
    then, later = moment(asked, NOW), moment(asked, "2026-Q4")
    for early, late in zip(then.partnerships, later.partnerships, strict=False):
        assert early["story"] == [event for event in late["story"] if event["quarter"] <= NOW]
        assert all(year["year"] < 2018 for year in early["partners_by_year"])
    ended = [row for row in later.partnerships if row["network_death"] and row["network_death"] > NOW >= row["born"]]
    assert ended
    assert all(row["network_alive"] for row in then.partnerships if row["id"] in {one["id"] for one in ended})


@pytest.mark.parametrize("language", Language)
def test_everybody_in_the_picture_has_a_story(language: Language, played: Recording) -> None:
    asked, words = moment(replicate(until("2026-Q4")), NOW), Words(language)
    frame = played.frame(NOW)
    assert [row["id"] for row in asked.partnerships] == [hub.id for hub in played.hubs if hub.born <= frame]
    assert all(tell(row, asked.about, words).now.when == NOW for row in asked.partnerships)
    for link in (link for link in played.links if link.since <= frame):
        node, joined = played.nodes[link.node], played.quarters[link.since]
        partner = asked.partners[node.kind, node.member]
        mine = one_of_several(partner, played.hubs[link.hub].name, joined)
        told, whole = tell_partner(mine, asked.about, words), tell_partner(partner, asked.about, words)
        assert told.lines[0].when == joined
        assert {line.text for line in told.lines} <= {line.text for line in whole.lines}
        assert (len(told.lines) == 1) == (not 0 <= link.until <= frame)


# ── the kit ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("preset", load_presets(), ids=lambda preset: preset.id)
def test_a_preset_can_be_played(preset: Preset) -> None:
    scenario = load_scenario(preset.scenario)
    assert preset.start < scenario.until
    assert preset.region == load_region(preset.region).name
    assert 5 <= preset.minutes <= 30
    assert preset.title_nl != preset.title_en
    assert preset.purpose_nl != preset.purpose_en


def test_every_measure_on_offer_is_a_policy() -> None:
    assert set(offered_measures()) < set(policy_kinds())
    assert len(set(offered_measures())) == len(offered_measures())
