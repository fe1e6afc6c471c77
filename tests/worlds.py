"""Small worlds: by hand for a test that looks at one thing, and at random for what must hold in every world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from agents.columns import Floats
from agents.parameters import make_parameters, parameter_table
from agents.partnership import Kind, Role
from scenarios.national import Call, load_national
from scenarios.policy import Policy
from scenarios.region import (
    HogeschoolRow,
    KnownPps,
    LabourMarketRegion,
    LargeEmployerRow,
    ProvinceRow,
    RegionPack,
    SchoolRow,
    load_region,
)
from scenarios.scenario import LATEST, START, Scenario
from sim.calendar import quarter_number
from sim.initiation import Plan, found
from sim.ledger import cents
from sim.model import PpsModel

SECTORS = tuple(sector.id for sector in load_national().sectors)
WITH_FIRMS = np.array([sector.has_firms for sector in load_national().sectors])
HTSM = SECTORS.index("htsm")
SHIPPED = load_region("noord-brabant")


def scenario(until: str = LATEST, **changes: Any) -> Scenario:
    texts = dict.fromkeys(("title_nl", "title_en", "purpose_nl", "purpose_en"), "test")
    return Scenario(name="test", until=until, **{**texts, **changes})


def label(number: int) -> str:
    """The quarter of an absolute number, as text."""
    return f"{number // 4}-Q{number % 4 + 1}"


# ── by hand ─────────────────────────────────────────────────────────────────────────────────────────────


def known(id: str, school: str = "school-0", region: str = "region-0", sector: str = "htsm", **more: Any) -> KnownPps:
    window = {"start_from": "2012-Q1", "start_to": "2014-Q3", "location": "school", "form": "unknown", "source": "x"}
    return KnownPps.model_construct(
        id=id, name=id, lead_school=school, region=region, sector=sector, **{**window, **more}
    )


def examples(count: int) -> settings:
    """As many examples in a usual run of the tests; as many times more as the profile of hypothesis asks."""
    return settings(max_examples=count * settings().max_examples // 100)


def school_row(number: int, region: int = 0, students: int = 4000, leads: bool = True) -> SchoolRow:
    return SchoolRow.model_construct(
        id=f"school-{number}", name=f"School {number}", kind="roc", region=f"region-{region}", students=students,
        leads=leads, source="x",
    )  # fmt: skip


def employer_row(number: int, region: int = 0, sector: str = "htsm", employees: int = 3000) -> LargeEmployerRow:
    return LargeEmployerRow.model_construct(
        id=f"top-{number}", name=f"Top {number}", region=f"region-{region}", sector=sector, employees=employees,
        source="x",
    )  # fmt: skip


def province_row(number: int, budget: int = 1_000_000) -> ProvinceRow:
    return ProvinceRow.model_construct(
        id=f"province-{number}", name=f"Province {number}", population_share=0.1, mbo_share=0.1,
        budget_euro_year=budget, orchestration=0.3, source="x",
    )  # fmt: skip


def region_row(number: int, province: int = 0, trend: float = 0.0, decline: float = 0.3) -> LabourMarketRegion:
    return LabourMarketRegion.model_construct(
        id=f"region-{number}", name=f"Region {number}", province=f"province-{province}", inflow_trend=trend,
        trend_before=trend, bbl_start=None, bbl_decline=decline, source="x",
    )  # fmt: skip


def hogeschool_row(number: int, region: int = 0, lectoraten: int = 20, sectors: Iterable[str] = ()) -> HogeschoolRow:
    return HogeschoolRow.model_construct(
        id=f"hbo-{number}", name=f"Hogeschool {number}", region=f"region-{region}", lectoraten=lectoraten,
        sectors=tuple(str(s) for s in sectors) or ("htsm", "zorg_welzijn"), source="x",
    )  # fmt: skip


def small_pack(**changes: Any) -> RegionPack:
    """Two neighbouring regions of one province, three schools that teach everything, and two known PPS."""
    regions, sectors = 2, len(SECTORS)
    taught = np.zeros((3, sectors))
    taught[:, WITH_FIRMS] = 1.0 / WITH_FIRMS.sum()
    firms = np.zeros((regions, sectors, 4), dtype=np.int64)
    firms[:, WITH_FIRMS] = (6, 4, 3, 1)
    pack = replace(
        SHIPPED,
        name="small",
        provinces=(province_row(0),),
        regions=(region_row(0), region_row(1)),
        adjacency=~np.eye(regions, dtype=bool),
        employment=np.full((regions, sectors), 1.0 / sectors),
        field_trends=np.zeros((regions, sectors)),
        schools=(school_row(0), school_row(1, region=1), school_row(2, region=1, leads=False)),
        school_sectors=taught,
        hogescholen=(hogeschool_row(0),),
        firms=firms,
        large_employers=(employer_row(0), employer_row(1, region=1, sector="zorg_welzijn")),
        known_pps=(known("eerste"), known("tweede", "school-1", "region-1", "zorg_welzijn")),
        other_partners=np.full((regions, 6), 3),
        digest="small",
    )
    return replace(pack, **changes)


def small_model(
    pack: RegionPack | None = None,
    *,
    parameters: Mapping[str, float] | None = None,
    policies: Iterable[Policy] = (),
    seed: int = 1,
    scale: float = 1.0,
    calls: tuple[Call, ...] | None = None,
    **asked: Any,
) -> PpsModel:
    """A model of a small pack; `calls` replaces the calls of the country."""
    national = load_national()
    if calls is not None:
        national = replace(national, calls=calls)
    return PpsModel(
        pack or small_pack(), scenario(**asked), make_parameters(parameters), policies, seed, scale, national
    )


def live(model: PpsModel, quarters: int) -> PpsModel:
    """Live a number of quarters."""
    model.run_until(model.time + quarters)
    return model


def call_row(quarter: str, ceiling: int = 10_000_000, scheme: str = "rif", **more: Any) -> Call:
    row = {"share_max": 0.3333, "subsidy_min_euro": 200_000, "subsidy_max_euro": 2_000_000, "years": 4, "source": "x"}
    return Call.model_construct(scheme=scheme, quarter=quarter, ceiling_euro=ceiling, **{**row, **more})


def founded(model: PpsModel, *, firms: Iterable[int] = range(8), request: int = 100_000_000, **plan: Any) -> int:
    """Found a partnership by hand, with flat subsidy over four years. Returns its row."""
    named: dict[str, Any] = {"identity": f"hand/{len(model.pps)}", "name": f"hand {len(model.pps)}", **plan}
    paper = Plan(
        **{
            "school": 0,
            "sector": HTSM,
            "region": 0,
            "leader": 0.5,
            "cost": 3_000_000.0,
            "target_students": 200.0,
            "request": request,
            "firms": np.array(list(firms), dtype=np.int64),
            **named,
        }
    )
    return found(model, paper, "rif", np.full(16, 1 / 16))


def own(model: PpsModel, row: int, count: int) -> None:
    """Make the first firms of a partnership its owners, and all others advisers."""
    table = model.memberships
    rows = table.active()
    rows = rows[(table.pps[rows] == row) & (table.kind[rows] <= Kind.GROOTBEDRIJF)]
    table.role[rows] = Role.ADVISEUR
    table.role[rows[:count]] = Role.MEDE_EIGENAAR


# ── at random ───────────────────────────────────────────────────────────────────────────────────────────

NAMES = tuple(parameter_table())


def in_range(name: str, place: float) -> float:
    """The value of a parameter at a place in its range, 0 for low and 1 for high."""
    row = parameter_table()[name]
    return min(max(row.low + place * (row.high - row.low), row.low), row.high)


@dataclass(frozen=True)
class Case:
    """All that a model is made from.

    Attributes:
        shape: The shape of the region pack.
        everywhere: Seed that throws all parameters somewhere in their range; 0 leaves their defaults.
        places: Where in its range, 0 for low and 1 for high, single parameters stand.
        asked: What the scenario says.
        sooner: Quarters by which the calls of the country come sooner, so that short runs see all schemes.
        seed: Seed of the run.
        scale: Share of the firms.
    """

    shape: Shape
    everywhere: int
    places: dict[str, float]
    asked: dict[str, str]
    sooner: int
    seed: int
    scale: float

    def parameters(self) -> dict[str, float]:
        """All parameters that differ from the default."""
        places = dict(self.places)
        if self.everywhere:
            rng = np.random.default_rng(self.everywhere)
            edge = rng.random(len(NAMES)) < 0.3
            thrown = np.where(edge, rng.integers(0, 2, len(NAMES)), rng.random(len(NAMES)))
            places = dict(zip(NAMES, thrown.tolist(), strict=True)) | places
        return {name: in_range(name, place) for name, place in places.items()}

    def model(self) -> PpsModel:
        shipped = load_national()
        calls = tuple(
            call.model_copy(update={"quarter": label(quarter_number(call.quarter) - self.sooner)})
            for call in shipped.calls
        )
        return PpsModel(
            self.shape.pack(),
            scenario(**self.asked),
            make_parameters(self.parameters()),
            seed=self.seed,
            scale=self.scale,
            national=replace(shipped, calls=calls),
        )


@dataclass(frozen=True)
class Shape:
    """The shape of a random region pack; `filling` seeds the numbers in its tables."""

    regions: int
    provinces: int
    schools: int
    hogescholen: int
    firms: int  # at most, per cell and size
    employers: int
    known: int
    others: int
    filling: int

    def pack(self) -> RegionPack:
        rng = np.random.default_rng(self.filling)
        provinces = min(self.provinces, self.regions)
        some = [s for s, yes in zip(SECTORS, WITH_FIRMS, strict=True) if yes]

        def shares(rows: int) -> Floats:
            weights = rng.random((rows, len(SECTORS))) * (rng.random((rows, len(SECTORS))) < 0.6) * WITH_FIRMS
            weights[:, HTSM] += 0.1
            parts: Floats = weights / weights.sum(axis=1, keepdims=True)
            return parts

        adjacency = np.triu(rng.random((self.regions, self.regions)) < 0.6, 1)
        heads = [int(rng.choice([0, 3, 150, 2500])) if i else 1500 for i in range(self.schools)]
        leads = [i == 0 or rng.random() < 0.7 for i in range(self.schools)]
        firms = rng.integers(0, self.firms + 1, (self.regions, len(SECTORS), 4)) * WITH_FIRMS[None, :, None]
        firms[0, HTSM, 0] += 1
        enrolment = rng.random((4, 2)) * (rng.random((4, 2)) < 0.8) + 0.01
        start = quarter_number(START)
        partnerships = []
        for i in range(self.known):
            first = start + int(rng.integers(0, 12))
            partnerships.append(
                known(
                    f"known-{i}",
                    f"school-{rng.choice(np.flatnonzero(leads))}",
                    f"region-{rng.integers(self.regions)}",
                    str(rng.choice(SECTORS)),
                    start_from=label(first),
                    start_to=label(first + int(rng.integers(0, 6))),
                    location=str(rng.choice(["school", "company", "own", "unknown"])),
                )
            )
        return small_pack(
            provinces=tuple(province_row(i, int(rng.choice([0, 100_000, 3_000_000]))) for i in range(provinces)),
            regions=tuple(
                region_row(i, i if i < provinces else 0, float(rng.uniform(-0.1, 0.1)), float(rng.random()))
                for i in range(self.regions)
            ),
            adjacency=adjacency | adjacency.T,
            employment=shares(self.regions),
            field_trends=rng.uniform(-0.1, 0.1, (self.regions, len(SECTORS))),
            schools=tuple(
                school_row(i, int(rng.integers(self.regions)), heads[i], bool(leads[i])) for i in range(self.schools)
            ),
            school_sectors=shares(self.schools),
            hogescholen=tuple(
                hogeschool_row(i, int(rng.integers(self.regions)), int(rng.integers(0, 30)), rng.permutation(some)[:5])
                for i in range(self.hogescholen)
            ),
            enrolment=enrolment / enrolment.sum(),
            firms=firms,
            large_employers=tuple(
                employer_row(i, int(rng.integers(self.regions)), str(rng.choice(some)), int(rng.integers(250, 9000)))
                for i in range(self.employers)
            ),
            known_pps=tuple(partnerships),
            other_partners=rng.integers(0, self.others + 1, (self.regions, 6)),
        )


@st.composite
def parameter_changes(draw: st.DrawFn) -> dict[str, float]:
    """Where in its range some parameters stand, 0 for low and 1 for high."""
    place = st.sampled_from([0.0, 1.0, 0.5, 0.21, 0.83])
    return draw(st.dictionaries(st.sampled_from(NAMES), place, max_size=40))


@st.composite
def cases(draw: st.DrawFn, quarters: tuple[int, int] | None = (8, 24), scale: float | None = None) -> Case:
    """A random world: pack, parameters, history, span, seed and scale.

    Args:
        draw: Given by hypothesis.
        quarters: Least and most quarters to live; None for the full span.
        scale: A scale to keep to; None for any.
    """
    first, last = quarter_number(START), quarter_number(LATEST)
    if quarters:
        last = first + draw(st.integers(*quarters)) - 1
    shape = Shape(
        regions=draw(st.integers(1, 3)),
        provinces=draw(st.integers(1, 2)),
        schools=draw(st.integers(2, 4)),
        hogescholen=draw(st.integers(0, 2)),
        firms=draw(st.integers(0, 6)),
        employers=draw(st.integers(0, 4)),
        known=draw(st.integers(0, 5)),
        others=draw(st.integers(0, 4)),
        filling=draw(st.integers(0, 2**16)),
    )
    asked = {
        "until": label(last),
        "history": draw(st.sampled_from(["replay", "emergent"])),
        "history_until": draw(st.sampled_from(["2018-Q3", START, label(first + 6)])),
        "branch": draw(st.sampled_from(["base", "low", "high"])),
    }
    weighed = st.sampled_from([1.0, 0.3, 0.1, 0.01])
    return Case(
        shape,
        draw(st.integers(0, 2**16)),
        draw(parameter_changes()),
        asked,
        draw(st.sampled_from([0, 12, 30, 40])),
        draw(st.integers(0, 2**32)),
        scale if scale is not None else draw(weighed),
    )


def in_euros(amount: float) -> int:
    """Euros in whole cents."""
    return int(cents(amount))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, by its name as seen from there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
