"""What all answers share: what they may know, how they refuse."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from appliance.error_watch import ErrorWatch
from appliance.model import Memory, Request, Snapshot
from appliance.site import SiteSettings, mode_lacks

LONGEST_MANUAL_S: Final = 3_600.0
ON_SITE: Final = ("touchscreen", "ctl")
"""Who stands beside the box and has read the screen; a button is pushed too easily."""


class RefusedError(Exception):
    """The request cannot be granted; the text says why."""


@dataclass(frozen=True, slots=True)
class Known:
    """What an answer may look at beside the memory and what is seen."""

    site: SiteSettings
    modes: Mapping[str, str]
    """Titles by name."""
    watch: ErrorWatch

    def title(self, mode: str) -> str:
        """Title of a mode. Raises RefusedError when this box does not have it."""
        missing = mode_lacks(self.site, mode)
        if missing:
            raise RefusedError(missing)
        if mode not in self.modes:
            known = ", ".join(sorted(self.modes))
            msg = f"mode = {mode!r} is not known; this box has: {known}"
            raise RefusedError(msg)
        return self.modes[mode]

    def after_errors(self, memory: Memory) -> Memory:
        """The memory with the errors as they are now."""
        return msgspec.structs.replace(memory, errors=self.watch.raised())

    def power_fits(self, power_w: float) -> None:
        """Raises RefusedError for a power beyond the inverter's rating."""
        inverter = self.site.inverter
        low_w, high_w = -inverter.max_charge_w, inverter.max_discharge_w
        if not low_w <= power_w <= high_w:
            msg = f"power_w = {power_w:g} must be between {low_w:g} and {high_w:g}"
            raise RefusedError(msg)


Granted = tuple[Memory, str]
"""The memory after it, and what was done in words."""
Take = Callable[[Known, Request, Memory, Snapshot], Granted]
"""Answers one kind of request. Raises RefusedError."""


def within(name: str, value: float, most: float) -> None:
    """Raises RefusedError unless 0 < value <= most."""
    if not 0.0 < value <= most:
        msg = f"{name} = {value:g} must be above 0, at most {most:g}"
        raise RefusedError(msg)
