"""When does the box go from one state to the next? The first row that matches wins."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from appliance.errors import PROCESS_TIMEOUT_S
from appliance.errors.maintenance import unsafe
from appliance.model import STOPS, BatteryState, Effect, InverterState, Memory, Snapshot, State
from appliance.model.word import Word

STOP_TIMEOUT_S: Final = 5.0
SLOW_TIMES: Final = 4.0
"""An inverter that follows slowly needs so many times as long for each step of stopping."""
ERROR_SETTLE_S: Final = 3.0
"""An error that stops power, clears and comes back must not do so many times a second."""
LONGEST_SETTLE_S: Final = 900.0
RAN_WELL_S: Final = 60.0
"""After running this long an error counts as the first again."""
AWAKE_S: Final = 300.0
"""Contactors wear: the box stays awake at least this long, and asleep at least ASLEEP_S."""
ASLEEP_S: Final = 60.0
EMPTY_MARGIN_PCT: Final = 0.5


class IslandWay(StrEnum):
    """Where an island would take the box."""

    NONE = ""
    LOST = "lost"
    BLACK_START = "black start"
    TEST = "test"
    BACK = "back"


class Scene(Word, frozen=True):
    """What a transition looks at."""

    seen: Snapshot
    memory: Memory
    effects: frozenset[Effect]
    reserve_pct: float
    wakes: bool
    """The mode would use the battery if the box were awake."""
    island: IslandWay = IslandWay.NONE

    @property
    def times(self) -> float:
        """How many times as long a step of stopping may take."""
        inverter = self.seen.inverter
        return SLOW_TIMES if inverter is not None and inverter.follows_slowly else 1.0

    @property
    def rescuing(self) -> bool:
        """A critically low battery is charged from the grid, whatever the mode and the goal."""
        rescue = self.memory.rescue
        return rescue is not None and rescue.rests_until_s is None

    @property
    def in_state_s(self) -> float:
        """Time since the state was entered."""
        return self.seen.now_s - self.memory.state_since_s


@dataclass(frozen=True, slots=True)
class Row:
    """One transition."""

    leave: tuple[State, ...]
    when: Callable[[Scene], bool]
    enter: State | Callable[[Scene], State]
    why: str


def settle_s(stops: int) -> float:
    """How long to rest in ERROR: twice as long each time it happens again, so contactors last."""
    return min(LONGEST_SETTLE_S, ERROR_SETTLE_S * 2.0 ** min(20, max(0, stops - 1)))


def stops_after(scene: Scene, state: State) -> int:
    """The count of stops in a row once `state` is entered."""
    if state is not State.ERROR or scene.memory.state is State.ERROR:
        return scene.memory.stops
    ran_well = scene.memory.state is State.RUN and scene.in_state_s >= RAN_WELL_S
    return 1 if ran_well else scene.memory.stops + 1


def _emergency(scene: Scene) -> bool:
    return Effect.EMERGENCY_STOP in scene.effects


def _must_stop(scene: Scene) -> bool:
    return not STOPS.isdisjoint(scene.effects)


def _may_leave_error(scene: Scene) -> bool:
    return not _must_stop(scene) and scene.in_state_s >= settle_s(scene.memory.stops)


def _ending(scene: Scene) -> bool:
    return scene.memory.goal in (State.RESTART, State.REBOOT) and _stopped(scene)


def _maintenance_wanted(scene: Scene) -> bool:
    wanted = scene.memory.goal is State.MAINTENANCE
    return wanted and not unsafe(scene.seen) and not _emergency(scene)


def _rest_wanted(scene: Scene) -> bool:
    return scene.memory.goal is State.IDLE


def _run_wanted(scene: Scene) -> bool:
    return scene.memory.goal is State.RUN or scene.rescuing


def _not_run_wanted(scene: Scene) -> bool:
    return not _run_wanted(scene)


def _rescue_wanted(scene: Scene) -> bool:
    return scene.rescuing


def _sleeper_rescued(scene: Scene) -> bool:
    return scene.rescuing and _sleeper(scene)


def _heard_all(scene: Scene) -> bool:
    seen = scene.seen
    return (
        _run_wanted(scene)
        and seen.battery is not None
        and seen.inverter is not None
        and seen.board is not None
        and not _sleeper(scene)
    )


def _sleeper(scene: Scene) -> bool:
    """The BMS slept, or still does: it has to be heard before anything is asked of it."""
    battery, memory = scene.seen.battery, scene.memory
    if battery is not None:
        return battery.asleep is True
    return memory.waking or memory.commanded.battery_asleep


def _waking_wanted(scene: Scene) -> bool:
    return _run_wanted(scene) and _sleeper(scene)


def _sleep_ends(scene: Scene) -> bool:
    return _wakes(scene) and _sleeper(scene)


def _connected(scene: Scene) -> bool:
    battery = scene.seen.battery
    return battery is not None and battery.state is BatteryState.CONNECTED


def _plant_ready(scene: Scene) -> bool:
    inverter = scene.seen.inverter
    return _connected(scene) and inverter is not None and inverter.state is InverterState.RUNNING


def _stopped(scene: Scene) -> bool:
    battery, inverter = scene.seen.battery, scene.seen.inverter
    contactors_open = battery is None or battery.state is not BatteryState.CONNECTED
    inverter_off = inverter is None or inverter.state is not InverterState.RUNNING
    return (contactors_open and inverter_off) or scene.in_state_s > scene.times * STOP_TIMEOUT_S


def _empty(scene: Scene) -> bool:
    """Nothing left to give and nothing coming: a running inverter would only drain the cells."""
    battery = scene.seen.battery
    return (
        battery is not None
        and battery.soc_pct is not None
        and battery.soc_pct <= scene.reserve_pct + EMPTY_MARGIN_PCT
        and scene.memory.commanded.power_w >= 0.0
        and not scene.wakes
        and not scene.rescuing
        and scene.in_state_s >= AWAKE_S
    )


def _wakes(scene: Scene) -> bool:
    return scene.wakes and scene.in_state_s >= ASLEEP_S


def _stopped_for_goal(scene: Scene) -> bool:
    return scene.memory.goal is not State.MAINTENANCE and _stopped(scene)


def _process_stays(scene: Scene) -> bool:
    return scene.in_state_s > PROCESS_TIMEOUT_S


def _grid_lost(scene: Scene) -> bool:
    return scene.island is IslandWay.LOST


def _black_start(scene: Scene) -> bool:
    return scene.island is IslandWay.BLACK_START and _connected(scene)


def _backup_tested(scene: Scene) -> bool:
    return scene.island is IslandWay.TEST


def _grid_is_back(scene: Scene) -> bool:
    return scene.island is IslandWay.BACK


def _goal(scene: Scene) -> State:
    return scene.memory.goal


INIT, WAKING, PRECHARGE, STARTING = State.INIT, State.WAKING, State.PRECHARGE, State.STARTING
RUN, ISLAND, STOPPING = State.RUN, State.ISLAND, State.STOPPING
SLEEP, IDLE, MAINTENANCE, ERROR = State.SLEEP, State.IDLE, State.MAINTENANCE, State.ERROR
LIVE: Final = (INIT, WAKING, PRECHARGE, STARTING, RUN, ISLAND, STOPPING, SLEEP, IDLE)
ON_THE_WAY: Final = (WAKING, PRECHARGE, STARTING, RUN, ISLAND, SLEEP)
ENDS: Final = (State.RESTART, State.REBOOT)

# fmt: off
TRANSITIONS: Final = (
    #   leave                  when                 enter        why
    Row((*LIVE, MAINTENANCE),  _emergency,          ERROR,       "emergency stop"),
    Row((ERROR, MAINTENANCE, IDLE), _ending,        _goal,       "asked to start again"),
    Row((ERROR,),              _maintenance_wanted, MAINTENANCE, "asked for maintenance"),
    Row(LIVE,                  _must_stop,          ERROR,       "an error stops the box"),
    Row((ERROR,),              _may_leave_error,    INIT,        "the error is gone"),
    Row((INIT,),               _not_run_wanted,     STOPPING,    "rest was asked for"),
    Row((INIT,),               _waking_wanted,      WAKING,      "the battery slept"),
    Row((INIT, WAKING),        _heard_all,          PRECHARGE,   "all devices answer"),
    Row(ON_THE_WAY,            _not_run_wanted,     STOPPING,    "asked to stop"),
    Row((STARTING, RUN),       _grid_lost,          ISLAND,      "the grid is lost"),
    Row((PRECHARGE,),          _black_start,        ISLAND,      "starts without a grid"),
    Row((RUN,),                _backup_tested,      ISLAND,      "its backup is tested"),
    Row((ISLAND,),             _grid_is_back,       STARTING,    "the grid is back"),
    Row((PRECHARGE,),          _connected,          STARTING,    "the battery is connected"),
    Row((STARTING,),           _plant_ready,        RUN,         "battery and inverter are ready"),
    Row((RUN,),                _empty,              SLEEP,       "the battery is empty"),
    Row((SLEEP, IDLE),         _sleeper_rescued,    WAKING,      "the battery is critically low"),
    Row((SLEEP, IDLE),         _rescue_wanted,      PRECHARGE,   "the battery is critically low"),
    Row((SLEEP,),              _sleep_ends,         WAKING,      "there is energy to store"),
    Row((SLEEP,),              _wakes,              PRECHARGE,   "there is energy to store"),
    Row((STOPPING,),           _run_wanted,         PRECHARGE,   "asked to run"),
    Row((STOPPING,),           _maintenance_wanted, MAINTENANCE, "power is off"),
    Row((STOPPING,),           _stopped_for_goal,   _goal,       "power is off"),
    Row((IDLE,),               _waking_wanted,      WAKING,      "asked to run"),
    Row((IDLE,),               _run_wanted,         PRECHARGE,   "asked to run"),
    Row((IDLE,),               _maintenance_wanted, MAINTENANCE, "asked for maintenance"),
    Row((MAINTENANCE,),        _run_wanted,         INIT,        "maintenance is over"),
    Row((MAINTENANCE,),        _rest_wanted,        IDLE,        "maintenance is over"),
    Row(ENDS,                  _process_stays,      INIT,        "the box was not started again"),
)
# fmt: on
FROM: Final = {state: tuple(row for row in TRANSITIONS if state in row.leave) for state in State}
