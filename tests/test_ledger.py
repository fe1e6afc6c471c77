"""The ledger refuses what would break the books, and its journal tells the same as its balances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.ledger import STREAM_NUMBER, STREAMS, Ledger, LedgerError, cents


@pytest.fixture
def ledger() -> Ledger:
    """The state (outside), a school and a partnership (inside)."""
    books = Ledger()
    for name, inside in (("rijk", False), ("school", True), ("pps", True)):
        books.open(name, inside)
    return books


RIJK, SCHOOL, PPS = 0, 1, 2


def test_a_payment_moves_money(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 500)
    ledger.pay(SCHOOL, PPS, "school_contribution", 200)
    assert ledger.balance.tolist() == [-500, 300, 200]
    ledger.check()


def test_many_payments_at_once_may_meet_in_one_account(ledger: Ledger) -> None:
    ledger.pay(RIJK, [SCHOOL, PPS, PPS], "budget", np.array([5, 6, 7]))
    assert ledger.balance.tolist() == [-18, 5, 13]
    ledger.pay([SCHOOL, PPS], RIJK, "refund", np.array([5, 13]))
    assert not ledger.balance.any()


@pytest.mark.parametrize("amount", [-1, np.array([5, -1])])
def test_a_negative_payment_is_refused(ledger: Ledger, amount: Any) -> None:
    with pytest.raises(LedgerError, match="negative"):
        ledger.pay(RIJK, [SCHOOL, PPS], "budget", amount)


@pytest.mark.parametrize("amount", [1.0, np.array([1.5]), True])
def test_a_payment_that_is_not_whole_cents_is_refused(ledger: Ledger, amount: Any) -> None:
    with pytest.raises(LedgerError, match="whole cents"):
        ledger.pay(RIJK, SCHOOL, "budget", amount)


def test_an_inside_account_cannot_be_overdrawn(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 10)
    with pytest.raises(LedgerError, match="school is overdrawn"):
        ledger.pay(SCHOOL, PPS, "school_contribution", 11)


def test_two_payments_cannot_spend_the_same_money(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 10)
    with pytest.raises(LedgerError, match="overdrawn"):
        ledger.pay(SCHOOL, [PPS, RIJK], "school_contribution", np.array([6, 6]))


def test_an_outside_account_can(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 10**15)
    ledger.check()


def test_an_unknown_stream_is_a_bug(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        ledger.pay(RIJK, SCHOOL, "cadeau", 1)


def test_check_sees_money_from_nowhere(ledger: Ledger) -> None:
    ledger.balance[SCHOOL] += 1
    with pytest.raises(LedgerError, match="sum to 1 cents"):
        ledger.check()


def test_check_sees_an_overdrawn_account(ledger: Ledger) -> None:
    ledger.balance[SCHOOL] -= 1
    ledger.balance[RIJK] += 1
    with pytest.raises(LedgerError, match="overdrawn: school"):
        ledger.check()


def test_payments_of_nothing_are_left_out(ledger: Ledger) -> None:
    ledger.pay(RIJK, [SCHOOL, PPS], "budget", np.array([0, 3]))
    ledger.pay(RIJK, SCHOOL, "budget", 0)
    flows = ledger.flows()
    assert flows.amount.tolist() == [3]
    assert flows.payee.tolist() == [PPS]


def test_an_empty_journal_is_empty() -> None:
    assert [len(column) for column in vars(Ledger().flows()).values()] == [0] * 5


def test_this_quarter_tells_only_this_quarter(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 1)
    ledger.quarter = 1
    assert [part.tolist() for part in ledger.this_quarter()] == [[], [], []]
    ledger.pay(RIJK, SCHOOL, "budget", 2)
    ledger.pay(SCHOOL, PPS, "school_regie", 3)
    told = [part.tolist() for part in ledger.this_quarter()]
    assert told == [[STREAM_NUMBER["school_regie"], STREAM_NUMBER["budget"]], [PPS, SCHOOL], [3, 2]]


def test_several_streams_at_once_are_what_they_are_one_by_one() -> None:
    def books() -> Ledger:
        opened = Ledger()
        for number in range(6):
            opened.open(str(number), inside=False)
        return opened

    def told(ledger: Ledger) -> list[tuple[int, ...]]:
        return sorted(zip(*(column.tolist() for column in vars(ledger.flows()).values()), strict=True))

    amounts = np.array([[5, 0, 7], [1, 2, 0]])
    together, apart = books(), books()
    together.pay([[0], [1]], [3, 4, 5], ("budget", "oo_fund"), amounts)  # a payer per stream
    together.pay([3, 4, 5], 2, ("regie", "programme"), amounts)  # a payer per place
    for payer, stream, row in ((0, "budget", amounts[0]), (1, "oo_fund", amounts[1])):
        apart.pay(payer, [3, 4, 5], stream, row)
    for stream, row in (("regie", amounts[0]), ("programme", amounts[1])):
        apart.pay([3, 4, 5], 2, stream, row)
    assert told(together) == told(apart)
    assert len(told(together)) == 8
    assert together.balance.tolist() == apart.balance.tolist() == [-12, -3, 15, 0, 0, 0]


def test_accounts_opened_later_start_empty(ledger: Ledger) -> None:
    ledger.pay(RIJK, SCHOOL, "budget", 1)
    new = ledger.open("pps:nieuw", inside=True)
    assert new == 3
    assert ledger.balance[new] == 0
    ledger.pay(RIJK, new, "budget", 5)
    assert ledger.balance.tolist() == [-6, 1, 0, 5]


payments = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from(STREAMS), st.integers(0, 10**9)), max_size=30
)


@given(payments)
def test_the_journal_adds_up_to_the_balances(made: list[tuple[int, int, str, int]]) -> None:
    books = Ledger()
    for number in range(5):
        books.open(str(number), inside=False)
    plain = [0] * 5
    for quarter, (payer, payee, stream, amount) in enumerate(made):
        books.quarter = quarter
        books.pay(payer, payee, stream, amount)
        plain[payer] -= amount
        plain[payee] += amount
    books.check()
    assert books.balance.tolist() == plain
    flows = books.flows()
    some = [(q, *payment) for q, payment in enumerate(made) if payment[3]]
    assert flows.quarter.tolist() == [q for q, *_ in some]
    assert flows.payer.tolist() == [payer for _, payer, *_ in some]
    assert flows.payee.tolist() == [payee for _, _, payee, *_ in some]
    assert flows.stream.tolist() == [STREAM_NUMBER[stream] for *_, stream, _ in some]
    assert flows.amount.tolist() == [amount for *_, amount in some]


@given(st.floats(0, 1e9))
def test_cents_are_the_nearest_whole_number(euros: float) -> None:
    assert cents(euros).dtype == np.int64
    assert abs(int(cents(euros)) - 100 * euros) <= 0.5 + 1e-6
