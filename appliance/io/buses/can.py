"""CAN buses: frames in, frames out, no meaning. By the kernel's raw socket, by socketcand over
TCP, or by an adapter that python-can knows.

python-can's own socketcand client is not used: its connect tries for 10 s, its handshake waits without
a limit, it takes an ended connection for silence, and it loses frames that come in one packet with the
end of the handshake (docs/decisions/0008).
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from appliance.clock import Clock
from appliance.io.buses import BusError
from appliance.io.buses._can_frame import EXTENDED, SEND_TIMEOUT_S, Frame
from appliance.io.buses._can_raw import RawPort
from appliance.io.buses._can_trouble import Trouble
from appliance.model import CAN_ACTIVE, CAN_OFF
from appliance.site import CanBus

__all__ = ["EXTENDED", "CanPort", "Frame", "OpenCan", "Trouble", "open_can"]

CONNECT_TIMEOUT_S: Final = 0.5
LONGEST_MESSAGE: Final = 256
"""Of socketcand, in bytes; longer ones are not its."""


class CanPort(Protocol):
    """An open CAN bus. Every call ends in time; all raise BusError."""

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        """Wait for frames; all that are there, or none after `timeout_s`."""

    def send(self, frame_id: int, data: bytes) -> None:
        """Send one frame."""

    def close(self) -> None:
        """Give it back; never raises."""


class OpenCan(CanPort, Protocol):
    """One that also tells what is wrong on it."""

    trouble: Trouble


def open_can(settings: CanBus, clock: Clock) -> OpenCan:
    """Open a bus as site.toml says. Raises BusError."""
    if settings.interface == "socketcand":
        return SocketcandPort(settings, clock)
    if settings.interface == "socketcan":
        return RawPort(settings.channel, clock)
    # Not for nothing: python-can costs 0.1 s at start, and only adapters need it.
    from appliance.io.buses._can_adapter import AdapterPort

    return AdapterPort(settings, clock)


class SocketcandPort:
    """A bus behind a socketcand server: `< frame 123 23.424242 1122 >` and `< send 123 2 11 22 >`."""

    def __init__(self, settings: CanBus, clock: Clock) -> None:
        self._clock = clock
        self.trouble = Trouble()
        self._waiting = b""
        where = f"{settings.channel} at {settings.host}:{settings.port}"
        try:
            self._socket = socket.create_connection(
                (settings.host, settings.port), timeout=CONNECT_TIMEOUT_S
            )
        except OSError as error:
            msg = f"cannot open {where}: no connection"
            raise BusError(msg) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._handshake(settings.channel)
        except (OSError, BusError) as error:
            self._socket.close()
            msg = f"cannot open {where}: {error}"
            raise BusError(msg) from error

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        """Frames that wait, after at most `timeout_s`."""
        if b">" not in self._waiting:
            self._take(timeout_s)
        now_s = self._clock.now_s()
        found = []
        for text in self._messages():
            frame = _parsed(text, now_s)
            if frame is not None:
                found.append(frame)
            elif text.startswith(b"< error "):
                self._error(text)
        if found and self.trouble.state == CAN_OFF:
            self.trouble.state = CAN_ACTIVE  # Whoever serves it has started it again.
        return found

    def send(self, frame_id: int, data: bytes) -> None:
        """Send one frame."""
        number = f"{frame_id & ~EXTENDED:08X}" if frame_id & EXTENDED else f"{frame_id:03X}"
        text = f"< send {number} {len(data)} {data.hex(' ')} >"
        try:
            self._socket.settimeout(SEND_TIMEOUT_S)
            self._socket.sendall(text.encode("ascii"))
        except OSError as error:
            msg = "cannot send: connection lost"
            raise BusError(msg) from error

    def close(self) -> None:
        """Drop the connection."""
        with contextlib.suppress(OSError):
            self._socket.close()

    def _handshake(self, channel: str) -> None:
        self._expect("hi")
        self._socket.sendall(f"< open {channel} >".encode("ascii"))
        self._expect("ok")
        self._socket.sendall(b"< rawmode >")
        self._expect("ok")

    def _expect(self, word: str) -> None:
        """The next message is `word`; what comes after it stays for `receive`."""
        deadline_s = self._clock.now_s() + CONNECT_TIMEOUT_S
        while b">" not in self._waiting:
            if self._clock.now_s() > deadline_s:
                msg = f"no {word!r} in time"
                raise BusError(msg)
            self._take(CONNECT_TIMEOUT_S)
        text, _, self._waiting = self._waiting.partition(b">")
        if text.strip(b"< ").decode("ascii", "replace") != word:
            msg = f"{text.strip(b'< ')!r} instead of {word!r}"
            raise BusError(msg)

    def _take(self, timeout_s: float) -> None:
        try:
            self._socket.settimeout(max(timeout_s, 0.001))
            arrived = self._socket.recv(65_536)
        except TimeoutError:
            return
        except OSError as error:
            msg = "connection lost"
            raise BusError(msg) from error
        if not arrived:
            msg = "connection ended by the server"
            raise BusError(msg)
        self._waiting += arrived

    def _error(self, text: bytes) -> None:
        """`< error CLASS SECONDS.MICROS `: an error frame; an answer in words is none."""
        with contextlib.suppress(ValueError, IndexError):
            self.trouble.error(int(text.split()[2], 16))

    def _messages(self) -> Iterator[bytes]:
        *whole, self._waiting = self._waiting.split(b">")
        if len(self._waiting) > LONGEST_MESSAGE:
            self._waiting = b""
        return iter(whole)


def _parsed(text: bytes, at_s: float) -> Frame | None:
    """A frame from `< frame 123 23.424242 1122 ` (bytes with or without blanks between); else None."""
    parts = text.split()
    if len(parts) < 4 or parts[:2] != [b"<", b"frame"]:
        return None
    try:
        frame_id = int(parts[2], 16)
        data = bytes.fromhex(b"".join(parts[4:]).decode("ascii"))
    except ValueError:
        return None
    return Frame(frame_id | (EXTENDED if len(parts[2]) > 3 else 0), data, at_s)
