"""One instant of a recording in words: what was seen, what every mode answered, what every limit left, and why."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

import msgspec

from appliance.config import build_modes
from appliance.cycle import Cycle
from appliance.limits import limits_of
from appliance.model import Decision, Heard, Memory, Recorded, Wish
from appliance.site import SiteSettings
from appliance.statemachine.states import STATES


class InstantError(Exception):
    """The recording does not hold this instant; the text says what it holds."""


def instant(text: str, first_at: datetime, last_at: datetime) -> datetime:
    """A whole instant (UTC where no zone is named), or a clock time within the recording. Raises InstantError."""
    try:
        if "T" in text or " " in text.strip():
            at = datetime.fromisoformat(text.strip())
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        else:
            clock = datetime.fromisoformat(f"2000-01-01T{text.strip()}").time()
            at = datetime.combine(first_at.date(), clock, UTC)
            if at < first_at:
                at += timedelta(days=1)
    except ValueError as error:
        msg = f"--at {text!r}: must be an instant such as 2026-06-21T12:00:03, or a time such as 12:00:03 (UTC)"
        raise InstantError(msg) from error
    if not first_at <= at <= last_at:
        msg = f"--at {text}: the recording holds {first_at:%Y-%m-%dT%H:%M:%S} to {last_at:%Y-%m-%dT%H:%M:%S} UTC"
        raise InstantError(msg)
    return at


def explain(site: SiteSettings, lines: list[Recorded], at: datetime) -> str:
    """Runs the recording through today's code up to the last cycle that is not after `at`, and tells of that one."""
    modes, titles = build_modes(site)
    cycle = Cycle(site, modes, titles)
    if lines[0].memory is not None:
        cycle.adopt(lines[0].memory)
    before, seen = cycle.memory, lines[0]
    decision = cycle.step(seen)
    for line in lines[1:]:
        if line.utc > at:
            break
        before, seen = cycle.memory, line
        decision = cycle.step(seen)
    return "\n".join(_told(site, titles, before, seen, decision)) + "\n"


def _told(
    site: SiteSettings, titles: dict[str, str], before: Memory, seen: Recorded, decision: Decision
) -> Iterator[str]:
    yield f"{decision.utc:%Y-%m-%d %H:%M:%S.%f} UTC, cycle {decision.cycle}"
    yield decision.why
    yield ""
    yield f"state     {STATES[decision.state].title}; asked for: {STATES[decision.goal].title}"
    yield f"mode      {titles[decision.mode]}, chosen by {decision.mode_by}"
    yield f"setpoint  {decision.setpoints.power_w:.0f} W, {decision.setpoints.reactive_var:.0f} var"
    yield from _seen(seen)
    if seen.decision is not None and seen.decision.why != decision.why:
        yield f"recorded  {seen.decision.setpoints.power_w:.0f} W: {seen.decision.why}"
    yield ""
    yield "modes, the first in priority first (discharge +)"
    yield from (_heard(one, titles) for one in decision.heard)
    if not decision.heard:
        yield "  none is asked in this state"
    yield ""
    yield "limits (most charge, most discharge)"
    memory = msgspec.structs.replace(before, errors=decision.errors, state=decision.state)
    for row in limits_of(site):
        charge_w, discharge_w = row.caps(seen, memory, site)
        bit = f"  <- held it back: {row.because(seen, memory, site)}" if row.name == decision.limits.binding else ""  # fmt: skip
        yield f"  {row.name:<18}{_watts(charge_w):>10}{_watts(discharge_w):>10}{bit}"
    yield ""
    yield "errors"
    for error in decision.errors:
        effects = ", ".join(error.effects) or "told only"
        yield f"  {error.number} {error.title} ({error.source}): {effects}"
    if not decision.errors:
        yield "  none"


def _seen(seen: Recorded) -> Iterator[str]:
    grid, inverter, pv, battery = seen.grid, seen.inverter, seen.pv, seen.battery
    powers = (
        ("grid", None if grid is None else grid.power_w),
        ("battery", None if inverter is None else inverter.power_w),
        ("pv", None if pv is None else pv.power_w),
    )
    said = ", ".join(f"{name} {'not known' if w is None else f'{w:.0f} W'}" for name, w in powers)
    soc_pct = None if battery is None else battery.soc_pct
    yield f"seen      {said}, charge {'not known' if soc_pct is None else f'{soc_pct:.1f} %'}"


def _heard(one: Heard, titles: dict[str, str]) -> str:
    wish = one.wish
    wants_w = wish.wants_w if wish.wants_w is not None else wish.power_w
    words = [
        f"cannot say: {wish.missing}" if wish.missing
        else "wants nothing" if wants_w is None else f"wants {wants_w:.0f} W",
        wish.reason,
        *_bounds(wish),
    ]  # fmt: skip
    mark = " <- followed" if one.won else " <- held another back" if one.held else ""
    return f"  {titles[one.mode]}: {', '.join(word for word in words if word)}{mark}"


def _bounds(wish: Wish) -> Iterator[str]:
    """What it leaves to those below it."""
    if wish.lowest_w is not None and wish.lowest_w == wish.highest_w:
        yield f"leaves nothing to the others, now at {wish.lowest_w:.0f} W"
        return
    if wish.lowest_w is not None:
        yield f"at least {wish.lowest_w:.0f} W"
    if wish.highest_w is not None:
        yield f"at most {wish.highest_w:.0f} W"


def _watts(value: float) -> str:
    return f"{value:.0f} W" if isfinite(value) else "free"


def read(path: Path, snapshots: Iterator[Recorded]) -> list[Recorded]:
    """All lines. Raises InstantError when there is none."""
    lines = list(snapshots)
    if not lines:
        msg = f"{path} holds nothing"
        raise InstantError(msg)
    return lines
