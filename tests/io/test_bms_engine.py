"""What a signal map can say, each with a small BMS of its own: frames in, readings out."""

from pathlib import Path
from typing import Any

import pytest

from appliance.io.bms import FamilyError
from appliance.model import BatteryState
from tests.io.bms_bench import BY_ID, RACK, SINGLE, Bench

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
