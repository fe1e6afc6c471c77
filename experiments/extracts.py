"""What a comparison needs of a replicate, in a few tens of kilobytes instead of a few megabytes.

It is taken from the tables of a run, wherever these are: on disk, or of a replicate that has just finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agents.columns import Bools, Floats, Ints
from experiments.summary import TOTAL, sums_over_run
from sim.ledger import IN_KIND
from sim.outcomes import OUTCOMES, outcome_table

COURSES = (
    "networks_alive",
    "networks_after_subsidy",
    "networks_sustained",
    "valley_share",
    "regie_fte",
    "students_direct",
    "mkb_reached_share",
    "public_euros",
)
"""Outcomes of which the course in time is kept."""

PAYERS: Mapping[str, str] = {
    "rijk": "rijk",
    "province": "province",
    "gemeenten": "municipalities",
    "school": "schools",
    "hogeschool": "hogescholen",
    "mkb": "firms_mkb",
    "grootbedrijf": "firms_large",
    "oo-fondsen": "funds",
    "overige-partners": "other_partners",
}
"""Group of payers of each account in the ledger, by the name before the colon."""

TABLES = ("series", "partnerships", "ledger", "policies")
PARTNERSHIPS = ("replicate", "region", "sector", "network_alive", "network_death", "subsidy_end", "students_direct")

type Payments = Mapping[tuple[str, bool], Ints]


@dataclass(frozen=True)
class Extract:
    """What a comparison needs of one replicate.

    Attributes:
        replicate: Its number.
        ends: Every outcome by province and in total (`all`), in the order of `OUTCOMES`: a flow summed over the run,
            anything else as it is at the end.
        courses: The outcomes `COURSES` of all provinces by quarter, one row for each outcome.
        payments: Cents to partnerships and for policies by quarter, refunds taken off, by group of payers and whether
            it is in kind.
        partnerships: The table `partnerships`, a few columns of it.
        policies: The table `policies`.
    """

    replicate: int
    ends: Mapping[str, Floats]
    courses: Floats
    payments: Payments
    partnerships: pa.Table
    policies: pa.Table


def extracts_of(tables: Mapping[str, pa.Table], quarters: Sequence[str]) -> Iterator[Extract]:
    """Yield the extract of every replicate in the tables of a run, in their order.

    Args:
        tables: Those in `TABLES`; the rows of a replicate stand together.
        quarters: The quarters of the run.
    """
    tables = {**tables, "partnerships": tables["partnerships"].select(PARTNERSHIPS)}
    tables = {name: tables[name].unify_dictionaries().combine_chunks() for name in TABLES}
    numbers = {name: tables[name]["replicate"].to_numpy() for name in TABLES}
    for replicate in np.unique(numbers["series"]).tolist():
        own = {name: tables[name].slice(*_rows(numbers[name], replicate)) for name in TABLES}
        yield _extract(replicate, own, quarters)


def _rows(replicates: Ints, replicate: int) -> tuple[int, int]:
    """Return where the rows of a replicate begin, and how many there are."""
    first, after = np.searchsorted(replicates, [replicate, replicate + 1]).tolist()
    return first, after - first


def _extract(replicate: int, tables: Mapping[str, pa.Table], quarters: Sequence[str]) -> Extract:
    places, values = _values(tables["series"], quarters)
    total = values[:, places.index(TOTAL)]
    return Extract(
        replicate,
        ends={place: _ends(values[:, number]) for number, place in enumerate(places)},
        courses=total[:, [OUTCOMES.index(name) for name in COURSES]].T.copy(),
        payments=_payments(tables["ledger"], quarters),
        partnerships=tables["partnerships"],
        policies=tables["policies"],
    )


def _values(series: pa.Table, quarters: Sequence[str]) -> tuple[list[str], Floats]:
    """Return the places and the values, shape (quarters, places, outcomes); NaN where one is not defined."""
    places = pc.unique(series["province"]).to_pylist()
    values = np.full((len(quarters), len(places), len(OUTCOMES)), np.nan)
    index = tuple(
        _numbers(series[column], words)
        for column, words in (("quarter", quarters), ("province", places), ("outcome", OUTCOMES))
    )
    values[index] = series["value"].to_numpy()
    return places, values


def _numbers(column: pa.ChunkedArray, words: Sequence[str]) -> Ints:
    """Return for every row of a column of words the number of its word among those given; -1 for another."""
    coded = column.combine_chunks()
    known = {word: number for number, word in enumerate(words)}
    number = np.array([known.get(word, -1) for word in coded.dictionary.to_pylist()], dtype=np.int64)
    return number[coded.indices.to_numpy()] if len(coded) else np.zeros(0, dtype=np.int64)


_FLOWS = np.array([sums_over_run(outcome) for outcome in outcome_table().values()])


def _ends(values: Floats) -> Floats:
    return np.where(_FLOWS, np.nansum(values, axis=0), values[-1])


def _payments(ledger: pa.Table, quarters: Sequence[str]) -> Payments:
    """Return cents by quarter for each group of payers, in money and in kind."""
    payer, payee, stream = (ledger[side].combine_chunks() for side in ("payer", "payee", "stream"))
    refund = _say(stream, lambda name: name == "refund")
    counts = refund | _say(stream, lambda name: name.startswith("policy_"))
    counts |= _say(payee, lambda name: name.startswith("pps:"))
    sides = [[_group(account) for account in side.dictionary.to_pylist()] for side in (payer, payee)]
    groups = list(dict.fromkeys([*sides[0], *sides[1]]))
    by_payer, by_payee = (
        np.array([groups.index(group) for group in names], dtype=np.int64)[side.indices.to_numpy()]
        for side, names in zip((payer, payee), sides, strict=True)
    )
    group, kind = np.where(refund, by_payee, by_payer), _say(stream, IN_KIND.__contains__).astype(np.int64)
    cents = np.where(refund, -1, 1) * ledger["amount_cents"].to_numpy()
    sums = np.zeros((len(groups), 2, len(quarters)), dtype=np.int64)
    np.add.at(sums, (group[counts], kind[counts], _numbers(ledger["quarter"], quarters)[counts]), cents[counts])
    return {
        (name, bool(kind)): sums[number, kind]
        for number, name in enumerate(groups)
        for kind in (0, 1)
        if sums[number, kind].any()
    }


def _say(column: pa.DictionaryArray, holds: Callable[[str], bool]) -> Bools:
    """Return for every row whether something holds of its word; each word is looked at once."""
    words: Bools = np.array([holds(word) for word in column.dictionary.to_pylist()], dtype=bool)
    return words[column.indices.to_numpy()] if len(column) else np.zeros(0, dtype=bool)


def _group(account: str) -> str:
    """Return the group of payers of an account; one that is in none stands for itself."""
    name = account.partition(":")[0]
    return PAYERS.get(name, name)
