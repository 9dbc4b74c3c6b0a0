"""What is typed while the box is tested by hand: keys that act at once, lines that end with Enter.

The same from a terminal and from a pipe; a pipe waits with `w`.
"""

import os
import select
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from typing import Final

from appliance.model import ForceOutput, HoldPower, State, StepTo, TryMode, Want

HOLD_S: Final = 60.0
"""A power or an output is held so long unless a line says otherwise."""
STEP_W: Final = 100.0
AT_ONCE: Final = {"+": "+", "-": "-", "0": "p 0", " ": "p 0", "s": "s", "q": "q", "?": "?"}
"""Keys that act without Enter, when a line has not been begun."""
ERASE: Final = ("\b", "\x7f")
END: Final = "\x04"
HELP: Final = f"""\
+ -                 {STEP_W:.0f} W more discharge, more charge
space 0             0 W at once
s                   one state further up
p WATTS [S]         hold this power (discharge +), for {HOLD_S:.0f} s
g STATE             go to the next state, idle or maintenance
m MODE|off          follow this mode
o NAME on|off|PERCENT|auto [S]    hold an output
w S|STATE           wait
q                   end the test"""


@dataclass(frozen=True, slots=True)
class Step:
    """One state further up."""


@dataclass(frozen=True, slots=True)
class More:
    """So much more discharge than now."""

    power_w: float


@dataclass(frozen=True, slots=True)
class Wait:
    """For so long, or until the box is in a state."""

    seconds: float
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Help:
    """The keys."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The end."""


Command = Want | Step | More | Wait | Help | Quit
LONGEST_WAIT_S: Final = 600.0
STATE_WAIT_S: Final = 60.0


def command(line: str) -> Command:
    """What a line means. Raises ValueError with what is wrong."""
    name, *words = line.split() or [""]
    least, most, make = WORDS.get(name, (0, -1, _nothing))
    if not least <= len(words) <= most:
        msg = f"{line!r} is not known; ? shows what is"
        raise ValueError(msg)
    return make(words)


def _nothing(_words: list[str]) -> Command:
    return Help()


def _mode(words: list[str]) -> Command:
    return TryMode(None if words[0] == "off" else words[0])


def _power(words: list[str]) -> Command:
    return HoldPower(_number("watts", words[0]), _seconds(words[1:]))


def _output(words: list[str]) -> Command:
    return ForceOutput(words[0], percent(words[1]), _seconds(words[2:]))


def _wait(words: list[str]) -> Command:
    if words[0] in list(State):
        return Wait(STATE_WAIT_S, State(words[0]))
    return Wait(min(_number("seconds", words[0]), LONGEST_WAIT_S))


WORDS: Final[dict[str, tuple[int, int, Callable[[list[str]], Command]]]] = {
    "+": (0, 0, lambda _: More(STEP_W)),
    "-": (0, 0, lambda _: More(-STEP_W)),
    "s": (0, 0, lambda _: Step()),
    "q": (0, 0, lambda _: Quit()),
    "?": (0, 0, lambda _: Help()),
    "p": (1, 2, _power),
    "g": (1, 1, lambda words: StepTo(_state(words[0]))),
    "m": (1, 1, _mode),
    "o": (2, 3, _output),
    "w": (1, 1, _wait),
}
"""By first word: how many may follow, and what it makes of them."""


def percent(text: str) -> float | None:
    """on, off, auto (None) or a number. Raises ValueError."""
    words = {"on": 100.0, "off": 0.0, "auto": None}
    return words[text] if text in words else _number("percent", text)


def _seconds(rest: list[str]) -> float:
    return _number("seconds", rest[0]) if rest else HOLD_S


def _state(name: str) -> State:
    if name not in list(State):
        msg = f"state = {name!r} is not known; there is: {', '.join(State)}"
        raise ValueError(msg)
    return State(name)


def _number(what: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        msg = f"{what} = {text!r} is not a number"
        raise ValueError(msg)
    return value


class Lines:
    """Characters in, lines out; keys of AT_ONCE are lines of their own at the beginning of a line."""

    def __init__(self) -> None:
        self.begun = ""
        """The line that is being typed."""

    def feed(self, text: str) -> Iterator[str]:
        """Every line that `text` completes."""
        for letter in text:
            if letter in AT_ONCE and not self.begun:
                yield AT_ONCE[letter]
            elif letter in ("\n", "\r"):
                line, self.begun = self.begun.strip(), ""
                if line:
                    yield line
            elif letter in ERASE:
                self.begun = self.begun[:-1]
            elif letter == END:
                yield "q"
            else:
                self.begun += letter


class Keyboard:
    """Standard input without waiting for it."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = sys.stdin.fileno() if descriptor is None else descriptor
        self.ended = False
        """Nothing more will come."""
        self.is_terminal = os.isatty(self._descriptor)

    def read(self, timeout_s: float) -> str:
        """What was typed; "" after `timeout_s`, and at the end."""
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return ""
        try:
            arrived = os.read(self._descriptor, 4096)
        except OSError:  # the terminal is gone
            arrived = b""
        self.ended = not arrived
        return arrived.decode(errors="replace")

    def line(self) -> str:
        """The next line, read letter by letter, so that nothing after it is lost."""
        letters = b""
        while (letter := os.read(self._descriptor, 1)) not in (b"", b"\n"):
            letters += letter
        return letters.decode(errors="replace").strip()

    @contextmanager
    def keys(self) -> Iterator[None]:
        """Each key as it is pressed, where this is a terminal; it is left as it was."""
        if not self.is_terminal:
            yield
            return
        before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        try:
            yield
        finally:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)
