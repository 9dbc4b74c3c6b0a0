"""What people and machines ask for, and the answer."""

from enum import StrEnum

from typing_extensions import override

from appliance.model.market import ScheduleEntry
from appliance.model.word import Word


class State(StrEnum):
    """States of the box; `statemachine/states.py` says what each allows."""

    INIT = "init"
    WAKING = "waking"
    """The BMS was asleep and is waited for."""
    PRECHARGE = "precharge"
    """Contactors close, one after the other."""
    STARTING = "starting"
    """Connected; the inverter starts."""
    RUN = "run"
    ISLAND = "island"
    """Without the grid: the house lives on the battery."""
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
    """Hold this battery power (discharge +) for `duration_s`; only in the mode local_control. None: not any more."""

    power_w: float | None
    duration_s: float
    reactive_var: float | None = None
    """None: nothing is asked of it."""


class SetExternal(Word, frozen=True, tag="external"):
    """Do this for `duration_s`, where external control is asked now. None: nothing is asked of that quantity; twice: not any more."""

    power_w: float | None
    """Battery power, discharge +."""
    duration_s: float
    reactive_var: float | None = None


class BeatControl(Word, frozen=True, tag="beat"):
    """Whoever has set a power, from outside or by hand, is still there."""


class PutSchedule(Word, frozen=True, tag="schedule_put"):
    """Replace the charge schedule of this source as a whole."""

    source: str
    """cloud, local."""
    entries: tuple[ScheduleEntry, ...]


class ClearSchedule(Word, frozen=True, tag="schedule_clear"):
    """Forget the charge schedule of this source."""

    source: str


class AckErrors(Word, frozen=True, tag="ack"):
    """A person has seen this error (or all of them, None). Never clears one."""

    number: int | None = None


class ResetEstop(Word, frozen=True, tag="reset_estop"):
    """Release the latched emergency stop; only once the button itself is released."""


class ResetErrors(Word, frozen=True, tag="reset"):
    """Release a latched error (all of them, None) whose cause is gone; the emergency stop has its own."""

    number: int | None = None


class CapPower(Word, frozen=True, tag="cap"):
    """Use no more than this of the battery, magnitudes, until it is changed; None: as much as the rest allows."""

    max_charge_w: float | None = None
    max_discharge_w: float | None = None


class ForceClimate(Word, frozen=True, tag="climate"):
    """Hold a fan or heater at `percent` (0 off, 100 full) for `duration_s`; None: give it back to the rule."""

    actuator: str
    percent: float | None
    duration_s: float = 600.0


class SleepBattery(Word, frozen=True, tag="sleep"):
    """Let the battery sleep for `duration_s` (None: until it is woken), or wake it."""

    asleep: bool
    duration_s: float | None = None


class BalanceCells(Word, frozen=True, tag="balance"):
    """Allow the BMS to balance cells, or forbid it; only where the feature is on."""

    on: bool


class StartTest(Word, frozen=True, tag="test_start"):
    """Begin a test of the box that ends after `duration_s`: in maintenance, or with the installer's PIN."""

    duration_s: float = 600.0
    pin: str | None = None
    """On its way to the core only: there it is checked and taken out."""

    @override
    def __repr__(self) -> str:
        """Without the PIN, which must not get into a log."""
        return f"StartTest({self.duration_s!r})"


class EndTest(Word, frozen=True, tag="test_end"):
    """End the test, whoever began it; the box goes back to what it did before."""


class BeatTest(Word, frozen=True, tag="test_beat"):
    """Whoever tests is still there; without a word for 10 s the test ends."""


class HoldPower(Word, frozen=True, tag="test_power"):
    """Hold this battery power (discharge +) for `duration_s`; only while a test runs, and only in RUN."""

    power_w: float
    duration_s: float


class StepTo(Word, frozen=True, tag="test_state"):
    """Go one state further, or down to rest, and stay there; only while a test runs."""

    state: State


class TryMode(Word, frozen=True, tag="test_mode"):
    """Follow this control mode while the test runs; None: rest at 0 W."""

    mode: str | None


class ForceOutput(Word, frozen=True, tag="test_output"):
    """Hold one output at `percent` (0 off, 100 on) for `duration_s`; None: give it back. Only while a test runs."""

    name: str
    percent: float | None
    duration_s: float = 60.0


class TryBackup(Word, frozen=True, tag="backup_test"):
    """Leave the grid for `duration_s` and come back, with a report; only while the box runs and the grid is there."""

    duration_s: float = 300.0


class EndBackupTest(Word, frozen=True, tag="backup_test_end"):
    """Come back to the grid at once."""


class BlackStart(Word, frozen=True, tag="black_start"):
    """Start without a grid, as an island; only while there is none."""


Want = (
    GoToMode
    | GoToState
    | SetPower
    | AckErrors
    | ResetEstop
    | ResetErrors
    | CapPower
    | ForceClimate
    | SleepBattery
    | BalanceCells
    | StartTest
    | EndTest
    | BeatTest
    | HoldPower
    | StepTo
    | TryMode
    | ForceOutput
    | SetExternal
    | BeatControl
    | PutSchedule
    | ClearSchedule
    | TryBackup
    | EndBackupTest
    | BlackStart
)


class Request(Word, frozen=True):
    """Somebody asks for something; the same state machine and limits answer everyone."""

    id: str
    source: str
    """Who asks: touchscreen, cloud, ctl, button."""
    want: Want
    key: str = ""
    """A secret of the client's own. The core keeps a digest of it: whose test this is."""
    authorised: bool = False
    """The installer's PIN was right. The core's edge alone says so; what a client says is not looked at."""
    unauthorised: str = ""
    """Why the PIN that was given does not count."""


class Answer(Word, frozen=True):
    """Every request gets one. `reason` says what happened, or why not."""

    id: str
    ok: bool
    reason: str
