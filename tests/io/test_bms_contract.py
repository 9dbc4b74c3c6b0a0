"""What every BMS family of dbc/ must do, whatever the battery: its map, its own requests, its pretend battery.

In one process and in virtual time: the box's requests go to the pretend battery, its frames to the decoder.
"""

from itertools import groupby

import pytest

from appliance.config import load_site
from appliance.errors.battery import rack_apart
from appliance.io.bms import Decoder, load_family
from appliance.io.bms.request import Conversation, Request
from appliance.io.bms.sleeping import sleeps_by_frame
from appliance.io.buses.can import EXTENDED
from appliance.io.buses.can import Frame as Heard
from appliance.model import BatteryReading, BatteryState, Memory, Setpoints, State
from appliance.registry import bms_families
from simulator.models.battery import Battery
from simulator.wire import plugs
from simulator.wire.batteries import BATTERIES
from simulator.wire.can_twin import TICK_S
from simulator.wire.socketcand import Frame
from tests.simulator.can_bench import Ticking
from tests.stories import HOME, seen

NAMES = sorted(bms_families())
FAMILIES = {name: load_family(name) for name in NAMES}
COMMANDED = [name for name in NAMES if any(row.close for row in FAMILIES[name].request)]
MANY = [name for name in NAMES if FAMILIES[name].layout.by != "single"]
TELLS_OPEN = [name for name in MANY if FAMILIES[name].rack.contactors_closed]
CELLS = [name for name in NAMES if FAMILIES[name].rack.cell_max_v or FAMILIES[name].cells]
PLACES = [name for name in NAMES if any(row.at for row in FAMILIES[name].rack.cell_max_v)]
CHECKED = [name for name in NAMES if any(row.checksum for row in FAMILIES[name].check)]
COUNTED = [name for name in NAMES if any(row.counter for row in FAMILIES[name].check)]
SLEEPERS = [name for name in NAMES if sleeps_by_frame(FAMILIES[name])]

LONGEST_S = 20.0
"""After this nothing that was said is believed any more."""
OPEN, CLOSED = Setpoints(), Setpoints(contactors_closed=True)
ASLEEP, RESET = Setpoints(battery_asleep=True), Setpoints(reset_faults=True)


class Box:
    """The box's side of the bus and a pretend battery at the other end."""

    def __init__(self, name: str, racks: int = 2) -> None:
        low_voltage = BATTERIES[name].modules == 1
        capacity_wh, self.power_w = (10_600.0, 2_000.0) if low_voltage else (60_000.0, 10_000.0)
        self.racks = racks if name in MANY else 1
        self.battery = Ticking(name, self.racks, capacity_wh)
        self.decoder = Decoder.of(name, self.racks, capacity_wh)
        self.said = self.decoder.reading(0.0)
        self.states: list[BatteryState] = []
        request = Request(self.decoder.family, racks=self.racks)
        self._conversation = Conversation(request, 0.0)

    @property
    def now_s(self) -> float:
        """Virtual time."""
        return self.battery.tick * TICK_S

    @property
    def truth(self) -> Battery:
        """The pretend battery itself."""
        return self.battery.site.battery

    def send(self, frame_id: int, data: bytes) -> None:
        """A frame to the battery."""
        number, extended = frame_id & ~EXTENDED, bool(frame_id & EXTENDED)
        self.battery.twin.receive(Frame(number, data, extended))

    def receive(self, timeout_s: float) -> list[Heard]:
        """Nothing: frames are taken after each tick."""
        del timeout_s
        return []

    def close(self) -> None:
        """There is nothing to close."""

    def run(
        self, seconds: float, setpoints: Setpoints = CLOSED, power_w: float = 0.0
    ) -> BatteryReading:
        """Let time pass; the last reading."""
        battery = self.battery
        for _ in range(round(seconds / TICK_S)):
            self._conversation.update(self, setpoints, self.said, self.now_s)
            frames = [*battery.answers, *battery.run(TICK_S, power_w)]
            battery.answers.clear()
            for frame in frames:
                number = frame.can_id | (EXTENDED if frame.extended else 0)
                self.decoder.store(Heard(number, frame.data, self.now_s))
            self.said = self.decoder.reading(self.now_s)
            self.states.append(self.said.state)
        return self.said

    def walked(self) -> list[BatteryState]:
        """The states it went through, from the last one that was told of before."""
        states = [state for state, _ in groupby(self.states)]
        del self.states[:-1]
        return states[1:] if states[0] is BatteryState.UNKNOWN else states


def connected(name: str, racks: int = 2) -> Box:
    box = Box(name, racks)
    box.run(1.0, OPEN)
    said = box.run(4.0)
    assert said.state is BatteryState.CONNECTED and said.faults == ()
    box.walked()
    return box


def words(said: BatteryReading) -> str:
    """Everything that it complains about."""
    racks = [word for rack in said.racks for word in (*rack.faults, *rack.warnings)]
    return ", ".join((*said.faults, *said.warnings, *racks))


def test_every_family_has_a_pretend_battery() -> None:
    assert set(NAMES) == set(BATTERIES)
    assert all((COMMANDED, MANY, CHECKED, COUNTED, SLEEPERS)), "each part of the contract is tried"


@pytest.mark.parametrize("name", COMMANDED)
def test_it_walks_through_its_states_by_the_familys_own_requests(name: str) -> None:
    box = Box(name)
    box.run(1.0, OPEN)
    assert box.walked() == [BatteryState.STANDBY]
    assert [rack.contactors_closed for rack in box.said.racks] == [False] * box.racks
    box.run(2.5, CLOSED)
    assert box.walked() == [BatteryState.STANDBY, BatteryState.PRECHARGE, BatteryState.CONNECTED]
    assert [rack.contactors_closed for rack in box.said.racks] == [True] * box.racks
    assert box.truth.connected and box.said.faults == ()
    said = box.run(3.0, OPEN)
    assert box.walked() == [BatteryState.CONNECTED, BatteryState.STANDBY]
    assert not box.battery.site.battery.connected
    assert said.faults == ()


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(COMMANDED)))
def test_one_that_closes_by_itself_is_connected_once_it_is_heard(name: str) -> None:
    box = Box(name)
    said = box.run(3.0, OPEN)
    assert set(box.walked()) == {BatteryState.CONNECTED}
    assert not said.has_contactors
    assert box.battery.twin.requests > 0, "it is spoken to all the same"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", [1.0, -1.0])
def test_discharge_is_positive(name: str, way: float) -> None:
    box = connected(name)
    said = box.run(7.0, power_w=way * box.power_w)
    truth = box.truth
    assert truth.current_a * way > 1.0, "the pretend battery carries it"
    assert said.current_a == pytest.approx(truth.current_a, rel=0.05, abs=0.6)
    assert said.power_w == pytest.approx(truth.power_w, rel=0.05)
    assert said.voltage_v == pytest.approx(truth.voltage_v, rel=0.002)
    assert said.soc_pct == pytest.approx(truth.soc_pct, abs=1.0)
    for rack, true in zip(said.racks, truth.racks, strict=True):
        assert rack.current_a == pytest.approx(true.current_a, rel=0.1, abs=0.6)


@pytest.mark.parametrize("name", CELLS)
def test_the_extreme_cells_and_their_places(name: str) -> None:
    box = connected(name)
    said = box.run(6.0)
    for rack, true in zip(said.racks, box.truth.racks, strict=True):
        assert rack.cell_min_v == pytest.approx(true.cell_min_v, abs=0.004)
        assert rack.cell_max_v == pytest.approx(true.cell_max_v, abs=0.004)
        if name in PLACES:
            assert rack.cell_min_v_at == f"{rack.rack}.{true.cell_min_at}"
            assert rack.cell_max_v_at == f"{rack.rack}.{true.cell_max_at}"
            assert rack.cell_max_c_at is not None
            assert rack.cell_max_c_at.startswith(f"{rack.rack}.")
        assert rack.cell_min_c == pytest.approx(true.cell_min_c, abs=0.6)
        assert rack.cell_max_c == pytest.approx(true.cell_max_c, abs=0.6)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(CELLS)))
def test_one_that_tells_no_cells_guards_them_itself(name: str) -> None:
    said = connected(name).said
    assert said.guards_cells and all(rack.cell_max_v is None for rack in said.racks)


@pytest.mark.parametrize("name", NAMES)
def test_limits_never_allow_more_than_the_battery_does(name: str) -> None:
    box = connected(name)
    said, truth = box.said, box.truth
    for told_w, true_w in (
        (said.max_charge_w, truth.max_charge_w),
        (said.max_discharge_w, truth.max_discharge_w),
    ):
        assert told_w is not None
        assert 0.95 * true_w < told_w <= 1.005 * true_w


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_no_table_names_is_a_fault_in_words(name: str) -> None:
    # foxBMS has one number for the whole battery, and says it only when all of it is in fault.
    box = connected(name, racks=1 if name == "foxbms2" else 2)
    box.battery.put(plugs.STRANGE_FAULT)
    said = box.run(3.0)
    assert said.racks[-1].faults or said.faults, "it is a fault"
    assert "unknown" in words(said) or any(one.isdigit() for one in words(said))
    assert words(said).isprintable()


@pytest.mark.parametrize("name", NAMES)
def test_silence_ages_and_then_nothing_is_known(name: str) -> None:
    box = connected(name)
    heard_at_s = box.decoder.heard_at_s()
    assert heard_at_s is not None and box.now_s - heard_at_s <= 1.1
    box.battery.put(plugs.SILENT)
    box.run(FAMILIES[name].max_age_s + 0.2)
    assert box.decoder.heard_at_s() == pytest.approx(heard_at_s, abs=1.1)
    said = box.run(LONGEST_S)
    assert said.state is BatteryState.UNKNOWN
    known = (said.voltage_v, said.current_a, said.power_w, said.soc_pct, said.max_charge_w)
    assert known == (None,) * 5
    box.battery.put(plugs.IN)
    assert box.run(8.0, OPEN).voltage_v is not None


@pytest.mark.parametrize("name", TELLS_OPEN)
@pytest.mark.parametrize("fault", [plugs.RACK_FAULT, plugs.RACK_SILENT])
def test_a_rack_less_leaves_the_battery_working(name: str, fault: str) -> None:
    box = connected(name)
    box.run(6.0)
    box.battery.put(fault)
    said = box.run(6.0, power_w=2_000.0)
    first, last = said.racks
    assert said.state is BatteryState.CONNECTED and said.faults == ()
    assert first.contactors_closed and first.faults == () and last.faults
    assert any("rack 2" in warning for warning in said.warnings)
    assert said.max_discharge_w is not None and said.max_discharge_w > 2_000.0
    # Of a silent string foxBMS still says that it has the extreme cell.
    assert name == "foxbms2" or [rack.rack for rack in said.working] == [1]
    apart = rack_apart(seen(battery=said), Memory(state=State.RUN), load_site(HOME))
    assert len(apart) == 1 and apart[0].startswith("rack 2: ")


@pytest.mark.parametrize("name", sorted(set(MANY) - set(TELLS_OPEN)))
def test_where_no_rack_tells_of_contactors_a_silent_one_leaves_the_rest(name: str) -> None:
    box = connected(name)
    box.battery.put(plugs.RACK_SILENT)
    said = box.run(12.0, power_w=2_000.0)
    assert said.state is BatteryState.CONNECTED and said.faults == ()
    assert said.racks[1].silent and [rack.rack for rack in said.working] == [1]


@pytest.mark.parametrize("name", NAMES)
def test_a_restart_is_survived(name: str) -> None:
    box = connected(name)
    box.battery.put(plugs.REBOOT)
    box.run(3.0)
    assert not box.truth.connected
    box.battery.put(plugs.IN)
    box.run(1.0, RESET)
    said = box.run(6.0, power_w=0.5 * box.power_w)
    assert said.state is BatteryState.CONNECTED and said.faults == ()
    assert said.current_a is not None and said.current_a > 0.5


@pytest.mark.parametrize("name", CHECKED)
def test_frames_with_a_wrong_checksum_do_not_count(name: str) -> None:
    box = connected(name)
    before = box.decoder.dropped["checksum"]
    box.battery.put(plugs.CHECKSUM)
    said = box.run(3.0)
    assert box.decoder.dropped["checksum"] > before + 20
    assert said.state is BatteryState.UNKNOWN and said.current_a is None
    box.battery.put(plugs.IN)
    assert box.run(3.0).current_a is not None


@pytest.mark.parametrize("name", COUNTED)
def test_one_whose_counters_stand_is_not_heard(name: str) -> None:
    box = connected(name)
    box.battery.put(plugs.STUCK)
    assert box.run(4.0).state is BatteryState.UNKNOWN
    assert box.decoder.dropped["counter"] > 10


@pytest.mark.parametrize("name", SLEEPERS)
def test_it_sleeps_and_wakes_when_told(name: str) -> None:
    box = Box(name)
    box.run(1.0, OPEN)
    said = box.run(3.0, ASLEEP)
    assert box.battery.site.bms.asleep and said.asleep and said.faults == ()
    said = box.run(3.0, OPEN)
    assert (said.asleep, said.state, said.faults) == (False, BatteryState.STANDBY, ())
    assert box.run(3.0).state is BatteryState.CONNECTED


@pytest.mark.parametrize("name", TELLS_OPEN)
def test_it_never_sleeps_with_closed_contactors(name: str) -> None:
    box = connected(name)
    said = box.run(1.0, Setpoints(contactors_closed=True, battery_asleep=True), box.power_w)
    assert said.state is BatteryState.CONNECTED and not box.battery.site.bms.asleep
