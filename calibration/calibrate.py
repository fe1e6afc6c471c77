"""The whole calibration: fit, check the inference, cross-check, and leave a posterior behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from agents.errors import InputError
from calibration.crosscheck import IDENTIFIED, CrossCheck, cross_check
from calibration.fit import Budget, Engine, Fit, fit
from calibration.selfcheck import LEVELS, SelfCheck, check_size, relative_width, self_check
from calibration.simulate import SCALE, Simulator
from calibration.targets import calibration_targets
from experiments.identity import code_digest, versions
from experiments.posterior import Posterior, write_posterior
from experiments.priors import Prior
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import load_scenario

DIGITS = 6
DRAWS = 512
"""Draws that are kept of the ensemble."""
LIBRARIES = ("dageo", "scikit-learn")


def simulator(scale: float = SCALE) -> Simulator:
    """Return what runs and observes a draw on the targets to fit: Noord-Brabant, with its known partnerships."""
    targets = calibration_targets()
    return Simulator(load_region("noord-brabant"), load_national(), load_scenario("baseline"), targets, scale)


def calibrate(
    engine: Engine, budget: Budget, check: Budget, worlds: int, generations: int, seed: int, out: Path
) -> Posterior:
    """Fit, check and write a posterior.

    Args:
        engine: Runs ensembles on the targets to fit.
        budget: How much work the fit may take.
        check: How much work the fit to each synthetic world may take.
        worlds: Synthetic worlds of the self-check; 0 skips it.
        generations: Generations of the cross-check; 0 skips it.
        seed: Seed of all.
        out: Folder of the posterior.
    """
    if worlds:
        check_size(budget.members, worlds, check)
    code = code_digest()
    fitted = fit(engine, budget, seed)
    checked = self_check(engine, fitted, worlds, check, seed) if worlds else None
    search = cross_check(engine, fitted, generations, seed) if generations else None
    about = {
        "seed": seed,
        "scale": engine.simulator.scale,
        "budget": asdict(budget),
        "versions": versions() | {name: version(name) for name in LIBRARIES},
        "inputs": engine.simulator.digest,
        "uncertain": len(engine.prior.names),
        "not_learnable": [n for n, learnt in zip(engine.prior.names, fitted.learnable, strict=True) if not learnt],
        "targets": _targets(engine, fitted),
        "parameters": _parameters(fitted, checked, search),
        "failed_runs": sum(len(ensemble.observed.failed) for ensemble in fitted.ensembles),
        "self_check": None if checked is None else _self_check(checked, fitted),
        "cross_check": None if search is None else _cross_check(search),
    }
    if code_digest() != code:
        raise InputError("the code of the model was changed during the fit", str(out), "to start again")
    values = np.array([[float(f"{v:.{DIGITS}g}") for v in row] for row in engine.prior.values(fitted.sample[:DRAWS])])
    return write_posterior(engine.prior.names, np.clip(values, engine.prior.low, engine.prior.high), about, out)


def _targets(engine: Engine, fitted: Fit) -> list[Mapping[str, Any]]:
    """Return each target with its trace: median and 90 percent range before the fit, after each step, at the end."""
    traces = [np.nanquantile(e.observed.values, (0.05, 0.5, 0.95), axis=0).T for e in fitted.ensembles]
    return [
        {
            "id": target.id,
            "observed": target.observed,
            "tolerance": target.tolerance,
            "trace": [[_round(value) for value in trace[i]] for trace in traces],
            "within": bool(abs(traces[-1][i, 1] - target.observed) <= target.tolerance),
        }
        for i, target in enumerate(engine.simulator.targets)
    ]


def _parameters(fitted: Fit, checked: SelfCheck | None, search: CrossCheck | None) -> list[Mapping[str, Any]]:
    """Return the learnable parameters, the best identified first."""
    prior, width = fitted.prior, relative_width(fitted.sample)
    low, median, high = prior.values(np.quantile(fitted.sample, (0.05, 0.5, 0.95), axis=0))
    moves = fitted.screening.share.max(axis=1)
    second = _second(prior, search)
    rows: list[Mapping[str, Any]] = []
    for number in sorted(np.flatnonzero(fitted.learnable).tolist(), key=lambda place: width[place]):
        row: dict[str, Any] = {
            "name": prior.names[number],
            "low_90": _round(low[number]),
            "median": _round(median[number]),
            "high_90": _round(high[number]),
            "relative_width": _round(width[number]),
            "identified": bool(width[number] <= IDENTIFIED),
            "explains_most": _round(moves[number]),
        }
        if checked is not None:
            row |= {f"inside_{round(100 * level)}": _round(checked.inside(level)[:, number].mean()) for level in LEVELS}
        if prior.names[number] in second:
            row["second_estimate"] = second[prior.names[number]]
        rows.append(row)
    return rows


def _second(prior: Prior, search: CrossCheck | None) -> Mapping[str, float | None]:
    if search is None:
        return {}
    unit = np.full(len(prior.names), 0.5)
    unit[search.parameters] = search.best
    values = prior.values(unit)
    return {prior.names[number]: _round(values[number]) for number in np.flatnonzero(search.parameters)}


def _self_check(checked: SelfCheck, fitted: Fit) -> Mapping[str, Any]:
    """Return how often intervals held the truth, for learnable and for all parameters, and how wide they were."""
    held = {f"inside_{round(100 * at)}": _round(checked.inside(at)[:, fitted.learnable].mean()) for at in LEVELS}
    every = {f"inside_{round(100 * at)}_of_all": _round(checked.inside(at).mean()) for at in LEVELS}
    width = _round(float(np.median(checked.width[:, fitted.learnable])))
    low, middle, high = (int(met) for met in np.quantile(checked.met.sum(axis=1), (0.05, 0.5, 0.95), method="nearest"))
    return {
        "worlds": len(checked.rank),
        "members": checked.members,
        **held,
        **every,
        "median_width": width,
        "targets": checked.met.shape[1],
        "targets_met": {"low_90": low, "median": middle, "high_90": high},
    }


def _cross_check(search: CrossCheck) -> Mapping[str, Any]:
    return {
        "parameters": int(search.parameters.sum()),
        "inside_90": int(search.inside.sum()),
        "mean_squared_score": _round(search.off),
    }


def _round(value: float) -> float | None:
    """Return a number short enough to read; None if it is not defined."""
    return float(f"{value:.4g}") if np.isfinite(value) else None
