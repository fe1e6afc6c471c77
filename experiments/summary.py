"""A run in one small table: each outcome with its mean, its spread over the replicates, and where that comes from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from experiments.store import Run
from sim.outcomes import Outcome, outcome_table

LOW, HIGH = 0.05, 0.95
"""Quantiles over replicates that are shown as the spread."""

TOTAL = "all"


def summarise(series: pd.DataFrame, until: str, draws: Mapping[int, int]) -> pd.DataFrame:
    """Return what the replicates say of every outcome of all provinces.

    The columns are mean, low and high (5th and 95th percentile over replicates), chance and ignorance (see `sources`)
    and n. A flow per quarter, such as euros, is summed over the run; anything else is taken as it is at the end.
    Replicates in which an outcome is not defined do not count.

    Args:
        series: The table `series` of a run.
        until: The last quarter.
        draws: The draw of parameters that each replicate has.

    Returns:
        One row per outcome, in the order of the outcomes table.
    """
    values = end_values(series, until)
    per_outcome = values.groupby("outcome", observed=True)
    summary = pd.DataFrame(
        {
            "mean": per_outcome.mean(),
            "low": per_outcome.quantile(LOW),
            "high": per_outcome.quantile(HIGH),
            **sources(values, draws),
            "n": per_outcome.count(),
        }
    )
    return summary.reindex([name for name in outcome_table() if name in summary.index])


def end_values(series: pd.DataFrame, until: str, province: str = TOTAL) -> pd.Series[float]:
    """Return every outcome by outcome and replicate: a flow summed over the run, anything else as it is at the end.

    Args:
        series: The table `series` of a run.
        until: The last quarter.
        province: Of which province; by default all together.
    """
    there = series[series["province"] == province]
    summed = there["outcome"].isin([name for name, outcome in outcome_table().items() if sums_over_run(outcome)])
    last = there["quarter"] == until
    by = ["outcome", "replicate"]
    values: pd.Series[float] = pd.concat(
        [
            there[~summed & last].groupby(by, observed=True)["value"].first(),
            there[summed].groupby(by, observed=True)["value"].sum(),
        ]
    )
    return values


def sources(values: pd.Series[float], draws: Mapping[int, int]) -> pd.DataFrame:
    """Return how far outcomes differ by chance and, apart from that, by what nobody knows of the parameters.

    Both are standard deviations: `chance` between replicates with the same draw, `ignorance` between what draws would
    give without chance. They are the estimates of one-way analysis of variance with random effects, by the method
    of moments, for draws with any number of replicates (Searle, Casella and McCulloch 1992, chapter 3). An estimate of
    ignorance below zero counts as zero; what cannot be estimated is NaN: chance if no draw has two replicates, and
    ignorance if there is one draw too.

    Args:
        values: By outcome and replicate.
        draws: The draw of each replicate.
    """
    table = values.dropna().reset_index()
    table["draw"] = table["replicate"].map(draws)
    mean = table.groupby(["outcome", "draw"], observed=True)["value"].transform("mean")
    grand = table.groupby("outcome", observed=True)["value"].transform("mean")
    table["within"], table["between"] = (table["value"] - mean) ** 2, (mean - grand) ** 2
    squares = table.groupby("outcome", observed=True)[["within", "between"]].sum()
    sizes = table.groupby(["outcome", "draw"], observed=True).size().groupby("outcome", observed=True)
    n, groups = sizes.sum(), sizes.count()
    same = (n - sizes.agg(lambda size: (size**2).sum()) / n) / (groups - 1)  # replicates per draw, if all have as many
    chance = squares["within"] / (n - groups).where(n > groups)
    ignorance = (squares["between"] / (groups - 1).where(groups > 1) - chance) / same
    return pd.DataFrame({"chance": np.sqrt(chance), "ignorance": np.sqrt(ignorance.clip(lower=0.0))})


def sums_over_run(outcome: Outcome) -> bool:
    """Say whether an outcome counts what happens in a quarter, so that its sum over the run tells most."""
    return outcome.level == "flow"


def summarise_run(run: Run) -> pd.DataFrame:
    """Return `summarise` of a run on disk."""
    series = run.frame("series", province=TOTAL)
    return summarise(series, run.about["until"], run.draws)
