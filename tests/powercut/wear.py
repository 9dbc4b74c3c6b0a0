"""What the store costs the disk: `python -m tests.powercut.wear [--hours H]`: bytes and syncs of an ordinary day.

The recorder in virtual time, a cycle a second: telemetry every 10 s, drained at once; what is known of the
battery every minute; a change of state and an error a quarter of an hour. The black box writes for itself.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from appliance.blackbox import BlackBox
from appliance.clock import VirtualClock
from appliance.cloud.error_events import error_event
from appliance.cloud.telemetry import spot
from appliance.config import load_site
from appliance.mailbox import Latest, Stream, Wake
from appliance.model import ActiveError, BatteryMemory, Limits, Moment, Severity, State
from appliance.recorder import Recorder
from appliance.store import FILE_NAME, Outbox, Store
from tests.powercut.disk import Op, read_log
from tests.powercut.shim import build, environment
from tests.powercut.writer import first_decision
from tests.stories import HOME, battery, seen

DAY_H = 24.0


def live(folder: Path, hours: float) -> None:
    """The recorder's rounds, one a virtual second."""
    clock = VirtualClock(datetime(2026, 6, 21, tzinfo=UTC))
    site_file = folder.with_suffix(".toml")
    site_file.write_text(HOME.read_text().replace("build/run/data", str(folder)))
    site = load_site(site_file)
    stream: Stream[Moment] = Stream(2_000)
    known: Latest[BatteryMemory] = Latest("battery_memory")
    recorder = Recorder(
        stream, Wake(), lambda: Store(folder / FILE_NAME, site.storage),
        BlackBox(folder.with_name("blackbox"), site.blackbox), site, clock, spot, error_event, known,
    )  # fmt: skip
    store = Store(folder / FILE_NAME, site.storage)
    outbox = Outbox(folder / FILE_NAME)
    recorder._notes.open(store, clock.utc())
    decision = first_decision(clock)
    for second in range(round(hours * 3_600)):
        clock.advance(1.0)
        quarter = second // 450
        one = ActiveError(301, "meter grid", Severity.ERROR, "Silent", "Look", (), clock.utc())
        errors = (
            decision.errors
            if (quarter % 2 == 1) == bool(decision.errors)
            else (one,) * (quarter % 2)
        )
        decision = msgspec.structs.replace(
            decision, now_s=clock.now_s(), utc=clock.utc(), errors=errors,
            state=State.IDLE if quarter % 2 else State.RUN,
            limits=Limits(binding="soc" if second % 7 else "bms"),
        )  # fmt: skip
        stream.put(Moment(seen(clock.now_s(), battery=battery(power_w=1_000.0)), decision))
        if second % 60 == 0:
            known.put(BatteryMemory(soc_delta_pct=second / 1e4), clock.now_s())
        recorder._round(store)
        if second % 10 == 5:
            batch = outbox.next_batch(27)
            outbox.delete_through(batch[-1].seq)
    store.close()


def costs(ops: list[Op]) -> tuple[Counter[str], Counter[str]]:
    """Bytes and syncs by file."""
    names: dict[int, str] = {}
    written, synced = Counter[str](), Counter[str]()
    for op in ops:
        if op.kind == "C":
            names[op.inode] = op.name
        elif op.kind == "W":
            written[names[op.inode]] += len(op.data)
        elif op.kind == "E":
            synced[names.get(op.inode, "the folder")] += 1
    return written, synced


def main() -> int:
    """The figures, for a day."""
    parser = argparse.ArgumentParser(prog="tests.powercut.wear", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--live", type=Path, help="be the recorder, in this folder")
    chosen = parser.parse_args()
    if chosen.live is not None:
        live(chosen.live, chosen.hours)
        return 0
    with tempfile.TemporaryDirectory(prefix="wear") as name:
        folder = Path(name) / "data"
        folder.mkdir()
        log = Path(name) / "log"
        command = ["-m", "tests.powercut.wear", "--hours", str(chosen.hours), "--live", str(folder)]
        subprocess.run(
            [sys.executable, *command], env=environment(build(Path(name)), folder, log), check=True
        )
        written, synced = costs(read_log(log))
    scale = DAY_H / chosen.hours
    for file in sorted({*written, *synced}):
        print(
            f"{file:22} {written[file] * scale / 1e6:8.1f} MB {synced[file] * scale:8.0f} syncs a day"
        )
    total, syncs = sum(written.values()) * scale, sum(synced.values()) * scale
    print(f"{'together':22} {total / 1e6:8.1f} MB {syncs:8.0f} syncs a day")
    return 0


if __name__ == "__main__":
    sys.exit(main())
