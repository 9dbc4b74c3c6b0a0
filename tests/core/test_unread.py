"""A store that cannot be opened when the core starts: it rests, told and stopped, and overwrites nothing."""

import sqlite3
from pathlib import Path

import pytest
from typing_extensions import override

from appliance import latch, recall, wiring
from appliance.clock import VirtualClock
from appliance.config import load_site
from appliance.model import ActiveError, PowerCap, State
from appliance.recall import unknown_estop
from appliance.store import FILE_NAME, Durable, Store
from appliance.supervisor import Lease, Supervisor
from appliance.wiring import EXIT_CODES, Core
from tests.stories import HOME, NOON

FULL = sqlite3.OperationalError("database or disk is full")


class Passing(Lease):
    """Time passes while it is waited; after a minute it ends."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._moves = clock

    @override
    def wait(self, seconds: float) -> bool:
        self._moves.advance(seconds)
        return False

    @property
    @override
    def ended(self) -> bool:
        return self._moves.now_s() > 60.0


class Disk:
    """Where the core finds its store: full, or not."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.full, self.clock = folder, True, VirtualClock(NOON)
        text = HOME.read_text().replace("build/run/data", str(folder))
        (folder / "site.toml").write_text(text.replace("build/run/run", str(folder / "run")))
        (folder / "run").mkdir()
        self.site = load_site(folder / "site.toml")
        monkeypatch.setattr(wiring, "Store", self.store)
        monkeypatch.setattr(recall, "Store", self.store)
        monkeypatch.setattr(Supervisor, "ensure_running", lambda *_: None)

    def store(self, *settings: object) -> Store:
        if self.full:
            raise FULL
        return Store(*settings)  # type: ignore[arg-type]

    def core(self) -> Core:
        return Core(self.site, self.clock)

    def leave(self, *latched: ActiveError) -> Durable:
        durable = Durable(
            mode="passive", mode_by="ctl", goal=State.RUN, latched=latched, cap=PowerCap(1_000.0)
        )
        store = Store(self.folder / FILE_NAME)
        store.remember(durable)
        store.close()
        return durable


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("byte", "numbers"), [(b"0", []), (b"1", [401]), (b"", [401]), (None, [401])]
)
def test_it_rests_and_counts_as_stopped_unless_it_is_known_not_to_be(
    disk: Disk, byte: bytes | None, numbers: list[int]
) -> None:
    disk.leave()
    if byte is not None:
        (disk.folder / latch.FILE_NAME).write_bytes(byte)
    memory = disk.core()._cycle.memory
    assert memory.goal is State.IDLE
    assert [error.number for error in memory.errors] == numbers


def test_the_recorder_may_not_overwrite_what_nobody_has_read(disk: Disk) -> None:
    durable = disk.leave()
    core = disk.core()
    disk.full = False
    with pytest.raises(OSError, match="not read yet"):
        core._open_store()
    store = Store(disk.folder / FILE_NAME)
    assert store.recall() == durable
    store.close()


def test_it_starts_anew_and_goes_on_once_there_is_room(disk: Disk) -> None:
    disk.leave(unknown_estop(disk.clock))
    latch.write(disk.folder, latched=True)
    core = disk.core()
    assert core._care(Passing(disk.clock)) == 0, "still full after a minute"
    disk.clock = VirtualClock(NOON)
    core = disk.core()
    disk.full = False
    assert core._care(Passing(disk.clock)) == EXIT_CODES[State.RESTART]
    assert disk.clock.now_s() <= 11.0
    memory = disk.core()._cycle.memory
    assert (memory.mode, memory.goal, memory.cap) == ("passive", State.RUN, PowerCap(1_000.0))
    assert [error.number for error in memory.errors] == [401]


def test_a_store_that_opens_is_read_and_the_core_goes_on(disk: Disk) -> None:
    disk.full = False
    disk.leave()
    latch.write(disk.folder, latched=False)
    core = disk.core()
    assert core._care(Passing(disk.clock)) == 0
    core._open_store().close()
    assert core._cycle.memory.goal is State.RUN
