"""The thread that asks every source of market data in turn and keeps the slot fresh."""

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from appliance.clock import Clock
from appliance.mailbox import Latest, Slots
from appliance.market.documents import MarketError
from appliance.market.files import file_sources
from appliance.model import MarketData
from appliance.site import SiteSettings
from appliance.supervisor import Lease, Worker

log = logging.getLogger(__name__)

PERIOD_S: Final = 2.0
SILENT_AFTER_S: Final = 60.0
"""A disk or a share that hangs may hold a call for long; what is known goes on meanwhile."""


class Source(Protocol):
    """One place where market data come from: a file, a service."""

    @property
    def name(self) -> str:
        """As people know it: plan.json."""

    def look(self, known: MarketData, /) -> MarketData:
        """What is known with what this source says now; the same object when that has not changed.

        Asked every PERIOD_S: whoever must not be asked so often answers with `known` in between. Every call inside
        has a timeout. Raises MarketError for what cannot be used, as long as that is so.
        """


class Feed:
    """One worker; the only writer of the slot."""

    def __init__(self, sources: Sequence[Source], slot: Latest[MarketData], clock: Clock) -> None:
        self._sources = sources
        self._slot = slot
        self._clock = clock
        self._known = MarketData()
        self._mistakes: dict[str, str] = {}

    def run(self, lease: Lease) -> None:
        """Look and tell until the lease ends."""
        while not lease.ended:
            lease.beat()
            self._slot.put(self.look(), self._clock.now_s())
            lease.wait(PERIOD_S)

    def look(self) -> MarketData:
        """Ask every source once. A mistake is told once, and what was known before goes on."""
        for source in self._sources:
            try:
                self._known = source.look(self._known)
            except MarketError as error:
                self._refuse(source.name, str(error))
            else:
                if self._mistakes.pop(source.name, None) is not None:
                    log.info("%s can be read again", source.name)
        unread = tuple(f"{name}: {text}" for name, text in sorted(self._mistakes.items()))
        if unread != self._known.unread:
            self._known = replace(self._known, unread=unread)
        return self._known

    def _refuse(self, name: str, text: str) -> None:
        if self._mistakes.get(name) != text:
            log.warning("%s is kept out, what was known goes on: %s", name, text)
        self._mistakes[name] = text


def market_workers(site: SiteSettings, clock: Clock, slots: Slots) -> tuple[Worker, ...]:
    """The thread, where the site is told of a market."""
    if site.market is None:
        return ()
    feed = Feed(file_sources(site.market), slots.market, clock)
    return (Worker("market", feed.run, SILENT_AFTER_S),)
