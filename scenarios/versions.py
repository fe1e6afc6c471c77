"""The version of the form of a file that people write: scenarios and region packs.

Version 1 is the first, so that there is nothing to migrate yet. A file says its version, so that one of another version
is told apart from one with a mistake, and never read as something it is not.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from agents.errors import InputError

KEY = "schema_version"


def check_version(said: Mapping[str, Any], newest: int, where: str) -> None:
    """Check that a file is of the version that is read.

    Args:
        said: What the file says.
        newest: The version that is read.
        where: The file, for the message.

    Raises:
        InputError: If the file has no version, an older or a newer one.
    """
    if KEY not in said:
        raise InputError(f"{KEY} is missing, so that nobody knows how to read this file", where, f"{KEY} = {newest}")
    version = said[KEY]
    what = f"{KEY} is {reprlib.repr(version)}"
    if not isinstance(version, int) or isinstance(version, bool):
        raise InputError(what, where, str(newest))
    if version > newest:
        raise InputError(f"{what}, newer than this version of pps can read", where, f"{newest}, or a newer pps")
    if version < newest:
        raise InputError(f"{what}, older than this version of pps can read", where, str(newest))
