"""The front of the box: emergency stop, buttons and lights, on pins behind a real socket."""

import logging
import statistics
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import combinations, pairwise

import pytest

from appliance.io.board import board_workers
from appliance.io.board._lights import (
    ALIKE,
    DARK,
    EMERGENCY_STOP,
    FAST,
    LIGHTS,
    NO_DECISION,
    SLOW,
    STEADY,
    Lights,
    lights,
)
from appliance.io.board._workers import PERIOD_S, Presses
from appliance.mailbox import Slots
from appliance.model import (
    SAFE,
    ActiveError,
    BoardReading,
    Decision,
    Effect,
    GoToState,
    Limits,
    Severity,
    State,
)
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

NOON = datetime(2026, 6, 21, 12, tzinfo=UTC)


def decided(state: State, *effects: Effect) -> Decision:
    error = ActiveError(1, "board", Severity.CRITICAL, "title", "remedy", effects, NOON)
    return Decision(
        cycle=1,
        now_s=0.0,
        utc=NOON,
        state=state,
        mode="passive",
        mode_by="ctl",
        goal=state,
        setpoints=SAFE,
        wish_w=None,
        limits=Limits(),
        errors=(error,) if effects else (),
        answers=(),
        manual=None,
        why="",
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
        until(partial(box.shows, pressed), 0.5)


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


# ---------------------------------------------------------------- lights


def test_every_state_has_its_lights() -> None:
    assert set(LIGHTS) == set(State)
    assert lights(decided(State.RUN), False) == Lights(run=STEADY)
    assert lights(decided(State.IDLE), False).run == SLOW
    assert lights(decided(State.ERROR), False) == Lights(error=STEADY)
    assert lights(None, False) == NO_DECISION
    assert lights(decided(State.RUN), True) == lights(None, True) == EMERGENCY_STOP
    latched = decided(State.ERROR, Effect.EMERGENCY_STOP)
    assert lights(latched, False) == EMERGENCY_STOP, "until it is reset by hand"
    assert lights(decided(State.ERROR, Effect.STOP), False) == LIGHTS[State.ERROR]


def signature(shown: Lights) -> list[tuple[bool, bool]]:
    """What an eye sees: both lights every 20 ms, for as long as the longest pattern, from its start."""
    return [(shown.run.lit(n * 0.02), shown.error.lit(n * 0.02)) for n in range(200)]


def test_what_is_different_looks_different() -> None:
    """Every two states that a person must tell apart differ for a fifth of the time or in its rhythm."""
    shown = {str(state): LIGHTS[state] for state in State}
    shown |= {"emergency stop": EMERGENCY_STOP, "no decision": NO_DECISION}
    alike = [{str(state) for state in group} for group in ALIKE]
    for one, other in combinations(shown, 2):
        if any({one, other} <= group for group in alike):
            assert shown[one] == shown[other]
            continue
        pairs = zip(signature(shown[one]), signature(shown[other]), strict=True)
        differs = sum(a != b for a, b in pairs) / 200
        assert differs >= 0.15, f"{one} looks like {other}"


def test_nothing_blinks_faster_than_the_thread_can_show() -> None:
    for shown in [*LIGHTS.values(), EMERGENCY_STOP, NO_DECISION]:
        for pattern in (shown.run, shown.error):
            parts_s = (pattern.on_s, pattern.period_s - pattern.on_s)
            assert all(part_s == 0.0 or part_s >= 2 * PERIOD_S for part_s in parts_s)


def test_only_trouble_lights_the_red_one_alone() -> None:
    red = {state for state in State if LIGHTS[state].error != DARK}
    assert red == {State.ERROR, State.MAINTENANCE, State.RESTART, State.REBOOT}


def test_patterns_blink_in_time() -> None:
    assert [FAST.lit(now_s) for now_s in (0.0, 0.1, 0.25, 0.35, 0.45)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert [SLOW.lit(now_s) for now_s in (0.5, 1.5, 2.5)] == [True, False, True]
    assert all(STEADY.lit(now_s / 7) for now_s in range(50))


def test_the_lights_follow_the_decision_and_its_age(box: Box) -> None:
    stop = threading.Event()

    def decide() -> None:
        while not stop.wait(0.05):
            box.slots.decision.put(decided(State.RUN), CLOCK.now_s())

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
