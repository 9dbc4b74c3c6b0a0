"""Devices: which driver file, on which bus, at which address."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from typing_extensions import override

from appliance.settings import Name, Settings, Watts, refuse
from appliance.site.wires import REGISTER_BUSES

INVERTER_SPEAKS: Final = "inverter"
"""`battery.driver` where the inverter speaks for its battery and guards its cells."""
OPENS_AFTER_S: Final = 3.0
"""From an inverter's silence until contactors open: a second until it is an error, two for the current."""


class Driven(Settings):
    """What a driver file serves."""

    FOLDER: ClassVar[str] = "meters"
    """The folder under io/ that holds this kind of driver."""
    BUSES: ClassVar[frozenset[str]] = REGISTER_BUSES
    """The kinds of bus it can be on."""

    driver: Name
    bus: Name
    options: dict[str, Any] = Field(default_factory=dict)
    """What this driver alone wants to know; checked against its own `Options`."""

    @field_validator("driver")
    @classmethod
    def _driver_is_a_file(cls, driver: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get("drivers", {}).get(cls.FOLDER)
        if known is not None and driver not in known:
            msg = f"no such driver; this version has: {', '.join(sorted(known))}"
            raise ValueError(msg)
        return driver


class Device(Driven):
    """One device: which driver file, on which bus, at which address."""

    unit: Annotated[int, Field(ge=0, le=255)] = 1
    """Modbus unit id, or I2C address."""
    poll_s: Annotated[float, Field(ge=0.02, le=10)] = 0.1
    max_age_s: Annotated[float, Field(ge=0.2, le=30)] = 1.0
    """An older reading counts as missing."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse(self.mistakes())
        return self

    def mistakes(self) -> Iterator[str]:
        """Between its settings."""
        if self.poll_s >= self.max_age_s:
            yield f"poll_s = {self.poll_s:g} must be below max_age_s = {self.max_age_s:g}: it would be missing in between"


class Meter(Device):
    """A grid or PV meter."""

    mounting: Literal["normal", "reversed"] = "normal"
    """`reversed` when the current transformers point the other way."""


class Inverter(Device):
    """The battery inverter."""

    FOLDER: ClassVar[str] = "inverters"

    max_charge_w: Watts
    max_discharge_w: Watts
    max_reactive_var: Watts = 0.0
    """0: no reactive power is ever asked for."""
    rated_va: Watts | None = None
    """Apparent power: active and reactive together. None: the larger of the two power ratings."""
    efficiency: Annotated[float, Field(ge=0.5, le=1.0)] = 0.95
    """Of a discharge, AC by DC: the battery gives more than arrives, and its limits are at its terminals."""
    ramp_w_per_s: Watts | None = None
    """How fast the device itself may change its power, where it can be told; None: as it likes."""
    comm_timeout_s: Annotated[int, Field(ge=1, le=20)] = 2
    """After this silence the inverter stops by itself."""
    stored_writes_allowed: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 100_000
    """Into its memory that wears out, in its life. Makers of such memory name 100,000 and more [recalled]."""

    @property
    def apparent_va(self) -> float:
        """The most that active and reactive power may be together."""
        rated_va = self.rated_va
        return max(self.max_charge_w, self.max_discharge_w) if rated_va is None else rated_va

    @override
    def mistakes(self) -> Iterator[str]:
        yield from super().mistakes()
        if self.max_reactive_var > self.apparent_va:
            yield f"max_reactive_var = {self.max_reactive_var:g} must be at most rated_va = {self.apparent_va:g}"
        longest_s = self.max_age_s + OPENS_AFTER_S
        if self.comm_timeout_s > longest_s:
            yield (
                f"comm_timeout_s = {self.comm_timeout_s} must be at most {longest_s:g} (max_age_s and "
                f"{OPENS_AFTER_S:g} s more): then contactors open, and it must have stopped by itself"
            )


class Sensor(Device):
    """A sensor of air, of a surface, or of the computer itself."""

    FOLDER: ClassVar[str] = "sensors"
    BUSES: ClassVar[frozenset[str]] = frozenset({"i2c", "files"})

    poll_s: Annotated[float, Field(ge=0.02, le=60)] = 1.0
    max_age_s: Annotated[float, Field(ge=1, le=300)] = 10.0
