"""Backup power: is there a grid, where is the switch to it, and what goes wrong on the way into an island and out.

A site that can live without the grid does not stop when it is lost: conditions of ERRORS ask `takes_over` here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Final

from appliance.errors.battery import NOWHERE, Sources
from appliance.model import (
    Effect,
    InverterReading,
    InverterState,
    Island,
    IslandStep,
    Memory,
    Snapshot,
    State,
)
from appliance.site import USUAL, Backup, SiteSettings, lacks

NO_GRID: Final = ("no grid", "grid lost", "grid failure")
"""Words of inverters."""
UP: Final = (State.STARTING, State.RUN)
ON_THE_WAY_UP: Final = (State.INIT, State.WAKING, State.PRECHARGE)
RESTING: Final = (State.ERROR, State.IDLE)
"""From here a start without a grid may be asked for."""
FORMS: Final = (IslandStep.FORMING, IslandStep.CARRYING)
KNOWN_OFF: Final = (InverterState.OFF, InverterState.FAULT)
Condition = Callable[[Snapshot, Memory, SiteSettings], Sources]
GRID_ERRORS: Final = frozenset({202, 203, 310, 311, 312, 313, 314, 315, 316})
"""What a lost grid may raise, an inverter in alarm among it; none of them holds for a house that leaves it."""
GRACE_S: Final = 1.5
"""Between the inverter's alarm and the meter's word, or silence, that there is no grid: it has let go meanwhile."""
FAR_ERRORS: Final = 3
"""The hundred of the errors of meters and grid: an island can do without them."""


def has_backup(site: SiteSettings) -> bool:
    """The box can make an island."""
    return not lacks(site, "backup")


def switch_open(seen: Snapshot, site: SiteSettings) -> bool | None:
    """Is the house separated from the grid? None: nobody knows."""
    backup = site.backup
    if backup is None:
        return None
    if backup.switch is None:
        return None if seen.inverter is None else seen.inverter.grid_forming
    switch = backup.switch
    if switch.feedback is not None:
        return None if seen.board is None else switch.feedback in seen.board.buttons_pressed
    relay = seen.relays.get(switch.relay)
    if relay is None or relay.on is None:
        return None
    return relay.on is (switch.contact == "normally_closed")


def no_grid_words(inverter: InverterReading | None) -> str:
    """How the inverter says that there is no grid; "" when it does not."""
    if inverter is None or inverter.grid_forming:
        return ""
    return next((w for w in (*inverter.faults, *inverter.warnings) if w.lower() in NO_GRID), "")


def grid_gone(seen: Snapshot, site: SiteSettings) -> str:
    """Why there is no grid to live on; "" while nothing says so."""
    view, inverter = seen.grid_view, seen.inverter
    forms = inverter is not None and inverter.grid_forming is True
    if view is not None and view.lost:
        return "no voltage at the meter"
    if view is not None and view.outside and not forms:
        return view.outside[0]
    words = no_grid_words(inverter)
    if words:
        return f"the inverter says {words}"
    if seen.grid is None and inverter is not None and inverter.state is InverterState.FAULT:
        return "the meter is dark and the inverter has let go"  # each is fed by the grid
    own_switch = site.backup is not None and site.backup.own_switch
    return "the inverter has left the grid" if own_switch and forms else ""


def grid_inside(seen: Snapshot, site: SiteSettings) -> bool:
    """The meter itself, on the grid's side of the switch, sees voltage and frequency inside the window."""
    view, meter, inside = seen.grid_view, seen.grid, (site.grid_code or USUAL).connect
    if view is None or view.lost or meter is None or meter.frequency_hz is None:
        return False
    if all(phase.voltage_v is None for phase in meter.phases):
        return False
    if view.low_v is None or view.high_v is None:
        return False
    volt = (site.grid_code or USUAL).nominal_v
    return (
        inside.voltage_low_pu * volt <= view.low_v
        and view.high_v <= inside.voltage_high_pu * volt
        and inside.frequency_low_hz <= meter.frequency_hz <= inside.frequency_high_hz
    )


def takes_over(seen: Snapshot, memory: Memory, site: SiteSettings) -> bool:
    """A lost grid leads to the island, or has led there, instead of a stop."""
    backup, asked = site.backup, memory.backup.black_start_by != ""
    if backup is None or lacks(site, "backup"):
        return False
    if memory.state is State.ISLAND:
        return True
    if memory.state in ON_THE_WAY_UP:
        may = asked or backup.black_start == "automatic"
    elif memory.state in RESTING:
        may = asked
    else:
        may = memory.state in UP and not _began_without(memory)
    return may and memory.goal is State.RUN and memory.test is None and _enough(seen, backup)


def _began_without(memory: Memory) -> bool:
    """It starts, and there was no grid before it did: that is a start without a grid, and has to be asked for."""
    gone_since_s = memory.backup.gone_since_s
    unasked = memory.state is State.STARTING and not memory.backup.black_start_by
    return unasked and gone_since_s is not None and gone_since_s < memory.state_since_s


def leaves_grid(seen: Snapshot, memory: Memory, site: SiteSettings) -> bool:
    """What the inverter does now is no fault of its own: the grid has gone, or may have a moment ago."""
    if not takes_over(seen, memory, site):
        return False
    island, backup = island_of(memory), memory.backup
    if island is not None:
        return island.step is not IslandStep.CARRYING
    if memory.state not in UP:
        return backup.gone_since_s is not None
    since_s = backup.stopped_since_s
    just_now = since_s is not None and seen.now_s - since_s <= GRACE_S
    return just_now or backup.gone_since_s is not None


def unless_left(holds: Condition) -> Condition:
    """A condition that says nothing of a house that has left the grid, or is about to."""

    @wraps(holds)
    def judged(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
        return NOWHERE if takes_over(seen, memory, site) else holds(seen, memory, site)

    return judged


def _enough(seen: Snapshot, backup: Backup) -> bool:
    """Charge to begin an island with; before the battery is heard nobody says that there is not."""
    battery = seen.battery
    if battery is None:
        return True
    return battery.soc_pct is not None and battery.soc_pct >= backup.start_pct


def island_of(memory: Memory) -> Island | None:
    """The island, while the box is in one."""
    return memory.backup.island if memory.state is State.ISLAND else None


def _late(memory: Memory, step: IslandStep, now_s: float, after_s: float) -> bool:
    island = island_of(memory)
    return island is not None and island.step is step and now_s - island.step_since_s > after_s


def switch_stays_closed(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Told to open, and not known open in time; or the inverter that must be off first is not."""
    backup = site.backup
    if backup is None or not _late(memory, IslandStep.OPENING, seen.now_s, backup.switch_s):
        return NOWHERE
    return ("island switch",) if switch_open(seen, site) is not True else NOWHERE


def switch_stays_open(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Told to close, and not known closed in time."""
    backup = site.backup
    late = backup is not None and _late(memory, IslandStep.CLOSING, seen.now_s, backup.switch_s)
    return ("island switch",) if late else NOWHERE


def island_overloaded(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """More is asked of it than it gives, for too long, and shedding did not help."""
    island, backup = island_of(memory), site.backup
    if island is None or backup is None or island.over_since_s is None:
        return NOWHERE
    return ("island",) if seen.now_s - island.over_since_s > backup.overload_s else NOWHERE


def trial_failed(_seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """The last test of the backup did not pass."""
    report = memory.backup.report
    if report is None or report.passed or site.backup is None:
        return NOWHERE
    return (f"backup: {'; '.join(report.reasons)}",)


def forms_no_grid(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """It was told to make the grid and does not in time; or it has stopped making it."""
    island, backup, inverter = island_of(memory), site.backup, seen.inverter
    if island is None or backup is None or inverter is None:
        return NOWHERE
    if _late(memory, IslandStep.FORMING, seen.now_s, backup.form_s):
        return ("inverter",)
    if _late(memory, IslandStep.OPENING, seen.now_s, backup.leave_s):
        return ("inverter: it does not go off",)
    stopped = inverter.state is not InverterState.RUNNING or inverter.grid_forming is not True
    carries = island.step is IslandStep.CARRYING and not backup.own_switch
    return ("inverter",) if carries and stopped else NOWHERE


def in_an_island(_seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """People are told that they live on the battery."""
    island = island_of(memory)
    return NOWHERE if island is None else (f"island: {island.because}",)


def switch_not_known_open(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """The inverter makes the grid, or is told to, and the house may not be separated."""
    backup = site.backup
    if backup is None or backup.switch is None or switch_open(seen, site) is True:
        return NOWHERE
    inverter = seen.inverter
    forms = inverter is not None and inverter.grid_forming is True
    return ("island switch",) if forms or memory.commanded.grid_forming else NOWHERE


def stays_island(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Told to stop making the grid, and still running."""
    backup = site.backup
    late = backup is not None and _late(
        memory, IslandStep.LEAVING, seen.now_s, backup.leave_s + backup.sync_wait_s
    )
    return ("inverter",) if late else NOWHERE


def island_out_of_bounds(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Voltage or frequency that hurts what hangs on the island, as the inverter measures them."""
    island, backup, inverter = island_of(memory), site.backup, seen.inverter
    if (
        island is None
        or backup is None
        or inverter is None
        or island.step is not IslandStep.CARRYING
    ):
        return NOWHERE
    volt = (site.grid_code or USUAL).nominal_v
    volts = [one.voltage_v for one in inverter.phases if one.voltage_v is not None]
    hertz = inverter.frequency_hz
    wrong = []
    if any(not backup.lowest_pu * volt <= one <= backup.highest_pu * volt for one in volts):
        wrong.append("voltage")
    if hertz is not None and not backup.lowest_hz <= hertz <= backup.highest_hz:
        wrong.append("frequency")
    return (f"island: {', '.join(wrong)}",) if wrong else NOWHERE


def cannot_carry(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """In an island the house decides what flows: what the battery may not give or take ends it."""
    island, backup, battery = island_of(memory), site.backup, seen.battery
    if island is None or backup is None or battery is None or island.step not in FORMS:
        return NOWHERE
    if battery.soc_pct is None or battery.soc_pct <= backup.empty_pct:
        return ("battery: empty",)
    power_w = None if seen.inverter is None else seen.inverter.power_w
    charges = power_w is not None and power_w < 0.0
    forbidden = Effect.NO_CHARGE if charges else Effect.NO_DISCHARGE
    for error in memory.errors:
        if forbidden in error.effects and error.number // 100 != FAR_ERRORS:
            return (f"battery: error {error.number}",)
    return NOWHERE
