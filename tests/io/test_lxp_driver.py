"""The LuxPower driver against its twin in virtual time: windows, memory that wears, states and signs."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from appliance.io import inverters
from appliance.io.buses import BusError, WrongDeviceError
from appliance.io.inverters._luxpower_window import Window, clock, minute_of, window_for, word_of
from appliance.io.registers import Write
from appliance.model import BatteryState, InverterState, Setpoints
from appliance.site import Inverter
from simulator.models.inverter import Alarm, State
from simulator.wire.luxpower import LuxPower
from tests.io.rig import InverterRig

QUICK: Mapping[str, Any] = {"rated_w": 10_000.0, "window_min": 6, "pause_s": 0.0}
STILL = Setpoints(inverter_on=True, contactors_closed=True)
MIDNIGHT_S = 86_400.0


def power(power_w: float) -> Setpoints:
    return Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)


def lxp(**options: Any) -> InverterRig:
    settings = Inverter(
        driver="luxpower_lxp", bus="lan", max_charge_w=5e3, max_discharge_w=5e3,
        options={**QUICK, **options},
    )  # fmt: skip
    return InverterRig(settings, LuxPower)


def twin(rig: InverterRig) -> LuxPower:
    assert isinstance(rig.twin, LuxPower)
    return rig.twin


def at(rig: InverterRig, power_w: float) -> bool:
    return abs(rig.power_w - power_w) < 5.0


def running(rig: InverterRig) -> InverterRig:
    assert rig.run(20.0, STILL, lambda: rig.site.inverter.state is State.OPERATION)
    return rig


def held(rig: InverterRig, address: int) -> int:
    return twin(rig).held(address)


class TestWire:
    """What stands in the registers."""

    @pytest.mark.parametrize(
        ("power_w", "bits", "limits", "percent_at"),
        [(1_000.0, 1 << 10, (0, 50), 82), (-1_000.0, 1 << 7, (50, 0), 66)],
    )
    def test_percentage_direction_limits_and_read_back(
        self, power_w: float, bits: int, limits: tuple[int, int], percent_at: int
    ) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(power_w), lambda: at(rig, power_w))
        rig.run(3.0, power(power_w))
        assert held(rig, percent_at) == 10
        assert held(rig, 21) & (1 << 7 | 1 << 10 | 1 << 11) == bits
        assert held(rig, 21) & (1 << 9 | 1 << 4 | 1 << 15) == 1 << 9 | 1 << 4 | 1 << 15
        assert (held(rig, 64), held(rig, 65)) == limits
        reading = rig.reading
        assert reading is not None and reading.setpoint_w == power_w
        assert reading.power_w == pytest.approx(power_w, abs=2.0)
        assert reading.phases[0].power_w == reading.power_w
        assert reading.phases[0].current_a == pytest.approx(power_w / 230.0, abs=0.05)
        assert reading.dc_power_w is not None and reading.dc_power_w * power_w > 0

    def test_tenths_of_a_percent(self) -> None:
        rig = running(lxp(fine=True, step_pct=0.1))
        assert rig.run(10.0, power(1_234.0), lambda: at(rig, 1_230.0))
        assert held(rig, 142) == 123
        rig.run(3.0, power(1_234.0))
        assert rig.reading is not None and rig.reading.setpoint_w == pytest.approx(1_230.0)

    def test_never_more_than_asked_for(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(-1_990.0), lambda: at(rig, -1_900.0))
        rig.run(10.0, power(-1_990.0))
        assert at(rig, -1_900.0)

    def test_the_works_own_windows_are_emptied_before_the_bit_is_set(self) -> None:
        rig = lxp()
        for address in (70, 71, 72, 73):
            twin(rig)._settings[address] = word_of(10 * (address - 60))
        rig.site.elapsed_s = 36_000.0
        running(rig)
        assert rig.run(10.0, power(-1_000.0), lambda: at(rig, -1_000.0))
        assert [held(rig, address) for address in range(70, 74)] == [0] * 4
        addresses = [write.address for write in rig.bus.written]
        bit = next(
            i for i, w in enumerate(rig.bus.written) if w.address == 21 and w.words[0] & 1 << 7
        )
        assert max(addresses.index(address) for address in (66, 68, 69, 73, 120)) < bit

    def test_a_refused_percentage_keeps_the_direction_off(self) -> None:
        rig = running(lxp())
        refusing = twin(rig).registers

        def write(function: int, address: int, values: Any) -> None:
            if address != 82:
                type(refusing).write(refusing, function, address, values)

        refusing.write = write  # type: ignore[method-assign]
        rig.run(20.0, power(1_000.0))
        assert not held(rig, 21) & 1 << 10 and at(rig, 0.0)

    def test_idle_leaves_nothing_to_its_own_rule(self) -> None:
        rig = running(lxp())
        twin(rig).own_rule = True
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        assert rig.run(10.0, STILL, lambda: at(rig, 0.0))
        rig.run(30.0, STILL)
        assert at(rig, 0.0) and rig.site.grid_w != 0.0
        assert (held(rig, 64), held(rig, 65)) == (0, 0)


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

    def test_zero_does_not_wait_for_what_was_just_let_go_to_be_read_back(self) -> None:
        rig = running(lxp())
        rig.run(3.0, STILL)
        assert rig.run(10.0, power(3_000.0), lambda: bool(held(rig, 21) & 1 << 10))
        assert rig.run(0.1, STILL, lambda: held(rig, 65) == 0 and not held(rig, 21) & 1 << 10)

    def test_the_thread_ends_just_after_power_was_let_go(self) -> None:
        rig = running(lxp())
        rig.run(3.0, STILL)
        assert rig.run(10.0, power(3_000.0), lambda: bool(held(rig, 21) & 1 << 10))
        rig.commanded.rest(rig.bus)
        assert held(rig, 65) == 0 and not held(rig, 21) & (1 << 10 | 1 << 9)

    def test_a_lost_zero_is_repeated_to_a_device_whose_answers_are_lost(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(3_000.0), lambda: at(rig, 3_000.0))
        rig.run(3.0, power(3_000.0))
        hears = rig.bus.write
        lost: list[Write] = []

        def write(write: Write, unit: int) -> None:
            if lost:
                hears(write, unit)
            lost.append(write)
            raise BusError("no answer")

        rig.bus.write = write  # type: ignore[method-assign]
        assert rig.run(3.0, STILL, lambda: held(rig, 65) == 0)

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


class TestReading:
    """Its numbers in our words."""

    @pytest.mark.parametrize(
        ("number", "state", "forming"),
        [
            (0x01, InverterState.FAULT, False),
            (0x02, InverterState.UNKNOWN, False),
            (0x10, InverterState.RUNNING, False),
            (0x19, InverterState.RUNNING, False),
            (0x40, InverterState.RUNNING, True),
            (0xC0, InverterState.RUNNING, True),
            (0x77, InverterState.FAULT, False),
        ],
    )
    def test_states(self, number: int, state: InverterState, forming: bool) -> None:
        reading = lxp().driver.reading({"state": number, "frequency_hz": 50.0, "island_hz": 49.0})
        assert (reading.state, reading.grid_forming) == (state, forming)
        assert reading.frequency_hz == (49.0 if forming else 50.0)
        assert bool(reading.faults) == (state is InverterState.FAULT)

    def test_standby_is_off_or_running_at_rest(self) -> None:
        driver = lxp().driver
        states = {
            bits: driver.reading({"state": 0.0, "functions": bits}).state
            for bits in (None, 0x8010, 0x8210)
        }
        assert states == {
            None: InverterState.UNKNOWN,
            0x8010: InverterState.OFF,
            0x8210: InverterState.RUNNING,
        }

    def test_faults_and_warnings_in_words(self) -> None:
        bits = float(1 << 19 | 1 << 30 | 1 << 31)
        reading = lxp().driver.reading({"state": 4.0, "fault_bits": bits, "warning_bits": 1 << 9})
        assert reading.state is InverterState.FAULT
        assert reading.faults == (
            "E019 bus over-voltage", "E030 not in the list", "E031 internal communication 4",
        )  # fmt: skip
        assert reading.warnings == ("W009 fan stuck",)

    def test_a_fault_ends_its_power_until_it_is_reset(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(1_000.0), lambda: at(rig, 1_000.0))
        rig.site.inverter.state, rig.site.inverter.alarm = State.ALARM, Alarm.DC_LOST
        rig.run(5.0, power(1_000.0))
        assert rig.reading is not None and rig.reading.faults == ("E030 not in the list",)
        assert not held(rig, 21) & 1 << 10 and held(rig, 65) == 0

    def test_three_phases_add_up(self) -> None:
        rig = lxp(phases=3)
        rig.run(1.0)
        values = {
            **rig.polled.values,
            "l1_out_w": 100.0, "l2_out_w": 200.0, "l3_out_w": 0.0,
            "l1_in_w": 0.0, "l2_in_w": 0.0, "l3_in_w": 1_000.0, "l3_a": 4.3, "l3_v": 231.0,
        }  # fmt: skip
        reading = rig.driver.reading(values)
        assert reading.power_w == -700.0 and len(reading.phases) == 3
        third = reading.phases[2]
        assert (third.voltage_v, third.current_a, third.power_w) == (231.0, -4.3, -1_000.0)
        assert rig.driver.reading({**values, "l2_in_w": None}).power_w is None

    def test_power_factor(self) -> None:
        found = [
            lxp().driver.reading({"power_factor_raw": raw}).power_factor
            for raw in (1_000.0, 950.0, 1_900.0, 2_000.0, None)
        ]
        assert found == [1.0, 0.95, -0.9, None, None]

    def test_the_battery_that_it_speaks_for(self) -> None:
        rig = running(lxp())
        assert rig.run(10.0, power(-1_000.0), lambda: at(rig, -1_000.0))
        rig.run(2.0, power(-1_000.0))
        battery, rack = rig.driver.battery(rig.polled.values), rig.site.rack
        assert battery is not None and battery.state is BatteryState.CONNECTED
        assert battery.power_w == pytest.approx(rack.power_w, abs=20.0) and rack.power_w < 0
        assert battery.current_a == pytest.approx(rack.power_w / rack.voltage_v, abs=0.1)
        assert battery.soc_pct == pytest.approx(rack.soc_pct, abs=1.0)
        assert battery.racks[0].cell_max_v == pytest.approx(rack.cell_max_v, abs=0.002)
        assert battery.max_charge_w == pytest.approx(rack.max_charge_w, rel=0.01)
        assert not battery.has_contactors, "resting it stays connected, and that is no error"

    def test_nothing_is_believed_of_a_battery_that_it_does_not_hear(self) -> None:
        rig = running(lxp())
        battery = rig.driver.battery({**rig.polled.values, "warning_bits": 1.0})
        assert battery is not None and battery.state is BatteryState.UNKNOWN
        assert battery.soc_pct is None and battery.racks[0].cell_min_v is None
        assert battery.faults == ("the inverter does not hear the battery",)
        battery = rig.driver.battery({**rig.polled.values, "warning_bits": None})
        assert battery is not None and battery.state is BatteryState.UNKNOWN
        assert battery.soc_pct is None and battery.faults == ()

    def test_a_bms_that_says_nothing_of_its_cells(self) -> None:
        driver = lxp().driver
        block = next(block for block in driver.blocks if block.address == 81)
        battery = driver.battery(block.decode([0] * block.count))
        assert battery is not None
        assert battery.racks[0].cell_max_c is None and battery.racks[0].cell_min_v is None


class TestSetUp:
    """What is refused."""

    @pytest.mark.parametrize(
        "wrong",
        [{"rated_w": 0.0}, {"step_pct": 0.5}, {"unknown": 1}],
    )
    def test_options_that_cannot_work(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            inverters.options("luxpower_lxp", {**QUICK, **wrong})
        with pytest.raises(ValidationError, match="rated_w"):
            inverters.options("luxpower_lxp", {})

    def test_something_else_answers(self) -> None:
        rig = lxp()
        with pytest.raises(WrongDeviceError, match="no firmware code"):
            rig.driver.identify(lambda _kind, _address, count: (0x0001,) * count)

    @pytest.mark.parametrize(("long", "requests"), [(False, 7), (True, 5)])
    def test_requests_keep_to_its_rule(self, long: bool, requests: int) -> None:
        blocks = lxp(long_reads=long).driver.blocks
        page = 120 if long else 40
        assert all(b.address // page == (b.address + b.count - 1) // page for b in blocks)
        assert len(blocks) == requests
