"""docs/mutants.md: the figures of a run, and why each survivor may live."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

REASONS: Final = Path("tools/mutants/reasons.toml")
"""By a part of the survivor's key: why no test can tell it from the real code, or need not."""


def write_report(root: Path, result: dict[str, Any], out: Path | None) -> int:
    """How many survivors have no reason; the report itself where `out` is a path."""
    reasons = tomllib.loads((root / REASONS).read_text(encoding="utf-8"))["reason"]
    lines, without = [], 0
    for survivor in result["survivors"]:
        reason = next((one["why"] for one in reasons if _fits(one, survivor["key"])), "")
        without += not reason
        where = f"`{Path(survivor['file']).name}` {survivor['function'] or 'table'}"
        code = survivor["text"].replace("|", "\\|")
        what = survivor["what"].replace("|", "\\|")
        lines.append(f"| {where} | `{code}` | {what} | {reason or 'not judged yet'} |")
    if out is not None:
        out.write_text(_page(result, lines), encoding="utf-8")
    return without


def _fits(reason: dict[str, Any], key: str) -> bool:
    return all(part in key for part in reason["has"])


def _sample(result: dict[str, Any]) -> str:
    """What was left out, where the time was over before the end."""
    of, total = result.get("of", 0), result["mutants"]
    return f" A random sample of {of}." if of > total else ""


def _page(result: dict[str, Any], survivors: list[str]) -> str:
    total = result["mutants"]
    killed = total - len(result["survivors"])
    files = [
        f"| `{name}` | {one['mutants']} | {one['mutants'] - one['survived']} "
        f"| {100.0 * (one['mutants'] - one['survived']) / one['mutants']:.1f} % |"
        for name, one in result["files"].items()
    ]
    today = datetime.now(UTC).date().isoformat()
    return "\n".join(
        [
            "# Mutants of the safety code",
            "",
            "Made by `make mutants` (tools/mutants, decision 0023): the code is broken in one place at a",
            "time and the fast tests are run. Do not edit; the reasons are in `tools/mutants/reasons.toml`.",
            "",
            f"**{killed} of {total} killed: {100.0 * killed / total:.1f} %** on {today}, "
            f"{result['tests']} tests, {result['took_s']} s.{_sample(result)}",
            "",
            "| file | mutants | killed | share |",
            "|---|---|---|---|",
            *files,
            "",
            "## Survivors, and why",
            "",
            "| where | code | change | why it may live |",
            "|---|---|---|---|",
            *survivors,
            "",
        ]
    )
