"""The thread of the board: reads the front, puts it, asks for what was pressed, sets the lights."""

import logging
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from appliance.clock import Clock
from appliance.io.board._driver import BoardDriver, driver, load
from appliance.io.board._lights import REFUSED, lights
from appliance.io.buses.files import Files
from appliance.io.buses.gpio import open_pins
from appliance.io.deadman import DECISION_MAX_AGE_S
from appliance.mailbox import Slots, Wake
from appliance.model import (
    Answer,
    BlackStart,
    BoardReading,
    GoToState,
    Request,
    State,
    Want,
    emergency,
)
from appliance.site import Gpio, SiteSettings, SysFiles
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

PERIOD_S = 0.08
"""Between two readings when nothing happens."""
PAUSE_S = 0.005
"""Between two readings when a contact chatters."""
BOUNCE_S = 0.05
"""A button that was released for less than this was not released."""
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0)
SILENT_AFTER_S = 5.0

REFUSED_S = 2.0
"""So long the lights say that a button's request was refused."""

WANTS: Final[dict[str, Want]] = {
    "start": GoToState(State.RUN),
    "stop": GoToState(State.IDLE),
    "black_start": BlackStart(),
}
"""What each button asks for."""


def board_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """One thread for the board of this site. Raises ValueError for a wrong bus or wrong options."""
    bus = site.buses[site.board.bus]
    if not isinstance(bus, Gpio):
        msg = f"board.bus = {site.board.bus!r} is of kind {bus.kind}; it must be gpio"
        raise ValueError(msg)
    board = driver(site.board)
    front = _Front(site, bus, board, _files(site, board), clock, slots)
    return (Worker("board", front.run, SILENT_AFTER_S),)


def _files(site: SiteSettings, board: BoardDriver) -> Files | None:
    """The board's files; not looked at here, so that the emergency stop does not depend on them."""
    if not board.NEEDS_FILES:
        return None
    name = site.board.files
    bus = None if name is None else site.buses.get(name)
    if not isinstance(bus, SysFiles):
        msg = f"board.files = {name!r}: {site.board.driver} needs the name of a bus of kind files"
        raise ValueError(msg)
    return Files(Path(bus.path))


@dataclass(slots=True)
class Presses:
    """Finds the moments at which a button goes down. One that is down at first was not pressed."""

    _released_at_s: dict[str, float | None] = field(default_factory=dict)

    def new(self, names: tuple[str, ...], pressed: tuple[str, ...], now_s: float) -> list[str]:
        """Which of all the buttons `names` have gone down since the last call."""
        fresh = []
        for name in names:
            released_at_s = self._released_at_s.get(name)
            if name not in pressed:
                self._released_at_s[name] = now_s if released_at_s is None else released_at_s
            elif released_at_s is not None:
                self._released_at_s[name] = None
                if now_s - released_at_s >= BOUNCE_S:
                    fresh.append(name)
        return fresh


class _Front:
    """What the thread knows: where the pins are, who listens, whether they answer."""

    def __init__(
        self,
        site: SiteSettings,
        bus: Gpio,
        board: BoardDriver,
        files: Files | None,
        clock: Clock,
        slots: Slots,
    ) -> None:
        self._title = load(site.board.driver).TITLE
        self._bus, self._board, self._files = bus, board, files
        self._clock, self._slots = clock, slots
        self._answers: bool | None = None
        self._replies: deque[Answer] = deque(maxlen=20)
        """To what the buttons asked for."""
        self._refused_until_s = float("-inf")
        self._told_s: float | None = None
        """Since when the emergency stop is told as pressed; None: it is not."""

    def run(self, lease: Lease) -> None:
        """Serve the board until the lease ends; open it again when it falls silent."""
        failures = 0
        while not lease.ended:
            lease.beat()
            try:
                self._serve(lease)
            except OSError as silence:
                failures = 0 if self._answers else failures + 1
                self._say(False, f"{type(silence).__name__}: {silence}")
                lease.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])

    def _serve(self, lease: Lease) -> None:
        wake = Wake()
        presses = Presses()
        rung = False
        board = self._board
        with open_pins(self._bus) as pins:
            board.begin(pins, self._files, wake.ring)
            while not lease.ended:
                lease.beat()
                at_s = self._clock.now_s()
                reading = self._put(board.read(), at_s)
                self._say(True, f"{self._title} answers")
                self._ask(presses.new(board.buttons, reading.buttons_pressed, at_s))
                self._show(reading)
                chatters, rung = rung, wake.wait(PERIOD_S)
                if rung and chatters and self._clock.now_s() - at_s < PAUSE_S:
                    lease.wait(PAUSE_S)

    def _put(self, reading: BoardReading, at_s: float) -> BoardReading:
        """Tell it. A stop that was pressed stays pressed until it is seen: control may be down meanwhile."""
        if self._told_s is not None and not reading.estop_pressed:
            if self._stop_seen(self._told_s):
                self._told_s = None
            else:
                reading = msgspec.structs.replace(reading, estop_pressed=True)
        self._slots.board.put(reading, at_s)
        if reading.estop_pressed and self._told_s is None:
            self._told_s = self._clock.now_s()
        return reading

    def _stop_seen(self, told_s: float) -> bool:
        """A cycle that began after it was told has decided to stop."""
        decision = self._slots.decision.fresh(self._clock.now_s(), DECISION_MAX_AGE_S)
        if decision is None or decision.now_s <= told_s:
            return False
        return emergency(decision.errors)

    def _show(self, reading: BoardReading) -> None:
        now_s = self._clock.now_s()
        decision = self._slots.decision.fresh(now_s, DECISION_MAX_AGE_S)
        self._hear(now_s)
        shown = lights(decision, reading.estop_pressed)
        refused = now_s < self._refused_until_s and not reading.estop_pressed
        self._board.show(REFUSED if refused else shown, now_s)

    def _hear(self, now_s: float) -> None:
        """The reason of a refusal is in the log and on the screen; here it can only be seen that it is one."""
        while self._replies:
            if not self._replies.popleft().ok:
                self._refused_until_s = now_s + REFUSED_S

    def _ask(self, pressed: list[str]) -> None:
        for name in pressed:
            if name not in WANTS:
                continue  # a contact, and no button
            request = Request(
                id=f"button-{name}-{self._clock.utc():%Y%m%dT%H%M%S.%f}",
                source="button",
                want=WANTS[name],
            )
            if not self._slots.requests.put(request, self._replies):
                log.warning("button %s: too many requests wait, this one is dropped", name)
                self._refused_until_s = self._clock.now_s() + REFUSED_S

    def _say(self, answers: bool, what: str) -> None:
        if self._answers is not answers:
            log.log(logging.INFO if answers else logging.WARNING, "board: %s", what)
        self._answers = answers
