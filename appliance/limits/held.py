"""What the box itself holds back: for an error, for the ramp, for its owner."""

from math import inf
from typing import Final

from appliance.limits.row import CLOSED, FREE, Caps
from appliance.model import STOPS, Effect, Memory, Snapshot
from appliance.site import SiteSettings

HOLDING: Final = STOPS | {Effect.NO_CHARGE, Effect.NO_DISCHARGE, Effect.DERATE}


def errors(_seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """What the raised errors still leave."""
    if not memory.errors:
        return FREE
    charge_w = discharge_w = inf
    for error in memory.errors:
        if not STOPS.isdisjoint(error.effects):
            return CLOSED
        if Effect.NO_CHARGE in error.effects:
            charge_w = 0.0
        if Effect.NO_DISCHARGE in error.effects:
            discharge_w = 0.0
        if Effect.DERATE in error.effects:
            share = (error.derate_pct or 0.0) / 100.0
            charge_w = min(charge_w, site.inverter.max_charge_w * share)
            discharge_w = min(discharge_w, site.inverter.max_discharge_w * share)
    return charge_w, discharge_w


def because_errors(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> str:
    """The worst of those that hold power back: they are sorted."""
    holding = (e for e in memory.errors if not HOLDING.isdisjoint(e.effects))
    return next((f"error {e.number} {e.title}" for e in holding), "an error")


def ramp(seen: Snapshot, memory: Memory, site: SiteSettings) -> Caps:
    """Power may rise so fast; it may always fall at once."""
    rate_w_per_s, before_s = site.control.ramp_w_per_s, memory.decided_at_s
    if rate_w_per_s is None or before_s is None:
        return FREE
    step_w = rate_w_per_s * (seen.now_s - before_s)
    power_w = memory.commanded.power_w
    return max(0.0, -power_w) + step_w, max(0.0, power_w) + step_w


def no_ramp(site: SiteSettings) -> bool:
    """The site does not ask for one."""
    return site.control.ramp_w_per_s is None


def because_ramp(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """The site's own."""
    return "the ramp"


def cap(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> Caps:
    """What the owner has asked for."""
    cap = memory.cap
    if cap.max_charge_w is None and cap.max_discharge_w is None:
        return FREE
    return (
        inf if cap.max_charge_w is None else cap.max_charge_w,
        inf if cap.max_discharge_w is None else cap.max_discharge_w,
    )


def because_cap(_seen: Snapshot, _memory: Memory, _site: SiteSettings) -> str:
    """Whose wish it is."""
    return "the owner's cap"
