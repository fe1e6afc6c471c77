"""The tables: every number has a unit, a range, a source and words in both languages, and none hides in code."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agents.columns import Floats
from agents.parameters import FIELDS, STATUSES, fields_source, parameter_table
from calibration.evidence import ROLES, cited, find, load_evidence, load_public_facts
from scenarios.region import load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel
from sim.outcomes import DIRECTIONS, OUTCOMES, outcome_table

ROOT = Path(__file__).resolve().parent.parent
SCENARIO_TABLES = sorted([*ROOT.glob("scenarios/national/**/*.csv"), *ROOT.glob("scenarios/regions/*/*.csv")])
READERS = sorted(path for folder in ("agents", "sim", "scenarios") for path in ROOT.glob(f"{folder}/**/*.py"))
LEVELS = ("stock", "flow", "sum")
LONGEST_LABEL = 45


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_parameter_has_a_unit_and_a_range_that_holds_its_value() -> None:
    rows = parameter_table().values()
    assert not [row.name for row in rows if not row.unit.strip()]
    assert not [row.name for row in rows if not row.low <= row.value <= row.high]


def test_every_parameter_has_a_status_and_a_source_that_bears_it() -> None:
    wrong = []
    for row in parameter_table().values():
        citations = cited(row.source)
        guess = "assumption" in row.source.split("; ")
        known = all(find(citation) for citation in citations)
        borne = bool(citations) if row.status in ("reported", "derived") else bool(citations) or guess
        if row.status not in STATUSES or not known or not borne:
            wrong.append((row.name, row.status, row.source))
    assert not wrong


@pytest.mark.parametrize("other", ["pps_list", "assumed: ", "derived: "])
def test_a_parameter_has_no_source_of_another_table(other: str) -> None:
    assert not [row.name for row in parameter_table().values() if other in row.source]


def test_every_parameter_is_explained_in_both_languages() -> None:
    wrong = [
        row.name
        for row in parameter_table().values()
        if not row.meaning_nl.strip() or not row.meaning_en.strip() or row.meaning_nl == row.meaning_en
    ]
    assert not wrong


def test_the_fields_of_parameters_fit_the_table() -> None:
    assert FIELDS.read_text(encoding="utf-8") == fields_source(), "run `python -m agents.parameters`"


def reads(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every parameter that a file reads as `p.NAME` or `something.p.NAME`, and where."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            of = node.value
            if (isinstance(of, ast.Name) and of.id == "p") or (isinstance(of, ast.Attribute) and of.attr == "p"):
                yield node.attr, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_every_parameter_is_read_and_every_one_that_is_read_exists() -> None:
    found = dict(read for path in READERS for read in reads(path))
    assert not parameter_table().keys() - found.keys(), "in the table, read by no code"
    assert not {name: where for name, where in found.items() if name not in parameter_table()}, "not in the table"


# ── sources ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", SCENARIO_TABLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_citation_of_a_scenario_file_has_a_row(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert sources
    assert not {citation for source in sources for citation in cited(source) if not find(citation)}


def test_a_citation_is_told_from_a_remark() -> None:
    assert cited("nb-legal-bv; public:bbl-2016; pps_list; assumed: a, b") == ("nb-legal-bv", "public:bbl-2016")
    assert cited("derived: c") == ()
    assert cited("assumption") == ()
    assert find("nb-mbo-enrolled") == load_evidence()["nb-mbo-enrolled"]
    assert find("public:bbl-2016") == load_public_facts()["bbl-2016"]
    assert find("bbl-2016") is None
    assert find("public:nb-mbo-enrolled") is None


def test_every_row_of_evidence_is_a_citation_in_words() -> None:
    for row in load_evidence().values():
        assert row.role in ROLES, row.id
        assert all((row.report, row.section, row.region, row.period, row.quantity, row.unit, row.quote)), row.id
        assert len(row.quote.split()) <= 25, f"{row.id}: a quote is short"
    for fact in load_public_facts().values():
        assert all((fact.region, fact.period, fact.quantity, fact.unit, fact.source_title)), fact.id
        assert "." in fact.source_address.split("/")[0], fact.id
        assert "://" not in fact.source_address, fact.id


# ── outcomes ────────────────────────────────────────────────────────────────────────────────────────────


def test_every_outcome_is_named_and_defined_in_both_languages() -> None:
    for outcome in outcome_table().values():
        labels, meanings = (outcome.label_nl, outcome.label_en), (outcome.meaning_nl, outcome.meaning_en)
        assert all(0 < len(label.strip()) <= LONGEST_LABEL for label in labels), outcome.name
        assert all(meaning.endswith(".") for meaning in meanings), outcome.name
        assert outcome.meaning_nl != outcome.meaning_en, outcome.name
        assert outcome.unit, outcome.name


@pytest.mark.parametrize("language", ["nl", "en"])
def test_no_two_outcomes_have_the_same_label(language: str) -> None:
    labels = [outcome.label(language) for outcome in outcome_table().values()]
    assert not {label for label in labels if labels.count(label) > 1}


def test_every_outcome_has_a_direction_and_a_level() -> None:
    for outcome in outcome_table().values():
        assert outcome.direction in DIRECTIONS, outcome.name
        assert outcome.level in LEVELS, outcome.name
        # quarters of a flow may be added up, those of a yearly rate may not
        assert not (outcome.level == "flow" and outcome.unit.endswith("/year")), outcome.name


@pytest.fixture(scope="module")
def recorded() -> dict[str, Floats]:
    """Every outcome over quarters and places, until some subsidies ended two years ago."""
    scenario = load_scenario("baseline").model_copy(update={"until": "2019-Q4"})
    model = PpsModel(load_region("noord-brabant"), scenario, seed=1, scale=0.05).run()
    assert model.recorder is not None
    return {name: model.recorder.values[:, :, i] for i, name in enumerate(OUTCOMES)}


def test_every_outcome_is_recorded(recorded: dict[str, Floats]) -> None:
    assert not [name for name, values in recorded.items() if not np.isfinite(values[-1]).all()]


def test_outcomes_are_what_their_unit_and_level_say(recorded: dict[str, Floats]) -> None:
    for name, outcome in outcome_table().items():
        values = recorded[name][np.isfinite(recorded[name][:, -1])]
        assert values.min() >= 0, name
        if outcome.unit in ("share", "0-1"):
            assert values.max() <= 1, name
        if outcome.level == "sum" and "/" not in outcome.unit:
            assert (np.diff(values, axis=0) >= 0).all(), f"{name} adds up since the start, so it never falls"


def test_parts_of_outcomes_sum_to_the_whole(recorded: dict[str, Floats]) -> None:
    def total(*names: str) -> Floats:
        return np.sum([recorded[name] for name in names], axis=0)

    phases = [name for name in OUTCOMES if name.startswith("pps_phase_")]
    payers = [name for name in OUTCOMES if name.startswith("regie_fte_")]
    assert np.array_equal(total(*phases), recorded["networks_alive"])
    assert np.array_equal(total("pps_active", "pps_stopped"), recorded["pps_started"])
    assert np.array_equal(total("networks_sustained", "networks_lost"), recorded["networks_ended"])
    assert np.array_equal(total("students_bbl", "students_bol"), recorded["students"])
    assert np.allclose(total(*payers), recorded["regie_fte"])


# ── no number of the domain in code ─────────────────────────────────────────────────────────────────────

ALLOWED = {
    0: "none, never",
    1: "all, the unit, the next one",
    2: "a square, twice, a pair",
    0.5: "half: the mean of two, the middle of 0-1",
    4: "quarters in a year",
    100: "cents in a euro",
}
GUARD = 1e-9  # and smaller: keeps a division or a logarithm from failing
CODES = ("season", "position", "phase", "size", "wave")  # enumerated: comparing with a member is no threshold
EXCEPTIONS = {
    ("draws.py", 16): "bytes of the hash that keys a stream",
    ("drivers.py", 2.5): "the middle of the quarters 1-4",
    ("initiation.py", 3): "position of the regie, steps between position 1 and 4, type of LLO, a round",
    ("initiation.py", 10_000): "the unit of pps_per_10000_students",
    ("phases.py", 3): "phase of the growth model",
    ("phases.py", 5): "phase of the growth model",
    ("record.py", 1_000_000): "keeps kinds apart in one key of partners",
    ("world.py", 64): "rows reserved at the start",
    ("world.py", 1024): "rows reserved at the start",
}


def is_structure(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Say whether a number is an index, an axis, the end of a range, or compared with a code."""
    while node in parents and not isinstance(node, ast.stmt):
        above = parents[node]
        if isinstance(above, ast.Subscript) and above.slice is node:
            return True
        if isinstance(above, ast.keyword) and above.arg == "axis":
            return True
        if isinstance(above, ast.Call):
            return isinstance(above.func, ast.Name) and above.func.id == "range"
        if isinstance(above, ast.Compare):
            names = {getattr(part, "attr", getattr(part, "id", "")) for part in ast.walk(above)}
            return not names.isdisjoint(CODES)
        node = above
    return False


def bare_numbers(source: str) -> Iterator[tuple[int, float]]:
    """Yield line and value of every number in the code that is not allowed everywhere."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            value = float(node.value)  # type: ignore[arg-type]  # mypy does not follow `type`
            if value not in ALLOWED and value > GUARD and not is_structure(node, parents):
                yield node.lineno, value


def test_no_number_of_the_domain_stands_in_the_processes() -> None:
    """A number that says something of the world belongs in the parameter table; one that does not, in EXCEPTIONS."""
    found = {
        f"{path.name}:{line}: {value:g}": (path.name, value)
        for path in sorted((ROOT / "sim").glob("*.py"))
        for line, value in bare_numbers(path.read_text(encoding="utf-8"))
    }
    assert not [where for where, number in found.items() if number not in EXCEPTIONS]
    assert not EXCEPTIONS.keys() - set(found.values()), "no longer needed"


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("chance = 0.3 * pull", [0.3]),
        ("old = age > 6", [6]),
        ("RATE = 17", [17]),
        ("x = np.clip(y, 0.0, 0.9)", [0.9]),
        ("x = blocks[:, :3].sum(axis=(1, 3)) / 4 + np.maximum(y, 1e-12)", []),
        ("outside = pps.position >= 3", []),
        ("names = [f'phase_{n}' for n in range(1, 6)]", []),
    ],
)
def test_a_bare_number_is_noticed(code: str, values: list[float]) -> None:
    assert [value for _, value in bare_numbers(code)] == values
