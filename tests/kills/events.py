"""One event: what is killed or crashed, at which power, and what the pretend site saw of it."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from appliance.processes import look
from simulator.wire.control import Json
from tests.kills.box import Kept, KillBox

LOAD_W = 1_500.0
REST_W = 25.0
OBSERVED_S = 20.0
LOOK_S = 0.01
BACK_WITHIN_S = 5.0
SAFE_WITHIN_S = 1.0
TOLD = {601, 604, 606, 608}
"""A part restarts, the cloud is away, the disk is small, a count is high: told, and no reason to stop."""
PROCESSES = ("core", "core.parent", "gui", "cloud", "bootstrapper", "run")
ALL = ("core", "gui", "cloud")
Numbers = dict[str, int]
NEW_CORE = frozenset({"core", "core.parent", "bootstrapper", "run"})
"""With these the core dies, too; the bootstrapper runs only after a start of all, which its times begin with."""


@dataclass(frozen=True)
class Event:
    """What, and when: `after` calls into the clock for a thread, `pause_s` for a process."""

    number: int
    target: str
    pv_w: float
    pause_s: float
    after: int
    latched: bool = False

    @property
    def is_thread(self) -> bool:
        return self.target not in PROCESSES


@dataclass
class Outcome:
    """Seconds after the event; W and A as the pretend site had them."""

    event: Event
    power_w: float = 0.0
    stale_s: float = 0.0
    """Longest time in which power flowed and no command had reached the inverter."""
    rest_s: float | None = None
    """To no power; None: power went on, commanded all the time."""
    most_w: float = 0.0
    opened_at_a: float = 0.0
    """Current when contactors opened."""
    run_s: float | None = None
    """To state run, told by the core itself; to a told state where it was latched."""
    alive_s: float | None = None
    """To the process or thread living again."""
    carries_s: float | None = None
    """To half the power of before."""
    told: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)

    @property
    def safe_s(self) -> float:
        """At rest, or under a fresh command, from then on."""
        dies = self.event.target in NEW_CORE
        return self.rest_s if dies and self.rest_s is not None else self.stale_s

    @property
    def back_s(self) -> float | None:
        if self.run_s is None or self.alive_s is None:
            return None
        return max(self.run_s, self.alive_s)

    def mistakes(self) -> list[str]:
        """What was not as it has to be, in words; none is what is hoped for."""
        words = list(self.lost)
        if self.safe_s > SAFE_WITHIN_S:
            words.append(f"safe after {self.safe_s:.2f} s")
        if self.event.target in NEW_CORE and self.rest_s is None and not self.event.latched:
            words.append("no rest")
        if self.back_s is None or self.back_s > BACK_WITHIN_S:
            words.append(f"back after {self.back_s}")
        if self.most_w > 1.25 * max(abs(self.power_w), abs(LOAD_W - self.event.pv_w)) + 300.0:
            words.append(f"{self.most_w:.0f} W")
        return words


def happen(box: KillBox, event: Event) -> Outcome:
    """Break it, and look on until all is as before, or too much time has passed."""
    outcome = Outcome(event)
    before = box.kept()
    outcome.power_w = cast("float", box.truth()["battery_w"])
    time.sleep(event.pause_s)
    outcome.power_w = power_of(box.truth())
    old = numbers(box, event)
    at_s = break_it(box, event)
    observe(box, outcome, at_s, old)
    finish(box, outcome, before)
    return outcome


def break_it(box: KillBox, event: Event) -> float:
    """When it happened (time.monotonic)."""
    if event.is_thread:
        at_s = box.door.crash(event.target, event.after)
        assert at_s is not None, f"{event.target} did not crash\n{box.log_text()[-3000:]}"
        return at_s
    breaks: dict[str, Callable[[], object]] = {
        "run": box.kill_runner,
        "bootstrapper": box.kill_bootstrapper,
        "core.parent": lambda: os.kill(parent_of_core(box), signal.SIGKILL),
    }
    at_s = time.monotonic()
    breaks.get(event.target, lambda: box.kill(event.target))()
    return time.monotonic() if event.target == "bootstrapper" else at_s


def parent_of_core(box: KillBox) -> int:
    pid = int((box.run_folder / "core.lock").read_text())
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def power_of(truth: Json) -> float:
    return cast("float", truth["battery_w"])


def current_of(truth: Json) -> float:
    racks = cast("list[dict[str, float]]", truth["racks"])
    return max(abs(rack["current_a"]) for rack in racks)


def observe(box: KillBox, outcome: Outcome, at_s: float, old: Numbers) -> None:
    samples: list[tuple[float, float]] = []
    closed, amps, since_s = True, 0.0, at_s
    while (now_s := time.monotonic()) - at_s < OBSERVED_S:
        truth = box.truth()
        passed_s, power_w = time.monotonic() - at_s, power_of(truth)
        samples.append((passed_s + at_s, power_w))
        outcome.most_w = max(outcome.most_w, abs(power_w))
        if abs(power_w) < REST_W and outcome.rest_s is None and abs(outcome.power_w) > REST_W:
            outcome.rest_s = passed_s
        if closed and not truth["contactors_closed"]:
            outcome.opened_at_a = max(outcome.opened_at_a, amps)
        closed, amps = bool(truth["contactors_closed"]), current_of(truth)
        look_at_box(box, outcome, at_s, old)
        if is_over(outcome, power_w, passed_s):
            break
        time.sleep(max(0.0, LOOK_S - (time.monotonic() - now_s)))
    writes = [one.at_s for one in box.world.setpoints(since_s - 3.0)]
    outcome.stale_s = longest_stale(samples, writes)


def longest_stale(samples: list[tuple[float, float]], writes: list[float]) -> float:
    """Of all moments with power: the longest time since a command had reached the inverter."""
    worst, place = 0.0, 0
    for now_s, power_w in samples:
        while place + 1 < len(writes) and writes[place + 1] <= now_s:
            place += 1
        if abs(power_w) > REST_W and writes and writes[place] <= now_s:
            worst = max(worst, now_s - writes[place])
    return worst


def look_at_box(box: KillBox, outcome: Outcome, at_s: float, old: Numbers) -> None:
    status = box.client.newest()
    passed_s = time.monotonic() - at_s
    new = outcome.event.target in NEW_CORE
    if status is not None and not (new and status.uptime_s > passed_s + 0.2):
        outcome.told |= {error.number for error in status.decision.errors}
        wanted = "error" if outcome.event.latched else "run"
        settled = passed_s > 0.5 or new
        if settled and outcome.run_s is None and status.decision.state == wanted:
            outcome.run_s = passed_s
        if status.decision.state != wanted and not outcome.event.latched:
            outcome.run_s = None
    if outcome.alive_s is None:
        new_ones = numbers(box, outcome.event)
        again = bool(new_ones) and all(new_ones.get(name) not in (None, old[name]) for name in old)
        outcome.alive_s = passed_s if again else None


def numbers(box: KillBox, event: Event) -> Numbers:
    """Who must live again under another number: the kernel's numbers of thread or processes now."""
    if event.is_thread:
        return {name: one for name, one in box.door.alive().items() if name == event.target}
    several = {"core.parent": ("core",), "run": ALL, "bootstrapper": ALL}
    wanted = several.get(event.target, (event.target,))
    return {
        one.name: one.pid
        for one in look(box.run_folder)
        if one.name in wanted and one.alive and one.pid is not None
    }


def is_over(outcome: Outcome, power_w: float, passed_s: float) -> bool:
    if outcome.run_s is None or outcome.alive_s is None or passed_s < 2.0:
        return False
    if outcome.event.latched:
        return True
    if outcome.carries_s is None and abs(power_w) >= 0.5 * abs(outcome.power_w):
        outcome.carries_s = passed_s
    return outcome.carries_s is not None


def finish(box: KillBox, outcome: Outcome, before: Kept) -> None:
    """What must not be lost is looked for when the core answers again."""
    box.wait(bool, 20.0, "an answer")
    outcome.lost += before.lost(box.kept())
    if not box.store_is_whole():
        outcome.lost.append("the store is corrupt")
