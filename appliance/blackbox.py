"""The last minutes of every cycle, in memory; frozen to disk around an error."""

import gzip
import zlib
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from appliance.model import Moment

CHUNK_CYCLES: Final = 100
KEEP_CHUNKS: Final = 60
"""Ten minutes at ten cycles a second."""
KEEP_FILES: Final = 50
_encoder = msgspec.json.Encoder()


def line(moment: Moment) -> bytes:
    """One line of a recording: the Snapshot's fields and, beside them, the decision."""
    snapshot, decision = _encoder.encode(moment.snapshot), _encoder.encode(moment.decision)
    return snapshot[:-1] + b',"decision":' + decision + b"}"


class BlackBox:
    """Belongs to one thread (the recorder)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._chunks: deque[bytes] = deque(maxlen=KEEP_CHUNKS)
        self._lines: list[bytes] = []

    def add(self, moment: Moment) -> None:
        """Keep one cycle."""
        self._lines.append(line(moment))
        if len(self._lines) >= CHUNK_CYCLES:
            # Level 1: the box has little time and the lines are much alike.
            self._chunks.append(zlib.compress(b"\n".join(self._lines), level=1))
            self._lines.clear()

    def freeze(self, name: str) -> Path:
        """Write all that is kept to `<name>.jsonl.gz`, oldest line first; returns the path."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.jsonl.gz"
        unfinished = path.with_suffix(".part")
        with gzip.open(unfinished, "wb", compresslevel=6) as file:
            for chunk in self._chunks:
                file.write(zlib.decompress(chunk) + b"\n")
            file.writelines(one + b"\n" for one in self._lines)
        unfinished.replace(path)
        for old in sorted(self._folder.glob("*.jsonl.gz"))[:-KEEP_FILES]:
            old.unlink()
        return path
