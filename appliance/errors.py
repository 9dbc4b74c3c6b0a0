"""What can go wrong, what it forbids and what a person does about it: one row per error.

Numbers are never used again: 1xx battery, 2xx inverter, 3xx meters, 4xx board, 5xx climate and
sensors, 6xx the box's own software. A row's condition answers with the sources it holds for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.battery_errors import (
    NOWHERE,
    Sources,
    battery_fault,
    battery_silent,
    degraded,
    just_started,
    rack_apart,
    racks,
    soc_drifts,
    starting_s,
    unbalanced,
)
from appliance.climate_errors import climate_silent, condensation, fan_stands, relay_silent
from appliance.model import (
    WIRE_WORDS,
    BatteryState,
    Effect,
    InverterState,
    Memory,
    SensorReading,
    Severity,
    Snapshot,
    State,
)
from appliance.site import SiteSettings

CONNECT_TIMEOUT_S = 20.0
START_TIMEOUT_S = 60.0
"""Contactors first, then the inverter; some inverters wait for the grid for half a minute."""
RECORDER = "recorder"
COMPUTER = "cpu"
"""The sensor driver that watches the computer itself."""
EXCESS_W, EXCESS_SHARE = 500.0, 0.2


@dataclass(frozen=True, slots=True)
class Row:
    """One error."""

    number: int
    title: str
    severity: Severity
    effects: tuple[Effect, ...]
    raise_after_s: float
    clear_after_s: float
    remedy: str
    holds: Callable[[Snapshot, Memory, SiteSettings], Sources]
    latched: bool = False
    """Stays until a person resets it."""


def _battery_opened(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    battery = seen.battery
    if memory.state is not State.RUN or battery is None:
        return NOWHERE
    return NOWHERE if battery.state is BatteryState.CONNECTED else ("battery",)


def _battery_stays(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Told to open and still connected: contactors may be welded."""
    battery = seen.battery
    if memory.commanded.contactors_closed or battery is None or not battery.has_contactors:
        return NOWHERE
    return ("battery",) if battery.state is BatteryState.CONNECTED else NOWHERE


def _cell_full(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_v = site.battery.cell_voltage.recommended_max_v
    return racks(
        seen.battery, lambda rack: rack.cell_max_v is not None and rack.cell_max_v > limit_v
    )


def _cell_over(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_v = site.battery.cell_voltage.maximum_v
    return racks(
        seen.battery, lambda rack: rack.cell_max_v is not None and rack.cell_max_v > limit_v
    )


def _cell_empty(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_v = site.battery.cell_voltage.recommended_min_v
    return racks(
        seen.battery, lambda rack: rack.cell_min_v is not None and rack.cell_min_v < limit_v
    )


def _cell_under(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_v = site.battery.cell_voltage.minimum_v
    return racks(
        seen.battery, lambda rack: rack.cell_min_v is not None and rack.cell_min_v < limit_v
    )


def _cell_cold(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_c = site.battery.cell_temperature.charge_min_c
    return racks(
        seen.battery, lambda rack: rack.cell_min_c is not None and rack.cell_min_c < limit_c
    )


def _cell_hot(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    limit_c = site.battery.cell_temperature.hot_c
    return racks(
        seen.battery, lambda rack: rack.cell_max_c is not None and rack.cell_max_c > limit_c
    )


def _cell_temperature_limit(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Of every rack, also one that is open: it may burn."""
    if seen.battery is None:
        return NOWHERE
    window = site.battery.cell_temperature
    return tuple(
        [
            f"rack {rack.rack}"
            for rack in seen.battery.racks
            if (rack.cell_max_c is not None and rack.cell_max_c > window.maximum_c)
            or (rack.cell_min_c is not None and rack.cell_min_c < window.minimum_c)
        ]
    )


def _inverter_silent(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    if just_started(seen, memory):
        return NOWHERE
    return ("inverter",) if seen.inverter is None else NOWHERE


def _inverter_fault(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    inverter = seen.inverter
    if inverter is None or inverter.state is not InverterState.FAULT:
        return NOWHERE
    return (f"inverter: {', '.join(inverter.faults)}" if inverter.faults else "inverter",)


def _inverter_stopped(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    inverter = seen.inverter
    if memory.state is not State.RUN or inverter is None:
        return NOWHERE
    return NOWHERE if inverter.state is InverterState.RUNNING else ("inverter",)


def _inverter_exceeds(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    slow = seen.inverter is not None and seen.inverter.follows_slowly
    return NOWHERE if slow else _too_much(seen, memory)


def _too_much(seen: Snapshot, memory: Memory) -> Sources:
    """More power than commanded, or in the other direction. Less is the inverter's own right."""
    if seen.inverter is None or seen.inverter.power_w is None:
        return NOWHERE
    power_w, commanded_w = seen.inverter.power_w, memory.commanded.power_w
    tolerance_w = max(EXCESS_W, EXCESS_SHARE * abs(commanded_w))
    if abs(power_w - commanded_w) <= tolerance_w:
        return NOWHERE
    more = abs(power_w) > abs(commanded_w) or power_w * commanded_w < 0.0
    return ("inverter",) if more else NOWHERE


def _inverter_disobeys(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Read back, it holds another setpoint than the one it was given: somebody else commands it."""
    if memory.state is not State.RUN or seen.inverter is None or seen.inverter.setpoint_w is None:
        return NOWHERE
    commanded_w, held_w = memory.commanded.power_w, seen.inverter.setpoint_w
    tolerance_w = max(EXCESS_W, EXCESS_SHARE * abs(commanded_w))
    return ("inverter",) if abs(held_w - commanded_w) > tolerance_w else NOWHERE


def _fast_one_disobeys(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    slow = seen.inverter is not None and seen.inverter.follows_slowly
    return NOWHERE if slow else _inverter_disobeys(seen, memory, site)


def _slow_one_disobeys(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    slow = seen.inverter is not None and seen.inverter.follows_slowly
    if not slow:
        return NOWHERE
    return _inverter_disobeys(seen, memory, site) or _too_much(seen, memory)


def _inverter_lags(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Less power than commanded. It may have its reasons; people want to know."""
    if memory.state is not State.RUN or seen.inverter is None or seen.inverter.power_w is None:
        return NOWHERE
    missing_w = abs(memory.commanded.power_w) - abs(seen.inverter.power_w)
    tolerance_w = max(EXCESS_W, EXCESS_SHARE * abs(memory.commanded.power_w))
    return ("inverter",) if missing_w > tolerance_w else NOWHERE


def _inverter_stays(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Told to switch off and still running."""
    if memory.commanded.inverter_on or seen.inverter is None:
        return NOWHERE
    return ("inverter",) if seen.inverter.state is InverterState.RUNNING else NOWHERE


def _battery_stays_open(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    battery = seen.battery
    late = memory.state is State.STARTING and starting_s(seen, memory, site) > CONNECT_TIMEOUT_S
    open_yet = battery is not None and battery.state is not BatteryState.CONNECTED
    return ("battery",) if late and open_yet else NOWHERE


def _grid_outlasted(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    view = seen.grid_view
    return (f"inverter: {', '.join(view.outlasted)}",) if view and view.outlasted else NOWHERE


def _standing_still(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return seen.frozen


def _start_timeout(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    late = memory.state is State.STARTING and starting_s(seen, memory, site) > START_TIMEOUT_S
    connected = seen.battery is not None and seen.battery.state is BatteryState.CONNECTED
    view, code = seen.grid_view, site.grid_code
    if view is not None and code is not None:
        late = late and view.steady_s > code.connect.wait_s + START_TIMEOUT_S
    return ("inverter",) if late and connected else NOWHERE


def _grid_meter_silent(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("grid meter",) if seen.grid is None or seen.grid.power_w is None else NOWHERE


def _pv_meter_silent(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    return ("PV meter",) if "pv" in site.meters and seen.pv is None else NOWHERE


def _meter_silent(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    if not seen.meters:
        return NOWHERE
    return tuple([f"{name} meter" for name, reading in seen.meters.items() if reading is None])


def _meter_warns(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """A wrong phase sequence, or a set-up that counts export as import."""
    grid, pv, others = seen.grid, seen.pv, seen.meters
    if not others and not (grid and grid.warnings) and not (pv and pv.warnings):
        return NOWHERE
    meters = {"grid": grid, "pv": pv, **others}
    return tuple(
        [
            f"{name} meter: {', '.join(reading.warnings)}"
            for name, reading in meters.items()
            if reading is not None and reading.warnings
        ]
    )


def _estop(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    pressed = seen.board is not None and seen.board.estop_pressed
    return ("emergency stop",) if pressed else NOWHERE


def _board_silent(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("buttons and e-stop",) if seen.board is None else NOWHERE


def _sensor(seen: Snapshot, name: str) -> SensorReading | None:
    return seen.box if name == "box" else seen.sensors.get(name)


def _sensor_silent(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    return tuple([f"{name} sensor" for name in site.sensors if _sensor(seen, name) is None])


def _sensors_warn(seen: Snapshot) -> list[tuple[str, tuple[str, ...]]]:
    """Sensors that say that something is wrong, and what."""
    box, sensors = seen.box, seen.sensors
    said = [("box", box.warnings)] if box is not None and box.warnings else []
    if sensors:
        said += [(name, one.warnings) for name, one in sensors.items() if one and one.warnings]
    return said


def _computer_ails(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """What the computer says of itself: hot, under-voltage, throttled."""
    said = _sensors_warn(seen)
    if not said:
        return NOWHERE
    computers = [name for name, sensor in site.sensors.items() if sensor.driver == COMPUTER]
    return tuple([f"{name}: {', '.join(words)}" for name, words in said if name in computers])


def _wire_broken(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return tuple(
        [
            f"{name} sensor: {', '.join(words)}"
            for name, warnings in _sensors_warn(seen)
            if (words := [word for word in warnings if word in WIRE_WORDS])
        ]
    )


def _box_hot(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    box = seen.box
    hot = box is not None and box.temperature_c is not None and box.temperature_c > site.box.warm_c
    return ("box",) if hot else NOWHERE


def _part_down(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    down = seen.workers_down
    return tuple([name for name in down if name != RECORDER]) if down else NOWHERE


def _memory_unwritable(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("memory",) if RECORDER in seen.workers_down else NOWHERE


def _cloud_away(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("cloud",) if seen.cloud_connected is False else NOWHERE


def _clock_untrusted(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("clock",) if seen.clock_trusted is False else NOWHERE


WARNING, ERROR, CRITICAL = Severity.WARNING, Severity.ERROR, Severity.CRITICAL
NO_CHARGE, NO_DISCHARGE = (Effect.NO_CHARGE,), (Effect.NO_DISCHARGE,)
NO_POWER = (Effect.NO_CHARGE, Effect.NO_DISCHARGE)
STOP, EMERGENCY = (Effect.STOP,), (Effect.EMERGENCY_STOP,)

# A source falls silent in the Snapshot already after its own max_age_s; the times below come on top.
# fmt: off
ERRORS: Final = (
    #   no.  title                              severity  effects       raise clear  remedy                                               condition
    Row(101, "Battery does not answer",         ERROR,    STOP,          1.0,  3.0, "Check the CAN cable and the battery's switch",       battery_silent),
    Row(102, "Battery reports a fault",         ERROR,    STOP,          0.0,  5.0, "See the battery's own list of faults",               battery_fault),
    Row(103, "Battery has disconnected itself", ERROR,    STOP,          0.5,  3.0, "See the battery's own list of faults",               _battery_opened),
    Row(104, "Battery does not disconnect",     CRITICAL, STOP,         10.0,  3.0, "Open the battery's switch by hand and call service", _battery_stays),
    Row(105, "Battery will not connect",        ERROR,    STOP,          0.0, 10.0, "Check the battery's switch and its list of faults",  _battery_stays_open),
    Row(111, "A cell is full",                  WARNING,  NO_CHARGE,     2.0, 30.0, "Nothing to do: charging goes on when it has settled", _cell_full),
    Row(112, "A cell is overcharged",           CRITICAL, STOP,          1.0, 60.0, "Call service if it comes back",                      _cell_over),
    Row(113, "A cell is empty",                 WARNING,  NO_DISCHARGE,  2.0, 30.0, "Nothing to do: the battery waits for energy",        _cell_empty),
    Row(114, "A cell is deeply discharged",     CRITICAL, STOP,          1.0, 60.0, "Call service before charging",                       _cell_under),
    Row(121, "Battery too cold to charge",      WARNING,  NO_CHARGE,     5.0, 30.0, "Warm the room, or wait",                             _cell_cold),
    Row(122, "Battery too hot",                 ERROR,    NO_POWER,      5.0, 60.0, "Let it cool; check the fans and the filter",         _cell_hot),
    Row(123, "Battery temperature at its limit", CRITICAL, STOP,         1.0, 60.0, "Keep away and call service",                         _cell_temperature_limit),
    Row(124, "State of charge drifts",          WARNING,  (),            5.0,  5.0, "Nothing to do; call service if it comes back often",  soc_drifts),
    Row(125, "Battery capacity degraded",       WARNING,  (),           60.0, 60.0, "Ask service; the warranty may cover it",             degraded),
    Row(126, "A rack is not connected",         WARNING,  (),           10.0,  3.0, "It joins by itself when sound; else call service",   rack_apart),
    Row(127, "Cells are out of balance",        WARNING,  (),           60.0, 60.0, "Charge it full for some hours; call service if it stays", unbalanced),
    Row(201, "Inverter does not answer",        ERROR,    STOP,          1.0,  3.0, "Check the inverter's network cable and supply",      _inverter_silent),
    Row(202, "Inverter reports a fault",        ERROR,    STOP,          0.0,  5.0, "See the inverter's display",                         _inverter_fault),
    Row(203, "Inverter has stopped by itself",  ERROR,    STOP,          0.5,  3.0, "See the inverter's display",                         _inverter_stopped),
    Row(204, "Inverter will not start",         ERROR,    STOP,          0.0, 10.0, "Check DC fuses and grid supply; see its display",    _start_timeout),
    Row(205, "Inverter gives more than asked for", ERROR, STOP,          5.0, 10.0, "Call service if it comes back",                      _inverter_exceeds),
    Row(206, "Inverter follows somebody else",  ERROR,    STOP,          8.0, 10.0, "Take other controllers away from the inverter",      _fast_one_disobeys),
    Row(207, "Inverter gives less than asked for", WARNING, (),         60.0, 10.0, "See the inverter's own limits and temperature",      _inverter_lags),
    Row(208, "Inverter will not stop",          CRITICAL, STOP,         10.0,  3.0, "Switch it off by hand and call service",             _inverter_stays),
    Row(209, "Inverter does not follow",        ERROR,    STOP,         60.0, 10.0, "Take other controllers away; check its own settings", _slow_one_disobeys),
    Row(211, "Grid protection is suspect",      CRITICAL, STOP,          0.0,  0.0, "Have the inverter's grid protection checked, then reset", _grid_outlasted, latched=True),
    Row(301, "Grid meter does not answer",      ERROR,    NO_POWER,      1.0,  2.0, "Check the meter's network cable and supply",         _grid_meter_silent),
    Row(302, "PV meter does not answer",        WARNING,  (),            2.0,  2.0, "Check the meter's network cable and supply",         _pv_meter_silent),
    Row(303, "Meter does not answer",           WARNING,  (),            2.0,  2.0, "Check the meter's network cable and supply",         _meter_silent),
    Row(304, "Meter is not set up as it should be", WARNING, (),         5.0,  5.0, "Have the installer set it up: appliance probe --setup", _meter_warns),
    Row(401, "Emergency stop",                  CRITICAL, EMERGENCY,     0.0,  0.0, "Make safe, release the button, then reset",          _estop, latched=True),
    Row(402, "Buttons and e-stop do not answer", ERROR,   STOP,          1.0,  3.0, "Check the I/O board",                                _board_silent),
    Row(501, "Sensor does not answer",          WARNING,  (),            5.0,  2.0, "Check the sensor's cable",                           _sensor_silent),
    Row(502, "Box too hot",                     ERROR,    NO_POWER,      5.0, 60.0, "Check fans, filter and room temperature",            _box_hot),
    Row(503, "A fan does not turn",             WARNING,  (),           10.0,  5.0, "Check the fan for dirt, and its plug",               fan_stands),
    Row(504, "Condensation possible",           WARNING,  (),           60.0, 60.0, "Keep moist air out; check the heater and the seals", condensation),
    Row(505, "Climate does not answer",         WARNING,  (),            5.0,  2.0, "Check the wires of fans and heaters",                climate_silent),
    Row(506, "A relay board does not answer",   WARNING,  (),            2.0,  2.0, "Check the relay board's cable and supply",           relay_silent),
    Row(507, "Computer too hot or throttled",   WARNING,  (),            5.0, 60.0, "Check fans and filter, and the computer's supply",   _computer_ails),
    Row(508, "Sensor wire broken",              WARNING,  (),            5.0,  5.0, "Check the sensor's wire and plug",                   _wire_broken),
    Row(601, "Part of the software restarts",   WARNING,  (),            0.0,  2.0, "Nothing to do; call service if it comes back",       _part_down),
    Row(602, "Clock not set",                   WARNING,  (),            0.0,  2.0, "Check the internet connection",                      _clock_untrusted),
    Row(603, "The box cannot write its memory", ERROR,    (),            0.0,  5.0, "Free the disk or replace it; call service",          _memory_unwritable),
    Row(604, "No connection to the cloud",      WARNING,  (),           10.0,  2.0, "Check the internet; nothing is lost meanwhile",      _cloud_away),
    Row(605, "Readings stand still",            ERROR,    STOP,          0.0,  5.0, "Restart the device that is named; check its firmware", _standing_still),
)
# fmt: on
ROWS: Final = {row.number: row for row in ERRORS}
ESTOP_NUMBER: Final = 401
