"""The policies as sliders: all are there, and what the project itself asks for can be set with them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from app.levers import controls, levers, presets, spends
from app.scenarios import all_named
from app.words import Language, Words
from scenarios.policies import FAMILIES, policy_kinds, policy_texts
from scenarios.policy import Policy

NL, EN = Words(Language.NL), Words(Language.EN)
KINDS = policy_kinds()


def control(kind: str, setting: str) -> dict[str, Any]:
    return next(one for one in controls(KINDS[kind], EN) if one["name"] == setting)


def holds(one: dict[str, Any], value: float) -> bool:
    """Whether a slider can be put exactly on a value."""
    steps = (value - one["low"]) / one["step"]
    return bool(one["low"] <= value <= one["high"] and math.isclose(steps, round(steps), abs_tol=1e-9))


@pytest.mark.parametrize("words", [NL, EN])
def test_all_kinds_are_reachable_in_six_families(words: Words) -> None:
    families = levers(words)
    assert [family["id"] for family in families] == [module.__name__.rpartition(".")[2] for module in FAMILIES]
    policies = [policy for family in families for policy in family["policies"]]
    assert sorted(policy["kind"] for policy in policies) == sorted(KINDS)
    for policy in policies:
        assert all(policy[key] for key in ("title", "purpose", "background", "source"))
        assert all(one["label"] for one in policy["controls"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_own_setting_has_a_control_that_holds_its_default(kind: str) -> None:
    own = [name for name in KINDS[kind].model_fields if name not in Policy.model_fields]
    shown = {one["name"]: one for one in controls(KINDS[kind], EN)}
    assert set(own) <= set(shown)
    for name in own:
        one, default = shown[name], KINDS[kind].model_fields[name].get_default()
        if one["control"] == "slider":
            assert holds(one, default), name
        elif one["control"] == "switch":
            assert isinstance(default, bool)
        else:
            values = {option["value"] for option in one["options"]}
            assert set(default if one["control"] == "several" else [default]) <= values
            assert all(option["text"] for option in one["options"])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "fields" in policy_texts()[kind]])
def test_a_slider_offers_nothing_that_is_refused(kind: str) -> None:
    for one in controls(KINDS[kind], EN):
        if one["control"] == "slider":
            for value in (one["low"], one["high"]):
                whole = KINDS[kind].model_fields[one["name"]].annotation is int
                KINDS[kind].model_validate({"name": kind, one["name"]: int(value) if whole else float(value)})


def test_what_named_scenarios_set_can_be_set_on_the_page() -> None:
    for asked in all_named():
        for policy in asked.scenario.policies:
            for one in controls(type(policy), EN):
                value = getattr(policy, one["name"])
                if one["control"] == "slider" and value is not None:
                    assert holds(one, value), (asked.scenario.name, policy.kind, one["name"], value)
                if one["control"] == "choice":
                    assert value in [option["value"] for option in one["options"]]


def test_units_and_words_are_those_of_the_language() -> None:
    years = next(one for one in controls(KINDS["regie-fund"], NL) if one["name"] == "years")
    assert (years["unit"], control("regie-fund", "years")["unit"]) == ("jaar", "years")
    taper = control("regie-fund", "taper")
    assert (taper["times"], taper["unit"]) == (100.0, "% per year")
    assert control("demand-condition", "demand")["unit"] == ""


def test_only_what_costs_money_has_a_budget() -> None:
    assert {kind for kind in KINDS if not spends(KINDS[kind])} == {
        "cofinancing-ratio", "multilevel", "no-subsidy", "software-first", "tapered-subsidy",
    }  # fmt: skip
    for asked in all_named():
        assert all(spends(type(policy)) for policy in asked.scenario.policies if policy.budget_euro_year is not None)


def test_presets_are_the_named_scenarios_with_current_policy_first() -> None:
    groups = presets(NL)
    names = [one["name"] for group in groups for one in group["scenarios"]]
    assert names[0] == "baseline"
    assert sorted(names) == sorted(asked.scenario.name for asked in all_named())
    assert all(one["title"] and one["purpose"] for group in groups for one in group["scenarios"])
