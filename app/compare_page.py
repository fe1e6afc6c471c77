"""The page of a comparison: the question, the answer and what it rests on, in one file that asks for nothing else."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from agents.parameters import parameter_table
from app.charts import Bar, Line, Show, series_chart, stacked_chart, steps_chart, whole_share
from app.compare_parts import (
    BAD,
    BESIDE,
    CARDS,
    FEW_FOLLOWED,
    GOOD,
    IN_A_CHART,
    MAIN,
    PAYERS,
    REFERENCE,
    SERIES,
    YEARS_SHOWN,
    Mark,
    cards,
    cautions,
    first_policy,
    forest,
    found,
    leaves,
    marks_of,
    parameters_told,
    place_names,
    setting,
    survivors,
    title,
)
from app.compare_words import (
    amount,
    cost_sentence,
    interval,
    number,
    outcome_label,
    quarter_words,
    sentence,
    unit_label,
    verdict,
    whole_percent,
)
from app.html import fill, write
from app.scenarios import flow, policy_of, settings_of, show_setting, source_words, terms
from app.words import Words
from experiments.comparison import Asked, Band, Carried, Comparison, Gain, Paid
from experiments.mechanisms import mechanisms
from experiments.survival import Curve
from scenarios.policies import policy_texts
from sim.calendar import quarter_number
from sim.outcomes import outcome_table

TEMPLATE = "compare.html"
THOUSAND = 1000.0

type Cells = dict[str, Any]


def write_compare_page(comparison: Comparison, path: Path, command: Sequence[str], words: Words) -> Path:
    """Write the page and return its path.

    Args:
        comparison: What came out.
        path: File to write; one that is there is replaced.
        command: What makes it again.
        words: The language.

    Raises:
        InputError: If it cannot be written.
    """
    return write(render(comparison, command, words), path)


def render(comparison: Comparison, command: Sequence[str], words: Words) -> str:
    """Return the page as text."""
    page = _Page(comparison, words)
    return fill(
        TEMPLATE,
        words,
        years=YEARS_SHOWN,
        few_followed=FEW_FOLLOWED,
        reference=page.marks[comparison.baseline.name],
        title=title(comparison, words),
        setting=setting(comparison.about, words),
        cautions=list(cautions(comparison, words)),
        asked=[page.asked(asked) for asked in (comparison.baseline, *comparison.scenarios)],
        answers=list(page.answers()),
        cards=list(cards(comparison, page.marks, words)),
        forest=list(forest(comparison, page.marks, words)),
        survival=list(page.survival()),
        series=list(page.series()),
        money=list(page.money()),
        costs=list(page.costs()),
        gains=list(page.gains()),
        spent=list(page.spent()),
        short=any(one.without_year > 0 for one in comparison.spent),
        why=list(page.why()),
        carried=list(page.carried()),
        sources=list(page.sources()),
        parameters=list(page.parameters()),
        never=[text for key, text in words.texts.items() if key.startswith("validate.never.")],
        meanings=list(page.meanings()),
        again=list(page.again(command)),
    )


class _Page:
    """What the parts of the page have in common: the comparison, the language and the marks of the scenarios."""

    def __init__(self, comparison: Comparison, words: Words) -> None:
        self.comparison, self.words, self.about = comparison, words, comparison.about
        self.marks = marks_of(comparison, words)

    @property
    def reference(self) -> Mark:
        return self.marks[self.comparison.baseline.name]

    def asked(self, asked: Asked) -> Cells:
        policies = [policy_of(settings) for settings in asked.policies]
        return {
            "mark": self.marks[asked.name],
            "name": asked.name,
            "reference": asked is self.comparison.baseline,
            "purpose": self.words.pick(asked, "purpose"),
            "policies": [
                {
                    "title": self.words.pick(policy_texts()[policy.kind], "title"),
                    "purpose": self.words.pick(policy_texts()[policy.kind], "purpose"),
                    "terms": [
                        (self.words(f"scenario.row.{key}"), self._quarters(told))
                        for key, told in terms(policy, self.words)
                    ],
                }
                for policy in policies
            ],
            "parameters": [self._parameter(name, value) for name, value in asked.parameters.items()],
        }

    def _quarters(self, text: str) -> str:
        """Return a text with its quarters as the language writes them."""
        return re.sub(r"\d{4}-Q[1-4]", lambda found: quarter_words(found[0], self.words), text)

    def _parameter(self, name: str, value: float) -> tuple[str, str]:
        """Return what a parameter means that a scenario sets itself, and its value beside the usual one."""
        row, words = parameter_table()[name], self.words
        own, usual = (show_setting({"value": each, "unit": row.unit}, words) for each in (value, row.value))
        return words.pick(row, "meaning"), words("compare_page.question.instead", value=own, usual=usual)

    # ── the answer ──────────────────────────────────────────────────────────────────────────────────────
    def answers(self) -> Iterator[Cells]:
        words = self.words
        for asked in self.comparison.scenarios:
            ones = [one for _, ones in found(self.comparison, MAIN) for one in ones if one.scenario == asked.name]
            kinds = [verdict(one) for one in ones]
            better, worse = (sum(kind in some for kind in kinds) for some in (GOOD, BAD))
            yield {
                "mark": self.marks[asked.name],
                "summary": words(
                    "compare_page.summary" if better + worse < len(ones) else "compare_page.summary_all",
                    of=len(ones),
                    better=better,
                    worse=worse,
                    rest=len(ones) - better - worse,
                ),
                "lines": [
                    {
                        "label": outcome_label(one.outcome, words),
                        "text": sentence(one, words),
                        "kind": kind,
                        "said": words(f"compare_page.verdict.{kind}"),
                    }
                    for one, kind in zip(ones, kinds, strict=True)
                ],
            }

    # ── survival and series ─────────────────────────────────────────────────────────────────────────────
    def survival(self) -> Iterator[Cells]:
        words = self.words
        for asked in self.comparison.scenarios:
            found = {one.whom: one for one in self.comparison.survival if one.scenario == asked.name}
            one = found.get("since_policy") or found.get("all")
            if one is None:
                continue
            mark = self.marks[asked.name]
            lines = [_steps(self.reference, one.baseline, True), _steps(mark, one.value, False)]
            empty = not one.value.lives or not one.baseline.lives
            chart = "" if empty else steps_chart(
                f"survival-{asked.name}", lines, whole_share(words), words("compare_page.survival.axis"),
                words("compare_page.survival.alt", title=mark.title, reference=self.reference.title),
            )  # fmt: skip
            key = "compare_page.survival.since" if one.whom == "since_policy" else "compare_page.survival.all"
            yield {
                "mark": mark,
                "chart": Markup(chart),
                "empty": empty,
                "whom": words(
                    key,
                    since=quarter_words(one.since, words) if one.since else "",
                    before=words.number(one.baseline.lives),
                    after=words.number(one.value.lives),
                ),
                "rows": [
                    {
                        "mark": mark_of,
                        "cells": [survivors(curve, year, self.words) for year in YEARS_SHOWN],
                    }
                    for mark_of, curve in ((self.reference, one.baseline), (mark, one.value))
                ],
            }

    def series(self) -> Iterator[Cells]:
        words, scenarios = self.words, self.comparison.scenarios
        for name in SERIES:
            bands = {band.scenario: band for band in self.comparison.bands if band.outcome == name}
            shown = [asked.name for asked in scenarios if asked.name in bands]
            for first in range(0, len(shown), IN_A_CHART):
                names, label = shown[first : first + IN_A_CHART], outcome_label(name, words)
                titles = words.among([self.marks[each].title for each in names])
                lines = [self._reference_line(bands[names[0]]), *(self._line(bands[each]) for each in names)]
                chart = series_chart(
                    f"series-{name}-{first}", lines, _show(name, words), first_policy(self.comparison),
                    words("compare_page.series.alt", label=label, titles=titles),
                )  # fmt: skip
                unit = unit_label(outcome_table()[name].unit, words)
                yield {
                    "label": label,
                    "unit": unit,
                    "chart": Markup(chart),
                    "marks": [self.reference, *(self.marks[each] for each in names)],
                    "last": [self._last(bands[each]) for each in names],
                }

    def _reference_line(self, band: Band) -> Line:
        mark, places = self.reference, [quarter_number(quarter) / 4 for quarter in band.quarters]
        return Line(mark.letter, mark.colour, True, places, band.baseline, band.baseline_low, band.baseline_high)

    def _line(self, band: Band) -> Line:
        """Return the line of a scenario from where it leaves that of the reference, which it would cover before."""
        mark = self.marks[band.scenario]
        own = slice(leaves(band), None)
        places = [quarter_number(quarter) / 4 for quarter in band.quarters]
        return Line(mark.letter, mark.colour, False, places[own], band.value[own], band.low[own], band.high[own])

    def _last(self, band: Band) -> str:
        """Return the paired difference in the last quarter."""
        words, unit = self.words, outcome_table()[band.outcome].unit
        ends = band.difference_low[-1], band.difference_high[-1]
        return words(
            "compare_page.series.last",
            letter=self.marks[band.scenario].letter,
            quarter=quarter_words(band.quarters[-1], words),
            difference=amount(band.difference[-1], unit, words, True, ends),
            interval=interval(*ends, unit, words),
        )

    # ── money, and who gains ────────────────────────────────────────────────────────────────────────────
    def money(self) -> Iterator[Cells]:
        """Yield who pays, together for scenarios whose policies start in the same quarter: the years are the same."""
        together: dict[tuple[Any, ...], dict[str, list[Paid]]] = {}
        for asked in self.comparison.scenarios:
            paid = [one for one in self.comparison.paid if one.scenario == asked.name]
            if not paid:
                continue
            reference = tuple((one.group, one.in_kind, one.baseline) for one in paid if one.baseline)
            together.setdefault(reference, {})[asked.name] = paid
        for number_of, (reference, paid_by) in enumerate(together.items()):
            before = {(group, in_kind): euros for group, in_kind, euros in reference}
            yield self._paid_together(number_of, before, paid_by)

    def _paid_together(
        self, number_of: int, before: Mapping[tuple[str, bool], float], paid_by: Mapping[str, Sequence[Paid]]
    ) -> Cells:
        words, marks = self.words, [self.marks[name] for name in paid_by]
        value = {(one.scenario, one.group, one.in_kind): one for paid in paid_by.values() for one in paid}
        there = {*before, *((group, in_kind) for _, group, in_kind in value)}
        payers = [(group, in_kind) for in_kind in (False, True) for group in PAYERS if (group, in_kind) in there]
        in_cash = [group for group, in_kind in payers if not in_kind]
        bars = [Bar("R", REFERENCE, [(before.get((group, False), 0.0), PAYERS[group]) for group in in_cash])]
        for name in paid_by:
            parts = [
                (value[name, group, False].value, PAYERS[group]) for group in in_cash if (name, group, False) in value
            ]
            bars.append(Bar(self.marks[name].letter, self.marks[name].colour, parts))
        alt = words("compare_page.money.alt", titles=words.among([mark.title for mark in marks]))
        rows = [
            {
                "colour": "transparent" if in_kind else PAYERS[group],
                "label": self._payer(group, in_kind),
                "before": number(before.get((group, in_kind), 0.0) / THOUSAND, 0, words),
                "cells": [self._cell(value.get((name, group, in_kind)), "thousand euro") for name in paid_by],
            }
            for group, in_kind in payers
        ]
        axis = words("compare_page.money.axis")
        chart = stacked_chart(f"money-{number_of}", bars, lambda euros: words.number(euros / 1e6, 1), axis, alt)
        return {"chart": Markup(chart), "rows": rows, "marks": marks}

    def _payer(self, group: str, in_kind: bool) -> str:
        payer = self.words(f"compare.payer.{group}")
        return self.words("compare_page.money.in_kind", payer=payer) if in_kind else payer

    def _cell(self, one: Paid | Gain | None, unit: str) -> Cells:
        """Return a difference for a cell: what is paid or gained, with its interval."""
        if one is None:
            return {"difference": "–", "interval": "", "shown": False}
        times = 1 / THOUSAND if unit == "thousand euro" else 1.0
        difference, low, high = (times * value for value in (one.difference, one.low, one.high))
        sure = math.isfinite(low) and low != high
        return {
            "difference": amount(difference, unit, self.words, True, (low, high)),
            "interval": interval(low, high, unit, self.words) if sure else "",
            "shown": low > 0 or high < 0,
        }

    def costs(self) -> Iterator[Cells]:
        for cost in self.comparison.costs:
            yield {"mark": self.marks[cost.scenario], "text": cost_sentence(cost, self.words)}

    def gains(self) -> Iterator[Cells]:
        """Yield a table for each outcome and dimension: a row per group, a column per scenario."""
        words, gains = self.words, self.comparison.gains
        names = place_names(self.about, words)
        for outcome, dimension in dict.fromkeys((one.outcome, one.dimension) for one in gains):
            unit = outcome_table()[outcome].unit
            these = [one for one in gains if (one.outcome, one.dimension) == (outcome, dimension)]
            cells = {(one.group, one.scenario): one for one in these}
            yield {
                "label": outcome_label(outcome, words),
                "by": words(f"compare_page.dimension.{dimension}"),
                "unit": unit_label(unit, words),
                "marks": [self.marks[asked.name] for asked in self.comparison.scenarios],
                "rows": [
                    {
                        "label": names.get(group, group),
                        "before": amount(
                            next(one.baseline for one in these if one.group == group), unit, words
                        ),
                        "cells": [
                            self._cell(cells.get((group, asked.name)), unit)
                            for asked in self.comparison.scenarios
                        ],
                    }
                    for group in dict.fromkeys(one.group for one in these)
                ],
            }  # fmt: skip

    def spent(self) -> Iterator[Cells]:
        words, names = self.words, place_names(self.about, self.words)
        for one in self.comparison.spent:
            limited = math.isfinite(one.budget_euro_year)
            yield {
                "mark": self.marks[one.scenario],
                "policy": self._policy_title(one.scenario, one.policy),
                "payer": words("compare.payer.rijk") if one.payer == "rijk" else names.get(one.payer, one.payer),
                "budget": words.euros(one.budget_euro_year) if limited else words("compare_page.spent.no_limit"),
                "spent": words.euros(one.spent_euro_year),
                "asked": words.number(one.asked_year, 1),
                "helped": words.number(one.helped_year, 1),
                "without": words.number(one.without_year, 1),
                "short": whole_percent(one.years_short, words),
            }

    def _policy_title(self, scenario: str, name: str) -> str:
        every = (self.comparison.baseline, *self.comparison.scenarios)
        policies = next(asked.policies for asked in every if asked.name == scenario)
        kind = next((str(policy["type"]) for policy in policies if policy["name"] == name), "")
        return self.words.pick(policy_texts()[kind], "title") if kind in policy_texts() else name

    # ── why ─────────────────────────────────────────────────────────────────────────────────────────────
    def why(self) -> Iterator[Cells]:
        words, found = self.words, self.comparison.why
        for scenario, side in dict.fromkeys((one.scenario, one.side) for one in found):
            ones = [one for one in found if (one.scenario, one.side) == (scenario, side)]
            total = sum(one.per_pair for one in ones)
            yield {
                "mark": self.marks[scenario],
                "title": words(f"compare_page.why.{side}", n=number(total, 1, words)),
                "rows": [
                    {
                        "mechanism": words(f"compare.mechanism.{one.mechanism}"),
                        "conditions": words.among([words(f"compare.condition.{name}") for name, _ in one.conditions])
                        if len(one.conditions) > 1
                        else "",
                        "per_pair": number(one.per_pair, 1, words),
                        "share": whole_percent(one.share, words),
                        "width": round(100 * one.share, 1),
                        "policies": words.among([self._policy_title(scenario, name) for name, _ in one.policies]),
                        "examples": words.among([example.name for example in one.examples]),
                    }
                    for one in ones
                ],
            }

    def carried(self) -> Iterator[Cells]:
        """Yield the main outcomes of each scenario without each mechanism."""
        words, found = self.words, [one for one in self.comparison.carried if one.outcome in MAIN]
        for scenario, mechanism in dict.fromkeys((one.scenario, one.mechanism) for one in found):
            yield {
                "mark": self.marks[scenario],
                "mechanism": words.pick(mechanisms()[mechanism], "title"),
                "rows": [self._carried(one) for one in found if (one.scenario, one.mechanism) == (scenario, mechanism)],
            }

    def _carried(self, one: Carried) -> Cells:
        words, ends = self.words, (one.carried_low, one.carried_high)
        return {
            "outcome": outcome_label(one.outcome, words),
            "with": amount(one.difference, one.unit, words, True, ends),
            "without": amount(one.without, one.unit, words, True, ends),
            "difference": amount(one.carried, one.unit, words, True, ends),
            "interval": interval(*ends, one.unit, words) if math.isfinite(ends[0]) and ends[0] != ends[1] else "",
            "shown": one.carried_low > 0 or one.carried_high < 0,
        }

    # ── what it rests on ────────────────────────────────────────────────────────────────────────────────
    def sources(self) -> Iterator[Cells]:
        """Yield each policy of each scenario with its settings; what a kind rests on is told once."""
        words = self.words
        told: set[str] = set()
        for asked in (self.comparison.baseline, *self.comparison.scenarios):
            for policy in map(policy_of, asked.policies):
                texts = policy_texts()[policy.kind]
                yield {
                    "mark": self.marks[asked.name],
                    "title": words.pick(texts, "title"),
                    "background": "" if policy.kind in told else flow(words.pick(texts, "background")),
                    "source": "" if policy.kind in told else source_words(policy, words),
                    "settings": [
                        (setting[str(words.language)] or setting["name"], show_setting(setting, words))
                        for setting in settings_of(policy)
                    ],
                }
                told.add(policy.kind)

    def parameters(self) -> Iterator[Cells]:
        """Yield the assumptions on how strongly policies work."""
        words = self.words
        for name, row in parameter_table().items():
            if name.startswith("policy_"):
                yield {
                    "meaning": words.pick(row, "meaning"),
                    "name": name,
                    "value": show_setting({"value": row.value, "unit": row.unit}, words),
                    "range": words(
                        "parameters.from_to",
                        **{
                            end: show_setting({"value": getattr(row, end), "unit": row.unit}, words)
                            for end in ("low", "high")
                        },
                    ),
                    "status": words(f"status.{row.status}"),
                }

    def meanings(self) -> Iterator[tuple[str, str]]:
        for name, _ in found(self.comparison, tuple(dict.fromkeys((*MAIN, *CARDS, *BESIDE, *SERIES)))):
            yield outcome_label(name, self.words), self.words.pick(outcome_table()[name], "meaning")

    def again(self, command: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
        """Yield what somebody needs who wants the same page, and whether it is to be copied to the letter."""
        words, about, comparison = self.words, self.about, self.comparison
        yield words("compare_page.again.command"), shlex.join(command), True
        yield words("compare_page.again.seeds"), words(
            "compare_page.again.seeds_told", first=about["seed"], last=about["seed"] + comparison.replicates - 1
        ), False  # fmt: skip
        yield words("compare_page.again.parameters"), parameters_told(about, words), False
        for asked in (comparison.baseline, *comparison.scenarios):
            yield words("compare_page.again.identity", name=asked.name), asked.identity, True
        for key, digest in about.get("digests", {}).items():
            if f"compare_page.digest.{key}" in words.texts:
                yield words(f"compare_page.digest.{key}"), str(digest), True
        versions = ", ".join(f"{name} {each}" for name, each in about["versions"].items())
        yield words("compare_page.again.versions"), versions, False


def _steps(mark: Mark, curve: Curve, dashed: bool) -> Line:
    return Line(mark.letter, mark.colour, dashed, curve.times, curve.survival, curve.low, curve.high)


def _show(name: str, words: Words) -> Show:
    """Return what writes a value of an outcome on an axis, with the decimals it has."""
    times = 100.0 if outcome_table()[name].unit == "share" else 1.0

    def show(value: float) -> str:
        text = number(
            times * value, next((digits for digits in range(3) if _whole(times * value * 10**digits)), 3), words
        )
        return words("number.percent", number=text) if times > 1 else text

    return show


def _whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6
