"""Sfera Labs Strato Pi: its button, LED, buzzer, relay and supply, beside signals on plain pins.

Source: sfera-labs/strato-pi-kernel-module, README.md (files below `class/stratopi/`) and module.c (the
lines that each model keeps for itself). The kernel module must be loaded. The emergency stop is on a pin
of the header, whose edges wake the thread: the board has no input of its own that could do that. When
the board's files fail, the emergency stop goes on, and the reading says so.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import msgspec
from pydantic import Field
from typing_extensions import override

from appliance.io.board import gpio_board
from appliance.io.board._driver import BoardDriver
from appliance.io.board._lights import Lights, OnChange
from appliance.io.buses.files import Files
from appliance.io.buses.gpio import Pins
from appliance.model import ON_BATTERY, BoardReading
from appliance.settings import Settings
from appliance.site import Board
from appliance.site.twice import refuse_twice

log = logging.getLogger(__name__)

TITLE = "Sfera Labs Strato Pi (not verified on hardware)"

FOLDER: Final = "class/stratopi/"
BUTTON: Final = FOLDER + "button/status_deb"
"""1 pressed, debounced for 50 ms by the kernel module."""
BATTERY_FILE: Final = FOLDER + "ups/battery"
OUTPUTS: Final = {name: f"{FOLDER}{name}/status" for name in ("led", "buzzer", "relay")}
UPS_WARNING: Final = ON_BATTERY
SILENT_WARNING: Final = "Strato Pi does not answer"


@dataclass(frozen=True, slots=True)
class Model:
    """What a model has as files, and the lines (BCM numbers) that it keeps for itself."""

    files: frozenset[str]
    lines: Mapping[int, str]


def _model(files: str, **lines: int) -> Model:
    by_line = {line: name.replace("_", " ") for name, line in lines.items()}
    return Model(frozenset(files.split()), MappingProxyType(by_line))


# fmt: off
_BASE = {"watchdog_enable": 6, "watchdog_heartbeat": 5, "watchdog_expired": 12, "shutdown": 16,
         "buzzer": 20, "serial_out": 13, "serial_in": 19}
_DUO = {"watchdog_enable": 39, "watchdog_heartbeat": 32, "watchdog_expired": 17, "shutdown": 18,
        "led": 16, "button": 38, "serial_out": 37, "serial_in": 33, "expansion_bus_enable": 6,
        "expansion_bus_feedback": 34, "usb_1_disable": 30, "usb_1_fault": 0,
        "usb_2_disable": 31, "usb_2_fault": 1}
MODELS: Final = {
    "base":   _model("buzzer", **_BASE),
    "ups":    _model("buzzer ups", on_battery=26, **_BASE),
    "can":    _model("buzzer relay", relay=26, **_BASE),
    "cm_v1":  _model("led button", watchdog_enable=22, watchdog_heartbeat=27, watchdog_expired=17,
                     shutdown=18, led=16, button=25, serial_out=23, serial_in=24),
    "cm_duo": _model("led button", **_DUO),
    "cm_v2":  _model("led button", **_DUO),
}
# fmt: on


class Options(Settings):
    """The model, and which of our signals its own parts are."""

    model: Literal["base", "ups", "can", "cm_v1", "cm_duo", "cm_v2"]
    buttons: dict[Literal["start", "stop"], Literal["button"]] = Field(default_factory=dict)
    leds: dict[Literal["run", "error"], Literal["led", "buzzer", "relay"]] = Field(
        default_factory=dict
    )
    """A lamp at the relay, a buzzer for errors: what is on when that light is."""


class Driver(BoardDriver):
    """Pins as on any board, and the parts of a Strato Pi."""

    NEEDS_FILES = True

    def __init__(self, settings: Board, options: Settings) -> None:
        assert isinstance(options, Options)
        _check(settings, options)
        self._options = options
        self._front = gpio_board.Driver(settings, options)
        self.buttons = (*self._front.buttons, *options.buttons)
        self._files: Files | None = None
        self._lights = OnChange({})
        self._troubles: dict[str, str | None] = {}

    @override
    def begin(self, pins: Pins, files: Files | None, on_change: Callable[[], None]) -> None:
        assert files is not None
        self._front.begin(pins, None, on_change)
        self._files = files
        self._lights = OnChange(
            {name: _output(files, part) for name, part in self._options.leds.items()}
        )

    @override
    def read(self) -> BoardReading:
        reading = self._front.read()
        try:
            pressed, warnings = self._parts()
        except OSError as silence:
            self._say("inputs", str(silence))
            return msgspec.structs.replace(reading, warnings=(SILENT_WARNING,))
        self._say("inputs", None)
        pressed = (*reading.buttons_pressed, *pressed)
        return msgspec.structs.replace(reading, buttons_pressed=pressed, warnings=warnings)

    @override
    def show(self, lights: Lights, now_s: float) -> None:
        self._front.show(lights, now_s)
        try:
            self._lights.show(lights, now_s)
        except OSError as silence:
            self._say("outputs", str(silence))
        else:
            self._say("outputs", None)

    def _parts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Which of its buttons are down; what its supply says. Raises OSError."""
        files, options = self._files, self._options
        if files is None:
            return (), ()
        pressed = tuple(options.buttons) if options.buttons and files.number(BUTTON) else ()
        ups = "ups" in MODELS[options.model].files
        return pressed, ((UPS_WARNING,) if ups and files.number(BATTERY_FILE) else ())

    def _say(self, what: str, trouble: str | None) -> None:
        """One line for every change."""
        before = self._troubles.get(what)
        if trouble is not None and before is None:
            log.warning("board: %s of the Strato Pi: %s", what, trouble)
        elif trouble is None and before is not None:
            log.info("board: %s of the Strato Pi answer again", what)
        self._troubles[what] = trouble


def _output(files: Files, part: str) -> Callable[[bool], None]:
    return lambda on: files.write(OUTPUTS[part], "1" if on else "0")


def _check(settings: Board, options: Options) -> None:
    """Raises ValueError: a part that this model lacks, a line that it needs itself, a signal used twice."""
    model = MODELS[options.model]
    wrong = [
        f"board.options.{kind}.{name} = {part!r}: a Strato Pi {options.model} has {', '.join(sorted(model.files))}"
        for kind, signals in (("buttons", options.buttons), ("leds", options.leds))
        for name, part in signals.items()
        if part not in model.files
    ]
    wrong += [
        f"board.{name} = {pin}: a Strato Pi {options.model} has its {model.lines[pin]} there"
        for name, pin in settings.pins().items()
        if pin in model.lines
    ]
    twice = [f"leds.{name}" for name in options.leds if name in settings.leds]
    twice += [f"buttons.{name}" for name in options.buttons if name in settings.buttons]
    wrong += [f"board.options.{name} is on a pin already" for name in twice]
    if wrong:
        raise ValueError("; ".join(wrong))
    refuse_twice("part", {f"board.options.leds.{n}": part for n, part in options.leds.items()})
    refuse_twice("part", {f"board.options.buttons.{n}": p for n, p in options.buttons.items()})
