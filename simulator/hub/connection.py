"""One client connection: who it is, what it sends, what it hears back."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol

from simulator.hub import credentials, packets, topics
from simulator.hub.device import Device
from simulator.hub.faults import Faults
from simulator.hub.packets import Kind, Packet, ProtocolError
from simulator.hub.telemetry import TelemetryLog
from simulator.hub.twin import TooLargeError

log = logging.getLogger(__name__)

LARGEST_MESSAGE = 256 * 1024
CONNECT_WITHIN_S = 10.0


class Desk(Protocol):
    """What a connection needs from the hub."""

    host: str
    keys: dict[str, str]
    devices: dict[str, Device]
    faults: Faults
    telemetry: TelemetryLog


class Connection:
    """Serves one client until either side ends it."""

    def __init__(
        self, hub: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._hub = hub
        self._reader = reader
        self._writer = writer
        self._device: Device | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def send(self, packet: bytes) -> None:
        """Write without waiting; a silent hub writes nothing."""
        if not self._hub.faults.silent and not self._writer.is_closing():
            self._writer.write(packet)

    def abort(self, why: str) -> None:
        """Close at once, without a word to the client."""
        if self._device is not None:
            log.info("connection of %s closed: %s", self._device.device_id, why)
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Answer packets until the end. Raises nothing of the client's making."""
        try:
            keepalive_s = await self._open()
            while keepalive_s is not None:
                packet = await asyncio.wait_for(packets.read_packet(self._reader), keepalive_s)
                if packet.kind == Kind.DISCONNECT:
                    break
                if not self._hub.faults.silent:
                    self._take(packet)
        except TimeoutError:
            self.abort("client is silent")
        except (ProtocolError, UnicodeDecodeError, ValueError) as error:
            self.abort(f"protocol error: {error}")
        except (OSError, EOFError):
            pass
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if self._device is not None and self._device.line is self:
            self._device.line = None
        self._writer.close()

    async def _open(self) -> float | None:
        """Check CONNECT. Returns how long the client may be silent, None when it was refused."""
        packet = await asyncio.wait_for(packets.read_packet(self._reader), CONNECT_WITHIN_S)
        connect = packets.connect(packet)
        now = self._hub.faults.utc()
        try:
            if connect.level != 4:
                raise credentials.RefusedError("only MQTT 3.1.1 is spoken here")
            granted = credentials.check(connect, self._hub.host, self._hub.keys, now)
        except credentials.RefusedError as refused:
            log.warning("connection refused: %s", refused)
            self.send(packets.connack(5))
            return None
        self._take_over(self._hub.devices[granted.device_id], connect.clean)
        left_s = (granted.expires_at - now).total_seconds()
        loop = asyncio.get_running_loop()
        self._expiry = loop.call_later(left_s, self.abort, "signature expired")
        return connect.keepalive_s * 1.5 if connect.keepalive_s else 3_600.0

    def _take_over(self, device: Device, clean: bool) -> None:
        if device.line is not None:
            device.line.abort("a newer connection with the same id")
        if clean:
            device.subscriptions.clear()
        self._device, device.line = device, self
        self.send(packets.connack(0, session_present=bool(device.subscriptions)))

    def _take(self, packet: Packet) -> None:
        take = _TAKES.get(packet.kind)
        if take is None:
            msg = f"packet type {packet.kind} is not expected here"
            raise ProtocolError(msg)
        assert self._device is not None
        take(self, self._device, packet)

    def _subscribe(self, device: Device, packet: Packet) -> None:
        packet_id, wanted = packets.subscribe(packet)
        self.send(packets.suback(packet_id, [device.subscribe(topic) for topic in wanted]))

    def _unsubscribe(self, device: Device, packet: Packet) -> None:
        packet_id, unwanted = packets.unsubscribe(packet)
        device.subscriptions.difference_update(unwanted)
        self.send(packets.unsuback(packet_id))

    def _ping(self, _device: Device, _packet: Packet) -> None:
        self.send(packets.pingresp())

    def _confirmed(self, _device: Device, _packet: Packet) -> None:
        """PUBACK: the hub sends nothing that needs one."""

    def _publish(self, device: Device, packet: Packet) -> None:
        message = packets.publish(packet)
        if message.qos > 1 or len(message.payload) > LARGEST_MESSAGE:
            msg = f"QoS {message.qos}, {len(message.payload)} bytes"
            raise ProtocolError(msg)
        events = f"devices/{device.device_id}/messages/events/"
        if message.topic.startswith(events):
            bag = message.topic.removeprefix(events)
            now = datetime.now(UTC)
            self._hub.telemetry.add(device.device_id, bag, message.payload, message.dup, now)
            if self._hub.faults.loses_puback():
                return
        elif message.topic.startswith("$iothub/methods/res/"):
            device.answered(message.topic, message.payload)
        else:
            self._twin(device, message)
        if message.qos:
            self.send(packets.puback(message.packet_id))

    def _twin(self, device: Device, message: packets.Publish) -> None:
        request_id = topics.query(message.topic).get("$rid", "")
        if message.topic.startswith("$iothub/twin/GET/"):
            body = json.dumps(device.twin.whole()).encode()
            self.send(packets.publication(topics.twin_answer(200, request_id), body))
        elif message.topic.startswith("$iothub/twin/PATCH/properties/reported/"):
            self.send(packets.publication(_report(device, message.payload, request_id), b""))
        else:
            msg = f"topic {message.topic!r} is not known"
            raise ProtocolError(msg)


def _report(device: Device, payload: bytes, request_id: str) -> str:
    """Merge what the device reports; the topic of the answer."""
    try:
        patch = json.loads(payload)
        if not isinstance(patch, dict):
            return topics.twin_answer(400, request_id)
        version = device.twin.reported.patch(patch)
    except (TooLargeError, ValueError):
        return topics.twin_answer(400, request_id)
    return topics.twin_answer(204, request_id, version)


_TAKES: Final[dict[int, Callable[[Connection, Device, Packet], None]]] = {
    Kind.PUBLISH: Connection._publish,
    Kind.PUBACK: Connection._confirmed,
    Kind.SUBSCRIBE: Connection._subscribe,
    Kind.UNSUBSCRIBE: Connection._unsubscribe,
    Kind.PINGREQ: Connection._ping,
}
