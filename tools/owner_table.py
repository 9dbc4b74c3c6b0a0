"""The table of alarms in docs/owner.md, made from ERRORS."""

import re
from pathlib import Path

from appliance.errors import ERRORS, Row

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "owner.md"
HEAD = "| no. | says | the battery | what to do |\n|---|---|---|---|\n"


def line(row: Row) -> str:
    """One alarm."""
    effects = ", ".join(row.effects) or "goes on"
    latched = ", until reset" if row.latched else ""
    return f"| {row.number} | {row.title} | {effects}{latched} | {row.remedy} |\n"


def main() -> None:
    """Put the table of today's rows into the guide."""
    text = GUIDE.read_text(encoding="utf-8")
    table = HEAD + "".join(line(row) for row in ERRORS)
    GUIDE.write_text(re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table, text), "utf-8")


if __name__ == "__main__":
    main()
