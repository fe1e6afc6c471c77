"""What was reported: tables whose rows say what they may be used for, and a wall around those kept for validation."""

from __future__ import annotations

import ast
import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents.errors import InputError
from agents.parameters import parameter_table
from calibration.evidence import (
    EVIDENCE,
    NO_TARGET,
    PUBLIC,
    PUBLIC_FACTS,
    ROLES,
    Evidence,
    Reported,
    cited,
    find,
    load_evidence,
    load_public_facts,
    load_rows,
    make_row,
)
from calibration.held_back import HELD_BACK, find_any, held_back_targets, load_held_back
from calibration.targets import calibration_targets, citations

ROOT = Path(__file__).resolve().parent.parent
HELD_BACK_FILES = ("held_back.csv", "held_back_targets.csv")
MAY_SEE = ("held_back", "validate", "rivals")  # modules of calibration that may read what is held back
INPUTS = sorted([*ROOT.glob("scenarios/national/*.csv"), *ROOT.glob("scenarios/regions/*/*.csv")])


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_row_says_what_it_may_be_used_for() -> None:
    roles = {row.role for row in load_evidence().values()} | {row.role for row in load_public_facts().values()}
    assert roles == set(ROLES)
    assert {row.role for row in load_held_back().values()} == {"validate"}


def test_what_is_held_back_is_in_no_other_table() -> None:
    assert not [citation for citation in load_held_back() if find(citation)]
    assert find("nb-pps-active-spring-2018") is None
    assert find("public:bbl-2018") is None
    assert find_any("public:bbl-2018") is not None
    assert find_any("public:bbl-2017") is not None
    assert find_any("no-such-row") is None


def test_what_is_held_back_is_what_the_design_says() -> None:
    held_back = load_held_back()
    assert {f"public:{track}-{year}" for track in ("bbl", "bol") for year in (2018, 2019)} <= held_back.keys()
    assert {f"public:{track}-{year}" for track in ("bbl", "bol") for year in range(2012, 2018)} <= {
        PUBLIC + row.id for row in load_public_facts().values() if row.role == "calibrate"
    }
    assert sum(row.startswith("public:rif-round-") for row in held_back) == 8
    later = [row for row in load_evidence().values() if row.role == "calibrate" and row.region != "netherlands"]
    assert not [row.id for row in later if "brabant" not in row.region or row.period > "2018-12"]


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_input_cites_what_is_held_back(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        sources = {row["source"] for row in csv.DictReader(file)}
    assert not {citation for source in sources for citation in cited(source)} & load_held_back().keys()


def test_no_parameter_cites_what_is_held_back() -> None:
    cites = {citation for row in parameter_table().values() for citation in cited(row.source)}
    assert not cites & load_held_back().keys()


def test_a_row_to_compare_with_has_a_target_or_a_reason_why_not() -> None:
    wrong = []
    targets = {citation for target in calibration_targets() for citation in citations(target.evidence)}
    rows: dict[str, Reported] = dict(load_evidence()) | {PUBLIC + id: row for id, row in load_public_facts().items()}
    for citation, row in rows.items():
        reason = (citation not in targets) if row.role == "calibrate" else False
        wrong += [citation] if bool(row.no_target) != reason else []
    targets = {citation for target in held_back_targets() for citation in citations(target.evidence)}
    wrong += [id for id, row in load_held_back().items() if bool(row.no_target) != (id not in targets)]
    assert not wrong


def test_every_reason_is_used() -> None:
    rows: list[Reported] = [*load_evidence().values(), *load_public_facts().values(), *load_held_back().values()]
    assert {row.no_target for row in rows} - {""} == set(NO_TARGET)


def test_every_row_held_back_is_a_citation_in_words() -> None:
    for row in load_held_back().values():
        assert all((row.region, row.period, row.quantity, row.unit)), row.id
        if isinstance(row, Evidence):
            assert all((row.report, row.section, row.quote)), row.id
            assert len(row.quote.split()) <= 25, f"{row.id}: a quote is short"
        else:
            assert "://" not in row.source_address, row.id


def test_the_total_that_is_an_input_is_the_sum_of_what_is_held_back() -> None:
    for year in (2018, 2019):
        parts = [load_held_back()[f"public:{track}-{year}"].value for track in ("bbl", "bol")]
        assert load_public_facts()[f"mbo-students-{year}"].value == sum(parts)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("a,1,context,", "a,x,context,"), "line 2: the value of a is no number"),
        (lambda text: text.replace("b,2,context,", "a,2,context,"), "line 3: id a stands twice"),
        (lambda text: text.replace("a,1,context,", "a,1,wish,"), "line 2: a has the role 'wish'"),
        (lambda text: text.replace("a,1,context,", "a,1,context,lazy"), "line 2: no_target of a is 'lazy'"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_line(tmp_path: Path, change: Callable[[str], str], told: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(change("id,value,role,no_target\na,1,context,\nb,2,context,\n"), encoding="utf-8")
    with pytest.raises(InputError, match=told):
        load_rows(path, ROLES, lambda cells, value: value)


def test_a_row_is_made_of_the_cells_it_has() -> None:
    with HELD_BACK.open(encoding="utf-8", newline="") as file:
        cells = next(csv.DictReader(file))
    assert make_row(Evidence, cells, 1.0).id == cells["id"]


# ── the wall ────────────────────────────────────────────────────────────────────────────────────────────


def modules() -> dict[str, Path]:
    floors = ("agents", "scenarios", "sim", "experiments", "calibration", "app")
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for floor in floors
        for path in (ROOT / floor).rglob("*.py")
    }


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, at the top or inside a function: modules, and names that may be modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reachable(start: str) -> set[str]:
    """Return all modules of the project that a module imports, directly or not."""
    files = modules()
    seen, ahead = set(), [start]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        ahead += [other for other in imports(files[name]) if other in files]
    return seen


FITTING = sorted(
    name
    for name in modules()
    if name.startswith(("calibration.", "sim.", "agents.", "scenarios.", "experiments."))
    and name.partition(".")[2] not in MAY_SEE
)


@pytest.mark.parametrize("name", FITTING)
def test_nothing_that_fits_can_import_what_is_held_back(name: str) -> None:
    assert "calibration.held_back" not in reachable(name)


def test_the_way_to_what_is_held_back_would_be_noticed() -> None:
    assert "calibration.held_back" in reachable("app.evidence")


def test_only_one_module_names_the_files_that_are_held_back() -> None:
    naming = [
        name
        for name, path in modules().items()
        if any(
            isinstance(node, ast.Constant) and isinstance(node.value, str) and "held_back" in node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]
    assert naming == ["calibration.held_back"]


WATCH = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from calibration.observe import observe
from calibration.targets import calibration_targets
from scenarios.region import load_region
from scenarios.scenario import load_scenario
from sim.model import PpsModel
observe(PpsModel(load_region("noord-brabant"), load_scenario("baseline"), seed=1, scale=0.02), calibration_targets())
print(*[name for name in opened if "calibration" in name], sep="\\n")
"""


def test_observing_to_calibrate_opens_no_file_that_is_held_back() -> None:
    done = subprocess.run([sys.executable, "-c", WATCH], cwd=ROOT, capture_output=True, text=True, check=True)
    opened = {Path(name).name for name in done.stdout.splitlines()}
    assert {EVIDENCE.name, PUBLIC_FACTS.name, "targets.csv"} <= opened
    assert not opened & {*HELD_BACK_FILES, "held_back.py"}
    assert not [name for name in opened if name.startswith("held_back")]
