"""The whole box loses its grid, on the wires: relay board, inverter and meter are asked, told and read back."""

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from tests.live.box import LiveBox, error_numbers
from tests.stories import HOME

BACKUP = """
[features]
backup = true

[backup]
return_after_s = 3.0

[backup.switch]
relay = "island_switch"

[buses.relay_lan]
kind = "modbus_tcp"
host = "127.0.0.1"
port = 15099

[relays.island_switch]
driver = "waveshare"
bus = "relay_lan"
channel = 1
"""
LOAD_W = 1_400.0


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    live = LiveBox(tmp_path_factory.mktemp("backup"), site_toml=HOME.read_text() + BACKUP)
    try:
        live.start(without="gui,cloud")
        live.wait_running(30)
        yield live
    finally:
        live.stop()


def truth(box: LiveBox) -> dict[str, Any]:
    return cast("dict[str, Any]", box.world.show())


def until(box: LiveBox, true: Callable[[dict[str, Any]], bool], timeout_s: float) -> float:
    """Until what the box says is so; how long it took."""
    began_s = time.monotonic()
    while not true(status := box.status()):
        assert time.monotonic() - began_s < timeout_s, f"{status}\n{box.log_text()[-3000:]}"
        time.sleep(0.1)
    return time.monotonic() - began_s


def test_a_blackout_and_back(box: LiveBox) -> None:
    box.world.set("load_w", LOAD_W)
    box.world.set("pv_w", 0.0)
    assert not truth(box)["switch_open"]
    box.world.set("grid_v", 0.0)
    dark_s = until(box, lambda told: (told.get("backup") or {}).get("island") == "carrying", 30.0)
    assert dark_s < 15.0
    assert error_numbers(box.status()) == {225}
    time.sleep(3.0)
    island = truth(box)
    assert island["switch_open"]
    assert island["battery_w"] == pytest.approx(LOAD_W, abs=1.0)
    assert island["load_w"] == LOAD_W
    assert island["carried_wh"] >= LOAD_W * 3.0 / 3600.0
    box.world.set("grid_v", None)
    until(box, lambda told: told.get("state") == "run", 60.0)
    back = truth(box)
    assert not back["switch_open"]
    assert back["two_sources_s"] == 0.0
