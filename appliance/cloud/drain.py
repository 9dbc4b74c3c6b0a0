"""How does telemetry leave the box? The oldest records first, at least once, forgotten only when confirmed.

A message holds records of one kind, as a JSON array of {seq, at, body}. Which records go into it is
noted before the first attempt, so a repetition after a crash has the same id and the same bytes.
"""

import logging
from itertools import takewhile
from typing import Final, Protocol

import msgspec

from appliance.cloud.journal import Journal
from appliance.cloud.link import CloudLink, Message
from appliance.store import OutboxRecord

log = logging.getLogger(__name__)

MOST_RECORDS: Final = 27
"""So many spots make about 4 KB when compressed, one billing unit of the hub."""
MOST_BYTES: Final = 200_000
"""The SDK refuses 262 111 bytes and more; properties count too."""
VERSION: Final = "1"


class Outbox(Protocol):
    """The store's outbox, as far as it is needed here."""

    def next_batch(self, limit: int) -> list[OutboxRecord]:
        """The oldest records."""

    def delete_through(self, seq: int) -> None:
        """Forget up to and including `seq`."""


class Envelope(msgspec.Struct, frozen=True):
    """One record inside a message."""

    seq: int
    at: str
    body: msgspec.Raw


class Drain:
    """Belongs to the sender's thread."""

    def __init__(self, outbox: Outbox, journal: Journal, device_id: str) -> None:
        self._outbox = outbox
        self._journal = journal
        self._device_id = device_id

    def send_one(self, link: CloudLink) -> int:
        """Send one message; returns how many records it had, 0 when none waited. Raises LinkError."""
        records = self._choose()
        if not records:
            return 0
        first, last = records[0].seq, records[-1].seq
        self._journal.send(first, last)
        link.publish(message(self._device_id, records))
        self._outbox.delete_through(last)
        return len(records)

    def _choose(self) -> list[OutboxRecord]:
        waiting = self._outbox.next_batch(MOST_RECORDS)
        while waiting and len(waiting[0].body) > MOST_BYTES:
            # One record that no message can carry must not hold back all others for ever.
            lost = waiting.pop(0)
            log.error("record %d has %d bytes: dropped", lost.seq, len(lost.body))
            self._outbox.delete_through(lost.seq)
        if not waiting:
            return []
        before = self._journal.on_its_way()
        if before is not None and before[0] == waiting[0].seq:
            return [record for record in waiting if record.seq <= before[1]]
        return _fitting(waiting)


def _fitting(waiting: list[OutboxRecord]) -> list[OutboxRecord]:
    """As many as go into one message: of one kind, and not too large."""
    room = MOST_BYTES
    chosen: list[OutboxRecord] = []
    for record in takewhile(lambda one: one.kind == waiting[0].kind, waiting):
        room -= len(record.body)
        if room < 0:
            break
        chosen.append(record)
    return chosen


def message(device_id: str, records: list[OutboxRecord]) -> Message:
    """The same records always give the same message."""
    first, last = records[0], records[-1]
    # The instant keeps ids apart when a lost store begins again at 1.
    message_id = f"{device_id}-{first.at.timestamp():.0f}-{first.seq}-{last.seq}"
    body = msgspec.json.encode(
        [Envelope(one.seq, one.at.isoformat(), msgspec.Raw(one.body)) for one in records]
    )
    properties = {
        "schema": first.kind,
        "v": VERSION,
        "n": str(len(records)),
        "first": str(first.seq),
        "last": str(last.seq),
        "iothub-creation-time-utc": last.at.isoformat(),
    }
    return Message(message_id, properties, body)
