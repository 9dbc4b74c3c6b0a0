"""What LuxPower's numbers mean: states, faults and warnings (Lux Power "Modbus RTU Protocol" V23, L1; lxp-bridge, L2)."""

from typing import Final, NamedTuple

from appliance.model import InverterState


class Doing(NamedTuple):
    """One operating state."""

    state: InverterState
    grid_forming: bool = False
    """It makes the grid of its backup output itself."""


_RUN, _ISLAND = Doing(InverterState.RUNNING), Doing(InverterState.RUNNING, grid_forming=True)
STANDBY: Final = 0x00
FAULT: Final = 0x01
STATES: Final = {
    STANDBY: Doing(InverterState.OFF),
    FAULT: Doing(InverterState.FAULT),
    0x02: Doing(InverterState.UNKNOWN),  # programming: it is being updated
    0x04: _RUN,  # PV to grid
    0x08: _RUN,  # PV charging
    0x0C: _RUN,  # PV charging and to grid
    0x10: _RUN,  # battery to grid
    0x11: _RUN,  # bypass (L2)
    0x14: _RUN,  # PV and battery to grid
    0x19: _RUN,  # PV charging, bypass (L2)
    0x20: _RUN,  # AC charging
    0x28: _RUN,  # PV and AC charging
    0x40: _ISLAND,  # battery, off-grid
    0x60: _ISLAND,  # off-grid and charging, AC coupled
    0x80: _ISLAND,  # PV, off-grid
    0x88: _ISLAND,  # PV charging, off-grid
    0xC0: _ISLAND,  # PV and battery, off-grid
}

FAULTS: Final = {
    0: "internal communication 1",
    1: "model",
    2: "battery MOS (L2)",
    3: "current transformer (L2)",
    8: "CAN between parallel inverters",
    9: "no host among parallel inverters",
    10: "rated powers differ, or several masters",
    11: "AC connection or safety setting inconsistent",
    12: "short circuit at the backup output",
    13: "reverse current at the backup output",
    14: "bus short circuit",
    15: "phases wrong in a three-phase system",
    16: "relay",
    17: "internal communication 2",
    18: "internal communication 3",
    19: "bus over-voltage",
    20: "backup output connection",
    21: "PV over-voltage",
    22: "over-current",
    23: "neutral",
    24: "PV short circuit",
    25: "heat sink temperature",
    26: "internal",
    27: "processors disagree",
    28: "generator connection",
    29: "synchronisation lost",
    31: "internal communication 4",
}
"""Bits of input registers 60 and 61."""

WARNINGS: Final = {
    0: "battery communication",
    1: "AFCI communication",
    2: "AFCI high, or battery cold",
    3: "meter communication",
    4: "battery forbids charging and discharging",
    5: "auto-test failed",
    6: "rapid shutdown active",
    7: "display communication",
    8: "software versions do not match",
    9: "fan stuck",
    10: "grid overload",
    11: "too many secondary inverters",
    12: "battery MOS, or phase lost",
    13: "over-temperature, or no primary inverter",
    14: "several primary inverters",
    15: "battery reversed",
    16: "no grid",
    17: "grid voltage",
    18: "grid frequency",
    20: "insulation low",
    21: "leakage current",
    22: "DC in the AC current",
    23: "PV short circuit",
    24: "leakage sensor",
    25: "battery voltage high",
    26: "battery voltage low",
    27: "battery not connected",
    28: "backup output overloaded",
    29: "backup output voltage high",
    30: "meter reversed",
    31: "DC voltage high",
}
"""Bits of input registers 62 and 63."""


def bits(table: dict[int, str], letter: str, word: float | None) -> tuple[str, ...]:
    """The texts of the bits that are set; a bit without a text is named by its number."""
    number = int(word or 0)
    return tuple(
        f"{letter}{bit:03} {table.get(bit, 'not in the list')}"
        for bit in range(32)
        if number >> bit & 1
    )
