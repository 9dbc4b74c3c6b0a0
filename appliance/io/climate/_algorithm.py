"""How a product's air is kept: zones, curves, thresholds, as data in `algorithms/`."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from appliance.data_file import filled
from appliance.io.known import along
from appliance.settings import Celsius, Name, Percent, Settings
from appliance.site import Climate

FOLDER: Final = Path(__file__).parent / "algorithms"
Source = Literal["cells", "inverter", "sensors"]
Kelvin = Annotated[float, Field(gt=0, le=50)]
Pause = Annotated[float, Field(ge=0, le=3_600)]


class Curve(Settings):
    """Speed by temperature: straight between the points, flat outside; it never falls."""

    points_c_pct: Annotated[tuple[tuple[Celsius, Percent], ...], Field(min_length=2)]
    optional: bool = False
    """Without this temperature the others are enough."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for (left_c, left_pct), (right_c, right_pct) in pairwise(self.points_c_pct):
            if left_c >= right_c or left_pct > right_pct:
                msg = f"points must rise: {left_c:g} °C {left_pct:g} %, {right_c:g} °C {right_pct:g} %"
                raise ValueError(msg)
        if self.points_c_pct[-1][1] < 100.0:
            msg = "a curve must end at 100 %"
            raise ValueError(msg)
        return self

    def percent(self, temperature_c: float) -> float:
        """Speed at this temperature."""
        temperatures_c, percents = zip(*self.points_c_pct, strict=True)
        return along(temperature_c, temperatures_c, percents)


class Heating(Settings):
    """When the heaters of a zone are on."""

    on_below_c: Celsius
    off_above_c: Celsius
    hottest_below_c: Celsius
    """Nothing in the zone may be hotter while it is heated."""
    sensor_below_c: Celsius
    """A heater is cut off above this temperature of its own sensor,"""
    sensor_again_k: Kelvin
    """until that has fallen by so much."""
    least_on_s: Pause
    least_off_s: Pause

    @model_validator(mode="after")
    def _order(self) -> Self:
        if not self.on_below_c < self.off_above_c < self.hottest_below_c:
            msg = "must rise: on_below_c, off_above_c, hottest_below_c"
            raise ValueError(msg)
        return self


class Condensation(Settings):
    """How near the dew point may come to the coldest place."""

    margin_k: Kelvin = 2.0
    clear_k: Kelvin = 3.5

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.margin_k >= self.clear_k:
            msg = f"margin_k = {self.margin_k:g} must be below clear_k = {self.clear_k:g}"
            raise ValueError(msg)
        return self


class ZoneRules(Settings):
    """One zone."""

    ramp_pct_per_s: Annotated[float, Field(gt=0, le=100)]
    least_pct: Percent
    """The slowest speed at which the fan surely turns."""
    kick_pct: Percent
    kick_s: Annotated[float, Field(ge=0, le=30)]
    hysteresis_k: Kelvin
    least_on_s: Pause
    least_off_s: Pause
    curves: dict[Source, Curve]
    heating: Heating | None = None
    condensation: Condensation = Condensation()

    @model_validator(mode="after")
    def _has_a_curve(self) -> Self:
        if not self.curves:
            msg = "a zone needs at least one curve"
            raise ValueError(msg)
        return self


class Algorithm(Settings):
    """One file."""

    title: str
    zones: dict[Name, ZoneRules]


def names() -> tuple[str, ...]:
    """The algorithms there are."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name: str) -> Algorithm:
    """One algorithm. Raises LookupError with what there is instead."""
    if name not in names():
        msg = f"climate.algorithm = {name!r}: no such algorithm; there is: {', '.join(names())}"
        raise LookupError(msg)
    return filled(FOLDER / f"{name}.toml", Algorithm)


def rules_for(settings: Climate) -> dict[str, ZoneRules]:
    """The rules of this site's zones. Raises ValueError with all that does not fit, LookupError for no such file."""
    algorithm = load(settings.algorithm)
    known = ", ".join(sorted(algorithm.zones))
    wrong = [
        f"climate.zones.{name}: {settings.algorithm} has no such zone; it has: {known}"
        for name in settings.zones
        if name not in algorithm.zones
    ]
    wrong += [
        f"climate.heaters.{name}: {settings.algorithm} does not heat the zone {heater.zone}"
        for name, heater in settings.heaters.items()
        if (zone := algorithm.zones.get(heater.zone)) is not None and zone.heating is None
    ]
    if wrong:
        raise ValueError("; ".join(wrong))
    return {name: algorithm.zones[name] for name in settings.zones}
