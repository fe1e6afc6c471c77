"""The terms of the field in both languages: one table, which the page shows as tooltips and the documents as a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from app.words import Language
from calibration.targets import Sentence
from scenarios.tables import Folder, Name, Row

FOLDER = Path(__file__).with_name("text")

type Forms = Annotated[str, Field(max_length=300)]


class Term(Row):
    """One line of the table of terms.

    Attributes:
        term_nl: The term, Dutch.
        term_en: The term, English; Dutch where there is no English word.
        forms_nl: Other Dutch words for it and plurals, with `;` between them.
        forms_en: The same in English.
        meaning_nl: What it means, in a sentence or two.
        meaning_en: The same in English.
        source: What the meaning rests on, with `; ` between: rows of evidence, codes of mechanisms and
            recommendations, outcomes, or `model` for a word of the model itself.
    """

    FILE: ClassVar[str] = "glossary.csv"
    KEY: ClassVar[tuple[str, ...]] = ("term_nl",)

    term_nl: Name
    term_en: Name
    forms_nl: Forms
    forms_en: Forms
    meaning_nl: Sentence
    meaning_en: Sentence
    source: Name

    def term(self, language: Language) -> str:
        """Return the term."""
        return self.term_nl if language is Language.NL else self.term_en

    def meaning(self, language: Language) -> str:
        """Return what it means."""
        return self.meaning_nl if language is Language.NL else self.meaning_en

    def forms(self, language: Language) -> tuple[str, ...]:
        """Return all words for it, the term first."""
        others = self.forms_nl if language is Language.NL else self.forms_en
        return self.term(language), *(form for form in others.split(";") if form)


@dataclass(frozen=True)
class Mention:
    """A term in a text, from `start` up to and not including `end`."""

    start: int
    end: int
    term: Term


@cache
def glossary() -> tuple[Term, ...]:
    """Return all terms, in the order of the file.

    Raises:
        InputError: If the file has a mistake.
    """
    files = Folder(FOLDER)
    table = files.table(Term)
    if files.problems:
        raise files.problems[0]
    return table.rows


def find_terms(text: str, language: Language) -> tuple[Mention, ...]:
    """Return the terms in a text in their order, each where it stands first.

    Only whole words count, and of terms in each other the longest. A form that the table writes in capitals (`HIP`)
    must have them in the text too; of others capitals do not matter.
    """
    return tuple(_first_mentions(text, language))


def parts(text: str, language: Language) -> list[dict[str, str]]:
    """Return a text in parts, each with what it means if it is a term: the page shows that as a tooltip."""
    found, done = [], 0
    for mention in find_terms(text, language):
        found.append({"text": text[done : mention.start], "means": ""})
        found.append({"text": text[mention.start : mention.end], "means": mention.term.meaning(language)})
        done = mention.end
    return [part for part in (*found, {"text": text[done:], "means": ""}) if part["text"]]


def _first_mentions(text: str, language: Language) -> Iterator[Mention]:
    pattern, terms = _finder(language)
    seen: set[str] = set()
    for match in pattern.finditer(text):
        term = terms[match[0]] if match[0] in terms else terms[match[0].casefold()]
        if term.term_nl not in seen:
            seen.add(term.term_nl)
            yield Mention(match.start(), match.end(), term)


@cache
def _finder(language: Language) -> tuple[re.Pattern[str], dict[str, Term]]:
    """Return what finds any form in a text, and the term of each form as it is found."""
    terms = {_found_as(form): term for term in glossary() for form in term.forms(language)}
    longest_first = sorted(terms, key=lambda form: (-len(form), form))
    words = (re.escape(form) if form.isupper() else f"(?i:{re.escape(form)})" for form in longest_first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)"), terms


def _found_as(form: str) -> str:
    return form if form.isupper() else form.casefold()
