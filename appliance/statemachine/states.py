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
    update: bool = False
    """New software may be put in place."""
    sleep: bool = False
    """The BMS may be asleep."""
    climate: bool = True
    """Heaters may heat. Fans follow their rule always: what is hot wins."""
    reset_faults: bool = False
    """Devices may acknowledge their own faults."""
    ends_process: bool = False
    """The core ends here and is started again from outside."""
    too_long: tuple[int, ...] = ()
    """The errors, one of which is raised when it waits too long here."""


# fmt: off
STATES: Final = {
    State.INIT:        Allows("Starting up", "waiting for battery, inverter and e-stop to answer",
                              too_long=(101, 201, 402)),
    State.WAKING:      Allows("Waking the battery", "waiting for the battery to answer after its sleep",
                              too_long=(106,)),
    State.PRECHARGE:   Allows("Connecting", "waiting for the battery's contactors to close",
                              contactors=True, reset_faults=True, too_long=(105,)),
    State.STARTING:    Allows("Starting", "waiting for the inverter to run",
                              contactors=True, inverter=True, reset_faults=True, too_long=(204, 322)),
    State.RUN:         Allows("Running", "following its mode", contactors=True, inverter=True, power=True),
    State.ISLAND:      Allows("Island", "the house lives on the battery", contactors=True, inverter=True, reset_faults=True,
                              too_long=(220, 221, 224, 227)),
    State.STOPPING:    Allows("Stopping", "waiting for the current to fall and the contactors to open",
                              too_long=(104, 109, 208)),
    State.SLEEP:       Allows("Sleeping", "the battery is empty and waits for energy to store",
                              update=True, sleep=True),
    State.IDLE:        Allows("Resting", "as it was asked to", update=True, sleep=True),
    State.MAINTENANCE: Allows("Maintenance", "no power while people work on it", update=True, climate=False),
    State.ERROR:       Allows("Fault", "no power until its errors are gone", update=True, reset_faults=True),
    State.RESTART:     Allows("Restarting", "the control program starts again",
                              climate=False, ends_process=True, too_long=(613,)),
    State.REBOOT:      Allows("Rebooting", "the computer starts again",
                              climate=False, ends_process=True, too_long=(613,)),
}
# fmt: on

GOALS: Final = (State.RUN, State.IDLE, State.MAINTENANCE, State.RESTART, State.REBOOT)
"""States somebody may ask for."""
