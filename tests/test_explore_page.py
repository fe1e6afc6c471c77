"""The page Explore without a browser: what its components get, and what comes of what a person does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

pytest.importorskip("solara")

import solara

from app.figures.partners import partners
from app.pages import explore
from app.pages.explore import Explore, asked_of
from app.state import BASELINE, MOST_SCENARIOS, Chosen, State, policies_of, scenario_of, to_query
from app.words import Language, Words
from experiments.comparison import Comparison
from tests.test_figures_explore import found, lives_of

NL = Words(Language.NL)


@dataclass
class FakeAsk:
    """What the runs behind the page answer, without running."""

    state: State
    told: Callable[[], object]
    comparison: Comparison | None = None
    pairs: int = 0
    error: str = ""
    running: bool = True
    done: int = 1
    asked: int = 16
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled, self.running = True, False

    def partnerships(self, scenario: str) -> Any:
        return lives_of(("p", True, []))


@dataclass
class FakeLive:
    asks: list[FakeAsk] = field(default_factory=list)
    known: Comparison | None = None
    foreseen: list[FakeAsk] = field(default_factory=list)

    def foresee(self, state: State, owner: str) -> FakeAsk:
        self.foreseen.append(FakeAsk(state, lambda: None))
        return self.foreseen[-1]

    def ask(self, state: State, on_change: Callable[[], object], owner: str) -> FakeAsk:
        self.asks.append(FakeAsk(state, on_change, self.known))
        return self.asks[-1]

    def answer(self, *names: str, pairs: int = 8) -> None:
        ask = self.asks[-1]
        ask.comparison, ask.pairs = found(*names), pairs
        ask.told()


class Seen:
    """The page as it stands: its widgets by the file of their template, and the state that it asked for."""

    def __init__(self, state: State, words: Words = NL) -> None:
        self.state = state
        self.words = words
        self.box, self.context = solara.render(self._page(), handle_error=False)

    def _page(self) -> Any:
        return Explore(self.state, self._change, self.words)

    def _change(self, state: State) -> None:
        self.state = state
        self.context.render(self._page(), self.box)

    def all(self, name: str) -> list[Any]:
        return [one for one in self._walk(self.box) if _file(one) == f"{name}.vue"]

    def one(self, name: str) -> Any:
        (widget,) = self.all(name)
        return widget

    def _walk(self, widget: Any) -> Iterator[Any]:
        yield widget
        for child in getattr(widget, "children", None) or ():
            if hasattr(child, "comm"):
                yield from self._walk(child)

    @property
    def controls(self) -> Any:
        return self.one("explore_controls")


def _file(widget: Any) -> str:
    return str(getattr(type(widget), "template_file", ("", ""))[1])


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> FakeLive:
    fake = FakeLive()
    monkeypatch.setattr(explore, "live", lambda: fake)
    return fake


def test_the_page_waits_and_then_shows_the_answer(live: FakeLive) -> None:
    seen = Seen(State())
    assert "eerste toekomst" in seen.one("explore_waiting").text
    assert seen.controls.running
    live.answer("regiefonds")
    assert not seen.all("explore_waiting")
    assert seen.one("explore_answer").cards[0]["rows"][0]["value"] == "8,0"
    assert len(seen.all("chart")) == 9  # all figures, and the map of partners
    assert "8 van de 64" in seen.controls.status


def test_what_is_known_is_drawn_at_once(live: FakeLive) -> None:
    live.known = found("regiefonds")
    seen = Seen(State())  # nobody tells it that there is an answer
    assert seen.one("explore_answer").cards[0]["rows"][0]["value"] == "8,0"
    assert not seen.all("explore_waiting")
    assert len(live.asks) == 1


def test_the_map_of_partners_comes_with_the_second_answer(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds", pairs=1)
    assert len(seen.all("chart")) == 8
    live.answer("regiefonds", pairs=2)
    assert len(seen.all("chart")) == 9


def test_a_figure_that_breaks_takes_nothing_else_along(live: FakeLive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no such place")

    monkeypatch.setattr("app.figures.explore.places", broken)
    monkeypatch.setattr("app.pages.explore.partners", broken)
    seen = Seen(State())
    live.answer("regiefonds")
    charts = seen.all("chart")
    assert len(charts) == 9
    assert [chart.title for chart in charts].count(NL("explore.broken.title")) == 2
    assert "no such place" in charts[-1].sub
    assert seen.one("explore_answer").cards


def test_a_slider_changes_the_link_and_asks_anew_while_the_old_answer_stays(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    seen.controls.vue_set(["regie-fund", "euro_year", 100_000])
    assert "euro_year.100000" in to_query(seen.state)
    assert [ask.cancelled for ask in live.asks] == [True, False]
    assert seen.controls.values["regie-fund"]["euro_year"] == 100_000
    assert seen.all("explore_answer")
    live.asks[0].told()  # too late: what was cancelled says nothing any more
    name = scenario_of(seen.state.chosen).name
    assert live.asks[-1].state.scenarios == seen.state.scenarios
    assert name != "regiefonds"


def test_what_may_be_asked_for_next_is_run_and_nothing_else_changes(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    seen.controls.vue_foresee(["regie-fund", "euro_year", [100_000]])
    seen.controls.vue_foresee(["regie-fund", "euro_year", [150_000, 175_000]])
    assert [ask.cancelled for ask in live.foreseen] == [True, False, False]
    assert (seen.state, len(live.asks)) == (State(), 1)
    seen.controls.vue_set(["regie-fund", "euro_year", 150_000])
    assert live.foreseen[1].state == live.asks[-1].state


def test_a_measure_is_switched_on_and_a_conflict_is_told(live: FakeLive) -> None:
    seen = Seen(State())
    seen.controls.vue_set(["multilevel", "on", True])
    assert set(seen.controls.on) == {"regie-fund", "multilevel"}
    seen.controls.vue_set(["no-subsidy", "on", True])
    assert set(seen.controls.on) == {"regie-fund", "multilevel"}
    assert seen.controls.problems
    seen.controls.vue_set(["multilevel", "on", False])
    assert seen.controls.on == ["regie-fund"]
    assert not seen.controls.problems


def test_every_control_can_be_set_to_what_it_shows(live: FakeLive) -> None:
    """What the page offers first is what is there: setting it again changes nothing."""
    seen = Seen(State())
    before = seen.state
    for family in json.loads(seen.controls.choices)["families"]:
        for policy in family["policies"]:
            for control in policy["controls"]:
                value = seen.controls.values[policy["kind"]][control["name"]]
                seen.controls.vue_set([policy["kind"], control["name"], value])
    assert seen.state == before
    assert not seen.controls.problems


def test_scenarios_are_put_side_by_side_up_to_four(live: FakeLive) -> None:
    seen = Seen(State())
    for _ in range(MOST_SCENARIOS - 1):
        seen.controls.vue_add(None)
    assert len(set(seen.state.scenarios)) == MOST_SCENARIOS
    assert [tab["letter"] for tab in seen.controls.scenarios] == ["A", "B", "C", "D"]
    assert len({tab["colour"] for tab in seen.controls.scenarios}) == MOST_SCENARIOS
    assert seen.state.shown == MOST_SCENARIOS - 1
    seen.controls.vue_show(1)
    second = seen.state.scenarios[1]
    seen.controls.vue_remove(None)
    assert second not in seen.state.scenarios
    seen.controls.vue_rename("Ons fonds")
    assert seen.controls.scenarios[seen.state.shown]["title"] == "Ons fonds"
    seen.controls.vue_reset(None)
    assert seen.state.chosen.title == ""


def test_the_last_scenario_stays(live: FakeLive) -> None:
    seen = Seen(State())
    seen.controls.vue_remove(None)
    assert seen.state == State()


def test_current_policy_alone_is_nothing_to_compare(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    seen.controls.vue_choose_base(BASELINE)
    assert not seen.all("explore_answer")
    assert "huidig beleid zelf" in seen.one("explore_waiting").text
    assert len(live.asks) == 1
    assert seen.controls.scenarios[0]["letter"] == "R"


def test_what_is_compared_has_no_doubles_and_not_the_reference() -> None:
    fund, rule = Chosen("regiefonds"), Chosen("eigenaarschap")
    asked = asked_of(replace(State(), scenarios=(Chosen(BASELINE), fund, rule, fund), shown=2))
    assert asked is not None
    assert asked.scenarios == (fund, rule)


def test_stop_and_go_on(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds", pairs=2)
    seen.controls.vue_stop(None)
    assert live.asks[0].cancelled
    assert not seen.controls.running
    assert "Gestopt na 2 van de 64" in seen.controls.status
    seen.controls.vue_run(None)
    assert len(live.asks) == 2
    assert seen.all("explore_answer")


def test_an_error_is_told_in_place_of_progress(live: FakeLive) -> None:
    seen = Seen(State())
    live.asks[-1].error, live.asks[-1].running = "Er ging iets mis.", False
    live.asks[-1].told()
    assert seen.controls.status == "Er ging iets mis."


def test_a_number_is_explained_and_closed(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    assert seen.one("explore_explained").title == ""
    seen.one("explore_answer").vue_explain("students_direct")
    told = seen.one("explore_explained")
    assert told.title == "Studenten direct bereikt"
    assert len(told.rows) == 3
    told.vue_close(None)
    assert seen.one("explore_explained").title == ""
    chart = next(one for one in seen.all("chart") if one.about == "regie_fte")
    assert chart.credit.startswith("PPS-verkenner: Noord-Brabant")


def test_all_differences_come_as_a_file_when_asked(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    assert seen.one("explore_table").csv == ""
    seen.one("explore_table").vue_fetch(None)
    assert seen.one("explore_table").csv.startswith("scenario;outcome;")


def test_the_numbers_of_a_figure_come_when_asked(live: FakeLive) -> None:
    seen = Seen(State())
    live.answer("regiefonds")
    chart = next(one for one in seen.all("chart") if one.about == "regie_fte")
    assert (chart.rows, chart.csv) == ([], "")
    chart.vue_fetch(None)
    assert chart.csv.startswith("Kwartaal;Huidig beleid;")
    assert len(chart.rows) == len(chart.csv.splitlines()) - 1


def test_the_map_of_partners_is_drawn_once_and_stays_while_the_next_answer_is_awaited(
    live: FakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counted(found: Comparison, focus: str, *rest: Any) -> Any:
        drawn.append(focus)
        return partners(found, focus, *rest)

    monkeypatch.setattr(explore, "partners", counted)
    seen = Seen(State())
    live.answer("regiefonds", pairs=2)
    live.answer("regiefonds", pairs=8)
    assert drawn == ["regiefonds"]
    seen.controls.vue_set(["regie-fund", "years", 3])
    assert len(seen.all("chart")) == 9


def test_another_way_of_running_is_clipped_and_told(live: FakeLive) -> None:
    seen = Seen(State())
    seen.controls.vue_configure(["replicates", 100_000])
    assert seen.state.replicates == 256
    assert seen.controls.problems
    seen.controls.vue_configure(["parameters", "default"])
    assert seen.state.parameters == "default"


def test_the_page_begins_in_english_too(live: FakeLive) -> None:
    seen = Seen(replace(State(), language=Language.EN), Words(Language.EN))
    live.answer("regiefonds")
    assert seen.one("explore_answer").title.startswith("Regie fund after the subsidy")
    policies = policies_of(seen.state.chosen)
    assert policies["regie-fund"][1]
