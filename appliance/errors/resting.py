"""Does a current flow through the battery? What nobody tells is no rest: it is waited for."""

from math import isfinite
from typing import Final

from appliance.model import BatteryReading, InverterReading, InverterState, RackReading, Snapshot

CURRENT_BOUND_A: Final = 1.0
"""Contactors open below this current; opening under load wears them out."""
LEAST_V: Final = 100.0
"""Where a power has no voltage: the current is rather taken for too large."""
KNOWN_OFF: Final = frozenset({InverterState.OFF, InverterState.FAULT})


def flowing_a(told: BatteryReading | RackReading) -> float | None:
    """Magnitude in A, the larger of what its current and its power say; None: it says neither. NaN stays NaN."""
    power_w, volts = told.power_w, told.voltage_v
    found = [] if told.current_a is None else [abs(told.current_a)]
    if power_w is not None and isfinite(power_w):
        at_v = volts if volts is not None and isfinite(volts) and volts > LEAST_V else LEAST_V
        found.append(abs(power_w) / at_v)
    return max(found, default=None)


def at_rest(seen: Snapshot) -> bool:
    """Known to carry (almost) no current: by the battery, or by an inverter that is off where the battery is mute."""
    amps = None if seen.battery is None else flowing_a(seen.battery)
    return _dead(seen.inverter) if amps is None else amps < CURRENT_BOUND_A


def flows(seen: Snapshot) -> bool:
    """The battery says that a current flows, or what is no number."""
    amps = None if seen.battery is None else flowing_a(seen.battery)
    return amps is not None and not amps < CURRENT_BOUND_A


def _dead(inverter: InverterReading | None) -> bool:
    if inverter is None or inverter.state not in KNOWN_OFF:
        return False
    power_w = inverter.power_w
    return power_w is None or abs(power_w) < CURRENT_BOUND_A * LEAST_V
