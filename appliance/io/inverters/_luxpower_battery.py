"""What a LuxPower inverter says of the battery behind it, in our words (current and power: discharge +)."""

from appliance.io.known import times, total
from appliance.io.registers import Values
from appliance.model import BatteryReading, BatteryState, RackReading

BATTERY_SILENT = 1 << 0
"""Warning bit 0: the inverter does not hear the battery."""


def net_w(values: Values) -> float | None:
    """Power out of the battery: discharging and charging are two registers, both without a sign."""
    return total(values.get("battery_discharge_w"), times(-1.0, values.get("battery_charge_w")))


def reading(values: Values) -> BatteryReading:
    """The battery as one rack. Nothing of the BMS is believed while the inverter does not hear it."""
    warned = values.get("warning_bits")
    heard = warned is not None and not int(warned) & BATTERY_SILENT
    told = values if heard else {name: values.get(name) for name in ("battery_v",)}
    voltage_v, power_w = told.get("battery_v"), net_w(values)
    soc_pct, soh_pct = _halves(told.get("soc_soh"))
    faults = _code("fault", told.get("bms_fault"))
    if warned is not None and not heard:
        faults += ("the inverter does not hear the battery",)
    warnings = _code("warning", told.get("bms_warning"))
    rack = RackReading(
        rack=1,
        voltage_v=voltage_v,
        current_a=_signed(told.get("battery_a"), power_w),
        power_w=power_w,
        soc_pct=soc_pct,
        soh_pct=soh_pct,
        cell_min_v=told.get("cell_min_v"),
        cell_max_v=told.get("cell_max_v"),
        # A BMS that says nothing of its cells leaves all these registers at 0.
        cell_min_c=None if told.get("cell_min_v") is None else told.get("cell_min_c"),
        cell_max_c=None if told.get("cell_max_v") is None else told.get("cell_max_c"),
        max_charge_w=_product(told.get("bms_charge_a"), voltage_v),
        max_discharge_w=_product(told.get("bms_discharge_a"), voltage_v),
        faults=faults,
        warnings=warnings,
        cycles=told.get("cycles"),
    )
    return BatteryReading(
        state=_state(heard, soc_pct, faults),
        voltage_v=rack.voltage_v,
        current_a=rack.current_a,
        power_w=rack.power_w,
        soc_pct=rack.soc_pct,
        soh_pct=rack.soh_pct,
        max_charge_w=rack.max_charge_w,
        max_discharge_w=rack.max_discharge_w,
        faults=faults,
        warnings=warnings,
        racks=(rack,),
        max_charge_v=told.get("bms_charge_v"),
        min_discharge_v=told.get("bms_cut_off_v"),
        cycles=rack.cycles,
        has_contactors=False,  # None that the inverter could be told to open.
    )


def _state(heard: bool, soc_pct: float | None, faults: tuple[str, ...]) -> BatteryState:
    if faults and heard:
        return BatteryState.FAULT
    return BatteryState.UNKNOWN if soc_pct is None else BatteryState.CONNECTED


def _halves(word: float | None) -> tuple[float | None, float | None]:
    """State of charge (low byte) and of health (high byte; 0: not told)."""
    if word is None:
        return None, None
    soh, soc = divmod(int(word), 256)
    return float(soc) if soc <= 100 else None, float(soh) if 0 < soh <= 100 else None


def _signed(current_a: float | None, power_w: float | None) -> float | None:
    """The current's own sign is in no document: it has that of the power. 0 A with power: not told."""
    if current_a is None or power_w is None or (current_a == 0.0 and power_w != 0.0):
        return None
    return abs(current_a) if power_w >= 0.0 else -abs(current_a)


def _product(current_a: float | None, voltage_v: float | None) -> float | None:
    return None if current_a is None else times(current_a, voltage_v)


def _code(kind: str, number: float | None) -> tuple[str, ...]:
    return (f"BMS {kind} code {number:.0f}",) if number else ()
