"""Which racks stay apart? One that is faulty leaves; one joins only where its voltage fits.

Two racks of different voltage drive a current through each other that nothing limits but their
resistance. So racks begin as the largest group whose voltages fit (of two equally large groups the
lower one, which charging brings up to the others), and the others join when they have met.

Under load the voltages of joined racks sag, and what counts is their difference and the current when
the contactor closes. So a rack that is ready and waits for a low current has power held low for a
moment (limit "a rack joins"), and it is held low until the contactor has closed.

An open rack with a destroyed cell leaves like a faulty one; one of whose cells nobody knows joins nobody.
A closed one is opened with the whole battery, by its own errors: not alone, and not at a single reading.

One that leaves while it carries current is not torn off: power falls first, it is told to open once its own
current is low or after a short while, and power stays away until it has opened.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from appliance.battery.admission import beyond, recovered, unfit
from appliance.battery.leaving import let_fall
from appliance.errors.battery import is_bad
from appliance.model import (
    BatteryReading,
    BatteryState,
    Memory,
    RackApart,
    RackPause,
    RackReading,
    Snapshot,
    State,
)
from appliance.site import SiteSettings

Apart = dict[int, RackApart]
PAUSE_S: Final = 30.0
"""Power is held low no longer than this."""
CLOSING_S: Final = 10.0
"""So much of it is left for the contactor."""
ASK_AFTER_S: Final = 60.0
"""A rack that is ready waits so long for a low current that comes by itself."""
ASK_AGAIN_S: Final = 600.0
SAG_PER_C: Final = 0.06
"""Of its voltage a rack sags at most, when it is emptied in one hour (LFP, cold)."""
SUSPECT: Final = "had a cell beyond its limits"
TOLD_S: Final = 10.0
"""The words for why a rack is out stay at least so long."""


class Joining:
    """Remembers which racks were connected and for how long, to see those that leave."""

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self._settings = site.battery.joining
        self._joined: set[int] = set()
        self._left: dict[int, tuple[int, float]] = {}
        """How often in a row a rack has left, and when it last joined."""
        self.suspects: tuple[int, ...] = ()
        """Beside: racks with a cell that was beyond its limits while they were open."""
        self._told: dict[int, tuple[str, float]] = {}
        self._rack_wh = site.battery.capacity_wh / site.battery.racks
        self.pause: RackPause | None = None
        """What `apart` decided beside: power is held low for a rack that joins."""

    def apart(self, seen: Snapshot, memory: Memory) -> tuple[RackApart, ...]:
        """The racks that stay disconnected, by number. Never all of them."""
        battery = seen.battery
        self.pause, self.suspects = memory.rack_pause, memory.racks_suspect
        if battery is None or len(battery.racks) < 2:
            return memory.racks_apart
        if all(is_bad(rack) for rack in battery.racks):
            return (
                memory.racks_apart
            )  # The whole battery is silent or at fault: no rack has left it.
        apart: Apart = {one.rack: one for one in memory.racks_apart}
        for rack in battery.racks:
            self._look(rack, self._connected(battery, memory), apart, seen.now_s)
        carries = memory.commanded.contactors_closed
        if carries or any(rack.contactors_closed for rack in battery.racks):
            self._see_it_close(battery, apart, seen.now_s)
            let_fall(battery, apart, memory, seen.now_s)
            if all(one.opens_s is None for one in apart.values()):
                self._let_one_join(seen, battery, apart, memory.state)
        else:
            let_fall(battery, apart, memory, seen.now_s)
            self._group(battery, apart, seen.now_s)
        if len(apart) == len(battery.racks):
            return memory.racks_apart  # the battery as a whole is at fault
        return tuple([self._telling(apart[one], battery, apart, seen) for one in sorted(apart)])

    def _connected(self, battery: BatteryReading, memory: Memory) -> bool:
        return battery.state is BatteryState.CONNECTED and memory.commanded.contactors_closed

    def _look(self, rack: RackReading, connected: bool, apart: Apart, now_s: float) -> None:
        """Send a rack away that is bad, or has opened by itself."""
        number, before = rack.rack, apart.get(rack.rack)
        opened = connected and number in self._joined and rack.contactors_closed is False
        destroyed = not rack.contactors_closed and beyond(rack, self._site) != ""
        if destroyed and number not in self.suspects:
            self.suspects = tuple(sorted((*self.suspects, number)))
        elif not destroyed and number in self.suspects and recovered(rack, self._site):
            self.suspects = tuple([one for one in self.suspects if one != number])
        if is_bad(rack) or destroyed or (opened and before is None):
            times = before.times if before else 0
            if not times:
                times = self._count(number, now_s)
            since_s = before.since_s if before else now_s
            apart[number] = RackApart(number, since_s, now_s + self._rest_s(times), times)
        if rack.contactors_closed and number not in apart:
            self._joined.add(number)
        elif not rack.contactors_closed:
            self._joined.discard(number)

    def _count(self, number: int, now_s: float) -> int:
        times, joined_at_s = self._left.get(number, (0, now_s))
        ran_well = now_s - joined_at_s > self._settings.longest_back_off_s
        times = 1 if ran_well else times + 1
        self._left[number] = (times, now_s)
        return times

    def _rest_s(self, times: int) -> float:
        settings = self._settings
        return min(settings.longest_back_off_s, settings.back_off_s * 2.0 ** min(20, times - 1))

    def _group(self, battery: BatteryReading, apart: Apart, now_s: float) -> None:
        """All are open: who begins together."""
        rested = {rack.rack: rack.voltage_v for rack in self._fit(battery, apart, now_s)}
        known = {number: volts for number, volts in rested.items() if volts is not None}
        if not known:
            # Nobody tells a voltage: the BMS joins them by itself.
            for number in rested:
                apart.pop(number, None)
            return
        first = self._largest(known.values())
        for number in rested:
            volts = known.get(number)
            if volts is not None and first <= volts <= first + self._settings.window_v:
                apart.pop(number, None)
            elif number not in apart:
                apart[number] = RackApart(number, now_s, now_s)

    def _fit(self, battery: BatteryReading, apart: Apart, now_s: float) -> list[RackReading]:
        """Those that may begin; the others are kept apart."""
        sound = [
            rack
            for rack in battery.racks
            if not is_bad(rack) and not _resting(apart.get(rack.rack), now_s)
        ]
        fit = [rack for rack in sound if not self._ails(rack, battery)]
        if not fit:
            return sound  # nothing is known of any cell: other rows judge that
        for rack in sound:
            if rack not in fit and rack.rack not in apart:
                apart[rack.rack] = RackApart(rack.rack, now_s, now_s)
        return fit

    def _ails(self, rack: RackReading, battery: BatteryReading) -> str:
        """Why its cells forbid that it joins, in words; "" when they do not."""
        return unfit(rack, battery, self._site) or (SUSPECT if rack.rack in self.suspects else "")

    def _largest(self, volts: Iterable[float]) -> float:
        """The lowest voltage of the largest group that fits; of equal ones the lower group."""
        ordered = sorted(volts)
        window_v = self._settings.window_v
        return max(
            ordered,
            key=lambda low: (sum(low <= other <= low + window_v for other in ordered), -low),
        )

    def _see_it_close(self, battery: BatteryReading, apart: Apart, now_s: float) -> None:
        """The pause ends when the rack has closed; one that has not in time is called back."""
        pause = self.pause
        if pause is None or pause.rack is None:
            return
        number = pause.rack
        closed = any(one.rack == number and one.contactors_closed for one in battery.racks)
        if not closed and number not in apart:
            if now_s < pause.until_s:
                return
            times = self._count(number, now_s)
            apart[number] = RackApart(number, now_s, now_s + self._rest_s(times), times)
        self.pause = RackPause(min(now_s, pause.until_s), None, pause.asked_at_s)

    def _let_one_join(
        self, seen: Snapshot, battery: BatteryReading, apart: Apart, state: State
    ) -> None:
        """One at a time, at a low current, the one that fits best."""
        mean_v, current_a, now_s = _mean_v(battery, apart), battery.current_a, seen.now_s
        if current_a is None or mean_v is None:
            return
        if any(one.contactors_closed is False for one in battery.racks if one.rack not in apart):
            return  # another one is on its way
        ready = {
            rack.rack: rack.voltage_v
            for rack in battery.racks
            if rack.rack in apart
            and rack.voltage_v is not None
            and not is_bad(rack)
            and not _resting(apart[rack.rack], now_s)
            and not self._ails(rack, battery)
        }
        if abs(current_a) <= self._settings.current_a:
            self._let_in(
                [
                    (abs(volts - mean_v), number)
                    for number, volts in ready.items()
                    if self._fits(volts, mean_v, seen, 0.0)
                ],
                apart,
                now_s,
            )
            return
        sag_v = self._sag_v(battery, apart, mean_v)
        if state is State.RUN and any(
            now_s >= apart[number].not_before_s + ASK_AFTER_S
            and self._fits(volts, mean_v, seen, sag_v)
            for number, volts in ready.items()
        ):
            self._ask(now_s)

    def _let_in(self, fitting: list[tuple[float, int]], apart: Apart, now_s: float) -> None:
        pause = self.pause
        runs = pause is not None and now_s < pause.until_s
        if not fitting or (runs and pause is not None and pause.until_s - now_s < CLOSING_S):
            return
        _difference_v, number = min(fitting)
        del apart[number]
        times, _joined_at_s = self._left.get(number, (0, 0.0))
        self._left[number] = (times, now_s)
        until_s = pause.until_s if runs and pause is not None else now_s + PAUSE_S
        self.pause = RackPause(until_s, number, None if pause is None else pause.asked_at_s)

    def _ask(self, now_s: float) -> None:
        asked_at_s = None if self.pause is None else self.pause.asked_at_s
        if asked_at_s is None or now_s - asked_at_s >= ASK_AGAIN_S:
            self.pause = RackPause(now_s + PAUSE_S, None, now_s)

    def _sag_v(self, battery: BatteryReading, apart: Apart, mean_v: float) -> float:
        """How much higher (+, while discharging) the joined racks may be without their current."""
        joined_ah = (len(battery.racks) - len(apart)) * self._rack_wh / mean_v
        if not joined_ah > 0.0:
            return 0.0  # none is joined, or the voltage is absurd: nothing is explained by a sag
        return SAG_PER_C * mean_v * (battery.current_a or 0.0) / joined_ah

    def _fits(self, volts: float, mean_v: float, seen: Snapshot, sag_v: float) -> bool:
        dc_v = None if seen.inverter is None else seen.inverter.dc_voltage_v
        if _beyond(volts - mean_v, sag_v) > self._settings.window_v:
            return False
        return dc_v is None or _beyond(volts - dc_v, sag_v) <= self._settings.dc_window_v

    def _telling(
        self, one: RackApart, battery: BatteryReading, apart: Apart, seen: Snapshot
    ) -> RackApart:
        """With the words for why it is out."""
        words, since_s = self._told.get(one.rack, ("", -TOLD_S))
        now_s = seen.now_s
        if now_s - since_s >= TOLD_S or not one.waits:
            newest = self._waits(one, battery, apart, seen)
            if newest != words:
                self._told[one.rack] = (newest, now_s)
            words = newest
        return one if words == one.waits else msgspec.structs.replace(one, waits=words)

    def _waits(self, one: RackApart, battery: BatteryReading, apart: Apart, seen: Snapshot) -> str:
        rack = next((rack for rack in battery.racks if rack.rack == one.rack), None)
        if rack is None or rack.silent:
            return "is not heard"
        if is_bad(rack):
            return ", ".join(rack.faults)
        ails = self._ails(rack, battery)
        if ails:
            return ails
        if _resting(one, seen.now_s):
            return "rests before it joins again"
        mean_v = _mean_v(battery, apart)
        if rack.voltage_v is None or mean_v is None:
            return "waits for voltages to compare"
        if not self._fits(rack.voltage_v, mean_v, seen, self._sag_v(battery, apart, mean_v)):
            return "waits until its voltage fits"
        return "waits for a low current"


def _mean_v(battery: BatteryReading, apart: Apart) -> float | None:
    """Of the joined racks."""
    joined_v = [
        rack.voltage_v
        for rack in battery.racks
        if rack.rack not in apart and rack.voltage_v is not None
    ]
    return sum(joined_v) / len(joined_v) if joined_v and sum(joined_v) > 0.0 else None


def _beyond(difference_v: float, sag_v: float) -> float:
    """What of a difference in voltage a sag does not explain."""
    explained_v = min(max(difference_v, min(0.0, sag_v)), max(0.0, sag_v))
    return abs(difference_v - explained_v)


def _resting(one: RackApart | None, now_s: float) -> bool:
    return one is not None and now_s < one.not_before_s
