"""How policies do over many futures, for people: what is printed and stands on the page, and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from agents.parameters import parameter_table
from app.compare_words import amount, outcome_label
from app.measures import plain, plain_unit
from app.scenarios import show_setting
from app.study import Page, Row, Section, glyphs, study_page
from app.words import Words
from experiments.robustness import Box, Criterion, Limit, Regret, Robustness, Satisficing
from experiments.studies import Study
from sim.outcomes import outcome_table

BARE = ("0-1", "weight", "factor", "chance", "score", "unit", "ratio", "exponent", "log", "log/share")
"""Units of parameters that say nothing beside a number: what it is, its meaning says."""


def page(found: Robustness, study: Study, command: Sequence[str], words: Words) -> Page:
    """Return all that is told: what is good enough, when a policy fails, and what is lost by it."""
    return study_page(
        study,
        setting(found, study, words),
        answers(found, study, words),
        cautions(found, study, words),
        sections(found, study, words),
        words("robustness.sources"),
        command,
        words,
    )


def setting(found: Robustness, study: Study, words: Words) -> str:
    """Return region, period and how many futures."""
    return words(
        "robustness.setting",
        region=words.pick(study.batch.setting.pack, "title"),
        until=study.scenarios[0].until,
        n=words.number(found.counted),
        scenarios=words.number(len(found.scenarios)),
    )


def answers(found: Robustness, study: Study, words: Words) -> Iterator[str]:
    """Yield what good enough means, and which policy is that in most futures."""
    yield words("robustness.enough", criteria=words.among([criterion(one, words) for one in found.criteria]))
    safest = next(one for one in found.satisficing if one.scenario == found.safest)
    key = "robustness.none" if safest.share == 0.0 else "robustness.safest"
    yield words(key, scenario=titles(study, words)[safest.scenario], share=words.percent(safest.share))


def criterion(one: Criterion, words: Words) -> str:
    """Return a criterion in words."""
    end = "at_least" if one.at_least is not None else "at_most"
    value = one.at_least if one.at_least is not None else one.at_most
    assert value is not None
    unit = plain_unit(outcome_table()[one.outcome])
    return words(
        f"robustness.criterion.{end}{'_change' if one.change else ''}",
        outcome=outcome_label(one.outcome, words),
        value=amount(value, unit, words, one.change),
    )


def cautions(found: Robustness, study: Study, words: Words) -> Iterator[str]:
    """Yield what makes the numbers less sure than they look."""
    yield words(f"robustness.draws.{study.plan.model_dump()['draws']}")
    yield words("robustness.boxes_mean")
    if study.plan.scale < 1.0:
        yield words("run.scale", share=words.percent(study.plan.scale)) + "."
    if found.counted < found.futures:
        yield words("robustness.dropped", n=words.number(found.futures - found.counted))


def titles(study: Study, words: Words) -> dict[str, str]:
    """Return what the scenarios are called."""
    return {scenario.name: words.pick(scenario, "title") for scenario in study.scenarios}


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────
def satisficing_cells(one: Satisficing, study: Study, words: Words) -> list[str]:
    """Return in how many futures a policy is good enough, with the interval."""
    ends = words("compare_page.from_to", low=words.percent(one.low), high=words.percent(one.high))
    return [titles(study, words)[one.scenario], words.percent(one.share), ends]


def regret_cells(one: Regret, study: Study, words: Words) -> list[str]:
    """Return what is lost by a policy in one outcome."""
    unit = plain_unit(outcome_table()[one.outcome])
    lost = (amount(value, unit, words, unit == "share").lstrip("+") for value in (one.median, one.ninety, one.largest))
    return [titles(study, words)[one.scenario], amount(one.mean, unit, words), *lost, words.percent(one.best)]


def heads(keys: Sequence[str], words: Words) -> list[str]:
    """Return the heads of a table."""
    return [words(f"robustness.head.{key}") for key in ("scenario", *keys)]


SATISFICING = ("share", "interval")
REGRET = ("mean", "median", "ninety", "largest", "best")


def by_outcome(found: Robustness) -> Iterator[tuple[str, list[Regret]]]:
    """Yield the regrets of each outcome."""
    for outcome in dict.fromkeys(one.outcome for one in found.regrets):
        yield outcome, [one for one in found.regrets if one.outcome == outcome]


# ── boxes ───────────────────────────────────────────────────────────────────────────────────────────────
def conditions(found: Robustness, study: Study, words: Words) -> Iterator[tuple[str, list[str]]]:
    """Yield for every policy but the reference under which conditions it fails, in sentences."""
    for name in found.scenarios[1:]:
        boxes = [one for one in found.boxes if one.scenario == name]
        yield titles(study, words)[name], [box_sentence(one, words) for one in boxes] or [words("robustness.no_box")]


def box_sentence(box: Box, words: Words) -> str:
    """Return under which conditions a policy fails, and how far that holds."""
    asked = words.among([limit_words(name, limit, words) for name, limit in box.limits.items()])
    return words(
        "robustness.box" if box.confirmed else "robustness.box_unconfirmed",
        conditions=asked,
        failed=words.number(box.failed_inside),
        inside=words.number(box.inside),
        density=words.percent(box.density) if box.inside else "–",
        failed_others=words.number(box.failed_outside),
        others=words.number(box.outside),
        outside=words.percent(box.failed_outside / box.outside) if box.outside else "–",
        coverage=words.percent(box.coverage) if box.failed else "–",
    )


def limit_words(name: str, limit: Limit, words: Words) -> str:
    """Return one condition in words, with what is possible at all."""
    if limit.among:
        among = [words(f"robustness.branch.{branch}") for branch in limit.among]
        return words("robustness.limit.branch", among=words.among(among))
    row = parameter_table()[name]
    unit = "" if row.unit in BARE else row.unit
    low, high, least, most = (
        "" if value is None else show_setting({"value": value, "unit": unit}, words)
        for value in (_short(limit.low), _short(limit.high), row.low, row.high)
    )
    key = "between" if limit.low is not None and limit.high is not None else "above" if limit.high is None else "below"
    meaning = words.pick(row, "meaning")
    return words(f"robustness.limit.{key}", meaning=meaning, low=low, high=high, least=least, most=most)


def _short(value: float | None) -> float | None:
    """Return a limit with the two digits that it is worth: it was found between two futures."""
    return None if value is None else float(f"{value:.2g}")


# ── data and page ───────────────────────────────────────────────────────────────────────────────────────
def robustness_json(found: Robustness, study: Study) -> dict[str, Any]:
    """Return all of it as data; what is not defined is null."""
    return {
        "plan": study.plan.model_dump(mode="json"),
        "identity": study.batch.digest,
        "futures": found.futures,
        "counted": found.counted,
        "safest": found.safest,
        "satisficing": [plain(asdict(one)) for one in found.satisficing],
        "regret": [plain(asdict(one)) for one in found.regrets],
        "boxes": [
            plain({**asdict(one), "density": one.density, "coverage": one.coverage, "confirmed": one.confirmed})
            for one in found.boxes
        ],
    }


# ── sections ────────────────────────────────────────────────────────────────────────────────────────────
def sections(found: Robustness, study: Study, words: Words) -> Iterator[Section]:
    """Yield the parts of what is told."""
    drawn = glyphs([(one.share, one.low, one.high) for one in found.satisficing])
    yield Section(
        title=words("robustness.satisficing"),
        heads=heads(SATISFICING, words),
        drawn=words("robustness.head.drawn"),
        rows=[
            Row(satisficing_cells(one, study, words), glyph=glyph)
            for one, glyph in zip(found.satisficing, drawn, strict=True)
        ],
        note=words("robustness.satisficing_means"),
    )
    for name, sentences in conditions(found, study, words):
        yield Section(title=words("robustness.fails", scenario=name), points=sentences)
    for number, (outcome, regrets) in enumerate(by_outcome(found)):
        yield Section(
            title=words("robustness.regret", outcome=outcome_label(outcome, words)),
            heads=heads(REGRET, words),
            rows=[Row(regret_cells(one, study, words)) for one in regrets],
            note="" if number else words("robustness.regret_means"),
        )
