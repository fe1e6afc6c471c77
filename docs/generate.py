"""Writes the tables of these documents from the tables of the project: `python -m docs.generate`.

A page holds its own prose. Between the lines `<!-- table: NAME -->` and `<!-- end of table -->` stands what a function
of `docs.tables` makes of the project's data, in the language of the page. The same project gives the same pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from app.words import Language
from docs.tables import TABLES, Page

DOCS = Path(__file__).parent
BLOCK = re.compile(r"(<!-- table: ([a-z-]+)(?: (\S+))? -->\n).*?(<!-- end of table -->)", re.DOTALL)


def pages() -> Iterator[Path]:
    """Yield the pages that hold a table."""
    for path in sorted(DOCS.rglob("*.md")):
        if BLOCK.search(path.read_text(encoding="utf-8")):
            yield path


def generated(path: Path) -> str:
    """Return the text of a page with its tables made anew."""
    place = path.relative_to(DOCS)
    page = Page(Language.NL if place.parts[0] == "nl" else Language.EN, "../" * (len(place.parts) - 1))

    def table(match: re.Match[str]) -> str:
        begin, name, argument, end = match.groups()
        lines = TABLES[name](page, argument) if argument else TABLES[name](page)
        return "\n".join([f"{begin}", *lines, "", end])

    return BLOCK.sub(table, path.read_text(encoding="utf-8"))


def main() -> None:
    """Write all pages anew."""
    for path in pages():
        path.write_text(generated(path), encoding="utf-8")


if __name__ == "__main__":
    main()
