"""Modbus relay boards with eight relays: one driver, three profiles.

None of them lets go of its relays when the bus falls silent; so de-energised is the safe side of
whatever they switch, and `fans_full` writes to them when the core has died. Sources: for waveshare its
wiki page (protocol V2) and two independent open drivers that agree; for the others one open driver each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from appliance.io.registers import Ask, Block, Kind, Register, Values, Write
from appliance.model import RelayReading
from appliance.site import BOARD_CHANNELS, BoardRelay, SiteSettings


@dataclass(frozen=True, slots=True)
class Profile:
    """How one make is spoken to."""

    title: str
    kind: Literal["coil", "holding"]
    first: int
    """Address of the first relay."""
    on: int
    off: int
    reads: Kind | None
    """What the state is read by; None: this board's way is not known, it is only written."""
    source: str

    def write(self, channel: int, on: bool) -> Write:
        """Energise (True) one relay, or let it go. Channels count from 1."""
        return Write(self.first + channel - 1, self.kind, (self.on if on else self.off,))

    def block(self) -> Block:
        """The request that reads all relays."""
        assert self.reads is not None
        states = tuple(
            Register(self.first + place, "bit", _state(place + 1), self.source, self.reads)
            for place in range(BOARD_CHANNELS)
        )
        return Block(self.reads, self.first, BOARD_CHANNELS, states, slow=False, optional=False)


def _state(channel: int) -> str:
    return f"relay_{channel}"


PROFILES: Final[dict[str, Profile]] = {
    "waveshare": Profile(
        "Waveshare Modbus RTU Relay, 8 channels (not verified on hardware)",
        "coil", 0x0000, 1, 0, "coil", "waveshare wiki, protocol V2: FC01 and FC05 at 0x0000, count 8",
    ),
    "eight_channel": Profile(
        "Common eight-channel board, written by register (not verified on hardware)",
        "holding", 1, 0x0100, 0x0200, None, "an open driver: FC06 registers 1-8, 0x0100 on, 0x0200 off",
    ),
    "wp8025adam": Profile(
        "WP8025ADAM (not verified on hardware)",
        "coil", 0, 1, 0, "coil", "an open driver: coils 0-7",
    ),
}  # fmt: skip


class RelayBoard:
    """One board. `names` are the relays in use, by channel from 1; the others are left alone."""

    def __init__(self, settings: BoardRelay, names: Mapping[int, str]) -> None:
        self.settings = settings
        """Bus, unit and poll time."""
        self.names = names
        self.name = f"relay board {settings.unit}"
        self._profile = PROFILES[settings.driver]
        self.title = self._profile.title
        self.blocks: tuple[Block, ...] = (
            () if self._profile.reads is None else (self._profile.block(),)
        )
        """Empty where the states cannot be read: then only writing shows whether it answers."""

    def identify(self, ask: Ask) -> None:
        """Nothing tells these boards from other devices."""

    def reading(self, values: Values) -> dict[str, bool]:
        """Energised or not, by the relay's name; empty where the board cannot be asked."""
        states = {name: values.get(_state(channel)) for channel, name in self.names.items()}
        return {name: state > 0.0 for name, state in states.items() if state is not None}

    def readings(self, values: Values, commanded: Mapping[str, bool]) -> dict[str, RelayReading]:
        """For the slots, with what was written last."""
        on = self.reading(values)
        return {
            name: RelayReading(commanded[name], on.get(name))
            for name in self.names.values()
            if name in commanded
        }

    def wanted(self, coils: Mapping[str, bool]) -> dict[int, bool]:
        """What `writes` takes, from coils by name; a relay that is not named is let go."""
        return {channel: coils.get(name, False) for channel, name in self.names.items()}

    def writes(self, wanted: Mapping[int, bool]) -> tuple[Write, ...]:
        """One request for each relay, by channel from 1: those that are let go first. Idempotent."""
        order = sorted(wanted.items(), key=lambda one: (one[1], one[0]))
        return tuple(self._profile.write(channel, on) for channel, on in order)


def boards(site: SiteSettings, bus: str) -> tuple[RelayBoard, ...]:
    """The relay boards on one Modbus bus."""
    by_unit: dict[int, dict[int, str]] = {}
    settings: dict[int, BoardRelay] = {}
    for name, relay in site.relays.items():
        if isinstance(relay, BoardRelay) and relay.bus == bus:
            by_unit.setdefault(relay.unit, {})[relay.channel] = name
            settings.setdefault(relay.unit, relay)
    return tuple(RelayBoard(settings[unit], names) for unit, names in by_unit.items())
