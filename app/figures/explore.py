"""All figures of the page Explore."""

from __future__ import annotations

from functools import partial

from app.compare_parts import SERIES
from app.figures.courses import course, survival
from app.figures.figure import Figure, attempted
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
    drawn = [
        attempted(partial(survival, found, focus, words), words),
        *(attempted(partial(course, found, outcome, focus, words), words) for outcome in SERIES),
        *(attempted(partial(draw, found, focus, words), words) for draw in (places, payers, gains)),
    ]
    return [one for one in drawn if one is not None]
