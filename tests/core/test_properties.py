"""Properties: whatever comes, no power outside RUN, a limit only narrows, every request is answered."""

from math import inf, isfinite, nan
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.limits import LIMITS, apply_limits
from appliance.model import (
    AckErrors,
    BatteryState,
    BoardReading,
    Effect,
    GoToMode,
    GoToState,
    InverterState,
    Memory,
    MeterReading,
    Request,
    ResetEstop,
    SetPower,
    State,
)
from tests.stories import Story, battery, inverter, rack, seen

SITE = Story().site
maybe = st.none
powers = st.floats(-20_000, 20_000)
rubbish = st.sampled_from([nan, inf, -inf, -1.0, -0.0])
magnitudes = maybe() | st.floats(0, 8_000) | rubbish
batteries = maybe() | st.builds(
    lambda state, soc, volts, cold, hot, charge, discharge, amps: battery(
        rack(cell_max_v=volts, cell_min_v=volts - 0.05, cell_min_c=cold, cell_max_c=hot),
        state=state, soc_pct=soc, max_charge_w=charge, max_discharge_w=discharge, current_a=amps,
    ),
    st.sampled_from(BatteryState),
    maybe() | st.floats(0, 100),
    st.floats(2.3, 3.8),
    maybe() | st.floats(-30, 60),
    maybe() | st.floats(-30, 70),
    magnitudes,
    magnitudes,
    maybe() | st.floats(-20, 20),
)  # fmt: skip
inverters = maybe() | st.builds(
    lambda power_w, state: inverter(power_w, state=state), powers, st.sampled_from(InverterState)
)
meters = maybe() | st.builds(MeterReading, power_w=maybe() | powers)
boards = maybe() | st.builds(BoardReading, estop_pressed=st.booleans())
wants = st.one_of(
    st.builds(GoToMode, st.sampled_from(["passive", "self_consumption", "local_control", "x"])),
    st.builds(GoToState, st.sampled_from(State)),
    st.builds(SetPower, powers | rubbish, st.floats(-1, 5_000) | rubbish),
    st.builds(AckErrors, maybe() | st.integers(100, 700)),
    st.builds(ResetEstop),
)
steps = st.fixed_dictionaries(
    {
        "passed_s": st.sampled_from([0.02, 0.1, 1.0, 10.0, 40.0]),
        "battery": batteries,
        "inverter": inverters,
        "grid": meters,
        "board": boards,
        "wants": st.lists(wants, max_size=2),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=1, max_size=25))
def test_no_power_outside_run_and_every_request_answered(course: list[dict[str, Any]]) -> None:
    story = Story()
    for number, step in enumerate(course):
        asked = step["wants"]
        assert isinstance(asked, list)
        requests = tuple(Request(f"{number}.{i}", "ctl", want) for i, want in enumerate(asked))
        changes = {key: value for key, value in step.items() if key not in ("wants", "passed_s")}
        story.now_s += float(str(step["passed_s"]))
        decision = story.step(requests=requests, **changes)
        assert [answer.id for answer in decision.answers] == [request.id for request in requests]
        assert all(answer.reason for answer in decision.answers)
        effects = {effect for error in decision.errors for effect in error.effects}
        power_w = decision.setpoints.power_w
        if decision.state is not State.RUN:
            assert power_w == 0.0
        if {Effect.STOP, Effect.EMERGENCY_STOP} & effects:
            assert power_w == 0.0
        if Effect.EMERGENCY_STOP in effects:
            assert not decision.setpoints.inverter_on
        if Effect.NO_CHARGE in effects:
            assert power_w >= 0.0
        if Effect.NO_DISCHARGE in effects:
            assert power_w <= 0.0
        assert -5_000.0 <= power_w <= 5_000.0
        assert decision.why


RUNNING = Memory(state=State.RUN, state_since_s=-3_600.0)


@given(powers | rubbish, batteries, inverters, meters)
def test_limits_only_narrow(
    wish_w: float, a_battery: object, an_inverter: object, grid: object
) -> None:
    picture = seen(battery=a_battery, inverter=an_inverter, grid=grid)
    allowed = apply_limits(wish_w, picture, RUNNING, SITE)
    wished_w = wish_w if isfinite(wish_w) else 0.0
    assert abs(allowed.power_w) <= abs(wished_w)
    assert allowed.power_w * wished_w >= 0.0
    for row in LIMITS:
        charge_w, discharge_w = (
            cap if cap > 0.0 else 0.0 for cap in row.caps(picture, RUNNING, SITE)
        )
        assert -charge_w <= allowed.power_w <= discharge_w
    assert 0.0 <= allowed.limits.max_charge_w <= 5_000.0
    assert 0.0 <= allowed.limits.max_discharge_w <= 5_000.0
    assert (allowed.power_w == wished_w) == (allowed.limits.binding is None)
    if allowed.limits.binding is not None:
        assert allowed.because
