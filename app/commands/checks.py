"""What is checked before anything that takes long: libraries that are needed, and where results go."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from agents.errors import InputError


def needs(*names: str, how: str = "run `make setup-analysis` first", where: str = "this command") -> None:
    """Say in one line which libraries are missing, and how to get them."""
    if missing := [name for name in names if importlib.util.find_spec(name) is None]:
        raise InputError(f"{' and '.join(missing)} not installed", where, how)


def needs_cluster() -> None:
    """Say what is missing where a cluster is asked for without its library."""
    needs("distributed", how="run `make setup-cluster` first", where="--dask")


def named_folder(out: str, allowed: str) -> Path:
    """Return the folder that is asked for, if it has a name: as a path, an empty one would be this very folder."""
    if not out.strip():
        raise InputError("the name of the folder is empty", "--out", allowed)
    return Path(out)


def new_folder(out: str) -> Path:
    """Make the folder of a page."""
    folder, allowed = named_folder(out, "a folder to write in"), "a folder to write in"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write there: {error.strerror}", f"--out {out}", allowed) from None
    if not os.access(folder, os.W_OK):
        raise InputError("cannot write there", f"--out {out}", allowed)
    return folder


def new_files(asked: dict[str, str | None]) -> dict[str, Path]:
    """Return the files that are asked for by option, if they can be written."""
    return {option: _writable(name, option) for option, name in asked.items() if name is not None}


def _writable(file: str, option: str) -> Path:
    path, allowed = Path(file), "a new or earlier file, in a folder that is there and can be written"
    try:
        if not file.strip() or path.is_dir():
            raise InputError("names no file" if not file.strip() else "is a folder", f"{option} {file}", allowed)
        if path.exists() and not os.access(path, os.W_OK):
            raise InputError("cannot be written", f"{option} {file}", allowed)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be written ({reason})", f"{option} {file}", allowed) from None
    return path


def write_files(files: dict[str, Path], texts: dict[str, Callable[[], str]]) -> None:
    """Write the text of each file that was asked for."""
    for option, text in texts.items():
        if (path := files.get(option)) is None:
            continue
        try:
            path.write_text(text(), encoding="utf-8")
        except OSError as error:
            raise InputError(f"cannot write '{path}': {error.strerror}", option, "a file to write") from None
