"""Targets: each cites what was reported and says how far a run may be off; a mistake is told in one sentence."""

from __future__ import annotations

import math
import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agents.errors import InputError
from calibration.evidence import find, load_evidence, load_public_facts
from calibration.held_back import find_any, held_back_targets
from calibration.observe import OPERATORS
from calibration.targets import (
    PATTERNS,
    Target,
    TargetRow,
    calibration_targets,
    check_targets,
    citations,
    read_targets,
)

ALL = (*calibration_targets(), *held_back_targets())
BY_ID = {target.id: target for target in ALL}
HEADER = "id,evidence,pattern,operator,arguments,when,pack,tolerance,why\n"
LINE = "partners,nb-partners-unique,P3,partners_unique,kind=all,2018-Q2,noord-brabant,31,Because.\n"


def read(folder: Path, text: str) -> tuple[Target, ...]:
    (folder / "targets.csv").write_text(text, encoding="utf-8")
    return read_targets(folder, TargetRow, "calibrate", find)


# ── what stands there ───────────────────────────────────────────────────────────────────────────────────


def test_targets_take_their_number_from_what_they_cite() -> None:
    for target in ALL:
        rows = [find_any(citation) for citation in citations(target.evidence)]
        assert all(rows)
        values = [row.value for row in rows if row]
        assert target.observed == (values[0] / values[1] if len(values) > 1 else values[0]), target.id
    assert BY_ID["partners-unique"].observed == 357
    assert (BY_ID["partners-unique"].unit, BY_ID["partners-unique"].region) == ("partners", "noord-brabant")
    assert BY_ID["national-bbl-2015"].observed == pytest.approx(97_784 / 150_655)
    assert BY_ID["national-bbl-2015"].unit == "ratio"
    assert BY_ID["rif-cost-2021-h1"].unit == "million euro/applications"


def test_every_target_has_a_tolerance_and_a_reason() -> None:
    for target in ALL:
        assert math.isfinite(target.tolerance), target.id
        assert target.tolerance > 0, target.id
        assert target.why.endswith("."), target.id
        assert target.pattern in PATTERNS


def test_all_ids_are_unique_over_both_tables() -> None:
    assert not [id for id, times in Counter(target.id for target in ALL).items() if times > 1]


def test_every_operator_is_used() -> None:
    assert {target.operator for target in ALL} == set(OPERATORS)


def test_to_calibrate_are_brabant_to_2018_and_the_country_to_2017() -> None:
    for target in calibration_targets():
        assert target.role == "calibrate"
        assert target.when <= ("2017-Q4" if target.region == "netherlands" else "2018-Q2"), target.id
        assert target.region == "netherlands" or target.region.endswith("brabant")
        assert {find(citation) is not None for citation in citations(target.evidence)} == {True}
    assert {target.role for target in held_back_targets()} == {"validate"}


def test_every_target_is_observed_in_the_region_that_its_report_is_about() -> None:
    packs = {"netherlands": "nederland", "noord-holland+flevoland": "noord-holland-flevoland"}
    for target in ALL:
        stand_in = target.operator in ("national_bbl", "national_bol")  # of Brabant's schools, with national trends
        about = "noord-brabant" if stand_in or target.region.endswith("brabant") else packs[target.region]
        assert target.pack == about, target.id


def test_no_fact_is_compared_with_twice() -> None:
    """Two targets on one row look at different things; no two look at the same thing at the same time and place."""
    looks = Counter((t.operator, tuple(sorted(t.arguments.items())), t.when, t.pack) for t in ALL)
    assert not [look for look, times in looks.items() if times > 1]


def test_the_share_reached_is_the_mean_reach_and_not_used_again() -> None:
    mean, enrolled = BY_ID["reach-mean"].observed, load_evidence()["nb-mbo-enrolled"].value
    share = load_evidence()["nb-reach-share"]
    assert share.role == "context"
    assert 21 * mean / enrolled == pytest.approx(share.value, abs=0.001)


def test_targets_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(ALL)) == ALL


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_is_read(tmp_path: Path) -> None:
    (target,) = read(tmp_path, HEADER + LINE)
    assert (target.id, target.observed, target.tolerance, dict(target.arguments)) == (
        "partners",
        357.0,
        31.0,
        {"kind": "all"},
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (LINE, LINE + LINE, "line 3: duplicate id: partners"),
        (LINE, LINE.replace("nb-partners-unique", "nb-partners-uniqe"), "line 2: nb-partners-uniqe is in no table"),
        (LINE, LINE.replace("nb-partners-unique", "nb-mbo-enrolled"), "line 2: nb-mbo-enrolled is not for a target"),
        (LINE, LINE.replace("nb-partners-unique", "nb-role-firms-client"), "follows from other targets"),
        (LINE, LINE.replace("nb-partners-unique", "nb-partners-unique / public:x"), "line 2: public:x is in no table"),
        (LINE, LINE.replace("nb-partners-unique", "nb partners"), "line 2, column evidence"),
        (LINE, LINE.replace("P3", "P14"), "line 2, column pattern"),
        (LINE, LINE.replace(",31,", ",0,"), "line 2: the tolerance of partners is not a number above 0"),
        (LINE, LINE.replace(",31,", ",-1,"), "the tolerance of partners is not a number above 0"),
        (LINE, LINE.replace(",31,", ",1e999,"), "the tolerance of partners is not a number above 0"),
        (LINE, LINE.replace(",31,", ",1-1,"), "the tolerance of partners is not a number above 0"),
        (LINE, LINE.replace(",31,", ",wide,"), "line 2, column tolerance"),
        (LINE, LINE.replace("partners_unique", "partners_uniqe"), "partners_unique .did you mean this"),
        (LINE, LINE.replace("kind=all", "kinds=all"), "line 2: partners_unique has no argument 'kinds'"),
        (LINE, LINE.replace("kind=all", "kind=banks"), "line 2: kind of partners_unique is 'banks'; allowed: all, "),
        (LINE, LINE.replace("kind=all", ""), "line 2: partners_unique lacks the argument kind"),
        (LINE, LINE.replace("kind=all", "kind"), "line 2, column arguments"),
        (LINE, LINE.replace("noord-brabant", "brabant"), "line 2: unknown region pack 'brabant'"),
        (LINE, LINE.replace("2018-Q2", "2018-Q5"), "line 2: '2018-Q5' is not a quarter"),
        (LINE, LINE.replace("2018-Q2", "2008-Q2"), "line 2: 2008-Q2 is outside what can be simulated"),
        (LINE, LINE.replace("2018-Q2", "2017-Q4"), "line 2: 2017-Q4 does not fit the period reported, 2018"),
        (LINE, LINE.replace("2018-Q2", "2020-Q1"), "line 2: 2020-Q1 does not fit the period reported"),
        (LINE, LINE.replace("Because.", "because"), "line 2, column why"),
        (HEADER, HEADER.replace("tolerance", "width"), "line 1: column tolerance is missing"),
        (LINE, "", "the file has no rows"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        read(tmp_path, (HEADER + LINE).replace(old, new))
    assert "targets.csv" in error.value.where


def test_a_look_back_at_a_later_moment_is_a_mistake(tmp_path: Path) -> None:
    line = "inflow,nb-mbo-inflow-change,P8,flow_change,flow=inflow; since=2012,2017-Q4,noord-brabant,0.06,Because.\n"
    assert read(tmp_path, HEADER + line)
    with pytest.raises(InputError, match="looks back from 2017-Q4 at a later moment"):
        read(tmp_path, HEADER + line.replace("2012", "2018"))


@pytest.mark.parametrize(
    ("operator", "arguments", "told"),
    [
        ("flow_change", {"flow": "inflow", "since": "2012"}, "since of flow_change is '2012'; allowed: a year"),
        ("flow_change", {"flow": "inflow", "since": 2012.0, "level": 5.0}, "level of flow_change is 5.0"),
        ("flow_change", {"flow": "inflow", "since": 2012.0, "region": 3.0}, "the id of a region"),
        ("rises", {"measure": "demand", "since": 2021.0}, "since of rises is 2021.0; allowed: a quarter"),
        ("rises", {"measure": "demmand", "since": "2016-Q2"}, "demand .did you mean this"),
        ("pps_by_firm_role", {"role": "klant", "of": "many"}, "of of pps_by_firm_role is 'many'"),
    ],
)
def test_arguments_are_checked(operator: str, arguments: dict[str, str | float], told: str) -> None:
    target = replace(BY_ID["inflow"], operator=operator, arguments=arguments)
    with pytest.raises(InputError, match=told):
        check_targets([target])


def test_targets_that_no_run_can_meet_together_are_a_mistake() -> None:
    one = BY_ID["partners-unique"]
    check_targets([one, replace(one, id="other", observed=400.0)])
    check_targets([one, replace(one, id="other", observed=500.0, arguments={"kind": "companies"})])
    with pytest.raises(InputError, match="partners-unique and other contradict"):
        check_targets([one, replace(one, id="other", observed=500.0)])


def test_a_division_by_nothing_is_a_mistake(tmp_path: Path) -> None:
    nothing = replace(load_public_facts()["bbl-2012"], value=0.0)
    line = LINE.replace("nb-partners-unique", "public:bbl-2017 / public:bbl-2012")
    (tmp_path / "targets.csv").write_text(HEADER + line, encoding="utf-8")
    with pytest.raises(InputError, match="divides by 0"):
        read_targets(tmp_path, TargetRow, "calibrate", lambda c: nothing if c == "public:bbl-2012" else find(c))
