"""What modes would like, and how far the battery may go."""

from appliance.model.word import Word


class Wish(Word, frozen=True):
    """The answer of a mode: for each quantity what it wants, and the least and most it leaves to the modes below it.

    Battery power and reactive power as in Setpoints, discharge +. All None: it wants nothing now, and `reason` may
    say why. `missing`: it needs to know something that nobody tells, so neither it nor those below decide.
    """

    power_w: float | None = None
    reason: str = ""
    wants_w: float | None = None
    """Where the mode is heading, when `power_w` is only a step on the way."""
    by: str = ""
    """Who wishes, where it is not the mode."""
    lowest_w: float | None = None
    highest_w: float | None = None
    reactive_var: float | None = None
    lowest_var: float | None = None
    highest_var: float | None = None
    missing: str = ""


class Heard(Word, frozen=True):
    """What one mode has answered in a cycle, and what came of it."""

    mode: str
    wish: Wish
    won: bool = False
    """Its power is the one that is followed."""
    held: bool = False
    """Its bound has changed what another mode wanted."""


class Limits(Word, frozen=True):
    """The tightest limits (magnitudes), and the name of the one that held the wish back, if one did."""

    max_charge_w: float = 0.0
    max_discharge_w: float = 0.0
    binding: str | None = None
