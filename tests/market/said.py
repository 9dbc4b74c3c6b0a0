"""Market files as others write them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.clock import VirtualClock
from appliance.mailbox import Latest
from appliance.market.feed import Feed
from appliance.market.files import file_sources
from appliance.model import MarketData
from appliance.site.market import MarketFiles

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HEAD = "start,end,import_price_per_kwh,export_price_per_kwh\n"


def iso(at: datetime) -> str:
    """As a file has it."""
    return at.isoformat().replace("+00:00", "Z")


def price_row(hour: int, paid: str = "0.30", got: str = "0.05") -> str:
    """One hour, counted from noon."""
    return f"{iso(NOON + hour * HOUR)},{iso(NOON + (hour + 1) * HOUR)},{paid},{got}\n"


def plan_text(*powers_w: float, made_at: datetime = NOON) -> bytes:
    """An hour each from noon."""
    steps = [
        {"start": iso(NOON + at * HOUR), "end": iso(NOON + (at + 1) * HOUR), "power_w": power_w}
        for at, power_w in enumerate(powers_w)
    ]
    return json.dumps({"made_at": iso(made_at), "steps": steps}).encode()


def order(hour: int, action: str, hours: float = 1.0, **more: Any) -> dict[str, Any]:
    """One item of a dispatch schedule, from noon + `hour`."""
    start = NOON + hour * HOUR
    return {"start": iso(start), "end": iso(start + hours * HOUR), "action": action, **more}


def orders_text(*items: dict[str, Any]) -> bytes:
    """A dispatch schedule."""
    return json.dumps({"items": items}).encode()


def imbalance_text(price: dict[str, Any], volume: dict[str, Any]) -> bytes:
    """An imbalance file."""
    return json.dumps({"price": price, "volume": volume}).encode()


class Folder:
    """A folder that somebody writes into, and the feed that reads it."""

    def __init__(self, path: Path, **files: str | None) -> None:
        self.path = path
        self.clock = VirtualClock(NOON)
        self.slot: Latest[MarketData] = Latest("market")
        market = MarketFiles.model_validate({"folder": str(path), **files})
        self.feed = Feed(file_sources(market), self.slot, self.clock)

    def write(self, name: str, text: bytes | str) -> None:
        """Replaced at once, as it should be."""
        part = self.path / f".{name}.part"
        part.write_bytes(text.encode() if isinstance(text, str) else text)
        part.replace(self.path / name)

    def look(self) -> MarketData:
        """One round of the thread."""
        self.clock.advance(2.0)
        return self.feed.look()
