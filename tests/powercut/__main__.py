"""`python -m tests.powercut --times 100 [--seed N]`: exit 0 when no cut has taken more than the last second."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.powercut.box import PowerCutBox
from tests.powercut.cuts import Verdict, go_on, judge
from tests.powercut.shim import build

MORE = 4
"""Cuts at other instants of the same life, beside the one at its end."""


def main() -> int:
    """The campaign; one line a life."""
    parser = argparse.ArgumentParser(prog="tests.powercut", description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=4)
    chosen = parser.parse_args()
    if chosen.times < 1:
        parser.error("--times must be 1 or more: nothing tried proves nothing")
    random, began_s = Random(chosen.seed), time.monotonic()
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="powercut") as name:
        folder = Path(name)
        box = PowerCutBox(folder, build(folder), random)
        box.start_world()
        try:
            for number in range(1, chosen.times + 1):
                verdicts += _one(box, number, random)
        finally:
            box.stop()
    lost = [verdict for verdict in verdicts if verdict.lost]
    took_s = time.monotonic() - began_s
    print(
        f"{chosen.times} times everything killed, {len(verdicts)} power cuts judged: "
        f"{len(lost)} took more than the last second; {took_s:.0f} s, seed {chosen.seed}"
    )
    return 1 if lost else 0


def _one(box: PowerCutBox, number: int, random: Random) -> list[Verdict]:
    """One life of the box; it goes on from what the cut at its end has left."""
    life = box.live()
    begin_s = life.ops[0].at_s if life.ops else life.killed_at_s
    others = [random.uniform(begin_s, life.killed_at_s) for _ in range(MORE)]
    verdicts = judge(life, [*others, life.killed_at_s], random, box.told(), first_fate=number)
    for verdict in verdicts:
        for lost in verdict.lost:
            print(
                f"  {verdict.fate}, {life.killed_at_s - verdict.at_s:.2f} s before the end: {lost}"
            )
    lived_s = life.killed_at_s - begin_s
    print(
        f"{number:4}  lived {lived_s:5.1f} s, {len(life.ops):5} writes, {verdicts[-1].unsynced:7} bytes not synced, "
        f"slowest sync {life.slowest_sync_s:5.3f} s, {verdicts[-1].fate:8} {'LOST' if any(v.lost for v in verdicts) else 'ok'}",
        flush=True,
    )
    go_on(verdicts[-1], box.data)
    box.goes_on_from(verdicts[-1].mode, life.killed_at_s)
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
