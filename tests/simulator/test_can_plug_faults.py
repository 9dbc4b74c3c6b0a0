"""What each fault of the plug does to a pretend battery on CAN."""

import pytest

from simulator.wire import plugs
from simulator.wire.batteries import BATTERIES
from simulator.wire.can_messages import load_messages
from tests.simulator.can_bench import (
    OWN,
    connected,
    decoded,
    ids,
)

ALL_RACKS = "0.BatteryStatus.RacksConnected"
CURRENT = "0.BatteryValues.Current"


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
