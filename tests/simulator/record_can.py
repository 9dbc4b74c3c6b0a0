"""`python -m tests.simulator.record_can`: candump logs of the pretend batteries, into tests/recordings/can.

Each tells the same story: standby, asked to close at 0.5 s, discharging from 2 s, charging from 4.5 s, a
contactor fault in the last rack from 7 s to 8 s. Time starts at 2026-01-01. The same every time.
"""

from pathlib import Path

from simulator.wire import plugs
from simulator.wire.batteries import BATTERIES
from tests.simulator.can_bench import Ticking

FOLDER = Path(__file__).parents[1] / "recordings" / "can"
START_S = 1_767_225_600
RACKS = {"pylontech_lv": 1, "sma_35x": 1, "foxbms2": 1}
"""2 where it is not said."""


def record(family: str) -> list[str]:
    """The story's lines, as `candump -L` writes them."""
    low_voltage = BATTERIES[family].modules == 1
    power_w = 2_000.0 if low_voltage else 10_000.0
    battery = Ticking(family, RACKS.get(family, 2), 10_600.0 if low_voltage else 60_000.0)
    battery.close = False
    battery.run(0.5)
    battery.close = True
    battery.run(1.5)
    battery.run(2.5, power_w)
    battery.run(2.5, -power_w)
    battery.put(plugs.RACK_FAULT)
    battery.run(1.0)
    lines, before_s, number = [], 0.0, 0
    for at_s, frame in battery.log:
        number = number + 1 if at_s == before_s else 0
        before_s = at_s
        can_id = f"{frame.can_id:{'08X' if frame.extended else '03X'}}"
        at = f"{START_S + at_s + 2e-4 * number:.6f}"
        lines.append(f"({at}) can0 {can_id}#{frame.data.hex().upper()}")
    return lines


def main() -> None:
    """Write one log for each family."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family in BATTERIES:
        (FOLDER / f"{family}.log").write_text("\n".join(record(family)) + "\n")


if __name__ == "__main__":
    main()
