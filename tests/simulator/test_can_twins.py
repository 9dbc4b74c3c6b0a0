"""Every pretend battery on CAN: what it says, by cantools and by the frame tables; its faults."""

import time
from itertools import pairwise

import can
import pytest

from simulator.wire import plugs
from simulator.wire.batteries.own_values import BATTERY, RACK
from simulator.wire.can_codec import crc8_j1850
from simulator.wire.can_messages import load_messages
from simulator.wire.socketcand import Frame
from tests.simulator.can_bench import (
    CHARGE_POSITIVE,
    OWN,
    Ticking,
    ask,
    connected,
    database,
    decoded,
    on_socket,
)

ALL_RACKS = "0.BatteryStatus.RacksConnected"
CURRENT = "0.BatteryValues.Current"
FAULT_MESSAGE = {"nbms_2_3": "RackStatus", "nbms_2_4": "RackFaults", "nbms_2_5": "RackFaults", "cbms": "RackAlarms"}  # fmt: skip
SPOKEN_ELSEWHERE = {"State", "Counter", "Crc", "Mux", "FaultCode", "FaultReserved", "BalancingCells", "Balancing",
                    "AnyWarning", "SleepTime", "FaultTime", "WarningReserved"}  # fmt: skip
NEVER = {"FaultPrecharge", "FaultInsulation", "FaultMeasurement", "FaultFuse", "FaultInterlock", "FaultInternal",
         "WarningOvercurrentCharge", "WarningOvercurrentDischarge", "WarningTemperatureSpread",
         "WarningInsulation"}  # fmt: skip


# ---------------------------------------------------------------- on a real socket


@pytest.mark.parametrize("family", OWN)
def test_start_discharge_charge_and_stop_over_a_socket(family: str) -> None:
    sign = -1.0 if family in CHARGE_POSITIVE else 1.0
    with on_socket(family) as box:
        box.close = False
        said = decoded(family, box.listen(0.4))
        assert (said[ALL_RACKS], said["2.RackStatus.ContactorPlus"]) == (0, 0)
        box.close = True
        said = decoded(family, box.listen(3.0, (ALL_RACKS, 2)))
        assert said[ALL_RACKS] == 2
        for power_w in (5_000.0, -5_000.0):
            box.power(power_w)
            box.listen(1.5 if power_w > 0.0 else 0.6)
            said = decoded(family, box.listen(0.4))
            truth = box.plant.site.battery
            assert said[CURRENT] * power_w * sign > 0.0
            assert said[CURRENT] * sign == pytest.approx(truth.current_a, abs=0.6)
            racks_a = [said[f"{n}.RackValues.Current"] for n in (1, 2)]
            assert sum(racks_a) == pytest.approx(said[CURRENT], abs=1.0)
            assert min(a * power_w * sign for a in racks_a) > 0.0
        box.power(0.0)
        box.listen(0.6)
        box.close = False
        said = decoded(family, box.listen(3.0, (ALL_RACKS, 0)))
        assert said[ALL_RACKS] == 0


@pytest.mark.parametrize("family", ["cbms", "pylontech_lv", "pylontech_hv", "sma_35x"])
def test_silent_and_back_over_a_socket(family: str) -> None:
    with on_socket(family, racks=1) as box:
        box.close = True
        assert box.listen(1.2)
        box.put(plugs.SILENT)
        box.listen(0.15)
        assert box.listen(0.4) == []
        box.put(plugs.IN)
        assert box.listen(1.2)


def test_bus_off_breaks_the_connection_and_lets_nothing_through() -> None:
    with on_socket("nbms_2_5") as box:
        assert box.listen(0.4)
        box.put(plugs.BUS_OFF)
        with pytest.raises((can.CanError, OSError)):
            for _ in range(20):
                box.client.recv(0.05)
                box.send(ask("nbms_2_5", 0, close=True))
                time.sleep(0.02)
        with can.Bus(
            interface="socketcand", host="127.0.0.1", port=box.twin._bus.port, channel="can0"
        ) as again:
            first = again.recv(1.0)
            assert first is not None
            assert (first.is_error_frame, first.arbitration_id) == (True, 0x040)
            assert again.recv(0.3) is None
            box.put(plugs.IN)
            later = again.recv(1.0)
            assert later is not None
            assert not later.is_error_frame


# ---------------------------------------------------------------- our own generations, tick by tick


@pytest.mark.parametrize("family", OWN)
def test_each_signal_of_the_dbc_has_somebody_who_says_it(family: str) -> None:
    for name, message in load_messages(family).items():
        if name.endswith("Command"):
            continue
        known = BATTERY if name.startswith("Battery") else RACK
        for signal in {signal for page in message.pages for signal in page}:
            numbered = signal[:-1] in ("Cell", "Sensor")
            assert signal in known or signal in SPOKEN_ELSEWHERE | NEVER or numbered, signal


@pytest.mark.parametrize("family", OWN)
def test_each_message_comes_at_its_cycle_time(family: str) -> None:
    heard = Ticking(family, racks=1).run(10.0)
    for message in database(family).messages:
        if message.senders == ["Box"]:
            continue
        count = sum(frame.can_id == message.frame_id for frame in heard)
        assert message.cycle_time
        assert count == pytest.approx(10_000 / message.cycle_time, abs=1.1), message.name
        assert {len(f.data) for f in heard if f.can_id == message.frame_id} == {message.length}


@pytest.mark.parametrize("family", OWN)
def test_cantools_reads_the_truth(family: str) -> None:
    battery = connected(family)
    battery.run(1.8, 5_000.0)
    heard = battery.run(6.0, 5_000.0)
    said = decoded(family, heard)
    truth, site = battery.site.battery, battery.site
    assert said["0.BatteryValues.Voltage"] == pytest.approx(truth.voltage_v, abs=0.3)
    sign = -1.0 if family in CHARGE_POSITIVE else 1.0
    assert said[CURRENT] * sign == pytest.approx(truth.current_a, abs=0.3)
    assert said["0.BatteryEnergy.Soc"] == pytest.approx(truth.soc_pct, abs=0.4)
    for number, rack in enumerate(truth.racks, 1):
        assert said[f"{number}.RackValues.Voltage"] == pytest.approx(rack.voltage_v, abs=0.3)
        assert said[f"{number}.RackCellVoltages.CellMax"] == pytest.approx(
            1e3 * rack.cell_max_v, abs=3.0
        )
        assert said[f"{number}.RackCellVoltages.CellMinNumber"] == rack.cell_min_at
        assert said[f"{number}.RackEnergy.Soc"] == pytest.approx(rack.soc_pct, abs=0.4)
        assert said[f"{number}.RackCellTemperatures.SensorMax"] == pytest.approx(
            rack.cell_max_c, abs=0.6
        )
    assert site.bms.state.name == "NORMAL"
    cells = _cells(family, heard)
    assert sorted(cells) == list(range(truth.cell_count))
    for cell, millivolts in cells.items():
        assert millivolts == pytest.approx(1e3 * truth.racks[0].cell_v(cell), abs=4.0)


def _cells(family: str, heard: list[Frame]) -> dict[int, float]:
    """All cells of rack 1, by their number from 0; absent places are left out."""
    table = database(family).get_message_by_name("RackCells")
    names = [s.name for s in table.signals if s.name.startswith("Cell")]
    found = {}
    for frame in heard:
        if frame.can_id == table.frame_id:
            values = table.decode(frame.data)
            assert isinstance(values, dict)
            for place, name in enumerate(names):
                millivolts = float(str(values[name]))
                if millivolts < 6_000.0:
                    found[len(names) * int(str(values["Mux"])) + place] = millivolts
    return found


@pytest.mark.parametrize("family", OWN)
def test_a_fault_of_the_last_rack_leaves_the_other_alone(family: str) -> None:
    battery = connected(family)
    battery.put(plugs.RACK_FAULT)
    said = decoded(family, battery.run(0.8))
    assert said[f"2.{FAULT_MESSAGE[family]}.FaultContactor"] == 1
    assert said[f"1.{FAULT_MESSAGE[family]}.FaultContactor"] == 0
    assert (said[ALL_RACKS], said["2.RackStatus.ContactorPlus"]) == (1, 0)
    assert said["0.BatteryStatus.AnyFault"] == 1


@pytest.mark.parametrize("family", OWN)
def test_a_strange_fault_sets_bits_without_a_name(family: str) -> None:
    battery = connected(family)
    battery.put(plugs.STRANGE_FAULT)
    said = decoded(family, battery.run(0.8))
    assert said[f"2.{FAULT_MESSAGE[family]}.FaultReserved"] == 1
    if f"2.{FAULT_MESSAGE[family]}.FaultCode" in said:
        assert said[f"2.{FAULT_MESSAGE[family]}.FaultCode"] == 0xEE


@pytest.mark.parametrize(("family", "patience_s"), [("nbms_2_3", 1.0), ("nbms_2_4", 1.0), ("nbms_2_5", 0.5), ("cbms", 2.0)])  # fmt: skip
def test_without_requests_contactors_open_in_time(family: str, patience_s: float) -> None:
    battery = connected(family)
    battery.close = None
    assert decoded(family, battery.run(patience_s - 0.2))[ALL_RACKS] == 2
    said = decoded(family, battery.run(1.6))
    assert (said[ALL_RACKS], said["0.BatteryStatus.AnyFault"]) == (0, 1)
    assert said[f"1.{FAULT_MESSAGE[family]}.FaultCommunication"] == 1


@pytest.mark.parametrize("family", OWN)
def test_the_mask_of_enabled_racks_is_obeyed(family: str) -> None:
    battery = connected(family)
    battery.close = None
    heard: list[Frame] = []
    for count in range(20):
        battery.twin.receive(ask(family, battery.asked + count, close=True, mask=0b10))
        heard += battery.run(0.1)
    said = decoded(family, heard)
    assert (said["1.RackStatus.ContactorPlus"], said["2.RackStatus.ContactorPlus"]) == (0, 1)


def test_nbms_2_5_does_not_hear_a_wrong_checksum_nor_a_counter_that_stands() -> None:
    battery = connected("nbms_2_5")
    battery.close = None
    right = ask("nbms_2_5", battery.asked, close=True)
    wrong = right._replace(data=right.data[:7] + bytes([right.data[7] ^ 1]))
    for _ in range(14):
        battery.twin.receive(wrong)
        battery.run(0.1)
    assert not battery.site.battery.connected
    before = battery.twin.requests
    for _ in range(3):
        battery.twin.receive(right)
    assert battery.twin.requests <= before + 1


def test_nbms_2_5_counts_and_signs_and_can_sign_wrongly() -> None:
    battery = connected("nbms_2_5", racks=1)
    status = [f for f in battery.run(2.0) if f.can_id == 0x400]
    assert all(crc8_j1850(f.data[:7]) == f.data[7] for f in status)
    counters = [f.data[6] & 15 for f in status]
    assert all((b - a) % 16 == 1 for a, b in pairwise(counters))
    battery.put(plugs.CHECKSUM)
    assert all(crc8_j1850(f.data[:7]) != f.data[7] for f in battery.run(0.5) if f.can_id == 0x400)


@pytest.mark.parametrize("family", ["nbms_2_5", "cbms"])
def test_it_sleeps_and_wakes_when_told(family: str) -> None:
    battery = Ticking(family)
    battery.close = False
    battery.run(0.5)
    battery.close = None

    def tell(word: str) -> None:
        if family == "nbms_2_5":
            battery.twin.receive(ask(family, battery.tick, close=False, sleep=word))
        else:
            magic = {"SLEEP": 0xA5, "WAKE": 0x5A}[word]
            battery.twin.receive(Frame(0x18FF02E5, bytes([magic]), extended=True))

    tell("SLEEP")
    heard = battery.run(3.0)
    choices = load_messages(family)["BatteryStatus"].choices["State"]
    assert len(heard) == 3
    assert decoded(family, heard)["0.BatteryStatus.State"] == choices["SLEEP"]
    tell("WAKE")
    assert decoded(family, battery.run(0.5))["0.BatteryStatus.State"] != choices["SLEEP"]
    connected_now = connected(family)
    connected_now.twin.receive(Frame(0x18FF02E5, b"\xa5", extended=True))
    assert not connected_now.site.bms.asleep
