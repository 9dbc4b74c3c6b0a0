"""A bench for tests of the box by hand: a plant that does what it is told, and somebody who tests."""

from typing import Any

from appliance.model import (
    Answer,
    BatteryState,
    BeatTest,
    Decision,
    GoToState,
    InverterState,
    Request,
    StartTest,
    State,
    StepTo,
    Want,
)
from appliance.site import SiteSettings
from tests.core.boxes import (
    MAINTENANCE,
)
from tests.core.rig import SITE
from tests.stories import Story, battery, inverter, rack


class Bench:
    """A box whose plant does what it is told, and somebody who tests it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.power_w = 0.0
        self.presses = 0

    def step(self, passed_s: float = 0.1, *requests: Request, **changes: Any) -> Decision:
        commanded = self.story.cycle.memory.commanded
        closed, on = commanded.contactors_closed, commanded.inverter_on
        state = BatteryState.CONNECTED if closed else BatteryState.STANDBY
        runs = InverterState.RUNNING if on else InverterState.OFF
        plant: dict[str, Any] = {
            "battery": battery(rack(contactors_closed=closed), state=state),
            "inverter": inverter(commanded.power_w, state=runs),
            "requests": requests,
        }
        return self.story.step(passed_s, **(plant | changes))

    def run(self, seconds: float, *, beats: bool = True, **changes: Any) -> Decision:
        for number in range(round(seconds / 0.1)):
            beat = Request("beat", "ctl", BeatTest(), key="me")
            self.step(0.1, *([beat] if beats and number % 20 == 0 else []), **changes)
        return self.last

    def ask(
        self,
        want: Want,
        source: str = "ctl",
        *,
        key: str = "me",
        pin: bool = False,
        wrong: str = "",
    ) -> Answer:
        request = Request("r", source, want, key=key, authorised=pin, unauthorised=wrong)
        (answer,) = self.step(0.1, request).answers
        return answer

    def asked(self, want: Want, **more: Any) -> str:
        """Granted; the reason."""
        answer = self.ask(want, **more)
        assert answer.ok, answer.reason
        return answer.reason

    def refused(self, want: Want, **more: Any) -> str:
        answer = self.ask(want, **more)
        assert not answer.ok, answer.reason
        return answer.reason

    @property
    def last(self) -> Decision:
        return self.story.last

    def until(self, state: State, seconds: float = 5.0) -> None:
        for _ in range(round(seconds / 0.1)):
            if self.last.state is state:
                return
            self.step()
        assert self.last.state is state, self.last.why

    def up(self, *states: State) -> "Bench":
        """Step by step, and there."""
        for state in states:
            self.step()  # the plant has followed
            self.asked(StepTo(state))
            self.until(state)
        return self


def maintained(site: SiteSettings = SITE) -> Bench:
    """A test in maintenance."""
    bench = Bench(Story(site).running())
    bench.asked(GoToState(MAINTENANCE))
    bench.until(MAINTENANCE)
    bench.step()
    bench.asked(StartTest(600.0))
    return bench


def with_pin(site: SiteSettings = SITE) -> Bench:
    """A test of a box in RUN, by somebody who knows the PIN."""
    bench = Bench(Story(site).running())
    bench.asked(StartTest(600.0), pin=True)
    return bench
