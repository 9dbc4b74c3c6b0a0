"""What the box knows of itself over all its restarts."""

from datetime import datetime

import msgspec

from appliance.model.battery_memory import BalanceEpisode
from appliance.model.memory import FullCharge
from appliance.model.word import Word


class FirmwareChange(Word, frozen=True):
    """Another version was started."""

    at: datetime
    before: str
    after: str


class SystemInfo(Word, frozen=True):
    """Counted since the box was new. What was never seen is None, not 0."""

    firmware_version: str = ""
    firmware_changes: int = 0
    firmware_history: tuple[FirmwareChange, ...] = ()
    """The last ones, oldest first."""
    boots: int = 0
    """Starts of the computer."""
    last_boot_at: datetime | None = None
    """When the core first ran after the computer's last start."""
    boot_id: str = ""
    """The computer's own name for its last start."""
    starts: int = 0
    """Starts of the core."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """None while it runs, and after an end that was none: a crash, a power cut."""
    power_cuts: int = 0
    """Starts of the computer without a clean end of the core before."""
    crashes: int = 0
    """Starts of the core alone without a clean end before."""
    run_s: float = 0.0
    """Time the core has decided."""
    running_s: float = 0.0
    """Of it in the state RUN."""
    sleeping_s: float = 0.0
    """Of it in the state SLEEP: empty."""
    mode: str = ""
    mode_changes: int = 0
    mode_changed_at: datetime | None = None
    state_changes: int = 0
    state_changed_at: datetime | None = None
    errors_raised: int = 0
    charged_wh: float = 0.0
    """Integral of the battery's own power, at its DC terminals."""
    discharged_wh: float = 0.0
    power_unknown_s: float = 0.0
    """Time without a reading of that power; nothing is integrated meanwhile."""
    soc_delta_pct: float | None = None
    """What is added to the BMS's state of charge."""
    soh_pct: float | None = None
    last_full_at: datetime | None = None
    full: FullCharge | None = None
    """From when to when, as the cycles saw it."""
    bms_asleep_s: float = 0.0
    balancing: tuple[BalanceEpisode, ...] = ()
    """The last episodes of cell balancing, oldest first."""
    contactor_closings: int = 0
    """Of all racks together; the contactors wear with it."""
    rack_closings: dict[int, int] = msgspec.field(default_factory=dict)
    """By number of the rack."""
