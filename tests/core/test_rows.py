"""Every error as literals: a row that is removed or bent fails here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from appliance.errors import ERRORS
from appliance.model import (
    ActiveError,
    ActuatorReading,
    BackupReport,
    BatteryState,
    BatteryView,
    BoardReading,
    CanHealth,
    ClimateReading,
    Effect,
    GoToMode,
    GoToState,
    GridView,
    HealthReading,
    InverterReading,
    InverterState,
    IslandFigures,
    Market,
    MeterReading,
    PhaseReading,
    PollHealth,
    RackReading,
    RelayReading,
    ResetEstop,
    SensorReading,
    SetPower,
    Severity,
    State,
    WearHealth,
    ZoneReading,
)
from appliance.site import Climate, Current, CurrentLevels, PinRelay, Zone
from tests.core.boxes import (
    LOST,
    at_the_switch,
    box,
    cell,
    closing,
    in_island,
    in_maintenance,
    leaving,
    on_island_site,
)
from tests.stories import NOON, Story, battery, inverter, rack, with_grid_code

WARNING, ERROR, CRITICAL = Severity.WARNING, Severity.ERROR, Severity.CRITICAL
NOTHING: tuple[Effect, ...] = ()
NO_CHARGE, NO_DISCHARGE = (Effect.NO_CHARGE,), (Effect.NO_DISCHARGE,)
NO_POWER = (Effect.NO_CHARGE, Effect.NO_DISCHARGE)
STOP, OPEN = (Effect.STOP,), (Effect.OPEN_CONTACTORS,)
DERATE = (Effect.DERATE,)
EMERGENCY = (Effect.EMERGENCY_STOP,)
BLOCK = (Effect.BLOCK_UPDATE,)
STANDBY = BatteryState.STANDBY


def running() -> Story:
    return Story().running()


def with_current() -> Story:
    """A site that says how much current one rack may carry."""
    site = Story().site
    current = Current(
        charge=CurrentLevels(operating_a=10.0, recommended_a=12.0, maximum_a=15.0),
        discharge=CurrentLevels(operating_a=20.0, recommended_a=24.0, maximum_a=30.0),
    )
    wired = site.battery.model_copy(update={"current": current})
    return Story(site.model_copy(update={"battery": wired})).running()


def with_reactive() -> Story:
    """A site whose inverter may be asked for reactive power."""
    site = Story().site
    wider = site.inverter.model_copy(update={"max_reactive_var": 3_000.0})
    return Story(site.model_copy(update={"inverter": wider})).running()


def rising(rise_c: float) -> dict[str, Any]:
    return {"battery_view": BatteryView(((1, 4.9), (2, rise_c)))}


def told_to_open() -> Story:
    story = running()
    story.changes["inverter"] = inverter(state=InverterState.OFF)
    story.ask(GoToState(State.IDLE))
    assert not story.last.setpoints.contactors_closed
    return story


def almost_too_long(state: State, seconds: float) -> Callable[[], Story]:
    def start() -> Story:
        story = box(state)
        story.step(seconds)
        assert story.last.state is state
        return story

    return start


def on_the_way_to_maintenance() -> Story:
    """Nothing but what the battery says is missing."""
    story = running()
    story.step(battery=battery(current_a=9.0))
    story.ask(GoToState(State.MAINTENANCE))
    story.changes["inverter"] = inverter(state=InverterState.OFF)
    assert story.last.state is State.STOPPING
    return story


def waiting_for_the_grid() -> Story:
    """Under a grid code, almost three times as long as that wants to wait."""
    site = with_grid_code(Story().site)
    story = Story(site=site, changes={"inverter": inverter(state=InverterState.OFF)})
    story.step(grid_view=GridView(0.0, 60.0, frequency_hz=50.15))
    story.step(179.9)
    assert story.last.state is State.STARTING
    return story


def holding(power_w: float) -> Callable[[], Story]:
    def start() -> Story:
        story = running()
        story.ask(GoToMode("local_control"))
        story.ask(SetPower(power_w, 600.0))
        story.step(inverter=inverter(power_w))
        assert story.last.setpoints.power_w == power_w
        return story

    return start


def forbidden() -> Story:
    """No power either way: the box is too hot inside."""
    story = running()
    story.run(6.0, box=SensorReading(temperature_c=60.1))
    return story


def silent(heard_a: float | None, whole_a: float) -> dict[str, Any]:
    """Rack 2 is not heard."""
    heard = rack(1, current_a=heard_a)
    return {"battery": battery(heard, RackReading(2), current_a=whole_a, power_w=0.0)}


def with_sensor(name: str, driver: str) -> Callable[[], Story]:
    def start() -> Story:
        site = Story().site
        sensor = site.sensors["box"].model_copy(update={"driver": driver})
        site = site.model_copy(update={"sensors": site.sensors | {name: sensor}})
        return Story(site, changes={"sensors": {name: SensorReading(20.0)}}).running()

    return start


def opening(seconds: float) -> Callable[[], Story]:
    """The grid is lost, and the island switch stays closed for so long."""

    def start() -> Story:
        story = on_island_site()
        story.run(0.4, **LOST)
        assert story.last.state is State.ISLAND
        story.step(seconds)
        return story

    return start


def then(before: Callable[[], Story], seconds: float, **changes: Any) -> Callable[[], Story]:
    """The same, and so much later."""

    def start() -> Story:
        story = before()
        story.step(0.1, **changes)
        story.step(seconds)
        return story

    return start


def reported(passed: bool) -> Callable[[Story], None]:
    """A test of the backup has ended so."""

    def report(story: Story) -> None:
        told = BackupReport(NOON, NOON, "ctl", 60.0, passed, ("dark",), IslandFigures())
        backup = msgspec.structs.replace(story.cycle.memory.backup, report=told)
        story.cycle.memory = msgspec.structs.replace(story.cycle.memory, backup=backup)

    return report


def badly_reported() -> Story:
    story = on_island_site()
    reported(False)(story)
    return story


def opening_now() -> Story:
    """In the cycle in which the island begins."""
    story = on_island_site()
    story.run(0.4, **LOST)
    assert story.last.state is State.ISLAND
    return story


def to_rest(story: Story) -> None:
    story.ask(GoToState(State.IDLE))


def fans(**changes: Any) -> ClimateReading:
    return ClimateReading((ActuatorReading("main", "fan", 40.0, **changes),))


def air(dew_point_c: float) -> ClimateReading:
    wet = dew_point_c > 8.0
    return ClimateReading(zones=(ZoneReading("cabinet", 10.0, dew_point_c, condensing=wet),))


def with_climate() -> Story:
    zones = {"cabinet": Zone()}
    relay = PinRelay(driver="gpio", bus="pins", pin=5)
    climate = Climate(algorithm="bat5", zones=zones)
    site = Story().site.model_copy(update={"climate": climate, "relays": {"mat": relay}})
    well = {"climate": fans(), "relays": {"mat": RelayReading(False, False)}}
    return Story(site, changes=well).running()


def can(state: str = "error-active", error_frames: int = 0, lost: int = 0) -> dict[str, Any]:
    return {"health": HealthReading(can=(CanHealth("can0", state, error_frames, lost),))}


def polled(polls: int, failed: int) -> dict[str, Any]:
    return {"health": HealthReading(polled=(PollHealth("grid meter", polls, failed),))}


def grid_view(**changes: Any) -> GridView:
    """A grid that is well."""
    well = {"frequency_hz": 50.0, "low_v": 229.0, "high_v": 231.0, **changes}
    return GridView(steady_s=600.0, wait_s=0.0, **well)


def volts(volt: float) -> tuple[PhaseReading, ...]:
    return tuple(PhaseReading(voltage_v=volt - number) for number in range(3))


@dataclass
class Case:
    """How one error comes and goes; `cured` is just not wrong any more."""

    severity: Severity
    effects: tuple[Effect, ...]
    raise_s: float
    clear_s: float
    source: str
    wrong: dict[str, Any]
    cured: dict[str, Any] = field(default_factory=dict)
    start: Callable[[], Story] = running
    after: State | None = None
    """None: ERROR when it stops the box, else RUN."""
    mend: Callable[[Story], object] = lambda _story: None
    """What else makes an end of it."""


def outside(stages: tuple[str, ...]) -> Case:
    """Beyond a stage for longer than it allows."""
    wrong = {"grid_view": grid_view(outside=stages)}
    return Case(ERROR, STOP, 0.0, 60.0, f"grid: {stages[0]}", wrong, {"grid_view": grid_view()})


# fmt: off
CASES: dict[int, tuple[Case, ...]] = {
    101: (Case(ERROR, STOP, 1.0, 3.0, "battery", {"battery": None}, {"battery": battery()}),),
    102: (
        Case(ERROR, STOP, 0.0, 5.0, "battery",
             {"battery": battery(state=BatteryState.FAULT)}, {"battery": battery()}),
        Case(ERROR, STOP, 0.0, 5.0, "battery: fuse, fan",
             {"battery": battery(faults=("fuse", "fan"))}, {"battery": battery()}),
    ),
    103: (Case(ERROR, STOP, 0.5, 3.0, "battery", {"battery": battery(state=STANDBY)}),),
    104: (Case(CRITICAL, STOP, 10.0, 3.0, "battery",
               {}, {"battery": battery(state=STANDBY)}, told_to_open),),
    105: (Case(ERROR, STOP, 0.0, 10.0, "battery", {}, {},
               almost_too_long(State.PRECHARGE, 19.9)),),
    106: (Case(ERROR, STOP, 0.0, 10.0, "battery", {}, {"battery": battery(state=STANDBY)},
               almost_too_long(State.WAKING, 29.9)),),
    109: (Case(WARNING, NOTHING, 30.0, 3.0, "battery: says that it is unknown",
               {"battery": battery(rack(contactors_closed=False), state=BatteryState.UNKNOWN)},
               {"battery": battery(rack(contactors_closed=False), state=STANDBY)},
               on_the_way_to_maintenance, State.STOPPING),),
    111: (Case(WARNING, NO_CHARGE, 2.0, 30.0, "rack 2",
               cell(2, cell_max_v=3.64), cell(2, cell_max_v=3.62)),),
    112: (Case(CRITICAL, OPEN, 1.0, 60.0, "rack 1",
               cell(1, cell_max_v=3.71), cell(1, cell_max_v=3.69)),),
    113: (Case(WARNING, NO_DISCHARGE, 2.0, 30.0, "rack 2",
               cell(2, cell_min_v=2.79), cell(2, cell_min_v=2.81)),),
    114: (Case(CRITICAL, OPEN, 1.0, 60.0, "rack 1",
               cell(1, cell_min_v=2.49), cell(1, cell_min_v=2.51)),),
    121: (Case(WARNING, NO_CHARGE, 5.0, 30.0, "rack 2",
               cell(2, cell_min_c=1.9), cell(2, cell_min_c=2.1)),),
    122: (Case(ERROR, NO_POWER, 5.0, 60.0, "rack 1",
               cell(1, cell_max_c=53.1), cell(1, cell_max_c=52.9)),),
    123: (
        Case(CRITICAL, OPEN, 1.0, 60.0, "rack 2",
             cell(2, cell_max_c=58.1), cell(2, cell_max_c=57.9)),
        Case(CRITICAL, OPEN, 1.0, 60.0, "rack 2",
             cell(2, cell_min_c=-20.1), cell(2, cell_min_c=-19.9)),
    ),
    124: (Case(WARNING, NOTHING, 5.0, 5.0, "battery",
               {"battery": battery(soc_drift_pct=-5.1)}, {"battery": battery(soc_drift_pct=4.9)}),),
    125: (Case(WARNING, NOTHING, 60.0, 60.0, "battery",
               {"battery": battery(soh_pct=79.9)}, {"battery": battery(soh_pct=80.1)}),),
    126: (Case(WARNING, NOTHING, 10.0, 3.0, "rack 2",
               cell(2, contactors_closed=False), cell(2, contactors_closed=True)),),
    127: (Case(WARNING, NOTHING, 60.0, 60.0, "rack 2",
               cell(2, cell_min_v=3.19), cell(2, cell_min_v=3.21)),),
    107: (Case(ERROR, STOP, 0.0, 5.0, "battery: its state is unknown",
               {"battery_view": BatteryView((), "its state is unknown", 60.1)},
               {"battery_view": BatteryView((), "its state is unknown", 59.9)}),),
    108: (
        Case(CRITICAL, OPEN, 0.2, 5.0, "battery", {"battery": battery()},
             {"battery": battery(rack(contactors_closed=False), state=STANDBY)},
             in_maintenance, State.MAINTENANCE),
        Case(CRITICAL, OPEN, 0.2, 5.0, "battery",
             {"battery": battery(rack(contactors_closed=False), state=STANDBY, current_a=-1.0)},
             {"battery": battery(rack(contactors_closed=False), state=STANDBY, current_a=-0.9)},
             in_maintenance, State.MAINTENANCE),
        Case(CRITICAL, OPEN, 0.2, 5.0, "inverter", {"inverter": inverter()},
             {"inverter": inverter(state=InverterState.OFF)}, in_maintenance, State.MAINTENANCE),
    ),
    115: (
        Case(WARNING, NOTHING, 60.0, 10.0, "battery: cell 2.7 at 2.79 V",
             cell(2, cell_min_v=2.79, cell_max_v=2.9), cell(2, cell_min_v=3.0)),
        Case(WARNING, NOTHING, 60.0, 10.0, "battery: state of charge 4.9 %",
             {"battery": battery(soc_pct=4.9)}, {"battery": battery(soc_pct=10.0)}),
    ),
    116: (Case(ERROR, NO_DISCHARGE, 60.0, 10.0, "battery: error 121 Battery too cold to charge",
               cell(2, cell_min_v=2.79, cell_max_v=2.9, cell_min_c=1.9), cell(2, cell_min_v=2.81, cell_max_v=2.9, cell_min_c=1.9)),),
    128: (
        Case(WARNING, DERATE, 5.0, 60.0, "rack 2",
             cell(2, current_a=24.1), cell(2, current_a=23.9), with_current),
        Case(WARNING, DERATE, 5.0, 60.0, "rack 1",
             cell(1, current_a=-12.1), cell(1, current_a=-11.9), with_current),
        Case(WARNING, DERATE, 5.0, 60.0, "rack 1",
             {"battery": battery(rack(current_a=None), current_a=24.1)},
             {"battery": battery(rack(current_a=None), current_a=23.9)}, with_current),
    ),
    129: (
        Case(CRITICAL, OPEN, 1.0, 60.0, "rack 2",
             cell(2, current_a=30.1), cell(2, current_a=29.9), with_current),
        Case(CRITICAL, OPEN, 1.0, 60.0, "rack 1",
             cell(1, current_a=-15.1), cell(1, current_a=-14.9), with_current),
    ),
    130: (Case(ERROR, STOP, 60.0, 60.0, "rack 2",
               cell(2, cell_min_v=2.89), cell(2, cell_min_v=2.91)),),
    131: (Case(WARNING, DERATE, 60.0, 120.0, "rack 2",
               cell(2, cell_max_c=45.1, cell_min_c=40.0), cell(2, cell_max_c=44.9, cell_min_c=40.0)),),
    132: (Case(WARNING, DERATE, 60.0, 60.0, "rack 2",
               cell(2, cell_max_c=36.1), cell(2, cell_max_c=35.9)),),
    133: (Case(CRITICAL, OPEN, 3.0, 60.0, "rack 2", rising(5.1), rising(4.9)),),
    134: (
        *(Case(CRITICAL, OPEN, 5.0, 60.0, f"battery: is {way}",
               {"battery": battery(power_w=power_w)}, {"battery": battery(power_w=cured_w)}, start)
          for way, power_w, cured_w, start in (
              ("charged", -501.0, -211.0, running),
              ("discharged", 501.0, 211.0, running),
              ("charged", -501.0, -211.0, holding(4_000.0)),
              ("discharged", 501.0, 211.0, holding(-4_000.0)),
              ("charged", -213.0, -211.0, forbidden),
              ("discharged", 213.0, 211.0, forbidden),
          )),
        Case(CRITICAL, OPEN, 5.0, 60.0, "battery: is charged",
             {"battery": battery(power_w=None, current_a=-1.2)}, {"battery": battery(power_w=None, current_a=-0.5)}),
    ),
    135: (Case(CRITICAL, OPEN, 30.0, 60.0, "battery: is charged",
               {"battery": battery(power_w=-501.0), "inverter": inverter(follows_slowly=True)},
               {"battery": battery(power_w=-211.0), "inverter": inverter(follows_slowly=True)}),),
    136: (
        Case(ERROR, STOP, 3.0, 10.0, "rack 2", silent(-6.0, -12.0), silent(-6.0, -6.9)),
        Case(ERROR, STOP, 3.0, 10.0, "rack 2", silent(6.0, 12.0), silent(6.0, 6.9)),
        Case(ERROR, STOP, 3.0, 10.0, "rack 2", silent(None, 0.0), silent(0.0, 0.0)),
    ),
    201: (Case(ERROR, STOP, 1.0, 3.0, "inverter", {"inverter": None}, {"inverter": inverter()}),),
    202: (
        Case(ERROR, STOP, 0.0, 5.0, "inverter",
             {"inverter": inverter(state=InverterState.FAULT)}, {"inverter": inverter()}),
        Case(ERROR, STOP, 0.0, 5.0, "inverter: grid lost",
             {"inverter": inverter(state=InverterState.FAULT, faults=("grid lost",))},
             {"inverter": inverter()}),
    ),
    203: (Case(ERROR, STOP, 0.5, 3.0, "inverter", {"inverter": inverter(state=InverterState.OFF)}),),
    204: (Case(ERROR, STOP, 0.0, 10.0, "inverter", {}, {},
               almost_too_long(State.STARTING, 59.9)),),
    205: (
        Case(ERROR, STOP, 5.0, 10.0, "inverter",
             {"inverter": inverter(501.0)}, {"inverter": inverter(499.0)}),
        Case(ERROR, STOP, 5.0, 10.0, "inverter",
             {"inverter": inverter(-501.0)}, {"inverter": inverter(-499.0)}),
        Case(ERROR, STOP, 5.0, 10.0, "inverter",
             {"inverter": inverter(4_801.0)}, {"inverter": inverter(0.0)}, holding(4_000.0)),
        Case(ERROR, STOP, 5.0, 10.0, "inverter",
             {"inverter": inverter(200.0)}, {"inverter": inverter(0.0)}, holding(-400.0)),
    ),
    206: (
        Case(ERROR, STOP, 8.0, 10.0, "inverter",
             {"inverter": inverter(0.0, setpoint_w=501.0)}, {"inverter": inverter(0.0, setpoint_w=0.0)}),
        Case(ERROR, STOP, 8.0, 10.0, "inverter",
             {"inverter": inverter(4_000.0, setpoint_w=3_199.0)},
             {"inverter": inverter(0.0, setpoint_w=0.0)}, holding(4_000.0)),
    ),
    207: (Case(WARNING, NOTHING, 60.0, 10.0, "inverter",
               {"inverter": inverter(3_199.0)}, {"inverter": inverter(3_201.0)}, holding(4_000.0)),),
    208: (Case(CRITICAL, STOP, 10.0, 3.0, "inverter",
               {"inverter": inverter()}, {"inverter": inverter(state=InverterState.OFF)},
               told_to_open),),
    209: (Case(ERROR, STOP, 60.0, 10.0, "inverter",
               {"inverter": inverter(0.0, setpoint_w=501.0, follows_slowly=True)},
               {"inverter": inverter(0.0, setpoint_w=0.0, follows_slowly=True)}),
          Case(ERROR, STOP, 60.0, 10.0, "inverter",
             {"inverter": inverter(501.0, follows_slowly=True)},
             {"inverter": inverter(499.0, follows_slowly=True)}),),
    211: (Case(CRITICAL, STOP, 0.0, 0.0, "inverter: voltage above 1.25",
               {"grid_view": GridView(0.0, 60.0, ("voltage above 1.25",))},
               {"grid_view": GridView(0.0, 60.0)}),),
    213: (Case(ERROR, NO_POWER, 5.0, 10.0, "inverter",
               {"inverter": InverterReading(InverterState.RUNNING)}, {"inverter": inverter()}),),
    214: (Case(WARNING, NOTHING, 30.0, 10.0, "inverter",
               {"inverter": inverter(reactive_setpoint_var=-301.0)},
               {"inverter": inverter(reactive_setpoint_var=-299.0, reactive_var=900.0)}, with_reactive),
          Case(WARNING, NOTHING, 30.0, 10.0, "inverter",
               {"inverter": inverter(reactive_var=301.0)}, {"inverter": inverter(reactive_var=299.0)},
               with_reactive),),
    220: (Case(ERROR, STOP, 0.0, 60.0, "island switch", {}, {}, opening(2.9)),),
    221: (Case(ERROR, STOP, 0.0, 60.0, "island switch", {}, {}, then(closing, 2.75)),),
    222: (Case(ERROR, STOP, 0.0, 60.0, "island",
               {}, {}, then(in_island, 4.85, inverter=inverter(5_101.0, grid_forming=True))),),
    223: (Case(WARNING, NOTHING, 0.0, 5.0, "backup: dark", {}, {}, badly_reported, mend=reported(True)),),
    224: (
        Case(ERROR, STOP, 0.5, 60.0, "inverter", {"inverter": inverter(900.0, grid_forming=False)}, {}, in_island),
        Case(ERROR, STOP, 0.5, 60.0, "inverter", {"inverter": inverter(900.0, state=InverterState.STARTING)}, {}, in_island),
        Case(ERROR, STOP, 0.5, 60.0, "inverter: it does not go off", {}, {},
             then(opening(0.0), 5.9, inverter=inverter(), **at_the_switch(True))),
        Case(ERROR, STOP, 0.5, 60.0, "inverter", {}, {}, then(opening(0.0), 30.0, **at_the_switch(True))),
    ),
    225: (Case(WARNING, NOTHING, 0.0, 1.0, "island: no voltage at the meter", {}, {}, opening_now,
               State.ISLAND, to_rest),),
    226: (
        Case(CRITICAL, OPEN, 0.0, 60.0, "island switch", at_the_switch(None), at_the_switch(True), in_island),
        Case(CRITICAL, OPEN, 0.0, 60.0, "island switch", at_the_switch(False), at_the_switch(True), in_island),
        Case(CRITICAL, OPEN, 0.0, 60.0, "island switch", {"inverter": inverter(grid_forming=True)},
             {"inverter": inverter()}, on_island_site),
    ),
    227: (Case(ERROR, STOP, 0.0, 60.0, "inverter", {}, {}, then(leaving, 7.75, inverter=inverter(grid_forming=True))),),
    228: (
        Case(ERROR, STOP, 3.0, 60.0, "island: voltage",
             {"inverter": inverter(900.0, grid_forming=True, phases=volts(185.0))}, {}, in_island),
        Case(ERROR, STOP, 3.0, 60.0, "island: voltage",
             {"inverter": inverter(900.0, grid_forming=True, phases=volts(264.6))}, {}, in_island),
        Case(ERROR, STOP, 3.0, 60.0, "island: frequency",
             {"inverter": inverter(900.0, grid_forming=True, frequency_hz=53.1)}, {}, in_island),
        Case(ERROR, STOP, 3.0, 60.0, "island: frequency",
             {"inverter": inverter(900.0, grid_forming=True, frequency_hz=46.9)}, {}, in_island),
    ),
    229: (
        Case(ERROR, STOP, 2.0, 60.0, "battery: empty", {"battery": battery(soc_pct=5.0)}, {}, in_island),
        Case(ERROR, STOP, 2.0, 60.0, "battery: error 122", {}, {},
             then(in_island, 5.1, battery=battery(rack(cell_max_c=53.1)))),
    ),
    301: (
        Case(ERROR, NO_POWER, 1.0, 2.0, "grid meter", {"grid": None}, {"grid": MeterReading(0.0)}),
        Case(ERROR, NO_POWER, 1.0, 2.0, "grid meter",
             {"grid": MeterReading()}, {"grid": MeterReading(0.0)}),
    ),
    302: (Case(WARNING, NOTHING, 2.0, 2.0, "PV meter", {"pv": None}, {"pv": MeterReading(0.0)}),),
    303: (Case(WARNING, NOTHING, 2.0, 2.0, "wallbox meter", {"meters": {"wallbox": None}},
               {"meters": {"wallbox": MeterReading()}}),),
    304: (Case(WARNING, NOTHING, 5.0, 5.0, "grid meter: phase sequence is wrong",
               {"grid": MeterReading(0.0, warnings=("phase sequence is wrong",))},
               {"grid": MeterReading(0.0)}),),
    310: (
        Case(ERROR, STOP, 1.0, 60.0, "grid", {"grid_view": grid_view(lost=True)}, {"grid_view": grid_view()}),
        Case(ERROR, STOP, 1.0, 60.0, "grid: inverter says no grid",
             {"inverter": inverter(faults=("fan", "no grid"))}, {"inverter": inverter()}),
        Case(ERROR, STOP, 1.0, 60.0, "grid: inverter says Grid lost",
             {"inverter": inverter(warnings=("Grid lost",))}, {"inverter": inverter()}),
    ),
    311: (outside(("frequency below 47.5",)),),
    312: (outside(("frequency above 51.5",)),),
    313: (outside(("voltage below 0.8",)), outside(("mean voltage below 0.8",))),
    314: (outside(("voltage above 1.15",)), outside(("mean voltage above 1.1",))),
    315: (
        Case(ERROR, STOP, 0.3, 60.0, "grid", {"grid_view": grid_view(rocof_hz_per_s=2.51)},
             {"grid_view": grid_view(rocof_hz_per_s=2.49)}),
        Case(ERROR, STOP, 0.3, 60.0, "grid", {"grid_view": grid_view(rocof_hz_per_s=-2.51)},
             {"grid_view": grid_view(rocof_hz_per_s=-2.49)}),
    ),
    316: (
        *(Case(CRITICAL, STOP, 2.0, 60.0, "grid: nothing flows, and voltage or frequency drift",
               {"inverter": inverter(210.0), "grid": MeterReading(grid_w), "grid_view": wrong},
               {"grid_view": cured})
          for grid_w, wrong, cured in (
              (50.0, grid_view(frequency_hz=51.01), grid_view(frequency_hz=50.99)),
              (-50.0, grid_view(frequency_hz=48.99), grid_view(frequency_hz=49.01)),
              (0.0, grid_view(rocof_hz_per_s=1.26), grid_view(rocof_hz_per_s=1.24)),
              (0.0, grid_view(rocof_hz_per_s=-1.26), grid_view(rocof_hz_per_s=-1.24)),
              (0.0, grid_view(low_v=195.0), grid_view(low_v=196.0)),
              (0.0, grid_view(high_v=258.0), grid_view(high_v=257.0)),
          )),
        Case(CRITICAL, STOP, 2.0, 60.0, "grid: no voltage at the meter, and the inverter still has it",
             {"inverter": inverter(phases=volts(116.0)), "grid": MeterReading(0.0, phases=volts(34.0)),
              "grid_view": grid_view(lost=True)},
             {"grid": MeterReading(0.0, phases=volts(35.0))}),
    ),
    317: (
        Case(ERROR, NO_CHARGE, 0.0, 60.0, "grid connection",
             {"inverter": inverter(-101.0), "grid": MeterReading(17_500.0), "grid_view": grid_view(excess_s=5.1)},
             {"inverter": inverter(-99.0), "grid_view": grid_view(excess_s=5.1)}),
        Case(ERROR, NO_CHARGE, 0.0, 60.0, "grid connection",
             {"inverter": inverter(-400.0), "grid": MeterReading(17_500.0), "grid_view": grid_view(excess_s=5.1)},
             {"grid_view": grid_view(excess_s=5.0)}),
    ),
    318: (
        Case(ERROR, NO_DISCHARGE, 0.0, 60.0, "grid connection",
             {"inverter": inverter(101.0), "grid": MeterReading(-17_500.0), "grid_view": grid_view(excess_s=5.1)},
             {"inverter": inverter(99.0), "grid_view": grid_view(excess_s=5.1)}),
        Case(ERROR, NO_DISCHARGE, 0.0, 60.0, "grid connection",
             {"inverter": inverter(400.0), "grid": MeterReading(-17_500.0), "grid_view": grid_view(excess_s=5.1)},
             {"grid_view": grid_view(excess_s=5.0)}),
    ),
    319: (
        Case(WARNING, NOTHING, 10.0, 10.0, "grid",
             {"grid_view": grid_view(frequency_hz=50.21)}, {"grid_view": grid_view(frequency_hz=50.2)}),
        Case(WARNING, NOTHING, 10.0, 10.0, "grid",
             {"grid_view": grid_view(frequency_hz=49.79)}, {"grid_view": grid_view(frequency_hz=49.8)}),
    ),
    320: (
        Case(WARNING, NOTHING, 60.0, 60.0, "grid",
             {"grid_view": grid_view(low_v=206.9)}, {"grid_view": grid_view(low_v=207.0)}),
        Case(WARNING, NOTHING, 60.0, 60.0, "grid",
             {"grid_view": grid_view(high_v=250.8)}, {"grid_view": grid_view(high_v=250.6)}),
    ),
    321: tuple(
        Case(WARNING, NOTHING, 0.0, 10.0, "grid connection",
             {"inverter": inverter(battery_w), "grid": MeterReading(grid_w), "grid_view": grid_view(excess_s=5.1)},
             {"grid_view": grid_view(excess_s=5.0)})
        for battery_w, grid_w in ((-100.0, 17_500.0), (400.0, 17_500.0), (100.0, -17_500.0), (-400.0, -17_500.0))
    ),
    322: (Case(WARNING, NOTHING, 0.0, 10.0, "grid: at 50.15 Hz",
               {"grid_view": GridView(0.0, 60.0, frequency_hz=50.15)}, {"grid_view": grid_view()},
               waiting_for_the_grid, State.STARTING),),
    401: (Case(CRITICAL, EMERGENCY, 0.0, 0.0, "emergency stop",
               {"board": BoardReading(estop_pressed=True)},
               {"board": BoardReading(estop_pressed=False)}),),
    402: (Case(ERROR, STOP, 1.0, 3.0, "buttons and e-stop",
               {"board": None}, {"board": BoardReading(estop_pressed=False)}),),
    403: (Case(WARNING, BLOCK, 5.0, 30.0, "board: on battery: no main power",
               {"board": BoardReading(False, warnings=("on battery: no main power",))},
               {"board": BoardReading(False)}),
          Case(WARNING, BLOCK, 5.0, 30.0, "cpu: under-voltage",
               {"sensors": {"cpu": SensorReading(50.0, warnings=("under-voltage",))}},
               {"sensors": {"cpu": SensorReading(50.0)}}, with_sensor("cpu", "cpu"))),
    404: (Case(WARNING, NOTHING, 60.0, 2.0, "button stop",
               {"board": BoardReading(False, ("stop",))}, {"board": BoardReading(False)}),),
    501: (Case(WARNING, NOTHING, 5.0, 2.0, "box sensor",
               {"box": None}, {"box": SensorReading(temperature_c=25.0)}),
          Case(WARNING, NOTHING, 5.0, 2.0, "plate sensor", {"sensors": {"plate": None}},
               {"sensors": {"plate": SensorReading()}}, with_sensor("plate", "ads1115_ntc"))),
    502: (Case(ERROR, NO_POWER, 5.0, 60.0, "box",
               {"box": SensorReading(temperature_c=60.1)},
               {"box": SensorReading(temperature_c=59.9)}),),
    503: (Case(WARNING, NOTHING, 10.0, 5.0, "fan main",
               {"climate": fans(stalled=True)}, {"climate": fans()}, with_climate),),
    504: (Case(WARNING, NOTHING, 60.0, 60.0, "cabinet: dew point 9 °C, coldest 10 °C",
               {"climate": air(9.0)}, {"climate": air(5.0)}, with_climate),),
    505: (Case(WARNING, NOTHING, 5.0, 2.0, "climate", {"climate": None}, {"climate": fans()},
               with_climate),
          Case(WARNING, NOTHING, 5.0, 2.0, "fan main", {"climate": fans(silent=True)},
               {"climate": fans()}, with_climate)),
    506: (Case(WARNING, NOTHING, 2.0, 2.0, "relay mat", {"relays": {"mat": None}},
               {"relays": {"mat": RelayReading(True, True)}}, with_climate),
          Case(WARNING, NOTHING, 2.0, 2.0, "relay mat: does not follow",
               {"relays": {"mat": RelayReading(False, True)}},
               {"relays": {"mat": RelayReading(True)}}, with_climate)),
    507: (Case(WARNING, NOTHING, 5.0, 60.0, "cpu: hot, throttled",
               {"sensors": {"cpu": SensorReading(85.0, warnings=("hot", "throttled"))}},
               {"sensors": {"cpu": SensorReading(70.0)}}, with_sensor("cpu", "cpu")),),
    508: (Case(WARNING, NOTHING, 5.0, 5.0, "plate sensor: wire broken",
               {"sensors": {"plate": SensorReading(warnings=("wire broken",))}},
               {"sensors": {"plate": SensorReading(25.0)}},
               with_sensor("plate", "ads1115_ntc")),),
    509: (Case(WARNING, NOTHING, 60.0, 60.0, "box",
               {"box": SensorReading(25.0, 85.1)}, {"box": SensorReading(25.0, 84.9)}),),
    510: (Case(CRITICAL, STOP, 10.0, 300.0, "box",
               {"box": SensorReading(75.1)}, {"box": SensorReading(74.9)}),
          Case(CRITICAL, STOP, 10.0, 300.0, "cpu",
               {"sensors": {"cpu": SensorReading(95.1)}},
               {"sensors": {"cpu": SensorReading(94.9)}}, with_sensor("cpu", "cpu"))),
    601: (Case(WARNING, NOTHING, 0.0, 2.0, "meters", {"workers_down": ("meters",)},
               {"workers_down": ()}),),
    602: (Case(WARNING, BLOCK, 0.0, 2.0, "clock", {"clock_trusted": False},
               {"clock_trusted": True}),),
    603: (Case(ERROR, NOTHING, 0.0, 5.0, "memory", {"workers_down": ("recorder",)},
               {"workers_down": ()}),),
    604: (Case(WARNING, NOTHING, 10.0, 2.0, "cloud", {"cloud_connected": False},
               {"cloud_connected": True}),),
    605: (Case(ERROR, STOP, 0.0, 5.0, "grid meter", {"frozen": ("grid meter",)}, {"frozen": ()}),),
    606: (Case(WARNING, BLOCK, 5.0, 60.0, "disk: 99 MB free",
               {"health": HealthReading(99_400_000, 50.0)}, {"health": HealthReading(100_100_000, 50.0)}),
          Case(WARNING, BLOCK, 5.0, 60.0, "disk: 999 MB free",
               {"health": HealthReading(999_000_000, 4.9)}, {"health": HealthReading(999_000_000, 5.1)}),
          Case(WARNING, BLOCK, 5.0, 60.0, "disk: 999 MB free",
               {"health": HealthReading(999_000_000, 4.9)}, {"health": HealthReading(1_001_000_000, 4.9)}),
          Case(WARNING, BLOCK, 5.0, 60.0, "disk: hardly any room for more files",
               {"health": HealthReading(inodes_free_pct=0.0)},
               {"health": HealthReading(inodes_free_pct=3.1)})),
    607: (Case(WARNING, BLOCK, 0.0, 5.0, "store: store.sqlite.corrupt-1",
               {"health": HealthReading(store_corrupt=("store.sqlite.corrupt-1",))},
               {"health": HealthReading()}),),
    608: (Case(WARNING, NOTHING, 0.0, 60.0, "inverter: 80000 writes, 80 %",
               {"health": HealthReading(worn=(WearHealth("inverter", 80_000, 80.0),))},
               {"health": HealthReading(worn=(WearHealth("inverter", 79_900, 79.9),))}),),
    609: (Case(WARNING, NOTHING, 0.0, 5.0, "update: 1.2.0: no space left",
               {"health": HealthReading(update_failed="1.2.0: no space left")},
               {"health": HealthReading()}),),
    610: (Case(WARNING, NOTHING, 10.0, 60.0, "can0: error-passive", can(state="error-passive"), can()),
          Case(WARNING, NOTHING, 10.0, 60.0, "can0: bus-off", can(state="bus-off"), can()),
          Case(WARNING, NOTHING, 10.0, 60.0, "can0: 10 error frames a minute",
               can(error_frames=10), can(error_frames=9)),
          Case(WARNING, NOTHING, 10.0, 60.0, "can0: frames lost: 1", can(lost=1), can())),
    611: (Case(WARNING, NOTHING, 10.0, 60.0, "grid meter: 10 % of its answers are missing",
               polled(60, 6), polled(61, 6)),
          Case(WARNING, NOTHING, 10.0, 60.0, "grid meter: 50 % of its answers are missing",
               polled(10, 5), polled(10, 4)),
          Case(WARNING, NOTHING, 10.0, 60.0, "grid meter: 98 % of its answers are missing",
               polled(60, 59), polled(60, 60))),
    613: (Case(WARNING, NOTHING, 0.0, 60.0, "box", {}, {"board": None},
               almost_too_long(State.RESTART, 29.9), State.INIT),),
    614: (Case(WARNING, NOTHING, 10.0, 5.0, "plan.json: steps.1.power_w: missing",
               {"market": Market(unread=("plan.json: steps.1.power_w: missing",))},
               {"market": Market()}),),
}
# fmt: on
CASE_LIST = [(number, case) for number, cases in CASES.items() for case in cases]
LATCHED = (112, 114, 123, 133, 211, 401)


def raised(story: Story, number: int) -> ActiveError | None:
    found = [error for error in story.last.errors if error.number == number]
    assert len(found) <= 1
    return found[0] if found else None


def test_every_error_has_its_case() -> None:
    assert sorted(CASES) == [row.number for row in ERRORS]
    assert [row.number for row in ERRORS if row.latched] == list(LATCHED)


@pytest.mark.parametrize(("number", "case"), CASE_LIST, ids=[str(one[0]) for one in CASE_LIST])
def test_an_error_comes_in_its_time_and_goes_when_its_cause_is_gone(
    number: int, case: Case
) -> None:
    story = case.start()
    assert raised(story, number) is None
    story.step(0.2, **case.wrong)
    if case.raise_s > 0.0:
        story.step(case.raise_s - 0.05)
        assert raised(story, number) is None, "too early"
        story.step(0.1)
    error = raised(story, number)
    assert error is not None, "never raised"
    assert (error.severity, error.effects, error.source) == (
        case.severity, case.effects, case.source,
    )  # fmt: skip
    stops = case.effects in (STOP, OPEN, EMERGENCY)
    assert story.last.state is (case.after or (State.ERROR if stops else State.RUN))
    case.mend(story)
    story.step(0.1, **case.cured)
    if number in LATCHED:
        return
    story.step(case.clear_s - 0.05)
    assert raised(story, number) is not None, "cleared too early"
    story.step(0.1)
    assert raised(story, number) is None, "never cleared"


def test_a_cause_that_comes_back_starts_the_clearing_anew() -> None:
    story = running()
    story.run(1.5, board=None)
    story.step(0.1, board=BoardReading(estop_pressed=False))
    story.step(2.8)
    story.step(0.1, board=None)
    story.step(0.1, board=BoardReading(estop_pressed=False))
    story.step(2.8)
    assert raised(story, 402) is not None
    story.step(0.3)
    assert raised(story, 402) is None


def test_a_cause_that_goes_in_time_raises_nothing() -> None:
    story = running()
    for _ in range(10):
        story.step(0.1, board=None)
        story.step(0.8)
        for _ in range(10):
            story.step(0.1, board=BoardReading(estop_pressed=False))
        assert story.last.errors == ()
        assert story.last.state is State.RUN


def test_one_good_sample_among_bad_ones_is_no_cure() -> None:
    story = running()
    for number in range(20):
        over = 3.29 if number % 5 == 0 else 3.75
        story.step(0.1, battery=battery(rack(cell_max_v=over)))
    assert raised(story, 112) is not None
    story = running()
    for number in range(200):
        story.step(0.1, battery=battery(rack(cell_max_v=3.29 if number % 2 else 3.75)))
    assert raised(story, 112) is None, "half of the time is noise"


def test_a_fifth_more_than_asked_for_is_borne() -> None:
    story = holding(4_000.0)()
    assert story.run(6.0, inverter=inverter(4_799.0)).errors == ()
    story = holding(-4_000.0)()
    assert story.run(6.0, inverter=inverter(-4_799.0)).errors == ()


def test_the_emergency_stop_stays_until_it_is_reset() -> None:
    story = running()
    story.step(board=BoardReading(estop_pressed=True))
    story.step(board=BoardReading(estop_pressed=False))
    story.step(3_600.0)
    error = raised(story, 401)
    assert error is not None
    assert error.latched
    assert story.ask(ResetEstop()).ok
    assert raised(story, 401) is None


def test_two_racks_are_two_errors_and_each_goes_alone() -> None:
    story = running()
    story.run(6.0, battery=battery(rack(1, cell_min_c=1.0), rack(2, cell_min_c=0.0)))
    cold = [error.source for error in story.last.errors if error.number == 121]
    assert sorted(cold) == ["rack 1", "rack 2"]
    story.run(31.0, battery=battery(rack(1, cell_min_c=1.0), rack(2, cell_min_c=9.0)))
    assert [error.source for error in story.last.errors] == ["rack 1"]


def test_the_worst_error_is_named_first() -> None:
    story = running()
    story.run(3.0, pv=None, board=None, battery=battery(rack(cell_max_v=3.71)))
    assert [error.number for error in story.last.errors] == [112, 402, 111, 302]


@pytest.mark.parametrize("missing", ["cell_max_v", "cell_min_v", "cell_max_c", "cell_min_c"])
def test_what_a_rack_does_not_say_raises_nothing_and_gives_no_power(missing: str) -> None:
    story = running()
    unsaid: dict[str, Any] = {missing: None}
    decision = story.run(6.0, battery=battery(rack(**unsaid)), grid=MeterReading(2_000.0))
    assert decision.errors == ()
    assert (decision.state, decision.setpoints.power_w) == (State.RUN, 0.0)


def test_a_battery_without_contactors_cannot_fail_to_open_them() -> None:
    story = told_to_open()
    story.run(30.0, battery=battery(has_contactors=False))
    assert raised(story, 104) is None
    story.run(15.0, battery=battery())
    assert raised(story, 104) is not None
