"""What was found, as a table with units for people or as JSON for programs."""

import json
from typing import Final

import msgspec

from appliance.probe.found import Found, SetUpDone

UNITS: Final = {
    "w": "W", "wh": "Wh", "v": "V", "a": "A", "c": "°C", "hz": "Hz", "pct": "%", "var": "var",
    "va": "VA", "hpa": "hPa", "ohm": "ohm", "rpm": "1/min",
}  # fmt: skip
"""By the end of the name."""
QUANTITIES: Final = {"w": "power", "v": "voltage", "a": "current", "c": "temperature"}
"""Named where the same words stand for several: the highest of cells, the most there may be."""
SEVERAL: Final = frozenset({"max", "min", "cell"})
SIGNS: Final = {
    "meter": "import +, production +",
    "inverter": "discharge +",
    "bms": "discharge +",
    "sensor": "",
}
NOT_KNOWN: Final = "-"
Row = tuple[str, str, str]


def as_json(found: Found) -> str:
    """One object, with everything."""
    reading = None if found.reading is None else msgspec.to_builtins(found.reading)
    document = {
        "kind": found.kind, "driver": found.driver, "title": found.title, "model": found.model,
        "target": found.target, "took_s": round(found.took_s, 3), "reading": reading,
        "warnings": list(_warnings(found)),
    }  # fmt: skip
    if found.set_up is not None:
        done = found.set_up
        document["setup"] = {
            "written": done.written,
            "changes": [
                {"field": c.field, "before": c.before, "after": c.after} for c in done.plan.changes
            ],
            "remarks": list(done.plan.remarks),
            "now_reached_by": done.elsewhere,
        }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_text(found: Found) -> str:
    """For a terminal."""
    lines = [found.title, *([f"found: {found.model}"] if found.model else [])]
    if found.set_up is not None:
        lines += _set_up(found.set_up)
    if found.reading is not None:
        sign = f" ({SIGNS[found.kind]})" if SIGNS[found.kind] else ""
        lines += [f"read in {found.took_s:.2f} s{sign}", "", *_table(_rows(found.reading))]
    lines += [f"warning: {warning}" for warning in _warnings(found)]
    return "\n".join(lines) + "\n"


def _warnings(found: Found) -> tuple[str, ...]:
    told = () if found.reading is None else found.reading.warnings
    return (*told, found.note) if found.note else told


def _set_up(done: SetUpDone) -> list[str]:
    if not done.plan.changes:
        return ["set-up: as in the file, nothing to change"]
    head = "set-up, written and read back:" if done.written else "set-up, would change:"
    width = max(len(change.field) for change in done.plan.changes)
    lines = [head, *(f"  {c.field:<{width}}  {c.before} -> {c.after}" for c in done.plan.changes)]
    lines += [f"  note: {remark}" for remark in done.plan.remarks]
    if not done.written:
        lines.append("nothing was written; repeat with --yes")
    if done.elsewhere:
        lines.append(f"now it is reached in another way: probe again with {done.elsewhere}")
    return lines


def _rows(reading: msgspec.Struct) -> list[Row]:
    rows: list[Row] = []
    for name in reading.__struct_fields__:
        value: object = getattr(reading, name)
        if name == "warnings":
            continue
        if name == "cells_v" and isinstance(value, tuple) and value:
            rows.append(("single cells", _cells(value), ""))
            continue
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            rows += _parts(name, value)
        elif name == "values" and isinstance(value, tuple):
            rows += [_row(str(pair[0]), pair[1]) for pair in value]
        else:
            rows.append(_row(name, value))
    return rows


def _parts(name: str, parts: tuple[msgspec.Struct, ...]) -> list[Row]:
    """Phases and racks, counted from 1; only what is known of each."""
    one = name.removesuffix("s")
    return [
        (f"{one} {number} {label}", text, unit)
        for number, part in enumerate(parts, start=1)
        for label, text, unit in _rows(part)
        if text != NOT_KNOWN and label != one
    ]


def _cells(cells_v: tuple[float | None, ...]) -> str:
    """How many are known, and the extremes: hundreds of numbers help nobody."""
    known_v = [cell_v for cell_v in cells_v if cell_v is not None]
    count = f"{len(known_v)} of {len(cells_v)}"
    return f"{count}, {min(known_v):.3f} to {max(known_v):.3f} V" if known_v else count


def _row(name: str, value: object) -> Row:
    label, _, last = name.rpartition("_")
    unit = UNITS.get(last, "") if label else ""
    return _label(label if unit else name, last), _text(value), unit


def _label(name: str, unit: str) -> str:
    """`max_charge` in W: "max charge power"; `cell_min_v_at`: "cell min voltage at"."""
    words = name.split("_")
    if words[0] in SEVERAL:
        words = [QUANTITIES.get(word, word) for word in words]
        words += [QUANTITIES[unit]] if unit in QUANTITIES else []
    return " ".join(words)


def _text(value: object) -> str:
    if value is None or value == ():
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:z.3f}".rstrip("0").rstrip(".")
    if isinstance(value, tuple):
        return ", ".join(_text(part) for part in value)
    return str(value)


def _table(rows: list[Row]) -> list[str]:
    width = max(len(label) for label, _text, _unit in rows)
    longest = max((len(text) for _label, text, unit in rows if unit), default=0)
    return [
        f"  {label:<{width}}  {text:>{longest}} {unit}".rstrip()
        if unit
        else f"  {label:<{width}}  {text}"
        for label, text, unit in rows
    ]
