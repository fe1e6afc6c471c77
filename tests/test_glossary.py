"""The glossary: complete in both languages, with sources that can be looked up, and found in texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.errors import InputError
from app import glossary as module
from app.evidence import all_rows
from app.glossary import Term, find_terms, glossary, parts
from app.words import Language, Words
from scenarios.policies import policy_texts, recommendations
from sim.outcomes import OUTCOMES

NL, EN = Language.NL, Language.EN
ODD = Path(__file__).resolve().parent.parent / "docs" / "odd.md"
LONGEST = 45  # words of a tooltip


def test_every_source_can_be_looked_up() -> None:
    codes = ODD.read_text(encoding="utf-8").partition("## 12 Mechanism codes")[2]
    known = {*all_rows(), *recommendations(), *OUTCOMES, "model"}
    cited = {source for term in glossary() for source in term.source.split("; ")}
    assert not {source for source in cited - known if source not in codes}


@pytest.mark.parametrize("language", [NL, EN])
def test_a_form_belongs_to_one_term_and_a_meaning_is_short(language: Language) -> None:
    forms = [form.casefold() for term in glossary() for form in {f.casefold() for f in term.forms(language)}]
    assert not {form for form in forms if forms.count(form) > 1}
    assert not [term.term_nl for term in glossary() if len(term.meaning(language).split()) > LONGEST]


def test_a_meaning_is_translated() -> None:
    assert not [term.term_nl for term in glossary() if term.meaning_nl == term.meaning_en]


def found(text: str, language: Language = NL) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.term.term_nl) for one in find_terms(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "De regie kost geld; zonder regie valt het netwerk uiteen.",
            [("regie", "regiefunctie"), ("netwerk", "netwerk")],
        ),
        ("Netwerken in de valley of death", [("Netwerken", "netwerk"), ("valley of death", "valley of death")]),
        ("Levende netwerken na een RIF", [("Levende netwerken", "netwerk"), ("RIF", "RIF")]),
        ("het rif, de hip en het netwerkje", []),
        ("BBL-studenten en PPS’en", [("BBL", "bbl"), ("PPS’en", "PPS")]),
        ("Bbl of bol", [("Bbl", "bbl"), ("bol", "bol")]),
        ("", []),
    ],
)
def test_terms_are_found_once_as_whole_words_the_longest_first(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_english_words_are_found_in_english() -> None:
    text = "Learning communities need regie"
    assert found(text, EN) == [("Learning communities", "learning community"), ("regie", "regiefunctie")]


def test_every_form_is_found_as_its_own_term() -> None:
    wrong = [
        (form, language)
        for language in (NL, EN)
        for term in glossary()
        for form in term.forms(language)
        if found(f"({form})", language) != [(form, term.term_nl)]
    ]
    assert not wrong


def test_a_mistake_in_the_table_is_told_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (module.FOLDER / Term.FILE).read_text(encoding="utf-8").splitlines()
    (tmp_path / Term.FILE).write_text("\n".join([*lines[:2], lines[1]]), encoding="utf-8")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="line 3"):
        glossary.__wrapped__()


@pytest.mark.parametrize("language", Language)
def test_the_parts_of_a_text_are_the_text_and_its_terms_have_their_meaning(language: Language) -> None:
    for texts in policy_texts().values():
        text = str(Words(language).pick(texts, "background"))
        found = parts(text, language)
        assert "".join(part["text"] for part in found) == text
        assert [part["means"] for part in found if part["means"]] == [
            mention.term.meaning(language) for mention in find_terms(text, language)
        ]
    assert any(part["means"] for part in parts("regiefunctie", language))
