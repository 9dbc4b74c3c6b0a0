"""Identity, time, connection: done once, safe to repeat, resumed after a power cut anywhere."""

import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pytest

from bootstrapper import steps
from bootstrapper.box import Box
from tests.hub.pretend import PretendHub

SERIAL = "10000000c0ffee01"
MISSING = Path("not/there")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretendHub]:
    running = PretendHub(tmp_path_factory.mktemp("hub"))
    yield running
    running.close()


@pytest.fixture
def box(hub: PretendHub, tmp_path: Path) -> Box:
    hub.control.set_clock(0.0)
    return Box(
        boot=hub.boot,
        data=tmp_path / "data",
        run=tmp_path / "run",
        serial_sources=(MISSING, hub.boot / "cpuinfo"),
        time_wait_s=2.0,
        built_at=datetime(2020, 1, 1, tzinfo=UTC),
    )


def read(path: Path) -> dict[str, object]:
    document = json.loads(path.read_text())
    assert isinstance(document, dict)
    return document


def key(hub: PretendHub) -> str:
    return str(read(hub.boot / "provision.json")["device_key"])


def test_a_new_box_is_set_up(box: Box, hub: PretendHub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert steps.run(box) == 0
    assert read(box.identity) == {"serial_number": SERIAL, "source": "cpuinfo"}
    clock = read(box.clock)
    assert clock["trusted"] is True
    assert clock["source"] == read(hub.boot / "provision.json")["ntp_server"]
    access = hub.access()
    assert read(box.connection) == {
        "host": access.host,
        "device_id": f"box-{SERIAL}",
        "key": access.key,
        "ca": access.ca,
    }
    assert stat.S_IMODE(box.connection.stat().st_mode) == 0o600
    assert read(box.data / "bootstrap.json")["step"] == "connection"
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "serial number",
        "time",
        "connection",
    ]


def test_a_second_run_changes_nothing(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    steps.run(box)
    before = {path: path.read_bytes() for path in (box.identity, box.connection)}
    inodes = {path: path.stat().st_ino for path in before}
    caplog.set_level(logging.INFO)
    assert steps.run(box) == 0
    assert {path: path.read_bytes() for path in before} == before
    assert {path: path.stat().st_ino for path in before} == inodes
    assert "serial number: already done" in caplog.messages
    assert "connection: already done" in caplog.messages


class PowerCutError(BaseException):
    """The lights go out."""


class Cutter:
    """Replaces the calls of one stage of writing; the lights go out at the n-th."""

    def __init__(self, patched: pytest.MonkeyPatch, number: int) -> None:
        self._left = number
        self._patched = patched

    def strike(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise PowerCutError

    def open(self) -> None:
        """Before a file is made."""
        real = os.open

        def opening(path: Path, flags: int, mode: int = 0o777) -> int:
            if flags & os.O_CREAT:
                self.strike()
            return real(path, flags, mode)

        self._patched.setattr(os, "open", opening)

    def write(self) -> None:
        """After a part was written."""
        real = os.fdopen

        def writing(descriptor: int, mode: str) -> IO[bytes]:
            file: IO[bytes] = real(descriptor, mode)
            file.write(b"{")
            try:
                self.strike()
            except PowerCutError:
                file.close()
                raise
            file.seek(0)
            return file

        self._patched.setattr(os, "fdopen", writing)

    def sync(self) -> None:
        """Before a file or a folder is on the disk."""
        real = os.fsync

        def syncing(descriptor: int) -> None:
            self.strike()
            real(descriptor)

        self._patched.setattr(os, "fsync", syncing)

    def rename(self) -> None:
        """Before the new file takes the old one's place."""
        real = Path.rename

        def renaming(path: Path, target: Path) -> Path:
            self.strike()
            return real(path, target)

        self._patched.setattr(Path, "rename", renaming)


@pytest.mark.parametrize("stage", [Cutter.open, Cutter.write, Cutter.sync, Cutter.rename])
@pytest.mark.parametrize("number", range(1, 7))
def test_a_power_cut_anywhere_is_resumed(
    box: Box,
    hub: PretendHub,
    monkeypatch: pytest.MonkeyPatch,
    stage: Callable[[Cutter], None],
    number: int,
) -> None:
    with monkeypatch.context() as patched:
        stage(Cutter(patched, number))
        with pytest.raises(PowerCutError):
            steps.run(box)
    for path in (box.identity, box.connection, box.clock, box.data / "bootstrap.json"):
        if path.exists():
            read(path)
    assert steps.run(box) == 0
    assert read(box.connection)["key"] == key(hub)
    assert stat.S_IMODE(box.connection.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"Serial\t\t: 00000000DEADBEEF\n", "00000000deadbeef"),
        (b"10000000c0ffee02\0", "10000000c0ffee02"),
        (b"0123456789abcdef0123456789abcdef\n", "0123456789abcdef0123456789abcdef"),
    ],
    ids=["cpuinfo", "device tree", "machine-id"],
)
def test_where_a_serial_number_comes_from(
    box: Box, tmp_path: Path, content: bytes, number: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    steps.run(replace(box, serial_sources=(MISSING, source)))
    assert read(box.identity)["serial_number"] == number


@pytest.mark.parametrize("content", [b"processor: 0\n", b"Serial\t: 0000000000000000\n", b""])
def test_no_serial_number_is_tried_again_later(
    box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    assert steps.run(replace(box, serial_sources=(source,))) == 1
    assert f"no serial number in {source}" in caplog.text
    assert not box.connection.exists()
    assert steps.run(box) == 0


@pytest.mark.parametrize(
    ("server_ahead_s", "reason"),
    [(3_600.0, "3600 s behind"), (-3_600.0, "3600 s ahead of"), (-90_000_000.0, "a time before")],
)
def test_a_wrong_clock_is_not_trusted(
    box: Box, hub: PretendHub, server_ahead_s: float, reason: str
) -> None:
    later = replace(box, built_at=datetime.now(UTC) - timedelta(days=365))
    hub.control.set_clock(server_ahead_s)
    assert steps.run(later) == 1
    clock = read(box.clock)
    assert clock["trusted"] is False
    assert clock["offset_s"] == pytest.approx(server_ahead_s, abs=1.0)
    assert reason in str(clock["reason"])
    assert box.connection.exists(), "only the cloud waits for the time"
    hub.control.set_clock(0.0)
    assert steps.run(later) == 0
    assert read(box.clock)["trusted"] is True


def test_a_clock_before_the_build_date_is_not_trusted(box: Box, hub: PretendHub) -> None:
    """A server that agrees with a wrong clock proves nothing."""
    built_at = datetime.now(UTC) + timedelta(days=30)
    assert steps.run(replace(box, built_at=built_at)) == 1
    assert "before the build date" in str(read(box.clock)["reason"])


def test_a_clock_before_the_last_known_time_is_not_trusted(box: Box) -> None:
    steps.run(box)
    known = {"utc": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    box.known_time.write_text(json.dumps(known))
    assert steps.run(box) == 1
    assert "before the last known time" in str(read(box.clock)["reason"])


def test_no_internet_costs_the_wait_and_no_more(box: Box, tmp_path: Path, hub: PretendHub) -> None:
    boot = tmp_path / "boot"
    boot.mkdir()
    given = read(hub.boot / "provision.json") | {"ntp_server": "127.0.0.1:1"}
    (boot / "provision.json").write_text(json.dumps(given))
    before = datetime.now(UTC)
    assert steps.run(replace(box, boot=boot, time_wait_s=0.3)) == 1
    assert datetime.now(UTC) - before < timedelta(seconds=1.0)
    assert read(box.clock) == {
        "trusted": False,
        "offset_s": None,
        "source": "system clock",
        "reason": "no answer from 127.0.0.1:1 in 0.3 s",
    }
    assert box.connection.exists()


def test_a_box_without_provisioning_starts(
    box: Box, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert steps.run(replace(box, boot=tmp_path / "empty")) == 1
    assert "works without a cloud until it is provisioned" in caplog.text
    assert read(box.clock)["trusted"] is False


def test_a_provisioned_box_may_lose_its_provision_file(box: Box, tmp_path: Path) -> None:
    steps.run(box)
    before = box.connection.read_bytes()
    steps.run(replace(box, boot=tmp_path / "empty"))
    assert box.connection.read_bytes() == before
