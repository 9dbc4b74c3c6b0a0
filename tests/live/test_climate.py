"""Fans, heater and relays with the whole box: the rule, a person, and a core that dies."""

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from appliance.bus import CoreClient
from appliance.model import ForceClimate
from tests.live.box import LiveBox, error_numbers
from tests.live.test_live import wait_plant
from tests.stories import HOME

SITE = HOME.parent / "home_climate.toml"


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    folder = tmp_path_factory.mktemp("climate")
    live = LiveBox(folder, site_toml=SITE.read_text())
    try:
        live.start(without="gui,cloud")
        live.wait_running(30)
        yield live
    finally:
        live.stop()


def air(box: LiveBox) -> dict[str, Any]:
    """The truth in the pretend cabinet."""
    return cast("dict[str, Any]", box.world.show())


def until(box: LiveBox, true: Callable[[dict[str, Any]], bool], timeout_s: float = 15.0) -> float:
    """Until the truth is so; how long it took."""
    started = time.monotonic()
    while not true(shown := air(box)):
        passed_s = time.monotonic() - started
        assert passed_s < timeout_s, f"{shown}\n{box.log_text()[-4000:]}"
        time.sleep(0.02)
    return time.monotonic() - started


def ask(box: LiveBox, want: ForceClimate) -> None:
    client = CoreClient(box.run_folder, "ctl")
    try:
        answer = client.ask(want)
    finally:
        client.close()
    assert answer.ok, answer


def running_again(box: LiveBox) -> None:
    """These cells jump by degrees, which real ones do in a fire: somebody resets error 133."""
    deadline_s = time.monotonic() + 45.0
    while box.status().get("state") != "run":
        assert time.monotonic() < deadline_s, box.status()
        box.ctl("reset")
        time.sleep(0.5)


def percent(name: str, low: float, high: float) -> Callable[[dict[str, Any]], bool]:
    return lambda shown: low <= shown["fans"][name]["percent"] <= high


def test_fans_follow_the_cells(box: LiveBox) -> None:
    box.world.set("cell_c", 33.0)
    until(box, percent("main", 30.0, 60.0), 40)
    until(box, percent("spare", 100.0, 100.0), 40)  # it rests for its least time
    shown = air(box)
    assert shown["coils"] == {"mat": False, "spare_fan_off": False}
    assert shown["fans"]["main"]["rpm"] > 800.0
    sources = box.status()["sources"]
    assert {"climate", "relays.mat", "relays.spare_fan_off"} <= set(sources)
    assert not {503, 504, 505, 506} & error_numbers(box.status())


def test_cold_cells_are_heated_and_the_emergency_stop_ends_it(box: LiveBox) -> None:
    box.world.set("cell_c", 3.0)
    until(box, lambda shown: bool(shown["heaters"]["mat"]), 5)
    box.world.estop(True)
    assert until(box, lambda shown: not shown["heaters"]["mat"], 5) < 2.0
    box.world.estop(False)
    for asked in (("reset-estop",), ("state", "run")):
        done = box.ctl(*asked)
        assert done.returncode == 0, done.stderr
    running_again(box)


def test_a_person_holds_a_fan_for_a_while(box: LiveBox) -> None:
    box.world.set("cell_c", 20.0)
    ask(box, ForceClimate("main", 80.0, 3.0))
    assert until(box, percent("main", 80.0, 80.0), 5) < 1.5
    until(box, percent("main", 0.0, 75.0), 10)
    box.world.set("cell_c", 33.0)


def test_a_fan_held_by_a_finger_is_an_alarm(box: LiveBox) -> None:
    box.world.set("cell_c", 36.0)
    until(box, percent("main", 20.0, 99.0), 60)
    box.world.plug("fan.main", "silent")
    box.wait(lambda status: 503 in error_numbers(status), 30, "503")
    box.world.plug("fan.main", "in")
    box.wait(lambda status: 503 not in error_numbers(status), 30, "no 503")


def test_a_killed_core_leaves_fans_at_full_speed_and_no_heat(box: LiveBox) -> None:
    """kill -9: the PWM file and the pins keep what they were told; the runner writes what is safe."""
    box.world.set("cell_c", 20.0)
    ask(box, ForceClimate("main", 30.0, 600.0))
    ask(box, ForceClimate("spare", 0.0, 600.0))
    ask(box, ForceClimate("mat", 100.0, 600.0))
    until(
        box,
        lambda shown: (
            shown["fans"]["main"]["percent"] == pytest.approx(30.0, abs=0.1)
            and shown["coils"] == {"mat": True, "spare_fan_off": True}
        ),
    )
    box.kill("core")
    took_s = until(
        box,
        lambda shown: (
            shown["fans"]["main"]["percent"] == 100.0
            and shown["coils"] == {"mat": False, "spare_fan_off": False}
        ),
        5,
    )
    print(f"safe {took_s:.2f} s after kill -9")
    wait_plant(box, 0.0, within_w=1.0, timeout_s=4.0)
    running_again(box)


def test_an_ordered_end_leaves_fans_at_full_speed(box: LiveBox) -> None:
    box.world.set("cell_c", 33.0)
    until(box, percent("main", 20.0, 90.0), 40)
    run = box.started["run"]
    run.terminate()
    run.wait(20.0)
    shown = air(box)
    assert all(fan["percent"] == 100.0 for fan in shown["fans"].values())
    assert shown["heaters"] == {"mat": False}
