"""LuxPower: power in short windows by the inverter's own clock, and memory that wears."""

import pytest

from appliance.io.inverters._luxpower_window import Window, clock, minute_of, window_for, word_of
from tests.io.lxp_driven import STILL, at, held, lxp, power, running, twin

MIDNIGHT_S = 86_400.0


class TestMemory:
    """All of these registers wear out."""

    def test_small_changes_cost_nothing(self) -> None:
        rig = running(lxp(min_change_pct=3.0))
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        rig.run(3.0, power(1_000.0))
        before = rig.commanded.stored_writes
        for power_w in (1_050.0, 1_250.0, 1_099.0, 1_000.0, 1_299.0):
            rig.run(3.0, power(power_w))
        assert rig.commanded.stored_writes == before and at(rig, 1_000.0)
        rig.run(3.0, power(1_300.0))
        assert rig.commanded.stored_writes == before + 1 and at(rig, 1_300.0)
        rig.run(3.0, power(1_290.0))
        assert rig.commanded.stored_writes == before + 2 and at(rig, 1_200.0)

    def test_the_ledger_counts_what_the_device_has_stored(self) -> None:
        rig = running(lxp())
        for power_w in (500.0, -500.0, 0.0, 1_500.0):
            rig.run(6.0, power(power_w))
        rig.run(6.0)
        stored = sum(twin(rig).flash_writes.values())
        assert rig.commanded.stored_writes == stored > 0

    def test_a_steady_hour_costs_two_writes_per_window(self) -> None:
        rig = running(lxp(window_min=30))
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        rig.run(3.0, power(1_000.0))
        before = rig.commanded.stored_writes
        for _ in range(61):  # Two seconds, and the rest of a minute by the inverter's clock alone.
            rig.run(2.0, power(1_000.0))
            rig.site.elapsed_s += 58.0
        assert at(rig, 1_000.0)
        assert rig.commanded.stored_writes - before == 6, "three windows of twenty minutes"

    def test_more_power_waits_for_the_pause_and_less_does_not(self) -> None:
        rig = running(lxp(pause_s=60.0))
        assert rig.run(10.0, power(2_000.0), lambda: at(rig, 2_000.0))
        rig.run(30.0, power(3_000.0))
        assert at(rig, 2_000.0)
        assert rig.reading is not None and rig.reading.setpoint_w is None, "not told yet"
        assert rig.run(1.0, power(1_500.0), lambda: at(rig, 1_500.0))
        rig.run(15.0, power(3_000.0))
        assert at(rig, 1_500.0)
        assert rig.run(20.0, power(3_000.0), lambda: at(rig, 3_000.0))
        assert twin(rig).flash_writes[82] == 3

    def test_the_other_direction_ends_at_once_and_begins_after_the_pause(self) -> None:
        rig = running(lxp(pause_s=60.0))
        assert rig.run(10.0, power(2_000.0), lambda: at(rig, 2_000.0))
        assert rig.run(1.0, power(-2_000.0), lambda: at(rig, 0.0))
        assert not rig.run(40.0, power(-2_000.0), lambda: not at(rig, 0.0))
        assert rig.run(25.0, power(-2_000.0), lambda: at(rig, -2_000.0))

    def test_somebody_else_s_command_is_told_after_a_while(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        rig.run(3.0, power(1_000.0))
        other = twin(rig).registers
        other.write(6, 82, (30,))
        other.write = lambda *_: None  # type: ignore[method-assign]
        rig.run(10.0, power(1_000.0))
        assert rig.reading is not None and rig.reading.setpoint_w is None
        rig.run(40.0, power(1_000.0))
        assert rig.reading.setpoint_w == 3_000.0

    def test_zero_does_not_wait_for_the_pause(self) -> None:
        rig = running(lxp(pause_s=60.0))
        assert rig.run(80.0, power(1_000.0), lambda: at(rig, 1_000.0))
        rig.run(2.0, power(1_000.0))
        assert rig.run(1.0, STILL, lambda: at(rig, 0.0))

    def test_what_it_holds_already_is_not_written_after_a_silence(self) -> None:
        rig = running(lxp())
        rig.run(5.0, STILL)
        before = rig.commanded.stored_writes
        for _ in range(3):
            rig.bus.silent = True
            rig.run(6.0, STILL)
            rig.bus.silent = False
            rig.run(6.0, STILL)
        assert rig.commanded.stored_writes == before


class TestWindow:
    """What ends a command when the box is gone."""

    def test_it_is_kept_while_enough_is_left_and_then_moved_on(self) -> None:
        assert window_for(600, None, 30) == Window(600, 630)
        assert window_for(619, Window(600, 630), 30) == Window(600, 630)
        assert window_for(620, Window(600, 630), 30) == Window(620, 650)
        assert window_for(631, Window(600, 630), 30) == Window(631, 661)
        assert window_for(599, Window(600, 630), 30) == Window(599, 629), "a clock set back"
        assert window_for(600, Window(0, 1439), 30) == Window(600, 630), "somebody's whole day"
        assert window_for(1, Window(0, 2), 2) == Window(1, 3)

    def test_it_ends_with_the_day(self) -> None:
        assert window_for(1_420, None, 30) == Window(1_420, 1_439)
        assert window_for(1_439, Window(1_420, 1_439), 30) == Window(1_420, 1_439)
        assert window_for(0, Window(1_420, 1_439), 30) == Window(0, 30)

    @pytest.mark.parametrize("length", [2, 3, 30, 240])
    def test_over_a_whole_day_there_is_always_a_window_and_never_a_long_one(
        self, length: int
    ) -> None:
        window: Window | None = None
        changes = 0
        for minute in [*range(1_440)] * 2:
            before, window = window, window_for(minute, window, length)
            changes += window != before
            assert window.start <= minute <= window.end <= minute + length
        assert changes <= 2 * (1_440 / (length - max(1, length // 3)) + 2)

    def test_hours_and_minutes_on_the_wire(self) -> None:
        assert word_of(10 * 60 + 30) == 0x1E0A and minute_of(0x1E0A) == 630
        assert minute_of(24) is None and minute_of(60 << 8) is None
        values = {"clock_1": 0x0C1A, "clock_2": 0x171F, "clock_3": 0x053B}
        assert clock(values) == (26, 12, 31, 23, 59, 5)
        assert clock({**values, "clock_2": 0x1800 | 31}) is None
        assert clock({**values, "clock_3": None}) is None
        assert clock(dict.fromkeys(values, 0.0)) is None

    @pytest.mark.parametrize("power_w", [1_000.0, -1_000.0])
    def test_without_the_box_it_ends_with_its_window(self, power_w: float) -> None:
        rig = running(lxp(window_min=2))
        assert rig.run(10.0, power(power_w), lambda: at(rig, power_w))
        rig.run(100.0, power(power_w))
        assert at(rig, power_w), "moved on in time"
        assert not rig.run(59.0, until=lambda: not at(rig, power_w), alive=False)
        assert rig.run(125.0, until=lambda: rig.power_w == 0.0, alive=False)

    def test_and_comes_back_a_day_later(self) -> None:
        """The registers know no date: an inverter that is left alone repeats its last window once a day."""
        rig = running(lxp(window_min=2))
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        assert rig.run(185.0, until=lambda: rig.power_w == 0.0, alive=False)
        rig.site.elapsed_s += MIDNIGHT_S - 185.0
        assert rig.run(185.0, until=lambda: at(rig, 1_000.0), alive=False)

    def test_over_midnight(self) -> None:
        rig = lxp(window_min=2)
        rig.site.elapsed_s = MIDNIGHT_S - 150.0
        running(rig)
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        gone_s = 0.0
        for _ in range(1_500):
            rig.run(0.2, power(1_000.0))
            gone_s += 0.2 * (not at(rig, 1_000.0))
        assert rig.site.elapsed_s > MIDNIGHT_S + 100.0
        assert gone_s < 5.0 and at(rig, 1_000.0)

    def test_no_power_without_its_clock(self) -> None:
        rig = lxp()
        twin(rig).clock_known = False
        running(rig)
        rig.run(20.0, power(1_000.0))
        assert at(rig, 0.0) and not held(rig, 21) & 1 << 10
        assert rig.reading is not None and "its clock is not set: no power" in rig.reading.warnings

    def test_no_power_by_a_clock_that_stands(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        twin(rig).clock_stands_at_s = rig.site.elapsed_s
        assert rig.run(140.0, power(1_000.0), lambda: at(rig, 0.0))
        rig.run(3.0, power(1_000.0))
        assert rig.reading is not None
        assert "its clock stands still: no power" in rig.reading.warnings
        twin(rig).clock_stands_at_s = None
        assert rig.run(20.0, power(1_000.0), lambda: at(rig, 1_000.0))
