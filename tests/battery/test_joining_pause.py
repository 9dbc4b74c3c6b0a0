"""A rack that was out comes back under load: power pauses for it, shortly and rarely."""

from typing import Any

import pytest

from appliance.model import (
    BatteryReading,
    GoToMode,
    MeterReading,
    Setpoints,
)
from tests.battery.sites import both, site
from tests.stories import Story, battery, inverter, rack

TWO, THREE = site(racks=2), site(racks=3)
CLOSED = Setpoints(contactors_closed=True, inverter_on=True)


def loaded(open_v: float, current_a: float = 12.0, **changes: Any) -> BatteryReading:
    """Rack 1 carries a load and sags; rack 2 is open."""
    return battery(
        rack(1, voltage_v=400.0),
        rack(2, voltage_v=open_v, contactors_closed=False),
        **({"current_a": current_a, "voltage_v": 400.0, "power_w": 400.0 * current_a} | changes),
    )


class Loaded(Story):
    """A house takes 3 kW; the battery's current follows what the limits leave of it."""

    def live(self, seconds: float, open_v: float = 402.0, **changes: Any) -> list[float]:
        """The power commanded in each cycle of 0.1 s."""
        told = []
        for _ in range(round(seconds / 0.1)):
            commanded_w = self.cycle.memory.commanded.power_w
            reading = loaded(open_v, commanded_w / 400.0, **changes)
            self.step(
                battery=reading,
                inverter=inverter(commanded_w),
                grid=MeterReading(3_000.0 - commanded_w),
                memory=self.cycle.memory,
            )
            told.append(self.last.setpoints.power_w)
        return told


def carrying() -> Loaded:
    """Both racks ran, the second opened by itself; under load ever since."""
    story = Loaded(site=TWO, changes={"battery": both()})
    story.running()
    story.ask(GoToMode("self_consumption"))
    story.live(1.0)
    assert story.last.setpoints.racks_open == (2,)
    return story


def why_out(story: Story) -> list[str]:
    return [error.source for error in story.last.errors if error.number == 126]


def open_now(story: Story) -> tuple[int, ...]:
    return story.last.setpoints.racks_open


def test_under_load_power_pauses_for_a_rack_that_is_ready() -> None:
    story = carrying()
    powers_w = story.live(118.0)
    assert min(powers_w[100:]) > 2_000.0, "60 s of rest, then 60 s in which it might rest by itself"
    assert open_now(story) == (2,)
    paused_w = story.live(3.0)
    assert paused_w[-1] == pytest.approx(0.5 * 5.0 * 400.0, rel=0.1), (
        "W: half of 5 A at about 400 V"
    )
    assert open_now(story) == ()
    assert story.last.limits.binding == "a rack joins"
    assert story.live(3.0)[-1] < 1_100.0, "it is low until the contactor has closed"
    story.step(battery=both(), memory=story.cycle.memory)
    story.step(battery=both(), memory=story.cycle.memory)
    assert story.last.limits.binding != "a rack joins"


def test_a_rack_that_does_not_close_in_time_is_called_back_and_pauses_are_rare() -> None:
    story = carrying()
    low = [power_w < 1_100.0 for power_w in story.live(700.0)[100:]]
    assert sum(low) * 0.1 == pytest.approx(30.0, abs=1.0), "s of little power in ten minutes"
    assert story.last.setpoints.racks_open == (2,)
    low = [power_w < 1_100.0 for power_w in story.live(100.0)]
    assert sum(low) * 0.1 == pytest.approx(30.0, abs=1.0)


def test_no_pause_where_no_sag_explains_the_voltage() -> None:
    story = carrying()
    assert min(story.live(300.0, open_v=420.0)[100:]) > 2_000.0
    assert why_out(story) == ["rack 2: waits until its voltage fits"]
    assert min(story.live(100.0, open_v=395.0)) > 2_000.0, "while discharging it can only be higher"


def test_the_alarm_says_why_a_rack_is_still_out() -> None:
    story = carrying()
    story.live(12.0)
    assert why_out(story) == ["rack 2: rests before it joins again"]
    story.live(60.0)
    assert why_out(story) == ["rack 2: waits for a low current"]
    story.live(12.0, open_v=430.0)
    assert why_out(story) == ["rack 2: waits until its voltage fits"]
    story.step(battery=both(faults=("fuse",), contactors_closed=False), memory=story.cycle.memory)
    assert why_out(story) == ["rack 2: fuse"]
