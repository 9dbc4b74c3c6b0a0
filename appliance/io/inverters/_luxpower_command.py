"""Power as LuxPower takes it: a percentage, a direction bit, limits, and a short window by its own clock."""

from dataclasses import dataclass, field
from math import floor, isfinite
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from appliance.io.inverters._luxpower_registers import CRITERION, FUNCTIONS
from appliance.io.inverters._luxpower_window import Window, minute_of, window_for, word_of
from appliance.io.registers import Values, Write
from appliance.settings import Settings

ON, FEED_IN = 1 << 9, 1 << 15
AC_CHARGE, FORCED_DISCHARGE, CHARGE_FIRST = 1 << 7, 1 << 10, 1 << 11
COMMANDS: Final = AC_CHARGE | FORCED_DISCHARGE | CHARGE_FIRST
CRITERION_MASK: Final = 0b1111
"""Of register 120: by half hours instead (bit 0), and the criterion (bits 1 to 3)."""
BEAT_S: Final = 0.4
"""A sign of life comes no sooner than this after the one before."""
PATIENCE_BEATS: Final = 100
"""At least 40 s, in which the device may still hold what it was told before."""


class Options(Settings):
    """What no document says of a model, and how much its memory may be worn."""

    rated_w: Annotated[float, Field(gt=0, le=1e6)]
    """Percentages are of this; the list of models is not public."""
    phases: Literal[1, 3] = 1
    window_min: Annotated[int, Field(ge=2, le=240)] = 30
    """Without the box it goes on for so long, at most."""
    step_pct: Annotated[float, Field(ge=0.1, le=10)] = 1.0
    min_change_pct: Annotated[float, Field(ge=0, le=20)] = 2.0
    """A smaller rise is left out; a smaller fall waits for the pause, a larger one is taken at once."""
    pause_s: Annotated[float, Field(ge=0, le=600)] = 60.0
    """Least time between two rises of power: all registers are kept in memory that wears out."""
    fine: bool = False
    """Registers 140 and 142 (0.1 %) in place of 66 and 82 (1 %)."""
    charge_to_pct: Annotated[int, Field(ge=0, le=100)] = 100
    discharge_to_pct: Annotated[int, Field(ge=0, le=100)] = 10
    """Limits of the state of charge inside the inverter."""
    charge_criterion: Annotated[int, Field(ge=0, le=5)] | None = 1
    """Register 120 bits 1-3 for "by time": 1, on the 12K 0; None leaves the register alone."""
    feed_in: bool | None = None
    """Register 21 bit 15; None leaves it as the installer has set it."""
    long_reads: bool = False
    """It answers up to 127 registers at once (newer inverters)."""
    bms_current_per_a: Literal[100, 10] = 100
    """Registers 81 and 82: L1 says 0.01 A; one program in use divides by 10 in one place."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.step_pct % 1.0 and not self.fine:
            msg = "step_pct: parts of a percent need fine = true"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True)
class Direction:
    """The registers of charging, or of discharging."""

    name: str
    power_at: int
    fine_at: int
    limit_at: int
    bit: int

    @property
    def other(self) -> "Direction":
        """The opposite one."""
        return DISCHARGE if self is CHARGE else CHARGE


CHARGE = Direction("charge", 66, 140, 64, AC_CHARGE)
DISCHARGE = Direction("discharge", 82, 142, 65, FORCED_DISCHARGE)


@dataclass(slots=True)
class Commander:
    """From watts to registers. Remembers what was commanded, and knows no clock but the inverter's."""

    options: Options
    most_w: dict[str, float]
    """Largest power of each direction, by its name."""
    held: dict[str, int] = field(default_factory=dict)
    """What the device held when it was found; what it said later goes before it."""
    _percent: float = 0.0
    """What it was told; discharge +."""
    _towards: Direction = CHARGE
    """Which way it was let go last."""
    _waits: bool = False
    """More is wanted than it was told: the pause is not over."""
    _beat: int = 0
    _raised_beat: int | None = None
    _agreed_beat: int = 0
    _windows: dict[str, Window] = field(default_factory=dict)

    def functions(self, values: Values) -> int | None:
        """Register 21, as the device holds it."""
        return self._known("functions", values)

    def stop(self, values: Values, *, on: bool) -> tuple[Write, ...]:
        """No power: limits first, then the function bits, with the inverter on or in standby."""
        self._percent, self._waits = 0.0, False
        return self._zero(values, on=on)

    def beat(self, number: int) -> None:
        """Signs of life are the only time that is known here."""
        self._beat = number

    def _zero(self, values: Values, *, on: bool) -> tuple[Write, ...]:
        # First the one that flows: where answers are lost, nothing after the first write is sent.
        ways = (self._towards, self._towards.other)
        limits = tuple(self._limit(way, 0, values) for way in ways)
        return (*limits, *self._bits(values, 0, on=on))

    def carry(self, power_w: float, values: Values, now: int) -> tuple[Write, ...]:
        """This power (discharge +), for a short while from minute `now` on; a fraction of a step is none."""
        towards = DISCHARGE if power_w > 0.0 else CHARGE
        percent = self._told(self._quantised(power_w, towards), towards)
        self._percent = percent if towards is DISCHARGE else -percent
        if not percent:
            return self._zero(values, on=True)
        self._towards = towards
        # It is let go: what it held when it was found says nothing any more, should it fall silent.
        self.held.pop(f"{towards.name}_limit", None)
        # First the other direction is taken away, last this one is let go.
        away = self._limit(towards.other, 0, values)
        prepared = (*self._prepared(towards, values), *self._rate(towards, percent, values, now))
        if not self._is_set(towards, prepared, values):
            closed = self._limit(towards, 0, values)
            return (away, closed, *prepared, *self._bits(values, 0, on=True))
        most = self._limit(towards, self._most_percent(towards), values)
        return (away, *prepared, most, *self._bits(values, towards.bit, on=True))

    def held_w(self, values: Values, now: int | None) -> float | None:
        """The power that it holds, read back. None while it has not been told yet, or may still follow."""
        held_w = self._held_w(values, now)
        if held_w is None or self._waits:
            return None
        if abs(held_w - self._percent / 100.0 * self.options.rated_w) < 1.0:
            self._agreed_beat = self._beat
        elif self._beat - self._agreed_beat <= PATIENCE_BEATS:
            return None
        return held_w

    def _held_w(self, values: Values, now: int | None) -> float | None:
        """The power that its registers command at minute `now`."""
        functions = values.get("functions")
        if functions is None:
            return None
        wanted = [way for way in (CHARGE, DISCHARGE) if int(functions) & way.bit]
        if not wanted or not int(functions) & ON:
            return 0.0
        power, limit = (values.get(f"{wanted[0].name}_{what}") for what in ("power", "limit"))
        window = _window(wanted[0], values)
        if len(wanted) > 1 or power is None or limit is None or window is None or now is None:
            return None
        if not window.start <= now <= window.end:
            return 0.0
        size_w = min(power * self._unit_pct, limit) / 100.0 * self.options.rated_w
        return size_w if wanted[0] is DISCHARGE else -size_w

    # ------------------------------------------------------------ parts

    @property
    def _unit_pct(self) -> float:
        return 0.1 if self.options.fine else 1.0

    def _most_percent(self, towards: Direction) -> int:
        share = self.most_w[towards.name] / self.options.rated_w
        return min(100, floor(100.0 * share + 1e-6))

    def _quantised(self, power_w: float, towards: Direction) -> float:
        """In percent, never more than asked for."""
        if not isfinite(power_w):
            return 0.0
        options = self.options
        wanted = min(100.0 * abs(power_w) / options.rated_w, float(self._most_percent(towards)))
        return floor(wanted / options.step_pct + 1e-6) * options.step_pct

    def _told(self, wanted: float, towards: Direction) -> float:
        """What it is told of that: down at once, up only when it is worth a write, and not too often."""
        last = max(0.0, self._percent if towards is DISCHARGE else -self._percent)
        since = None if self._raised_beat is None else (self._beat - self._raised_beat) * BEAT_S
        rested = since is None or since >= self.options.pause_s
        little = wanted > 0.0 and abs(wanted - last) < self.options.min_change_pct and last > 0.0
        if wanted == last or (little and wanted > last):
            self._waits = False
            return last
        falls = wanted < last and not little
        self._waits = not (falls or rested)
        if self._waits:
            return last
        if not falls:
            self._raised_beat = self._beat
        return wanted

    def _prepared(self, towards: Direction, values: Values) -> tuple[Write, ...]:
        """What stays as it is: the other two windows empty, limits of charge, criterion."""
        options, name = self.options, towards.name
        soc_pct = options.charge_to_pct if towards is CHARGE else options.discharge_to_pct
        empty = (
            self._write(towards.power_at + 2 + at, f"{name}_window_{at}", 0, values)
            for at in range(2, 6)
        )
        return (
            *empty,
            self._write(towards.power_at + 1, f"{name}_soc", soc_pct, values),
            *(self._criterion(values) if towards is CHARGE else ()),
        )

    def _criterion(self, values: Values) -> tuple[Write, ...]:
        wanted, kept = self.options.charge_criterion, values.get("charge_criterion")
        if wanted is None:
            return ()
        # Unknown: a write that nothing confirms, and so nothing is let go.
        word = int(kept or 0) & ~CRITERION_MASK | wanted << 1
        return () if kept is None else (_stored(CRITERION, word, int(kept)),)

    def _rate(
        self, towards: Direction, percent: float, values: Values, now: int
    ) -> tuple[Write, ...]:
        """Percentage and window."""
        name = towards.name
        known = self._windows.get(name) or _window(towards, values)
        window = self._windows[name] = window_for(now, known, self.options.window_min)
        at = towards.fine_at if self.options.fine else towards.power_at
        first = towards.power_at + 2
        return (
            self._write(at, f"{name}_power", round(percent / self._unit_pct), values),
            self._write(first, f"{name}_window_0", word_of(window.start), values),
            self._write(first + 1, f"{name}_window_1", word_of(window.end), values),
        )

    def _is_set(self, towards: Direction, prepared: tuple[Write, ...], values: Values) -> bool:
        """All of it was read back; what changes while it runs may follow later."""
        functions = values.get("functions")
        if functions is None or (towards is CHARGE and self._criterion_unknown(values)):
            return False
        fixed = prepared if not int(functions) & towards.bit else prepared[:-3]
        return all(write.holds == write.words for write in fixed)

    def _criterion_unknown(self, values: Values) -> bool:
        return self.options.charge_criterion is not None and values.get("charge_criterion") is None

    def _limit(self, towards: Direction, percent: int, values: Values) -> Write:
        return self._write(towards.limit_at, f"{towards.name}_limit", percent, values)

    def _bits(self, values: Values, wanted: int, *, on: bool) -> tuple[Write, ...]:
        """Register 21; only the bits that are ours change. Nothing when the others are not known."""
        kept = self.functions(values)
        if kept is None:
            return ()
        word = kept & ~(COMMANDS | ON) | wanted | (ON if on else 0)
        if self.options.feed_in is not None:
            word = word & ~FEED_IN | (FEED_IN if self.options.feed_in else 0)
        return (_stored(FUNCTIONS, word, kept),)

    def _write(self, address: int, name: str, word: int, values: Values) -> Write:
        return _stored(address, word, self._known(name, values))

    def _known(self, name: str, values: Values) -> int | None:
        told = values.get(name)
        return self.held.get(name) if told is None else int(told)


def _stored(address: int, word: int, held: int | None) -> Write:
    holds = None if held is None else (held,)
    return Write(address, "holding", (word,), stored=True, holds=holds)


def _window(towards: Direction, values: Values) -> Window | None:
    """The first of its three windows, as the device holds it."""
    words = (values.get(f"{towards.name}_window_{at}") for at in (0, 1))
    ends = [None if word is None else minute_of(int(word)) for word in words]
    return None if ends[0] is None or ends[1] is None else Window(ends[0], ends[1])
