"""A Strato Pi: its parts as files, the emergency stop on a pin beside them, and what is refused."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.io.board import board_workers
from appliance.io.board.strato_pi import MODELS
from appliance.mailbox import Slots
from appliance.model import (
    BoardReading,
    Effect,
    GoToState,
    State,
)
from appliance.site import Board, SiteSettings, SysFiles
from simulator.wire.plugs import SILENT, Plug
from simulator.wire.strato_pi import StratoPi
from tests.io.decided import decided
from tests.io.pretend import CLOCK, ESTOP, RUN_LED, START, Front, front, home, running, until


def strato_site(url: str, folder: Path, options: dict[str, Any], **board: Any) -> SiteSettings:
    settings = home(url)
    front_board = {
        "driver": "strato_pi", "bus": "pins", "files": "sys", "estop_pin": ESTOP, "options": options,
    } | board  # fmt: skip
    buses = settings.buses | {"sys": SysFiles(kind="files", path=str(folder))}
    return settings.model_copy(update={"board": Board.model_validate(front_board), "buses": buses})


class Rig:
    """A front, a Strato Pi, and the thread that serves both."""

    def __init__(self, site: Front, twin: StratoPi, plug: Plug, slots: Slots) -> None:
        self.site, self.twin, self.plug, self.slots = site, twin, plug, slots

    def reading(self) -> BoardReading:
        newest = self.slots.board.newest()
        return newest.value if newest else BoardReading(estop_pressed=False)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with front() as site:
        plug = Plug("board")
        twin, slots = StratoPi(tmp_path, plug), Slots.create()
        options = {
            "model": "ups", "leds": {"error": "buzzer"},
        }  # fmt: skip
        settings = strato_site(
            site.url, tmp_path, options, leds={"run": RUN_LED}, buttons={"start": START}
        )
        with running(*board_workers(settings, CLOCK, slots)) as supervisor:
            until(slots.board.newest)
            yield Rig(site, twin, plug, slots)
            assert supervisor.silent() == supervisor.down() == ()


def test_pins_and_parts_are_one_board(rig: Rig) -> None:
    assert rig.reading() == BoardReading(estop_pressed=False)
    rig.site.drive(ESTOP, 1)
    until(lambda: rig.reading().estop_pressed, 0.5)
    until(lambda: rig.twin.status("buzzer/status") == "1", 0.6)
    until(lambda: rig.twin.status("buzzer/status") == "0", 0.6)
    rig.site.drive(ESTOP, 0)
    now_s = CLOCK.now_s()
    stopped = decided(State.ERROR, Effect.EMERGENCY_STOP)
    rig.slots.decision.put(msgspec.structs.replace(stopped, now_s=now_s), now_s)
    until(lambda: not rig.reading().estop_pressed, 0.5)
    rig.slots.decision.put(decided(State.RUN), CLOCK.now_s())
    until(lambda: rig.site.levels().get(RUN_LED) == 1, 0.9)
    assert rig.twin.status("buzzer/status") == "0"


def test_on_battery_is_told(rig: Rig) -> None:
    rig.twin.main_power(False)
    until(lambda: rig.reading().warnings == ("on battery: no main power",), 0.5)
    rig.twin.main_power(True)
    until(lambda: rig.reading().warnings == (), 0.5)


def test_without_its_files_the_emergency_stop_goes_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "appliance.io.board.strato_pi")
    rig.plug.fault = SILENT
    rig.twin.look()
    until(lambda: rig.reading().warnings == ("Strato Pi does not answer",), 0.5)
    started_s = CLOCK.now_s()
    rig.site.drive(ESTOP, None)
    until(lambda: rig.reading().estop_pressed, 0.5)
    assert CLOCK.now_s() - started_s < 0.2
    rig.plug.fault = "in"
    rig.twin.look()
    until(lambda: rig.reading() == BoardReading(estop_pressed=True), 0.5)
    inputs = [one.levelname for one in caplog.records if "inputs" in one.message]
    assert inputs == ["WARNING", "INFO"], "one line for every change"


def test_its_button_and_its_led(tmp_path: Path) -> None:
    with front() as site:
        site.drive(26, 0)
        twin, slots = StratoPi(tmp_path, Plug("board")), Slots.create()
        options = {"model": "cm_v2", "buttons": {"stop": "button"}, "leds": {"error": "led"}}
        settings = strato_site(site.url, tmp_path, options, estop_pin=26)
        with running(*board_workers(settings, CLOCK, slots)):
            until(lambda: (newest := slots.board.newest()) and newest.number > 3)
            twin.press(True)
            until(lambda: (seen := slots.board.newest()) and seen.value.buttons_pressed, 0.5)
            twin.press(False)
            until(lambda: (seen := slots.board.newest()) and not seen.value.buttons_pressed, 0.5)
            assert [one.want for one in slots.requests.drain()] == [GoToState(State.IDLE)]
            until(lambda: twin.status("led/status") == "1", 2.5)
            until(lambda: twin.status("led/status") == "0", 2.5)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_pin_that_the_board_needs_itself_is_refused(model: str, tmp_path: Path) -> None:
    for line, what in MODELS[model].lines.items():
        settings = strato_site("pigpio://127.0.0.1:1", tmp_path, {"model": model}, estop_pin=line)
        with pytest.raises(ValueError, match=f"board.estop_pin = {line}: a Strato Pi .* {what}"):
            board_workers(settings, CLOCK, Slots.create())


@pytest.mark.parametrize(
    ("options", "board", "sentence"),
    [
        ({}, {}, "model"),
        ({"model": "cm_v9"}, {}, "model"),
        ({"model": "base", "leds": {"run": "led"}}, {}, "leds.run = 'led': a Strato Pi base has"),
        ({"model": "ups", "buttons": {"stop": "button"}}, {}, "has buzzer, ups"),
        ({"model": "cm_v2", "leds": {"run": "led"}}, {"leds": {"run": 24}}, "on a pin already"),
        ({"model": "cm_v2", "leds": {"run": "led", "error": "led"}}, {}, "have the same part: led"),
        ({"model": "base"}, {"files": None}, "needs the name of a bus of kind files"),
        ({"model": "base"}, {"files": "pins"}, "needs the name of a bus of kind files"),
    ],
)
def test_what_cannot_be_is_refused_when_the_box_starts(
    tmp_path: Path, options: dict[str, Any], board: dict[str, Any], sentence: str
) -> None:
    settings = strato_site("pigpio://127.0.0.1:1", tmp_path, options, **({"estop_pin": 27} | board))
    with pytest.raises(ValueError, match=sentence):
        board_workers(settings, CLOCK, Slots.create())


def test_the_lines_of_each_model_as_the_module_has_them() -> None:
    """Literals once more, so that a digit that is bent fails here."""
    assert set(MODELS["ups"].lines) == {5, 6, 12, 13, 16, 19, 20, 26}
    assert set(MODELS["base"].lines) == {5, 6, 12, 13, 16, 19, 20}
    assert set(MODELS["cm_v1"].lines) == {16, 17, 18, 22, 23, 24, 25, 27}
    duo = {0, 1, 6, 16, 17, 18, 30, 31, 32, 33, 34, 37, 38, 39}
    assert set(MODELS["cm_duo"].lines) == set(MODELS["cm_v2"].lines) == duo
