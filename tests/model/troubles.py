"""What goes wrong with readings: silence, rubbish, extremes, contradictions. Each is laid over a Snapshot."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, nan
from random import Random
from typing import Any, Final

import msgspec

from appliance.model import (
    ActuatorReading,
    BatteryState,
    CanHealth,
    GridView,
    HealthReading,
    InverterState,
    PollHealth,
    SensorReading,
    Snapshot,
    WearHealth,
    ZoneReading,
)

Bend = Callable[[Snapshot], Snapshot]
READINGS: Final = ("battery", "inverter", "grid", "pv", "box", "board", "climate")
RUBBISH: Final = (None, nan, inf, -inf, 0.0, -0.0, -1.0, 1e9, -1e9, 1e300, 5e-324)
EXTREMES: Final[dict[str, tuple[float, ...]]] = {
    "cell_max_v": (3.56, 3.62, 3.65, 3.72, 4.5),
    "cell_min_v": (2.95, 2.85, 2.75, 2.45, 0.0),
    "cell_max_c": (46.0, 52.0, 54.0, 59.0, 200.0),
    "cell_min_c": (1.0, -5.0, -25.0),
    "current_a": (0.9, 1.0, -1.5, 50.0, -900.0),
    "power_w": (4_000.0, -4_000.0, 20_000.0, -20_000.0),
    "temperature_c": (61.0, 75.0, 95.0, -40.0),
    "humidity_pct": (81.0, 91.0, 100.0),
    "frequency_hz": (47.0, 49.0, 49.7, 50.3, 51.0, 52.5),
    "soc_pct": (0.0, 2.0, 9.0, 10.3, 11.0, 98.5, 99.5, 100.0, 500.0),
    "soh_pct": (79.0, 10.0),
    "soc_drift_pct": (6.0, -6.0),
    "max_charge_w": (0.0, 10.0, 900.0, -5.0),
    "max_discharge_w": (0.0, 10.0, 900.0, -5.0),
    "voltage_v": (0.0, 300.0, 800.0),
    "setpoint_w": (0.0, 5_000.0, -5_000.0),
}
WORDS: Final = ("overheated", "a word: with a colon", "wire broken", "on battery", "")


@dataclass(frozen=True)
class Trouble:
    """Lasts until `until_s`."""

    name: str
    bend: Bend
    until_s: float


def _put(seen: Snapshot, name: str, **changes: Any) -> Snapshot:
    reading = getattr(seen, name)
    if reading is None:
        return seen
    return msgspec.structs.replace(seen, **{name: msgspec.structs.replace(reading, **changes)})


def _racks(seen: Snapshot, **changes: Any) -> Snapshot:
    if seen.battery is None or not seen.battery.racks:
        return seen
    first, *others = seen.battery.racks
    return _put(seen, "battery", racks=(msgspec.structs.replace(first, **changes), *others))


def _nothing_of(name: str) -> Bend:
    return lambda seen: msgspec.structs.replace(seen, **{name: None})


def _others(name: str, value: Any) -> Bend:
    def bend(seen: Snapshot) -> Snapshot:
        held = getattr(seen, name)
        return msgspec.structs.replace(seen, **{name: dict.fromkeys(held, value)})

    return bend


def _climate(seen: Snapshot, **changes: Any) -> Snapshot:
    fan = ActuatorReading("main", "fan", 100.0, **changes)
    wet = ZoneReading("cabinet", 4.0, 9.0, condensing=True)
    return _put(seen, "climate", actuators=(fan,), zones=(wet,))


SICK: Final = HealthReading(
    10_000, 1.0, 1.0, ("store",), "1.2: no room", (CanHealth("can0", "bus-off", 99, 9),),
    (PollHealth("grid", 100, 60),), (WearHealth("inverter", 90_000, 90.0),),
)  # fmt: skip
OUTLASTED: Final = GridView(0.0, 60.0, ("voltage below 0.8",), 50.0)
# fmt: off
NAMED: Final[dict[str, Bend]] = {
    **{f"{name} silent": _nothing_of(name) for name in READINGS},
    "no racks told": lambda seen: _put(seen, "battery", racks=()),
    "connected, racks open": lambda seen: _racks(_put(seen, "battery", state=BatteryState.CONNECTED), contactors_closed=False),
    "standby, racks closed": lambda seen: _racks(_put(seen, "battery", state=BatteryState.STANDBY), contactors_closed=True),
    "standby, current flows": lambda seen: _racks(_put(seen, "battery", state=BatteryState.STANDBY, current_a=9.0), contactors_closed=False),
    "cell over": lambda seen: _racks(seen, cell_max_v=3.8),
    "rack silent": lambda seen: _racks(seen, contactors_closed=None, voltage_v=None, cell_max_v=None, cell_min_v=None),
    "spread": lambda seen: _racks(seen, cell_max_v=3.45, cell_min_v=3.3),
    "battery in fault": lambda seen: _put(seen, "battery", state=BatteryState.FAULT, faults=("says so",)),
    "battery warns": lambda seen: _put(seen, "battery", warnings=("hm",), faults=("rack 1: odd",)),
    "battery unknown": lambda seen: _put(seen, "battery", state=BatteryState.UNKNOWN),
    "inverter unknown": lambda seen: _put(seen, "inverter", state=InverterState.UNKNOWN),
    "inverter in fault": lambda seen: _put(seen, "inverter", state=InverterState.FAULT, faults=("says so",)),
    "inverter off, power flows": lambda seen: _put(seen, "inverter", state=InverterState.OFF, power_w=3_000.0),
    "inverter runs": lambda seen: _put(seen, "inverter", state=InverterState.RUNNING),
    "grid dips": lambda seen: _put(seen, "grid", phases=(), frequency_hz=46.0),
    "grid unknown": lambda seen: _put(seen, "grid", power_w=None, phases=(), frequency_hz=None),
    "meter warns": lambda seen: _put(seen, "grid", warnings=("phases swapped",)),
    "wire broken": lambda seen: _put(seen, "box", warnings=("wire broken",)),
    "board on battery": lambda seen: _put(seen, "board", warnings=("on battery",)),
    "button held": lambda seen: _put(seen, "board", buttons_pressed=("start", "stop")),
    "sensors silent": _others("sensors", None),
    "computer ails": _others("sensors", SensorReading(99.0, warnings=("throttled", "under-voltage"))),
    "relays silent": _others("relays", None),
    "meters silent": _others("meters", None),
    "a fan stalls": lambda seen: _climate(seen, stalled=True),
    "a fan is silent": lambda seen: _climate(seen, silent=True),
    "health bad": lambda seen: msgspec.structs.replace(seen, health=SICK),
    "restless": lambda seen: _put(seen, "battery", soc_drift_pct=9.0, soh_pct=60.0),
    "cells drift apart": lambda seen: _racks(_put(seen, "battery", power_w=0.0), cell_max_v=3.5, cell_min_v=3.28),
    "cells far apart": lambda seen: _racks(_put(seen, "battery", power_w=0.0), cell_max_v=3.5, cell_min_v=3.05),
    "unevenly warm": lambda seen: _racks(seen, cell_max_c=40.0, cell_min_c=12.0),
    "other meters silent": lambda seen: msgspec.structs.replace(seen, meters={"garage": None}),
    "far too hot": lambda seen: _put(seen, "box", temperature_c=90.0),
    "protection outlasted": lambda seen: msgspec.structs.replace(seen, grid_view=OUTLASTED),
    "the meter stands still": lambda seen: _put(seen, "grid", power_w=1_234.0),
    "parts down": lambda seen: msgspec.structs.replace(seen, workers_down=("recorder", "gui")),
    "no cloud": lambda seen: msgspec.structs.replace(seen, cloud_connected=False),
    "clock not trusted": lambda seen: msgspec.structs.replace(seen, clock_trusted=False),
    "year 1970": lambda seen: msgspec.structs.replace(seen, utc=datetime(1970, 1, 1, tzinfo=UTC)),
    "year 2100": lambda seen: msgspec.structs.replace(seen, utc=datetime(2100, 1, 1, tzinfo=UTC)),
}
# fmt: on


def any_trouble(now_s: float, rng: Random) -> Trouble:
    """A named one, or any field of any reading with any value."""
    until_s = now_s + rng.choice([0.1, 0.5, 1.2, 3.0, 8.0, 70.0])
    if rng.random() < 0.5:
        name = rng.choice(tuple(NAMED))
        return Trouble(name, NAMED[name], until_s)
    return _any_field(until_s, rng)


def _any_field(until_s: float, rng: Random) -> Trouble:
    place = rng.choice((*READINGS, "rack", "rack"))
    extreme = rng.random() < 0.6
    name = rng.choice(tuple(EXTREMES)) if extreme else ""
    pick, value_at = rng.random(), rng.random()

    def bend(seen: Snapshot) -> Snapshot:
        if place == "rack":
            battery = seen.battery
            if battery is None or not battery.racks:
                return seen
            at = int(pick * len(battery.racks))
            racks = list(battery.racks)
            racks[at] = _bent(racks[at])
            return _put(seen, "battery", racks=tuple(racks))
        reading = getattr(seen, place)
        return seen if reading is None else msgspec.structs.replace(seen, **{place: _bent(reading)})

    def _bent(reading: Any) -> Any:
        fields = reading.__struct_fields__
        chosen = name if name in fields else fields[int(pick * len(fields))]
        value = _wrong(chosen, getattr(reading, chosen), value_at)
        return msgspec.structs.replace(reading, **{chosen: value})

    return Trouble(f"{place} {name or 'any field'}", bend, until_s)


def _wrong(name: str, now: Any, pick: float) -> Any:
    """A wrong value of the right kind."""
    if name in EXTREMES and pick < 0.7:
        values: tuple[Any, ...] = EXTREMES[name]
    elif isinstance(now, bool) or name in (
        "contactors_closed",
        "full",
        "empty",
        "balancing",
        "asleep",
    ):
        values = (True, False) if isinstance(now, bool) else (None, True, False)
    elif name in ("faults", "warnings", "buttons_pressed"):
        return (WORDS[int(pick * len(WORDS))],)
    elif isinstance(now, float) or now is None:
        values = (None,) if name.endswith("_at") else RUBBISH
    else:
        return now
    return values[int(pick * 997) % len(values)]
