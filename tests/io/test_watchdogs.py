"""Watchdogs: what each writes and asks, which timeouts are refused, and what only an orderly end does.

There is no /dev/watchdog here: a plain file, a pipe and a terminal take its place, with an ioctl that
remembers what it was asked.
"""

import logging
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typing_extensions import override

from appliance.clock import VirtualClock
from appliance.config import SiteError, load_site
from appliance.mailbox import Latest
from appliance.processes import PARENT_VARIABLE, PROCESSES
from appliance.site import SiteSettings, SysFiles
from appliance.site.watchdog import DeviceWatchdog, StratoPiWatchdog, Watchdog
from appliance.supervisor import Lease
from appliance.watchdog import KINDS, Watchdogs, feed_while_alive, find_watchdog
from appliance.watchdog._strato_pi import StratoPi
from simulator.wire.plugs import SILENT, Plug
from simulator.wire.strato_pi import StratoPi as StratoPiTwin
from tests.io.watchdog_chip import KEEPALIVE, SETTIMEOUT, Chip, kernel
from tests.stories import HOME

# ---------------------------------------------------------------- which, and for how long


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    for name in (PARENT_VARIABLE, "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch


def with_watchdog(folder: Path, **watchdog: Any) -> SiteSettings:
    site = load_site(HOME)
    buses = site.buses | {"sys": SysFiles(kind="files", path=str(folder))}
    return site.model_copy(update={"watchdog": Watchdog(**watchdog), "buses": buses})


def test_several_are_fed_and_one_that_fails_hinders_no_other(
    desk: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "appliance.watchdog")
    plug = Plug("board")
    twin = StratoPiTwin(tmp_path, plug)
    dogs = find_watchdog(
        tmp_path,
        with_watchdog(
            tmp_path,
            kind=("dev", "strato_pi", "null"),
            dev=DeviceWatchdog(path=str(tmp_path / "none")),
            strato_pi=StratoPiWatchdog(files="sys"),
        ),
    )
    assert twin.status("watchdog/enabled") == "0", "finding arms nothing"
    for _ in range(3):
        dogs.feed()
        twin.look()
    assert (twin.edges, twin.status("watchdog/enabled")) == (3, "1")
    plug.fault = SILENT
    twin.look()
    dogs.feed()
    dogs.feed()
    plug.fault = "in"
    twin.look()
    dogs.feed()
    dogs.end()
    words = [(one.levelname, one.message.split(":")[0]) for one in caplog.records]
    assert words.count(("ERROR", "watchdog dev")) == 1, "told once"
    assert words.count(("ERROR", "watchdog strato_pi")) == 1
    assert ("INFO", "watchdog strato_pi is fed again") in words


def test_what_was_not_armed_here_is_not_disarmed_here(tmp_path: Path) -> None:
    twin = StratoPiTwin(tmp_path, Plug("board"))
    (tmp_path / "class/stratopi/watchdog/enabled").write_text("1")
    dogs = Watchdogs([("strato_pi", StratoPi(StratoPiWatchdog(files="sys"), tmp_path))])
    dogs.end()
    assert twin.status("watchdog/enabled") == "1"


def test_an_unfit_device_is_told_once_and_left_alone(
    desk: pytest.MonkeyPatch, device: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chip = Chip(most_s=1)
    dogs = Watchdogs([("dev", kernel(device, chip))])
    for _ in range(5):
        dogs.feed()
    assert chip.asked.count(SETTIMEOUT) == 1
    assert caplog.text.count("is not used") == 1
    dogs.end()
    assert device.read_bytes() == b"V"


def test_whoever_started_the_core_is_always_fed(desk: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "core.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    desk.setenv(PARENT_VARIABLE, "1")
    find_watchdog(tmp_path, with_watchdog(tmp_path, kind="null")).feed()
    assert lock.stat().st_mtime > 1e9


def test_systemd_hears_ready_and_every_feeding(desk: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(1.0)
        desk.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        desk.setenv("WATCHDOG_USEC", "5000000")
        desk.setenv("WATCHDOG_PID", str(os.getpid()))
        dogs = find_watchdog(tmp_path, load_site(HOME))
        dogs.feed()
        dogs.feed()
        dogs.end()
        assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


@pytest.mark.parametrize(("seconds", "fits"), [("1.5", False), ("1.6", True), ("0", False)])
def test_systemd_must_have_patience(
    desk: pytest.MonkeyPatch, tmp_path: Path, seconds: str, fits: bool
) -> None:
    desk.setenv("NOTIFY_SOCKET", "@nobody")
    desk.setenv("WATCHDOG_USEC", str(int(float(seconds) * 1e6)))
    if fits:
        find_watchdog(tmp_path, load_site(HOME))
        return
    with pytest.raises(ValueError, match=rf"WatchdogSec = {seconds} s: must be more than 1\.5 s"):
        find_watchdog(tmp_path, load_site(HOME))
    desk.setenv("WATCHDOG_PID", "1")
    find_watchdog(tmp_path, load_site(HOME))


@pytest.mark.parametrize("kind", ["systemd", "runner"])
def test_a_starter_that_did_not_start_us_is_refused(
    desk: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    with pytest.raises(ValueError, match=f"watchdog.kind = '{kind}': "):
        find_watchdog(tmp_path, with_watchdog(tmp_path, kind=(kind,)))


@pytest.mark.parametrize("timeout_s", [0, 1, 601])
def test_a_timeout_that_cannot_be_names_field_value_and_range(timeout_s: int) -> None:
    with pytest.raises(
        ValidationError, match=rf"timeout_s = {timeout_s} s: .* 1\.5 s and at most 600 s"
    ):
        DeviceWatchdog(timeout_s=timeout_s)
    assert DeviceWatchdog(timeout_s=2).timeout_s == 2
    assert StratoPiWatchdog(timeout_s=99_999).timeout_s == 99_999


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('kind = "dog"', 'watchdog.kind.0 = "dog": input should be'),
        ("dev = { timeout_s = 1 }", "watchdog.dev.timeout_s = 1: timeout_s = 1 s: must be more"),
        ("strato_pi = { timeout_s = 1 }", "watchdog.strato_pi.timeout_s = 1"),
        ('kind = ["strato_pi"]', "watchdog.strato_pi.files is missing"),
        ('strato_pi = { files = "pins" }', "watchdog.strato_pi.files = 'pins' is not in buses, or"),
        ("bite = true", "watchdog.bite: unknown key"),
    ],
)
def test_a_wrong_site_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"{HOME.read_text()}\n[watchdog]\n{text}\n")
    with pytest.raises(SiteError) as refused:
        load_site(path)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("kind", ['"auto"', '["dev", "null"]', '"systemd"'])
def test_a_site_may_name_one_kind_or_several(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"{HOME.read_text()}\n[watchdog]\nkind = {kind}\n")
    assert set(load_site(path).watchdog.kind) <= {"auto", *KINDS}


def test_the_runner_itself_has_patience() -> None:
    core = next(row for row in PROCESSES if row.name == "core")
    assert core.hangs_after_s is not None and core.hangs_after_s > 1.5


# ---------------------------------------------------------------- the thread


class Ticks(Lease):
    """A lease that ends after some waits, or in which a wait fails."""

    def __init__(self, clock: VirtualClock, ticks: int, breaks: bool = False) -> None:
        super().__init__(clock)
        self._ticking, self._left, self._breaks = clock, ticks, breaks

    @override
    def wait(self, seconds: float) -> bool:
        self._ticking.advance(seconds)
        self._left -= 1
        if self._left < 0 and self._breaks:
            raise RuntimeError("a crash")
        return self._left < 0


@pytest.mark.parametrize("breaks", [False, True])
def test_a_crash_of_the_thread_leaves_the_device_armed(device: Path, breaks: bool) -> None:
    clock, chip = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)), Chip()
    heartbeat: Latest[int] = Latest("heartbeat")
    heartbeat.put(1, at_s=1e9)
    dogs = Watchdogs([("dev", kernel(device, chip))])
    try:
        feed_while_alive(dogs, heartbeat, tuple, clock, Ticks(clock, 10, breaks))
    except RuntimeError:
        assert breaks
    assert chip.asked.count(KEEPALIVE) == 11
    assert device.read_bytes() == (b"" if breaks else b"V")


def test_a_box_that_never_gets_well_arms_nothing_and_a_hang_starves_it(device: Path) -> None:
    clock, chip = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)), Chip()
    heartbeat: Latest[int] = Latest("heartbeat")
    dogs = Watchdogs([("dev", kernel(device, chip))])
    feed_while_alive(dogs, heartbeat, tuple, clock, Ticks(clock, 10))
    assert (chip.asked, device.read_bytes()) == ([], b"")
    heartbeat.put(1, at_s=clock.now_s())
    feed_while_alive(dogs, heartbeat, tuple, clock, Ticks(clock, 10))
    assert chip.asked.count(KEEPALIVE) == 1 + 2, "armed, fed at 0.5 s and 1.0 s, then no more"
