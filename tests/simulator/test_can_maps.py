"""The signal maps of our own BMS families read what the pretend BMSs say: signs, units, places, faults."""

import pytest

from appliance.io.bms.decoder import Decoder
from appliance.io.bms.request import Conversation, Request
from appliance.io.buses.can import EXTENDED
from appliance.io.buses.can import Frame as Heard
from appliance.model import BatteryReading, BatteryState, Setpoints
from simulator.wire import plugs
from simulator.wire.can_twin import TICK_S
from simulator.wire.socketcand import Frame
from tests.simulator.can_bench import OWN, Ticking

POWERS = [10_000.0, -10_000.0]


class Listening:
    """A battery and the decoder of its family; `said` is the newest reading."""

    def __init__(self, family: str, racks: int = 2) -> None:
        self.battery = Ticking(family, racks)
        self.decoder = Decoder.of(family, racks=racks, capacity_wh=60_000.0)
        self.said: BatteryReading | None = None
        self._seen = 0

    def run(self, seconds: float, power_w: float = 0.0) -> BatteryReading:
        self.battery.run(seconds, power_w)
        at_s = 0.0
        for at_s, frame in self.battery.log[self._seen :]:
            number = frame.can_id | (EXTENDED if frame.extended else 0)
            self.decoder.store(Heard(number, frame.data, at_s))
        self._seen = len(self.battery.log)
        self.said = self.decoder.reading(self.battery.tick * TICK_S)
        return self.said


def connected(family: str, racks: int = 2) -> Listening:
    made = Listening(family, racks)
    made.battery.close = False
    assert made.run(1.0).state is BatteryState.STANDBY
    made.battery.close = True
    assert made.run(1.5).state is BatteryState.CONNECTED
    return made


@pytest.mark.parametrize("family", OWN)
@pytest.mark.parametrize("power_w", POWERS)
def test_the_reading_is_the_truth(family: str, power_w: float) -> None:
    listening = connected(family)
    listening.run(2.0, power_w)
    said, site = listening.run(6.0, power_w), listening.battery.site
    truth = site.battery
    assert said.current_a is not None
    assert said.current_a * power_w > 0.0
    assert said.current_a == pytest.approx(truth.current_a, abs=0.4)
    assert said.voltage_v == pytest.approx(truth.voltage_v, abs=0.4)
    assert said.power_w == pytest.approx(truth.power_w, abs=250.0)
    assert said.soc_pct == pytest.approx(truth.soc_pct, abs=0.4)
    assert said.soh_pct == pytest.approx(99.0, abs=0.4)
    assert said.soe_wh == pytest.approx(truth.soe_wh, abs=120.0)
    assert said.max_charge_v == pytest.approx(3.65 * truth.cell_count, abs=0.2)
    for said_w, true_w in (
        (said.max_charge_w, truth.max_charge_w),
        (said.max_discharge_w, truth.max_discharge_w),
    ):
        assert said_w is not None
        assert 0.97 * true_w < said_w <= true_w + 60.0
    assert (said.faults, said.asleep, said.full, said.empty) == ((), False, False, False)


@pytest.mark.parametrize(("family", "racks"), [("pylontech_lv", 1), ("pylontech_hv", 2), ("sma_35x", 1), ("foxbms2", 2)])  # fmt: skip
@pytest.mark.parametrize("power_w", POWERS)
def test_published_families_are_the_truth_too(family: str, racks: int, power_w: float) -> None:
    listening = Listening(family, racks)
    listening.battery.close = True
    listening.run(3.0)
    listening.run(3.0, power_w)
    said, truth = listening.run(4.0, power_w), listening.battery.site.battery
    assert said.state is BatteryState.CONNECTED
    assert said.current_a is not None
    assert said.current_a * power_w > 0.0
    assert said.current_a == pytest.approx(truth.current_a, rel=0.03, abs=0.5)
    assert said.voltage_v == pytest.approx(truth.voltage_v, abs=0.4)
    assert said.soc_pct == pytest.approx(truth.soc_pct, abs=0.8)
    assert said.faults == ()
    assert said.max_charge_w is not None
    assert 0.0 < said.max_charge_w <= truth.max_charge_w * 1.02


@pytest.mark.parametrize("family", OWN)
def test_each_rack_is_the_truth(family: str) -> None:
    listening = connected(family)
    listening.run(2.0, 10_000.0)
    said = listening.run(6.0, 10_000.0)
    assert [rack.rack for rack in said.racks] == [1, 2]
    for rack, true in zip(said.racks, listening.battery.site.battery.racks, strict=True):
        assert rack.contactors_closed is True
        assert rack.current_a == pytest.approx(true.current_a, abs=0.3)
        assert rack.voltage_v == pytest.approx(true.voltage_v, abs=0.3)
        assert rack.soc_pct == pytest.approx(true.soc_pct, abs=0.4)
        assert rack.soe_wh == pytest.approx(true.soe_wh, abs=110.0)
        assert rack.cell_min_v == pytest.approx(true.cell_min_v, abs=0.003)
        assert rack.cell_max_v == pytest.approx(true.cell_max_v, abs=0.003)
        assert rack.cell_avg_v == pytest.approx(true.cell_avg_v, abs=0.002)
        assert rack.cell_min_c == pytest.approx(true.cell_min_c, abs=0.6)
        assert rack.cell_max_c == pytest.approx(true.cell_max_c, abs=0.6)
        assert rack.cell_avg_c == pytest.approx(true.cell_avg_c, abs=0.6)
        assert rack.cell_max_v_at == f"{rack.rack}.{true.cell_max_at}"
        assert rack.cell_min_v_at == f"{rack.rack}.{true.cell_min_at}"
        assert rack.insulation_ohm == pytest.approx(1.2e6)
        assert rack.cycles == pytest.approx(137 + 3 * (rack.rack - 1), abs=0.6)
        assert rack.charged_wh == pytest.approx(
            (137 + 3 * (rack.rack - 1)) * true.energy_wh / 0.96, rel=0.001
        )
        assert rack.discharged_wh is not None
        assert rack.discharged_wh == pytest.approx(0.96 * (rack.charged_wh or 0.0), rel=0.01)
        assert len(rack.cells_v) == true.cell_count
        for index, volts in enumerate(rack.cells_v):
            assert volts == pytest.approx(true.cell_v(index), abs=0.004)
        assert rack.max_charge_w == pytest.approx(true.max_charge_w, rel=0.02)


@pytest.mark.parametrize("family", OWN)
def test_a_fault_of_one_rack_does_not_stop_the_other(family: str) -> None:
    listening = connected(family)
    listening.battery.put(plugs.RACK_FAULT)
    said = listening.run(1.5)
    assert said.racks[1].faults == ("contactor does not do as told",)
    assert (said.racks[0].faults, said.racks[1].contactors_closed) == ((), False)
    assert said.state is BatteryState.CONNECTED
    assert said.faults == ()
    assert any("rack 2" in warning for warning in said.warnings)


@pytest.mark.parametrize("family", OWN)
def test_a_fault_without_a_name_is_a_fault(family: str) -> None:
    listening = connected(family)
    listening.battery.put(plugs.STRANGE_FAULT)
    faults = listening.run(1.5).racks[1].faults
    assert faults
    assert all("unknown" in fault for fault in faults)


@pytest.mark.parametrize("family", OWN)
def test_a_rack_that_falls_silent_is_unknown_and_no_longer_counts(family: str) -> None:
    listening = connected(family)
    listening.run(6.0)
    listening.battery.put(plugs.RACK_SILENT)
    said = listening.run(15.0)
    assert said.racks[1].faults == ("state is not heard",)
    assert (said.racks[1].voltage_v, said.racks[1].soc_pct, said.racks[1].contactors_closed) == (None, None, None)  # fmt: skip
    assert said.racks[0].voltage_v is not None


@pytest.mark.parametrize("family", OWN)
def test_silence_is_none_within_the_declared_age(family: str) -> None:
    listening = connected(family)
    listening.run(6.0)
    listening.battery.put(plugs.SILENT)
    said = listening.run(1.1)
    assert (said.voltage_v, said.current_a) == (None, None)
    assert listening.run(2.0).state is BatteryState.UNKNOWN


@pytest.mark.parametrize("family", OWN)
@pytest.mark.parametrize("fault", [plugs.GARBAGE, plugs.HALF])
def test_nonsense_gives_no_number_that_cannot_be(family: str, fault: str) -> None:
    listening = connected(family)
    listening.battery.put(fault)
    for _ in range(50):
        said = listening.run(0.1)
        for rack in said.racks:
            assert rack.cell_max_v is None or 0.0 <= rack.cell_max_v <= 6.0
            assert rack.soc_pct is None or 0.0 <= rack.soc_pct <= 110.0
    listening.battery.put(plugs.IN)
    assert listening.run(6.0).state is BatteryState.CONNECTED


def test_nbms_2_5_with_wrong_checksums_is_not_heard() -> None:
    listening = connected("nbms_2_5")
    listening.battery.put(plugs.CHECKSUM)
    said = listening.run(3.0)
    assert said.state is BatteryState.UNKNOWN
    assert said.current_a is None
    assert listening.decoder.dropped["checksum"] > 100


@pytest.mark.parametrize("family", OWN)
def test_a_stuck_one_is_not_fresh_where_it_counts(family: str) -> None:
    listening = connected(family)
    listening.battery.put(plugs.STUCK)
    said = listening.run(4.0)
    assert said.state is BatteryState.UNKNOWN


@pytest.mark.parametrize("family", ["nbms_2_5", "cbms"])
def test_asleep_is_told(family: str) -> None:
    listening = Listening(family)
    listening.battery.close = False
    listening.run(0.5)
    listening.battery.close = None
    listening.battery.site.bms.sleep()
    said = listening.run(3.0)
    assert (said.asleep, said.state) == (True, BatteryState.STANDBY)
    assert said.faults == ()


class Asking:
    """The box's own requests, by the map, heard by the pretend BMS."""

    def __init__(self, family: str) -> None:
        self.listening = Listening(family)
        self.said: BatteryReading | None = None
        family_map = self.listening.decoder.family
        self._conversation = Conversation(Request(family_map, racks=2), 0.0)

    def receive(self, timeout_s: float) -> list[Heard]:
        del timeout_s
        return []

    def send(self, frame_id: int, data: bytes) -> None:
        extended = bool(frame_id & EXTENDED)
        self.listening.battery.twin.receive(Frame(frame_id & ~EXTENDED, data, extended))

    def close(self) -> None:
        return None

    def run(self, seconds: float, setpoints: Setpoints) -> BatteryReading:
        battery = self.listening.battery
        for _ in range(round(seconds / TICK_S)):
            self._conversation.update(self, setpoints, self.said, battery.tick * TICK_S)
            self.said = self.listening.run(TICK_S)
        assert self.said is not None
        return self.said


@pytest.mark.parametrize("family", [*OWN, "foxbms2"])
def test_the_boxs_own_requests_close_and_open(family: str) -> None:
    box = Asking(family)
    assert box.run(1.0, Setpoints()).state is BatteryState.STANDBY
    said = box.run(2.5, Setpoints(contactors_closed=True))
    assert said.state is BatteryState.CONNECTED
    assert [rack.contactors_closed for rack in said.racks] == [True, True]
    said = box.run(3.0, Setpoints())
    assert said.state is BatteryState.STANDBY
    assert [rack.contactors_closed for rack in said.racks] == [False, False]
    assert said.faults == ()


@pytest.mark.parametrize("family", OWN)
def test_the_boxs_own_requests_leave_out_a_rack_and_balance(family: str) -> None:
    box = Asking(family)
    box.run(1.0, Setpoints())
    said = box.run(2.5, Setpoints(contactors_closed=True, racks_open=(1,), balancing=True))
    assert [rack.contactors_closed for rack in said.racks] == [False, True]
    assert box.listening.battery.site.bms.balancing
    said = box.run(2.5, Setpoints(contactors_closed=True))
    assert [rack.contactors_closed for rack in said.racks] == [True, True]


@pytest.mark.parametrize("family", ["nbms_2_5", "cbms"])
def test_the_boxs_own_requests_put_it_to_sleep_and_wake_it(family: str) -> None:
    box = Asking(family)
    box.run(1.0, Setpoints())
    said = box.run(2.5, Setpoints(battery_asleep=True))
    assert box.listening.battery.site.bms.asleep
    assert said.asleep is True
    assert said.faults == ()
    said = box.run(2.5, Setpoints())
    assert (said.asleep, said.state) == (False, BatteryState.STANDBY)
    assert box.run(2.5, Setpoints(contactors_closed=True)).state is BatteryState.CONNECTED
