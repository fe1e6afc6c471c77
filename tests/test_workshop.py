"""The workshop: what it plays, measures and stories; its picture and figure; the page through Solara's test client."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
import solara

from app import playback
from app.figures.figure import csv_text
from app.figures.workshop import LINES, course, labels, picture
from app.pages.workshop import Workshop
from app.playback import Asked, asked, kit, measures, origin_of, preset_of, switched_off, switched_on, with_setting
from app.presets import load_presets, offered_measures
from app.recording import SHOWN, Recording
from app.state import Chosen, State, choose, from_query, scenario_of, to_query
from app.words import Language, Words
from experiments.draws import make_experiment
from experiments.runner import lived
from experiments.tables import TOTAL, series

EN, NL = Words(Language.EN), Words(Language.NL)
HERE = State(parameters="default", scale=0.01)
NOW, NEXT = "2018-Q2", "2018-Q3"


class Inline:
    """Does at once, in this process, what the server has done by others."""

    def do(self, do: Callable[..., Any], *args: Any, owner: str = "") -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(do(*args))
        return done


@pytest.fixture(autouse=True)
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "live", Inline)


@pytest.fixture(scope="module")
def played() -> Recording:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playback, "live", Inline)
        return playback.recording_of(asked(HERE))


# ── what is played ──────────────────────────────────────────────────────────────────────────────────────


def test_it_plays_the_replicate_of_a_run_with_the_same_settings(played: Recording) -> None:
    experiment = make_experiment("baseline", "noord-brabant", "default", 1, 1, None, 0.01)
    table = series(lived(experiment.replicate(0)), 0).to_pandas()
    table = table[(table["province"] == TOTAL) & (table["quarter"] == "2026-Q1")].set_index("outcome")["value"]
    frame = played.frame("2026-Q1")
    assert {name: played.series[name][frame] for name in SHOWN} == pytest.approx(dict(table[list(SHOWN)]), abs=0.01)


def test_another_future_is_the_next_replicate_with_its_own_draw() -> None:
    state = State(seed=5, future=3)
    replicate = asked(state).replicate()
    experiment = make_experiment("baseline", "noord-brabant", "posterior", 5, 64, None, 0.05)
    assert (replicate.number, replicate.seed) == (3, 8)
    assert replicate.parameters == experiment.replicate(3).parameters


def test_sessions_share_what_was_run() -> None:
    assert asked(HERE, "one") == asked(HERE, "other")
    assert playback.recording_of(asked(HERE, "one")) is playback.recording_of(asked(HERE, "other"))


def test_the_kit_comes_before_the_scenarios_of_the_page() -> None:
    mine = choose("baseline", "Ons fonds", [("regie-fund", "on", True)])[0]
    state = replace(HERE, scenarios=(mine,), quarter=NOW)
    assert [one["id"] for one in kit(state, NL)] == [*(preset.id for preset in load_presets()), "own-0"]
    assert kit(state, NL)[-1]["title"] == "Ons fonds"
    own, preset = with_setting(state, "own-0")
    assert (own.played, own.quarter, preset) == (mine, "", None)
    assert origin_of(own) == mine
    assert preset_of(own) is None
    for one in load_presets():
        new, preset = with_setting(own, one.id)
        assert (new.played, new.scenarios, new.quarter, preset) == (Chosen(one.scenario), (mine,), "", one)
        assert from_query(to_query(new)) == (new, ())
    assert with_setting(state, "own-77")[0].played == mine
    assert with_setting(state, "nothing")[0].played == state.played


def test_what_a_link_plays_is_found_in_the_kit() -> None:
    state, _ = from_query("page=workshop&play=regie-eigenaarschap~mkb-peloton.on.true&at=2029-Q1")
    preset = preset_of(state)
    assert preset is not None
    assert preset.id == "eigenaarschap"
    assert origin_of(state) == Chosen("regie-eigenaarschap")


# ── measures ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", offered_measures())
def test_a_measure_starts_in_the_quarter_that_comes_and_can_be_taken_away(kind: str) -> None:
    start = Chosen()
    on, problems = switched_on(start, kind, NEXT, "noord-brabant")
    assert problems == ()
    assert [(policy.kind, policy.starts) for policy in scenario_of(on).policies] == [(kind, NEXT)]
    state = replace(HERE, played=on)
    assert from_query(to_query(state)) == (state, ())
    shown = {one["id"]: (one["starts"], one["own"]) for one in measures(on, start, EN)}
    assert shown == {other: (NEXT, True) if other == kind else ("", False) for other in offered_measures()}
    assert switched_off(on, kind, start) == start


def test_a_measure_of_the_scenario_can_start_sooner_and_goes_back() -> None:
    start = Chosen("regiefonds")
    shown = {one["id"]: (one["starts"], one["own"]) for one in measures(start, start, NL)}
    assert shown["regie-fund"] == ("2027-Q1", False)
    sooner, _ = switched_on(start, "regie-fund", NEXT, "noord-brabant")
    assert scenario_of(sooner).policies[0].starts == NEXT
    assert switched_off(sooner, "regie-fund", start) == start


def test_a_measure_that_cannot_go_together_is_told_and_changes_nothing() -> None:
    base = Chosen("geen-subsidie")
    played, problems = switched_on(base, "tapered-subsidy", NEXT, "noord-brabant")
    both = {policy.kind for policy in scenario_of(played).policies}
    assert (played == base) == bool(problems)
    assert problems or both == {"no-subsidy", "tapered-subsidy"}


# ── stories ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [EN, NL], ids=["en", "nl"])
def test_a_click_tells_what_was_clicked(words: Words, played: Recording) -> None:
    run, frame = asked(HERE), played.frame(NOW)
    hub = next(number for number, hub in enumerate(played.hubs) if hub.name == "Teclab")
    told = playback.story_of(run, {"hub": hub, "quarter": NOW}, words)
    assert (told["title"], told["now"][0]) == ("Teclab", NOW)
    assert all(line[0][:7] <= NOW for line in told["lines"])
    here = [link for link in played.links if link.hub == hub and link.since <= frame]
    for link in here:
        told = playback.story_of(run, {"node": link.node, "quarter": NOW}, words)
        assert any(line[0] == played.quarters[link.since] and "Teclab" in line[1] for line in told["lines"])
    sampled = next(link.node for link in here if played.nodes[link.node].kind == 0)
    told = playback.story_of(run, {"node": sampled, "quarter": NOW}, words)
    assert len(told["about"]) == 2  # it says that the firm stands for several
    assert {line[1] for line in told["lines"]} == {line[1] for line in told["lines"] if "Teclab" in line[1]}


# ── picture and figure ──────────────────────────────────────────────────────────────────────────────────


def test_the_picture_holds_the_recording_as_columns_and_a_caption_for_what_happens(played: Recording) -> None:
    dutch, english = picture(played, NL), picture(played, EN)
    json.dumps(dutch, allow_nan=False)
    assert dutch["hubs"]["name"] == [hub.name for hub in played.hubs]
    assert dutch["links"] == english["links"]
    assert len(dutch["nodes"]["name"]) == len(dutch["nodes"]["hub"]) == len(played.nodes)
    told = [(one.frame, one.hub) for one in played.happenings if one.detail != "stopped"]
    for shown in (dutch, english):
        assert [(frame, hub) for frame, hub, _, _ in shown["captions"]] == told
        assert all(played.hubs[hub].name in text for _, hub, _, text in shown["captions"])
    assert all(one[3] != other[3] for one, other in zip(dutch["captions"], english["captions"], strict=True))


def test_a_run_without_partnerships_can_be_played_too(played: Recording) -> None:
    empty = picture(replace(played, hubs=(), links=(), happenings=()), EN)
    assert (empty["hubs"]["born"], empty["links"]["since"], empty["captions"]) == ([], [], [])


def test_of_many_regions_one_province_is_drawn(played: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.figures.workshop.MOST_REGIONS", 3)
    two = replace(played, provinces=("a", "b"), province_of=(0, 1, 1, 0))
    parts = [picture(two, EN, province) for province in (0, 1)]
    assert [part["regions"] for part in parts] == [[played.regions[i] for i in each] for each in ((0, 3), (1, 2))]
    numbers = [number for part in parts for number in part["hubs"]["number"]]
    assert sorted(numbers) == list(range(len(played.hubs)))
    drawn = 0
    for part in parts:
        hubs, nodes, links = part["hubs"], part["nodes"], part["links"]
        assert [played.hubs[number].name for number in hubs["number"]] == hubs["name"]
        assert [played.nodes[number].member for number in nodes["number"]] == nodes["member"]
        assert set(hubs["region"]) <= {0, 1}
        assert all(-1 <= school < len(nodes["name"]) for school in hubs["school"])
        for hub, node, since in zip(links["hub"], links["node"], links["since"], strict=True):
            assert any(
                (link.hub, link.node, link.since) == (hubs["number"][hub], nodes["number"][node], since)
                for link in played.links
            )
        drawn += len(links["hub"])
        assert part["series"] == played.series
    away = [link for link in played.links if played.nodes[link.node].hub < 0]
    assert len(played.links) - len(away) <= drawn <= len(played.links)


def test_numbers_beside_the_network_have_a_name_and_a_meaning() -> None:
    for words in (EN, NL):
        assert [one["name"] for one in labels(words)] == list(SHOWN)
        assert all(one["label"] and one["meaning"] for one in labels(words))


def test_the_course_can_be_taken_along_with_and_without_measures(played: Recording) -> None:
    other = replace(played, series={name: [1.0] * len(played.quarters) for name in SHOWN})
    alone, both = course(played, None, NL, "x"), course(played, other, NL, "x")
    assert [line["data"] for line in alone.option["series"]] == [played.series[name] for name in LINES]
    dashed = both.option["series"][-1]
    assert (dashed["name"], dashed["lineStyle"]["type"]) == ("zonder de maatregelen", "dashed")
    for figure, columns in ((alone, 1 + len(SHOWN)), (both, 1 + 2 * len(SHOWN))):
        read = list(csv.reader(io.StringIO(csv_text(figure, Language.NL)), delimiter=";"))
        assert {len(row) for row in read} == {columns}
        assert len(read) == 1 + len(played.quarters)
    row = both.rows[played.frame("2026-Q1")]
    assert row[1 : 1 + len(SHOWN)] == [played.series[name][played.frame("2026-Q1")] for name in SHOWN]
    assert "zonder" in both.summary.lower()
    json.dumps(both.option, allow_nan=False)


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────


class Opened:
    """The page as a browser has it, without the browser."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.element, self.rendered = solara.render(self._page(), handle_error=False)

    def _page(self) -> solara.Element:
        return Workshop(self.state, self._change, Words(self.state.language))

    def _change(self, state: State) -> None:
        self.state = state
        self.rendered.render(self._page())

    @property
    def widget(self) -> Any:
        return next(one.widget for one in self.rendered.find() if hasattr(one.widget, "vue_switch_on"))

    def wait(self, until: Callable[[Any], Any]) -> Any:
        for _ in range(1200):
            if until(self.widget):
                return self.widget
            time.sleep(0.05)
        raise AssertionError("it does not come")


@pytest.fixture
def opened() -> Iterator[Opened]:
    one = Opened(replace(HERE, quarter=NOW))
    one.wait(lambda page: page.picture and not page.busy)
    yield one
    one.rendered.close()


def test_the_page_plays_what_the_link_asks_for(opened: Opened, played: Recording) -> None:
    page = opened.widget
    assert page.picture["quarters"] == list(played.quarters)
    assert page.picture["begin"] == played.frame(NOW)
    assert page.picture["start"] == played.frame(load_presets()[0].start)
    assert page.kit_here == load_presets()[0].id
    assert not page.before
    page.vue_moved("2020-Q1")
    assert opened.state.quarter == "2020-Q1"


def test_a_measure_is_shown_beside_the_same_future_without_it(opened: Opened, played: Recording) -> None:
    key, frame = opened.widget.picture["key"], played.frame(NOW)
    opened.widget.vue_switch_on({"id": "regie-fund", "quarter": NEXT})
    page = opened.wait(lambda page: page.before and not page.busy)
    assert page.before["series"] == played.series
    assert page.picture["key"] == key  # so that the browser stays where it is in time
    assert page.picture["series"] != played.series
    for name in SHOWN:
        assert page.picture["series"][name][: frame + 1] == played.series[name][: frame + 1]
    assert [caption[:3] for caption in page.picture["captions"] if caption[1] < 0] == [[frame + 1, -1, "measure"]]
    page.vue_switch_off("regie-fund")
    assert opened.state.played == Chosen()
    assert not opened.wait(lambda page: not page.before and not page.busy).trouble


def test_a_story_comes_on_a_click_and_goes(opened: Opened) -> None:
    opened.widget.vue_tell({"hub": 0, "quarter": NOW})
    page = opened.wait(lambda page: page.story)
    assert page.story["title"] == page.picture["hubs"]["name"][0]
    page.vue_close(None)
    assert not opened.widget.story


def test_another_setting_or_future_goes_to_its_own_start(opened: Opened, played: Recording) -> None:
    key = opened.widget.picture["key"]
    opened.widget.vue_preset("ingrijpen")
    page = opened.wait(lambda page: page.picture["key"] != key)
    assert (page.kit_here, page.picture["begin"]) == ("ingrijpen", played.frame("2018-Q2"))
    page.vue_moved("2030-Q1")
    page.vue_another(None)
    page = opened.wait(lambda page: not page.busy and page.picture["series"] != played.series)
    assert (opened.state.future, page.future) == (1, 2)
    assert page.picture["begin"] == played.frame("2018-Q2")


def test_a_run_that_fails_is_told(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: Asked) -> Recording:
        raise MemoryError("no room")

    monkeypatch.setattr("app.pages.workshop.recording_of", fail)
    opened.widget.vue_another(None)
    page = opened.wait(lambda page: page.trouble)
    assert "no room" in page.trouble[0]
    assert page.picture  # what was there stays
