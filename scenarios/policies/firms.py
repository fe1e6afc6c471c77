"""Firms: reaching the broad mkb, and money and recognition for learning at work."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from scenarios.policy import Policy


class MkbPeloton(Policy):
    """Seeks out mkb firms that no partnership reaches, and helps them to learn (P-P13, P-S15, FI-03, FI-09).

    Outreach buys contacts for living partnerships, in their own sectors and regions, where nearly all firms are mkb.
    Vouchers raise the learning culture of mkb firms that are drawn by lot, whether they take part or not; this lowers
    what joining costs them and moves their employees to LLO. A sampled firm gets vouchers for those it stands for.

    Attributes:
        contacts_year: Contacts bought for each partnership in a year.
        euro_contact: What a contact costs.
        vouchers_year: Vouchers that each province expects to hand out in a year.
        euro_voucher: What a voucher is worth.
    """

    kind: ClassVar[str] = "mkb-peloton"

    staff_euro_year: float = Field(default=95_000, ge=0, le=1e9, allow_inf_nan=False)
    contacts_year: float = Field(default=8.0, ge=0, le=400, allow_inf_nan=False)
    euro_contact: float = Field(default=3_000, ge=0, le=1e5, allow_inf_nan=False)
    vouchers_year: float = Field(default=300.0, ge=0, le=1e5, allow_inf_nan=False)
    euro_voucher: float = Field(default=2_500, ge=0, le=1e5, allow_inf_nan=False)

    def on_contact(self, world: Any, contacts: Any) -> None:
        """Buy contacts, first for partnerships with the fewest firms."""
        pps = world.pps
        rows = np.flatnonzero(world.act.eligible(self) & pps.network_alive)
        rows = rows[np.argsort(pps.firms[rows], kind="stable")]
        amount = np.full(len(rows), round(25 * self.contacts_year * self.euro_contact))
        contacts[rows[world.act.provide(self, rows, amount, goes_on=True)]] += self.contacts_year / 4.0

    def on_money(self, world: Any) -> None:
        """Hand out vouchers by lot, with what the contacts of this year leave."""
        firms = world.firms
        draws = world.draws.uniforms("learning voucher", world.quarter, len(firms))
        vouchers = self._vouchers(world, draws)
        rows = np.flatnonzero(vouchers)
        rows = rows[np.argsort(draws[rows], kind="stable")]
        who = [f"firm:{row}" for row in rows]
        province = world.province_of[firms.region[rows]]
        amount = (vouchers[rows] * round(100 * self.euro_voucher)).astype(np.int64)
        rows = rows[world.act.buy(self, who, province, amount)]
        share = np.minimum(vouchers[rows] / firms.weight[rows], 1.0)  # of the firms for which a sampled one stands
        firms.learning_culture[rows] += world.p.policy_voucher_gain * share * (1.0 - firms.learning_culture[rows])

    def _vouchers(self, world: Any, draws: Any) -> Any:
        """Return the vouchers that fall to each firm this quarter: as many as expected, rounded up or down by lot."""
        firms = world.firms
        region, sector = world.act.places(self)
        may = ~firms.large & region[firms.region] & sector[firms.sector]
        province = world.province_of[firms.region]
        many = np.bincount(province, weights=firms.weight * may, minlength=len(world.provinces))
        chance = np.divide(self.vouchers_year / 4.0, many, out=np.zeros_like(many), where=many > 0)[province]
        return np.floor(np.minimum(chance, 1.0) * firms.weight * may + draws) * may


class LloMoney(Policy):
    """Pays partnerships for every participant in LLO, and runs one front office for it (P-F03, P-R07, FU-02, LL-11).

    The money goes on after the subsidy, so that it counts as structural money when a partnership decides how to go on.
    The front office is staff of the payer; where it is staffed, more employees of partners take part.

    Attributes:
        euro_participant: What a partnership gets for a participant.
    """

    kind: ClassVar[str] = "llo-money"

    staff_euro_year: float = Field(default=95_000, ge=0, le=1e9, allow_inf_nan=False)
    euro_participant: float = Field(default=200.0, ge=0, le=1e5, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Let more employees find LLO, in so far as the front office has one fte."""
        staffed = min(1.0, world.act.staff_fte(self))
        world.pps.llo_uptake[world.act.eligible(self)] *= 1.0 + world.p.policy_desk_uptake * staffed

    def on_money(self, world: Any) -> None:
        """Pay for the participants of this quarter, the oldest partnerships first."""
        rows = np.flatnonzero(world.act.eligible(self) & (world.pps.llo > 0))
        amount = np.floor(25 * world.pps.llo[rows] * self.euro_participant).astype(np.int64)
        world.act.pay(self, rows, amount, goes_on=True)

    def on_decision(self, world: Any, pps: int) -> float:
        """Count on what its participants bring, if the money reaches this partnership."""
        if not world.act.eligible(self)[pps] or not world.act.helped_this_year(self, pps):
            return 0.0
        return float(world.pps.llo[pps] * self.euro_participant)


class NonFormalLearning(Policy):
    """Pays for recognising what employees learn at work in a partnership (P-P10, LL-09, MV-08).

    Who recognises it is paid for every professional who takes part; where learning at work is seen and recognised, the
    learning culture of the firms in the partnership grows faster.

    Attributes:
        euro_participant: What recognition costs for a participant.
    """

    kind: ClassVar[str] = "non-formal-learning"

    staff_euro_year: float = Field(default=50_000, ge=0, le=1e9, allow_inf_nan=False)
    euro_participant: float = Field(default=500.0, ge=0, le=1e5, allow_inf_nan=False)

    def on_quarter(self, world: Any) -> None:
        """Pay for the professionals who took part lately, first where most do."""
        pps = world.pps
        rows = np.flatnonzero(world.act.eligible(self) & pps.network_alive)
        rows = rows[np.argsort(-pps.professionals[rows], kind="stable")]
        amount = np.floor(25 * pps.professionals[rows] * self.euro_participant).astype(np.int64)
        helped = world.act.provide(self, rows, amount, goes_on=True)
        pps.culture_gain[rows[helped]] *= 1.0 + world.p.policy_recognition_gain
