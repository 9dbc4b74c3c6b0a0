"""One look that says that all is well: then no condition of its errors may hold, whatever is bent."""

import types
from bisect import bisect
from collections.abc import Iterator
from enum import Enum
from functools import cache
from math import inf, nan, nextafter
from random import Random
from typing import Any, Final, Union, get_args, get_origin

import msgspec
import pytest

from appliance.errors import ROWS
from appliance.errors.well import WELL
from appliance.model import (
    NO_BACKUP,
    ActiveError,
    ActuatorReading,
    BackupMemory,
    BackupReport,
    BatteryState,
    ClimateReading,
    Effect,
    GridView,
    InverterState,
    IslandFigures,
    Memory,
    MeterReading,
    PhaseReading,
    RelayReading,
    RescueCharge,
    SensorReading,
    Setpoints,
    Severity,
    Snapshot,
    State,
    ZoneReading,
)
from appliance.model.word import Word
from appliance.site import Current, CurrentLevels, PinRelay, SiteSettings
from tests.stories import Story, battery, inverter, rack, seen, with_grid_code

TURNS: Final = 6_000
NEAR: Final = 20
LIKELY: Final = (
    "battery", "racks", "inverter", "grid_view", "commanded",
    "cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c", "current_a", "power_w", "setpoint_w",
    "soc_pct", "frequency_hz", "low_v", "high_v", "rocof_hz_per_s", "excess_s", "temperature_c",
)  # fmt: skip
"""These are bent more often: most conditions look at them."""
HOME: Final = Story().site
WORDS: Final = (
    "frequency below 47.5 Hz",
    "voltage above 264 V",
    "No grid",
    "recorder",
    "wire broken",
)
ON: Final = Setpoints(power_w=400.0, inverter_on=True, contactors_closed=True)
WARNS: Final = ActiveError(
    number=111, source="rack 1", severity=Severity.WARNING, title="", remedy="",
    effects=(Effect.NO_CHARGE,), since_at=seen().utc,
)  # fmt: skip
FAILED: Final = BackupReport(
    began_at=seen().utc, ended_at=seen().utc, by="ctl", asked_s=60.0, passed=False,
    reasons=("no island",), figures=IslandFigures(),
)  # fmt: skip
VIEW: Final = GridView(900.0, 0.0, (), 50.0, 229.0, 231.0, rocof_hz_per_s=0.0)
VOLTS: Final = HOME.battery.cell_voltage
DEGREES: Final = HOME.battery.cell_temperature
LOW_V: Final = max(VOLTS.recommended_min_v, HOME.battery.rescue_v[0])
AT_BOUNDS: Final[tuple[dict[str, Any], ...]] = (
    {"cell_min_v": LOW_V, "cell_max_v": LOW_V + 0.01},
    {"cell_min_v": VOLTS.recommended_max_v - 0.01, "cell_max_v": VOLTS.recommended_max_v},
    {"cell_min_c": DEGREES.charge_min_c, "cell_max_c": DEGREES.charge_min_c + 1.0},
    {"cell_min_c": DEGREES.warm_c - 1.0, "cell_max_c": DEGREES.warm_c},
)
"""Racks as far out as they may be, all of their cells together."""
PHASES: Final = (PhaseReading(230.0), PhaseReading(0.0))


def sites() -> Iterator[SiteSettings]:
    """With and without currents, a grid code, relays, a computer's sensor, other meters."""
    yield HOME
    current = Current(
        charge=CurrentLevels(operating_a=10.0, recommended_a=12.0, maximum_a=15.0),
        discharge=CurrentLevels(operating_a=20.0, recommended_a=24.0, maximum_a=30.0),
    )
    wired = HOME.battery.model_copy(update={"current": current, "racks": 2})
    cpu = HOME.sensors["box"].model_copy(update={"driver": "cpu"})
    yield with_grid_code(
        HOME.model_copy(
            update={
                "battery": wired,
                "sensors": HOME.sensors | {"cpu": cpu},
                "relays": {"pump": PinRelay(driver="gpio", bus="pins", pin=5)},
            }
        )
    )
    without_pv = {"grid": HOME.meters["grid"]}
    yield HOME.model_copy(update={"sensors": {"box": cpu}, "meters": without_pv})


def scenes() -> Iterator[tuple[Snapshot, Memory]]:
    """All is well: running with one rack and with two, and asleep."""
    running = Memory(state=State.RUN, commanded=ON)
    says = {"sensors": {"cpu": SensorReading(50.0)}, "relays": {"pump": RelayReading(False, False)}}
    for racks in ((rack(),), (rack(1, current_a=1.0), rack(2, current_a=1.0))):
        carries = battery(*racks, power_w=420.0, current_a=1.0)
        for view in (None, VIEW):
            for more in ({}, says):
                changes: dict[str, Any] = {"battery": carries, "grid_view": view, **more}
                yield seen(inverter=inverter(400.0), **changes), running
    for cells in AT_BOUNDS:
        told = battery(rack(**cells), power_w=420.0, current_a=1.0)
        yield seen(battery=told, inverter=inverter(400.0)), running
    opened = rack(contactors_closed=False)
    rests = battery(opened, state=BatteryState.STANDBY)
    off = inverter(0.0, state=InverterState.OFF)
    for state in (State.SLEEP, State.IDLE):
        yield seen(battery=rests, inverter=off, grid_view=VIEW), Memory(state=state)


def numbers_of(site: SiteSettings) -> list[float]:
    """Every bound that the site has, and the next number on either side of it."""
    found = {0.0, 1.0, 100.0, 200.0, 500.0, 899.0, 1e6}

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, float | int) and not isinstance(value, bool):
            found.add(float(value))

    walk(site.model_dump(include={"battery", "box", "grid", "connection", "inverter"}))
    grid = site.grid.model_dump()
    found |= {230.0 * value for name, value in grid.items() if name.endswith("_pu")}
    spreads = (
        site.battery.balancing.alarm_v,
        site.battery.balancing.maximum_v,
        site.battery.cell_temperature.spread_c,
    )
    found |= {at + way * by for at in (3.28, 3.3, 21.0, 24.0) for by in spreads for way in (-1, 1)}
    found |= {-value for value in found}
    return sorted(found | {nextafter(value, away) for value in found for away in (-inf, inf)})


@cache
def fields_of(kind: type[Word]) -> dict[str, msgspec.structs.FieldInfo]:
    """By name."""
    return {field.name: field for field in msgspec.structs.fields(kind)}


class Bender:
    """Changes some fields of a word, wherever they lie, to what their types allow."""

    def __init__(self, site: SiteSettings, chance: Random) -> None:
        self._numbers, self._chance = numbers_of(site), chance

    def bend(self, word: Word) -> Any:
        """The word with one field bent, in it or in one of the words in it."""
        fields = fields_of(type(word))
        likely = [name for name in LIKELY if name in fields and getattr(word, name)]
        chosen = likely if likely and self._chance.random() < 0.7 else list(fields)
        field = fields[self._chance.choice(chosen)]
        value = getattr(word, field.name)
        if isinstance(value, Word) and self._chance.random() < 0.9:
            return msgspec.structs.replace(word, **{field.name: self.bend(value)})
        if isinstance(value, tuple) and value and isinstance(value[0], Word):
            at = self._chance.randrange(len(value))
            bent = (*value[:at], self.bend(value[at]), *value[at + 1 :])
            return msgspec.structs.replace(word, **{field.name: bent})
        return msgspec.structs.replace(
            word, **{field.name: self._value(field.name, field.type, value)}
        )

    def _value(self, name: str, kind: Any, value: object) -> Any:
        chosen = self.SPECIAL.get(name)
        if chosen is not None:
            return self._chance.choice(chosen)
        if get_origin(kind) in (Union, types.UnionType):
            kind = self._chance.choice(get_args(kind))
        if kind is float:
            return self._number(value)
        if get_origin(kind) is tuple:
            words = get_args(kind)[0] is str
            return tuple(self._chance.sample(WORDS, self._chance.randrange(3))) if words else ()
        if isinstance(kind, type) and issubclass(kind, Enum):
            return self._chance.choice(list(kind))
        return self._chance.choice(self.PLAIN.get(kind, (value,)))

    def _number(self, value: object) -> float:
        """Any that there is; rather one of those that are next to what it was."""
        if self._chance.random() < 0.2 or not isinstance(value, float):
            return self._chance.choice((*self._numbers, nan, inf, -inf))
        at = bisect(self._numbers, value) + self._chance.randrange(-NEAR, NEAR)
        return self._numbers[min(max(at, 0), len(self._numbers) - 1)]

    PLAIN: Final[dict[Any, tuple[Any, ...]]] = {
        bool: (False, True), int: (1, 2, 3), str: ("word",), type(None): (None,),
    }  # fmt: skip

    SPECIAL: Final[dict[str, tuple[Any, ...]]] = {
        "now_s": (100.0, 0.0, 1_000.0),
        "utc": (seen().utc,),
        "requests": ((),),
        "memory": (None,),
        "market": (None,),
        "errors": ((), (WARNS,)),
        "rescue": (None, RescueCharge(0.0)),
        "racks_open": ((), (1,), (2,)),
        "phases": ((), PHASES),
        "actuators": ((), (ActuatorReading("f", "fan", 50.0, stalled=True),)),
        "zones": ((), (ZoneReading("z", 5.0, 9.0, condensing=True),)),
        "climate": (None, ClimateReading()),
        "meters": ({}, {"heat_pump": None}, {"heat_pump": MeterReading(1.0, warnings=("w",))}),
        "sensors": ({}, {"cpu": None}, {"cpu": SensorReading(99.0)}, {"x": SensorReading(warnings=("hot",))},
                    {"cpu": SensorReading(20.0, warnings=("under-voltage",))}),
        "relays": ({}, {"pump": None}, {"pump": RelayReading(True, False)}),
        "backup": (NO_BACKUP, BackupMemory(report=FAILED)),
        "commanded": (ON, Setpoints()),
    }  # fmt: skip


@pytest.mark.parametrize("site", list(sites()), ids=["home", "shop", "without PV"])
def test_no_condition_holds_where_all_is_well(site: SiteSettings) -> None:
    chance = Random(36)
    bender, begins = Bender(site, chance), list(scenes())
    looks = [(well(site), [ROWS[number] for number in sorted(numbers)]) for well, numbers in WELL]
    was_well = [0] * len(looks)
    for _ in range(TURNS):
        picture, memory = chance.choice(begins)
        for _ in range(chance.randrange(1, 4)):
            if chance.random() < 0.75:
                picture = bender.bend(picture)
            else:
                memory = bender.bend(memory)
        for at, (well, rows) in enumerate(looks):
            if not well(picture, memory):
                continue
            was_well[at] += 1
            for row in rows:
                assert row.holds(picture, memory, site) == (), (row.number, picture, memory)
    assert min(was_well) > TURNS / 20


@pytest.mark.parametrize(("picture", "memory"), list(scenes()))
def test_one_look_is_enough_where_all_is_well(picture: Snapshot, memory: Memory) -> None:
    """Else it would only cost time."""
    site = list(sites())[1 if picture.sensors else 0]
    told = [well.__name__ for well, _ in WELL if not well(site)(picture, memory)]
    assert told == []


def test_each_number_is_named_once_and_is_an_error() -> None:
    named = [number for _, numbers in WELL for number in numbers]
    assert len(named) == len(set(named))
    assert set(named) <= ROWS.keys()
