"""What foxBMS 2 hears: requests in bytes, and contactors in order."""

import pytest

from appliance.io.bms import load_family
from appliance.io.bms._outgoing import Ask
from appliance.io.bms.request import Contactors, Request
from appliance.model import BatteryReading, BatteryState


def test_requests_in_bytes() -> None:
    request = Request(load_family("foxbms2"))
    for ask, first in (
        (Ask(closed=False), b"\x00"),
        (Ask(closed=True), b"\x01"),
        (Ask(closed=False, reset_faults=True), b"\x04"),
        (Ask(closed=True, reset_faults=True), b"\x05"),
    ):
        assert request.frames(ask) == [(0x210, first + bytes(7))]
    assert request.frames(Ask(closed=None)) == [], "nothing is said while nobody knows"


def battery(state: BatteryState, current_a: float | None) -> BatteryReading:
    return BatteryReading(state, current_a=current_a)


def test_contactors_open_at_low_current_or_after_two_seconds() -> None:
    live = battery(BatteryState.CONNECTED, 40.0)
    contactors = Contactors()
    assert contactors.ask_closed(True, None, -1.0) is None, "nobody there to close"
    assert contactors.ask_closed(True, None, 0.0) is False
    assert contactors.ask_closed(True, battery(BatteryState.STANDBY, 0.0), 0.1)
    assert contactors.ask_closed(True, None, 5.0), "a lost frame does not open them"
    assert contactors.ask_closed(False, live, 10.0)
    assert contactors.ask_closed(False, live, 11.9)
    assert not contactors.ask_closed(False, live, 12.0)
    assert contactors.ask_closed(True, live, 13.0)
    assert contactors.ask_closed(False, battery(BatteryState.CONNECTED, None), 14.0)
    assert not contactors.ask_closed(False, battery(BatteryState.CONNECTED, -0.9), 14.1)


def test_a_start_under_load_opens_in_order() -> None:
    contactors = Contactors()
    live = battery(BatteryState.CONNECTED, 40.0)
    assert contactors.ask_closed(False, None, 0.0) is None, "not known: ask for nothing"
    assert contactors.ask_closed(False, battery(BatteryState.UNKNOWN, 40.0), 0.3) is None
    assert contactors.ask_closed(False, live, 0.4) is True, "as it was found"
    assert contactors.ask_closed(False, live, 2.3) is True
    assert contactors.ask_closed(False, battery(BatteryState.CONNECTED, 0.5), 2.35) is False


def test_a_start_under_load_opens_after_two_seconds_at_most() -> None:
    contactors = Contactors()
    live = battery(BatteryState.CONNECTED, 40.0)
    assert contactors.ask_closed(False, live, 0.0) is True
    assert contactors.ask_closed(False, live, 1.9) is True
    assert contactors.ask_closed(False, live, 2.0) is False


def test_contactors_open_at_once_in_an_emergency_whatever_flows() -> None:
    contactors = Contactors()
    live = battery(BatteryState.CONNECTED, 40.0)
    assert contactors.ask_closed(True, live, 0.0) is True
    assert contactors.ask_closed(True, live, 0.1, at_once=True) is True, "while they are wanted"
    assert contactors.ask_closed(False, live, 0.2, at_once=True) is False
    assert contactors.ask_closed(False, live, 0.3) is False, "and stay open"
    assert Contactors().ask_closed(False, None, 0.0, at_once=True) is False, "also unheard"


@pytest.mark.parametrize("state", [BatteryState.STANDBY, BatteryState.FAULT])
def test_a_start_at_rest_asks_for_open_contactors(state: BatteryState) -> None:
    assert Contactors().ask_closed(False, battery(state, 0.0), 0.0) is False


def test_a_silent_bms_is_asked_to_open_after_half_a_second() -> None:
    contactors = Contactors()
    assert contactors.ask_closed(False, None, 0.0) is None
    assert contactors.ask_closed(False, None, 0.4) is None
    assert contactors.ask_closed(False, None, 0.5) is False


def test_contactors_are_not_asked_to_close_on_a_fault() -> None:
    contactors = Contactors()
    assert contactors.ask_closed(True, battery(BatteryState.STANDBY, 0.0), 0.0)
    assert not contactors.ask_closed(True, battery(BatteryState.FAULT, 0.0), 1.0)
