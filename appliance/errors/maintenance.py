"""What must never be while people have their hands in the box."""

from typing import Final

from appliance.errors.battery import NOWHERE, Sources
from appliance.errors.resting import KNOWN_OFF, at_rest
from appliance.model import BatteryReading, BatteryState, InverterState, Memory, Snapshot, State
from appliance.site import SiteSettings

FLOWS_A: Final = 1.0
KNOWN_OPEN: Final = frozenset({BatteryState.STANDBY, BatteryState.FAULT})
WAITS: Final = (State.STOPPING, State.IDLE, State.ERROR)
"""States from which maintenance begins."""


def live_in_maintenance(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Something has closed or started by itself, or a current flows through contacts that say they are open."""
    if memory.state is not State.MAINTENANCE:
        return NOWHERE
    battery, inverter = seen.battery, seen.inverter
    live = []
    if battery is not None:
        closed = battery.state is BatteryState.CONNECTED or any(
            rack.contactors_closed for rack in battery.racks
        )
        flows = battery.current_a is not None and abs(battery.current_a) >= FLOWS_A
        if flows or (closed and battery.has_contactors):
            live.append("battery")
    if inverter is not None and inverter.state is InverterState.RUNNING:
        live.append("inverter")
    return tuple(live)


def maintenance_waits(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Asked for, and not begun: what is not known to be off and open."""
    if memory.goal is not State.MAINTENANCE or memory.state not in WAITS:
        return NOWHERE
    return unsafe(seen)


def unsafe(seen: Snapshot) -> Sources:
    """What forbids that people put their hands on it, in words: an assumption is not enough."""
    battery, inverter = seen.battery, seen.inverter
    found = []
    if inverter is None:
        found.append("inverter: is not heard")
    elif inverter.state not in KNOWN_OFF:
        found.append(f"inverter: says that it is {inverter.state}")
    if battery is None:
        return (*found, "battery: is not heard")
    if battery.has_contactors:
        return (*found, *_not_open(battery, at_rest(seen)))
    # Only its own switch opens it, and that is for those people to do.
    if battery.current_a is None or not at_rest(seen):
        found.append("battery: its current flows, or is not known")
    return tuple(found)


def _not_open(battery: BatteryReading, rests: bool) -> Sources:
    found = [
        f"rack {rack.rack}: is closed" if rack.contactors_closed
        else f"rack {rack.rack}: does not say that it is open"
        for rack in battery.racks
        if rack.contactors_closed is not False
    ]  # fmt: skip
    if battery.state not in KNOWN_OPEN:
        found.append(f"battery: says that it is {battery.state}")
    elif not battery.racks:
        found.append("battery: says nothing of its racks")
    elif not rests:
        found.append("battery: its current flows, or is not known")
    return tuple(found)
