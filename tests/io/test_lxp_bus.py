"""The LuxPower bus against a pretend dongle and a pretend serial line: answers, refusals, and every fault in time."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.lxp import LxpBus
from appliance.io.registers import Block, Write
from appliance.site import LxpDongle
from simulator.wire.luxpower_dongle import LuxDongle
from simulator.wire.plugs import (
    EXCEPTION,
    GARBAGE,
    HALF,
    IN,
    LATE,
    REBOOT,
    REFUSE,
    SILENT,
    STUCK,
    WRONG_UNIT,
)
from tests.io.lxp import LuxOnAWire
from tests.io.threads import CLOCK

KINDS = ["dongle", "serial"]
MUTE = (SILENT, GARBAGE, HALF, WRONG_UNIT, LATE)
RATES = Block("holding", 64, 4, (), slow=False, optional=False)
FIRST = Block("input", 0, 40, (), slow=False, optional=False)


@pytest.fixture(params=KINDS)
def lux(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LuxOnAWire]:
    made = LuxOnAWire(request.param, tmp_path)
    with made.live():
        yield made


@pytest.fixture
def bus(lux: LuxOnAWire) -> Iterator[LxpBus]:
    made = LxpBus(lux.settings(), CLOCK)
    yield made
    made.close()


def took_s(bus: LxpBus) -> float:
    """How long a question takes that nobody answers properly."""
    begun_s = time.monotonic()
    with pytest.raises(BusError) as caught:
        bus.read(RATES, 1)
    assert not isinstance(caught.value, RefusedError)
    return time.monotonic() - begun_s


def answers_again(bus: LxpBus) -> bool:
    """After the back-off."""
    until_s = time.monotonic() + 6.0
    while time.monotonic() < until_s:
        try:
            return bus.read(RATES, 1) == (100, 100, 50, 100)
        except BusError:
            time.sleep(0.02)
    return False


def test_reads_and_writes(lux: LuxOnAWire, bus: LxpBus) -> None:
    assert bus.read(RATES, 1) == (100, 100, 50, 100)
    assert bus.read(FIRST, 1)[12] == 2_300
    bus.write(Write(66, "holding", (7,)), 1)
    bus.write(Write(68, "holding", (0x1E0A, 0x000B)), 1)
    window = Block("holding", 66, 4, (), slow=False, optional=False)
    assert bus.read(window, 1) == (7, 100, 0x1E0A, 0x000B)
    assert dict(lux.twin.flash_writes) == {66: 1, 68: 1, 69: 1}
    assert bus.connections == 1


def test_refusals_are_in_words(bus: LxpBus) -> None:
    with pytest.raises(RefusedError, match="writing 66: refused, value not allowed"):
        bus.write(Write(66, "holding", (101,)), 1)
    with pytest.raises(RefusedError, match="no such register, or too many at once"):
        bus.read(Block("holding", 38, 4, (), slow=False, optional=False), 1)
    with pytest.raises(RefusedError, match="no bits"):
        bus.read(Block("coil", 1, 1, (), slow=False, optional=False), 1)
    with pytest.raises(RefusedError, match="no bits"):
        bus.write(Write(1, "coil", (1,)), 1)
    assert bus.read(RATES, 1)[0] == 100
    assert bus.connections == 1, "a refusal is an answer"


def test_exceptions_of_the_device(lux: LuxOnAWire, bus: LxpBus) -> None:
    lux.put(EXCEPTION)
    with pytest.raises(RefusedError, match="reading or writing failed"):
        bus.read(RATES, 1)


@pytest.mark.parametrize("fault", MUTE)
def test_no_sensible_answer_is_silence_in_time(lux: LuxOnAWire, bus: LxpBus, fault: str) -> None:
    assert bus.read(RATES, 1)
    lux.put(fault)
    assert took_s(bus) < 0.6
    assert took_s(bus) < 0.1, "no new try before the back-off is over"
    lux.put(IN)
    assert answers_again(bus)
    assert bus.connections == 2


def test_a_stuck_value_is_an_answer_like_any_other(lux: LuxOnAWire, bus: LxpBus) -> None:
    lux.put(STUCK)
    before = bus.read(RATES, 1)
    bus.write(Write(66, "holding", (9,)), 1)
    assert bus.read(RATES, 1) == before


def test_a_restart_keeps_what_was_set(lux: LuxOnAWire, bus: LxpBus) -> None:
    bus.write(Write(66, "holding", (9,)), 1)
    lux.put(REBOOT)
    assert took_s(bus) < 0.6
    time.sleep(3.2)
    assert bus.read(Block("holding", 66, 1, (), slow=False, optional=False), 1) == (9,)


class TestDongle:
    """What only the dongle does."""

    @pytest.fixture
    def lux(self, tmp_path: Path) -> Iterator[LuxOnAWire]:
        made = LuxOnAWire("dongle", tmp_path)
        with made.live():
            yield made

    def test_it_serves_one_client(self, lux: LuxOnAWire, bus: LxpBus) -> None:
        assert bus.read(RATES, 1)
        second = LxpBus(lux.settings(), CLOCK)
        with pytest.raises(BusError):
            second.read(RATES, 1)
        second.close()
        assert isinstance(lux.server, LuxDongle) and lux.server.turned_away == 1
        assert bus.read(RATES, 1)

    def test_a_closed_door_is_tried_again_after_one_two_and_four_seconds(
        self, lux: LuxOnAWire
    ) -> None:
        lux.put(REFUSE)
        bus = LxpBus(lux.settings(), CLOCK)
        took_s(bus)
        begun_s = time.monotonic()
        tries: list[float] = []
        while len(tries) < 2:
            with pytest.raises(BusError, match="no connection") as caught:
                bus.connect()
            if caught.value.__cause__ is not None:
                tries.append(time.monotonic() - begun_s)
            time.sleep(0.01)
        assert tries == [pytest.approx(1.0, abs=0.2), pytest.approx(3.0, abs=0.2)]

    def test_between_two_requests_it_gets_its_rest(self, lux: LuxOnAWire) -> None:
        settings = lux.settings()
        assert isinstance(settings, LxpDongle)
        bus = LxpBus(settings.model_copy(update={"pause_s": 0.4}), CLOCK)
        for _ in range(3):
            bus.read(RATES, 1)
        bus.close()
        first, second, third = lux.unit.reads_at_s
        assert 0.4 <= second - first < 0.7 and 0.4 <= third - second < 0.7

    def test_heartbeats_and_copies_for_others_are_passed_over(
        self, lux: LuxOnAWire, bus: LxpBus
    ) -> None:
        until_s = time.monotonic() + 2.5
        while time.monotonic() < until_s:
            assert bus.read(RATES, 1) == (100, 100, 50, 100)
        assert bus.connections == 1

    def test_a_door_behind_which_nobody_speaks(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            settings = LxpDongle(
                kind="lxp_dongle", host="127.0.0.1", port=door.getsockname()[1],
                dongle_serial="DG12345678", inverter_serial="LX12345678", timeout_s=0.3,
            )  # fmt: skip
            bus = LxpBus(settings, CLOCK)
            begun_s = time.monotonic()
            with pytest.raises(BusError):
                bus.read(RATES, 1)
            assert time.monotonic() - begun_s < 1.6
            bus.close()
