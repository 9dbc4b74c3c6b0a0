"""A pretend LuxPower inverter on a real socket or a pseudo-terminal, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.site import LxpDongle, LxpSerial
from simulator.wire.luxpower import LuxPower
from simulator.wire.luxpower_dongle import LuxDongle
from simulator.wire.luxpower_serial import LuxSerial
from simulator.wire.modbus import Unit
from simulator.wire.plugs import Plug
from tests.io.rig import pretend_plant

DONGLE, SERIAL = "DG12345678", "LX12345678"


class LuxOnAWire:
    """The inverter, its plug, and how to reach it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.site = pretend_plant()
        self.twin = LuxPower(self.site)
        self.plug = Plug("inverter")
        self.unit = Unit(self.twin.registers, self.plug, reboot=self.twin.reboot)
        self.server: LuxDongle | LuxSerial = (
            LuxDongle("127.0.0.1", 0, DONGLE, SERIAL)
            if kind == "dongle"
            else LuxSerial(str(folder / "tty"), SERIAL)
        )
        self.server.add(1, self.unit)
        self._loop = asyncio.new_event_loop()

    def settings(self, timeout_s: float = 0.3) -> LxpDongle | LxpSerial:
        """How the box reaches it; without the pause, so that tests are quick."""
        if isinstance(self.server, LuxSerial):
            return LxpSerial(
                kind="lxp_serial", path=self.server.host, inverter_serial=SERIAL,
                timeout_s=timeout_s,
            )  # fmt: skip
        return LxpDongle(
            kind="lxp_dongle", host="127.0.0.1", port=self.server.port, dongle_serial=DONGLE,
            inverter_serial=SERIAL, timeout_s=timeout_s, pause_s=0.0,
        )  # fmt: skip

    def put(self, fault: str) -> None:
        """Pull or plug."""
        asyncio.run_coroutine_threadsafe(self.plug.put(fault), self._loop).result(3.0)

    @contextmanager
    def live(self) -> Iterator[None]:
        """While it listens."""
        ready, ended = threading.Event(), asyncio.Event()

        async def serve() -> None:
            await self.server.start()
            ready.set()
            await ended.wait()
            await self.server.stop()

        thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(serve()), daemon=True
        )
        thread.start()
        assert ready.wait(3.0)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(ended.set)
            thread.join(5.0)
            assert not thread.is_alive()
            self._loop.close()
