"""The command line: python -m bootstrapper --boot-folder DIR --data-folder DIR --run-folder DIR."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from bootstrapper import steps
from bootstrapper.box import Box
from bootstrapper.serial_number import SOURCES


def main(argv: Sequence[str] | None = None) -> int:
    """Run the steps. 0 done, 1 a later run may do more, 2 wrong input."""
    parser = argparse.ArgumentParser("bootstrapper", description="Identity, time, connection.")
    parser.add_argument("--boot-folder", type=Path, required=True, help="holds provision.json")
    parser.add_argument("--data-folder", type=Path, required=True, help="survives a reboot")
    parser.add_argument("--run-folder", type=Path, required=True, help="emptied at boot")
    parser.add_argument("--cpuinfo", type=Path, help="instead of this computer's serial number")
    parser.add_argument("--time-wait-s", type=float, default=10.0, help="longest wait for the time")
    wanted = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    box = Box(
        boot=wanted.boot_folder,
        data=wanted.data_folder,
        run=wanted.run_folder,
        serial_sources=(wanted.cpuinfo,) if wanted.cpuinfo else SOURCES,
        time_wait_s=wanted.time_wait_s,
    )
    return steps.run(box)


if __name__ == "__main__":
    sys.exit(main())
