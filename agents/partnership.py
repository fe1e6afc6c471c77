"""The partnership (PPS): a collective of the other organisations, and who takes part in it.

Results and network are kept apart: `results` is what the lead school keeps (curriculum, forms of learning),
`network_alive` says whether partners still meet, decide and renew together. The second needs the regiefunctie.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

from agents.base import RowAgent
from agents.columns import Bools, Cell, Floats, Ints, Table, column


class Role(IntEnum):
    """Role of a partner, from a distant to a committed one."""

    GEEN = 0
    KLANT = 1
    ADVISEUR = 2
    PARTNER = 3
    MEDE_EIGENAAR = 4


class Kind(IntEnum):
    """Kind of a partner; the light kinds follow the order of a region pack's other partners."""

    MKB = 0
    GROOTBEDRIJF = 1
    SCHOOL = 2
    HOGESCHOOL = 3
    GEMEENTE = 4
    ZORGINSTELLING = 5
    BRANCHEORGANISATIE = 6
    VMBO = 7
    KENNISINSTELLING = 8
    OVERIG = 9


FIRM_KINDS = (Kind.MKB, Kind.GROOTBEDRIJF)
FIELD_KINDS = (Kind.MKB, Kind.GROOTBEDRIJF, Kind.ZORGINSTELLING, Kind.BRANCHEORGANISATIE, Kind.OVERIG)
EDUCATION_KINDS = (Kind.SCHOOL, Kind.HOGESCHOOL, Kind.VMBO, Kind.KENNISINSTELLING)


class Leaving(IntEnum):
    """Why a partner left."""

    STAYS = 0
    NO_RESULTS = 1
    CONTACT_FADED = 2
    PPS_STOPPED = 3


class Status(IntEnum):
    """What the partnership is, as its founders would say; the network is told by `network_alive`."""

    SUBSIDISED = 0
    EMBEDDED = 1
    INDEPENDENT = 2
    STOPPED = 3


class Decision(IntEnum):
    """What was decided when the subsidy ended."""

    NONE = 0
    A_EMBED = 1
    B_CONTINUE_ENTITY = 2
    C_NEW_ENTITY = 3
    STOP = 4


class Position(IntEnum):
    """Where the regie sits. The reports describe 1, 2 and 4; 3 is our reading (assumption)."""

    IN_SCHOOL = 1
    WITH_SCHOOL = 2
    SHARED = 3
    BETWEEN_PARTNERS = 4


class Location(IntEnum):
    """Where the partnership does its work."""

    SCHOOL = 0
    COMPANY = 1
    OWN = 2


class Block(IntEnum):
    """Building blocks A-G of a partnership."""

    A_CONTENT = 0
    B_FORM = 1
    C_PLACE = 2
    D_LLO = 3
    E_RESEARCH = 4
    F_INNOVATION = 5
    G_NETWORK = 6


class LloType(IntEnum):
    """Types of LLO: 1 and 2 are led by the school, 3 and 4 from outside it; 2 and 4 are mainly formal."""

    ONTWIKKELAAR = 1
    OPLEIDER = 2
    KATALYSATOR = 3
    ONDERNEMER = 4


def llo_type(position: int, formal: bool) -> LloType:
    """Return the type of LLO: by where the regie sits (outside the school or not) and how formal it mainly is."""
    if position >= Position.SHARED:
        return LloType.ONDERNEMER if formal else LloType.KATALYSATOR
    return LloType.OPLEIDER if formal else LloType.ONTWIKKELAAR


class Payer(IntEnum):
    """Groups of payers by which income and regie are told apart."""

    RIJK = 0
    PROVINCIE = 1
    SCHOOL = 2
    BEDRIJVEN = 3
    LLO = 4
    GEMEENTE = 5


class PpsState(Table):
    """What partnerships are. Quarters count from the first; -1 is never."""

    school: Ints = column(int)
    sector: Ints = column(int)
    region: Ints = column(int)
    province: Ints = column(int)
    scheme: Ints = column(int)
    born: Ints = column(int)
    account: Ints = column(int)
    # what was founded
    leader: Floats = column(float)
    history: Floats = column(float)
    demand: Floats = column(float)
    practice: Floats = column(float)
    location: Ints = column(int)
    llo_type: Ints = column(int, 1)
    first_position: Ints = column(int, 1)
    position: Ints = column(int, 1)
    target_students: Floats = column(float)
    cost: Floats = column(float)  # planned project cost, euro, in cash and in kind
    founders: Ints = column(int)
    # how far it is
    phase: Ints = column(int, 1)
    development: Floats = column(float, 1.0)
    phase_since: Ints = column(int, -1, (6,))
    phase_five_tried: Ints = column(int, -1)
    blocks: Floats = column(float, 0.0, (7,))
    hardware: Floats = column(float)
    software: Floats = column(float)
    hardware_share: Floats = column(float)  # of what is put into the place
    results: Floats = column(float)
    # its coordination and its money
    regie_fte: Floats = column(float)
    adequacy: Floats = column(float)
    effort: Floats = column(float)
    income: Floats = column(float, 0.0, (6,))  # smoothed cash income by payer, euro a quarter
    regie_from: Ints = column(int, -1)  # first quarter in which subsidy pays nothing but regie
    earmarked: Ints = column(int)  # cents received this quarter for regie and nothing else
    own_share: Floats = column(float, 1.0)  # share of the school in the project, as a factor of what is usual
    span: Ints = column(int, 16)  # quarters of the first project
    subsidy_start: Ints = column(int, -1)
    subsidy_end: Ints = column(int, -1)  # first quarter without subsidy, as long as nothing is decided
    last_paid: Ints = column(int, -1)  # last quarter with national subsidy of any scheme
    consortium: Bools = column(bool, False)
    scaled_up: Ints = column(int, -1)
    # rules of this quarter that policies may change; set anew every quarter
    llo_uptake: Floats = column(float, 1.0)  # how many employees take part in LLO, as a factor
    culture_gain: Floats = column(float, 1.0)  # how much firms learn to learn in it, as a factor
    reuse: Floats = column(float, 1.0)  # how much it gains by material of others, as a factor
    # its status and its network, kept apart
    status: Ints = column(int)
    decision: Ints = column(int)
    decided: Ints = column(int, -1)
    stopped: Ints = column(int, -1)
    network_alive: Bools = column(bool, True)
    network_death: Ints = column(int, -1)
    # counts of active partners, refreshed every quarter from the memberships
    firms: Ints = column(int)
    large: Ints = column(int)
    field: Ints = column(int)
    core: Ints = column(int)
    owners: Ints = column(int)
    partners: Ints = column(int)
    branches: Ints = column(int)
    municipalities: Ints = column(int)
    vmbo: Ints = column(int)
    hogescholen: Ints = column(int)
    # reach, per year
    students_direct: Floats = column(float)
    students_indirect: Floats = column(float)
    teachers: Floats = column(float)
    professionals: Floats = column(float)
    llo: Floats = column(float)

    @property
    def counts(self) -> Ints:
        """Counts of active partners, from `firms` to `hogescholen`, shape (counts, partnerships)."""
        return self.together("firms", "hogescholen")


class PpsTable(PpsState):
    """All partnerships that ever started, one row each, with what is fixed for each quarter."""

    due_national: Ints = column(int, 0, "quarters")  # cents to be paid per quarter
    due_provincial: Ints = column(int, 0, "quarters")
    due_policy: Ints = column(int, 0, "quarters")  # as above, granted by a policy
    planned: Floats = column(float, 0.0, "quarters")  # project cost, euro per quarter, in cash and in kind
    # its own chance: one uniform per quarter and purpose, fixed at birth by its identity
    chance: Floats = column(float, 0.0, "chances")


class Memberships(Table):
    """Who takes part in which partnership: one row per membership, kept after it ends.

    With a sampled population a firm stands for `weight` firms and each membership takes one of these.
    """

    pps: Ints = column(int)
    kind: Ints = column(int)
    member: Ints = column(int)
    role: Ints = column(int)
    first_role: Ints = column(int)
    since: Ints = column(int)
    until: Ints = column(int, -1)
    value: Floats = column(float)
    clock: Ints = column(int)
    why: Ints = column(int)
    founder: Bools = column(bool, False)
    # what the firm that takes part is ahead of the others that its sampled firm stands for; zero at full scale
    ahead_staff: Floats = column(float)
    ahead_llo: Floats = column(float)
    ahead_innovation: Floats = column(float)
    ahead_culture: Floats = column(float)

    def __init__(self, capacity: int = 16) -> None:
        super().__init__(capacity)
        self._active: Ints | None = None  # known until one starts or ends
        self._of_firms: Ints | None = None

    @property
    def ahead(self) -> Floats:
        """What is ahead in belief about staff, llo and innovation and in culture, shape (traits, memberships)."""
        return self.together("ahead_staff", "ahead_culture")

    def append(self, count: int = 1, **values: Any) -> int:
        """Append memberships and return the row of the first."""
        self._active = self._of_firms = None
        return super().append(count, **values)

    def end(self, rows: Ints | Bools, quarter: int, why: Leaving) -> None:
        """End memberships in a quarter, and keep the reason."""
        self._active = self._of_firms = None
        self.until[rows] = quarter
        self.why[rows] = why

    def active(self) -> Ints:
        """Return the rows of the memberships that have not ended."""
        if self._active is None:
            self._active = (self.until < 0).nonzero()[0]
        return self._active

    def of_firms(self) -> Ints:
        """Return the rows of the memberships of firms that have not ended."""
        if self._of_firms is None:
            rows = self.active()
            self._of_firms = rows[self.kind[rows] <= Kind.GROOTBEDRIJF]
        return self._of_firms


class Pps(RowAgent):
    """A publiek-private samenwerking, as an agent: a readable view on its row."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    phase = Cell()
    blocks = Cell()
    position = Cell(Position)
    first_position = Cell(Position)
    location = Cell(Location)
    status = Cell(Status)
    decision = Cell(Decision)
    leader = Cell()
    demand = Cell()
    practice = Cell()
    llo_type = Cell(LloType)
    regie_fte = Cell()
    results = Cell()
    network_alive = Cell()
    network_death = Cell()
    born = Cell()
    subsidy_start = Cell()
    subsidy_end = Cell()
    firms = Cell()
    partners = Cell()
    owners = Cell()
    students_direct = Cell()
    students_indirect = Cell()
    llo = Cell()

    @property
    def school(self) -> Any:
        """The lead school (penvoerder)."""
        return self.model.schools[int(self.model.pps.school[self.row])]

    @property
    def sector(self) -> str:
        """Id of the sector."""
        return str(self.model.national.sectors[int(self.model.pps.sector[self.row])].id)

    @property
    def region(self) -> str:
        """Id of the labour-market region."""
        return str(self.model.pack.regions[int(self.model.pps.region[self.row])].id)

    @property
    def subsidy_schedule(self) -> Ints:
        """National subsidy per quarter of the run, cents."""
        schedule: Ints = self.model.pps.due_national[self.row]
        return schedule

    @property
    def cash(self) -> int:
        """Cash in hand, cents."""
        return int(self.model.ledger.balance[self.model.pps.account[self.row]])

    @property
    def members(self) -> list[tuple[Any, Role]]:
        """The organisations that take part now, each with its role."""
        table = self.model.memberships
        rows = table.active()
        rows = rows[table.pps[rows] == self.row]
        return [(self.model.organisation(table.kind[i], table.member[i]), Role(table.role[i])) for i in rows]
