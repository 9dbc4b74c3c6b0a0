"""A pretend site on free ports, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.models.profile import parse_profile
from simulator.wire.control import SiteControl
from simulator.wire.control_server import ControlServer
from simulator.wire.sitefile import load_site_file
from simulator.wire.stand_in import StandIn

HOME = Path(__file__).parents[2] / "simulator" / "sites" / "home.toml"
PORTS = {"inverter": "15020", "meter": "15021", "can": "29536", "pins": "18888"}
FLAT = ("utc,load_w,pv_w,frequency_hz", "2026-01-01,1200,500,49.9", "2026-01-02,1200,500,49.9")


@dataclass
class Pretend:
    """A running pretend site: its ports by name, its control."""

    ports: dict[str, int]
    folder: Path
    control: SiteControl


def free_ports(count: int) -> list[int]:
    """Ports that are free now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def home_on(ports: dict[str, int], folder: Path) -> Path:
    """The pretend home's site.toml on other ports."""
    text = HOME.read_text()
    for name, port in PORTS.items():
        text = text.replace(port, str(ports[name]))
    path = folder / "site.toml"
    path.write_text(text)
    return path


@pytest.fixture
def pretend(tmp_path: Path) -> Iterator[Pretend]:
    """The pretend home: load 1200 W, PV 500 W."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    stand_in = StandIn(load_site_file(home_on(ports, tmp_path)), parse_profile(FLAT))
    ended, ready = asyncio.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def live() -> None:
        control = ControlServer(stand_in)
        try:
            await stand_in.start()
            await control.start(tmp_path)
            ready.set()
            await stand_in.run(ended)
        finally:
            await control.stop()
            await stand_in.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert ready.wait(5.0)
    with SiteControl(tmp_path) as control:
        yield Pretend(ports, tmp_path, control)
    loop.call_soon_threadsafe(ended.set)
    thread.join(5.0)
    assert not thread.is_alive()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
