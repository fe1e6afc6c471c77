"""The page Explore: choose a region and measures, and see at once how that compares with current policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import solara
from solara.server import kernel_context

from app.compare_parts import COLOURS, LETTERS, REFERENCE
from app.figures.answers import answer, differences, differences_csv, explained
from app.figures.explore import figures
from app.figures.figure import Figure, attempted
from app.figures.partners import partners
from app.levers import levers, presets
from app.live import Ask, live
from app.pages.chart import chart
from app.state import (
    BASELINE,
    MOST_SCENARIOS,
    Chosen,
    Problem,
    State,
    changed,
    choose,
    load_named,
    pack_of,
    policies_of,
    scenario_of,
    settled,
)
from app.words import Language, Words
from experiments.comparison import Comparison
from scenarios.region import list_regions

OFFERED = (8, 16, 64, 128, 256)
SCALES = (0.05, 0.25, 1.0)
LATE = ("starts", "payer")
"""Settings that are folded away, as few people change them."""

type Change = Callable[[State], None]


# ── the runs behind the page ────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Shown:
    """What is known at this moment.

    Attributes:
        ask: What was asked for last; None if there is nothing to compare.
        comparison: The newest comparison, of what was asked before as long as nothing newer is there.
        stop: Stops what is run.
        run: Goes on with it.
        foresee: Runs the first pair of states that may be asked for next.
    """

    ask: Ask | None
    comparison: Comparison | None
    stop: Callable[[], None]
    run: Callable[[], None]
    foresee: Callable[[Sequence[State]], None]


def asked_of(state: State) -> State | None:
    """Return what is compared: every scenario once, and none that is current policy itself; None if that is nothing."""
    found = {scenario_of(chosen).name: chosen for chosen in state.scenarios}
    found.pop(BASELINE, None)
    if not found:
        return None
    return replace(state, scenarios=tuple(found.values()), shown=0, page=State.page, quarter="", future=0)


def use_runs(state: State) -> Shown:
    """Compare the scenarios of a state; what was found before stays until there is something newer."""
    _, told = solara.use_state(0)
    attempt, set_attempt = solara.use_state(0)
    last = solara.use_ref(None)
    current = solara.use_ref(None)
    foreseen = solara.use_ref(list[Ask]())
    about = asked_of(state)

    def begin() -> Ask | None:
        """Ask while the page is drawn, not after: what is known then needs no second drawing."""
        before, new = current.current, _ask(about, told) if about is not None else None
        if before is not None:  # last: what both need is not called back
            before.cancel()
        current.current = new
        return new

    def foresee(soon: Sequence[State]) -> None:
        """Run what may be asked for next; what was foreseen before and did not begin yet is called back."""
        before, found = foreseen.current, [asked_of(one) for one in soon]
        foreseen.current = [live().foresee(one, owner=_session()) for one in found if one is not None]
        for ask in before:
            ask.cancel()

    def leave() -> None:
        for one in (current.current, *foreseen.current):
            if one is not None:
                one.cancel()

    ask = solara.use_memo(begin, [about, attempt])
    solara.use_effect(lambda: leave, [])
    if ask is not None and ask.comparison is not None:
        last.current = ask.comparison
    return Shown(
        ask=ask,
        comparison=last.current if about is not None else None,
        stop=lambda: _stop(ask, told),
        run=lambda: set_attempt(attempt + 1),
        foresee=foresee,
    )


def _ask(about: State, told: Callable[[Any], None]) -> Ask:
    """Ask for a comparison, and show what comes of it in the session that asked."""
    context = kernel_context.get_current_context() if kernel_context.has_current_context() else None

    def on_change() -> None:
        """Show it; this is another thread."""
        if not (context and context.closed_event.is_set()):
            with context or nullcontext():
                told(lambda before: before + 1)

    return live().ask(about, on_change, owner=_session())


def _session() -> str:
    return kernel_context.get_current_context().id if kernel_context.has_current_context() else ""


def _stop(ask: Ask | None, told: Callable[[Any], None]) -> None:
    if ask is not None:
        ask.cancel()
        told(lambda before: before + 1)


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────
@solara.component
def Explore(state: State, change: Change, words: Words) -> None:
    """Show what the scenarios change, beside what can be changed."""
    shown = use_runs(state)
    problems, set_problems = solara.use_state(())
    about, set_about = solara.use_state("")
    found = shown.comparison
    focus = _focus(state, found)

    def settle(new: State, told: Sequence[Problem] = ()) -> None:
        known, more = settled(new)
        set_problems((*told, *more))
        change(known)

    drawn = solara.use_memo(lambda: figures(found, focus, words) if found else [], [found, focus, words.language])
    map_ = use_map(shown, focus, words)
    with _frame(busy=found is None, wide=[0, 1, 2 + len(drawn)]):
        _controls_of(state, shown, settle, problems, words)
        if found:
            _Answer(found, words, set_about)
            _Differences(found, words, set_about)
            for one in [*drawn, *([map_] if map_ else [])]:
                chart(one, words, credit_of(found, words), set_about)
            _Explained(found, focus, about, words, lambda _: set_about(""))
        else:
            _waiting(text=_status(state, shown, words))


def _focus(state: State, found: Comparison | None) -> str:
    """Return the scenario of which bands are shown: the one that is being changed, or the first that was compared."""
    name = scenario_of(state.chosen).name
    names = [asked.name for asked in found.scenarios] if found else []
    return name if name in names or not names else names[min(state.shown, len(names) - 1)]


def use_map(shown: Shown, focus: str, words: Words) -> Figure | None:
    """Return who works with whom in the first future, which is drawn once: more futures do not change it.

    It comes with the second answer, so that the first need not wait for it.
    """
    last = solara.use_ref(None)
    known = solara.use_ref(None)
    found, ask = shown.comparison, shown.ask
    if found is None:
        return None
    if ask is not None and ask.comparison is found and (ask.pairs > 1 or not ask.running):
        first = {key: found.about[key] for key in ("seed", "scale", "digests", "until")}
        key = (focus, words.language, str(first), str(found.about["parameters"].get("digest")), len(found.scenarios))
        if known.current != key:
            before, after = (ask.partnerships(name) for name in (BASELINE, focus))
            if before is not None and after is not None:
                draw = partial(partners, found, focus, (before, after), words)
                known.current, last.current = key, attempted(draw, words)
    drawn: Figure | None = last.current  # that of before stays until then, as the other figures do
    return drawn


def credit_of(found: Comparison, words: Words) -> str:
    """Return which runs a figure is of, for those who see it away from the page."""
    identities = ", ".join(f"{asked.name} {asked.identity[:8]}" for asked in (found.baseline, *found.scenarios))
    return words(
        "explore.credit",
        region=words.pick(found.about["region"], "title"),
        pairs=words.count("compare.pairs", min(found.pairs.values())),
        seed=found.about["seed"],
        identities=identities,
    )


# ── what can be set ─────────────────────────────────────────────────────────────────────────────────────
def _controls_of(
    state: State,
    shown: Shown,
    settle: Callable[..., None],
    problems: Sequence[Problem],
    words: Words,
) -> None:
    """Show what can be set, and turn what a person does there into another state."""
    policies = solara.use_memo(lambda: policies_of(state.chosen), [state.chosen])
    names = {policy.kind: name for name, (policy, _) in reversed(policies.items())}
    ask = shown.ask

    def set_(what: Sequence[Any]) -> None:
        kind, setting, value = what
        asked = tuple(value) if isinstance(value, list) else value
        chosen, told = changed(state.chosen, names[kind], setting, asked, state.region)
        settle(state.with_chosen(chosen), told)

    def foresee(what: Sequence[Any]) -> None:
        kind, setting, values = what
        near = (changed(state.chosen, names[kind], setting, value, state.region)[0] for value in values)
        shown.foresee([settled(state.with_chosen(chosen))[0] for chosen in near])

    def choose_base(name: str) -> None:
        chosen, told = choose(name, region=state.region)
        settle(state.with_chosen(chosen), told)

    _controls(
        choices=_choices(words.language),
        language=str(words.language),
        region=state.region,
        base=state.chosen.base,
        purpose=words.pick(load_named(state.chosen.base), "purpose"),
        title=state.chosen.title,
        changed=bool(state.chosen.changes or state.chosen.title),
        scenarios=_tabs(state, words),
        shown=state.shown,
        values={kind: _values(policies[name][0]) for kind, name in names.items()},
        on=[kind for kind, name in names.items() if policies[name][1]],
        problems=list(dict.fromkeys(problem.text(words) for problem in problems)),
        status=_status(state, shown, words),
        running=ask is not None and ask.running,
        done=ask.done if ask else 0,
        asked=ask.asked if ask else 0,
        offered=sorted({*OFFERED, state.replicates}),
        scales=sorted({*SCALES, state.scale}),
        replicates=state.replicates,
        seed=state.seed,
        scale=state.scale,
        parameters=state.parameters,
        event_choose_region=lambda region: settle(replace(state, region=region)),
        event_show=lambda number: settle(replace(state, shown=number)),
        event_add=lambda _: settle(_one_more(state)),
        event_remove=lambda _: settle(_one_less(state)),
        event_choose_base=choose_base,
        event_rename=lambda title: settle(state.with_chosen(replace(state.chosen, title=title))),
        event_reset=lambda _: settle(state.with_chosen(Chosen(state.chosen.base))),
        event_set=set_,
        event_foresee=foresee,
        event_configure=lambda what: settle(replace(state, **{what[0]: what[1]})),
        event_run=lambda _: shown.run(),
        event_stop=lambda _: shown.stop(),
    )


@cache
def _choices(language: Language) -> str:
    """Return what everybody can choose from and the words around it, as one text: it would be searched for changes."""
    words = Words(language)
    choices = {
        "families": levers(words),
        "presets": presets(words),
        "regions": [{"id": name, "title": words.pick(pack_of(name), "title")} for name in list_regions()],
        "late": LATE,
        "most": MOST_SCENARIOS,
        "words": words.under("explore.controls"),
    }
    return json.dumps(choices)


def _tabs(state: State, words: Words) -> list[dict[str, str]]:
    """Return the scenarios with their marks; one that is current policy has none, as it is the reference."""
    tabs: list[dict[str, str]] = []
    asked = asked_of(state)
    names = [scenario_of(chosen).name for chosen in asked.scenarios] if asked else []
    for chosen in state.scenarios:
        scenario = scenario_of(chosen)
        place = names.index(scenario.name) if scenario.name in names else None
        mark = ("R", REFERENCE) if place is None else (LETTERS[place], COLOURS[place])
        tabs.append({"letter": mark[0], "colour": mark[1], "title": words.pick(scenario, "title")})
    return tabs


def _values(policy: Any) -> dict[str, Any]:
    values: dict[str, Any] = policy.model_dump(mode="json", exclude={"name", "type", "regions", "sectors", "ends"})
    return values


def _one_more(state: State) -> State:
    """Return the state with one scenario more: the first with a policy that is not there yet."""
    there = {chosen.base for chosen in state.scenarios}
    names = (one["name"] for group in presets(Words(state.language)) for one in group["scenarios"])
    new = next(name for name in names if name not in there and load_named(name).policies)
    return replace(state, scenarios=(*state.scenarios, Chosen(new)), shown=len(state.scenarios))


def _one_less(state: State) -> State:
    """Return the state without the scenario that is being changed, unless it is the last."""
    left = tuple(chosen for place, chosen in enumerate(state.scenarios) if place != state.shown)
    return replace(state, scenarios=left, shown=min(state.shown, len(left) - 1)) if left else state


def _status(state: State, shown: Shown, words: Words) -> str:
    """Return how far the runs are, in a sentence."""
    ask = shown.ask
    if ask is None:
        return words("explore.status.nothing")
    if ask.error:
        return ask.error
    if ask.running and not ask.pairs:
        return words("explore.status.waiting")
    key = "running" if ask.running else "done" if ask.pairs >= state.replicates else "stopped"
    return words(f"explore.status.{key}", done=words.number(ask.pairs), asked=words.number(state.replicates))


# ── what is shown ───────────────────────────────────────────────────────────────────────────────────────
@solara.component
def _Answer(found: Comparison, words: Words, explain: Callable[[str], None]) -> None:
    told = solara.use_memo(lambda: answer(found, words), [found, words.language])
    _answer(**told, words=words.under("explore.card"), event_explain=explain)


@solara.component
def _Differences(found: Comparison, words: Words, explain: Callable[[str], None]) -> None:
    told = solara.use_memo(lambda: differences(found, words), [found, words.language])
    asked, set_asked = solara.use_state(False)
    csv = solara.use_memo(lambda: differences_csv(found, words) if asked else "", [found, words.language, asked])
    _differences(
        **told,
        title=words("explore.page.differences"),
        file="pps-differences.csv",
        csv=csv,
        words=words.under("explore.differences"),
        event_explain=explain,
        event_fetch=lambda _: set_asked(True),
    )


@solara.component
def _Explained(found: Comparison, focus: str, about: str, words: Words, close: Callable[[Any], None]) -> None:
    told = explained(found, about, focus, words) if about else NOTHING
    _explained(**told, words=words.under("explore.explained"), event_close=close)


NOTHING: Mapping[str, Any] = {
    "title": "",
    "meaning": [],
    "facts": [],
    "sentences": [],
    "sources": [],
    "head": [],
    "rows": [],
}


@solara.component_vue("explore.vue", vuetify=False)
def _frame(busy: bool, wide: list[int], children: list[Any] | None = None) -> None: ...


@solara.component_vue("explore_waiting.vue", vuetify=False)
def _waiting(text: str) -> None: ...


@solara.component_vue("explore_controls.vue", vuetify=False)
def _controls(
    choices: str,
    language: str,
    region: str,
    base: str,
    purpose: str,
    title: str,
    changed: bool,
    scenarios: list[dict[str, str]],
    shown: int,
    values: dict[str, Any],
    on: list[str],
    problems: list[str],
    status: str,
    running: bool,
    done: int,
    asked: int,
    offered: list[int],
    scales: list[float],
    replicates: int,
    seed: int,
    scale: float,
    parameters: str,
    event_choose_region: Callable[[str], None],
    event_show: Callable[[int], None],
    event_add: Callable[[Any], None],
    event_remove: Callable[[Any], None],
    event_choose_base: Callable[[str], None],
    event_rename: Callable[[str], None],
    event_reset: Callable[[Any], None],
    event_set: Callable[[Sequence[Any]], None],
    event_foresee: Callable[[Sequence[Any]], None],
    event_configure: Callable[[Sequence[Any]], None],
    event_run: Callable[[Any], None],
    event_stop: Callable[[Any], None],
) -> None: ...


@solara.component_vue("explore_answer.vue", vuetify=False)
def _answer(
    title: str,
    setting: str,
    cautions: list[str],
    cards: list[dict[str, Any]],
    price: list[str],
    words: dict[str, str],
    event_explain: Callable[[str], None],
) -> None: ...


@solara.component_vue("explore_table.vue", vuetify=False)
def _differences(
    outcomes: list[dict[str, Any]],
    main: int,
    title: str,
    file: str,
    csv: str,
    words: dict[str, str],
    event_explain: Callable[[str], None],
    event_fetch: Callable[[Any], None],
) -> None: ...


@solara.component_vue("explore_explained.vue", vuetify=False)
def _explained(
    title: str,
    meaning: list[dict[str, str]],
    facts: list[Any],
    sentences: list[dict[str, str]],
    sources: list[Any],
    head: list[str],
    rows: list[list[str]],
    words: dict[str, str],
    event_close: Callable[[Any], None],
) -> None: ...
