"""What each mode declares to do without an input is what the box does."""

import pytest

from appliance.config import mode_inputs
from appliance.model import GoToMode, MeterReading, SetPower, State
from appliance.modes._inputs import INPUTS, Without
from appliance.site.features import MODE_NEEDS
from tests.core.boxes import on_island_site
from tests.stories import Story

MODES = mode_inputs()
CASES = [(mode, name) for mode in MODES for name in INPUTS]


def test_every_mode_declares_every_input() -> None:
    assert all(set(inputs) == set(INPUTS) for inputs in MODES.values())


@pytest.mark.parametrize(("mode", "name"), CASES)
def test_the_box_does_what_the_mode_says(mode: str, name: str) -> None:
    start = on_island_site() if mode in MODE_NEEDS else Story().running()
    story = Story(
        start.site, changes={**start.changes, "grid": MeterReading(power_w=2_000.0)}
    ).running()
    assert story.ask(GoToMode(mode)).ok
    if mode == "local_control":
        assert story.ask(SetPower(1_000.0, 600.0)).ok
    before_w = story.run(3.0).setpoints.power_w
    decision = story.run(10.0, **{name: None})
    seen = {
        Without.STOPS: decision.state is State.ERROR and not decision.setpoints.contactors_closed,
        Without.RESTS: decision.state is State.RUN and decision.setpoints.power_w == 0.0,
        Without.GOES_ON: decision.state is State.RUN
        and (decision.setpoints.power_w > 0.0) == (before_w > 0.0),
    }
    assert seen[Without(MODES[mode][name])], decision.why
