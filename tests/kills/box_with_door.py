"""python -m tests.kills.box_with_door run --site FILE: `appliance run` whose core has a door for tests."""

import sys
from dataclasses import replace

import appliance.processes
import appliance.run
from appliance.__main__ import main


def with_door(
    rows: tuple[appliance.processes.Process, ...],
) -> tuple[appliance.processes.Process, ...]:
    """The table of processes, the core started through the door's module."""
    return tuple(
        replace(row, module="tests.kills.core_with_door") if row.name == "core" else row
        for row in rows
    )


if __name__ == "__main__":
    vars(appliance.run)["PROCESSES"] = with_door(appliance.processes.PROCESSES)
    sys.exit(main())
