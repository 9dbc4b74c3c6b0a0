"""Which racks stay apart? One that is faulty leaves; one joins only where its voltage fits.

Two racks of different voltage drive a current through each other that nothing limits but their
resistance. So racks begin as the largest group whose voltages fit (of two equally large groups the
lower one, which charging brings up to the others), and the others join when they have met.
"""

from collections.abc import Iterable

from appliance.model import BatteryReading, BatteryState, Memory, RackApart, RackReading, Snapshot
from appliance.site import SiteSettings

Apart = dict[int, RackApart]


def is_bad(rack: RackReading) -> bool:
    """It must not be connected, or nobody knows anything of it."""
    return bool(rack.faults) or rack.silent


class Joining:
    """Remembers which racks were connected and for how long, to see those that leave."""

    def __init__(self, site: SiteSettings) -> None:
        self._settings = site.battery.joining
        self._joined: set[int] = set()
        self._left: dict[int, tuple[int, float]] = {}
        """How often in a row a rack has left, and when it last joined."""

    def apart(self, seen: Snapshot, memory: Memory) -> tuple[RackApart, ...]:
        """The racks that stay disconnected, by number. Never all of them."""
        battery = seen.battery
        if battery is None or len(battery.racks) < 2:
            return memory.racks_apart
        if all(is_bad(rack) for rack in battery.racks):
            return (
                memory.racks_apart
            )  # The whole battery is silent or at fault: no rack has left it.
        apart: Apart = {one.rack: one for one in memory.racks_apart}
        for rack in battery.racks:
            self._look(rack, self._connected(battery, memory), apart, seen.now_s)
        if not memory.commanded.contactors_closed and not any(
            rack.contactors_closed for rack in battery.racks
        ):
            self._group(battery, apart, seen.now_s)
        else:
            self._let_one_join(seen, battery, apart)
        if len(apart) == len(battery.racks):
            return memory.racks_apart  # the battery as a whole is at fault
        return tuple([apart[number] for number in sorted(apart)])

    def _connected(self, battery: BatteryReading, memory: Memory) -> bool:
        return battery.state is BatteryState.CONNECTED and memory.commanded.contactors_closed

    def _look(self, rack: RackReading, connected: bool, apart: Apart, now_s: float) -> None:
        """Send a rack away that is bad, or has opened by itself."""
        number, before = rack.rack, apart.get(rack.rack)
        opened = connected and number in self._joined and rack.contactors_closed is False
        if is_bad(rack) or (opened and before is None):
            times = before.times if before else 0
            if not times:
                times = self._count(number, now_s)
            since_s = before.since_s if before else now_s
            apart[number] = RackApart(number, since_s, now_s + self._rest_s(times), times)
        if rack.contactors_closed and number not in apart:
            self._joined.add(number)
        elif not rack.contactors_closed:
            self._joined.discard(number)

    def _count(self, number: int, now_s: float) -> int:
        times, joined_at_s = self._left.get(number, (0, now_s))
        ran_well = now_s - joined_at_s > self._settings.longest_back_off_s
        times = 1 if ran_well else times + 1
        self._left[number] = (times, now_s)
        return times

    def _rest_s(self, times: int) -> float:
        settings = self._settings
        return min(settings.longest_back_off_s, settings.back_off_s * 2.0 ** min(20, times - 1))

    def _group(self, battery: BatteryReading, apart: Apart, now_s: float) -> None:
        """All are open: who begins together."""
        rested = {
            rack.rack: rack.voltage_v
            for rack in battery.racks
            if not is_bad(rack) and not _resting(apart.get(rack.rack), now_s)
        }
        known = {number: volts for number, volts in rested.items() if volts is not None}
        if not known:
            # Nobody tells a voltage: the BMS joins them by itself.
            for number in rested:
                apart.pop(number, None)
            return
        first = self._largest(known.values())
        for number in rested:
            volts = known.get(number)
            if volts is not None and first <= volts <= first + self._settings.window_v:
                apart.pop(number, None)
            elif number not in apart:
                apart[number] = RackApart(number, now_s, now_s)

    def _largest(self, volts: Iterable[float]) -> float:
        """The lowest voltage of the largest group that fits; of equal ones the lower group."""
        ordered = sorted(volts)
        window_v = self._settings.window_v
        return max(
            ordered,
            key=lambda low: (sum(low <= other <= low + window_v for other in ordered), -low),
        )

    def _let_one_join(self, seen: Snapshot, battery: BatteryReading, apart: Apart) -> None:
        """One at a time, at a low current, the one that fits best."""
        current_a = battery.current_a
        others = [rack for rack in battery.racks if rack.rack not in apart]
        joined_v = [rack.voltage_v for rack in others if rack.voltage_v is not None]
        if current_a is None or abs(current_a) > self._settings.current_a or not joined_v:
            return
        if any(rack.contactors_closed is False for rack in others):
            return  # another one is on its way
        mean_v = sum(joined_v) / len(joined_v)
        fitting = [
            (abs(rack.voltage_v - mean_v), rack.rack)
            for rack in battery.racks
            if rack.rack in apart
            and rack.voltage_v is not None
            and not is_bad(rack)
            and not _resting(apart[rack.rack], seen.now_s)
            and self._fits(rack.voltage_v, mean_v, seen)
        ]
        if fitting:
            _difference_v, number = min(fitting)
            del apart[number]
            times, _joined_at_s = self._left.get(number, (0, 0.0))
            self._left[number] = (times, seen.now_s)

    def _fits(self, volts: float, mean_v: float, seen: Snapshot) -> bool:
        dc_v = None if seen.inverter is None else seen.inverter.dc_voltage_v
        if abs(volts - mean_v) > self._settings.window_v:
            return False
        return dc_v is None or abs(volts - dc_v) <= self._settings.dc_window_v


def _resting(one: RackApart | None, now_s: float) -> bool:
    return one is not None and now_s < one.not_before_s
