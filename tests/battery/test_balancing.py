"""Cells are balanced at the top, at rest or light charge, with hysteresis; a model comes together."""

from dataclasses import dataclass, field

import pytest

from appliance.battery.balancing import Balancing as Rule
from appliance.model import BalanceCells, BatteryReading, BatteryState, Memory, State
from appliance.site import Balancing
from tests.battery.sites import opened, site
from tests.stories import Story, battery, rack, seen

ON = Balancing(enabled=True)
BALANCING = site(balancing=ON)


def at_top(spread_v: float = 0.04, high_v: float = 3.45, **changes: object) -> BatteryReading:
    one = rack(cell_max_v=high_v, cell_min_v=high_v - spread_v)
    return battery(one, **changes)


def first(reading: BatteryReading | None, state: State = State.RUN, asked: bool = True) -> bool:
    memory = Memory(balancing_asked=asked)
    return Rule(BALANCING).allowed(state, seen(battery=reading), memory)


def test_a_wide_spread_at_the_top_is_balanced() -> None:
    assert first(at_top())
    assert first(at_top(power_w=-1_000.0)), "light charge"
    assert first(at_top(), State.IDLE)


@pytest.mark.parametrize(
    "reading",
    [
        None,
        at_top(0.019),
        at_top(high_v=3.39),
        at_top(power_w=-1_100.0),
        at_top(power_w=300.0),
        at_top(power_w=None, current_a=None),
        at_top(state=BatteryState.FAULT),
        at_top(faults=("fuse",)),
        battery(rack(cell_max_v=3.45, cell_min_v=None)),
    ],
    ids=[
        "silent", "narrow", "on the plateau", "charging hard", "discharging", "current unknown",
        "fault", "faults", "cells unknown",
    ],
)  # fmt: skip
def test_otherwise_it_is_not(reading: BatteryReading | None) -> None:
    assert not first(reading)


def test_only_when_asked_for_and_in_a_state_that_may() -> None:
    assert not first(at_top(), asked=False)
    for state in (State.ERROR, State.MAINTENANCE, State.INIT, State.STARTING, State.STOPPING):
        assert not first(at_top(), state)


def test_it_goes_on_until_the_spread_is_small() -> None:
    rule = Rule(BALANCING)
    told = [
        rule.allowed(State.RUN, seen(float(at), battery=at_top(spread_v)), Memory())
        for at, spread_v in enumerate((0.015, 0.021, 0.015, 0.009, 0.0079, 0.015, 0.021))
    ]
    assert told == [False, True, True, True, False, False, True]


def test_after_six_hours_it_pauses_for_one() -> None:
    rule = Rule(BALANCING)

    def at(hours: float) -> bool:
        return rule.allowed(State.RUN, seen(hours * 3600.0, battery=at_top()), Memory())

    assert [at(h) for h in (0.0, 5.99, 6.0, 6.5, 6.99, 7.01)] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]


def test_the_feature_is_off_unless_the_site_says_so() -> None:
    story = Story().running()
    assert not story.step(battery=at_top()).setpoints.balancing
    answer = story.ask(BalanceCells(True))
    assert not answer.ok
    assert "switched off" in answer.reason


def test_the_cycle_commands_it_and_people_may_forbid_it() -> None:
    story = Story(site=BALANCING).running()
    assert story.step(battery=at_top()).setpoints.balancing
    assert story.ask(BalanceCells(False)).ok
    assert not story.last.setpoints.balancing
    assert not story.run(1.0).setpoints.balancing, "it is remembered"
    assert story.ask(BalanceCells(True)).ok
    assert story.last.setpoints.balancing


@dataclass
class Cells:
    """Bleeders across the cells that are more than 3 mV above the lowest."""

    volts: list[float] = field(default_factory=lambda: [3.45, 3.44, 3.43, 3.415, 3.41])

    def bleed(self, seconds: float) -> None:
        lowest_v = min(self.volts)
        # 50 mA out of 26 Ah, where the curve rises by 20 mV per %.
        fall_v = 0.05 * seconds / 3600.0 / 26.0 * 100.0 * 0.02
        self.volts = [v - fall_v if v > lowest_v + 0.003 else v for v in self.volts]

    @property
    def spread_v(self) -> float:
        return max(self.volts) - min(self.volts)


def test_forty_millivolts_become_less_than_ten() -> None:
    cells, rule = Cells(), Rule(BALANCING)
    assert cells.spread_v == pytest.approx(0.04)
    balanced_s, at_s = 0.0, 0.0
    for _ in range(24 * 60):
        at_s += 60.0
        reading = battery(rack(cell_max_v=max(cells.volts), cell_min_v=min(cells.volts)))
        if rule.allowed(State.IDLE, seen(at_s, battery=reading), Memory()):
            cells.bleed(60.0)
            balanced_s += 60.0
    assert cells.spread_v < 0.01
    assert 6.0 < balanced_s / 3600.0 < 12.0, "more than one stretch"


def test_cells_out_of_balance_are_reported_at_rest() -> None:
    story = Story().running()
    story.step(battery=battery(rack(cell_min_v=3.20, cell_max_v=3.31), soc_pct=60.0))
    story.step(59.0)
    assert not story.last.errors
    story.step(2.0)
    assert [(e.number, e.source) for e in story.last.errors] == [(127, "rack 1")]
    assert story.last.state is State.RUN


@pytest.mark.parametrize(
    "changes", [{"power_w": 3_000.0}, {"soc_pct": 97.0}, {"soc_pct": 10.0}, {"soc_pct": None}]
)
def test_where_spreads_are_natural_nothing_is_reported(changes: dict[str, float]) -> None:
    story = Story().running()
    spread = rack(cell_min_v=3.20, cell_max_v=3.31)
    story.step(battery=battery(spread, **({"soc_pct": 60.0} | changes)))
    story.step(90.0)
    assert 127 not in [error.number for error in story.last.errors]


def test_sleep_ends_balancing() -> None:
    story = Story(site=BALANCING).running()
    assert not story.step(battery=opened(rack(cell_max_v=3.3, cell_min_v=3.2))).setpoints.balancing
