"""What the cycle sees and says: Snapshot, Setpoints, Decision, and what they are made of."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.health import HealthReading
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
from appliance.model.word import Word


class Setpoints(Word, frozen=True):
    """What is commanded. The default is the safe one: 0 W, inverter off, contactors open."""

    power_w: float = 0.0
    """Battery power at the inverter's AC terminals, discharge +."""
    reactive_var: float = 0.0
    inverter_on: bool = False
    contactors_closed: bool = False
    reset_faults: bool = False
    """Ask devices to acknowledge their own faults (only while starting)."""
    battery_asleep: bool = False
    """Let the BMS sleep; it is woken before anything is asked of it."""
    balancing: bool = False
    """Allow the BMS to balance its cells."""
    racks_open: tuple[int, ...] = ()
    """Racks that stay disconnected while the others work, by number."""
    grid_forming: bool = False
    open_at_once: bool = False
    """Open contactors do not wait for the current to fall: the time for that is over."""


SAFE = Setpoints()


class ManualPower(Word, frozen=True):
    """An accepted SetPower, until `until_s`."""

    power_w: float
    until_s: float


class ForcedActuator(Word, frozen=True):
    """An accepted ForceClimate, until `until_s`."""

    actuator: str
    percent: float
    until_s: float


class RunningTest(Word, frozen=True):
    """A test of the box that somebody has begun; times are monotonic."""

    by: str
    """touchscreen, ctl."""
    key: str
    """Digest of the secret of whoever began it: nobody else may ask for anything in it."""
    until_s: float
    heard_s: float
    """When whoever tests was last heard."""
    by_pin: bool
    """Begun with the installer's PIN; else because the box was in maintenance."""
    returns_to: State
    """The goal when it ends."""
    step: State | None = None
    """On its way up the box goes no further than this; None: as far as it likes."""
    mode: str | None = None
    """The mode it follows; None: 0 W, or the power below."""
    power: ManualPower | None = None
    outputs: tuple[ForcedActuator, ...] = ()
    """Lights and relays that are held."""

    def output(self, name: str, now_s: float) -> float | None:
        """What that output is held at, in percent; None: it is not."""
        for one in self.outputs:
            if one.actuator == name and now_s < one.until_s:
                return one.percent
        return None


class PowerCap(Word, frozen=True):
    """An accepted CapPower: magnitudes; None: not capped."""

    max_charge_w: float | None = None
    max_discharge_w: float | None = None


NO_CAP = PowerCap()


class Effect(StrEnum):
    """What an error forbids."""

    NO_CHARGE = "no charge"
    NO_DISCHARGE = "no discharge"
    STOP = "stop"
    """Power to zero, inverter off, contactors open, in this order; state ERROR until it has cleared."""
    DERATE = "derate"
    """No more than `derate_pct` of the inverter's rating, in both directions."""
    OPEN_CONTACTORS = "open contactors"
    """STOP, and the contactors open within a second whatever flows: the battery itself is in danger."""
    EMERGENCY_STOP = "emergency stop"
    """STOP without waiting."""
    BLOCK_UPDATE = "block update"
    """No new software is put in place meanwhile."""


STOPS = frozenset({Effect.STOP, Effect.OPEN_CONTACTORS, Effect.EMERGENCY_STOP})
"""Effects that stop the box: it goes to ERROR."""


class Severity(StrEnum):
    """How bad an error is, for people."""

    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class ActiveError(Word, frozen=True):
    """One raised row of ERRORS for one source."""

    number: int
    source: str
    severity: Severity
    title: str
    remedy: str
    effects: tuple[Effect, ...]
    since_at: datetime
    latched: bool = False
    """Stays until a person resets it, even when its cause is gone."""
    acknowledged_by: str | None = None
    derate_pct: float | None = None
    """Of the rating, where an effect is DERATE."""

    @property
    def source_name(self) -> str:
        """Without the device's own words behind the colon, which may change while it is raised."""
        return self.source.partition(":")[0]

    @property
    def id(self) -> str:
        """Of this one occurrence: the same in the log, on the screen and in the cloud."""
        since = self.since_at.strftime("%Y%m%dT%H%M%S.%fZ")
        return f"{self.number}-{self.source_name.replace(' ', '_')}-{since}"


class RackApart(Word, frozen=True):
    """A rack that stays disconnected while the others work."""

    rack: int
    since_s: float
    not_before_s: float
    """It rests until then, however well it looks."""
    times: int = 0
    """How often it has left; it rests twice as long each time. 0: it never was connected."""
    waits: str = ""
    """Why it is still out, where that is no fault, in words."""


class RackPause(Word, frozen=True):
    """Power is held low so that a rack may join."""

    until_s: float
    rack: int | None = None
    """It was let in and closes; None: power falls first."""
    asked_at_s: float | None = None
    """When the battery's work was last interrupted for it."""


class RescueCharge(Word, frozen=True):
    """A critically low battery is charged a little from the grid, or was."""

    since_s: float
    rests_until_s: float | None = None
    """It has ended before its goal and does not begin again until then."""
    ended: str = ""
    """Why, in words."""
    in_vain_since_s: float | None = None
    """It is let go, and next to nothing arrives in the battery."""


class Memory(Word, frozen=True):
    """What the cycle before this one left behind: enough to go on from here."""

    state: State = State.INIT
    state_since_s: float = 0.0
    goal: State = State.RUN
    """The state somebody asked for; the machine walks there in order."""
    mode: str = "passive"
    mode_by: str = "default"
    commanded: Setpoints = SAFE
    manual: ManualPower | None = None
    errors: tuple[ActiveError, ...] = ()
    stops: int = 0
    """How often in a row the box was stopped by errors before it had run for a while."""
    forced: tuple[ForcedActuator, ...] = ()
    asleep_until_s: float | None = None
    """The battery was sent to sleep by request; far ahead: until it is woken."""
    balancing_asked: bool = True
    woken_at_s: float | None = None
    """When the battery was last woken."""
    waking: bool = False
    """It was woken and has not answered since."""
    asleep_since_s: float | None = None
    racks_apart: tuple[RackApart, ...] = ()
    rack_pause: RackPause | None = None
    cap: PowerCap = NO_CAP
    """What the owner lets the battery do at most."""
    awaits_start: bool = False
    """An emergency stop was reset, and nobody has started the box since: nothing starts by itself."""
    goal_before: State | None = None
    """What was asked for before a restart was."""
    decided_at_s: float | None = None
    """When the cycle before this one was; None: there was none."""
    rescue: RescueCharge | None = None
    test: RunningTest | None = None
    test_ended: str = ""
    """Why the last test ended; "" before the first, and while one runs."""


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


class Wish(Word, frozen=True):
    """What a mode would like, discharge +. None: it cannot say, and `reason` says what is missing."""

    power_w: float | None
    reason: str = ""
    wants_w: float | None = None
    """Where the mode is heading, when `power_w` is only a step on the way."""
    by: str = ""
    """Who wishes, where it is not the mode."""


class Limits(Word, frozen=True):
    """The tightest limits (magnitudes), and the name of the one that held the wish back, if one did."""

    max_charge_w: float = 0.0
    max_discharge_w: float = 0.0
    binding: str | None = None


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


class Moment(Word, frozen=True):
    """One cycle: what was seen and what was decided."""

    snapshot: Snapshot
    decision: Decision


class Recorded(Snapshot, frozen=True):
    """One line of a recording: a Snapshot and what was decided then."""

    decision: Decision | None = None


class Lateness(Word, frozen=True):
    """How late the control loop's ticks began, in ms, over the last minute."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Scheduling(Word, frozen=True):
    """How the operating system runs the core."""

    wanted: str
    got: str
    memory_locked: bool
    reason: str = ""
    """Why not all that was wanted was obtained."""


class Status(Word, frozen=True):
    """What the core publishes to the screen, the cloud and ctl, ten times a second."""

    site: str
    version: str
    uptime_s: float
    snapshot: Snapshot
    decision: Decision
    ages_s: dict[str, float | None]
    """Age of the last measurement of every source; None: never heard."""
    modes: dict[str, str]
    """Every mode this box can run: name and title."""
    capacity_wh: float
    reserve_pct: float
    """State of charge below which the battery is not discharged."""
    rated_w: float
    """The largest battery power of this site, for scaling pictures."""
    lateness: Lateness | None = None
    without: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """By mode and input: what happens while the input is missing."""
    scheduling: Scheduling | None = None

    @property
    def load_w(self) -> float | None:
        """Site consumption: grid + battery + pv; None unless all that are metered are known."""
        seen = self.snapshot
        sources = [seen.grid, seen.inverter]
        if "meters.pv" in self.ages_s:
            sources.append(seen.pv)
        known = [one.power_w for one in sources if one is not None and one.power_w is not None]
        return sum(known) if len(known) == len(sources) else None
