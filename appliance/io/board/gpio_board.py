"""A board on plain pins: a normally closed emergency stop, buttons to ground, lights.

Written for any board of that kind, not for one product; never run on real hardware.
"""

from collections.abc import Callable
from types import MappingProxyType

from appliance.io.board._lights import Lights
from appliance.io.buses.gpio import InputPin, Pins
from appliance.model import BoardReading
from appliance.site import Board

TITLE = "Pins: emergency stop, buttons, lights (not yet run on real hardware)"

STEADY_S = 0.01
"""A button's edge counts once the level has been steady this long; the emergency stop's at once."""


class GpioBoard:
    """The pins of the front by name. Every call raises OSError when the pins do not answer."""

    def __init__(self, pins: Pins, settings: Board, on_change: Callable[[], None]) -> None:
        self._estop = pins.input(settings.estop_pin, on_change)
        self._buttons = MappingProxyType(
            {name: pins.input(pin, on_change, STEADY_S) for name, pin in settings.buttons.items()}
        )
        self._lights = {name: pins.output(pin) for name, pin in settings.leds.items()}
        self._lit: dict[str, bool] = {}

    def read(self) -> BoardReading:
        """Ask every input pin for its level now."""
        return BoardReading(
            estop_pressed=self._estop.high(),
            buttons_pressed=tuple(name for name, pin in self._buttons.items() if _down(pin)),
        )

    def show(self, lights: Lights, now_s: float) -> None:
        """Set the lights that must change."""
        wanted = {"run": lights.run.lit(now_s), "error": lights.error.lit(now_s)}
        for name, pin in self._lights.items():
            if self._lit.get(name) != wanted[name]:
                pin.write(wanted[name])
                self._lit[name] = wanted[name]


def _down(button: InputPin) -> bool:
    """A button closes to ground."""
    return not button.high()
