"""Differences in words: a number with its unit, and one honest sentence for each."""

from __future__ import annotations

import math

from app.words import Words
from experiments.comparison import Cost, Difference
from sim.outcomes import outcome_table

MINUS = "−"
WORD_JOINER = "\u2060"
"""Keeps a sign and its euros on one line."""


def number(value: float, digits: int, words: Words, signed: bool = False) -> str:
    """Return a number with a real minus, and a plus if signs are asked for."""
    text = words.number(value, digits).replace("-", MINUS)
    return f"+{text}" if signed and round(value, digits) > 0 else text


def digits_for(largest: float) -> int:
    """Return how many decimals numbers of this size need."""
    size = abs(largest)
    return 0 if size >= 99.5 or not size else 1 if size >= 0.95 else 2


def amount(value: float, unit: str, words: Words, signed: bool = False, beside: tuple[float, ...] = ()) -> str:
    """Return a value or a difference as people read it.

    Args:
        value: The number.
        unit: Its unit.
        words: The language.
        signed: Whether it is a difference: with its sign, and of shares in percentage points.
        beside: Numbers that stand beside it, so that all get the same decimals.
    """
    if not math.isfinite(value):
        return "–"
    if unit == "share":
        key = "compare_page.points" if signed else "number.percent"
        return words(key, number=bare(value, unit, words, signed, beside))
    if unit.startswith("euro"):
        sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
        return f"{sign}{WORD_JOINER if sign else ''}{words.euros(_rounded(abs(value)))}"
    return bare(value, unit, words, signed, beside)


def bare(value: float, unit: str, words: Words, signed: bool = False, beside: tuple[float, ...] = ()) -> str:
    """Return a number as `amount` does but without its unit; shares as a percentage."""
    times = 100.0 if unit == "share" else 1.0
    largest = max((abs(each) for each in (value, *beside) if math.isfinite(each)), default=0.0)
    return number(times * value, digits_for(times * largest), words, signed)


def _rounded(euros: float) -> float:
    """Return euros with three digits that count, below a million: nobody knows the others."""
    if not 1000 <= euros < 999_500:
        return euros
    return round(euros, 2 - math.floor(math.log10(euros)))


def interval(low: float, high: float, unit: str, words: Words, signed: bool = True) -> str:
    """Return the two ends of an interval, with the unit of shares said once; what it is is said elsewhere."""
    if unit == "share" and math.isfinite(low) and math.isfinite(high):
        ends = [bare(end, unit, words, signed, (low, high)) for end in (low, high)]
        return words("compare_page.points", number=words("compare_page.from_to", low=ends[0], high=ends[1]))
    ends = [amount(end, unit, words, signed, (low, high)) for end in (low, high)]
    return words("compare_page.from_to", low=ends[0], high=ends[1])


def verdict(one: Difference) -> str:
    """Return which of the words of `compare_page.verdict` says what a difference is."""
    if one.share_equal == 1.0:
        return "equal"
    if not math.isfinite(one.low):
        return "no_interval"
    if not one.shown:
        return "not_shown"
    if one.better is None:
        return "more" if one.difference > 0 else "less"
    if one.unit.startswith("euro"):
        return "cheaper" if one.better else "dearer"
    return "better" if one.better else "worse"


def sentence(one: Difference, words: Words) -> str:
    """Return what is found of one outcome: how much, how sure, and in how many futures."""
    kind = verdict(one)
    if kind == "equal":
        return words("compare_page.sentence.equal", n=words.number(one.n))
    said = kind if kind in ("no_interval", "not_shown") else "shown"
    beside = (one.low, one.high)
    more = one.difference > 0
    ends = beside if more else (-one.high, -one.low)
    size = amount(abs(one.difference), one.unit, words, one.unit == "share", beside).lstrip("+")
    text = words(
        f"compare_page.sentence.{said}",
        size=words("compare_page.more" if more else "compare_page.less", size=size),
        difference=amount(one.difference, one.unit, words, True, beside),
        interval=interval(*(beside if said == "not_shown" else ends), one.unit, words, said == "not_shown"),
        before=amount(one.baseline, one.unit, words, False, (one.value,)),
        after=amount(one.value, one.unit, words, False, (one.baseline,)),
        n=words.number(one.n),
    )
    if not math.isfinite(one.share_better):
        return text
    return f"{text} {words('compare_page.sentence.futures', share=whole_percent(one.share_better, words), n=one.n)}"


def whole_percent(share: float, words: Words) -> str:
    """Return a share as a whole percentage; a dash if it is not defined."""
    return words("number.percent", number=words.number(100 * share)) if math.isfinite(share) else "–"


def inside(title: str) -> str:
    """Return a title as it is written inside a sentence: without its capital, unless that is of an abbreviation."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def cost_sentence(cost: Cost, words: Words) -> str:
    """Return what an extra network-year costs, or why that cannot be said."""
    sure = cost.verdict == "price" and math.isfinite(cost.low) and math.isfinite(cost.high)
    kind = "price_open" if cost.verdict == "price" and not sure else cost.verdict
    return words(
        f"compare_page.cost.{kind}",
        ratio=amount(cost.ratio, "euro", words),
        interval=interval(cost.low, cost.high, "euro", words, False) if sure else "–",
        euros=amount(abs(cost.euros), "euro", words),
        more_euros=amount(cost.euros, "euro", words, True),
        years=number(abs(cost.network_years), digits_for(cost.network_years), words),
    )


def outcome_label(name: str, words: Words) -> str:
    """Return what an outcome is called."""
    return words.pick(outcome_table()[name], "label")


def unit_label(unit: str, words: Words) -> str:
    """Return a unit that people read; nothing for a share or a number without one."""
    return words.texts.get(f"compare_page.unit.{unit}", "")


def quarter_words(quarter: str, words: Words) -> str:
    """Return a quarter as the language writes it."""
    year, _, part = quarter.partition("-Q")
    return words("compare_page.quarter", year=year, number=part)
