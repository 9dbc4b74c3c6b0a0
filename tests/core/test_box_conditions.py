"""Conditions of the box: meters, sensors, board, climate, disk, buses, software; at each edge and with each value missing."""

from typing import Any

import pytest

from appliance.model import (
    ActuatorReading,
    BatteryState,
    BoardReading,
    CanHealth,
    ClimateReading,
    HealthReading,
    InverterState,
    Market,
    MeterReading,
    PollHealth,
    RelayReading,
    SensorReading,
    State,
    WearHealth,
    ZoneReading,
)
from appliance.site import Climate, PinRelay, SiteSettings, Zone
from tests.core.conditions import SITE, holds
from tests.stories import battery, inverter, rack

AWAY: tuple[str, ...] = ()
NAN = float("nan")


def with_sensors(**drivers: str) -> SiteSettings:
    """The site with these sensors and no others."""
    one = SITE.sensors["box"]
    sensors = {name: one.model_copy(update={"driver": driver}) for name, driver in drivers.items()}
    return SITE.model_copy(update={"sensors": sensors})


HOME = with_sensors(box="bme680", chip="cpu", roof="ntc")


def test_meters() -> None:
    assert holds(301) == AWAY
    assert holds(301, grid=None) == holds(301, grid=MeterReading()) == ("grid meter",)
    assert holds(302) == AWAY
    two = {"wallbox": None, "pool": MeterReading(), "sauna": None}
    assert holds(303, meters=two) == ("wallbox meter", "sauna meter")
    assert holds(303, meters={"pool": MeterReading()}) == holds(303, meters={}) == AWAY


def test_meters_that_are_set_up_wrong() -> None:
    wrong, right = MeterReading(0.0, warnings=("phases", "sign")), MeterReading(0.0)
    assert holds(304) == holds(304, grid=None, pv=None) == AWAY
    assert holds(304, grid=wrong) == ("grid meter: phases, sign",)
    assert holds(304, pv=wrong) == holds(304, grid=None, pv=wrong) == ("pv meter: phases, sign",)
    assert holds(304, grid=wrong, pv=None) == ("grid meter: phases, sign",)
    assert holds(304, meters={"pool": wrong, "sauna": None}) == ("pool meter: phases, sign",)
    assert holds(304, meters={"pool": right, "sauna": None}) == AWAY
    assert holds(304, grid=wrong, meters={"pool": right}) == ("grid meter: phases, sign",)
    every = holds(304, grid=wrong, pv=wrong, meters={"pool": wrong})
    assert [one.split(" meter")[0] for one in every] == ["grid", "pv", "pool"]


def test_the_board() -> None:
    pressed = BoardReading(estop_pressed=True)
    assert holds(401) == holds(401, board=None) == AWAY
    assert holds(401, board=pressed) == ("emergency stop",)
    assert holds(402) == AWAY
    assert holds(402, board=None) == ("buttons and e-stop",)
    held = BoardReading(False, buttons_pressed=("up", "ok"))
    assert holds(404, board=held) == ("button up", "button ok")
    assert holds(404) == holds(404, board=None) == AWAY


def test_sensors_that_are_silent() -> None:
    told = {"chip": SensorReading(40.0), "roof": SensorReading(20.0)}
    assert holds(501, site=HOME, sensors=told) == AWAY
    assert holds(501, site=HOME, sensors=told, box=None) == ("box sensor",)
    assert holds(501, site=HOME, sensors=told | {"roof": None}) == ("roof sensor",)
    assert holds(501, site=HOME, sensors={}) == ("chip sensor", "roof sensor")
    assert holds(501, site=HOME, sensors=told | {"box": None}) == AWAY


def test_a_box_that_is_hot() -> None:
    def of(number: int, temperature_c: float | None) -> tuple[str, ...]:
        return holds(number, box=SensorReading(temperature_c=temperature_c))

    assert of(502, 60.0) == of(502, None) == holds(502, box=None) == holds(502) == AWAY
    assert of(502, 60.1) == ("box",)
    assert of(510, 75.0) == of(510, None) == holds(510, box=None) == holds(510) == AWAY
    assert of(510, 75.1) == ("box",)


def test_a_computer_that_is_far_too_hot() -> None:
    def of(site: SiteSettings, box_c: float | None = 25.0, **told_c: float | None) -> Any:
        sensors = {name: SensorReading(one) for name, one in told_c.items()}
        return holds(510, site=site, box=SensorReading(box_c), sensors=sensors)

    assert of(HOME, chip=95.0) == of(HOME, chip=None) == of(HOME) == of(HOME, chip=NAN) == AWAY
    assert of(HOME, chip=95.1) == ("chip",)
    assert of(HOME, roof=200.0) == AWAY
    assert of(HOME, 75.1, chip=95.1) == ("box", "chip")
    own = with_sensors(box="cpu")
    assert of(own, 75.1) == of(own, 96.0) == ("box",), "once, and as the box"
    assert of(own, 75.0) == AWAY


def test_what_sensors_say() -> None:
    def of(number: int, site: SiteSettings = HOME, **words: tuple[str, ...]) -> tuple[str, ...]:
        sensors = {name: SensorReading(1.0, warnings=one) for name, one in words.items()}
        box = sensors.pop("box", SensorReading(1.0))
        return holds(number, site=site, box=box, sensors=sensors | {"gone": None})

    throttled, volts, wire = ("throttled", "hot"), ("under-voltage",), ("wire broken",)
    assert of(507, chip=throttled) == ("chip: throttled, hot",)
    assert of(507, chip=(*volts, "hot")) == ("chip: hot",)
    assert of(507, chip=volts) == of(507, roof=throttled) == of(507, chip=()) == of(507) == AWAY
    assert of(507, box=throttled) == AWAY
    assert of(507, with_sensors(box="cpu"), box=throttled) == ("box: throttled, hot",)
    assert holds(507, site=HOME, box=None) == holds(508, site=HOME, box=None) == AWAY
    assert of(508, roof=wire) == ("roof sensor: wire broken",)
    assert of(508, box=("short circuit", "hm"), roof=("hm",)) == ("box sensor: short circuit",)
    assert of(508, chip=throttled) == of(508) == AWAY
    assert of(403, chip=(*volts, "hot"), roof=volts) == ("chip: under-voltage",)
    assert of(403, chip=throttled) == of(403) == AWAY
    assert of(403, with_sensors(box="cpu"), box=volts) == ("box: under-voltage",)


def test_the_supply_that_the_board_tells_of() -> None:
    sick = BoardReading(False, warnings=("on battery", "low"))
    assert holds(403, board=sick) == ("board: on battery, low",)
    assert holds(403) == holds(403, board=None) == AWAY
    both = {"chip": SensorReading(1.0, warnings=("under-voltage",))}
    assert holds(403, site=HOME, board=sick, sensors=both) == (
        "board: on battery, low", "chip: under-voltage",
    )  # fmt: skip


def test_moist_air() -> None:
    def of(humidity_pct: float | None) -> tuple[str, ...]:
        return holds(509, box=SensorReading(25.0, humidity_pct=humidity_pct))

    assert of(85.0) == of(None) == holds(509, box=None) == AWAY
    assert of(85.1) == ("box",)


def air(dew_c: float | None, coldest_c: float | None, condensing: bool = True) -> ClimateReading:
    dry = ZoneReading("dry", 20.0, 5.0)
    return ClimateReading(zones=(dry, ZoneReading("wet", coldest_c, dew_c, condensing)))


def test_climate() -> None:
    fans = ClimateReading(
        (
            ActuatorReading("good", "fan", 40.0),
            ActuatorReading("stuck", "fan", 40.0, stalled=True),
            ActuatorReading("mute", "heater", 40.0, silent=True),
        )
    )
    assert holds(503, climate=fans) == ("fan stuck",)
    assert holds(503, climate=None) == holds(503, climate=ClimateReading()) == AWAY
    assert holds(504, climate=air(9.0, 10.0)) == ("wet: dew point 9 °C, coldest 10 °C",)
    assert holds(504, climate=air(9.0, 10.0, condensing=False)) == AWAY
    assert holds(504, climate=air(None, 10.0)) == holds(504, climate=air(9.0, None)) == AWAY
    assert holds(504, climate=None) == AWAY
    cooled = SITE.model_copy(update={"climate": Climate(algorithm="bat5", zones={"a": Zone()})})
    assert holds(505, site=cooled, climate=fans) == ("heater mute",)
    assert holds(505, site=cooled, climate=None) == ("climate",)
    assert holds(505, site=cooled, climate=ClimateReading()) == AWAY
    assert holds(505, climate=None) == holds(505, climate=fans) == AWAY


@pytest.mark.parametrize(
    ("reading", "source"),
    [
        (None, ("relay mat",)), (RelayReading(True, False), ("relay mat: does not follow",)),
        (RelayReading(False, True), ("relay mat: does not follow",)), (RelayReading(True, True), ()),
        (RelayReading(False, False), ()), (RelayReading(True), ()), (RelayReading(False), ()),
    ],
)  # fmt: skip
def test_relays(reading: RelayReading | None, source: tuple[str, ...]) -> None:
    pin = PinRelay(driver="gpio", bus="pins", pin=5)
    site = SITE.model_copy(update={"relays": {"mat": pin, "lamp": pin}})
    assert holds(506, site=site, relays={"mat": reading, "lamp": RelayReading(False)}) == source
    assert holds(506, site=SITE, relays={"mat": reading}) == AWAY
    assert holds(506, site=site, relays={"lamp": RelayReading(False)}) == ("relay mat",)


@pytest.mark.parametrize(
    ("free", "free_pct", "inodes_pct", "said"),
    [
        (100_000_000, 50.0, 50.0, None), (99_999_999, 50.0, 50.0, "100 MB free"),
        (99_000_000, None, None, "99 MB free"), (0, 0.0, None, "0 MB free"),
        (999_999_999, 4.99, None, "1000 MB free"), (999_000_000, 5.0, None, None),
        (1_000_000_000, 1.0, None, None), (150_000_000, None, None, None),
        (None, 1.0, None, None), (None, None, None, None),
        (None, None, 2.9, "hardly any room for more files"), (2_000_000_000, 50.0, 3.0, None),
        (2_000_000_000, 50.0, 2.9, "hardly any room for more files"), (5_000_000, 1.0, 1.0, "5 MB free"),
    ],
)  # fmt: skip
def test_room_on_the_disk(
    free: int | None, free_pct: float | None, inodes_pct: float | None, said: str | None
) -> None:
    health = HealthReading(free, free_pct, inodes_pct)
    assert holds(606, health=health) == (AWAY if said is None else (f"disk: {said}",))
    assert holds(606, health=None) == AWAY


def test_store_update_and_wear() -> None:
    assert holds(607, health=None) == holds(607, health=HealthReading()) == AWAY
    assert holds(607, health=HealthReading(store_corrupt=("a", "b"))) == ("store: a, b",)
    assert holds(609, health=None) == holds(609, health=HealthReading()) == AWAY
    assert holds(609, health=HealthReading(update_failed="1.2: full")) == ("update: 1.2: full",)
    assert holds(609, health=HealthReading(update_failed="")) == ("update: ",)
    worn = (WearHealth("a", 799, 79.9), WearHealth("b", 800, 80.0), WearHealth("c", 900, 90.0))
    told = ("b: 800 writes, 80 %", "c: 900 writes, 90 %")
    assert holds(608, health=HealthReading(worn=worn)) == told
    assert holds(608, health=HealthReading(worn=worn[:1])) == AWAY
    assert holds(608, health=None) == holds(608, health=HealthReading()) == AWAY


def test_market_data_that_are_kept_out() -> None:
    assert holds(614, market=None) == holds(614, market=Market()) == AWAY
    assert holds(614, market=Market(unread=("a: b", "c: d"))) == ("a: b", "c: d")


def test_a_bus_in_trouble() -> None:
    def of(*buses: CanHealth) -> tuple[str, ...]:
        return holds(610, health=HealthReading(can=buses))

    well = CanHealth("can0", "error-active", 9, 0)
    assert of() == of(well) == holds(610, health=None) == AWAY
    assert of(CanHealth("can0", "error-active", 10, 0)) == ("can0: 10 error frames a minute",)
    assert of(well, CanHealth("can1", "error-active", 0, 1)) == ("can1: frames lost: 1",)
    everything = CanHealth("can1", "bus-off", 12, 3)
    assert of(everything) == ("can1: bus-off, 12 error frames a minute, frames lost: 3",)


@pytest.mark.parametrize(
    ("polls", "failed", "told"),
    [(50, 5, "10 %"), (51, 5, None), (40, 4, None), (8, 5, "62 %"), (6, 5, "83 %"), (5, 5, None),
     (60, 60, None), (60, 6, "10 %"), (0, 0, None), (9, 9, None)],
)  # fmt: skip
def test_polls_that_fail(polls: int, failed: int, told: str | None) -> None:
    health = HealthReading(polled=(PollHealth("pool", 60, 0), PollHealth("meter", polls, failed)))
    expected = AWAY if told is None else (f"meter: {told} of its answers are missing",)
    assert holds(611, health=health) == expected
    assert holds(611, health=None) == holds(611, health=HealthReading()) == AWAY


def test_the_software_itself() -> None:
    assert holds(601, workers_down=("web", "recorder", "cloud")) == ("web", "cloud")
    assert holds(601, workers_down=("recorder",)) == holds(601) == AWAY
    assert holds(603, workers_down=("web", "recorder")) == ("memory",)
    assert holds(603, workers_down=("web",)) == holds(603) == AWAY
    assert holds(602, clock_trusted=False) == ("clock",)
    assert holds(602, clock_trusted=None) == holds(602, clock_trusted=True) == AWAY
    assert holds(604, cloud_connected=False) == ("cloud",)
    assert holds(604, cloud_connected=None) == holds(604, cloud_connected=True) == AWAY
    assert holds(605, frozen=("battery",)) == ("battery",)
    assert holds(605) == AWAY


def test_hands_in_the_box() -> None:
    opened = rack(contactors_closed=False)
    away = battery(opened, state=BatteryState.STANDBY)
    off = inverter(state=InverterState.OFF)

    def of(state: State = State.MAINTENANCE, **changes: Any) -> tuple[str, ...]:
        return holds(108, state, **({"battery": away, "inverter": off} | changes))

    def standby(*racks: Any, **changes: Any) -> tuple[str, ...]:
        told = battery(*(racks or (opened,)), **({"state": BatteryState.STANDBY} | changes))
        return of(battery=told)

    assert of() == of(battery=None) == of(inverter=None) == of(battery=None, inverter=None) == AWAY
    assert standby(current_a=0.9) == standby(current_a=-0.9) == standby(current_a=None) == AWAY
    assert standby(current_a=1.0) == standby(current_a=-1.0) == ("battery",)
    assert standby(opened, rack(2)) == ("battery",)
    assert standby(state=BatteryState.CONNECTED) == ("battery",)
    assert standby(opened, rack(2), has_contactors=False) == AWAY
    assert standby(state=BatteryState.CONNECTED, has_contactors=False) == AWAY
    assert standby(has_contactors=False, current_a=1.0) == ("battery",)
    assert of(inverter=inverter()) == of(battery=None, inverter=inverter()) == ("inverter",)
    assert of(battery=battery(), inverter=inverter()) == ("battery", "inverter")
    assert of(State.RUN, battery=battery(), inverter=inverter()) == AWAY
    assert of(State.IDLE, battery=battery(), inverter=inverter()) == AWAY
