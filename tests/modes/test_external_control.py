"""External control: a power for a while, whoever asks is heard, and the charge schedule behind it."""

from typing import Any

import pytest

from appliance.model import (
    BeatControl,
    BoardReading,
    ExternalPower,
    GoToMode,
    GoToState,
    Memory,
    Request,
    ResetEstop,
    SetExternal,
    StartTest,
    State,
    Wish,
)
from tests.modes.flux_world import make
from tests.modes.houses import beside, entry, house, plan, story
from tests.stories import Story, battery, seen

NOW_S = 1_000.0


def wish(memory: Memory, settings: dict[str, Any] | None = None, **changes: Any) -> Wish:
    return make("external_control", house(), **(settings or {})).wish(
        seen(NOW_S, **changes), memory
    )


def asked(power_w: float | None = 2_000.0, heard_s: float = NOW_S, **changes: Any) -> Memory:
    external = ExternalPower(
        power_w, changes.pop("reactive_var", None), NOW_S + 300.0, heard_s, "modbus"
    )
    return Memory(external=external, **changes)


# ------------------------------------------------------------------ a power for a while


def test_it_does_exactly_what_is_asked_and_nobody_below_may_change_it() -> None:
    answer = wish(asked())
    assert (answer.lowest_w, answer.power_w, answer.highest_w) == (2_000.0, 2_000.0, 2_000.0)
    assert answer.reason == "asked by modbus, for another 300 s"
    assert answer.reactive_var is answer.lowest_var is answer.highest_var is None


def test_reactive_power_alone_leaves_the_power_to_those_below() -> None:
    answer = wish(asked(None, reactive_var=-700.0))
    assert (answer.power_w, answer.lowest_w, answer.highest_w) == (None, None, None)
    assert (answer.lowest_var, answer.reactive_var, answer.highest_var) == (-700.0,) * 3


def test_with_nothing_asked_for_the_modes_below_decide_or_it_rests() -> None:
    assert wish(Memory()) == Wish(None, "nobody asks for anything")
    rests = wish(Memory(), {"otherwise": "rest"})
    assert (rests.lowest_w, rests.power_w, rests.highest_w) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("silent_s", "counts"), [(10.0, True), (10.1, False)])
def test_who_is_not_heard_is_gone(silent_s: float, counts: bool) -> None:
    memory = asked(heard_s=NOW_S - silent_s)
    answer = wish(memory, {"heartbeat_s": 10.0})
    assert answer.power_w == (2_000.0 if counts else 0.0)
    if not counts:
        assert answer.reason == "modbus was not heard for 10 s"
    assert wish(memory).power_w == 2_000.0, "without a heartbeat its duration is enough"


def test_what_silence_means_is_a_setting() -> None:
    memory = asked(heard_s=NOW_S - 60.0, schedules=(plan("local", entry(0.0, 9e3, -800.0)),))
    hold = wish(memory, {"heartbeat_s": 10.0, "when_silent": "hold"})
    rest = wish(memory, {"heartbeat_s": 10.0, "when_silent": "rest"})
    leave = wish(memory, {"heartbeat_s": 10.0, "when_silent": "leave"})
    assert (hold.power_w, rest.power_w, leave.power_w) == (2_000.0, 0.0, -800.0)
    alone = asked(heard_s=NOW_S - 60.0)
    assert wish(alone, {"heartbeat_s": 10.0, "when_silent": "leave"}).power_w is None


# ------------------------------------------------------------------ the schedule

CLOUD = plan("cloud", entry(900.0, 1_200.0, -1_500.0), entry(1_800.0, 2_000.0, 900.0))
LOCAL = plan("local", entry(0.0, 5_000.0, 400.0))


def test_what_is_asked_now_comes_before_the_schedule() -> None:
    assert wish(asked(schedules=(CLOUD, LOCAL))).power_w == 2_000.0


@pytest.mark.parametrize(
    ("at_s", "power_w"),
    [
        (899.9, 400.0), (900.0, -1_500.0), (1_199.9, -1_500.0), (1_200.0, 400.0),
        (1_900.0, 900.0), (2_000.0, 400.0), (5_000.0, None),
    ],
)  # fmt: skip
def test_the_cloud_comes_first_and_the_local_one_fills_its_gaps(
    at_s: float, power_w: float | None
) -> None:
    mode = make("external_control", house())
    for schedules in ((CLOUD, LOCAL), (LOCAL, CLOUD)):
        assert mode.wish(seen(at_s), Memory(schedules=schedules)).power_w == power_w


def test_a_schedule_says_whose_it_is_and_until_when_on_the_wall() -> None:
    mode = make("external_control", house(zone="Europe/Copenhagen"))
    answer = mode.wish(seen(NOW_S), Memory(schedules=(CLOUD,)))
    assert answer.reason == "by the cloud schedule until 14:20"


@pytest.mark.parametrize(
    ("away_s", "settings", "power_w"),
    [
        (3_600.0, {}, -1_500.0),
        (60.0, {"cloud_away_s": 60.0}, -1_500.0),
        (60.1, {"cloud_away_s": 60.0}, 400.0),
    ],
)
def test_a_cloud_that_is_away_too_long_does_not_count(
    away_s: float, settings: dict[str, Any], power_w: float
) -> None:
    memory = Memory(schedules=(CLOUD, LOCAL), cloud_away_since_s=NOW_S - away_s)
    assert wish(memory, settings).power_w == power_w


def test_a_schedule_needs_the_time() -> None:
    memory = Memory(schedules=(CLOUD, LOCAL))
    answer = wish(memory, clock_trusted=False)
    assert answer == Wish(None, "nobody knows what time it is, so no schedule holds")
    assert wish(memory, {"otherwise": "rest"}, clock_trusted=False).power_w == 0.0
    assert wish(asked(schedules=(CLOUD,)), clock_trusted=False).power_w == 2_000.0


def test_a_site_may_do_without_schedules() -> None:
    assert wish(Memory(schedules=(LOCAL,)), {"follows_schedule": False}).power_w is None


@pytest.mark.parametrize(("power_w", "wakes"), [(-1_000.0, True), (1_000.0, False), (None, False)])
def test_an_empty_battery_is_woken_for_a_charge(power_w: float | None, wakes: bool) -> None:
    mode = make("external_control", house())
    assert mode.wakes(seen(NOW_S), asked(power_w, reactive_var=1.0)) is wakes


# ------------------------------------------------------------------ asked of a running box


def outside(**settings: Any) -> Story:
    return story(house(external_control=settings, self_consumption={}))


@pytest.mark.parametrize("source", ["cloud", "modbus", "rest", "ctl", "touchscreen", "cluster"])
def test_anybody_who_can_see_may_steer(source: str) -> None:
    box = outside()
    answer = box.ask(SetExternal(1_500.0, 30.0), source)
    assert (answer.ok, answer.reason) == (True, "1500 W for 30 s")
    assert box.step().setpoints.power_w == 1_500.0
    assert box.last.why == f"External control wants 1500 W, asked by {source}, for another 30 s"
    assert box.run(31.0).setpoints.power_w == 0.0
    assert box.last.why == "External control wants nothing: nobody asks for anything"


@pytest.mark.parametrize(
    ("want", "source", "says"),
    [
        (SetExternal(5_001.0, 30.0), "modbus", "power_w = 5001 must be between -5000 and 5000"),
        (
            SetExternal(float("nan"), 30.0, 4_000.0),
            "modbus",
            "power_w = nan must be between -5000 and 5000; "
            "reactive_var = 4000 must be between -3000 and 3000",
        ),
        (SetExternal(1.0, 0.0), "rest", "duration_s = 0 must be above 0, at most 86400"),
        (SetExternal(1.0, 86_401.0), "rest", "duration_s = 86401 must be above 0, at most 86400"),
        (SetExternal(None, 5.0), "button", "button cannot set a power"),
        (SetExternal(1.0, 5.0), "button", "button cannot set a power"),
        (BeatControl(), "ctl", "no power of ctl holds"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    want: SetExternal | BeatControl, source: str, says: str
) -> None:
    box = outside()
    box.ask(SetExternal(700.0, 600.0), "modbus")
    answer = box.ask(want, source)
    assert (answer.ok, answer.reason) == (False, says)
    assert box.step().setpoints.power_w == 700.0


def test_it_must_be_in_use_or_beside_the_mode_in_use() -> None:
    box = story(house(self_consumption={}, external_control={}))
    answer = box.ask(SetExternal(700.0, 600.0), "modbus")
    assert answer.reason == (
        "mode is self_consumption; a power from outside needs external_control, in use or beside it"
    )
    box = story(beside(house(self_consumption={}, external_control={}), "external_control"))
    assert box.ask(SetExternal(700.0, 20.0), "modbus").ok
    assert box.step().setpoints.power_w == 700.0
    assert box.run(21.0).why.startswith("Self-consumption wants 0 W")


def test_reactive_power_arrives_at_the_inverter() -> None:
    box = outside()
    assert box.ask(SetExternal(1_000.0, 30.0, -700.0), "modbus").reason == (
        "1000 W, -700 var for 30 s"
    )
    commanded = box.step().setpoints
    assert (commanded.power_w, commanded.reactive_var) == (1_000.0, -700.0)
    assert box.run(31.0).setpoints.reactive_var == 0.0


def test_a_heartbeat_keeps_it_going_and_only_the_askers_own() -> None:
    box = outside(heartbeat_s=5.0)
    box.ask(SetExternal(1_000.0, 600.0), "modbus")
    for _ in range(4):
        box.run(3.0)
        assert box.ask(BeatControl(), "modbus").ok
        assert not box.ask(BeatControl(), "cloud").ok
    assert box.step().setpoints.power_w == 1_000.0
    assert box.run(5.2).setpoints.power_w == 0.0
    assert "modbus was not heard" in box.last.why
    late = box.ask(BeatControl(), "modbus")
    assert (late.ok, late.reason) == (
        False, "modbus was not heard for 5 s, which has ended the power; ask for it anew",
    )  # fmt: skip
    assert box.step().setpoints.power_w == 0.0, "one late beat must not bring it back"
    assert not box.ask(BeatControl(), "modbus").ok, "nor a second one"
    assert box.ask(SetExternal(900.0, 60.0), "modbus").ok
    assert box.step().setpoints.power_w == 900.0


def test_a_beat_tells_how_long_the_next_may_take() -> None:
    box = outside(heartbeat_s=5.0)
    box.ask(SetExternal(1_000.0, 600.0), "modbus")
    assert box.ask(BeatControl(), "modbus").reason.endswith(" s, if heard again within 5 s")
    for settings in ({}, {"heartbeat_s": 5.0, "when_silent": "hold"}):
        box = outside(**settings)
        box.ask(SetExternal(1_000.0, 600.0), "modbus")
        box.run(7.0)
        answer = box.ask(BeatControl(), "modbus")
        assert answer.ok, "its time is enough"
        assert answer.reason.endswith(" s"), answer
        assert "again" not in answer.reason


@pytest.mark.parametrize("source", ["cloud", "modbus", "ctl"])
def test_a_power_is_taken_back_and_those_below_decide(source: str) -> None:
    box = outside()
    assert box.ask(SetExternal(None, 60.0), source).reason == "no power from outside holds"
    box.ask(SetExternal(1_500.0, 600.0, 200.0), "modbus")
    assert box.step().setpoints.power_w == 1_500.0
    answer = box.ask(SetExternal(None, 60.0), source)
    assert (answer.ok, answer.reason) == (True, "the power from outside is taken back")
    assert box.cycle.memory.external is None
    commanded = box.step().setpoints
    assert (commanded.power_w, commanded.reactive_var) == (0.0, 0.0)


def test_an_inverter_without_reactive_power_says_so() -> None:
    box = story(house(external_control={}, reactive_var=0.0))
    assert box.ask(SetExternal(1.0, 60.0, 500.0), "modbus").reason == (
        "reactive_var = 500: this inverter cannot be told reactive power"
    )
    assert box.ask(SetExternal(1.0, 60.0, 0.0), "modbus").ok


def at_times(**period: str) -> Story:
    """External control beside self-consumption at these times; its clock shows NOON."""
    site = house(self_consumption={}, external_control={})
    values = site.control.model_dump(mode="json")
    values["beside"] = [{"mode": "external_control", "during": [period]}]
    control = type(site.control).model_validate(values, strict=False)
    return story(site.model_copy(update={"control": control}))


def test_beside_at_times_nothing_is_done_where_nobody_listens() -> None:
    box = at_times(start="22:00", end="06:00")
    answer = box.ask(SetExternal(700.0, 600.0), "modbus")
    assert (answer.ok, answer.reason) == (
        False,
        "external_control is beside self_consumption at its times only, "
        "and it is none of them now: all 22:00 to 06:00",
    )
    assert box.cycle.memory.external is None
    box = at_times(start="11:00", end="13:00")
    assert box.ask(SetExternal(700.0, 600.0), "modbus").ok
    assert box.step().setpoints.power_w == 700.0
    box.changes["clock_trusted"] = False
    assert box.ask(SetExternal(800.0, 600.0), "modbus").reason == (
        "nobody knows the time, and external_control is beside self_consumption at its times only"
    )


@pytest.mark.parametrize("ends", [GoToMode("passive"), ResetEstop()])
def test_what_was_asked_before_does_not_come_back(ends: GoToMode | ResetEstop) -> None:
    box = outside()
    box.ask(SetExternal(1_000.0, 600.0), "modbus")
    box.step()
    if isinstance(ends, ResetEstop):
        box.step(board=BoardReading(estop_pressed=True))
        box.step(board=BoardReading(estop_pressed=False))
    assert box.ask(ends).ok
    assert box.cycle.memory.external is None
    box.ask(GoToState(State.RUN))
    box.ask(GoToMode("external_control"))
    assert box.run(30.0).setpoints.power_w == 0.0


def test_a_test_of_the_box_comes_first() -> None:
    box = outside()
    start = Request("t", "ctl", StartTest(60.0), key="k", authorised=True)
    assert box.step(requests=(start,)).answers[0].ok
    box.changes["requests"] = ()
    answer = box.ask(SetExternal(1_000.0, 600.0), "modbus")
    assert answer.reason == "a test by ctl runs; a power is set in it, or after it"


def test_limits_stand() -> None:
    box = outside()
    box.ask(SetExternal(-4_000.0, 600.0), "modbus")
    decision = box.run(1.0, battery=battery(max_charge_w=500.0))
    # Limits of the battery are at its terminals; a charge loses on its way there.
    assert -600.0 <= decision.setpoints.power_w <= -500.0
    assert decision.limits.binding == "battery"
