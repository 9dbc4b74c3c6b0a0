"""How the watch over the battery samples temperatures, and every value without which a BMS is of no use."""

from typing import Any

import msgspec
import pytest

from appliance.model import BatteryReading, BatteryView
from appliance.watches.battery import BatteryWatch, of_no_use
from tests.stories import battery, rack, seen


def warm(degrees_c: float | None, number: int = 1) -> BatteryReading:
    return battery(rack(number, cell_max_c=degrees_c, cell_min_c=-30.0))


def rises(*looks: tuple[float, float | None]) -> list[float]:
    """After each (second, degrees): how far it has risen; 0: nothing worth telling."""
    watch, told = BatteryWatch(), []
    for at_s, degrees_c in looks:
        view = watch.look(seen(at_s, battery=warm(degrees_c))).battery_view
        told.append(view.rises_c[0][1] if view is not None and view.rises_c else 0.0)
    return told


def test_more_than_a_degree_is_worth_telling() -> None:
    assert rises((0.0, 20.0), (1.0, 21.0), (2.0, 21.125)) == [0.0, 0.0, 1.125]


def test_one_sample_a_second() -> None:
    assert rises((0.0, 20.0), (0.75, 30.0), (1.0, 30.0)) == [0.0, 0.0, 10.0]
    assert rises((0.0, 20.0), (1.0, 25.0), (1.75, 20.0), (2.0, 20.0)) == [0.0, 5.0, 5.0, 0.0]
    assert rises((100.0, 20.0), (101.0, 25.0), (101.5, 30.0), (102.0, 30.0)) == [
        0.0,
        5.0,
        5.0,
        10.0,
    ]


def every_ten(*degrees_c: float) -> list[tuple[float, float | None]]:
    return [(10.0 * n, degree_c) for n, degree_c in enumerate(degrees_c)]


def test_the_lowest_of_the_last_minute() -> None:
    told = rises(*every_ten(20.0, 21.0, 22.0, 23.0, 24.0, 25.0, 26.0, 27.0, 28.0))
    assert told == [0.0, 0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0, 6.0]
    assert rises(*every_ten(20.0, 30.0, 25.0, 26.0, 26.0, 26.0, 26.0, 28.0))[-1] == 3.0
    assert rises(*every_ten(25.0, 22.0, 24.0, 22.0, 24.5)) == [0.0, 0.0, 2.0, 0.0, 2.5]
    assert rises((0.0, 20.0), (10.0, 22.0), (20.0, 23.0), (30.0, 24.0), (40.0, 25.0), (50.0, 26.0),
                 (60.0, 27.0), (60.75, 29.0), (61.0, 29.0))[-3:] == [7.0, 7.0, 7.0]  # fmt: skip


def test_after_ten_seconds_without_a_sample_the_past_says_nothing() -> None:
    assert rises((0.0, 20.0), (10.0, 25.0)) == [0.0, 5.0]
    assert rises((0.0, 20.0), (10.25, 25.0)) == [0.0, 0.0]
    assert rises((0.0, 20.0), (5.0, None), (10.25, 25.0)) == [0.0, 0.0, 0.0]


def test_what_it_said_last_is_said_until_the_battery_is_back() -> None:
    watch = BatteryWatch()
    watch.look(seen(0.0, battery=warm(20.0)))
    assert watch.look(seen(1.0, battery=warm(25.0))).battery_view is not None
    silent = watch.look(seen(2.0, battery=None)).battery_view
    assert silent is not None and silent.rises_c == ((1, 5.0),)
    assert watch.look(seen(2.5, battery=warm(20.0))).battery_view is None, "judged at once"


def test_each_rack_has_its_own_past() -> None:
    watch = BatteryWatch()
    watch.look(seen(0.0, battery=battery(rack(1, cell_max_c=20.0), rack(2, cell_max_c=30.0))))
    mute, second = rack(1, cell_max_c=None), rack(2, cell_max_c=33.0)
    view = watch.look(seen(1.0, battery=battery(mute, second))).battery_view
    assert view is not None and view.rises_c == ((2, 3.0),)
    first = rack(1, cell_max_c=22.0)
    view = watch.look(seen(2.0, battery=battery(first, second))).battery_view
    assert view is not None and view.rises_c == ((1, 2.0), (2, 3.0))


def test_for_how_long_it_is_of_no_use() -> None:
    watch, mute = BatteryWatch(), battery(soc_pct=None)
    words = "it does not say its state of charge"
    for at_s, useless_s in ((10.0, 0.0), (12.0, 2.0), (15.0, 5.0)):
        view = watch.look(seen(at_s, battery=mute)).battery_view
        assert view == BatteryView((), words, useless_s)
    for well in (battery(), None):
        watch.look(seen(15.0, battery=mute))
        assert watch.look(seen(16.0, battery=well)).battery_view is None
        view = watch.look(seen(17.0, battery=mute)).battery_view
        assert view == BatteryView((), words, 0.0)


def test_a_rise_alone_says_no_use_and_no_time() -> None:
    watch = BatteryWatch()
    view: BatteryView | None = None
    for at_s, degrees_c in ((0.0, 20.0), (1.0, 25.0), (5.0, 26.0)):
        view = watch.look(seen(at_s, battery=warm(degrees_c))).battery_view
    assert view == BatteryView(((1, 6.0),), "", 0.0)


@pytest.mark.parametrize("name", ["cell_min_v", "cell_max_v", "cell_min_c", "cell_max_c"])
def test_each_figure_of_the_cells_is_needed(name: str) -> None:
    unsaid: dict[str, Any] = {name: None}
    mute = battery(rack(), rack(2, **unsaid))
    assert of_no_use(mute) == "it does not say how its cells are"
    assert of_no_use(msgspec.structs.replace(mute, guards_cells=True)) == ""
    alone = battery(rack(), rack(2, contactors_closed=False, **unsaid))
    assert of_no_use(alone) == "", "an open rack carries nothing"
