"""The table of a campaign, for docs/walls.md."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.kills.events import Outcome

BEGIN, END = "<!-- kills: begin -->", "<!-- kills: end -->"


def line(outcome: Outcome) -> str:
    """One event, for the screen."""
    event, said = outcome.event, "; ".join(outcome.mistakes()) or "good"
    named = event.target + (" (latched)" if event.latched else "")
    return (
        f"{event.number:4} {named:22} {outcome.power_w:7.0f} W  stale {outcome.stale_s:5.2f}  rest "
        f"{_figure(outcome.rest_s):>5}  run {_figure(outcome.run_s):>5}  alive {_figure(outcome.alive_s):>5}  "
        f"carries {_figure(outcome.carries_s):>5}  opened at {outcome.opened_at_a:4.1f} A  "
        f"{sorted(outcome.told)}  {said}"
    )


def table(outcomes: Sequence[Outcome], seed: int) -> str:
    """As Markdown: a row for each target, times in s as median / worst."""
    targets = sorted({_name(one) for one in outcomes}, key=lambda name: (name.islower(), name))
    bad = [one for one in outcomes if one.mistakes()]
    rows = [
        "| killed or crashed | times | safe | without a fresh command | back | carries half again | opened at most at | not as it must be |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(name, [one for one in outcomes if _name(one) == name]) for name in targets),
        _row("**all**", outcomes),
        "",
        f"{len(outcomes)} events, seed {seed}; {len(bad)} not as they must be"
        + ("." if not bad else ": " + "; ".join(_why(one) for one in bad) + "."),
    ]
    return "\n".join(rows)


def put(text: str, path: Path) -> None:
    """Between the marks of a page."""
    page = path.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def _name(outcome: Outcome) -> str:
    event = outcome.event
    kind = "thread" if event.is_thread else "process"
    return f"{kind} {event.target}" + (", e-stop latched" if event.latched else "")


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    bad = sum(1 for one in outcomes if one.mistakes())
    amps = max(one.opened_at_a for one in outcomes)
    cells = (
        name,
        str(len(outcomes)),
        _two(one.safe_s for one in outcomes),
        _two(one.stale_s for one in outcomes),
        _two(one.back_s for one in outcomes),
        _two(one.carries_s for one in outcomes if not one.event.latched),
        f"{amps:.1f} A" if amps else "–",
        str(bad) if bad else "–",
    )
    return f"| {' | '.join(cells)} |"


def _two(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f} / {max(known):.2f} s" if known else "–"


def _why(outcome: Outcome) -> str:
    return f"{_name(outcome)} at {outcome.power_w:.0f} W: {', '.join(outcome.mistakes())}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
