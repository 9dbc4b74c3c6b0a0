"""A Pylontech low-voltage stack: frames of 0x35x once a second, little-endian. No command exists.

The modules close by themselves; the inverter's 0x305 is counted and nothing else. Source: the frame
tables of Battery-Emulator and diyBMS (community implementations, not the maker's document). Current:
charge is positive on the wire, as Battery-Emulator sends it [recalled].
"""

import struct
from collections.abc import Sequence
from math import floor

from typing_extensions import override

from simulator.models import bms as model
from simulator.models.bms import State
from simulator.wire.can_frames import Due, Said, battery_says
from simulator.wire.can_twin import CanTwin
from simulator.wire.socketcand import Frame

KEEP_ALIVE_ID = 0x305
PROTECTIONS = {
    model.STRANGE_FAULT: (0, 0),  # a bit that the tables do not name
    model.OVERVOLTAGE: (0, 1),
    model.UNDERVOLTAGE: (0, 2),
    model.OVERTEMPERATURE: (0, 3),
    model.UNDERTEMPERATURE: (0, 4),
    model.CONTACTOR_FAULT: (1, 3),
}
"""Fault -> byte and bit of 0x359."""
OVERCURRENT_DISCHARGE, OVERCURRENT_CHARGE = (0, 7), (1, 0)
CHARGE_ENABLE, DISCHARGE_ENABLE, FORCE_CHARGE = 0x80, 0x40, 0x20
LOW_PCT = 5.0
"""Below it asks to be charged."""


class PylontechLv(CanTwin):
    """One stack; its racks are modules in parallel."""

    closes_itself = True

    @override
    def take(self, frame: Frame) -> None:
        if frame.can_id == KEEP_ALIVE_ID and not frame.extended:
            self.requests += 1

    @override
    def schedule(self) -> Sequence[Due]:
        return [
            battery_says(0x351, self._limits, 1.0),
            battery_says(0x355, self._charge, 1.0),
            battery_says(0x356, self._values, 1.0),
            Due(1.0, self._flags),
            battery_says(0x35C, self._enables, 1.0),
            battery_says(0x35E, lambda: b"PYLON   ", 1.0),
        ]

    def _allowed_a(self) -> tuple[float, float]:
        """Charge and discharge; 0 while it has a fault."""
        battery = self.battery
        if self.bms.state is State.ERROR:
            return 0.0, 0.0
        volts = battery.voltage_v
        return battery.max_charge_w / volts, battery.max_discharge_w / volts

    def _limits(self) -> bytes:
        charge_a, discharge_a = self._allowed_a()
        count = self.battery.cell_count
        return struct.pack(
            "<HhhH", round(35.5 * count), floor(10 * charge_a), floor(10 * discharge_a), round(28.0 * count)
        )  # fmt: skip

    def _charge(self) -> bytes:
        soc_pct = min(max(self.battery.soc_pct, 0.0), 100.0)
        return struct.pack("<HH", round(soc_pct), round(self.battery.soh_pct))

    def _values(self) -> bytes:
        battery = self.battery
        volts = self.near(battery.voltage_v, 0.01)
        amps = self.near(battery.current_a, 0.1)
        celsius = battery.cell_avg_c
        return struct.pack("<hhh", round(100 * volts), round(-10 * amps), round(10 * celsius))

    def _flags(self, _place: int) -> list[Said]:
        flags = bytearray(7)
        for name in self.bms.faults:
            discharging = self.battery.current_a >= 0.0
            current = OVERCURRENT_DISCHARGE if discharging else OVERCURRENT_CHARGE
            byte, bit = PROTECTIONS.get(name, current)
            flags[byte] |= 1 << bit
        flags[4] = len(self.battery.racks)
        flags[5:7] = b"PN"
        return [Said(Frame(0x359, bytes(flags)))]

    def _enables(self) -> bytes:
        charge_a, discharge_a = self._allowed_a()
        flags = CHARGE_ENABLE if charge_a > 0.0 else 0
        flags |= DISCHARGE_ENABLE if discharge_a > 0.0 else 0
        flags |= FORCE_CHARGE if self.battery.soc_pct < LOW_PCT else 0
        return bytes([flags, 0])
