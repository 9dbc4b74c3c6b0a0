"""How far grid voltage and frequency may go before somebody is told, before an island is suspected, before all stops.

Supervisory only: slower than the certified protection in the inverter or beside it, and never a substitute.
The outermost level, where all stops, is the grid code's stages, or USUAL where site.toml names none.
"""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from appliance.settings import Watts
from appliance.site.battery import Window as Levels
from appliance.site.grid_code import FrequencyResponse, GridCode, Hertz, PerUnit, Trip, Window


class Grid(Levels):
    """Beyond operating somebody is told; beyond recommended a plant that feeds nobody is an island."""

    recommended_low_hz: Hertz = 49.0
    operating_low_hz: Hertz = 49.8
    operating_high_hz: Hertz = 50.2
    recommended_high_hz: Hertz = 51.0
    recommended_low_pu: PerUnit = 0.85
    operating_low_pu: PerUnit = 0.90
    operating_high_pu: PerUnit = 1.09
    recommended_high_pu: PerUnit = 1.12
    lost_pu: Annotated[float, Field(gt=0, le=0.5)] = 0.15
    """Below this on every phase there is no grid."""
    rocof_hz_per_s: Annotated[float, Field(gt=0, le=20)] = 2.5
    """Over a second; plants must bear 2 Hz/s."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self.ordered(
            ("recommended_low_hz", "operating_low_hz", "operating_high_hz", "recommended_high_hz"),
            (
                "lost_pu",
                "recommended_low_pu",
                "operating_low_pu",
                "operating_high_pu",
                "recommended_high_pu",
            ),
        )


class Connection(Levels):
    """The grid connection."""

    max_import_w: Watts = 17_000.0
    max_export_w: Watts = 17_000.0
    cut_after_s: Annotated[float, Field(ge=0.5, le=60)] = 5.0
    """Beyond it for so long the battery's part is cut to zero at once, whatever the limits had hoped. A plant
    that is told to must cease within 5 s (EU 2016/631, article 13(6); recalled, not verified)."""
    cut_tolerance_w: Watts = 200.0
    """A meter of class 1 is off by so much at 17 kW."""


WIDEST: Final = "the widest of the profiles in appliance/grid_codes; the time recalled"
NOWHERE: Final = Window(
    source="no grid code is named: no wait and no ramp",
    verified=True,
    voltage_low_pu=0.85,
    voltage_high_pu=1.10,
    frequency_low_hz=47.5,
    frequency_high_hz=51.5,
    wait_s=0.0,
    ramp_pct_per_min=6_000.0,
)


def _stage(what: str, side: str, at: float, after_s: float) -> Trip:
    said = {"what": what, "side": side, "at": at, "after_s": after_s}
    return Trip.model_validate({**said, "source": WIDEST, "verified": False})


USUAL: Final = GridCode(
    title="No grid code",
    edition="none",
    trips=(
        _stage("voltage", "below", 0.80, 3.0),
        _stage("voltage", "above", 1.15, 3.0),
        _stage("mean_voltage", "above", 1.10, 3.0),
        _stage("frequency", "below", 47.5, 2.0),
        _stage("frequency", "above", 51.5, 2.0),
    ),
    connect=NOWHERE,
    over_frequency=FrequencyResponse(source=WIDEST, verified=False, start_hz=50.2, droop_pct=5.0),
    under_frequency=FrequencyResponse(source=WIDEST, verified=False, start_hz=49.8, droop_pct=5.0),
)
"""Where site.toml names no grid code: stages that every inverter on a European grid has left by itself."""
