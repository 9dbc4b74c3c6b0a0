"""Which limit binds where two are alike or close, and with what words; the smallest magnitudes."""

from math import inf, nan
from typing import Any

import msgspec
import pytest

from appliance.limits import LIMITS, apply_limits, limits_of
from appliance.model import BatteryReading, GridView, Memory, PowerCap, State
from appliance.site import SiteSettings
from appliance.site.battery import Current, CurrentLevels
from tests.stories import Story, battery, inverter, rack, seen, with_grid_code

SITE = Story().site
ROWS = {row.name: row for row in LIMITS}
RUNS = Memory(state=State.RUN, state_since_s=0.0)


def bound(wish_w: float, site: SiteSettings = SITE, **readings: Any) -> tuple[str | None, str]:
    """The limit that holds this wish back, and its words."""
    answer = apply_limits(wish_w, seen(**readings), RUNS, site)
    return answer.limits.binding, answer.because


def two(first: dict[str, Any], second: dict[str, Any]) -> BatteryReading:
    return battery(rack(1, **first), rack(2, **second))


@pytest.mark.parametrize(
    ("wish_w", "reading", "words"),
    [
        (4_000.0, two({"cell_max_v": 3.55}, {"cell_min_v": 2.9}), "cell 2.7 at 2.90 V"),
        (-4_000.0, two({"cell_max_v": 3.59}, {"cell_min_v": 2.9}), "cell 1.14 at 3.59 V"),
        (-4_000.0, two({}, {"cell_max_c": None}), "unknown cell temperatures of rack 2"),
        (-4_000.0, two({"cell_max_c": 45.0}, {"cell_min_c": 4.0}), "cell 2.1 at 4 °C"),
        (-4_000.0, two({"cell_min_c": 7.0}, {"cell_max_c": 49.0}), "cell 2.60 at 49 °C"),
        (-4_000.0, two({}, {"cell_min_c": nan}), "cell temperature"),
        (4_000.0, two({}, {"cell_min_v": inf, "cell_max_v": inf}), "unknown cell voltages"),
    ],
)
def test_the_cell_that_is_meant(wish_w: float, reading: BatteryReading, words: str) -> None:
    assert bound(wish_w, battery=reading)[1] == words


def test_the_tighter_of_two_warm_edges_is_told() -> None:
    cells = SITE.battery.cell_temperature.model_copy(update={"charge_warm_c": 40.0})
    wanted = SITE.battery.model_copy(update={"cell_temperature": cells})
    site = SITE.model_copy(update={"battery": wanted})
    reading = battery(rack(cell_max_c=48.0, cell_min_c=41.0))
    assert bound(-4_000.0, site, battery=reading)[1] == "cell 1.60 at 48 °C"
    reading = battery(rack(cell_max_c=44.0, cell_min_c=41.0))
    assert bound(-4_000.0, site, battery=reading)[1] == "cell 1.60 at 44 °C"


def test_cells_at_no_finite_voltage_close_both_ways() -> None:
    for low_v, high_v in ((inf, inf), (-inf, inf), (3.3, inf), (-inf, 3.3)):
        reading = battery(rack(cell_min_v=low_v, cell_max_v=high_v))
        assert ROWS["cell voltage"].caps(seen(battery=reading), RUNS, SITE) == (0.0, 0.0)


def test_of_two_limits_alike_the_first_is_told() -> None:
    alike = battery(max_charge_w=5_000.0, max_discharge_w=5_000.0 / SITE.inverter.efficiency)
    assert bound(-9_000.0, battery=alike)[0] == "battery"
    assert bound(9_000.0, battery=alike)[0] == "battery"


@pytest.mark.parametrize("wish_w", [0.5, -0.5])
def test_half_a_watt_is_held_back_like_any_other(wish_w: float) -> None:
    none = battery(max_charge_w=0.0, max_discharge_w=0.0)
    assert bound(wish_w, battery=none) == ("battery", "the battery's own limit")


def test_half_a_watt_is_held_back_by_what_holds_back_its_way() -> None:
    capped = msgspec.structs.replace(RUNS, cap=PowerCap(None, 0.0))
    answer = apply_limits(0.5, seen(), capped, SITE)
    assert (answer.power_w, answer.because) == (0.0, "the owner's cap")


def test_half_a_watt_is_allowed_like_any_other() -> None:
    little = battery(max_charge_w=0.5, max_discharge_w=0.5 / SITE.inverter.efficiency)
    limits = apply_limits(9.0, seen(battery=little), RUNS, SITE).limits
    assert (limits.max_charge_w, limits.max_discharge_w) == pytest.approx((0.5, 0.5))


def test_the_rack_with_the_lowest_voltage_counts_wherever_it_stands() -> None:
    amps = CurrentLevels(operating_a=10.0, recommended_a=14.0, maximum_a=20.0)
    wanted = SITE.battery.model_copy(update={"current": Current(charge=amps)})
    site = SITE.model_copy(update={"battery": wanted})
    for volts in ((400.0, 420.0), (420.0, 400.0)):
        racks = [rack(number, voltage_v=volt) for number, volt in enumerate(volts, 1)]
        known = seen(battery=battery(*racks, voltage_v=410.0))
        assert ROWS["current"].caps(known, RUNS, site) == (8_000.0, inf)


def test_a_frequency_without_an_inverter_or_its_power() -> None:
    site = with_grid_code(SITE)
    view = GridView(60.0, 0.0, (), 50.3)
    caps = ROWS["frequency"].caps
    assert caps(seen(grid_view=view, inverter=None), RUNS, site) == (inf, inf)
    mute = msgspec.structs.replace(inverter(), power_w=None)
    assert caps(seen(grid_view=view, inverter=mute), RUNS, site) == (inf, 0.0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("battery", "a silent battery"), ("state of charge", "unknown state of charge"),
        ("cell voltage", "unknown cell voltages"), ("cell temperature", "cell temperature"),
        ("current", "a silent battery"),
    ],
)  # fmt: skip
def test_words_for_a_silent_battery(name: str, words: str) -> None:
    assert ROWS[name].because(seen(battery=None), RUNS, SITE) == words


def test_a_row_that_a_site_has_not_narrows_nothing_there() -> None:
    """So it is not asked in every cycle."""
    absent = [row.name for row in LIMITS if row not in limits_of(SITE)]
    assert absent == ["current", "apparent power", "grid code ramp", "frequency", "ramp"]
    assert len(limits_of(with_grid_code(SITE))) == len(LIMITS) - 3
    lopsided = SITE.inverter.model_copy(update={"max_charge_w": 2_000.0})
    pictures: list[dict[str, Any]] = [{}, {"battery": None}, {"inverter": None}, {"grid": None}]
    for site in (SITE, SITE.model_copy(update={"inverter": lopsided})):
        for readings in pictures:
            for wish_w in (-9_000.0, -1_900.0, 0.0, 3_000.0, 9_000.0):
                all_rows = apply_limits(wish_w, seen(**readings), RUNS, site)
                assert (
                    apply_limits(wish_w, seen(**readings), RUNS, site, limits_of(site)) == all_rows
                )
