"""A control loop with real slots and a clock that moves with its ticks."""

from collections.abc import Callable
from typing import Any

import pytest
from typing_extensions import override

from appliance.clock import Clock, VirtualClock
from appliance.config import build_modes, load_site
from appliance.control_loop import ControlLoop
from appliance.cycle import Cycle
from appliance.mailbox import Slots
from appliance.model import (
    BoardReading,
    Decision,
    GoToMode,
    Memory,
    MeterReading,
    Request,
    SensorReading,
    SetPower,
    Snapshot,
    Wish,
)
from appliance.site import SiteSettings
from appliance.supervisor import Lease
from tests.stories import HOME, NOON, battery, inverter

SITE = load_site(HOME)


class Ticks(Lease):
    """A lease that ends after some ticks; before each, `before` is called with its number."""

    def __init__(self, clock: Clock, ticks: int, before: Callable[[int], None]) -> None:
        super().__init__(clock)
        self._count, self._ticks, self._before = 0, ticks, before

    @override
    def beat(self) -> None:
        super().beat()
        self._count += 1
        self._before(self._count)
        if self._count == self._ticks:
            self.end()


class Rig:
    """A loop, its slots and a clock that moves 0.1 s before each tick; its bell rings all the time."""

    def __init__(self, site: SiteSettings = SITE) -> None:
        self.site = site
        self.clock = VirtualClock(NOON)
        self.clock.advance(100.0)
        self.slots = Slots.create(("grid", "pv"), ("box",))
        self.modes, self.titles = build_modes(site)
        self.cycle = Cycle(site, self.modes, self.titles)
        self.cycle.memory = Memory(mode="self_consumption", state_since_s=self.clock.now_s())
        self.down: tuple[str, ...] = ()
        self.loop = ControlLoop(self.cycle, self.slots, site, self.clock, lambda: self.down)
        self.grid_w = 0.0
        self.decided: list[Decision] = []

    def feed(self) -> None:
        """All devices are well, now."""
        slots, now_s = self.slots, self.clock.now_s()
        slots.battery.put(battery(), now_s)
        slots.inverter.put(inverter(), now_s)
        slots.meters["grid"].put(MeterReading(self.grid_w), now_s)
        slots.meters["pv"].put(MeterReading(0.0), now_s)
        slots.sensors["box"].put(SensorReading(25.0), now_s)
        slots.board.put(BoardReading(estop_pressed=False), now_s)

    def tick(self, ticks: int, before: Callable[[int], None] = lambda _number: None) -> None:
        """Run the loop for so many ticks, then let it end."""

        def prepare(number: int) -> None:
            self.clock.advance(0.1)
            self.feed()
            before(number)

        self.loop.run(Ticks(self.clock, ticks, prepare))
        self.decided = [moment.decision for moment in self.slots.recorded.drain()]

    def left(self) -> Decision:
        """The decision drivers find now."""
        newest = self.slots.decision.newest()
        assert newest is not None
        return newest.value

    def hold(self, power_w: float) -> None:
        """Ask for a manual power."""
        assert self.slots.requests.put(Request("m", "ctl", GoToMode("local_control")))
        assert self.slots.requests.put(Request("p", "ctl", SetPower(power_w, 600.0)))


class Broken:
    """A mode that cannot."""

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        raise ZeroDivisionError

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        raise ZeroDivisionError


class Slow:
    """A mode that takes its time."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        self._clock.advance(0.05)
        return Wish(0.0)

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        return False


def use(rig: Rig, mode: Any) -> None:
    rig.cycle._programme._modes = dict.fromkeys(rig.modes, mode)


def crash(rig: Rig, before: Callable[[int], None] = lambda _number: None) -> None:
    """One tick that raises; the mode is well again afterwards."""
    use(rig, Broken())
    with pytest.raises(ZeroDivisionError):
        rig.tick(1, before)
    rig.cycle._programme._modes = rig.modes


def press(rig: Rig) -> None:
    rig.slots.board.put(BoardReading(estop_pressed=True), rig.clock.now_s())
