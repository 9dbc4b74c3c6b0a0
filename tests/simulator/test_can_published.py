"""Pretend batteries after published frame tables: Pylontech, SMA and Victron, foxBMS; and the codec."""

import struct

import pytest

from simulator.wire import plugs
from simulator.wire.can_codec import Signal, crc8_j1850, pack, unpack
from simulator.wire.socketcand import Frame
from tests.simulator.can_bench import (
    Ticking,
    connected,
)

ALL_RACKS = "0.BatteryStatus.RacksConnected"
CURRENT = "0.BatteryValues.Current"


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
