"""An inverter's own timeout before any power, and what it gets after silence and refusals."""

import pytest

from appliance.io.modbus_workers import modbus_workers
from appliance.mailbox import Slots
from appliance.model import Setpoints
from tests.io.fake_modbus import FakeModbus, free_port
from tests.io.threads import CLOCK, decide, pause, running, soon
from tests.io.wired_home import RUN, em24, in_operation, site_on


def test_no_power_while_the_timeout_cannot_be_armed() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        inverter.refused[1016] = 3
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            started_s = CLOCK.now_s()
            while CLOCK.now_s() - started_s < 0.7:
                decide(slots, RUN)
                pause(0.05)
            assert set(inverter.values_at(4195)) == {0}
            inverter.refused.clear()
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))


def test_an_inverter_that_comes_back_idle_gets_no_power_of_old_times() -> None:
    port = free_port()
    slots = Slots.create(("grid", "pv"))
    with (
        FakeModbus() as meter,
        running(modbus_workers(site_on(port, meter.port), CLOCK, slots)),
    ):
        with in_operation(FakeModbus(port)) as inverter:
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))
        for _round in range(10):
            decide(slots, RUN)
            pause(0.05)
        with FakeModbus(port) as inverter:
            inverter.set(1, "input", 5000, 2, 1)
            assert soon(lambda: decide(slots, RUN) and 1 in inverter.values_at(4000))
            assert set(inverter.values_at(4195)) == {0}


def test_a_refused_set_value_does_not_keep_the_power_stage_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FakeModbus() as inverter, FakeModbus() as meter:
        inverter.set(1, "input", 5000, 1, 1)
        inverter.refused[4195] = 4
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            decide(slots, Setpoints(reset_faults=True))
            assert soon(lambda: 1 in inverter.values_at(4002)), "RESET"
            assert set(inverter.values_at(4000)) == {0}, "OFF"
            inverter.set(1, "input", 5000, 2)
            assert soon(lambda: decide(slots, RUN) and 1 in inverter.values_at(4000)), "ON"
        assert inverter.values_at(4000)[-1] == 0, "at rest in the end"
    assert caplog.text.count("writing 4195: refused") <= 3, "said, and not again and again"


def test_an_alarm_is_not_acknowledged_by_connecting() -> None:
    with FakeModbus() as inverter, FakeModbus() as meter:
        inverter.set(1, "input", 5000, 1, 1)
        inverter.refused[4002] = 3
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            pause(0.2)
            assert not any(address == 4002 for _unit, _f, address, _n in inverter.requests)
            inverter.set(1, "input", 5000, 3)
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))


def test_it_is_armed_again_when_it_was_silent_behind_a_gateway() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))
            for address in (5000, 5186, 1016, 4000, 4001, 4011, 4195):
                inverter.refused[address] = 11
            for _round in range(6):
                decide(slots, RUN)
                pause(0.05)
            inverter.written.clear()
            inverter.refused.clear()
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))
            after = [(address, words[0]) for _at, _f, address, words in inverter.written]
            assert after.index((1016, 2)) < after.index((4195, 1000))
            assert inverter.connections == 1


def test_a_timeout_that_the_device_does_not_keep_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        inverter.kept[1016] = 10
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))
    assert caplog.text.count("inverter keeps (10,) at 1016, not (2,)") == 1


def test_it_is_put_to_rest_also_when_the_last_read_failed() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(lambda: decide(slots, RUN) and 1000 in inverter.values_at(4195))
            inverter.refused[5000] = 4
            pause(0.15)
            inverter.written.clear()
        assert inverter.values_at(4195)[-1:] == [0] and inverter.values_at(4000)[-1:] == [0]
