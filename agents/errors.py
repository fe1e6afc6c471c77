"""The one exception for what a person can mend; everything else is a bug and may trace."""

from __future__ import annotations


class InputError(Exception):
    """A mistake in what a person gave us, told in one sentence.

    Attributes:
        what: What is wrong, with the offending value.
        where: The file and line, the option, or the key.
        allowed: What would be right.
    """

    def __init__(self, what: str, where: str, allowed: str = "") -> None:
        """Keep the three parts, so that a page can show them beside the field."""
        self.what = " ".join(what.split())
        self.where = " ".join(where.split())
        self.allowed = " ".join(allowed.split())
        super().__init__(self.what, self.where, self.allowed)

    def __str__(self) -> str:
        """Return one sentence: where, what, and what is allowed or may be meant."""
        hint = "" if self.allowed.startswith("did you mean") else "allowed: "
        allowed = f"; {hint}{self.allowed}" if self.allowed else ""
        return f"{self.where}: {self.what}{allowed}{'' if allowed.endswith('?') else '.'}"
