"""The whole box when the grid goes: seen on the meter's wire, named, and at rest with open contactors."""

import time
from collections.abc import Iterator

import pytest

from tests.live.box import LiveBox, error_numbers


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    live = LiveBox(tmp_path_factory.mktemp("grid"), at="00:00")
    try:
        live.start(without="gui,cloud")
        live.wait_running(30)
        yield live
    finally:
        live.stop()


def test_a_lost_grid_opens_the_contactors_and_is_named(box: LiveBox) -> None:
    world = box.world
    world.set("load_w", 2_500.0)
    box.wait(lambda status: status["setpoint_w"] > 2_000.0, 15.0, "2 kW from the battery")
    world.set("grid_v", 0.0)
    lost_s = time.monotonic()
    box.wait(lambda status: 310 in error_numbers(status), 10.0, "told that the grid is lost")
    while world.show()["contactors_closed"]:
        assert time.monotonic() - lost_s < 10.0, box.log_text()[-4_000:]
        time.sleep(0.05)
    assert world.number("battery_w") == 0.0
    status = box.wait(lambda status: status["state"] == "error", 5.0, "at rest")
    assert status["setpoint_w"] == 0.0
    assert not {313, 315, 316} & set(error_numbers(status))
    world.set("grid_v", None)
    # It waits a minute, as a new connection does; the virtual stories see it come back.
    box.wait(lambda status: 202 not in error_numbers(status), 15.0, "the inverter acknowledged")
    assert 310 in error_numbers(box.status())
