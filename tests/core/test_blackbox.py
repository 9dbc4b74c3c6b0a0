"""The black box: what is around an error is on disk, whole, in time and within its room."""

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.__main__ import main
from appliance.blackbox import BlackBox, files
from appliance.errors import ROWS
from appliance.model import ActiveError, Decision, Moment, Recorded, Snapshot
from appliance.site.blackbox import BlackBox as Settings
from tests.stories import HOME, NOON, Story, seen

SHORT = Settings(before_s=20.0, after_s=5.0)
DECISION = Story().running().last


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Syncing takes long where many tests run at once, and shows nothing here."""
    monkeypatch.setattr(os, "fdatasync", lambda _file: None)
    monkeypatch.setattr(os, "fsync", lambda _file: None)


def raised(number: int, at: datetime, source: str = "it") -> ActiveError:
    row = ROWS[number]
    return ActiveError(
        number=number, source=source, severity=row.severity, title=row.title, remedy=row.remedy,
        effects=row.effects, since_at=at,
    )  # fmt: skip


class Cycles:
    """Cycles at one rate, with whatever errors are raised; time goes on from call to call."""

    def __init__(self, box: BlackBox, hz: float = 10.0) -> None:
        self.box, self.hz = box, hz
        self.now_s = 1_000.0
        self.errors: tuple[ActiveError, ...] = ()
        self.count = 0

    @property
    def utc(self) -> datetime:
        return NOON + timedelta(seconds=self.now_s)

    def run(self, seconds: float, *, look_s: float = 0.2) -> "Cycles":
        looked_s = self.now_s
        for _ in range(round(seconds * self.hz)):
            self.now_s += 1.0 / self.hz
            self.count += 1
            self.box.add(self.moment())
            if self.now_s - looked_s >= look_s:
                looked_s = self.now_s
                self.box.look(self.now_s)
        return self

    def moment(self) -> Moment:
        decision = msgspec.structs.replace(
            DECISION, cycle=self.count, now_s=self.now_s, utc=self.utc, errors=self.errors
        )
        return Moment(seen(self.now_s), decision)

    def error(self, *numbers: int) -> "Cycles":
        """Raise these in the next cycle; without any, all are gone."""
        at = NOON + timedelta(seconds=self.now_s + 1.0 / self.hz)
        self.errors = tuple(raised(number, at) for number in numbers)
        return self


def cycles(path: Path) -> list[int]:
    with gzip.open(path, "rb") as file:
        lines = [msgspec.json.decode(text, type=Recorded) for text in file]
    return [one.decision.cycle for one in lines if one.decision]


def recordings(folder: Path) -> list[files.Entry]:
    return files.entries(folder)


def header(entry: files.Entry) -> files.Header:
    assert entry.header is not None
    return entry.header


def numbers(entry: files.Entry) -> list[int]:
    return [error.number for error in header(entry).errors]


@pytest.mark.parametrize("hz", [10.0, 50.0])
def test_every_cycle_before_and_after_an_error_is_kept_whatever_the_rate(
    tmp_path: Path, hz: float
) -> None:
    site = Cycles(BlackBox(tmp_path, SHORT, "home"), hz).run(60.0)
    at = site.count + 1
    site.error(301).run(6.0)
    (entry,) = recordings(tmp_path)
    kept = cycles(entry.path)
    assert kept == list(range(kept[0], kept[-1] + 1)), "a cycle is missing"
    assert kept[0] <= at - 20.0 * hz
    assert at + 4.9 * hz <= kept[-1] <= at + 5.3 * hz
    assert kept[0] >= at - 60.0 * hz
    assert entry.name == "20260621T121740-error-301"
    told = header(entry)
    assert (told.site, told.whole, told.cycles) == ("home", True, len(kept))
    assert told.ended_at - told.began_at == timedelta(seconds=(len(kept) - 1) / hz)
    assert entry.size == told.size
    assert not files.parts(tmp_path)


def test_errors_that_follow_within_the_minute_are_in_the_same_file(tmp_path: Path) -> None:
    site = Cycles(BlackBox(tmp_path, SHORT)).run(30.0)
    site.error(301).run(4.0).error(301, 402).run(4.0).error(402).run(4.0)
    (entry,) = recordings(tmp_path)
    assert numbers(entry) == [301, 402]
    assert cycles(entry.path)[-1] >= 340 + 49, "extended by the second"


def test_an_error_that_is_there_at_the_first_cycle_is_old_unless_it_was_raised_in_it(
    tmp_path: Path,
) -> None:
    old = Cycles(BlackBox(tmp_path, SHORT))
    old.errors = (raised(401, NOON),)
    old.run(10.0)
    assert not recordings(tmp_path)
    Cycles(BlackBox(tmp_path, SHORT)).error(301).run(10.0)
    assert [numbers(entry) for entry in recordings(tmp_path)] == [[301]]


def test_a_warning_is_recorded_once_an_hour(tmp_path: Path) -> None:
    site = Cycles(BlackBox(tmp_path, SHORT), hz=2.0)
    for _ in range(20):
        site.run(30.0).error(302).run(30.0).error()
    assert len(recordings(tmp_path)) == 1
    site.run(3_000.0).error(302).run(10.0)
    assert len(recordings(tmp_path)) == 2


def test_a_flapping_error_is_recorded_every_time_but_no_second_twice(tmp_path: Path) -> None:
    site = Cycles(BlackBox(tmp_path, SHORT))
    for _ in range(3):
        site.run(10.0).error(301).run(6.0).error()
    first, second, third = recordings(tmp_path)
    whole = [*cycles(first.path), *cycles(second.path), *cycles(third.path)]
    assert whole == list(range(whole[0], whole[-1] + 1))
    assert header(first).continues is None
    assert header(second).continues == first.name
    assert header(third).continues == second.name
    site.run(10.0).error(202).run(6.0)
    other = recordings(tmp_path)[-1]
    assert header(other).continues is None, "another error: complete"
    assert len(cycles(other.path)) >= 250


def test_a_flapping_error_is_recorded_in_full_once_an_hour(tmp_path: Path) -> None:
    site = Cycles(BlackBox(tmp_path, Settings(before_s=1_000.0, after_s=5.0)), hz=0.5).run(1_000.0)
    for _ in range(12):
        site.error(301).run(6.0).error().run(594.0)
    found = recordings(tmp_path)
    full = [place for place, entry in enumerate(found) if header(entry).continues is None]
    assert (len(found), full) == (12, [0, 6])
    assert [len(cycles(found[place].path)) > 500 for place in full] == [True, True]


def test_a_chain_of_errors_without_end_becomes_several_files(tmp_path: Path) -> None:
    site = Cycles(BlackBox(tmp_path, SHORT), hz=2.0).run(30.0)
    for _ in range(225):
        site.error(301).run(2.0).error(301, 202).run(2.0)
    site.run(10.0)
    first, second = recordings(tmp_path)
    assert header(first).more_errors > 100
    both = header(first).ended_at - header(first).began_at
    assert timedelta(seconds=900) < both < timedelta(seconds=930)
    assert numbers(second) == [202], "the last error has its own minute after it"
    assert header(second).continues == first.name
    kept = [*cycles(first.path), *cycles(second.path)]
    assert kept == list(range(kept[0], kept[-1] + 1))
    assert kept[-1] >= site.count - 2 * 8


def test_what_is_held_in_memory_is_bounded_in_bytes_and_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = BlackBox(tmp_path, Settings(before_s=60.0))
    site = Cycles(box, hz=50.0).run(300.0)
    assert 60.0 <= box.held_s <= 75.0
    held = box.held_bytes
    monkeypatch.setattr("appliance.blackbox.memory.MEMORY_BYTES", held // 3)
    site.run(30.0)
    assert box.held_bytes <= held // 3
    assert box.held_s < 30.0
    site.error(301).run(61.0)
    (entry,) = recordings(tmp_path)
    assert header(entry).ended_at - header(entry).began_at < timedelta(seconds=91)


def test_no_round_takes_long_and_no_piece_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[int] = []
    append = files.Part.append

    def measured(self: files.Part, data: bytes, told: files.Header) -> None:
        pieces.append(len(data))
        append(self, data, told)

    monkeypatch.setattr(files.Part, "append", measured)
    monkeypatch.setattr("appliance.blackbox.SLICE_BYTES", 50_000)
    site = Cycles(BlackBox(tmp_path, Settings(before_s=100.0, after_s=5.0)), hz=50.0).run(120.0)
    assert pieces == []
    site.error(301).run(8.0)
    assert max(pieces) <= 60_000
    assert len(pieces) > 6
    assert len(recordings(tmp_path)) == 1


def test_the_box_ends_before_the_minute_is_over(tmp_path: Path) -> None:
    box = BlackBox(tmp_path, SHORT)
    site = Cycles(box).run(30.0).error(301).run(2.3)
    box.close()
    (entry,) = recordings(tmp_path)
    assert not header(entry).whole
    assert cycles(entry.path)[-1] == site.count == 323
    box.close()
    assert len(recordings(tmp_path)) == 1


def test_killed_in_between_what_was_written_is_named_at_the_next_start(tmp_path: Path) -> None:
    Cycles(BlackBox(tmp_path, SHORT)).run(30.0).error(301).run(3.0)
    (part,) = files.parts(tmp_path)
    with part.path.open("ab") as file:
        file.write(b"\x1f\x8b\x08\x04 and then the power was cut")
    assert not recordings(tmp_path)
    BlackBox(tmp_path, SHORT).look(0.0)
    (entry,) = recordings(tmp_path)
    kept = cycles(entry.path)
    assert kept == list(range(kept[0], kept[-1] + 1))
    assert kept[-1] >= 310
    assert not header(entry).whole
    assert numbers(entry) == [301]
    assert not files.parts(tmp_path)


def test_cut_at_any_byte_a_recording_is_whole_or_gone(tmp_path: Path) -> None:
    Cycles(BlackBox(tmp_path, SHORT)).run(25.0).error(301).run(4.0)
    (part,) = files.parts(tmp_path)
    content = part.path.read_bytes()
    for size in (0, 10, 4_095, 4_096, 4_100, len(content) // 2, len(content) - 1, len(content)):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / part.path.name).write_bytes(content[:size])
        for path in files.recover(folder):
            kept = cycles(path)
            assert kept == list(range(kept[0], kept[-1] + 1))
        assert not files.parts(folder)
        assert len(recordings(folder)) == (size >= len(content) - 1)
    torn = tmp_path / "torn"
    torn.mkdir()
    (torn / part.path.name).write_bytes(content[:100] + bytes(3_000) + content[3_100:])
    (path,) = files.recover(torn)
    assert path.exists()


def test_the_oldest_go_first_but_critical_ones_are_kept(tmp_path: Path) -> None:
    def recording(day: int, number: int) -> None:
        at = datetime(2026, 1, day, tzinfo=UTC)
        told = files.Header(
            site="", version="", errors=(files.Named.of(raised(number, at)),), began_at=at, ended_at=at
        )  # fmt: skip
        part = files.Part(tmp_path, f"{at:%Y%m%dT%H%M%S}-error-{number}", told)
        part.append(os.urandom(96_000), told)
        part.finish(told)

    for day, number in enumerate((401, 302, 301, 123, 302), start=1):
        recording(day, number)
    assert files.make_room(tmp_path, 510_000, 100_000, 0)
    assert [entry.name[6:8] for entry in recordings(tmp_path)] == ["01", "03", "04", "05"]
    assert files.make_room(tmp_path, 410_000, 100_000, 0)
    assert [entry.name[6:8] for entry in recordings(tmp_path)] == ["01", "04", "05"]
    recording(6, 112)
    assert files.make_room(tmp_path, 410_000, 100_000, 0)
    assert [entry.name[6:8] for entry in recordings(tmp_path)] == ["04", "05", "06"], (
        "critical ones hold more than half: their oldest goes"
    )
    assert not files.make_room(tmp_path, 90_000, 100_000, 0)


def test_a_disk_that_is_nearly_full_is_left_to_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = BlackBox(tmp_path, SHORT)
    site = Cycles(box).run(30.0).error(301).run(6.0).error()
    before = recordings(tmp_path)[0].path
    free = 70_000_000

    def told(_path: Path) -> os.statvfs_result:
        return os.statvfs_result((1, 1, 10**9, free, free, 0, 0, 0, 0, 255))

    monkeypatch.setattr(os, "statvfs", told)
    site.run(30.0).error(202).run(6.0).error()
    assert before.exists()
    free = 63_000_000
    site.run(30.0).error(402).run(6.0).error()
    assert [numbers(entry) for entry in recordings(tmp_path)] == [[402]]
    free = 15_000_000
    site.run(30.0).error(101).run(6.0)
    assert recordings(tmp_path) == []
    assert files.parts(tmp_path) == []


def test_recordings_stay_within_their_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = BlackBox(tmp_path, SHORT)
    monkeypatch.setattr(box, "_budget", 150_000)
    site = Cycles(box)
    for number in (301, 402, 202, 101, 201, 102):
        site.run(30.0).error(number).run(6.0).error()
        total = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert total <= 150_000
    assert recordings(tmp_path)[-1].name.endswith("102")


def test_what_was_written_in_vain_is_not_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = files.Header(site="", version="", errors=(), began_at=NOON, ended_at=NOON)
    part = files.Part(tmp_path, "one", told)
    member = gzip.compress(b"whole\n")
    part.append(member, told)

    def broken(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing, pytest.raises(OSError, match="Input"):
        failing.setattr(os, "fdatasync", broken)
        part.append(b"half a member", told)
    path = part.finish(told)
    assert gzip.decompress(path.read_bytes()) == b"whole\n"
    assert path.stat().st_size == files.HEADER_BYTES + len(member)


def test_one_recording_takes_no_more_than_half_of_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = BlackBox(tmp_path, Settings(before_s=5.0, after_s=60.0))
    monkeypatch.setattr(box, "_budget", 40_000)
    Cycles(box, hz=50.0).run(5.0).error(301).run(59.0)
    (entry,) = recordings(tmp_path)
    assert 20_000 < entry.size < 30_000


def test_a_full_disk_costs_an_older_recording_and_never_the_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = BlackBox(tmp_path, SHORT)
    site = Cycles(box).run(30.0).error(301).run(6.0).error()
    pwrite = os.pwrite

    def full(file: int, data: bytes, at: int) -> int:
        if at >= files.HEADER_BYTES and files.entries(tmp_path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(file, data, at)

    monkeypatch.setattr(os, "pwrite", full)
    site.run(30.0).error(202).run(6.0).error()
    monkeypatch.setattr(os, "pwrite", pwrite)
    (entry,) = recordings(tmp_path)
    assert numbers(entry) == [202]
    assert header(entry).cycles == len(cycles(entry.path))

    def broken(_file: int, _data: bytes, _at: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwrite", broken)
    site.run(30.0).error(101).run(6.0)
    assert len(recordings(tmp_path)) == 1
    assert not files.parts(tmp_path)


def test_there_are_not_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 3)
    site = Cycles(BlackBox(tmp_path, SHORT))
    for number in (301, 402, 202, 101, 201):
        site.run(30.0).error(number).run(6.0).error()
    assert [numbers(entry) for entry in recordings(tmp_path)] == [[202], [101], [201]]


def recorded(folder: Path) -> Path:
    """A run of the real cycle with an error in it, as its own black box has it."""
    story = Story().running()
    box = BlackBox(folder / "blackbox", SHORT, "Nordhavn 3")
    for number in range(300):
        story.now_s += 0.1
        silent = {"grid": None} if 150 <= number < 180 else {}
        snapshot = seen(story.now_s, memory=story.cycle.memory, **silent)
        box.add(Moment(snapshot, story.cycle.step(snapshot)))
        box.look(story.now_s)
    box.close()
    (entry,) = recordings(folder / "blackbox")
    return entry.path


def site_file(folder: Path) -> Path:
    path = folder / "site.toml"
    path.write_text(HOME.read_text().replace("build/run/data", str(folder)))
    return path


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_an_exported_recording_replays_without_a_difference(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = recorded(tmp_path).name.removesuffix(".jsonl.gz")
    out = tmp_path / f"exported{ending}"
    asks = ["--site", str(site_file(tmp_path)), "blackbox", "export", name, "--out", str(out)]
    assert main(["ctl", *asks]) == 0
    assert str(out) in capsys.readouterr().out
    assert main(["replay", "--site", str(HOME), str(out)]) == 0
    shown = capsys.readouterr()
    decisions = [msgspec.json.decode(text, type=Decision) for text in shown.out.splitlines()]
    assert len(decisions) > 200
    assert f"\n0 of {len(decisions)} decisions differ" in f"\n{shown.err}"
    assert any(error.number == 301 for one in decisions for error in one.errors)


def test_the_list_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asks = ["ctl", "blackbox", "list", "--site", str(site_file(tmp_path))]
    assert main(asks) == 0
    assert "no recordings in" in capsys.readouterr().out
    path = recorded(tmp_path)
    assert main(asks) == 0
    text = capsys.readouterr().out
    assert "301 grid meter: Grid meter does not answer" in text
    assert main([*asks, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["name"] == path.name.removesuffix(".jsonl.gz")
    assert told["bytes"] == path.stat().st_size
    assert [error["number"] for error in told["errors"]] == [301]
    assert told["whole"] is True


def test_a_name_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asks = ["ctl", "--site", str(site_file(tmp_path)), "blackbox", "export"]
    assert main([*asks, "other"]) == 2
    assert "there are none" in capsys.readouterr().err
    path = recorded(tmp_path)
    assert main([*asks, "other"]) == 2
    assert path.name.removesuffix(".jsonl.gz") in capsys.readouterr().err
    assert main([*asks, path.name, "--out", str(path)]) == 2
    path.write_bytes(path.read_bytes()[:-5])
    assert main([*asks, path.name, "--out", str(tmp_path / "half.jsonl")]) == 1


KILLED = """
import sys
from pathlib import Path
from appliance.blackbox import BlackBox
from tests.core.test_blackbox import SHORT, Cycles
site = Cycles(BlackBox(Path(sys.argv[1]), SHORT)).run(30.0).error(301)
while True:
    site.run(2.0)
    site.error(*((301, 402) if len(site.errors) == 1 else (301,)))
    print(site.count, flush=True)
"""


def test_killed_at_any_moment_the_recording_is_whole(tmp_path: Path) -> None:
    for number in range(2):
        folder = tmp_path / str(number)
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.01 * number)
            process.send_signal(signal.SIGKILL)
        BlackBox(folder, SHORT).look(0.0)
        (entry, *_) = recordings(folder)
        kept = cycles(entry.path)
        assert kept == list(range(kept[0], kept[-1] + 1))
        assert 301 in numbers(entry)
        assert not files.parts(folder)


def test_a_moment_without_readings_is_kept_too(tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    box.add(Moment(Snapshot(now_s=1.0, utc=NOON), DECISION))
    assert cycles(box.freeze("by-hand")) == [DECISION.cycle]


def test_a_recording_that_is_being_written_is_listed_but_not_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asks = ["ctl", "--site", str(site_file(tmp_path)), "blackbox"]
    Cycles(BlackBox(tmp_path / "blackbox", SHORT)).run(5.0).error(301).run(2.0)
    assert main([*asks, "list"]) == 0
    assert "(being written)" in capsys.readouterr().out
    assert main([*asks, "list", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["being_written"] is True
    assert main([*asks, "export", told["name"]]) == 2
    assert "still being written" in capsys.readouterr().err
