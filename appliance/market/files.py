"""Market data in files that others replace at any time.

A file that cannot be used is kept out and what it said before goes on until its own time is over; a file that is
taken away takes back what it said. Reading is bounded: at most MOST_BYTES, of ordinary files only.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from appliance.market import documents
from appliance.market.csv_prices import csv_prices
from appliance.market.documents import MarketError
from appliance.model import MarketData
from appliance.site.market import MarketFiles

MOST_BYTES: Final = 1_000_000
Take = Callable[[MarketData, bytes | None], MarketData]
"""What is known, with what this file says; None: it says nothing any more. Raises MarketError."""
Mark = tuple[int, int, int]
"""Of a file as it is: when it was written, how large it is, which one it is."""


class FileSource:
    """One file. Looks at it only when it has changed."""

    def __init__(self, path: Path, take: Take) -> None:
        self.name = path.name
        self._path = path
        self._take = take
        self._mark: Mark | None = None
        self._settled = False
        self._text: bytes | None = None
        self._mistake = ""

    def look(self, known: MarketData) -> MarketData:
        """What is known now; the same object when this file has not changed. Raises MarketError."""
        mark = _mark(self._path)
        if mark is None or mark != self._mark or not self._settled:
            text = self._read()
            # Read once more at the look after: two writes may fall into one tick of the disk's clock.
            self._mark, self._settled = mark, mark == self._mark
            if text != self._text:
                self._text, self._mistake = text, ""
                try:
                    return self._take(known, text)
                except MarketError as error:
                    self._mistake = str(error)
        if self._mistake:
            raise MarketError(self._mistake)
        return known

    def _read(self) -> bytes | None:
        try:
            # Whatever else stands there, such as a pipe, must not hold this thread.
            handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            if self._path.parent.is_dir():
                return None
            msg = f"the folder {self._path.parent} is not there"
            raise MarketError(msg) from None
        except OSError as error:
            msg = f"cannot be read: {error.strerror}"
            raise MarketError(msg) from error
        try:
            return _some(handle)
        except OSError as error:
            msg = f"cannot be read: {error.strerror}"
            raise MarketError(msg) from error
        finally:
            os.close(handle)


def _some(handle: int) -> bytes:
    """The whole of an ordinary file that is not too large. Raises OSError and MarketError."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        msg = "is not an ordinary file"
        raise MarketError(msg)
    parts, size = [], 0
    while size <= MOST_BYTES and (part := os.read(handle, MOST_BYTES + 1 - size)):
        parts.append(part)
        size += len(part)
    if size > MOST_BYTES:
        msg = f"is larger than {MOST_BYTES} bytes"
        raise MarketError(msg)
    return b"".join(parts)


def _mark(path: Path) -> Mark | None:
    """None: it is not there, or cannot be looked at."""
    try:
        one = path.stat()
    except OSError:
        return None
    return one.st_mtime_ns, one.st_size, one.st_ino


def file_sources(market: MarketFiles) -> tuple[FileSource, ...]:
    """One for each file that site.toml names."""
    folder = Path(market.folder)
    named: tuple[tuple[str | None, Take], ...] = (
        (market.prices, _csv_prices if (market.prices or "").endswith(".csv") else _prices),
        (market.imbalance, _imbalance),
        (market.plan, _plan),
        (market.dispatch, _dispatch),
    )
    return tuple(FileSource(folder / name, take) for name, take in named if name is not None)


def _prices(known: MarketData, text: bytes | None) -> MarketData:
    return replace(known, prices=() if text is None else documents.prices(text))


def _csv_prices(known: MarketData, text: bytes | None) -> MarketData:
    return replace(known, prices=() if text is None else csv_prices(text))


def _imbalance(known: MarketData, text: bytes | None) -> MarketData:
    return replace(known, imbalance=None if text is None else documents.imbalance(text))


def _plan(known: MarketData, text: bytes | None) -> MarketData:
    return replace(known, plan=() if text is None else documents.plan(text))


def _dispatch(known: MarketData, text: bytes | None) -> MarketData:
    return replace(known, dispatch=() if text is None else documents.dispatch(text))
