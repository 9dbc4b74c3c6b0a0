"""Fans and heaters on their wires: PWM files and tachos as a kernel shows them, relays of every kind.

A PWM file that was written keeps its value when its writer dies, as in the kernel. A relay's pin that
nobody drives lets go. A fan whose plug is out is held by a finger.
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from simulator.models.climate import Cabinet
from simulator.wire.air_file import AirAt, FanAt
from simulator.wire.cpu_files import put
from simulator.wire.pigpiod import Pigpiod
from simulator.wire.plugs import Plug

PERIOD_S = 0.05
SLOWEST_RPM = 30.0
EDGES_PER_TURN = 4
"""Two pulses of an open collector."""

Coil = Callable[[], bool]


class PwmChannel:
    """One channel below `class/pwm/pwmchipN`: it appears when its number is written to `export`."""

    def __init__(self, at: FanAt) -> None:
        self._chip = Path(at.folder) / f"class/pwm/pwmchip{at.chip}"
        self._number, self._inverted = at.channel, at.inverted
        self._channel = self._chip / f"pwm{at.channel}"
        self._percent = 100.0
        for name, text in (("export", ""), ("unexport", ""), ("npwm", "4")):
            if not (self._chip / name).exists():
                put(self._chip / name, text)

    def percent(self) -> float:
        """What the fan is told now: full speed while the line is not driven."""
        if not self._channel.exists():
            if _number(self._chip / "export") != self._number:
                return 100.0
            for name, text in (("period", "0"), ("duty_cycle", "0"), ("polarity", "normal")):
                put(self._channel / name, text)
            put(self._channel / "enable", "0")
        enable, period, duty = (
            _number(self._channel / name) for name in ("enable", "period", "duty_cycle")
        )
        # Just being written: what was told before.
        if enable is not None and period is not None and duty is not None:
            high = 100.0 * duty / period if enable and period else 0.0
            self._percent = 100.0 - high if self._inverted else high
        return self._percent


def _number(path: Path) -> int | None:
    """What a file holds; None while it is being written."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))
    return None


class Air:
    """Brings what the wires say to the cabinet, and what the fans do to the wires."""

    def __init__(
        self,
        at: AirAt,
        cabinet: Cabinet,
        coils: dict[str, Coil],
        plugs: dict[str, Plug],
        daemon: Callable[[tuple[str, int]], Pigpiod],
        house: Callable[[], None] = lambda: None,
    ) -> None:
        self._house = house
        self._at, self._cabinet, self._coils, self._plugs = at, cabinet, coils, plugs
        self._pwm = {name: PwmChannel(fan) for name, fan in at.fans.items() if fan.folder}
        self._tachos = {
            name: (daemon(fan.tach_address), fan.tach_pin)
            for name, fan in at.fans.items()
            if fan.tach_pin is not None
        }

    def look(self) -> None:
        """Once: every fan and heater as its wire says, every tacho as its fan turns."""
        self._house()
        for name, at in self._at.fans.items():
            fan = self._cabinet.fans[name]
            fan.blocked = not self._plugs[name].is_in
            if at.relay is not None:
                fan.percent = 100.0 if self._coils[at.relay]() is not at.closed else 0.0
            else:
                fan.percent = self._pwm[name].percent()
            if at.tach_file:
                put(Path(at.tach_folder) / at.tach_file, str(round(fan.rpm)))
        for name, relay in self._at.heaters.items():
            self._cabinet.heaters[name].on = self._coils[relay]()

    def show(self) -> dict[str, object]:
        """The truth."""
        fans, heaters = self._cabinet.fans, self._cabinet.heaters
        return {
            "fans": {name: {"percent": fan.percent, "rpm": fan.rpm} for name, fan in fans.items()},
            "heaters": {name: heater.on for name, heater in heaters.items()},
            "coils": {name: coil() for name, coil in self._coils.items()},
            "cabinet_c": self._cabinet.air_c,
        }

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._looks())
            for name, (daemon, pin) in self._tachos.items():
                tasks.create_task(self._pulses(name, daemon, pin))

    async def _looks(self) -> None:
        while True:
            self.look()
            await asyncio.sleep(PERIOD_S)

    async def _pulses(self, name: str, daemon: Pigpiod, pin: int) -> None:
        level = 0
        while True:
            rpm = self._cabinet.fans[name].rpm
            if rpm < SLOWEST_RPM:
                await asyncio.sleep(PERIOD_S)
                continue
            level = 1 - level
            daemon.set_input(pin, level)
            await asyncio.sleep(60.0 / rpm / EDGES_PER_TURN)


def pin_coil(daemon: Pigpiod, pin: int) -> Coil:
    """High energises; a pin that nobody drives does not."""
    return lambda: bool(daemon.levels().get(pin, 0))


def file_coil(folder: str, name: str) -> Coil:
    """A Strato Pi's file, made when it is not there."""
    path = Path(folder) / name
    if not path.exists():
        put(path, "0")
    return lambda: _number(path) == 1
