"""One look that says that all is well: just beyond a bound it does not."""

from math import inf, nextafter
from typing import Any, Final

import pytest
from msgspec.structs import replace

from appliance.errors import ROWS
from appliance.errors.well import WELL
from appliance.model import (
    ActiveError,
    Effect,
    GridView,
    Memory,
    RescueCharge,
    SensorReading,
    Setpoints,
    Severity,
    State,
)
from appliance.site import Current, CurrentLevels
from tests.stories import Story, battery, inverter, rack, seen

HOME: Final = Story().site
VOLTS: Final = HOME.battery.cell_voltage
DEGREES: Final = HOME.battery.cell_temperature
LOW_V: Final = max(VOLTS.recommended_min_v, HOME.battery.rescue_v[0])
ON: Final = Setpoints(power_w=400.0, inverter_on=True, contactors_closed=True)
VIEW: Final = GridView(900.0, 0.0, (), 50.0, 229.0, 231.0, rocof_hz_per_s=0.0)


def told(**cells: Any) -> dict[str, Any]:
    return {"battery": battery(rack(**cells), power_w=420.0, current_a=1.0)}


SPREAD_V: Final = HOME.battery.balancing.alarm_v
OUT: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("cells", told(cell_min_v=nextafter(LOW_V, 0.0), cell_max_v=LOW_V)),
    ("cells", told(cell_max_v=nextafter(VOLTS.recommended_max_v, inf), cell_min_v=3.4)),
    ("cells", told(cell_min_v=3.29, cell_max_v=3.2901 + SPREAD_V)),
    ("cells", told(cell_min_c=nextafter(DEGREES.charge_min_c, -inf), cell_max_c=5.0)),
    ("cells", told(cell_max_c=nextafter(DEGREES.warm_c, inf), cell_min_c=DEGREES.warm_c - 1.0)),
    ("cells", told(cell_min_c=20.0, cell_max_c=20.1 + DEGREES.spread_c)),
    ("cells", {"battery": battery(soc_pct=nextafter(HOME.battery.rescue_pct[0], 0.0))}),
    ("flow", {"battery": battery(power_w=-500.1)}),
    ("inverter", {"inverter": inverter(900.1)}),
    ("inverter", {"inverter": inverter(400.0, setpoint_w=-100.1)}),
    ("grid", {"grid_view": replace(VIEW, frequency_hz=nextafter(50.2, inf))}),
    ("grid", {"grid_view": replace(VIEW, frequency_hz=nextafter(49.8, 0.0))}),
    ("grid", {"grid_view": replace(VIEW, high_v=1.0901 * 230.0)}),
    ("grid", {"grid_view": replace(VIEW, low_v=0.8999 * 230.0)}),
    ("grid", {"grid_view": replace(VIEW, rocof_hz_per_s=-1.2501)}),
    ("grid", {"grid_view": replace(VIEW, excess_s=5.1)}),
    ("sensors", {"box": SensorReading(60.1)}),
    ("sensors", {"box": SensorReading(20.0, 85.1)}),
)


@pytest.mark.parametrize(("name", "readings"), OUT)
def test_just_beyond_a_bound_is_not_well(name: str, readings: dict[str, Any]) -> None:
    """So that the conditions are asked; inside it they need not be."""
    (look,) = [well(HOME) for well, _ in WELL if well.__name__ == name]
    memory = Memory(state=State.RUN, commanded=ON)
    assert look(seen(inverter=inverter(400.0)), memory)
    assert not look(seen(**readings), memory)


@pytest.mark.parametrize("current_a", [12.0, 12.1, -12.1])
def test_a_current_is_well_up_to_the_least_of_the_bounds(current_a: float) -> None:
    current = Current(
        charge=CurrentLevels(operating_a=10.0, recommended_a=12.0, maximum_a=15.0),
        discharge=CurrentLevels(operating_a=20.0, recommended_a=24.0, maximum_a=30.0),
    )
    wired = HOME.model_copy(
        update={"battery": HOME.battery.model_copy(update={"current": current})}
    )
    (look,) = [well(wired) for well, _ in WELL if well.__name__ == "currents"]
    picture = seen(battery=battery(rack(current_a=current_a)))
    assert look(picture, Memory()) is (abs(current_a) <= 12.0)


def test_the_memory_counts_as_well() -> None:
    """A rescue charge that goes on, and power while an error forbids it, are for the conditions."""
    looks = {well.__name__: well(HOME) for well, _ in WELL}
    running, charging = Memory(state=State.RUN, commanded=ON), replace(ON, power_w=-400.0)
    assert looks["cells"](seen(), running)
    low = seen(battery=battery(soc_pct=HOME.battery.rescue_pct[1] - 1.0))
    rescue = replace(running, rescue=RescueCharge(0.0))
    assert not looks["cells"](low, rescue)
    assert ROWS[115].holds(low, rescue, HOME)
    charges = seen(battery=battery(power_w=-300.0))
    commanded = replace(running, commanded=charging)
    assert looks["flow"](charges, commanded)
    full = ActiveError(
        number=111, source="rack 1", severity=Severity.WARNING, title="", remedy="",
        effects=(Effect.NO_CHARGE,), since_at=seen().utc,
    )  # fmt: skip
    forbidden = replace(commanded, errors=(full,))
    assert not looks["flow"](charges, forbidden)
    assert ROWS[134].holds(charges, forbidden, HOME)
