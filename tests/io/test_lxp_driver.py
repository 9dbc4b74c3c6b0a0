"""The LuxPower driver against its twin in virtual time: registers, states, signs, set-up."""

from typing import Any

import pytest
from pydantic import ValidationError

from appliance.io import inverters
from appliance.io.buses import WrongDeviceError
from appliance.io.inverters._luxpower_window import word_of
from appliance.model import BatteryState, InverterState
from simulator.models.inverter import Alarm, State
from tests.io.lxp_driven import QUICK, STILL, at, held, lxp, power, running, twin


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
