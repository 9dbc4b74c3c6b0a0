"""The plugs of the pretend site: which device is plugged in, and what is wrong with it if it is not.

One row of FAULTS per fault; what a fault means on a wire is said where that wire is served
(`modbus.ANSWERS`, `can_faults.WHAT_IS_SENT`, `board.py`).
"""

from collections.abc import Awaitable, Callable

IN, SILENT, REFUSE = "in", "silent", "refuse"
LATE, GARBAGE, HALF, EXCEPTION = "late", "garbage", "half", "exception"
WRONG_UNIT, STUCK, REBOOT = "wrong_unit", "stuck", "reboot"
BUS_OFF, FROZEN, CHECKSUM = "bus_off", "frozen", "checksum"
RACK_SILENT, RACK_FAULT, STRANGE_FAULT = "rack_silent", "rack_fault", "strange_fault"
ERROR_FRAMES, FLAKY, UNDER_VOLTAGE = "error_frames", "flaky", "under_voltage"

FAULTS = {
    IN: "works",
    SILENT: "is connected but never says anything",
    REFUSE: "does not let anybody connect",
    LATE: "answers two seconds late",
    GARBAGE: "answers with nonsense",
    HALF: "answers with half a frame",
    EXCEPTION: "refuses every request",
    WRONG_UNIT: "answers in the name of another device",
    STUCK: "says the same for ever, whatever happens",
    REBOOT: "restarts: silent for a while, then everything it was told is forgotten",
    # Only of a battery on a CAN bus; other devices go on working.
    BUS_OFF: "its bus is off: an error frame, connections break, nothing gets through",
    FROZEN: "measures nothing any more, but its counters and checksums go on",
    CHECKSUM: "sends wrong checksums, where it has any",
    RACK_SILENT: "does not hear its last rack any more",
    RACK_FAULT: "its last rack has a fault and opens",
    STRANGE_FAULT: "its last rack has a fault that no table names",
    ERROR_FRAMES: "its bus carries error frames beside everything else",
    # Only of a device behind Modbus.
    FLAKY: "leaves every fifth request unanswered",
    # Only of the sensor that watches the computer.
    UNDER_VOLTAGE: "its computer gets too little voltage",
}
HARMLESS = frozenset({ERROR_FRAMES, FLAKY, UNDER_VOLTAGE})
"""The device goes on working."""


class Plug:
    """One device's plug; `changed` lets its server open or close its door."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fault = IN
        self.changed: Callable[[], Awaitable[None]] | None = None

    @property
    def is_in(self) -> bool:
        """The device works."""
        return self.fault == IN

    async def put(self, fault: str) -> None:
        """Pull the plug in this way, or put it back `in`. Raises ValueError for an unknown fault."""
        if fault not in FAULTS:
            msg = f"no fault {fault!r}; there is: {', '.join(FAULTS)}"
            raise ValueError(msg)
        self.fault = fault
        if self.changed is not None:
            await self.changed()


class Plugs:
    """All plugs by name."""

    def __init__(self) -> None:
        self._plugs: dict[str, Plug] = {}

    def add(self, name: str) -> Plug:
        """A new plug, in."""
        plug = self._plugs[name] = Plug(name)
        return plug

    def find(self, name: str) -> Plug:
        """The plug of that name. Raises ValueError with what there is instead."""
        if name not in self._plugs:
            msg = f"no plug {name!r}; there is: {', '.join(self._plugs)}"
            raise ValueError(msg)
        return self._plugs[name]

    def faults(self) -> dict[str, str]:
        """Every plug and its fault."""
        return {name: plug.fault for name, plug in self._plugs.items()}
