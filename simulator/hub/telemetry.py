"""What did the device send? Every message, in memory and as a line of telemetry.jsonl."""

import base64
import json
from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from simulator.hub.topics import bag
from simulator.hub.twin import Json

KEPT = 10_000
"""Messages in memory; the file keeps all."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """One message as the hub stored it. `dup`: the client says that it sent this before."""

    number: int
    received_utc: str
    device_id: str
    message_id: str | None
    properties: dict[str, str]
    system: dict[str, str]
    body: Json
    dup: bool


def _decoded(payload: bytes) -> Json:
    try:
        document: Json = json.loads(payload)
    except ValueError:
        return {"base64": base64.b64encode(payload).decode()}
    return document


class TelemetryLog:
    """Appends; numbers go on where an earlier run stopped."""

    def __init__(self, path: Path) -> None:
        self._newest: deque[Telemetry] = deque(maxlen=KEPT)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            with path.open() as earlier:
                self._newest.extend(Telemetry(**json.loads(line)) for line in earlier)
        self._file = path.open("a")

    def add(self, device_id: str, text: str, payload: bytes, dup: bool, now: datetime) -> None:
        """Store one message; `text` is its property bag."""
        both = bag(text)
        message = Telemetry(
            number=self._newest[-1].number + 1 if self._newest else 1,
            received_utc=now.isoformat(),
            device_id=device_id,
            message_id=both.get("$.mid"),
            properties={key: value for key, value in both.items() if not key.startswith("$.")},
            system={key: value for key, value in both.items() if key.startswith("$.")},
            body=_decoded(payload),
            dup=dup,
        )
        self._newest.append(message)
        self._file.write(json.dumps(asdict(message)) + "\n")
        self._file.flush()

    def since(self, number: int) -> list[Telemetry]:
        """Messages with a higher number than this."""
        return [message for message in self._newest if message.number > number]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
