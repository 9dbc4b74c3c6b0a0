"""`make bench`: the table on stdout, and build/bench.json."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import alone, can, devices, estop, live
from tests.bench.rows import Row, table, write
from tests.live.box import LiveBox

SHARED = Path(__file__).parents[3] / "shared" / "data" / "home_load_pv_30min_2024.csv"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--presses", type=int, default=20, help="of the emergency stop")
    parser.add_argument("--minutes", type=float, default=3.0, help="of each self-consumption run")
    parser.add_argument("--seconds", type=float, default=45.0, help="of each timing run")
    parser.add_argument("--out", type=Path, default=Path("build/bench.json"))
    chosen = parser.parse_args()
    rows: list[Row] = [*alone.cycle_rows(), *alone.day_rows(), alone.enqueue_row()]
    rows += [*can.decode_rows(), *can.load_rows()]
    rows.append(devices.poll_row())
    rows += live_rows(chosen)
    rows += devices.load_rows()
    rows.append(alone.screen_row())
    sys.stdout.write(table(rows) + "\n")
    write(rows, chosen.out)
    sys.stdout.write(f"{chosen.out}\n")
    return 0


def live_rows(chosen: argparse.Namespace) -> list[Row]:
    """Start the box, measure, end it; then once more for each other scene."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        box = LiveBox(Path(folder), at="16:55")
        try:
            box.start_world()
            started_s = time.monotonic()
            box.start_box()
            rows.append(live.start_row(box, started_s))
            box.wait_running()
            rows.append(live.near_zero_row(box, chosen.minutes, "sunny 17:00"))
            rows += live.lateness_rows(box, chosen.seconds)
            rows += live.wire_rows(box, chosen.seconds)
            rows += live.memory_rows(box)
            rows += estop.estop_rows(box, chosen.presses)
            rows.append(live.first_frame_row(box, Path(folder)))
        finally:
            box.stop()
    if SHARED.exists():
        with tempfile.TemporaryDirectory() as folder:
            box = LiveBox(Path(folder), at="08:28", profile=SHARED)
            try:
                box.start()
                box.wait_running()
                rows.append(live.near_zero_row(box, chosen.minutes, "measured home"))
            finally:
                box.stop()
    return rows


if __name__ == "__main__":
    sys.exit(main())
