"""What one scenario has shown: what was observed, when what was done, and the figures drawn from it."""

from dataclasses import asdict, dataclass, field
from itertools import pairwise

from tests.chaos.decode import CLOSE, ON, POWER, Said
from tests.chaos.places import Place
from tests.chaos.rows import LATCHES, RESTS, Scenario
from tests.chaos.watch import Sample

SAFE, UNSAFE, NOT_BACK, NOT_TRIED = "safe", "unsafe", "did not recover", "not tried"


@dataclass
class Times:
    """When what was done to the box, on time.monotonic."""

    fault_s: float
    mended_s: float | None = None
    """The fault was taken away."""
    reset_s: float | None = None
    """Somebody reset what is latched."""
    end_s: float = 0.0
    flowed_w: float = 0.0
    """At the plant when the fault came."""
    hands: bool = False
    """It waited for somebody to reset what nonsense had made it believe."""
    back_s: float | None = None
    """Power (or rest, where rest was asked for) was back."""


@dataclass
class Verdict:
    """What one scenario has shown. None: does not apply, or was not seen."""

    name: str
    place: str
    device: str
    fault: str
    moment: str
    kind: str
    verdict: str = SAFE
    reasons: list[str] = field(default_factory=list)
    bound_s: float | None = None
    bound_from: str = ""
    zero_s: float | None = None
    """From the fault to zero power at the plant."""
    zero_wire_s: float | None = None
    """From the fault to zero, or off, on the inverter's wire."""
    over_w: float = 0.0
    """Beyond the inverter's rating in the site file."""
    over_connection_w: float = 0.0
    over_bms_w: float = 0.0
    below_soc_pct: float = 0.0
    open_wire_s: float | None = None
    """From the fault until the box asks for open contactors."""
    opened_a: float | None = None
    """Battery current when contactors opened first after the fault."""
    opened_by: str = ""
    returned_w: float = 0.0
    """The most that flowed again while it must not."""
    recovery_s: float | None = None
    gap_s: float = 0.0
    """The longest time in which nobody looked."""
    hands: bool = False
    """It waited for a reset."""
    took_s: float = 0.0
    note: str = ""
    """What the box said at the end. For people who look for the cause; nothing is judged by it."""

    def words(self) -> dict[str, object]:
        """For a line of JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Seen:
    """All that was observed."""

    row: Scenario
    samples: list[Sample]
    said: list[Said]
    times: Times

    @property
    def place(self) -> Place:
        """The site."""
        return self.row.place

    def after(self, start_s: float, end_s: float | None = None) -> list[Sample]:
        """Looks from then on."""
        end_s = self.times.end_s if end_s is None else end_s
        return [one for one in self.samples if start_s <= one.at_s <= end_s]

    @property
    def quiet_until_s(self) -> float:
        """Power must not come back before this."""
        times = self.times
        ends = times.reset_s if self.row.kind == LATCHES else times.mended_s
        return times.end_s if ends is None else ends


def put_figures(seen: Seen, found: Verdict) -> None:
    """What flowed, and when it stopped."""
    place, times = seen.place, seen.times
    during = seen.after(times.fault_s)
    found.zero_s = _zero_s(seen)
    stopped = next((one for one in seen.said if one.at_s >= times.fault_s
                    and ((one.kind == POWER and one.value == 0.0) or (one.kind == ON and not one.value))), None)  # fmt: skip
    found.zero_wire_s = None if stopped is None else stopped.at_s - times.fault_s
    opens = next((one for one in seen.said if one.at_s >= times.fault_s and one.kind == CLOSE and not one.value), None)  # fmt: skip
    found.open_wire_s = None if opens is None else opens.at_s - times.fault_s
    looks = [times.fault_s, *(one.at_s for one in during)]
    found.gap_s = max((b - a for a, b in pairwise(looks)), default=0.0)
    found.over_w = max((abs(one.battery_w) - place.most_w for one in during), default=0.0)
    found.over_connection_w = max(
        (max(one.grid_w - place.import_w, -one.grid_w - place.export_w) for one in during),
        default=0.0,
    )
    found.recovery_s = (
        None
        if times.back_s is None
        else times.back_s - (times.reset_s or times.mended_s or times.fault_s)
    )
    _opening(seen, found)


def _zero_s(seen: Seen) -> float | None:
    """Until power was zero; where it has to stay so: until it was zero for the last time before the bound."""
    place, times, bound = seen.place, seen.times, seen.row.bound
    if abs(times.flowed_w) < place.zero_w:
        return None
    looks = seen.after(times.fault_s)
    first = next((one for one in looks if abs(one.battery_w) < place.zero_w), None)
    if first is None:
        return None
    if bound is not None and seen.row.kind in (RESTS, LATCHES):
        latest_s = min(times.fault_s + bound.seconds, seen.quiet_until_s)
        early = [one for one in looks if one.at_s <= latest_s]
        flows = [i for i, one in enumerate(early) if abs(one.battery_w) >= place.zero_w]
        if flows and flows[-1] + 1 < len(early):
            first = early[flows[-1] + 1]
    return first.at_s - times.fault_s


def _opening(seen: Seen, found: Verdict) -> None:
    """The first contactor that opened, how much flowed, and who wanted it."""
    looks = seen.after(seen.times.fault_s - 0.1)
    for before, now in pairwise(looks):
        racks = [i for i, closed in enumerate(before.closed) if closed and not now.closed[i]]
        if racks and now.at_s >= seen.times.fault_s:
            # A whole battery opens: what flows in and out. A rack alone: its own current.
            whole = not any(now.closed)
            amps = sum(before.amps) if whole else max(before.amps[i] for i in racks)
            found.opened_a = abs(amps)
            asks = [s.value for s in seen.said if s.kind == CLOSE and s.at_s <= before.at_s]
            found.opened_by = "box" if asks and not asks[-1] else "BMS"
            return
