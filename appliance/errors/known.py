"""Is what an error's condition judges known at all? While it is not, the error neither comes nor goes."""

from collections.abc import Callable
from math import isnan
from typing import Final

from appliance.errors.battery import flow_w
from appliance.errors.cells import BALANCE_SEEN_PCT
from appliance.model import BatteryState, InverterState, RackReading, Snapshot

REST_W: Final = 100.0
"""About what an inverter draws that is on."""
Knows = Callable[[Snapshot, str], bool]
"""Asked for one source, by its name; only while the condition does not hold for it."""


def cells(*fields: str) -> Knows:
    """These values of that rack; one that does not work is not judged, and that is known."""
    every = every_cell(*fields)

    def knows(seen: Snapshot, source: str) -> bool:
        rack = _rack(seen, source)
        if rack is not None and seen.battery is not None and rack not in seen.battery.working:
            return True
        return every(seen, source)

    return knows


def every_cell(*fields: str) -> Knows:
    """These values of that rack, also when it does not work."""

    def knows(seen: Snapshot, source: str) -> bool:
        rack = _rack(seen, source)
        if rack is None:
            return False
        told: list[float | None] = [getattr(rack, name) for name in fields]
        return all(value is not None and not isnan(value) for value in told)

    return knows


def _rack(seen: Snapshot, source: str) -> RackReading | None:
    racks = () if seen.battery is None else seen.battery.racks
    return next((rack for rack in racks if f"rack {rack.rack}" == source), None)


def balance(seen: Snapshot, source: str) -> bool:
    """How far the cells of that rack are apart: seen at rest and away from the ends only."""
    battery = seen.battery
    if battery is None or battery.soc_pct is None or battery.power_w is None:
        return False
    low_pct, high_pct = BALANCE_SEEN_PCT
    quiet = abs(battery.power_w) <= REST_W and low_pct <= battery.soc_pct <= high_pct
    return quiet and every_cell("cell_min_v", "cell_max_v")(seen, source)


def battery_current(seen: Snapshot, _source: str) -> bool:
    """What flows through every rack that works, or through all of them."""
    battery = seen.battery
    if battery is None:
        return False
    return battery.current_a is not None or all(r.current_a is not None for r in battery.working)


def temperature(seen: Snapshot, source: str) -> bool:
    """Of the box, or of the computer whose sensor has this name."""
    sensor = seen.box if source == "box" else seen.sensors.get(source)
    return sensor is not None and sensor.temperature_c is not None


def grid(seen: Snapshot, _source: str) -> bool:
    """Its meter speaks. One that tells no voltage or frequency is no reason to wait: then the inverter has told it,
    and one that is off does not."""
    return seen.grid is not None


def contactors(seen: Snapshot, _source: str) -> bool:
    """Whether the battery is connected."""
    return seen.battery is not None and seen.battery.state is not BatteryState.UNKNOWN


def battery_power(seen: Snapshot, _source: str) -> bool:
    """What flows through the battery."""
    power_w = flow_w(seen.battery)
    return power_w is not None and not isnan(power_w)


def inverter_state(seen: Snapshot, _source: str) -> bool:
    """Whether the inverter runs."""
    return seen.inverter is not None and seen.inverter.state is not InverterState.UNKNOWN
