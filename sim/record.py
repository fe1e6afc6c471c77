"""Process 13, record: every outcome of every quarter, by province and in total."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from agents.columns import Bools, Floats, Ints
from agents.partnership import Block, Decision, Kind, Payer, Position, Status
from sim.enrolment import BBL, BOL
from sim.ledger import IN_KIND
from sim.money import INCOME
from sim.outcomes import OUTCOMES
from sim.world import PpsWorld

type Columns = dict[str, Floats | Ints | Bools]

PUBLIC = ("national_subsidy", "provincial_subsidy", "regie_funding", "municipal_contribution")


class Recorder:
    """What is measured of one run.

    Attributes:
        values: Shape (quarters, provinces + 1, outcomes); the last place of the second axis is the total.
            NaN where a quantity is not defined, such as a share of nothing.
    """

    def __init__(self, world: PpsWorld) -> None:
        self.numbers = {name: i for i, name in enumerate(OUTCOMES)}
        self.places = len(world.provinces) + 1
        self.values: Floats = np.full((world.calendar.quarters, self.places, len(OUTCOMES)), np.nan)
        self.public_euros: Floats = np.zeros(self.places)
        self.network_years: Floats = np.zeros(self.places)
        self.firm_place: Ints = world.province_of[world.firms.region]
        self.mkb: Floats = np.where(world.firms.large, 0.0, world.firms.weight)
        self.mkb_total = self.over_firms(self.mkb)

    def over_firms(self, values: Floats) -> Floats:
        """Sum a quantity of all firms by province and in total."""
        if self.places == 2:  # one province: spare the sorting into provinces of a value per firm
            return np.full(2, values.sum())
        sums = np.bincount(self.firm_place, weights=values, minlength=self.places - 1)
        return np.append(sums, sums.sum())

    def put(self, quarter: int, name: str, by_province: Floats) -> None:
        """Record a quantity that adds up over provinces."""
        row = self.values[quarter, :, self.numbers[name]]
        row[:-1], row[-1] = by_province, by_province.sum()

    def put_many(self, quarter: int, names: Iterable[str], by_place: Floats) -> None:
        """Record several quantities, given per province and for the total, shape (names, places)."""
        self.values[quarter, :, [self.numbers[name] for name in names]] = by_place

    def put_places(self, quarter: int, name: str, by_place: Floats) -> None:
        """Record a quantity that is given per province and for the total."""
        self.values[quarter, :, self.numbers[name]] = by_place

    def ratio(self, quarter: int, name: str, above: str | Floats, below: str | Floats) -> None:
        """Record a ratio of two recorded quantities or of two arrays over places."""
        numbers = self.values[quarter]
        top = numbers[:, self.numbers[above]] if isinstance(above, str) else above
        bottom = numbers[:, self.numbers[below]] if isinstance(below, str) else below
        numbers[:, self.numbers[name]] = np.divide(top, bottom, out=np.full(self.places, np.nan), where=bottom > 0)


def record(world: PpsWorld) -> None:
    """Measure the world at the end of this quarter."""
    recorder = world.recorder
    if recorder is None:
        return
    _sums(world, recorder, _partnerships(world) | _networks(world) | _money(world), world.pps.province)
    _sums(world, recorder, _at_school(world), world.province_of[world.school_region[world.pps.school]])
    _applications(world, recorder)
    _partners(world, recorder)
    _firms(world, recorder)
    _students(world, recorder)
    _ratios(world, recorder)


def waves(world: PpsWorld) -> Ints:
    """Return the wave (golf, 0-4) that each partnership has reached, read off its blocks (WA-01 to WA-04).

    1 content, 2 also form, 3 also place and a beginning of practice, 4 learning community.
    """
    p, blocks = world.p, world.pps.blocks
    a, b, c, d, e, f, g = blocks.T
    one = a >= p.wave_block
    two = one & (b >= p.wave_block)
    three = two & (c >= p.wave_block) & (np.maximum(np.maximum(d, e), f) >= p.wave_practice)
    four = three & (np.minimum(np.minimum(d, e), f) >= p.wave_block) & (g >= p.wave_block)
    wave: Ints = one.astype(np.int64) + two + three + four
    return wave


def viable_ecosystem(world: PpsWorld) -> Bools:
    """Say which partnerships meet the Minimum Viable Ecosystem (MV-01, MV-02).

    The business chain (mkb and large firms), the education chain (vmbo, mbo, hbo), mutual dependence (owning
    firms or a regie between the partners) and direction (enough regie).
    """
    pps = world.pps
    chains = (pps.firms > pps.large) & (pps.large > 0) & (pps.vmbo > 0) & (pps.hogescholen > 0)
    dependent = (pps.owners > 0) | (pps.position >= Position.SHARED)
    viable: Bools = chains & dependent & (pps.adequacy >= world.p.mve_adequacy) & pps.network_alive
    return viable


def after_subsidy(world: PpsWorld) -> Bools:
    """Say which partnerships decided how to go on and are paid no national subsidy, of whatever scheme."""
    pps = world.pps
    after: Bools = (pps.decision > 0) & (pps.last_paid < world.quarter)
    return after


def ended_long_ago(world: PpsWorld) -> Bools:
    """Say which partnerships were paid their last subsidy two years ago or more."""
    long_ago: Bools = after_subsidy(world) & (world.quarter - world.pps.last_paid > 4 * world.p.valley_years)
    return long_ago


def _partnerships(world: PpsWorld) -> Columns:
    pps = world.pps
    stopped = pps.status == Status.STOPPED
    after = after_subsidy(world)
    wave = waves(world)
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
        "pps_mve": viable_ecosystem(world),
        "learning_communities": alive & (wave == 4),
        "professionals_involved": pps.professionals,
        "llo_participants": pps.llo,
        "regie_fte": pps.regie_fte,
        "euros_regie": pps.regie_fte * world.p.fte_cost / 4.0,
    }
    share = np.divide(pps.income, pps.income.sum(axis=1, keepdims=True), out=np.zeros_like(pps.income),
                      where=pps.income.sum(axis=1, keepdims=True) > 0)  # fmt: skip
    by_payer = {f"regie_fte_{payer.name.lower()}": pps.regie_fte * share[:, payer] for payer in Payer}
    return counts | by_payer


def _at_school(world: PpsWorld) -> Columns:
    """Return what happens at the lead school, which may stand in another province than the partnership."""
    pps = world.pps
    return {
        "students_direct": pps.students_direct,
        "students_indirect": pps.students_indirect,
        "teachers_reached": pps.teachers,
    }


def _applications(world: PpsWorld, recorder: Recorder) -> None:
    for name, key in (("applications", "asked"), ("applications_granted", "granted")):
        recorder.put(world.quarter, name, world.applications[key][:, world.quarter].astype(np.float64))


def _sums(world: PpsWorld, recorder: Recorder, columns: Columns, province: Ints) -> None:
    """Record sums over partnerships, all columns at once (no matrix product: its rounding depends on the machine)."""
    values = np.array(list(columns.values()), dtype=np.float64)
    places = recorder.places - 1
    number = np.arange(len(values))[:, None] * places + province
    flat = np.bincount(number.ravel(), weights=values.ravel(), minlength=len(values) * places)
    sums = flat.reshape(len(values), places)
    recorder.put_many(world.quarter, columns, np.column_stack([sums, sums.sum(axis=1)]))


def _networks(world: PpsWorld) -> Columns:
    pps = world.pps
    ended = ended_long_ago(world)
    return {
        "networks_alive": pps.network_alive,
        "networks_sustained": ended & pps.network_alive,
        "networks_ended": ended,
        "networks_lost": ended & ~pps.network_alive,
        "network_strength": pps.blocks[:, Block.G_NETWORK] * pps.network_alive,
        "partners": pps.partners * pps.network_alive,
        "core_partners": pps.core * pps.network_alive,
        "field_partners": pps.field * pps.network_alive,
        "networks_after_subsidy": pps.network_alive & after_subsidy(world),
    }


def _money(world: PpsWorld) -> Columns:
    euros = dict(zip(INCOME, world.income, strict=False))
    nothing = np.zeros(len(world.pps))
    cash = sum((amounts for stream, amounts in euros.items() if stream not in IN_KIND), nothing)
    return {f"euros_{stream}": euros.get(stream, nothing) for stream in INCOME} | {"euros_cash": cash}


def _partners(world: PpsWorld, recorder: Recorder) -> None:
    """Count unique partners; a sampled firm counts for as many of its kind as take part."""
    table, firms, t = world.memberships, world.firms, world.quarter
    rows = table.active()
    place = world.pps.province[table.pps[rows]]
    unique, companies = np.zeros(recorder.places), np.zeros(recorder.places)
    total = recorder.places - 1
    for number in range(recorder.places) if total > 1 else (total,):
        mine = rows if number == total else rows[place == number]
        firm = table.kind[mine] <= Kind.GROOTBEDRIJF
        members, times = np.unique(table.member[mine[firm]], return_counts=True)
        companies[number] = np.minimum(times, np.maximum(firms.weight[members], 1.0)).sum()
        others = np.unique(table.kind[mine[~firm]] * 1_000_000 + table.member[mine[~firm]])
        unique[number] = companies[number] + len(others)
    if total == 1:
        unique[0], companies[0] = unique[1], companies[1]
    recorder.put_places(t, "partners_unique", unique)
    recorder.put_places(t, "companies_unique", companies)


def _firms(world: PpsWorld, recorder: Recorder) -> None:
    firms, t = world.firms, world.quarter
    mkb, total = recorder.mkb, recorder.mkb_total
    rows = np.unique(world.counted_firms)
    rows = rows[~firms.large[rows]]
    taking_part = np.minimum(firms.memberships[rows], np.maximum(firms.weight[rows], 1.0))
    in_province = np.bincount(recorder.firm_place[rows], weights=taking_part, minlength=recorder.places - 1)
    recorder.ratio(t, "mkb_reached_share", np.append(in_province, in_province.sum()), total)
    for name in ("learning_culture", "belief_llo", "belief_innovation"):
        recorder.ratio(t, name, recorder.over_firms(mkb * getattr(firms, name)), total)
    largest = recorder.over_firms((firms.top & (firms.memberships > 0)).astype(np.float64))
    recorder.put_places(t, "largest_employers_in_pps", largest)


def _students(world: PpsWorld, recorder: Recorder) -> None:
    stock, t = world.enrolment.stock, world.quarter
    number = world.province_of[world.school_region]
    by_school = stock.sum(axis=1)  # (schools, levels, tracks)

    def over_provinces(heads: Ints) -> Floats:
        return np.bincount(number, weights=heads, minlength=len(world.provinces))

    recorder.put(t, "students", over_provinces(by_school.sum(axis=(1, 2))))
    recorder.put(t, "students_bbl", over_provinces(by_school[..., BBL].sum(axis=1)))
    recorder.put(t, "students_bol", over_provinces(by_school[..., BOL].sum(axis=1)))
    recorder.put(t, "students_level_4", over_provinces(by_school[:, 3].sum(axis=1)))


def _ratios(world: PpsWorld, recorder: Recorder) -> None:
    """Record what follows from other outcomes: ratios, and sums since the start."""
    t = world.quarter
    now = recorder.values[t]
    recorder.network_years += now[:, recorder.numbers["networks_after_subsidy"]] / 4.0
    recorder.public_euros += now[:, [recorder.numbers[f"euros_{stream}"] for stream in PUBLIC]].sum(axis=1)
    recorder.put_places(t, "network_years_after_subsidy", recorder.network_years)
    recorder.put_places(t, "public_euros", recorder.public_euros)
    for name, above, below in RATIOS:
        recorder.ratio(t, name, above, below)


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
