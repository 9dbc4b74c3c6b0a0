"""Tuning: dead time, gain and the meter's age are found; what is proposed holds; it ends its test however it ends."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from appliance.clock import VirtualClock
from appliance.config import load_site
from appliance.ctl.tune import TuneError, Tuner, told
from appliance.ctl.tuning import Found, Sample, excitation, measure
from appliance.model import (
    Answer,
    BeatTest,
    EndTest,
    HoldPower,
    Memory,
    MeterReading,
    RunningTest,
    Setpoints,
    Snapshot,
    StartTest,
    State,
    Status,
    Want,
    Wish,
)
from appliance.modes._answers import exactly
from appliance.modes.self_consumption import Mode, ModeSettings
from tests.modes.late_plant import LatePlant, judge
from tests.stories import HOME, NOON, Story, inverter, seen

SITE = load_site(HOME)


def steps_of(
    plant: LatePlant, power_w: float = 1_000.0, load_w: float = 700.0, without: int = 0
) -> list[Sample]:
    """What the tuner would note, `without` its first steps."""
    samples: list[Sample] = []
    memory: Memory | None = None
    for asked_w, held_s in excitation(power_w)[without:]:

        def decide(now: Snapshot, before: Memory, power_w: float = asked_w) -> Wish:
            assert now.grid is not None
            assert now.inverter is not None
            told_w = before.commanded.power_w
            samples.append(Sample(now.now_s, told_w, now.inverter.power_w or 0.0, now.grid.power_w or 0.0))  # fmt: skip
            return exactly(power_w)

        memory = plant.run(held_s, load_w, decide, memory)
    return samples


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("meter_s", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("late_s", [0.0, 0.5, 1.0])
def test_dead_time_gain_and_age_are_found(lag_s: float, meter_s: float, late_s: float) -> None:
    plant = LatePlant(
        lag_s=lag_s, meter_s=meter_s, meter_late_s=late_s, gain=0.97, step_w=5.0, ramp_w_per_s=2_500.0
    )  # fmt: skip
    found = measure(steps_of(plant))
    assert found.dead_s == pytest.approx(lag_s + 0.1, abs=0.15)
    assert found.gain == pytest.approx(0.97, abs=0.01)
    assert found.meter_gain == pytest.approx(1.0, abs=0.03)
    assert found.meter_late_s == pytest.approx(late_s, abs=0.2)
    assert found.complaint() == ""


@pytest.mark.parametrize("lag_s", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("meter_s", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("late_s", [0.0, 0.7])
def test_what_is_proposed_holds_and_is_no_slower(
    lag_s: float, meter_s: float, late_s: float
) -> None:
    plant = LatePlant(lag_s=lag_s, meter_s=meter_s, meter_late_s=late_s, step_w=5.0)
    found = measure(steps_of(plant))
    own = ModeSettings.model_validate(
        {"meter_late_s": round(found.meter_late_s, 1), "pid": {"ki_per_s": found.ki_per_s}}
    )
    house = replace(plant, grids=[], commands=[], battery_w=0.0)
    memory = house.run(30.0, 500.0, Mode(own, SITE).wish)
    before = len(house.grids)
    house.run(40.0, 3_500.0, Mode(own, SITE).wish, memory)
    verdict = judge(house.grids[before:], 3_000.0, 150.0)
    assert verdict.overshoot_w <= 300.0
    assert verdict.swing_w <= 10.0
    assert verdict.settled_s <= 5.0 + 2.0 * (lag_s + meter_s + late_s)


def test_a_busy_house_does_not_spoil_it() -> None:
    plant = LatePlant(lag_s=1.0, meter_s=1.0, noise_w=60.0, step_w=1.0)
    found = measure(steps_of(plant))
    assert found.dead_s == pytest.approx(1.1, abs=0.15)
    assert found.meter_late_s == pytest.approx(0.0, abs=0.2)
    assert found.ki_per_s == pytest.approx(1.11, abs=0.02)


def test_the_age_is_found_in_a_busy_house_too() -> None:
    plant = LatePlant(lag_s=1.0, meter_s=0.5, meter_late_s=0.7, noise_w=40.0, step_w=1.0)
    assert measure(steps_of(plant)).meter_late_s == pytest.approx(0.7, abs=0.2)


def test_a_slope_says_nothing_of_the_dead_time() -> None:
    """One step is left, from 0 to the power, and the slopes."""
    assert measure(steps_of(LatePlant(lag_s=1.0), without=3)).dead_s == pytest.approx(1.1, abs=0.15)


FINE = Found(1.1, 0.98, 1.01, 1.0, 0.3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": 0.2}, "the inverter follows with 20 % only"),
        ({"meter_gain": -1.0}, "counts the other way round"),
        ({"meter_gain": 0.33}, "sees 33 % of what the inverter says"),
        ({}, ""),
    ],
)
def test_what_is_wrong_is_said_instead_of_a_proposal(
    changes: dict[str, float], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    assert told(replace(FINE, **changes), out) == (1 if said else 0)
    assert said in capsys.readouterr().err
    lines = "[modes.self_consumption]\nmeter_late_s = 0.3\n[modes.self_consumption.pid]\nkp = 0.2\nki_per_s = 1.11\n"
    assert out.getvalue().endswith(lines) == (not said)


@pytest.mark.parametrize("samples", [[], [Sample(0.1 * n, 0.0, 0.0, 5.0) for n in range(400)]])
def test_without_steps_nothing_is_measured(samples: list[Sample]) -> None:
    with pytest.raises(ValueError, match="no steps were made"):
        measure(samples)


def test_an_inverter_that_follows_no_step() -> None:
    dead = LatePlant(gain=0.0)
    with pytest.raises(ValueError, match="followed no step"):
        measure(steps_of(dead))


class Core:
    """A core whose plant obeys at once; it notes what is asked, and can spoil the test."""

    def __init__(self, clock: VirtualClock, spoil: Callable[["Core"], None] | None = None) -> None:
        self.clock, self.spoil, self.asked, self.refuse = clock, spoil, list[Want](), ""
        self.changes: dict[str, Any] = {}
        self.story = Story().running()
        self.power_w, self.held_w, self.silent = 0.0, 9e9, False
        self.test: RunningTest | None = RunningTest("ctl", "me", 9e9, 0.0, False, State.RUN)

    def ask(self, want: Want, timeout_s: float = 2.0) -> Answer:
        del timeout_s
        self.asked.append(want)
        if isinstance(want, HoldPower):
            self.power_w = want.power_w
        return Answer("1", not self.refuse, self.refuse)

    def send(self, want: Want) -> str:
        self.asked.append(want)
        return "1"

    def answers(self) -> list[Answer]:
        return []

    def newest(self) -> Status | None:
        if self.spoil is not None and self.clock.now_s() > 120.0:
            self.spoil(self)
        return None if self.silent else self._status()

    def _status(self) -> Status:
        power_w = max(-self.held_w, min(self.power_w, self.held_w))
        readings = {"inverter": inverter(power_w), "grid": MeterReading(power_w=500.0 - power_w)}
        now_s = self.clock.now_s()
        decision = msgspec.structs.replace(
            self.story.last, now_s=now_s, setpoints=Setpoints(power_w=power_w), test=self.test,
            test_ended="error 401 Emergency stop", why="the grid connection allows 200 W",
        )  # fmt: skip
        return Status("s", "1", 1.0, seen(now_s, **(readings | self.changes)), decision, {}, {}, 1.0, 10.0, 5e3)  # fmt: skip


def tuner(spoil: Callable[[Core], None] | None = None) -> tuple[Core, Tuner]:
    clock = VirtualClock(NOON)
    clock.advance(100.0)
    core = Core(clock, spoil)
    return core, Tuner(core, clock, clock.advance)


def test_it_makes_its_steps_in_a_test_that_it_keeps_alive_and_ends() -> None:
    core, one = tuner()
    found = one.run("1234", 800.0)
    assert (found.dead_s, found.gain, found.meter_late_s) == pytest.approx(
        (0.0, 1.0, 0.0), abs=0.05
    )
    powers = [want.power_w for want in core.asked if isinstance(want, HoldPower)]
    assert powers[:4] == [0.0, 800.0, -800.0, 800.0]
    assert (max(powers), min(powers), powers[-1]) == (800.0, -800.0, 0.0)
    assert isinstance(core.asked[0], StartTest)
    assert core.asked[0].pin == "1234"
    assert isinstance(core.asked[-1], EndTest)
    assert sum(isinstance(want, BeatTest) for want in core.asked) >= 38


def _held(core: Core) -> None:
    core.held_w = 200.0


def _gone(core: Core) -> None:
    core.silent = True


def _over(core: Core) -> None:
    core.test = None


def _blind(core: Core) -> None:
    core.changes = {"grid": None}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_held, "the power is held back: the grid connection allows 200 W"),
        (_gone, "does not answer"),
        (_over, "the test is over: error 401 Emergency stop"),
        (_blind, "the grid meter is silent"),
    ],
)
def test_whatever_spoils_it_the_test_is_ended(spoil: Callable[[Core], None], said: str) -> None:
    core, one = tuner(spoil)
    with pytest.raises(TuneError, match=said):
        one.run(None, 800.0)
    assert isinstance(core.asked[-1], EndTest)


def test_refused_it_begins_nothing() -> None:
    core, one = tuner()
    core.refuse = "outside maintenance a test needs the installer's PIN"
    with pytest.raises(TuneError, match="installer's PIN"):
        one.run(None, 800.0)
    assert [type(want) for want in core.asked] == [StartTest]
