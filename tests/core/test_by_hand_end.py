"""A test of the box by hand: what ends it, and where the box goes then."""

from typing import Any

import pytest

from appliance.errors import ERRORS
from appliance.model import (
    BeatTest,
    EndTest,
    GoToMode,
    GoToState,
    HoldPower,
    Request,
    StartTest,
    State,
)
from appliance.store.notebook import durable_of
from tests.core.boxes import (
    ERROR,
    IDLE,
    INIT,
    MAINTENANCE,
    PRECHARGE,
    PRESSED,
    RUN,
    STARTING,
    box,
)
from tests.core.by_hand import Bench, maintained, with_pin
from tests.core.rig import Rig


def ends(bench: Bench, because: str) -> None:
    assert bench.last.test is None
    assert bench.last.test_ended == because
    assert not bench.last.why.startswith("test by")


def test_it_ends_with_its_time_to_the_cycle() -> None:
    bench = Bench(box(MAINTENANCE))
    bench.asked(StartTest(30.0))
    began_s = bench.story.now_s
    bench.run(29.8)
    bench.step(began_s + 29.999 - bench.story.now_s)
    assert bench.last.test is not None
    bench.step(0.001)
    assert bench.story.now_s == pytest.approx(began_s + 30.0)
    ends(bench, "its time is over")


def test_it_ends_when_nobody_is_heard_any_more() -> None:
    bench = with_pin()
    bench.asked(GoToMode("passive"))
    bench.asked(HoldPower(2_000.0, 600.0))
    assert bench.run(60.0).setpoints.power_w == 2_000.0, "as long as somebody is there"
    bench.asked(BeatTest())
    bench.step(10.0)
    assert bench.last.setpoints.power_w == 2_000.0
    bench.step(0.1)
    ends(bench, "ctl was not heard for 10 s")
    assert bench.last.setpoints.power_w == 0.0
    assert bench.last.state is RUN, "it was there before"


@pytest.mark.parametrize("number", [401, 101, 201, 402])
def test_an_error_that_stops_ends_it_in_the_same_cycle(number: int) -> None:
    bench = with_pin()
    bench.asked(HoldPower(-2_000.0, 600.0))
    troubles: dict[int, dict[str, Any]] = {
        401: {"board": PRESSED}, 101: {"battery": None}, 201: {"inverter": None},
        402: {"board": None},
    }  # fmt: skip
    trouble = troubles[number]
    for _ in range(30):
        bench.step(0.1, **trouble)
        if bench.last.state is ERROR:
            break
        assert bench.last.test is not None
    row = next(row for row in ERRORS if row.number == number)
    ends(bench, f"error {number} {row.title}")
    assert bench.last.setpoints.power_w == 0.0
    assert bench.last.goal is RUN


def test_a_warning_does_not_end_it() -> None:
    bench = with_pin()
    bench.run(6.0, pv=None)
    assert 302 in {error.number for error in bench.last.errors}
    assert bench.last.test is not None


@pytest.mark.parametrize("source", ["ctl", "touchscreen", "cloud", "button"])
def test_anybody_may_end_it(source: str) -> None:
    bench = with_pin()
    assert bench.asked(EndTest(), source=source, key="you") == "the test is over: back to Running"
    ends(bench, f"{source} ended it")
    assert bench.refused(EndTest()) == "no test runs"
    assert bench.refused(BeatTest()) == f"no test runs: {source} ended it"


def test_a_test_that_came_from_maintenance_goes_back_there() -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING, RUN)
    bench.asked(HoldPower(1_000.0, 60.0))
    bench.run(1.0)
    assert bench.asked(EndTest()) == "the test is over: back to Maintenance"
    assert bench.last.setpoints.power_w == 0.0
    bench.until(MAINTENANCE)
    assert bench.last.setpoints.contactors_closed is False


@pytest.mark.parametrize(
    ("source", "goal", "reason", "after"),
    [
        ("button", IDLE, "the test by ctl is over; going to Maintenance", MAINTENANCE),
        ("cloud", IDLE, "the test by ctl is over; going to Maintenance", MAINTENANCE),
        ("touchscreen", IDLE, "the test by ctl is over; going to Resting", IDLE),
        ("ctl", MAINTENANCE, "the test by ctl is over; going to Maintenance", MAINTENANCE),
    ],
)
def test_who_asks_for_rest_gets_it(source: str, goal: State, reason: str, after: State) -> None:
    bench = maintained().up(INIT, PRECHARGE, STARTING, RUN)
    assert bench.asked(GoToState(goal), source=source, key="you") == reason
    ends(bench, f"{source} asked for {goal}")
    assert bench.last.setpoints.power_w == 0.0
    bench.until(after)


def test_nobody_sets_a_test_running_over_its_owner() -> None:
    bench = maintained().up(INIT)
    for source in ("ctl", "touchscreen", "cloud", "button"):
        says = "a test by ctl runs; end it first"
        assert bench.refused(GoToState(RUN), source=source) == says
    says = "the box is in maintenance; only somebody on site may end it"
    assert bench.refused(GoToState(State.REBOOT), source="cloud") == says
    assert bench.last.test is not None


def test_a_restart_is_granted_to_those_who_may_and_ends_it() -> None:
    bench = with_pin()
    assert bench.ask(GoToState(State.RESTART), source="cloud").ok
    assert bench.last.test is None
    assert bench.last.goal is State.RESTART


def test_the_core_finds_no_test_after_a_restart() -> None:
    bench = maintained().up(INIT, PRECHARGE)
    assert bench.last.goal is RUN
    durable = durable_of(bench.last, None)
    assert durable.goal is MAINTENANCE, "nobody has left it"
    assert with_pin().last.goal is durable_of(with_pin().last, None).goal is RUN


def test_nor_after_a_crash_of_the_control_loop() -> None:
    rig = Rig()

    def begin(number: int) -> None:
        if number == 28:
            request = Request("t", "ctl", StartTest(60.0), key="me", authorised=True)
            assert rig.slots.requests.put(request)

    rig.tick(30, begin)
    assert (rig.decided[-1].state, rig.decided[-1].test is None) == (RUN, False)
    rig.tick(1)  # its thread begins again
    assert rig.decided[-1].test is None
    assert rig.decided[-1].test_ended == "the control loop began again"
