"""What does each state allow? Everything not allowed here is off."""

from dataclasses import dataclass
from typing import Final

from appliance.model import State


@dataclass(frozen=True, slots=True)
class Allows:
    """One row of STATES."""

    title: str
    says: str
    """What the box does meanwhile, for the `why` of a cycle that changes nothing."""
    contactors: bool = False
    inverter: bool = False
    power: bool = False
    reset_faults: bool = False
    """Devices may acknowledge their own faults."""
    ends_process: bool = False
    """The core ends here and is started again from outside."""


# fmt: off
STATES: Final = {
    State.INIT:        Allows("Starting up", "waiting for battery, inverter and e-stop to answer"),
    State.STARTING:    Allows("Connecting", "waiting for the battery to connect and the inverter to run",
                              contactors=True, inverter=True, reset_faults=True),
    State.RUN:         Allows("Running", "following its mode", contactors=True, inverter=True, power=True),
    State.STOPPING:    Allows("Stopping", "waiting for the current to fall and the contactors to open"),
    State.SLEEP:       Allows("Sleeping", "the battery is empty and waits for energy to store"),
    State.IDLE:        Allows("Resting", "as it was asked to"),
    State.MAINTENANCE: Allows("Maintenance", "no power while people work on it"),
    State.ERROR:       Allows("Fault", "no power until its errors are gone", reset_faults=True),
    State.RESTART:     Allows("Restarting", "the control program starts again", ends_process=True),
    State.REBOOT:      Allows("Rebooting", "the computer starts again", ends_process=True),
}
# fmt: on

GOALS: Final = (State.RUN, State.IDLE, State.MAINTENANCE, State.RESTART, State.REBOOT)
"""States somebody may ask for."""
