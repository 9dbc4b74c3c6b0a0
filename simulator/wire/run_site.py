"""Runs a StandIn with its control socket until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

from simulator.wire.control_server import ControlServer
from simulator.wire.stand_in import StandIn


async def run_site(stand_in: StandIn, folder: Path) -> int:
    """Prints one line when everything listens. Raises OSError when a socket is taken."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    control = ControlServer(stand_in)
    try:
        await stand_in.start()
        await control.start(folder)
        sys.stdout.write(f"site ready: {stand_in.where()}, control at {folder / 'site.sock'}\n")
        sys.stdout.flush()
        await stand_in.run(ended)
    finally:
        await control.stop()
        await stand_in.stop()
    return 0
