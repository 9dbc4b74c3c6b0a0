"""A door into a running core, for tests alone: a thread named there raises at its next look at the clock,
at its lease or at its nap. The product itself has no such door: these classes are wrapped from outside.
"""

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import cast

from typing_extensions import override

from appliance.clock import SystemClock
from appliance.supervisor import NOTICE_S, Lease
from appliance.wiring import Core

NAME = "door.sock"


class ToldToCrashError(RuntimeError):
    """What a thread raises that was told to."""


class Door:
    """Orders are `{"crash": thread, "after": calls}`, `{"hang": thread, "seconds": s}` and `{"names": true}`;
    each is answered when it is done."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[int, str]] = {}
        self._hangs: dict[str, float] = {}
        self._socket: socket.socket | None = None
        self.names: tuple[str, ...] = ()

    def pass_by(self) -> None:
        """Called by every thread, wherever it looks at the clock or says that it is alive."""
        name = threading.current_thread().name
        if name in self._hangs:
            time.sleep(self._hangs.pop(name))
        if not self._waiting or name not in self._waiting:
            return
        left, sender = self._waiting[name]
        if left > 0:
            self._waiting[name] = left - 1, sender
            return
        del self._waiting[name]
        self._answer({"crashed": name, "at_s": time.monotonic()}, sender)
        raise ToldToCrashError(name)

    def open(self, path: Path, names: tuple[str, ...]) -> None:
        """Listen, in a thread of its own."""
        self.names = names
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        threading.Thread(target=self._listen, name="door", daemon=True).start()

    def _listen(self) -> None:
        assert self._socket is not None
        while True:
            body, sender = self._socket.recvfrom(1000)
            order = json.loads(body)
            if "crash" in order:
                self._waiting[order["crash"]] = int(order["after"]), sender
            elif "hang" in order:
                self._hangs[order["hang"]] = float(order["seconds"])
                self._answer({"hangs_at_s": time.monotonic()}, sender)
            else:
                alive = {one.name: one.native_id for one in threading.enumerate()}
                self._answer({"workers": self.names, "alive": alive}, sender)

    def _answer(self, words: dict[str, object], sender: str) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(json.dumps(words).encode(), sender)
        except OSError:
            return  # Nobody waits any more.


DOOR = Door()


class CoreWithDoor(Core):
    """The core, and a door."""

    @override
    def run(self, lease: Lease) -> int:
        names = tuple(worker.name for worker in self._supervisor._workers)
        DOOR.open(self._run_folder / NAME, names)
        return super().run(lease)


def wrap() -> None:
    """Put the door into this process."""
    import appliance.wiring

    now_s, beat, wait = SystemClock.now_s, Lease.beat, Lease.wait

    def passing_now_s(clock: SystemClock) -> float:
        DOOR.pass_by()
        return now_s(clock)

    def passing_beat(lease: Lease) -> None:
        DOOR.pass_by()
        beat(lease)

    def passing_wait(lease: Lease, seconds: float) -> bool:
        while seconds > NOTICE_S:  # some threads sleep for long
            DOOR.pass_by()
            if wait(lease, NOTICE_S):
                return True
            seconds -= NOTICE_S
        DOOR.pass_by()
        return wait(lease, seconds)

    for cls, name, function in (
        (SystemClock, "now_s", passing_now_s),
        (Lease, "beat", passing_beat),
        (Lease, "wait", passing_wait),
    ):
        setattr(cls, name, function)
    vars(appliance.wiring)["Core"] = CoreWithDoor


class Knocker:
    """The other side of the door."""

    def __init__(self, run_folder: Path) -> None:
        self._door = run_folder / NAME
        self._own = run_folder / f"knock-{os.getpid()}.sock"
        self._own.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._own))

    def close(self) -> None:
        self._socket.close()
        self._own.unlink(missing_ok=True)

    def ask(self, timeout_s: float = 2.0, **order: object) -> dict[str, object] | None:
        """The answer; None when the core has no open door just now, or does not answer."""
        self._socket.settimeout(0.001)
        try:
            while True:
                self._socket.recv(10_000)  # an answer that came too late for its question
        except OSError:
            pass
        self._socket.settimeout(timeout_s)
        try:
            self._socket.sendto(json.dumps(order).encode(), str(self._door))
            return cast("dict[str, object]", json.loads(self._socket.recv(10_000)))
        except OSError:
            return None

    def crash(self, thread: str, after: int) -> float | None:
        """Have a thread raise; when it did (time.monotonic)."""
        answer = self.ask(10.0, crash=thread, after=after)
        return None if answer is None else cast("float", answer["at_s"])

    def workers(self) -> tuple[str, ...]:
        """Names of the rows of Worker."""
        answer = self.ask(names=True)
        return () if answer is None else tuple(cast("list[str]", answer["workers"]))

    def alive(self) -> dict[str, int]:
        """The threads that live: name and the kernel's number."""
        answer = self.ask(names=True)
        return {} if answer is None else cast("dict[str, int]", answer["alive"])
