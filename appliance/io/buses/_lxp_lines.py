"""The two lines to a LuxPower inverter: TCP to the dongle, and a serial port; every call has a deadline."""

import socket
from typing import Protocol

import serial  # type: ignore[import-untyped]

from appliance.site import LxpDongle, LxpSerial

SHORTEST_WAIT_S = 0.001
AT_ONCE = 4_096


class Line(Protocol):
    """Bytes out and in."""

    def send(self, data: bytes) -> None:
        """All of it. Raises OSError."""

    def receive(self, wait_s: float) -> bytes:
        """What has come, at the latest after `wait_s`; empty when nothing has. Raises OSError at its end."""

    def close(self) -> None:
        """Hang up."""


class TcpLine:
    """A connection to the dongle."""

    def __init__(self, settings: LxpDongle) -> None:
        """Raises OSError."""
        address = settings.host, settings.port
        self._timeout_s = settings.timeout_s
        self._socket = socket.create_connection(address, timeout=settings.timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """All of it. Raises OSError."""
        self._socket.settimeout(self._timeout_s)
        self._socket.sendall(data)

    def receive(self, wait_s: float) -> bytes:
        """What has come, at the latest after `wait_s`. Raises OSError when the dongle hangs up."""
        self._socket.settimeout(max(wait_s, SHORTEST_WAIT_S))
        try:
            data = self._socket.recv(AT_ONCE)
        except TimeoutError:
            return b""
        if not data:
            msg = "the dongle hung up"
            raise ConnectionResetError(msg)
        return data

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class SerialLine:
    """A serial port with RS-485."""

    def __init__(self, settings: LxpSerial) -> None:
        """Raises OSError."""
        self._port = serial.Serial(
            settings.path,
            baudrate=settings.baud,
            timeout=settings.timeout_s,
            write_timeout=settings.timeout_s,
        )

    def send(self, data: bytes) -> None:
        """All of it. Raises OSError."""
        self._port.write(data)

    def receive(self, wait_s: float) -> bytes:
        """What has come, at the latest after `wait_s`. Raises OSError."""
        self._port.timeout = max(wait_s, SHORTEST_WAIT_S)
        return bytes(self._port.read(max(1, self._port.in_waiting)))

    def close(self) -> None:
        """Let the port go."""
        self._port.close()


def open_line(settings: LxpDongle | LxpSerial) -> Line:
    """Connect. Raises OSError."""
    return TcpLine(settings) if isinstance(settings, LxpDongle) else SerialLine(settings)
