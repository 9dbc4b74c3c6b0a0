"""The rules against a pretend cabinet in virtual hours: cells stay between cold and warm, and nothing chatters."""

import pytest

from appliance.io.climate._plan import Plan
from appliance.model import SensorReading
from tests.climate.cabinet import Warm, find, home, seen

HARD_W = 10_500.0
"""About 1 C for this rack."""


@pytest.mark.parametrize("algorithm", ["bat5", "bat10"])
def test_fans_keep_working_cells_cool(algorithm: str) -> None:
    air = Warm(25.0, room_c=25.0, power_w=HARD_W, plan=Plan(home(algorithm)))
    alone = Warm(25.0, room_c=25.0, power_w=HARD_W)
    air.run(6.0)
    alone.run(6.0, controlled=False)
    assert alone.rack.cell_max_c > 43.5, "the heat is real"
    assert air.rack.cell_max_c < 40.0
    assert 60.0 < air.cabinet.fans["main"].percent < 100.0


def test_the_mat_brings_cold_cells_to_where_they_can_be_charged() -> None:
    air = Warm(-5.0, room_c=-8.0)
    air.run(2.5)
    assert 8.0 < air.rack.cell_min_c < 10.5
    heat_wh = air.cabinet.heaters["mat"].heat_wh
    assert 430.0 < heat_wh < 500.0
    assert air.cabinet.heaters["mat"].surface_c < 50.0
    air.run(9.5)
    assert 4.9 < air.rack.cell_min_c < 10.5
    assert air.switched <= 4, "it does not chatter"
    assert air.cabinet.fans["main"].percent == 0.0


def test_a_blocked_fan_is_told_within_its_time() -> None:
    air = Warm(38.0, room_c=30.0, power_w=HARD_W)
    air.run(0.05)
    air.cabinet.fans["main"].blocked = True
    air.run(15.0 / 3_600.0)
    reading = air.step()
    assert reading is not None
    fan = find(reading, "main")
    assert fan.stalled
    assert fan.rpm is not None and fan.rpm < 100.0
    air.cabinet.fans["main"].blocked = False
    air.run(0.01)
    reading = air.step()
    assert reading is not None and not find(reading, "main").stalled


def test_moisture_is_heated_away_from_the_cells() -> None:
    air = Warm(12.0, room_c=12.0)
    moist = SensorReading(13.0, 95.0, dew_point_c=11.5)
    air.seen = seen(sensors={"box": moist})
    air.run(2.0)
    assert air.rack.cell_min_c > 11.5 + 2.0
    assert air.rack.cell_max_c < 25.0
