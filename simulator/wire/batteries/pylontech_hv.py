"""A Pylontech high-voltage battery: 29-bit ids, it speaks only when it is asked by 0x4200.

Byte 0 = 2 asks for the set-up (0x73xx), 0 for the data (0x42xx); battery n answers at the ids + n - 1.
Little-endian. Source: Battery-Emulator, after the maker's protocol 1.26 (not the maker's document).
Current: raw = 30000 + 10 * A, charge is positive [recalled]. What the bits of alarm and protection
mean is not known: any of them is a fault here. No command for contactors is known; they close alone.
"""

import struct
from collections.abc import Callable, Sequence
from math import floor

from typing_extensions import override

from simulator.models import bms as model
from simulator.models.bms import Bms, State
from simulator.models.rack import Rack
from simulator.wire.can_frames import Due, Said
from simulator.wire.can_twin import CanTwin
from simulator.wire.socketcand import Frame

QUESTION_ID = 0x4200
SET_UP, DATA = 2, 0
CURRENT_OFFSET, CELSIUS_OFFSET = 30_000, 1_000
CHARGES, DISCHARGES, IDLES = 1, 2, 3
FORBIDDEN = 0xAA
SMALL_A = 0.5
PROTECTIONS = (
    model.OVERVOLTAGE,
    model.UNDERVOLTAGE,
    model.OVERTEMPERATURE,
    model.UNDERTEMPERATURE,
    model.OVERCURRENT_FAULT,
    model.CONTACTOR_FAULT,
)
UNKNOWN_ERROR = 0xEE


class PylontechHv(CanTwin):
    """Its racks answer one after the other."""

    closes_itself = True

    @override
    def schedule(self) -> Sequence[Due]:
        return []

    @override
    def take(self, frame: Frame) -> None:
        if frame.can_id != QUESTION_ID or not frame.extended or len(frame.data) < 8:
            return
        self.requests += 1
        if frame.data[0] == SET_UP:
            self.answer(0, [Due(0.0, self._all(0x7310, _versions)), Due(0.0, self._all(0x7320, _size)),
                            Due(0.0, self._all(0x7330, lambda _rack, _bms: b"PRETEND ")),
                            Due(0.0, self._all(0x7340, lambda _rack, _bms: b"HV      "))])  # fmt: skip
        elif frame.data[0] == DATA:
            self.answer(10, [
                Due(0.0, self._all(0x4210, self._values)), Due(0.0, self._all(0x4220, _limits)),
                Due(0.0, self._all(0x4230, self._cells)), Due(0.0, self._all(0x4240, _temperatures)),
                Due(0.0, self._all(0x4250, _status)), Due(0.0, self._all(0x4260, _modules_v)),
                Due(0.0, self._all(0x4270, _modules_c)), Due(0.0, self._all(0x4280, _forbidden)),
            ])  # fmt: skip

    def _all(self, can_id: int, of: Callable[[Rack, Bms], bytes]) -> Callable[[int], list[Said]]:
        """One answer of each rack."""

        def build(_place: int) -> list[Said]:
            return [
                Said(Frame(can_id + number, of(bms.rack, bms), extended=True), number + 1)
                for number, bms in enumerate(self.bms.masters)
            ]

        return build

    def _values(self, rack: Rack, _bms: Bms) -> bytes:
        volts, amps = self.near(rack.voltage_v, 0.1), self.near(rack.current_a, 0.1)
        soc_pct = min(max(rack.soc_pct, 0.0), 100.0)
        return struct.pack(
            "<HHHBB", round(10 * volts), CURRENT_OFFSET - round(10 * amps),
            _raw_c(rack.cell_avg_c), round(soc_pct), round(rack.soh_pct),
        )  # fmt: skip

    def _cells(self, rack: Rack, _bms: Bms) -> bytes:
        high_v, low_v = self.near(rack.cell_max_v, 0.001, +1), self.near(rack.cell_min_v, 0.001, -1)
        return struct.pack(
            "<HHHH", round(1e3 * high_v), round(1e3 * low_v), rack.cell_max_at, rack.cell_min_at
        )


def _raw_c(celsius: float) -> int:
    return round(10 * celsius) + CELSIUS_OFFSET


def _limits(rack: Rack, bms: Bms) -> bytes:
    may = bms.state is not State.ERROR
    charge_a = rack.max_charge_w / rack.voltage_v if may else 0.0
    discharge_a = rack.max_discharge_w / rack.voltage_v if may else 0.0
    return struct.pack(
        "<HHHH", round(35.5 * rack.cell_count), round(28.0 * rack.cell_count),
        CURRENT_OFFSET + floor(10 * charge_a), CURRENT_OFFSET - floor(10 * discharge_a),
    )  # fmt: skip


def _temperatures(rack: Rack, _bms: Bms) -> bytes:
    return struct.pack(
        "<HHHH", _raw_c(rack.cell_max_c), _raw_c(rack.cell_min_c), rack.cell_max_c_at, rack.cell_min_c_at
    )  # fmt: skip


def _status(rack: Rack, bms: Bms) -> bytes:
    state = IDLES
    if abs(rack.current_a) > SMALL_A:
        state = DISCHARGES if rack.current_a > 0.0 else CHARGES
    protection = sum(1 << bit for bit, name in enumerate(PROTECTIONS) if name in bms.faults)
    error = UNKNOWN_ERROR if model.STRANGE_FAULT in bms.faults else 0
    cycles = round(rack.discharge_wh / rack.energy_wh) + 100
    return struct.pack("<BHBHH", state, cycles, error, 0, protection)


def _modules_v(rack: Rack, _bms: Bms) -> bytes:
    size = rack.cells_per_module
    volts = [
        sum(rack.cell_v(cell) for cell in range(first, first + size))
        for first in range(0, rack.cell_count, size)
    ]
    high, low = max(volts), min(volts)
    return struct.pack(
        "<HHHH", round(1e3 * high), round(1e3 * low), volts.index(high) + 1, volts.index(low) + 1
    )


def _modules_c(rack: Rack, _bms: Bms) -> bytes:
    size = rack.cells_per_module
    high, low = rack.cell_max_c_at - 1, rack.cell_min_c_at - 1
    return struct.pack(
        "<HHHH", _raw_c(rack.cell_max_c), _raw_c(rack.cell_min_c), high // size + 1, low // size + 1
    )


def _forbidden(_rack: Rack, bms: Bms) -> bytes:
    rack, faulty = bms.rack, bms.state is State.ERROR
    charge = FORBIDDEN if faulty or rack.max_charge_w <= 0.0 else 0
    discharge = FORBIDDEN if faulty or rack.max_discharge_w <= 0.0 else 0
    return bytes([charge, discharge, 0, 0, 0, 0, 0, 0])


def _versions(_rack: Rack, _bms: Bms) -> bytes:
    return bytes([1, 0, 2, 7, 0, 0, 0, 0])


def _size(rack: Rack, _bms: Bms) -> bytes:
    modules = rack.cell_count // rack.cells_per_module
    volts = round(3.2 * rack.cell_count)
    return struct.pack(
        "<HBBHH", rack.cell_count, modules, rack.cells_per_module, volts, round(rack.max_current_a)
    )
