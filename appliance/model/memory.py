"""What is commanded, and what a cycle leaves behind for the next one."""

from datetime import datetime, timedelta
from typing import Final

from appliance.model.backup import NO_BACKUP, BackupMemory
from appliance.model.errors import ActiveError
from appliance.model.market import Schedule
from appliance.model.requests import State
from appliance.model.wishes import Limits
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
    """Make the grid: only while the switch to it is known open."""
    grid_switch_open: bool | None = None
    """Separate the house from the grid; None: leave that switch as it is."""
    loads_shed: tuple[str, ...] = ()
    """Relays of the loads that are to be off."""
    open_at_once: bool = False
    """Open contactors do not wait for the current to fall: the time for that is over."""


SAFE = Setpoints()


class ManualPower(Word, frozen=True):
    """An accepted SetPower, until `until_s`."""

    power_w: float
    until_s: float
    reactive_var: float | None = None
    heard_s: float | None = None
    """When whoever asked was last heard; None: that is not looked at."""
    by: str = ""


class ExternalPower(Word, frozen=True):
    """An accepted SetExternal, until `until_s`."""

    power_w: float | None
    reactive_var: float | None
    until_s: float
    heard_s: float
    """When whoever asked was last heard."""
    by: str


FULL_AGAIN: Final = timedelta(minutes=30)
"""A battery that rests sinks a little: full again so soon, it has been full all the time."""


class FullCharge(Word, frozen=True):
    """The last time that the battery was full."""

    since_at: datetime
    until_at: datetime
    """Near now while it is."""
    before_at: datetime | None = None
    """When the time before that ended; None: nobody knows of any."""


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
    by: str = ""
    """Who has set it."""


NO_CAP = PowerCap()


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
    opens_s: float | None = None
    """It carried current: power is zero, and it is told to open then at the latest. None: nothing is waited for."""


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
    racks_suspect: tuple[int, ...] = ()
    """Racks that had a cell beyond its limits while they were open, and are not well inside them again."""
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
    limits: Limits = Limits()
    """How far the battery could go in the cycle before."""
    backup: BackupMemory = NO_BACKUP
    scheduled: str | None = None
    """The mode that the site's schedule named last; a choice by hand holds until it names another."""
    reactive_ahead_var: float = 0.0
    """Reactive power that goes before active power, only while the limits of a cycle are asked."""
    external: ExternalPower | None = None
    schedules: tuple[Schedule, ...] = ()
    """Charge schedules, one of each source that has any entry left."""
    cloud_away_since_s: float | None = None
    """None: the cloud is there, or this box has none."""
    full: FullCharge | None = None
    """None: it has never been full, or nobody knows."""
    starts_from_afar: tuple[float, ...] = ()
    """When somebody who is not on site has started the box, within the last hour."""
