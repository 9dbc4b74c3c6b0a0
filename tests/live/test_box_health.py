"""What is wrong with the box itself is told while it goes on working: the whole box on the pretend wires."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.blackbox import files
from appliance.bus import CoreClient
from appliance.model import Snapshot
from simulator.wire import plugs
from tests.live.box import LiveBox, error_numbers

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBox]:
    folder = tmp_path_factory.mktemp("box")
    (folder / "data").mkdir()
    (folder / "data" / "store.sqlite").write_bytes(b"this is no database, " * 500)
    one = LiveBox(folder)
    try:
        yield one.start(without="gui,cloud")
    finally:
        one.stop()


def snapshot(box: LiveBox) -> Snapshot:
    client = CoreClient(box.run_folder, "ctl")
    try:
        status = client.status(3.0)
    finally:
        client.close()
    assert status is not None
    return status.snapshot


def test_wires_disk_store_and_update_are_told(box: LiveBox) -> None:
    box.wait(lambda status: 607 in error_numbers(status), 20)
    box.world.plug("bms", plugs.ERROR_FRAMES)
    box.world.plug("meter.grid", plugs.FLAKY)
    box.world.hold("stop", down=True)
    box.world.set("box_humidity_pct", 95.0)
    (box.folder / "data" / "update.json").write_text(
        json.dumps({"state": "failed", "version": "1.2.0", "reason": "no space left"})
    )
    box.wait(lambda status: {607, 609, 610, 611} <= set(error_numbers(status)), 60)
    status = box.status()
    said = {error["number"]: error["source"] for error in status["errors"]}
    assert said[607] == "store: store.sqlite.corrupt-1"
    assert said[609] == "update: 1.2.0: no space left"
    assert said[610].startswith("can0: ") and "error frames a minute" in said[610]
    assert said[611].startswith("grid meter: ")
    assert not {101, 606} & set(said), "the battery still answers, the disk has room"
    seen = snapshot(box)
    assert seen.board is not None and seen.board.buttons_pressed == ("stop",)
    assert seen.box is not None and seen.box.humidity_pct == pytest.approx(95.0, abs=2.0)
    assert seen.health is not None and seen.health.disk_free_bytes is not None


def test_the_black_box_has_it(box: LiveBox) -> None:
    names = list[str]()
    deadline_s = time.monotonic() + 30.0
    while not names and time.monotonic() < deadline_s:
        listed = json.loads(box.ctl("blackbox", "list", "--json").stdout)
        names = [one["name"] for one in listed if not one["being_written"]]
        time.sleep(0.5)
    out = box.folder / "exported.jsonl"
    done = box.ctl("blackbox", "export", names[0], "--out", str(out))
    assert done.returncode == 0, done.stderr
    replayed = box.command("appliance", "replay", "--site", str(box.site), str(out))
    count = len(out.read_text().splitlines())
    assert f"0 of {count} decisions differ" in replayed.stderr


def _being_written(folder: Path, about: int) -> str:
    """The recording that names this error; an earlier error's may still be going on."""
    deadline_s = time.monotonic() + 10.0
    while time.monotonic() < deadline_s:
        for entry in files.parts(folder):
            if entry.header and about in [error.number for error in entry.header.errors]:
                return entry.name
        time.sleep(0.02)
    raise AssertionError(f"nothing is written about {about}")


def test_a_core_that_is_killed_leaves_a_recording_that_is_named_at_the_next_start(
    box: LiveBox,
) -> None:
    folder: Path = box.folder / "data" / "blackbox"
    box.world.plug("inverter", plugs.SILENT)
    box.wait(lambda status: 201 in error_numbers(status), 20)
    name = _being_written(folder, about=201)
    box.kill("core")
    box.world.plug("inverter", plugs.IN)
    box.wait(lambda status: status["uptime_s"] < 10.0, 20)
    box.wait(lambda _status: (folder / f"{name}.jsonl.gz").exists(), 10)
    listed = json.loads(box.ctl("blackbox", "list", "--json").stdout)
    (found,) = [one for one in listed if one["name"] == name]
    assert found["whole"] is False
    assert 201 in [error["number"] for error in found["errors"]]
