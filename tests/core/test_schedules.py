"""Charge schedules: who may put them, what is refused, when entries end, and that a restart loses nothing."""

from math import nan
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.answers.external import MOST_ENTRIES
from appliance.clock import SystemClock
from appliance.model import (
    ClearSchedule,
    Moment,
    PutSchedule,
    Request,
    Schedule,
    ScheduleEntry,
    Snapshot,
)
from appliance.recall import remembered, starting_memory
from appliance.store import FILE_NAME, Store
from appliance.store.notebook import Notebook
from tests.modes.houses import after, entry, house, story
from tests.stories import NOON, Story, seen

HOUR = 3_600.0


def box(**settings: Any) -> Story:
    """External control in use; its clock shows NOON and some 100 s."""
    return story(house(external_control=settings))


def sources(one: Story) -> list[str]:
    return [schedule.source for schedule in one.cycle.memory.schedules]


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize(
    ("by", "source", "put", "clear"),
    [
        ("cloud", "cloud", True, True),
        ("cloud", "local", False, False),
        ("ctl", "local", True, True),
        ("touchscreen", "local", True, True),
        ("modbus", "local", True, True),
        ("rest", "local", True, True),
        ("ctl", "cloud", False, True),
        ("touchscreen", "cloud", False, True),
        ("modbus", "cloud", False, False),
        ("button", "local", False, False),
        ("", "local", False, False),
        ("ctl", "elsewhere", False, False),
    ],
)
def test_who_may_change_whose(by: str, source: str, put: bool, clear: bool) -> None:
    one = box()
    entries = (entry(HOUR, 2 * HOUR, 1_000.0),)
    assert one.ask(PutSchedule(source, entries), by).ok is put
    one = box()
    one.ask(PutSchedule("cloud", entries), "cloud")
    one.ask(PutSchedule("local", entries), "ctl")
    assert one.ask(ClearSchedule(source), by).ok is clear
    left = {"cloud", "local"} - ({source} if clear else set())
    assert set(sources(one)) == left


def test_the_reason_says_whose_it_is() -> None:
    one, entries = box(), (entry(HOUR, 2 * HOUR, 1_000.0),)
    assert one.ask(PutSchedule("local", entries), "cloud").reason == (
        "the local schedule belongs to those on site; the cloud has one of its own"
    )
    assert one.ask(PutSchedule("cloud", entries), "ctl").reason == (
        "the cloud's schedule comes from the cloud alone; somebody on site may clear it"
    )
    assert one.ask(ClearSchedule("local"), "ctl").reason == "there is no local schedule"


# ------------------------------------------------------------------ what is refused


def put(one: Story, *entries: ScheduleEntry) -> tuple[bool, str]:
    answer = one.ask(PutSchedule("local", entries))
    return answer.ok, answer.reason


def test_every_mistake_is_named_and_nothing_changes() -> None:
    one = box()
    assert put(one, entry(HOUR, 2 * HOUR, 500.0))[0]
    before = one.cycle.memory.schedules
    ok, reason = put(
        one,
        entry(2 * HOUR, HOUR, 100.0),
        entry(-HOUR, 50.0, 100.0),
        entry(3 * HOUR, 5 * HOUR, 9_000.0, -3_001.0),
        entry(4 * HOUR, 6 * HOUR, nan),
        entry(7 * HOUR, 8 * HOUR),
        ScheduleEntry(after(0.0).replace(tzinfo=None), after(9.0).replace(tzinfo=None), 1.0),
    )
    assert not ok
    assert reason.split("; ") == [
        "entries.0.end_at = 2026-06-21T13:00:00+00:00 must be after "
        "start_at = 2026-06-21T14:00:00+00:00",
        "entries.1.end_at = 2026-06-21T12:00:50+00:00 is in the past",
        "entries.2.power_w = 9000 must be between -5000 and 5000",
        "entries.2.reactive_var = -3001 must be between -3000 and 3000",
        "entries.3.power_w = nan must be between -5000 and 5000",
        "entries.4.power_w and reactive_var: one of them is needed",
        "entries.5.start_at, end_at = 2026-06-21T12:00:09: a time zone is needed",
        "entries.3 overlaps entries.2",
    ]
    assert one.cycle.memory.schedules is before


def test_a_schedule_that_nobody_follows_is_told() -> None:
    entries = (entry(HOUR, 2 * HOUR, 1_000.0),)
    told = "local schedule: 1 entry, 2026-06-21 13:00Z to 2026-06-21 14:00Z"
    assert box().ask(PutSchedule("local", entries)).reason == told
    idle = story(house(self_consumption={}))
    answer = idle.ask(PutSchedule("local", entries))
    assert answer.ok, "it may be put before the mode is chosen"
    assert answer.reason == (
        f"{told}; it is followed once external_control is in use or beside self_consumption"
    )
    assert box(follows_schedule=False).ask(PutSchedule("local", entries)).reason == (
        f"{told}; it is not followed: modes.external_control.follows_schedule is false"
    )


def test_one_that_is_long_overlaps_all_that_it_covers() -> None:
    ok, reason = put(
        box(),
        entry(HOUR, 9 * HOUR, 1.0),
        entry(2 * HOUR, 3 * HOUR, 1.0),
        entry(8 * HOUR, 10 * HOUR, 1.0),
    )
    assert (ok, reason) == (False, "entries.1 overlaps entries.0; entries.2 overlaps entries.0")


def test_an_end_may_be_the_next_ones_start_and_any_order_will_do() -> None:
    one = box()
    ok, reason = put(one, entry(2 * HOUR, 3 * HOUR, 2.0), entry(0.0, 2 * HOUR, 1.0))
    assert (ok, reason) == (
        True, "local schedule: 2 entries, 2026-06-21 12:00Z to 2026-06-21 15:00Z"
    )  # fmt: skip
    (kept,) = one.cycle.memory.schedules
    assert [one.power_w for one in kept.entries] == [1.0, 2.0]


def test_so_many_entries_and_no_more() -> None:
    many = [entry(HOUR + n, HOUR + n + 1, 1.0) for n in range(MOST_ENTRIES + 1)]
    assert MOST_ENTRIES == 200
    assert put(box(), *many) == (False, "201 entries: at most 200")
    assert put(box(), *many[1:])[0]
    assert put(box())[1] == "no entries; to forget a schedule, clear it"


def test_without_a_clock_nobody_knows_what_is_past() -> None:
    one = box()
    one.changes["clock_trusted"] = False
    ok, reason = put(one, entry(HOUR, 2 * HOUR, 1.0))
    assert not ok
    assert reason.startswith("nobody knows the time")


# ------------------------------------------------------------------ what time takes away


def test_a_schedule_is_followed_and_its_entries_expire() -> None:
    one = box()
    assert put(one, entry(0.0, 110.0, 800.0), entry(120.0, 130.0, -600.0))[0]
    assert one.step().setpoints.power_w == 800.0
    assert one.last.why == "External control wants 800 W, by the local schedule until 12:01"
    one.run(12.0)
    assert one.last.setpoints.power_w == 0.0
    assert [len(s.entries) for s in one.cycle.memory.schedules] == [1]
    one.run(8.0)
    assert one.last.setpoints.power_w == -600.0
    one.run(12.0)
    assert one.last.setpoints.power_w == 0.0
    assert one.cycle.memory.schedules == ()


def test_one_that_goes_on_outlives_one_that_ends() -> None:
    one = box()
    one.ask(PutSchedule("cloud", (entry(0.0, 110.0, 800.0),)), "cloud")
    put(one, entry(0.0, 109.0, 100.0), entry(109.0, HOUR, 300.0))
    assert one.run(12.0).setpoints.power_w == 300.0
    assert sources(one) == ["local"]


def test_entries_do_not_expire_by_a_clock_that_is_not_trusted() -> None:
    one = box()
    put(one, entry(0.0, 110.0, 800.0))
    one.run(20.0, clock_trusted=False)
    assert sources(one) == ["local"]
    one.step(clock_trusted=True)
    assert sources(one) == []


def test_the_local_one_takes_over_while_the_cloud_is_away() -> None:
    one = box(cloud_away_s=10.0)
    one.ask(PutSchedule("cloud", (entry(0.0, HOUR, 900.0),)), "cloud")
    one.ask(PutSchedule("local", (entry(0.0, HOUR, 300.0),)), "ctl")
    assert one.run(9.0, cloud_connected=False).setpoints.power_w == 900.0
    assert one.run(2.0).setpoints.power_w == 300.0
    assert one.step(cloud_connected=True).setpoints.power_w == 900.0
    assert one.run(9.0, cloud_connected=False).setpoints.power_w == 900.0, "it counts anew"


# ------------------------------------------------------------------ a restart


def test_a_decision_tells_of_schedules_once() -> None:
    one = box()
    put(one, entry(HOUR, 2 * HOUR, 1.0))
    assert one.last.schedules == one.cycle.memory.schedules
    assert one.step().schedules is None
    one.ask(ClearSchedule("local"))
    assert one.last.schedules == ()


class Recorded:
    """A notebook that is told of every cycle, as the core's is."""

    def __init__(self, one: Story, folder: Path) -> None:
        self.one, self.folder = one, folder
        self.store = Store(folder / FILE_NAME)
        self.notes = Notebook("1", "boot")
        self.notes.open(self.store, NOON)

    def ask(self, want: Any = None, *, seen_by_it: bool = True) -> None:
        requests = () if want is None else (Request("r", "ctl", want),)
        before = self.one.cycle.memory
        decision = self.one.step(requests=requests)
        self.one.changes["requests"] = ()
        snapshot: Snapshot = seen(self.one.now_s, memory=before)
        if seen_by_it:
            self.notes.add(Moment(snapshot, decision))

    def restart(self) -> tuple[Schedule, ...]:
        self.notes.write(self.store, self.one.now_s, NOON)
        self.store.close()
        durable = remembered(self.folder, SystemClock())
        return starting_memory(durable, self.one.site, {"passive"}, 0.0).schedules


@pytest.mark.parametrize("seen_by_it", [True, False])
def test_a_restart_loses_nothing(tmp_path: Path, seen_by_it: bool) -> None:
    """Not even where the disk was so slow that the cycle was passed over."""
    recorded = Recorded(box(), tmp_path)
    entries = (entry(HOUR, 2 * HOUR, -3_000.0, 250.0), entry(2 * HOUR, 3 * HOUR, 1.5))
    recorded.ask(PutSchedule("local", entries), seen_by_it=seen_by_it)
    if not seen_by_it:
        recorded.ask()
    assert recorded.restart() == (Schedule("local", entries),)


def test_what_was_cleared_does_not_come_back(tmp_path: Path) -> None:
    recorded = Recorded(box(), tmp_path)
    recorded.ask(PutSchedule("local", (entry(HOUR, 2 * HOUR, 1.0),)))
    recorded.ask()
    recorded.ask(ClearSchedule("local"))
    recorded.ask()
    assert recorded.restart() == ()


def test_what_another_run_left_is_kept_although_no_decision_tells_of_it(tmp_path: Path) -> None:
    one = box()
    left = (Schedule("cloud", (entry(HOUR, 2 * HOUR, 1.0),)),)
    one.cycle.memory = msgspec.structs.replace(one.cycle.memory, schedules=left)
    recorded = Recorded(one, tmp_path)
    for _ in range(3):
        recorded.ask()
    assert recorded.restart() == left
