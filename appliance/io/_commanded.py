"""A device that is polled and also commanded: armed first, then written at once and as a sign of life."""

import logging
from typing import Final

import msgspec

from appliance.io._ledger import Ledger
from appliance.io._polled import Polled
from appliance.io.buses import BusError, RefusedError
from appliance.io.buses.registers import Registers
from appliance.io.deadman import setpoints_now
from appliance.io.inverters import InverterDriver
from appliance.io.registers import Block, Write
from appliance.mailbox import Latest
from appliance.model import SAFE, Decision, Setpoints
from appliance.site import Inverter

log = logging.getLogger(__name__)

HEARTBEAT_S: Final = 0.4
"""With the waits around it, a sign of life at least every 0.5 s."""


class Commanded:
    """The inverter's other direction: decisions become writes."""

    def __init__(
        self,
        settings: Inverter,
        driver: InverterDriver,
        polled: Polled,
        decision: Latest[Decision],
    ) -> None:
        self._settings = settings
        self._driver = driver
        self._polled = polled
        self._decision = decision
        self._armed_for: tuple[int, int] | None = None
        """Connection and silence after which the device was armed."""
        self._arm_at_s = 0.0
        self._compares = True
        self._written: tuple[Write, ...] = ()
        self._power_w = 0.0
        self._on = False
        self._beat_at_s = 0.0
        self._beat = 0
        self._ledger = Ledger(polled.name, driver.stored_pause_s)
        self._refusal = ""
        self.number = 0
        """Of the decision seen last."""

    @property
    def stored_writes(self) -> int:
        """Writes into memory that wears out."""
        return self._ledger.count

    def update(self, bus: Registers, now_s: float) -> None:
        """Write what the newest decision wants, when it differs or a sign of life is due."""
        setpoints, self.number = setpoints_now(self._decision, now_s)
        polled = self._polled
        if polled.silent and now_s < polled.next_at_s:
            return
        if not polled.identified and not polled.is_the_same(now_s):
            return  # Nothing is written before it is known who listens.
        try:
            if polled.identified:
                self._write(setpoints, bus, now_s)
            else:
                self._zero(setpoints, bus, now_s)
        except RefusedError as error:
            if str(error) != self._refusal:
                log.warning("%s: %s", self._polled.name, error)
            self._refusal = str(error)
        except BusError as error:
            self._written = ()
            self._ledger.forget()
            self._polled.failed(error, now_s)

    def pause(self, bus: Registers) -> None:
        """The thread crashes, and starts again soon: no power until then, but no stop that all would follow."""
        self._leave(msgspec.structs.replace(SAFE, inverter_on=self._on), bus)

    def rest(self, bus: Registers) -> None:
        """The thread ends: leave the safe default behind, also when the device was silent just now."""
        self._leave(SAFE, bus)

    def _leave(self, setpoints: Setpoints, bus: Registers) -> None:
        if not self._polled.ever_identified:
            return
        try:
            bus.connect()
            safe = self._driver.writes(setpoints, self._polled.values, self._beat)
            refused = self._send(safe, bus, 0.0, urgent=True, stops=True)
            if refused is not None:
                raise refused
        except BusError as error:
            log.warning("%s was not put to rest: %s", self._polled.name, error)

    def _write(self, setpoints: Setpoints, bus: Registers, now_s: float) -> None:
        bus.connect()
        if self._polled.failures and self._armed_for != (bus.connections, self._polled.failures):
            self._zero(setpoints, bus, now_s)
        refused = self._arm(bus, now_s)
        armed = self._armed_for == (bus.connections, self._polled.failures)
        # No power before its own timeout guards it.
        allowed = setpoints if armed else SAFE
        due = now_s >= self._beat_at_s
        beat = self._beat + due
        wanted = self._driver.writes(allowed, self._polled.values, beat)
        if due or wanted != self._written:
            self._written, self._beat = wanted, beat
            self._beat_at_s = now_s + HEARTBEAT_S if due else self._beat_at_s
            falls = abs(allowed.power_w) <= abs(self._power_w)
            self._power_w, self._on = allowed.power_w, allowed.inverter_on
            stops = not allowed.inverter_on
            refused_now = self._send(wanted, bus, now_s, urgent=falls, stops=stops)
            refused = refused or refused_now
            self._refusal = self._refusal if refused or not armed else ""
        if refused is not None:
            raise refused

    def _zero(self, setpoints: Setpoints, bus: Registers, now_s: float) -> None:
        """Zero before all else: a device whose answers are lost may still hear, and arming keeps it alive."""
        zero = msgspec.structs.replace(setpoints, power_w=0.0, reactive_var=0.0)
        writes = self._driver.writes(zero, {}, self._beat)
        self._send(writes, bus, now_s, urgent=True, stops=True)

    def _arm(self, bus: Registers, now_s: float) -> RefusedError | None:
        """Set the communication timeout and the like, once per connection and after each silence.

        A silent device may have forgotten it, behind a gateway even while the connection stands.
        """
        key = bus.connections, self._polled.failures
        if self._armed_for == key or now_s < self._arm_at_s:
            return None
        self._armed_for, self._written = None, ()
        self._arm_at_s = now_s + HEARTBEAT_S
        writes = self._driver.arm()
        refused = self._send(writes, bus, now_s, urgent=True)
        if refused is None:
            if self._compares:
                self._compare(writes, bus)
            self._armed_for, self._arm_at_s = key, 0.0
        return refused

    def _compare(self, writes: tuple[Write, ...], bus: Registers) -> None:
        """Read back what arming has set: a device may take a value and keep another."""
        for write in writes:
            if write.kind != "holding":
                continue
            block = Block("holding", write.address, len(write.words), (), slow=False, optional=True)
            try:
                kept = bus.read(block, self._settings.unit)
            except RefusedError:
                continue
            except BusError:
                self._compares = False  # It may be the question that it does not understand.
                raise
            if kept != write.words:
                name, address = self._polled.name, write.address
                log.warning("%s keeps %s at %d, not %s", name, kept, address, write.words)

    def _send(
        self,
        writes: tuple[Write, ...],
        bus: Registers,
        now_s: float,
        *,
        urgent: bool,
        stops: bool = False,
    ) -> RefusedError | None:
        """Send all, whatever is refused: no write waits for another to be accepted. The first refusal."""
        first: RefusedError | None = None
        for write in writes:
            if not self._ledger.lets(write, now_s, urgent=urgent, stops=stops):
                continue
            try:
                bus.write(write, self._settings.unit)
                self._ledger.sent(write, now_s)
            except RefusedError as error:
                first = first or error
        return first
