"""Chance is keyed by who and when: one more of anything, another order or an idle policy changes no other's draws.

What an organisation is: a school, a hogeschool, a known partnership and a plan draw by their id; a firm by its row,
which is its place in the pack: the largest employers in the order of their file, then all firms by region, sector and
size. So a pack may list schools and known partnerships in any order without changing what each of them is; the
numbers of rows, and with them who comes first to a firm that two want, may change, and so may what a school draws by
its number in a round (whether it takes an initiative, whether it founds along). One more firm in the last cell leaves
all others as they are; one more in an earlier cell, or one more of the largest employers, moves the rows behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agents.columns import Bools, Floats, Ints
from agents.partnership import Kind, Role
from scenarios.policy import Policy
from scenarios.region import RegionPack
from scenarios.scenario import load_scenario
from sim.draws import Draws, around, lognormal, poisson, shifted
from sim.engagement import _others_drift
from sim.model import PpsModel
from sim.network import join
from sim.world import CHANCES
from tests.worlds import HTSM, founded, known, live, school_row, small_model, small_pack

TRAITS = (
    "learning_culture", "innovation_need", "belief_staff", "belief_llo", "belief_innovation", "motive_staff",
    "motive_llo", "motive_innovation", "patience",
)  # fmt: skip
FIXED_AT_BIRTH = ("history", "location", "first_position", "cost", "chance", "born")


# ── streams ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_draw_does_not_depend_on_how_many_are_asked() -> None:
    draws = Draws(7)
    assert np.array_equal(draws.uniforms("contact", 3, 10), draws.uniforms("contact", 3, 1000)[:10])


def test_a_draw_does_not_depend_on_what_was_drawn_before() -> None:
    fresh, used = Draws(7), Draws(7)
    for quarter in range(50):
        used.uniforms("contact", quarter, 100)
    assert np.array_equal(fresh.uniforms("joining", 3, 10), used.uniforms("joining", 3, 10))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "contact", 3), (2, "contact", 3)),
        ((1, "contact", 3), (1, "joining", 3)),
        ((1, "contact", 3), (1, "contact", 4)),
        ((1, "contact", 31), (1, "contact", 13)),
        ((1, "contact", 3), (11, "contact", 3)),
    ],
)
def test_seed_purpose_and_key_each_give_another_stream(one: tuple[int, str, int], other: tuple[int, str, int]) -> None:
    first, second = (Draws(seed).uniforms(purpose, key, 2000) for seed, purpose, key in (one, other))
    assert not np.isin(first, second).any()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.08


def test_streams_are_the_same_on_every_machine() -> None:
    assert Draws(1).uniforms("contact", 0, 3).tolist() == [0.4351470784225999, 0.3584966844572327, 0.31733480787630597]


@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_draws_are_uniform(seed: int) -> None:
    many = Draws(seed).uniforms("contact", 5, 20_000)
    assert stats.kstest(many, "uniform").pvalue > 0.001
    assert 0 <= many.min() < many.max() < 1


def test_the_first_draw_of_many_keys_is_uniform() -> None:
    first = [Draws(4).uniforms("plan", f"school/{key}", 1)[0] for key in range(3000)]
    assert stats.kstest(first, "uniform").pvalue > 0.001


def test_turned_draws_are_uniform_and_keep_within_zero_and_one() -> None:
    turned = shifted(Draws(4).uniforms("joining", 1, 20_000), np.array(0.77))
    assert stats.kstest(turned, "uniform").pvalue > 0.001
    assert 0 <= turned.min() <= turned.max() < 1


@pytest.mark.parametrize("mean", [0.05, 0.9, 4.0, 15.0])
def test_poisson_by_inversion_has_the_right_distribution(mean: float) -> None:
    counts = poisson(Draws(5).uniforms("count", "x", 20_000), mean)
    assert np.array_equal(counts, np.rint(counts))
    assert counts.mean() == pytest.approx(mean, rel=0.1)
    for k in range(4):
        assert np.mean(counts == k) == pytest.approx(stats.poisson.pmf(k, mean), abs=0.012)


def test_poisson_equals_the_inverse_of_the_distribution_function() -> None:
    uniforms = np.linspace(0.001, 0.999, 999)
    assert np.array_equal(poisson(uniforms, 2.5), stats.poisson.ppf(uniforms, 2.5))


def test_lognormal_has_its_median_and_sigma() -> None:
    values = lognormal(Draws(6).uniforms("cost", "x", 20_000), 2.6e6, 0.4)
    assert np.median(values) == pytest.approx(2.6e6, rel=0.02)
    assert np.log(values).std() == pytest.approx(0.4, rel=0.03)


def test_around_stays_within_zero_and_one_and_rises_with_the_draw() -> None:
    values = around(np.linspace(0, 1, 11), 0.9, 0.25)
    assert values[0] == pytest.approx(0.65)
    assert values.max() == 1.0
    assert np.all(np.diff(values) >= 0)


# ── one more ────────────────────────────────────────────────────────────────────────────────────────────


def traits(model: PpsModel, rows: slice | Ints | Bools = slice(None)) -> dict[str, Floats]:
    return {name: getattr(model.firms, name)[rows].copy() for name in TRAITS}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert np.array_equal(values, other[name]), name


def character(model: PpsModel) -> dict[str, tuple[float, ...]]:
    """What schools and hogescholen are by chance, by id."""
    schools = {
        s.id: (s.portfolio_management, s.not_invented_here, s.llo_experience, s.willing_to_fund) for s in model.schools
    }
    return schools | {h.id: (h.value_of_mbo, h.large_firm_links) for h in model.hogescholen}


def one_more_firm(pack: RegionPack) -> RegionPack:
    firms = pack.firms.copy()
    firms[-1, np.flatnonzero(firms[-1].sum(axis=1))[-1], 3] += 1
    return replace(pack, firms=firms)


def test_one_more_firm_leaves_the_character_of_all_others() -> None:
    one, other = small_model(), small_model(one_more_firm(small_pack()))
    assert len(other.firms) == len(one.firms) + 1
    assert_same(traits(one), traits(other, slice(0, len(one.firms))))


def test_one_more_firm_leaves_the_character_of_the_largest_employers() -> None:
    one, other = small_model(), small_model(one_more_firm(small_pack()))
    assert one.firms.top.sum() == 2
    assert_same(traits(one, one.firms.top), traits(other, other.firms.top))


def test_a_firm_appended_to_the_table_leaves_all_others() -> None:
    model = small_model()
    before, count = traits(model), len(model.firms)
    draws = model.draws.uniforms("contact", 3, count)
    assert model.firms.append(region=1, sector=HTSM, weight=1.0) == count
    assert_same(before, traits(model, slice(0, count)))
    assert np.array_equal(draws, model.draws.uniforms("contact", 3, count + 1)[:count])


@pytest.mark.parametrize("purpose", ["contact", "joining", "engagement", "founding", "founding role"])
def test_one_more_firm_leaves_the_draws_of_all_others_in_every_quarter(purpose: str) -> None:
    one, other = small_model(), small_model(one_more_firm(small_pack()))
    for quarter in range(20):
        mine = one.draws.uniforms(purpose, quarter, len(one.firms))
        assert np.array_equal(mine, other.draws.uniforms(purpose, quarter, len(other.firms))[: len(mine)])


def spied(model: PpsModel) -> dict[tuple[str, str], Floats]:
    """All draws that a model asks for while it lives, by purpose and key."""
    asked: dict[tuple[str, str], Floats] = {}
    ask = model.draws.uniforms

    def uniforms(purpose: str, key: object, count: int) -> Floats:
        values = asked[purpose, str(key)] = ask(purpose, key, count)
        return values

    model.draws.uniforms = uniforms  # type: ignore[method-assign]
    model.run()
    return asked


def test_a_firm_that_nobody_meets_changes_no_draw() -> None:
    """All draws of all others are the same to the bit when one more firm stands where no PPS recruits."""
    pack = small_pack(hogescholen=(), known_pps=(known("a"), known("b", "school-1", "region-1")))
    far = one_more_firm(pack)
    one, other = (small_model(p, calls=(), until="2019-Q4") for p in (pack, far))
    first, second = spied(one), spied(other)
    assert first.keys() == second.keys()
    for key, values in first.items():
        assert np.array_equal(values, second[key][: len(values)]), key
    same = {name for name in one.pps.names() if np.array_equal(getattr(one.pps, name), getattr(other.pps, name))}
    # the mean pull over all firms moves by one firm in three hundred, so contacts may shift a little
    assert same >= {*FIXED_AT_BIRTH, "subsidy_start", "subsidy_end", "due_national"}


def test_one_more_school_leaves_all_others_as_they_are() -> None:
    pack = small_pack()
    taught = np.vstack([pack.school_sectors, pack.school_sectors[-1]])
    more = replace(pack, schools=(*pack.schools, school_row(3)), school_sectors=taught)
    one, other = small_model(pack), small_model(more)
    before, after = character(one), character(other)
    assert {id_: after[id_] for id_ in before} == before
    assert_same(traits(one), traits(other))


def test_one_more_known_partnership_leaves_the_births_of_all_others() -> None:
    pack = small_pack()
    more = replace(pack, known_pps=(known("nul", "school-1", "region-1"), *pack.known_pps))
    one, other = (small_model(p, calls=(), until="2015-Q4").run() for p in (pack, more))
    assert set(other.pps_ids) == {*one.pps_ids, "known/nul"}
    for number, id_ in enumerate(one.pps_ids):
        again = other.pps_ids.index(id_)
        for name in FIXED_AT_BIRTH:
            assert np.array_equal(getattr(one.pps, name)[number], getattr(other.pps, name)[again]), name
        stops = {int(world.pps.stopped[row]) for world, row in ((one, number), (other, again))} - {-1}
        due, due_again = one.pps.due_national[number], other.pps.due_national[again]
        assert np.array_equal(due[: min(stops, default=None)], due_again[: min(stops, default=None)])


def test_one_more_partner_leaves_the_drift_of_all_others() -> None:
    """Who drifts away must not depend on how many memberships were made before."""

    def drifted(extra: int) -> set[tuple[int, int, int]]:
        model = small_model(calls=(), parameters={"drift_without_regie": 0.2}, seed=3)
        live(model, 1)
        first = founded(model, firms=range(4))
        join(model, first, Kind.MKB, np.arange(20, 20 + extra), Role.ADVISEUR, 0.5)
        second = founded(model, firms=range(4, 8), others=[(kind, i) for kind in list(Kind)[4:] for i in range(3)])
        table = model.memberships
        rows = np.flatnonzero((table.pps == second) & (table.kind > Kind.HOGESCHOOL))
        left = set()
        for quarter in range(1, 8):
            model.quarter = quarter
            _others_drift(model, rows[table.until[rows] < 0])
            left |= {(quarter, int(table.kind[r]), int(table.member[r])) for r in rows if table.until[r] == quarter}
        return left

    assert drifted(0) == drifted(1) == drifted(5)
    assert drifted(0)


# ── another order ───────────────────────────────────────────────────────────────────────────────────────


def test_another_order_of_known_partnerships_leaves_what_each_is() -> None:
    """Row numbers follow the order of the pack, and who comes first to a firm; nothing drawn at birth does."""
    many = tuple(known(f"k{i}", f"school-{i % 2}", f"region-{i % 2}") for i in range(6))
    one, other = (
        small_model(small_pack(known_pps=p), calls=(), until="2015-Q4").run() for p in (many, tuple(reversed(many)))
    )
    assert sorted(one.pps_ids) == sorted(other.pps_ids)
    for number, id_ in enumerate(one.pps_ids):
        again = other.pps_ids.index(id_)
        for name in FIXED_AT_BIRTH:
            assert np.array_equal(getattr(one.pps, name)[number], getattr(other.pps, name)[again]), name
        stops = {int(world.pps.stopped[row]) for world, row in ((one, number), (other, again))} - {-1}
        due, due_again = one.pps.due_national[number], other.pps.due_national[again]
        assert np.array_equal(due[: min(stops, default=None)], due_again[: min(stops, default=None)])


def test_partnerships_that_share_no_firms_live_alike_in_another_order() -> None:
    """Two known partnerships that never meet (other regions, sectors and kinds) have the same life in any order."""
    window = {"location": "own", "start_from": "2012-Q1", "start_to": "2012-Q1"}
    pack = small_pack(
        adjacency=np.zeros((2, 2), dtype=bool),
        known_pps=(known("a", **window), known("b", "school-1", "region-1", "zorg_welzijn", **window)),
        other_partners=np.zeros((2, 6), dtype=np.int64),
        hogescholen=(),
    )
    swapped = replace(pack, known_pps=tuple(reversed(pack.known_pps)))
    apart = {"local_elsewhere": 0.0, "school_founds": 0.05}
    one, other = (small_model(p, calls=(), parameters=apart).run() for p in (pack, swapped))
    assert one.pps_ids == list(reversed(other.pps_ids))
    for number, id_ in enumerate(one.pps_ids):
        again = other.pps_ids.index(id_)
        for name in ("phase", "blocks", "results", "network_death", "decision", "partners", "cost", "income"):
            assert np.array_equal(getattr(one.pps, name)[number], getattr(other.pps, name)[again]), (id_, name)


def test_another_order_of_schools_leaves_the_character_of_each() -> None:
    pack = small_pack()
    swapped = replace(pack, schools=tuple(reversed(pack.schools)), school_sectors=pack.school_sectors[::-1])
    assert character(small_model(pack)) == character(small_model(swapped))


# ── policies ────────────────────────────────────────────────────────────────────────────────────────────


class Idle(Policy):
    """Overrides nothing."""


class PaysRegie(Policy):
    """Pays all living networks without subsidy a fixed amount a quarter."""

    cents: int = 2_000_000

    def on_money(self, world: Any) -> None:
        pps = world.pps
        amount = np.where(pps.network_alive & (pps.decision > 0), self.cents, 0)
        world.ledger.pay(world.accounts["rijk"], pps.account, "regie_funding", amount)

    def on_decision(self, world: Any, pps: int) -> float:
        return self.cents / 25.0


def outcomes(model: PpsModel) -> Floats:
    assert model.recorder is not None
    return model.recorder.values


def flows(model: PpsModel) -> Iterator[Ints]:
    journal = model.ledger.flows()
    return iter((journal.quarter, journal.payer, journal.payee, journal.stream, journal.amount))


def assert_equal_runs(one: PpsModel, other: PpsModel) -> None:
    assert np.array_equal(outcomes(one), outcomes(other), equal_nan=True)
    for mine, theirs in zip(flows(one), flows(other), strict=True):
        assert np.array_equal(mine, theirs)
    for table in ("pps", "memberships", "firms"):
        for name in getattr(one, table).names():
            assert np.array_equal(getattr(getattr(one, table), name), getattr(getattr(other, table), name)), name
    assert one.events == other.events
    assert one.conditions == other.conditions


@pytest.fixture(scope="module")
def again(brabant: RegionPack) -> Callable[..., PpsModel]:
    """Run the baseline as `brabant_run` did, with what a test changes."""

    def run(policies: tuple[Policy, ...] = (), seed: int = 1) -> PpsModel:
        return PpsModel(brabant, load_scenario("baseline"), policies=policies, seed=seed, scale=0.1)

    return run


def test_an_equal_run_is_equal(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    assert_equal_runs(brabant_run, again().run())


def test_another_seed_is_another_run(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    assert not np.array_equal(outcomes(brabant_run), outcomes(again(seed=2).run()), equal_nan=True)


@pytest.mark.parametrize("starts", ["2011-Q3", "2027-Q1"])
def test_a_policy_that_does_nothing_changes_nothing(
    brabant_run: PpsModel, again: Callable[..., PpsModel], starts: str
) -> None:
    other = again((Idle(name="idle", starts=starts), Idle(name="idle too", starts=starts, ends="2030-Q1"))).run()
    assert_equal_runs(brabant_run, other)


def test_a_policy_changes_nothing_before_it_starts(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    other = again((PaysRegie(name="regie", starts="2027-Q1"),)).run()
    start = other.calendar.step_of("2027-Q1")
    one_values, other_values = outcomes(brabant_run), outcomes(other)
    assert np.array_equal(one_values[:start], other_values[:start], equal_nan=True)
    assert not np.array_equal(one_values[start], other_values[start], equal_nan=True)
    before, after = brabant_run.ledger.flows(), other.ledger.flows()
    early, also = before.quarter < start, after.quarter < start
    for name in ("quarter", "payer", "payee", "stream", "amount"):
        assert np.array_equal(getattr(before, name)[early], getattr(after, name)[also]), name


def test_a_policy_leaves_the_draws_of_all_partnerships(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    """Partnerships that start in both worlds are born with the same luck, whatever the policy did."""
    other = again((PaysRegie(name="regie", starts="2015-Q1"),)).run()
    both = [id_ for id_ in brabant_run.pps_ids if id_ in other.pps_ids]
    assert len(both) > 30
    for id_ in both:
        one, two = brabant_run.pps_ids.index(id_), other.pps_ids.index(id_)
        for name in FIXED_AT_BIRTH:
            assert np.array_equal(getattr(brabant_run.pps, name)[one], getattr(other.pps, name)[two]), (id_, name)


@pytest.mark.statistical
def test_common_draws_make_a_difference_sharper(brabant: RegionPack) -> None:
    """The paired difference of a policy varies much less over seeds than the unpaired one."""
    seeds = range(1, 13)
    end = {}
    for name, policies in (("without", ()), ("with", (PaysRegie(name="regie", starts="2027-Q1"),))):
        runs = [PpsModel(brabant, load_scenario("baseline"), policies=policies, seed=s, scale=0.05) for s in seeds]
        for run in runs:
            run.run_until(run.calendar.step_of("2028-Q4") + 1)
        end[name] = np.array([run.ledger.balance[run.pps.account].sum() / 100 + run.pps.blocks[:, 6].sum() * 1e5
                              for run in runs])  # fmt: skip
    paired = np.var(end["with"] - end["without"])
    unpaired = np.var(end["with"]) + np.var(end["without"])
    assert unpaired > 2 * paired


# ── looking, and stopping early ─────────────────────────────────────────────────────────────────────────


def test_looking_at_all_agents_changes_nothing(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    other = again()
    other.run_until(30)
    assert len(other.agents) > 3000
    other.agents.shuffle_do("__repr__")
    assert_equal_runs(brabant_run, other.run())


def test_looking_from_the_start_changes_nothing(brabant_run: PpsModel, again: Callable[..., PpsModel]) -> None:
    other = again()
    other.make_views()
    assert_equal_runs(brabant_run, other.run())


def test_a_shorter_run_is_the_beginning_of_the_longer_one() -> None:
    longer, shorter = small_model(until="2022-Q4").run(), small_model(until="2016-Q4").run()
    quarters = shorter.calendar.quarters
    assert math.isclose(len(outcomes(shorter)), quarters)
    assert np.array_equal(outcomes(longer)[:quarters], outcomes(shorter), equal_nan=True)


def test_every_partnership_has_its_own_chance_for_every_purpose() -> None:
    model = small_model(calls=())
    live(model, 1)
    rows = [founded(model, firms=range(i * 3, i * 3 + 3)) for i in range(3)]
    for quarter in (1, 40):
        model.quarter = quarter
        draws = np.array([model.chance(purpose)[rows] for purpose in CHANCES])
        assert len(np.unique(draws)) == draws.size
