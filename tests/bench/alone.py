"""Rows that need no running box: the cycle, virtual days, the store, the screen."""

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from appliance.config import load_site
from appliance.model import BatteryReading, MeterReading, Moment
from appliance.simulate import simulate
from appliance.store import Store
from tests.bench.rows import Row, median, percentile
from tests.bench.year import GOAL_MINUTES
from tests.live.box import SUNNY
from tests.stories import HOME, NOON, Story, battery, rack, seen


def cycle_ms(racks: int, count: int = 3_000) -> list[float]:
    """One cycle: freeze (new structs), decide, encode for publishing; by number of racks."""
    story = Story().running()
    encoder = msgspec.msgpack.Encoder()
    readings = [rack(number) for number in range(1, racks + 1)]
    times = []
    for number in range(count):
        grid = MeterReading(power_w=float(number * 37 % 900 - 400))
        whole: BatteryReading = battery(*readings)
        started = time.perf_counter()
        snapshot = seen(200.0 + 0.1 * number, grid=grid, battery=whole)
        decision = story.cycle.step(snapshot)
        encoder.encode(Moment(snapshot, decision))
        times.append(1e3 * (time.perf_counter() - started))
    return times


def cycle_rows() -> Iterator[Row]:
    rounds = {racks: [cycle_ms(racks) for _ in range(3)] for racks in (1, 4, 64)}
    p99 = {racks: median([percentile(one, 0.99) for one in all_]) for racks, all_ in rounds.items()}
    yield Row("P2", "one cycle, 4 racks, p99", p99[4], "ms", "≤ 1 ms", p99[4] <= 1.0)
    yield Row(
        "P2b", "one cycle, 64 racks, p99", p99[64], "ms", "≤ 3 ms", p99[64] <= 3.0,
        p99[64] / p99[1], "1 rack",
    )  # fmt: skip


def day_rows() -> Iterator[Row]:
    site = load_site(HOME)
    with tempfile.TemporaryDirectory() as folder:
        walls = [simulate(site, SUNNY, None, 1.0, 1.0, 50.0, Path(folder)).wall_s for _ in range(3)]
    wall_s = median(walls)
    yield Row(
        "P6", "virtual day of 1 s steps, cycle and plant", wall_s, "s", "≤ 1 s (first: 3 s)",
        wall_s <= 1.0, 86_400 / wall_s, "real time",
    )  # fmt: skip
    minutes = 365.0 * wall_s / 60.0
    yield Row(
        "P6b", "year of 1 s steps on one core, of that day (really: python -m tests.bench.year)",
        minutes, "min", f"≤ {GOAL_MINUTES:.0f} min", minutes <= GOAL_MINUTES,
    )  # fmt: skip


def enqueue_row() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite")
        body = b"x" * 700
        times = []
        for number in range(5_000):
            started = time.perf_counter()
            store.enqueue("SC_Spot_10s", NOON + timedelta(seconds=number), body)
            times.append(1e6 * (time.perf_counter() - started))
        store.close()
    p50 = median(times)
    return Row("P7", "telemetry enqueue on disk, p50", p50, "µs", "≤ 25 µs", p50 <= 25.0)


def screen_row() -> Row:
    # Qt is loaded here only: the other rows must not pay for it.
    from appliance.gui.scenes import SCENES
    from appliance.gui.screen import prepare
    from appliance.gui.screens import StillClient, stage

    prepare(offscreen=True)
    scenes = {scene.name: scene for scene in SCENES}
    screen = stage(scenes["charging"], "home")
    both = [scenes["charging"], scenes["discharging"]]
    times = []
    for number in range(600):
        screen.client = StillClient(both[number % 2])
        started = time.perf_counter()
        screen.tick()
        times.append(1e3 * (time.perf_counter() - started))
    screen.close()
    p99 = percentile(times, 0.99)
    return Row("P11", "screen: all bindings change, p99", p99, "ms", "≤ 5 ms", p99 <= 5.0)
