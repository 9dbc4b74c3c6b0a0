"""A BMS that speaks the SMA / Victron frames 0x35x: little-endian, no command.

Source: SMA technical information FSS-ConnectingBat-TI-en-10; 0x370 to 0x377 after diyBMS. SMA forbids
less than 200 ms between frames of one id. Current: discharge is positive on the wire (SMA measured
charging as negative), to be turned by `charge_positive`.
"""

import struct
from collections.abc import Sequence
from math import floor

from typing_extensions import override

from simulator.models import bms as model
from simulator.models.bms import State
from simulator.wire.can_frames import Due, battery_says
from simulator.wire.can_twin import CanTwin
from simulator.wire.socketcand import Frame

INVERTER_IDS = frozenset({0x305, 0x306, 0x307})
ARRIVED, GONE = 0b01, 0b10
PAIRS = 13
"""Alarms with a meaning; pairs 13 to 15 are reserved."""
ALARMS = {
    model.OVERVOLTAGE: 1,
    model.UNDERVOLTAGE: 2,
    model.OVERTEMPERATURE: 3,
    model.UNDERTEMPERATURE: 4,
    model.OVERCURRENT_FAULT: 7,
    model.CONTACTOR_FAULT: 9,
    model.STRANGE_FAULT: 13,
}
"""Fault -> pair of 0x35A."""
KELVIN = 273.15


class Sma35x(CanTwin):
    """One battery."""

    closes_itself = True
    charge_positive = False

    @override
    def take(self, frame: Frame) -> None:
        if frame.can_id in INVERTER_IDS and not frame.extended:
            self.requests += 1

    @override
    def schedule(self) -> Sequence[Due]:
        battery = self.battery
        name = b"Pretend battery "
        return [
            battery_says(0x351, self._limits, 0.5),
            battery_says(0x355, self._charge, 0.5),
            battery_says(0x356, self._values, 0.5),
            battery_says(0x35A, self._alarms, 0.5),
            battery_says(0x35E, lambda: b"PRETEND ", 1.0),
            battery_says(0x35F, self._type, 1.0),
            battery_says(0x370, lambda: name[:8], 1.0),
            battery_says(0x371, lambda: name[8:], 1.0),
            battery_says(0x372, self._modules, 1.0),
            battery_says(0x373, self._cells, 1.0),
            battery_says(0x374, lambda: self._cell(battery.number(battery.lowest), battery.cell_min_at), 1.0),
            battery_says(0x375, lambda: self._cell(battery.number(battery.highest), battery.cell_max_at), 1.0),
            battery_says(0x376, lambda: self._cell(battery.number(battery.coolest), battery.cell_min_c_at), 1.0),
            battery_says(0x377, lambda: self._cell(battery.number(battery.warmest), battery.cell_max_c_at), 1.0),
            battery_says(0x379, lambda: struct.pack("<HHHH", round(battery.capacity_ah), 0, 0, 0), 1.0),
        ]  # fmt: skip

    def _limits(self) -> bytes:
        battery = self.battery
        may = self.bms.state is not State.ERROR
        volts, count = battery.voltage_v, battery.cell_count
        charge_a = battery.max_charge_w / volts if may else 0.0
        discharge_a = battery.max_discharge_w / volts if may else 0.0
        return struct.pack(
            "<HhhH", round(35.5 * count), floor(10 * charge_a), floor(10 * discharge_a), round(28.0 * count)
        )  # fmt: skip

    def _charge(self) -> bytes:
        soc_pct = min(max(self.battery.soc_pct, 0.0), 100.0)
        return struct.pack(
            "<HHHH", round(soc_pct), round(self.battery.soh_pct), round(100 * soc_pct), 0xFFFF
        )

    def _values(self) -> bytes:
        battery = self.battery
        amps = self.near(battery.current_a, 0.1) * (-1.0 if self.charge_positive else 1.0)
        volts = self.near(battery.voltage_v, 0.01)
        return struct.pack(
            "<hhhh", round(100 * volts), round(10 * amps), round(10 * battery.cell_avg_c), -0x8000
        )

    def _alarms(self) -> bytes:
        standing = {ALARMS[name] for name in self.bms.faults if name in ALARMS}
        alarms = 0
        for pair in range(16):
            if pair in standing:
                alarms |= ARRIVED << 2 * pair
            elif pair < PAIRS:
                alarms |= GONE << 2 * pair
        warnings = sum(GONE << 2 * pair for pair in range(PAIRS))
        return struct.pack("<II", alarms, warnings)

    def _type(self) -> bytes:
        return struct.pack("<HHHH", 1, 0x0207, round(self.battery.capacity_ah), 0)

    def _modules(self) -> bytes:
        racks = self.battery.racks
        fine = sum(rack.connected for rack in racks)
        blocking = len(racks) - fine
        return struct.pack("<HHHH", fine, blocking, blocking, 0)

    def _cells(self) -> bytes:
        battery = self.battery
        return struct.pack(
            "<HHHH",
            round(1e3 * self.near(battery.cell_min_v, 0.001, -1)),
            round(1e3 * self.near(battery.cell_max_v, 0.001, +1)),
            round(battery.cell_min_c + KELVIN),
            round(battery.cell_max_c + KELVIN),
        )

    @staticmethod
    def _cell(rack: int, number: int) -> bytes:
        return f"{rack}.{number}".encode("ascii").ljust(8, b"\0")[:8]
