"""What modes want together: priorities, bounds, and who is named."""

import json
from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model import GoToMode, Memory, Snapshot, Wish
from appliance.modes._answers import charge, discharge, exactly, no_charge, nothing, unknown
from appliance.programme import Programme, Together, settle
from appliance.site import SiteSettings
from tests.stories import Story, seen

WATTS = st.integers(-8, 8).map(lambda kw: 1_000.0 * kw)
MAYBE = st.none() | WATTS


@st.composite
def answers(draw: st.DrawFn) -> tuple[float | None, float | None, float | None]:
    """Want, lowest, highest of a mode that does not contradict itself."""
    want, low, high = draw(MAYBE), draw(MAYBE), draw(MAYBE)
    if low is not None and high is not None and low > high:
        low, high = high, low
    if want is not None:
        low = None if low is None else min(low, want)
        high = None if high is None else max(high, want)
    return want, low, high


@given(st.lists(answers(), max_size=6), answers())
def test_a_mode_below_never_leaves_the_bounds_of_those_above(
    above: list[tuple[float | None, float | None, float | None]],
    below: tuple[float | None, float | None, float | None],
) -> None:
    before, after = settle(above), settle([*above, below])
    low, high = bounds(above)
    assert after.value is None or low <= after.value <= high
    if before.value is not None:
        assert after.value is not None
    if below[0] is not None and low <= below[0] <= high:
        assert after.value == below[0]


@given(st.lists(answers(), min_size=1, max_size=6))
def test_the_first_in_priority_gets_at_least_its_own(
    asked: list[tuple[float | None, float | None, float | None]],
) -> None:
    value = settle(asked).value
    want, low, high = asked[0]
    if value is not None:
        assert low is None or value >= low
        assert high is None or value <= high
    elif want is None:
        assert (low or 0.0) <= 0.0 <= (0.0 if high is None else high)


@given(st.lists(answers(), max_size=6), st.lists(answers(), max_size=6))
def test_nothing_comes_after_exactly(
    first: list[tuple[float | None, float | None, float | None]],
    last: list[tuple[float | None, float | None, float | None]],
) -> None:
    settled = settle([*first, (2_000.0, 2_000.0, 2_000.0)])
    assert settle([*first, (2_000.0, 2_000.0, 2_000.0), *last])[:3] == settled[:3]


def bounds(asked: list[tuple[float | None, float | None, float | None]]) -> tuple[float, float]:
    """What the modes leave, found the slow way: the range of what another mode would get."""
    reached = [settle([*asked, (w, None, None)]).value for w in (-1e9, 1e9)]
    assert reached[0] is not None and reached[1] is not None
    return reached[0], reached[1]


@pytest.mark.parametrize(
    ("asked", "value", "winner", "holder"),
    [
        ([], None, -1, -1),
        ([(None, None, None)], None, -1, -1),
        ([(500.0, None, None)], 500.0, 0, -1),
        ([(500.0, None, None), (-900.0, None, None)], -900.0, 1, -1),
        ([(500.0, 500.0, None), (-900.0, None, None)], 500.0, 0, -1),
        ([(500.0, 500.0, None), (900.0, None, None)], 900.0, 1, -1),
        ([(None, 0.0, None), (-900.0, None, None)], 0.0, 1, 0),
        ([(None, -300.0, None), (-900.0, None, None)], -300.0, 1, 0),
        ([(None, None, 300.0), (900.0, None, None)], 300.0, 1, 0),
        ([(None, 200.0, None)], 200.0, 0, -1),
        ([(None, None, -200.0)], -200.0, 0, -1),
        # A bound does not move what is wanted already, and then binds as far as it may.
        ([(500.0, None, None), (None, 800.0, None), (0.0, None, None)], 500.0, 0, -1),
        ([(None, 100.0, None), (None, None, -100.0), (900.0, None, None)], 100.0, 2, 1),
    ],
)
def test_settled(
    asked: list[tuple[float | None, float | None, float | None]],
    value: float | None,
    winner: int,
    holder: int,
) -> None:
    assert settle(asked)[:3] == (value, winner, holder)


@dataclass
class Says:
    """A mode with a given answer."""

    answer: Wish
    charges: bool = False

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        return self.answer

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        return self.charges


def site(**control: object) -> SiteSettings:
    """The home with other modes beside."""
    whole = Story().site
    values = {"control": whole.control.model_dump(mode="json") | control}
    return SiteSettings.model_validate_json(json.dumps(whole.model_dump(mode="json") | values))


def ask(*wishes: Wish, selected: int = 0) -> Together:
    """One mode a wish, the first in priority first."""
    names = [f"m{number}" for number in range(len(wishes))]
    beside = [{"mode": name} for at, name in enumerate(names) if at != selected]
    programme = Programme(
        site(beside=beside, priorities=names),
        {name: Says(wish) for name, wish in zip(names, wishes, strict=True)},
        {name: name.upper() for name in names},
    )
    return programme.ask(names[selected], seen(), Memory())


def test_who_won_and_who_held_is_told() -> None:
    together = ask(no_charge("it is dear"), charge(900.0, "sun"))
    assert (together.title, together.held_by, together.wish.power_w) == ("M1", "M0", 0.0)
    assert (together.wish.wants_w, together.wish.reason) == (-900.0, "sun")
    assert [(one.mode, one.won, one.held) for one in together.heard] == [
        ("m0", False, True), ("m1", True, False),
    ]  # fmt: skip


def test_a_mode_that_cannot_say_ends_the_walk() -> None:
    assert ask(unknown("no meter"), discharge(900.0)).wish == Wish(missing="no meter")
    assert ask(discharge(900.0), unknown("no meter"), exactly(2_000.0)).wish.power_w == 900.0
    assert ask(exactly(float("nan")), discharge(900.0)).wish.missing


def test_with_no_want_the_mode_in_use_says_why() -> None:
    together = ask(nothing("no order"), nothing("no price"), selected=1)
    assert (together.title, together.wish.power_w, together.wish.reason) == ("M1", None, "no price")


def test_reactive_power_is_settled_by_itself() -> None:
    watts = Wish(500.0, lowest_w=500.0, highest_w=500.0)
    vars_ = Wish(-700.0, reactive_var=300.0)
    together = ask(watts, vars_)
    assert (together.wish.power_w, together.wish.reactive_var) == (500.0, 300.0)


def test_any_of_them_wakes_the_battery() -> None:
    programme = Programme(
        site(beside=[{"mode": "sun"}], priorities=["rest", "sun"]),
        {"rest": Says(nothing("")), "sun": Says(nothing(""), charges=True)},
        {"rest": "Rest", "sun": "Sun"},
    )
    assert programme.wakes("rest", seen(), Memory())


def test_beside_during_its_period_only_and_with_a_clock_that_is_trusted() -> None:
    programme = Programme(
        site(beside=[{"mode": "b", "during": [{"start": "12:01", "end": "12:03"}]}], priorities=["b"]),
        {"a": Says(exactly(1.0)), "b": Says(exactly(2.0))},
        {"a": "A", "b": "B"},
    )  # fmt: skip
    at = {
        second: programme.asked("a", seen(float(second))) for second in (0, 59, 60, 119, 179, 180)
    }
    assert at == {0: ("a",), 59: ("a",), 60: ("b", "a"), 119: ("b", "a"), 179: ("b", "a"), 180: ("a",)}  # fmt: skip
    assert programme.asked("a", seen(60.0, clock_trusted=False)) == ("a",)


def test_the_schedule_names_the_mode_in_use_and_a_choice_by_hand_holds_until_it_changes() -> None:
    story = Story(site=site(schedule=[{"mode": "passive", "during": [{"start": "12:02", "end": "12:03"}]}]))  # fmt: skip
    assert (story.last.mode, story.last.mode_by) == ("self_consumption", "schedule")
    story.run(20.0)
    assert (story.last.mode, story.last.mode_by) == ("passive", "schedule")
    assert story.ask(GoToMode("local_control")).ok
    story.run(10.0)
    assert story.last.mode == "local_control"
    story.now_s += 60.0
    story.step()
    assert (story.last.mode, story.last.mode_by) == ("self_consumption", "schedule")


def test_infinity_is_no_number() -> None:
    assert ask(exactly(inf)).wish.missing


def test_who_holds_an_order_that_comes_to_nothing_is_told() -> None:
    together = ask(exactly(-3_000.0), exactly(1_000.0))
    assert [(one.won, one.held) for one in together.heard] == [(True, True), (False, False)]
    assert (together.title, together.held_by) == ("M0", "")


def test_modes_that_the_site_does_not_name_keep_their_order_behind() -> None:
    names = ["passive", "cost_saving", "peak_shaving"]
    programme = Programme(
        site(beside=[{"mode": "cost_saving"}], priorities=["peak_shaving"]),
        {name: Says(exactly(0.0)) for name in names}, {name: name for name in names},
    )  # fmt: skip
    assert programme.asked("passive", seen()) == ("passive", "cost_saving")
