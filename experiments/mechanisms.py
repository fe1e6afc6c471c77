"""Mechanisms that can be switched off, in all worlds that are compared, to see which effect they carry."""

from __future__ import annotations

import difflib
import reprlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from agents.errors import InputError
from experiments.runner import Experiment

TABLE = Path(__file__).with_name("mechanisms.toml")


@dataclass(frozen=True)
class Mechanism:
    """A rule of the model that parameters switch off.

    Attributes:
        name: As on the command line.
        codes: Codes of the mechanisms in the specification that it belongs to.
        title_nl: What it does, in Dutch.
        title_en: What it does, in English.
        parameters: Values with which it does not act. They may lie outside the ranges that are believed, such as a
            patience that no run lasts.
    """

    name: str
    codes: tuple[str, ...]
    title_nl: str
    title_en: str
    parameters: Mapping[str, float]


@cache
def mechanisms() -> Mapping[str, Mechanism]:
    """Return all by name, in the order of the file."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Mechanism(name, tuple(row.pop("codes")), **row) for name, row in rows.items()}


def find_mechanism(name: str, where: str) -> Mechanism:
    """Return a mechanism by its name.

    Raises:
        InputError: If there is none of that name.
    """
    known = mechanisms()
    if name not in known:
        near = difflib.get_close_matches(name[:60], known, n=1)
        hint = f"did you mean {near[0]}?" if near else ", ".join(known)
        raise InputError(f"unknown mechanism {reprlib.repr(name)}", where, hint)
    return known[name]


def without(experiment: Experiment, mechanism: Mechanism) -> Experiment:
    """Return an experiment in which a mechanism does not act; draws and seeds stay the same."""
    given = experiment.parameters
    values = {name: float(value) for name, value in mechanism.parameters.items()}
    sets = tuple(replace(one, **values) for one in given.sets)
    return replace(experiment, parameters=replace(given, sets=sets))
