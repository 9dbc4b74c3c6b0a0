"""What every inverter driver must do, whatever the device; each against the twin of its device."""

import math

import pytest

from appliance import registry
from appliance.io import inverters
from appliance.io.registers import Write
from appliance.model import InverterState, Setpoints
from appliance.site import Inverter
from tests.io.cases import INVERTERS, InverterCase
from tests.io.rig import InverterRig

NAMES = sorted(registry.names("appliance.io.inverters"))
FULL = Setpoints(power_w=1_000.0, inverter_on=True, contactors_closed=True)
WAIT = Setpoints(power_w=0.0, inverter_on=True, contactors_closed=True)
RESET = Setpoints(inverter_on=False, contactors_closed=True, reset_faults=True)


def settings(name: str) -> Inverter:
    return Inverter(
        driver=name, bus="lan", max_charge_w=5e3, max_discharge_w=5e3, comm_timeout_s=2,
        options=dict(INVERTERS[name].options),
    )  # fmt: skip


def started(name: str) -> InverterRig:
    rig = InverterRig(settings(name), INVERTERS[name].twin)
    assert rig.run(INVERTERS[name].starts_s, WAIT, lambda: state(rig) is InverterState.RUNNING)
    return rig


def state(rig: InverterRig) -> InverterState | None:
    return None if rig.reading is None else rig.reading.state


def near(rig: InverterRig, power_w: float, case: InverterCase) -> bool:
    told_w = None if rig.reading is None else rig.reading.power_w
    return (
        told_w is not None
        and abs(rig.power_w - power_w) <= case.tolerance_w
        and abs(told_w - power_w) <= case.tolerance_w
    )


def test_the_suite_knows_every_driver() -> None:
    assert set(INVERTERS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestEveryInverter:
    def test_title_docstring_and_a_source_for_each_register(self, name: str) -> None:
        file = inverters.load(name)
        assert file.__doc__ and len(file.TITLE) > 5
        rig = InverterRig(settings(name), INVERTERS[name].twin)
        rig.run(0.1)
        rows = [row for block in rig.driver.blocks for row in block.registers]
        assert rows and all(len(row.source) > 1 for row in rows)
        assert len({row.name for row in rows}) == len(rows)

    def test_nothing_known_is_none_and_commands_nothing_but_zero(self, name: str) -> None:
        rig = started(name)
        reading = rig.driver.reading({})
        assert reading.state is InverterState.UNKNOWN
        assert reading.power_w is None and reading.dc_voltage_v is None
        for write in rig.driver.writes(FULL, {}, 1):
            if write.address in INVERTERS[name].power_at:
                assert set(write.words) == {0}

    def test_the_default_is_zero_first_and_then_stop(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        writes = rig.driver.writes(Setpoints(), rig.polled.values, 1)
        zeros = [i for i, w in enumerate(writes) if w.address in case.power_at]
        assert zeros and all(set(writes[i].words) == {0} for i in zeros)
        assert max(zeros) < len(writes) - 1, "something after it stops the device"

    def test_it_starts_carries_power_both_ways_and_stops(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        assert abs(rig.power_w) < case.tolerance_w
        for power_w in (1_000.0, -1_000.0):
            wanted = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
            assert rig.run(40.0, wanted, lambda: near(rig, power_w, case)), rig.reading  # noqa: B023
            assert rig.run(40.0, wanted, lambda: held(rig, power_w, case)), rig.reading  # noqa: B023
        assert rig.run(40.0, until=lambda: state(rig) is InverterState.OFF)
        assert rig.power_w == pytest.approx(0.0, abs=case.tolerance_w)

    def test_no_power_before_it_is_armed(self, name: str) -> None:
        case = INVERTERS[name]
        rig = InverterRig(settings(name), case.twin)
        armed = rig.driver.arm()
        rig.run(5.0, FULL)
        first = next((i for i, w in enumerate(rig.bus.written) if carries(w, case)), None)
        addresses = [w.address for w in rig.bus.written[:first]]
        assert {w.address for w in armed} <= set(addresses)

    @pytest.mark.parametrize("power_w", [1e9, -1e9, math.nan, math.inf])
    def test_nonsense_is_clamped_or_zero(self, name: str, power_w: float) -> None:
        rig = started(name)
        mad = Setpoints(power_w=power_w, inverter_on=True, contactors_closed=True)
        rig.run(15.0, mad)
        assert abs(rig.power_w) <= rig.site.inverter.rated_w
        assert math.isfinite(power_w) or abs(rig.power_w) <= INVERTERS[name].tolerance_w

    def test_a_dead_control_loop_ends_at_zero(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        assert rig.run(40.0, FULL, lambda: near(rig, 1_000.0, case))
        rig.decides = False
        assert rig.run(15.0, FULL, lambda: abs(rig.power_w) < case.tolerance_w)

    def test_a_dead_box_ends_at_zero(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        assert rig.run(40.0, FULL, lambda: near(rig, 1_000.0, case))
        assert rig.run(case.wall_s, until=lambda: rig.power_w == 0.0, alive=False)

    def test_silence_is_forgotten_and_survived(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        rig.bus.silent = True
        rig.run(1.0, FULL)
        assert rig.polled.silent and rig.polled.values == {}
        rig.bus.silent = False
        back(rig, case)

    def test_a_restart_of_the_device_is_survived(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        assert rig.run(40.0, FULL, lambda: near(rig, 1_000.0, case))
        rig.bus.silent = True
        rig.run(3.0, FULL)
        rig.twin.reboot()
        before = len(rig.bus.written)
        rig.bus.silent = False
        back(rig, case)
        armed = {w.address for w in rig.driver.arm() if not w.stored}
        assert armed <= {w.address for w in rig.bus.written[before:]}, "armed anew"

    def test_an_unknown_fault_becomes_a_fault_in_words_and_is_reset_only_when_asked(
        self, name: str
    ) -> None:
        case, rig = INVERTERS[name], started(name)
        if case.breaks is None:
            pytest.skip("this device reports no faults")
        case.breaks(rig.site)
        assert rig.run(15.0, WAIT, lambda: state(rig) is InverterState.FAULT)
        assert rig.reading is not None and rig.reading.faults and all(rig.reading.faults)
        rig.run(5.0, FULL)
        assert state(rig) is InverterState.FAULT and abs(rig.power_w) < case.tolerance_w
        assert rig.run(15.0, RESET, lambda: state(rig) is InverterState.OFF)

    def test_stored_registers_are_written_on_change_only(self, name: str) -> None:
        case, rig = INVERTERS[name], started(name)
        assert rig.run(60.0, FULL, lambda: near(rig, 1_000.0, case))
        rig.run(30.0, FULL)
        before = rig.commanded.stored_writes
        rig.run(60.0, FULL)
        assert rig.commanded.stored_writes == before


def carries(write: Write, case: InverterCase) -> bool:
    return write.address in case.power_at and set(write.words) != {0}


def held(rig: InverterRig, power_w: float, case: InverterCase) -> bool:
    """What the device holds, read back."""
    told_w = None if rig.reading is None else rig.reading.setpoint_w
    return told_w is not None and abs(told_w - power_w) <= case.tolerance_w


def back(rig: InverterRig, case: InverterCase) -> None:
    """The box brings it back to power, with a reset where the device wants one."""
    rig.run(2.0, WAIT)
    if state(rig) is InverterState.FAULT:
        assert rig.run(15.0, RESET, lambda: state(rig) is InverterState.OFF)
    assert rig.run(60.0, FULL, lambda: near(rig, 1_000.0, case)), rig.reading
