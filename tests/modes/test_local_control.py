"""Local control: a power by hand, with a heartbeat where one is wanted, and what holds without it."""

from typing import Any

import pytest

from appliance.model import BeatControl, GoToMode, ManualPower, Memory, SetPower, Wish
from appliance.modes._answers import exactly
from tests.modes.flux_world import make
from tests.modes.houses import beside, house, story
from tests.stories import seen

NOW_S = 1_000.0


def wish(memory: Memory, **settings: Any) -> Wish:
    return make("local_control", house(), **settings).wish(seen(NOW_S), memory)


def manual(by: str = "ctl", heard_s: float | None = NOW_S, away_s: float | None = None) -> Memory:
    asked = ManualPower(-900.0, NOW_S + 60.0, None, heard_s, by)
    return Memory(manual=asked, cloud_away_since_s=None if away_s is None else NOW_S - away_s)


def test_both_powers_as_they_were_set() -> None:
    asked = ManualPower(800.0, NOW_S + 60.0, -300.0, NOW_S, "ctl")
    answer = wish(Memory(manual=asked))
    assert (answer.lowest_w, answer.power_w, answer.highest_w) == (800.0,) * 3
    assert (answer.lowest_var, answer.reactive_var, answer.highest_var) == (-300.0,) * 3


@pytest.mark.parametrize(
    ("memory", "settings", "reason"),
    [
        (Memory(), {}, "no power was asked for"),
        (manual(heard_s=NOW_S - 5.1), {"heartbeat_s": 5.0}, "ctl was not heard for 5 s"),
        (manual("cloud", away_s=31.0), {"cloud_away_s": 30.0}, "the cloud is away for 31 s"),
    ],
)
def test_without_a_power_that_counts_it_rests_or_leaves_it_to_those_below(
    memory: Memory, settings: dict[str, Any], reason: str
) -> None:
    assert wish(memory, **settings) == exactly(0.0, reason)
    assert wish(memory, **settings, fallback="leave") == Wish(None, reason)


@pytest.mark.parametrize(
    ("memory", "settings"),
    [
        (manual(heard_s=NOW_S - 5.0), {"heartbeat_s": 5.0}),
        (manual(heard_s=None), {"heartbeat_s": 5.0}),
        (manual(heard_s=NOW_S - 500.0), {}),
        (manual("cloud", away_s=30.0), {"cloud_away_s": 30.0}),
        (manual("cloud", away_s=9e3), {}),
        (manual("ctl", away_s=9e3), {"cloud_away_s": 30.0}),
    ],
)
def test_a_power_that_counts(memory: Memory, settings: dict[str, Any]) -> None:
    assert wish(memory, **settings).power_w == -900.0


def test_a_heartbeat_by_hand() -> None:
    box = story(house(local_control={"heartbeat_s": 3.0}))
    box.ask(SetPower(700.0, 60.0))
    box.run(2.5)
    assert box.ask(BeatControl()).ok
    assert box.run(2.5).setpoints.power_w == 700.0
    assert box.run(1.0).setpoints.power_w == 0.0
    assert box.last.why == "Local control wants 0 W, ctl was not heard for 3 s"
    late = box.ask(BeatControl())
    assert (late.ok, late.reason) == (
        False, "ctl was not heard for 4 s, which has ended the power; ask for it anew",
    )  # fmt: skip
    assert box.run(1.0).setpoints.power_w == 0.0


def test_a_power_by_hand_is_taken_back() -> None:
    box = story(house(local_control={}))
    assert box.ask(SetPower(None, 60.0)).reason == "no power by hand holds"
    box.ask(SetPower(700.0, 600.0))
    assert box.step().setpoints.power_w == 700.0
    assert box.ask(SetPower(None, 60.0)).reason == "the power by hand is taken back"
    assert box.step().setpoints.power_w == 0.0
    assert box.cycle.memory.manual is None


def test_reactive_power_by_hand_needs_an_inverter_that_has_it() -> None:
    box = story(house(local_control={}, reactive_var=500.0))
    assert box.ask(SetPower(700.0, 60.0, 400.0)).reason == "700 W, 400 var for 60 s"
    answer = box.ask(SetPower(700.0, 60.0, -501.0))
    assert answer.reason == "reactive_var = -501 must be between -500 and 500"
    box = story(house(local_control={}, reactive_var=0.0))
    assert box.ask(SetPower(700.0, 60.0, 500.0)).reason == (
        "reactive_var = 500: this inverter cannot be told reactive power"
    )


def test_below_it_another_mode_takes_over() -> None:
    box = story(beside(house(local_control={"fallback": "leave"}), "passive"))
    box.ask(GoToMode("local_control"))
    assert box.run(1.0).why.startswith("Passive")


@pytest.mark.parametrize("mode", ["local_control", "external_control"])
def test_a_heartbeat_that_nobody_can_keep_is_refused(mode: str) -> None:
    make(mode, house(), heartbeat_s=0.5)
    with pytest.raises(ValueError, match="heartbeat_s"):
        make(mode, house(), heartbeat_s=0.49)
