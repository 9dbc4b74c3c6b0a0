"""What the box counts of itself: pure, from the stream of cycles."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.counting.limit_hours import FREE, UNSEEN, LimitHours, split
from appliance.counting.odometer import Odometer, start
from appliance.model import (
    SAFE,
    BalanceEpisode,
    BatteryMemory,
    Decision,
    Limits,
    Moment,
    State,
    SystemInfo,
)
from tests.stories import NOON, battery, rack, seen


def decided(now_s: float, utc: datetime | None = None, **changes: Any) -> Decision:
    """A cycle of a box that runs and whose wish is granted."""
    plain = Decision(
        1, now_s, utc or NOON + timedelta(seconds=now_s), State.RUN, State.RUN, "passive", "ctl",
        SAFE, 0.0, Limits(), (), (), None, "it is so",
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


def moment(now_s: float, **changes: Any) -> Moment:
    """A cycle with its battery; a power of None is one that is not known."""
    power_w = changes.pop("power_w", 0.0)
    known = battery(
        power_w=power_w, **{k: changes.pop(k) for k in ("full", "soh_pct") if k in changes}
    )
    racks = changes.pop("racks", None)
    if racks is not None:
        known = msgspec.structs.replace(known, racks=racks)
    return Moment(seen(now_s, battery=known), decided(now_s, **changes))


# ---------------------------------------------------------------- counters


def test_energy_is_the_integral_of_the_batterys_own_power_by_direction() -> None:
    box = Odometer(SystemInfo(charged_wh=10.0))
    for second in range(3_601):
        box.add(moment(float(second), power_w=1_000.0 if second < 900 else -2_000.0))
    info = box.info()
    assert info.discharged_wh == pytest.approx(250.0)
    assert info.charged_wh == pytest.approx(10.0 + 1_500.0)
    assert info.run_s == pytest.approx(3_600.0)
    assert info.running_s == pytest.approx(3_600.0)
    assert info.power_unknown_s == 0.0


def test_power_that_is_not_known_is_no_energy_and_is_counted_as_time() -> None:
    box = Odometer(SystemInfo())
    box.add(moment(0.0, power_w=3_600.0))
    box.add(moment(1.0, power_w=None))
    box.add(moment(2.0, power_w=3_600.0))
    box.add(moment(62.0, power_w=3_600.0))
    box.add(moment(63.0))
    info = box.info()
    assert info.discharged_wh == pytest.approx(2.0), "the second before the gap, and the last"
    assert info.power_unknown_s == 61.0
    assert info.run_s == 63.0


def test_time_is_counted_by_state() -> None:
    box = Odometer(SystemInfo())
    for now_s, state in (
        (0.0, State.INIT),
        (5.0, State.RUN),
        (15.0, State.SLEEP),
        (45.0, State.RUN),
    ):
        box.add(moment(now_s, state=state))
    info = box.info()
    assert (info.run_s, info.running_s, info.sleeping_s) == (45.0, 10.0, 30.0)
    assert (info.state_changes, info.state_changed_at) == (3, NOON + timedelta(seconds=45))


def test_modes_are_counted_when_they_change() -> None:
    box = Odometer(SystemInfo(mode="passive"))
    for now_s, mode in enumerate(("passive", "self_consumption", "self_consumption", "passive")):
        box.add(moment(float(now_s), mode=mode))
    info = box.info()
    assert (info.mode, info.mode_changes) == ("passive", 2)
    assert info.mode_changed_at == NOON + timedelta(seconds=3)


def test_each_closing_of_each_rack_is_counted_once_and_silence_is_none() -> None:
    box = Odometer(SystemInfo(rack_closings={1: 7}, contactor_closings=7))
    for now_s, (one, two) in enumerate(
        [
            (True, False),
            (True, True),
            (None, True),
            (True, True),
            (False, True),
            (None, False),
            (True, True),
        ]
    ):
        racks = (rack(1, contactors_closed=one), rack(2, contactors_closed=two))
        box.add(moment(float(now_s), racks=racks))
    info = box.info()
    assert info.rack_closings == {1: 8, 2: 2}
    assert info.contactor_closings == 10
    assert box.changes == 3


def test_what_is_known_of_the_battery_is_kept() -> None:
    box = Odometer(SystemInfo())
    box.add(moment(0.0, full=True, soh_pct=97.5))
    box.add(moment(1.0, full=False, soh_pct=None))
    episode = BalanceEpisode(NOON, 0.02)
    box.learn(BatteryMemory(soc_delta_pct=-1.5, asleep_s=60.0, balancing=(episode,)))
    info = box.info()
    assert (info.soh_pct, info.last_full_at) == (97.5, NOON)
    assert (info.soc_delta_pct, info.bms_asleep_s, info.balancing) == (-1.5, 60.0, (episode,))


def test_a_start_after_no_clean_end_is_a_power_cut_or_a_crash() -> None:
    first = start(SystemInfo(), "1.0", "boot a", NOON)
    assert (first.starts, first.boots, first.power_cuts, first.crashes) == (1, 1, 0, 0)
    crashed = start(first, "1.0", "boot a", NOON)
    assert (crashed.starts, crashed.boots, crashed.power_cuts, crashed.crashes) == (2, 1, 0, 1)
    later = NOON + timedelta(hours=1)
    cut = start(crashed, "1.0", "boot b", later)
    assert (cut.boots, cut.power_cuts, cut.crashes, cut.last_boot_at) == (2, 1, 1, later)
    box = Odometer(cut)
    box.end(later)
    clean = start(box.info(), "1.1", "boot c", later)
    assert (clean.power_cuts, clean.crashes, clean.ended_at) == (1, 1, None)
    assert clean.firmware_changes == 1
    (change,) = clean.firmware_history
    assert (change.before, change.after, change.at) == ("1.0", "1.1", later)


# ---------------------------------------------------------------- hours of limits


def held(now_s: float, name: str | None, utc: datetime) -> Decision:
    """A cycle in which this limit held."""
    return decided(now_s, utc, limits=Limits(binding=name))


def test_a_limit_is_counted_until_the_next_cycle_and_cut_at_midnight() -> None:
    hours = LimitHours()
    begin = datetime(2026, 6, 21, 23, 59, 59, 400_000, tzinfo=UTC)
    names = ("soc", "soc", None, "bms")
    for step, name in enumerate(names):
        hours.add(held(float(step), name, begin + timedelta(seconds=step)))
    found = {(day, name): seconds for day, name, seconds in hours.waiting()}
    assert found == {
        ("2026-06-21", "soc"): pytest.approx(0.6),
        ("2026-06-22", "soc"): pytest.approx(1.4),
        ("2026-06-22", FREE): pytest.approx(1.0),
    }
    hours.written()
    assert hours.waiting() == []


def test_a_gap_belongs_to_no_limit() -> None:
    hours = LimitHours()
    hours.add(held(0.0, "soc", NOON))
    hours.add(held(60.0, "soc", NOON + timedelta(seconds=60)))
    assert hours.waiting() == [("2026-06-21", UNSEEN, 60.0)]


def test_a_step_may_span_days() -> None:
    begin = datetime(2026, 6, 21, 12, tzinfo=UTC)
    assert split(begin, 2 * 86_400.0) == [
        ("2026-06-21", 43_200.0), ("2026-06-22", 86_400.0), ("2026-06-23", 43_200.0),
    ]  # fmt: skip
    midnight = datetime(2026, 6, 22, tzinfo=UTC)
    assert split(midnight, 1.0) == [("2026-06-22", 1.0)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.02, 0.1, 0.5, 1.0, 1.9, 7.0, 90_000.0, 0.0, -1.0]),
            st.sampled_from(["soc", "bms", None]),
            st.integers(-40 * 86_400, 40 * 86_400),
        ),
        min_size=2,
        max_size=60,
    )
)
def test_no_jump_of_the_wall_clock_makes_or_loses_time(
    steps: list[tuple[float, str | None, int]],
) -> None:
    hours, now_s, expected, before = LimitHours(), 0.0, 0.0, 0.0
    for number, (step_s, name, jump_s) in enumerate(steps):
        now_s += step_s
        hours.add(held(now_s, name, NOON + timedelta(seconds=now_s + jump_s)))
        if number:
            expected += max(0.0, now_s - before)
        before = now_s
    assert sum(seconds for _, _, seconds in hours.waiting()) == pytest.approx(expected)
    assert all(seconds >= 0.0 for _, _, seconds in hours.waiting())


def test_a_day_of_cycles_adds_up_to_a_day() -> None:
    hours, random = LimitHours(), Random(1)
    now_s, begin = 0.0, datetime(2026, 6, 21, tzinfo=UTC)
    while now_s < 86_400.0:
        hours.add(held(now_s, random.choice(("soc", None)), begin + timedelta(seconds=now_s)))
        now_s += random.uniform(1.0, 2.0)
    hours.add(held(86_400.0, None, begin + timedelta(days=1)))
    found = {(day, name): seconds for day, name, seconds in hours.waiting()}
    assert sum(found.values()) == pytest.approx(86_400.0)
    # Instants of the wall clock are whole microseconds.
    assert sum(s for (day, _), s in found.items() if day != "2026-06-21") < 1e-5
    assert found["2026-06-21", "soc"] == pytest.approx(43_200.0, rel=0.03)
