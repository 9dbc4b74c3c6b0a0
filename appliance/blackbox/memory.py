"""The last minutes of every cycle, compressed, in memory; bounded in time and in bytes."""

import gzip
from collections import deque
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from appliance.model import Moment

CHUNK_BYTES: Final = 1 << 19
"""Of lines that are compressed together."""
MEMORY_BYTES: Final = 24 << 20
"""Of compressed lines. Where cycles are large and fast, it reaches less far back."""
_encoder = msgspec.json.Encoder()


def line(moment: Moment) -> bytes:
    """One line of a recording: the Snapshot's fields and, beside them, the decision."""
    snapshot, decision = _encoder.encode(moment.snapshot), _encoder.encode(moment.decision)
    return snapshot[:-1] + b',"decision":' + decision + b"}"


class Chunk(NamedTuple):
    """Some cycles, as a gzip member."""

    number: int
    """From 1, without gaps."""
    first_s: float
    last_s: float
    began_at: datetime
    ended_at: datetime
    cycles: int
    data: bytes


class Ring:
    """Belongs to one thread."""

    def __init__(self, before_s: float) -> None:
        self._before_s = before_s
        self._lines: list[bytes] = []
        self._line_bytes = 0
        self._first: Moment | None = None
        self._last: Moment | None = None
        self._numbers = 0
        self.chunks: deque[Chunk] = deque()
        self.held_bytes = 0

    def add(self, moment: Moment) -> None:
        """Keep one cycle."""
        text = line(moment)
        self._lines.append(text)
        self._line_bytes += len(text)
        self._first = self._first or moment
        self._last = moment

    @property
    def due(self) -> bool:
        """There is enough to compress."""
        return self._line_bytes >= CHUNK_BYTES

    @property
    def waits_s(self) -> float:
        """For so long the oldest line has waited to be compressed."""
        if self._first is None or self._last is None:
            return 0.0
        return self._last.snapshot.now_s - self._first.snapshot.now_s

    def compress(self) -> Chunk | None:
        """What waits becomes a chunk, and the oldest chunks go; None when nothing waits."""
        if self._first is None or self._last is None:
            return None
        first, last, lines = self._first.snapshot, self._last.snapshot, self._lines
        data = gzip.compress(b"\n".join([*lines, b""]), compresslevel=6, mtime=0)
        self._numbers += 1
        chunk = Chunk(self._numbers, first.now_s, last.now_s, first.utc, last.utc, len(lines), data)
        self._lines, self._line_bytes, self._first, self._last = [], 0, None, None
        self.chunks.append(chunk)
        self.held_bytes += len(data)
        oldest_s = chunk.last_s - self._before_s
        while self.held_bytes > MEMORY_BYTES or self.chunks[0].last_s < oldest_s:
            self.held_bytes -= len(self.chunks.popleft().data)
        return chunk
