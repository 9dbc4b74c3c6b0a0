"""May the BMS balance its cells now? Only where it does good: near the top, at rest or at a light charge."""

from appliance.model import BatteryReading, BatteryState, Memory, Snapshot, State
from appliance.site import SiteSettings

STATES = frozenset({State.RUN, State.IDLE, State.SLEEP})


class Balancing:
    """Begins above one spread, ends below a smaller one; rests after the longest time."""

    def __init__(self, site: SiteSettings) -> None:
        self._settings = site.battery.balancing
        self._capacity_wh = site.battery.capacity_wh
        self._wanted = False
        self._since_s: float | None = None
        self._pause_until_s = float("-inf")

    def allowed(self, state: State, seen: Snapshot, memory: Memory) -> bool:
        """Whether cells may be balanced in this cycle."""
        spread_v = self._spread_v(state, seen, memory)
        settings, now_s = self._settings, seen.now_s
        if spread_v is None or now_s < self._pause_until_s:
            self._since_s = None
            return False
        # Interrupted above `stop_v` it goes on there the next time.
        self._wanted = spread_v > (settings.stop_v if self._wanted else settings.start_v)
        if not self._wanted:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= settings.longest_s:
            self._since_s, self._pause_until_s = None, now_s + settings.pause_s
        return self._since_s is not None

    def _spread_v(self, state: State, seen: Snapshot, memory: Memory) -> float | None:
        """The widest spread of a rack; None when there must be no balancing."""
        battery, asked = seen.battery, memory.balancing_asked
        if memory.test is not None:
            held = memory.test.output("balancing", seen.now_s)
            asked = asked if held is None else held > 0.0
        if not self._settings.enabled or not asked or state not in STATES:
            return None
        if battery is None or battery.state is BatteryState.FAULT or battery.faults:
            return None
        return self._widest_v(battery) if self._quiet(battery) else None

    def _quiet(self, battery: BatteryReading) -> bool:
        power_w = battery.power_w
        if power_w is None and battery.voltage_v is not None and battery.current_a is not None:
            power_w = battery.voltage_v * battery.current_a
        if power_w is None:
            return False
        c_rate = power_w / self._capacity_wh
        return -self._settings.light_charge_c <= c_rate <= self._settings.rest_c

    def _widest_v(self, battery: BatteryReading) -> float | None:
        widest_v, highest_v = 0.0, 0.0
        for rack in battery.working:
            if rack.cell_max_v is None or rack.cell_min_v is None:
                return None
            widest_v = max(widest_v, rack.cell_max_v - rack.cell_min_v)
            highest_v = max(highest_v, rack.cell_max_v)
        return widest_v if highest_v >= self._settings.above_v else None
