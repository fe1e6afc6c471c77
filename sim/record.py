"""Process 13, record: every outcome of every quarter, by province and in total.

A quarter only keeps the columns that its outcomes follow from. The outcomes of all quarters that were kept are worked
out together when somebody asks for them, which costs hardly more than working out those of one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Bools, Copied, Floats, Ints, column, rows_of
from agents.parameter_fields import Parameters
from agents.partnership import Block, Decision, Kind, Payer, Position, PpsState, Status
from sim.enrolment import BBL, BOL
from sim.ledger import CENTS, IN_KIND
from sim.money import INCOME
from sim.outcomes import OUTCOMES
from sim.world import PpsWorld

type Columns = dict[str, Floats | Ints | Bools]
type Pairs = tuple[Ints, Ints, Ints]  # of quarter and member, without repeats, and how often each was there

PUBLIC = ("national_subsidy", "provincial_subsidy", "regie_funding", "municipal_contribution")
MKB_TRAITS = ("belief_llo", "belief_innovation", "learning_culture")
"""What is recorded as a mean over all mkb firms: neighbouring columns of theirs."""


class PpsHistory(PpsState):
    """What is kept of partnerships: one row per partnership and quarter."""

    quarter: Ints = column(int)
    euros: Floats = column(float, 0.0, (len(INCOME),))  # income of the quarter by stream

    @classmethod
    def of(cls, copies: dict[int, Copied]) -> PpsHistory:
        """Return copies of the columns of partnerships one after another; given by quarter."""
        rows = [rows_of(copy) for copy in copies.values()]
        history = cls(sum(rows))
        history.append_copied(list(copies.values()))
        history.quarter[:] = np.repeat(list(copies), rows)
        return history


@dataclass(frozen=True)
class MembershipHistory:
    """What is kept of memberships: one element per active membership and quarter."""

    quarter: Ints
    province: Ints  # of the partnership
    kind: Ints
    member: Ints


class Recorder:
    """What is measured of one run."""

    def __init__(self, world: PpsWorld) -> None:
        self.world = world
        self.numbers = {name: i for i, name in enumerate(OUTCOMES)}
        self.provinces = len(world.provinces)
        self.firm_province: Ints = world.province_of[world.firms.region]
        self.mkb: Floats = np.where(world.firms.large, 0.0, world.firms.weight)
        self.mkb_total = self._over_firms(self.mkb)
        self._values: Floats = np.full((world.calendar.quarters, self.provinces + 1, len(OUTCOMES)), np.nan)
        self._keep_from(0)

    def _keep_from(self, quarter: int) -> None:
        self.first = self.next = quarter
        self._pps: dict[int, Copied] = {}  # by quarter, as what follows
        self._euros: list[Floats] = []
        self._members: list[Ints] = []  # rows of the active memberships
        self.students: list[Ints] = []  # stock
        self.mkb_sums: list[Floats] = []  # by trait and place

    @property
    def values(self) -> Floats:
        """Shape (quarters, provinces + 1, outcomes); the last place of the second axis is the total.

        NaN where a quantity is not defined, such as a share of nothing, and in quarters that were not lived yet.
        """
        if self.next > self.first:
            self.pps, self.memberships = self.partnerships_kept(), self._memberships_kept()
            _work_out(self.world, self)
            del self.pps, self.memberships
            self._keep_from(self.next)
        return self._values

    def keep(self) -> None:
        """Keep what the outcomes of this quarter follow from."""
        world = self.world
        self.next = world.quarter + 1
        if len(world.pps):
            self._pps[world.quarter] = world.pps.copied()
            self._euros.append(world.income.T)
        self._members.append(world.memberships.active())
        self.students.append(world.enrolment.stock)
        traits = world.firms.together(MKB_TRAITS[0], MKB_TRAITS[-1])
        self.mkb_sums.append(np.array([self._over_firms(self.mkb * trait) for trait in traits]))

    def partnerships_kept(self) -> PpsHistory:
        """Return partnerships in the quarters that were kept: those since the outcomes were last asked for."""
        history = PpsHistory.of(self._pps)
        if self._euros:
            history.euros[:] = np.concatenate(self._euros)
        return history

    def _memberships_kept(self) -> MembershipHistory:
        """Return the memberships that were active; all but their role stays as it was when they began."""
        table, rows = self.world.memberships, np.concatenate(self._members)
        quarter = np.repeat(np.arange(self.first, self.next), [len(members) for members in self._members])
        return MembershipHistory(
            quarter, self.world.pps.province[table.pps[rows]], table.kind[rows], table.member[rows]
        )

    def _over_firms(self, values: Floats) -> Floats:
        """Sum a quantity of all firms by province and in total."""
        if self.provinces == 1:  # spare the sorting into provinces of a value per firm
            total = values.sum()
            return np.array([total, total])
        sums = np.bincount(self.firm_province, weights=values, minlength=self.provinces)
        return np.append(sums, sums.sum())

    # ── working out: arrays over the quarters that were kept ────────────────────────────────────────
    def sums(self, quarter: Ints, province: Ints, amounts: Floats | Ints | Bools) -> Floats:
        """Sum amounts by quarter and province, in their order (no matrix product: its rounding differs by machine)."""
        shape = (self.next - self.first, self.provinces)
        cell = (quarter - self.first) * self.provinces + province
        return np.bincount(cell, weights=amounts, minlength=shape[0] * shape[1]).reshape(shape)

    def of(self, name: str) -> Floats:
        """Return a recorded quantity by quarter and place; writing in it is recording."""
        recorded: Floats = self._values[self.first : self.next, :, self.numbers[name]]
        return recorded

    def put(self, name: str, by_province: Floats | Ints) -> None:
        """Record a quantity that adds up over provinces."""
        recorded = self.of(name)
        recorded[:, :-1], recorded[:, -1] = by_province, by_province.sum(axis=1)

    def put_running(self, name: str, amounts: Floats) -> None:
        """Record the sum since the start of a quantity that is given by quarter and place."""
        before = self._values[max(self.first - 1, 0) : self.first, :, self.numbers[name]]
        self.of(name)[:] = np.concatenate([before, amounts]).cumsum(axis=0)[len(before) :]

    def put_ratio(self, name: str, above: Floats, below: Floats) -> None:
        """Record a ratio; not defined where there is nothing below."""
        np.divide(above, below, out=self.of(name), where=below > 0)


def record(world: PpsWorld) -> None:
    """Keep the world at the end of this quarter."""
    if world.recorder is not None:
        world.recorder.keep()


def _work_out(world: PpsWorld, recorder: Recorder) -> None:
    pps, p = recorder.pps, world.p
    for name, amounts in (_partnerships(pps, p) | _networks(pps, p) | _money(pps)).items():
        recorder.put(name, recorder.sums(pps.quarter, pps.province, amounts))
    school_province = world.province_of[world.school_region[pps.school]]
    for name, amounts in _at_school(pps).items():
        recorder.put(name, recorder.sums(pps.quarter, school_province, amounts))
    _applications(world, recorder)
    _policies(world, recorder)
    kept = recorder.memberships
    firms = _unique(kept.quarter, kept.member, kept.kind <= Kind.GROOTBEDRIJF)
    _partners(world, recorder, firms)
    _firms(world, recorder, firms)
    _students(world, recorder)
    _ratios(recorder)


def waves(pps: PpsHistory, p: Parameters) -> Ints:
    """Return the wave (golf, 0-4) that each partnership has reached, read off its blocks (WA-01 to WA-04).

    1 content, 2 also form, 3 also place and a beginning of practice, 4 learning community.
    """
    a, b, c, d, e, f, g = pps.blocks.T
    one = a >= p.wave_block
    two = one & (b >= p.wave_block)
    three = two & (c >= p.wave_block) & (np.maximum(np.maximum(d, e), f) >= p.wave_practice)
    four = three & (np.minimum(np.minimum(d, e), f) >= p.wave_block) & (g >= p.wave_block)
    wave: Ints = one.astype(np.int64) + two + three + four
    return wave


def viable_ecosystem(pps: PpsHistory, p: Parameters) -> Bools:
    """Say which partnerships meet the Minimum Viable Ecosystem (MV-01, MV-02).

    The business chain (mkb and large firms), the education chain (vmbo, mbo, hbo), mutual dependence (owning
    firms or a regie between the partners) and direction (enough regie).
    """
    chains = (pps.firms > pps.large) & (pps.large > 0) & (pps.vmbo > 0) & (pps.hogescholen > 0)
    dependent = (pps.owners > 0) | (pps.position >= Position.SHARED)
    viable: Bools = chains & dependent & (pps.adequacy >= p.mve_adequacy) & pps.network_alive
    return viable


def after_subsidy(pps: PpsHistory) -> Bools:
    """Say which partnerships decided how to go on and are paid no national subsidy, of whatever scheme."""
    after: Bools = (pps.decision > 0) & (pps.last_paid < pps.quarter)
    return after


def ended_long_ago(pps: PpsHistory, p: Parameters) -> Bools:
    """Say which partnerships were paid their last subsidy two years ago or more."""
    long_ago: Bools = after_subsidy(pps) & (pps.quarter - pps.last_paid > 4 * p.valley_years)
    return long_ago


def _partnerships(pps: PpsHistory, p: Parameters) -> Columns:
    stopped = pps.status == Status.STOPPED
    after = after_subsidy(pps)
    wave = waves(pps, p)
    alive = pps.network_alive
    counts: Columns = {
        "pps_started": np.ones(len(pps)),
        "pps_active": ~stopped,
        "pps_subsidised": ~after & ~stopped,
        "pps_post_subsidy": after & ~stopped,
        "pps_embedded": pps.status == Status.EMBEDDED,
        "pps_independent": pps.status == Status.INDEPENDENT,
        "pps_stopped": stopped,
        "pps_decided_a": pps.decision == Decision.A_EMBED,
        "pps_decided_b": pps.decision == Decision.B_CONTINUE_ENTITY,
        "pps_decided_c": pps.decision == Decision.C_NEW_ENTITY,
        "pps_decided_stop": pps.decision == Decision.STOP,
        **{f"pps_phase_{phase}": alive & (pps.phase == phase) for phase in range(1, 6)},
        **{f"pps_wave_{number}": ~stopped & (wave == number) for number in range(1, 5)},
        "pps_with_hbo": alive & (pps.hogescholen > 0),
        "pps_mve": viable_ecosystem(pps, p),
        "learning_communities": alive & (wave == 4),
        "professionals_involved": pps.professionals,
        "llo_participants": pps.llo,
        "regie_fte": pps.regie_fte,
        "euros_regie": pps.regie_fte * p.fte_cost / 4.0,
    }
    share = np.divide(pps.income, pps.income.sum(axis=1, keepdims=True), out=np.zeros_like(pps.income),
                      where=pps.income.sum(axis=1, keepdims=True) > 0)  # fmt: skip
    by_payer = {f"regie_fte_{payer.name.lower()}": pps.regie_fte * share[:, payer] for payer in Payer}
    return counts | by_payer


def _at_school(pps: PpsHistory) -> Columns:
    """Return what happens at the lead school, which may stand in another province than the partnership."""
    return {
        "students_direct": pps.students_direct,
        "students_indirect": pps.students_indirect,
        "teachers_reached": pps.teachers,
    }


def _networks(pps: PpsHistory, p: Parameters) -> Columns:
    ended = ended_long_ago(pps, p)
    return {
        "networks_alive": pps.network_alive,
        "networks_sustained": ended & pps.network_alive,
        "networks_ended": ended,
        "networks_lost": ended & ~pps.network_alive,
        "network_strength": pps.blocks[:, Block.G_NETWORK] * pps.network_alive,
        "partners": pps.partners * pps.network_alive,
        "core_partners": pps.core * pps.network_alive,
        "field_partners": pps.field * pps.network_alive,
        "networks_after_subsidy": pps.network_alive & after_subsidy(pps),
    }


def _money(pps: PpsHistory) -> Columns:
    euros = dict(zip(INCOME, pps.euros.T, strict=True))
    cash = sum((amounts for stream, amounts in euros.items() if stream not in IN_KIND), np.zeros(len(pps)))
    return {f"euros_{stream}": amounts for stream, amounts in euros.items()} | {"euros_cash": cash}


def _applications(world: PpsWorld, recorder: Recorder) -> None:
    for name, key in (("applications", "asked"), ("applications_granted", "granted")):
        recorder.put(name, world.applications[key][:, recorder.first : recorder.next].T)


def _policies(world: PpsWorld, recorder: Recorder) -> None:
    spent = {"euros_policy": world.policy_cents, "euros_policy_elsewhere": world.policy_cents_elsewhere}
    for name, amount in spent.items():
        recorder.put(name, amount[:, recorder.first : recorder.next].T / CENTS)


def _partners(world: PpsWorld, recorder: Recorder, firms: Pairs) -> None:
    """Count unique partners; a sampled firm counts for as many of its kind as take part."""
    kept = recorder.memberships
    is_firm = kept.kind <= Kind.GROOTBEDRIJF
    ends = np.arange(recorder.first + 1, recorder.next)
    places = recorder.provinces + 1 if recorder.provinces > 1 else 1  # what holds for one province is the total
    for place in range(places):
        here = (kept.province == place) | (place == recorder.provinces)
        quarter, member, times = firms if here.all() else _unique(kept.quarter, kept.member, here & is_firm)
        weighed = np.minimum(times, np.maximum(world.firms.weight[member], 1.0))
        companies = np.array([now.sum() for now in np.split(weighed, np.searchsorted(quarter, ends))])
        quarter, _, _ = _unique(kept.quarter, kept.kind * OTHERS + kept.member, here & ~is_firm)
        others = np.bincount(quarter - recorder.first, minlength=len(companies))
        recorder.of("companies_unique")[:, place:] = companies[:, None]
        recorder.of("partners_unique")[:, place:] = (companies + others)[:, None]


OTHERS = 1_000_000
"""More than the members of any kind that is no firm, so that kind and member make one number."""


def _unique(quarter: Ints, member: Ints, which: Bools) -> Pairs:
    """Return quarters and members without repeats, both ascending, and how often each pair is there."""
    most = int(member.max(initial=0)) + 1
    pairs, times = np.unique((quarter * most + member)[which], return_counts=True)
    return *np.divmod(pairs, most), times


def _firms(world: PpsWorld, recorder: Recorder, pairs: Pairs) -> None:
    firms, (quarter, member, times) = world.firms, pairs
    province = recorder.firm_province[member]
    recorder.put("largest_employers_in_pps", recorder.sums(quarter, province, firms.top[member]))
    weighed = np.minimum(times, np.maximum(firms.weight[member], 1.0)) * ~firms.large[member]
    in_province = recorder.sums(quarter, province, weighed)
    reached = np.column_stack([in_province, in_province.sum(axis=1)])
    recorder.put_ratio("mkb_reached_share", reached, recorder.mkb_total)
    for name, total in zip(MKB_TRAITS, np.array(recorder.mkb_sums).swapaxes(0, 1), strict=True):
        recorder.put_ratio(name, total, recorder.mkb_total)


def _students(world: PpsWorld, recorder: Recorder) -> None:
    by_school = np.array(recorder.students).sum(axis=2)  # (quarters, schools, levels, tracks)
    province = np.eye(recorder.provinces, dtype=np.int64)[world.province_of[world.school_region]]
    recorder.put("students", by_school.sum(axis=(2, 3)) @ province)
    recorder.put("students_bbl", by_school[..., BBL].sum(axis=2) @ province)
    recorder.put("students_bol", by_school[..., BOL].sum(axis=2) @ province)
    recorder.put("students_level_4", by_school[:, :, 3].sum(axis=2) @ province)


def _ratios(recorder: Recorder) -> None:
    """Record what follows from other outcomes: sums since the start, and ratios."""
    recorder.put_running("network_years_after_subsidy", recorder.of("networks_after_subsidy") / 4.0)
    public = sum((recorder.of(f"euros_{stream}") for stream in PUBLIC[1:]), recorder.of(f"euros_{PUBLIC[0]}"))
    recorder.put_running("public_euros", public + recorder.of("euros_policy_elsewhere"))
    for name, above, below in RATIOS:
        recorder.put_ratio(name, recorder.of(above), recorder.of(below))


RATIOS = (
    ("valley_share", "networks_lost", "networks_ended"),
    ("partners_per_pps", "partners", "networks_alive"),
    ("core_partners_per_pps", "core_partners", "networks_alive"),
    ("field_partners_per_pps", "field_partners", "networks_alive"),
    ("students_per_pps", "students_direct", "pps_active"),
    ("level_4_share", "students_level_4", "students"),
    ("reach_share", "students_direct", "students"),
    ("public_euros_per_network_year", "public_euros", "network_years_after_subsidy"),
)
