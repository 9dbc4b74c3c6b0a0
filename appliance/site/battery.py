"""The battery, and how far its cells may go."""

from itertools import pairwise
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from appliance.settings import CellVolts, Celsius, Percent, Settings
from appliance.site.devices import Device


class Window(Settings):
    """An allowed range with a softer edge: power tapers between recommended and maximum."""

    def ordered(self, *names: str) -> Self:
        """Refuse bounds that contradict each other, naming them."""
        for lower, upper in pairwise(names):
            low, high = getattr(self, lower), getattr(self, upper)
            if low >= high:
                msg = f"{lower} = {low} must be below {upper} = {high}"
                raise ValueError(msg)
        return self


class CellVoltage(Window):
    """Cell voltage: power tapers from operating to recommended; at maximum or minimum all stops."""

    minimum_v: CellVolts = 2.5
    recommended_min_v: CellVolts = 2.8
    operating_min_v: CellVolts = 3.0
    operating_max_v: CellVolts = 3.55
    recommended_max_v: CellVolts = 3.63
    maximum_v: CellVolts = 3.7

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(
            "minimum_v",
            "recommended_min_v",
            "operating_min_v",
            "operating_max_v",
            "recommended_max_v",
            "maximum_v",
        )


class CellTemperature(Window):
    """Cell temperature: below charge_min no charging; above warm power tapers to zero at hot; at maximum all stops."""

    minimum_c: Celsius = -20.0
    charge_min_c: Celsius = 2.0
    warm_c: Celsius = 45.0
    hot_c: Celsius = 53.0
    maximum_c: Celsius = 58.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered("minimum_c", "charge_min_c", "warm_c", "hot_c", "maximum_c")


class SocWindow(Window):
    """State of charge: the battery is used between reserve and maximum."""

    reserve_pct: Percent = 10.0
    maximum_pct: Percent = 100.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered("reserve_pct", "maximum_pct")


class Battery(Device):
    """The battery behind the inverter; the driver is a signal map in dbc/."""

    FOLDER: ClassVar[str] = "bms"
    BUSES: ClassVar[frozenset[str]] = frozenset({"can"})

    max_age_s: Annotated[float, Field(ge=0.2, le=5)] = 1.5
    capacity_wh: Annotated[float, Field(gt=0, le=100e6)]
    racks: Annotated[int, Field(ge=1, le=64)] = 1
    soc: SocWindow = SocWindow()
    cell_voltage: CellVoltage = CellVoltage()
    cell_temperature: CellTemperature = CellTemperature()
