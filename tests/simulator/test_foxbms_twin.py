"""The BMS on its bus, as python-can's socketcand client and the published signal table see it."""

import time
from collections.abc import Iterator
from pathlib import Path

import can
import cantools
import pytest

from simulator.wire.can_codec import Signal, pack, unpack
from tests.simulator.conftest import Pretend
from tests.simulator.test_modbus_twins import wait_for

DBC = cantools.database.load_file(Path(__file__).parents[2] / "dbc" / "foxbms2.dbc", strict=False)


@pytest.fixture
def bus(pretend: Pretend) -> Iterator[can.BusABC]:
    with can.Bus(
        interface="socketcand", host="127.0.0.1", port=pretend.ports["can"], channel="can0"
    ) as made:
        yield made


def decoded(message: can.Message) -> dict[str, float]:
    """By the signal table that the drivers use: somebody else's work."""
    assert isinstance(DBC, cantools.database.Database)
    table = DBC.get_message_by_frame_id(message.arbitration_id)
    values = table.decode(bytes(message.data), decode_choices=False)
    assert isinstance(values, dict)
    return {name: float(str(value)) for name, value in values.items()}


def request(bus: can.BusABC, mode: int, reset: bool = False) -> None:
    data = [mode | reset << 2] + [0] * 7
    bus.send(can.Message(arbitration_id=0x210, data=data, is_extended_id=False))


def listen(bus: can.BusABC, seconds: float, mode: int | None = None) -> list[can.Message]:
    """Everything heard; with a mode, requested every 100 ms."""
    heard: list[can.Message] = []
    end_s = time.monotonic() + seconds
    next_s = time.monotonic()
    while (now_s := time.monotonic()) < end_s:
        if mode is not None and now_s >= next_s:
            request(bus, mode)
            next_s += 0.1
        if message := bus.recv(0.02):
            heard.append(message)
    return heard


def test_signals_lie_where_a_dbc_says() -> None:
    table = {"a": Signal(7, 4), "b": Signal(1, 10), "c": Signal(39, 8, 0.5, signed=True)}
    data = pack(table, {"a": 9, "b": 515, "c": -3.5})
    assert data.hex() == "92030000f9000000"
    assert unpack(table, data) == {"a": 9, "b": 515, "c": -3.5}
    assert unpack(table, pack(table, {"a": 99, "b": -1, "c": 1e6})) == {"a": 15, "b": 0, "c": 63.5}


def test_every_message_at_its_cycle_time(bus: can.BusABC) -> None:
    heard = listen(bus, 2.3)
    counts = {
        f"{i:x}": sum(m.arbitration_id == i for m in heard)
        for i in {m.arbitration_id for m in heard}
    }
    for fast in [
        "219",
        "220",
        "230",
        "231",
        "232",
        "233",
        "234",
        "240",
        "241",
        "242",
        "243",
        "244",
        "250",
    ]:
        assert 20 <= counts[fast] <= 24, fast
    assert 13 <= counts["260"] <= 16
    assert counts["235"] in (2, 3)
    assert counts["245"] in (2, 3)


def test_an_independent_decoder_reads_the_truth(pretend: Pretend, bus: can.BusABC) -> None:
    listen(bus, 1.0, mode=1)
    said: dict[str, float] = {}
    cells: list[float] = []
    for message in listen(bus, 1.5, mode=1):
        for name, value in decoded(message).items():
            said[f"{message.arbitration_id:x}.{name}"] = value
            is_cell = message.arbitration_id == 0x250 and message.data[0] < 32
            if is_cell and name.startswith("CellVoltage") and "Valid" not in name:
                cells.append(value)
    truth = pretend.control.show()
    assert len(cells) > 40
    assert min(cells) >= 1e3 * float(str(truth["cell_min_v"])) - 3.0
    assert max(cells) <= 1e3 * float(str(truth["cell_max_v"])) + 3.0
    assert said["220.BmsState"] == 7
    assert said["220.NumberOfConnectedStrings"] == 1
    assert said["233.BatteryVoltage"] == pytest.approx(truth["voltage_v"], abs=0.3)
    assert said["243.Voltage"] == pytest.approx(truth["voltage_v"], abs=0.05)
    assert said["231.MaximumCellVoltage"] == pytest.approx(
        1e3 * float(str(truth["cell_max_v"])), abs=3
    )
    assert said["242.MinimumCellVoltage"] == pytest.approx(
        1e3 * float(str(truth["cell_min_v"])), abs=3
    )
    index = int(str(truth["cell_max_at"])) - 1
    assert said["231.MaximumCellVoltageModuleIndex"] == index // 16
    assert said["231.MaximumCellVoltageCellIndex"] == index % 16
    assert said["230.MaximumCellTemperature"] == pytest.approx(truth["cell_max_c"], abs=0.6)
    assert said["235.MinimumSoc"] == pytest.approx(50.0, abs=0.2)
    assert said["235.Soh"] == pytest.approx(99.0)
    assert said["232.MaximumChargePower"] == pytest.approx(10.7, abs=0.1)


@pytest.mark.parametrize("wanted_w", [3_000.0, -3_000.0])
def test_discharge_is_positive_on_the_bus(
    pretend: Pretend, bus: can.BusABC, wanted_w: float
) -> None:
    from pymodbus.client import ModbusTcpClient

    listen(bus, 0.9, mode=1)
    with ModbusTcpClient(
        "127.0.0.1", port=pretend.ports["inverter"], timeout=0.5, retries=0
    ) as inverter:
        inverter.write_coil(4_000, True, device_id=1)
        inverter.write_register(4_195, int(wanted_w) & 0xFFFF, device_id=1)
        heard = listen(bus, 1.7, mode=1)
    values = [m for m in heard if m.arbitration_id == 0x233][-1]
    said = decoded(values)
    assert said["Current"] * wanted_w > 0.0
    assert 1e3 * said["Power"] == pytest.approx(wanted_w, abs=250.0)
    assert said["Power"] == pytest.approx(said["Current"] * said["BatteryVoltage"] / 1e3, abs=0.02)


def test_without_requests_it_opens_and_needs_a_reset(pretend: Pretend, bus: can.BusABC) -> None:
    listen(bus, 1.0, mode=2)
    assert pretend.control.show()["bms_state"] == "normal"
    wait_for(lambda: pretend.control.show()["bms_state"] == "error", 1.5)
    codes = [m.data[0] for m in listen(bus, 0.3) if m.arbitration_id == 0x222]
    assert codes == [5]
    assert pretend.control.show()["bms_faults"] == ["can_timing"]
    request(bus, 0, reset=True)
    wait_for(lambda: pretend.control.show()["bms_state"] == "standby", 0.5)


def test_unplugged_it_says_nothing_and_hears_nothing(pretend: Pretend, bus: can.BusABC) -> None:
    listen(bus, 1.0, mode=1)
    pretend.control.plug("bms", "silent")
    listen(bus, 0.1)
    assert listen(bus, 1.2, mode=1) == []
    assert pretend.control.show()["bms_state"] in ("open_contactors", "error")
    pretend.control.plug("bms", "in")
    assert listen(bus, 0.3)


def test_refused_closes_the_bus_and_opens_it_again(pretend: Pretend, bus: can.BusABC) -> None:
    pretend.control.plug("bms", "refuse")
    with pytest.raises((can.CanError, OSError)):
        for _ in range(20):
            bus.recv(0.1)
            bus.send(can.Message(arbitration_id=1, data=[], is_extended_id=False))
    pretend.control.plug("bms", "in")
    with can.Bus(
        interface="socketcand", host="127.0.0.1", port=pretend.ports["can"], channel="can0"
    ) as again:
        assert listen(again, 0.4)


def test_clients_hear_each_other_but_not_themselves(pretend: Pretend, bus: can.BusABC) -> None:
    pretend.control.plug("bms", "silent")
    with can.Bus(
        interface="socketcand", host="127.0.0.1", port=pretend.ports["can"], channel="can0"
    ) as other:
        listen(other, 0.2)
        bus.send(can.Message(arbitration_id=0x18FF50E5, data=[1, 2, 0xFF], is_extended_id=True))
        heard = other.recv(1.0)
        assert heard is not None
        assert (heard.arbitration_id, heard.is_extended_id, bytes(heard.data)) == (
            0x18FF50E5,
            True,
            b"\1\2\xff",
        )
        assert [m for m in listen(bus, 0.2) if m.arbitration_id == 0x18FF50E5] == []


def test_faults_are_put_by_name_and_taken_away(pretend: Pretend, bus: can.BusABC) -> None:
    listen(bus, 0.9, mode=1)
    assert pretend.control.show()["bms_state"] == "normal"
    pretend.control.plug("bms", "rack_fault")
    listen(bus, 0.4, mode=1)
    truth = pretend.control.show()
    assert (truth["bms_state"], truth["bms_faults"]) == ("error", ["contactor"])
    pretend.control.plug("bms", "in")
    listen(bus, 0.3, mode=0)
    assert pretend.control.show()["bms_state"] == "standby"
    pretend.control.plug("bms", "reboot")
    listen(bus, 0.1)
    assert listen(bus, 0.4) == []
    wait_for(lambda: pretend.control.show()["plugs"]["bms"] == "in", 3.0)  # type: ignore[index]
    assert listen(bus, 0.3)
