"""The calibration for people: what was learnt, what was not, and whether the inference can be trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from app.tables import new_table
from app.words import Words


def learnt_table(about: Mapping[str, Any], words: Words) -> Table:
    """Return the parameters that move targets, the best identified first.

    Args:
        about: What `about.json` of a posterior says.
        words: The language.
    """
    table = new_table()
    table.add_column(words("calibrate.parameter"), no_wrap=True)
    heads = words("calibrate.low"), words("calibrate.median"), words("calibrate.high"), words("calibrate.width")
    for head in heads:
        table.add_column(head, justify="right")
    for row in about["parameters"]:
        numbers = (words.number(row[key], _digits(row[key])) for key in ("low_90", "median", "high_90"))
        table.add_row(
            row["name"], *numbers, words.percent(row["relative_width"]), style="" if row["identified"] else "dim"
        )
    return table


def _digits(value: float) -> int:
    """Return the decimals that show three digits."""
    return max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0


def checks(about: Mapping[str, Any], words: Words) -> list[str]:
    """Return what the checks of the inference found, in sentences."""
    found = []
    if check := about["self_check"]:
        shares = {key: words.percent(check[key]) for key in ("inside_50", "inside_90")}
        met = {"met": check["targets_met"]["median"], "targets": check["targets"]}
        found.append(words("calibrate.self_check", worlds=check["worlds"], **shares, **met))
    if search := about["cross_check"]:
        found.append(words("calibrate.cross_check", inside=search["inside_90"], of=search["parameters"]))
    return found
