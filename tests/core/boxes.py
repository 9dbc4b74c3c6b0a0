"""A box in each state, one way to get there; a battery with one odd rack."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.model import (
    BatteryState,
    BoardReading,
    GoToState,
    GridView,
    InverterState,
    MeterReading,
    PhaseReading,
    RelayReading,
    State,
)
from appliance.site import Backup, BoardRelay, Features, IslandSwitch
from tests.stories import Story, battery, inverter, rack

INIT, WAKING, PRECHARGE, STARTING = State.INIT, State.WAKING, State.PRECHARGE, State.STARTING
RUN, ISLAND, STOPPING = State.RUN, State.ISLAND, State.STOPPING
SLEEP, IDLE, MAINTENANCE, ERROR = State.SLEEP, State.IDLE, State.MAINTENANCE, State.ERROR
RESTART, REBOOT = State.RESTART, State.REBOOT

OPEN = battery(rack(contactors_closed=False), state=BatteryState.STANDBY)
OFF = inverter(state=InverterState.OFF)
ALARM = inverter(state=InverterState.FAULT)
PRESSED, RELEASED = BoardReading(estop_pressed=True), BoardReading(estop_pressed=False)
UP: dict[str, Any] = {"battery": battery(), "inverter": inverter()}
DOWN: dict[str, Any] = {"battery": OPEN, "inverter": OFF}


def in_init() -> Story:
    return Story(changes={**DOWN, "board": None})


def in_waking() -> Story:
    """Its BMS was asleep when the box was switched off."""
    story = Story(changes={**DOWN, "battery": None, "board": None})
    story.cycle.adopt(
        msgspec.structs.replace(story.cycle.memory, waking=True, woken_at_s=story.now_s)
    )
    story.step(board=RELEASED)
    return story


def in_precharge() -> Story:
    return Story(changes=dict(DOWN))


def in_starting() -> Story:
    story = Story(changes=dict(DOWN))
    story.step(battery=battery())
    return story


def in_run() -> Story:
    return Story().running()


def at_the_switch(is_open: bool | None) -> dict[str, Any]:
    """What the island switch of `island_site` says."""
    reading = None if is_open is None else RelayReading(not is_open, not is_open)
    return {"relays": {"island_switch": reading}}


LOST = {"grid_view": GridView(0.0, 0.0, lost=True), "inverter": OFF}
"""No voltage at the meter, and the inverter has let go."""
FORMS = inverter(900.0, grid_forming=True)


def on_island_site() -> Story:
    """It runs on a site that can live without the grid."""
    backup = Backup(switch=IslandSwitch(relay="island_switch"))
    relay = BoardRelay(driver="waveshare", bus="relay_bus", channel=1)
    site = Story().site.model_copy(
        update={
            "backup": backup,
            "features": Features(backup=True),
            "relays": {"island_switch": relay},
        }
    )
    return Story(site, changes=at_the_switch(False)).running()


def in_island() -> Story:
    """The house lives on the battery."""
    story = on_island_site()
    story.run(0.4, **LOST)
    story.run(0.2, **at_the_switch(True))
    story.run(0.2, inverter=FORMS)
    return story


BACK = {
    "grid": MeterReading(0.0, phases=(PhaseReading(230.0),) * 3, frequency_hz=50.0),
    "grid_view": GridView(1.0, 0.0, low_v=230.0, high_v=230.0),
}
"""The grid is there, as the meter sees it."""


def leaving() -> Story:
    """The grid has been back for its minute, and the inverter is told to go off."""
    story = in_island()
    story.run(60.2, **BACK)
    assert not story.last.setpoints.inverter_on
    return story


def closing() -> Story:
    """It is off, and the switch is told to close."""
    story = leaving()
    story.run(2.2, inverter=OFF)
    assert story.last.setpoints.grid_switch_open is False
    return story


def in_stopping() -> Story:
    """Current flows and the inverter runs: it takes its time."""
    story = in_run()
    story.step(battery=battery(current_a=20.0))
    story.ask(GoToState(IDLE))
    return story


def in_idle() -> Story:
    story = in_run()
    story.ask(GoToState(IDLE))
    story.run(0.5, **DOWN)
    return story


def in_maintenance() -> Story:
    story = in_run()
    story.ask(GoToState(MAINTENANCE))
    story.run(0.5, **DOWN)
    return story


def in_sleep() -> Story:
    story = in_run()
    story.step(301.0, battery=battery(soc_pct=10.2), grid=MeterReading(400.0))
    empty = battery(rack(contactors_closed=False), soc_pct=10.2, state=BatteryState.STANDBY)
    story.run(0.5, battery=empty, inverter=OFF)
    return story


def in_error() -> Story:
    story = in_run()
    story.step(battery=OPEN, inverter=ALARM)
    return story


def in_restart() -> Story:
    story = in_idle()
    story.ask(GoToState(RESTART))
    return story


def in_reboot() -> Story:
    story = in_idle()
    story.ask(GoToState(REBOOT))
    return story


BOXES: dict[State, Callable[[], Story]] = {
    ISLAND: in_island, INIT: in_init, WAKING: in_waking, PRECHARGE: in_precharge, STARTING: in_starting, RUN: in_run, STOPPING: in_stopping, SLEEP: in_sleep,
    IDLE: in_idle, MAINTENANCE: in_maintenance, ERROR: in_error, RESTART: in_restart,
    REBOOT: in_reboot,
}  # fmt: skip
LIVE = (INIT, WAKING, PRECHARGE, STARTING, RUN, ISLAND, STOPPING, SLEEP, IDLE)


def box(state: State) -> Story:
    story = BOXES[state]()
    assert story.last.state is state, story.last.why
    return story


def cell(number: int, **changes: Any) -> dict[str, Any]:
    """A battery of two racks, one of them changed."""
    racks = [rack(one, **(changes if one == number else {})) for one in (1, 2)]
    return {"battery": battery(*racks)}
