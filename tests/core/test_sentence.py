"""The sentence of a cycle: each way it begins, goes on and ends."""

from typing import Any

import pytest

from appliance.errors import ROWS
from appliance.limits import Allowed
from appliance.model import ActiveError, GridView, Limits, Snapshot, State, Wish
from appliance.programme import Together
from appliance.testing import told
from appliance.why import sentence
from tests.core.by_hand import with_pin
from tests.stories import NOON, seen


def error(number: int) -> ActiveError:
    row = ROWS[number]
    return ActiveError(
        number, "x", row.severity, row.title, row.remedy, row.effects, NOON, row.latched
    )


NO_WISH, NOTHING = Wish(0.0), Allowed(0.0, Limits(), "")


def said(
    state: State,
    wish: Wish = NO_WISH,
    allowed: Allowed = NOTHING,
    *,
    because: str = "",
    errors: tuple[int, ...] = (),
    now: Snapshot | None = None,
) -> str:
    raised = tuple(error(number) for number in errors)
    return sentence(
        now or seen(), state, because, Together(wish, "Self-consumption", "", ()), allowed, raised
    )


def free(power_w: float) -> Allowed:
    return Allowed(power_w, Limits(5_000.0, 5_000.0), "")


def bound(power_w: float) -> Allowed:
    return Allowed(power_w, Limits(500.0, 500.0, "owner's cap"), "the owner's cap")


@pytest.mark.parametrize(
    ("wish", "allowed", "says"),
    [
        (Wish(900.0), free(900.0), "Self-consumption wants 900 W"),
        (Wish(900.0, "the house needs it"), free(900.0), "Self-consumption wants 900 W, the house needs it"),
        (Wish(900.0, by="The rescue"), free(900.0), "The rescue wants 900 W"),
        (Wish(900.0, wants_w=2_000.0), free(900.0), "Self-consumption wants 2000 W, now at 900 W"),
        (Wish(900.0), free(850.0), "Self-consumption wants 900 W"),
        (Wish(900.0), free(849.0), "Self-consumption wants 900 W, now at 849 W"),
        (Wish(900.0), free(950.0), "Self-consumption wants 900 W"),
        (Wish(900.0), free(951.0), "Self-consumption wants 900 W, now at 951 W"),
        (Wish(900.0), bound(500.0), "Self-consumption wants 900 W; the owner's cap allows 500 W"),
        (Wish(900.0, "so"), bound(890.0), "Self-consumption wants 900 W, so; the owner's cap allows 890 W"),
        (Wish(missing="no meter"), free(0.0), "Self-consumption cannot say: no meter; 0 W"),
        (Wish(None), free(0.0), "Self-consumption wants nothing"),
        (Wish(None, "prices are high"), free(0.0), "Self-consumption wants nothing: prices are high"),
    ],
)  # fmt: skip
def test_what_is_wished_and_what_is_left_of_it(wish: Wish, allowed: Allowed, says: str) -> None:
    assert said(State.RUN, wish, allowed) == says


@pytest.mark.parametrize(
    ("errors", "ends"),
    [
        ((), ""),
        ((302,), ""),
        ((111,), " (error 111 {111})"),
        ((111, 101), " (error 101 {101})"),
        ((302, 111), " (error 111 {111})"),
        ((401, 101), " (error 401 {401})"),
    ],
)
def test_the_worst_error_ends_it(errors: tuple[int, ...], ends: str) -> None:
    for number in errors:
        ends = ends.replace(f"{{{number}}}", ROWS[number].title)
    assert said(State.ERROR, errors=errors) == f"Fault: no power until its errors are gone{ends}"
    says = f"Fault: an error stops the box{ends}"
    assert said(State.ERROR, because="an error stops the box", errors=errors) == says
    assert said(State.IDLE, errors=errors) == f"Resting: as it was asked to{ends}"


@pytest.mark.parametrize(
    ("state", "view", "says"),
    [
        (State.STARTING, GridView(1.0, 59.0), "Starting: the grid has to be steady for another 59 s"),
        (State.STARTING, GridView(1.0, 0.5), "Starting: the grid has to be steady for another 0 s"),
        (State.STARTING, GridView(60.0, 0.0), "Starting: waiting for the inverter to run"),
        (State.STARTING, None, "Starting: waiting for the inverter to run"),
        (State.PRECHARGE, GridView(1.0, 59.0), "Connecting: waiting for the battery's contactors to close"),
        (State.RUN, GridView(1.0, 59.0), "Self-consumption wants 0 W"),
    ],
)  # fmt: skip
def test_only_the_start_waits_for_the_grid(state: State, view: Any, says: str) -> None:
    assert said(state, now=seen(grid_view=view)) == says


def test_what_has_just_changed_comes_first() -> None:
    waits = seen(grid_view=GridView(1.0, 59.0))
    says = "Starting: the battery is connected"
    assert said(State.STARTING, because="the battery is connected", now=waits) == says
    assert said(State.RUN, Wish(900.0), free(900.0), because="ready") == "Running: ready"


@pytest.mark.parametrize(
    ("later_s", "left"),
    [(0.0, "600 s left"), (599.0, "1 s left"), (600.0, "0 s left"), (900.0, "0 s left")],
)
def test_while_a_test_runs_it_says_so_first(later_s: float, left: str) -> None:
    test = with_pin().last.test
    assert test is not None
    assert told(test, test.until_s - 600.0 + later_s) == f"test by ctl, {left}: "
    assert told(None, 100.0) == ""
