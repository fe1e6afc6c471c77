"""Partners that take part without a life of their own in the model: they are counted in the evidence."""

from __future__ import annotations

from typing import Any

from agents.base import Organisation
from agents.partnership import Kind


class Partner(Organisation):
    """A light partner in a region; the subclass says what it is."""

    kind: Kind

    def __init__(self, model: Any, id: str, name: str, region: int) -> None:
        super().__init__(model, id, name)
        self.region = region


class Gemeente(Partner):
    """A municipality."""

    kind = Kind.GEMEENTE


class Zorginstelling(Partner):
    """A care institution."""

    kind = Kind.ZORGINSTELLING


class Brancheorganisatie(Partner):
    """A branch or network organisation of firms."""

    kind = Kind.BRANCHEORGANISATIE


class Vmbo(Partner):
    """A school for pre-vocational education."""

    kind = Kind.VMBO


class Kennisinstelling(Partner):
    """A knowledge institution that is neither mbo nor hogeschool."""

    kind = Kind.KENNISINSTELLING


class Overig(Partner):
    """Any other partner."""

    kind = Kind.OVERIG


LIGHT_PARTNERS: dict[Kind, type[Partner]] = {
    cls.kind: cls for cls in (Gemeente, Zorginstelling, Brancheorganisatie, Vmbo, Kennisinstelling, Overig)
}
