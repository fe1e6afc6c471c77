"""A run in one small table: each outcome with its mean and spread over the replicates."""

from __future__ import annotations

import pandas as pd

from experiments.store import Run
from sim.outcomes import Outcome, outcome_table

LOW, HIGH = 0.05, 0.95
"""Quantiles over replicates that are shown as the spread."""

TOTAL = "all"


def summarise(series: pd.DataFrame, until: str) -> pd.DataFrame:
    """Return mean, low, high (5th and 95th percentile over replicates) and n for every outcome of all provinces.

    A flow per quarter, such as euros, is summed over the run; anything else is taken as it is at the end.
    Replicates in which an outcome is not defined do not count.

    Args:
        series: The table `series` of a run.
        until: The last quarter.

    Returns:
        One row per outcome, in the order of the outcomes table.
    """
    total = series[series["province"] == TOTAL]
    summed = total["outcome"].isin([name for name, outcome in outcome_table().items() if sums_over_run(outcome)])
    last = total["quarter"] == until
    by = ["outcome", "replicate"]
    values = pd.concat(
        [
            total[~summed & last].groupby(by, observed=True)["value"].first(),
            total[summed].groupby(by, observed=True)["value"].sum(),
        ]
    )
    per_outcome = values.groupby("outcome", observed=True)
    summary = pd.DataFrame(
        {
            "mean": per_outcome.mean(),
            "low": per_outcome.quantile(LOW),
            "high": per_outcome.quantile(HIGH),
            "n": per_outcome.count(),
        }
    )
    return summary.reindex([name for name in outcome_table() if name in summary.index])


def sums_over_run(outcome: Outcome) -> bool:
    """Say whether an outcome counts what happens in a quarter, so that its sum over the run tells most."""
    return outcome.level == "flow"


def summarise_run(run: Run) -> pd.DataFrame:
    """Return `summarise` of a run on disk."""
    series = run.frame("series", province=TOTAL)
    return summarise(series, run.about["until"])
