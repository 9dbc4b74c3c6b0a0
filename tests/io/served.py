"""Pretend devices with registers on a real socket or a pseudo-terminal, in a thread of their own."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from simulator.models.profile import load_profile
from simulator.models.site import Site, pretend_site
from simulator.wire.luxpower_dongle import LuxDongle
from simulator.wire.modbus import ModbusServer, Unit
from simulator.wire.plugs import Plug
from simulator.wire.registers import Registers
from simulator.wire.rtu import RtuServer
from tests.io.fake_modbus import free_port
from tests.stories import HOME

Units = Mapping[int, Registers]


def plant(load_w: float, pv_w: float = 0.0) -> Site:
    """A pretend home that carries this load, at 230 V and 50 Hz."""
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"))
    site.override_load_w, site.override_pv_w = load_w, pv_w
    site.step(1.0)
    return site


@contextmanager
def on_tcp(units: Units) -> Iterator[tuple[str, dict[int, Unit]]]:
    """Target and devices, by unit id."""
    server = ModbusServer("127.0.0.1", 0)
    with _running(server, units) as devices:
        yield f"tcp://127.0.0.1:{server.port}", devices


@contextmanager
def on_line(units: Units, folder: Path) -> Iterator[tuple[str, dict[int, Unit]]]:
    """The same on a serial line."""
    path = folder / "line"
    with _running(RtuServer(str(path)), units) as devices:
        yield f"rtu://{path}", devices


@contextmanager
def on_dongle(registers: Registers) -> Iterator[tuple[str, dict[int, Unit]]]:
    """A LuxPower behind its dongle."""
    port, dongle, inverter = free_port(), "BA12345678", "1234567890"
    with _running(LuxDongle("127.0.0.1", port, dongle, inverter), {1: registers}) as devices:
        yield f"lxp://127.0.0.1:{port}?dongle={dongle}&inverter={inverter}", devices


@contextmanager
def _running(
    server: ModbusServer | RtuServer | LuxDongle, units: Units
) -> Iterator[dict[int, Unit]]:
    devices = {number: Unit(table, Plug(f"unit {number}")) for number, table in units.items()}
    for number, device in devices.items():
        server.add(number, device)
    loop, ready, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def live() -> None:
        await server.start()
        ready.set()
        await ended.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(5.0)
    try:
        yield devices
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(5.0)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    assert not thread.is_alive()
