"""The whole calibration: fit, check the inference, cross-check, and leave a posterior behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from calibration.crosscheck import IDENTIFIED, CrossCheck, cross_check, relative_width
from calibration.fit import Budget, Fit, fit
from calibration.posterior import Posterior, write_posterior
from calibration.priors import load_prior
from calibration.selfcheck import LEVELS, SelfCheck, self_check
from calibration.simulate import SCALE, Advance, Simulator
from calibration.targets import calibration_targets
from experiments.identity import versions
from scenarios.national import load_national
from scenarios.region import load_region
from scenarios.scenario import load_scenario

DIGITS = 6


def simulator(scale: float = SCALE) -> Simulator:
    """Return what runs and observes a draw on the targets to fit: Noord-Brabant, with its known partnerships."""
    targets = calibration_targets()
    return Simulator(load_region("noord-brabant"), load_national(), load_scenario("baseline"), targets, scale)


def runs_of(budget: Budget) -> int:
    """Return how many runs the waves of a fit take."""
    return budget.runs * budget.waves


def calibrate(
    simulator: Simulator,
    budget: Budget,
    worlds: int,
    generations: int,
    seed: int,
    folder: Path,
    out: Path,
    workers: int,
    advance: Advance,
) -> Posterior:
    """Fit, check and write a posterior.

    Args:
        simulator: Runs and observes one draw.
        budget: How much work the fit may take.
        worlds: Synthetic worlds of the self-check; 0 skips it.
        generations: Generations of the cross-check; 0 skips it.
        seed: Seed of all.
        folder: Where runs are kept, so that an interrupted calibration goes on where it was.
        out: Folder of the posterior.
        workers: Processes.
        advance: Called with the number of runs (or worlds) done since the last call.
    """
    fitted = fit(simulator, load_prior(), budget, seed, folder, workers, advance)
    check = self_check(simulator, fitted, worlds, budget.steps, seed, workers, advance) if worlds else None
    search = cross_check(simulator, fitted, generations, seed, folder, workers, advance) if generations else None
    about = {
        "seed": seed,
        "scale": simulator.scale,
        "budget": asdict(budget),
        "versions": versions(),
        "inputs": simulator.digest,
        "targets": _targets(simulator, fitted),
        "parameters": _parameters(fitted, check, search),
        "chains": {
            "acceptance": _round(fitted.acceptance),
            "longest_autocorrelation": _round(float(np.max(fitted.autocorrelation))),
            "trace": [_round(value) for value in fitted.trace.tolist()],
        },
        "failed_runs": sum(len(wave.observed.failed) for wave in fitted.waves),
        "self_check": None if check is None else _self_check(check),
        "cross_check": None if search is None else _cross_check(search),
    }
    values = np.array([[float(f"{v:.{DIGITS}g}") for v in row] for row in fitted.prior.values(fitted.sample)])
    values = np.clip(values, fitted.prior.low, fitted.prior.high)
    return write_posterior(fitted.prior.names, values, about, out)


def _targets(simulator: Simulator, fitted: Fit) -> list[Mapping[str, Any]]:
    """Return each target as it was fitted, and how well the emulator of each wave explains it."""
    return [
        {
            "id": target.id,
            "observed": target.observed,
            "tolerance": target.tolerance,
            "explained": [_round(float(wave.emulator.explained[i])) for wave in fitted.waves],
        }
        for i, target in enumerate(simulator.targets)
    ]


def _parameters(fitted: Fit, check: SelfCheck | None, search: CrossCheck | None) -> list[Mapping[str, Any]]:
    """Return the learnable parameters, the best identified first."""
    prior, width = fitted.prior, relative_width(fitted.sample)
    low, median, high = prior.values(np.quantile(fitted.sample, (0.05, 0.5, 0.95), axis=0))
    moves = fitted.waves[0].screening.share.max(axis=1)
    learnt = np.flatnonzero(fitted.learnable)
    found = {} if search is None else dict(zip(np.flatnonzero(search.parameters).tolist(), search.best, strict=True))
    rows: list[Mapping[str, Any]] = []
    for place, number in sorted(enumerate(learnt.tolist()), key=lambda pair: width[pair[1]]):
        row = {
            "name": prior.names[number],
            "low_90": _round(low[number]),
            "median": _round(median[number]),
            "high_90": _round(high[number]),
            "relative_width": _round(width[number]),
            "identified": bool(width[number] <= IDENTIFIED),
            "explains_most": _round(moves[number]),
        }
        if check is not None:
            row |= {f"inside_{round(100 * level)}": _round(check.inside(level)[:, place].mean()) for level in LEVELS}
        if number in found:
            unit = fitted.sample.mean(axis=0)
            unit[number] = found[number]
            row["second_estimate"] = _round(prior.values(unit)[number])
        rows.append(row)
    return rows


def _self_check(check: SelfCheck) -> Mapping[str, Any]:
    held = {f"inside_{round(100 * level)}": _round(check.inside(level).mean()) for level in LEVELS}
    return {"worlds": len(check.rank), **held, "median_width": _round(float(np.median(check.width)))}


def _cross_check(search: CrossCheck) -> Mapping[str, Any]:
    return {
        "parameters": int(search.parameters.sum()),
        "inside_90": int(search.inside.sum()),
        "mean_squared_score": _round(search.off),
    }


def _round(value: float) -> float:
    return float(f"{value:.4g}")
