"""What a signal map can say, each with a small BMS of its own: frames in, readings and requests out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cantools
import pytest
from cantools.database.can import Database

from appliance.io.bms import Decoder, FamilyError, load_family
from appliance.io.bms._outgoing import Ask
from appliance.io.bms.request import Conversation, Request
from appliance.io.buses.can import EXTENDED, Frame
from appliance.model import BatteryReading, BatteryState, RackReading, Setpoints

DBC = """VERSION ""

NS_ :
    SG_MUL_VAL_

BS_:

BU_: BMS Box

BO_ 256 Whole: 8 BMS
 SG_ Volts : 0|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Amps : 16|16@1- (0.1,0) [0|0] "A" Box
 SG_ State : 32|4@1+ (1,0) [0|0] "" Box
 SG_ Pair : 36|2@1+ (1,0) [0|0] "" Box
 SG_ Code : 40|8@1+ (1,0) [0|0] "" Box
 SG_ Gate : 48|8@1+ (1,0) [0|0] "" Box
 SG_ Kelvin : 56|8@1+ (2,0) [0|0] "K" Box

BO_ 272 Rack: 8 BMS
 SG_ Volts : 0|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Amps : 16|16@1- (0.1,0) [0|0] "A" Box
 SG_ Closed : 32|2@1+ (1,0) [0|0] "" Box
 SG_ Fault : 34|1@1+ (1,0) [0|0] "" Box
 SG_ Charge : 40|8@1+ (1,0) [0|0] "A" Box
 SG_ Counter : 48|4@1+ (1,0) [0|0] "" Box
 SG_ Check : 56|8@1+ (1,0) [0|0] "" Box

BO_ 2566848512 Wide: 8 BMS
 SG_ Number : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Volts : 8|16@1+ (0.1,0) [0|0] "V" Box
 SG_ Closed : 24|1@1+ (1,0) [0|0] "" Box

BO_ 288 Cells: 8 BMS
 SG_ Page M : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Cell1 m0 : 8|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell2 m0 : 24|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell3 m1 : 8|16@1+ (1,0) [0|0] "mV" Box
 SG_ Cell10 m1 : 24|16@1+ (1,0) [0|0] "mV" Box
 SG_ Warm : 56|8@1+ (1,-40) [0|0] "degC" Box

BO_ 304 OneCell: 8 BMS
 SG_ Which : 0|8@1+ (1,0) [0|0] "" Box
 SG_ Volts : 15|16@0+ (0.0001,0) [0|0] "V" Box

BO_ 512 Command: 8 Box
 SG_ Close : 0|2@1+ (1,0) [0|0] "" BMS
 SG_ Sleep : 2|2@1+ (1,0) [0|0] "" BMS
 SG_ Balance : 4|1@1+ (1,0) [0|0] "" BMS
 SG_ Racks : 8|8@1+ (1,0) [0|0] "" BMS
 SG_ Told : 16|16@1- (0.1,0) [0|0] "A" BMS
 SG_ Counter : 48|4@1+ (1,0) [0|0] "" BMS
 SG_ Check : 56|8@1+ (1,0) [0|0] "" BMS

VAL_ 256 State 0 "OFF" 1 "READY" 2 "CLOSED" 3 "BROKEN" 4 "ASLEEP" ;
VAL_ 256 Code 0 "FINE" 7 "E_FUSE_BLOWN" ;
"""
HEAD = """
title = "A BMS for tests"
source = "nothing real"
dbc = "own.dbc"
max_age_s = 0.5
"""
BY_ID = 'key = "Rack"\n[layout]\nid_step = 16\n'
RACK = """
[rack]
voltage_v = { signal = "Rack.Volts" }
current_a = { signal = "Rack.Amps" }
contactors_closed = { signal = "Rack.Closed" }
[rack.max_charge]
current_a = { signal = "Rack.Charge" }
[rack.faults.Rack]
Fault = "fuse"
"""


class Bench:
    """A decoder for a map, and its DBC to pack frames with."""

    def __init__(self, folder: Path, text: str, racks: int = 1) -> None:
        (folder / "own.dbc").write_text(DBC, encoding="utf-8")
        (folder / "own.toml").write_text(HEAD + text, encoding="utf-8")
        self.folder = folder
        self.family = load_family("own", folder)
        self.decoder = Decoder(self.family, racks, 10_000.0, folder)
        loaded = cantools.database.load_string(DBC)
        assert isinstance(loaded, Database)
        self._database = loaded

    def hear(self, name: str, at_s: float, step: int = 0, **values: Any) -> bool:
        message = self._database.get_message_by_name(name)
        page = values.pop("Page", None)
        nothing = {s.name: 0 for s in message.signals}
        number = message.frame_id + step | (EXTENDED if message.is_extended_frame else 0)
        if page is not None:
            nothing["Page"] = page
        data = message.encode(nothing | values, scaling=name != "Whole", strict=False)
        return self.decoder.store(Frame(number, bytes(data), at_s))

    def reading(self, at_s: float = 1.0) -> BatteryReading:
        return self.decoder.reading(at_s)

    def rack(self, at_s: float = 1.0) -> RackReading:
        return self.reading(at_s).racks[0]


# ---------------------------------------------------------------- racks


def two_racks(folder: Path, first: bool = True, second: bool = True, **values: Any) -> Bench:
    """1.5 s of two racks; the second has other values."""
    bench = Bench(folder, BY_ID + RACK, racks=2)
    for step in range(16):
        usual: dict[str, Any] = {"Volts": 400.0, "Amps": 10.0, "Closed": 1, "Charge": 20}
        if first:
            bench.hear("Rack", 0.1 * step, **usual)
        if second:
            bench.hear("Rack", 0.1 * step, 16, **(usual | values))
    return bench


def test_racks_by_id_make_a_battery(tmp_path: Path) -> None:
    reading = two_racks(tmp_path, Volts=402.0, Amps=6.0, Charge=15).reading(1.5)
    assert reading.state is BatteryState.CONNECTED and reading.faults == ()
    assert reading.voltage_v == pytest.approx(401.0), "the mean"
    assert reading.current_a == pytest.approx(16.0), "the sum"
    assert reading.power_w == pytest.approx(400.0 * 10.0 + 402.0 * 6.0)
    assert reading.max_charge_w == pytest.approx(2 * 15 * 402.0), "twice what the weaker one takes"
    assert reading.max_discharge_w is None, "nobody says"


@pytest.mark.parametrize("first", [True, False])
def test_one_rack_that_drops_out_degrades_the_battery(tmp_path: Path, first: bool) -> None:
    reading = two_racks(tmp_path, first, not first).reading(1.5)
    gone, there = reading.racks if not first else reversed(reading.racks)
    assert gone.contactors_closed is None and gone.faults == ("state is not heard",)
    assert there.contactors_closed is True and there.faults == ()
    assert reading.state is BatteryState.CONNECTED and reading.faults == ()
    assert reading.warnings == (f"rack {gone.rack}: state is not heard",)
    assert reading.current_a == pytest.approx(10.0)
    assert reading.max_charge_w == pytest.approx(20 * 400.0)


def test_a_faulty_rack_that_is_open_is_a_warning_and_one_that_is_closed_a_fault(
    tmp_path: Path,
) -> None:
    apart = two_racks(tmp_path, Fault=1, Closed=0, Amps=0.0).reading(1.5)
    assert apart.racks[1].faults == ("fuse",)
    assert apart.faults == () and apart.warnings == ("rack 2: fuse",)
    assert apart.max_charge_w == pytest.approx(20 * 400.0)
    joined = two_racks(tmp_path, Fault=1).reading(1.5)
    assert joined.faults == ("rack 2: fuse",)


def test_the_only_rack_left_is_the_battery(tmp_path: Path) -> None:
    bench = Bench(tmp_path, BY_ID + RACK)
    bench.hear("Rack", 1.0, Volts=400.0, Closed=0, Fault=1)
    assert bench.reading().faults == ("rack 1: fuse",)
    assert bench.reading().state is BatteryState.STANDBY


def test_a_rack_of_which_all_are_faulty_stops_the_battery(tmp_path: Path) -> None:
    bench = Bench(tmp_path, BY_ID + RACK, racks=2)
    for step in (0, 16):
        bench.hear("Rack", 1.0, step, Volts=400.0, Closed=0, Fault=1)
    assert bench.reading().faults == ("rack 1: fuse", "rack 2: fuse")


def test_racks_by_an_index_in_the_frame(tmp_path: Path) -> None:
    text = (
        'key = "Wide"\n[layout]\nrack_by = "index"\nindex = "Number"\nfirst_rack = 1\n'
        '[rack]\nvoltage_v = { signal = "Wide.Volts" }\ncontactors_closed = { signal = "Wide.Closed" }\n'
    )
    bench = Bench(tmp_path, text, racks=3)
    for number, volts in ((1, 401.0), (3, 403.0), (9, 409.0)):
        bench.hear("Wide", 1.0, Number=number, Volts=volts, Closed=1)
    racks = bench.reading().racks
    assert [rack.voltage_v for rack in racks] == [pytest.approx(401.0), None, pytest.approx(403.0)]


def test_29_bit_ids_with_a_step(tmp_path: Path) -> None:
    text = (
        'key = "Wide"\n[layout]\nid_step = 1\n[rack]\nvoltage_v = { signal = "Wide.Volts" }\n'
        'contactors_closed = { signal = "Wide.Closed" }\n'
    )
    bench = Bench(tmp_path, text, racks=2)
    assert bench.hear("Wide", 1.0, 1, Volts=402.0, Closed=1), "any rack publishes"
    assert [rack.voltage_v for rack in bench.reading().racks] == [None, pytest.approx(402.0)]


def test_more_racks_than_there_can_be_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FamilyError, match="2 racks, and there can be 1"):
        Bench(tmp_path, 'key = "Whole"\n[layout]\nrack_by = "single"\n', racks=2)


SINGLE = """key = "Whole"
[layout]
rack_by = "single"
[state]
signal = "Whole.State"
standby = ["READY"]
connected = ["CLOSED"]
fault = ["BROKEN"]
asleep = ["ASLEEP"]
[battery]
voltage_v = { signal = "Whole.Volts", invalid = [0xFFFF] }
current_a = { signal = "Whole.Amps", scale = -1.0, invalid = [0x8000] }
"""


def test_a_battery_that_is_one_rack(tmp_path: Path) -> None:
    text = SINGLE + '[rack]\ncell_max_c = { signal = "Whole.Kelvin", unit = "K", offset = 0.15 }\n'
    bench = Bench(tmp_path, text)
    bench.hear("Whole", 1.0, Volts=5000, Amps=-100, State=2, Kelvin=150)
    rack = bench.rack()
    assert [rack.voltage_v, rack.current_a] == [pytest.approx(500.0), pytest.approx(10.0)]
    assert rack.power_w == pytest.approx(5000.0) and rack.contactors_closed is True
    assert rack.cell_max_c == pytest.approx(27.0)
    bench.hear("Whole", 2.0, Volts=5000, State=4)
    asleep = bench.reading(2.0)
    assert asleep.state is BatteryState.STANDBY and asleep.asleep is True
    assert asleep.racks[0].contactors_closed is False and asleep.racks[0].asleep is True


def test_bit_patterns_that_mean_not_known(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE)
    bench.hear("Whole", 1.0, Volts=0xFFFF, Amps=-0x8000, State=2)
    assert bench.reading().voltage_v is None and bench.reading().current_a is None


def test_a_state_without_a_name_is_a_fault(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE)
    bench.hear("Whole", 1.0, State=9)
    assert bench.reading().faults == ("unknown state 9",)
    assert bench.reading().state is BatteryState.UNKNOWN


# ---------------------------------------------------------------- flags, numbers, conditions


def test_pairs_of_bits_come_and_go(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, SINGLE + '[battery.faults.Whole]\nPair = { text = "hot", pair = true }\n'
    )
    for at_s, bits, faults in ((1.0, 0, ()), (1.1, 1, ("hot",)), (1.2, 3, ("hot",)),
                               (1.3, 0, ("hot",)), (1.4, 2, ()), (1.5, 3, ())):  # fmt: skip
        bench.hear("Whole", at_s, State=2, Pair=bits)
        assert bench.reading(at_s).faults == faults, bits


@pytest.mark.parametrize(
    ("number", "state", "faults"),
    [(7, 3, ("fuse blown",)), (9, 3, ("cell 9 of ours",)), (99, 3, ("unknown fault 99",)),
     (0, 3, ()), (7, 2, ())],
)  # fmt: skip
def test_numbers_of_faults(
    tmp_path: Path, number: int, state: int, faults: tuple[str, ...]
) -> None:
    code = '[[battery.code]]\nsignal = "Whole.Code"\nnone = ["FINE"]\nstrip = "E_"\ntexts = { "9" = "cell 9 of ours" }\n'
    bench = Bench(tmp_path, SINGLE + code)
    bench.hear("Whole", 1.0, State=state, Code=number)
    assert bench.reading().faults == faults


@pytest.mark.parametrize(("gate", "limit_w"), [(0, 2000.0), (0xAA, 0.0), (0x55, 2000.0)])
def test_forbidden_is_no_power(tmp_path: Path, gate: int, limit_w: float) -> None:
    limit = (
        '[battery.max_charge]\ncurrent_a = { signal = "Whole.Code" }\n'
        'forbidden = { signal = "Whole.Gate", equals = [0xAA] }\n'
        '[battery.max_discharge]\ncurrent_a = { signal = "Whole.Amps", magnitude = true }\n'
        'forbidden = { signal = "Whole.Gate", mask = 0x80 }\n'
    )
    bench = Bench(tmp_path, SINGLE + limit)
    bench.hear("Whole", 1.0, Volts=5000, Code=4, Amps=-60, Gate=gate, State=2)
    reading = bench.reading()
    assert reading.max_charge_w == pytest.approx(limit_w)
    assert reading.max_discharge_w == pytest.approx(3000.0 if gate != 0xAA else 0.0)


def test_a_switch_by_mask_and_the_least_of_two_contactors(tmp_path: Path) -> None:
    text = SINGLE + (
        'balancing = { signal = "Whole.Gate", mask = 4 }\nfull = { signal = "Whole.Code", equals = ["E_FUSE_BLOWN"] }\n'
        '[rack]\ncontactors_closed = { signal = ["Whole.Pair", "Whole.Gate"], join = "min", equals = [1, 5] }\n'
    )
    bench = Bench(tmp_path, text)
    bench.hear("Whole", 1.0, State=2, Gate=5, Pair=1, Code=7)
    assert bench.reading().balancing is True and bench.reading().full is True
    assert bench.rack().contactors_closed is True
    bench.hear("Whole", 1.1, State=2, Gate=1, Pair=0)
    assert bench.reading().balancing is False and bench.reading().full is False
    assert bench.rack().contactors_closed is False


# ---------------------------------------------------------------- single cells


def test_cells_with_a_page_each(tmp_path: Path) -> None:
    text = SINGLE + (
        '[cells]\nmessage = "Cells"\nsignals = "Cell*"\nunit = "mV"\ninvalid = [0xFFFF]\nmax_age_s = 5.0\n'
        '[rack]\ncell_max_c = { signal = "Cells.Warm" }\n'
    )
    bench = Bench(tmp_path, text)
    bench.hear("Whole", 1.0, State=2)
    bench.hear("Cells", 1.0, Page=0, Cell1=3300, Cell2=3310, Warm=30)
    bench.hear("Cells", 1.0, Page=1, Cell3=0xFFFF, Cell10=3290, Warm=31)
    rack = bench.rack()
    assert list(rack.cells_v) == [
        pytest.approx(3.3),
        pytest.approx(3.31),
        None,
        pytest.approx(3.29),
    ]
    assert rack.cell_min_v == pytest.approx(3.29) and rack.cell_min_v_at == "1.4"
    assert rack.cell_max_v == pytest.approx(3.31) and rack.cell_max_v_at == "1.2"
    assert rack.cell_avg_v == pytest.approx(3.3)
    assert rack.cell_max_c == pytest.approx(31.0), "what every page has, from the newest"
    assert bench.rack(7.0).cells_v == ()


def test_one_cell_a_frame_with_its_number(tmp_path: Path) -> None:
    text = SINGLE + (
        '[cells]\nmessage = "OneCell"\nsignals = "Volts"\nnumber = "Which"\nfirst = 1\ncount = 3\nmax_age_s = 5.0\n'
    )
    bench = Bench(tmp_path, text)
    bench.hear("Whole", 1.0, State=2)
    for which, volts in ((3, 3.3003), (1, 3.3001), (200, 1.0)):
        bench.hear("OneCell", 1.0, Which=which, Volts=volts)
    assert list(bench.rack().cells_v) == [pytest.approx(3.3001), None, pytest.approx(3.3003)]


# ---------------------------------------------------------------- frames that prove themselves

CHECKED = BY_ID + RACK + '[[check]]\nmessages = ["Rack"]\n'


def checked(volts: int, check: int, counter: int = 0) -> bytes:
    data = bytes([volts & 0xFF, volts >> 8, 0, 0, 1, 0, counter])
    return data + bytes([check if check >= 0 else sum(data) & 0xFF])


def test_a_wrong_checksum_is_dropped_and_counted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CHECKED + 'checksum = "Check"\nalgorithm = "sum"\n')
    store = bench.decoder.store
    assert store(Frame(272, checked(4000, -1), 1.0))
    store(Frame(272, checked(5000, 0x00), 1.1))
    store(Frame(272, checked(5000, -1)[:5], 1.2))
    assert bench.rack(1.2).voltage_v == pytest.approx(400.0), "the last good one"
    assert bench.decoder.dropped == {"checksum": 2, "counter": 0}
    assert bench.decoder.heard_at_s() == 1.0


def test_a_counter_that_stands_still_makes_no_fresh_frame(tmp_path: Path) -> None:
    bench = Bench(tmp_path, CHECKED + 'counter = "Counter"\n', racks=2)
    for step in range(10):
        at_s = 1.0 + 0.1 * step
        bench.decoder.store(Frame(272, checked(4000, 0, counter=step % 16), at_s))
        bench.decoder.store(Frame(288, checked(4100, 0, counter=5), at_s))
    first, second = bench.reading(1.9).racks
    assert first.voltage_v == pytest.approx(400.0)
    assert second.voltage_v is None, "it froze at 1.0 s"
    assert bench.decoder.dropped["counter"] == 9


def test_a_checksum_that_is_not_one_byte_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FamilyError, match=r"Rack\.Counter is not one byte"):
        Bench(tmp_path, CHECKED + 'checksum = "Counter"\nalgorithm = "xor"\n')


# ---------------------------------------------------------------- byte order, short frames


def test_a_variant_with_the_other_byte_order(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 'byte_order = "big"\nmay_be_short = ["Whole"]\n' + SINGLE)
    bench.decoder.store(Frame(256, b"\x13\x88\xff\x9c\x02", 1.0))
    reading = bench.reading()
    assert [reading.voltage_v, reading.current_a] == [pytest.approx(500.0), pytest.approx(10.0)]
    assert reading.state is BatteryState.CONNECTED
    bench.decoder.store(Frame(256, b"\x13\x88\xff", 1.1))
    assert bench.reading(1.1).voltage_v == pytest.approx(500.0)
    assert bench.reading(1.1).current_a is None


# ---------------------------------------------------------------- requests

COMMAND = """
[[request]]
message = "Command"
period_s = 0.1
open = { Close = 2 }
close = { Close = 1 }
balance = { Balance = 1 }
sleep = { Sleep = 1 }
wake = { Sleep = 2 }
racks = "Racks"
counter = "Counter"
checksum = "Check"
algorithm = "sum"
tell.Told = { word = "current_a", unknown = 0x8000 }
"""


class Heard:
    """A bus that remembers what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []

    def receive(self, timeout_s: float) -> Sequence[Frame]:
        raise NotImplementedError

    def send(self, frame_id: int, data: bytes) -> None:
        self.sent.append((frame_id, data))

    def close(self) -> None:
        raise NotImplementedError


def test_a_request_with_everything(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE + COMMAND)
    request = Request(bench.family, bench.folder, racks=3)
    battery = BatteryReading(BatteryState.CONNECTED, current_a=-5.0)
    ((number, first),) = request.frames(
        Ask(closed=True, balance=True, racks_open=(2,), battery=battery)
    )
    assert number == 512 and first[:7] == bytes([0x11, 0b101, 0xCE, 0xFF, 0, 0, 0])
    assert first[7] == sum(first[:7]) & 0xFF
    ((_number, second),) = request.frames(Ask(closed=False, asleep=True))
    assert second[:7] == bytes([0b0110, 0b111, 0x00, 0x80, 0, 0, 1]), "the counter goes on"
    ((_number, third),) = request.frames(Ask(closed=False, wake=True))
    assert third[0] == 0b1010


def test_one_frame_for_each_rack(tmp_path: Path) -> None:
    text = BY_ID + RACK + (
        '[[request]]\nmessage = "Command"\nperiod_s = 0.1\nclose = { Close = 1 }\nper_rack = true\n'
    )  # fmt: skip
    bench = Bench(tmp_path, text, racks=3)
    frames = Request(bench.family, bench.folder, 3).frames(Ask(closed=True, racks_open=(2,)))
    assert [(number, data[0]) for number, data in frames] == [(512, 1), (528, 0), (544, 1)]


def test_sleep_and_wake_frames_are_sent_when_that_begins(tmp_path: Path) -> None:
    once = '[[request]]\nmessage = "Command"\nperiod_s = 0.1\ntimes = 2\n'
    text = SINGLE + once + 'on = "sleep"\nalways = { Sleep = 1 }\n' + once + 'on = "wake"\nalways = { Sleep = 2 }\n'  # fmt: skip
    bench = Bench(tmp_path, text)
    talk, port = Conversation(Request(bench.family, bench.folder), 0.0), Heard()
    open_reading = BatteryReading(BatteryState.STANDBY, current_a=0.0, asleep=False)

    def until(end_s: float, start_s: float, asleep: bool, battery: BatteryReading | None) -> str:
        port.sent.clear()
        at_s = start_s
        while at_s < end_s:
            talk.update(port, Setpoints(battery_asleep=asleep), battery, at_s)
            at_s += 0.02
        return "".join(str(data[0] >> 2) for _number, data in port.sent)

    assert until(1.0, 0.0, False, open_reading) == ""
    assert until(2.0, 1.0, True, open_reading) == "11"
    assert until(3.0, 2.0, True, None) == "", "asleep, and silent"
    assert until(4.0, 3.0, False, None) == "22"
    assert until(5.0, 4.0, False, open_reading) == ""


def test_keep_alive_is_sent_while_nobody_knows_the_contactors(tmp_path: Path) -> None:
    alive = '[[request]]\nmessage = "Command"\nperiod_s = 0.5\nalternate = [{ Racks = 1 }, { Racks = 2 }]\nquiet_asleep = true\n'
    bench = Bench(tmp_path, SINGLE + alive + COMMAND)
    talk, port = Conversation(Request(bench.family, bench.folder), 0.0), Heard()
    for step in range(5):
        talk.update(port, Setpoints(), None, 0.1 * step)
    assert [data[1] for _number, data in port.sent] == [1], "and nothing about contactors"
    talk.update(port, Setpoints(), None, 0.5)
    assert [data[:2] for _number, data in port.sent[1:]] == [b"\0\x02", b"\x02\x01"]
    assert talk.wait_s(0.5) == pytest.approx(0.1)


def test_a_request_that_names_what_is_not_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SINGLE + COMMAND.replace("Balance = 1", "Balances = 1"))
    with pytest.raises(FamilyError, match=r"no signal Command\.Balances"):
        Request(bench.family, bench.folder)
