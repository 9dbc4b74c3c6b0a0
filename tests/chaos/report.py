"""docs/chaos.md: what the campaign has shown, from its lines of JSON."""

import json
import os
import platform
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.chaos import judge, walls
from tests.chaos.campaign import written
from tests.chaos.places import PLACES
from tests.chaos.rows import KINDS, scenarios
from tests.chaos.seen import NOT_BACK, NOT_TRIED, SAFE, UNSAFE

Line = dict[str, Any]

HEAD = """# The fault campaign

`make chaos` plays devices × faults × moments (`tests/chaos/rows.py`) in the live multi-process box (`appliance run`, core and its
supervisor; where named so also screen and cloud) against the pretend devices on their real protocols, and writes this
page. It says what was seen, not what was hoped for; `python -m tests.chaos --help` has the ways to play a part.

## How it is judged

An observer of its own (`tests/chaos/taps.py`, `decode.py`, `watch.py`, `judge.py`) sits on the wires: recording proxies between
box and inverter (Modbus TCP, the dongle's frames) and between box and BMS (socketcand) read every command with tables written from
the makers' documents; the pretend plant shows its truth forty times a second. It imports nothing of the box and never asks it how
it is: what the box says of itself is used only to bring it to the moment, and as a note for people. `tests/chaos/test_observer.py`
gives it boxes that are unsafe on purpose: each is found.

Unsafe is any of: power not zero within the bound of the row; power (more than 50 W or 0.4 % of the rating) that comes back while it must
not; contactors that close, or any power, start or closing said on a wire, while the box rests or is latched; an emergency
stop without an open request to the contactors within {opens:.1f} s; more than the inverter's or the connection's rating (+2 % + 100 W); more
than the BMS allows for {late:.1f} s (where the BMS is sound); discharge below the reserve; contactors opened **by the box** above {low:.0f} A or 1 % of the rated
current (declared exceptions: emergency stop, and an inverter that cannot be told anything: contactors are then the wall that
is left); power asked for while contactors are asked to be open. What the BMS opens by itself is recorded, not judged.
*Did not recover*: safe, but not back to power (or rest) within {back:.0f} s without hands, or power lost without need.

| what must happen | means |
|---|---|
{kinds}

Bounds are sums of settings and of the makers' times (`tests/chaos/walls.py`), plus {sees:.1f} s for the observer, {slack:.1f} s because
two cores carry several boxes, and the time in which the pretend inverter falls to zero. Measured times are at the plant, from the fault to zero power.
"""


def _seconds(values: Iterable[float | None]) -> str:
    """Median and worst."""
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f} / {max(known):.2f}" if known else "–"


def _most(values: Iterable[float | None], unit: str) -> str:
    known = [value for value in values if value is not None]
    return f"{max(known):.0f} {unit}" if known and max(known) >= 0.5 else "0" if known else "–"


def _amps(lines: list[Line], who: str) -> str:
    known = [one["opened_a"] for one in lines if one["opened_a"] is not None and one["opened_by"] == who]  # fmt: skip
    return f"{max(known):.1f}" if known else "–"


def _row(lines: list[Line]) -> str:
    verdicts = Counter(str(one["verdict"]) for one in lines)
    bounds = [one["bound_s"] for one in lines if one["bound_s"] is not None]
    flowing = [one for one in lines if one["zero_s"] is not None and one["kind"] not in ("keeps", "blind")]  # fmt: skip
    cells = (
        str(len(lines)), str(verdicts[SAFE]), str(verdicts[UNSAFE]), str(verdicts[NOT_BACK] + verdicts[NOT_TRIED]),
        _seconds(one["zero_s"] for one in flowing), f"{max(bounds):.1f}" if bounds else "–",
        _most((one["over_w"] for one in lines), "W"), _most((one["returned_w"] for one in lines), "W"),
        _amps(lines, "box"), _amps(lines, "BMS"), _seconds(one["recovery_s"] for one in lines if one["moment"] not in ("idle", "maintenance", "battery asleep")),
    )  # fmt: skip
    return " | ".join(cells)


COLUMNS = (
    "n | safe | unsafe | not back | to zero, median / worst, s | bound, s | over rating | came back | "
    "A opened by box | by BMS | back, median / worst, s"
)


def _table(lines: list[Line], by: Callable[[Line], str], title: str) -> str:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[by(line)].append(line)
    rule = "|---" * (COLUMNS.count("|") + 2) + "|"
    rows = [f"| {name} | {_row(group)} |" for name, group in groups.items()]
    return "\n".join([f"| {title} | {COLUMNS} |", rule, *rows])


def _device(line: Line) -> str:
    """A row's device and faults, or both of two."""
    return re.sub(r"^[^/]* / (.*) / [^/]*$", r"\1", str(line["name"]))


def _line(text: str) -> str:
    """In a cell of a table."""
    return " ".join(text.replace("|", "/").split())


def _bad(lines: list[Line]) -> str:
    bad = [line for line in lines if line["verdict"] != SAFE]
    if not bad:
        return "Nothing: every scenario was safe, and the box came back by itself or waited for its reset."
    rows = [
        f"| {line['name']} | {line['verdict']} | {_line('; '.join(line['reasons']))} | {str(line.get('note', ''))[:120]} |"
        for line in bad
    ]
    return "\n".join(["| scenario | verdict | why | what the box said at the end |", "|---|---|---|---|", *rows])  # fmt: skip


def _repeated(file: Path) -> str:
    """Scenarios that were played more than once with different verdicts: nothing is hidden behind a second try."""
    seen: dict[str, list[Line]] = defaultdict(list)
    for text in file.read_text().splitlines():
        if text.startswith("{"):
            line = json.loads(text)
            seen[line["name"]].append(line)
    rows = [
        f"| {name} | {' → '.join(line['verdict'] for line in lines)} | {_line('; '.join(dict.fromkeys(reason for line in lines for reason in line['reasons'])))} |"
        for name, lines in seen.items()
        if len({line["verdict"] for line in lines}) > 1
    ]
    if not rows:
        return "None."
    return "\n".join(["| scenario | verdicts, in order | reasons |", "|---|---|---|", *rows])


def _hands(lines: list[Line]) -> str:
    """Safe, and correctly waiting for somebody."""
    names = [str(line["name"]) for line in lines if line.get("hands")]
    if not names:
        return "None beside the emergency stops."
    return "\n".join(f"- {name}: nonsense that read like a danger; it waited for its reset" for name in names)  # fmt: skip


def _conditions(file: Path, lines: list[Line]) -> str:
    runs = [text[2:] for text in file.read_text().splitlines() if text.startswith("# ")]
    gaps = [line["gap_s"] for line in lines]
    when = f"{min(line['at'] for line in lines)} to {max(line['at'] for line in lines)}"
    return "\n".join([
        f"- Played {when} (UTC): {'; '.join(runs) or 'not ended yet'}.",
        f"- {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}; {_scheduling(file.parent / 'boxes')}; other work ran on the machine.",
        "- *Not tried*, in the table of rows played again: the box was not brought to the moment, so nothing was judged.",
        f"- The observer looked every 25 ms; the longest time without a look was {statistics.median(gaps):.2f} s (median over scenarios), {max(gaps):.2f} s (worst).",
        f"- Inverter limits, powers and timeouts of the sites: {_places()}.",
    ])  # fmt: skip


def _scheduling(boxes: Path) -> str:
    """What the cores of the last run say that they were given."""
    said = {
        found
        for log in boxes.glob("*/*/log.txt")
        for found in re.findall(r"scheduling: (.*)", log.read_text(errors="replace"))
    }
    given = "; ".join(sorted(said))
    return f"scheduling of the cores in the last run: {given or 'not known'}"


def _places() -> str:
    return "; ".join(
        f"{place.name}: {place.asked_w:.0f} W asked, {place.most_w:.0f} W rated, inverter's own timeout "
        f"{place.comm_timeout_s:g} s, BMS's {place.bms_timeout_s:g} s"
        for place in PLACES.values()
    )


def write_report(file: Path, document: Path) -> None:
    """The page, from all results in the file; the last one of each scenario counts."""
    known = written(file)
    order = [row.name for row in scenarios()]
    lines = [known[name] for name in order if name in known]
    if not lines:
        return
    verdicts = Counter(str(line["verdict"]) for line in lines)
    kinds = "\n".join(f"| {name} | {text} |" for name, text in KINDS.items())
    head = HEAD.format(
        opens=judge.OPENS_S, late=judge.BMS_LATE_S, low=judge.LOW_A, back=judge.BACK_S, kinds=kinds,
        sees=walls.SEES_S, slack=walls.SLACK_S,
    )  # fmt: skip
    total = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
    parts = [
        head,
        f"## Result\n\n**{len(lines)} of {len(order)} scenarios: {total}.**\n\n{_conditions(file, lines)}",
        f"## What was not safe, or did not come back\n\n{_bad(lines)}",
        f"### Waited for a reset by hand\n\n{_hands(lines)}",
        f"### Played again with another verdict\n\n{_repeated(file)}",
        "## By moment\n\n" + _table(lines, lambda line: str(line["moment"]), "moment"),
    ]
    for place in PLACES:
        here = [line for line in lines if line["place"] == place]
        if here:
            parts.append(f"## Site {place}\n\n" + _table(here, _device, "device and fault"))
    parts.append(LEFT_OUT)
    document.write_text("\n\n".join(part.strip("\n") for part in parts) + "\n")


LEFT_OUT = """## What the campaign has found so far

- Emergency stop while the inverter cannot be told: the BMS driver waited for the current a second time, so contactors were asked to open
  only 2.3 s after the edge. Mended: the state machine says `open_at_once`, the driver obeys (`tests/core/test_open_at_once.py`).
- LuxPower whose answers are lost: the zero was left out when the register had been found at zero before, was not tried because of the slow poll,
  and was not tried when the first answer was lost late in a round. All mended (`tests/io/test_slow_mute_inverter.py`): live, power ended 5 s after the
  fault in three of three plays, where it went on for 160 s before.
- A wish that was granted less than a second before the core is killed is forgotten, as is everything of the last second: the box comes back to
  what was wished before (from rest: it stays at rest). Safe; the moments *starting* and *precharge* of the core are therefore reached by way of an error.
- Nonsense on the bus of a BMS without check sums can read like 60 °C and latches error 123: it waits for its reset by hand.
- A grid meter that loses every fifth answer: it is identified anew after each loss (`docs/decisions/0020`), which takes an EM24 five requests,
  one of which is lost again. Power is away as long as that lasts, though four of five answers come. Safe; service could be better: open.
- A grid meter that is away takes power and nothing else: the box waits at zero, contactors closed. A core that is killed is often there again before
  the BMS opens. *recovery* there means: after power was zero for 1.5 s, or 0.3 s.
- While the board is silent nobody sees the emergency stop; the silence itself stops the box, within the bound of the board.

## What it does not cover

- SLEEP of the whole box (the battery is empty): it needs five minutes awake before each; the rows *near empty* and *battery asleep* stand beside it.
- Real devices: everything here is as true as the pretend ones, which are written from the makers' papers.
- A device that stands still (`stuck`, `frozen`) is told after 60 or 300 s of flowing power; here only that nothing is exceeded meanwhile.
- Jumps of the wall clock are those of the core's own clock (the computer's cannot be set for one process alone).
- LuxPower has no timeout of its own: without the box it goes on until its window ends (2 min here, 30 min as delivered). Nothing else can stop it where the battery has no contactors to ask for.
"""
