"""The page Workshop: a run that plays in the browser, with stories, measures and the settings of the kit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import solara
import solara.lab

from app.figures.workshop import course, labels, picture, too_wide
from app.pages.chart import chart
from app.playback import (
    MOST_FUTURES,
    Asked,
    asked,
    in_force,
    kit,
    measures,
    origin_of,
    preset_of,
    recording_of,
    story_of,
    switched_off,
    switched_on,
    with_setting,
)
from app.presets import Preset
from app.recording import Recording
from app.state import Chosen, Problem, State, scenario_of
from app.words import Words
from scenarios.region import load_region

type Change = Callable[[State], None]


@solara.component
def Workshop(state: State, change: Change, words: Words) -> None:
    """Play what the link asks for."""
    (preset, origin), set_setting = solara.use_state((preset_of(state), origin_of(state)))
    target, set_target = solara.use_state(dict[str, Any]())
    province, set_province = solara.use_state(0)
    revealed, set_revealed = solara.use_state(False)
    problems, set_problems = solara.use_state(tuple[Problem, ...]())
    session = solara.use_memo(lambda: uuid4().hex, [])
    run = asked(state, session)
    first = replace(run, played=origin)
    coming = _use(lambda: (run, recording_of(run)), [run])
    shown = solara.use_ref(None)
    shown.current = coming.value or shown.current  # what was there stays until the next has come
    before = _use(lambda: recording_of(first) if first != run else None, [run, first])
    told = _use(lambda: story_of(run, target, words) if target else {}, [run, str(target), words.language])

    def play(setting: str) -> None:
        """Play a setting of the kit, or a scenario of the page."""
        new, chosen = with_setting(state, setting)
        set_target({})
        change(new)  # first: the setting that is new makes the browser go to where the state is in time
        set_setting((chosen, new.played))

    def another(_: Any) -> None:
        set_target({})
        change(replace(state, future=(state.future + 1) % MOST_FUTURES, quarter=""))

    def switch(played: Chosen, found: tuple[Problem, ...] = ()) -> None:
        set_problems(found)
        change(replace(state, played=played))

    scenario, place = scenario_of(state.played), words.pick(load_region(state.region), "title")
    title = words.pick(scenario_of(origin), "title")
    begin = state.quarter or (preset.start if preset else "")
    ready = shown.current is not None
    compared = first != run and before.finished and coming.finished and before.value is not None
    pictured = solara.use_memo(
        lambda: _picture(shown.current, begin, preset, province, words) if ready else {},
        [ready and id(shown.current[1]), preset, province, words.language],
    )
    _workshop(
        words=words.under("workshop.page"),
        language=str(words.language),
        title=f"{title}, {place}",
        purpose=words.pick(preset, "purpose") if preset else "",
        future=state.future + 1,
        share=words.percent(state.scale),
        picture=pictured,
        before={"series": before.value.series} if compared else {},
        areas=list(shown.current[1].provinces) if ready and too_wide(shown.current[1]) else [],
        area=province,
        labels=labels(words),
        kit=kit(state, words),
        kit_here=preset.id if preset else "",
        measures=measures(state.played, origin, words),
        busy=coming.pending,
        revealed=revealed,
        story=told.latest or {} if target else {},
        trouble=[*(one.text(words) for one in problems), *_errors(coming, before, told, words=words)],
        event_preset=play,
        event_another=another,
        event_look_at=set_province,
        event_reveal=lambda _: set_revealed(True),
        event_moved=lambda quarter: change(replace(state, quarter=quarter)),
        event_tell=set_target,
        event_close=lambda _: set_target({}),
        event_switch_on=lambda one: switch(*switched_on(state.played, one["id"], one["quarter"], state.region)),
        event_switch_off=lambda kind: switch(switched_off(state.played, kind, origin)),
    )
    if revealed and coming.finished:
        places = {"scenario": words.pick(scenario, "title"), "region": place, "future": state.future + 1}
        seed, share = state.seed + state.future, words.percent(state.scale)
        figure = course(shown.current[1], before.value if compared else None, words, words("workshop.sub", **places))
        chart(figure, words, words("workshop.credit", **places, seed=seed, share=share))


def _use(work: Callable[[], Any], dependencies: list[Any]) -> Any:
    """Do work in a thread each time that what it depends on changes."""
    return solara.lab.use_task(work, dependencies=dependencies, raise_error=False)


def _errors(*tasks: Any, words: Words) -> list[str]:
    return [words("workshop.failed", error=str(task.exception)) for task in tasks if task.error]


def _picture(
    played: tuple[Asked, Recording], begin: str, preset: Preset | None, province: int, words: Words
) -> dict[str, Any]:
    """Return a recording for the browser, with where it begins and from when its measures are in force.

    As long as `key` is the same, the browser stays where it is in time.
    """
    run, recording = played
    shown = picture(recording, words, province)
    started: list[list[Any]] = [
        [recording.frame(quarter), -1, "measure", words("workshop.caption.measure", measure=measure)]
        for quarter, measure in in_force(run.played, words)
        if recording.quarters[0] <= quarter <= recording.quarters[-1]
    ]
    captions = sorted([*started, *shown["captions"]], key=lambda one: one[0])
    key = str((preset, replace(run, played=Chosen(run.played.base), owner="")))
    frames = {"begin": recording.frame(begin), "start": recording.frame(preset.start if preset else "")}
    return {**shown, **frames, "key": key, "captions": captions}


@solara.component_vue("workshop.vue", vuetify=False)
def _workshop(
    words: dict[str, str],
    language: str,
    title: str,
    purpose: str,
    future: int,
    share: str,
    picture: dict[str, Any],
    before: dict[str, Any],
    areas: list[str],
    area: int,
    labels: list[dict[str, str]],
    kit: list[dict[str, Any]],
    kit_here: str,
    measures: list[dict[str, Any]],
    busy: bool,
    revealed: bool,
    story: Mapping[str, Any],
    trouble: list[str],
    event_preset: Callable[[str], None],
    event_another: Callable[[Any], None],
    event_look_at: Callable[[int], None],
    event_reveal: Callable[[Any], None],
    event_moved: Callable[[str], None],
    event_tell: Callable[[dict[str, Any]], None],
    event_close: Callable[[Any], None],
    event_switch_on: Callable[[dict[str, Any]], None],
    event_switch_off: Callable[[str], None],
) -> None: ...
