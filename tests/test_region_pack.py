"""National data and region packs: the shipped ones load and add up, and every mistake gets one sentence."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.errors import InputError
from scenarios.national import NATIONAL_DIR, load_national
from scenarios.region import (
    OTHER_KINDS,
    SIZES,
    RegionPack,
    check_region,
    list_regions,
    load_region,
)
from scenarios.regions import derive
from scenarios.tables import Row

PACK_DIR = NATIONAL_DIR.parent / "regions" / "noord-brabant"
TABLES = sorted(path.name for path in PACK_DIR.glob("*.csv"))
NATIONAL_TABLES = sorted(path.name for path in NATIONAL_DIR.glob("*.csv"))
SECTORS = (
    "htsm", "gebouwde_omgeving", "zorg_welzijn", "agrofood_groen", "logistiek", "maintenance",
    "biobased_circulair", "creatief", "ict", "handel_horeca", "entree",
)  # fmt: skip


@pytest.fixture(scope="module")
def brabant() -> RegionPack:
    return load_region("noord-brabant")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack that a test may spoil."""
    return Path(shutil.copytree(PACK_DIR, tmp_path / "noord-brabant"))


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def all_cells(column: str) -> Iterator[tuple[str, str]]:
    for path in sorted([*PACK_DIR.parent.glob("*/*.csv"), *NATIONAL_DIR.glob("*.csv")]):
        for number, row in enumerate(cells(path), start=2):
            yield f"{path.parent.name}/{path.name}:{number}", row[column]


# --- the shipped data -------------------------------------------------------------------------------------


def test_shipped_packs_load() -> None:
    assert "noord-brabant" in list_regions()
    for name in list_regions():
        assert load_region(name).name == name
        assert check_region(name) == ()


def test_sectors_are_the_agreed_ones() -> None:
    sectors = {sector.id: sector for sector in load_national().sectors}
    assert tuple(sectors) == SECTORS
    assert sectors["entree"].recruits_from == ("handel_horeca", "logistiek", "gebouwde_omgeving")
    assert not sectors["entree"].has_firms
    assert sectors["maintenance"].recruits_from == ("maintenance", "htsm")
    assert np.mean([sector.bbl_affinity for sector in sectors.values()]) == pytest.approx(1.0)


def test_drivers_cover_history_and_futures() -> None:
    drivers = load_national().drivers
    assert [d.year for d in drivers if d.branch == "history"] == list(range(2011, 2026))
    for branch in ("base", "low", "high"):
        assert [d.year for d in drivers if d.branch == branch] == list(range(2026, 2036))
    index = {(d.branch, d.year): d.students_index for d in drivers}
    assert index["history", 2011] == 1.0
    assert index["history", 2016] == pytest.approx((101751 + 381611) / (162275 + 357687), abs=5e-5)
    assert index["low", 2035] < index["base", 2035] < index["high", 2035]
    unemployment = {(d.branch, d.year): d.unemployment for d in drivers}
    assert max(u for (branch, _), u in unemployment.items() if branch == "history") == unemployment["history", 2014]
    assert unemployment["high", 2030] < unemployment["base", 2030] < unemployment["low", 2030]


def test_calls_add_up_to_the_published_budgets() -> None:
    rif = {call.quarter: call.ceiling_euro for call in load_national().calls if call.scheme == "rif"}

    def total(first: int, last: int) -> int:
        return sum(euro for quarter, euro in rif.items() if first <= int(quarter[:4]) <= last)

    assert total(2014, 2017) == 100_000_000
    assert total(2019, 2022) == 100_000_000
    assert total(2023, 2023) == 0
    assert total(2025, 2025) == 18_000_000
    assert {quarter[-2:] for quarter in rif} == {"Q1", "Q3"}
    upscaling = [c for c in load_national().calls if c.scheme == "opschaler" and c.quarter < "2023"]
    assert sum(call.ceiling_euro for call in upscaling) == 16_000_000
    (hip,) = (call for call in load_national().calls if call.scheme == "hip")
    assert (hip.quarter, hip.ceiling_euro, hip.share_max) == ("2023-Q1", 123_000_000, 0.42)


def test_students_of_the_start(brabant: RegionPack) -> None:
    october_2011 = round(69_000 * (162275 + 357687) / (101751 + 381611))
    assert sum(school.students for school in brabant.schools) == october_2011 == 74_225
    assert brabant.provinces[0].mbo_share == pytest.approx(69_000 / (101751 + 381611), abs=5e-5)


def test_schools_and_who_leads(brabant: RegionPack) -> None:
    assert len(brabant.schools) == 10
    assert [school.id for school in brabant.schools if not school.leads] == ["koning-willem-i-college"]
    np.testing.assert_allclose(brabant.school_sectors.sum(axis=1), 1)
    assert not brabant.school_sectors[:, SECTORS.index("entree")].any()


def test_enrolment_has_the_tracks_of_2011(brabant: RegionPack) -> None:
    assert brabant.enrolment.shape == (4, 2)
    np.testing.assert_allclose(brabant.enrolment.sum(axis=0), np.array([162275, 357687]) / 519962, atol=2e-6)
    assert brabant.enrolment[3].sum() == pytest.approx(0.45)


def test_firms_add_up(brabant: RegionPack) -> None:
    total = int(brabant.firms.sum()) + len(brabant.large_employers)
    assert brabant.firms.shape == (4, 11, 4)
    assert 0.15 <= total / 237_000 <= 0.16
    assert int(brabant.firms[:, :, SIZES.index("groot")].sum()) + 20 == round(0.15 * 3620)
    assert not brabant.firms[:, SECTORS.index("entree")].any()


def test_known_pps_are_the_23(brabant: RegionPack) -> None:
    windows = Counter((pps.start_from, pps.start_to) for pps in brabant.known_pps)
    assert windows == {
        ("2012-Q1", "2014-Q3"): 7,
        ("2015-Q1", "2016-Q3"): 12,
        ("2017-Q1", "2018-Q1"): 3,
        ("2012-Q1", "2018-Q1"): 1,
    }
    by_sector = Counter(pps.sector for pps in brabant.known_pps)
    assert by_sector["gebouwde_omgeving"] == 4
    assert by_sector["zorg_welzijn"] == 3
    assert {pps.region for pps in brabant.known_pps if pps.sector == "gebouwde_omgeving"} == {
        region.id for region in brabant.regions
    }


def test_large_employers_and_other_partners(brabant: RegionPack) -> None:
    assert len(brabant.large_employers) == 20
    assert brabant.other_partners.shape == (4, len(OTHER_KINDS))
    assert brabant.other_partners[:, OTHER_KINDS.index("gemeente")].sum() == 67


def test_adjacency_is_symmetric(brabant: RegionPack) -> None:
    assert brabant.adjacency.dtype == np.bool_
    np.testing.assert_array_equal(brabant.adjacency, brabant.adjacency.T)
    assert not brabant.adjacency.diagonal().any()
    assert brabant.adjacency.any(axis=1).all()


def test_arrays_are_closed_for_writing(brabant: RegionPack) -> None:
    for array in (brabant.firms, brabant.employment, brabant.adjacency, brabant.enrolment):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_every_row_says_where_it_comes_from() -> None:
    class Checked(Row):
        pass

    sources = dict(all_cells("source"))
    assert len(sources) > 4000
    for where, source in sources.items():
        assert source.strip(), where
        Checked(source=source)
        assert len(source) < 500, where


@pytest.mark.parametrize("bad", ["", "assumed", "assumed: ", "see report", "nb-x; ", "public:", "nb-x;nb-y"])
def test_source_has_a_form(bad: str) -> None:
    class Checked(Row):
        pass

    with pytest.raises(ValueError, match="source"):
        Checked(source=bad)


def test_derived_files_are_what_is_derived_now() -> None:
    assert derive.main(["--check"]) == 0


def test_a_derived_file_that_was_edited_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "firms.csv"
    monkeypatch.setattr(derive, "derive", lambda: {path: "region,count\n"})
    assert derive.main(["--check"]) == 1
    assert derive.main([]) == 0
    assert derive.main(["--check"]) == 0


def test_digest_knows_the_content_and_not_the_place(pack: Path, brabant: RegionPack) -> None:
    moved = pack.rename(pack.parent / "elsewhere")
    assert load_region(moved).digest == brabant.digest
    (moved / "README.md").write_text("other words")
    assert load_region(moved).digest == brabant.digest
    edit("provinces.csv", 2, "orchestration", "0.5")(moved)
    assert load_region(moved).digest != brabant.digest


def test_a_pack_without_known_pps_is_fine(pack: Path) -> None:
    for name in ("known_pps.csv", "large_employers.csv", "hogescholen.csv", "adjacency.csv"):
        header, *_ = (pack / name).read_text(encoding="utf-8").splitlines()
        (pack / name).write_text(header + "\n", encoding="utf-8")
    loaded = load_region(pack)
    assert loaded.known_pps == ()
    assert not loaded.adjacency.any()


def test_spreadsheet_habits_are_fine(pack: Path, brabant: RegionPack) -> None:
    """A byte-order mark, Windows line ends, quotes and another order of the columns mean the same."""
    rows = cells(pack / "schools.csv")
    columns = ["source", *[name for name in rows[0] if name != "source"]]
    with (pack / "schools.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    assert load_region(pack).schools == brabant.schools


def test_a_dutch_spreadsheet_is_fine(pack: Path, brabant: RegionPack) -> None:
    """Semicolons between cells and commas in decimals mean the same; what holds a semicolon is between quotes."""
    for name in TABLES:
        rows = cells(pack / name)
        with (pack / name).open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter=";", lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(
                [{key: re.sub(r"^(-?\d+)\.(\d+)$", r"\1,\2", cell) for key, cell in row.items()} for row in rows]
            )
    loaded = load_region(pack)
    assert loaded.hogescholen == brabant.hogescholen
    assert loaded.regions == brabant.regions
    np.testing.assert_array_equal(loaded.employment, brabant.employment)
    np.testing.assert_array_equal(loaded.firms, brabant.firms)


# --- mistakes ---------------------------------------------------------------------------------------------

Spoil = Callable[[Path], object]


def edit(name: str, line: int, column: str, value: str) -> Spoil:
    """Put another value in one cell; line 2 is the first row."""

    def spoil(folder: Path) -> None:
        rows = cells(folder / name)
        rows[line - 2][column] = value
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    return spoil


def text(name: str, change: Callable[[str], str]) -> Spoil:
    """Change the text of a file."""
    return lambda folder: (folder / name).write_text(
        change((folder / name).read_text(encoding="utf-8")), encoding="utf-8"
    )


def swap(name: str, old: str, new: str) -> Spoil:
    return text(name, lambda content: content.replace(old, new, 1))


def every(name: str, column: str, value: str) -> Spoil:
    """Put one value in a whole column."""

    def spoil(folder: Path) -> None:
        for line in range(2, len(cells(folder / name)) + 2):
            edit(name, line, column, value)(folder)

    return spoil


def repeat(name: str, line: int) -> Spoil:
    """Copy a line to the end."""
    return text(name, lambda content: content + content.splitlines()[line - 1] + "\n")


def drop(name: str, line: int) -> Spoil:
    return text(name, lambda content: "".join(x for n, x in enumerate(content.splitlines(True), 1) if n != line))


def raw(name: str, data: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(data)


def without(name: str, part: str) -> Spoil:
    """Take out every line that holds some text."""
    return text(name, lambda content: "".join(x for x in content.splitlines(True) if part not in x))


def add(name: str, line: str) -> Spoil:
    return text(name, lambda content: content + line + "\n")


def gone(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def now_a_folder(name: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return spoil


# One wrong cell: file, line, column, what is put there, words of the error.
WRONG_CELLS = [
    ("schools.csv", 3, "students", "veel", "students is 'veel'; allowed: a whole number"),
    ("schools.csv", 3, "students", "1.5", "a whole number"),
    ("schools.csv", 3, "students", "1_000", "'1_000'"),
    ("schools.csv", 3, "students", "٣٣", "a whole number"),
    ("schools.csv", 3, "students", "9" * 400, "a whole number"),
    ("schools.csv", 3, "students", "-5", "0 or more"),
    ("schools.csv", 2, "id", "ROC West", "lower-case"),
    ("schools.csv", 2, "name", "ROC\nWest", "one line"),
    ("schools.csv", 2, "kind", "mbo", "roc, aoc, vakschool"),
    ("schools.csv", 2, "leads", "ja", "yes or no"),
    ("schools.csv", 2, "region", "zuid", "unknown region 'zuid'; allowed: zuidoost (did you mean this?)"),
    ("schools.csv", 2, "region", " west", "id"),
    ("employment.csv", 4, "share", "nan", "share is 'nan'"),
    ("employment.csv", 4, "share", "inf", "share is 'inf'"),
    ("employment.csv", 4, "share", "1e99", "from 0 to 1"),
    ("employment.csv", 4, "share", "0,1", "decimal point"),
    ("employment.csv", 4, "share", "", "share is empty"),
    ("employment.csv", 4, "share", "1.2", "from 0 to 1"),
    ("employment.csv", 4, "source", " ", "source is empty"),
    ("employment.csv", 4, "source", "Some page", "evidence id"),
    ("provinces.csv", 2, "mbo_share", "-0.1", "from 0 to 1"),
    ("provinces.csv", 2, "budget_euro_year", "-1", "whole euros"),
    ("labour_market_regions.csv", 2, "inflow_trend", "2", "-1 to 1"),
    ("labour_market_regions.csv", 3, "province", "limburg", "unknown province"),
    ("labour_market_regions.csv", 3, "province", "", "province is empty"),
    ("adjacency.csv", 2, "region_b", "zeeland", "unknown region"),
    ("hogescholen.csv", 2, "sectors", "htsm;bouw", "unknown sector 'bouw'"),
    ("hogescholen.csv", 2, "sectors", "htsm;", "joined by ';'"),
    ("enrolment.csv", 2, "level", "5", "1 to 4"),
    ("firms.csv", 2, "size", "reus", "micro, klein, middel, groot"),
    ("firms.csv", 2, "sector", "hstm", "htsm (did you mean this?)"),
    ("firms.csv", 5, "count", "-1", "0 or more"),
    ("large_employers.csv", 2, "employees", "20", "250"),
    ("known_pps.csv", 2, "lead_school", "roc-de-leigraaf", "roc-de-leijgraaf (did you mean this?)"),
    ("known_pps.csv", 3, "start_from", "2019-Q5", "a quarter like 2014-Q3"),
]

# Another mistake: how the file is spoiled, where the error must point to, words of the error.
MISTAKES: dict[str, tuple[Spoil, str, str]] = {
    "missing": (gone("schools.csv"), "schools.csv", "missing"),
    "misnamed": (lambda d: (d / "schools.csv").rename(d / "school.csv"), "schools.csv", "school.csv"),
    "a folder": (now_a_folder("schools.csv"), "schools.csv", "missing"),
    "missing column": (
        swap("schools.csv", ",students,", ",s,"),
        "schools.csv, line 1",
        "students is missing",
    ),
    "extra column": (swap("schools.csv", "id,", "id,city,"), "schools.csv, line 1", "unknown column 'city'"),
    "other column": (swap("schools.csv", "name", "naam"), "schools.csv, line 1", "column name is missing"),
    "column twice": (swap("schools.csv", "id,", "id,id,"), "schools.csv, line 1", "id is there twice"),
    "tabs": (text("schools.csv", lambda s: s.replace(",", "\t")), "schools.csv, line 1", "column id is missing"),
    "semicolons in the header": (
        text("schools.csv", lambda s: s.replace(",", ";", 2)),
        "schools.csv, line 1",
        "column id is missing",
    ),
    "only commas": (raw("schools.csv", b"," * 4_000_000), "schools.csv", "empty"),
    "very many columns": (raw("schools.csv", b"a," * 2_000_000), "schools.csv, line 1", "2000001 columns"),
    "too few cells": (add("schools.csv", "a,b"), "schools.csv, line 12", "2 cells"),
    "empty": (raw("firms.csv", b""), "firms.csv", "empty"),
    "blank": (raw("firms.csv", b"\n \n"), "firms.csv", "empty"),
    "only names": (without("schools.csv", ";"), "schools.csv", "no rows"),
    "not UTF-8": (raw("schools.csv", b"id,name\nx,Zee\xebn\n"), "schools.csv, line 2", "UTF-8"),
    "open quote": (add("schools.csv", '"open'), "schools.csv, line 12", "CSV"),
    "long cell": (raw("schools.csv", b"x" * 200_000), "schools.csv, line 1", "CSV"),
    "10 MB of garbage": (raw("schools.csv", os.urandom(1000) * 10_000), "schools.csv", "too large"),
    "garbage": (raw("schools.csv", bytes(range(256)) * 1000), "schools.csv", "UTF-8"),
    "many wrong rows": (add("schools.csv", "x\n" * 1_000_000), "schools.csv, line 12", "cells"),
    "shares of a school": (
        edit("school_sectors.csv", 2, "share", "0.5"),
        "school_sectors.csv, line 2, school roc-west-brabant",
        "sum to 1.33",
    ),
    "school without shares": (
        without("school_sectors.csv", "helicon"),
        "schools.csv, line 10",
        "no students by sector of helicon; allowed: rows with its sectors in noord-brabant/school_sectors.csv",
    ),
    "enrolment": (edit("enrolment.csv", 2, "share", "0.5"), "enrolment.csv", "sum to 1.49"),
    "employment": (edit("employment.csv", 2, "share", "0.9"), "employment.csv, line 2, region west", "at most 1"),
    "province without region": (
        add("provinces.csv", "zeeland,Zeeland,0.02,0.02,1,0.1,assumed: a test"),
        "provinces.csv, line 3",
        "no region",
    ),
    "duplicate id": (repeat("known_pps.csv", 2), "known_pps.csv, line 25", "duplicate id: bim5"),
    "duplicate firms": (repeat("firms.csv", 7), "firms.csv, line 178", "duplicate region, sector, size"),
    "duplicate level": (repeat("enrolment.csv", 2), "enrolment.csv, line 10", "duplicate level, track"),
    "no row of firms": (drop("firms.csv", 3), "firms.csv", "no row for region west, sector htsm, size klein"),
    "no row of employment": (drop("employment.csv", 3), "employment.csv", "sector gebouwde_omgeving"),
    "no row of partners": (drop("other_partners.csv", 2), "other_partners.csv", "kind gemeente"),
    "broken toml": (raw("region.toml", b"name = \n"), "region.toml", "TOML"),
    "empty toml": (raw("region.toml", b""), "region.toml", "schema_version is missing"),
    "deep toml": (raw("region.toml", b"a=" + b"[" * 100_000), "region.toml", "TOML"),
    "long number in toml": (raw("region.toml", b"a=" + b"9" * 10_000), "region.toml", "TOML"),
    "toml not UTF-8": (raw("region.toml", b"name = '\xff'"), "region.toml, line 1", "UTF-8"),
    "version": (swap("region.toml", "= 1", "= 2"), "region.toml, line 1", "newer than this version of pps can read"),
    "older version": (swap("region.toml", "= 1", "= 0"), "region.toml, line 1", "older than this version of pps"),
    "no version": (without("region.toml", "schema"), "region.toml, line 5", "schema_version is missing"),
    "version as text": (swap("region.toml", "= 1", '= "1"'), "region.toml, line 1", "allowed: 1"),
    "version true": (swap("region.toml", "= 1", "= true"), "region.toml, line 1", "schema_version is True"),
    "unknown key": (swap("region.toml", "title_nl", "titel_nl"), "region.toml, line 3", "title_nl (did you mean"),
    "number for name": (
        swap("region.toml", '"noord-brabant"', "3"),
        "region.toml, line 2",
        "name is wrong; allowed: an id",
    ),
    "own neighbour": (edit("adjacency.csv", 2, "region_b", "west"), "adjacency.csv, line 2", "on itself"),
    "pair twice": (add("adjacency.csv", "midden,west,pps_list"), "adjacency.csv, line 6", "duplicate pair"),
    "window": (edit("known_pps.csv", 3, "start_from", "2019-Q1"), "known_pps.csv, line 3", "after start_to"),
    "lead that does not lead": (
        edit("known_pps.csv", 3, "lead_school", "koning-willem-i-college"),
        "known_pps.csv, line 3",
        "leads = no",
    ),
    "too many students": (
        edit("schools.csv", 2, "students", "5000001"),
        "schools.csv, line 2, column students",
        "students in total; allowed: 5000000 at most",
    ),
    "too many firms": (
        edit("firms.csv", 2, "count", "900000000"),
        "firms.csv, line 2, column count",
        "firms in total; allowed: 5000000 at most",
    ),
    "no students": (every("schools.csv", "students", "0"), "schools.csv, line 2, column students", "no students"),
    "no firms": (every("firms.csv", "count", "0"), "firms.csv, line 2, column count", "no firms"),
    "entree school": (
        edit("school_sectors.csv", 2, "sector", "entree"),
        "school_sectors.csv, line 2",
        "level 1",
    ),
    "entree firms": (edit("firms.csv", 42, "count", "3"), "firms.csv, line 42", "no firms of its own"),
    "entree employer": (
        edit("large_employers.csv", 2, "sector", "entree"),
        "large_employers.csv, line 2",
        "firms of its own",
    ),
}


def assert_one_sentence(folder: Path, where: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_region(folder)
    message = str(caught.value)
    assert caught.value.where.startswith(f"noord-brabant/{where}")
    assert words in message
    assert caught.value.allowed
    assert len(message) < 400
    assert "\n" not in message
    assert str(check_region(folder)[0]) == message


@pytest.mark.parametrize(("name", "line", "column", "value", "words"), WRONG_CELLS)
def test_wrong_cell(pack: Path, name: str, line: int, column: str, value: str, words: str) -> None:
    edit(name, line, column, value)(pack)
    assert_one_sentence(pack, f"{name}, line {line}, column {column}", words)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(pack: Path, mistake: str) -> None:
    spoil, where, words = MISTAKES[mistake]
    spoil(pack)
    assert_one_sentence(pack, where, words)


def test_all_mistakes_are_listed(pack: Path) -> None:
    edit("schools.csv", 2, "students", "x")(pack)
    edit("schools.csv", 2, "leads", "x")(pack)
    edit("firms.csv", 9, "count", "x")(pack)
    (pack / "provinces.csv").unlink()
    assert [problem.where for problem in check_region(pack)] == [
        "noord-brabant/provinces.csv",
        "noord-brabant/schools.csv, line 2, column students",
        "noord-brabant/schools.csv, line 2, column leads",
        "noord-brabant/firms.csv, line 9, column count",
    ]


@pytest.mark.parametrize("name", ["noord-brabnt", "", " ", "x" * 5000, "no\0name", "../../nowhere"])
def test_unknown_pack(name: str) -> None:
    with pytest.raises(InputError, match="no region pack") as caught:
        load_region(name)
    assert "noord-brabant" in str(caught.value)
    with pytest.raises(InputError, match="no region pack"):
        check_region(name)


def test_not_a_pack(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a region pack"):
        load_region(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        load_region(Path(__file__))
    with pytest.raises(InputError, match="no region pack"):
        load_region(tmp_path / "nothing")


def test_a_known_name_gets_a_hint() -> None:
    with pytest.raises(InputError, match=r"noord-brabant \(did you mean this\?\)"):
        load_region("noord-brabnat")


WRONG_NATIONAL_CELLS = [
    ("sectors.csv", 2, "recruits_from", "htsm;bouw", "unknown sector 'bouw'"),
    ("sectors.csv", 2, "recruits_from", "ict;htsm", "not first"),
    ("sectors.csv", 2, "recruits_from", "htsm;htsm", "twice"),
    ("sectors.csv", 2, "oo_fund", "yes", "0 or 1"),
    ("sectors.csv", 2, "bbl_affinity", "0", "above 0"),
    ("drivers.csv", 2, "unemployment", "6.0", "from 0 to 1"),
    ("drivers.csv", 46, "branch", "hoog", "history, base, low, high"),
    ("calls.csv", 2, "scheme", "civ", "sip, rif, opschaler, hip"),
    ("calls.csv", 3, "years", "0", "1 to 20"),
    ("calls.csv", 3, "ceiling_euro", "1.5", "whole euros"),
]

NATIONAL_MISTAKES: dict[str, tuple[Spoil, str, str]] = {
    "gap": (drop("drivers.csv", 4), "drivers.csv, line 4", "goes from 2012 to 2014"),
    "short branch": (drop("drivers.csv", 46), "drivers.csv", "ends in"),
    "no branch": (without("drivers.csv", ",high,"), "drivers.csv", "no rows of branch high"),
    "no history": (without("drivers.csv", ",history,"), "drivers.csv, line 2", "before any history"),
    "year twice": (repeat("drivers.csv", 3), "drivers.csv, line 47", "duplicate year, branch"),
    "call twice": (repeat("calls.csv", 3), "calls.csv, line 81", "duplicate scheme, quarter"),
    "limits": (edit("calls.csv", 3, "subsidy_min_euro", "3000000"), "calls.csv, line 3", "is above"),
    "missing": (gone("calls.csv"), "calls.csv", "missing"),
} | {
    f"{name} {column} {value}": (
        edit(name, line, column, value),
        f"{name}, line {line}, column {column}",
        words,
    )
    for name, line, column, value, words in WRONG_NATIONAL_CELLS
}


@pytest.mark.parametrize("mistake", NATIONAL_MISTAKES)
def test_national_mistake(tmp_path: Path, mistake: str) -> None:
    spoil, where, words = NATIONAL_MISTAKES[mistake]
    folder = Path(shutil.copytree(NATIONAL_DIR, tmp_path / "national"))
    spoil(folder)
    with pytest.raises(InputError) as caught:
        load_national(folder)
    assert caught.value.where.startswith(f"national/{where}")
    assert words in str(caught.value)
    assert caught.value.allowed


# --- anything at all --------------------------------------------------------------------------------------

NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", " ", "nan", "-inf", "1e309", "٣", "-0", "1,5", "a;b", ";", "'", '"', "\0", "\ufeff", "=1+1"]),
    st.floats().map(str),
    st.integers().map(str),
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def loads_or_tells(load: Callable[[], object]) -> None:
    """Either it loads, or the error is one sentence."""
    try:
        load()
    except InputError as error:
        message = str(error)
    else:
        message = "loads"
    assert message
    assert "\n" not in message


@FUZZ
@given(data=st.data())
def test_any_cell_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    name = data.draw(st.sampled_from([*TABLES, *NATIONAL_TABLES]))
    national = name in NATIONAL_TABLES
    shutil.copytree(NATIONAL_DIR if national else PACK_DIR, folder, dirs_exist_ok=True)
    rows = cells(folder / name)
    line = data.draw(st.integers(2, len(rows) + 1))
    edit(name, line, data.draw(st.sampled_from(list(rows[0]))), data.draw(NASTY))(folder)
    loads_or_tells(lambda: load_national(folder) if national else load_region(folder))


@FUZZ
@given(data=st.data())
def test_any_file_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz-bytes"
    shutil.copytree(PACK_DIR, folder, dirs_exist_ok=True)
    path = folder / data.draw(st.sampled_from([*TABLES, "region.toml"]))
    content = path.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:at] + data.draw(st.binary(max_size=12)) + content[at + data.draw(st.integers(0, 40)) :])
    loads_or_tells(lambda: load_region(folder))
