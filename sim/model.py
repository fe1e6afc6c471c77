"""The model: the processes of a quarter, in order."""

from __future__ import annotations

from collections.abc import Iterable

from agents.columns import Floats
from agents.parameter_fields import Parameters
from agents.parameters import make_parameters
from scenarios.national import National, load_national
from scenarios.policy import Policy
from scenarios.region import RegionPack
from scenarios.scenario import Scenario
from sim.activity import activity
from sim.acts import Acts
from sim.calls import calls
from sim.contact import contact_and_joining, contact_pull, contact_spread
from sim.decisions import decisions
from sim.drivers import drivers
from sim.engagement import value_and_engagement
from sim.initiation import initiation, known_starts
from sim.money import money
from sim.phases import phases
from sim.reach import reach
from sim.record import Recorder, record
from sim.students import students
from sim.valley import end_of_subsidy
from sim.world import PpsWorld


class PpsModel(PpsWorld):
    """A province (or more) and its partnerships, quarter by quarter.

    Args:
        pack: Region pack.
        scenario: What is asked.
        parameters: Every domain number; by default those of the table with the scenario's changes.
        policies: Policies beside those of the scenario.
        seed: Seed of the run, 0 or more.
        scale: Share of the firms that is simulated, in (0, 1].
        national: Data of the country; by default what comes with the project.

    Example:
        >>> model = PpsModel(load_region("noord-brabant"), load_scenario("baseline"), seed=1)  # doctest: +SKIP
        >>> model.run()  # doctest: +SKIP
    """

    def __init__(
        self,
        pack: RegionPack,
        scenario: Scenario,
        parameters: Parameters | None = None,
        policies: Iterable[Policy] = (),
        seed: int = 0,
        scale: float = 1.0,
        national: National | None = None,
    ) -> None:
        super().__init__(
            pack,
            national or load_national(),
            scenario,
            parameters or make_parameters(scenario.parameters, "scenario"),
            (*scenario.policies, *policies),
            seed,
            scale,
        )
        self.contact_spread: Floats = contact_spread(self)
        self.contact_pull: Floats = contact_pull(self)
        self.known_starts = known_starts(self)
        self.act = Acts(self)
        self.recorder = Recorder(self)

    def step(self) -> None:
        """Live one quarter."""
        self.quarter = self.ledger.quarter = int(self.time) - 1
        drivers(self)
        calls(self)
        initiation(self)
        contact_and_joining(self)
        activity(self)
        value_and_engagement(self)
        reach(self)
        phases(self)
        money(self)
        end_of_subsidy(self)
        students(self)
        decisions(self)
        record(self)

    def run(self) -> PpsModel:
        """Live all quarters that are left, and check the books."""
        self.run_until(self.calendar.quarters)
        self.check()
        return self
