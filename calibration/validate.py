"""Validation: what the fitted model predicts against what was reported, fitted to or held back.

A prediction of a report is what a run shows plus the error of the report itself: normal, with the tolerance of the
target as its 95 percent. That error is added to each run at evenly spaced quantiles, so that no chance enters.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field
from scipy.special import ndtri
from scipy.stats import CensoredData, ecdf

from agents.columns import Floats
from agents.errors import InputError
from calibration.held_back import held_back_targets
from calibration.predictive import ENDS, FOLLOWED, PLACES, TRACKS, Predictive, students_column, survival_column
from calibration.scores import TOLERANCE_SD, error_of
from calibration.targets import Sentence, Target, calibration_targets
from scenarios.tables import Folder, Row, Slug

FOLDER = Path(__file__).parent
MAJORITY = 2 / 3
"""Share of runs in which a direction must be as reported: a coin would give a half."""
ERRORS = 200
"""Evenly spaced quantiles at which the error of a report is added to each run."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
ORDINAL = "yes/no"
BASE_YEAR = 2012
STEPS = tuple(quarters / 4.0 for quarters in range(0, FOLLOWED + 1, 2))
"""Years after the decision at which survival is told."""


@dataclass(frozen=True)
class Spread:
    """Median and intervals of a quantity over runs; NaN if it was defined in none."""

    low_90: float
    low_50: float
    median: float
    high_50: float
    high_90: float

    @property
    def width(self) -> float:
        """Width of the 90 percent interval."""
        return self.high_90 - self.low_90


@dataclass(frozen=True)
class Comparison:
    """A target and what was predicted of it.

    Attributes:
        target: What was reported.
        predicted: With draws of the posterior, the error of the report included; for a direction it has none.
        simulated: With draws of the posterior, without that error.
        prior: As `predicted`, with draws of the prior.
        prior_simulated: As `simulated`, with draws of the prior.
        defined: Share of the runs of the posterior in which the quantity is defined.
        agrees: Share of these runs within the tolerance.
        reasons: Likely reasons of a miss, by language; empty if nobody gave one.
    """

    target: Target
    predicted: Spread
    simulated: Spread
    prior: Spread
    prior_simulated: Spread
    defined: float
    agrees: float
    reasons: Mapping[str, str]

    @property
    def ordinal(self) -> bool:
        """Whether only a direction was reported, 1 or 0."""
        return self.target.unit == ORDINAL

    @property
    def within_tolerance(self) -> bool:
        """Whether the median is as near to the report as its tolerance."""
        return bool(abs(self.predicted.median - self.target.observed) <= self.target.tolerance)

    @property
    def inside_90(self) -> bool:
        """Whether the 90 percent interval holds what was reported."""
        return self.predicted.low_90 <= self.target.observed <= self.predicted.high_90

    @property
    def relative_width(self) -> float:
        """Width of the 90 percent interval as a share of that of the prior; NaN where the prior has no width."""
        return self.predicted.width / self.prior.width if self.prior.width > 0 else np.nan

    @property
    def simulated_relative_width(self) -> float:
        """The same without the error of the report: what was learnt of the model itself."""
        return self.simulated.width / self.prior_simulated.width if self.prior_simulated.width > 0 else np.nan

    @property
    def met(self) -> bool:
        """Whether the target is met: fitted to, within tolerance; held back, inside; a direction, by a majority."""
        if self.ordinal:
            return self.agrees >= MAJORITY
        return self.within_tolerance if self.target.role == "calibrate" else self.inside_90


@dataclass(frozen=True)
class Summary:
    """How many targets are met; directions are counted apart.

    Attributes:
        calibrate: Targets fitted to.
        within_tolerance: Of these, with the median within the tolerance.
        calibrate_inside_90: Of these, inside the 90 percent interval.
        validate: Figures held back.
        inside_90: Of these, inside the 90 percent interval.
        inside_and_narrower: Of these, with an interval narrower than that of the prior besides.
        median_relative_width: Median over figures held back of the width relative to the prior.
        median_relative_width_calibrate: The same over targets fitted to.
        ordinal: Directions held back.
        ordinal_met: Of these, as reported in a clear majority of runs.
    """

    calibrate: int
    within_tolerance: int
    calibrate_inside_90: int
    validate: int
    inside_90: int
    inside_and_narrower: int
    median_relative_width: float
    median_relative_width_calibrate: float
    ordinal: int
    ordinal_met: int


@dataclass(frozen=True)
class Band:
    """A curve over years: median and 90 percent interval over draws of the posterior, and of the prior.

    Each is of shape (years,).
    """

    years: tuple[float, ...]
    median: Floats
    low_90: Floats
    high_90: Floats
    prior_low_90: Floats
    prior_high_90: Floats


@dataclass(frozen=True)
class Survival:
    """Share of partnerships whose network lives so many years after the decision at the end of the subsidy.

    Attributes:
        draws: The estimate of each draw (Kaplan-Meier): its spread is ignorance and chance together.
        pooled: The estimate over all draws of the posterior as one.
        pooled_low_95: Lower end of the 95 percent interval of it: how exact the many runs make the mean over what
            is not known, and no more; the width that matters is that of `draws`. NaN where it has none.
        pooled_high_95: Upper end.
        partnerships: Mean number of partnerships behind the estimate of a draw.
    """

    draws: Band
    pooled: Floats
    pooled_low_95: Floats
    pooled_high_95: Floats
    partnerships: float


@dataclass(frozen=True)
class Validation:
    """What came out.

    Attributes:
        comparisons: One for each target, fitted to first.
        summary: How many are met.
        students: Students by place and track; of the country relative to 2012, of the province in heads.
        survival: Of networks after the decision.
        runs: Runs of the posterior and of the prior.
        about: What the runs were made from.
    """

    comparisons: tuple[Comparison, ...]
    summary: Summary
    students: Mapping[tuple[str, str], Band]
    survival: Survival
    runs: tuple[int, int]
    about: Mapping[str, Any]


@cache
def all_targets() -> tuple[Target, ...]:
    """Return the targets that are fitted to, and then those that are held back."""
    return (*calibration_targets(), *held_back_targets())


# ── reasons of misses ───────────────────────────────────────────────────────────────────────────────────
class Miss(Row):
    """One line of the table of likely reasons why a target is missed; it is read only where one is."""

    FILE: ClassVar[str] = "misses.csv"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: Slug
    reason_nl: Annotated[Sentence, Field(max_length=400)]
    reason_en: Annotated[Sentence, Field(max_length=400)]
    source: str = ""  # our own reading

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the columns in the order of the file."""
        return tuple(name for name in cls.model_fields if name != "source")


def load_reasons(folder: Path = FOLDER) -> Mapping[str, Mapping[str, str]]:
    """Return the likely reasons of misses by target and language.

    Raises:
        InputError: If the file has a mistake.
    """
    files = Folder(folder)
    table = files.table(Miss)
    if files.problems:
        raise files.problems[0]
    known = {target.id for target in all_targets()}
    for where, row in table.numbered():
        if row.id not in known:
            raise InputError(f"there is no target {row.id}", where, "an id of a table of targets")
    return {row.id: {"nl": row.reason_nl, "en": row.reason_en} for row in table.rows}


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────
def validate(predictive: Predictive, targets: Sequence[Target], reasons: Mapping[str, Mapping[str, str]]) -> Validation:
    """Compare predictive runs with what was reported.

    Args:
        predictive: Runs that were observed on these targets.
        targets: What was reported.
        reasons: Likely reasons of misses by target and language.
    """
    compared = tuple(_compare(predictive, target, reasons.get(target.id, {})) for target in targets)
    return Validation(
        compared,
        summarise(compared),
        {(place, track): _students(predictive, place, track) for place in PLACES for track in TRACKS},
        _survival(predictive),
        (len(predictive.posterior), len(predictive.prior)),
        predictive.about,
    )


def _compare(predictive: Predictive, target: Target, reasons: Mapping[str, str]) -> Comparison:
    posterior, prior = (values[:, 0] for values in predictive.of([target.id]))
    error = 0.0 if target.unit == ORDINAL else error_of(target)
    known = posterior[np.isfinite(posterior)]
    near = np.abs(known - target.observed) <= target.tolerance
    limits = _limits(target)
    return Comparison(
        target,
        spread(posterior, error, limits),
        spread(posterior),
        spread(prior, error, limits),
        spread(prior),
        len(known) / len(posterior),
        float(near.mean()) if len(near) else 0.0,
        reasons,
    )


def _limits(target: Target) -> tuple[float, float]:
    """Return what no report can go beyond: a number or a share is not below 0, and a share not above 1."""
    if "change" in target.operator:
        return -1.0, np.inf
    return 0.0, 1.0 if target.unit == "fraction" else np.inf


def spread(values: Floats, tolerance: float = 0.0, limits: tuple[float, float] = (-np.inf, np.inf)) -> Spread:
    """Return the spread of what a report would say of runs.

    Args:
        values: What runs show; NaN is left out.
        tolerance: Where 95 percent of the error of the report lies, on both sides; 0 for none.
        limits: What no report can go beyond.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return Spread(*[np.nan] * len(QUANTILES))
    if tolerance > 0:
        error = tolerance * TOLERANCE_SD * ndtri((np.arange(ERRORS) + 0.5) / ERRORS)
        known = np.clip((known[:, None] + error).ravel(), *limits)
    return Spread(*np.quantile(known, QUANTILES).tolist())


def summarise(comparisons: Iterable[Comparison]) -> Summary:
    """Count what is met."""
    every = tuple(comparisons)
    ordinal = [one for one in every if one.ordinal]
    fitted = [one for one in every if not one.ordinal and one.target.role == "calibrate"]
    kept = [one for one in every if not one.ordinal and one.target.role == "validate"]
    return Summary(
        calibrate=len(fitted),
        within_tolerance=sum(one.within_tolerance for one in fitted),
        calibrate_inside_90=sum(one.inside_90 for one in fitted),
        validate=len(kept),
        inside_90=sum(one.inside_90 for one in kept),
        inside_and_narrower=sum(one.inside_90 and one.relative_width < 1 for one in kept),
        median_relative_width=_median([one.relative_width for one in kept]),
        median_relative_width_calibrate=_median([one.relative_width for one in fitted]),
        ordinal=len(ordinal),
        ordinal_met=sum(one.met for one in ordinal),
    )


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.median(known)) if known else np.nan


# ── curves ──────────────────────────────────────────────────────────────────────────────────────────────
def _students(predictive: Predictive, place: str, track: str) -> Band:
    years = [int(name.split()[-1]) for name in predictive.columns if name.startswith(f"students {place} {track} ")]
    curves = predictive.of([students_column(place, track, year) for year in years])
    if place == "country":
        base = years.index(BASE_YEAR)
        curves = curves[0] / curves[0][:, base, None], curves[1] / curves[1][:, base, None]
    return _band(years, *curves)


def _band(years: Iterable[float], posterior: Floats, prior: Floats) -> Band:
    """Return the band over draws, shape (draws, years)."""
    low, median, high = np.nanquantile(posterior, (0.05, 0.5, 0.95), axis=0)
    prior_low, prior_high = np.nanquantile(prior, (0.05, 0.95), axis=0)
    return Band(tuple(years), median, low, high, prior_low, prior_high)


def _survival(predictive: Predictive) -> Survival:
    columns = [survival_column(end, quarters) for end in ENDS for quarters in range(FOLLOWED + 1)]
    posterior, prior = (
        counts.reshape(len(counts), len(ENDS), FOLLOWED + 1).astype(np.int64) for counts in predictive.of(columns)
    )
    curves = [np.array([_alive(counts) for counts in sample]) for sample in (posterior, prior)]
    pooled, low, high = _pooled(posterior.sum(axis=0))
    return Survival(_band(STEPS, *curves), pooled, low, high, float(posterior.sum(axis=(1, 2)).mean()))


def _seen(counts: np.ndarray) -> CensoredData:
    """Return the years that networks lived after the decision, or were followed, from counts by quarter."""
    years = np.arange(FOLLOWED + 1) / 4.0
    died, followed = (np.repeat(years, number) for number in counts)
    return CensoredData(uncensored=died, right=followed)


def _alive(counts: np.ndarray) -> Floats:
    """Return the Kaplan-Meier estimate at `STEPS` for counts of shape (ends, quarters); NaN of no partnership."""
    if not counts.sum():
        return np.full(len(STEPS), np.nan)
    alive: Floats = ecdf(_seen(counts)).sf.evaluate(np.array(STEPS))
    return alive


def _pooled(counts: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Return the estimate over all draws as one, with its 95 percent interval."""
    nothing = np.full(len(STEPS), np.nan)
    if not counts.sum():
        return nothing, nothing, nothing
    estimate = ecdf(_seen(counts)).sf
    with warnings.catch_warnings():  # where all live or none does it has no interval; then it stays NaN
        warnings.simplefilter("ignore", RuntimeWarning)
        interval = estimate.confidence_interval(0.95, method="log-log")
    low, high = (end.evaluate(np.array(STEPS)) for end in (interval.low, interval.high))
    return estimate.evaluate(np.array(STEPS)), low, high
