"""The watch over the battery: how fast cells heat, and a BMS that answers without saying anything."""

from typing import Any

import msgspec
import pytest
from typing_extensions import override

from appliance.model import BatteryReading, BatteryState, Decision, GoToState, State
from appliance.watches.battery import BatteryWatch, of_no_use
from tests.stories import Story, battery, rack, seen


class Watched(Story):
    """A story whose Snapshots pass the watch over the battery."""

    def __init__(self, **changes: Any) -> None:
        self.watch = BatteryWatch()
        super().__init__(changes=dict(changes))

    @override
    def step(self, passed_s: float = 0.1, **changes: Any) -> Decision:
        self.changes |= changes
        self.now_s += passed_s
        known = seen(self.now_s, **(self._obeying() | self.changes))
        known = msgspec.structs.replace(known, memory=self.cycle.memory)
        self.last = self.cycle.step(self.watch.look(known))
        return self.last


def warm(degrees_c: float) -> dict[str, Any]:
    return {"battery": battery(rack(cell_max_c=degrees_c, cell_min_c=degrees_c - 2.0))}


def numbers(story: Story) -> list[int]:
    return [error.number for error in story.last.errors]


@pytest.mark.parametrize(("rise_c", "opens"), [(4.9, False), (5.1, True)])
def test_cells_that_heat_by_five_degrees_in_a_minute_open_the_contactors(
    rise_c: float, opens: bool
) -> None:
    story = Watched(**warm(25.0))
    story.running()
    for second in range(58):
        story.step(1.0, **warm(25.0 + rise_c * (second + 1) / 58.0))
    story.run(5.0)
    assert (133 in numbers(story)) == opens
    assert story.last.state is (State.ERROR if opens else State.RUN)
    assert story.last.setpoints.contactors_closed != opens


def test_a_degree_a_second_is_told_within_ten_seconds() -> None:
    story = Watched(**warm(25.0))
    story.running()
    seconds = 0
    while 133 not in numbers(story):
        seconds += 1
        story.step(1.0, **warm(25.0 + seconds))
        assert seconds < 20
    assert seconds <= 10
    assert story.last.why == "Fault: an error stops the box (error 133 Battery heats up too fast)"


def test_slow_warming_is_none_of_it_however_far_it_goes() -> None:
    story = Watched(**warm(20.0))
    story.running()
    for second in range(300):
        story.step(1.0, **warm(20.0 + 4.5 * second / 60.0))
    assert numbers(story) == []


def test_one_wrong_value_and_a_gap_raise_nothing() -> None:
    story = Watched(**warm(25.0))
    story.running()
    story.run(2.0, **warm(40.0))
    story.run(10.0, **warm(25.0))
    assert numbers(story) == []
    story.run(0.9, battery=None)
    story.changes["battery"] = None
    story.step(11.0)
    story.run(20.0, **warm(40.0))
    assert 133 not in numbers(story)


def test_it_stays_open_until_somebody_resets_it() -> None:
    story = Watched(**warm(25.0))
    story.running()
    story.run(10.0, **warm(35.0))
    story.run(120.0, **warm(35.0))
    assert 133 in numbers(story)
    (error,) = [e for e in story.last.errors if e.number == 133]
    assert error.latched


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"state": BatteryState.UNKNOWN}, "its state is unknown"),
        ({"max_charge_w": None}, "it does not say how far it may go"),
        ({"max_discharge_w": None}, "it does not say how far it may go"),
        ({"soc_pct": None}, "it does not say its state of charge"),
        ({"racks": ()}, "it does not say how its cells are"),
        ({"racks": (rack(), rack(2, cell_min_c=None))}, "it does not say how its cells are"),
        ({"racks": (rack(cell_max_v=None),)}, "it does not say how its cells are"),
        ({"racks": (), "guards_cells": True}, ""),
        ({"state": BatteryState.STANDBY, "soc_pct": None}, ""),
        ({}, ""),
    ],
)
def test_what_is_of_no_use(said: dict[str, Any], why: str) -> None:
    whole: BatteryReading = battery(**said) if "racks" not in said else battery()
    assert of_no_use(msgspec.structs.replace(whole, **said)) == why


def test_a_battery_that_says_nothing_of_use_for_a_minute_is_stopped() -> None:
    story = Watched()
    story.running()
    story.run(59.9, battery=battery(max_charge_w=None))
    assert (numbers(story), story.last.state) == ([], State.RUN)
    story.run(0.5)
    (error,) = story.last.errors
    assert (error.number, error.source) == (107, "battery: it does not say how far it may go")
    assert story.last.state is State.ERROR


def test_a_short_silence_of_sense_is_forgiven() -> None:
    story = Watched()
    story.running()
    for _ in range(5):
        story.run(40.0, battery=battery(soc_pct=None))
        story.run(0.2, battery=battery())
    assert numbers(story) == []


def test_nobody_minds_while_the_box_rests() -> None:
    story = Watched()
    story.running()
    story.ask(GoToState(State.IDLE))
    open_one = battery(rack(contactors_closed=False), state=BatteryState.UNKNOWN)
    story.run(120.0, battery=open_one)
    assert 107 not in numbers(story)


def test_a_well_battery_costs_no_copy_of_the_snapshot() -> None:
    picture = seen()
    assert BatteryWatch().look(picture) is picture
