"""The battery, and how far its cells may go."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import CellVolts, Celsius, Name, Percent, Seconds, Settings, Volts, refuse
from appliance.site.devices import Device
from appliance.site.rescue import Rescue


class Window(Settings):
    """An allowed range with a softer edge: power tapers between recommended and maximum."""

    def disorder(self, *chains: tuple[str, ...]) -> Iterator[str]:
        """Bounds that contradict each other, by name; each chain rises."""
        for lower, upper in (pair for names in chains for pair in pairwise(names)):
            low, high = getattr(self, lower), getattr(self, upper)
            if low >= high:
                yield f"{lower} = {low} must be below {upper} = {high}"

    def ordered(self, *chains: tuple[str, ...]) -> Self:
        """Refuse them."""
        refuse(self.disorder(*chains))
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
            (
                "minimum_v",
                "recommended_min_v",
                "operating_min_v",
                "operating_max_v",
                "recommended_max_v",
                "maximum_v",
            )
        )


class CellTemperature(Window):
    """Cell temperature: power tapers from cool or warm to zero at min or hot; beyond minimum or maximum all stops.

    The window for charging lies inside the one for discharging.
    """

    minimum_c: Celsius = -20.0
    discharge_min_c: Celsius = -15.0
    discharge_cool_c: Celsius = -10.0
    charge_min_c: Celsius = 2.0
    charge_cool_c: Celsius = 7.0
    """Colder than this lithium may plate when charged fast."""
    charge_warm_c: Celsius = 45.0
    charge_hot_c: Celsius = 53.0
    warm_c: Celsius = 45.0
    hot_c: Celsius = 53.0
    maximum_c: Annotated[float, Field(ge=-60, le=90)] = 58.0
    spread_c: Annotated[float, Field(gt=0, le=60)] = 15.0
    """Between the warmest and the coldest cell of a rack; more means a bad cell, sensor or fan."""
    rise_c_per_min: Annotated[float, Field(gt=0, le=100)] = 5.0
    """No current that is allowed heats cells so fast: one may be burning."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        wrong = self.disorder(
            ("minimum_c", "discharge_min_c", "discharge_cool_c", "warm_c", "hot_c", "maximum_c"),
            ("charge_min_c", "charge_cool_c", "charge_warm_c", "charge_hot_c", "maximum_c"),
        )
        refuse([*wrong, *self._beyond_discharge()])
        return self

    def _beyond_discharge(self) -> Iterator[str]:
        for inner, outer, sign in (
            ("charge_min_c", "discharge_min_c", 1.0),
            ("charge_hot_c", "hot_c", -1.0),
        ):
            inside_c, outside_c = getattr(self, inner), getattr(self, outer)
            if sign * (inside_c - outside_c) < 0.0:
                word = "below" if sign > 0.0 else "above"
                yield f"{inner} = {inside_c} must not be {word} {outer} = {outside_c}"


Amps = Annotated[float, Field(gt=0, le=10_000)]


class CurrentLevels(Window):
    """Of one rack, in one direction: held to operating, derated above recommended, opened above maximum."""

    operating_a: Amps
    recommended_a: Amps
    maximum_a: Amps

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(("operating_a", "recommended_a", "maximum_a"))


class Current(Settings):
    """Current of one rack; None: the BMS and the inverter alone know."""

    charge: CurrentLevels | None = None
    discharge: CurrentLevels | None = None


class SocWindow(Window):
    """State of charge: the battery is used between reserve and maximum."""

    reserve_pct: Percent = 10.0
    maximum_pct: Percent = 100.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(("reserve_pct", "maximum_pct"))


Share = Annotated[float, Field(gt=0, le=1)]
"""Of the current that would empty the battery in one hour."""


class Sleep(Settings):
    """How the BMS is sent to sleep, and when. Only in the states IDLE and SLEEP."""

    means: Literal["none", "frame", "relay"] = "none"
    """`frame`: the family's own CAN request. `relay`: a relay whose coil is ON while asleep, so
    that a dead box and a broken wire leave the BMS awake, watching its cells."""
    relay: Name | None = None
    """The relay's name."""
    idle_after_s: Seconds = 1_800.0
    """Without work for so long it sleeps by itself."""
    longest_s: Seconds = 86_400.0
    """Then it is woken for a while: somebody should look at its cells."""
    wake_s: Annotated[float, Field(ge=1, le=300)] = 30.0
    """So long it may be silent after it was woken."""

    @model_validator(mode="after")
    def _relay_is_named(self) -> Self:
        if (self.means == "relay") != (self.relay is not None):
            msg = "relay must be named when means is relay, and only then"
            raise ValueError(msg)
        return self


class Balancing(Window):
    """Cell balancing by the BMS, where it waits for permission (feature CELL_BALANCE)."""

    enabled: bool = False
    above_v: CellVolts = 3.4
    """Only with a cell above this: in the flat part of the curve voltages say nothing."""
    start_v: CellVolts = 0.02
    stop_v: CellVolts = 0.008
    """Spread (highest less lowest cell of a rack) at which it begins and ends."""
    rest_c: Share = 0.02
    light_charge_c: Share = 0.1
    longest_s: Seconds = 21_600.0
    pause_s: Seconds = 3_600.0
    """After the longest time it rests so long."""
    alarm_v: CellVolts = 0.1
    """A spread at rest, away from full and empty, that a person should know of."""
    maximum_v: CellVolts = 0.4
    """A spread at which the battery stays off: a cell is broken."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(("stop_v", "start_v", "alarm_v", "maximum_v"))


class Joining(Window):
    """Which racks may connect to the others. A difference drives a current that nobody limits."""

    window_v: Volts = 4.0
    dc_window_v: Volts = 10.0
    """Against the inverter's DC bus, which measures less well."""
    current_a: Annotated[float, Field(gt=0, le=1_000)] = 5.0
    """A rack joins below this current of the battery."""
    back_off_s: Seconds = 60.0
    """A rack that left rests so long, and twice as long each time it leaves again."""
    longest_back_off_s: Seconds = 3_600.0


class Estimate(Settings):
    """State of charge and of health, estimated beside the BMS."""

    enabled: bool = True
    chemistry: Literal["lfp", "nmc"] = "lfp"
    cells_in_series: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """None: told by the voltages of a rack and its mean cell."""
    full_cell_v: CellVolts | None = None
    empty_cell_v: CellVolts | None = None
    """Open-circuit voltage of the highest, lowest cell that counts as 100 %, 0 %; None: the chemistry's."""
    gap_s: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    """A longer time without a current is a gap: nothing is counted in it."""
    drift_pct: Annotated[float, Field(gt=0, le=20)] = 5.0
    """The BMS is reported when it was this wrong at an end."""
    degraded_pct: Percent = 80.0
    """The capacity is reported below this share of the new one."""


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
    current: Current = Current()
    inactive_after_s: Annotated[float, Field(ge=5, le=3_600)] = 60.0
    """The BMS may answer without saying anything of use for so long."""
    rescue: Rescue = Rescue()
    sleep: Sleep = Sleep()
    balancing: Balancing = Balancing()
    joining: Joining = Joining()
    estimate: Estimate = Estimate()

    @model_validator(mode="after")
    def _rescue_fits(self) -> Self:
        """Begins above where all stops, ends above where it begins."""
        cells, rescue = self.cell_voltage, self.rescue
        below_pct, until_pct = self.rescue_pct
        low_v, high_v = self.rescue_v
        wrong = [
            f"{first} must be below {second}"
            for low, high, first, second in (
                (cells.minimum_v, low_v, f"cell_voltage.minimum_v = {cells.minimum_v}", f"rescue.below_v = {low_v}"),
                (low_v, high_v, f"rescue.below_v = {low_v}", f"rescue.until_v = {high_v}"),
                (below_pct, until_pct, f"rescue.below_pct = {below_pct}", f"rescue.until_pct = {until_pct}"),
            )
            if rescue.enabled and low >= high and high > 0.0
        ]  # fmt: skip
        refuse(wrong)
        return self

    @property
    def rescue_v(self) -> tuple[float, float]:
        """Voltage of the lowest cell at which the rescue charge begins and ends."""
        rescue, cells = self.rescue, self.cell_voltage
        return (
            cells.recommended_min_v if rescue.below_v is None else rescue.below_v,
            cells.operating_min_v if rescue.until_v is None else rescue.until_v,
        )

    @property
    def rescue_pct(self) -> tuple[float, float]:
        """State of charge at which the rescue charge begins and ends."""
        rescue, reserve_pct = self.rescue, self.soc.reserve_pct
        return (
            0.5 * reserve_pct if rescue.below_pct is None else rescue.below_pct,
            reserve_pct if rescue.until_pct is None else rescue.until_pct,
        )
