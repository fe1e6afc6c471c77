"""Scenarios compared with a reference, replicate by replicate: what differs, at what price, who pays and who gains.

Replicate r of every scenario has the same seed and the same draw of the parameters (common random numbers), so that
chance and ignorance that both worlds share fall away in the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from experiments.why import Why


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
        baseline: Mean a year in the reference, over the years from the first policy on.
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
        outcome: `networks_after_subsidy`, `students_direct` or `mkb_reached_share` (the last by province only).
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
class Curve:
    """Survival of networks since the end of their subsidy, as steps: each value holds until the next time.

    Attributes:
        times: Years since the end of the subsidy, from 0.
        survival: Share whose network lives (Kaplan-Meier).
        low: Lower end of the 95% interval.
        high: Upper end.
        at_risk: Networks that are still followed just before that time, of all pairs together.
        lives: Partnerships in all pairs together.
        lost: How many networks were lost.
    """

    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    at_risk: tuple[int, ...]
    lives: int
    lost: int


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
    """An outcome by quarter: mean over the pairs, and the 5th and 95th percentile.

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
        spent: What the policies cost and who went without.
        survival: Two per scenario.
        bands: Outcomes by quarter.
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
    spent: tuple[Spent, ...]
    survival: tuple[Survival, ...]
    bands: tuple[Band, ...]
    why: tuple[Why, ...] = ()
    carried: tuple[Carried, ...] = ()

    def difference(self, scenario: str, outcome: str) -> Difference:
        """Return the difference in one outcome of one scenario."""
        return next(one for one in self.differences if (one.scenario, one.outcome) == (scenario, outcome))
