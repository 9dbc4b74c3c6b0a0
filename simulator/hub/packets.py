"""How does MQTT 3.1.1 look on the wire? Reading and writing of the packets a hub needs.

Source: OASIS MQTT Version 3.1.1, chapters 2 and 3. Sections are named at each function.
"""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

LARGEST_PACKET = 300 * 1024
"""Bytes. A message may have 256 KB; topic and properties come on top."""


class ProtocolError(Exception):
    """The client sent something that ends the connection; the text says what."""


class Kind(IntEnum):
    """Packet types (2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet as it came: type number, flags of the first byte, and the rest."""

    kind: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Connect:
    """Somebody wants to open a session."""

    level: int
    client_id: str
    clean: bool
    keepalive_s: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Publish:
    """An application message. `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int
    dup: bool
    packet_id: int


class Cursor:
    """Walks through the bytes of a packet. Raises ProtocolError at a premature end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def at_end(self) -> bool:
        """True when nothing is left."""
        return self._at >= len(self._body)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            msg = "packet is shorter than it says"
            raise ProtocolError(msg)
        self._at += count
        return taken

    def number(self) -> int:
        """An unsigned 16-bit integer."""
        return int.from_bytes(self.take(2), "big")

    def text(self) -> str:
        """A string with its length in front (1.5.3)."""
        try:
            return self.take(self.number()).decode()
        except UnicodeDecodeError as error:
            msg = "text is not UTF-8"
            raise ProtocolError(msg) from error

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._body) - self._at)


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """The next packet (2.2). Raises IncompleteReadError at the end of the stream."""
    first = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift > 21:
            msg = "length field is longer than four bytes"
            raise ProtocolError(msg)
    if length > LARGEST_PACKET:
        msg = f"packet of {length} bytes is too large"
        raise ProtocolError(msg)
    return Packet(first >> 4, first & 0x0F, await reader.readexactly(length))


def connect(packet: Packet) -> Connect:
    """Read CONNECT (3.1). A Will is not supported by a hub and ends the connection."""
    cursor = Cursor(packet.body)
    name, level, flags, keepalive_s = cursor.text(), *struct.unpack("!BBH", cursor.take(4))
    if packet.kind != Kind.CONNECT or name != "MQTT":
        msg = "the first packet is no CONNECT of MQTT 3.1.1"
        raise ProtocolError(msg)
    if flags & 0x04:
        msg = "a Will is not supported"
        raise ProtocolError(msg)
    client_id = cursor.text()
    username = cursor.text() if flags & 0x80 else ""
    password = cursor.text() if flags & 0x40 else ""
    return Connect(level, client_id, bool(flags & 0x02), keepalive_s, username, password)


def publish(packet: Packet) -> Publish:
    """Read PUBLISH (3.3)."""
    cursor = Cursor(packet.body)
    qos = (packet.flags >> 1) & 0x03
    topic = cursor.text()
    packet_id = cursor.number() if qos else 0
    return Publish(topic, cursor.rest(), qos, bool(packet.flags & 0x08), packet_id)


def subscribe(packet: Packet) -> tuple[int, list[str]]:
    """Read SUBSCRIBE (3.8): packet id and topic filters."""
    cursor = Cursor(packet.body)
    packet_id, filters = cursor.number(), []
    while not cursor.at_end:
        filters.append(cursor.text())
        cursor.take(1)
    return packet_id, filters


def unsubscribe(packet: Packet) -> tuple[int, list[str]]:
    """Read UNSUBSCRIBE (3.10): packet id and topic filters."""
    cursor = Cursor(packet.body)
    packet_id, filters = cursor.number(), []
    while not cursor.at_end:
        filters.append(cursor.text())
    return packet_id, filters


def _packet(kind: Kind, body: bytes = b"", flags: int = 0) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        length, byte = divmod(length, 0x80)
        encoded.append(byte | (0x80 if length else 0))
        if not length:
            return bytes([kind << 4 | flags]) + bytes(encoded) + body


def connack(code: int, session_present: bool = False) -> bytes:
    """CONNACK (3.2). 0 accepted, 3 unavailable, 5 not authorised."""
    return _packet(Kind.CONNACK, bytes([session_present, code]))


def puback(packet_id: int) -> bytes:
    """PUBACK (3.4): the message is stored."""
    return _packet(Kind.PUBACK, packet_id.to_bytes(2, "big"))


def suback(packet_id: int, codes: list[int]) -> bytes:
    """SUBACK (3.9): one code a filter, 0x80 refused."""
    return _packet(Kind.SUBACK, packet_id.to_bytes(2, "big") + bytes(codes))


def unsuback(packet_id: int) -> bytes:
    """UNSUBACK (3.11)."""
    return _packet(Kind.UNSUBACK, packet_id.to_bytes(2, "big"))


def pingresp() -> bytes:
    """PINGRESP (3.13)."""
    return _packet(Kind.PINGRESP)


def publication(topic: str, payload: bytes) -> bytes:
    """PUBLISH at QoS 0 (3.3), as a hub sends methods and twin answers."""
    name = topic.encode()
    return _packet(Kind.PUBLISH, len(name).to_bytes(2, "big") + name + payload)
