"""An NTC resistor: from Ω to °C, by its B value or by the maker's table of points."""

from collections.abc import Callable
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from appliance.data_file import filled
from appliance.io.known import along
from appliance.settings import Celsius, Settings

FOLDER: Final = Path(__file__).parent / "curves"
ZERO_C_K: Final = 273.15
REFERENCE_K: Final = 298.15
"""25 °C: where makers state the resistance."""
Ohms = Annotated[float, Field(gt=0, le=1e8)]


class Curve(Settings):
    """A table of points: temperatures in °C that rise, resistances in Ω that fall."""

    points: Annotated[tuple[tuple[Celsius, Ohms], ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _falls(self) -> Self:
        for (cold_c, more_ohm), (warm_c, less_ohm) in pairwise(self.points):
            if warm_c <= cold_c or less_ohm >= more_ohm:
                msg = f"points must rise in °C and fall in Ω: {warm_c} °C {less_ohm} Ω follows {cold_c} °C {more_ohm} Ω"
                raise ValueError(msg)
        return self


def by_beta(at_25_ohm: float, beta_k: float) -> Callable[[float], float | None]:
    """Ω to °C by 1/T = 1/T25 + ln(R/R25)/B, the definition of B (IEC 60539-1)."""

    def temperature_c(ohm: float) -> float | None:
        inverse = 1.0 / REFERENCE_K + log(ohm / at_25_ohm) / beta_k
        return 1.0 / inverse - ZERO_C_K if inverse > 0.0 else None

    return temperature_c


def by_points(curve: Curve) -> Callable[[float], float | None]:
    """Ω to °C between the points, straight in ln R; None outside of the table."""
    minus_logs = [-log(ohm) for _celsius, ohm in curve.points]
    temperatures_c = [celsius for celsius, _ohm in curve.points]

    def temperature_c(ohm: float) -> float | None:
        x = -log(ohm)
        if not minus_logs[0] <= x <= minus_logs[-1]:
            return None
        return along(x, minus_logs, temperatures_c)

    return temperature_c


def load_curve(curve: str) -> Curve:
    """One of `curves/` by its name, or a TOML file with `points = [[-20.0, 97070.0], …]`. Raises DataFileError."""
    ours = FOLDER / f"{curve}.toml"
    return filled(ours if ours.is_file() else Path(curve), Curve)
