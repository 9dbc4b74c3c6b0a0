"""The observer's eyes on the plant: the truth, forty times a second, from the pretend site's own socket."""

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from simulator.wire.control import SiteControl, SiteControlError

PERIOD_S = 0.025
CLOSED_STATES = frozenset({"normal", "open_contactors"})
"""Of a rack: its contactors are, or may still be, closed."""


@dataclass(frozen=True)
class Sample:
    """The plant at one instant. Power and current: discharge +; grid import +."""

    at_s: float
    battery_w: float
    grid_w: float
    dc_w: float
    soc_pct: float
    closed: tuple[bool, ...]
    """Contactors, by rack."""
    amps: tuple[float, ...]
    """Current, by rack."""
    bms_state: str
    inverter_state: str
    max_charge_w: float
    max_discharge_w: float
    """What the BMS allows now, at the DC terminals."""
    voltage_v: float
    cell_min_v: float
    cell_max_v: float

    @property
    def connected(self) -> bool:
        """Any rack is."""
        return any(self.closed)


def sample(shown: dict[str, object], at_s: float) -> Sample:
    """One look, as the pretend site shows itself."""
    show = cast("dict[str, Any]", shown)
    connected = bool(show["contactors_closed"])
    racks = show["racks"]
    closed = tuple(connected and rack["state"] in CLOSED_STATES for rack in racks)
    numbers = {
        name: float(show[name])
        for name in ("battery_w", "grid_w", "dc_w", "soc_pct", "max_charge_w", "max_discharge_w",
                     "voltage_v", "cell_min_v", "cell_max_v")
    }  # fmt: skip
    return Sample(
        at_s=at_s, closed=closed, amps=tuple(float(rack["current_a"]) for rack in racks),
        bms_state=str(show["bms_state"]), inverter_state=str(show["inverter_state"]), **numbers,
    )  # fmt: skip


class Watch:
    """Looks at the plant until it is stopped."""

    def __init__(self, folder: Path) -> None:
        self.samples: list[Sample] = []
        self._folder = folder
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        with SiteControl(self._folder) as site:
            due_s = time.monotonic()
            while not self._ended.is_set():
                with contextlib.suppress(SiteControlError):
                    shown = site.show()
                    self.samples.append(sample(shown, time.monotonic()))
                due_s = max(due_s + PERIOD_S, time.monotonic())
                self._ended.wait(due_s - time.monotonic())

    @property
    def newest(self) -> Sample:
        """The last look; waits for the first. Raises TimeoutError."""
        deadline_s = time.monotonic() + 5.0
        while not self.samples:
            if time.monotonic() > deadline_s:
                msg = "the pretend site does not show itself"
                raise TimeoutError(msg)
            time.sleep(0.01)
        return self.samples[-1]

    def forget(self, before_s: float) -> None:
        """Leave out what is older."""
        self.samples = [one for one in self.samples if one.at_s >= before_s]

    def stop(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join(5.0)
