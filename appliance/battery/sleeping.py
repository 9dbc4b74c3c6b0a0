"""May the battery sleep now? While the box rests: by request, or by itself after a while."""

from typing import Final

import msgspec

from appliance.model import BatteryReading, BatteryState, Memory, Setpoints, Snapshot, State
from appliance.site import SiteSettings

GOALS: Final = {State.IDLE: State.IDLE, State.SLEEP: State.RUN}
"""States in which the battery may sleep, and the goal with which the box stays in them."""


def sleeps(
    state: State, since_s: float, setpoints: Setpoints, seen: Snapshot, memory: Memory, site: SiteSettings
) -> bool:  # fmt: skip
    """Whether the BMS sleeps from now on. Any other wish than to rest wakes it."""
    settings = site.battery.sleep
    resting = GOALS.get(state) is memory.goal and not setpoints.contactors_closed
    if settings.means == "none" or not resting:
        return False
    asleep, now_s = memory.commanded.battery_asleep, seen.now_s
    if not asleep and not is_open(seen.battery):
        return False
    if memory.asleep_until_s is not None:
        return now_s < memory.asleep_until_s
    if asleep:
        asleep_since_s = memory.asleep_since_s
        return asleep_since_s is None or now_s - asleep_since_s < settings.longest_s
    awake_since_s = max(since_s, memory.woken_at_s or since_s)
    return now_s - awake_since_s >= settings.idle_after_s


def is_open(battery: BatteryReading | None) -> bool:
    """Known to be disconnected: what is silent or says no state is not sent to sleep, nor a rack that is closed."""
    return (
        battery is not None
        and battery.state in (BatteryState.STANDBY, BatteryState.FAULT)
        and not any(rack.contactors_closed for rack in battery.racks)
    )


def remember(asleep: bool, seen: Snapshot, memory: Memory) -> Memory:
    """The memory after this cycle's answer."""
    now_s = seen.now_s
    # A BMS may speak in its sleep, and fall silent to wake.
    waking = memory.waking and (seen.battery is None or seen.battery.asleep is True)
    woken = memory.commanded.battery_asleep and not asleep
    until_s = memory.asleep_until_s
    if asleep:
        since_s = memory.asleep_since_s
        return msgspec.structs.replace(
            memory, asleep_since_s=now_s if since_s is None else since_s, waking=False
        )
    if woken or waking != memory.waking or until_s is not None or memory.asleep_since_s is not None:
        return msgspec.structs.replace(
            memory,
            asleep_until_s=None,
            asleep_since_s=None,
            woken_at_s=now_s if woken or until_s is not None else memory.woken_at_s,
            waking=woken or waking,
        )
    return memory
