"""One thread for the relays of the box itself. Those of Modbus boards belong to the thread of their bus."""

import contextlib
import logging
from typing import Final

from appliance.clock import Clock
from appliance.io.relays._coils import coils_now, safe_coils
from appliance.io.relays._local import LOCAL_TITLES, Relay, open_relay
from appliance.mailbox import Slots
from appliance.model import RelayReading
from appliance.site import BoardRelay, PinRelay, SiteSettings, StratoRelay
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

PERIOD_S: Final = 0.25
"""Every relay is written so often, also when nothing changes."""
BACK_OFF_S: Final = 1.0
SILENT_AFTER_S: Final = 10.0


def relay_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """One worker when the box has relays of its own, else none."""
    local = {
        name: relay for name, relay in site.relays.items() if not isinstance(relay, BoardRelay)
    }
    if not local:
        return ()
    return (Worker("relays", _Relays(site, local, clock, slots).run, SILENT_AFTER_S),)


class _Relays:
    """The relays by name; each is opened again when it fails."""

    def __init__(
        self,
        site: SiteSettings,
        local: dict[str, PinRelay | StratoRelay],
        clock: Clock,
        slots: Slots,
    ) -> None:
        self._site, self._local = site, local
        self._clock, self._slots = clock, slots
        self._open: dict[str, Relay] = {}
        self._again_at_s: dict[str, float] = {}
        self._answers: dict[str, bool] = {}

    def run(self, lease: Lease) -> None:
        """Until the lease ends; then every relay is let go, and fans behind them run."""
        try:
            while not lease.ended:
                wanted = coils_now(self._site, self._slots, self._clock.now_s())
                for name in self._local:
                    lease.beat()
                    self._serve(name, wanted[name])
                lease.wait(PERIOD_S)
        finally:
            self._leave()

    def _serve(self, name: str, on: bool) -> None:
        if self._clock.now_s() < self._again_at_s.get(name, 0.0):
            return
        try:
            relay = self._open.get(name)
            if relay is None:
                relay = self._open[name] = open_relay(self._local[name], self._site.buses)
            relay.set(on)
            at_s = self._clock.now_s()
            self._slots.relays[name].put(RelayReading(on, relay.on()), at_s)
            self._say(name, True, LOCAL_TITLES[self._local[name].driver])
        except OSError as silence:
            self._again_at_s[name] = self._clock.now_s() + BACK_OFF_S
            self._close(name)
            self._say(name, False, f"{type(silence).__name__}: {silence}")

    def _leave(self) -> None:
        """Safe, whoever comes next: with a contact that is normally open a fan needs its coil."""
        safe = safe_coils(self._site)
        for name, relay in list(self._open.items()):
            with contextlib.suppress(OSError):
                relay.set(safe[name])
            self._close(name)

    def _close(self, name: str) -> None:
        relay = self._open.pop(name, None)
        if relay is not None:
            with contextlib.suppress(OSError):
                relay.close()

    def _say(self, name: str, answers: bool, what: str) -> None:
        if self._answers.get(name) is not answers:
            log.log(logging.INFO if answers else logging.WARNING, "relay %s: %s", name, what)
        self._answers[name] = answers
