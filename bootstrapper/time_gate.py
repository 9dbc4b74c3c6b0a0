"""Step 2: may the clock be trusted? Asked at every boot, within a bounded wait.

A box without internet starts all the same: only the cloud link waits for a trusted clock, because
a signature made at the wrong time is refused.
"""

import contextlib
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import ntplib

from bootstrapper.box import Box, LaterError
from bootstrapper.files import encoded, read_document, write_atomically
from bootstrapper.provision import time_server

TOLERANCE_S = 60.0
"""A clock that differs more from the time server is wrong. Hubs accept a few minutes."""
TRY_S = 1.0


@dataclass(frozen=True)
class Verdict:
    """What clock.json says. `offset_s`: time server minus this clock, None when it did not answer."""

    trusted: bool
    offset_s: float | None
    source: str
    reason: str


def is_done(_box: Box) -> bool:
    """Never: the clock is judged at every boot."""
    return False


def do(box: Box) -> str:
    """Write clock.json. Raises LaterError when the clock cannot be trusted yet."""
    server = time_server(box)
    offset_s = None if server is None else _bounded_offset_s(server, box.time_wait_s)
    verdict = _judge(box, server, offset_s)
    write_atomically(box.clock, encoded(asdict(verdict)))
    if not verdict.trusted:
        raise LaterError(f"clock is not trusted: {verdict.reason}")
    write_atomically(box.known_time, encoded({"utc": box.utc().isoformat()}))
    return verdict.reason


def _judge(box: Box, server: str | None, offset_s: float | None) -> Verdict:
    now = box.utc()
    if server is None:
        return Verdict(False, None, "system clock", "no time server is provisioned")
    if offset_s is None:
        reason = f"no answer from {server} in {box.time_wait_s:g} s"
        return Verdict(False, None, "system clock", reason)
    earliest, what = _earliest(box)
    if now + timedelta(seconds=offset_s) < earliest:
        reason = f"{server} says a time before {what} {earliest.isoformat()}"
        return Verdict(False, offset_s, server, reason)
    if now < earliest:
        reason = f"the clock says {now.isoformat()}, before {what} {earliest.isoformat()}"
        return Verdict(False, offset_s, server, reason)
    if abs(offset_s) > TOLERANCE_S:
        direction = "behind" if offset_s > 0 else "ahead of"
        reason = f"the clock is {abs(offset_s):.0f} s {direction} {server}"
        return Verdict(False, offset_s, server, reason)
    return Verdict(True, offset_s, server, f"the clock is {offset_s:+.3f} s from {server}")


def _earliest(box: Box) -> tuple[datetime, str]:
    """The latest instant that has surely passed, and why it has."""
    known = (read_document(box.known_time) or {}).get("utc")
    if isinstance(known, str):
        with contextlib.suppress(ValueError, TypeError):
            seen_at = datetime.fromisoformat(known).astimezone(UTC)
            if seen_at > box.built_at:
                return seen_at, "the last known time"
    return box.built_at, "the build date"


def _bounded_offset_s(server: str, wait_s: float) -> float | None:
    """Ask until an answer comes or the wait is over: the network may come up late."""
    answers: list[float] = []
    host, _, port = server.rpartition(":")
    deadline_s = time.monotonic() + wait_s

    def ask() -> None:
        while not answers and (left_s := deadline_s - time.monotonic()) > 0:
            started_s = time.monotonic()
            with contextlib.suppress(OSError, ntplib.NTPException):
                answer = ntplib.NTPClient().request(
                    host.strip("[]"), version=4, port=int(port), timeout=min(TRY_S, left_s)
                )
                answers.append(float(answer.offset))
                return
            time.sleep(max(0.0, min(TRY_S, left_s) - (time.monotonic() - started_s)))

    # Looking up a host name cannot be given a deadline; a daemon thread can be left behind.
    asker = threading.Thread(target=ask, name="sntp", daemon=True)
    asker.start()
    asker.join(wait_s)
    return answers[0] if answers else None
