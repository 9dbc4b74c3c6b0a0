"""What does the cloud see of the box? FIELDS: one row per value of SC_Spot_10s."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from appliance.cloud.error_events import alarm
from appliance.model import Decision, RackReading, Snapshot
from appliance.site import Language
from appliance.texts import ENGLISH, catalogue

Value = Callable[[Snapshot, Decision], object]


@dataclass(frozen=True, slots=True)
class Field:
    """One value. `unit` is empty for words; `value` is None when the box does not know."""

    name: str
    unit: str
    value: Value


def spot(snapshot: Snapshot, decision: Decision, language: Language = ENGLISH) -> dict[str, object]:
    """Body of one SC_Spot_10s record. What is not known stays None. Signs: grid import +, discharge +, PV +."""
    body = {field.name: field.value(snapshot, decision) for field in FIELDS}
    return body | {"alarms": [alarm(error, language) for error in decision.errors]}


def spot_in(language: Language) -> Callable[[Snapshot, Decision], dict[str, object]]:
    """`spot` for a site; its catalogue is read now, not while the control loop waits for its turn."""
    catalogue(language)
    return partial(spot, language=language)


def _battery(name: str) -> Value:
    return lambda seen, _: getattr(seen.battery, name, None)


def _load_w(seen: Snapshot, _decision: Decision) -> float | None:
    parts = (seen.grid, seen.inverter, seen.pv)
    known = [part.power_w for part in parts if part is not None and part.power_w is not None]
    return sum(known) if len(known) == len(parts) else None


def _lowest(value: Callable[[RackReading], float | None]) -> Value:
    return lambda seen, _: min(_of_racks(seen, value), default=None)


def _highest(value: Callable[[RackReading], float | None]) -> Value:
    return lambda seen, _: max(_of_racks(seen, value), default=None)


def _of_racks(seen: Snapshot, value: Callable[[RackReading], float | None]) -> list[float]:
    racks = () if seen.battery is None else seen.battery.racks
    return [known for rack in racks if (known := value(rack)) is not None]


# fmt: off
FIELDS: Final = (
    #     name               unit   value
    Field("utc",             "",    lambda seen, _: seen.utc.isoformat()),
    Field("clock_trusted",   "",    lambda seen, _: seen.clock_trusted),
    Field("cycle",           "",    lambda _, done: done.cycle),
    Field("state",           "",    lambda _, done: done.state.value),
    Field("mode",            "",    lambda _, done: done.mode),
    Field("mode_by",         "",    lambda _, done: done.mode_by),
    Field("why",             "",    lambda _, done: done.why),
    Field("test_by",         "",    lambda _, done: done.test.by if done.test else None),
    Field("grid_w",          "W",   lambda seen, _: seen.grid and seen.grid.power_w),
    Field("battery_w",       "W",   lambda seen, _: seen.inverter and seen.inverter.power_w),
    Field("pv_w",            "W",   lambda seen, _: seen.pv and seen.pv.power_w),
    Field("load_w",          "W",   _load_w),
    Field("reactive_var",    "var", lambda seen, _: seen.inverter and seen.inverter.reactive_var),
    Field("frequency_hz",    "Hz",  lambda seen, _: seen.grid and seen.grid.frequency_hz),
    Field("grid_import_wh",  "Wh",  lambda seen, _: seen.grid and seen.grid.import_wh),
    Field("grid_export_wh",  "Wh",  lambda seen, _: seen.grid and seen.grid.export_wh),
    Field("setpoint_w",      "W",   lambda _, done: done.setpoints.power_w),
    Field("wish_w",          "W",   lambda _, done: done.wish_w),
    Field("setpoint_var",    "var", lambda _, done: done.setpoints.reactive_var),
    Field("wish_var",        "var", lambda _, done: done.wish_var),
    Field("max_charge_w",    "W",   lambda _, done: done.limits.max_charge_w),
    Field("max_discharge_w", "W",   lambda _, done: done.limits.max_discharge_w),
    Field("binding",         "",    lambda _, done: done.limits.binding),
    Field("battery_state",   "",    lambda seen, _: seen.battery and seen.battery.state.value),
    Field("battery_dc_v",    "V",   _battery("voltage_v")),
    Field("battery_dc_a",    "A",   _battery("current_a")),
    Field("battery_dc_w",    "W",   _battery("power_w")),
    Field("soc_pct",         "%",   _battery("soc_pct")),
    Field("soh_pct",         "%",   _battery("soh_pct")),
    Field("soe_wh",          "Wh",  _battery("soe_wh")),
    Field("soc_bms_pct",     "%",   _battery("soc_bms_pct")),
    Field("soc_drift_pct",   "%",   _battery("soc_drift_pct")),
    Field("capacity_wh",     "Wh",  _battery("capacity_wh")),
    Field("resistance_ohm",  "Ω",   _battery("resistance_ohm")),
    Field("battery_full",    "",    _battery("full")),
    Field("battery_empty",   "",    _battery("empty")),
    Field("battery_asleep",  "",    lambda _, done: done.setpoints.battery_asleep),
    Field("balancing",       "",    lambda _, done: done.setpoints.balancing),
    Field("racks_open",      "",    lambda _, done: list(done.setpoints.racks_open)),
    Field("cell_min_v",      "V",   _lowest(lambda rack: rack.cell_min_v)),
    Field("cell_max_v",      "V",   _highest(lambda rack: rack.cell_max_v)),
    Field("cell_min_c",      "°C",  _lowest(lambda rack: rack.cell_min_c)),
    Field("cell_max_c",      "°C",  _highest(lambda rack: rack.cell_max_c)),
    Field("inverter_state",  "",    lambda seen, _: seen.inverter and seen.inverter.state.value),
    Field("inverter_c",      "°C",  lambda seen, _: seen.inverter and seen.inverter.temperature_c),
    Field("box_c",           "°C",  lambda seen, _: seen.box and seen.box.temperature_c),
    Field("box_humidity_pct", "%",  lambda seen, _: seen.box and seen.box.humidity_pct),
    Field("estop_pressed",   "",    lambda seen, _: seen.board and seen.board.estop_pressed),
    Field("errors",          "",    lambda _, done: [f"{one.number} {one.source}" for one in done.errors]),
)
# fmt: on
