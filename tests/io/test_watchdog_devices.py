"""The kernel's watchdog on a file, a pipe and a terminal; the Strato Pi's on its files."""

import errno
import os
import pty
from pathlib import Path

import pytest

from appliance.site.watchdog import DeviceWatchdog, StratoPiWatchdog
from appliance.watchdog._device import KernelWatchdog
from appliance.watchdog._strato_pi import StratoPi
from simulator.wire.plugs import Plug
from simulator.wire.strato_pi import StratoPi as StratoPiTwin
from tests.io.watchdog_chip import (
    GETBOOTSTATUS,
    GETTIMEOUT,
    KEEPALIVE,
    SETPRETIMEOUT,
    SETTIMEOUT,
    Chip,
    kernel,
)


def test_opening_arms_feeding_keeps_it_alive_and_only_an_orderly_end_disarms(device: Path) -> None:
    chip = Chip()
    dog = kernel(device, chip, timeout_s=12, pretimeout_s=4)
    assert chip.asked == [], "not armed before the box is well"
    dog.ready()
    assert (chip.timeout_s, chip.pretimeout_s) == (12, 4)
    assert chip.asked == [GETBOOTSTATUS, SETTIMEOUT, SETPRETIMEOUT, GETTIMEOUT, KEEPALIVE]
    for _ in range(3):
        dog.feed()
    assert chip.asked[5:] == [KEEPALIVE] * 3
    assert device.read_bytes() == b"", "still armed"
    dog.ready()
    assert len(chip.asked) == 8, "ready twice is ready once: the thread may restart"
    dog.end()
    assert device.read_bytes() == b"V"
    with pytest.raises(OSError, match="is not open"):
        dog.feed()
    dog.end()
    assert device.read_bytes() == b"V"


def test_the_magic_letter_goes_through_a_terminal_too() -> None:
    ours, theirs = pty.openpty()
    try:
        dog = kernel(Path(os.ttyname(theirs)), Chip())
        dog.ready()
        dog.feed()
        dog.end()
        assert os.read(ours, 10) == b"V"
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_without_a_reader_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        kernel(tmp_path / "pipe", Chip()).ready()


def test_a_restart_by_the_watchdog_is_told(device: Path, caplog: pytest.LogCaptureFixture) -> None:
    kernel(device, Chip(boot=0)).ready()
    assert "last restart" not in caplog.text
    kernel(device, Chip(boot=0x20)).ready()
    assert "the last restart was by the watchdog" in caplog.text


def test_what_a_device_cannot_do_is_told_and_is_no_failure(
    device: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lacks = (GETBOOTSTATUS, SETTIMEOUT, GETTIMEOUT, SETPRETIMEOUT)
    dog = kernel(device, Chip(lacks=lacks), pretimeout_s=2)
    dog.ready()
    dog.feed()
    for words in ("does not take a timeout", "has no pretimeout", "does not say its timeout"):
        assert words in caplog.text


def test_a_device_that_keeps_a_shorter_timeout_is_disarmed_again_and_named(device: Path) -> None:
    sentence = r"the timeout that .*watchdog keeps = 1 s: must be more than 1\.5 s \(3 × the 0\.5 s"
    with pytest.raises(ValueError, match=sentence):
        kernel(device, Chip(most_s=1)).ready()
    assert device.read_bytes() == b"V"


def test_a_busy_device_is_an_oserror_and_nothing_stays_open(device: Path) -> None:
    def broken(_device: int, _request: int, _argument: bytes) -> bytes:
        raise OSError(errno.EIO, "broken")

    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(20):
        with pytest.raises(OSError, match="broken"):
            KernelWatchdog(DeviceWatchdog(path=str(device)), broken).ready()
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_the_strato_pi_is_enabled_gets_edges_and_is_disabled_at_the_end(tmp_path: Path) -> None:
    twin = StratoPiTwin(tmp_path, Plug("board"))
    dog = StratoPi(StratoPiWatchdog(files="sys", timeout_s=30), tmp_path)
    dog.ready()
    assert twin.status("watchdog/timeout") == "30"
    assert twin.status("watchdog/enabled") == "1"
    for _ in range(5):
        before = twin.edges
        dog.feed()
        twin.look()
        assert twin.edges == before + 1
    dog.end()
    assert twin.status("watchdog/enabled") == "0"


def test_a_strato_pi_that_is_not_fed_expires(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = [0.0]
    twin = StratoPiTwin(tmp_path, Plug("board"), now_s=lambda: now_s[0])
    dog = StratoPi(StratoPiWatchdog(files="sys", timeout_s=30), tmp_path)
    dog.ready()
    twin.look()
    for fed_at_s in (10.0, 25.0, 50.0):
        now_s[0] = fed_at_s
        dog.feed()
        assert twin.status("watchdog/expired") == "0"
    now_s[0] = 81.0
    twin.look()
    assert twin.status("watchdog/expired") == "1"
    dog.ready()
    assert "had expired" in caplog.text


def test_a_strato_pi_without_its_module_creates_no_files(tmp_path: Path) -> None:
    dog = StratoPi(StratoPiWatchdog(files="sys"), tmp_path)
    for call in (dog.ready, dog.feed, dog.end):
        with pytest.raises(OSError):
            call()
    assert list(tmp_path.iterdir()) == []
