"""How the box itself is: its disk, its wires, what it has worn, its last update."""

from typing import Final

from appliance.model.word import Word

ON_BATTERY: Final = "on battery: no main power"
UNDER_VOLTAGE: Final = "under-voltage"
CAN_ACTIVE: Final = "error-active"
"""As it should be: it sends and receives."""
CAN_PASSIVE: Final = "error-passive"
"""So many errors that it keeps quiet about further ones; the next step is bus-off."""
CAN_OFF: Final = "bus-off"
CAN_DOWN: Final = "down"
"""It cannot be opened, or the way to it broke."""


class CanCounts(Word, frozen=True):
    """One CAN bus, as its thread sees it; counted since the thread began."""

    state: str = CAN_ACTIVE
    error_frames: int = 0
    lost: int = 0
    """Frames that nobody fetched in time."""


class PollCounts(Word, frozen=True):
    """One device that is polled; counted since its thread began."""

    device: str
    polls: int = 0
    failed: int = 0


class WireCounts(Word, frozen=True):
    """What the thread of one bus has counted."""

    can: CanCounts | None = None
    devices: tuple[PollCounts, ...] = ()


class CanHealth(Word, frozen=True):
    """One CAN bus over the last minute."""

    bus: str
    state: str
    error_frames: int
    lost: int


class PollHealth(Word, frozen=True):
    """One polled device over the last minute."""

    device: str
    polls: int
    failed: int

    @property
    def failed_pct(self) -> float:
        """Of its polls; 0 when there was none."""
        return 100.0 * self.failed / self.polls if self.polls else 0.0


class WearHealth(Word, frozen=True):
    """A memory that wears out when it is written."""

    name: str
    writes: int
    """Since the box was installed."""
    used_pct: float
    """Of what it is allowed in its life."""


class HealthReading(Word, frozen=True):
    """What the box knows of itself."""

    disk_free_bytes: int | None = None
    """For the box, where its data is."""
    disk_free_pct: float | None = None
    inodes_free_pct: float | None = None
    """None: this file system does not count them."""
    store_corrupt: tuple[str, ...] = ()
    """Stores that were set aside since the computer was started."""
    update_failed: str | None = None
    """Which, and why."""
    can: tuple[CanHealth, ...] = ()
    polled: tuple[PollHealth, ...] = ()
    worn: tuple[WearHealth, ...] = ()
