"""What time takes away: powers from outside, entries of charge schedules; for how long the cloud is away."""

import msgspec

from appliance.model import Memory, Schedule, Snapshot


def passed(memory: Memory, seen: Snapshot) -> Memory:
    """The memory without what has expired."""
    if memory.external is not None and seen.now_s >= memory.external.until_s:
        memory = msgspec.structs.replace(memory, external=None)
    away = seen.cloud_connected is False
    if away != (memory.cloud_away_since_s is not None):
        since_s = seen.now_s if away else None
        memory = msgspec.structs.replace(memory, cloud_away_since_s=since_s)
    if memory.schedules and seen.clock_trusted is not False:
        utc = seen.utc
        if any(one.entries[0].end_at <= utc for one in memory.schedules):
            kept = tuple(_left(one, seen) for one in memory.schedules)
            kept = tuple(one for one in kept if one.entries)
            memory = msgspec.structs.replace(memory, schedules=kept)
    return memory


def _left(schedule: Schedule, seen: Snapshot) -> Schedule:
    left = tuple(entry for entry in schedule.entries if entry.end_at > seen.utc)
    return msgspec.structs.replace(schedule, entries=left)
