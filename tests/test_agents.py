"""What a Mesa user expects of agents, over state that lives in columns."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import mesa
import numpy as np
import pytest

from agents.columns import Cell, Ints, Table, column
from agents.firm import Firm, LargeEmployer, MkbFirm, Size
from agents.hogeschool import Hogeschool
from agents.partner import Gemeente, Partner, Vmbo
from agents.partnership import Decision, Kind, Memberships, Pps, Role, Status
from agents.province import Province
from agents.roc import Roc
from sim.model import PpsModel
from tests.worlds import founded, live, small_model


@pytest.fixture
def model() -> PpsModel:
    """A small world with one partnership of eight firms, two quarters old."""
    world = small_model(calls=(), parameters={"drift_without_regie": 0.0})
    live(world, 1)
    founded(world, firms=range(8), others=[(Kind.HOGESCHOOL, 0), (Kind.GEMEENTE, 1), (Kind.SCHOOL, 1)])
    return live(world, 1)


def test_every_kind_of_agent_is_there(model: PpsModel) -> None:
    count = {kind.__name__: len(agents) for kind, agents in model.agents_by_type.items()}
    firms = model.firms
    assert count["LargeEmployer"] == firms.large.sum()
    assert count["MkbFirm"] == (~firms.large).sum()
    assert (count["Roc"], count["Hogeschool"], count["Province"], count["Pps"]) == (3, 1, 1, 1)
    assert count["Gemeente"] == count["Vmbo"] == 6
    assert set(model.agent_types) == set(model.agents_by_type)
    assert len(model.agents) == sum(count.values())


def test_they_are_mesa_agents(model: PpsModel) -> None:
    assert isinstance(model, mesa.Model)
    assert all(isinstance(agent, mesa.Agent) and agent.model is model for agent in model.agents)
    assert len({agent.unique_id for agent in model.agents}) == len(model.agents)


def test_agents_are_made_when_somebody_asks() -> None:
    world = small_model()
    assert not world._firm_views
    live(world, 8)
    assert not any(isinstance(agent, Firm) for agent in world._all_agents)
    assert len(world.agents_by_type[MkbFirm]) == (~world.firms.large).sum()
    assert len(world._firm_views) == len(world.firms)


def test_asking_for_members_makes_only_those(model: PpsModel) -> None:
    firms = [partner for partner, _ in model.partnerships[0].members if isinstance(partner, Firm)]
    assert len(firms) == model.pps.firms[0]
    assert len(model._firm_views) == len(firms)
    assert {firm.row for firm in firms} < {agent.row for agent in model.agents_by_type[MkbFirm]} | {
        agent.row for agent in model.agents_by_type[LargeEmployer]
    }
    assert model.partnerships[0].members[0][0] is firms[0], "the same object again"


def test_a_partnership_that_starts_later_is_seen_too() -> None:
    world = small_model(calls=())
    assert Pps not in world.agents_by_type
    live(world, 1)
    founded(world)
    assert [pps.row for pps in world.agents_by_type[Pps]] == [0]


def test_select_reads_naturally(model: PpsModel) -> None:
    taking_part = model.agents_by_type[MkbFirm].select(lambda firm: firm.role != Role.GEEN)
    assert {firm.row for firm in taking_part} == set(np.flatnonzero((model.firms.memberships > 0) & ~model.firms.large))
    curious = model.agents.select(agent_type=LargeEmployer).select(lambda firm: firm.learning_culture > 0.5)
    assert {firm.row for firm in curious} == set(
        np.flatnonzero(model.firms.large & (model.firms.learning_culture > 0.5))
    )
    assert len(model.agents_by_type[MkbFirm].select(at_most=3)) == 3


def test_aggregates_equal_the_columns(model: PpsModel) -> None:
    assert np.allclose(
        sorted(model.agents_by_type[MkbFirm].get("belief_llo")), np.sort(model.firms.belief_llo[~model.firms.large])
    )
    assert model.agents_by_type[MkbFirm].agg("employees", sum) == model.firms.employees[~model.firms.large].sum()


@pytest.mark.parametrize(
    "name",
    [
        "employees", "weight", "learning_culture", "innovation_need", "vacancies", "belief_staff", "belief_llo",
        "belief_innovation", "motive_staff", "motive_llo", "motive_innovation", "patience", "bbl_places",
    ],
)  # fmt: skip
def test_an_attribute_is_the_cell_of_the_column(model: PpsModel, name: str) -> None:
    firm = model.agents_by_type[MkbFirm].to_list()[5]
    assert getattr(firm, name) == getattr(model.firms, name)[firm.row]
    setattr(firm, name, 0.25)
    assert getattr(model.firms, name)[firm.row] == 0.25
    getattr(model.firms, name)[firm.row] = 0.75
    assert getattr(firm, name) == 0.75


def test_what_is_set_through_an_agent_is_what_the_processes_see() -> None:
    plain, touched = small_model(), small_model()
    for firm in touched.agents_by_type[MkbFirm]:
        firm.learning_culture = 1.0
    assert touched.firms.learning_culture[~touched.firms.large].min() == 1.0
    live(plain, 4), live(touched, 4)
    assert touched.firms.bbl_places.sum() > plain.firms.bbl_places.sum()


def test_codes_read_as_their_meaning(model: PpsModel) -> None:
    pps = model.partnerships[0]
    firm, role = next(one for one in pps.members if isinstance(one[0], MkbFirm))
    assert firm.role is role
    assert isinstance(firm.size, Size)
    assert (pps.status, pps.decision) == (Status.SUBSIDISED, Decision.NONE)
    pps.status = Status.EMBEDDED
    assert model.pps.status[0] == Status.EMBEDDED


def test_a_firm_knows_its_partnerships_and_what_they_are_worth(model: PpsModel) -> None:
    (pps,) = model.partnerships
    inside = next(partner for partner, _ in pps.members if isinstance(partner, MkbFirm))
    outside = model.agents_by_type[MkbFirm].select(lambda firm: firm.role == Role.GEEN).to_list()[0]
    assert inside.pps == [pps]
    assert 0 < inside.experienced_value <= 1
    assert (outside.pps, outside.experienced_value) == ([], 0.0)
    assert (inside.region, inside.sector) == ("region-0", "htsm")


def test_a_partnership_knows_its_members_and_their_roles(model: PpsModel) -> None:
    pps = model.partnerships[0]
    members = dict(pps.members)
    assert len(members) == pps.partners == model.pps.partners[0]
    assert members[model.schools[0]] is Role.MEDE_EIGENAAR
    assert members[model.schools[1]] is members[model.hogescholen[0]] is Role.PARTNER
    assert members[model.partners[Kind.GEMEENTE][1]] is Role.ADVISEUR
    assert pps.school is model.schools[0]
    assert (pps.sector, pps.region, pps.phase, pps.born) == ("htsm", "region-0", 1, 0)
    assert pps.cash == model.ledger.balance[model.pps.account[0]]


def test_a_large_employer_and_the_others_are_what_they_say(model: PpsModel) -> None:
    top = next(firm for firm in model.agents_by_type[LargeEmployer] if firm.name == "Top 1")
    assert (top.employees, top.sector, top.region, top.size) == (3000, "zorg_welzijn", "region-1", Size.GROOT)
    school = model.agents_by_type[Roc].select(lambda roc: roc.id == "school-0").to_list()[0]
    assert isinstance(school, Roc)
    assert school.students == model.enrolment.stock[0].sum()
    assert school.active_pps == 1
    assert school.reserve == model.ledger.balance[school.account] > 0
    hbo = model.agents_by_type[Hogeschool].to_list()[0]
    assert (hbo.id, hbo.lectoraten, hbo.has_room(0, 0.4), hbo.has_room(8, 0.4)) == ("hbo-0", 20, True, False)
    province = model.agents_by_type[Province].to_list()[0]
    assert province.budget > 0
    assert province.can_pay(province.budget - province.promised)
    assert not province.can_pay(province.budget - province.promised + 1)
    assert {type(p) for p in model.agents if isinstance(p, Partner)} >= {Gemeente, Vmbo}


def test_names_and_ids_are_permanent_and_unique(model: PpsModel) -> None:
    before = {agent.id: agent.name for agent in model.agents}
    assert len(before) == len(model.agents)
    live(model, 12)
    after = {agent.id: agent.name for agent in model.agents}
    assert {id_: after[id_] for id_ in before} == before
    assert repr(model.schools[0]) == "Roc('School 0')"


def test_rows_are_never_reordered(model: PpsModel) -> None:
    fixed = {name: getattr(model.firms, name).copy() for name in ("region", "sector", "size", "weight", "employees")}
    live(model, 20)
    for name, values in fixed.items():
        assert np.array_equal(getattr(model.firms, name), values), name


def test_shuffle_do_and_do_reach_every_agent(model: PpsModel) -> None:
    seen: list[int] = []
    model.agents_by_type[MkbFirm].shuffle_do(lambda firm: seen.append(firm.row))
    assert sorted(seen) == np.flatnonzero(~model.firms.large).tolist()


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────


class Shelf(Table):
    """A table to test with."""

    books: Ints = column(int, 3)
    size = column(float, 0.5, (2,))
    days = column(int, -1, "days")


@pytest.fixture
def shelves() -> Shelf:
    return Shelf(2, days=4)


def test_rows_start_with_what_the_column_says(shelves: Shelf) -> None:
    first = shelves.append(2, books=[7, 8])
    assert (first, len(shelves)) == (0, 2)
    assert shelves.books.tolist() == [7, 8]
    assert shelves.size.tolist() == [[0.5, 0.5]] * 2
    assert shelves.days.shape == (2, 4)


def test_a_table_grows_and_keeps_what_it_held(shelves: Shelf) -> None:
    for number in range(100):
        assert shelves.append(books=number) == number
    assert shelves.books.tolist() == list(range(100))
    assert np.all(shelves.days == -1)


def test_a_column_can_be_written_as_a_whole(shelves: Shelf) -> None:
    shelves.append(3)
    shelves.books[:] = [1, 2, 3]
    shelves.append(50)
    assert shelves.books[:4].tolist() == [1, 2, 3, 3]


def test_a_cell_of_several_numbers_is_a_view(shelves: Shelf) -> None:
    class View:
        size = Cell()
        table: Table = shelves
        row = 0

    shelves.append()
    view = View()
    view.size[0] = 0.9
    assert shelves.size[0].tolist() == [0.9, 0.5]
    assert isinstance(View.size, Cell)


@pytest.fixture
def made(make_model: Callable[..., PpsModel]) -> PpsModel:
    return make_model(until="2012-Q4")


def test_run_until_lives_to_the_end_and_no_further(made: PpsModel) -> None:
    made.run()
    assert made.quarter == made.calendar.quarters - 1 == 5
    assert made.recorder is not None
    assert not np.isnan(made.recorder.values[:, -1, made.recorder.numbers["students"]]).any()


def test_step_lives_one_quarter(made: PpsModel) -> None:
    made.step()
    assert made.quarter == 0
    made.step()
    assert (made.quarter, made.calendar.label(made.quarter)) == (1, "2011-Q4")


def test_a_table_that_is_pickled_keeps_its_columns_together() -> None:
    """What was changed in a column before and after is still there when the table grows."""
    table = Memberships(2)
    table.append(2, pps=[1, 2], value=[0.1, 0.2], founder=True)
    copy = pickle.loads(pickle.dumps(table))
    copy.pps[0], copy.value[1], copy.founder[0] = 7, 0.7, False
    copy.append(5, pps=3)
    assert copy.pps.tolist() == [7, 2, 3, 3, 3, 3, 3]
    assert (copy.value[1], copy.founder[0], copy.founder[1]) == (0.7, False, True)
    assert table.pps.tolist() == [1, 2]
