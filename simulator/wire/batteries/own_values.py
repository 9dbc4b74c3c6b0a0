"""What our own BMS generations say of a battery and of a rack, by the name of the signal.

In V, A, W, Wh, °C, ohm, s, %; current and power: discharge +. Signals that are named in the DBC but not
here are 0: the pretend plant never has those faults.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

from simulator.models import bms as model
from simulator.models.battery import Battery
from simulator.models.battery_bms import BatteryBms
from simulator.models.bms import Bms, State
from simulator.models.rack import Rack

INSULATION_OHM = 1.2e6
CYCLES_BEFORE, CYCLES_APART = 137.0, 3.0
"""How often it was cycled before it came here: rack 1, and how much more each rack after it."""
FIRST_SERIAL = 2_600_101
CELL_HIGH_V, CELL_LOW_V, HOT_C, COLD_C = 3.60, 2.80, 50.0, 0.0
"""From here on it warns."""
SPREAD_V = 0.1
UNKNOWN_CODE = 0xEE
"""A fault number that no table names."""


@dataclass(frozen=True)
class RackSeen:
    """A rack and what is asked of it."""

    rack: Rack
    bms: Bms
    number: int
    battery: Battery
    whole: BatteryBms
    sensors_per_module: int
    threshold_v: float = 0.01
    """Cells this much above the lowest are balanced."""

    def sensor_of(self, cell: int) -> int:
        """The sensor nearest to a cell; both counted from 1."""
        module, place = divmod(cell - 1, self.rack.cells_per_module)
        size = self.sensors_per_module
        return module * size + place * size // self.rack.cells_per_module + 1

    def sensor_c(self, sensor: int) -> float | None:
        """Temperature at a sensor, counted from 0; None when there is no such sensor."""
        module, place = divmod(sensor, self.sensors_per_module)
        size = self.rack.cells_per_module
        cell = module * size + place * size // self.sensors_per_module
        return self.rack.cell_c(cell) if cell < self.rack.cell_count else None

    @property
    def cycles(self) -> float:
        """Full cycles since it was new."""
        before = CYCLES_BEFORE + CYCLES_APART * (self.number - 1)
        return before + self.rack.discharge_wh / self.rack.energy_wh

    @property
    def balancing(self) -> bool:
        """Cells are being balanced."""
        spread_v = self.rack.cell_max_v - self.rack.cell_min_v
        return self.whole.balancing and not self.whole.asleep and spread_v > self.threshold_v

    @property
    def waits(self) -> bool:
        """Its voltage does not match those of the others."""
        return (
            self.whole.request_close
            and self.bms.state is State.STANDBY
            and not self.bms.request_close
            and not self.whole.asleep
        )

    def fault(self, name: str, sign: float = 0.0) -> bool:
        """It has this fault; with a sign, while the current has that sign (0 counts as +)."""
        current_a = self.rack.current_a
        return name in self.bms.faults and (sign == 0.0 or (current_a >= 0.0) == (sign > 0.0))

    def allowed_w(self, limit_w: float) -> float:
        """A limit, or nothing while it has a fault."""
        return 0.0 if self.bms.state is State.ERROR else limit_w


FAULTS: dict[str, Callable[[RackSeen], bool]] = {
    "CellOvervoltage": lambda r: r.fault(model.OVERVOLTAGE),
    "CellUndervoltage": lambda r: r.fault(model.UNDERVOLTAGE),
    "Overtemperature": lambda r: r.fault(model.OVERTEMPERATURE),
    "Undertemperature": lambda r: r.fault(model.UNDERTEMPERATURE),
    "OvercurrentCharge": lambda r: r.fault(model.OVERCURRENT_FAULT, -1.0),
    "OvercurrentDischarge": lambda r: r.fault(model.OVERCURRENT_FAULT, +1.0),
    "Communication": lambda r: r.fault(model.CAN_TIMING),
    "Contactor": lambda r: r.fault(model.CONTACTOR_FAULT),
    "Reserved": lambda r: r.fault(model.STRANGE_FAULT),
}
WARNINGS: dict[str, Callable[[RackSeen], bool]] = {
    "CellOvervoltage": lambda r: r.rack.cell_max_v > CELL_HIGH_V,
    "CellUndervoltage": lambda r: r.rack.cell_min_v < CELL_LOW_V,
    "Overtemperature": lambda r: r.rack.cell_max_c > HOT_C,
    "Undertemperature": lambda r: r.rack.cell_min_c < COLD_C,
    "CellSpread": lambda r: r.rack.cell_max_v - r.rack.cell_min_v > SPREAD_V,
    "VoltageMismatch": lambda r: r.waits,
}


def _rounded_down(step: float, value: float) -> float:
    return floor(value / step + 1e-9) * step


RACK: dict[str, Callable[[RackSeen], float]] = {
    "ContactorPlus": lambda r: r.rack.connected,
    "ContactorMinus": lambda r: r.rack.connected or r.bms.state is State.PRECHARGE,
    "ContactorPrecharge": lambda r: r.bms.state is State.PRECHARGE,
    "Balancing": lambda r: r.balancing,
    "Voltage": lambda r: r.rack.voltage_v,
    "Current": lambda r: r.rack.current_a,
    "Power": lambda r: r.rack.power_w,
    "LinkVoltage": lambda r: r.battery.link_v,
    "Insulation": lambda _: INSULATION_OHM,
    "CellMin": lambda r: r.rack.cell_min_v,
    "CellMax": lambda r: r.rack.cell_max_v,
    "CellMean": lambda r: r.rack.cell_avg_v,
    "CellMinNumber": lambda r: r.rack.cell_min_at,
    "CellMaxNumber": lambda r: r.rack.cell_max_at,
    "SensorMin": lambda r: r.rack.cell_min_c,
    "SensorMax": lambda r: r.rack.cell_max_c,
    "SensorMean": lambda r: r.rack.cell_avg_c,
    "SensorMinNumber": lambda r: r.sensor_of(r.rack.cell_min_c_at),
    "SensorMaxNumber": lambda r: r.sensor_of(r.rack.cell_max_c_at),
    "MaxChargeCurrent": lambda r: r.allowed_w(r.rack.max_charge_w) / r.rack.voltage_v,
    "MaxDischargeCurrent": lambda r: r.allowed_w(r.rack.max_discharge_w) / r.rack.voltage_v,
    "MaxChargePower": lambda r: r.allowed_w(r.rack.max_charge_w),
    "MaxDischargePower": lambda r: r.allowed_w(r.rack.max_discharge_w),
    "MaxVoltage": lambda r: 3.65 * r.rack.cell_count,
    "MinVoltage": lambda r: 2.50 * r.rack.cell_count,
    "Soc": lambda r: min(max(r.rack.soc_pct, 0.0), 100.0),
    "Soh": lambda r: r.rack.soh_pct,
    "Energy": lambda r: r.rack.soe_wh,
    "Cycles": lambda r: r.cycles,
    "FaultCount": lambda r: len(r.bms.faults),
    "ChargedEnergy": lambda r: (CYCLES_BEFORE + CYCLES_APART * (r.number - 1)) * r.rack.energy_wh
    / 0.96 + r.rack.charge_wh,
    "DischargedEnergy": lambda r: r.cycles * r.rack.energy_wh,
    "Serial": lambda r: FIRST_SERIAL + r.number,
    "FirmwareMajor": lambda _: 2,
    "FirmwareMinor": lambda _: 7,
    "Capacity": lambda r: r.rack.capacity_ah * 100.0 / r.rack.soh_pct,
    **{f"Fault{name}": holds for name, holds in FAULTS.items()},
    **{f"Warning{name}": holds for name, holds in WARNINGS.items()},
}  # fmt: skip

BATTERY: dict[str, Callable[[BatteryBms], float]] = {
    "RacksConnected": lambda b: sum(rack.connected for rack in b.battery.racks),
    "RacksPresent": lambda b: len(b.battery.racks),
    "AnyFault": lambda b: any(bms.faults for bms in b.masters),
    "Full": lambda b: b.battery.soc_pct >= 99.9,
    "Empty": lambda b: b.battery.soc_pct <= 0.5,
    "Voltage": lambda b: b.battery.voltage_v,
    "Current": lambda b: b.battery.current_a,
    "Power": lambda b: b.battery.power_w,
    "LinkVoltage": lambda b: b.battery.link_v,
    "MaxChargeCurrent": lambda b: _allowed(b, b.battery.max_charge_w) / b.battery.voltage_v,
    "MaxDischargeCurrent": lambda b: _allowed(b, b.battery.max_discharge_w) / b.battery.voltage_v,
    "MaxChargePower": lambda b: _allowed(b, b.battery.max_charge_w),
    "MaxDischargePower": lambda b: _allowed(b, b.battery.max_discharge_w),
    "MaxVoltage": lambda b: 3.65 * b.battery.cell_count,
    "MinVoltage": lambda b: 2.50 * b.battery.cell_count,
    "Soc": lambda b: min(max(b.battery.soc_pct, 0.0), 100.0),
    "Soh": lambda b: b.battery.soh_pct,
    "Energy": lambda b: b.battery.soe_wh,
    "Cycles": lambda b: CYCLES_BEFORE + b.battery.discharge_wh / b.battery.energy_wh,
}


def _allowed(whole: BatteryBms, limit_w: float) -> float:
    return 0.0 if whole.state is State.ERROR else limit_w


def down(name: str, value: float, step: float) -> float:
    """Limits are rounded down, so that nobody is allowed too much."""
    return _rounded_down(step, value) if name.startswith("Max") and "Voltage" not in name else value
