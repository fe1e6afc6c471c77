"""Money to the cent and students to the head, after every quarter of random worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given

from agents.columns import Ints
from agents.partnership import Decision, Status
from scenarios.national import Call
from sim.ledger import STREAM_NUMBER
from sim.model import PpsModel
from tests.worlds import Case, cases, examples, in_euros, live

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # nothing may become NaN unseen


def quarters(model: PpsModel) -> Iterator[PpsModel]:
    """Live quarter by quarter."""
    for _ in range(model.calendar.quarters):
        yield live(model, 1)


def paid(model: PpsModel, stream: str, to: Ints) -> Ints:
    """Cents that accounts received in a stream since the start."""
    flows = model.ledger.flows()
    mine = flows.stream == STREAM_NUMBER[stream]
    received = np.zeros(len(model.ledger.names), dtype=np.int64)
    np.add.at(received, flows.payee[mine], flows.amount[mine])
    return received[to]


# ── what must hold after every quarter ──────────────────────────────────────────────────────────────────


def books_balance(model: PpsModel) -> None:
    model.check()
    assert model.ledger.balance.dtype == np.int64


def journal_adds_up_to_the_balances(model: PpsModel) -> None:
    flows = model.ledger.flows()
    again = np.zeros(len(model.ledger.names), dtype=np.int64)
    np.add.at(again, flows.payee, flows.amount)
    np.subtract.at(again, flows.payer, flows.amount)
    assert np.array_equal(again, model.ledger.balance)
    assert not len(flows.amount) or flows.amount.min() > 0
    assert np.all(np.diff(flows.quarter) >= 0)
    assert not len(flows.quarter) or flows.quarter.max() <= model.quarter


def no_cash_is_negative(model: PpsModel) -> None:
    inside = np.array(model.ledger.inside)
    assert model.ledger.balance[inside].min() >= 0
    assert all(pps.cash >= 0 for pps in model.partnerships)


def subsidy_paid_is_what_was_due(model: PpsModel) -> None:
    pps, now = model.pps, model.quarter
    for stream, due in (("national_subsidy", pps.due_national), ("provincial_subsidy", pps.due_provincial)):
        assert np.array_equal(paid(model, stream, pps.account), due[:, : now + 1].sum(axis=1)), stream


def subsidy_due_is_what_was_granted(model: PpsModel) -> None:
    """Unless it was cancelled by stopping, or is paid out after the end of the run."""
    pps = model.pps
    granted: dict[int, list[int]] = {}
    for event in model.events:
        if event.what in ("founded", "granted"):
            granted.setdefault(event.pps, []).append(event.detail["euros"])
    total = pps.due_national.sum(axis=1)
    for row, euros in granted.items():
        if pps.stopped[row] >= 0 or len(euros) > 1 or pps.subsidy_end[row] >= model.calendar.quarters:
            assert total[row] <= 100 * sum(euros) + 100 * len(euros)
        else:
            assert total[row] // 100 == euros[0]


def a_stopped_pps_gets_no_more_subsidy(model: PpsModel) -> None:
    pps, now = model.pps, model.quarter
    stopped = pps.status == Status.STOPPED
    assert not pps.due_national[stopped, now + 1 :].any()
    assert not pps.due_provincial[stopped, now + 1 :].any()
    assert not model.ledger.balance[pps.account[stopped]].any()


def provinces_promised_what_is_still_due(model: PpsModel) -> None:
    pps = model.pps
    ahead = pps.due_provincial[:, model.quarter + 1 :].sum(axis=1)
    for province in model.provinces:
        assert province.promised == ahead[pps.province == province.row].sum()
        assert province.budget >= province.promised


def grants_stay_below_the_ceiling(model: PpsModel) -> None:
    """A round grants at most what the call has, and what January left over in June."""
    now = model.calendar.label(model.quarter)
    calls: dict[str, Call] = {call.scheme: call for call in model.national.calls if call.quarter == now}
    for call in model.open_calls:
        euros = sum(
            event.detail["euros"]
            for event in model.events
            if event.step == model.quarter
            and event.detail.get("scheme") == call.scheme
            and not model.pps_ids[event.pps].startswith("known/")
        )
        assert 100 * euros <= call.ceiling
        own = in_euros(calls[call.scheme].ceiling_euro)
        if now.endswith("Q1"):
            assert call.ceiling == own
        else:
            january = [c for c in model.national.calls if (c.scheme, c.quarter) == (call.scheme, now[:4] + "-Q1")]
            assert own <= call.ceiling <= own + sum(in_euros(c.ceiling_euro) for c in january)


def students_are_whole_heads(model: PpsModel) -> None:
    enrolment = model.enrolment
    assert enrolment.stock.dtype == np.int64
    assert enrolment.stock.min() >= 0
    assert enrolment.turned_away >= 0
    for year in enrolment.years[-1:]:
        for flow in (year.inflow, year.graduates, year.leavers):
            assert flow.dtype == np.int64
            assert flow.min() >= 0
        before = enrolment.years[-2].stock if len(enrolment.years) > 1 else enrolment.start
        assert np.array_equal(before + year.inflow - year.graduates - year.leavers, year.stock)
        assert np.all(year.graduates + year.leavers <= before)


def nobody_teaches_nothing(model: PpsModel) -> None:
    """There are no students in a sector that a school does not teach; only level 1 is in entree."""
    entree = model.sector_number["entree"]
    assert not model.enrolment.stock[:, entree, 1:].any()
    others = np.delete(np.arange(model.n_sectors), entree)
    assert not model.enrolment.stock[:, others, 0].any()


CHECKS: tuple[Callable[[PpsModel], None], ...] = (
    books_balance,
    journal_adds_up_to_the_balances,
    no_cash_is_negative,
    subsidy_paid_is_what_was_due,
    subsidy_due_is_what_was_granted,
    a_stopped_pps_gets_no_more_subsidy,
    provinces_promised_what_is_still_due,
    grants_stay_below_the_ceiling,
    students_are_whole_heads,
    nobody_teaches_nothing,
)


def check_all(case: Case) -> None:
    for model in quarters(case.model()):
        for check in CHECKS:
            check(model)


@given(cases())
@examples(120)
def test_every_quarter_of_a_short_run(case: Case) -> None:
    check_all(case)


@pytest.mark.slow
@given(cases(quarters=None))
@examples(10)
def test_every_quarter_of_a_full_run(case: Case) -> None:
    check_all(case)


@given(cases(quarters=(8, 8)))
@examples(30)
def test_as_many_students_start_as_the_pack_says(case: Case) -> None:
    model = case.model()
    counted = sum(school.students for school in model.pack.schools)
    assert model.enrolment.stock.sum() == counted
    per_school = model.enrolment.stock.sum(axis=(1, 2, 3))
    assert per_school.min() >= 0


@pytest.mark.statistical
def test_every_grant_of_a_province_is_paid_to_the_cent(brabant_run: PpsModel) -> None:
    """Over a whole run: granted, less what stopping cancelled, is what the state paid."""
    pps = brabant_run.pps
    went_on = np.flatnonzero((pps.decision > 0) & (pps.decision != Decision.STOP) & (pps.scaled_up < 0))
    assert len(went_on) > 10
    received = paid(brabant_run, "national_subsidy", pps.account)
    granted = {event.pps: event.detail["euros"] for event in brabant_run.events if event.what == "founded"}
    assert [received[row] // 100 for row in went_on] == [granted[int(row)] for row in went_on]
