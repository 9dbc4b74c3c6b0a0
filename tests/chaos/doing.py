"""Faults in the doing: how each is made, and how it is taken away."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import zmq

from appliance.bus import CoreClient, endpoint
from appliance.model import GoToMode, GoToState, SetPower, State
from simulator.wire import plugs
from tests.chaos import rows
from tests.chaos.rows import Fault
from tests.chaos.steer import ChaosBox
from tests.chaos.taps import PASS

PAUSE_S, HANG_S = 4.0, 12.0
STORM_S = 2.5


def _storm(run_folder: Path, ends_s: float) -> None:
    """Everybody wants something, all at once, most of it nonsense."""
    client, number = CoreClient(run_folder, "cloud"), 0
    wants = (SetPower(1e9, 10.0), SetPower(float("-inf"), 1e9), SetPower(-4e3, 60.0), GoToState(State.STARTING),
             GoToMode("nothing"), GoToMode("self_consumption"), GoToState(State.ERROR))  # fmt: skip
    try:
        while time.monotonic() < ends_s:
            client.send(wants[number % len(wants)])
            number += 1
            if number % 50 == 0:
                client.answers()
                time.sleep(0.01)
    finally:
        client.close()


def _noise(run_folder: Path, ends_s: float) -> None:
    """Bytes that are no request."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as desk:
        desk.setsockopt(zmq.LINGER, 0)
        desk.setsockopt(zmq.SNDTIMEO, 100)
        desk.connect(endpoint(run_folder, "requests"))
        number = 0
        while time.monotonic() < ends_s:
            number += 1
            try:
                desk.send(bytes((number * 37 + i * 11) & 0xFF for i in range(number % 200)))
            except zmq.Again:
                time.sleep(0.05)
            if number % 50 == 0:
                time.sleep(0.01)


@dataclass
class Doing:
    """How one fault is made, and how it is taken away."""

    box: ChaosBox
    fault: Fault

    @property
    def lasts(self) -> bool:
        """It goes on until it is taken away."""
        return self.fault.kind != rows.ENDS

    def make(self) -> None:
        """Now."""
        box, fault = self.box, self.fault
        if fault.fault in rows.WIRE:
            box.taps[fault.device].mode = rows.WIRE[fault.fault]
        elif fault.device == "estop":
            box.world.estop(True)
        elif fault.fault in PROCESS:
            PROCESS[fault.fault](box, fault.device)
        else:
            box.world.plug(fault.device, fault.fault)

    def unmake(self) -> None:
        """It is over; some are over by themselves."""
        box, fault = self.box, self.fault
        if fault.fault in rows.WIRE:
            box.taps[fault.device].mode = PASS
        elif fault.device == "estop":
            box.world.estop(False)
        elif fault.fault in PROCESS:
            box.signal("core", signal.SIGCONT)
            box.clock_file.unlink(missing_ok=True)
        else:
            box.world.plug(fault.device, plugs.IN)


def _beside(what: Callable[[Path, float], None]) -> Callable[[ChaosBox, str], None]:
    def make(box: ChaosBox, _device: str) -> None:
        arguments = box.run_folder, time.monotonic() + STORM_S
        threading.Thread(target=what, args=arguments, daemon=True).start()

    return make


def _jump(seconds: float) -> Callable[[ChaosBox, str], None]:
    def make(box: ChaosBox, _device: str) -> None:
        box.clock_file.write_text(str(seconds))

    return make


PROCESS: dict[str, Callable[[ChaosBox, str], None]] = {
    rows.KILLED: lambda box, device: box.signal(device, signal.SIGKILL),
    rows.PAUSED: lambda box, device: box.signal(device, signal.SIGSTOP),
    rows.HANGS: lambda box, device: box.signal(device, signal.SIGSTOP),
    rows.STORM: _beside(_storm),
    rows.NOISE: _beside(_noise),
    rows.AHEAD: _jump(3_600.0),
    rows.BACK: _jump(-3_600.0),
}
LASTS_S = {rows.PAUSED: PAUSE_S, rows.HANGS: HANG_S, plugs.REBOOT: 3.5}
"""A stopped core goes on after so long; one that hangs was killed, and a device has restarted by then."""
