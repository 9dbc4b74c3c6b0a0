"""Inverter and meters as a plain pymodbus client sees them."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import can
import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from tests.simulator.conftest import Pretend

GRID, PV = 1, 2
NOISE_W = 0.21


@pytest.fixture
def meter(pretend: Pretend) -> Iterator[ModbusTcpClient]:
    yield from client(pretend.ports["meter"])


@pytest.fixture
def inverter(pretend: Pretend) -> Iterator[ModbusTcpClient]:
    yield from client(pretend.ports["inverter"])


def client(port: int) -> Iterator[ModbusTcpClient]:
    made = ModbusTcpClient("127.0.0.1", port=port, timeout=0.2, retries=0)
    assert connect(made)
    yield made
    made.close()  # type: ignore[no-untyped-call]


def connect(client: ModbusTcpClient) -> bool:
    client.close()  # type: ignore[no-untyped-call]
    return bool(client.connect())  # type: ignore[no-untyped-call]


def read(client: ModbusTcpClient, address: int, count: int, unit: int = 1) -> list[int]:
    return list(client.read_input_registers(address, count=count, device_id=unit).registers)


def low_first(words: Sequence[int]) -> int:
    value = words[1] << 16 | words[0]
    return value - (value >> 31 << 32)


def high_first(words: Sequence[int]) -> int:
    return low_first(words[::-1])


def wait_for(condition: Callable[[], bool], seconds: float = 4.0) -> None:
    end_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end_s, "it did not happen in time"
        time.sleep(0.02)


def power_w(meter: ModbusTcpClient, unit: int) -> float:
    return low_first(meter.read_input_registers(0x28, count=2, device_id=unit).registers) / 10


def test_meters_count_import_and_production_positive(
    pretend: Pretend, meter: ModbusTcpClient
) -> None:
    assert power_w(meter, GRID) == pytest.approx(700.0, abs=NOISE_W)
    assert power_w(meter, PV) == pytest.approx(500.0, abs=NOISE_W)
    pretend.control.set("load_w", 200.0)
    wait_for(lambda: abs(power_w(meter, GRID) + 300.0) <= NOISE_W)
    phases = meter.read_holding_registers(0x12, count=6, device_id=GRID).registers
    measured = [low_first(phases[i : i + 2]) for i in (0, 2, 4)]
    assert measured == pytest.approx([-1_000] * 3, abs=2)
    assert meter.read_holding_registers(0x33, count=1, device_id=GRID).registers == [499]
    low, high = meter.read_holding_registers(0x28, count=2, device_id=GRID).registers
    assert (abs(low - 62_536) <= 2, high) == (True, 65_535)


def test_meter_says_who_it_is_and_what_it_has_not(meter: ModbusTcpClient) -> None:
    assert meter.read_input_registers(0x0B, count=1, device_id=GRID).registers == [1_648]
    assert low_first(read(meter, 0x0A, 2)) == pytest.approx(3_984, abs=2)
    assert meter.read_input_registers(0x0400, count=1, device_id=GRID).exception_code == 2
    assert meter.read_input_registers(0x50, count=4, device_id=GRID).exception_code == 2
    assert meter.write_register(0x28, 5, device_id=GRID).exception_code == 2
    assert meter.write_register(0x1002, 9, device_id=GRID).exception_code == 3
    assert meter.read_input_registers(0x28, count=2, device_id=7).exception_code == 11
    assert meter.read_coils(0, count=1, device_id=GRID).exception_code == 2


@contextmanager
def running(pretend: Pretend, inverter: ModbusTcpClient) -> Iterator[None]:
    """Contactors kept closed over CAN, inverter on."""
    request = can.Message(arbitration_id=0x210, data=[1] + [0] * 7, is_extended_id=False)
    with can.Bus(
        interface="socketcand", host="127.0.0.1", port=pretend.ports["can"], channel="can0"
    ) as bus:
        task = bus.send_periodic(request, 0.1)
        wait_for(lambda: pretend.control.show()["contactors_closed"] is True)
        inverter.write_coil(4_000, True, device_id=1)
        wait_for(lambda: read(inverter, 5_000, 1) == [3])
        yield
        task.stop()


@pytest.mark.parametrize("wanted_w", [4_000, -4_000])
def test_setpoint_signs_on_the_wire(
    pretend: Pretend, inverter: ModbusTcpClient, wanted_w: int
) -> None:
    before_s = time.monotonic()
    with running(pretend, inverter):
        inverter.write_register(4_195, wanted_w & 0xFFFF, device_id=1)
        wait_for(lambda: abs(pretend.control.number("battery_w")) == 4_000.0, 1.0)
        shown = pretend.control.show()
        words = read(inverter, 5_186, 6)
        dc_w = high_first(read(inverter, 5_113, 2))
    assert shown["battery_w"] == wanted_w
    assert shown["grid_w"] == 700.0 - wanted_w
    total_w = sum(high_first(words[i : i + 2]) for i in (0, 2, 4))
    assert total_w == pytest.approx(wanted_w, abs=2)
    assert dc_w == pytest.approx(wanted_w + 131.0, abs=5.0)
    (written,) = pretend.control.setpoints(before_s)
    assert written.power_w == wanted_w
    assert before_s <= written.at_s <= time.monotonic()


def test_inverter_refuses_what_it_cannot_take(inverter: ModbusTcpClient) -> None:
    assert inverter.read_holding_registers(1_016, count=1, device_id=1).registers == [10]
    assert inverter.write_register(1_016, 0, device_id=1).exception_code == 3
    assert inverter.write_register(4_195, 32_001, device_id=1).exception_code == 3
    assert inverter.read_input_registers(4_195, count=1, device_id=1).exception_code == 2
    assert inverter.read_holding_registers(4_300, count=1, device_id=1).exception_code == 2
    assert inverter.write_coil(4_005, True, device_id=1).exception_code == 2
    assert inverter.read_input_registers(5_001, count=1, device_id=99).registers == [1]
    inverter.write_coil(4_011, True, device_id=1)
    assert inverter.read_input_registers(5_001, count=1, device_id=99).exception_code == 11
    assert inverter.read_input_registers(5_001, count=1, device_id=0).registers == [1]


def test_phases_count_when_asymmetric(pretend: Pretend, inverter: ModbusTcpClient) -> None:
    inverter.write_coil(4_001, False, device_id=1)
    inverter.write_register(4_195, 5_000, device_id=1)
    for phase in range(3):
        inverter.write_register(4_196 + phase, 1_000 & 0xFFFF, device_id=1)
    assert pretend.control.number("setpoint_w") == 3_000.0


def test_silence_runs_into_the_communication_timeout(
    pretend: Pretend, inverter: ModbusTcpClient
) -> None:
    with running(pretend, inverter):
        inverter.write_register(1_016, 1, device_id=1)
        inverter.write_register(4_195, 2_000, device_id=1)
        pretend.control.plug("inverter", "silent")
        with pytest.raises(ModbusException):
            inverter.write_register(4_195, 2_000, device_id=1)
        wait_for(lambda: pretend.control.show()["inverter_state"] == "alarm", 1.5)
        wait_for(lambda: pretend.control.number("battery_w") == 0.0, 0.5)
    pretend.control.plug("inverter", "in")
    assert connect(inverter)
    assert read(inverter, 2_808, 3) == [1, 1, 1]
    inverter.write_coil(4_002, True, device_id=1)
    assert read(inverter, 5_000, 1) == [2]


def test_one_meter_silent_the_other_not(pretend: Pretend, meter: ModbusTcpClient) -> None:
    pretend.control.plug("meter.grid", "silent")
    assert power_w(meter, PV) == pytest.approx(500.0, abs=NOISE_W)
    with pytest.raises(ModbusException):
        meter.read_input_registers(0x28, count=2, device_id=GRID)
    pretend.control.plug("meter.grid", "in")
    assert connect(meter)
    assert power_w(meter, GRID) == pytest.approx(700.0, abs=NOISE_W)


def test_a_refused_device_closes_its_port_and_a_shared_port_stays(
    pretend: Pretend, inverter: ModbusTcpClient, meter: ModbusTcpClient
) -> None:
    pretend.control.plug("meter.grid", "refuse")
    assert meter.read_input_registers(0x28, count=2, device_id=GRID).exception_code == 11
    pretend.control.plug("inverter", "refuse")
    assert not connect(inverter)
    pretend.control.plug("inverter", "in")
    assert connect(inverter)
    assert read(inverter, 5_000, 1) == [2]
