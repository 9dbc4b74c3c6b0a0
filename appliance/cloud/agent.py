"""The cloud process: waits until it may call, keeps one link open, drains the outbox over it."""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from appliance.bus import CoreClient
from appliance.clock import Clock
from appliance.cloud import sdk
from appliance.cloud.commands import CommandDesk
from appliance.cloud.drain import MOST_RECORDS, Drain
from appliance.cloud.journal import FILE_NAME, Journal
from appliance.cloud.link import Access, Cause, CloudLink, LinkError, OpenLink, StuckError
from appliance.cloud.pacing import Pacing
from appliance.cloud.readiness import NotReadyError, access
from appliance.site import SiteSettings
from appliance.store import FILE_NAME as STORE
from appliance.store import Outbox
from appliance.supervisor import Lease

log = logging.getLogger(__name__)

POLL_S: Final = 0.25
"""How often the outbox is looked at."""
READY_POLL_S: Final = 1.0
OFF_POLL_S: Final = 60.0
BACKLOG_PAUSE_S: Final = 0.2
"""Between full messages: a fleet that comes back together shares one hub's budget."""
RENEW_S: Final = 50 * 60.0
"""A signature lasts an hour; a fresh link before that, at a moment of our choosing."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Everything the loop works with; belongs to one thread."""

    data: Path
    run: Path
    outbox: Outbox
    journal: Journal
    desk: CommandDesk
    clock: Clock
    lease: Lease
    open_link: OpenLink

    def work(self) -> None:
        """Until the lease ends. Raises StuckError."""
        pacing: Pacing | None = None
        self._tell(connected=False)
        while (granted := self._await_access()) is not None:
            # Seeded by the device: no two boxes of a fleet wait alike.
            pacing = pacing or Pacing(Random(granted.device_id))
            opened_s = None
            try:
                link = self.open_link(granted, self.desk.answer)
                opened_s = self.clock.now_s()
                log.info("connected to %s as %s", granted.host, granted.device_id)
                self._tell(connected=True)
                try:
                    self._drain(link, granted)
                finally:
                    link.close()
            except LinkError as error:
                self._tell(connected=False)
                held_s = 0.0 if opened_s is None else self.clock.now_s() - opened_s
                pause_s = pacing.pause_s(error.cause, held_s)
                log.warning("no link to %s: %s; again in %.1f s", granted.host, error, pause_s)
                self.lease.wait(pause_s)

    def _tell(self, *, connected: bool) -> None:
        """The core looks here for its row "No connection to the cloud"."""
        unfinished = self.run / "cloud.part"
        unfinished.write_text(json.dumps({"connected": connected}), encoding="utf-8")
        unfinished.replace(self.run / "cloud.json")

    def _await_access(self) -> Access | None:
        """Settings and a trusted clock; None when the lease ended first. Says once what is missing."""
        said = ""
        while not self.lease.ended:
            self.lease.beat()
            try:
                return access(self.data, self.run)
            except NotReadyError as missing:
                if str(missing) != said:
                    said = str(missing)
                    log.info("the cloud waits: %s", said)
            self.lease.wait(READY_POLL_S)
        return None

    def _drain(self, link: CloudLink, granted: Access) -> None:
        """Send what waits, then what comes. Raises LinkError when the link is dead."""
        drain = Drain(self.outbox, self.journal, granted.device_id)
        renew_s = self.clock.now_s() + RENEW_S
        while not self.lease.ended and self.clock.now_s() < renew_s:
            self.lease.beat()
            if not link.connected:
                raise LinkError(Cause.NETWORK, "the connection dropped")
            sent = drain.send_one(link)
            self.lease.wait(BACKLOG_PAUSE_S if sent == MOST_RECORDS else POLL_S)


def run_cloud(
    site: SiteSettings,
    clock: Clock,
    lease: Lease,
    *,
    open_link: OpenLink = sdk.connect,
    give_up: Callable[[int], None] = os._exit,
) -> int:
    """The cloud process until the lease ends; 0. A stuck SDK ends the process at once with 1: nothing
    is lost, the supervisor starts it again."""
    data, run = Path(site.data_folder), Path(site.run_folder)
    if not site.cloud.enabled:
        log.info("the cloud is switched off in site.toml")
        while not lease.wait(OFF_POLL_S):
            lease.beat()
        return 0
    # The SDK tells every step at INFO, and tracebacks of plain connection losses.
    logging.getLogger("azure").setLevel(logging.ERROR)
    journal = Journal(data / FILE_NAME)
    desk = CommandDesk(lambda: CoreClient(run, "cloud"), journal, clock)
    outbox = Outbox(data / STORE)
    try:
        Agent(data, run, outbox, journal, desk, clock, lease, open_link).work()
    except StuckError as error:
        log.error("%s; the process starts anew", error)
        # The SDK's threads would be waited for at a normal exit.
        give_up(1)
        return 1
    finally:
        outbox.close()
    return 0
