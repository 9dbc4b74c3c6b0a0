"""How fast the battery can empty."""

from typing import Final

from appliance.model import Memory, Snapshot
from appliance.site import SiteSettings

LONGEST_CYCLE_S: Final = 0.3


def most_discharge_w(seen: Snapshot, memory: Memory, site: SiteSettings) -> float:
    """What the limits left in the cycle before (magnitude). Where that may be the ramp's doing: what comes after it.

    A ramp holds a resting battery to next to nothing, and is over in seconds.
    """
    left_w, ramp_w_per_s = memory.limits.max_discharge_w, site.control.ramp_w_per_s
    if ramp_w_per_s is None or memory.decided_at_s is None:
        return left_w
    cycle_s = max(seen.now_s - memory.decided_at_s, LONGEST_CYCLE_S)
    reached_w = max(0.0, memory.commanded.power_w) + ramp_w_per_s * cycle_s
    if not 0.0 < left_w <= reached_w:
        return left_w
    told_w = None if seen.battery is None else seen.battery.max_discharge_w
    rated_w = site.inverter.max_discharge_w
    return rated_w if told_w is None else min(rated_w, told_w)
