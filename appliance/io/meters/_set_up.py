"""Setting a meter up: what a JSON file asks for, what would change, in words that an installer reads.

The box itself never does this; `appliance probe --setup` does, and reads back what it wrote.
"""

from dataclasses import dataclass
from typing import Protocol

from appliance.io.registers import Ask, Write


class SetUpError(Exception):
    """The file cannot be used for this meter; `mistakes` are all reasons."""

    def __init__(self, mistakes: tuple[str, ...], *, by_device: bool = False) -> None:
        self.mistakes = mistakes
        self.by_device = by_device
        """The file is in order; something has to be done at the meter."""
        super().__init__("\n".join(mistakes))


@dataclass(frozen=True, slots=True)
class Change:
    """One setting that differs."""

    field: str
    before: str
    after: str
    address: int
    words: tuple[int, ...]
    """What the registers from `address` on must hold."""
    moves: bool = False
    """Afterwards the meter is reached in another way: other address, speed or parity."""

    def writes(self) -> tuple[Write, ...]:
        """One register a request: the meters know no function that writes several."""
        return tuple(
            Write(self.address + place, "holding", (word,)) for place, word in enumerate(self.words)
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What setting up would do. Those that move it come last."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...] = ()


class CanBeSetUp(Protocol):
    """What a driver's `set_up()` returns."""

    def plan(self, document: object, ask: Ask) -> Plan:
        """Compare the meter with the file's content. Raises SetUpError, BusError."""

    def refused(self, change: Change) -> str:
        """Why the meter may have refused it, and what to do."""
