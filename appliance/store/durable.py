"""What must survive a restart of the core."""

import msgspec

from appliance.model import NO_CAP, ActiveError, PowerCap, Schedule, State


class MemoryLostError(Exception):
    """What the last run left cannot be read; the text says why."""


class Durable(msgspec.Struct, frozen=True, kw_only=True):
    """What must survive a restart of the core."""

    mode: str | None = None
    mode_by: str = "site.toml"
    scheduled: str | None = None
    """The mode that the site's schedule had named last."""
    goal: State | None = None
    """RUN, IDLE or MAINTENANCE: what somebody asked for last; None on a new box."""
    latched: tuple[ActiveError, ...] = ()
    """Errors only a person may reset; a restart is not a person."""
    awaits_start: bool = False
    """An emergency stop was reset, and nobody has started the box since."""
    cap: PowerCap = NO_CAP
    """What the owner lets the battery do at most."""
    racks_suspect: tuple[int, ...] = ()
    """Racks that had a destroyed cell, and are not well yet."""
    schedules: tuple[Schedule, ...] = ()
    """Charge schedules, one of each source that has any."""
