"""What a hub does not accept, byte by byte, without the SDK's good manners."""

import base64
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from appliance.cloud.link import Access
from simulator.hub import packets
from simulator.hub.credentials import RefusedError, check, derive_key
from simulator.hub.packets import Connect, Packet, ProtocolError
from simulator.hub.server import PORT
from simulator.hub.twin import LARGEST, Half, TooLargeError, merged
from tests.hub.pretend import PretendHub, until

KEY = base64.b64encode(b"k" * 32).decode()
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def token(access: Access, expires_s: int) -> str:
    import hashlib
    import hmac

    resource = quote(f"{access.host}/devices/{access.device_id}", safe="")
    signed = f"{resource}\n{expires_s}".encode()
    digest = hmac.new(base64.b64decode(access.key), signed, hashlib.sha256).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="")
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expires_s}"


def text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    assert len(body) < 16_384
    length = (
        bytes([len(body)]) if len(body) < 128 else bytes([len(body) % 128 | 128, len(body) // 128])
    )
    return bytes([kind << 4 | flags]) + length + body


def connect_packet(
    access: Access, level: int = 4, keepalive_s: int = 60, clean: bool = False
) -> bytes:
    username = f"{access.host}/{access.device_id}/?api-version=2019-10-01"
    flags = 0xC0 | (2 if clean else 0)
    head = text("MQTT") + bytes([level, flags]) + struct.pack("!H", keepalive_s)
    password = token(access, int(datetime.now(UTC).timestamp()) + 600)
    return packet(1, head + text(access.device_id) + text(username) + text(password))


@contextmanager
def opened(hub: PretendHub) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(hub.folder / "ca.pem"))
    with (
        socket.create_connection((hub.address, PORT), 2) as plain,
        context.wrap_socket(plain, server_hostname=hub.address) as line,
    ):
        yield line


def ended(line: ssl.SSLSocket) -> bool:
    """True when the hub has closed the connection."""
    try:
        return line.recv(100) == b""
    except (ConnectionError, ssl.SSLError):
        return True


def test_a_session_is_kept_unless_clean(hub: PretendHub) -> None:
    access = hub.access()
    with opened(hub) as line:
        line.sendall(connect_packet(access))
        assert line.recv(4) == bytes([0x20, 2, 0, 0])
        line.sendall(packet(8, b"\0\1" + text("$iothub/methods/POST/#") + b"\1", 2))
        assert line.recv(5) == bytes([0x90, 3, 0, 1, 1])
    with opened(hub) as line:
        line.sendall(connect_packet(access))
        assert line.recv(4) == bytes([0x20, 2, 1, 0])
    with opened(hub) as line:
        line.sendall(connect_packet(access, clean=True))
        assert line.recv(4) == bytes([0x20, 2, 0, 0])


def test_foreign_filters_are_refused(hub: PretendHub) -> None:
    with opened(hub) as line:
        line.sendall(connect_packet(hub.access()))
        line.recv(4)
        wanted = text("devices/other/messages/devicebound/#") + b"\1" + text("#") + b"\1"
        line.sendall(packet(8, b"\0\1" + wanted, 2))
        assert line.recv(6) == bytes([0x90, 4, 0, 1, 0x80, 0x80])


@pytest.mark.parametrize(
    "bad",
    [
        packet(3, text("some/topic") + b"\0\1x", 2),
        packet(3, text("devices/box-10000000c0ffee01/messages/events/") + b"\0\1x", 4),
        packet(6, b"\0\1"),
        packet(3, b"\0\xffx"),
    ],
    ids=["unknown topic", "QoS 2", "unknown packet", "short packet"],
)
def test_what_ends_a_connection(hub: PretendHub, bad: bytes) -> None:
    with opened(hub) as line:
        line.sendall(connect_packet(hub.access()))
        line.recv(4)
        line.sendall(bad)
        assert ended(line)


def test_only_mqtt_3_1_1(hub: PretendHub) -> None:
    with opened(hub) as line:
        line.sendall(connect_packet(hub.access(), level=5))
        assert line.recv(4) == bytes([0x20, 2, 0, 5])
        assert ended(line)


def test_a_client_that_falls_silent_is_dropped(hub: PretendHub) -> None:
    with opened(hub) as line:
        line.sendall(connect_packet(hub.access(), keepalive_s=1))
        line.recv(4)
        until(hub.control.online)
        assert ended(line)  # after 1.5 s
        assert not hub.control.online()


def test_a_silent_hub_answers_nothing(hub: PretendHub) -> None:
    hub.control.silent()
    with opened(hub) as line:
        line.settimeout(0.2)
        line.sendall(connect_packet(hub.access()))
        with pytest.raises(TimeoutError):
            line.recv(4)


def granted(access: Access, host: str = "hub", now: datetime = NOW, expires_s: int = 0) -> object:
    password = token(access, expires_s or int(NOW.timestamp()) + 600)
    connect = Connect(4, "box-1", False, 60, f"{access.host}/box-1/?x", password)
    return check(connect, host, {"box-1": KEY}, now)


def test_a_good_signature_is_accepted() -> None:
    granted(Access("hub", "box-1", KEY, ""))


@pytest.mark.parametrize(
    ("access", "host", "expires_s", "why"),
    [
        (Access("hub", "box-1", KEY, ""), "other", 0, "user name is for 'hub'"),
        (Access("hub", "box-2", KEY, ""), "hub", 0, "signature is for"),
        (Access("hub", "box-1", derive_key(KEY, "box-1"), ""), "hub", 0, "signature is wrong"),
        (Access("hub", "box-1", KEY, ""), "hub", int(NOW.timestamp()), "expired"),
    ],
)
def test_a_bad_signature_is_refused(access: Access, host: str, expires_s: int, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        granted(access, host, expires_s=expires_s)


def test_merge_patches_delete_with_null() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None, "e": 4}, "d": None}) == {
        "a": {"c": 2, "e": 4}
    }


def test_a_document_has_a_largest_size() -> None:
    half = Half()
    with pytest.raises(TooLargeError):
        half.patch({"x": "y" * LARGEST})
    assert half.whole() == {"$version": 1}


def test_a_will_is_refused() -> None:
    body = text("MQTT") + bytes([4, 0x06]) + b"\0\1" + text("x")
    with pytest.raises(ProtocolError, match="Will"):
        packets.connect(Packet(1, 0, body))
