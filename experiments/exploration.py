"""The EMA workbench: what is uncertain (X), what can be chosen (L) and what is looked at (M), and boxes by PRIM.

The workbench is told of all three from our own tables; it hands out the experiments, and we run them in our own store
as any other cases. It is asked for here alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import loguniform

from agents.columns import Bools, Floats
from experiments.priors import Prior
from experiments.robustness import Limit
from sim.outcomes import outcome_table

with warnings.catch_warnings():  # of engines that we do not use
    warnings.simplefilter("ignore")
    from ema_workbench import CategoricalParameter, Model, RealParameter, Sample, ScalarOutcome
    from ema_workbench.analysis.feature_scoring import get_univariate_feature_scores
    from ema_workbench.analysis.prim import Prim
    from ema_workbench.em_framework.evaluators import BaseEvaluator, perform_experiments

LEVER, BRANCH = "measure", "branch"  # `policy` and `scenario` are names of the workbench itself
MOST_BOXES = 2
"""Boxes of a policy; a third would be of what is left over."""
MOST_CONDITIONS = 10
"""Conditions among which PRIM looks: those that differ most between futures in which a policy fails or not."""
SMALLEST = 0.1
"""Share of the futures that a box holds at least."""
CHANCE = 0.05
"""A restriction that would come by chance this often is left out of a box."""


@dataclass(frozen=True)
class Future:
    """One draw of what is uncertain.

    Attributes:
        number: Its number.
        parameters: Values of the uncertain parameters.
        branch: Future of the drivers.
    """

    number: int
    parameters: Mapping[str, float]
    branch: str


type RunAll = Callable[[Sequence[tuple[Future, str]]], Sequence[Mapping[str, float]]]
"""Runs futures, each under a scenario, and returns the outcomes of each."""


def declare(prior: Prior, scenarios: Sequence[str], outcomes: Sequence[str], branches: Sequence[str]) -> Any:
    """Return the model as the workbench sees it: X from the parameter table, L the scenarios, M from the outcomes."""
    kinds = {"more": ScalarOutcome.MAXIMIZE, "less": ScalarOutcome.MINIMIZE, "neither": ScalarOutcome.INFO}
    model = Model("pps", function=_never)
    ends = zip(prior.names, prior.low.tolist(), prior.high.tolist(), prior.log.tolist(), strict=True)
    model.uncertainties = [
        *(
            RealParameter.from_dist(name, loguniform(low, high)) if log else RealParameter(name, low, high)
            for name, low, high, log in ends
        ),
        *([CategoricalParameter(BRANCH, branches)] if len(branches) > 1 else []),
    ]
    model.levers = [CategoricalParameter(LEVER, scenarios)]
    model.outcomes = [ScalarOutcome(name, kind=kinds[outcome_table()[name].direction]) for name in outcomes]
    return model


def explore(model: Any, futures: Sequence[Future], run: RunAll) -> tuple[pd.DataFrame, dict[str, dict[str, Floats]]]:
    """Run every scenario in every future.

    Args:
        model: As `declare` gives it.
        futures: The futures.
        run: Runs them.

    Returns:
        The conditions, a row per future; and by scenario and outcome the values, one per future.
    """
    names = [uncertainty.name for uncertainty in model.uncertainties]
    known = [{**one.parameters, BRANCH: one.branch} for one in futures]
    samples = [
        Sample(str(one.number), **{name: values[name] for name in names})
        for one, values in zip(futures, known, strict=True)
    ]
    scenarios = [category.value for category in next(iter(model.levers)).categories]
    policies = [Sample(name, **{LEVER: name}) for name in scenarios]
    evaluator = _Store(model, futures, run)
    experiments, found = perform_experiments(model, samples, policies, evaluator, log_progress=True)
    conditions = experiments[experiments[LEVER] == scenarios[0]].drop(columns=[LEVER, "scenario", "policy", "model"])
    ends = {
        name: {outcome: np.asarray(values, np.float64)[experiments[LEVER] == name] for outcome, values in found.items()}
        for name in scenarios
    }
    return conditions.reset_index(drop=True), ends


class _Store(BaseEvaluator):  # type: ignore[misc]  # the workbench is not typed
    """Lets the workbench have its experiments run by us, all at once."""

    def __init__(self, model: Any, futures: Sequence[Future], run: RunAll) -> None:
        super().__init__(model)
        self._futures = {str(one.number): one for one in futures}
        self._run = run

    def initialize(self) -> None:
        """Do nothing: our store needs no engine of its own."""

    def finalize(self) -> None:
        """Do nothing, likewise."""

    def evaluate_experiments(self, experiments: Iterable[Any], callback: Callable[..., object], **_: Any) -> None:
        """Run the experiments and tell the workbench what came out of each."""
        asked = list(experiments)
        came = self._run([(self._futures[one.scenario.name], one.policy[LEVER]) for one in asked])
        for one, outcomes in zip(asked, came, strict=True):
            callback(one, outcomes)


def _never(**_: Any) -> dict[str, float]:
    raise AssertionError("experiments are run by our own store")


def find_boxes(conditions: pd.DataFrame, failed: Bools) -> list[dict[str, Limit]]:
    """Return boxes in which a policy fails more often than elsewhere, the first of them the most telling.

    Of the boxes that PRIM passes on its way the one is taken in which failures exceed what is usual by most: share of
    the futures in the box times how much more often it fails there (weighted relative accuracy).

    Args:
        conditions: What is uncertain, a row per future.
        failed: Futures in which the policy failed; some did and some did not.
    """
    with warnings.catch_warnings():  # the workbench asks pandas for what its next version will not have
        warnings.simplefilter("ignore", DeprecationWarning)
        return _find_boxes(conditions, failed)


def _find_boxes(conditions: pd.DataFrame, failed: Bools) -> list[dict[str, Limit]]:
    chosen = _telling(conditions, failed)
    prim = Prim(conditions[chosen], failed.astype(np.int64), mass_min=SMALLEST)
    found: list[dict[str, Limit]] = []
    for _ in range(MOST_BOXES):
        box = prim.find_box()
        if box is None:
            break
        limits = _limits(box, _best(box))
        if not limits:
            break
        found.append(limits)
        if failed.sum() == failed[_inside(conditions, limits)].sum():
            break
    return found


def _telling(conditions: pd.DataFrame, failed: Bools) -> list[str]:
    """Return the conditions that differ most between futures in which a policy fails and those in which it does not."""
    scores = get_univariate_feature_scores(conditions, failed)
    names: list[str] = list(scores.index[:MOST_CONDITIONS])
    return names


def _best(box: Any) -> int:
    trajectory = box.peeling_trajectory
    excess = trajectory["mass"] * (trajectory["mean"] - trajectory["mean"].iloc[0])
    return int(excess.to_numpy().argmax())


def _limits(box: Any, place: int) -> dict[str, Limit]:
    """Return what a box asks, without restrictions that chance may have made."""
    whole, ends, chances = box.prim.box_init, box.box_lims[place], box.p_values[place]
    limits = {}
    for name in ends.columns:
        own = ends[name].tolist()
        if own == whole[name].tolist():
            continue
        if isinstance(own[0], set):
            limits[name] = Limit(among=tuple(sorted(own[0])))
            continue
        sides = zip(own, whole[name], chances[name], strict=True)
        sure = [end != usual and 0.0 <= chance < CHANCE for end, usual, chance in sides]
        if any(sure):
            low, high = (float(end) if shown else None for end, shown in zip(own, sure, strict=True))
            told = [chance for chance, shown in zip(chances[name], sure, strict=True) if shown]
            limits[name] = Limit(low, high, chance=min(told))
    return limits


def _inside(conditions: pd.DataFrame, limits: Mapping[str, Limit]) -> Bools:
    inside: Bools = np.all([limit.holds(conditions[name]) for name, limit in limits.items()], axis=0)
    return inside
