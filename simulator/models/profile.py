"""What happens outside: load, PV, frequency, prices, imbalance, a plan, weather, from a CSV file.

Columns: `utc` plus any of FIELDS (or of ALSO, in other units); others are left out and named in `ignored`. A line that starts
with # is a comment. A blank cell is a gap: nobody knows. A row holds until the next one; in a file
with a regular step a missing row is a gap as well. After its end the profile begins again.
"""

import csv
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from pathlib import Path

FIELDS = {
    "load_w": (-1e8, 1e8),
    "pv_w": (-1e8, 1e8),
    "frequency_hz": (40.0, 70.0),
    "voltage_v": (0.0, 1_000.0),
    "import_price_per_kwh": (-1e5, 1e5),
    "export_price_per_kwh": (-1e5, 1e5),
    "outdoor_c": (-90.0, 70.0),
    "imbalance_price_per_kwh": (-1e5, 1e5),
    "imbalance_wh": (-1e13, 1e13),
    "plan_power_w": (-1e8, 1e8),
    "plan_soe_wh": (0.0, 1e10),
}
"""Each with the range that is believed."""
ALSO = {
    "load_kw": ("load_w", 1_000.0),
    "pv_kw": ("pv_w", 1_000.0),
    "import_p_per_kwh": ("import_price_per_kwh", 0.01),
    "export_p_per_kwh": ("export_price_per_kwh", 0.01),
}
"""The same in other units, read where the field itself is not there: its name, and what to multiply with."""
MOST_MISTAKES = 20
REGULAR = 0.9
"""Share of equal steps from which a file counts as regular."""


class ProfileError(ValueError):
    """The file cannot be used; the message names every mistake with its line, field and value."""


class Row:
    """What is known from one instant to the next; None: unknown. Not to be changed."""

    __slots__ = (*FIELDS, "from_s")

    load_w: float | None
    pv_w: float | None
    frequency_hz: float | None
    voltage_v: float | None
    """Line to neutral; below a fifth of 230 V the grid is lost."""
    import_price_per_kwh: float | None
    export_price_per_kwh: float | None
    outdoor_c: float | None
    imbalance_price_per_kwh: float | None
    imbalance_wh: float | None
    """Of the whole system in the settlement period in which the row begins: + it is short, − long."""
    plan_power_w: float | None
    """What a plan wants of the battery, discharge +."""
    plan_soe_wh: float | None
    """Or the energy it wants in the battery when the row ends."""
    from_s: float
    """Seconds since the first row."""

    def __init__(self, from_s: float, values: dict[str, float]) -> None:
        self.from_s = from_s
        for field in FIELDS:
            setattr(self, field, values.get(field))


class Profile:
    """Rows in order of time. `at` is cheap when it is asked in order of time."""

    def __init__(
        self, start_at: datetime, rows: list[Row], period_s: float, columns: Iterable[str]
    ):
        self.start_at = start_at
        """UTC of the first row."""
        self.period_s = period_s
        self.columns = frozenset(columns) & FIELDS.keys()
        self.ignored: tuple[str, ...] = tuple(sorted(set(columns) - FIELDS.keys() - {"utc"}))
        self.rows = rows
        self._starts_s = [row.from_s for row in rows]
        self._row, self._since_s, self.until_s = rows[0], 0.0, -1.0

    def at(self, seconds: float) -> Row:
        """What holds this many seconds after the first row. `until_s` then says for how long."""
        if not self._since_s <= seconds < self.until_s:
            turns, inside_s = divmod(seconds, self.period_s)
            index = bisect_right(self._starts_s, inside_s) - 1
            turn_s = turns * self.period_s
            last = index + 1 == len(self.rows)
            self._row = self.rows[index]
            self._since_s = turn_s + self._row.from_s
            self.until_s = turn_s + (self.period_s if last else self._starts_s[index + 1])
        return self._row

    def seconds_to(self, hour: int, minute: int) -> float:
        """Seconds from the first row to the next time that a UTC clock shows this."""
        start = self.start_at
        start_s = start.hour * 3600 + start.minute * 60 + start.second
        return float((hour * 3600 + minute * 60 - start_s) % 86_400)


def load_profile(path: Path) -> Profile:
    """Read a CSV file. Raises ProfileError with all that is wrong with it."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}"
        raise ProfileError(msg) from None
    return parse_profile(lines, str(path))


def parse_profile(lines: Iterable[str], name: str = "profile") -> Profile:
    """The same, from lines of text; `name` is used in messages."""
    numbered = [(n, line) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
    if len(numbered) < 3:
        msg = f"{name}: needs a line of column names and two rows at least"
        raise ProfileError(msg)
    columns = [column.strip() for column in next(csv.reader([numbered[0][1]]))]
    columns, factors = _in_our_units(columns)
    if "utc" not in columns or not FIELDS.keys() & set(columns):
        msg = f"{name}:{numbered[0][0]}: needs utc and one of {', '.join(FIELDS)}; has {', '.join(columns)}"
        raise ProfileError(msg)
    found: list[tuple[datetime, dict[str, float]]] = []
    mistakes: list[str] = []
    for (number, _), cells in zip(
        numbered[1:], csv.reader(line for _, line in numbered[1:]), strict=False
    ):
        at, values, wrong = _parse_row(dict(zip(columns, cells, strict=False)), factors)
        if len(cells) != len(columns):
            wrong.append(f"{len(cells)} cells for {len(columns)} columns")
        if at is not None and found and at <= found[-1][0]:
            wrong.append(f"utc = {at.isoformat()} is not after the row before")
        mistakes += [f"{name}:{number}: {text}" for text in wrong]
        if at is not None:
            found.append((at, values))
    if mistakes:
        more = (
            [f"… and {len(mistakes) - MOST_MISTAKES} more"] if len(mistakes) > MOST_MISTAKES else []
        )
        raise ProfileError("\n".join(mistakes[:MOST_MISTAKES] + more))
    return _profile(found, columns)


def _in_our_units(columns: list[str]) -> tuple[list[str], dict[str, float]]:
    """The columns under the names of their fields, and the factors of those that are in other units."""
    also = {name: field for name, (field, _) in ALSO.items() if field not in columns}
    factors = {field: ALSO[name][1] for name, field in also.items() if name in columns}
    return [also.get(column, column) for column in columns], factors


def _parse_row(
    cells: dict[str, str], factors: dict[str, float]
) -> tuple[datetime | None, dict[str, float], list[str]]:
    """Instant, known values and mistakes of one row."""
    wrong: list[str] = []
    values: dict[str, float] = {}
    at = None
    text = cells.get("utc", "").strip()
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError:
        wrong.append(f"utc = {text!r} is not a time such as 2026-06-21T12:00:00Z")
    for field, (low, high) in FIELDS.items():
        if not (text := cells.get(field, "").strip()):
            continue
        try:
            value = float(text) * factors.get(field, 1.0)
        except ValueError:
            wrong.append(f"{field} = {text!r} is not a number")
            continue
        if isfinite(value) and low <= value <= high:
            values[field] = value
        else:
            wrong.append(f"{field} = {text!r} is not between {low:g} and {high:g}")
    return at, values, wrong


def _profile(found: list[tuple[datetime, dict[str, float]]], columns: list[str]) -> Profile:
    """Rows with their seconds, and rows of nothing where a regular file has holes."""
    start_at = found[0][0]
    seconds = [(at - start_at).total_seconds() for at, _ in found]
    steps = Counter(b - a for a, b in pairwise(seconds))
    step_s, times = steps.most_common(1)[0]
    regular = len(seconds) > 10 and times >= REGULAR * (len(seconds) - 1)
    rows: list[Row] = []
    for from_s, (_, values) in zip(seconds, found, strict=True):
        if regular and rows and from_s - rows[-1].from_s > 1.5 * step_s:
            rows.append(Row(rows[-1].from_s + step_s, {}))
        rows.append(Row(from_s, values))
    last_s = step_s if regular else seconds[-1] - seconds[-2]
    return Profile(start_at, rows, seconds[-1] + last_s, columns)
