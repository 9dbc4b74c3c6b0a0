"""Backup power, judged by itself: is there a grid, where is its switch, and does a lost one lead to the island."""

from typing import Any

import msgspec
import pytest

from appliance.errors import backup as conditions
from appliance.model import (
    BackupMemory,
    BoardReading,
    GridView,
    InverterReading,
    InverterState,
    Island,
    IslandStep,
    Memory,
    MeterReading,
    PhaseReading,
    RelayReading,
    RunningTest,
    State,
)
from appliance.site import USUAL, Backup, Features, IslandSwitch, SiteSettings
from tests.core.boxes import on_island_site
from tests.stories import NOON, Story, battery, inverter, seen, with_grid_code

HOME = Story().site
SITE = on_island_site().site
FORMS = inverter(grid_forming=True)
LOST = GridView(0.0, 0.0, lost=True)
OUTSIDE = GridView(0.0, 0.0, outside=("frequency below 47.5 Hz", "voltage below 184 V"))
RESTS = (State.ERROR, State.IDLE)
WAY_UP = (State.INIT, State.WAKING, State.PRECHARGE)


def site_of(base: SiteSettings = SITE, **backup: Any) -> SiteSettings:
    """The site that can make an island, with other settings for it."""
    settings = backup if "own_switch" in backup else {"switch": at_switch(), **backup}
    return base.model_copy(update={"backup": Backup(**settings)})


def at_switch(**changes: Any) -> IslandSwitch:
    return IslandSwitch(relay="island_switch", **changes)


def of(state: State, island: Island | None = None, **backup: Any) -> Memory:
    """A box whose state has begun at 50 s."""
    return Memory(state=state, state_since_s=50.0, backup=BackupMemory(island=island, **backup))


def an_island(step: IslandStep) -> Island:
    return Island(60.0, NOON, "no voltage at the meter", step, 60.0)


# ---------------------------------------------------------------- where the switch is


@pytest.mark.parametrize(
    ("contact", "on", "is_open"),
    [
        ("normally_open", True, False), ("normally_open", False, True), ("normally_open", None, None),
        ("normally_closed", True, True), ("normally_closed", False, False),
        ("normally_closed", None, None),
    ],
)  # fmt: skip
def test_the_switch_is_where_its_coil_says(
    contact: str, on: bool | None, is_open: bool | None
) -> None:
    site = site_of(switch=at_switch(contact=contact, interlocked=True))
    told = seen(relays={"island_switch": RelayReading(True, on)})
    assert conditions.switch_open(told, site) is is_open
    assert conditions.switch_open(seen(relays={"island_switch": None}), site) is None
    assert conditions.switch_open(seen(), site) is None


def test_a_mirror_contact_is_believed_and_not_the_coil() -> None:
    site = site_of(switch=at_switch(feedback="mirror"))
    relays = {"island_switch": RelayReading(True, True)}

    def told(board: BoardReading | None) -> bool | None:
        return conditions.switch_open(seen(board=board, relays=relays), site)

    assert told(None) is None
    assert told(BoardReading(estop_pressed=False, buttons_pressed=("mirror",))) is True
    assert told(BoardReading(estop_pressed=False, buttons_pressed=("other",))) is False


def test_an_own_switch_is_open_while_the_inverter_makes_the_grid() -> None:
    site = site_of(own_switch=True)
    for forms in (True, False, None):
        told = seen(inverter=inverter(grid_forming=forms))
        assert conditions.switch_open(told, site) is forms
    assert conditions.switch_open(seen(inverter=None), site) is None
    assert conditions.switch_open(seen(inverter=FORMS), HOME) is None


# ---------------------------------------------------------------- is there a grid


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (None, ""), (inverter(), ""),
        (inverter(faults=("No Grid",)), "No Grid"), (inverter(warnings=("grid lost",)), "grid lost"),
        (inverter(faults=("fan", "grid failure")), "grid failure"), (inverter(faults=("fan",)), ""),
        (inverter(faults=("no grid",), warnings=("grid lost",)), "no grid"),
        (inverter(faults=("no grid",), grid_forming=True), ""),
        (inverter(faults=("no grid",), grid_forming=False), "no grid"),
    ],
)  # fmt: skip
def test_how_an_inverter_says_that_there_is_none(
    reading: InverterReading | None, words: str
) -> None:
    assert conditions.no_grid_words(reading) == words


def test_why_there_is_no_grid() -> None:
    def why(site: SiteSettings = SITE, **readings: Any) -> str:
        return conditions.grid_gone(seen(**readings), site)

    fault = inverter(state=InverterState.FAULT)
    assert why() == why(inverter=None) == why(inverter=FORMS) == ""
    assert why(grid_view=GridView(0.0, 0.0)) == ""
    assert why(grid_view=LOST) == why(grid_view=LOST, inverter=None) == "no voltage at the meter"
    assert why(grid_view=LOST, inverter=FORMS) == "no voltage at the meter"
    assert why(grid_view=OUTSIDE) == why(grid_view=OUTSIDE, inverter=None) == OUTSIDE.outside[0]
    assert why(grid_view=OUTSIDE, inverter=FORMS) == "", "what it makes itself is not judged"
    assert why(inverter=inverter(warnings=("no grid",))) == "the inverter says no grid"
    dark = "the meter is dark and the inverter has let go"
    assert why(grid=None, inverter=fault) == dark
    assert why(grid=None) == why(grid=None, inverter=None) == why(inverter=fault) == ""
    assert why(grid=None, inverter=inverter(state=InverterState.OFF)) == ""
    own = site_of(own_switch=True)
    assert why(own, inverter=FORMS) == "the inverter has left the grid"
    assert why(own) == why(own, inverter=None) == why(HOME, inverter=FORMS) == ""


def inside(
    site: SiteSettings = SITE, low_v: float | None = 230.0, high_v: float | None = 230.0,
    hertz: float | None = 50.0, volts: tuple[float | None, ...] = (230.0, None), lost: bool = False,
    **readings: Any,
) -> bool:  # fmt: skip
    """What is said of a meter and the watch over it."""
    meter = MeterReading(0.0, phases=tuple(map(PhaseReading, volts)), frequency_hz=hertz)
    view = GridView(1.0, 0.0, low_v=low_v, high_v=high_v, lost=lost)
    return conditions.grid_inside(seen(**{"grid": meter, "grid_view": view, **readings}), site)


def test_only_a_meter_that_measures_sees_a_grid() -> None:
    assert inside() is True
    assert inside(grid_view=None) is inside(grid=None) is inside(hertz=None) is False
    assert inside(lost=True) is False
    assert inside(volts=(None, None)) is inside(volts=()) is False
    assert inside(low_v=None) is inside(high_v=None) is False


@pytest.mark.parametrize("nominal_v", [None, 230.0, 120.0])
def test_a_grid_is_there_from_one_bound_of_the_window_to_the_other(nominal_v: float | None) -> None:
    site, window, volt = SITE, USUAL.connect, USUAL.nominal_v
    if nominal_v is not None:
        site = with_grid_code(SITE)
        assert site.grid_code is not None
        code = site.grid_code.model_copy(update={"nominal_v": nominal_v})
        site, window, volt = (
            site.model_copy(update={"grid_code": code}),
            code.connect,
            nominal_v,
        )
        assert window.voltage_high_pu < USUAL.connect.voltage_high_pu or (
            window.frequency_high_hz < USUAL.connect.frequency_high_hz
        )
    low_v, high_v = window.voltage_low_pu * volt, window.voltage_high_pu * volt
    low_hz, high_hz = window.frequency_low_hz, window.frequency_high_hz
    assert inside(site, low_v, high_v, low_hz) is inside(site, low_v, high_v, high_hz) is True
    assert inside(site, low_v - 0.1, high_v) is inside(site, low_v, high_v + 0.1) is False
    assert inside(site, low_v, high_v, low_hz - 0.01) is False
    assert inside(site, low_v, high_v, high_hz + 0.01) is False


# ---------------------------------------------------------------- does a lost grid lead to the island


def test_who_can_make_an_island() -> None:
    assert conditions.has_backup(SITE) is True
    assert conditions.has_backup(HOME) is False
    off = SITE.model_copy(update={"features": Features(backup=False)})
    assert conditions.has_backup(off) is False
    for state in State:
        assert conditions.takes_over(seen(), of(state, black_start_by="ctl"), off) is False
        assert conditions.takes_over(seen(), of(state, black_start_by="ctl"), HOME) is False


@pytest.mark.parametrize("state", list(State))
def test_from_which_state(state: State) -> None:
    now, up = seen(), state in (State.STARTING, State.RUN, State.ISLAND)
    automatic = site_of(black_start="automatic")
    assert conditions.takes_over(now, of(state), SITE) is up
    asked = of(state, black_start_by="ctl")
    assert conditions.takes_over(now, asked, SITE) is (up or state in (*WAY_UP, *RESTS))
    assert conditions.takes_over(now, of(state), automatic) is (up or state in WAY_UP)


@pytest.mark.parametrize("state", [State.PRECHARGE, State.RUN, State.IDLE])
def test_only_a_box_that_is_to_run_with_enough_charge_and_no_test(state: State) -> None:
    well = of(state, black_start_by="ctl")
    site = site_of(start_pct=20.0)

    def takes(memory: Memory = well, **readings: Any) -> bool:
        return conditions.takes_over(seen(**readings), memory, site)

    assert takes() is True
    assert takes(msgspec.structs.replace(well, goal=State.IDLE)) is False
    test = RunningTest("ctl", "", 900.0, 100.0, by_pin=False, returns_to=State.RUN)
    assert takes(msgspec.structs.replace(well, test=test)) is False
    assert takes(battery=None) is takes(battery=battery(soc_pct=20.0)) is True
    assert takes(battery=battery(soc_pct=19.9)) is takes(battery=battery(soc_pct=None)) is False
    there = msgspec.structs.replace(of(State.ISLAND), goal=State.IDLE, test=test)
    assert takes(there, battery=battery(soc_pct=None)) is True, "it lives on the battery already"


def test_a_start_without_a_grid_has_to_be_asked_for() -> None:
    def takes(state: State, since_s: float | None, by: str = "") -> bool:
        memory = of(state, gone_since_s=since_s, black_start_by=by)
        return conditions.takes_over(seen(), memory, SITE)

    assert takes(State.STARTING, 49.9) is False
    assert takes(State.STARTING, 50.0) is takes(State.STARTING, None) is True
    assert takes(State.STARTING, 49.9, "button") is takes(State.RUN, 49.9) is True


def test_while_it_leaves_the_grid_the_inverter_has_no_fault_of_its_own() -> None:
    def leaves(memory: Memory, site: SiteSettings = SITE) -> bool:
        return conditions.leaves_grid(seen(100.0), memory, site)

    assert leaves(of(State.RUN)) is False
    assert leaves(of(State.RUN, gone_since_s=99.0)) is True
    assert leaves(of(State.RUN, stopped_since_s=98.5)) is True
    assert leaves(of(State.RUN, stopped_since_s=98.49)) is False
    assert leaves(of(State.RUN, stopped_since_s=98.49, gone_since_s=99.0)) is True
    assert leaves(of(State.RUN, gone_since_s=99.0), HOME) is False
    waits = of(State.IDLE, black_start_by="ctl", stopped_since_s=99.9)
    assert leaves(waits) is False, "it is not up: that it is off says nothing"
    assert leaves(of(State.IDLE, black_start_by="ctl", gone_since_s=99.0)) is True
    assert leaves(of(State.IDLE, gone_since_s=99.0)) is False
    for step in IslandStep:
        assert leaves(of(State.ISLAND, an_island(step))) is (step is not IslandStep.CARRYING)


def test_what_stops_others_says_nothing_of_a_house_that_leaves_the_grid() -> None:
    judged = conditions.unless_left(lambda _seen, _memory, _site: ("grid",))
    assert judged(seen(), of(State.RUN), SITE) == ()
    assert judged(seen(), of(State.IDLE), SITE) == ("grid",)
    assert judged(seen(), of(State.RUN), HOME) == ("grid",)
