"""Which errors are raised right now? The rows of ERRORS, with their delays and latches."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from appliance.errors import ERRORS, ROWS
from appliance.errors.well import WELL
from appliance.model import ActiveError, Memory, Severity, Snapshot
from appliance.site import SiteSettings

_Key = tuple[int, str]
KNOWN_WELL: Final = frozenset[int]().union(*(numbers for _, numbers in WELL))
CONDITIONS: Final = tuple((row.number, row.holds) for row in ERRORS if row.number not in KNOWN_WELL)
"""They run in every cycle; all others unless one look shows that all is well."""
STILL_TOLD: Final = frozenset({115, 116, 126, 614})
"""Their words follow while they are raised: why it is still so. All others keep what raised them."""


class ErrorWatch:
    """Which errors are raised: conditions that held long enough, and have not been gone long enough."""

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self._groups = tuple(
            (well(site), tuple((row.number, row.holds) for row in ERRORS if row.number in numbers))
            for well, numbers in WELL
        )
        self._held_since_s: dict[_Key, float] = {}
        self._gone_since_s: dict[_Key, float] = {}
        self._unknown: set[_Key] = set()
        self._updated_s: float | None = None
        self._active: dict[_Key, ActiveError] = {}
        self._raised: tuple[ActiveError, ...] = ()

    def adopt(self, errors: tuple[ActiveError, ...]) -> None:
        """Go on from errors raised before: by an earlier run, or in a recording.

        One that another version raised and this one does not know could never be cleared: it is left out.
        """
        self._active = {(e.number, e.source_name): e for e in errors if e.number in ROWS}
        self._sort()

    def put_back(self, errors: tuple[ActiveError, ...]) -> None:
        """Raise these again that are not raised any more; what was raised since stays."""
        self._active = {(e.number, e.source_name): e for e in errors} | self._active
        self._sort()

    def update(self, seen: Snapshot, memory: Memory) -> tuple[ActiveError, ...]:
        """The errors raised now, worst first; the same tuple as long as nothing changes."""
        held = self._held(seen, memory)
        passed_s = 0.0 if self._updated_s is None else max(0.0, seen.now_s - self._updated_s)
        self._updated_s = seen.now_s
        if not held and not self._active and not self._held_since_s:
            return ()
        self._pause(held, seen, passed_s)
        changed = self._raise(held, seen.now_s, passed_s, seen.utc)
        if self._clear(held, seen.now_s) or changed:
            self._sort()
        return self._raised

    def _held(self, seen: Snapshot, memory: Memory) -> dict[_Key, str]:
        """Where which condition holds now, with its words."""
        held: dict[_Key, str] = {}
        site = self._site
        asked = [conditions for well, conditions in self._groups if not well(seen, memory)]
        for conditions in (CONDITIONS, *asked) if CONDITIONS else asked:
            for number, holds in conditions:
                for source in holds(seen, memory, site):
                    held[number, source.partition(":")[0]] = source
        return held

    def _pause(self, held: dict[_Key, str], seen: Snapshot, passed_s: float) -> None:
        """No time passes for errors of which nobody can tell whether they still hold."""
        unknown = set()
        for key in (*self._active, *self._held_since_s):
            knows = None if key in held else ROWS[key[0]].knows
            if knows is not None and not knows(seen, key[1]):
                unknown.add(key)
        for key in unknown:
            for since_s in (self._held_since_s, self._gone_since_s):
                if key in since_s:
                    since_s[key] += passed_s
        self._unknown = unknown

    def _raise(self, held: dict[_Key, str], now_s: float, passed_s: float, utc: datetime) -> bool:
        changed = False
        since_s = {key: self._held_since_s.get(key, now_s) for key in held}
        for key, began_s in self._held_since_s.items():
            if key in self._unknown:
                since_s[key] = began_s
            elif key not in held and began_s + 2.0 * passed_s < now_s:
                # One good sample among bad ones is no cure: it takes back the time that it lasts.
                since_s[key] = began_s + 2.0 * passed_s
        self._held_since_s = since_s
        for key, source in held.items():
            row = ROWS[key[0]]
            known = self._active.get(key)
            if known is not None and key[0] in STILL_TOLD and known.source != source:
                self._active[key] = msgspec.structs.replace(known, source=source)
                changed = True
            if known is None and now_s - since_s[key] >= row.raise_after_s:
                self._active[key] = ActiveError(
                    number=row.number, source=source, severity=row.severity, title=row.title,
                    remedy=row.remedy, effects=row.effects, since_at=utc, latched=row.latched,
                    derate_pct=row.derate_pct,
                )  # fmt: skip
                changed = True
        return changed

    def _clear(self, held: dict[_Key, str], now_s: float) -> bool:
        changed = False
        for key, error in list(self._active.items()):
            if key in held or error.latched:
                self._gone_since_s.pop(key, None)
            elif now_s - self._gone_since_s.setdefault(key, now_s) >= ROWS[key[0]].clear_after_s:
                del self._active[key], self._gone_since_s[key]
                changed = True
        return changed

    def acknowledge(self, number: int | None, by: str) -> int:
        """Mark raised errors as seen by a person; returns how many. Clears nothing."""
        chosen = [key for key in self._active if number is None or key[0] == number]
        for key in chosen:
            self._active[key] = msgspec.structs.replace(self._active[key], acknowledged_by=by)
        self._sort()
        return len(chosen)

    def latched(self, numbers: Collection[int]) -> tuple[ActiveError, ...]:
        """Those of these numbers that only a person may reset."""
        return tuple(e for e in self._raised if e.latched and e.number in numbers)

    def reset(
        self, numbers: Collection[int], seen: Snapshot, memory: Memory
    ) -> tuple[ActiveError, ...]:
        """Release those that are latched and whose cause is gone; returns the ones released."""
        gone = [
            error
            for error in self.latched(numbers)
            if not ROWS[error.number].holds(seen, memory, self._site)
        ]
        for error in gone:
            del self._active[error.number, error.source_name]
        self._sort()
        return tuple(gone)

    def raised(self) -> tuple[ActiveError, ...]:
        """What is raised now, worst first."""
        return self._raised

    def _sort(self) -> None:
        order = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING)
        by_urgency = sorted(
            self._active.values(), key=lambda e: (order.index(e.severity), e.number)
        )
        self._raised = tuple(by_urgency)
