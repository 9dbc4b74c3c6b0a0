"""The hub's commands: `hub` runs it until SIGTERM, `hub-ask` asks a running one."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from simulator.hub import factory
from simulator.hub.client import HubControl, HubError
from simulator.hub.control import Control
from simulator.hub.server import PORT, Hub
from simulator.hub.sntp import TimeServer
from simulator.hub.telemetry import TelemetryLog
from simulator.hub.twin import Json

DEFAULT_SERIAL = "10000000c0ffee01"


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("hub", description="An IoT Hub on a loopback address.")
    parser.add_argument("--folder", type=Path, required=True, help="boot/, hub.sock, telemetry")
    parser.add_argument("--address", default="127.0.8.3", help="loopback address = host name")
    parser.add_argument("--ntp-port", type=int, default=12_345, help="UDP port of the time server")
    parser.add_argument("--serial", default=DEFAULT_SERIAL, help="serial number of the box")
    return parser.parse_args(argv)


class Station:
    """Hub, time server and control socket together."""

    def __init__(self, folder: Path, address: str, ntp_port: int, serial: str) -> None:
        self._folder = folder
        self._address = address
        self._ntp_port = ntp_port
        self._serial = serial
        self._time_server = TimeServer()
        self._control: Control | None = None

    async def start(self) -> str:
        """Open all sockets; says where. Raises OSError when an address is taken."""
        ntp_port = await self._time_server.listen(self._address, self._ntp_port)
        made = factory.make(self._folder, self._address, ntp_port, self._serial)
        telemetry = TelemetryLog(self._folder / "telemetry.jsonl")
        hub = Hub(self._address, made.tls, {made.device_id: made.device_key}, telemetry)
        self._control = Control(hub, self._time_server)
        await hub.mend()
        await self._control.listen(self._folder)
        return (
            f"hub ready at {self._address}:{PORT} for {made.device_id}, "
            f"time at {self._address}:{ntp_port}/udp, control at {self._folder / 'hub.sock'}"
        )

    async def stop(self) -> None:
        """Close everything."""
        self._time_server.close()
        if self._control is not None:
            await self._control.close()
            await self._control.hub.cut()
            self._control.hub.telemetry.close()


async def _run(wanted: argparse.Namespace) -> int:
    station = Station(wanted.folder, wanted.address, wanted.ntp_port, wanted.serial)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        sys.stdout.write(await station.start() + "\n")
        sys.stdout.flush()
        await ended.wait()
    except OSError as error:
        sys.stderr.write(f"hub cannot start at {wanted.address}: {error}\n")
        return 1
    finally:
        await station.stop()
    return 0


def main(argv: list[str]) -> int:
    """Run the hub until SIGTERM or SIGINT; prints one line when it is ready."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s hub: %(message)s")
    return asyncio.run(_run(_arguments(argv)))


def ask(argv: list[str]) -> int:
    """Ask a running hub: invoke METHOD [JSON], cut, mend, silent, lose_pubacks, telemetry, twin."""
    parser = argparse.ArgumentParser("hub-ask", description="Asks a running hub.")
    parser.add_argument("--folder", type=Path, required=True)
    orders = parser.add_subparsers(dest="order", required=True)
    invoke = orders.add_parser("invoke", help="run a direct method on the device")
    invoke.add_argument("method")
    invoke.add_argument("payload", nargs="?", type=json.loads, help="JSON")
    orders.add_parser("telemetry", help="what arrived").add_argument("--since", type=int, default=0)
    orders.add_parser("lose_pubacks").add_argument("--count", type=int, default=1)
    for order in ("cut", "mend", "silent", "twin", "devices"):
        orders.add_parser(order)
    arguments = vars(parser.parse_args(argv))
    folder, order = arguments.pop("folder"), arguments.pop("order")
    try:
        with HubControl(folder, timeout_s=15.0) as hub:
            result = hub.order(order, **arguments)
    except (HubError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _show(result)
    return 0


def _show(result: Json) -> None:
    """One line of JSON; a list: one line each."""
    for line in result if isinstance(result, list) else [result]:
        sys.stdout.write(json.dumps(line) + "\n")
