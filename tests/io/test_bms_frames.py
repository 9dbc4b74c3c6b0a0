"""Frames as a map says: checksums and counters, byte order, and requests to the BMS."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from appliance.io.bms import FamilyError
from appliance.io.bms._outgoing import Ask
from appliance.io.bms.request import Conversation, Request
from appliance.io.buses.can import Frame
from appliance.model import BatteryReading, BatteryState, Setpoints
from tests.io.bms_bench import BY_ID, RACK, SINGLE, Bench

CHECKED = BY_ID + RACK + '[[check]]\nmessages = ["Rack"]\n'


def checked(volts: int, check: int, counter: int = 0) -> bytes:
    data = bytes([volts & 0xFF, volts >> 8, 0, 0, 1, 0, counter])
    return data + bytes([check if check >= 0 else sum(data) & 0xFF])


def test_a_wrong_checksum_is_dropped_and_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CHECKED + 'checksum = "Check"\nalgorithm = "sum"\n')
    store = bench.decoder.store
    assert store(Frame(272, checked(4000, -1), 1.0))
    store(Frame(272, checked(5000, 0x00), 1.1))
    store(Frame(272, checked(5000, -1)[:5], 1.2))
    assert bench.rack(1.2).voltage_v == pytest.approx(400.0), "the last good one"
    assert bench.decoder.dropped == {"checksum": 2, "counter": 0}
    assert bench.decoder.heard_at_s() == 1.0


def test_a_counter_that_stands_still_makes_no_fresh_frame(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CHECKED + 'counter = "Counter"\n', racks=2)
    for step in range(10):
        at_s = 1.0 + 0.1 * step
        bench.decoder.store(Frame(272, checked(4000, 0, counter=step % 16), at_s))
        bench.decoder.store(Frame(288, checked(4100, 0, counter=5), at_s))
    first, second = bench.reading(1.9).racks
    assert first.voltage_v == pytest.approx(400.0)
    assert second.voltage_v is None, "it froze at 1.0 s"
    assert bench.decoder.dropped["counter"] == 9


def test_a_checksum_that_is_not_one_byte_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FamilyError, match=r"Rack\.Counter is not one byte"):
        Bench(tmp_path, CHECKED + 'checksum = "Counter"\nalgorithm = "xor"\n')


def test_a_variant_with_the_other_byte_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'byte_order = "big"\nmay_be_short = ["Whole"]\n' + SINGLE)
    bench.decoder.store(Frame(256, b"\x13\x88\xff\x9c\x02", 1.0))
    reading = bench.reading()
    assert [reading.voltage_v, reading.current_a] == [pytest.approx(500.0), pytest.approx(10.0)]
    assert reading.state is BatteryState.CONNECTED
    bench.decoder.store(Frame(256, b"\x13\x88\xff", 1.1))
    assert bench.reading(1.1).voltage_v == pytest.approx(500.0)
    assert bench.reading(1.1).current_a is None


COMMAND = """
[[request]]
message = "Command"
period_s = 0.1
open = { Close = 2 }
close = { Close = 1 }
balance = { Balance = 1 }
sleep = { Sleep = 1 }
wake = { Sleep = 2 }
racks = "Racks"
counter = "Counter"
checksum = "Check"
algorithm = "sum"
tell.Told = { word = "current_a", unknown = 0x8000 }
"""


class Heard:
    """A bus that remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        raise NotImplementedError

    def send(self, frame_id: int, data: bytes) -> None:
        self.sent.append((frame_id, data))

    def close(self) -> None:
        raise NotImplementedError


def test_a_request_with_everything(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE + COMMAND)
    request = Request(bench.family, bench.folder, racks=3)
    battery = BatteryReading(BatteryState.CONNECTED, current_a=-5.0)
    ((number, first),) = request.frames(
        Ask(closed=True, balance=True, racks_open=(2,), battery=battery)
    )
    assert number == 512 and first[:7] == bytes([0x11, 0b101, 0xCE, 0xFF, 0, 0, 0])
    assert first[7] == sum(first[:7]) & 0xFF
    ((_number, second),) = request.frames(Ask(closed=False, asleep=True))
    assert second[:7] == bytes([0b0110, 0b111, 0x00, 0x80, 0, 0, 1]), "the counter goes on"
    ((_number, third),) = request.frames(Ask(closed=False, wake=True))
    assert third[0] == 0b1010


def test_one_frame_for_each_rack(tmp_path: Path) -> None:
    text = BY_ID + RACK + (
        '[[request]]\nmessage = "Command"\nperiod_s = 0.1\nclose = { Close = 1 }\nper_rack = true\n'
    )  # fmt: skip
    bench = Bench(tmp_path, text, racks=3)
    frames = Request(bench.family, bench.folder, 3).frames(Ask(closed=True, racks_open=(2,)))
    assert [(number, data[0]) for number, data in frames] == [(512, 1), (528, 0), (544, 1)]


def test_sleep_and_wake_frames_are_sent_when_that_begins(tmp_path: Path) -> None:
    once = '[[request]]\nmessage = "Command"\nperiod_s = 0.1\ntimes = 2\n'
    text = SINGLE + once + 'on = "sleep"\nalways = { Sleep = 1 }\n' + once + 'on = "wake"\nalways = { Sleep = 2 }\n'  # fmt: skip
    bench = Bench(tmp_path, text)
    talk, port = Conversation(Request(bench.family, bench.folder), 0.0), Heard()
    open_reading = BatteryReading(BatteryState.STANDBY, current_a=0.0, asleep=False)

    def until(end_s: float, start_s: float, asleep: bool, battery: BatteryReading | None) -> str:
        port.sent.clear()
        at_s = start_s
        while at_s < end_s:
            talk.update(port, Setpoints(battery_asleep=asleep), battery, at_s)
            at_s += 0.02
        return "".join(str(data[0] >> 2) for _number, data in port.sent)

    assert until(1.0, 0.0, False, open_reading) == ""
    assert until(2.0, 1.0, True, open_reading) == "11"
    assert until(3.0, 2.0, True, None) == "", "asleep, and silent"
    assert until(4.0, 3.0, False, None) == "22"
    assert until(5.0, 4.0, False, open_reading) == ""


def test_keep_alive_is_sent_while_nobody_knows_the_contactors(tmp_path: Path) -> None:
    alive = '[[request]]\nmessage = "Command"\nperiod_s = 0.5\nalternate = [{ Racks = 1 }, { Racks = 2 }]\nquiet_asleep = true\n'
    bench = Bench(tmp_path, SINGLE + alive + COMMAND)
    talk, port = Conversation(Request(bench.family, bench.folder), 0.0), Heard()
    for step in range(5):
        talk.update(port, Setpoints(), None, 0.1 * step)
    assert [data[1] for _number, data in port.sent] == [1], "and nothing about contactors"
    talk.update(port, Setpoints(), None, 0.5)
    assert [data[:2] for _number, data in port.sent[1:]] == [b"\0\x02", b"\x02\x01"]
    assert talk.wait_s(0.5) == pytest.approx(0.1)


def test_a_request_that_names_what_is_not_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE + COMMAND.replace("Balance = 1", "Balances = 1"))
    with pytest.raises(FamilyError, match=r"no signal Command\.Balances"):
        Request(bench.family, bench.folder)
