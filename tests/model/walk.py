"""A walk through everything that may happen to a box: the production cycle, a plant, an observer.

The steps are the same for the quick test, which can make a failing walk small, and for the long run.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

import msgspec

from appliance.battery.rescue import rescuing
from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.model import (
    SAFE,
    BeatTest,
    BlackStart,
    CapPower,
    Decision,
    Effect,
    EndBackupTest,
    EndTest,
    ForceOutput,
    GoToMode,
    GoToState,
    HoldPower,
    Request,
    ResetErrors,
    ResetEstop,
    SetPower,
    SleepBattery,
    Snapshot,
    StartTest,
    State,
    StepTo,
    TryBackup,
    TryMode,
    Want,
)
from appliance.recall import starting_memory
from appliance.statemachine.states import STATES
from appliance.store import Durable
from appliance.watches.battery import BatteryWatch
from appliance.watches.grid import GridWatch
from appliance.watches.stillness import Stillness
from tests.model.asking import any_request
from tests.model.observer import BrokenPromiseError, Observer
from tests.model.plant import WHIMS, Plant
from tests.model.sites import SITES, site_of
from tests.model.troubles import NAMED, Trouble, any_trouble
from tests.stories import NOON

KEPT: Final = 12
"""So many of the last things that happened are told when a promise is broken."""


@dataclass
class Seen:
    """Where walks have been."""

    steps: int = 0
    states: Counter[str] = field(default_factory=Counter)
    with_power: int = 0
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[int] = field(default_factory=Counter)
    granted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    bindings: Counter[str] = field(default_factory=Counter)


class Box:
    """One box on one site, and all that may happen to it."""

    def __init__(self, site_name: str, been: Seen | None = None) -> None:
        self.been = been if been is not None else Seen()
        self.site = site_of(site_name)
        self.rng = Random(0)
        self.now_s, self.utc = 100.0, NOON
        self.observer = Observer(self.site)
        self.observer.transitions = self.been.transitions
        self.plant = Plant(self.site, self.rng)
        self.troubles: list[Trouble] = []
        self.asked = 0
        self.told: list[str] = [f"site {site_name}"]
        self.decided: Decision | None = None
        self._start()
        self.cycle.memory = msgspec.structs.replace(self.cycle.memory, state_since_s=self.now_s)

    def _start(self) -> None:
        modes, titles = build_modes(self.site)
        self.cycle = Cycle(self.site, modes, titles)
        self._titles = titles
        self._watches()

    def _watches(self) -> None:
        self.battery_watch = BatteryWatch()
        self.stillness = Stillness(self.site.meters["grid"].max_age_s)
        code = self.site.grid_code
        watched = code is not None or self.site.backup is not None
        self.grid_watch = GridWatch(code, self.site.grid) if watched else None

    def tick(self, passed_s: float, *requests: Request) -> Decision:
        """One cycle."""
        self.now_s += passed_s
        self.utc += timedelta(seconds=passed_s)
        memory = self.cycle.memory
        self.plant.follow(memory.commanded, passed_s)
        seen = Snapshot(
            now_s=self.now_s, utc=self.utc, requests=requests, memory=memory,
            **self.plant.readings(),  # type: ignore[arg-type]
        )  # fmt: skip
        if self.troubles:
            self.troubles = [one for one in self.troubles if one.until_s > self.now_s]
            for one in self.troubles:
                seen = one.bend(seen)
        seen = self.battery_watch.look(self.stillness.freeze_out(seen))
        if self.grid_watch is not None:
            seen = self.grid_watch.look(seen)
        decided: Decision | None = None
        try:
            decided = self.cycle.step(seen)
            self.observer.watch(seen, decided, memory, rescuing(self.cycle.memory))
        except Exception as broken:
            raise BrokenPromiseError(self._story(broken, seen, decided)) from broken
        self._count(seen, decided)
        self.decided = decided
        return decided

    def _story(self, broken: Exception, seen: Snapshot, decided: Decision | None) -> str:
        """What was broken, and all that led to it."""
        lines = [f"{type(broken).__name__}: {broken}", *self.told[-KEPT:]]
        lines.append(f"troubles: {[one.name for one in self.troubles]}, whims: {self.plant.whims}")
        lines += [str(msgspec.structs.replace(seen, memory=None)), str(decided)]
        return "\n  ".join(lines)

    def _count(self, seen: Snapshot, decided: Decision) -> None:
        been = self.been
        been.steps += 1
        been.states[decided.state] += 1
        been.with_power += decided.setpoints.power_w != 0.0
        if decided.limits.binding is not None:
            been.bindings[decided.limits.binding] += 1
        before = self.decided
        if decided.errors and (before is None or decided.errors is not before.errors):
            been.errors.update({error.number for error in decided.errors})
        for request, answer in zip(seen.requests, decided.answers, strict=True):
            (been.granted if answer.ok else been.refused)[type(request.want).__name__] += 1

    def tell(self, *what: object) -> None:
        """Remember what happened, for the story of a broken promise."""
        self.told.append(f"{self.now_s:.2f} " + " ".join(str(one) for one in what))
        del self.told[:-KEPT]

    def ask(self, *wants: Want, source: str = "ctl") -> Decision:
        """Ask, all in one cycle."""
        self.tell("asked", source, *wants)
        numbers = range(self.asked, self.asked + len(wants))
        self.asked += len(wants)
        made = [Request(f"r{n}", source, want) for n, want in zip(numbers, wants, strict=True)]
        return self.tick(0.1, *made)

    # What may happen. Each is one rule.

    def time_passes(self, rng: Random) -> None:
        """Quietly, in the usual steps."""
        for _ in range(rng.choice([1, 3, 10, 25])):
            self.tick(0.1)

    def time_jumps(self, rng: Random) -> None:
        """The loop is late, or the box was suspended."""
        passed_s = rng.choice([0.0, 0.02, 0.5, 1.1, 3.5, 12.0, 31.0, 70.0, 310.0, 4_000.0])
        self.tell("passes", passed_s)
        self.tick(passed_s)

    def hours_pass(self, rng: Random) -> None:
        """In steps of seconds."""
        step_s = rng.choice([0.9, 5.0, 20.0])
        self.tell("20 steps of", step_s)
        self._tick_on(20, step_s)

    def wall_clock_jumps(self, rng: Random) -> None:
        """Forward or back."""
        day = rng.choice([NOON, datetime(1971, 1, 1, tzinfo=NOON.tzinfo), self.utc])
        self.utc = day + timedelta(seconds=rng.choice([-90_000.0, -1.0, 0.0, 3_600.0]))
        self.tick(0.1)

    def weather(self, rng: Random) -> None:
        """House, sun and grid."""
        plant = self.plant
        plant.load_w = rng.choice([0.0, 300.0, 2_000.0, 9_000.0, 25_000.0])
        plant.pv_w = rng.choice([0.0, 0.0, 800.0, 5_000.0, 24_000.0])
        plant.hertz = rng.choice([50.0, 50.0, 50.0, 50.0, 49.95, 49.7, 50.3, 47.2, 51.8])
        plant.volts = rng.choice([230.0, 230.0, 230.0, 231.0, 180.0, 262.0, 90.0, 2.0])
        plant.cell_c = rng.choice([22.0, 22.0, 22.0, 0.0, 47.0, 55.0])
        self.tell("weather", plant.load_w, plant.pv_w, plant.hertz, plant.volts, plant.cell_c)
        self.tick(0.1)

    def charge_changes(self, rng: Random) -> None:
        """The battery is another one, or hours have passed."""
        self.plant.soc_pct = rng.choice([0.0, 4.0, 9.5, 10.4, 11.5, 50.0, 70.0, 98.7, 99.9, 100.0])
        self.tell("soc", self.plant.soc_pct)
        self.tick(0.1)

    def trouble_comes(self, rng: Random) -> None:
        """For a while."""
        self.troubles.append(any_trouble(self.now_s, rng))
        self.tell("trouble", self.troubles[-1].name, "until", self.troubles[-1].until_s)
        self.tick(0.1)

    def plant_disobeys(self, rng: Random) -> None:
        """Until somebody mends it."""
        whim = rng.choice(WHIMS)
        self.plant.whims.add(whim)
        self.tell("whim", whim)
        self.tick(0.1)

    def plant_obeys(self, _rng: Random) -> None:
        """Mended."""
        self.plant.whims.clear()
        self.troubles.clear()
        self.tick(0.1)

    def estop(self, rng: Random) -> None:
        """Pressed or released."""
        self.plant.estop = rng.random() < 0.5
        self.tell("estop", self.plant.estop)
        self.tick(0.1)

    def somebody_asks(self, rng: Random) -> None:
        """For anything at all, up to three at once."""
        made = [
            any_request(self.asked + n, self.site, rng) for n in range(rng.choice([1, 1, 2, 3]))
        ]
        self.asked += len(made)
        self.tell("asked", *made)
        self.tick(rng.choice([0.0, 0.1]), *made)

    def somebody_asks_for_power(self, rng: Random) -> None:
        """In the proper way."""
        most_w = self.site.inverter.max_charge_w
        power_w = rng.choice([-1.0, 1.0, -0.3, 0.3]) * most_w
        self.ask(GoToMode("local_control"), SetPower(power_w, rng.choice([5.0, 3_600.0])))

    def somebody_asks_for_a_state(self, rng: Random) -> None:
        """In the proper way."""
        goals = [State.RUN, State.IDLE, State.IDLE, State.MAINTENANCE, State.RESTART, State.REBOOT]
        self.ask(GoToState(rng.choice(goals)), source=rng.choice(["touchscreen", "cloud"]))

    def it_rests_and_sleeps(self, rng: Random) -> None:
        """By request or by itself, and wakes again, or does not."""
        self.tell("rests")
        self.ask(GoToState(State.IDLE))
        self._tick_on(6, 1.5)
        if rng.random() < 0.5:
            self.ask(SleepBattery(True))
        self._tick_on(8, 20.0)
        if rng.random() < 0.4:
            self.plant.whims.add("will not wake")
        wants: list[Want] = [GoToState(State.RUN), SleepBattery(False)]
        self.ask(rng.choice(wants))
        if rng.random() < 0.3:
            self.core_restarts(rng)
        self._tick_on(12, 1.0)
        if rng.random() < 0.3:
            self.somebody_asks_for_a_state(rng)
        self._tick_on(6, 5.0)
        self.plant.whims.discard("will not wake")

    def _tick_on(self, ticks: int, passed_s: float) -> None:
        for _ in range(ticks):
            self.tick(passed_s)

    def it_is_empty(self, rng: Random) -> None:
        """It sleeps until there is sun, or must be rescued."""
        self.tell("empty")
        plant = self.plant
        plant.soc_pct, plant.pv_w, plant.load_w = rng.choice([10.2, 4.0, 2.5]), 0.0, 900.0
        self._tick_on(20, 20.0)
        plant.pv_w = rng.choice([0.0, 4_000.0])
        self._tick_on(10, 3.0)

    def it_opens_under_load(self, rng: Random) -> None:
        """Current flows on, and the contactors must open: by and by, within a second, at once."""
        self.plant.whims.add(rng.choice(["current leaks", "inverter runs on"]))
        wrong = rng.choice(["cell over", "emergency stop", "battery in fault"])
        self.tell("opens under load:", wrong)
        if wrong == "emergency stop":
            self.plant.estop = True
        else:
            self.troubles.append(Trouble(wrong, NAMED[wrong], self.now_s + 4.0))
        self._tick_on(50, 0.1)
        self.plant.whims.clear()
        self.plant.estop = False
        self.ask(ResetEstop(), ResetErrors(), *rng.choice([(), (GoToState(State.RUN),)]))

    def something_lasts(self, rng: Random) -> None:
        """One trouble, long enough for the slowest error."""
        trouble = any_trouble(self.now_s, rng)
        self.troubles = [Trouble(trouble.name, trouble.bend, self.now_s + 100.0)]
        self.tell("lasts:", trouble.name)
        self._tick_on(18, 5.0)

    def somebody_tests(self, rng: Random) -> None:
        """In the proper way: from maintenance, up by hand, perhaps to a power."""
        self.tell("somebody tests the box")
        self.ask(GoToState(State.MAINTENANCE))
        self._tick_on(12, 1.0)
        self._ask_as_tester(StartTest(rng.choice([5.0, 600.0])))
        for wanted in (State.INIT, State.PRECHARGE, State.STARTING, State.RUN):
            self._ask_as_tester(StepTo(wanted))
            self._tick_on(rng.choice([1, 4]), 1.0)
        wants: list[Want] = [HoldPower(900.0, 60.0), TryMode("self_consumption")]
        self._ask_as_tester(rng.choice(wants))
        self._ask_as_tester(ForceOutput("led_run", 100.0, 30.0))
        for _ in range(20):
            self.tick(rng.choice([0.1, 1.0]))
        ends: list[Want] = [BeatTest(), EndTest()]
        self._ask_as_tester(rng.choice(ends))

    def _ask_as_tester(self, want: Want) -> None:
        self.asked += 1
        self.tell("tester", want)
        self.tick(0.1, Request(f"r{self.asked}", "ctl", want, key="mine"))

    def the_grid_goes(self, rng: Random) -> None:
        """For a while; before, or while, somebody starts the box, or something else happens."""
        self.tell("the grid goes")
        plant = self.plant
        volts, plant.volts = plant.volts, 2.0
        self._tick_on(rng.choice([2, 15]), 0.1)
        if rng.random() < 0.4:
            self.ask(BlackStart(), source=rng.choice(["ctl", "button", "cloud"]))
        self._tick_on(30, rng.choice([0.2, 0.5, 1.0]))
        plant.load_w = rng.choice([300.0, 2_500.0, 3_500.0, 9_000.0])
        self._tick_on(rng.choice([3, 20]), 0.5)
        if rng.random() < 0.3:
            plant.whims.add(rng.choice(["island switch sticks", "makes no grid"]))
        plant.volts, plant.hertz = (230.0 if volts < 46.0 else volts), 50.0
        self._tick_on(40, 0.5)

    def somebody_tests_the_backup(self, rng: Random) -> None:
        """From a box that runs."""
        self.plant.load_w = 900.0
        self.ask(TryBackup(rng.choice([2.0, 10.0, 30.0])))
        self._tick_on(rng.choice([5, 40]), 0.5)
        if rng.random() < 0.3:
            self.ask(EndBackupTest())
        self._tick_on(20, 0.5)

    def somebody_comes(self, _rng: Random) -> None:
        """Mends the plant, resets what is latched, starts it."""
        plant = self.plant
        self.tell("somebody comes")
        plant.whims.clear()
        self.troubles.clear()
        plant.estop, plant.hertz, plant.volts, plant.cell_c = False, 50.0, 230.0, 22.0
        plant.load_w, plant.pv_w = 2_500.0, 0.0
        plant.soc_pct = min(95.0, max(12.0, plant.soc_pct))
        self._tick_on(10, 7.0)
        self.ask(ResetEstop(), ResetErrors(), CapPower(), GoToState(State.RUN))
        self.ask(GoToMode("self_consumption"))
        self._tick_on(40, 0.4)

    def core_crashes(self, _rng: Random) -> None:
        """The loop goes on with a fresh start, as control_loop does; drivers were safe meanwhile."""
        self.tell("the loop crashes")
        memory = self.cycle.memory
        asleep = memory.commanded.battery_asleep
        fresh = msgspec.structs.replace(
            memory, state=State.INIT, state_since_s=self.now_s, commanded=SAFE, manual=None
        )
        if asleep:
            fresh = msgspec.structs.replace(fresh, waking=True, woken_at_s=self.now_s)
        self.cycle.memory = fresh
        self.observer.forget()
        self.tick(0.1)

    def core_restarts(self, _rng: Random) -> None:
        """Another process goes on from what was remembered."""
        self.tell("the core is started again")
        decided = self.decided
        durable = Durable()
        if decided is not None:
            goal = decided.goal
            durable = Durable(
                mode=decided.mode,
                mode_by=decided.mode_by,
                goal=State.RUN if goal in (State.RESTART, State.REBOOT) else goal,
                latched=tuple(
                    error
                    for error in decided.errors
                    if error.latched or Effect.EMERGENCY_STOP in error.effects
                ),
            )
        latched = {(error.number, error.source_name) for error in durable.latched}
        self._start()
        self.plant.follow(SAFE, 5.0)
        self.cycle.adopt(starting_memory(durable, self.site, set(self._titles), self.now_s))
        self.observer.forget()
        now = self.tick(0.1)
        raised = {(error.number, error.source_name) for error in now.errors}
        if not latched <= raised:
            raise BrokenPromiseError(f"forgotten over a restart: {latched - raised}")

    def what_starts_it(self, rng: Random) -> None:
        """In RESTART and REBOOT: it is started again, mostly."""
        if self.decided is None or not STATES[self.decided.state].ends_process:
            return
        if rng.random() < 0.7:
            self.core_restarts(rng)
        else:
            self._tick_on(8, 5.0)


Rule = Callable[[Box, Random], None]
# fmt: off
RULES: Final[tuple[tuple[Rule, int], ...]] = (
    (Box.time_passes, 44), (Box.time_jumps, 6), (Box.hours_pass, 4), (Box.wall_clock_jumps, 1),
    (Box.weather, 8), (Box.charge_changes, 2), (Box.trouble_comes, 12), (Box.plant_disobeys, 3),
    (Box.plant_obeys, 8), (Box.estop, 1), (Box.somebody_asks, 10), (Box.somebody_asks_for_power, 4),
    (Box.somebody_asks_for_a_state, 3), (Box.somebody_comes, 9), (Box.core_crashes, 1),
    (Box.core_restarts, 1), (Box.what_starts_it, 3), (Box.somebody_tests, 1), (Box.something_lasts, 4),
    (Box.the_grid_goes, 2), (Box.somebody_tests_the_backup, 1),
    (Box.it_opens_under_load, 1), (Box.it_rests_and_sleeps, 1), (Box.it_is_empty, 1),
)
# fmt: on
RULES_PER_BOX: Final = 250


def walk(steps: int, seed: int, been: Seen | None = None) -> Seen:
    """At least so many cycles, on all sites in turn; the same seed makes the same walk."""
    been = been if been is not None else Seen()
    rng = Random(seed)
    rules, weights = zip(*RULES, strict=True)
    names, turn = tuple(SITES), 0
    end = been.steps + steps
    while been.steps < end:
        box = Box(names[turn % len(names)], been)
        turn += 1
        for rule in rng.choices(rules, weights, k=RULES_PER_BOX):
            if been.steps >= end:
                break
            rule(box, rng)
    return been
