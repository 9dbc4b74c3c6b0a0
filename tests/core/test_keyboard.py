"""`ctl test`: keys and lines to requests; one that is typed, one that is piped in, one that is planned."""

import io
import os
import pty
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest
from typing_extensions import override

from appliance.arguments import command_line
from appliance.clock import VirtualClock
from appliance.ctl.by_hand import plan, way
from appliance.ctl.hands import ByHand
from appliance.ctl.keyboard import Command, Help, Keyboard, Lines, More, Quit, Step, Wait, command
from appliance.model import (
    Answer,
    BeatTest,
    EndTest,
    ForceOutput,
    HoldPower,
    StartTest,
    State,
    Status,
    StepTo,
    TryMode,
    Want,
)
from tests.stories import NOON, Story, seen

# ------------------------------------------------------------------ keys and lines


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("p 1500", HoldPower(1_500.0, 60.0)),
        ("p -1500 20", HoldPower(-1_500.0, 20.0)),
        ("o led_run on", ForceOutput("led_run", 100.0, 60.0)),
        ("o fan1 50 20", ForceOutput("fan1", 50.0, 20.0)),
        ("o fan1 auto", ForceOutput("fan1", None, 60.0)),
        ("m passive", TryMode("passive")),
        ("m off", TryMode(None)),
        ("g idle", StepTo(State.IDLE)),
        ("w 3", Wait(3.0)),
        ("w run", Wait(60.0, State.RUN)),
        ("+", More(100.0)),
        ("-", More(-100.0)),
        ("s", Step()),
        ("?", Help()),
        ("q", Quit()),
    ],
)
def test_a_line_means(line: str, means: Command) -> None:
    assert command(line) == means


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("p", "'p' is not known; ? shows what is"),
        ("p 1 2 3", "'p 1 2 3' is not known"),
        ("p much", "watts = 'much' is not a number"),
        ("p nan", "watts = 'nan' is not a number"),
        ("p 100 inf", "seconds = 'inf' is not a number"),
        ("o fan1", "'o fan1' is not known"),
        ("o fan1 half", "percent = 'half' is not a number"),
        ("g up", "state = 'up' is not known; there is: init, waking"),
        ("x", "'x' is not known"),
        ("", "'' is not known"),
    ],
)
def test_a_line_that_means_nothing_says_why(line: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        command(line)
    assert str(error.value).startswith(says)


def test_keys_act_at_once_and_lines_with_enter() -> None:
    lines = Lines()
    assert list(lines.feed("+- 0s")) == ["+", "-", "p 0", "p 0", "s"]
    assert list(lines.feed("p -1")) == []
    assert lines.begun == "p -1"
    assert list(lines.feed("00x\x7f\n\n\n")) == ["p -100"]
    assert list(lines.feed("o led_run on\ns\nq\n")) == ["o led_run on", "s", "q"]
    assert list(lines.feed("\x04")) == ["q"]


# ------------------------------------------------------------------ a whole test


class Box:
    """A core that answers as told; the box goes up one state with each step."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked: list[Want] = []
        self.no: dict[type, list[str]] = {}
        self.state = State.MAINTENANCE
        self.silent = False
        self._answers: list[Answer] = []
        self._decision = Story().last

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        self.asked.append(want)
        refusals = self.no.get(type(want))
        if refusals:
            return Answer("a", False, refusals.pop(0))
        if isinstance(want, StepTo):
            self.state = want.state
        return Answer("a", True, f"{type(want).__name__} it is")

    def send(self, want: Want) -> str:
        answer = self.ask(want)
        self._answers.append(msgspec.structs.replace(answer, id=f"beat {len(self.asked)}"))
        return self._answers[-1].id

    def answers(self) -> list[Answer]:
        given, self._answers = self._answers, []
        return given

    def newest(self) -> Status | None:
        if self.silent:
            return None
        now_s = self.clock.now_s()
        decision = msgspec.structs.replace(
            self._decision, state=self.state, utc=NOON + timedelta(seconds=now_s), why="so it is"
        )
        return Status("site", "1", now_s, seen(now_s), decision, {}, {}, 1.0, 1.0, 1.0)

    def wants(self) -> list[Want]:
        return [want for want in self.asked if not isinstance(want, BeatTest)]


class Typist(Keyboard):
    """Types one text after another, a while apart."""

    def __init__(self, clock: VirtualClock, *texts: str, is_terminal: bool = True) -> None:
        self._clock, self._texts = clock, list(texts)
        self.ended, self.is_terminal = False, is_terminal

    @override
    def read(self, timeout_s: float) -> str:
        self._clock.advance(timeout_s)
        if not self._texts:
            self.ended = True
            return ""
        return self._texts.pop(0)

    @override
    @contextmanager
    def keys(self) -> Iterator[None]:
        yield


class Bench:
    def __init__(self) -> None:
        self.clock = VirtualClock(NOON)
        self.box = Box(self.clock)
        self.out, self.err = io.StringIO(), io.StringIO()

    def run(self, keyboard: Keyboard | None, *commands: Command) -> int:
        rest: Callable[[float], None] = self.clock.advance
        hands = ByHand(self.box, keyboard, self.clock, self.out, self.err, rest)
        return hands.run(StartTest(60.0), commands)

    def type(self, *texts: str) -> int:
        return self.run(Typist(self.clock, *texts))

    def pipe(self, text: str) -> int:
        return self.run(Typist(self.clock, text, is_terminal=False))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_keys_become_requests_and_the_end_ends_the_test(bench: Bench) -> None:
    assert (
        bench.type("s", "+", "+", "-", " ", "p 700\n", "o led_run off\n", "m passive\n", "q") == 0
    )
    assert bench.box.wants() == [
        StartTest(60.0), StepTo(State.INIT), HoldPower(100.0, 60.0), HoldPower(200.0, 60.0),
        HoldPower(100.0, 60.0), HoldPower(0.0, 60.0), HoldPower(700.0, 60.0),
        ForceOutput("led_run", 0.0, 60.0), TryMode("passive"), EndTest(),
    ]  # fmt: skip
    assert "so it is" in bench.out.getvalue()
    assert bench.err.getvalue() == ""


def test_the_end_of_input_ends_it_too(bench: Bench) -> None:
    assert bench.type() == 0
    assert bench.box.wants() == [StartTest(60.0), EndTest()]


def test_it_says_every_second_that_somebody_is_there_and_how_the_box_is(bench: Bench) -> None:
    assert bench.pipe("w 10\n") == 0
    beats = sum(isinstance(want, BeatTest) for want in bench.box.asked)
    assert 9 <= beats <= 12
    assert 9 <= bench.out.getvalue().count("so it is") <= 12


def test_a_person_is_told_of_a_refusal_and_goes_on(bench: Bench) -> None:
    bench.box.no[HoldPower] = ["a power needs the state run"]
    assert bench.type("+", "p x\n", "+", "q") == 0
    assert bench.err.getvalue() == (
        "refused: a power needs the state run\nwatts = 'x' is not a number\n"
    )
    assert bench.box.wants()[1:3] == [HoldPower(100.0, 60.0)] * 2, (
        "not 200 W: the first was refused"
    )


def test_a_person_who_wants_zero_does_not_wait(bench: Bench) -> None:
    bench.type("w 30\n", " ", "q")
    assert bench.box.wants() == [StartTest(60.0), HoldPower(0.0, 60.0), EndTest()]
    assert bench.clock.now_s() < 2.0


def test_a_pipe_waits_until_a_step_can_be_made(bench: Bench) -> None:
    bench.box.no[StepTo] = ["the battery is not connected"] * 2
    assert bench.pipe("s\nw init\ns\nw precharge\n") == 0
    steps = [want for want in bench.box.wants() if isinstance(want, StepTo)]
    assert [want.state for want in steps] == [
        State.INIT, State.INIT, State.INIT, State.PRECHARGE,
    ]  # fmt: skip


def test_but_not_for_ever(bench: Bench) -> None:
    bench.box.no[StepTo] = ["the battery is not connected"] * 1_000
    assert bench.pipe("s\np 100\n") == 1
    assert bench.err.getvalue() == "refused: the battery is not connected\n"
    assert HoldPower(100.0, 60.0) not in bench.box.asked, "what rests on it is not done"
    assert bench.box.wants()[-1] == EndTest()
    assert 20.0 < bench.clock.now_s() < 25.0


def test_a_state_that_does_not_come_fails(bench: Bench) -> None:
    assert bench.pipe("w run\np 100\n") == 1
    assert bench.err.getvalue() == "not in the state run within 60 s\n"
    assert bench.box.wants() == [StartTest(60.0), EndTest()]


def test_a_pipe_with_a_mistake_says_so_and_fails(bench: Bench) -> None:
    assert bench.pipe("p much\nw 1\n") == 1
    assert bench.err.getvalue() == "watts = 'much' is not a number\n"


def test_a_test_that_is_refused_ends_at_once(bench: Bench) -> None:
    bench.box.no[StartTest] = ["outside maintenance a test needs the installer's PIN"]
    assert bench.type("+") == 1
    assert bench.box.wants() == [StartTest(60.0)]
    assert bench.err.getvalue().startswith("refused: outside maintenance")


def test_a_test_that_the_core_has_ended_is_over(bench: Bench) -> None:
    bench.box.no[BeatTest] = ["no test runs: error 401 Emergency stop"]
    assert bench.pipe("w 60\n") == 1
    assert bench.err.getvalue() == "the test is over: no test runs: error 401 Emergency stop\n"


def test_a_silent_core_is_not_waited_for(bench: Bench) -> None:
    bench.box.silent = True
    assert bench.pipe("w 60\n") == 1
    assert bench.err.getvalue() == "the core does not answer\n"
    assert bench.clock.now_s() < 7.0


def test_ctrl_c_ends_the_test(bench: Bench) -> None:
    class Interrupted(Typist):
        @override
        def read(self, timeout_s: float) -> str:
            raise KeyboardInterrupt

    assert bench.run(Interrupted(bench.clock)) == 0
    assert bench.box.wants() == [StartTest(60.0), EndTest()]


# ------------------------------------------------------------------ in one command


def planned(*words: str, state: State = State.RUN) -> tuple[Command, ...]:
    return plan(command_line().parse_args(["ctl", "test", *words, "--site", "x.toml"]), state)


def test_one_thing_is_planned_and_ends_by_itself() -> None:
    assert planned("power", "1500", "--for", "30") == (
        HoldPower(1_500.0, 30.0), Wait(30.0), Quit(),
    )  # fmt: skip
    assert planned("mode", "passive")[0] == TryMode("passive")
    assert planned("output", "fan1", "50", "--for", "5")[0] == ForceOutput("fan1", 50.0, 5.0)
    for words in (("power", "1", "--for", "0"), ("power", "1", "--for", "9000")):
        with pytest.raises(ValueError, match=r"--for = .* must be above 0, at most 3480"):
            planned(*words)


def test_the_way_up_is_every_step() -> None:
    up = way(State.MAINTENANCE, State.STARTING)
    states = [one.state for one in up if isinstance(one, Wait)]
    assert states == [State.INIT, State.PRECHARGE, State.STARTING]
    assert way(State.RUN, State.IDLE)[0] == StepTo(State.IDLE)
    assert way(State.RUN, State.RUN)[0] == StepTo(State.RUN)
    assert way(State.ERROR, State.RUN)[0] == StepTo(State.RUN)


def test_a_plan_that_is_refused_fails(bench: Bench) -> None:
    bench.box.no[HoldPower] = ["power_w = 9000 must be between -5000 and 5000"]
    assert bench.run(None, *planned("power", "9000")) == 1
    assert bench.box.wants() == [StartTest(60.0), HoldPower(9_000.0, 60.0), EndTest()]


def test_the_keyboard_reads_without_waiting() -> None:
    ours, theirs = os.pipe()
    keyboard = Keyboard(ours)
    assert (keyboard.read(0.0), keyboard.ended) == ("", False)
    os.write(theirs, b"271828\ns\n")
    assert keyboard.line() == "271828"
    with keyboard.keys():
        assert keyboard.read(1.0) == "s\n"
    os.close(theirs)
    assert (keyboard.read(1.0), keyboard.ended) == ("", True)
    os.close(ours)


def test_a_terminal_is_left_as_it_was() -> None:
    outer, inner = pty.openpty()
    before = termios.tcgetattr(inner)
    keyboard = Keyboard(inner)
    assert keyboard.is_terminal
    with keyboard.keys():
        assert termios.tcgetattr(inner) != before
        os.write(outer, b"+")
        assert keyboard.read(1.0) == "+", "without Enter"
    assert termios.tcgetattr(inner) == before
    os.close(outer)
    os.close(inner)
