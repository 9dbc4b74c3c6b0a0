"""How is a SunSpec inverter told its power? The common shape, and which of its models it is told through."""

from abc import ABC, abstractmethod
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from appliance.io.registers import Register, Values, Write
from appliance.io.sunspec.device import Device, Ratings
from appliance.io.sunspec.states import VendorEvents
from appliance.settings import Settings, Watts
from appliance.site import Inverter

LONGEST_RAMP_S = 600


class Options(Settings):
    """What only a SunSpec inverter wants to know."""

    control: Literal["auto", "704", "124", "123"] = "auto"
    """The model that power is set through; by itself the first of these that the device has."""
    power_by: Literal["auto", "watts", "percent"] = "auto"
    """How model 704 is told the power; by itself in watts, where the device takes them."""
    base: Annotated[int, Field(ge=0, le=65_000)] | None = None
    """Where its marker is, when not at 40000, 0 or 50000."""
    without_timeout: bool = False
    """Command power although the device has no timer that ends it when this box falls silent."""
    leaves_service: bool = True
    """Stopping also takes it out of service; false for a hybrid whose PV must go on: 0 W only."""
    standby_runs: bool = False
    """It waits for power in its state STANDBY, and says RUNNING only while power flows."""
    vendor_events: VendorEvents = "fault"
    """What the maker's own event bits mean; the standard does not say."""
    battery: bool = False
    """Also connect and disconnect the battery bank behind it (model 802)."""
    discharge_full_w: Watts | None = None
    """What OutWRte of model 124 is a percentage of, when that is not WChaMax."""
    negative_limit_charges: bool = False
    """The device takes a negative WMaxLimPct of model 123 (two's complement) as charging.

    Not in the standard, where the register is unsigned: only for a device whose document says so."""


class Control(ABC):
    """One way to set active power, discharge +."""

    title: ClassVar[str]
    rows: tuple[Register, ...]
    """What shows the setpoint that the device holds."""
    has_timeout: bool
    """The device ends the command by itself, when it is not written again."""
    warning: str = ""

    @abstractmethod
    def arm(self) -> tuple[Write, ...]:
        """Its timer, what happens when that runs out, and its ramp."""

    @abstractmethod
    def power(self, power_w: float) -> tuple[Write, ...]:
        """The set-point, then its timer, and the enable last: power is never enabled at an old set-point."""

    @abstractmethod
    def setpoint_w(self, values: Values) -> float | None:
        """The set-point that it holds; None when it holds none of this kind."""


class Reactive(ABC):
    """One way to set reactive power. As `Control`, in var."""

    rows: tuple[Register, ...]

    @abstractmethod
    def arm(self) -> tuple[Write, ...]:
        """Its timer, and what happens when that runs out."""

    @abstractmethod
    def reactive(self, reactive_var: float) -> tuple[Write, ...]:
        """The set-point, its timer, the enable."""

    @abstractmethod
    def setpoint_var(self, values: Values) -> float | None:
        """The set-point that it holds."""


class Site:
    """What a control needs to know besides its model."""

    def __init__(
        self, device: Device, ratings: Ratings, settings: Inverter, options: Options
    ) -> None:
        self.device = device
        self.ratings = ratings
        self.settings = settings
        self.options = options

    @property
    def timeout_s(self) -> int:
        """After this silence the device has to stop by itself."""
        return self.settings.comm_timeout_s

    def ramp_s(self, full_w: float) -> int | None:
        """Time from zero to full power, for devices that are told a time; None: as they like."""
        ramp = self.settings.ramp_w_per_s
        return None if not ramp else min(LONGEST_RAMP_S, max(1, round(full_w / ramp)))

    def ramp_pct_per_s(self, full_w: float) -> float | None:
        """Change per second in % of full power; None: as it likes."""
        ramp = self.settings.ramp_w_per_s
        return None if not ramp else 100.0 * ramp / full_w
