"""Relays: what is wanted of each coil, boards on a real socket, pins, and a Strato Pi's file."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from appliance.config import load_site
from appliance.io.buses.modbus import ModbusBus
from appliance.io.climate import fans_full
from appliance.io.registers import Write
from appliance.io.relays import (
    PROFILES,
    Switched,
    boards,
    coils,
    open_relay,
    relay_workers,
    safe_coils,
)
from appliance.mailbox import Slots
from appliance.model import SAFE, ActuatorReading, ClimateReading, RelayReading
from appliance.site import (
    BoardRelay,
    Climate,
    Fan,
    Heater,
    ModbusTcp,
    PinRelay,
    SiteSettings,
    StratoRelay,
    SysFiles,
    Zone,
)
from simulator.wire.modbus import ModbusServer
from simulator.wire.plugs import EXCEPTION, IN, REBOOT, SILENT, Plug
from simulator.wire.relay_board import RelayBoard, relay_unit
from tests.io.pretend import CLOCK, front, home, running, until
from tests.stories import HOME

MAKES = ("waveshare", "eight_channel", "wp8025adam")


def board_relay(make: str, channel: int, **changes: object) -> BoardRelay:
    return BoardRelay.model_validate(
        {"driver": make, "bus": "relay_lan", "unit": 7, "channel": channel, **changes}
    )


def with_board(make: str, port: int = 1) -> SiteSettings:
    """A fan that a coil stops, a heater mat, and a battery that a coil puts to sleep."""
    site = load_site(HOME)
    climate = Climate(
        algorithm="bat5",
        zones={"cabinet": Zone()},
        fans={"main": Fan(zone="cabinet", relay="fan_off")},
        heaters={"mat": Heater(zone="cabinet", relay="mat", sensor="cells")},
    )
    relays = {
        "fan_off": board_relay(make, 1),
        "mat": board_relay(make, 2),
        "sleep": board_relay(make, 8),
    }
    sleep = site.battery.sleep.model_copy(update={"means": "relay", "relay": "sleep"})
    lan = ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=port, timeout_s=0.15)
    return site.model_copy(
        update={
            "relays": relays,
            "climate": climate,
            "buses": site.buses | {"relay_lan": lan},
            "battery": site.battery.model_copy(update={"sleep": sleep}),
        }
    )


def climate_says(fan: float, mat: float) -> ClimateReading:
    return ClimateReading(
        (ActuatorReading("main", "fan", fan), ActuatorReading("mat", "heater", mat))
    )


def test_a_coil_stops_the_fan_heats_and_puts_to_sleep() -> None:
    site = with_board("waveshare")
    asleep = msgspec.structs.replace(SAFE, battery_asleep=True)
    assert coils(site, climate_says(0.0, 100.0), asleep) == {
        "fan_off": True, "mat": True, "sleep": True,
    }  # fmt: skip
    assert coils(site, climate_says(40.0, 0.0), SAFE) == dict.fromkeys(site.relays, False)


def test_nothing_known_is_no_current_anywhere() -> None:
    site = with_board("waveshare")
    assert coils(site, None, SAFE) == dict.fromkeys(site.relays, False)
    assert safe_coils(site) == dict.fromkeys(site.relays, False)


def test_a_fan_with_an_open_contact_needs_its_coil() -> None:
    site = with_board("waveshare")
    assert site.climate is not None
    fan = Fan(zone="cabinet", relay="fan_off", contact="normally_open")
    site = site.model_copy(
        update={"climate": site.climate.model_copy(update={"fans": {"main": fan}})}
    )
    assert safe_coils(site)["fan_off"]
    assert not coils(site, climate_says(0.0, 0.0), SAFE)["fan_off"]


@pytest.mark.parametrize(
    ("make", "on", "off"),
    [
        ("waveshare", Write(1, "coil", (1,)), Write(0, "coil", (0,))),
        ("wp8025adam", Write(1, "coil", (1,)), Write(0, "coil", (0,))),
        ("eight_channel", Write(2, "holding", (0x0100,)), Write(1, "holding", (0x0200,))),
    ],
)
def test_each_make_is_written_in_its_own_way_letting_go_first(
    make: str, on: Write, off: Write
) -> None:
    (board,) = boards(with_board(make), "relay_lan")
    assert board.writes({2: True, 1: False}) == (off, on)
    assert boards(with_board(make), "meter_lan") == ()


def test_every_make_says_that_it_was_not_tried() -> None:
    assert set(PROFILES) == set(MAKES)
    for profile in PROFILES.values():
        assert profile.title.endswith("(not verified on hardware)")
        assert profile.source


def is_on(pretend: RelayBoard, place: int) -> bool:
    return pretend.on[place]


@contextmanager
def wire(make: str) -> Iterator[tuple[int, RelayBoard, Plug]]:
    """A pretend board behind Modbus TCP in a thread of its own."""
    plug = Plug("relays")
    board, unit = relay_unit(make, plug)
    server = ModbusServer("127.0.0.1", 0)
    server.add(7, unit)
    loop = asyncio.new_event_loop()
    ended, ready = asyncio.Event(), threading.Event()

    async def live() -> None:
        await server.start()
        ready.set()
        await ended.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()))
    thread.start()
    assert ready.wait(3.0)
    try:
        yield server.port, board, plug
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
        loop.close()


@pytest.mark.parametrize("make", MAKES)
def test_a_board_on_the_wire_follows_falls_silent_restarts_and_comes_back(make: str) -> None:
    with wire(make) as (port, pretend, plug):
        site = with_board(make, port)
        bus_settings = site.buses["relay_lan"]
        assert isinstance(bus_settings, ModbusTcp)
        bus = ModbusBus(bus_settings, CLOCK)
        (board,) = boards(site, "relay_lan")
        wanted = {"fan_off": True, "mat": False, "sleep": True}
        heard: dict[str, RelayReading] = {}
        switched = Switched(
            board, lambda _now_s: wanted, lambda name, one, _at_s: heard.update({name: one}), 0.0
        )
        switched.update(bus, 0.0)
        assert pretend.on == [True, False, False, False, False, False, False, True]
        read_back = make != "eight_channel"
        assert heard["fan_off"] == RelayReading(True, True if read_back else None)
        assert heard["mat"] == RelayReading(False, False if read_back else None)
        wanted["mat"] = True
        switched.update(bus, 0.1)
        assert is_on(pretend, 1), "at once, not when it is due"
        pretend.put(1, False)
        switched.update(bus, 0.2)
        assert not is_on(pretend, 1)
        switched.update(bus, 1.2)
        assert is_on(pretend, 1), "written again within a second"
        for fault, at_s in ((SILENT, 2.3), (EXCEPTION, 20.0)):
            plug.fault = fault
            heard.clear()
            switched.update(bus, at_s)
            assert switched.silent
            assert heard == {}
        plug.fault = IN
        pretend.reboot()
        switched.update(bus, 40.0)
        assert not switched.silent
        assert pretend.on[0] and pretend.on[1] and pretend.on[7]
        switched.rest(bus, safe_coils(site))
        assert not any(pretend.on)
        plug.fault = SILENT
        switched.rest(bus, safe_coils(site))
        bus.close()


@pytest.mark.parametrize("make", MAKES)
def test_when_the_core_has_died_boards_are_let_go(make: str) -> None:
    with wire(make) as (port, pretend, plug):
        pretend.put_all(True)
        site = with_board(make, port)
        fans_full(site, CLOCK)
        assert pretend.on == [False, False, True, True, True, True, True, False], "only its own"
        plug.fault = REBOOT
        started_s = CLOCK.now_s()
        fans_full(site, CLOCK)
        assert CLOCK.now_s() - started_s < 2.0, "a silent board does not hold it up"


def test_a_strato_pi_is_a_file_and_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "class" / "stratopi" / "relay" / "status"
    file.parent.mkdir(parents=True)
    file.write_text("1\n")
    buses = {"sys": SysFiles(kind="files", path=str(tmp_path))}
    relay = open_relay(StratoRelay(driver="strato_pi", bus="sys"), buses)
    assert file.read_text() == "0", "opening lets go"
    relay.set(True)
    assert (file.read_text(), relay.on()) == ("1", True)
    relay.set(False)
    assert (file.read_text(), relay.on()) == ("0", False)
    file.unlink()
    with pytest.raises(OSError, match="status"):
        relay.set(True)


def test_the_relays_of_the_box_follow_and_are_let_go_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "class" / "stratopi" / "relay" / "status"
    file.parent.mkdir(parents=True)
    file.write_text("0\n")
    with front() as made:
        site = with_board("waveshare")
        site = site.model_copy(
            update={
                "buses": home(made.url).buses | {"sys": SysFiles(kind="files", path=str(tmp_path))},
                "relays": {
                    "fan_off": PinRelay(driver="gpio", bus="pins", pin=5),
                    "mat": StratoRelay(driver="strato_pi", bus="sys"),
                    "sleep": PinRelay(driver="gpio", bus="pins", pin=6),
                },
            }
        )
        slots = Slots.create(relays=tuple(site.relays))
        with running(*relay_workers(site, CLOCK, slots)):
            until(lambda: all(slot.newest() for slot in slots.relays.values()))
            assert (made.levels()[5], made.levels()[6], file.read_text()) == (0, 0, "0")
            slots.climate.put(climate_says(0.0, 100.0), CLOCK.now_s())
            until(lambda: made.levels()[5] == 1 and file.read_text() == "1")
            # The reading follows the wire in the other thread.
            told = RelayReading(True, True)
            until(lambda: (newest := slots.relays["mat"].newest()) and newest.value == told)
            file.write_text("0\n")
            until(lambda: file.read_text() == "1")
            took_s = until(lambda: made.levels()[5] == 0 and file.read_text() == "0", 4.0)
            assert took_s < 3.0, "the climate fell silent"
            slots.climate.put(climate_says(0.0, 100.0), CLOCK.now_s())
            until(lambda: file.read_text() == "1")
        assert file.read_text() == "0"
        assert made.levels().get(5, 0) == 0


def test_a_silent_pin_is_not_fresh_and_answers_again() -> None:
    with front() as made:
        relays = {"spare": PinRelay(driver="gpio", bus="pins", pin=5)}
        site = home(made.url).model_copy(update={"relays": relays})
        slots = Slots.create(relays=tuple(relays))
        slot = slots.relays["spare"]
        with running(*relay_workers(site, CLOCK, slots)):
            until(slot.newest)
            made.silence(True)
            until(lambda: (slot.age_s(CLOCK.now_s()) or 0.0) > 0.8)
            made.silence(False)
            until(lambda: (slot.age_s(CLOCK.now_s()) or 9.0) < 0.3, 5.0)
