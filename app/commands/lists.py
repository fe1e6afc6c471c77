"""`pps parameters`, `pps evidence` and `pps regions`: what the model rests on."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.options import AsJson, Lang
from app.commands.terminal import print_json, print_parts
from app.words import Language, Words


def parameters(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A parameter, to explain it.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List the parameters of the model, or explain one with the evidence behind it."""
    from agents.parameters import parameter_table
    from app import parameters as pages

    words = Words(lang)
    if name is not None:
        row = pages.find_parameter(name)
        if as_json:
            print_json(pages.parameter_json(row))
        else:
            print_parts(pages.parameter_page(row, words))
        return
    rows = parameter_table().values()
    if as_json:
        print_json({"parameters": [vars(row) for row in rows]})
        return
    print_parts(pages.parameters_table(rows, words), "", words("parameters.next"))


def evidence(
    id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A row of evidence, to explain it.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """List what was reported, or explain one row: its words, what it is used for and what cites it."""
    from app import evidence as pages

    words = Words(lang)
    if id is not None:
        citation, row = pages.find_row(id)
        if as_json:
            print_json(pages.evidence_json(citation, row))
        else:
            print_parts(pages.evidence_page(citation, row, words))
        return
    if as_json:
        print_json({"evidence": pages.evidence_list_json()})
        return
    print_parts(pages.evidence_table(words), "", words("evidence.next"))


def regions(lang: Lang = Language.EN, as_json: AsJson = False) -> None:
    """List the regions that come with the project."""
    from scenarios.region import list_regions, load_region

    keys = ("name", "title_nl", "title_en", "about_nl", "about_en")
    packs = [{key: getattr(pack, key) for key in keys} for pack in map(load_region, list_regions())]
    _packs(packs, Words(lang), as_json)


def _packs(packs: list[dict[str, str]], words: Words, as_json: bool) -> None:
    from app.tables import new_table

    if as_json:
        print_json({"regions": packs})
        return
    table = new_table()
    for key in ("name", "title", "about"):
        table.add_column(words(f"packs.{key}"), ratio=None if key == "name" else 1, no_wrap=key == "name")
    for pack in packs:
        table.add_row(pack["name"], words.pick(pack, "title"), words.pick(pack, "about"))
    print_parts(table)
