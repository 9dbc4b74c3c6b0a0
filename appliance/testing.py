"""A test of the box: what it wishes while it lasts, which outputs it may hold, when it ends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from appliance.model import STOPS, ForcedActuator, Memory, RunningTest, Snapshot, Wish
from appliance.site import SiteSettings, lacks

SILENT_S: Final = 10.0
"""Whoever tests is gone when nothing was heard for so long."""
TITLE: Final = "The test"


class Output(StrEnum):
    """Kinds of outputs a test may hold. None of them can move the battery's power."""

    CLIMATE = "fan or heater"
    LIGHT = "light"
    RELAY = "relay"
    BATTERY = "battery"


SLEEP, BALANCING = "battery_sleep", "balancing"


def outputs_of(site: SiteSettings) -> Mapping[str, Output]:
    """Every output of this site that a test may hold, by name. Relays that something drives are not among them."""
    climate, means = site.climate, site.battery.sleep
    driven = {means.relay} | (set() if climate is None else {name for _, name in climate.relays()})
    driven |= set() if site.backup is None else {name for _, name in site.backup.relays()}
    outputs = {name: Output.RELAY for name in site.relays if name not in driven}
    outputs |= {} if climate is None else dict.fromkeys(climate.actuators, Output.CLIMATE)
    outputs |= {f"led_{name}": Output.LIGHT for name in site.board.leds}
    if not lacks(site, "sleep"):
        outputs[SLEEP] = Output.BATTERY
    if not lacks(site, "cell_balance"):
        outputs[BALANCING] = Output.BATTERY
    return outputs


def without_test(memory: Memory, because: str) -> Memory:
    """The memory after the end of the test, if one runs: the box goes back to where it was."""
    if memory.test is None:
        return memory
    slept = any(one.actuator == SLEEP for one in memory.test.outputs)
    return msgspec.structs.replace(
        memory,
        test=None,
        goal=memory.test.returns_to,
        test_ended=because,
        asleep_until_s=0.0 if slept else memory.asleep_until_s,
    )


def look(memory: Memory, seen: Snapshot) -> Memory:
    """The memory without what has expired; `memory` with the errors raised now."""
    test = memory.test
    if test is None:
        return memory
    over = _over(test, memory, seen.now_s)
    if over:
        return without_test(memory, over)
    power = test.power
    outputs = tuple([one for one in test.outputs if seen.now_s < one.until_s])
    expired = power is not None and seen.now_s >= power.until_s
    if expired or len(outputs) != len(test.outputs):
        power = None if expired else power
        test = msgspec.structs.replace(test, power=power, outputs=outputs)
        memory = msgspec.structs.replace(memory, test=test)
    return memory


def _over(test: RunningTest, memory: Memory, now_s: float) -> str:
    """Why the test is over now; "" while it goes on."""
    stopping = next((e for e in memory.errors if not STOPS.isdisjoint(e.effects)), None)
    if stopping is not None:
        return f"error {stopping.number} {stopping.title}"
    if not now_s < test.until_s:
        return "its time is over"
    if not now_s - test.heard_s <= SILENT_S:
        return f"{test.by} was not heard for {SILENT_S:.0f} s"
    return ""


def forced_now(
    memory: Memory, forced: tuple[ForcedActuator, ...], site: SiteSettings
) -> tuple[ForcedActuator, ...]:
    """Fans and heaters that are held: `forced` by request, and over that by the test."""
    test = memory.test
    if test is None or not test.outputs or site.climate is None:
        return forced
    held = [one for one in test.outputs if one.actuator in site.climate.actuators]
    names = {one.actuator for one in held}
    return (*(one for one in forced if one.actuator not in names), *held)


def told(test: RunningTest | None, now_s: float) -> str:
    """How a sentence begins while a test runs."""
    return (
        "" if test is None else f"test by {test.by}, {max(0.0, test.until_s - now_s):.0f} s left: "
    )


class Rest:
    """What the box follows while a test runs that uses no mode: the power that was asked for, else 0 W."""

    def wish(self, seen: Snapshot, memory: Memory) -> Wish:
        """The asked power until it expires."""
        power = None if memory.test is None else memory.test.power
        if power is None:
            return Wish(0.0, "no power was asked for")
        return Wish(power.power_w, f"for another {power.until_s - seen.now_s:.0f} s")

    def wakes(self, _seen: Snapshot, _memory: Memory) -> bool:
        """Only by hand."""
        return False


REST: Final = Rest()
