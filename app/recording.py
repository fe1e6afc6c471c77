"""A run as frames: what a workshop plays back, quarter by quarter, without asking the server anything.

Whatever is placed or numbered here follows from what happened before it alone, in the order in which it came. So two
runs with the same chance have the same frames up to the quarter in which a measure makes them differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agents.columns import Floats
from agents.firm import Size
from agents.partnership import FIRM_KINDS, Block, Kind, Leaving, Role, Status
from experiments.runner import Replicate, begun, lived

if TYPE_CHECKING:
    from sim.model import PpsModel
    from sim.record import PpsHistory

SHOWN = (
    "pps_active",
    "pps_subsidised",
    "pps_stopped",
    "networks_alive",
    "networks_after_subsidy",
    "partners_unique",
    "regie_fte",
    "students_direct",
)
"""The outcomes that stand beside the network."""
NOT_YET, SUBSIDISED, EMBEDDED, INDEPENDENT, RESULTS, STOPPED = "-SEIRX"
"""How a partnership stands: before its start, with subsidy, without it with a living network (embedded in the school
or independent), with no network but the results in the school, and stopped."""
MOST_TENTHS = 9
MOST_PLACES = 60
"""Places around a partnership. Who finds them taken is counted and not drawn."""
LINGERS = 4
"""Quarters that a partnership keeps its place after its network has ended, so that everybody can see it end."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A partnership, drawn with its partners around it.

    Attributes:
        id: Its identity, the same in all runs in which it starts.
        name: What it is called.
        school: Number of the node of its lead school.
        region: Number of its labour-market region.
        place: Its place there; taken again some quarters after its network has ended.
        born: Frame in which it starts.
        ended: Frame in which its network ends; -1 if it does not.
        states: How it stands, a letter per frame.
        contact: Strength of its network, in tenths from 0 to 9, a digit per frame.
        regie: Share of the regie it needs that is there, in tenths from 0 to 9, a digit per frame.
        partners: Members of its network, with the lead school, per frame from its start.
    """

    id: str
    name: str
    school: int
    region: int
    place: int
    born: int
    ended: int
    states: str
    contact: str
    regie: str
    partners: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A partner. Of a sampled firm, which stands for several, every membership is a firm of its own.

    Attributes:
        kind: What it is, a number of `Kind`.
        member: Its number among those of its kind.
        name: What it is called; empty for a firm that only has a number.
        hub: The partnership that it stands beside; -1 for schools and hogescholen, which stand in a region.
        place: Its place there: a place around a hub is taken again when who stood there has left.
    """

    kind: int
    member: int
    name: str
    hub: int
    place: int


@dataclass(frozen=True, slots=True)
class Link:
    """A membership: from the frame `since` up to and not including `until`, or to the end (-1)."""

    hub: int
    node: int
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Happening:
    """Something in the life of a partnership that is told as it happens."""

    frame: int
    hub: int
    what: str
    detail: str
    number: int


@dataclass(frozen=True)
class Recording:
    """A run that can be played back.

    Attributes:
        quarters: The quarter of each frame, such as `2014-Q3`.
        regions: Names of the labour-market regions.
        provinces: Names of the provinces.
        province_of: Number of the province of each region.
        hubs: The partnerships, in the order in which they start.
        nodes: The partners: schools and hogescholen, then all others in the order in which they joined.
        links: Who takes part where and when.
        series: Outcomes of all provinces together, a value per frame; None where it is not defined.
        happenings: What happened, in order.
    """

    quarters: tuple[str, ...]
    regions: tuple[str, ...]
    provinces: tuple[str, ...]
    province_of: tuple[int, ...]
    hubs: tuple[Hub, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    series: dict[str, list[float | None]]
    happenings: tuple[Happening, ...]

    def within(self, province: int) -> tuple[Recording, list[int], list[int]]:
        """Return what is in one province, with the numbers that its hubs and nodes have in all; outcomes are of all.

        A partner that first joined elsewhere stands beside the first partnership in the province that it joins; a
        school or hogeschool from elsewhere is left out.
        """
        regions = [region for region, of in enumerate(self.province_of) if of == province]
        hubs = [number for number, hub in enumerate(self.hubs) if hub.region in regions]
        new_hub = {hub: number for number, hub in enumerate(hubs)}
        first = {link.node: new_hub[link.hub] for link in reversed(self.links) if link.hub in new_hub}
        nodes = [
            number
            for number, node in enumerate(self.nodes)
            if (node.place in regions if node.hub < 0 else number in first)
        ]
        new_node = {node: number for number, node in enumerate(nodes)}
        part = replace(
            self,
            regions=tuple(self.regions[region] for region in regions),
            hubs=tuple(
                replace(hub, region=regions.index(hub.region), school=new_node.get(hub.school, -1))
                for hub in (self.hubs[number] for number in hubs)
            ),
            nodes=tuple(
                replace(node, place=regions.index(node.place))
                if node.hub < 0
                else replace(node, hub=new_hub.get(node.hub, first[number]))
                for number, node in ((number, self.nodes[number]) for number in nodes)
            ),
            links=tuple(
                replace(link, hub=new_hub[link.hub], node=new_node[link.node])
                for link in self.links
                if link.hub in new_hub and link.node in new_node
            ),
            happenings=tuple(replace(one, hub=new_hub[one.hub]) for one in self.happenings if one.hub in new_hub),
        )
        return part, hubs, nodes

    def frame(self, quarter: str) -> int:
        """Return the frame of a quarter; the first or last one for a quarter outside the run."""
        return min(max(int(np.searchsorted(self.quarters, quarter)), 0), len(self.quarters) - 1)


def record(replicate: Replicate) -> Recording:
    """Run a replicate and return it as frames."""
    model = lived(replicate)
    recorder = model.recorder
    assert recorder is not None
    hubs = tuple(_hubs(model, recorder.partnerships_kept()))  # before the outcomes are: that clears what was kept
    nodes, links = _network(model)
    return Recording(
        tuple(model.calendar.labels()),
        tuple(region.name for region in model.pack.regions),
        tuple(province.name for province in model.pack.provinces),
        tuple(model.province_of.tolist()),
        hubs,
        nodes,
        links,
        {name: _defined(recorder.values[:, -1, recorder.numbers[name]]) for name in SHOWN},
        tuple(_happenings(model)),
    )


def _defined(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else round(value, 2) for value in values.tolist()]


# ── partnerships ────────────────────────────────────────────────────────────────────────────────────────
def _hubs(model: PpsModel, history: PpsHistory) -> Iterator[Hub]:
    pps, frames = model.pps, model.calendar.quarters
    states = np.full((len(pps), frames), NOT_YET)
    contact = np.full((len(pps), frames), "0")
    regie = np.full((len(pps), frames), "0")
    partners = np.zeros((len(pps), frames), dtype=np.int64)
    # the partnerships of a quarter are kept together, all of them and in order
    row = np.arange(len(history)) - np.searchsorted(history.quarter, history.quarter)
    at = (row, history.quarter)
    states[at] = _states(history)
    contact[at] = _tenths(history.blocks[:, Block.G_NETWORK])
    regie[at] = _tenths(history.adequacy)
    partners[at] = history.partners
    places: list[list[int]] = [[] for _ in range(model.n_regions)]  # from which frame each place is free
    for number, name in enumerate(model.pps_names):
        region, born, ended = (int(each[number]) for each in (pps.region, pps.born, pps.network_death))
        yield Hub(
            model.pps_ids[number],
            name,
            int(pps.school[number]),
            region,
            _take(places[region], born, ended + LINGERS if ended >= 0 else frames),
            born,
            ended,
            "".join(states[number].tolist()),
            "".join(contact[number].tolist()),
            "".join(regie[number].tolist()),
            tuple(partners[number, pps.born[number] :].tolist()),
        )


def _states(history: PpsHistory) -> npt.NDArray[np.str_]:
    from sim.record import after_subsidy

    independent = history.status == Status.INDEPENDENT
    states: npt.NDArray[np.str_] = np.select(
        [history.status == Status.STOPPED, ~history.network_alive, ~after_subsidy(history), independent],
        [STOPPED, RESULTS, SUBSIDISED, INDEPENDENT],
        EMBEDDED,
    )
    return states


def _tenths(shares: Floats) -> npt.NDArray[np.str_]:
    return np.minimum(np.floor(10.0 * shares), MOST_TENTHS).astype(np.int64).astype("U1")


# ── partners ────────────────────────────────────────────────────────────────────────────────────────────
def _network(model: PpsModel) -> tuple[tuple[Node, ...], tuple[Link, ...]]:
    """Place every partner as it first joins, and draw its memberships to where it stands."""
    nodes = list(_beside(model))
    standing = {(node.kind, node.member): number for number, node in enumerate(nodes)}
    links: list[Link] = []
    places: list[list[int]] = [[] for _ in range(len(model.pps))]  # by hub: from which frame each place is free
    table = model.memberships
    columns = (table.pps, table.kind, table.member, table.since, table.until)
    for hub, kind, member, since, until in zip(*(column.tolist() for column in columns), strict=True):
        several = kind in FIRM_KINDS and model.firms.weight[member] > 1.0
        number = None if several else standing.get((kind, member))
        if number is None:
            left = until if several and until >= 0 else model.calendar.quarters
            place = _take(places[hub], since, left)
            if place == MOST_PLACES:
                places[hub].pop()
                continue
            number = len(nodes)
            nodes.append(Node(kind, member, _name(model, kind, member), hub, place))
            if not several:
                standing[kind, member] = number
        links.append(Link(hub, number, since, until))
    return tuple(nodes), tuple(links)


def _beside(model: PpsModel) -> Iterator[Node]:
    """Yield the schools and hogescholen, each with its region as its place."""
    for school in model.schools:
        yield Node(Kind.SCHOOL, school.row, school.name, -1, school.region)
    for hogeschool in model.hogescholen:
        yield Node(Kind.HOGESCHOOL, hogeschool.row, hogeschool.name, -1, hogeschool.region)


def _take(places: list[int], since: int, until: int) -> int:
    """Take the first place that is free, or else a new one, and return its number."""
    for place, free in enumerate(places):
        if free <= since:
            places[place] = until
            return place
    places.append(until)
    return len(places) - 1


def _name(model: PpsModel, kind: int, member: int) -> str:
    if kind in FIRM_KINDS:
        return model.firm_name(member) if model.firms.top[member] else ""
    return str(model.organisation(kind, member).name)


def _happenings(model: PpsModel) -> Iterator[Happening]:
    for event in model.events:
        detail = event.detail
        match event.what:
            case "founded":
                yield Happening(event.step, event.pps, "founded", detail["scheme"], int(model.pps.founders[event.pps]))
            case "granted":
                yield Happening(event.step, event.pps, "granted", detail["scheme"], int(detail["euros"]))
            case "decided":
                early = bool(detail.get("early"))
                yield Happening(event.step, event.pps, "decided", "early" if early else detail["decision"], 0)
            case "network_ended":
                yield Happening(event.step, event.pps, "network_ended", detail["why"], int(detail["partners"]))


# ── stories so far ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Moment:
    """What can be told at a quarter of a run, by somebody who does not know what comes.

    Attributes:
        about: What a story says of its run: region, scenario, seed and quarter.
        partnerships: Rows of the table `partnerships` as they are then, in the order of the hubs.
        partners: By kind and number: every organisation that ever took part, with its memberships.
    """

    about: dict[str, Any]
    partnerships: list[dict[str, Any]]
    partners: dict[tuple[int, int], dict[str, Any]]


def moment(replicate: Replicate, quarter: str) -> Moment:
    """Run a replicate up to a quarter and return what can be told then."""
    from experiments.tables import partnerships

    model = begun(replicate)
    model.run_until(model.calendar.step_of(quarter) + 1)
    rows = partnerships(model, replicate.number).to_pylist()
    for row in rows:  # the table counts on to the last year of the run
        row["partners_by_year"] = [each for each in row["partners_by_year"] if f"{each['year']}-Q4" <= quarter]
    return Moment(_about(replicate, quarter), rows, _partners(model))


def _about(replicate: Replicate, quarter: str) -> dict[str, Any]:
    sectors = replicate.national.sectors
    return {
        "seed": replicate.seed - replicate.number,
        "until": quarter,
        "scenario": {"title_nl": replicate.scenario.title_nl, "title_en": replicate.scenario.title_en},
        "region": {
            "regions": {region.id: region.name for region in replicate.pack.regions},
            "sectors_nl": {sector.id: sector.name_nl for sector in sectors},
            "sectors_en": {sector.id: sector.name_en for sector in sectors},
        },
    }


def _partners(model: PpsModel) -> dict[tuple[int, int], dict[str, Any]]:
    table, told = model.memberships, dict[tuple[int, int], dict[str, Any]]()
    for row in range(len(table)):
        kind, member, hub = int(table.kind[row]), int(table.member[row]), int(table.pps[row])
        if (kind, member) not in told:
            told[kind, member] = _partner(model, kind, member)
        left = int(table.until[row])
        founder = bool(table.founder[row])
        told[kind, member]["memberships"].append(
            {
                "pps": model.pps_names[hub],
                "joined": model.calendar.label(int(table.since[row])),
                "founder": founder,
                "leads": founder and kind == Kind.SCHOOL and member == int(model.pps.school[hub]),
                "first_role": Role(int(table.first_role[row])).name.lower(),
                "role": Role(int(table.role[row])).name.lower(),
                "left": model.calendar.label(left) if left >= 0 else None,
                "why": Leaving(int(table.why[row])).name.lower(),
                "value": float(table.value[row]),
            }
        )
    return told


def _partner(model: PpsModel, kind: int, member: int) -> dict[str, Any]:
    """Return what an organisation is, and of a firm what it believes."""
    told: dict[str, Any] = {"kind": Kind(kind).name.lower(), "memberships": []}
    if kind not in FIRM_KINDS:
        agent: Any = model.organisation(kind, member)
        return {**told, "name": agent.name, "region": model.pack.regions[agent.region].id}
    firms = model.firms
    beliefs = ("learning_culture", "belief_staff", "belief_llo", "belief_innovation")
    return {
        **told,
        "name": model.firm_name(member),
        "size": Size(int(firms.size[member])).name.lower(),
        "region": model.pack.regions[int(firms.region[member])].id,
        "sector": model.national.sectors[int(firms.sector[member])].id,
        "weight": float(firms.weight[member]),
        **{name: float(getattr(firms, name)[member]) for name in beliefs},
    }
