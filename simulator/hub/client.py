"""How do tests and people talk to a running hub? HubControl, over `<folder>/hub.sock`."""

import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.hub.twin import Document, Json

LONGEST_PATH = 100
"""Unix socket paths end at 107 bytes."""


def socket_path(folder: Path) -> str:
    """Where the control socket lies; relative when the whole path is too long for a socket."""
    path = str((folder / "hub.sock").absolute())
    return path if len(os.fsencode(path)) <= LONGEST_PATH else os.path.relpath(path)


class HubError(Exception):
    """The hub said no; the text is its reason."""


class HubControl:
    """The service side of the hub: invoke methods, read telemetry, turn faults on and off."""

    def __init__(self, folder: Path, timeout_s: float = 5.0) -> None:
        self._timeout_s = timeout_s
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.connect(socket_path(folder))
        except OSError as error:
            self._socket.close()
            msg = f"no hub runs in {folder}: {error}"
            raise HubError(msg) from error
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def order(self, do: str, **arguments: Json) -> Json:
        """Send one order and wait for its result. Raises HubError."""
        self._socket.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if not answer["ok"]:
            raise HubError(answer["error"])
        result: Json = answer["result"]
        return result

    def invoke(
        self, method: str, payload: Json = None, timeout_s: float = 10.0
    ) -> tuple[int, Json]:
        """Run a direct method on the device: status and payload. Raises HubError (404103, 504101)."""
        self._socket.settimeout(timeout_s + self._timeout_s)
        answer = self.order("invoke", method=method, payload=payload, timeout_s=timeout_s)
        assert isinstance(answer, dict)
        status = answer["status"]
        assert isinstance(status, int)
        return status, answer["payload"]

    def cut(self) -> None:
        """Drop and refuse all connections."""
        self.order("cut")

    def mend(self) -> None:
        """End all faults."""
        self.order("mend")

    def silent(self) -> None:
        """Keep connections, answer nothing."""
        self.order("silent")

    def lose_pubacks(self, count: int) -> None:
        """Store the next messages without confirming them."""
        self.order("lose_pubacks", count=count)

    def set_clock(self, offset_s: float) -> None:
        """Let the time server be wrong by this much."""
        self.order("clock", offset_s=offset_s)

    def telemetry(self, since: int = 0) -> list[Document]:
        """Messages with a higher number than `since`, oldest first."""
        messages = self.order("telemetry", since=since)
        assert isinstance(messages, list)
        return [message for message in messages if isinstance(message, dict)]

    def twin(self) -> Document:
        """Desired and reported."""
        whole = self.order("twin")
        assert isinstance(whole, dict)
        return whole

    def desire(self, patch: Document) -> int:
        """Change the desired document; its version."""
        version = self.order("desire", patch=patch)
        assert isinstance(version, int)
        return version

    def online(self) -> bool:
        """True while a device is connected."""
        devices = self.order("devices")
        return isinstance(devices, dict) and any(devices.values())

    def close(self) -> None:
        """Close the socket."""
        self._lines.close()
        self._socket.close()
