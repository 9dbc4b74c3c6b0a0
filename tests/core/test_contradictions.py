"""What a device says that cannot be true is not known: no power, and an error that says so."""

from typing import Any

import pytest

from appliance.errors.battery import all_open, contradicts
from appliance.io.plausible import plausible
from appliance.limits import apply_limits
from appliance.model import (
    BatteryReading,
    BatteryState,
    Decision,
    GoToMode,
    GoToState,
    Memory,
    ResetErrors,
    SetPower,
    State,
)
from appliance.watches.battery import BatteryWatch, of_no_use
from tests.battery.sites import site
from tests.core.boxes import OFF, box
from tests.stories import Story, battery, inverter, rack, seen

NAN, INF = float("nan"), float("inf")
RUNS = Memory(state=State.RUN, state_since_s=0.0)
SITE = Story().site
ODD: list[dict[str, Any]] = [
    {"cell_max_v": 0.0},
    {"cell_max_v": 0.49, "cell_min_v": 0.2},
    {"cell_max_v": 3.0, "cell_min_v": 3.3},
    {"cell_max_c": 0.0, "cell_min_c": 21.0},
    {"cell_max_c": 20.9, "cell_min_c": 21.0},
]
UNTRUE = "what it says of the cells of rack 1 cannot be true"


def both_ways(told: BatteryReading) -> tuple[float, float]:
    """What is left of 3 kW in each direction."""
    now = seen(battery=told)
    return (
        apply_limits(-3_000.0, now, RUNS, SITE).power_w,
        apply_limits(3_000.0, now, RUNS, SITE).power_w,
    )


@pytest.mark.parametrize("guards", [False, True])
@pytest.mark.parametrize("cells", ODD)
def test_cells_that_contradict_each_other_close_the_limits(
    cells: dict[str, Any], guards: bool
) -> None:
    told = battery(rack(**cells), guards_cells=guards)
    assert contradicts(told.racks[0])
    assert both_ways(told) == (0.0, 0.0)
    assert of_no_use(told) == UNTRUE


@pytest.mark.parametrize(
    "cells",
    [
        {"cell_min_v": 3.3, "cell_max_v": 3.3}, {"cell_min_c": 21.0, "cell_max_c": 21.0},
        {"cell_min_v": 0.0}, {"cell_min_v": None, "cell_max_v": 0.5}, {"cell_min_c": None},
        {"cell_max_c": None, "cell_max_v": None},
    ],
)  # fmt: skip
def test_cells_that_do_not(cells: dict[str, Any]) -> None:
    assert not contradicts(rack(**cells))


def test_racks_that_are_open_and_a_battery_that_is_connected() -> None:
    one, two = rack(contactors_closed=False), rack(2, contactors_closed=False)
    assert all_open(battery(one)) and all_open(battery(one, two))
    for told in (battery(one, rack(2)), battery(one, rack(2, contactors_closed=None)),
                 battery(rack(contactors_closed=None)), battery(one, state=BatteryState.STANDBY)):  # fmt: skip
        assert not all_open(told)
    assert both_ways(battery(one)) == (0.0, 0.0)
    assert min(map(abs, both_ways(battery(rack(contactors_closed=None))))) > 0.0
    words = "it says that it is connected, and its racks that they are open"
    assert of_no_use(battery(one)) == words
    assert of_no_use(battery(one, has_contactors=False)) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"max_charge_w": NAN}, "it does not say how far it may go"),
        ({"max_discharge_w": INF}, "it does not say how far it may go"),
        ({"soc_pct": NAN}, "it does not say its state of charge"),
    ],
)
def test_no_number_is_nothing_said(said: dict[str, Any], words: str) -> None:
    assert of_no_use(battery(**said)) == words


@pytest.mark.parametrize("name", ["cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c"])
def test_a_cell_that_is_no_number(name: str) -> None:
    odd: dict[str, Any] = {name: NAN}
    for guards in (False, True):
        told = battery(rack(**odd), guards_cells=guards)
        assert of_no_use(told) == "it does not say how its cells are"
    untold: dict[str, Any] = {name: None}
    assert of_no_use(battery(rack(**untold), guards_cells=True)) == ""


class Watched(Story):
    """With the watch that counts for how long the battery is of no use."""

    def looked(self, watch: BatteryWatch, seconds: float, told: BatteryReading) -> Decision:
        """Cycles of 0.1 s."""
        for _ in range(round(seconds / 0.1)):
            self.now_s += 0.1
            now = seen(self.now_s, **(self._obeying() | self.changes | {"battery": told}))
            self.last = self.cycle.step(watch.look(now))
        return self.last


@pytest.mark.parametrize(
    "told", [battery(rack(cell_max_v=0.0)), battery(soc_pct=NAN), battery(rack(cell_min_v=NAN)),
             battery(rack(contactors_closed=False))],
)  # fmt: skip
def test_it_stops_with_an_error_that_says_so(told: BatteryReading) -> None:
    story = Watched()
    story.running()
    story.ask(GoToMode("local_control"))
    story.ask(SetPower(-3_000.0, 3_600.0))
    watch = BatteryWatch()
    assert story.looked(watch, 0.1, told).setpoints.power_w == 0.0
    story.looked(watch, 59.0, told)
    assert (story.last.state, story.last.setpoints.power_w) == (State.RUN, 0.0)
    story.looked(watch, 2.0, told)
    assert 107 in [error.number for error in story.last.errors]
    assert story.last.state is State.ERROR


@pytest.mark.parametrize(
    ("name", "value", "believed"),
    [
        ("cell_max_v", 0.0, None), ("cell_max_v", 0.49, None), ("cell_max_v", 0.5, 0.5),
        ("cell_avg_v", 0.0, None), ("cell_min_v", 0.0, 0.0), ("cell_max_v", 6.0, 6.0),
        ("cell_max_v", 6.1, None),
    ],
)  # fmt: skip
def test_at_the_edge(name: str, value: float, believed: float | None) -> None:
    assert plausible(name, value) == believed


# ------------------------------------------------------------------ what the inverter says of itself


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({}, (-3_000.0, 3_000.0)),
        ({"max_charge_w": 200.0}, (-200.0, 3_000.0)),
        ({"max_discharge_w": 150.0}, (-3_000.0, 150.0)),
        ({"max_charge_w": 90_000.0, "max_discharge_w": 0.0}, (-3_000.0, 0.0)),
        ({"max_charge_w": NAN, "max_discharge_w": -5.0}, (0.0, 0.0)),
    ],
)
def test_what_the_inverter_can_take_now(told: dict[str, Any], left: tuple[float, float]) -> None:
    now = seen(inverter=inverter(**told))
    assert apply_limits(-3_000.0, now, RUNS, SITE).power_w == left[0]
    assert apply_limits(3_000.0, now, RUNS, SITE).power_w == left[1]


def test_it_never_widens_the_rating() -> None:
    now = seen(inverter=inverter(max_charge_w=90_000.0), battery=battery(max_charge_w=90_000.0))
    held = apply_limits(-90_000.0, now, RUNS, SITE)
    assert (held.power_w, held.limits.binding) == (-SITE.inverter.max_charge_w, "inverter")


# ------------------------------------------------------------------ a reset beside a welded rack


@pytest.mark.parametrize(
    ("number", "cells"), [(112, {"cell_max_v": 3.8}), (114, {"cell_min_v": 2.3})]
)
def test_no_reset_while_the_cell_is_beyond_whatever_another_rack_does(
    number: int, cells: dict[str, Any]
) -> None:
    story = Story(site=site(racks=2), changes={"battery": battery(rack(1), rack(2))}).running()
    story.run(3.0, battery=battery(rack(1, **cells), rack(2)))
    welded = battery(rack(1, contactors_closed=False, **cells), rack(2))
    story.run(5.0, battery=welded, inverter=OFF)
    assert not story.ask(ResetErrors(number)).ok
    story.run(5.0, battery=battery(rack(1, contactors_closed=False), rack(2)))
    assert story.ask(ResetErrors(number)).ok


def test_an_open_rack_is_still_no_reason_to_stop_those_that_work() -> None:
    story = box(State.RUN)
    story.run(5.0, battery=battery(rack(1), rack(2, contactors_closed=False, cell_max_v=3.8)))
    assert 112 not in [error.number for error in story.last.errors]
    assert story.last.state is State.RUN
    assert story.ask(GoToState(State.IDLE)).ok
