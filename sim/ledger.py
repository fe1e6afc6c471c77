"""Money moves only here: payer, payee, stream and a whole number of cents.

Accounts inside the world (schools, hogescholen, provinces, partnerships) hold cash and may not be overdrawn.
Accounts outside (the national treasury, firms, funds, those who are paid for work) are where money comes from
and goes to. The balances of all accounts together are always zero.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.columns import Ints

CENTS = 100

STREAMS = (
    "national_subsidy",
    "provincial_subsidy",
    "regie_funding",
    "school_contribution",
    "hogeschool_contribution",
    "firm_in_kind",
    "firm_cash",
    "membership_fees",
    "llo_fees",
    "oo_fund",
    "municipal_contribution",
    "budget",
    "regie",
    "programme",
    "in_kind_work",
    "school_regie",
    "refund",
    "policy_staff",
    "policy_work",
)
IN_KIND = ("firm_in_kind", "in_kind_work")
STREAM_NUMBER = {name: number for number, name in enumerate(STREAMS)}


_NOTHING = (0, *[np.zeros(0, dtype=np.int64)] * 4)  # an entry without payments


class LedgerError(RuntimeError):
    """A process tried to break the books; always a bug."""


def cents(euros: npt.ArrayLike) -> Ints:
    """Return euros as whole cents."""
    rounded: Ints = np.rint(np.asarray(euros, dtype=np.float64) * CENTS).astype(np.int64)
    return rounded


def whole_cents(euros: float) -> int:
    """Return one amount in euros as whole cents, as `cents` does for many."""
    return round(euros * CENTS)


def _pick(values: npt.ArrayLike, stream: Ints | None, some: Ints) -> Ints:
    """Return the value for each payment that is made: the one for all, for its stream (a column) or its place."""
    given: Ints = np.asarray(values)
    if not given.ndim:
        return given.repeat(len(some))
    return given[some] if given.ndim == 1 else given[:, 0][stream]


@dataclass(frozen=True)
class Flows:
    """All payments of a run as columns, one element per payment."""

    quarter: Ints
    payer: Ints
    payee: Ints
    stream: Ints
    amount: Ints


class Ledger:
    """The books of one run."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.inside: list[bool] = []
        self.balance: Ints = np.zeros(0, dtype=np.int64)
        self._least: Ints = np.zeros(0, dtype=np.int64)  # balance of each account: none is too low for one outside
        self.quarter = 0
        self._entries: list[tuple[int, Ints, Ints, Ints, Ints]] = []  # quarter, payers, payees, streams, cents

    def open(self, name: str, inside: bool) -> int:
        """Open an account and return its number.

        Args:
            name: Permanent name, such as `pps:teclab`.
            inside: Whether it holds cash that may not be overdrawn.
        """
        self.names.append(name)
        self.inside.append(inside)
        self.balance = np.append(self.balance, 0)
        self._least = np.append(self._least, 0 if inside else np.iinfo(np.int64).min)
        return len(self.names) - 1

    def pay(
        self, payer: npt.ArrayLike, payee: npt.ArrayLike, stream: str | Sequence[str], amount: npt.ArrayLike
    ) -> None:
        """Move whole cents from payers to payees.

        Args:
            payer: Account number, or one per payment; for several streams one per payee, or a column of one for each.
            payee: Account number, or one per payment.
            stream: One of `STREAMS`; or several, and then `amount` has a row for each.
            amount: Cents, one or one per payment; payments of zero are left out.

        Raises:
            LedgerError: If an amount is negative or not whole, or an inside account would be overdrawn.
        """
        amounts = np.asarray(amount)
        if amounts.dtype.kind != "i":
            raise LedgerError(f"{stream}: amounts must be whole cents")
        some = amounts.ravel().nonzero()[0]
        if not some.size:
            return
        amounts, row = amounts.take(some), None
        if isinstance(stream, str):
            streams = np.full(len(some), STREAM_NUMBER[stream])
        else:
            row, some = np.divmod(some, np.shape(amount)[1])
            streams = np.array([STREAM_NUMBER[name] for name in stream])[row]
        payers, payees = _pick(payer, row, some), _pick(payee, row, some)
        if amounts.min() < 0:
            raise LedgerError(f"{stream}: a payment is negative")
        np.subtract.at(self.balance, payers, amounts)
        np.add.at(self.balance, payees, amounts)
        short = (self.balance < self._least).nonzero()[0]
        if short.size:
            raise LedgerError(f"{stream}: {self.names[short[0]]} is overdrawn")
        self._entries.append((self.quarter, payers, payees, streams, amounts))

    def this_quarter(self) -> tuple[Ints, Ints, Ints]:
        """Return stream (its number), payee and cents of the payments of this quarter, what was paid last first."""
        entries = itertools.takewhile(lambda entry: entry[0] == self.quarter, reversed(self._entries))
        _, _, payees, streams, amounts = zip(_NOTHING, *entries, strict=True)
        return np.concatenate(streams), np.concatenate(payees), np.concatenate(amounts)

    def flows(self) -> Flows:
        """Return all payments so far, in the order in which they were made."""
        quarters, payers, payees, streams, amounts = zip(_NOTHING, *self._entries, strict=True)
        return Flows(
            np.repeat(quarters, [len(paid) for paid in amounts]),
            np.concatenate(payers),
            np.concatenate(payees),
            np.concatenate(streams),
            np.concatenate(amounts),
        )

    def check(self) -> None:
        """Check the books: all balances sum to zero and no inside account is overdrawn.

        Raises:
            LedgerError: If the books do not balance to the cent.
        """
        if self.balance.sum() != 0:
            raise LedgerError(f"the balances sum to {self.balance.sum()} cents instead of 0")
        overdrawn = [n for n, inside, b in zip(self.names, self.inside, self.balance, strict=True) if inside and b < 0]
        if overdrawn:
            raise LedgerError(f"overdrawn: {', '.join(overdrawn)}")
