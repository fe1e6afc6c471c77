"""The posterior: what a fit leaves behind, as a folder of small files, and what a run draws its parameters from.

`about.json` says from what it was made. A posterior belongs to the version of the model that it was fitted with:
that is checked before it is used, by the code or, if code was changed without effect, by a short run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from agents.columns import Floats
from agents.errors import InputError
from agents.parameters import make_parameters, parameter_table
from experiments.identity import code_digest
from experiments.priors import load_prior

SHIPPED = Path(__file__).parents[1] / "calibration" / "fitted"
DRAWS, ABOUT = "draws.parquet", "about.json"
SCHEMA_VERSION = 1
ALLOWED = "a folder as `pps calibrate --out` writes it, fitted with this version of the model"


@dataclass(frozen=True)
class Posterior:
    """Draws of all uncertain parameters, in random order; each counts as much as another.

    Attributes:
        names: Names of the parameters.
        values: Their values, shape (draws, parameters).
        about: From what it was made, as in `about.json`.
    """

    names: tuple[str, ...]
    values: Floats
    about: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.values)

    def draw(self, number: int) -> dict[str, float]:
        """Return the parameters of one draw by name; after the last draw comes the first."""
        return dict(zip(self.names, self.values[number % len(self.values)].tolist(), strict=True))

    @property
    def digest(self) -> str:
        """The SHA-256 of the draws."""
        text = "\n".join(self.names)
        return hashlib.sha256(text.encode() + np.ascontiguousarray(self.values).tobytes()).hexdigest()


def load_posterior(folder: Path = SHIPPED) -> Posterior:
    """Read a posterior and check that it belongs to this version of the model.

    Args:
        folder: Where it is; by default the one that comes with the project.

    Raises:
        InputError: If it is not there, broken, or of another version of the model.
    """
    posterior = _read(folder)
    _check_version(posterior, folder)
    return posterior


def _read(folder: Path) -> Posterior:
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        table = pq.read_table(folder / DRAWS)
        posterior = Posterior(
            tuple(table.column_names), np.column_stack([column.to_numpy() for column in table.columns]), about
        )
        known = [about[key] for key in ("schema_version", "digest", "code", "fingerprint", "ranges")]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        raise InputError("there is no readable posterior", str(folder), ALLOWED) from None
    if known[:2] != [SCHEMA_VERSION, posterior.digest] or not len(posterior):
        raise InputError("the draws are not those that about.json describes", str(folder), ALLOWED)
    return posterior


def _check_version(posterior: Posterior, folder: Path) -> None:
    table = parameter_table()
    for name, values in zip(posterior.names, posterior.values.T, strict=True):
        if name not in table:
            raise InputError(f"its parameter {name} is no longer there", str(folder), ALLOWED)
        if not (values.min() >= table[name].low and values.max() <= table[name].high):
            raise InputError(f"its {name} is outside the range of the parameter", str(folder), ALLOWED)
    about = posterior.about
    if about["ranges"] != load_prior().digest(posterior.names):
        raise InputError("the ranges of its parameters were others", str(folder), ALLOWED)
    if about["code"] != code_digest() and about["fingerprint"] != fingerprint():
        raise InputError("it was fitted with another version of the model", str(folder), ALLOWED)


def write_posterior(names: tuple[str, ...], values: Floats, about: Mapping[str, Any], folder: Path) -> Posterior:
    """Write a posterior and return it.

    Raises:
        InputError: If the folder cannot be written.
    """
    posterior = Posterior(names, values, about)
    known = {
        "schema_version": SCHEMA_VERSION,
        "digest": posterior.digest,
        "code": code_digest(),
        "fingerprint": fingerprint(),
        "ranges": load_prior().digest(names),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(dict(zip(names, values.T, strict=True))), folder / DRAWS, compression="zstd")
        text = json.dumps(known | dict(about), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / ABOUT).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write the posterior: {error.strerror}", str(folder), "a folder to write in") from None
    return Posterior(names, values, known | dict(about))


@cache
def fingerprint() -> str:
    """Return what the model does in a short run, as one hash: equal for code that was changed without effect.

    Parameters are in the middle of their ranges, so that new defaults leave it as it is; heads and cents are whole
    numbers and flows are put in order, so that a new outcome or another order of paying leaves it as it is.
    """
    from scenarios.region import load_region
    from scenarios.scenario import load_scenario
    from sim.model import PpsModel

    prior = load_prior()
    middle = prior.values(np.full(len(prior.names), 0.5))
    parameters = make_parameters(dict(zip(prior.names, middle.tolist(), strict=True)))
    model = PpsModel(load_region("noord-brabant"), load_scenario("baseline"), parameters, scale=0.02).run()
    flows = model.ledger.flows()
    order = np.lexsort((flows.amount, flows.stream, flows.quarter))
    total = hashlib.sha256()
    for part in (
        flows.quarter[order],
        flows.stream[order],
        flows.amount[order],
        model.enrolment.stock,
        model.pps.decision,
    ):
        total.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
    return total.hexdigest()
