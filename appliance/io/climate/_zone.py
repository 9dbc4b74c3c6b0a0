"""What is known of a zone's temperatures. Pure: readings in, numbers out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from appliance.io.climate._algorithm import Source, ZoneRules
from appliance.model import BatteryReading, InverterReading, SensorReading
from appliance.site import CELLS, Zone


@dataclass(frozen=True, slots=True)
class Seen:
    """What the climate is decided from. Only fresh readings; None is not known."""

    battery: BatteryReading | None = None
    inverter: InverterReading | None = None
    sensors: Mapping[str, SensorReading | None] = field(default_factory=dict)
    decided: bool = False
    """Somebody decides: a fresh Decision is there."""
    stopped: bool = False
    """The emergency stop is on."""
    forced: Mapping[str, float] = field(default_factory=dict)
    """Percent by name of the fan or heater that a person holds."""
    minute: int | None = None
    """Minutes since local midnight; None: the clock is not trusted, or there is no night."""


@dataclass(frozen=True, slots=True)
class Temperatures:
    """One zone, in °C."""

    hottest: Mapping[Source, float]
    """By what drives the fans; only what is known."""
    unknown: tuple[str, ...]
    """What must be known and is not."""
    coldest_c: float | None
    """Of cells and surfaces: where water would condense."""
    heated_c: float | None
    """What heating goes by: the coldest cell, or where there are no cells the coldest sensor."""
    dew_point_c: float | None


def cells_c(battery: BatteryReading | None) -> tuple[float, float] | None:
    """Coldest and hottest cell; None unless every rack tells both."""
    if battery is None or not battery.racks:
        return None
    lows = [rack.cell_min_c for rack in battery.racks if rack.cell_min_c is not None]
    highs = [rack.cell_max_c for rack in battery.racks if rack.cell_max_c is not None]
    if len(lows) != len(battery.racks) or len(highs) != len(battery.racks):
        return None
    return min(lows), max(highs)


def sensor_c(name: str, seen: Seen) -> float | None:
    """Temperature of a sensor, or of the hottest cell for `cells`."""
    if name == CELLS:
        cells = cells_c(seen.battery)
        return None if cells is None else cells[1]
    reading = seen.sensors.get(name)
    return None if reading is None else reading.temperature_c


def temperatures(rules: ZoneRules, zone: Zone, seen: Seen) -> Temperatures:
    """All that the rules of a zone go by."""
    by_name = {name: sensor_c(name, seen) for name in zone.sensors}
    cells = cells_c(seen.battery) if CELLS in rules.curves else None
    inverter_c = None if seen.inverter is None else seen.inverter.temperature_c
    known: dict[Source, float | None] = {
        "cells": None if cells is None else cells[1],
        "inverter": inverter_c,
        "sensors": _most(by_name.values()),
    }
    hottest = {source: value for source in rules.curves if (value := known[source]) is not None}
    unknown = [f"{name} sensor" for name, value in by_name.items() if value is None]
    unknown += [
        source
        for source, curve in rules.curves.items()
        if source not in hottest and source != "sensors" and not curve.optional
    ]
    if not hottest and not unknown:
        unknown = ["every temperature"]
    lows = [value for value in by_name.values() if value is not None]
    coldest_cell = [] if cells is None else [cells[0]]
    heated = coldest_cell if CELLS in rules.curves else lows
    air = None if zone.air is None else seen.sensors.get(zone.air)
    return Temperatures(
        hottest=hottest,
        unknown=tuple(unknown),
        coldest_c=min([*coldest_cell, *lows], default=None),
        heated_c=min(heated, default=None),
        dew_point_c=None if air is None else air.dew_point_c,
    )


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
