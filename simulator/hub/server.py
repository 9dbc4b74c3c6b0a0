"""The hub itself: listens, keeps the devices, can be cut off and mended."""

import asyncio
import logging
import ssl

from simulator.hub.connection import Connection
from simulator.hub.device import Device
from simulator.hub.faults import Faults
from simulator.hub.telemetry import TelemetryLog

log = logging.getLogger(__name__)

PORT = 8883
"""MQTT over TLS; the SDK knows no other."""


class Hub:
    """Lives in one event loop."""

    def __init__(
        self, host: str, tls: ssl.SSLContext, keys: dict[str, str], telemetry: TelemetryLog
    ) -> None:
        self.host = host
        self.keys = keys
        self.devices = {device_id: Device(device_id) for device_id in keys}
        self.faults = Faults()
        self.telemetry = telemetry
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._serving: dict[asyncio.Task[None], Connection] = {}

    @property
    def is_cut(self) -> bool:
        """True while nobody can connect."""
        return self._server is None

    async def mend(self) -> None:
        """Listen (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, self.host, PORT, ssl=self._tls, ssl_handshake_timeout=5.0
            )

    async def cut(self) -> None:
        """Drop all connections and refuse others, as when a cable is pulled at the hub's side."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._serving.values():
            connection.abort("the hub is cut off")
        if self._serving:
            await asyncio.wait(self._serving, timeout=0.5)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(self, reader, writer)
        self._serving[task] = connection
        try:
            if self.is_cut:
                connection.abort("the hub is cut off")
                return
            await connection.serve()
        finally:
            del self._serving[task]
