"""The production polling and commanding over a twin's register table: no sockets, no threads, virtual time."""

from collections.abc import Callable
from typing import Protocol

from appliance.clock import VirtualClock
from appliance.io import inverters
from appliance.io._commanded import Commanded
from appliance.io._polled import Polled
from appliance.io.buses import BusError, RefusedError
from appliance.io.registers import Block, Values, Write
from appliance.mailbox import Latest
from appliance.model import SAFE, Decision, InverterReading, Setpoints
from appliance.site import Inverter
from simulator.models.profile import load_profile
from simulator.models.site import Site, pretend_site
from simulator.wire.registers import (
    READ_COILS,
    READ_HOLDING,
    READ_INPUT,
    WRITE_COIL,
    WRITE_MANY,
    WRITE_ONE,
    IllegalAddressError,
    IllegalValueError,
    Registers,
)
from tests.io.threads import decision
from tests.stories import HOME, NOON

STEP_S = 0.02
FUNCTIONS = {"holding": READ_HOLDING, "input": READ_INPUT, "coil": READ_COILS}


class Twin(Protocol):
    """A pretend inverter."""

    registers: Registers

    def on_write(self) -> None:
        """A write arrived."""

    def reboot(self) -> None:
        """Forget everything."""


class TableBus:
    """A bus whose only device answers at once from its table; `silent` pulls the plug."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self.connections = 1
        self.silent = False
        self.written: list[Write] = []

    def connect(self) -> None:
        """There is nothing to connect."""

    def close(self) -> None:
        """There is nothing to close."""

    def read(self, block: Block, unit: int) -> tuple[int, ...]:
        """Words from the table."""
        del unit
        self._heard()
        try:
            return tuple(
                self._twin.registers.read(FUNCTIONS[block.kind], block.address, block.count)
            )
        except IllegalAddressError as error:
            raise RefusedError(f"no register {block.address}") from error

    def write(self, write: Write, unit: int) -> None:
        """Words into the table."""
        del unit
        self._heard()
        many = len(write.words) > 1 or write.together
        function = WRITE_COIL if write.kind == "coil" else WRITE_MANY if many else WRITE_ONE
        try:
            self._twin.registers.write(function, write.address, write.words)
        except (IllegalAddressError, IllegalValueError) as error:
            raise RefusedError(f"{write.address} takes no {write.words}") from error
        self.written.append(write)
        self._twin.on_write()

    def _heard(self) -> None:
        if self.silent:
            raise BusError("no answer")


def pretend_plant() -> Site:
    """A pretend home at half charge with its contactors closed."""
    site = pretend_site(load_profile(HOME.parents[1] / "profiles" / "sunny.csv"), soc_pct=50.0)
    site.bms.request_close = True
    for _ in range(200):
        site.step(STEP_S)
    return site


class InverterRig:
    """One inverter driver against its twin."""

    def __init__(self, settings: Inverter, make_twin: Callable[[Site], Twin]) -> None:
        self.site = pretend_plant()
        self.twin = make_twin(self.site)
        self.bus = TableBus(self.twin)
        self.clock = VirtualClock(NOON)
        self.driver = inverters.driver(settings)
        self.reading: InverterReading | None = None
        self._decision: Latest[Decision] = Latest("decision")
        self.polled = Polled("inverter", settings, self.driver, self._publish, self.clock.now_s())
        self.commanded = Commanded(settings, self.driver, self.polled, self._decision)
        self._cycle = 0
        self.decides = True
        """False: nobody decides any more, as after a crash of the control loop."""

    def _publish(self, values: Values, _at_s: float) -> None:
        self.reading = self.driver.reading(values)

    def run(
        self,
        seconds: float,
        setpoints: Setpoints = SAFE,
        until: Callable[[], bool] = lambda: False,
        *,
        alive: bool = True,
    ) -> bool:
        """Let time pass with this decision; True as soon as `until` holds. Not `alive`: the box is dead."""
        for _ in range(round(seconds / STEP_S)):
            self.clock.advance(STEP_S)
            now_s = self.clock.now_s()
            if alive:
                if self.decides:
                    self._cycle += 1
                    self._decision.put(decision(setpoints, self._cycle, now_s), now_s)
                self._serve(now_s)
            self.site.step(STEP_S)
            if until():
                return True
        return until()

    def _serve(self, now_s: float) -> None:
        def between() -> None:
            self.commanded.update(self.bus, self.clock.now_s())

        between()
        if now_s >= self.polled.next_at_s:
            self.polled.poll(self.bus, self.clock, between)

    @property
    def power_w(self) -> float:
        """What the pretend inverter really gives, discharge +."""
        return self.site.inverter.ac_power_w
