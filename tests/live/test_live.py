"""The whole box live on wires: every plug pulled, one at a time, and put back."""

import json
import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.hub.client import HubControl
from simulator.hub.twin import Document
from tests.live.box import LiveBox, error_numbers

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    box = LiveBox(tmp_path_factory.mktemp("live"))
    try:
        yield box.start()
    finally:
        box.stop()


def is_well(status: dict[str, Any]) -> bool:
    """Running; what is told of a crash, or of the cloud, may still stand."""
    return status["state"] == "run" and error_numbers(status) <= {601, 604}


@pytest.fixture
def box(live: LiveBox) -> LiveBox:
    live.world.set("pv_w", 0.0)
    live.world.set("load_w", 1_500.0)
    # Somebody on site asks: the box forgets how often it has stopped before.
    live.ctl("state", "run")
    live.wait(is_well, 30, "well")
    wait_plant(live, 1_500.0)
    return live


def wait_plant(
    box: LiveBox, power_w: float, within_w: float = 60.0, timeout_s: float = 10.0
) -> float:
    """Until the plant's own battery power is there; how long it took."""
    started = time.monotonic()
    while abs(box.world.number("battery_w") - power_w) > within_w:
        assert time.monotonic() - started < timeout_s, box.world.show()
        time.sleep(0.02)
    return time.monotonic() - started


def test_ctl_status_has_the_shape_programs_rely_on(box: LiveBox) -> None:
    done = box.ctl("status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert {
        "state", "mode", "why", "soc_pct", "setpoint_w", "estop", "uptime_s", "version", "power",
        "limits", "errors", "processes", "sources",
    } <= set(status)  # fmt: skip
    assert set(status["power"]) == {"grid_w", "battery_w", "pv_w", "load_w"}
    assert status["power"]["load_w"] == pytest.approx(1_500.0, abs=150.0)
    alive = {one["name"]: one["alive"] for one in status["processes"]}
    assert alive == {"bootstrapper": False, "core": True, "gui": True, "cloud": True}
    assert all(age_s < 1.5 for age_s in status["sources"].values()), status["sources"]


def test_every_direction_is_right_on_the_wire(box: LiveBox) -> None:
    assert box.status()["power"]["battery_w"] == pytest.approx(1_500.0, abs=80.0)
    box.world.set("pv_w", 4_000.0)
    wait_plant(box, -2_500.0)
    status = box.wait(lambda status: status["power"]["battery_w"] < -2_400.0)
    assert status["power"]["pv_w"] == pytest.approx(4_000.0, abs=20.0)
    assert abs(status["power"]["grid_w"]) < 120.0
    assert box.world.number("dc_w") < -2_000.0


@pytest.mark.parametrize("how", ["silent", "refuse"])
@pytest.mark.parametrize(
    ("plug", "number", "holds_power"),
    [
        ("meter.grid", 301, False),
        ("meter.pv", 302, True),
        ("inverter", 201, False),
        ("bms", 101, False),
        ("sensor", 501, True),
        ("board", 402, False),
    ],
)
def test_a_pulled_plug(box: LiveBox, plug: str, number: int, holds_power: bool, how: str) -> None:
    if how == "refuse" and plug in ("sensor", "meter.pv"):
        pytest.skip("shares its wire with what refuses already")
    box.world.plug(plug, how)
    try:
        if not holds_power:
            wait_plant(box, 0.0, within_w=1.0)
        status = box.wait(lambda status: number in error_numbers(status), 15, f"error {number}")
        if holds_power:
            assert status["state"] == "run"
            assert box.world.number("battery_w") == pytest.approx(1_500.0, abs=100.0)
        else:
            assert str(number) in status["why"] or "silent" in status["why"]
    finally:
        box.world.plug(plug, "in")
    box.wait(is_well, 30, "back")
    wait_plant(box, 1_500.0)


def test_the_core_killed_leaves_a_safe_plant_and_comes_back(box: LiveBox) -> None:
    box.kill("core")
    wait_plant(box, 0.0, within_w=1.0, timeout_s=4.0)
    status = box.wait_running(30)
    assert "core" in [error["source"] for error in status["errors"]], "it says that it crashed"
    wait_plant(box, 1_500.0, timeout_s=20.0)


def test_a_hanging_core_is_killed_and_comes_back(box: LiveBox) -> None:
    box.wait(lambda status: status["uptime_s"] > 21.0, 40, "up for a while")
    pid = box.pid("core")
    box.forget_crashes()
    os.kill(pid, signal.SIGSTOP)
    wait_plant(box, 0.0, within_w=1.0, timeout_s=4.0)
    box.wait(lambda status: status["uptime_s"] < 10.0, 30, "a new core")
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_screen_killed_is_told_and_disturbs_nothing(box: LiveBox) -> None:
    before = box.status()
    box.kill("gui")
    box.wait(lambda status: "gui" in [error["source"] for error in status["errors"]], 5, "601")
    status = box.wait(
        lambda status: next(one["alive"] for one in status["processes"] if one["name"] == "gui"),
        10,
        "the screen again",
    )
    assert status["uptime_s"] > before["uptime_s"]
    assert status["state"] == "run"


def test_cloud_killed_and_hub_cut_lose_no_record(box: LiveBox) -> None:
    with HubControl(box.folder) as hub:
        hub.cut()
        box.kill("cloud")
        time.sleep(8.0)
        box.wait(lambda status: 604 in error_numbers(status), 20, "no connection to the cloud")
        hub.mend()
        deadline = time.monotonic() + 45.0
        while True:
            firsts = sorted((r["first"], r["last"]) for r in map(spans, hub.telemetry()))
            gaps = [(last, first) for (_, last), (first, _) in pairwise(firsts) if first > last + 1]
            if not gaps and len(firsts) >= 2 and firsts[0][0] == 1 and firsts[-1][1] >= 3:
                break
            assert time.monotonic() < deadline, firsts
            time.sleep(0.5)


def spans(record: Document) -> dict[str, int]:
    properties = record["properties"]
    assert isinstance(properties, dict)
    return {name: int(str(properties[name])) for name in ("first", "last")}


def test_a_direct_method_changes_the_mode_and_is_shown_as_from_the_cloud(box: LiveBox) -> None:
    with HubControl(box.folder) as hub:
        deadline = time.monotonic() + 45.0
        while not hub.online():
            assert time.monotonic() < deadline, "the cloud process did not come back"
            time.sleep(0.2)
        assert hub.invoke("GoToMode_Passive", {})[0] == 200
        status = box.wait(lambda status: status["mode"] == "passive")
        assert status["mode_by"] == "cloud"
        wait_plant(box, 0.0)
        assert hub.invoke("GoToMode_SelfConsumption", {})[0] == 200
        assert hub.invoke("Levitate", {})[0] == 404
        assert hub.invoke("GoToMode_Passive", {"colour": 1})[0] == 400
    box.wait(lambda status: status["mode"] == "self_consumption")


def test_emergency_stop_is_at_zero_on_the_wire_at_once_and_latched(box: LiveBox) -> None:
    pressed_at_s = box.world.estop(pressed=True)
    wait_plant(box, 0.0, within_w=1.0)
    zero = next(one for one in box.world.setpoints(pressed_at_s) if one.power_w == 0.0)
    assert zero.at_s - pressed_at_s < 0.5
    assert box.wait(lambda status: status["estop"])["state"] == "error"
    refused = box.ctl("reset-estop")
    assert refused.returncode == 1
    assert "still pressed" in refused.stderr
    box.world.estop(pressed=False)
    time.sleep(6.0)
    assert box.status()["estop"]
    box.kill("core")
    assert box.wait(lambda status: status["uptime_s"] < 5.0, 20)["estop"], "a restart is no reset"
    assert box.ctl("state", "run").returncode == 1
    done = box.ctl("reset-estop")
    assert done.returncode == 0, done.stderr
    assert "the box rests until somebody starts it" in done.stdout
    box.wait(lambda status: status["state"] == "idle", 15)
    started = box.ctl("state", "run")
    assert started.returncode == 0, started.stderr
    box.wait_running(30)


def test_errors_are_in_the_black_box_and_replay(box: LiveBox) -> None:
    box.wait(lambda _status: any((box.folder / "data" / "blackbox").glob("*.jsonl.gz")), 10)
    listed = json.loads(box.ctl("blackbox", "list", "--json").stdout)
    (recording, *_) = sorted((box.folder / "data" / "blackbox").glob("*.jsonl.gz"))
    assert recording.name == f"{listed[0]['name']}.jsonl.gz"
    done = box.command("appliance", "replay", "--site", str(box.site), str(recording))
    assert "of " in done.stderr
    assert len(done.stdout.splitlines()) > 50


def test_the_picture_of_the_screen_is_fresh(box: LiveBox) -> None:
    picture = box.run_folder / "screen.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert time.time() - picture.stat().st_mtime < 10.0


def test_a_second_core_is_kept_out(box: LiveBox) -> None:
    done = box.command("appliance", "core", "--site", str(box.site), check=False)
    assert done.returncode == 1
    assert "core runs already" in done.stderr


def test_ending_leaves_nothing_running_and_the_plant_at_rest(tmp_path: Path) -> None:
    box = LiveBox(tmp_path).start()
    try:
        box.world.set("load_w", 2_000.0)
        box.wait_running()
        wait_plant(box, 2_000.0 - box.world.number("pv_w"), within_w=300.0)
        pids = [
            int((box.run_folder / f"{name}.lock").read_text()) for name in ("core", "gui", "cloud")
        ]
        box.started["run"].send_signal(signal.SIGTERM)
        assert box.started["run"].wait(10.0) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        truth = box.world.show()
        assert truth["battery_w"] == 0.0, truth
        assert not truth["contactors_closed"], truth
    finally:
        box.stop()
