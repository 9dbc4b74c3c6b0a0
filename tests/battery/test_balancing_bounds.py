"""Cell balancing at its very bounds: spread, height, power, time, and what a test by hand asks for."""

from typing import Any

import msgspec
import pytest

from appliance.battery.balancing import Balancing as Rule
from appliance.model import BatteryReading, Memory, State
from appliance.site import Balancing
from tests.battery.sites import site
from tests.stories import battery, rack, seen

SITE = site(balancing=Balancing(enabled=True, above_v=3.375, start_v=0.125, stop_v=0.0625,
                                alarm_v=0.25, rest_c=0.25, light_charge_c=0.5))  # fmt: skip
HALF_W, QUARTER_W = 5_300.0, 2_650.0
"""Of 10,600 Wh in an hour."""


def cells(spread_v: float = 0.25, high_v: float = 3.5, **changes: Any) -> BatteryReading:
    return battery(rack(cell_max_v=high_v, cell_min_v=high_v - spread_v), **changes)


def allowed(reading: BatteryReading, state: State = State.RUN) -> bool:
    return Rule(SITE).allowed(state, seen(battery=reading), Memory())


@pytest.mark.parametrize(
    ("reading", "answer"),
    [
        (cells(0.125), False), (cells(0.126), True), (cells(high_v=3.375), True), (cells(high_v=3.374), False),
        (cells(power_w=-HALF_W), True), (cells(power_w=-HALF_W - 0.1), False),
        (cells(power_w=QUARTER_W), True), (cells(power_w=QUARTER_W + 0.1), False),
        (cells(power_w=None, voltage_v=500.0, current_a=5.3), True),
        (cells(power_w=None, voltage_v=500.0, current_a=5.31), False),
        (cells(power_w=None, voltage_v=None, current_a=0.0), False),
        (cells(power_w=None, voltage_v=500.0, current_a=None), False),
        (cells(power_w=0.0, voltage_v=500.0, current_a=100.0), True),
        (battery(rack(cell_max_v=None, cell_min_v=3.2)), False),
        (battery(rack(cell_max_v=3.5, cell_min_v=None)), False),
        (battery(rack(1, cell_max_v=3.3, cell_min_v=3.0), rack(2, cell_max_v=3.5, cell_min_v=3.5)), True),
        (battery(rack(1, cell_max_v=3.5, cell_min_v=3.5), rack(2, cell_max_v=3.3, cell_min_v=3.0)), True),
    ],
)  # fmt: skip
def test_when_it_begins(reading: BatteryReading, answer: bool) -> None:
    assert allowed(reading) is answer


def test_in_which_states_and_whether_the_site_has_it() -> None:
    may = {state for state in State if allowed(cells(), state)}
    assert may == {State.RUN, State.IDLE, State.SLEEP}
    off = Rule(site(balancing=Balancing(enabled=False)))
    assert not off.allowed(State.RUN, seen(battery=cells()), Memory())


def test_where_it_ends() -> None:
    rule = Rule(SITE)
    told = [
        rule.allowed(State.RUN, seen(float(at), battery=cells(spread_v)), Memory())
        for at, spread_v in enumerate((0.25, 0.125, 0.0626, 0.0625, 0.125, 0.126))
    ]
    assert told == [True, True, True, False, False, True]


def test_after_the_longest_time_it_rests() -> None:
    rule = Rule(SITE)

    def at(now_s: float, reading: BatteryReading | None = None) -> bool:
        told = cells() if reading is None else reading
        return rule.allowed(State.RUN, seen(now_s, battery=told), Memory())

    assert [at(s) for s in (0.0, 21_599.9, 21_600.0, 25_199.9, 25_200.0)] == [True, True, False, False, True]  # fmt: skip
    assert at(30_000.0)
    assert not at(30_001.0, cells(power_w=9_000.0)), "an interruption"
    assert at(30_002.0) and at(51_601.9), "begins the time anew"
    assert not at(51_602.0)


def test_an_interruption_keeps_what_was_wanted() -> None:
    rule = Rule(SITE)
    looks = (cells(), cells(power_w=9_000.0), cells(0.1), cells(0.05), cells(0.1))
    told = [
        rule.allowed(State.RUN, seen(float(n), battery=one), Memory())
        for n, one in enumerate(looks)
    ]
    assert told == [True, False, True, False, False]


class Hand:
    """A test by hand, as far as balancing asks for it."""

    def __init__(self, held: float | None) -> None:
        self._held = held

    def output(self, name: str, _now_s: float) -> float | None:
        return self._held if name == "balancing" else 9.0


@pytest.mark.parametrize(
    ("held", "asked", "answer"),
    [(None, True, True), (None, False, False), (0.0, True, False), (0.5, False, True), (1.0, False, True)],
)  # fmt: skip
def test_by_hand(held: float | None, asked: bool, answer: bool) -> None:
    memory: Any = msgspec.structs.replace(Memory(balancing_asked=asked), test=Hand(held))
    assert Rule(SITE).allowed(State.IDLE, seen(battery=cells()), memory) is answer
