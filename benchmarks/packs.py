"""Region packs of any size, made from the shipped one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from scenarios.region import RegionPack, load_region


@cache
def shipped() -> RegionPack:
    """Return the pack of Noord-Brabant."""
    return load_region("noord-brabant")


def with_firms(firms: int) -> RegionPack:
    """Return Noord-Brabant with about so many firms: all counts multiplied, everything else as it is."""
    pack = shipped()
    top = len(pack.large_employers)
    counts = pack.firms * ((firms - top) / pack.firms.sum())
    whole = np.diff(np.rint(np.cumsum(counts.ravel())), prepend=0.0)
    return replace(pack, firms=whole.astype(np.int64).reshape(pack.firms.shape))


def provinces(count: int) -> RegionPack:
    """Return a country of so many copies of Noord-Brabant: firms, schools and partnerships all grow alike."""
    pack = shipped()
    copies = range(count)

    def id_of(name: str, copy: int) -> str:
        return f"{name}-{copy}"

    def renamed(rows: tuple[Any, ...], *references: str) -> tuple[Any, ...]:
        return tuple(
            row.model_copy(update={key: id_of(getattr(row, key), copy) for key in ("id", *references)})
            for copy in copies
            for row in rows
        )

    def repeated(array: Any) -> Any:
        return np.concatenate([array] * count)

    share = min(pack.provinces[0].mbo_share, 1.0 / count)
    land = renamed(pack.provinces)
    return replace(
        pack,
        provinces=tuple(row.model_copy(update={"mbo_share": share}) for row in land),
        regions=renamed(pack.regions, "province"),
        adjacency=np.kron(np.eye(count, dtype=np.int64), pack.adjacency).astype(bool),
        employment=repeated(pack.employment),
        field_trends=repeated(pack.field_trends),
        schools=renamed(pack.schools, "region"),
        school_sectors=repeated(pack.school_sectors),
        hogescholen=renamed(pack.hogescholen, "region"),
        firms=repeated(pack.firms),
        large_employers=renamed(pack.large_employers, "region"),
        known_pps=renamed(pack.known_pps, "lead_school", "region"),
        other_partners=repeated(pack.other_partners),
    )
