"""The part that all pretend BMSs share: when they speak, what their faults are, a little noise.

Measured currents and voltages jitter by one or two of their least steps, as real ones do.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from random import Random

from simulator.models import bms as model
from simulator.models.site import Site
from simulator.wire import plugs
from simulator.wire.can_faults import DEAF, Line
from simulator.wire.can_frames import Due, Said
from simulator.wire.plugs import Plug
from simulator.wire.socketcand import Frame, Socketcand

TICK_S = 0.05
BOOT_S = 2.0
"""How long it says nothing after a restart."""
ASLEEP_TICKS = 20
JITTER = (-2, -1, -1, 0, 0, 0, 0, 1, 1, 2)
INJECTED = {
    plugs.RACK_FAULT: model.CONTACTOR_FAULT,
    plugs.STRANGE_FAULT: model.STRANGE_FAULT,
}
"""Faults of the plug that are faults of the last rack."""


class CanTwin:
    """A pretend BMS on a bus. `before` brings the plant up to now; `speed`: plant seconds a second."""

    timeout_s: float | None = None
    """Seconds without a request after which it opens; None: it does not care."""
    closes_itself = False
    """Nobody can ask it to close or to open its contactors."""

    def __init__(
        self,
        site: Site,
        bus: Socketcand,
        plug: Plug,
        *,
        before: Callable[[], None] = lambda: None,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.site, self.battery, self.bms = site, site.battery, site.bms
        self._bus, self._plug, self._before = bus, plug, before
        self._rng = Random(seed)
        self._line = Line(len(self.battery.racks), seed)
        self._rows: Sequence[Due] = ()
        self._bodies: dict[tuple[int, int], Sequence[Said]] = {}
        self._sent: dict[tuple[int, int], list[Said]] = {}
        self._up_at_s = 0.0
        self.requests = 0
        if self.timeout_s is not None:
            self.bms.request_timeout_s = self.timeout_s * speed
        self.bms.request_close = self.closes_itself
        bus.on_frame = self.receive
        plug.changed = self._plug_changed

    # ------------------------------------------------------------ what each BMS says itself

    def schedule(self) -> Sequence[Due]:
        """What it says, and how often."""
        raise NotImplementedError

    def take(self, frame: Frame) -> None:
        """A frame from somebody else on the bus."""
        raise NotImplementedError

    def finish(self, said: Said, broken: bool) -> Said:
        """Put counter and checksum in, wrong ones when `broken`; most BMSs have none."""
        del broken
        return said

    # ------------------------------------------------------------ the same for all

    def near(self, value: float, step: float, outward: int = 0) -> float:
        """A measured value: off by at most two steps; a highest (+1) or lowest (-1) one outward only."""
        off = JITTER[int(self._rng.random() * len(JITTER))]
        return value + step * (outward * abs(off) if outward else off)

    def receive(self, frame: Frame) -> None:
        """A frame from somebody else on the bus, unless it is deaf now."""
        if self._plug.fault not in DEAF:
            self._before()
            self.take(frame)

    async def run(self) -> None:
        """Send until cancelled, on an absolute timer."""
        self._rows = self.schedule()
        tick, due_s = 0, time.monotonic()
        while True:
            self._finish_boot()
            if self._plug.fault not in DEAF:
                self._before()
                self._bus.send(self._line.send(self._plug.fault, self.said(tick)))
                if self._plug.fault == plugs.ERROR_FRAMES:
                    self._bus.disturb()
            tick += 1
            due_s = max(due_s + TICK_S, time.monotonic() - 1.0)
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def said(self, tick: int) -> list[Said]:
        """What is due at a tick of 50 ms."""
        rows = self._rows = self._rows or self.schedule()
        if self.closes_itself:
            self.bms.request_close = True
        said: list[Said] = []
        for index, row in enumerate(rows):
            every = ASLEEP_TICKS if self.bms.asleep else max(1, round(row.period_s / TICK_S))
            if (tick - index) % every == 0 and (row.asleep or not self.bms.asleep):
                said += self._row(index, row, (tick - index) // every % row.round)
        return said

    def answer(self, first: int, rows: Sequence[Due]) -> None:
        """Say rows now, because somebody asked; `first` tells these rows from others."""
        said = [each for index, row in enumerate(rows) for each in self._row(first + index, row, 0)]
        self._bus.send(self._line.send(self._plug.fault, said))

    def _row(self, index: int, row: Due, place: int) -> list[Said]:
        """One row's frames; a stuck BMS repeats the old ones, a frozen one only their values."""
        key, fault = (index, place), self._plug.fault
        if fault == plugs.STUCK and key in self._sent:
            return self._sent[key]
        if fault not in (plugs.STUCK, plugs.FROZEN) or key not in self._bodies:
            self._bodies[key] = row.build(place)
        broken = fault == plugs.CHECKSUM
        finished = self._sent[key] = [self.finish(each, broken) for each in self._bodies[key]]
        return finished

    def _finish_boot(self) -> None:
        if self._plug.fault == plugs.REBOOT and time.monotonic() >= self._up_at_s:
            self._plug.fault = plugs.IN

    async def _plug_changed(self) -> None:
        self.take_fault()
        await self._bus.set_off(self._plug.fault == plugs.BUS_OFF)
        await self._bus.open_door(self._plug.fault != plugs.REFUSE)

    def take_fault(self) -> None:
        """What the fault of the plug does to the BMS itself."""
        self.bms.masters[-1].injected = INJECTED.get(self._plug.fault)
        if self._plug.fault == plugs.REBOOT:
            self.bms.restart()
            self._up_at_s = time.monotonic() + BOOT_S
