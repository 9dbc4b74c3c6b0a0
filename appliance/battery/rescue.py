"""The rescue charge: when it begins, goes on and ends. It only ever charges, and any stop ends it."""

from typing import Final

import msgspec

from appliance.errors.battery import flow_w
from appliance.errors.critically_low import (
    LOW,
    critically_low,
    forbids_rescue,
    not_yet_up,
    trickle_w,
)
from appliance.model import Memory, RescueCharge, Snapshot, State, Wish
from appliance.site import SiteSettings

TITLE: Final = "rescue charge"
IN_VAIN_S: Final = 120.0
ARRIVES: Final = 0.2
"""Of the trickle: less is no charge."""
BEGINS: Final = (State.RUN, State.SLEEP, State.IDLE)
GOES_ON: Final = (*BEGINS, State.WAKING, State.PRECHARGE, State.STARTING)


def rescue_next(seen: Snapshot, memory: Memory, site: SiteSettings) -> RescueCharge | None:
    """The rescue charge from now on; None: there is none. `memory` with the errors raised now."""
    rescue, now_s = memory.rescue, seen.now_s
    if rescue is None:
        low = any(error.number == LOW for error in memory.errors)
        begins = low and memory.state in BEGINS and _wanted(memory, site)
        begins = begins and critically_low(seen.battery, site) != ""
        begins = begins and not forbids_rescue(seen, memory, site)
        return RescueCharge(now_s) if begins else None
    if rescue.rests_until_s is not None:
        return rescue if now_s < rescue.rests_until_s else None
    rescue = _in_vain(rescue, seen, memory, site)
    ended = _ended(rescue, seen, memory, site)
    if ended:
        return RescueCharge(rescue.since_s, now_s + site.battery.rescue.pause_s, ended)
    battery = seen.battery
    done = battery is not None and memory.state is State.RUN and not not_yet_up(battery, site)
    return None if done else rescue


def _wanted(memory: Memory, site: SiteSettings) -> bool:
    """Who asked for maintenance, a restart or a test gets it; who asked for rest finds the battery alive."""
    goal = memory.goal
    if memory.test is not None:
        return False
    return goal is State.RUN or (goal is State.IDLE and site.battery.rescue.from_idle)


def _ended(rescue: RescueCharge, seen: Snapshot, memory: Memory, site: SiteSettings) -> str:
    """Why it cannot go on; "" when it can."""
    forbidden = forbids_rescue(seen, memory, site)
    if forbidden:
        return forbidden
    if memory.state not in GOES_ON or not _wanted(memory, site):
        return "the box was stopped"
    vain_s = rescue.in_vain_since_s
    if vain_s is not None and seen.now_s - vain_s > IN_VAIN_S:
        return "nothing of it arrives in the battery"
    longest_s = site.battery.rescue.longest_s
    if seen.now_s - rescue.since_s > longest_s:
        return f"it took longer than {longest_s / 3600.0:.1f} h"
    return ""


def _in_vain(
    rescue: RescueCharge, seen: Snapshot, memory: Memory, site: SiteSettings
) -> RescueCharge:
    """Since when nothing arrives although the box runs; what nobody can see does not arrive."""
    power_w = flow_w(seen.battery)
    arrives = power_w is not None and power_w <= -ARRIVES * trickle_w(site)
    if arrives or memory.state is not State.RUN:
        since_s = None
    else:
        since_s = rescue.in_vain_since_s or seen.now_s
    if since_s == rescue.in_vain_since_s:
        return rescue
    return msgspec.structs.replace(rescue, in_vain_since_s=since_s)


def rescuing(memory: Memory) -> bool:
    """It charges, or is on its way to."""
    return memory.rescue is not None and memory.rescue.rests_until_s is None


def rescue_wish(seen: Snapshot, site: SiteSettings) -> Wish:
    """A trickle, whatever the mode wants."""
    battery = seen.battery
    low = "" if battery is None else not_yet_up(battery, site)
    return Wish(-trickle_w(site), low, by=TITLE)
