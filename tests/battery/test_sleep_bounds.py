"""When the battery sleeps and wakes, and what is remembered of it: at the very second."""

from typing import Any

import msgspec
import pytest

from appliance.battery.sleeping import is_open, remember, sleeps
from appliance.model import BatteryState, Memory, Setpoints, State
from appliance.site import Sleep
from tests.battery.sites import opened, site
from tests.stories import battery, rack, seen

SLEEPY = site(sleep=Sleep(means="frame", idle_after_s=600.0, longest_s=7_200.0))
OPEN, CLOSED = Setpoints(), Setpoints(contactors_closed=True)
ASLEEP = Setpoints(battery_asleep=True)
RESTS = Memory(state=State.IDLE, goal=State.IDLE)


def asks(now_s: float, state: State = State.IDLE, since_s: float = 0.0, setpoints: Setpoints = OPEN,
         chosen: Any = SLEEPY, reading: Any = None, **memory: Any) -> bool:  # fmt: skip
    told = opened() if reading is None else reading
    remembered = msgspec.structs.replace(RESTS, **memory)
    return sleeps(state, since_s, setpoints, seen(now_s, battery=told), remembered, chosen)


@pytest.mark.parametrize(
    ("now_s", "memory", "answer"),
    [
        (599.9, {}, False), (600.0, {}, True),
        (1_000.0, {"woken_at_s": 400.5}, False), (1_000.0, {"woken_at_s": 400.0}, True),
        (9.9, {"asleep_until_s": 10.0}, True), (10.0, {"asleep_until_s": 10.0}, False),
        (7_299.9, {"commanded": ASLEEP, "asleep_since_s": 100.0}, True),
        (7_300.0, {"commanded": ASLEEP, "asleep_since_s": 100.0}, False),
        (9_999.0, {"commanded": ASLEEP, "asleep_since_s": None}, True),
    ],
)  # fmt: skip
def test_how_long_it_sleeps(now_s: float, memory: dict[str, Any], answer: bool) -> None:
    assert asks(now_s, **memory) is answer


def test_it_sleeps_only_while_the_box_rests_and_is_open() -> None:
    assert asks(700.0, State.SLEEP, goal=State.RUN)
    assert asks(700.0, State.SLEEP) is False
    assert asks(700.0, goal=State.RUN) is False
    assert asks(700.0, goal=State.MAINTENANCE) is False
    for state in (State.RUN, State.ERROR, State.MAINTENANCE, State.STOPPING, State.INIT):
        assert asks(700.0, state) is False
    assert asks(700.0, setpoints=CLOSED) is False
    assert asks(2_000.0, chosen=site()) is False
    assert asks(700.0, since_s=100.0)
    assert asks(700.0, since_s=100.5) is False
    assert asks(700.0, reading=battery()) is False
    assert asks(700.0, reading=battery(), commanded=ASLEEP, asleep_since_s=600.0)


@pytest.mark.parametrize(
    ("reading", "answer"),
    [
        (None, False), (opened(), True), (opened(state=BatteryState.FAULT), True),
        (opened(state=BatteryState.CONNECTED), False), (opened(state=BatteryState.UNKNOWN), False),
        (opened(rack(1, contactors_closed=False), rack(2, contactors_closed=True)), False),
        (opened(rack(1, contactors_closed=False), rack(2, contactors_closed=None)), True),
    ],
)  # fmt: skip
def test_what_is_known_to_be_open(reading: Any, answer: bool) -> None:
    assert is_open(reading) is answer


def after(asleep: bool, reading: Any, **memory: Any) -> dict[str, Any]:
    """What is remembered at 50 s."""
    before = msgspec.structs.replace(RESTS, **memory)
    left = remember(asleep, seen(50.0, battery=reading), before)
    names = ("asleep_until_s", "asleep_since_s", "woken_at_s", "waking")
    return {name: getattr(left, name) for name in names if getattr(left, name) not in (None, False)}


def test_what_is_remembered_of_a_sleep() -> None:
    assert after(True, opened()) == {"asleep_since_s": 50.0}
    assert after(True, None, commanded=ASLEEP, asleep_since_s=20.0) == {"asleep_since_s": 20.0}
    kept = {"asleep_since_s": 20.0, "asleep_until_s": 90.0, "woken_at_s": 3.0}
    assert after(True, None, commanded=ASLEEP, waking=True, **kept) == kept


def test_what_is_remembered_of_waking() -> None:
    woken = {"woken_at_s": 50.0, "waking": True}
    slept = {"asleep_since_s": 20.0, "asleep_until_s": 90.0, "woken_at_s": 3.0}
    assert after(False, None, commanded=ASLEEP) == woken
    assert after(False, None, commanded=ASLEEP, **slept) == woken
    assert after(False, opened(), commanded=ASLEEP) == woken, "it has to answer after that"
    assert after(False, None, waking=True, asleep_until_s=90.0) == woken, "it has not answered yet"
    assert after(False, opened(), asleep_until_s=90.0) == {"woken_at_s": 50.0}
    assert after(False, opened(), asleep_since_s=20.0, woken_at_s=3.0) == {"woken_at_s": 3.0}


@pytest.mark.parametrize(
    ("reading", "waking"),
    [(None, True), (opened(asleep=True), True), (opened(asleep=False), False), (opened(asleep=None), False)],
)  # fmt: skip
def test_who_has_answered(reading: Any, waking: bool) -> None:
    expected = {"woken_at_s": 30.0} | ({"waking": True} if waking else {})
    assert after(False, reading, waking=True, woken_at_s=30.0) == expected
    assert after(False, reading, woken_at_s=30.0) == {"woken_at_s": 30.0}


def test_nothing_new_is_the_same_memory() -> None:
    assert remember(False, seen(50.0), RESTS) is RESTS
    waking = msgspec.structs.replace(RESTS, waking=True)
    assert remember(False, seen(50.0, battery=None), waking) is waking
