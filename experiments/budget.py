"""One provincial budget for a mix of policies, so that mixes are compared at the same price."""

from __future__ import annotations

import difflib
import math
import re
import reprlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from agents.errors import InputError
from scenarios.policies import policy_texts
from scenarios.policy import MOST_EUROS, Policy
from scenarios.scenario import Scenario
from sim.ledger import CENTS

OPTION = "--budget"
FORM = "an amount a year such as 2.5M/yr, 750k/yr, 2500000/yr or 2,5M/jr"
TIMES = {"": 1, "k": 1_000, "M": 1_000_000}

type Cents = int


def parse_budget(text: str) -> float:
    """Return a yearly budget in euros, written as `2.5M/yr`, `750k/yr`, `2500000/yr` or in Dutch `2,5M/jr`.

    Decimals stand before k or M only, and no more than two: with three nobody can tell 2.500 from 2500.

    Raises:
        InputError: If it is written otherwise, or is not believed.
    """
    found = re.fullmatch(r"(?:(\d+)|(\d+(?:[.,]\d{1,2})?)([kM]))/(?:yr|jr)", text.strip(), flags=re.ASCII)
    if not found:
        raise InputError(f"{reprlib.repr(text)} is no budget", OPTION, FORM)
    number = Decimal((found[1] or found[2]).replace(",", "."))
    euros = float(number * TIMES[found[3] or ""])
    if not 0.0 < euros <= MOST_EUROS:
        raise InputError(
            f"{reprlib.repr(text)} is out of range", OPTION, f"more than 0, and {MOST_EUROS:.0f}/yr at most"
        )
    return euros


def budget_neutral(scenarios: Sequence[Scenario], budget: str) -> list[Scenario]:
    """Return scenarios that each spread the same budget over their policies; those without such policies stay.

    Args:
        scenarios: What is asked.
        budget: The budget as a person writes it.

    Raises:
        InputError: If it cannot be read or does not pay the staff, or not one scenario has policies that take money.
    """
    euro_year = parse_budget(budget)
    if not any(takes_money(policy) for one in scenarios for policy in one.policies):
        what = f"no policy of {', '.join(one.name for one in scenarios)} takes money of the province"
        raise InputError(what, OPTION, "a scenario with such a policy")
    return [with_budget(one, euro_year) if any(map(takes_money, one.policies)) else one for one in scenarios]


def takes_money(policy: Policy) -> bool:
    """Say whether a policy spends money of the province, so that it can have a part of its budget.

    It does if it has staff, a budget, or a setting in euros or people. What is left is a rule; a condition of so many
    euros that others bring in (`euro/euro`) is one too.
    """
    if policy.payer != "province" or policy.idle:
        return False
    if policy.staff_euro_year > 0 or policy.budget_euro_year is not None:
        return True
    fields = policy_texts().get(policy.kind, {}).get("fields", {})
    units = {field["unit"] for field in fields.values()} - {"euro/euro"}
    return any(unit.startswith(("euro", "fte")) for unit in units)


def staff_cents(policy: Policy) -> Cents:
    """Return what the staff of a policy takes from its budget: never less than its four quarterly payments."""
    return 4 * math.ceil(Fraction(policy.staff_euro_year) * CENTS / 4)


def with_budget(scenario: Scenario, euro_year: float, shares: Mapping[str, float] | None = None) -> Scenario:
    """Return a scenario that spreads one budget over its policies that take money of the province.

    Their yearly budgets add up to it, to the cent. Staff comes first. The rest is spread in proportion to the budgets
    that the scenario gives; policies without a limit get an equal share of it each. Where periods differ, less than
    the whole can be spent in the years in which not all are in force.

    Args:
        scenario: What is asked.
        euro_year: Budget of each province, in euros a calendar year.
        shares: Weights of policies by name, instead of their own budgets; a policy that is not named gets nothing.

    Raises:
        InputError: If there is nothing to spread it over, or it does not pay the staff.
    """
    takers = [policy for policy in scenario.policies if takes_money(policy)]
    if not takers:
        what = f"scenario {scenario.name} has no policy that takes money of the province"
        raise InputError(what, OPTION, "a scenario with such a policy")
    weights = _own_weights(takers) if shares is None else _given_weights(takers, shares)
    parts = _parts(takers, weights, cents_of(euro_year))
    budgets = {policy.name: part for policy, part in zip(takers, parts, strict=True)}
    return scenario.model_copy(update={"policies": tuple(_limited(one, budgets) for one in scenario.policies)})


def cents_of(euros: float) -> Cents:
    """Return euros in whole cents."""
    return round(Fraction(euros) * CENTS)


def _own_weights(takers: Sequence[Policy]) -> list[Fraction]:
    """Return the part that each policy gets of what is left after the staff."""
    limits = [policy.budget_euro_year for policy in takers]
    equal, total = Fraction(1, len(takers)), sum(Fraction(limit) for limit in limits if limit is not None)
    for_limited = 1 - equal * limits.count(None)
    return [equal if limit is None else for_limited * Fraction(limit) / total for limit in limits]


def _given_weights(takers: Sequence[Policy], shares: Mapping[str, float]) -> list[Fraction]:
    names = [policy.name for policy in takers]
    for name, share in shares.items():
        if name not in names:
            near = difflib.get_close_matches(name[:60], names, n=1)
            hint = f"did you mean {near[0]}?" if near else ", ".join(names)
            raise InputError(f"no policy {reprlib.repr(name)} takes money of the province", "shares", hint)
        if not (math.isfinite(share) and share >= 0.0):
            raise InputError(f"the share of {name} is {share:g}", "shares", "0 or more")
    if not any(shares.values()):
        raise InputError("nobody gets a share", "shares", "a share above 0")
    return [Fraction(shares.get(name, 0.0)) for name in names]


def _parts(takers: Sequence[Policy], weights: Sequence[Fraction], budget: Cents) -> list[Cents]:
    """Return the cents of each policy: its staff, and its part of the rest, rounded so that none is lost.

    Cents that rounding leaves go to the largest remainders, and among equals to the first.
    """
    staff = [staff_cents(policy) if weight else 0 for policy, weight in zip(takers, weights, strict=True)]
    rest = budget - sum(staff)
    if rest < 0:
        what = f"{budget / CENTS:.0f} euros a year do not pay the staff of its policies"
        raise InputError(what, OPTION, f"{math.ceil(sum(staff) / CENTS)}/yr or more")
    exact = [rest * weight / sum(weights) for weight in weights]
    whole = [math.floor(part) for part in exact]
    largest = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in largest[: rest - sum(whole)]:
        whole[i] += 1
    return [own + part for own, part in zip(staff, whole, strict=True)]


def _limited(policy: Policy, budgets: Mapping[str, Cents]) -> Policy:
    if policy.name not in budgets:
        return policy
    return policy.model_copy(update={"budget_euro_year": budgets[policy.name] / CENTS})
