"""Links to the page: they come back as they went, and no link breaks the page."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import (
    LONGEST_LINK,
    MOST_SCENARIOS,
    ON,
    Chosen,
    Page,
    Problem,
    State,
    bounds,
    changed,
    choose,
    from_query,
    policies_of,
    scenario_of,
    settled,
    to_query,
)
from app.words import Language, Words
from scenarios.national import load_national
from scenarios.policies import policy_kinds
from scenarios.policy import Policy
from scenarios.region import check_places, list_regions, load_region
from scenarios.scenario import list_scenarios, load_scenario

NUMBERS = [
    (kind, name)
    for kind, policy in policy_kinds().items()
    for name, field in policy.model_fields.items()
    if field.annotation in (int, float)
]


def read(query: str) -> tuple[State, list[str]]:
    """A link as it is read, and the keys of what could not be."""
    state, problems = from_query(query)
    return state, [problem.key for problem in problems]


def link(**fields: str) -> str:
    return urlencode({"v": "1", **fields})


# ── there and back ──────────────────────────────────────────────────────────────────────────────────────
@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str, float | bool]:
    kind, name = draw(st.sampled_from(NUMBERS))
    if draw(st.booleans()):
        return kind, ON, draw(st.booleans())
    return kind, name, draw(st.floats(-10, 1e7) | st.integers(0, 50))


@st.composite
def states(draw: st.DrawFn) -> State:
    titles = st.text(max_size=60)
    scenarios = [
        choose(draw(st.sampled_from(list_scenarios())), draw(titles), draw(st.lists(changes(), max_size=6)))[0]
        for _ in range(draw(st.integers(1, MOST_SCENARIOS)))
    ]
    scenarios = list(dict.fromkeys(scenarios))
    played = choose(draw(st.sampled_from(list_scenarios())), "", draw(st.lists(changes(), max_size=2)))[0]
    return State(
        played=played,
        page=draw(st.sampled_from(Page)),
        language=draw(st.sampled_from(Language)),
        region=draw(st.sampled_from(list_regions())),
        scenarios=tuple(scenarios),
        shown=draw(st.integers(0, len(scenarios) - 1)),
        parameters=draw(st.sampled_from(["posterior", "default"])),
        replicates=draw(st.integers(2, 256)),
        seed=draw(st.integers(0, 10_000)),
        scale=draw(st.floats(0.01, 1.0)),
        quarter=draw(st.sampled_from(["", "2011-Q3", "2027-Q1"])),
        future=draw(st.integers(0, 255)),
    )


@given(states())
def test_a_link_comes_back_as_it_went(state: State) -> None:
    assert from_query(to_query(state)) == (state, ())


def test_the_page_begins_with_what_no_link_says() -> None:
    assert from_query("") == (State(), ())
    assert from_query("?") == (State(), ())


@given(states())
def test_every_state_can_be_run(state: State) -> None:
    pack = load_region(state.region)
    scenarios = [scenario_of(chosen) for chosen in state.scenarios]
    assert len({one.name for one in scenarios}) == len({one.digest() for one in scenarios})
    for scenario in scenarios:
        check_places(scenario.policies, pack, load_national())


# ── links from anywhere ─────────────────────────────────────────────────────────────────────────────────
@given(
    st.text()
    | st.dictionaries(st.sampled_from(["v", "page", "s", "n", "seed", "scale", "at", "show", "play"]), st.text()).map(
        urlencode
    )
)
def test_no_link_breaks_the_page(query: str) -> None:
    state, problems = from_query(query)
    assert settled(state) == (state, ())
    for language in Language:
        assert all(problem.text(Words(language)) for problem in problems)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("v=2&page=workshop", ["newer"]),
        ("v=-1", ["broken"]),
        ("v=%FF", ["broken"]),
        ("&" * 200, ["broken"]),
        ("x" * (LONGEST_LINK + 1), ["too_long"]),
        (link(page="nowhere"), ["unknown"]),
        (link(region="../../etc"), ["unknown"]),
        (link(region="./my-folder"), ["unknown"]),
        (link(n="1e9"), ["out_of_range"]),
        (link(n="nan"), ["out_of_range"]),
        (link(n="many"), ["out_of_range"]),
        (link(s="./secret.toml"), ["unknown"]),
        (link(s="regiefonds~gold-rush.on.true"), ["unknown_policy"]),
        (link(s="regiefonds~regie-fund.golden.1"), ["unknown_setting"]),
        (link(s="regiefonds~regie-fund.name.x"), ["unknown_setting"]),
        (link(s="regiefonds~regie-fund.euro_year.much"), ["not_allowed"]),
        (link(s="regiefonds~regie-fund.position.moon"), ["not_allowed"]),
        (link(s="regiefonds~regie-fund.regions.atlantis"), ["not_allowed"]),
        (link(s="regiefonds~regie-fund.euro_year.1e400"), ["clipped"]),
        (link(s="multilevel~no-subsidy.on.true"), ["conflict"]),
        (urlencode([("v", "1"), *(("s", name) for name in list_scenarios())]), ["too_many"]),
    ],
)
def test_what_cannot_be_is_told(query: str, told: list[str]) -> None:
    assert read(query)[1] == told


def test_a_value_out_of_range_becomes_the_nearest() -> None:
    state, problems = from_query(link(s="regiefonds~regie-fund.taper.7~regie-fund.years.-3", n="100000", seed="-5"))
    (policy,) = scenario_of(state.chosen).policies
    assert policy.model_dump()["taper"] == 1.0
    assert policy.model_dump()["years"] == 0.0
    assert (state.replicates, state.seed) == (256, 0)
    assert len(problems) == 4


def test_settings_that_only_fit_together_may_come_in_any_order() -> None:
    """The fund ends before it starts by default; both are moved at once."""
    chosen, problems = choose(
        "regiefonds", "", [("regie-fund", "ends", "2034-Q1"), ("regie-fund", "starts", "2033-Q1")]
    )
    assert problems == ()
    assert scenario_of(chosen).policies[0].starts == "2033-Q1"
    _, problems = choose("regiefonds", "", [("regie-fund", "ends", "2020-Q1")])
    assert [problem.key for problem in problems] == ["not_allowed"]


# ── scenarios ───────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", list_scenarios())
def test_a_scenario_that_nobody_changed_is_the_one_that_comes_with_the_project(name: str) -> None:
    assert scenario_of(Chosen(name)) == load_scenario(name)


def test_what_is_changed_back_is_no_change() -> None:
    there, _ = changed(Chosen("regiefonds"), "regie-fund", "euro_year", 100_000)
    assert there.changes == (("regie-fund", "euro_year", 100_000.0),)
    assert scenario_of(there).name != "regiefonds"
    assert changed(there, "regie-fund", "euro_year", 80_000)[0] == Chosen("regiefonds")


def test_a_measure_that_is_switched_on_is_that_of_its_own_scenario() -> None:
    on, _ = changed(Chosen("baseline"), "regie-fund", ON, True)
    assert scenario_of(on).policies == load_scenario("regiefonds").policies


@pytest.mark.parametrize("kind", policy_kinds())
def test_every_measure_can_be_switched_on_and_off(kind: str) -> None:
    on, problems = changed(Chosen("baseline"), kind, ON, True)
    assert (problems, [policy.kind for policy in scenario_of(on).policies]) == ((), [kind])
    assert changed(on, kind, ON, False)[0] == Chosen("baseline")


def test_settings_of_a_measure_that_is_off_are_remembered() -> None:
    chosen, _ = choose("regiefonds", "", [("regie-fund", "years", 12), ("regie-fund", ON, False)])
    assert scenario_of(chosen).policies == ()
    policy, on = policies_of(chosen)["regie-fund"]
    assert (policy.model_dump()["years"], on) == (12.0, False)
    assert scenario_of(changed(chosen, "regie-fund", ON, True)[0]).policies == (policy,)


def test_a_measure_that_does_not_go_with_the_others_stays_off() -> None:
    before = choose("baseline", "", [("no-subsidy", ON, True)])[0]
    after, (problem,) = changed(before, "multilevel", ON, True)
    assert (after, problem) == (before, Problem("conflict", {"policy": "multilevel"}))


def test_scenarios_that_differ_have_names_that_differ() -> None:
    chosen = [choose("regiefonds", "Ons fonds", [("regie-fund", "years", years)])[0] for years in (4, 5)]
    names = [scenario_of(one).name for one in chosen]
    assert len(set(names)) == 2
    assert all(name.startswith("ons-fonds-") for name in names)
    assert scenario_of(chosen[0]).title_nl == "Ons fonds"


def test_places_of_another_region_are_left_out() -> None:
    region = load_region("noord-brabant").regions[0].id
    chosen, problems = choose("regiefonds", "", [("regie-fund", "regions", (region,))])
    assert problems == ()
    state = replace(State(), scenarios=(chosen,))
    assert from_query(to_query(state)) == (state, ())
    assert scenario_of(chosen).policies[0].regions == (region,)


def test_bounds_of_settings() -> None:
    assert bounds(policy_kinds()["regie-fund"].model_fields["taper"]) == (0.0, 1.0)
    assert bounds(Policy.model_fields["starts"]) == (float("-inf"), float("inf"))
