"""Decoding at speed gives what cantools gives: every message of every DBC, payloads of any length."""

from pathlib import Path

import cantools
import pytest
from cantools.database.can import Database, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.io.bms._bits import place_of
from appliance.io.bms._checks import ALGORITHMS
from appliance.io.bms._codec import Codec, FrameError, frame_id
from appliance.io.bms._outgoing import pack
from appliance.registry import DBC_FOLDER

SYNTHETIC = Path(__file__).parents[3] / "shared" / "data" / "bms_synthetic.dbc"
OWN = Path(__file__).parent / "data" / "floats.dbc"
FILES = [path for path in (*sorted(DBC_FOLDER.glob("*.dbc")), SYNTHETIC, OWN) if path.exists()]
DATABASES: dict[str, Database] = {}
for _path in FILES:
    _loaded = cantools.database.load_file(str(_path), strict=False)
    assert isinstance(_loaded, Database)
    DATABASES[_path.name] = _loaded
CODECS = {name: Codec(database) for name, database in DATABASES.items()}
MESSAGES = [
    (name, message) for name, database in DATABASES.items() for message in database.messages
]


def same(name: str, message: Message, data: bytes) -> None:
    """Same numbers of the same types, or both refuse."""
    codec, number = CODECS[name], frame_id(message)
    try:
        expected = message.decode(data, decode_choices=False)
    except (cantools.database.DecodeError, ValueError):
        with pytest.raises(FrameError):
            codec.decode(number, data)
        return
    assert isinstance(expected, dict)
    found = codec.decode(number, data)
    assert repr(sorted(found.items())) == repr(sorted(expected.items()))


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MESSAGES), st.binary(max_size=10))
def test_any_payload_of_any_message(one: tuple[str, Message], data: bytes) -> None:
    same(*one, data)


@settings(max_examples=8, deadline=None)
@given(st.binary(min_size=8, max_size=8), st.integers(0, 80))
def test_every_message(data: bytes, page: int) -> None:
    for name, message in MESSAGES:
        same(name, message, data[: message.length])
        same(name, message, (bytes([page]) + data)[: message.length])


@pytest.mark.parametrize("data", [bytes(8), b"\xff" * 8])
def test_the_ends_of_every_range(data: bytes) -> None:
    for name, message in MESSAGES:
        same(name, message, data[: message.length])


def test_an_unknown_id_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        CODECS["foxbms2.dbc"].decode(0x7FF, bytes(8))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([one for one in MESSAGES if not one[1].is_multiplexed()]), st.data())
def test_packing_is_what_cantools_encodes(one: tuple[str, Message], data: st.DataObject) -> None:
    message = one[1]
    values = {}
    for signal in message.signals:
        if not signal.is_float:
            low, high = (0, (1 << signal.length) - 1)
            if signal.is_signed:
                low, high = -(1 << signal.length - 1), (1 << signal.length - 1) - 1
            values[signal.name] = data.draw(st.integers(low, high))
    places = {signal.name: place_of(signal) for signal in message.signals}
    nothing = {signal.name: 0 for signal in message.signals}
    expected = message.encode(nothing | values, scaling=False, strict=False)
    assert bytes(pack(values, places, message.length)) == expected


@pytest.mark.parametrize(
    ("name", "data", "checksum"),
    [
        # CRC-8: the check values of the catalogue of parametrised CRC algorithms, over "123456789".
        ("crc8", b"123456789", 0xF4),
        ("crc8_j1850", b"123456789", 0x4B),
        ("crc8_h2f", b"123456789", 0xDF),
        ("xor", b"\x01\x02\x04\x80", 0x87),
        ("sum", b"\xff\x02", 0x01),
        ("sum_inverted", b"\xff\x02", 0xFE),
        ("sum_negative", b"\xff\x02", 0xFF),
        ("sum_id", b"\x00" * 7, 0x3E),
    ],
)
def test_checksums(name: str, data: bytes, checksum: int) -> None:
    algorithm = ALGORITHMS[name]
    assert algorithm(0x36, data) == checksum


def test_the_quick_way_for_seven_bytes() -> None:
    for name, polynomial, ends in (("crc8", 0x07, 0x00), ("crc8_j1850", 0x1D, 0xFF)):
        for data in (bytes(7), b"1234567", b"\xff" * 7):
            slow = ends
            for byte in data:
                slow ^= byte
                for _bit in range(8):
                    slow = (slow << 1 ^ (polynomial if slow & 0x80 else 0)) & 0xFF
            assert ALGORITHMS[name](0, data) == slow ^ ends
