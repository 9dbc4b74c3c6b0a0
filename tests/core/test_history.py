"""What the store keeps of errors, telemetry and limits: over restarts, within bounds, for whoever asks."""

import io
import json
import sqlite3
import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest

from appliance.__main__ import main
from appliance.arguments import command_line
from appliance.config import load_site
from appliance.ctl import history
from appliance.model import ActiveError, Severity, SystemInfo
from appliance.site import SiteSettings, Storage
from appliance.store import FILE_NAME, Durable, ErrorRecord, History, Outbox, Store, set_aside_files
from appliance.store.outbox import LOOK_EVERY
from tests.stories import HOME, NOON

MINUTE = timedelta(minutes=1)


def error(
    number: int = 301, minute: int = 0, by: str | None = None, words: str = ""
) -> ActiveError:
    source = "meter grid" + (f": {words}" if words else "")
    return ActiveError(
        number, source, Severity.ERROR, "Silent", "Look", (), NOON + minute * MINUTE,
        acknowledged_by=by,
    )  # fmt: skip


def one_run(path: Path, *rounds: Sequence[ActiveError]) -> list[ErrorRecord]:
    """A core's run: these errors are raised, minute by minute; what is then known."""
    store = Store(path)
    store.errors.end_run()
    for minute, errors in enumerate(rounds):
        store.errors.note(tuple(errors), NOON + minute * MINUTE)
    store.close()
    return History(path).errors()


# ---------------------------------------------------------------- errors


def test_an_error_has_its_times_its_count_and_who_has_seen_it(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    again = error(minute=4)
    newest, oldest = one_run(
        path, [error()], [error()], [error(by="touchscreen")], [], [again], [again]
    )
    assert (oldest.state, oldest.since_at, oldest.cleared_at) == (
        "cleared",
        NOON,
        NOON + 3 * MINUTE,
    )
    assert (oldest.acknowledged_by, oldest.acknowledged_at) == ("touchscreen", NOON + 2 * MINUTE)
    assert (oldest.number, oldest.source, oldest.severity, oldest.count) == (
        301,
        "meter grid",
        "error",
        1,
    )
    assert (newest.state, newest.count, newest.first_at) == ("raised", 2, NOON)
    assert newest.id > oldest.id
    assert newest.acknowledged_by is None


def test_two_sources_of_one_number_are_two_and_words_make_no_other(tmp_path: Path) -> None:
    other = msgspec.structs.replace(error(), source="meter pv")
    found = one_run(
        tmp_path / FILE_NAME, [error(words="late"), other], [error(words="dead"), other]
    )
    assert [(one.source, one.count) for one in found] == [("meter pv", 1), ("meter grid: late", 1)]


def test_what_was_raised_when_the_core_died_has_not_cleared(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    one_run(path, [error()])
    newest, oldest = one_run(path, [], [error(minute=1)])
    assert (oldest.state, oldest.cleared_at, oldest.count) == ("not cleared", None, 1)
    assert (newest.state, newest.count, newest.first_at) == ("raised", 2, NOON)


def test_a_latched_error_goes_on_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    latched = error(401)
    one_run(path, [latched])
    (only,) = one_run(path, [latched], [msgspec.structs.replace(latched, acknowledged_by="ctl")])
    assert (only.state, only.count, only.acknowledged_by) == ("raised", 1, "ctl")
    (only,) = one_run(path, [latched], [])
    assert (only.state, only.cleared_at) == ("cleared", NOON + MINUTE)


def test_a_recorder_that_was_started_again_goes_on(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    one_run(path, [error()])
    store = Store(path)
    (only,) = History(path).errors()
    assert only.state == "raised"
    store.errors.note((error(),), NOON + MINUTE)
    store.errors.note((), NOON + 2 * MINUTE)
    store.close()
    (only,) = History(path).errors()
    assert (only.state, only.count, only.last_at) == ("cleared", 1, NOON + 2 * MINUTE)


def test_old_occurrences_go_and_those_still_raised_stay(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    store = Store(path, Storage(error_occurrences=1_000))
    always = error(101)
    store.begin()
    for minute in range(1_400):
        store.errors.note((always, error(minute=2 * minute)), NOON + 2 * minute * MINUTE)
        store.errors.note((always,), NOON + (2 * minute + 1) * MINUTE)
    store.commit()
    store.close()
    found = History(path).errors()
    assert found[-1].number == 101
    assert found[-1].state == "raised"
    assert 1_000 <= len(found) <= 1_101
    assert found[0].count == 1_400, "the count outlives the occurrences"


# ---------------------------------------------------------------- bounds


def test_a_week_of_telemetry_waits_and_beyond_the_bound_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    store = Store(path, Storage(outbox_records=60_480))
    store.begin()
    for number in range(60_480):
        store.enqueue("k", NOON, str(number).encode())
    store.commit()
    outbox = Outbox(path)
    assert outbox.depth() == 60_480
    assert outbox.next_batch(1)[0].body == b"0"
    store.begin()
    for number in range(60_480, 61_480):
        store.enqueue("k", NOON, str(number).encode())
    store.commit()
    assert 60_480 <= outbox.depth() < 60_480 + LOOK_EVERY
    oldest = int(outbox.next_batch(1)[0].body)
    assert 1_000 - LOOK_EVERY < oldest <= 1_000
    with sqlite3.connect(path) as database:
        lines = database.execute("SELECT text FROM journal WHERE kind = 'dropped'").fetchall()
    database.close()
    assert sum(int(text.split()[0]) for (text,) in lines) == oldest
    store.close()
    outbox.close()


def test_bytes_are_bounded_too_also_after_a_restart_and_a_drain(tmp_path: Path) -> None:
    path, bounds = tmp_path / FILE_NAME, Storage(outbox_bytes=10_000_000)
    random = Random(1)
    outbox = None
    for _ in range(3):
        store = Store(path, bounds)
        outbox = outbox or Outbox(path)
        store.begin()
        for _ in range(2 * LOOK_EVERY):
            store.enqueue("k", NOON, bytes(random.randrange(20_000, 40_000)))
        store.commit()
        store.close()
        held = sum(len(one.body) for one in outbox.next_batch(10_000))
        assert 10_000_000 - 40_000 <= held <= 10_000_000
        outbox.delete_through(outbox.next_batch(20)[-1].seq)
    assert outbox is not None
    outbox.delete_through(10**9)
    store = Store(path, bounds)
    store.enqueue("k", NOON, b"one")
    assert store._waiting.drop_excess() == 0
    assert outbox.depth() == 1
    store.close()
    outbox.close()


def test_one_record_larger_than_the_bound_stays_until_a_newer_comes(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME, Storage(outbox_bytes=10_000_000))
    for number in range(2):
        store.enqueue(str(number), NOON, bytes(11_000_000))
    assert store._waiting.drop_excess() == 1
    outbox = Outbox(tmp_path / FILE_NAME)
    assert [one.kind for one in outbox.next_batch(9)] == ["1"]
    store.close()
    outbox.close()


def test_the_journal_is_bounded(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME, Storage(journal_lines=1_000))
    store.begin()
    for number in range(3_100):
        store.write("k", NOON, str(number))
    store.commit()
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        lines = [int(text) for (text,) in database.execute("SELECT text FROM journal ORDER BY id")]
    database.close()
    assert lines == list(range(lines[0], 3_100))
    assert 1_000 <= len(lines) < 1_500


def test_limits_are_kept_for_so_many_days_whatever_the_clock_says(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME, Storage(limit_days=31))
    for day in range(60):
        name = f"{NOON + timedelta(days=day):%Y-%m-%d}"
        store.add_limit_seconds([(name, "soc", 10.0), (name, "none", 5.0)])
        store.add_limit_seconds([(name, "soc", 2.5)])
    store.add_limit_seconds([("2099-01-01", "soc", 1.0)])
    store.close()
    days = History(tmp_path / FILE_NAME).limits(1_000)
    assert len(days) == 31
    assert days[0].day == "2099-01-01"
    assert days[-1].day == "2026-07-21"
    assert days[1].seconds == {"soc": 12.5, "none": 5.0}


# ---------------------------------------------------------------- rounds and restarts


def test_a_round_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / FILE_NAME)
    store.begin()
    store.write("k", NOON, "lost")
    store.roll_back()
    store.begin()
    store.write("k", NOON, "kept")
    store.commit()
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        assert database.execute("SELECT text FROM journal").fetchall() == [("kept",)]
    database.close()


def test_the_disk_is_asked_three_times_a_second_at_most_and_at_once_for_what_must_survive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: list[float] = []
    now_s = 0.0
    monkeypatch.setattr("appliance.store.writing.sync_log", lambda _path: syncs.append(now_s))
    store = Store(tmp_path / FILE_NAME)
    for tenth in range(101):
        now_s = tenth / 10.0
        store.begin()
        if tenth < 50 or tenth == 80:
            store.write("k", NOON, "line")
        if tenth == 81:
            store.remember(Durable(mode="passive"))
        store.commit()
        store.settle(now_s)
    *busy, line, urgent = syncs
    assert (line, urgent) == (8.0, 8.1), "what could not wait"
    assert 4.9 <= busy[-1] <= 5.3, "what was owed when nothing more came"
    assert all(0.29 < after - before < 0.45 for before, after in pairwise(busy))
    store.close()


def test_a_store_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, "
            "kind TEXT NOT NULL, body BLOB NOT NULL)"
        )
        database.execute(
            "INSERT INTO outbox (at, kind, body) VALUES (?, 'k', x'61')", (NOON.isoformat(),)
        )
    database.close()
    store, outbox = Store(path), Outbox(path)
    store.enqueue("k", NOON, b"b")
    assert [one.body for one in outbox.next_batch(9)] == [b"a", b"b"]
    store.close()
    outbox.close()


def test_only_the_last_corrupt_stores_are_kept(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / FILE_NAME).write_bytes(f"rubbish {number} ".encode() * 500)
        Store(tmp_path / FILE_NAME).close()
        (tmp_path / FILE_NAME).unlink()
    assert set(set_aside_files(tmp_path)) == {f"{FILE_NAME}.corrupt-{n}" for n in (10, 11, 12)}


# ---------------------------------------------------------------- ctl


def ask(site: SiteSettings, *words: str) -> tuple[int, str]:
    chosen: Namespace = command_line().parse_args(["ctl", *words])
    out = io.StringIO()
    return history.run(chosen, site, out), out.getvalue()


@pytest.fixture
def site(tmp_path: Path) -> SiteSettings:
    file = tmp_path / "site.toml"
    file.write_text(HOME.read_text().replace("build/run/", f"{tmp_path}/"))
    return load_site(file)


def test_a_box_that_has_not_run_has_nothing_to_tell(
    site: SiteSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(site, "info") == (1, "")
    assert "has not run yet" in capsys.readouterr().err


def test_ctl_tells_the_history_while_the_core_is_down(site: SiteSettings) -> None:
    path = Path(site.data_folder) / FILE_NAME
    one_run(path, [error()], [], [error(minute=2, by="cloud")])
    code, text = ask(site, "errors", "--all", "--json")
    assert code == 0
    newest, oldest = json.loads(text)
    assert (newest["number"], newest["source"], newest["severity"], newest["title"]) == (
        301, "meter grid", "error", "Silent",
    )  # fmt: skip
    assert (newest["state"], oldest["state"]) == ("not cleared", "cleared")
    assert newest["acknowledged_by"] == "cloud"
    _, text = ask(site, "errors", "--all")
    assert "2 error    301 meter grid: Silent (2026-06-21 12:02:00" in text
    assert "time 2 since 2026-06-21, seen by cloud" in text


def test_ctl_tells_info_and_limits(site: SiteSettings) -> None:
    store = Store(Path(site.data_folder) / FILE_NAME)
    info = SystemInfo(
        firmware_version="1.2",
        starts=3,
        charged_wh=12_345.0,
        rack_closings={2: 4},
        contactor_closings=4,
    )
    store.remember_info(info)
    store.add_limit_seconds(
        [
            ("2026-06-21", "soc", 5_400.0),
            ("2026-06-21", "none", 3_600.0),
            ("2026-06-21", "unseen", 9.0),
        ]
    )
    store.close()
    _, text = ask(site, "info", "--json")
    assert msgspec.json.decode(text, type=SystemInfo) == info
    _, text = ask(site, "info")
    assert "charged 12.35 kWh" in text
    assert "closed 4 times (rack 2: 4)" in text
    _, text = ask(site, "limits", "--days", "3", "--json")
    assert json.loads(text) == {"days": [
        {"day": "2026-06-21", "seen_s": 9_000.0, "unseen_s": 9.0, "free_s": 3_600.0, "limits_s": {"soc": 5_400.0}}
    ]}  # fmt: skip
    assert ask(site, "limits")[1].startswith("2026-06-21  soc 1.50 h, no limit 1.00 h")


def test_the_command_line_leads_there(
    site: SiteSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(Path(site.data_folder) / FILE_NAME).close()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    for words in (("errors", "--all"), ("info",), ("limits",)):
        assert main(["ctl", *words, "--site", str(tmp_path / "site.toml")]) == 0
    assert "no errors were ever raised" in out.getvalue()
