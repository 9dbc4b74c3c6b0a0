"""A pretend front and a pretend I2C bus on a socket, and threads that serve them."""

import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.clock import SystemClock
from appliance.model import State
from appliance.site import SiteSettings
from appliance.supervisor import Supervisor, Worker
from simulator.wire.pigpiod import Pigpiod, serving

HOME = Path(__file__).parents[2] / "simulator" / "sites" / "home.toml"
CLOCK = SystemClock()
ESTOP, START, STOP, RUN_LED, ERROR_LED = 17, 22, 23, 24, 25


class Front:
    """A daemon in a thread of its own, and hands that press things."""

    def __init__(self, daemon: Pigpiod, call: Callable[[Callable[[], Any]], Any]) -> None:
        self.daemon = daemon
        self.call = call

    @property
    def url(self) -> str:
        return f"pigpio://127.0.0.1:{self.daemon.port}"

    def drive(self, pin: int, level: int | None) -> None:
        self.call(lambda: self.daemon.set_input(pin, level))

    def silence(self, silent: bool) -> None:
        self.call(lambda: self.daemon.silence(silent))

    def levels(self) -> dict[int, int]:
        levels: dict[int, int] = self.call(self.daemon.levels)
        return levels

    def connections(self) -> int:
        count: int = self.call(self.daemon.connections)
        return count


@contextmanager
def front(port: int = 0) -> Iterator[Front]:
    """A healthy front: nothing pressed."""
    daemon = Pigpiod(port=port)
    with serving(daemon) as call:
        site = Front(daemon, call)
        site.drive(ESTOP, 0)
        yield site


def home(url: str) -> SiteSettings:
    """The pretend home with its pins and its I2C bus at another address."""
    document = tomllib.loads(HOME.read_text(encoding="utf-8"))
    document["buses"]["pins"]["pins"] = url
    document["buses"]["i2c1"]["path"] = f"{url}/1"
    document["sensors"]["box"]["poll_s"] = 0.05
    return SiteSettings.model_validate(document)


@contextmanager
def running(*workers: Worker) -> Iterator[Supervisor]:
    """Workers in their threads."""
    supervisor = Supervisor(workers, CLOCK)
    supervisor.ensure_running(State.INIT)
    try:
        yield supervisor
    finally:
        assert supervisor.stop() == ()


def until(true: Callable[[], object], timeout_s: float = 3.0) -> float:
    """Wait until something is true; returns how long it took."""
    started_s = CLOCK.now_s()
    while not true():
        passed_s = CLOCK.now_s() - started_s
        assert passed_s < timeout_s, "it did not happen in time"
        time.sleep(0.001)
    return CLOCK.now_s() - started_s
