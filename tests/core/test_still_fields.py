"""What shows that a device still measures: each of its values, how much power must flow, and for how long."""

from typing import Any

import msgspec
import pytest

from appliance.model import InverterReading, MeterReading, PhaseReading, Snapshot
from appliance.watches.stillness import Stillness
from tests.stories import battery, inverter, rack, seen

FULL = inverter(
    2_000.0, reactive_var=0.0, dc_voltage_v=420.0, temperature_c=30.0, phases=(PhaseReading(230.0),)
)
DC = battery(power_w=2_000.0, current_a=5.0, soc_bms_pct=50.0)


class Watcher:
    """Fed once a second; grid, PV, inverter and battery are silent unless they are told of."""

    def __init__(self, stillness: Stillness | None = None) -> None:
        self.stillness = Stillness() if stillness is None else stillness
        self.now_s = 100.0

    def look(self, passed_s: float = 1.0, **readings: Any) -> Snapshot:
        self.now_s += passed_s
        silent = {"grid": None, "pv": None, "inverter": None, "battery": None}
        return self.stillness.freeze_out(seen(self.now_s, **(silent | readings)))

    def frozen_after(self, seconds: int, **readings: Any) -> tuple[str, ...]:
        return [self.look(**readings).frozen for _ in range(seconds)][-1]


def moving(power_w: float, second: int) -> InverterReading:
    """Alive, with a power that stands."""
    return inverter(power_w, dc_voltage_v=400.0 + second % 2)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("power_w", 2_001.0), ("reactive_var", 1.0), ("phases", (PhaseReading(231.0),)),
        ("frequency_hz", 50.01), ("dc_voltage_v", 421.0), ("temperature_c", 31.0),
    ],
)  # fmt: skip
def test_any_value_of_an_inverter_shows_life(field: str, other: Any) -> None:
    changed = msgspec.structs.replace(FULL, **{field: other})
    watcher = Watcher()
    for _ in range(2):
        assert watcher.frozen_after(60, inverter=FULL) == ()
        assert watcher.frozen_after(60, inverter=changed) == ()
    assert Watcher().frozen_after(62, inverter=FULL) == ("inverter",)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("voltage_v", 421.0), ("current_a", 5.1), ("power_w", 2_001.0), ("soc_bms_pct", 51.0),
        ("racks", (rack(cell_min_v=3.27),)),
    ],
)  # fmt: skip
def test_any_value_of_a_battery_shows_life(field: str, other: Any) -> None:
    changed = msgspec.structs.replace(DC, **{field: other})
    watcher = Watcher()
    for _ in range(2):
        assert watcher.frozen_after(300, battery=DC) == ()
        assert watcher.frozen_after(300, battery=changed) == ()
    assert Watcher().frozen_after(302, battery=DC) == ("battery",)


def test_what_is_made_of_its_values_shows_no_life() -> None:
    told = [msgspec.structs.replace(DC, soc_pct=50.0 + 0.001 * n) for n in range(302)]
    watcher = Watcher()
    assert [watcher.look(battery=one).frozen for one in told][-1] == ("battery",)


@pytest.mark.parametrize(("power_w", "frozen"), [(200.0, ()), (200.1, ("inverter",)), (-200.1, ("inverter",))])  # fmt: skip
def test_power_that_flows_is_more_than_two_hundred_watts(
    power_w: float, frozen: tuple[str, ...]
) -> None:
    still = msgspec.structs.replace(FULL, power_w=power_w)
    assert Watcher().frozen_after(100, inverter=still) == frozen
    silent = msgspec.structs.replace(FULL, power_w=None)
    quiet = msgspec.structs.replace(DC, power_w=power_w)
    assert Watcher().frozen_after(100, inverter=silent, battery=quiet) == frozen
    mute = msgspec.structs.replace(DC, power_w=None)
    assert Watcher().frozen_after(100, inverter=silent, battery=mute) == ()


@pytest.mark.parametrize(("power_w", "frozen"), [(200.0, ()), (200.1, ("PV meter",)), (-200.1, ("PV meter",)), (None, ())])  # fmt: skip
def test_pv_that_flows(power_w: float | None, frozen: tuple[str, ...]) -> None:
    assert Watcher().frozen_after(320, pv=MeterReading(power_w)) == frozen


@pytest.mark.parametrize(("pv_w", "frozen"), [(200.0, ()), (200.1, ("grid meter",)), (None, ())])
def test_pv_alone_shows_that_the_grid_meter_stands_still(
    pv_w: float | None, frozen: tuple[str, ...]
) -> None:
    grid = MeterReading(300.0)
    assert Watcher().frozen_after(100, grid=grid, pv=MeterReading(pv_w)) == frozen
    assert Watcher().frozen_after(100, grid=grid) == (), "nothing tells of a flow"


def test_the_second_at_which_it_counts_as_still() -> None:
    watcher = Watcher()
    assert watcher.frozen_after(61, inverter=FULL) == (), "60 s after it was first seen"
    assert watcher.frozen_after(1, inverter=FULL) == ("inverter",)
    watcher = Watcher()
    assert watcher.frozen_after(61, grid=MeterReading(300.0), pv=MeterReading(900.0)) == ()
    assert watcher.frozen_after(1, grid=MeterReading(300.0), pv=MeterReading(900.0)) == (
        "grid meter",
    )
    watcher = Watcher()
    assert watcher.frozen_after(301, pv=MeterReading(900.0)) == ()
    assert watcher.frozen_after(1, pv=MeterReading(900.0)) == ("PV meter",)
    watcher = Watcher()
    assert watcher.frozen_after(301, battery=DC) == ()
    assert watcher.frozen_after(1, battery=DC) == ("battery",)


def test_the_first_look_counts_no_time() -> None:
    stillness = Stillness()
    for at_s in (1_000.0, 1_060.0):
        assert stillness.freeze_out(seen(at_s, inverter=FULL, grid=None)).frozen == ()
    assert stillness.freeze_out(seen(1_060.5, inverter=FULL, grid=None)).frozen == ("inverter",)


def test_only_time_in_which_power_flows_counts() -> None:
    watcher, rests = Watcher(), MeterReading(0.0)
    grid, flows = MeterReading(300.0), MeterReading(900.0)
    assert watcher.frozen_after(31, grid=grid, pv=flows) == ()
    assert watcher.frozen_after(500, grid=grid, pv=rests) == ()
    assert watcher.frozen_after(30, grid=grid, pv=flows) == ()
    assert watcher.frozen_after(1, grid=grid, pv=flows) == ("grid meter",)


def test_two_values_may_agree_by_chance_and_three_may_not() -> None:
    two = inverter(2_000.0)
    three = inverter(2_000.0, dc_voltage_v=420.0)
    assert Watcher().frozen_after(100, inverter=two) == ()
    assert Watcher().frozen_after(100, inverter=three) == ("inverter",)
    assert Watcher().frozen_after(100, grid=MeterReading(None), pv=MeterReading(900.0)) == ()


def test_after_silence_it_begins_anew() -> None:
    watcher = Watcher()
    watcher.frozen_after(60, inverter=FULL)
    watcher.look()
    assert watcher.frozen_after(61, inverter=FULL) == ()
    assert watcher.frozen_after(1, inverter=FULL) == ("inverter",)
    watcher.look()
    assert watcher.frozen_after(61, inverter=FULL) == (), "out, gone and back"


@pytest.mark.parametrize(
    ("before_w", "after_w", "frozen"),
    [(1_000.0, 1_500.0, ()), (1_000.0, 1_500.1, ("grid meter",)), (1_000.0, 499.9, ("grid meter",)),
     (None, 1_600.0, ())],
)  # fmt: skip
def test_a_witness_has_moved_by_more_than_half_a_kilowatt(
    before_w: float | None, after_w: float, frozen: tuple[str, ...]
) -> None:
    watcher, grid = Watcher(), MeterReading(300.0)
    before = None if before_w is None else moving(before_w, 0)
    watcher.look(grid=grid, inverter=before)
    told = [watcher.look(grid=grid, inverter=moving(after_w, n)).frozen for n in range(6)]
    assert told == [()] * 5 + [frozen]


def test_a_witness_that_is_silent_again_is_none() -> None:
    watcher, grid = Watcher(), MeterReading(300.0)
    watcher.look(grid=grid, inverter=moving(1_000.0, 0))
    for n in range(5):
        watcher.look(grid=grid, inverter=moving(2_000.0, n))
    assert watcher.frozen_after(10, grid=grid, pv=MeterReading(900.0)) == ()


@pytest.mark.parametrize(("age_s", "longest_s"), [(1.0, 5), (1.5, 5), (2.0, 6), (4.0, 12)])
def test_a_slow_meter_has_three_readings_to_answer_its_witness(
    age_s: float, longest_s: int
) -> None:
    watcher, grid = Watcher(Stillness(age_s)), MeterReading(300.0)
    watcher.look(grid=grid, inverter=moving(1_000.0, 0))
    told = [watcher.look(grid=grid, inverter=moving(2_000.0, n)).frozen for n in range(14)]
    assert told.index(("grid meter",)) == longest_s


def test_who_was_convicted_stays_out_when_the_witness_goes_back() -> None:
    watcher, grid = Watcher(), MeterReading(300.0)
    watcher.look(grid=grid, inverter=moving(1_000.0, 0))
    last = [watcher.look(grid=grid, inverter=moving(2_000.0, n)) for n in range(6)][-1]
    assert last.frozen == ("grid meter",) and last.grid is None and last.inverter is not None
    for n in range(3):
        assert watcher.look(grid=grid, inverter=moving(1_000.0, n)).frozen == ("grid meter",)
    assert watcher.look(grid=MeterReading(301.0), inverter=moving(1_000.0, 1)).frozen == ()


def test_only_the_grid_meter_has_a_witness() -> None:
    watcher = Watcher()
    for n in range(30):
        assert watcher.look(pv=MeterReading(900.0), inverter=moving(1e3 * n, n)).frozen == ()


def test_two_that_stand_still_are_both_named() -> None:
    watcher = Watcher()
    last = [watcher.look(grid=MeterReading(300.0), inverter=FULL) for _ in range(62)][-1]
    assert (last.frozen, last.grid, last.inverter) == (("grid meter", "inverter"), None, None)


def test_sun_alone_does_not_move_a_battery() -> None:
    rests = msgspec.structs.replace(DC, power_w=0.0, current_a=0.0)
    watcher = Watcher()
    for n in range(320):
        assert watcher.look(battery=rests, pv=MeterReading(900.0 + n)).frozen == ()
