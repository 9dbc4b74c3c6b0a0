"""How are numbers, times and names written on the screen?"""

import re
from datetime import datetime

from appliance import texts
from appliance.gui.texts import spoken, text, text_or

MINUS = "−"
NOISE = 0.005
"""Powers below this share of the rating are shown as 0.0."""
_MINUS_BEFORE_NUMBER = re.compile(r"(?<!\w)-(?=\d)")


def kilowatts(power_w: float | None, rated_w: float) -> str:
    """kW with one decimal, none from 100 kW; "0.0" in the noise; dashes when unknown."""
    if power_w is None:
        return text("unknown")
    if abs(power_w) < NOISE * rated_w:
        return zero()
    kilo = power_w / 1000.0
    shown = f"{kilo:.0f}" if abs(kilo) >= 99.95 else f"{kilo:.1f}"
    return zero() if shown == "-0.0" else decimal(shown.replace("-", MINUS))


def decimal(figure: str) -> str:
    """With the point or comma of the language."""
    return figure.replace(".", text("decimal_point"))


def zero() -> str:
    """A power in the noise."""
    return decimal("0.0")


def direction(power_w: float | None, rated_w: float) -> int:
    """The sign of what `kilowatts` shows: 0 when it shows 0.0, or dashes."""
    if power_w is None or kilowatts(power_w, rated_w) == zero():
        return 0
    return 1 if power_w > 0 else -1


def percent(value: float | None) -> str:
    """Whole percent without the sign; dashes when unknown. 100 only when full, 0 only when empty."""
    if value is None:
        return text("unknown")
    shown = round(value)
    if shown == 100 and value < 99.9:
        shown = 99
    return str(shown)


def kilowatt_hours(energy_wh: float, capacity_wh: float) -> tuple[str, str]:
    """Energy and capacity in kWh, both with the same number of decimals."""
    decimals = 0 if capacity_wh >= 99_950 else 1
    energy, capacity = f"{energy_wh / 1000:.{decimals}f}", f"{capacity_wh / 1000:.{decimals}f}"
    return decimal(energy), decimal(capacity)


def duration(hours: float) -> str:
    """A rough time to wait: steps of 1 min, 5 min from half an hour, 10 min from three hours."""
    if hours >= 24:
        return text("over_a_day")
    minutes = hours * 60
    step = 1 if minutes < 30 else 5 if minutes < 180 else 10
    rounded = max(1, round(minutes / step) * step)
    if rounded < 60:
        return text("minutes", minutes=rounded)
    return text("hours_minutes", hours=rounded // 60, minutes=rounded % 60)


def age(seconds: float) -> str:
    """How long ago, in its largest unit."""
    if seconds < 120:
        return text("seconds", seconds=int(seconds))
    if seconds < 7200:
        return text("age_minutes", minutes=int(seconds // 60))
    return text("age_hours", hours=int(seconds // 3600))


def left(seconds: float) -> str:
    """What is left of a time, in minutes and seconds."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def clock_time(at: datetime) -> str:
    """Local wall time."""
    return at.astimezone().strftime("%H:%M")


def since(source: str, at: datetime, now: datetime) -> str:
    """Where and since when; with the day unless that is today."""
    there, here = at.astimezone(), now.astimezone()
    where = named(source)
    if there.date() == here.date():
        return text("since", source=where, time=clock_time(at))
    day = there.strftime(text("day_format"))
    return text("since_day", source=where, day=day, time=clock_time(at))


def named(source: str) -> str:
    """The source of an error as people write it, in their language."""
    return name(texts.source(plain(source), spoken()))


def plain(word: str) -> str:
    """A name of the core's without underscores."""
    return word.replace("_", " ").strip()


def name(word: str) -> str:
    """A name of the core's as people write it: no underscores, a capital first."""
    words = plain(word)
    return words[:1].upper() + words[1:]


def sentence(words: str) -> str:
    """The core's `why` as people write it: a capital first, true minus signs."""
    return _MINUS_BEFORE_NUMBER.sub(MINUS, words[:1].upper() + words[1:])


def closed(words: str) -> str:
    """With a full stop at the end, unless it has one."""
    return words if not words or words[-1] in ".!?" else f"{words}."


def chosen_by(source: str) -> str:
    """Who chose the mode."""
    return text_or(f"by_{source}", "by_other", who=plain(source))


def confirmed_by(source: str) -> str:
    """Who confirmed an alarm."""
    return text("confirmed_by", who=person(source))


def person(source: str) -> str:
    """Who asked, after "by"."""
    return text(f"who_{source}") if source in ("touchscreen", "cloud", "ctl") else plain(source)
