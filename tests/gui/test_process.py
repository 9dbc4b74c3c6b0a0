"""The screen as a process: starts without a core, may be killed, ends when told, finds the core again."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from appliance.bus import BusServer, CoreClient
from appliance.clock import SystemClock
from appliance.gui.scenes import status
from appliance.gui.screen import Screen
from appliance.mailbox import Requests
from appliance.model import Answer, GoToMode, Request
from appliance.supervisor import Lease
from tests.gui.walk import tap, words

SITE = Path(__file__).parents[2] / "simulator" / "sites" / "home.toml"
PROGRAM = """
import sys, tomllib
from pathlib import Path
from appliance.clock import SystemClock
from appliance.gui.app import run_gui
from appliance.site import SiteSettings
raw = tomllib.loads(Path(sys.argv[1]).read_text()) | {"run_folder": sys.argv[2]}
sys.exit(run_gui(SiteSettings.model_validate(raw), SystemClock(), picture=Path(sys.argv[3])))
"""


def wait_for(what: str, is_there: Callable[[], bool], seconds: float = 10.0) -> None:
    """Until it is; fails after so long."""
    for _ in range(int(seconds / 0.05)):
        if is_there():
            return
        QTest.qWait(50)
    pytest.fail(f"{what} did not happen in {seconds} s")


@dataclass
class Running:
    """A screen process and its picture."""

    process: "subprocess.Popen[bytes]"
    picture: Path

    def drawn_after(self, at_ns: int) -> bool:
        return self.picture.exists() and self.picture.stat().st_mtime_ns > at_ns


@pytest.fixture
def run(tmp_path: Path) -> Iterator["Run"]:
    run = Run(tmp_path)
    yield run
    for process in run.started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=5)


class Run:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.picture = folder / "screen" / "screen.png"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> Running:
        command = [sys.executable, "-c", PROGRAM, str(SITE), str(self.folder), str(self.picture)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.started.append(process)
        return Running(process, self.picture)


def test_it_ends_at_once_when_told_and_says_nothing_bad(app: QGuiApplication, run: Run) -> None:
    first = run.start()
    wait_for("the first picture", lambda: first.drawn_after(0))
    first.process.send_signal(signal.SIGTERM)
    out, _ = first.process.communicate(timeout=5)
    assert first.process.returncode == 0
    said = [line for line in out.decode().splitlines() if "fonts-inter" not in line]
    assert said == []
    assert QImage(str(run.picture)).width() == 800
    assert [path.name for path in run.picture.parent.iterdir()] == ["screen.png"]


def test_killed_it_leaves_a_whole_picture_and_starts_again(app: QGuiApplication, run: Run) -> None:
    first = run.start()
    wait_for("the first picture", lambda: first.drawn_after(0))
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait(timeout=5)
    assert QImage(str(run.picture)).width() == 800
    before_ns = run.picture.stat().st_mtime_ns
    again = run.start()
    wait_for("a new picture", lambda: again.drawn_after(before_ns))


class Core:
    """The core's side of the bus, in a thread of the test."""

    def __init__(self, folder: Path) -> None:
        self.requests = Requests()
        clock = SystemClock()
        self.lease = Lease(clock)
        server = BusServer(folder, clock, self.requests, status)
        self.thread = threading.Thread(target=server.run, args=(self.lease,))
        self.thread.start()

    def stop(self) -> None:
        self.lease.end()
        self.thread.join(5)


def test_on_the_real_bus_it_survives_the_core(app: QGuiApplication, tmp_path: Path) -> None:
    client = CoreClient(tmp_path, source="touchscreen")
    screen = Screen(client, SystemClock())

    def shows(said: str) -> bool:
        screen.tick()
        return said in words(screen)

    try:
        assert shows("Connecting")
        core = Core(tmp_path)
        wait_for("Running", lambda: shows("Running"))
        # Two sockets find the core, each in its own time: what is asked may need 0.5 s longer.
        QTest.qWait(600)
        tap(screen, "mode")
        wait_for("the sheet", lambda: shows("Passive"))
        tap(screen, "down")
        tap(screen, "mode_passive")
        requests: list[Request] = []

        def asked() -> bool:
            requests.extend(core.requests.drain())
            return bool(requests)

        wait_for("the request", asked)
        assert [request.want for request in requests] == [GoToMode(mode="passive")]
        assert requests[0].source == "touchscreen"
        core.requests.answer((Answer(id=requests[0].id, ok=False, reason="not today"),))
        wait_for("the refusal", lambda: shows("Not changed: not today"))
        core.stop()
        wait_for("old data", lambda: shows("Data 1 s old"))
        core = Core(tmp_path)
        wait_for("Running again", lambda: shows("Running"))
        core.stop()
    finally:
        core.stop()
        screen.close()
        client.close()
        app.processEvents()
    assert screen.warnings == []


EARLY = """
import os, signal
from appliance.gui.screen import Screen
def save(_screen, path):
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGTERM)
Screen.save = save
"""


def test_a_signal_before_the_event_loop_begins_ends_it_too(tmp_path: Path) -> None:
    arguments = [str(SITE), str(tmp_path), str(tmp_path / "screen.png")]
    process = subprocess.run(
        [sys.executable, "-c", EARLY + PROGRAM, *arguments],
        timeout=15, check=False, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
