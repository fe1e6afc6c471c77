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
    """Add memberships: one per member, with its kind, role and the value it expects (0-1)."""
    count = len(members)
    if count:
        world.memberships.append(
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


def leave(world: PpsWorld, rows: Ints, why: Leaving) -> None:
    """End memberships and keep the reason."""
    world.memberships.until[rows] = world.quarter
    world.memberships.why[rows] = why


def carried_by(world: PpsWorld, hogeschool: int) -> int:
    """Return the partnerships in which a hogeschool takes part now."""
    table = world.memberships
    return int(((table.kind == Kind.HOGESCHOOL) & (table.member == hogeschool) & (table.until < 0)).sum())


def count_partners(world: PpsWorld) -> None:
    """Refresh the counts of partners on partnerships and of memberships on firms."""
    table, pps, firms = world.memberships, world.pps, world.firms
    rows = table.active()
    of, kind, role = table.pps[rows], table.kind[rows], table.role[rows]
    cells = len(Kind) * len(Role)
    number = np.bincount((of * len(Kind) + kind) * len(Role) + role, minlength=len(pps) * cells)
    counts = number.reshape(len(pps), cells).astype(np.float64) @ _COUNTED  # whole numbers: exact on every machine
    for name, counted in zip(_COUNTS, counts.T, strict=True):
        getattr(pps, name)[:] = counted
    is_firm = kind <= Kind.GROOTBEDRIJF
    members = table.member[rows[is_firm]]
    firms.memberships[world.counted_firms] = 0
    firms.role[world.counted_firms] = Role.GEEN
    firms.pps[world.counted_firms] = -1
    np.add.at(firms.memberships, members, 1)
    np.maximum.at(firms.role, members, role[is_firm])
    firms.pps[members] = of[is_firm]
    world.counted_firms = members


def _counted() -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    kind, role = (index.ravel() for index in np.indices((len(Kind), len(Role))))
    is_firm, field = kind <= Kind.GROOTBEDRIJF, np.isin(kind, FIELD_KINDS)
    columns = {
        "firms": is_firm,
        "large": kind == Kind.GROOTBEDRIJF,
        "field": field,
        "core": field & (role >= Role.ADVISEUR),
        "owners": is_firm & (role == Role.MEDE_EIGENAAR),
        "branches": kind == Kind.BRANCHEORGANISATIE,
        "municipalities": kind == Kind.GEMEENTE,
        "vmbo": kind == Kind.VMBO,
        "hogescholen": kind == Kind.HOGESCHOOL,
        "partners": kind >= 0,
    }
    return tuple(columns), np.array(list(columns.values()), dtype=np.float64).T


_COUNTS, _COUNTED = _counted()
