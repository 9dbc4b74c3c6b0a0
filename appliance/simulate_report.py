"""report.html of a simulation: a page that opens without a network."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from appliance.simulate_plots import Lane, Line, Plot, Table, draw, draw_lanes, key

BATTERY, GRID, PV, LOAD, HOT = "#00897b", "#3f51c8", "#b38600", "#465362", "#c62828"
POWER: Final = Plot("Power", "kW", 1e-3, (
    Line("load_w", "load", LOAD), Line("pv_w", "PV", PV),
    Line("grid_w", "grid, import +", GRID), Line("battery_w", "battery, discharge +", BATTERY),
))  # fmt: skip
ENERGY: Final = Plot("State of charge", "%", 1.0, (Line("soc_pct", "state of charge", BATTERY),))
PRICES: Final = Plot("Prices", "/kWh", 1.0, (
    Line("import_price_per_kwh", "import, paid", GRID, step=True),
    Line("export_price_per_kwh", "export, paid to the site", PV, step=True),
))  # fmt: skip
FREEDOM: Final = Plot(
    "What the limits allow", "kW", 1e-3,
    (
        Line("setpoint_w", "setpoint, discharge +", BATTERY),
        Line("max_discharge_w", "most discharge", LOAD, step=True),
        Line("max_charge_w", "most charge", PV, step=True, sign=-1.0),
    ),
    band=(Line("max_discharge_w", "", ""), Line("max_charge_w", "", "", sign=-1.0)),
)  # fmt: skip
WARMTH: Final = Plot(
    "Warmest cell", "°C", 1.0, (Line("cell_max_c", "warmest cell", HOT),), from_zero=False
)
LANES: Final = (
    Lane("state", "state", rests=("run",)),
    Lane("decides", "decides"),
    Lane("held_by", "held back by"),
    Lane("limit", "limit"),
    Lane("errors", "errors"),
)
MOST_CHANGES: Final = 200
STYLE: Final = """
body { font: 15px/1.5 Inter, system-ui, sans-serif; color: #10161d; background: #eef1f5;
       max-width: 1040px; margin: 32px auto; padding: 0 16px }
h1 { font-size: 24px; margin: 0 0 16px } h2 { font-size: 16px; margin: 24px 0 8px }
section, pre { background: #fff; border: 1px solid #cbd3dc; border-radius: 14px; padding: 16px }
pre { font: 13px/1.6 ui-monospace, monospace; overflow-x: auto } svg { width: 100%; height: auto; display: block }
.key { margin-right: 16px; white-space: nowrap } .key b { display: inline-block; width: 18px;
       height: 3px; vertical-align: middle; margin-right: 6px }
table { border-collapse: collapse; width: 100% } td { padding: 4px 12px 4px 0; vertical-align: top }
td:first-child { white-space: nowrap; color: #465362; font-variant-numeric: tabular-nums }
p { color: #465362; margin: 8px 0 0 }
"""


def write_report(
    path: Path, site: str, summary: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write the page: the summary, the plots, who decided when, and when the reason for the power changed."""
    table = Table(columns, rows)
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{escape(site)}: simulation</title><style>{STYLE}</style>",
        f"<h1>{escape(site)}: simulation</h1><pre>{escape(summary)}</pre>",
        _section(POWER, table),
        "<h2>Who decided</h2><section>",
        draw_lanes(LANES, table),
        "<p>Rest the pointer on a bar for the sentence of that minute. <i>decides</i> is the mode whose power is followed, "
        "<i>held back by</i> a mode above it, <i>limit</i> what held it back then. All times are UTC.</p></section>",
        *(_section(plot, table) for plot in (ENERGY, PRICES, FREEDOM, WARMTH)),
        _changes({name: place for place, name in enumerate(columns)}, rows),
        "</html>\n",
    ]
    path.write_text("\n".join(part for part in parts if part), encoding="utf-8")


def _section(plot: Plot, table: Table) -> str:
    picture = draw(plot, table)
    if not picture:
        return ""
    keys = "".join(
        f"<span class=key><b style='background:{colour}'></b>{escape(label)}</span>"
        for label, colour in key(plot, table)
    )
    return f"<h2>{plot.title}</h2><section>{keys}{picture}</section>"


def _changes(index: dict[str, int], rows: Sequence[Sequence[str]]) -> str:
    """When state, decider, limit or errors changed, and the sentence of that minute."""
    changes: list[str] = []
    last = None
    for row in rows:
        now = tuple(row[index[name]] for name in ("state", "decides", "held_by", "limit", "errors"))
        if now != last:
            stamp = row[index["utc"]][:16].replace("T", " ")
            changes.append(f"<tr><td>{stamp}<td>{escape(row[index['why']])}")
            last = now
    left = len(changes) - MOST_CHANGES
    more = f"<p>and {left} more changes, all of them in timeseries.csv</p>" if left > 0 else ""
    table = "".join(changes[:MOST_CHANGES])
    return f"<h2>Why</h2><section><table>{table}</table>{more}</section>"
