"""What is asked of the backup: every reason to refuse it, alone, and what a granted request leaves behind."""

from typing import Any

import msgspec
import pytest

from appliance.answers import backup
from appliance.answers.rules import Known, RefusedError, Take
from appliance.error_watch import ErrorWatch
from appliance.model import (
    ActiveError,
    BackupMemory,
    BackupTrial,
    BlackStart,
    Effect,
    EndBackupTest,
    GridView,
    InverterState,
    Memory,
    MeterReading,
    PhaseReading,
    Request,
    RescueCharge,
    RunningTest,
    Severity,
    State,
    TryBackup,
)
from appliance.site import Backup, Features, IslandSwitch, SiteSettings
from tests.core.boxes import LOST, on_island_site
from tests.stories import NOON, battery, inverter, seen

BASE = on_island_site().site
THERE: dict[str, Any] = {
    "grid": MeterReading(0.0, phases=(PhaseReading(230.0),) * 3, frequency_hz=50.0),
    "grid_view": GridView(1.0, 0.0, low_v=230.0, high_v=230.0),
}
TEST = RunningTest("ctl", "", 900.0, 100.0, by_pin=False, returns_to=State.RUN)
TRIAL = BackupTrial("touchscreen", 300.0, 90.0, NOON)
LACKS = "the feature backup is off (features.backup in site.toml)"
NO_SWITCH = "nothing separates this site from the grid (backup in site.toml)"
UNWIRED = BASE.model_copy(update={"backup": None})
OFF = BASE.model_copy(update={"features": Features(backup=False)})


def site_of(**settings: Any) -> SiteSettings:
    switch = None if "own_switch" in settings else IslandSwitch(relay="island_switch")
    return BASE.model_copy(update={"backup": Backup(switch=switch, **settings)})


class Box:
    """One request to it, answered by itself."""

    def __init__(self, memory: Memory, site: SiteSettings = BASE) -> None:
        self.memory = memory
        self.known = Known(site, {}, ErrorWatch(site))
        self.known.watch.adopt(memory.errors)

    def ask(self, want: Any, source: str = "ctl", **readings: Any) -> str:
        """The reason, after "no: " where it is refused; the memory is the one after it."""
        take: dict[type, Take] = {
            TryBackup: backup.try_backup,
            EndBackupTest: backup.end,
            BlackStart: backup.black_start,
        }
        try:
            self.memory, reason = take[type(want)](
                self.known, Request("r", source, want), self.memory, seen(100.0, **readings)
            )
        except RefusedError as error:
            return f"no: {error}"
        return reason


def raised(number: int, *effects: Effect) -> ActiveError:
    return ActiveError(number, "here", Severity.ERROR, "Odd", "none", effects, NOON)


# ---------------------------------------------------------------- a test of it

RUNS = Memory(state=State.RUN)
PAUSE = "the house goes dark for a moment"


def tried(
    memory: Memory = RUNS, site: SiteSettings = BASE, duration_s: float = 300.0,
    source: str = "ctl", **readings: Any,
) -> str:  # fmt: skip
    return Box(memory, site).ask(TryBackup(duration_s), source, **{**THERE, **readings})


def with_(memory: Memory, **changes: Any) -> Memory:
    return msgspec.structs.replace(memory, **changes)


def test_a_test_is_granted_with_all_that_is_to_be_known_of_it() -> None:
    for source in ("ctl", "touchscreen"):
        box = Box(RUNS)
        told = box.ask(TryBackup(3_600.0), source, **THERE)
        assert told.startswith("the test begins: ") and told.endswith("on the battery for 3600 s")
        began_at = seen(100.0).utc
        assert box.memory.backup == BackupMemory(test=BackupTrial(source, 3_600.0, 100.0, began_at))


def test_each_reason_to_refuse_a_test() -> None:
    dark = "no: the grid's voltage and frequency are not known to be as they should"
    for source in ("cloud", "button", "modbus", ""):
        assert tried(source=source) == f"no: a test of the backup is begun on site: {PAUSE}"
    assert tried(site=OFF) == f"no: {LACKS}"
    assert tried(site=UNWIRED) == f"no: {NO_SWITCH}"
    assert tried(site=site_of(own_switch=True)) == (
        "no: this inverter leaves the grid by itself only, when that is lost"
    )
    assert tried(with_(RUNS, state=State.IDLE)) == "no: it needs a box that runs; it is Resting"
    assert tried(with_(RUNS, goal=State.IDLE)) == "no: it needs a box that runs; it is Running"
    runs = "no: a test runs already"
    assert tried(with_(RUNS, test=TEST)) == runs
    assert tried(with_(RUNS, backup=BackupMemory(test=TRIAL))) == runs
    assert tried(with_(RUNS, rescue=RescueCharge(50.0))) == "no: the battery is being rescued"
    for seconds in (0.0, 3_600.1):
        assert tried(duration_s=seconds).startswith("no: duration_s = ")
    assert tried(grid=None) == tried(grid_view=None) == dark


def test_a_test_needs_its_state_of_charge() -> None:
    assert tried(battery=battery(soc_pct=30.0)).startswith("the test begins")
    assert tried(battery=battery(soc_pct=29.9)) == (
        "no: the state of charge is 30 %; a test needs 30 %"
    )
    unknown = "no: the state of charge is not known; a test needs 30 %"
    assert tried(battery=None) == tried(battery=battery(soc_pct=None)) == unknown


def test_anybody_may_end_it_and_the_first_who_does_is_told_of() -> None:
    box = Box(with_(RUNS, backup=BackupMemory(test=TRIAL, gone="kept")))
    assert box.ask(EndBackupTest(), "cloud") == "going back to the grid"
    assert box.memory.backup.test == msgspec.structs.replace(TRIAL, ended="cloud was asked to end")
    assert box.memory.backup.gone == "kept"
    box.ask(EndBackupTest(), "ctl")
    assert box.memory.backup.test == msgspec.structs.replace(TRIAL, ended="cloud was asked to end")
    assert Box(RUNS).ask(EndBackupTest()) == "no: no test of the backup runs"
    tested = with_(RUNS, backup=BackupMemory(test=TRIAL))
    assert Box(tested, OFF).ask(EndBackupTest()) == f"no: {LACKS}"


# ---------------------------------------------------------------- a start without a grid

DARK = Memory(state=State.ERROR, errors=(raised(310, Effect.STOP), raised(501)))


def started(
    memory: Memory = DARK, site: SiteSettings = BASE, source: str = "ctl", **readings: Any
) -> str:
    return Box(memory, site).ask(BlackStart(), source, **{**LOST, **readings})


@pytest.mark.parametrize("source", ["ctl", "touchscreen", "button"])
@pytest.mark.parametrize("goal", [State.RUN, State.IDLE])
def test_a_start_without_a_grid_takes_its_errors_away_and_asks_for_running(
    source: str, goal: State
) -> None:
    box = Box(with_(DARK, goal=goal, awaits_start=True, backup=BackupMemory(gone="kept")))
    told = box.ask(BlackStart(), source, **LOST)
    assert told == "starts without a grid, once the switch to it is known open"
    after = box.memory
    assert (after.goal, after.awaits_start, after.backup.black_start_by) == (
        State.RUN,
        False,
        source,
    )
    assert [error.number for error in after.errors] == [501]
    assert [error.number for error in box.known.watch.raised()] == [501]
    assert after.backup.gone == "kept"


@pytest.mark.parametrize("state", list(State))
def test_from_which_state_it_may_start(state: State) -> None:
    granted = state in (State.INIT, State.ERROR, State.IDLE)
    assert started(with_(DARK, state=state)).startswith("no: the box is ") is not granted


def test_each_reason_to_refuse_a_start() -> None:
    for source in ("cloud", "modbus", ""):
        assert started(source=source) == "no: a start without a grid is asked for on site"
    assert started(site=OFF) == f"no: {LACKS}"
    assert started(site=site_of(black_start="never")).endswith('(backup.black_start = "never")')
    for goal in (State.MAINTENANCE, State.SLEEP, State.RESTART, State.REBOOT):
        assert started(with_(DARK, goal=goal)) == "no: the box is Fault"
    assert started(with_(DARK, test=TEST)) == "no: the box is Fault"
    for effect in (Effect.STOP, Effect.OPEN_CONTACTORS, Effect.EMERGENCY_STOP):
        assert started(with_(DARK, errors=(raised(112, effect),))) == (
            "no: error 112 stops the box: Odd"
        )
    warned = with_(DARK, errors=(raised(121, Effect.NO_CHARGE),))
    assert started(warned).startswith("starts")


def test_somebody_must_say_that_the_grid_is_gone_or_nobody_hear_of_it() -> None:
    off = inverter(state=InverterState.OFF)
    for readings in (THERE, {"grid_view": None}):
        assert started(inverter=off, **readings) == "no: nobody says that the grid is gone"
    assert started(inverter=off, grid=None, grid_view=None).startswith("starts")
    assert started(inverter=off).startswith("starts")


def test_it_needs_charge_where_that_is_known() -> None:
    assert started(battery=battery(soc_pct=10.0)).startswith("starts")
    assert started(battery=battery(soc_pct=9.4)) == "no: the state of charge is 9 %; it needs 10 %"
    for unheard in (None, battery(soc_pct=None)):
        assert started(battery=unheard).startswith("starts"), "before it is woken it says nothing"
