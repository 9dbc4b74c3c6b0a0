"""Which entry of the charge schedules holds now: the cloud's, and the local one where the cloud has none."""

from datetime import datetime
from typing import Final

from appliance.model import Memory, Schedule, ScheduleEntry, Snapshot

CLOUD: Final = "cloud"
Found = tuple[str, ScheduleEntry]
"""Whose it is, and the entry."""


def entry_at(schedule: Schedule, utc: datetime) -> ScheduleEntry | None:
    """The entry that holds then; they are in the order of time. None: there is none."""
    for entry in schedule.entries:
        if utc < entry.end_at:
            return entry if entry.start_at <= utc else None
    return None


def scheduled(seen: Snapshot, memory: Memory, cloud_away_s: float | None) -> Found | None:
    """What holds now; None: nothing does. A cloud that is away for longer than `cloud_away_s` does not count."""
    since_s = memory.cloud_away_since_s
    gone = cloud_away_s is not None and since_s is not None and seen.now_s - since_s > cloud_away_s
    found: Found | None = None
    for schedule in memory.schedules:
        if schedule.source == CLOUD and gone:
            continue
        entry = entry_at(schedule, seen.utc)
        if entry is not None and (found is None or schedule.source == CLOUD):
            found = schedule.source, entry
    return found
