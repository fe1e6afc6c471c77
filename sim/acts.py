"""What policies may do: pay through the ledger within their budget, and call on the processes.

A policy has one fund a year at each of its payers: every province for its own partnerships, or the state for all. Who
was helped before in that year or the last comes first; then the others in the order in which the policy puts them. As
soon as one does not fit in what is left of the year, those behind it go without, and the run says how many.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from agents.columns import Bools, Floats, Ints
from agents.partnership import Decision, Kind, Payer, Role
from scenarios.policy import Policy
from sim.activity import trust
from sim.calls import schedule
from sim.initiation import Plan, consortium_members, start, willing_hogescholen
from sim.ledger import CENTS, cents, whole_cents
from sim.money import regie_need
from sim.network import carried_by, count_partners, join
from sim.valley import stop

if TYPE_CHECKING:
    from sim.model import PpsModel

STATE = -1
"""Stands for the state where a payer is named by the number of its province."""
UNLIMITED = int(np.iinfo(np.int64).max // 2)  # cents; what is added to it still fits


@dataclass
class Fund:
    """What one payer spends on one policy in one calendar year.

    Attributes:
        policy: Name of the policy.
        province: Number of the province that pays; `STATE` for the state.
        year: Calendar year.
        budget: Cents that may be spent; `UNLIMITED` if nothing limits it.
        spent: Cents that were spent.
        kept: Cents kept for the quarters that are left of the year: staff, and grants that go on.
        steady: Cents of grants that go on, paid this quarter.
        promised: Cents a quarter that were promised this quarter, by partnership.
        quarter: Quarter to which `kept`, `steady` and `promised` refer.
        asked: Who asked for help.
        served: Who got it.
    """

    policy: str
    province: int
    year: int
    budget: int
    spent: int = 0
    kept: int = 0
    steady: int = 0
    promised: dict[int, int] = field(default_factory=dict)
    quarter: int = -1
    asked: set[str] = field(default_factory=set)
    served: set[str] = field(default_factory=set)

    @property
    def free(self) -> int:
        """Cents that can still be given away this year."""
        return self.budget - self.spent - self.kept


class Acts:
    """What policies may do in one run.

    Args:
        model: The run.
    """

    def __init__(self, model: PpsModel) -> None:
        self.model = model
        self.funds: dict[tuple[str, int, int], Fund] = {}
        self._helped: dict[str, dict[str, int]] = {}  # by policy: who was helped, and when first
        self._told: set[tuple[str, str, int]] = set()
        self._committed: dict[int, Policy] = {}  # who pays the grants of a partnership that stand in `due_policy`
        self._weak: dict[str, dict[int, int]] = {}  # by policy and partnership, in how many reviews on end it was weak

    # ── money ───────────────────────────────────────────────────────────────────────────────────────────
    def pay(self, policy: Policy, rows: Ints, amount: Ints, regie: bool = False, goes_on: bool = False) -> Bools:
        """Pay partnerships, as far as the budget reaches.

        Args:
            policy: On behalf of which policy.
            rows: Partnerships, those that come first at the front.
            amount: Cents, one per partnership.
            regie: Whether the money is for regie and nothing else.
            goes_on: Whether the same is expected in the quarters that follow, so that money is kept for it.

        Returns:
            Which partnerships were paid.
        """
        pps = self.model.pps
        who = self._names(rows)
        paid = self._serve(policy, who, pps.province[rows], amount, goes_on)
        of_province = "regie_funding" if regie else "provincial_subsidy"
        stream = of_province if policy.payer == "province" else "national_subsidy"
        self._spend(policy, pps.province[rows[paid]], pps.account[rows[paid]], stream, amount[paid])
        if regie:
            np.add.at(pps.earmarked, rows[paid], amount[paid])
        self._tell_all(policy, rows[amount > 0], paid[amount > 0])
        return paid

    def buy(
        self,
        policy: Policy,
        who: list[str],
        province: Ints,
        amount: Ints,
        payee: npt.ArrayLike | None = None,
        goes_on: bool = False,
    ) -> Bools:
        """Pay for something that is done for others than partnerships, as far as the budget reaches.

        Args:
            policy: On behalf of which policy.
            who: For whom, such as `school:curio`; those that come first at the front.
            province: Number of the province in which each is.
            amount: Cents, one for each.
            payee: Account that is paid, one for all or one for each; by default who does the work.
            goes_on: As in `pay`.

        Returns:
            Who was helped.
        """
        helped = self._serve(policy, who, province, amount, goes_on)
        to = np.broadcast_to(self.model.accounts["uitvoering"] if payee is None else payee, len(who))[helped]
        self._spend(policy, province[helped], to, "policy_work", amount[helped])
        self._elsewhere(province[helped], amount[helped])
        return helped

    def provide(self, policy: Policy, rows: Ints, amount: Ints, goes_on: bool = False) -> Bools:
        """Buy something for partnerships that others make or do, as far as the budget reaches.

        Args:
            policy: On behalf of which policy.
            rows: Partnerships, those that come first at the front.
            amount: Cents, one per partnership.
            goes_on: As in `pay`.

        Returns:
            Which partnerships were helped.
        """
        helped = self.buy(policy, self._names(rows), self.model.pps.province[rows], amount, goes_on=goes_on)
        self._tell_all(policy, rows[amount > 0], helped[amount > 0])
        return helped

    def free(self, policy: Policy, province: int) -> int:
        """Return the cents that a policy can still give away this year to who is in a province."""
        return self._fund(policy, self._payer(policy, province)).free

    def help_plan(self, policy: Policy, plan: Plan, euros: float) -> bool:
        """Pay for work on a plan, as far as the budget reaches; what costs nothing is always done."""
        amount, province = cents([euros]), self.model.province_of[[plan.region]]
        return not amount[0] or bool(self.buy(policy, [f"pps:{plan.identity}"], province, amount)[0])

    def pay_staff(self) -> None:
        """Pay the payers' own staff for the policies in force, and keep what the rest of the year costs."""
        model = self.model
        season = model.calendar.season(model.quarter)
        work = model.accounts["uitvoering"]
        for policy in model.policies_in_force():
            yearly = whole_cents(policy.staff_euro_year)
            quarterly = season * yearly // 4 - (season - 1) * yearly // 4  # four quarters are a year to the cent
            for province in self._payers(policy):
                fund = self._fund(policy, province)
                fund.spent += quarterly
                fund.kept = yearly - season * yearly // 4
                places = self.provinces(policy).nonzero()[0] if province == STATE else np.array([province])
                each = np.full(len(places), quarterly // len(places), dtype=np.int64)
                each[: quarterly % len(places)] += 1
                self._transfer(policy, places, np.full(len(places), work), "policy_staff", each)
                self._elsewhere(places, each)

    def commit(self, policy: Policy, row: int, due: Ints) -> bool:
        """Grant a partnership payments over several years, if every year's budget allows it.

        What is granted is paid, also after the policy has ended. A partnership has such grants of one policy at a time.

        Args:
            policy: On behalf of which policy.
            row: The partnership.
            due: Cents per quarter of the run.
        """
        pps = self.model.pps
        if self._committed.get(row, policy) is not policy and pps.due_policy[row, self.model.quarter :].any():
            return False
        who = f"pps:{self.model.pps_ids[row]}"
        granted = self._grant(policy, who, int(pps.province[row]), due)
        if granted:
            pps.due_policy[row] += due
            self._committed[row] = policy
        self._tell(policy, row, "supported" if granted else "passed_over")
        return granted

    def start(self, policy: Policy, plan: Plan) -> bool:
        """Start a plan that a call refused, paid over several years by a policy, if every year's budget allows it.

        Args:
            policy: On behalf of which policy.
            plan: The plan; it gets what it asked for, on the terms of that call.
        """
        model = self.model
        assert plan.terms is not None
        due = schedule(plan.request, plan.terms.profile, model.quarter + 1, model.calendar.quarters)
        if not self._grant(policy, f"pps:{plan.identity}", int(model.province_of[plan.region]), due):
            return False
        row = start(model, plan, "policy")
        model.pps.due_policy[row] += due
        self._committed[row] = policy
        return True

    def pay_commitments(self) -> None:
        """Pay the grants that are due this quarter."""
        model = self.model
        for row, policy in self._committed.items():
            amount = model.pps.due_policy[row, model.quarter : model.quarter + 1]
            if amount[0]:
                stream = "provincial_subsidy" if policy.payer == "province" else "national_subsidy"
                place = model.pps.province[row : row + 1]
                self._fund(policy, self._payer(policy, int(place[0]))).spent += int(amount[0])
                self._transfer(policy, place, model.pps.account[row : row + 1], stream, amount)

    def _grant(self, policy: Policy, who: str, province: int, due: Ints) -> bool:
        """Say whether payments over several years can be granted, and keep count of who asked and who got them."""
        payer = self._payer(policy, province)
        fund, fits = self._fund(policy, payer), self._fits(policy, payer, due)
        fund.asked.add(who)
        if fits:
            fund.served.add(who)
        return fits

    def _fits(self, policy: Policy, province: int, due: Ints) -> bool:
        """Say whether payments fit in the budgets of the years in which they fall, beside all that is granted."""
        if policy.budget_euro_year is None:
            return True
        model = self.model
        mine = [row for row, payer in self._committed.items() if payer is policy]
        mine = [row for row in mine if self._payer(policy, int(model.pps.province[row])) == province]
        ahead = model.pps.due_policy[mine, model.quarter + 1 :].sum(axis=0) + due[model.quarter + 1 :]
        years = np.array([model.calendar.year(step) for step in range(model.quarter + 1, model.calendar.quarters)])
        now = model.calendar.year(model.quarter)
        fund = self._fund(policy, province)
        staff = whole_cents(policy.staff_euro_year)
        room = whole_cents(policy.budget_euro_year) - staff
        return bool(
            ahead[years == now].sum() <= fund.free
            and all(ahead[years == year].sum() <= room for year in np.unique(years[years > now]))
        )

    def _serve(self, policy: Policy, who: list[str], province: Ints, amount: Ints, goes_on: bool) -> Bools:
        """Say who can be paid, and keep count of who asked and who went without."""
        rest = self._quarters_left() if goes_on else 0
        helped = self._helped.setdefault(policy.name, {})
        before = np.array([one in helped for one in who], dtype=bool)
        served = np.zeros(len(who), dtype=bool)
        wanted = (amount > 0).nonzero()[0]
        for payer in self._payers(policy):
            fund = self._fund(policy, payer)
            mine = wanted if payer == STATE else wanted[province[wanted] == payer]
            mine = np.concatenate([mine[before[mine]], mine[~before[mine]]])
            within = (amount[mine] * (1 + rest)).cumsum() <= fund.free
            served[mine[within]] = True
            given = int(amount[mine[within]].sum())
            fund.kept += given * rest
            fund.steady += given if goes_on else 0
            fund.asked.update(who[i] for i in mine.tolist())
            fund.served.update(who[i] for i in mine[within].tolist())
        for i in served.nonzero()[0].tolist():
            helped.setdefault(who[i], self.model.quarter)
        return served

    def _spend(self, policy: Policy, province: Ints, payees: Ints, stream: str, amount: Ints) -> None:
        for payer in self._payers(policy):
            mine = amount if payer == STATE else amount[province == payer]
            self._fund(policy, payer).spent += int(mine.sum())
        self._transfer(policy, province, payees, stream, amount)

    def _transfer(self, policy: Policy, province: Ints, payees: Ints, stream: str, amount: Ints) -> None:
        """Move money from the payers; a province gets it first, as it spends it beside what it does already."""
        model, rijk = self.model, self.model.accounts["rijk"]
        payers = np.full(len(amount), rijk)
        if policy.payer == "province":
            payers = np.array([one.account for one in model.provinces], dtype=np.int64)[province]
            model.ledger.pay(rijk, payers, "budget", amount)
        model.ledger.pay(payers, payees, stream, amount)
        np.add.at(model.policy_cents[:, model.quarter], province, amount)

    def _elsewhere(self, province: Ints, amount: Ints) -> None:
        np.add.at(self.model.policy_cents_elsewhere[:, self.model.quarter], province, amount)

    def _quarters_left(self) -> int:
        """Return the quarters of this year that come after this one."""
        return 4 - self.model.calendar.season(self.model.quarter)

    def _payers(self, policy: Policy) -> list[int]:
        """Return who pays a policy: the provinces that have a region in which it is meant, or the state."""
        if policy.payer == "rijk":
            return [STATE]
        return np.flatnonzero(self.provinces(policy)).tolist()

    def _payer(self, policy: Policy, province: int) -> int:
        return STATE if policy.payer == "rijk" else province

    def _fund(self, policy: Policy, province: int) -> Fund:
        """Return the fund of this year, with what is kept of it brought up to this quarter."""
        model = self.model
        year = model.calendar.year(model.quarter)
        fund = self.funds.get((policy.name, province, year))
        if fund is None:
            limit = UNLIMITED if policy.budget_euro_year is None else whole_cents(policy.budget_euro_year)
            fund = self.funds[policy.name, province, year] = Fund(policy.name, province, year, limit)
        if fund.quarter != model.quarter:
            fund.quarter, fund.kept, fund.steady, fund.promised = model.quarter, 0, 0, {}
        return fund

    def _tell(self, policy: Policy, row: int, what: str) -> None:
        """Tell it in the life of a partnership, the first time that it happens."""
        if (policy.name, what, row) not in self._told:
            self._told.add((policy.name, what, row))
            self.model.tell(row, what, policy=policy.name)

    def _tell_all(self, policy: Policy, rows: Ints, helped: Bools) -> None:
        for row, yes in zip(rows.tolist(), helped.tolist(), strict=True):
            self._tell(policy, row, "supported" if yes else "passed_over")

    def _names(self, rows: Ints) -> list[str]:
        return [f"pps:{self.model.pps_ids[row]}" for row in rows]

    # ── who is eligible ─────────────────────────────────────────────────────────────────────────────────
    def eligible(self, policy: Policy) -> Bools:
        """Say which partnerships are in the regions and sectors for which a policy is meant, and not stopped."""
        pps = self.model.pps
        region, sector = self.places(policy)
        where: Bools = region[pps.region] & sector[pps.sector] & (pps.stopped < 0)
        return where

    def places(self, policy: Policy) -> tuple[Bools, Bools]:
        """Return the regions, as far as they lie in its provinces, and the sectors for which a policy is meant."""
        model = self.model
        region, sector = np.ones(model.n_regions, dtype=bool), np.ones(model.n_sectors, dtype=bool)
        if policy.regions is not None:
            region[:] = False
            region[[model.region_number[name] for name in policy.regions]] = True
        if policy.provinces is not None:
            region &= np.isin(model.province_of, [model.province_number[name] for name in policy.provinces])
        if policy.sectors is not None:
            sector[:] = False
            sector[[model.sector_number[name] for name in policy.sectors]] = True
        return region, sector

    def meant_for(self, policy: Policy, plan: Plan) -> bool:
        """Say whether a plan is in the regions and sectors for which a policy is meant."""
        region, sector = self.places(policy)
        return bool(region[plan.region] and sector[plan.sector])

    def predecessors(self, plan: Plan) -> Ints:
        """Return the partnerships that a plan can build on: networks that live, near by, in a related sector."""
        model, pps = self.model, self.model.pps
        near = model.pack.adjacency[plan.region].copy()
        near[plan.region] = True
        related = model.recruits[plan.sector] | model.recruits[:, plan.sector]
        return np.flatnonzero(pps.network_alive & near[pps.region] & related[pps.sector])

    def trust(self, rows: Ints) -> Floats:
        """Return the trust of the partners in some partnerships, 0-1."""
        return trust(self.model)[rows]

    def provinces(self, policy: Policy) -> Bools:
        """Return the provinces in which a policy is meant to act."""
        region, _ = self.places(policy)
        inside = np.zeros(len(self.model.provinces), dtype=bool)
        inside[self.model.province_of[region]] = True
        return inside

    def first_helped(self, policy: Policy) -> Ints:
        """Return the quarter in which a policy helped each partnership for the first time; -1 for never."""
        helped = self._helped.get(policy.name, {})
        return np.array([helped.get(name, -1) for name in self._names(np.arange(len(self.model.pps)))], dtype=np.int64)

    def helped_this_year(self, policy: Policy, row: int) -> bool:
        """Say whether a policy helped a partnership in this calendar year."""
        fund = self._fund(policy, self._payer(policy, int(self.model.pps.province[row])))
        return f"pps:{self.model.pps_ids[row]}" in fund.served

    def staff_fte(self, policy: Policy) -> float:
        """Return the payers' own staff that a policy has in each province, in fte."""
        fte = policy.staff_euro_year / self.model.p.fte_cost
        return fte / np.count_nonzero(self.provinces(policy)) if policy.payer == "rijk" else fte

    # ── what processes do as well ───────────────────────────────────────────────────────────────────────
    def stop(self, row: int, policy: Policy) -> None:
        """End a partnership on behalf of a policy; subsidy that is not paid yet stays with who granted it."""
        model, pps = self.model, self.model.pps
        ahead = slice(model.quarter + 1, None)
        released = sum(int(due[row, ahead].sum()) for due in (pps.due_national, pps.due_provincial, pps.due_policy))
        model.tell(row, "stop_rule", policy=policy.name, euros=released // CENTS)
        if pps.decision[row] == Decision.NONE:
            pps.decision[row], pps.decided[row] = Decision.STOP, model.quarter
        stop(model, row)
        count_partners(model)

    def weak_for(self, policy: Policy, weak: Bools) -> Ints:
        """Count in how many reviews on end each partnership was weak, this one included.

        Args:
            policy: On behalf of which policy is reviewed.
            weak: Which partnerships are weak now.
        """
        before = self._weak.get(policy.name, {})
        now = {row: 1 + before.get(row, 0) for row in np.flatnonzero(weak).tolist()}
        self._weak[policy.name] = now
        return np.array([now.get(row, 0) for row in range(len(weak))], dtype=np.int64)

    def regie_cost(self) -> Floats:
        """Return what the regie that each partnership needs and no policy paid yet costs, in euros a quarter."""
        p, paid = self.model.p, self.model.pps.earmarked / CENTS
        cost: Floats = np.minimum(regie_need(self.model), p.regie_most) * p.fte_cost / 4.0
        return np.maximum(cost - paid, 0.0)

    def paid_by_firms(self) -> Floats:
        """Return what firms lately paid each partnership in cash, in euros a quarter: project, membership and LLO."""
        income = self.model.pps.income
        return income[:, Payer.BEDRIJVEN] + income[:, Payer.LLO]

    def promise(self, policy: Policy, row: int, euro_year: float) -> bool:
        """Promise a partnership so much a year, if a whole year fits beside all who are paid or promised it now."""
        fund = self._fund(policy, self._payer(policy, int(self.model.pps.province[row])))
        each = whole_cents(euro_year / 4.0)
        others = sum(amount for other, amount in fund.promised.items() if other != row)
        if 4 * (fund.steady + others + each) + whole_cents(policy.staff_euro_year) > fund.budget:
            return False
        fund.promised[row] = each
        return True

    def ask_hogescholen(self, plan: Plan, urged: float) -> None:
        """Let a plan ask hogescholen once more, which join with a chance that is a factor of what it was."""
        there = {member for kind, member in plan.others if kind == Kind.HOGESCHOOL}
        willing = willing_hogescholen(self.model, plan, urged)
        plan.others += [(Kind.HOGESCHOOL, hbo) for hbo in willing if hbo not in there]

    def link_hogeschool(self, row: int, hogeschool: int) -> bool:
        """Let a hogeschool that has room for it take part in a partnership; says whether it does."""
        model = self.model
        if not self.has_room(hogeschool):
            return False
        join(model, row, Kind.HOGESCHOOL, np.array([hogeschool]), Role.PARTNER, model.p.value_at_start)
        return True

    def has_room(self, hogeschool: int) -> bool:
        """Say whether the lectoraten of a hogeschool can carry one partnership more."""
        model = self.model
        return model.hogescholen[hogeschool].has_room(carried_by(model, hogeschool), model.p.pps_per_lectoraat)

    def consortia(self, able: Bools) -> list[list[int]]:
        """Group able partnerships that are mature, related and in no consortium, as the national programme does."""
        pps, p = self.model.pps, self.model.p
        return consortium_members(self.model, able & (pps.phase >= p.hip_phase) & ~pps.consortium)
