"""What must never be while people have their hands in the box."""

from typing import Final

from appliance.errors.battery import NOWHERE, Sources
from appliance.model import BatteryState, InverterState, Memory, Snapshot, State
from appliance.site import SiteSettings

FLOWS_A: Final = 1.0


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
