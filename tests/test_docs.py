"""The books: tables made from the data, links that lead somewhere, pages that need no network, kits to use."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from app.cli import app
from app.words import Language
from calibration.validate import all_targets
from docs import tables
from docs.generate import BLOCK, DOCS, generated, pages
from scenarios.scenario import list_scenarios

ROOT = DOCS.parent
EN, NL = Language.EN, Language.NL
KITS = {NL: DOCS / "nl" / "werksessie", EN: DOCS / "en" / "workshop"}
MADE_FOR_PEOPLE = sorted([*DOCS.glob("nl/**/*.md"), *DOCS.glob("en/**/*.md")])
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
    "use": "href",
}
"""What a browser fetches to show a page, by element."""


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────
def test_the_tables_in_the_documents_fit_the_data() -> None:
    stale = [str(path.relative_to(ROOT)) for path in pages() if generated(path) != text_of(path)]
    assert not stale, "run `python -m docs.generate`"


def test_a_table_that_is_changed_by_hand_is_noticed() -> None:
    page = DOCS / "en" / "glossary.md"
    changed = text_of(page).replace("| **wave** |", "| **waves** |")
    assert changed != text_of(page)
    made = [match[0] for match in BLOCK.finditer(generated(page))]
    assert made != [match[0] for match in BLOCK.finditer(changed)]


def test_every_table_is_used_and_every_mark_names_one() -> None:
    marks = [mark for path in DOCS.rglob("*.md") for mark in re.findall(r"<!-- table: (\S+)", text_of(path))]
    assert set(marks) == set(tables.TABLES)
    blocks = [match[2] for path in DOCS.rglob("*.md") for match in BLOCK.finditer(text_of(path))]
    assert sorted(blocks) == sorted(marks), "a mark has no end"


def keys(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        yield from keys(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]


def test_the_words_of_the_tables_are_the_same_in_both_languages_and_used() -> None:
    words = {language: set(keys(dict(tables.own_words()[language]))) for language in (NL, EN)}
    assert words[NL] == words[EN]
    code = text_of(Path(tables.__file__))
    found_by_data = {"more", "less", "neither", "stock", "flow", "sum", "budget", "payer", "staff"}
    plain = {key for key in words[EN] if "." not in key} - found_by_data
    assert not {key for key in plain if f'"{key}"' not in code}


def test_every_target_stands_in_one_table_of_the_snapshots() -> None:
    names = [*tables.SNAPSHOTS, "students"]
    spoken = {target.id for target in all_targets() if target.unit == "yes/no"}
    stands = {target.id: [name for name in names if tables.in_snapshot(target, name)] for target in all_targets()}
    assert {id for id, where in stands.items() if not where} == spoken
    assert not [id for id, where in stands.items() if len(where) > 1]
    final = "\n".join(tables.final_report(tables.Page(EN, "")))
    assert not [id for id in spoken if tables.Page(EN, "").words(f"target.{id}") not in final]


# ── the kits ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kit", KITS.values(), ids=KITS)
@pytest.mark.parametrize("minutes", [30, 60, 90])
def test_a_script_takes_its_time(kit: Path, minutes: int) -> None:
    (script,) = kit.glob(f"{minutes}-*.md")
    steps = [int(number) for number in re.findall(r"^\| (\d+) \| \*\*", text_of(script), re.MULTILINE)]
    assert sum(steps) == minutes
    debriefing = re.search(r"^\| (\d+) \| \*\*(Nabespreking|Debriefing)", text_of(script), re.MULTILINE)
    assert debriefing is not None
    assert int(debriefing[1]) >= minutes / 4, "at least a quarter, as the kit says"


def cards(kit: Path) -> list[tuple[str, str, str]]:
    """Letter, scenario and where it is used of every card."""
    row = re.compile(r"^\| ([A-Z]) \| `([\w-]+)` \|[^|]+\|[^|]+\|(.+)\|$", re.MULTILINE)
    return [(letter, name, used.replace(" ", "")) for letter, name, used in row.findall(text_of(kit / "index.md"))]


def test_the_cards_of_both_kits_are_the_same_and_exist() -> None:
    assert cards(KITS[NL]) == cards(KITS[EN])
    assert len(cards(KITS[EN])) >= 10
    assert {name for _, name, _ in cards(KITS[EN])} <= set(list_scenarios())


@pytest.mark.parametrize("kit", KITS.values(), ids=KITS)
def test_what_is_run_beforehand_holds_the_cards_of_the_script(kit: Path) -> None:
    commands = re.findall(
        r"pps compare ((?:[a-z][\w-]+ |\\\n +)+)(?:--why )?--html \w+-(\d+)\.html", text_of(kit / "index.md")
    )
    assert [minutes for _, minutes in commands] == ["60", "90"]
    for names, minutes in commands:
        column = ["30", "60", "90"].index(minutes)
        used = {name for _, name, where in cards(kit) if where.split("|")[column]}
        assert set(names.replace("\\\n", " ").split()) == used


@pytest.mark.parametrize("path", MADE_FOR_PEOPLE, ids=lambda path: str(path.relative_to(DOCS)))
def test_commands_and_scenarios_that_people_read_of_exist(path: Path) -> None:
    commands = {
        str(command.name or command.callback.__name__) for command in app.registered_commands if command.callback
    }
    commands |= {str(group.name) for group in app.registered_groups}
    text = text_of(path)
    assert set(re.findall(r"\bpps ([a-z]+)\b", text)) <= commands
    named = re.findall(r"pps compare ([a-z][a-z -]*[a-z])(?= --| NAAM| NAME| \\|`|\n)", text)
    own = {"onze-mix", "our-mix", "mijn-plan", "my-plan"}
    assert {name for names in named for name in names.split()} - own <= set(list_scenarios())


def test_dutch_pages_have_an_english_page_and_the_other_way_round() -> None:
    assert len(list(KITS[NL].glob("*.md"))) == len(list(KITS[EN].glob("*.md")))
    for dutch, english in (("gids", "guide"), ("momentopnamen", "snapshots"), ("begrippen", "glossary")):
        heads = [
            len(re.findall(r"^## ", text_of(DOCS / page), re.MULTILINE))
            for page in (f"nl/{dutch}.md", f"en/{english}.md")
        ]
        assert heads[0] == heads[1]


# ── the site ────────────────────────────────────────────────────────────────────────────────────────────
class Reader(HTMLParser):
    """What a page loads, where its links lead, its anchors and its language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in LOADS and LOADS[tag] in given:
            self.loads.append(given[LOADS[tag]])


def build(folder: Path) -> dict[Path, Reader]:
    """Build the documents as `make docs` does, where a warning is an error, and read every page."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", str(DOCS), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path: Reader(text_of(path)) for path in folder.rglob("*.html") if "_static" not in path.parts}


def from_elsewhere(site: Path, read: dict[Path, Reader]) -> Iterator[str]:
    """Yield what a page, a script or a style would fetch from another place."""
    away = re.compile(r"^(https?:)?//")
    yield from (load for page in read.values() for load in page.loads if away.match(load))
    yield from (path.name for path in read if "mathjax" in text_of(path).lower())
    fetched = re.compile(r"""(url\(|@import|fetch\(|import\()\s*["']?(https?:)?//""")
    files = (path for path in site.rglob("*") if path.suffix in (".css", ".js"))
    yield from (path.name for path in files if fetched.search(text_of(path)))


def broken_links(site: Path, read: dict[Path, Reader]) -> Iterator[str]:
    """Yield the links within the site that lead to no page, or to no place on it."""
    for path, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            lost = target in read and parts.fragment and unquote(parts.fragment) not in read[target].anchors
            if not target.exists() or lost:
                yield f"{path.relative_to(site)}: {link}"


@pytest.mark.slow
def test_the_site_needs_no_network_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    read = build(tmp_path)
    assert len(read) > len(list(DOCS.rglob("*.md")))  # these, the search and the index
    assert not list(from_elsewhere(tmp_path, read))
    assert not list(broken_links(tmp_path, read))
    dutch = {path for path, page in read.items() if page.language == "nl"}
    assert dutch == set((tmp_path / "nl").rglob("*.html"))
    around = [
        re.search(r">\s*(Volgende|Next)\s*<", text_of(tmp_path / page)) for page in ("nl/gids.html", "en/guide.html")
    ]
    assert [found and found[1] for found in around] == ["Volgende", "Next"]


def test_a_load_from_elsewhere_and_a_broken_link_would_be_noticed(tmp_path: Path) -> None:
    page, style = tmp_path / "a.html", tmp_path / "a.css"
    style.write_text("@import url(//example.org/b.css);", encoding="utf-8")
    links = "".join(f'<a href="{link}"></a>' for link in ("a.html#no", "b.html", "#x"))
    page.write_text(f'<script src="https://example.org/x.js"></script>{links}<p id="x">', encoding="utf-8")
    read = {page: Reader(text_of(page))}
    assert list(from_elsewhere(tmp_path, read)) == ["https://example.org/x.js", "a.css"]
    assert list(broken_links(tmp_path, read)) == ["a.html: a.html#no", "a.html: b.html"]
