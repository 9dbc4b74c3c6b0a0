"""A board on plain pins: a normally closed emergency stop, buttons to ground, lights.

Written for any board of that kind, not for one product.
"""

from collections.abc import Callable

from typing_extensions import override

from appliance.io.board._driver import BoardDriver
from appliance.io.board._lights import Lights, OnChange
from appliance.io.buses.files import Files
from appliance.io.buses.gpio import InputPin, Pins
from appliance.model import BoardReading
from appliance.settings import Settings
from appliance.site import Board

TITLE = "Pins: emergency stop, buttons, lights (not verified on hardware)"

STEADY_S = 0.01
"""A button's edge counts once the level has been steady this long; the emergency stop's at once."""


class Driver(BoardDriver):
    """The pins of the front by name."""

    def __init__(self, settings: Board, _options: Settings) -> None:
        self._settings = settings
        self.buttons = tuple(settings.buttons)
        self._pins: dict[str, InputPin] = {}
        self._estop: InputPin | None = None
        self._lights = OnChange({})

    @override
    def begin(self, pins: Pins, files: Files | None, on_change: Callable[[], None]) -> None:
        settings = self._settings
        self._estop = pins.input(settings.estop_pin, on_change)
        self._pins = {
            name: pins.input(pin, on_change, STEADY_S) for name, pin in settings.buttons.items()
        }
        self._lights = OnChange(
            {name: pins.output(pin).write for name, pin in settings.leds.items()}
        )

    @override
    def read(self) -> BoardReading:
        if self._estop is None:
            raise OSError("the pins are not open")
        return BoardReading(
            estop_pressed=self._estop.high(),
            buttons_pressed=tuple(name for name, pin in self._pins.items() if _down(pin)),
        )

    @override
    def show(self, lights: Lights, now_s: float) -> None:
        self._lights.show(lights, now_s)


def _down(button: InputPin) -> bool:
    """A button closes to ground."""
    return not button.high()
