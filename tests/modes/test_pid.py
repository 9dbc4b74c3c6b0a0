"""PID: both ways against wind-up, gains, saturation, reset, and taking over without a bump."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from appliance.modes._pid import LONGEST_STEP_S, Pid, PidGains, build_pid

BOTH = ("velocity", "tracking")
STEP_S = 0.1


def gains(kind: str, **changes: object) -> PidGains:
    return PidGains.model_validate({"anti_windup": kind, **changes})


def follow(pid: Pid, seconds: float, demand_w: float, at_w: float, limit_w: float, now_s: float) -> tuple[float, float]:  # fmt: skip
    """Command after so many seconds with what was commanded cut at the limit; and the time then."""
    for _ in range(round(seconds / STEP_S)):
        at_w = max(-limit_w, min(pid.command(demand_w, at_w, now_s), limit_w))
        now_s += STEP_S
    return at_w, now_s


@pytest.mark.parametrize("kind", BOTH)
def test_a_step_is_followed_by_kp_at_once_and_by_ki_with_its_time(kind: str) -> None:
    pid = build_pid(gains(kind, kp=0.25, ki_per_s=0.5))
    at_w, now_s = follow(pid, 1.0, 0.0, 0.0, 9e9, 0.0)
    assert at_w == 0.0
    first_w = pid.command(1_000.0, at_w, now_s)
    assert first_w == pytest.approx(250.0 + 0.05 * 1_000.0, abs=15.0)
    # Then the rest falls with 1 / ki = 2 s.
    at_w, now_s = follow(pid, 2.0, 1_000.0, first_w, 9e9, now_s + STEP_S)
    assert at_w == pytest.approx(1_000.0 - 0.72 * 1_000.0 / 2.718, abs=20.0)
    at_w, _ = follow(pid, 20.0, 1_000.0, at_w, 9e9, now_s)
    assert at_w == pytest.approx(1_000.0, abs=1.0)


@pytest.mark.parametrize("kind", BOTH)
def test_an_hour_at_a_limit_does_not_wind_up(kind: str) -> None:
    pid = build_pid(gains(kind))
    at_w, now_s = follow(pid, 3_600.0, 20_000.0, 0.0, 5_000.0, 0.0)
    assert at_w == 5_000.0
    at_w, now_s = follow(pid, 1.0, 1_000.0, at_w, 5_000.0, now_s)
    assert at_w < 4_000.0, "it leaves the limit within a second"
    at_w, _ = follow(pid, 9.0, 1_000.0, at_w, 5_000.0, now_s)
    assert at_w == pytest.approx(1_000.0, abs=20.0)


def test_without_tracking_the_same_hour_winds_up() -> None:
    """What back-calculation is for: with a time constant of a minute it comes back late."""
    pid = build_pid(gains("tracking", tracking_s=60.0))
    at_w, now_s = follow(pid, 3_600.0, 20_000.0, 0.0, 5_000.0, 0.0)
    assert follow(pid, 1.0, 1_000.0, at_w, 5_000.0, now_s)[0] == 5_000.0


@pytest.mark.parametrize("kind", BOTH)
def test_what_another_cuts_does_not_wind_up_either(kind: str) -> None:
    pid = build_pid(gains(kind))
    now_s = 0.0
    for _ in range(6_000):
        pid.command(3_000.0, -2_000.0, now_s)  # a mode above it is followed
        now_s += STEP_S
    first_w = pid.command(3_000.0, -2_000.0, now_s)
    assert -2_000.0 < first_w < 1_500.0
    assert follow(pid, 12.0, 3_000.0, first_w, 9e9, now_s)[0] == pytest.approx(3_000.0, abs=30.0)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("at_w", [-4_000.0, 0.0, 4_500.0])
def test_it_takes_over_where_the_command_is(kind: str, at_w: float) -> None:
    pid = build_pid(gains(kind, kp=1.0, kd_s=0.5))
    follow(pid, 5.0, 900.0, 0.0, 9e9, 0.0)
    pid.reset()
    assert pid.command(-900.0, at_w, 100.0) == at_w
    second_w = pid.command(-900.0, at_w, 100.1)
    assert abs(second_w - at_w) <= 0.08 * abs(-900.0 - at_w) + 1e-9


@pytest.mark.parametrize("kind", BOTH)
def test_a_pause_counts_as_a_second_and_time_never_runs_backwards(kind: str) -> None:
    def after(pause_s: float) -> float:
        pid = build_pid(gains(kind, kp=0.0, ki_per_s=0.3))
        pid.command(0.0, 0.0, 50.0)
        return pid.command(1_000.0, 0.0, 50.0 + pause_s)

    assert after(LONGEST_STEP_S) == pytest.approx(300.0)
    assert after(3_600.0) == after(LONGEST_STEP_S)
    assert after(-5.0) == 0.0


@pytest.mark.parametrize("kind", BOTH)
def test_kd_answers_a_change_of_slope_and_nothing_else(kind: str) -> None:
    pid = build_pid(gains(kind, kp=0.0, ki_per_s=1e-9, kd_s=0.1))
    answers = [pid.command(10.0 * number, 0.0, STEP_S * number) for number in range(6)]
    assert answers == pytest.approx([0.0] * 6, abs=1e-6)
    assert pid.command(80.0, 0.0, 0.6) == pytest.approx(0.1 * 20.0 / STEP_S, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(BOTH),
    kp=st.floats(0.0, 1.0),
    ki_per_s=st.floats(0.05, 10.0),
    demand_w=st.floats(-1e5, 1e5),
    from_w=st.floats(-1e4, 1e4),
)
def test_no_gain_that_may_be_set_swings_or_overshoots(
    kind: str, kp: float, ki_per_s: float, demand_w: float, from_w: float
) -> None:
    pid = build_pid(gains(kind, kp=kp, ki_per_s=ki_per_s))
    at_w, now_s, sides = from_w, 0.0, set()
    for _ in range(2_000):
        at_w = pid.command(demand_w, at_w, now_s)
        now_s += STEP_S
        if abs(at_w - demand_w) > 1.0:
            sides.add(at_w > demand_w)
    assert at_w == pytest.approx(demand_w, abs=1.0 + 0.001 * abs(demand_w))
    assert len(sides) <= 1


@pytest.mark.parametrize(
    "wrong", [{"kp": 1.1}, {"kp": -0.1}, {"ki_per_s": 11.0}, {"kd_s": 2.0}, {"tracking_s": 0.0}]
)
def test_gains_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        PidGains.model_validate(wrong)


def test_a_limit_reached_and_left_looks_the_same_both_ways() -> None:
    """Velocity form and back-calculation differ by no more than their own time constant."""

    def trace(build: Callable[[], Pid]) -> list[float]:
        pid, at_w, now_s, found = build(), 0.0, 0.0, []
        for demand_w in (*[8_000.0] * 100, *[500.0] * 100):
            at_w = min(pid.command(demand_w, at_w, now_s), 5_000.0)
            now_s += STEP_S
            found.append(at_w)
        return found

    one, other = (trace(lambda kind=kind: build_pid(gains(kind))) for kind in BOTH)  # type: ignore[misc]
    assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1_500.0
    assert one[-1] == pytest.approx(other[-1], abs=10.0) == pytest.approx(500.0, abs=20.0)


@pytest.mark.parametrize("kind", BOTH)
def test_after_a_while_of_not_being_asked_it_begins_anew(kind: str) -> None:
    pid = build_pid(gains(kind, kp=1.0))
    at_w, now_s = follow(pid, 5.0, 0.0, 0.0, 9e9, 0.0)
    assert at_w == 0.0
    assert pid.command(-3_000.0, 2_000.0, now_s + 2.0) == 2_000.0


def test_a_controller_that_never_moves_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"kp = 0 and ki_per_s = 0 never reach the target"):
        PidGains(kp=0.0, ki_per_s=0.0, kd_s=0.5)
    assert PidGains(kp=0.0).ki_per_s > 0.0
    assert PidGains(ki_per_s=0.0).kp > 0.0
