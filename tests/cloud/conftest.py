"""A hub, a core that says yes, a store, and the cloud process between them."""

import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from appliance.bus import BusServer
from appliance.clock import SystemClock
from appliance.cloud import sdk
from appliance.cloud.agent import run_cloud
from appliance.cloud.link import Access, OpenLink
from appliance.mailbox import Requests
from appliance.model import Answer, Request
from appliance.site import SiteSettings
from appliance.store import Outbox, Store
from appliance.supervisor import Lease
from tests.hub.pretend import PretendHub, until

HOME = Path(__file__).parents[2] / "simulator" / "sites" / "home.toml"
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Site:
    """Folders as the bootstrapper leaves them, and a store."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.run = folder / "run"
        self.data.mkdir()
        self.run.mkdir()
        document = tomllib.loads(HOME.read_text())
        document |= {"data_folder": str(self.data), "run_folder": str(self.run)}
        self.settings = SiteSettings.model_validate(document)
        self.store = Store(self.data / "store.sqlite")
        self.outbox = Outbox(self.data / "store.sqlite")
        self._count = 0

    def bootstrap(self, access: Access, trusted: bool = True) -> None:
        """Write connection.json and clock.json."""
        connection = {
            "host": access.host,
            "device_id": access.device_id,
            "key": access.key,
            "ca": access.ca,
        }
        (self.data / "connection.json").write_bytes(msgspec.json.encode(connection))
        clock = {"trusted": trusted, "offset_s": 0.0, "source": "", "reason": "tomorrow it is"}
        (self.run / "clock.json").write_bytes(msgspec.json.encode(clock))

    def enqueue(self, count: int) -> None:
        """Put numbered records into the outbox."""
        for _ in range(count):
            self._count += 1
            self.store.enqueue("SC_Spot_10s", AT, msgspec.json.encode({"n": self._count}))

    def close(self) -> None:
        self.store.close()
        self.outbox.close()


class CloudProcess:
    """run_cloud in a thread."""

    def __init__(self, site: Site, open_link: OpenLink = sdk.connect) -> None:
        clock = SystemClock()
        self._lease = Lease(clock)
        self.code: int | None = None
        self.gave_up: list[int] = []

        def run() -> None:
            self.code = run_cloud(
                site.settings, clock, self._lease, open_link=open_link, give_up=self.gave_up.append
            )

        self._thread = threading.Thread(target=run, name="cloud")
        self._thread.start()

    def end(self, timeout_s: float = 8.0) -> None:
        """End it, and wait."""
        self._lease.end()
        self._thread.join(timeout_s)
        assert not self._thread.is_alive()


class WillingCore:
    """The core's end of the bus: grants everything, and remembers who asked for what."""

    def __init__(self, run_folder: Path) -> None:
        clock = SystemClock()
        self.seen: list[Request] = []
        self._requests = Requests()
        self._lease = Lease(clock)
        server = BusServer(run_folder, clock, self._requests, lambda: None)
        self._threads = [
            threading.Thread(target=server.run, args=(self._lease,)),
            threading.Thread(target=self._grant),
        ]
        for thread in self._threads:
            thread.start()

    def _grant(self) -> None:
        while not self._lease.wait(0.01):
            for request in self._requests.drain():
                self.seen.append(request)
                self._requests.answer((Answer(request.id, True, f"granted to {request.source}"),))

    def close(self) -> None:
        self._lease.end()
        for thread in self._threads:
            thread.join(3)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[PretendHub]:
    running = PretendHub(tmp_path / "hub")
    yield running
    running.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def core(site: Site) -> Iterator[WillingCore]:
    running = WillingCore(site.run)
    yield running
    running.close()


@pytest.fixture
def cloud(site: Site) -> Iterator[CloudProcess]:
    running = CloudProcess(site)
    yield running
    running.end()


def delivered(hub: PretendHub) -> list[int]:
    """The numbers of all records that arrived, in the order of their arrival."""
    bodies = [message["body"] for message in hub.control.telemetry()]
    numbers = []
    for body in bodies:
        assert isinstance(body, list)
        for record in body:
            assert isinstance(record, dict)
            assert isinstance(record["body"], dict)
            number = record["body"]["n"]
            assert isinstance(number, int)
            numbers.append(number)
    return numbers


def ids(hub: PretendHub) -> list[object]:
    """Message ids in the order of their arrival."""
    return [message["message_id"] for message in hub.control.telemetry()]


def drained(site: Site) -> None:
    """Wait until the outbox is empty."""
    until(lambda: site.outbox.depth() == 0, 12.0)
