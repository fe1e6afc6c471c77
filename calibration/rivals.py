"""Rival submodels, fitted to the same targets and compared on what was held back (pattern-oriented modelling).

A rival replaces one rule of the model by another that one might as well believe. If it does as well on figures
that neither has seen, the evidence does not tell the two apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.columns import Floats
from calibration.fit import Budget, Engine, fit, seeds_of
from calibration.held_back import held_back_targets
from calibration.scores import TOLERANCE_SD, error_of
from calibration.simulate import Advance, Simulator, observing_all
from calibration.targets import Target
from experiments.priors import load_prior

NEVER = 1_000.0
"""Years of patience that no run lasts."""
DRAWS = 128


@dataclass(frozen=True)
class Rival:
    """A rule that is replaced.

    Attributes:
        id: Permanent id.
        fixed: Parameters that get a value, so that the rule of the model does not act.
        free: Parameters that become uncertain, so that the rival rule acts.
    """

    id: str
    fixed: Mapping[str, float] = field(default_factory=dict)
    free: tuple[str, ...] = ()


RIVALS = (
    Rival("as-shipped"),
    Rival("leave-at-random", {"patience_mkb": NEVER, "patience_large": NEVER}, ("leaves_at_random",)),
    Rival("bbl-cycle-only", {"bbl_members": 0.0, "bbl_culture": 0.0}),
    Rival("bbl-no-structural-loss", {"bbl_loss": 0.0}),
)


@dataclass(frozen=True)
class Contrast:
    """How far a submodel is from what was reported.

    Attributes:
        id: Which submodel.
        fitted: Continuous ranked probability score on each target it was fitted to, in tolerances.
        unseen: The same on each target that was held back.
    """

    id: str
    fitted: Floats
    unseen: Floats


def contrast(
    simulator: Simulator, budget: Budget, seed: int, folder: Path, workers: int, advance: Advance
) -> list[Contrast]:
    """Fit every rival to the targets of the simulator and score it on these and on the held-back ones.

    Args:
        simulator: Runs and observes one draw on the targets to fit.
        budget: How much work each fit may take.
        seed: Seed of all.
        folder: Where runs are kept.
        workers: Processes.
        advance: Called with the number of runs done since the last call.
    """
    contrasts = []
    for rival in RIVALS:
        asked = replace(simulator, fixed=rival.fixed)
        prior = load_prior(rival.free).without(rival.fixed.keys())
        engine = Engine(asked, prior, folder, workers, advance)
        draws = fit(engine, budget, seed).sample[:DRAWS]
        look = replace(engine, simulator=observing_all(asked, (*simulator.targets, *held_back_targets())))
        targets = look.simulator.observed
        seen = look.run("contrast", draws, seeds_of(seed, 0, len(draws))).observed.values
        scores = np.array([ranked_score(values, target) for values, target in zip(seen.T, targets, strict=True)])
        contrasts.append(Contrast(rival.id, scores[: len(simulator.targets)], scores[len(simulator.targets) :]))
    return contrasts


def ranked_score(simulated: Floats, target: Target) -> float:
    """Return the continuous ranked probability score of a predictive sample, in tolerances: lower is better.

    CRPS = E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007), with the report's own error in X, so that being
    off by less than a report can tell costs little. By hand, as SciPy has no such score. What is not defined counts
    as 0, as in the fit.
    """
    known = np.sort(np.nan_to_num(simulated, nan=0.0))
    error = TOLERANCE_SD * error_of(target) * np.random.default_rng(0).standard_normal(known.size)
    sample = np.sort(known + error)
    rank = 2 * np.arange(1, sample.size + 1) - sample.size - 1
    spread = (rank * sample).sum() / sample.size**2
    return float((np.abs(sample - target.observed).mean() - spread) / target.tolerance)


def write_contrasts(contrasts: Sequence[Contrast], folder: Path) -> None:
    """Write the comparison as `rivals.json` in the folder of a posterior."""
    text = json.dumps(as_rows(contrasts), indent=1)
    (folder / "rivals.json").write_text(text + "\n", encoding="utf-8")


def as_rows(contrasts: Sequence[Contrast]) -> list[dict[str, Any]]:
    """Return a row per submodel: mean scores, and on how many held-back targets it beats the model as shipped."""
    shipped = contrasts[0]
    return [
        {
            "id": one.id,
            "fitted": round(float(np.mean(one.fitted)), 3),
            "unseen": round(float(np.mean(one.unseen)), 3),
            "better_on_unseen": int((one.unseen < shipped.unseen).sum()),
            "of": len(one.unseen),
        }
        for one in contrasts
    ]
