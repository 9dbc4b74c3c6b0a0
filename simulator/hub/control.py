"""The hub's service side on a Unix socket: one JSON object a line in, one a line out."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from simulator.hub.client import socket_path
from simulator.hub.device import Device, NoAnswerError, NotOnlineError
from simulator.hub.server import Hub
from simulator.hub.sntp import TimeServer
from simulator.hub.twin import Document, Json

log = logging.getLogger(__name__)


class Control:
    """Answers orders such as {"do": "invoke", "method": "GoToMode_Passive"}."""

    def __init__(self, hub: Hub, time_server: TimeServer) -> None:
        self.hub = hub
        self.time_server = time_server
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self, folder: Path) -> None:
        """Open `<folder>/hub.sock`."""
        path = socket_path(folder)
        Path(path).unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path)

    async def close(self) -> None:
        """Close the socket and its clients."""
        # asyncio leaks a connection that was accepted but not yet attached to its server.
        await asyncio.sleep(0.01)
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Document:
        try:
            order = json.loads(line)
            result = await ORDERS[order["do"]](self, order)
        except (NotOnlineError, NoAnswerError) as error:
            return {"ok": False, "error": str(error)}
        except (KeyError, TypeError, ValueError) as error:
            known = ", ".join(sorted(ORDERS))
            return {"ok": False, "error": f"not an order: {error!r}; there is: {known}"}
        return {"ok": True, "result": result}

    def device(self, order: Document) -> Device:
        """The device an order names; without a name the only one."""
        first = next(iter(self.hub.devices))
        return self.hub.devices[str(order.get("device_id", first))]


def _number(order: Document, key: str, default: float) -> float:
    value = order.get(key, default)
    if not isinstance(value, int | float):
        msg = f"{key} = {value!r} must be a number"
        raise TypeError(msg)
    return value


async def _invoke(control: Control, order: Document) -> Json:
    answer = await control.device(order).invoke(
        str(order["method"]), order.get("payload"), _number(order, "timeout_s", 10.0)
    )
    return {"status": answer.status, "payload": answer.payload}


async def _cut(control: Control, _order: Document) -> Json:
    await control.hub.cut()
    return None


async def _mend(control: Control, _order: Document) -> Json:
    control.hub.faults.silent = False
    control.hub.faults.pubacks_to_lose = 0
    await control.hub.mend()
    return None


async def _silent(control: Control, _order: Document) -> Json:
    control.hub.faults.silent = True
    return None


async def _lose_pubacks(control: Control, order: Document) -> Json:
    control.hub.faults.pubacks_to_lose = int(_number(order, "count", 1))
    return None


async def _clock(control: Control, order: Document) -> Json:
    control.time_server.offset_s = _number(order, "offset_s", 0.0)
    return None


async def _hub_clock(control: Control, order: Document) -> Json:
    control.hub.faults.clock_skew_s = _number(order, "ahead_s", 0.0)
    return None


async def _telemetry(control: Control, order: Document) -> Json:
    return [asdict(one) for one in control.hub.telemetry.since(int(_number(order, "since", 0)))]


async def _twin(control: Control, order: Document) -> Json:
    return control.device(order).twin.whole()


async def _desire(control: Control, order: Document) -> Json:
    patch = order["patch"]
    if not isinstance(patch, dict):
        msg = "patch must be an object"
        raise TypeError(msg)
    return control.device(order).patch_desired(patch)


async def _devices(control: Control, _order: Document) -> Json:
    return {one.device_id: one.line is not None for one in control.hub.devices.values()}


ORDERS: Final[dict[str, Callable[[Control, Document], Awaitable[Json]]]] = {
    "invoke": _invoke,
    "cut": _cut,
    "mend": _mend,
    "silent": _silent,
    "lose_pubacks": _lose_pubacks,
    "clock": _clock,
    "hub_clock": _hub_clock,
    "telemetry": _telemetry,
    "twin": _twin,
    "desire": _desire,
    "devices": _devices,
}
