"""Minutes of the day as the inverter counts them: its clock, and the short window in which it may work."""

from typing import Final, NamedTuple

from appliance.io.registers import Values

LAST: Final = 23 * 60 + 59
"""A window does not reach over midnight: whether the device would understand that is in no document."""


class Window(NamedTuple):
    """Minutes of the day, both at most 23:59. Every day anew: the device knows no date for it."""

    start: int
    end: int


def minute_of(word: int) -> int | None:
    """Low byte hour, high byte minute; None when that is no time of day."""
    hour, minute = word & 0xFF, word >> 8
    return 60 * hour + minute if hour < 24 and minute < 60 else None


def word_of(minute: int) -> int:
    """The register's word for a minute of the day."""
    return minute // 60 | minute % 60 << 8


def clock(values: Values) -> tuple[int, ...] | None:
    """The inverter's own clock (registers 12-14): year, month, day, hour, minute, second. None: not known."""
    words = [values.get(f"clock_{number}") for number in (1, 2, 3)]
    if any(word is None for word in words):
        return None
    year, month, day, hour, minute, second = (
        part for word in words for part in divmod(int(word or 0), 256)[::-1]
    )
    sane = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
    return (year, month, day, hour, minute, second) if sane else None


def window_for(now: int, held: Window | None, length: int) -> Window:
    """The window that should be set at minute `now`: the one that is, as long as enough of it is left.

    Moved on when a third (at least one minute) is left; it ends with the day at the latest.
    """
    if held is not None and held.start <= now <= held.end and held.end - now <= length:
        enough = held.end - now > max(1, length // 3)
        if enough or held.end == LAST:
            return held
    return Window(now, min(now + length, LAST))
