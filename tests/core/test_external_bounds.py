"""Steering from outside at its bounds: who is heard for which power, and what of a schedule is a mistake."""

import pytest

from appliance.answers.external import beat, power, put
from appliance.answers.rules import Known, RefusedError
from appliance.error_watch import ErrorWatch
from appliance.model import (
    BeatControl,
    ManualPower,
    Memory,
    PutSchedule,
    Request,
    ScheduleEntry,
    SetExternal,
    SetPower,
    Want,
)
from appliance.site import SiteSettings
from appliance.site.modes import Beside
from appliance.site.periods import Period
from tests.modes.houses import after, beside, entry, house, story
from tests.stories import Story, seen

HOUR = 3_600.0


def both() -> Story:
    """A power by hand of ctl, and one from outside of modbus."""
    site = beside(house(local_control={}, external_control={}), "external_control")
    one = story(site)
    assert one.ask(SetPower(500.0, 600.0), "ctl").ok
    assert one.ask(SetExternal(100.0, 300.0), "modbus").ok
    one.run(5.0)
    return one


# ---------------------------------------------------------------- who is heard


@pytest.mark.parametrize(("source", "until_s"), [("ctl", 595.0), ("modbus", 295.0)])
def test_whoever_set_a_power_is_heard_for_that_one(source: str, until_s: float) -> None:
    one = both()
    before = one.cycle.memory
    answer = one.ask(BeatControl(), source)
    memory = one.cycle.memory
    assert before.manual is not None and memory.manual is not None
    assert before.external is not None and memory.external is not None
    heard = (memory.manual.heard_s, memory.external.heard_s)
    assert heard == (
        one.now_s if source == "ctl" else before.manual.heard_s,
        one.now_s if source == "modbus" else before.external.heard_s,
    )
    assert (memory.manual.power_w, memory.manual.until_s) == (500.0, before.manual.until_s)
    set_one = memory.manual if source == "ctl" else memory.external
    left_s = set_one.until_s - one.now_s
    assert left_s == pytest.approx(until_s, abs=0.5)
    assert answer.reason == f"heard; the power holds for another {left_s:.0f} s"


def test_one_who_set_both_is_told_of_the_longer_one() -> None:
    one = both()
    assert one.ask(SetExternal(100.0, 300.0), "ctl").ok
    assert one.ask(BeatControl(), "ctl").reason.endswith(" for another 595 s")
    assert one.ask(SetExternal(100.0, 900.0), "ctl").ok
    assert one.ask(BeatControl(), "ctl").reason.endswith(" for another 900 s")


def test_nobody_else_is_heard() -> None:
    one = both()
    before = one.cycle.memory
    answer = one.ask(BeatControl(), "rest")
    assert (answer.ok, answer.reason) == (False, "no power of rest holds")
    assert (one.cycle.memory.manual, one.cycle.memory.external) == (before.manual, before.external)


def test_a_power_by_hand_alone_is_heard() -> None:
    one = story(house(local_control={}, external_control={}))
    assert one.ask(SetPower(500.0, 600.0), "ctl").ok
    assert one.ask(BeatControl(), "ctl").ok
    assert not one.ask(BeatControl(), "modbus").ok


# ---------------------------------------------------------------- how much


@pytest.mark.parametrize(
    ("power_w", "reactive_var", "ok"),
    [
        (-5_000.0, None, True), (5_000.0, None, True), (-5_000.1, None, False),
        (5_000.1, None, False), (None, -3_000.0, True), (None, 3_000.0, True),
        (None, -3_000.1, False), (None, 3_000.1, False), (1.0, float("inf"), False),
        (float("-inf"), None, False), (float("nan"), None, False), (1.0, float("nan"), False),
    ],
)  # fmt: skip
def test_as_far_as_the_inverter_is_rated(
    power_w: float | None, reactive_var: float | None, ok: bool
) -> None:
    one = story(house(external_control={}))
    assert one.ask(SetExternal(power_w, 30.0, reactive_var), "modbus").ok is ok
    scheduled = entry(HOUR, 2 * HOUR, power_w, reactive_var)
    assert one.ask(PutSchedule("local", (scheduled,))).ok is ok


@pytest.mark.parametrize(("duration_s", "ok"), [(86_400.0, True), (86_400.1, False), (0.1, True)])
def test_for_a_day_at_most(duration_s: float, ok: bool) -> None:
    assert story(house(external_control={})).ask(SetExternal(1.0, duration_s), "ctl").ok is ok


# ---------------------------------------------------------------- mistakes of a schedule


def mistakes(*entries: ScheduleEntry) -> list[str]:
    answer = story(house(external_control={})).ask(PutSchedule("local", entries))
    return [] if answer.ok else answer.reason.split("; ")


def test_the_later_end_is_the_one_that_is_overlapped() -> None:
    assert mistakes(
        entry(1 * HOUR, 3 * HOUR, 1.0), entry(2 * HOUR, 3 * HOUR, 1.0), entry(2.5 * HOUR, 4 * HOUR, 1.0)
    ) == ["entries.1 overlaps entries.0", "entries.2 overlaps entries.0"]  # fmt: skip


@pytest.mark.parametrize("end_h", [2.0, 1.0])
def test_one_that_does_not_last_overlaps_nothing(end_h: float) -> None:
    (only,) = mistakes(entry(0.5 * HOUR, 3 * HOUR, 1.0), entry(2 * HOUR, end_h * HOUR, 1.0))
    assert only.startswith("entries.1.end_at = ")
    assert " must be after start_at" in only


@pytest.mark.parametrize(("start", "end"), [(False, True), (True, False), (False, False)])
def test_each_end_needs_a_time_zone(start: bool, end: bool) -> None:
    start_at, end_at = after(HOUR), after(2 * HOUR)
    (only,) = mistakes(
        ScheduleEntry(
            start_at if start else start_at.replace(tzinfo=None),
            end_at if end else end_at.replace(tzinfo=None),
            1.0,
        )
    )
    assert only.endswith("a time zone is needed")


def test_an_end_that_is_now_is_past() -> None:
    one = story(house(external_control={}))
    for ends_s, ok in ((one.now_s + 0.1, False), (one.now_s + 0.3, True)):
        assert one.ask(PutSchedule("local", (entry(0.0, ends_s, 1.0),))).ok is ok


# ---------------------------------------------------------------- beside at its times, and heartbeats


def ask(site: SiteSettings, memory: Memory, want: Want, now_s: float = 100.0) -> tuple[bool, str]:
    """Asked by ctl and answered by itself: is it granted, and the reason."""
    known = Known(site, {}, ErrorWatch(site))
    take = (
        power if isinstance(want, SetExternal) else put if isinstance(want, PutSchedule) else beat
    )
    try:
        return True, take(known, Request("r", "ctl", want), memory, seen(now_s))[1]
    except RefusedError as error:
        return False, str(error)


def at_times(*hours: int | None) -> SiteSettings:
    """Beside from this hour on for an hour; None: always."""
    base = house(self_consumption={})
    periods = [
        () if hour is None else (Period(start=f"{hour}:00", end=f"{hour + 1}:00"),)
        for hour in hours
    ]
    beside = tuple(Beside(mode="external_control", during=during) for during in periods)
    return base.model_copy(update={"control": base.control.model_copy(update={"beside": beside})})


@pytest.mark.parametrize(
    ("hours", "ok"),
    [((12,), True), ((13,), False), ((12, 15), True), ((15, 12), True), ((15, None), True), ((), False)],
)  # fmt: skip
def test_beside_at_any_of_its_times(hours: tuple[int | None, ...], ok: bool) -> None:
    memory = Memory(mode="self_consumption")
    assert ask(at_times(*hours), memory, SetExternal(1.0, 5.0))[0] is ok


@pytest.mark.parametrize(
    ("heard_s", "ok"), [(99.5, True), (99.49, False), (None, True), (100.0, True)]
)
def test_one_missed_heartbeat_ends_it(heard_s: float | None, ok: bool) -> None:
    manual = ManualPower(500.0, 700.0, None, heard_s, "ctl")
    site = house(local_control={"heartbeat_s": 0.5})
    assert ask(site, Memory(manual=manual), BeatControl())[0] is ok


def test_a_schedule_that_nobody_follows_is_told_of() -> None:
    want = PutSchedule("local", (entry(HOUR, 2 * HOUR, 1.0),))
    memory, not_yet = Memory(mode="passive"), "; it is followed once external_control is in use"
    alone = house(passive={})
    assert not_yet in ask(alone, memory, want)[1]
    assert not_yet in ask(beside(alone, "self_consumption"), memory, want)[1]
    assert not_yet not in ask(beside(alone, "external_control"), memory, want)[1]
    both_beside = beside(alone, "self_consumption", "external_control")
    assert not_yet not in ask(both_beside, memory, want)[1]
    assert not_yet not in ask(alone, Memory(mode="external_control"), want)[1]
