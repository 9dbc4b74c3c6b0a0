"""Battery inverters: one file per model, found by its name in site.toml.

A driver is a table and a few translations, and opens no socket. Each file offers `TITLE`, a class
`Driver`, and, when it wants to know something that no other driver does, a class `Options`.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from appliance.io._driver_files import DriverFiles
from appliance.io.registers import Ask, Block, Values, Write
from appliance.model import BatteryReading, InverterReading, Setpoints
from appliance.settings import Settings
from appliance.site import Inverter


class InverterDriver(ABC):
    """One inverter. Used by one thread; deterministic, knows no clock."""

    blocks: tuple[Block, ...]
    """What to read, grouped into requests; may change in `identify`, never later."""
    refresh_s: float = 0.0
    """The device renews its values no faster; polled no faster either."""
    CAN_FORM_GRID: ClassVar[bool] = False
    """It can be told to make the grid (`Setpoints.grid_forming`), and says in its reading that it does."""
    FORMS_UNASKED: ClassVar[bool] = False
    """It makes the grid by itself, behind a switch of its own, when that is lost; nobody can ask it to."""
    stored_pause_s: float = 10.0
    """Least time between two changes of a register that is kept in memory that wears out."""

    @classmethod
    def takes_reactive(cls, options: Settings) -> bool:
        """Can it be told reactive power, set up so? Where it cannot, `max_reactive_var` above 0 is refused."""
        del options
        return False

    def identify(self, ask: Ask) -> None:
        """Find out what answers there: after every new connection and every silence, before polling.

        `ask` reads registers now. Raises BusError (silent) or `WrongDeviceError` (something else).
        """
        del ask

    @abstractmethod
    def reading(self, values: Values) -> InverterReading:
        """The device's numbers in our words and signs (discharge +)."""

    def battery(self, values: Values) -> BatteryReading | None:
        """What the device says of the battery behind it, where it speaks for it (`battery.driver = "inverter"`)."""
        del values
        return None

    def arm(self) -> tuple[Write, ...]:
        """What to write after `identify`: its communication timeout among it. No power before that."""
        return ()

    @abstractmethod
    def writes(self, setpoints: Setpoints, values: Values, beat: int) -> tuple[Write, ...]:
        """What to write for `setpoints`, given what the device said last (nothing, when it is silent).

        `beat` counts the signs of life that were sent; a device that wants a changing number takes it
        from there. A write with `stored=True` is sent only when the device does not hold it yet.
        """


_FILES = DriverFiles[Inverter, InverterDriver](__name__)
load, driver, options = _FILES.load, _FILES.driver, _FILES.options
