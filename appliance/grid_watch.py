"""How long has the grid been inside its connection window, and has the inverter outlasted a protection stage?

Looks at the grid meter (the inverter's own figures where the meter has none), once per Snapshot.
"""

from collections import deque
from typing import Final

import msgspec

from appliance.model import GridView, InverterReading, InverterState, MeterReading, Snapshot
from appliance.site import GridCode, Trip

SLACK_S: Final = 2.0
"""On top of a stage's own time: meters are read once or ten times a second, not continuously."""
MEAN_S: Final = 600.0
SAMPLE_S: Final = 3.0
FEEDS_W: Final = 200.0


class GridWatch:
    """Keeps the durations that the deciding code needs."""

    def __init__(self, code: GridCode) -> None:
        self._code = code
        self._steady_since_s: float | None = None
        self._beyond_since_s: dict[Trip, float] = {}
        self._sampled: deque[tuple[float, float]] = deque()
        self._told: MeterReading | InverterReading | None = None
        self._told_at_s = 0.0
        """When whoever measures the grid said something new: one dip is no long dip until it is seen again."""

    def look(self, seen: Snapshot) -> Snapshot:
        """The Snapshot with what this watch says of the grid."""
        volts, hertz = measured(seen.grid, seen.inverter)
        told = seen.inverter if measured(seen.grid, None) == ((), None) else seen.grid
        if told is not self._told:
            self._told, self._told_at_s = told, seen.now_s
        steady_s = self._steady_s(volts, hertz, seen.now_s)
        view = GridView(
            steady_s=steady_s,
            wait_s=max(0.0, self._code.connect.wait_s - steady_s),
            outlasted=self._outlasted(volts, hertz, seen),
            frequency_hz=hertz,
        )
        return msgspec.structs.replace(seen, grid_view=view)

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

    def _outlasted(
        self, volts: tuple[float, ...], hertz: float | None, seen: Snapshot
    ) -> tuple[str, ...]:
        """Stages beyond which the grid has been for their time and more while the inverter still feeds."""
        mean_v = self._mean_v(volts, seen.now_s)
        found = []
        for trip in self._code.trips:
            values = {
                "voltage": volts,
                "mean_voltage": () if mean_v is None else (mean_v,),
                "frequency": () if hertz is None else (hertz,),
            }[trip.what]
            limit = trip.at if trip.what == "frequency" else trip.at * self._code.nominal_v
            beyond = any(v < limit if trip.side == "below" else v > limit for v in values)
            if not (beyond and _feeds(seen.inverter)):
                self._beyond_since_s.pop(trip, None)
                continue
            since_s = self._beyond_since_s.setdefault(trip, seen.now_s)
            if self._told_at_s - since_s > trip.after_s + SLACK_S:
                found.append(f"{trip.what.replace('_', ' ')} {trip.side} {trip.at:g}")
        return tuple(found)

    def _mean_v(self, volts: tuple[float, ...], now_s: float) -> float | None:
        """Over 10 minutes, of the highest phase; None before they have passed."""
        if volts and (not self._sampled or now_s - self._sampled[-1][0] >= SAMPLE_S):
            self._sampled.append((now_s, max(volts)))
        while self._sampled and now_s - self._sampled[0][0] > MEAN_S:
            self._sampled.popleft()
        if not self._sampled or now_s - self._sampled[0][0] < MEAN_S - 2.0 * SAMPLE_S:
            return None
        return sum(volt for _, volt in self._sampled) / len(self._sampled)


def measured(
    meter: MeterReading | None, inverter: InverterReading | None
) -> tuple[tuple[float, ...], float | None]:
    """Voltages line to neutral and the frequency, by whoever measures them."""
    volts: tuple[float, ...] = ()
    hertz: float | None = None
    for reading in (meter, inverter):
        if reading is None:
            continue
        if not volts:
            volts = tuple(p.voltage_v for p in reading.phases if p.voltage_v is not None)
        hertz = reading.frequency_hz if hertz is None else hertz
    return volts, hertz


def _feeds(inverter: InverterReading | None) -> bool:
    return (
        inverter is not None
        and inverter.state is InverterState.RUNNING
        and abs(inverter.power_w or 0.0) > FEEDS_W
    )
