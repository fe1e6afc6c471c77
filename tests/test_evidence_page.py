"""What the page Evidence says: the same as `pps validate` and the tables."""

from __future__ import annotations

import pytest

from agents.parameters import parameter_table
from app.figures import evidence
from app.words import Language, Words
from calibration.validate import Validation


@pytest.fixture(scope="module")
def found() -> Validation:
    one = evidence.shipped_validation()
    assert one is not None, "the shipped predictive runs are of other code"
    return one


@pytest.mark.parametrize("language", Language)
def test_every_target_is_shown_once_and_every_miss_is_told(found: Validation, language: Language) -> None:
    said = evidence.fit(found, Words(language))
    rows = [row for pattern in said["patterns"] for role in pattern["roles"] for row in role["rows"]]
    assert sorted(row["id"] for row in rows) == sorted(one.target.id for one in found.comparisons)
    assert {row["id"] for row in said["misses"]} == {one.target.id for one in found.comparisons if not one.met}
    assert sum(pattern["met"] for pattern in said["patterns"]) == sum(one.met for one in found.comparisons)


def test_figures_draw_what_their_tables_say(found: Validation) -> None:
    for figure in evidence.curves(found, Words(Language.EN)):
        middle = figure.option["series"][2]["data"]
        assert [row[0] for row in figure.rows] == [year for year, _ in middle]
        assert [row[1] for row in figure.rows] == pytest.approx([value for _, value in middle], abs=0.01)
        low, width = (one["data"] for one in figure.option["series"][:2])
        for row, (_, bottom), (_, high) in zip(figure.rows, low, width, strict=True):
            assert row[3] == pytest.approx(bottom + high, abs=0.02)


def test_every_parameter_has_its_range_and_source() -> None:
    said = evidence.parameters(Words(Language.NL))
    assert [row["name"] for row in said["rows"]] == list(parameter_table())
    assert all(row["range"] and row["sources"] for row in said["rows"])
    assert sum(one["count"] for one in said["statuses"]) == said["of"] == len(parameter_table())


@pytest.mark.parametrize("language", Language)
def test_what_the_model_is_not_for_is_told_whole_with_its_terms_explained(language: Language) -> None:
    words = Words(language)
    told = ["".join(part["text"] for part in text) for text in evidence.limits(words)]
    assert told == [text for key, text in words.texts.items() if key.startswith("validate.never.")]
    assert any(part["means"] for text in evidence.limits(words) for part in text)
