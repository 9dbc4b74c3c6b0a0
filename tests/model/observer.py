"""What must never happen, written down once more and without a look at how the product does it.

Every figure and every table here is a literal. The observer sees what was read and what was decided;
of the cycle's memory only what nothing else tells: whether power is held low for a rack that joins,
and whether a battery that is almost empty is being charged.
"""

from collections import Counter
from collections.abc import Iterable
from math import isfinite
from typing import Final

import msgspec

from appliance.model import (
    BatteryReading,
    Decision,
    InverterState,
    Memory,
    RackReading,
    Request,
    Setpoints,
    Snapshot,
)
from appliance.site import SiteSettings

# fmt: off
PAIRS: Final = frozenset({
    ("init", "error"), ("init", "stopping"), ("init", "waking"), ("init", "precharge"),
    ("waking", "error"), ("waking", "precharge"), ("waking", "stopping"),
    ("precharge", "error"), ("precharge", "starting"), ("precharge", "stopping"),
    ("starting", "error"), ("starting", "run"), ("starting", "stopping"),
    ("run", "error"), ("run", "stopping"), ("run", "sleep"),
    ("precharge", "island"), ("starting", "island"), ("run", "island"),
    ("island", "error"), ("island", "stopping"), ("island", "starting"),
    ("stopping", "error"), ("stopping", "precharge"), ("stopping", "maintenance"), ("stopping", "idle"),
    ("stopping", "restart"), ("stopping", "reboot"),
    ("sleep", "error"), ("sleep", "waking"), ("sleep", "precharge"), ("sleep", "stopping"),
    ("idle", "error"), ("idle", "waking"), ("idle", "precharge"), ("idle", "maintenance"),
    ("idle", "restart"), ("idle", "reboot"),
    ("maintenance", "error"), ("maintenance", "init"), ("maintenance", "idle"),
    ("maintenance", "restart"), ("maintenance", "reboot"),
    ("error", "init"), ("error", "maintenance"), ("error", "restart"), ("error", "reboot"),
    ("restart", "init"), ("reboot", "init"),
})
MAY_CONNECT: Final = {"precharge", "starting", "run", "island"}
MAY_INVERT: Final = {"starting", "run", "island"}
MAY_UPDATE: Final = {"sleep", "idle", "maintenance", "error"}
MAY_SLEEP: Final = {"sleep", "idle"}
STOPPED: Final = {"error", "restart", "reboot"}
"""States with an error that stops; maintenance too, but not with the emergency stop."""
LATCHED: Final = {112, 114, 123, 133, 211, 401}
ON_SITE: Final = {"touchscreen", "ctl"}
TESTED: Final = {"test_power", "test_state", "test_mode", "test_output", "test_beat"}
GOALS: Final = {"run", "idle", "maintenance", "restart", "reboot"}
STOPPING: Final = {"stop", "open contactors", "emergency stop"}
# fmt: on
EPS_W: Final = 1e-6
EPS_S: Final = 1e-6
"""Times are sums of many steps."""
OPENS_BELOW_A: Final = 1.0
STEP_OFF_S, STEP_OPEN_S, SLOWER = 2.0, 3.0, 4.0
RACK_FALLS_S: Final = 0.8


class BrokenPromiseError(AssertionError):
    """Something happened that must never happen."""


def promise(kept: bool, *told: object) -> None:
    """Raise when it was not kept. NaN keeps no promise."""
    if not kept:
        raise BrokenPromiseError(" ".join(str(one) for one in told))


class Observer:
    """Watches one box, decision by decision."""

    def __init__(self, site: SiteSettings) -> None:
        self.site = site
        self.before: Decision | None = None
        self.rescuing = False
        self.entered_s = self.run_since_s = 0.0
        self.hurried_since_s: dict[str, float] = {}
        self.held_since_s: dict[int, float] = {}
        self.idle_since_s: float | None = None
        """Since when no power is commanded."""
        self.transitions: Counter[tuple[str, str]] = Counter()

    def forget(self) -> None:
        """The core has crashed or was started again: nothing was commanded before."""
        self.before = None
        self.held_since_s.clear()

    def watch(self, seen: Snapshot, decided: Decision, memory: Memory, rescuing: bool) -> None:
        """One cycle; `memory` is what the cycle before it left."""
        before, self.rescuing = self.before, rescuing
        effects = {str(effect) for error in decided.errors for effect in error.effects}
        self._walk(before, seen, decided, effects)
        self._finite(decided)
        self._power(seen, decided, effects, memory)
        self._outputs(before, seen, decided, effects)
        self._errors(before, seen, decided)
        self._answers(before, seen, decided)
        self.before = decided

    def _walk(
        self, before: Decision | None, seen: Snapshot, decided: Decision, effects: set[str]
    ) -> None:
        promise(bool(decided.why), "no why")
        state = str(decided.state)
        was = "init" if before is None else str(before.state)
        if state != was or before is None:
            self.entered_s = seen.now_s
        if state != was:
            self.transitions[was, state] += 1
            promise((was, state) in PAIRS, "no such transition:", was, state)
            self._entered(state, seen, decided)
        if (was, state) in (
            ("maintenance", "idle"),
            ("maintenance", "init"),
            ("restart", "init"),
            ("reboot", "init"),
        ):
            return  # one transition at a time: it stops in the next cycle, and nothing is on meanwhile
        if effects & STOPPING:
            promise(state in STOPPED | {"maintenance"}, "goes on in", state, "in spite of", effects)
        if "emergency stop" in effects:
            promise(state in STOPPED, "goes on in", state, "in spite of the emergency stop")

    def _entered(self, state: str, seen: Snapshot, decided: Decision) -> None:
        battery, inverter = seen.battery, seen.inverter
        if state == "run":
            promise(battery is not None and battery.state == "connected", "runs unconnected")
            promise(inverter is not None and inverter.state == "running", "runs without inverter")
        if state == "maintenance":
            promise(battery is not None and inverter is not None, "nobody knows that it is safe")
            assert battery is not None
            assert inverter is not None
            promise(inverter.state != "running", "people work on it, the inverter runs")
            promise(not decided.setpoints.contactors_closed, "people work on it, told to close")
            if battery.has_contactors:
                open_all = all(rack.contactors_closed is False for rack in battery.racks)
                promise(battery.state != "connected" and open_all, "people work on it, closed")
            else:
                promise(abs(battery.current_a or 0.0) < 1.0, "people work on it, current flows")
        if state in ("precharge", "starting"):
            saves = self.rescuing and decided.goal == "idle"
            promise(decided.goal == "run" or saves, state, "although asked for", decided.goal)

    def _finite(self, decided: Decision) -> None:
        told = decided.setpoints
        for value in (
            told.power_w, told.reactive_var, decided.wish_w, decided.limits.max_charge_w,
            decided.limits.max_discharge_w, decided.cap.max_charge_w, decided.cap.max_discharge_w,
            decided.now_s,
            *((decided.manual.power_w, decided.manual.until_s) if decided.manual else ()),
            *(one.percent for one in decided.forced),
        ):  # fmt: skip
            promise(value is None or isfinite(value), "not finite:", value, told, decided.limits)
        promise(not any(f"{odd} W" in decided.why for odd in ("nan", "inf")), decided.why)

    # What power may be.

    def _power(self, seen: Snapshot, decided: Decision, effects: set[str], memory: Memory) -> None:
        told, state = decided.setpoints, str(decided.state)
        power_w = told.power_w
        if state == "run" and (self.before is None or self.before.state != "run"):
            self.run_since_s = seen.now_s
        if power_w == 0.0:
            return
        promise(state == "run", power_w, "W in", state)
        promise(told.contactors_closed and told.inverter_on, power_w, "W and not connected")
        promise(not effects & STOPPING, power_w, "W in spite of", effects)
        for error in decided.errors:
            if "derate" in error.effects:
                self._within(power_w, (error.derate_pct or 0.0) / 100.0, "derated", error.number)
        charge_w, discharge_w = max(0.0, -power_w), max(0.0, power_w)
        promise(not (charge_w and "no charge" in effects), "charges in spite of", decided.errors)
        promise(
            not (discharge_w and "no discharge" in effects), "discharges, forbidden", decided.errors
        )
        limits = decided.limits
        promise(charge_w <= limits.max_charge_w + EPS_W, "charges beyond its own limit", power_w)
        promise(discharge_w <= limits.max_discharge_w + EPS_W, "beyond its own limit", power_w)
        self._within(power_w, 1.0, "inverter")
        self._battery_allows(seen.battery, power_w)
        self._connection_allows(seen, power_w)
        self._code_allows(seen, power_w)
        self._ramp_allows(seen, power_w)
        for cap_w, some_w in (
            (decided.cap.max_charge_w, charge_w),
            (decided.cap.max_discharge_w, discharge_w),
        ):
            promise(cap_w is None or some_w <= cap_w + EPS_W, "more than the owner's cap", power_w)
        pause = memory.rack_pause
        if pause is not None and seen.now_s < pause.until_s and seen.battery is not None:
            amps = 0.5 * self.site.battery.joining.current_a
            most_w = amps * (seen.battery.voltage_v or 0.0)
            promise(abs(power_w) <= most_w + EPS_W, power_w, "W while a rack joins")

    def _within(self, power_w: float, share: float, *told: object) -> None:
        """Within a share of the inverter's rating."""
        rating = self.site.inverter
        most_w = rating.max_charge_w if power_w < 0.0 else rating.max_discharge_w
        promise(
            abs(power_w) <= most_w * share + EPS_W,
            power_w,
            "W beyond",
            share,
            "of the rating:",
            *told,
        )

    def _battery_allows(self, battery: BatteryReading | None, power_w: float) -> None:
        promise(battery is not None, "power, and the battery is silent")
        assert battery is not None
        charging = power_w < 0.0
        most_w = battery.max_charge_w if charging else battery.max_discharge_w
        share = 1.0 if charging else self.site.inverter.efficiency
        enough = most_w is not None and abs(power_w) <= most_w * share + EPS_W
        promise(enough, "beyond the BMS:", power_w)
        self._current_allows(battery, power_w, share)
        soc, window = battery.soc_pct, self.site.battery.soc
        promise(soc is not None, "power, and the state of charge is not known")
        assert soc is not None
        left_pct = window.maximum_pct - soc if charging else soc - window.reserve_pct
        self._within(power_w, _share(left_pct, 2.0), "state of charge", soc)
        for rack in carrying(battery):
            self._cells_allow(rack, power_w, battery.guards_cells)

    def _current_allows(self, battery: BatteryReading, power_w: float, share: float) -> None:
        current = self.site.battery.current
        levels = current.charge if power_w < 0.0 else current.discharge
        if levels is None:
            return
        told = [battery.voltage_v, *(rack.voltage_v for rack in carrying(battery))]
        lowest_v = min((volts for volts in told if volts and isfinite(volts)), default=0.0)
        most_w = levels.operating_a * lowest_v * len(carrying(battery)) * share
        promise(abs(power_w) <= most_w + EPS_W, power_w, "W, more than", levels.operating_a, "A")

    def _cells_allow(self, rack: RackReading, power_w: float, guarded: bool) -> None:
        volts, cells = self.site.battery.cell_voltage, self.site.battery.cell_temperature
        high, low, hot, cold = (
            rack.cell_max_v,
            rack.cell_min_v,
            rack.cell_max_c,
            rack.cell_min_c,
        )
        promise(guarded or None not in (high, low, hot, cold), "nobody knows its cells", rack)
        if high is not None and power_w < 0.0:
            left = volts.recommended_max_v - high
            full = volts.recommended_max_v - volts.operating_max_v
            self._within(power_w, _share(left, full), "cell at", high)
        if low is not None and power_w > 0.0:
            left = low - volts.recommended_min_v
            full = volts.operating_min_v - volts.recommended_min_v
            self._within(power_w, _share(left, full), "cell at", low)
        hot_c, warm_c = cells.hot_c, cells.warm_c
        min_c, cool_c = cells.discharge_min_c, cells.discharge_cool_c
        if power_w < 0.0:
            hot_c, warm_c = cells.charge_hot_c, cells.charge_warm_c
            min_c, cool_c = cells.charge_min_c, cells.charge_cool_c
        if hot is not None and not (guarded and cold is None):
            self._within(power_w, _share(hot_c - hot, hot_c - warm_c), "cell at", hot, "C")
        if cold is not None and not (guarded and hot is None):
            self._within(power_w, _share(cold - min_c, cool_c - min_c), "cell at", cold, "C")

    def _connection_allows(self, seen: Snapshot, power_w: float) -> None:
        grid_w = None if seen.grid is None else seen.grid.power_w
        battery_w = None if seen.inverter is None else seen.inverter.power_w
        promise(grid_w is not None and battery_w is not None, "power, and the grid is not known")
        assert grid_w is not None
        assert battery_w is not None
        then_w = grid_w + battery_w - power_w
        slack_w = EPS_W + 1e-9 * abs(grid_w)
        connection = self.site.connection
        if power_w < 0.0:
            promise(then_w <= connection.max_import_w + slack_w, "too much import:", then_w)
        else:
            promise(-then_w <= connection.max_export_w + slack_w, "too much export:", then_w)

    def _code_allows(self, seen: Snapshot, power_w: float) -> None:
        code, view = self.site.grid_code, seen.grid_view
        if code is None:
            return
        minutes = (seen.now_s - self.run_since_s) / 60.0
        share = code.connect.ramp_pct_per_min / 100.0 * minutes
        self._within(power_w, min(1.0, share), "ramp after a start")
        hertz = None if view is None else view.frequency_hz
        if hertz is None or seen.inverter is None:
            return
        now_w = seen.inverter.power_w or 0.0
        if hertz > code.over_frequency.start_hz and power_w > 0.0:
            promise(power_w <= max(0.0, now_w) + EPS_W, "pushes at", hertz, "Hz")
        if hertz < code.under_frequency.start_hz and power_w < 0.0:
            promise(-power_w <= max(0.0, -now_w) + EPS_W, "pulls at", hertz, "Hz")

    def _ramp_allows(self, seen: Snapshot, power_w: float) -> None:
        rate = self.site.control.ramp_w_per_s
        if rate is None or self.before is None:
            return
        before_w = self.before.setpoints.power_w
        more_w = abs(power_w) - (abs(before_w) if before_w * power_w > 0.0 else 0.0)
        passed_s = seen.now_s - self.before.now_s
        promise(more_w <= rate * passed_s + EPS_W, "rises by", more_w, "W in", passed_s, "s")

    # What may be on and closed.

    def _outputs(
        self, before: Decision | None, seen: Snapshot, decided: Decision, effects: set[str]
    ) -> None:
        told, state = decided.setpoints, str(decided.state)
        was = Setpoints() if before is None else before.setpoints
        in_state_s = seen.now_s - self.entered_s
        self.hurried_since_s = {
            effect: self.hurried_since_s.get(effect, seen.now_s) for effect in effects
        }
        slow = seen.inverter is not None and seen.inverter.follows_slowly
        times = SLOWER if slow else 1.0
        if state not in MAY_CONNECT and told.contactors_closed:
            promise(was.contactors_closed, "closes contactors in", state)
            promise(
                in_state_s < STEP_OPEN_S * times + EPS_S,
                "still closed in",
                state,
                "after",
                in_state_s,
            )
            for effect, least_s in (("emergency stop", 0.5), ("open contactors", 1.0)):
                late_s = seen.now_s - self.hurried_since_s.get(effect, seen.now_s)
                promise(late_s < least_s + EPS_S, "still closed", late_s, "s after", effect)
        if state in MAY_CONNECT:
            promise(told.contactors_closed, "opens in", state)
        if was.contactors_closed and not told.contactors_closed:
            self._opens(seen, effects, in_state_s >= STEP_OPEN_S * times - EPS_S)
        self._racks_open(was, seen, told)
        if state not in MAY_INVERT and told.inverter_on:
            promise(was.inverter_on, "switches the inverter on in", state)
            promise(
                in_state_s < STEP_OFF_S * times + EPS_S,
                "inverter on in",
                state,
                "after",
                in_state_s,
            )
            promise("emergency stop" not in effects, "inverter on, emergency stop")
        promise(told.contactors_closed or not told.inverter_on, "inverter on, contactors open")
        view = seen.grid_view
        if state == "starting" and told.inverter_on and view is not None:
            promise(view.wait_s <= 0.0, "starts before the grid has been steady")
        self._island(was, seen, decided, effects)
        hurried = bool(effects & {"emergency stop", "open contactors"})
        promise(hurried or not told.open_at_once, "opens at once, and nothing hurries")
        self._rest(seen, decided, effects)

    def _opens(self, seen: Snapshot, effects: set[str], waited: bool) -> None:
        hurried = effects & {"emergency stop", "open contactors"}
        if waited or hurried:
            return
        inverter = seen.inverter
        amps = None if seen.battery is None else amps_of(seen.battery)
        if amps is None:
            off = inverter is not None and inverter.state in ("off", "fault")
            promise(off, "contactors open, and nobody knows what flows")
        else:
            promise(abs(amps) < OPENS_BELOW_A, "contactors open under", amps, "A")
        running = inverter is not None and inverter.state is InverterState.RUNNING
        promise(not running, "contactors open before the inverter is off")

    def _racks_open(self, was: Setpoints, seen: Snapshot, told: Setpoints) -> None:
        """One rack leaves the others: no power is asked for, and its own current is low or had its time to fall."""
        if told.power_w:
            self.idle_since_s = None
        elif self.idle_since_s is None:
            self.idle_since_s = seen.now_s
        if seen.battery is None or not (was.contactors_closed and told.contactors_closed):
            return
        self._leaves(set(told.racks_open) - set(was.racks_open), seen.battery, seen.now_s, told)

    def _leaves(
        self, numbers: set[int], battery: BatteryReading, now_s: float, told: Setpoints
    ) -> None:
        since_s = self.idle_since_s
        for rack in battery.racks:
            if rack.rack not in numbers or rack.contactors_closed is False:
                continue
            promise(
                rack.contactors_closed is None or told.power_w == 0.0,
                told.power_w, "W while a rack opens",
            )  # fmt: skip
            if since_s is not None and now_s - since_s >= RACK_FALLS_S - EPS_S:
                continue
            amps = amps_of(rack)
            if amps is None and battery.current_a is not None:
                others = [one.current_a or 0.0 for one in battery.racks if one.rack != rack.rack]
                amps = battery.current_a - sum(others)
            low = amps is not None and abs(amps) < OPENS_BELOW_A
            promise(low, "rack", rack.rack, "opens under", amps, "A")

    def _island(self, was: Setpoints, seen: Snapshot, decided: Decision, effects: set[str]) -> None:
        """Never two sources on one bus: nothing makes a grid unless the switch is known open."""
        told, state = decided.setpoints, str(decided.state)
        if not self.site.features.backup:
            promise(state != "island", "an island on a site without backup")
            none = (told.grid_forming, told.grid_switch_open, told.loads_shed) == (False, None, ())
            promise(none, "commands of an island on a site without backup:", told)
            return
        switch, inverter = seen.relays.get("island_switch"), seen.inverter
        known_open = switch is not None and switch.on is False
        if told.grid_forming:
            promise(state == "island", "makes a grid in", state)
            promise(known_open, "makes a grid, the switch says", switch)
            promise(told.grid_switch_open is True, "makes a grid, the switch is told to close")
            promise(
                told.inverter_on and told.contactors_closed, "makes a grid and is not connected"
            )
        if state == "island":
            promise(decided.goal == "run", "an island, asked for", decided.goal)
            promise(told.grid_forming or not told.inverter_on, "follows a grid in an island")
        else:
            promise(not told.loads_shed, "sheds loads in", state)
        if told.grid_switch_open is False and was.grid_switch_open is not False:
            promise(not was.grid_forming, "closes on an inverter that made a grid just now")
            still = (InverterState.OFF, InverterState.FAULT)
            off = inverter is not None and inverter.state in still
            forms = inverter is not None and inverter.grid_forming is True
            promise(off and not forms, "closes on", inverter)
            promise("emergency stop" not in effects, "closes, emergency stop")
        forms = inverter is not None and inverter.grid_forming is True
        if (forms or was.grid_forming) and not known_open:
            raised = any(error.number == 226 for error in decided.errors)
            promise(raised, "may not be separated, and nobody says so:", switch)

    def _rest(self, seen: Snapshot, decided: Decision, effects: set[str]) -> None:
        told, state = decided.setpoints, str(decided.state)
        if told.battery_asleep:
            promise(state in MAY_SLEEP, "the battery sleeps in", state)
            promise(not told.contactors_closed, "the battery sleeps, contactors closed")
            promise(self.site.battery.sleep.means != "none", "the battery sleeps without means")
        test = decided.test
        if test is not None:
            promise(not effects & STOPPING, "a test goes on in spite of", effects)
            promise(seen.now_s <= test.until_s and seen.now_s - test.heard_s <= 10.0, "test:", test)
        may = state in MAY_UPDATE and effects.isdisjoint({"block update", "emergency stop"})
        may = may and not decided.setpoints.contactors_closed and test is None
        promise(decided.update_allowed == may, "update", decided.update_allowed, "in", state)
        numbers = set(range(1, self.site.battery.racks + 1))
        promise(not told.racks_open or set(told.racks_open) < numbers, "racks", told.racks_open)
        promise(
            not told.reset_faults or state in ("precharge", "starting", "island", "error"), "resets"
        )
        if "emergency stop" in effects:
            promise(not told.reset_faults, "resets faults in spite of the emergency stop")
        if decided.manual is not None:
            promise(decided.mode == "local_control", "manual power in", decided.mode)
            promise(seen.now_s < decided.manual.until_s, "manual power beyond its time")
        if told.balancing:
            promise(self.site.battery.balancing.enabled, "balances, and the feature is off")

    # What is raised.

    def _errors(self, before: Decision | None, seen: Snapshot, decided: Decision) -> None:
        raised = {(error.number, error.source_name) for error in decided.errors}
        promise(len(raised) == len(decided.errors), "raised twice:", decided.errors)
        if before is not None:
            self._latched(before, seen, decided, raised)
        for number in self._must_be_raised(seen):
            promise(any(one == number for one, _ in raised), number, "is not raised")

    def _latched(
        self, before: Decision, seen: Snapshot, decided: Decision, raised: set[tuple[int, str]]
    ) -> None:
        granted = {
            str(msgspec.to_builtins(request.want)["type"])
            for request, answer in zip(seen.requests, decided.answers, strict=False)
            if answer.ok and request.source in ON_SITE
        }
        for error in before.errors:
            if error.number not in LATCHED or (error.number, error.source_name) in raised:
                continue
            need = "reset_estop" if error.number == 401 else "reset"
            promise(need in granted, "cleared itself:", error.number, error.source)
            promise(self._cause_gone(error.number, seen), "reset, and still there:", error.number)

    def _cause_gone(self, number: int, seen: Snapshot) -> bool:
        if number == 401:
            return seen.board is not None and not seen.board.estop_pressed
        if number == 133:
            view, most_c = seen.battery_view, self.site.battery.cell_temperature.rise_c_per_min
            return view is None or not any(rise_c > most_c for _, rise_c in view.rises_c)
        if number in (112, 114, 123):
            return seen.battery is not None and number not in self._wrong_cells(seen.battery)
        return seen.grid_view is None or not seen.grid_view.outlasted

    def _wrong_cells(self, battery: BatteryReading) -> set[int]:
        volts, cells = self.site.battery.cell_voltage, self.site.battery.cell_temperature
        found = set()
        for rack in carrying(battery):
            if rack.cell_max_v is not None and rack.cell_max_v > volts.maximum_v:
                found.add(112)
            if rack.cell_min_v is not None and rack.cell_min_v < volts.minimum_v:
                found.add(114)
        for rack in battery.racks:
            if rack.cell_max_c is not None and rack.cell_max_c > cells.maximum_c:
                found.add(123)
            if rack.cell_min_c is not None and rack.cell_min_c < cells.minimum_c:
                found.add(123)
        return found

    def _must_be_raised(self, seen: Snapshot) -> Iterable[int]:
        """What has been wrong for longer than its time."""
        wrong = set() if seen.battery is None else self._wrong_cells(seen.battery)
        wrong |= {402} if seen.board is None else {401} if seen.board.estop_pressed else set()
        if seen.grid is None or seen.grid.power_w is None:
            wrong.add(301)
        if seen.inverter is not None and seen.inverter.state is InverterState.FAULT:
            wrong |= set() if self._may_leave_grid(seen) else {202}
        since_s = {number: self.held_since_s.get(number, seen.now_s) for number in wrong}
        self.held_since_s = since_s
        for number, held_s in since_s.items():
            if seen.now_s - held_s >= (0.0 if number in (202, 401) else 1.0):
                yield number

    def _may_leave_grid(self, seen: Snapshot) -> bool:
        """On a site with backup the alarm of an inverter without a grid is no fault of its own."""
        if not self.site.features.backup or self.before is None:
            return False
        view = seen.grid_view
        gone = view is not None and (view.lost or bool(view.outside))
        return gone or str(self.before.state) in ("island", "run", "starting")

    # What is answered.

    def _answers(self, before: Decision | None, seen: Snapshot, decided: Decision) -> None:
        asked = [request.id for request in seen.requests]
        promise([one.id for one in decided.answers] == asked, "unanswered:", asked, decided.answers)
        for request, answer in zip(seen.requests, decided.answers, strict=True):
            promise(bool(answer.reason.strip()), "no reason:", request)
            if not answer.ok:
                continue
            self._granted(before, request, decided)
        self._no_start_by_a_reset(seen, decided)
        self._nobody_else(before, seen, decided)

    def _granted(self, before: Decision | None, request: Request, decided: Decision) -> None:
        """What may be granted at all, to whom."""
        want = msgspec.to_builtins(request.want)
        kind = want["type"]
        if kind in ("reset", "reset_estop"):
            promise(request.source in ON_SITE, kind, "granted to", request.source)
        if kind == "test_start":
            promise(request.source in ON_SITE and not request.unauthorised, request)
            in_maintenance = before is not None and before.state == "maintenance"
            promise(in_maintenance or request.authorised, "a test, neither kept nor allowed")
        if kind in TESTED:
            owner = decided.test or (None if before is None else before.test)
            promise(owner is None or owner.key == request.key, kind, "by another than", owner)
        if kind == "state":
            promise(want["state"] in GOALS, "granted:", want)
        if kind == "setpoint" and want["power_w"] is not None:
            most_w = self.site.inverter.max_discharge_w
            promise(-self.site.inverter.max_charge_w <= want["power_w"] <= most_w, want)
            promise(0.0 < want["duration_s"] <= 3_600.0, want)

    def _no_start_by_a_reset(self, seen: Snapshot, decided: Decision) -> None:
        """Whoever resets the emergency stop has not yet asked for a start."""
        asked_to_run = True
        for request, answer in zip(seen.requests, decided.answers, strict=True):
            want = msgspec.to_builtins(request.want)
            if answer.ok and want["type"] == "reset_estop":
                asked_to_run = False
            elif answer.ok and want == {"type": "state", "state": "run"}:
                asked_to_run = True
        promise(asked_to_run or decided.goal != "run", "a reset alone starts it")

    def _nobody_else(self, before: Decision | None, seen: Snapshot, decided: Decision) -> None:
        """What people ask for changes only when they do."""
        if before is None or (before.state in ("restart", "reboot") and decided.state == "init"):
            return  # nobody has started it again: it rests
        if before.test is not None:
            return  # it goes back to where it was when the test ends
        if not seen.requests:
            same = (before.goal, before.mode, before.cap) == (
                decided.goal,
                decided.mode,
                decided.cap,
            )
            promise(same, "changed, and nobody asked:", decided.goal, decided.mode, decided.cap)
        elif before.goal == "maintenance" != decided.goal:
            sources = {request.source for request in seen.requests}
            promise(bool(sources & ON_SITE), "maintenance ended by", sources)


def carrying(battery: BatteryReading) -> list[RackReading]:
    """The racks through which the battery's current may flow."""
    racks = list(battery.racks)
    if len(racks) < 2 or battery.state != "connected":
        return racks
    silent = [
        rack
        for rack in racks
        if rack.contactors_closed is None
        and (rack.voltage_v, rack.cell_max_v, rack.cell_min_v) == (None, None, None)
    ]
    left = [rack for rack in racks if rack.contactors_closed is not False and rack not in silent]
    return left or racks


def amps_of(told: BatteryReading | RackReading) -> float | None:
    """By its current; where it tells none by its power, at 100 V where it tells no voltage."""
    if told.current_a is not None or told.power_w is None or not isfinite(told.power_w):
        return told.current_a
    volts = told.voltage_v
    return told.power_w / (volts if volts is not None and 100.0 < volts < 1e300 else 100.0)


def _share(left: float, full: float) -> float:
    """Of the rating: none at the end, all at `full` before it. NaN stays NaN and keeps no promise."""
    share = left / full
    if share >= 1.0:
        return 1.0
    return 0.0 if share < 0.0 else share
