"""Single parts of conditions and answers that no story tells of: each is what it is for a reason of its own."""

from typing import Any

import pytest

from appliance.answers import battery as answers
from appliance.answers import box
from appliance.answers.rules import Known, RefusedError
from appliance.error_watch import ErrorWatch
from appliance.errors import ERRORS
from appliance.limits.battery import no_current
from appliance.model import (
    BalanceCells,
    ForceClimate,
    Memory,
    PutSchedule,
    Request,
    RunningTest,
    SetPower,
    State,
)
from appliance.site import Current, CurrentLevels, Features
from tests.core.conditions import SITE, holds
from tests.modes.houses import entry, house, story
from tests.stories import Story, battery, inverter, seen, with_grid_code

TEST = RunningTest("ctl", "", 900.0, 100.0, by_pin=False, returns_to=State.RUN)


def test_without_a_watch_over_the_grid_nobody_says_that_the_start_waits_for_it() -> None:
    assert holds(322, State.STARTING, 9_999.0, with_grid_code(SITE), grid_view=None) == ()


@pytest.mark.parametrize(("held_var", "wrong"), [(1_000.0, False), (1_001.0, True)])
def test_a_large_inverter_may_be_further_from_its_reactive_setpoint(
    held_var: float, wrong: bool
) -> None:
    changes = {"max_charge_w": 20e3, "max_discharge_w": 20e3, "max_reactive_var": 9e3}
    site = SITE.model_copy(update={"inverter": SITE.inverter.model_copy(update=changes)})
    read = inverter(reactive_setpoint_var=held_var)
    assert bool(holds(214, site=site, inverter=read)) is wrong


@pytest.mark.parametrize(
    ("reactive_var", "ok"), [(-3_000.0, True), (3_000.0, True), (-3_000.1, False), (3_000.1, False)]
)
def test_reactive_power_by_hand_as_far_as_the_inverter_is_rated(
    reactive_var: float, ok: bool
) -> None:
    assert story(house(local_control={})).ask(SetPower(1.0, 60.0, reactive_var)).ok is ok


@pytest.mark.parametrize(("charge", "discharge"), [(True, False), (False, True), (True, True)])
def test_the_current_of_either_direction_is_a_limit(charge: bool, discharge: bool) -> None:
    levels = CurrentLevels(operating_a=10.0, recommended_a=12.0, maximum_a=15.0)
    current = Current(charge=levels if charge else None, discharge=levels if discharge else None)
    wired = SITE.battery.model_copy(update={"current": current})
    assert no_current(SITE.model_copy(update={"battery": wired})) is False
    assert no_current(SITE) is True


def test_one_schedule_ends_and_the_other_goes_on() -> None:
    one = story(house(external_control={}))
    one.ask(PutSchedule("cloud", (entry(0.0, 110.0, 800.0),)), "cloud")
    one.ask(PutSchedule("local", (entry(0.0, 3_600.0, 100.0),)), "ctl")
    one.run(12.0)
    assert [schedule.source for schedule in one.cycle.memory.schedules] == ["local"]


def asked(take: Any, want: Any, source: str, memory: Memory, **features: Any) -> str:
    site = SITE.model_copy(update={"features": Features(**features)})
    known = Known(site, {}, ErrorWatch(site))
    try:
        return str(take(known, Request("r", source, want), memory, seen())[1])
    except RefusedError as error:
        return f"no: {error}"


def test_balancing_may_be_forbidden_where_there_is_none() -> None:
    off = {"cell_balance": False}
    assert (
        asked(answers.balance, BalanceCells(False), "ctl", Memory(), **off) == "no cell balancing"
    )
    assert asked(answers.balance, BalanceCells(True), "ctl", Memory(), **off).startswith("no: ")


def test_fans_are_held_from_afar_in_a_test_only() -> None:
    want, on_site = ForceClimate("nothing", 50.0, 60.0), "no: fans and heaters are held by"
    assert asked(answers.climate, want, "rest", Memory()).startswith(on_site)
    for memory, source in ((Memory(test=TEST), "rest"), (Memory(), "ctl")):
        assert "'nothing' is not known" in asked(answers.climate, want, source, memory)


@pytest.mark.parametrize(("mode", "wakes"), [("charge_only", True), (None, False)])
def test_a_test_of_a_mode_wakes_the_battery_as_that_mode_does(
    mode: str | None, wakes: bool
) -> None:
    cycle = Story(house(passive={}, local_control={}, charge_only={})).cycle
    test = RunningTest("ctl", "", 900.0, 100.0, by_pin=False, returns_to=State.RUN, mode=mode)
    low = seen(battery=battery(soc_pct=20.0))
    assert bool(cycle._wakes(low, Memory(mode="charge_only", test=test))) is wakes


@pytest.mark.parametrize("frozen", [(), ("grid meter",), ("PV meter", "battery", "grid meter")])
def test_in_an_island_the_meters_of_the_dead_grid_may_stand_still(frozen: tuple[str, ...]) -> None:
    left = tuple(name for name in frozen if name == "battery")
    number = next(row.number for row in ERRORS if row.holds.__name__ == "_standing_still")
    assert holds(number, State.ISLAND, frozen=frozen) == left
    assert holds(number, State.RUN, frozen=frozen) == frozen


@pytest.mark.parametrize(("now_s", "left"), [(8_599.9, (5_000.0, 6_000.0)), (8_600.0, (6_000.0,))])
def test_a_start_from_afar_counts_for_an_hour(now_s: float, left: tuple[float, ...]) -> None:
    memory = Memory(goal=State.IDLE, starts_from_afar=(5_000.0, 6_000.0))
    assert box._start_from_afar(memory, now_s) == (*left, now_s)
