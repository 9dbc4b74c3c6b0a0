"""The pins behind the pretend pigpio daemon: levels, pulls, pulse widths, glitch filters.

Numbers of commands and errors: pigpio 1.78, `command.h` and `pigpio.h` as documented.
"""

import asyncio
from collections.abc import Callable

PINS = 54
USER_PINS = 32

BAD_GPIO, BAD_MODE, BAD_LEVEL, BAD_PUD, BAD_DUTYCYCLE = -3, -4, -5, -6, -8
BAD_DUTYRANGE, NOT_PWM, BAD_FILTER = -21, -92, -125

INPUT, OUTPUT = 0, 1
PULL_UP = 2


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault of the daemon
    """The command is answered with this error number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Pin:
    """One pin: what drives it from outside (None: nothing), and how it is set up."""

    def __init__(self) -> None:
        self.mode = INPUT
        self.pull = 0
        self.driven: int | None = None
        self.output = 0
        self.duty: int | None = None
        self.range = 255
        self.frequency_hz = 800
        self.steady_us = 0

    @property
    def level(self) -> int:
        """What a read answers."""
        if self.mode == OUTPUT:
            return self.output
        return int(self.pull == PULL_UP) if self.driven is None else self.driven


class Pins:
    """All pins. `report(pins, levels)` is called with bit masks: which changed, and all levels."""

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self._pins = [Pin() for _ in range(PINS)]
        self._report = report
        self._reported = 0
        self._settling: dict[int, asyncio.TimerHandle] = {}
        self.commands: dict[int, Callable[[int, int], int]] = {
            0: lambda pin, mode: self._set(pin, "mode", mode, 7, BAD_MODE),
            1: lambda pin, _: self._pin(pin).mode,
            2: lambda pin, pull: self._set(pin, "pull", pull, PULL_UP, BAD_PUD),
            3: lambda pin, _: self._pin(pin).level,
            4: self._write,
            5: self._set_duty,
            6: self._set_range,
            7: self._set_frequency,
            10: lambda _1, _2: sum(pin.level << n for n, pin in enumerate(self._pins[:USER_PINS])),
            22: lambda pin, _: self._pin(pin).range,
            23: lambda pin, _: self._pin(pin).frequency_hz,
            24: lambda pin, _: self._pin(pin).range,
            83: self._get_duty,
            97: lambda pin, steady: self._set(pin, "steady_us", steady, 300_000, BAD_FILTER),
        }
        """By command number: two parameters to a result. Raises Refusal."""

    def drive(self, number: int, level: int | None) -> None:
        """Drive a pin from outside to 0 or 1; None leaves it open, to its pull."""
        self._pins[number].driven = level
        self._changed(number)

    def outputs(self) -> dict[int, int]:
        """Levels of all pins that are outputs now."""
        return {n: pin.level for n, pin in enumerate(self._pins) if pin.mode == OUTPUT}

    def stop(self) -> None:
        """Forget what waits to become steady."""
        for timer in self._settling.values():
            timer.cancel()
        self._settling.clear()

    def _pin(self, number: int) -> Pin:
        if number >= PINS:
            raise Refusal(BAD_GPIO)
        return self._pins[number]

    def _set(self, number: int, what: str, value: int, most: int, error: int) -> int:
        pin = self._pin(number)
        if value > most:
            raise Refusal(error)
        setattr(pin, what, value)
        return self._changed(number)

    def _write(self, number: int, level: int) -> int:
        self._pin(number).duty = None
        self._set(number, "output", level, 1, BAD_LEVEL)
        return self._set(number, "mode", OUTPUT, OUTPUT, BAD_MODE)

    def _set_duty(self, number: int, duty: int) -> int:
        self._set(number, "duty", duty, self._pin(number).range, BAD_DUTYCYCLE)
        self._pin(number).output = int(duty > 0)
        return self._set(number, "mode", OUTPUT, OUTPUT, BAD_MODE)

    def _get_duty(self, number: int, _: int) -> int:
        duty = self._pin(number).duty
        if duty is None:
            raise Refusal(NOT_PWM)
        return duty

    def _set_range(self, number: int, top: int) -> int:
        self._set(number, "range", top, 40_000, BAD_DUTYRANGE)
        return top

    def _set_frequency(self, number: int, frequency_hz: int) -> int:
        self._pin(number).frequency_hz = frequency_hz
        return frequency_hz

    def _changed(self, number: int) -> int:
        """A level may have changed: report it, at once or when it has been steady long enough."""
        if (timer := self._settling.pop(number, None)) is not None:
            timer.cancel()
        if (steady_us := self._pins[number].steady_us) > 0:
            loop = asyncio.get_running_loop()
            self._settling[number] = loop.call_later(steady_us / 1e6, self._settled, number)
        else:
            self._settled(number)
        return 0

    def _settled(self, number: int) -> None:
        self._settling.pop(number, None)
        bit = 1 << number
        reported = bool(self._reported & bit)
        if number < USER_PINS and reported != bool(self._pins[number].level):
            self._reported ^= bit
            self._report(bit, self._reported)
