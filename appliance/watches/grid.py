"""How is the grid, for how long has it been so, and has the inverter outlasted a protection stage?

Looks at the grid meter (the inverter's own figures where the meter has none), once per Snapshot.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

import msgspec

from appliance.model import GridView, InverterReading, InverterState, MeterReading, Snapshot
from appliance.site import USUAL, Connection, Grid, GridCode, Trip

SLACK_S: Final = 2.0
"""On top of a stage's own time: meters are read once or ten times a second, not continuously."""
LATER_S: Final = 1.0
"""The box itself stops so much later than an inverter that should have stopped is suspected."""
MEAN_S: Final = 600.0
SAMPLE_S: Final = 3.0
FEEDS_W: Final = 200.0
ROCOF_WINDOW_S: Final = 1.0
ROCOF_SAMPLES: Final = 5
"""Fewer new readings in a second say nothing of how fast the frequency moves."""
ROCOF_SPAN_S: Final = 0.5
WIRED_PU: Final = 0.5
"""A phase that never had half the nominal voltage is not wired."""


class GridWatch:
    """Keeps the durations that the deciding code needs."""

    def __init__(
        self,
        code: GridCode | None,
        grid: Grid | None = None,
        connection: Connection | None = None,
    ) -> None:
        self._named = code is not None
        self._code = USUAL if code is None else code
        self._grid = Grid() if grid is None else grid
        self._connection = Connection() if connection is None else connection
        self._steady_since_s: float | None = None
        self._fed_since_s: dict[Trip, float] = {}
        self._beyond_since_s: dict[Trip, float] = {}
        self._sampled: deque[tuple[float, float]] = deque()
        self._mean_v: float | None = None
        self._told: MeterReading | InverterReading | None = None
        self._told_at_s = 0.0
        """When whoever measures the grid said something new: one dip is no long dip until it is seen again."""
        self._wired: dict[bool, set[int]] = {True: set(), False: set()}
        """Phases that had a voltage, by the meter and by the inverter."""
        self._hertz: deque[tuple[float, float]] = deque()
        self._hertz_told: MeterReading | InverterReading | None = None
        self._rocof: float | None = None
        self._excess_since_s: float | None = None
        self._band = _innermost(self._code)

    def look(self, seen: Snapshot) -> Snapshot:
        """The Snapshot with what this watch says of the grid."""
        now_s = seen.now_s
        volts, hertz = measured(seen.grid, seen.inverter)
        meter_v, meter_hz = measured(seen.grid, None)
        told = seen.grid if meter_v or meter_hz is not None else seen.inverter
        wired = self._of_wired(volts, bool(meter_v))
        steady_s = self._steady_s(wired, hertz, now_s)
        if seen.inverter is None or seen.inverter.state is not InverterState.RUNNING:
            # What an inverter that is off measures behind its open relays is not the grid.
            wired, hertz = wired if meter_v else (), meter_hz
        if told is not self._told:
            self._told, self._told_at_s = told, now_s
        hertz_told = seen.inverter if meter_hz is None else seen.grid
        if hertz_told is not self._hertz_told:
            self._hertz_told = hertz_told
            self._rocof = self._slope(hertz, now_s)
        outlasted, outside = self._stages(wired, hertz, seen)
        view = GridView(
            steady_s,
            max(0.0, self._code.connect.wait_s - steady_s) if self._named else 0.0,
            outlasted,
            hertz,
            min(wired) if wired else None,
            max(wired) if wired else None,
            self._lost(meter_v),
            outside,
            self._rocof,
            self._excess_s(seen),
        )
        return msgspec.structs.replace(seen, grid_view=view)

    def _lost(self, volts: tuple[float, ...]) -> bool:
        """The meter says that there is next to nothing on any phase."""
        return bool(volts) and max(volts) < self._grid.lost_pu * self._code.nominal_v

    def _of_wired(self, volts: tuple[float, ...], by_meter: bool) -> tuple[float, ...]:
        """Without phases that never had a voltage: a three-phase meter may measure only one."""
        wired = self._wired[by_meter]
        if len(wired) < len(volts):
            half_v = WIRED_PU * self._code.nominal_v
            wired |= {n for n, volt in enumerate(volts) if volt > half_v}
        return tuple([volt for n, volt in enumerate(volts) if n in wired])

    def _steady_s(self, volts: tuple[float, ...], hertz: float | None, now_s: float) -> float:
        window, nominal_v = self._code.connect, self._code.nominal_v
        inside = (
            bool(volts)
            and hertz is not None
            and window.frequency_low_hz <= hertz <= window.frequency_high_hz
            and window.voltage_low_pu * nominal_v <= min(volts)
            and max(volts) <= window.voltage_high_pu * nominal_v
        )
        if not inside:
            self._steady_since_s = None
            return 0.0
        if self._steady_since_s is None:
            self._steady_since_s = now_s
        return now_s - self._steady_since_s

    def _stages(
        self, volts: tuple[float, ...], hertz: float | None, seen: Snapshot
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Stages that the inverter has outlasted, and stages beyond which the grid has been for longer than that."""
        self._take_mean(volts, seen.now_s)
        if self._calm(volts, hertz):
            if self._beyond_since_s:
                self._beyond_since_s.clear()
                self._fed_since_s.clear()
            return (), ()
        beyond = set(self._beyond(volts, hertz))
        feeds = self._named and _feeds(seen.inverter)
        _count(self._beyond_since_s, beyond, seen.now_s)
        _count(self._fed_since_s, beyond if feeds else set(), seen.now_s)
        return self._longer(self._fed_since_s, SLACK_S), self._longer(
            self._beyond_since_s, SLACK_S + LATER_S
        )

    def _calm(self, volts: tuple[float, ...], hertz: float | None) -> bool:
        """Inside the innermost stage of everything: the usual case, in every cycle."""
        low_v, high_v, low_hz, high_hz, mean_v = self._band
        return (
            (hertz is None or low_hz <= hertz <= high_hz)
            and (not volts or (low_v <= min(volts) and max(volts) <= high_v))
            and (self._mean_v is None or self._mean_v <= mean_v)
        )

    def _beyond(self, volts: tuple[float, ...], hertz: float | None) -> Iterator[Trip]:
        mean_v = self._mean_v
        values = {
            "voltage": volts,
            "mean_voltage": () if mean_v is None else (mean_v,),
            "frequency": () if hertz is None else (hertz,),
        }
        for trip in self._code.trips:
            limit = trip.at if trip.what == "frequency" else trip.at * self._code.nominal_v
            if any(v < limit if trip.side == "below" else v > limit for v in values[trip.what]):
                yield trip

    def _longer(self, since_s: dict[Trip, float], slack_s: float) -> tuple[str, ...]:
        """Those of which a new reading has said so after their time and the slack."""
        return tuple(
            [
                f"{trip.what.replace('_', ' ')} {trip.side} {trip.at:g}"
                for trip in self._code.trips
                if trip in since_s and self._told_at_s - since_s[trip] > trip.after_s + slack_s
            ]
        )

    def _take_mean(self, volts: tuple[float, ...], now_s: float) -> None:
        """Over 10 minutes, of the highest phase; None before they have passed."""
        sampled = self._sampled
        if sampled and now_s - sampled[-1][0] < SAMPLE_S:
            return
        if volts:
            sampled.append((now_s, max(volts)))
        while sampled and now_s - sampled[0][0] > MEAN_S:
            sampled.popleft()
        if not sampled or now_s - sampled[0][0] < MEAN_S - 2.0 * SAMPLE_S:
            self._mean_v = None
        else:
            self._mean_v = sum(volt for _, volt in sampled) / len(sampled)

    def _slope(self, hertz: float | None, now_s: float) -> float | None:
        """Hz/s, the straight line through the new readings of the last second; None when they are too few."""
        past = self._hertz
        if hertz is None:
            past.clear()
            return None
        past.append((now_s, hertz))
        while now_s - past[0][0] > ROCOF_WINDOW_S:
            past.popleft()
        count = len(past)
        if count < ROCOF_SAMPLES or now_s - past[0][0] < ROCOF_SPAN_S:
            return None
        mean_s = sum([at_s for at_s, _ in past]) / count
        mean_hz = sum([hz for _, hz in past]) / count
        along = sum([(at_s - mean_s) * (hz - mean_hz) for at_s, hz in past])
        return along / sum([(at_s - mean_s) ** 2 for at_s, _ in past])

    def _excess_s(self, seen: Snapshot) -> float:
        """For so long more than the connection may carry, either way."""
        grid_w = None if seen.grid is None else seen.grid.power_w
        if grid_w is None or not _exceeds(grid_w, self._connection):
            self._excess_since_s = None
            return 0.0
        if self._excess_since_s is None:
            self._excess_since_s = seen.now_s
        return seen.now_s - self._excess_since_s


def _exceeds(grid_w: float, connection: Connection) -> bool:
    tolerance_w = connection.cut_tolerance_w
    return not (
        -connection.max_export_w - tolerance_w <= grid_w <= connection.max_import_w + tolerance_w
    )


def _count(since_s: dict[Trip, float], beyond: set[Trip], now_s: float) -> None:
    """Since when is the grid beyond each of these stages?"""
    for gone in since_s.keys() - beyond:
        del since_s[gone]
    for trip in beyond:
        since_s.setdefault(trip, now_s)


def _innermost(code: GridCode) -> tuple[float, float, float, float, float]:
    """Lowest and highest voltage, lowest and highest frequency, highest mean voltage inside of all stages."""

    def stages(what: str, side: str) -> list[float]:
        return [trip.at for trip in code.trips if (trip.what, trip.side) == (what, side)]

    below_mean = stages("mean_voltage", "below")  # then there is no early answer
    nominal_v = code.nominal_v
    return (
        nominal_v * max(stages("voltage", "below"), default=0.0),
        nominal_v * min(stages("voltage", "above"), default=1e9),
        max(stages("frequency", "below"), default=0.0),
        min(stages("frequency", "above"), default=1e9),
        -1.0 if below_mean else nominal_v * min(stages("mean_voltage", "above"), default=1e9),
    )


def measured(
    meter: MeterReading | None, inverter: InverterReading | None
) -> tuple[tuple[float, ...], float | None]:
    """Voltages line to neutral and the frequency, by whoever measures them."""
    volts: tuple[float, ...] = ()
    hertz: float | None = None
    for reading in (meter, inverter):
        if reading is None:
            continue
        if not volts and reading.phases:
            volts = tuple([p.voltage_v for p in reading.phases if p.voltage_v is not None])
        hertz = reading.frequency_hz if hertz is None else hertz
    return volts, hertz


def _feeds(inverter: InverterReading | None) -> bool:
    return (
        inverter is not None
        and inverter.state is InverterState.RUNNING
        and abs(inverter.power_w or 0.0) > FEEDS_W
    )
