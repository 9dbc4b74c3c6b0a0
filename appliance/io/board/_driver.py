"""What a file of this folder offers: `TITLE`, a class `Driver`, and `Options` when it has any."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from appliance.io._driver_files import DriverFiles
from appliance.io.board._lights import Lights
from appliance.io.buses.files import Files
from appliance.io.buses.gpio import Pins
from appliance.model import BoardReading
from appliance.site import Board


class BoardDriver(ABC):
    """The front of the box. Used by one thread; opens nothing itself."""

    NEEDS_FILES: ClassVar[bool] = False
    buttons: tuple[str, ...] = ()
    """Every button it has."""

    @abstractmethod
    def begin(self, pins: Pins, files: Files | None, on_change: Callable[[], None]) -> None:
        """Listen and drive: after each opening of the pins. `on_change` is called at each edge of a pin."""

    @abstractmethod
    def read(self) -> BoardReading:
        """Ask every input for its level now. Raises OSError when the pins do not answer."""

    @abstractmethod
    def show(self, lights: Lights, now_s: float) -> None:
        """Set the lights that must change. Raises OSError when the pins do not answer."""


_FILES = DriverFiles[Board, BoardDriver]("appliance.io.board")
load, driver, options = _FILES.load, _FILES.driver, _FILES.options
