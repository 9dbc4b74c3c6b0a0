"""The words of the product: readings, requests, Snapshot, Setpoints, Decision.

Power into the site's AC bus is positive, everywhere:

    grid     + import      − export
    battery  + discharge   − charge
    pv       + production
    load = grid + battery + pv

Reactive power follows the same direction. Drivers alone convert. The unit is in the name
(`_w _wh _v _a _c _hz _s _va _var _pct`); instants end in `_at` (aware UTC); `now_s` and other
plain seconds are monotonic. A value that is not known is `None`, never 0.
"""

from datetime import datetime
from enum import StrEnum

import msgspec


class Word(msgspec.Struct, frozen=True, gc=False):
    """A frozen value that may cross threads and processes."""


# ---------------------------------------------------------------- what devices report


class PhaseReading(Word, frozen=True):
    """One phase of a meter or an inverter."""

    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    reactive_var: float | None = None


class RackReading(Word, frozen=True):
    """One rack: packs in series with one BMS and its contactors. Current and power: discharge +."""

    rack: int
    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    cell_min_v: float | None = None
    cell_max_v: float | None = None
    cell_avg_v: float | None = None
    cell_min_v_at: str | None = None
    """Which cell, as "rack.cell" counted from 1: "2.14" is cell 14 of rack 2."""
    cell_max_v_at: str | None = None
    cell_min_c: float | None = None
    cell_max_c: float | None = None
    cell_avg_c: float | None = None
    cell_min_c_at: str | None = None
    cell_max_c_at: str | None = None
    max_charge_w: float | None = None
    max_discharge_w: float | None = None
    contactors_closed: bool | None = None
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class BatteryState(StrEnum):
    """What the BMS says it is doing."""

    STANDBY = "standby"
    """Contactors open, ready to close."""
    PRECHARGE = "precharge"
    CONNECTED = "connected"
    FAULT = "fault"
    UNKNOWN = "unknown"


class BatteryReading(Word, frozen=True):
    """All racks of this appliance. Current and power: discharge +. Limits: magnitudes, at the DC terminals."""

    state: BatteryState
    voltage_v: float | None = None
    current_a: float | None = None
    power_w: float | None = None
    soc_pct: float | None = None
    soh_pct: float | None = None
    soe_wh: float | None = None
    """Energy that could be discharged now."""
    max_charge_w: float | None = None
    max_discharge_w: float | None = None
    faults: tuple[str, ...] = ()
    racks: tuple[RackReading, ...] = ()


class InverterState(StrEnum):
    """What the inverter says it is doing."""

    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    FAULT = "fault"
    UNKNOWN = "unknown"


class InverterReading(Word, frozen=True):
    """An inverter at its AC terminals. Power: into the AC bus (discharge) +."""

    state: InverterState
    power_w: float | None = None
    reactive_var: float | None = None
    phases: tuple[PhaseReading, ...] = ()
    frequency_hz: float | None = None
    dc_voltage_v: float | None = None
    temperature_c: float | None = None
    faults: tuple[str, ...] = ()


class MeterReading(Word, frozen=True):
    """A meter. Grid: import +. PV: production +."""

    power_w: float | None = None
    reactive_var: float | None = None
    phases: tuple[PhaseReading, ...] = ()
    frequency_hz: float | None = None
    import_wh: float | None = None
    export_wh: float | None = None


class SensorReading(Word, frozen=True):
    """The air in the box."""

    temperature_c: float | None = None
    humidity_pct: float | None = None
    pressure_hpa: float | None = None


class BoardReading(Word, frozen=True):
    """The front of the box. `estop_pressed` is True when pressed or when its wire is broken."""

    estop_pressed: bool
    buttons_pressed: tuple[str, ...] = ()


# ---------------------------------------------------------------- what people and machines ask


class State(StrEnum):
    """States of the box; `statemachine/states.py` says what each allows."""

    INIT = "init"
    STARTING = "starting"
    RUN = "run"
    STOPPING = "stopping"
    SLEEP = "sleep"
    """Empty: disconnected by itself until there is energy to store."""
    IDLE = "idle"
    MAINTENANCE = "maintenance"
    ERROR = "error"
    RESTART = "restart"
    REBOOT = "reboot"


class GoToMode(Word, frozen=True, tag="mode"):
    """Use another control mode."""

    mode: str


class GoToState(Word, frozen=True, tag="state"):
    """Go to RUN, IDLE, MAINTENANCE, RESTART or REBOOT, in the proper order."""

    state: State


class SetPower(Word, frozen=True, tag="setpoint"):
    """Hold this battery power (discharge +) for `duration_s`; only in the mode local_control."""

    power_w: float
    duration_s: float


class AckErrors(Word, frozen=True, tag="ack"):
    """A person has seen this error (or all of them, None). Never clears one."""

    number: int | None = None


class ResetEstop(Word, frozen=True, tag="reset_estop"):
    """Release the latched emergency stop; only once the button itself is released."""


Want = GoToMode | GoToState | SetPower | AckErrors | ResetEstop


class Request(Word, frozen=True):
    """Somebody asks for something; the same state machine and limits answer everyone."""

    id: str
    source: str
    """Who asks: touchscreen, cloud, ctl, button."""
    want: Want


class Answer(Word, frozen=True):
    """Every request gets one. `reason` says what happened, or why not."""

    id: str
    ok: bool
    reason: str


# ---------------------------------------------------------------- what the cycle sees and says


class Setpoints(Word, frozen=True):
    """What is commanded. The default is the safe one: 0 W, inverter off, contactors open."""

    power_w: float = 0.0
    """Battery power at the inverter's AC terminals, discharge +."""
    reactive_var: float = 0.0
    inverter_on: bool = False
    contactors_closed: bool = False
    reset_faults: bool = False
    """Ask devices to acknowledge their own faults (only while starting)."""


SAFE = Setpoints()


class ManualPower(Word, frozen=True):
    """An accepted SetPower, until `until_s`."""

    power_w: float
    until_s: float


class Effect(StrEnum):
    """What an error forbids."""

    NO_CHARGE = "no charge"
    NO_DISCHARGE = "no discharge"
    STOP = "stop"
    """Power to zero, inverter off, contactors open, in this order; state ERROR until it has cleared."""
    EMERGENCY_STOP = "emergency stop"
    """STOP without waiting."""


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


class Wish(Word, frozen=True):
    """What a mode would like, discharge +. None: it cannot say, and `reason` says what is missing."""

    power_w: float | None
    reason: str = ""
    wants_w: float | None = None
    """Where the mode is heading, when `power_w` is only a step on the way."""


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

    @property
    def load_w(self) -> float | None:
        """Site consumption: grid + battery + pv; None unless all that are metered are known."""
        seen = self.snapshot
        sources = [seen.grid, seen.inverter]
        if "meters.pv" in self.ages_s:
            sources.append(seen.pv)
        known = [one.power_w for one in sources if one is not None and one.power_w is not None]
        return sum(known) if len(known) == len(sources) else None
