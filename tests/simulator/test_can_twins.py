"""Every pretend battery on CAN: what it says, by cantools and by the frame tables; its faults."""

import struct
import time
from itertools import pairwise

import can
import pytest

from simulator.wire import plugs
from simulator.wire.batteries import BATTERIES
from simulator.wire.batteries.own_values import BATTERY, RACK
from simulator.wire.can_codec import Signal, crc8_j1850, pack, unpack
from simulator.wire.can_messages import load_messages
from simulator.wire.socketcand import Frame
from tests.simulator.can_bench import (
    CHARGE_POSITIVE,
    OWN,
    Ticking,
    ask,
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


def connected(family: str, racks: int = 2) -> Ticking:
    """Standby for half a second, then asked to close."""
    battery = Ticking(family, racks)
    battery.close = False
    battery.run(0.5)
    battery.close = True
    battery.run(1.2)
    return battery


def ids(frames: list[Frame]) -> set[int]:
    return {frame.can_id for frame in frames}


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


# ---------------------------------------------------------------- faults of the plug


@pytest.mark.parametrize("family", [*BATTERIES])
def test_half_frames_and_garbage(family: str) -> None:
    battery = connected(family)
    whole = ids(battery.run(2.0))
    battery.put(plugs.HALF)
    assert {len(frame.data) for frame in battery.run(2.0)} <= {0, 1, 2, 3, 4}
    battery.put(plugs.GARBAGE)
    assert ids(battery.run(2.0)) - whole
    battery.put(plugs.IN)
    assert ids(battery.run(2.0)) == whole


@pytest.mark.parametrize("family", [*BATTERIES])
def test_late_frames_are_two_seconds_old(family: str) -> None:
    battery = connected(family)
    battery.put(plugs.LATE)
    assert battery.run(1.0) == []  # 2 s of real time, of which none has passed


@pytest.mark.parametrize("family", OWN)
def test_stuck_repeats_every_bit_and_frozen_goes_on_counting(family: str) -> None:
    battery = connected(family)
    battery.run(6.0)
    battery.put(plugs.STUCK)
    by_id: dict[int, set[bytes]] = {}
    for frame in battery.run(2.0, 5_000.0):
        by_id.setdefault(frame.can_id, set()).add(frame.data)
    table = load_messages(family)
    assert len(by_id[table["BatteryStatus"].can_id]) == 1
    assert len(by_id[table["BatteryValues"].can_id]) == 1
    battery.put(plugs.FROZEN)
    frozen = battery.run(2.0, -5_000.0)
    status = {f.data for f in frozen if f.can_id == table["RackStatus"].can_id}
    assert len(status) > 10
    currents = {decoded(family, [f])[CURRENT] for f in frozen if f.can_id == table["BatteryValues"].can_id}  # fmt: skip
    assert len(currents) == 1


@pytest.mark.parametrize("family", OWN)
def test_values_move_by_a_few_steps_even_at_rest(family: str) -> None:
    battery = connected(family)
    table = load_messages(family)["BatteryValues"]
    values = [decoded(family, [f]) for f in battery.run(2.0) if f.can_id == table.can_id]
    volts = {v["0.BatteryValues.Voltage"] for v in values}
    assert 2 <= len(volts) <= 6
    assert max(volts) - min(volts) < 0.6


@pytest.mark.parametrize("family", [*OWN, "foxbms2", "pylontech_hv"])
def test_the_last_rack_can_fall_silent(family: str) -> None:
    battery = connected(family)
    heard = battery.run(1.0)
    battery.put(plugs.RACK_SILENT)
    fewer = battery.run(1.0)
    assert len(heard) > len(fewer) > 0
    if family != "foxbms2":
        assert ids(fewer) < ids(heard)


def test_a_reboot_forgets_requests_and_takes_its_time() -> None:
    battery = connected("nbms_2_4")
    racks = battery.site.battery.racks
    assert [rack.connected for rack in racks] == [True, True]
    battery.put(plugs.REBOOT)
    assert [rack.connected for rack in racks] == [False, False]
    assert not battery.site.bms.request_close
    assert battery.run(0.5) == []
    battery.twin._up_at_s = 0.0
    battery.twin._finish_boot()
    assert decoded("nbms_2_4", battery.run(0.3))[ALL_RACKS] == 0


# ---------------------------------------------------------------- after published frame tables


def by_id(frames: list[Frame]) -> dict[int, bytes]:
    return {frame.can_id: frame.data for frame in frames}


@pytest.mark.parametrize("power_w", [3_000.0, -3_000.0])
def test_pylontech_lv(power_w: float) -> None:
    battery = connected("pylontech_lv")
    battery.run(1.0, power_w)
    said, truth = by_id(battery.run(2.0, power_w)), battery.site.battery
    assert {i: len(data) for i, data in said.items()} == {0x351: 8, 0x355: 4, 0x356: 6, 0x359: 7, 0x35C: 2, 0x35E: 8}  # fmt: skip
    volts, amps, celsius = struct.unpack("<hhh", said[0x356])
    assert 0.01 * volts == pytest.approx(truth.voltage_v, abs=0.1)
    assert 0.1 * amps == pytest.approx(-truth.current_a, abs=1.5)
    assert 0.1 * celsius == pytest.approx(20.0, abs=1.0)
    assert amps * power_w < 0.0
    assert struct.unpack("<HH", said[0x355]) == (50, 99)
    assert said[0x359][4:] == b"\2PN"
    assert said[0x35C][0] == 0xC0
    battery.put(plugs.RACK_FAULT)
    assert by_id(battery.run(2.0))[0x359][1] == 0b1000
    assert battery.twin.requests > 4


def test_sma_and_victron() -> None:
    battery = connected("sma_35x")
    battery.run(1.0, 3_000.0)
    said, truth = by_id(battery.run(2.0, 3_000.0)), battery.site.battery
    volts, amps, _, _ = struct.unpack("<hhhh", said[0x356])
    assert 0.01 * volts == pytest.approx(truth.voltage_v, abs=0.1)
    assert 0.1 * amps == pytest.approx(truth.current_a, abs=1.5)
    assert struct.unpack("<HHHH", said[0x355])[2] == pytest.approx(100 * truth.soc_pct, abs=60)
    low_mv, high_mv, cool_k, _ = struct.unpack("<HHHH", said[0x373])
    assert low_mv <= 1e3 * truth.cell_min_v + 1 < 1e3 * truth.cell_max_v + 1 <= high_mv + 2
    assert cool_k == pytest.approx(293, abs=1)
    assert said[0x35A][:4] == bytes([0xAA, 0xAA, 0xAA, 0x02])
    battery.put(plugs.STRANGE_FAULT)
    assert by_id(battery.run(2.0))[0x35A][3] == 0x06


@pytest.mark.parametrize("power_w", [3_000.0, -3_000.0])
def test_pylontech_hv_answers_questions_only(power_w: float) -> None:
    battery = Ticking("pylontech_hv")
    assert battery.run(1.0) == []
    battery.close = True
    battery.run(1.5, power_w)
    said, rack = by_id(battery.run(1.0, power_w)), battery.site.battery.racks[1]
    assert len(said) == 16
    volts, amps, celsius, soc, soh = struct.unpack("<HHHBB", said[0x4211])
    assert 0.1 * volts == pytest.approx(rack.voltage_v, abs=0.3)
    assert 0.1 * (amps - 30_000) == pytest.approx(-rack.current_a, abs=0.5)
    assert (celsius - 1_000) / 10 == pytest.approx(20.0, abs=1.0)
    assert (soc, soh) == (pytest.approx(50, abs=1), 99)
    assert said[0x4251][0] == (2 if power_w > 0.0 else 1)
    _, _, charge, discharge = struct.unpack("<HHHH", said[0x4221])
    assert charge > 30_000 > discharge
    battery.close = None
    battery.answers.clear()
    battery.twin.receive(Frame(0x4200, b"\2" + bytes(7), extended=True))
    size = by_id(battery.answers)[0x7320]
    assert struct.unpack("<HBB", size[:4]) == (120, 8, 15)
    battery.close = True
    battery.put(plugs.STRANGE_FAULT)
    assert by_id(battery.run(1.5))[0x4251][3] == 0xEE


def test_foxbms_strings_are_told_apart_by_the_multiplexer() -> None:
    battery = connected("foxbms2")
    states = {f.data[0] & 15: f.data[0] >> 4 & 1 for f in battery.run(0.5) if f.can_id == 0x240}
    assert states == {0: 1, 1: 1}
    battery.put(plugs.RACK_FAULT)
    heard = battery.run(0.5)
    states = {f.data[0] & 15: f.data[0] >> 4 & 1 for f in heard if f.can_id == 0x240}
    assert states == {0: 1, 1: 0}
    assert 55 in {f.data[0] for f in heard if f.can_id == 0x222}


# ---------------------------------------------------------------- the codec


def test_intel_signals_with_offset() -> None:
    table = {"a": Signal(4, 12, 0.5, offset=-40.0, little=True), "b": Signal(16, 8, signed=True, little=True)}  # fmt: skip
    data = pack(table, {"a": 25.5, "b": -2.0}, 4)
    assert data.hex() == "3008fe00"
    assert unpack(table, data) == {"a": 25.5, "b": -2.0}


def test_checksum_of_the_standard_example() -> None:
    assert crc8_j1850(b"123456789") == 0x4B
