"""The baseline gives the numbers that it gave, until somebody changes them on purpose."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.outcomes import OUTCOMES as ALL
from tests.golden import update

HOW = """
The baseline gives other numbers than it did:

{lines}

If that is not meant, mend the code. If it is: run `python -m tests.golden.update`, look at what it prints, and write
in CHANGELOG.md an entry that begins with **Results change.** and says which outcomes moved, by how much, and why.
"""


def test_the_baseline_gives_what_it_gave() -> None:
    lines = update.differences(update.read(), update.measure())
    if lines:
        more = [f"... and {len(lines) - 40} more"] if len(lines) > 40 else []
        pytest.fail(HOW.format(lines="\n".join(lines[:40] + more)), pytrace=False)


def test_the_golden_outcomes_are_outcomes() -> None:
    assert set(update.OUTCOMES) <= set(ALL)
    assert len(update.DATES) == len(set(update.DATES)) == 8


def test_the_file_says_of_which_run_it_is() -> None:
    kept = json.loads(update.GOLDEN.read_text(encoding="utf-8"))
    assert kept["run"] == update.RUN
    assert set(kept["values"]) == {*update.DATES, "counts"}


def test_a_difference_is_told_with_old_and_new() -> None:
    old: update.Measured = {"2018-Q2": {"pps_active": 20.0, "reach_share": 0.05, "valley_share": None, "gone": 1.0}}
    new: update.Measured = {
        "2018-Q2": {"pps_active": 21.0, "reach_share": 0.05 * (1 + 1e-12), "valley_share": 0.5, "fresh": 2.0}
    }
    lines = update.differences(old, new)
    assert [line.split()[1] for line in lines] == ["pps_active", "valley_share", "fresh", "gone"]
    assert "20 -> " in lines[0]
    assert "(+5.00%)" in lines[0]


def test_rounding_of_another_machine_is_no_difference() -> None:
    def cash(part: float) -> update.Measured:
        return {"2018-Q2": {"euros_cash": 1234567.891 * (1 + part)}}

    assert update.differences(cash(0), cash(5e-10)) == []
    assert len(update.differences(cash(0), cash(5e-9))) == 1


def test_update_writes_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(update, "GOLDEN", tmp_path / "baseline.json")
    values = {"2018-Q2": {"pps_active": 20.0}}
    monkeypatch.setattr(update, "measure", lambda: values)
    update.main()
    assert "1 values changed" in capsys.readouterr().out
    update.main()
    assert "Nothing changed." in capsys.readouterr().out
    assert update.read() == values
