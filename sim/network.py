"""Who takes part: joining, leaving and counting, the only ways in which memberships change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agents.columns import Ints
from agents.partnership import FIELD_KINDS, Kind, Leaving, Role
from sim.world import PpsWorld


def firm_kind(world: PpsWorld, firms: Ints) -> Ints:
    """Return the kind of each firm as a partner."""
    return np.where(world.firms.large[firms], Kind.GROOTBEDRIJF, Kind.MKB)


def room(world: PpsWorld, firms: Ints | slice = slice(None)) -> npt.NDArray[np.float64]:
    """Return how many memberships more each firm can take.

    One for an mkb firm, a few for a large one (mechanism FI-11); a sampled firm has the room of all firms that
    it stands for.
    """
    table = world.firms
    free: npt.NDArray[np.float64] = np.maximum(table.capacity[firms] - table.memberships[firms], 0.0)
    return free


def join(
    world: PpsWorld,
    pps: npt.ArrayLike,
    kind: npt.ArrayLike,
    members: Ints,
    role: npt.ArrayLike,
    value: npt.ArrayLike = 0.0,
    founder: bool = False,
) -> None:
    """Add memberships: one per member, with its kind, role and the value it expects (0-1); they count at once."""
    count = len(members)
    if count:
        first = world.memberships.append(
            count,
            pps=pps,
            kind=kind,
            member=members,
            role=role,
            first_role=role,
            since=world.quarter,
            value=value,
            founder=founder,
        )
        world.pps.counts[:] += _count(world, np.arange(first, first + count))
        firms = members[np.broadcast_to(kind, count) <= Kind.GROOTBEDRIJF]
        np.add.at(world.firms.memberships, firms, 1)
        world.counted_firms = np.concatenate([world.counted_firms, firms])


def leave(world: PpsWorld, rows: Ints, why: Leaving) -> None:
    """End memberships and keep the reason."""
    if len(rows):
        world.memberships.end(rows, world.quarter, why)


def carried_by(world: PpsWorld, hogeschool: int) -> int:
    """Return the partnerships in which a hogeschool takes part now."""
    table = world.memberships
    return int(((table.kind == Kind.HOGESCHOOL) & (table.member == hogeschool) & (table.until < 0)).sum())


def count_partners(world: PpsWorld) -> None:
    """Count the partners of partnerships and the memberships of firms anew, when some have left or changed roles."""
    table, firms = world.memberships, world.firms
    world.pps.counts[:] = _count(world, table.active())
    firms.memberships[world.counted_firms] = 0
    world.counted_firms = table.member[table.of_firms()]
    np.add.at(firms.memberships, world.counted_firms, 1)


def _count(world: PpsWorld, rows: Ints) -> Ints:
    """Return how many memberships there are for each of the counts, shape (counts, partnerships)."""
    table, n = world.memberships, len(world.pps)
    alike = _ALIKE[table.kind[rows] * _ROLES + table.role[rows]]
    number = np.bincount(alike * n + table.pps[rows], minlength=_COUNTED.shape[1] * n).reshape(-1, n)
    counts: Ints = (_COUNTED @ number.astype(np.float64)).astype(np.int64)  # whole numbers: exact on every machine
    return counts


def _counted() -> tuple[npt.NDArray[np.float64], Ints]:
    """Return what each of `PpsState.counts` takes from kinds and roles that all treat alike, and which those are."""
    kind, role = (index.ravel() for index in np.indices((len(Kind), len(Role))))
    is_firm, field = kind <= Kind.GROOTBEDRIJF, np.isin(kind, FIELD_KINDS)
    columns = {
        "firms": is_firm,
        "large": kind == Kind.GROOTBEDRIJF,
        "field": field,
        "core": field & (role >= Role.ADVISEUR),
        "owners": is_firm & (role == Role.MEDE_EIGENAAR),
        "partners": kind >= 0,
        "branches": kind == Kind.BRANCHEORGANISATIE,
        "municipalities": kind == Kind.GEMEENTE,
        "vmbo": kind == Kind.VMBO,
        "hogescholen": kind == Kind.HOGESCHOOL,
    }
    counted, alike = np.unique(np.array(list(columns.values()), dtype=np.float64), axis=1, return_inverse=True)
    return counted, alike


_ROLES = len(Role)
_COUNTED, _ALIKE = _counted()
