"""Scenarios that share their past: the quarters before the first policy are lived once, and not for every scenario.

Until its first policy is in force a scenario has no effect, so that runs with the same region, parameters and seed are
the same until then. A world as it stands at that moment is kept; another scenario goes on from there. Tests check that
this gives the same results, to the bit, as living all quarters.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict

from experiments.runner import Replicate
from scenarios.policy import Policy
from scenarios.scenario import START, Scenario
from sim.calendar import Calendar
from sim.model import PpsModel

MOST_BYTES = 128 * 2**20
"""What a process keeps: some thirty worlds of a province at a scale of 0.05."""
USUAL: str = Policy.model_fields["starts"].default
"""Where the past of a scenario without policies ends: most policies start then."""

type Key = tuple[object, ...]


class Pasts:
    """Worlds of one process, each as it stood before the first policy; those used longest ago go first.

    Args:
        most_bytes: How much is kept.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[tuple[Key, int], bytes] = OrderedDict()

    def prepare(self, replicate: Replicate) -> None:
        """Live the past of a replicate, so that nobody who asks for it later waits for that."""
        self._at(replicate, _parting(replicate.scenario))

    def live(self, replicate: Replicate) -> PpsModel:
        """Return the model of a replicate after its last quarter, as `experiments.runner.lived` does."""
        model = self._at(replicate, _parting(replicate.scenario))
        model.asked, model.policies = replicate.scenario, replicate.scenario.policies
        return model.run()

    def _at(self, replicate: Replicate, quarter: int) -> PpsModel:
        """Return the world of a replicate before a quarter in which no policy was in force yet."""
        key = _key(replicate)
        earlier = [step for other, step in self._kept if other == key and step <= quarter]
        if not earlier:
            model = _begun(replicate)
        else:
            self._kept.move_to_end((key, max(earlier)))
            model = pickle.loads(self._kept[key, max(earlier)])
        if quarter not in earlier:
            model.run_until(quarter)
            assert model.recorder is not None
            assert model.recorder.values is not None  # asked for, so that the past is worked out once too
            self._keep((key, quarter), pickle.dumps(model, pickle.HIGHEST_PROTOCOL))
        return model

    def _keep(self, key: tuple[Key, int], world: bytes) -> None:
        self._kept[key] = world
        while sum(map(len, self._kept.values())) > self.most_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)


def _begun(replicate: Replicate) -> PpsModel:
    """Return the world of a replicate before its first quarter, without policies."""
    scenario = replicate.scenario.model_copy(update={"policies": ()})
    return PpsModel(
        replicate.pack,
        scenario,
        replicate.parameters,
        seed=replicate.seed,
        scale=replicate.scale,
        national=replicate.national,
    )


def _parting(scenario: Scenario) -> int:
    """Return the first quarter in which a scenario may differ from others, as a step of the run; its last at most."""
    calendar = Calendar.between(START, scenario.until)
    first = min((policy.starts for policy in scenario.policies), default=USUAL)
    return min(max(calendar.step_of(first), 0), calendar.quarters - 1)


def _key(replicate: Replicate) -> Key:
    """Return all that the past follows from; policies have no part in it."""
    scenario = replicate.scenario
    return (
        replicate.pack.digest,
        replicate.national.digest,
        replicate.parameters,
        replicate.seed,
        replicate.scale,
        *(scenario.until, scenario.history, scenario.history_until, scenario.branch),
    )
