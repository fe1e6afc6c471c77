"""Scenarios compared with a reference, replicate by replicate: what differs, at what price, who pays and who gains.

Replicate r of every scenario has the same seed and the same draw of the parameters (common random numbers), so that
chance and ignorance that both worlds share fall away in the difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.columns import Bools, Floats, Ints
from agents.errors import InputError
from experiments.extracts import COURSES, PAYERS, TABLES, Extract, extracts_of
from experiments.pairs import (
    HIGH,
    LOW,
    Units,
    estimate,
    interval,
    intervals,
    ratio_interval,
    share_better,
    units_of,
    variance_factor,
)
from experiments.store import Run
from experiments.summary import TOTAL, sums_over_run
from experiments.survival import Curve, curve, lives
from experiments.why import Why, explain
from scenarios.scenario import Scenario
from sim.calendar import Calendar, quarter_number
from sim.ledger import CENTS
from sim.outcomes import OUTCOMES, Outcome, outcome_table


@dataclass(frozen=True)
class Asked:
    """One of the scenarios.

    Attributes:
        name: Its name.
        title_nl: Dutch title.
        title_en: English title.
        purpose_nl: Dutch purpose.
        purpose_en: English purpose.
        policies: Settings of each of its policies, with `name` and `type`.
        parameters: Values of parameters that it sets itself.
        identity: Identity of its run.
        folder: Where its run is.
        replicates: How many finished.
        failed: Replicates that failed in this scenario.
    """

    name: str
    title_nl: str
    title_en: str
    purpose_nl: str
    purpose_en: str
    policies: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, float]
    identity: str
    folder: Path
    replicates: int
    failed: tuple[int, ...]


@dataclass(frozen=True)
class Difference:
    """How one outcome of a scenario differs from the reference.

    A stock or a running sum is taken at the end of the run, a flow summed over the run. All numbers are of the pairs
    in which both worlds define the outcome.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        unit: Its unit; for a flow that of its sum.
        direction: `more`, `less` or `neither`: what is better.
        baseline: Mean in the reference.
        value: Mean in the scenario.
        difference: Mean of the paired differences, scenario minus reference.
        low: Lower end of the 95% interval of that mean; NaN if it cannot be estimated.
        high: Upper end.
        share_better: Share of pairs in which the scenario is better, ties counted half; NaN without direction.
        share_equal: Share of pairs without any difference.
        spread_low: 5th percentile of the paired differences.
        spread_high: 95th percentile.
        variance_factor: How many times larger the variance of the difference would be without pairing; NaN if no
            pair differs.
        n: Pairs.
        units: Independent units the interval rests on: draws, or replicates if all have one draw.
    """

    scenario: str
    outcome: str
    unit: str
    direction: str
    baseline: float
    value: float
    difference: float
    low: float
    high: float
    share_better: float
    share_equal: float
    spread_low: float
    spread_high: float
    variance_factor: float
    n: int
    units: int

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: the interval leaves zero out."""
        return self.low > 0.0 or self.high < 0.0

    @property
    def better(self) -> bool | None:
        """Whether a difference that is shown is for the better; None if none is shown or no direction is."""
        if not self.shown or self.direction == "neither":
            return None
        return (self.difference > 0.0) == (self.direction == "more")


type Verdict = Literal["price", "saves", "dominated", "less_for_less", "not_shown"]


@dataclass(frozen=True)
class Cost:
    """What an extra network-year after the subsidy costs in public money, on average over the pairs.

    Attributes:
        scenario: Name of the scenario.
        euros: Mean difference in public euros over the run (`public_euros`).
        network_years: Mean difference in network-years after the subsidy (`network_years_after_subsidy`).
        ratio: Euros per extra network-year, a ratio of means; NaN unless the verdict is `price`.
        low: Lower end of its 95% interval (Fieller); NaN if it has none.
        high: Upper end.
        verdict: `price` (more network-years for more money), `saves` (more network-years, and not more money),
            `dominated` (fewer network-years, and not less money), `less_for_less`, or `not_shown`: no difference in
            network-years is shown, so that nothing can be said of their price.
    """

    scenario: str
    euros: float
    network_years: float
    ratio: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Paid:
    """What a group of payers pays to partnerships and for policies, in euros a year over the run.

    Attributes:
        scenario: Name of the scenario.
        group: `rijk`, `province`, `municipalities`, `schools`, `hogescholen`, `firms_mkb`, `firms_large`, `funds` or
            `other_partners`.
        in_kind: Whether it is work and goods rather than money.
        baseline: Mean a year in the reference, from the first quarter in which the scenario has a policy.
        value: Mean a year in the scenario.
        difference: Mean paired difference.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    scenario: str
    group: str
    in_kind: bool
    baseline: float
    value: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class PaidInYear:
    """The same in one calendar year, in euros, as means over the pairs."""

    scenario: str
    group: str
    in_kind: bool
    year: int
    baseline: float
    value: float


@dataclass(frozen=True)
class Gain:
    """What a region, sector or province has more or less of at the end of the run.

    Attributes:
        scenario: Name of the scenario.
        dimension: `region`, `sector` or `province`.
        group: Id in the region pack.
        outcome: `networks_alive` or `students_direct`; by province `mkb_reached_share` too.
        baseline: Mean in the reference.
        value: Mean in the scenario.
        difference: Mean paired difference.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    scenario: str
    dimension: str
    group: str
    outcome: str
    baseline: float
    value: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Place:
    """Networks that live at the end of the run in one region and sector.

    Attributes:
        scenario: Name of the scenario.
        region: Id of the labour-market region.
        sector: Id of the sector.
        baseline: Mean in the reference.
        value: Mean in the scenario.
        difference: Mean paired difference.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    scenario: str
    region: str
    sector: str
    baseline: float
    value: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Ends:
    """An outcome at the end of every pair: the runs behind a difference.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        replicates: Numbers of the replicates.
        draws: Draw of the parameters that each has.
        baseline: Values in the reference; NaN where it is not defined.
        value: Values in the scenario.
    """

    scenario: str
    outcome: str
    replicates: tuple[int, ...]
    draws: tuple[int, ...]
    baseline: tuple[float, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Spent:
    """What a policy of a scenario cost a payer and whom it did not reach, as means over the replicates.

    Attributes:
        scenario: Name of the scenario; the reference has policies too if it asks for them.
        policy: Name of the policy.
        payer: `rijk` or the id of a province.
        years: Calendar years in which it was in force.
        budget_euro_year: Its yearly budget; NaN without limit.
        spent_euro_year: What was spent a year, staff included.
        asked_year: How many asked a year.
        helped_year: How many were helped a year.
        without_year: How many went without a year.
        years_short: Share of years in which somebody went without.
    """

    scenario: str
    policy: str
    payer: str
    years: int
    budget_euro_year: float
    spent_euro_year: float
    asked_year: float
    helped_year: float
    without_year: float
    years_short: float


@dataclass(frozen=True)
class Survival:
    """Survival in a scenario beside the reference.

    Attributes:
        scenario: Name of the scenario.
        whom: `since_policy`: partnerships whose subsidy ended in or after the quarter in which the first policy of the
            scenario starts, for whom all of the policy was there in time; or `all`.
        since: That quarter; empty for `all`.
        baseline: In the reference.
        value: In the scenario.
    """

    scenario: str
    whom: Literal["since_policy", "all"]
    since: str
    baseline: Curve
    value: Curve


@dataclass(frozen=True)
class Band:
    """An outcome by quarter: mean over the pairs, the 5th and 95th percentile, and how much of that is chance.

    Attributes:
        scenario: Name of the scenario.
        outcome: Name of the outcome.
        quarters: Such as 2030-Q4.
        baseline: Mean in the reference.
        baseline_low: 5th percentile in the reference.
        baseline_high: 95th percentile in the reference.
        value: Mean in the scenario.
        low: 5th percentile in the scenario.
        high: 95th percentile in the scenario.
        difference: Mean of the paired differences.
        difference_low: 5th percentile of the paired differences.
        difference_high: 95th percentile.
        baseline_chance: Standard deviation in the reference between runs with the same draw of the parameters; NaN
            where no draw has two of them.
        chance: The same in the scenario.
        difference_chance: The same of the paired differences.
    """

    scenario: str
    outcome: str
    quarters: tuple[str, ...]
    baseline: tuple[float, ...]
    baseline_low: tuple[float, ...]
    baseline_high: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    difference: tuple[float, ...]
    difference_low: tuple[float, ...]
    difference_high: tuple[float, ...]
    baseline_chance: tuple[float, ...]
    chance: tuple[float, ...]
    difference_chance: tuple[float, ...]


@dataclass(frozen=True)
class Carried:
    """An effect with a mechanism and without it.

    Attributes:
        scenario: Name of the scenario.
        mechanism: Name of the mechanism that was switched off in both worlds.
        outcome: Name of the outcome.
        unit: Its unit.
        difference: Mean paired difference with the mechanism.
        without: Mean paired difference without it.
        without_low: Lower end of the 95% interval of the latter.
        without_high: Upper end.
        carried: What the mechanism adds to the difference, paired as well: `difference` minus `without`.
        carried_low: Lower end of its 95% interval.
        carried_high: Upper end.
        n: Replicates that finished in all four worlds.
    """

    scenario: str
    mechanism: str
    outcome: str
    unit: str
    difference: float
    without: float
    without_low: float
    without_high: float
    carried: float
    carried_low: float
    carried_high: float
    n: int


@dataclass(frozen=True)
class Comparison:
    """All that is found when scenarios are compared with a reference.

    Attributes:
        about: What run.json says of the run of the reference: region, seed, parameters, period, versions.
        baseline: The reference.
        scenarios: The others, in the order in which they were asked.
        replicates: How many were asked.
        pairs: Replicates that finished in the reference and in the scenario, by scenario.
        unit: What counts as independent in the intervals: `draws`, or `replicates` if all have the same parameters;
            the intervals then tell of chance alone.
        differences: Of every outcome, by scenario and in the order of the outcomes table.
        costs: One per scenario.
        paid: Who pays.
        paid_by_year: Who pays, by year.
        gains: Who gains.
        places: Where it helps, by region and sector.
        spent: What the policies cost and who went without.
        survival: Two per scenario.
        bands: Outcomes by quarter.
        ends: The runs behind the differences, in their order.
        why: Which mechanism made a network live in the one world and not in the other; empty if it was not asked.
        carried: What each mechanism carries that was switched off; empty if none was.
    """

    about: Mapping[str, Any]
    baseline: Asked
    scenarios: tuple[Asked, ...]
    replicates: int
    pairs: Mapping[str, int]
    unit: Literal["draws", "replicates"]
    differences: tuple[Difference, ...]
    costs: tuple[Cost, ...]
    paid: tuple[Paid, ...]
    paid_by_year: tuple[PaidInYear, ...]
    gains: tuple[Gain, ...]
    places: tuple[Place, ...]
    spent: tuple[Spent, ...]
    survival: tuple[Survival, ...]
    bands: tuple[Band, ...]
    ends: tuple[Ends, ...]
    why: tuple[Why, ...] = ()
    carried: tuple[Carried, ...] = ()

    def difference(self, scenario: str, outcome: str) -> Difference:
        """Return the difference in one outcome of one scenario."""
        return next(one for one in self.differences if (one.scenario, one.outcome) == (scenario, outcome))


def check_scenarios(scenarios: Sequence[Scenario]) -> None:
    """Refuse scenarios that cannot be compared; the first is the reference.

    Raises:
        InputError: If there is one only, two have the same name, or they do not end in the same quarter.
    """
    if len(scenarios) < 2:
        raise InputError("one scenario is nothing to compare", "scenarios", "the reference and one or more others")
    names = [scenario.name for scenario in scenarios]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two scenarios are called {twice}", "scenarios", "each scenario once")
    first = scenarios[0]
    for other in scenarios[1:]:
        if other.until != first.until:
            what = f"{first.name} ends in {first.until} and {other.name} in {other.until}"
            raise InputError(what, "scenarios", "the same last quarter, which --until gives to all")


def compare(runs: Sequence[Run], why: bool = False, without: Mapping[str, Sequence[Run]] | None = None) -> Comparison:
    """Compare runs with the first of them, replicate by replicate.

    Replicates that failed in the one world or the other make no pair.

    Args:
        runs: The reference, and the scenarios, run with the same seed and parameters.
        why: Whether to look for what made networks end otherwise.
        without: The same runs in the same order without a mechanism, by the name of the mechanism.
    """
    worlds = [world_of(run) for run in runs]
    found = compare_worlds(worlds)
    pairs = _pairs(worlds)
    dropped = {name: _pairs([world_of(run) for run in them]) for name, them in (without or {}).items()}
    return replace(
        found,
        why=tuple(
            one for pair, run in zip(pairs, runs[1:], strict=True) for one in explain(runs[0], run, pair.replicates)
        )
        if why
        else (),
        carried=tuple(
            one
            for name, blanks in dropped.items()
            for pair, blank in zip(pairs, blanks, strict=True)
            for one in _carried(pair, blank, name)
        ),
    )


def compare_worlds(worlds: Sequence[World]) -> Comparison:
    """Compare worlds with the first of them, replicate by replicate; as `compare`."""
    reference, *others = worlds
    pairs = _pairs(worlds)
    return Comparison(
        about=reference.about,
        baseline=_asked(reference),
        scenarios=tuple(_asked(other) for other in others),
        replicates=int(reference.about["replicates"]),
        pairs={pair.name: len(pair.replicates) for pair in pairs},
        unit="draws" if any(pair.units.drawn for pair in pairs) else "replicates",
        differences=tuple(one for pair in pairs for one in differences(pair)),
        costs=tuple(cost(pair) for pair in pairs),
        paid=tuple(one for pair in pairs for one in _paid(pair)),
        paid_by_year=tuple(one for pair in pairs for one in _paid_by_year(pair)),
        gains=tuple(one for pair in pairs for one in _gains(pair)),
        places=tuple(one for pair in pairs for one in _places(pair)),
        spent=tuple(one for world in worlds for one in _spent(world)),
        survival=tuple(one for pair in pairs for one in _survival(pair)),
        bands=tuple(one for pair in pairs for one in _bands(pair)),
        ends=tuple(one for pair in pairs for one in _ends(pair)),
    )


def _pairs(worlds: Sequence[World]) -> list[_Pair]:
    return [_Pair(worlds[0], other) for other in worlds[1:]]


def _asked(world: World) -> Asked:
    scenario = world.about["scenario"]
    return Asked(
        **{key: scenario[key] for key in ("name", "title_nl", "title_en", "purpose_nl", "purpose_en")},
        policies=tuple(scenario["policies"]),
        parameters=scenario["parameters"],
        identity=world.about["identity"],
        folder=world.folder,
        replicates=len(world.extracts),
        failed=tuple(failed["replicate"] for failed in world.about["replicates_failed"]),
    )


def world_of(run: Run) -> World:
    """Return what a comparison needs of a run on disk.

    Raises:
        InputError: If its files are not as they were written.
    """
    calendar = Calendar.between(run.about["start"], run.about["until"])
    extracts = extracts_of({name: run.table(name) for name in TABLES}, calendar.labels())
    done = {one.replicate: one for one in extracts if one.replicate in run.draws}
    return World(run.about, run.folder, done, run.draws)


@dataclass(frozen=True)
class World:
    """The replicates of a scenario, with what a comparison needs of them.

    Attributes:
        about: What run.json says of the run.
        folder: Where the run is, or would be.
        extracts: What is needed of each replicate that finished, by number.
        draws: The draw of the posterior that each has.
    """

    about: Mapping[str, Any]
    folder: Path
    extracts: Mapping[int, Extract]
    draws: Mapping[int, int]

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.about["scenario"]["name"])

    @property
    def until(self) -> str:
        """Last quarter."""
        return str(self.about["until"])

    @cached_property
    def quarters(self) -> list[str]:
        """All quarters."""
        return Calendar.between(self.about["start"], self.until).labels()

    @property
    def policies(self) -> Sequence[Mapping[str, Any]]:
        """Settings of its policies."""
        policies: Sequence[Mapping[str, Any]] = self.about["scenario"]["policies"]
        return policies

    @property
    def since(self) -> str:
        """First quarter in which it has a policy; that of the run if it has none."""
        return min((policy["starts"] for policy in self.policies), default=str(self.about["start"]))

    @cached_property
    def partnerships(self) -> Mapping[str, list[Any]]:
        """The partnerships of all replicates, a few columns of them."""
        table = pa.concat_tables([one.partnerships for one in self.extracts.values()])
        return {name: table[name].to_pylist() for name in table.column_names}

    def spent(self) -> pa.Table:
        """Return what policies spent, by policy and payer: sums over all replicates and years."""
        table = pa.concat_tables([one.policies for one in self.extracts.values()]).unify_dictionaries()
        short = pc.greater(table["asked"], table["helped"]).cast(pa.int64())
        sums = [(column, "sum") for column in ("spent_cents", "asked", "helped", "short")]
        return table.append_column("short", short).group_by(["policy", "payer"]).aggregate(sums)

    def sums(
        self, column: str, by: Sequence[str], groups: Sequence[tuple[str, ...]], replicates: Sequence[int]
    ) -> Floats:
        """Return the sum of a column of the partnerships by replicate and group; 0 where there is none.

        Args:
            column: The column.
            by: The columns that tell groups apart.
            groups: Their values, one tuple for each group.
            replicates: Which replicates.
        """
        number, row = {group: i for i, group in enumerate(groups)}, {one: i for i, one in enumerate(replicates)}
        sums = np.zeros((len(replicates), len(groups)))
        columns = (self.partnerships[name] for name in ("replicate", *by, column))
        for replicate, *group, value in zip(*columns, strict=True):
            if replicate in row and tuple(group) in number:
                sums[row[replicate], number[tuple(group)]] += value
        return sums

    def ends(self, replicates: Sequence[int], place: str = TOTAL) -> Floats:
        """Return all outcomes at the end of some replicates, shape (replicates, outcomes)."""
        return np.array([self.extracts[replicate].ends[place] for replicate in replicates]).reshape(-1, len(OUTCOMES))

    def courses(self, replicates: Sequence[int]) -> Floats:
        """Return the courses in time of some replicates, shape (replicates, courses, quarters)."""
        return np.array([self.extracts[replicate].courses for replicate in replicates])

    def payers(self) -> set[tuple[str, bool]]:
        """Return which groups pay anything at all, and whether in kind."""
        return {key for one in self.extracts.values() for key in one.payments}

    def payments(self, key: tuple[str, bool], replicates: Sequence[int]) -> Floats:
        """Return what a group paid in some replicates, in euros, shape (replicates, quarters)."""
        nothing = np.zeros(len(self.quarters))
        return np.array([self.extracts[one].payments.get(key, nothing) for one in replicates]) / CENTS


class _Pair:
    """A scenario beside the reference."""

    def __init__(self, baseline: World, scenario: World) -> None:
        self.baseline, self.scenario = baseline, scenario
        self.name = scenario.name
        self.replicates = sorted(set(baseline.extracts) & set(scenario.extracts))
        self.draws = [scenario.draws[replicate] for replicate in self.replicates]
        self.units = units_of(self.draws)

    @cached_property
    def all_ends(self) -> tuple[Floats, Floats]:
        """All outcomes in both worlds, shape (pairs, outcomes)."""
        return self.baseline.ends(self.replicates), self.scenario.ends(self.replicates)

    def defined(self) -> Iterator[tuple[Bools, Ints]]:
        """Yield in which pairs both worlds define an outcome, with the numbers of all outcomes of which that holds."""
        before, after = self.all_ends
        sets, own = np.unique(np.isfinite(before) & np.isfinite(after), axis=1, return_inverse=True)
        yield from ((both, np.flatnonzero(own == number)) for number, both in enumerate(sets.T))

    def ends(self, outcome: str) -> tuple[Floats, Floats, Units]:
        """Return an outcome in both worlds, in the pairs in which both define it."""
        before, after = (values[:, OUTCOMES.index(outcome)] for values in self.all_ends)
        both = np.isfinite(before) & np.isfinite(after)
        return before[both], after[both], self.units.only(both)


def differences(pair: _Pair) -> Iterator[Difference]:
    """Yield the differences in all outcomes; means and intervals give every draw the same weight."""
    found = {one.outcome: one for both, outcomes in pair.defined() for one in _differences(pair, both, outcomes)}
    yield from (found[name] for name in OUTCOMES)


def _differences(pair: _Pair, both: Bools, outcomes: Ints) -> Iterator[Difference]:
    """Yield the differences in some outcomes, which are defined in the same pairs."""
    before, after = (values[both][:, outcomes] for values in pair.all_ends)
    change, units = after - before, pair.units.only(both)
    of_change, of_before, of_after = (intervals(units.means(values)).tolist() for values in (change, before, after))
    spread = np.quantile(change, (LOW, HIGH), axis=0) if len(change) else np.full((2, len(outcomes)), np.nan)
    for number, name in enumerate(OUTCOMES[outcome] for outcome in outcomes):
        outcome = outcome_table()[name]
        own = change[:, number]
        mean, low, high = (of_one[number] for of_one in of_change)
        yield Difference(
            scenario=pair.name,
            outcome=name,
            unit=unit_of(outcome),
            direction=outcome.direction,
            baseline=of_before[0][number],
            value=of_after[0][number],
            difference=mean,
            low=low,
            high=high,
            share_better=share_better(own, outcome.direction),
            share_equal=float((own == 0).mean()) if len(own) else math.nan,
            spread_low=float(spread[0, number]),
            spread_high=float(spread[1, number]),
            variance_factor=variance_factor(before[:, number], after[:, number]),
            n=len(own),
            units=units.count,
        )


def unit_of(outcome: Outcome) -> str:
    """Return the unit of an outcome over a run: a flow of euros a quarter is summed to euros."""
    return outcome.unit.removesuffix("/quarter") if sums_over_run(outcome) else outcome.unit


def cost(pair: _Pair) -> Cost:
    """Return what an extra network-year costs; both means are of the same pairs."""
    (euros_before, euros_after, units), (years_before, years_after, _) = (
        pair.ends(name) for name in ("public_euros", "network_years_after_subsidy")
    )
    euros, years = units.means(euros_after - euros_before), units.means(years_after - years_before)
    gained = interval(years)
    mean = interval(euros).mean
    verdict = _verdict(mean, gained.mean, shown=gained.low > 0 or gained.high < 0)
    priced = verdict == "price"
    low, high = ratio_interval(euros, years) if priced else (math.nan, math.nan)
    return Cost(pair.name, mean, gained.mean, mean / gained.mean if priced else math.nan, low, high, verdict)


def _verdict(euros: float, years: float, shown: bool) -> Verdict:
    if not shown:
        return "not_shown"
    if years > 0:
        return "price" if euros > 0 else "saves"
    return "dominated" if euros >= 0 else "less_for_less"


def _paid(pair: _Pair) -> Iterator[Paid]:
    """Yield who pays more or less, a year, since the first policy."""
    since = pair.scenario.since
    years = (quarter_number(pair.scenario.until) - quarter_number(since) + 1) / 4.0
    for group, in_kind, before, after in _payments(pair, since):
        one, other = (euros.sum(axis=1, keepdims=True) / years for euros in (before, after))
        yield from (Paid(pair.name, group, in_kind, *means) for means in _means(one, other, pair.units))


def _payments(pair: _Pair, since: str) -> Iterator[tuple[str, bool, Floats, Floats]]:
    """Yield what each group paid in both worlds, euros by pair and quarter: money first, in the order of `PAYERS`."""
    order = list(PAYERS.values())
    first = pair.scenario.quarters.index(since) if since in pair.scenario.quarters else len(pair.scenario.quarters)
    groups = pair.baseline.payers() | pair.scenario.payers()
    for key in sorted(groups, key=lambda one: (one[1], order.index(one[0]) if one[0] in order else len(order), one[0])):
        before, after = (world.payments(key, pair.replicates)[:, first:] for world in (pair.baseline, pair.scenario))
        if before.any() or after.any():
            yield *key, before, after


type Means = tuple[float, float, float, float, float]


def _means(before: Floats, after: Floats, units: Units) -> list[Means]:
    """Return both means, and the mean difference with its interval, for each of several quantities."""
    one, other, change = (intervals(units.means(values)) for values in (before, after, after - before))
    return list(zip(one[0].tolist(), other[0].tolist(), *change.tolist(), strict=True))


def _paid_by_year(pair: _Pair) -> Iterator[PaidInYear]:
    years = np.array([int(quarter[:4]) for quarter in pair.scenario.quarters])
    for group, in_kind, *worlds in _payments(pair, pair.scenario.quarters[0]):
        before, after = (np.bincount(years, world.mean(axis=0)) for world in worlds)
        for year in np.unique(years).tolist():
            if before[year] or after[year]:
                yield PaidInYear(pair.name, group, in_kind, year, float(before[year]), float(after[year]))


def _gains(pair: _Pair) -> Iterator[Gain]:
    """Yield who has more or less at the end, where there is anything in either world."""
    region = pair.scenario.about["region"]
    for dimension, names in (("region", region["regions"]), ("sector", region["sectors_en"])):
        groups = [(name,) for name in names]
        for outcome, column in (("networks_alive", "network_alive"), ("students_direct", "students_direct")):
            for (group,), means in _sums(pair, column, (dimension,), groups):
                yield Gain(pair.name, dimension, group, outcome, *means)
    yield from _gains_by_province(pair)


def _places(pair: _Pair) -> Iterator[Place]:
    """Yield how many networks live at the end in each region and sector that has any in either world."""
    region = pair.scenario.about["region"]
    places = list(product(region["regions"], region["sectors_en"]))
    for (place, sector), means in _sums(pair, "network_alive", ("region", "sector"), places):
        yield Place(pair.name, place, sector, *means)


def _sums(
    pair: _Pair, column: str, by: Sequence[str], groups: Sequence[tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], Means]]:
    """Yield each group that has anything in either world, with the means of a column of its partnerships."""
    before, after = (world.sums(column, by, groups, pair.replicates) for world in (pair.baseline, pair.scenario))
    there = (before.any(axis=0) | after.any(axis=0)).nonzero()[0].tolist()
    means = _means(before[:, there], after[:, there], pair.units)
    yield from zip((groups[number] for number in there), means, strict=True)


def _gains_by_province(pair: _Pair) -> Iterator[Gain]:
    provinces = pair.scenario.about["region"]["provinces"]
    if len(provinces) < 2:  # it would be what the differences say
        return
    names = ("networks_alive", "students_direct", "mkb_reached_share")
    numbers = [OUTCOMES.index(name) for name in names]
    for province in provinces:
        before, after = (
            np.nan_to_num(world.ends(pair.replicates, province)[:, numbers]) for world in (pair.baseline, pair.scenario)
        )
        for name, means in zip(names, _means(before, after, pair.units), strict=True):
            yield Gain(pair.name, "province", province, name, *means)


def _spent(world: World) -> Iterator[Spent]:
    """Yield what each policy cost each payer in an average year in force."""
    rows = sorted(world.spent().to_pylist(), key=lambda row: str(row["payer"]))
    for policy in world.policies:
        years = _years(policy, world.until)
        of = years * len(world.extracts)
        budget = policy["budget_euro_year"]
        for row in rows:
            if row["policy"] == policy["name"]:
                yield Spent(
                    scenario=world.name,
                    policy=policy["name"],
                    payer=str(row["payer"]),
                    years=years,
                    budget_euro_year=math.nan if budget is None else float(budget),
                    spent_euro_year=float(row["spent_cents_sum"]) / CENTS / of,
                    asked_year=float(row["asked_sum"]) / of,
                    helped_year=float(row["helped_sum"]) / of,
                    without_year=float(row["asked_sum"] - row["helped_sum"]) / of,
                    years_short=float(row["short_sum"]) / of,
                )


def _years(policy: Mapping[str, Any], until: str) -> int:
    """Return in how many calendar years of a run a policy is in force, in whole or in part."""
    last = quarter_number(until)
    if policy["ends"] is not None:
        last = min(last, quarter_number(policy["ends"]) - 1)
    return max(1, last // 4 - quarter_number(policy["starts"]) // 4 + 1)


def _survival(pair: _Pair) -> Iterator[Survival]:
    since = pair.scenario.since
    for whom, first in (("since_policy", since), ("all", "")):
        before, after = (
            curve(lives(world.partnerships, pair.replicates, world.until, first), pair.units)
            for world in (pair.baseline, pair.scenario)
        )
        yield Survival(pair.name, "all" if whom == "all" else "since_policy", first, before, after)


def _bands(pair: _Pair) -> Iterator[Band]:
    before, after = (world.courses(pair.replicates) for world in (pair.baseline, pair.scenario))
    three = (before, after, after - before)
    told = [*(part for course in three for part in _band(course)), *(_chance(course, pair.draws) for course in three)]
    for number, outcome in enumerate(COURSES):
        own = [tuple(part[number].tolist()) for part in told]
        yield Band(pair.name, outcome, tuple(pair.scenario.quarters), *own)


def _band(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mean and spread over the first axis, of the replicates in which a value is defined."""
    defined = np.isfinite(values).all(axis=0)
    found = np.full((3, *values.shape[1:]), np.nan)
    found[0, defined] = values[:, defined].mean(axis=0)
    found[1:, defined] = np.quantile(values[:, defined], (LOW, HIGH), axis=0)
    rest = ~defined & np.isfinite(values).any(axis=0)  # apart: numpy looks at these one by one
    found[0, rest] = np.nanmean(values[:, rest], axis=0)
    found[1:, rest] = np.nanquantile(values[:, rest], (LOW, HIGH), axis=0)
    return found[0], found[1], found[2]


def _chance(values: Floats, draws: Sequence[int]) -> Floats:
    """Return how far replicates with the same draw lie apart along the first axis: the root of pooled variance."""
    square, freedom = np.zeros(values.shape[1:]), np.zeros(values.shape[1:])
    for draw in sorted(set(draws)):
        own = values[np.array(draws) == draw]
        defined = np.isfinite(own)
        count = defined.sum(axis=0)
        mean = np.where(defined, own, 0.0).sum(axis=0) / np.maximum(count, 1)
        square += np.where(defined, (own - mean) ** 2, 0.0).sum(axis=0)
        freedom += np.maximum(count - 1, 0)
    chance: Floats = np.sqrt(square / np.where(freedom > 0, freedom, np.nan))
    return chance


def _ends(pair: _Pair) -> Iterator[Ends]:
    before, after = pair.all_ends
    for number, outcome in enumerate(OUTCOMES):
        values = (tuple(ends[:, number].tolist()) for ends in (before, after))
        yield Ends(pair.name, outcome, tuple(pair.replicates), tuple(pair.draws), *values)


def _carried(pair: _Pair, blank: _Pair, mechanism: str) -> Iterator[Carried]:
    """Yield what a mechanism carries of each effect: the difference with it minus the difference without it."""
    replicates = sorted(set(pair.replicates) & set(blank.replicates))
    units = units_of([pair.scenario.draws[replicate] for replicate in replicates])
    changes = [one.scenario.ends(replicates) - one.baseline.ends(replicates) for one in (pair, blank)]
    for number, (name, outcome) in enumerate(outcome_table().items()):
        change, left = (values[:, number] for values in changes)
        both = np.isfinite(change) & np.isfinite(left)
        own = units.only(both)
        without, carried = estimate(left[both], own), estimate((change - left)[both], own)
        yield Carried(
            scenario=pair.name,
            mechanism=mechanism,
            outcome=name,
            unit=unit_of(outcome),
            difference=estimate(change[both], own).mean,
            without=without.mean,
            without_low=without.low,
            without_high=without.high,
            carried=carried.mean,
            carried_low=carried.low,
            carried_high=carried.high,
            n=int(both.sum()),
        )
