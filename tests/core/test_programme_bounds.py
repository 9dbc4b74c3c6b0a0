"""What modes want together, at the bounds: a watt more or less, one mode or two, who is named and who is not."""

import pytest

from appliance.model import Heard, Memory, Wish
from appliance.modes._answers import charge, discharge, exactly, no_charge, nothing
from appliance.programme import Programme, Together, settle
from tests.core.test_programme import Says, ask, site
from tests.stories import seen

Asked = tuple[float | None, float | None, float | None]


@pytest.mark.parametrize(
    ("asked", "settled"),
    [
        # A bound that is just reached holds nobody.
        ([(None, None, 300.0), (200.0, None, None)], (200.0, 1, -1)),
        ([(None, None, 300.0), (300.0, None, None)], (300.0, 1, -1)),
        ([(None, 300.0, None), (300.0, None, None)], (300.0, 1, -1)),
        # Of two bounds that are the same, the first in priority is named.
        ([(None, 100.0, None), (None, 100.0, None), (0.0, None, None)], (100.0, 2, 0)),
        ([(None, None, -100.0), (None, None, -100.0), (0.0, None, None)], (-100.0, 2, 0)),
        # With no want, only a bound that forbids 0 W makes a power.
        ([(None, None, 0.0)], (None, -1, -1)),
        ([(None, 0.0, None)], (None, -1, -1)),
        ([(None, None, 0.5)], (None, -1, -1)),
        ([(None, -0.5, None)], (None, -1, -1)),
        ([(None, 0.5, None)], (0.5, 0, -1)),
        ([(None, None, -0.5)], (-0.5, 0, -1)),
        ([(None, -2.0, None), (None, None, -0.5)], (-0.5, 1, -1)),
        ([(None, None, 2.0), (None, 0.5, None)], (0.5, 1, -1)),
    ],
)
def test_settled_at_the_bounds(asked: list[Asked], settled: tuple[float | None, int, int]) -> None:
    assert settle(asked)[:3] == settled


@pytest.mark.parametrize("wish", [exactly(700.0, "plan"), charge(300.0), nothing("no plan")])
def test_a_mode_that_is_alone_is_followed_as_it_is(wish: Wish) -> None:
    won = wish.power_w is not None
    expected = Together(wish, "M0", "", (Heard("m0", wish, won),), "M0")
    assert ask(wish) == expected


def test_reactive_power_without_a_power_and_who_asks_for_it() -> None:
    together = ask(nothing("no plan"), Wish(None, "volts", reactive_var=300.0))
    assert (together.wish.power_w, together.wish.reactive_var) == (None, 300.0)
    assert (together.title, together.reactive_by) == ("M0", "M1")
    first = ask(Wish(None, "volts", reactive_var=300.0), discharge(100.0))
    assert (first.reactive_by, first.wish.reactive_var) == ("M0", 300.0)
    assert (first.title, first.wish.power_w) == ("M1", 100.0)
    assert ask(nothing("a"), nothing("b")).reactive_by == ""
    assert ask(discharge(100.0), discharge(200.0)).reactive_by == ""


def test_nobody_is_named_who_has_held_nothing() -> None:
    assert ask(discharge(100.0), discharge(200.0)).held_by == ""
    assert ask(no_charge("dear"), charge(200.0)).held_by == "M0"
    assert ask(nothing("a"), no_charge("dear"), charge(200.0)).held_by == "M1"


@pytest.mark.parametrize("charges", [True, False])
def test_the_mode_in_use_alone_wakes_the_battery(charges: bool) -> None:
    alone = Programme(site(), {"m": Says(nothing(""), charges=charges)}, {"m": "M"})
    assert alone.wakes("m", seen(), Memory()) is charges


def test_the_schedule_names_no_mode_where_there_is_none_or_nobody_knows_the_time() -> None:
    modes = {name: Says(nothing("")) for name in ("passive", "self_consumption")}
    titles = {name: name.title() for name in modes}
    without = Programme(site(), modes, titles)
    assert without.scheduled(seen()) is None
    during = [{"start": "12:00", "end": "13:00"}]
    planned = Programme(site(schedule=[{"mode": "passive", "during": during}]), modes, titles)
    assert planned.scheduled(seen()) == "passive"
    assert planned.scheduled(seen(3_600.0)) == "self_consumption"
    assert planned.scheduled(seen(clock_trusted=None)) == "passive"
    assert planned.scheduled(seen(clock_trusted=False)) is None


def test_beside_at_another_second_of_the_same_minute_and_after_the_mode_in_use_changed() -> None:
    programme = Programme(
        site(beside=[{"mode": "b"}], priorities=["a", "b", "c"]),
        {name: Says(exactly(1.0)) for name in "abc"},
        {name: name.upper() for name in "abc"},
    )
    assert programme.asked("a", seen(0.0)) == programme.asked("a", seen(30.4)) == ("a", "b")
    assert programme.asked("c", seen(30.5)) == ("b", "c")
    assert programme.asked("b", seen(30.6)) == ("b",)


def test_everybody_is_named_whose_bound_has_changed_what_another_wanted() -> None:
    assert settle([(500.0, None, None), (-900.0, None, None)]).held == frozenset()
    assert settle([(None, 0.0, None), (-900.0, None, None)]).held == {0}
    two = [(None, None, 300.0), (900.0, None, None), (None, 100.0, None), (0.0, None, None)]
    assert settle(two).held == {0, 2}
