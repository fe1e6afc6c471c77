"""What is kept of a finished run: tidy tables, in columns from the first to the last step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from agents.columns import Bools, Ints
from agents.partnership import Block, Decision, Kind, Leaving, Location, Position, Role, Status
from scenarios.region import TRACKS
from sim.acts import UNLIMITED
from sim.calls import SCHEMES
from sim.ledger import STREAMS
from sim.model import PpsModel
from sim.outcomes import OUTCOMES

type Tables = Mapping[str, pa.Table]

WORD = pa.dictionary(pa.int32(), pa.string())  # text that repeats
TOTAL = "all"
"""The province of a series that stands for all provinces together."""

SERIES = pa.schema(
    [
        ("replicate", pa.int32()),
        ("quarter", WORD),
        ("province", WORD),
        ("outcome", WORD),
        ("value", pa.float64()),
    ]
)
LEDGER = pa.schema(
    [
        ("replicate", pa.int32()),
        ("quarter", WORD),
        ("payer", WORD),
        ("payee", WORD),
        ("stream", WORD),
        ("amount_cents", pa.int64()),
    ]
)
ENROLMENT = pa.schema(
    [
        ("replicate", pa.int32()),
        ("year", pa.int32()),
        ("region", WORD),
        ("sector", WORD),
        ("level", pa.int32()),
        ("track", WORD),
        ("students", pa.int64()),
        ("inflow", pa.int64()),
        ("graduates", pa.int64()),
    ]
)
CONDITION = pa.struct(
    [
        ("option", pa.string()),
        ("name", pa.string()),
        ("value", pa.float64()),
        ("needed", pa.float64()),
        ("met", pa.bool_()),
    ]
)
POLICIES = pa.schema(
    [
        ("replicate", pa.int32()),
        ("year", pa.int32()),
        ("policy", WORD),
        ("payer", WORD),
        ("budget_cents", pa.int64()),  # null: no limit
        ("spent_cents", pa.int64()),
        ("asked", pa.int64()),
        ("helped", pa.int64()),
    ]
)
YEAR_END = pa.struct([("year", pa.int32()), ("partners", pa.int64()), ("firms", pa.int64())])
AMOUNT = pa.struct([("stream", pa.string()), ("amount_cents", pa.int64())])
# `kind` and `role` (in which it came, or left) are of a partner; `number` is euros, or the partners at the end of the
# network; `regie_fte` is what was paid then and `regie_need` what a network of that size needs
HAPPENING = pa.struct(
    [
        ("quarter", pa.string()),
        ("event", pa.string()),
        ("who", pa.string()),
        ("kind", pa.string()),
        ("role", pa.string()),
        ("detail", pa.string()),
        ("number", pa.int64()),
        ("regie_fte", pa.float64()),
        ("regie_need", pa.float64()),
    ]
)
PARTNERSHIPS = pa.schema(
    [
        ("replicate", pa.int32()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("school", pa.string()),
        ("sector", pa.string()),
        ("region", pa.string()),
        ("province", pa.string()),
        ("scheme", pa.string()),
        ("born", pa.string()),
        ("founders", pa.int64()),
        ("first_position", pa.string()),
        ("position", pa.string()),
        ("location", pa.string()),
        ("llo_type", pa.int64()),
        ("target_students", pa.float64()),
        ("subsidy_start", pa.string()),
        ("subsidy_end", pa.string()),  # the first quarter without subsidy
        *((f"phase_{phase}", pa.string()) for phase in range(1, 6)),
        ("decision", pa.string()),
        ("decided", pa.string()),
        ("conditions", pa.list_(CONDITION)),
        ("status", pa.string()),
        ("stopped", pa.string()),
        ("network_alive", pa.bool_()),
        ("network_death", pa.string()),
        ("partners_by_year", pa.list_(YEAR_END)),
        ("money", pa.list_(AMOUNT)),
        ("results", pa.float64()),
        *((f"block_{block.name.lower()}", pa.float64()) for block in Block),
        ("students_direct", pa.float64()),
        ("story", pa.list_(HAPPENING)),
    ]
)
SCHEMAS: Mapping[str, pa.Schema] = {
    "series": SERIES,
    "partnerships": PARTNERSHIPS,
    "ledger": LEDGER,
    "enrolment": ENROLMENT,
    "policies": POLICIES,
}


def tables_of(model: PpsModel, replicate: int) -> Tables:
    """Return the tables of a finished run by name.

    Args:
        model: A model that has run.
        replicate: Its number, which is in every row.
    """
    return {
        "series": series(model, replicate),
        "partnerships": partnerships(model, replicate),
        "ledger": ledger(model, replicate),
        "enrolment": enrolment(model, replicate),
        "policies": policies(model, replicate),
    }


def _table(schema: pa.Schema, replicate: int, columns: Mapping[str, Any]) -> pa.Table:
    rows = len(next(iter(columns.values())))
    numbered = {"replicate": np.full(rows, replicate, dtype=np.int32), **columns}
    arrays = [pa.array(numbered[field.name], type=field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def _words(codes: Ints, words: Iterable[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(list(words), pa.string()))


def _flat(shape: tuple[int, ...]) -> list[Ints]:
    """Return the index along each axis of every element of an array, flattened."""
    return [index.ravel() for index in np.indices(shape)]


def series(model: PpsModel, replicate: int) -> pa.Table:
    """Return every outcome by quarter and province, and for all provinces together (`all`)."""
    assert model.recorder is not None
    values = model.recorder.values
    quarter, place, outcome = _flat(values.shape)
    columns = {
        "quarter": _words(quarter, model.calendar.labels()),
        "province": _words(place, [*(province.id for province in model.provinces), TOTAL]),
        "outcome": _words(outcome, OUTCOMES),
        "value": pa.array(values.ravel()),  # NaN stays NaN: not defined
    }
    return _table(SERIES, replicate, columns)


def ledger(model: PpsModel, replicate: int) -> pa.Table:
    """Return what each payer paid to each payee in each stream and quarter, in cents."""
    flows = model.ledger.flows()
    accounts, streams = len(model.ledger.names), len(STREAMS)
    key = ((flows.quarter * accounts + flows.payer) * accounts + flows.payee) * streams + flows.stream
    order = np.argsort(key, kind="stable")
    key, first = np.unique(key[order], return_index=True)
    rest, stream = np.divmod(key, streams)
    rest, payee = np.divmod(rest, accounts)
    quarter, payer = np.divmod(rest, accounts)
    columns = {
        "quarter": _words(quarter, model.calendar.labels()),
        "payer": _words(payer, model.ledger.names),
        "payee": _words(payee, model.ledger.names),
        "stream": _words(stream, STREAMS),
        "amount_cents": np.add.reduceat(flows.amount[order], first) if len(first) else flows.amount,
    }
    return _table(LEDGER, replicate, columns)


def enrolment(model: PpsModel, replicate: int) -> pa.Table:
    """Return students, inflow and graduates by region, sector, level and track on every 1 October."""
    years = model.enrolment.years
    by_school = (len(years), *model.enrolment.start.shape)
    year, region, sector, level, track = _flat((len(years), model.n_regions, *by_school[2:]))

    def heads(flow: str) -> Ints:
        counts = np.array([getattr(turn, flow) for turn in years], dtype=np.int64).reshape(by_school)
        by_region = [counts[:, model.school_region == number].sum(axis=1) for number in range(model.n_regions)]
        return np.stack(by_region, axis=1).ravel()

    calendar_years = np.array([model.calendar.year(turn.step) for turn in years], dtype=np.int32)
    columns = {
        "year": calendar_years[year],
        "region": _words(region, [place.id for place in model.pack.regions]),
        "sector": _words(sector, [branch.id for branch in model.national.sectors]),
        "level": (level + 1).astype(np.int32),
        "track": _words(track, TRACKS),
        "students": heads("stock"),
        "inflow": heads("inflow"),
        "graduates": heads("graduates"),
    }
    return _table(ENROLMENT, replicate, columns)


def policies(model: PpsModel, replicate: int) -> pa.Table:
    """Return what every payer spent on every policy in a year, how many asked for help and how many got it."""
    funds = sorted(model.act.funds.values(), key=lambda fund: (fund.year, fund.policy, fund.province))
    names = sorted({fund.policy for fund in funds})
    payers = ["rijk", *(province.id for province in model.provinces)]
    columns = {
        "year": np.array([fund.year for fund in funds], dtype=np.int32),
        "policy": _words(np.array([names.index(fund.policy) for fund in funds], dtype=np.int64), names),
        "payer": _words(np.array([1 + fund.province for fund in funds], dtype=np.int64), payers),
        "budget_cents": [None if fund.budget == UNLIMITED else fund.budget for fund in funds],
        "spent_cents": [fund.spent for fund in funds],
        "asked": [len(fund.asked) for fund in funds],
        "helped": [len(fund.served) for fund in funds],
    }
    return _table(POLICIES, replicate, columns)


def partnerships(model: PpsModel, replicate: int) -> pa.Table:
    """Return one row per partnership, with its life story as data."""
    pps = model.pps
    sectors = [sector.id for sector in model.national.sectors]
    regions = [region.id for region in model.pack.regions]

    def words(column: str, names: Sequence[str]) -> list[str]:
        return [names[code] for code in getattr(pps, column)]

    def quarters(steps: Ints) -> list[str | None]:
        return [model.calendar.label(int(step)) if step >= 0 else None for step in steps]

    columns: dict[str, Any] = {
        "id": model.pps_ids,
        "name": model.pps_names,
        "school": words("school", [school.name for school in model.schools]),
        "sector": words("sector", sectors),
        "region": words("region", regions),
        "province": words("province", [province.id for province in model.provinces]),
        "scheme": words("scheme", SCHEMES),
        "first_position": [Position(code).name.lower() for code in pps.first_position],
        "position": [Position(code).name.lower() for code in pps.position],
        "location": [Location(code).name.lower() for code in pps.location],
        **{f"phase_{phase}": quarters(pps.phase_since[:, phase]) for phase in range(1, 6)},
        "decision": [Decision(code).name for code in pps.decision],
        "conditions": [model.conditions.get(row, []) for row in range(len(pps))],
        "status": [Status(code).name.lower() for code in pps.status],
        "partners_by_year": _partners_by_year(model),
        "money": _money(model),
        **{f"block_{block.name.lower()}": pps.blocks[:, block] for block in Block},
        "story": _stories(model),
    }
    for name in ("born", "subsidy_start", "subsidy_end", "decided", "stopped", "network_death"):
        columns[name] = quarters(getattr(pps, name))
    for name in ("founders", "llo_type", "target_students", "network_alive", "results", "students_direct"):
        columns[name] = getattr(pps, name)
    return _table(PARTNERSHIPS, replicate, columns)


def _lists(of: Ints, count: int, struct: pa.Array) -> pa.Array:
    """Return lists of structs, one list per partnership; `of` says whose each struct is and must be sorted."""
    ends = np.searchsorted(of, np.arange(count + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), struct)


def _struct(type_: pa.StructType, columns: Mapping[str, Any]) -> pa.Array:
    return pa.StructArray.from_arrays([pa.array(columns[f.name], type=f.type) for f in type_], fields=list(type_))


def _partners_by_year(model: PpsModel) -> pa.Array:
    """Count the partners and firms of every partnership at the end of each year since its founding."""
    table, pps, calendar = model.memberships, model.pps, model.calendar
    year_ends = np.array([s for s in range(calendar.quarters) if calendar.season(s) == 4], dtype=np.int64)

    def at_year_ends(which: Bools) -> Ints:
        change = np.zeros((len(pps), calendar.quarters), dtype=np.int64)
        np.add.at(change, (table.pps[which], table.since[which]), 1)
        gone = which & (table.until >= 0)
        np.add.at(change, (table.pps[gone], table.until[gone]), -1)
        return np.cumsum(change, axis=1)[:, year_ends]

    partners = at_year_ends(np.ones(len(table), dtype=bool))
    firms = at_year_ends(table.kind <= Kind.GROOTBEDRIJF)
    of, number = np.nonzero(year_ends[None, :] >= pps.born[:, None])
    years = np.array([calendar.year(int(step)) for step in year_ends], dtype=np.int32)
    columns = {"year": years[number], "partners": partners[of, number], "firms": firms[of, number]}
    return _lists(of, len(pps), _struct(YEAR_END, columns))


def _money(model: PpsModel) -> pa.Array:
    """Sum what came into every partnership by stream, in cents."""
    flows, count = model.ledger.flows(), len(model.pps)
    row = model.pps_of_account[flows.payee]
    mine = row >= 0
    cents = np.zeros((count, len(STREAMS)), dtype=np.int64)
    np.add.at(cents, (row[mine], flows.stream[mine]), flows.amount[mine])
    of, stream = np.nonzero(cents)
    columns = {"stream": np.array(STREAMS)[stream], "amount_cents": cents[of, stream]}
    return _lists(of, count, _struct(AMOUNT, columns))


class _Told(NamedTuple):
    """Something that happened to a partnership in a quarter; `rank` says what comes first there."""

    pps: int
    step: int
    rank: int
    event: str
    who: str = ""
    kind: str = ""
    role: str = ""
    detail: str = ""
    number: int | None = None
    regie_fte: float | None = None
    regie_need: float | None = None


_TOLD = pa.schema([*((key, pa.int64()) for key in ("pps", "step", "rank")), *list(HAPPENING)[1:]])

# What comes first in a quarter; events of the same rank stay in the order in which they happened.
_RANK = {"founded": 0, "granted": 2, "phase": 4, "decided": 6, "stopped": 6, "network_ended": 6}
_CO_FOUNDED, _JOINED, _LEFT, _LEFT_WITH_NETWORK = 1, 3, 5, 7


def _stories(model: PpsModel) -> pa.Array:
    """Put the events, joins and leaves of every partnership in order of time."""
    events = list(_events(model))
    happened = pa.table({name: [getattr(one, name) for one in events] for name in _TOLD.names}, schema=_TOLD)
    told = pa.concat_tables([happened, *_joins_and_leaves(model)], promote_options="default")
    told = told.sort_by([(key, "ascending") for key in ("pps", "step", "rank")])  # stable: ties stay in order
    quarter = _named(model.calendar.labels(), told["step"].to_numpy())
    columns = [quarter, *(told[name].combine_chunks() for name in HAPPENING.names[1:])]
    struct = pa.StructArray.from_arrays(columns, fields=list(HAPPENING))
    return _lists(told["pps"].to_numpy(), len(model.pps), struct)


def _events(model: PpsModel) -> Iterator[_Told]:
    for event in model.events:
        tell = partial(_Told, event.pps, event.step, _RANK.get(event.what, _JOINED), event.what)
        detail = event.detail
        match event.what:
            case "founded":
                yield tell(detail["school"], detail=detail["scheme"], number=detail["euros"])
            case "granted":
                yield tell(detail=detail["scheme"], number=detail["euros"])
            case "phase":
                yield tell(detail=str(detail["phase"]))
            case "decided":
                yield tell(detail=detail["decision"])
            case "network_ended":
                regie, need = detail.get("regie_fte"), detail.get("regie_need")
                yield tell(detail=detail["why"], number=detail["partners"], regie_fte=regie, regie_need=need)
            case "supported" | "passed_over":
                yield tell(detail=detail["policy"])
            case "stop_rule":
                yield tell(detail=detail["policy"], number=detail["euros"])
            case _:  # an event that policies or later processes add is kept, in words
                yield tell(detail=", ".join(f"{key} {value}" for key, value in detail.items()))


def _joins_and_leaves(model: PpsModel) -> Iterator[pa.Table]:
    """Yield who joined and who left, but for the schools that founded: of these the events tell."""
    table, pps = model.memberships, model.pps
    partners = zip(table.kind.tolist(), table.member.tolist(), strict=True)
    who = pa.array([_partner_name(model, kind, member) for kind, member in partners], pa.string())
    kind = _named(_KINDS, table.kind)
    lead = (table.kind == Kind.SCHOOL) & (table.member == pps.school[table.pps]) & table.founder

    def told(step: Ints, rank: Ints, event: pa.Array, role: Ints, detail: pa.Array) -> pa.Table:
        when = {"pps": table.pps, "step": step, "rank": rank}
        what = {"event": event, "who": who, "kind": kind, "role": _named(_ROLES, role), "detail": detail}
        return pa.table({**when, **what}).filter(pa.array(~lead & (step >= 0)))

    rank = np.where(table.founder, _CO_FOUNDED, _JOINED)
    event = _named(("joined", "co_founded"), table.founder)
    yield told(table.since, rank, event, table.first_role, pa.repeat("", len(table)))
    rank = np.where(table.until == pps.network_death[table.pps], _LEFT_WITH_NETWORK, _LEFT)
    yield told(table.until, rank, pa.repeat("left", len(table)), table.role, _named(_WHYS, table.why))


_KINDS, _ROLES, _WHYS = ([member.name.lower() for member in words] for words in (Kind, Role, Leaving))


def _named(words: Sequence[str], codes: Ints | Bools) -> pa.Array:
    return pa.array(words, pa.string()).take(pa.array(codes.astype(np.int64)))


def _partner_name(model: PpsModel, kind: int, member: int) -> str:
    """Return the name of a partner; a firm has one without an agent being made for it."""
    if kind <= Kind.GROOTBEDRIJF:
        return model.firm_name(member)
    return str(model.organisation(kind, member).name)
