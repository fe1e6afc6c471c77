"""`pps validate`: what the fitted model predicts beside what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.checks import needs, new_folder
from app.commands.options import RESULTS, AsJson, Lang
from app.commands.runs import processes
from app.commands.terminal import Stopped, counting, print_json, print_page
from app.words import Language, Words


def validate(
    posterior: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="A posterior; by default the one that comes with the project.")
    ] = None,
    out: Annotated[str | None, typer.Option(metavar="FOLDER", help="Folder to write validation.html to.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes to use; by default one per core.")] = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Compare what the fitted model predicts with what was reported, fitted to and held back."""
    from app import validate as pages
    from calibration import predictive as work
    from calibration.validate import all_targets, load_reasons
    from calibration.validate import validate as compare
    from experiments.posterior import SHIPPED, load_posterior
    from experiments.priors import load_prior

    words, place = Words(lang), SHIPPED if posterior is None else Path(posterior)
    page_folder = None
    if out is not None:
        needs("jinja2", "matplotlib")
        page_folder = new_folder(out)
    fitted, predictor, reasons = load_posterior(place), work.make_predictor(all_targets()), load_reasons()
    runs = work.load_predictive(fitted, predictor, place)
    if runs is None:
        kept = RESULTS / "validate"
        try:
            with counting(words("validate.running"), 2 * work.DRAWS, False) as advance:
                prior, used = load_prior(), processes(workers)
                runs = work.predictive_of(fitted, prior, predictor, kept, used, advance, work.DRAWS)
        except KeyboardInterrupt:
            raise Stopped(words("validate.stopped", folder=kept)) from None
    found = compare(runs, all_targets(), reasons)
    page = None
    if page_folder is not None:
        from app.page import write_page

        again = ["pps", "validate", *(["--posterior", posterior] if posterior else []), "--out", str(page_folder)]
        page = write_page(found, page_folder, [*again, "--lang", lang], words)
    if as_json:
        print_json(pages.validation_json(found))
        return
    table, told = pages.validation_table(found, words), pages.footing(found, words)
    where = words("validate.page_hint") if page is None else words("validate.page", path=page)
    print_page(words("validate.title"), "", table, *told, "", where)
