"""A grid code whose volts and seconds are round figures, and what the watch says under it."""

from typing import Any

from appliance.model import GridView, MeterReading, PhaseReading
from appliance.site import GridCode
from appliance.watches.grid import GridWatch
from tests.stories import seen

FROM = {"source": "invented for this test", "verified": False}


def stage(what: str, side: str, at: float, after_s: float) -> dict[str, Any]:
    return {**FROM, "what": what, "side": side, "at": at, "after_s": after_s}


def code(*trips: dict[str, Any]) -> GridCode:
    """Of a grid of 200 V and 50 Hz."""
    window = {"voltage_low_pu": 0.875, "voltage_high_pu": 1.125, "wait_s": 60.0, "ramp_pct_per_min": 10.0}  # fmt: skip
    window |= {"frequency_low_hz": 49.0, "frequency_high_hz": 50.25}
    return GridCode.model_validate(
        {
            "title": "Nowhere", "edition": "none", "nominal_v": 200.0, "trips": trips,
            "connect": {**FROM, **window},
            "over_frequency": {**FROM, "start_hz": 50.5, "droop_pct": 5.0},
            "under_frequency": {**FROM, "start_hz": 49.5, "droop_pct": 5.0},
        }
    )  # fmt: skip


CODE = code(
    stage("voltage", "below", 0.75, 3.0),
    stage("voltage", "below", 0.5, 0.25),
    stage("voltage", "above", 1.25, 3.0),
    stage("voltage", "above", 1.5, 0.25),
    stage("mean_voltage", "above", 1.125, 1.0),
    stage("mean_voltage", "above", 1.25, 1.0),
    stage("frequency", "below", 47.5, 2.0),
    stage("frequency", "below", 47.0, 0.5),
    stage("frequency", "above", 51.5, 2.0),
    stage("frequency", "above", 52.0, 0.5),
)


def meter(*volts: float | None, hertz: float | None = 50.0) -> MeterReading:
    """Every call makes a new reading."""
    phases = tuple(PhaseReading(volt) for volt in volts)
    return MeterReading(power_w=0.0, phases=phases, frequency_hz=hertz)


def view(watch: GridWatch, now_s: float, grid: MeterReading | None, **changes: Any) -> GridView:
    found = watch.look(seen(now_s, grid=grid, **changes)).grid_view
    assert found is not None
    return found


def three(volt: float) -> tuple[float, float, float]:
    return (volt, volt, volt)
