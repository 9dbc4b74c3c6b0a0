"""`appliance ctl test` against a whole box: power on the wire by hand, and back to where it was."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.bus import CoreClient
from appliance.model import GoToState, State
from appliance.pin import FILE_NAME, hashed
from tests.live.box import LiveBox

PIN = "271828182845"
BUSY_S = 60.0
"""A command takes its time to begin where others want the processors."""
pytestmark = pytest.mark.timeout(200)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    folder = tmp_path_factory.mktemp("by_hand")
    live = LiveBox(folder)
    (folder / "data").mkdir()
    (folder / "data" / FILE_NAME).write_text(hashed(PIN))
    try:
        live.start(without="gui,cloud")
        live.wait_running(30)
        yield live
    finally:
        live.stop()


@contextmanager
def typed(box: LiveBox, text: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`ctl test` with this on its standard input, which stays open; it never outlives the test."""
    command = [sys.executable, "-m", "appliance", "ctl", "test", *words, "--site", str(box.site)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(text)
            process.stdin.flush()
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def test_up_from_maintenance_by_hand_and_back(box: LiveBox) -> None:
    client = CoreClient(box.run_folder, "ctl")
    assert client.ask(GoToState(State.MAINTENANCE)).ok
    client.close()
    box.wait(lambda status: status["state"] == "maintenance", BUSY_S)
    steps = "s\nw init\ns\nw precharge\ns\nw starting\ns\nw run\np -1200\n"
    with typed(box, steps) as process:
        status = box.wait(lambda status: (status["power"]["battery_w"] or 0.0) < -1_150.0, BUSY_S)
        assert status["state"] == "run"
        assert status["power"]["battery_w"] > -1_250.0
        assert (status["test"]["by"], status["test"]["power_w"]) == ("ctl", -1_200.0)
        assert status["test"]["returns_to"] == "maintenance"
        assert status["why"].startswith("test by ctl, ")
        out, err = process.communicate(timeout=BUSY_S)  # the end of its input
    assert (process.returncode, "done: -1200 W for 60 s" in out) == (0, True), out + err
    status = box.wait(lambda status: status["state"] == "maintenance", 10)
    assert status["test"] is None
    assert abs(status["power"]["battery_w"]) < 50.0


def test_outside_maintenance_with_the_pin_and_ended_by_the_emergency_stop(box: LiveBox) -> None:
    client = CoreClient(box.run_folder, "ctl")
    assert client.ask(GoToState(State.RUN)).ok
    client.close()
    box.wait_running()
    with typed(box, f"{PIN}\np 900\nw 60\n", "--pin") as process:
        box.wait(lambda status: (status["power"]["battery_w"] or 0.0) > 850.0, BUSY_S)
        box.world.estop(pressed=True)
        pressed_s = time.monotonic()
        box.wait(lambda status: status["test"] is None and status["estop"], 3)
        box.wait(lambda status: abs(status["power"]["battery_w"] or 0.0) < 10.0, 3)
        assert time.monotonic() - pressed_s < 3.0
        _, err = process.communicate(timeout=BUSY_S)
    assert process.returncode == 1
    assert "the test is over: no test runs: error 401 Emergency stop" in err
    kept = b"".join(path.read_bytes() for path in files(box.folder))
    assert PIN.encode() not in kept
    assert PIN not in box.log_text()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".sock"]
