"""What does the inverter do, and what is wrong with it? States and event bits in words."""

from collections.abc import Mapping
from typing import Final, Literal

from appliance.io.registers import Values
from appliance.io.sunspec.definitions import Definition
from appliance.model import InverterState

VendorEvents = Literal["fault", "warning", "ignore"]
_OFF, _STARTING, _RUNNING = InverterState.OFF, InverterState.STARTING, InverterState.RUNNING
_FAULT = InverterState.FAULT

INVERTER_STATES: Final = {  # 701 InvSt
    0: _OFF, 1: _OFF, 2: _STARTING, 3: _RUNNING, 4: _RUNNING, 5: _OFF, 6: _FAULT, 7: _OFF,
}  # fmt: skip
STANDBY_701: Final = 7
OLD_STATES: Final = {  # 101, 102, 103 and 111, 112, 113 St
    1: _OFF, 2: _OFF, 3: _STARTING, 4: _RUNNING, 5: _RUNNING, 6: _OFF, 7: _FAULT, 8: _OFF,
}  # fmt: skip
STANDBY_OLD: Final = 8
CONDITIONS: Final = frozenset(
    {"AC_DISCONNECT", "DC_DISCONNECT", "GRID_DISCONNECT", "MANUAL_SHUTDOWN"}
)
"""Bits that are also set while it is simply off: a fault only when its state says so."""
STANDARD: Final = ("Alrm", "Evt1")
VENDOR: Final = ("Evt2", "EvtVnd1", "EvtVnd2", "EvtVnd3", "EvtVnd4")


def state(values: Values, *, standby_runs: bool) -> tuple[InverterState, str]:
    """What it is doing, and the fault that an unknown number is."""
    number = values.get("inverter_state")
    table, standby = INVERTER_STATES, STANDBY_701
    if number is None:
        number = values.get("old_state")
        table, standby = OLD_STATES, STANDBY_OLD
    if number is None:
        return _by_switch(values), ""
    if standby_runs and int(number) == standby:
        return _RUNNING, ""
    found = table.get(int(number))
    return (_FAULT, f"unknown state {number:.0f}") if found is None else (found, "")


def _by_switch(values: Values) -> InverterState:
    """A device that tells only whether it is on, or connected."""
    for name in ("on", "connected"):
        number = values.get(name)
        if number is not None:
            return _RUNNING if number else _OFF
    return InverterState.UNKNOWN


def events(
    values: Values, definition: Definition, *, faulty: bool, vendor: VendorEvents
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Faults and warnings in words, from the bits that are set."""
    faults: list[str] = []
    warnings: list[str] = []
    for point in STANDARD:
        symbols = definition.points[point].symbols if point in definition.points else {}
        for bit in _bits(values.get(point)):
            name = symbols.get(bit)
            harmless = name in CONDITIONS and not faulty
            (warnings if harmless else faults).append(_word(point, bit, symbols))
    if vendor != "ignore":
        listed = faults if vendor == "fault" else warnings
        listed += [_word(point, bit, {}) for point in VENDOR for bit in _bits(values.get(point))]
    return tuple(faults), tuple(warnings)


def _word(point: str, bit: int, symbols: Mapping[int, str]) -> str:
    name = symbols.get(bit)
    return f"event {point} bit {bit}" if name is None else name.lower().replace("_", " ")


def _bits(value: float | None) -> list[int]:
    number = 0 if value is None else int(value)
    return [bit for bit in range(32) if number >> bit & 1]
