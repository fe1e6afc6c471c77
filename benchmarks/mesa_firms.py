"""The firm-level processes as a good Mesa programmer writes them: one Python object per firm, `shuffle_do`.

The rules are those of sim/contact.py and sim/engagement.py; the parameters, firms, partnerships and members are
taken over from a running model. What can be known per cell (region x sector) is worked out once a quarter, so
that a firm looks up its contacts and its peers instead of searching for them. A sampled firm (weight above one)
is not supported: every object is one firm.

`shuffled=False` gives the same without shuffling the firms: the rules do not depend on the order, though few who
write a model would rely on that.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import exp

import mesa

from agents.partnership import FIELD_KINDS, Block, Kind, Position, Role
from sim.model import PpsModel


@dataclass
class Membership:
    """A firm in a partnership."""

    firm: Firm
    role: int
    value: float
    clock: int
    since: int


@dataclass
class Other:
    """A partner that is no firm."""

    kind: Kind
    leads: bool


class Firm(mesa.Agent):  # type: ignore[type-arg]
    """A firm with ordinary attributes."""

    model: FirmsModel

    def __init__(self, model: FirmsModel, world: PpsModel, row: int) -> None:
        super().__init__(model)
        p, table = world.p, world.firms
        size = int(table.size[row])
        self.cell = int(table.cell[row])
        self.large = bool(table.large[row])
        self.most = p.most_pps_large if self.large else 1.0
        self.pull = float(world.contact_pull[size])
        self.cost = (p.cost_micro, p.cost_klein, p.cost_middel, p.cost_groot)[size]
        self.learning_culture = float(table.learning_culture[row])
        self.innovation_need = float(table.innovation_need[row])
        self.belief_staff = float(table.belief_staff[row])
        self.belief_llo = float(table.belief_llo[row])
        self.belief_innovation = float(table.belief_innovation[row])
        self.motive_staff = float(table.motive_staff[row])
        self.motive_llo = float(table.motive_llo[row])
        self.motive_innovation = float(table.motive_innovation[row])
        self.patience = float(table.patience[row])
        self.partnerships: list[Partnership] = []

    def meet(self) -> None:
        """Be contacted, perhaps, and join, perhaps."""
        rate = self.model.contact_rate[self.cell]
        free = self.most - len(self.partnerships)
        if rate <= 0.0 or free <= 0.0 or self.random.random() >= (1.0 - exp(-rate * self.pull)) * free:
            return
        partnerships, ends = self.model.seekers[self.cell]
        partnership = partnerships[min(bisect_right(ends, self.random.random() * ends[-1]), len(ends) - 1)]
        if partnership in self.partnerships:
            return
        value = self.expected_value(partnership)
        chance = self.joining_chance(partnership, value)
        draw = self.random.random()
        if draw < chance:
            partnership.take_in(self, draw / chance, value)

    def expected_value(self, partnership: Partnership) -> float:
        staff, llo, innovation = partnership.promised
        return (
            self.motive_staff * self.model.wanted * self.belief_staff * staff
            + self.motive_llo * self.belief_llo * llo
            + self.motive_innovation * self.belief_innovation * self.innovation_need * innovation
        )

    def joining_chance(self, partnership: Partnership, value: float) -> float:
        p = self.model.p
        cost = self.cost * (1.0 - p.culture_eases * self.learning_culture)
        bonus = p.anchor_bonus if partnership.large else 0.0
        return 1.0 / (1.0 + exp(-(value + bonus - cost) / p.joining_temperature))

    def learn(self, offers: tuple[float, float, float], contact: float) -> None:
        """Raise beliefs by what a partnership shows, and the learning culture by its LLO."""
        p = self.model.p
        staff, llo, innovation = offers
        seen = p.belief_learning * contact
        self.belief_staff += seen * staff * (1.0 - self.belief_staff)
        self.belief_llo += seen * llo * (1.0 - self.belief_llo)
        self.belief_innovation += seen * innovation * (1.0 - self.belief_innovation)
        self.learning_culture += p.culture_learning * contact * llo * (1.0 - self.learning_culture)

    def disappoint(self) -> None:
        """Lower beliefs after leaving without results."""
        kept = 1.0 - self.model.p.disappointment
        self.belief_staff *= kept
        self.belief_llo *= kept
        self.belief_innovation *= kept

    def hear_peers(self) -> None:
        """Move beliefs towards those of the members of the same region and sector."""
        peers = self.model.peers.get(self.cell)
        if peers is not None:
            rate, staff, llo, innovation = peers
            self.belief_staff += rate * (staff - self.belief_staff)
            self.belief_llo += rate * (llo - self.belief_llo)
            self.belief_innovation += rate * (innovation - self.belief_innovation)


class Partnership(mesa.Agent):  # type: ignore[type-arg]
    """A partnership with the list of its members; its blocks, regie and leader stay as they are."""

    model: FirmsModel

    def __init__(self, model: FirmsModel, world: PpsModel, row: int) -> None:
        super().__init__(model)
        pps, p = world.pps, world.p
        self.born = int(pps.born[row])
        self.alive = bool(pps.network_alive[row])
        self.leader = float(pps.leader[row])
        self.position = int(pps.position[row])
        self.regie_fte = float(pps.regie_fte[row])
        self.adequacy = float(pps.adequacy[row])
        self.network = float(pps.blocks[row, Block.G_NETWORK])
        self.orchestration = float(world.provinces[int(pps.province[row])].orchestration)
        content, form, place, llo, research, innovation, _ = (float(block) for block in pps.blocks[row])
        rest = 1.0 - p.staff_content - p.staff_form
        staff = p.staff_content * content + p.staff_form * form + rest * place
        self.offers = (staff, llo, 0.5 * (research + innovation))
        self.promised = self.offers
        spread = world.contact_spread[int(pps.region[row]) * world.n_sectors + int(pps.sector[row])]
        self.reach = {int(cell): float(spread[cell]) for cell in spread.nonzero()[0]}
        self.members: list[Membership] = []
        self.others: list[Other] = []
        self.large = 0

    def contacts(self) -> float:
        """Return the firms that it contacts this quarter."""
        if not self.alive:
            return 0.0
        p = self.model.p
        free_fte = max(0.0, self.regie_fte - p.regie_per_partner * (len(self.members) + len(self.others)))
        bought = p.contacts_per_fte * free_fte * (p.leader_base + self.leader)
        branches = sum(other.kind == Kind.BRANCHEORGANISATIE for other in self.others)
        brought = (
            p.contacts_per_branch * branches
            + p.contacts_per_peer * len(self.members)
            + p.contacts_per_anchor * self.large
        )
        return (bought + brought * self.network * self.adequacy) * (1.0 + p.orchestration_contacts * self.orchestration)

    def promise(self) -> None:
        """Set what it promises this quarter: a young one what its leader says, an old one what is there."""
        words = exp(-(self.model.quarter - self.born) / (4.0 * self.model.p.promise_years)) * self.leader
        staff, llo, innovation = self.offers
        self.promised = (max(staff, words), max(llo, words), max(innovation, words))

    def take_in(self, firm: Firm, draw: float, value: float) -> None:
        """Make a firm a member, in a role by its commitment."""
        p = self.model.p
        commitment = draw - p.later_distance + p.position_commits * (self.position - 1) / 3.0
        role = min(1 + bisect_right(self.model.role_cuts, commitment), int(Role.MEDE_EIGENAAR))
        self.add(Membership(firm, role, value, 0, self.model.quarter))
        self.model.joins += 1

    def add(self, member: Membership) -> None:
        self.members.append(member)
        member.firm.partnerships.append(self)
        self.large += member.firm.large

    def live(self) -> None:
        """Let all partners experience value, act on it and perhaps leave."""
        p = self.model.p
        contact = p.value_without_contact + (1.0 - p.value_without_contact) * self.network
        drift = p.drift_without_regie * (1.0 - self.adequacy)
        staying = []
        for member in self.members:
            self.experience(member, contact)
            if self.stays(member, drift):
                staying.append(member)
            else:
                member.firm.partnerships.remove(self)
                self.large -= member.firm.large
                self.model.leaves += 1
                if self.adequacy >= p.fading_adequacy and member.clock > member.firm.patience:
                    member.firm.disappoint()
        self.members = staying
        self.others = [other for other in self.others if other.leads or self.random.random() >= drift]

    def experience(self, member: Membership, contact: float) -> None:
        p, firm = self.model.p, member.firm
        staff, llo, innovation = self.offers
        felt = contact * self.model.commitment[member.role]
        value = felt * (
            firm.motive_staff * staff
            + firm.motive_llo * llo
            + firm.motive_innovation * firm.innovation_need * innovation
        )
        member.value += p.value_learning * (value - member.value)
        satisfied = p.satisfied_large if firm.large else p.satisfied_mkb
        member.clock = 0 if member.value >= satisfied else member.clock + 1
        firm.learn(self.offers, contact)

    def stays(self, member: Membership, drift: float) -> bool:
        p, draw = self.model.p, self.random.random()
        if member.clock > member.firm.patience:
            if draw < p.leaves_rather or member.role == Role.KLANT:
                return False
            member.role -= 1
            member.clock = 0
        elif draw < drift and member.since + 1 < self.model.quarter:
            return False
        elif member.value >= p.promote_value and draw > 1.0 - p.promotion:
            ceiling = Role.MEDE_EIGENAAR if self.position >= Position.SHARED else Role.PARTNER
            if member.role < ceiling:
                member.role += 1
        return True


class FirmsModel(mesa.Model):  # type: ignore[type-arg]
    """The firms and partnerships of a world, as objects.

    Args:
        world: The world whose state is taken over.
        seed: Seed of the chance.
        shuffled: Whether the firms act in a new order each time.
    """

    def __init__(self, world: PpsModel, seed: int, shuffled: bool = True) -> None:
        super().__init__(rng=seed)
        self.shuffled = shuffled
        p = self.p = world.p
        self.quarter = world.quarter
        self.joins = self.leaves = 0
        self.wanted = 1.0 + p.vacancies_motivate * world.climate.tightness
        self.role_cuts = list(accumulate([p.role_klant, p.role_adviseur, p.role_partner]))
        self.commitment = (0.0, p.value_klant, p.value_adviseur, p.value_partner, p.value_eigenaar)
        self.firms = [Firm(self, world, row) for row in range(len(world.firms))]
        self.partnerships = [Partnership(self, world, row) for row in range(len(world.pps))]
        self.firms_in_cell: dict[int, int] = {}
        for firm in self.firms:
            self.firms_in_cell[firm.cell] = self.firms_in_cell.get(firm.cell, 0) + 1
        self.contact_rate = [0.0] * len(world.contact_spread)
        self.seekers: dict[int, tuple[list[Partnership], list[float]]] = {}
        self.peers: dict[int, tuple[float, float, float, float]] = {}
        table = world.memberships
        for row in table.active():
            partnership = self.partnerships[int(table.pps[row])]
            kind, number = Kind(int(table.kind[row])), int(table.member[row])
            if kind <= Kind.GROOTBEDRIJF:
                partnership.add(
                    Membership(
                        self.firms[number],
                        int(table.role[row]),
                        float(table.value[row]),
                        int(table.clock[row]),
                        int(table.since[row]),
                    )
                )
            else:
                leads = kind == Kind.SCHOOL and number == world.pps.school[table.pps[row]]
                partnership.others.append(Other(kind, leads))

    def step(self) -> None:
        """Live one quarter."""
        self.quarter += 1
        firms = self.agents_by_type[Firm]
        for_all_firms = firms.shuffle_do if self.shuffled else firms.do
        self.plan_contacts()
        for_all_firms("meet")
        self.agents_by_type[Partnership].shuffle_do("live")
        self.gather_peers()
        for_all_firms("hear_peers")

    def plan_contacts(self) -> None:
        """Work out once a quarter how often a firm of each cell is contacted, and by whom."""
        self.contact_rate = [0.0] * len(self.contact_rate)
        by_cell: dict[int, tuple[list[Partnership], list[float]]] = {}
        for partnership in self.partnerships:
            partnership.promise()
            contacts = partnership.contacts()
            if contacts <= 0.0:
                continue
            for cell, share in partnership.reach.items():
                self.contact_rate[cell] += contacts * share
                seekers, weights = by_cell.setdefault(cell, ([], []))
                seekers.append(partnership)
                weights.append(contacts * share)
        self.seekers = {cell: (seekers, list(accumulate(weights))) for cell, (seekers, weights) in by_cell.items()}

    def gather_peers(self) -> None:
        """Work out once a quarter what the members in each cell believe, and how strongly that is heard."""
        members: dict[int, list[Firm]] = {}
        for partnership in self.partnerships:
            for member in partnership.members:
                members.setdefault(member.firm.cell, []).append(member.firm)
        self.peers = {}
        for cell, firms in members.items():
            count = len(firms)
            rate = self.p.belief_spread * min(1.0, count / self.firms_in_cell[cell])
            self.peers[cell] = (
                rate,
                sum(firm.belief_staff for firm in firms) / count,
                sum(firm.belief_llo for firm in firms) / count,
                sum(firm.belief_innovation for firm in firms) / count,
            )

    def field_partners(self) -> int:
        """Return the memberships of firms and other field partners now."""
        return sum(
            len(partnership.members) + sum(other.kind in FIELD_KINDS for other in partnership.others)
            for partnership in self.partnerships
        )
