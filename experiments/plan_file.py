"""Plans as files: named ones that come with the project, or somebody's own; broken ones are told in a sentence.

Each kind of plan (a batch, a grid, a sensitivity analysis) is a pydantic model that extends `PlanFile`.
"""

from __future__ import annotations

import difflib
import reprlib
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.errors import InputError
from scenarios.scenario import read_toml

PLANS = Path(__file__).with_name("plans")


class PlanPart(BaseModel):
    """A table in a plan."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PlanFile(PlanPart):
    """What every plan says.

    Attributes:
        kind: What kind of plan it is; each model allows one.
        name: Short name.
        title_nl: Dutch title.
        title_en: English title.
    """

    kind: str
    schema_version: Literal[1]
    name: str = Field(min_length=1, max_length=60)
    title_nl: str
    title_en: str


def kind_of(model: type[PlanFile]) -> str:
    """Return the kind of plan that a model describes."""
    (kind,) = get_args(model.model_fields["kind"].annotation)
    return str(kind)


def list_plans(kind: str) -> tuple[str, ...]:
    """Return the names of the plans of a kind that come with the project."""
    return tuple(sorted(path.stem for path in PLANS.glob("*.toml") if read_toml(path, "plan").get("kind") == kind))


def read_plan[Plan: PlanFile](name_or_file: str, model: type[Plan]) -> tuple[Plan, Path]:
    """Read a named plan or a plan file.

    Args:
        name_or_file: Its name, or a file (.toml).
        model: What kind of plan is expected.

    Returns:
        The plan, and its file: other files that a plan names are looked for beside it.

    Raises:
        InputError: If it is unknown, cannot be read, is of another kind, or says something that is not allowed.
    """
    kind = kind_of(model)
    path = _find(name_or_file, kind)
    content = read_toml(path, "plan")
    if content.get("kind", kind) != kind:
        raise InputError(f"is a plan of the kind {reprlib.repr(content['kind'])}", path.name, f"kind = '{kind}'")
    try:
        return model.model_validate(content), path
    except ValidationError as error:
        raise _plain(error, model, path.name) from None


def beside(path: Path, name_or_file: str) -> str:
    """Return a name as it is, and a file that a plan names as seen from here."""
    return str(path.parent / name_or_file) if name_or_file.endswith(".toml") else name_or_file


def _find(name_or_file: str, kind: str) -> Path:
    if name_or_file.endswith(".toml"):
        try:
            if (path := Path(name_or_file)).is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            pass
        raise InputError(f"there is no file {reprlib.repr(name_or_file)}", "plan", "a plan file (.toml) that exists")
    names = list_plans(kind)
    if name_or_file in names:
        return PLANS / f"{name_or_file}.toml"
    near = difflib.get_close_matches(name_or_file[:60], names, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"unknown plan {reprlib.repr(name_or_file)}", "plan", f"{hint}{', '.join(names)}, or a .toml file")


def _plain(error: ValidationError, model: type[BaseModel], where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence; a key that is unknown comes before one that is missing."""
    errors = error.errors()
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    place = [str(part) for part in first["loc"]]
    key = reprlib.repr(".".join(place))
    keys = tuple(_model_at(model, place[:-1]).model_fields)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(place[-1][:60], keys, n=1)
        return InputError(f"unknown key {key}", where, f"did you mean {near[0]}?" if near else ", ".join(keys))
    if first["type"] == "missing":
        return InputError(f"key {key} is missing", where, ", ".join(keys))
    said = first["msg"].replace("Input should be ", "")
    return InputError(f"{'.'.join(place)} is {reprlib.repr(first.get('input'))}", where, said)


def _model_at(model: type[BaseModel], place: list[str]) -> type[BaseModel]:
    """Return the model of a table within a plan."""
    for part in place:
        field = model.model_fields.get(part)
        if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return model
