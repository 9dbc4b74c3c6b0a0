"""Writes the profiles beside it: `python -m simulator.profiles.make_profiles`. The same every time.

The load of a household, shop or factory is a base, cycling coolers and appliances switched on at
certain times; PV is a bell between sunrise and sunset, cut by passing clouds. Nothing in it was measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import cos, pi, sin
from pathlib import Path
from random import Random

FOLDER = Path(__file__).resolve().parent
MINUTES = 1_440
Times = tuple[tuple[int, int], ...]
"""Start in minutes of the day, and for how many minutes."""
Appliance = tuple[str, float, *Times]


#   name               power W  from  for minutes, how often
APPLIANCES = (
    ("kettle",         2_000.0,  (305, 3), (415, 3), (725, 4), (915, 3), (1_155, 3)),
    ("coffee machine", 1_200.0,  (320, 5), (490, 4)),
    ("oven",           2_400.0,  (985, 14), (1_004, 4), (1_012, 4), (1_020, 4)),
    ("hob",            1_500.0,  (700, 18), (990, 25)),
    ("dishwasher",     1_900.0,  (775, 16), (812, 12)),
    ("washing machine", 2_100.0, (560, 14)),
    ("television",       140.0,  (1_020, 190)),
    ("lights",           160.0,  (300, 90), (1_080, 250)),
)  # fmt: skip
SHOP = (
    ("bakery ovens",   12_000.0, (180, 90), (300, 40), (780, 35)),
    ("lights, tills",   5_500.0, (330, 780)),
    ("air handling",    4_200.0, (345, 735)),
    ("dish line",       6_000.0, (690, 25), (1_090, 30)),
    ("van charger",    11_000.0, (840, 95)),
)  # fmt: skip
PRESS: Times = tuple((320 + 12 * n, 3) for n in range(40))
FACTORY: tuple[Appliance, ...] = (
    ("compressors",    55_000.0, (290, 560)),
    ("line 1",         70_000.0, (300, 230), (560, 265)),
    ("line 2",         48_000.0, (330, 200), (560, 210)),
    ("press",          90_000.0, *PRESS),
    ("furnace",       120_000.0, (360, 75), (600, 90)),
    ("lights, offices", 18_000.0, (300, 560)),
)  # fmt: skip


@dataclass(frozen=True)
class Day:
    """What makes a day: sun, clouds, weather, and how much is heated."""

    name: str
    date: datetime
    sunrise_min: int
    sunset_min: int
    peak_pv_w: float
    cloud_share: float
    """Part of the time in which a cloud stands before the sun."""
    shade: float
    """Part of the light that a cloud takes."""
    base_w: float
    coldest_c: float
    warmest_c: float
    heating_w: float = 0.0
    appliances: tuple[Appliance, ...] = APPLIANCES
    cooling_w: float = 95.0
    """A fridge, or many: on for 17 of 50 minutes."""


DAYS = (
    Day("sunny", datetime(2026, 6, 21, tzinfo=UTC), 180, 1_170, 6_000.0, 0.0, 0.0, 210.0, 12.0, 25.0),
    Day("cloudy", datetime(2026, 5, 12, tzinfo=UTC), 220, 1_130, 5_400.0, 0.6, 0.75, 230.0, 8.0, 15.0),
    Day("winter", datetime(2026, 1, 15, tzinfo=UTC), 450, 930, 1_900.0, 0.4, 0.6, 320.0, -6.0, 1.0, 1_600.0),
    Day("shop", datetime(2026, 6, 22, tzinfo=UTC), 180, 1_170, 38_000.0, 0.3, 0.5, 5_200.0, 12.0, 24.0,
        0.0, SHOP, 3_800.0),
    Day("factory", datetime(2026, 6, 22, tzinfo=UTC), 180, 1_170, 210_000.0, 0.3, 0.5, 42_000.0, 12.0,
        24.0, 0.0, FACTORY, 9_000.0),
)  # fmt: skip
"""Times in minutes of the UTC day."""


def rows(day: Day) -> Iterator[tuple[datetime, float, float, float, float, float]]:
    """utc, load W, PV W, import price, export price, outdoor °C; one a minute."""
    rng = Random(day.name)
    clouds = _clouds(day, rng)
    fridge_phase = rng.randrange(50)
    for minute in range(MINUTES):
        load_w = day.base_w + 15.0 * rng.random()
        load_w += day.cooling_w if (minute + fridge_phase) % 50 < 17 else 0.0
        load_w += day.heating_w if day.heating_w and (minute // 20) % 3 == 0 else 0.0
        load_w += sum(
            power_w
            for _, power_w, *times in day.appliances
            for start, length in times
            if start <= minute < start + length
        )
        share = (minute - day.sunrise_min) / (day.sunset_min - day.sunrise_min)
        sun = max(0.0, sin(pi * share)) ** 1.8 if 0.0 < share < 1.0 else 0.0
        warm = (1.0 - cos(2.0 * pi * (minute - 240) / MINUTES)) / 2.0
        outdoor_c = day.coldest_c + (day.warmest_c - day.coldest_c) * warm
        import_price, export_price = _prices(minute)
        pv_w = day.peak_pv_w * sun * clouds[minute]
        yield (
            day.date + timedelta(minutes=minute),
            load_w,
            pv_w,
            import_price,
            export_price,
            outdoor_c,
        )


def _clouds(day: Day, rng: Random) -> list[float]:
    """How much of the light passes, minute by minute; a cloud and a gap last some minutes each."""
    passing: list[float] = []
    while len(passing) < MINUTES:
        cloudy = rng.random() < day.cloud_share
        light = 1.0 - day.shade * (0.6 + 0.4 * rng.random()) if cloudy else 1.0
        passing += [light] * rng.randint(2, 14)
    return passing


def _prices(minute: int) -> tuple[float, float]:
    """Import and export price per kWh: dear in the morning and the evening, cheap at noon and night."""
    hour = minute // 60
    dear = hour in (5, 6, 7) or 15 <= hour < 19
    cheap = 9 <= hour < 13 or hour < 4
    spot = 0.19 if dear else 0.04 if cheap else 0.10
    return round(spot + 0.14, 3), round(spot * 0.8, 3)


def text(day: Day) -> str:
    """The file, its header included."""
    lines = [
        f"# {day.name}: one day in steps of a minute, made by simulator/profiles/make_profiles.py",
        "# with a fixed seed. Not measured: base load, fridge, appliances; PV bell with clouds.",
        "utc,load_w,pv_w,import_price_per_kwh,export_price_per_kwh,outdoor_c",
    ]
    for at, load_w, pv_w, import_price, export_price, outdoor_c in rows(day):
        figures = f"{load_w:.0f},{pv_w:.0f},{import_price},{export_price},{outdoor_c:.1f}"
        lines.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{figures}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every profile."""
    for day in DAYS:
        (FOLDER / f"{day.name}.csv").write_text(text(day), encoding="utf-8")


if __name__ == "__main__":
    main()
