"""Orders for a running pretend site: JSON lines on `<folder>/site.sock`.

An order is `{"do": NAME, …}`; the answer is `{"ok": true, …}` or `{"ok": false, "error": WHY}`.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

Json = dict[str, object]

SOCKET_NAME = "site.sock"
LONGEST_PATH = 100
"""Of a unix socket's 107 bytes."""
SETPOINT_ADDRESS = 4195


class SiteControlError(Exception):
    """The site refused an order, or nobody answers."""


class SetpointWritten(NamedTuple):
    """A write to the inverter's total power: when (time.monotonic), W with discharge +."""

    at_s: float
    power_w: float


class SiteControl:
    """Orders a running pretend site. Raises SiteControlError when it refuses or does not answer."""

    def __init__(self, folder: Path, timeout_s: float = 3.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        try:
            with short_path(folder) as path:
                self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            msg = f"no pretend site at {folder / SOCKET_NAME}: {error}"
            raise SiteControlError(msg) from None
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> "SiteControl":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def order(self, do: str, **what: object) -> Json:
        """Send one order; what was answered."""
        try:
            self._socket.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
            answer = cast(
                "Json", json.loads(self._lines.readline() or b'{"error": "it has ended"}')
            )
        except (OSError, ValueError) as error:
            msg = f"the pretend site does not answer: {error}"
            raise SiteControlError(msg) from None
        if not answer.pop("ok", False):
            raise SiteControlError(str(answer["error"]))
        return answer

    def plug(self, name: str, fault: str) -> None:
        """Pull a plug (`silent`, `refuse`) or put it back (`in`)."""
        self.order("plug", name=name, fault=fault)

    def estop(self, pressed: bool) -> float:
        """Press or release the emergency stop; when the edge was on the wire (time.monotonic)."""
        return cast("float", self.order("estop", pressed=pressed)["at_s"])

    def press(self, button: str) -> float:
        """Press a button shortly; when it went down (time.monotonic)."""
        return cast("float", self.order("button", name=button)["at_s"])

    def hold(self, button: str, down: bool) -> float:
        """Keep a button down, or let go of it; when (time.monotonic)."""
        return cast("float", self.order("hold", name=button, down=down)["at_s"])

    def main_power(self, there: bool) -> None:
        """A Strato Pi with a battery of its own loses its main power, or gets it back."""
        self.order("main_power", there=there)

    def show(self) -> Json:
        """The truth about the plant."""
        return self.order("show")

    def number(self, name: str) -> float:
        """One number of `show`."""
        return cast("float", self.show()[name])

    def set(self, name: str, value: float | None) -> None:
        """Override load_w, pv_w, cell_c, box_c, box_humidity_pct, grid_v, grid_hz, grid_hz_per_s, inverter_lag_s (None: back); set soc_pct."""
        self.order("set", name=name, value=value)

    def reads(self, name: str, since_s: float) -> list[float]:
        """When a device behind Modbus (meter.grid) answered since then, oldest first."""
        return cast("list[float]", self.order("reads", name=name, since_s=since_s)["reads"])

    def setpoints(self, since_s: float = 0.0) -> list[SetpointWritten]:
        """Writes of the inverter's total power since then, oldest first."""
        writes = cast("list[list[object]]", self.order("writes", since_s=since_s)["writes"])
        found: list[SetpointWritten] = []
        for at_s, _unit, _function, address, values in writes:
            if address == SETPOINT_ADDRESS:
                raw = cast("list[int]", values)[0]
                found.append(SetpointWritten(cast("float", at_s), float(raw - (raw >> 15 << 16))))
        return found


@contextlib.contextmanager
def short_path(folder: Path) -> Iterator[str]:
    """A path to the socket that fits, however deep the folder is."""
    path = str(folder / SOCKET_NAME)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield path
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
