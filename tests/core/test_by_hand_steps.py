"""A test of the box by hand: one state at a time, power and mode for a while."""

from math import nan

import pytest

from appliance.model import (
    AckErrors,
    BatteryState,
    BeatTest,
    BoardReading,
    CapPower,
    EndTest,
    ForceOutput,
    GoToMode,
    HoldPower,
    InverterState,
    MeterReading,
    Request,
    SetPower,
    StartTest,
    State,
    StepTo,
    TryMode,
    Want,
)
from tests.core.boxes import (
    ERROR,
    IDLE,
    INIT,
    PRECHARGE,
    RUN,
    STARTING,
    STOPPING,
)
from tests.core.by_hand import Bench, maintained, with_pin
from tests.core.test_by_hand_end import ends
from tests.stories import Story, battery, inverter, rack


def test_up_from_maintenance_one_state_at_a_time() -> None:
    bench = maintained()
    assert bench.refused(StepTo(RUN)) == (
        "the box is Maintenance; it can go to: init, idle, maintenance"
    )
    assert bench.asked(StepTo(INIT)) == "going up to Starting up, and no further"
    bench.run(60.0)
    assert bench.last.state is INIT, "and no further"
    assert bench.asked(StepTo(PRECHARGE)) == "going up to Connecting, and no further"
    bench.run(60.0)
    assert bench.last.state is PRECHARGE, "also when it is connected long since"
    assert (bench.last.setpoints.contactors_closed, bench.last.setpoints.inverter_on) == (
        True,
        False,
    )
    bench.asked(StepTo(STARTING))
    bench.run(90.0)
    assert bench.last.state is STARTING
    assert (bench.last.setpoints.inverter_on, bench.last.setpoints.power_w) == (True, 0.0)
    assert (
        bench.refused(HoldPower(100.0, 10.0)) == "a power needs the state run; the box is Starting"
    )
    bench.asked(StepTo(RUN))
    bench.until(RUN)
    assert bench.run(5.0).setpoints.power_w == 0.0, "its mode has no say"
    assert bench.last.errors == ()


def test_a_step_needs_what_its_state_needs() -> None:
    bench = maintained().up(INIT)
    bench.story.changes["board"] = None
    assert bench.refused(StepTo(PRECHARGE)) == "the board does not answer"
    bench.story.changes["board"] = BoardReading(estop_pressed=False)
    bench.asked(StepTo(PRECHARGE))
    bench.until(PRECHARGE)
    opened = {"battery": battery(rack(contactors_closed=False), state=BatteryState.STANDBY)}
    request = Request("r", "ctl", StepTo(STARTING), key="me")
    (answer,) = bench.step(0.1, request, **opened).answers
    assert answer.reason == "the battery is not connected"
    bench.step()
    bench.asked(StepTo(STARTING))
    bench.until(STARTING)
    off = {"inverter": inverter(state=InverterState.OFF)}
    (answer,) = bench.step(0.1, Request("r", "ctl", StepTo(RUN), key="me"), **off).answers
    assert answer.reason == "the inverter does not run"


def test_a_plant_that_does_not_follow_a_step_is_an_error_as_ever() -> None:
    bench = maintained().up(INIT)
    bench.asked(StepTo(PRECHARGE))
    opened = battery(rack(contactors_closed=False), state=BatteryState.STANDBY)
    bench.run(25.0, battery=opened)
    assert 105 in {error.number for error in bench.last.errors}
    ends(bench, "error 105 Battery will not connect")
    bench = maintained().up(INIT, PRECHARGE)
    bench.step()
    bench.asked(StepTo(STARTING))
    bench.run(70.0, inverter=inverter(state=InverterState.OFF))
    assert bench.last.test_ended == "error 204 Inverter will not start"


def test_down_is_always_possible_and_forgets_the_power() -> None:
    bench = with_pin()
    bench.asked(HoldPower(2_000.0, 600.0))
    assert bench.asked(StepTo(IDLE)) == "going down to Resting"
    assert bench.last.setpoints.power_w == 0.0
    bench.until(IDLE)
    bench.run(30.0)
    assert bench.last.state is IDLE
    assert bench.refused(StepTo(IDLE)) == "the box is Resting already"
    bench.up(PRECHARGE, STARTING, RUN)
    assert bench.run(1.0).setpoints.power_w == 0.0


def test_what_is_no_step_is_refused_with_what_there_is() -> None:
    bench = with_pin()
    for state in (INIT, PRECHARGE, STARTING, STOPPING, ERROR, State.SLEEP, State.REBOOT):
        says = "the box is Running; it can go to: idle, maintenance"
        assert bench.refused(StepTo(state)) == says
    assert bench.last.state is RUN


def test_power_is_held_for_its_time_to_the_cycle_and_then_rests() -> None:
    bench = with_pin()
    assert bench.asked(HoldPower(1_500.0, 20.0)) == "1500 W for 20 s"
    asked_s = bench.story.now_s
    assert bench.last.setpoints.power_w == 1_500.0
    assert bench.last.why == ("test by ctl, 600 s left: The test wants 1500 W, for another 20 s")
    bench.run(19.8)
    bench.step(asked_s + 19.999 - bench.story.now_s)
    assert bench.last.setpoints.power_w == 1_500.0
    bench.step(0.001)
    assert bench.last.setpoints.power_w == 0.0
    assert bench.last.test is not None
    assert bench.last.test.power is None


def test_power_never_outlives_its_test() -> None:
    bench = Bench(Story().running())
    bench.asked(StartTest(15.0), pin=True)
    assert bench.asked(HoldPower(1_500.0, 600.0)) == "1500 W for 15 s"


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (HoldPower(5_001.0, 10.0), "power_w = 5001 must be between -5000 and 5000"),
        (HoldPower(-5_001.0, 10.0), "power_w = -5001 must be between -5000 and 5000"),
        (HoldPower(nan, 10.0), "power_w = nan must be between -5000 and 5000"),
        (HoldPower(100.0, 0.0), "duration_s = 0 must be above 0, at most 3600"),
        (HoldPower(100.0, nan), "duration_s = nan must be above 0, at most 3600"),
        (TryMode("x"), "mode = 'x' is not known; this box has:"),
    ],
)
def test_what_cannot_be_is_refused(want: Want, says: str) -> None:
    bench = with_pin()
    assert bench.refused(want).startswith(says)
    assert bench.last.setpoints.power_w == 0.0


def test_without_a_test_nothing_of_it_is_granted() -> None:
    bench = Bench(Story().running())
    wants: tuple[Want, ...] = (
        BeatTest(), HoldPower(1.0, 1.0), StepTo(IDLE), TryMode(None), ForceOutput("led_run", 0.0), EndTest(),
    )  # fmt: skip
    for want in wants:
        assert bench.refused(want, pin=True) == "no test runs"


def test_limits_and_errors_stand() -> None:
    bench = with_pin()
    bench.asked(CapPower(None, 700.0))
    bench.asked(HoldPower(3_000.0, 60.0))
    assert bench.last.setpoints.power_w == 700.0
    assert "the owner's cap allows 700 W" in bench.last.why
    bench.asked(HoldPower(-3_000.0, 60.0))
    assert bench.last.setpoints.power_w == -3_000.0
    bench.run(3.0, battery=battery(rack(cell_max_v=3.66)))
    assert bench.last.setpoints.power_w == 0.0
    assert bench.last.test is not None


def test_a_mode_is_tried_for_the_test_alone() -> None:
    bench = with_pin()
    assert bench.last.mode == "passive" or bench.last.mode == "self_consumption"
    before = bench.last.mode
    assert bench.asked(TryMode("passive")) == "the test's mode is Passive"
    assert "Passive wants 0 W" in bench.last.why
    bench.asked(HoldPower(900.0, 60.0))
    assert bench.last.setpoints.power_w == 900.0, "the last word counts"
    bench.asked(TryMode(None))
    assert bench.last.setpoints.power_w == 0.0
    bench.asked(EndTest())
    assert bench.last.mode == before


def test_a_mode_asked_for_meanwhile_counts_afterwards() -> None:
    bench = with_pin()
    reason = bench.asked(GoToMode("passive"), source="cloud")
    assert reason == "mode is Passive, once the test by ctl is over"
    assert bench.last.mode == "passive"
    bench.asked(HoldPower(900.0, 60.0))
    assert bench.last.setpoints.power_w == 900.0
    says = "a test by ctl runs; a power is set in it, or after it"
    assert bench.refused(SetPower(100.0, 10.0)) == says
    assert bench.asked(AckErrors())


def test_nothing_charges_by_itself_while_somebody_tests() -> None:
    down = battery(rack(cell_min_v=2.78, cell_max_v=2.83), soc_pct=8.0)
    bench = with_pin()
    for second in range(90):
        bench.run(1.0, battery=down, grid=MeterReading(400.0))
        assert bench.last.setpoints.power_w == 0.0, f"after {second} s"
    assert bench.last.test is not None
    assert bench.story.cycle.memory.rescue is None
    bench.asked(EndTest())
    assert bench.run(70.0, beats=False, battery=down).setpoints.power_w < 0.0, "afterwards it does"
