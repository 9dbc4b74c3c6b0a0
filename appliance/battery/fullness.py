"""When the battery was last full, and for how long."""

from datetime import timedelta
from typing import Final

import msgspec

from appliance.model import FULL_AGAIN, BatteryReading, FullCharge, Memory, Snapshot

FULL_PCT: Final = 99.5
"""Where neither BMS nor estimator says whether it is full."""
NOTED: Final = timedelta(seconds=10)
"""The end moves on this often while it is full."""


def is_full(battery: BatteryReading | None) -> bool:
    """It says so itself, or its state of charge does where it does not."""
    if battery is None:
        return False
    if battery.full is not None:
        return battery.full
    return battery.soc_pct is not None and battery.soc_pct >= FULL_PCT


def fullness(memory: Memory, seen: Snapshot) -> Memory:
    """The memory with what was learnt now; nothing while nobody knows the time."""
    if not is_full(seen.battery) or seen.clock_trusted is False:
        return memory
    last, utc = memory.full, seen.utc
    if last is not None and utc < last.since_at - FULL_AGAIN:
        last = None  # the clock was wrong then
    if last is None:
        full = FullCharge(utc, utc)
    elif utc - last.until_at > FULL_AGAIN:
        full = FullCharge(utc, utc, last.until_at)
    elif utc - last.until_at >= NOTED:
        full = msgspec.structs.replace(last, until_at=utc)
    else:
        return memory
    return msgspec.structs.replace(memory, full=full)
