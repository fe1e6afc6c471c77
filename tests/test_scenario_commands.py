"""`pps scenarios` and `pps scenario`: what they tell, the file they begin, and one line when something is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from agents.parameters import parameter_table
from app.scenarios import new_text, show_setting, unit_words
from app.words import Language, Words
from scenarios.policies import policy_kinds, policy_texts, recommendations
from scenarios.policy import Policy
from scenarios.scenario import list_scenarios, load_scenario
from tests.commands import Pps, Said

EN, NL = Words(Language.EN), Words(Language.NL)


def is_refused(said: Said, *parts: str) -> None:
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Error: ")
    assert said.err.count("\n") == 1
    for part in parts:
        assert part in said.err


def flowed(text: str) -> str:
    return " ".join(text.split())


# ── a list ──────────────────────────────────────────────────────────────────────────────────────────────


def test_all_named_scenarios_are_listed_under_what_they_are(pps: Pps) -> None:
    told = pps("scenarios", "--lang", "nl").out
    for name in list_scenarios():
        assert re.search(rf"^  {name} ", told, re.MULTILINE), name
        purpose = re.sub(r"(?m)^  [\w-]+ {2,}", "  ", told)  # a name stands in the first of the lines of a purpose
        assert load_scenario(name).purpose_nl in flowed(purpose)
    assert told.startswith("Huidig beleid\n") or told.splitlines()[0].strip() == "Huidig beleid"
    assert (
        told.index("  baseline ")
        < told.index("  emergent ")
        < told.index("Eén maatregel")
        < told.index("  regiefonds ")
    )


def test_the_list_as_data(pps: Pps) -> None:
    told = {each["name"]: each for each in json.loads(pps("scenarios", "--json").out)["scenarios"]}
    assert set(told) == set(list_scenarios())
    assert told["baseline"]["policies"] == told["baseline"]["extends"] == []
    assert (told["baseline"]["group"], told["regiefonds"]["group"]) == ("current", "one")
    (fund,) = told["regiefonds"]["policies"]
    assert (fund["type"], fund["budget_euro_year"], fund["title_nl"]) == (
        "regie-fund", 2_000_000, "Regiefonds na de subsidie",
    )  # fmt: skip
    for each in told.values():
        assert len(each["policies"]) == len(load_scenario(each["name"]).policies)
        assert {"title_nl", "title_en", "purpose_nl", "purpose_en", "command"} <= set(each)


# ── show ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", [NL, EN], ids=["nl", "en"])
@pytest.mark.parametrize("name", list_scenarios())
def test_a_scenario_is_told_in_full(pps: Pps, name: str, words: Words) -> None:
    said, scenario = pps("scenario", "show", name, "--lang", str(words.language)), load_scenario(name)
    told = flowed(said.out)
    assert (said.code, said.err) == (0, "")
    assert words.pick(scenario, "title") in told
    assert words.pick(scenario, "purpose") in told
    for policy in scenario.policies:
        texts = policy_texts()[policy.kind]
        for part in ("title", "purpose", "background"):
            assert flowed(words.pick(texts, part)) in told
        for code in texts["source"].partition(";")[0].split(", "):
            assert flowed(f"{code}, {words.pick(recommendations()[code], 'what')}") in told
        assert policy.kind in told
        assert policy.starts in told
        for field in texts.get("fields", {}):
            assert field in told
    assert ("pps run baseline" if name == "baseline" else f"pps compare baseline {name}") in told


def test_who_pays_and_how_much_is_told(pps: Pps) -> None:
    told = pps("scenario", "show", "regiefonds", "--lang", "nl").out.replace("\u00a0", " ")
    for part in (
        "hooguit € 2,0 miljoen per jaar",
        "€ 50.000 per jaar voor de eigen mensen",
        "80.000 euro per jaar",
        "0% per jaar",
    ):
        assert part in told
    assert "each province, for its own PPS" in pps("scenario", "show", "regiefonds").out


def test_a_file_is_shown_with_what_it_changes(pps: Pps) -> None:
    text = 'schema_version = 1\nextends = "regiefonds"\nname = "x"\nbranch = "low"\n'
    text += '[policies.regie-fund]\nends = "2031-Q1"\nsectors = []\n'
    Path("x.toml").write_text(text + "[parameters]\nfee_mkb = 300\n")
    told = flowed(pps("scenario", "show", "x.toml").out)
    parts = (
        "regiefonds ← baseline",
        "from 2027-Q1 until 2031-Q1",
        "300 euro",
        f"instead of {parameter_table()['fee_mkb'].value:g}",
        "unfavourable",
        "Only sectors none",
    )
    for part in (*parts, "pps compare baseline x.toml"):
        assert part in told
    data = json.loads(pps("scenario", "show", "x.toml", "--json").out)
    assert data["extends"] == ["regiefonds", "baseline"]
    assert (data["parameters"][0]["value"], data["parameters"][0]["default"]) == (
        300,
        parameter_table()["fee_mkb"].value,
    )
    assert data["policies"][0]["settings"][0] == {
        "name": "euro_year", "value": 80_000, "unit": "euro/year",
        "nl": "Hoogste bedrag per PPS per jaar", "en": "Most per PPS in a year",
    }  # fmt: skip


def test_units_and_shares_are_written_as_people_do() -> None:
    assert unit_words("euro/year", NL) == "euro per jaar"
    assert unit_words("euro/PPS", EN) == "euros per PPS"
    assert show_setting({"value": 0.055, "unit": "share/year"}, NL) == "5,5% per jaar"
    assert show_setting({"value": 1 / 3, "unit": "share"}, EN) == "33.3333%"
    assert show_setting({"value": 0.45, "unit": "1/round"}, NL) == "0,45 per ronde"
    assert show_setting({"value": True, "unit": ""}, EN) == "yes"
    assert show_setting({"value": "between_partners", "unit": ""}, NL) == 'tussen de partners ("between_partners")'
    assert show_setting({"value": None, "unit": "euro"}, EN) == "without a limit"


def test_an_unknown_scenario_names_the_nearest(pps: Pps) -> None:
    is_refused(pps("scenario", "show", "regiefond"), "did you mean regiefonds?")
    is_refused(pps("scenario", "check", "regiefond.toml"), "there is no file 'regiefond.toml'")


# ── check ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_file_is_told_what_it_does(pps: Pps) -> None:
    Path("mijn.toml").write_text(
        'schema_version = 1\nextends = "regiefonds"\nname = "mijn"\n[parameters]\nfee_mkb = 300\n'
    )
    said = pps("scenario", "check", "mijn.toml", "--lang", "nl")
    assert said.code == 0
    told = said.out.replace("\u00a0", " ")
    for part in (
        "mijn.toml klopt: Regiefonds na de subsidie.",
        "hooguit € 2,0 miljoen per jaar",
        "Eén parameter wijkt af: fee_mkb.",
    ):
        assert part in told


def test_a_measure_that_can_do_nothing_is_told(pps: Pps) -> None:
    Path("mijn.toml").write_text(
        'schema_version = 1\nextends = "baseline"\nname = "mijn"\n[policies.regie-fund]\nbudget_euro_year = 0\n'
    )
    assert "does nothing" in pps("scenario", "check", "mijn.toml").out


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("[policies.regie-fnd]", "did you mean regie-fund?"),
        ("[policies.regie-fund]\neuro_yaer = 3", "did you mean euro_year?"),
        ("[policies.regie-fund]\nbudget_euro_year = -1", "policies.regie-fund.budget_euro_year is -1"),
        ('[policies.regie-fund]\nends = "2026-Q1"', "ends (2026-Q1) comes no later than starts"),
        ('schema_version = 1\nextends = "mijn.toml"', "circle"),
        ("schema_version = 2", "schema_version is 2, newer than this version of pps can read; allowed: 1, or a newer"),
        ("schema_version = 2\nwhat_is_new = true", "newer than this version of pps"),
        ("schema_version = 2\n[policies.not-yet-thought-of]", "newer than this version of pps"),
        ("schema_version = 0", "schema_version is 0, older than this version of pps can read; allowed: 1."),
        ('extends = "baseline"', "schema_version is missing, so that nobody knows how to read this file; allowed: sch"),
    ],
)
def test_a_mistake_is_told_in_one_line(pps: Pps, line: str, part: str) -> None:
    version = "" if "schema_version" in line or "extends" in line else "schema_version = 1\n"
    parent = "" if "extends" in line else 'extends = "baseline"\n'
    Path("mijn.toml").write_text(f'{version}{parent}name = "mijn"\n{line}\n')
    is_refused(pps("scenario", "check", "mijn.toml"), "mijn.toml", part)


def test_a_parent_that_is_too_new_is_named(pps: Pps) -> None:
    Path("ouder.toml").write_text("schema_version = 7\n")
    Path("kind.toml").write_text('schema_version = 1\nextends = "ouder.toml"\nname = "kind"\n')
    is_refused(pps("scenario", "check", "kind.toml"), "ouder.toml: schema_version is 7")


# ── new ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_file_is_right_as_it_is_and_does_what_its_parent_does(pps: Pps) -> None:
    said = pps("scenario", "new", "mijn-fonds", "--from", "regiefonds", "--lang", "nl")
    assert said.code == 0
    assert "pps scenario check mijn-fonds.toml" in said.out
    assert pps("scenario", "check", "mijn-fonds.toml").code == 0
    new, parent = load_scenario("mijn-fonds.toml"), load_scenario("regiefonds")
    told = {"name", "title_nl", "title_en", "purpose_nl", "purpose_en"}
    assert new.model_dump(exclude=told) == parent.model_dump(exclude=told)
    assert new.name == "mijn-fonds"


def uncommented(text: str, header: str) -> str:
    """The lines that begin the file, and one commented table with all its settings."""
    head = text[: text.index("\n# Laatste kwartaal")]
    block = text[text.index(header) :].split("\n\n")[0]
    return head + "\n" + "\n".join(re.sub(r"^# (?=\[|\w+ = )", "", line) for line in block.splitlines()) + "\n"


@pytest.mark.parametrize("kind", policy_kinds())
def test_each_policy_in_a_new_file_can_be_switched_on(kind: str, tmp_path: Path) -> None:
    """With the values that the file shows, which are those it would have anyhow."""
    path = tmp_path / "mijn.toml"
    path.write_text(uncommented(new_text("mijn", "baseline", ()), f"# [policies.{kind}]"), encoding="utf-8")
    (policy,) = load_scenario(str(path)).policies
    assert policy == policy_kinds()[kind](name=kind)
    table = tomllib.loads(path.read_text(encoding="utf-8"))["policies"][kind]
    own = {name for name, field in policy_kinds()[kind].model_fields.items() if name not in Policy.model_fields}
    assert {name for name in own if getattr(policy, name) is not None} <= set(table)


def test_each_setting_is_explained_with_its_unit_and_range_in_both_languages() -> None:
    text = new_text("mijn", "baseline", ())
    (line,) = [line for line in text.splitlines() if line.startswith("# euro_year = 80000")]
    for part in ("euro/year", "0 … 1000000", "Hoogste bedrag per PPS per jaar", "Most per PPS in a year"):
        assert part in line
    assert "in_school | with_school | shared | between_partners" in text


def test_what_a_parent_does_can_be_left_out(tmp_path: Path) -> None:
    fund = load_scenario("regiefonds").policies
    text = new_text("mijn", "regiefonds", fund)
    assert "# budget_euro_year = 2000000" in text  # what the parent says, not what the kind says
    path = tmp_path / "mijn.toml"
    path.write_text(
        uncommented(text, "# [policies]\n").replace("# regie-fund = false", "regie-fund = false"), encoding="utf-8"
    )
    assert load_scenario(str(path)).policies == ()


def test_a_parent_file_is_found_from_where_its_child_stands(pps: Pps) -> None:
    Path("sub").mkdir()
    Path("ouder.toml").write_text('schema_version = 1\nextends = "regiefonds"\nname = "ouder"\n')
    assert pps("scenario", "new", "kind", "--from", "ouder.toml", "--out", "sub/kind.toml").code == 0
    assert tomllib.loads(Path("sub/kind.toml").read_text(encoding="utf-8"))["extends"] == "../ouder.toml"
    assert load_scenario("sub/kind.toml").policies == load_scenario("regiefonds").policies


def test_nothing_is_overwritten(pps: Pps) -> None:
    Path("mijn.toml").write_text("# mine")
    is_refused(pps("scenario", "new", "mijn"), "'mijn.toml' is there already")
    assert Path("mijn.toml").read_text() == "# mine"


@pytest.mark.parametrize("name", ["", "Mijn", "a b", "../x", "é", "x" * 61, "-x", "a\n"])
def test_a_name_that_cannot_be_is_refused(pps: Pps, name: str) -> None:
    said = pps("scenario", "new", "--out", "x.toml", "--", name)
    is_refused(said, "cannot be the name of a scenario", "small letters")
    assert not Path("x.toml").exists()


def test_what_else_is_wrong_is_told_in_one_line(pps: Pps) -> None:
    is_refused(pps("scenario", "new", "baseline"), "comes with the project already", "mijn-baseline")
    is_refused(pps("scenario", "new", "mijn", "--from", "regiefond"), "did you mean regiefonds?")
    is_refused(pps("scenario", "new", "mijn", "--out", "mijn.txt"), "--out", ".toml")
    is_refused(pps("scenario", "new", "mijn", "--out", "nowhere/mijn.toml"), "cannot write 'nowhere/mijn.toml'")
    assert not list(Path().glob("*.toml"))
