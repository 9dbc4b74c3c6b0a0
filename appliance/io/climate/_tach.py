"""How fast a fan turns: a file of the kernel in turns a minute, or pulses on a pin.

File: the kernel's fan driver, `fanN_input` in RPM (Documentation/hwmon/sysfs-interface.rst). Pin: an
open collector, two pulses a turn: rpm = 30 f (common knowledge). Every call raises OSError when it fails.
"""

import errno
from typing import Final, Protocol

from appliance.clock import Clock
from appliance.io.buses.files import Files, open_files
from appliance.io.buses.gpio import Pins, open_pins
from appliance.site import Bus, Gpio, SysFiles, Tach

WINDOW_S: Final = 1.0
"""So long pulses are counted; at 600 rpm that is 20 of them."""
FASTEST_RPM: Final = 30_000.0


class Tacho(Protocol):
    """One tacho."""

    def rpm(self) -> float | None:
        """Turns a minute; None before the first measurement. Raises OSError."""

    def close(self) -> None:
        """Give it back."""


class FileTacho:
    """A file of the kernel."""

    def __init__(self, files: Files, name: str) -> None:
        self._files, self._name = files, name

    def rpm(self) -> float | None:
        """What the file says."""
        rpm = float(self._files.number(self._name))
        if not 0.0 <= rpm <= FASTEST_RPM:
            raise OSError(errno.EIO, f"{rpm:.0f} rpm cannot be true", self._name)
        return rpm

    def close(self) -> None:
        """Nothing is held open."""


class PinTacho:
    """Pulses on a pin, counted by the thread of the pins."""

    def __init__(self, pins: Pins, pin: int, pulses_per_turn: int, clock: Clock) -> None:
        self._pins, self._clock = pins, clock
        self._edges_per_turn = 2 * pulses_per_turn
        self._edges = 0
        self._rpm: float | None = None
        self._from_s, self._from_edges = clock.now_s(), 0
        self._input = pins.input(pin, self._count)

    def _count(self) -> None:
        self._edges += 1

    def rpm(self) -> float | None:
        """Of the last whole window."""
        self._input.high()  # an OSError tells that nobody counts any more
        now_s, edges = self._clock.now_s(), self._edges
        passed_s = now_s - self._from_s
        if passed_s >= WINDOW_S:
            turns = (edges - self._from_edges) / self._edges_per_turn
            self._rpm = 60.0 * turns / passed_s
            self._from_s, self._from_edges = now_s, edges
        return self._rpm

    def close(self) -> None:
        """Give the pin back."""
        self._pins.close()


def open_tacho(settings: Tach, bus: Bus, clock: Clock) -> Tacho:
    """The tacho that site.toml describes. Raises OSError; ValueError for a wrong bus."""
    match bus:
        case SysFiles() if settings.file is not None:
            return FileTacho(open_files(bus), settings.file)
        case Gpio() if settings.pin is not None:
            return PinTacho(open_pins(bus), settings.pin, settings.pulses_per_turn, clock)
        case _:
            msg = f"bus = {settings.bus!r} is {bus.kind}: a tacho needs a pin on gpio, or a file on files"
            raise ValueError(msg)
