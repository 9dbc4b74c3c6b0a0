"""The scenarios: place × device × fault × moment, as tables that are multiplied out.

What a fault must lead to is one of KINDS, chosen by what the device can tell of itself.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulator.wire import plugs
from tests.chaos import walls
from tests.chaos.places import COMMERCIAL, HOME, INDUSTRIAL, LXP, WHOLE, Place
from tests.chaos.taps import CUT, DEAF, MUTE
from tests.chaos.walls import Bound

RESTS, GAP, BLIND, KEEPS, ENDS, LATCHES = "rests", "gap", "blind", "keeps", "ends", "latches"
KINDS = {
    RESTS: "power goes to zero in time and stays there while the fault lasts; afterwards it comes back alone",
    GAP: "power goes to zero in time; it may come back while the fault lasts",
    BLIND: "the device looks well; nothing may be exceeded",
    KEEPS: "power goes on",
    ENDS: "power goes to zero in time; the fault ends by itself, and power comes back alone",
    LATCHES: "power goes to zero in time and stays there, also without the fault, until it is reset and started again",
}
# ------------------------------------------------------------------ moments
DISCHARGING, CHARGING, STARTING, PRECHARGE = "discharging", "charging", "starting", "precharge"
STOPPING, IDLE, MAINTENANCE = "stopping", "idle", "maintenance"
IN_ERROR, RECOVERY, TWO = "in error", "recovery", "two faults"
ASLEEP, WAKING, NEAR_EMPTY, NEAR_FULL = "battery asleep", "waking", "near empty", "near full"
RESTING = frozenset({IDLE, MAINTENANCE, ASLEEP})
"""Nothing may flow at all."""
FLOWING = frozenset({DISCHARGING, CHARGING, TWO, NEAR_EMPTY, NEAR_FULL, RECOVERY})
"""Power flows when the fault comes, so the time to zero counts."""
# ------------------------------------------------------------------ faults that are no plugs
PRESSED, KILLED, PAUSED, HANGS = "pressed", "kill -9", "stopped 4 s", "hangs"
STORM, NOISE, AHEAD, BACK = "request storm", "nonsense on its socket", "clock +1 h", "clock -1 h"
WIRE = {"wire cut": CUT, "answers lost": MUTE, "requests lost": DEAF}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    device: str
    """A plug of the pretend site, or estop, core, gui, cloud."""
    fault: str
    kind: str
    bound: Callable[[Place], Bound] | None = None
    unreachable: bool = False
    """The inverter cannot be told anything: contactors may open under load in the end."""
    may_latch: bool = False
    """What it says may read like a danger that somebody has to reset: nonsense without a check sum."""

    @property
    def name(self) -> str:
        """For a table."""
        return f"{self.device} {self.fault}"


@dataclass(frozen=True)
class Scenario:
    """One row of the campaign."""

    place: Place
    fault: Fault
    moment: str
    second: Fault | None = None

    @property
    def name(self) -> str:
        """Its id, without a place in a list: a result stays true when rows come or go."""
        beside = "" if self.second is None else f" + {self.second.name}"
        return f"{self.place.name} / {self.fault.name}{beside} / {self.moment}"

    @property
    def kind(self) -> str:
        """What must happen: the stricter of two."""
        kinds = [self.fault.kind] + ([] if self.second is None else [self.second.kind])
        return next(kind for kind in (LATCHES, RESTS, GAP, ENDS, BLIND, KEEPS) if kind in kinds)

    @property
    def bound(self) -> Bound | None:
        """When power must be zero: the sooner of two."""
        faults = [self.fault] + ([] if self.second is None else [self.second])
        if self.kind == LATCHES and any(one.unreachable for one in faults):
            return walls.emergency_by_contactors(self.place)
        bounds = [one.bound(self.place) for one in faults if one.bound is not None]
        return min(bounds, key=lambda bound: bound.seconds, default=None)


def _rows(
    device: str, names: Sequence[str], kind: str, bound: Callable[[Place], Bound] | None = None,
    *, unreachable: bool = False, may_latch: bool = False,
) -> tuple[Fault, ...]:  # fmt: skip
    return tuple(Fault(device, name, kind, bound, unreachable, may_latch) for name in names)


P = plugs
INVERTER = (
    *_rows("inverter", (P.SILENT, P.REFUSE, P.EXCEPTION, "wire cut", "requests lost"),
           RESTS, walls.inverter_away, unreachable=True),
    *_rows("inverter", (P.LATE, P.GARBAGE, P.HALF, P.WRONG_UNIT, "answers lost"), RESTS,
           walls.inverter_away),
    *_rows("inverter", (P.REBOOT,), ENDS, walls.inverter_away, unreachable=True),
    *_rows("inverter", (P.STUCK,), BLIND),
)  # fmt: skip
BMS = (
    *_rows("bms", (P.SILENT, P.REFUSE, P.BUS_OFF, P.HALF, "wire cut", "answers lost"), RESTS,
           walls.battery_away),
    *_rows("bms", ("requests lost",), GAP, walls.requests_away),
    *_rows("bms", (P.LATE,), GAP, walls.battery_away),
    *_rows("bms", (P.REBOOT,), ENDS, walls.battery_away),
    *_rows("bms", (P.FROZEN,), BLIND),
)  # fmt: skip
ONE_RACK = (
    *_rows("bms", (P.RACK_FAULT, P.STRANGE_FAULT), RESTS, walls.battery_faulty),
    *_rows("bms", (P.RACK_SILENT,), RESTS, walls.battery_away),
)
MANY_RACKS = _rows("bms", (P.RACK_FAULT, P.STRANGE_FAULT, P.RACK_SILENT), BLIND)
CHECKED = _rows("bms", (P.CHECKSUM, P.GARBAGE, P.STUCK), RESTS, walls.battery_away)
COUNTED = (
    *_rows("bms", (P.GARBAGE,), GAP, walls.battery_away, may_latch=True),
    *_rows("bms", (P.STUCK,), RESTS, walls.battery_away),
    *_rows("bms", (P.CHECKSUM,), KEEPS),
)
UNCHECKED = (
    *_rows("bms", (P.GARBAGE,), GAP, walls.battery_away, may_latch=True),
    *_rows("bms", (P.STUCK,), BLIND),
)
GRID = (
    *_rows("meter.grid", (P.SILENT, P.REFUSE, P.LATE, P.GARBAGE, P.HALF, P.EXCEPTION, P.WRONG_UNIT),
           RESTS, walls.meter_away),
    *_rows("meter.grid", (P.REBOOT,), ENDS, walls.meter_away),
    *_rows("meter.grid", (P.STUCK,), BLIND),
)  # fmt: skip
ON_A_LINE = tuple(one for one in GRID if one.fault != P.REFUSE)
PV = _rows("meter.pv", (P.SILENT, P.GARBAGE, P.STUCK), KEEPS)
BOARD = _rows("board", (P.SILENT, P.REFUSE), RESTS, walls.board_away)
SENSOR = _rows("sensor", (P.SILENT,), KEEPS)
ESTOP = _rows("estop", (PRESSED,), LATCHES, walls.emergency)
CORE = _rows("core", (KILLED, PAUSED, HANGS), ENDS, walls.core_away)
# A meter is identified anew after every silence (docs/decisions/0020): until that is done there is no reading.
HARMLESS = (*_rows("bms", (P.ERROR_FRAMES,), KEEPS), *_rows("inverter", (P.FLAKY,), BLIND),
            *_rows("meter.grid", (P.FLAKY,), GAP, walls.meter_flaky))  # fmt: skip
OTHERS = (*HARMLESS, *PV, *SENSOR, *_rows("core", (STORM, NOISE, AHEAD, BACK), KEEPS))
HOME_ALL = (*INVERTER, *BMS, *ONE_RACK, *UNCHECKED, *GRID, *BOARD, *ESTOP, *CORE)
COMMERCIAL_ALL = (*INVERTER, *BMS, *MANY_RACKS, *CHECKED, *GRID, *BOARD, *ESTOP, *CORE)
INDUSTRIAL_ALL = (*INVERTER, *BMS, *MANY_RACKS, *COUNTED, *ON_A_LINE, *BOARD, *ESTOP, *CORE)
SCREEN_CLOUD = (*_rows("gui", (KILLED,), KEEPS), *_rows("cloud", (KILLED,), KEEPS))
LASTING = frozenset({RESTS, LATCHES})


def _lasting(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    return tuple(one for one in faults if one.kind in LASTING)


def _named(faults: Sequence[Fault], *names: str) -> tuple[Fault, ...]:
    found = tuple(one for one in faults if one.name in names)
    assert len(found) == len(names), (names, [one.name for one in found])
    return found


AT_AN_END = ("inverter silent", "inverter stuck", "bms silent", "bms frozen", "bms stuck",
             "meter.grid silent", "meter.grid stuck", "estop pressed", "core kill -9", "core stopped 4 s")  # fmt: skip
MAIN = ("inverter silent", "inverter wire cut", "inverter late", "bms silent", "bms wire cut",
        "bms requests lost", "bms reboot", "meter.grid silent", "board silent", "estop pressed",
        "core kill -9")  # fmt: skip
TABLE: tuple[tuple[Place, Sequence[Fault], Sequence[str]], ...] = (
    (HOME, HOME_ALL, (DISCHARGING, CHARGING, STARTING, STOPPING, IDLE, PRECHARGE)),
    (HOME, OTHERS, (DISCHARGING, CHARGING, IDLE)),
    (HOME, (*HOME_ALL, *_named(OTHERS, "core request storm")), (MAINTENANCE,)),
    (HOME, _lasting(HOME_ALL), (IN_ERROR, RECOVERY)),
    (HOME, _named(HOME_ALL, *AT_AN_END), (NEAR_EMPTY, NEAR_FULL)),
    (COMMERCIAL, COMMERCIAL_ALL, (DISCHARGING, CHARGING)),
    (COMMERCIAL, _named(COMMERCIAL_ALL, *MAIN), (STARTING, STOPPING, ASLEEP, WAKING)),
    (INDUSTRIAL, INDUSTRIAL_ALL, (DISCHARGING,)),
    (INDUSTRIAL, _named(INDUSTRIAL_ALL, *MAIN), (CHARGING, STARTING, STOPPING, RECOVERY)),
    (WHOLE, SCREEN_CLOUD, (DISCHARGING, CHARGING, STARTING, IDLE)),
    (LXP, _named(HOME_ALL, "estop pressed", "core kill -9", "bms silent", "meter.grid silent",
                 "inverter answers lost", "inverter wire cut"), (DISCHARGING,)),
    (LXP, _named(HOME_ALL, "estop pressed", "meter.grid silent"), (CHARGING,)),
)  # fmt: skip
FIRSTS = ("inverter silent", "bms silent", "meter.grid silent", "board silent", "core kill -9")
SECONDS = ("inverter answers lost", "bms late", "meter.grid late", "estop pressed", "core stopped 4 s")  # fmt: skip


def _pairs() -> Iterator[Scenario]:
    for place, all_of in ((HOME, HOME_ALL), (COMMERCIAL, COMMERCIAL_ALL)):
        for first in _named(all_of, *FIRSTS):
            for second in _named(all_of, *SECONDS):
                # Nobody sees the emergency stop while the board is silent: that stops the box itself.
                unseen = (first.device, second.device) == ("board", "estop")
                if first.device != second.device and not unseen:
                    yield Scenario(place, first, TWO, second)


def scenarios() -> list[Scenario]:
    """All of them, place by place."""
    rows = [
        Scenario(place, fault, moment)
        for place, faults, moments in TABLE
        for moment in moments
        for fault in faults
    ]
    rows += _pairs()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    order = [LXP.name, WHOLE.name, INDUSTRIAL.name, COMMERCIAL.name, HOME.name]
    return sorted(rows, key=lambda row: order.index(row.place.name))
