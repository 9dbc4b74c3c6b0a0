"""Pictures of a time series as SVG text: lines, a band between two of them, and lanes of words. Needs no network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from math import floor, log10
from typing import Final

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960.0, 200.0, 72.0, 8.0, 8.0, 24.0
LANE, LANE_GAP = 22.0, 6.0
MOST_POINTS: Final = 1_440
INK, QUIET, RULE = "#10161d", "#465362", "#e4e9ef"
LANES_HUES: Final = ("#00897b", "#3f51c8", "#b38600", "#8e24aa", "#c62828", "#00838f", "#6d4c41", "#558b2f")  # fmt: skip
REST: Final = "#dfe5ec"
"""Of a lane in which nothing happens."""

TIME_STEPS_H: Final = (0.25, 1.0, 3.0, 6.0, 24.0, 48.0, 24.0 * 7, 24.0 * 30.4375, 24.0 * 91.3125)


@dataclass(frozen=True, slots=True)
class Line:
    """One column as a line. An empty cell is a gap."""

    column: str
    label: str
    colour: str
    step: bool = False
    """Holds until the next value, as prices do."""
    sign: float = 1.0


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: a title, a unit, a scale, and its lines. `band`: what lies between these two is shaded."""

    title: str
    unit: str
    scale: float
    lines: tuple[Line, ...]
    band: tuple[Line, Line] | None = None
    from_zero: bool = True


@dataclass(frozen=True, slots=True)
class Lane:
    """One column of words as a bar whose colour changes with the word."""

    column: str
    label: str
    rests: tuple[str, ...] = ("",)
    """Words for which the bar stays grey."""


class Table:
    """The rows of a time series by column, thinned to what a screen can show."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        kept = rows[:: max(1, len(rows) // MOST_POINTS)]
        self.columns = {name: [row[at] for row in kept] for at, name in enumerate(columns)}
        self.count = len(kept)

    def has(self, column: str) -> bool:
        """Whether anything is known of it."""
        return any(self.columns.get(column, ()))

    def numbers(self, line: Line, scale: float) -> list[float | None]:
        """Its values in the unit of the plot; None: a gap."""
        return [
            line.sign * scale * float(cell) if cell else None for cell in self.columns[line.column]
        ]

    def x(self, place: float) -> float:
        """From the left edge."""
        return LEFT + (WIDTH - LEFT - RIGHT) * place / max(1, self.count - 1)


def draw(plot: Plot, table: Table) -> str:
    """The picture; "" when none of its columns says anything."""
    lines = [line for line in plot.lines if table.has(line.column)]
    if not lines:
        return ""
    series = [table.numbers(line, plot.scale) for line in lines]
    known = [value for values in series for value in values if value is not None]
    low, high, tick = _scale(known, from_zero=plot.from_zero)
    body = [_rules(low, high, tick, plot.unit), _times(table)]
    if plot.band is not None and all(table.has(edge.column) for edge in plot.band):
        body.append(_band(plot.band, plot.scale, table, low, high))
    for line, values in zip(lines, series, strict=True):
        body += [
            f"<polyline fill='none' stroke='{line.colour}' stroke-width='1.6' stroke-linejoin='round' points='{points}'/>"
            for points in _points(values, table, low, high, step=line.step)
        ]
    return _svg(HEIGHT, plot.title, "".join(body))


def key(plot: Plot, table: Table) -> list[tuple[str, str]]:
    """Label and colour of each line that there is."""
    return [(line.label, line.colour) for line in plot.lines if table.has(line.column)]


def draw_lanes(lanes: Sequence[Lane], table: Table) -> str:
    """Bars of words beneath each other, with the sentence of the minute where a pointer rests on them."""
    body, top = [], TOP
    for lane in lanes:
        body.append(
            f"<text x='{LEFT - 8:g}' y='{top + 15:g}' text-anchor='end'>{escape(lane.label)}</text>"
        )
        body += _bars(lane, table, top)
        top += LANE + LANE_GAP
    body.append(_times(table, top + 14.0, rules=False))
    return _svg(top + BOTTOM, "Who decided", "".join(body))


def _bars(lane: Lane, table: Table, top: float) -> Iterator[str]:
    words, whys = table.columns[lane.column], table.columns.get("why", ())
    seen = [word for word in dict.fromkeys(words) if word not in lane.rests]
    hues = {word: LANES_HUES[at % len(LANES_HUES)] for at, word in enumerate(seen)}
    at = 0
    for word, group in groupby(words):
        count = len(list(group))
        left, right = table.x(at), table.x(min(at + count, table.count - 1))
        width, why = max(right - left, 0.5), whys[at] if whys else ""
        told = "\n".join(part for part in (word, why) if part)
        yield (
            f"<g><title>{escape(told)}</title><rect x='{left:.1f}' y='{top:g}' width='{width:.1f}' height='{LANE:g}' "
            f"fill='{hues.get(word, REST)}'/>"
        )
        if word in hues and width > 7.0 * len(word):
            yield f"<text x='{left + 5:.1f}' y='{top + 15:g}' fill='#ffffff'>{escape(word)}</text>"
        yield "</g>"
        at += count


def _svg(height: float, title: str, body: str) -> str:
    return (
        f"<svg viewBox='0 0 {WIDTH:g} {height:g}' role='img' "
        f"aria-label='{escape(title)}' font-size='11' font-family='Inter, system-ui, sans-serif' fill='{QUIET}'>{body}</svg>"
    )


def _scale(values: Sequence[float], *, from_zero: bool) -> tuple[float, float, float]:
    """Low, high and the distance of the rules: round figures around all values."""
    low, high = min(values), max(values)
    if from_zero:
        low, high = min(0.0, low), max(0.0, high)
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / 4.0))
    tick = next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= span / 4.0)
    return floor(low / tick) * tick, -floor(-high / tick) * tick or tick, tick


def _y(value: float, low: float, high: float) -> float:
    return TOP + (HEIGHT - BOTTOM - TOP) * (1.0 - (value - low) / (high - low))


def _rules(low: float, high: float, tick: float, unit: str) -> str:
    digits = max(0, -floor(log10(tick))) if tick != 2.5 else 1
    out = []
    for number in range(round((high - low) / tick) + 1):
        value = low + number * tick
        y = _y(value, low, high)
        colour = "#b6c0cb" if abs(value) < tick / 2.0 and low < 0.0 else RULE
        out.append(
            f"<line x1='{LEFT:g}' x2='{WIDTH - RIGHT:g}' y1='{y:.1f}' y2='{y:.1f}' stroke='{colour}'/>"
            f"<text x='{LEFT - 8:g}' y='{y + 4:.1f}' text-anchor='end'>{value + 0.0:.{digits}f} {escape(unit)}</text>"
        )
    return "".join(out)


def _points(
    values: Sequence[float | None], table: Table, low: float, high: float, *, step: bool
) -> Iterator[str]:
    """The line's pieces between gaps."""
    at = 0
    for known, group in groupby(values, key=lambda value: value is not None):
        piece = list(group)
        if known:
            places = []
            before = None
            for number, value in enumerate(piece, at):
                assert value is not None
                if step and before is not None and value != before:
                    places.append(f"{table.x(number):.1f},{_y(before, low, high):.1f}")
                places.append(f"{table.x(number):.1f},{_y(value, low, high):.1f}")
                before = value
            yield " ".join(places)
        at += len(piece)


def _band(edges: tuple[Line, Line], scale: float, table: Table, low: float, high: float) -> str:
    upper, lower = (
        [min(max(value or 0.0, low), high) for value in table.numbers(edge, scale)]
        for edge in edges
    )
    there = [f"{table.x(at):.1f},{_y(value, low, high):.1f}" for at, value in enumerate(upper)]
    back = [f"{table.x(at):.1f},{_y(value, low, high):.1f}" for at, value in enumerate(lower)]
    return f"<polygon fill='#00897b' opacity='0.10' points='{' '.join(there + back[::-1])}'/>"


def _times(table: Table, y: float = HEIGHT - 6.0, *, rules: bool = True) -> str:
    """Round instants along the bottom; dates where it is not one day."""
    moments = [datetime.fromisoformat(stamp) for stamp in table.columns["utc"]]
    hours = (moments[-1] - moments[0]).total_seconds() / 3600.0
    every = next((step for step in TIME_STEPS_H if hours / step <= 9.0), TIME_STEPS_H[-1])
    shape = "%H:%M" if every < 24.0 else "%d %b" if hours < 24.0 * 300 else "%b %Y"
    out, before = [], None
    for place, moment in enumerate(moments):
        clock_s = moment.replace(
            tzinfo=UTC
        ).timestamp()  # round on the clock of the zone it is told in
        slot = int(clock_s // (3600.0 * every))
        if slot != before and (before is not None or clock_s % (3600.0 * every) < 60.0):
            x = table.x(place)
            if rules:
                out.append(
                    f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{TOP:g}' y2='{HEIGHT - BOTTOM:g}' stroke='{RULE}'/>"
                )
            if x < WIDTH - 40.0:
                anchor = "start" if place == 0 else "middle"
                out.append(
                    f"<text x='{x:.1f}' y='{y:g}' text-anchor='{anchor}'>{moment.strftime(shape)}</text>"
                )
        before = slot
    return "".join(out)
