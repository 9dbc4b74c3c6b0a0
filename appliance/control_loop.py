"""The thread that runs the cycle: drain, freeze, decide, publish, record, stamp the heartbeat."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from appliance.clock import Clock
from appliance.crashes import Crashes
from appliance.cycle import Cycle
from appliance.mailbox import Slots
from appliance.market import MarketView
from appliance.model import SAFE, ActiveError, Lateness, Memory, Moment, Snapshot, State
from appliance.site import RELAY_MAX_AGE_S, SiteSettings
from appliance.statemachine.transitions import settle_s
from appliance.supervisor import Lease
from appliance.testing import without_test
from appliance.watches.battery import BatteryWatch
from appliance.watches.grid import GridWatch
from appliance.watches.stillness import Stillness

CLIMATE_MAX_AGE_S: Final = 5.0
HEALTH_MAX_AGE_S: Final = 30.0
SHORTEST_CYCLE_S: Final = 0.02
"""However often the bell rings, cycles follow each other no faster than this."""
FREE_CRASHES: Final = 1
"""Within an hour; after so many the box walks up again at once."""
STOPS_A_CRASH: Final = 2
"""Each crash counts as so many stops: the second within an hour rests 24 s, the fourth 6 min, then 15 min."""
HEARD_ANEW_S: Final = 0.4
"""What a battery says so soon after the loop has begun, it says of what was asked before: that it is still
connected, while the request to open, which every restart begins with, is on its way. It speaks ten times a second."""


def freeze(
    slots: Slots,
    site: SiteSettings,
    clock: Clock,
    down: tuple[str, ...],
    memory: Memory,
    market: MarketView | None = None,
) -> Snapshot:
    """Everything known now; what is older than its device's max_age_s is None. Market data know their own time."""
    now_s, utc = clock.now_s(), clock.utc()
    data = slots.market.newest()
    meters, sensors = slots.meters, slots.sensors
    clock_trusted, cloud = slots.clock_trusted.newest(), slots.cloud_connected.newest()
    return Snapshot(
        now_s=now_s,
        utc=utc,
        battery=slots.battery.fresh(now_s, site.battery.max_age_s),
        inverter=slots.inverter.fresh(now_s, site.inverter.max_age_s),
        grid=meters["grid"].fresh(now_s, site.meters["grid"].max_age_s),
        pv=meters["pv"].fresh(now_s, site.meters["pv"].max_age_s) if "pv" in meters else None,
        box=sensors["box"].fresh(now_s, site.sensors["box"].max_age_s)
        if "box" in sensors
        else None,
        board=slots.board.fresh(now_s, site.board.max_age_s),
        climate=slots.climate.fresh(now_s, CLIMATE_MAX_AGE_S),
        sensors={
            name: slot.fresh(now_s, site.sensors[name].max_age_s)
            for name, slot in sensors.items()
            if name != "box"
        },
        meters={
            name: slot.fresh(now_s, site.meters[name].max_age_s)
            for name, slot in meters.items()
            if name not in ("grid", "pv")
        },
        relays={name: slot.fresh(now_s, RELAY_MAX_AGE_S) for name, slot in slots.relays.items()},
        health=slots.health.fresh(now_s, HEALTH_MAX_AGE_S),
        requests=slots.requests.drain(),
        workers_down=down,
        memory=memory,
        clock_trusted=None if clock_trusted is None else clock_trusted.value,
        cloud_connected=None if cloud is None else cloud.value,
        market=None if market is None else market.at(None if data is None else data.value, utc),
    )


class Punctuality:
    """How late the timer's ticks began, over the last minute or so. One thread adds, others may read."""

    def __init__(self, keep: int = 600) -> None:
        self._late_s: deque[float] = deque(maxlen=keep)

    def add(self, late_s: float) -> None:
        """One tick."""
        self._late_s.append(late_s)

    def summary(self) -> Lateness | None:
        """Median, 99th percentile and worst; None before the first tick."""
        late_ms = sorted(1e3 * late_s for late_s in self._late_s.copy())
        if not late_ms:
            return None
        last = len(late_ms) - 1
        return Lateness(late_ms[last // 2], late_ms[round(last * 0.99)], late_ms[last])


class ControlLoop:
    """One worker; the only writer of the decision."""

    def __init__(
        self,
        cycle: Cycle,
        slots: Slots,
        site: SiteSettings,
        clock: Clock,
        down: Callable[[], tuple[str, ...]],
        crashes: Crashes | None = None,
        *,
        crashed: bool = False,
    ) -> None:
        """`crashed`: the process before this one did, which `crashes` counts already."""
        self._crashes = crashes or Crashes(clock)
        self._crashed = crashed
        self._rests_until_s = clock.now_s()
        self._cycle = cycle
        self._slots = slots
        self._site = site
        self._clock = clock
        self._down = down
        self.punctuality = Punctuality()
        self._stillness = Stillness(site.meters["grid"].max_age_s)
        self._battery_watch = BatteryWatch()
        self._grid_watch = GridWatch(site.grid_code, site.grid, site.connection)
        self._market = None if site.market is None else MarketView()
        self._errors: tuple[ActiveError, ...] = ()
        self._began_at_s = clock.now_s()

    def run(self, lease: Lease) -> None:
        """Tick on an absolute timer, or at once when the bell rings; leave the safe default behind."""
        period_s = self._site.control.period_s
        self._began_at_s = next_s = self._clock.now_s()
        # After a crash the plant may be on its way down: walk up again in order. The errors stay as they
        # are: one may have been raised by the very cycle that crashed.
        fresh_start = msgspec.structs.replace(
            without_test(self._cycle.memory, "the control loop began again"),
            state=State.INIT,
            state_since_s=next_s,
            commanded=SAFE,
            manual=None,
            external=None,
        )
        if self._cycle.memory.commanded.battery_asleep:
            fresh_start = msgspec.structs.replace(fresh_start, waking=True, woken_at_s=next_s)
        self._cycle.memory = self._rested(fresh_start)
        try:
            while not lease.ended:
                lease.beat()
                started_s = self._clock.now_s()
                self._tick()
                if started_s >= next_s:
                    self.punctuality.add(started_s - next_s)
                    next_s = max(next_s + period_s, started_s)
                self._sleep(lease, started_s, next_s)
        except BaseException:
            self._crashed = True
            self._crashes.add()
            raise
        finally:
            self._leave()

    def _rested(self, fresh_start: Memory) -> Memory:
        """After one crash of many within an hour the box rests first, longer each time: contactors wear."""
        crashed, self._crashed = self._crashed, False
        count = self._crashes.count()
        if not crashed or count <= FREE_CRASHES:
            return fresh_start
        stops = max(fresh_start.stops, count * STOPS_A_CRASH)
        self._rests_until_s = fresh_start.state_since_s + settle_s(stops)
        return msgspec.structs.replace(fresh_start, state=State.ERROR, stops=stops)

    def _parts_down(self) -> tuple[str, ...]:
        """While the box rests after its crashes, people are told why."""
        down = self._down()
        resting = self._cycle.memory.state is State.ERROR
        rests = resting and self._clock.now_s() < self._rests_until_s and "control" not in down
        return (*down, "control") if rests else down

    def _sleep(self, lease: Lease, started_s: float, next_s: float) -> None:
        rung = self._slots.wake.wait(max(0.0, next_s - self._clock.now_s()))
        if rung:
            # Not later than the timer's own tick.
            lease.wait(min(started_s + SHORTEST_CYCLE_S, next_s) - self._clock.now_s())

    def _tick(self) -> None:
        slots = self._slots
        down, memory = self._parts_down(), self._cycle.memory
        known = freeze(slots, self._site, self._clock, down, memory, self._market)
        if known.now_s - self._began_at_s < HEARD_ANEW_S:
            known = msgspec.structs.replace(known, battery=None)
        snapshot = self._battery_watch.look(self._stillness.freeze_out(known))
        snapshot = self._grid_watch.look(snapshot)
        decision = self._cycle.step(snapshot)
        slots.decision.put(decision, snapshot.now_s)
        moment = Moment(snapshot, decision)
        slots.moment.put(moment, snapshot.now_s)
        slots.recorded.put(moment)
        if decision.errors is not self._errors:
            self._errors = decision.errors
            slots.record_now.ring()
        slots.requests.answer(decision.answers)
        slots.heartbeat.put(decision.cycle, self._clock.now_s())

    def _leave(self) -> None:
        """Whatever ended the loop: drivers find the safe default, not an old decision."""
        last = self._slots.decision.newest()
        if last is not None:
            safe = msgspec.structs.replace(last.value, setpoints=SAFE, why="the control loop ends")
            self._slots.decision.put(safe, self._clock.now_s())
