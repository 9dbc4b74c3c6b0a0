"""Reactive power: policies as data, whose wish it is, the inverter's circle, and how it settles."""

from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.limits import apply_limits
from appliance.model import (
    GoToState,
    Memory,
    MeterReading,
    PhaseReading,
    Setpoints,
    Snapshot,
    State,
    Wish,
)
from appliance.reactive import ahead_var, reactive_power
from appliance.site import SiteSettings
from appliance.statemachine.machine import outputs
from appliance.statemachine.states import STATES
from appliance.statemachine.transitions import Scene
from tests.core.conditions import ON, holds
from tests.core.reacts import COS_PHI_P, MOST_VAR, Q_U, RATED_VA, at_volts, ran, reactive, site
from tests.stories import Story, inverter, seen, with_grid_code


@pytest.mark.parametrize(("policy", "volts", "power_w", "var", "words"), [
    ({}, 200.0, 3_000.0, 0.0, ""),
    ({"policy": "fixed_var", "fixed_var": 800.0}, 230.0, 0.0, 800.0, "; 800 var by the fixed setting"),
    ({"policy": "fixed_var", "fixed_var": -800.0}, 230.0, 0.0, -800.0, "; -800 var by the fixed setting"),
    ({"policy": "cos_phi", "cos_phi": 0.8}, 230.0, 2_000.0, -1_500.0, "; -1500 var by cos φ 0.8"),
    ({"policy": "cos_phi", "cos_phi": 0.8, "excited": "over"}, 230.0, 2_000.0, 1_500.0, "; 1500 var by cos φ 0.8"),
    ({"policy": "cos_phi", "cos_phi": 0.8, "excited": "over"}, 230.0, -2_000.0, 1_500.0, "; 1500 var by cos φ 0.8"),
    ({"policy": "cos_phi"}, 230.0, 2_000.0, 0.0, ""),
    ({"policy": "q_u", "q_u": Q_U}, 200.0, 0.0, 1_500.0, "; 1500 var by Q(U)"),
    ({"policy": "q_u", "q_u": Q_U}, 0.95 * 230.0, 0.0, 750.0, "; 750 var by Q(U)"),
    ({"policy": "q_u", "q_u": Q_U}, 0.975 * 230.0, 0.0, 0.0, ""),
    ({"policy": "q_u", "q_u": Q_U}, 1.029 * 230.0, 0.0, 0.0, ""),
    ({"policy": "q_u", "q_u": Q_U}, 1.05 * 230.0, 0.0, -750.0, "; -750 var by Q(U)"),
    ({"policy": "q_u", "q_u": Q_U}, 260.0, 0.0, -1_500.0, "; -1500 var by Q(U)"),
    ({"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P}, 230.0, 2_500.0, 0.0, ""),
    ({"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P}, 230.0, -4_000.0, 0.0, ""),
    ({"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P}, 230.0, 3_750.0, -1_816.2, "; -1816 var by cos φ(P)"),
    ({"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P}, 230.0, 4_000.0, -2_159.0, "; -2159 var by cos φ(P)"),
    # The circle: beside 5 kW there is no room, beside 4.5 kW there is some.
    ({"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P}, 230.0, 5_000.0, 0.0, "; cos φ(P) wants -3000 var, the apparent power allows 0 var"),
    ({"policy": "fixed_var", "fixed_var": 2_800.0}, 230.0, -4_500.0, 2_179.4, "; the fixed setting wants 2800 var, the apparent power allows 2179 var"),
])  # fmt: skip
def test_policies(
    policy: dict[str, Any], volts: float, power_w: float, var: float, words: str
) -> None:
    told = reactive(site(**policy), power_w, grid=at_volts(volts, volts, volts))
    assert told.var == pytest.approx(var, abs=0.1)
    assert told.words == words


def test_a_wish_of_a_mode_comes_before_the_policy_and_at_once() -> None:
    home = site(policy="fixed_var", fixed_var=800.0)
    assert reactive(home, wish=Wish(0.0, reactive_var=-1_200.0)) == (-1_200.0, -1_200.0, "; -1200 var by A mode")  # fmt: skip
    assert reactive(home, wish=Wish(0.0, reactive_var=0.0)) == (0.0, 0.0, "")
    told = reactive(home, wish=Wish(0.0, reactive_var=9_000.0))
    assert told == (3_000.0, 9_000.0, "; A mode wants 9000 var, the inverter allows 3000 var")
    assert reactive(site(0.0), wish=Wish(0.0, reactive_var=500.0)).var == 0.0
    assert reactive(home, wish=Wish(0.0, reactive_var=inf)).var == 0.0


@pytest.mark.parametrize("grid", [None, MeterReading(0.0), at_volts(None), at_volts(2.0), at_volts(float("nan"))])  # fmt: skip
def test_without_a_voltage_there_is_none_and_never_the_last(grid: MeterReading | None) -> None:
    home = site(policy="q_u", q_u=Q_U)
    told = reactive(home, memory=ran(1_500.0, 0.1), grid=grid)
    assert told == (0.0, None, "; Q(U) cannot say: nobody tells the voltage; 0 var")


def test_the_voltage_is_the_mean_of_wired_phases_else_the_inverters() -> None:
    home = site(policy="q_u", q_u=Q_U)
    assert reactive(home, grid=at_volts(220.0, 217.0, 218.5)).var == pytest.approx(750.0)
    assert reactive(home, grid=at_volts(218.5, 1.0, None)).var == pytest.approx(750.0)
    own = inverter(phases=(PhaseReading(voltage_v=218.5),))
    assert reactive(home, inverter=own).var == pytest.approx(750.0)


def test_the_grid_codes_curve_and_nominal_voltage() -> None:
    home = with_grid_code(site()).model_copy(update={"reactive": site(policy="fixed_var").reactive})
    follows = home.reactive.model_copy(update={"policy": "q_u"})
    home = home.model_copy(update={"reactive": follows})
    assert reactive(home, grid=at_volts(213.9)).var == pytest.approx(1_500.0)
    assert reactive(home, grid=at_volts(246.1)).var == pytest.approx(-1_500.0)
    sun = home.model_copy(update={"reactive": follows.model_copy(update={"policy": "cos_phi_p"})})
    assert reactive(sun, 4_000.0, grid=at_volts(230.0)).words.endswith("by cos φ(P)")


@given(volts=st.floats(200.0, 260.0), before=st.floats(-1_500.0, 1_500.0), parts=st.integers(1, 100))  # fmt: skip
def test_it_settles_first_order_whatever_the_period(volts: float, before: float, parts: int) -> None:  # fmt: skip
    """95 % of the way in 10 s, and the same in one step as in many."""
    home = site(policy="q_u", q_u=Q_U)
    goal = reactive(home, memory=ran(ago_s=1e9), grid=at_volts(volts)).var
    var = before
    for _ in range(parts):
        var = reactive(home, memory=ran(var, 10.0 / parts), grid=at_volts(volts)).var
    assert var == pytest.approx(goal + (before - goal) * exp(-3.0), abs=1.01)
    assert reactive(home, memory=ran(before, 0.0), grid=at_volts(volts)).var == pytest.approx(before, abs=1.01)  # fmt: skip


POLICY = st.sampled_from(
    [
        {"policy": "off"}, {"policy": "fixed_var", "fixed_var": 2_500.0}, {"policy": "cos_phi", "cos_phi": 0.8},
        {"policy": "fixed_var", "fixed_var": -2_500.0}, {"policy": "q_u", "q_u": Q_U | {"settling_s": 0.0}},
        {"policy": "cos_phi_p", "cos_phi_p": COS_PHI_P},
    ]
)  # fmt: skip
POWER, VOLTS = st.floats(-6_000.0, 6_000.0), st.floats(200.0, 260.0)


def both(
    home: SiteSettings, wish: Wish, memory: Memory, now: Snapshot
) -> tuple[float, float, float]:
    """Active and reactive power as the cycle makes them, and active power if nobody wanted any reactive power."""
    ahead = ahead_var(wish, "", now, memory, home)
    limited = Memory(State.RUN, -3_600.0, reactive_ahead_var=ahead)
    power_w = apply_limits(wish.power_w or 0.0, now, limited, home).power_w
    alone_w = apply_limits(wish.power_w or 0.0, now, ran(), home).power_w
    return power_w, reactive_power(wish, "", power_w, now, memory, home).var, alone_w


@given(POLICY, st.sampled_from("pq"), POWER, st.none() | POWER, VOLTS, st.floats(-3e3, 3e3), st.sampled_from([None, 3e3, 4e3, 7e3]))  # fmt: skip
def test_never_outside_the_circle_and_limits_only_narrow(
    policy: dict[str, Any], priority: str, power: float, var: float | None, volts: float, before: float,
    rated_va: float | None,
) -> None:  # fmt: skip
    home = site(rated_va=rated_va, priority=priority, **policy)
    now = seen(grid=at_volts(volts))
    power_w, reactive_var, alone_w = both(home, Wish(power, reactive_var=var), ran(before), now)
    rated = rated_va or RATED_VA
    assert power_w**2 + reactive_var**2 <= rated**2 * (1.0 + 1e-9)
    assert abs(reactive_var) <= MOST_VAR
    assert abs(power_w) <= abs(alone_w) and power_w * alone_w >= 0.0
    if priority == "p":
        assert power_w == alone_w
    elif var is not None:
        assert reactive_var == max(-min(MOST_VAR, rated), min(var, MOST_VAR, rated))


@given(POLICY, st.sampled_from("pq"), POWER, VOLTS, st.floats(-1.0, 1.0), st.floats(-0.1, 0.1))
def test_a_little_more_of_anything_changes_little(
    policy: dict[str, Any], priority: str, power: float, volts: float, more_w: float, more_v: float
) -> None:
    home = site(priority=priority, **policy)

    def at(power_w: float, volt: float) -> tuple[float, float, float]:
        return both(home, Wish(power_w), ran(), seen(grid=at_volts(volt)))

    before, after = at(power, volts), at(power + more_w, volts + more_v)
    assert abs(after[0] - before[0]) <= 30.0
    assert abs(after[1] - before[1]) <= 200.0  # the circle is steep where it is nearly full


@dataclass
class Says:
    """A mode with a given answer."""

    answer: Wish

    def wish(self, _seen: Snapshot, _memory: Memory) -> Wish:
        return self.answer

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        return False


def told_by(home: SiteSettings, wish: Wish) -> Story:
    """A running box whose mode in use says this."""
    story = Story(site=home)
    modes, titles = build_modes(home)
    name = home.control.start_mode
    story.cycle = Cycle(home, modes | {name: Says(wish)}, titles | {name: "Orders"})
    return story.running()


def test_with_priority_of_reactive_power_active_power_gets_the_rest() -> None:
    story = told_by(site(priority="q"), Wish(4_900.0, reactive_var=3_000.0))
    told = story.last
    assert (told.setpoints.power_w, told.setpoints.reactive_var) == (4_000.0, 3_000.0)
    assert told.limits.binding == "apparent power"
    assert told.why == (
        "Orders wants 4900 W; the apparent power beside 3000 var allows 4000 W; 3000 var by Orders"
    )
    assert told.wish_var == 3_000.0


def test_with_priority_of_active_power_reactive_power_gets_the_rest() -> None:
    told = told_by(site(), Wish(4_900.0, reactive_var=-3_000.0)).last
    assert told.setpoints.power_w == 4_900.0
    assert told.setpoints.reactive_var == pytest.approx(-sqrt(5e3**2 - 4.9e3**2))
    assert told.why == "Orders wants 4900 W; Orders wants -3000 var, the apparent power allows -995 var"  # fmt: skip


def test_outside_run_there_is_none() -> None:
    story = told_by(site(), Wish(1_000.0, reactive_var=2_000.0))
    assert story.last.setpoints.reactive_var == 2_000.0
    story.ask(GoToState(State.IDLE))
    for _ in range(50):
        assert story.last.setpoints.reactive_var == 0.0 and "var" not in story.last.why
        assert story.last.wish_var is None
        story.step()
    assert story.last.state is State.STOPPING


@pytest.mark.parametrize("state", list(State))
def test_each_state_by_itself_lets_none_through_but_run(state: State) -> None:
    scene = Scene(seen(), Memory(state=state, commanded=ON), frozenset(), 10.0, False)
    told = outputs(state, 99.9, 500.0, scene, 700.0)
    if not STATES[state].power:
        assert told.reactive_var == 0.0
    elif state is State.RUN:
        assert told.reactive_var == 700.0


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_an_inverter_that_ignores_it_is_noticed(way: float) -> None:
    told = {"commanded": Setpoints(0.0, way * 2_000.0, True, True)}

    def astray(var: float) -> bool:
        measured = holds(214, site=site(), memory=told, inverter=inverter(reactive_var=way * var))
        held = inverter(reactive_setpoint_var=way * var, reactive_var=0.0)
        assert (holds(214, site=site(), memory=told, inverter=held) != ()) is (measured != ())
        return bool(measured)

    assert [astray(var) for var in (-2_000.0, 0.0, 1_599.0, 1_601.0, 2_399.0, 2_401.0)] == [True, True, True, False, False, True]  # fmt: skip
    for unknown in (inverter(), inverter(reactive_var=float("nan")), None):
        assert holds(214, site=site(), memory=told, inverter=unknown) == ()
    ignored = inverter(reactive_var=0.0)
    assert holds(214, State.STARTING, site=site(), memory=told, inverter=ignored) == ()
    assert holds(214, site=site(0.0), memory=told, inverter=ignored) == ()


@pytest.mark.parametrize("gain", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("period_s", [0.02, 0.1, 0.3])  # fmt: skip
def test_in_a_weak_grid_it_finds_its_place_without_swinging(gain: float, period_s: float) -> None:
    """`gain`: by how much the voltage answers, relative to what the curve asks for (a weak rural line: 0.2)."""
    home = site(policy="q_u", q_u=Q_U)
    volts_per_var = gain * (0.04 * 230.0) / 1_500.0
    var, path = 0.0, []
    for _ in range(round(60.0 / period_s)):
        volts = 1.06 * 230.0 + volts_per_var * var
        var = reactive(home, memory=ran(var, period_s), grid=at_volts(volts)).var
        path.append(var)
    assert var == pytest.approx(-1_125.0 / (1.0 + gain), abs=3.0)
    swings = [after - before for before, after in pairwise(path)]
    assert max(swings) <= 2.0, "it never goes back"
