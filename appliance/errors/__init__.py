"""What can go wrong, what it forbids and what a person does about it: one row per error.

Numbers are never used again: 1xx battery, 2xx inverter, 3xx meters, 4xx board, 5xx climate and
sensors, 6xx the box's own software. A row's condition answers with the sources it holds for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.errors.backup import (
    cannot_carry,
    forms_no_grid,
    in_an_island,
    island_out_of_bounds,
    island_overloaded,
    stays_island,
    switch_not_known_open,
    switch_stays_closed,
    switch_stays_open,
    trial_failed,
)
from appliance.errors.battery import (
    NOWHERE,
    Sources,
    battery_fault,
    battery_opened,
    battery_silent,
    battery_stays,
    battery_stays_asleep,
    battery_stays_open,
    degraded,
    fast_one_ignores_ban,
    rack_apart,
    slow_one_ignores_ban,
    soc_drifts,
    unheard_carries,
)
from appliance.errors.cells import (
    battery_inactive,
    cell_cold,
    cell_empty,
    cell_full,
    cell_hot,
    cell_over,
    cell_temperature_limit,
    cell_under,
    cell_warm,
    current_high,
    current_over,
    far_unbalanced,
    temperature_rises,
    temperature_spread,
    unbalanced,
)
from appliance.errors.climate import climate_silent, condensation, fan_stands, relay_silent
from appliance.errors.critically_low import battery_beyond_rescue, battery_critical
from appliance.errors.grid import (
    exceeded_by_others,
    export_exceeded,
    frequency_high,
    frequency_low,
    frequency_runs,
    frequency_unusual,
    grid_lost,
    import_exceeded,
    island,
    voltage_high,
    voltage_low,
    voltage_unusual,
)
from appliance.errors.health import (
    COMPUTER,
    box_humid,
    button_pressed,
    can_troubled,
    disk_nearly_full,
    market_unread,
    polls_fail,
    store_corrupt,
    supply_ails,
    too_hot_to_work,
    update_failed,
    worn,
)
from appliance.errors.inverter import (
    fast_one_disobeys,
    grid_awaited,
    grid_outlasted,
    inverter_exceeds,
    inverter_fault,
    inverter_lags,
    inverter_silent,
    inverter_stays,
    inverter_stopped,
    power_unknown,
    reactive_astray,
    slow_one_disobeys,
    start_timeout,
)
from appliance.errors.known import (
    Knows,
    balance,
    battery_current,
    battery_power,
    cells,
    contactors,
    every_cell,
    grid,
    inverter_state,
    temperature,
)
from appliance.errors.maintenance import live_in_maintenance, maintenance_waits
from appliance.model import (
    UNDER_VOLTAGE,
    WIRE_WORDS,
    Effect,
    Memory,
    SensorReading,
    Severity,
    Snapshot,
    State,
)
from appliance.site import SiteSettings

RECORDER = "recorder"
AT_THE_GRID: Final = frozenset({"grid meter", "PV meter"})
PROCESS_TIMEOUT_S: Final = 30.0


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
    outlasts_restart: bool = False
    """A core that starts anew still knows of it, until the device shows that it is over."""
    derate_pct: float | None = None
    """Of the rating, where an effect is DERATE."""
    knows: Knows | None = None
    """Whether what it judges is known; None: the condition itself says so."""


def _standing_still(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    if (
        seen.frozen and memory.state is State.ISLAND
    ):  # the meter of a dead grid says the same for ever
        return tuple([name for name in seen.frozen if name not in AT_THE_GRID])
    return seen.frozen


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
    """What the computer says of itself: hot, throttled. Under-voltage is its supply's."""
    said = _sensors_warn(seen)
    if not said:
        return NOWHERE
    computers = [name for name, sensor in site.sensors.items() if sensor.driver == COMPUTER]
    return tuple(
        [
            f"{name}: {', '.join(ails)}"
            for name, words in said
            if name in computers and (ails := [word for word in words if word != UNDER_VOLTAGE])
        ]
    )


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


def _not_started_again(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """The core ended for a restart, and nobody has started it."""
    waits = memory.state in (State.RESTART, State.REBOOT)
    return ("box",) if waits and seen.now_s - memory.state_since_s > PROCESS_TIMEOUT_S else NOWHERE


def _clock_untrusted(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    return ("clock",) if seen.clock_trusted is False else NOWHERE


WARNING, ERROR, CRITICAL = Severity.WARNING, Severity.ERROR, Severity.CRITICAL
NO_CHARGE, NO_DISCHARGE = (Effect.NO_CHARGE,), (Effect.NO_DISCHARGE,)
NO_POWER = (Effect.NO_CHARGE, Effect.NO_DISCHARGE)
STOP, OPEN = (Effect.STOP,), (Effect.OPEN_CONTACTORS,)
EMERGENCY = (Effect.EMERGENCY_STOP,)
BLOCK = (Effect.BLOCK_UPDATE,)
DERATE: Final = (Effect.DERATE,)

# A source falls silent in the Snapshot already after its own max_age_s; the times below come on top.
# fmt: off
ERRORS: Final = (
    #   no.  title                              severity  effects       raise clear  remedy                                               condition
    Row(101, "Battery does not answer",         ERROR,    STOP,          1.0,  3.0, "Check the CAN cable and the battery's switch",       battery_silent),
    Row(102, "Battery reports a fault",         ERROR,    STOP,          0.0,  5.0, "See the battery's own list of faults",               battery_fault),
    Row(103, "Battery has disconnected itself", ERROR,    STOP,          0.5,  3.0, "See the battery's own list of faults",               battery_opened),
    Row(104, "Battery does not disconnect",     CRITICAL, STOP,         10.0,  3.0, "Open the battery's switch by hand and call service", battery_stays, outlasts_restart=True, knows=contactors),
    Row(105, "Battery will not connect",        ERROR,    STOP,          0.0, 10.0, "Check the battery's switch and its list of faults",  battery_stays_open),
    Row(106, "Battery does not wake",           ERROR,    STOP,          0.0, 10.0, "Check the battery's switch and its supply",          battery_stays_asleep),
    Row(107, "Battery says nothing of use",     ERROR,    STOP,          0.0,  5.0, "Restart the battery; have its BMS checked",          battery_inactive),
    Row(108, "Live during maintenance",         CRITICAL, OPEN,          0.2,  5.0, "Keep your hands off; open the battery's switch by hand", live_in_maintenance),
    Row(109, "Maintenance waits",               WARNING,  (),           30.0,  3.0, "Keep your hands off; see to what is named first",    maintenance_waits),
    Row(111, "A cell is full",                  WARNING,  NO_CHARGE,     2.0, 30.0, "Nothing to do: charging goes on when it has settled", cell_full, knows=cells("cell_max_v")),
    Row(112, "A cell is overcharged",           CRITICAL, OPEN,          1.0, 60.0, "Call service, then reset",                           cell_over, latched=True, knows=cells("cell_max_v")),
    Row(113, "A cell is empty",                 WARNING,  NO_DISCHARGE,  2.0, 30.0, "Nothing to do: the battery waits for energy",        cell_empty, knows=cells("cell_min_v")),
    Row(114, "A cell is deeply discharged",     CRITICAL, OPEN,          1.0, 60.0, "Call service before charging, then reset",           cell_under, latched=True, knows=cells("cell_min_v")),
    Row(115, "Battery critically low",          WARNING,  (),           60.0, 10.0, "Nothing to do: it is charged a little from the grid", battery_critical),
    Row(116, "Battery too low and not charged", ERROR,    NO_DISCHARGE, 60.0, 10.0, "Take away what is named, soon; else call service",    battery_beyond_rescue),
    Row(121, "Battery too cold to charge",      WARNING,  NO_CHARGE,     5.0, 30.0, "Warm the room, or wait",                             cell_cold, knows=cells("cell_min_c")),
    Row(122, "Battery too hot",                 ERROR,    NO_POWER,      5.0, 60.0, "Let it cool; check the fans and the filter",         cell_hot, knows=cells("cell_max_c")),
    Row(123, "Battery temperature at its limit", CRITICAL, OPEN,         1.0, 60.0, "Keep away and call service; reset when it is safe",  cell_temperature_limit, latched=True, knows=every_cell("cell_min_c", "cell_max_c")),
    Row(124, "State of charge drifts",          WARNING,  (),            5.0,  5.0, "Nothing to do; call service if it comes back often",  soc_drifts),
    Row(125, "Battery capacity degraded",       WARNING,  (),           60.0, 60.0, "Ask service; the warranty may cover it",             degraded),
    Row(126, "A rack is not connected",         WARNING,  (),           10.0,  3.0, "It joins by itself when sound; else call service",   rack_apart),
    Row(127, "Cells are out of balance",        WARNING,  (),           60.0, 60.0, "Charge it full for some hours; call service if it stays", unbalanced),
    Row(128, "Battery current too high",        WARNING,  DERATE,        5.0, 60.0, "Nothing to do; call service if it comes back often", current_high, derate_pct=50.0, knows=battery_current),
    Row(129, "Battery current at its limit",    CRITICAL, OPEN,          1.0, 60.0, "Call service if it comes back",                      current_over, knows=battery_current),
    Row(130, "Cells are far out of balance",    ERROR,    STOP,         60.0, 60.0, "Call service: a cell may be broken",                 far_unbalanced, outlasts_restart=True, knows=balance),
    Row(131, "Battery is warm",                 WARNING,  DERATE,       60.0, 120.0, "Nothing to do; check the fans and the filter",      cell_warm, derate_pct=50.0, knows=cells("cell_max_c")),
    Row(132, "Battery is unevenly warm",        WARNING,  DERATE,       60.0, 60.0, "Check the fans; call service if it stays",           temperature_spread, derate_pct=50.0, knows=cells("cell_min_c", "cell_max_c")),
    Row(133, "Battery heats up too fast",       CRITICAL, OPEN,          3.0, 60.0, "Keep away and call service; reset when it is safe",  temperature_rises, latched=True, knows=every_cell("cell_max_c")),
    Row(134, "Battery power against a ban",     CRITICAL, OPEN,          5.0, 60.0, "Switch the inverter off by hand and call service",   fast_one_ignores_ban, knows=battery_power, outlasts_restart=True),
    Row(135, "Battery power long against a ban", CRITICAL, OPEN,        30.0, 60.0, "Switch the inverter off by hand and call service",   slow_one_ignores_ban, knows=battery_power, outlasts_restart=True),
    Row(136, "A silent rack may be connected",  ERROR,    STOP,          3.0, 10.0, "Check the rack's CAN cable and supply, and its switch", unheard_carries),
    Row(201, "Inverter does not answer",        ERROR,    STOP,          1.0,  3.0, "Check the inverter's network cable and supply",      inverter_silent),
    Row(202, "Inverter reports a fault",        ERROR,    STOP,          0.0,  5.0, "See the inverter's display",                         inverter_fault),
    Row(203, "Inverter has stopped by itself",  ERROR,    STOP,          0.5,  3.0, "See the inverter's display",                         inverter_stopped),
    Row(204, "Inverter will not start",         ERROR,    STOP,          0.0, 10.0, "Check DC fuses and grid supply; see its display",    start_timeout),
    Row(205, "Inverter gives more than asked for", ERROR, STOP,          5.0, 10.0, "Call service if it comes back",                      inverter_exceeds),
    Row(206, "Inverter follows somebody else",  ERROR,    STOP,          8.0, 10.0, "Take other controllers away from the inverter",      fast_one_disobeys),
    Row(207, "Inverter gives less than asked for", WARNING, (),         60.0, 10.0, "See the inverter's own limits and temperature",      inverter_lags),
    Row(208, "Inverter will not stop",          CRITICAL, STOP,         10.0,  3.0, "Switch it off by hand and call service",             inverter_stays, outlasts_restart=True, knows=inverter_state),
    Row(209, "Inverter does not follow",        ERROR,    STOP,         60.0, 10.0, "Take other controllers away; check its own settings", slow_one_disobeys),
    Row(211, "Grid protection is suspect",      CRITICAL, STOP,          0.0,  0.0, "Have the inverter's grid protection checked, then reset", grid_outlasted, latched=True),
    Row(213, "Inverter does not say its power", ERROR,    NO_POWER,      5.0, 10.0, "Check the inverter's network cable; see its display", power_unknown),
    Row(214, "Inverter ignores the reactive setpoint", WARNING,  (), 30.0, 10.0, "Switch off its own control of reactive power; call service", reactive_astray),
    Row(220, "Island switch does not open",     ERROR,    STOP,          0.0, 60.0, "Have the island switch checked",                     switch_stays_closed),
    Row(221, "Island switch does not close",    ERROR,    STOP,          0.0, 60.0, "Have the island switch checked",                     switch_stays_open),
    Row(222, "Island is overloaded",            ERROR,    STOP,          0.0, 60.0, "Switch something off, then start it again",          island_overloaded),
    Row(223, "Test of the backup failed",       WARNING,  (),            0.0,  5.0, "Read the report (ctl backup report), then test again", trial_failed),
    Row(224, "Inverter does not make the island", ERROR,  STOP,          0.5, 60.0, "See the inverter's display",                         forms_no_grid),
    Row(225, "Without the grid: on the battery", WARNING, (),            0.0,  1.0, "Use little power until the grid is back",            in_an_island),
    Row(226, "Island may not be separated",     CRITICAL, OPEN,          0.0, 60.0, "Have the island switch and its contacts checked",    switch_not_known_open),
    Row(227, "Inverter stays an island",        ERROR,    STOP,          0.0, 60.0, "Switch the inverter off by hand and call service",   stays_island),
    Row(228, "Island voltage or frequency is off", ERROR, STOP,          3.0, 60.0, "Have the inverter's island settings checked",        island_out_of_bounds),
    Row(229, "Battery cannot carry the island", ERROR,    STOP,          2.0, 60.0, "Wait for the grid or the sun",                       cannot_carry),
    Row(301, "Grid meter does not answer",      ERROR,    NO_POWER,      1.0,  2.0, "Check the meter's network cable and supply",         _grid_meter_silent),
    Row(302, "PV meter does not answer",        WARNING,  (),            2.0,  2.0, "Check the meter's network cable and supply",         _pv_meter_silent),
    Row(303, "Meter does not answer",           WARNING,  (),            2.0,  2.0, "Check the meter's network cable and supply",         _meter_silent),
    Row(304, "Meter is not set up as it should be", WARNING, (),         5.0,  5.0, "Have the installer set it up: appliance probe --setup", _meter_warns),
    Row(310, "Grid lost",                       ERROR,    STOP,          1.0, 60.0, "Check the main fuses; else wait for the grid",       grid_lost, knows=grid),
    Row(311, "Grid frequency too low",          ERROR,    STOP,          0.0, 60.0, "Nothing to do: wait for the grid",                   frequency_low, knows=grid),
    Row(312, "Grid frequency too high",         ERROR,    STOP,          0.0, 60.0, "Nothing to do: wait for the grid",                   frequency_high, knows=grid),
    Row(313, "Grid voltage too low",            ERROR,    STOP,          0.0, 60.0, "Check the main fuses; ask the grid operator",        voltage_low, knows=grid),
    Row(314, "Grid voltage too high",           ERROR,    STOP,          0.0, 60.0, "Have the connection checked; ask the grid operator", voltage_high, knows=grid),
    Row(315, "Grid frequency moves too fast",   ERROR,    STOP,          0.3, 60.0, "Nothing to do: wait for the grid",                   frequency_runs, knows=grid),
    Row(316, "The site may be an island",       CRITICAL, STOP,          2.0, 60.0, "Have the inverter's grid protection checked",        island, knows=grid),
    Row(317, "Too much import: charging is cut", ERROR,   NO_CHARGE,     0.0, 60.0, "Nothing to do; ask service if it comes back often",  import_exceeded),
    Row(318, "Too much export: discharging is cut", ERROR, NO_DISCHARGE, 0.0, 60.0, "Nothing to do; ask service if it comes back often",  export_exceeded),
    Row(319, "Grid frequency is unusual",       WARNING,  (),           10.0, 10.0, "Nothing to do: the inverter answers it by itself",   frequency_unusual),
    Row(320, "Grid voltage is unusual",         WARNING,  (),           60.0, 60.0, "Ask the grid operator if it comes back often",       voltage_unusual),
    Row(321, "Grid connection is overloaded",   WARNING,  (),            0.0, 10.0, "Switch something off; it is not the battery",        exceeded_by_others),
    Row(322, "Start waits for the grid",        WARNING,  (),            0.0, 10.0, "Nothing to do, or ask the grid operator if it stays", grid_awaited),
    Row(401, "Emergency stop",                  CRITICAL, EMERGENCY,     0.0,  0.0, "Make safe, release the button, then reset",          _estop, latched=True),
    Row(402, "Buttons and e-stop do not answer", ERROR,   STOP,          1.0,  3.0, "Check the I/O board",                                _board_silent),
    Row(403, "Supply of the box is in trouble", WARNING,  BLOCK,         5.0, 30.0, "Check the main power and the box's supply",             supply_ails),
    Row(404, "A button is stuck",               WARNING,  (),           60.0,  2.0, "Free the button; it does nothing while it is stuck",    button_pressed),
    Row(501, "Sensor does not answer",          WARNING,  (),            5.0,  2.0, "Check the sensor's cable",                           _sensor_silent),
    Row(502, "Box too hot",                     ERROR,    NO_POWER,      5.0, 60.0, "Check fans, filter and room temperature",            _box_hot, knows=temperature),
    Row(503, "A fan does not turn",             WARNING,  (),           10.0,  5.0, "Check the fan for dirt, and its plug",               fan_stands),
    Row(504, "Condensation possible",           WARNING,  (),           60.0, 60.0, "Keep moist air out; check the heater and the seals", condensation),
    Row(505, "Climate does not answer",         WARNING,  (),            5.0,  2.0, "Check the wires of fans and heaters",                climate_silent),
    Row(506, "A relay board does not answer",   WARNING,  (),            2.0,  2.0, "Check the relay board's cable and supply",           relay_silent),
    Row(507, "Computer too hot or throttled",   WARNING,  (),            5.0, 60.0, "Check fans and filter, and the computer's supply",   _computer_ails),
    Row(508, "Sensor wire broken",              WARNING,  (),            5.0,  5.0, "Check the sensor's wire and plug",                   _wire_broken),
    Row(509, "Air in the box is humid",         WARNING,  (),           60.0, 60.0, "Keep moist air out; check seals and heater",            box_humid),
    Row(510, "Box or computer far too hot",     CRITICAL, STOP,         10.0, 300.0, "Let it cool; check fans, filter and room temperature", too_hot_to_work, outlasts_restart=True, knows=temperature),
    Row(601, "Part of the software restarts",   WARNING,  (),            0.0,  2.0, "Nothing to do; call service if it comes back",       _part_down),
    Row(602, "Clock not set",                   WARNING,  BLOCK,         0.0,  2.0, "Check the internet connection",                      _clock_untrusted),
    Row(603, "The box cannot write its memory", ERROR,    (),            0.0,  5.0, "Free the disk or replace it; call service",          _memory_unwritable),
    Row(604, "No connection to the cloud",      WARNING,  (),           10.0,  2.0, "Check the internet; nothing is lost meanwhile",      _cloud_away),
    Row(605, "Readings stand still",            ERROR,    STOP,          0.0,  5.0, "Restart the device that is named; check its firmware", _standing_still),
    Row(606, "Disk nearly full",                WARNING,  BLOCK,         5.0, 60.0, "Call service: something fills the disk",                disk_nearly_full),
    Row(607, "The box has lost its records",    WARNING,  BLOCK,         0.0,  5.0, "Restart the computer; call service if it comes back",   store_corrupt),
    Row(608, "Memory of a device is nearly worn out",WARNING,  (),            0.0, 60.0, "Call service: it is written too often, or is old", worn),
    Row(609, "An update has failed",            WARNING,  (),            0.0,  5.0, "Nothing to do: the box works as before; call service",  update_failed),
    Row(610, "CAN bus in trouble",              WARNING,  (),           10.0, 60.0, "Check cable, terminators and plugs of the CAN bus",     can_troubled),
    Row(611, "A device answers only now and then",WARNING,  (),           10.0, 60.0, "Check its cable; nothing else may ask it as well",    polls_fail),
    Row(613, "The box was not started again",   WARNING,  (),            0.0, 60.0, "Call service: what starts the box does not work",    _not_started_again),
    Row(614, "Market data cannot be read",      WARNING,  (),           10.0,  5.0, "Check what writes the file; what it said before goes on", market_unread),
)
# fmt: on
ROWS: Final = {row.number: row for row in ERRORS}
ESTOP_NUMBER: Final = 401
