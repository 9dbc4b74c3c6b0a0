"""What the cycle sees and says: Snapshot, Wish, Limits, Decision."""

from datetime import datetime

import msgspec

from appliance.model.backup import BackupMemory
from appliance.model.errors import ActiveError
from appliance.model.health import HealthReading
from appliance.model.market import Market, Schedule
from appliance.model.memory import (
    NO_CAP,
    ForcedActuator,
    ManualPower,
    Memory,
    PowerCap,
    RunningTest,
    Setpoints,
)
from appliance.model.readings import (
    BatteryReading,
    BoardReading,
    ClimateReading,
    InverterReading,
    MeterReading,
    RelayReading,
    SensorReading,
)
from appliance.model.requests import Answer, Request, State
from appliance.model.wishes import Heard, Limits
from appliance.model.word import Word


class GridView(Word, frozen=True):
    """What the watch over the grid says."""

    steady_s: float
    """For so long inside the connection window."""
    wait_s: float
    """Until the inverter may start: 0 once the grid has been inside for as long as the code wants."""
    outlasted: tuple[str, ...] = ()
    """Protection stages that the inverter should not have outlasted; only where site.toml names a grid code."""
    frequency_hz: float | None = None
    low_v: float | None = None
    high_v: float | None = None
    """Of the phases that are wired, line to neutral."""
    lost: bool = False
    """Next to no voltage on any phase."""
    outside: tuple[str, ...] = ()
    """Protection stages beyond which the grid has been for longer than they allow, whoever feeds."""
    rocof_hz_per_s: float | None = None
    """How fast the frequency moves; None: too few new readings in the last second."""
    excess_s: float = 0.0
    """For so long the connection has carried more than it may."""


class BatteryView(Word, frozen=True):
    """What the watch over the battery says, where there is anything to say."""

    rises_c: tuple[tuple[int, float], ...] = ()
    """By rack: how far its warmest cell has risen within a minute."""
    useless: str = ""
    """Why nothing that the BMS says is of use, in words."""
    useless_s: float = 0.0
    """For so long."""


class Snapshot(Word, frozen=True):
    """Everything known at one instant. A reading that is missing or too old is None."""

    now_s: float
    utc: datetime
    battery: BatteryReading | None = None
    inverter: InverterReading | None = None
    grid: MeterReading | None = None
    pv: MeterReading | None = None
    box: SensorReading | None = None
    board: BoardReading | None = None
    requests: tuple[Request, ...] = ()
    workers_down: tuple[str, ...] = ()
    """Names of threads and processes that ended and wait for their restart."""
    clock_trusted: bool | None = None
    cloud_connected: bool | None = None
    """None: this box has no cloud process."""
    memory: Memory | None = None
    """Recorded so that a replay can start anywhere."""
    sensors: dict[str, SensorReading | None] = msgspec.field(default_factory=dict)
    """Every other sensor by its name in site.toml; `box` has its own place."""
    meters: dict[str, MeterReading | None] = msgspec.field(default_factory=dict)
    """Every other meter by its name in site.toml; `grid` and `pv` have their own places."""
    climate: ClimateReading | None = None
    grid_view: GridView | None = None
    frozen: tuple[str, ...] = ()
    """Values that stopped changing although power flows; they count as missing."""
    relays: dict[str, RelayReading | None] = msgspec.field(default_factory=dict)
    """Every relay by its name in site.toml."""
    battery_view: BatteryView | None = None
    health: HealthReading | None = None
    """The box's own: disk, wires, wear, update."""
    market: Market | None = None
    """Prices, imbalance, plan and orders that hold now; None: this box is told nothing of them."""


class Decision(Word, frozen=True):
    """What one cycle decided, and why, in one sentence."""

    cycle: int
    now_s: float
    utc: datetime
    state: State
    goal: State
    """The state somebody asked for last."""
    mode: str
    mode_by: str
    """Who chose the mode: touchscreen, cloud, ctl, site.toml."""
    setpoints: Setpoints
    wish_w: float | None
    limits: Limits
    errors: tuple[ActiveError, ...]
    answers: tuple[Answer, ...]
    manual: ManualPower | None
    why: str
    forced: tuple[ForcedActuator, ...] = ()
    """Fans and heaters that a person holds."""
    update_allowed: bool = False
    """New software may be put in place now."""
    cap: PowerCap = NO_CAP
    test: RunningTest | None = None
    """Somebody tests the box."""
    test_ended: str = ""
    """Why the last test ended; "" before the first, and while one runs."""
    awaits_start: bool = False
    """An emergency stop was reset, and nobody has started the box since."""
    heard: tuple[Heard, ...] = ()
    """Every mode that was asked, the first in priority first, with its answer; empty outside RUN."""
    scheduled: str | None = None
    """The mode that the site's schedule names."""
    wish_var: float | None = None
    """Reactive power as somebody wants it, a mode or the site's policy; None: nobody wants any."""
    backup: BackupMemory | None = None
    """The island and the tests of it; None: this box has no backup."""
    racks_suspect: tuple[int, ...] = ()
    """Racks that had a destroyed cell while they were open, and are not well yet."""
    schedules: tuple[Schedule, ...] | None = None
    """The charge schedules from now on, in a cycle that has changed them; else None, and the memory has them."""


class Moment(Word, frozen=True):
    """One cycle: what was seen and what was decided."""

    snapshot: Snapshot
    decision: Decision


class Recorded(Snapshot, frozen=True):
    """One line of a recording: a Snapshot and what was decided then."""

    decision: Decision | None = None
