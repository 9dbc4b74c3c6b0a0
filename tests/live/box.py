"""The whole box with its pretend site, as processes on loopback, for tests and figures."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from appliance.__main__ import DISPLAY_VARIABLES
from appliance.bus import CoreClient
from appliance.crashes import FILE_NAME as CRASHES
from appliance.ctl.asking import status_words
from simulator.wire.control import SiteControl
from tests.stories import HOME

SUNNY = HOME.parent.parent / "profiles" / "sunny.csv"
PORTS = re.compile(r"(?<=port = )\d{5}|(?<=127\.0\.0\.1:)\d{5}")
READY_S = 20.0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class LiveBox:
    """Starts everything in a folder of its own; `stop` ends everything it started."""

    def __init__(
        self,
        folder: Path,
        *,
        at: str = "11:00",
        profile: Path = SUNNY,
        soc: str = "50",
        site_toml: str | None = None,
    ) -> None:
        self.folder = folder
        self.run_folder = folder / "run"
        self.site = folder / "site.toml"
        text = (site_toml or HOME.read_text()).replace("build/run/", f"{folder}/")
        for port in set(PORTS.findall(text)):
            text = text.replace(port, str(free_port()))
        if "[blackbox]" not in text:
            text += "\n[blackbox]\nafter_s = 5.0\n"
        self.site.write_text(text)
        pid = os.getpid()
        self.hub_address = f"127.{64 + pid % 60}.{pid // 60 % 250}.{1 + time.monotonic_ns() % 250}"
        self._ntp_port = free_port(socket.SOCK_DGRAM)
        self._world = [
            "site",
            "--site",
            str(self.site),
            "--profile",
            str(profile),
            "--soc",
            soc,
            "--at",
            at,
        ]
        self._log = (folder / "log.txt").open("w")
        self._world_control: SiteControl | None = None
        self.started: dict[str, subprocess.Popen[str]] = {}

    # ------------------------------------------------------------ processes

    def start(self, *, without: str = "") -> "LiveBox":
        """Pretend site, hub, then the box."""
        self.start_world()
        self.start_box(without)
        return self

    def start_world(self) -> None:
        hub = ["hub", "--address", self.hub_address, "--ntp-port", str(self._ntp_port)]
        self._spawn("hub", "simulator", *hub, "--folder", str(self.folder))
        self._spawn("site", "simulator", *self._world, "--folder", str(self.folder))
        for name in ("hub", "site"):
            self._wait_ready(self.started[name])

    def start_box(self, without: str = "") -> None:
        factory = self.folder / "boot"
        boot = ["--boot-folder", str(factory), "--cpuinfo", str(factory / "cpuinfo")]
        boot += ["--without", without]
        self._spawn("run", "appliance", "run", "--site", str(self.site), *boot)

    def _spawn(self, name: str, *command: str) -> None:
        # No display, whatever the tests beside this one have set.
        environment = {
            name: value for name, value in os.environ.items() if name not in DISPLAY_VARIABLES
        }
        self.started[name] = subprocess.Popen(
            [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=self._log, text=True,
            start_new_session=True, env=environment,
        )  # fmt: skip

    def _wait_ready(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"did not start; see {self.folder / 'log.txt'}:\n{self.log_text()}"

    def stop(self) -> None:
        """The box first, as `make run` does."""
        if self._world_control is not None:
            self._world_control.close()
            self._world_control = None
        for process in reversed(list(self.started.values())):
            process.terminate()
            try:
                process.wait(8.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(2.0)
            if process.stdout is not None:
                process.stdout.close()
        self._log.close()

    def log_text(self) -> str:
        return (self.folder / "log.txt").read_text()

    def pid(self, name: str) -> int:
        """Process id of one of the box's own processes."""
        (found,) = [one for one in self.status()["processes"] if one["name"] == name]
        assert found["alive"], f"{name} is not alive"
        return int(found["pid"])

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash would; each is the first within an hour."""
        self.forget_crashes()
        pid = int((self.run_folder / f"{name}.lock").read_text())
        os.kill(pid, signal.SIGKILL)

    def forget_crashes(self) -> None:
        """As an hour later: else the box rests before it walks up again."""
        (self.run_folder / CRASHES).unlink(missing_ok=True)

    # ------------------------------------------------------------ asking

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words], capture_output=True, text=True, check=check, timeout=30
        )

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.command("appliance", "ctl", *words, "--site", str(self.site), check=False)

    def status(self) -> dict[str, Any]:
        """What `ctl status --json` prints; empty when the core does not answer."""
        client = CoreClient(self.run_folder, "ctl")
        try:
            status = client.status(1.0)
        finally:
            client.close()
        if status is None:
            return {}
        text = msgspec.json.encode(status_words(status, self.run_folder))
        words: dict[str, Any] = json.loads(text)
        return words

    @property
    def world(self) -> SiteControl:
        """The pretend site's own control; for pulling plugs and for the truth about the plant."""
        if self._world_control is None:
            self._world_control = SiteControl(self.folder)
        return self._world_control

    def wait(
        self,
        condition: Callable[[dict[str, Any]], bool],
        timeout_s: float = READY_S,
        what: str = "",
    ) -> dict[str, Any]:
        """Until the status fulfils the condition; the status."""
        deadline = time.monotonic() + timeout_s
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            status = self.status()
            if status and condition(status):
                return status
            time.sleep(0.05)
        msg = f"{what or 'not'} within {timeout_s} s: {json.dumps(status, indent=1)}\n{self.log_text()[-6000:]}"
        raise AssertionError(msg)

    def wait_running(self, timeout_s: float = READY_S) -> dict[str, Any]:
        return self.wait(lambda status: status["state"] == "run", timeout_s, "running")


def error_numbers(status: dict[str, Any]) -> set[int]:
    return {error["number"] for error in status["errors"]}
