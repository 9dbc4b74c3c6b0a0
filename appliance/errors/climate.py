"""Conditions of the errors of fans, heaters, moist air and relays."""

from appliance.errors.battery import NOWHERE, Sources
from appliance.model import Memory, Snapshot
from appliance.site import SiteSettings


def fan_stands(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """Told to turn, and its tacho says that it does not."""
    if seen.climate is None:
        return NOWHERE
    return tuple([f"fan {one.name}" for one in seen.climate.actuators if one.stalled])


def condensation(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """The dew point has come too near to the coldest cell or surface of a zone."""
    if seen.climate is None:
        return NOWHERE
    return tuple(
        [
            f"{zone.name}: dew point {zone.dew_point_c:.0f} °C, coldest {zone.coldest_c:.0f} °C"
            for zone in seen.climate.zones
            if zone.condensing and zone.dew_point_c is not None and zone.coldest_c is not None
        ]
    )


def climate_silent(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """Its thread says nothing, or one of its outputs cannot be written or read."""
    if site.climate is None:
        return NOWHERE
    if seen.climate is None:
        return ("climate",)
    return tuple([f"{one.kind} {one.name}" for one in seen.climate.actuators if one.silent])


def relay_silent(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """A relay that cannot be written, or does not do what it is told."""
    wrong = []
    for name in site.relays:
        relay = seen.relays.get(name)
        if relay is None:
            wrong.append(f"relay {name}")
        elif relay.on is not None and relay.on is not relay.commanded:
            wrong.append(f"relay {name}: does not follow")
    return tuple(wrong)
