"""`make kills`: python -m tests.kills --times 200 --seed N --boxes 2 --write docs/walls.md."""

import argparse
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

from tests.kills.campaign import one_box
from tests.kills.report import put, table


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--boxes", type=int, default=1, help="that many beside each other")
    parser.add_argument("--minutes", type=float, default=60.0, help="no new event after these")
    parser.add_argument("--write", type=Path, help="a page with marks for the table")
    chosen = parser.parse_args()
    times = -(-chosen.times // chosen.boxes)
    share = partial(one_box, times=times, seed=chosen.seed, minutes=chosen.minutes)
    with multiprocessing.get_context("spawn").Pool(chosen.boxes) as boxes:
        outcomes = [one for several in boxes.map(share, range(chosen.boxes)) for one in several]
    text = table(outcomes, chosen.seed)
    text += f" The computer has {os.cpu_count()} cores; load average of the last 15 minutes {os.getloadavg()[2]:.0f}."
    sys.stdout.write(text + "\n")
    if chosen.write is not None:
        put(text, chosen.write)
    return 1 if any(one.mistakes() for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
