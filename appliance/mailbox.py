"""The only memory shared between threads: slots with one writer each, and the box of requests."""

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from appliance.model import (
    Answer,
    BatteryMemory,
    BatteryReading,
    BoardReading,
    ClimateReading,
    Decision,
    HealthReading,
    InverterReading,
    MarketData,
    MeterReading,
    Moment,
    RelayReading,
    Request,
    SensorReading,
    WireCounts,
)

T = TypeVar("T")

ON_SITE: Final = frozenset({"touchscreen", "ctl", "button"})
"""Sources of requests that somebody at the box stands behind."""
KEPT: Final = 0.2
"""This part of the places is kept for them: no flood from elsewhere keeps anybody from stopping the box."""


class WrongWriterError(RuntimeError):
    """A second thread tried to write a slot."""


def one_at_a_time() -> AbstractContextManager[object]:
    """For what two threads may do, but not both at once: enter it around that."""
    return threading.Lock()


class Wake:
    """A bell the control loop sleeps on: it rings when something urgent was put."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def ring(self) -> None:
        """Wake the sleeper."""
        self._event.set()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until rung (True) or `timeout_s` has passed (False); then silent again."""
        rung = self._event.wait(timeout_s)
        self._event.clear()
        return rung


@dataclass(frozen=True, slots=True)
class Stamped(Generic[T]):
    """A value, the monotonic instant it was measured at, and its number in the slot."""

    value: T
    at_s: float
    number: int


class Latest(Generic[T]):
    """The newest value of one kind. The first thread that puts is its only writer from then on."""

    def __init__(self, name: str, wake: Wake | None = None, *, rings_always: bool = True) -> None:
        self.name = name
        self._wake = wake
        self._rings_always = rings_always
        self._changed = threading.Condition()
        self._newest: Stamped[T] | None = None
        self._writer: str | None = None

    def put(self, value: T, at_s: float) -> None:
        """Store a value measured at `at_s`. Raises WrongWriterError for a second writing thread."""
        me = threading.current_thread().name
        with self._changed:
            if self._writer is None:
                self._writer = me
            elif self._writer != me:
                msg = f"slot {self.name} belongs to thread {self._writer}, not {me}"
                raise WrongWriterError(msg)
            last = self._newest
            self._newest = Stamped(value, at_s, 1 if last is None else last.number + 1)
            self._changed.notify_all()
        if self._wake is not None and (self._rings_always or last is None or last.value != value):
            self._wake.ring()

    def newest(self) -> Stamped[T] | None:
        """Whatever was put last, however old."""
        return self._newest

    def fresh(self, now_s: float, max_age_s: float) -> T | None:
        """The value, unless none was put or it is older than `max_age_s`."""
        newest = self._newest
        if newest is None or now_s - newest.at_s > max_age_s:
            return None
        return newest.value

    def age_s(self, now_s: float) -> float | None:
        """Age of the newest value; None when none was put."""
        return None if self._newest is None else now_s - self._newest.at_s

    def wait_newer(self, number: int, timeout_s: float) -> Stamped[T] | None:
        """Sleep until a value with a higher number is there; None after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest is not None and self._newest.number > number, timeout_s
            )
            newest = self._newest
        return newest if newest is not None and newest.number > number else None


class Requests:
    """Requests from outside, waiting for the next cycle. Bounded: a flood is refused, not queued."""

    def __init__(self, wake: Wake | None = None, capacity: int = 100) -> None:
        self._waiting: deque[Request] = deque()
        self._answers: deque[Answer] = deque(maxlen=1000)
        self._waits: dict[str, deque[Answer]] = {}
        """By id of a request: where its answer goes, when not to all others'."""
        self._withdrawn: set[str] = set()
        """By id: nobody waits for them any more."""
        self._capacity = capacity
        self._for_all = round((1.0 - KEPT) * capacity)
        self._wake = wake

    def put(self, request: Request, answers: deque[Answer] | None = None) -> bool:
        """Queue a request; False when too many wait already. `answers`: where its answer is put."""
        places = self._capacity if request.source in ON_SITE else self._for_all
        if len(self._waiting) >= places:
            return False
        if answers is not None:
            self._waits[request.id] = answers
        self._waiting.append(request)
        if self._wake is not None:
            self._wake.ring()
        return True

    def withdraw(self, number: str) -> None:
        """Whoever asked was told that nothing was done: if it still waits, it is not done."""
        self._withdrawn.add(number)

    def drain(self) -> tuple[Request, ...]:
        """Take all that wait, oldest first."""
        if not self._waiting:
            return ()
        taken = _drain(self._waiting)
        if self._withdrawn:
            taken = tuple([one for one in taken if one.id not in self._withdrawn])
            self._withdrawn.clear()
        return taken

    def answer(self, answers: tuple[Answer, ...]) -> None:
        """Hand the cycle's answers to whoever brought the requests."""
        for answer in answers:
            self._waits.pop(answer.id, self._answers).append(answer)

    def answered(self) -> tuple[Answer, ...]:
        """Take the answers given since the last call."""
        return _drain(self._answers) if self._answers else ()


class Stream(Generic[T]):
    """Values on their way to a slower thread. Bounded: the oldest are dropped, and counted."""

    def __init__(self, capacity: int) -> None:
        self._waiting: deque[T] = deque(maxlen=capacity)
        self.dropped = 0

    def put(self, value: T) -> None:
        """Append; never waits."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        self._waiting.append(value)

    def drain(self) -> tuple[T, ...]:
        """Take all, oldest first."""
        return _drain(self._waiting)


def _drain(waiting: deque[T]) -> tuple[T, ...]:
    taken = []
    while waiting:
        taken.append(waiting.popleft())
    return tuple(taken)


@dataclass(frozen=True, slots=True)
class Slots:
    """Every slot of the core."""

    battery: Latest[BatteryReading]
    battery_memory: Latest[BatteryMemory]
    """What must be kept of the battery over restarts."""
    inverter: Latest[InverterReading]
    meters: Mapping[str, Latest[MeterReading]]
    """By the name in site.toml: "grid", "pv"."""
    sensors: Mapping[str, Latest[SensorReading]]
    board: Latest[BoardReading]
    climate: Latest[ClimateReading]
    decision: Latest[Decision]
    moment: Latest[Moment]
    """Snapshot and Decision of one cycle together, for the bus."""
    recorded: Stream[Moment]
    """Every cycle, on its way to the recorder."""
    record_now: Wake
    """Rings when errors have changed: what must survive is written at once."""
    heartbeat: Latest[int]
    """Number of the last cycle that was finished in time."""
    clock_trusted: Latest[bool]
    cloud_connected: Latest[bool]
    requests: Requests
    relays: Mapping[str, Latest[RelayReading]] = field(default_factory=dict)
    """By the name in site.toml."""
    wires: Mapping[str, Latest[WireCounts]] = field(default_factory=dict)
    """What the thread of each bus has counted, by the bus's name in site.toml."""
    health: Latest[HealthReading] = field(default_factory=lambda: Latest("health"))
    market: Latest[MarketData] = field(default_factory=lambda: Latest("market"))
    wake: Wake = field(default_factory=Wake)

    @classmethod
    def create(
        cls,
        meters: tuple[str, ...] = ("grid",),
        sensors: tuple[str, ...] = (),
        relays: tuple[str, ...] = (),
        buses: tuple[str, ...] = (),
    ) -> "Slots":
        """Empty slots. The grid meter, a change on the board and requests ring the bell: a cycle follows at once."""
        wake = Wake()
        return cls(
            battery=Latest("battery"),
            battery_memory=Latest("battery_memory"),
            inverter=Latest("inverter"),
            meters={
                name: Latest(f"meter.{name}", wake if name == "grid" else None) for name in meters
            },
            sensors={name: Latest(f"sensor.{name}") for name in sensors},
            board=Latest("board", wake, rings_always=False),
            climate=Latest("climate"),
            decision=Latest("decision"),
            moment=Latest("moment"),
            recorded=Stream(capacity=2_000),
            record_now=Wake(),
            heartbeat=Latest("heartbeat"),
            clock_trusted=Latest("clock_trusted"),
            cloud_connected=Latest("cloud_connected"),
            requests=Requests(wake),
            relays={name: Latest(f"relay.{name}") for name in relays},
            wires={name: Latest(f"wire.{name}") for name in buses},
            wake=wake,
        )
