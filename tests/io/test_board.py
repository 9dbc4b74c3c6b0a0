"""The front of the box: emergency stop, buttons and lights, on pins behind a real socket."""

import logging
import statistics
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import msgspec
import pytest

from appliance.io.board import board_workers
from appliance.io.board._workers import Presses
from appliance.mailbox import Slots
from appliance.model import (
    BoardReading,
    Effect,
    GoToState,
    State,
)
from tests.io.decided import decided
from tests.io.pretend import (
    CLOCK,
    ERROR_LED,
    ESTOP,
    RUN_LED,
    START,
    STOP,
    Front,
    front,
    home,
    running,
    until,
)


class Box:
    """A front and the thread that serves it."""

    def __init__(self, site: Front, slots: Slots) -> None:
        self.site, self.slots = site, slots

    def reading(self) -> BoardReading | None:
        return self.slots.board.fresh(CLOCK.now_s(), 1.0)

    def pressed(self) -> bool | None:
        reading = self.reading()
        return None if reading is None else reading.estop_pressed

    def shows(self, pressed: bool) -> bool:
        return self.pressed() is pressed

    def decide(self, state: State = State.RUN) -> None:
        """As control does, which sees the emergency stop."""
        effects = (Effect.EMERGENCY_STOP,) if self.pressed() else ()
        now_s = CLOCK.now_s()
        decision = msgspec.structs.replace(decided(state, *effects), now_s=now_s)
        self.slots.decision.put(decision, now_s)

    def decided_and_shows(self, pressed: bool) -> bool:
        self.decide()
        return self.shows(pressed)

    def lit(self, pin: int, level: int) -> bool:
        return self.site.levels().get(pin) == level

    def number(self) -> int:
        newest = self.slots.board.newest()
        return 0 if newest is None else newest.number


@pytest.fixture
def box() -> Iterator[Box]:
    with front() as site:
        settings, slots = home(site.url), Slots.create()
        with running(*board_workers(settings, CLOCK, slots)) as supervisor:
            until(slots.board.newest)
            yield Box(site, slots)
            assert supervisor.silent() == supervisor.down() == ()
        until(lambda: site.connections() == 0)
        assert site.levels() == {}, "lights are given back"


# ---------------------------------------------------------------- emergency stop


def test_pressed_released_and_broken_wire(box: Box) -> None:
    assert box.pressed() is False
    for level, pressed in ((1, True), (0, False), (None, True), (0, False)):
        box.site.drive(ESTOP, level)
        until(partial(box.decided_and_shows, pressed), 0.5)


def test_a_stop_that_nobody_has_seen_stays_pressed(box: Box) -> None:
    """Control crashes, the button is pressed and released, control walks up again: it must stop."""
    box.decide()
    box.site.drive(ESTOP, 1)
    until(partial(box.shows, True), 0.5)
    box.site.drive(ESTOP, 0)
    number = box.number()
    until(lambda: box.number() > number + 4)
    assert box.pressed() is True, "nothing was decided"
    now_s = CLOCK.now_s()
    for not_yet in (
        decided(State.ERROR, Effect.EMERGENCY_STOP),  # of a cycle before it
        msgspec.structs.replace(decided(State.ERROR, Effect.STOP), now_s=now_s),
    ):
        box.slots.decision.put(not_yet, now_s)
        number = box.number()
        until(lambda number=number: box.number() > number + 4)  # type: ignore[misc]
        assert box.pressed() is True
    box.decide()
    until(partial(box.shows, False), 0.5)


def test_a_stop_that_nobody_has_seen_outlasts_a_silence_of_the_board(box: Box) -> None:
    box.site.drive(ESTOP, 1)
    until(partial(box.shows, True), 0.5)
    box.site.silence(True)
    until(lambda: box.reading() is None)
    box.site.drive(ESTOP, 0)
    number = box.number()
    box.site.silence(False)
    until(lambda: box.number() > number + 2)
    assert box.pressed() is True


def test_an_edge_rings_the_control_loop_within_milliseconds(box: Box) -> None:
    latencies_s: list[float] = []
    for edge in range(200):
        pressed = edge % 2 == 0
        time.sleep(0.002 * (edge % 7))
        started_s = time.monotonic()
        box.site.drive(ESTOP, int(pressed))
        while box.pressed() is not pressed:
            assert time.monotonic() - started_s < 1.0
            box.slots.wake.wait(0.1)
        latencies_s.append(time.monotonic() - started_s)
        box.decide()
    cuts = statistics.quantiles(latencies_s, n=100)
    print(f"edge to put: p50 {cuts[49] * 1e3:.2f} ms, p99 {cuts[98] * 1e3:.2f} ms")
    assert cuts[49] < 0.020
    assert cuts[98] < 0.080


def test_a_missed_edge_does_not_matter(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.wire.pigpiod._Client.report", lambda *_: None)
    box.site.drive(ESTOP, 1)
    until(box.pressed, 0.5)


def test_a_reading_at_least_every_100_ms(box: Box) -> None:
    at_s: list[float] = []
    number = box.number()
    for _ in range(15):
        newest = box.slots.board.wait_newer(number, 1.0)
        assert newest is not None
        number = newest.number
        at_s.append(newest.at_s)
    gaps_s = [later - earlier for earlier, later in pairwise(at_s)]
    assert statistics.median(gaps_s) < 0.1


# ---------------------------------------------------------------- silence


def test_a_silent_board_ages_and_comes_back(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "appliance.io.board")
    box.site.silence(True)
    until(lambda: box.reading() is None)
    box.site.drive(ESTOP, 1)
    number = box.number()
    box.site.silence(False)
    until(lambda: box.number() > number)
    assert box.pressed() is True, "the first reading afterwards is the level now"
    until(lambda: [record.levelname for record in caplog.records] == ["WARNING", "INFO"])


def test_a_board_that_restarts_is_found_again() -> None:
    with front() as first:
        settings, slots = home(first.url), Slots.create()
        port = first.daemon.port
    with running(*board_workers(settings, CLOCK, slots)):
        for _ in range(3):
            newest = slots.board.newest()
            number = 0 if newest is None else newest.number
            with front(port):
                assert slots.board.wait_newer(number + 2, 3.0), "found"


# ---------------------------------------------------------------- buttons


def press(box: Box, pin: int, seconds: float = 0.12) -> None:
    """Press with a contact that bounces at both ends."""
    for level in (0, 1, 0, 1, 0):
        box.site.drive(pin, level)
    time.sleep(seconds)
    for level in (1, 0, 1):
        box.site.drive(pin, level)


@pytest.mark.parametrize(("pin", "state"), [(START, State.RUN), (STOP, State.IDLE)])
def test_a_press_asks_once(box: Box, pin: int, state: State) -> None:
    site_number = box.number()
    box.site.drive(pin, 1)
    until(lambda: box.number() > site_number + 1)
    press(box, pin)
    time.sleep(0.2)
    asked = box.slots.requests.drain()
    assert [(each.source, each.want) for each in asked] == [("button", GoToState(state))]
    press(box, pin)
    time.sleep(0.2)
    again = box.slots.requests.drain()
    assert [each.want for each in again] == [GoToState(state)]
    assert again[0].id != asked[0].id


def test_a_button_that_is_down_when_the_box_starts_asks_nothing() -> None:
    with front() as site:
        site.drive(START, 0)
        slots = Slots.create()
        with running(*board_workers(home(site.url), CLOCK, slots)):
            until(lambda: (newest := slots.board.newest()) and newest.number > 3)
            newest = slots.board.newest()
            assert newest is not None
            assert newest.value.buttons_pressed == ("start",)
        assert slots.requests.drain() == ()


def test_presses_ignore_bounces_and_count_buttons_apart() -> None:
    presses, both = Presses(), ("start", "stop")
    assert presses.new(both, ("start",), 0.0) == [], "down at first"
    assert presses.new(both, (), 0.1) == []
    assert presses.new(both, ("stop",), 0.2) == ["stop"]
    assert presses.new(both, ("stop",), 0.3) == [], "still down"
    assert presses.new(both, (), 0.4) == []
    assert presses.new(both, ("stop",), 0.41) == [], "released for 10 ms only: a bounce"
    assert presses.new(both, (), 0.5) == []
    assert presses.new(both, ("start", "stop"), 0.6) == ["start", "stop"]


def test_the_lights_follow_the_decision_and_its_age(box: Box) -> None:
    stop = threading.Event()

    def decide() -> None:
        while not stop.wait(0.05):
            box.decide()

    control = threading.Thread(target=decide, name="control")
    control.start()
    until(partial(box.lit, RUN_LED, 1))
    for _ in range(40):
        time.sleep(0.01)
        assert box.site.levels() == {RUN_LED: 1, ERROR_LED: 0}, "steady"
    box.site.drive(ESTOP, None)
    until(partial(box.lit, RUN_LED, 0), 0.5)
    for level in (1, 0, 1):
        until(partial(box.lit, ERROR_LED, level), 0.6)
    box.site.drive(ESTOP, 0)
    until(lambda: box.site.levels() == {RUN_LED: 1, ERROR_LED: 0}, 0.5)
    stop.set()
    control.join()
    until(partial(box.lit, RUN_LED, 0), 1.5)
    for level in (1, 0):
        until(partial(box.lit, ERROR_LED, level), 2.0)


def test_a_board_on_a_bus_without_pins_is_refused() -> None:
    settings = home("pigpio://127.0.0.1:1")
    board = settings.board.model_copy(update={"bus": "can0"})
    settings = settings.model_copy(update={"board": board})
    with pytest.raises(ValueError, match=r"board\.bus = 'can0' is of kind can; it must be gpio"):
        board_workers(settings, CLOCK, Slots.create())
