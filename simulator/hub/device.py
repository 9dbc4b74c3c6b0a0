"""What does the hub remember of one device while connections come and go?"""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Protocol

from simulator.hub import packets, topics
from simulator.hub.twin import Document, Json, Twin


class NotOnlineError(Exception):
    """404103: the device is not connected, or does not listen for methods."""


class NoAnswerError(Exception):
    """504101: the device did not answer the method in time."""


@dataclass(frozen=True, slots=True)
class MethodAnswer:
    """What the device said to a direct method."""

    status: int
    payload: Json


class Line(Protocol):
    """The open connection of a device."""

    def send(self, packet: bytes) -> None:
        """Write without waiting."""

    def abort(self, why: str) -> None:
        """Close at once."""


@dataclass
class Device:
    """One registered device."""

    device_id: str
    subscriptions: set[str] = field(default_factory=set)
    """Kept between connections, unless the client asked for a clean session."""
    line: Line | None = None
    twin: Twin = field(default_factory=Twin)
    waiting: dict[str, asyncio.Future[MethodAnswer]] = field(default_factory=dict)
    """Methods on their way, by request id."""

    def subscribe(self, topic: str) -> int:
        """QoS granted, or 0x80: not one of the hub's filters."""
        allowed = topic in topics.filters(self.device_id)
        if not allowed or len(self.subscriptions | {topic}) > topics.MOST_SUBSCRIPTIONS:
            return 0x80
        self.subscriptions.add(topic)
        return 1

    async def invoke(self, method: str, payload: Json, timeout_s: float) -> MethodAnswer:
        """Run a direct method. Raises NotOnlineError, NoAnswerError."""
        if self.line is None or topics.METHODS not in self.subscriptions:
            msg = f"404103: device {self.device_id} is not online"
            raise NotOnlineError(msg)
        request_id = uuid.uuid4().hex[:8]
        self.waiting[request_id] = asyncio.get_running_loop().create_future()
        topic = topics.method_request(method, request_id)
        self.line.send(packets.publication(topic, json.dumps(payload).encode()))
        try:
            return await asyncio.wait_for(self.waiting[request_id], timeout_s)
        except TimeoutError as error:
            msg = f"504101: device {self.device_id} did not answer {method} in {timeout_s:g} s"
            raise NoAnswerError(msg) from error
        finally:
            del self.waiting[request_id]

    def answered(self, topic: str, payload: bytes) -> None:
        """The device has answered a method; late and unknown answers are dropped."""
        waiting = self.waiting.get(topics.query(topic).get("$rid", ""))
        if waiting is not None and not waiting.done():
            status = int(topic.split("/")[3])
            waiting.set_result(MethodAnswer(status, json.loads(payload or b"null")))

    def patch_desired(self, patch: Document) -> int:
        """The cloud wants something else; returns the version. Tells the device when it listens."""
        version = self.twin.desired.patch(patch)
        if self.line is not None and topics.DESIRED in self.subscriptions:
            body = json.dumps({**patch, "$version": version}).encode()
            self.line.send(packets.publication(topics.desired_patch(version), body))
        return version
