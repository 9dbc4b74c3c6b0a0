"""What is known of balance, current, temperatures and the grid: asked at every bound and with every part missing."""

from typing import Any

import pytest

from appliance.errors.cells import BALANCE_SEEN_PCT
from appliance.errors.known import REST_W
from appliance.model import MeterReading, SensorReading
from tests.core.conditions import knows
from tests.core.test_known_conditions import NAN
from tests.stories import battery, rack, seen

LOW_PCT, HIGH_PCT = BALANCE_SEEN_PCT


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        (True, {"power_w": 0.0, "soc_pct": 50.0}),
        (True, {"power_w": 100.0, "soc_pct": LOW_PCT}), (True, {"power_w": -100.0, "soc_pct": HIGH_PCT}),
        (False, {"power_w": 100.1}), (False, {"power_w": -100.1}), (False, {"power_w": None}),
        (False, {"soc_pct": LOW_PCT - 0.1}), (False, {"soc_pct": HIGH_PCT + 0.1}),
        (False, {"soc_pct": None}), (False, {"soc_pct": NAN}), (False, {"power_w": NAN}),
    ],
)  # fmt: skip
def test_balance_is_seen_at_rest_and_away_from_the_ends(
    known: bool, changes: dict[str, Any]
) -> None:
    assert REST_W == 100.0
    assert knows(130, "rack 1", battery=battery(**changes)) is known


def test_balance_needs_the_cells_of_that_rack() -> None:
    assert knows(130, "rack 1", battery=None) is knows(130, "rack 2") is False
    for name in ("cell_min_v", "cell_max_v"):
        for unknown in (None, NAN):
            assert knows(130, "rack 1", battery=battery(rack(1, **{name: unknown}))) is False
    open_one = battery(rack(1), rack(2, contactors_closed=False))
    assert knows(130, "rack 2", battery=open_one) is True


@pytest.mark.parametrize("number", [128, 129])
def test_the_current_of_the_whole_or_of_every_rack_that_works(number: int) -> None:
    def known(whole_a: float | None, *racks_a: float | None, away: bool = False) -> bool:
        racks = [
            rack(at, current_a=one, contactors_closed=not (away and at == 2))
            for at, one in enumerate(racks_a, 1)
        ]
        return knows(number, battery=battery(*racks, current_a=whole_a))

    assert known(1.0, None, None) is known(None, 1.0, 1.0) is known(0.0, None) is True
    assert known(None, 1.0, None) is known(None, None, None) is known(None, None, 1.0) is False
    assert known(None, 1.0, None, away=True) is True
    assert knows(number, battery=None) is False


@pytest.mark.parametrize("number", [502, 510])
def test_the_temperature_of_the_box_or_of_the_computer(number: int) -> None:
    hot, blind = SensorReading(temperature_c=70.0), SensorReading(humidity_pct=40.0)
    assert knows(number, "box") is True
    assert knows(number, "box", box=None) is knows(number, "box", box=blind) is False
    assert knows(number, "cpu", sensors={"cpu": hot}, box=None) is True
    assert knows(number, "cpu", sensors={"cpu": blind}) is False
    assert knows(number, "cpu", sensors={"cpu": None}) is knows(number, "cpu") is False
    assert knows(number, "box", sensors={"box": hot}, box=None) is False


@pytest.mark.parametrize("number", [310, 311, 312, 313, 314, 315, 316])
def test_the_grid_is_known_where_its_meter_speaks(number: int) -> None:
    assert seen().grid is not None
    assert knows(number) is knows(number, grid=MeterReading()) is True
    assert knows(number, grid=None) is False
