"""Threads that poll and command: decisions go out at once, silence goes to zero, everything comes back."""

import itertools
import logging
import time

import msgspec
import pytest
from typing_extensions import override

from appliance.clock import VirtualClock
from appliance.io.buses.modbus import ModbusBus
from appliance.io.modbus_workers import ModbusThread, modbus_workers
from appliance.io.registers import Block, Write
from appliance.mailbox import Slots
from appliance.model import InverterState, PollCounts
from appliance.site import Inverter
from appliance.supervisor import Lease, Worker
from tests.io.cases import INVERTERS
from tests.io.fake_modbus import FakeModbus, free_port
from tests.io.rig import TableBus, pretend_plant
from tests.io.threads import CLOCK, decide, pause, running, soon
from tests.io.wired_home import RUN, em24, in_operation, lan, power_of, site_on
from tests.stories import NOON


def test_a_decision_is_on_the_wire_at_once_and_armed_before() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            lateness_ms = []
            for cycle in range(1, 40):
                power_w = 1000.0 + cycle
                setpoints = msgspec.structs.replace(RUN, power_w=power_w)
                sent_s = decide(slots, setpoints, cycle)
                assert soon(lambda: inverter.values_at(4195)[-1:] == [1000 + cycle])  # noqa: B023
                at_s = next(e[0] for e in inverter.written if e[3] == (1000 + cycle,))
                lateness_ms.append(1e3 * (at_s - sent_s))
            assert sorted(lateness_ms)[20] < 5.0
        addresses = [entry[2] for entry in inverter.written]
        assert addresses[:3] == [1016, 4011, 4001], "its timeout is armed before all else"
        assert inverter.values_at(1016) == [2]
        assert [power_of(word) for word in inverter.values_at(4195)][-1] == 0, "at rest in the end"
        assert inverter.values_at(4000)[-1] == 0


class Patient(Lease):
    """Ends after some rounds, and remembers the longest time without a sign of life."""

    def __init__(self, clock: VirtualClock, rounds: int) -> None:
        super().__init__(clock)
        self._virtual, self._rounds, self.longest_s = clock, rounds, 0.0

    @property
    @override
    def ended(self) -> bool:
        self._rounds -= 1
        return self._rounds < 0

    @override
    def beat(self) -> None:
        self.longest_s = max(self.longest_s, self._virtual.now_s() - self.beat_at_s)
        super().beat()


def test_a_device_that_answers_late_is_no_hanging_thread() -> None:
    """Each answer comes just in time; a round of many requests takes longer than a thread may be silent."""
    clock, slots = VirtualClock(NOON), Slots.create()
    case = INVERTERS["abb_pqstori"]

    class Late(TableBus):
        @override
        def read(self, block: Block, unit: int) -> tuple[int, ...]:
            clock.advance(0.8)
            return super().read(block, unit)

        @override
        def write(self, write: Write, unit: int) -> None:
            clock.advance(0.8)
            super().write(write, unit)

    thread = ModbusThread(Late(case.twin(pretend_plant())), clock, slots)
    thread.add_inverter(
        Inverter(driver="abb_pqstori", bus="lan", max_charge_w=5e3, max_discharge_w=5e3)
    )
    lease, began_s = Patient(clock, 3), clock.now_s()
    thread.run(lease)
    assert clock.now_s() - began_s > 10.0 and lease.longest_s < 1.0


def test_readings_arrive_with_sign_and_time() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        inverter.set(1, "input", 5186, 0xFFFF, 0xFC18)
        meter.set(1, "holding", 0x28, 0xD8F0, 0xFFFF)
        meter.set(2, "holding", 0x28, 20_000, 0)
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            grid = soon(slots.meters["grid"].newest)
            pv = soon(slots.meters["pv"].newest)
            seen = soon(slots.inverter.newest)
            assert grid and pv and seen
            assert grid.value.power_w == pytest.approx(-1000.0)
            assert pv.value.power_w == pytest.approx(2000.0)
            assert seen.value.power_w == pytest.approx(-1000.0)
            assert seen.value.state is InverterState.RUNNING
            assert 0.0 <= CLOCK.now_s() - grid.at_s < 1.0
            pause(0.55)
            newest = slots.meters["grid"].newest()
            assert newest and 4 <= newest.number - grid.number <= 7, "ten times a second"


def test_without_a_fresh_decision_it_goes_to_zero_and_off_alone() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            decided_s = decide(slots, RUN)
            assert soon(lambda: 1000 in inverter.values_at(4195))
            assert soon(lambda: inverter.values_at(4195)[-1] == 0, 2.0)
            assert 0.95 <= CLOCK.now_s() - decided_s < 1.4
            assert soon(lambda: inverter.values_at(4000)[-1:] == [0])


def test_the_setpoint_is_repeated_as_a_sign_of_life() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            started_s = CLOCK.now_s()
            while CLOCK.now_s() - started_s < 1.6:
                decide(slots, RUN)
                pause(0.05)
            times_s = [e[0] for e in inverter.written if e[2] == 4195 and e[3] == (1000,)]
            gaps_s = [b - a for a, b in itertools.pairwise(times_s)]
            assert len(times_s) >= 4 and max(gaps_s) <= 0.55 and min(gaps_s) >= 0.2


def test_starts_in_order_as_the_inverter_follows() -> None:
    with FakeModbus() as inverter, FakeModbus() as meter:
        inverter.set(1, "input", 5000, 2, 1)
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.inverter.newest)
            decide(slots, RUN)
            assert soon(lambda: 1 in inverter.values_at(4000))
            assert set(inverter.values_at(4195)) == {0}, "no power before operation"
            inverter.set(1, "input", 5000, 3)
            decide(slots, RUN)
            assert soon(lambda: 1000 in inverter.values_at(4195))


def test_silence_and_return_are_said_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "appliance")
    port = free_port()
    slots = Slots.create(("grid", "pv"))
    with (
        FakeModbus() as meter,
        running(modbus_workers(site_on(port, meter.port), CLOCK, slots)),
    ):
        pause(0.6)
        assert slots.inverter.newest() is None
        with in_operation(FakeModbus(port)) as inverter:
            assert soon(slots.inverter.newest)
            assert soon(lambda: "inverter answers again" in caplog.text)
            assert inverter.values_at(1016) == [2]
        pause(0.5)
        newest = slots.inverter.newest()
        assert newest and slots.inverter.fresh(CLOCK.now_s(), 0.3) is None
        with in_operation(FakeModbus(port)) as inverter:
            assert soon(lambda: slots.inverter.fresh(CLOCK.now_s(), 0.3))
            assert inverter.values_at(1016) == [2], "armed again after a reconnect"
            assert soon(lambda: caplog.text.count("inverter answers again") == 2)
    said = [record.message for record in caplog.records]
    assert sum("inverter does not answer" in line for line in said) == 2
    assert sum("inverter answers again" in line for line in said) == 2


def test_a_refused_list_of_alarms_does_not_hide_the_rest() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        inverter.refused[2808] = 2
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            first = soon(slots.inverter.newest)
            assert first
            assert soon(lambda: (slots.inverter.newest() or first).number > first.number + 15)
            assert inverter.connections == 1


def test_a_silent_meter_does_not_silence_its_neighbour() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        meter.silent_units.add(2)
        slots = Slots.create(("grid", "pv"))
        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(slots.meters["grid"].newest)
            ages_s = []
            started_s = CLOCK.now_s()
            while CLOCK.now_s() - started_s < 1.5:
                ages_s.append(slots.meters["grid"].age_s(CLOCK.now_s()) or 0.0)
                pause(0.02)
            assert max(ages_s) < 0.5
            assert slots.meters["pv"].newest() is None


def test_waiting_for_a_silent_inverter_costs_no_processor_time() -> None:
    with FakeModbus() as inverter, FakeModbus() as meter:
        inverter.silent_units.add(1)
        slots = Slots.create(("grid", "pv"))
        thread = ModbusThread(
            ModbusBus(lan(inverter.port), CLOCK),
            CLOCK,
            slots,
        )
        thread.add_inverter(site_on(inverter.port, meter.port).inverter)
        spent_s: list[float] = []

        def run(lease: Lease) -> None:
            pause(0.2)  # A decision is there before the first look.
            started_s = time.thread_time()
            thread.run(lease)
            spent_s.append(time.thread_time() - started_s)

        with running((Worker("modbus.alone", run, 10.0),)):
            started_s = CLOCK.now_s()
            while CLOCK.now_s() - started_s < 1.7:
                decide(slots, RUN)
                pause(0.1)
        assert spent_s[0] < 0.05 * 1.5


def test_polls_and_those_that_failed_are_counted() -> None:
    with in_operation(FakeModbus()) as inverter, em24(FakeModbus()) as meter:
        slots = Slots.create(("grid", "pv"), buses=("inverter_lan", "meter_lan"))

        def counted() -> dict[str, PollCounts]:
            newest = slots.wires["meter_lan"].newest()
            return {} if newest is None else {one.device: one for one in newest.value.devices}

        with running(modbus_workers(site_on(inverter.port, meter.port), CLOCK, slots)):
            assert soon(lambda: counted() and counted()["grid meter"].polls >= 5)
            assert counted()["grid meter"].failed == 0
            meter.silent_units.add(1)
            assert soon(lambda: counted()["grid meter"].failed >= 2)
            assert counted()["pv meter"].failed == 0, "the other device on the bus is well"
            assert counted()["grid meter"].polls > counted()["grid meter"].failed
