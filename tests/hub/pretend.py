"""A hub in a thread of the test process, on a loopback address of its own, and a way to wait for things."""

import asyncio
import gc
import itertools
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cloud.link import Access
from simulator.hub.client import HubControl
from simulator.hub.run import DEFAULT_SERIAL, Station

SDK_HABITS = (
    pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2 is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
)
"""azure-iot-device 2.14 asks for TLS 1.2 by a deprecated constant; its paho leaves sockets to the
garbage collector after a failed handshake and after a drop."""

_numbers = itertools.count(1)


def address() -> str:
    """The SDK's port is fixed, so every hub has its own address."""
    return f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{next(_numbers)}"


def until(what: Callable[[], object], timeout_s: float = 8.0) -> None:
    """Wait until it is true; fail after `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


class PretendHub:
    """Starts, answers over `control`, ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.boot = folder / "boot"
        self.address = address()
        self._loop = asyncio.new_event_loop()
        self._station = Station(folder, self.address, 0, DEFAULT_SERIAL)
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub")
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._station.start(), self._loop).result(5)
        self.control = HubControl(folder)

    def access(self) -> Access:
        """What the bootstrapper would tell the cloud process."""
        given = json.loads((self.boot / "provision.json").read_text())
        return Access(given["hub_host"], given["device_id"], given["device_key"], given["ca_pem"])

    def close(self) -> None:
        """End the thread."""
        self.control.close()
        asyncio.run_coroutine_threadsafe(self._station.stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()
        # What the SDK left behind goes now, and not in the middle of somebody else's test.
        gc.collect()
