"""The emergency stop, from its wire's edge to 0 W at the inverter and to open contactors, with and without load."""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from appliance.bus import CoreClient
from appliance.model import GoToState, ResetEstop, State
from tests.bench.rows import Row, percentile, table
from tests.live.box import LiveBox

LOAD_W = 2_000.0
FLOWS_W = 500.0
LONGEST_S = 1_800.0
SPIN = "import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: sum(range(1000))"


class Press(NamedTuple):
    """After the edge, in ms: 0 W arrived at the inverter; contactors are open."""

    zero_ms: float
    open_ms: float


@contextlib.contextmanager
def busy(seconds: float = LONGEST_S) -> Iterator[None]:
    """Every core of the computer busy, by processes that end by themselves."""
    command = [sys.executable, "-c", SPIN.format(seconds=seconds)]
    spinning = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait(5.0)


def press(box: LiveBox, client: CoreClient) -> Press:
    """Once, from running under load to running again."""
    client.ask(GoToState(State.RUN))
    box.wait(lambda s: s["state"] == "run" and abs(s["setpoint_w"]) > FLOWS_W, 60)
    pressed_s = box.world.estop(pressed=True)
    opened_s = pressed_s + 5.0
    while (now_s := time.monotonic()) < opened_s:
        if not cast("bool", box.world.show()["contactors_closed"]):
            opened_s = now_s
        time.sleep(0.002)
    zeros = [one for one in box.world.setpoints(pressed_s) if one.power_w == 0.0]
    assert zeros, "no zero on the wire"
    box.world.estop(pressed=False)
    time.sleep(0.3)
    answer = client.ask(ResetEstop())
    assert answer.ok, answer.reason
    client.ask(GoToState(State.RUN))  # a reset alone starts nothing
    return Press(1e3 * (zeros[0].at_s - pressed_s), 1e3 * (opened_s - pressed_s))


def as_hardware(box: LiveBox) -> None:
    """The pretend site stands for devices, which this computer's load does not slow down."""
    with contextlib.suppress(OSError):
        priority = os.sched_param(30)
        os.sched_setscheduler(box.started["site"].pid, os.SCHED_FIFO, priority)


def presses(box: LiveBox, times: int) -> list[Press]:
    """Several, each from running under load."""
    as_hardware(box)
    box.world.set("load_w", LOAD_W)
    box.world.set("pv_w", 0.0)
    client = CoreClient(box.run_folder, "ctl")
    try:
        return [press(box, client) for _ in range(times)]
    finally:
        client.close()


def rows(pressed: list[Press], letter: str, when: str) -> Iterator[Row]:
    """Three for the zero, two for the contactors."""
    zero, opened = [one.zero_ms for one in pressed], [one.open_ms for one in pressed]
    what = f"e-stop edge → 0 W on the wire, {len(pressed)} presses, {when}"
    p99, worst = percentile(zero, 0.99), max(opened)
    yield Row(f"{letter}1", f"{what}, p50", percentile(zero, 0.5), "ms", "", None)
    yield Row(f"{letter}1b", f"{what}, p95", percentile(zero, 0.95), "ms", "", None)
    yield Row(f"{letter}2", f"{what}, p99", p99, "ms", "< 50 ms", p99 < 50.0)
    yield Row(f"{letter}3", f"{what}, worst", max(zero), "ms", "", None)
    what = f"e-stop edge → contactors open, {when}"
    yield Row(f"{letter}4", f"{what}, p50", percentile(opened, 0.5), "ms", "", None)
    yield Row(f"{letter}5", f"{what}, worst", worst, "ms", "< 1 s", worst < 1_000.0)


def estop_rows(box: LiveBox, times: int) -> Iterator[Row]:
    """As the computer is, and with every core busy."""
    yield from rows(presses(box, times), "E", "as it is")
    with busy():
        yield from rows(presses(box, times), "EL", "every core busy")


def main() -> int:
    """python -m tests.bench.estop --presses 100: these rows alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--only", choices=("idle", "busy"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        box = LiveBox(Path(folder))
        try:
            box.start()
            box.wait_running(60)
            if chosen.only == "idle":
                found = list(rows(presses(box, chosen.presses), "E", "as it is"))
            elif chosen.only == "busy":
                with busy():
                    found = list(rows(presses(box, chosen.presses), "EL", "every core busy"))
            else:
                found = list(estop_rows(box, chosen.presses))
            found_words = table(found)
            sys.stdout.write(f"{found_words}\n{box.status()['scheduling']}\n")
        finally:
            box.stop()
    return 0 if all(row.met is not False for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
