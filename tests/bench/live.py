"""Rows of the whole box, live on wires, with screen and cloud running."""

import bisect
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from appliance.bus import CoreClient
from appliance.model import Status
from simulator.wire.control import SetpointWritten
from tests.bench.rows import Row, median, percentile
from tests.live.box import LiveBox

LOAD_STEP_W = 100.0
SETTLE_S = 5.0
NEAR_W = 100.0
MIB = 2**20


def start_row(box: LiveBox, started_s: float) -> Row:
    """`appliance run` to the first power setpoint on the wire."""
    while not box.world.setpoints():
        time.sleep(0.01)
    passed_s = box.world.setpoints()[0].at_s - started_s
    return Row("P10", "appliance run to first setpoint", passed_s, "s", "≤ 1.5 s", passed_s <= 1.5)


def first_frame_row(box: LiveBox, folder: Path) -> Row:
    """The screen's process, from its start to its first picture."""
    times = []
    for number in range(3):
        picture = folder / f"frame{number}.png"
        site = folder / f"frame{number}.toml"
        text = box.site.read_text().replace(f"{box.folder}/run", f"{folder}/r{number}")
        site.write_text(text)
        started = time.perf_counter()
        command = [sys.executable, "-m", "appliance", "gui", "--site", str(site)]
        process = subprocess.Popen([*command, "--picture", str(picture)], stderr=subprocess.DEVNULL)
        while not picture.exists() and process.poll() is None:
            time.sleep(0.005)
        times.append(time.perf_counter() - started)
        process.kill()  # Its end is not what is measured.
        process.wait(5.0)
    value = median(times)
    return Row(
        "P10b",
        "screen's process to first frame, picture written",
        value,
        "s",
        "≤ 0.5 s",
        value <= 0.5,
    )


def busy_thread_lateness_ms(seconds: float = 8.0) -> list[float]:
    """The peer: the same 100 ms loop as a thread beside four busy threads of one interpreter."""
    ended = threading.Event()
    text = json.dumps({str(number): [number] * 20 for number in range(200)})

    def spin() -> None:
        while not ended.is_set():
            json.loads(text)

    threads = [threading.Thread(target=spin, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    late: list[float] = []
    next_s = time.monotonic()
    until_s = next_s + seconds
    while next_s < until_s:
        next_s += 0.02
        time.sleep(max(0.0, next_s - time.monotonic()))
        late.append(1e3 * (time.monotonic() - next_s))
        next_s = max(next_s, time.monotonic() - 0.02)
    ended.set()
    for thread in threads:
        thread.join()
    return late


def lateness_rows(box: LiveBox, seconds: float) -> Iterator[Row]:
    """The control loop's ticks over the last minute, as the core itself measures them."""
    time.sleep(seconds)
    late = box.status()["lateness"]
    peer = percentile(busy_thread_lateness_ms(), 0.99)
    p99 = late["p99_ms"]
    yield Row("P1a", "control tick lateness, p50", late["p50_ms"], "ms", "", None)
    yield Row(
        "P1", "control tick lateness, p99, screen and cloud running", p99, "ms", "≤ 0.5 ms, ≥ 100×",
        p99 <= 0.5 and peer / p99 >= 100, peer / p99, "a thread among four busy ones, p99",
    )  # fmt: skip
    yield Row("P1c", "control tick lateness, worst", late["max_ms"], "ms", "", None)


def changed(writes: Sequence[SetpointWritten]) -> list[float]:
    """When a setpoint other than the one before arrived."""
    pairs = itertools.pairwise(writes)
    return [later.at_s for earlier, later in pairs if later.power_w != earlier.power_w]


def wire_rows(box: LiveBox, seconds: float) -> Iterator[Row]:
    """Meter answer leaves the meter → changed setpoint arrives at the inverter, while the load moves."""
    since_s, until_s = time.monotonic(), time.monotonic() + seconds
    high = False
    while time.monotonic() < until_s:
        high = not high
        box.world.set("load_w", 2_500.0 if high else 500.0)
        time.sleep(0.7)
    answers = box.world.reads("meter.grid", since_s)
    writes = changed(box.world.setpoints(since_s))
    times = []
    for answer_s, next_s in itertools.pairwise(answers):
        place = bisect.bisect(writes, answer_s)
        if place < len(writes) and writes[place] < next_s:
            times.append(1e3 * (writes[place] - answer_s))
    p50, p999 = percentile(times, 0.5), percentile(times, 0.999)
    what = f"meter answer → setpoint on the wire, {len(times)} times"
    yield Row("P3", f"{what}, p50", p50, "ms", "≤ 5 ms", p50 <= 5.0)
    yield Row("P3b", f"{what}, p99.9", p999, "ms", "≤ 20 ms", p999 <= 20.0)


def memory_rows(box: LiveBox) -> Iterator[Row]:
    sizes = {}
    for name in ("core", "cloud", "gui"):
        pid = int((box.run_folder / f"{name}.lock").read_text())
        process = psutil.Process(pid)
        sizes[name] = process.memory_full_info().pss / MIB
        parent = process.parent()
        if name == "core" and parent is not None:
            sizes[name] += parent.memory_full_info().pss / MIB  # the one that would fork it again
        yield Row(f"P9.{name}", f"memory of {name}, PSS", sizes[name], "MiB", "", None)
    both = sizes["core"] + sizes["cloud"]
    yield Row("P9", "memory of core and cloud, PSS", both, "MiB", "≤ 120 MiB", both <= 120.0)
    every = both + sizes["gui"]
    yield Row("P9b", "memory with screen, PSS", every, "MiB", "≤ 200 MiB", every <= 200.0)


def near_zero_row(box: LiveBox, minutes: float, name: str) -> Row:
    """Share of time with |grid| < 100 W where no limit binds, 5 s after each load step left out."""
    client = CoreClient(box.run_folder, "ctl")
    until_s = time.monotonic() + 60.0 * minutes
    counted = near = steps = 0
    last_load_w, free_from_s = None, time.monotonic() + SETTLE_S
    try:
        while (now_s := time.monotonic()) < until_s:
            status: Status | None = client.status(2.0)
            if status is None:
                continue
            site_w = None if status.load_w is None else status.load_w - _pv_w(status)
            if site_w is None or (
                last_load_w is not None and abs(site_w - last_load_w) > LOAD_STEP_W
            ):
                steps += 1
                free_from_s = now_s + SETTLE_S
            last_load_w = site_w
            grid = status.snapshot.grid
            free = status.decision.state == "run" and status.decision.limits.binding is None
            if free and now_s >= free_from_s and grid is not None and grid.power_w is not None:
                counted += 1
                near += abs(grid.power_w) < NEAR_W
    finally:
        client.close()
    share = 100.0 * near / max(1, counted)
    what = f"|grid| < 100 W, {name}, {counted} samples at 10 Hz, {steps} samples with a step"
    return Row(f"S1.{name}", what, share, "% of time", "≥ 95 %", share >= 95.0)


def _pv_w(status: Status) -> float:
    pv = status.snapshot.pv
    return pv.power_w if pv is not None and pv.power_w is not None else 0.0
