"""Each wall alone, and a sample of `make kills`: see docs/walls.md for all walls and their tests."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance import latch
from tests.kills.box import KillBox
from tests.kills.campaign import latch as press_and_release
from tests.kills.campaign import make_well, reset
from tests.kills.events import Event, happen, power_of
from tests.live.box import error_numbers

pytestmark = pytest.mark.timeout(180)
REST_W = 25.0


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillBox]:
    folder = tmp_path_factory.mktemp("walls")
    before = {name: os.environ.get(name) for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}  # fmt: skip
    mounted = mount(folder / "data")
    box = KillBox(folder)
    try:
        box.start(without="gui,cloud")
        box.wait_running(60.0)
        yield box
    finally:
        box.stop()
        if mounted:
            subprocess.run(["umount", str(folder / "data")], check=False, timeout=10)
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture
def box(live: KillBox) -> KillBox:
    assert make_well(live, CONTROL), live.log_text()[-4000:]
    return live


def event(target: str, pv_w: float = 0.0) -> Event:
    return Event(0, target, pv_w, pause_s=0.0, after=2)


CONTROL = event("control")


def until_rest(box: KillBox, since_s: float, timeout_s: float = 8.0) -> float:
    """Seconds from then to no power at the pretend plant."""
    while abs(power_of(box.truth())) > REST_W:
        assert time.monotonic() - since_s < timeout_s, box.truth()
        time.sleep(0.01)
    return time.monotonic() - since_s


@pytest.mark.parametrize("target", ["core", "control", "modbus.inverter_lan"])
def test_killed_or_crashed_it_is_safe_and_back(box: KillBox, target: str) -> None:
    box.wait(lambda status: status["uptime_s"] > 12.0, 30.0, "a core that has run well")
    outcome = happen(box, event(target))
    assert outcome.lost == []
    assert outcome.safe_s < 2.0, outcome
    assert outcome.run_s is not None and outcome.run_s < 15.0, outcome
    assert 601 in outcome.told, outcome


def test_a_stopped_core_leaves_the_plant_to_the_inverters_own_timeout(box: KillBox) -> None:
    """And when it goes on, nothing of what it had decided before is written."""
    pid = box.pid("core")
    stopped_s = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert until_rest(box, stopped_s) < 2.0, "1 s, and the plant's ramp"
        assert box.truth()["inverter_alarm"] == "communication"
        assert box.world.setpoints(stopped_s + 0.3) == [], "nobody else has written"
        time.sleep(3.0)
    finally:
        goes_on_s = time.monotonic()
        os.kill(pid, signal.SIGCONT)
    time.sleep(2.0)
    written = [one.power_w for one in box.world.setpoints(goes_on_s)]
    assert written and set(written) == {0.0}, written
    assert abs(power_of(box.truth())) < REST_W


def test_a_hanging_control_thread_zero_at_once_then_a_new_core(box: KillBox) -> None:
    """The driver's own second, then the software watchdog."""
    old = box.pid("core")
    answer = box.door.ask(hang="control", seconds=60.0)
    assert answer is not None
    hung_s = time.monotonic()
    assert until_rest(box, hung_s) < 2.0
    time.sleep(0.5)
    writes = box.world.setpoints(hung_s)
    zero = next(one for one in writes if one.power_w == 0.0)
    assert 0.5 < zero.at_s - hung_s < 1.8, (
        "the driver's second, before the inverter's own would end"
    )
    assert not box.truth()["inverter_on"], "and then it stops"
    assert not Path(f"/proc/{old}").exists() or box.truth()["inverter_alarm"] == "none"
    box.wait(lambda status: status["uptime_s"] < 12.0, 40.0, "a new core")
    assert box.pid("core") != old


@pytest.fixture
def full_disk(live: KillBox) -> Iterator[Path]:
    """No byte more fits where the box keeps its memory."""
    data = live.folder / "data"
    filler = data / "filler"
    mounted = Path("/proc/mounts").read_text().count(f" {data} ")
    if not mounted:
        pytest.skip("needs a file system of its own for the data folder")
    with filler.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            pass
    yield data
    filler.unlink()


def test_an_emergency_stop_with_a_full_disk_holds_and_outlives_the_core(
    box: KillBox, full_disk: Path
) -> None:
    pressed_s = time.monotonic()
    press_and_release(box)
    assert until_rest(box, pressed_s) < 2.0
    assert latch.read(full_disk) is True, "written in place, without free space"
    box.kill("core")
    status = box.wait(lambda status: status["uptime_s"] < 5.0, 30.0, "a new core")
    assert status["estop"]
    (full_disk / "filler").write_bytes(b"")
    reset(box)


def test_the_batterys_own_wall(box: KillBox) -> None:
    """A cell far too hot: the BMS opens whatever the box says, and the box tells it. Last: 133 stays for long."""
    box.world.set("cell_c", 70.0)
    try:
        hot_s = time.monotonic()
        while box.truth()["contactors_closed"]:
            assert time.monotonic() - hot_s < 1.5, "the BMS has not opened"
            time.sleep(0.01)
        told = box.wait(lambda status: bool({102, 103} & error_numbers(status)), 10.0, "102 or 103")
        assert told["state"] == "error"
        until_rest(box, hot_s)
    finally:
        box.world.set("cell_c", 25.0)
        box.world.set("cell_c", None)


def mount(folder: Path) -> bool:
    """A small file system in memory, where that is permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=5).returncode == 0
    except OSError:
        return False
