"""A region of one's own: a pack that is right from the start, all mistakes at once, and what is not known of it."""

from __future__ import annotations

import csv
import io
import json
import re
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.errors import InputError
from app.regions import write_new
from app.words import Language, Words
from scenarios.country import SOURCE, Assumption, load_country
from scenarios.national import NATIONAL_DIR, load_national
from scenarios.pack_files import FILES, ROWS, TOML
from scenarios.region import SIZES, RegionPack, check_region, load_region
from scenarios.tables import MAX_PROBLEMS, Row
from tests.commands import Pps

LEFT_OUT = [row.FILE for row in ROWS if row.MAY_BE_LEFT_OUT]
MUST_BE_THERE = [TOML, *(row.FILE for row in ROWS if not row.MAY_BE_LEFT_OUT)]
COLUMNS = [(row.FILE, column) for row in ROWS for column, field in row.model_fields.items() if not field.is_required()]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new pack of two labour-market regions, as the command writes it."""
    monkeypatch.chdir(tmp_path)
    return write_new("drenthe", "noord,zuid", 0.03, Language.EN).resolve()


def parts(path: Path) -> tuple[list[str], list[list[str]]]:
    """The comments of a file, and its lines of cells."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    return comments, list(csv.reader(lines[len(comments) :]))


def put(path: Path, comments: list[str], cells: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(cells)
    path.write_text("".join(f"{line}\n" for line in comments) + text.getvalue(), encoding="utf-8")


def change(path: Path, row: int, column: str, value: str) -> int:
    """Change a cell and return its line; row 1 is the first below the column names."""
    comments, cells = parts(path)
    cells[row][cells[0].index(column)] = value
    put(path, comments, cells)
    return len(comments) + row + 1


def drop_column(path: Path, column: str) -> None:
    comments, cells = parts(path)
    at = cells[0].index(column)
    put(path, comments, [line[:at] + line[at + 1 :] for line in cells])


def same(left: RegionPack, right: RegionPack) -> bool:
    """Whether two packs say the same of a region, whatever their sources."""

    def content(value: object) -> object:
        if isinstance(value, np.ndarray):
            return value.tolist()
        if isinstance(value, tuple) and value and isinstance(value[0], Row):
            return [row.model_dump(exclude={"source"}) for row in value]
        return value

    names = set(vars(left)) - {"digest", "assumed"}
    return all(content(getattr(left, name)) == content(getattr(right, name)) for name in names)


# ── the country ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_numbers_of_the_country_add_up() -> None:
    country, sectors = load_country(), load_national().sectors
    with_firms = {sector.id for sector in sectors if sector.has_firms}
    assert [row.sector for row in country.employment.rows] == [sector.id for sector in sectors]
    assert sum(row.share for row in country.employment.rows) <= 1
    for kind in ("roc", "aoc", "vakschool"):
        shares = {row.sector: row.share for row in country.programmes.rows if row.kind == kind}
        assert sum(shares.values()) == pytest.approx(1.0)
        assert shares.keys() <= with_firms
    assert sum(row.share for row in country.enrolment.rows) == pytest.approx(1.0)
    assert sum(row.count for row in country.firms.rows) == 247_000 - 10_000
    assert {row.sector for row in country.firms.rows if row.count} == with_firms
    assert sum(row.count for row in country.firms.rows if row.size == "groot") == 3_620
    assert country.means["students"] == 162_275 + 357_687


def test_the_firms_of_the_country_are_derived_as_those_of_brabant() -> None:
    (script,) = (NATIONAL_DIR.parent / "regions").rglob("derive_firms.py")
    derive = runpy.run_path(str(script))
    sectors = [sector.id for sector in load_national().sectors if sector.has_firms]
    sizes = derive["national_accredited"]()
    wanted = derive["national_by_sector"](sectors)
    lean = np.power.outer([derive["SIZE_LEAN"][sector] for sector in sectors], np.arange(len(SIZES)))
    seed = pd.DataFrame(lean * sizes.to_numpy(), index=sectors, columns=list(SIZES))
    fitted = derive["fit"](seed, wanted * (sizes.sum() / wanted.sum()), sizes)
    for row in load_country().firms.rows:
        assert row.count == pytest.approx(fitted.loc[row.sector, row.size] if row.sector in sectors else 0, abs=1), row


def test_a_province_that_leaves_all_out_is_like_brabant_where_it_is_average(tmp_path: Path) -> None:
    """Brabant without its own figures has about as many firms and municipalities as with them."""
    known, folder = load_region("noord-brabant"), tmp_path / "noord-brabant"
    shutil.copytree(NATIONAL_DIR.parent / "regions" / "noord-brabant", folder)
    for name in LEFT_OUT:
        (folder / name).unlink()
    bare = load_region(folder)
    assert known.assumed == ()
    assert {assumption.file for assumption in bare.assumed} == {*LEFT_OUT, "labour_market_regions.csv"}
    assert bare.firms.sum() == pytest.approx(known.firms.sum(), rel=0.05)
    assert bare.other_partners.sum() == pytest.approx(known.other_partners.sum(), rel=0.05)
    assert len(bare.known_pps) == pytest.approx(len(known.known_pps), abs=3)
    assert {pps.lead_school for pps in bare.known_pps} <= {school.id for school in bare.schools if school.leads}
    np.testing.assert_allclose(bare.school_sectors.sum(axis=1), 1.0)


# ── new ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("regions", [None, "noord", "noord,zuid,west"])
@pytest.mark.parametrize("share", [0.001, 0.0833, 1.0])
def test_a_new_pack_is_right_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, regions: str | None, share: float
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_new("mijn-provincie", regions, share, Language.EN)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert check_region(folder) == ()
    made = load_region(folder)
    assert made.firms.sum() == pytest.approx(237_000 * share, abs=2)
    assert sum(school.students for school in made.schools) == pytest.approx(519_962 * share, abs=3)


def test_a_new_pack_holds_what_would_be_filled_in_and_says_so(pack: Path) -> None:
    full = load_region(pack)
    rows = {assumption.file: assumption.rows for assumption in full.assumed}
    filled = [row.FILE for row in ROWS if row.FILE != "large_employers.csv"]
    assert rows == {name: len(parts(pack / name)[1]) - 1 for name in filled}
    for name in LEFT_OUT:
        (pack / name).unlink()
    assert same(load_region(pack), full)


def test_a_dutch_spreadsheet_gets_its_own_form_of_the_same(pack: Path) -> None:
    english = load_region(pack)
    shutil.rmtree(pack)
    dutch = write_new("drenthe", "noord,zuid", 0.03, Language.NL)
    assert same(load_region(dutch), english)
    text = (dutch / "provinces.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf# ")
    assert b"drenthe;Drenthe;0,03;0,03;400000;0,4;" in text


def test_every_file_of_a_new_pack_is_explained_in_both_languages(pack: Path) -> None:
    for name in FILES:
        text = (pack / name).read_text(encoding="utf-8")
        comment = " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("#"))
        key = "about" if name == TOML else Path(name).stem
        for language in Language:
            assert Words(language)(f"region.new.{key}") in comment


@pytest.mark.parametrize(
    ("name", "regions", "share", "words"),
    [
        ("Drenthe", None, 0.1, "'Drenthe' cannot be a name"),
        ("", None, 0.1, "cannot be a name"),
        ("../drenthe", None, 0.1, "cannot be a name"),
        ("a" * 41, None, 0.1, "1 to 40"),
        ("noord-brabant", None, 0.1, "comes with the project"),
        ("drenthe", "noord,,zuid", 0.1, "--regions"),
        ("drenthe", "noord,noord", 0.1, "twice"),
        ("drenthe", None, 0.0, "--share"),
        ("drenthe", None, float("nan"), "--share"),
        ("drenthe", None, 1.5, "--share"),
    ],
)
def test_a_pack_that_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, regions: str | None, share: float, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        write_new(name, regions, share, Language.EN)
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(pack: Path) -> None:
    before = {path.name: path.read_bytes() for path in pack.iterdir()}
    with pytest.raises(InputError, match="is there already"):
        write_new("drenthe", None, 0.5, Language.EN)
    assert {path.name: path.read_bytes() for path in pack.iterdir()} == before


def test_half_a_pack_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write = Path.write_text

    def full(path: Path, *args: str, **options: str) -> int:
        if path.name == "firms.csv":
            raise OSError(28, "No space left on device")
        return write(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left"):
        write_new("drenthe", None, 0.1, Language.EN)
    assert list(tmp_path.iterdir()) == []


# ── what is left out ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_file_may_be_left_out(pack: Path, name: str) -> None:
    (pack / name).unlink()
    assert Assumption(name) in load_region(pack).assumed


@pytest.mark.parametrize("name", MUST_BE_THERE)
def test_a_file_that_must_be_there_is_missed(pack: Path, name: str) -> None:
    (pack / name).unlink()
    with pytest.raises(InputError, match=name):
        load_region(pack)


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_a_column_may_be_left_out(pack: Path, name: str, column: str) -> None:
    for other in ("firms.csv", "other_partners.csv"):  # else nothing is spread by inhabitants
        (pack / other).unlink()
    drop_column(pack / name, column)
    assert Assumption(name, column) in load_region(pack).assumed


def test_a_column_that_must_be_there_is_missed(pack: Path) -> None:
    drop_column(pack / "provinces.csv", "population_share")
    with pytest.raises(InputError, match="column population_share is missing"):
        load_region(pack)


def test_means_follow_what_is_known(pack: Path) -> None:
    """Budget follows inhabitants, the share of students the schools, firms the inhabitants of each region."""
    for name in ("mbo_share", "budget_euro_year", "orchestration"):
        drop_column(pack / "provinces.csv", name)
    change(pack / "provinces.csv", 1, "population_share", "0.06")
    change(pack / "schools.csv", 1, "students", "51996")
    change(pack / "schools.csv", 2, "students", "0")
    change(pack / "labour_market_regions.csv", 1, "inhabitants", "300000")
    change(pack / "labour_market_regions.csv", 2, "inhabitants", "100000")
    (pack / "firms.csv").unlink()
    made = load_region(pack)
    (province,) = made.provinces
    assert (province.mbo_share, province.budget_euro_year, province.orchestration) == (0.1, 800_000, 0.4)
    assert made.firms.sum() == 237_000 * 0.06
    assert made.firms[0].sum() / made.firms[1].sum() == pytest.approx(3.0, rel=0.01)


def test_firms_follow_employment_and_leave_large_employers_out(pack: Path) -> None:
    (pack / "firms.csv").unlink()
    before = load_region(pack).firms
    sectors = [sector.id for sector in load_national().sectors]
    _, cells = parts(pack / "employment.csv")
    row = next(row for row, line in enumerate(cells) if line[:2] == ["noord", "ict"])
    change(pack / "employment.csv", row, "share", "0.132")  # four times the national share
    add = "eerste,Eerste,zuid,zorg_welzijn,900,assumed: a test\n"
    with (pack / "large_employers.csv").open("a", encoding="utf-8") as file:
        file.write(add)
    after = load_region(pack).firms
    ict, care, large = sectors.index("ict"), sectors.index("zorg_welzijn"), SIZES.index("groot")
    assert after[0, ict].sum() > 2 * before[0, ict].sum()
    assert after[0].sum() == pytest.approx(before[0].sum(), abs=2)
    assert after[1, care, large] == before[1, care, large] - 1


def test_a_row_with_a_source_of_its_own_is_no_longer_assumed(pack: Path) -> None:
    change(pack / "provinces.csv", 1, "source", "derived: CBS StatLine 2011")
    assert "provinces.csv" not in {assumption.file for assumption in load_region(pack).assumed}
    assert SOURCE in (pack / "schools.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["firm.csv", "Firms.csv", "firms.CSV", "firms.xlsx", "firms.csv.txt"])
def test_a_file_under_another_name_is_not_taken_as_left_out(pack: Path, name: str) -> None:
    (pack / "firms.csv").rename(pack / name)
    with pytest.raises(InputError, match=r"firms.csv: the file is missing; allowed: .*should have this name"):
        load_region(pack)


def test_a_spreadsheet_may_put_quotes_around_comments(pack: Path) -> None:
    before = load_region(pack)
    for name in FILES[1:]:
        comments, cells = parts(pack / name)
        put(pack / name, [], [[line, *[""] * (len(cells[0]) - 1)] for line in comments] + cells)
    assert same(load_region(pack), before)


def test_a_comment_may_hold_anything(pack: Path) -> None:
    with (pack / "firms.csv").open("a", encoding="utf-8") as file:
        file.write('# "open quote, and, commas; "\n#\n')
    assert check_region(pack) == ()


def test_too_few_people_for_a_firm_is_told(pack: Path) -> None:
    (pack / "firms.csv").unlink()
    line = change(pack / "provinces.csv", 1, "population_share", "0")
    (problem,) = check_region(pack)
    assert problem.where == f"drenthe/provinces.csv, line {line}, column population_share"


# ── everything that is wrong ────────────────────────────────────────────────────────────────────────────


def wheres(folder: Path) -> list[str]:
    return [problem.where.removeprefix("drenthe/") for problem in check_region(folder)]


def test_everything_is_told_at_once_with_its_line(pack: Path) -> None:
    """Wrong cells, unknown ids, rules between rows, sums, missing combinations and keys, all in one go."""
    toml = (pack / TOML).read_text(encoding="utf-8").replace("title_nl", "titel_nl")
    (pack / TOML).write_text(toml, encoding="utf-8")
    key = next(number for number, line in enumerate(toml.splitlines(), 1) if line.startswith("titel_nl"))
    share = change(pack / "provinces.csv", 1, "population_share", "0,03")
    students = change(pack / "schools.csv", 1, "students", "veel")
    change(pack / "schools.csv", 1, "leads", "no")
    place = change(pack / "schools.csv", 2, "region", "zuiden")
    pair = change(pack / "adjacency.csv", 1, "region_b", "noord")
    sector = change(pack / "school_sectors.csv", 1, "share", "0.9")
    change(pack / "known_pps.csv", 1, "start_from", "2014-Q3")
    window = change(pack / "known_pps.csv", 1, "start_to", "2012-Q1")
    comments, cells = parts(pack / "firms.csv")
    put(pack / "firms.csv", comments, [line for line in cells if line[:3] != ["noord", "ict", "klein"]])
    last = max(row for row, line in enumerate(parts(pack / "firms.csv")[1]) if line[0] == "noord")
    entree = change(pack / "firms.csv", last, "count", "3")
    repeated = parts(pack / "enrolment.csv")
    put(pack / "enrolment.csv", repeated[0], [*repeated[1], repeated[1][1]])
    assert wheres(pack) == [
        f"{TOML}, line {key}",
        f"provinces.csv, line {share}, column population_share",
        f"schools.csv, line {students}, column students",
        f"schools.csv, line {place}, column region",
        f"adjacency.csv, line {pair}",
        f"school_sectors.csv, line {sector}, school roc-noord",
        f"enrolment.csv, line {len(repeated[0]) + len(repeated[1]) + 1}",
        f"firms.csv, line {entree}",  # firms in a sector that has none
        f"firms.csv, line {entree}",  # and a combination that is missing
        f"known_pps.csv, line {window}",
        *(f"known_pps.csv, line {line}" for line in led_by(pack, "roc-noord")),
    ]


def led_by(pack: Path, school: str) -> list[int]:
    comments, cells = parts(pack / "known_pps.csv")
    return [len(comments) + row + 1 for row, line in enumerate(cells) if line[2] == school]


def test_the_rest_of_a_broken_row_is_checked(pack: Path) -> None:
    line = change(pack / "known_pps.csv", 1, "start_from", "gisteren")
    change(pack / "known_pps.csv", 1, "sector", "hstm")
    change(pack / "known_pps.csv", 1, "lead_school", "roc-nord")
    places = [f"known_pps.csv, line {line}, column {column}" for column in ("start_from", "lead_school", "sector")]
    assert wheres(pack) == places


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("schools.csv", "id", "ROC Noord"),
        ("schools.csv", "students", "veel"),
        ("labour_market_regions.csv", "id", "Het noorden"),
        ("labour_market_regions.csv", "inflow_trend", "hoog"),
        ("provinces.csv", "id", "Drenthe!"),
        ("firms.csv", "count", "veel"),
        ("firms.csv", "sector", "hstm"),
        ("firms.csv", "size", "reus"),
        ("employment.csv", "share", "1,0"),
        ("school_sectors.csv", "school", "roc-west"),
        ("enrolment.csv", "level", "vijf"),
        ("other_partners.csv", "kind", "buren"),
    ],
)
def test_what_follows_from_a_mistake_is_not_told_as_another(pack: Path, name: str, column: str, value: str) -> None:
    line = change(pack / name, 1, column, value)
    assert wheres(pack) == [f"{name}, line {line}, column {column}"]


def test_a_region_without_its_rows_is_told_once_a_file(pack: Path) -> None:
    with (pack / "labour_market_regions.csv").open("a", encoding="utf-8") as file:
        file.write("west,West,drenthe,0,0,,,1000,assumed: a test\n")
    told = [str(problem) for problem in check_region(pack)]
    assert [words.split(",")[0] for words in told] == [
        f"drenthe/{name}" for name in ("employment.csv", "firms.csv", "other_partners.csv")
    ]
    assert "no row for region west, sector htsm, size micro and 43 more combinations" in told[1]


def test_very_many_mistakes_are_not_all_told(pack: Path) -> None:
    comments, cells = parts(pack / "firms.csv")
    put(pack / "firms.csv", comments, [cells[0], *([*line[:3], "veel", line[4]] for line in cells[1:])])
    told = check_region(pack)
    assert len(told) == MAX_PROBLEMS + 1
    assert told[-1].what == f"{MAX_PROBLEMS} mistakes or more above"
    assert told[-1].where == f"drenthe/firms.csv, line {len(comments) + MAX_PROBLEMS + 2}"


def test_a_file_that_cannot_be_read_is_told_with_the_rest(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(pack / "schools.csv", 1, "kind", "hbo")
    read = Path.read_bytes

    def locked(path: Path) -> bytes:
        if path.name == "firms.csv":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", locked)
    assert [str(problem).split("; allowed")[0] for problem in check_region(pack)][1:] == [
        "drenthe/firms.csv: the file cannot be read (Permission denied)"
    ]


def test_loading_tells_the_first(pack: Path) -> None:
    change(pack / "firms.csv", 1, "count", "veel")
    change(pack / "schools.csv", 1, "kind", "hbo")
    with pytest.raises(InputError) as caught:
        load_region(pack)
    assert str(caught.value) == str(check_region(pack)[0])
    assert "schools.csv" in caught.value.where


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("schema_version = 1\nname = \n", 2),
        ("schema_version = 1\n\n[about]\n", 3),
        ("schema_version = 1\n'name' = 3", 2),
    ],
)
def test_a_mistake_in_toml_has_its_line(pack: Path, text: str, line: int) -> None:
    (pack / TOML).write_text(text, encoding="utf-8")
    assert f"{TOML}, line {line}" in wheres(pack)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pps(pps: Pps, monkeypatch: pytest.MonkeyPatch) -> Pps:
    """On a page on which every sentence stands on one line."""
    monkeypatch.setenv("COLUMNS", "500")
    return pps


def test_from_nothing_to_a_run(pps: Pps) -> None:
    said = pps("region", "new", "drenthe", "--share", "0.03", "--lang", "nl")
    assert said.code == 0
    assert "pps region check drenthe" in said.out
    said = pps("region", "check", "drenthe", "--lang", "nl")
    assert said.code == 0
    assert "drenthe klopt: Drenthe, met 1 arbeidsmarktregio, 1 school, 15.599 studenten, 7.11" in said.out
    assert "- leerbedrijven (firms.csv): 44 regels zijn nog landelijke cijfers of voorbeelden." in said.out
    options = (
        "--parameters",
        "default",
        "--scale",
        "0.05",
        "--until",
        "2013-Q4",
        "--replicates",
        "1",
        "--workers",
        "1",
    )
    Path("drenthe/firms.csv").unlink()
    said = pps("run", "baseline", "--region", "./drenthe", *options, "--lang", "nl")
    assert said.code == 0
    assert "Niet bekend van deze regio en daarom aangenomen, naar het landelijke beeld: provincie," in said.out
    kept = json.loads(Path("results/baseline/run.json").read_text(encoding="utf-8"))["region"]["assumed"]
    assert {"file": "firms.csv", "column": "", "rows": 0} in kept
    assert {"file": "schools.csv", "column": "", "rows": 1} in kept


def test_a_shipped_pack_assumes_nothing_in_this_way(pps: Pps) -> None:
    said = pps("region", "check", "noord-brabant")
    assert said.code == 0
    assert "nothing was filled in with national ones" in said.out


def test_check_tells_every_mistake_and_ends_with_2(pps: Pps) -> None:
    pps("region", "new", "drenthe")
    change(Path("drenthe/schools.csv"), 1, "kind", "hbo")
    change(Path("drenthe/firms.csv"), 1, "count", "veel")
    said = pps("region", "check", "drenthe")
    assert (said.code, said.err) == (2, "")
    first, *told = said.out.splitlines()
    assert first == "drenthe: 2 mistakes."
    assert told == [str(problem) for problem in check_region("drenthe")]
    said = pps("region", "check", "drenthe", "--json")
    assert said.code == 2
    assert len(json.loads(said.out)["problems"]) == 2


@pytest.mark.parametrize(
    "args",
    [
        ("region", "check", "nergens"),
        ("region", "check", "bestand"),
        ("region", "check", "kaal"),
        ("region", "check", ""),
        ("region", "new", "bestand"),
        ("region", "new", "kaal"),
        ("region", "new", "Drenthe"),
        ("region", "new", "drenthe", "--share", "2"),
        ("run", "--region", "./kaal"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(pps: Pps, args: tuple[str, ...]) -> None:
    Path("bestand").write_text("x")
    Path("kaal").mkdir()
    said = pps(*args)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1


# ── the guides ──────────────────────────────────────────────────────────────────────────────────────────

ROOT = NATIONAL_DIR.parents[1]
GUIDES = ("docs/your-province.md", "docs/nl/eigen-provincie.md")


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_says_what_every_file_holds(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    assert not [name for name in FILES if f"`{name}`" not in text]
    assert not [column for file, column in COLUMNS if file == "provinces.csv" and f"`{column}`" not in text]
    for year, students in ((2016, 101_751 + 381_611), (2018, 498_139), (2019, 503_854)):
        factor = f"{519_962 / students:.3f}"
        assert factor in text or factor.replace(".", ",") in text, year


def test_the_dutch_guide_shows_what_the_check_says(pps: Pps) -> None:
    guide = (ROOT / GUIDES[1]).read_text(encoding="utf-8")
    assert pps(*re.findall(r"^pps (region new .*)$", guide, re.MULTILINE)[0].split()).code == 0
    for name, old, new in (("schools.csv", ";roc;", ";hbo;"), ("known_pps.csv", "roc-drenthe", "roc-drente")):
        path = Path("drenthe", name)
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert pps("region", "check", "drenthe", "--lang", "nl").out in guide
    sectors = [sector.id for sector in load_national().sectors if sector.has_firms]
    assert ", ".join(f"`{sector}`" for sector in sectors) in guide


# ── anything at all ─────────────────────────────────────────────────────────────────────────────────────

NASTY = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", " ", "nan", "1e309", "-0", "1,5", "a;b", ";", '"', "\0", "\ufeff", "#", "\r", "yes", "0", "1"]
    ),
    st.sampled_from(["htsm", "entree", "noord", "zuid", "roc-noord", "2050-Q1", "2000-Q1", "999999999", SOURCE]),
)


@st.composite
def changes(draw: st.DrawFn) -> Callable[[Path], None]:
    """Something that can happen to a pack: cells, columns, lines and files change, go or come."""
    name = draw(st.sampled_from(FILES))
    what = draw(st.sampled_from(["cell", "cell", "column", "line", "twice", "gone", "bytes", "cut", "empty", "folder"]))
    place, other = draw(st.integers(0, 10_000)), draw(st.integers(0, 10_000))
    text, data = draw(NASTY), draw(st.binary(max_size=20))

    def change_(folder: Path) -> None:
        path = folder / name
        if not path.is_file():
            return
        content = path.read_bytes()
        lines = content.split(b"\n")
        if what == "gone":
            path.unlink()
        elif what == "folder":
            path.unlink()
            path.mkdir()
        elif what == "empty":
            path.write_bytes(b"")
        elif what == "bytes":
            at = place % (len(content) + 1)
            path.write_bytes(content[:at] + data + content[at + other % 30 :])
        elif what == "cut":
            path.write_bytes(content[: place % (len(content) + 1)])
        elif what in ("line", "twice"):
            at = place % len(lines)
            path.write_bytes(b"\n".join([*lines[:at], *lines[at : at + 1] * (2 * (what == "twice")), *lines[at + 1 :]]))
        elif name != TOML:
            try:
                comments, cells = parts(path)
            except (csv.Error, UnicodeDecodeError):  # an earlier change
                return
            if not cells:
                return
            row, column = place % len(cells), other % max(1, len(cells[0]))
            for line in cells if what == "column" else [cells[row]]:
                if column < len(line):
                    line[column : column + 1] = [] if what == "column" else [text]
            put(path, comments, cells)

    return change_


def told(folder: Path) -> Iterator[str]:
    """What is wrong with a folder; it loads if there is nothing."""
    try:
        problems = check_region(folder)
    except InputError as error:
        problems = (error,)
    if not problems:
        load_region(folder)
    for problem in problems:
        yield str(problem)
        assert problem.what
        assert problem.where


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new pack, and room for copies of it."""
    home = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return write_new("drenthe", "noord,zuid", 0.03, Language.EN).resolve()


@settings(max_examples=80)
@given(spoil=st.lists(changes(), min_size=1, max_size=4))
def test_a_spoiled_pack_is_told_in_sentences_or_loads(fresh: Path, spoil: list[Callable[[Path], None]]) -> None:
    folder = fresh.parent / "spoiled"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(fresh, folder)
    for each in spoil:
        each(folder)
    for sentence in told(folder):
        assert "\n" not in sentence
        assert len(sentence) < 600
        assert sentence[-1] in ".?"
