"""Whole days in Wh: each Flux mode on a day of 24 hours, and on those when the clock changes in London.

A site that draws 300 W and has 2 kW left over from 10:00 to 14:00, a battery of 10 kWh at half charge.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from appliance.model import Dispatch, Imbalance, Market
from appliance.modes._settlement import settlement_start
from tests.modes.flux_world import World

ZONE = ZoneInfo("Europe/London")
DAYS: Final = {
    "summer": ("2026-05-31T23:00", "2026-06-01T23:00"),
    "spring": ("2026-03-29T00:00", "2026-03-29T23:00"),
    "autumn": ("2026-10-24T23:00", "2026-10-26T00:00"),
}
EVENING: Final = {"start": "16:00", "end": "19:00"}
NIGHT: Final = {"start": "00:30", "end": "04:30"}
CURVES: Final = {
    "charge_curve": [{"price_per_kwh": -1.0, "soe_wh": 9_000.0}, {"price_per_kwh": 0.1, "soe_wh": 9_000.0}],
    "discharge_curve": [{"price_per_kwh": 0.3, "soe_wh": 2_000.0}, {"price_per_kwh": 2.0, "soe_wh": 2_000.0}],
}  # fmt: skip
MODES: Final[dict[str, dict[str, Any]]] = {
    "import_avoidance": {"during": [EVENING, {"start": "22:00", "end": "06:00"}]},
    "export_avoidance": {"during": [{"start": "11:00", "end": "24:00"}]},
    "import_avoidance_when_short": {"entries": [{}]},
    "charge_to_soe": {"entries": [{"period": NIGHT, "soe_wh": 9_000.0}]},
    "discharge_to_soe": {"entries": [{"period": NIGHT, "soe_wh": 2_000.0}]},
    "niv_chase": {"entries": [CURVES | {"when_long": {"allow": True}}]},
    "dynamic_peak_discharge": {"entries": [{"period": EVENING, "target_soe_wh": 500.0}]},
    "dynamic_peak_approach": {"entries": [{"peak_period": EVENING, "to_soe_wh": 9_500.0, "assumed_charge_power_w": 2_500.0, "charge_cushion_s": 1_800.0}]},
    "axle_schedule": {},
}  # fmt: skip


def hour(utc: datetime) -> float:
    """By London's clock."""
    local = utc.astimezone(ZONE)
    return local.hour + local.minute / 60.0


def load_w(utc: datetime) -> float:
    return -2_000.0 if 10.0 <= hour(utc) < 14.0 else 300.0


def system(utc: datetime) -> Market:
    """Long and cheap from 2 to 5, short and dear from 17 to 18:30; orders at 9 and at 20."""
    now = hour(utc)
    price, volume_wh = (0.02, -4e6) if 2.0 <= now < 5.0 else (0.5, 4e6) if 17.0 <= now < 18.5 else (0.2, -1e6)  # fmt: skip
    start_at = settlement_start(utc)
    told = Imbalance(price, start_at, volume_wh, start_at)
    action = {9: "charge_max", 20: "discharge_max", 21: "avoid_import"}.get(int(now))
    ends = utc + timedelta(hours=1)
    return Market(imbalance=told, dispatch=Dispatch(utc, ends, action) if action else None)


def day(
    name: str, modes: dict[str, dict[str, Any]], market: Callable[[datetime], Market] = system
) -> World:
    world = World(dict(modes), load_w=load_w, market=market, step_s=60.0)
    return world.run(*DAYS[name])


def figures(world: World) -> tuple[int, int, int, int, int]:
    """Charged, discharged, imported, exported, and what is left in the battery, in Wh."""
    sums = (world.charge_wh, world.discharge_wh, world.import_wh, world.export_wh, world.soe_wh)
    return round(sums[0]), round(sums[1]), round(sums[2]), round(sums[3]), round(sums[4])


GOLDEN: Final[dict[tuple[str, str], tuple[int, int, int, int, int]]] = {
    # In the order of `figures`.
    ("import_avoidance", "summer"): (0, 3300, 2700, 8000, 1700),
    ("import_avoidance", "spring"): (0, 3000, 2700, 8000, 2000),
    ("import_avoidance", "autumn"): (0, 3600, 2700, 8000, 1400),
    ("export_avoidance", "summer"): (5263, 0, 6000, 2737, 10000),
    ("export_avoidance", "spring"): (5263, 0, 5700, 2737, 10000),
    ("export_avoidance", "autumn"): (5263, 0, 6300, 2737, 10000),
    ("import_avoidance_when_short", "summer"): (0, 300, 5700, 8000, 4700),
    ("import_avoidance_when_short", "spring"): (0, 300, 5400, 8000, 4700),
    ("import_avoidance_when_short", "autumn"): (0, 300, 6000, 8000, 4700),
    ("charge_to_soe", "summer"): (4211, 0, 10211, 8000, 9000),
    ("charge_to_soe", "spring"): (4211, 0, 9911, 8000, 9000),
    ("charge_to_soe", "autumn"): (4211, 0, 10511, 8000, 9000),
    ("discharge_to_soe", "summer"): (0, 3000, 4800, 9800, 2000),
    ("discharge_to_soe", "spring"): (0, 3000, 4800, 10100, 2000),
    ("discharge_to_soe", "autumn"): (0, 3000, 4800, 9500, 2000),
    ("niv_chase", "summer"): (4211, 5000, 9911, 12700, 4000),
    ("niv_chase", "spring"): (4211, 5000, 9611, 12700, 4000),
    ("niv_chase", "autumn"): (4211, 5000, 10211, 12700, 4000),
    ("dynamic_peak_discharge", "summer"): (0, 4500, 5730, 12230, 500),
    ("dynamic_peak_discharge", "spring"): (0, 4500, 5430, 12230, 500),
    ("dynamic_peak_discharge", "autumn"): (0, 4500, 6030, 12230, 500),
    ("dynamic_peak_approach", "summer"): (4737, 0, 9750, 7013, 9500),
    ("dynamic_peak_approach", "spring"): (4737, 0, 9450, 7013, 9500),
    ("dynamic_peak_approach", "autumn"): (4737, 0, 10050, 7013, 9500),
    ("axle_schedule", "summer"): (5000, 5300, 10400, 12700, 4450),
    ("axle_schedule", "spring"): (5000, 5300, 10100, 12700, 4450),
    ("axle_schedule", "autumn"): (5000, 5300, 10700, 12700, 4450),
}


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize("mode", MODES)
def test_a_day_of_one_mode(mode: str, name: str) -> None:
    world = day(name, {mode: MODES[mode]})
    assert figures(world) == GOLDEN[mode, name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("summer", (8_000, 6_000, 0, 0, 6_600)),
        ("spring", (8_000, 5_700, 0, 0, 6_900)),
        ("autumn", (8_000, 6_300, 0, 0, 6_300)),
    ],
)
def test_import_and_export_avoidance_together_neither_import_nor_export(
    name: str, expected: tuple[int, ...]
) -> None:
    assert figures(day(name, {"import_avoidance": {}, "export_avoidance": {}})) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("summer", (8_789, 13_350, 10_037, 16_597, 0)),
        ("spring", (8_789, 13_350, 10_037, 16_897, 0)),
        ("autumn", (8_789, 13_350, 10_037, 16_297, 0)),
    ],
)
def test_all_nine_together(name: str, expected: tuple[int, ...]) -> None:
    assert figures(day(name, MODES)) == expected


def test_nothing_is_charged_in_a_peak_that_is_kept_free() -> None:
    world = World(
        {"dynamic_peak_discharge": MODES["dynamic_peak_discharge"], "export_avoidance": {}},
        load_w=lambda _utc: -1_000.0, step_s=60.0,
    )  # fmt: skip
    world.run("2026-06-01T15:00", "2026-06-01T18:00")
    assert (round(world.charge_wh), round(world.discharge_wh)) == (
        0,
        4_417,
    )  # Begun a step of a minute late.
