"""The battery's thread: readings at once, requests on time, contactors in order, a bus that comes back."""

import logging
import time
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.config import load_site
from appliance.io.bms import bms_workers
from appliance.mailbox import Slots
from appliance.model import BatteryState, Setpoints
from appliance.site import CanBus, SiteSettings
from tests.io import fox
from tests.io.fake_modbus import free_port
from tests.io.fake_socketcand import FakeSocketcand, frame_text
from tests.io.threads import CLOCK, decide, pause, running, soon

HOME = Path(__file__).parent.parent.parent / "simulator" / "sites" / "home.toml"
CLOSE = Setpoints(inverter_on=True, contactors_closed=True)
REST = Setpoints()
OPEN_BYTES, CLOSE_BYTES = bytes(8), b"\x01" + bytes(7)


def site_on(port: int) -> SiteSettings:
    site = load_site(HOME)
    can = CanBus(kind="can", interface="socketcand", channel="can0", host="127.0.0.1", port=port)
    return site.model_copy(update={"buses": dict(site.buses) | {"can0": can}})


def speak(server: FakeSocketcand, **changes: dict[str, float]) -> None:
    """One round of a healthy battery in one packet."""
    server.say(b"".join(frame_text(f.id, f.data) for f in fox.frames(0.0, **changes)))


def converse(
    server: FakeSocketcand,
    slots: Slots,
    setpoints: Setpoints,
    seconds: float,
    **changes: dict[str, float],
) -> None:
    """The BMS speaks and the control loop decides, both each 50 ms."""
    until_s = CLOCK.now_s() + seconds
    while CLOCK.now_s() < until_s:
        speak(server, **changes)
        decide(slots, setpoints)
        pause(0.05)


def test_a_reading_follows_its_frame_at_once() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            lateness_ms = []
            for number in range(1, 30):
                sent_s = CLOCK.now_s()
                speak(server)
                reading = slots.battery.wait_newer(number - 1, 1.0)
                assert reading
                lateness_ms.append(1e3 * (CLOCK.now_s() - sent_s))
                assert sent_s <= reading.at_s <= CLOCK.now_s()
                assert reading.value.state is BatteryState.CONNECTED
                pause(0.01)
            assert sorted(lateness_ms)[15] < 10.0


def test_requests_come_every_100_ms_whatever_arrives() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            until_s = CLOCK.now_s() + 2.2
            while CLOCK.now_s() < until_s:
                speak(server)
                time.sleep(0.007)
        times_s = [at_s for at_s, number, _data in server.sent if number == 0x210]
        gaps_ms = sorted(1e3 * (b - a) for a, b in pairwise(times_s))
        assert len(gaps_ms) >= 18
        assert 99.0 <= gaps_ms[len(gaps_ms) // 2] <= 101.0
        mean_ms = 1e3 * (times_s[-1] - times_s[0]) / len(gaps_ms)
    assert 99.0 <= mean_ms <= 102.0, "an absolute timer does not drift"


def test_contactors_close_when_wanted_and_open_without_a_decision() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        resting = {"BatteryVoltage": 420.0, "Current": 0.2}
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.payloads(0x210))
            assert set(server.payloads(0x210)) == {OPEN_BYTES}
            converse(server, slots, CLOSE, 0.4, f_PackValuesP0=resting)
            assert server.payloads(0x210)[-1] == CLOSE_BYTES
            decided_s = CLOCK.now_s()
            while server.payloads(0x210)[-1] == CLOSE_BYTES and CLOCK.now_s() < decided_s + 3.0:
                speak(server, f_PackValuesP0=resting)
                pause(0.02)
            assert 0.85 <= CLOCK.now_s() - decided_s <= 1.3


def test_contactors_wait_for_the_current_at_most_two_seconds() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            converse(server, slots, CLOSE, 0.4)
            assert server.payloads(0x210)[-1] == CLOSE_BYTES
            wanted_s = CLOCK.now_s()
            converse(server, slots, REST, 1.0)
            assert server.payloads(0x210)[-1] == CLOSE_BYTES, "10 A still flow"
            while server.payloads(0x210)[-1] == CLOSE_BYTES and CLOCK.now_s() < wanted_s + 3.0:
                converse(server, slots, REST, 0.05)
            assert 1.9 <= CLOCK.now_s() - wanted_s <= 2.4


def test_contactors_open_within_a_period_once_the_current_is_low() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            converse(server, slots, CLOSE, 0.4)
            assert server.payloads(0x210)[-1] == CLOSE_BYTES
            converse(server, slots, REST, 0.3, f_PackValuesP0={"Current": -0.5})
            assert server.payloads(0x210)[-1] == OPEN_BYTES


def test_flags_are_reset_when_asked() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            asking = Setpoints(contactors_closed=True, reset_faults=True)
            fault = {"BmsState": float(fox.ERROR)}
            converse(server, slots, asking, 0.4, f_BmsState=fault)
            assert server.payloads(0x210)[-1] == b"\x04" + bytes(7), (
                "reset, and not closed on a fault"
            )


def test_what_our_silence_caused_waits_for_the_state_machine() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            late = {"BmsState": float(fox.ERROR), "CanTimingError": 1.0}
            converse(server, slots, REST, 0.4, f_BmsState=late)
            assert set(server.payloads(0x210)) == {OPEN_BYTES}
            converse(server, slots, Setpoints(reset_faults=True), 0.4, f_BmsState=late)
            assert server.payloads(0x210)[-1] == b"\x04" + bytes(7)


def test_a_core_that_starts_under_load_keeps_the_contactors_until_the_current_falls() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            converse(server, slots, REST, 0.8)
            assert set(server.payloads(0x210)) == {CLOSE_BYTES}, "10 A flow"
            converse(server, slots, REST, 0.3, f_PackValuesP0={"Current": 0.5})
            assert server.payloads(0x210)[-1] == OPEN_BYTES


def test_a_thread_that_was_gone_for_a_moment_asks_on_at_once() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            converse(server, slots, CLOSE, 0.4)
        gone = len(server.payloads(0x210))
        decide(slots, CLOSE)
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: len(server.payloads(0x210)) > gone, 0.4), (
                "before the BMS has said a word"
            )
            assert server.payloads(0x210)[gone] == CLOSE_BYTES


def test_silence_ages_out_and_the_bus_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "appliance")
    port = free_port()
    slots = Slots.create()
    with running(bms_workers(site_on(port), CLOCK, slots)):
        pause(0.3)
        assert slots.battery.newest() is None
        with FakeSocketcand(port) as server:
            assert soon(lambda: server.raw)
            converse(server, slots, REST, 0.3)
            assert slots.battery.fresh(CLOCK.now_s(), 0.2)
        spoken_s = CLOCK.now_s()
        pause(0.5)
        age_s = slots.battery.age_s(CLOCK.now_s())
        assert age_s is not None and age_s >= CLOCK.now_s() - spoken_s
        with FakeSocketcand(port) as server:
            assert soon(lambda: server.raw)
            converse(server, slots, REST, 0.3)
            assert slots.battery.fresh(CLOCK.now_s(), 0.2)
    said = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    turns = ["back" if "again" in line else "gone" for line in said if "CAN bus" in line]
    assert turns == ["gone", "back", "gone", "back", "gone"], "said once each"


def test_other_frames_do_not_make_an_old_reading_young() -> None:
    with FakeSocketcand() as server:
        slots = Slots.create()
        with running(bms_workers(site_on(server.port), CLOCK, slots)):
            assert soon(lambda: server.raw)
            speak(server)
            first = slots.battery.wait_newer(0, 1.0)
            assert first
            for _round in range(10):
                server.say(
                    b"".join(frame_text(f.id, f.data) for f in fox.frames(0.0) if f.id != 0x233)
                )
                pause(0.05)
            newest = slots.battery.newest()
            assert newest and newest.at_s == first.at_s and newest.number > first.number
