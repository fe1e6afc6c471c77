"""Words for people: all texts of the app in Dutch and English, and numbers as each language writes them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).with_name("text")
MOST_MORE = 4  # decimals more than usual, to tell two numbers apart


class Language(StrEnum):
    """A language of the app."""

    EN = "en"
    NL = "nl"


class Words:
    """The texts of one language.

    A text is found by its key in `text/nl.toml` and `text/en.toml` (`story.founded`) and may hold places such as
    `{name}`. A text with a singular has the two keys `one` and `other`.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self.texts = load_texts(language)

    def __call__(self, key: str, **places: Any) -> str:
        """Return a text with its places filled in."""
        return self.texts[key].format(**places)

    def count(self, key: str, n: int, **places: Any) -> str:
        """Return a text that depends on a number, such as `5 firms`."""
        return self(f"{key}.{'one' if n == 1 else 'other'}", n=self.number(n), **places)

    def under(self, family: str) -> dict[str, str]:
        """Return the texts of a component of the page by name; it fills in their places itself.

        Args:
            family: What their keys begin with, without the dot.
        """
        return {
            key.removeprefix(f"{family}."): text for key, text in self.texts.items() if key.startswith(f"{family}.")
        }

    def among(self, items: Sequence[str]) -> str:
        """Return a list in words: `a, b and c`."""
        if len(items) < 2:
            return "".join(items)
        return self("list.and", first=", ".join(items[:-1]), last=items[-1])

    def pick(self, thing: object, what: str) -> str:
        """Return what a thing has in both languages, such as `title_nl` and `title_en`; English if it is empty.

        Args:
            thing: An object or a mapping.
            what: Name without the language.
        """
        values = thing if isinstance(thing, Mapping) else vars(thing)
        return str(values[f"{what}_{self.language}"] or values[f"{what}_en"])

    def apart(self, show: Callable[[float, int], str], value: float, other: float) -> tuple[str, str]:
        """Return two numbers with as many more decimals as it takes to tell them apart.

        Args:
            show: Writes a number with so many more decimals than usual.
            value: The one.
            other: The other.
        """
        for more in range(MOST_MORE + 1):
            texts = show(value, more), show(other, more)
            if texts[0] != texts[1]:
                break
        else:  # nobody needs to see so small a difference
            texts = show(value, 0), show(other, 0)
        return texts

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number: `1,234.5`, in Dutch `1.234,5`; a dash if it is not defined."""
        if not math.isfinite(value):
            return "–"
        text = f"{round(value, digits) + 0.0:,.{digits}f}"  # + 0.0: no minus before a zero
        return text.translate(_DUTCH) if self.language is Language.NL else text

    def percent(self, share: float, more: int = 0) -> str:
        """Return a share as a percentage, with so many more decimals than usual."""
        return self("number.percent", number=self.number(100.0 * share, more + (abs(share) < 0.0995)))

    def euros(self, amount: float, more: int = 0) -> str:
        """Return an amount in euros, in millions if it is that large, with so many more decimals than usual."""
        if abs(amount) >= 999_500:
            return self("number.long_millions", number=self.number(amount / 1e6, 1 + more))
        return self("number.euros", number=self.number(amount, more))


_DUTCH = str.maketrans(",.", ".,")


@cache
def load_texts(language: Language) -> Mapping[str, str]:
    """Return the texts of a language by key."""
    content = (TEXTS / f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(content), ""))


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
