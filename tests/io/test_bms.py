"""BMS families as data: every map fits its DBC, frames become readings, what is old or absurd is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.io.bms import Decoder, load_family
from appliance.io.bms._outgoing import Ask
from appliance.io.bms._signals import bits_of
from appliance.io.bms.request import Request
from appliance.io.buses.can import Frame
from appliance.model import BatteryReading, BatteryState
from appliance.registry import bms_families
from tests.io import fox
from tests.io.fox_heard import healthy, heard

FAMILIES = sorted(bms_families())


# ---------------------------------------------------------------- every family


@pytest.mark.parametrize("name", FAMILIES)
def test_every_map_fits_its_dbc_and_names_its_source(name: str) -> None:
    family = load_family(name)
    assert len(family.source) > 5 and len(family.title) > 5
    racks = 1 if family.layout.by == "single" else 2
    decoder = Decoder(family, racks, capacity_wh=10_000.0)
    silent = decoder.reading(0.0)
    assert decoder.heard_at_s() is None
    assert silent.state is BatteryState.UNKNOWN and silent.max_charge_w is None
    request = Request(family)
    asks = [
        Ask(closed=closed, reset_faults=reset)
        for closed in (False, True)
        for reset in (False, True)
    ]
    for message in request.messages:
        about = message.about_contactors
        assert len({tuple(message.frames(ask)) for ask in asks}) >= (2 if about else 1)


@given(st.binary(min_size=8, max_size=8), st.integers(0, 7))
def test_bits_are_where_cantools_says(payload: bytes, mux: int) -> None:
    for message in fox.DATABASE.messages:
        data = bytearray(payload)
        if message.is_multiplexed():
            width = {"f_StringValuesP0": 3, "f_CellVoltages": 8, "f_CellTemperatures": 8}
            names = [s for s in message.signals if s.is_multiplexer]
            start = names[0].start
            bits = width.get(message.name, 4)
            shift = start % 8 - bits + 1
            mask = ((1 << bits) - 1) << shift
            data[0] = data[0] & ~mask & 0xFF | mux << shift
        decoded = message.decode(bytes(data), decode_choices=False, scaling=False)
        assert isinstance(decoded, dict)
        for signal in message.signals:
            assert bits_of(message, signal).raw(bytes(data)) == decoded[signal.name], signal.name


# ---------------------------------------------------------------- foxBMS 2


def test_a_healthy_round_in_our_words() -> None:
    reading = healthy()
    rack = reading.racks[0]
    assert reading.state is BatteryState.CONNECTED and reading.faults == ()
    assert reading.voltage_v == pytest.approx(420.0)
    assert reading.current_a == pytest.approx(10.0), "discharge is positive"
    assert reading.power_w == pytest.approx(4200.0)
    assert reading.soc_pct == pytest.approx(50.0)
    assert reading.soh_pct == pytest.approx(98.5)
    assert reading.soe_wh == pytest.approx(5200.0)
    assert reading.max_charge_w == pytest.approx(5250.0), "12.5 A x 420 V is less than 5.3 kW"
    assert reading.max_discharge_w == pytest.approx(10_000.0), "10.0 kW is less than 25 A x 420 V"
    assert (rack.rack, rack.contactors_closed) == (1, True)
    assert rack.voltage_v == pytest.approx(419.87)
    assert rack.power_w == pytest.approx(4190.0)
    assert rack.cell_min_v == pytest.approx(3.281) and rack.cell_min_v_at == "1.46"
    assert rack.cell_max_v == pytest.approx(3.304) and rack.cell_max_v_at == "1.1"
    assert rack.cell_min_c == pytest.approx(21.5) and rack.cell_min_c_at == "1.19"
    assert rack.cell_max_c == pytest.approx(24.5) and rack.cell_max_c_at == "1.128"


def test_charging_is_negative() -> None:
    reading = healthy(f_PackValuesP0={"BatteryVoltage": 420.0, "Current": -12.34, "Power": -5.18})
    assert reading.current_a == pytest.approx(-12.34)
    assert reading.power_w == pytest.approx(-5180.0)


@pytest.mark.parametrize(
    ("number", "state"),
    [(0, "unknown"), (3, "standby"), (4, "unknown"), (5, "standby"), (6, "precharge"),
     (7, "connected"), (8, "connected"), (9, "connected"), (10, "fault"), (11, "unknown")],
)  # fmt: skip
def test_states(number: int, state: str) -> None:
    reading = healthy(f_BmsState={"BmsState": number})
    assert reading.state == state and (reading.faults == () or state == "fault")


def test_a_state_that_no_table_knows_is_a_fault_in_words() -> None:
    reading = healthy(f_BmsState={"BmsState": 13})
    assert reading.state is BatteryState.UNKNOWN and reading.faults == ("unknown state 13",)


def test_faults_in_words() -> None:
    reading = healthy(
        f_BmsState={"BmsState": fox.ERROR, "InterlockState": 1, "CanTimingError": 1},
        f_StringState={"OvervoltageMslError": 1, "OvervoltageRslWarning": 1},
    )
    assert reading.faults == (
        "interlock open",
        "requests of the box come irregularly",
        "rack 1: cell voltage too high",
    )
    assert reading.racks[0].warnings == ("cell voltage high",)


def test_the_timing_flag_alone_is_no_fault() -> None:
    assert healthy(f_BmsState={"BmsState": fox.STANDBY, "CanTimingError": 1}).faults == ()


@pytest.mark.parametrize(
    ("number", "words"),
    [(53, ("interlock feedback",)), (85, ()), (200, ("unknown fault 200",))],
)
def test_the_fatal_error_has_words(number: int, words: tuple[str, ...]) -> None:
    decoder = heard(*fox.frames(100.0, f_BmsState={"BmsState": fox.ERROR}))
    decoder.store(fox.frame("f_BmsFatalError", 50.0, FatalErrorCode=number))
    assert decoder.reading(100.0).faults == words


def test_what_is_too_old_is_not_known() -> None:
    decoder = heard(*fox.frames(100.0))
    later = decoder.reading(100.6)
    assert later.state is BatteryState.UNKNOWN and later.max_charge_w is None
    assert later.voltage_v is None and later.current_a is None
    assert later.soc_pct == pytest.approx(50.0), "comes once a second and may be older"
    assert decoder.reading(101.1).racks[0].cell_max_v is None
    assert decoder.reading(106.0).soc_pct is None


def test_the_other_source_serves_when_the_first_is_missing() -> None:
    without = [f for f in fox.frames(100.0) if f.id not in (0x231, 0x241)]
    rack = heard(*without).reading(100.0).racks[0]
    assert rack.cell_min_v == pytest.approx(3.281) and rack.cell_min_v_at == "1.46"
    assert rack.cell_min_c == pytest.approx(21.0) and rack.cell_min_c_at == "1.19"


def test_short_frames_and_foreign_ones_do_no_harm() -> None:
    decoder = heard(*fox.frames(100.0))
    decoder.store(Frame(0x233, b"\x01\x02", 100.1))
    decoder.store(Frame(0x240, b"", 100.1))
    decoder.store(Frame(0x7FF, b"\xff" * 8, 100.1))
    assert decoder.reading(100.1).voltage_v is None
    assert decoder.reading(100.1).racks[0].contactors_closed is True


def test_racks_are_strings() -> None:
    frames = [
        *fox.frames(100.0, 2, f_PackMinMaxCellVoltage={
            "MinimumCellVoltage": 3100, "MinimumCellVoltageStringIndex": 1,
            "MaximumCellVoltage": 3400, "MaximumCellVoltageStringIndex": 0,
        }),
        fox.frame("f_StringValuesP0", 100.0, 1, Voltage=430.0, Current=-5.0),
        fox.frame("f_StringState", 100.0, 1, IsStringConnected=0, OpenWireError=1),
    ]  # fmt: skip
    reading = heard(*frames, racks=2).reading(100.0)
    first, second = reading.racks
    assert (first.rack, second.rack) == (1, 2)
    assert first.current_a == pytest.approx(9.98) and second.current_a == pytest.approx(-5.0)
    assert second.contactors_closed is False and first.contactors_closed is True
    assert second.cell_min_v == pytest.approx(3.1) and first.cell_min_v == pytest.approx(3.281)
    assert second.cell_min_v_at == "2.46", "of the string that the whole battery names"
    assert first.cell_max_v == pytest.approx(3.4) and second.cell_max_v == pytest.approx(3.304)
    assert reading.faults == () and second.faults == ("measuring wire broken",)
    assert reading.warnings == ("rack 2: measuring wire broken",), "the other rack works"


def spoken(
    seconds: float, without: str = "", racks: int = 1, from_s: float = 100.0
) -> BatteryReading:
    """The BMS speaks every 100 ms; one message is missing from the beginning."""
    decoder = Decoder.of("foxbms2", racks)
    missing = fox.DATABASE.get_message_by_name(without).frame_id if without else None
    at_s = from_s
    for step in range(round(seconds / 0.1) + 1):
        at_s = from_s + 0.1 * step
        for one in fox.frames(at_s, racks):
            if one.id != missing:
                decoder.store(one)
    return decoder.reading(at_s)


def test_a_rack_whose_state_is_not_heard_counts_as_faulty() -> None:
    assert spoken(3.0).faults == ()
    assert spoken(0.9, "f_StringState").faults == (), "not while it begins to speak"
    assert spoken(1.2, "f_StringState").faults == ("rack 1: state is not heard",)
    assert spoken(3.0, "f_StringState", 2).faults == (
        "rack 1: state is not heard",
        "rack 2: state is not heard",
    )


def test_one_rack_of_two_is_not_heard() -> None:
    decoder = Decoder.of("foxbms2", 2)
    for step in range(15):
        for one in fox.frames(100.0 + 0.1 * step, 1):
            decoder.store(one)
    degraded = decoder.reading(101.4)
    assert degraded.faults == () and degraded.state is BatteryState.CONNECTED
    assert degraded.warnings == ("rack 2: state is not heard",)
    assert degraded.racks[1].contactors_closed is None
    assert degraded.racks[1].faults == ("state is not heard",)
    assert decoder.reading(105.0).faults == (), "a BMS that says nothing at all is another error"
    for one in fox.frames(105.0, 1):
        decoder.store(one)
    assert decoder.reading(105.0).faults == (), "after a silence it may begin again"


def test_averages_of_valid_cells_only() -> None:
    decoder = heard(*fox.frames(100.0), *fox.cells(100.0, [3300, 3310, 3320, 3330, 3340, 3350]))
    for one in fox.cells(100.0, [20, 22, 24], "CellTemperature", 6):
        decoder.store(one)
    rack = decoder.reading(100.0).racks[0]
    assert rack.cell_avg_v == pytest.approx(3.325)
    assert rack.cell_avg_c == pytest.approx(22.0)


def test_averages_by_rack() -> None:
    both = [*fox.cells(100.0, [3300] * 128 + [3400] * 60)]
    racks = heard(*fox.frames(100.0, 2), *both, racks=2).reading(100.0).racks
    assert [rack.cell_avg_v for rack in racks] == [pytest.approx(3.3), pytest.approx(3.4)]


def test_energy_from_the_state_of_charge_when_the_bms_does_not_say() -> None:
    family = load_family("foxbms2")
    without = family.model_copy(
        update={"battery": family.battery.model_copy(update={"soe_wh": ()})}
    )
    decoder = Decoder(without, 1, 10_600.0)
    for one in fox.frames(100.0):
        decoder.store(one)
    assert decoder.reading(100.0).soe_wh == pytest.approx(5300.0)


def test_energy_of_the_racks_that_work() -> None:
    """The battery's own 5.2 kWh has the open rack in it: half of 10.6 kWh at 50 % is left."""
    assert healthy(racks=2).soe_wh == pytest.approx(5_200.0)
    opened = fox.frame("f_StringState", 100.0, 1, IsStringConnected=0)
    left = heard(*fox.frames(100.0, 2), opened, racks=2).reading(100.0)
    assert left.working_share == 0.5
    assert left.soe_wh == pytest.approx(2_650.0)
