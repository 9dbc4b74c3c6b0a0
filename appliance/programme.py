"""Which control modes are asked now, in which order, and what comes of their answers together.

The mode in use and those that the site sets beside it are asked in the order of `control.priorities`, the first in
priority first. What a mode wants replaces what an earlier one wanted, within the bounds that the earlier ones leave;
bounds only ever narrow, and never away from what is wanted already (docs/decisions/0029).
"""

from collections.abc import Mapping
from datetime import datetime
from math import inf, isfinite
from typing import Final, NamedTuple, Protocol

from appliance.model import Heard, Memory, Snapshot, Wish
from appliance.site import SiteSettings
from appliance.site.modes import PRIORITIES
from appliance.site.periods import Calendar

NO_NUMBER: Final = "it made no number of what it knows"


class ModeLike(Protocol):
    """A control mode: deterministic, no clock, no I/O."""

    def wish(self, seen: Snapshot, memory: Memory, /) -> Wish:
        """What it wants and what it leaves to the modes below it."""

    def wakes(self, seen: Snapshot, memory: Memory, /) -> bool:
        """Would it charge now? An empty, sleeping battery is woken for that."""


class Together(NamedTuple):
    """What all modes together want. `wish` is the winner's, at the power that the others leave it."""

    wish: Wish
    title: str
    """Of the mode that is followed; of the mode in use when none wants anything."""
    held_by: str
    """Title of the mode whose bound has changed the winner's wish; "" when none has."""
    heard: tuple[Heard, ...]
    reactive_by: str = ""
    """Title of the mode whose reactive power it is."""


class Settled(NamedTuple):
    """One quantity after all modes. Indices into the asked modes; −1: none."""

    value: float | None
    winner: int
    holder: int
    """Whose bound has changed what the winner wanted."""
    held: frozenset[int] = frozenset()
    """Whose bounds have changed what anybody wanted, also where nothing came of it."""


def settle(asked: list[tuple[float | None, float | None, float | None]]) -> Settled:
    """Walk down the priorities with (want, lowest, highest) of each mode."""
    low, high = -inf, inf
    low_by = high_by = winner = holder = -1
    value: float | None = None
    held: frozenset[int] = frozenset()
    for number, (want, lowest, highest) in enumerate(asked):
        if want is not None:
            within = min(max(want, low), high)
            by = low_by if within > want else high_by if within < want else -1
            held = held if by < 0 else held | {by}
            if within != value:
                value, winner, holder = within, number, by
        if lowest is not None and (lowest := min(lowest, high, inf if value is None else value)) > low:  # fmt: skip
            low, low_by = lowest, number
        if highest is not None and (highest := max(highest, low, -inf if value is None else value)) < high:  # fmt: skip
            high, high_by = highest, number
    if value is None and not low <= 0.0 <= high:
        value, winner = (low, low_by) if low > 0.0 else (high, high_by)
    return Settled(value, winner, holder, held)


class Programme:
    """The modes of a site. Asks the calendars once a minute."""

    def __init__(
        self, site: SiteSettings, modes: Mapping[str, ModeLike], titles: Mapping[str, str]
    ) -> None:
        control = site.control
        self._modes, self._titles = modes, titles
        # Those that the site does not name keep their usual order, behind.
        order = dict.fromkeys((*control.priorities, *PRIORITIES, *sorted(modes)))
        self._place = {name: place for place, name in enumerate(order)}
        self._beside = tuple(
            (one.mode, Calendar(one.during, site.zone) if one.during else None)
            for one in control.beside
        )
        self._schedule = tuple(
            (one.mode, Calendar(one.during, site.zone)) for one in control.schedule
        )
        self._otherwise = control.start_mode if control.schedule else None
        self._known: tuple[object, tuple[str, ...]] = (None, ())

    def scheduled(self, seen: Snapshot) -> str | None:
        """The mode that the site's schedule names now; None: it has none, or nobody knows the time."""
        if seen.clock_trusted is False:
            return None
        return next((mode for mode, when in self._schedule if when.at(seen.utc)), self._otherwise)

    def asked(self, selected: str, seen: Snapshot) -> tuple[str, ...]:
        """The mode in use and those beside it, the first in priority first."""
        if not self._beside:
            return (selected,)
        trusted = seen.clock_trusted is not False
        key = (selected, trusted, seen.utc.replace(second=0, microsecond=0))
        if key != self._known[0]:
            names = {selected} | self._now(seen.utc if trusted else None)
            self._known = (key, tuple(sorted(names, key=self._place.__getitem__)))
        return self._known[1]

    def _now(self, utc: datetime | None) -> set[str]:
        return {
            mode
            for mode, when in self._beside
            if when is None or (utc is not None and when.at(utc) is not None)
        }

    def wakes(self, selected: str, seen: Snapshot, memory: Memory) -> bool:
        """Would any of them charge now?"""
        if not self._beside:
            return self._modes[selected].wakes(seen, memory)
        return any(self._modes[name].wakes(seen, memory) for name in self.asked(selected, seen))

    def ask(self, selected: str, seen: Snapshot, memory: Memory) -> Together:
        """What all of them together want now."""
        names = self.asked(selected, seen)
        if len(names) == 1:
            title, wish = self._titles[selected], _checked(self._modes[selected].wish(seen, memory))
            heard = Heard(selected, wish, wish.power_w is not None)
            return Together(wish, title, "", (heard,), title)
        wishes = [_checked(self._modes[name].wish(seen, memory)) for name in names]
        return self._together(selected, names, wishes)

    def _together(self, selected: str, names: tuple[str, ...], wishes: list[Wish]) -> Together:
        blind = next((number for number, wish in enumerate(wishes) if wish.missing), len(names))
        said = wishes[:blind]
        power = settle([(one.power_w, one.lowest_w, one.highest_w) for one in said])
        reactive = settle([(one.reactive_var, one.lowest_var, one.highest_var) for one in said])
        heard = tuple(
            Heard(name, wish, number == power.winner, number in power.held)
            for number, (name, wish) in enumerate(zip(names, wishes, strict=True))
        )
        reactive_by = self._titles[names[reactive.winner]] if reactive.winner >= 0 else ""
        if power.value is None:
            number = blind if blind < len(names) else names.index(selected)
            wish, title = wishes[number], self._titles[names[number]]
            wish = Wish(None, wish.reason, missing=wish.missing, reactive_var=reactive.value)
            return Together(wish, title, "", heard, reactive_by)
        winner = wishes[power.winner]
        wants_w = winner.wants_w if winner.wants_w is not None else winner.power_w
        wish = Wish(
            power.value, winner.reason, power.value if wants_w is None else wants_w, winner.by,
            reactive_var=reactive.value,
        )  # fmt: skip
        held_by = self._titles[names[power.holder]] if power.holder >= 0 else ""
        return Together(wish, self._titles[names[power.winner]], held_by, heard, reactive_by)


def _checked(wish: Wish) -> Wish:
    """A mode that makes no number is as one that cannot say."""
    for value in (
        wish.power_w, wish.lowest_w, wish.highest_w,
        wish.reactive_var, wish.lowest_var, wish.highest_var,
    ):  # fmt: skip
        if value is not None and not isfinite(value):
            return Wish(missing=NO_NUMBER)
    return wish
