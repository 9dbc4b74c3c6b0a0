"""Conditions of the errors of the inverter: silence, faults, obedience, start and stop."""

from math import isnan
from typing import Final

from appliance.errors.backup import island_of, leaves_grid
from appliance.errors.battery import NOWHERE, Sources, flow_w, just_started
from appliance.model import GridView, InverterState, Memory, Snapshot, State
from appliance.site import GridCode, SiteSettings

START_TIMEOUT_S: Final = 60.0
"""Contactors first, then the inverter; some inverters wait for the grid for half a minute."""
GRID_TIMES: Final = 3.0
"""So many times what its code asks for may it be waited for before somebody is told."""
EXCESS_W: Final = 500.0
EXCESS_SHARE: Final = 0.2
EXCESS_VAR: Final = 300.0
FILTER_SHARE: Final = 0.05
"""Of its apparent power: what the capacitors at an inverter's terminals may give by themselves (recalled)."""


def _tolerance_w(memory: Memory) -> float:
    """By so much a power may differ from what was commanded."""
    return max(EXCESS_W, EXCESS_SHARE * abs(memory.commanded.power_w))


def _slow(seen: Snapshot) -> bool:
    """Judged by its own row, which waits longer."""
    return seen.inverter is not None and seen.inverter.follows_slowly


def inverter_silent(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """No reading, or none that is new enough."""
    if just_started(seen, memory):
        return NOWHERE
    return ("inverter",) if seen.inverter is None else NOWHERE


def inverter_fault(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """It says so itself, with its own words; not that it has lost the grid, where the house can do without."""
    inverter = seen.inverter
    if inverter is None or inverter.state is not InverterState.FAULT:
        return NOWHERE
    if leaves_grid(seen, memory, site):
        return NOWHERE
    return (f"inverter: {', '.join(inverter.faults)}" if inverter.faults else "inverter",)


def inverter_stopped(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """It was running and is not any more, unasked."""
    inverter = seen.inverter
    if memory.state is not State.RUN or inverter is None:
        return NOWHERE
    if inverter.state is InverterState.RUNNING or leaves_grid(seen, memory, site):
        return NOWHERE
    return ("inverter",)


def inverter_exceeds(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """A quick one gives more than it was commanded to."""
    return NOWHERE if _slow(seen) else _too_much(seen, memory)


def _too_much(seen: Snapshot, memory: Memory) -> Sources:
    """More power than commanded, or in the other direction. Less is the inverter's own right."""
    if seen.inverter is None or memory.commanded.grid_forming:
        return NOWHERE  # in an island the house decides what flows
    power_w, commanded_w = seen.inverter.power_w, memory.commanded.power_w
    if power_w is None or isnan(power_w):
        power_w = flow_w(seen.battery)  # the battery's own sensor sees it, too
        if power_w is None:
            return NOWHERE
    if abs(power_w - commanded_w) <= _tolerance_w(memory):
        return NOWHERE
    more = abs(power_w) > abs(commanded_w) or power_w * commanded_w < 0.0
    return ("inverter",) if more else NOWHERE


def _disobeys(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Read back, it holds another setpoint than the one it was given: somebody else commands it."""
    if memory.state is not State.RUN or seen.inverter is None or seen.inverter.setpoint_w is None:
        return NOWHERE
    commanded_w, held_w = memory.commanded.power_w, seen.inverter.setpoint_w
    return ("inverter",) if abs(held_w - commanded_w) > _tolerance_w(memory) else NOWHERE


def fast_one_disobeys(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """A quick one holds another setpoint."""
    return NOWHERE if _slow(seen) else _disobeys(seen, memory, site)


def slow_one_disobeys(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """A slow one holds another setpoint, or gives more."""
    if not _slow(seen):
        return NOWHERE
    return _disobeys(seen, memory, site) or _too_much(seen, memory)


def inverter_lags(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Less power than commanded. It may have its reasons; people want to know."""
    if memory.state is not State.RUN or seen.inverter is None or seen.inverter.power_w is None:
        return NOWHERE
    missing_w = abs(memory.commanded.power_w) - abs(seen.inverter.power_w)
    return ("inverter",) if missing_w > _tolerance_w(memory) else NOWHERE


def reactive_astray(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Read back, it holds another reactive power than it was given; measured, where it is not read back."""
    inverter, rating = seen.inverter, site.inverter
    if memory.state is not State.RUN or inverter is None or not rating.max_reactive_var:
        return NOWHERE
    held_var = inverter.reactive_setpoint_var
    held_var = inverter.reactive_var if held_var is None else held_var
    if held_var is None or isnan(held_var):
        return NOWHERE
    commanded_var = memory.commanded.reactive_var
    tolerance_var = max(
        EXCESS_VAR, EXCESS_SHARE * abs(commanded_var), FILTER_SHARE * rating.apparent_va
    )
    return ("inverter",) if abs(held_var - commanded_var) > tolerance_var else NOWHERE


def inverter_stays(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Told to switch off and still running."""
    if memory.commanded.inverter_on or seen.inverter is None:
        return NOWHERE
    return ("inverter",) if seen.inverter.state is InverterState.RUNNING else NOWHERE


def power_unknown(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """It runs, and does not say with how much."""
    inverter = seen.inverter
    if inverter is None or inverter.state is not InverterState.RUNNING:
        return NOWHERE
    power_w = inverter.power_w
    return ("inverter",) if power_w is None or isnan(power_w) else NOWHERE


def start_timeout(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Connected for long, and still it does not run; waiting for a steady grid does not count."""
    late = memory.state is State.STARTING and seen.now_s - memory.state_since_s > START_TIMEOUT_S
    if memory.test is not None and memory.test.step is State.STARTING:  # it may stay there
        inverter = seen.inverter
        late = late and (inverter is None or inverter.state is not InverterState.RUNNING)
    view, code = seen.grid_view, site.grid_code
    if view is not None and code is not None:
        late = late and view.steady_s > code.connect.wait_s + START_TIMEOUT_S
    return ("inverter",) if late else NOWHERE


def grid_awaited(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Connected, and for several times as long as the code wants the grid has not been inside its window."""
    view, code = seen.grid_view, site.grid_code
    if memory.state is not State.STARTING or view is None or code is None or view.wait_s <= 0.0:
        return NOWHERE
    longest_s = max(START_TIMEOUT_S, GRID_TIMES * code.connect.wait_s)
    if seen.now_s - memory.state_since_s <= longest_s:
        return NOWHERE
    return (f"grid: {_not_inside(view, code)}",)


def _not_inside(view: GridView, code: GridCode) -> str:
    """What of the grid is not as its code wants it before a start, in words."""
    window, hertz, low_v, high_v = code.connect, view.frequency_hz, view.low_v, view.high_v
    if view.steady_s > 0.0:
        return "does not stay as it should be"
    if hertz is not None and not window.frequency_low_hz <= hertz <= window.frequency_high_hz:
        return f"at {hertz:.2f} Hz"
    if low_v is not None and not low_v >= window.voltage_low_pu * code.nominal_v:
        return f"at {low_v:.0f} V"
    if high_v is not None and not high_v <= window.voltage_high_pu * code.nominal_v:
        return f"at {high_v:.0f} V"
    return "its frequency is not known" if hertz is None else "its voltage is not known"


def grid_outlasted(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """It goes on where its grid protection should have stopped it; behind an open switch it may."""
    if island_of(memory) is not None:
        return NOWHERE
    view = seen.grid_view
    return (f"inverter: {', '.join(view.outlasted)}",) if view and view.outlasted else NOWHERE
