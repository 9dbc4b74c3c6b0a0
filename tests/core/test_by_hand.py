"""A test of the box by hand: who may begin one, what it may do, what ends it."""

from math import inf, nan
from typing import Any

import msgspec
import pytest

from appliance.errors import ERRORS
from appliance.io.board._lights import DARK, EMERGENCY_STOP, LIGHTS, STEADY, lights
from appliance.io.relays._coils import coils_now
from appliance.mailbox import Slots
from appliance.model import (
    AckErrors,
    Answer,
    BatteryState,
    BeatTest,
    BoardReading,
    CapPower,
    Decision,
    EndTest,
    ForcedActuator,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    InverterState,
    Request,
    SetPower,
    SleepBattery,
    StartTest,
    State,
    StepTo,
    TryMode,
    Want,
)
from appliance.notebook import durable_of
from appliance.site import PinRelay, SiteSettings
from appliance.testing import outputs_of
from tests.climate.cabinet import home
from tests.core.boxes import (
    BOXES,
    ERROR,
    IDLE,
    INIT,
    MAINTENANCE,
    PRECHARGE,
    PRESSED,
    RUN,
    STARTING,
    STOPPING,
    box,
)
from tests.core.rig import SITE, Rig
from tests.stories import Story, battery, inverter, rack

PIN_NEEDED = "outside maintenance a test needs the installer's PIN"


class Bench:
    """A box whose plant does what it is told, and somebody who tests it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.power_w = 0.0
        self.presses = 0

    def step(self, passed_s: float = 0.1, *requests: Request, **changes: Any) -> Decision:
        commanded = self.story.cycle.memory.commanded
        closed, on = commanded.contactors_closed, commanded.inverter_on
        state = BatteryState.CONNECTED if closed else BatteryState.STANDBY
        runs = InverterState.RUNNING if on else InverterState.OFF
        plant: dict[str, Any] = {
            "battery": battery(rack(contactors_closed=closed), state=state),
            "inverter": inverter(commanded.power_w, state=runs),
            "requests": requests,
        }
        return self.story.step(passed_s, **(plant | changes))

    def run(self, seconds: float, *, beats: bool = True, **changes: Any) -> Decision:
        for number in range(round(seconds / 0.1)):
            beat = Request("beat", "ctl", BeatTest(), key="me")
            self.step(0.1, *([beat] if beats and number % 20 == 0 else []), **changes)
        return self.last

    def ask(
        self,
        want: Want,
        source: str = "ctl",
        *,
        key: str = "me",
        pin: bool = False,
        wrong: str = "",
    ) -> Answer:
        request = Request("r", source, want, key=key, authorised=pin, unauthorised=wrong)
        (answer,) = self.step(0.1, request).answers
        return answer

    def asked(self, want: Want, **more: Any) -> str:
        """Granted; the reason."""
        answer = self.ask(want, **more)
        assert answer.ok, answer.reason
        return answer.reason

    def refused(self, want: Want, **more: Any) -> str:
        answer = self.ask(want, **more)
        assert not answer.ok, answer.reason
        return answer.reason

    @property
    def last(self) -> Decision:
        return self.story.last

    def until(self, state: State, seconds: float = 5.0) -> None:
        for _ in range(round(seconds / 0.1)):
            if self.last.state is state:
                return
            self.step()
        assert self.last.state is state, self.last.why

    def up(self, *states: State) -> "Bench":
        """Step by step, and there."""
        for state in states:
            self.step()  # the plant has followed
            self.asked(StepTo(state))
            self.until(state)
        return self


def maintained(site: SiteSettings = SITE) -> Bench:
    """A test in maintenance."""
    bench = Bench(Story(site).running())
    bench.asked(GoToState(MAINTENANCE))
    bench.until(MAINTENANCE)
    bench.step()
    bench.asked(StartTest(600.0))
    return bench


def with_pin(site: SiteSettings = SITE) -> Bench:
    """A test of a box in RUN, by somebody who knows the PIN."""
    bench = Bench(Story(site).running())
    bench.asked(StartTest(600.0), pin=True)
    return bench


# ------------------------------------------------------------------ begin


def test_in_maintenance_it_needs_no_pin_and_is_told_everywhere() -> None:
    bench = maintained()
    test = bench.last.test
    assert test is not None
    assert (test.by, test.by_pin, test.returns_to) == ("ctl", False, MAINTENANCE)
    assert bench.last.why == (
        "test by ctl, 600 s left: Maintenance: no power while people work on it"
    )
    assert bench.last.update_allowed is False
    assert bench.last.setpoints.contactors_closed is False


@pytest.mark.parametrize("state", [s for s in BOXES if s not in (MAINTENANCE, ERROR)])
def test_elsewhere_it_needs_the_pin(state: State) -> None:
    story = box(state)
    ends = state in (State.RESTART, State.REBOOT)
    answer = story.ask(StartTest())
    assert (answer.ok, answer.reason) == (
        False,
        "the box is about to start again" if ends else PIN_NEEDED,
    )
    story = box(state)
    story.changes["requests"] = (Request("r", "ctl", StartTest(60.0), authorised=True),)
    (answer,) = story.step().answers
    assert answer.ok is not ends
    assert answer.reason == (
        "the box is about to start again" if ends else "a test with the installer's PIN for 60 s"
    )


def test_nor_on_its_way_out_of_maintenance() -> None:
    story = box(MAINTENANCE)
    story.changes["requests"] = (
        Request("a", "ctl", GoToState(RUN)), Request("b", "ctl", StartTest()),
    )  # fmt: skip
    assert [answer.reason for answer in story.step().answers][1] == PIN_NEEDED


@pytest.mark.parametrize("source", ["cloud", "button", "modbus", "planner"])
def test_only_somebody_on_site_begins_one(source: str) -> None:
    bench = Bench(box(MAINTENANCE))
    says = "a test is begun on site, by somebody who sees the box"
    assert bench.refused(StartTest(), source=source) == says
    assert bench.refused(StartTest(), source=source, pin=True) == says


def test_a_wrong_pin_is_refused_in_maintenance_too() -> None:
    bench = Bench(box(MAINTENANCE))
    assert bench.refused(StartTest(), wrong="wrong PIN") == "wrong PIN"
    assert bench.last.test is None


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 3_601.0, nan, inf])
def test_it_has_an_end(duration_s: float) -> None:
    bench = Bench(box(MAINTENANCE))
    says = f"duration_s = {duration_s:g} must be above 0, at most 3600"
    assert bench.refused(StartTest(duration_s)) == says


def test_there_is_one_at_a_time_and_it_has_one_owner() -> None:
    bench = maintained()
    bench.step(4.9)
    assert bench.refused(StartTest()) == "a test by ctl runs for another 595 s"
    assert bench.refused(StartTest(), key="you", pin=True).startswith("a test by ctl runs")
    others: tuple[Want, ...] = (
        BeatTest(), HoldPower(0.0, 1.0), StepTo(INIT), TryMode(None), ForceOutput("led_run", 0.0),
    )  # fmt: skip
    for want in others:
        says = "the test belongs to somebody else (ctl)"
        assert bench.refused(want, key="you") == says
        assert bench.refused(want, key="") == says


def test_while_an_error_stops_the_box_there_is_none() -> None:
    bench = Bench(Story().running())
    bench.step(board=PRESSED)
    says = "error 401 stops the box: Emergency stop"
    assert bench.refused(StartTest(), pin=True) == says


# ------------------------------------------------------------------ end


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


# ------------------------------------------------------------------ steps


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


# ------------------------------------------------------------------ power and mode


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


# ------------------------------------------------------------------ outputs


def with_outputs() -> SiteSettings:
    """Fan and heater, a relay that is driven, one that is free."""
    relay = {
        name: PinRelay(driver="gpio", bus="pins", pin=pin)
        for name, pin in (("mat", 5), ("horn", 6))
    }
    sleep = SITE.battery.sleep.model_copy(update={"means": "frame"})
    balancing = SITE.battery.balancing.model_copy(update={"enabled": True})
    own = SITE.battery.model_copy(update={"sleep": sleep, "balancing": balancing})
    return SITE.model_copy(update={"climate": home(), "relays": relay, "battery": own})


def test_what_may_be_held_is_what_moves_no_power() -> None:
    names = outputs_of(with_outputs())
    assert set(names) == {
        "horn",
        "main",
        "mat",
        "led_run",
        "led_error",
        "battery_sleep",
        "balancing",
    }
    assert set(outputs_of(SITE)) == {"led_run", "led_error"}


def test_a_light_is_held_for_its_time() -> None:
    bench = maintained(with_outputs())
    assert bench.asked(ForceOutput("led_run", 100.0, 20.0)) == "led_run at 100 % for 20 s"
    assert lights(bench.last, False).run == STEADY
    assert lights(bench.last, False).error == LIGHTS[MAINTENANCE].error
    assert lights(bench.last, True) == EMERGENCY_STOP
    bench.asked(ForceOutput("led_error", 0.0, 20.0))
    assert (lights(bench.last, False).run, lights(bench.last, False).error) == (STEADY, DARK)
    bench.asked(ForceOutput("led_run", None))
    assert lights(bench.last, False).run == LIGHTS[MAINTENANCE].run
    bench.run(20.0)
    assert lights(bench.last, False) == LIGHTS[MAINTENANCE]
    assert bench.last.test is not None
    assert bench.last.test.outputs == ()


def test_a_free_relay_is_held_and_lets_go_with_the_test() -> None:
    site = with_outputs()
    bench = maintained(site)
    bench.asked(ForceOutput("horn", 100.0, 600.0))
    slots = Slots.create()

    def coils(at_s: float) -> bool:
        return coils_now(site, slots, at_s)["horn"]

    slots.decision.put(bench.last, bench.story.now_s)
    assert coils(bench.story.now_s) is True
    assert coils(bench.story.now_s + 1.1) is False, "nobody decides any more"
    bench.asked(EndTest())
    slots.decision.put(bench.last, bench.story.now_s)
    assert coils(bench.story.now_s) is False


def actuators(bench: Bench) -> list[tuple[str, float]]:
    return [(one.actuator, one.percent) for one in bench.last.forced]


def test_a_fan_is_held_over_what_was_asked_before_and_given_back() -> None:
    bench = maintained(with_outputs())
    bench.asked(ForceOutput("main", 35.0, 600.0))
    assert actuators(bench) == [("main", 35.0)]
    bench.asked(EndTest())
    assert bench.last.forced == ()
    memory = bench.story.cycle.memory
    bench.story.cycle.adopt(
        msgspec.structs.replace(memory, forced=(ForcedActuator("main", 10.0, 1e9),))
    )
    bench.asked(StartTest(600.0))
    bench.asked(ForceOutput("main", 80.0, 600.0))
    assert actuators(bench) == [("main", 80.0)]
    bench.asked(ForceOutput("main", None))
    assert actuators(bench) == [("main", 10.0)]


def test_the_battery_sleeps_for_a_test_under_the_same_conditions() -> None:
    bench = Bench(Story(with_outputs()).running())
    bench.asked(StartTest(600.0), pin=True)
    says = "the battery sleeps only while the box rests; it is Running"
    assert bench.refused(ForceOutput("battery_sleep", 100.0)) == says
    bench.asked(StepTo(IDLE))
    bench.until(IDLE)
    bench.step()
    bench.asked(ForceOutput("battery_sleep", 100.0, 20.0))
    bench.step()
    assert bench.last.setpoints.battery_asleep
    bench.run(21.0)
    assert not bench.last.setpoints.battery_asleep


def test_balancing_is_forbidden_for_a_test() -> None:
    bench = Bench(Story(with_outputs()).running())
    uneven = battery(rack(cell_max_v=3.50, cell_min_v=3.40))
    bench.asked(StartTest(600.0), pin=True)
    bench.run(1.0, battery=uneven)
    allowed = bench.last.setpoints.balancing
    (answer,) = bench.step(
        0.1, Request("r", "ctl", ForceOutput("balancing", 0.0, 10.0), key="me"), battery=uneven
    ).answers
    assert answer.ok
    assert bench.last.setpoints.balancing is False
    bench.run(11.0, battery=uneven)
    assert bench.last.setpoints.balancing is allowed is True


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (ForceOutput("contactors", 100.0), "output = 'contactors' cannot be held; this box has: balancing, "),
        (ForceOutput("battery_mat", 100.0), "output = 'battery_mat' cannot be held; this box has: "),
        (ForceOutput("led_run", 50.0), "percent = 50: a light is on (100) or off (0)"),
        (ForceOutput("horn", nan), "percent = nan: a relay is on (100) or off (0)"),
        (ForceOutput("main", 101.0), "percent = 101 must be between 0 and 100"),
        (ForceOutput("main", nan), "percent = nan must be between 0 and 100"),
        (ForceOutput("main", 10.0, 0.0), "duration_s = 0 must be above 0, at most 3600"),
        (ForceOutput("main", 10.0, inf), "duration_s = inf must be above 0, at most 3600"),
    ],
)  # fmt: skip
def test_an_output_that_cannot_be_is_refused(want: ForceOutput, says: str) -> None:
    bench = maintained(with_outputs())
    assert bench.refused(want).startswith(says)
    assert bench.last.test is not None
    assert bench.last.test.outputs == ()


def test_a_relay_that_is_driven_is_not_an_output_of_its_own() -> None:
    site = with_outputs()
    renamed = {"heat": site.relays["mat"], "horn": site.relays["horn"]}
    assert site.climate is not None
    heater = site.climate.heaters["mat"].model_copy(update={"relay": "heat"})
    climate = site.climate.model_copy(update={"heaters": {"mat": heater}})
    bench = maintained(site.model_copy(update={"relays": renamed, "climate": climate}))
    assert bench.refused(ForceOutput("heat", 100.0)).startswith(
        "output = 'heat' cannot be held; what is driven is held by its name; this box has:"
    )
    assert bench.ask(SleepBattery(False)).ok
