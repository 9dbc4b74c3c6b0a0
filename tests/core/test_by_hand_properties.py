"""Whatever is asked in whatever order while somebody tests the box: no way past a wall."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.model import (
    STOPS,
    BatteryState,
    BeatTest,
    BoardReading,
    CapPower,
    Decision,
    Effect,
    EndTest,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    InverterState,
    Memory,
    Request,
    ResetEstop,
    RunningTest,
    StartTest,
    State,
    StepTo,
    TryMode,
)
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import TRANSITIONS
from appliance.testing import SILENT_S
from tests.core.rig import SITE
from tests.stories import Story, battery, inverter, rack

WALK = {
    (leave, enter)
    for row in TRANSITIONS
    for leave in row.leave
    for enter in ([row.enter] if isinstance(row.enter, State) else State)
}
powers = st.floats(-6_000, 6_000) | st.just(float("nan"))
times = st.sampled_from([0.0, 0.2, 5.0, 60.0, 3_600.0, float("nan")])
wants = st.one_of(
    st.builds(StartTest, times),
    st.builds(EndTest),
    st.builds(BeatTest),
    st.builds(HoldPower, powers, times),
    st.builds(StepTo, st.sampled_from(State)),
    st.builds(TryMode, st.none() | st.sampled_from(["passive", "self_consumption", "x"])),
    st.builds(ForceOutput, st.sampled_from(["led_run", "x"]), st.none() | powers, times),
    st.builds(GoToState, st.sampled_from([State.RUN, State.IDLE, State.MAINTENANCE])),
    st.builds(GoToMode, st.sampled_from(["passive", "local_control"])),
    st.builds(CapPower, st.none() | st.floats(0, 5_000), st.none()),
    st.builds(ResetEstop),
)
asked = st.builds(
    lambda want, source, key, pin: (want, source, key, pin),
    wants,
    st.sampled_from(["ctl", "ctl", "ctl", "touchscreen", "cloud", "button"]),
    st.sampled_from(["me", "me", "me", "you"]),
    st.booleans(),
)
steps = st.fixed_dictionaries(
    {
        "passed_s": st.sampled_from([0.02, 0.1, 0.1, 0.1, 1.0, 4.0, 11.0]),
        "follows": st.sampled_from([True, True, True, False]),
        "gone": st.sampled_from(["", "", "", "", "", "battery", "inverter", "board"]),
        "pressed": st.sampled_from([False, False, False, False, False, False, True]),
        "cell_max_v": st.sampled_from([3.3, 3.3, 3.3, 3.3, 3.66]),
        "asked": st.lists(asked, max_size=3),
    }
)


def plant(story: Story, step: dict[str, Any], open_before: bool) -> dict[str, Any]:
    """A plant that mostly does what it is told."""
    commanded = story.cycle.memory.commanded
    closed = commanded.contactors_closed if step["follows"] else not open_before
    state = BatteryState.CONNECTED if closed else BatteryState.STANDBY
    runs = InverterState.RUNNING if commanded.inverter_on else InverterState.OFF
    seen: dict[str, Any] = {
        "battery": battery(
            rack(contactors_closed=closed, cell_max_v=step["cell_max_v"]), state=state
        ),
        "inverter": inverter(commanded.power_w, state=runs),
        "board": BoardReading(estop_pressed=step["pressed"]),
    }
    if step["gone"]:
        seen[step["gone"]] = None
    return seen


def check_power(decision: Decision, before: Memory) -> None:
    """What holds for every box at any time."""
    power_w, effects = decision.setpoints.power_w, effects_of(decision)
    if decision.state is not State.RUN or STOPS & effects:
        assert power_w == 0.0
    if Effect.NO_CHARGE in effects:
        assert power_w >= 0.0
    assert -5_000.0 <= power_w <= 5_000.0
    if decision.state is not before.state:
        assert (before.state, decision.state) in WALK
    if not STATES[decision.state].contactors:
        assert not decision.setpoints.contactors_closed or before.commanded.contactors_closed


def check_test(decision: Decision, test: RunningTest) -> None:
    """What holds while a test runs."""
    now_s, power_w = decision.now_s, decision.setpoints.power_w
    assert not decision.update_allowed
    assert now_s < test.until_s
    assert now_s - test.heard_s <= SILENT_S
    assert not STOPS & effects_of(decision)
    wished_w = 0.0
    if test.power is not None:
        assert now_s < test.power.until_s <= test.until_s
        wished_w = test.power.power_w
    if test.mode is None:
        assert abs(power_w) <= abs(wished_w)
        assert power_w * wished_w >= 0.0


def may_begin(request: Request, before: Memory) -> bool:
    on_site = request.source in ("ctl", "touchscreen")
    maintained = before.state is State.MAINTENANCE
    return on_site and isinstance(request.want, StartTest) and (request.authorised or maintained)


def effects_of(decision: Decision) -> set[Effect]:
    return {effect for error in decision.errors for effect in error.effects}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([State.RUN, State.MAINTENANCE]), st.lists(steps, min_size=5, max_size=30))
def test_no_power_outside_run_and_no_test_beyond_its_end(
    start: State, course: list[dict[str, Any]]
) -> None:
    story = Story(SITE).running()
    if start is State.MAINTENANCE:
        story.ask(GoToState(State.MAINTENANCE))
    is_open = False
    for number, step in enumerate(course):
        before = story.cycle.memory
        requests = tuple(
            Request(f"{number}.{i}", source, want, key, authorised=pin)
            for i, (want, source, key, pin) in enumerate(step["asked"])
        )
        changes = plant(story, step, is_open)
        is_open = not before.commanded.contactors_closed
        decision = story.step(step["passed_s"], requests=requests, **changes)
        assert [answer.id for answer in decision.answers] == [one.id for one in requests]
        assert all(answer.reason for answer in decision.answers)
        check_power(decision, before)
        assert decision.why.startswith("test by") is (decision.test is not None)
        if decision.test is not None:
            check_test(decision, decision.test)
            assert before.test or any(may_begin(one, before) for one in requests)
