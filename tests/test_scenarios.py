"""Scenario files: what they inherit, and one sentence for every mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.errors import InputError
from agents.parameters import parameter_table
from scenarios.policy import Policy
from scenarios.scenario import LARGEST_FILE, LATEST, Scenario, list_scenarios, load_scenario

FULL = """
schema_version = 1
name = "mijn"
title_nl = "Mijn scenario"
title_en = "My scenario"
purpose_nl = "Om te toetsen."
purpose_en = "To test."
"""

type Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario file and return its path."""

    def write_(text: str | bytes, name: str = "mijn.toml") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write_


def complaint(name_or_file: str) -> str:
    """The sentence that a mistake gives."""
    with pytest.raises(InputError) as caught:
        load_scenario(name_or_file)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence[-1] in ".?"
    assert caught.value.where
    assert caught.value.what
    assert len(sentence) < 600, "one sentence, not the whole file"
    return sentence


# ── what loads ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_named_scenario_loads() -> None:
    names = list_scenarios()
    assert {"baseline", "emergent"} <= set(names)
    for name in names:
        scenario = load_scenario(name)
        assert scenario.name == name
        assert all((scenario.title_nl, scenario.title_en, scenario.purpose_nl, scenario.purpose_en))


def test_named_scenarios_differ_in_what_they_say() -> None:
    baseline, emergent = load_scenario("baseline"), load_scenario("emergent")
    assert (baseline.history, emergent.history) == ("replay", "emergent")
    assert baseline.until == emergent.until == LATEST
    assert baseline.digest() != emergent.digest()


def test_a_file_needs_no_parent(write: Write) -> None:
    scenario = load_scenario(write(FULL))
    assert (scenario.name, scenario.until, scenario.parameters) == ("mijn", LATEST, {})


def test_a_child_inherits_all_that_it_does_not_say(write: Write) -> None:
    child = load_scenario(write('schema_version = 1\nextends = "baseline"\nname = "kort"\nuntil = "2020-Q4"\n'))
    baseline = load_scenario("baseline")
    assert child.model_dump(exclude={"name", "until"}) == baseline.model_dump(exclude={"name", "until"})
    assert (child.name, child.until) == ("kort", "2020-Q4")


def test_parameters_of_parent_and_child_are_put_together(write: Write) -> None:
    parent = write(FULL + "[parameters]\nfee_mkb = 100\nfee_large = 200\n", "ouder.toml")
    child = load_scenario(
        write(f"schema_version = 1\nextends = '{parent}'\nname = 'kind'\n[parameters]\nfee_mkb = 300\n")
    )
    assert child.parameters == {"fee_mkb": 300, "fee_large": 200}


def test_three_generations(write: Write) -> None:
    first = write('schema_version = 1\nextends = "baseline"\nname = "een"\nbranch = "low"\n', "een.toml")
    second = write(f"schema_version = 1\nextends = '{first}'\nname = 'twee'\nuntil = '2030-Q1'\n", "twee.toml")
    third = load_scenario(write(f"schema_version = 1\nextends = '{second}'\nname = 'drie'\n", "drie.toml"))
    assert (third.name, third.branch, third.until) == ("drie", "low", "2030-Q1")


def test_a_parent_stands_beside_its_child(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder the command is given in."""
    write(FULL, "ouder.toml")
    child = write('schema_version = 1\nextends = "ouder.toml"\nname = "kind"\n', "kind.toml")
    (tmp_path / "elders").mkdir()
    monkeypatch.chdir(tmp_path / "elders")
    assert load_scenario(child).title_en == "My scenario"


def test_the_digest_tells_what_is_asked_and_not_where_it_stands(write: Write) -> None:
    one, other = load_scenario(write(FULL, "een.toml")), load_scenario(write("# comment\n" + FULL, "twee.toml"))
    changed = load_scenario(write(FULL + 'branch = "low"\n', "drie.toml"))
    assert one.digest() == other.digest() != changed.digest()
    assert len(one.digest()) == 64


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_scenario("baseline").until = "2020-Q1"


# ── what does not ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ('histori = "replay"', ["unknown key 'histori'", "did you mean history?"]),
        ('util = "2020-Q1"', ["unknown key 'util'", "did you mean until?"]),
        ("xyzzy = 1", ["unknown key 'xyzzy'", "until"]),
        ("until = 2020", ["until is 2020"]),
        ('until = "2020"', ["until is '2020'"]),
        ('until = "2020-Q5"', ["until is '2020-Q5'"]),
        ('until = "2036-Q1"', ["2036-Q1", "2011-Q3", "2035-Q4"]),
        ('until = "2011-Q2"', ["2011-Q2", "2011-Q3"]),
        ('history = "forget"', ["history is 'forget'", "replay", "emergent"]),
        ("history = true", ["history is True"]),
        ('branch = "Base"', ["branch is 'Base'", "base"]),
        ('history_until = "soon"', ["history_until is 'soon'"]),
        ("extends = 3", ["extends is 3"]),
        ("extends = ['baseline']", ["extends is"]),
        ("parameters = 3", ["parameters"]),
        ("parameters = []", ["parameters"]),
        ("parameters.fee_mkb = 'much'", ["fee_mkb", "much"]),
        ("parameters.fee_mkb = true", ["fee_mkb"]),
        ("parameters.fee_mkb = [1]", ["fee_mkb"]),
        ("parameters.fee_mkb = nan", ["fee_mkb is nan", "0", "5000", "euro/year"]),
        ("parameters.fee_mkb = inf", ["fee_mkb is inf", "5000"]),
        ("parameters.fee_mkb = -1", ["fee_mkb is -1", "a number from 0 to 5000"]),
        ("parameters.fee_mkb = 5001", ["fee_mkb is 5001", "a number from 0 to 5000"]),
        ("parameters.fee_mbk = 1", ["unknown parameter 'fee_mbk'", "did you mean fee_mkb?"]),
        ("parameters.zzzzzzzzzz = 1", ["unknown parameter 'zzzzzzzzzz'", "pps parameters"]),
        ("parameters.fee_mkb.more = 1", ["fee_mkb"]),
    ],
)
def test_a_wrong_line_gets_one_sentence(write: Write, line: str, parts: list[str]) -> None:
    sentence = complaint(write(FULL + line + "\n"))
    assert sentence.startswith("mijn.toml")
    for part in parts:
        assert part in sentence


@pytest.mark.parametrize("key", ["name", "title_nl", "title_en", "purpose_nl", "purpose_en"])
def test_a_missing_key_is_named(write: Write, key: str) -> None:
    lines = [line for line in FULL.splitlines() if not line.startswith(key)]
    sentence = complaint(write("\n".join(lines)))
    assert f"{key!r} is missing" in sentence
    assert "extend baseline" in sentence


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("schema_version = 1", "schema_version = 2", "schema_version is 2"),
        ("schema_version = 1", 'schema_version = "1"', "schema_version is '1'"),
        ('name = "mijn"', 'name = ""', "name is ''"),
        ('name = "mijn"', f'name = "{"n" * 61}"', "name is 'nnn"),
        ('title_nl = "Mijn scenario"', "title_nl = 5", "title_nl is 5"),
        ('title_nl = "Mijn scenario"', "title_nl = 2020-01-01", "title_nl"),
    ],
)
def test_a_wrong_value_is_named(write: Write, old: str, new: str, part: str) -> None:
    assert part in complaint(write(FULL.replace(old, new, 1)))


def test_every_parameter_refuses_what_is_beyond_its_range(write: Write) -> None:
    for name, row in parameter_table().items():
        for value in (row.low - 1.0, row.high + 1.0):
            sentence = complaint(write(FULL + f"parameters.{name} = {value!r}\n"))
            assert name in sentence
            assert f"from {row.low:g} to {row.high:g}" in sentence


@pytest.mark.parametrize(
    "text",
    [
        "name = ", "= 3", "[a", 'name = "open', "name = 'a'\nname = 'b'", "a = 1__0", "a = 2020-13-45", "\x00",
        "a.b = 1\na = 2", "a = " + "[" * 5000, "a = " + "9" * 5000, "a = {" * 3000,
        "[" + "a." * 3000 + "a]\nb = 1", "a" * 100_000,
    ],
    ids=lambda text: repr(text[:20]),
)  # fmt: skip
def test_what_is_not_toml_gets_one_sentence(write: Write, text: str) -> None:
    assert complaint(write(text)).startswith("mijn.toml")


def test_an_empty_file_says_what_is_missing(write: Write) -> None:
    assert "is missing" in complaint(write(""))


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b'name = "\xe9"', bytes(range(256)), b"\x1f\x8b\x08" * 100])
def test_what_is_not_utf8_gets_one_sentence(write: Write, data: bytes) -> None:
    assert "not UTF-8" in complaint(write(data))


def test_a_huge_file_is_not_read(write: Write) -> None:
    sentence = complaint(write(b"#" * (LARGEST_FILE + 1)))
    assert "too large" in sentence
    assert "1 MB" in sentence


def test_a_huge_value_is_not_repeated(write: Write) -> None:
    complaint(write(FULL.replace("mijn", "m" * 500_000)))


def test_garbage_of_ten_megabytes(write: Write) -> None:
    complaint(write(b"\xde\xad\xbe\xef" * 2_500_000))


@pytest.mark.parametrize(
    "name",
    ["", " ", "baselin", "../named/baseline", "a" * 5000, "a" * 5000 + ".toml", "baseline\x00", "\x00.toml", "/"],
)
def test_an_unknown_scenario_gets_one_sentence(name: str) -> None:
    if len(name) > 1000:
        with pytest.raises(InputError):
            load_scenario(name)
    else:
        complaint(name)


def test_an_unknown_scenario_names_the_nearest() -> None:
    assert "did you mean baseline?" in complaint("bazeline")
    assert ", ".join(list_scenarios()) in complaint("nothing like it")


def test_a_missing_file_gets_one_sentence() -> None:
    assert "there is no file 'weg.toml'" in complaint("weg.toml")


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "map.toml").mkdir()
    assert "there is no file" in complaint(str(tmp_path / "map.toml"))


def test_a_missing_parent_is_told_of_its_child(write: Write) -> None:
    sentence = complaint(write('schema_version = 1\nextends = "bazeline"\nname = "kind"\n'))
    assert "unknown scenario 'bazeline'" in sentence
    assert "mijn.toml" in sentence


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_of_parents_is_seen(write: Write, tmp_path: Path, length: int) -> None:
    for number in range(length):
        parent = tmp_path / f"s{(number + 1) % length}.toml"
        write(f"schema_version = 1\nextends = '{parent}'\nname = 's{number}'\n", f"s{number}.toml")
    assert "circle" in complaint(str(tmp_path / "s0.toml"))


def test_a_mistake_in_a_parent_is_seen(write: Write) -> None:
    parent = write(FULL + "colour = 'blue'\n", "ouder.toml")
    assert "unknown key 'colour'" in complaint(write(f"schema_version = 1\nextends = '{parent}'\nname = 'kind'\n"))


# ── fuzz ────────────────────────────────────────────────────────────────────────────────────────────────

KEYS = st.sampled_from([*Scenario.model_fields, "extends", "_file", "x", "parameters.fee_mkb", "[parameters]"])
VALUES = st.one_of(
    st.sampled_from(
        ["1", "2", "'baseline'", "'2020-Q1'", "'replay'", "true", "nan", "[]", "{}", "{fee_mkb = 1}", "1e400"]
    ),
    st.integers().map(str),
    st.floats().map(repr),
    st.text(max_size=12).map(lambda text: repr(text)),
)


def answers(text: str | bytes, folder: Path) -> None:
    """A file either loads or is refused in one sentence."""
    path = folder / "fuzz.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    try:
        scenario = load_scenario(str(path))
    except InputError as error:
        refused = error
    else:
        assert isinstance(scenario, Scenario)
        return
    assert "\n" not in str(refused)
    assert refused.where


FUZZ = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.lists(st.tuples(KEYS, VALUES), max_size=8), st.booleans())
@example([("parameters", "{fee_mkb = 1}")], True)
def test_random_lines_load_or_are_refused(tmp_path: Path, lines: list[tuple[str, str]], full: bool) -> None:
    answers((FULL if full else "") + "\n".join(f"{key} = {value}" for key, value in lines), tmp_path)


@FUZZ
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_random_text_is_refused(tmp_path: Path, text: str | bytes) -> None:
    answers(text, tmp_path)


@FUZZ
@given(st.data())
def test_a_spoiled_file_loads_or_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = FULL + "[parameters]\nfee_mkb = 100\n"
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 6))
    answers(text[:at] + data.draw(st.text(max_size=4)) + text[at + length :], tmp_path)


# ── policies ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wrong",
    [{"starts": "2027"}, {"ends": "later"}, {"budget_euro_year": -1.0}, {"colour": "blue"}, {"name": None}],
)
def test_a_policy_refuses_what_it_does_not_know(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate({"name": "p", **wrong})


def test_a_policy_starts_in_2027_and_does_not_end() -> None:
    policy = Policy(name="p")
    assert (policy.starts, policy.ends, policy.budget_euro_year) == ("2027-Q1", None, None)
    assert policy.on_decision(None, 0) == 0.0
