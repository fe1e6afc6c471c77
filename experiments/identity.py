"""What a run was made from: its inputs, the code and the versions, and one hash that says whether two are the same."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agents.parameter_fields import Parameters
from agents.parameters import as_dict, table_digest
from experiments.parameter_sets import shared_values
from experiments.runner import Experiment
from scenarios.scenario import START

SCHEMA_VERSION = 3
KIND = "run"
MODEL_FOLDERS = ("agents", "scenarios", "sim")
LIBRARIES = ("mesa", "numpy", "pandas", "scipy", "pyarrow")
PROJECT = "pps-ecosystem"


def describe(experiment: Experiment) -> dict[str, Any]:
    """Return what run.json says of an experiment, whatever machine, folder and day it is run on.

    Its `identity` is the same for two runs with the same inputs and the same code of the model.
    """
    inputs = {
        "schema_version": SCHEMA_VERSION,
        "scenario": experiment.scenario.model_dump(mode="json"),
        "parameters": _parameters(experiment),
        "seed": experiment.seed,
        "replicates": experiment.replicates,
        "scale": experiment.scale,
        "digests": {
            "region": experiment.pack.digest,
            "national": experiment.national.digest,
            "scenario": experiment.scenario.digest(),
            "parameters": _of_sets(_sets(experiment))[0],
            "parameter_table": table_digest(),
            "code": code_digest(),
        },
    }
    return {
        "kind": KIND,
        **inputs,
        "start": START,
        "until": experiment.scenario.until,
        "region": _names(experiment),
        "versions": versions(),
        "identity": digest(inputs),
    }


def _sets(experiment: Experiment) -> tuple[Parameters, ...]:
    return experiment.parameters.used(experiment.replicates)


@lru_cache(maxsize=64)
def _of_sets(sets: tuple[Parameters, ...]) -> tuple[str, Mapping[str, float]]:
    """Return the digest of sets of parameters, and what they share; many scenarios have the same sets."""
    return digest({"sets": [as_dict(each) for each in sets]}), shared_values(sets)


def _parameters(experiment: Experiment) -> dict[str, Any]:
    """Return where the parameters come from, the draw of each replicate, and the values that all replicates share."""
    sets, values = experiment.parameters, dict(_of_sets(_sets(experiment))[1])
    if not sets.posterior:
        return {"source": "default", "values": values}
    draws = [sets.draw(replicate) for replicate in range(experiment.replicates)]
    return {"source": "posterior", "digest": sets.posterior, "draws": draws, "values": values}


def _names(experiment: Experiment) -> dict[str, Any]:
    """Return what a reader of the results needs, so that it need not have the region pack: names, what is assumed."""
    pack = experiment.pack
    return {
        "name": pack.name,
        "title_nl": pack.title_nl,
        "title_en": pack.title_en,
        "regions": {region.id: region.name for region in pack.regions},
        "provinces": {province.id: province.name for province in pack.provinces},
        "assumed": [asdict(assumption) for assumption in pack.assumed],
        "sectors_nl": {sector.id: sector.name_nl for sector in experiment.national.sectors},
        "sectors_en": {sector.id: sector.name_en for sector in experiment.national.sectors},
    }


def digest(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_digest() -> str:
    """Return the SHA-256 over the code and tables of the model."""
    root = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for folder in MODEL_FOLDERS:
        for path in sorted(path for path in (root / folder).rglob("*") if path.suffix in (".py", ".csv")):
            content = path.read_bytes()
            total.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python, of the libraries that results depend on, and of this project."""
    installed = {name: _version(name) for name in (*LIBRARIES, PROJECT)}
    return {"python": platform.python_version(), **installed}


@cache
def _version(name: str) -> str:
    """Return the version of a library, which is read from disk once."""
    return version(name)
