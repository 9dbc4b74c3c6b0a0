"""When is something wrong with the battery and its racks? Conditions of rows in ERRORS."""

from collections.abc import Callable
from typing import Final

from appliance.model import (
    STOPS,
    BatteryReading,
    BatteryState,
    Effect,
    Memory,
    RackReading,
    Snapshot,
    State,
)
from appliance.site import SiteSettings

Sources = tuple[str, ...]
NOWHERE: Final[Sources] = ()
CONNECT_TIMEOUT_S: Final = 20.0
FIRST_ANSWER_S: Final = 6.0
LEAVE_S: Final = 3.0
"""So long a faulty rack may take to open before it is the whole battery's fault."""
UNHEARD_SHARE: Final = 0.25
"""Of what one rack would carry: sensors of large currents differ a little."""
LEAST_CELL_V: Final = 0.5
"""One cell may be dead; where the highest of all is, nothing was measured."""
QUIET_C: Final = 0.05
NO_CURRENT_A: Final = 1.0
"""Of what a sensor shows where nothing flows."""
BANNED_W: Final = 100.0
BANNED_SHARE: Final = 0.02
"""An inverter at zero takes its own needs out of the battery, and never meets zero to the watt."""
UNASKED_W: Final = 500.0
"""Where nothing forbids it: as much as the inverter itself may differ from what it was told."""
NO_CHARGE: Final = STOPS | {Effect.NO_CHARGE}
NO_DISCHARGE: Final = STOPS | {Effect.NO_DISCHARGE}


def racks(battery: BatteryReading | None, wrong: Callable[[RackReading], bool]) -> Sources:
    """The racks that carry the battery; one that is open does not hold the others back."""
    if battery is None:
        return NOWHERE
    if len(battery.racks) == 1:  # The usual case, and this runs for many rows in every cycle.
        only = battery.racks[0]
        return (f"rack {only.rack}",) if wrong(only) else NOWHERE
    return tuple([f"rack {rack.rack}" for rack in battery.working if wrong(rack)])


def is_bad(rack: RackReading) -> bool:
    """It must not be connected, or nobody knows anything of it."""
    return bool(rack.faults) or rack.silent


def contradicts(rack: RackReading) -> bool:
    """What it says of its cells cannot be true: the lowest above the highest, or not even the highest has a voltage."""
    low_v, high_v, low_c, high_c = (
        rack.cell_min_v,
        rack.cell_max_v,
        rack.cell_min_c,
        rack.cell_max_c,
    )
    if high_v is not None and (high_v < LEAST_CELL_V or (low_v is not None and low_v > high_v)):
        return True
    return low_c is not None and high_c is not None and low_c > high_c


def all_open(battery: BatteryReading) -> bool:
    """It says that it is connected, and every one of its racks that it is not: nobody knows which of them is true."""
    told = battery.racks
    if battery.state is not BatteryState.CONNECTED or not told:
        return False
    if told[0].contactors_closed is not False:
        return False  # the usual case, in every cycle
    return all(rack.contactors_closed is False for rack in told)


def rack_leaves(seen: Snapshot, memory: Memory) -> bool:
    """A rack is on its way out while the others work: no power may flow until it has opened."""
    battery = seen.battery
    if battery is None or len(battery.racks) < 2:
        return False
    known = {one.rack for one in memory.racks_apart}
    if any(one.opens_s is not None for one in memory.racks_apart):
        return True
    bad = [rack for rack in battery.racks if is_bad(rack)]
    new = any(rack.rack not in known and rack.contactors_closed is not False for rack in bad)
    return new and len(bad) < len(battery.racks)


def just_started(seen: Snapshot, memory: Memory) -> bool:
    """Nothing is on yet, and slow devices need some seconds for their first answer."""
    return memory.state is State.INIT and seen.now_s - memory.state_since_s < FIRST_ANSWER_S


def battery_silent(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Asleep it may be silent, and for a while after it was woken; once it has answered no more."""
    if seen.battery is not None or memory.commanded.battery_asleep or just_started(seen, memory):
        return NOWHERE
    if memory.state is State.WAKING:
        return NOWHERE  # it has a row of its own
    woken_at_s = memory.woken_at_s
    if memory.waking and woken_at_s is not None:
        return ("battery",) if seen.now_s - woken_at_s > site.battery.sleep.wake_s else NOWHERE
    return ("battery",)


def battery_stays_asleep(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """Woken, and not heard for longer than waking takes."""
    late = seen.now_s - memory.state_since_s > site.battery.sleep.wake_s
    return ("battery",) if memory.state is State.WAKING and late else NOWHERE


def battery_fault(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """A fault of one rack is not the battery's as long as it leaves and another one is sound."""
    battery = seen.battery
    if battery is None or (battery.state is not BatteryState.FAULT and not battery.faults):
        return NOWHERE
    if battery.state is not BatteryState.FAULT and len(battery.racks) > 1:
        alone = tuple([f"rack {rack.rack}: " for rack in _leaving(battery, seen, memory)])
        if alone and all(fault.startswith(alone) for fault in battery.faults):
            return NOWHERE
    return (f"battery: {', '.join(battery.faults)}" if battery.faults else "battery",)


def _leaving(battery: BatteryReading, seen: Snapshot, memory: Memory) -> list[RackReading]:
    """Faulty racks that are open, gone, or have had little time to open; none when no other carries the battery."""
    since_s = {one.rack: one.since_s for one in memory.racks_apart}
    if all(rack.faults or rack.silent or rack.rack in since_s for rack in battery.racks):
        return []
    return [
        rack
        for rack in battery.racks
        if rack.faults
        and (
            rack.contactors_closed is False
            or rack.silent
            or seen.now_s - since_s.get(rack.rack, seen.now_s) <= LEAVE_S
        )
    ]


def unheard_carries(seen: Snapshot, _memory: Memory, _site: SiteSettings) -> Sources:
    """A silent rack that is not known to be away: more flows than through those that are heard, or nobody can tell."""
    battery = seen.battery
    if battery is None or len(battery.racks) < 2 or battery.state is not BatteryState.CONNECTED:
        return NOWHERE
    silent = [rack for rack in battery.racks if rack.silent]
    if len(silent) in (0, len(battery.racks)):
        return NOWHERE
    unheard_a, whole_a = battery.unheard_a, battery.current_a
    if unheard_a is not None and whole_a is not None:
        share_a = UNHEARD_SHARE * abs(whole_a) / len(battery.racks)
        if abs(unheard_a) <= max(NO_CURRENT_A, share_a):
            return NOWHERE
    return tuple([f"rack {rack.rack}" for rack in silent])


def rack_apart(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Racks that are open, gone or kept away while the others work; also one of which only an extreme cell is told."""
    battery = seen.battery
    if battery is None or memory.state is not State.RUN or len(battery.racks) < 2:
        return NOWHERE
    working = {rack.rack for rack in battery.working}
    told_open = memory.commanded.racks_open
    waits = {one.rack: one.waits for one in memory.racks_apart}
    why = {rack.rack: ", ".join(rack.faults) or waits.get(rack.rack) for rack in battery.racks}
    return tuple(
        [
            f"rack {rack.rack}" + (f": {why[rack.rack]}" if why[rack.rack] else "")
            for rack in battery.racks
            if rack.rack not in working
            or rack.rack in told_open
            or (rack.faults and rack.contactors_closed is None)
        ]
    )


def soc_drifts(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """The BMS was found wrong by more than the site allows, when last full or empty."""
    drift_pct = None if seen.battery is None else seen.battery.soc_drift_pct
    drifts = drift_pct is not None and abs(drift_pct) > site.battery.estimate.drift_pct
    return ("battery",) if drifts else NOWHERE


def degraded(seen: Snapshot, _memory: Memory, site: SiteSettings) -> Sources:
    """It holds less than the site's share of what it held when it was new."""
    soh_pct = None if seen.battery is None else seen.battery.soh_pct
    worn = soh_pct is not None and soh_pct < site.battery.estimate.degraded_pct
    return ("battery",) if worn else NOWHERE


def battery_opened(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """It was connected, and opened by itself."""
    battery = seen.battery
    if memory.state not in (State.STARTING, State.RUN, State.ISLAND) or battery is None:
        return NOWHERE
    return NOWHERE if battery.state is BatteryState.CONNECTED else ("battery",)


def battery_stays(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Told to open and still connected: contactors may be welded."""
    battery = seen.battery
    if memory.commanded.contactors_closed or battery is None or not battery.has_contactors:
        return NOWHERE
    current_a = battery.current_a
    flows = current_a is not None and abs(current_a) > NO_CURRENT_A
    return ("battery",) if flows or battery.state is BatteryState.CONNECTED else NOWHERE


def battery_stays_open(seen: Snapshot, memory: Memory, _site: SiteSettings) -> Sources:
    """Asked to connect for long, and still open."""
    late = seen.now_s - memory.state_since_s > CONNECT_TIMEOUT_S
    if memory.test is not None and memory.test.step is State.PRECHARGE:  # it may stay there
        late = late and (seen.battery is None or seen.battery.state is not BatteryState.CONNECTED)
    return ("battery",) if memory.state is State.PRECHARGE and late else NOWHERE


def fast_one_ignores_ban(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """With a quick inverter."""
    slow = seen.inverter is not None and seen.inverter.follows_slowly
    return NOWHERE if slow else _banned(seen, memory, site)


def slow_one_ignores_ban(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """With a slow inverter."""
    slow = seen.inverter is not None and seen.inverter.follows_slowly
    return _banned(seen, memory, site) if slow else NOWHERE


def _banned(seen: Snapshot, memory: Memory, site: SiteSettings) -> Sources:
    """The battery's own sensor shows power in a direction that is forbidden, whatever the inverter says."""
    power_w = flow_w(seen.battery)
    if power_w is None or not abs(power_w) > BANNED_W or memory.commanded.grid_forming:
        return NOWHERE  # in an island the house decides what flows; 229 ends it where it may not
    commanded_w = memory.commanded.power_w
    forbidding = NO_CHARGE if power_w < 0.0 else NO_DISCHARGE
    size = max(site.battery.capacity_wh, site.inverter.max_charge_w, site.inverter.max_discharge_w)
    if any(not forbidding.isdisjoint(error.effects) for error in memory.errors):
        banned = abs(power_w) > BANNED_SHARE * size
    else:
        asked = commanded_w * power_w > 0.0
        banned = not asked and abs(power_w) > max(UNASKED_W, BANNED_SHARE * size)
    way = "charged" if power_w < 0.0 else "discharged"
    return (f"battery: is {way}",) if banned else NOWHERE


def flow_w(battery: BatteryReading | None) -> float | None:
    """What flows, discharge +; of current and voltage where the power is not told."""
    if battery is None:
        return None
    if battery.power_w is not None or battery.current_a is None or battery.voltage_v is None:
        return battery.power_w
    return battery.current_a * battery.voltage_v
