"""Our own plausible multi-rack BMSs: NBMS 2.3, 2.4, 2.5 and CBMS, as their DBC files describe them.

One row of GENERATIONS each; what they say is in `own_values.py`, where it lies is in the DBC file.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from typing_extensions import override

from simulator.models.bms import STRANGE_FAULT, State
from simulator.models.site import Site
from simulator.wire.batteries.own_values import BATTERY, FAULTS, RACK, UNKNOWN_CODE, RackSeen, down
from simulator.wire.can_codec import crc8_j1850
from simulator.wire.can_frames import Due, Said
from simulator.wire.can_messages import MULTIPLEXER, Message, load_messages
from simulator.wire.can_twin import CanTwin
from simulator.wire.plugs import Plug
from simulator.wire.socketcand import Frame, Socketcand

NOISY = frozenset({"Voltage", "LinkVoltage", "Current", "CellMin", "CellMax"})
OUTWARD = {"CellMin": -1, "CellMax": +1}
SIGNED = frozenset({"Current", "Power"})
ALL_BITS = 1e6
"""Far beyond every signal: all its bits are set."""
SLEEP, WAKE = "SLEEP", "WAKE"

NBMS_STATES = {
    State.OPEN_CONTACTORS: "OPENING",
    State.STANDBY: "STANDBY",
    State.PRECHARGE: "PRECHARGE",
    State.NORMAL: "CONNECTED",
    State.ERROR: "FAULT",
}
CBMS_STATES = {
    State.OPEN_CONTACTORS: "OPENING",
    State.STANDBY: "IDLE",
    State.PRECHARGE: "PRECHARGING",
    State.NORMAL: "ONLINE",
    State.ERROR: "ERROR",
}


@dataclass(frozen=True)
class Generation:
    """What sets one generation apart."""

    family: str
    timeout_s: float
    states: dict[State, str]
    sensors_per_module: int = 8
    rack_step: int = 0x10
    """Ids of neighbouring racks lie this far apart."""
    sign: float = 1.0
    """-1: charge is positive on the wire."""
    connect: int = 1
    """The Request that closes contactors."""


GENERATIONS = {
    "nbms_2_3": Generation("nbms_2_3", 1.0, NBMS_STATES),
    "nbms_2_4": Generation("nbms_2_4", 1.0, NBMS_STATES, sign=-1.0),
    "nbms_2_5": Generation("nbms_2_5", 0.5, NBMS_STATES),
    "cbms": Generation("cbms", 2.0, CBMS_STATES, sensors_per_module=4, rack_step=1),
}


class OwnBms(CanTwin):
    """One battery of a generation."""

    def __init__(
        self,
        generation: Generation,
        site: Site,
        bus: Socketcand,
        plug: Plug,
        *,
        before: Callable[[], None] = lambda: None,
        speed: float = 1.0,
        seed: int = 1,
    ) -> None:
        self.timeout_s = generation.timeout_s
        super().__init__(site, bus, plug, before=before, speed=speed, seed=seed)
        self._generation = generation
        self._messages = load_messages(generation.family)
        self._by_id = {message.can_id: message for message in self._messages.values()}
        self._counters: dict[int, int] = {}
        self._commanded = -1
        self._fell_asleep_s = 0.0
        self._seen = tuple(
            RackSeen(bms.rack, bms, number, self.battery, self.bms, generation.sensors_per_module)
            for number, bms in enumerate(self.bms.masters, 1)
        )

    # ------------------------------------------------------------ what it says

    @override
    def schedule(self) -> Sequence[Due]:
        return [
            self._due(message)
            for message in self._messages.values()
            if not message.name.endswith("Command")
        ]

    def _due(self, message: Message) -> Due:
        if message.name.startswith("Battery"):
            asleep = message.name == "BatteryStatus"
            return Due(message.period_s, lambda _: [self._of_battery(message)], 1, asleep)

        def of_racks(page: int) -> list[Said]:
            return [self._of_rack(message, page, seen) for seen in self._seen]

        return Due(message.period_s, of_racks, len(message.pages))

    def _of_battery(self, message: Message) -> Said:
        values = {
            name: self._physical(message, name, BATTERY[name](self.bms))
            for name in message.pages[0]
            if name in BATTERY
        }
        if "State" in message.pages[0]:
            values["State"] = self._state(message, self.bms.state)
            values["Balancing"] = any(seen.balancing for seen in self._seen)
            if "AnyWarning" in message.pages[0]:
                values["AnyWarning"] = any(seen.waits for seen in self._seen)
        if "SleepTime" in message.pages[0] and self.bms.asleep:
            values["SleepTime"] = (time.monotonic() - self._fell_asleep_s) / 60.0
        return Said(Frame(message.can_id, message.encode(0, values), message.extended))

    def _of_rack(self, message: Message, page: int, seen: RackSeen) -> Said:
        signals = message.pages[page]
        values = {
            name: self._physical(message, name, RACK[name](seen))
            for name in signals
            if name in RACK
        }
        if "State" in signals:
            values["State"] = self._state(message, seen.bms.state)
        if "FaultCode" in signals:
            values["FaultCode"] = _code(message, seen)
        if MULTIPLEXER in signals:
            values |= _page(message, page, seen, self.near)
        can_id = message.can_id + self._generation.rack_step * (seen.number - 1)
        return Said(Frame(can_id, message.encode(page, values), message.extended), seen.number)

    def _physical(self, message: Message, name: str, value: float) -> float:
        """In the unit of the signal, with its sign, noise and rounding."""
        if name in SIGNED:
            value *= self._generation.sign
        step = message.steps[name]
        if name in NOISY:
            value = self.near(value, step, OUTWARD.get(name, 0))
        return down(name, value, step) * message.units[name]

    def _state(self, message: Message, state: State) -> int:
        name = SLEEP if self.bms.asleep else self._generation.states[state]
        return message.choices["State"][name]

    @override
    def finish(self, said: Said, broken: bool) -> Said:
        """A counter where the message has one, then a checksum over all bytes before it."""
        frame = said.frame
        step = self._generation.rack_step * max(0, said.rack - 1)
        message = self._by_id[frame.can_id - step]
        signals = message.pages[0]
        number = int.from_bytes(frame.data, "big")
        if counter := signals.get("Counter"):
            count = self._counters[frame.can_id] = self._counters.get(frame.can_id, -1) + 1 & 15
            number |= int.from_bytes(message.encode(0, {"Counter": count}), "big")
            assert counter.length == 4
        data = number.to_bytes(message.length, "big")
        if "Crc" in signals or "Crc" in message.pages[-1]:
            data = data[:7] + bytes([crc8_j1850(data[:7]) ^ (0x55 if broken else 0)])
        return replace_frame(said, data)

    # ------------------------------------------------------------ what it hears

    @override
    def take(self, frame: Frame) -> None:
        message = self._by_id.get(frame.can_id)
        if message is None or message.extended != frame.extended:
            return
        wanted = message.decode(frame.data)
        if message.name == "SleepCommand":
            self._sleep(int(wanted["Sleep"]), message)
        elif message.name == "Command" and self._is_valid(frame, wanted):
            self._command(wanted, message)

    def _command(self, wanted: dict[str, float], message: Message) -> None:
        bms = self.bms
        self.requests += 1
        bms.heard()
        bms.request_close = wanted["Request"] == self._generation.connect
        enabled, join = int(wanted["RackEnable"]), int(wanted["JoinRequest"])
        bms.enabled = [bool(enabled >> i & 1) for i in range(len(bms.masters))]
        bms.join_anyway = [bool(join >> i & 1) for i in range(len(bms.masters))]
        bms.balancing = bool(wanted["BalancingEnable"])
        if threshold_mv := wanted.get("BalancingThreshold"):
            self._seen = tuple(replace(s, threshold_v=threshold_mv / 1e3) for s in self._seen)
        if wanted["ErrorReset"]:
            bms.reset_persistent_flags()
        self._sleep(int(wanted.get("Sleep", 0)), message)

    def _sleep(self, wanted: int, message: Message) -> None:
        names = message.choices.get("Sleep", {})
        if wanted == names.get(SLEEP):
            was_awake = not self.bms.asleep
            self.bms.sleep()
            if was_awake and self.bms.asleep:
                self._fell_asleep_s = time.monotonic()
        elif wanted == names.get(WAKE):
            self.bms.wake()

    def _is_valid(self, frame: Frame, wanted: dict[str, float]) -> bool:
        """Whole; and where it has a checksum: that is right, and the counter moved."""
        if len(frame.data) < 8:
            return False
        if "Crc" not in wanted:
            return True
        before, self._commanded = self._commanded, int(wanted["Counter"])
        return crc8_j1850(frame.data[:7]) == frame.data[7] and before != self._commanded


def replace_frame(said: Said, data: bytes) -> Said:
    """The same with another payload."""
    return said._replace(frame=said.frame._replace(data=data))


def _code(message: Message, seen: RackSeen) -> float:
    """The number of the newest fault; 0: none."""
    numbers = message.choices["FaultCode"]
    if STRANGE_FAULT in seen.bms.faults:
        return UNKNOWN_CODE
    return next((numbers[n.upper()] for n, holds in FAULTS.items() if holds(seen)), 0)


def _page(
    message: Message, page: int, seen: RackSeen, near: Callable[[float, float], float]
) -> dict[str, float]:
    """Multiplexed cells, sensors or balancing bits; a place without a cell has all bits set."""
    values: dict[str, float] = {MULTIPLEXER: page}
    signals = message.pages[page]
    if "BalancingCells" in signals:
        values["BalancingCells"] = _bits(page, signals["BalancingCells"].length, seen)
    cells = [name for name in signals if name.startswith("Cell")]
    for place, name in enumerate(cells):
        cell = len(cells) * page + place
        there = cell < seen.rack.cell_count
        volts = near(seen.rack.cell_v(cell), message.steps[name]) if there else ALL_BITS
        values[name] = volts * message.units[name]
    sensors = [name for name in signals if name.startswith("Sensor")]
    for place, name in enumerate(sensors):
        celsius = seen.sensor_c(len(sensors) * page + place)
        values[name] = ALL_BITS if celsius is None else celsius
    return values


def _bits(page: int, length: int, seen: RackSeen) -> int:
    if not seen.balancing:
        return 0
    first, rack = length * page, seen.rack
    high_v = rack.cell_min_v + seen.threshold_v
    last = min(first + length, rack.cell_count)
    return sum(1 << cell - first for cell in range(first, last) if rack.cell_v(cell) > high_v)
