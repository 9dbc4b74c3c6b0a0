"""The long walk of the model test: `python -m tests.soak --steps 1000000 --seed 1`."""

import argparse
import sys
import time

from appliance.errors import ERRORS
from appliance.limits import LIMITS
from appliance.model import State
from tests.model.asking import WANTS
from tests.model.observer import PAIRS, BrokenPromiseError
from tests.model.walk import Seen, walk


def _names(found: object) -> str:
    return ", ".join(str(one) for one in found) or "none" if isinstance(found, list) else ""


def report(been: Seen, took_s: float) -> str:
    """Where the walk has been, and where not."""
    steps = max(1, been.steps)
    lines = [
        f"{been.steps} steps in {took_s:.0f} s: {been.steps / took_s:.0f} steps/s",
        f"power flowed in {100.0 * been.with_power / steps:.0f} % of them",
        f"states: {len(been.states)} of {len(State)}: "
        + ", ".join(f"{name} {100.0 * n / steps:.1f} %" for name, n in been.states.most_common()),
        f"transitions: {len(been.transitions)} of {len(PAIRS)}; not made: "
        + _names(sorted("→".join(pair) for pair in PAIRS - set(been.transitions))),
    ]
    unseen = [row.number for row in ERRORS if row.number not in been.errors]
    lines.append(
        f"errors: {len(been.errors)} of {len(ERRORS)} raised; not raised: {_names(unseen)}"
    )
    bound = [row.name for row in LIMITS if row.name not in been.bindings]
    lines.append(f"limits: {len(been.bindings)} of {len(LIMITS)} bit; not: {_names(bound)}")
    for want in WANTS:
        name = want.__name__
        lines.append(f"  {name}: granted {been.granted[name]}, refused {been.refused[name]}")
    return "\n".join(lines)


def main() -> int:
    """1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.steps < 1:
        parser.error("--steps must be 1 or more: nothing tried proves nothing")
    been, began_s, failed = Seen(), time.perf_counter(), ""
    try:
        walk(arguments.steps, arguments.seed, been)
    except BrokenPromiseError as broken:
        failed = str(broken)
    print(report(been, time.perf_counter() - began_s))
    print(f"BROKEN PROMISE: {failed}" if failed else "every promise was kept")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
