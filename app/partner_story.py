"""What a partner lived through up to a quarter, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.story import Line, Story, partner_name
from app.words import Words

BELIEFS = ("learning_culture", "belief_staff", "belief_llo", "belief_innovation")


def tell_partner(partner: Mapping[str, Any], about: Mapping[str, Any], words: Words) -> Story:
    """Tell what an organisation lived through.

    Args:
        partner: What `app.recording.Moment` says of it.
        about: The same of its run.
        words: The language.
    """
    lines = sorted(_lines(partner, words), key=lambda line: line.when)
    now = " ".join((*_takes_part(partner, words), *_believes(partner, words)))
    return Story(
        partner_name(partner["kind"], partner["name"], words),
        _about(partner, about, words),
        lines,
        Line(about["until"], now),
    )


def one_of_several(partner: Mapping[str, Any], pps: str, joined: str) -> dict[str, Any]:
    """Return what holds for one of the firms that a sampled firm stands for: the one with this membership."""
    mine = [each for each in partner["memberships"] if (each["pps"], each["joined"]) == (pps, joined)]
    return {**partner, "memberships": mine}


def _about(partner: Mapping[str, Any], about: Mapping[str, Any], words: Words) -> list[str]:
    region = about["region"]
    place = region["regions"][partner["region"]]
    if "size" not in partner:
        return [words("partner_story.place", region=place)]
    sector = region[f"sectors_{words.language}"][partner["sector"]]
    told = [
        words("partner_story.firm", size=words(f"partner_story.size.{partner['size']}"), region=place, sector=sector)
    ]
    if partner["weight"] > 1.0:
        told.append(words("partner_story.sampled", n=words.number(partner["weight"])))
    return told


def _lines(partner: Mapping[str, Any], words: Words) -> Iterator[Line]:
    for each in partner["memberships"]:
        how = "leads" if each["leads"] else "founds" if each["founder"] else "joins"
        role = words(f"partner_story.role.{each['first_role']}")
        yield Line(each["joined"], words(f"partner_story.how.{how}", pps=each["pps"], role=role))
        if each["left"] is not None:
            yield Line(each["left"], words("partner_story.leaves", pps=each["pps"], why=words(f"left.{each['why']}")))


def _takes_part(partner: Mapping[str, Any], words: Words) -> Iterator[str]:
    now = [each for each in partner["memberships"] if each["left"] is None]
    if not now:
        yield words("partner_story.nowhere")
    for each in now:
        yield words("partner_story.now", pps=each["pps"], role=words(f"partner_story.role.{each['role']}"))
        if "size" in partner:
            yield words("partner_story.value", value=words.percent(each["value"]))


def _believes(partner: Mapping[str, Any], words: Words) -> Iterator[str]:
    if "size" in partner:
        yield words("partner_story.beliefs", **{name: words.percent(partner[name]) for name in BELIEFS})
