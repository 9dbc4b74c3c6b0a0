"""One scenario from beginning to end: the moment, the fault, the second fault, its end, and the way back."""

import time
from collections.abc import Callable
from functools import partial

from appliance.model import GoToState, State
from simulator.wire import plugs
from tests.chaos import rows
from tests.chaos.decode import CLOSE
from tests.chaos.doing import LASTS_S, Doing
from tests.chaos.judge import BACK_S
from tests.chaos.rows import Scenario
from tests.chaos.seen import Seen, Times
from tests.chaos.steer import MOMENT_S, ChaosBox

HOLD_S, LOOK_ON_S, AFTER_RELEASE_S = 1.0, 3.0, 1.5
BACK_SHARE = 0.5
PASSING_S = 0.8
LASTING = (rows.RESTS, rows.LATCHES)
AWAY_S = {"meter.grid": 1.5, "core": 0.3}
"""These take power and leave contactors closed: the box waits at zero (so long that 301 is raised), or a new core is
there before the BMS opens. Away is zero power for so long."""
LATCHES_S, RESET_EVERY_S, HANDS_S = 20.0, 5.0, 60.0
"""Not back by then: it waits for somebody, who tries again; some dangers have to be gone for a minute."""
STEADY_S, STEADY_WITHIN_S, STEADY_SHARE = 0.6, 8.0, 0.8


class Play:
    """Plays scenarios in a box."""

    def __init__(self, box: ChaosBox, row: Scenario) -> None:
        self.box, self.row = box, row
        self.sign = -1 if row.moment in (rows.CHARGING, rows.NEAR_FULL) else 1
        self.fault = Doing(box, row.fault)
        self.second = None if row.second is None else Doing(box, row.second)
        self.before: Doing | None = None
        """An error that is there already."""

    def play(self) -> Seen:
        """All of it. Raises NotReachedError."""
        box, row = self.box, self.row
        soc = {rows.NEAR_EMPTY: 11.2, rows.NEAR_FULL: 98.2}.get(row.moment)
        box.settle(self.sign, soc)
        began_s = time.monotonic()
        del box.heard[:-50]
        box.eyes.forget(began_s - 1.0)
        MOMENTS[row.moment](self)
        times = self._suffer()
        self._wait_back(times)
        times.end_s = time.monotonic()
        return Seen(row, list(box.eyes.samples), list(box.heard), times)

    # ------------------------------------------------------------ the fault

    def _suffer(self) -> Times:
        """From the fault until it is gone."""
        now = self.box.eyes.newest
        times = Times(time.monotonic(), flowed_w=now.battery_w)
        self.fault.make()
        if self.second is not None:
            self.second.make()
        self._until_zero(times)
        self._lasting(times)
        if self.before is not None:
            self.before.unmake()
            time.sleep(8.0)  # what it was before has cleared and settled by now
        for doing in filter(None, (self.fault, self.second)):
            doing.unmake()
        times.mended_s = time.monotonic()
        if self.row.kind == rows.LATCHES:
            time.sleep(AFTER_RELEASE_S)
            times.reset_s = time.monotonic()
            self.box.reset()
        return times

    def _until_zero(self, times: Times) -> None:
        bound, box = self.row.bound, self.box
        if bound is None or abs(times.flowed_w) < box.place.zero_w:
            return
        deadline_s = times.fault_s + bound.seconds + 1.0
        since_s: float | None = None
        while time.monotonic() < deadline_s:
            now = box.eyes.newest
            if abs(now.battery_w) >= box.place.zero_w:
                since_s = None
            elif since_s is None:
                since_s = now.at_s
            elif self.row.kind not in LASTING or now.at_s > since_s + PASSING_S:
                return  # what regulates may pass through zero
            time.sleep(0.02)

    def _lasting(self, times: Times) -> None:
        """A while with the fault."""
        kinds = {self.row.kind, self.row.fault.kind}
        faults = [self.row.fault.fault] + (
            [] if self.row.second is None else [self.row.second.fault]
        )
        least_s = max((LASTS_S.get(fault, 0.0) for fault in faults), default=0.0)
        hold_s = LOOK_ON_S if kinds & {rows.BLIND, rows.KEEPS, rows.GAP} else HOLD_S
        resting = self.row.moment in rows.RESTING or self.row.moment in (rows.STARTING, rows.WAKING)
        hold_s = max(hold_s, LOOK_ON_S if resting else 0.0)
        time.sleep(max(hold_s, times.fault_s + least_s - time.monotonic()))

    # ------------------------------------------------------------ the way back

    def _wait_back(self, times: Times) -> None:
        """Without hands; where rest was asked for, rest is what must be there."""
        box = self.box
        deadline_s = time.monotonic() + BACK_S * box.place.times
        if self.row.moment in rows.RESTING:
            time.sleep(LOOK_ON_S)
            times.back_s = time.monotonic()
            return
        if self.row.moment == rows.STOPPING:
            holds = self._is_down
        else:
            share = 0.2 if self.row.moment in (rows.NEAR_EMPTY, rows.NEAR_FULL) else BACK_SHARE
            holds = lambda: box.flows(self.sign, share)  # noqa: E731
        deadline_s += HANDS_S if self.row.fault.may_latch else 0.0
        latches_s = time.monotonic() + LATCHES_S
        while time.monotonic() < deadline_s:
            if holds():
                times.back_s = time.monotonic()
                return
            if self.row.fault.may_latch and time.monotonic() > latches_s:
                times.hands, times.reset_s = True, time.monotonic()
                latches_s += RESET_EVERY_S
                box.reset()
            time.sleep(0.02)

    def _is_down(self) -> bool:
        now = self.box.eyes.newest
        is_open = not now.connected or not self.box.place.contactors
        return is_open and abs(now.battery_w) < self.box.place.zero_w

    # ------------------------------------------------------------ moments

    def flowing(self) -> None:
        """Power flows already, and steadily."""
        box, since_s = self.box, time.monotonic()
        deadline_s = since_s + STEADY_WITHIN_S
        share = 0.2 if self.row.moment in (rows.NEAR_EMPTY, rows.NEAR_FULL) else STEADY_SHARE
        while time.monotonic() < min(deadline_s, since_s + STEADY_S):
            if not box.flows(self.sign, share):
                since_s = time.monotonic()
            time.sleep(0.02)
        # Without power a time to zero would mean nothing.
        box.until(lambda: box.flows(self.sign, 0.2), MOMENT_S, "power flows")

    def starting(self) -> None:
        """From rest, at the first request to close contactors."""
        box = self.box
        if self.row.fault.device == "core":
            self._starts_again()
            return
        box.rest(State.IDLE)
        asked_s = time.monotonic()
        box.ask(GoToState(State.RUN))
        if box.place.contactors:
            box.until(lambda: box.was_said(CLOSE, asked_s, True), MOMENT_S, "starting")

    def _starts_again(self) -> None:
        """After an error that is over: a wish to run of the last second would not outlive the core."""
        box = self.box
        box.world.plug("bms", plugs.SILENT)
        box.until(self._is_down, MOMENT_S, "down")
        time.sleep(0.5)
        began_s = time.monotonic()
        box.world.plug("bms", plugs.IN)
        box.until(lambda: box.was_said(CLOSE, began_s, True), MOMENT_S, "starting")

    def precharging(self) -> None:
        """While the BMS fills the link."""
        self.starting()
        self.box.until(lambda: self.box.eyes.newest.bms_state == "precharge", 5.0, "precharge")

    def stopping(self) -> None:
        """Just after rest was asked for."""
        self.box.ask(GoToState(State.IDLE))
        time.sleep(0.05)

    def idle(self) -> None:
        """At rest."""
        self.box.rest(State.IDLE)
        time.sleep(0.3)

    def maintenance(self) -> None:
        """People work on it."""
        self.box.rest(State.IDLE)
        self.box.rest(State.MAINTENANCE)
        time.sleep(0.3)

    def asleep(self) -> None:
        """The battery sleeps."""
        self.box.fall_asleep()

    def waking(self) -> None:
        """The battery is being woken, to run."""
        self.box.fall_asleep()
        self.box.ask(GoToState(State.RUN))
        time.sleep(0.2)

    def in_error(self) -> None:
        """Another error has stopped it already."""
        other = "board" if self.row.fault.device != "board" else "bms"
        fault = next(one for one in rows.HOME_ALL if one.name == f"{other} {plugs.SILENT}")
        self.before = Doing(self.box, fault)
        self.before.make()
        self.box.until(self._is_down, MOMENT_S, "in error")

    def recovering(self) -> None:
        """It was away once, and comes back just now."""
        zero_s = AWAY_S.get(self.row.fault.device)
        is_away = (
            self._is_down if zero_s is None else partial(self._was_zero, time.monotonic(), zero_s)
        )
        self.fault.make()
        self.box.until(is_away, MOMENT_S, "down")
        self.fault.unmake()
        if self.row.kind == rows.LATCHES:
            self.box.reset()
        begun_s = time.monotonic()
        if zero_s is None:
            self.box.until(lambda: self.box.was_said(CLOSE, begun_s, True), MOMENT_S, "recovering")
        self.box.until(lambda: self.box.flows(self.sign, 0.1), MOMENT_S, "power comes back")

    def _was_zero(self, since_s: float, least_s: float) -> bool:
        """Since then no power flowed for so long at a stretch, whatever the contactors do."""
        zero_s: float | None = None
        for one in list(self.box.eyes.samples):
            if one.at_s < since_s or abs(one.battery_w) >= self.box.place.zero_w:
                zero_s = None
            elif zero_s is None:
                zero_s = one.at_s
            elif one.at_s > zero_s + least_s:
                return True
        return False


MOMENTS: dict[str, Callable[[Play], None]] = {
    rows.DISCHARGING: Play.flowing, rows.CHARGING: Play.flowing, rows.TWO: Play.flowing,
    rows.NEAR_EMPTY: Play.flowing, rows.NEAR_FULL: Play.flowing, rows.STARTING: Play.starting,
    rows.PRECHARGE: Play.precharging, rows.STOPPING: Play.stopping, rows.IDLE: Play.idle,
    rows.MAINTENANCE: Play.maintenance, rows.ASLEEP: Play.asleep, rows.WAKING: Play.waking,
    rows.IN_ERROR: Play.in_error, rows.RECOVERY: Play.recovering,
}  # fmt: skip
