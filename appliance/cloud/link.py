"""What does the cloud process need from a hub connection? The port; sdk.py is one way to have it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Access:
    """Where the hub is, and the key. Its repr hides the key."""

    host: str
    device_id: str
    key: str
    ca: str
    """Certificates that are trusted, PEM text."""

    @override
    def __repr__(self) -> str:
        """Without the key."""
        return f"Access(host={self.host!r}, device_id={self.device_id!r})"


@dataclass(frozen=True, slots=True)
class Message:
    """One telemetry message. The hub may receive it twice: with the same id and the same bytes."""

    message_id: str
    properties: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a direct method: HTTP-like status and a JSON object."""

    status: int
    body: dict[str, str | bool]


OnMethod = Callable[[str, object], Reply]
"""Method name and payload (as parsed from JSON) to its answer; never raises."""


class Cause(StrEnum):
    """Why a link failed; they differ in how long to wait."""

    NETWORK = "network"
    REFUSED = "not authorised"
    DEADLINE = "no answer in time"
    OTHER = "other"


class LinkError(Exception):
    """The link is dead: close it and open a fresh one."""

    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(f"{cause}: {text}")
        self.cause = cause


class StuckError(Exception):
    """The link cannot even be closed; only a new process helps."""


class CloudLink(Protocol):
    """One connection. Belongs to one thread; never reused after a LinkError."""

    @property
    def connected(self) -> bool:
        """False once the connection has dropped."""

    def publish(self, message: Message) -> None:
        """Returns when the hub has stored the message. Raises LinkError."""

    def close(self) -> None:
        """End the connection. Raises StuckError."""


OpenLink = Callable[[Access, OnMethod], CloudLink]
"""Connects and listens for methods. Raises LinkError, StuckError."""
