"""The control loop with real slots: ages, what it leaves behind, what it tells."""

from collections.abc import Callable
from typing import Any

import pytest

from appliance.control_loop import ControlLoop, Punctuality, freeze
from appliance.crashes import Crashes
from appliance.mailbox import Slots
from appliance.model import (
    SAFE,
    Memory,
    MeterReading,
    State,
)
from appliance.site import SiteSettings
from tests.core.boxes import OFF, OPEN
from tests.core.rig import SITE, Broken, Rig, Slow, Ticks, crash, press, use
from tests.stories import battery

# ---------------------------------------------------------------- ages

AGES_S = {"battery": 1.1, "inverter": 1.2, "grid": 1.3, "pv": 1.4, "box": 1.5, "board": 1.6}


def site_with_ages() -> SiteSettings:
    """Every device has another max_age_s."""

    def aged(name: str, device: Any) -> Any:
        return device.model_copy(update={"max_age_s": AGES_S[name]})

    return SITE.model_copy(
        update={
            "battery": aged("battery", SITE.battery),
            "inverter": aged("inverter", SITE.inverter),
            "meters": {name: aged(name, meter) for name, meter in SITE.meters.items()},
            "sensors": {name: aged(name, sensor) for name, sensor in SITE.sensors.items()},
            "board": aged("board", SITE.board),
        }
    )


def missing(rig: Rig) -> set[str]:
    picture = freeze(rig.slots, rig.site, rig.clock, (), Memory())
    return {name for name in AGES_S if getattr(picture, name) is None}


def test_each_reading_is_missing_after_its_own_age() -> None:
    rig = Rig(site_with_ages())
    assert missing(rig) == set(AGES_S), "nothing was heard yet"
    rig.feed()
    rig.clock.advance(1.05)
    gone: list[str] = []
    assert missing(rig) == set()
    for name in AGES_S:
        rig.clock.advance(0.1)
        gone.append(name)
        assert missing(rig) == set(gone)


def test_a_site_without_pv_meter_and_sensor_has_none() -> None:
    rig = Rig()
    slots = Slots.create()
    slots.meters["grid"].put(MeterReading(1.0), rig.clock.now_s())
    picture = freeze(slots, SITE, rig.clock, ("can",), Memory(mode="passive"))
    assert (picture.pv, picture.box) == (None, None)
    assert picture.grid == MeterReading(1.0)
    assert picture.workers_down == ("can",)
    assert picture.memory == Memory(mode="passive")
    assert (picture.now_s, picture.utc) == (rig.clock.now_s(), rig.clock.utc())


@pytest.mark.parametrize("known", [None, True, False])
def test_clock_and_cloud_are_as_they_were_said_last(known: bool | None) -> None:
    rig = Rig()
    if known is not None:
        rig.slots.clock_trusted.put(known, 0.0)
        rig.slots.cloud_connected.put(not known, 0.0)
    picture = freeze(rig.slots, SITE, rig.clock, (), Memory())
    assert picture.clock_trusted is known
    assert picture.cloud_connected is (None if known is None else not known)


# ---------------------------------------------------------------- what it leaves behind


def test_the_end_leaves_the_safe_default() -> None:
    rig = Rig()
    rig.grid_w = 2_000.0
    rig.tick(10)
    assert rig.decided[-1].state is State.RUN
    assert rig.decided[-1].setpoints.power_w > 100.0
    assert rig.decided[-1].setpoints.contactors_closed
    assert (rig.left().setpoints, rig.left().why) == (SAFE, "the control loop ends")


def test_a_crash_leaves_the_safe_default() -> None:
    rig = Rig()
    rig.grid_w = 2_000.0

    def break_late(number: int) -> None:
        if number == 10:
            assert rig.left().setpoints.power_w > 100.0
            use(rig, Broken())

    with pytest.raises(ZeroDivisionError):
        rig.tick(20, break_late)
    assert rig.left().setpoints == SAFE


def test_a_crash_in_the_first_cycle_leaves_nothing() -> None:
    rig = Rig()
    crash(rig)
    assert rig.slots.decision.newest() is None


def test_after_a_crash_it_walks_up_again_without_power() -> None:
    rig = Rig()
    rig.hold(3_000.0)
    rig.tick(10)
    assert rig.decided[-1].setpoints.power_w == 3_000.0
    crash(rig)
    rig.tick(14)
    first, heard = rig.decided[0], rig.decided[4]
    assert (first.state, first.setpoints) == (State.INIT, SAFE)
    assert [one.setpoints for one in rig.decided[:4]] == [SAFE] * 4, "it may not have opened yet"
    assert (heard.state, heard.setpoints.power_w) == (State.PRECHARGE, 0.0)
    assert first.cycle == 11
    assert rig.decided[-1].state is State.RUN
    assert {one.setpoints.power_w for one in rig.decided} == {0.0}
    assert {one.manual for one in rig.decided} == {None}
    assert rig.decided[-1].mode == "local_control"


def test_after_a_crash_nothing_is_on_until_all_are_heard() -> None:
    rig = Rig()
    rig.tick(5)
    assert rig.decided[-1].setpoints.contactors_closed
    crash(rig)
    rig.slots.battery.put(battery(current_a=20.0), rig.clock.now_s())
    rig.clock.advance(1.05)
    rig.loop.run(Ticks(rig.clock, 2, lambda _number: None))
    decided = [moment.decision for moment in rig.slots.recorded.drain()]
    assert [(one.state, one.setpoints) for one in decided] == [(State.INIT, SAFE)] * 2


def obedient(rig: Rig, more_s: float = 0.0) -> Callable[[int], None]:
    """A plant that does what is commanded; each tick takes so much longer."""

    def before(_number: int) -> None:
        rig.clock.advance(more_s)
        rig.feed()
        asked, now_s = rig.cycle.memory.commanded, rig.clock.now_s()
        if not asked.contactors_closed:
            rig.slots.battery.put(OPEN, now_s)
        if not asked.inverter_on:
            rig.slots.inverter.put(OFF, now_s)

    return before


def test_crash_after_crash_the_box_rests_longer_so_that_contactors_last() -> None:
    rig = Rig()
    rests = []
    for _ in range(4):
        rig.tick(20, obedient(rig))
        assert rig.decided[-1].state is State.RUN
        crash(rig)
        crashed_s = rig.clock.now_s()
        rig.tick(900, obedient(rig, 0.4))
        closes = next(one for one in rig.decided if one.setpoints.contactors_closed)
        rests.append(closes.now_s - crashed_s)
    assert rests[0] < 1.1, "one alone is over at once"
    assert rests[1:] == pytest.approx([24.5, 96.5, 384.5], abs=0.8)


def test_while_the_box_rests_after_crashes_it_says_why() -> None:
    rig = Rig()
    for _ in range(2):
        rig.tick(20, obedient(rig))
        crash(rig)
    rig.tick(235, obedient(rig))
    assert {one.state for one in rig.decided} == {State.ERROR}
    assert {one.setpoints.contactors_closed for one in rig.decided} == {False}
    assert {error.number for one in rig.decided for error in one.errors} == {601}
    rig.tick(60, obedient(rig))
    assert rig.decided[-1].state is State.RUN
    assert rig.decided[-1].errors == ()


def test_a_crash_of_an_hour_ago_does_not_count() -> None:
    rig = Rig()
    for _ in range(2):
        rig.tick(20, obedient(rig))
        rig.clock.advance(3_600.0)
        crash(rig)
    rig.tick(20, obedient(rig))
    assert rig.decided[-1].state is State.RUN


def test_a_process_after_one_that_crashed_rests_as_well() -> None:
    rig = Rig()
    crashes = Crashes(rig.clock)
    crashes.add()
    crashes.add()
    new = (rig.cycle, rig.slots, rig.site, rig.clock, lambda: rig.down, crashes)
    for crashed, state in ((True, State.ERROR), (False, State.RUN)):
        rig.cycle.memory = Memory(mode="self_consumption", state_since_s=rig.clock.now_s())
        rig.loop = ControlLoop(*new, crashed=crashed)
        rig.tick(20, obedient(rig))
        assert rig.decided[-1].state is state


def test_a_box_that_crashes_ever_again_closes_its_contactors_a_few_times_an_hour() -> None:
    rig = Rig()
    obey, hour_s, closings = obedient(rig, 0.9), rig.clock.now_s() + 3_600.0, 0

    def crash_in_run(number: int) -> None:
        obey(number)
        if rig.cycle.memory.state is State.RUN:
            raise ZeroDivisionError

    while rig.clock.now_s() < hour_s:
        with pytest.raises(ZeroDivisionError):
            rig.tick(2_000, crash_in_run)
        closings += 1
    assert 5 <= closings <= 9


def test_after_a_crash_the_mode_starts_from_nothing() -> None:
    rig = Rig()
    rig.grid_w = 4_000.0
    rig.tick(60)
    assert rig.decided[-1].setpoints.power_w > 3_000.0
    crash(rig)
    rig.tick(3)
    assert all(abs(one.setpoints.power_w) < 1_500.0 for one in rig.decided)


def test_a_latched_stop_survives_a_crash() -> None:
    rig = Rig()
    rig.tick(5)
    rig.tick(1, lambda _number: press(rig))
    crash(rig)
    rig.tick(5)
    assert [error.number for error in rig.decided[0].errors] == [401]
    assert rig.decided[-1].state is State.ERROR


def test_a_stop_that_is_pressed_in_the_cycle_that_crashes_is_not_lost() -> None:
    rig = Rig()
    rig.tick(5)
    crash(rig, lambda _number: press(rig))
    rig.tick(5)
    assert [error.number for error in rig.decided[0].errors] == [401]
    assert rig.decided[-1].state is State.ERROR


# ---------------------------------------------------------------- what it tells


def test_the_heartbeat_is_the_number_of_a_finished_cycle_at_its_end() -> None:
    rig = Rig()
    rig.tick(5)
    use(rig, Slow(rig.clock))
    rig.tick(10)
    beat = rig.slots.heartbeat.newest()
    assert beat is not None
    assert (beat.value, beat.number) == (15, 15)
    assert beat.at_s == pytest.approx(rig.decided[-1].now_s + 0.05)


def test_a_cycle_that_crashes_has_no_heartbeat() -> None:
    rig = Rig()
    crash(rig)
    assert rig.slots.heartbeat.newest() is None
    rig.tick(5)
    before = rig.slots.heartbeat.newest()
    crash(rig)
    assert rig.slots.heartbeat.newest() == before


def test_every_request_is_answered_in_its_cycle() -> None:
    rig = Rig()
    rig.hold(9_000.0)
    rig.tick(1)
    answers = rig.slots.requests.answered()
    assert [(answer.id, answer.ok) for answer in answers] == [("m", True), ("p", False)]
    assert rig.decided[0].answers == answers
    rig.tick(1)
    assert rig.slots.requests.answered() == ()


def test_each_moment_is_told_with_what_was_seen() -> None:
    rig = Rig()
    rig.down = ("meters",)
    told = []
    rig.tick(3, lambda _number: told.append(rig.slots.moment.newest()))
    assert told[0] is None
    assert [one.value.decision for one in told if one is not None] == rig.decided[:2]
    last = rig.slots.moment.newest()
    assert last is not None
    assert last.value.decision == rig.decided[2]
    assert (last.value.snapshot.now_s, last.at_s) == (rig.decided[2].now_s, rig.decided[2].now_s)
    assert last.value.snapshot.workers_down == ("meters",)
    assert last.value.snapshot.memory is not None
    assert last.value.snapshot.memory.commanded == rig.decided[1].setpoints


def test_the_recorder_is_woken_when_errors_change_and_only_then() -> None:
    rig = Rig()
    rig.tick(3)
    rig.slots.record_now.wait(0.0)
    rig.tick(3)
    assert not rig.slots.record_now.wait(0.0)
    rung: list[bool] = []

    def pressed(_number: int) -> None:
        press(rig)
        rung.append(rig.slots.record_now.wait(0.0))

    rig.tick(4, pressed)
    assert rung == [False, True, False, False], "the same error is not written again"


def test_lateness_is_the_median_and_the_worst() -> None:
    punctuality = Punctuality(keep=100)
    assert punctuality.summary() is None
    for late_ms in range(200):
        punctuality.add(late_ms / 1e3)
    summary = punctuality.summary()
    assert summary is not None
    assert summary.p50_ms == pytest.approx(149.0)
    assert summary.p99_ms == pytest.approx(198.0)
    assert summary.max_ms == pytest.approx(199.0)
