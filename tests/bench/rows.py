"""One row of the table, and how it is written."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """`ratio` is against the peer or the floor named in `against`."""

    number: str
    what: str
    value: float
    unit: str
    goal: str
    met: bool | None
    ratio: float | None = None
    against: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of all lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(rows: Sequence[Row]) -> str:
    """For people."""
    lines = [f"{'no.':5}{'value':>12} {'unit':10}{'ratio':>8}  {'goal':22}{'met':6}what"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}×"
        met = {True: "yes", False: "NO", None: ""}[row.met]
        against = f" (against {row.against})" if row.against else ""
        lines.append(
            f"{row.number:5}{row.value:12.3f} {row.unit:10}{ratio:>8}  {row.goal:22}{met:6}{row.what}{against}"
        )
    return "\n".join(lines)


def write(rows: Sequence[Row], path: Path) -> None:
    """For programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = {row.number: {k: v for k, v in asdict(row).items() if k != "number"} for row in rows}
    path.write_text(json.dumps(words, indent=2, ensure_ascii=False) + "\n")
