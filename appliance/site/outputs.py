"""Relays: named digital outputs. De-energised is always the safe side, and what a dead box leaves."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from appliance.settings import Name, Settings
from appliance.site.devices import Device

BOARD_CHANNELS: Final = 8


class PinRelay(Settings):
    """A relay behind a pin of this computer, or of a remote pigpio daemon: a high level energises the coil.

    So a pin that nobody drives lets go. Boards that energise at a low level do it the wrong way round.
    """

    BUSES: ClassVar[frozenset[str]] = frozenset({"gpio"})

    driver: Literal["gpio"]
    bus: Name
    pin: Annotated[int, Field(ge=0, le=53)]

    @property
    def place(self) -> str:
        """What nobody else may use."""
        return f"{self.bus} pin {self.pin}"


class StratoRelay(Settings):
    """The relay of a Strato Pi CAN, a file of its kernel module."""

    BUSES: ClassVar[frozenset[str]] = frozenset({"files"})

    driver: Literal["strato_pi"]
    bus: Name
    file: str = "class/stratopi/relay/status"

    @property
    def place(self) -> str:
        """What nobody else may use."""
        return f"{self.bus} {self.file}"


class BoardRelay(Device):
    """One relay of a Modbus board."""

    FOLDER: ClassVar[str] = "relays"
    BUSES: ClassVar[frozenset[str]] = frozenset({"modbus_tcp", "modbus_rtu"})

    driver: Literal["waveshare", "eight_channel", "wp8025adam"]
    channel: Annotated[int, Field(ge=1, le=BOARD_CHANNELS)]
    """As printed on the board, from 1."""
    poll_s: Annotated[float, Field(ge=0.02, le=10)] = 0.5
    max_age_s: Annotated[float, Field(ge=0.2, le=30)] = 3.0

    @property
    def place(self) -> str:
        """What nobody else may use."""
        return f"{self.bus} unit {self.unit} channel {self.channel}"


Relay = Annotated[PinRelay | StratoRelay | BoardRelay, Field(discriminator="driver")]
RELAY_DRIVERS: Final = frozenset({"gpio", "strato_pi", "waveshare", "eight_channel", "wp8025adam"})
RELAY_MAX_AGE_S: Final = 3.0
"""A relay that was not written for so long counts as silent."""


def relay_mistakes(
    relays: Mapping[str, PinRelay | StratoRelay | BoardRelay],
    used: Iterable[tuple[str, str]],
) -> list[str]:
    """What is wrong between relays and their users: `used` is (path, relay's name)."""
    wrong = []
    boards: dict[str, str] = {}
    for name, relay in relays.items():
        if isinstance(relay, BoardRelay):
            unit = f"{relay.bus} unit {relay.unit}"
            if boards.setdefault(unit, relay.driver) != relay.driver:
                wrong.append(f"relays.{name}.driver = {relay.driver!r}: {unit} is {boards[unit]}")
    owner: dict[str, str] = {}
    for user, name in used:
        if name not in relays:
            known = ", ".join(sorted(relays)) or "none"
            wrong.append(f"{user} = {name!r} is not in relays ({known})")
        elif name in owner:
            wrong.append(f"{user} and {owner[name]} have the same relay: {name}")
        owner.setdefault(name, user)
    return wrong
