"""The front of the box and the chips in it: emergency stop, buttons, lights, the air sensor.

Pins and I2C share one pretend pigpio daemon, so pulling the plug of the board cuts off the sensor
as well. The emergency stop is normally closed to ground: level 0 is released, 1 is pressed (or a
broken wire). A button pulls its pin to ground while it is pressed.
"""

import asyncio
import time
from collections.abc import Callable

from simulator.wire.pigpiod import I2cDevice, Pigpiod, WideI2cDevice, read_from, write_to
from simulator.wire.plugs import IN, REFUSE, Plug
from simulator.wire.strato_pi import StratoPi

PRESS_S = 0.2
RELEASED, PRESSED = 0, 1
BUTTON_UP, BUTTON_DOWN = 1, 0


class Board:
    """Presses what people press, and says when, on time.monotonic."""

    def __init__(
        self,
        daemon: Pigpiod,
        plug: Plug,
        estop_pin: int,
        buttons: dict[str, int],
        leds: dict[str, int],
    ) -> None:
        self._daemon, self._plug = daemon, plug
        self._estop_pin, self._buttons, self._leds = estop_pin, buttons, leds
        self._open = True
        self.estop_pressed = False
        self.strato_pi: StratoPi | None = None
        self.button_parts: tuple[str, ...] = ()
        """Buttons that are the Strato Pi's own."""
        self.light_parts: dict[str, str] = {}
        """Lights that are parts of the Strato Pi."""
        daemon.set_input(estop_pin, RELEASED)
        for pin in buttons.values():
            daemon.set_input(pin, BUTTON_UP)
        plug.changed = self._plug_changed

    def estop(self, pressed: bool) -> float:
        """Press or release the emergency stop; returns when the edge was on the wire."""
        at_s = time.monotonic()
        self.estop_pressed = pressed
        self._daemon.set_input(self._estop_pin, PRESSED if pressed else RELEASED)
        return at_s

    async def press(self, name: str) -> float:
        """Press a button for PRESS_S; returns when it went down. Raises ValueError for an unknown one."""
        hold = self._holds(name)
        at_s = time.monotonic()
        hold(True)
        await asyncio.sleep(PRESS_S)
        hold(False)
        return at_s

    def hold(self, name: str, down: bool) -> float:
        """Press a button and keep it down, or let go; returns when. Raises ValueError for an unknown one."""
        self._holds(name)(down)
        return time.monotonic()

    def _holds(self, name: str) -> Callable[[bool], None]:
        """What presses this button down, or lets go of it. Raises ValueError."""
        if self.strato_pi is not None and name in self.button_parts:
            return self.strato_pi.press
        if name not in self._buttons:
            msg = f"no button {name!r}; there is: {', '.join((*self._buttons, *self.button_parts))}"
            raise ValueError(msg)
        pin = self._buttons[name]
        return lambda down: self._daemon.set_input(pin, BUTTON_DOWN if down else BUTTON_UP)

    def lights(self) -> dict[str, bool | None]:
        """Which lights are on; None: nobody drives the pin."""
        levels = self._daemon.levels()
        shown: dict[str, bool | None] = {
            name: bool(levels[pin]) if pin in levels else None for name, pin in self._leds.items()
        }
        if self.strato_pi is not None:
            for name, part in self.light_parts.items():
                shown[name] = self.strato_pi.status(f"{part}/status") == "1"
        return shown

    async def _plug_changed(self) -> None:
        fault = self._plug.fault
        self._daemon.silence(fault != IN)
        if fault == REFUSE and self._open:
            await self._daemon.stop()
        elif fault != REFUSE and not self._open:
            await self._daemon.start()
        self._open = fault != REFUSE


class PluggedChip:
    """An I2C chip that does not acknowledge while its plug is out."""

    def __init__(self, chip: I2cDevice | WideI2cDevice, plug: Plug) -> None:
        self._chip, self._plug = chip, plug

    def read_block(self, register: int, count: int) -> bytes:
        """Bytes of the chip. Raises OSError while unplugged."""
        self._check()
        return read_from(self._chip, register, count)

    def write_block(self, register: int, data: bytes) -> None:
        """Bytes to the chip. Raises OSError while unplugged."""
        self._check()
        write_to(self._chip, register, data)

    def _check(self) -> None:
        if not self._plug.is_in:
            raise OSError
