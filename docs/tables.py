"""The tables of the documents, as lines of Markdown, made from the tables of the project."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agents.errors import InputError
from agents.parameters import parameter_table
from app import scenarios as told
from app import validate as shown
from app.evidence import all_rows, targets_of
from app.glossary import glossary
from app.words import Language, Words
from calibration.evidence import Evidence, Reported, cited
from calibration.predictive import FILE, load_predictive, make_predictor
from calibration.targets import PATTERNS, Target, citations
from calibration.validate import Comparison, Validation, all_targets, load_reasons, validate
from experiments.mechanisms import mechanisms
from experiments.posterior import SHIPPED, load_posterior
from scenarios.policies import FAMILIES, policy_kinds, policy_texts
from scenarios.policy import Policy
from scenarios.scenario import list_scenarios, load_scenario
from sim.outcomes import outcome_table

DOCS = Path(__file__).parent
EVIDENCE, TARGETS, OUTCOMES = "reference/evidence.md", "reference/targets.md", "reference/outcomes.md"
FINAL_REPORT = "eindrapportage"
"""A word in the title of the report of 2026."""
STUDENTS = "P8"
"""The pattern of student numbers, which stands apart from the snapshots of partnerships."""
SNAPSHOTS = {"2017": ("2017", "2018"), "2019": ("2019",), "2021": ("2021", "2022")}
"""Years of observation by snapshot; what was reported in words alone, on 2025, has a table of its own."""
LEARNT = 0.6
"""Width of an interval, relative to that before the fit, up to which the fit has learnt something of a figure."""

type Lines = Iterable[str]


@dataclass(frozen=True)
class Page:
    """A page that a table is made for.

    Attributes:
        language: Its language.
        up: How a link leads to the folder of the documents.
    """

    language: Language
    up: str

    @property
    def words(self) -> Words:
        """The texts of the app."""
        return Words(self.language)

    @property
    def own(self) -> Mapping[str, Any]:
        """The words of these tables."""
        return own_words()[self.language]

    def row(self, *cells: str) -> str:
        """Return the line of a table."""
        return f"| {' | '.join(cells)} |"

    def head(self, *names: str) -> list[str]:
        """Return the head of a table, its words found by name."""
        return [self.row(*(self.own[name] for name in names)), f"|{'---|' * len(names)}"]

    def number(self, value: float) -> str:
        """Return a number as short as it can be, with the decimal sign of the language."""
        text = f"{value:g}"
        return text.replace(".", ",") if self.language is Language.NL else text

    def cite(self, citation: str) -> str:
        """Return a link to a row of evidence."""
        return f"[{citation}]({self.up}{EVIDENCE}#{anchor(citation)})"


@cache
def own_words() -> Mapping[str, Mapping[str, Any]]:
    """Return the words of these tables by language."""
    return tomllib.loads((DOCS / "words.toml").read_text(encoding="utf-8"))


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, within one cell."""
    return re.sub(r"([\\|*_`\[\]<>#~$])", r"\\\1", " ".join(text.split()))


def anchor(citation: str) -> str:
    """Return the anchor of a row of evidence: that of a public fact holds no colon."""
    return citation.replace(":", "-")


def at(name: str) -> str:
    """Return an anchor for a cell."""
    return f'<a id="{name}"></a>'


# ── parameters and outcomes ─────────────────────────────────────────────────────────────────────────────
def parameters(page: Page) -> Lines:
    """All parameters, with links to what their values rest on."""
    yield from page.head("parameter", "value", "status", "source")
    for row in parameter_table().values():
        interval = page.own["range"].format(low=page.number(row.low), high=page.number(row.high))
        value = f"{page.number(row.value)} ({interval}) {plain(row.unit)}"
        status = page.words(f"status.{row.status}")
        meaning = plain(page.words.pick(row, "meaning"))
        yield page.row(f"{at(row.name)}`{row.name}`<br>{meaning}", value, status, _sources(page, row.source))


def _sources(page: Page, source: str) -> str:
    known = cited(source)
    return "; ".join(page.cite(item) if item in known else plain(item) for item in source.split("; "))


def outcomes(page: Page) -> Lines:
    """All outcomes, with their definitions."""
    yield from page.head("outcome", "unit", "better", "counted", "meaning")
    for row in outcome_table().values():
        name = f"{at(row.name)}**{plain(page.words.pick(row, 'label'))}** `{row.name}`"
        counted, better = page.own[row.level], page.own[row.direction]
        yield page.row(name, plain(row.unit), better, counted, plain(page.words.pick(row, "meaning")))


# ── policies and scenarios ──────────────────────────────────────────────────────────────────────────────
def policies(page: Page) -> Lines:
    """Every kind of policy in full, by family."""
    for family in FAMILIES:
        yield f"## {page.own['family'][_name(family)]}"
        yield ""
        for kind in _kinds(family):
            yield from _policy(page, kind)


def _name(family: Any) -> str:
    return str(family.__name__).rpartition(".")[2]


def _kinds(family: Any) -> list[str]:
    return [name for name, kind in policy_kinds().items() if kind.__module__ == family.__name__]


def _policy(page: Page, kind: str) -> Iterator[str]:
    texts, policy = policy_texts()[kind], policy_kinds()[kind](name=kind)
    terms = [f"{page.own[key]}: {text}" for key, text in told.terms(policy, page.words) if key in page.own]
    yield from (f"### {plain(page.words.pick(texts, 'title'))}", "", f"*{plain(page.words.pick(texts, 'purpose'))}*")
    yield from ("", plain(page.words.pick(texts, "background")), "")
    yield from (page.own["kind_line"].format(kind=kind, terms="; ".join(terms)), "")
    if settings := told.settings_of(policy):
        yield from page.head("setting", "usual", "meaning")
        for setting in settings:
            meaning = plain(str(setting[page.language]))
            yield page.row(f"`{setting['name']}`", plain(told.show_setting(setting, page.words)), meaning)
        yield ""
    yield page.own["rests_on"].format(source=plain(told.source_words(policy, page.words)))
    if names := [f"`{name}`" for name in list_scenarios() if kind in _kinds_of(name)]:
        yield page.own["in_scenarios"].format(names=page.words.among(names))
    yield ""


@cache
def _kinds_of(scenario: str) -> frozenset[str]:
    return frozenset(policy.kind for policy in load_scenario(scenario).policies)


def policy_list(page: Page) -> Lines:
    """The kinds of policies in a line each, with the points of the schedule at which they act."""
    yield "| kind | family | what it does | acts at |"
    yield "|---|---|---|---|"
    for family in FAMILIES:
        for kind in _kinds(family):
            purpose = plain(page.words.pick(policy_texts()[kind], "purpose"))
            yield page.row(f"`{kind}`", _name(family), purpose, ", ".join(_hooks(policy_kinds()[kind])))


def _hooks(kind: type[Policy]) -> list[str]:
    """Return the points of the schedule that a kind of policy overrides, in the order of the base class."""
    hooks = [name for name in vars(Policy) if name.startswith("on_")]
    return [f"`{name}`" for name in hooks if getattr(kind, name) is not getattr(Policy, name)]


def mechanism_list(page: Page) -> Lines:
    """The mechanisms that a comparison can switch off."""
    for mechanism in mechanisms().values():
        yield f"- `{mechanism.name}` ({', '.join(mechanism.codes)}): {plain(page.words.pick(mechanism, 'title'))}"


def scenarios(page: Page) -> Lines:
    """The named scenarios."""
    yield from page.head("name", "title", "purpose")
    for asked in told.all_named():
        title, purpose = (plain(page.words.pick(asked.scenario, what)) for what in ("title", "purpose"))
        yield page.row(f"`{asked.as_given}`", title, purpose)


# ── evidence ────────────────────────────────────────────────────────────────────────────────────────────
def evidence(page: Page, which: str) -> Lines:
    """Rows of evidence: those of the `reports`, by report, or of `statistics` and rules."""
    rows = {citation: row for citation, row in all_rows().items() if isinstance(row, Evidence) == (which == "reports")}
    published = [row.report if isinstance(row, Evidence) else "" for row in rows.values()]
    for report in dict.fromkeys(published):
        if report:
            yield from (f"### {plain(report)}", "")
        yield "| id | value, about, role | what |"
        yield "|---|---|---|"
        for (citation, row), of in zip(rows.items(), published, strict=True):
            if of == report:
                yield _evidence(page, citation, row)
        yield ""


def _evidence(page: Page, citation: str, row: Reported) -> str:
    told_of = [plain(row.quantity)]
    if isinstance(row, Evidence):
        told_of.append(f"“{_quote(row)}” ({plain(row.section)})")
    else:
        told_of.append(f"{plain(row.source_title)}, {plain(row.source_address)}")
    if row.note:
        told_of.append(plain(row.note))
    role = page.words(f"role.{row.role}")
    if uses := [f"[{target.id}]({page.up}{TARGETS}#{target.id})" for target in targets_of(citation)]:
        role = f"{role}; target {', '.join(uses)}"
    if row.no_target:
        role = f"{role}; {page.words(f'no_target.{row.no_target}')}"
    value = f"**{row.value:g} {plain(row.unit)}**<br>{plain(row.region)}, {row.period}<br>{role}"
    return page.row(f"{at(anchor(citation))}{plain(citation)}", value, "<br>".join(told_of))


def targets(page: Page) -> Lines:
    """Everything that a run is compared with: how it is observed, and the tolerance with its reason."""
    yield "| target | reported | observed by | when, in which pack | why this tolerance |"
    yield "|---|---|---|---|---|"
    for pattern in PATTERNS:
        for target in (one for one in all_targets() if one.pattern == pattern):
            name = f"{at(target.id)}{shown.MARKS[target.role]} `{target.id}`<br>{_linked(page, target)}"
            arguments = ", ".join(f"{key}={value}" for key, value in target.arguments.items())
            value = f"{shown.reported(target, page.words)} {shown.unit(target, page.words)}".strip()
            yield page.row(
                name, value, f"`{target.operator}({arguments})`", f"{target.when}, `{target.pack}`", plain(target.why)
            )


def _quote(row: Evidence) -> str:
    """Return the words of a report, without the marks of its bold type."""
    return plain(row.quote.replace("**", ""))


# ── what the model gets right and wrong ─────────────────────────────────────────────────────────────────
@cache
def validation() -> Validation:
    """Return the fitted model beside all figures, from the runs that come with the project.

    Raises:
        InputError: If these were made with another version of the model or its data.
    """
    predictive = load_predictive(load_posterior(), make_predictor(all_targets()), SHIPPED)
    if predictive is None:
        what = "the predictive runs do not fit this version of the model"
        raise InputError(what, FILE, "runs that calibration made anew and shipped with it")
    return validate(predictive, all_targets(), load_reasons())


def in_snapshot(target: Target, name: str) -> bool:
    """Say whether a target belongs to a snapshot, or to `students`."""
    if name == "students" or target.pattern == STUDENTS:
        return name == "students" and target.pattern == STUDENTS
    return target.when[:4] in SNAPSHOTS[name]


def snapshot(page: Page, name: str) -> Lines:
    """The figures of a snapshot beside the model."""
    yield from page.head("figure", "place", "reported", "model", "interval", "width", "fits")
    compared = [one for one in validation().comparisons if in_snapshot(one.target, name)]
    for one in sorted(compared, key=lambda one: PATTERNS.index(one.target.pattern)):
        yield page.row(*_compared(page, one))


def _compared(page: Page, one: Comparison) -> Iterator[str]:
    words, target = page.words, one.target
    unit = shown.unit(target, words)
    yield f"{shown.MARKS[target.role]} {_linked(page, target)}"
    yield _places(page, target)
    yield f"{shown.reported(target, words)} {unit}".strip()
    yield shown.predicted(one, words)
    yield "" if one.ordinal else shown.interval(one.predicted, target, words)
    yield "" if one.ordinal else words.percent(one.relative_width)
    yield words("validate.yes") if one.met else f"**{words('validate.no')}**"


def _linked(page: Page, target: Target) -> str:
    first = citations(target.evidence)[0]
    return f"[{plain(page.words(f'target.{target.id}'))}]({page.up}{EVIDENCE}#{anchor(first)})"


def _places(page: Page, target: Target) -> str:
    regions = dict.fromkeys(all_rows()[citation].region for citation in citations(target.evidence))
    return ", ".join(page.own["region"].get(region, region) for region in regions)


def learnt(page: Page) -> Lines:
    """The figures that fit although the interval left room to miss them."""
    for one in validation().comparisons:
        if one.met and one.relative_width <= LEARNT:
            places = {
                "figure": f"{shown.MARKS[one.target.role]} {_linked(page, one.target)}",
                "reported": shown.reported(one.target, page.words),
                "model": _predicted(page, one),
                "width": page.words.percent(one.relative_width),
            }
            yield "- " + page.own["fitting"].format(**places)


def misses(page: Page) -> Lines:
    """The figures that the model misses, each with the likely reason."""
    for one in validation().comparisons:
        if not one.met:
            yield "- " + page.own["missed"].format(
                figure=_linked(page, one.target),
                reported=shown.reported(one.target, page.words),
                model=_predicted(page, one),
                reason=plain(one.reasons.get(page.language, page.words("validate.misses.unexplained"))),
            )


def _predicted(page: Page, one: Comparison) -> str:
    middle = shown.predicted(one, page.words)
    return middle if one.ordinal else f"{middle} ({shown.interval(one.predicted, one.target, page.words)})"


def validation_summary(page: Page) -> Lines:
    """How many figures fit, and how long networks live."""
    for line in (*shown.summary_lines(validation(), page.words), shown.survival_line(validation(), page.words)):
        yield f"- {plain(line)}"


def final_report(page: Page) -> Lines:
    """What the report of 2026 says in words, and what the model shows of it."""
    yield from page.head("observation", "as_reported", "fits")
    by_target = {one.target.id: one for one in validation().comparisons}
    for citation, row in all_rows().items():
        if isinstance(row, Evidence) and FINAL_REPORT in row.report and row.statistic == "ordinal":
            compared = [by_target[target.id] for target in targets_of(citation)]
            said = _quote(row) if page.language is Language.NL else plain(row.quantity.removesuffix(" (1 = yes)"))
            met = [page.words("validate.yes") if one.met else f"**{page.words('validate.no')}**" for one in compared]
            cells = ("; ".join(_said(page, row, compared)), ", ".join(met))
            yield page.row(f"{said} ({page.cite(citation)})", *cells)


def _said(page: Page, row: Evidence, compared: Sequence[Comparison]) -> Iterator[str]:
    for one in compared:
        share = page.own["runs"].format(share=page.words.percent(one.agrees))
        yield f"{plain(page.words(f'target.{one.target.id}'))}: {share}"
    if row.no_target:
        yield page.words(f"no_target.{row.no_target}")


# ── terms and equations ─────────────────────────────────────────────────────────────────────────────────
def terms(page: Page) -> Lines:
    """The glossary, in the order of the alphabet."""
    yield from page.head("term", "other_term", "explained", "source")
    other = Language.EN if page.language is Language.NL else Language.NL
    for term in sorted(glossary(), key=lambda term: term.term(page.language).casefold()):
        source = "; ".join(_source_of_term(page, item) for item in term.source.split("; "))
        yield page.row(
            f"**{plain(term.term(page.language))}**",
            plain(term.term(other)),
            plain(term.meaning(page.language)),
            source,
        )


def _source_of_term(page: Page, source: str) -> str:
    if source in all_rows():
        return page.cite(source)
    if source in outcome_table():
        return f"[{plain(source)}]({page.up}{OUTCOMES}#{source})"
    return page.own["own_reading"] if source == "model" else source


def equations(page: Page) -> Lines:
    """The equations of the submodels, as the ODD has them."""
    submodels = (DOCS / "odd.md").read_text(encoding="utf-8").partition("\n## 7 ")[2].partition("\n## 8 ")[0]
    for section in submodels.split("\n### ")[1:]:
        title, _, text = section.partition("\n")
        found = re.findall(r"^```text\n.*?^```$", text, re.DOTALL | re.MULTILINE)
        yield from (f"## {title}", "")
        for block in found:
            yield from (block, "")


TABLES: Mapping[str, Callable[..., Lines]] = {
    "equations": equations,
    "evidence": evidence,
    "final-report": final_report,
    "learnt": learnt,
    "mechanisms": mechanism_list,
    "misses": misses,
    "outcomes": outcomes,
    "parameters": parameters,
    "policies": policies,
    "policy-list": policy_list,
    "scenarios": scenarios,
    "snapshot": snapshot,
    "targets": targets,
    "terms": terms,
    "validation-summary": validation_summary,
}
"""Every table by the name that pages call it by."""
