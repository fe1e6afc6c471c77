"""Region packs for people: a folder to begin one of your own, what is wrong in one, and what it assumes."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.errors import InputError
from app.words import Language, Words
from scenarios.country import SOURCE, Assumption, complete, load_country
from scenarios.national import load_national
from scenarios.pack_files import (
    FILES,
    ROWS,
    SCHEMA_VERSION,
    TOML,
    LabourMarketRegion,
    PackTables,
    ProvinceRow,
    RegionToml,
    SchoolRow,
    empty_tables,
)
from scenarios.region import RegionPack, list_regions
from scenarios.tables import Row, Table, quote

ID = re.compile(r"(?=.{1,40}$)[a-z0-9]+(-[a-z0-9]+)*")
WIDTH = 110  # of the comments in a new file
SPELLED = (Language.NL, Language.EN)
"""The languages of the comments in a new file, in their order."""
NEW = "region new"


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────
def problem_lines(folder: str, problems: Sequence[InputError], words: Words) -> Iterator[str]:
    """Yield what is wrong in a pack, each thing on a line of its own."""
    yield words.count("region.wrong", len(problems), folder=folder)
    yield from map(str, problems)


def check_lines(folder: str, pack: RegionPack, words: Words) -> Iterator[str]:
    """Yield what a pack that is right holds, and what of it is assumed."""
    yield words(
        "region.good",
        folder=folder,
        title=words.pick(pack, "title"),
        regions=words.count("region.regions", len(pack.regions)),
        schools=words.count("region.schools", len(pack.schools)),
        students=words.number(sum(school.students for school in pack.schools)),
        firms=words.number(int(pack.firms.sum()) + len(pack.large_employers)),
        known=words.number(len(pack.known_pps)),
    )
    yield ""
    yield words("region.assumed" if pack.assumed else "region.nothing_assumed")
    for assumption in pack.assumed:
        yield f"- {_assumed(assumption, words)}"
    yield ""
    yield words("region.then", command=shlex.join(["pps", "run", "baseline", "--region", folder]))


def _assumed(assumption: Assumption, words: Words) -> str:
    """Return what is assumed, why and how."""
    name, file = assumed_name(asdict(assumption), words), assumption.file
    if assumption.rows:
        return words.count("region.template", assumption.rows, what=name, file=file)
    key = "region.no_column" if assumption.column else "region.no_file"
    how = words(f"region.how.{assumption.column or Path(file).stem}")
    return words(key, what=name, column=assumption.column, file=file, how=how)


def assumed_name(assumption: dict[str, Any], words: Words) -> str:
    """Return the name of something that is assumed, as a run or a pack keeps it."""
    return words(f"region.what.{assumption['column'] or Path(assumption['file']).stem}")


def check_json(folder: str, problems: Sequence[InputError], pack: RegionPack | None) -> dict[str, Any]:
    """Return what is wrong in a pack and what it assumes, as data."""
    told = [{"where": each.where, "what": each.what, "allowed": each.allowed} for each in problems]
    return {"folder": folder, "problems": told, "assumed": [asdict(each) for each in pack.assumed] if pack else []}


# ── new ─────────────────────────────────────────────────────────────────────────────────────────────────
def write_new(name: str, regions: str | None, share: float, language: Language) -> Path:
    """Write a region pack to begin with, in a folder of its own.

    Args:
        name: Name of the pack, and of the folder.
        regions: Ids of its labour-market regions, with commas between them; by default one with the name of the pack.
        share: Share of the inhabitants of the country, 0-1.
        language: How tables are written: as spreadsheets in that language open and save them.

    Returns:
        The folder.

    Raises:
        InputError: If a name or the share cannot be, the folder is there already, or it cannot be written.
    """
    _check_id(name, "NAME")
    if name in list_regions():
        raise InputError(f"{name} comes with the project already", NEW, f"another name, such as mijn-{name}")
    ids = [part.strip() for part in (regions or name).split(",")]
    for each in ids:
        _check_id(each, "--regions")
    if len(set(ids)) < len(ids):
        raise InputError(f"{regions!r} has a name twice", "--regions", "each region once")
    if not 0.001 <= share <= 1.0:
        raise InputError(f"{share:g} is no share of the inhabitants of the country", "--share", "from 0.001 to 1")
    files = _files(name, _tables(name, ids, share), language)
    folder = Path(name)
    try:
        folder.mkdir()
    except FileExistsError:
        raise InputError(f"{name!r} is there already", NEW, "another name") from None
    except OSError as error:
        raise InputError(f"cannot make {name!r} ({error.strerror})", NEW, "a folder to write in") from None
    try:
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(f"cannot write {name!r} ({error.strerror})", NEW, "a folder to write in") from None
    return folder


def new_lines(folder: Path, words: Words) -> Iterator[str]:
    """Yield what can be done with a pack that was just written."""
    yield words("region.written", folder=folder, files=len(FILES))
    yield words("region.first")
    yield words("region.check", command=shlex.join(["pps", "region", "check", str(folder)]))


def _check_id(name: str, where: str) -> None:
    if not ID.fullmatch(name):
        allowed = "1 to 40 small letters, digits and hyphens, such as noord-holland"
        raise InputError(f"{quote(name)} cannot be a name", where, allowed)


def _tables(name: str, ids: Sequence[str], share: float) -> PackTables:
    """Return the tables of a province with the means of the country."""
    country = load_country()
    people, students = (round(share * country.means[key] / len(ids)) for key in ("inhabitants", "students"))
    provinces = [
        ProvinceRow.model_construct(id=name, name=_title(name), population_share=round(share, 4), source=SOURCE)
    ]
    regions = [
        LabourMarketRegion.model_construct(id=id, name=_title(id), province=name, inhabitants=people, source=SOURCE)
        for id in ids
    ]
    schools = [
        SchoolRow.model_construct(
            id=f"roc-{id}", name=f"ROC {_title(id)}", kind="roc", region=id, students=students, source=SOURCE
        )
        for id in ids
    ]
    tables, _ = complete(empty_tables(provinces, regions, schools), load_national())
    return tables


def _title(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _files(name: str, tables: PackTables, language: Language) -> dict[str, str]:
    """Return the text of each file."""
    about = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in _about(name).items()]
    head = [*_comment("region.new.about"), *_comment("region.new.source")]
    texts = {TOML: "\n".join([*head, "", *about]) + "\n"}
    for row, table in zip(ROWS, tables.all(), strict=True):
        comments = "\n".join(_comment(f"region.new.{Path(row.FILE).stem}"))
        # Excel takes a file without this mark for one that is not UTF-8
        mark = "\ufeff" if language is Language.NL else ""
        texts[row.FILE] = f"{mark}{comments}\n{_csv(row, table, language)}"
    return texts


def _about(name: str) -> dict[str, Any]:
    titles = dict.fromkeys(("title_nl", "title_en"), _title(name))
    lines = {f"about_{words.language}": words("region.new.line") for words in map(Words, SPELLED)}
    until = RegionToml.model_fields["known_until"].default
    return {"schema_version": SCHEMA_VERSION, "name": name, **titles, **lines, "known_until": until}


def _csv(row: type[Row], table: Table[Any], language: Language) -> str:
    """Return a table as the text of its file; a Dutch spreadsheet has ; between cells and a comma in decimals."""
    text = io.StringIO()
    delimiter, point = (";", ",") if language is Language.NL else (",", ".")
    writer = csv.writer(text, lineterminator="\n", delimiter=delimiter)
    writer.writerow(row.columns())
    writer.writerows([_cell(getattr(each, column), point) for column in row.columns()] for each in table.rows)
    return text.getvalue()


def _cell(value: Any, point: str) -> str:
    """Return a value as it stands in a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(value).replace(".", point)
    return ";".join(value) if isinstance(value, tuple) else str(value)


def _comment(key: str) -> Iterable[str]:
    """Yield a text in both languages as comments."""
    for words in map(Words, SPELLED):
        yield from textwrap.wrap(words(key), WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
