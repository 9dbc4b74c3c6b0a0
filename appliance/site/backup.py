"""Backup power: what separates the house from the grid, which loads may be shed, when a test is due."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from appliance.settings import Name, Percent, Seconds, Settings, Watts, refuse
from appliance.site.grid_code import Hertz, PerUnit
from appliance.site.outputs import BoardRelay, PinRelay, Relay, StratoRelay
from appliance.site.periods import Period

Waits = Annotated[float, Field(gt=0, le=600)]
TRIAL_S: Final = (10.0, 3_600.0)
"""The shortest and the longest test."""
ISLAND_OPEN: Final = "island_open"
"""The input of the board that is no push button: nobody can press it, and no action hangs on it."""
READ_BACK: Final = (StratoRelay, BoardRelay)
"""Relays whose coil can be asked."""


def upside_down(bounds: Settings) -> Iterator[str]:
    """A window that nothing fits into."""
    for unit in ("pu", "hz"):
        lowest, highest = getattr(bounds, f"lowest_{unit}"), getattr(bounds, f"highest_{unit}")
        if lowest >= highest:
            yield f"lowest_{unit} = {lowest:g} must be below highest_{unit} = {highest:g}"


class IslandSwitch(Settings):
    """The contactor between house and grid, and how it is known where it is."""

    relay: Name
    contact: Literal["normally_open", "normally_closed"] = "normally_open"
    """Of its main contacts. Normally open: a box that is dead or starts again leaves the house without the grid.
    Normally closed: it leaves the grid, so hardware must keep the inverter from making another one."""
    interlocked: bool = False
    """Such hardware is there: while the switch is closed the inverter cannot make the grid."""
    feedback: Name | None = None
    """The board's input `island_open`, closed while the switch is open (a mirror contact). None: the coil is asked."""

    @model_validator(mode="after")
    def _is_safe_when_dead(self) -> Self:
        if self.contact == "normally_closed" and not self.interlocked:
            msg = (
                'contact = "normally_closed" needs interlocked = true: a box that dies would put the grid '
                "on an inverter that makes another one"
            )
            raise ValueError(msg)
        return self


class Load(Settings):
    """A load that may be shed in an island."""

    relay: Name
    contact: Literal["normally_closed", "normally_open"] = "normally_closed"
    """Normally closed: energised it is off, and a dead box sheds nothing."""
    priority: Annotated[int, Field(ge=1, le=99)] = 1
    """1 matters most. The largest number goes first and comes back last."""
    below_soc_pct: Percent = 0.0
    """Off below this state of charge. 0: never for that."""
    above_w: Watts | None = None
    """Off while the island carries more than this. None: only where the inverter itself cannot give more."""


class Trial(Settings):
    """The test of the backup: how long, when, and what passes."""

    duration_s: Annotated[float, Field(ge=TRIAL_S[0], le=TRIAL_S[1])] = 300.0
    min_soc_pct: Percent = 30.0
    """It ends, or does not begin, below this."""
    during: tuple[Period, ...] = ()
    """A test is begun in these periods by itself; none: only when somebody asks."""
    every_days: Annotated[float, Field(ge=0.5, le=400)] = 28.0
    dark_goal_s: Waits = 15.0
    """The house must have power again so soon."""
    lowest_pu: PerUnit = 0.9
    highest_pu: PerUnit = 1.1
    lowest_hz: Hertz = 49.0
    highest_hz: Hertz = 51.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(upside_down(self))
        return self


class Backup(Settings):
    """How this site becomes an island and a part of the grid again."""

    switch: IslandSwitch | None = None
    """None: the inverter has one of its own (own_switch)."""
    own_switch: bool = False
    """The inverter itself leaves the grid when it is lost and comes back, behind a switch of its own."""
    start_pct: Percent = 10.0
    """No island is begun below this state of charge."""
    empty_pct: Percent = 5.0
    """The island ends below this."""
    transfer_after_s: Annotated[float, Field(ge=0, le=1)] = 0.2
    """The grid is gone for so long before the island begins: dips are no blackouts. Not longer than 310 waits."""
    switch_s: Waits = 3.0
    """The switch must be where it was told to so soon."""
    form_s: Waits = 30.0
    """The inverter must make the grid so soon."""
    leave_s: Waits = 6.0
    """The inverter must have stopped making it so soon."""
    sync_wait_s: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    """The house is without any source for so long before the grid is put back: motors must have lost their field."""
    return_after_s: Annotated[float, Field(ge=1, le=3_600)] = 60.0
    """The grid is inside the window of the grid code for so long, or for as long as that asks if that is more."""
    black_start: Literal["never", "asked", "automatic"] = "asked"
    """Whether a box that starts without a grid makes one: by itself only behind a switch that is known open."""
    overload_s: Waits = 5.0
    """More than the inverter or the battery gives may be asked for so long."""
    lowest_pu: PerUnit = 0.8
    highest_pu: PerUnit = 1.15
    lowest_hz: Hertz = 47.0
    highest_hz: Hertz = 53.0
    """Beyond these the island stops: what hangs on it would suffer."""
    loads: dict[Name, Load] = Field(default_factory=dict)
    shed_pause_s: Annotated[float, Field(ge=0.1, le=60)] = 1.0
    """One after the other, so far apart, while too much is asked."""
    restore_after_s: Seconds = 60.0
    """A load comes back when there has been room for it for so long, one after the other."""
    soc_hysteresis_pct: Annotated[float, Field(ge=0.5, le=50)] = 5.0
    power_hysteresis_pct: Annotated[float, Field(ge=1, le=90)] = 25.0
    """Of the power above which a load is shed: so far below it the load may be back."""
    trial: Trial = Trial()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        wrong = list(upside_down(self))
        if (self.switch is None) is not self.own_switch:
            wrong.append(
                "name the switch that separates the house from the grid: either switch, or own_switch = true"
            )
        if self.empty_pct >= self.start_pct:
            wrong.append(
                f"empty_pct = {self.empty_pct:g} must be below start_pct = {self.start_pct:g}"
            )
        if self.trial.min_soc_pct < self.start_pct:
            wrong.append(
                f"trial.min_soc_pct = {self.trial.min_soc_pct:g} must be at least start_pct = {self.start_pct:g}"
            )
        if self.own_switch and self.trial.during:
            wrong.append(
                "trial.during: an inverter with its own switch leaves the grid unasked only"
            )
        refuse(wrong)
        return self

    def relays(self) -> list[tuple[str, str]]:
        """Path and name of every relay it drives."""
        used = [] if self.switch is None else [("backup.switch.relay", self.switch.relay)]
        return used + [
            (f"backup.loads.{name}.relay", load.relay) for name, load in self.loads.items()
        ]

    def feedback_mistakes(self, relays: dict[str, Relay], buttons: Sequence[str]) -> list[str]:
        """Where the switch is must be known."""
        switch = self.switch
        if switch is None:
            return []
        if switch.feedback is not None:
            known = ", ".join(sorted(buttons)) or "none"
            if switch.feedback != ISLAND_OPEN:
                return [
                    f"backup.switch.feedback = {switch.feedback!r} must be {ISLAND_OPEN!r}: "
                    "a push button proves nothing"
                ]
            if switch.feedback in buttons:
                return []
            return [
                f"backup.switch.feedback = {switch.feedback!r} is not in board.buttons ({known})"
            ]
        relay = relays.get(switch.relay)
        if isinstance(relay, PinRelay):
            return [
                f"backup.switch.relay = {switch.relay!r} is a pin, which cannot be read back: "
                "name a feedback input"
            ]
        return []
