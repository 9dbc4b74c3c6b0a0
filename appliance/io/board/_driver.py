"""What a file of this folder offers: `TITLE`, a class `Driver`, and `Options` when it has any."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, cast

from appliance import registry
from appliance.io.board._lights import Lights
from appliance.io.buses.files import Files
from appliance.io.buses.gpio import Pins
from appliance.model import BoardReading
from appliance.settings import Settings
from appliance.site import Board

PACKAGE = "appliance.io.board"


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


class BoardFile(Protocol):
    """What each file of this folder offers."""

    TITLE: str
    """What it is; says so when it was never tried on the device."""

    def Driver(self, settings: Board, options: Settings, /) -> BoardDriver:  # noqa: N802 the class
        """The driver's class. Raises ValueError for settings that cannot work."""


def load(name: str) -> BoardFile:
    """The file of that name. Raises LookupError."""
    return cast(BoardFile, registry.load(PACKAGE, name))


def driver(settings: Board) -> BoardDriver:
    """The driver that site.toml names, ready to use. Raises LookupError, ValueError."""
    file = load(settings.driver)
    return file.Driver(settings, registry.options(file, settings.options))


def options(name: str, values: Mapping[str, Any]) -> Settings:
    """Check a driver's own options. Raises pydantic's ValidationError."""
    return registry.options(load(name), values)
