"""All figures of the page Explore."""

from __future__ import annotations

from app.compare_parts import SERIES
from app.figures.courses import course, survival
from app.figures.figure import Figure
from app.figures.spread import gains, payers, places
from app.words import Words
from experiments.comparison import Comparison


def figures(found: Comparison, focus: str, words: Words) -> list[Figure]:
    """Return all figures of a comparison that have something to show, in their order on the page.

    Args:
        found: What came out.
        focus: Name of the scenario of which bands and maps are shown.
        words: The language.
    """
    told = [
        survival(found, focus, words),
        *(course(found, outcome, focus, words) for outcome in SERIES),
        places(found, focus, words),
        payers(found, focus, words),
        gains(found, focus, words),
    ]
    return [one for one in told if one is not None]
