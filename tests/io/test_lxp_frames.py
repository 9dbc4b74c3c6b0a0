"""LuxPower's frames: a table of packets made by hand, and 100,000 broken ones."""

import json
import struct
from pathlib import Path
from random import Random
from typing import Any

import pytest

from appliance.io.buses import RefusedError
from appliance.io.buses._lxp_frames import (
    LONGEST,
    Frames,
    Request,
    crc16,
    dongle_answer,
    dongle_frame,
    serial_answer,
    serial_frame,
)

PACKETS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "lxp_packets.json").read_text(encoding="utf-8")
)
"""Built with struct and pymodbus's check sum from the facts, not with the code that is tested here."""
DONGLE, SERIAL = "DG12345678", "LX12345678"
BROKEN = 100_000
Answer = tuple[int, ...] | None


def of(direction: str) -> list[Any]:
    return [pytest.param(p, id=p["name"]) for p in PACKETS if p["direction"] == direction]


def raw(name: str) -> bytes:
    return next(bytes.fromhex(p["hex"]) for p in PACKETS if p["name"] == name)


def request(packet: dict[str, Any]) -> Request:
    words = tuple(packet["words"])
    return Request(packet["function"], packet["register"], packet["count"], words)


def from_dongle(data: bytes, asked: Request) -> Answer:
    answers = [dongle_answer(f, asked, DONGLE, SERIAL) for f in Frames().feed(data)]
    return next((answer for answer in answers if answer is not None), None)


def from_serial(data: bytes, asked: Request) -> Answer:
    return serial_answer(data, asked, 1, SERIAL)


READ = {"in": from_dongle, "serial in": from_serial}
ANSWERS = [*of("in"), *of("serial in")]


def test_the_check_sum_is_modbuss() -> None:
    assert crc16(b"123456789") == 0x4B37


@pytest.mark.parametrize("packet", of("out"))
def test_what_goes_to_the_dongle(packet: dict[str, Any]) -> None:
    assert dongle_frame(request(packet), DONGLE, SERIAL).hex(" ") == packet["hex"]


@pytest.mark.parametrize("packet", of("serial out"))
def test_what_goes_out_on_the_line(packet: dict[str, Any]) -> None:
    assert serial_frame(request(packet), 1, SERIAL).hex(" ") == packet["hex"]


def test_a_read_request_has_38_bytes() -> None:
    assert len(raw("ask input 0-39")) == 38


@pytest.mark.parametrize("packet", ANSWERS)
def test_what_comes_back(packet: dict[str, Any]) -> None:
    data, asked, read = bytes.fromhex(packet["hex"]), request(packet), READ[packet["direction"]]
    if "refused" in packet:
        with pytest.raises(RefusedError, match=packet["refused"]):
            read(data, asked)
        return
    expected = None if packet["answer"] is None else tuple(packet["answer"])
    assert read(data, asked) == expected


@pytest.mark.parametrize("packet", [p for p in ANSWERS if p.values[0].get("answer")])
def test_only_the_answer_to_the_question_is_taken(packet: dict[str, Any]) -> None:
    data, read, asked = bytes.fromhex(packet["hex"]), READ[packet["direction"]], request(packet)
    function, register, count = asked.function, asked.register, asked.count
    for other in (
        Request(7 - function, register, count),
        Request(function, register + 1, count),
        Request(function, register, count + 1),
        Request(function, register, count - 1),
    ):
        assert read(data, other) is None
    frame = next(iter(Frames().feed(data)), b"")
    assert dongle_answer(frame, asked, DONGLE, "LX12345679") is None
    assert dongle_answer(frame, asked, "DG12345679", SERIAL) is None
    assert serial_answer(data, asked, 1, "LX12345679") is None
    assert serial_answer(data, asked, 2, SERIAL) is None


def test_an_answer_to_a_write_must_say_what_was_written() -> None:
    assert from_dongle(raw("66 set to 10 %"), Request(6, 66, 1, (11,))) is None


def test_it_is_found_among_other_things_and_in_pieces() -> None:
    wanted = raw("input 0-39, charging 2005 W")
    noise = (
        b"\x00\xa1\xa1\x1a\x01" + raw("heartbeat")[:9]
    )  # Half a heartbeat promises more to come.
    stream = raw("heartbeat") + noise + raw("someone else's copy") + wanted + b"\xa1"
    frames = Frames()
    found = [frame for byte in stream for frame in frames.feed(bytes([byte]))]
    assert found == [raw("heartbeat"), raw("someone else's copy"), wanted]


def test_a_frame_that_claims_too_much_is_passed_over() -> None:
    wanted = raw("input 0-39, charging 2005 W")
    for size in (LONGEST - 5, 0xFFFF, 0, 12):
        mad = b"\xa1\x1a" + struct.pack("<HH", 2, size) + b"\1\xc2"
        assert list(Frames().feed(mad + wanted)) == [wanted], size


def test_half_an_answer_is_none() -> None:
    for packet in PACKETS:
        if packet["direction"] in READ:
            data = bytes.fromhex(packet["hex"])
            for size in range(len(data)):
                assert READ[packet["direction"]](data[:size], request(packet)) is None


def resealed(data: bytes, begin: int) -> bytes:
    """With a check sum that is right again, so that the other defences are tried."""
    return data[:-2] + struct.pack("<H", crc16(data[begin:-2]))


def broken(data: bytes, rng: Random) -> bytes:
    """Something is wrong with it."""
    made, place = bytearray(data), rng.randrange(len(data))
    match rng.randrange(5):
        case 0:
            made[place] ^= 1 << rng.randrange(8)
        case 1:
            made[place] = rng.randrange(256)
        case 2:
            del made[place : place + rng.randrange(1, 9)]
        case 3:
            made[place:place] = rng.randbytes(rng.randrange(1, 9))
        case _:
            made = made[place:] + made[:place]
    return bytes(made)


@pytest.mark.parametrize("line", ["in", "serial in"])
def test_a_hundred_thousand_broken_answers(line: str) -> None:
    """Only refusals are raised; and what is taken begins with exactly what was asked."""
    rng, read, begin = Random(line), READ[line], 20 if line == "in" else 0
    kinds = [p for p in PACKETS if p["direction"] == line and p["count"] < 40]
    kinds.append(next(p for p in PACKETS if p["direction"] == line and p["count"] == 40))
    cases = [(bytes.fromhex(p["hex"]), request(p)) for p in kinds]
    taken = 0
    for number in range(BROKEN // 2):
        whole, asked = cases[number % len(cases)]
        data = broken(whole, rng)
        if number % 2 and len(data) > begin + 2:
            data = resealed(data, begin)
        try:
            words = read(data, asked)
        except RefusedError:
            continue
        if words is None:
            continue
        taken += 1
        head = bytes([1, asked.function]) + SERIAL.encode() + struct.pack("<H", asked.register)
        assert head in data and len(words) == (0 if asked.words else asked.count)
    assert taken > 0


@pytest.mark.parametrize(
    "packet",
    [p for p in ANSWERS if p.values[0].get("answer") is not None or "refused" in p.values[0]],
)
def test_one_wrong_bit_in_what_the_check_sum_covers_is_no_answer(packet: dict[str, Any]) -> None:
    data, begin = bytes.fromhex(packet["hex"]), 20 if packet["direction"] == "in" else 0
    for bit in range(8 * begin, 8 * len(data)):
        made = bytearray(data)
        made[bit // 8] ^= 1 << bit % 8
        assert READ[packet["direction"]](bytes(made), request(packet)) is None, bit
