"""From what a person asks for to what is run: parameters from a posterior or the central set, and experiments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from agents.errors import InputError
from agents.parameters import make_parameters
from experiments import REPLICATES_OF_A_RUN, posterior
from experiments.parameter_sets import ParameterSets, draw_numbers
from experiments.priors import policy_prior
from experiments.runner import Experiment
from scenarios.national import load_national
from scenarios.region import RegionPack, load_region
from scenarios.scenario import Scenario, load_scenario
from sim.calendar import last_quarter
from sim.draws import Draws

FEWEST_PAIRS = 2
OPTION = "parameters"
POSTERIOR, DEFAULT = "posterior", "default"
SETS = f"{POSTERIOR}, {DEFAULT}, or a folder as `pps calibrate --out` writes it, fitted with this version of the model"
INSTEAD = f"{DEFAULT}, for the central set, or the folder of a posterior that `pps calibrate` fits anew"


def make_experiment(
    scenario: str | Scenario,
    region: str,
    parameters: str,
    seed: int,
    replicates: int | None,
    until: str | None,
    scale: float,
) -> Experiment:
    """Return what is run.

    Args:
        scenario: A scenario, or the name or file of one.
        region: A named region, or the folder of a region pack.
        parameters: See `parameter_sets`.
        seed: Seed of the first replicate.
        replicates: How many; by default see `replicates_of_a_run`.
        until: Last quarter; by default that of the scenario.
        scale: Share of the firms that is simulated, in (0, 1].

    Raises:
        InputError: If any of these cannot be.
    """
    asked = load_scenario(scenario) if isinstance(scenario, str) else scenario
    if until is not None:
        asked = asked.model_copy(update={"until": last_quarter(until, "until")})
    pack = load_region(region)
    count = replicates_of_a_run(pack) if replicates is None else replicates
    sets = parameter_sets(parameters, asked.parameters, seed, count)
    return Experiment(pack, load_national(), asked, sets, seed, count, scale)


def replicates_of_a_run(pack: RegionPack) -> int:
    """Return how many replicates are run if nobody asks for another number: pairs with the same parameters.

    A world of more provinces has as many more partnerships, and a replicate of it costs as much more; but each pair is
    one draw of what nobody knows, however large the world, so that of a country little is said of the spread.
    """
    pairs = round(REPLICATES_OF_A_RUN / len(pack.provinces) / 2)
    return 2 * max(pairs, FEWEST_PAIRS)


def parameter_sets(asked: str, changes: Mapping[str, float], seed: int, replicates: int) -> ParameterSets:
    """Return the parameters of the replicates of an experiment.

    Args:
        asked: `posterior` (the one that comes with the project), `default`, or the folder of a posterior.
        changes: Values that the scenario sets, whatever is drawn.
        seed: Seed of the experiment.
        replicates: How many are run.

    Raises:
        InputError: If there is no such posterior, it belongs to another version of the model, or a change is wrong.
    """
    if asked == DEFAULT:
        return ParameterSets((make_parameters(changes, "scenario"),))
    fitted = _posterior(asked, OPTION)
    numbers = draw_numbers(seed, replicates, len(fitted))
    sets = tuple(make_parameters({**_draw(fitted, number), **changes}, "scenario") for number in numbers)
    return ParameterSets(sets, numbers, fitted.digest)


def load_draws(asked: str, count: int, where: str) -> list[dict[str, float]]:
    """Return the first draws of a posterior, with those of the parameters that act through policies alone.

    Args:
        asked: `posterior`, or the folder of one.
        count: How many.
        where: What asks for them, for the message.

    Raises:
        InputError: As `parameter_sets`, or if there are not as many.
    """
    fitted = _posterior(asked, where)
    if count > len(fitted):
        raise InputError(f"count is {count}", where, f"the posterior has {len(fitted)} draws")
    return [_draw(fitted, number) for number in range(count)]


def _draw(fitted: posterior.Posterior, number: int) -> dict[str, float]:
    return {**policy_draw(number), **fitted.draw(number)}


def policy_draw(number: int) -> dict[str, float]:
    """Return values of the parameters that act through policies alone, spread over their ranges.

    No fit can know of them. Each has a stream of its own, so that one more leaves the others as they are.
    """
    prior = policy_prior()
    unit = [Draws(number).uniforms("parameter of policies", name, 1)[0] for name in prior.names]
    return dict(zip(prior.names, prior.values(np.array(unit)).tolist(), strict=True))


def _posterior(asked: str, where: str) -> posterior.Posterior:
    shipped = asked == POSTERIOR
    try:
        return posterior.load_posterior(posterior.SHIPPED if shipped else Path(asked))
    except InputError as error:
        what, allowed = ("the posterior of this project", INSTEAD) if shipped else (f"'{asked}'", SETS)
        raise InputError(f"{what} cannot be used: {error.what}", where, allowed) from None
