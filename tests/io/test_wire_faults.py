"""Every fault of a Modbus device, over TCP and over a serial line: silence in time, nothing believed, all back."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.io.buses.registers import open_registers
from appliance.io.modbus_workers import ModbusThread
from appliance.mailbox import Slots
from appliance.site import Meter, ModbusRtu, ModbusTcp
from appliance.supervisor import Worker
from simulator.wire.carlo_gavazzi import places
from simulator.wire.modbus import ModbusServer, Unit
from simulator.wire.plugs import (
    EXCEPTION,
    GARBAGE,
    HALF,
    IN,
    LATE,
    REBOOT,
    SILENT,
    STUCK,
    WRONG_UNIT,
    Plug,
)
from simulator.wire.rtu import RtuServer
from tests.io.rig import pretend_plant
from tests.io.threads import CLOCK, pause, running, soon

MAX_AGE_S = 1.0
LOADS_W = (1_000.0, -1_000.0)


class Line:
    """One meter on a wire, in a thread of its own."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.site = pretend_plant()
        self.plug = Plug("meter.grid")
        unit = Unit(
            places(1648)["meter.grid"](self.site, False).registers,
            self.plug,
            before=lambda: self.site.step(0.01),
        )
        self.server: ModbusServer | RtuServer
        if kind == "tcp":
            self.server = ModbusServer("127.0.0.1", 0)
        else:
            self.server = RtuServer(str(folder / "tty"))
        self.server.add(1, unit)
        self.folder = folder

    def settings(self) -> ModbusTcp | ModbusRtu:
        if isinstance(self.server, ModbusServer):
            return ModbusTcp(kind="modbus_tcp", host="127.0.0.1", port=self.server.port)
        return ModbusRtu(kind="modbus_rtu", path=self.server.host, timeout_s=0.3)

    def carries(self, power_w: float) -> None:
        """What flows through the grid connection, import +."""
        self.site.override_pv_w, self.site.override_load_w = 0.0, power_w


@contextmanager
def line(kind: str, folder: Path) -> Iterator[Line]:
    wire = Line(kind, folder)
    started, loops = threading.Event(), []

    async def serve() -> None:
        ended = asyncio.Event()
        loops.append((asyncio.get_running_loop(), ended))
        await wire.server.start()
        started.set()
        await ended.wait()
        await wire.server.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(5.0)
    try:
        yield wire
    finally:
        loop, ended = loops[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
    assert not thread.is_alive()


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_nothing_false_is_believed_and_all_faults_are_survived(kind: str, tmp_path: Path) -> None:
    with line(kind, tmp_path) as wire:
        wire.carries(1_000.0)
        slots = Slots.create(("grid",))
        slot = slots.meters["grid"]
        thread = ModbusThread(open_registers(wire.settings(), CLOCK), CLOCK, slots)
        settings = Meter(driver="em24_ethernet", bus="line", poll_s=0.05)
        thread.add_meter("grid", settings)

        def power_w() -> float | None:
            reading = slot.fresh(CLOCK.now_s(), MAX_AGE_S)
            return None if reading is None else reading.power_w

        def shows(wanted_w: float) -> bool:
            seen_w = power_w()
            return seen_w is not None and abs(seen_w - wanted_w) < 15.0

        with running((Worker("modbus", thread.run, 10.0),)):
            assert soon(lambda: shows(1_000.0), 5.0)
            for fault in (SILENT, GARBAGE, HALF, EXCEPTION, WRONG_UNIT, LATE, REBOOT):
                wire.plug.fault = fault
                if fault is not REBOOT:
                    wire.carries(-1_000.0)
                assert soon(lambda: power_w() is None, 4.0), fault
                pause(0.3)
                assert power_w() is None, fault
                wire.carries(1_000.0)
                if fault is not REBOOT:
                    wire.plug.fault = IN
                assert soon(lambda: shows(1_000.0), 6.0), fault
            wire.plug.fault = STUCK
            pause(0.3)
            wire.carries(-1_000.0)
            pause(1.2)
            assert shows(1_000.0), "only the watch over readings that stand still sees this"
