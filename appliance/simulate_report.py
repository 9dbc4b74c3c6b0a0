"""report.html of a simulation: a page that opens without a network; plots as SVG drawn here."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

WIDTH, HEIGHT, LEFT, BOTTOM = 960.0, 220.0, 64.0, 24.0
MOST_POINTS: Final = 1_440


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: a title, a unit, a scale, and columns with their colours."""

    title: str
    unit: str
    scale: float
    lines: tuple[tuple[str, str, str], ...]


PLOTS: Final = (
    Plot("Power", "kW", 1e-3, (
        ("load_w", "load", "#465362"), ("pv_w", "PV", "#b38600"),
        ("grid_w", "grid, import +", "#3f51c8"), ("battery_w", "battery, discharge +", "#00897b"),
    )),
    Plot("State of charge", "%", 1.0, (("soc_pct", "state of charge", "#00897b"),)),
    Plot("Warmest cell", "°C", 1.0, (("cell_max_c", "warmest cell", "#c62828"),)),
)  # fmt: skip

STYLE: Final = """
body { font: 15px/1.5 Inter, system-ui, sans-serif; color: #10161d; background: #eef1f5;
       max-width: 1040px; margin: 32px auto; padding: 0 16px }
h1 { font-size: 24px; margin: 0 0 16px } h2 { font-size: 16px; margin: 24px 0 8px }
section, pre { background: #fff; border: 1px solid #cbd3dc; border-radius: 14px; padding: 16px }
pre { font: 13px/1.6 ui-monospace, monospace; overflow-x: auto } svg { width: 100%; height: auto }
.key { margin-right: 16px; white-space: nowrap } .key b { display: inline-block; width: 18px;
       height: 3px; vertical-align: middle; margin-right: 6px }
table { border-collapse: collapse; width: 100% } td { padding: 4px 12px 4px 0; vertical-align: top }
td:first-child { white-space: nowrap; color: #465362 }
"""


def write_report(
    path: Path, site: str, summary: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write the page: the summary, the plots, and when the reason for the power changed."""
    index = {name: place for place, name in enumerate(columns)}
    thinned = rows[:: max(1, len(rows) // MOST_POINTS)]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>{escape(site)}: simulation</title><style>{STYLE}</style>",
        f"<h1>{escape(site)}: simulation</h1><pre>{escape(summary)}</pre>",
        *(_plot(plot, index, thinned) for plot in PLOTS),
        _limits(index, rows),
        "</html>\n",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _plot(plot: Plot, index: dict[str, int], rows: Sequence[Sequence[str]]) -> str:
    series = [
        [float(row[index[name]]) * plot.scale for row in rows]
        for name, _label, _colour in plot.lines
    ]
    low = min(0.0, *(min(values) for values in series)) if plot.unit != "°C" else min(series[0])
    high = max(max(values) for values in series)
    span = (high - low) or 1.0
    keys = "".join(
        f"<span class=key><b style='background:{colour}'></b>{escape(label)}</span>"
        for _name, label, colour in plot.lines
    )
    lines = "".join(
        f"<polyline fill=none stroke='{colour}' stroke-width=1.5 points='{_points(values, low, span)}'/>"
        for values, (_name, _label, colour) in zip(series, plot.lines, strict=True)
    )
    grid = "".join(_rule(low + span * part / 4, low, span, plot.unit) for part in range(5))
    hours = _hours([row[index["utc"]] for row in rows])
    return (
        f"<h2>{plot.title}</h2><section>{keys}"
        f"<svg viewBox='0 0 {WIDTH:g} {HEIGHT:g}' font-size=11 fill='#465362'>{grid}{hours}{lines}</svg></section>"
    )


def _points(values: Sequence[float], low: float, span: float) -> str:
    step = (WIDTH - LEFT) / max(1, len(values) - 1)
    return " ".join(
        f"{LEFT + place * step:.1f},{_y(value, low, span):.1f}"
        for place, value in enumerate(values)
    )


def _y(value: float, low: float, span: float) -> float:
    return 8.0 + (HEIGHT - BOTTOM - 8.0) * (1.0 - (value - low) / span)


def _rule(value: float, low: float, span: float, unit: str) -> str:
    y = _y(value, low, span)
    return (
        f"<line x1={LEFT:g} x2={WIDTH:g} y1={y:.1f} y2={y:.1f} stroke='#e4e9ef'/>"
        f"<text x={LEFT - 8:g} y={y + 4:.1f} text-anchor=end>{value:.1f} {unit}</text>"
    )


def _hours(stamps: Sequence[str]) -> str:
    """Five time stamps along the bottom."""
    places = [round(part * (len(stamps) - 1) / 4) for part in range(5)]
    step = (WIDTH - LEFT) / max(1, len(stamps) - 1)
    anchors = ("start", "middle", "middle", "middle", "end")
    return "".join(
        f"<text x={LEFT + place * step:.1f} y={HEIGHT - 6:g} text-anchor={anchor}>"
        f"{escape(stamps[place][:16].replace('T', ' '))}</text>"
        for place, anchor in zip(places, anchors, strict=True)
    )


def _limits(index: dict[str, int], rows: Sequence[Sequence[str]]) -> str:
    """When the limit in force or the state changed, and the sentence of that minute."""
    changes: list[str] = []
    last = ""
    for row in rows:
        now = f"{row[index['state']]} {row[index['limit']]} {row[index['errors']]}"
        if now != last:
            stamp = row[index["utc"]][:16].replace("T", " ")
            changes.append(f"<tr><td>{stamp}<td>{escape(row[index['why']])}")
            last = now
    shown = changes[:200]
    more = f"<p>and {len(changes) - 200} more changes" if len(changes) > 200 else ""
    return f"<h2>Why</h2><section><table>{''.join(shown)}</table>{more}</section>"
