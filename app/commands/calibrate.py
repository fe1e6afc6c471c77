"""`pps calibrate`: the model is fitted to what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.checks import needs
from app.commands.options import RESULTS, AsJson, Lang, Quiet, Workers
from app.commands.runs import processes
from app.commands.terminal import Stopped, counting, print_json, print_page
from app.words import Language, Words


def calibrate(
    members: Annotated[int, typer.Option(help="Worlds in the ensemble.")] = 2000,
    steps: Annotated[int, typer.Option(help="Steps in which they are moved.")] = 4,
    worlds: Annotated[int, typer.Option(min=0, help="Synthetic worlds of the self-check; 0 skips it.")] = 24,
    check_members: Annotated[int, typer.Option(help="Worlds in the ensemble of each self-check.")] = 400,
    generations: Annotated[int, typer.Option(min=0, help="Generations of the second estimate; 0 skips it.")] = 16,
    rivals: Annotated[bool, typer.Option("--rivals", help="Fit the rival submodels as well, and compare.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of designs and runs.")] = 1,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the posterior.")] = RESULTS / "calibration",
    workers: Workers = None,
    lang: Lang = Language.EN,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Fit the model to what was reported of Noord-Brabant 2012-2018 and of BBL and BOL, and check the fit."""
    words = Words(lang)
    needs("dageo", "sklearn")
    from app import calibrate as pages
    from calibration import calibrate as work
    from calibration import predictive
    from calibration import rivals as submodels
    from calibration.fit import Budget, Engine
    from calibration.validate import all_targets
    from experiments.priors import load_prior

    budget, check = Budget(members, steps), Budget(check_members, steps)
    kept, used = out / "runs", processes(workers)
    total = budget.runs + worlds * (check.runs - check_members) + 2 * predictive.DRAWS
    total += rivals * len(submodels.RIVALS) * (check.runs + submodels.DRAWS)
    try:
        with counting(words("calibrate.running"), total, quiet) as advance:
            prior = load_prior()
            engine = Engine(work.simulator(), prior, kept, used, advance, advance.expect)
            posterior = work.calibrate(engine, budget, check, worlds, generations, seed, out)
            predictor = predictive.make_predictor(all_targets())
            runs = predictive.predictive_of(posterior, prior, predictor, kept, used, advance, predictive.DRAWS)
            predictive.store_predictive(runs, out)
            if rivals:
                contrasts = submodels.contrast(engine.simulator, check, seed, kept, used, advance)
                submodels.write_contrasts(contrasts, out)
    except KeyboardInterrupt:
        raise Stopped(words("calibrate.stopped", folder=kept)) from None
    about = posterior.about
    if as_json:
        print_json(about)
    elif not quiet:
        rows = about["parameters"]
        title = words("calibrate.title", identified=sum(row["identified"] for row in rows), learnable=len(rows))
        lines = words("calibrate.width_means"), *pages.checks(about, words), words("calibrate.files", folder=out)
        apart = [part for line in lines for part in ("", line)]
        print_page(title, "", pages.learnt_table(about, words), *apart)
