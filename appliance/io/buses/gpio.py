"""Digital inputs and outputs through gpiozero: the computer's own pins, or a remote pigpio daemon's.

No call waits for ever: a daemon that does not answer within `TIMEOUT_S`, or is gone, is an OSError.
"""

import contextlib
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import pigpio
from gpiozero import DigitalInputDevice, DigitalOutputDevice
from gpiozero.pins import Factory
from gpiozero.pins.pi import PiFactory
from gpiozero.pins.pigpio import PiGPIOFactory, PiGPIOPin

from appliance.site import Gpio

TIMEOUT_S = 0.4
"""For connecting, and for every answer of a remote daemon."""

REPORT = struct.Struct("<HHII")
"""A report: sequence number, flags (0: levels), tick, levels of pins 0 to 31."""


class InputPin:
    """An input with its pull-up on: an open wire is high."""

    def __init__(self, device: DigitalInputDevice) -> None:
        self._device = device

    def high(self) -> bool:
        """The level now, asked of the hardware. Raises OSError."""
        return not self._device.value


class OutputPin:
    """An output, low at first."""

    def __init__(self, device: DigitalOutputDevice) -> None:
        self._device = device

    def write(self, high: bool) -> None:
        """Set the level. Raises OSError."""
        self._device.value = high


class Pins:
    """The pins of one computer or daemon; closing gives every pin back as an input."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._devices: list[DigitalInputDevice | DigitalOutputDevice] = []

    def input(
        self, number: int, on_change: Callable[[], None], steady_s: float | None = None
    ) -> InputPin:
        """Listen to a pin (BCM number). `on_change` is called in a foreign thread at each edge.

        With `steady_s`, edges count once the level has been steady for so long. Raises OSError.
        """
        device = DigitalInputDevice(
            number, pull_up=True, bounce_time=steady_s, pin_factory=self._factory
        )
        self._devices.append(device)
        device.when_activated = on_change
        device.when_deactivated = on_change
        return InputPin(device)

    def output(self, number: int) -> OutputPin:
        """Drive a pin (BCM number). Raises OSError."""
        device = DigitalOutputDevice(number, pin_factory=self._factory)
        self._devices.append(device)
        return OutputPin(device)

    def close(self) -> None:
        """Give everything back; quiet when the daemon is gone."""
        for device in self._devices:
            with contextlib.suppress(OSError):
                device.close()
        self._devices.clear()
        self._factory.close()

    def __enter__(self) -> Self:
        """Close at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def open_pins(settings: Gpio) -> Pins:
    """Open the pins that `settings.pins` names. Raises OSError, or ValueError for a bad address."""
    if settings.pins == "lgpio":
        from gpiozero.pins.lgpio import LGPIOFactory  # only where it is installed

        return Pins(LGPIOFactory())
    host, port, _ = pigpio_address(settings.pins)
    return Pins(_RemotePins(RemotePi(host, port)))


def pigpio_address(url: str) -> tuple[str, int, str]:
    """Host, port and path of `pigpio://host:port/path`. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme != "pigpio" or not parts.hostname:
        msg = f"{url!r} is not lgpio, a device file or pigpio://host:port"
        raise ValueError(msg)
    return parts.hostname, parts.port or 8888, parts.path.strip("/")


# ---------------------------------------------------------------- the remote daemon
# The pigpio client waits for ever for a daemon that hangs, spins at full load when its daemon
# closes the connection, and keeps a reference to every client until the program ends.


class _Wire:
    """A socket with a timeout. The first failure ends it: later answers would be out of step."""

    def __init__(self, host: str, port: int, on_end: Callable[[], None]) -> None:
        self._socket = socket.create_connection((host, port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._on_end = on_end

    def send(self, data: bytes) -> None:
        """Send all of it."""
        try:
            self._socket.sendall(data)
        except OSError:
            self.close()
            raise

    sendall = send

    def recv(self, count: int) -> bytes:
        """Exactly `count` bytes."""
        data = b""
        try:
            while len(data) < count:
                part = self._socket.recv(count - len(data))
                if not part:
                    raise ConnectionResetError("the pigpio daemon closed the connection")
                data += part
        except OSError:
            self.close()
            raise
        return data

    def listen(self) -> None:
        """From now on wait as long as it takes: silence is normal here."""
        self._socket.settimeout(None)

    def hang_up(self) -> None:
        """Make the next call fail, from another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End."""
        self._on_end()
        self._socket.close()


class _Reports(pigpio._callback_thread):  # type: ignore[misc] # pigpio has no types
    """The thread that hears of level changes; ends with its wire, and takes the other one along."""

    def __init__(self, control: "pigpio._socklock", host: str, port: int) -> None:
        super(pigpio._callback_thread, self).__init__(name="pigpio reports", daemon=True)
        self.control = control
        self.monitor = self.event_bits = 0
        self.callbacks: list[pigpio._callback_ADT] = []
        self.events: list[object] = []
        self.sl = pigpio._socklock()
        self.sl.s = wire = _Wire(host, port, lambda: None)
        try:
            self.lastLevel = pigpio._pigpio_command(self.sl, pigpio._PI_CMD_BR1, 0, 0)
            self.handle = pigpio._u2i(pigpio._pigpio_command(self.sl, pigpio._PI_CMD_NOIB, 0, 0))
        except BaseException:
            wire.close()
            raise
        wire.listen()
        self.go = True
        self.start()

    def run(self) -> None:
        """Pass every report on until the wire ends; gpiozero knows which levels are new to it.

        The client's own comparison starts from the levels before the pulls were set, and so
        misses the first edge of a pin that its pull has raised.
        """
        # TypeError: a level changed while gpiozero was giving its pin back.
        with contextlib.suppress(OSError, TypeError):
            while True:
                _, flags, tick, levels = REPORT.unpack(self.sl.s.recv(REPORT.size))
                for each in tuple(self.callbacks) if flags == 0 else ():
                    each.func(each.gpio, int(levels & each.bit != 0), tick)
        self.sl.s.close()
        control = self.control.s
        if self.go and control is not None:
            control.hang_up()

    def stop(self) -> None:
        """End the wire and wait for the thread."""
        self.go = False
        self.sl.s.hang_up()
        self.join(TIMEOUT_S)


class RemotePi(pigpio.pi):  # type: ignore[misc] # pigpio has no types
    """A pigpio client whose calls raise OSError in time; useless after the first one."""

    def __init__(self, host: str, port: int, reports: bool = True) -> None:
        self.connected = True
        self.sl = pigpio._socklock()
        self._host, self._port = host, port
        self._notify = None
        self.sl.s = wire = _Wire(host, port, self._forget_wire)
        try:
            self._notify = _Reports(self.sl, host, port) if reports else None
        except BaseException:
            wire.close()
            raise

    def _forget_wire(self) -> None:
        # gpiozero asks this attribute whether the connection still stands.
        self.sl.s = None


class _RemotePins(PiGPIOFactory):  # type: ignore[misc] # gpiozero has no types
    """gpiozero's pigpio factory with a client that does not hang."""

    def __init__(self, remote: RemotePi) -> None:
        PiFactory.__init__(self)
        self.pin_class = PiGPIOPin
        self._connection: RemotePi | None = remote
        self._remote = remote
        self._host, self._port = remote._host, remote._port
        self._spis: list[object] = []

    def close(self) -> None:
        """Give the pins back and end the client, also when the daemon is gone."""
        try:
            with contextlib.suppress(OSError):
                super().close()
        finally:
            self.pins.clear()
            self._connection = None
            self._remote.stop()
